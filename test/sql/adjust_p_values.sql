-- adjust_p_values: several tests at once.
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8 DEFAULT 1e-12) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN abs(a - b) <= tolerance * abs(b);

-- A6
\set p '''{0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205}'''
SELECT method, cardinality(ours) AS n, bool_and(pg_temp.near(a, b)) AS same
  FROM (VALUES ('BH', '{0.008, 0.032, 0.0672, 0.0672, 0.0672, 0.08, 0.0845714285714285714, 0.205}'::float8[]), ('holm', '{0.008, 0.056, 0.234, 0.234, 0.234, 0.234, 0.234, 0.234}'),
               ('bonferroni', '{0.008, 0.064, 0.312, 0.328, 0.336, 0.48, 0.592, 1}')) AS v(method, expected),
       LATERAL (SELECT shopanalytics.adjust_p_values(:p, method) AS ours) s, LATERAL unnest(ours, expected) AS u(a, b)
 GROUP BY method, cardinality(ours) ORDER BY method;
-- In the places of p, whatever its order; NULL is kept and not counted; ties; case of the method; bounds
SELECT shopanalytics.adjust_p_values('{0.5, NULL, 0.0625, 0.25, NULL}', 'holm') AS holm, shopanalytics.adjust_p_values('{0.5, NULL, 0.0625, 0.25, NULL}', 'bh') AS bh,
       shopanalytics.adjust_p_values('{0.5, NULL, 0.0625, 0.25, NULL}', 'Bonferroni') AS bonferroni;
SELECT shopanalytics.adjust_p_values('{0.25, 0.125, 0.25, 0.125}', 'BH') AS ties, shopanalytics.adjust_p_values('[3:4]={0, 1}', 'holm') AS bounds;
SELECT shopanalytics.adjust_p_values('{}', 'BH') AS empty, shopanalytics.adjust_p_values('{NULL}', 'BH') AS only_null, shopanalytics.adjust_p_values('{0.05}', 'holm') AS one, shopanalytics.adjust_p_values(NULL, 'BH') IS NULL AS strict;
-- By the definitions, of many values with ties
WITH p AS (SELECT n, abs(hashint4extended(n, 1) % 500) / 5000.0::float8 AS p, count(*) OVER () AS m FROM generate_series(1, 1000) AS n),
ranked AS (SELECT *, row_number() OVER (ORDER BY p, n) AS rank FROM p),
expected AS (SELECT n, max(least(1, (m - rank + 1) * p)) OVER (ORDER BY rank) AS holm, min(least(1, p * m / rank)) OVER (ORDER BY rank DESC) AS bh FROM ranked),
ours AS (SELECT u.* FROM (SELECT array_agg(p ORDER BY n) AS ps FROM p) a, unnest(shopanalytics.adjust_p_values(ps, 'holm'), shopanalytics.adjust_p_values(ps, 'BH')) WITH ORDINALITY AS u(holm, bh, n))
SELECT count(*) AS n, count(*) FILTER (WHERE NOT pg_temp.near(o.holm, e.holm) OR NOT pg_temp.near(o.bh, e.bh)) AS wrong FROM ours o JOIN expected e USING (n);
-- Every error
SELECT call, e.*
  FROM unnest(ARRAY['(''{0.5, 1.5}'', ''BH'')', '(''{-0.5}'', ''BH'')', '(''{NaN}'', ''BH'')', '(''{0.5}'', ''sidak'')', '(''{{0.5}}'', ''BH'')']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.adjust_p_values' || call) AS e ORDER BY i;
