-- The state of the aggregates over (label, score): how it is bounded, sorted, shared
-- and put together.
SET extra_float_digits = 1;
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;

-- Bounded for each group; a score that is none
SET shopanalytics.max_group_memory = 64;
SELECT shopanalytics.roc_auc(n % 2 = 0, n) > 0.5 AS fits FROM generate_series(1, 8000) AS n;
SELECT shopanalytics.roc_auc(n < 8000, -n) AS fits_one_class FROM generate_series(1, 8000) AS n;
SELECT count(*) AS groups FROM (SELECT shopanalytics.roc_auc(n % 2 = 0, n) FROM generate_series(1, 40000) AS n GROUP BY n % 10) s;
SELECT call, e.*
  FROM unnest(ARRAY['roc_auc(n % 3 = 0, n)', 'average_precision(true, n)', 'roc_curve(n % 3 = 0, n)', 'calibration(n % 3 = 0, 0.5)', 'psi(n % 3 = 0, n)']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.' || call || ' FROM generate_series(1, 9000) AS n') AS e
 ORDER BY i;
RESET shopanalytics.max_group_memory;
SELECT state, message, hint FROM pg_temp.error_of('SELECT shopanalytics.roc_auc(true, ''NaN'')');

-- Many rows: the sum of ranks gives the same area
CREATE TEMP TABLE many AS
SELECT hashint4extended(n, 1) % 3 = 0 AS label,
       CASE hashint4extended(n, 2) % 7 WHEN 0 THEN hashint4extended(n, 3) / 1e3 WHEN 1 THEN hashint4extended(n, 4) % 100 WHEN 2 THEN 1e-300 * hashint4extended(n, 5) % 9
            WHEN 3 THEN 'Infinity' WHEN 4 THEN '-Infinity' ELSE exp(hashint4extended(n, 6) % 700) END AS score
  FROM generate_series(1, 30000) AS n;
SELECT (sum(n + 1 + low - high) FILTER (WHERE label) - p * (p + 1))::float8 / (2 * p * (n - p)) = (SELECT shopanalytics.roc_auc(label, score) FROM many) AS same
  FROM (SELECT label, rank() OVER (ORDER BY score) AS low, rank() OVER (ORDER BY score DESC) AS high, count(*) OVER () AS n, count(*) FILTER (WHERE label) OVER () AS p FROM many) r
 GROUP BY n, p;
SELECT shopanalytics.roc_auc(label, score ORDER BY score DESC) = shopanalytics.roc_auc(label, score ORDER BY score) AS auc,
       shopanalytics.average_precision(label, score ORDER BY label, score) = shopanalytics.average_precision(label, score) AS ap FROM many;


-- One state for several aggregates, sorted by the first that needs it; and for a window
SELECT shopanalytics.roc_auc(label, score) = a AS auc, shopanalytics.ks_statistic(label, score) = k AS ks, shopanalytics.average_precision(label, score) = p AS ap
  FROM many, (SELECT shopanalytics.roc_auc(label, score) AS a FROM many) x, (SELECT shopanalytics.ks_statistic(label, score) AS k FROM many) y, (SELECT shopanalytics.average_precision(label, score) AS p FROM many) z
 GROUP BY a, k, p;
SELECT bool_and(so_far = x.auc) AS same, count(*)
  FROM (SELECT n, shopanalytics.roc_auc(n % 3 = 0, n * 7919 % 1009) OVER (ORDER BY n) AS so_far FROM generate_series(1, 2000) AS n) w,
       LATERAL (SELECT shopanalytics.roc_auc(m % 3 = 0, m * 7919 % 1009) AS auc FROM generate_series(1, w.n) AS m) x
 WHERE n % 400 = 0;

-- Large states from workers, unevenly filled; more than the bound only together
CREATE FUNCTION pg_temp.partial(query text) RETURNS boolean LANGUAGE plpgsql AS $$
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
CREATE TABLE binary_row AS SELECT n, hashint4extended(n, 1) % 5 = 0 AS label, hashint4extended(n, 2) % 5000 AS score FROM generate_series(1, 60000) AS n;
CREATE TEMP TABLE serial AS SELECT shopanalytics.roc_auc(label, score) AS auc, shopanalytics.average_precision(label, score) AS ap, shopanalytics.roc_auc(label, score) FILTER (WHERE n < 100) AS few FROM binary_row;
ALTER TABLE binary_row SET (parallel_workers = 2);
ANALYZE binary_row;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 1;
\set all 'SELECT shopanalytics.roc_auc(label, score) AS auc, shopanalytics.average_precision(label, score) AS ap, shopanalytics.roc_auc(label, score) FILTER (WHERE n < 100) AS few FROM binary_row'
SELECT pg_temp.partial(:'all');
SELECT count(*) AS same FROM (:all) p JOIN serial USING (auc, ap, few);
SET shopanalytics.max_group_memory = 300;
SELECT state, message FROM pg_temp.error_of(:'all');
DROP TABLE binary_row;
