-- path_agg
SET TimeZone = 'UTC';

-- Ordinary: in order of time, a place where the user stays is told once, the first max_length places
CREATE TEMP TABLE visit AS
SELECT visitor, n, to_timestamp(n) AS ts, page
  FROM (VALUES ('ann', 'home shoes shoes cart home home home buy'), ('bob', 'home'), ('cid', 'buy buy buy')) AS v(visitor, pages), regexp_split_to_table(pages, ' ') WITH ORDINALITY AS p(page, n);
SELECT visitor, shopanalytics.path_agg(ts, page, NULL) AS whole, shopanalytics.path_agg(ts, page, 3) AS three, shopanalytics.path_agg(ts, page, 1) AS one
  FROM (SELECT * FROM visit ORDER BY n DESC) v GROUP BY visitor ORDER BY visitor;

-- P4, MADlib's sessions: paths to the purchase, most common first
SELECT path, count(*) AS sessions
  FROM (SELECT shopanalytics.path_agg(to_timestamp(n), page, 3) AS path
          FROM (VALUES (100, 'LWC'), (101, 'WW'), (102, 'LWCLHWC'), (103, 'LWHWC'), (104, 'BC'), (105, 'LB'), (106, 'LHL'), (107, 'WBW'), (108, 'BWCL'), (109, 'BLW')) AS v(session, pages),
               regexp_split_to_table(pages, '') WITH ORDINALITY AS p(page, n) GROUP BY session) s
 GROUP BY path ORDER BY sessions DESC, path;

-- Empty input, all NULL, one row; without a time or a name nobody was anywhere, and an empty name is one
SELECT shopanalytics.path_agg(ts, page, 5) AS none FROM visit WHERE false;
SELECT shopanalytics.path_agg(NULL, page, 5) AS no_time, shopanalytics.path_agg(ts, NULL, 5) AS no_name FROM visit;
SELECT shopanalytics.path_agg('epoch', 'home', 5) AS one;
SELECT shopanalytics.path_agg(ts, page, 5) AS path FROM (VALUES (timestamptz '2024-01-01', 'a'), ('2024-01-02', NULL), (NULL, 'b'), ('2024-01-03', 'a'), ('2024-01-04', ''), ('infinity', 'z'), ('-infinity', 'first')) AS e(ts, page);

-- Ties: by the bytes of the name
SELECT shopanalytics.path_agg('epoch', page, NULL) AS path FROM unnest(ARRAY['b', 'a', 'B', 'a', 'ab', 'é', '', 'a ']) AS page;

-- Long names, many nodes
SELECT cardinality(path) AS nodes, length(path[3]) AS third FROM (SELECT shopanalytics.path_agg(to_timestamp(-n), repeat('x', n * 100000), NULL) AS path FROM generate_series(1, 5) AS n) s;
SELECT shopanalytics.path_agg(to_timestamp(place), 'page ' || place, 50000) = (SELECT array_agg('page ' || i ORDER BY i) FROM generate_series(1, 50000) AS i) AS equal
  FROM (SELECT n::bigint * 7919 % 100003 AS place FROM generate_series(1, 100002) AS n) e;

-- Every error
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
SELECT call, e.* FROM unnest(ARRAY['(ts, page, 0)', '(ts, page, -5)', '(ts, page, n::integer)', '(ts, page, nullif(n, 2)::integer)']) AS call,
       pg_temp.error_of('SELECT shopanalytics.path_agg' || call || ' FROM visit') AS e ORDER BY call;

-- Random histories with ties, in three orders of rows, against lag
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TABLE path_event AS
SELECT h, n, nullif(1 + h % 6, 6) AS max_length, CASE WHEN pg_temp.pick(h * 32 + n, 2, 20) > 0 THEN to_timestamp(pg_temp.pick(h * 32 + n, 3, 12)) END AS ts,
       (ARRAY['a', 'a', 'b', 'B', 'a-b', '', NULL])[1 + pg_temp.pick(h * 32 + n, 4, 7)] AS page
  FROM generate_series(1, 24000) AS h, generate_series(1, pg_temp.pick(h, 1, 12)) AS n;
CREATE TEMP TABLE expected AS
SELECT h, (array_agg(page ORDER BY place) FILTER (WHERE moved))[:coalesce(max_length, 1000)] AS path
  FROM (SELECT h, max_length, page, row_number() OVER w AS place, page IS DISTINCT FROM lag(page) OVER w AS moved
          FROM path_event WHERE ts IS NOT NULL AND page IS NOT NULL WINDOW w AS (PARTITION BY h ORDER BY ts, page COLLATE "C")) s
 GROUP BY h, max_length;
SELECT count(*) > 20000 AS many, count(*) FILTER (WHERE cardinality(path) > 4) > 3000 AS long FROM expected;
SELECT seed, count(*) FILTER (WHERE o.path IS DISTINCT FROM coalesce(x.path, '{}')) AS differ
  FROM (SELECT seed, h, shopanalytics.path_agg(ts, page, max_length) AS path
          FROM (SELECT * FROM path_event, generate_series(1, 3) AS seed ORDER BY hashint4extended(h * 32 + n, seed)) e GROUP BY seed, h) o
  LEFT JOIN expected x USING (h) GROUP BY seed ORDER BY seed;

-- Window: the state goes on after an answer
SELECT n, shopanalytics.path_agg(ts, page, 3) OVER (ORDER BY n DESC) AS path FROM visit WHERE visitor = 'ann' ORDER BY n;

-- Parallel
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
ALTER TABLE path_event SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE path_event ALTER h SET (n_distinct = 100);
ANALYZE path_event;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 100;
\set by_history 'SELECT h, shopanalytics.path_agg(ts, page, max_length) AS path FROM path_event GROUP BY h'
SELECT pg_temp.partial(:'by_history');
SELECT count(*) > 20000 AS many, count(*) FILTER (WHERE o.path IS DISTINCT FROM coalesce(x.path, '{}')) AS differ FROM (:by_history) o LEFT JOIN expected x USING (h);
-- no row in any worker, nothing in all, one row in one, lengths that differ
SELECT pg_temp.partial('SELECT shopanalytics.path_agg(ts, page, 5) FROM path_event WHERE h < 0');
SELECT shopanalytics.path_agg(ts, page, 5) AS none FROM path_event WHERE h < 0;
SELECT shopanalytics.path_agg(NULL, page, 5) AS no_time FROM path_event;
SELECT shopanalytics.path_agg('epoch', 'one', 5) AS one FROM path_event WHERE h = (SELECT min(h) FROM path_event) AND n = 1;
SELECT state, message FROM pg_temp.error_of('SELECT shopanalytics.path_agg(ts, page, max_length) FROM path_event');
DROP TABLE path_event;

-- a limit for what one group may take: nodes, and their names
SET shopanalytics.max_group_memory = '64kB';
SELECT shopanalytics.path_agg(timestamptz '2025-01-01 00:00+00' + n * interval '1 hour', 'n' || n % 2, 5) FROM generate_series(1, 100000) n;
SELECT shopanalytics.path_agg(timestamptz '2025-01-01 00:00+00', repeat('x', 100000), 5);
RESET shopanalytics.max_group_memory;
