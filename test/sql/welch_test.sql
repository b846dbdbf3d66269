-- welch_test: the means of two arms, from values or from their means and variances.
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8 DEFAULT 1e-12) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN abs(a - b) <= tolerance * abs(b);

-- A2, also as R's t.test has it
CREATE TEMP TABLE visit AS
SELECT false AS is_treatment, v FROM unnest(ARRAY[12.5, 14.1, 9.8, 22.0, 17.3, 11.6, 15.2, 13.9]::float8[]) AS v
UNION ALL
SELECT true, v FROM unnest(ARRAY[18.4, 25.1, 16.0, 30.2, 21.7, 19.9, 14.8, 27.3, 22.6, 17.5]::float8[]) AS v;
SELECT (t).n1, (t).n2, pg_temp.near((t).mean1, 14.55) AS mean1, pg_temp.near((t).mean2, 21.35) AS mean2, pg_temp.near((t).var1, 14.225714285714288) AS var1, pg_temp.near((t).var2, 25.180555555555557) AS var2,
       pg_temp.near((t).difference, 6.8) AS difference, pg_temp.near((t).relative_lift, 6.8 / 14.55) AS relative_lift, pg_temp.near((t).std_err, 2.0727445190543485) AS std_err, pg_temp.near((t).t, 3.2806744572178976) AS t,
       pg_temp.near((t).df, 15.963862135557463) AS df, pg_temp.near((t).p_value, 0.00471866678388311) AS p_value, pg_temp.near((t).lower, 2.4051693619681274) AS lower, pg_temp.near((t).upper, 11.194830638031867) AS upper,
       pg_temp.near((t).cohen_d, 1.5059952333364004) AS cohen_d, (t).reason IS NULL AS whole
  FROM (SELECT shopanalytics.welch_test(is_treatment, v) AS t FROM visit) s;
-- The same from means, variances and counts; the interval of another alpha is another one alone
SELECT shopanalytics.welch_test((t).mean1, (t).var1, (t).n1, (t).mean2, (t).var2, (t).n2) = t AS same,
       (shopanalytics.welch_test((t).mean1, (t).var1, (t).n1, (t).mean2, (t).var2, (t).n2, (t).p_value)).lower < 1e-12 AS alpha
  FROM (SELECT shopanalytics.welch_test(is_treatment, v) AS t FROM visit) s;
-- NULL is left out
SELECT shopanalytics.welch_test(is_treatment, v) = (SELECT shopanalytics.welch_test(is_treatment, v) FROM visit) AS same FROM (TABLE visit UNION ALL VALUES (NULL, 1e9), (true, NULL)) r;

-- With var1 = 0, n2 = var2 and mean1 = 0, t is mean2 and df is n2 - 1: p-values and
-- quantiles of Student's distribution, computed with 60 digits
CREATE FUNCTION pg_temp.student(t float8, df bigint, alpha float8 DEFAULT 0.05) RETURNS shopanalytics.welch_result LANGUAGE sql IMMUTABLE
    RETURN shopanalytics.welch_test(0, 0, 2, t, df + 1, df + 1, alpha);
SELECT df, (pg_temp.student(1, df)).df = df AS is_df, pg_temp.near((pg_temp.student(0.01, df)).p_value, p1) AS p1, pg_temp.near((pg_temp.student(1, df)).p_value, p2) AS p2, pg_temp.near((pg_temp.student(1.9, df)).p_value, p3) AS p3,
       pg_temp.near((pg_temp.student(6, df)).p_value, p4) AS p4, pg_temp.near(-(pg_temp.student(0, df, 0.5)).lower, q1) AS q1, pg_temp.near((pg_temp.student(0, df)).upper, q2) AS q2
  FROM (VALUES (1, 0.9936340144701835, 0.5, 0.3084282289006669, 0.1051369134225069, 1.0, 12.7062047361747),
               (2, 0.992929108958201, 0.4226497308103742, 0.1978193712505768, 0.02667147321542477, 0.816496580927726, 4.302652729749464),
               (3, 0.992649111412852, 0.3910022189557706, 0.1536315433059992, 0.009272714892284667, 0.7648923284043453, 3.18244630528371),
               (10, 0.9922179749909714, 0.3408931323020599, 0.08662245751644101, 0.0001321088603547856, 0.6998120613124316, 2.228138851986275),
               (100, 0.9920412102344285, 0.3197241557841234, 0.06031391408447122, 3.172491502802857e-8, 0.6769510430114715, 1.983971518523552),
               (10000, 0.9920214868493558, 0.3173347043304291, 0.05746185682738605, 2.041618472922615e-9, 0.6745142844835924, 1.960201239890626),
               (1000000, 0.9920212893655477, 0.3173107498335781, 0.05743340699653937, 1.973849812354435e-9, 0.6744899955310874, 1.959966356814107)) AS v(df, p1, p2, p3, p4, q1, q2) ORDER BY df;
-- One and two degrees of freedom in closed form, near 0 and far out; a milliard and more is the normal distribution
SELECT t, pg_temp.near((pg_temp.student(t, 1)).p_value, 2 / pi() * atan(1 / t)) AS one, pg_temp.near((pg_temp.student(t, 2)).p_value, 2 / (sqrt(2 + t ^ 2) * (sqrt(2 + t ^ 2) + t))) AS two
  FROM unnest(ARRAY[1e-9, 0.1, 0.99, 1.73, 1.74, 3, 50, 1e6, 1e12, 1e100]::float8[]) AS t;
SELECT alpha, pg_temp.near((pg_temp.student(0, 1, alpha)).upper, 1 / tan(pi() * alpha / 2)) AS one, pg_temp.near((pg_temp.student(0, 2, alpha)).upper, 2 * (1 - alpha) / sqrt(2 * alpha * (2 - alpha))) AS two
  FROM unnest(ARRAY[0.9, 0.5, 0.05, 1e-3, 1e-6, 1e-12, 1e-100]::float8[]) AS alpha;
SELECT pg_temp.near((t).p_value, 0.05, 1e-8) AS p_value, pg_temp.near((t).upper - (t).lower, 2 * 1.959963984540054, 1e-8) AS interval FROM (SELECT pg_temp.student(1.959963984540054, 1000000000) AS t) s;
SELECT (pg_temp.student(1.959963984540054, 9000000000000000000)).p_value BETWEEN 0.0499999999 AND 0.0500000001 AS huge, (pg_temp.student(0, 5)).p_value AS none, (pg_temp.student(1e300, 1000)).p_value AS far;

-- What is not defined is null, and the reason is told
SELECT reason_of, t.n1, t.n2, t.mean1, t.mean2, t.var1, t.var2, t.difference, t.relative_lift, t.std_err, t.t, t.df, t.p_value, t.lower, t.upper, t.cohen_d, t.reason
  FROM (SELECT reason_of, shopanalytics.welch_test(is_treatment, v) AS w
          FROM (VALUES ('1 null', NULL::boolean, 1), ('2 treatment', true, 1), ('3 control', false, 1), ('4 one each', false, 4), ('4 one each', true, 3), ('5 one', false, 4), ('5 one', true, 3), ('5 one', true, 4),
                       ('6 one', false, 4), ('6 one', false, 3), ('6 one', true, 4), ('7 no variance', false, -4), ('7 no variance', false, -4), ('7 no variance', true, -3), ('7 no variance', true, -3)) AS v(reason_of, is_treatment, v)
         GROUP BY reason_of) s, LATERAL (SELECT (w).*) AS t ORDER BY reason_of;
SELECT shopanalytics.welch_test(is_treatment, v) IS NULL AS none FROM visit WHERE false;
SELECT (t).difference, (t).relative_lift, (t).p_value < 1 AS p_value, (t).reason FROM (SELECT shopanalytics.welch_test(0, 1, 10, 2, 1, 10) AS t) s;
SELECT (t).difference, (t).relative_lift, (t).df, (t).reason FROM (SELECT shopanalytics.welch_test(-4, 0, 10, -2, 1, 5) AS t) s;
SELECT (t).t, (t).reason FROM (SELECT shopanalytics.welch_test(1, 5, 1, 2, 7, 10) AS t) s;
SELECT shopanalytics.welch_test(1, NULL, 1, 2, 7, 10) IS NULL AS strict;

-- Every error
SELECT call, e.*
  FROM unnest(ARRAY['(''NaN'', 1, 10, 1, 1, 10)', '(1, 1, 10, ''-Infinity'', 1, 10)', '(1, -1, 10, 1, 1, 10)', '(1, 1, 10, 1, ''NaN'', 10)', '(1, 1, 0, 1, 1, 10)', '(1, 1, 10, 1, 1, -1)', '(1, 1, 10, 1, 1, 10, 1.5)',
                    '(1e308, 1, 10, -1e308, 1, 10)', '(1, 1e308, 10, 1, 1e308, 10)', '(true, ''NaN''::float8)', '(true, ''Infinity''::float8)', '(true, 1e200)']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.welch_test' || call) AS e ORDER BY i;
