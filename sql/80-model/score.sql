-- Scores of rows, written to a table: all of a source, or each as it arrives.
--
-- The table has the key of the row, in a column called as in the source or "key", and
-- model text, version integer, score float8, is_flagged boolean, reasons jsonb and
-- scored_at timestamptz; its primary key is (key, model).

-- What a name stands for now.  Stable, because it reads the tables of models.
CREATE FUNCTION shopanalytics._find_model(model text, OUT name text, OUT version integer, OUT threshold float8)
    AS 'MODULE_PATHNAME', '_find_model' LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Whether there is a score.  Volatile, not strict and parallel unsafe: it counts, for
-- the score() that is running, where there is none.
CREATE FUNCTION shopanalytics._has_answer(score float8) RETURNS boolean
    AS 'MODULE_PATHNAME', '_has_answer' LANGUAGE C VOLATILE PARALLEL UNSAFE;

-- Volatile and parallel unsafe: it writes.  Not strict: without a threshold it is that
-- of the model, without explain_top_k there are no reasons.
CREATE FUNCTION shopanalytics.score(
    model text,
    source text,
    target text,
    key_column text DEFAULT 'order_id',
    threshold float8 DEFAULT NULL,
    explain_top_k integer DEFAULT 3,
    only_new boolean DEFAULT true) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;

-- After insert or update of a row: its score goes to a table.  Arguments: model, target
-- with its schema, and the key column, order_id if it is left out.  What goes wrong
-- there must not keep orders from arriving: it is a warning, and score() adds what is
-- missing.
CREATE FUNCTION shopanalytics.score_row() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key_column text := CASE WHEN TG_NARGS > 2 THEN TG_ARGV[2] ELSE 'order_id' END;
    key text := to_jsonb(NEW) ->> key_column;
    target_key record;
    used record;
    score float8;
BEGIN
    IF TG_NARGS NOT IN (2, 3) THEN
        RAISE EXCEPTION 'trigger % needs the arguments model, target and, if it is not order_id, key column', TG_NAME USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT quote_ident(a.attname) AS name, format_type(a.atttypid, NULL) AS type INTO target_key
      FROM pg_attribute a
     WHERE a.attrelid = to_regclass(TG_ARGV[1]) AND a.attname IN (key_column, 'key') AND NOT a.attisdropped
     ORDER BY a.attname = key_column DESC
     LIMIT 1;
    IF NOT FOUND AND to_regclass(TG_ARGV[1]) IS NULL THEN
        RAISE EXCEPTION 'target table % does not exist, or is not named with its schema', TG_ARGV[1] USING ERRCODE = 'undefined_table';
    ELSIF NOT FOUND THEN
        RAISE EXCEPTION 'target table % has neither column "%" nor "key"', TG_ARGV[1], key_column USING ERRCODE = 'undefined_column';
    ELSIF key IS NULL THEN
        RAISE EXCEPTION 'column "%" of the row is null, or there is none', key_column USING ERRCODE = 'undefined_column';
    END IF;

    used := shopanalytics._find_model(TG_ARGV[0]);
    score := shopanalytics.predict(TG_ARGV[0], NEW);
    IF score IS NOT NULL THEN
        EXECUTE format('INSERT INTO %1$s AS target (%2$s, model, version, score, is_flagged, reasons, scored_at) VALUES ($1::%3$s, $2, $3, $4, $5, $6, clock_timestamp())
                            ON CONFLICT (%2$s, model) DO UPDATE
                           SET (version, score, is_flagged, reasons, scored_at)
                             = (excluded.version, excluded.score, excluded.is_flagged, excluded.reasons, excluded.scored_at)
                         WHERE (target.version, target.score, target.is_flagged, target.reasons)
                               IS DISTINCT FROM (excluded.version, excluded.score, excluded.is_flagged, excluded.reasons)',
                       to_regclass(TG_ARGV[1]), target_key.name, target_key.type)
          USING key, used.name, used.version, score, score >= used.threshold, shopanalytics.explain_json(TG_ARGV[0], NEW) -> 'reasons';
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'row "%" of table %.% was not scored: %', left(key, 100), TG_TABLE_SCHEMA, TG_TABLE_NAME, SQLERRM
        USING ERRCODE = SQLSTATE, HINT = 'shopanalytics.score() scores what is missing.';
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shopanalytics.score(text, text, text, text, float8, integer, boolean) IS 'writes what a model says of the rows of a source into a table; returns how many rows were new or other than before';
COMMENT ON FUNCTION shopanalytics.score_row() IS 'trigger that scores a row when it is inserted or updated';
