-- Encoders: categories as numbers, by what was seen when they were fitted.  They are
-- ordinary table data: dumped, restored and replicated with the database.  An encoder
-- belongs to the role that fitted it first: who has that role's rights writes it,
-- others read it when it is shared.

CREATE TABLE shopanalytics.encoder (
    name text PRIMARY KEY CONSTRAINT name_of_encoder_is_valid CHECK (name <> '' AND octet_length(name) <= 63),
    owner text NOT NULL DEFAULT current_user,
    is_shared boolean NOT NULL DEFAULT false,
    source text NOT NULL,
    column_name text NOT NULL,
    method text NOT NULL CONSTRAINT method_is_known CHECK (method IN ('one_hot', 'dummy', 'ordinal', 'frequency', 'target')),
    label text,
    min_count integer NOT NULL CONSTRAINT min_count_is_positive CHECK (min_count > 0),
    smoothing double precision NOT NULL CONSTRAINT smoothing_is_not_negative CHECK (smoothing >= 0 AND smoothing < 'Infinity'),
    unknown text NOT NULL CONSTRAINT unknown_is_known CHECK (unknown IN ('other', 'ignore', 'error')),
    prior double precision,
    levels text[] NOT NULL,
    level_rows bigint[] NOT NULL,
    level_sums double precision[],
    n_rows bigint NOT NULL,
    n_skipped bigint NOT NULL,
    fitted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    fitted_by text NOT NULL DEFAULT current_user,
    CONSTRAINT levels_fit_together CHECK (
        array_ndims(levels) = 1 AND array_ndims(level_rows) = 1 AND cardinality(levels) = cardinality(level_rows)
        AND array_position(level_rows, NULL) IS NULL AND 0 <= ALL (level_rows)),
    CONSTRAINT sums_go_with_target CHECK (
        CASE WHEN method = 'target'
             THEN label IS NOT NULL AND prior IS NOT NULL AND level_sums IS NOT NULL AND array_ndims(level_sums) = 1
                  AND cardinality(level_sums) = cardinality(levels) AND array_position(level_sums, NULL) IS NULL
             ELSE label IS NULL AND prior IS NULL AND level_sums IS NULL END)
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.encoder', '');

COMMENT ON TABLE shopanalytics.encoder IS 'encoders of categories; fit_encoder, share_encoder and drop_encoder change it';
COMMENT ON COLUMN shopanalytics.encoder.owner IS 'role that fitted it first';
COMMENT ON COLUMN shopanalytics.encoder.is_shared IS 'true: every role may read and use it';
COMMENT ON COLUMN shopanalytics.encoder.source IS 'table, view or query that it was fitted on';
COMMENT ON COLUMN shopanalytics.encoder.column_name IS 'column of the source that has the categories';
COMMENT ON COLUMN shopanalytics.encoder.method IS 'one_hot, dummy, ordinal, frequency or target';
COMMENT ON COLUMN shopanalytics.encoder.label IS 'column of the source whose mean is the code; for method target';
COMMENT ON COLUMN shopanalytics.encoder.min_count IS 'rows that a level needs to have a position of its own';
COMMENT ON COLUMN shopanalytics.encoder.smoothing IS 'rows that the mean of all labels counts as; for method target';
COMMENT ON COLUMN shopanalytics.encoder.unknown IS 'what becomes of a level that was not seen: other, ignore or error';
COMMENT ON COLUMN shopanalytics.encoder.prior IS 'mean of all labels';
COMMENT ON COLUMN shopanalytics.encoder.levels IS 'levels that were seen, in the order of their bytes; null for nulls, at the end';
COMMENT ON COLUMN shopanalytics.encoder.level_rows IS 'rows of each level';
COMMENT ON COLUMN shopanalytics.encoder.level_sums IS 'sum of the labels of each level';
COMMENT ON COLUMN shopanalytics.encoder.n_rows IS 'rows that it was fitted on';
COMMENT ON COLUMN shopanalytics.encoder.n_skipped IS 'rows without a label, left out';

ALTER TABLE shopanalytics.encoder ENABLE ROW LEVEL SECURITY;
GRANT SELECT, DELETE,
      INSERT (name, source, column_name, method, label, min_count, smoothing, unknown, prior, levels, level_rows, level_sums, n_rows, n_skipped),
      UPDATE (is_shared, source, column_name, method, label, min_count, smoothing, unknown, prior, levels, level_rows, level_sums, n_rows, n_skipped, fitted_at, fitted_by)
   ON shopanalytics.encoder TO PUBLIC;
CREATE POLICY seen ON shopanalytics.encoder FOR SELECT
    USING (is_shared OR shopanalytics._has_rights_of(owner));
CREATE POLICY added ON shopanalytics.encoder FOR INSERT
    WITH CHECK (shopanalytics._has_rights_of(owner));
CREATE POLICY changed ON shopanalytics.encoder FOR UPDATE
    USING (shopanalytics._has_rights_of(owner));
CREATE POLICY removed ON shopanalytics.encoder FOR DELETE
    USING (shopanalytics._has_rights_of(owner));

-- Reads the source as the caller, with his search_path.  VOLATILE and PARALLEL UNSAFE:
-- it runs a query of the caller's.  Not STRICT: what is missing is named.
CREATE FUNCTION shopanalytics._fit_encoder(
    encoder text,
    source text,
    column_name text,
    method text,
    label text,
    min_count integer,
    smoothing double precision,
    unknown text,
    OUT n_rows bigint,
    OUT n_skipped bigint,
    OUT levels integer,
    OUT rare_levels integer,
    OUT width integer,
    OUT level_texts text[],
    OUT level_rows bigint[],
    OUT level_sums double precision[],
    OUT prior double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;

-- VOLATILE and PARALLEL UNSAFE: writes.  Not STRICT: there need be no label.
CREATE FUNCTION shopanalytics._keep_encoder(
    encoder text, source text, column_name text, method text, label text, min_count integer, smoothing double precision, unknown text,
    prior double precision, levels text[], level_rows bigint[], level_sums double precision[], n_rows bigint, n_skipped bigint)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO shopanalytics.encoder AS e
           (name, source, column_name, method, label, min_count, smoothing, unknown, prior, levels, level_rows, level_sums, n_rows, n_skipped)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT ON CONSTRAINT encoder_pkey DO UPDATE
       SET (source, column_name, method, label, min_count, smoothing, unknown, prior, levels, level_rows, level_sums, n_rows, n_skipped, fitted_at, fitted_by)
         = (excluded.source, excluded.column_name, excluded.method, excluded.label, excluded.min_count, excluded.smoothing, excluded.unknown,
            excluded.prior, excluded.levels, excluded.level_rows, excluded.level_sums, excluded.n_rows, excluded.n_skipped, clock_timestamp(), current_user);
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'encoder "%" belongs to another role', $1
        USING ERRCODE = 'insufficient_privilege', HINT = 'Choose another name; who has the rights of the role that fitted it first may fit it again.';
END
$$;

-- VOLATILE, PARALLEL UNSAFE and not STRICT as above.
CREATE FUNCTION shopanalytics.fit_encoder(
    encoder text,
    source text,
    column_name text,
    method text,
    label text DEFAULT NULL,
    min_count integer DEFAULT 1,
    smoothing double precision DEFAULT 5,
    unknown text DEFAULT 'other',
    OUT n_rows bigint,
    OUT n_skipped bigint,
    OUT levels integer,
    OUT rare_levels integer,
    OUT width integer)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT f.n_rows, f.n_skipped, f.levels, f.rare_levels, f.width
      FROM shopanalytics._fit_encoder(encoder, source, column_name, method, label, min_count, smoothing, unknown) f,
           shopanalytics._keep_encoder(encoder, source, column_name, method, label, min_count, smoothing, unknown,
                                       f.prior, f.level_texts, f.level_rows, f.level_sums, f.n_rows, f.n_skipped);
END;

-- STABLE: reads a table.  Not STRICT: NULL is a level too.
CREATE FUNCTION shopanalytics.encode(encoder text, value text) RETURNS double precision[]
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;

-- STABLE as above.  Not STRICT: no encoder is an error.
CREATE FUNCTION shopanalytics.encoder_levels(
    encoder text
) RETURNS TABLE (
    "position" integer,
    level text,
    kind text,
    n_rows bigint,
    label_mean double precision,
    code double precision[]
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;

-- Raises the error that fits when an encoder could not be changed.  STABLE: reads a
-- table.  Not STRICT: no encoder is an error.
CREATE FUNCTION shopanalytics._encoder_not_changed(encoder text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF encoder IS NULL THEN
        RAISE EXCEPTION 'encoder must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF EXISTS (SELECT FROM shopanalytics.encoder e WHERE e.name = encoder) THEN
        RAISE EXCEPTION 'encoder "%" belongs to another role', encoder USING ERRCODE = 'insufficient_privilege';
    END IF;
    RAISE EXCEPTION 'encoder "%" does not exist', encoder
        USING ERRCODE = 'undefined_object', HINT = 'SELECT name FROM shopanalytics.encoder lists the encoders that you may use.';
END
$$;

-- VOLATILE and PARALLEL UNSAFE: writes.  Not STRICT: a null is an error.
CREATE FUNCTION shopanalytics.share_encoder(encoder text, shared boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF shared IS NULL THEN
        RAISE EXCEPTION 'shared must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    UPDATE shopanalytics.encoder e SET is_shared = shared WHERE e.name = encoder;
    IF NOT FOUND THEN
        PERFORM shopanalytics._encoder_not_changed(encoder);
    END IF;
END
$$;

-- VOLATILE, PARALLEL UNSAFE and not STRICT as above.
CREATE FUNCTION shopanalytics.drop_encoder(encoder text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM shopanalytics.encoder e WHERE e.name = encoder;
    IF NOT FOUND THEN
        PERFORM shopanalytics._encoder_not_changed(encoder);
    END IF;
END
$$;

COMMENT ON FUNCTION shopanalytics.fit_encoder(text, text, text, text, text, integer, double precision, text)
    IS 'fits an encoder of a column''s categories and keeps it by name; one of that name is replaced';
COMMENT ON FUNCTION shopanalytics.encode(text, text) IS 'code of a category by an encoder that was fitted';
COMMENT ON FUNCTION shopanalytics.encoder_levels(text) IS 'what an encoder knows: its levels, their rows and codes';
COMMENT ON FUNCTION shopanalytics.share_encoder(text, boolean) IS 'lets every role use an encoder, or its owner''s alone again';
COMMENT ON FUNCTION shopanalytics.drop_encoder(text) IS 'drops an encoder';
