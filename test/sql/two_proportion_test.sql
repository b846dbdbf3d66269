-- two_proportion_test: the rates of two arms.
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8 DEFAULT 1e-12) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN abs(a - b) <= tolerance * abs(b);

-- A1, also as R's prop.test and statsmodels have it
SELECT pg_temp.near((t).rate1, 0.05) AS rate1, pg_temp.near((t).rate2, 0.06341463414634146) AS rate2, pg_temp.near((t).difference, 0.013414634146341461) AS difference,
       pg_temp.near((t).relative_lift, 0.26829268292682923) AS relative_lift, pg_temp.near((t).z, 2.6080605568494484) AS z, pg_temp.near((t).p_value, 0.00910568439790522) AS p_value,
       pg_temp.near((t).std_err, 0.005134311132990294) AS std_err, pg_temp.near((t).lower, 0.00335156924025745) AS lower, pg_temp.near((t).upper, 0.0234776990524255) AS upper,
       pg_temp.near((t).newcombe_lower, 0.0033342563854403887) AS newcombe_lower, pg_temp.near((t).newcombe_upper, 0.02352099360901932) AS newcombe_upper, (t).reason IS NULL AS whole
  FROM (SELECT shopanalytics.two_proportion_test(200, 4000, 260, 4100) AS t) s;

-- The arms exchanged
SELECT (a).difference = -(b).difference AS difference, (a).z = -(b).z AS z, (a).p_value = (b).p_value AS p_value, (a).std_err = (b).std_err AS std_err,
       pg_temp.near((a).lower, -(b).upper) AND pg_temp.near((a).newcombe_lower, -(b).newcombe_upper) AS intervals
  FROM (SELECT shopanalytics.two_proportion_test(200, 4000, 260, 4100) AS a, shopanalytics.two_proportion_test(260, 4100, 200, 4000) AS b) s;

-- Quantiles of the normal distribution, to 17 digits, are half the width over the standard error
SELECT alpha, pg_temp.near(((t).upper - (t).lower) / 2 / (t).std_err, critical) AS critical
  FROM (VALUES (0.9, 0.12566134685507403), (0.5, 0.67448975019608174), (0.1, 1.6448536269514727), (0.05, 1.9599639845400542), (0.01, 2.5758293035489008), (0.001, 3.2905267314918947),
               (1e-10, 6.4669510872405162)) AS v(alpha, critical), shopanalytics.two_proportion_test(1, 2, 1, 2, alpha) AS t;

-- What is not defined is null, and the reason is told; what is defined is there
SELECT x1, n1, x2, n2, (t).rate1, (t).rate2, (t).difference, (t).relative_lift, round((t).z::numeric, 4) AS z, round((t).p_value::numeric, 4) AS p_value, round((t).std_err::numeric, 4) AS std_err,
       round((t).lower::numeric, 4) AS lower, round((t).upper::numeric, 4) AS upper, (t).reason
  FROM (VALUES (1, 0, 10, 0, 10), (2, 10, 10, 10, 10), (3, 0, 10, 10, 10), (4, 10, 10, 0, 10), (5, 0, 10, 5, 10), (6, 5, 10, 0, 10), (7, 1, 1, 0, 1)) AS v(i, x1, n1, x2, n2),
       shopanalytics.two_proportion_test(x1, n1, x2, n2) AS t ORDER BY i;
-- Newcombe's interval is there for all: Wilson's for 0 of 10 ends at z^2 / (10 + z^2)
SELECT pg_temp.near((t).newcombe_upper, w) AS zero, pg_temp.near((t).newcombe_lower, -w) AS lower FROM (SELECT shopanalytics.two_proportion_test(0, 10, 0, 10) AS t, 1.9599639845400542 ^ 2 / (10 + 1.9599639845400542 ^ 2) AS w) s;

-- NULL; counts as large as there are
SELECT shopanalytics.two_proportion_test(NULL, 1, 1, 2) IS NULL AS strict, shopanalytics.two_proportion_test(0, NULLIF(0, 0), 1, 2) IS NULL AS nobody;
SELECT (t).rate1, pg_temp.near((t).std_err, sqrt(0.5 / 9223372036854775806)) AS std_err, (t).p_value FROM (SELECT shopanalytics.two_proportion_test(4611686018427387903, 9223372036854775806, 4611686018427387903, 9223372036854775806) AS t) s;

-- The type
SELECT pg_typeof(shopanalytics.two_proportion_test(1, 2, 1, 2)) = 'shopanalytics.two_proportion_result'::regtype AS typed;
-- Every error
SELECT call, e.*
  FROM unnest(ARRAY['(-1, 10, 1, 10)', '(1, 10, 11, 10)', '(0, 0, 1, 10)', '(1, 10, 0, 0)', '(1, 10, 1, -10)', '(1, 10, 1, 10, 0)', '(1, 10, 1, 10, 1)', '(1, 10, 1, 10, ''NaN'')']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.two_proportion_test' || call) AS e ORDER BY i;
