-- confusion: rows by class and prediction.
SET extra_float_digits = 1;
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;

-- M1, A36: twenty rows with ties
CREATE TEMP TABLE m1 AS
SELECT y = 1 AS label, score
  FROM unnest('{1,0,1,1,0,0,1,0,0,1,0,0,0,1,0,0,0,0,1,0}'::integer[],
              '{0.92,0.85,0.85,0.7,0.7,0.7,0.55,0.55,0.4,0.4,0.4,0.31,0.31,0.22,0.22,0.15,0.15,0.08,0.03,0.03}'::float8[]) AS r(y, score);
SELECT c.n, c.tp, c.fp, c.tn, c.fn, c.accuracy, c.precision, c.recall = 4 / 7::float8 AS recall, c.f1 = 8 / 15::float8 AS f1,
       c.specificity = 9 / 13::float8 AS specificity, c.balanced_accuracy = (4 / 7::float8 + 9 / 13::float8) / 2 AS balanced_accuracy,
       abs(c.mcc - 0.256776295506548) < 1e-14 AS mcc
  FROM (SELECT (shopanalytics.confusion(label, score, 0.5)).* FROM m1) c;

-- Positive from the threshold on, 0.5 without one
SELECT t, (c).tp, (c).fp, (c).tn, (c).fn
  FROM (SELECT t, shopanalytics.confusion(label, score, t) AS c FROM m1, unnest('{-Infinity,0.7,0.70000001,Infinity}'::float8[]) AS t GROUP BY t) s ORDER BY t;
SELECT shopanalytics.confusion(label, score) = shopanalytics.confusion(label, score, 0.5) AS same FROM m1;

-- NULL is left out; no rows, one class only
SELECT shopanalytics.confusion(label, score) = (SELECT shopanalytics.confusion(label, score) FROM m1) AS same
  FROM (TABLE m1 UNION ALL VALUES (true, NULL), (NULL, 0.5), (false, NULL), (NULL, NULL)) AS r(label, score);
CREATE TEMP TABLE thin AS
SELECT kind, label, score
  FROM (VALUES ('nothing', NULL::boolean, 0.5), ('nothing', true, NULL), ('positives', true, 0.5), ('positives', true, 0.6), ('one positive', true, 0.25),
               ('negatives', false, 0.5), ('negatives', false, 0.25), ('one of each', true, 0.75), ('one of each', false, 0.25)) AS r(kind, label, score);
SELECT kind, (shopanalytics.confusion(label, score)).* FROM thin GROUP BY kind ORDER BY kind;
SELECT shopanalytics.confusion(label, score), pg_typeof(shopanalytics.confusion(label, score)) = 'shopanalytics.confusion_matrix'::regtype AS typed FROM thin WHERE false;
SELECT shopanalytics.confusion(label, score, 'Infinity') FROM (VALUES (true, float8 'Infinity'), (false, '-Infinity'), (true, '1e308')) AS r(label, score);

-- Every error; memory does not grow
SELECT call, e.*
  FROM unnest(ARRAY['confusion(true, ''NaN'')', 'confusion(true, 0.5, NULL)', 'confusion(true, 0.5, ''NaN'')', 'confusion(true, 0.5, n)']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.' || call || ' FROM generate_series(1, 2) AS n') AS e
 ORDER BY i;
SET shopanalytics.max_group_memory = 64;
SELECT (shopanalytics.confusion(n % 2 = 0, 0.5)).n FROM generate_series(1, 20000) AS n;
RESET shopanalytics.max_group_memory;

-- Random groups against plain counts; mcc is the correlation of both
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TABLE confusion_row AS
SELECT g, n, pg_temp.pick(g * 64 + n, 3, 100) < 20 + g % 50 AS label, pg_temp.pick(g * 64 + n, 4, 2 + g % 40) / 41.0::float8 AS score
  FROM generate_series(1, 2500) AS g, generate_series(0, pg_temp.pick(g, 1, 30)) AS n;
ANALYZE confusion_row;
CREATE TEMP TABLE ours AS SELECT g, (shopanalytics.confusion(label, score, 0.3)).* FROM confusion_row GROUP BY g;
CREATE FUNCTION pg_temp.near(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(abs(a - b) <= 1e-13 * (1 + abs(b)), a IS NULL AND b IS NULL)
$$;
SELECT count(*) AS groups, count(*) FILTER (WHERE (o.n, o.tp, o.fp, o.tn, o.fn) IS DISTINCT FROM (x.n, x.tp, x.fp, x.tn, x.fn)) AS counts, count(*) FILTER (WHERE NOT pg_temp.near(o.mcc, x.mcc)) AS mcc,
       count(*) FILTER (WHERE NOT (pg_temp.near(o.recall, x.recall) AND pg_temp.near(o.specificity, x.specificity) AND pg_temp.near(o.precision, x.precision))) AS rates,
       count(*) FILTER (WHERE NOT (pg_temp.near(o.accuracy, x.accuracy) AND pg_temp.near(o.balanced_accuracy, (x.recall + x.specificity) / 2))) AS accuracy,
       count(*) FILTER (WHERE CASE WHEN o.tp > 0 THEN NOT pg_temp.near(o.f1, 2 / (1 / o.precision + 1 / o.recall)) END) AS f1
  FROM ours o
  JOIN (SELECT g, count(*) AS n, count(*) FILTER (WHERE label AND score >= 0.3) AS tp, count(*) FILTER (WHERE NOT label AND score >= 0.3) AS fp,
               count(*) FILTER (WHERE NOT label AND score < 0.3) AS tn, count(*) FILTER (WHERE label AND score < 0.3) AS fn,
               avg((score >= 0.3)::integer) FILTER (WHERE label) AS recall, avg((score < 0.3)::integer) FILTER (WHERE NOT label) AS specificity,
               avg(label::integer) FILTER (WHERE score >= 0.3) AS precision, avg(((score >= 0.3) = label)::integer) AS accuracy,
               corr(label::integer, (score >= 0.3)::integer) AS mcc
          FROM confusion_row GROUP BY g) x USING (g);

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
ALTER TABLE confusion_row SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE confusion_row ALTER g SET (n_distinct = 100);
ANALYZE confusion_row;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 1;
\set by_group 'SELECT g, shopanalytics.confusion(label, score, 0.3) AS c FROM confusion_row GROUP BY g'
SELECT pg_temp.partial(:'by_group');
SELECT count(*) AS groups, count(*) FILTER (WHERE ROW((c).*) IS DISTINCT FROM ROW(o.n, o.tp, o.fp, o.tn, o.fn, o.accuracy, o.precision, o.recall, o.f1, o.specificity, o.balanced_accuracy, o.mcc)) AS differ FROM (:by_group) p JOIN ours o USING (g);
-- no row in any worker, NULL only, a row in one, thresholds that differ
SELECT pg_temp.partial('SELECT shopanalytics.confusion(label, score) FROM confusion_row WHERE g * 0 > 0');
SELECT shopanalytics.confusion(label, score) AS none FROM confusion_row WHERE g * 0 > 0;
SELECT shopanalytics.confusion(NULL, score) AS only_null FROM confusion_row;
SELECT (shopanalytics.confusion(label, score, 0.3)).n FROM confusion_row WHERE g = 1 AND n = 0;
SELECT state, message FROM pg_temp.error_of('SELECT shopanalytics.confusion(label, score, CASE WHEN g < 1200 THEN 0.5 ELSE 0.25 END) FROM confusion_row');
DROP TABLE confusion_row;
