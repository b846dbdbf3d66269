-- cluster, cluster_distance, centers
SET extra_float_digits = 0;
CREATE SCHEMA cluster_test;
SET search_path = cluster_test;
CREATE TEMP TABLE models_before AS SELECT name FROM shopanalytics.model;

-- The rows of S1, in its order.
CREATE TABLE customers (id integer PRIMARY KEY, total_spend float8, n_orders integer, recency_days integer);
INSERT INTO customers VALUES
    (1, 123.58, 5, 53), (2, 625.44, 5, 95), (3, 75.09, 8, 227), (4, 54.8, 4, 318), (5, 137.13, 6, 153),
    (6, 1042.2, 23, 58), (7, 1484.44, 21, 58), (8, 144.91, 7, 48), (9, 161.24, 7, 249), (10, 354.94, 6, 257),
    (11, 182.37, 5, 109), (12, 1438.99, 12, 4), (13, 2308.02, 19, 16), (14, 152.18, 9, 255);

SELECT (shopanalytics.train_kmeans('k1', 'customers', '{total_spend,n_orders}', 'id', init_centers => '{{123.58,5},{625.44,5}}')).sizes;
CREATE TABLE line AS SELECT x FROM generate_series(0, 4) x;
SELECT (shopanalytics.train_kmeans('k2', 'line', scale => 'none', init_centers => '{{0},{4}}')).sizes;

-- K1: by name, whatever other columns and types there are, and by position
SELECT array_agg(shopanalytics.cluster('k1', c) ORDER BY id) AS by_row FROM customers c;
SELECT shopanalytics.cluster('k1', r), shopanalytics.cluster_distance('k1', r)::numeric(20, 9)
  FROM (SELECT 'x' AS more, 23::numeric AS n_orders, 1042.2::numeric AS total_spend) r;
SELECT shopanalytics.cluster('k1', ARRAY[1042.2, 23]), shopanalytics.cluster_distance('k1', ARRAY[1042.2, 23])::numeric(20, 9);

-- K2: halfway between the centers 1 and 3.5
SELECT shopanalytics.cluster('k2', ARRAY[2.25]), shopanalytics.cluster('k2', ARRAY[2.26]), shopanalytics.cluster_distance('k2', ARRAY[-9]);

-- NULL
SELECT shopanalytics.cluster(NULL::text, l) IS NULL, shopanalytics.cluster('k2', NULL::cluster_test.line) IS NULL, shopanalytics.cluster('k2', ARRAY[NULL::float8]) IS NULL,
       shopanalytics.cluster_distance('k2', ARRAY[NULL::float8]) IS NULL FROM line l LIMIT 1;

-- a version, an alias
SELECT (shopanalytics.train_kmeans('k2', 'line', scale => 'none', init_centers => '{{4},{0}}')).version;
SELECT shopanalytics.cluster('k2', ARRAY[0]) AS now, shopanalytics.cluster('k2@1', ARRAY[0]) AS before;
SELECT cluster, size, center FROM shopanalytics.centers('k2@1');

-- Errors
SELECT shopanalytics.cluster('nowhere', l) FROM line l;
SELECT shopanalytics.cluster('k1', l) FROM line l;
SELECT shopanalytics.cluster('k2', ARRAY[1, 2]);
SELECT shopanalytics.cluster('k2', ARRAY[1e200]);
SELECT shopanalytics.predict('k2', l) FROM line l;
SELECT shopanalytics.centers('nowhere');

-- Whatever the bytes of a model are, they are refused or answer
CREATE TABLE refused (bytes integer, length integer, message text);
DO $$
DECLARE
    good bytea := (SELECT state FROM shopanalytics.model_version WHERE model = 'k2' AND version = 1);
    bad bytea;
BEGIN
    FOR i IN 0 .. 2 * length(good) - 1 LOOP
        bad := CASE WHEN i < length(good) THEN substr(good, 1, i) ELSE set_byte(good, i - length(good), 255) END;
        INSERT INTO shopanalytics.model_version (model, version, kind, status, is_usable, state, source, options, metrics)
        VALUES ('k2', 100 + i, 'kmeans', 'ok', true, bad, 'line', '{}', '{}');
        BEGIN
            PERFORM shopanalytics.cluster(format('k2@%s', 100 + i), ARRAY[1]), (SELECT count(*) FROM shopanalytics.centers(format('k2@%s', 100 + i)));
        EXCEPTION WHEN data_exception OR protocol_violation OR wrong_object_type THEN
            INSERT INTO refused VALUES (i, length(good), sqlerrm);
        END;
    END LOOP;
END
$$;
SELECT count(*) FILTER (WHERE bytes < length) = length AS all_cut_ones, count(*) FILTER (WHERE bytes >= length) > 20 AS many_changed_ones FROM refused GROUP BY length;

DELETE FROM shopanalytics.model WHERE name NOT IN (SELECT name FROM models_before);
SET client_min_messages = warning;
DROP SCHEMA cluster_test CASCADE;
