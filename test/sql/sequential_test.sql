-- sequential_test: an interval that holds however often one looks.
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8 DEFAULT 1e-12) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN abs(a - b) <= tolerance * abs(b);

-- A4
SELECT pg_temp.near((t).rho, 0.03984006677137368) AS rho, pg_temp.near((t).half_width, 0.015649727157207256) AS half_width, pg_temp.near((t).lower, -0.002235093010865795) AS lower,
       pg_temp.near((t).upper, 0.029064361303548718) AS upper, pg_temp.near((t).p_value, 0.1568432953939256) AS p_value, (t).reason IS NULL AS whole
  FROM shopanalytics.two_proportion_test(200, 4000, 260, 4100) AS r, LATERAL (SELECT shopanalytics.sequential_test(r.difference, r.std_err, 8100) AS t) s;

-- The p-value is below alpha where the interval leaves 0 out, and never above 1
SELECT count(*) AS cases, count(*) FILTER (WHERE ((t).lower > 0 OR (t).upper < 0) <> ((t).p_value < alpha)) AS wrong, count(*) FILTER (WHERE (t).p_value > 1) AS above, max((t).p_value) AS most
  FROM generate_series(-20, 20) AS d, unnest(ARRAY[10, 1000, 100000]) AS n, unnest(ARRAY[0.2, 0.05, 0.001]) AS alpha, LATERAL (SELECT shopanalytics.sequential_test(d / 4.0, 1, n, alpha) AS t) s;
-- It is wider than the interval of one look, and narrowest for its standard error near the tuning
SELECT tuning, (SELECT n FROM unnest(ARRAY[10, 100, 1000, 10000, 100000, 1000000]) AS n ORDER BY (shopanalytics.sequential_test(0, 1, n, 0.05, tuning)).half_width LIMIT 1) AS narrowest,
       (SELECT min((shopanalytics.sequential_test(0, 1, n, 0.05, tuning)).half_width) > 1.96 FROM unnest(ARRAY[10, 100, 1000, 10000, 100000, 1000000]) AS n) AS wider
  FROM unnest(ARRAY[100, 1000, 10000]) AS tuning;
-- No variance, one user, far out, very many users
SELECT shopanalytics.sequential_test(0.1, 0, 100);
SELECT (t).p_value, (t).half_width > 1 AS wide FROM (SELECT shopanalytics.sequential_test(0, 1, 1) AS t) s;
SELECT (shopanalytics.sequential_test(1e300, 1e-300, 100)).p_value AS far, (shopanalytics.sequential_test(5, 1, 9223372036854775807, 1e-300, 1)).p_value AS many;
SELECT shopanalytics.sequential_test(0.1, NULL, 100) IS NULL AS strict;
-- The type
SELECT pg_typeof(shopanalytics.sequential_test(1, 1, 1)) = 'shopanalytics.sequential_result'::regtype AS typed;
-- Every error
SELECT call, e.*
  FROM unnest(ARRAY['(''NaN'', 1, 10)', '(1, ''Infinity'', 10)', '(1, -1, 10)', '(1, 1, 0)', '(1, 1, -5)', '(1, 1, 10, 0)', '(1, 1, 10, 0.05, 0)', '(1, 1, 10, 0.05, ''NaN'')']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.sequential_test' || call) AS e ORDER BY i;
