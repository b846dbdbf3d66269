-- Audit: what statements change in a table is written down, and nothing else.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
DELETE FROM shopanalytics.event;
CREATE ROLE regress_audit_clerk LOGIN;
CREATE SCHEMA audit_shop;
GRANT USAGE, CREATE ON SCHEMA audit_shop TO regress_audit_clerk;
CREATE TABLE audit_shop.customer (id integer PRIMARY KEY, name text, email text, visits integer, note json);
GRANT ALL ON audit_shop.customer TO regress_audit_clerk;
CREATE TEMP VIEW logged AS
SELECT s.op AS stmt_op, s.login, s.row_count, r.op, r.key, r.new_key, r.before, r.after, r.pii
  FROM shopanalytics.audit_stmt s LEFT JOIN shopanalytics.audit_row r ON r.stmt = s.id ORDER BY s.id, r.id;
-- every hash is that of what is stored
CREATE TEMP VIEW wrong_hash AS
SELECT r.id
  FROM shopanalytics.audit_row r LEFT JOIN shopanalytics.audit_stmt s ON s.id = r.stmt
 WHERE r.nonpii_hash IS DISTINCT FROM shopanalytics._audit_nonpii_hash(shopanalytics._audit_header_hash(s), r)
    OR r.pii_hash IS DISTINCT FROM shopanalytics._audit_pii_hash(r.salt, r.pii)
    OR r.leaf IS DISTINCT FROM shopanalytics._leaf(r.nonpii_hash, r.pii_hash);
CREATE PROCEDURE pg_temp.forget() LANGUAGE plpgsql AS $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM pg_temp.wrong_hash), 'wrong hash';
    ASSERT NOT EXISTS (SELECT FROM shopanalytics.audit_stmt s WHERE s.row_count <> (SELECT count(*) FROM shopanalytics.audit_row r WHERE r.stmt = s.id AND r.at = s.at)), 'wrong count';
    DELETE FROM shopanalytics.audit_row; DELETE FROM shopanalytics.audit_stmt;
END $$;
SELECT shopanalytics.audit_enable('audit_shop.customer', truncate => 'event', ignore => '{visits}', pii => '{email}');

-- I1 insert, update, delete, truncate
SET SESSION AUTHORIZATION regress_audit_clerk;
INSERT INTO audit_shop.customer VALUES (1, 'Ann', 'ann@shop.example', 1, '{"a": 1}'), (2, 'Ben', NULL, 1, NULL);
UPDATE audit_shop.customer SET name = upper(name), email = NULL WHERE id = 1;
DELETE FROM audit_shop.customer WHERE id = 2;
TRUNCATE audit_shop.customer;
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.logged;
-- personal values have a salt of their own, and others none
SELECT count(*) FILTER (WHERE pii IS NULL) AS without, count(DISTINCT salt) AS salts, min(length(salt)) AS bytes,
       bool_and((pii IS NULL) = (salt IS NULL) AND (pii IS NULL) = (pii_hash IS NULL)) AS together FROM shopanalytics.audit_row;
CALL pg_temp.forget();

-- I2 I3 I4 I5 I7 I13
INSERT INTO audit_shop.customer VALUES (1, 'Ann', 'ann@shop.example', 1, NULL), (2, 'Ben', NULL, 1, NULL), (3, 'Cem', NULL, 1, NULL);
CALL pg_temp.forget();
INSERT INTO audit_shop.customer VALUES (1, 'Anna') ON CONFLICT (id) DO UPDATE SET name = excluded.name;
INSERT INTO audit_shop.customer VALUES (1, 'Anne') ON CONFLICT DO NOTHING;
UPDATE audit_shop.customer SET name = name;
UPDATE audit_shop.customer SET name = 'x' WHERE false;
DELETE FROM audit_shop.customer WHERE false;
UPDATE audit_shop.customer SET visits = visits + 1;
UPDATE audit_shop.customer SET visits = visits - 1;
UPDATE audit_shop.customer SET visits = 5, note = note;
SELECT stmt_op, op, key, before, after, pii FROM pg_temp.logged;
CALL pg_temp.forget();
INSERT INTO audit_shop.customer VALUES (1, 'Ana'), (4, 'Dan') ON CONFLICT (id) DO UPDATE SET name = excluded.name;
SELECT stmt_op, op, key, before, after FROM pg_temp.logged ORDER BY op;
DELETE FROM audit_shop.customer WHERE id = 4;
CALL pg_temp.forget();

-- I6 merge
MERGE INTO audit_shop.customer c USING (VALUES (1, 'u'), (2, 'd'), (9, 'i')) v (id, what) ON c.id = v.id
    WHEN MATCHED AND what = 'd' THEN DELETE WHEN MATCHED THEN UPDATE SET name = 'Merged' WHEN NOT MATCHED THEN INSERT (id, name) VALUES (v.id, 'New');
SELECT stmt_op, op, key, before, after FROM pg_temp.logged ORDER BY stmt_op;
CALL pg_temp.forget();

-- I8 a replica's session is audited too
SET session_replication_role = replica;
UPDATE audit_shop.customer SET name = 'Replica' WHERE id = 1;
RESET session_replication_role;
SELECT stmt_op, op, key, after FROM pg_temp.logged;
CALL pg_temp.forget();

-- I11 the key changes: one identity, also when keys are exchanged
UPDATE audit_shop.customer SET id = 20 WHERE id = 1;
UPDATE audit_shop.customer SET id = id + 100, name = name || '!' WHERE id IN (3, 9, 20);
ALTER TABLE audit_shop.customer DROP CONSTRAINT customer_pkey, ADD PRIMARY KEY (id) DEFERRABLE;
UPDATE audit_shop.customer SET id = CASE id WHEN 120 THEN 109 ELSE 120 END WHERE id IN (109, 120);
SELECT stmt_op, op, key, new_key, before, after FROM pg_temp.logged ORDER BY key -> 'id', new_key -> 'id';
CALL pg_temp.forget();

-- I12 who: login, role, claimed actor, source; the request is no claim
SET SESSION AUTHORIZATION regress_audit_clerk;
BEGIN;
SET LOCAL shopanalytics.actor = 'Cläre "C" O''Hara';
SET LOCAL application_name = 'till 7';
UPDATE audit_shop.customer SET name = 'by claim' WHERE id = 109;
COMMIT;
SET shopanalytics.request = 7;
SET LOCAL shopanalytics.request = 7;
SELECT set_config('shopanalytics.request', '7', true);
SELECT shopanalytics._audit_set_request(7);
RESET SESSION AUTHORIZATION;
SET ROLE regress_audit_clerk;
UPDATE audit_shop.customer SET name = 'by role' WHERE id = 109;
RESET ROLE;
SELECT s.login = session_user AS me, s.login = 'regress_audit_clerk' AS clerk, s.role = session_user AS as_me, s.role = 'regress_audit_clerk' AS as_clerk, s.actor,
       replace(s.source, current_setting('application_name'), 'this') AS source, s.request, s.tenant, s.schema_name, s.table_name,
       s.tx_start <= s.at AND s.at <= clock_timestamp() AS in_time, s.query_id <> 0 AS has_fingerprint
  FROM shopanalytics.audit_stmt s ORDER BY s.id;
SELECT w.login = s.login AND w.source = s.source AS as_who FROM shopanalytics.audit_stmt s, shopanalytics._who() w ORDER BY s.id DESC LIMIT 1;
CALL pg_temp.forget();

-- A request counts until the end of its transaction or subtransaction.
BEGIN;
SELECT shopanalytics._audit_set_request(12);
SAVEPOINT a;
SELECT shopanalytics._audit_set_request(9223372036854775807);
UPDATE audit_shop.customer SET name = 'request 2^63-1' WHERE id = 109;
SELECT current_setting('shopanalytics.request');
RELEASE a;
SAVEPOINT b;
SELECT shopanalytics._audit_set_request(14);
ROLLBACK TO b;
UPDATE audit_shop.customer SET name = 'again' WHERE id = 109;
SELECT shopanalytics._audit_set_request(0);
UPDATE audit_shop.customer SET name = 'no request' WHERE id = 109;
SELECT shopanalytics._audit_set_request(15);
COMMIT;
UPDATE audit_shop.customer SET name = 'nor after it' WHERE id = 109;
SELECT s.request, r.after FROM shopanalytics.audit_stmt s JOIN shopanalytics.audit_row r ON r.stmt = s.id ORDER BY r.id;
CALL pg_temp.forget();

-- also when a function with settings of its own says it
CREATE FUNCTION audit_shop.apply() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'BEGIN PERFORM shopanalytics._audit_set_request(16); END';
BEGIN;
SELECT audit_shop.apply();
UPDATE audit_shop.customer SET name = 'by request' WHERE id = 109;
COMMIT;
UPDATE audit_shop.customer SET name = 'by nobody' WHERE id = 109;
SELECT s.request, r.after FROM shopanalytics.audit_stmt s JOIN shopanalytics.audit_row r ON r.stmt = s.id ORDER BY r.id;
CALL pg_temp.forget();

-- I15 two updates of a row in one transaction; what is rolled back was not
BEGIN;
UPDATE audit_shop.customer SET name = 'first' WHERE id = 109;
SAVEPOINT a;
UPDATE audit_shop.customer SET name = 'lost' WHERE id = 109;
ROLLBACK TO a;
UPDATE audit_shop.customer SET name = 'second' WHERE id = 109;
COMMIT;
SELECT before, after FROM pg_temp.logged;
SELECT count(DISTINCT at) AS times, min(at) < max(at) AS apart FROM shopanalytics.audit_row;
CALL pg_temp.forget();

-- COPY, a common table expression, a view, and a cascade: each row once
COPY audit_shop.customer (id, name) FROM STDIN;
30	Copied
31	Too
\.
CREATE VIEW audit_shop.people AS SELECT id, name FROM audit_shop.customer;
UPDATE audit_shop.people SET name = 'by view' WHERE id = 30;
WITH gone AS (DELETE FROM audit_shop.customer WHERE id = 31 RETURNING id), renamed AS (UPDATE audit_shop.customer SET name = 'by cte' WHERE id = 30 RETURNING id)
INSERT INTO audit_shop.customer (id, name) SELECT id + 1, 'after ' || id FROM gone;
SELECT stmt_op, row_count, op, key, before ->> 'name' AS before, after ->> 'name' AS after FROM pg_temp.logged ORDER BY stmt_op, key -> 'id', before;
CALL pg_temp.forget();
ALTER TABLE audit_shop.customer DROP CONSTRAINT customer_pkey, ADD PRIMARY KEY (id);
CREATE TABLE audit_shop.visit (id integer PRIMARY KEY, customer integer REFERENCES audit_shop.customer ON DELETE CASCADE ON UPDATE CASCADE);
SELECT shopanalytics.audit_enable('audit_shop.visit');
INSERT INTO audit_shop.visit VALUES (1, 30), (2, 30), (3, 32);
CALL pg_temp.forget();
UPDATE audit_shop.customer SET id = id + 1000 WHERE id IN (30, 32);
DELETE FROM audit_shop.customer WHERE id IN (1030, 1032);
SELECT s.table_name, r.op, r.key, r.before, r.after FROM shopanalytics.audit_row r JOIN shopanalytics.audit_stmt s ON s.id = r.stmt
 ORDER BY r.op DESC, s.table_name, r.key;
CALL pg_temp.forget();

-- Truncate: denied, also of a table that is truncated along; or each row
SELECT shopanalytics.audit_enable('audit_shop.visit', 'deny');
TRUNCATE audit_shop.visit;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE audit_shop.customer CASCADE;
SELECT shopanalytics.audit_enable('audit_shop.visit', 'rows'), shopanalytics.audit_enable('audit_shop.customer', 'rows', pii => '{email}');
INSERT INTO audit_shop.visit VALUES (7, 109);
CALL pg_temp.forget();
TRUNCATE audit_shop.customer CASCADE;
SELECT s.table_name, s.op, s.row_count, r.op, r.key, r.before, r.pii FROM shopanalytics.audit_row r JOIN shopanalytics.audit_stmt s ON s.id = r.stmt ORDER BY s.table_name, r.key;
CALL pg_temp.forget();

-- What has changed is what is written differently.
CREATE TABLE audit_shop.number (id bigint PRIMARY KEY, n numeric, f float8, r float4, t text COLLATE "C", v varchar(10), c char(4), a integer[], j jsonb, d double precision GENERATED ALWAYS AS (f * 2) STORED);
INSERT INTO audit_shop.number (id, n, f, r, t, v, c, a, j) VALUES (1, 1, 0, 0, 'a', 'a', 'a', '{1,NULL}', '{"a": 1, "b": 2}');
SELECT shopanalytics.audit_enable('audit_shop.number');
UPDATE audit_shop.number SET n = 1.0;
UPDATE audit_shop.number SET n = '1.0', c = 'a   ', j = '{"b": 2, "a": 1}', a = ARRAY[1] || NULL::integer;
UPDATE audit_shop.number SET f = '-0', r = 1e-38;
UPDATE audit_shop.number SET f = 'NaN', n = 'Infinity', r = '-Infinity';
UPDATE audit_shop.number SET f = 'NaN', n = 'Infinity', r = '-Infinity';
UPDATE audit_shop.number SET f = 0.1, n = 'NaN', r = 0.1, j = 'null';
UPDATE audit_shop.number SET j = NULL, a = '[0:1]={1,NULL}';
UPDATE audit_shop.number SET j = '"null"', t = NULL;
SELECT op, before, after FROM pg_temp.logged;
CALL pg_temp.forget();

-- What is hashed is what is stored, whatever signs and depths it has.
INSERT INTO audit_shop.number (id, t, j) SELECT 2, string_agg(chr(i), '' ORDER BY i) || 'é€😀', '{"": [], "a\u0001\n\"": {}, "b": [1.50, [true, null, {"c": "\\ \t é", "d": [{}]}], "x"], "e": -1e-7}' FROM generate_series(1, 127) i;
UPDATE audit_shop.number SET j = (SELECT (repeat('[', 500) || '{"a": 1}' || repeat(']', 500))::jsonb) WHERE id = 2;
SELECT r.after ->> 't' = (SELECT string_agg(chr(i), '' ORDER BY i) || 'é€😀' FROM generate_series(1, 127) i) AS same, after -> 'j' -> 'b' AS b FROM shopanalytics.audit_row r WHERE op = 'I';
CALL pg_temp.forget();

-- Written alike in every session: instants, intervals, bytes, money
CREATE TABLE audit_shop.moment (id integer PRIMARY KEY, at timestamptz, span tstzrange, i interval, b bytea, m money, c regclass, ts timestamp, d date, tz timetz, f float8[], p point);
SELECT shopanalytics.audit_enable('audit_shop.moment');
INSERT INTO audit_shop.moment VALUES (1, '2025-01-31 23:00+00', '[2025-01-01 00:00+00,)', '1 year 2 days 03:04:05.6', '\x00ff', 1.50, 'audit_shop.moment', '2025-01-31 23:00', '2025-01-31', '10:00+02', '{0.1}', '(0.1,1)');
CREATE TEMP TABLE first AS SELECT after FROM pg_temp.logged;
TABLE first;
CALL pg_temp.forget();
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';
SET intervalstyle = iso_8601;
SET bytea_output = escape;
SET extra_float_digits = -10;
SET search_path = audit_shop;
UPDATE audit_shop.moment SET id = 2;
DELETE FROM audit_shop.moment;
SELECT current_setting('timezone'), current_setting('datestyle'), current_setting('bytea_output'), current_setting('search_path');
RESET search_path;
RESET extra_float_digits;
RESET bytea_output;
RESET intervalstyle;
RESET datestyle;
SET timezone = 'UTC';
SELECT l.op, l.before - 'id' IS NOT DISTINCT FROM f.after - 'id' AS the_same FROM pg_temp.logged l, first f WHERE op = 'D';
CALL pg_temp.forget();

-- A table owner's own casts and operators are not run, by whoever's rights.
CREATE TYPE audit_shop.mood AS ENUM ('good', 'bad');
CREATE TYPE audit_shop.pair AS (a integer, m audit_shop.mood);
CREATE DOMAIN audit_shop.price AS numeric(10, 2);
CREATE TYPE audit_shop.span AS RANGE (subtype = audit_shop.price);
CREATE FUNCTION audit_shop.spy(audit_shop.mood) RETURNS json LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''run as %'', current_user; END';
CREATE FUNCTION audit_shop.spy(audit_shop.pair) RETURNS json LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''run as %'', current_user; END';
CREATE CAST (audit_shop.mood AS json) WITH FUNCTION audit_shop.spy(audit_shop.mood);
CREATE CAST (audit_shop.pair AS json) WITH FUNCTION audit_shop.spy(audit_shop.pair);
CREATE TABLE audit_shop."Odd ""table"" '\" ("Key 'a'" text, _ordinal integer, gone text, m audit_shop.mood, moods audit_shop.mood[], p audit_shop.pair,
    price audit_shop.price, spot point, doc jsonb, span audit_shop.span, days date[], "p:\%s" varchar(10), u uuid, same xml, PRIMARY KEY (_ordinal, "Key 'a'"));
ALTER TABLE audit_shop."Odd ""table"" '\" DROP COLUMN gone;
SELECT shopanalytics.audit_enable('audit_shop."Odd ""table"" ''\"', pii => '{"p:\\%s"}');
INSERT INTO audit_shop."Odd ""table"" '\" VALUES (E'k\n"', 1, 'good', '{bad,good}', '(1,bad)', 2.50, '(1,2)', '{"x": null}', '[2.5,)', '{2025-01-01}', 'v', '00000000-0000-0000-0000-000000000001', '<a/>');
UPDATE audit_shop."Odd ""table"" '\" SET m = 'bad', p = '(,)', spot = '(1,3)', moods = NULL, price = 2.51, span = '(,3]', "p:\%s" = 'w', same = '<a/>';
DELETE FROM audit_shop."Odd ""table"" '\";
SELECT stmt_op, op, key, before, after, pii FROM pg_temp.logged;
SELECT * FROM shopanalytics.audit_coverage() WHERE problem IS NOT NULL;
CALL pg_temp.forget();

-- A column that came later is personal until somebody says it is not; one that went is not missed.
CREATE TABLE audit_shop.wide (id integer PRIMARY KEY, a text, b text);
SELECT shopanalytics.audit_enable('audit_shop.wide');
ALTER TABLE audit_shop.wide ADD COLUMN phone text, DROP COLUMN a;
ALTER TABLE audit_shop.wide RENAME b TO mail;
INSERT INTO audit_shop.wide VALUES (1, 'a@b.example', '0123');
UPDATE audit_shop.wide SET phone = '4';
SELECT op, key, before, after, pii FROM pg_temp.logged;
CALL pg_temp.forget();
SELECT shopanalytics.audit_refresh('audit_shop.wide'), shopanalytics.audit_refresh('audit_shop.wide') AS again;
UPDATE audit_shop.wide SET phone = '5';
SELECT op, key, before, after, pii FROM pg_temp.logged;
-- the key's column has another name
ALTER TABLE audit_shop.wide RENAME id TO number;
UPDATE audit_shop.wide SET phone = '6';
-- it is gone
ALTER TABLE audit_shop.wide DROP CONSTRAINT wide_pkey;
UPDATE audit_shop.wide SET phone = '7';
\echo :LAST_ERROR_SQLSTATE
SELECT op, key, before, after, pii FROM pg_temp.logged;
CALL pg_temp.forget();

-- A value of a megabyte that stays as it is costs no more than another; one that changes is written whole.
CREATE TABLE audit_shop.big (id integer PRIMARY KEY, n integer, t text);
ALTER TABLE audit_shop.big ALTER t SET STORAGE EXTERNAL;
SELECT shopanalytics.audit_enable('audit_shop.big');
INSERT INTO audit_shop.big VALUES (1, 1, repeat('0123456789', 100000));
UPDATE audit_shop.big SET n = 2;
UPDATE audit_shop.big SET t = t || '!';
SELECT op, (before -> 'n'), (after -> 'n') AS after_n, length(before ->> 't') AS before_t, length(after ->> 't') AS after_t, right(after ->> 't', 3) FROM pg_temp.logged;
CALL pg_temp.forget();

-- Many rows, more than are written at a time; an error in the middle leaves nothing.
CREATE TABLE audit_shop.many (id integer PRIMARY KEY, n integer CONSTRAINT small CHECK (n < 5000), t text);
SELECT shopanalytics.audit_enable('audit_shop.many', pii => '{t}');
INSERT INTO audit_shop.many SELECT i, i % 7, repeat('x', i % 50) FROM generate_series(1, 3000) i;
UPDATE audit_shop.many SET n = n + 1 WHERE id % 3 = 0;
UPDATE audit_shop.many SET n = n * 1000;
BEGIN;
UPDATE audit_shop.many SET n = -n;
SELECT 1 / 0;
ROLLBACK;
DELETE FROM audit_shop.many;
SELECT s.op, s.row_count, count(*), count(DISTINCT key), count(DISTINCT r.id) AS ids, count(DISTINCT leaf) AS leaves, sum((before ->> 'n')::integer) AS before, sum((after ->> 'n')::integer) AS after,
       sum(length(pii -> 'before' ->> 't')) AS personal_before, sum(length(pii -> 'after' ->> 't')) AS personal_after
  FROM shopanalytics.audit_row r JOIN shopanalytics.audit_stmt s ON s.id = r.stmt GROUP BY s.id, s.op, s.row_count ORDER BY s.id;
CALL pg_temp.forget();

-- Who calls it otherwise.
CREATE FUNCTION audit_shop.call() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN shopanalytics._audit_change(); END';
SELECT shopanalytics._audit_change();
SET SESSION AUTHORIZATION regress_audit_clerk;
CREATE TABLE audit_shop.mine (id integer PRIMARY KEY);
CREATE TRIGGER forged AFTER INSERT ON audit_shop.mine REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION shopanalytics._audit_change('1', 'deny', 'k:id');
RESET SESSION AUTHORIZATION;
CREATE TRIGGER row_level AFTER INSERT ON audit_shop.mine FOR EACH ROW EXECUTE FUNCTION shopanalytics._audit_change('1', 'deny', 'k:id');
INSERT INTO audit_shop.mine VALUES (1);

SET client_min_messages = warning;
DROP SCHEMA audit_shop CASCADE;
RESET client_min_messages;
DELETE FROM shopanalytics.audited_table;
DROP ROLE regress_audit_clerk;
