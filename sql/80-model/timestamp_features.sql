CREATE FUNCTION shopanalytics.timestamp_features(
    ts timestamptz,
    timezone text,
    OUT year integer,
    OUT quarter integer,
    OUT month integer,
    OUT week integer,
    OUT day integer,
    OUT weekday integer,
    OUT hour integer,
    OUT is_weekend boolean,
    OUT hour_sin double precision,
    OUT hour_cos double precision,
    OUT weekday_sin double precision,
    OUT weekday_cos double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.timestamp_features(timestamptz, text)
    IS 'what the calendar and the clock of a time zone say at a moment, as features for a model';
