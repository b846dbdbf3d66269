-- Stage tables (A15): the clean rows at the time of the last CALL stage().
INSERT INTO shopanalytics.store_part (layer, position, name, ddl) VALUES
('derived', 20, 'customers_stage', $ddl$
CREATE TABLE customers_stage AS SELECT * FROM customers_clean WITH NO DATA;
CREATE INDEX ON customers_stage (customer_id);
COMMENT ON TABLE customers_stage IS 'customers_clean as of the last CALL stage()';
$ddl$),
('derived', 21, 'products_stage', $ddl$
CREATE TABLE products_stage AS SELECT * FROM products_clean WITH NO DATA;
CREATE INDEX ON products_stage (product_id);
COMMENT ON TABLE products_stage IS 'products_clean as of the last CALL stage()';
$ddl$),
('derived', 22, 'orders_stage', $ddl$
CREATE TABLE orders_stage AS SELECT * FROM orders_clean WITH NO DATA;
CREATE INDEX ON orders_stage (order_id);
CREATE INDEX ON orders_stage (customer_id, order_date);
COMMENT ON TABLE orders_stage IS 'orders_clean as of the last CALL stage()';
$ddl$),
('derived', 23, 'order_items_stage', $ddl$
CREATE TABLE order_items_stage AS SELECT * FROM order_items_clean WITH NO DATA;
CREATE INDEX ON order_items_stage (order_id);
COMMENT ON TABLE order_items_stage IS 'order_items_clean as of the last CALL stage()';
$ddl$),
('derived', 24, 'sessions_stage', $ddl$
CREATE TABLE sessions_stage AS SELECT * FROM sessions_clean WITH NO DATA;
CREATE INDEX ON sessions_stage (customer_id, session_start);
COMMENT ON TABLE sessions_stage IS 'sessions_clean as of the last CALL stage()';
$ddl$);
