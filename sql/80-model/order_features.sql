-- What is known of an order when it is placed, for models to learn from: nothing of
-- what happens to it later (status, shipment), and of the customer's other orders only
-- the earlier ones.

-- The query for all orders of a store, or for one without looking at all: "prefix" is
-- the store's schema with a dot, or nothing where it is the search_path; the others
-- are conditions.  Earlier orders are read from the base, one for each order_id, so
-- that a condition on the customer goes down to the table.
CREATE FUNCTION shopanalytics._order_features_query(prefix text, of_customer text, of_order text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN pg_catalog.format($query$
SELECT o.order_id,
       o.customer_id,
       o.order_date,
       o.is_flagged,
       shopanalytics._amount(o.order_total) AS order_total,
       coalesce(i.lines, 0) AS lines,
       i.pieces,
       i.highest_price,
       i.items_total,
       i.items_total / nullif(i.pieces, 0) AS average_price,
       o.channel,
       o.payment_method,
       extract(hour FROM l.local_time)::integer AS hour,
       extract(isodow FROM l.local_time)::integer AS weekday,
       c.segment,
       c.country,
       (o.order_day - c.signup_date)::integer AS days_since_signup,
       e.earlier_orders,
       e.earlier_average,
       e.hours_since_previous,
       shopanalytics._amount(o.order_total) / nullif(e.earlier_average, 0) AS total_to_average
  FROM (SELECT * FROM %1$sorders_clean WHERE order_id IS NOT NULL AND (%3$s)) o
 CROSS JOIN LATERAL (
       SELECT shopanalytics._local_time(o.order_date, (SELECT timezone FROM %1$sstore_setting)) AS local_time) l
  LEFT JOIN (
       SELECT order_id, count(*) AS lines, sum(shopanalytics._amount(quantity)) AS pieces,
              max(shopanalytics._amount(unit_price)) AS highest_price,
              sum(shopanalytics._line_total(quantity, unit_price)) AS items_total
         FROM %1$sorder_items WHERE (%3$s) GROUP BY order_id) i ON i.order_id = o.order_id
  LEFT JOIN (
       SELECT customer_id, segment, country, CASE WHEN isfinite(signup_date) THEN signup_date END AS signup_date
         FROM %1$scustomers_clean WHERE customer_id IS NOT NULL AND (%2$s)) c ON c.customer_id = o.customer_id
  LEFT JOIN (
       SELECT order_id, customer_id,
              count(*) OVER earlier AS earlier_orders,
              avg(order_total) OVER earlier AS earlier_average,
              (extract(epoch FROM order_date) - extract(epoch FROM lag(order_date) OVER ordered)) / 3600 AS hours_since_previous
         FROM (SELECT order_id, customer_id, max(order_date) AS order_date, max(shopanalytics._amount(order_total)) AS order_total
                 FROM %1$sorders
                WHERE order_id IS NOT NULL AND customer_id IS NOT NULL AND isfinite(order_date) AND (%2$s)
                GROUP BY order_id, customer_id) known
       WINDOW ordered AS (PARTITION BY customer_id ORDER BY order_date, order_id),
              earlier AS (ordered ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
       ) e ON e.order_id = o.order_id AND e.customer_id = o.customer_id
$query$, prefix, of_customer, of_order);

INSERT INTO shopanalytics.store_part (layer, position, name, ddl) VALUES
('derived', 80, 'order_features',
 'CREATE VIEW order_features WITH (security_invoker = true) AS' || shopanalytics._order_features_query('', 'true', 'true') || $ddl$;
COMMENT ON VIEW order_features IS 'what is known of each order when it is placed, for models to learn from';
COMMENT ON COLUMN order_features.is_flagged IS 'whether the order has an issue of severity error: no feature, but what may be predicted';
COMMENT ON COLUMN order_features.lines IS 'number of lines';
COMMENT ON COLUMN order_features.pieces IS 'sum of the quantities';
COMMENT ON COLUMN order_features.highest_price IS 'highest unit price of the lines';
COMMENT ON COLUMN order_features.items_total IS 'sum of quantity times unit price over the lines';
COMMENT ON COLUMN order_features.average_price IS 'items_total by piece';
COMMENT ON COLUMN order_features.hour IS 'hour of the day in the store''s time zone';
COMMENT ON COLUMN order_features.weekday IS 'Monday 1 to Sunday 7 in the store''s time zone';
COMMENT ON COLUMN order_features.days_since_signup IS 'days from the customer''s signup to the order';
COMMENT ON COLUMN order_features.earlier_orders IS 'orders of the customer before this one';
COMMENT ON COLUMN order_features.earlier_average IS 'their average total';
COMMENT ON COLUMN order_features.hours_since_previous IS 'hours since the last of them';
COMMENT ON COLUMN order_features.total_to_average IS 'order_total as a multiple of earlier_average';
$ddl$);

-- Which columns of orders_source a feature is made of.
CREATE FUNCTION shopanalytics._order_feature_columns() RETURNS TABLE (feature text, columns text[])
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    VALUES ('order_total', '{order_total}'::text[]),
           ('lines', '{items}'),
           ('pieces', '{items,items_total}'),
           ('highest_price', '{items_total}'),
           ('items_total', '{items,items_total}'),
           ('average_price', '{items_total}'),
           ('channel', '{channel}'),
           ('payment_method', '{payment_method}'),
           ('hour', '{order_date}'),
           ('weekday', '{order_date}'),
           ('segment', '{customer_id,is_known_customer}'),
           ('country', '{customer_id,is_known_customer}'),
           ('days_since_signup', '{customer_id,is_known_customer,order_date}'),
           ('earlier_orders', '{customer_id,order_date}'),
           ('earlier_average', '{customer_id,order_date}'),
           ('hours_since_previous', '{customer_id,order_date}'),
           ('total_to_average', '{customer_id,order_date,order_total}');
END;
