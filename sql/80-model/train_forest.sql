-- Decision trees and forests of them.

-- They train and do not store; what they return is the model's bytes.  STABLE and not
-- PARALLEL SAFE: they run a query, which may be anything.  Not strict: most arguments
-- may be null.

CREATE FUNCTION shopanalytics._train_tree(
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
    max_depth integer,
    min_leaf integer,
    max_bins integer,
    max_features integer,
    class_weight text,
    OUT state bytea,
    OUT result shopanalytics.train_result
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;

CREATE FUNCTION shopanalytics._train_forest(
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
    n_trees integer,
    max_depth integer,
    min_leaf integer,
    max_bins integer,
    max_features integer,
    class_weight text,
    bootstrap boolean,
    sample_fraction float8,
    OUT state bytea,
    OUT result shopanalytics.train_result
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;

-- Volatile and not PARALLEL SAFE: they store what was trained.  Bodies of SQL,
-- because names in source are looked up by the caller's search_path, and ours are not.
CREATE FUNCTION shopanalytics.train_tree(
    model text,
    source text,
    label text,
    features text[] DEFAULT NULL,
    key_column text DEFAULT NULL,
    weight_column text DEFAULT NULL,
    max_depth integer DEFAULT 6,
    min_leaf integer DEFAULT 20,
    max_bins integer DEFAULT 255,
    max_features integer DEFAULT NULL,
    class_weight text DEFAULT 'none',
    positive text DEFAULT NULL,
    null_policy text DEFAULT 'skip',
    encoding text DEFAULT NULL,
    unknown_policy text DEFAULT 'other',
    min_category_count integer DEFAULT 10,
    prepare jsonb DEFAULT NULL,
    test_fraction float8 DEFAULT 0.25,
    split text DEFAULT 'hash',
    seed bigint DEFAULT 42
) RETURNS shopanalytics.train_result
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT shopanalytics._check_may_train(model);
    SELECT shopanalytics._model_add(model, 'tree', t.state, t.result, source, label,
        pg_catalog.jsonb_build_object('features', features, 'key_column', key_column, 'weight_column', weight_column,
                                      'max_depth', max_depth, 'min_leaf', min_leaf, 'max_bins', max_bins, 'max_features', max_features,
                                      'class_weight', class_weight, 'positive', positive, 'null_policy', null_policy, 'encoding', encoding,
                                      'unknown_policy', unknown_policy, 'min_category_count', min_category_count, 'prepare', prepare,
                                      'test_fraction', test_fraction, 'split', split, 'seed', seed))
      FROM shopanalytics._train_tree(source, label, features, key_column, weight_column, positive, null_policy, encoding, unknown_policy,
                                     min_category_count, prepare, test_fraction, split, seed,
                                     max_depth, min_leaf, max_bins, max_features, class_weight) t;
END;

COMMENT ON FUNCTION shopanalytics.train_tree(text, text, text, text[], text, text, integer, integer, integer, integer, text, text, text, text, text, integer, jsonb, float8, text, bigint)
    IS 'trains a decision tree and stores it as a new version of the model';

CREATE FUNCTION shopanalytics.train_forest(
    model text,
    source text,
    label text,
    features text[] DEFAULT NULL,
    key_column text DEFAULT NULL,
    weight_column text DEFAULT NULL,
    n_trees integer DEFAULT 100,
    max_depth integer DEFAULT 8,
    min_leaf integer DEFAULT 1,
    max_bins integer DEFAULT 255,
    max_features integer DEFAULT NULL,
    class_weight text DEFAULT 'none',
    bootstrap boolean DEFAULT true,
    sample_fraction float8 DEFAULT 1,
    positive text DEFAULT NULL,
    null_policy text DEFAULT 'skip',
    encoding text DEFAULT NULL,
    unknown_policy text DEFAULT 'other',
    min_category_count integer DEFAULT 10,
    prepare jsonb DEFAULT NULL,
    test_fraction float8 DEFAULT 0.25,
    split text DEFAULT 'hash',
    seed bigint DEFAULT 42
) RETURNS shopanalytics.train_result
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT shopanalytics._check_may_train(model);
    SELECT shopanalytics._model_add(model, 'forest', t.state, t.result, source, label,
        pg_catalog.jsonb_build_object('features', features, 'key_column', key_column, 'weight_column', weight_column,
                                      'n_trees', n_trees, 'max_depth', max_depth, 'min_leaf', min_leaf, 'max_bins', max_bins,
                                      'max_features', max_features, 'class_weight', class_weight, 'bootstrap', bootstrap,
                                      'sample_fraction', sample_fraction, 'positive', positive, 'null_policy', null_policy, 'encoding', encoding,
                                      'unknown_policy', unknown_policy, 'min_category_count', min_category_count, 'prepare', prepare,
                                      'test_fraction', test_fraction, 'split', split, 'seed', seed))
      FROM shopanalytics._train_forest(source, label, features, key_column, weight_column, positive, null_policy, encoding, unknown_policy,
                                       min_category_count, prepare, test_fraction, split, seed,
                                       n_trees, max_depth, min_leaf, max_bins, max_features, class_weight, bootstrap, sample_fraction) t;
END;

COMMENT ON FUNCTION shopanalytics.train_forest(text, text, text, text[], text, text, integer, integer, integer, integer, integer, text, boolean, float8, text, text, text, text, integer, jsonb, float8, text, bigint)
    IS 'trains a random forest and stores it as a new version of the model';
