-- sample_ratio_test: were users split as meant?
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8 DEFAULT 1e-12) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN abs(a - b) <= tolerance * abs(b);

-- A3, also as scipy and R have it
SELECT (t).n, (t).expected, pg_temp.near((t).chi2, 5.926027956330986) AS chi2, (t).df, pg_temp.near((t).p_value, 0.014918832432314951) AS p_value, (t).reason IS NULL AS whole
  FROM (SELECT shopanalytics.sample_ratio_test('{5021, 4780}', '{50, 50}') AS t) s;
-- Weights of any unit; an exact split
SELECT shopanalytics.sample_ratio_test('{5021, 4780}', '{0.5, 0.5}') = shopanalytics.sample_ratio_test('{5021, 4780}', '{1e300, 1e300}') AS unit;
SELECT shopanalytics.sample_ratio_test('{100, 200, 100}', '{1, 2, 1}');

-- Arms of weight 0 are no degree of freedom; users in one are no chance
SELECT pg_temp.near((t).p_value, 0.014918832432314951) AS p_value, (t).df, (t).expected, (t).reason FROM (SELECT shopanalytics.sample_ratio_test('{5021, 0, 4780, 0}', '{50, 0, 50, 0}') AS t) s;
SELECT shopanalytics.sample_ratio_test('{50, 3, 50}', '{50, 0, 50}'), shopanalytics.sample_ratio_test('{50, 3}', '{1, 0}');
SELECT shopanalytics.sample_ratio_test('{7}', '{1}'), shopanalytics.sample_ratio_test('{7, 0}', '{1, 0}');

-- The chi-square distribution in closed form: for one degree of freedom that of a normal
-- square, for an even number 2k the tail is that of a Poisson process
SELECT pg_temp.near((t).p_value, 0.31731050786291410) AS one_sigma, pg_temp.near((u).p_value, 5.733031437583878e-07) AS five_sigma, (v).p_value AS beyond
  FROM (SELECT shopanalytics.sample_ratio_test('{55, 45}', '{1, 1}') AS t, shopanalytics.sample_ratio_test('{75, 25}', '{1, 1}') AS u, shopanalytics.sample_ratio_test('{100000, 0}', '{1, 1}') AS v) s;
SELECT k, count(*) AS splits, count(*) FILTER (WHERE (t).df <> 2 * k OR NOT pg_temp.near((t).p_value, (SELECT sum(exp(i * ln((t).chi2 / 2) - (t).chi2 / 2 - lg)) FROM (SELECT i, (SELECT coalesce(sum(ln(j)), 0) FROM generate_series(1, i) AS j) AS lg FROM generate_series(0, k - 1) AS i) f), 3e-12)) AS wrong
  FROM unnest(ARRAY[1, 2, 3, 5, 20, 100]) AS k, generate_series(1, 30) AS extra,
       LATERAL (SELECT shopanalytics.sample_ratio_test(array_agg(100 * (1 + i % 3) + extra * (i % 2) - i % 7), array_agg(1 + i % 3)) AS t FROM generate_series(0, 2 * k) AS i) s
 GROUP BY k ORDER BY k;

SELECT shopanalytics.sample_ratio_test(NULL, '{1}') IS NULL AS strict;
-- The type
SELECT pg_typeof(shopanalytics.sample_ratio_test('{1}', '{1}')) = 'shopanalytics.sample_ratio_result'::regtype AS typed;
-- Every error
SELECT call, e.*
  FROM unnest(ARRAY['(''{1, -1}'', ''{1, 1}'')', '(''{1, NULL}'', ''{1, 1}'')', '(''{1, 1}'', ''{1, NULL}'')', '(''{1, 1}'', ''{1, -1}'')', '(''{1, 1}'', ''{1, NaN}'')', '(''{1, 1}'', ''{Infinity, 1}'')', '(''{1, 1}'', ''{1}'')',
                    '(''{1, 1}'', ''{0, 0}'')', '(''{}'', ''{}'')', '(''{0, 0}'', ''{1, 1}'')', '(''{{1, 1}}'', ''{1, 1}'')', '(''{9223372036854775807, 1}'', ''{1, 1}'')',
                    '(array_fill(1::bigint, ARRAY[1001]), array_fill(1::float8, ARRAY[1001]))']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.sample_ratio_test' || call) AS e ORDER BY i;
