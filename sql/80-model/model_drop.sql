-- Removing a version, or a whole model.

-- Not strict: without a version the whole model goes.  Returns how many versions went.
-- The alias current, which training sets, does not protect a whole model; an alias that
-- somebody set does.
CREATE FUNCTION shopanalytics.model_drop(model text, version integer DEFAULT NULL, force boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    pointing text[];
    n_dropped bigint;
BEGIN
    IF force IS NULL THEN
        RAISE EXCEPTION 'force must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM shopanalytics._lock_model(model);
    IF version IS NOT NULL AND NOT EXISTS (SELECT FROM shopanalytics.model_version v WHERE v.model = model_drop.model AND v.version = model_drop.version) THEN
        RAISE EXCEPTION 'model "%" has no version %', model, version
            USING ERRCODE = 'undefined_object', HINT = format('SELECT * FROM shopanalytics.model_versions(%L) lists its versions.', model);
    END IF;

    pointing := ARRAY(SELECT a.alias FROM shopanalytics.model_alias a
                       WHERE a.model = model_drop.model AND CASE WHEN model_drop.version IS NULL THEN a.alias <> 'current' ELSE a.version = model_drop.version END
                       ORDER BY a.alias);
    IF pointing <> '{}' AND NOT force THEN
        RAISE EXCEPTION '% is in use by alias "%"', CASE WHEN version IS NULL THEN format('model "%s"', model) ELSE format('version %s of model "%s"', version, model) END, pointing[1]
            USING ERRCODE = 'dependent_objects_still_exist',
                  HINT = 'Move the alias by shopanalytics.model_alias() first, or drop with force => true.';
    END IF;

    IF version IS NULL THEN
        SELECT count(*) INTO n_dropped FROM shopanalytics.model_version v WHERE v.model = model_drop.model;
        DELETE FROM shopanalytics.model m WHERE m.name = model_drop.model;
    ELSE
        PERFORM shopanalytics._move_alias(model, alias, NULL, format('version %s dropped', version)) FROM unnest(pointing) alias;
        DELETE FROM shopanalytics.model_version v WHERE v.model = model_drop.model AND v.version = model_drop.version;
        n_dropped := 1;
    END IF;
    RETURN n_dropped;
END
$$;

COMMENT ON FUNCTION shopanalytics.model_drop(text, integer, boolean) IS 'removes a version of a model, or the model with all its versions; returns how many versions';
