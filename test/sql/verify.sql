-- Verifying: what is as it was written has no problem, and every change is found.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET bytea_output = 'hex';
DELETE FROM shopanalytics.event;
DELETE FROM shopanalytics.audit_row;
DELETE FROM shopanalytics.audit_stmt;
DELETE FROM shopanalytics.seal_block;
ALTER SEQUENCE shopanalytics.entry_id_seq RESTART;

-- A statement and its rows, by the definitions of their hashes in SQL.
CREATE FUNCTION pg_temp.write_statement(id bigint, at timestamptz, op "char", request bigint, VARIADIC images jsonb[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    header shopanalytics.audit_stmt;
    entry shopanalytics.audit_row;
    image jsonb;
BEGIN
    header := (id, at, at - interval '1.5 s', request, -42 * id, cardinality(images), 7, op, 'verify_shop', 'Verify "shop"', E'custo\tmers', 'ann', 'ann',
               CASE WHEN request IS NOT NULL THEN 'clära' END, 'psql');
    INSERT INTO shopanalytics.audit_stmt VALUES (header.*);
    FOREACH image IN ARRAY images LOOP
        entry := (nextval('shopanalytics.entry_id_seq'), at, id, 7, op, image -> 'key', image -> 'new_key', image -> 'before', image -> 'after',
                  image -> 'pii', CASE WHEN image ? 'pii' THEN sha256(id::text::bytea) END, NULL, NULL, NULL);
        entry.pii_hash := shopanalytics._audit_pii_hash(entry.salt, entry.pii);
        entry.nonpii_hash := shopanalytics._audit_nonpii_hash(shopanalytics._audit_header_hash(header), entry);
        entry.leaf := shopanalytics._leaf(entry.nonpii_hash, entry.pii_hash);
        INSERT INTO shopanalytics.audit_row VALUES (entry.*);
    END LOOP;
END
$$;

SELECT * FROM shopanalytics.verify();
-- Entries 1 to 8: two statements of one month and one of another, and an event.
SELECT pg_temp.write_statement(1, '2025-01-31 23:59:59.999999+00', 'U', 17,
           '{"key": {"id": 1}, "before": {"segment": "s1", "n": 1.10}, "after": {"segment": "imp", "n": null}, "pii": {"before": {"email": "a@x.example"}, "after": {"email": "b@x.example"}}}',
           '{"key": {"id": 2}, "new_key": {"id": 3}, "before": {"id": 2, "text": "\u00e4 \"quoted\" \\ \n \u0001"}, "after": {"id": 3, "text": null}}',
           '{"key": {"id": 4}, "before": {"a": [1, {"b": 1e100, "c": "NaN"}]}, "after": {"a": []}, "pii": {"before": {"email": null}, "after": {"email": "c@x.example"}}}'),
       pg_temp.write_statement(2, '2025-01-10 12:00+00', 'I', NULL, '{"key": {"id": 5}, "after": {"id": 5, "segment": "s5"}, "pii": {"after": {"email": "d@x.example"}}}'),
       pg_temp.write_statement(3, '2025-02-01 00:00+00', 'D', NULL, '{"key": {"id": 6}, "before": {"id": 6}}', '{"key": {"id": 7}, "before": {"id": 7}}'),
       pg_temp.write_statement(4, '2025-02-02 00:00+00', 'T', NULL, '{}');
SELECT shopanalytics._write_event('verify_shop', 'tried', '{"n": 1.10, "text": "\u00e4"}', 17);
SELECT * FROM shopanalytics.verify();
SELECT shopanalytics.seal(2);
SELECT no, month::date, members FROM shopanalytics.seal_block ORDER BY no;
SELECT * FROM shopanalytics.verify();

-- Whatever the session's settings are.
SET timezone = 'Asia/Kathmandu';
SET datestyle = 'German';
SET intervalstyle = 'sql_standard';
SET bytea_output = 'escape';
SET extra_float_digits = -15;
SET standard_conforming_strings = off;
SET lc_monetary = 'C';
SELECT * FROM shopanalytics.verify();
RESET datestyle;
RESET intervalstyle;
RESET extra_float_digits;
RESET standard_conforming_strings;
SET bytea_output = 'hex';
SET timezone = 'UTC';

-- What C computes is what SQL defines.
SELECT count(*) AS statements, bool_and(shopanalytics._statement_hash(s.op, s.tenant, s.schema_name, s.table_name, s.tx_start, s.at, s.login, s.role, s.actor, s.source,
       s.request, s.query_id) = shopanalytics._audit_header_hash(s)) AS equal FROM shopanalytics.audit_stmt s;

CREATE FUNCTION pg_temp.drop_key(name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    key record;
BEGIN
    FOR key IN SELECT c.conrelid::regclass AS place, c.conname FROM pg_constraint c
                WHERE c.contype = 'p' AND c.conparentid = 0 AND c.conrelid IN (SELECT relid FROM pg_partition_tree('shopanalytics.' || name)
                                                                               UNION SELECT ('shopanalytics.' || name)::regclass) LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', key.place, key.conname);
    END LOOP;
END
$$;
-- Somebody who may do anything changes one thing: what verify() says then.
CREATE FUNCTION pg_temp.after(change text) RETURNS TABLE (block bigint, entry bigint, problem text, detail text) LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        EXECUTE change;
        RETURN QUERY SELECT * FROM shopanalytics.verify();
        RAISE EXCEPTION USING ERRCODE = 'ZZ001';
    EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
        NULL;
    END;
END
$$;
-- 4.L change one byte: block and entry
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET after = '{"segment": "inp", "n": null}' WHERE id = 1$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET before = '{"segment": "s1", "n": 1.1}' WHERE id = 1$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET leaf = set_byte(leaf, 31, get_byte(leaf, 31) # 1) WHERE id = 1$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET pii = jsonb_set(pii, '{after,email}', '"e@x.example"') WHERE id = 1$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.event SET detail = '{}' WHERE id = 8$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_stmt SET login = 'ben' WHERE id = 1$$);
-- 4.L delete a middle entry
SELECT * FROM pg_temp.after($$DELETE FROM shopanalytics.audit_row WHERE id = 2$$);
SELECT * FROM pg_temp.after($$DELETE FROM shopanalytics.audit_row WHERE stmt = 1; DELETE FROM shopanalytics.audit_stmt WHERE id = 1$$);
SELECT * FROM pg_temp.after($$DELETE FROM shopanalytics.event$$);
SELECT * FROM pg_temp.after($$DELETE FROM shopanalytics.audit_stmt WHERE id = 2$$);
SELECT * FROM pg_temp.after($$TRUNCATE shopanalytics.audit_row, shopanalytics.audit_stmt$$);
-- everything of an entry is written anew, by who knows how: the block
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.event SET detail = '{}', leaf = shopanalytics._event_leaf(tenant, at, type, login, role, actor, source, request, '{}') WHERE id = 8$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET id = -1 WHERE id = 1; UPDATE shopanalytics.audit_row SET id = 1 WHERE id = 2; UPDATE shopanalytics.audit_row SET id = 2 WHERE id = -1$$);
-- a number twice, and one too many
SELECT * FROM pg_temp.after($$SELECT pg_temp.drop_key('audit_row'); INSERT INTO shopanalytics.audit_row SELECT id, at - interval '1 day', stmt, audited, op, key, new_key, before, after, pii, salt, pii_hash, nonpii_hash, leaf FROM shopanalytics.audit_row WHERE id = 1$$);
SELECT * FROM pg_temp.after($$INSERT INTO shopanalytics.audit_row SELECT 100, at, stmt, audited, op, key, new_key, before, after, pii, salt, pii_hash, nonpii_hash, leaf FROM shopanalytics.audit_row WHERE id = 1$$);
-- personal values: gone without an erasure, in part, or put where there were none
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET pii = NULL, salt = NULL WHERE id = 1$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET pii = NULL WHERE id = 1$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET salt = NULL WHERE id = 1$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET pii_hash = NULL WHERE id = 1$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET pii = '{}', salt = '' WHERE id = 2$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET pii = NULL, salt = NULL, pii_hash = NULL WHERE id = 1$$);
-- an erasure names the entry: no problem, but that it is not yet sealed
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET pii = NULL, salt = NULL WHERE id = 1; SELECT shopanalytics._write_event('verify_shop', 'subject_erased', '{"entries": [1]}')$$);
-- that of another does not, nor one that was written by hand
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET pii = NULL, salt = NULL WHERE id = 1; SELECT shopanalytics._write_event('verify_shop', 'subject_erased', '{"entries": [3, "1", -1, 1e300, null, {}]}')$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.audit_row SET pii = NULL, salt = NULL WHERE id = 1; UPDATE shopanalytics.event SET type = 'subject_erased', detail = '{"entries": [1]}'$$);
-- the chain
SELECT * FROM pg_temp.after($$DELETE FROM shopanalytics.seal_block WHERE no = 1$$);
SELECT * FROM pg_temp.after($$DELETE FROM shopanalytics.seal_block WHERE no = 3$$);
SELECT * FROM pg_temp.after($$DELETE FROM shopanalytics.seal_block WHERE no = 5$$);
SELECT * FROM pg_temp.after($$DELETE FROM shopanalytics.seal_block$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.seal_block SET members = members - '{[3,4)}' WHERE no = 3$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.seal_block SET members = members + '{[90,92)}', entries = entries + 2 WHERE no = 3$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.seal_block SET members = '{}' WHERE no = 3$$);
SELECT * FROM pg_temp.after($$UPDATE shopanalytics.seal_block SET members = '{(,)}' WHERE no = 3$$);

-- Every column of every table, and in every way: another value, the value of nothing, null.
CREATE TEMP TABLE change AS
WITH log (name, place) AS (VALUES ('audit_row', 'id = 1'), ('audit_stmt', 'id = 1'), ('event', 'id = 8'), ('seal_block', 'no = 3')),
     value (type, value) AS (VALUES
         ('bigint', '0'), ('bigint', '-9223372036854775808'), ('bigint', '9223372036854775807'), ('integer', '8'), ('integer', '-2147483648'),
         ('timestamp with time zone', 'infinity'), ('timestamp with time zone', '-infinity'), ('timestamp with time zone', '4713-01-01 BC'),
         ('timestamp with time zone', '294276-12-31'), ('timestamp with time zone', '2025-01-31 23:59:59.999998+00'),
         ('"char"', 'I'), ('"char"', ''), ('"char"', '"'), ('text', ''), ('text', 'null'), ('text', repeat(E'"\\\n', 1000)),
         ('jsonb', 'null'), ('jsonb', '{}'), ('jsonb', '[]'), ('jsonb', '1'), ('jsonb', '"x"'), ('jsonb', '{"segment": ["s1"], "n": "1.10"}'),
         ('bytea', ''), ('bytea', '\x00'), ('bytea', repeat('x', 32)), ('bytea', repeat('x', 100000)),
         ('int8multirange', '{}'), ('int8multirange', '{(,)}'), ('int8multirange', '{[1,5),[7,)}'), ('int8multirange', '{[0,4)}'))
SELECT l.name, l.place, a.attname AS column_name, v.value
  FROM log l JOIN pg_attribute a ON a.attrelid = ('shopanalytics.' || l.name)::regclass AND a.attnum > 0 AND NOT a.attisdropped
  JOIN (SELECT type, value FROM value UNION ALL SELECT DISTINCT type, NULL FROM value) v ON v.type = format_type(a.atttypid, NULL);
CREATE FUNCTION pg_temp.try(name text, place text, column_name text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    problems text;
    changed bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM shopanalytics.%I WHERE %s AND %I IS DISTINCT FROM %L', name, place, column_name, value) INTO changed;
    IF changed = 0 THEN
        RETURN 'same';
    END IF;
    BEGIN
        -- a superuser can do this, too
        PERFORM pg_temp.drop_key(name);
        EXECUTE format('ALTER TABLE shopanalytics.%I ALTER %I DROP NOT NULL', name, column_name);
        EXECUTE format('UPDATE shopanalytics.%I SET %I = %L WHERE %s', name, column_name, value, place);
        SELECT string_agg(DISTINCT v.problem, ', ' ORDER BY v.problem) INTO problems FROM shopanalytics.verify() v WHERE v.problem <> 'unsealed';
        RAISE EXCEPTION USING ERRCODE = 'ZZ001';
    EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
        RETURN coalesce(problems, 'NOT FOUND');
    END;
END
$$;
CREATE TEMP TABLE tried AS SELECT c.*, pg_temp.try(name, place, column_name, value) AS problems FROM change c;
SELECT name, column_name, count(*) FILTER (WHERE problems = 'NOT FOUND') AS not_found, string_agg(DISTINCT problems, '; ' ORDER BY problems) AS problems
  FROM tried WHERE problems <> 'same' GROUP BY name, column_name ORDER BY name, column_name COLLATE "C";
-- no column was left out
SELECT count(DISTINCT (name, column_name)) = (SELECT count(*) FROM pg_attribute WHERE attrelid IN ('shopanalytics.audit_row'::regclass, 'shopanalytics.audit_stmt'::regclass,
       'shopanalytics.event'::regclass, 'shopanalytics.seal_block'::regclass) AND attnum > 0 AND NOT attisdropped) AS all_columns FROM tried WHERE problems <> 'same';
SELECT * FROM shopanalytics.verify();

-- 4.L delete the newest block: only who kept the line knows
SELECT shopanalytics.anchor() AS line, no FROM shopanalytics.seal_block ORDER BY no DESC LIMIT 1 \gset kept_
SELECT shopanalytics.seal();
SELECT * FROM shopanalytics.verify(anchor => :'kept_line');
BEGIN;
DELETE FROM shopanalytics.seal_block WHERE no >= :kept_no;
SELECT * FROM shopanalytics.verify(anchor => :'kept_line');
-- which somebody may do better, and then only the line is left
DELETE FROM shopanalytics.event WHERE type = 'anchored';
SELECT shopanalytics.seal();
SELECT * FROM shopanalytics.verify();
SELECT * FROM shopanalytics.verify(anchor => :'kept_line');
ROLLBACK;
SELECT * FROM shopanalytics.verify(anchor => 'shopanalytics block 2 hash ' || repeat('0', 64));
SELECT * FROM shopanalytics.verify(anchor => 'shopanalytics block 99999 hash ' || repeat('0', 64));

-- A part of the chain.
BEGIN;
UPDATE shopanalytics.audit_row SET after = '{}' WHERE id IN (1, 5);
SELECT * FROM shopanalytics.verify(1, 2);
SELECT * FROM shopanalytics.verify(3);
SELECT * FROM shopanalytics.verify(6, 5);
UPDATE shopanalytics.seal_block SET hash = root WHERE no = 2;
SELECT * FROM shopanalytics.verify(3, 4);
ROLLBACK;

-- Of many a hundred are named.
BEGIN;
SELECT pg_temp.write_statement(5, '2025-02-02 00:00+00', 'U', NULL, VARIADIC array_agg(jsonb_build_object('key', jsonb_build_object('id', n), 'after', '{}'::jsonb))) FROM generate_series(1, 200) n;
SELECT shopanalytics.seal();
UPDATE shopanalytics.audit_stmt SET login = 'ben' WHERE id = 5;
SELECT problem, detail, count(entry), count(*), max(entry) - min(entry) AS span FROM shopanalytics.verify() GROUP BY 1, 2 ORDER BY 2;
UPDATE shopanalytics.audit_stmt SET login = 'ann' WHERE id = 5;
DELETE FROM shopanalytics.audit_row WHERE stmt = 5;
SELECT problem, detail, count(entry), count(*), max(entry) - min(entry) AS span FROM shopanalytics.verify() GROUP BY 1, 2 ORDER BY 2;
ROLLBACK;

-- Who may, and bad input.
CREATE ROLE regress_verify_auditor LOGIN;
CREATE ROLE regress_verify_tenant LOGIN;
SELECT shopanalytics.grant_duty('regress_verify_auditor', 'audit_read'), shopanalytics.grant_duty('regress_verify_tenant', 'audit_read', 'verify_shop');
SELECT shopanalytics.seal() > 0 AS sealed;
SET SESSION AUTHORIZATION regress_verify_auditor;
SELECT * FROM shopanalytics.verify();
SET SESSION AUTHORIZATION regress_verify_tenant;
SELECT * FROM shopanalytics.verify();
SELECT shopanalytics._read_events('{(,)}');
\set VERBOSITY sqlstate
SELECT * FROM shopanalytics.verify();
\set VERBOSITY default
RESET SESSION AUTHORIZATION;
SELECT * FROM shopanalytics.verify(anchor => '');
SELECT * FROM shopanalytics.verify(anchor => 'shopanalytics block 1 hash 00');
SELECT * FROM shopanalytics.verify(anchor => repeat('x', 1000000));

SELECT count(*) FROM (SELECT shopanalytics.revoke_duty(role_name, duty, tenant) FROM shopanalytics.duty WHERE role_name LIKE 'regress_verify_%') d;
DROP ROLE regress_verify_auditor, regress_verify_tenant;
DELETE FROM shopanalytics.event;
DELETE FROM shopanalytics.audit_row;
DELETE FROM shopanalytics.audit_stmt;
DELETE FROM shopanalytics.seal_block;
