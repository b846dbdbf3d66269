-- Images of rows: SQL that turns a value into what stands in an image, and back.

-- The image of a row is what _row_image() makes of it, which tells a null of JSON, in a
-- column of jsonb, from a null of SQL.
CREATE FUNCTION shopanalytics._jsonb_of_image(image jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN jsonb_typeof(image) = 'object' AND image ? '$json' AND image - '$json' = '{}' THEN image -> '$json' ELSE image END;
END;

-- SQL for the image of a value that an expression gives.
CREATE FUNCTION shopanalytics._image_of(kind text, value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format(CASE WHEN kind IN ('number', 'boolean') THEN 'to_jsonb(%1$s)' ELSE '(shopanalytics._row_image(ROW(%1$s)) -> ''f1'')' END, value);
END;

-- SQL for the value of an expression that gives an image, which has come as jsonb for
-- columns of that kind and of json, and as the column's type for others.
CREATE FUNCTION shopanalytics._value_of(kind text, type text, image text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format(CASE WHEN kind = 'jsonb' THEN 'shopanalytics._jsonb_of_image(%1$s)::%2$s'
                       WHEN kind = 'json' THEN '(CASE WHEN jsonb_typeof(%1$s) = ''string'' THEN %1$s #>> ''{}'' ELSE %1$s::text END)::%2$s'
                       ELSE '%1$s' END, image, type);
END;
