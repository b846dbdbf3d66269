-- cohort_revenue_report: worked by hand, against plain SQL, edges and errors.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
\set SHOW_CONTEXT never

-- 1 comes in January and 2 in February; nobody comes in March, 3 in April.
CREATE TEMP TABLE orders (customer_id integer, order_date timestamptz, order_total numeric, channel text);
INSERT INTO orders VALUES
    (1, '2024-01-05', 10, 'web'), (1, '2024-01-05', 5.5, 'app'), (1, '2024-03-01', 20, 'web'),
    (2, '2024-02-10', 40, NULL), (2, '2024-02-29', -15.25, 'web'), (2, '2024-03-10', NULL, 'web'), (3, '2024-04-20', 8, 'app');
SELECT * FROM shopanalytics.cohort_revenue_report('orders', periods => 2);
SELECT cohort::date, breakdown_value, cohort_size, period_index, customers, orders, revenue, ltv
  FROM shopanalytics.cohort_revenue_report('orders', 'quarter', 1, breakdown => 'channel', to_time => '2024-07-01');

-- Customers come by signup; 4 never orders, and 3 ordered before.
CREATE TEMP VIEW signup AS SELECT * FROM (VALUES (1::bigint, timestamptz '2024-01-01', 'b'), (2, '2024-01-31', 'a'), (3, '2024-05-01', 'a'), (4, '2024-01-20', 'b')) v (customer_id, ts, country);
SELECT cohort::date, breakdown_value, cohort_size, period_index, customers, orders, revenue, cumulative_revenue, ltv
  FROM shopanalytics.cohort_revenue_report('TABLE orders', 'month', 3, cohorts => 'signup', breakdown => 'country', to_time => '2024-06-01')
 WHERE cohort_size > 0;

-- Against plain SQL: 3,000 customers, by calendar and rolling clock, by first order
-- and by signup.
CREATE TEMP TABLE history AS
SELECT (random() * 3000)::integer AS user_id, round((random() * 100 - 5)::numeric, 2) AS amount,
       timestamptz '2024-03-01' + floor(random() * 700) * interval '3 hours' AS event_time
  FROM (SELECT setseed(0.5)) s, generate_series(1, 20000);
CREATE TEMP TABLE came AS
SELECT user_id, timestamptz '2024-03-01' + floor(random() * 700) * interval '3 hours' AS event_time FROM generate_series(1, 3500) user_id;

CREATE FUNCTION pg_temp.plain(unit text, is_rolling boolean, by_signup boolean, first timestamptz, until timestamptz)
RETURNS TABLE (cohort timestamptz, size bigint, index integer, customers bigint, orders bigint, revenue numeric)
LANGUAGE sql AS $$
WITH ev AS (
    SELECT *, date_trunc(unit, event_time AT TIME ZONE 'Europe/Berlin') AS p FROM history WHERE event_time < until
), entry AS (
    SELECT user_id, t, date_trunc(unit, t AT TIME ZONE 'Europe/Berlin') AS p
      FROM (SELECT user_id, min(event_time) AS t FROM ev WHERE NOT by_signup GROUP BY user_id
            UNION ALL SELECT user_id, event_time FROM came WHERE by_signup AND event_time < until) e
     WHERE t >= first
), matched AS (
    SELECT e.p, k, e.user_id, r.amount
      FROM entry e JOIN ev r ON r.user_id = e.user_id AND r.event_time >= e.t CROSS JOIN generate_series(0, 4) k
     WHERE CASE WHEN is_rolling THEN r.event_time >= e.t + k * interval '24 hours' AND r.event_time < e.t + (k + 1) * interval '24 hours'
                ELSE r.p = e.p + k * ('1 ' || unit)::interval END
)
SELECT c.p AT TIME ZONE 'Europe/Berlin', c.size, k, count(DISTINCT m.user_id), count(m.user_id), coalesce(sum(m.amount), 0)
  FROM (SELECT p, count(*) AS size FROM entry GROUP BY p) c CROSS JOIN generate_series(0, 4) k LEFT JOIN matched m USING (p, k)
 GROUP BY c.p, c.size, k
$$;
SELECT unit, is_rolling, by_signup, count(*) > 50 AS many,
       count(*) FILTER (WHERE (r.cohort_size, r.customers, r.orders, r.revenue) IS DISTINCT FROM (p.size, p.customers, p.orders, p.revenue)) AS wrong
  FROM (VALUES ('day', false, false), ('day', true, false), ('week', false, true), ('day', true, true), ('day', false, true), ('week', false, false)) v (unit, is_rolling, by_signup)
 CROSS JOIN LATERAL (
       SELECT * FROM shopanalytics.cohort_revenue_report('SELECT * FROM history ORDER BY md5(amount::text)', unit, 4, CASE WHEN is_rolling THEN 'rolling' ELSE 'calendar' END,
                         timezone => 'Europe/Berlin', from_time => '2024-03-04 12:00', to_time => '2024-05-20', cohorts => CASE WHEN by_signup THEN 'came' END)
        WHERE is_complete AND cohort_size > 0) r
  LEFT JOIN LATERAL pg_temp.plain(unit, is_rolling, by_signup, '2024-03-04 12:00', '2024-05-20') p ON p.cohort = r.cohort AND p.index = r.period_index
 GROUP BY unit, is_rolling, by_signup ORDER BY 1, 2, 3;

-- All that came is there, cumulative revenue is the sum, and LTV that of a customer.
SELECT count(*) > 0 AS rows, count(*) FILTER (WHERE cumulative_revenue <> total) AS wrong_sum,
       count(*) FILTER (WHERE ltv <> round(total / nullif(cohort_size, 0), 2)) AS wrong_ltv,
       count(*) FILTER (WHERE is_complete <> (revenue IS NOT NULL AND customers IS NOT NULL AND orders IS NOT NULL AND cumulative_revenue IS NOT NULL)) AS wrong_null
  FROM (SELECT *, sum(revenue) OVER (PARTITION BY cohort ORDER BY period_index) AS total
          FROM shopanalytics.cohort_revenue_report('history', 'week', 20)) r;
SELECT sum(revenue) = (SELECT sum(amount) FROM history) AS all_revenue, sum(orders) = (SELECT count(*) FROM history) AS all_orders
  FROM shopanalytics.cohort_revenue_report('history', 'week', 20, to_time => '2025-01-01');

-- What goes to temporary files, and another type of amount.
CREATE TEMP TABLE in_memory AS SELECT * FROM shopanalytics.cohort_revenue_report('SELECT user_id * 10 + n AS user_id, event_time, amount FROM history, generate_series(1, 8) n', 'week', 3);
SET shopanalytics.intake_memory = '1MB';
CREATE TEMP TABLE spilled AS SELECT * FROM shopanalytics.cohort_revenue_report('SELECT user_id * 10 + n AS user_id, event_time, amount::float8 FROM history, generate_series(1, 8) n', 'week', 3);
RESET shopanalytics.intake_memory;
SELECT count(*) AS differ FROM (TABLE in_memory EXCEPT ALL TABLE spilled) d;
-- Equal amounts of other scales give the same figures in any order, and no number is no error.
SELECT o, revenue, ltv FROM unnest(ARRAY['ASC', 'DESC']) o,
       shopanalytics.cohort_revenue_report(format('SELECT 1 AS user_id, now() AS ts, v AS amount FROM unnest(ARRAY[1, 1.00, 1.0]) v ORDER BY scale(v) %s', o), 'year', 1, to_time => '2999-01-01') WHERE period_index = 0 AND cohort_size > 0;
SELECT revenue, ltv FROM shopanalytics.cohort_revenue_report($$SELECT 1 AS user_id, date '2024-01-01' AS ts, unnest('{NaN,1,Infinity}'::numeric[]) AS amount$$, 'day', 1, to_time => '2024-01-02');
SELECT * FROM shopanalytics.cohort_revenue_report('SELECT NULL::int AS user_id, now() AS ts, 1 AS amount');

-- Errors
SELECT * FROM shopanalytics.cohort_revenue_report(NULL);
SELECT * FROM shopanalytics.cohort_revenue_report('orders', 'decade');
SELECT * FROM shopanalytics.cohort_revenue_report('orders', clock => 'rolling');
SELECT * FROM shopanalytics.cohort_revenue_report('orders', amount_column => 'channel');
SELECT * FROM shopanalytics.cohort_revenue_report('SELECT 1 AS user_id, now() AS ts');
SELECT * FROM shopanalytics.cohort_revenue_report('orders', cohorts => 'SELECT 1 AS customer_id');
