-- Stores: making, listing, upgrading, dropping; two side by side never mix.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

-- ordinary
CALL shopanalytics.create_store('demo');
CALL shopanalytics.create_store('berlin', timezone => 'Europe/Berlin', key_type => 'bigint');
SELECT store, version = (SELECT extversion FROM pg_extension WHERE extname = 'shopanalytics') AS current, timezone, mapped
  FROM shopanalytics.store ORDER BY store;

-- A22: base, source, checked, clean and stage of each entity
SELECT string_agg(relname, ' ' ORDER BY relname) FILTER (WHERE relname ~ '^orders(_(source|checked|clean|stage))?$') AS orders,
       string_agg(relname, ' ' ORDER BY relname) FILTER (WHERE relname ~ '^sessions(_(source|checked|clean|stage))?$') AS sessions
  FROM pg_class WHERE relnamespace = 'demo'::regnamespace AND relkind IN ('r', 'v');

-- what was made is noted, so that it can be taken away again
SELECT string_agg(name, ' ' ORDER BY position) FROM demo.store_object WHERE layer = 'base';

-- the key type is the store's own
SELECT attrelid::regclass, attname, format_type(atttypid, NULL)
  FROM pg_attribute
 WHERE attrelid IN ('demo.order_items'::regclass, 'berlin.order_items'::regclass, 'demo.orders_clean'::regclass, 'berlin.orders_clean'::regclass)
   AND attname IN ('order_id', 'customer_id', 'product_id') AND attnum > 0
 ORDER BY 1, 2;

-- two stores never mix
INSERT INTO demo.orders (order_id, customer_id, order_date, order_total) VALUES ('a', 'c', '2025-01-01 23:30+00', 10);
INSERT INTO berlin.orders (order_id, customer_id, order_date, order_total) VALUES (1, 1, '2025-01-01 23:30+00', 20);
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'small_order', 'order_total < 50');
SELECT order_id, order_day, order_issue FROM demo.orders_clean;
SELECT order_id, order_day, order_issue FROM berlin.orders_clean;
SELECT day, revenue, orders FROM demo.kpi_daily;
SELECT day, revenue, orders FROM berlin.kpi_daily;

-- stage: a second run changes nothing
CALL shopanalytics.stage('demo');
SELECT order_id, order_total, order_issue FROM demo.orders_stage;
CALL shopanalytics.stage('demo');
SELECT order_id, order_total, order_issue FROM demo.orders_stage;

-- names with quotes, blanks and capitals
CALL shopanalytics.create_store('O''Neil "Shop"');
INSERT INTO "O'Neil ""Shop""".customers (customer_id, email) VALUES ('1', 'x');
SELECT customer_id, issues FROM "O'Neil ""Shop""".customers_clean;
CALL shopanalytics.stage('O''Neil "Shop"');
CALL shopanalytics.drop_store('O''Neil "Shop"');

-- errors
CALL shopanalytics.create_store('demo');
CALL shopanalytics.create_store(NULL);
CALL shopanalytics.create_store('');
CALL shopanalytics.create_store(repeat('x', 64));
CALL shopanalytics.create_store('pg_shop');
CALL shopanalytics.create_store('$user');
CALL shopanalytics.create_store('nowhere', cancelled_status => NULL);
CALL shopanalytics.create_store('nowhere', known_device => '{mobile,NULL}');
CALL shopanalytics.create_store('nowhere', timezone => 'Europe/Atlantis');
CALL shopanalytics.create_store('nowhere', timezone => NULL);
CALL shopanalytics.create_store('nowhere', key_type => 'json');
CALL shopanalytics.create_store('nowhere', key_type => NULL);
CALL shopanalytics.stage('nowhere');
CALL shopanalytics.stage('public');
CALL shopanalytics.stage(NULL);
CALL shopanalytics.upgrade_store('nowhere');
CALL shopanalytics.drop_store('nowhere');
-- nothing half-made
SELECT count(*) FROM pg_namespace WHERE nspname IN ('nowhere', 'pg_shop');

-- upgrade: the user's rule, switch and severity stay; a lost shipped rule and view come back
CALL shopanalytics.upgrade_store('demo');
UPDATE demo.clean_rule SET enabled = false WHERE name = 'missing_customer';
UPDATE demo.clean_rule SET severity = 'error', issue = 'order_total < -1' WHERE name = 'negative_total';
DELETE FROM demo.clean_rule WHERE name = 'unknown_customer';
UPDATE demo.clean_rule SET issue = 'order_total < -100', shipped = false WHERE name = 'missing_total';
DROP VIEW demo.customer_segments;
UPDATE demo.store_setting SET version = '0.0.1';
CALL shopanalytics.upgrade_store('demo');
SELECT name, issue, severity, enabled, shipped FROM demo.clean_rule
 WHERE name IN ('missing_customer', 'negative_total', 'unknown_customer', 'small_order', 'missing_total') ORDER BY name;
SELECT count(*) FROM demo.customer_segments;
SELECT order_id, order_issue FROM demo.orders_clean;
SELECT store, version = (SELECT extversion FROM pg_extension WHERE extname = 'shopanalytics') AS current FROM shopanalytics.store ORDER BY store;
-- the trigger is on again
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'tiny_order', 'order_total < 20');
SELECT order_issue FROM demo.orders_clean;

-- a column of the user's own: rules may look at it after a rebuild; what others were granted stays
CREATE ROLE regress_reader;
GRANT SELECT ON demo.orders_clean, demo.kpi_daily TO regress_reader;
GRANT SELECT ON demo.customers TO PUBLIC;
ALTER TABLE demo.orders ADD COLUMN coupon text;
CALL shopanalytics.upgrade_store('demo', rebuild => true);
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'with_coupon', 'coupon <> ''''');
SELECT c.relname, CASE x.grantee WHEN 0 THEN 'public' ELSE x.grantee::regrole::text END AS grantee, x.privilege_type
  FROM pg_class c, aclexplode(c.relacl) x
 WHERE c.relnamespace = 'demo'::regnamespace AND x.grantee <> c.relowner ORDER BY c.relname;
DROP OWNED BY regress_reader;
DROP ROLE regress_reader;
-- the extension dropped and made again: a rebuild brings views and trigger back
SET client_min_messages = warning;
DROP EXTENSION shopanalytics CASCADE;
CREATE EXTENSION shopanalytics;
CALL shopanalytics.upgrade_store('demo', rebuild => true);
CALL shopanalytics.upgrade_store('berlin', rebuild => true);
RESET client_min_messages;
UPDATE demo.clean_rule SET enabled = false WHERE name = 'tiny_order';
SELECT order_issue FROM demo.orders_clean;

-- status and devices are compared in lower case and without outer blanks
UPDATE demo.orders SET status = ' Cancelled ';
SELECT is_cancelled FROM demo.orders_clean;

-- dropping asks before it takes what others built
CREATE TABLE demo.my_notes (note text);
CREATE VIEW public.my_report AS SELECT day, revenue FROM demo.kpi_daily;
CALL shopanalytics.drop_store('demo');
DROP VIEW public.my_report;
CALL shopanalytics.drop_store('demo');
SELECT order_id FROM demo.orders;
DROP TABLE demo.my_notes;
-- nor what stands in the place of something of ours
DROP VIEW demo.customer_segments;
CREATE TABLE demo.customer_segments (mine text);
CALL shopanalytics.drop_store('demo');
DROP TABLE demo.customer_segments;
CALL shopanalytics.drop_store('demo');
CREATE VIEW public.my_report AS SELECT day, revenue FROM berlin.kpi_daily;
SET client_min_messages = warning;
CALL shopanalytics.drop_store('berlin', cascade => true);
RESET client_min_messages;
SELECT to_regclass('public.my_report') AS my_report, to_regnamespace('demo') AS demo, to_regnamespace('berlin') AS berlin;

-- a store is an ordinary schema: dropping or renaming it leaves no stale entry
CALL shopanalytics.create_store('gone');
ALTER SCHEMA gone RENAME TO moved;
SELECT store FROM shopanalytics.store;
INSERT INTO moved.clean_rule (entity, name, issue) VALUES ('orders', 'tiny_order', 'order_total < 20');
CALL shopanalytics.drop_store('moved');
SELECT count(*) FROM shopanalytics.store;

-- a plain user with the right to make schemas needs nothing more, and sees only what is open to him
CREATE ROLE regress_shopkeeper;
CREATE ROLE regress_stranger;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_shopkeeper', current_database()); END $$;
SET ROLE regress_shopkeeper;
CALL shopanalytics.create_store('mine');
INSERT INTO mine.orders (order_id, order_total) VALUES ('1', -5);
INSERT INTO mine.clean_rule (entity, name, issue) VALUES ('orders', 'tiny_order', 'order_total < 20');
CALL shopanalytics.stage('mine');
SELECT order_id, order_issue FROM mine.orders_stage;
SELECT store, owner FROM shopanalytics.store;
SET ROLE regress_stranger;
SELECT store, owner FROM shopanalytics.store;
CALL shopanalytics.stage('mine');
CALL shopanalytics.drop_store('mine');
RESET ROLE;
SELECT store, owner FROM shopanalytics.store;
-- views run with the rights of who reads them
GRANT USAGE ON SCHEMA mine TO regress_stranger;
GRANT SELECT ON mine.orders_clean TO regress_stranger;
SET ROLE regress_stranger;
SELECT * FROM mine.orders_clean;
RESET ROLE;
-- not even a superuser runs the owner's code by accident
CALL shopanalytics.drop_store('mine');
CALL shopanalytics.map_table('mine', 'orders', 'pg_class');
CALL shopanalytics.upgrade_store('mine');
CALL shopanalytics.generate_shop('mine');
INSERT INTO mine.clean_rule (entity, name, issue) VALUES ('orders', 'mine', 'true');
-- nor the owner what somebody else can put beside the rules
GRANT CREATE ON SCHEMA mine TO regress_stranger;
SET ROLE regress_shopkeeper;
INSERT INTO mine.clean_rule (entity, name, issue) VALUES ('orders', 'mine', 'true');
RESET ROLE;
REVOKE CREATE ON SCHEMA mine FROM regress_stranger;

-- tables of those names do not make a store, and bring no code of theirs along
SET ROLE regress_shopkeeper;
CREATE SCHEMA fake;
CREATE TYPE fake.t AS (a int);
CREATE FUNCTION fake.f(fake.t) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'ran as %', current_user; RETURN 'x'; END $$;
CREATE TABLE fake.store_setting (version fake.t, timezone text);
CREATE TABLE fake.store_object (name text, kind text);
CREATE TABLE fake.precious (note text);
INSERT INTO fake.store_setting VALUES (ROW(1), 'UTC');
RESET ROLE;
CREATE CAST (fake.t AS text) WITH FUNCTION fake.f(fake.t) AS ASSIGNMENT;
SELECT store, owner FROM shopanalytics.store;
CALL shopanalytics.stage('fake');
CALL shopanalytics.drop_store('fake', cascade => true);
SELECT count(*) FROM fake.precious;
SET client_min_messages = warning;
DROP SCHEMA fake CASCADE;
RESET client_min_messages;

SET ROLE regress_shopkeeper;
CALL shopanalytics.drop_store('mine');
RESET ROLE;
DROP OWNED BY regress_shopkeeper, regress_stranger;
DROP ROLE regress_shopkeeper, regress_stranger;
