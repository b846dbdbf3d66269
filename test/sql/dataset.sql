CREATE TABLE dataset_orders (id integer, amount numeric, items integer, weight float8, flagged boolean);
INSERT INTO dataset_orders SELECT i, i * 1.25, i % 7, 1, i % 3 = 0 FROM generate_series(1, 40) i;
SELECT part, id, label_value, weight, terms FROM shopanalytics._dataset('dataset_orders', 'flagged', key_column => 'id', weight_column => 'weight') LIMIT 5;
SELECT * FROM shopanalytics._dataset_counts('dataset_orders', 'flagged', key_column => 'id', weight_column => 'weight');
