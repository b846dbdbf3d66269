-- A9: customers by the average total of their orders.
INSERT INTO shopanalytics.store_part (layer, position, name, ddl) VALUES
('derived', 40, 'customer_segments', $ddl$
CREATE VIEW customer_segments WITH (security_invoker = true) AS
SELECT c.customer_id, c.name, c.segment,
       count(o.order_total) AS orders,
       round(avg(o.order_total), 2) AS average_order_total,
       CASE WHEN count(o.order_total) = 0 THEN 'no orders'
            WHEN avg(o.order_total) < 100 THEN 'under 100'
            WHEN avg(o.order_total) <= 500 THEN '100 to 500'
            ELSE 'over 500' END AS bucket
  FROM customers_clean c
  LEFT JOIN orders_clean o ON o.customer_id = c.customer_id AND NOT o.is_flagged AND NOT o.is_cancelled
 WHERE c.customer_id IS NOT NULL
 GROUP BY c.customer_id, c.name, c.segment;
COMMENT ON VIEW customer_segments IS 'customers by average order total: under 100, 100 to 500, over 500';
COMMENT ON COLUMN customer_segments.orders IS 'orders that count as revenue';
$ddl$);
