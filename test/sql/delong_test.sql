-- delong_test: two scores of the same rows.
SET extra_float_digits = 1;
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;

-- By hand: of 3 positives and 2 negatives, a orders 5 of 6 pairs and b 4.5.  Shares of
-- the other class: a 1, 1, 0.5 and 1, 2/3; b 1, 0.5, 0.75 and 1/2, 1.  Differences:
-- 0, 0.5, -0.25 with variance 7/48, and 1/2, -1/3 with variance 25/72; z is 1/sqrt(32),
-- p erfc(1/8).
CREATE TEMP TABLE hand AS
SELECT * FROM (VALUES (true, 0.9, 0.9), (true, 0.8, 0.2), (true, 0.3, 0.6), (false, 0.2, 0.6), (false, 0.5, 0.1)) AS r(label, a, b);
SELECT (t).auc_a = 5 / 6::float8 AS auc_a, (t).auc_b = 4.5 / 6::float8 AS auc_b, abs((t).difference - 1 / 12::float8) < 1e-16 AS difference,
       abs((t).std_err - sqrt(7 / 144::float8 + 25 / 144::float8)) < 1e-15 AS std_err, (t).z = (t).difference / (t).std_err AS z,
       abs((t).p_value - 0.8596837952) < 1e-9 AS p_value, (t).n, (t).n_positive
  FROM (SELECT shopanalytics.delong_test(label, a, b) AS t FROM hand) s;

-- The other way round; a score that ranks alike; the rows that NULL is in are left out
SELECT (t).difference < 0 AS difference, (t).p_value = (SELECT (shopanalytics.delong_test(label, a, b)).p_value FROM hand) AS p_value
  FROM (SELECT shopanalytics.delong_test(label, b, a) AS t FROM hand) s;
SELECT (t).difference, (t).std_err, (t).z, (t).p_value FROM (SELECT shopanalytics.delong_test(label, a, 100 * a - 7) AS t FROM hand) s;
SELECT shopanalytics.delong_test(label, a, b) = (SELECT shopanalytics.delong_test(label, a, b) FROM hand) AS same
  FROM (TABLE hand UNION ALL VALUES (NULL, 0.1, 0.1), (true, NULL, 0.1), (true, 0.1, NULL)) r;

-- No rows, one class, one row of a class, no variance
SELECT shopanalytics.delong_test(label, a, b) AS none FROM hand WHERE false;
SELECT shopanalytics.delong_test(label, a, b) AS one_class FROM hand WHERE label;
SELECT shopanalytics.delong_test(label, a, b) AS one_of_a_class FROM hand WHERE label OR a = 0.5;
SELECT shopanalytics.delong_test(n > 2, n, -n) AS no_variance FROM generate_series(1, 4) AS n;
SELECT shopanalytics.delong_test(label, a, b) AS infinities
  FROM (VALUES (true, float8 'Infinity', float8 '0'), (true, '5', '-0'), (false, '-Infinity', '0'), (false, '5', '-1')) AS r(label, a, b);

-- The type
SELECT pg_typeof(shopanalytics.delong_test(label, a, b)) = 'shopanalytics.delong_result'::regtype AS typed FROM hand;

-- Every error
SELECT call, e.*
  FROM unnest(ARRAY['delong_test(true, ''NaN'', 0)', 'delong_test(true, 0, ''NaN'')']) AS c(call), pg_temp.error_of('SELECT shopanalytics.' || call) AS e ORDER BY call;
SET shopanalytics.max_group_memory = 64;
SELECT (shopanalytics.delong_test(n % 2 = 0, n, -n)).n FROM generate_series(1, 4000) AS n;
SELECT state, message FROM pg_temp.error_of('SELECT shopanalytics.delong_test(n % 3 = 0, n, -n) FROM generate_series(1, 4500) AS n');
RESET shopanalytics.max_group_memory;

-- Random groups with ties against the definition, every pair compared, in three orders of rows
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TABLE delong_row AS
SELECT g, n, pg_temp.pick(g * 64 + n, 3, 3) = 0 AS label, pg_temp.pick(g * 64 + n, 4, 2 + g % 40) AS a,
       pg_temp.pick(g * 64 + n, 4, 2 + g % 40) + pg_temp.pick(g * 64 + n, 5, 1 + g % 13) AS b
  FROM generate_series(1, 3000) AS g, generate_series(0, pg_temp.pick(g, 1, 40)) AS n;
ANALYZE delong_row;
CREATE TEMP TABLE ours AS
SELECT seed, g, shopanalytics.delong_test(label, a, b) AS t
  FROM (SELECT * FROM delong_row, generate_series(1, 3) AS seed ORDER BY hashint4extended(g * 64 + n, seed)) r GROUP BY seed, g;
SELECT count(*) AS differ FROM (SELECT DISTINCT g, t FROM ours) d GROUP BY g HAVING count(*) > 1;
CREATE TEMP TABLE expected AS
WITH pair AS (
    SELECT p.g, p.n AS positive, q.n AS negative, (1 + sign(p.a - q.a)) / 2 AS a, (1 + sign(p.b - q.b)) / 2 AS b
      FROM delong_row p JOIN delong_row q ON q.g = p.g AND p.label AND NOT q.label
), auc AS (
    SELECT g, avg(a) AS auc_a, avg(b) AS auc_b FROM pair GROUP BY g
), component AS (
    SELECT g, avg(a) AS a, avg(b) AS b, true AS of_positive FROM pair GROUP BY g, positive
    UNION ALL
    SELECT g, avg(a), avg(b), false FROM pair GROUP BY g, negative
), part AS (
    -- S10 / P and S01 / N, from the matrices of covariances
    SELECT g, (var_samp(a) + var_samp(b) - 2 * CASE WHEN count(*) > 1 THEN covar_samp(a, b) END) / count(*) AS variance FROM component GROUP BY g, of_positive
)
SELECT g, auc_a, auc_b, CASE WHEN bool_and(variance IS NOT NULL) THEN sqrt(greatest(sum(variance), 0)) END AS std_err FROM auc JOIN part USING (g) GROUP BY g, auc_a, auc_b;
SELECT count(*) AS groups, count(*) FILTER (WHERE std_err IS NULL) > 50 AS one_row, count(*) FILTER (WHERE std_err < 1e-9) > 50 AS alike, count(DISTINCT std_err) > 1000 AS kinds,
       count(*) FILTER (WHERE abs((t).auc_a - auc_a) + abs((t).auc_b - auc_b) + abs((t).difference - (auc_a - auc_b)) > 1e-14) AS auc,
       count(*) FILTER (WHERE NOT coalesce(abs((t).std_err - std_err) < 1e-7 AND abs((t).std_err ^ 2 - std_err ^ 2) < 1e-14, (t).std_err IS NULL AND std_err IS NULL)) AS std_err,
       count(*) FILTER (WHERE (t).std_err > 0 AND (t).z <> (t).difference / (t).std_err) AS z
  FROM ours JOIN expected USING (g) WHERE seed = 1;
-- p-values of the normal distribution
SELECT count(*) > 10 AS some,
       bool_and(CASE WHEN abs((t).z) BETWEEN 1.959 AND 1.961 THEN abs((t).p_value - 0.05) < 2e-4 WHEN abs((t).z) < 1.9599 THEN (t).p_value > 0.05 ELSE (t).p_value < 0.05 END) AS two_sided
  FROM ours WHERE (t).std_err > 0;
SELECT z > 4 AS far, p BETWEEN f / z * (1 - 1 / z ^ 2) AND f / z AS tail
  FROM (SELECT (t).z, (t).p_value AS p, exp(-((t).z ^ 2) / 2) * sqrt(2 / pi()) AS f FROM (SELECT shopanalytics.delong_test(n % 2 = 0, n + 150 * (n % 2 = 0)::integer, (n * 7919) % 1000) AS t FROM generate_series(1, 1000) AS n) s) r;

-- Many rows: both areas are those of roc_auc, the standard error of a coin is that of roc_auc
CREATE TEMP TABLE many AS
SELECT hashint4extended(n, 1) % 3 = 0 AS label, hashint4extended(n, 2) % 5000 AS a, hashint4extended(n, 3) / 1e9::float8 AS b FROM generate_series(1, 20000) AS n;
SELECT (t).auc_a = auc_a AS auc_a, (t).auc_b = auc_b AS auc_b, (SELECT (shopanalytics.delong_test(label, a, 0)).std_err FROM many) = std_err_a AS std_err
  FROM (SELECT shopanalytics.delong_test(label, a, b) AS t, shopanalytics.roc_auc(label, a) AS auc_a, shopanalytics.roc_auc(label, b) AS auc_b,
               shopanalytics.roc_auc_std_err(label, a) AS std_err_a FROM many) s;

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
ALTER TABLE delong_row SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE delong_row ALTER g SET (n_distinct = 100);
ANALYZE delong_row;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 1;
\set by_group 'SELECT g, shopanalytics.delong_test(label, a, b) AS t FROM delong_row GROUP BY g'
SELECT pg_temp.partial(:'by_group');
SELECT count(*) AS groups, count(*) FILTER (WHERE p.t IS DISTINCT FROM o.t) AS differ FROM (:by_group) p JOIN ours o USING (g) WHERE seed = 1;
-- no row in any worker, rows of NULL only, the classes in different ones
SELECT pg_temp.partial('SELECT shopanalytics.delong_test(label, a, b) FROM delong_row WHERE g * 0 > 0');
SELECT shopanalytics.delong_test(label, a, b) AS none FROM delong_row WHERE g * 0 > 0;
SELECT shopanalytics.delong_test(NULL, a, b) AS only_null FROM delong_row;
SELECT (shopanalytics.delong_test(g > 2990, g, -g)).difference AS far FROM delong_row WHERE g < 10 OR g > 2990;
DROP TABLE delong_row;
