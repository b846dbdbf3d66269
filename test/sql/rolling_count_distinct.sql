-- rolling_count_distinct(): distinct values, made for moving frames.
\pset null '(null)'

-- the frame moves with the days, not the rows; ties see one another
SELECT day, visitor, shopanalytics.rolling_count_distinct(visitor) OVER (ORDER BY day RANGE BETWEEN '6 days' PRECEDING AND CURRENT ROW) AS week,
       shopanalytics.rolling_count_distinct(visitor) OVER (ORDER BY day RANGE BETWEEN CURRENT ROW AND CURRENT ROW) AS day_only
  FROM (VALUES (date '2024-03-01', 'ann'), ('2024-03-01', 'bob'), ('2024-03-01', 'ann'), ('2024-03-02', 'bob'), ('2024-03-07', NULL),
               ('2024-03-08', 'cid'), ('2024-03-08', 'ann'), ('2024-03-20', 'ann')) AS v (day, visitor)
 ORDER BY day, visitor;

-- no row, only NULL, one row
SELECT shopanalytics.rolling_count_distinct(x) FROM (VALUES (1)) AS v (x) WHERE false;
SELECT shopanalytics.rolling_count_distinct(x) FROM (VALUES (NULL::integer), (NULL)) AS v (x);
SELECT shopanalytics.rolling_count_distinct(x) FROM (VALUES (1)) AS v (x);

-- frames without a row, and frames that lose all they had
SELECT i, x, shopanalytics.rolling_count_distinct(x) OVER (ORDER BY i ROWS BETWEEN 3 PRECEDING AND 2 PRECEDING) AS behind,
       shopanalytics.rolling_count_distinct(x) OVER (ORDER BY i ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING) AS ahead,
       shopanalytics.rolling_count_distinct(x) FILTER (WHERE x <> 'b') OVER (ORDER BY i ROWS 2 PRECEDING) AS not_b
  FROM (VALUES (1, 'a'), (2, 'a'), (3, 'b'), (4, NULL), (5, NULL), (6, NULL), (7, NULL), (8, 'b'), (9, 'c')) AS v (i, x)
 ORDER BY i;

-- equal is what the type holds equal
SELECT shopanalytics.rolling_count_distinct(n) AS "numeric", shopanalytics.rolling_count_distinct(f) AS "double precision", shopanalytics.rolling_count_distinct(f::real) AS "real"
  FROM (VALUES (1.0, '0'::float8), (1.00, '-0'), (1.000, 'NaN'), ('NaN', 'NaN'), ('NaN', 'Infinity'), (2, '-Infinity')) AS v (n, f);
SELECT shopanalytics.rolling_count_distinct(i) AS "interval", shopanalytics.rolling_count_distinct(c) AS "character", shopanalytics.rolling_count_distinct(t) AS "text",
       shopanalytics.rolling_count_distinct(j) AS "jsonb", shopanalytics.rolling_count_distinct(r) AS "int4range"
  FROM (VALUES (interval '1 month', 'a'::char(3), 'a', '{"x": 1.0, "y": 2}'::jsonb, int4range '[1,3]'),
               ('30 days', 'a ', 'a ', '{"y": 2, "x": 1.00}', '[1,4)'), ('31 days', 'b', 'b', '{}', 'empty')) AS v (i, c, t, j, r);
CREATE COLLATION ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT i, t, shopanalytics.rolling_count_distinct(t) OVER w AS by_bytes, shopanalytics.rolling_count_distinct(t COLLATE ignore_case) OVER w AS by_letters
  FROM (VALUES (1, 'ann'), (2, 'Ann'), (3, 'ANN'), (4, 'bob'), (5, 'bOb')) AS v (i, t)
WINDOW w AS (ORDER BY i ROWS 1 PRECEDING)
 ORDER BY i;
SELECT i, n, f, shopanalytics.rolling_count_distinct(n) OVER w AS "numeric", shopanalytics.rolling_count_distinct(f) OVER w AS "double precision"
  FROM (VALUES (1, 1.0, '0'::float8), (2, 1.00, '-0'), (3, 1.000, '-0'), (4, 2, '0')) AS v (i, n, f)
WINDOW w AS (ORDER BY i ROWS 1 PRECEDING)
 ORDER BY i;

-- all sorts of types: 50 values, twice each; then frames of 30 rows
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN customer_number AS integer CHECK (VALUE > 0);
CREATE TYPE pair AS (a integer, b text);
CREATE TABLE sort AS
    SELECT i, (i % 50)::smallint AS a_smallint, -(i % 50) AS an_integer, (i % 50 - 25) * 4294967297 AS a_bigint, (i % 50)::oid AS an_oid, i % 2 = 0 AS a_boolean,
           (enum_range(NULL::mood))[1 + i % 3] AS an_enum, date '2024-01-01' + i % 50 AS a_date, time '00:00' + i % 50 * interval '1 s' AS a_time,
           timestamptz '2024-01-01 00:00+00' + i % 50 * interval '1 s' AS a_timestamptz, timestamp '-infinity' AS a_timestamp, chr(65 + i % 50)::"char" AS a_char,
           md5((i % 50)::text)::uuid AS a_uuid, decode(md5((i % 50)::text), 'hex') AS a_bytea, ('n' || i % 50)::name AS a_name, inet '10.0.0.0' + i % 50 AS an_inet,
           ROW (i % 50, 'x')::pair AS a_record, ARRAY[i % 50, NULL] AS an_array, (1 + i % 50)::customer_number AS a_domain, repeat(md5((i % 50)::text), 100) AS a_long_text,
           (i % 50)::numeric AS a_numeric
      FROM generate_series(1, 100) AS i;
SELECT shopanalytics.rolling_count_distinct(a_smallint) AS "smallint", shopanalytics.rolling_count_distinct(an_integer) AS "integer", shopanalytics.rolling_count_distinct(a_bigint) AS "bigint",
       shopanalytics.rolling_count_distinct(an_oid) AS oid, shopanalytics.rolling_count_distinct(a_boolean) AS "boolean", shopanalytics.rolling_count_distinct(an_enum) AS enum,
       shopanalytics.rolling_count_distinct(a_date) AS date, shopanalytics.rolling_count_distinct(a_time) AS "time", shopanalytics.rolling_count_distinct(a_timestamptz) AS "timestamptz",
       shopanalytics.rolling_count_distinct(a_timestamp) AS "timestamp", shopanalytics.rolling_count_distinct(a_char) AS "char"
  FROM sort;
SELECT shopanalytics.rolling_count_distinct(a_uuid) AS uuid, shopanalytics.rolling_count_distinct(a_bytea) AS bytea, shopanalytics.rolling_count_distinct(a_name) AS name,
       shopanalytics.rolling_count_distinct(an_inet) AS inet, shopanalytics.rolling_count_distinct(a_record) AS record, shopanalytics.rolling_count_distinct(an_array) AS "array",
       shopanalytics.rolling_count_distinct(a_domain) AS domain, shopanalytics.rolling_count_distinct(a_long_text) AS long_text, shopanalytics.rolling_count_distinct(a_numeric) AS "numeric"
  FROM sort;
SELECT min(least(u, b, n, t, r, a, l)), max(greatest(u, b, n, t, r, a, l))
  FROM (SELECT i, shopanalytics.rolling_count_distinct(a_uuid) OVER w AS u, shopanalytics.rolling_count_distinct(a_bigint) OVER w AS b,
               shopanalytics.rolling_count_distinct(a_numeric) OVER w AS n, shopanalytics.rolling_count_distinct(a_timestamptz) OVER w AS t,
               shopanalytics.rolling_count_distinct(a_record) OVER w AS r, shopanalytics.rolling_count_distinct(an_array) OVER w AS a,
               shopanalytics.rolling_count_distinct(a_long_text) OVER w AS l
          FROM sort WINDOW w AS (ORDER BY i ROWS 29 PRECEDING)) AS s
 WHERE i >= 30;

-- Random histories against two oracles: a self-join for what a join can say, and the
-- values of the same frame, collected by array_agg, for frames of all kinds.
CREATE TABLE visit AS
    SELECT h, i, ('x' || substr(md5(format('d%s.%s', h, i)), 1, 4))::bit(16)::int % 20 AS day,
           CASE WHEN r % 9 > 0 THEN r % 5 END AS v
      FROM generate_series(1, 24000) AS h, LATERAL (SELECT 1 + ('x' || substr(md5('n' || h), 1, 4))::bit(16)::int % 9 AS n) AS c,
           generate_series(1, n) AS i, LATERAL (SELECT ('x' || substr(md5(format('v%s.%s', h, i)), 1, 4))::bit(16)::int AS r) AS random;
SELECT count(DISTINCT h) AS histories FROM visit;
ALTER TABLE visit ADD PRIMARY KEY (h, i);
ANALYZE visit;
SELECT count(*) AS rows, count(*) FILTER (WHERE ours IS DISTINCT FROM week OR ours_text IS DISTINCT FROM week) AS differing
  FROM (SELECT h, i, shopanalytics.rolling_count_distinct(v) OVER w AS ours, shopanalytics.rolling_count_distinct('v' || v) OVER w AS ours_text
          FROM visit WINDOW w AS (PARTITION BY h ORDER BY date '2024-01-01' + day RANGE '6 days' PRECEDING)) AS o
  JOIN (SELECT a.h, a.i, count(DISTINCT b.v) AS week FROM visit AS a JOIN visit AS b ON b.h = a.h AND b.day BETWEEN a.day - 6 AND a.day GROUP BY a.h, a.i) AS j USING (h, i);
CREATE FUNCTION differences(frame text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    result bigint;
BEGIN
    EXECUTE format('SELECT count(*) FILTER (WHERE a <> n OR b <> n)
                      FROM (SELECT shopanalytics.rolling_count_distinct(v) OVER w AS a, shopanalytics.rolling_count_distinct(v * 1.50) OVER w AS b, array_agg(v) OVER w AS vs
                              FROM visit WHERE h <= 3000 WINDOW w AS (PARTITION BY h ORDER BY day %s)) AS t, LATERAL (SELECT count(DISTINCT v) AS n FROM unnest(vs) AS v) AS oracle', frame) INTO result;
    RETURN result;
END $$;
SELECT frame, differences(frame)
  FROM (VALUES ('RANGE BETWEEN 6 PRECEDING AND CURRENT ROW'), ('RANGE BETWEEN 9 PRECEDING AND 3 PRECEDING'), ('RANGE BETWEEN CURRENT ROW AND 5 FOLLOWING'),
               (', i ROWS 2 PRECEDING'), (', i ROWS BETWEEN 1 FOLLOWING AND 3 FOLLOWING'), (', i DESC ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING'), ('GROUPS 1 PRECEDING'),
               ('RANGE BETWEEN 6 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW'), ('RANGE BETWEEN 6 PRECEDING AND 2 FOLLOWING EXCLUDE TIES'),
               ('GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE GROUP'), ('ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING'),
               ('ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING')) AS f (frame);

-- states combine: no value, one value, many; in some workers or in all
ALTER TABLE visit SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
CREATE FUNCTION partial(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line LIKE '%Partial%Aggregate%' THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;
CREATE VIEW by_group AS
    SELECT h % 1000 AS g, shopanalytics.rolling_count_distinct(h) AS h, shopanalytics.rolling_count_distinct(v) AS v, shopanalytics.rolling_count_distinct(h * 0.10) AS numeric,
           shopanalytics.rolling_count_distinct('u' || h / 2) AS text, shopanalytics.rolling_count_distinct(ROW (day, v)::pair) AS record,
           shopanalytics.rolling_count_distinct((CASE day % 2 WHEN 0 THEN 'v' ELSE 'V' END || v) COLLATE ignore_case) AS letters
      FROM visit GROUP BY g;
SELECT partial('SELECT * FROM by_group');
CREATE TABLE parallel AS SELECT * FROM by_group;
SET max_parallel_workers_per_gather = 0;
SELECT partial('SELECT * FROM by_group');
CREATE TABLE serial AS SELECT * FROM by_group;
CREATE TABLE core AS
    SELECT h % 1000 AS g, count(DISTINCT h) AS h, count(DISTINCT v) AS v, count(DISTINCT h) AS numeric, count(DISTINCT h / 2) AS text,
           count(DISTINCT day * 100 + coalesce(v, 50)) AS record, count(DISTINCT v) AS letters
      FROM visit GROUP BY g;
RESET max_parallel_workers_per_gather;
SELECT count(*) AS groups, count(*) FILTER (WHERE core IS DISTINCT FROM parallel) AS parallel_differs, count(*) FILTER (WHERE core IS DISTINCT FROM serial) AS serial_differs
  FROM core FULL JOIN parallel USING (g) FULL JOIN serial USING (g);
SELECT partial('SELECT shopanalytics.rolling_count_distinct(h * 100 + i) FROM visit');
SELECT shopanalytics.rolling_count_distinct(h * 100 + i) = count(*) AS all_distinct, shopanalytics.rolling_count_distinct('user ' || h) AS histories FROM visit;

-- every partial state empty, of NULL only, or but one
SELECT partial('SELECT shopanalytics.rolling_count_distinct(v) FROM visit WHERE h + i < 0');
SELECT shopanalytics.rolling_count_distinct(v) FROM visit WHERE h + i < 0;
SELECT shopanalytics.rolling_count_distinct(v) FILTER (WHERE v IS NULL), shopanalytics.rolling_count_distinct('v' || v) FILTER (WHERE v IS NULL) FROM visit;
SELECT shopanalytics.rolling_count_distinct(h) FILTER (WHERE h = 24000), shopanalytics.rolling_count_distinct('h' || h) FILTER (WHERE h = 24000) FROM visit;

-- types that cannot say what is equal, or cannot hash it
SELECT shopanalytics.rolling_count_distinct(x) FROM (VALUES ('{}'::json)) AS v (x);
\echo :SQLSTATE
SELECT shopanalytics.rolling_count_distinct(x) FROM (VALUES (1::money)) AS v (x);
SELECT shopanalytics.rolling_count_distinct(x) FROM (VALUES (ARRAY[point '(1,1)'])) AS v (x);
SELECT shopanalytics.rolling_count_distinct(x) FROM (VALUES (ROW (1, '{}'::json))) AS v (x);
\echo :SQLSTATE
SELECT shopanalytics.rolling_count_distinct(x) FROM (SELECT a || b AS x FROM (SELECT 'a' COLLATE "C" AS a, 'b' COLLATE "POSIX" AS b) AS c) AS v;
\echo :SQLSTATE

-- memory has a limit, in every worker and in all together; what leaves the frame is given back
SET shopanalytics.max_group_memory = '64kB';
SELECT shopanalytics.rolling_count_distinct(i) FROM generate_series(1, 3000) AS i;
\echo :SQLSTATE
SELECT shopanalytics.rolling_count_distinct(i) FROM generate_series(1, 1800) AS i;
SELECT shopanalytics.rolling_count_distinct(repeat('x', i)) FROM generate_series(1, 500) AS i;
SELECT max(n) FROM (SELECT shopanalytics.rolling_count_distinct(repeat('x', i)) OVER (ORDER BY i ROWS 9 PRECEDING) AS n FROM generate_series(1, 3000) AS i) AS s;
\set SHOW_CONTEXT never
SELECT shopanalytics.rolling_count_distinct(h * 100 + i) FROM visit WHERE h < 900;
RESET shopanalytics.max_group_memory;

DROP VIEW by_group;
DROP TABLE sort, visit, parallel, serial, core;
DROP FUNCTION differences, partial;
DROP DOMAIN customer_number;
DROP TYPE mood, pair;
DROP COLLATION ignore_case;
