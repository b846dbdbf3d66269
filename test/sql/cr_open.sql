-- Opening change requests: who may, for which tables, and the same call again.
\set SHOW_CONTEXT never
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
DELETE FROM shopanalytics.event;
SET timezone = 'UTC';
CREATE ROLE regress_cr_ann LOGIN;
CREATE ROLE regress_cr_ben LOGIN;
CREATE ROLE regress_cr_broker LOGIN;
CREATE ROLE regress_cr_nobody LOGIN;
CREATE SCHEMA cr_shop;
CREATE TABLE cr_shop.orders (id integer PRIMARY KEY, total numeric);
CREATE TABLE cr_shop.customers (id integer PRIMARY KEY);
GRANT USAGE ON SCHEMA cr_shop TO PUBLIC;
SELECT shopanalytics.grant_duty('regress_cr_ann', 'propose', 'cr_shop'), shopanalytics.grant_duty('regress_cr_ben', 'propose', 'cr_shop', 'cr_shop.orders'),
       shopanalytics.grant_duty('regress_cr_broker', 'propose', 'cr_shop');

SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Totals of March', 'typed in twice') AS request \gset
SELECT id = :request AS same, tenant, kind, target_schema, target_table, title, reason, state, outcome, revision, content_hash, items, high_risk, approvals_needed,
       proposer_login, proposer_role, proposer_actor, proposer_person, reverts, created_at BETWEEN now() - interval '1 h' AND now() AS created_now,
       submitted_at, expires_at, attrs
  FROM shopanalytics.change_request WHERE id = :request;
-- who it was, and by which role
SET ROLE regress_cr_ann;
SET shopanalytics.actor = 'zoe';
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.customers', 'dedupe', 'Twins') AS request \gset
RESET shopanalytics.actor;
SELECT proposer_login, proposer_role, proposer_actor, proposer_person FROM shopanalytics.change_request WHERE id = :request;
RESET SESSION AUTHORIZATION;
SELECT type, login, request, detail FROM shopanalytics.event WHERE type LIKE 'request%' ORDER BY id;

-- 4.G same idempotency key and payload: the same request; other payload: an error
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Nightly', idempotency_key => 'night 1') AS request \gset
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Nightly', idempotency_key => 'night 1') = :request AS same;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Nightly', NULL, 'night 2') > :request AS another;
\set VERBOSITY sqlstate
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Weekly', idempotency_key => 'night 1');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Nightly', 'a reason', idempotency_key => 'night 1');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'cleanse', 'Nightly', idempotency_key => 'night 1');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.customers', 'manual', 'Nightly', idempotency_key => 'night 1');
\set VERBOSITY default
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'cleanse', 'Nightly', idempotency_key => 'night 1');
-- a key of one person opens nothing to another
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Nightly', idempotency_key => 'night 1');
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT count(*) FROM shopanalytics.change_request WHERE idempotency_key = 'night 1';
-- what did not come to be is not known
BEGIN;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Weekly', idempotency_key => 'week 1') > 0 AS opened;
ROLLBACK;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'cleanse', 'Weekly', idempotency_key => 'week 1') > 0 AS opened;

-- Who has the duty for one table opens requests for that.
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Totals') > 0 AS opened;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.customers', 'manual', 'Totals');
SET SESSION AUTHORIZATION regress_cr_nobody;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Totals');
SELECT count(*) FROM shopanalytics.change_request;
SELECT count(*) FROM shopanalytics.cr_status;
INSERT INTO shopanalytics.change_request (tenant, kind, target_schema, target_table, title, proposer_login, proposer_role, proposer_person, created_at)
VALUES ('cr_shop', 'manual', 'cr_shop', 'orders', 'x', 'x', 'x', 'x', now());
UPDATE shopanalytics.change_request SET state = 'approved';
SELECT shopanalytics._set_state(1, 'approved');

-- A trusted broker that names nobody is nobody.
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.trust_broker('regress_cr_broker');
SET SESSION AUTHORIZATION regress_cr_broker;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Totals');
SET shopanalytics.actor = 'regress_cr_ann';
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'Totals') AS request \gset
SELECT proposer_login, proposer_person FROM shopanalytics.change_request WHERE id = :request;
RESET shopanalytics.actor;

-- Tables that cannot be targets.
RESET SESSION AUTHORIZATION;
CREATE TABLE cr_shop.keyless (id integer);
CREATE TABLE cr_shop.unique_only (id integer UNIQUE NOT NULL);
CREATE VIEW cr_shop.order_view AS SELECT * FROM cr_shop.orders;
CREATE MATERIALIZED VIEW cr_shop.order_totals AS SELECT * FROM cr_shop.orders;
CREATE SEQUENCE cr_shop.numbers;
CREATE TYPE cr_shop.pair AS (a integer, b integer);
CREATE FOREIGN DATA WRAPPER regress_cr_wrapper;
CREATE SERVER regress_cr_server FOREIGN DATA WRAPPER regress_cr_wrapper;
CREATE FOREIGN TABLE cr_shop.far (id integer) SERVER regress_cr_server;
CREATE SCHEMA cr_other;
CREATE TABLE cr_other.orders (id integer PRIMARY KEY);
GRANT USAGE ON SCHEMA cr_other TO PUBLIC;
SELECT shopanalytics.grant_duty('regress_cr_ann', 'propose');
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.keyless', 'manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.unique_only', 'manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.order_view', 'manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.order_totals', 'manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.numbers', 'manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.pair', 'manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders_pkey', 'manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.far', 'manual', 'x');
SELECT shopanalytics.cr_open('pg_catalog', 'pg_catalog.pg_class', 'manual', 'x');
SELECT shopanalytics.cr_open('information_schema', 'information_schema.sql_features', 'manual', 'x');
SELECT shopanalytics.cr_open('shopanalytics', 'shopanalytics.duty', 'manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_other.orders', 'manual', 'x');
CREATE TEMP TABLE temporary (id integer PRIMARY KEY);
DO $$
BEGIN
    PERFORM shopanalytics.cr_open((SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()), 'pg_temp.temporary', 'manual', 'x');
EXCEPTION WHEN SQLSTATE 'SA011' THEN
    RAISE NOTICE 'a temporary table is refused';
END $$;

-- Partitioned tables, partitions, and any name.
RESET SESSION AUTHORIZATION;
CREATE SCHEMA "cr "" $x$; DROP TABLE é";
CREATE TABLE "cr "" $x$; DROP TABLE é"."select "" %I" ("from" integer, "a""b" text, PRIMARY KEY ("from", "a""b")) PARTITION BY LIST ("from");
CREATE TABLE "cr "" $x$; DROP TABLE é".part PARTITION OF "cr "" $x$; DROP TABLE é"."select "" %I" FOR VALUES IN (1);
GRANT USAGE ON SCHEMA "cr "" $x$; DROP TABLE é" TO PUBLIC;
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr " $x$; DROP TABLE é', '"cr "" $x$; DROP TABLE é"."select "" %I"', 'manual', '''; DROP TABLE "x" é %s') AS request \gset
SELECT tenant, target_schema, target_table, title FROM shopanalytics.change_request WHERE id = :request;
SELECT target FROM shopanalytics.cr_status WHERE request = :request;
SELECT shopanalytics.cr_open('cr " $x$; DROP TABLE é', '"cr "" $x$; DROP TABLE é".part', 'manual', 'A partition') > 0 AS opened;

-- The user's table behind a mapped view of a store, by its own name.
RESET SESSION AUTHORIZATION;
CALL shopanalytics.create_store('cr_store');
CREATE SCHEMA cr_crm;
CREATE TABLE cr_crm.sales (order_id bigint PRIMARY KEY, customer_id bigint, order_date timestamptz, order_total numeric);
CREATE TABLE cr_crm.people (customer_id bigint PRIMARY KEY, name text);
CREATE VIEW cr_crm.clients AS SELECT customer_id, name FROM cr_crm.people;
CREATE TABLE cr_crm.unmapped (id bigint PRIMARY KEY);
SET client_min_messages = warning;
CALL shopanalytics.map_table('cr_store', 'orders', 'cr_crm.sales');
CALL shopanalytics.map_table('cr_store', 'customers', 'cr_crm.clients');
RESET client_min_messages;
GRANT USAGE ON SCHEMA cr_store, cr_crm TO PUBLIC;
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_store', 'cr_store.orders', 'manual', 'x');
SELECT shopanalytics.cr_open('cr_store', 'cr_crm.unmapped', 'manual', 'x');
SELECT shopanalytics.cr_open('cr_store', 'cr_crm.sales', 'manual', 'Sales') > 0 AS opened,
       shopanalytics.cr_open('cr_store', 'cr_crm.people', 'manual', 'People') > 0 AS through_a_view,
       shopanalytics.cr_open('cr_store', 'cr_store.sessions', 'manual', 'Sessions') > 0 AS of_the_store;
-- how a store is set up is changed by its functions
SELECT shopanalytics.cr_open('cr_store', 'cr_store.store_object', 'manual', 'x');
-- who maps somebody else's table does not get it
RESET SESSION AUTHORIZATION;
ALTER SCHEMA cr_store OWNER TO regress_cr_ben;
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_store', 'cr_crm.sales', 'manual', 'x');
RESET SESSION AUTHORIZATION;
ALTER TABLE cr_crm.sales OWNER TO regress_cr_ben;
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_store', 'cr_crm.sales', 'manual', 'x') > 0 AS opened;
-- nor what is another store's, even of his own
RESET SESSION AUTHORIZATION;
ALTER SCHEMA cr_store OWNER TO CURRENT_USER;
CALL shopanalytics.create_store('cr_store_2');
SET client_min_messages = warning;
CALL shopanalytics.map_table('cr_store', 'products', 'cr_store_2.products');
RESET client_min_messages;
GRANT USAGE ON SCHEMA cr_store_2 TO PUBLIC;
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr_store', 'cr_store_2.products', 'manual', 'x');

-- Bad input.
SELECT shopanalytics.cr_open(NULL, 'cr_shop.orders', 'manual', 'x');
SELECT shopanalytics.cr_open('*', 'cr_shop.orders', 'manual', 'x');
SELECT shopanalytics.cr_open('', 'cr_shop.orders', 'manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', NULL, 'manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', NULL, 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', NULL);
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.no_such_table', 'manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', 4294967295::oid::regclass, 'manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'Manual', 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'rollback', 'x');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', '');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', ' ');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', E'two\nlines');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', repeat('x', 1000000));
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'x', repeat('x', 1000000));
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'x', idempotency_key => '');
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'x', idempotency_key => repeat('x', 201));

RESET SESSION AUTHORIZATION;
SET client_min_messages = warning;
CALL shopanalytics.drop_store('cr_store');
CALL shopanalytics.drop_store('cr_store_2');
DROP SCHEMA cr_crm, cr_shop, cr_other, "cr "" $x$; DROP TABLE é" CASCADE;
DROP FOREIGN DATA WRAPPER regress_cr_wrapper CASCADE;
DROP TABLE pg_temp.temporary;
DELETE FROM shopanalytics.change_request;
SELECT count(shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope)) FROM shopanalytics.duty;
SELECT shopanalytics.distrust_broker('regress_cr_broker');
DROP ROLE regress_cr_ann, regress_cr_ben, regress_cr_broker, regress_cr_nobody;
