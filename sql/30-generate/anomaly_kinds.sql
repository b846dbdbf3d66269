CREATE FUNCTION shopanalytics.anomaly_kinds(
    OUT kind text,
    OUT table_name text,
    OUT default_rate double precision,
    OUT description text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 13;

COMMENT ON FUNCTION shopanalytics.anomaly_kinds() IS 'kinds of anomalies that generate_shop can put into its data';
