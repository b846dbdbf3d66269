-- Sessions of a user as ranges of time.
--
-- Not STRICT: the state starts as NULL, and NULL values are looked at by the code.

CREATE FUNCTION shopanalytics.session_ranges_transfn(internal, timestamptz, interval) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.session_ranges_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.session_ranges_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.session_ranges_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.session_ranges_finalfn(internal) RETURNS tstzmultirange
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.session_ranges(ts timestamptz, timeout interval) (
    SFUNC = shopanalytics.session_ranges_transfn,
    STYPE = internal,
    SSPACE = 160,
    FINALFUNC = shopanalytics.session_ranges_finalfn,
    COMBINEFUNC = shopanalytics.session_ranges_combinefn,
    SERIALFUNC = shopanalytics.session_ranges_serialfn,
    DESERIALFUNC = shopanalytics.session_ranges_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.session_ranges(timestamptz, interval)
    IS 'sessions as ranges, each from its first event to the timeout after its last';
