-- sequence_match, sequence_count, sequence_match_events.  The cases P are published
-- examples of other sequence functions; the oracle further down is ours.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';

CREATE FUNCTION pg_temp.seconds(ts timestamptz[]) RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(extract(epoch FROM t)::integer ORDER BY n), '{}') FROM unnest(ts) WITH ORDINALITY AS u(t, n)
$$;

-- Ordinary: P1, ClickHouse's test 00222; the pattern is a column, by which we group
CREATE TEMP TABLE p1 AS
SELECT to_timestamp(second) AS ts, data
  FROM (VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 1), (5, 2), (6, 0), (7, 0), (8, 0), (9, 0), (10, 1), (11, 1)) AS e(second, data);
SELECT pattern,
       shopanalytics.sequence_match(pattern, ts, data = 0, data = 1, data = 2, data = 3) AS match,
       shopanalytics.sequence_count(pattern, ts, data = 0, data = 1, data = 2, data = 3) AS count,
       pg_temp.seconds(shopanalytics.sequence_match_events(pattern, ts, data = 0, data = 1, data = 2, data = 3)) AS events
  FROM p1, unnest(ARRAY['', '.', '.*', '(?1)', '(?2)', '(?3)', '(?4)', '(?1)(?1)', '(?1)(?1)(?1)', '(?1)(?1)(?1)(?1)', '(?1)(?1)(?1)(?1)(?1)',
                        '(?1)(?1)(?1)(?1)(?2)', '(?1)(?t>10)(?2)', '(?1)(?t>11)(?2)', '(?1)(?t<11)(?2)', '(?1)(?t<3)(?3)', '(?1)(?t<=2)(?3)',
                        '(?1)(?t<2)(?3)', '(?2)(?t>=7)(?2)', '(?2)(?t>7)(?2)', '(?2)(?3)(?1)']) WITH ORDINALITY AS p(pattern, n)
 GROUP BY n, pattern ORDER BY n;
SELECT shopanalytics.sequence_match('(?1)(?t==2)(?2)', ts, data = 1, data = 2) AS two,
       shopanalytics.sequence_match('(?1)(?t==1)(?2)', ts, data = 1, data = 2) AS one
  FROM p1;

-- P2, ClickHouse's documentation
CREATE TEMP TABLE p2 AS SELECT to_timestamp(n) AS ts, n, number FROM (VALUES (1, 1), (2, 3), (3, 2), (4, 1), (5, 3), (6, 2)) AS e(n, number);
SELECT shopanalytics.sequence_match('(?1)(?2)', ts, number = 1, number = 2) AS true,
       shopanalytics.sequence_match('(?1)(?2)', ts, number = 1, number = 2, number = 3) AS false,
       shopanalytics.sequence_match('(?1)(?2)', ts, number = 1, number = 2, number = 4) AS true
  FROM p2 WHERE n <= 3;
SELECT shopanalytics.sequence_count('(?1).*(?2)', ts, number = 1, number = 2, number = 3, number = 4) AS two FROM p2;

-- P4, MADlib's path: land, then pages that are neither land nor buy, then buy.  A buy is two
-- events there, the page and its order; here the revenue of the match is looked up by its last time.
CREATE TEMP TABLE p4 AS
SELECT session, n, to_timestamp(n * 60) AS ts, substr(page, 1, 1) AS page, nullif(substr(page, 2), '')::integer AS revenue
  FROM (VALUES (100, 'L W C39'), (101, 'W W'), (102, 'L W C15 L H W C23'), (103, 'L W H W C16'), (104, 'B C12'), (105, 'L B'), (106, 'L H L'),
               (107, 'W B W'), (108, 'B W C21 L'), (109, 'B L W')) AS e(session, pages),
       regexp_split_to_table(pages, ' ') WITH ORDINALITY AS p(page, n);
SELECT pattern, string_agg(session || '/' || count || ':' || revenue, ' ' ORDER BY session) AS sessions
  FROM (SELECT pattern, session,
               shopanalytics.sequence_count(pattern, ts, page = 'L', page = 'C', page IN ('W', 'H', 'B')) AS count,
               shopanalytics.sequence_match_events(pattern, ts, page = 'L', page = 'C', page IN ('W', 'H', 'B')) AS times
          FROM p4, unnest(ARRAY['(?2)', '(?1)(?2)', '(?1)(?3)(?2)', '(?1)(?3)(?3)(?2)']) AS pattern GROUP BY pattern, session) s
  JOIN p4 USING (session) WHERE p4.ts = times[cardinality(times)] GROUP BY pattern ORDER BY pattern;
-- page before checkout
SELECT page, sum(count) FROM (
    SELECT p.page, shopanalytics.sequence_count('(?1)(?2)', e.ts, e.page = p.page, e.page = 'C', e.page NOT IN ('C', p.page)) AS count
      FROM p4 e, (VALUES ('W'), ('B'), ('H'), ('L')) AS p(page) GROUP BY session, p.page) s
 GROUP BY page HAVING sum(count) > 0 ORDER BY page;
-- any number of pages, then buy: without overlap, and from every page before a purchase
SELECT session, sum(count) FILTER (WHERE pages = 1) AS apart, sum(count) AS overlapping
  FROM (SELECT session, pages, shopanalytics.sequence_count(repeat('(?1)', pages) || '(?2)', ts, page <> 'C', page = 'C') AS count
          FROM p4, generate_series(1, 10) AS pages GROUP BY session, pages) s
 GROUP BY GROUPING SETS ((session), ()) HAVING sum(count) > 0 ORDER BY session;

-- P5, duckdb-behavioral
SELECT shopanalytics.sequence_match_events('(?1)(?2)(?3)', ts, c = 1, c = 2, c = 3) AS times
  FROM (VALUES (timestamptz '2024-01-01 00:00', 1), ('2024-01-01 00:05', 2), ('2024-01-01 00:10', 3)) AS e(ts, c);
SELECT shopanalytics.sequence_match_events('(?1)(?2)', ts, c = 1, c = 2) AS none
  FROM (VALUES (timestamptz '2024-01-01 00:00', 1), ('2024-01-01 00:05', 1)) AS e(ts, c);

-- Empty input, all NULL, nothing fulfilled, one row
SELECT shopanalytics.sequence_match(p, ts, c), shopanalytics.sequence_count(p, ts, c), shopanalytics.sequence_match_events(p, ts, c)
  FROM (VALUES ('(?1)', timestamptz '2024-01-01', true)) AS e(p, ts, c) WHERE false;
SELECT p, shopanalytics.sequence_match(p, ts, c), shopanalytics.sequence_count(p, ts, c), shopanalytics.sequence_match_events(p, ts, c)
  FROM (VALUES (NULL::timestamptz, true), (NULL, NULL), ('2024-01-01', NULL), ('2024-01-01', false)) AS e(ts, c), unnest(ARRAY['', '.', '(?1)']) AS p
 GROUP BY p ORDER BY p;
SELECT p, shopanalytics.sequence_match(p, ts, c), shopanalytics.sequence_count(p, ts, c), shopanalytics.sequence_match_events(p, ts, c)
  FROM (VALUES (timestamptz '2024-01-01', true)) AS e(ts, c), unnest(ARRAY['', '.', '.*', '(?1)', '(?1).*', '.*(?1)', '(?1)(?1)', '(?1)(?t>=0)(?1)']) AS p
 GROUP BY p ORDER BY p;

-- An event may fulfil several conditions, but takes one step; without a time it takes none
SELECT shopanalytics.sequence_count('(?1)(?2)', to_timestamp(n), true, true) AS two_of_four,
       shopanalytics.sequence_match('(?1)(?2)', CASE WHEN n = 1 THEN to_timestamp(n) END, true, true) AS one_event
  FROM generate_series(1, 4) AS n;

-- Ties: equal times are in the order of the conditions, whatever the order of rows
SELECT shopanalytics.sequence_match('(?1)(?2)(?3)', ts, c = 1, c = 2, c = 3) AS ascending, shopanalytics.sequence_match('(?2)(?1)', ts, c = 1, c = 2) AS descending,
       shopanalytics.sequence_count('(?1)(?1)(?2)(?2)', ts, c = 1, c = 2) AS equal
  FROM (VALUES (timestamptz '2024-01-01', 3), ('2024-01-01', 2), ('2024-01-01', 1), ('2024-01-01', 2), ('2024-01-01', 1)) AS e(ts, c);
SELECT shopanalytics.sequence_match('(?1)(?2)(?3)', ts, c = 1, c = 2, c = 3) AS ascending
  FROM (VALUES (timestamptz '2024-01-01', 3), ('2024-01-01', 2), ('2024-01-01', 1)) AS e(ts, c);

-- Times: several conditions between two events, decimals, white space; what is between does not matter
SELECT p, pg_temp.seconds(shopanalytics.sequence_match_events(p, to_timestamp(t), c = 1, c = 2, c = 3)) AS events
  FROM (VALUES (0, 1), (2, 2), (4, 3), (6, 2), (9, 2)) AS e(t, c),
       unnest(ARRAY['(?1)(?t>2)(?t<9)(?2)', '(?1)(?t>2).*(?t<6)(?2)', ' (?1) .* (?t>=7)  (?2) ', E'(?1)\n(?t==6.0)\t(?2)', '(?1)(?t==6.000001)(?2)',
                    '(?1)(?t>5.999999)(?t<6.000001)(?2)', '(?1)(?t<0)(?2)', '(?1)(?t>9)(?2)', '(?1)(?t>8).', '.*.*(?1).*.*(?3).*', '(?1)(?t<=1000000000000)(?3)',
                    '(?2)(?t<=3)(?2)(?t<=3)(?2)', '(?2)(?t<=4)(?2)(?t<=3)(?2)', '.(?t==4)(?3).*.']) WITH ORDINALITY AS p(p, n)
 GROUP BY n, p ORDER BY n;
-- microseconds
SELECT shopanalytics.sequence_match('(?1)(?t<0.000002)(?2)', ts, c = 1, c = 2) AS near, shopanalytics.sequence_match('(?1)(?t<0.000001)(?2)', ts, c = 1, c = 2) AS far
  FROM (VALUES (timestamptz '2024-01-01', 1), ('2024-01-01 00:00:00.000001', 2)) AS e(ts, c);

-- Infinite times are farther than any number of seconds, except from each other
SELECT p, shopanalytics.sequence_match_events(p, ts, c = 1, c = 2) AS events
  FROM (VALUES (timestamptz '-infinity', 1), ('-infinity', 2), ('4713-01-01 BC', 1), ('294276-12-31 23:59:59.999999', 2), ('infinity', 1), ('infinity', 2)) AS e(ts, c),
       unnest(ARRAY['(?1)(?t==0)(?2)', '(?1)(?t>0)(?t<=1000000000000)(?2)', '(?1)(?t>1000000000000)(?2)', '(?2)(?t>1000000000000)(?1)(?t>=0)(?1)(?t<1)(?2)']) WITH ORDINALITY AS p(p, n)
 GROUP BY n, p ORDER BY n;

-- Limits: 32 conditions, 64 events
SELECT shopanalytics.sequence_match('(?32)(?31).*(?1)', to_timestamp(n), VARIADIC array_fill(false, ARRAY[32 - n]) || true || array_fill(false, ARRAY[n - 1])) AS all_conditions
  FROM generate_series(1, 32) AS n;
SELECT length(p), shopanalytics.sequence_count(p, to_timestamp(n), n % 2 = 1, n % 2 = 0) AS count
  FROM generate_series(1, 128) AS n, unnest(ARRAY[repeat('.', 64), repeat('(?1)(?2)', 32), repeat('(?1)(?t<=1)(?2).*', 32), repeat('(?1)(?t<=2)', 63) || '(?1)']) WITH ORDINALITY AS p(p, i)
 GROUP BY i, p ORDER BY i;

-- Every error
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
SELECT CASE WHEN length(p) > 40 THEN left(p, 20) || '...' ELSE p END AS pattern, state, substr(message, 26) AS message
  FROM unnest(ARRAY['x', '(?1)x', '(?1', '(?1(?2)', '(?)', '(?a)', '(', '(?', ')', '*', '.**', '(?-1)', '(? 1)', '(?0)', '(?3)', '(?1)(?99999999999999999999)', '(?t<=1)', '.*(?t<=1)(?1)',
                    '(?1)(?t<=1)', '(?1)(?t>1).*', '(?1)(?t=1)(?2)', '(?1)(?t!=1)(?2)', '(?1)(?t', '(?1)(?t<', '(?1)(?t<=)(?2)', '(?1)(?t<=-1)(?2)', '(?1)(?t<= 1)(?2)', '(?1)(?t<=1',
                    '(?1)(?t<=1s)(?2)', '(?1)(?t<=1.)(?2)', '(?1)(?t<=.5)(?2)', '(?1)(?t<=0.1234567)(?2)', '(?1)(?t<=1000000000001)(?2)', '(?1)(?t<=99999999999999999999999)(?2)',
                    '(?1)→(?2)', 'é', E'(?1)\u00a0(?2)', '(?T<=1)', repeat('.', 65), repeat('(?1)', 64) || ' (?1)', repeat(' ', 4097)]) WITH ORDINALITY AS p(p, n),
       pg_temp.error_of(format('SELECT shopanalytics.sequence_match(%L, timestamptz ''2024-01-01'', true, true)', p)) AS e
 ORDER BY n;
\x on
\t on
SELECT e.*
  FROM (VALUES
    (1, $$('(?1)(?2', now(), true)$$),
    (2, $$('(?1)(?2)', now(), true)$$),
    (3, $$(repeat('.', 65), now(), true)$$),
    (4, $$(NULL, now(), true)$$),
    (5, $$('(?1)', now(), VARIADIC NULL::boolean[])$$),
    (6, $$('(?1)', now(), VARIADIC '{}'::boolean[])$$),
    (7, $$('(?1)', now(), VARIADIC '{{t},{f}}'::boolean[])$$),
    (8, $$('(?1)', now(), VARIADIC array_fill(true, ARRAY[33]))$$),
    (9, $$(CASE n WHEN 1 THEN '(?1)' ELSE '(?1).*' END, now(), true)$$),
    (10, $$('(?1)', now(), VARIADIC array_fill(true, ARRAY[n]))$$),
    (11, $$('(?1)', now())$$),
    (12, $$('(?1)', 5, true)$$),
    (13, $$('(?' || repeat('é', 300), now(), true)$$)) AS c(n, call),
       pg_temp.error_of('SELECT shopanalytics.sequence_match' || call || ' FROM generate_series(1, 2) AS n') AS e
 ORDER BY c.n;
\x off
\t off

-- Random histories on a grid of seconds, so that ties abound, against every chain of events that the
-- rules allow: the oracle makes them all, by a recursive query, and takes the first in order of places.
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
-- steps: number of the condition of each, 0 for any event; links: operator and seconds, '.*' or ''
CREATE TEMP TABLE history AS
SELECT h, steps, array_agg(links[1 + CASE WHEN pg_temp.pick(h * 4 + i, 3, 3) = 0 THEN 0 ELSE pg_temp.pick(h * 4 + i, 4, 12) END] ORDER BY i) AS links
  FROM (SELECT h, array_agg(pg_temp.pick(h * 4 + i, 2, 4) ORDER BY i) AS steps,
               ARRAY['', '.*', '<=0', '<=1', '<2', '<0', '>0', '>=2', '>3', '==1', '==0', '>=1'] AS links
          FROM generate_series(1, 24000) AS h, generate_series(1, 1 + pg_temp.pick(h, 1, 4)) AS i GROUP BY h) p,
       generate_series(1, 4) AS i
 GROUP BY h, steps;
CREATE TEMP TABLE pattern AS
SELECT h, string_agg(CASE steps[i] WHEN 0 THEN '.' ELSE '(?' || steps[i] || ')' END ||
                     CASE WHEN i = cardinality(steps) THEN '' WHEN links[i] IN ('', '.*') THEN links[i] ELSE '(?t' || links[i] || ')' END, '' ORDER BY i) AS pattern
  FROM history, generate_series(1, cardinality(steps)) AS i GROUP BY h;
CREATE TEMP TABLE event AS
SELECT h, n, CASE pg_temp.pick(h * 16 + n, 6, 24) WHEN 0 THEN '-infinity' WHEN 1 THEN 'infinity' WHEN 2 THEN NULL
                  ELSE to_timestamp(pg_temp.pick(h * 16 + n, 7, 7)) END AS ts,
       CASE WHEN c = 8 THEN NULL ELSE c & 1 = 1 END AS a, CASE WHEN c = 9 THEN NULL ELSE c & 2 = 2 END AS b, c & 4 = 4 AS c
  FROM history, generate_series(1, pg_temp.pick(h, 5, 11)) AS n, LATERAL (SELECT (ARRAY[1, 1, 2, 2, 4, 3, 5, 7, 0, 8, 9])[1 + pg_temp.pick(h * 16 + n, 8, 11)] AS c) x;
-- what counts, in order; place in the history
CREATE TEMP TABLE placed AS
SELECT h, row_number() OVER (PARTITION BY h ORDER BY ts, coalesce(a, false)::integer + 2 * coalesce(b, false)::integer + 4 * coalesce(c, false)::integer)::integer AS place, ts,
       ARRAY[coalesce(a, false), coalesce(b, false), coalesce(c, false)] AS fulfils
  FROM event WHERE ts IS NOT NULL AND (a OR b OR c);
CREATE INDEX ON placed (h, place);
ANALYZE history, placed;
CREATE TEMP TABLE chain AS
WITH RECURSIVE chain AS (
    SELECT h, 1 AS step, ARRAY[place] AS places, ts, ARRAY[ts] AS times FROM history JOIN placed USING (h) WHERE steps[1] = 0 OR fulfils[steps[1]]
    UNION ALL
    SELECT h, step + 1, places || e.place, e.ts, times || e.ts
      FROM chain c JOIN history USING (h) JOIN placed e USING (h),
           LATERAL (SELECT CASE WHEN e.ts = c.ts THEN 0 WHEN isfinite(e.ts) AND isfinite(c.ts) THEN extract(epoch FROM e.ts - c.ts) ELSE 'infinity'::float8 END AS distance) d
     WHERE step < cardinality(steps) AND e.place > places[step] AND (steps[step + 1] = 0 OR fulfils[steps[step + 1]])
       AND CASE links[step] WHEN '' THEN e.place = places[step] + 1 WHEN '.*' THEN true WHEN '<=0' THEN distance <= 0 WHEN '<=1' THEN distance <= 1
                WHEN '<2' THEN distance < 2 WHEN '<0' THEN distance < 0 WHEN '>0' THEN distance > 0 WHEN '>=2' THEN distance >= 2 WHEN '>3' THEN distance > 3
                WHEN '==1' THEN distance = 1 WHEN '==0' THEN distance = 0 WHEN '>=1' THEN distance >= 1 END)
SELECT h, places, times FROM chain JOIN history USING (h) WHERE step = cardinality(steps);
CREATE INDEX ON chain (h, places);
ANALYZE chain;
-- matches that do not overlap: each is the first chain that begins behind the one before
CREATE TEMP TABLE expected AS
WITH RECURSIVE found AS (
    SELECT * FROM (SELECT DISTINCT ON (h) h, 1 AS n, places, times FROM chain ORDER BY h, places) f
    UNION ALL
    SELECT f.h, n + 1, x.places, x.times
      FROM found f, LATERAL (SELECT places, times FROM chain c WHERE c.h = f.h AND c.places[1] > f.places[cardinality(f.places)] ORDER BY places LIMIT 1) x)
SELECT h, count(f.h) > 0 AS match, count(f.h) AS count, coalesce(min(times) FILTER (WHERE n = 1), '{}') AS events
  FROM history LEFT JOIN found f USING (h) GROUP BY h;
SELECT count(*) AS histories, count(*) FILTER (WHERE match) > 6000 AS many_match, count(*) FILTER (WHERE count > 1) > 2000 AS many_twice,
       (SELECT count(*) FROM chain) > 50000 AS many_chains, (SELECT count(DISTINCT pattern) FROM pattern) > 5000 AS many_patterns FROM expected;
-- the histories without a row are not in the join, and match nothing
SELECT count(*) > 20000 AS many, count(*) FILTER (WHERE (o.match, o.count, o.events) IS DISTINCT FROM (x.match, x.count, x.events)) AS differ
  FROM (SELECT h, shopanalytics.sequence_match(pattern, ts, a, b, c) AS match, shopanalytics.sequence_count(pattern, ts, a, b, c) AS count,
               shopanalytics.sequence_match_events(pattern, ts, a, b, c) AS events FROM event JOIN pattern USING (h) GROUP BY h) o JOIN expected x USING (h);
-- permutations of the rows
SELECT seed, count(*) FILTER (WHERE (o.count, o.events) IS DISTINCT FROM (x.count, x.events)) AS differ
  FROM (SELECT seed, h, shopanalytics.sequence_count(pattern, ts, a, b, c) AS count, shopanalytics.sequence_match_events(pattern, ts, a, b, c) AS events
          FROM (SELECT * FROM event JOIN pattern USING (h), generate_series(1, 3) AS seed WHERE h <= 4000 ORDER BY hashint4extended(h * 16 + n, seed)) e GROUP BY seed, h) o
  JOIN expected x USING (h) GROUP BY seed ORDER BY seed;

-- A window: the state goes on after an answer
SELECT string_agg(count::text, ' ' ORDER BY ts) AS counts
  FROM (SELECT ts, shopanalytics.sequence_count('(?1)(?1)', ts, data = 0, data > 0) OVER (ORDER BY ts) AS count FROM p1) s;
SELECT string_agg(count::text, ' ' ORDER BY ts) AS counts
  FROM (SELECT ts, shopanalytics.sequence_count('(?1)(?1)', ts, data = 0, data > 0) OVER (ORDER BY ts DESC) AS count FROM p1) s;

-- Time does not explode where backtracking would: 64 steps, no end, 100000 events
SELECT shopanalytics.sequence_match(p, to_timestamp(n), true, n = 1, n < 0) AS match
  FROM generate_series(1, 100000) AS n, unnest(ARRAY[repeat('(?1).*', 62) || '(?2)', repeat('(?1)(?t<=100000)', 62) || '(?2)', repeat('.(?t>=1)', 62) || '(?2)',
                                                     repeat('(?1)(?t>=5)(?t<=50000)', 62) || '(?2)']) AS p GROUP BY p;

-- Parallel: partial states of every kind combine to the whole
CREATE FUNCTION pg_temp.partial(query text) RETURNS boolean LANGUAGE plpgsql AS $$
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
CREATE TABLE sequence_event AS SELECT h, n, pattern, ts, a, b, c FROM event JOIN pattern USING (h) ORDER BY hashint4extended(h * 16 + n, 99);
ALTER TABLE sequence_event SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE sequence_event ALTER h SET (n_distinct = 100);
ANALYZE sequence_event;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 1;
\set by_history 'SELECT h, shopanalytics.sequence_match(pattern, ts, a, b, c) AS match, shopanalytics.sequence_count(pattern, ts, a, b, c) AS count, shopanalytics.sequence_match_events(pattern, ts, a, b, c) AS events FROM sequence_event GROUP BY h'
SELECT pg_temp.partial(:'by_history');
SELECT count(*) > 20000 AS many, count(*) FILTER (WHERE (o.match, o.count, o.events) IS DISTINCT FROM (x.match, x.count, x.events)) AS differ
  FROM (:by_history) o JOIN expected x USING (h);
-- no row in any worker, one row in one, rows without events in all, and parts that disagree
SELECT pg_temp.partial('SELECT shopanalytics.sequence_count(''(?1)'', ts, a) FROM sequence_event WHERE h < 0');
SELECT shopanalytics.sequence_match('(?1)', ts, a), shopanalytics.sequence_count('(?1)', ts, a), shopanalytics.sequence_match_events('(?1)', ts, a) FROM sequence_event WHERE h < 0;
SELECT shopanalytics.sequence_match('(?1)', to_timestamp(7), true), shopanalytics.sequence_count('(?1)', to_timestamp(7), true),
       shopanalytics.sequence_match_events('(?1)', to_timestamp(7), true) FROM sequence_event WHERE h = 7 AND n = 1;
SELECT shopanalytics.sequence_match('(?1)', ts, h < 0), shopanalytics.sequence_count('', ts, h < 0), shopanalytics.sequence_match_events('.', ts, h < 0) FROM sequence_event;
SELECT shopanalytics.sequence_count('(?1)(?2)', ts, h = 1, h = 2) > 0 AS match FROM sequence_event;
SELECT message FROM pg_temp.error_of('SELECT shopanalytics.sequence_match(CASE WHEN h <= 12000 THEN ''(?1)'' ELSE ''.'' END, ts, a) FROM sequence_event') AS e;
SELECT substr(message, 1, 61) AS message FROM pg_temp.error_of('SELECT shopanalytics.sequence_match(''(?1)'', ts, VARIADIC CASE WHEN h <= 12000 THEN ARRAY[a] ELSE ARRAY[a, b] END) FROM sequence_event') AS e;
DROP TABLE sequence_event;

-- a limit for what one group may take
SET shopanalytics.max_group_memory = '64kB';
SELECT shopanalytics.sequence_count('(?1)', timestamptz '2025-01-01 00:00+00' + n * interval '1 hour', true) FROM generate_series(1, 100000) n;
RESET shopanalytics.max_group_memory;

-- patterns that take turns are compiled once each, not row by row
SELECT count(*) AS groups, (SELECT sum(total_bytes) FROM pg_backend_memory_contexts) < 64 * 1024 * 1024 AS small
  FROM (SELECT pattern, shopanalytics.sequence_count(pattern, timestamptz '2025-01-01 00:00+00', true, true) FROM generate_series(1, 100000) AS n, LATERAL (SELECT repeat('(?1)', 1 + n % 2) AS pattern) AS p GROUP BY pattern OFFSET 0) AS o;
