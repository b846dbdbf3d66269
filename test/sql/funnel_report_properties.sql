-- funnel_report against an exhaustive search in SQL and against funnel_level, over small
-- random histories; any order of rows; in files as in memory.
SET TimeZone = 'UTC';
CREATE FUNCTION r(key text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN ('x' || substr(md5(key), 1, 7))::bit(28)::integer;
CREATE FUNCTION ts(t integer) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN '2024-05-01 00:00+00'::timestamptz + t * interval '1 s';
CREATE TYPE kind AS ENUM ('b', 'x', 'a', 'c');

-- 400 reports over 60 users each.  Half of them have limits, for steps in order.
CREATE TABLE report AS
    SELECT c, n, limited, ARRAY(SELECT substr('aabbc', 1 + r(c || 's' || k) % 5, 1) FROM generate_series(1, n) AS k) AS steps, r(c || 'w') % 7 AS win,
           CASE WHEN limited THEN 'ordered' ELSE (ARRAY['ordered', 'strict', 'any'])[1 + r(c || 'm') % 3] END AS mode,
           r(c || 'i') % 4 = 0 AS increase, r(c || 'u') % 4 = 0 AS reuse, r(c || 'h') % 3 = 0 AS hold,
           CASE WHEN r(c || 'b') % 3 > 0 THEN (ARRAY['first_touch', 'last_touch', 'all_events', 'step_1', 'step_' || n])[1 + r(c || 'a') % 5] END AS attribution,
           CASE WHEN r(c || 'f') % 4 = 0 THEN 1 END AS from_t, CASE WHEN r(c || 't') % 4 = 0 THEN 4 END AS to_t,
           CASE WHEN limited AND r(c || 'sw') % 3 > 0 THEN ARRAY(SELECT CASE WHEN r(c || 'sw' || k) % 3 > 0 THEN r(c || 'sv' || k) % 4 END FROM generate_series(1, n - 1) AS k) END AS step_windows
      FROM (SELECT c, 1 + r(c || 'n') % 4 AS n, c % 2 = 0 AS limited FROM generate_series(1, 400) AS c) AS g;
-- in any order there are no names, and which of several rows of one time is that of a step is not settled
UPDATE report SET attribution = 'first_touch' WHERE mode = 'any' AND attribution LIKE 'step%';
CREATE TABLE exclusion AS
    SELECT c, k, name, CASE WHEN part THEN a ELSE 1 END AS a, CASE WHEN part THEN b ELSE n END AS b, name || CASE WHEN part THEN format('@%s-%s', a, b) ELSE '' END AS text
      FROM report, generate_series(1, r(c || 'x') % 3) AS k,
           LATERAL (SELECT substr('xxab', 1 + r(c || 'xn' || k) % 4, 1) AS name, r(c || 'xp' || k) % 2 = 0 AS part, 1 + r(c || 'xa' || k) % greatest(n - 1, 1) AS a) AS p,
           LATERAL (SELECT a + 1 + r(c || 'xb' || k) % greatest(n - a, 1) AS b) AS q
     WHERE limited AND n > 1;
CREATE TABLE event AS
    SELECT c, u, id, r(key || 't') % (2 + r(c || ':' || u) % 6) AS t, CASE WHEN r(key || 'n') % 16 > 0 THEN substr('aaaabbbbbccccxx', r(key || 'n') % 16, 1) END AS name,
           CASE WHEN r(key || 'v') % 5 > 0 THEN substr('ppqq', r(key || 'v') % 5, 1) END AS v, CASE WHEN r(key || 'g') % 8 > 0 THEN 10 * (r(key || 'g') % 3) END AS g, md5(key) AS shuffle
      FROM report, generate_series(1, 60) AS u, generate_series(1, 1 + r(c || 'e' || u) % 7) AS id, LATERAL (SELECT c || ':' || u || ':' || id AS key) AS k;
CREATE INDEX ON event (c);
-- what a chain is looked for in: the events of the period, by user and what else keeps chains apart
CREATE TABLE row AS
    SELECT c, u, CASE WHEN hold THEN g END AS g, attribution = 'all_events' IS TRUE AS apart, CASE WHEN attribution = 'all_events' THEN v END AS va, id, t, name, v
      FROM event JOIN report USING (c) WHERE (from_t IS NULL OR t >= from_t) AND (to_t IS NULL OR t < to_t) AND NOT (hold AND g IS NULL);
CREATE TABLE unit AS
    SELECT dense_rank() OVER (ORDER BY c, u, g, va) AS h, * FROM row;
CREATE INDEX ON unit (h);
CREATE TABLE last AS
    SELECT c, coalesce(to_t, max(t)) AS t FROM report JOIN event USING (c) WHERE (from_t IS NULL OR t >= from_t) AND (to_t IS NULL OR t < to_t) GROUP BY c, to_t;
ANALYZE;

-- Every chain there is.
CREATE TABLE ordered AS
    WITH RECURSIVE chain AS (
        SELECT h, c, u, va, n, steps, win, reuse, increase, step_windows, 1 AS level, ARRAY[t] AS times, ARRAY[v] AS vals, (1 << id) AS used
          FROM unit JOIN report USING (c) WHERE mode <> 'any' AND name = steps[1]
        UNION ALL
        SELECT h, k.c, k.u, k.va, n, steps, win, reuse, increase, step_windows, level + 1, times || t, vals || v, used | (1 << id)
          FROM chain AS k JOIN unit AS e USING (h)
         WHERE level < n AND name = steps[level + 1] AND (t > times[level] OR t = times[level] AND NOT increase) AND (reuse OR used & (1 << id) = 0)
           AND t - times[1] <= win AND (step_windows[level] IS NULL OR t - times[level] <= step_windows[level]))
    SELECT k.*, level < n AND l.t - times[1] <= win AND (step_windows[level] IS NULL OR l.t - times[level] <= step_windows[level]) AS open, l.t AS last
      FROM chain AS k JOIN last AS l USING (c);
CREATE INDEX ON ordered (c);
ANALYZE ordered;
DELETE FROM ordered AS o USING exclusion AS x JOIN unit AS e USING (c, name)
 WHERE x.c = o.c AND e.h = o.h AND o.level > x.a AND e.t > o.times[x.a] AND e.t < o.times[least(x.b, o.level)];
UPDATE ordered AS o SET open = false FROM exclusion AS x JOIN unit AS e USING (c, name)
 WHERE x.c = o.c AND e.h = o.h AND o.level >= x.a AND o.level < x.b AND e.t > o.times[x.a] AND e.t < o.last;
CREATE TABLE strict AS
    SELECT o.* FROM ordered AS o JOIN report AS p USING (c)
     WHERE p.mode = 'ordered' OR NOT EXISTS (SELECT FROM unit AS e WHERE e.h = o.h AND e.t > o.times[1] AND e.t < o.times[level] AND o.used & (1 << e.id) = 0);
UPDATE strict AS o SET open = false FROM report AS p
 WHERE p.c = o.c AND p.mode = 'strict' AND EXISTS (SELECT FROM unit AS e WHERE e.h = o.h AND e.t > o.times[1] AND o.used & (1 << e.id) = 0);
CREATE TABLE any_order AS
    WITH RECURSIVE chain AS (
        SELECT h, c, u, va, n, steps, win, reuse, increase, 1 AS level, ARRAY[t] AS times, id, k, (1 << k) AS done
          FROM unit JOIN report USING (c), generate_series(1, n) AS k WHERE mode = 'any' AND name = steps[k]
        UNION ALL
        SELECT h, a.c, a.u, a.va, n, steps, win, reuse, increase, level + 1, times || t, e.id, s.k, done | (1 << s.k)
          FROM chain AS a JOIN unit AS e USING (h), generate_series(1, n) AS s (k)
         WHERE name = steps[s.k] AND done & (1 << s.k) = 0 AND t - times[1] <= win
           AND (t > times[level] OR t = times[level] AND NOT increase AND (e.id > a.id OR reuse AND e.id = a.id AND s.k > a.k)))
    SELECT a.*, level < n AND l.t - times[1] <= win AS open FROM chain AS a JOIN last AS l USING (c);
CREATE TABLE chain AS
    SELECT h, c, u, va, level, times, vals, open FROM strict UNION ALL SELECT h, c, u, va, level, times, NULL, open FROM any_order;
-- the winning chain of a user, or of a user and value
CREATE TABLE best AS
    SELECT DISTINCT ON (c, u, va) c, u, va, level, times, vals[n] AS step_value, n AS step, bool_or(open) OVER (PARTITION BY c, u, va) AS open, attribution
      FROM chain JOIN (SELECT c, attribution, CASE WHEN attribution LIKE 'step%' THEN substr(attribution, 6)::integer END AS n FROM report) AS p USING (c)
     ORDER BY c, u, va, level DESC, times[1], times[level], times, vals[n] COLLATE "C" NULLS LAST;
CREATE TABLE touch AS
    SELECT c, u, (array_agg(v ORDER BY t, v COLLATE "C" NULLS LAST))[1] AS first, (array_agg(v ORDER BY t DESC, v COLLATE "C" NULLS LAST))[1] AS last
      FROM row JOIN report USING (c) WHERE name = ANY (steps) GROUP BY c, u;
CREATE TABLE valued AS
    SELECT best.*, CASE attribution WHEN 'all_events' THEN va WHEN 'first_touch' THEN first WHEN 'last_touch' THEN last ELSE step_value END AS value
      FROM best JOIN touch USING (c, u);
CREATE TABLE expected AS
    SELECT c, value, k AS step, CASE WHEN mode = 'any' THEN 'any ' || k ELSE steps[k] END AS step_name,
           count(level) FILTER (WHERE level >= k) AS users, count(*) FILTER (WHERE level = k - 1) AS dropped, count(*) FILTER (WHERE level = k AND level < n AND open) AS pending,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY span) AS median_time, avg(span) AS avg_time, percentile_cont(0.9) WITHIN GROUP (ORDER BY span) AS p90_time
      FROM (SELECT p.c, mode, n, steps, k, value, level, open, CASE WHEN k > 1 AND level >= k THEN ts(times[k]) - ts(times[k - 1]) END AS span
              FROM report AS p CROSS JOIN generate_series(1, n) AS k LEFT JOIN valued AS v ON v.c = p.c
             WHERE p.attribution IS NULL OR level IS NOT NULL) AS s
     GROUP BY c, value, mode, k, steps, n;

-- The reports, in two orders of the rows.
CREATE FUNCTION answer(p report, row_order text) RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT f.*
      FROM shopanalytics.funnel_report(
               format('SELECT %s AS user_id, ts(t) AS ts, name::%s AS event_name, v, g FROM event WHERE c = %s ORDER BY %s',
                      CASE WHEN p.c % 3 = 0 THEN '''u'' || u' ELSE 'u' END, (ARRAY['text', 'kind', 'varchar', 'char(3)'])[1 + p.c % 4], p.c, row_order),
               p.steps, p.win * interval '1 s', concat_ws(', ', p.mode, CASE WHEN p.reuse THEN 'reuse' END, CASE WHEN p.increase THEN 'strict_increase' END),
               breakdown => CASE WHEN p.attribution IS NOT NULL THEN 'v' END, attribution => coalesce(p.attribution, 'first_touch'), hold => CASE WHEN p.hold THEN 'g' END,
               exclude => ARRAY(SELECT text FROM exclusion AS x WHERE x.c = p.c ORDER BY k),
               step_windows => ARRAY(SELECT w * interval '1 s' FROM unnest(p.step_windows) WITH ORDINALITY AS s (w, k) WHERE p.step_windows IS NOT NULL ORDER BY k
                                      )::interval[] || CASE WHEN p.step_windows IS NULL THEN array_fill(NULL::interval, ARRAY[p.n - 1]) END,
               from_time => ts(p.from_t), to_time => ts(p.to_t)) AS f
$$;
CREATE TABLE found AS
    SELECT row_order, c, f.* FROM report AS p, unnest(ARRAY['shuffle', 'u, t, id']) AS row_order,
           LATERAL answer(p, row_order) AS f (value text, step integer, step_name text, users bigint, dropped bigint, pending bigint, step_conversion numeric, overall_conversion numeric, median_time interval, avg_time interval, p90_time interval);

-- What was looked at, and that nothing differs.
SELECT (SELECT count(DISTINCT (c, u)) FROM event) AS histories, (SELECT count(*) FROM chain) > 40000 AS chains, (SELECT count(DISTINCT c) FROM exclusion) AS excluding,
       (SELECT count(*) FROM report WHERE step_windows IS NOT NULL) AS limiting, (SELECT count(*) FROM report WHERE hold) AS holding, (SELECT sum(pending) FROM expected) > 1000 AS pending;
SELECT mode, coalesce(attribution, 'none') AS attribution, sum(e.users) > 0 AS some, count(*) FILTER (WHERE f.users IS DISTINCT FROM e.users) AS users, count(*) FILTER (WHERE f.dropped IS DISTINCT FROM e.dropped) AS dropped,
       count(*) FILTER (WHERE f.pending IS DISTINCT FROM e.pending) AS pending, count(*) FILTER (WHERE f.step_name IS DISTINCT FROM e.step_name) AS name,
       count(*) FILTER (WHERE f.median_time IS DISTINCT FROM e.median_time) AS median, count(*) FILTER (WHERE f.avg_time IS DISTINCT FROM e.avg_time) AS avg, count(*) FILTER (WHERE f.p90_time IS DISTINCT FROM e.p90_time) AS p90
  FROM (SELECT *, coalesce(value, '-') AS v FROM expected) AS e FULL JOIN (SELECT *, coalesce(value, '-') AS v FROM found WHERE row_order = 'shuffle') AS f USING (c, v, step) JOIN report USING (c)
 GROUP BY mode, attribution ORDER BY mode, attribution;
SELECT count(*) AS by_order
  FROM ((SELECT c, value, step, users, pending, median_time, avg_time, p90_time FROM found WHERE row_order = 'shuffle') EXCEPT (SELECT c, value, step, users, pending, median_time, avg_time, p90_time FROM found WHERE row_order <> 'shuffle')) AS d;
SELECT count(*) AS conversions
  FROM found AS f JOIN found AS p ON p.row_order = f.row_order AND p.c = f.c AND p.value IS NOT DISTINCT FROM f.value AND p.step = greatest(f.step - 1, 1)
                  JOIN found AS s ON s.row_order = f.row_order AND s.c = f.c AND s.value IS NOT DISTINCT FROM f.value AND s.step = 1
 WHERE f.step_conversion IS DISTINCT FROM round(f.users::numeric / nullif(p.users, 0), 4) OR f.overall_conversion IS DISTINCT FROM round(f.users::numeric / nullif(s.users, 0), 4);

-- Without options: the levels of the type funnel.
WITH level AS (
    SELECT c, n, shopanalytics.funnel_level(shopanalytics.funnel_agg(ts(t), VARIADIC ARRAY(SELECT coalesce(name = s, false) FROM unnest(steps) AS s)), win * interval '1 s',
                                         concat_ws(', ', mode, CASE WHEN reuse THEN 'reuse' END, CASE WHEN increase THEN 'strict_increase' END)) AS level
      FROM report JOIN event USING (c) WHERE NOT limited AND NOT hold AND attribution IS NULL AND (from_t IS NULL OR t >= from_t) AND (to_t IS NULL OR t < to_t) GROUP BY c, n, u, win, mode, reuse, increase)
SELECT count(DISTINCT c) AS reports, count(*) FILTER (WHERE e.users <> f.users) AS differing
  FROM (SELECT c, step, count(*) FILTER (WHERE level >= step) AS users FROM level, generate_series(1, n) AS step GROUP BY c, step) AS e JOIN found AS f USING (c, step);

-- In files as in memory, short records and long ones.
SET client_min_messages = warning;
CREATE TABLE many AS
    SELECT (r('u' || i) % 3000) AS user_id, ts(r('t' || i)) AS event_time, substr('aaaabbc', 1 + r('n' || i) % 7, 1) AS event_name, r('v' || i) % 5 AS v FROM generate_series(1, 120000) AS i;
CREATE TABLE in_memory AS
    SELECT 1 AS q, * FROM shopanalytics.funnel_report('many', '{a,b,c}', '100 days') UNION ALL SELECT 2, * FROM shopanalytics.funnel_report('many', '{a,b,c}', '1000 days', breakdown => 'v', hold => 'v', exclude => '{c@1-2}');
SET shopanalytics.intake_memory = '1MB';
CREATE TABLE in_files AS
    SELECT 1 AS q, * FROM shopanalytics.funnel_report('many', '{a,b,c}', '100 days') UNION ALL SELECT 2, * FROM shopanalytics.funnel_report('many', '{a,b,c}', '1000 days', breakdown => 'v', hold => 'v', exclude => '{c@1-2}');
-- in memory part by part
SET shopanalytics.intake_memory = '3MB';
CREATE TABLE in_parts AS
    SELECT 1 AS q, * FROM shopanalytics.funnel_report('many', '{a,b,c}', '100 days');
RESET client_min_messages;
SELECT step, users FROM shopanalytics.funnel_report('many', '{a,b}');
SET shopanalytics.intake_memory = '1MB';
SELECT step, users FROM shopanalytics.funnel_report('many', '{a,b}');
RESET shopanalytics.intake_memory;
SELECT count(*) AS rows, min(users) > 0 AS some, (SELECT count(*) FROM (SELECT * FROM in_memory EXCEPT SELECT * FROM in_files) AS d) AS in_files,
       (SELECT count(*) FROM (SELECT * FROM in_memory WHERE q = 1 EXCEPT SELECT * FROM in_parts) AS d) AS in_parts
  FROM in_memory;

DROP TABLE many, in_memory, in_files, in_parts, found, expected, valued, touch, best, chain, any_order, strict, ordered, last, unit, row, event, exclusion CASCADE;
DROP FUNCTION answer;
DROP TABLE report;
DROP TYPE kind;
DROP FUNCTION r, ts;
