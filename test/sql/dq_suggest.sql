-- Suggested checks: the intervals, each rule, and making checks of them.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
TRUNCATE shopanalytics.dq_check, shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric, shopanalytics.dq_alert RESTART IDENTITY;

-- 4.E: the published bounds of Wilson.  Those of Wald are not offered: for 1 of 20 its
-- interval is (1, 1).
SELECT v.*, w.lower = v.lo AND w.upper = v.hi AS agrees
  FROM (VALUES (0.01, 20, 0, 0.18), (1, 20, 0.83, 1), (0.5, 100, 0.4, 0.6), (0.4, 100, 0.3, 0.5), (0.9, 100, 0.82, 0.95), (1, 100, 0.96, 1)) v (p, n, lo, hi),
       shopanalytics._wilson(v.p, v.n) w;
SELECT w.* FROM shopanalytics._wilson(0, 10) w;

-- 4.E rules, one column for each: complete; mostly complete; hardly there; unique; nearly
-- unique; a few values; a few values and a tail; too many values; not negative; texts
-- that are something else.
CREATE TABLE public.suggest AS
SELECT i AS id,
       CASE WHEN i > 10 THEN i END AS mostly,
       CASE WHEN i <= 20 THEN 1 END AS hardly,
       CASE WHEN i <= 2 THEN 'first' ELSE 't' || i END AS nearly,
       (ARRAY['red', 'green', 'blue'])[i % 3 + 1] AS color,
       CASE WHEN i <= 94 THEN 'top' || (i % 4) ELSE 'tail' || (i / 2) END AS tailed,
       CASE WHEN i <= 40 THEN 'same' ELSE 'v' || i END AS scattered,
       i - 50.5 AS balance,
       i % 7 + 0.5 AS amount,
       i::text || '0' AS digits,
       '2024-01-' || lpad((i % 28 + 1)::text, 2, '0') AS day,
       CASE WHEN i % 2 = 0 THEN 'true' ELSE 'FALSE' END AS flag,
       NULL::text AS never,
       '{}'::json AS document
  FROM generate_series(1, 100) i;
SELECT name, kind, left((args - 'column')::text, 60) AS args, unit, fail_if, reason FROM shopanalytics.dq_suggest('public.suggest');
-- on its own data each passes
CREATE ROLE regress_dq_suggest LOGIN;
SELECT shopanalytics.grant_duty('regress_dq_suggest', 'dq_admin', 'public');
GRANT SELECT ON public.suggest TO regress_dq_suggest;
SET SESSION AUTHORIZATION regress_dq_suggest;
SELECT shopanalytics.dq_adopt('public', 'public.suggest', '{"suggest.id unique"}') AS one, shopanalytics.dq_adopt('public', 'public.suggest') AS others, shopanalytics.dq_adopt('public', 'public.suggest') AS again;
SELECT status, count(*) FROM shopanalytics.dq_run('public') GROUP BY status;
SELECT shopanalytics.dq_adopt('public', 'public.suggest', '{"suggest.id unique","no such"}');
SELECT shopanalytics.dq_check_remove('public', 'suggest.id unique'), shopanalytics.dq_check_remove('public', 'suggest.id not_null');
SELECT shopanalytics.dq_adopt('public', 'public.suggest', enabled => false);
SELECT name, enabled FROM shopanalytics.dq_check WHERE NOT enabled ORDER BY name;
SELECT count(*) FILTER (WHERE check_name LIKE 'suggest.id %') AS run FROM shopanalytics.dq_run('public');
SELECT check_name, status FROM shopanalytics.dq_run('public', '{suggest.id unique}');
RESET SESSION AUTHORIZATION;
-- of an empty table there is nothing to say
TRUNCATE public.suggest;
SELECT * FROM shopanalytics.dq_suggest('public.suggest');
SELECT shopanalytics.dq_suggest(NULL);
SELECT shopanalytics.revoke_duty('regress_dq_suggest', 'dq_admin', 'public');
INSERT INTO public.suggest (id) VALUES (1);
SET SESSION AUTHORIZATION regress_dq_suggest;
\set VERBOSITY sqlstate
SELECT shopanalytics.dq_adopt('public', 'public.suggest');
\set VERBOSITY default
RESET SESSION AUTHORIZATION;
DROP TABLE public.suggest;
DROP ROLE regress_dq_suggest;
TRUNCATE shopanalytics.dq_check, shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric, shopanalytics.dq_alert;
