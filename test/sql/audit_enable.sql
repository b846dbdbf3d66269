-- Audit: which tables are audited, who decides that, and what is found to be wrong.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
DELETE FROM shopanalytics.event;
CREATE ROLE regress_audit_admin LOGIN;
CREATE ROLE regress_audit_owner LOGIN;
CREATE ROLE regress_audit_reader LOGIN;
CREATE ROLE regress_audit_clerk LOGIN;
CREATE SCHEMA audit_shop;
GRANT USAGE, CREATE ON SCHEMA audit_shop TO regress_audit_owner, regress_audit_admin;
GRANT USAGE ON SCHEMA audit_shop TO regress_audit_reader, regress_audit_clerk;
SELECT shopanalytics.grant_duty('regress_audit_admin', 'admin', 'audit_shop'), shopanalytics.grant_duty('regress_audit_reader', 'audit_read', 'audit_shop');
SET SESSION AUTHORIZATION regress_audit_owner;
CREATE TABLE audit_shop.customer (id integer PRIMARY KEY, name text, email text, visits integer);
GRANT ALL ON audit_shop.customer TO regress_audit_clerk;
CREATE TABLE audit_shop.keyless (id integer);
CREATE TABLE audit_shop.parent (id integer PRIMARY KEY);
CREATE TABLE audit_shop.child (PRIMARY KEY (id)) INHERITS (audit_shop.parent);
CREATE VIEW audit_shop.customers AS TABLE audit_shop.customer;
RESET SESSION AUTHORIZATION;

-- The duty and the ownership are needed, both.
SET SESSION AUTHORIZATION regress_audit_clerk;
SELECT shopanalytics.audit_enable('audit_shop.customer');
SELECT shopanalytics.audit_disable('audit_shop.customer');
SELECT shopanalytics.audit_refresh('audit_shop.customer');
SELECT has_function_privilege('shopanalytics._make_audit_triggers(oid, shopanalytics.audited_table)', 'EXECUTE') AS may_make_triggers;
SELECT shopanalytics._drop_audit_triggers('audit_shop.customer'::regclass);
SELECT shopanalytics._audit_target('audit_shop.customer');
SET SESSION AUTHORIZATION regress_audit_owner;
SELECT shopanalytics.audit_enable('audit_shop.customer');
SET SESSION AUTHORIZATION regress_audit_admin;
SELECT shopanalytics.audit_enable('audit_shop.customer');
RESET SESSION AUTHORIZATION;
GRANT regress_audit_owner TO regress_audit_admin;
SET SESSION AUTHORIZATION regress_audit_admin;
SELECT shopanalytics.audit_enable('audit_shop.customer', ignore => '{visits}', pii => '{email}');

DROP VIEW audit_shop.customers;
CREATE VIEW audit_shop.customers AS SELECT 1 AS id;

-- What is refused.
SELECT shopanalytics.audit_enable('audit_shop.keyless');
\echo :LAST_ERROR_SQLSTATE
SELECT shopanalytics.audit_enable('audit_shop.parent');
SELECT shopanalytics.audit_enable('audit_shop.child');
SELECT shopanalytics.audit_enable('audit_shop.customers');
SELECT shopanalytics.audit_enable('audit_shop.customer', 'no');
SELECT shopanalytics.audit_enable('audit_shop.customer', ignore => '{nowhere}', pii => '{"Else, where"}');
SELECT shopanalytics.audit_enable('audit_shop.customer', ignore => '{ctid}');
SELECT shopanalytics.audit_enable('audit_shop.customer', ignore => '{id}');
SELECT shopanalytics.audit_enable('audit_shop.customer', ignore => '{name}', pii => '{name}');
SELECT shopanalytics.audit_enable('audit_shop.customer', pii => '{NULL}');
SELECT shopanalytics.audit_enable('audit_shop.customer', NULL);
SELECT shopanalytics.audit_enable(NULL);
SELECT shopanalytics.audit_enable('0');
SELECT shopanalytics.audit_disable(NULL);
SELECT shopanalytics.audit_refresh(NULL);
SELECT shopanalytics.audit_refresh('audit_shop.parent');
\echo :LAST_ERROR_SQLSTATE
RESET SESSION AUTHORIZATION;
CREATE TEMP TABLE passing (id integer PRIMARY KEY);
DO $$ BEGIN PERFORM shopanalytics.audit_enable('passing'); EXCEPTION WHEN SQLSTATE 'SA011' THEN RAISE NOTICE '%', regexp_replace(SQLERRM, '\d+', 'N'); END $$;
SELECT shopanalytics.audit_enable('pg_class');
SELECT shopanalytics.audit_enable('shopanalytics.event');

-- Who sees what of it.
SELECT schema_name, table_name, truncate, key_columns, plain_columns, personal_columns, ignored_columns, ended FROM shopanalytics.audited_table;
SET SESSION AUTHORIZATION regress_audit_reader;
SELECT table_name, problem FROM shopanalytics.audit_coverage();
SET SESSION AUTHORIZATION regress_audit_clerk;
SELECT table_name, problem FROM shopanalytics.audit_coverage();
SELECT count(*) FROM shopanalytics.audited_table;
INSERT INTO audit_shop.customer VALUES (1, 'Ann', 'ann@shop.example', 1);
SELECT (SELECT count(*) FROM shopanalytics.audit_stmt) AS statements, (SELECT count(*) FROM shopanalytics.audit_row) AS rows;
SET SESSION AUTHORIZATION regress_audit_reader;
SELECT (SELECT count(*) FROM shopanalytics.audit_stmt) AS statements, (SELECT count(*) FROM shopanalytics.audit_row) AS rows;
SELECT salt FROM shopanalytics.audit_row;
RESET SESSION AUTHORIZATION;

-- I9 what is not audited any more is seen: triggers disabled, dropped, renamed
ALTER TABLE audit_shop.customer DISABLE TRIGGER shopanalytics_audit_update, ENABLE TRIGGER shopanalytics_audit_insert;
ALTER TRIGGER shopanalytics_audit_truncate ON audit_shop.customer RENAME TO other;
DROP TRIGGER shopanalytics_audit_delete ON audit_shop.customer;
SELECT table_name, problem FROM shopanalytics.audit_coverage();
SELECT shopanalytics.audit_refresh('audit_shop.customer'), shopanalytics.audit_refresh('audit_shop.customer') AS again;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'audit_shop.customer'::regclass AND NOT tgisinternal ORDER BY 1;
-- columns, key
ALTER TABLE audit_shop.customer ADD COLUMN city text, DROP COLUMN visits, ALTER name TYPE varchar(20);
ALTER TABLE audit_shop.customer DROP CONSTRAINT customer_pkey, ADD PRIMARY KEY (id, name);
SELECT table_name, problem FROM shopanalytics.audit_coverage();
SELECT shopanalytics.audit_refresh('audit_shop.customer');
SELECT key_columns, plain_columns, personal_columns, ignored_columns FROM shopanalytics.audited_table;
-- renamed and moved: the same table, with its history
ALTER TABLE audit_shop.customer RENAME TO client;
CREATE TABLE audit_shop.customer (id integer PRIMARY KEY);
SELECT table_name, problem FROM shopanalytics.audit_coverage();
DROP TABLE audit_shop.customer;
SELECT table_name, problem FROM shopanalytics.audit_coverage();
UPDATE audit_shop.client SET city = 'Rome';
SELECT shopanalytics.audit_refresh('audit_shop.client');
SELECT id = (SELECT max(id) FROM shopanalytics.audited_table) AS same, table_name FROM shopanalytics.audited_table;
SELECT s.audited = t.id AS same, s.table_name FROM shopanalytics.audit_stmt s, shopanalytics.audited_table t ORDER BY s.id;
CREATE SCHEMA audit_shop_2;
ALTER TABLE audit_shop.client SET SCHEMA audit_shop_2;
SELECT schema_name, problem FROM shopanalytics.audit_coverage();
SELECT shopanalytics.audit_refresh('audit_shop_2.client');
SELECT schema_name, tenant FROM shopanalytics.audited_table;
ALTER TABLE audit_shop_2.client SET SCHEMA audit_shop;
SELECT shopanalytics.audit_refresh('audit_shop.client');

-- Ended, and begun again: one table, but nothing is sure of the time between.
SELECT since AS since_before FROM shopanalytics.audited_table \gset
SELECT shopanalytics.audit_enable('audit_shop.client', ignore => '{city}'), since = :'since_before' AS goes_on FROM shopanalytics.audited_table;
SELECT since = :'since_before' AS goes_on FROM shopanalytics.audited_table;
SELECT shopanalytics.audit_enable('audit_shop.client');
SELECT since = :'since_before' AS goes_on FROM shopanalytics.audited_table;
SELECT shopanalytics.audit_disable('audit_shop.client'), shopanalytics.audit_disable('audit_shop.client') AS again;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'audit_shop.client'::regclass AND NOT tgisinternal;
SELECT count(*) FROM shopanalytics.audit_coverage();
SELECT ended > since AS ended FROM shopanalytics.audited_table;
SELECT shopanalytics.audit_enable('audit_shop.client');
SELECT count(*) AS tables, bool_and(ended IS NULL) AS audited FROM shopanalytics.audited_table;
DROP TABLE audit_shop.client CASCADE;
SELECT table_name, problem FROM shopanalytics.audit_coverage();
CREATE TABLE audit_shop.client (id integer PRIMARY KEY);
SELECT table_name, problem FROM shopanalytics.audit_coverage();
SELECT shopanalytics.audit_disable('audit_shop.client');

-- Partitions: whichever is named, each row once.
CREATE TABLE audit_shop.orders (id integer, day date, amount numeric, gone text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
ALTER TABLE audit_shop.orders DROP COLUMN gone;
CREATE TABLE audit_shop.orders_1 PARTITION OF audit_shop.orders FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
CREATE TABLE audit_shop.orders_2 (amount numeric, dropped text, day date NOT NULL, id integer NOT NULL);
ALTER TABLE audit_shop.orders_2 DROP COLUMN dropped;
ALTER TABLE audit_shop.orders ATTACH PARTITION audit_shop.orders_2 FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
SELECT shopanalytics.audit_enable('audit_shop.orders_1');
SELECT shopanalytics.audit_enable('audit_shop.orders', 'rows');
DELETE FROM shopanalytics.audit_row;
DELETE FROM shopanalytics.audit_stmt;
INSERT INTO audit_shop.orders VALUES (1, '2025-01-31', 1), (2, '2025-02-01', 2);
INSERT INTO audit_shop.orders_2 VALUES (3, '2025-02-02', 3);
UPDATE audit_shop.orders SET amount = amount + 1;
UPDATE audit_shop.orders SET day = day + 1 WHERE id = 1;
UPDATE audit_shop.orders_2 SET amount = amount * 2;
DELETE FROM audit_shop.orders WHERE id = 2;
TRUNCATE audit_shop.orders_1;
TRUNCATE audit_shop.orders;
SELECT s.table_name, s.op, r.op, r.key, r.new_key, r.before, r.after FROM shopanalytics.audit_row r JOIN shopanalytics.audit_stmt s ON s.id = r.stmt ORDER BY s.id, r.key -> 'id';
-- one that came later is a gap until the audit is refreshed
CREATE TABLE audit_shop.orders_3 PARTITION OF audit_shop.orders FOR VALUES FROM ('2025-03-01') TO ('2025-04-01');
SELECT table_name, problem FROM shopanalytics.audit_coverage();
SELECT shopanalytics.audit_refresh('audit_shop.orders');
SELECT table_name, problem FROM shopanalytics.audit_coverage();
-- one that was detached goes on in the name of the table that it was part of
ALTER TABLE audit_shop.orders DETACH PARTITION audit_shop.orders_3;
SELECT table_name, problem FROM shopanalytics.audit_coverage();
SELECT shopanalytics.audit_disable('audit_shop.orders_3');
SELECT table_name, problem FROM shopanalytics.audit_coverage();
SELECT shopanalytics.audit_disable('audit_shop.orders');
SELECT count(*) FROM shopanalytics._audit_triggers();

-- Each decision is an event.
SELECT tenant, type, nullif(login, session_user) AS login, detail FROM shopanalytics.event WHERE type LIKE 'audit%' ORDER BY id;

DELETE FROM shopanalytics.audit_row;
DELETE FROM shopanalytics.audit_stmt;
DELETE FROM shopanalytics.audited_table;
SELECT shopanalytics.revoke_duty('regress_audit_admin', 'admin', 'audit_shop'), shopanalytics.revoke_duty('regress_audit_reader', 'audit_read', 'audit_shop');
SET client_min_messages = warning;
DROP SCHEMA audit_shop, audit_shop_2 CASCADE;
DROP OWNED BY regress_audit_owner;
DROP ROLE regress_audit_admin, regress_audit_owner, regress_audit_reader, regress_audit_clerk;
