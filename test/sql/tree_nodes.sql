-- What stored trees look like.

SET client_min_messages = warning;
\set SHOW_CONTEXT never

-- Terms of each kind in words: a number, a boolean, a category, and NULL of each.
CREATE TABLE sample AS
    SELECT i AS id, i % 50 AS age, i % 2 = 0 AS member, CASE WHEN i % 9 > 0 THEN (ARRAY['card', 'cash'])[1 + i % 2] END AS payment,
           CASE WHEN i % 5 > 0 THEN i % 4 END AS visits
      FROM generate_series(1, 900) AS i;
SELECT status FROM shopanalytics.train_tree('age', 'SELECT id, age, age > 20 AS y FROM sample', 'y', key_column => 'id', test_fraction => 0);
SELECT * FROM shopanalytics.tree_nodes('age');
SELECT status FROM shopanalytics.train_tree('member', 'SELECT id, member, member AS y FROM sample', 'y', key_column => 'id', test_fraction => 0);
SELECT node, condition, n, share FROM shopanalytics.tree_nodes('member');
SELECT status FROM shopanalytics.train_tree('payment', $$SELECT id, payment, payment IS NULL AS y FROM sample$$, 'y', key_column => 'id', test_fraction => 0);
SELECT node, condition, n, share FROM shopanalytics.tree_nodes('payment');
SELECT status FROM shopanalytics.train_tree('visits', 'SELECT id, visits, visits IS NULL AS y FROM sample', 'y', key_column => 'id', test_fraction => 0);
SELECT * FROM shopanalytics.tree_nodes('visits');
-- The same where NULL is a term of its own.
SELECT status FROM shopanalytics.train_tree('indicator', 'SELECT id, visits, visits IS NULL AS y FROM sample', 'y', key_column => 'id', test_fraction => 0, null_policy => 'indicator');
SELECT node, condition, term, n, share FROM shopanalytics.tree_nodes('indicator');

-- Nodes are one tree: each but the root is the child of one, one level below it, and its rows are the children's.
SELECT status FROM shopanalytics.train_forest('forest', 'SELECT id, age, member, payment, visits, id * 7919 % 10 < 4 AS y FROM sample', 'y', key_column => 'id', n_trees => 5, max_depth => 9);
SELECT tree, count(*) > 50 AS large, max(n.depth) AS depth,
       count(*) FILTER (WHERE n.node > 0 AND NOT (p.right_node = n.node OR n.node = n.parent + 1)) AS of_nobody,
       count(*) FILTER (WHERE n.node > 0 AND NOT coalesce(n.depth = p.depth + 1, false)) AS not_below,
       count(*) FILTER (WHERE NOT n.is_leaf AND n.n IS DISTINCT FROM c.n) AS other_rows,
       count(*) FILTER (WHERE NOT n.is_leaf AND NOT abs(n.share * n.n - c.positive) < 1e-9) AS other_positive
  FROM generate_series(1, 5) AS tree, LATERAL (SELECT * FROM shopanalytics.tree_nodes('forest', tree)) n
       LEFT JOIN LATERAL (SELECT t.right_node, t.depth FROM shopanalytics.tree_nodes('forest', tree) t WHERE t.node = n.parent) p ON true
       LEFT JOIN LATERAL (SELECT sum(t.n) AS n, sum(t.n * t.share) AS positive FROM shopanalytics.tree_nodes('forest', tree) t WHERE t.parent = n.node) c ON true
 GROUP BY tree ORDER BY tree;

-- What is wrong is told; of NULL there is nothing.
SELECT * FROM shopanalytics.tree_nodes('age', 0);
SELECT * FROM shopanalytics.tree_nodes('age', 2);
SELECT * FROM shopanalytics.tree_nodes('age', -2147483648);
SELECT * FROM shopanalytics.tree_nodes('nobody');
SELECT * FROM shopanalytics.feature_importance('nobody');
SELECT count(*) FROM shopanalytics.tree_nodes(NULL);
SELECT count(*) FROM shopanalytics.feature_importance(NULL);
SELECT shopanalytics.out_of_bag(NULL) IS NULL AS nothing;
SELECT status FROM shopanalytics.train_logistic('logistic', 'SELECT id, age, id * 7919 % 10 < 4 AS y FROM sample', 'y', key_column => 'id');
SELECT * FROM shopanalytics.tree_nodes('logistic');
SELECT * FROM shopanalytics.feature_importance('logistic');
SELECT * FROM shopanalytics.out_of_bag('logistic');

SELECT count(shopanalytics.model_drop(name)) AS dropped FROM shopanalytics.model;
DROP TABLE sample;
