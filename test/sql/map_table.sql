-- map_table: a user's own tables in the place of the base tables.
\set SHOW_CONTEXT never
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA erp;
CREATE TYPE erp.channel AS ENUM ('web', 'phone');
CREATE TABLE erp.client (no int PRIMARY KEY, "Full Name" varchar(50), mail text, since timestamp);
CREATE TABLE erp.sale (id int PRIMARY KEY, client_no bigint, at timestamp, total float8, channel erp.channel, note json);
CREATE TABLE erp.line (sale_id int, pos smallint, article uuid, pieces int, price money);
INSERT INTO erp.client VALUES (1, 'Anna Berg', 'anna@shop.example', '2025-01-05 23:30'), (2, 'Ben Cole', 'nonsense', '2025-01-06 00:30');
INSERT INTO erp.sale VALUES (10, 1, '2025-02-01 23:30', 12.5, 'web'), (11, 2, '2025-02-02 00:30', -3, 'phone'), (12, 9, '2025-02-03', 7, NULL);

CALL shopanalytics.create_store('mapped', timezone => 'Europe/Berlin');
CALL shopanalytics.map_table('mapped', 'customers', 'erp.client', '{"customer_id": "no", "name": "Full Name", "email": "mail", "signup_date": "since"}');
CALL shopanalytics.map_table('mapped', 'orders', 'erp.sale', '{"order_id": "id", "customer_id": "client_no", "order_date": "at", "order_total": "total"}');

-- time without zone is the store's local time; types become ours; keys stay theirs
SELECT order_id, customer_id, order_date, order_day, order_total, channel, row_id, order_issue FROM mapped.orders_clean ORDER BY order_id;
SELECT customer_id, name, email_status, signup_date FROM mapped.customers_clean ORDER BY customer_id;
SELECT day, revenue, new_customers, flagged_orders FROM mapped.kpi_daily;
SELECT attrelid::regclass AS relation, attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute
 WHERE attrelid IN ('mapped.orders'::regclass, 'mapped.customers'::regclass, 'mapped.order_items'::regclass, 'mapped.sessions'::regclass)
   AND attname IN ('order_id', 'customer_id', 'name', 'order_date', 'order_total', 'channel', 'signup_date') AND attnum > 0
 ORDER BY attrelid::regclass::text, attnum;
SELECT mapped FROM shopanalytics.store;

-- new rows show at once; rules and stage work on top
INSERT INTO erp.sale VALUES (13, 1, '2025-02-03', 1, 'web');
INSERT INTO mapped.clean_rule (entity, name, issue) VALUES ('orders', 'by_phone', 'channel = ''phone''');
SELECT order_id, order_issue FROM mapped.orders_clean ORDER BY order_id;
SET client_min_messages = warning;
CALL shopanalytics.stage('mapped');
RESET client_min_messages;
SELECT count(*) FROM mapped.orders_stage;

-- mapping again replaces the mapping; the rules stay
CREATE VIEW erp.big_sale AS SELECT id AS order_id, client_no AS customer_id, at AS order_date, total::numeric AS order_total FROM erp.sale WHERE total > 5;
CALL shopanalytics.map_table('mapped', 'orders', 'erp.big_sale');
SELECT order_id, order_issue FROM mapped.orders_clean ORDER BY order_id;
SELECT name FROM mapped.clean_rule WHERE NOT shipped;
-- a JSON null leaves a column out even if the table has one of that name
CALL shopanalytics.map_table('mapped', 'orders', 'erp.big_sale', '{"order_total": null}');
SELECT order_id, order_total, order_issue FROM mapped.orders_clean ORDER BY order_id;

-- names that need quotes
CREATE TABLE erp."Odd ""Table""" ("Item ""No""" text, "select" text);
INSERT INTO erp."Odd ""Table""" VALUES ('p1', 'Tea''s');
CALL shopanalytics.map_table('mapped', 'products', 'erp."Odd ""Table"""', '{"product_id": "Item \"No\"", "name": "select"}');
SELECT product_id, name FROM mapped.products_clean;

-- domains are what they are made of
CREATE DOMAIN erp.money2 AS numeric CHECK (VALUE > -1000);
CREATE DOMAIN erp.money3 AS erp.money2;
CREATE DOMAIN erp.visit_id AS uuid;
CREATE TABLE erp.visit (id erp.visit_id, client_no int, price erp.money3);
CALL shopanalytics.map_table('mapped', 'sessions', 'erp.visit', '{"session_id": "id"}');
CALL shopanalytics.map_table('mapped', 'products', 'erp.visit', '{"product_id": "client_no"}');
SELECT attrelid::regclass AS relation, attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute
 WHERE attrelid IN ('mapped.sessions'::regclass, 'mapped.products'::regclass) AND attname IN ('session_id', 'price') ORDER BY 1, 2;

-- refused, and nothing changes
CALL shopanalytics.map_table('mapped', 'orders', 99999);
CALL shopanalytics.map_table('mapped', 'sessions', 'mapped.orders_clean', '{"session_id": "order_id"}');
CALL shopanalytics.map_table('nowhere', 'orders', 'erp.sale');
CALL shopanalytics.map_table('mapped', 'order', 'erp.sale');
CALL shopanalytics.map_table('mapped', NULL, 'erp.sale');
CALL shopanalytics.map_table('mapped', 'orders', 'erp.nothing');
CALL shopanalytics.map_table('mapped', 'orders', NULL);
CALL shopanalytics.map_table('mapped', 'orders', 'erp.sale');
CALL shopanalytics.map_table('mapped', 'orders', 'erp.sale', '{"order_id": "nr"}');
CALL shopanalytics.map_table('mapped', 'orders', 'erp.sale', '{"order_id": "id", "sum": "total"}');
CALL shopanalytics.map_table('mapped', 'orders', 'erp.sale', '{"order_id": "id", "order_total": "at"}');
CALL shopanalytics.map_table('mapped', 'orders', 'erp.sale', '{"order_id": "id", "order_date": "total"}');
CALL shopanalytics.map_table('mapped', 'orders', 'erp.sale', '{"order_id": "note"}');
CALL shopanalytics.map_table('mapped', 'orders', 'erp.sale', '["order_id"]');
CALL shopanalytics.map_table('mapped', 'orders', 'mapped.orders');
CALL shopanalytics.map_table('mapped', 'orders', 'erp.client_pkey', '{}');
CALL shopanalytics.map_table('mapped', 'order_items', 'erp.line', '{"order_id": "sale_id", "line_number": "pos", "product_id": "article", "quantity": "pieces", "unit_price": "price"}');
ALTER TABLE erp.line ALTER price TYPE numeric, ALTER pos TYPE float8;
CALL shopanalytics.map_table('mapped', 'order_items', 'erp.line', '{"order_id": "sale_id", "line_number": "pos"}');
ALTER TABLE erp.line ALTER pos TYPE smallint;
-- the product key is a number already, and products are mapped
CALL shopanalytics.map_table('mapped', 'order_items', 'erp.line', '{"order_id": "sale_id", "line_number": "pos", "product_id": "article", "quantity": "pieces", "unit_price": "price"}');
SELECT mapped FROM shopanalytics.store;
SELECT count(*) FROM mapped.orders_clean;

-- a base table that holds rows is not pushed aside; nor is what a user built on a view
CALL shopanalytics.create_store('filled');
INSERT INTO filled.orders (order_id) VALUES ('1');
CALL shopanalytics.map_table('filled', 'orders', 'erp.sale', '{"order_id": "id"}');
CALL shopanalytics.map_table('filled', 'order_items', 'erp.line', '{"order_id": "sale_id"}');
CREATE VIEW public.my_kpi AS SELECT day FROM filled.kpi_daily;
CALL shopanalytics.map_table('filled', 'customers', 'erp.client', '{"customer_id": "no", "name": "Full Name"}');
DROP VIEW public.my_kpi;
SELECT count(*) FROM filled.orders;

-- dropping a store leaves the user's tables
CALL shopanalytics.drop_store('mapped');
CALL shopanalytics.drop_store('filled');
SELECT count(*) FROM erp.sale;
SET client_min_messages = warning;
DROP SCHEMA erp CASCADE;
