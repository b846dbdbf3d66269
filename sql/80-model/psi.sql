-- The population stability index.

CREATE FUNCTION shopanalytics.psi(reference bigint[], current bigint[], epsilon float8 DEFAULT 1e-4) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.psi(bigint[], bigint[], float8)
    IS 'population stability index of two histograms over the same bins';

CREATE TYPE shopanalytics.psi_bin AS (
    bin integer,
    low float8,
    high float8,
    reference bigint,
    current bigint,
    psi float8
);

COMMENT ON TYPE shopanalytics.psi_bin
    IS 'rows with low <= value < high in both samples, and what they add to the index';

-- Not STRICT: the state starts as NULL, and NULL values are looked at by the code.
CREATE FUNCTION shopanalytics.psi_transfn(internal, boolean, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.psi_transfn(internal, boolean, float8, integer) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.psi_transfn(internal, boolean, float8, integer, float8) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.psi_finalfn(internal) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.psi_bins_finalfn(internal) RETURNS shopanalytics.psi_bin[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.psi(current boolean, value float8, bins integer, epsilon float8) (
    SFUNC = shopanalytics.psi_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.psi_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.psi(boolean, float8, integer, float8)
    IS 'population stability index over quantiles of the rows that are not current';

CREATE AGGREGATE shopanalytics.psi(current boolean, value float8, bins integer) (
    SFUNC = shopanalytics.psi_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.psi_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.psi(boolean, float8, integer)
    IS 'population stability index over quantiles of the rows that are not current';

CREATE AGGREGATE shopanalytics.psi(current boolean, value float8) (
    SFUNC = shopanalytics.psi_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.psi_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.psi(boolean, float8)
    IS 'population stability index over deciles of the rows that are not current';

CREATE AGGREGATE shopanalytics.psi_bins(current boolean, value float8, bins integer, epsilon float8) (
    SFUNC = shopanalytics.psi_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.psi_bins_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.psi_bins(boolean, float8, integer, float8)
    IS 'bins of the population stability index and what each adds';

CREATE AGGREGATE shopanalytics.psi_bins(current boolean, value float8) (
    SFUNC = shopanalytics.psi_transfn,
    STYPE = internal,
    SSPACE = 2000,
    FINALFUNC = shopanalytics.psi_bins_finalfn,
    COMBINEFUNC = shopanalytics.binary_scores_combinefn,
    SERIALFUNC = shopanalytics.binary_scores_serialfn,
    DESERIALFUNC = shopanalytics.binary_scores_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.psi_bins(boolean, float8)
    IS 'decile bins of the population stability index and what each adds';
