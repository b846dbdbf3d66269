-- silhouette
SET extra_float_digits = 0;
CREATE SCHEMA silhouette_test;
SET search_path = silhouette_test;
CREATE TEMP TABLE models_before AS SELECT name FROM shopanalytics.model;

-- The rows of S1, in its order.
CREATE TABLE customers (id integer PRIMARY KEY, total_spend float8, n_orders integer, recency_days integer);
INSERT INTO customers VALUES
    (1, 123.58, 5, 53), (2, 625.44, 5, 95), (3, 75.09, 8, 227), (4, 54.8, 4, 318), (5, 137.13, 6, 153),
    (6, 1042.2, 23, 58), (7, 1484.44, 21, 58), (8, 144.91, 7, 48), (9, 161.24, 7, 249), (10, 354.94, 6, 257),
    (11, 182.37, 5, 109), (12, 1438.99, 12, 4), (13, 2308.02, 19, 16), (14, 152.18, 9, 255);

-- K1 and K2, as published
SELECT (shopanalytics.train_kmeans('k1', 'customers', '{total_spend,n_orders}', 'id', init_centers => '{{123.58,5},{625.44,5}}')).sizes;
SELECT shopanalytics.silhouette('k1', 'customers')::numeric(20, 12);
CREATE TABLE line AS SELECT x FROM generate_series(0, 4) x;
SELECT (shopanalytics.train_kmeans('k2', 'line', scale => 'none', init_centers => '{{0},{4}}')).sizes;
SELECT shopanalytics.silhouette('k2', 'line')::numeric(20, 12);

CREATE TABLE points AS
SELECT i AS id, (hashint4(i) & 1023) / 8.0 + CASE i % 3 WHEN 0 THEN 100 ELSE 0 END AS x,
       (hashint4(i + 1000000) & 4095)::float8 AS y, exp((hashint4(i + 2000000) & 255) / 60.0) AS z
  FROM generate_series(1, 3000) i;
SELECT (shopanalytics.train_kmeans('lloyd', 'points', '{x,y,z}', 'id', k => 4)).status;

-- A sample of the silhouette does not depend on the order of rows
SELECT count(DISTINCT shopanalytics.silhouette('lloyd', source, 500)) AS values
  FROM (VALUES ('points'), ('SELECT * FROM points ORDER BY id DESC'), ('SELECT y, z, x FROM points ORDER BY x')) s (source);
SELECT abs(shopanalytics.silhouette('lloyd', 'points', 2000) - shopanalytics.silhouette('lloyd', 'points')) < 0.03 AS near;
-- the definition in plain SQL
WITH l AS (SELECT id, shopanalytics.cluster('lloyd', p) AS label, x, y, z FROM points p WHERE id <= 200),
     d AS (SELECT a.id, a.label, b.label AS other, avg(sqrt(((a.x - b.x) / s.x) ^ 2 + ((a.y - b.y) / s.y) ^ 2 + ((a.z - b.z) / s.z) ^ 2)) AS mean
             FROM l a JOIN l b ON a.id <> b.id, (SELECT max(x) - min(x) AS x, max(y) - min(y) AS y, max(z) - min(z) AS z FROM points) s
            GROUP BY 1, 2, 3),
     e AS (SELECT id, min(mean) FILTER (WHERE label = other) AS own, min(mean) FILTER (WHERE label <> other) AS next FROM d GROUP BY id)
SELECT abs(avg((next - own) / greatest(next, own)) - shopanalytics.silhouette('lloyd', 'SELECT * FROM points WHERE id <= 200')) < 1e-9 AS as_defined FROM e;
SELECT shopanalytics.silhouette('lloyd', 'SELECT * FROM points WHERE false');

-- each row alone; one cluster with rows; rows that are all the same; rows with NULL left out
SELECT (shopanalytics.train_kmeans('each', 'line', k => 5)).sizes;
SELECT shopanalytics.silhouette('each', 'line');
SELECT shopanalytics.silhouette('k2', 'SELECT * FROM line WHERE x < 2');
SELECT shopanalytics.silhouette('k2', 'SELECT 1 AS x FROM generate_series(1, 100)');
SELECT shopanalytics.silhouette('k2', 'SELECT * FROM line UNION ALL SELECT NULL')::numeric(20, 12);

-- Errors
SELECT shopanalytics.silhouette('lloyd', 'points', 1);
SELECT shopanalytics.silhouette('lloyd', NULL);
SELECT shopanalytics.silhouette('lloyd', 'line');

SELECT shopanalytics.silhouette('nothing', 'points');
-- It can be cancelled
\set VERBOSITY terse
SET statement_timeout = '100ms';
SELECT shopanalytics.silhouette('k2', 'SELECT random() * 5 AS x FROM generate_series(1, 100000)', 100000);
RESET statement_timeout;
\set VERBOSITY default

DELETE FROM shopanalytics.model WHERE name NOT IN (SELECT name FROM models_before);
SET client_min_messages = warning;
DROP SCHEMA silhouette_test CASCADE;
