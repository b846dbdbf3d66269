-- QA before and after a cleansing: what the figures are, what approved changes account
-- for, and what they do not.  -- A24
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET client_min_messages = warning;
TRUNCATE shopanalytics.qa_snapshot, shopanalytics.qa_metric RESTART IDENTITY;
DELETE FROM shopanalytics.event;
CREATE ROLE regress_qa_proposer LOGIN;
CREATE ROLE regress_qa_approver LOGIN;
CREATE ROLE regress_qa_second LOGIN;
CREATE ROLE regress_qa_nobody LOGIN;
CALL shopanalytics.create_store('qa_shop');
INSERT INTO qa_shop.customers (customer_id, name, email, segment, signup_date) VALUES
    ('C1', 'Ann', 'ann@shop.example', 'retail', '2024-01-01'), ('C2', 'Ben', 'ben(at)shop.example', NULL, '2024-01-02'),
    ('C2', 'Ben', 'ben@shop.example', NULL, '2024-01-03'), ('C3', 'Cleo', NULL, 'retail', '2024-01-04');
INSERT INTO qa_shop.products (product_id, name, category, price) VALUES ('P1', 'Pen', 'office', 2), ('P2', 'Cup', NULL, 5);
INSERT INTO qa_shop.orders (order_id, customer_id, order_date, order_total, status) VALUES
    ('O1', 'C1', '2024-02-01', 4, 'paid'), ('O2', 'C2', '2024-02-02', -10, 'paid'), ('O3', 'C9', '2024-02-03', 5, 'paid'), ('O4', 'C3', '2024-02-04', 'NaN', 'paid');
INSERT INTO qa_shop.order_items (order_id, line_number, product_id, quantity, unit_price) VALUES ('O1', 1, 'P1', 2, 2), ('O2', 1, 'P2', 2, 5), ('O7', 1, 'P9', 1, 1);
INSERT INTO qa_shop.sessions (session_id, customer_id, session_start, session_end, device) VALUES
    ('S1', 'C1', '2024-02-01 10:00Z', '2024-02-01 10:05Z', 'mobile'), ('S2', 'C8', '2024-02-01 11:00Z', '2024-02-01 10:55Z', 'fridge');
SELECT bool_and(shopanalytics.grant_duty('regress_qa_proposer', d, 'qa_shop')) FROM unnest(ARRAY['propose', 'apply']) d;
SELECT shopanalytics.grant_duty('regress_qa_approver', 'approve', 'qa_shop'), shopanalytics.grant_duty('regress_qa_second', 'approve', 'qa_shop'), shopanalytics.grant_duty('regress_qa_proposer', 'rollback', 'qa_shop');
GRANT USAGE ON SCHEMA qa_shop TO regress_qa_proposer, regress_qa_approver;
GRANT SELECT ON ALL TABLES IN SCHEMA qa_shop TO regress_qa_proposer, regress_qa_approver;

SET SESSION AUTHORIZATION regress_qa_proposer;
SELECT shopanalytics.qa_take('qa_shop', 'before');
SELECT entity, metric, item, value FROM shopanalytics.qa_metric WHERE value <> 0 AND metric <> 'distinct' ORDER BY entity, metric, item;
SELECT entity, item, value FROM shopanalytics.qa_metric WHERE metric = 'distinct' AND value > 0 ORDER BY entity, item;
-- nothing changed: every line says so
SELECT verdict, count(*) FROM shopanalytics.qa_report(1, 1) GROUP BY verdict ORDER BY verdict;

-- A cleansing: one update, one delete, one insert, approved by somebody else.
SELECT shopanalytics.cr_open('qa_shop', 'qa_shop.orders', 'manual', 'totals') AS orders_request \gset
SELECT shopanalytics.cr_add(:orders_request, 'U', '{"row_id": 2}', '{"order_total": 10}');
SELECT shopanalytics.cr_add(:orders_request, 'U', '{"row_id": 4}', '{"order_total": 7}');
SELECT shopanalytics.cr_add(:orders_request, 'D', '{"row_id": 3}');
SELECT shopanalytics.cr_open('qa_shop', 'qa_shop.customers', 'cleanse', 'segments') AS customers_request \gset
SELECT shopanalytics.cr_add_query(:customers_request, 'SELECT ''U'' AS op, jsonb_build_object(''row_id'', row_id) AS key, ''{"segment": "Unknown"}''::jsonb AS after FROM qa_shop.customers WHERE segment IS NULL');
SELECT shopanalytics.cr_submit(:orders_request) AS orders_hash \gset
SELECT shopanalytics.cr_submit(:customers_request) AS customers_hash \gset
SET SESSION AUTHORIZATION regress_qa_approver;
SELECT status FROM shopanalytics.cr_approve(:orders_request, :'orders_hash');
SELECT status FROM shopanalytics.cr_approve(:customers_request, :'customers_hash');
SET SESSION AUTHORIZATION regress_qa_second;
SELECT status FROM shopanalytics.cr_approve(:orders_request, :'orders_hash');
SET SESSION AUTHORIZATION regress_qa_proposer;
CALL shopanalytics.cr_apply(:orders_request);
CALL shopanalytics.cr_apply(:customers_request);
SELECT shopanalytics.qa_take('qa_shop', 'after');
-- what was approved explains it: one row less, 10 - -10 + 7 - 5 more
SELECT * FROM shopanalytics.qa_report('qa_shop') WHERE metric IN ('rows', 'sum') OR change <> 0;
SELECT verdict, count(*) FROM shopanalytics.qa_report('qa_shop') GROUP BY verdict ORDER BY verdict;
-- by number it is the same
SELECT count(*) AS differ FROM (SELECT * FROM shopanalytics.qa_report('qa_shop', 'before', 'after') EXCEPT SELECT * FROM shopanalytics.qa_report(1, 2)) d;

-- An edit that nobody approved does not go unseen, nor does a row that is lost.
RESET SESSION AUTHORIZATION;
UPDATE qa_shop.orders SET order_total = order_total + 1 WHERE order_id = 'O1';
DELETE FROM qa_shop.sessions WHERE session_id = 'S2';
UPDATE qa_shop.customers SET segment = NULL WHERE customer_id = 'C1';
SET SESSION AUTHORIZATION regress_qa_proposer;
SELECT shopanalytics.qa_take('qa_shop', 'after');
SELECT * FROM shopanalytics.qa_report('qa_shop') WHERE verdict IN ('violated', 'worse');
RESET SESSION AUTHORIZATION;
UPDATE qa_shop.orders SET order_total = order_total - 1 WHERE order_id = 'O1';

-- Rolled back it is as before, and the rollback explains it.
SET SESSION AUTHORIZATION regress_qa_proposer;
SELECT shopanalytics.cr_rollback_open(:orders_request) AS rollback_request \gset
SELECT shopanalytics.cr_submit(:rollback_request) AS rollback_hash \gset
SET SESSION AUTHORIZATION regress_qa_approver;
SELECT status FROM shopanalytics.cr_approve(:rollback_request, :'rollback_hash');
SET SESSION AUTHORIZATION regress_qa_proposer;
CALL shopanalytics.cr_apply(:rollback_request);
SELECT shopanalytics.qa_take('qa_shop', 'rolled back');
SELECT * FROM shopanalytics.qa_report('qa_shop', 'before', 'rolled back') WHERE entity = 'orders' AND (metric IN ('rows', 'sum') OR change <> 0);

-- A mapped table: its requests name the user's own, so a change is not traced.
RESET SESSION AUTHORIZATION;
CREATE TABLE public.qa_sales (id text PRIMARY KEY, amount numeric);
INSERT INTO public.qa_sales VALUES ('A', 10);
CALL shopanalytics.create_store('qa_mapped');
CALL shopanalytics.map_table('qa_mapped', 'orders', 'public.qa_sales', '{"order_id": "id", "order_total": "amount"}');
SELECT shopanalytics.grant_duty('regress_qa_proposer', 'dq_admin', 'qa_mapped');
GRANT USAGE ON SCHEMA qa_mapped TO regress_qa_proposer;
GRANT SELECT ON ALL TABLES IN SCHEMA qa_mapped TO regress_qa_proposer;
SET SESSION AUTHORIZATION regress_qa_proposer;
-- with the caller's rights
SELECT shopanalytics.qa_take('qa_mapped');
RESET SESSION AUTHORIZATION;
GRANT SELECT ON public.qa_sales TO regress_qa_proposer;
SET SESSION AUTHORIZATION regress_qa_proposer;
SELECT shopanalytics.qa_take('qa_mapped') > 0 AS taken;
RESET SESSION AUTHORIZATION;
INSERT INTO public.qa_sales VALUES ('B', 20);
SET SESSION AUTHORIZATION regress_qa_proposer;
SELECT shopanalytics.qa_take('qa_mapped', 'after') > 0 AS taken;
SELECT * FROM shopanalytics.qa_report('qa_mapped') WHERE metric IN ('rows', 'sum') AND change <> 0;

-- What is wrong; who may not.
SELECT * FROM shopanalytics.qa_report('qa_shop', 'before', 'never');
SELECT * FROM shopanalytics.qa_report(1, 999999);
SELECT * FROM shopanalytics.qa_report(NULL, 1);
SELECT max(id) AS mapped FROM shopanalytics.qa_snapshot WHERE tenant = 'qa_mapped' \gset
SELECT * FROM shopanalytics.qa_report(1, :mapped);
SELECT shopanalytics.qa_take('qa_shop', '');
SELECT shopanalytics.qa_take(NULL);
SET SESSION AUTHORIZATION regress_qa_approver;
SELECT * FROM shopanalytics.qa_report(1, :mapped);
SET SESSION AUTHORIZATION regress_qa_nobody;
SELECT count(*) FROM shopanalytics.qa_snapshot;
SELECT count(*) FROM shopanalytics.qa_metric;
SELECT * FROM shopanalytics.qa_report(1, 2);
SELECT shopanalytics.qa_take('qa_shop');
SELECT shopanalytics.qa_take('nowhere');
\set VERBOSITY sqlstate
SELECT shopanalytics._qa_measure('qa_shop', 'regress_qa_nobody');
\set VERBOSITY default
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.grant_duty('regress_qa_nobody', 'audit_read', 'nowhere');
SET SESSION AUTHORIZATION regress_qa_nobody;
SELECT shopanalytics.qa_take('nowhere');
RESET SESSION AUTHORIZATION;
SELECT type, login, detail - 'snapshot' AS detail FROM shopanalytics.event WHERE type = 'qa_taken' ORDER BY id;
CALL shopanalytics.drop_store('qa_mapped');
CALL shopanalytics.drop_store('qa_shop');
DROP TABLE public.qa_sales;
TRUNCATE shopanalytics.qa_snapshot, shopanalytics.qa_metric;
DELETE FROM shopanalytics.approval;
DELETE FROM shopanalytics.change_item;
DELETE FROM shopanalytics.change_request;
DELETE FROM shopanalytics.event;
DELETE FROM shopanalytics.duty;
DROP ROLE regress_qa_proposer, regress_qa_approver, regress_qa_second, regress_qa_nobody;
