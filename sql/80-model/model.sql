-- Models and their versions.  They are ordinary table data: dumped, restored and
-- replicated with the database.  A model belongs to the role that trained it first:
-- who has that role's rights writes it, others read it when it is shared.  Nothing
-- here lends anybody's rights: row security alone decides.

CREATE TABLE shopanalytics.model (
    name text PRIMARY KEY
        CONSTRAINT name_of_model_is_valid CHECK (name <> '' AND octet_length(name) <= 127 AND strpos(name, '@') = 0),
    owner text NOT NULL DEFAULT current_user,
    is_shared boolean NOT NULL DEFAULT false,
    last_version integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.model', '');

CREATE TABLE shopanalytics.model_version (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model text NOT NULL REFERENCES shopanalytics.model ON DELETE CASCADE,
    version integer NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    is_usable boolean NOT NULL,
    state bytea,
    source text NOT NULL,
    label text,
    options jsonb NOT NULL,
    metrics jsonb NOT NULL,
    trained_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    trained_by text NOT NULL DEFAULT current_user,
    UNIQUE (model, version),
    CONSTRAINT usable_version_has_state CHECK (state IS NOT NULL OR NOT is_usable),
    -- raises an error otherwise: one shared version must not break the lists of all
    CONSTRAINT metrics_are_of_a_training CHECK (num_nonnulls(jsonb_populate_record(NULL::shopanalytics.train_result, metrics)) = 1)
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.model_version', '');
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.model_version_id_seq', '');

COMMENT ON TABLE shopanalytics.model IS 'models by name; the training functions, model_share and model_drop change it';
COMMENT ON COLUMN shopanalytics.model.owner IS 'role that trained it first';
COMMENT ON COLUMN shopanalytics.model.is_shared IS 'true: every role may read and use it';
COMMENT ON COLUMN shopanalytics.model.last_version IS 'number of the last version; a number is never given twice';

COMMENT ON TABLE shopanalytics.model_version IS 'trained versions of models';
COMMENT ON COLUMN shopanalytics.model_version.kind IS 'what was trained: logistic, tree, forest or kmeans';
COMMENT ON COLUMN shopanalytics.model_version.status IS 'how the training ended: ok, or what is wrong with it';
COMMENT ON COLUMN shopanalytics.model_version.is_usable IS 'whether the alias current moved to it when it was trained';
COMMENT ON COLUMN shopanalytics.model_version.state IS 'preparation of the features and the model itself; null when there is none';
COMMENT ON COLUMN shopanalytics.model_version.source IS 'table, view or query that it was trained on';
COMMENT ON COLUMN shopanalytics.model_version.label IS 'what it was trained to tell; null without a label';
COMMENT ON COLUMN shopanalytics.model_version.options IS 'arguments of the training by name';
COMMENT ON COLUMN shopanalytics.model_version.metrics IS 'what the training returned';

ALTER TABLE shopanalytics.model ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT (name), UPDATE (is_shared, last_version), DELETE ON shopanalytics.model TO PUBLIC;
CREATE POLICY seen ON shopanalytics.model FOR SELECT
    USING (is_shared OR shopanalytics._has_rights_of(owner));
CREATE POLICY added ON shopanalytics.model FOR INSERT
    WITH CHECK (shopanalytics._has_rights_of(owner));
CREATE POLICY changed ON shopanalytics.model FOR UPDATE
    USING (shopanalytics._has_rights_of(owner));
CREATE POLICY removed ON shopanalytics.model FOR DELETE
    USING (shopanalytics._has_rights_of(owner));

-- A version is never changed: who is named in trained_by is who wrote source.
ALTER TABLE shopanalytics.model_version ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT (model, version, kind, status, is_usable, state, source, label, options, metrics), DELETE ON shopanalytics.model_version TO PUBLIC;
CREATE POLICY seen ON shopanalytics.model_version FOR SELECT
    USING (EXISTS (SELECT FROM shopanalytics.model m WHERE m.name OPERATOR(pg_catalog.=) model));
CREATE POLICY added ON shopanalytics.model_version FOR INSERT
    WITH CHECK (EXISTS (SELECT FROM shopanalytics.model m WHERE m.name OPERATOR(pg_catalog.=) model AND shopanalytics._has_rights_of(m.owner)));
CREATE POLICY removed ON shopanalytics.model_version FOR DELETE
    USING (EXISTS (SELECT FROM shopanalytics.model m WHERE m.name OPERATOR(pg_catalog.=) model AND shopanalytics._has_rights_of(m.owner)));

-- Not strict: a null is an error; so are the checks below.
CREATE FUNCTION shopanalytics._check_model_name(model text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF model IS NULL THEN
        RAISE EXCEPTION 'model must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF model = '' OR octet_length(model) > 127 OR strpos(model, '@') > 0 THEN
        RAISE EXCEPTION 'invalid name of a model: "%"', left(model, 100)
            USING ERRCODE = 'invalid_name',
                  HINT = 'A name has 1 to 127 bytes and no @, which stands before an alias or a version: churn@champion, churn@3.';
    END IF;
END
$$;

-- Before a training, which may take long; what another role did not share it does not
-- see, and _model_add_version finds.  A superuser has everybody's rights, and is told
-- whom he trains for: a name may have been taken for that.  Stable: it reads a table.
CREATE FUNCTION shopanalytics._check_may_train(model text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner text;
BEGIN
    PERFORM shopanalytics._check_model_name(model);
    SELECT m.owner INTO owner FROM shopanalytics.model m WHERE m.name = model AND m.owner <> current_user;
    IF owner IS NULL THEN
        RETURN;
    END IF;
    IF NOT shopanalytics._has_rights_of(owner) THEN
        RAISE EXCEPTION 'model "%" belongs to another role', model
            USING ERRCODE = 'insufficient_privilege', HINT = 'Choose another name, or train with the rights of the role that trained it first.';
    END IF;
    RAISE NOTICE 'model "%" belongs to role "%", which may read and replace what is trained', model, owner;
END
$$;

-- Locks the row of the model, which is what makes others wait who add a version or
-- move an alias.  Volatile and parallel unsafe because of that.
CREATE FUNCTION shopanalytics._lock_model(model text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM shopanalytics._check_model_name(model);
    PERFORM FROM shopanalytics.model m WHERE m.name = model FOR UPDATE;
    IF NOT FOUND THEN
        IF EXISTS (SELECT FROM shopanalytics.model m WHERE m.name = model) THEN
            RAISE EXCEPTION 'model "%" belongs to another role', model
                USING ERRCODE = 'insufficient_privilege', HINT = 'Who has the rights of the role that trained it first may change it.';
        END IF;
        RAISE EXCEPTION 'model "%" does not exist', model
            USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM shopanalytics.model_versions() lists the models that you may use.';
    END IF;
END
$$;

-- Stores a version and returns its number.  The alias current moves to a version that
-- is usable.  The numbers have no gaps: they are counted in the row of the model, which
-- is locked until the transaction ends.  Not strict: label may be null, and so may the
-- state of a version that is not usable.
CREATE FUNCTION shopanalytics._model_add_version(
    model text,
    kind text,
    state bytea,
    status text,
    is_usable boolean,
    metrics jsonb,
    source text,
    label text,
    options jsonb) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number integer;
BEGIN
    PERFORM shopanalytics._check_model_name(model);
    -- a second time, if the model was being dropped
    FOR attempt IN 1 .. 2 LOOP
        INSERT INTO shopanalytics.model (name) VALUES (model) ON CONFLICT DO NOTHING;
        UPDATE shopanalytics.model m SET last_version = m.last_version + 1 WHERE m.name = model RETURNING m.last_version INTO number;
        EXIT WHEN FOUND;
    END LOOP;
    IF number IS NULL THEN
        RAISE EXCEPTION 'model "%" belongs to another role', model
            USING ERRCODE = 'insufficient_privilege', HINT = 'Choose another name, or train with the rights of the role that trained it first.';
    END IF;

    INSERT INTO shopanalytics.model_version (model, version, kind, status, is_usable, state, source, label, options, metrics)
    VALUES (model, number, kind, status, is_usable, state, source, label, coalesce(options, '{}'),
            metrics || jsonb_build_object('model', model, 'version', number));
    IF is_usable THEN
        PERFORM shopanalytics._move_alias(model, 'current', number, 'trained');
    ELSE
        RAISE NOTICE 'version % of model "%" is stored, and alias "current" is not moved to it: status %', number, model, status;
    END IF;
    RETURN number;
END
$$;

-- The same for what returns a train_result: model and version are filled in.  A fit
-- that did not converge, or that no finite coefficients exist for, is not usable.
CREATE FUNCTION shopanalytics._model_add(
    model text,
    kind text,
    state bytea,
    result shopanalytics.train_result,
    source text,
    label text,
    options jsonb) RETURNS shopanalytics.train_result
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    result.model := model;
    result.kind := kind;
    result.version := shopanalytics._model_add_version(model, kind, state, result.status, result.status IN ('ok', 'collinear'),
                                                       to_jsonb(result), source, label, options);
    RETURN result;
END
$$;

-- The model of that name, or all, that the caller may use.  Not strict: null is all.
CREATE FUNCTION shopanalytics._seen_models(model text) RETURNS SETOF shopanalytics.model
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF model IS NOT NULL THEN
        PERFORM shopanalytics._check_model_name(model);
    END IF;
    RETURN QUERY SELECT m.* FROM shopanalytics.model m WHERE model IS NULL OR m.name = model;
    IF NOT FOUND AND model IS NOT NULL THEN
        RAISE EXCEPTION 'model "%" does not exist', model
            USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM shopanalytics.model_versions() lists the models that you may use.';
    END IF;
END
$$;

-- Not strict: a null is an error.
CREATE FUNCTION shopanalytics.model_share(model text, is_shared boolean DEFAULT true) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF is_shared IS NULL THEN
        RAISE EXCEPTION 'is_shared must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM shopanalytics._lock_model(model);
    UPDATE shopanalytics.model m SET is_shared = model_share.is_shared WHERE m.name = model AND m.is_shared <> model_share.is_shared;
    RETURN FOUND;
END
$$;

COMMENT ON FUNCTION shopanalytics.model_share(text, boolean) IS 'lets every role use a model, or no longer; false when it was so already';
