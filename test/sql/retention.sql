-- retention.  The cases R are published examples of other retention functions; the
-- oracle further down is ours.

-- Ordinary: R1, ClickHouse's test 00688; sums over the users
CREATE TEMP TABLE r1 AS
SELECT day, uid FROM (VALUES (date '2018-08-06', 80), ('2018-08-07', 50), ('2018-08-08', 60)) AS d(day, users), generate_series(0, users - 1) AS uid;
SELECT 'days 1, 2' AS conditions, sum(r[1]::integer) AS r1, sum(r[2]::integer) AS r2, sum(r[3]::integer) AS r3
  FROM (SELECT shopanalytics.retention(day = '2018-08-06', day = '2018-08-07') AS r FROM r1 GROUP BY uid) s
UNION ALL
SELECT 'days 1, 3', sum(r[1]::integer), sum(r[2]::integer), sum(r[3]::integer)
  FROM (SELECT shopanalytics.retention(day = '2018-08-06', day = '2018-08-08') AS r FROM r1 GROUP BY uid) s
UNION ALL
SELECT 'all days', sum(r[1]::integer), sum(r[2]::integer), sum(r[3]::integer)
  FROM (SELECT shopanalytics.retention(day = '2018-08-06', day = '2018-08-07', day = '2018-08-08') AS r FROM r1 GROUP BY uid) s
 ORDER BY conditions DESC;

-- R2, ClickHouse's documentation: 5, 10 and 15 users on three days
CREATE TEMP TABLE r2 AS SELECT day, uid FROM generate_series(1, 3) AS day, generate_series(0, day * 5 - 1) AS uid;
SELECT r, count(*) AS users, min(uid) AS first, max(uid) AS last
  FROM (SELECT uid, shopanalytics.retention(day = 1, day = 2, day = 3) AS r FROM r2 GROUP BY uid) s GROUP BY r ORDER BY r DESC;

-- R3, duckdb-behavioral
SELECT visitor, shopanalytics.retention(day = 1, day = 2, day = 3) AS r
  FROM (VALUES ('u1', 1), ('u1', 2), ('u1', 3), ('u2', 1), ('u2', 3), ('u3', 1)) AS e(visitor, day) GROUP BY visitor ORDER BY visitor;
SELECT shopanalytics.retention(false, true) AS no_anchor;
SELECT shopanalytics.retention(true, true) AS empty WHERE false;

-- R4, GaussDB(DWS): in any order of events; user 2 never browses
CREATE TEMP TABLE r4 AS
SELECT uid, event FROM (VALUES (1, 'Browse Click Order Pay'), (2, 'Click Order'), (3, 'Browse Click'), (4, 'Browse Pay Order Click'), (5, 'Browse Click Order'), (6, 'Browse Click Order')) AS u(uid, events),
       regexp_split_to_table(events, ' ') AS event;
SELECT uid, shopanalytics.retention(event = 'Browse', event = 'Click', event = 'Order', event = 'Pay') AS r FROM r4 GROUP BY uid ORDER BY uid;
SELECT sum(r[1]::integer) AS browse, sum(r[2]::integer) AS click, sum(r[3]::integer) AS "order", sum(r[4]::integer) AS pay
  FROM (SELECT shopanalytics.retention(event = 'Browse', event = 'Click', event = 'Order', event = 'Pay') AS r FROM r4 GROUP BY uid) s;
SELECT DISTINCT shopanalytics.retention(false, event = 'Click', event = 'Order', event = 'Pay') AS r FROM r4 GROUP BY uid;

-- NULL is false; no array is no row; one row; one condition; 32
SELECT shopanalytics.retention(NULL::boolean, true) AS anchor, shopanalytics.retention(true, NULL) AS other, shopanalytics.retention(NULL::boolean, NULL) AS both;
SELECT shopanalytics.retention(a, b) AS r FROM (VALUES (NULL, true), (true, NULL), (NULL, NULL)) AS e(a, b);
SELECT shopanalytics.retention(VARIADIC CASE WHEN n = 2 THEN ARRAY[true, true] END) AS r FROM generate_series(1, 3) AS n;
SELECT shopanalytics.retention(VARIADIC NULL::boolean[]) AS none;
SELECT shopanalytics.retention(true) AS t, shopanalytics.retention(false) AS f;
SELECT shopanalytics.retention(VARIADIC array_fill(false, ARRAY[n - 1]) || true || array_fill(false, ARRAY[32 - n])) AS odd FROM generate_series(1, 32, 2) AS n;
SELECT shopanalytics.retention(VARIADIC array_fill(true, ARRAY[32])) = array_fill(true, ARRAY[32]) AS all_32;

-- Window: the number of those who came back so far
SELECT n, shopanalytics.retention(n > 1, n > 3) OVER (ORDER BY n) AS r FROM generate_series(1, 5) AS n;
SELECT n, shopanalytics.retention(n = 2, n = 3) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS r FROM generate_series(1, 4) AS n;

-- Every error
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
SELECT call, state, message
  FROM unnest(ARRAY['retention(VARIADIC ''{}''::boolean[])', 'retention(VARIADIC ''{{t},{f}}''::boolean[])', 'retention(VARIADIC array_fill(true, ARRAY[33]))',
                    'retention(VARIADIC array_fill(true, ARRAY[n]))', 'retention()', 'retention(1)',
                    'retention_transfn(-1, ARRAY[true])', 'retention_transfn(2, ARRAY[true])', 'retention_transfn(9223372036854775807, ARRAY[true])',
                    'retention_combinefn(0, 33::bigint << 32)', 'retention_combinefn(1::bigint << 32, 2::bigint << 32)',
                    'retention_finalfn(-9223372036854775808)', 'retention_finalfn((1::bigint << 32) + 2)']) WITH ORDINALITY AS c(call, n),
       pg_temp.error_of('SELECT shopanalytics.' || call || ' FROM generate_series(1, 2) AS n') AS e
 ORDER BY c.n;

-- Random histories of up to eight conditions against bool_or, in three orders of rows
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TABLE retention_event AS
SELECT h, n, ARRAY(SELECT CASE pg_temp.pick(h * 64 + n * 8 + i, 3, 6) WHEN 0 THEN true WHEN 1 THEN NULL ELSE false END
                     FROM generate_series(0, pg_temp.pick(h, 2, 8)) AS i ORDER BY i) AS conditions
  FROM generate_series(1, 24000) AS h, generate_series(0, pg_temp.pick(h, 1, 8) - 1) AS n;
CREATE TEMP TABLE expected AS
SELECT h, array_agg(seen AND anchor ORDER BY i) AS r
  FROM (SELECT h, i, coalesce(bool_or(c), false) AS seen, first_value(coalesce(bool_or(c), false)) OVER (PARTITION BY h ORDER BY i) AS anchor
          FROM retention_event, unnest(conditions) WITH ORDINALITY AS u(c, i) GROUP BY h, i) s
 GROUP BY h;
SELECT count(*) > 20000 AS many, count(DISTINCT r) > 100 AS kinds, count(*) FILTER (WHERE r[1]) > 8000 AS anchored, count(*) FILTER (WHERE NOT r[1]) > 8000 AS not_anchored FROM expected;
SELECT seed, count(*) FILTER (WHERE o.r IS DISTINCT FROM x.r) AS differ
  FROM (SELECT seed, h, shopanalytics.retention(VARIADIC conditions) AS r
          FROM (SELECT * FROM retention_event, generate_series(1, 3) AS seed ORDER BY hashint4extended(h * 8 + n, seed)) e GROUP BY seed, h) o
  JOIN expected x USING (h) GROUP BY seed ORDER BY seed;

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
ALTER TABLE retention_event SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE retention_event ALTER h SET (n_distinct = 100);
ANALYZE retention_event;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 1;
\set by_history 'SELECT h, shopanalytics.retention(VARIADIC conditions) AS r FROM retention_event GROUP BY h'
SELECT pg_temp.partial(:'by_history');
SELECT count(*) > 20000 AS many, count(*) FILTER (WHERE o.r IS DISTINCT FROM x.r) AS differ FROM (:by_history) o JOIN expected x USING (h);
-- no row in any worker, a row in one, the anchor in one and the other in another, numbers that differ
SELECT pg_temp.partial('SELECT shopanalytics.retention(true) FROM retention_event WHERE h < 0');
SELECT shopanalytics.retention(true) AS none FROM retention_event WHERE h < 0;
SELECT shopanalytics.retention(true, false) AS one FROM retention_event WHERE h = (SELECT min(h) FROM retention_event) AND n = 0;
SELECT shopanalytics.retention(h < 100, h > 23900) AS far FROM retention_event;
SELECT state, substr(message, 1, 61) AS message FROM pg_temp.error_of('SELECT shopanalytics.retention(VARIADIC conditions) FROM retention_event');
DROP TABLE retention_event;
