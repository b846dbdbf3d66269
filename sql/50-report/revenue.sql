-- Reports on revenue.  An order makes revenue unless it is flagged or cancelled.
-- Orders of nobody we know stay in, under the segment (none): a blank label
-- always means a subtotal.
INSERT INTO shopanalytics.store_part (layer, position, name, ddl) VALUES
-- A30.  The joins are to keys made distinct, so that no order counts twice
-- whatever the rules let through, and the planner drops those nobody asks for.
('derived', 50, 'orders_enriched', $ddl$
CREATE VIEW orders_enriched WITH (security_invoker = true) AS
SELECT o.order_id, o.order_date, o.order_day,
       o.customer_id, c.name AS customer_name, c.segment, c.country,
       o.channel, o.payment_method, o.status, o.order_total,
       coalesce(i.lines, 0) AS lines,
       coalesce(i.quantity, 0) AS quantity,
       coalesce(round(i.items_revenue, 2), 0.00) AS items_revenue,
       round(o.order_total - i.items_revenue, 2) AS difference,
       p.products, p.categories,
       NOT o.is_flagged AND NOT o.is_cancelled AS is_revenue,
       o.order_issue
  FROM orders_clean o
  LEFT JOIN (SELECT DISTINCT ON (customer_id) customer_id, name, segment, country
               FROM customers_clean
              ORDER BY customer_id, signup_date DESC NULLS LAST, name, segment, country) c ON c.customer_id = o.customer_id
  LEFT JOIN (SELECT order_id, count(*) AS lines, sum(quantity) AS quantity, sum(shopanalytics._line_total(quantity, unit_price)) AS items_revenue
               FROM order_items_clean
              GROUP BY order_id) i ON i.order_id = o.order_id
  LEFT JOIN (SELECT l.order_id,
                    string_agg(DISTINCT coalesce(m.name, l.product_id::text), ', ') AS products,
                    string_agg(DISTINCT coalesce(m.category, '(none)'), ', ') AS categories
               FROM order_items_clean l
               LEFT JOIN (SELECT DISTINCT ON (product_id) product_id, name, category
                            FROM products_clean
                           ORDER BY product_id, name, category) m ON m.product_id = l.product_id
              GROUP BY l.order_id) p ON p.order_id = o.order_id;
COMMENT ON VIEW orders_enriched IS 'orders with their customer, items and products, and the revenue that the items add up to';
COMMENT ON COLUMN orders_enriched.segment IS 'segment of the customer; null when the customer is not known';
COMMENT ON COLUMN orders_enriched.lines IS 'number of lines';
COMMENT ON COLUMN orders_enriched.quantity IS 'pieces over all lines';
COMMENT ON COLUMN orders_enriched.items_revenue IS 'quantity times unit price over all lines';
COMMENT ON COLUMN orders_enriched.difference IS 'order total minus items revenue; null when the order has no lines';
COMMENT ON COLUMN orders_enriched.products IS 'names of the products; the key of a product that is not known';
COMMENT ON COLUMN orders_enriched.categories IS 'categories of the products';
COMMENT ON COLUMN orders_enriched.is_revenue IS 'the order counts as revenue: neither flagged nor cancelled';
COMMENT ON COLUMN orders_enriched.order_issue IS 'issues of the order as text; null when there is none';
$ddl$),
-- A3
('derived', 51, 'revenue_by_segment_channel', $ddl$
CREATE VIEW revenue_by_segment_channel WITH (security_invoker = true) AS
SELECT CASE GROUPING(segment, channel)
           WHEN 0 THEN 'segment and channel' WHEN 1 THEN 'segment' WHEN 2 THEN 'channel' ELSE 'total' END AS level,
       CASE GROUPING(segment) WHEN 0 THEN coalesce(segment, '(none)') END AS segment,
       CASE GROUPING(channel) WHEN 0 THEN coalesce(channel, '(none)') END AS channel,
       count(*) AS orders,
       round(coalesce(sum(order_total), 0), 2) AS revenue,
       round(avg(order_total), 2) AS average_order_total
  FROM orders_enriched
 WHERE is_revenue
 GROUP BY CUBE (segment, channel)
 ORDER BY GROUPING(segment), orders_enriched.segment, GROUPING(channel), orders_enriched.channel;
COMMENT ON VIEW revenue_by_segment_channel IS 'revenue of each segment and channel, with subtotals and total';
COMMENT ON COLUMN revenue_by_segment_channel.level IS 'what the row sums up: segment and channel, segment, channel, total';
COMMENT ON COLUMN revenue_by_segment_channel.segment IS '(none) where orders have no segment; null where the row is over all segments';
COMMENT ON COLUMN revenue_by_segment_channel.channel IS '(none) where orders have no channel; null where the row is over all channels';
$ddl$),
-- A4.  Seven calendar days: each segment gets a row for every day of the
-- calendar, which runs from the first to the last order that makes revenue.
('derived', 52, 'rolling_revenue_by_segment', $ddl$
CREATE VIEW rolling_revenue_by_segment WITH (security_invoker = true) AS
WITH daily AS (
    SELECT segment, order_day AS day, count(*) AS orders, sum(order_total) AS revenue
      FROM orders_enriched
     WHERE is_revenue AND isfinite(order_day)
     GROUP BY segment, order_day
), calendar AS (
    SELECT first_day + n AS day
      FROM (SELECT min(day) AS first_day, max(day) AS last_day FROM daily) span,
           generate_series(0, last_day - first_day) n
), filled AS (
    SELECT segment, day, sum(orders)::bigint AS orders, sum(revenue) AS revenue
      FROM (SELECT segment, day, orders, revenue FROM daily
            UNION ALL
            SELECT s.segment, c.day, 0, 0 FROM (SELECT DISTINCT segment FROM daily) s, calendar c) r
     GROUP BY segment, day
)
SELECT coalesce(segment, '(none)') AS segment, day, orders,
       round(revenue, 2) AS revenue,
       round(sum(revenue) OVER (PARTITION BY segment ORDER BY day RANGE BETWEEN '6 days' PRECEDING AND CURRENT ROW), 2) AS revenue_7d
  FROM filled
 ORDER BY filled.segment, day;
COMMENT ON VIEW rolling_revenue_by_segment IS 'revenue of each segment and day, and of the seven days that end with it';
COMMENT ON COLUMN rolling_revenue_by_segment.segment IS '(none) where orders have no segment';
COMMENT ON COLUMN rolling_revenue_by_segment.revenue_7d IS 'revenue of this day and the six calendar days before it';
$ddl$),
-- A5.  By date, then order_id: a total order.  The total comes last for orders
-- without an id.  A missing customer is not one person, so has no rank.
('derived', 53, 'customer_lifetime', $ddl$
CREATE VIEW customer_lifetime WITH (security_invoker = true) AS
SELECT customer_id, customer_name, segment,
       CASE WHEN customer_id IS NOT NULL THEN row_number() OVER w END AS order_rank,
       order_id, order_date,
       round(order_total, 2) AS order_total,
       CASE WHEN customer_id IS NOT NULL THEN round(sum(order_total) OVER w, 2) END AS lifetime_value
  FROM orders_enriched
 WHERE is_revenue
WINDOW w AS (PARTITION BY customer_id ORDER BY order_date, order_id, order_total
             ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
 ORDER BY customer_id, order_date, order_id, orders_enriched.order_total;
COMMENT ON VIEW customer_lifetime IS 'orders of each customer in turn, with what the customer has brought so far';
COMMENT ON COLUMN customer_lifetime.order_rank IS '1 for the customer''s first order; null when the order names no customer';
COMMENT ON COLUMN customer_lifetime.lifetime_value IS 'revenue of this order and the customer''s earlier ones';
$ddl$),
-- A8
('derived', 54, 'revenue_by_segment_payment', $ddl$
CREATE VIEW revenue_by_segment_payment WITH (security_invoker = true) AS
SELECT coalesce(segment, '(none)') AS segment,
       coalesce(payment_method, '(none)') AS payment_method,
       count(*) AS orders,
       round(sum(order_total), 2) AS revenue,
       round(avg(order_total), 2) AS average_order_total
  FROM orders_enriched
 WHERE is_revenue
 GROUP BY orders_enriched.segment, orders_enriched.payment_method
HAVING count(*) >= 5
 ORDER BY orders_enriched.segment, orders_enriched.payment_method;
COMMENT ON VIEW revenue_by_segment_payment IS 'average order total of each segment and payment method with at least five orders';
COMMENT ON COLUMN revenue_by_segment_payment.segment IS '(none) where orders have no segment';
$ddl$);
