-- A row as jsonb, from which jsonb_populate_record() makes it again.  Stable, as output
-- functions are; it writes a value as no setting and no cast of anybody can change it.
CREATE FUNCTION shopanalytics._row_image("row" record) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
