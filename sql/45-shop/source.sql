-- What a rule may look at: the base row and what the rest of the store knows of
-- it.  The joins are to distinct keys, so the planner drops those nobody asks for.
INSERT INTO shopanalytics.store_part (layer, position, name, ddl) VALUES
('source', 10, 'customers_source', $ddl$
CREATE VIEW customers_source WITH (security_invoker = true) AS
SELECT c.* FROM customers c;
COMMENT ON VIEW customers_source IS 'what the rules of customers look at';
$ddl$),
('source', 20, 'products_source', $ddl$
CREATE VIEW products_source WITH (security_invoker = true) AS
SELECT p.* FROM products p;
COMMENT ON VIEW products_source IS 'what the rules of products look at';
$ddl$),
('source', 30, 'orders_source', $ddl$
CREATE VIEW orders_source WITH (security_invoker = true) AS
SELECT o.*,
       coalesce(i.items, 0) AS items,
       i.items_total,
       c.customer_id IS NOT NULL AS is_known_customer
  FROM orders o
  LEFT JOIN (SELECT order_id, count(*) AS items, sum(shopanalytics._line_total(quantity, unit_price)) AS items_total
               FROM order_items GROUP BY order_id) i ON i.order_id = o.order_id
  LEFT JOIN (SELECT DISTINCT customer_id FROM customers) c ON c.customer_id = o.customer_id;
COMMENT ON VIEW orders_source IS 'what the rules of orders look at';
COMMENT ON COLUMN orders_source.items IS 'number of lines';
COMMENT ON COLUMN orders_source.items_total IS 'sum of quantity times unit price over the lines';
$ddl$),
('source', 40, 'order_items_source', $ddl$
CREATE VIEW order_items_source WITH (security_invoker = true) AS
SELECT i.*,
       o.order_id IS NOT NULL AS is_known_order,
       p.product_id IS NOT NULL AS is_known_product
  FROM order_items i
  LEFT JOIN (SELECT DISTINCT order_id FROM orders) o ON o.order_id = i.order_id
  LEFT JOIN (SELECT DISTINCT product_id FROM products) p ON p.product_id = i.product_id;
COMMENT ON VIEW order_items_source IS 'what the rules of order_items look at';
$ddl$),
('source', 50, 'sessions_source', $ddl$
CREATE VIEW sessions_source WITH (security_invoker = true) AS
SELECT s.*,
       c.customer_id IS NOT NULL AS is_known_customer
  FROM sessions s
  LEFT JOIN (SELECT DISTINCT customer_id FROM customers) c ON c.customer_id = s.customer_id;
COMMENT ON VIEW sessions_source IS 'what the rules of sessions look at';
$ddl$);
