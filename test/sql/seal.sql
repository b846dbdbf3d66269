-- Sealing: which entries get into which block, and what a block is.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
DELETE FROM shopanalytics.event;
DELETE FROM shopanalytics.audit_row;
DELETE FROM shopanalytics.audit_stmt;
DELETE FROM shopanalytics.seal_block;
ALTER SEQUENCE shopanalytics.entry_id_seq RESTART;

-- Rows of the audit by their numbers, with leaves of no meaning.
CREATE FUNCTION pg_temp.leaf(id bigint) RETURNS bytea LANGUAGE sql IMMUTABLE RETURN sha256(convert_to(id::text, 'UTF8'));
CREATE FUNCTION pg_temp.write_rows(at timestamptz, VARIADIC ids bigint[]) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO shopanalytics.audit_row (id, at, stmt, audited, op, nonpii_hash, leaf) SELECT id, at, 1, 1, 'I', '', pg_temp.leaf(id) FROM unnest(ids) id;
END;
CREATE VIEW pg_temp.block AS
SELECT no, month::date, entries, members, highest,
       root = (SELECT shopanalytics._merkle_root_of_hashes(e.leaf ORDER BY e.id)
                 FROM (SELECT id, leaf FROM shopanalytics.event UNION ALL SELECT id, leaf FROM shopanalytics.audit_row) e
                WHERE members @> e.id AND (month IS NULL) = (e.id IN (SELECT id FROM shopanalytics.event))) AS root_is_right,
       prev = coalesce(lag(hash) OVER (ORDER BY no), decode(repeat('00', 32), 'hex')) AS is_chained,
       hash = sha256(prev || root || convert_to(format('["block 1", %s, %s, %s, "%s", %s, %s, %s]', no,
              coalesce((extract(epoch FROM month) * 1000000)::bigint::text, 'null'), entries, members, highest,
              (extract(epoch FROM sealed_at) * 1000000)::bigint, next_xid), 'UTF8')) AS hash_is_right
  FROM shopanalytics.seal_block;

-- Nothing to seal, nothing to anchor.
SELECT shopanalytics.seal();
SELECT shopanalytics.anchor();

-- Blocks of events, and of the rows of each month, in order of their numbers.
SELECT pg_temp.write_rows('2025-01-31 23:59:59.999999+00', 1, 2, 3, 7), pg_temp.write_rows('2025-02-01 00:00+00', 5, 6);
SELECT setval('shopanalytics.entry_id_seq', 7);
SELECT shopanalytics._write_event('seal_shop', 'tried', '{}') FROM generate_series(1, 3);
SELECT shopanalytics.seal();
SELECT shopanalytics.seal() AS again;
SELECT * FROM pg_temp.block ORDER BY no;

-- An entry that comes late, with a lower number, gets into a later block; a number that
-- stays away keeps nobody waiting.
SELECT pg_temp.write_rows('2025-02-01 00:00+00', 4, 20);
SELECT shopanalytics.seal(), shopanalytics.seal() AS again;
SELECT pg_temp.write_rows('2025-02-01 00:00+00', 15), pg_temp.write_rows('2025-01-01 00:00+00', 16, 18);
SELECT shopanalytics.seal(), shopanalytics.seal() AS again;
SELECT * FROM pg_temp.block WHERE no > 3 ORDER BY no;

-- Blocks of at most so many.
SELECT setval('shopanalytics.entry_id_seq', 40);
SELECT pg_temp.write_rows('2025-02-01 00:00+00', VARIADIC array_agg(id)) FROM generate_series(21, 40) id WHERE id % 10 <> 0;
SELECT shopanalytics.seal(7);
SELECT * FROM pg_temp.block WHERE no > 6 ORDER BY no;
SELECT sum(entries) = (SELECT count(*) FROM shopanalytics.event) + (SELECT count(*) FROM shopanalytics.audit_row) AS all_are_sealed FROM shopanalytics.seal_block;

-- What is looked for: what was missing an hour ago, when all transactions of that time
-- are over, stays away.  Everything else is looked for.
BEGIN;
SELECT shopanalytics._unsealed_ranges();
UPDATE shopanalytics.seal_block SET sealed_at = sealed_at - interval '61 min' WHERE no <= 6;
SELECT shopanalytics._unsealed_ranges();
UPDATE shopanalytics.seal_block SET next_xid = pg_current_xact_id()::text::bigint + 1 WHERE no > 1;
SELECT shopanalytics._unsealed_ranges();
ROLLBACK;

-- It works in a transaction of any kind, and what is undone is not sealed.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT shopanalytics._write_event('seal_shop', 'tried', '{}');
SELECT shopanalytics.seal(), shopanalytics.seal() AS again;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT shopanalytics._write_event('seal_shop', 'tried', '{}');
SELECT shopanalytics.seal();
COMMIT;
SELECT * FROM pg_temp.block ORDER BY no DESC LIMIT 1;

-- 4.L naive chains fork: here a fork cannot be stored
\set VERBOSITY terse
INSERT INTO shopanalytics.seal_block (no, prev, entries, members, highest, root, sealed_at, next_xid, hash)
SELECT 99, prev, entries, members, highest, root, sealed_at, next_xid, hash FROM shopanalytics.seal_block WHERE no = 2;
\set VERBOSITY default

-- The line to keep: block, hash, time and database.
SELECT regexp_replace(a, 'sealed \S+', 'sealed (time)') = format('shopanalytics block %s hash %s sealed (time) database %s', no, encode(hash, 'hex'), current_database()) AS is_newest,
       substring(a, 'sealed (\S+)')::timestamptz = date_trunc('second', sealed_at) AS time_is_right, a ~ '\n' AS has_lines
  FROM (SELECT shopanalytics.anchor() AS a) a, (SELECT * FROM shopanalytics.seal_block ORDER BY no DESC LIMIT 1) b;
SELECT type, tenant, (detail ->> 'block')::bigint = no AS is_newest, detail ->> 'hash' = encode(hash, 'hex') AS hash_is_right
  FROM (SELECT * FROM shopanalytics.event ORDER BY id DESC LIMIT 1) e, (SELECT * FROM shopanalytics.seal_block ORDER BY no DESC LIMIT 1) b;
-- which is an entry itself
SELECT shopanalytics.seal();

-- Who may: who administers or audits everything.
CREATE ROLE regress_seal_admin LOGIN;
CREATE ROLE regress_seal_auditor LOGIN;
CREATE ROLE regress_seal_tenant LOGIN;
CREATE ROLE regress_seal_nobody LOGIN;
SELECT shopanalytics.grant_duty('regress_seal_admin', 'admin'), shopanalytics.grant_duty('regress_seal_auditor', 'audit_read'),
       shopanalytics.grant_duty('regress_seal_tenant', 'audit_read', 'seal_shop'), shopanalytics.grant_duty('regress_seal_tenant', 'admin', 'seal_shop');
SET SESSION AUTHORIZATION regress_seal_admin;
SELECT shopanalytics.seal(), shopanalytics.anchor() IS NOT NULL AS anchored, (SELECT count(*) > 0 FROM shopanalytics.seal_block) AS sees_blocks;
SET SESSION AUTHORIZATION regress_seal_auditor;
SELECT shopanalytics.seal(), shopanalytics.anchor() IS NOT NULL AS anchored, (SELECT count(*) > 0 FROM shopanalytics.seal_block) AS sees_blocks;
SET SESSION AUTHORIZATION regress_seal_tenant;
SELECT shopanalytics.seal();
SELECT shopanalytics.anchor();
SELECT count(*) FROM shopanalytics.seal_block;
SET SESSION AUTHORIZATION regress_seal_nobody;
SELECT shopanalytics.seal();
SELECT shopanalytics.anchor();
SELECT count(*) FROM shopanalytics.seal_block;
DELETE FROM shopanalytics.seal_block;
SELECT shopanalytics._seal_block('{[1,2)}', NULL, 1);
SELECT shopanalytics._unsealed_ranges();
\set VERBOSITY sqlstate
SELECT shopanalytics.seal();
\set VERBOSITY default
RESET SESSION AUTHORIZATION;

-- Bad input.
SELECT shopanalytics.seal(NULL);
SELECT shopanalytics.seal(0);
SELECT shopanalytics.seal(1000001);

SELECT count(*) FROM (SELECT shopanalytics.revoke_duty(role_name, duty, tenant) FROM shopanalytics.duty WHERE role_name LIKE 'regress_seal_%') d;
DROP ROLE regress_seal_admin, regress_seal_auditor, regress_seal_tenant, regress_seal_nobody;
DELETE FROM shopanalytics.event;
DELETE FROM shopanalytics.audit_row;
DELETE FROM shopanalytics.seal_block;
