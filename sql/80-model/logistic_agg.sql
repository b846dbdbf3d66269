-- A logistic regression for each group.
--
-- Numbers of terms are arrays with the intercept first; mean, sd and vif have no
-- entry for it.

CREATE TYPE shopanalytics.logistic_fit AS (
    status              text,
    coef                float8[],
    std_err             float8[],
    z                   float8[],
    p_value             float8[],
    odds_ratio          float8[],
    vcov                float8[],
    coef_std            float8[],
    mean                float8[],
    sd                  float8[],
    vif                 float8[],
    log_likelihood      float8,
    null_log_likelihood float8,
    objective           float8,
    aic                 float8,
    bic                 float8,
    mcfadden_r2         float8,
    condition_number    float8,
    n                   bigint,
    n_positive          bigint,
    n_skipped           bigint,
    iterations          integer,
    aliased             integer[],
    constant            integer[],
    separating          integer[]
);

COMMENT ON TYPE shopanalytics.logistic_fit
    IS 'coefficients and statistics of a logistic regression, the intercept first';

-- Not STRICT: the state starts as NULL, and NULL values are looked at by the code.

CREATE FUNCTION shopanalytics.logistic_agg_transfn(internal, boolean, float8[]) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.logistic_agg_transfn(internal, boolean, float8[], float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.logistic_agg_transfn(internal, boolean, float8[], float8, text, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.logistic_agg_transfn(internal, boolean, float8[], float8, text, float8, boolean, text) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.logistic_agg_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.logistic_agg_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.logistic_agg_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.logistic_agg_finalfn(internal) RETURNS shopanalytics.logistic_fit
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.logistic_agg(label boolean, features float8[]) (
    SFUNC = shopanalytics.logistic_agg_transfn,
    STYPE = internal,
    SSPACE = 16384,
    FINALFUNC = shopanalytics.logistic_agg_finalfn,
    COMBINEFUNC = shopanalytics.logistic_agg_combinefn,
    SERIALFUNC = shopanalytics.logistic_agg_serialfn,
    DESERIALFUNC = shopanalytics.logistic_agg_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.logistic_agg(boolean, float8[])
    IS 'logistic regression of label on features, without a penalty';

CREATE AGGREGATE shopanalytics.logistic_agg(label boolean, features float8[], weight float8) (
    SFUNC = shopanalytics.logistic_agg_transfn,
    STYPE = internal,
    SSPACE = 16384,
    FINALFUNC = shopanalytics.logistic_agg_finalfn,
    COMBINEFUNC = shopanalytics.logistic_agg_combinefn,
    SERIALFUNC = shopanalytics.logistic_agg_serialfn,
    DESERIALFUNC = shopanalytics.logistic_agg_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.logistic_agg(boolean, float8[], float8)
    IS 'the same, each row counting weight times';

CREATE AGGREGATE shopanalytics.logistic_agg(label boolean, features float8[], weight float8, penalty text, c float8) (
    SFUNC = shopanalytics.logistic_agg_transfn,
    STYPE = internal,
    SSPACE = 16384,
    FINALFUNC = shopanalytics.logistic_agg_finalfn,
    COMBINEFUNC = shopanalytics.logistic_agg_combinefn,
    SERIALFUNC = shopanalytics.logistic_agg_serialfn,
    DESERIALFUNC = shopanalytics.logistic_agg_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.logistic_agg(boolean, float8[], float8, text, float8)
    IS 'the same, with penalty l2 of strength 1 / c, or none';

CREATE AGGREGATE shopanalytics.logistic_agg(label boolean, features float8[], weight float8, penalty text, c float8, standardize boolean, class_weight text) (
    SFUNC = shopanalytics.logistic_agg_transfn,
    STYPE = internal,
    SSPACE = 16384,
    FINALFUNC = shopanalytics.logistic_agg_finalfn,
    COMBINEFUNC = shopanalytics.logistic_agg_combinefn,
    SERIALFUNC = shopanalytics.logistic_agg_serialfn,
    DESERIALFUNC = shopanalytics.logistic_agg_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.logistic_agg(boolean, float8[], float8, text, float8, boolean, text)
    IS 'the same, the penalty on coefficients of standardized features or not, class_weight none or balanced';
