-- sample_size_proportions: how many users an experiment needs.
CREATE FUNCTION pg_temp.error_of(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8 DEFAULT 1e-12) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN abs(a - b) <= tolerance * abs(b);

-- A7: power.prop.test of R, whose search for a root ends after eight digits
SELECT pg_temp.near(shopanalytics.sample_size_proportions(0.05, 0.06), 8157.73144784964, 1e-8) AS r, pg_temp.near(shopanalytics.sample_size_proportions(0.05, 0.06), 8157.7314478492733) AS closed_form;
-- The arms exchanged, failures for successes; defaults
SELECT pg_temp.near(shopanalytics.sample_size_proportions(0.06, 0.05), a) AS exchanged, pg_temp.near(shopanalytics.sample_size_proportions(0.94, 0.95), a) AS failures, shopanalytics.sample_size_proportions(0.05, 0.06, 0.8, 0.05) = a AS defaults
  FROM shopanalytics.sample_size_proportions(0.05, 0.06) AS a;
-- A power of one half needs what makes z the quantile: 2 q (1 - q) z^2 / d^2
SELECT pg_temp.near(shopanalytics.sample_size_proportions(0.4, 0.6, 0.5), 0.5 * 1.9599639845400542 ^ 2 / 0.04) AS half;
SELECT pg_temp.near(shopanalytics.sample_size_proportions(0, 1, 0.5), 0.5 * 1.9599639845400542 ^ 2) AS certain, shopanalytics.sample_size_proportions(0.1, NULL) IS NULL AS strict;
-- Every error
SELECT call, e.*
  FROM unnest(ARRAY['(0.1, 0.1)', '(-0.1, 0.1)', '(0.1, 1.1)', '(''NaN'', 0.1)', '(0.1, 0.2, 0.05)', '(0.1, 0.2, 1)', '(0.1, 0.2, ''NaN'')', '(0.1, 0.2, 0.8, 0)', '(0, 1e-320)']) WITH ORDINALITY AS c(call, i),
       pg_temp.error_of('SELECT shopanalytics.sample_size_proportions' || call) AS e ORDER BY i;
