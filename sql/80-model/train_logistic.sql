-- Logistic regressions that are stored.

-- It trains and does not store; what it returns is the model's bytes.  STABLE and not
-- PARALLEL SAFE: it runs a query, which may be anything.  Not strict: most arguments
-- may be null.
CREATE FUNCTION shopanalytics._train_logistic(
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
    penalty text,
    c float8,
    standardize boolean,
    class_weight text,
    max_iterations integer,
    tolerance float8,
    OUT state bytea,
    OUT result shopanalytics.train_result
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;

-- Volatile and not PARALLEL SAFE: it stores what was trained.  A body of SQL,
-- because names in source are looked up by the caller's search_path, and ours are not.
CREATE FUNCTION shopanalytics.train_logistic(
    model text,
    source text,
    label text,
    features text[] DEFAULT NULL,
    key_column text DEFAULT NULL,
    weight_column text DEFAULT NULL,
    penalty text DEFAULT 'l2',
    c float8 DEFAULT 1.0,
    standardize boolean DEFAULT true,
    class_weight text DEFAULT 'none',
    max_iterations integer DEFAULT 100,
    tolerance float8 DEFAULT 1e-8,
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
    SELECT shopanalytics._model_add(model, 'logistic', t.state, t.result, source, label,
        pg_catalog.jsonb_build_object('features', features, 'key_column', key_column, 'weight_column', weight_column,
                                      'penalty', penalty, 'c', c, 'standardize', standardize, 'class_weight', class_weight,
                                      'max_iterations', max_iterations, 'tolerance', tolerance, 'positive', positive,
                                      'null_policy', null_policy, 'encoding', encoding, 'unknown_policy', unknown_policy,
                                      'min_category_count', min_category_count, 'prepare', prepare, 'test_fraction', test_fraction,
                                      'split', split, 'seed', seed))
      FROM shopanalytics._train_logistic(source, label, features, key_column, weight_column, positive, null_policy, encoding, unknown_policy,
                                         min_category_count, prepare, test_fraction, split, seed,
                                         penalty, c, standardize, class_weight, max_iterations, tolerance) t;
END;

COMMENT ON FUNCTION shopanalytics.train_logistic(text, text, text, text[], text, text, text, float8, boolean, text, integer, float8, text, text, text, text, integer, jsonb, float8, text, bigint)
    IS 'trains a logistic regression and stores it as a new version of the model';
