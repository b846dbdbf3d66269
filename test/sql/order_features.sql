-- order_features: what is known of an order when it is placed.  -- A34
SET timezone = 'UTC';
SET client_min_messages = warning;
CALL shopanalytics.create_store('feat', timezone => 'America/New_York');
INSERT INTO feat.customers (customer_id, segment, country, signup_date) VALUES
    ('c1', 'Consumer', 'France', '2025-01-01'),
    ('c1', 'Old', 'Spain', '2024-12-01'),          -- a duplicate: the later signup counts
    ('c2', 'Corporate', NULL, 'infinity');
INSERT INTO feat.orders (order_id, customer_id, order_date, order_total, channel, payment_method, status) VALUES
    ('o1', 'c1', '2025-03-01 15:00+00', 100, 'web', 'paypal', 'delivered'),
    ('o2', 'c1', '2025-03-02 03:30+00', 50, 'web', 'credit card', 'delivered'),   -- Saturday 22:30 in New York
    ('o3', 'c1', '2025-03-03 15:30+00', 300, 'phone', 'paypal', 'cancelled'),
    ('o3', 'c1', '2025-03-03 15:30+00', 300, 'phone', 'paypal', 'cancelled'),     -- twice: one order
    ('o4', 'c2', 'infinity', 10, 'web', 'paypal', 'placed'),
    ('o5', NULL, '2025-03-01 15:00+00', 'NaN', NULL, NULL, NULL),
    ('o6', 'nobody', '2025-03-01 15:00+00', -20, 'web', 'paypal', 'placed'),
    (NULL, 'c1', '2025-03-01 12:00+00', 5, 'web', 'paypal', 'placed');            -- no key: cannot be scored, nor be told from others
INSERT INTO feat.order_items (order_id, line_number, product_id, quantity, unit_price) VALUES
    ('o1', 1, 'p1', 2, 30), ('o1', 2, 'p2', 1, 40), ('o2', 1, 'p1', 'NaN', 30), ('o3', 1, 'p1', 0, 30);
SELECT order_id, is_flagged, order_total, lines, pieces, highest_price, items_total, round(average_price, 2) AS average_price, channel, payment_method
  FROM feat.order_features ORDER BY order_id;
SELECT order_id, hour, weekday, segment, country, days_since_signup, earlier_orders, round(earlier_average, 2) AS earlier_average,
       round(hours_since_previous, 2) AS hours_since_previous, round(total_to_average, 2) AS total_to_average
  FROM feat.order_features ORDER BY order_id;

-- What comes later changes nothing of an order.
CREATE TABLE before AS SELECT * FROM feat.order_features;
INSERT INTO feat.orders (order_id, customer_id, order_date, order_total) VALUES ('o7', 'c1', '2025-03-04 00:00+00', 1000);
UPDATE feat.orders SET status = 'returned', shipment_date = '2025-03-09 00:00+00';
SELECT count(*) FROM ((TABLE before EXCEPT SELECT * FROM feat.order_features)) d;

-- For one order, the query gives the same without a look at all: every order of a generated store, one by one.
CALL shopanalytics.create_store('made "so"', key_type => 'bigint');
CALL shopanalytics.generate_shop('made "so"', customers => 40, days => 60, seed => 3, anomalies => '{"suspicious_order": 0.1, "negative_total": 0.1, "future_date": 0.1, "duplicate_customer": 0.2}');
CREATE TABLE bulk AS SELECT * FROM "made ""so""".order_features;
DO $$
DECLARE
    one record;
    differing bigint := 0;
    found bigint;
BEGIN
    FOR one IN SELECT order_id, customer_id FROM bulk LOOP
        EXECUTE format('SELECT count(*) FROM (%s) q JOIN bulk b USING (order_id) WHERE to_jsonb(q) = to_jsonb(b)',
                       shopanalytics._order_features_query('"made ""so""".', format('customer_id = %L', one.customer_id), format('order_id = %L', one.order_id)))
           INTO found;
        differing := differing + (found <> 1)::integer;
    END LOOP;
    RAISE WARNING '% of % differ', differing, (SELECT count(*) FROM bulk);
END
$$;

-- Every feature says what it is made of, from columns that there are; the columns by which orders are flagged are known.
SELECT a.attname AS without_origin FROM pg_attribute a
 WHERE a.attrelid = 'feat.order_features'::regclass AND a.attnum > 0 AND a.attname NOT IN ('order_id', 'customer_id', 'order_date', 'is_flagged')
   AND a.attname NOT IN (SELECT feature FROM shopanalytics._order_feature_columns());
SELECT f.feature, c AS unknown_column FROM shopanalytics._order_feature_columns() f, unnest(f.columns) c
 WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = 'feat.orders_source'::regclass AND a.attname = c);
SELECT shopanalytics._expression_columns('order_total < 0 AND EXISTS (SELECT FROM (VALUES (1)) v (x) WHERE v.x = r.items)', 'feat.orders_source');
SELECT shopanalytics._expression_columns('true', 'feat.orders_source');
CALL shopanalytics.drop_store('feat');
CALL shopanalytics.drop_store('made "so"');
DROP TABLE before, bulk;
