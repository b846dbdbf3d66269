-- How well the clusters of a k-means model are apart.

-- Not strict: a null sample is all rows.  Stable and parallel unsafe: it runs a
-- query, which may be anything.
CREATE FUNCTION shopanalytics.silhouette(model text, source text, sample integer DEFAULT 10000, seed bigint DEFAULT 42) RETURNS float8
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;

COMMENT ON FUNCTION shopanalytics.silhouette(text, text, integer, bigint)
    IS 'mean silhouette of the rows of a table, a view or a query in the clusters of a k-means model, from -1 to 1';
