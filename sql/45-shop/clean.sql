-- The clean views (A22): the checked rows without the excluded ones, and what an
-- analyst would compute next.  Base tables stay as they are.
INSERT INTO shopanalytics.store_part (layer, position, name, ddl) VALUES
('derived', 10, 'customers_clean', $ddl$
CREATE VIEW customers_clean WITH (security_invoker = true) AS
SELECT c.*,
       coalesce(shopanalytics.email_status(shopanalytics.clean_text(c.email)), 'empty') AS email_status   -- A18
  FROM customers_checked c
 WHERE NOT c.is_excluded;
COMMENT ON VIEW customers_clean IS 'one row per customer, tidied, with its issues';
$ddl$),
('derived', 11, 'products_clean', $ddl$
CREATE VIEW products_clean WITH (security_invoker = true) AS
SELECT p.* FROM products_checked p WHERE NOT p.is_excluded;
COMMENT ON VIEW products_clean IS 'one row per product, tidied, with its issues';
$ddl$),
('derived', 12, 'orders_clean', $ddl$
CREATE VIEW orders_clean WITH (security_invoker = true) AS
SELECT o.*,
       nullif(array_to_string(o.issues, ', '), '') AS order_issue,   -- A20
       shopanalytics._day(o.order_date, (SELECT timezone FROM store_setting)) AS order_day,
       coalesce(lower(shopanalytics.clean_text(o.status)) = ANY ((SELECT cancelled_status FROM store_setting)::text[]), false) AS is_cancelled
  FROM orders_checked o
 WHERE NOT o.is_excluded;
COMMENT ON VIEW orders_clean IS 'one row per order, tidied, with its issues';
COMMENT ON COLUMN orders_clean.order_issue IS 'issues of the order as text; null when there is none';
COMMENT ON COLUMN orders_clean.order_day IS 'day of the order in the store''s time zone; null when the date is missing or infinite';
$ddl$),
('derived', 13, 'order_items_clean', $ddl$
CREATE VIEW order_items_clean WITH (security_invoker = true) AS
SELECT i.* FROM order_items_checked i WHERE NOT i.is_excluded;
COMMENT ON VIEW order_items_clean IS 'lines of the orders, tidied, with their issues';
$ddl$),
('derived', 14, 'sessions_clean', $ddl$
CREATE VIEW sessions_clean WITH (security_invoker = true) AS
SELECT s.*,
       CASE WHEN isfinite(s.session_start) AND isfinite(s.session_end)
            THEN extract(epoch FROM s.session_end) - extract(epoch FROM s.session_start) END AS session_duration,   -- A21
       CASE WHEN s.session_end < s.session_start THEN 'negative'
            WHEN s.session_end = s.session_start THEN 'zero'
            WHEN isfinite(s.session_start) AND isfinite(s.session_end) THEN 'ok'
            ELSE 'unknown' END AS duration_status,
       shopanalytics._day(s.session_start, (SELECT timezone FROM store_setting)) AS session_day
  FROM sessions_checked s
 WHERE NOT s.is_excluded;
COMMENT ON VIEW sessions_clean IS 'visits, tidied, with their issues';
COMMENT ON COLUMN sessions_clean.session_duration IS 'seconds from start to end; null when either is missing or infinite';
COMMENT ON COLUMN sessions_clean.duration_status IS 'ok, zero, negative, or unknown when start or end is missing';
COMMENT ON COLUMN sessions_clean.session_day IS 'day of the start in the store''s time zone';
$ddl$);
