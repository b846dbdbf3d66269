-- Metrics that follow from the order of scores: roc_auc, roc_auc_std_err, gini,
-- average_precision, ks_statistic.
SET extra_float_digits = 1;
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;

-- M1, A36: sklearn's and pROC's numbers for twenty rows with ties
CREATE TEMP TABLE m1 AS
SELECT y = 1 AS label, score
  FROM unnest('{1,0,1,1,0,0,1,0,0,1,0,0,0,1,0,0,0,0,1,0}'::integer[],
              '{0.92,0.85,0.85,0.7,0.7,0.7,0.55,0.55,0.4,0.4,0.4,0.31,0.31,0.22,0.22,0.15,0.15,0.08,0.03,0.03}'::float8[]) AS r(y, score);
SELECT shopanalytics.roc_auc(label, score) = 59 / 91::float8 AS roc_auc,
       abs(shopanalytics.average_precision(label, score) - 73 / 132::float8) < 1e-15 AS average_precision,
       abs(shopanalytics.ks_statistic(label, score) - 0.263736263736264) < 1e-14 AS ks_statistic,
       abs(shopanalytics.gini(label, score) - 0.296703296703297) < 1e-14 AS gini
  FROM m1;

-- In order, against order, all tied; the pairs NULL is in are skipped
SELECT shopanalytics.roc_auc(n > 5, n) AS best, shopanalytics.roc_auc(n > 5, -n) AS worst, shopanalytics.roc_auc(n > 5, 1) AS tied,
       shopanalytics.gini(n > 5, n) AS gini_best, shopanalytics.gini(n > 5, -n) AS gini_worst, shopanalytics.gini(n > 5, 1) AS gini_tied,
       shopanalytics.average_precision(n > 5, n) AS ap_best, shopanalytics.average_precision(n > 5, 1) AS ap_tied,
       shopanalytics.ks_statistic(n > 5, n) AS ks_best, shopanalytics.ks_statistic(n > 5, -n) AS ks_worst, shopanalytics.ks_statistic(n > 5, 1) AS ks_tied,
       shopanalytics.roc_auc_std_err(n > 5, n) AS se_best, shopanalytics.roc_auc_std_err(n > 5, 1) AS se_tied
  FROM generate_series(1, 10) AS n;
SELECT shopanalytics.roc_auc(label, score) = 59 / 91::float8 AS roc_auc
  FROM (TABLE m1 UNION ALL VALUES (true, NULL), (NULL, 0.5), (false, NULL), (NULL, NULL)) AS r(label, score);

-- No rows, nothing but NULL, one class only, one row
CREATE TEMP TABLE thin AS
SELECT kind, label, score
  FROM (VALUES ('nothing', NULL::boolean, 0.5), ('nothing', true, NULL), ('positives', true, 0.5), ('positives', true, 0.6), ('one positive', true, 0.25),
               ('negatives', false, 0.5), ('negatives', false, 0.25), ('one of each', true, 0.75), ('one of each', false, 0.25)) AS r(kind, label, score);
SELECT kind, shopanalytics.roc_auc(label, score) AS auc, shopanalytics.gini(label, score) AS gini, shopanalytics.roc_auc_std_err(label, score) AS std_err,
       shopanalytics.average_precision(label, score) AS ap, shopanalytics.ks_statistic(label, score) AS ks
  FROM thin GROUP BY kind ORDER BY kind;
SELECT shopanalytics.roc_auc(label, score) AS auc, shopanalytics.gini(label, score) AS gini, shopanalytics.roc_auc_std_err(label, score) AS std_err,
       shopanalytics.average_precision(label, score) AS ap, shopanalytics.ks_statistic(label, score) AS ks
  FROM thin WHERE false;

-- Infinities have their place in the order, both zeros the same; small, large and negative scores
SELECT shopanalytics.roc_auc(label, score) = 4.5 / 6 AS roc_auc
  FROM (VALUES (true, float8 'Infinity'), (true, '-0'), (false, '0'), (false, '-Infinity'), (false, '1e308')) AS r(label, score);
SELECT shopanalytics.roc_auc(n > 3, score) AS roc_auc, shopanalytics.roc_auc(n <= 3, -score) AS mirrored
  FROM unnest('{-Infinity,-1.7976931348623157e308,-1,-2.2250738585072014e-308,-4.9406564584124654e-324,0,4.9406564584124654e-324,1,Infinity}'::float8[]) WITH ORDINALITY AS r(score, n);

-- Window: rows up to this one, and a frame that moves
SELECT n, shopanalytics.roc_auc(l, s) OVER (ORDER BY n) AS so_far, shopanalytics.roc_auc(l, s) OVER (ORDER BY n ROWS 2 PRECEDING) AS "last three"
  FROM (VALUES (1, true, 0.9), (2, false, 0.9), (3, true, 0.1), (4, false, 0.2), (5, true, 0.5)) AS r(n, l, s);

-- Random groups with ties against the definitions, pair by pair, in three orders of rows
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TABLE metrics_row AS
SELECT g, n, pg_temp.pick(g * 64 + n, 3, 100) < 20 + g % 50 AS label, pg_temp.pick(g * 64 + n, 4, 2 + g % 40) / 41.0::float8 AS score
  FROM generate_series(1, 2500) AS g, generate_series(0, pg_temp.pick(g, 1, 30)) AS n;
ANALYZE metrics_row;
CREATE TEMP TABLE ours AS
SELECT seed, g, shopanalytics.roc_auc(label, score) AS auc, shopanalytics.gini(label, score) AS gini, shopanalytics.roc_auc_std_err(label, score) AS std_err,
       shopanalytics.average_precision(label, score) AS ap, shopanalytics.ks_statistic(label, score) AS ks
  FROM (SELECT * FROM metrics_row, generate_series(1, 3) AS seed ORDER BY hashint4extended(g * 64 + n, seed)) r GROUP BY seed, g;
SELECT count(*) AS differ FROM (SELECT DISTINCT g, auc, gini, std_err, ap, ks FROM ours) d GROUP BY g HAVING count(*) > 1;
CREATE TEMP TABLE expected AS
WITH class AS (
    SELECT g, count(*) FILTER (WHERE label) AS p, count(*) FILTER (WHERE NOT label) AS n FROM metrics_row GROUP BY g
), pair AS (
    SELECT a.g, a.n AS positive, b.n AS negative, 1 + sign(a.score - b.score) AS won
      FROM metrics_row a JOIN metrics_row b ON b.g = a.g AND a.label AND NOT b.label
), auc AS (
    SELECT g, sum(won) / (2 * count(*)) AS auc, (sum(won) - count(*)) / count(*) AS gini FROM pair GROUP BY g
), component AS (
    SELECT x.g, x.v / x.n AS share FROM (SELECT g, var_samp(v) AS v, count(*) AS n FROM (SELECT g, avg(won / 2) AS v FROM pair GROUP BY g, positive) s GROUP BY g) x
    UNION ALL
    SELECT x.g, x.v / x.n FROM (SELECT g, var_samp(v) AS v, count(*) AS n FROM (SELECT g, avg(won / 2) AS v FROM pair GROUP BY g, negative) s GROUP BY g) x
), error AS (
    SELECT g, CASE WHEN bool_and(share IS NOT NULL) THEN sqrt(sum(share)) END AS std_err FROM component GROUP BY g
), point AS (
    SELECT t.g, t.score, c.p, c.n, count(*) FILTER (WHERE r.label) AS tp, count(*) FILTER (WHERE NOT r.label) AS fp,
           count(*) FILTER (WHERE r.label AND r.score = t.score) AS here
      FROM (SELECT DISTINCT g, score FROM metrics_row) t JOIN class c USING (g) JOIN metrics_row r ON r.g = t.g AND r.score >= t.score GROUP BY t.g, t.score, c.p, c.n
), curve AS (
    SELECT g, sum(here::float8 / nullif(p, 0) * tp / (tp + fp)) AS ap, max(abs(tp * n - fp * p))::float8 / nullif(max(p * n), 0) AS ks FROM point GROUP BY g
)
SELECT * FROM class JOIN curve USING (g) LEFT JOIN auc USING (g) LEFT JOIN error USING (g);
SELECT count(*) > 2400 AS many, count(*) FILTER (WHERE auc IS NULL) > 50 AS one_class, count(*) FILTER (WHERE auc IS NOT NULL AND std_err IS NULL) > 50 AS one_row, count(DISTINCT auc) > 500 AS kinds FROM expected;
CREATE FUNCTION pg_temp.near(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(abs(a - b) <= 1e-13 * (1 + abs(b)), a IS NULL AND b IS NULL)
$$;
SELECT count(*) AS groups, count(*) FILTER (WHERE o.auc IS DISTINCT FROM x.auc) AS auc, count(*) FILTER (WHERE o.gini IS DISTINCT FROM x.gini) AS gini,
       count(*) FILTER (WHERE o.ks IS DISTINCT FROM x.ks) AS ks, count(*) FILTER (WHERE NOT pg_temp.near(o.ap, x.ap)) AS ap,
       count(*) FILTER (WHERE NOT pg_temp.near(o.std_err, x.std_err)) AS std_err
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
ALTER TABLE metrics_row SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE metrics_row ALTER g SET (n_distinct = 100);
ANALYZE metrics_row;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 1;
\set metrics 'shopanalytics.roc_auc(label, score) AS auc, shopanalytics.gini(label, score) AS gini, shopanalytics.roc_auc_std_err(label, score) AS std_err, shopanalytics.average_precision(label, score) AS ap, shopanalytics.ks_statistic(label, score) AS ks'
\set by_group 'SELECT 1 AS seed, g, ':metrics' FROM metrics_row GROUP BY g'
SELECT pg_temp.partial(:'by_group');
SELECT count(*) AS differ FROM (:by_group) p JOIN ours o USING (seed, g) WHERE p IS DISTINCT FROM o;
SELECT count(*) AS missing FROM (TABLE ours EXCEPT ALL (:by_group)) d WHERE seed = 1;
-- no row in any worker, a row in one, the classes in different ones
\set none 'SELECT ':metrics' FROM metrics_row WHERE g * 0 > 0'
SELECT pg_temp.partial(:'none');
:none;
SELECT shopanalytics.roc_auc(label, score) IS NULL AS one FROM metrics_row WHERE g = 1 AND n = 0;
SELECT shopanalytics.roc_auc(g > 2490, g) AS far FROM metrics_row WHERE g < 10 OR g > 2490;
DROP TABLE metrics_row;
