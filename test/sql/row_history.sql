-- What the log says: audit_logs, row_history, table_as_of.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
DELETE FROM shopanalytics.audit_row;
DELETE FROM shopanalytics.audit_stmt;
DELETE FROM shopanalytics.audited_table;
-- the error of a query, without its moment
CREATE FUNCTION pg_temp.error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE query;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN regexp_replace(concat_ws(': ', SQLSTATE, SQLERRM, hint), '\w{3} \w{3} \d+ [\d:.]+ \d+ \w+', 'then', 'g');
END
$$;
CREATE ROLE regress_audit_admin LOGIN;
CREATE ROLE regress_audit_reader LOGIN;
CREATE ROLE regress_audit_clerk LOGIN;
CREATE SCHEMA audit_shop;
CREATE SCHEMA audit_shop_2;
GRANT USAGE ON SCHEMA audit_shop, audit_shop_2 TO regress_audit_admin, regress_audit_reader, regress_audit_clerk;
CREATE TABLE audit_shop.customer (id integer PRIMARY KEY, segment text, email text, visits integer);
CREATE TABLE audit_shop_2.customer (id integer PRIMARY KEY, name text);
GRANT ALL ON ALL TABLES IN SCHEMA audit_shop, audit_shop_2 TO regress_audit_clerk, regress_audit_admin;
SELECT shopanalytics.grant_duty('regress_audit_admin', 'admin', 'audit_shop'), shopanalytics.grant_duty('regress_audit_reader', 'audit_read', 'audit_shop');
SELECT shopanalytics.audit_enable('audit_shop.customer', 'rows', '{visits}', '{email}'), shopanalytics.audit_enable('audit_shop_2.customer', 'event');

-- A19 an unknown segment becomes 'Unknown'; only those rows, and every change is in audit_logs
INSERT INTO audit_shop.customer VALUES (1, 'vip', 'ann@shop.example', 0), (2, NULL, 'ben@shop.example', 0), (3, NULL, NULL, 0), (4, 'new', NULL, 0);
INSERT INTO audit_shop_2.customer VALUES (1, 'Other');
SET SESSION AUTHORIZATION regress_audit_clerk;
BEGIN;
SET LOCAL shopanalytics.actor = 'clara';
UPDATE audit_shop.customer SET segment = 'Unknown' WHERE segment IS NULL;
UPDATE audit_shop.customer SET email = 'c@shop.example', id = 30 WHERE id = 3;
COMMIT;
SELECT count(*) FROM shopanalytics.audit_logs;
SET SESSION AUTHORIZATION regress_audit_reader;
SELECT schema_name, table_name, operation, key, new_key, before, after, personal, login, actor, request FROM shopanalytics.audit_logs WHERE operation = 'update' ORDER BY id;
SELECT operation, key, after, personal FROM shopanalytics.audit_logs WHERE operation = 'insert' ORDER BY id;
-- an administrator sees no personal values, and another tenant's auditor nothing
SET SESSION AUTHORIZATION regress_audit_admin;
SELECT operation, key, new_key, before, after, personal FROM shopanalytics.audit_logs ORDER BY id;
SELECT count(shopanalytics._personal(r.id, r.at)) FROM shopanalytics.audit_row r;
RESET SESSION AUTHORIZATION;
-- what was erased is said to be
BEGIN;
UPDATE shopanalytics.audit_row SET pii = NULL, salt = NULL WHERE key = '{"id": 3}' AND op = 'U' AND pii_hash IS NOT NULL;
SET SESSION AUTHORIZATION regress_audit_reader;
SELECT operation, key, before, after, personal FROM shopanalytics.audit_logs WHERE key = '{"id": 3}' ORDER BY id;
ROLLBACK;

-- row_history needs the duty and the right to read the table
SET SESSION AUTHORIZATION regress_audit_reader;
SELECT * FROM shopanalytics.row_history('audit_shop.customer', '{"id": 1}');
SELECT * FROM shopanalytics.table_as_of('audit_shop.customer', now());
SELECT * FROM shopanalytics.row_history('audit_shop_2.customer', '{"id": 1}');
SET SESSION AUTHORIZATION regress_audit_clerk;
SELECT * FROM shopanalytics.row_history('audit_shop.customer', '{"id": 1}');
SELECT * FROM shopanalytics.table_as_of('audit_shop.customer', now());
SELECT * FROM shopanalytics._entries_since('audit_shop.customer', now());
SELECT * FROM shopanalytics._row_entries(1, '{"id": 1}');
RESET SESSION AUTHORIZATION;
GRANT SELECT ON audit_shop.customer TO regress_audit_reader;
SET SESSION AUTHORIZATION regress_audit_admin;
SELECT operation, row_key, before, after FROM shopanalytics.row_history('audit_shop.customer', '{"id": 1}');
SELECT * FROM shopanalytics.table_as_of('audit_shop.customer', now());
SET SESSION AUTHORIZATION regress_audit_reader;
SELECT operation, row_key, new_key, before, after, login = 'regress_audit_clerk' AS by_clerk, actor FROM shopanalytics.row_history('audit_shop.customer', '{"id": 30}');
-- I11 by the key that it had, too
SELECT count(*) FROM shopanalytics.row_history('audit_shop.customer', '{"id": 3}');
SELECT count(*) FROM shopanalytics.row_history('audit_shop.customer', '{"id": 99}');
SELECT shopanalytics.row_history('audit_shop.customer', NULL);
SELECT shopanalytics.row_history(NULL, '{"id": 1}');
SELECT shopanalytics.row_history('audit_shop.customer', '{"name": 1}');
SELECT shopanalytics.row_history('audit_shop.customer', '{"id": 1, "name": 1}');
SELECT shopanalytics.row_history('audit_shop.customer', '1');
SELECT shopanalytics.table_as_of('audit_shop.customer', NULL);
SELECT shopanalytics.table_as_of(NULL, now());
RESET SESSION AUTHORIZATION;

GRANT regress_audit_reader TO CURRENT_USER;
SELECT shopanalytics.grant_duty('regress_audit_reader', 'audit_read', 'audit_shop_2');

-- Keys are exchanged, left and taken again: each row is followed through it.
ALTER TABLE audit_shop_2.customer DROP CONSTRAINT customer_pkey, ADD PRIMARY KEY (id) DEFERRABLE;
SELECT pg_sleep(0.001), clock_timestamp() AS t0 \gset
INSERT INTO audit_shop_2.customer VALUES (2, 'B'), (3, 'C');
SELECT pg_sleep(0.001), clock_timestamp() AS t1 \gset
UPDATE audit_shop_2.customer SET id = 3 - id, name = name || '-swapped' WHERE id IN (1, 2);
UPDATE audit_shop_2.customer SET id = 10, name = 'C10' WHERE id = 3;
SELECT pg_sleep(0.001), clock_timestamp() AS t2 \gset
INSERT INTO audit_shop_2.customer VALUES (3, 'new C');
UPDATE audit_shop_2.customer SET id = 11 WHERE id = 10;
DELETE FROM audit_shop_2.customer WHERE id = 11;
UPDATE audit_shop_2.customer SET id = 10 WHERE id = 3;
SELECT pg_sleep(0.001), clock_timestamp() AS t3 \gset
DELETE FROM audit_shop_2.customer WHERE id = 1;
INSERT INTO audit_shop_2.customer VALUES (1, 'again');
UPDATE audit_shop_2.customer SET name = name || '!';
SELECT k, h.operation, h.row_key -> 'id' AS id, h.new_key -> 'id' AS new_id, h.before ->> 'name' AS before, h.after ->> 'name' AS after
  FROM generate_series(1, 11) k, shopanalytics.row_history('audit_shop_2.customer', jsonb_build_object('id', k)) WITH ORDINALITY h (id, at, operation, row_key, new_key, before, after, login, role, actor, source, request, place)
 ORDER BY k, place;
SELECT t, a.key -> 'id' AS id, a."row" ->> 'name' AS name, a."row" -> 'id' = a.key -> 'id' AS same_id, a.is_complete
  FROM (VALUES (0, timestamptz :'t0'), (1, :'t1'), (2, :'t2'), (3, :'t3'), (4, now())) v (t, at), shopanalytics.table_as_of('audit_shop_2.customer', v.at) a ORDER BY t, a.key;

-- The table as it was, by its type, and what is not known.
SELECT pg_sleep(0.001), clock_timestamp() AS t4 \gset
CREATE TEMP TABLE was AS TABLE audit_shop.customer;
UPDATE audit_shop.customer SET segment = 'x', email = 'changed', visits = 9;
UPDATE audit_shop.customer SET segment = 'y';
DELETE FROM audit_shop.customer WHERE id = 1;
INSERT INTO audit_shop.customer VALUES (1, 'another', NULL, 1), (5, 'new', NULL, 1);
TRUNCATE audit_shop.customer;
INSERT INTO audit_shop.customer VALUES (2, 'after', NULL, 1);
SELECT r.*, (r.segment, r.email) IS NOT DISTINCT FROM (w.segment, w.email) AS as_it_was
  FROM (SELECT p.*, a.is_complete FROM shopanalytics.table_as_of('audit_shop.customer', :'t4') a, jsonb_populate_record(NULL::audit_shop.customer, a."row") p) r
  FULL JOIN pg_temp.was w ON w.id = r.id ORDER BY r.id;
BEGIN;
UPDATE shopanalytics.audit_row SET pii = NULL, salt = NULL WHERE key = '{"id": 4}';
SELECT key, "row", is_complete FROM shopanalytics.table_as_of('audit_shop.customer', :'t4') ORDER BY key;
ROLLBACK;
TRUNCATE audit_shop_2.customer;
SELECT pg_temp.error_of(format('SELECT shopanalytics.table_as_of(''audit_shop_2.customer'', %L)', :'t3'));
SELECT * FROM shopanalytics.table_as_of('audit_shop_2.customer', now());
SELECT pg_temp.error_of($$SELECT shopanalytics.table_as_of('audit_shop.customer', now() - interval '1 year')$$);
SELECT shopanalytics.table_as_of('audit_shop.nowhere', now());
CREATE TABLE audit_shop.never (id integer PRIMARY KEY);
SELECT shopanalytics.table_as_of('audit_shop.never', now());
SELECT shopanalytics.row_history('audit_shop.never', '{}');
ALTER TABLE audit_shop.customer ENABLE ROW LEVEL SECURITY;
SET SESSION AUTHORIZATION regress_audit_reader;
SELECT * FROM shopanalytics.table_as_of('audit_shop.customer', now());
RESET SESSION AUTHORIZATION;
-- history can be read when the audit has ended, and the table as of a time no more
SELECT shopanalytics.audit_disable('audit_shop.customer');
SELECT count(*) FROM shopanalytics.row_history('audit_shop.customer', '{"id": 2}');
SELECT pg_temp.error_of($$SELECT shopanalytics.table_as_of('audit_shop.customer', now())$$);

-- Property: whatever is done, the table as of each moment is what it was then.
CREATE TABLE audit_shop.thing (a integer, b integer, n integer, t text, PRIMARY KEY (a, b) DEFERRABLE);
SELECT shopanalytics.audit_enable('audit_shop.thing', 'rows', pii => '{t}');
CREATE TEMP TABLE moment (no integer, at timestamptz, rows jsonb);
DO $$
DECLARE
    i integer;
    what integer;
BEGIN
    PERFORM setseed(0.5);
    FOR i IN 1 .. 100 LOOP
        what := floor(random() * 100);
        CASE WHEN what < 25 THEN
            BEGIN
            INSERT INTO audit_shop.thing SELECT floor(random() * 6), floor(random() * 6), i, 't' || i FROM generate_series(1, 3);
            SET CONSTRAINTS ALL IMMEDIATE;
            EXCEPTION WHEN unique_violation THEN NULL; END;
        WHEN what < 45 THEN
            UPDATE audit_shop.thing SET n = i, t = CASE WHEN random() < 0.5 THEN t ELSE 'u' || i END WHERE random() < 0.5;
        WHEN what < 70 THEN
            BEGIN
                UPDATE audit_shop.thing SET a = floor(random() * 6), b = floor(random() * 6), n = -i WHERE random() < 0.3;
                SET CONSTRAINTS ALL IMMEDIATE;
            EXCEPTION WHEN unique_violation THEN NULL; END;
        WHEN what < 80 THEN
            UPDATE audit_shop.thing SET a = b, b = a;
        WHEN what < 97 THEN
            DELETE FROM audit_shop.thing WHERE random() < 0.2;
        ELSE
            TRUNCATE audit_shop.thing;
        END CASE;
        PERFORM pg_sleep(0.0001);
        INSERT INTO pg_temp.moment SELECT i, clock_timestamp(), (SELECT jsonb_agg(to_jsonb(x) ORDER BY a, b) FROM audit_shop.thing x);
        PERFORM pg_sleep(0.0001);
    END LOOP;
END
$$;
SELECT count(*) AS moments, count(rows) > 50 AS with_rows, count(*) FILTER (WHERE rows IS DISTINCT FROM told) AS wrong, bool_and(complete) AS complete
  FROM pg_temp.moment m, LATERAL (
       SELECT jsonb_agg(a."row" ORDER BY a."row" -> 'a', a."row" -> 'b') AS told, bool_and(a.is_complete AND a.key = a."row" - '{n,t}'::text[]) AS complete
         FROM shopanalytics.table_as_of('audit_shop.thing', m.at) a) was;
-- and the history of a row tells of each value, the next one from the last
SELECT count(*) > 20 AS many, count(*) FILTER (WHERE last_op IN ('insert', 'update') AND (operation = 'insert' OR row_key <> last_key)
                                                   OR last_op IN ('delete', 'truncate') AND operation <> 'insert') AS broken
  FROM (SELECT h.*, lag(h.operation) OVER w AS last_op, lag(coalesce(h.new_key, h.row_key)) OVER w AS last_key
          FROM audit_shop.thing t, LATERAL shopanalytics.row_history('audit_shop.thing', jsonb_build_object('a', t.a, 'b', t.b)) h
        WINDOW w AS (PARTITION BY t.a, t.b ORDER BY h.id)) s;

DELETE FROM shopanalytics.audit_row;
DELETE FROM shopanalytics.audit_stmt;
SET client_min_messages = warning;
DROP SCHEMA audit_shop, audit_shop_2 CASCADE;
DELETE FROM shopanalytics.audited_table;
SELECT shopanalytics.revoke_duty('regress_audit_admin', 'admin', 'audit_shop'), shopanalytics.revoke_duty('regress_audit_reader', 'audit_read', 'audit_shop'),
       shopanalytics.revoke_duty('regress_audit_reader', 'audit_read', 'audit_shop_2');
DROP ROLE regress_audit_admin, regress_audit_reader, regress_audit_clerk;
