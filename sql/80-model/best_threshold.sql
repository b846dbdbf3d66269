-- From which probability on a row is best taken as positive.
--
-- Stable, because it reads tables; parallel unsafe, because it runs what the source is.
-- Not strict: without max_fpr there is no such limit, without a source the test rows of
-- the training are read again.

CREATE FUNCTION shopanalytics.best_threshold(
    model text,
    objective text DEFAULT 'f1',
    cost_fp float8 DEFAULT 1,
    cost_fn float8 DEFAULT 1,
    max_fpr float8 DEFAULT NULL,
    source text DEFAULT NULL,
    OUT threshold float8,
    OUT "precision" float8,
    OUT recall float8,
    OUT fpr float8,
    OUT f1 float8,
    OUT expected_cost float8,
    OUT n bigint,
    OUT n_positive bigint)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;

COMMENT ON FUNCTION shopanalytics.best_threshold(text, text, float8, float8, float8, text) IS 'the threshold that is best by an objective on the test rows: f1, cost, max_fpr or youden';
