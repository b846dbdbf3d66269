-- Why models say what they say: contributions that add up, and words.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE SCHEMA explain_test;
CREATE TABLE explain_test.orders (order_id integer PRIMARY KEY, amount float8, n_items integer, account_age_days integer, night integer, is_anomaly boolean);
INSERT INTO explain_test.orders
SELECT n, (r ->> 0)::float8, (r ->> 1)::integer, (r ->> 2)::integer, (r ->> 3)::integer, r ->> 4 = '1'
  FROM jsonb_array_elements('[[114.11,4,224,0,1],[189.34,1,781,1,0],[9.14,5,474,0,0],[49.57,7,568,0,0],[111.01,7,886,1,0],[140.68,7,588,1,0],[86.28,7,280,0,0],
       [155.71,8,533,1,1],[66.88,3,74,0,0],[80.31,1,190,1,0],[61.88,6,273,0,0],[25.75,2,405,0,0],[30.19,6,554,1,1],[71.22,7,888,0,0],[36.37,4,159,1,1],
       [132.97,4,818,1,0],[134.92,5,131,0,0],[192.32,1,690,0,0],[53.61,8,831,1,0],[143.82,6,480,1,0],[28.96,1,443,0,0],[30.83,7,782,1,0],[57.8,7,84,0,0],
       [66.49,8,568,0,0],[17.83,4,802,1,0],[16.26,2,358,1,1],[70.0,4,253,1,1],[29.86,3,474,0,0],[127.21,8,54,0,1],[71.97,7,179,0,0],[67.7,4,391,1,0],
       [63.18,1,515,1,0],[102.19,2,567,1,0],[49.05,3,282,1,1],[116.74,6,174,0,0],[37.78,4,703,0,0],[46.64,2,42,1,0],[33.91,4,744,1,0],[82.96,2,117,1,1],
       [55.99,5,894,0,0]]') WITH ORDINALITY o (r, n);
SELECT status FROM shopanalytics.train_logistic('l4', 'explain_test.orders', 'is_anomaly', '{amount,n_items,account_age_days,night}', test_fraction => 0);

-- L4: SHAP's values of three rows
CREATE TABLE explain_test.expected (order_id integer, phi float8[], base_value float8, margin float8, p float8);
INSERT INTO explain_test.expected VALUES
    (1, '{-0.04033142510414724,-0.10240590810962465,1.0202947331904302,-1.0716183990965533}'::float8[], -1.654394677232892, -1.848455676352787, 0.13605432027591718),
    (2, '{-0.12097444418319854,-0.6366976025946227,-1.4258654578655028,0.9695595039445005}'::float8[], -1.654394677232892, -2.868372677931715, 0.05373934358609468),
    (3, '{0.07219147417443864,0.0756913233853747,-0.07762276728350745,-1.0716183990965533}'::float8[], -1.654394677232892, -2.6557530460531393, 0.06563530773194978);
SELECT x.order_id, count(*), max(abs(e.contribution - x.phi[array_position('{amount,n_items,account_age_days,night}', e.feature)])) < 1e-9 AS contributions,
       max(abs(e.base_value - x.base_value)) < 1e-9 AS base_value, max(abs(e.margin - x.margin)) < 1e-9 AS margin, max(abs(e.probability - x.p)) < 1e-9 AS probability, min(unit) AS unit
  FROM explain_test.expected x JOIN explain_test.orders o USING (order_id), shopanalytics.explain('l4', o) e
 GROUP BY x.order_id ORDER BY x.order_id;
-- the sum is the margin, and the margin's probability what predict says
SELECT count(*), max(abs(base_value + contributions - margin)) < 1e-12 AS adds_up, bool_and(p = shopanalytics.predict('l4', o)) AS same, max(abs(1 / (1 + exp(-margin)) - p)) < 1e-15 AS of_margin
  FROM explain_test.orders o,
       LATERAL (SELECT sum(contribution) AS contributions, min(base_value) AS base_value, min(margin) AS margin, min(probability) AS p FROM shopanalytics.explain('l4', o)) e;
-- the probability without the column, that is with its mean
SELECT count(*) FILTER (WHERE abs(e.probability - e.delta_probability - shopanalytics.predict('l4', ARRAY[76.48575, n_items, account_age_days, night])) > 1e-12) AS differing
  FROM explain_test.orders o, shopanalytics.explain('l4', o) e WHERE feature = 'amount';

-- The largest first; only so many as are asked for.
SELECT order_id, rank, feature, value, round(contribution::numeric, 6) AS contribution, words FROM explain_test.orders o, shopanalytics.explain('l4', o) WHERE order_id = 1;
SELECT rank, feature FROM explain_test.orders o, shopanalytics.explain('l4', o, 2) WHERE order_id = 1;
SELECT count(*) FROM explain_test.orders o, shopanalytics.explain('l4', o, 100) WHERE order_id = 1;
SELECT words FROM shopanalytics.explain('l4', (SELECT r FROM (SELECT 76.48575 AS amount, 2000000 AS n_items, 456.325 + 5.2 * 264.569214715167 AS account_age_days, 0.525 AS night) r)) ORDER BY feature;

-- One value, for storing: numbers, not texts of them.
SELECT jsonb_pretty(jsonb_set(e, '{reasons,0,contribution}', to_jsonb(round((e #>> '{reasons,0,contribution}')::numeric, 9))) - '{probability,base_value,margin}'::text[])
  FROM explain_test.orders o, shopanalytics.explain_json('l4', o, 1) e WHERE order_id = 1;
SELECT bool_and(jsonb_array_length(shopanalytics.explain_json('l4', o) -> 'reasons') = 3) AS three,
       max(abs((shopanalytics.explain_json('l4', o) ->> 'probability')::float8 - shopanalytics.predict('l4', o))) < 1e-14 AS probability
  FROM explain_test.orders o;

-- No answer, no explanation.
SELECT * FROM shopanalytics.explain('l4', (SELECT r FROM (SELECT 1 AS amount, NULL::integer AS n_items, 1 AS account_age_days, 1 AS night) r));
SELECT shopanalytics.explain_json('l4', r) FROM (SELECT 1 AS amount, NULL::integer AS n_items, 1 AS account_age_days, 1 AS night) r;
SELECT * FROM shopanalytics.explain(NULL, ROW(1));
SELECT * FROM shopanalytics.explain('l4', NULL::explain_test.orders);
SELECT shopanalytics.explain('l4', o, 0) FROM explain_test.orders o;
SELECT shopanalytics.explain_json('l4', o, -1) FROM explain_test.orders o;
SELECT shopanalytics.explain('nothing', o) FROM explain_test.orders o;

-- Kinds of columns: a category is one line, whatever it is encoded as; NULL, a new value,
-- a constant, a time, yes and no.
CREATE TABLE explain_test.mixed AS
SELECT i AS order_id, (ARRAY['card', 'paypal', 'gift card', 'rare ' || i])[1 + least(3, i % 7)] AS payment_method, i % 3 = 0 AS first_order, CASE WHEN i % 5 > 0 THEN i % 17 END AS age,
       timestamptz '2025-01-01' + i * interval '1 hour' AS ordered_at, 7 AS constant, CASE WHEN i % 4 > 0 THEN 'de' END AS country, (i * 7919) % 11 < 4 AND i % 7 <> 1 AS y
  FROM generate_series(1, 500) i;
SELECT status FROM shopanalytics.train_logistic('mixed', 'explain_test.mixed', 'y', '{payment_method,first_order,age,ordered_at,constant,country}', null_policy => 'indicator', test_fraction => 0);
SELECT feature, count(*) AS terms, min(kind) AS kind FROM shopanalytics.model_features('mixed') GROUP BY feature ORDER BY min(position);
SELECT order_id, feature, value, words FROM explain_test.mixed m, shopanalytics.explain('mixed', m) WHERE order_id IN (2, 5, 497) ORDER BY order_id, feature;
SELECT feature, words FROM shopanalytics.explain('mixed', (SELECT r FROM (SELECT 'new' || repeat('ä', 100) AS payment_method, NULL::boolean AS first_order, 8 AS age, timestamptz '2025-01-11' AS ordered_at, 8 AS constant, 'xx' AS country) r)) ORDER BY feature;
SELECT max(abs(base_value + contributions - margin)) < 1e-12 AS adds_up
  FROM explain_test.mixed m, LATERAL (SELECT sum(contribution) AS contributions, min(base_value) AS base_value, min(margin) AS margin FROM shopanalytics.explain('mixed', m)) e;

-- Trees: in units of probability, without a margin.
SELECT status FROM shopanalytics.train_forest('forest', 'explain_test.mixed', 'y', '{payment_method,first_order,age}', n_trees => 10, max_depth => 4, test_fraction => 0);
SELECT count(*), max(abs(base_value + contributions - p)) < 1e-12 AS adds_up, bool_and(p = shopanalytics.predict('forest', m)) AS same, count(margin) AS margins, min(unit) AS unit
  FROM explain_test.mixed m,
       LATERAL (SELECT sum(contribution) AS contributions, min(base_value) AS base_value, min(margin) AS margin, min(probability) AS p, min(unit) AS unit FROM shopanalytics.explain('forest', m)) e;
SELECT feature, value, words FROM explain_test.mixed m, shopanalytics.explain('forest', m) WHERE order_id = 5 ORDER BY feature;

DELETE FROM shopanalytics.model;
DROP SCHEMA explain_test CASCADE;
