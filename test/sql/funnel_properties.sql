-- Funnels against an exhaustive search in SQL, over small random histories.
SET timezone = 'UTC';

-- 20,000 histories of 1 to 6 rows and 1 to 4 steps, full of ties and of rows that
-- match several steps or none; in one of eight the first and last times are infinite.
CREATE TABLE history AS
    SELECT h, 1 + h % 4 AS nsteps, (r / 16) % 6 AS win, h / 4 % 2 = 0 AS reuse, h / 8 % 2 = 0 AS increase, r / 128 % 8 = 0 AS infinite, 1 + r / 1024 % 6 AS nevents, 2 + r / 8192 % 5 AS span
      FROM generate_series(1, 20000) AS h, LATERAL (SELECT ('x' || substr(md5('funnel' || h), 1, 7))::bit(28)::integer AS r) AS r;
ANALYZE history;
CREATE TABLE event AS
    SELECT h, id, t, NOT (infinite AND t IN (0, span)) AS finite, mask,
           CASE WHEN infinite AND t = 0 THEN '-infinity' WHEN infinite AND t = span THEN 'infinity' ELSE '2024-05-01 00:00+00'::timestamptz + t * interval '1 s' END AS ts,
           ARRAY(SELECT mask & (1 << k) <> 0 FROM generate_series(0, nsteps - 1) AS k) AS steps, md5(h || ' ' || id) AS shuffle
      FROM history, generate_series(1, nevents) AS id,
           LATERAL (SELECT ('x' || substr(md5(h || ':' || id), 1, 7))::bit(28)::integer AS r) AS r,
           LATERAL (SELECT r % (span + 1) AS t, (r / 16 % 16) & (CASE WHEN r % 3 = 0 THEN 15 ELSE r / 256 % 16 END) & ((1 << nsteps) - 1) AS mask) AS m;
CREATE INDEX ON event (h);
ANALYZE;
SELECT count(*) AS rows, count(*) FILTER (WHERE mask = 0) AS no_step, count(*) FILTER (WHERE mask & (mask - 1) <> 0) AS several_steps, count(*) FILTER (WHERE NOT finite) AS infinite FROM event;

-- Every chain there is: of each the times of its steps, and which rows it used.
CREATE TABLE ordered AS
    WITH RECURSIVE chain AS (
        SELECT h, nsteps, win, reuse, increase, 1 AS level, ARRAY[ts] AS times, (1 << id) AS used, t AS start, t AS last, finite
          FROM history JOIN event USING (h) WHERE mask & 1 <> 0
        UNION ALL
        SELECT h, nsteps, win, reuse, increase, level + 1, times || ts, used | (1 << id), start, t, c.finite
          FROM chain AS c JOIN event AS e USING (h)
         WHERE level < nsteps AND mask & (1 << level) <> 0 AND (t > last OR t = last AND NOT increase) AND (reuse OR used & (1 << id) = 0)
           AND (t = start OR c.finite AND e.finite AND t - start <= win))
    SELECT 'ordered' AS mode, h, nsteps, level, times, used, start, last FROM chain;
-- Strict: no row between the first and the last time is left out.
CREATE TABLE strict AS
    SELECT 'strict' AS mode, h, nsteps, level, times, start, last
      FROM ordered AS c
     WHERE NOT EXISTS (SELECT FROM event AS e WHERE e.h = c.h AND e.t > c.start AND e.t < c.last AND c.used & (1 << e.id) = 0);
-- Any order: which row of a time comes first makes no difference, so each set of rows is looked at once.
CREATE TABLE any_order AS
    WITH RECURSIVE chain AS (
        SELECT h, nsteps, win, reuse, increase, 1 AS level, ARRAY[ts] AS times, id, k, t AS start, t AS last, finite, (1 << k) AS done
          FROM history JOIN event USING (h), generate_series(0, 3) AS k WHERE mask & (1 << k) <> 0
        UNION ALL
        SELECT h, nsteps, win, reuse, increase, level + 1, times || ts, e.id, s.k, start, t, c.finite, done | (1 << s.k)
          FROM chain AS c JOIN event AS e USING (h), generate_series(0, 3) AS s (k)
         WHERE mask & (1 << s.k) <> 0 AND done & (1 << s.k) = 0 AND (t > last OR t = last AND NOT increase AND (e.id > c.id OR reuse AND e.id = c.id AND s.k > c.k))
           AND (t = start OR c.finite AND e.finite AND t - start <= win))
    SELECT 'any' AS mode, h, nsteps, level, times, start, last FROM chain;
CREATE TABLE chain AS SELECT mode, h, nsteps, level, times, start, last FROM ordered UNION ALL SELECT * FROM strict UNION ALL SELECT * FROM any_order;
CREATE TABLE complete AS
    WITH RECURSIVE spans AS MATERIALIZED (
        SELECT DISTINCT mode, h, start, last FROM chain WHERE level = nsteps),
    packed AS (
        SELECT mode, h, 1 AS n, last FROM spans
        UNION
        SELECT mode, h, n + 1, s.last FROM packed AS p JOIN spans AS s USING (mode, h) WHERE s.start > p.last)
    SELECT mode, h, max(n) AS n FROM packed GROUP BY mode, h;
CREATE TABLE expected AS
    SELECT mode, h, coalesce(level, 0) AS level, coalesce(times, '{}') AS times, coalesce(n, 0) AS completions
      FROM (SELECT mode, h FROM history, (VALUES ('ordered'), ('strict'), ('any')) AS m (mode)) AS a
           LEFT JOIN (SELECT DISTINCT ON (mode, h) mode, h, level, times FROM chain ORDER BY mode, h, level DESC, start, last, times) AS c USING (mode, h)
           LEFT JOIN complete USING (mode, h);

-- The funnels, in two orders of their rows, and merged of parts that were merged of parts.
CREATE TABLE funnel AS
    SELECT h, shopanalytics.funnel_agg(ts, VARIADIC steps ORDER BY id) AS f FROM event GROUP BY h;
CREATE TABLE shuffled AS
    SELECT h, shopanalytics.funnel_agg(ts, VARIADIC steps ORDER BY shuffle) AS f FROM event GROUP BY h;
CREATE TABLE merged AS
    SELECT h, shopanalytics.rollup(f ORDER BY part) AS f
      FROM (SELECT h, part % 3 AS part, shopanalytics.rollup(f ORDER BY part DESC) AS f
              FROM (SELECT h, get_byte(decode(shuffle, 'hex'), 0) % 6 AS part, shopanalytics.funnel_agg(ts, VARIADIC steps) AS f FROM event GROUP BY h, part) AS leaf
             GROUP BY h, part % 3) AS branch
     GROUP BY h;
SELECT count(*) AS histories, count(*) FILTER (WHERE f.f::text <> s.f::text) AS by_order, count(*) FILTER (WHERE shopanalytics.funnel_send(f.f) <> shopanalytics.funnel_send(m.f)) AS by_merge,
       count(*) FILTER (WHERE f.f::text::shopanalytics.funnel::text <> f.f::text) AS by_text
  FROM funnel AS f JOIN shuffled AS s USING (h) JOIN merged AS m USING (h);

CREATE TABLE found AS
    SELECT mode, h, nsteps, increase, reuse, shopanalytics.funnel_level(f, w, modes) AS level, shopanalytics.funnel_times(f, w, modes) AS times,
           shopanalytics.funnel_durations(f, w, modes) AS durations, shopanalytics.funnel_completions(f, w, modes) AS completions
      FROM funnel JOIN history USING (h), (VALUES ('ordered'), ('strict'), ('any')) AS m (mode),
           LATERAL (SELECT concat_ws(',', mode, CASE WHEN reuse THEN 'reuse' END, CASE WHEN increase THEN 'strict_increase' END) AS modes, win * interval '1 s' AS w) AS q;
SELECT mode, increase, reuse, count(*) AS histories, count(*) FILTER (WHERE f.level = nsteps AND nsteps > 1) AS complete, max(f.completions) AS most,
       count(*) FILTER (WHERE f.level <> e.level) AS level, count(*) FILTER (WHERE f.times <> e.times) AS times, count(*) FILTER (WHERE f.completions <> e.completions) AS completions
  FROM found AS f JOIN expected AS e USING (mode, h)
 GROUP BY mode, increase, reuse ORDER BY mode, increase, reuse;
SELECT count(*) AS differing
  FROM found
 WHERE durations <> ARRAY(SELECT CASE WHEN times[n] = times[n - 1] THEN '0' ELSE times[n] - times[n - 1] END FROM generate_series(2, level) AS n);

-- What must hold for any history: more rows, a wider window or a laxer mode never reach less.
SELECT mode, count(*) FILTER (WHERE l.wider < l.level) AS wider, count(*) FILTER (WHERE l.reuse < l.level) AS reuse, count(*) FILTER (WHERE l.increase > l.level) AS increase,
       count(*) FILTER (WHERE mode <> 'strict' AND l.foreign_row <> l.level) AS foreign_row, count(*) FILTER (WHERE mode = 'strict' AND l.ordered < l.level OR mode = 'any' AND l.ordered > l.level) AS ordered,
       count(*) FILTER (WHERE (l.completions > 0) <> (l.level = nsteps)) AS completions
  FROM funnel JOIN history USING (h), (VALUES ('ordered'), ('strict'), ('any')) AS m (mode),
       LATERAL (SELECT win * interval '1 s' AS w) AS w,
       LATERAL (SELECT shopanalytics.funnel_level(f, w, mode) AS level, shopanalytics.funnel_level(f, w + interval '1.5 s', mode) AS wider, shopanalytics.funnel_level(f, w, mode || ',reuse') AS reuse,
                       shopanalytics.funnel_level(f, w, mode || ', strict_increase') AS increase, shopanalytics.funnel_level(f, w) AS ordered,
                       shopanalytics.funnel_level((f::text || ' 1714521601.5:-')::shopanalytics.funnel, w, mode) AS foreign_row, shopanalytics.funnel_completions(f, w, mode) AS completions) AS l
 GROUP BY mode ORDER BY mode;

-- Parallel plans give what serial ones do; states combine when all, one or none are empty.
ALTER TABLE event SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
CREATE FUNCTION partial(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line LIKE '%Partial%Aggregate%' THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;
CREATE VIEW by_group AS SELECT h % 1000 AS g, shopanalytics.funnel_agg(ts, mask & 1 <> 0, mask & 2 <> 0, mask & 4 <> 0) AS f FROM event GROUP BY h % 1000;
SELECT partial('SELECT * FROM by_group');
CREATE TABLE parallel AS SELECT * FROM by_group;
SET max_parallel_workers_per_gather = 0;
SELECT partial('SELECT * FROM by_group');
CREATE TABLE serial AS SELECT * FROM by_group;
RESET max_parallel_workers_per_gather;
SELECT count(*) AS groups, count(*) FILTER (WHERE p.f::text <> s.f::text) AS differing FROM parallel AS p JOIN serial AS s USING (g);
ALTER TABLE serial SET (parallel_workers = 2);
SELECT partial('SELECT shopanalytics.rollup(f) FROM serial');
CREATE TABLE whole AS SELECT shopanalytics.rollup(f) AS f FROM serial;
SET max_parallel_workers_per_gather = 0;
SELECT count(*) AS differing FROM whole WHERE f::text <> (SELECT shopanalytics.funnel_agg(ts, mask & 1 <> 0, mask & 2 <> 0, mask & 4 <> 0)::text FROM event);
RESET max_parallel_workers_per_gather;
SELECT partial('SELECT shopanalytics.funnel_agg(ts, true) FROM event WHERE id < 0');
SELECT shopanalytics.funnel_agg(ts, true) FROM event WHERE id < 0;
SELECT shopanalytics.funnel_agg(CASE WHEN id < 0 THEN ts END, true) FROM event;
SELECT shopanalytics.funnel_agg(ts, true, false) FROM (SELECT ts FROM event WHERE h = 10000 AND id = 1) AS e;
SELECT shopanalytics.rollup(f) FROM serial WHERE g < 0;
\set SHOW_CONTEXT never
-- a number of steps that differs is found wherever the rows were collected
SELECT shopanalytics.funnel_agg(ts, VARIADIC CASE WHEN h < 10000 THEN ARRAY[true] ELSE ARRAY[true, false] END) FROM event;

DROP VIEW by_group;
DROP TABLE history, event, ordered, strict, any_order, chain, complete, expected, funnel, shuffled, merged, found, parallel, serial, whole;
DROP FUNCTION partial;
