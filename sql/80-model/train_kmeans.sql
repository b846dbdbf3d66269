-- Clusters of rows by k-means.

CREATE TYPE shopanalytics.kmeans_result AS (
    model text,
    version integer,
    status text,
    k integer,
    n bigint,
    n_skipped bigint,
    inertia float8,
    iterations integer,
    converged boolean,
    sizes bigint[],
    vip_cluster integer,
    train_ms float8
);

COMMENT ON TYPE shopanalytics.kmeans_result IS 'a trained version of a k-means model: its clusters and how well they fit';

-- What train_kmeans stores, and what it returns of it.  The first 14 arguments are
-- those of every training.  Not strict: most of them may be null.  Stable and
-- parallel unsafe: it runs a query, which may be anything.
CREATE FUNCTION shopanalytics._train_kmeans(
    source text,
    label text,
    features text[],
    key_column text,
    weight_column text,
    positive text,
    null_policy text,
    encoding text,
    unknown_policy text,
    min_category_count integer,
    prepare jsonb,
    test_fraction float8,
    split text,
    seed bigint,
    k integer,
    scale text,
    init text,
    init_centers float8[],
    n_init integer,
    max_iterations integer,
    tolerance float8,
    vip_features text[],
    OUT state bytea,
    OUT result shopanalytics.kmeans_result)
    AS 'MODULE_PATHNAME', 'train_kmeans' LANGUAGE C STABLE PARALLEL UNSAFE;

-- Every k-means can be used, one that did not converge too: its clusters are those of
-- the centers that it has.
CREATE FUNCTION shopanalytics._kmeans_add(
    model text,
    state bytea,
    result shopanalytics.kmeans_result,
    source text,
    options jsonb) RETURNS shopanalytics.kmeans_result
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    result.model := model;
    result.version := shopanalytics._model_add_version(model, 'kmeans', state, result.status, true, to_jsonb(result), source, NULL, options);
    RETURN result;
END
$$;

-- Not strict: most arguments may be null.  A body of SQL, because names in source are
-- looked up by the caller's search_path.
CREATE FUNCTION shopanalytics.train_kmeans(
    model text,
    source text,
    features text[] DEFAULT NULL,
    key_column text DEFAULT NULL,
    weight_column text DEFAULT NULL,
    k integer DEFAULT 2,
    scale text DEFAULT 'minmax',
    init text DEFAULT 'k-means++',
    init_centers float8[] DEFAULT NULL,
    n_init integer DEFAULT 10,
    max_iterations integer DEFAULT 300,
    tolerance float8 DEFAULT 0.0001,
    vip_features text[] DEFAULT NULL,
    null_policy text DEFAULT 'skip',
    encoding text DEFAULT NULL,
    unknown_policy text DEFAULT 'other',
    min_category_count integer DEFAULT 10,
    prepare jsonb DEFAULT NULL,
    seed bigint DEFAULT 42) RETURNS shopanalytics.kmeans_result
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT shopanalytics._check_may_train(model);
    SELECT shopanalytics._kmeans_add(model, t.state, t.result, source, pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
               'features', features, 'key_column', key_column, 'weight_column', weight_column, 'k', k, 'scale', scale,
               'init', init, 'init_centers', init_centers, 'n_init', n_init, 'max_iterations', max_iterations, 'tolerance', tolerance,
               'vip_features', vip_features, 'null_policy', null_policy, 'encoding', encoding, 'unknown_policy', unknown_policy,
               'min_category_count', min_category_count, 'prepare', prepare, 'seed', seed)))
      FROM shopanalytics._train_kmeans(source, NULL, features, key_column, weight_column, NULL, null_policy, encoding, unknown_policy,
                                       min_category_count, prepare, 0, NULL, seed,
                                       k, scale, init, init_centers, n_init, max_iterations, tolerance, vip_features) t;
END;

COMMENT ON FUNCTION shopanalytics.train_kmeans(text, text, text[], text, text, integer, text, text, float8[], integer, integer, float8, text[], text, text, text, integer, jsonb, bigint)
    IS 'finds clusters of the rows of a table, a view or a query by k-means, and stores them as a version of the model';
