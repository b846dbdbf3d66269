-- train_kmeans (E4)
SET extra_float_digits = 0;
CREATE SCHEMA kmeans_test;
SET search_path = kmeans_test;
CREATE TEMP TABLE models_before AS SELECT name FROM shopanalytics.model;

-- What a training returned, without its time; numbers to ten digits.
CREATE FUNCTION brief(r shopanalytics.kmeans_result) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s v%s %s: k %s, n %s, skipped %s, inertia %s, converged %s, sizes %s, vip %s', r.model, r.version, r.status, r.k, r.n,
                  r.n_skipped, r.inertia::numeric(30, 10), r.converged, r.sizes, coalesce(r.vip_cluster::text, 'none'))
$$;

-- The rows of S1, in its order.
CREATE TABLE customers (id integer PRIMARY KEY, total_spend float8, n_orders integer, recency_days integer);
INSERT INTO customers VALUES
    (1, 123.58, 5, 53), (2, 625.44, 5, 95), (3, 75.09, 8, 227), (4, 54.8, 4, 318), (5, 137.13, 6, 153),
    (6, 1042.2, 23, 58), (7, 1484.44, 21, 58), (8, 144.91, 7, 48), (9, 161.24, 7, 249), (10, 354.94, 6, 257),
    (11, 182.37, 5, 109), (12, 1438.99, 12, 4), (13, 2308.02, 19, 16), (14, 152.18, 9, 255);

-- S1: with one cluster the center is the mean, and a distance from it is one in scaled units
SELECT brief(shopanalytics.train_kmeans('s1', 'customers', '{total_spend,n_orders,recency_days}', 'id', k => 1, scale => 'standard'));
SELECT term, center::numeric(20, 9), center_scaled::numeric(20, 9)
  FROM shopanalytics.centers('s1'),
       LATERAL (SELECT avg((to_jsonb(c) ->> term)::float8) FROM customers c) a
 WHERE abs(center - avg) < 1e-9 * avg;
SELECT abs(shopanalytics.cluster_distance('s1', c) / sqrt(0.689972962976387 ^ 2 + 0.770318515078559 ^ 2 + 0.814728851180109 ^ 2) - 1) < 1e-12 AS as_published
  FROM customers c WHERE id = 1;
SELECT brief(shopanalytics.train_kmeans('s1', 'customers', '{total_spend,n_orders,recency_days}', 'id', k => 2, init_centers => '{{123.58,5,53},{2308.02,23,318}}', max_iterations => 0));
SELECT center_scaled::numeric(20, 12) FROM shopanalytics.centers('s1') WHERE cluster = 1;
SELECT shopanalytics.cluster('s1', c), abs(shopanalytics.cluster_distance('s1', c)) < 1e-12 AS at_its_center FROM customers c WHERE id = 1;

-- K1: labels, centers and inertia as published
SELECT brief(shopanalytics.train_kmeans('k1', 'customers', '{total_spend,n_orders}', 'id', init_centers => '{{123.58,5},{625.44,5}}'));
SELECT cluster, size, term, center, center_scaled::numeric(20, 12), is_vip FROM shopanalytics.centers('k1');
SELECT array_agg(shopanalytics.cluster('k1', c) ORDER BY id) AS by_row,
       array_agg(shopanalytics.cluster('k1', ARRAY[total_spend, n_orders]) ORDER BY id) AS by_array,
       sum(shopanalytics.cluster_distance('k1', c) ^ 2)::numeric(20, 12) AS inertia,
       sum(shopanalytics.cluster_distance('k1', ARRAY[total_spend, n_orders]) ^ 2)::numeric(20, 12) AS inertia_by_array
  FROM customers c;
SELECT (shopanalytics.train_kmeans('k1', 'customers', '{total_spend,n_orders}', 'id', init_centers => '{{123.58,5},{625.44,5}}', max_iterations => i)).inertia::numeric(20, 12)
  FROM generate_series(0, 2) i;

-- K2: the row in the middle goes to the lower number
CREATE TABLE line AS SELECT x FROM generate_series(0, 4) x;
SELECT brief(shopanalytics.train_kmeans('k2', 'line', scale => 'none', init_centers => '{{0},{4}}'));
SELECT cluster, size, term, center, center_scaled FROM shopanalytics.centers('k2');
SELECT array_agg(shopanalytics.cluster('k2', l) ORDER BY x) FROM line l;
SELECT (shopanalytics.train_kmeans('k2', 'line', scale => 'none', init_centers => '{{0},{4}}', max_iterations => i)).inertia
  FROM generate_series(0, 1) i;
-- Two clusters of few terms are told apart by their border, of many by distances: constants make many of few, and whole
-- numbers have ties
CREATE TABLE grid AS SELECT i AS id, i % 7 AS a, i / 7 % 7 AS b, i / 49 % 5 AS c, i % 3 AS d, 1 AS e, 1 AS f, 1 AS g, 1 AS h FROM generate_series(0, 2499) i;
SELECT terms, scale, bool_and(few = many) AS same, count(DISTINCT few) AS seeds
  FROM (SELECT terms, scale, seed,
               (SELECT (t.inertia, t.iterations, t.sizes) FROM shopanalytics.train_kmeans('k2', 'grid', terms, 'id', n_init => 1, scale => scale, seed => seed) t)::text AS few,
               (SELECT (t.inertia, t.iterations, t.sizes) FROM shopanalytics.train_kmeans('k2', 'grid', terms || '{e,f,g,h}', 'id', n_init => 1, scale => scale, seed => seed) t)::text AS many
          FROM (VALUES ('{a}'::text[]), ('{a,b}'), ('{a,b,c}'), ('{a,b,c,d}')) t (terms), unnest(ARRAY['minmax', 'standard', 'none']) scale, generate_series(1, 6) seed) r
 GROUP BY 1, 2 ORDER BY 1, 2;
CREATE TABLE tenths AS SELECT x / 10.0::float8 AS x, y / 10.0::float8 AS y, 1 AS e, 1 AS f, 1 AS g FROM generate_series(0, 10) x, generate_series(0, 10) y;
SET client_min_messages = warning;
SELECT count(*) AS pairs, count(*) FILTER (WHERE few.sizes = many.sizes AND few.inertia = many.inertia) AS same
  FROM generate_series(0, 10) i, generate_series(0, 10) j, generate_series(0, 10, 3) h,
       shopanalytics.train_kmeans('k2', 'tenths', '{x,y}', scale => 'none', max_iterations => 1, init_centers => ARRAY[[i / 10.0, h / 10.0], [j / 10.0, 0.7]]) few,
       shopanalytics.train_kmeans('k2', 'tenths', '{x,y,e,f,g}', scale => 'none', max_iterations => 1, init_centers => ARRAY[[i / 10.0, h / 10.0, 1, 1, 1], [j / 10.0, 0.7, 1, 1, 1]]) many;
RESET client_min_messages;

-- Lloyd's algorithm in plain SQL, from given centers, numbers min-max scaled: the labels of the rows.
CREATE FUNCTION plain_lloyd(names text[], starts integer[]) RETURNS TABLE (id integer, label integer) LANGUAGE plpgsql AS $$
DECLARE
    moved bigint := 1;
BEGIN
    CREATE TEMP TABLE scaled ON COMMIT DROP AS
    SELECT p.id, n.name, (v.x - min(v.x) OVER w) / (max(v.x) OVER w - min(v.x) OVER w) AS x
      FROM points p, unnest(names) n (name), LATERAL (SELECT (to_jsonb(p) ->> n.name)::float8) v (x)
    WINDOW w AS (PARTITION BY n.name);
    CREATE TEMP TABLE center ON COMMIT DROP AS
    SELECT array_position(starts, s.id) AS label, s.name, s.x FROM scaled s WHERE s.id = ANY (starts);
    CREATE TEMP TABLE labels ON COMMIT DROP AS SELECT p.id, 0 AS label FROM points p;
    WHILE moved > 0 LOOP
        UPDATE labels SET label = nearest.label
          FROM (SELECT DISTINCT ON (d.id) d.id, d.label
                  FROM (SELECT s.id, c.label, sum((s.x - c.x) ^ 2) AS distance FROM scaled s JOIN center c USING (name) GROUP BY s.id, c.label) d
                 ORDER BY d.id, d.distance, d.label) nearest
         WHERE nearest.id = labels.id AND nearest.label <> labels.label;
        GET DIAGNOSTICS moved = ROW_COUNT;
        DELETE FROM center;
        INSERT INTO center SELECT l.label, s.name, avg(s.x) FROM scaled s JOIN labels l USING (id) GROUP BY 1, 2;
    END LOOP;
    RETURN QUERY SELECT l.id, l.label FROM labels l;
END
$$;
CREATE TABLE points AS
SELECT i AS id, (hashint4(i) & 1023) / 8.0 + CASE i % 3 WHEN 0 THEN 100 ELSE 0 END AS x,
       (hashint4(i + 1000000) & 4095)::float8 AS y, exp((hashint4(i + 2000000) & 255) / 60.0) AS z
  FROM generate_series(1, 3000) i;
SELECT brief(shopanalytics.train_kmeans('lloyd', 'points', '{x,y,z}', 'id', k => 4, init_centers => (
    SELECT array_agg(ARRAY[x, y, z] ORDER BY id) FROM points WHERE id <= 4)));
SELECT label, count(*), count(*) FILTER (WHERE shopanalytics.cluster('lloyd', p) <> label) AS differ
  FROM points p JOIN plain_lloyd('{x,y,z}', '{1,2,3,4}') USING (id) GROUP BY label ORDER BY label;

-- Any order of rows: the same model, to the last bit; so with temporary files
CREATE FUNCTION state(model text) RETURNS text LANGUAGE sql AS $$
    SELECT md5(v.state) FROM shopanalytics.model_version v WHERE v.model = state.model ORDER BY version DESC LIMIT 1
$$;
CREATE FUNCTION state_of(source text, settings text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT FROM shopanalytics.train_kmeans(%L, %L, %L, %s)', 'any_order', source, '{x,y,z}', settings);
    RETURN state('any_order');
END
$$;
CREATE TABLE settings (n integer, setting text);
INSERT INTO settings VALUES
    (1, $$k => 2$$), (2, $$k => 5, key_column => 'id'$$), (3, $$k => 9, scale => 'standard'$$), (4, $$k => 3, scale => 'none', init => 'random', n_init => 3$$),
    (5, $$k => 4, weight_column => 'z'$$), (6, $$k => 3, vip_features => '{x,y}', seed => 7$$), (7, $$k => 40, n_init => 2$$);
SELECT n, count(DISTINCT state_of(source, setting)) AS models
  FROM settings, (VALUES ('SELECT * FROM points'), ('SELECT * FROM points ORDER BY id DESC'), ('SELECT * FROM points ORDER BY hashint4(id)')) s (source)
 GROUP BY n ORDER BY n;
CREATE TABLE many AS SELECT i AS id, (hashint4(i) & 65535)::float8 AS x, (hashint4(-i) & 255)::float8 AS y, (i % 100)::float8 AS z FROM generate_series(1, 60000) i;
SELECT state_of('many', 'k => 3, n_init => 2') AS in_memory \gset
SET shopanalytics.intake_memory = '1MB';
SELECT state_of('many', 'k => 3, n_init => 2') = :'in_memory' AS same;
RESET shopanalytics.intake_memory;

-- What is stored is what was trained: sizes, inertia, clusters of rows, for starts of our own
CREATE TABLE trained AS
SELECT scale, (shopanalytics.train_kmeans('stored', 'points', '{x,y,z}', 'id', k => 4, scale => scale)).* FROM (VALUES ('minmax'), ('standard'), ('none')) s (scale);
SELECT scale, status, sizes = (SELECT array_agg(count ORDER BY c) FROM (SELECT shopanalytics.cluster(format('stored@%s', version), p) AS c, count(*) FROM points p GROUP BY 1) q) AS sizes,
       abs((SELECT sum(shopanalytics.cluster_distance(format('stored@%s', version), p) ^ 2) FROM points p) / inertia - 1) < 1e-9 AS inertia,
       sizes = ARRAY(SELECT unnest(sizes) ORDER BY 1 DESC) AS largest_first
  FROM trained;
-- a center is the mean of its rows
SELECT count(*), count(*) FILTER (WHERE abs(c.center - m.mean) > 1e-9 * abs(m.mean)) AS wrong
  FROM trained t, shopanalytics.centers(format('stored@%s', t.version)) c,
       LATERAL (SELECT avg((to_jsonb(p) ->> c.term)::float8) AS mean FROM points p WHERE shopanalytics.cluster(format('stored@%s', t.version), p) = c.cluster) m;
-- more starts are not worse, and none beats them
SELECT ten.inertia <= one.inertia AS ten_are_not_worse
  FROM shopanalytics.train_kmeans('starts', 'points', '{x,y,z}', k => 6) ten,
       shopanalytics.train_kmeans('starts', 'points', '{x,y,z}', k => 6, n_init => 1) one;

-- Weights: a row of weight 3 is three rows
CREATE TABLE weighted AS SELECT id, x, y, 1 + id % 3 AS weight FROM points WHERE id <= 300;
CREATE TABLE repeated AS SELECT w.* FROM weighted w, generate_series(1, weight);
SELECT abs(a.inertia / b.inertia - 1) < 1e-9 AS same_inertia, b.n, a.n, a.sizes
  FROM shopanalytics.train_kmeans('weights', 'weighted', '{x,y}', weight_column => 'weight', k => 3, init_centers => '{{0,0},{50,2000},{150,4000}}') a,
       shopanalytics.train_kmeans('repeats', 'repeated', '{x,y}', k => 3, init_centers => '{{0,0},{50,2000},{150,4000}}') b;
SELECT count(*) FILTER (WHERE abs(a.center - b.center) > 1e-9 * abs(b.center)) AS centers_differ
  FROM shopanalytics.centers('weights') a JOIN shopanalytics.centers('repeats') b USING (cluster, term);
SELECT brief(shopanalytics.train_kmeans('w', 'SELECT x, y, 0 AS weight FROM points', weight_column => 'weight'));
SELECT brief(shopanalytics.train_kmeans('w', 'SELECT x, y, -1 AS weight FROM points', weight_column => 'weight'));

-- E4: the cluster of the highest means comes first, whatever its size
SELECT brief(shopanalytics.train_kmeans('vip', 'customers', '{total_spend,n_orders}', 'id', vip_features => '{total_spend,n_orders}'));
SELECT cluster, size, term, center, is_vip FROM shopanalytics.centers('vip');
SELECT brief(shopanalytics.train_kmeans('vip', 'customers', '{total_spend,n_orders}', 'id'));
-- given centers keep their numbers
SELECT brief(shopanalytics.train_kmeans('vip', 'customers', '{total_spend,n_orders}', 'id', vip_features => '{total_spend}', init_centers => '{{123.58,5},{625.44,5}}'));

-- A cluster without rows gets the row that is farthest from the others
SELECT brief(shopanalytics.train_kmeans('empty', 'line', scale => 'none', k => 3, init_centers => '{{0},{4},{1000}}'));
SELECT cluster, size, center FROM shopanalytics.centers('empty');
SELECT brief(shopanalytics.train_kmeans('empty', 'line', scale => 'none', k => 3, init_centers => '{{0},{4},{1000}}', max_iterations => 0));

-- NULL: the row is left out and counted, or filled
CREATE TABLE gaps (id integer, x float8, y numeric);
INSERT INTO gaps VALUES (1, 0, 1), (2, NULL, 1), (3, 10, NULL), (4, 1, 2), (5, 9, 10), (6, 10, 9), (7, NULL, NULL);
SELECT brief(shopanalytics.train_kmeans('gaps', 'gaps', '{x,y}', 'id'));
SELECT id, shopanalytics.cluster('gaps', g), shopanalytics.cluster_distance('gaps', g) IS NULL AS no_distance FROM gaps g ORDER BY id;
SELECT brief(shopanalytics.train_kmeans('gaps', 'gaps', '{x,y}', 'id', null_policy => 'mean'));
SELECT brief(shopanalytics.train_kmeans('gaps', 'SELECT * FROM gaps WHERE x IS NULL', '{x,y}', 'id'));

-- One row, all rows the same, k = n, fewer different rows than clusters
SELECT brief(shopanalytics.train_kmeans('few', 'SELECT 5 AS x, 7 AS y', k => 1));
SELECT cluster, size, term, center, center_scaled FROM shopanalytics.centers('few');
SELECT shopanalytics.cluster('few', ARRAY[5, 7]), shopanalytics.cluster_distance('few', ARRAY[6, 7]);
SELECT brief(shopanalytics.train_kmeans('few', 'SELECT 5 AS x, 7 AS y FROM generate_series(1, 300)', scale => s)) FROM unnest('{minmax,standard,none}'::text[]) s;
SELECT brief(shopanalytics.train_kmeans('few', 'line', k => 5));
SELECT array_agg(center ORDER BY cluster) FROM shopanalytics.centers('few');
SELECT brief(shopanalytics.train_kmeans('few', 'SELECT x / 2 AS x FROM line', k => 5));
SELECT brief(shopanalytics.train_kmeans('few', 'SELECT x / 2 AS x FROM line', k => 5, init_centers => '{{0},{0},{1},{1},{2}}'));
SELECT brief(shopanalytics.train_kmeans('few', 'line', k => 6));
-- a constant feature is left out of account
SELECT brief(shopanalytics.train_kmeans('few', 'SELECT x, 3 AS c FROM line', init_centers => '{{0,3},{4,3}}'));
SELECT shopanalytics.cluster('few', ARRAY[0, 1000000]), shopanalytics.cluster('few', ARRAY[4, -1000000]);
-- one far off: the others are still told apart
SELECT brief(shopanalytics.train_kmeans('far', 'SELECT 1e9::float8 AS x UNION ALL SELECT i % 2 * 10 + i / 100.0 FROM generate_series(1, 100) i', k => 3));
SELECT cluster, size, center::numeric(20, 3) FROM shopanalytics.centers('far');
-- the widest and the narrowest that there are
SELECT brief(shopanalytics.train_kmeans('wide', 'SELECT x * 1e307 AS x FROM line'));
SELECT brief(shopanalytics.train_kmeans('wide', 'SELECT x * 4.9e-324::float8 AS x FROM line'));
SELECT brief(shopanalytics.train_kmeans('wide', 'SELECT (x - 2) * 8e307 AS x FROM line'));
SELECT brief(shopanalytics.train_kmeans('wide', 'SELECT x * 1e307 AS x FROM line', scale => 'none'));

-- Categories are terms of 0 and 1; boolean is a number
SELECT brief(shopanalytics.train_kmeans('kinds', $$SELECT CASE WHEN x > 2 THEN 'web' ELSE 'shop' END AS channel, x > 2 AS late FROM line, generate_series(1, 10)$$));
SELECT cluster, size, term, center FROM shopanalytics.centers('kinds');
SELECT shopanalytics.cluster('kinds', r) FROM (VALUES ('web', true), ('shop', false), ('phone', NULL)) r (channel, late);

-- Errors
SELECT shopanalytics.train_kmeans('e', 'line', k => 0);
SELECT shopanalytics.train_kmeans('e', 'line', k => NULL);
SELECT shopanalytics.train_kmeans('e', 'line', k => 1001);
SELECT shopanalytics.train_kmeans('e', 'line', scale => 'robust');
SELECT shopanalytics.train_kmeans('e', 'line', init => 'farthest');
SELECT shopanalytics.train_kmeans('e', 'line', n_init => 0);
SELECT shopanalytics.train_kmeans('e', 'line', max_iterations => -1);
SELECT shopanalytics.train_kmeans('e', 'line', tolerance => 'NaN');
SELECT shopanalytics.train_kmeans('e', 'line', tolerance => NULL);
SELECT shopanalytics.train_kmeans('e', 'line', init_centers => '{{0},{1},{2}}');
SELECT shopanalytics.train_kmeans('e', 'line', init_centers => '{0,1}');
SELECT shopanalytics.train_kmeans('e', 'line', init_centers => '{{0},{NULL}}');
SELECT shopanalytics.train_kmeans('e', 'line', init_centers => '{{0},{Infinity}}');
SELECT shopanalytics.train_kmeans('e', 'line', init_centers => '{{0},{1e300}}');
SELECT shopanalytics.train_kmeans('e', 'line', vip_features => '{y}');
SELECT shopanalytics.train_kmeans('e', 'line', vip_features => '{}');
SELECT shopanalytics.train_kmeans('e', 'line', '{y}');
SELECT shopanalytics.train_kmeans('e', $$SELECT 'Infinity'::float8 AS x UNION ALL SELECT 'NaN'$$);
SELECT shopanalytics.train_kmeans('e@1', 'line');
SELECT shopanalytics.train_kmeans(NULL, 'line');
SELECT shopanalytics.train_kmeans('e', NULL);

-- It can be cancelled
\set VERBOSITY terse
SET statement_timeout = '100ms';
SELECT shopanalytics.train_kmeans('e', 'many', '{x,y,z}', k => 1000, n_init => 1000);
RESET statement_timeout;
\set VERBOSITY default

DELETE FROM shopanalytics.model WHERE name NOT IN (SELECT name FROM models_before);
SET client_min_messages = warning;
DROP SCHEMA kmeans_test CASCADE;
