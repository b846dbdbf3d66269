-- A32, B7.  customer_features(): what is known of each customer at a moment.
\pset null '(null)'
\set SHOW_CONTEXT never
SET TimeZone = 'UTC';
SET client_min_messages = warning;

-- By hand.  The last day is 31 March, of bea's order; ann's tenure is 90 days from
-- her signup, and 95 from the order before it.  In Berlin 23:30 UTC is the day after.
CALL shopanalytics.create_store('it''s "a" shop', timezone => 'Europe/Berlin');
SET search_path = 'it''s "a" shop';
INSERT INTO customers (customer_id, name, segment, country, signup_date) VALUES
    ('ann', 'Ann', 'Retail', 'France', '2025-01-01'), ('ann', 'Ann', 'Retail', 'France', '2024-06-01'), ('bea', 'Bea', NULL, NULL, NULL), ('c''e"m', 'Cem', 'Retail', 'Spain', '2025-03-20'),
    ('dee', 'Dee', 'Retail', NULL, '2999-01-01'), ('eve', 'Eve', 'Retail', NULL, 'infinity'), (NULL, 'Nobody', NULL, NULL, '2025-01-01');
INSERT INTO orders (order_id, customer_id, order_date, order_total, status) VALUES
    ('o1', 'ann', '2024-12-26 23:30+00', 10.00, 'paid'), ('o2', 'ann', '2025-01-04 10:00+00', 20.00, 'paid'), ('o3', 'ann', '2025-03-02 10:00+00', 60.00, 'paid'),
    ('o3', 'ann', '2025-03-01 10:00+00', 60.00, 'paid'), ('o4', 'ann', '2025-03-03 10:00+00', 500.00, 'Cancelled'), ('o5', 'ann', '2025-03-04 10:00+00', -5.00, 'paid'),
    ('o6', 'ann', NULL, 70.00, 'paid'), ('o7', 'ann', 'infinity', 70.00, 'paid'), ('o8', 'bea', '2025-03-30 22:00+00', 1e70, 'paid'), ('o9', 'bea', '2999-01-01', 5.00, 'paid'),
    ('o10', 'zoe', '2025-03-05 10:00+00', 5.00, 'paid'), ('o11', NULL, '2025-03-05 10:00+00', 5.00, 'paid');
INSERT INTO sessions (session_id, customer_id, session_start, session_end, device) VALUES
    ('s1', 'ann', '2025-01-04 09:00+00', '2025-01-04 09:10+00', ' Mobile'), ('s2', 'ann', '2025-03-02 09:00+00', '2025-03-02 09:05+00', 'desktop'), ('s3', 'ann', '2025-03-02 23:30+00', NULL, 'mobile'),
    ('s4', 'ann', '2025-03-03 09:00+00', '2025-03-03 08:00+00', NULL), ('s5', 'bea', 'infinity', NULL, 'mobile'), ('s6', 'bea', '2999-01-01', '2999-01-02', 'mobile'), ('s7', NULL, '2025-03-01', '2025-03-02', 'mobile');
RESET search_path;
\x on
SELECT * FROM shopanalytics.customer_features('it''s "a" shop') ORDER BY customer_id;
\x off
-- Known by then: strictly before the moment; a session that had not ended has no
-- duration; who had not signed up, and had done nothing, is nobody yet.
SELECT customer_id, feature_time, days_since_signup AS signup, orders, total_spent AS spent, days_since_last_order AS last_order, order_frequency AS frequency, flagged_orders + cancelled_orders AS refused,
       sessions, avg_session_seconds AS seconds, mobile_session_share AS mobile
  FROM (VALUES ('2024-12-26 23:30+00'::timestamptz), ('2024-12-26 23:30:00.000001+00'), ('2025-01-04 09:05+00'), ('2025-01-04 10:00+00'), ('2025-03-19 23:00+00'), ('2025-03-19 23:00:00.000001+00'), ('2025-04-30 12:00+00')) v (as_of),
       shopanalytics.customer_features('it''s "a" shop', as_of)
 ORDER BY as_of, customer_id;

-- a store without rows has no last day: now
CALL shopanalytics.create_store('empty', key_type => 'bigint');
SELECT count(*) FROM shopanalytics.customer_features('empty');
BEGIN;
INSERT INTO empty.customers (customer_id, name, signup_date) VALUES (7, 'Ann', current_date - 10);
SELECT customer_id, feature_time = now() AS now, days_since_signup, orders, avg_order_value, order_frequency, sessions, mobile_session_share FROM shopanalytics.customer_features('empty');
COMMIT;
-- rules that are switched off change what counts, and fail nothing
UPDATE empty.clean_rule SET enabled = false;
INSERT INTO empty.customers (customer_id, name, signup_date) VALUES (7, 'Ann again', '-infinity'), (8, 'Bea', '4713-01-01 BC');
INSERT INTO empty.orders (order_id, customer_id, order_date, order_total) VALUES
    (1, 7, NULL, NULL), (2, 7, 'infinity', 'Infinity'), (3, 7, '-infinity', 'NaN'), (4, 7, '294276-12-31 23:59:59+00', 5), (5, 7, '4713-01-01 00:00+00 BC', 5), (6, 7, '2025-01-01', 'NaN'), (7, 7, '2025-01-02', 9e130000);
INSERT INTO empty.sessions (session_id, customer_id, session_start, session_end) VALUES (1, 7, '4713-01-01 00:00+00 BC', '294276-12-31 23:59:59+00'), (2, 7, 'infinity', '-infinity'), (3, 7, '294276-12-31 23:59:59+00', NULL);
SELECT customer_id, feature_time, orders, total_spent, days_since_first_order, days_since_last_order, days_since_last_session, avg_session_seconds FROM shopanalytics.customer_features('empty') ORDER BY 1;
SELECT count(*) FROM shopanalytics.customer_features('empty', '4714-11-24 00:00+00 BC');
SELECT customer_id, orders, days_since_signup FROM shopanalytics.customer_features('empty', '294276-12-31 23:59:59+00') ORDER BY 1;

-- what cannot be
SELECT shopanalytics.customer_features(NULL);
\echo :SQLSTATE
SELECT shopanalytics.customer_features('nowhere');
\echo :SQLSTATE
SELECT shopanalytics.customer_features('empty', 'infinity');
\echo :SQLSTATE
CALL shopanalytics.drop_store('empty');
CALL shopanalytics.drop_store('it''s "a" shop');

-- A generated shop with its anomalies, against plain SQL: a question for each customer,
-- by default and in the middle of a day.
CALL shopanalytics.create_store('lab', timezone => 'America/New_York', key_type => 'uuid');
CALL shopanalytics.generate_shop('lab', customers => 250, days => 200, seed => 5, orders => 2500, sessions => 4000);
CREATE FUNCTION plain(moment timestamptz, today date, everybody boolean) RETURNS TABLE (
    customer_id text, signup integer, orders bigint, spent numeric, average numeric, greatest_value numeric, first_order integer, last_order integer, gap numeric, frequency numeric,
    orders_30 bigint, orders_90 bigint, spent_30 numeric, spent_90 numeric, weekend numeric, cancelled bigint, flagged bigint,
    visits bigint, visits_30 bigint, last_visit integer, seconds numeric, mobile numeric, per_session numeric) LANGUAGE sql AS $$
    WITH o AS (SELECT *, (order_date AT TIME ZONE 'America/New_York')::date AS day FROM lab.orders_clean WHERE order_date < moment AND isfinite(order_date)),
         good AS (SELECT * FROM o WHERE NOT is_flagged AND NOT is_cancelled),
         s AS (SELECT *, (session_start AT TIME ZONE 'America/New_York')::date AS day FROM lab.sessions_clean WHERE session_start < moment AND isfinite(session_start))
    SELECT c.customer_id::text, CASE WHEN today >= c.signup_date THEN today - c.signup_date END,
           (SELECT count(*) FROM good o WHERE o.customer_id = c.customer_id),
           (SELECT coalesce(round(sum(order_total), 2), 0) FROM good o WHERE o.customer_id = c.customer_id),
           (SELECT round(avg(order_total), 2) FROM good o WHERE o.customer_id = c.customer_id),
           (SELECT order_total FROM good o WHERE o.customer_id = c.customer_id ORDER BY order_total DESC LIMIT 1),
           (SELECT today - day FROM good o WHERE o.customer_id = c.customer_id ORDER BY order_date LIMIT 1),
           (SELECT today - day FROM good o WHERE o.customer_id = c.customer_id ORDER BY order_date DESC LIMIT 1),
           (SELECT round(avg(days), 2) FROM (SELECT day - lag(day) OVER (ORDER BY order_date) AS days FROM good o WHERE o.customer_id = c.customer_id) g),
           (SELECT round(count(*) * 30.0 / (today - least(min(day), CASE WHEN c.signup_date <= today THEN c.signup_date END) + 1), 4) FROM good o WHERE o.customer_id = c.customer_id),
           (SELECT count(*) FROM good o WHERE o.customer_id = c.customer_id AND today - day < 30),
           (SELECT count(*) FROM good o WHERE o.customer_id = c.customer_id AND today - day < 90),
           (SELECT coalesce(round(sum(order_total), 2), 0) FROM good o WHERE o.customer_id = c.customer_id AND today - day < 30),
           (SELECT coalesce(round(sum(order_total), 2), 0) FROM good o WHERE o.customer_id = c.customer_id AND today - day < 90),
           (SELECT round(avg((extract(dow FROM day) IN (0, 6))::integer), 4) FROM good o WHERE o.customer_id = c.customer_id),
           (SELECT count(*) FROM o WHERE o.customer_id = c.customer_id AND is_cancelled AND NOT is_flagged),
           (SELECT count(*) FROM o WHERE o.customer_id = c.customer_id AND is_flagged),
           (SELECT count(*) FROM s WHERE s.customer_id = c.customer_id),
           (SELECT count(*) FROM s WHERE s.customer_id = c.customer_id AND today - day < 30),
           (SELECT today - day FROM s WHERE s.customer_id = c.customer_id ORDER BY session_start DESC LIMIT 1),
           (SELECT round(avg(session_duration), 1) FROM s WHERE s.customer_id = c.customer_id AND duration_status IN ('ok', 'zero') AND session_end <= moment),
           (SELECT round(avg((lower(coalesce(device, '')) = 'mobile')::integer), 4) FROM s WHERE s.customer_id = c.customer_id),
           (SELECT round((SELECT count(*) FROM good o WHERE o.customer_id = c.customer_id)::numeric / nullif(count(*), 0), 4) FROM s WHERE s.customer_id = c.customer_id)
      FROM lab.customers_clean c
     WHERE c.customer_id IS NOT NULL
       AND (everybody OR c.signup_date <= today OR c.signup_date IS NULL OR EXISTS (SELECT FROM o WHERE o.customer_id = c.customer_id) OR EXISTS (SELECT FROM s WHERE s.customer_id = c.customer_id)) $$;
CREATE FUNCTION compare(as_of timestamptz, moment timestamptz, today date, OUT customers bigint, OUT differing bigint) LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE p AS SELECT * FROM plain(moment, today, as_of IS NULL);
    CREATE TEMP TABLE o AS
        SELECT customer_id, days_since_signup, orders, total_spent, avg_order_value, max_order_value, days_since_first_order, days_since_last_order, days_between_orders, order_frequency,
               orders_30d, orders_90d, spent_30d, spent_90d, weekend_order_share, cancelled_orders, flagged_orders, sessions, sessions_30d, days_since_last_session, avg_session_seconds, mobile_session_share, orders_per_session
          FROM shopanalytics.customer_features('lab', as_of);
    SELECT count(*) INTO customers FROM p;
    SELECT count(*) INTO differing FROM ((TABLE p EXCEPT ALL TABLE o) UNION ALL (TABLE o EXCEPT ALL TABLE p)) d;
    DROP TABLE p, o;
END $$;
SELECT v.as_of, c.*
  FROM (VALUES (NULL::timestamptz, '2026-01-01 00:00-05'::timestamptz, '2025-12-31'::date), ('2025-10-15 12:34-04', '2025-10-15 12:34-04', '2025-10-15'),
               ('2025-06-20 00:00-04', '2025-06-20 00:00-04', '2025-06-19'), ('2025-09-01 00:00-04', '2025-09-01 00:00-04', '2025-08-31')) v (as_of, moment, today),
       compare(v.as_of, v.moment, v.today) c
 ORDER BY v.as_of NULLS FIRST;
-- revenue is that of kpi_daily, but for orders of nobody we know
SELECT sum(f.total_spent) + (SELECT coalesce(sum(order_total), 0) FROM lab.orders_clean o WHERE NOT is_flagged AND NOT is_cancelled AND (NOT is_known_customer OR customer_id IS NULL)) = (SELECT sum(revenue) FROM lab.kpi_daily) AS revenue,
       max(f.feature_time) = (SELECT (max(day) + 1)::timestamp AT TIME ZONE 'America/New_York' FROM lab.kpi_daily WHERE orders > 0) AS last_day
  FROM shopanalytics.customer_features('lab') f;

-- What comes later changes nothing: the features are those of a store without it.  Nor
-- does the order of rows.
CREATE TABLE then_known AS SELECT * FROM shopanalytics.customer_features('lab', '2025-10-15 12:34-04');
DELETE FROM lab.orders WHERE order_date >= '2025-10-15 12:34-04' AND order_id NOT IN (SELECT order_id FROM lab.orders GROUP BY order_id HAVING count(*) > 1);
DELETE FROM lab.sessions WHERE session_start >= '2025-10-15 12:34-04' AND session_id NOT IN (SELECT session_id FROM lab.sessions GROUP BY session_id HAVING count(*) > 1);
CREATE TABLE shuffled AS SELECT * FROM lab.orders;
DELETE FROM lab.orders;
INSERT INTO lab.orders OVERRIDING SYSTEM VALUE SELECT * FROM shuffled ORDER BY md5(order_id::text || coalesce(order_total, 0));
SELECT (SELECT count(*) FROM then_known) AS customers, count(*) AS differing
  FROM ((TABLE then_known EXCEPT ALL SELECT * FROM shopanalytics.customer_features('lab', '2025-10-15 12:34-04'))
        UNION ALL (SELECT * FROM shopanalytics.customer_features('lab', '2025-10-15 12:34-04') EXCEPT ALL TABLE then_known)) d;
CALL shopanalytics.drop_store('lab');

-- P1: the last value of a feature at the time of a label; with a limit to its age, 10;
-- and as it was known then.
CREATE TABLE feature (entity text, event bigint, created bigint, value integer);
INSERT INTO feature VALUES ('c1', 1, 1, 10), ('c1', 5, 5, 20), ('c1', 5, 9, 21), ('c1', 9, 9, 30), ('c2', 2, 2, 5), ('c2', 40, 40, 6);
CREATE TABLE label (entity text, day bigint);
INSERT INTO label VALUES ('c1', 0), ('c1', 5), ('c1', 7), ('c1', 9), ('c1', 30), ('c2', 20), ('c3', 5);
CREATE TABLE oracle (entity text, day bigint, no_ttl integer, ttl_10 integer, as_known integer);
INSERT INTO oracle VALUES ('c1', 0, NULL, NULL, NULL), ('c1', 5, 21, 21, 20), ('c1', 7, 21, 21, 20), ('c1', 9, 30, 30, 30), ('c1', 30, 30, NULL, 30), ('c2', 20, 5, NULL, 5), ('c3', 5, NULL, NULL, NULL);
CREATE VIEW answer AS
    SELECT a.entity, a.day, a.no_ttl, a.ttl_10, k.value AS as_known
      FROM (SELECT entity, ts AS day, is_feature,
                   shopanalytics.asof_last(value, ts, is_feature) OVER w AS no_ttl,
                   shopanalytics.asof_last(value, ts, is_feature, max_gap => 10) OVER w AS ttl_10
              FROM (SELECT entity, event AS ts, created, value, true AS is_feature FROM feature
                    UNION ALL
                    SELECT entity, day, NULL, NULL, false FROM label) r
            WINDOW w AS (PARTITION BY entity ORDER BY ts, created)) a
      LEFT JOIN LATERAL (SELECT f.value FROM feature f WHERE f.entity = a.entity AND f.event <= a.day AND f.created <= a.day
                          ORDER BY f.event DESC, f.created DESC LIMIT 1) k ON true
     WHERE NOT a.is_feature;
SELECT * FROM answer ORDER BY entity, day;
SELECT count(*) AS differing FROM ((TABLE answer EXCEPT ALL TABLE oracle) UNION ALL (TABLE oracle EXCEPT ALL TABLE answer)) d;

DROP VIEW answer;
DROP TABLE feature, label, oracle, then_known, shuffled;
DROP FUNCTION plain, compare;
