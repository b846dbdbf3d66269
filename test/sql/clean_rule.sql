-- Clean rules: what each shipped rule finds, what a user's rule does, what is refused.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CALL shopanalytics.create_store('demo');

-- Every shipped rule on rows made for it: the row's own id says what must be found.
INSERT INTO demo.customers (customer_id, name, email, segment, signup_date) VALUES
    ('clean', 'Anna Berg', 'anna@shop.example', 'Consumer', '2025-01-01'),
    ('missing_email', 'Anna Berg', NULL, 'Consumer', '2025-01-01'),
    ('missing_email 2', 'Anna Berg', '  ', 'Consumer', '2025-01-01'),
    ('bad_email', 'Anna Berg', 'anna.shop.example', 'Consumer', '2025-01-01'),
    ('untidy_email', 'Anna Berg', ' anna@Shop.Example ', 'Consumer', '2025-01-01'),
    ('untidy_name', '  ANNA   BERG', 'anna@shop.example', 'Consumer', '2025-01-01'),
    ('missing_segment', 'Anna Berg', 'anna@shop.example', NULL, '2025-01-01'),
    ('missing_segment 2', 'Anna Berg', 'anna@shop.example', ' ', '2025-01-01'),
    ('future_signup', 'Anna Berg', 'anna@shop.example', 'Consumer', '2125-01-01'),
    (NULL, 'Anna Berg', 'anna@shop.example', 'Consumer', '2025-01-01');
SELECT customer_id, name, email, segment, email_status, issues, is_flagged FROM demo.customers_clean ORDER BY customer_id;   -- A17 A18

INSERT INTO demo.products (product_id, name, category, price) VALUES
    ('clean', 'Tea', 'Food', 3.99), ('missing_category', 'Tea', NULL, 3.99), ('negative_price', 'Tea', 'Food', -1),
    ('duplicate', 'Tea', NULL, 3.99), ('duplicate', 'Tea', 'Food', 3.99);
SELECT product_id, category, price, issues, is_flagged FROM demo.products_clean ORDER BY product_id;

INSERT INTO demo.orders (order_id, customer_id, order_date, order_total, status, shipment_date) VALUES
    ('clean', 'clean', '2025-02-01 10:00', 10, 'shipped', '2025-02-02'),
    ('cancelled', 'clean', '2025-02-01 10:00', 10, 'Cancelled', NULL),
    ('pending', 'clean', '2025-02-01 10:00', 10, 'pending', NULL),
    ('negative_total', 'clean', '2025-02-01 10:00', -0.01, 'shipped', '2025-02-02'),
    ('missing_total', 'clean', '2025-02-01 10:00', NULL, 'shipped', '2025-02-02'),
    ('missing_total nan', 'clean', '2025-02-01 10:00', 'NaN', 'shipped', '2025-02-02'),
    ('missing_date', 'clean', NULL, 10, 'shipped', '2025-02-02'),
    ('missing_date inf', 'clean', 'infinity', 10, 'pending', NULL),
    ('future_date', 'clean', '2125-02-01', 10, 'pending', NULL),
    ('ancient_date', 'clean', '0001-01-01', 10, 'pending', NULL),
    ('missing_total -inf', 'clean', '2025-02-01 10:00', '-Infinity', 'shipped', '2025-02-02'),
    ('missing_shipment', 'clean', '2025-02-01 10:00', 10, 'Delivered', NULL),
    ('shipped_before', 'clean', '2025-02-01 10:00', 10, 'shipped', '2025-01-31'),
    ('missing_customer', NULL, '2025-02-01 10:00', 10, 'pending', NULL),
    ('unknown_customer', 'nobody', '2025-02-01 10:00', 10, 'pending', NULL),
    ('total_mismatch', 'clean', '2025-02-01 10:00', 10, 'pending', NULL),
    ('total within cent', 'clean', '2025-02-01 10:00', 10, 'pending', NULL);
INSERT INTO demo.order_items (order_id, line_number, product_id, quantity, unit_price) VALUES
    ('clean', 1, 'clean', 2, 3.99), ('clean', 2, 'clean', 1, 2.02),
    ('total_mismatch', 1, 'clean', 1, 9.98), ('total within cent', 1, 'clean', 1, 10.01),
    ('cancelled', 1, 'clean', NULL, 1), ('cancelled', 2, 'clean', 1, 'NaN'),
    ('no such order', 1, 'clean', 1, 1), ('pending', 1, 'no such product', 2, 5),
    ('negative_total', 1, 'clean', 0, 1), ('missing_total', 1, 'clean', 1, -1);
SELECT order_id, order_issue, is_flagged, is_cancelled, items, items_total FROM demo.orders_clean ORDER BY order_id COLLATE "C";   -- A20
SELECT order_id, line_number, issues, is_flagged FROM demo.order_items_clean ORDER BY order_id COLLATE "C", line_number;

-- what the rules look at
SELECT order_id, items, items_total, is_known_customer FROM demo.orders_source WHERE order_id IN ('clean', 'pending', 'unknown_customer') ORDER BY order_id;

INSERT INTO demo.sessions (session_id, customer_id, session_start, session_end, device) VALUES
    ('clean', 'clean', '2025-03-01 10:00', '2025-03-01 10:05:30.5', 'Mobile '),
    ('missing_start', 'clean', NULL, '2025-03-01 10:05', 'mobile'),
    ('missing_end', 'clean', '2025-03-01 10:00', NULL, 'mobile'),
    ('missing_end inf', 'clean', '2025-03-01 10:00', 'infinity', 'mobile'),
    ('negative_duration', 'clean', '2025-03-01 10:00', '2025-03-01 09:59', 'desktop'),
    ('zero_duration', 'clean', '2025-03-01 10:00', '2025-03-01 10:00', 'tablet'),
    ('unknown_device', 'clean', '2025-03-01 10:00', '2025-03-01 10:05', 'toaster'),
    ('unknown_device null', 'clean', '2025-03-01 10:00', '2025-03-01 10:05', NULL);
SELECT session_id, session_duration, duration_status, issues, is_flagged FROM demo.sessions_clean ORDER BY session_id COLLATE "C";   -- A21

-- A16: the latest signup stays; with a tie the row that says more, whatever the order of loading
CALL shopanalytics.create_store('twins');
CREATE FUNCTION pg_temp.survivor(seed float8) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setseed(seed);
    TRUNCATE twins.customers;
    INSERT INTO twins.customers (customer_id, name, email, segment, signup_date)
    SELECT v.* FROM (VALUES
        ('1', 'Old', 'old@shop.example', 'A', date '2024-01-01'), ('1', 'New', 'new@shop.example', NULL, '2025-01-01'),
        ('2', 'Less', NULL, NULL, '2025-01-01'), ('2', 'More', 'more@shop.example', 'A', '2025-01-01'),
        ('3', 'No Date', 'nodate@shop.example', 'A', NULL), ('3', 'Dated', NULL, NULL, '2020-01-01'),
        ('4', 'Tie B', 'b@shop.example', 'A', '2025-01-01'), ('4', 'Tie A', 'a@shop.example', 'A', '2025-01-01'), ('4', 'Tie C', 'c@shop.example', 'A', '2025-01-01'),
        (NULL, 'Nobody', 'n@shop.example', 'A', '2025-01-01'), (NULL, 'Nobody', 'n@shop.example', 'A', '2025-01-01')) v
     ORDER BY random();
    RETURN (SELECT string_agg(coalesce(customer_id, '-') || ' ' || name, ', ' ORDER BY customer_id, name) FROM twins.customers_clean);
END $$;
SELECT DISTINCT pg_temp.survivor(n / 40.0) FROM generate_series(1, 40) n;
SELECT customer_id, name, is_excluded FROM twins.customers_checked WHERE 'duplicate_customer' = ANY (issues) ORDER BY customer_id, name;
SET client_min_messages = warning;
CALL shopanalytics.stage('twins');
RESET client_min_messages;
SELECT count(*) AS staged, count(DISTINCT customer_id) AS customers FROM twins.customers_stage;   -- A15
CALL shopanalytics.drop_store('twins');

-- A26: a user's own rules: payment channels in one spelling, names in two parts
INSERT INTO demo.orders (order_id, customer_id, order_date, order_total, payment_method) VALUES
    ('pay 1', 'clean', '2025-02-01', 1, 'Visa Card'), ('pay 2', 'clean', '2025-02-01', 1, 'PAYPAL'), ('pay 3', 'clean', '2025-02-01', 1, 'paypal');
INSERT INTO demo.clean_rule (entity, name, column_name, issue, action, fix, severity, impact) VALUES
    ('orders', 'card_channel', 'payment_method', 'payment_method ~* ''visa|master''', 'fix', '''card''', 'info', 'channels do not add up'),
    ('orders', 'payment_spelling', 'payment_method', 'payment_method <> lower(payment_method)', 'fix', 'lower(payment_method) -- one spelling', 'info', 'channels do not add up');
SELECT order_id, payment_method, order_issue FROM demo.orders_clean WHERE order_id ~ '^pay' ORDER BY order_id;
-- where two fixes want one column, the first by position and name counts
UPDATE demo.clean_rule SET position = 1 WHERE name = 'payment_spelling';
SELECT order_id, payment_method FROM demo.orders_clean WHERE order_id = 'pay 1';
-- the base stays as it is (A22)
SELECT order_id, payment_method FROM demo.orders WHERE order_id ~ '^pay' ORDER BY order_id;
-- severity, switch and removal take effect at once; views built on the clean view stay
CREATE VIEW public.my_orders AS SELECT order_id, payment_method, is_flagged FROM demo.orders_clean;
UPDATE demo.clean_rule SET severity = 'error' WHERE name = 'payment_spelling';
SELECT * FROM public.my_orders WHERE order_id ~ '^pay' ORDER BY order_id;
UPDATE demo.clean_rule SET enabled = false WHERE name = 'payment_spelling';
DELETE FROM demo.clean_rule WHERE name = 'card_channel';
SELECT * FROM public.my_orders WHERE order_id ~ '^pay' ORDER BY order_id;
DROP VIEW public.my_orders;
-- the text of a fix is taken as it is
INSERT INTO demo.clean_rule (entity, name, column_name, issue, action, fix) VALUES
    ('products', 'percent', 'name', 'product_id = ''clean''', 'fix', 'format(''%s!'', name) || '' 100%s %1$I''');
SELECT name FROM demo.products_clean WHERE product_id = 'clean';
-- a rule may look across tables and rows
INSERT INTO demo.clean_rule (entity, name, issue) VALUES
    ('orders', 'above_average', 'order_total > 1.5 * (SELECT avg(o.order_total) FROM orders o WHERE o.order_total > 0 AND o.order_total <> ''NaN'')'),
    ('products', 'cheaper_elsewhere', 'price > min(price) OVER (PARTITION BY name)');
SELECT product_id FROM demo.products_clean WHERE 'cheaper_elsewhere' = ANY (issues) ORDER BY 1;
DELETE FROM demo.clean_rule WHERE NOT shipped;

-- refused, with the rule's name, and nothing changes
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'order_total');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'order_sum < 0');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', '');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'order_total < ');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'true, false');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'true AS r');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'true FROM orders');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'true) IS TRUE AS x FROM orders r; DROP TABLE orders; --');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'true /* never closed');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'true UNION SELECT false');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'true ORDER BY 1');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'random() < 0.5');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', '(SELECT setval(''demo.orders_row_id_seq'', 1)) = 1');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', '(SELECT true FROM orders o LIMIT 1 FOR UPDATE)');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'r IS NULL');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', '(SELECT count(r) FROM products p) > 1');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'bool_and(order_total < 0)');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'r', 'generate_series(1, 2) = 1');
INSERT INTO demo.clean_rule (entity, name, issue, action, column_name, fix) VALUES ('orders', 'r', 'true', 'fix', 'order_total', '''much''::text');
INSERT INTO demo.clean_rule (entity, name, issue, action, column_name, fix) VALUES ('orders', 'r', 'true', 'fix', 'order_sum', '0');
INSERT INTO demo.clean_rule (entity, name, issue, action, fix) VALUES ('orders', 'r', 'true', 'fix', '0');
INSERT INTO demo.clean_rule (entity, name, issue, action) VALUES ('orders', 'r', 'true', 'fix');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('order', 'r', 'true');
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'R 1', 'true');
SELECT count(*) FROM demo.clean_rule WHERE NOT shipped;
SELECT count(*) FROM demo.orders_clean;
-- a NULL verdict is no issue
INSERT INTO demo.clean_rule (entity, name, issue) VALUES ('orders', 'always_null', 'NULL::boolean');
SELECT count(*) FROM demo.orders_clean WHERE 'always_null' = ANY (issues);
-- the check itself, with what is no relation and no type
SELECT shopanalytics._check_expression('true', 0, 'boolean');
SELECT shopanalytics._check_expression('true', 99999, 'boolean');
SELECT shopanalytics._check_expression('true', 'demo.orders', 99999);
SELECT shopanalytics._check_expression(NULL, 'demo.orders', 'boolean');
CALL shopanalytics.drop_store('demo');
