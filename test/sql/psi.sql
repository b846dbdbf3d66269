-- psi: the population stability index of counts and of two samples.
SET extra_float_digits = 1;
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;

-- M2: the published number, and an empty bin at both values of epsilon
SELECT abs(shopanalytics.psi(ARRAY[100, 150, 200, 250, 300], ARRAY[120, 130, 210, 190, 350]) - 0.0311700943838554) < 1e-15 AS m2;
SELECT abs(shopanalytics.psi(ARRAY[1, 1], ARRAY[2, 0]) - ((1 - 0.5) * ln(2::float8) + (1e-4 - 0.5) * ln(2e-4::float8))) < 1e-15 AS epsilon,
       abs(shopanalytics.psi(ARRAY[1, 1], ARRAY[2, 0], 0.01) - ((1 - 0.5) * ln(2::float8) + (0.01 - 0.5) * ln(0.02::float8))) < 1e-15 AS larger,
       shopanalytics.psi(ARRAY[5, 0, 5], ARRAY[7, 0, 7]) AS same, shopanalytics.psi(ARRAY[1, 0], ARRAY[0, 1]) > 18 AS apart;
SELECT shopanalytics.psi('{}'::bigint[], '{}'::bigint[]) AS no_bins, shopanalytics.psi(ARRAY[0, 0], ARRAY[1, 1]) AS no_reference, shopanalytics.psi(ARRAY[1], ARRAY[0]) AS no_current,
       shopanalytics.psi(NULL::bigint[], ARRAY[1]) AS "null", shopanalytics.psi(ARRAY[9223372036854775807, 9223372036854775807], ARRAY[1, 1]) AS huge;

-- M3: deciles of the reference, the amounts of forty orders; current is 1.25 times as much and 6 more
CREATE TEMP TABLE m3 AS
SELECT n, amount::float8 AS reference, current
  FROM (SELECT n, c AS current, round((c::numeric - 6) / 1.25, 2) AS amount
          FROM unnest('{148.64,242.68,17.43,67.96,144.76,181.85,113.85,200.64,89.6,106.39,83.35,38.19,43.74,95.03,51.46,172.21,174.65,246.4,73.01,185.77,42.2,44.54,78.25,89.11,28.29,26.33,93.5,43.33,165.01,95.96,90.62,84.97,133.74,67.31,151.92,53.23,64.3,48.39,109.7,75.99}'::float8[])
               WITH ORDINALITY AS r(c, n)) s;
SELECT sum(reference) AS sum_of_amounts, round(sum(1.25 * reference + 6)::numeric, 1) = round(sum(current)::numeric, 1) AS as_said FROM m3;
CREATE TEMP TABLE m3_rows AS SELECT false AS current, reference AS value FROM m3 UNION ALL SELECT true, current FROM m3;
SELECT abs(shopanalytics.psi(current, value) - 1.21926709097688) < 1e-13 AS m3, shopanalytics.psi(current, value) = shopanalytics.psi(current, value, 10, 1e-4) AS defaults FROM m3_rows;
SELECT b.bin, round(b.low::numeric, 6) AS low, round(b.high::numeric, 6) AS high, b.reference, b.current, round(b.psi::numeric, 12) AS psi
  FROM unnest((SELECT shopanalytics.psi_bins(current, value) FROM m3_rows)) AS b;
SELECT array_agg(b.low ORDER BY bin) FILTER (WHERE bin > 1) = (SELECT percentile_cont(ARRAY[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) WITHIN GROUP (ORDER BY reference) FROM m3) AS deciles
  FROM unnest((SELECT shopanalytics.psi_bins(current, value) FROM m3_rows)) AS b;

-- The same distribution; NULL is a bin of its own; rows that are neither are left out
SELECT shopanalytics.psi(current, value) FROM (SELECT current, n AS value FROM generate_series(1, 100) AS n, unnest('{t,f}'::boolean[]) AS current) r;
SELECT b.* FROM unnest((SELECT shopanalytics.psi_bins(current, value, 2, 0.01)
                          FROM (VALUES (false, 1), (false, 2), (false, NULL), (true, 2), (true, NULL), (true, NULL), (NULL, 5), (NULL, NULL)) AS r(current, value))) AS b;
-- Equal deciles are one; what is below the lowest of a constant is a bin; only NULL
SELECT b.* FROM unnest((SELECT shopanalytics.psi_bins(n > 20, CASE WHEN n > 20 THEN n - 21 ELSE n / 10 END) FROM generate_series(1, 23) AS n)) AS b;
SELECT b.bin, b.low, b.high, b.reference, b.current FROM unnest((SELECT shopanalytics.psi_bins(n > 20, n / 20) FROM generate_series(20, 43) AS n)) AS b;
SELECT kind, shopanalytics.psi(current, value) AS psi
  FROM (VALUES ('one each', false, 1), ('one each', true, 1), ('only NULL', false, NULL), ('only NULL', true, NULL), ('NULL came', false, 1), ('NULL came', true, NULL),
               ('NULL went', false, NULL), ('NULL went', true, 1), ('no reference', true, 1), ('no current', false, 1), ('neither', NULL, 1)) AS r(kind, current, value)
 GROUP BY kind ORDER BY kind;
SELECT shopanalytics.psi(current, value) AS none, shopanalytics.psi_bins(current, value) AS no_bins FROM m3_rows WHERE false;
-- Infinities are the ends of the order
SELECT b.bin, b.low, b.high, b.reference, b.current
  FROM unnest((SELECT shopanalytics.psi_bins(current, value, 4, 1e-4)
                 FROM unnest('{f,f,f,f,f,t,t}'::boolean[], '{-Infinity,-Infinity,0,1e308,Infinity,-1e308,Infinity}'::float8[]) AS r(current, value))) AS b;
SELECT b.low, b.high FROM unnest((SELECT shopanalytics.psi_bins(current, value, 2, 1e-4) FROM (VALUES (false, -1.7e308), (false, 1.7e308), (true, 0)) AS r(current, value))) AS b;

-- The type
SELECT pg_typeof(shopanalytics.psi_bins(current, value)) = 'shopanalytics.psi_bin[]'::regtype AS typed FROM m3_rows;

-- Every error
SELECT call, e.*
  FROM unnest(ARRAY['psi(ARRAY[1], ARRAY[1, 2])', 'psi(ARRAY[-1], ARRAY[1])', 'psi(ARRAY[1], ARRAY[NULL::bigint])', 'psi(ARRAY[[1], [2]], ARRAY[1, 2])',
                    'psi(ARRAY[1], ARRAY[1], 0)', 'psi(ARRAY[1], ARRAY[1], 1)', 'psi(ARRAY[1], ARRAY[1], ''NaN'')',
                    'psi(true, ''NaN'')', 'psi(true, 1, 1)', 'psi(true, 1, 1001)', 'psi(true, 1, 10, -1)', 'psi(true, 1, n + 1)', 'psi(true, 1, 2, 0.1 * n)']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.' || call || ' FROM generate_series(1, 2) AS n') AS e
 ORDER BY i;

-- Random samples against percentile_cont and width_bucket, in three orders of rows
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TABLE psi_row AS
SELECT g, n, pg_temp.pick(g * 128 + n, 2, 3) = 0 AS current, nullif(pg_temp.pick(g * 128 + n, 3, 3 + g % 60), 1) / 7.0::float8 AS value
  FROM generate_series(1, 800) AS g, generate_series(0, pg_temp.pick(g, 1, 120)) AS n;
ANALYZE psi_row;
CREATE TEMP TABLE ours AS
SELECT seed, g, shopanalytics.psi(current, value) AS psi
  FROM (SELECT * FROM psi_row, generate_series(1, 3) AS seed ORDER BY hashint4extended(g * 128 + n, seed)) r GROUP BY seed, g;
SELECT count(*) AS differ FROM (SELECT DISTINCT g, psi FROM ours) d GROUP BY g HAVING count(*) > 1;
WITH edge AS (
    SELECT g, ARRAY(SELECT DISTINCT e FROM unnest(q) AS e ORDER BY e) AS edges
      FROM (SELECT g, percentile_cont(ARRAY[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) WITHIN GROUP (ORDER BY value) FILTER (WHERE NOT current) AS q FROM psi_row GROUP BY g) s
), bin AS (
    SELECT g, CASE WHEN value IS NOT NULL THEN CASE WHEN cardinality(edges) = 0 THEN 0 ELSE width_bucket(value, edges) END END AS bin,
           count(*) FILTER (WHERE NOT current) AS reference, count(*) FILTER (WHERE current) AS current
      FROM psi_row JOIN edge USING (g) GROUP BY g, 2
), share AS (
    SELECT g, coalesce(nullif(reference, 0) / nullif(sum(reference) OVER w, 0), 1e-4)::float8 AS r, coalesce(nullif(current, 0) / nullif(sum(current) OVER w, 0), 1e-4)::float8 AS c,
           sum(reference) OVER w > 0 AND sum(current) OVER w > 0 AS both_there
      FROM bin WINDOW w AS (PARTITION BY g)
), expected AS (
    SELECT g, CASE WHEN bool_and(both_there) THEN sum((c - r) * ln(c / r)) END AS psi FROM share GROUP BY g
)
SELECT count(*) AS groups, count(*) FILTER (WHERE x.psi IS NULL) > 3 AS some_without, count(DISTINCT x.psi) > 600 AS kinds,
       count(*) FILTER (WHERE NOT coalesce(abs(o.psi - x.psi) < 1e-12, o.psi IS NULL AND x.psi IS NULL)) AS differ
  FROM ours o JOIN expected x USING (g) WHERE seed = 1;

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
ALTER TABLE psi_row SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE psi_row ALTER g SET (n_distinct = 100);
ANALYZE psi_row;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 1;
\set by_group 'SELECT g, shopanalytics.psi(current, value) AS psi FROM psi_row GROUP BY g'
SELECT pg_temp.partial(:'by_group');
SELECT count(*) AS groups, count(*) FILTER (WHERE p.psi IS DISTINCT FROM o.psi) AS differ FROM (:by_group) p JOIN ours o USING (g) WHERE seed = 1;
-- no row in any worker, only NULL in one, the samples in different ones, bins that differ
SELECT pg_temp.partial('SELECT shopanalytics.psi(current, value) FROM psi_row WHERE g * 0 > 0');
SELECT shopanalytics.psi(current, value) AS none FROM psi_row WHERE g * 0 > 0;
SELECT shopanalytics.psi(current, NULL) AS only_null FROM psi_row;
SELECT b.reference, b.current FROM unnest((SELECT shopanalytics.psi_bins(g > 700, 1) FROM psi_row WHERE n = 0 AND (g > 700 OR g < 100))) AS b;
SELECT state, message FROM pg_temp.error_of('SELECT shopanalytics.psi(current, value, CASE WHEN g < 400 THEN 5 ELSE 6 END) FROM psi_row');
DROP TABLE psi_row;
