-- cuped: values less what their value before the experiment explains.
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8 DEFAULT 1e-12) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN abs(a - b) <= tolerance * abs(b);

-- A5, also as R's t.test of the adjusted values has it
CREATE TEMP TABLE visit AS
SELECT false AS is_treatment, value, pre
  FROM unnest(ARRAY[12.5, 14.1, 9.8, 22.0, 17.3, 11.6, 15.2, 13.9]::float8[], ARRAY[10, 12, 9, 20, 16, 11, 14, 13]::float8[]) AS v(value, pre)
UNION ALL
SELECT true, value, pre
  FROM unnest(ARRAY[18.4, 25.1, 16.0, 30.2, 21.7, 19.9, 14.8, 27.3, 22.6, 17.5]::float8[], ARRAY[11, 19, 10, 25, 15, 13, 9, 21, 16, 12]::float8[]) AS v(value, pre);
SELECT (t).n1, (t).n2, pg_temp.near((t).theta, 1.1027689369828133) AS theta, pg_temp.near((t).mean1, 15.75998258363392) AS mean1, pg_temp.near((t).mean2, 20.38201393309286) AS mean2,
       pg_temp.near((t).var1, 0.5054710819626625) AS var1, pg_temp.near((t).var2, 0.9640651885105067) AS var2, pg_temp.near((t).difference, 4.62203134945894) AS difference,
       pg_temp.near((t).relative_lift, 4.62203134945894 / 15.75998258363392) AS relative_lift, pg_temp.near((t).std_err, 0.39948767702694343) AS std_err, pg_temp.near((t).t, 11.569897183955456) AS t, pg_temp.near((t).df, 15.888340132239096) AS df
  FROM (SELECT shopanalytics.cuped(is_treatment, value, pre) AS t FROM visit) s;
SELECT pg_temp.near((t).p_value, 3.7683781309193404e-09) AS p_value, pg_temp.near((t).lower, 3.7746713405553263) AS lower, pg_temp.near((t).upper, 5.469391358362554) AS upper, pg_temp.near((t).cohen_d, 5.289908984228233) AS cohen_d,
       pg_temp.near((t).variance_reduction, 0.9625545768141714) AS variance_reduction, pg_temp.near((t).unadjusted_difference, 6.8) AS unadjusted_difference,
       pg_temp.near((t).unadjusted_std_err, 2.0727445190543485) AS unadjusted_std_err, pg_temp.near((t).unadjusted_p_value, 0.004718666783883136) AS unadjusted_p_value, (t).reason IS NULL AS whole
  FROM (SELECT shopanalytics.cuped(is_treatment, value, pre) AS t FROM visit) s;

-- By the definition: Welch's test of the values adjusted by the slope of all rows
WITH adjusted AS (
    SELECT is_treatment, value - regr_slope(value, pre) OVER () * (pre - avg(pre) OVER ()) AS value FROM visit
), plain AS (
    SELECT shopanalytics.welch_test(is_treatment, value) AS w FROM adjusted
)
SELECT pg_temp.near((c).mean1, (w).mean1) AS mean1, pg_temp.near((c).mean2, (w).mean2) AS mean2, pg_temp.near((c).std_err, (w).std_err) AS std_err, pg_temp.near((c).df, (w).df) AS df, pg_temp.near((c).p_value, (w).p_value, 1e-11) AS p_value
  FROM plain, (SELECT shopanalytics.cuped(is_treatment, value, pre) AS c FROM visit) s;

-- Rows of NULL are left out; a unit or a shift of pre does not matter
SELECT shopanalytics.cuped(is_treatment, value, pre) = (SELECT shopanalytics.cuped(is_treatment, value, pre) FROM visit) AS same
  FROM (TABLE visit UNION ALL VALUES (NULL, 1e9, 1), (true, NULL, 1), (true, 1e9, NULL)) r;
SELECT pg_temp.near((a).p_value, (b).p_value, 1e-10) AS p_value, pg_temp.near((a).mean2, (b).mean2) AS mean2, pg_temp.near((a).variance_reduction, (b).variance_reduction) AS variance_reduction
  FROM (SELECT shopanalytics.cuped(is_treatment, value, pre) AS a, shopanalytics.cuped(is_treatment, value, 1024 * pre + 1048576) AS b FROM visit) s;

-- What is not defined is null, and the reason is told
SELECT shopanalytics.cuped(is_treatment, value, pre) IS NULL AS none FROM visit WHERE false;
SELECT shopanalytics.cuped(is_treatment, value, pre) AS no_control FROM visit WHERE is_treatment AND pre < 12;
SELECT shopanalytics.cuped(n > 1, n, n) AS one_value FROM generate_series(1, 3) AS n;
SELECT shopanalytics.cuped(NULL, value, pre) AS only_null FROM visit;
-- pre explains all, or nothing
SELECT (t).theta, (t).std_err, (t).p_value, (t).variance_reduction, (t).unadjusted_difference, (t).reason FROM (SELECT shopanalytics.cuped(n % 2 = 0, 2 * n + 1, n) AS t FROM generate_series(1, 10) AS n) s;
SELECT (t).theta, (t).variance_reduction, (t).p_value = (t).unadjusted_p_value AS p_value, (t).reason FROM (SELECT shopanalytics.cuped(is_treatment, value, 7) AS t FROM visit) s;
SELECT (t).variance_reduction, (t).unadjusted_std_err, (t).reason FROM (SELECT shopanalytics.cuped(n % 2 = 0, n % 2, n) AS t FROM generate_series(1, 10) AS n) s;

-- The type
SELECT pg_typeof(shopanalytics.cuped(true, 1, 1)) = 'shopanalytics.cuped_result'::regtype AS typed;
-- Every error
SELECT call, e.*
  FROM unnest(ARRAY['(true, ''NaN'', 1)', '(true, 1, ''-Infinity'')', '(true, 1, -1e200)']) WITH ORDINALITY AS c(call, i), pg_temp.error_of('SELECT shopanalytics.cuped' || call) AS e ORDER BY i;
