-- STABLE and not PARALLEL SAFE: it runs a query, which may be anything.
CREATE FUNCTION shopanalytics.path_report(
    events text,
    max_length integer DEFAULT 10,
    session_column name DEFAULT NULL,
    timeout interval DEFAULT NULL,
    start_node text DEFAULT NULL,
    end_node text DEFAULT NULL,
    user_column name DEFAULT NULL,
    time_column name DEFAULT NULL,
    node_column name DEFAULT NULL,
    from_time timestamptz DEFAULT NULL,
    to_time timestamptz DEFAULT NULL
) RETURNS TABLE (
    source text,
    target text,
    step integer,
    users bigint,
    paths bigint
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100;

COMMENT ON FUNCTION shopanalytics.path_report(text, integer, name, interval, text, text, name, name, name, timestamptz, timestamptz)
    IS 'transitions from node to node by step of the path, with the users who take them';
