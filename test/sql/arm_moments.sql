-- What welch_test and cuped have in common: exact sums of two arms, in any order, in parallel.
CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8 DEFAULT 1e-12) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN abs(a - b) <= tolerance * abs(b);
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

-- A mean that is large for its standard deviation: NumAcc4 of NIST, whose standard
-- deviation is 0.1; and an arm without any variance
SELECT pg_temp.near((t).mean1, 10000000.2, 1e-15) AS mean, abs(sqrt((t).var1) - 0.1) < 1e-9 AS sd, (t).var2
  FROM (SELECT shopanalytics.welch_test(is_treatment, v) AS t
          FROM (SELECT false AS is_treatment, 10000000.2::float8 AS v UNION ALL SELECT false, 10000000.1 + 0.2 * (n % 2) FROM generate_series(1, 1000) AS n UNION ALL SELECT true, 0.1 FROM generate_series(1, 10)) r) s;
-- Far beyond what squares in float8 keep: 2^80 and one unit of it more and less
SELECT (t).mean1 = 2 ^ 80 AS mean, (t).var1 = 2 ^ 56 AS var FROM (SELECT shopanalytics.welch_test(false, v) AS t FROM unnest(ARRAY[2 ^ 80, 2 ^ 80 - 2 ^ 28, 2 ^ 80 + 2 ^ 28]) AS v) s;

-- Random groups against numeric arithmetic, in three orders of rows
CREATE TABLE arm_row AS
SELECT g, n, hashint4extended(g * 64 + n, 1) % 2 = 0 AS is_treatment, (hashint4extended(g * 64 + n, 2) % 1000 / 8.0 + 50)::float8 AS value, (hashint4extended(g * 64 + n, 3) % 100 + hashint4extended(g * 64 + n, 2) % 1000 / 4.0)::float8 AS pre
  FROM generate_series(1, 2000) AS g, generate_series(1, 1 + g % 40) AS n;
ANALYZE arm_row;
CREATE TEMP TABLE ours AS
SELECT seed, g, shopanalytics.welch_test(is_treatment, value) AS w, shopanalytics.cuped(is_treatment, value, pre) AS c
  FROM (SELECT * FROM arm_row, generate_series(1, 3) AS seed ORDER BY hashint4extended(g * 64 + n, seed)) r GROUP BY seed, g;
SELECT count(*) AS differ FROM (SELECT DISTINCT g, w, c FROM ours) d GROUP BY g HAVING count(*) > 1;
CREATE TEMP TABLE expected AS
SELECT g, count(*) FILTER (WHERE NOT is_treatment) AS n1, count(*) FILTER (WHERE is_treatment) AS n2, avg(value::numeric) FILTER (WHERE NOT is_treatment) AS mean1, avg(value::numeric) FILTER (WHERE is_treatment) AS mean2,
       var_samp(value::numeric) FILTER (WHERE NOT is_treatment) AS var1, var_samp(value::numeric) FILTER (WHERE is_treatment) AS var2, regr_slope(value, pre) AS theta
  FROM arm_row GROUP BY g;
SELECT count(*) AS groups, count((w).t) > 1600 AS tested,
       count(*) FILTER (WHERE (w).n1 <> n1 OR (w).n2 <> n2) AS n, count(*) FILTER (WHERE NOT pg_temp.near((w).mean1, mean1::float8, 1e-15) OR NOT pg_temp.near((w).mean2, mean2::float8, 1e-15)) AS mean,
       count(*) FILTER (WHERE ((w).var1 IS NULL) <> (var1 IS NULL) OR NOT pg_temp.near((w).var1, var1::float8, 1e-15) OR NOT pg_temp.near((w).var2, var2::float8, 1e-15)) AS var,
       count(*) FILTER (WHERE NOT pg_temp.near((w).std_err, sqrt(var1 / n1 + var2 / n2)::float8, 1e-14)) AS std_err,
       count(*) FILTER (WHERE NOT pg_temp.near((w).df, ((var1 / n1 + var2 / n2) ^ 2 / ((var1 / n1) ^ 2 / (n1 - 1) + (var2 / n2) ^ 2 / (n2 - 1)))::float8, 1e-13)) AS df,
       count(*) FILTER (WHERE NOT pg_temp.near((c).theta, theta, 1e-10)) AS theta
  FROM ours JOIN expected USING (g) WHERE seed = 1;

-- Parallel
ALTER TABLE arm_row SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE arm_row ALTER g SET (n_distinct = 100);
ANALYZE arm_row;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 1;
\set by_group 'SELECT g, shopanalytics.welch_test(is_treatment, value) AS w, shopanalytics.cuped(is_treatment, value, pre) AS c FROM arm_row GROUP BY g'
SELECT pg_temp.partial(:'by_group');
SELECT count(*) AS groups, count(*) FILTER (WHERE p.w IS DISTINCT FROM o.w OR p.c IS DISTINCT FROM o.c) AS differ FROM (:by_group) p JOIN ours o USING (g) WHERE seed = 1;
-- no row in any worker, rows of NULL only, the arms in different ones
SELECT pg_temp.partial('SELECT shopanalytics.welch_test(is_treatment, value) FROM arm_row WHERE g * 0 > 0');
SELECT shopanalytics.welch_test(is_treatment, value) IS NULL AS none, shopanalytics.cuped(is_treatment, value, pre) IS NULL AS none FROM arm_row WHERE g * 0 > 0;
SELECT (shopanalytics.welch_test(NULL, value)).reason, (shopanalytics.cuped(NULL, value, pre)).reason FROM arm_row;
SELECT (w).n1, (w).n2, (w).difference, (w).var1 IS NOT NULL AS var FROM (SELECT shopanalytics.welch_test(g > 1000, g) AS w FROM arm_row WHERE g < 10 OR g > 1991) s;
DROP TABLE arm_row;
