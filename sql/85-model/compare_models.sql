-- Several models on the same rows.

-- Not for users: the test rows of a training with these arguments, found again, and
-- the scores that the model gives them; null if its features come out otherwise by
-- now.  STABLE and not PARALLEL SAFE: it runs a query, which may be anything.  Not
-- strict: most arguments may be null.
CREATE FUNCTION shopanalytics._test_scores(
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
    state bytea,
    keep_nulls boolean,
    default_dummy boolean
) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;

-- Not for users: the scores of each model for the rows of a source that have a label,
-- if all models score them.  The same holds for it.
CREATE FUNCTION shopanalytics._source_scores(models text[], source text, label text, positive text) RETURNS bytea[]
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;

-- Not for users: measures of the rows that all have scores for.
CREATE FUNCTION shopanalytics._compare_scores(scores bytea[], thresholds float8[])
    RETURNS TABLE (
        place integer,
        n bigint,
        roc_auc float8,
        roc_auc_se float8,
        average_precision float8,
        log_loss float8,
        brier_score float8,
        calibration_error float8,
        accuracy float8,
        "precision" float8,
        recall float8,
        f1 float8,
        delong_p float8)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;

-- Not for users: the version that a name stands for.  Not strict: a null is an error.
CREATE FUNCTION shopanalytics._compared_version(name text) RETURNS shopanalytics.model_version
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found shopanalytics.model_version;
BEGIN
    IF name IS NULL THEN
        RAISE EXCEPTION 'models must neither be null nor contain null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT v.* INTO found
      FROM shopanalytics._find_model(name) f
           JOIN shopanalytics.model_version v ON v.model = f.name AND v.version = f.version;
    IF found.kind = 'kmeans' THEN
        RAISE EXCEPTION 'model "%" is one of k-means, which has no scores to compare', name USING ERRCODE = 'wrong_object_type';
    END IF;
    RETURN found;
END
$$;

-- STABLE and not PARALLEL SAFE: it runs queries, which may be anything; a query that
-- somebody else wrote it does not run with the caller's rights.  Not strict: source
-- and label may be null.
CREATE FUNCTION shopanalytics.compare_models(models text[], source text DEFAULT NULL, label text DEFAULT NULL)
    RETURNS TABLE (
        model text,
        version integer,
        kind text,
        n bigint,
        roc_auc float8,
        roc_auc_se float8,
        average_precision float8,
        log_loss float8,
        brier_score float8,
        calibration_error float8,
        accuracy float8,
        "precision" float8,
        recall float8,
        f1 float8,
        train_ms float8,
        delong_p float8,
        measured_on text)
    LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH compared AS MATERIALIZED (
        SELECT m.place, coalesce((v.metrics ->> 'threshold')::float8, 0.5) AS threshold, v.*
          FROM unnest(coalesce($1, '{NULL}')) WITH ORDINALITY AS m(name, place)
               CROSS JOIN LATERAL shopanalytics._compared_version(m.name) AS v
    ), scored AS (
        SELECT array_agg(CASE WHEN c.trained_by = current_user AND c.label IS NOT NULL
                              THEN shopanalytics._test_scores(
                                  c.source, c.label, o.features, o.key_column, o.weight_column, o.positive, o.null_policy, o.encoding,
                                  o.unknown_policy, o.min_category_count, o.prepare, o.test_fraction, o.split, o.seed,
                                  c.state, c.kind IN ('tree', 'forest'), c.kind = 'logistic' AND o.penalty = 'none') END
                         ORDER BY c.place) AS scores
          FROM compared AS c
               CROSS JOIN LATERAL jsonb_to_record(c.options)
                   AS o(features text[], key_column text, weight_column text, positive text, null_policy text, encoding text,
                        unknown_policy text, min_category_count integer, prepare jsonb, test_fraction float8, split text, seed bigint, penalty text)
         WHERE $2 IS NULL
        UNION ALL
        SELECT shopanalytics._source_scores($1, $2, coalesce($3, c.label), c.options ->> 'positive')
          FROM compared AS c
         WHERE $2 IS NOT NULL AND c.place = 1
    ), measured AS MATERIALIZED (
        SELECT m.*
          FROM scored AS s
               CROSS JOIN LATERAL shopanalytics._compare_scores(s.scores, (SELECT array_agg(c.threshold ORDER BY c.place) FROM compared AS c)) AS m
    )
    SELECT c.model, c.version, c.kind,
           coalesce(m.n, CASE WHEN $2 IS NOT NULL THEN 0 ELSE (c.metrics ->> 'n_test')::bigint END),
           CASE WHEN stored THEN (c.metrics ->> 'roc_auc')::float8 ELSE m.roc_auc END,
           m.roc_auc_se,
           CASE WHEN stored THEN (c.metrics ->> 'average_precision')::float8 ELSE m.average_precision END,
           CASE WHEN stored THEN (c.metrics ->> 'log_loss')::float8 ELSE m.log_loss END,
           CASE WHEN stored THEN (c.metrics ->> 'brier_score')::float8 ELSE m.brier_score END,
           m.calibration_error,
           CASE WHEN stored THEN (c.metrics ->> 'accuracy')::float8 ELSE m.accuracy END,
           CASE WHEN stored THEN (c.metrics ->> 'precision')::float8 ELSE m."precision" END,
           CASE WHEN stored THEN (c.metrics ->> 'recall')::float8 ELSE m.recall END,
           CASE WHEN stored THEN (c.metrics ->> 'f1')::float8 ELSE m.f1 END,
           (c.metrics ->> 'train_ms')::float8,
           m.delong_p,
           CASE WHEN stored THEN 'own test rows, as stored' WHEN $2 IS NULL THEN 'test rows in common' ELSE 'source' END
      FROM compared AS c
           LEFT JOIN measured AS m USING (place)
           CROSS JOIN LATERAL (SELECT m.place IS NULL AND $2 IS NULL AS stored) AS s
     ORDER BY c.place;
END;

COMMENT ON FUNCTION shopanalytics.compare_models(text[], text, text)
    IS 'metrics of models on rows that none was trained on, the same for all, and whether they differ from the first';
