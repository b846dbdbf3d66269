-- roc_curve and pr_curve.
SET extra_float_digits = 1;
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;

-- M1: 7 positives and 13 negatives with ties.  Of the ROC curve 0.15 is left out, on the
-- line from 0.22 to 0.08; so it is of the other curve, which loses precision only.
CREATE TEMP TABLE m1 AS
SELECT y = 1 AS label, score
  FROM unnest('{1,0,1,1,0,0,1,0,0,1,0,0,0,1,0,0,0,0,1,0}'::integer[],
              '{0.92,0.85,0.85,0.7,0.7,0.7,0.55,0.55,0.4,0.4,0.4,0.31,0.31,0.22,0.22,0.15,0.15,0.08,0.03,0.03}'::float8[]) AS r(y, score);
SELECT p.threshold, p.tp, p.fp, round(p.fpr::numeric, 6) AS fpr, round(p.tpr::numeric, 6) AS tpr FROM unnest((SELECT shopanalytics.roc_curve(label, score) FROM m1)) AS p;
SELECT p.threshold, p.tp, p.fp, round(p.precision::numeric, 6) AS precision, round(p.recall::numeric, 6) AS recall FROM unnest((SELECT shopanalytics.pr_curve(label, score) FROM m1)) AS p;

-- Few points: first, last, and about equal steps between
SELECT p.* FROM unnest((SELECT shopanalytics.roc_curve(label, score, 2) FROM m1)) AS p;
SELECT p.threshold, p.tp, p.fp FROM unnest((SELECT shopanalytics.roc_curve(label, score, 5) FROM m1)) AS p;
SELECT p.threshold, p.tp, p.fp FROM unnest((SELECT shopanalytics.pr_curve(label, score, 5) FROM m1)) AS p;

-- In order, against order, all tied, infinite scores; none, one class
SELECT shopanalytics.roc_curve(n > 3, n) AS best, shopanalytics.roc_curve(n > 3, -n) AS worst, shopanalytics.roc_curve(n > 3, 1) AS tied FROM generate_series(1, 6) AS n;
SELECT shopanalytics.pr_curve(n > 3, n) AS best, shopanalytics.pr_curve(n > 3, -n) AS worst, shopanalytics.pr_curve(n > 3, 1) AS tied FROM generate_series(1, 6) AS n;
SELECT shopanalytics.roc_curve(label, score) AS roc FROM (VALUES (true, float8 'Infinity'), (false, '-Infinity'), (false, NULL), (NULL, 1)) AS r(label, score);
SELECT shopanalytics.roc_curve(label, score) AS roc, shopanalytics.pr_curve(label, score) AS pr FROM m1 WHERE false;
SELECT shopanalytics.roc_curve(label, score) AS roc, shopanalytics.pr_curve(label, score) AS pr FROM m1 WHERE label AND score > 0.7;
SELECT shopanalytics.roc_curve(label, score) AS roc, shopanalytics.pr_curve(label, score) AS pr FROM m1 WHERE NOT label;

-- The type
SELECT pg_typeof(shopanalytics.roc_curve(label, score)) = 'shopanalytics.roc_point[]'::regtype AS roc, pg_typeof(shopanalytics.pr_curve(label, score)) = 'shopanalytics.pr_point[]'::regtype AS pr FROM m1;

-- Every error
SELECT call, e.*
  FROM unnest(ARRAY['roc_curve(true, ''NaN'')', 'roc_curve(true, 1, 1)', 'roc_curve(true, 1, 1000001)', 'roc_curve(true, 1, n + 1)', 'pr_curve(true, 1, 0)']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.' || call || ' FROM generate_series(1, 2) AS n') AS e
 ORDER BY i;

-- Random groups: each point is what its threshold gives; the areas are roc_auc and
-- average_precision; no point on a line between others; fewer points are some of them
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TABLE curve_row AS
SELECT g, n, pg_temp.pick(g * 128 + n, 3, 100) < 20 + g % 50 AS label, pg_temp.pick(g * 128 + n, 4, 2 + g % 90) AS score
  FROM generate_series(1, 2000) AS g, generate_series(0, pg_temp.pick(g, 1, 100)) AS n;
CREATE INDEX curve_row_g ON curve_row (g);
ANALYZE curve_row;
CREATE TEMP TABLE ours AS
SELECT g, shopanalytics.roc_curve(label, score, NULL) AS roc, shopanalytics.roc_curve(label, score, 7) AS roc_7, shopanalytics.pr_curve(label, score, NULL) AS pr, shopanalytics.pr_curve(label, score, 7) AS pr_7,
       shopanalytics.roc_auc(label, score) AS auc, shopanalytics.average_precision(label, score) AS ap, count(*) FILTER (WHERE label) AS p, count(*) FILTER (WHERE NOT label) AS n
  FROM curve_row GROUP BY g;
SELECT count(*) > 1500 AS many, bool_and(tp = x.t AND fp = x.f AND tpr = x.t / p::float8 AND fpr = x.f / n::float8) AS "as counted"
  FROM ours, unnest(roc), LATERAL (SELECT count(*) FILTER (WHERE label) AS t, count(*) FILTER (WHERE NOT label) AS f FROM curve_row r WHERE r.g = ours.g AND r.score >= threshold) AS x
 WHERE ours.g % 10 = 0;
SELECT count(*) > 1500 AS many, bool_and(tp = x.t AND fp = x.f AND recall = x.t / p::float8 AND "precision" = coalesce(x.t / nullif(x.t + x.f, 0)::float8, 1)) AS "as counted"
  FROM ours, unnest(pr), LATERAL (SELECT count(*) FILTER (WHERE label) AS t, count(*) FILTER (WHERE NOT label) AS f FROM curve_row r WHERE r.g = ours.g AND r.score >= threshold) AS x
 WHERE ours.g % 10 = 0;
SELECT count(*) > 1500 AS many, bool_and(abs(area - auc) < 1e-14) AS area, bool_and(straight = 0) AS corners
  FROM (SELECT g, auc, sum((fpr - lag_fpr) * (tpr + lag_tpr) / 2) AS area, count(*) FILTER (WHERE (tp - lag_tp) * (lead_fp - fp) = (lead_tp - tp) * (fp - lag_fp)) AS straight
          FROM (SELECT g, auc, c.*, lag(fpr) OVER w AS lag_fpr, lag(tpr) OVER w AS lag_tpr, lag(fp) OVER w AS lag_fp, lag(tp) OVER w AS lag_tp, lead(fp) OVER w AS lead_fp, lead(tp) OVER w AS lead_tp
                  FROM ours, unnest(roc) WITH ORDINALITY AS c(threshold, tp, fp, fpr, tpr, i) WINDOW w AS (PARTITION BY g ORDER BY i)) s
         GROUP BY g, auc) a;
SELECT count(*) > 1500 AS many, bool_and(abs(area - ap) < 1e-14) AS area
  FROM (SELECT g, ap, sum((recall - lag_recall) * "precision") AS area
          FROM (SELECT g, ap, c.*, lag(recall) OVER (PARTITION BY g ORDER BY i) AS lag_recall FROM ours, unnest(pr) WITH ORDINALITY AS c(threshold, tp, fp, "precision", recall, i)) s
         GROUP BY g, ap) a;
SELECT max(cardinality(roc)) > 30 AS roc_long, max(cardinality(roc_7)) AS roc_7, max(cardinality(pr)) > 30 AS pr_long, max(cardinality(pr_7)) AS pr_7, min(cardinality(roc_7)) AS least,
       bool_and(roc_7 <@ roc AND pr_7 <@ pr AND roc_7[1] = roc[1] AND roc_7[cardinality(roc_7)] = roc[cardinality(roc)] AND pr_7[cardinality(pr_7)] = pr[cardinality(pr)]) AS some_of_them,
       bool_and(roc_7 = roc) FILTER (WHERE cardinality(roc) <= 7) AS all_of_them
  FROM ours WHERE roc IS NOT NULL;
-- the default is 200; a group larger than that
SELECT cardinality(roc), roc = roc_200 AS default_roc, cardinality(pr), pr = pr_200 AS default_pr
  FROM (SELECT shopanalytics.roc_curve(h % 3 = 0, h) AS roc, shopanalytics.roc_curve(h % 3 = 0, h, 200) AS roc_200, shopanalytics.pr_curve(h % 3 = 0, h) AS pr, shopanalytics.pr_curve(h % 3 = 0, h, 200) AS pr_200
          FROM (SELECT hashint4extended(n, 1) % 1000000 AS h FROM generate_series(1, 50000) AS n) r) s;

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
DROP INDEX curve_row_g;
ALTER TABLE curve_row SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE curve_row ALTER g SET (n_distinct = 100);
ANALYZE curve_row;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 1;
\set by_group 'SELECT g, shopanalytics.roc_curve(label, score, 7) AS roc_7, shopanalytics.pr_curve(label, score, 7) AS pr_7 FROM curve_row GROUP BY g'
SELECT pg_temp.partial(:'by_group');
SELECT count(*) AS groups, count(*) FILTER (WHERE p.roc_7 IS DISTINCT FROM o.roc_7 OR p.pr_7 IS DISTINCT FROM o.pr_7) AS differ FROM (:by_group) p JOIN ours o USING (g);
SELECT pg_temp.partial('SELECT shopanalytics.roc_curve(label, score) FROM curve_row WHERE g * 0 > 0');
SELECT shopanalytics.roc_curve(label, score) AS none FROM curve_row WHERE g * 0 > 0;
SELECT shopanalytics.roc_curve(g > 1990, g, 2) AS far FROM curve_row WHERE g < 10 OR g > 1990;
SELECT state, message FROM pg_temp.error_of('SELECT shopanalytics.roc_curve(label, score, CASE WHEN g < 1000 THEN 5 ELSE 6 END) FROM curve_row');
DROP TABLE curve_row;
