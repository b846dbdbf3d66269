-- Sequences: patterns in the order of events.
--
-- Not STRICT: the state starts as NULL, and NULL values are looked at by the
-- code.  The three aggregates differ in their last step alone, so used together
-- they share one state.

CREATE FUNCTION shopanalytics.sequence_transfn(internal, text, timestamptz, boolean[]) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.sequence_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.sequence_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.sequence_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.sequence_match_finalfn(internal) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.sequence_count_finalfn(internal) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.sequence_match_events_finalfn(internal) RETURNS timestamptz[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.sequence_match(pattern text, ts timestamptz, VARIADIC conditions boolean[]) (
    SFUNC = shopanalytics.sequence_transfn,
    STYPE = internal,
    SSPACE = 160,
    FINALFUNC = shopanalytics.sequence_match_finalfn,
    COMBINEFUNC = shopanalytics.sequence_combinefn,
    SERIALFUNC = shopanalytics.sequence_serialfn,
    DESERIALFUNC = shopanalytics.sequence_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.sequence_match(text, timestamptz, VARIADIC boolean[])
    IS 'whether the events contain a pattern';

CREATE AGGREGATE shopanalytics.sequence_count(pattern text, ts timestamptz, VARIADIC conditions boolean[]) (
    SFUNC = shopanalytics.sequence_transfn,
    STYPE = internal,
    SSPACE = 160,
    FINALFUNC = shopanalytics.sequence_count_finalfn,
    COMBINEFUNC = shopanalytics.sequence_combinefn,
    SERIALFUNC = shopanalytics.sequence_serialfn,
    DESERIALFUNC = shopanalytics.sequence_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.sequence_count(text, timestamptz, VARIADIC boolean[])
    IS 'how often the events contain a pattern, without overlap';

CREATE AGGREGATE shopanalytics.sequence_match_events(pattern text, ts timestamptz, VARIADIC conditions boolean[]) (
    SFUNC = shopanalytics.sequence_transfn,
    STYPE = internal,
    SSPACE = 160,
    FINALFUNC = shopanalytics.sequence_match_events_finalfn,
    COMBINEFUNC = shopanalytics.sequence_combinefn,
    SERIALFUNC = shopanalytics.sequence_serialfn,
    DESERIALFUNC = shopanalytics.sequence_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.sequence_match_events(text, timestamptz, VARIADIC boolean[])
    IS 'times of the events of the first match of a pattern';
