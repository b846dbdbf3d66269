-- B7.  feature_stats(): what is to be known of features before they are scaled.
\pset null '(null)'
SET extra_float_digits = -3;

-- S1, NULLs apart
CREATE TABLE customer (total_spend float8, n_orders integer, recency_days integer);
INSERT INTO customer VALUES
    (123.58, 5, 53), (625.44, 5, 95), (75.09, 8, 227), (54.8, 4, 318), (137.13, 6, 153), (1042.2, 23, 58), (1484.44, 21, 58),
    (144.91, 7, 48), (161.24, 7, 249), (354.94, 6, 257), (182.37, 5, 109), (1438.99, 12, 4), (2308.02, 19, 16), (152.18, 9, 255);
SELECT f.n, f.n_null, u.*
  FROM (SELECT (shopanalytics.feature_stats(ARRAY[total_spend, n_orders, recency_days])).* FROM customer) f,
       unnest(mean, sd, sd_sample, min, max) WITH ORDINALITY u (mean, sd, sd_sample, min, max, position)
 ORDER BY position;

-- NumAcc4 of the NIST's reference datasets: standard deviation 0.1, to the eight digits that
-- are left when the values are written in binary
SELECT f.n, f.mean, round(f.sd_sample[1]::numeric, 8) AS sd_sample
  FROM (SELECT (shopanalytics.feature_stats(ARRAY[CASE WHEN i = 0 THEN 10000000.2 WHEN i % 2 = 1 THEN 10000000.1 ELSE 10000000.3 END])).*
          FROM generate_series(0, 1000) i) f;
-- and NumAcc3, 1000000.1 to 1000000.3
SELECT f.mean, round(f.sd_sample[1]::numeric, 10) AS sd_sample
  FROM (SELECT (shopanalytics.feature_stats(ARRAY[CASE WHEN i = 0 THEN 1000000.2 WHEN i % 2 = 1 THEN 1000000.1 ELSE 1000000.3 END])).*
          FROM generate_series(0, 1000) i) f;

-- no row; no array; no feature; nothing but NULL; one value; values that are the same
SELECT shopanalytics.feature_stats(x) FROM (VALUES ('{1}'::float8[])) v (x) WHERE false;
SELECT shopanalytics.feature_stats(x) FROM (VALUES (NULL::float8[]), (NULL)) v (x);
SELECT pg_typeof(shopanalytics.feature_stats('{1}')) = 'shopanalytics.feature_summary'::regtype AS typed;
SELECT (shopanalytics.feature_stats(x)).* FROM (VALUES (NULL::float8[]), ('{1}'), (NULL), ('{3}')) v (x);
SELECT (shopanalytics.feature_stats(x)).* FROM (VALUES ('{}'::float8[]), ('{}')) v (x);
SELECT (shopanalytics.feature_stats(x)).* FROM (VALUES ('{NULL,7,0.1}'::float8[]), ('{NULL,NULL,0.1}'), ('{NULL,NULL,0.1}')) v (x);
SELECT (shopanalytics.feature_stats(x)).* FROM (VALUES ('{1,2,3,4,5,6,7,NULL,NULL,10}'::float8[])) v (x);

-- a zero has no sign, whichever came first
SELECT f.min, f.max, f.mean FROM (SELECT (shopanalytics.feature_stats(ARRAY[x])).* FROM (VALUES ('-0'::float8), (0)) v (x)) f;
SELECT f.min, f.max, f.mean FROM (SELECT (shopanalytics.feature_stats(ARRAY[x])).* FROM (VALUES (0::float8), ('-0')) v (x)) f;

-- values of any size: nothing overflows or is lost on the way
SELECT label, f.mean, f.sd, f.sd_sample
  FROM (SELECT label, (shopanalytics.feature_stats(ARRAY[x])).*
          FROM (VALUES ('huge', 1e308::float8), ('huge', -1e308), ('tiny', 1e-320), ('tiny', 3e-320), ('both', 1e300), ('both', 1e-300),
                       ('shifted', 1e15), ('shifted', 1e15 + 1), ('shifted', 1e15 + 2)) v (label, x)
         GROUP BY label) f
 ORDER BY label;
SELECT shopanalytics.feature_stats(ARRAY[x]) FROM (VALUES (1.7e308::float8), (-1.7e308)) v (x);
\echo :SQLSTATE

-- numbers that are none; lengths that differ
SELECT shopanalytics.feature_stats(x) FROM (VALUES ('{1,2}'::float8[]), ('{1,NaN}')) v (x);
\echo :SQLSTATE
SELECT shopanalytics.feature_stats(x) FROM (VALUES ('{NULL,NULL,Infinity}'::float8[])) v (x);
SELECT shopanalytics.feature_stats(x) FROM (VALUES ('{-Infinity}'::float8[])) v (x);
SELECT shopanalytics.feature_stats(x) FROM (VALUES ('{1,2}'::float8[]), ('{1}')) v (x);
\echo :SQLSTATE
SELECT shopanalytics.feature_stats(x) FROM (VALUES ('{1,2}'::float8[]), ('{}')) v (x);
SELECT shopanalytics.feature_stats(x) FROM (VALUES ('{{1,2}}'::float8[])) v (x);
\echo :SQLSTATE
SELECT shopanalytics.feature_stats(array_fill(0::float8, ARRAY[65537]));
\echo :SQLSTATE
SELECT cardinality(f.mean), f.mean[65536] FROM (SELECT (shopanalytics.feature_stats(array_fill(2::float8, ARRAY[65536]))).* FROM generate_series(1, 3)) f;

-- Values that numeric has all digits of: core's own aggregates of numeric are the oracle.
-- (A cast of float8 to numeric keeps 15 digits, its text all.)
SET extra_float_digits = 1;
CREATE TABLE measured AS
    SELECT i, i % 300 AS g,
           CASE WHEN i % 7 > 0 THEN (h % 2000001 - 1000000) / 64.0 END AS a,
           CASE WHEN i % 300 <> 5 THEN 16777216 + h % 1000 / 8.0 END AS b,
           CASE WHEN i % 300 > 9 OR i < 300 THEN round((h % 100) * 1e12, 20) END AS c
      FROM (SELECT i, ('x' || substr(md5('stats' || i), 1, 8))::bit(32)::bigint AS h FROM generate_series(1, 12000) i) r;
CREATE VIEW by_group AS SELECT g, shopanalytics.feature_stats(ARRAY[a, b, c]::float8[]) AS f FROM measured GROUP BY g;
CREATE FUNCTION differs(ours float8, oracle numeric) RETURNS boolean LANGUAGE sql
    RETURN CASE WHEN ours IS NULL OR oracle IS NULL THEN ours IS NOT NULL OR oracle IS NOT NULL ELSE abs(ours::text::numeric - oracle) > 5e-16 * abs(oracle) END;
SELECT count(*) AS compared, count(*) FILTER (WHERE (f).n <> o.n OR (f).n_null <> o.n_null) AS counts,
       count(*) FILTER (WHERE differs((f).mean[1], mean_a) OR differs((f).mean[2], mean_b) OR differs((f).mean[3], mean_c)) AS means,
       count(*) FILTER (WHERE differs((f).sd[1], sd_a) OR differs((f).sd[2], sd_b) OR differs((f).sd[3], sd_c)) AS sds,
       count(*) FILTER (WHERE differs((f).sd_sample[1], sample_a) OR differs((f).sd_sample[2], sample_b) OR differs((f).sd_sample[3], sample_c)) AS sd_samples,
       count(*) FILTER (WHERE (f).min IS DISTINCT FROM o.min OR (f).max IS DISTINCT FROM o.max) AS bounds
  FROM by_group
  JOIN (SELECT g, count(*) AS n, ARRAY[count(*) FILTER (WHERE a IS NULL), count(*) FILTER (WHERE b IS NULL), count(*) FILTER (WHERE c IS NULL)] AS n_null,
               avg(a) AS mean_a, avg(b) AS mean_b, avg(c) AS mean_c, stddev_pop(a) AS sd_a, stddev_pop(b) AS sd_b, stddev_pop(c) AS sd_c,
               stddev_samp(a) AS sample_a, stddev_samp(b) AS sample_b, stddev_samp(c) AS sample_c,
               ARRAY[min(a), min(b), min(c)]::float8[] AS min, ARRAY[max(a), max(b), max(c)]::float8[] AS max
          FROM measured GROUP BY g) o USING (g);

-- any order of rows: the same bits
SELECT count(DISTINCT f::text) AS answers
  FROM generate_series(1, 20) seed,
       LATERAL (SELECT shopanalytics.feature_stats(ARRAY[x, -x / 3, x * 1e-160] ORDER BY md5(x::text || seed)) AS f
                  FROM (SELECT sin(i) * 10.0::float8 ^ (i % 40 - 20) AS x FROM generate_series(1, 200) i) v) t;

-- states combine: none, one of two, many; in some workers or in all
ALTER TABLE measured SET (parallel_workers = 2);
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
SELECT partial('SELECT * FROM by_group');
CREATE TABLE parallel AS SELECT * FROM by_group;
SELECT partial('SELECT shopanalytics.feature_stats(ARRAY[a]) FROM measured WHERE i < 0');
SELECT shopanalytics.feature_stats(ARRAY[a]::float8[]) FROM measured WHERE i < 0;
SELECT (shopanalytics.feature_stats(ARRAY[a, i]::float8[])).* FROM measured WHERE i = 7;
-- which of the two lengths comes first is by chance
\set VERBOSITY sqlstate
SELECT shopanalytics.feature_stats(CASE WHEN i < 6000 THEN ARRAY[i] ELSE ARRAY[i, i] END::float8[]) IS NULL FROM measured;
\set VERBOSITY default
SET max_parallel_workers_per_gather = 0;
SELECT partial('SELECT * FROM by_group');
CREATE TABLE serial AS SELECT * FROM by_group;
SELECT count(*) AS groups, count(*) FILTER (WHERE s.f::text = p.f::text) AS the_same FROM serial s FULL JOIN parallel p USING (g);

-- as a window it goes on from its state
SELECT i, (f).n, (f).mean, (f).sd
  FROM (SELECT i, shopanalytics.feature_stats(ARRAY[i]) OVER (ORDER BY i) AS f FROM generate_series(1, 4) i) w
 ORDER BY i;

DROP VIEW by_group;
DROP TABLE customer, measured, parallel, serial;
DROP FUNCTION differs, partial;
