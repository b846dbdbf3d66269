-- Rules are data.  A shipped rule is a row like the user's own; a trigger made at
-- the end of create_store() checks each change and rebuilds the checked views.
INSERT INTO shopanalytics.store_part (layer, position, name, ddl) VALUES
('base', 50, 'clean_rule', $ddl$
CREATE TABLE clean_rule (
    entity text NOT NULL CONSTRAINT entity_is_a_base_table CHECK (entity IN ('customers', 'products', 'orders', 'order_items', 'sessions')),
    name text NOT NULL CONSTRAINT name_is_a_lower_case_word CHECK (name ~ '^[a-z][a-z0-9_]{0,49}$'),
    issue text NOT NULL,
    column_name text,
    fix text,
    action text NOT NULL DEFAULT 'flag' CONSTRAINT action_is_flag_fix_or_exclude CHECK (action IN ('flag', 'fix', 'exclude')),
    severity text NOT NULL DEFAULT 'warning' CONSTRAINT severity_is_info_warning_or_error CHECK (severity IN ('info', 'warning', 'error')),
    impact text,
    position integer NOT NULL DEFAULT 1000,
    enabled boolean NOT NULL DEFAULT true,
    shipped boolean NOT NULL DEFAULT false,
    PRIMARY KEY (entity, name),
    CONSTRAINT fix_goes_with_action_fix CHECK ((action = 'fix') = (fix IS NOT NULL)),
    CONSTRAINT fix_needs_column_name CHECK (fix IS NULL OR column_name IS NOT NULL)
);
COMMENT ON TABLE clean_rule IS 'what counts as an issue in the data, and how it is cleaned';
COMMENT ON COLUMN clean_rule.entity IS 'base table that the rule is about';
COMMENT ON COLUMN clean_rule.name IS 'name of the issue';
COMMENT ON COLUMN clean_rule.issue IS 'boolean SQL expression over the columns of <entity>_source: true where the issue is present';
COMMENT ON COLUMN clean_rule.column_name IS 'column that the issue is in; the one that a fix replaces';
COMMENT ON COLUMN clean_rule.fix IS 'SQL expression that gives the clean value where the issue is present';
COMMENT ON COLUMN clean_rule.action IS 'flag: keep the row and name the issue; fix: replace the value as well; exclude: leave the row out of the clean view';
COMMENT ON COLUMN clean_rule.severity IS 'rows with an issue of severity error are flagged and do not count as revenue';
COMMENT ON COLUMN clean_rule.impact IS 'what the issue does to the business';
COMMENT ON COLUMN clean_rule.position IS 'order of the issues in a row''s list; where several fixes want one column, the first counts';
COMMENT ON COLUMN clean_rule.enabled IS 'false switches the rule off';
COMMENT ON COLUMN clean_rule.shipped IS 'the rule comes with shopanalytics; upgrade_store keeps it up to date';
$ddl$),
('rule', 10, 'shipped rules', $ddl$
INSERT INTO clean_rule (entity, name, column_name, action, severity, position, issue, fix, impact, shipped) VALUES
('customers', 'missing_customer_id', 'customer_id', 'flag', 'error', 10,
 'customer_id IS NULL', NULL,
 'the customer''s orders cannot be told from anybody else''s', true),
-- A16: a total order decides which row stays, so that any order of loading gives the same
-- customer.
('customers', 'duplicate_customer', 'customer_id', 'exclude', 'error', 20,
 'customer_id IS NOT NULL AND row_number() OVER (PARTITION BY customer_id ORDER BY signup_date DESC NULLS LAST, num_nulls(name, email, segment, country), name, email, segment, country, row_id) > 1', NULL,
 'one person counts as several: customer numbers too high, lifetime value too low', true),
('customers', 'missing_email', 'email', 'flag', 'warning', 30,
 'email IS NULL OR shopanalytics.email_status(shopanalytics.clean_text(email)) = ''empty''', NULL,
 'the customer cannot be reached by mail', true),
('customers', 'bad_email', 'email', 'flag', 'warning', 40,
 'shopanalytics.email_status(shopanalytics.clean_text(email)) NOT IN (''valid'', ''empty'')', NULL,
 'mails bounce, which costs the sender''s reputation', true),
('customers', 'untidy_email', 'email', 'fix', 'info', 50,
 'shopanalytics.email_valid(shopanalytics.clean_text(email)) AND email <> shopanalytics.email_normalize(shopanalytics.clean_text(email))',
 'shopanalytics.email_normalize(shopanalytics.clean_text(email))',
 'one address written in two ways is not found as a duplicate', true),
('customers', 'untidy_name', 'name', 'fix', 'info', 60,
 'name <> shopanalytics.clean_name(name)', 'shopanalytics.clean_name(name)',
 'letters go out with names in capitals; the same name groups apart', true),
('customers', 'missing_segment', 'segment', 'fix', 'warning', 70,
 'segment IS NULL OR shopanalytics.clean_text(segment) = ''''', '''Unknown''',
 'revenue cannot be put down to a segment', true),
('customers', 'future_signup', 'signup_date', 'flag', 'warning', 80,
 'signup_date > shopanalytics._day(now(), (SELECT timezone FROM store_setting)) + 1', NULL,
 'cohorts and customer age are wrong', true),

('products', 'duplicate_product', 'product_id', 'exclude', 'error', 10,
 'product_id IS NOT NULL AND row_number() OVER (PARTITION BY product_id ORDER BY num_nulls(name, category, price), name, category, price, row_id) > 1', NULL,
 'joins to the product count its sales twice', true),
('products', 'missing_category', 'category', 'fix', 'warning', 20,
 'category IS NULL OR shopanalytics.clean_text(category) = ''''', '''Unknown''',
 'sales cannot be put down to a category', true),
('products', 'negative_price', 'price', 'flag', 'error', 30,
 'price < 0', NULL,
 'the catalogue offers money for taking the product', true),

('orders', 'duplicate_order', 'order_id', 'exclude', 'error', 10,
 'order_id IS NOT NULL AND row_number() OVER (PARTITION BY order_id ORDER BY order_date DESC NULLS LAST, num_nulls(customer_id, order_total, channel, payment_method, status, shipment_date), customer_id, order_total, channel, payment_method, status, shipment_date, row_id) > 1', NULL,
 'the same order counts twice as revenue', true),
('orders', 'negative_total', 'order_total', 'flag', 'error', 20,
 'order_total < 0 AND order_total > ''-Infinity''', NULL,
 'revenue is understated; a refund booked as an order, or a wrong sign', true),
('orders', 'missing_total', 'order_total', 'flag', 'error', 30,
 'order_total IS NULL OR order_total IN (''NaN'', ''Infinity'', ''-Infinity'')', NULL,
 'the order''s revenue is missing', true),
('orders', 'missing_date', 'order_date', 'flag', 'error', 40,
 'order_date IS NULL OR NOT isfinite(order_date)', NULL,
 'the order belongs to no day: daily and monthly figures leave it out', true),
('orders', 'future_date', 'order_date', 'flag', 'error', 50,
 'isfinite(order_date) AND order_date > now()', NULL,
 'revenue is booked before it happens: trends and forecasts are wrong', true),
('orders', 'ancient_date', 'order_date', 'flag', 'error', 55,
 'isfinite(order_date) AND order_date < ''1970-01-01 00:00+00''', NULL,
 'a date filled in for a missing one: the order counts on a day that never was', true),
('orders', 'missing_shipment_date', 'shipment_date', 'flag', 'warning', 60,
 'shipment_date IS NULL AND lower(shopanalytics.clean_text(status)) IN (''shipped'', ''delivered'')', NULL,
 'delivery times cannot be measured', true),
('orders', 'shipped_before_ordered', 'shipment_date', 'flag', 'warning', 70,
 'shipment_date < order_date', NULL,
 'delivery times are negative', true),
('orders', 'missing_customer', 'customer_id', 'flag', 'warning', 80,
 'customer_id IS NULL', NULL,
 'the order counts for no customer: repeat rate and lifetime value are too low', true),
('orders', 'unknown_customer', 'customer_id', 'flag', 'warning', 90,
 'customer_id IS NOT NULL AND NOT is_known_customer', NULL,
 'the order has no segment and no address', true),
('orders', 'total_mismatch', 'order_total', 'flag', 'warning', 100,
 'order_total >= 0 AND items > 0 AND abs(order_total - items_total) > 0.01', NULL,
 'revenue by product does not add up to revenue by order', true),

('order_items', 'unknown_order', 'order_id', 'flag', 'error', 10,
 'NOT is_known_order', NULL,
 'the line is sold but in no order', true),
('order_items', 'unknown_product', 'product_id', 'flag', 'warning', 20,
 'NOT is_known_product', NULL,
 'the sale has no category', true),
('order_items', 'missing_quantity', 'quantity', 'flag', 'error', 24,
 'quantity IS NULL OR quantity IN (''NaN'', ''Infinity'', ''-Infinity'')', NULL,
 'the line adds nothing to the revenue of its product', true),
('order_items', 'missing_unit_price', 'unit_price', 'flag', 'error', 27,
 'unit_price IS NULL OR unit_price IN (''NaN'', ''Infinity'', ''-Infinity'')', NULL,
 'the line adds nothing to the revenue of its product', true),
('order_items', 'non_positive_quantity', 'quantity', 'flag', 'warning', 30,
 'quantity <= 0 AND quantity > ''-Infinity''', NULL,
 'a return booked as a sale, or a slip of the hand', true),
('order_items', 'negative_price', 'unit_price', 'flag', 'error', 40,
 'unit_price < 0 AND unit_price > ''-Infinity''', NULL,
 'revenue is understated', true),

('sessions', 'missing_start', 'session_start', 'flag', 'error', 10,
 'session_start IS NULL OR NOT isfinite(session_start)', NULL,
 'the visit belongs to no day', true),
('sessions', 'missing_end', 'session_end', 'flag', 'warning', 20,
 'session_end IS NULL OR NOT isfinite(session_end)', NULL,
 'the visit has no duration', true),
('sessions', 'negative_duration', 'session_end', 'flag', 'error', 30,
 'session_end < session_start', NULL,
 'average time on site is too low: clocks or time zones are mixed up', true),
('sessions', 'zero_duration', 'session_end', 'flag', 'warning', 40,
 'session_end = session_start', NULL,
 'bounces and broken trackers pull the average time on site down', true),
('sessions', 'unknown_device', 'device', 'flag', 'warning', 50,
 'device IS NULL OR lower(shopanalytics.clean_text(device)) <> ALL ((SELECT known_device FROM store_setting)::text[])', NULL,
 'conversion by device leaves the visit out', true)
-- In an upgrade: what the user decided (enabled, severity, impact) and the user's own rules stay.
ON CONFLICT (entity, name) DO UPDATE SET (column_name, action, position, issue, fix, shipped)
    = (excluded.column_name, excluded.action, excluded.position, excluded.issue, excluded.fix, excluded.shipped)
    WHERE clean_rule.shipped;
$ddl$);
