-- The curves of a score.

CREATE TYPE shopanalytics.roc_point AS (
    threshold float8,
    tp bigint,
    fp bigint,
    fpr float8,
    tpr float8
);

COMMENT ON TYPE shopanalytics.roc_point
    IS 'what comes out when scores from the threshold on are positive';

CREATE TYPE shopanalytics.pr_point AS (
    threshold float8,
    tp bigint,
    fp bigint,
    precision float8,
    recall float8
);

COMMENT ON TYPE shopanalytics.pr_point
    IS 'what comes out when scores from the threshold on are positive';

-- Not STRICT: the state starts as NULL, and NULL values are looked at by the code.
CREATE FUNCTION shopanalytics.roc_curve_transfn(internal, boolean, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.roc_curve_transfn(internal, boolean, float8, integer) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.roc_curve_finalfn(internal) RETURNS shopanalytics.roc_point[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.pr_curve_finalfn(internal) RETURNS shopanalytics.pr_point[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.roc_curve(label boolean, score float8, max_points integer) (
    SFUNC = shopanalytics.roc_curve_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.roc_curve_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.roc_curve(boolean, float8, integer)
    IS 'points of the ROC curve, at most max_points';

CREATE AGGREGATE shopanalytics.roc_curve(label boolean, score float8) (
    SFUNC = shopanalytics.roc_curve_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.roc_curve_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.roc_curve(boolean, float8)
    IS 'points of the ROC curve, at most 200';

CREATE AGGREGATE shopanalytics.pr_curve(label boolean, score float8, max_points integer) (
    SFUNC = shopanalytics.roc_curve_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.pr_curve_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.pr_curve(boolean, float8, integer)
    IS 'points of the curve of precision over recall, at most max_points';

CREATE AGGREGATE shopanalytics.pr_curve(label boolean, score float8) (
    SFUNC = shopanalytics.roc_curve_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.pr_curve_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.pr_curve(boolean, float8)
    IS 'points of the curve of precision over recall, at most 200';
