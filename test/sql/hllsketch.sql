-- Type hllsketch, approx_distinct_agg, approx_distinct, approx_distinct_error, rollup.
\pset null '(null)'

CREATE FUNCTION error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE query;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', SQLSTATE, SQLERRM, nullif(detail, ''));
END $$;

-- ordinary; NULL is no value
SELECT visitor_day, shopanalytics.approx_distinct(shopanalytics.approx_distinct_agg(visitor)) AS visitors,
       shopanalytics.approx_distinct(shopanalytics.approx_distinct_agg(visitor, 10)) AS at_10
  FROM (VALUES (1, 'ann'), (1, 'bob'), (1, 'ann'), (2, 'bob'), (2, NULL), (3, NULL)) AS v (visitor_day, visitor)
 GROUP BY visitor_day ORDER BY visitor_day;

-- no row, only NULL, one row; a sketch that is NULL is no sketch
SELECT s, shopanalytics.approx_distinct(s), shopanalytics.approx_distinct_error(s) FROM (SELECT shopanalytics.approx_distinct_agg(x) AS s FROM (VALUES (1)) AS v (x) WHERE false) AS s;
SELECT shopanalytics.approx_distinct_agg(x, 10) AS s FROM (VALUES (NULL::integer), (NULL)) AS v (x);
SELECT shopanalytics.approx_distinct_agg(x) AS s FROM (VALUES (1)) AS v (x);
SELECT shopanalytics.rollup(s) AS none, shopanalytics.approx_distinct(NULL), shopanalytics.approx_distinct_error(NULL) FROM (VALUES (NULL::shopanalytics.hllsketch)) AS v (s);
SELECT shopanalytics.rollup(s) AS empty_lowers_nothing FROM (VALUES ('v1/0'::shopanalytics.hllsketch), ('v1/18 0000000000000005'), (NULL), ('v1/0')) AS v (s);

-- The hash is XXH64; its published values.
SELECT v, substr(shopanalytics.approx_distinct_agg(v)::text, 7) AS hash, expected
  FROM (VALUES ('', 'ef46db3751d8e999'), ('a', 'd24ec4f1a98c6e5b'), ('abc', '44bc2cf5ad770999'), ('ABC', 'e66ae7354fcfee98'), ('xxhash', '32dd38952c4bc720'),
               ('message digest', '066ed728fceeb3be'), ('Nobody inspects the spammish repetition', 'fbcea83c8a378bf1')) AS v (v, expected)
 GROUP BY v, expected ORDER BY v COLLATE "C";

-- Of each value the bytes that are hashed, which may never change.
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN customer_number AS bigint;
SELECT what, sketch::text = shopanalytics.approx_distinct_agg(bytes)::text AS agrees
  FROM (SELECT 1 AS n, 'smallint' AS what, shopanalytics.approx_distinct_agg(5::smallint) AS sketch, '\x0500000000000000'::bytea AS bytes
        UNION ALL SELECT 2, 'integer', shopanalytics.approx_distinct_agg(5), '\x0500000000000000'
        UNION ALL SELECT 3, 'bigint', shopanalytics.approx_distinct_agg(5::bigint), '\x0500000000000000'
        UNION ALL SELECT 4, 'domain', shopanalytics.approx_distinct_agg(5::customer_number), '\x0500000000000000'
        UNION ALL SELECT 5, 'negative', shopanalytics.approx_distinct_agg(x), '\xfeffffffffffffff' FROM (SELECT -2::smallint AS x) AS v
        UNION ALL SELECT 6, 'negative', shopanalytics.approx_distinct_agg(-2), '\xfeffffffffffffff'
        UNION ALL SELECT 7, 'bigint', shopanalytics.approx_distinct_agg(-9223372036854775808), '\x0000000000000080'
        UNION ALL SELECT 8, 'oid', shopanalytics.approx_distinct_agg(4294967295::oid), '\xffffffff00000000'
        UNION ALL SELECT 9, 'boolean', shopanalytics.approx_distinct_agg(true), '\x0100000000000000'
        UNION ALL SELECT 10, '"char"', shopanalytics.approx_distinct_agg('a'::"char"), '\x6100000000000000'
        UNION ALL SELECT 11, 'date', shopanalytics.approx_distinct_agg(date '1999-12-31'), '\xffffffffffffffff'
        UNION ALL SELECT 12, 'time', shopanalytics.approx_distinct_agg(time '00:00:01'), '\x40420f0000000000'
        UNION ALL SELECT 13, 'timestamp', shopanalytics.approx_distinct_agg(timestamp '2000-01-01 00:00:01'), '\x40420f0000000000'
        UNION ALL SELECT 14, 'timestamptz', shopanalytics.approx_distinct_agg(timestamptz 'infinity'), '\xffffffffffffff7f'
        UNION ALL SELECT 15, 'real', shopanalytics.approx_distinct_agg(1.5::real), '\x000000000000f83f'
        UNION ALL SELECT 16, 'double precision', shopanalytics.approx_distinct_agg(1.5::float8), '\x000000000000f83f'
        UNION ALL SELECT 17, 'zero', shopanalytics.approx_distinct_agg(x), '\x0000000000000000' FROM (VALUES ('0'::float8), ('-0')) AS v (x)
        UNION ALL SELECT 18, 'zero', shopanalytics.approx_distinct_agg(x), '\x0000000000000000' FROM (VALUES ('-0'::real)) AS v (x)
        UNION ALL SELECT 19, 'NaN', shopanalytics.approx_distinct_agg(x), '\x000000000000f87f' FROM (VALUES ('NaN'::float8), ('Infinity'::float8 - 'Infinity'::float8 / 2 * 'NaN')) AS v (x)
        UNION ALL SELECT 20, 'numeric', shopanalytics.approx_distinct_agg(x), '\x000200000000000000011388' FROM (VALUES (1.5), (1.50), (1.500000000)) AS v (x)
        UNION ALL SELECT 21, 'numeric', shopanalytics.approx_distinct_agg(x), '\x00010001400000000003' FROM (VALUES (-30000), (-30000.0), (-3e4)) AS v (x)
        UNION ALL SELECT 22, 'zero', shopanalytics.approx_distinct_agg(x), '\x0000000000000000' FROM (VALUES (0), (0.00), (-0.0), (1.5 - 1.50)) AS v (x)
        UNION ALL SELECT 23, 'NaN', shopanalytics.approx_distinct_agg('NaN'::numeric), '\xc000'
        UNION ALL SELECT 24, 'infinity', shopanalytics.approx_distinct_agg('Infinity'::numeric), '\xd000'
        UNION ALL SELECT 25, '-infinity', shopanalytics.approx_distinct_agg('-Infinity'::numeric), '\xf000'
        UNION ALL SELECT 26, 'text', shopanalytics.approx_distinct_agg(text U&'\00e9'), '\xc3a9'
        UNION ALL SELECT 27, 'varchar', shopanalytics.approx_distinct_agg('a '::varchar(5)), '\x6120'
        UNION ALL SELECT 28, 'char', shopanalytics.approx_distinct_agg(x::char(9)), '\x61' FROM (VALUES ('a'::char(3)), ('a')) AS v (x)
        UNION ALL SELECT 29, 'name', shopanalytics.approx_distinct_agg('a'::name), '\x61'
        UNION ALL SELECT 30, 'enum', shopanalytics.approx_distinct_agg('ok'::mood), '\x6f6b'
        UNION ALL SELECT 31, 'uuid', shopanalytics.approx_distinct_agg('00112233-4455-6677-8899-aabbccddeeff'::uuid), '\x00112233445566778899aabbccddeeff'
        UNION ALL SELECT 32, 'inet', shopanalytics.approx_distinct_agg(x), '\x022000040a000001' FROM (VALUES (inet '10.0.0.1'), (inet '10.0.0.1/32')) AS v (x)
        UNION ALL SELECT 33, 'macaddr', shopanalytics.approx_distinct_agg(macaddr '01:02:03:04:05:06'), '\x010203040506'
        UNION ALL SELECT 34, 'bit varying', shopanalytics.approx_distinct_agg(B'101'::bit varying), '\x00000003a0'
        UNION ALL SELECT 35, 'money', shopanalytics.approx_distinct_agg(2::money), '\x00000000000000c8'
        UNION ALL SELECT 36, 'timetz', shopanalytics.approx_distinct_agg('00:00:01+01'::timetz), '\x00000000000f4240fffff1f0') AS v
 GROUP BY n, what, sketch::text ORDER BY n;
-- stored out of line, and compressed
CREATE TABLE long_text AS SELECT i, repeat(md5(i::text), 100) AS compressed, (SELECT string_agg(md5(i || '.' || k), '') FROM generate_series(1, 300) AS k) AS outside FROM generate_series(1, 20) AS i;
INSERT INTO long_text SELECT * FROM long_text;
SELECT shopanalytics.approx_distinct(shopanalytics.approx_distinct_agg(compressed)), shopanalytics.approx_distinct(shopanalytics.approx_distinct_agg(outside)) FROM long_text;

-- what is equal without having the same bytes is refused
CREATE COLLATION ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE pair AS (a integer, b text);
SELECT shopanalytics.approx_distinct_agg(x) FROM (VALUES (interval '1 month')) AS v (x);
SELECT expression, error_of(format('SELECT shopanalytics.approx_distinct_agg(x) FROM (SELECT %s AS x) AS v', expression))
  FROM (VALUES ('''a'' COLLATE ignore_case'), ('''a''::char(3) COLLATE ignore_case'), ('''{}''::json'), ('''{}''::jsonb'), ('ARRAY[1]'), ('ROW (1, ''a'')'), ('ROW (1, ''a'')::pair'),
               ('int4range(1, 3)'), ('point ''(1,1)'''), ('''a''::tsvector'), ('''v1/0''::shopanalytics.hllsketch'), ('''<a/>''::xml')) AS e (expression);
SELECT error_of('SELECT shopanalytics.approx_distinct_agg(a || b) FROM (SELECT ''a'' COLLATE "C" AS a, ''b'' COLLATE "POSIX" AS b) AS v');

-- the precision
SELECT call, error_of(format('SELECT shopanalytics.approx_distinct_agg(i, %s) FROM generate_series(1, 3) AS i', call))
  FROM (VALUES ('4'), ('18'), ('3'), ('19'), ('-2147483648'), ('NULL'), ('CASE WHEN i < 3 THEN 10 ELSE 11 END')) AS c (call);
-- exact up to a number of values, then a standard error
SELECT p, l AS exact_up_to,
       (SELECT shopanalytics.approx_distinct(s) = l AND shopanalytics.approx_distinct_error(s) = 0 FROM (SELECT shopanalytics.approx_distinct_agg(i, p) AS s FROM generate_series(1, l) AS i) AS s) AS exact,
       (SELECT shopanalytics.approx_distinct(s) > l FROM (SELECT shopanalytics.approx_distinct_agg(i, p) AS s FROM generate_series(1, l + 1) AS i) AS s) AS more,
       (SELECT round(shopanalytics.approx_distinct_error(shopanalytics.approx_distinct_agg(i, p))::numeric, 5) FROM generate_series(1, l + 1) AS i) AS standard_error,
       (SELECT length(shopanalytics.hllsketch_send(shopanalytics.approx_distinct_agg(i, p))) FROM generate_series(1, l) AS i) AS list_bytes,
       (SELECT length(shopanalytics.hllsketch_send(shopanalytics.approx_distinct_agg(i, p))) FROM generate_series(1, l + 1) AS i) AS register_bytes
  FROM generate_series(4, 18) AS p, LATERAL (SELECT 3 * 2 ^ p / 32 AS l) AS exact(x), LATERAL (SELECT floor(x)::integer AS l) AS l ORDER BY p;

-- Accuracy: small and middle sets, of 100 seeds each.  Up to the limit exact, then
-- a root mean square of at most 1 %, and nearly all within three standard errors.
CREATE TABLE estimate AS
    SELECT n, seed, estimate
      FROM unnest(ARRAY[0, 1, 2, 10, 100, 1000, 1536, 1537, 1700, 2000, 3000, 5000, 20000]) AS n, generate_series(1, 100::bigint) AS seed,
           LATERAL (SELECT shopanalytics.approx_distinct(shopanalytics.approx_distinct_agg(seed * 1000000007 + i)) AS estimate FROM generate_series(1, n) AS i) AS e;
-- Large sets: blocks of 100,000 values, and random unions of them
CREATE TABLE block AS SELECT i / 100000 AS block, shopanalytics.approx_distinct_agg(i) AS s FROM (SELECT generate_series(0, 9999999) AS i) AS v GROUP BY 1;
INSERT INTO estimate
    SELECT n * 100000, seed, shopanalytics.approx_distinct(shopanalytics.rollup(s))
      FROM unnest(ARRAY[1, 2, 5, 10, 20, 50]) AS n, generate_series(1, 50) AS seed,
           LATERAL (SELECT s FROM block ORDER BY md5(block || '.' || seed || '.' || n) LIMIT n) AS b
     GROUP BY n, seed;
SELECT n, count(*) AS sets, max(abs(error)) = 0 AS exact, sqrt(avg(error ^ 2)) <= 0.01 AS rms_is_fine, abs(avg(error)) <= 0.004 AS no_bias,
       count(*) FILTER (WHERE abs(error) <= 3 * 0.0081) AS within_three, count(*) FILTER (WHERE abs(error) > 4 * 0.0081) AS beyond_four
  FROM estimate, LATERAL (SELECT (estimate - n) / greatest(n, 1)::float8 AS error) AS e GROUP BY n ORDER BY n;
SELECT sqrt(avg((estimate / n::float8 - 1) ^ 2)) <= 0.0085 AS rms, abs(avg(estimate / n::float8 - 1)) <= 0.001 AS bias FROM estimate WHERE n > 1536;
SELECT abs(shopanalytics.approx_distinct(shopanalytics.rollup(s)) / 1e7 - 1) <= 3 * 0.0081 AS ten_million FROM block;
SELECT shopanalytics.rollup(s)::text = (SELECT shopanalytics.approx_distinct_agg(i)::text FROM generate_series(999999, 0, -1) AS i) AS merged_is_whole FROM block WHERE block < 10;
-- the other precisions: within three of their standard errors
SELECT p, count(*) FILTER (WHERE abs(estimate / 30000.0 - 1) <= 3 * shopanalytics.approx_distinct_error(s)) AS within_three
  FROM (SELECT p, seed, shopanalytics.approx_distinct_agg(seed * 1000000007 + i, p) AS s FROM generate_series(4, 18) AS p, generate_series(1, 2::bigint) AS seed, generate_series(1, 30000) AS i GROUP BY p, seed) AS s,
       LATERAL (SELECT shopanalytics.approx_distinct(s) AS estimate) AS e GROUP BY p ORDER BY p;

-- Any order of rows and any tree of merges gives the same sketch, that of the lowest precision in it.
CREATE TABLE value AS
    SELECT g, i, r % 300 AS v, (r / 512) % 6 AS leaf, 4 + ('x' || substr(md5(format('p%s.%s', g, (r / 512) % 6)), 1, 4))::bit(16)::int % 4 AS p
      FROM generate_series(1, 3000) AS g, LATERAL (SELECT 1 + ('x' || substr(md5('n' || g), 1, 4))::bit(16)::int % CASE WHEN g % 2 = 0 THEN 6 ELSE 60 END AS n) AS c,
           generate_series(1, n) AS i, LATERAL (SELECT ('x' || substr(md5(format('v%s.%s', g, i)), 1, 6))::bit(24)::int AS r) AS random;
CREATE TABLE whole AS SELECT g, shopanalytics.approx_distinct_agg(v, lowest) AS s, count(DISTINCT v) AS n FROM value JOIN (SELECT g, min(p) AS lowest FROM value GROUP BY g) AS l USING (g) GROUP BY g;
CREATE TABLE leaf AS SELECT g, leaf, shopanalytics.approx_distinct_agg(v, p ORDER BY md5(i || 'o')) AS s FROM value GROUP BY g, leaf;
CREATE TABLE branch AS SELECT g, md5(g || '.' || leaf) < '8' AS side, shopanalytics.rollup(s ORDER BY md5(leaf || 'o')) AS s FROM leaf GROUP BY g, side;
INSERT INTO branch SELECT g, true, 'v1/0' FROM whole WHERE g % 3 = 0;
CREATE TABLE tree AS SELECT g, shopanalytics.rollup(s) AS s FROM branch GROUP BY g;
SELECT count(*) AS sets, count(*) FILTER (WHERE shopanalytics.approx_distinct_error(whole.s) > 0) AS registers, count(*) FILTER (WHERE whole.s::text <> tree.s::text) AS differing,
       count(*) FILTER (WHERE shopanalytics.approx_distinct_error(whole.s) = 0 AND shopanalytics.approx_distinct(whole.s) <> n) AS inexact
  FROM whole JOIN tree USING (g);
-- a sketch of each precision, lowered to each other one
CREATE FUNCTION sketch(n integer, p integer) RETURNS shopanalytics.hllsketch LANGUAGE sql IMMUTABLE AS 'SELECT shopanalytics.approx_distinct_agg(i, p) FROM generate_series(1, n) AS i';
SELECT n, count(*) AS pairs, count(*) FILTER (WHERE lowered <> sketch(n, lower)::text) AS differing
  FROM unnest(ARRAY[3, 250, 2000, 30000]) AS n, generate_series(4, 18) AS p, generate_series(4, p) AS lower,
       LATERAL (SELECT shopanalytics.rollup(s)::text AS lowered FROM (VALUES (sketch(n, p)), (sketch(1, lower))) AS v (s)) AS l
 WHERE n < 30000 OR p IN (14, 18) AND lower IN (4, 13, 14, 17) GROUP BY n ORDER BY n;
DROP FUNCTION sketch;

-- as a window aggregate, whose state is asked again and again
SELECT i, shopanalytics.approx_distinct(shopanalytics.approx_distinct_agg(i % 4, 4) OVER (ORDER BY i)) FROM generate_series(1, 6) AS i ORDER BY i;

-- states combine: no value, one value, many; in some workers or in all
ALTER TABLE value SET (parallel_workers = 2);
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
    SELECT g / 2 AS g, shopanalytics.approx_distinct_agg(v)::text AS v, shopanalytics.approx_distinct_agg(v, 5)::text AS v5, shopanalytics.approx_distinct_agg('u' || v, 18)::text AS u18,
           shopanalytics.approx_distinct_agg(v * 1.10, 4)::text AS n4
      FROM value GROUP BY 1;
SELECT partial('SELECT * FROM by_group');
CREATE TABLE parallel AS SELECT * FROM by_group;
SET max_parallel_workers_per_gather = 0;
SELECT partial('SELECT * FROM by_group');
CREATE TABLE serial AS SELECT * FROM by_group;
RESET max_parallel_workers_per_gather;
SELECT count(*) AS groups, count(*) FILTER (WHERE parallel IS DISTINCT FROM serial) AS differing FROM parallel FULL JOIN serial USING (g);
ALTER TABLE leaf SET (parallel_workers = 2);
SELECT partial('SELECT shopanalytics.rollup(s) FROM leaf');
SELECT shopanalytics.rollup(s)::text = (SELECT shopanalytics.approx_distinct_agg(v, 4)::text FROM value) AS merged_is_whole FROM leaf;

-- every partial state empty, of NULL only, or but one; precisions that differ are found in whatever worker
SELECT partial('SELECT shopanalytics.approx_distinct_agg(v) FROM value WHERE g + i < 0');
SELECT shopanalytics.approx_distinct_agg(v), shopanalytics.approx_distinct_agg(v, 5) FROM value WHERE g + i < 0;
SELECT shopanalytics.rollup(s) FROM leaf WHERE g + leaf < 0;
SELECT shopanalytics.approx_distinct_agg(v, 5) FILTER (WHERE v IS NULL), shopanalytics.approx_distinct_agg(CASE WHEN v < 0 THEN v END, 5) FROM value;
SELECT shopanalytics.approx_distinct_agg(g) FILTER (WHERE g = 3000 AND i = 1) FROM value;
SELECT shopanalytics.rollup(s) FILTER (WHERE g + leaf = 3000 AND g = 3000) IS NOT NULL AS one_or_none FROM leaf;
\set SHOW_CONTEXT never
SELECT shopanalytics.approx_distinct_agg(v, CASE WHEN g < 1500 THEN 10 ELSE 11 END) FROM value;
SELECT shopanalytics.approx_distinct_agg(CASE WHEN false THEN v END, CASE WHEN g = 3000 AND i = 1 THEN 10 ELSE 11 END) FROM value;

DROP VIEW by_group;
DROP TABLE estimate, block, value, whole, leaf, branch, tree, parallel, serial, long_text;
DROP FUNCTION partial;
DROP TYPE mood, pair;
DROP DOMAIN customer_number;
DROP COLLATION ignore_case;

-- text: any order, any case, more than once
SELECT s::text, shopanalytics.approx_distinct(s)
  FROM (VALUES ('v1/0'), (' v1/0  '), ('v1/14'), (E'\tv1/14 D24EC4F1A98C6E5B\n44bc2cf5ad770999 d24ec4f1a98c6e5b '), ('v1/4:88777C669A7A87A7 ')) AS v (t), LATERAL (SELECT t::shopanalytics.hllsketch AS s) AS s;
-- a list that is too long for its precision becomes registers
SELECT 'v1/4 0000000000000001 8000000000000001'::shopanalytics.hllsketch;
SELECT shopanalytics.approx_distinct(('v1/4:' || repeat('z', 16))::shopanalytics.hllsketch) AS full, shopanalytics.approx_distinct(('v1/4:' || repeat('0', 15) || '1')::shopanalytics.hllsketch) AS least;
SELECT left(t, 40) AS text, error_of(format('SELECT %L::shopanalytics.hllsketch', t))
  FROM (VALUES (''), (' '), ('x'), ('v'), ('v2/14'), ('v99999999999999999999/14'), ('v1'), ('v1-14'), ('v1/'), ('v1/3'), ('v1/19'), ('v1/99999999999999999999'), ('v1/1'), ('v1/14x'), ('v1/0:'), ('v1/0 44bc2cf5ad770999'),
               ('v1/14 44bc2cf5ad77099'), ('v1/14 44bc2cf5ad7709999'), ('v1/14 44bc2cf5ad77099g'), ('v1/14 0000000000000000'), ('v1/14,44bc2cf5ad770999'), ('v1/4:'), ('v1/4:88777C669A7A87A'), ('v1/4:88777C669A7A87A7 1'),
               ('v1/4:88777C669A7A87A7A'), ('v1/4:0000000000000000'), ('v1/4:000000000000000_'), ('v1/18:' || repeat('m', 5)), ('v1/14:' || repeat('q', 16384)), ('v1/14 ' || repeat('ä', 40)),
               ('v1/14' || repeat(' ', 1000000) || 'x')) AS v (t);
SELECT shopanalytics.approx_distinct(('v1/14 ' || (SELECT string_agg(lpad(to_hex(i), 16, '0'), ' ') FROM generate_series(60000, 1, -1) AS i))::shopanalytics.hllsketch) > 1536 AS a_megabyte;

-- binary: what goes out comes in
\getenv folder PG_ABS_BUILDDIR
\set file :folder '/results/hllsketch.binary'
CREATE TABLE stored (id integer PRIMARY KEY, s shopanalytics.hllsketch);
INSERT INTO stored VALUES (1, 'v1/0'), (2, NULL);
INSERT INTO stored SELECT 10 + p, shopanalytics.approx_distinct_agg(i, p) FROM generate_series(4, 18) AS p, generate_series(1, 30000) AS i GROUP BY p;
INSERT INTO stored SELECT 50 + n, shopanalytics.approx_distinct_agg(i) FROM generate_series(1, 3) AS n, generate_series(1, (12 ^ n)::integer) AS i GROUP BY n;
CREATE TABLE reread (LIKE stored);
COPY stored TO :'file' BINARY;
COPY reread FROM :'file' BINARY;
COPY stored TO :'file';
COPY reread FROM :'file';
SELECT count(*), count(DISTINCT s::text) FROM (SELECT * FROM stored UNION ALL SELECT * FROM reread) AS s;
SELECT count(*) AS differing FROM stored JOIN reread USING (id) WHERE (stored.s::text, shopanalytics.hllsketch_send(stored.s)) IS DISTINCT FROM (reread.s::text, shopanalytics.hllsketch_send(reread.s));

-- bytes that are no sketch
CREATE FUNCTION error_of_bytes(bytes bytea, file text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COPY (SELECT %L::bytea) TO %L BINARY', bytes, file);
    CREATE TEMP TABLE received (s shopanalytics.hllsketch) ON COMMIT DROP;
    DECLARE
        result text := error_of(format('COPY received FROM %L BINARY', file));
    BEGIN
        IF result = 'none' THEN
            SELECT s::text INTO result FROM received;
        END IF;
        DROP TABLE received;
        RETURN result;
    END;
END $$;
SELECT what, error_of_bytes(bytes, :'file') AS result
  FROM (VALUES (1, 'one hash', '\x010e0044bc2cf5ad770999'::bytea), (2, 'registers', '\x010401082082082082082082082082'), (3, 'nothing', '\x'), (4, 'version only', '\x01'), (5, 'another version', '\x0200'),
               (6, 'bytes left', '\x010000'), (7, 'precision 3', '\x0103000000000000000001'), (8, 'precision 255', '\x01ff000000000000000001'), (9, 'cut short', '\x010e'), (10, 'no hash', '\x010e00'),
               (11, 'form', '\x010e02'), (12, 'hash cut short', '\x010e0044bc2cf5ad7709'), (13, 'hash of zero', '\x010e000000000000000000'), (14, 'hashes in order', '\x010e0000000000000000010000000000000002'),
               (15, 'hashes not in order', '\x010e0000000000000000020000000000000001'), (16, 'equal hashes', '\x010e0000000000000000010000000000000001'), (17, 'too many hashes', '\x01040000000000000000010000000000000002'),
               (18, 'too few registers', '\x0104012082082082082082'), (19, 'too many registers', '\x01040120820820820820820820820800'), (20, 'empty registers', '\x010401000000000000000000000000'),
               (21, 'register out of range', '\x010401fff000000000000000000000'), (22, 'all full', '\x010401f7df7df7df7df7df7df7df7d')) AS v (id, what, bytes)
 ORDER BY id;
DROP FUNCTION error_of_bytes, error_of;
DROP TABLE stored, reread;
