-- What a training reads: numbers, splits, nulls, categories, labels, keys.  The
-- questions are answered a second time by plain SQL.
SET timezone = 'UTC';
CREATE SCHEMA dataset_test;
SET search_path = dataset_test, pg_catalog;

CREATE TABLE orders AS
SELECT i AS id,
       CASE WHEN i % 9 > 0 THEN (i * 37 % 101)::numeric / 4 END AS amount,
       i % 7 AS items,
       (ARRAY['card', 'cod', 'gift', NULL, 'card'])[1 + i * 13 % 5] AS method,
       i % 3 = 0 OR i % 7 = 2 AS flagged
  FROM generate_series(1, 400) i;

-- Every number comes as a cast to float8 has it, times as seconds since 1970.
CREATE TABLE kinds AS
SELECT i AS id, i % 2 = 0 AS y, i % 3 = 0 AS b, (i * 7)::int2 AS i2, i * 1000 AS i4, i * 10000000000 AS i8,
       (i / 7.0)::float4 AS f4, i / 7.0::float8 AS f8, i / 7.0 AS n,
       date '2024-02-28' + i AS d, timestamp '1969-12-31 23:59:50.25' + i * interval '1.000001 second' AS t,
       timestamptz '2024-03-30 12:00+01' + i * interval '1 hour' AS tz, time '00:00' + i * interval '61 seconds' AS tm,
       make_interval(years => i, months => i, days => -i, secs => i / 3.0) AS iv
  FROM generate_series(1, 40) i;
SELECT count(*) AS rows, count(*) FILTER (WHERE terms = ARRAY[b::int, i2, i4, i8, f4, f8, n::float8,
           extract(epoch FROM d), extract(epoch FROM t), extract(epoch FROM tz), extract(epoch FROM tm), extract(epoch FROM iv)]::float8[]) AS same
  FROM (SELECT *, row_number() OVER (ORDER BY id) FROM kinds) k
  JOIN (SELECT terms, row_number() OVER () FROM shopanalytics._dataset('SELECT * FROM kinds ORDER BY id', 'y', key_column => 'id', test_fraction => 0)) d USING (row_number);

-- Numerics of all sizes, bit by bit.
CREATE TABLE numerics AS
SELECT row_number() OVER () AS id, row_number() OVER () % 2 = 0 AS y, n
  FROM (SELECT s * m * 10::numeric ^ e AS n
          FROM unnest(ARRAY[1, -1]) s, generate_series(-40, 40) e,
               unnest(ARRAY[1, 7, 12.5, 9007199254740992, 9007199254740993, 9999999999999999, 123456789.0123456789, 0.1, 4503599627370497.5]) m
        UNION ALL VALUES (0), (0.00), (1e300), (-1e-300), (9999.9999), (10000), (0.0001), (99999999.99999999), (1.10), (79228162514264337593543950335)) n;
SELECT count(*) AS rows, count(*) FILTER (WHERE float8send(terms[1]) = float8send(n::float8)) AS same
  FROM (SELECT n, row_number() OVER (ORDER BY id) FROM numerics) k
  JOIN (SELECT terms, row_number() OVER () FROM shopanalytics._dataset('SELECT * FROM numerics ORDER BY id', 'y', key_column => 'id', test_fraction => 0)) d USING (row_number);

-- Split by hash: a row's side depends on its key and the seed alone.
CREATE FUNCTION side(source text, seed bigint, key text DEFAULT 'id') RETURNS TABLE (part text, i float8) STABLE LANGUAGE sql AS $$
    SELECT part, terms[1] FROM shopanalytics._dataset(source, 'y', ARRAY['i'], key_column => key, seed => seed)
$$;
CREATE VIEW many AS SELECT i AS id, i, i % 2 AS y FROM generate_series(1, 20000) i;
SELECT count(*) FILTER (WHERE part = 'test') BETWEEN 4750 AND 5250 AS quarter, count(*) FROM side('many', 42);
SELECT count(*) FROM (SELECT * FROM side('many', 42) EXCEPT SELECT * FROM side('SELECT * FROM many ORDER BY id DESC', 42)) d;
SELECT count(*) FROM (SELECT * FROM side('SELECT * FROM many WHERE i > 19000', 42) EXCEPT SELECT * FROM side('many', 42)) d;
SELECT count(*) FROM (SELECT * FROM side('SELECT id::bigint, i, y FROM many', 42) EXCEPT SELECT * FROM side('many', 42)) d;
SELECT count(*) FROM (SELECT * FROM side('SELECT id::smallint, i, y FROM many', 42) EXCEPT SELECT * FROM side('many', 42)) d;
SELECT count(*) FROM (SELECT * FROM side('SELECT id::text AS id, i, y FROM many', 42) EXCEPT SELECT * FROM side('SELECT id::varchar(9) AS id, i, y FROM many', 42)) d;
SELECT count(*) FROM (SELECT * FROM side('SELECT id::text COLLATE "C" AS id, i, y FROM many', 42) EXCEPT SELECT * FROM side('SELECT id::text AS id, i, y FROM many', 42)) d;
SELECT count(*) BETWEEN 7100 AND 7900 AS three_eighths FROM (SELECT * FROM side('many', 42) EXCEPT SELECT * FROM side('many', 43)) d;

-- What was drawn once is drawn for ever, on any machine; these keys were found apart, by XXH64 and SplitMix64 as published.
SELECT string_agg(i::text, ' ' ORDER BY i) FROM side('SELECT * FROM many WHERE id <= 40', 42) WHERE part = 'test';

-- Rows of one key stay together.
SELECT max(sides) FROM (SELECT i % 100 AS key, count(DISTINCT part) AS sides
    FROM shopanalytics._dataset('SELECT i, i % 100 AS key, i % 2 AS y FROM many', 'y', ARRAY['i'], key_column => 'key') CROSS JOIN LATERAL (SELECT terms[1]::int AS i) t GROUP BY 1) s;

-- Without a key, rows go by their values, in any order; equal ones are told apart.
SELECT count(*) FILTER (WHERE part = 'test') BETWEEN 4750 AND 5250 AS quarter, count(DISTINCT id) FROM shopanalytics._dataset('SELECT i % 3 AS i, y FROM many', 'y');
SELECT count(*) FROM (SELECT * FROM shopanalytics._dataset('SELECT i % 3 AS i, y FROM many', 'y')
                      EXCEPT SELECT * FROM shopanalytics._dataset('SELECT i % 3 AS i, y FROM many ORDER BY -id', 'y')) d;
SELECT count(*) FROM (SELECT * FROM shopanalytics._dataset('SELECT method, items, flagged FROM orders', 'flagged')
                      EXCEPT SELECT * FROM shopanalytics._dataset('SELECT method, items, flagged FROM orders ORDER BY -id', 'flagged')) d;
SELECT count(*) FILTER (WHERE part = 'test') BETWEEN 4750 AND 5250 AS quarter, count(DISTINCT id) FROM shopanalytics._dataset('SELECT NULL::int AS id, i % 3 AS i, y FROM many', 'y', key_column => 'id');

-- Workers read in an order that is by chance.
CREATE TABLE stored_many AS SELECT i % 1000 AS i, y FROM many;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*) FROM (SELECT * FROM shopanalytics._dataset('stored_many', 'y')
                      EXCEPT ALL SELECT * FROM shopanalytics._dataset('SELECT i % 1000 AS i, y FROM many', 'y')) d;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- A sequence: the last ones by the key are the test's, exactly.
SELECT part, count(*), min(terms[1]), max(terms[1]) FROM shopanalytics._dataset('SELECT * FROM many ORDER BY hashint4(id)', 'y', ARRAY['i'], key_column => 'id', split => 'sequence') GROUP BY 1 ORDER BY 2;
SELECT part, count(*), min(terms[1]), max(terms[1]) FROM shopanalytics._dataset('SELECT to_char(id, ''00000'') AS id, i, y FROM many', 'y', ARRAY['i'], key_column => 'id', split => 'sequence', test_fraction => 0.1) GROUP BY 1 ORDER BY 2;
-- Rows of one key are not parted: those at the cut are for training.
SELECT part, count(*), min(terms[1]), max(terms[1]) FROM shopanalytics._dataset('SELECT i / 3000 AS k, i, y FROM many', 'y', ARRAY['i'], key_column => 'k', split => 'sequence') GROUP BY 1 ORDER BY 2;
SELECT part, count(*) FROM shopanalytics._dataset('many', 'y', ARRAY['i'], key_column => 'id', split => 'sequence', test_fraction => 0) GROUP BY 1;
-- By a column; null is neither.
SELECT part, count(*), min(terms[1]), max(terms[1]) FROM shopanalytics._dataset('SELECT nullif(i, 5) > 15000 AS late, * FROM many', 'y', ARRAY['i'], split => 'column:late') GROUP BY 1 ORDER BY 2;
SELECT n_train, n_test, n_skipped FROM shopanalytics._dataset_counts('SELECT nullif(i, 5) > 15000 AS late, * FROM many', 'y', ARRAY['i'], split => 'column:late');

-- B7
-- Null policies; what fills is learned from the training rows alone.
CREATE VIEW late AS SELECT id, amount, flagged, id > 300 AS late FROM orders;
CREATE FUNCTION fills(null_policy text) RETURNS TABLE (part text, n bigint, nulls bigint, total float8, fill float8) STABLE LANGUAGE sql AS $$
    SELECT part, count(*), count(*) FILTER (WHERE terms[2] = 1), sum(terms[1]), max(f)
      FROM shopanalytics._dataset('late', 'flagged', key_column => 'id', null_policy => fills.null_policy, split => 'column:late'),
           (SELECT max(t.fill) AS f FROM shopanalytics._preparation('late', 'flagged', key_column => 'id', null_policy => fills.null_policy, split => 'column:late') p, shopanalytics._preparation_terms(p) t) t
     GROUP BY 1 ORDER BY 1 DESC
$$;
SELECT * FROM fills('skip');
SELECT * FROM fills('mean');
SELECT * FROM fills('median');
SELECT * FROM fills('zero');
SELECT * FROM fills('indicator');
SELECT late, count(amount), sum(amount), avg(amount), percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) AS median, count(*) - count(amount) AS nulls FROM late GROUP BY 1 ORDER BY 1;
SELECT * FROM shopanalytics._dataset_counts('late', 'flagged', key_column => 'id', split => 'column:late');
SELECT * FROM shopanalytics._dataset('late', 'flagged', key_column => 'id', null_policy => 'error');
SELECT count(*) FILTER (WHERE terms[1] IS NULL) AS nulls, count(*) FROM shopanalytics._dataset('late', 'flagged', key_column => 'id', keep_nulls => true);
SELECT count(*) FILTER (WHERE terms[1] = 0) AS zeros, count(*) FROM shopanalytics._dataset('late', 'flagged', key_column => 'id', keep_nulls => true, null_policy => 'zero');
SELECT n_train, n_test, n_skipped FROM shopanalytics._dataset_counts('late', 'flagged', key_column => 'id', keep_nulls => true, prepare => '{"amount": {"impute": "skip"}}');
SELECT term, fill FROM shopanalytics._preparation('SELECT id, amount, amount * 2 AS twice, -amount AS less, flagged FROM orders', 'flagged', key_column => 'id', null_policy => 'zero', test_fraction => 0,
       prepare => '{"twice": {"impute": "median"}, "less": {"impute": "mean"}}') p, shopanalytics._preparation_terms(p);
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount * 2) AS median, avg(-amount)::float8 AS mean FROM orders;

-- Medians: of one, of two, of signs, of ties.
SELECT v, (SELECT fill FROM shopanalytics._preparation(format('SELECT x, y FROM (SELECT unnest(%L::float8[]) AS x, true AS y UNION ALL SELECT NULL, false) s', v), 'y', null_policy => 'median', test_fraction => 0) p, shopanalytics._preparation_terms(p)),
       (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM unnest(v) x) AS expected
  FROM (VALUES ('{5}'::float8[]), ('{1,2}'), ('{-3,-1}'), ('{-1,0,0,1}'), ('{-0.0,1e-310}'), ('{2,2,2,9}'), ('{2,2,9,9}'), ('{1e308,1e308}'), ('{0.1,0.2,0.3,0.4}')) t (v);
SELECT * FROM shopanalytics._dataset('SELECT NULL::int AS x, true AS y UNION ALL SELECT NULL, false', 'y', null_policy => 'mean', test_fraction => 0);
SELECT * FROM shopanalytics._dataset('SELECT NULL::int AS x, true AS y UNION ALL SELECT NULL, false', 'y', null_policy => 'median', test_fraction => 0);
-- Without one in training rows there is no indicator; the mean fills those of the test.
SELECT part, terms FROM shopanalytics._dataset('SELECT i AS id, nullif(i, 4) AS x, nullif(i, 1) AS z, i % 2 = 0 AS y, i = 4 AS late FROM generate_series(1, 4) i', 'y', key_column => 'id', null_policy => 'indicator', split => 'column:late') ORDER BY part DESC, terms;
SELECT term FROM shopanalytics._preparation('SELECT i AS id, nullif(i, 4) AS x, nullif(i, 1) AS z, i % 2 = 0 AS y, i = 4 AS late FROM generate_series(1, 4) i', 'y', key_column => 'id', null_policy => 'indicator', split => 'column:late') p, shopanalytics._preparation_terms(p);

-- NaN and infinity: which column, how many, and where.
SELECT * FROM shopanalytics._dataset('SELECT i AS id, i % 2 = 0 AS y, CASE WHEN i > 7 THEN ''NaN''::float8 ELSE i END AS x FROM generate_series(1, 9) i', 'y', key_column => 'id');
SELECT * FROM shopanalytics._dataset('SELECT i % 2 = 0 AS y, CASE WHEN i > 7 THEN ''-Infinity''::numeric ELSE i END AS x FROM generate_series(1, 9) i', 'y');
SELECT * FROM shopanalytics._dataset('SELECT i % 2 = 0 AS y, 10::numeric ^ (300 + i * 3) AS x FROM generate_series(1, 9) i', 'y');
SELECT * FROM shopanalytics._dataset('SELECT i % 2 = 0 AS y, CASE WHEN i > 7 THEN ''infinity''::timestamptz ELSE now() END AS x FROM generate_series(1, 9) i', 'y');
-- Not where the row is left out anyway.
SELECT n_train, n_test, n_skipped FROM shopanalytics._dataset_counts('SELECT i, i % 2 = 0 AS y, CASE WHEN i > 7 THEN ''NaN''::float8 ELSE i END AS x, nullif(i > 7, true) AS ok FROM generate_series(1, 9) i', 'y', test_fraction => 0);

-- Categories: levels in the order of their bytes, with counts of training rows.
CREATE FUNCTION levels(source text, prepare jsonb, min_count int DEFAULT 1, unknown text DEFAULT 'other', split text DEFAULT 'hash', test_fraction float8 DEFAULT 0)
RETURNS TABLE (term text, level text, level_count bigint, value float8) STABLE LANGUAGE sql AS $$
    SELECT t.term, t.level, t.level_count, t.value
      FROM shopanalytics._preparation(source, 'y', prepare => levels.prepare, min_category_count => min_count, unknown_policy => unknown, split => levels.split, test_fraction => levels.test_fraction) p, shopanalytics._preparation_terms(p) t
$$;
CREATE TABLE paid (method text, y int);
INSERT INTO paid SELECT * FROM unnest(ARRAY['card', 'card', 'paypal', 'cod', 'cod', 'cod', 'paypal', 'card', 'gift', 'cod'], ARRAY[0, 1, 0, 1, 1, 0, 0, 0, 1, 1]);
-- B7 E1
SELECT level, level_count, value FROM levels('paid', '{"method": {"encode": "target"}}');
SELECT method, count(*), (sum(y) + 5 * 0.5) / (count(*) + 5) AS expected FROM paid GROUP BY 1 ORDER BY 1;
SELECT shopanalytics._preparation_apply(p, r) FROM shopanalytics._preparation('paid', 'y', prepare => '{"method": {"encode": "target", "min_count": 1}}', test_fraction => 0) p, (VALUES ('card'), ('unseen'), (NULL)) r (method);
SELECT level, value FROM levels('paid', '{"method": {"encode": "target", "smoothing": 0}}');
SELECT * FROM levels('paid', '{"method": {"encode": "one_hot"}}');
SELECT * FROM levels('paid', '{"method": {"encode": "dummy"}}');
SELECT * FROM levels('paid', '{"method": {"encode": "ordinal"}}');
SELECT * FROM levels('paid', '{"method": {"encode": "frequency"}}');
-- Rare ones are one level, or none.
SELECT * FROM levels('paid', '{"method": {"encode": "one_hot"}}', 3);
SELECT * FROM levels('paid', '{"method": {"encode": "target"}}', 3);
SELECT * FROM levels('paid', '{"method": {"encode": "one_hot"}}', 3, 'ignore');
SELECT * FROM levels('paid', '{"method": {"encode": "target"}}', 3, 'ignore');
SELECT * FROM levels('paid', '{"method": {"encode": "one_hot"}}', 3, 'error');
SELECT * FROM levels('paid', NULL, 100);
-- NULL is a level of its own if training rows have it.
SELECT * FROM levels('SELECT * FROM paid UNION ALL VALUES (NULL, 1)', '{"method": {"encode": "one_hot"}}', 3);
SELECT * FROM levels('SELECT * FROM paid UNION ALL VALUES (NULL, 1)', '{"method": {"impute": "skip"}}');
SELECT * FROM levels('SELECT * FROM paid UNION ALL VALUES (NULL, 1)', '{"method": {"impute": "error"}}');
-- Levels, and what they are worth, are the training rows' alone.
SELECT * FROM levels('SELECT *, false AS t FROM paid UNION ALL VALUES (''new'', 1, true), (''card'', 1, true), (NULL, 1, true)', '{"method": {"encode": "target"}}', 1, 'other', 'column:t');
SELECT part, terms, count(*) FROM shopanalytics._dataset('SELECT *, false AS t FROM paid UNION ALL VALUES (''new'', 1, true), (''card'', 1, true), (NULL, 1, true)', 'y', min_category_count => 3, split => 'column:t') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT part, terms, count(*) FROM shopanalytics._dataset('SELECT *, false AS t FROM paid UNION ALL VALUES (''new'', 1, true), (''card'', 1, true), (NULL, 1, true)', 'y', min_category_count => 1, unknown_policy => 'ignore', encoding => 'dummy', split => 'column:t') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM shopanalytics._dataset('SELECT *, false AS t FROM paid UNION ALL VALUES (''new'', 1, true)', 'y', unknown_policy => 'error', split => 'column:t');
SELECT * FROM shopanalytics._dataset('SELECT *, false AS t FROM paid UNION ALL VALUES (NULL, 1, true)', 'y', unknown_policy => 'error', split => 'column:t');

-- Types that are categories, and numbers that are made one.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');
CREATE DOMAIN word AS text;
SELECT * FROM levels('SELECT i % 2 AS y, (ARRAY[''ok'', ''glad'', ''sad''])[1 + i % 3]::mood AS e, ''w''::word AS w, ''ab ''::char(5) AS c, ''n''::name AS n, ''q''::"char" AS q, ''00000000-0000-0000-0000-00000000000a''::uuid AS u FROM generate_series(1, 6) i', NULL);
SELECT * FROM levels('SELECT i % 2 AS y, i % 3 AS i, i % 3 > 1 AS b, (i % 3) / 2.0 AS n FROM generate_series(1, 6) i', '{"i": {"encode": "dummy"}, "b": {"encode": "one_hot"}, "n": {"encode": "one_hot"}}');
SELECT * FROM levels('SELECT i % 2 AS y, i / 2.0::float8 AS f FROM generate_series(1, 6) i', '{"f": {"encode": "one_hot"}}');
SELECT * FROM levels('SELECT 1 AS y, ''a ''::char(2) AS c UNION ALL SELECT 0, ''a''::char(3) UNION ALL SELECT 1, ''b''::char(1)', NULL);
SELECT term, level_count FROM levels('SELECT i % 2 AS y, CASE WHEN i % 2 = 0 THEN 0.5 ELSE 0.50 END AS n FROM generate_series(1, 6) i', '{"n": {"encode": "one_hot"}}');
-- Columns that are nothing are left out, unless they are asked for.
SELECT DISTINCT terms FROM shopanalytics._dataset('SELECT i % 2 AS y, 7 AS x, ''{}''::json AS j, ARRAY[1] AS "a ""b""" FROM generate_series(1, 6) i', 'y', test_fraction => 0);
SELECT * FROM shopanalytics._dataset('SELECT i % 2 AS y, 7 AS x, ''{}''::json AS j FROM generate_series(1, 6) i', 'y', ARRAY['x', 'j']);

-- The label.
SELECT * FROM shopanalytics._dataset_counts('SELECT *, CASE WHEN y = 1 THEN ''yes'' ELSE ''no'' END AS l FROM paid', 'l', ARRAY['method'], test_fraction => 0);
SELECT * FROM shopanalytics._dataset_counts('SELECT *, CASE WHEN y = 1 THEN ''yes'' ELSE ''no'' END AS l FROM paid ORDER BY y', 'l', ARRAY['y'], test_fraction => 0, positive => 'no');
SELECT DISTINCT terms, label_value FROM shopanalytics._dataset('SELECT *, CASE WHEN y = 1 THEN ''B'' ELSE ''a'' END COLLATE "C" AS l FROM paid ORDER BY y', 'l', ARRAY['y'], test_fraction => 0) ORDER BY 1;
SELECT * FROM shopanalytics._dataset_counts('SELECT *, y + 1 AS l FROM paid', 'l', ARRAY['y'], test_fraction => 0, positive => '2');
SELECT * FROM shopanalytics._dataset_counts('SELECT *, y = 1 AS l FROM paid', 'l', ARRAY['y'], test_fraction => 0, positive => 'false');
SELECT * FROM shopanalytics._dataset_counts('SELECT *, y::numeric / 1.0 AS l FROM paid', 'l', ARRAY['y'], test_fraction => 0);
SELECT * FROM shopanalytics._dataset_counts('SELECT *, (ARRAY[''ok'', ''glad''])[1 + y]::mood AS l FROM paid', 'l', ARRAY['y'], test_fraction => 0);
SELECT * FROM shopanalytics._dataset_counts('SELECT * FROM paid UNION ALL SELECT ''card'', NULL', 'y', test_fraction => 0, min_category_count => 1);
SELECT * FROM shopanalytics._dataset_counts('paid', NULL, test_fraction => 0, min_category_count => 1);
SELECT * FROM shopanalytics._dataset('paid', 'method', test_fraction => 0);
SELECT * FROM shopanalytics._dataset('paid', 'method', positive => 'card');
SELECT * FROM shopanalytics._dataset('SELECT i, ''l'' || i AS l FROM generate_series(1, 30) i', 'l');
SELECT * FROM shopanalytics._dataset('SELECT i, ''l'' || i AS l FROM generate_series(1, 300) i', 'l');
SELECT * FROM shopanalytics._dataset('SELECT *, CASE WHEN y = 1 THEN ''yes'' ELSE ''no'' END AS l FROM paid', 'l', positive => 'maybe');
SELECT * FROM shopanalytics._dataset('SELECT 1 AS x, ''yes'' AS l', 'l');
SELECT * FROM shopanalytics._dataset('SELECT *, y * 2 AS l FROM paid', 'l', ARRAY['y']);
SELECT * FROM shopanalytics._dataset('SELECT *, ''NaN''::float8 AS l FROM paid', 'l', ARRAY['y']);
SELECT * FROM shopanalytics._dataset('SELECT *, now() AS l FROM paid', 'l', ARRAY['y']);
SELECT * FROM shopanalytics._dataset('SELECT * FROM many WHERE y = 1', 'y', ARRAY['i']);
SELECT * FROM shopanalytics._dataset('SELECT i, y = 1 AS y, y = 1 AS t FROM many', 'y', ARRAY['i'], split => 'column:t');
SELECT * FROM shopanalytics._dataset('SELECT * FROM many WHERE false', 'y');
SELECT * FROM shopanalytics._dataset('SELECT i, NULL::int AS y FROM many LIMIT 5', 'y');
SELECT * FROM shopanalytics._dataset('SELECT i, y, true AS t FROM many LIMIT 5', 'y', split => 'column:t');

-- Weights.
SELECT part, weight, count(*) FROM shopanalytics._dataset('SELECT *, i % 3 AS w FROM many', 'y', ARRAY['i'], weight_column => 'w', test_fraction => 0) GROUP BY 1, 2 ORDER BY 2;
SELECT n_train, n_skipped FROM shopanalytics._dataset_counts('SELECT *, i % 3 AS w FROM many', 'y', ARRAY['i'], weight_column => 'w', test_fraction => 0);
SELECT * FROM shopanalytics._dataset('SELECT *, -i AS w FROM many', 'y', weight_column => 'w', key_column => 'id');
SELECT * FROM shopanalytics._dataset('SELECT *, NULL::int AS w FROM many', 'y', weight_column => 'w');
SELECT * FROM shopanalytics._dataset('SELECT *, ''Infinity''::float8 AS w FROM many', 'y', weight_column => 'w');
SELECT * FROM shopanalytics._dataset('SELECT *, now() AS w FROM many', 'y', weight_column => 'w');

-- Too much goes to temporary files, and comes back the same.
CREATE VIEW wide AS SELECT i AS id, i % 2 AS y, i * 1.5::float8 AS x, nullif(i % 10, 3) AS n, 'c' || i % 5 AS c FROM generate_series(1, 30000) i;
CREATE FUNCTION wide(source text, split text) RETURNS TABLE (part text, id bigint, y float8, terms float8[]) STABLE LANGUAGE sql AS $$
    SELECT d.part, d.id, d.label_value, d.terms FROM shopanalytics._dataset(source, 'y', key_column => 'id', null_policy => 'median', split => wide.split) d
$$;
CREATE TEMP TABLE in_memory AS SELECT * FROM wide('wide', 'hash') UNION ALL SELECT * FROM wide('wide', 'sequence');
SET shopanalytics.intake_memory = '1MB';
CREATE TEMP TABLE in_files AS SELECT * FROM wide('SELECT * FROM wide ORDER BY -id', 'hash') UNION ALL SELECT * FROM wide('wide', 'sequence');
SELECT count(*) FROM (SELECT * FROM in_memory EXCEPT ALL SELECT * FROM in_files) d;
SELECT part, count(*), sum(terms[1]) FROM in_files GROUP BY 1;
SELECT count(*), sum(x) FROM wide;
SELECT n_train + n_test AS rows FROM shopanalytics._dataset_counts('SELECT y, x, x AS x2, x AS x3, x AS x4 FROM wide', 'y');
RESET shopanalytics.intake_memory;

-- More memory than levels are worth.
SELECT * FROM shopanalytics._dataset('SELECT i % 2 AS y, i % 1500 AS few, ''v'' || i % 1200 AS v FROM generate_series(1, 20000) i', 'y', min_category_count => 5);
SELECT array_length(terms, 1), count(*) FROM shopanalytics._dataset('SELECT i % 2 AS y, i % 1500 AS few, ''v'' || i % 1200 AS v FROM generate_series(1, 20000) i', 'y', encoding => 'frequency') GROUP BY 1;

-- Hostile names and values.
CREATE TABLE "ta""ble" ("a'b" int, "c""d" text, "e\f; DROP" int, "SELECT" boolean, "schön" int);
INSERT INTO "ta""ble" SELECT i, E'x\t\x01'';--' || i % 2, i, i % 3 = 0, i FROM generate_series(1, 50) i;
SELECT feature, term, level FROM shopanalytics._preparation('"ta""ble"', 'SELECT', key_column => 'e\f; DROP', test_fraction => 0) p, shopanalytics._preparation_terms(p);
SELECT count(*) FROM shopanalytics._dataset('"ta""ble"', 'SELECT', ARRAY['schön', 'a''b'], key_column => 'e\f; DROP', split => 'sequence');
SELECT octet_length(level) FROM shopanalytics._preparation($$SELECT i % 2 AS y, repeat('x', 1000000 + i % 2) AS t FROM generate_series(1, 30) i$$, 'y', test_fraction => 0) p, shopanalytics._preparation_terms(p);

-- Arguments.
SELECT * FROM shopanalytics._dataset(NULL, 'y');
SELECT * FROM shopanalytics._dataset('', 'y');
SELECT * FROM shopanalytics._dataset('nowhere', 'y');
SELECT * FROM shopanalytics._dataset('SELECT 1; SELECT 2', 'y');
SELECT * FROM shopanalytics._dataset('SELECT 1 AS x, 1/0 AS y', 'y');
SELECT * FROM shopanalytics._dataset('many', 'z');
SELECT * FROM shopanalytics._dataset('many', 'y', ARRAY['i', 'z']);
SELECT * FROM shopanalytics._dataset('many', 'y', ARRAY['i', 'i']);
SELECT * FROM shopanalytics._dataset('many', 'y', ARRAY['i', 'y']);
SELECT * FROM shopanalytics._dataset('many', 'y', ARRAY[]::text[]);
SELECT * FROM shopanalytics._dataset('many', 'y', ARRAY['i', NULL]);
SELECT * FROM shopanalytics._dataset('SELECT y FROM many', 'y');
SELECT * FROM shopanalytics._dataset('many', 'y', key_column => 'k');
SELECT * FROM shopanalytics._dataset('SELECT *, ''{}''::jsonb AS k FROM many', 'y', ARRAY['i'], key_column => 'k');
SELECT * FROM shopanalytics._dataset('many', 'y', null_policy => 'fill');
SELECT * FROM shopanalytics._dataset('many', 'y', encoding => 'onehot');
SELECT * FROM shopanalytics._dataset('many', 'y', unknown_policy => 'zero');
SELECT * FROM shopanalytics._dataset('many', 'y', min_category_count => 0);
SELECT * FROM shopanalytics._dataset('many', 'y', test_fraction => 1);
SELECT * FROM shopanalytics._dataset('many', 'y', test_fraction => 'NaN');
SELECT * FROM shopanalytics._dataset('many', 'y', split => 'random');
SELECT * FROM shopanalytics._dataset('many', 'y', split => 'sequence');
SELECT * FROM shopanalytics._dataset('many', 'y', split => 'column:z');
SELECT * FROM shopanalytics._dataset('many', 'y', split => 'column:i');
SELECT * FROM shopanalytics._dataset('many', NULL, positive => '1');
SELECT * FROM shopanalytics._dataset('paid', NULL, encoding => 'target');
SELECT * FROM shopanalytics._dataset('paid', 'y', prepare => '[]');
SELECT * FROM shopanalytics._dataset('paid', 'y', prepare => '{"x": {}}');
SELECT * FROM shopanalytics._dataset('paid', 'y', prepare => '{"method": "target"}');
SELECT * FROM shopanalytics._dataset('paid', 'y', prepare => '{"method": {"encoding": "target"}}');
SELECT * FROM shopanalytics._dataset('paid', 'y', prepare => '{"method": {"encode": "best"}}');
SELECT * FROM shopanalytics._dataset('paid', 'y', prepare => '{"method": {"encode": 1}}');
SELECT * FROM shopanalytics._dataset('paid', 'y', prepare => '{"method": {"min_count": 1.5}}');
SELECT * FROM shopanalytics._dataset('paid', 'y', prepare => '{"method": {"min_count": "1"}}');
SELECT * FROM shopanalytics._dataset('paid', 'y', prepare => '{"method": {"smoothing": -1, "encode": "target"}}');
SELECT * FROM shopanalytics._dataset('paid', 'y', prepare => '{"method": {"smoothing": 1}}');
SELECT * FROM shopanalytics._dataset('paid', 'y', prepare => '{"method": {"impute": "mean"}}');
SELECT * FROM shopanalytics._dataset('many', 'y', prepare => '{"i": {"min_count": 1}}');
SELECT * FROM shopanalytics._dataset('many', 'y', prepare => '{"i": {"impute": "never"}}');

-- The reader's rights are the caller's.
CREATE ROLE dataset_reader;
GRANT USAGE ON SCHEMA shopanalytics, dataset_test TO dataset_reader;
SET ROLE dataset_reader;
SELECT * FROM shopanalytics._dataset('paid', 'y');
RESET ROLE;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA dataset_test CASCADE;
REVOKE ALL ON SCHEMA shopanalytics FROM dataset_reader;
DROP ROLE dataset_reader;
