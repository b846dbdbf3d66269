-- What a k-means model says of a row, and of its clusters.
--
-- Stable, because they read the tables of models.

CREATE FUNCTION shopanalytics.cluster(model text, r record) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.cluster(model text, features float8[]) RETURNS integer
    AS 'MODULE_PATHNAME', 'cluster_array' LANGUAGE C STABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.cluster_distance(model text, r record) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.cluster_distance(model text, features float8[]) RETURNS float8
    AS 'MODULE_PATHNAME', 'cluster_distance_array' LANGUAGE C STABLE STRICT PARALLEL SAFE;

CREATE FUNCTION shopanalytics.centers(model text) RETURNS TABLE (
    cluster integer,
    size bigint,
    term text,
    center float8,
    center_scaled float8,
    is_vip boolean
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 10;

COMMENT ON FUNCTION shopanalytics.cluster(text, record) IS 'the number of the cluster whose center is nearest to a row, which is read by the names of its columns';
COMMENT ON FUNCTION shopanalytics.cluster(text, float8[]) IS 'the number of the cluster whose center is nearest to a row, given as numbers in the order of model_features';
COMMENT ON FUNCTION shopanalytics.cluster_distance(text, record) IS 'how far a row is from the center of its cluster, in scaled units';
COMMENT ON FUNCTION shopanalytics.cluster_distance(text, float8[]) IS 'how far a row, given as numbers in the order of model_features, is from the center of its cluster, in scaled units';
COMMENT ON FUNCTION shopanalytics.centers(text) IS 'the clusters of a k-means model: their sizes and the means of each term';
