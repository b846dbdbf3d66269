-- Rows to be scored become numbers as those of the training did.
SET timezone = 'UTC';
CREATE SCHEMA preparation_test;
SET search_path = preparation_test, pg_catalog;

CREATE TABLE orders AS
SELECT i AS id,
       CASE WHEN i % 9 > 0 THEN (i * 37 % 101)::numeric / 4 END AS amount,
       i % 7 AS items,
       (ARRAY['card', 'cod', 'gift', NULL, 'card'])[1 + i * 13 % 5] AS method,
       i % 3 = 0 OR i % 7 = 2 AS flagged
  FROM generate_series(1, 400) i;

CREATE TABLE kinds AS
SELECT i AS id, i % 2 = 0 AS y, i % 3 = 0 AS b, (i * 7)::int2 AS i2, i * 1000 AS i4, i * 10000000000 AS i8,
       (i / 7.0)::float4 AS f4, i / 7.0::float8 AS f8, i / 7.0 AS n,
       date '2024-02-28' + i AS d, timestamp '1969-12-31 23:59:50.25' + i * interval '1.000001 second' AS t,
       timestamptz '2024-03-30 12:00+01' + i * interval '1 hour' AS tz, time '00:00' + i * interval '61 seconds' AS tm,
       make_interval(years => i, months => i, days => -i, secs => i / 3.0) AS iv
  FROM generate_series(1, 40) i;

-- Rows to score: by name, from what can be converted.
CREATE TABLE scored (id int, items bigint, method varchar, amount text, flagged boolean);
CREATE VIEW ready AS SELECT p FROM shopanalytics._preparation('orders', 'flagged', ARRAY['amount', 'items', 'method'], key_column => 'id', null_policy => 'skip', test_fraction => 0) p;
SELECT feature, term, level, level_count, fill FROM ready, shopanalytics._preparation_terms(p);
SELECT shopanalytics._preparation_apply(p, r) FROM ready, (VALUES ('gift', 3::int8, 2.50::numeric, 0), ('none', 1, 1, 0), (NULL, 1, 1, 0), ('card', NULL, 1, 0), ('card', 1, NULL, 0)) r (method, items, amount, more);
SELECT shopanalytics._preparation_apply(p, r) FROM ready, (VALUES ('card'::char(9), ' 3 ', '-2.5e1')) r (method, items, amount);
SELECT shopanalytics._preparation_apply(p, r) FROM ready, (VALUES ('card', 'three', 1)) r (method, items, amount);
SELECT shopanalytics._preparation_apply(p, r) FROM ready, (VALUES ('card', '', 1)) r (method, items, amount);
SELECT shopanalytics._preparation_apply(p, r) FROM ready, (VALUES ('card', '0x10', 1)) r (method, items, amount);
SELECT shopanalytics._preparation_apply(p, r) FROM ready, (VALUES ('card', 'NaN'::float8, 1)) r (method, items, amount);
SELECT shopanalytics._preparation_apply(p, r) FROM ready, (VALUES ('card', date '2024-01-01', 1)) r (method, items, amount);
SELECT shopanalytics._preparation_apply(p, r) FROM ready, (VALUES (1.5::float8, 1, 1)) r (method, items, amount);
SELECT shopanalytics._preparation_apply(p, r) FROM ready, (VALUES ('card', 1)) r (method, price);
SELECT shopanalytics._preparation_apply(p, r) FROM ready, (SELECT 'card' AS method, 1 AS items, 2 AS amount, 3 AS items) r;
SELECT shopanalytics._preparation_apply(p, ROW(1, 2)) FROM ready;
-- What was trained is what is scored.
SELECT count(*) FROM (SELECT shopanalytics._preparation_apply(p, o) FROM ready, orders o WHERE amount IS NOT NULL
                      EXCEPT SELECT terms FROM shopanalytics._dataset('orders', 'flagged', ARRAY['amount', 'items', 'method'], key_column => 'id', test_fraction => 0)) d;
SELECT count(*) FROM (SELECT shopanalytics._preparation_apply(p, k) FROM kinds k, (SELECT shopanalytics._preparation('kinds', 'y', key_column => 'id', test_fraction => 0) OFFSET 0) s (p)
                      EXCEPT SELECT terms FROM shopanalytics._dataset('kinds', 'y', key_column => 'id', test_fraction => 0)) d;
SELECT shopanalytics._preparation_apply(p, r) FROM shopanalytics._preparation('SELECT d, y FROM kinds', 'y') p, (VALUES (timestamptz '1970-01-02 00:00+00')) r (d);
SELECT shopanalytics._preparation_apply(p, r) FROM shopanalytics._preparation('SELECT d, y FROM kinds', 'y') p, (VALUES (5)) r (d);
SELECT shopanalytics._preparation_apply(p, r) FROM shopanalytics._preparation('SELECT items, method, flagged FROM orders', 'flagged', unknown_policy => 'error', null_policy => 'error') p, (VALUES (1, 'new')) r (items, method);
SELECT shopanalytics._preparation_apply(p, r) FROM shopanalytics._preparation('SELECT items, method, flagged FROM orders', 'flagged', unknown_policy => 'error', null_policy => 'error') p, (VALUES (NULL::int, 'card')) r (items, method);
SELECT shopanalytics._preparation_apply(p, r) FROM shopanalytics._preparation('SELECT amount, method, flagged FROM orders', 'flagged', null_policy => 'indicator', prepare => '{"method": {"impute": "skip"}}') p, (VALUES (NULL::int, 'card'), (5, NULL)) r (amount, method);

SELECT shopanalytics._preparation_apply(p, r) FROM shopanalytics._preparation('SELECT amount, items, flagged FROM orders', 'flagged', keep_nulls => true, prepare => '{"items": {"impute": "zero"}}') p, (VALUES (NULL::int, NULL::int), (5, 6)) r (amount, items);

-- Damaged bytes are an error, whatever they are.
CREATE FUNCTION damaged(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count(*) FROM shopanalytics._preparation_terms(bytes);
    RETURN 'read';
EXCEPTION WHEN OTHERS THEN
    RETURN sqlstate;
END $$;
CREATE TEMP TABLE stored AS SELECT shopanalytics._preparation('SELECT id, amount, method, flagged FROM orders', 'flagged', key_column => 'id', null_policy => 'indicator', test_fraction => 0) AS p;
SELECT damaged(substr(p, 1, n)) AS answer, count(*) FROM stored, generate_series(0, octet_length(p)) n GROUP BY 1 ORDER BY 1;
SELECT damaged(p || '\x00') FROM stored;
SELECT bool_and(damaged(set_byte(p, n, b)) IN ('read', '22P03', '08P01', '22021')) AS known FROM stored, generate_series(0, octet_length(p) - 1) n, unnest(ARRAY[0, 1, 2, 3, 4, 5, 9, 127, 128, 254, 255]) b;
SELECT shopanalytics._preparation_terms('\x7fffffff');

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA preparation_test CASCADE;
