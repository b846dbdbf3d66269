-- Do probabilities come true as often as they say?

CREATE TYPE shopanalytics.calibration_bin AS (
    bin integer,
    low float8,
    high float8,
    n bigint,
    mean_score float8,
    rate float8,
    ci_low float8,
    ci_high float8
);

COMMENT ON TYPE shopanalytics.calibration_bin
    IS 'rows with low <= score < high: their mean score and how many are positive';

-- Not STRICT: the state starts as NULL, and NULL values are looked at by the code.
CREATE FUNCTION shopanalytics.calibration_transfn(internal, boolean, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.calibration_transfn(internal, boolean, float8, integer) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.calibration_transfn(internal, boolean, float8, integer, text) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.calibration_finalfn(internal) RETURNS shopanalytics.calibration_bin[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.expected_calibration_error_finalfn(internal) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.calibration(label boolean, score float8, bins integer, method text) (
    SFUNC = shopanalytics.calibration_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.calibration_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.calibration(boolean, float8, integer, text)
    IS 'score and rate of positives in bins of equal width or of equally many rows';

CREATE AGGREGATE shopanalytics.calibration(label boolean, score float8, bins integer) (
    SFUNC = shopanalytics.calibration_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.calibration_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.calibration(boolean, float8, integer)
    IS 'score and rate of positives in bins of equal width';

CREATE AGGREGATE shopanalytics.calibration(label boolean, score float8) (
    SFUNC = shopanalytics.calibration_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.calibration_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.calibration(boolean, float8)
    IS 'score and rate of positives in ten bins of equal width';

CREATE AGGREGATE shopanalytics.expected_calibration_error(label boolean, score float8, bins integer) (
    SFUNC = shopanalytics.calibration_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.expected_calibration_error_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.expected_calibration_error(boolean, float8, integer)
    IS 'mean distance of score and rate over bins of equal width, weighted by rows';

CREATE AGGREGATE shopanalytics.expected_calibration_error(label boolean, score float8) (
    SFUNC = shopanalytics.calibration_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.expected_calibration_error_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.expected_calibration_error(boolean, float8)
    IS 'mean distance of score and rate over ten bins of equal width, weighted by rows';
