-- Paths: the places a user passed.
--
-- Not STRICT: the state starts as NULL, and NULL values are looked at by the code.

CREATE FUNCTION shopanalytics.path_agg_transfn(internal, timestamptz, text, integer) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.path_agg_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.path_agg_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.path_agg_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.path_agg_finalfn(internal) RETURNS text[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.path_agg(ts timestamptz, node text, max_length integer) (
    SFUNC = shopanalytics.path_agg_transfn,
    STYPE = internal,
    SSPACE = 400,
    FINALFUNC = shopanalytics.path_agg_finalfn,
    COMBINEFUNC = shopanalytics.path_agg_combinefn,
    SERIALFUNC = shopanalytics.path_agg_serialfn,
    DESERIALFUNC = shopanalytics.path_agg_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.path_agg(timestamptz, text, integer)
    IS 'nodes in order of time, repeats left out, the first max_length of them';
