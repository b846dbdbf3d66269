-- funnel_report: published cases, every argument, what is wrong, and small random
-- histories against an exhaustive search in SQL.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
\pset null -
CREATE FUNCTION pg_temp.ts(minute double precision) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT timestamptz '2024-05-01 00:00+00' + minute * interval '1 minute'
$$;

-- F16, PostHog strict order: seven users, p3 and p7, p7
CREATE TABLE f16 AS
    SELECT user_id, pg_temp.ts(n) AS event_time, event_name
      FROM (VALUES ('p1', 'S'), ('p2', 'PS'), ('p3', 'SPxI'), ('p4', 'IxPS'), ('p5', 'PSxPI'), ('p6', 'xSxP'), ('p7', 'xSPIx'), ('p8', 'IP')) AS h (user_id, history),
           regexp_split_to_table(history, '') WITH ORDINALITY AS e (event_name, n);
SELECT step, step_name, users, dropped, step_conversion, overall_conversion FROM shopanalytics.funnel_report('f16', '{S,P,I}', mode => 'strict');
SELECT step, step_name, users, dropped, step_conversion, overall_conversion FROM shopanalytics.funnel_report('f16', '{S,P,I}');
-- in any order the steps have no names
SELECT step, step_name, users FROM shopanalytics.funnel_report('f16', '{S,P,I}', mode => 'any');

-- F17, PostHog strict order by browser: Safari 1, 1 after an hour, Chrome 1, 0
CREATE TABLE f17 (person text, ts timestamp, event_type varchar(20), browser text);
INSERT INTO f17 VALUES
    ('1', '2024-05-01 12:00', 'sign up', 'Chrome'), ('1', '2024-05-01 13:00', 'blah', 'Chrome'), ('1', '2024-05-01 14:00', 'play', 'Chrome'),
    ('2', '2024-05-01 13:00', 'sign up', 'Safari'), ('2', '2024-05-01 14:00', 'play', 'Safari');
SELECT breakdown_value, step, step_name, users, dropped, pending, step_conversion, overall_conversion, median_time, avg_time, p90_time
  FROM shopanalytics.funnel_report('f17', ARRAY['sign up', 'play'], mode => 'strict', user_column => 'person', breakdown => 'browser');

-- F22, ClickHouse #79636: all four steps, times of one chain (the later start would give negative ones)
CREATE TABLE f22 AS
    SELECT 7 AS user_id, pg_temp.ts(n) AS event_time, e::"char" AS event_name FROM regexp_split_to_table('abcabd', '') WITH ORDINALITY AS e (e, n);
SELECT step, users, median_time, avg_time, p90_time FROM shopanalytics.funnel_report('f22', '{a,b,c,d}');
-- F23: 3, 2, 1
CREATE TABLE f23 AS
    SELECT user_id, pg_temp.ts(minute) AS event_time, event_name
      FROM (VALUES ('u1', 0, 'view'), ('u1', 5, 'cart'), ('u1', 10, 'buy'), ('u2', 0, 'view'), ('u2', 5, 'cart'), ('u3', 0, 'view'), ('u3', 300, 'cart')) AS e (user_id, minute, event_name);
SELECT step, users, dropped, pending FROM shopanalytics.funnel_report('f23', '{view,cart,buy}', '1 hour');
SELECT step, users, step_conversion, overall_conversion, median_time FROM shopanalytics.funnel_report('f23', '{none,view}');
-- F20: the same step three times takes three rows, F14 two
SELECT step, users FROM shopanalytics.funnel_report('SELECT 1 AS user_id, pg_temp.ts(n) AS ts, ''p'' AS event_name FROM unnest(ARRAY[100, 100, 300]) AS n', '{p,p,p}');
SELECT step, users FROM shopanalytics.funnel_report('SELECT 1 AS user_id, pg_temp.ts(n) AS ts, ''p'' AS event_name FROM unnest(ARRAY[100, 100, 300]) AS n', '{p,p,p}', mode => 'strict_increase');
SELECT step, users
  FROM shopanalytics.funnel_report('SELECT u AS user_id, pg_temp.ts(t) AS ts, e AS event_name
                                      FROM (VALUES (123, 180, ''f''), (123, 220, ''f''), (123, 250, ''s''), (234, 100, ''f''), (234, 250, ''f''), (345, 200, ''s''), (345, 210, ''f''), (345, 230, ''s'')) AS v (u, t, e)',
                                   '{f,f,s}', '200 minutes');

-- No row at all: with a breakdown there is no value
CREATE TABLE nothing (user_id integer, event_time timestamptz, event_name text, browser text);
SELECT * FROM shopanalytics.funnel_report('nothing', '{a,b}');
SELECT * FROM shopanalytics.funnel_report('nothing', '{a,b}', breakdown => 'browser');

-- Pending: the window of a chain that has begun contains the end, that of the latest
-- event or to_time.  u1 began at 0, u2 at 10 and at 60, u3 is through; the end is 70.
CREATE TABLE pending AS
    SELECT u AS user_id, pg_temp.ts(t) AS event_time, e AS event_name
      FROM (VALUES (1, 0, 'a'), (1, 5, 'b'), (2, 10, 'a'), (2, 15, 'b'), (2, 60, 'a'), (3, 0, 'a'), (3, 1, 'b'), (3, 2, 'c'), (4, 70, 'z')) AS v (u, t, e);
SELECT w, array_agg(pending ORDER BY step) AS pending
  FROM unnest(ARRAY[9, 10, 59, 69, 70]) AS w, shopanalytics.funnel_report('pending', '{a,b,c}', w * interval '1 minute') GROUP BY w ORDER BY w;
SELECT t, array_agg(pending ORDER BY step) AS pending, max(users) AS users
  FROM unnest(ARRAY[61, 70, 71, 100]) AS t, shopanalytics.funnel_report('pending', '{a,b,c}', '10 minutes', to_time => pg_temp.ts(t)) GROUP BY t ORDER BY t;
-- strict: only if no other event came later; in any order from any step
SELECT array_agg(pending ORDER BY step) FROM shopanalytics.funnel_report('pending', '{a,b,c}', '70 minutes', 'strict');
SELECT array_agg(pending ORDER BY step) FROM shopanalytics.funnel_report('SELECT * FROM pending WHERE event_name <> ''a''', '{a,b,c}', '70 minutes', 'any');
-- after a limit or an excluded event there is nothing to wait for
SELECT n, array_agg(pending ORDER BY step) AS pending
  FROM (VALUES (1, '{NULL,1 hour}'::interval[]), (2, '{1 hour,NULL}'), (3, '{1 hour,1 hour}')) AS v (n, w), shopanalytics.funnel_report('pending', '{a,b,c}', '2 hours', step_windows => w) GROUP BY n ORDER BY n;
SELECT array_agg(pending ORDER BY step) FROM shopanalytics.funnel_report('SELECT * FROM pending UNION ALL VALUES (1, pg_temp.ts(20), ''x'')', '{a,b,c}', '2 hours', exclude => '{x}');

-- The period: from_time is in it, to_time is not
SELECT step, users FROM shopanalytics.funnel_report('pending', '{a,b,c}', from_time => pg_temp.ts(0), to_time => pg_temp.ts(2));
SELECT step, users FROM shopanalytics.funnel_report('pending', '{a,b,c}', from_time => pg_temp.ts(0.5), to_time => 'infinity');

-- Attribution: ann saw the first step twice, with different browsers; bob's first value is
-- NULL; cid does the first step last.  Of one time the value that sorts first counts.
CREATE TABLE browsed AS
    SELECT u AS user_id, pg_temp.ts(t) AS event_time, e AS event_name, b AS browser
      FROM (VALUES ('ann', 0, 'a', 'Opera'), ('ann', 1, 'a', 'Chrome'), ('ann', 2, 'b', 'Chrome'), ('ann', 3, 'c', 'Safari'),
                   ('bob', 0, 'a', NULL), ('bob', 1, 'b', 'Safari'), ('bob', 2, 'z', 'Opera'),
                   ('cid', 0, 'c', 'Opera'), ('cid', 5, 'a', 'Safari'), ('cid', 5, 'a', 'Chrome'), ('cid', 5, 'a', NULL)) AS v (u, t, e, b);
SELECT attribution, breakdown_value, array_agg(users ORDER BY step) AS users
  FROM unnest(ARRAY['first_touch', 'last_touch', 'all_events', 'step_1', 'step_2', 'step_3']) WITH ORDINALITY AS a (attribution, n),
       shopanalytics.funnel_report('browsed', '{a,b,c}', breakdown => 'browser', attribution => attribution)
 GROUP BY n, attribution, breakdown_value ORDER BY n, breakdown_value COLLATE "C";
SELECT breakdown_value, array_agg(users ORDER BY step) AS users FROM shopanalytics.funnel_report('browsed', '{a,b,c}', mode => 'any', breakdown => 'browser', attribution => 'step_2') GROUP BY breakdown_value ORDER BY 1;
-- rows come by value, most users first, and step
SELECT breakdown_value, step, users FROM shopanalytics.funnel_report('SELECT n AS user_id, pg_temp.ts(n) AS ts, ''a'' AS event_name, n % 4 % 3 AS v FROM generate_series(1, 11) AS n', '{a}', breakdown => 'v');

-- hold: steps of one product; a user counts once, at the deepest; NULL goes nowhere
CREATE TABLE held AS
    SELECT u AS user_id, pg_temp.ts(t) AS event_time, e AS event_name, p AS product_id
      FROM (VALUES (1, 0, 'view', 10), (1, 1, 'cart', 20), (1, 2, 'view', 20), (1, 3, 'cart', 20), (1, 4, 'buy', 10),
                   (2, 0, 'view', 10), (2, 2, 'buy', 10), (2, 1, 'cart', 10), (3, 0, 'view', NULL), (3, 1, 'cart', NULL), (4, 0, 'view', 10), (4, 1, 'cart', NULL)) AS v (u, t, e, p);
SELECT step, users, median_time FROM shopanalytics.funnel_report('held', '{view,cart,buy}');
SELECT step, users, median_time FROM shopanalytics.funnel_report('held', '{view,cart,buy}', hold => 'product_id');
SELECT breakdown_value, step, users FROM shopanalytics.funnel_report('held', '{view,cart,buy}', hold => 'product_id', breakdown => 'product_id', attribution => 'step_2');

-- exclude: nowhere between, or between two steps; another start may succeed; at the time
-- of a step it is not between, unless it is between others
CREATE TABLE refunded AS
    SELECT history AS user_id, pg_temp.ts(n) AS event_time, event_name
      FROM unnest(ARRAY['abc', 'axbc', 'abxc', 'axabc', 'abxbc']) AS history, regexp_split_to_table(history, '') WITH ORDINALITY AS e (event_name, n)
    UNION ALL
    SELECT 'at a and c', pg_temp.ts(n), e FROM (VALUES (0, 'x'), (0, 'a'), (1, 'b'), (2, 'c'), (2, 'x')) AS v (n, e)
    UNION ALL
    SELECT 'at b', pg_temp.ts(n), e FROM (VALUES (0, 'a'), (1, 'b'), (1, 'x'), (2, 'c')) AS v (n, e);
SELECT user_id,
       (SELECT sum(users) FROM shopanalytics.funnel_report(q, '{a,b,c}')) AS without,
       (SELECT sum(users) FROM shopanalytics.funnel_report(q, '{a,b,c}', exclude => '{x}')) AS anywhere,
       (SELECT sum(users) FROM shopanalytics.funnel_report(q, '{a,b,c}', exclude => '{x@1-2}')) AS first,
       (SELECT sum(users) FROM shopanalytics.funnel_report(q, '{a,b,c}', exclude => '{x@2-3}')) AS second,
       (SELECT sum(users) FROM shopanalytics.funnel_report(q, '{a,b,c}', exclude => '{y,a@2-3}')) AS others
  FROM (SELECT DISTINCT user_id FROM refunded) AS u, format('SELECT * FROM refunded WHERE user_id = %L', user_id) AS q ORDER BY user_id COLLATE "C";
-- a name may look nearly like that
SELECT step, users FROM shopanalytics.funnel_report('SELECT 1 AS user_id, pg_temp.ts(n) AS ts, e AS event_name FROM unnest(ARRAY[''a'', ''x@1-'', ''b'']) WITH ORDINALITY AS e (e, n)', '{a,b}', exclude => '{x@1-}');

-- step_windows: the latest start alone is too late for the second step, the earliest for the window
CREATE TABLE limited AS
    SELECT 1 AS user_id, pg_temp.ts(t) AS event_time, e AS event_name
      FROM (VALUES (0, 'a'), (4, 'a'), (5, 'b'), (9, 'a'), (12, 'b'), (13, 'c')) AS v (t, e);
SELECT n, array_agg(users ORDER BY step) AS users, array_agg(median_time ORDER BY step) AS times
  FROM (VALUES (1, NULL::interval[]), (2, '{NULL,NULL}'), (3, '{NULL,8 min}'), (4, '{1 min,NULL}'), (5, '{3 min,1 min}'), (6, '{2 min,1 min}'), (7, '{0,NULL}'), (8, '{5 min,8 min}')) AS v (n, w),
       shopanalytics.funnel_report('limited', '{a,b,c}', '13 minutes', step_windows => w) GROUP BY n ORDER BY n;

-- Sources, and types of columns
CREATE VIEW seen AS SELECT user_id AS customer_id, event_time::date AS ts, event_name AS event_type FROM f23;
SELECT array_agg(users ORDER BY step) FROM shopanalytics.funnel_report('seen', '{view,cart}');
SELECT array_agg(users ORDER BY step) FROM shopanalytics.funnel_report('WITH e AS (SELECT * FROM f23) SELECT user_id AS who, event_time AS at, event_name AS what FROM e', '{view,cart}', user_column => 'who', time_column => 'at', event_column => 'what');
CREATE TYPE event_kind AS ENUM ('buy', 'cart', 'view');
CREATE COLLATION ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT type, array_agg(users ORDER BY step) AS users
  FROM unnest(ARRAY['text', 'varchar(30)', 'char(7)', 'name', 'event_kind', 'text COLLATE "C"']) AS type,
       shopanalytics.funnel_report(format('SELECT user_id, event_time, event_name::%s FROM f23', type), '{view,cart,buy}')
 GROUP BY type ORDER BY type COLLATE "C";
SELECT array_agg(users ORDER BY step) FROM shopanalytics.funnel_report('SELECT user_id, event_time, length(event_name) AS event_name FROM f23', '{4,3}');
SELECT array_agg(users ORDER BY step) FROM shopanalytics.funnel_report('SELECT user_id, event_time, upper(event_name) COLLATE ignore_case AS event_name FROM f23', '{view,cart,buy}');
SELECT array_agg(users ORDER BY step) FROM shopanalytics.funnel_report('SELECT user_id, event_time, NULL AS event_name FROM f23', '{view}');

-- Left out: without a user or a time; told once
SELECT step, users, pending
  FROM shopanalytics.funnel_report('SELECT u AS user_id, t::timestamptz AS ts, ''a'' AS event_name
                                      FROM (VALUES (''u'', ''2024-05-01''), ('''', ''2024-05-01''), (NULL, ''2024-05-01''), (''u'', NULL), (''v'', ''infinity''), (''w'', ''-infinity'')) AS v (u, t)', '{a,b}');

-- Rights and row security are the caller's
CREATE ROLE regress_funnel_report;
GRANT USAGE ON SCHEMA shopanalytics TO regress_funnel_report;
ALTER TABLE f23 ENABLE ROW LEVEL SECURITY;
CREATE POLICY not_u3 ON f23 USING (user_id <> 'u3');
SET ROLE regress_funnel_report;
SELECT * FROM shopanalytics.funnel_report('f23', '{view,cart}');
RESET ROLE;
GRANT SELECT ON f23 TO regress_funnel_report;
SET ROLE regress_funnel_report;
SELECT step, users FROM shopanalytics.funnel_report('f23', '{view,cart}');
RESET ROLE;
SELECT step, users FROM shopanalytics.funnel_report('f23', '{view,cart}');
ALTER TABLE f23 DISABLE ROW LEVEL SECURITY;
DROP POLICY not_u3 ON f23;
REVOKE SELECT ON f23 FROM regress_funnel_report;
REVOKE USAGE ON SCHEMA shopanalytics FROM regress_funnel_report;
DROP ROLE regress_funnel_report;

-- What is wrong
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM shopanalytics.funnel_report(NULL, '{a}');
SELECT * FROM shopanalytics.funnel_report('f23', NULL);
SELECT * FROM shopanalytics.funnel_report('f23', '{}');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,NULL}');
SELECT * FROM shopanalytics.funnel_report('f23', '{{a,b}}');
SELECT * FROM shopanalytics.funnel_report('f23', array_fill('a'::text, ARRAY[33]));
SELECT count(*), max(users) FROM shopanalytics.funnel_report('f23', array_fill('view'::text, ARRAY[32]));
SELECT * FROM shopanalytics.funnel_report('f23', '{a}', NULL);
SELECT * FROM shopanalytics.funnel_report('f23', '{a}', '-1 day');
SELECT * FROM shopanalytics.funnel_report('f23', '{a}', '1 month');
SELECT * FROM shopanalytics.funnel_report('f23', '{a}', mode => NULL);
SELECT * FROM shopanalytics.funnel_report('f23', '{a}', mode => 'backward');
SELECT * FROM shopanalytics.funnel_report('f23', '{a}', mode => 'any, strict');
SELECT * FROM shopanalytics.funnel_report('f23', '{a}', attribution => NULL);
SELECT * FROM shopanalytics.funnel_report('f23', '{a}', attribution => 'middle');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', attribution => 'step_3');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', attribution => 'step_01');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', exclude => '{NULL}');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', exclude => '{x@2-1}');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', exclude => '{x@1-99999999999}');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', exclude => array_fill('x'::text, ARRAY[33]));
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', mode => 'strict', exclude => '{x}');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', mode => 'any', step_windows => '{1 day}');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', step_windows => '{1 day,1 day}');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', step_windows => '{-1 day}');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', from_time => '2024-01-02 00:00+00', to_time => '2024-01-01 00:00+00');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', breakdown => 'browser');
SELECT * FROM shopanalytics.funnel_report('f23', '{a,b}', hold => 'product_id');
SELECT * FROM shopanalytics.funnel_report('f17', '{a,b}');
SELECT * FROM shopanalytics.funnel_report('SELECT user_id, event_time, event_name::event_kind FROM f23', '{view,car}');
\unset SHOW_CONTEXT

DROP VIEW seen;
DROP TABLE f16, f17, f22, f23, nothing, pending, browsed, held, refunded, limited;
DROP TYPE event_kind;
DROP COLLATION ignore_case;
