-- A12.  A day is one of the store's time zone.  The calendar runs from the first
-- to the last order that counts; a flagged order far in the future gets a row of
-- its own day without stretching the calendar to it.
INSERT INTO shopanalytics.store_part (layer, position, name, ddl) VALUES
('derived', 30, 'kpi_daily', $ddl$
CREATE VIEW kpi_daily WITH (security_invoker = true) AS
WITH orders_of_day AS (
    SELECT order_day AS day, customer_id, order_total, is_flagged, is_cancelled,
           NOT is_flagged AND NOT is_cancelled AS counts,
           min(order_day) FILTER (WHERE NOT is_flagged AND NOT is_cancelled) OVER (PARTITION BY customer_id) AS first_day
      FROM orders_clean
     WHERE isfinite(order_day)
), daily AS (
    SELECT day,
           sum(shopanalytics._amount(order_total)) FILTER (WHERE counts) AS revenue,
           count(*) FILTER (WHERE counts) AS orders,
           count(DISTINCT customer_id) FILTER (WHERE counts AND day = first_day) AS new_customers,
           count(DISTINCT customer_id) FILTER (WHERE counts AND day > first_day) AS returning_customers,
           count(*) FILTER (WHERE is_flagged) AS flagged_orders,
           sum(shopanalytics._amount(order_total)) FILTER (WHERE is_flagged) AS flagged_revenue,
           count(*) FILTER (WHERE is_cancelled AND NOT is_flagged) AS cancelled_orders
      FROM orders_of_day
     GROUP BY day
), calendar AS (
    SELECT first_day + n AS day
      FROM (SELECT min(day) AS first_day, max(day) AS last_day FROM daily WHERE orders > 0) span,
           generate_series(0, last_day - first_day) n
)
SELECT day,
       coalesce(revenue, 0) AS revenue,
       coalesce(orders, 0) AS orders,
       coalesce(new_customers, 0) AS new_customers,
       coalesce(returning_customers, 0) AS returning_customers,
       coalesce(flagged_orders, 0) AS flagged_orders,
       coalesce(flagged_revenue, 0) AS flagged_revenue,
       coalesce(cancelled_orders, 0) AS cancelled_orders
  FROM calendar FULL JOIN daily USING (day)
 ORDER BY day;
COMMENT ON VIEW kpi_daily IS 'revenue, orders and customers of each day';
COMMENT ON COLUMN kpi_daily.revenue IS 'order totals, without flagged and cancelled orders';
COMMENT ON COLUMN kpi_daily.orders IS 'orders that make up the revenue';
COMMENT ON COLUMN kpi_daily.new_customers IS 'customers whose first order is on this day';
COMMENT ON COLUMN kpi_daily.returning_customers IS 'customers who ordered on an earlier day too';
COMMENT ON COLUMN kpi_daily.flagged_orders IS 'orders with an issue of severity error';
COMMENT ON COLUMN kpi_daily.flagged_revenue IS 'order totals of the flagged orders';
COMMENT ON COLUMN kpi_daily.cancelled_orders IS 'orders with a cancelled status, flagged ones apart';
$ddl$);
