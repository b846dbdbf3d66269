-- kpi_daily (A12) and customer_segments (A9), against figures worked out by hand and plain SQL.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CALL shopanalytics.create_store('berlin', timezone => 'Europe/Berlin');

-- empty store
SELECT * FROM berlin.kpi_daily;
SELECT * FROM berlin.customer_segments;

INSERT INTO berlin.customers (customer_id, name, segment) VALUES ('a', 'Anna', 'S'), ('b', 'Ben', 'S'), ('c', 'Cleo', 'S'), ('d', 'Dan', 'S'), ('e', 'Eve', 'S'), ('f', 'Finn', 'S');
INSERT INTO berlin.orders (order_id, customer_id, order_date, order_total, status) VALUES
    -- Summer time begins in Berlin on the 30th: 21:30 UTC is 23:30 there, 22:30 UTC is 00:30 on the 31st
    (1, 'a', '2025-03-30 21:30+00', 100, 'paid'),       -- 30th: a is new
    (2, 'a', '2025-03-30 22:30+00', 20, 'paid'),        -- 31st: a returns
    (3, 'b', '2025-03-31 10:00+00', 30, 'paid'),        -- 31st: b is new
    (4, 'b', '2025-03-31 12:00+00', 5, 'paid'),         -- 31st: b still counts once
    (5, 'c', '2025-03-31 12:00+00', 50, 'Canceled'),    -- 31st: cancelled: c is not new yet
    (6, 'c', '2025-03-31 13:00+00', -7, 'paid'),        -- 31st: flagged
    (7, 'c', '2025-04-02 09:00+00', 500, 'paid'),       -- 2 April: c is new; 1 April is empty
    (8, NULL, '2025-04-02 09:00+00', 9, 'paid'),        -- revenue, but nobody's
    (9, 'd', '2075-04-02 09:00+00', 11, 'paid'),        -- flagged, on its own far day
    (10, 'd', NULL, 12, 'paid'),                        -- on no day
    (11, 'e', '2025-04-02 10:00+00', 500.01, 'void'),   -- cancelled only
    (12, 'f', '2025-04-02 10:00+00', 500.01, 'paid');   -- f is new
SELECT * FROM berlin.kpi_daily;

-- under 100, 100 to 500 (both ends in), over 500; no orders that count
INSERT INTO berlin.orders (order_id, customer_id, order_date, order_total) VALUES
    (20, 'b', '2025-04-02 12:00+00', 264.97);   -- b: (30 + 5 + 264.97) / 3 = 99.99
SELECT * FROM berlin.customer_segments ORDER BY customer_id;

-- the same by plain SQL over the base table, on random orders
TRUNCATE berlin.orders;
SELECT setseed(0.5);
INSERT INTO berlin.orders (order_id, customer_id, order_date, order_total, status)
SELECT n, nullif('c' || floor(random() * 50), 'c0'), timestamptz '2025-01-01 00:00+00' + random() * interval '60 days',
       round((random() * 200 - 10)::numeric, 2), (ARRAY['paid', 'shipped', 'CANCELLED', NULL])[1 + floor(random() * 4)::int]
  FROM generate_series(1, 2000) n;
WITH plain AS (
    SELECT d::date AS day,
           (SELECT coalesce(sum(order_total), 0) FROM berlin.orders o WHERE timezone('Europe/Berlin', order_date)::date = d AND order_total >= 0 AND lower(coalesce(status, '')) <> 'cancelled') AS revenue,
           (SELECT count(*) FROM berlin.orders o WHERE timezone('Europe/Berlin', order_date)::date = d AND order_total >= 0 AND lower(coalesce(status, '')) <> 'cancelled') AS orders,
           (SELECT count(*) FROM (SELECT min(timezone('Europe/Berlin', order_date)::date) AS first_day FROM berlin.orders
                                   WHERE order_total >= 0 AND lower(coalesce(status, '')) <> 'cancelled' AND customer_id IS NOT NULL GROUP BY customer_id) f
             WHERE first_day = d) AS new_customers,
           (SELECT count(DISTINCT customer_id) FROM berlin.orders o WHERE timezone('Europe/Berlin', order_date)::date = d AND order_total >= 0 AND lower(coalesce(status, '')) <> 'cancelled'
               AND EXISTS (SELECT FROM berlin.orders e WHERE e.customer_id = o.customer_id AND e.order_total >= 0 AND lower(coalesce(e.status, '')) <> 'cancelled'
                              AND timezone('Europe/Berlin', e.order_date)::date < d)) AS returning_customers,
           (SELECT count(*) FROM berlin.orders o WHERE timezone('Europe/Berlin', order_date)::date = d AND order_total < 0) AS flagged_orders
      FROM generate_series(timestamp '2025-01-01', '2025-03-02', '1 day') d
)
SELECT count(*) AS days, count(*) FILTER (WHERE k IS NOT DISTINCT FROM p) AS equal
  FROM (SELECT day, revenue, orders, new_customers, returning_customers, flagged_orders FROM berlin.kpi_daily) k
  FULL JOIN plain p USING (day)
 WHERE p.orders > 0 OR k.day IS NOT NULL;
CALL shopanalytics.drop_store('berlin');

-- no value that a base table can hold makes a view fail; in zones on either side of UTC
CREATE FUNCTION pg_temp.extremes(zone text) RETURNS TABLE (views bigint, days bigint, revenue numeric, durations text) LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    CALL shopanalytics.create_store('extreme', timezone => zone);
    INSERT INTO extreme.customers (customer_id, signup_date) VALUES ('c', '4714-11-24 BC'), ('d', '5874897-12-31'), ('e', 'infinity'), ('f', '-infinity');
    INSERT INTO extreme.orders (order_id, customer_id, order_date, shipment_date, order_total) VALUES
        ('1', 'c', '4714-11-24 00:00+00 BC', '294276-12-31 23:59:59.999999+00', 1), ('2', 'c', '294276-12-31 23:59:59.999999+00', '4714-11-24 00:00+00 BC', 1),
        ('3', 'c', 'infinity', '-infinity', 1), ('4', 'c', '-infinity', 'infinity', 1), ('5', 'c', '0001-01-01', NULL, 1), ('6', 'c', '2025-01-01 12:00+00', NULL, 7),
        ('7', 'c', '2025-01-02 12:00+00', NULL, 'NaN'), ('8', 'c', '2025-01-02 12:00+00', NULL, 'Infinity'), ('9', 'c', '2025-01-02 12:00+00', NULL, '-Infinity'),
        ('10', 'c', '2025-01-02 12:00+00', NULL, 1e131000), ('11', 'c', '2025-01-02 12:00+00', NULL, -9.9e131000);
    INSERT INTO extreme.order_items (order_id, product_id, quantity, unit_price)
    SELECT '6', 'p', q, u FROM unnest('{1e100000,-1e100000,NaN,Infinity,-Infinity,0,1}'::numeric[]) q, unnest('{1e100000,NaN,-Infinity,7,0}'::numeric[]) u;
    INSERT INTO extreme.products (product_id, price) VALUES ('p', 'NaN'), ('q', 1e131000);
    INSERT INTO extreme.sessions (session_id, session_start, session_end, device) VALUES
        ('1', '4714-11-24 00:00+00 BC', '294276-12-31 23:59:59.999999+00', 'mobile'), ('2', '294276-12-31 23:59:59.999999+00', '4714-11-24 00:00+00 BC', 'mobile'),
        ('3', '-infinity', 'infinity', NULL);
    views := 0;
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'extreme'::regnamespace AND relkind = 'v' LOOP
        EXECUTE format('SELECT count(v::text) FROM extreme.%I v', name);
        views := views + 1;
    END LOOP;
    CALL shopanalytics.stage('extreme');
    SELECT count(*), sum(k.revenue) INTO days, revenue FROM extreme.kpi_daily k WHERE day BETWEEN '2024-12-01' AND '2025-12-31';
    SELECT string_agg(coalesce(session_duration::text, 'null'), ' ' ORDER BY session_id) INTO durations FROM extreme.sessions_clean;
    CALL shopanalytics.drop_store('extreme');
    RETURN NEXT;
END $$;
SET client_min_messages = warning;
SELECT zone, views > 20 AS all_views, days, revenue, durations
  FROM unnest('{America/New_York,Asia/Tokyo,UTC,Pacific/Kiritimati}'::text[]) zone, pg_temp.extremes(zone);
