-- What a logistic regression says of its terms.

-- Stable, because it reads the tables of models.
CREATE FUNCTION shopanalytics.coefficients(model text) RETURNS TABLE (
    term text,
    kind text,
    coef float8,
    coef_std float8,
    std_err float8,
    z float8,
    p_value float8,
    ci_low float8,
    ci_high float8,
    odds_ratio float8,
    vif float8,
    aliased boolean
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.coefficients(text)
    IS 'the terms of a logistic regression: coefficients, standard errors, intervals of 95 percent, odds ratios';
