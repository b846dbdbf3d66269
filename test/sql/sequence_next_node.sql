-- sequence_next_node.  The cases P are published examples of other functions of this
-- kind; the oracle further down is ours.
SET TimeZone = 'UTC';

-- Ordinary: P3, ClickHouse's test of sequenceNextNode, one column per user
CREATE TEMP TABLE p3 AS
SELECT uid, to_timestamp(n) AS ts, page
  FROM (VALUES (1, 'ABCD'), (2, 'BBDC'), (3, 'AB'), (4, 'AAABC'), (5, 'ABAC'), (6, 'ABABC')) AS u(uid, pages), regexp_split_to_table(pages, '') WITH ORDINALITY AS p(page, n);
SELECT direction, base, array_to_string(chain, '->') AS chain, string_agg(coalesce(next, '-'), ' ' ORDER BY uid) AS next
  FROM (SELECT q.*, uid, shopanalytics.sequence_next_node(direction, base, ts, page, true, VARIADIC ARRAY(SELECT page = c FROM unnest(chain) WITH ORDINALITY AS u(c, i) ORDER BY i)) AS next
          FROM (VALUES (1, 'forward', 'head', ARRAY['A']), (2, 'forward', 'head', ARRAY['B']), (3, 'backward', 'tail', ARRAY['C']), (4, 'backward', 'tail', ARRAY['B']),
                       (5, 'forward', 'head', ARRAY['A', 'B']), (6, 'forward', 'first_match', ARRAY['B']), (7, 'forward', 'first_match', ARRAY['B', 'A']),
                       (8, 'backward', 'first_match', ARRAY['B']), (9, 'forward', 'first_match', ARRAY['A', 'B', 'C']), (10, 'forward', 'head', '{}'), (11, 'backward', 'tail', '{}'))
               AS q(n, direction, base, chain), p3
         GROUP BY n, direction, base, chain, uid) s
 GROUP BY n, direction, base, chain ORDER BY n;

-- P6, duckdb-behavioral
SELECT visitor,
       shopanalytics.sequence_next_node('forward', 'first_match', to_timestamp(n), page, true, page = 'home') AS after_home,
       shopanalytics.sequence_next_node('forward', 'first_match', to_timestamp(n), page, true, page = 'home', page = 'product') AS after_home_product,
       shopanalytics.sequence_next_node('backward', 'first_match', to_timestamp(n), page, true, page = 'product') AS before_product
  FROM (VALUES ('u1', 'home product cart checkout'), ('u2', 'home search product')) AS u(visitor, pages), regexp_split_to_table(pages, ' ') WITH ORDINALITY AS p(page, n)
 GROUP BY visitor ORDER BY visitor;

-- The base condition: head and tail must fulfil it, a match is looked for among those that do
SELECT shopanalytics.sequence_next_node('forward', 'head', ts, page, ref = 'ref1', page = 'A') AS head,
       shopanalytics.sequence_next_node('backward', 'tail', ts, page, ref = 'ref4', page = 'B') AS tail,
       shopanalytics.sequence_next_node('forward', 'first_match', ts, page, ref = 'ref3', page = 'A') AS first_match,
       shopanalytics.sequence_next_node('backward', 'last_match', ts, page, ref = 'ref2', page = 'B') AS last_match,
       shopanalytics.sequence_next_node('forward', 'head', ts, page, NULL, page = 'A') AS never
  FROM (VALUES (timestamptz '2024-01-01 00:01', 'A', 'ref4'), ('2024-01-01 00:02', 'A', 'ref3'), ('2024-01-01 00:03', 'B', 'ref2'), ('2024-01-01 00:04', 'B', 'ref1')) AS e(ts, page, ref);

-- Empty input, no time, one row; a row without a value has its place, and no name
SELECT shopanalytics.sequence_next_node('forward', 'head', ts, page, true, true) AS none FROM p3 WHERE false;
SELECT shopanalytics.sequence_next_node('forward', 'head', NULL, page, true, true) AS no_time FROM p3;
SELECT shopanalytics.sequence_next_node('forward', 'head', 'epoch', 'A', true, true) AS behind, shopanalytics.sequence_next_node('forward', 'head', 'epoch', 'A', true, VARIADIC '{}'::boolean[]) AS itself;
SELECT shopanalytics.sequence_next_node('forward', 'head', to_timestamp(n), v, true, v = 'A') AS null_is_next,
       shopanalytics.sequence_next_node('forward', 'head', to_timestamp(n), v, true, v = 'A', v IS NULL) AS behind_null,
       shopanalytics.sequence_next_node('forward', 'first_match', to_timestamp(n), v, true, v = 'C') = '' AS empty_is_a_name
  FROM (VALUES (1, 'A'), (2, NULL), (3, 'C'), (4, '')) AS e(n, v);
-- infinite times are first and last
SELECT shopanalytics.sequence_next_node('forward', 'head', ts, v, true, true) AS next, shopanalytics.sequence_next_node('backward', 'tail', ts, v, true, true) AS previous
  FROM (VALUES (timestamptz 'infinity', 'last'), ('2024-01-01', 'middle'), ('-infinity', 'first')) AS e(ts, v);
-- long names, 32 events
SELECT length(shopanalytics.sequence_next_node('forward', 'head', to_timestamp(n), repeat('x', n * 100000), true, true, true)) FROM generate_series(1, 4) AS n;
SELECT shopanalytics.sequence_next_node('forward', 'head', to_timestamp(n), n::text, true, VARIADIC array_fill(true, ARRAY[32])) AS the_33rd FROM generate_series(1, 40) AS n;

-- Every error
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
SELECT call, state, message, hint
  FROM unnest(ARRAY['(''sideways'', ''head'', now(), ''A'', true, true)', '(''forward'', ''middle'', now(), ''A'', true, true)', '(''Forward'', ''head'', now(), ''A'', true, true)',
                    '(NULL, ''head'', now(), ''A'', true, true)', '(''forward'', NULL, now(), ''A'', true, true)', '(''forward'', ''head'', now(), ''A'', true, VARIADIC NULL::boolean[])',
                    '(''forward'', ''first_match'', now(), ''A'', true, VARIADIC ''{}''::boolean[])', '(''forward'', ''head'', now(), ''A'', true, VARIADIC array_fill(true, ARRAY[33]))',
                    '(CASE n WHEN 1 THEN ''forward'' ELSE ''backward'' END, ''head'', now(), ''A'', true, true)', '(''forward'', CASE n WHEN 1 THEN ''head'' ELSE ''tail'' END, now(), ''A'', true, true)',
                    '(''forward'', ''head'', now(), ''A'', true, VARIADIC array_fill(true, ARRAY[n]))']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.sequence_next_node' || call || ' FROM generate_series(1, 2) AS n') AS e
 ORDER BY i;

-- Random histories with ties, against the definition on arrays, in three orders of rows
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TABLE next_node_event AS
SELECT h, n, (ARRAY['forward', 'backward'])[1 + pg_temp.pick(h, 1, 2)] AS direction, (ARRAY['head', 'tail', 'first_match', 'last_match'])[1 + pg_temp.pick(h, 2, 4)] AS base,
       CASE WHEN pg_temp.pick(h * 16 + n, 4, 20) > 0 THEN to_timestamp(pg_temp.pick(h * 16 + n, 5, 8)) END AS ts,
       (ARRAY['a', 'b', 'c', 'a-b', '', NULL])[1 + pg_temp.pick(h * 16 + n, 6, 6)] AS value, pg_temp.pick(h * 16 + n, 7, 5) > 0 AS is_base,
       ARRAY(SELECT CASE pg_temp.pick(h * 64 + n * 4 + i, 8, 8) WHEN 0 THEN NULL WHEN 1 THEN false ELSE true END FROM generate_series(1, 1 + pg_temp.pick(h, 9, 3)) AS i ORDER BY i) AS events
  FROM generate_series(1, 24000) AS h, generate_series(1, 1 + pg_temp.pick(h, 3, 7)) AS n;
CREATE TEMP TABLE expected AS
SELECT h, CASE WHEN matches THEN vals[start + step * k] END AS next, matches AND start + step * k BETWEEN 1 AND cardinality(vals) AS has_next, matches
  FROM (SELECT *, start IS NOT NULL AND (SELECT bool_and(coalesce(place BETWEEN 1 AND cardinality(vals) AND fulfilled[place] ->> (j - 1) = 'true', false))
                                           FROM generate_series(1, k) AS j, LATERAL (SELECT start + step * (j - 1) AS place) p) AS matches
          FROM (SELECT *, CASE base WHEN 'head' THEN CASE WHEN bases[1] THEN 1 END
                                    WHEN 'tail' THEN CASE WHEN bases[cardinality(vals)] THEN cardinality(vals) END
                                    WHEN 'first_match' THEN (SELECT min(i) FROM generate_subscripts(vals, 1) AS i WHERE bases[i] AND fulfilled[i] ->> 0 = 'true')
                                    WHEN 'last_match' THEN (SELECT max(i) FROM generate_subscripts(vals, 1) AS i WHERE bases[i] AND fulfilled[i] ->> 0 = 'true') END AS start
                  FROM (SELECT h, base, CASE direction WHEN 'forward' THEN 1 ELSE -1 END AS step, max(cardinality(events)) AS k,
                               array_agg(value ORDER BY place) AS vals, array_agg(is_base ORDER BY place) AS bases, array_agg(to_jsonb(events) ORDER BY place) AS fulfilled
                          FROM (SELECT *, row_number() OVER (PARTITION BY h ORDER BY ts, coalesce(events[1], false)::integer + 2 * coalesce(events[2], false)::integer
                                                             + 4 * coalesce(events[3], false)::integer, is_base, value COLLATE "C" NULLS FIRST) AS place
                                  FROM next_node_event WHERE ts IS NOT NULL) e
                         GROUP BY h, base, direction) a) b) c;
SELECT count(*) > 20000 AS many, count(*) FILTER (WHERE matches AND NOT has_next) > 1000 AS at_end, count(next) > 3000 AS found, count(*) FILTER (WHERE has_next AND next IS NULL) > 500 AS without_name FROM expected;
SELECT seed, count(*) FILTER (WHERE o.next IS DISTINCT FROM x.next) AS differ
  FROM (SELECT seed, h, shopanalytics.sequence_next_node(direction, base, ts, value, is_base, VARIADIC events) AS next
          FROM (SELECT * FROM next_node_event, generate_series(1, 3) AS seed WHERE h <= 8000 ORDER BY hashint4extended(h * 16 + n, seed)) e GROUP BY seed, h) o
  JOIN expected x USING (h) GROUP BY seed ORDER BY seed;

-- Window: the state goes on after an answer
SELECT string_agg(coalesce(next, '-'), ' ' ORDER BY ts) AS next
  FROM (SELECT ts, shopanalytics.sequence_next_node('backward', 'tail', ts, page, true, true) OVER (ORDER BY ts) AS next FROM p3 WHERE uid = 1) s;

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
ALTER TABLE next_node_event SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE next_node_event ALTER h SET (n_distinct = 100);
ANALYZE next_node_event;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 100;
\set by_history 'SELECT h, shopanalytics.sequence_next_node(direction, base, ts, value, is_base, VARIADIC events) AS next FROM next_node_event GROUP BY h'
SELECT pg_temp.partial(:'by_history');
SELECT count(*) > 20000 AS many, count(*) FILTER (WHERE o.next IS DISTINCT FROM x.next) AS differ FROM (:by_history) o JOIN expected x USING (h);
-- no row in any worker, no time in all, one row in one, parts that disagree
SELECT pg_temp.partial('SELECT shopanalytics.sequence_next_node(''forward'', ''head'', ts, value, true, true) FROM next_node_event WHERE h < 0');
SELECT shopanalytics.sequence_next_node('forward', 'head', ts, value, true, true) AS none FROM next_node_event WHERE h < 0;
SELECT shopanalytics.sequence_next_node('forward', 'head', NULL, value, true, true) AS no_time FROM next_node_event;
SELECT shopanalytics.sequence_next_node('forward', 'head', 'epoch', 'one', true, VARIADIC '{}'::boolean[]) AS one FROM next_node_event WHERE h = 20 AND n = 1;
SELECT state, message FROM pg_temp.error_of('SELECT shopanalytics.sequence_next_node(direction, base, ts, value, is_base, VARIADIC events) FROM next_node_event');
DROP TABLE next_node_event;
