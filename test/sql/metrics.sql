-- Metrics of scores: roc_auc, roc_auc_std_err, gini, average_precision, ks_statistic,
-- log_loss, brier_score, confusion.
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
       abs(shopanalytics.log_loss(label, score) - 0.7346040389871035) < 1e-15 AS log_loss,
       abs(shopanalytics.brier_score(label, score) - 0.24243) < 1e-15 AS brier_score,
       abs(shopanalytics.ks_statistic(label, score) - 0.263736263736264) < 1e-14 AS ks_statistic,
       abs(shopanalytics.gini(label, score) - 0.296703296703297) < 1e-14 AS gini
  FROM m1;
SELECT c.n, c.tp, c.fp, c.tn, c.fn, c.accuracy, c.precision, c.recall = 4 / 7::float8 AS recall, c.f1 = 8 / 15::float8 AS f1,
       c.specificity = 9 / 13::float8 AS specificity, c.balanced_accuracy = (4 / 7::float8 + 9 / 13::float8) / 2 AS balanced_accuracy,
       abs(c.mcc - 0.256776295506548) < 1e-14 AS mcc
  FROM (SELECT (shopanalytics.confusion(label, score, 0.5)).* FROM m1) c;

-- Positive from the threshold on, 0.5 without one
SELECT t, (c).tp, (c).fp, (c).tn, (c).fn
  FROM (SELECT t, shopanalytics.confusion(label, score, t) AS c FROM m1, unnest('{-Infinity,0.7,0.70000001,Infinity}'::float8[]) AS t GROUP BY t) s ORDER BY t;
SELECT shopanalytics.confusion(label, score) = shopanalytics.confusion(label, score, 0.5) AS same FROM m1;

-- In order, against order, all tied; the pairs NULL is in are skipped
SELECT shopanalytics.roc_auc(n > 5, n) AS best, shopanalytics.roc_auc(n > 5, -n) AS worst, shopanalytics.roc_auc(n > 5, 1) AS tied,
       shopanalytics.gini(n > 5, n) AS gini_best, shopanalytics.gini(n > 5, -n) AS gini_worst, shopanalytics.gini(n > 5, 1) AS gini_tied,
       shopanalytics.average_precision(n > 5, n) AS ap_best, shopanalytics.average_precision(n > 5, 1) AS ap_tied,
       shopanalytics.ks_statistic(n > 5, n) AS ks_best, shopanalytics.ks_statistic(n > 5, -n) AS ks_worst, shopanalytics.ks_statistic(n > 5, 1) AS ks_tied,
       shopanalytics.roc_auc_std_err(n > 5, n) AS se_best, shopanalytics.roc_auc_std_err(n > 5, 1) AS se_tied
  FROM generate_series(1, 10) AS n;
SELECT shopanalytics.roc_auc(label, score) = 59 / 91::float8 AS roc_auc, (shopanalytics.confusion(label, score)).n,
       shopanalytics.brier_score(label, score) = (SELECT shopanalytics.brier_score(label, score) FROM m1) AS brier_score
  FROM (TABLE m1 UNION ALL VALUES (true, NULL), (NULL, 0.5), (false, NULL), (NULL, NULL)) AS r(label, score);

-- No rows, nothing but NULL, one class only, one row
CREATE TEMP TABLE thin AS
SELECT kind, label, score
  FROM (VALUES ('nothing', NULL::boolean, 0.5), ('nothing', true, NULL), ('positives', true, 0.5), ('positives', true, 0.6), ('one positive', true, 0.25),
               ('negatives', false, 0.5), ('negatives', false, 0.25), ('one of each', true, 0.75), ('one of each', false, 0.25)) AS r(kind, label, score);
SELECT kind, shopanalytics.roc_auc(label, score) AS auc, shopanalytics.gini(label, score) AS gini, shopanalytics.roc_auc_std_err(label, score) AS std_err,
       shopanalytics.average_precision(label, score) AS ap, shopanalytics.ks_statistic(label, score) AS ks,
       round(shopanalytics.log_loss(label, score)::numeric, 4) AS log_loss, round(shopanalytics.brier_score(label, score)::numeric, 4) AS brier, shopanalytics.confusion(label, score)
  FROM thin GROUP BY kind ORDER BY kind;
SELECT shopanalytics.roc_auc(label, score) AS auc, shopanalytics.gini(label, score) AS gini, shopanalytics.roc_auc_std_err(label, score) AS std_err,
       shopanalytics.average_precision(label, score) AS ap, shopanalytics.ks_statistic(label, score) AS ks,
       shopanalytics.log_loss(label, score) AS log_loss, shopanalytics.brier_score(label, score) AS brier, shopanalytics.confusion(label, score)
  FROM thin WHERE false;

-- Infinities have their place in the order, both zeros the same; small, large and negative scores
SELECT shopanalytics.roc_auc(label, score) = 4.5 / 6 AS roc_auc
  FROM (VALUES (true, float8 'Infinity'), (true, '-0'), (false, '0'), (false, '-Infinity'), (false, '1e308')) AS r(label, score);
SELECT shopanalytics.roc_auc(n > 3, score) AS roc_auc, shopanalytics.roc_auc(n <= 3, -score) AS mirrored
  FROM unnest('{-Infinity,-1.7976931348623157e308,-1,-2.2250738585072014e-308,-4.9406564584124654e-324,0,4.9406564584124654e-324,1,Infinity}'::float8[]) WITH ORDINALITY AS r(score, n);

-- The bounds of a probability: what is sure and wrong costs -ln(2.220446049250313e-16), no more
SELECT shopanalytics.log_loss(true, 0) = -ln(2.220446049250313e-16::float8) AS wrong, shopanalytics.log_loss(false, 0) < 1e-15 AS "right",
       abs(shopanalytics.log_loss(false, 1) - -ln(2.220446049250313e-16::float8)) < 1e-13 AS wrong_1, shopanalytics.log_loss(true, 1) < 1e-15 AS right_1,
       shopanalytics.log_loss(true, 0.5) = ln(2::float8) AS half, shopanalytics.brier_score(true, 0) AS brier_wrong, shopanalytics.brier_score(true, 1) AS brier_right;

-- Every error
SELECT call, e.*
  FROM unnest(ARRAY['roc_auc(true, ''NaN'')', 'confusion(true, ''NaN'')', 'log_loss(true, ''NaN'')', 'log_loss(true, 1.5)', 'log_loss(true, -1e-300)', 'brier_score(true, ''Infinity'')',
                    'confusion(true, 0.5, NULL)', 'confusion(true, 0.5, ''NaN'')', 'confusion(true, 0.5, n)']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.' || call || ' FROM generate_series(1, 2) AS n') AS e
 ORDER BY i;
SET shopanalytics.max_group_memory = 64;
SELECT shopanalytics.roc_auc(n % 2 = 0, n) > 0.5 AS fits FROM generate_series(1, 8000) AS n;
SELECT state, message FROM pg_temp.error_of('SELECT shopanalytics.roc_auc(n % 3 = 0, n) FROM generate_series(1, 9000) AS n');
SELECT (shopanalytics.confusion(n % 2 = 0, 0.5)).n, shopanalytics.log_loss(n % 2 = 0, 0.5) = ln(2::float8) AS constant_memory FROM generate_series(1, 20000) AS n;
RESET shopanalytics.max_group_memory;

-- Window: rows up to this one, and a frame that moves
SELECT n, shopanalytics.roc_auc(l, s) OVER (ORDER BY n) AS so_far, shopanalytics.roc_auc(l, s) OVER (ORDER BY n ROWS 2 PRECEDING) AS "last three"
  FROM (VALUES (1, true, 0.9), (2, false, 0.9), (3, true, 0.1), (4, false, 0.2), (5, true, 0.5)) AS r(n, l, s);

-- Random groups with ties against the definitions, pair by pair, in three orders of rows
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TABLE metrics_row AS
SELECT g, n, pg_temp.pick(g * 64 + n, 3, 100) < 20 + g % 50 AS label, pg_temp.pick(g * 64 + n, 4, 2 + g % 40) / 41.0::float8 AS score
  FROM generate_series(1, 6000) AS g, generate_series(0, pg_temp.pick(g, 1, 30)) AS n;
ANALYZE metrics_row;
CREATE TEMP TABLE ours AS
SELECT seed, g, shopanalytics.roc_auc(label, score) AS auc, shopanalytics.gini(label, score) AS gini, shopanalytics.roc_auc_std_err(label, score) AS std_err,
       shopanalytics.average_precision(label, score) AS ap, shopanalytics.ks_statistic(label, score) AS ks,
       shopanalytics.log_loss(label, score) AS log_loss, shopanalytics.brier_score(label, score) AS brier, shopanalytics.confusion(label, score, 0.3) AS confusion
  FROM (SELECT * FROM metrics_row, generate_series(1, 3) AS seed ORDER BY hashint4extended(g * 64 + n, seed)) r GROUP BY seed, g;
SELECT count(*) AS differ FROM (SELECT DISTINCT g, auc, gini, std_err, ap, ks, log_loss, brier, confusion FROM ours) d GROUP BY g HAVING count(*) > 1;
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
), loss AS (
    SELECT g, avg(-ln(least(greatest(CASE WHEN label THEN score ELSE 1 - score END, 2.220446049250313e-16), 1 - 2.220446049250313e-16))) AS log_loss,
           avg((score - label::integer) ^ 2) AS brier,
           count(*) FILTER (WHERE label AND score >= 0.3) AS tp, count(*) FILTER (WHERE NOT label AND score >= 0.3) AS fp,
           count(*) FILTER (WHERE NOT label AND score < 0.3) AS tn, count(*) FILTER (WHERE label AND score < 0.3) AS fn,
           corr(label::integer, (score >= 0.3)::integer) AS mcc
      FROM metrics_row GROUP BY g
)
SELECT * FROM class JOIN curve USING (g) JOIN loss USING (g) LEFT JOIN auc USING (g) LEFT JOIN error USING (g);
SELECT count(*) > 5000 AS many, count(*) FILTER (WHERE auc IS NULL) > 100 AS one_class, count(*) FILTER (WHERE auc IS NOT NULL AND std_err IS NULL) > 100 AS one_row, count(DISTINCT auc) > 1000 AS kinds FROM expected;
CREATE FUNCTION pg_temp.near(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(abs(a - b) <= 1e-13 * (1 + abs(b)), a IS NULL AND b IS NULL)
$$;
SELECT count(*) AS groups, count(*) FILTER (WHERE o.auc IS DISTINCT FROM x.auc) AS auc, count(*) FILTER (WHERE o.gini IS DISTINCT FROM x.gini) AS gini,
       count(*) FILTER (WHERE o.ks IS DISTINCT FROM x.ks) AS ks, count(*) FILTER (WHERE NOT pg_temp.near(o.ap, x.ap)) AS ap,
       count(*) FILTER (WHERE NOT pg_temp.near(o.std_err, x.std_err)) AS std_err,
       count(*) FILTER (WHERE NOT pg_temp.near(o.log_loss, x.log_loss)) AS log_loss, count(*) FILTER (WHERE NOT pg_temp.near(o.brier, x.brier)) AS brier,
       count(*) FILTER (WHERE (o.confusion).tp <> x.tp OR (o.confusion).fp <> x.fp OR (o.confusion).tn <> x.tn OR (o.confusion).fn <> x.fn) AS counts,
       count(*) FILTER (WHERE NOT pg_temp.near((o.confusion).mcc, x.mcc)) AS mcc
  FROM ours o JOIN expected x USING (g) WHERE seed = 1;

-- Many rows: the sum of ranks gives the same area
CREATE TEMP TABLE many AS
SELECT hashint4extended(n, 1) % 3 = 0 AS label,
       CASE hashint4extended(n, 2) % 7 WHEN 0 THEN hashint4extended(n, 3) / 1e3 WHEN 1 THEN hashint4extended(n, 4) % 100 WHEN 2 THEN 1e-300 * hashint4extended(n, 5) % 9
            WHEN 3 THEN 'Infinity' WHEN 4 THEN '-Infinity' ELSE exp(hashint4extended(n, 6) % 700) END AS score
  FROM generate_series(1, 30000) AS n;
SELECT (sum(n + 1 + low - high) FILTER (WHERE label) - p * (p + 1))::float8 / (2 * p * (n - p)) = (SELECT shopanalytics.roc_auc(label, score) FROM many) AS same
  FROM (SELECT label, rank() OVER (ORDER BY score) AS low, rank() OVER (ORDER BY score DESC) AS high, count(*) OVER () AS n, count(*) FILTER (WHERE label) OVER () AS p FROM many) r
 GROUP BY n, p;
SELECT shopanalytics.roc_auc(label, score ORDER BY score DESC) = shopanalytics.roc_auc(label, score ORDER BY score) AS auc,
       shopanalytics.average_precision(label, score ORDER BY label, score) = shopanalytics.average_precision(label, score) AS ap FROM many;

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
\set metrics 'shopanalytics.roc_auc(label, score) AS auc, shopanalytics.gini(label, score) AS gini, shopanalytics.roc_auc_std_err(label, score) AS std_err, shopanalytics.average_precision(label, score) AS ap, shopanalytics.ks_statistic(label, score) AS ks, shopanalytics.log_loss(label, score) AS log_loss, shopanalytics.brier_score(label, score) AS brier, shopanalytics.confusion(label, score, 0.3) AS confusion'
\set by_group 'SELECT 1 AS seed, g, ':metrics' FROM metrics_row GROUP BY g'
SELECT pg_temp.partial(:'by_group');
SELECT count(*) AS differ FROM (:by_group) p JOIN ours o USING (seed, g) WHERE p IS DISTINCT FROM o;
SELECT count(*) AS missing FROM (TABLE ours EXCEPT ALL (:by_group)) d WHERE seed = 1;
-- no row in any worker, a row in one, the classes in different ones, thresholds that differ
\set none 'SELECT ':metrics' FROM metrics_row WHERE g * 0 > 0'
SELECT pg_temp.partial(:'none');
:none;
SELECT shopanalytics.roc_auc(label, score) IS NULL AS auc, shopanalytics.brier_score(label, score) = (min(score) - bool_or(label)::integer) ^ 2 AS brier, (shopanalytics.confusion(label, score, 0.3)).n FROM metrics_row WHERE g = 1 AND n = 0;
SELECT shopanalytics.roc_auc(g > 5990, g) AS far FROM metrics_row WHERE g < 10 OR g > 5990;
SELECT state, message FROM pg_temp.error_of('SELECT shopanalytics.confusion(label, score, CASE WHEN g < 3000 THEN 0.5 ELSE 0.25 END) FROM metrics_row');
DROP TABLE metrics_row;
