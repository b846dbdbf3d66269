-- retention_report: published cases by their id, edges, errors, and random
-- histories against plain SQL.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET client_min_messages = notice;
\set SHOW_CONTEXT never
\set VERBOSITY default

-- The matrix as triangles: periods that are not complete are not shown.
CREATE FUNCTION pg_temp.triangle(events text, period text, periods integer, first timestamptz, until timestamptz,
    mode text DEFAULT 'bounded', cohort text DEFAULT 'recurring', week_start integer DEFAULT 1, min_occurrences integer DEFAULT 1)
RETURNS TABLE (came text, retained text)
LANGUAGE sql AS $$
    SELECT to_char(r.cohort, 'YYYY-MM-DD HH24'), string_agg(r.retained::text, ' ' ORDER BY r.period_index)
      FROM shopanalytics.retention_report(events, period, periods, mode => mode, cohort => cohort, week_start => week_start,
                                          min_occurrences => min_occurrences, from_time => first, to_time => until) r
     GROUP BY r.cohort ORDER BY r.cohort
$$;

-- R5 (users who log in, and of these who pay one and two days later)
CREATE TABLE login_pay (user_id integer, event_time timestamptz, event_name text);
INSERT INTO login_pay VALUES
    (1, '2024-05-01', 'pay'), (1, '2024-05-01', 'login'), (1, '2024-05-02', 'pay'), (1, '2024-05-02', 'login'),
    (2, '2024-05-01', 'login'), (3, '2024-05-02', 'login'), (3, '2024-05-03', 'pay'), (3, '2024-05-04', 'pay');
SELECT cohort::date, cohort_size, period_index, retained, retention_rate, returned_same_period
  FROM shopanalytics.retention_report('login_pay', 'day', 2, 'login', 'pay', cohort => 'recurring', to_time => '2024-05-05')
 WHERE cohort <= '2024-05-02';

-- R6, R10
CREATE TABLE by_day (user_id text, event_time timestamptz);
INSERT INTO by_day
SELECT u, timestamptz '2020-06-10 12:00' + d * interval '1 day'
  FROM (VALUES ('p1', '{0,1,2,5,5,6}'::integer[]), ('p2', '{1,2,3,6}')) v (u, days), unnest(days) d;
SELECT * FROM pg_temp.triangle('by_day', 'day', 10, '2020-06-10', '2020-06-21');
SELECT * FROM pg_temp.triangle('by_day', 'day', 10, '2020-06-10', '2020-06-21', min_occurrences => 2);

-- R7
CREATE TABLE by_month (user_id text, event_time timestamptz);
INSERT INTO by_month
SELECT u, make_timestamptz(2020, m, 15, 12, 0, 0)
  FROM (VALUES ('p1', '{1,2,3,5,6,9}'::integer[]), ('p2', '{1,2,3,6,7,11}')) v (u, months), unnest(months) m;
SELECT * FROM pg_temp.triangle('by_month', 'month', 10, '2020-01-01', '2020-12-01');
-- the same by hour: month 1 is hour 6
SELECT * FROM pg_temp.triangle($$SELECT user_id, make_timestamptz(2020, 6, 10, 5 + extract(month FROM event_time)::integer, 30, 0) AS ts FROM by_month$$,
                               'hour', 10, '2020-06-10 06:00', '2020-06-10 17:00');

-- R8; the weeks of Monday differ
CREATE TABLE by_week (user_id text, event_time date);
INSERT INTO by_week
SELECT u, d
  FROM (VALUES ('p1', '{2020-06-10,2020-06-11,2020-06-17,2020-06-24,2020-07-04,2020-07-11}'::date[]),
               ('p2', '{2020-06-10,2020-06-11,2020-06-17,2020-07-04,2020-07-11,2020-07-25}')) v (u, days), unnest(days) d;
SELECT * FROM pg_temp.triangle('by_week', 'week', 6, '2020-06-07', '2020-07-26', week_start => 7);
SELECT * FROM pg_temp.triangle('by_week', 'week', 6, '2020-06-08', '2020-07-27', week_start => 1);
-- by plain SQL
WITH weeks AS (SELECT DISTINCT user_id, date_trunc('week', event_time)::date AS week FROM by_week)
SELECT c.week, string_agg((SELECT count(*) FROM weeks a JOIN weeks b USING (user_id) WHERE a.week = c.week AND b.week = c.week + 7 * i)::text, ' ' ORDER BY i)
  FROM (SELECT n, date '2020-06-08' + 7 * n AS week FROM generate_series(0, 6) n) c, generate_series(0, 6 - n) i
 GROUP BY c.week ORDER BY c.week;

-- R9
CREATE TABLE unbound (user_id text, event_time timestamptz);
INSERT INTO unbound
SELECT u, timestamptz '2020-06-10' + d * interval '1 day'
  FROM (VALUES ('p1', '{0,3,4}'::integer[]), ('p2', '{0,1}'), ('p3', '{1,2,3}'), ('p4', '{3,4}'), ('p5', '{4}')) v (u, days), unnest(days) d;
SELECT * FROM pg_temp.triangle('unbound', 'day', 5, '2020-06-10', '2020-06-16', 'unbounded');
SELECT * FROM pg_temp.triangle('unbound', 'day', 5, '2020-06-11', '2020-06-16', 'unbounded');
SELECT * FROM pg_temp.triangle('unbound', 'day', 5, '2020-06-10', '2020-06-16');
SELECT * FROM pg_temp.triangle('unbound', 'day', 5, '2020-06-10', '2020-06-16', cohort => 'first_time');

-- R11
CREATE TABLE three (user_id integer, event_time timestamptz);
INSERT INTO three VALUES (1, '2024-01-01'), (2, '2024-01-01'), (3, '2024-01-01'), (1, '2024-01-02'), (2, '2024-01-06');
SELECT mode, string_agg(floor(100 * retention_rate)::text, ' ' ORDER BY period_index)
  FROM (VALUES ('bounded'), ('unbounded')) m (mode),
       shopanalytics.retention_report('three', 'day', 6, mode => mode, to_time => '2024-01-08') r
 WHERE cohort = '2024-01-01' GROUP BY mode ORDER BY mode;

-- R12: the 24 hours are exact, not rounded down to the hour
SELECT start, clock, string_agg(retained::text, ' ' ORDER BY period_index) AS retained, max(returned_same_period) AS same_day
  FROM (VALUES (timestamptz '2024-01-01 17:59', timestamptz '2024-01-02 17:00'), ('2024-01-01 23:45', '2024-01-02 00:01')) v (start, back),
       (VALUES ('calendar'), ('rolling')) c (clock),
       shopanalytics.retention_report(format('SELECT 1 AS user_id, unnest(ARRAY[%L, %L]::timestamptz[]) AS ts', start, back),
                                      'day', 1, clock => clock, to_time => '2024-01-04') r
 WHERE cohort = '2024-01-01' GROUP BY start, clock ORDER BY start, clock;

-- R13: the day of 23 hours is one day
SELECT zone, string_agg(retained::text, ' ' ORDER BY period_index)
  FROM (VALUES ('America/New_York'), ('UTC')) z (zone),
       shopanalytics.retention_report($$SELECT 1 AS user_id, unnest('{2024-03-09 23:30 America/New_York, 2024-03-11 00:10 America/New_York}'::timestamptz[]) AS ts$$,
                                      'day', 2, timezone => zone, from_time => '2024-03-09 06:00', to_time => '2024-03-14') r
 WHERE cohort_size = 1 GROUP BY zone ORDER BY zone;
