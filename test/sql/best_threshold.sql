-- The threshold that is best on the test rows, beside the same by plain SQL.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE SCHEMA threshold_test;
CREATE TABLE threshold_test.orders AS
SELECT i AS order_id, (i * 7919) % 101 AS amount, (i * 104729) % 13 AS n_items, ((i * 7919) % 101 + (i * 31) % 60 > 95)::integer AS is_bad,
       CASE WHEN (i * 7919) % 101 + (i * 31) % 60 > 95 THEN 'fraud' ELSE 'fine' END AS kind
  FROM generate_series(1, 2000) i;
SELECT status, n_train + n_test AS n, n_test > 300 AS has_test FROM shopanalytics.train_logistic('m', 'threshold_test.orders', 'is_bad', '{amount,n_items}', key_column => 'order_id');

-- Every threshold that there is, counted by a window over all rows.
CREATE TABLE threshold_test.scored AS SELECT is_bad = 1 AS y, shopanalytics.predict('m', o) AS p FROM threshold_test.orders o;
CREATE TABLE threshold_test.sweep AS
SELECT p, sum(sum(y::integer)) OVER w AS tp, sum(count(*) - sum(y::integer)) OVER w AS fp FROM threshold_test.scored GROUP BY p WINDOW w AS (ORDER BY p DESC);
CREATE TABLE threshold_test.merit AS
SELECT p, 2.0 * tp / (tp + fp + n_positive) AS f1, fp * 1.0 + (n_positive - tp) * 1.0 AS cost, fp * 1.0 + (n_positive - tp) * 5.0 AS cost5, fp / (n - n_positive) AS fpr, tp / n_positive AS recall
  FROM threshold_test.sweep, (SELECT count(*)::numeric AS n, count(*) FILTER (WHERE y)::numeric AS n_positive FROM threshold_test.scored) t;

-- on all rows
SELECT 'f1' AS objective, (b.threshold, round(b.f1::numeric, 12)) IN (SELECT p, round(f1, 12) FROM threshold_test.merit ORDER BY f1 DESC, p DESC LIMIT 1) AS same
  FROM shopanalytics.best_threshold('m', source => 'threshold_test.orders') b
UNION ALL
SELECT 'cost', (b.threshold, round(b.expected_cost::numeric * b.n, 6)) IN (SELECT p, round(cost, 6) FROM threshold_test.merit ORDER BY cost, p DESC LIMIT 1)
  FROM shopanalytics.best_threshold('m', 'cost', source => 'threshold_test.orders') b
UNION ALL
SELECT 'cost5', (b.threshold, round(b.expected_cost::numeric * b.n, 6)) IN (SELECT p, round(cost5, 6) FROM threshold_test.merit ORDER BY cost5, p DESC LIMIT 1)
  FROM shopanalytics.best_threshold('m', 'cost', cost_fn => 5, source => 'threshold_test.orders') b
UNION ALL
SELECT 'max_fpr', (b.threshold, round(b.fpr::numeric, 12), round(b.recall::numeric, 12)) IN (SELECT p, round(fpr, 12), round(recall, 12) FROM threshold_test.merit WHERE fpr <= 0.05 ORDER BY recall DESC, p DESC LIMIT 1)
  FROM shopanalytics.best_threshold('m', 'max_fpr', max_fpr => 0.05, source => 'threshold_test.orders') b
UNION ALL
SELECT 'youden', (b.threshold, round(b.recall::numeric, 12)) IN (SELECT p, round(recall, 12) FROM threshold_test.merit ORDER BY recall - fpr DESC, p DESC LIMIT 1)
  FROM shopanalytics.best_threshold('m', 'youden', source => 'threshold_test.orders') b;
-- what it says of the threshold is so
SELECT round(b.precision::numeric, 12) = round(c.tp::numeric / (c.tp + c.fp), 12) AS precision, round(b.recall::numeric, 12) = round(c.tp::numeric / c.n_positive, 12) AS recall, b.n = c.n AS n, b.n_positive = c.n_positive AS n_positive
  FROM shopanalytics.best_threshold('m', source => 'threshold_test.orders') b,
       LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE y) AS n_positive, count(*) FILTER (WHERE y AND p >= b.threshold) AS tp, count(*) FILTER (WHERE NOT y AND p >= b.threshold) AS fp FROM threshold_test.scored) c;

-- Test rows are those of the training: as many, and f1 at 0.5 is not better.
SELECT b.n = (v.metrics ->> 'n_test')::bigint AS n, b.f1 >= (v.metrics ->> 'f1')::float8 AS at_least
  FROM shopanalytics.best_threshold('m') b, shopanalytics.model_version v WHERE v.model = 'm';
SELECT count(*) FROM shopanalytics.best_threshold('m') b, shopanalytics.best_threshold('m@1') c WHERE b = c;

-- Nothing flagged is best when a miss costs nothing, or no false alarm is allowed.
SELECT threshold, "precision", recall, fpr, f1, expected_cost FROM shopanalytics.best_threshold('m', 'cost', cost_fp => 1, cost_fn => 0, source => 'threshold_test.orders');
SELECT threshold FROM shopanalytics.best_threshold('m', 'max_fpr', max_fpr => 0, source => 'SELECT 50 AS amount, 5 AS n_items, i AS is_bad FROM generate_series(0, 1) i');
SELECT threshold > 0 AS finite, recall, fpr FROM shopanalytics.best_threshold('m', 'max_fpr', max_fpr => 1, source => 'SELECT 50 AS amount, 5 AS n_items, i AS is_bad FROM generate_series(0, 1) i');

-- Labels of other types; rows without label or score do not count.
SELECT status FROM shopanalytics.train_logistic('t', 'threshold_test.orders', 'kind', '{amount,n_items}', key_column => 'order_id', positive => 'fraud');
SELECT t.threshold = m.threshold AS same, t.n = m.n AS n FROM shopanalytics.best_threshold('t', source => 'threshold_test.orders') t, shopanalytics.best_threshold('m', source => 'threshold_test.orders') m;
SELECT status FROM shopanalytics.train_logistic('g', 'threshold_test.orders', 'kind', '{amount,n_items}', key_column => 'order_id');
SELECT g.n_positive = m.n_positive AS greater_is_positive FROM shopanalytics.best_threshold('g', source => 'threshold_test.orders') g, shopanalytics.best_threshold('m', source => 'threshold_test.orders') m;
SELECT n, n_positive FROM shopanalytics.best_threshold('m', source => 'SELECT amount, CASE WHEN order_id > 10 THEN n_items END AS n_items, CASE WHEN order_id <= 100 THEN is_bad = 1 END AS is_bad FROM threshold_test.orders');

-- Trees have their rows read as they were, NULL kept.
SELECT status FROM shopanalytics.train_forest('f', 'SELECT order_id, nullif(amount, 5) AS amount, n_items, is_bad FROM threshold_test.orders', 'is_bad', key_column => 'order_id', n_trees => 5, max_depth => 4);
SELECT b.n = (v.metrics ->> 'n_test')::bigint AS n, b.f1 >= (v.metrics ->> 'f1')::float8 AS at_least
  FROM shopanalytics.best_threshold('f') b, shopanalytics.model_version v WHERE v.model = 'f';

-- Bad input.
SELECT shopanalytics.best_threshold('nothing');
SELECT shopanalytics.best_threshold('m', 'accuracy');
SELECT shopanalytics.best_threshold('m', NULL);
SELECT shopanalytics.best_threshold('m', 'cost', cost_fp => -1);
SELECT shopanalytics.best_threshold('m', 'cost', cost_fn => 'Infinity');
SELECT shopanalytics.best_threshold('m', 'max_fpr');
SELECT shopanalytics.best_threshold('m', 'max_fpr', max_fpr => 1.5);
SELECT shopanalytics.best_threshold('m', source => 'SELECT * FROM threshold_test.orders WHERE is_bad = 1');
SELECT shopanalytics.best_threshold('m', source => 'SELECT * FROM threshold_test.orders WHERE false');
SELECT shopanalytics.best_threshold('m', source => 'SELECT amount, n_items FROM threshold_test.orders');
SELECT shopanalytics.best_threshold('m', source => 'SELECT amount, n_items, 2 AS is_bad FROM threshold_test.orders');
SELECT status FROM shopanalytics.train_logistic('all', 'threshold_test.orders', 'is_bad', '{amount}', test_fraction => 0);
SELECT shopanalytics.best_threshold('all');
-- the source has changed since
SELECT status FROM shopanalytics.train_logistic('c', 'SELECT order_id, amount, (ARRAY[''x'', ''y'', ''z''])[1 + n_items % 3] AS c, is_bad FROM threshold_test.orders', 'is_bad', key_column => 'order_id');
SELECT n > 0 AS unchanged FROM shopanalytics.best_threshold('c');
CREATE VIEW threshold_test.changing AS SELECT order_id, amount, (ARRAY['x', 'y', 'z'])[1 + n_items % 3] AS c, is_bad FROM threshold_test.orders;
SELECT status FROM shopanalytics.train_logistic('d', 'threshold_test.changing', 'is_bad', key_column => 'order_id');
CREATE OR REPLACE VIEW threshold_test.changing AS SELECT order_id, amount, (ARRAY['x', 'y', 'w'])[1 + n_items % 3] AS c, is_bad FROM threshold_test.orders;
SELECT shopanalytics.best_threshold('d');

-- What somebody else wrote is not run.
CREATE ROLE regress_threshold_ann;
SELECT shopanalytics.model_share('m');
GRANT USAGE ON SCHEMA threshold_test TO regress_threshold_ann;
GRANT SELECT ON threshold_test.orders TO regress_threshold_ann;
SET ROLE regress_threshold_ann;
SELECT shopanalytics.best_threshold('m');
SELECT n FROM shopanalytics.best_threshold('m', source => 'threshold_test.orders');
RESET ROLE;

DELETE FROM shopanalytics.model;
DROP SCHEMA threshold_test CASCADE;
DROP ROLE regress_threshold_ann;
