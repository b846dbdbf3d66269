CREATE TABLE dataset_orders (id integer, amount numeric, items integer, method text, weight float8, flagged boolean);
INSERT INTO dataset_orders SELECT i, CASE WHEN i % 9 > 0 THEN i * 1.25 END, i % 7, (array['card', 'cod', 'gift', NULL])[1 + i % 4], 1, i % 3 = 0 FROM generate_series(1, 40) i;
SELECT part, id, label_value, weight, terms FROM shopanalytics._dataset('dataset_orders', 'flagged', key_column => 'id', weight_column => 'weight') LIMIT 5;
SELECT part, id, label_value, weight, terms FROM shopanalytics._dataset('dataset_orders', 'flagged', key_column => 'id', weight_column => 'weight', null_policy => 'median', min_category_count => 1) LIMIT 5;
SELECT * FROM shopanalytics._dataset_counts('dataset_orders', 'flagged', key_column => 'id', weight_column => 'weight');
SELECT t.* FROM shopanalytics._preparation('dataset_orders', 'flagged', key_column => 'id', weight_column => 'weight', null_policy => 'median', min_category_count => 1) p, shopanalytics._preparation_terms(p) t;
SELECT o, shopanalytics._preparation_apply(p,  o) FROM shopanalytics._preparation('dataset_orders', 'flagged', key_column => 'id', weight_column => 'weight', null_policy => 'median', min_category_count => 1) p, dataset_orders o limit 5;
