-- The log: entries, their hashes and partitions.
\set SHOW_CONTEXT never
SET timezone = 'UTC';

-- 4.L an entry: hashed alike with and without what was erased
SELECT encode(sha256(shopanalytics._bytes('{"n": 1.10, "segment": "imp"}')), 'hex') AS nonpii,
       encode(shopanalytics._audit_pii_hash('\x000102030405060708090a0b0c0d0e0f', '{"email": "a@x.example"}'), 'hex') AS pii,
       encode(shopanalytics._leaf(sha256(shopanalytics._bytes('{"n": 1.10, "segment": "imp"}')),
              shopanalytics._audit_pii_hash('\x000102030405060708090a0b0c0d0e0f', '{"email": "a@x.example"}')), 'hex') AS leaf;
-- 4.L RFC 6962: the leaf of nothing, and of a byte
SELECT encode(shopanalytics._leaf(''), 'hex') AS n1, encode(shopanalytics._leaf('\x00'), 'hex') AS of_00;

-- Entries have numbers of one sequence, and an event its leaf, whatever the session's settings.
BEGIN;
SELECT shopanalytics._write_event('audit_log_test', 'tried', '{"b": 1.50, "a": "x"}', 7), shopanalytics._write_event('audit_log_test', 'tried', '{}');
SET LOCAL timezone = 'Asia/Tokyo';
SET LOCAL datestyle = 'German';
SELECT type, request, detail, id = currval('shopanalytics.entry_id_seq') AS last,
       leaf = shopanalytics._event_leaf(tenant, at, type, login, role, actor, source, request, detail) AS leaf_is_right,
       leaf = shopanalytics._leaf(sha256(convert_to(format('["event 1", "audit_log_test", %s, "tried", %s, %s, null, %s, %s, %s]',
           (extract(epoch FROM at) * 1000000)::bigint, to_jsonb(login), to_jsonb(role), to_jsonb(source), coalesce(request::text, 'null'), detail), 'UTF8'))) AS by_hand
  FROM shopanalytics.event WHERE tenant = 'audit_log_test' ORDER BY id;
ROLLBACK;

-- Partitions of this month and three more, once; what was there before is moved.
BEGIN;
INSERT INTO shopanalytics.audit_row (id, at, stmt, audited, op, nonpii_hash, leaf) VALUES
    (1, now(), 1, 1, 'I', '', 'here'), (2, now() + interval '400 days', 1, 1, 'I', '', 'later'), (3, now() - interval '400 days', 1, 1, 'I', '', 'before');
INSERT INTO shopanalytics.audit_stmt (id, at, tx_start, query_id, row_count, audited, op, tenant, schema_name, table_name, login, role, source)
    VALUES (1, now(), now(), 0, 1, 1, 'I', '', '', '', '', '', '');
SELECT shopanalytics.audit_partitions() AS made, shopanalytics.audit_partitions() AS again;
SELECT id, tableoid = 'shopanalytics.audit_row_default'::regclass AS in_default, leaf FROM shopanalytics.audit_row ORDER BY id;
SELECT count(*) FROM shopanalytics.audit_stmt_default;
SELECT shopanalytics.audit_partitions(0) AS made, shopanalytics.audit_partitions(4) AS one_more;
SELECT type, detail FROM shopanalytics.event WHERE type = 'audit_partitions_made' ORDER BY id;
-- they can be read through their parents alone
CREATE ROLE regress_audit_nobody;
SELECT bool_or(has_table_privilege('regress_audit_nobody', c.oid, 'SELECT')) AS readable, count(*) AS partitions
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'shopanalytics.audit_row'::regclass;
ROLLBACK;
SELECT shopanalytics.audit_partitions(NULL);
SELECT shopanalytics.audit_partitions(-1);
SELECT shopanalytics.audit_partitions(121);
CREATE ROLE regress_audit_nobody;
SET SESSION AUTHORIZATION regress_audit_nobody;
SELECT shopanalytics.audit_partitions();
SELECT count(*) FROM shopanalytics.audited_table;
SELECT count(*) FROM shopanalytics.audit_stmt;
SELECT count(*) FROM shopanalytics.audit_row;
SELECT pii FROM shopanalytics.audit_row;
INSERT INTO shopanalytics.audit_row (id) VALUES (1);
RESET SESSION AUTHORIZATION;
DROP ROLE regress_audit_nobody;
