-- Numbers of the stretches between events, by window functions.
--
-- Not STRICT: a row without a value has a number too.  The support function tells
-- the planner that the frame does not matter, as for sessionize.

CREATE FUNCTION shopanalytics._conditional_event_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'sessionize_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.conditional_true_event(cond boolean) RETURNS bigint
    AS 'MODULE_PATHNAME', 'window_conditional_true_event' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._conditional_event_support;

COMMENT ON FUNCTION shopanalytics.conditional_true_event(boolean)
    IS 'how many rows so far have a true condition';

CREATE FUNCTION shopanalytics.conditional_change_event(v anyelement) RETURNS bigint
    AS 'MODULE_PATHNAME', 'window_conditional_change_event' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
    SUPPORT shopanalytics._conditional_event_support;

COMMENT ON FUNCTION shopanalytics.conditional_change_event(anyelement)
    IS 'how many rows so far have another value than the row before';
