-- Forests of decision trees: what must hold for any of them.

SET client_min_messages = warning;
\set SHOW_CONTEXT never

-- Numbers by a rule, that look drawn; y hangs on a, b and c, and not on noise.
CREATE TABLE sample AS
    SELECT i AS id, a, b, CASE WHEN c % 5 > 0 THEN c END AS c, noise, (ARRAY['card', 'cash', 'invoice'])[1 + c % 3] AS payment,
           a + b + (CASE WHEN c % 5 = 0 THEN 60 ELSE 0 END) + i * 32452843 % 41 > 130 AS y, 1 + i % 3 AS w
      FROM (SELECT i, i * 7919 % 101 AS a, i * 104729 % 103 AS b, i * 1299709 % 107 AS c, i * 15485863 % 109 AS noise FROM generate_series(1, 2000::bigint) AS i) n;

-- The bytes of a forest on rows of a query.
CREATE FUNCTION forest_bytes(source text, key_column text DEFAULT 'id', weight_column text DEFAULT NULL, n_trees integer DEFAULT 20, max_features integer DEFAULT NULL,
                             bootstrap boolean DEFAULT true, sample_fraction float8 DEFAULT 1, seed bigint DEFAULT 42, max_depth integer DEFAULT 8) RETURNS text
    LANGUAGE sql
BEGIN ATOMIC
    SELECT md5(state) FROM shopanalytics._train_forest(source, 'y', '{a,b,c,noise,payment}', key_column, weight_column, NULL, 'skip', NULL, 'other', 10, NULL, 0.25, 'hash', seed,
                                                       n_trees, max_depth, 1, 255, max_features, 'none', bootstrap, sample_fraction);
END;

-- A36: any order of rows, and one training after the other, give the same bytes; without a key too, and with weights.
SELECT count(*) AS trained, count(DISTINCT bytes) AS different
  FROM (SELECT forest_bytes(format('SELECT * FROM sample ORDER BY %s', o)) AS bytes
          FROM unnest('{id,id DESC,md5(id::text),noise,id}'::text[]) AS o) f;
SELECT count(DISTINCT bytes) AS different
  FROM (SELECT forest_bytes(format('SELECT * FROM sample ORDER BY %s', o), key_column => NULL) AS bytes FROM unnest('{id,id DESC,noise}'::text[]) AS o) f;
SELECT count(DISTINCT bytes) AS different
  FROM (SELECT forest_bytes(format('SELECT id, a, b, c, noise, payment, y, w / 3.0 AS w FROM sample ORDER BY %s', o), weight_column => 'w') AS bytes
          FROM unnest('{id,id DESC,noise}'::text[]) AS o) f;
-- So does any limit of memory.
CREATE TABLE wide AS SELECT s.id + 10000 * k AS id, s.a + k * 0.01 AS a, s.b, s.c, s.noise + k * 0.001 * s.a AS noise, s.payment, s.y FROM sample s, generate_series(0, 9) AS k;
SET shopanalytics.intake_memory = '1MB';
SELECT forest_bytes('wide', n_trees => 3) AS bytes \gset small_
RESET shopanalytics.intake_memory;
SELECT forest_bytes('wide', n_trees => 3) = :'small_bytes' AS same;

-- Another seed gives another forest.
SELECT count(DISTINCT forest_bytes('sample', seed => s)) AS different FROM generate_series(1, 5) AS s;
-- Trees are different too: by rows, by terms, by both; not without a draw.
CREATE VIEW trees AS
    SELECT * FROM (VALUES ('rows', 5, true, 1.0), ('terms', 2, false, 1.0), ('both', 2, true, 1.0), ('part', 7, false, 0.5), ('none', 7, false, 1.0)) AS t(name, max_features, bootstrap, sample_fraction);
SELECT name, n_train, status
  FROM trees t, shopanalytics.train_forest(name, 'sample', 'y', '{a,b,c,noise,payment}', 'id', n_trees => 4, max_depth => 4, test_fraction => 0,
                                           max_features => t.max_features, bootstrap => t.bootstrap, sample_fraction => t.sample_fraction) f;
SELECT name, count(DISTINCT nodes) AS different
  FROM (SELECT name, tree, string_agg(concat_ws(' ', node, term, threshold, n, share), ';' ORDER BY node) AS nodes
          FROM trees, generate_series(1, 4) AS tree, shopanalytics.tree_nodes(name, tree) GROUP BY name, tree) t
 GROUP BY name ORDER BY name;

-- A forest without a draw is its tree.
SELECT status FROM shopanalytics.train_tree('single', 'sample', 'y', '{a,b,c,noise,payment}', 'id', max_depth => 4, min_leaf => 1, test_fraction => 0);
SELECT count(*) AS rows, count(*) FILTER (WHERE shopanalytics.predict('none', s) = shopanalytics.predict('single', s)) AS same FROM sample s;

-- A prediction is the mean of the trees', and a tree's that of the leaf the row comes to by its conditions.
CREATE TEMP TABLE node AS SELECT tree, n.* FROM generate_series(1, 4) AS tree, shopanalytics.tree_nodes('both', tree) n;
WITH RECURSIVE way AS (
    SELECT s.id, n.* FROM sample s, node n WHERE n.node = 0
    UNION ALL
    SELECT s.id, n.*
      FROM way w JOIN sample s USING (id)
           CROSS JOIN LATERAL (SELECT CASE w.term WHEN 'a' THEN s.a WHEN 'b' THEN s.b WHEN 'c' THEN s.c WHEN 'noise' THEN s.noise ELSE (w.term = 'payment=' || s.payment)::int END AS x) v
           JOIN node n ON n.tree = w.tree AND n.node = CASE WHEN coalesce(x <= coalesce(w.threshold, 'Infinity'), w.null_goes_left) THEN w.node + 1 ELSE w.right_node END
     WHERE NOT w.is_leaf)
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(shopanalytics.predict('both', s) - mean) > 1e-12) AS wrong
  FROM sample s JOIN (SELECT id, avg(share) AS mean FROM way WHERE is_leaf GROUP BY id) m USING (id);
DROP TABLE node;

-- What columns contribute adds up to the prediction, from the mean of the roots.
SELECT count(*) AS explained, count(*) FILTER (WHERE abs(sum - shopanalytics.predict('both', s)) > 1e-12) AS wrong
  FROM sample s, LATERAL (SELECT min(base_value) + sum(contribution) AS sum FROM shopanalytics.explain('both', s)) e WHERE s.id <= 300;
SELECT bool_and(abs(base_value - mean) < 1e-12) AS same
  FROM sample s, shopanalytics.explain('both', s),
       (SELECT avg(share) AS mean FROM generate_series(1, 4) AS tree, shopanalytics.tree_nodes('both', tree) WHERE node = 0) m
 WHERE s.id <= 5;

-- A row is drawn about as often as there are rows, and a fraction that often.
SELECT name, n BETWEEN 1880 AND 2120 AS all_rows, n BETWEEN 920 AND 1080 AS half FROM trees, shopanalytics.tree_nodes(name, 2) WHERE node = 0 ORDER BY name;

-- Rows that a tree did not see tell about as much of it as others do; about 1 of 3 is not seen by a tree, none by all.
SELECT n_train BETWEEN 1440 AND 1560 AS three_quarters, roc_auc > 0.9 AS good
  FROM shopanalytics.train_forest('forest', 'sample', 'y', '{a,b,c,noise,payment}', 'id') \gx
SELECT o.n = (v.metrics ->> 'n_train')::bigint AS all_rows, abs(o.roc_auc - (v.metrics ->> 'roc_auc')::float8) < 0.03 AS as_test, o.error < 0.15 AS good
  FROM shopanalytics.out_of_bag('forest') o, shopanalytics.model_version v WHERE v.model = 'forest';
SELECT * FROM shopanalytics.out_of_bag('none');
-- The last column is no help, the first are.
SELECT round(sum(gain)::numeric, 12) AS gain, count(*) AS terms FROM shopanalytics.feature_importance('forest');
SELECT term, gain > 0.2 AS gains, permutation > 0.05 AS is_needed FROM shopanalytics.feature_importance('forest');
-- Where no row is out of bag, test rows are asked, and if there are none of these, nothing is known.
SELECT count(permutation) AS known FROM shopanalytics.feature_importance('none');
SELECT status FROM shopanalytics.train_forest('by_test', 'sample', 'y', '{a,b,c,noise,payment}', 'id', n_trees => 4, bootstrap => false);
SELECT count(permutation) AS known, count(*) FILTER (WHERE permutation > 0.05) AS needed FROM shopanalytics.feature_importance('by_test');

-- max_features: the square root of the number of terms, as of scikit-learn: of the 7 here (payment is three) it is 2.
SELECT count(DISTINCT forest_bytes('sample', max_features => m)) AS different FROM unnest('{NULL,2}'::integer[]) AS m;

-- A term drawn that is the same in all rows does not end the draw: so one of two with a constant is the tree of the other.
SELECT status FROM shopanalytics.train_tree('alone', 'sample', 'y', '{c}', 'id', min_leaf => 3, test_fraction => 0);
SELECT status FROM shopanalytics.train_tree('drawn', 'SELECT *, 1 AS one FROM sample', 'y', '{c,one}', 'id', min_leaf => 3, max_features => 1, test_fraction => 0);
SELECT status FROM shopanalytics.train_tree('alone_weighted', 'sample', 'y', '{c}', 'id', 'w', min_leaf => 3, test_fraction => 0);
SELECT status FROM shopanalytics.train_tree('drawn_weighted', 'SELECT *, 1 AS one FROM sample', 'y', '{one,c}', 'id', 'w', min_leaf => 3, max_features => 1, test_fraction => 0);
SELECT suffix, count(*) > 20 AS grown, count(*) FILTER (WHERE a IS NOT DISTINCT FROM d) = count(*) AS same
  FROM unnest('{"",_weighted}'::text[]) AS suffix,
       LATERAL (SELECT a, d FROM shopanalytics.tree_nodes('alone' || suffix) a FULL JOIN shopanalytics.tree_nodes('drawn' || suffix) d USING (node)) n
 GROUP BY suffix ORDER BY suffix;

-- Very few rows: a tree that none was drawn for is of all.
SELECT n_train, n_positive FROM shopanalytics.train_forest('few', 'VALUES (1.0, false), (4.0, true)', 'column2', n_trees => 200, sample_fraction => 0.01, test_fraction => 0);
SELECT count(*) FILTER (WHERE n = 2) > 180 AS of_all, count(*) FILTER (WHERE n < 1) AS empty
  FROM generate_series(1, 200) AS tree, shopanalytics.tree_nodes('few', tree) WHERE node = 0;
-- Every row is the same.
SELECT status FROM shopanalytics.train_forest('same', 'SELECT 1 AS x, i % 4 = 0 AS y FROM generate_series(1, 100) AS i', 'y', n_trees => 10, test_fraction => 0);
SELECT max(node) AS last_node FROM generate_series(1, 10) AS tree, shopanalytics.tree_nodes('same', tree);

-- What is wrong is told.
SELECT shopanalytics.train_forest('e', 'sample', 'y', '{a,b}', n_trees => 0);
SELECT shopanalytics.train_forest('e', 'sample', 'y', '{a,b}', n_trees => 10001);
SELECT shopanalytics.train_forest('e', 'sample', 'y', '{a,b}', n_trees => NULL);
SELECT shopanalytics.train_forest('e', 'sample', 'y', '{a,b}', max_features => 3);
SELECT shopanalytics.train_forest('e', 'sample', 'y', '{a,b}', sample_fraction => 0);
SELECT shopanalytics.train_forest('e', 'sample', 'y', '{a,b}', sample_fraction => 1.5);
SELECT shopanalytics.train_forest('e', 'sample', 'y', '{a,b}', sample_fraction => 'NaN');
SELECT shopanalytics.train_forest('e', 'sample', 'y', '{a,b}', bootstrap => NULL);
SELECT shopanalytics.train_forest('e', 'SELECT * FROM sample WHERE y', 'y', '{a,b}', test_fraction => 0);
SELECT shopanalytics.train_forest('e', 'SELECT * FROM sample LIMIT 0', 'y', '{a,b}');
SELECT shopanalytics.train_forest('e', 'SELECT ''NaN''::float8 AS a, y FROM sample', 'y');
SELECT shopanalytics.train_forest('e', 'SELECT a, b, w AS y FROM sample', 'y');

SELECT bool_and(shopanalytics.model_drop(name) > 0) AS dropped FROM shopanalytics.model;
DROP VIEW trees;
DROP FUNCTION forest_bytes;
DROP TABLE sample, wide;
