-- The mean loss of probabilities.
--
-- Not STRICT: the state starts as NULL, and NULL values are looked at by the code.

CREATE FUNCTION shopanalytics.log_loss_transfn(internal, boolean, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.brier_score_transfn(internal, boolean, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.log_loss_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.log_loss_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.log_loss_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.log_loss_finalfn(internal) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.log_loss(label boolean, score float8) (
    SFUNC = shopanalytics.log_loss_transfn,
    STYPE = internal,
    SSPACE = 600,
    FINALFUNC = shopanalytics.log_loss_finalfn,
    COMBINEFUNC = shopanalytics.log_loss_combinefn,
    SERIALFUNC = shopanalytics.log_loss_serialfn,
    DESERIALFUNC = shopanalytics.log_loss_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.log_loss(boolean, float8)
    IS 'mean of -ln of the probability given to what came true';

CREATE AGGREGATE shopanalytics.brier_score(label boolean, score float8) (
    SFUNC = shopanalytics.brier_score_transfn,
    STYPE = internal,
    SSPACE = 600,
    FINALFUNC = shopanalytics.log_loss_finalfn,
    COMBINEFUNC = shopanalytics.log_loss_combinefn,
    SERIALFUNC = shopanalytics.log_loss_serialfn,
    DESERIALFUNC = shopanalytics.log_loss_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.brier_score(boolean, float8)
    IS 'mean squared distance of the probability from 0 or 1, what came true';
