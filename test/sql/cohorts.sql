-- weekly_cohorts (A11) and monthly_cohorts (B5) of a store.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET client_min_messages = warning;
\set SHOW_CONTEXT never

CALL shopanalytics.create_store('cohort_demo', timezone => 'America/New_York');
SELECT * FROM shopanalytics.weekly_cohorts('cohort_demo');

-- a orders on the day of signup and in the next week (Sunday 23:00 in New York is
-- Monday in UTC: the week of signup still), b two weeks later, c never, d in the
-- future; flagged and cancelled orders do not count, nor do those before signup.
INSERT INTO cohort_demo.customers (customer_id, name, segment, signup_date) VALUES
    ('a', 'Ann', 'Retail', '2024-05-06'), ('b', 'Bob', 'Trade', '2024-05-08'), ('c', 'Cem', 'Retail', '2024-05-21'),
    ('d', 'Dee', 'Retail', '2999-01-01'), ('e', 'Eva', 'Retail', NULL), (NULL, 'Nil', 'Retail', '2024-05-06');
INSERT INTO cohort_demo.orders (order_id, customer_id, order_date, order_total, status) VALUES
    (1, 'a', '2024-05-06 04:00+00', 10, 'paid'), (2, 'a', '2024-05-13 03:00+00', 10, 'paid'), (3, 'a', '2024-05-14 12:00+00', 10, 'paid'), (4, 'a', '2024-05-15 12:00+00', 10, 'paid'),
    (5, 'b', '2024-05-07 12:00+00', 10, 'paid'), (6, 'b', '2024-05-20 04:00+00', 10, 'paid'), (7, 'b', '2024-05-14 12:00+00', -10, 'paid'), (8, 'b', '2024-05-14 12:00+00', 10, 'cancelled'),
    (9, 'x', '2024-05-30 12:00+00', 10, 'paid'), (10, NULL, '2024-05-30 12:00+00', 10, 'paid'), (11, 'a', NULL, 10, 'paid'), (12, 'c', '2999-01-01', 10, 'paid');
SELECT * FROM shopanalytics.weekly_cohorts('cohort_demo', 2);
SELECT * FROM shopanalytics.weekly_cohorts('cohort_demo', 2, 'segment', to_day => '2024-06-02') WHERE cohort_size > 0;
SELECT * FROM shopanalytics.weekly_cohorts('cohort_demo', 1, from_day => '2024-05-20', to_day => '2024-05-26');
SELECT * FROM shopanalytics.monthly_cohorts('cohort_demo', 1, to_day => '2024-06-30');
-- Participation of any kind: the source needs a customer_id and an event_time.
CREATE TEMP TABLE deal_member AS SELECT * FROM (VALUES ('b', timestamp '2024-06-03 10:00'), ('c', '2024-07-10 10:00'), ('c', '2024-07-11 10:00')) v (customer_id, event_time);
SELECT * FROM shopanalytics.monthly_cohorts('cohort_demo', participation => 'deal_member', to_day => '2024-08-31');
SELECT * FROM shopanalytics.monthly_cohorts('cohort_demo', participation => $$SELECT customer_id, event_time FROM deal_member WHERE customer_id = 'b'$$, to_day => '2024-05-31', months => 1);

SELECT * FROM shopanalytics.weekly_cohorts(NULL);
SELECT * FROM shopanalytics.weekly_cohorts('nowhere');
SELECT * FROM shopanalytics.weekly_cohorts('cohort_demo', 0);
SELECT * FROM shopanalytics.weekly_cohorts('cohort_demo', breakdown => 'colour');
SELECT * FROM shopanalytics.monthly_cohorts('cohort_demo', participation => 'SELECT 1 AS one');
CALL shopanalytics.drop_store('cohort_demo');

-- Generated data with anomalies, against plain SQL on the clean views.
CALL shopanalytics.create_store('cohort_shop', timezone => 'Asia/Kolkata');
CALL shopanalytics.generate_shop('cohort_shop', customers => 400, days => 120, seed => 5);
CREATE TEMP TABLE signup AS SELECT customer_id, min(signup_date) AS day FROM cohort_shop.customers_clean WHERE customer_id IS NOT NULL AND signup_date <= now() GROUP BY customer_id;
CREATE TEMP TABLE bought AS
SELECT DISTINCT customer_id, (order_date AT TIME ZONE 'Asia/Kolkata')::date AS day FROM cohort_shop.orders_clean
 WHERE NOT is_flagged AND NOT is_cancelled AND isfinite(order_date) AND customer_id IS NOT NULL;
CREATE TEMP TABLE data_end AS
SELECT max(order_date) AT TIME ZONE 'Asia/Kolkata' AS t FROM cohort_shop.orders_clean WHERE NOT is_flagged AND NOT is_cancelled AND isfinite(order_date) AND customer_id IS NOT NULL;

CREATE FUNCTION pg_temp.plain(unit text, ahead integer) RETURNS TABLE (period date, size bigint, k integer, customers bigint)
LANGUAGE sql AS $$
SELECT p::date, count(*), k,
       CASE WHEN p + (k + 1) * ('1 ' || unit)::interval <= (SELECT t FROM data_end)
            THEN count(*) FILTER (WHERE EXISTS (SELECT FROM bought b WHERE b.customer_id = s.customer_id AND b.day >= s.day
                                                   AND date_trunc(unit, b.day::timestamp) = p + k * ('1 ' || unit)::interval)) END
  FROM (SELECT *, date_trunc(unit, day::timestamp) AS p FROM signup) s, generate_series(0, ahead) k
 GROUP BY p, k
$$;
SELECT count(*) > 100 AS many, sum(r.customers) > 500 AS many_order, count(*) FILTER (WHERE (cohort_size, r.customers) IS DISTINCT FROM (size, p.customers)) AS wrong
  FROM (SELECT * FROM shopanalytics.weekly_cohorts('cohort_shop', 12) WHERE cohort_size > 0) r
  FULL JOIN pg_temp.plain('week', 12) p ON (signup_week, week) = (period, k);
SELECT count(*) > 10 AS many, sum(r.customers) > 100 AS many_order, count(*) FILTER (WHERE (cohort_size, r.customers) IS DISTINCT FROM (size, p.customers)) AS wrong
  FROM (SELECT * FROM shopanalytics.monthly_cohorts('cohort_shop') WHERE cohort_size > 0) r
  FULL JOIN pg_temp.plain('month', 3) p ON (signup_month, month) = (period, k);
CALL shopanalytics.drop_store('cohort_shop');
