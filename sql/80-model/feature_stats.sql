CREATE TYPE shopanalytics.feature_summary AS (
    n bigint,
    n_null bigint[],
    mean double precision[],
    sd double precision[],
    sd_sample double precision[],
    min double precision[],
    max double precision[]
);

COMMENT ON TYPE shopanalytics.feature_summary IS 'counts, means, standard deviations and bounds of features; what feature_stats returns';
COMMENT ON COLUMN shopanalytics.feature_summary.n IS 'rows';
COMMENT ON COLUMN shopanalytics.feature_summary.n_null IS 'rows in which the feature is null';
COMMENT ON COLUMN shopanalytics.feature_summary.sd IS 'standard deviation of the rows themselves: divided by n';
COMMENT ON COLUMN shopanalytics.feature_summary.sd_sample IS 'standard deviation of a sample: divided by n - 1; null for one value';

-- Not STRICT: the state starts as NULL, and a NULL array is no row.
CREATE FUNCTION shopanalytics.feature_stats_transfn(internal, double precision[]) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
-- Not STRICT: a partial state may be missing.
CREATE FUNCTION shopanalytics.feature_stats_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION shopanalytics.feature_stats_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION shopanalytics.feature_stats_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION shopanalytics.feature_stats_finalfn(internal) RETURNS shopanalytics.feature_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- A position takes about 250 bytes; there are often ten.
CREATE AGGREGATE shopanalytics.feature_stats(x double precision[]) (
    SFUNC = shopanalytics.feature_stats_transfn,
    STYPE = internal,
    SSPACE = 2560,
    FINALFUNC = shopanalytics.feature_stats_finalfn,
    COMBINEFUNC = shopanalytics.feature_stats_combinefn,
    SERIALFUNC = shopanalytics.feature_stats_serialfn,
    DESERIALFUNC = shopanalytics.feature_stats_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.feature_stats(double precision[])
    IS 'counts, mean, standard deviations, least and greatest of each position of an array of features';
