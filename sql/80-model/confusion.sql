-- Rows by their class and by what a threshold makes of them.

CREATE TYPE shopanalytics.confusion_matrix AS (
    n bigint,
    tp bigint,
    fp bigint,
    tn bigint,
    fn bigint,
    accuracy float8,
    precision float8,
    recall float8,
    f1 float8,
    specificity float8,
    balanced_accuracy float8,
    mcc float8
);

COMMENT ON TYPE shopanalytics.confusion_matrix
    IS 'counts of rows by class and prediction, and the rates they give';

-- Not STRICT: the state starts as NULL, and NULL values are looked at by the code.
CREATE FUNCTION shopanalytics.confusion_transfn(internal, boolean, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.confusion_transfn(internal, boolean, float8, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.confusion_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.confusion_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.confusion_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.confusion_finalfn(internal) RETURNS shopanalytics.confusion_matrix
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.confusion(label boolean, score float8, threshold float8) (
    SFUNC = shopanalytics.confusion_transfn,
    STYPE = internal,
    SSPACE = 64,
    FINALFUNC = shopanalytics.confusion_finalfn,
    COMBINEFUNC = shopanalytics.confusion_combinefn,
    SERIALFUNC = shopanalytics.confusion_serialfn,
    DESERIALFUNC = shopanalytics.confusion_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.confusion(boolean, float8, float8)
    IS 'counts and rates when a score of at least the threshold is positive';

CREATE AGGREGATE shopanalytics.confusion(label boolean, score float8) (
    SFUNC = shopanalytics.confusion_transfn,
    STYPE = internal,
    SSPACE = 64,
    FINALFUNC = shopanalytics.confusion_finalfn,
    COMBINEFUNC = shopanalytics.confusion_combinefn,
    SERIALFUNC = shopanalytics.confusion_serialfn,
    DESERIALFUNC = shopanalytics.confusion_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.confusion(boolean, float8)
    IS 'counts and rates when a score of at least 0.5 is positive';
