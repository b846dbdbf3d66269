-- rolling_sum() and rolling_avg(): moving aggregates, exact for float8.
\pset null '(null)'

-- nothing that has left the frame is still felt
SELECT i, x, shopanalytics.rolling_sum(x) OVER w AS sum, shopanalytics.rolling_avg(x) OVER w AS avg, sum(x) OVER w AS core
  FROM (VALUES (1, 1e20::float8), (2, 1), (3, 1), (4, NULL), (5, 0.1), (6, 0.2), (7, 0.3), (8, 1e308), (9, 5e-324), (10, '-0'), (11, '-0')) AS v (i, x)
WINDOW w AS (ORDER BY i ROWS 1 PRECEDING)
 ORDER BY i;

-- the exact sum is rounded once, ties to even, in every order of the values
SELECT label, count(DISTINCT total) AS answers, min(total) AS answer
  FROM generate_series(1, 20) AS seed,
       LATERAL (SELECT label, shopanalytics.rolling_sum(x ORDER BY md5(x::text || seed)) AS total
                  FROM (VALUES ('cancellation', 1e300::float8), ('cancellation', -1e300), ('cancellation', 3e-300), ('cancellation', 1),
                               ('tie, even', 9007199254740992), ('tie, even', 1),
                               ('tie, odd', 9007199254740994), ('tie, odd', 1),
                               ('over the tie', 9007199254740992), ('over the tie', 1), ('over the tie', 5e-324),
                               ('under the tie', 9007199254740994), ('under the tie', 1), ('under the tie', -5e-324),
                               ('over and back', 1.7976931348623157e308), ('over and back', 1.7976931348623157e308), ('over and back', -1.7976931348623157e308),
                               ('subnormal', 2.5e-323), ('subnormal', -5e-324), ('subnormal', 5e-324),
                               ('to normal', 2.225073858507201e-308), ('to normal', 5e-324),
                               ('tenths', 0.1), ('tenths', 0.1), ('tenths', 0.1), ('tenths', 0.1), ('tenths', 0.1),
                               ('tenths', 0.1), ('tenths', 0.1), ('tenths', 0.1), ('tenths', 0.1), ('tenths', 0.1)) AS v (label, x)
                 GROUP BY label) AS t
 GROUP BY label ORDER BY label;
-- so is the average; its sum may be out of range
SELECT shopanalytics.rolling_avg(x) FROM (VALUES (1.7976931348623157e308::float8), (1.7976931348623157e308)) AS v (x);
SELECT shopanalytics.rolling_avg(x) AS tie_to_even FROM (VALUES (5e-324::float8), (1e-323)) AS v (x);
SELECT shopanalytics.rolling_avg(x) AS below_half FROM (VALUES (5e-324::float8), (0), (0)) AS v (x);
SELECT shopanalytics.rolling_avg(x) AS above_half FROM (VALUES (1e-323::float8), (0), (0)) AS v (x);
SELECT shopanalytics.rolling_sum(x) FROM (VALUES (1.7976931348623157e308::float8), (1.7976931348623157e308)) AS v (x);
\echo :SQLSTATE
-- half a unit in the last place above the largest number is out of range, less is not
SELECT shopanalytics.rolling_sum(x) FROM (VALUES (1.7976931348623157e308::float8), (9.9e291)) AS v (x);
SELECT shopanalytics.rolling_sum(x) FROM (VALUES (1.7976931348623157e308::float8), (9.979201547673599e291)) AS v (x);

-- numeric as sum() and avg(), with the scale of the values in the frame
SELECT i, x, shopanalytics.rolling_sum(x) OVER w AS sum, sum(x) OVER w AS core_sum, shopanalytics.rolling_avg(x) OVER w AS avg, avg(x) OVER w AS core_avg
  FROM (VALUES (1, 1.5), (2, 0.00001), (3, 2), (4, NULL), (5, NULL), (6, 1000000.25), (7, -1000000.25), (8, 0.000), (9, 7)) AS v (i, x)
WINDOW w AS (ORDER BY i ROWS 1 PRECEDING)
 ORDER BY i;

-- NaN and infinities leave the frame again
SELECT i, x, shopanalytics.rolling_sum(x) OVER w AS sum, shopanalytics.rolling_avg(x) OVER w AS avg,
       shopanalytics.rolling_sum(x::float8) OVER w AS float_sum, shopanalytics.rolling_avg(x::float8) OVER w AS float_avg
  FROM (VALUES (1, 1::numeric), (2, 'NaN'), (3, 2), (4, 3), (5, 'Infinity'), (6, '-Infinity'), (7, 4), (8, 5)) AS v (i, x)
WINDOW w AS (ORDER BY i ROWS 1 PRECEDING)
 ORDER BY i;

-- integers give numeric, real gives float8
SELECT pg_typeof(shopanalytics.rolling_sum(1::smallint)) AS "smallint", pg_typeof(shopanalytics.rolling_sum(1)) AS "integer",
       pg_typeof(shopanalytics.rolling_sum(1::bigint)) AS "bigint", pg_typeof(shopanalytics.rolling_sum(1::real)) AS "real",
       pg_typeof(shopanalytics.rolling_avg(1::smallint)) AS "smallint", pg_typeof(shopanalytics.rolling_avg(1)) AS "integer",
       pg_typeof(shopanalytics.rolling_avg(1::bigint)) AS "bigint", pg_typeof(shopanalytics.rolling_avg(1::real)) AS "real";
SELECT i, shopanalytics.rolling_sum(i) OVER w AS "bigint", shopanalytics.rolling_avg(i) OVER w AS avg, avg(i) OVER w AS core_avg,
       shopanalytics.rolling_sum((i % 32768)::smallint) OVER w AS "smallint", shopanalytics.rolling_sum((i / 4294967296)::integer) OVER w AS "integer"
  FROM (VALUES (-9223372036854775808), (-9223372036854775807), (-1), (9223372036854775806), (9223372036854775807)) AS v (i)
WINDOW w AS (ORDER BY i ROWS 1 PRECEDING)
 ORDER BY i;

-- no row, only NULL, one row
SELECT shopanalytics.rolling_sum(x), shopanalytics.rolling_avg(x), shopanalytics.rolling_sum(x::numeric), shopanalytics.rolling_avg(x::numeric)
  FROM (VALUES (1.5::float8)) AS v (x) WHERE false;
SELECT shopanalytics.rolling_sum(x), shopanalytics.rolling_avg(x), shopanalytics.rolling_sum(x::numeric), shopanalytics.rolling_avg(x::numeric)
  FROM (VALUES (NULL::float8), (NULL)) AS v (x);
SELECT shopanalytics.rolling_sum(x), shopanalytics.rolling_avg(x), shopanalytics.rolling_sum(x::numeric), shopanalytics.rolling_avg(x::numeric)
  FROM (VALUES (1.5::float8)) AS v (x);

-- A4: seven days over a table by day; the frame moves with the days, not the rows
SELECT day, revenue, shopanalytics.rolling_sum(revenue) OVER (ORDER BY day RANGE BETWEEN '6 days' PRECEDING AND CURRENT ROW)
  FROM (VALUES (date '2024-03-01', 10.00), ('2024-03-02', 20.00), ('2024-03-07', 40.00), ('2024-03-08', 80.00), ('2024-03-20', 5.00)) AS v (day, revenue)
 ORDER BY day;

-- Frames of all kinds against core.  x is m * 2^k with m below 2^52, so it is
-- exact both as float8 and, in at most 60 digits after the point, as numeric.
CREATE TABLE amounts AS
    WITH random AS (SELECT i, ('x' || substr(md5('sum' || i), 1, 13))::bit(52)::bigint - 2251799813685248 AS m,
                           ('x' || substr(md5('sum' || i), 14, 4))::bit(16)::int AS r
                      FROM generate_series(1, 4000) AS i),
    scaled AS (SELECT *, r % 119 - 59 AS k FROM random)
    SELECT i AS id, i % 400 AS g, i / 3 + r % 40 AS place,
           CASE WHEN r % 20 > 0 THEN m * CASE WHEN k < 0 THEN 5::numeric ^ (-k) * ('1e' || k)::numeric ELSE 2::numeric ^ k END END AS exact,
           CASE WHEN r % 20 > 0 THEN m * 2::float8 ^ k END AS x,
           CASE WHEN r % 20 > 0 THEN round(m / 1000.0, r % 7) END AS amount
      FROM scaled;
SELECT count(*) AS inexact FROM amounts WHERE x <> exact::float8;
CREATE FUNCTION differences(frame text) RETURNS TABLE (sum_float8 bigint, avg_float8 bigint, sum_numeric bigint, avg_numeric bigint, sum_integer bigint)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT count(*) FILTER (WHERE a IS DISTINCT FROM b::float8), count(*) FILTER (WHERE c IS DISTINCT FROM (round(b, 400) / n)::float8),
                count(*) FILTER (WHERE d::text IS DISTINCT FROM e::text), count(*) FILTER (WHERE f::text IS DISTINCT FROM g::text),
                count(*) FILTER (WHERE h IS DISTINCT FROM i)
           FROM (SELECT shopanalytics.rolling_sum(x) OVER w AS a, sum(exact) OVER w AS b, shopanalytics.rolling_avg(x) OVER w AS c, nullif(count(exact) OVER w, 0) AS n,
                        shopanalytics.rolling_sum(amount) OVER w AS d, sum(amount) OVER w AS e, shopanalytics.rolling_avg(amount) OVER w AS f, avg(amount) OVER w AS g,
                        shopanalytics.rolling_sum(id) OVER w AS h, sum(id) OVER w AS i
                   FROM amounts WINDOW w AS (PARTITION BY g %% 3 ORDER BY place %s)) AS t', frame);
END $$;
SELECT frame, d.*
  FROM (VALUES ('RANGE BETWEEN 6 PRECEDING AND CURRENT ROW'), ('RANGE BETWEEN 30 PRECEDING AND 10 PRECEDING'), ('RANGE BETWEEN CURRENT ROW AND 5 FOLLOWING'),
               (', id ROWS 3 PRECEDING'), (', id ROWS BETWEEN 1 FOLLOWING AND 20 FOLLOWING'), ('GROUPS 2 PRECEDING'),
               ('RANGE BETWEEN 9 PRECEDING AND CURRENT ROW EXCLUDE TIES'), ('ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING')) AS f (frame),
       differences(frame) AS d;

-- values of every size pass, and leave nothing behind
SELECT count(*) AS differing
  FROM (SELECT shopanalytics.rolling_sum(x) OVER w AS ours, sum(x) OVER w AS core
          FROM (SELECT i, CASE WHEN i % 50 = 0 THEN (i / 25 % 4 - 2) * ('1e' || i * 100)::numeric WHEN i % 50 = 25 THEN round(1.0 / i, i * 3) ELSE i END AS x
                  FROM generate_series(1, 1300) AS i) AS v
        WINDOW w AS (ORDER BY i ROWS 5 PRECEDING)) AS t
 WHERE ours::text IS DISTINCT FROM core::text;
SELECT count(*) AS differing
  FROM (SELECT shopanalytics.rolling_sum(x) OVER (ORDER BY i ROWS 1 PRECEDING) AS ours, x + lag(x, 1, 0) OVER (ORDER BY i) AS two
          FROM (SELECT i, i * 10.0::float8 ^ (i % 600 - 300) AS x FROM generate_series(1, 3000) AS i) AS v) AS t
 WHERE ours IS DISTINCT FROM two;
SELECT shopanalytics.rolling_sum(x) FROM (VALUES (9e131071), (9e131071)) AS v (x);
\echo :SQLSTATE
SELECT shopanalytics.rolling_sum(x) = 0 AS zero, scale(shopanalytics.rolling_sum(x)) AS scale
  FROM (VALUES (9e131071), (-9e131071), (round(1e-16383, 16383)), (round(-1e-16383, 16383))) AS v (x);
-- stored out of line
CREATE TABLE wide AS SELECT i, i::numeric ^ 3000 AS x FROM generate_series(2, 9) AS i;
SELECT count(*) AS differing FROM (SELECT shopanalytics.rolling_sum(x) OVER w AS ours, sum(x) OVER w AS core FROM wide WINDOW w AS (ORDER BY i ROWS 1 PRECEDING)) AS t WHERE ours <> core;

-- states combine: no value, one value, many; in some workers or in all
ALTER TABLE amounts SET (parallel_workers = 2);
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
    SELECT g, shopanalytics.rolling_sum(x) AS sum_float8, shopanalytics.rolling_avg(x) AS avg_float8,
           shopanalytics.rolling_sum(amount) AS sum_numeric, shopanalytics.rolling_avg(amount) AS avg_numeric,
           shopanalytics.rolling_sum(id) AS sum_integer, shopanalytics.rolling_avg(id::smallint) AS avg_smallint
      FROM amounts GROUP BY g;
SELECT partial('SELECT * FROM by_group');
CREATE TABLE parallel AS SELECT * FROM by_group;
SET max_parallel_workers_per_gather = 0;
SELECT partial('SELECT * FROM by_group');
CREATE TABLE serial AS SELECT * FROM by_group;
RESET max_parallel_workers_per_gather;
SELECT count(*) AS groups FROM serial;
SELECT count(*) AS differing FROM ((SELECT parallel::text FROM parallel EXCEPT SELECT serial::text FROM serial) UNION ALL (SELECT serial::text FROM serial EXCEPT SELECT parallel::text FROM parallel)) AS t;
SELECT count(*) AS differing
  FROM serial JOIN (SELECT g, sum(exact)::float8 AS sum_float8, sum(amount) AS sum_numeric, avg(amount) AS avg_numeric, sum(id) AS sum_integer
                      FROM amounts GROUP BY g) AS core USING (g)
 WHERE (serial.sum_float8, serial.sum_numeric::text, serial.avg_numeric::text, serial.sum_integer)
       IS DISTINCT FROM (core.sum_float8, core.sum_numeric::text, core.avg_numeric::text, core.sum_integer);

-- every partial state empty, of NULL only, or but one
SELECT partial('SELECT shopanalytics.rolling_sum(x), shopanalytics.rolling_avg(amount) FROM amounts WHERE id < 0');
SELECT shopanalytics.rolling_sum(x), shopanalytics.rolling_avg(amount) FROM amounts WHERE id < 0;
SELECT shopanalytics.rolling_sum(x) FILTER (WHERE x IS NULL), shopanalytics.rolling_avg(amount) FILTER (WHERE amount IS NULL) FROM amounts;
SELECT shopanalytics.rolling_sum(id) FILTER (WHERE id = 4000), shopanalytics.rolling_avg(id::float8) FILTER (WHERE id = 4000) FROM amounts;
SELECT shopanalytics.rolling_sum(CASE id WHEN 1 THEN 'NaN' WHEN 4000 THEN 1::float8 END), shopanalytics.rolling_sum(CASE id WHEN 1 THEN 'Infinity' WHEN 4000 THEN '-Infinity'::numeric END),
       shopanalytics.rolling_avg(CASE id WHEN 1 THEN '-Infinity' WHEN 4000 THEN 1::float8 END), shopanalytics.rolling_sum(CASE id WHEN 1 THEN 1e300::float8 WHEN 4000 THEN 1e-300 END),
       shopanalytics.rolling_sum(CASE id WHEN 1 THEN 1.5 WHEN 4000 THEN 0.00001 END) FROM amounts;

-- not of a text
SELECT shopanalytics.rolling_sum('1 EUR'::text);

DROP VIEW by_group;
DROP TABLE amounts, wide, parallel, serial;
DROP FUNCTION differences, partial;
