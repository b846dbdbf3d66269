-- Decision trees: the published case, then what follows from the definition.

SET client_min_messages = warning;
\set SHOW_CONTEXT never

CREATE TABLE orders (id integer, amount float8, n_items integer, account_age_days integer, night integer, is_anomaly boolean);
INSERT INTO orders VALUES
    (1, 114.11, 4, 224, 0, true), (2, 189.34, 1, 781, 1, false), (3, 9.14, 5, 474, 0, false), (4, 49.57, 7, 568, 0, false),
    (5, 111.01, 7, 886, 1, false), (6, 140.68, 7, 588, 1, false), (7, 86.28, 7, 280, 0, false), (8, 155.71, 8, 533, 1, true),
    (9, 66.88, 3, 74, 0, false), (10, 80.31, 1, 190, 1, false), (11, 61.88, 6, 273, 0, false), (12, 25.75, 2, 405, 0, false),
    (13, 30.19, 6, 554, 1, true), (14, 71.22, 7, 888, 0, false), (15, 36.37, 4, 159, 1, true), (16, 132.97, 4, 818, 1, false),
    (17, 134.92, 5, 131, 0, false), (18, 192.32, 1, 690, 0, false), (19, 53.61, 8, 831, 1, false), (20, 143.82, 6, 480, 1, false),
    (21, 28.96, 1, 443, 0, false), (22, 30.83, 7, 782, 1, false), (23, 57.8, 7, 84, 0, false), (24, 66.49, 8, 568, 0, false),
    (25, 17.83, 4, 802, 1, false), (26, 16.26, 2, 358, 1, true), (27, 70.0, 4, 253, 1, true), (28, 29.86, 3, 474, 0, false),
    (29, 127.21, 8, 54, 0, true), (30, 71.97, 7, 179, 0, false), (31, 67.7, 4, 391, 1, false), (32, 63.18, 1, 515, 1, false),
    (33, 102.19, 2, 567, 1, false), (34, 49.05, 3, 282, 1, true), (35, 116.74, 6, 174, 0, false), (36, 37.78, 4, 703, 0, false),
    (37, 46.64, 2, 42, 1, false), (38, 33.91, 4, 744, 1, false), (39, 82.96, 2, 117, 1, true), (40, 55.99, 5, 894, 0, false);

-- T1, A36: gini, depth 2
SELECT model, version, kind, status, n_train, n_test, n_skipped, n_positive, threshold, roc_auc
  FROM shopanalytics.train_tree('t1', 'orders', 'is_anomaly', '{amount,n_items,account_age_days,night}', key_column => 'id',
                                max_depth => 2, min_leaf => 1, test_fraction => 0);
SELECT node, parent, depth, condition, is_leaf, term, threshold, right_node, n, round(share::numeric, 12) AS share,
       round((2 * share * (1 - share))::numeric, 12) AS gini
  FROM shopanalytics.tree_nodes('t1');
SELECT term, round(gain::numeric, 12) AS gain, permutation FROM shopanalytics.feature_importance('t1');

-- The published probabilities, order by order: none is another.
SELECT o.id, e.probability, shopanalytics.predict('t1', o)
  FROM orders o, unnest('{0.153846153846154,0,0.153846153846154,0,0,0,0.153846153846154,0.583333333333333,0.153846153846154,0.583333333333333,
       0.153846153846154,0.153846153846154,0.583333333333333,0,0.583333333333333,0,0.153846153846154,0,0,0.583333333333333,
       0.153846153846154,0,0.153846153846154,0,0,0.583333333333333,0.583333333333333,0.153846153846154,0.153846153846154,
       0.153846153846154,0.583333333333333,0.583333333333333,0,0.583333333333333,0.153846153846154,0,0.583333333333333,0,
       0.583333333333333,0}'::float8[]) WITH ORDINALITY AS e(probability, id)
 WHERE e.id = o.id AND NOT abs(shopanalytics.predict('t1', o) - e.probability) <= 1e-12;

-- The root's rows, and no question, at depth 0.
SELECT status FROM shopanalytics.train_tree('leaf', 'orders', 'is_anomaly', '{amount}', max_depth => 0, test_fraction => 0);
SELECT * FROM shopanalytics.tree_nodes('leaf');
SELECT * FROM shopanalytics.feature_importance('leaf');

-- No node has fewer rows than min_leaf.
SELECT status FROM shopanalytics.train_tree('t2', 'orders', 'is_anomaly', '{amount,n_items,account_age_days,night}', min_leaf => 7, test_fraction => 0);
SELECT min(n) >= 7 AS enough, count(*) > 3 AS grown FROM shopanalytics.tree_nodes('t2');
-- And none is divided that has fewer than twice as many.
SELECT node, n FROM shopanalytics.tree_nodes('t2') WHERE NOT is_leaf AND n < 14;

-- One row of each class.
SELECT n_train, n_positive FROM shopanalytics.train_tree('two', 'VALUES (1.0, false), (4.0, true)', 'column2', min_leaf => 1, test_fraction => 0);
SELECT node, condition, is_leaf, threshold, n, share FROM shopanalytics.tree_nodes('two');
-- A threshold is half way, and what is equal to it goes left.
SELECT x, shopanalytics.predict('two', r) FROM (SELECT x AS column1, x FROM unnest('{-1e300,2.5,2.5000000001,1e300}'::float8[]) AS x) r ORDER BY x;

-- Columns that tell nothing: the same in all rows.
SELECT status FROM shopanalytics.train_tree('constant', 'SELECT 5 AS a, 7.5 AS b, i % 3 = 0 AS y FROM generate_series(1, 90) AS i', 'y', min_leaf => 1, test_fraction => 0);
SELECT node, is_leaf, n, round(share::numeric, 12) AS share FROM shopanalytics.tree_nodes('constant');
SELECT * FROM shopanalytics.feature_importance('constant');

-- Neither column gains anything by itself; both together tell all.
SELECT status FROM shopanalytics.train_tree('exclusive', 'SELECT a, b, a <> b AS y FROM generate_series(0, 1) AS a, generate_series(0, 1) AS b, generate_series(1, 5)',
                                            'y', min_leaf => 1, test_fraction => 0);
SELECT node, condition, n, share FROM shopanalytics.tree_nodes('exclusive');

-- Of equal divisions the first term's is taken, and of a term's the lowest one.
SELECT status FROM shopanalytics.train_tree('equal', 'SELECT x AS b, -x AS a, x AS c, x IN (3, 4) AS y FROM generate_series(1, 6) AS x',
                                            'y', '{b,a,c}', max_depth => 1, min_leaf => 1, test_fraction => 0);
SELECT node, condition, n, share FROM shopanalytics.tree_nodes('equal');
SELECT * FROM shopanalytics.feature_importance('equal');

-- NULL goes where it tells most: by itself,
SELECT n_train, n_skipped FROM shopanalytics.train_tree('nulls', 'SELECT CASE WHEN i % 4 > 0 THEN i % 7 END AS x, i % 4 = 0 AS y FROM generate_series(1, 80) AS i',
                                                        'y', min_leaf => 1, test_fraction => 0);
SELECT node, condition, is_leaf, term, threshold, null_goes_left, n, share FROM shopanalytics.tree_nodes('nulls');
SELECT x, shopanalytics.predict('nulls', r) FROM (SELECT x FROM (VALUES (NULL), (3), (1000)) AS v(x)) r ORDER BY x;
-- with the high values, though there are fewer of those,
SELECT n_train FROM shopanalytics.train_tree('null_right', 'SELECT CASE WHEN i % 10 < 9 THEN i % 10 END AS x, i % 10 >= 7 AS y FROM generate_series(1, 80) AS i',
                                             'y', min_leaf => 1, test_fraction => 0);
SELECT node, condition, threshold, null_goes_left, n, share FROM shopanalytics.tree_nodes('null_right');
-- with the low ones,
SELECT n_train FROM shopanalytics.train_tree('null_left', 'SELECT CASE WHEN i % 10 < 9 THEN i % 10 END AS x, i % 10 IN (0, 9) AS y FROM generate_series(1, 80) AS i',
                                             'y', min_leaf => 1, test_fraction => 0);
SELECT node, condition, threshold, null_goes_left, n, share FROM shopanalytics.tree_nodes('null_left');
-- and if training had none, with the greater part.
SELECT n_train FROM shopanalytics.train_tree('no_null', 'SELECT i AS x, i > 7 AS y FROM generate_series(1, 10) AS i', 'y', min_leaf => 1, test_fraction => 0);
SELECT null_goes_left FROM shopanalytics.tree_nodes('no_null') WHERE node = 0;
SELECT shopanalytics.predict('no_null', r) FROM (SELECT NULL::integer AS x) r;

-- A category is asked for by its values.
SELECT status FROM shopanalytics.train_tree('category', $$SELECT (ARRAY['card', 'invoice', 'cash'])[1 + i % 3] AS payment, i % 3 = 1 AS y FROM generate_series(1, 60) AS i$$,
                                            'y', min_leaf => 1, test_fraction => 0);
SELECT node, condition, term, n, share FROM shopanalytics.tree_nodes('category');

-- A row of weight 3 is three rows; one of weight 0 is none.
CREATE TABLE weighted AS SELECT i AS id, (i * 37) % 11 AS a, (i * 53) % 17 AS b, (i * i) % 7 < 3 AS y, i % 4 AS w FROM generate_series(1, 200) AS i;
SELECT status FROM shopanalytics.train_tree('weighted', 'weighted', 'y', '{a,b}', 'id', 'w', min_leaf => 1, test_fraction => 0);
SELECT status FROM shopanalytics.train_tree('repeated', 'SELECT weighted.* FROM weighted, generate_series(1, w)', 'y', '{a,b}', min_leaf => 1, test_fraction => 0);
SELECT count(*) AS nodes, count(*) FILTER (WHERE w.share = r.share AND w.threshold IS NOT DISTINCT FROM r.threshold AND w.term IS NOT DISTINCT FROM r.term) AS same
  FROM shopanalytics.tree_nodes('weighted') w FULL JOIN shopanalytics.tree_nodes('repeated') r USING (node);
-- Weights only matter by their proportions, and need not be integers.
SELECT status FROM shopanalytics.train_tree('eighths', 'SELECT id, a, b, y, w * 0.125::float8 AS w FROM weighted', 'y', '{a,b}', 'id', 'w', min_leaf => 1, test_fraction => 0);
SELECT count(*) AS nodes, count(*) FILTER (WHERE abs(w.share - t.share) < 1e-9 AND w.threshold IS NOT DISTINCT FROM t.threshold AND w.term IS NOT DISTINCT FROM t.term) AS same
  FROM shopanalytics.tree_nodes('weighted') w FULL JOIN shopanalytics.tree_nodes('eighths') t USING (node);

-- Balanced classes weigh the same: so does the root say.
SELECT status FROM shopanalytics.train_tree('balanced', 'orders', 'is_anomaly', '{amount,night}', max_depth => 3, min_leaf => 5, class_weight => 'balanced', test_fraction => 0);
SELECT round(share::numeric, 9) AS share, n FROM shopanalytics.tree_nodes('balanced') WHERE node = 0;
-- The same by hand: 40 / (2 * 9) and 40 / (2 * 31)
SELECT status FROM shopanalytics.train_tree('by_hand', 'SELECT *, CASE WHEN is_anomaly THEN 40 / 18.0 ELSE 40 / 62.0 END AS w FROM orders', 'is_anomaly', '{amount,night}',
                                            weight_column => 'w', max_depth => 3, min_leaf => 5, test_fraction => 0);
SELECT count(*) AS nodes, count(*) FILTER (WHERE abs(a.share - b.share) < 1e-9 AND a.threshold IS NOT DISTINCT FROM b.threshold) AS same
  FROM shopanalytics.tree_nodes('balanced') a FULL JOIN shopanalytics.tree_nodes('by_hand') b USING (node);

-- More distinct values than bins: the bins have about the same number of rows, a frequent value has its own.
CREATE TABLE many AS SELECT i AS id, CASE WHEN i % 2 = 0 THEN 0 ELSE i END AS x, i > 1500 AND i % 2 = 1 AS y FROM generate_series(1, 2000) AS i;
SELECT status FROM shopanalytics.train_tree('many', 'many', 'y', '{x}', max_depth => 1, test_fraction => 0);
SELECT threshold BETWEEN 1490 AND 1510 AS is_near, n, round(share::numeric, 1) AS share FROM shopanalytics.tree_nodes('many');
-- With two bins there is one threshold: after the frequent value.
SELECT status FROM shopanalytics.train_tree('few', 'many', 'y', '{x}', max_bins => 2, test_fraction => 0);
SELECT threshold, n FROM shopanalytics.tree_nodes('few');

-- The test rows tell what terms are worth.
SELECT n_train + n_test AS n, roc_auc FROM shopanalytics.train_tree('tested', 'SELECT i AS id, i % 100 AS x, i % 7 AS noise, i % 100 > 40 AS y FROM generate_series(1, 2000) AS i',
                                                                   'y', '{noise,x}', 'id');
SELECT term, gain, round(permutation::numeric, 1) AS permutation FROM shopanalytics.feature_importance('tested');

-- What is wrong is told.
SELECT shopanalytics.train_tree('e', 'orders', 'is_anomaly', '{amount,night}', max_depth => 65);
SELECT shopanalytics.train_tree('e', 'orders', 'is_anomaly', '{amount,night}', max_depth => -1);
SELECT shopanalytics.train_tree('e', 'orders', 'is_anomaly', '{amount,night}', max_depth => NULL);
SELECT shopanalytics.train_tree('e', 'orders', 'is_anomaly', '{amount,night}', min_leaf => 0);
SELECT shopanalytics.train_tree('e', 'orders', 'is_anomaly', '{amount,night}', max_bins => 1);
SELECT shopanalytics.train_tree('e', 'orders', 'is_anomaly', '{amount,night}', max_bins => 256);
SELECT shopanalytics.train_tree('e', 'orders', 'is_anomaly', '{amount,night}', max_features => 3);
SELECT shopanalytics.train_tree('e', 'orders', 'is_anomaly', '{amount,night}', max_features => 0);
SELECT shopanalytics.train_tree('e', 'orders', 'is_anomaly', '{amount,night}', class_weight => 'auto');
SELECT shopanalytics.train_tree('e', 'orders', NULL);
SELECT shopanalytics.train_tree('e', 'SELECT amount, true AS y FROM orders', 'y', test_fraction => 0);
SELECT shopanalytics.train_tree('e', 'SELECT amount, is_anomaly, 0 AS w FROM orders', 'is_anomaly', weight_column => 'w');

SELECT bool_and(shopanalytics.model_drop(name) > 0) AS dropped FROM shopanalytics.model;
DROP TABLE orders, weighted, many;
