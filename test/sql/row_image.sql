-- Images of rows: jsonb from which the row comes back, the same in any session.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET extra_float_digits = 1;
CREATE SCHEMA image_test;
CREATE TYPE image_test.mood AS ENUM ('good', 'bad');
CREATE TYPE image_test.pair AS (a integer, b text);
CREATE DOMAIN image_test.price AS numeric(10, 3) CHECK (value >= 0);
CREATE TABLE image_test.value (i2 smallint, i4 integer, i8 bigint, n numeric, f4 real, f8 double precision, b boolean, t text, v varchar(20), c char(5), y bytea,
    d date, ts timestamp, tz timestamptz, ti time, tt timetz, iv interval, u uuid, e image_test.mood, a integer[], at text[], p image_test.pair, pr image_test.price,
    r numrange, mr datemultirange, m money, j jsonb, x inet, bits bit varying, o oid, pt point, ch "char", nm name);

-- jsonb images fidelity: each value comes back as it was
INSERT INTO image_test.value DEFAULT VALUES;
INSERT INTO image_test.value VALUES
    (-32768, 2147483647, -9223372036854775808, 1.50, 0.1, 0.1, true, E'a "b" \\ \n é', '', 'ab', '\x00ff5c', '2025-01-31', '2025-01-31 23:59:59.999999', '2025-01-31 23:59:59.5+05:30', '24:00', '10:00-03:30',
     '1 year -2 days 03:04:05.000006', '00000000-0000-0000-0000-0000000000ff', 'bad', '{1,NULL,-3}', '{"a b","",NULL,"{}"}', '(1,"x, y")', 2.5, '[1.50,2)', '{[2025-01-01,2025-02-01)}', -12.34, '{"a": [1, "x", null, true], "b": {}}', '10.0.0.0/8', B'101', 4294967295, '(0.1,-1e300)', 'q', 'n'),
    (0, 0, 0, 'NaN', 'NaN', 'NaN', false, 'null', 'true', '', '', '-infinity', '-infinity', '-infinity', '00:00', '00:00+00', '0', NULL, 'good', '{}', '{}', '(,)', 0, 'empty', '{}', 0, '{}', '::1', '', 0, NULL, '', ''),
    (1, 1, 9007199254740993, 'Infinity', 'Infinity', '-Infinity', NULL, NULL, NULL, NULL, NULL, 'infinity', 'infinity', 'infinity', NULL, NULL, NULL, NULL, NULL, '[-1:0]={7,8}', '{{a,b},{c,d}}', NULL, NULL, '(,)', NULL, NULL, '"x"', NULL, NULL, NULL, NULL, NULL, NULL),
    (2, 2, 2, 1e-40, 1e-45, 5e-324, NULL, NULL, NULL, NULL, NULL, '0044-03-15 BC', '0044-03-15 12:00 BC', '0044-03-15 12:00+00 BC', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '1.50', NULL, NULL, NULL, NULL, NULL, NULL),
    (3, 3, 3, 12345678901234567890123456789.0123456789, 3.4028235e38, 1.7976931348623157e308, NULL, NULL, NULL, NULL, NULL, '5874897-12-31', '294276-12-31 23:59:59.999999', '4714-11-24 00:00+00 BC', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '[]', NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 4, 4, -0.000, '-0', '-0', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'false', NULL, NULL, NULL, NULL, NULL, NULL);
SELECT val.i2, val::text = back::text AS same
  FROM image_test.value val, LATERAL jsonb_populate_record(NULL::image_test.value, shopanalytics._row_image(val)) back ORDER BY i2;
SELECT jsonb_pretty(shopanalytics._row_image(val)) FROM image_test.value val WHERE i2 = -32768;
SELECT jsonb_strip_nulls(shopanalytics._row_image(val)) FROM image_test.value val WHERE i2 IN (0, 1, 4) ORDER BY i2;

-- The same whatever the settings.
CREATE TEMP TABLE before AS SELECT i2, shopanalytics._row_image(val) AS image FROM image_test.value val;
SET timezone = 'America/St_Johns';
SET datestyle = 'SQL, DMY';
SET intervalstyle = sql_standard;
SET extra_float_digits = -15;
SET bytea_output = escape;
SET search_path = image_test;
SELECT count(*) AS different FROM image_test.value val JOIN pg_temp.before b ON b.i2 IS NOT DISTINCT FROM val.i2 WHERE b.image IS DISTINCT FROM shopanalytics._row_image(val);
RESET ALL;
SET timezone = 'UTC';

-- JSON's null is not SQL's, and what looks like its sign is told from it.
SELECT j, shopanalytics._row_image(ROW(j)) FROM (VALUES (1, NULL::jsonb), (2, 'null'), (3, '{"$json": null}'), (4, '{"$json": {"$json": null}}'), (5, '{"$json": 1, "a": 2}'), (6, '[null]')) v (n, j) ORDER BY n;
-- json is text, as it was written
SELECT shopanalytics._row_image(ROW('{"b":1,  "a":1, "a": 2}'::json));
SELECT shopanalytics._row_image(NULL), shopanalytics._row_image(ROW()), shopanalytics._row_image(ROW(1, 'a'::text, NULL::integer));
-- columns in the order of jsonb, also many
SELECT shopanalytics._row_image(r) = to_jsonb(r) AS same, shopanalytics._row_image(r)::text = to_jsonb(r)::text AS same_text
  FROM (SELECT 1 AS b, 2 AS aa, 3 AS a, 5 AS "Z", 6 AS "é") r;
DO $$ BEGIN EXECUTE (SELECT format('CREATE TABLE image_test.wide (%s)', string_agg(format('c%s integer', i), ', ')) FROM generate_series(1, 1600) i); END $$;
INSERT INTO image_test.wide (c1600) VALUES (7);
SELECT shopanalytics._row_image(w) = to_jsonb(w) AS same FROM image_test.wide w;
ALTER TABLE image_test.wide DROP COLUMN c1600;
SELECT shopanalytics._row_image(w) = to_jsonb(w) AS same FROM image_test.wide w;

-- No cast is called, whoever made it.
CREATE FUNCTION image_test.spy(image_test.mood) RETURNS json LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''called''; END';
CREATE CAST (image_test.mood AS json) WITH FUNCTION image_test.spy(image_test.mood);
SELECT to_jsonb(val) FROM image_test.value val WHERE i2 = -32768;
SELECT shopanalytics._row_image(val) -> 'e' AS e FROM image_test.value val WHERE i2 = -32768;
SET client_min_messages = warning;
DROP SCHEMA image_test CASCADE;
