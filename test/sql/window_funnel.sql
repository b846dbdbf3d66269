-- window_funnel, window_funnel_events: ClickHouse's rules.
SET timezone = 'UTC';
\pset null '(null)'

CREATE FUNCTION events(spec text) RETURNS TABLE (event text, ts timestamptz)
LANGUAGE sql IMMUTABLE AS $$
    SELECT split_part(word, '@', 1), '2024-05-01 00:00+00'::timestamptz + split_part(word, '@', 2)::numeric * interval '1 s' FROM regexp_split_to_table(spec, ' ') AS word
$$;
CREATE TABLE cases (id text, spec text, steps text, seconds integer, mode text, level integer);
INSERT INTO cases VALUES
    ('F2', '1000@0 1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8', '1003,1004,1005,1006,1007', 3, 'default', 4),
    ('F6', '1000@0 1001@10 1002@20 1003@30 1004@40 1005@50 1005@51 1006@60 1007@70 1008@80', '1000,1001,1002,1003,1004,1005,1006', 10000, 'default', 7),
    ('F6', '1000@0 1001@10 1002@20 1003@30 1004@40 1005@50 1005@51 1006@60 1007@70 1008@80', '1000,1001,1002,1003,1004,1005,1006', 10000, 'strict_deduplication', 6),
    ('F8', 'a@1 b@2 c@3', 'a,b,c', 86400, 'strict_order', 3),
    ('F8', 'a@1 d@2 b@3 c@4', 'a,b,c', 86400, 'strict_order', 1),
    ('F8', 'a@1 a@2 b@3 b@4 c@5 c@6', 'a,b,c', 86400, 'strict_order', 3),
    ('F8', 'a@1 a@2 a@3 a@4 b@5 b@6 c@7 c@8', 'a,b,c', 86400, 'strict_order', 3),
    ('F8', 'a@1 a@2 b@3 b@4 d@5 c@6 c@7', 'a,b,c', 86400, 'strict_order', 2),
    ('F8', 'c@1 c@2 b@3 b@4 a@5 a@6', 'a,b,c', 86400, 'strict_order', 1),
    ('F8', 'a@1 c@2 b@3', 'a,b,c', 10, 'strict_order', 1),
    ('F9', 'a@1 b@2 c@3', 'a,b,c', 86400, 'strict_deduplication, strict_order', 3),
    ('F9', 'a@1 d@2 b@3 c@4', 'a,b,c', 86400, 'strict_deduplication, strict_order', 1),
    ('F9', 'a@1 a@2 b@3 b@4 c@5 c@6', 'a,b,c', 86400, 'strict_deduplication, strict_order', 2),
    ('F9', 'a@1 a@2 a@3 a@4 b@5 b@6 c@7 c@8', 'a,b,c', 86400, 'strict_deduplication, strict_order', 2),
    ('F9', 'a@1 a@2 b@3 b@4 d@5 c@6 c@7', 'a,b,c', 86400, 'strict_deduplication, strict_order', 2),
    ('F9', 'c@1 c@2 b@3 b@4 a@5 a@6', 'a,b,c', 86400, 'strict_deduplication, strict_order', 1),
    ('F10', 'a@1 b@2 c@3 b@4 d@5', 'a,b,c,d', 86400, 'strict_deduplication', 3),
    ('F10', 'a@1 b@2 c@3 b@4 d@5', 'a,b,c,d', 86400, 'default', 4),
    ('F11', '1000@0 1001@1 1002@1 1003@1 1004@2', '1000,1001,1002,1003,1004', 10000, 'default', 5),
    ('F11', '1000@0 1001@1 1002@1 1003@1 1004@2', '1000,1001,1002,1003,1004', 10000, 'strict_increase', 2),
    ('F12', 'l@60 v@120 l@180 o@240 p@600', 'l,v,o,p', 3600, 'strict_deduplication', 4),   -- Doris: 2
    ('F13', '1004@2', '1004,1004,1004', 10000, 'default', 3),
    ('F13', '1004@2', '1004,1004,1004', 10000, 'strict_once', 1),
    ('F13', '1004@2', '1004,1004,1004', 10000, 'strict_increase', 1),
    ('F14', 'f@180 f@220 s@250', 'f,f,s', 200, 'strict_once', 3),
    ('F14', 'f@100 f@250', 'f,f,s', 200, 'strict_once', 2),
    ('F14', 's@200 f@210 s@230', 'f,f,s', 200, 'strict_once', 1),
    ('F15', 'a@0 a@1 b@1', 'a,b', 10, 'strict_increase', 2),    -- ClickHouse forgets a@0: 1
    ('F24', 'Browse@0 Click@0 Order@1', 'Browse,Click,Order', 0, 'default', 2);
SELECT id, spec, steps, seconds, mode, level AS expected, found
  FROM (SELECT *, (SELECT shopanalytics.window_funnel(seconds * interval '1 s', mode, ts, VARIADIC ARRAY(SELECT event = step FROM string_to_table(steps, ',') AS step)) FROM events(spec)) AS found
          FROM cases) AS c
 WHERE level IS DISTINCT FROM found;
SELECT count(*), count(DISTINCT id) AS cases FROM cases;

-- F4, with and without a mode; F26
SELECT shopanalytics.window_funnel('4 s', ts, e <= 1007, e >= 1002, e <= 1006, e >= 1004), shopanalytics.window_funnel('4 s', 'strict_once', ts, e <= 1007, e >= 1002, e <= 1006, e >= 1004)
  FROM (SELECT event::int AS e, ts FROM events('1001@1 1002@2 1003@3 1004@4 1005@5 1006@6 1007@7 1008@8')) AS e;
WITH visit (u, t, a, b) AS (VALUES (1, 1, 'a1', 'b1'), (1, 2, 'a2', 'b2'), (2, 1, 'a1', NULL), (2, 2, 'a2', NULL), (3, 1, NULL, NULL),
                                   (4, 1, NULL, 'b1'), (4, 2, 'a2', NULL), (4, 3, NULL, 'b3'))
SELECT u, shopanalytics.window_funnel('1 day', to_timestamp(t), a = 'a1', a = 'a2') AS a1_a2, shopanalytics.window_funnel('1 day', to_timestamp(t), a IS NULL, b = 'b3') AS null_b3
  FROM visit GROUP BY u ORDER BY u;

-- F24: six users, no time between the steps, times with offsets; without a window an error
SELECT u, shopanalytics.window_funnel('0', ts, event = 'Browse', event = 'Click', event = 'Order', event = 'Pay') AS level
  FROM (VALUES (1, 'Browse', timestamptz '2021-01-31 11:00:00+08'), (1, 'Click', '2021-01-31 11:10:00+07'), (1, 'Order', '2021-01-31 11:20:00+06'), (1, 'Pay', '2021-01-31 11:30:00+05'),
               (2, 'Click', '2021-01-31 11:00:00+08'), (2, 'Order', '2021-01-31 11:00:00+08'), (3, 'Browse', '2021-01-31 11:20:00-11'), (3, 'Click', '2021-01-31 12:20:00-11'),
               (4, 'Browse', '2021-01-31 11:00:00+08'), (4, 'Pay', '2021-01-31 11:00:00+07'), (4, 'Order', '2021-01-31 11:00:00+06'), (4, 'Click', '2021-01-31 11:00:00+05'),
               (5, 'Browse', '2021-01-31 11:00:00+08'), (5, 'Click', '2021-01-31 11:00:00+07'), (5, 'Order', '2021-01-31 11:50:00+07'),
               (6, 'Browse', '2021-01-31 11:00:00+08'), (6, 'Click', '2021-01-31 11:00:00+07'), (6, 'Order', '2021-01-31 11:10:00+07')) AS e (u, event, ts)
 GROUP BY u ORDER BY u;
-- the clocks differ and the instant does not
SELECT shopanalytics.window_funnel('0', ts, event = 'Browse', event = 'Click')
  FROM (VALUES ('Browse', timestamptz '2021-01-31 11:00:00+08'), ('Click', '2021-01-31 10:00:00+07')) AS e (event, ts);
SELECT shopanalytics.window_funnel(NULL, now(), true);

-- the times, up to where the mode stopped
SELECT spec, mode, (SELECT shopanalytics.window_funnel_events('1 h', mode, ts, event = 'a', event = 'b', event = 'c') FROM events(spec)) AS times
  FROM (VALUES ('a@0 b@1 b@2 c@3', 'default'), ('a@0 b@1 b@2 c@3', 'strict_deduplication'), ('a@0 x@1 b@2', 'strict_order'), ('a@0 b@1 x@1 c@2', 'strict_order'), ('b@0 c@0', 'strict_order'),
               ('a@0 c@1 b@2 c@3', 'strict_order, allow_reentry'), ('a@0 b@1 c@1 b@1', 'strict_deduplication')) AS v (spec, mode);
-- nothing, NULL times
SELECT shopanalytics.window_funnel('1 h', now(), true), shopanalytics.window_funnel_events('1 h', 'strict_once', now(), true), shopanalytics.window_funnel_events('1 h', now(), true) WHERE false;
SELECT shopanalytics.window_funnel('1 h', NULL, true), shopanalytics.window_funnel_events('1 h', NULL, true), shopanalytics.window_funnel('1 h', now(), NULL, NULL);

-- errors
\set VERBOSITY sqlstate
SELECT shopanalytics.window_funnel('1 h', NULL, now(), true);
SELECT shopanalytics.window_funnel('-1 h', now(), true);
SELECT shopanalytics.window_funnel('1 month', now(), true);
SELECT shopanalytics.window_funnel('1 h', now(), VARIADIC '{}');
SELECT shopanalytics.window_funnel('1 h', now(), VARIADIC array_fill(true, ARRAY[33]));
\set VERBOSITY default
SELECT shopanalytics.window_funnel('1 h', 'strict', now(), true);
SELECT shopanalytics.window_funnel('1 h', 'allow_reentry', now(), true);
SELECT shopanalytics.window_funnel(n * interval '1 h', now(), true) FROM generate_series(1, 2) AS n;
SELECT shopanalytics.window_funnel(CASE n WHEN 1 THEN interval '1 day' ELSE '24 h' END, CASE n WHEN 1 THEN 'strict_once,default' ELSE 'strict_once' END, now(), true) FROM generate_series(1, 2) AS n;
SELECT shopanalytics.window_funnel('1 h', CASE n WHEN 1 THEN 'default' ELSE 'strict_once' END, now(), true) FROM generate_series(1, 2) AS n;
SELECT shopanalytics.window_funnel('1 h', now(), VARIADIC array_fill(true, ARRAY[n])) FROM generate_series(1, 2) AS n;

-- ClickHouse's procedure, pair by pair, as its documentation and tests have it
CREATE FUNCTION procedure(pairs integer[], nsteps integer, win integer, modes text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    start integer[] := array_fill(NULL::integer, ARRAY[nsteps]);
    pair integer[];
    t integer;
    step integer;
    begun boolean := false;
BEGIN
    FOREACH pair SLICE 1 IN ARRAY pairs LOOP
        t := pair[1];
        step := pair[2];
        IF step = 0 THEN
            EXIT WHEN begun AND modes LIKE '%order%';
        ELSIF step = 1 THEN
            start[1] := t;
            begun := true;
        ELSIF modes LIKE '%dedup%' AND start[step] IS NOT NULL THEN
            EXIT;
        ELSIF modes LIKE '%order%' AND begun AND start[step - 1] IS NULL THEN
            EXIT WHEN modes NOT LIKE '%reentry%';
        ELSIF t - start[step - 1] <= win THEN
            start[step] := start[step - 1];
            EXIT WHEN step = nsteps;
        END IF;
    END LOOP;
    RETURN cardinality(array_remove(start, NULL));
END $$;
CREATE TABLE event AS
    SELECT h, 1 + h % 4 AS nsteps, h / 4 % 6 AS win, id, r % 6 AS t, ((r / 8) % 16) & (CASE WHEN r % 3 = 0 THEN 15 ELSE r / 256 % 16 END) & ((1 << 1 + h % 4) - 1) AS mask
      FROM generate_series(1, 6000) AS h, generate_series(1, 1 + h % 7) AS id, LATERAL (SELECT ('x' || substr(md5('window' || h || ':' || id), 1, 7))::bit(28)::integer AS r) AS r;
CREATE TABLE mode AS
    SELECT * FROM (VALUES ('default'), ('strict_deduplication'), ('strict_order'), ('strict_order,strict_deduplication'), ('strict_order,allow_reentry'), ('strict_order,allow_reentry,strict_deduplication')) AS m (mode);
CREATE TABLE found AS
    SELECT mode, h, win, nsteps, shopanalytics.window_funnel(win * interval '1 s', mode, to_timestamp(t), VARIADIC ARRAY(SELECT mask & (1 << k) <> 0 FROM generate_series(0, nsteps - 1) AS k) ORDER BY md5(id || mode)) AS level,
           shopanalytics.window_funnel_events(win * interval '1 s', mode, to_timestamp(t), VARIADIC ARRAY(SELECT mask & (1 << k) <> 0 FROM generate_series(0, nsteps - 1) AS k)) AS times
      FROM event, mode GROUP BY mode, h, win, nsteps;
SELECT mode, count(*) AS histories, count(*) FILTER (WHERE level = nsteps AND nsteps > 1) AS complete, count(*) FILTER (WHERE level <> procedure(pairs, nsteps, win, mode)) AS differing,
       count(*) FILTER (WHERE level <> cardinality(times) OR times[level] - times[1] > win * interval '1 s') AS times
  FROM found JOIN (SELECT h, array_agg(ARRAY[t, step] ORDER BY t, step) AS pairs
                     FROM event, LATERAL (SELECT k AS step FROM generate_series(1, nsteps) AS k WHERE mask & (1 << k - 1) <> 0 UNION ALL SELECT 0 WHERE mask = 0) AS s GROUP BY h) AS p USING (h)
 GROUP BY mode ORDER BY mode;
-- by their definition, strict_once and strict_increase are what funnel_level does
SELECT count(*) AS differing
  FROM (SELECT h, shopanalytics.window_funnel(win * interval '1 s', 'strict_once', to_timestamp(t), VARIADIC s) AS once, shopanalytics.window_funnel(win * interval '1 s', 'strict_increase', to_timestamp(t), VARIADIC s) AS increase,
               shopanalytics.window_funnel(win * interval '1 s', to_timestamp(t), VARIADIC s) AS plain, shopanalytics.funnel_agg(to_timestamp(t), VARIADIC s) AS f, win * interval '1 s' AS w
          FROM event, LATERAL (SELECT ARRAY(SELECT mask & (1 << k) <> 0 FROM generate_series(0, nsteps - 1) AS k) AS s) AS s GROUP BY h, win) AS l
 WHERE (once, increase, plain) <> (shopanalytics.funnel_level(f, w), shopanalytics.funnel_level(f, w, 'strict_increase'), shopanalytics.funnel_level(f, w, 'reuse'));

-- parallel as serial; states combine when all, one or none are empty
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
CREATE VIEW by_group AS
    SELECT h % 500 AS g, shopanalytics.window_funnel('1 s', to_timestamp(t), mask & 1 <> 0, mask & 2 <> 0, mask & 4 <> 0) AS level,
           shopanalytics.window_funnel_events('1 s', 'strict_order,strict_deduplication,strict_once', to_timestamp(t), mask & 1 <> 0, mask & 2 <> 0, mask & 4 <> 0) AS times
      FROM event GROUP BY h % 500;
SELECT partial('SELECT * FROM by_group');
CREATE TABLE parallel AS SELECT * FROM by_group;
SET max_parallel_workers_per_gather = 0;
SELECT partial('SELECT * FROM by_group');
CREATE TABLE serial AS SELECT * FROM by_group;
RESET max_parallel_workers_per_gather;
SELECT count(*) AS groups, count(*) FILTER (WHERE (p.level, p.times) IS DISTINCT FROM (s.level, s.times)) AS differing FROM parallel AS p JOIN serial AS s USING (g);
SELECT partial('SELECT shopanalytics.window_funnel(''1 s'', to_timestamp(t), true) FROM event');
SELECT shopanalytics.window_funnel('1 s', to_timestamp(t), true) FROM event WHERE id < 0;
SELECT shopanalytics.window_funnel('1 s', CASE WHEN id < 0 THEN to_timestamp(t) END, true) FROM event;
SELECT shopanalytics.window_funnel('1 s', to_timestamp(t), true) FROM event WHERE h = 3000 AND id = 1;
\set SHOW_CONTEXT never
SELECT shopanalytics.window_funnel(CASE WHEN h < 3000 THEN interval '1 s' ELSE '2 s' END, to_timestamp(t), true) FROM event;
SELECT shopanalytics.window_funnel('1 s', CASE WHEN h < 3000 THEN 'default' ELSE 'strict_once' END, to_timestamp(t), true) FROM event;

DROP VIEW by_group;
DROP TABLE cases, event, mode, found, parallel, serial;
DROP FUNCTION events, procedure, partial;
