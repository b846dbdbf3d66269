-- The root of a Merkle tree (RFC 6962) over rows in an order.  The order is what is
-- hashed, so it cannot be computed in parallel.

CREATE FUNCTION shopanalytics.merkle_root_transfn(internal, bytea) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics._merkle_root_of_hashes_transfn(internal, bytea) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION shopanalytics.merkle_root_finalfn(internal) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE AGGREGATE shopanalytics.merkle_root(leaf bytea) (
    SFUNC = shopanalytics.merkle_root_transfn,
    STYPE = internal,
    SSPACE = 2048,
    FINALFUNC = shopanalytics.merkle_root_finalfn,
    PARALLEL = SAFE
);

-- The same of leaves that have been hashed.
CREATE AGGREGATE shopanalytics._merkle_root_of_hashes(leaf_hash bytea) (
    SFUNC = shopanalytics._merkle_root_of_hashes_transfn,
    STYPE = internal,
    SSPACE = 2048,
    FINALFUNC = shopanalytics.merkle_root_finalfn,
    PARALLEL = SAFE
);

COMMENT ON AGGREGATE shopanalytics.merkle_root(bytea) IS 'root of the Merkle tree (RFC 6962, SHA-256) over the leaves in the order given';
