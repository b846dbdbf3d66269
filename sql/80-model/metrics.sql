-- What follows from the order of scores alone.
--
-- Not STRICT: no row at all leaves no state.

CREATE FUNCTION shopanalytics.roc_auc_finalfn(internal) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.roc_auc_std_err_finalfn(internal) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.gini_finalfn(internal) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.average_precision_finalfn(internal) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.ks_statistic_finalfn(internal) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.roc_auc(label boolean, score float8) (
    SFUNC = shopanalytics.binary_scores_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.roc_auc_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.roc_auc(boolean, float8)
    IS 'area under the ROC curve: the share of pairs of both classes in the right order, ties half';

CREATE AGGREGATE shopanalytics.roc_auc_std_err(label boolean, score float8) (
    SFUNC = shopanalytics.binary_scores_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.roc_auc_std_err_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.roc_auc_std_err(boolean, float8)
    IS 'standard error of roc_auc (DeLong)';

CREATE AGGREGATE shopanalytics.gini(label boolean, score float8) (
    SFUNC = shopanalytics.binary_scores_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.gini_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.gini(boolean, float8)
    IS '2 * roc_auc - 1';

CREATE AGGREGATE shopanalytics.average_precision(label boolean, score float8) (
    SFUNC = shopanalytics.binary_scores_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.average_precision_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.average_precision(boolean, float8)
    IS 'mean precision over the positives, step by step';

CREATE AGGREGATE shopanalytics.ks_statistic(label boolean, score float8) (
    SFUNC = shopanalytics.binary_scores_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.ks_statistic_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.ks_statistic(boolean, float8)
    IS 'largest distance between the distributions of the scores of both classes';
