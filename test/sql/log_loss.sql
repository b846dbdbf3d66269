-- log_loss and brier_score: the mean loss of probabilities.
SET extra_float_digits = 1;
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;

-- M1: sklearn's numbers for twenty rows
CREATE TEMP TABLE m1 AS
SELECT y = 1 AS label, score
  FROM unnest('{1,0,1,1,0,0,1,0,0,1,0,0,0,1,0,0,0,0,1,0}'::integer[],
              '{0.92,0.85,0.85,0.7,0.7,0.7,0.55,0.55,0.4,0.4,0.4,0.31,0.31,0.22,0.22,0.15,0.15,0.08,0.03,0.03}'::float8[]) AS r(y, score);
SELECT abs(shopanalytics.log_loss(label, score) - 0.7346040389871035) < 1e-15 AS log_loss, abs(shopanalytics.brier_score(label, score) - 0.24243) < 1e-15 AS brier_score FROM m1;

-- The bounds of a probability: what is sure and wrong costs -ln(2.220446049250313e-16), no more
SELECT shopanalytics.log_loss(true, 0) = -ln(2.220446049250313e-16::float8) AS wrong, shopanalytics.log_loss(false, 0) < 1e-15 AS "right",
       abs(shopanalytics.log_loss(false, 1) - -ln(2.220446049250313e-16::float8)) < 1e-13 AS wrong_1, shopanalytics.log_loss(true, 1) < 1e-15 AS right_1,
       shopanalytics.log_loss(true, 0.5) = ln(2::float8) AS half, shopanalytics.brier_score(true, 0) AS brier_wrong, shopanalytics.brier_score(true, 1) AS brier_right;

-- NULL is left out; no rows, nothing but NULL, one row
SELECT shopanalytics.log_loss(label, score) = (SELECT shopanalytics.log_loss(label, score) FROM m1) AS log_loss, shopanalytics.brier_score(label, score) = (SELECT shopanalytics.brier_score(label, score) FROM m1) AS brier_score
  FROM (TABLE m1 UNION ALL VALUES (true, NULL), (NULL, 0.5), (false, NULL), (NULL, NULL)) AS r(label, score);
SELECT shopanalytics.log_loss(label, score) AS log_loss, shopanalytics.brier_score(label, score) AS brier_score FROM m1 WHERE false;
SELECT shopanalytics.log_loss(NULL, score) AS log_loss, shopanalytics.brier_score(label, NULL) AS brier_score FROM m1;
SELECT shopanalytics.log_loss(true, 0.25) = ln(4::float8) AS log_loss, shopanalytics.brier_score(true, 0.25) AS brier_score;
-- no row is lost beside large losses: sums are exact
SELECT shopanalytics.brier_score(false, CASE WHEN n = 1 THEN 1 ELSE 1e-9::float8 END) * 1000001 = 1.000000000001 AS brier_score FROM generate_series(1, 1000001) AS n;

-- Every error; memory does not grow
SELECT call, e.*
  FROM unnest(ARRAY['log_loss(true, ''NaN'')', 'log_loss(true, 1.5)', 'log_loss(true, -1e-300)', 'brier_score(true, ''Infinity'')', 'brier_score(true, ''NaN'')']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.' || call || ' FROM generate_series(1, 2) AS n') AS e
 ORDER BY i;
SET shopanalytics.max_group_memory = 64;
SELECT shopanalytics.log_loss(n % 2 = 0, 0.5) = ln(2::float8) AS constant_memory FROM generate_series(1, 20000) AS n;
RESET shopanalytics.max_group_memory;

-- Window
SELECT n, round(shopanalytics.brier_score(true, n / 4.0) OVER (ORDER BY n)::numeric, 6) AS so_far, shopanalytics.brier_score(true, n / 4.0) OVER (ORDER BY n ROWS 1 PRECEDING) AS last_two FROM generate_series(1, 4) AS n;

-- Random groups against the definitions, in three orders of rows
CREATE FUNCTION pg_temp.pick(n integer, seed integer, choices integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint4extended(n, seed) % choices + choices) % choices)::integer
$$;
CREATE TABLE loss_row AS
SELECT g, n, pg_temp.pick(g * 64 + n, 3, 100) < 20 + g % 50 AS label, pg_temp.pick(g * 64 + n, 4, 2 + g % 40) / 41.0::float8 AS score
  FROM generate_series(1, 2500) AS g, generate_series(0, pg_temp.pick(g, 1, 30)) AS n;
ANALYZE loss_row;
CREATE TEMP TABLE ours AS
SELECT seed, g, shopanalytics.log_loss(label, score) AS log_loss, shopanalytics.brier_score(label, score) AS brier
  FROM (SELECT * FROM loss_row, generate_series(1, 3) AS seed ORDER BY hashint4extended(g * 64 + n, seed)) r GROUP BY seed, g;
SELECT count(*) AS differ FROM (SELECT DISTINCT g, log_loss, brier FROM ours) d GROUP BY g HAVING count(*) > 1;
CREATE FUNCTION pg_temp.near(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(abs(a - b) <= 1e-13 * (1 + abs(b)), a IS NULL AND b IS NULL)
$$;
SELECT count(*) AS groups, count(*) FILTER (WHERE NOT pg_temp.near(o.log_loss, x.log_loss)) AS log_loss, count(*) FILTER (WHERE NOT pg_temp.near(o.brier, x.brier)) AS brier
  FROM ours o
  JOIN (SELECT g, avg(-ln(least(greatest(CASE WHEN label THEN score ELSE 1 - score END, 2.220446049250313e-16), 1 - 2.220446049250313e-16))) AS log_loss,
               avg((score - label::integer) ^ 2) AS brier
          FROM loss_row GROUP BY g) x USING (g) WHERE seed = 1;

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
ALTER TABLE loss_row SET (parallel_workers = 2);
-- fewer groups than there are, or the planner would aggregate in the leader
ALTER TABLE loss_row ALTER g SET (n_distinct = 100);
ANALYZE loss_row;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET cpu_operator_cost = 1;
\set by_group 'SELECT 1 AS seed, g, shopanalytics.log_loss(label, score) AS log_loss, shopanalytics.brier_score(label, score) AS brier FROM loss_row GROUP BY g'
SELECT pg_temp.partial(:'by_group');
SELECT count(*) AS groups, count(*) FILTER (WHERE p IS DISTINCT FROM o) AS differ FROM (:by_group) p JOIN ours o USING (seed, g);
-- no row in any worker, NULL only, a row in one
SELECT pg_temp.partial('SELECT shopanalytics.log_loss(label, score) FROM loss_row WHERE g * 0 > 0');
SELECT shopanalytics.log_loss(label, score) AS none, shopanalytics.brier_score(label, score) AS none_either FROM loss_row WHERE g * 0 > 0;
SELECT shopanalytics.log_loss(NULL, score) AS only_null, shopanalytics.brier_score(label, CASE WHEN g < 0 THEN score END) AS only_null_either FROM loss_row;
SELECT shopanalytics.brier_score(label, score) = (min(score) - bool_or(label)::integer) ^ 2 AS one FROM loss_row WHERE g = 1 AND n = 0;
DROP TABLE loss_row;
