-- Column profile and row counts (A2), over any table.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
\set SHOW_CONTEXT never
CREATE SCHEMA profile_test;
CREATE TYPE profile_test.mood AS ENUM ('sad', 'ok', 'happy');

-- A2: each figure can be counted by eye.  Prices: 2.50 and 2.5 are one value,
-- shown by its least text; 9 sorts below 10 as a number and above it as text.
-- paid: true twice, false twice, so the tie goes to the lesser value.
CREATE TABLE profile_test.sale (
    id integer,
    product text,
    price numeric,
    paid boolean,
    mood profile_test.mood,
    sold_at timestamptz);
INSERT INTO profile_test.sale VALUES
    (1, 'tea', 2.50, true, 'sad', '2026-01-31 10:00+00'),
    (2, 'tea', 2.5, false, 'ok', '-infinity'),
    (3, 'mug', 9, true, 'happy', '2026-02-01 10:00+00'),
    (4, NULL, 10, false, 'happy', 'infinity'),
    (5, 'mug', NULL, NULL, NULL, NULL);
SELECT * FROM shopanalytics.profile_table('profile_test.sale');

-- The most frequent value only, of two columns, in the table's order.
SELECT column_name, top_values
  FROM shopanalytics.profile_table('profile_test.sale', columns => '{mood,product}', top_n => 1);
SELECT column_name, distinct_values, top_values
  FROM shopanalytics.profile_table('profile_test.sale', columns => '{product}', top_n => 0);

-- top_values is JSON in order of frequency.
SELECT p.column_name, v.key AS value, v.value::text::bigint AS rows
  FROM shopanalytics.profile_table('profile_test.sale', columns => '{product,price}') AS p,
       json_each(p.top_values) WITH ORDINALITY AS v (key, value, place)
 ORDER BY p.column_name, v.place;

-- An empty table has no share, a table without columns no row.
CREATE TABLE profile_test.empty (a integer, b json);
CREATE TABLE profile_test.bare ();
INSERT INTO profile_test.bare DEFAULT VALUES;
SELECT * FROM shopanalytics.profile_table('profile_test.empty');
SELECT * FROM shopanalytics.profile_table('profile_test.bare');

-- Types.  Without equality (json, xml, point, and what is made of them): rows
-- and nulls only.  With equality but without order (xid): no min and max.
-- A row value of nulls is a value.
CREATE DOMAIN profile_test.positive AS numeric NOT NULL CHECK (value > 0);
CREATE DOMAIN profile_test.small AS profile_test.positive CHECK (value < 1000);
CREATE DOMAIN profile_test.document AS json;
CREATE TYPE profile_test.pair AS (a integer, b text);
CREATE TYPE profile_test.note AS (a integer, b json);
CREATE COLLATION profile_test.caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE profile_test.kinds (
    gone integer,
    "Odd ""Name" varchar(10),
    fixed char(4),
    caseless text COLLATE profile_test.caseless,
    small profile_test.small,
    real8 float8,
    price money,
    span interval,
    list integer[],
    days daterange,
    pair profile_test.pair,
    data jsonb,
    key uuid,
    bytes bytea,
    tx xid,
    plain json,
    documents json[],
    document profile_test.document,
    note profile_test.note,
    place point,
    markup xml,
    twice numeric GENERATED ALWAYS AS (small * 2) STORED);
ALTER TABLE profile_test.kinds DROP COLUMN gone;
INSERT INTO profile_test.kinds
SELECT v, v, v, n, f, n::money, s, l, r, p, j, k, b, x, '{}', '{}', '{}', '(1,"{}")', '(1,2)', NULL
  FROM (VALUES
    ('b', 1.0::numeric, 'NaN'::float8, '24 hours'::interval, '{1,2}'::integer[], '[2026-01-01,2026-01-03)'::daterange,
     (NULL, NULL)::profile_test.pair, '{"a": 1.0}'::jsonb, '00000000-0000-0000-0000-000000000002'::uuid, '\xff'::bytea, '7'::xid),
    ('B', 1.00, '-Infinity', '1 day', '{1,2}', 'empty', (1, NULL)::profile_test.pair, '{"a": 1.00}', '00000000-0000-0000-0000-000000000002', '\x00', '7'),
    ('a', 20, 0, '-1 month', '{1}', 'empty', (1, NULL)::profile_test.pair, '[]', '00000000-0000-0000-0000-000000000001', '\x00', '10'),
    ('a', 20, '-0', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)) AS t (v, n, f, s, l, r, p, j, k, b, x);
SELECT column_name, data_type, nulls, distinct_values AS "distinct", min, max, average, top_values
  FROM shopanalytics.profile_table('profile_test.kinds', top_n => 2);

-- Averages keep five significant digits at least, two decimals at least.
CREATE TABLE profile_test.number (tiny float8, big bigint, whole numeric, zero integer, huge numeric);
INSERT INTO profile_test.number VALUES
    (0.000012, 9223372036854775807, 1, 0, 'Infinity'), (0.0000123, 9223372036854775805, 2, 0, 1), (NULL, NULL, 2, 0, 1);
SELECT column_name, max, average FROM shopanalytics.profile_table('profile_test.number');

-- Long values are cut for display, not for counting; quotes and line breaks are
-- escaped in top_values.
CREATE TABLE profile_test.long (value text);
INSERT INTO profile_test.long
SELECT v FROM (VALUES (repeat('x', 1000000)), (repeat('x', 1000000) || 'y'), (repeat('z', 40)), (E'a "b"\n{c}, %s %I $1'), ('')) AS t (v);
SELECT distinct_values, min = '' AS min_is_empty, max, top_values FROM shopanalytics.profile_table('profile_test.long');

-- Names that need quotes, of schema, table and column.
CREATE SCHEMA "Profile, ""Test""";
CREATE TABLE "Profile, ""Test"""."select" ("from" integer, "%s" text, "a'b" text, "Ünï" text);
INSERT INTO "Profile, ""Test"""."select" VALUES (1, '%', '''', 'ü');
SELECT column_name, rows, min, top_values FROM shopanalytics.profile_table('"Profile, ""Test"""."select"');
SELECT table_name, kind, rows FROM shopanalytics.row_counts('Profile, "Test"');

-- Views, materialized views, partitioned, inherited and temporary tables.
CREATE VIEW profile_test.sale_view AS SELECT product, price * 2 AS twice FROM profile_test.sale;
CREATE MATERIALIZED VIEW profile_test.sale_stored AS SELECT product FROM profile_test.sale;
CREATE TABLE profile_test.part (day date, x integer) PARTITION BY RANGE (day);
CREATE TABLE profile_test.part_1 PARTITION OF profile_test.part FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE profile_test.part_2 PARTITION OF profile_test.part FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY LIST (x);
CREATE TABLE profile_test.part_2_1 PARTITION OF profile_test.part_2 FOR VALUES IN (1);
INSERT INTO profile_test.part VALUES ('2026-01-01', 5), ('2026-02-01', 1), ('2026-02-02', 1);
CREATE TEMPORARY TABLE sale (t text);
INSERT INTO sale VALUES ('temporary');
SELECT column_name, rows, min, max FROM shopanalytics.profile_table('profile_test.sale_view');
SELECT column_name, rows, min, max FROM shopanalytics.profile_table('profile_test.sale_stored');
SELECT column_name, rows, min, max FROM shopanalytics.profile_table('profile_test.part');
SELECT column_name, rows, min, max FROM shopanalytics.profile_table('profile_test.part_2');
SELECT column_name, rows, min, max FROM shopanalytics.profile_table('sale');

-- A column of a catalog that has no fixed type.
SELECT column_name, data_type, distinct_values, top_values
  FROM shopanalytics.profile_table('pg_catalog.pg_stats', columns => '{most_common_vals}');

-- A2: exact counts.  Partitions are counted in their table, views on request.
SELECT table_name, kind, rows FROM shopanalytics.row_counts('profile_test');
SELECT table_name, kind, rows, size IS NOT NULL AS has_size
  FROM shopanalytics.row_counts('profile_test', views => true)
 WHERE table_name IN ('sale_view', 'empty') ORDER BY table_name COLLATE "C";
SELECT pg_size_bytes(size) > 0 AS has_size FROM shopanalytics.row_counts('profile_test') WHERE table_name = 'part';
CREATE SCHEMA profile_none;
SELECT * FROM shopanalytics.row_counts('profile_none');

-- Oracle: independent SQL over a larger table, nulls and duplicates in it.
CREATE TABLE profile_test.load AS
SELECT nullif(g % 97, 5) AS a, 'v' || g % 1009 AS b, (g * 7 % 500) / 4.0 AS c FROM generate_series(1, 20000) AS g;
SELECT count(*) AS differences
  FROM (SELECT column_name::text, rows, nulls, distinct_values, min, max, average
          FROM shopanalytics.profile_table('profile_test.load')
        EXCEPT
        SELECT * FROM (
            SELECT 'a', count(*), count(*) - count(a), count(DISTINCT a), min(a)::text, max(a)::text, round(avg(a), 3)
              FROM profile_test.load
            UNION ALL
            SELECT 'b', count(*), count(*) - count(b), count(DISTINCT b), min(b), max(b), NULL FROM profile_test.load
            UNION ALL
            SELECT 'c', count(*), count(*) - count(c), count(DISTINCT c), min(c::text), '124.7500000000000000', round(avg(c), 3)
              FROM profile_test.load) AS o) AS d;
SELECT top_values::jsonb = (SELECT jsonb_object_agg(a, n)
                              FROM (SELECT a, count(*) AS n FROM profile_test.load WHERE a IS NOT NULL
                                     GROUP BY a ORDER BY n DESC, a LIMIT 3) AS t) AS same_top
  FROM shopanalytics.profile_table('profile_test.load', columns => '{a}', top_n => 3);

-- The same in parallel, with the table spread over workers.
CREATE TABLE profile_test.serial AS SELECT p::text AS line FROM shopanalytics.profile_table('profile_test.load') AS p;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
ANALYZE profile_test.load;
SELECT count(*) AS same_columns
  FROM shopanalytics.profile_table('profile_test.load') AS p JOIN profile_test.serial AS s ON s.line = p::text;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET parallel_leader_participation;

-- The caller's rights and row security hold.
CREATE ROLE regress_profile_reader;
GRANT USAGE ON SCHEMA profile_test TO regress_profile_reader;
GRANT SELECT (id, product) ON profile_test.sale TO regress_profile_reader;
GRANT SELECT ON profile_test.part TO regress_profile_reader;
ALTER TABLE profile_test.part ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON profile_test.part FOR SELECT TO regress_profile_reader USING (x = 1);
SET ROLE regress_profile_reader;
SELECT column_name, rows, distinct_values FROM shopanalytics.profile_table('profile_test.part');
SELECT column_name, rows, distinct_values FROM shopanalytics.profile_table('profile_test.sale', columns => '{id,product}');
SELECT column_name, rows FROM shopanalytics.profile_table('profile_test.sale'); -- fail, no right to price
SELECT table_name, rows FROM shopanalytics.row_counts('profile_test') WHERE table_name IN ('part', 'sale');
RESET ROLE;

-- No columns wanted, none given.
SELECT count(*) FROM shopanalytics.profile_table('profile_test.sale', columns => '{}');

-- All columns are read under one snapshot, which is the caller's.
SELECT provolatile FROM pg_catalog.pg_proc WHERE oid = 'shopanalytics.profile_table(regclass, name[], integer)'::regprocedure;

-- Errors.
CREATE INDEX sale_id ON profile_test.sale (id);
CREATE SEQUENCE profile_test.counter;
SELECT * FROM shopanalytics.profile_table('profile_test.nowhere');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.profile_table('profile_test.sale_id');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.profile_table('profile_test.counter');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.profile_table('profile_test.pair');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.profile_table(0::regclass);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.profile_table(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.profile_table('profile_test.sale', top_n => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.profile_table('profile_test.sale', top_n => -1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.profile_table('profile_test.sale', columns => '{id,"Id",gone}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.profile_table('profile_test.kinds', columns => '{gone}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.profile_table('profile_test.sale', columns => '{id,NULL}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.row_counts('Profile_Test');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.row_counts(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM shopanalytics.row_counts('profile_test', views => NULL);
\echo :LAST_ERROR_SQLSTATE

SET client_min_messages = warning;
DROP TABLE sale;
DROP SCHEMA profile_test, profile_none, "Profile, ""Test""" CASCADE;
DROP ROLE regress_profile_reader;
