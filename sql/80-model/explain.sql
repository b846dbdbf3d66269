-- Why a stored model says of a row what it says.
--
-- Stable, because they read the tables of models.  Not strict: without top_k all
-- columns are told.

CREATE FUNCTION shopanalytics.explain(
    model text,
    r record,
    top_k integer DEFAULT NULL,
    OUT rank integer,
    OUT feature text,
    OUT value text,
    OUT contribution float8,
    OUT delta_probability float8,
    OUT base_value float8,
    OUT margin float8,
    OUT probability float8,
    OUT unit text,
    OUT words text) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE
    ROWS 10;

CREATE FUNCTION shopanalytics.explain_json(model text, r record, top_k integer DEFAULT 3) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.explain(text, record, integer) IS 'what each column of a row contributes to its probability, the largest first';
COMMENT ON FUNCTION shopanalytics.explain_json(text, record, integer) IS 'the same in one value: probability and the columns that contribute most';
