-- Reports on the quality of the data: what the clean rules found in the base
-- rows, those that the clean views leave out included.
INSERT INTO shopanalytics.store_part (layer, position, name, ddl) VALUES
-- A13.  Not sorted: there can be many, and a sort would be made for every count.
('derived', 60, 'anomalies', $ddl$
CREATE VIEW anomalies WITH (security_invoker = true) AS
SELECT r.entity, f.key, r.column_name, r.name AS rule, r.severity, r.impact
  FROM (SELECT 'customers' AS entity, customer_id::text AS key, unnest(issues) AS issue FROM customers_checked
        UNION ALL
        SELECT 'products', product_id::text, unnest(issues) FROM products_checked
        UNION ALL
        SELECT 'orders', order_id::text, unnest(issues) FROM orders_checked
        UNION ALL
        SELECT 'order_items', order_id::text || coalesce('/' || line_number, ''), unnest(issues) FROM order_items_checked
        UNION ALL
        SELECT 'sessions', session_id::text, unnest(issues) FROM sessions_checked) f
  JOIN clean_rule r ON r.entity = f.entity AND r.name = f.issue;
COMMENT ON VIEW anomalies IS 'every row that a clean rule found, once per rule, and what the issue does to the business';
COMMENT ON COLUMN anomalies.key IS 'key of the row as text; order and line number of an order line';
$ddl$),
-- A7, A13.  One customer can have several rows and issues, so revenue is looked
-- up per customer and issue; products likewise.
('derived', 61, 'anomaly_profile', $ddl$
CREATE VIEW anomaly_profile WITH (security_invoker = true) AS
WITH found AS (
    SELECT 'customers' AS entity, f.issue, sum(f.count)::bigint AS count, sum(v.revenue) AS revenue
      FROM (SELECT issue, customer_id, count(*)
              FROM (SELECT customer_id, unnest(issues) AS issue FROM customers_checked) u GROUP BY issue, customer_id) f
      LEFT JOIN (SELECT customer_id, sum(order_total) AS revenue FROM orders_clean
                  WHERE NOT is_flagged AND NOT is_cancelled GROUP BY customer_id) v ON v.customer_id = f.customer_id
     GROUP BY f.issue
    UNION ALL
    SELECT 'products', f.issue, sum(f.count)::bigint, sum(v.revenue)
      FROM (SELECT issue, product_id, count(*)
              FROM (SELECT product_id, unnest(issues) AS issue FROM products_checked) u GROUP BY issue, product_id) f
      LEFT JOIN (SELECT product_id, sum(shopanalytics._line_total(quantity, unit_price)) AS revenue FROM order_items_clean GROUP BY product_id) v
        ON v.product_id = f.product_id
     GROUP BY f.issue
    UNION ALL
    SELECT 'orders', issue, count(*), sum(order_total) FILTER (WHERE order_total NOT IN ('NaN', 'Infinity', '-Infinity'))
      FROM (SELECT order_total, unnest(issues) AS issue FROM orders_checked) u
     GROUP BY issue
    UNION ALL
    SELECT 'order_items', issue, count(*), sum(shopanalytics._line_total(quantity, unit_price))
      FROM (SELECT quantity, unit_price, unnest(issues) AS issue FROM order_items_checked) u
     GROUP BY issue
    UNION ALL
    SELECT 'sessions', issue, count(*), NULL
      FROM (SELECT unnest(issues) AS issue FROM sessions_checked) u
     GROUP BY issue
), total AS (
    SELECT 'customers' AS entity, count(*) AS rows FROM customers
    UNION ALL
    SELECT 'products', count(*) FROM products
    UNION ALL
    SELECT 'orders', count(*) FROM orders
    UNION ALL
    SELECT 'order_items', count(*) FROM order_items
    UNION ALL
    SELECT 'sessions', count(*) FROM sessions
)
SELECT r.entity, r.name AS rule, r.column_name, r.severity,
       coalesce(f.count, 0) AS count,
       t.rows,
       round(coalesce(f.count, 0) / nullif(t.rows, 0)::numeric, 4) AS share,
       CASE WHEN r.entity <> 'sessions' THEN round(coalesce(f.revenue, 0), 2) END AS revenue,
       r.impact
  FROM clean_rule r
  JOIN total t ON t.entity = r.entity
  LEFT JOIN found f ON f.entity = r.entity AND f.issue = r.name
 WHERE r.enabled
 ORDER BY array_position(shopanalytics._entities(), r.entity), r.position, r.name;
COMMENT ON VIEW anomaly_profile IS 'every clean rule with the rows it found, the revenue they concern and what the issue does to the business';
COMMENT ON COLUMN anomaly_profile.count IS 'rows with the issue, 0 when there is none';
COMMENT ON COLUMN anomaly_profile.rows IS 'rows of the base table';
COMMENT ON COLUMN anomaly_profile.share IS 'count / rows';
COMMENT ON COLUMN anomaly_profile.revenue IS 'totals of the orders, amounts of the lines, or revenue of the customers and products that have the issue; null for sessions';
$ddl$),
-- A10
('derived', 62, 'quality_counts', $ddl$
CREATE VIEW quality_counts WITH (security_invoker = true) AS
WITH field AS (
    SELECT 'customers' AS entity, t.rows, f.*
      FROM (SELECT count(*) AS rows, count(customer_id) AS customer_id, count(name) AS name, count(email) AS email,
                   count(segment) AS segment, count(country) AS country, count(signup_date) AS signup_date
              FROM customers) t,
           LATERAL (VALUES (1, 'customer_id', customer_id), (2, 'name', name), (3, 'email', email), (4, 'segment', segment),
                           (5, 'country', country), (6, 'signup_date', signup_date)
                   ) AS f (place, column_name, present)
    UNION ALL
    SELECT 'products', t.rows, f.*
      FROM (SELECT count(*) AS rows, count(product_id) AS product_id, count(name) AS name, count(category) AS category,
                   count(price) AS price
              FROM products) t,
           LATERAL (VALUES (1, 'product_id', product_id), (2, 'name', name), (3, 'category', category), (4, 'price', price)
                   ) AS f (place, column_name, present)
    UNION ALL
    SELECT 'orders', t.rows, f.*
      FROM (SELECT count(*) AS rows, count(order_id) AS order_id, count(customer_id) AS customer_id, count(order_date) AS order_date,
                   count(order_total) AS order_total, count(channel) AS channel, count(payment_method) AS payment_method,
                   count(status) AS status, count(shipment_date) AS shipment_date
              FROM orders) t,
           LATERAL (VALUES (1, 'order_id', order_id), (2, 'customer_id', customer_id), (3, 'order_date', order_date),
                           (4, 'order_total', order_total), (5, 'channel', channel), (6, 'payment_method', payment_method),
                           (7, 'status', status), (8, 'shipment_date', shipment_date)
                   ) AS f (place, column_name, present)
    UNION ALL
    SELECT 'order_items', t.rows, f.*
      FROM (SELECT count(*) AS rows, count(order_id) AS order_id, count(line_number) AS line_number, count(product_id) AS product_id,
                   count(quantity) AS quantity, count(unit_price) AS unit_price
              FROM order_items) t,
           LATERAL (VALUES (1, 'order_id', order_id), (2, 'line_number', line_number), (3, 'product_id', product_id),
                           (4, 'quantity', quantity), (5, 'unit_price', unit_price)
                   ) AS f (place, column_name, present)
    UNION ALL
    SELECT 'sessions', t.rows, f.*
      FROM (SELECT count(*) AS rows, count(session_id) AS session_id, count(customer_id) AS customer_id,
                   count(session_start) AS session_start, count(session_end) AS session_end, count(device) AS device,
                   count(channel) AS channel
              FROM sessions) t,
           LATERAL (VALUES (1, 'session_id', session_id), (2, 'customer_id', customer_id), (3, 'session_start', session_start),
                           (4, 'session_end', session_end), (5, 'device', device), (6, 'channel', channel)
                   ) AS f (place, column_name, present)
)
SELECT entity, column_name, issue, count, rows,
       round(count / nullif(rows, 0)::numeric, 4) AS share
  FROM (SELECT entity, place, column_name, NULL AS severity, 'null' AS issue, rows - present AS count, rows FROM field
        UNION ALL
        SELECT p.entity, f.place, p.column_name, p.severity, p.rule, p.count, p.rows
          FROM anomaly_profile p LEFT JOIN field f ON f.entity = p.entity AND f.column_name = p.column_name) q
 ORDER BY array_position(shopanalytics._entities(), entity), place, severity IS NOT NULL, issue;
COMMENT ON VIEW quality_counts IS 'how many values of each column are null or have one of the issues';
COMMENT ON COLUMN quality_counts.issue IS 'null, or the name of a clean rule';
COMMENT ON COLUMN quality_counts.rows IS 'rows of the base table';
COMMENT ON COLUMN quality_counts.share IS 'count / rows';
$ddl$);
