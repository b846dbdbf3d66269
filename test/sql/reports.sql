-- Reports of a store.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET client_min_messages = warning;
\set SHOW_CONTEXT never

CALL shopanalytics.create_store('report_demo');
CREATE VIEW report_names AS
SELECT c.relname AS name FROM pg_catalog.pg_class c
 WHERE c.relnamespace = 'report_demo'::regnamespace AND c.relkind = 'v'
   AND c.relname IN (SELECT p.name FROM shopanalytics.store_part p WHERE p.layer = 'derived' AND p.position >= 50);

-- Every report has a comment; an empty store has empty reports, a total of 0 and
-- every rule with a count of 0.
SELECT name FROM report_names
 WHERE obj_description(format('report_demo.%I', name)::regclass) IS NULL;
SELECT * FROM report_demo.orders_enriched;
SELECT * FROM report_demo.revenue_by_segment_channel;
SELECT * FROM report_demo.rolling_revenue_by_segment;
SELECT * FROM report_demo.customer_lifetime;
SELECT * FROM report_demo.revenue_by_segment_payment;
SELECT * FROM report_demo.anomalies;
SELECT count(*) = (SELECT count(*) FROM report_demo.clean_rule) AS all_rules, sum(count) AS found, count(share) AS shares
  FROM report_demo.anomaly_profile;
SELECT sum(count) AS found, count(share) AS shares FROM report_demo.quality_counts;

-- Cem is there twice: the later row counts, which has neither e-mail nor
-- segment.  Dee never ordered.
INSERT INTO report_demo.customers (customer_id, name, email, segment, country, signup_date) VALUES
    ('a', 'Ann', 'ann@example.com', 'Retail', 'DE', '2024-12-01'),
    ('b', 'Bob', 'bob@example.com', 'Retail', 'FR', '2024-12-02'),
    ('c', 'Cem', 'cem', 'Wholesale', 'TR', '2024-11-01'),
    ('c', 'Cem', NULL, NULL, 'TR', '2024-12-03'),
    ('d', 'Dee', 'dee@example.com', 'Wholesale', 'DE', '2024-12-04');
INSERT INTO report_demo.products (product_id, name, category, price) VALUES
    ('p1', 'Tea', 'Drinks', 2.50), ('p2', 'Mug', NULL, 8.75), ('p3', 'Pot', 'Kitchen', 20);
-- Revenue is 10 + 20 + 30 + 40 + 50 + 60 = 210: o7 is negative, o8 in the future,
-- o9 cancelled.  o1 and o2 are at the same time.  z is nobody we know.
INSERT INTO report_demo.orders (order_id, customer_id, order_date, order_total, channel, payment_method, status, shipment_date) VALUES
    ('o2', 'a', '2025-01-01 10:00+00', 20, 'web', 'card', 'paid', NULL),
    ('o1', 'a', '2025-01-01 10:00+00', 10, 'web', 'card', 'paid', NULL),
    ('o3', 'b', '2025-01-03 10:00+00', 30, NULL, 'card', 'paid', NULL),
    ('o4', 'c', '2025-01-08 10:00+00', 40, 'app', NULL, 'shipped', NULL),
    ('o5', 'z', '2025-01-09 10:00+00', 50, 'web', 'card', 'delivered', '2025-01-10 10:00+00'),
    ('o6', NULL, '2025-01-09 10:00+00', 60, 'web', 'card', 'paid', NULL),
    ('o7', 'a', '2025-01-04 10:00+00', -5, 'web', 'card', 'paid', NULL),
    ('o8', 'b', '2999-01-01 10:00+00', 70, 'web', 'card', 'paid', NULL),
    ('o9', 'b', '2025-01-05 10:00+00', 80, 'web', 'card', 'cancelled', NULL);
INSERT INTO report_demo.order_items (order_id, line_number, product_id, quantity, unit_price) VALUES
    ('o1', 1, 'p1', 4, 2.50),
    ('o2', 1, 'p1', 1, 2.50), ('o2', 2, 'p2', 2, 8.75),
    ('o3', 1, 'p9', 1, 25),
    ('o5', 1, 'p3', 1, 20), ('o5', 2, 'p3', 1, 30),
    ('o99', 1, 'p1', 3, 2.50);
INSERT INTO report_demo.sessions (session_id, customer_id, session_start, session_end, device, channel) VALUES
    ('s1', 'a', '2025-01-01 09:00+00', '2025-01-01 09:00+00', 'mobile', 'web'),
    ('s2', 'a', '2025-01-02 09:00+00', '2025-01-02 08:59+00', 'mobile', 'web'),
    ('s3', 'b', '2025-01-03 09:00+00', '2025-01-03 09:30+00', 'fridge', 'web'),
    ('s4', 'b', '2025-01-04 09:00+00', '2025-01-04 09:30+00', 'desktop', NULL);

-- A30: o2 is 2.50 + 2 x 8.75; o3 differs by 5; o4 has no lines, so no difference.
SELECT order_id, customer_name, segment, order_total, lines, quantity, items_revenue, difference, products, categories, is_revenue
  FROM report_demo.orders_enriched ORDER BY order_id;

-- A3: Retail is 60 (o1, o2, o3), Unknown 40 (o4: missing segment), (none) 110 (o5
-- and o6: no such customer).  A blank label is a subtotal, (none) a missing one.
SELECT * FROM report_demo.revenue_by_segment_channel;

-- A4: the calendar ends on 9 January, not in 2999.  Retail: 30 + 30 within seven
-- days of the 1st and 3rd; on the 8th the 1st has left the window, on the 9th
-- the 3rd is its first day.
SELECT * FROM report_demo.rolling_revenue_by_segment WHERE segment = 'Retail';
SELECT segment, count(*) AS days, min(day), max(day), sum(revenue) AS revenue, max(revenue_7d) AS most_in_7d
  FROM report_demo.rolling_revenue_by_segment GROUP BY segment ORDER BY segment COLLATE "C";

-- A5: o1 before o2 at the same instant; o6 is nobody's, and keeps its revenue.
SELECT * FROM report_demo.customer_lifetime;

-- A8: (none), card has two orders, Retail, card three; Wholesale, invoice gets
-- four and a cancelled one, then a fifth: (1 + 2 + 3 + 4 + 5) / 5 = 3.
SELECT * FROM report_demo.revenue_by_segment_payment;
INSERT INTO report_demo.orders (order_id, customer_id, order_date, order_total, channel, payment_method, status)
SELECT 'w' || n, 'd', '2025-01-09 10:00+00', n, 'app', 'invoice', CASE n WHEN 6 THEN 'Cancelled' ELSE 'paid' END
  FROM unnest('{1,2,3,4,6}'::integer[]) AS n;
SELECT * FROM report_demo.revenue_by_segment_payment;
INSERT INTO report_demo.orders (order_id, customer_id, order_date, order_total, channel, payment_method, status)
VALUES ('w5', 'd', '2025-01-09 10:00+00', 5, 'app', 'invoice', 'paid');
SELECT * FROM report_demo.revenue_by_segment_payment;
DELETE FROM report_demo.orders WHERE order_id LIKE 'w%';

-- A13
SELECT entity, key, column_name, rule, severity, impact IS NOT NULL AS has_impact
  FROM report_demo.anomalies ORDER BY entity, key, rule;

-- A7: one line per rule.  The revenue of Cem is 40, of the mug 17.50.
SELECT entity, rule, column_name, severity, count, rows, share, revenue FROM report_demo.anomaly_profile WHERE count > 0;
SELECT count(*) AS rules, count(*) FILTER (WHERE count = 0) AS found_nothing, count(impact) = count(*) AS all_have_impact
  FROM report_demo.anomaly_profile;

-- A10
SELECT * FROM report_demo.quality_counts WHERE count > 0;
SELECT column_name, issue, count FROM report_demo.quality_counts WHERE entity = 'orders';

-- A rule of the user's own is in all three, a rule switched off in none.
INSERT INTO report_demo.clean_rule (entity, name, issue, severity, impact)
VALUES ('orders', 'tiny_order', 'order_total BETWEEN 0 AND 10', 'info', 'costs more than it brings');
UPDATE report_demo.clean_rule SET enabled = false WHERE name IN ('unknown_device', 'missing_category');
SELECT entity, rule, column_name, severity, count, revenue, impact FROM report_demo.anomaly_profile
 WHERE rule IN ('tiny_order', 'unknown_device', 'missing_category');
SELECT * FROM report_demo.anomalies WHERE rule IN ('tiny_order', 'unknown_device', 'missing_category');
SELECT * FROM report_demo.quality_counts WHERE issue IN ('tiny_order', 'unknown_device', 'missing_category');

-- With the duplicate let through no order counts twice: the later row of Cem is
-- still the one that counts, and has no segment now.
UPDATE report_demo.clean_rule SET enabled = false WHERE name IN ('duplicate_customer', 'missing_segment');
SELECT count(*) FROM report_demo.orders_enriched;
SELECT level, segment, orders, revenue FROM report_demo.revenue_by_segment_channel WHERE level IN ('segment', 'total');

-- A2: base tables of a store, mapped ones too; days in the store's time zone: the
-- orders are at 00:30 of the 2nd and 3rd in Berlin.  Keys are bigint here.
CREATE TABLE report_sale (id bigint, who bigint, sold_at timestamptz, total numeric);
INSERT INTO report_sale VALUES (1, 7, '2025-01-01 23:30+00', 5), (2, 7, '2025-01-02 23:30+00', 6);
CALL shopanalytics.create_store('Report "Map"', timezone => 'Europe/Berlin', key_type => 'bigint');
CALL shopanalytics.map_table('Report "Map"', 'orders', 'report_sale',
    '{"order_id": "id", "customer_id": "who", "order_date": "sold_at", "order_total": "total"}');
SELECT table_name, kind, rows FROM shopanalytics.row_counts('Report "Map"') WHERE table_name ~ '^(orders|customers)$';
SELECT * FROM "Report ""Map""".rolling_revenue_by_segment;
SELECT * FROM "Report ""Map""".customer_lifetime;
SELECT * FROM "Report ""Map""".revenue_by_segment_channel;
SELECT entity, key, rule FROM "Report ""Map""".anomalies ORDER BY key, rule;
SELECT column_name, data_type, rows, distinct_values, min, max
  FROM shopanalytics.profile_table('"Report ""Map""".orders_clean', columns => '{order_id,order_day}');

-- Oracles: the same reports written over the base tables alone, for an untidy
-- shop of 2000 orders by simple arithmetic.
CALL shopanalytics.create_store('report_load');
INSERT INTO report_load.customers (customer_id, name, email, segment, signup_date)
SELECT 'c' || n, 'Name ' || n, CASE WHEN n % 29 = 0 THEN 'nobody' WHEN n % 31 <> 0 THEN 'user' || n || '@example.com' END,
       CASE WHEN n % 23 <> 0 THEN ('{Retail,Wholesale,Online}'::text[])[1 + n % 3] END, date '2024-01-01' + n
  FROM generate_series(1, 300) AS n;
INSERT INTO report_load.customers (customer_id, name, email, segment, signup_date)
SELECT customer_id, name, email, 'Former', signup_date - 100 FROM report_load.customers WHERE row_id % 17 = 0;
INSERT INTO report_load.products (product_id, name, category, price)
SELECT 'p' || n, 'Product ' || n, CASE WHEN n % 11 <> 0 THEN 'Category ' || n % 4 END, n FROM generate_series(1, 40) AS n;
INSERT INTO report_load.orders (order_id, customer_id, order_date, order_total, channel, payment_method, status)
SELECT 'o' || n, CASE WHEN n % 53 <> 0 THEN 'c' || (n * n % 9973 % 320) END,
       CASE WHEN n % 97 = 0 THEN NULL WHEN n % 89 = 0 THEN timestamptz '2099-01-01 00:00+00'
            ELSE timestamptz '2025-01-01 00:00+00' + (n * 7919 % 6600) * interval '13 minutes' END,
       CASE WHEN n % 61 = 0 THEN -1 WHEN n % 67 <> 0 THEN 1 END * (n * 37 % 20000) / 100.0,
       CASE WHEN n % 19 <> 0 THEN ('{web,app}'::text[])[1 + n % 2] END,
       CASE WHEN n % 41 <> 0 THEN ('{card,invoice,voucher}'::text[])[1 + least(n % 7, 2)] END,
       ('{paid,delivered,CANCELLED,paid,paid}'::text[])[1 + n % 5]
  FROM generate_series(1, 2000) AS n;
INSERT INTO report_load.orders (order_id, customer_id, order_date, order_total, channel, payment_method, status)
SELECT order_id, customer_id, order_date - interval '1 day', 12345, channel, payment_method, status
  FROM report_load.orders WHERE row_id % 43 = 0 AND order_date IS NOT NULL;
INSERT INTO report_load.order_items (order_id, line_number, product_id, quantity, unit_price)
SELECT 'o' || n % 2050, 1 + n / 2050, 'p' || n % 43, n % 4, (n * 13 % 900) / 10.0 FROM generate_series(1, 4500) AS n;
INSERT INTO report_load.sessions (session_id, session_start, session_end, device)
SELECT 's' || n, timestamptz '2025-01-01 00:00+00', timestamptz '2025-01-01 00:00+00' + (n % 50 - 3) * interval '1 minute',
       ('{mobile,desktop,toaster}'::text[])[1 + (n % 13) / 6]
  FROM generate_series(1, 1000) AS n;
CREATE INDEX ON report_load.order_items (order_id);

CREATE TEMPORARY TABLE one_order AS
SELECT DISTINCT ON (order_id) * FROM report_load.orders ORDER BY order_id, order_date DESC;
CREATE TEMPORARY TABLE one_customer AS
SELECT DISTINCT ON (customer_id) customer_id, name, coalesce(segment, 'Unknown') AS segment
  FROM report_load.customers ORDER BY customer_id, signup_date DESC;
CREATE TEMPORARY TABLE good AS
SELECT o.order_id, o.customer_id, c.name, coalesce(c.segment, '(none)') AS segment, coalesce(o.channel, '(none)') AS channel,
       coalesce(o.payment_method, '(none)') AS payment_method, o.order_date, o.order_date::date AS day, o.order_total
  FROM one_order o LEFT JOIN one_customer c USING (customer_id)
 WHERE o.order_total >= 0 AND o.order_date < '2099-01-01' AND lower(o.status) <> 'cancelled';
CREATE INDEX ON good (customer_id);
CREATE INDEX ON good (segment, day);
SELECT count(*) > 1000 AS enough, count(*) FILTER (WHERE segment = '(none)') > 50 AS strangers FROM good;

CREATE TEMPORARY TABLE oracle_a3 AS
SELECT 'segment and channel' AS level, segment, channel, count(*) AS orders, round(sum(order_total), 2) AS revenue, round(avg(order_total), 2) AS average
  FROM good GROUP BY 2, 3
UNION ALL
SELECT 'segment', segment, NULL, count(*), round(sum(order_total), 2), round(avg(order_total), 2) FROM good GROUP BY 2
UNION ALL
SELECT 'channel', NULL, channel, count(*), round(sum(order_total), 2), round(avg(order_total), 2) FROM good GROUP BY 3
UNION ALL
SELECT 'total', NULL, NULL, count(*), round(sum(order_total), 2), round(avg(order_total), 2) FROM good;
CREATE TEMPORARY TABLE oracle_a4 AS
SELECT s.segment, d.day::date AS day,
       (SELECT count(*) FROM good g WHERE g.segment = s.segment AND g.day = d.day) AS orders,
       (SELECT round(coalesce(sum(order_total), 0), 2) FROM good g WHERE g.segment = s.segment AND g.day = d.day) AS revenue,
       (SELECT round(coalesce(sum(order_total), 0), 2) FROM good g
         WHERE g.segment = s.segment AND g.day BETWEEN d.day - interval '6 days' AND d.day) AS revenue_7d
  FROM (SELECT DISTINCT segment FROM good) AS s,
       (SELECT generate_series(date '2025-01-01', date '2025-01-01' + 60, interval '1 day') AS day) AS d;
CREATE TEMPORARY TABLE oracle_a5 AS
SELECT g.customer_id, g.name, nullif(g.segment, '(none)') AS segment,
       CASE WHEN g.customer_id IS NOT NULL THEN (SELECT count(*) FROM good e WHERE e.customer_id = g.customer_id
                                                    AND (e.order_date, e.order_id) <= (g.order_date, g.order_id)) END AS order_rank,
       g.order_id, g.order_date, round(g.order_total, 2) AS order_total,
       (SELECT round(sum(order_total), 2) FROM good e WHERE e.customer_id = g.customer_id
           AND (e.order_date, e.order_id) <= (g.order_date, g.order_id)) AS lifetime_value
  FROM good g;
CREATE TEMPORARY TABLE oracle_a8 AS
SELECT * FROM (SELECT segment, payment_method, count(*) AS orders, round(sum(order_total), 2) AS revenue,
                      round(avg(order_total), 2) AS average
                 FROM good GROUP BY 1, 2) AS g WHERE orders > 4;
CREATE TEMPORARY TABLE oracle_a30 AS
SELECT o.order_id,
       (SELECT count(*) FROM report_load.order_items i WHERE i.order_id = o.order_id) AS lines,
       (SELECT coalesce(sum(quantity), 0) FROM report_load.order_items i WHERE i.order_id = o.order_id) AS quantity,
       (SELECT round(coalesce(sum(quantity * unit_price), 0), 2) FROM report_load.order_items i WHERE i.order_id = o.order_id) AS items_revenue,
       (SELECT string_agg(DISTINCT coalesce(p.name, i.product_id), ', ')
          FROM report_load.order_items i LEFT JOIN report_load.products p USING (product_id) WHERE i.order_id = o.order_id) AS products,
       (SELECT string_agg(DISTINCT CASE WHEN p.product_id IS NULL THEN '(none)' ELSE coalesce(p.category, 'Unknown') END, ', ')
          FROM report_load.order_items i LEFT JOIN report_load.products p USING (product_id) WHERE i.order_id = o.order_id) AS categories,
       EXISTS (SELECT FROM good g WHERE g.order_id = o.order_id) AS is_revenue
  FROM one_order o;
CREATE TEMPORARY TABLE oracle_a7 AS
SELECT 'duplicate_customer' AS issue, count(*) - count(DISTINCT customer_id) AS count FROM report_load.customers
UNION ALL SELECT 'missing_email', count(*) FROM report_load.customers WHERE email IS NULL
UNION ALL SELECT 'bad_email', count(*) FROM report_load.customers WHERE email NOT LIKE '%@%'
UNION ALL SELECT 'missing_segment', count(*) FROM report_load.customers WHERE segment IS NULL
UNION ALL SELECT 'missing_category', count(*) FROM report_load.products WHERE category IS NULL
UNION ALL SELECT 'duplicate_order', count(*) - count(DISTINCT order_id) FROM report_load.orders
UNION ALL SELECT 'negative_total', count(*) FROM report_load.orders WHERE order_total < 0
UNION ALL SELECT 'missing_total', count(*) FROM report_load.orders WHERE order_total IS NULL
UNION ALL SELECT 'missing_date', count(*) FROM report_load.orders WHERE order_date IS NULL
UNION ALL SELECT 'future_date', count(*) FROM report_load.orders WHERE order_date > '2090-01-01'
UNION ALL SELECT 'missing_shipment_date', count(*) FROM report_load.orders WHERE status = 'delivered'
UNION ALL SELECT 'missing_customer', count(*) FROM report_load.orders WHERE customer_id IS NULL
UNION ALL SELECT 'unknown_customer', count(*) FROM report_load.orders WHERE customer_id NOT IN (SELECT customer_id FROM report_load.customers)
UNION ALL SELECT 'total_mismatch', count(*) FROM report_load.orders o
            WHERE order_total >= 0 AND abs(order_total - (SELECT sum(quantity * unit_price) FROM report_load.order_items i WHERE i.order_id = o.order_id)) > 0.01
UNION ALL SELECT 'unknown_order', count(*) FROM report_load.order_items WHERE order_id NOT IN (SELECT order_id FROM report_load.orders)
UNION ALL SELECT 'unknown_product', count(*) FROM report_load.order_items WHERE product_id NOT IN (SELECT product_id FROM report_load.products)
UNION ALL SELECT 'non_positive_quantity', count(*) FROM report_load.order_items WHERE quantity = 0
UNION ALL SELECT 'negative_duration', count(*) FROM report_load.sessions WHERE session_end < session_start
UNION ALL SELECT 'zero_duration', count(*) FROM report_load.sessions WHERE session_end = session_start
UNION ALL SELECT 'unknown_device', count(*) FROM report_load.sessions WHERE device = 'toaster';

-- Rows that only one of the two has; none is right.
SELECT 'A3' AS requirement, count(*) AS differences FROM (
    (TABLE report_load.revenue_by_segment_channel EXCEPT ALL TABLE oracle_a3) UNION ALL
    (TABLE oracle_a3 EXCEPT ALL TABLE report_load.revenue_by_segment_channel)) AS d
UNION ALL
SELECT 'A4', count(*) FROM (
    (TABLE report_load.rolling_revenue_by_segment EXCEPT ALL SELECT * FROM oracle_a4 WHERE day <= (SELECT max(day) FROM good)) UNION ALL
    (SELECT * FROM oracle_a4 WHERE day <= (SELECT max(day) FROM good) EXCEPT ALL TABLE report_load.rolling_revenue_by_segment)) AS d
UNION ALL
SELECT 'A5', count(*) FROM (
    (TABLE report_load.customer_lifetime EXCEPT ALL TABLE oracle_a5) UNION ALL
    (TABLE oracle_a5 EXCEPT ALL TABLE report_load.customer_lifetime)) AS d
UNION ALL
SELECT 'A7', count(*) FROM (
    (SELECT rule, count FROM report_load.anomaly_profile WHERE count > 0 EXCEPT ALL TABLE oracle_a7) UNION ALL
    (TABLE oracle_a7 EXCEPT ALL SELECT rule, count FROM report_load.anomaly_profile)) AS d
UNION ALL
SELECT 'A8', count(*) FROM (
    (TABLE report_load.revenue_by_segment_payment EXCEPT ALL TABLE oracle_a8) UNION ALL
    (TABLE oracle_a8 EXCEPT ALL TABLE report_load.revenue_by_segment_payment)) AS d
UNION ALL
SELECT 'A10', count(*) FROM (
    (SELECT issue, count FROM report_load.quality_counts WHERE issue <> 'null' AND count > 0 EXCEPT ALL TABLE oracle_a7) UNION ALL
    (TABLE oracle_a7 EXCEPT ALL SELECT issue, count FROM report_load.quality_counts WHERE issue <> 'null')) AS d
UNION ALL
SELECT 'A10, null', count(*) FROM (
    SELECT entity FROM report_load.quality_counts q WHERE issue = 'null' AND count IS DISTINCT FROM
        (SELECT p.nulls FROM shopanalytics.profile_table(format('report_load.%I', q.entity)::regclass, columns => ARRAY[q.column_name::name]) AS p)) AS d
UNION ALL
SELECT 'A13', count(*) FROM (
    (SELECT rule, count(*) FROM report_load.anomalies GROUP BY rule EXCEPT ALL TABLE oracle_a7) UNION ALL
    (TABLE oracle_a7 EXCEPT ALL SELECT rule, count(*) FROM report_load.anomalies GROUP BY rule)) AS d
UNION ALL
SELECT 'A30', count(*) FROM (
    (SELECT order_id, lines, quantity, items_revenue, products, categories, is_revenue FROM report_load.orders_enriched EXCEPT ALL TABLE oracle_a30) UNION ALL
    (TABLE oracle_a30 EXCEPT ALL SELECT order_id, lines, quantity, items_revenue, products, categories, is_revenue FROM report_load.orders_enriched)) AS d;
-- All reports agree on the revenue, and with the daily KPIs (A12).
SELECT DISTINCT revenue = (SELECT round(sum(order_total), 2) FROM good) AS same
  FROM (SELECT revenue FROM report_load.revenue_by_segment_channel WHERE level = 'total'
        UNION ALL
        SELECT sum(revenue) FROM report_load.revenue_by_segment_channel WHERE level = 'channel'
        UNION ALL
        SELECT sum(revenue) FROM report_load.rolling_revenue_by_segment
        UNION ALL
        SELECT sum(order_total) FROM report_load.customer_lifetime
        UNION ALL
        SELECT sum(revenue) FROM report_load.kpi_daily) AS r;

-- A generated shop: what was baked in is known, so the oracle needs no rule.
CALL shopanalytics.create_store('report_made');
CALL shopanalytics.generate_shop('report_made', customers => 300, days => 60, orders => 1500, seed => 7);
CREATE TEMPORARY TABLE made AS
SELECT o.*, coalesce(c.segment, 'Unknown') AS segment
  FROM report_made.orders o
  JOIN (SELECT DISTINCT ON (customer_id) customer_id, segment FROM report_made.customers
         ORDER BY customer_id, signup_date DESC) AS c USING (customer_id)
 WHERE o.status NOT IN ('cancelled', 'returned')
   AND o.order_id NOT IN (SELECT key FROM report_made.anomaly_truth
                           WHERE table_name = 'orders' AND kind IN ('negative_total', 'future_date'));
SELECT 'A3' AS requirement, count(*) > 10 AS enough,
       count(*) FILTER (WHERE (r.orders, r.revenue) IS DISTINCT FROM (m.orders, m.revenue)) AS differences
  FROM report_made.revenue_by_segment_channel AS r
  FULL JOIN (SELECT segment, channel, count(*) AS orders, sum(order_total) AS revenue FROM made GROUP BY segment, channel) AS m
    ON (r.segment, r.channel) = (m.segment, m.channel)
 WHERE r.level IS NULL OR r.level = 'segment and channel'
UNION ALL
SELECT 'A4', count(*) > 200, count(*) FILTER (WHERE r.revenue_7d IS DISTINCT FROM
           (SELECT coalesce(sum(order_total), 0) FROM made AS m
             WHERE m.segment = r.segment AND m.order_date::date > r.day - 7 AND m.order_date::date <= r.day))
  FROM report_made.rolling_revenue_by_segment AS r
UNION ALL
SELECT 'A5', count(*) > 100, count(*) FILTER (WHERE (r.orders, r.value) IS DISTINCT FROM (m.orders, m.value))
  FROM (SELECT customer_id, max(order_rank) AS orders, max(lifetime_value) AS value
          FROM report_made.customer_lifetime GROUP BY customer_id) AS r
  FULL JOIN (SELECT customer_id, count(*) AS orders, sum(order_total) AS value FROM made GROUP BY customer_id) AS m USING (customer_id)
UNION ALL
SELECT 'A7', count(*) > 10, count(*) FILTER (WHERE r.count IS DISTINCT FROM m.count)
  FROM (SELECT entity, rule, count FROM report_made.anomaly_profile WHERE count > 0) AS r
  FULL JOIN (SELECT table_name, kind, count(*) FROM report_made.anomaly_truth GROUP BY table_name, kind) AS m
    ON (r.entity, r.rule) = (m.table_name, m.kind)
UNION ALL
SELECT 'A8', count(*) > 10, count(*) FILTER (WHERE r.average_order_total IS DISTINCT FROM m.average)
  FROM report_made.revenue_by_segment_payment AS r
  FULL JOIN (SELECT segment, payment_method, round(avg(order_total), 2) AS average FROM made
              GROUP BY segment, payment_method HAVING count(*) >= 5) AS m USING (segment, payment_method)
UNION ALL
SELECT 'A13', count(*) > 100, count(*) FILTER (WHERE a.rule IS NULL OR t.kind IS NULL)
  FROM report_made.anomalies AS a
  FULL JOIN report_made.anomaly_truth AS t ON (a.entity, a.key, a.rule) = (t.table_name, t.key, t.kind)
UNION ALL
SELECT 'A30', count(*) = 1500, count(*) FILTER (WHERE difference <> 0 AND order_total > 0 OR products IS NULL)
  FROM report_made.orders_enriched;

-- The reports run with the reader's rights, as the clean views do.
SELECT name, reloptions FROM report_names JOIN pg_catalog.pg_class c ON c.oid = format('report_demo.%I', name)::regclass
 WHERE NOT 'security_invoker=true' = ANY (coalesce(reloptions, '{}'));

DROP VIEW report_names;
CALL shopanalytics.drop_store('report_demo');
CALL shopanalytics.drop_store('report_load');
CALL shopanalytics.drop_store('report_made');
CALL shopanalytics.drop_store('Report "Map"');
DROP TABLE report_sale;
