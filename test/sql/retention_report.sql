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
CREATE TEMP TABLE login_pay (user_id integer, event_time timestamptz, event_name text);
INSERT INTO login_pay VALUES
    (1, '2024-05-01', 'pay'), (1, '2024-05-01', 'login'), (1, '2024-05-02', 'pay'), (1, '2024-05-02', 'login'),
    (2, '2024-05-01', 'login'), (3, '2024-05-02', 'login'), (3, '2024-05-03', 'pay'), (3, '2024-05-04', 'pay');
SELECT cohort::date, cohort_size, period_index, retained, retention_rate, returned_same_period
  FROM shopanalytics.retention_report('login_pay', 'day', 2, 'login', 'pay', cohort => 'recurring', to_time => '2024-05-05')
 WHERE cohort <= '2024-05-02';

-- R6, R10
CREATE TEMP TABLE by_day (user_id text, event_time timestamptz);
INSERT INTO by_day
SELECT u, timestamptz '2020-06-10 12:00' + d * interval '1 day'
  FROM (VALUES ('p1', '{0,1,2,5,5,6}'::integer[]), ('p2', '{1,2,3,6}')) v (u, days), unnest(days) d;
SELECT * FROM pg_temp.triangle('by_day', 'day', 10, '2020-06-10', '2020-06-21');
SELECT * FROM pg_temp.triangle('by_day', 'day', 10, '2020-06-10', '2020-06-21', min_occurrences => 2);

-- R7
CREATE TEMP TABLE by_month (user_id text, event_time timestamptz);
INSERT INTO by_month
SELECT u, make_timestamptz(2020, m, 15, 12, 0, 0)
  FROM (VALUES ('p1', '{1,2,3,5,6,9}'::integer[]), ('p2', '{1,2,3,6,7,11}')) v (u, months), unnest(months) m;
SELECT * FROM pg_temp.triangle('by_month', 'month', 10, '2020-01-01', '2020-12-01');
-- the same by hour: month 1 is hour 6
SELECT * FROM pg_temp.triangle($$SELECT user_id, make_timestamptz(2020, 6, 10, 5 + extract(month FROM event_time)::integer, 30, 0) AS ts FROM by_month$$,
                               'hour', 10, '2020-06-10 06:00', '2020-06-10 17:00');

-- R8; the weeks of Monday differ
CREATE TEMP TABLE by_week (user_id text, event_time date);
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
CREATE TEMP TABLE unbound (user_id text, event_time timestamptz);
INSERT INTO unbound
SELECT u, timestamptz '2020-06-10' + d * interval '1 day'
  FROM (VALUES ('p1', '{0,3,4}'::integer[]), ('p2', '{0,1}'), ('p3', '{1,2,3}'), ('p4', '{3,4}'), ('p5', '{4}')) v (u, days), unnest(days) d;
SELECT * FROM pg_temp.triangle('unbound', 'day', 5, '2020-06-10', '2020-06-16', 'unbounded');
SELECT * FROM pg_temp.triangle('unbound', 'day', 5, '2020-06-11', '2020-06-16', 'unbounded');
SELECT * FROM pg_temp.triangle('unbound', 'day', 5, '2020-06-10', '2020-06-16');
SELECT * FROM pg_temp.triangle('unbound', 'day', 5, '2020-06-10', '2020-06-16', cohort => 'first_time');

-- R11
CREATE TEMP TABLE three (user_id integer, event_time timestamptz);
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

-- A week begins with the day that is asked for: Sunday 2024-03-10 is of two weeks.
SELECT week_start, string_agg(cohort::date || ': ' || retained, ', ' ORDER BY cohort) AS weeks
  FROM generate_series(1, 7) week_start,
       shopanalytics.retention_report($$SELECT * FROM (VALUES (1, date '2024-03-10'), (2, '2024-03-11')) v (user_id, ts)$$,
                                      periods => 1, week_start => week_start, to_time => '2024-04-01') r
 WHERE cohort_size > 0 AND period_index = 0 GROUP BY week_start ORDER BY week_start;

-- Every unit begins as date_trunc() says, also where midnight does not exist.
SELECT count(*) AS reports, count(*) FILTER (WHERE r.cohort <> date_trunc(u, t, z)) AS wrong
  FROM unnest(ARRAY['hour', 'day', 'week', 'month', 'quarter', 'year']) u,
       unnest(ARRAY['UTC', 'America/Sao_Paulo', 'Asia/Kolkata', 'Europe/Berlin', 'Pacific/Apia', '-03', 'EST']) z,
       unnest(ARRAY['2018-11-04 03:00+00', '2018-11-04 02:59:59.999999+00', '1999-12-31 23:59:59+00', '2000-01-01', '0001-01-01', '0044-03-15 BC', '2011-12-30 12:00+00',
                    '2024-02-29 23:30+00', '2024-10-27 00:30+00', '2024-10-27 01:30+00', '1969-12-28 00:00+00', '250000-06-30 12:00+00']::timestamptz[]) t,
       shopanalytics.retention_report(format('SELECT 1 AS user_id, timestamptz %L AS ts', t), u, 1, timezone => z) r
 WHERE period_index = 0;

-- Clocks set back over midnight: the first event is the first in time, though its
-- date comes later.  At 00:00:30 on 2010-11-07 in St. John's it was soon 23:01 again.
SELECT cohort::date, string_agg(retained::text, ' ' ORDER BY period_index)
  FROM shopanalytics.retention_report($$SELECT 1 AS user_id, unnest('{2010-11-07 02:30:30+00, 2010-11-07 03:00+00, 2010-11-08 12:00+00}'::timestamptz[]) AS ts$$,
                                      'day', 2, timezone => 'America/St_Johns', to_time => '2010-11-20', from_time => '2010-11-06 12:00+00') r
 GROUP BY cohort HAVING max(cohort_size) > 0;

-- Return is later than the start: an event at the same time is none.
CREATE TEMP TABLE moment (who text, happened timestamp, what text, source text);
INSERT INTO moment VALUES
    ('a', '2024-01-01 10:00', 'visit', 'mail'), ('a', '2024-01-01 10:00', 'buy', 'mail'), ('a', '2024-01-10 10:00', 'buy', 'ad'),
    ('b', '2024-01-02 10:00', 'visit', 'ad'), ('b', '2024-01-02 10:00:00.000001', 'buy', 'ad'), ('b', '2024-01-02 09:00', 'buy', 'ad'),
    ('c', '2024-01-09 10:00', 'visit', NULL), ('c', '2024-01-30', 'other', NULL);
SELECT * FROM shopanalytics.retention_report('moment', 'week', 3, 'visit', 'buy', user_column => 'who', time_column => 'happened', event_column => 'what');
-- With nothing asked of events, the name of events is not needed.
SELECT cohort, cohort_size, period_index, retained, is_complete, returned_same_period
  FROM shopanalytics.retention_report('moment', 'week', 2, user_column => 'who', time_column => 'happened');
-- The breakdown is that of the first event; of those at one time, the first in order.
SELECT cohort, breakdown_value, cohort_size, period_index, retained
  FROM shopanalytics.retention_report('moment', 'week', 1, user_column => 'who', time_column => 'happened', breakdown => 'source') ORDER BY cohort, breakdown_value NULLS LAST, period_index;
SELECT DISTINCT breakdown_value, cohort_size
  FROM unnest(ARRAY['calendar', 'rolling']) clock, unnest(ARRAY['ASC', 'DESC']) o,
       shopanalytics.retention_report(format('SELECT 1 AS user_id, now() AS ts, v FROM unnest(ARRAY[''b'', ''B'', ''z'', ''A'', NULL]) v ORDER BY v %s', o),
                                      'day', 1, clock => clock, breakdown => 'v');

-- Many values, one of each user.
SELECT count(*) AS values, sum(cohort_size) AS users, bool_and((breakdown_value::integer - 1) % 3 + 1 = extract(day FROM cohort) OR cohort_size = 0) AS right_day
  FROM shopanalytics.retention_report($$SELECT i AS user_id, date '2024-01-01' + (i - 1) % 3 AS ts, i AS v FROM generate_series(1, 3000) i$$, 'day', 1, breakdown => 'v') WHERE period_index = 0;

-- First of all data, and then those of the time that is asked for.
SELECT cohort::date, cohort_size, period_index, retained
  FROM shopanalytics.retention_report($$VALUES (1, timestamptz '2024-01-01', NULL), (1, '2024-01-09', NULL), (2, '2024-01-09', NULL), (2, '2024-01-16', NULL)$$,
                                      periods => 1, user_column => 'column1', time_column => 'column2', from_time => '2024-01-08', to_time => '2024-01-22');

-- cohorts: who comes is said by another source.  3 never returns, 4 has events and
-- did not come; an event at the very moment counts, one before does not.
CREATE TEMP TABLE signup (user_id integer, ts date, plan text);
INSERT INTO signup VALUES (1, '2024-01-01', 'free'), (2, '2024-01-03', 'paid'), (3, '2024-01-09', 'paid'), (1, '2024-01-20', 'paid');
CREATE TEMP TABLE purchase (user_id bigint, event_time timestamptz);
INSERT INTO purchase VALUES (1, '2024-01-01'), (1, '2024-01-08'), (2, '2024-01-02'), (2, '2024-01-15'), (4, '2024-01-15'), (1, '2024-01-29');
SELECT * FROM shopanalytics.retention_report('purchase', 'week', 3, cohorts => 'signup');
SELECT cohort::date, breakdown_value, cohort_size, period_index, retained
  FROM shopanalytics.retention_report('purchase', 'week', 1, cohort => 'recurring', cohorts => 'signup', breakdown => 'plan', to_time => '2024-02-01')
 WHERE cohort_size > 0;
SELECT cohort::date, cohort_size, period_index, retained
  FROM shopanalytics.retention_report('SELECT * FROM purchase WHERE false', 'week', 1, cohorts => 'signup', from_time => '2024-01-08');

-- A view and a table give the same as the query; so does what goes to temporary files.
CREATE TEMP TABLE many AS
SELECT u AS customer_id, timestamptz '2024-01-01' + ((u * 7919 + i * i * 104729) % 8640) * interval '15 minutes' AS event_time, i % 3 AS event_type
  FROM generate_series(1, 2000) u, generate_series(1, 20 + u % 40) i;
CREATE TEMP VIEW many_view AS SELECT * FROM many;
CREATE TEMP TABLE in_memory AS
SELECT cohort_rule, clock, r.* FROM unnest(ARRAY['first_time', 'recurring']) cohort_rule, unnest(ARRAY['calendar', 'rolling']) clock,
       shopanalytics.retention_report('many', 'day', 4, '1', cohort => cohort_rule, clock => clock) r;
SELECT count(*) AS rows, sum(retained) > 10000 AS many FROM in_memory;
SET shopanalytics.intake_memory = '1MB';
SET client_min_messages = warning;
CREATE TEMP TABLE spilled AS
SELECT cohort_rule, clock, r.* FROM unnest(ARRAY['first_time', 'recurring']) cohort_rule, unnest(ARRAY['calendar', 'rolling']) clock,
       shopanalytics.retention_report('many_view', 'day', 4, '1', cohort => cohort_rule, clock => clock) r;
SET client_min_messages = notice;
SELECT count(*) FROM shopanalytics.retention_report('TABLE many', 'day', 4, '1', clock => 'rolling');
RESET shopanalytics.intake_memory;
SELECT count(*) AS differ FROM (TABLE in_memory EXCEPT ALL TABLE spilled) d;
SELECT count(*) AS differ FROM (TABLE spilled EXCEPT ALL TABLE in_memory) d;

-- Events of nobody and of no time are left out.
SELECT cohort_size, retained
  FROM shopanalytics.retention_report($$SELECT * FROM (VALUES (NULL, timestamptz '2024-01-01'), ('', '2024-01-01'), ('a', NULL), ('a', 'infinity'), ('a', '2024-01-01')) v (user_id, ts)$$,
                                      'day', 1);
-- No events: no rows, unless the time is given.
SELECT count(*) FROM shopanalytics.retention_report('SELECT * FROM many WHERE false');
SELECT cohort::date, cohort_size, period_index, retained, retention_rate, is_complete
  FROM shopanalytics.retention_report('SELECT * FROM many WHERE false', 'month', 1, from_time => '2024-01-31', to_time => '2024-03-01');
SELECT count(*) FROM shopanalytics.retention_report('many', from_time => '2030-01-01');

-- The session's zone by what it is, not by its name: as an abbreviation EET has no summer.
SET TimeZone = 'EET';
SELECT cohort, cohort_size, period_index, retained
  FROM shopanalytics.retention_report($$VALUES (1, timestamptz '2024-07-01 00:30'), (1, '2024-07-02 00:30')$$, 'day', 1, user_column => 'column1', time_column => 'column2', to_time => '2024-07-03');
SET TimeZone = 'UTC';

-- Errors
SELECT * FROM shopanalytics.retention_report(NULL);
SELECT * FROM shopanalytics.retention_report('many', NULL);
SELECT * FROM shopanalytics.retention_report('many', 'fortnight');
SELECT * FROM shopanalytics.retention_report('many', periods => 0);
SELECT * FROM shopanalytics.retention_report('many', periods => NULL);
SELECT * FROM shopanalytics.retention_report('many', mode => 'Bounded');
SELECT * FROM shopanalytics.retention_report('many', cohort => 'returning');
SELECT * FROM shopanalytics.retention_report('many', clock => repeat('x', 100));
SELECT * FROM shopanalytics.retention_report('many', 'month', clock => 'rolling');
SELECT * FROM shopanalytics.retention_report('many', timezone => 'Mars/Olympus');
SELECT * FROM shopanalytics.retention_report('many', week_start => 8);
SELECT * FROM shopanalytics.retention_report('many', min_occurrences => 0);
SELECT * FROM shopanalytics.retention_report('many', breakdown => 'country');
SELECT * FROM shopanalytics.retention_report('purchase', start_event => 'buy');
SELECT * FROM shopanalytics.retention_report('many', from_time => '2024-01-02', to_time => '2024-01-02');
SELECT * FROM shopanalytics.retention_report('many', start_event => '1', cohorts => 'signup');
SELECT * FROM shopanalytics.retention_report('many', cohorts => 'nowhere');
SELECT * FROM shopanalytics.retention_report('many', cohorts => 'moment');
SELECT * FROM shopanalytics.retention_report('many', cohorts => $$SELECT 'a' AS customer_id, now() AS ts$$);
SELECT * FROM shopanalytics.retention_report($$VALUES (1, timestamptz '0001-01-01'), (2, '2500-01-01')$$, 'hour', user_column => 'column1', time_column => 'column2');
SELECT count(*) FROM shopanalytics.retention_report($$SELECT 1 AS user_id, unnest('{4714-11-24 00:00:00+00 BC, 294276-12-31 23:59:59+00}'::timestamptz[]) AS ts$$, 'year', 1);

-- Names that no event has are told: they may be misspelt.
SELECT count(*) FROM shopanalytics.retention_report('SELECT 1 AS user_id, date ''2024-01-01'' AS ts, ''login'' AS event_name', 'day', 1, start_event => 'signin', return_event => 'login');
SELECT count(*) FROM shopanalytics.retention_report('SELECT 1 AS user_id, date ''2024-01-01'' AS ts, ''login'' AS event_name', 'day', 1, start_event => 'login', return_event => 'pay');
