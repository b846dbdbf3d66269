-- What comes after, or before, a chain of events.
--
-- Not STRICT: the state starts as NULL, and NULL values are looked at by the code.

CREATE FUNCTION shopanalytics.sequence_next_node_transfn(internal, text, text, timestamptz, text, boolean, boolean[]) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.sequence_next_node_combinefn(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.sequence_next_node_serialfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.sequence_next_node_deserialfn(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Not STRICT: no row at all leaves no state.
CREATE FUNCTION shopanalytics.sequence_next_node_finalfn(internal) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.sequence_next_node(
    direction text, base text, ts timestamptz, value text, base_condition boolean, VARIADIC events boolean[]
) (
    SFUNC = shopanalytics.sequence_next_node_transfn,
    STYPE = internal,
    SSPACE = 400,
    FINALFUNC = shopanalytics.sequence_next_node_finalfn,
    COMBINEFUNC = shopanalytics.sequence_next_node_combinefn,
    SERIALFUNC = shopanalytics.sequence_next_node_serialfn,
    DESERIALFUNC = shopanalytics.sequence_next_node_deserialfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.sequence_next_node(text, text, timestamptz, text, boolean, VARIADIC boolean[])
    IS 'value of the event after a chain of events, or before it';
