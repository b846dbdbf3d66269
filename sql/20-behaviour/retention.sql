-- Retention flags of a user.

CREATE FUNCTION shopanalytics.retention_transfn(bigint, boolean[]) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.retention_combinefn(bigint, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.retention_finalfn(bigint) RETURNS boolean[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.retention(VARIADIC conditions boolean[]) (
    SFUNC = shopanalytics.retention_transfn,
    STYPE = bigint,
    INITCOND = '0',
    FINALFUNC = shopanalytics.retention_finalfn,
    COMBINEFUNC = shopanalytics.retention_combinefn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.retention(VARIADIC boolean[])
    IS 'whether the first condition was ever true, and for each other whether it and the first were';
