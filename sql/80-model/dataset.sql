-- What a training reads, for tests and for a look at it.  STABLE and not PARALLEL
-- SAFE: it runs a query, which may be anything.  Not strict: most arguments may be
-- null.
CREATE FUNCTION shopanalytics._dataset(
    source text,
    label text,
    features text[] DEFAULT NULL,
    key_column text DEFAULT NULL,
    weight_column text DEFAULT NULL,
    positive text DEFAULT NULL,
    null_policy text DEFAULT 'skip',
    encoding text DEFAULT NULL,
    unknown_policy text DEFAULT 'other',
    min_category_count integer DEFAULT 10,
    prepare jsonb DEFAULT NULL,
    test_fraction double precision DEFAULT 0.25,
    split text DEFAULT 'hash',
    seed bigint DEFAULT 42,
    keep_nulls boolean DEFAULT false,
    default_dummy boolean DEFAULT false
) RETURNS TABLE (
    part text,
    id bigint,
    label_value double precision,
    weight double precision,
    terms double precision[]
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;

COMMENT ON FUNCTION shopanalytics._dataset(text, text, text[], text, text, text, text, text, text, integer, jsonb, double precision, text, bigint, boolean, boolean)
    IS 'the rows that a training with these arguments works on, as numbers';

CREATE FUNCTION shopanalytics._dataset_counts(
    source text,
    label text,
    features text[] DEFAULT NULL,
    key_column text DEFAULT NULL,
    weight_column text DEFAULT NULL,
    positive text DEFAULT NULL,
    null_policy text DEFAULT 'skip',
    encoding text DEFAULT NULL,
    unknown_policy text DEFAULT 'other',
    min_category_count integer DEFAULT 10,
    prepare jsonb DEFAULT NULL,
    test_fraction double precision DEFAULT 0.25,
    split text DEFAULT 'hash',
    seed bigint DEFAULT 42,
    keep_nulls boolean DEFAULT false,
    default_dummy boolean DEFAULT false,
    OUT n_train bigint,
    OUT n_test bigint,
    OUT n_skipped bigint,
    OUT n_label_null bigint,
    OUT n_positive bigint,
    OUT positive_value text,
    OUT negative_value text
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;

COMMENT ON FUNCTION shopanalytics._dataset_counts(text, text, text[], text, text, text, text, text, text, integer, jsonb, double precision, text, bigint, boolean, boolean)
    IS 'how many rows a training with these arguments works on';

CREATE FUNCTION shopanalytics._preparation(
    source text,
    label text,
    features text[] DEFAULT NULL,
    key_column text DEFAULT NULL,
    weight_column text DEFAULT NULL,
    positive text DEFAULT NULL,
    null_policy text DEFAULT 'skip',
    encoding text DEFAULT NULL,
    unknown_policy text DEFAULT 'other',
    min_category_count integer DEFAULT 10,
    prepare jsonb DEFAULT NULL,
    test_fraction double precision DEFAULT 0.25,
    split text DEFAULT 'hash',
    seed bigint DEFAULT 42,
    keep_nulls boolean DEFAULT false,
    default_dummy boolean DEFAULT false
) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;

COMMENT ON FUNCTION shopanalytics._preparation(text, text, text[], text, text, text, text, text, text, integer, jsonb, double precision, text, bigint, boolean, boolean)
    IS 'how a training with these arguments makes rows into numbers';
