-- calibration and expected_calibration_error.
SET extra_float_digits = 1;
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;

-- M1: the error over ten bins of equal width is 0.226
CREATE TEMP TABLE m1 AS
SELECT y = 1 AS label, score
  FROM unnest('{1,0,1,1,0,0,1,0,0,1,0,0,0,1,0,0,0,0,1,0}'::integer[],
              '{0.92,0.85,0.85,0.7,0.7,0.7,0.55,0.55,0.4,0.4,0.4,0.31,0.31,0.22,0.22,0.15,0.15,0.08,0.03,0.03}'::float8[]) AS r(y, score);
SELECT abs(shopanalytics.expected_calibration_error(label, score) - 0.226) < 1e-15 AS ece,
       shopanalytics.expected_calibration_error(label, score) = shopanalytics.expected_calibration_error(label, score, 10) AS default_bins,
       abs(shopanalytics.expected_calibration_error(label, score, 1) - abs(avg(score) - avg(label::integer))) < 1e-15 AS one_bin FROM m1;
\set rounded 'b.bin, b.low, b.high, b.n, round(b.mean_score::numeric, 6) AS mean_score, round(b.rate::numeric, 6) AS rate, round(b.ci_low::numeric, 6) AS ci_low, round(b.ci_high::numeric, 6) AS ci_high'
SELECT :rounded FROM unnest((SELECT shopanalytics.calibration(label, score) FROM m1)) AS b;
-- quartiles are 0.2025, 0.4 and 0.7
SELECT :rounded FROM unnest((SELECT shopanalytics.calibration(label, score, 4, 'quantile') FROM m1)) AS b;
SELECT shopanalytics.calibration(label, score) = shopanalytics.calibration(label, score, 10) AND shopanalytics.calibration(label, score) = shopanalytics.calibration(label, score, NULL, NULL) AS default_arguments FROM m1;

-- Wilson's interval: 1 of 10 is 0.0179 to 0.4042, 0 of 10 is 0 to 0.2775
SELECT :rounded FROM unnest((SELECT shopanalytics.calibration(n = 1, 0.2, 1, 'equal_width') FROM generate_series(1, 10) AS n)) AS b;
SELECT :rounded FROM unnest((SELECT shopanalytics.calibration(false, 0.2, 1, 'equal_width') FROM generate_series(1, 10) AS n)) AS b;

-- Bounds: 0 and 1; a bin has low <= score < high, whatever the rounding of low
SELECT b.bin, b.n FROM unnest((SELECT shopanalytics.calibration(true, n / 100.0::float8, 100) FROM generate_series(0, 100) AS n)) AS b WHERE b.n <> 1;
SELECT b.* FROM unnest((SELECT shopanalytics.calibration(label, score, 2) FROM (VALUES (true, 1), (false, 0), (true, 0.5), (NULL, 0.1), (true, NULL)) AS r(label, score))) AS b;
-- all the same, one row, none
SELECT :rounded FROM unnest((SELECT shopanalytics.calibration(n > 2, 0.25, 4, 'quantile') FROM generate_series(1, 4) AS n)) AS b;
SELECT :rounded FROM unnest((SELECT shopanalytics.calibration(true, 1, 3, 'quantile'))) AS b;
SELECT shopanalytics.calibration(label, score) AS no_bins, shopanalytics.expected_calibration_error(label, score) AS no_error FROM m1 WHERE false;
SELECT shopanalytics.calibration(label, NULL) AS no_bins, shopanalytics.expected_calibration_error(NULL, score) AS no_error FROM m1;

-- The type
SELECT pg_typeof(shopanalytics.calibration(label, score)) = 'shopanalytics.calibration_bin[]'::regtype AS typed FROM m1;

-- Every error
SELECT call, e.*
  FROM unnest(ARRAY['calibration(true, ''NaN'')', 'calibration(true, 1.01)', 'calibration(true, 0.5, 0)', 'calibration(true, 0.5, 1001)', 'calibration(true, 0.5, 10, ''width'')',
                    'calibration(true, 0.5, n)', 'expected_calibration_error(true, -1)', 'expected_calibration_error(true, 0.5, -1)']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.' || call || ' FROM generate_series(1, 2) AS n') AS e
 ORDER BY i;

-- Random groups against plain SQL
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TABLE calibration_row AS
SELECT g, n, pg_temp.pick(g * 128 + n, 3, 100) < 20 + g % 50 AS label, pg_temp.pick(g * 128 + n, 4, 2 + g % 90) / 91.0::float8 AS score
  FROM generate_series(1, 1500) AS g, generate_series(0, pg_temp.pick(g, 1, 100)) AS n;
CREATE INDEX calibration_row_g ON calibration_row (g);
ANALYZE calibration_row;
CREATE TEMP TABLE ours AS
SELECT g, shopanalytics.calibration(label, score, 7, 'equal_width') AS width, shopanalytics.calibration(label, score, 7, 'quantile') AS quantile, shopanalytics.expected_calibration_error(label, score, 7) AS ece
  FROM calibration_row GROUP BY g;
CREATE FUNCTION pg_temp.near(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(abs(a - b) <= 1e-13, a IS NULL AND b IS NULL)
$$;
CREATE TEMP TABLE bin AS
SELECT g, method, (b).*, (b).bin = max((b).bin) OVER (PARTITION BY g, method) AS is_last
  FROM (SELECT g, 'width' AS method, unnest(width) AS b FROM ours UNION ALL SELECT g, 'quantile', unnest(quantile) FROM ours) s;
SELECT method, count(*) > 5000 AS many, bool_and(b.n = x.n) AS n, bool_and(pg_temp.near(mean_score, x.mean)) AS mean_score, bool_and(pg_temp.near(b.rate, x.rate)) AS rate,
       bool_and(pg_temp.near(ci_low, (x.k + 1.959963984540054 ^ 2 / 2 - 1.959963984540054 * sqrt(x.k * (x.n - x.k) / nullif(x.n, 0)::float8 + 1.959963984540054 ^ 2 / 4)) / (x.n + 1.959963984540054 ^ 2))) AS ci_low,
       bool_and(pg_temp.near(ci_high, (x.k + 1.959963984540054 ^ 2 / 2 + 1.959963984540054 * sqrt(x.k * (x.n - x.k) / nullif(x.n, 0)::float8 + 1.959963984540054 ^ 2 / 4)) / (x.n + 1.959963984540054 ^ 2))) AS ci_high
  FROM bin b, LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE label) AS k, avg(score) AS mean, avg(label::integer) AS rate FROM calibration_row r
                        WHERE r.g = b.g AND r.score >= b.low AND (r.score < b.high OR b.is_last)) AS x
 GROUP BY method ORDER BY method;
SELECT bool_and(width_edges = ARRAY[0, 1 / 7.0::float8, 2 / 7.0::float8, 3 / 7.0::float8, 4 / 7.0::float8, 5 / 7.0::float8, 6 / 7.0::float8, 1]) AS width,
       bool_and(quantile_edges = quantiles) AS quantiles, bool_and(pg_temp.near(o.ece, x.ece)) AS ece
  FROM ours o,
       LATERAL (SELECT array_agg(low ORDER BY bin) || max(high) AS width_edges, sum(abs(rate - mean_score) * n) / sum(n) AS ece FROM unnest(width)) x,
       LATERAL (SELECT array_agg(low ORDER BY bin) || max(high) AS quantile_edges FROM unnest(quantile)) y,
       LATERAL (SELECT ARRAY(SELECT DISTINCT q FROM unnest(percentile_cont(ARRAY[0, 1 / 7.0::float8, 2 / 7.0::float8, 3 / 7.0::float8, 4 / 7.0::float8, 5 / 7.0::float8, 6 / 7.0::float8]) WITHIN GROUP (ORDER BY score)) AS q ORDER BY q) || max(score) AS quantiles
                  FROM calibration_row r WHERE r.g = o.g) z;

-- Parallel
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
DROP INDEX calibration_row_g;
ALTER TABLE calibration_row SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE calibration_row ALTER g SET (n_distinct = 100);
ANALYZE calibration_row;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 1;
\set by_group 'SELECT g, shopanalytics.calibration(label, score, 7, ''equal_width'') AS width, shopanalytics.calibration(label, score, 7, ''quantile'') AS quantile, shopanalytics.expected_calibration_error(label, score, 7) AS ece FROM calibration_row GROUP BY g'
SELECT pg_temp.partial(:'by_group');
SELECT count(*) AS groups, count(*) FILTER (WHERE p IS DISTINCT FROM o) AS differ FROM (:by_group) p JOIN ours o USING (g);
SELECT pg_temp.partial('SELECT shopanalytics.calibration(label, score) FROM calibration_row WHERE g * 0 > 0');
SELECT shopanalytics.calibration(label, score) AS none FROM calibration_row WHERE g * 0 > 0;
SELECT state, message FROM pg_temp.error_of('SELECT shopanalytics.calibration(label, score, CASE WHEN g < 700 THEN 5 ELSE 6 END) FROM calibration_row');
DROP TABLE calibration_row;
