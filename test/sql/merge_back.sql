-- merge_back: the latest row of each key of a staging table becomes a proposal.  A23
\set SHOW_CONTEXT never
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
SET timezone = 'America/New_York';
CREATE ROLE regress_merge_ann LOGIN;
CREATE ROLE regress_merge_guest LOGIN;
SELECT format('GRANT CREATE ON DATABASE %I TO regress_merge_ann', current_database()) \gexec
CREATE SCHEMA merge_shop AUTHORIZATION regress_merge_ann;
SELECT shopanalytics.grant_duty('regress_merge_ann', 'propose', 'merge_shop');
CREATE VIEW pg_temp.item AS SELECT op, key, before, after FROM shopanalytics.change_item WHERE request = (SELECT max(id) FROM shopanalytics.change_request) ORDER BY seq;
GRANT SELECT ON pg_temp.item TO PUBLIC;

SET SESSION AUTHORIZATION regress_merge_ann;
CREATE TABLE merge_shop.item (
    id integer PRIMARY KEY,
    code varchar(4) UNIQUE,
    name text NOT NULL,
    price numeric(8,2),
    stock smallint DEFAULT 0,
    seen timestamptz,
    tags text[],
    more jsonb,
    gross numeric GENERATED ALWAYS AS (price * 1.19) STORED);
INSERT INTO merge_shop.item (id, code, name, price, stock, seen, tags, more) VALUES
    (1, 'a', 'same', 1.00, 1, '2025-01-01 00:00+00', '{x,y}', '{"a": [1, null]}'), (2, 'b', 'old', 2.00, 2, NULL, NULL, NULL),
    (3, 'c', 'null comes', 3.00, 3, '2025-01-01 00:00+00', '{x}', 'null'), (4, 'd', 'null goes', NULL, NULL, NULL, NULL, NULL), (9, 'z', 'missing', 9, 9, NULL, NULL, NULL);
CREATE TABLE merge_shop.item_in (LIKE merge_shop.item, loaded_at timestamptz);
ALTER TABLE merge_shop.item_in DROP COLUMN gross, ALTER COLUMN name DROP NOT NULL, ALTER COLUMN id DROP NOT NULL;
INSERT INTO merge_shop.item_in (id, code, name, price, stock, seen, tags, more, loaded_at) VALUES
    (1, 'a', 'same', 1, 1, '2024-12-31 19:00-05', '{x,y}', '{"a":[1,null]}', '2025-02-01'),
    (2, 'b', 'older', 2, 2, NULL, NULL, NULL, '2025-02-01'), (2, 'b', 'newest', 2, 2, NULL, NULL, NULL, '2025-02-03'), (2, 'b', 'no time', 2, 2, NULL, NULL, NULL, NULL),
    (3, 'c', 'null comes', NULL, NULL, NULL, NULL, NULL, '2025-02-01'),
    (4, 'd', 'null goes', 4.5, 4, '2025-01-01 00:00+00', '{}', '{}', '2025-02-01'), (4, 'd', 'null goes', 4.5, 4, '2025-01-01 00:00+00', '{}', '{}', '2025-02-01'),
    (5, 'e', 'new', 5, NULL, NULL, NULL, '[]', '2025-02-01');

-- the latest of three, nulls both ways, a new row; what is the same in other words is left out
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', 'loaded_at');
SELECT * FROM pg_temp.item;
SELECT tenant, kind, title, state, items, attrs FROM shopanalytics.change_request;
-- again: the same request; the other key: the same changes
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', 'loaded_at');
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{code}', 'loaded_at');
SELECT count(*), count(*) FILTER (WHERE state = 'submitted') FROM shopanalytics.change_request;
-- rows that are missing go only when that is said; some columns only
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', 'loaded_at', delete_missing => true, columns => '{name}', submit => false);
SELECT * FROM pg_temp.item;
SELECT state FROM shopanalytics.change_request ORDER BY id DESC LIMIT 1;

-- Applied, here by plain SQL, there is nothing left to propose.
BEGIN;
INSERT INTO merge_shop.item (id, code, name, price, stock, seen, tags, more)
SELECT DISTINCT ON (id) id, code, name, price, stock, seen, tags, more FROM merge_shop.item_in ORDER BY id, loaded_at DESC NULLS LAST
    ON CONFLICT (id) DO UPDATE SET (name, price, stock, seen, tags, more) = (excluded.name, excluded.price, excluded.stock, excluded.seen, excluded.tags, excluded.more);
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', 'loaded_at') IS NULL AS nothing, shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{code}', 'loaded_at') IS NULL AS nothing;
SELECT count(*) FROM shopanalytics.change_request;
ROLLBACK;

-- Any order of the rows gives the same proposal, among equally late ones too.
CREATE FUNCTION pg_temp.proposal(seed float8) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    PERFORM setseed(seed);
    CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM merge_shop.item_in UNION ALL SELECT 5, 'e', 'as late ' || i, 5, NULL, NULL, NULL, '[]', '2025-02-01' FROM generate_series(1, 5) i;
    DELETE FROM merge_shop.item_in;
    INSERT INTO merge_shop.item_in SELECT * FROM kept ORDER BY random();
    PERFORM shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', 'loaded_at');
    SELECT string_agg(i::text, E'\n') INTO result FROM pg_temp.item i;
    RAISE EXCEPTION USING ERRCODE = 'P0002', MESSAGE = result;
EXCEPTION WHEN SQLSTATE 'P0002' THEN
    RETURN SQLERRM;
END $$;
SET client_min_messages = warning;
SELECT count(*), count(DISTINCT p), min(p) FROM (SELECT pg_temp.proposal(s / 10.0) AS p FROM generate_series(1, 8) s) d;
RESET client_min_messages;
INSERT INTO merge_shop.item_in (id, name, loaded_at) VALUES (7, 'one', '2025-02-01'), (7, 'two', '2025-02-01');
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', 'loaded_at', columns => '{name}', submit => false) > 0 AS proposed;
-- without order_by there is no latest row, unless they are all the same
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', columns => '{name}');
DELETE FROM merge_shop.item_in WHERE id IN (2, 7);
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', columns => '{name}') > 0 AS proposed;

-- Dirty keys, wrong columns, values that do not fit.
INSERT INTO merge_shop.item_in (id, code, name) VALUES (NULL, 'n1', 'no id'), (NULL, NULL, 'nothing');
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', 'loaded_at');
DO $$ BEGIN PERFORM shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}'); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLSTATE; END $$;
DELETE FROM merge_shop.item_in WHERE id IS NULL;
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{name}');
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id,code}');
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{}');
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{no_such}');
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', 'no_such');
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', columns => '{name,loaded_at}');
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}');
CREATE VIEW merge_shop.wide AS SELECT *, 1 AS one, 2 AS "Two" FROM merge_shop.item_in;
SELECT shopanalytics.merge_back('merge_shop.wide', 'merge_shop.item', '{id}', 'loaded_at');
CREATE VIEW merge_shop.typed AS SELECT id::bigint, stock::numeric AS stock, code::text, name::varchar FROM merge_shop.item_in WHERE id > 3;
SELECT shopanalytics.merge_back('merge_shop.typed', 'merge_shop.item', '{id}') > 0 AS proposed;
SELECT key, after FROM pg_temp.item;
CREATE VIEW merge_shop.half AS SELECT 1::numeric AS id, 1.5 AS stock;
SELECT shopanalytics.merge_back('merge_shop.half', 'merge_shop.item', '{id}');
CREATE VIEW merge_shop.huge AS SELECT 1 AS id, 99999 AS stock;
SELECT shopanalytics.merge_back('merge_shop.huge', 'merge_shop.item', '{id}');
CREATE VIEW merge_shop.long AS SELECT 1 AS id, 'toolong' AS code;
SELECT shopanalytics.merge_back('merge_shop.long', 'merge_shop.item', '{id}');
CREATE VIEW merge_shop.local AS SELECT 1 AS id, timestamp '2025-01-01' AS seen;
SELECT shopanalytics.merge_back('merge_shop.local', 'merge_shop.item', '{id}');
CREATE VIEW merge_shop.texts AS SELECT 1 AS id, '2.5' AS price;
SELECT shopanalytics.merge_back('merge_shop.texts', 'merge_shop.item', '{id}');
CREATE VIEW merge_shop.nameless AS SELECT 77 AS id, 1.00 AS price;
SELECT shopanalytics.merge_back('merge_shop.nameless', 'merge_shop.item', '{id}');
CREATE VIEW merge_shop.nothing AS SELECT id, name FROM merge_shop.item_in WHERE false;
SELECT shopanalytics.merge_back('merge_shop.nothing', 'merge_shop.item', '{id}') IS NULL AS nothing;
SELECT shopanalytics.merge_back('merge_shop.nothing', 'merge_shop.item', '{id}', delete_missing => true);
DO $$ BEGIN PERFORM shopanalytics.merge_back('merge_shop.nothing', 'merge_shop.item', '{id}', delete_missing => true); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLSTATE; END $$;
DO $$ BEGIN PERFORM shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{name}'); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLSTATE; END $$;
SELECT shopanalytics.merge_back('merge_shop.item', 'merge_shop.item', '{id}');
SELECT shopanalytics.merge_back(NULL, 'merge_shop.item', '{id}');
SELECT shopanalytics.merge_back('merge_shop.item_in', 0, '{id}');
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', NULL);
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', columns => ARRAY[NULL]::name[]);
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.wide', '{id}', tenant => 'merge_shop');

-- A key of more columns with odd names; another unique key, whose new rows get their
-- number from the default.
CREATE TABLE merge_shop."Odd ""table""" ("Key A" text, "select" integer, value text, PRIMARY KEY ("select", "Key A"));
CREATE TABLE merge_shop.odd_in ("Key A" text, "select" integer, value text);
INSERT INTO merge_shop."Odd ""table""" VALUES ('a|', 1, 'x'), ('a', 2, 'y');
INSERT INTO merge_shop.odd_in VALUES ('a|', 1, 'new'), ('a', 2, 'y'), ('a', 3, '''; DROP TABLE x');
SELECT shopanalytics.merge_back('merge_shop.odd_in', 'merge_shop."Odd ""table"""', '{"Key A",select}') > 0 AS proposed;
SELECT * FROM pg_temp.item;
CREATE TABLE merge_shop.client (no bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, name text);
CREATE TABLE merge_shop.client_in (email text, name text);
INSERT INTO merge_shop.client (email, name) VALUES ('a@shop.example', 'Anna');
INSERT INTO merge_shop.client_in VALUES ('a@shop.example', 'Anna B'), ('b@shop.example', 'Ben'), ('c@shop.example', 'Cleo');
SELECT shopanalytics.merge_back('merge_shop.client_in', 'merge_shop.client', '{email}') AS request \gset
SELECT op, CASE op WHEN 'U' THEN key END AS key, after FROM pg_temp.item ORDER BY after;
SELECT shopanalytics.merge_back('merge_shop.client_in', 'merge_shop.client', '{email}') = :request AS the_same;
ALTER TABLE merge_shop.client ALTER COLUMN no SET GENERATED ALWAYS;
SELECT shopanalytics.merge_back('merge_shop.client_in', 'merge_shop.client', '{email}');

-- The stage tables of a store go back to their base tables, without our own columns.
CALL shopanalytics.create_store('merge_store');
INSERT INTO merge_store.customers (customer_id, name, email, segment) VALUES ('1', 'ANNA  BERG', 'anna@shop.example', NULL), ('2', 'Ben Hill', 'ben@shop.example', 'A'), ('2', 'Ben Hill', 'ben@shop.example', 'A');
SET client_min_messages = warning;
CALL shopanalytics.stage('merge_store');
RESET client_min_messages;
SELECT shopanalytics.merge_back('merge_store.customers_stage', 'merge_store.customers', '{row_id}');
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.grant_duty('regress_merge_ann', 'propose', 'merge_store', 'merge_store.customers');
SET SESSION AUTHORIZATION regress_merge_ann;
SELECT shopanalytics.merge_back('merge_store.customers_stage', 'merge_store.customers', '{row_id}', delete_missing => true) > 0 AS proposed;
SELECT op, key, after FROM pg_temp.item;
SELECT tenant FROM shopanalytics.change_request ORDER BY id DESC LIMIT 1;
-- A28: not into a table of another tenant
SELECT shopanalytics.merge_back('merge_store.customers_stage', 'merge_store.customers', '{row_id}', tenant => 'merge_shop');
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', 'loaded_at', tenant => 'merge_store');
GRANT USAGE ON SCHEMA merge_shop TO regress_merge_guest;
SET SESSION AUTHORIZATION regress_merge_guest;
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', 'loaded_at');
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.grant_duty('regress_merge_guest', 'propose', 'merge_shop');
SET SESSION AUTHORIZATION regress_merge_guest;
SELECT shopanalytics.merge_back('merge_shop.item_in', 'merge_shop.item', '{id}', 'loaded_at');

RESET SESSION AUTHORIZATION;
SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relname LIKE 'merge %';
SET client_min_messages = warning;
DROP VIEW pg_temp.item;
DROP FUNCTION pg_temp.proposal(float8);
SET ROLE regress_merge_ann;
CALL shopanalytics.drop_store('merge_store');
RESET ROLE;
DROP SCHEMA merge_shop CASCADE;
DELETE FROM shopanalytics.change_item;
DELETE FROM shopanalytics.change_request;
DELETE FROM shopanalytics.duty;
SELECT format('REVOKE CREATE ON DATABASE %I FROM regress_merge_ann', current_database()) \gexec
DROP ROLE regress_merge_ann, regress_merge_guest;
