-- Aliases of versions, and what they stood for before.

CREATE TABLE shopanalytics.model_alias (
    model text NOT NULL REFERENCES shopanalytics.model ON DELETE CASCADE,
    alias text NOT NULL
        CONSTRAINT alias_is_valid CHECK (alias <> '' AND octet_length(alias) <= 63 AND strpos(alias, '@') = 0 AND alias !~ '^[0-9]+$'),
    version integer NOT NULL,
    PRIMARY KEY (model, alias),
    CONSTRAINT alias_of_version FOREIGN KEY (model, version) REFERENCES shopanalytics.model_version (model, version)
);
CREATE INDEX model_alias_of_version ON shopanalytics.model_alias (model, version);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.model_alias', '');

-- previous_id is the entry that a rollback goes back to, so that two rollbacks go two
-- steps back and not to and fro.
CREATE TABLE shopanalytics.model_alias_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model text NOT NULL REFERENCES shopanalytics.model ON DELETE CASCADE,
    alias text NOT NULL,
    version integer,
    previous_id bigint,
    reason text,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL DEFAULT current_user
);
CREATE INDEX model_alias_history_of_alias ON shopanalytics.model_alias_history (model, alias, id);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.model_alias_history', '');
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.model_alias_history_id_seq', '');

COMMENT ON TABLE shopanalytics.model_alias IS 'names for versions; the training functions, model_alias and model_rollback change it';
COMMENT ON TABLE shopanalytics.model_alias_history IS 'every change of an alias; it is added to and not changed';
COMMENT ON COLUMN shopanalytics.model_alias_history.version IS 'version that the alias was moved to; null when it was removed';
COMMENT ON COLUMN shopanalytics.model_alias_history.previous_id IS 'entry that a rollback goes back to';

ALTER TABLE shopanalytics.model_alias ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON shopanalytics.model_alias TO PUBLIC;
CREATE POLICY seen ON shopanalytics.model_alias FOR SELECT
    USING (EXISTS (SELECT FROM shopanalytics.model m WHERE m.name OPERATOR(pg_catalog.=) model));
CREATE POLICY added ON shopanalytics.model_alias FOR INSERT
    WITH CHECK (EXISTS (SELECT FROM shopanalytics.model m WHERE m.name OPERATOR(pg_catalog.=) model AND shopanalytics._has_rights_of(m.owner)));
CREATE POLICY changed ON shopanalytics.model_alias FOR UPDATE
    USING (EXISTS (SELECT FROM shopanalytics.model m WHERE m.name OPERATOR(pg_catalog.=) model AND shopanalytics._has_rights_of(m.owner)));
CREATE POLICY removed ON shopanalytics.model_alias FOR DELETE
    USING (EXISTS (SELECT FROM shopanalytics.model m WHERE m.name OPERATOR(pg_catalog.=) model AND shopanalytics._has_rights_of(m.owner)));

ALTER TABLE shopanalytics.model_alias_history ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT (model, alias, version, previous_id, reason) ON shopanalytics.model_alias_history TO PUBLIC;
CREATE POLICY seen ON shopanalytics.model_alias_history FOR SELECT
    USING (EXISTS (SELECT FROM shopanalytics.model m WHERE m.name OPERATOR(pg_catalog.=) model));
CREATE POLICY added ON shopanalytics.model_alias_history FOR INSERT
    WITH CHECK (EXISTS (SELECT FROM shopanalytics.model m WHERE m.name OPERATOR(pg_catalog.=) model AND shopanalytics._has_rights_of(m.owner)));

-- Moves an alias, or removes it when version is null, and notes it; false when it was
-- so already.  The caller has locked the model.  A rollback says what entry it goes
-- back to, a move goes on from the last one.
CREATE FUNCTION shopanalytics._move_alias(model text, alias text, version integer, reason text, back_to bigint DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before integer;
    previous_id bigint;
BEGIN
    SELECT a.version INTO before FROM shopanalytics.model_alias a WHERE a.model = _move_alias.model AND a.alias = _move_alias.alias;
    IF before IS NOT DISTINCT FROM version THEN
        RETURN false;
    END IF;
    IF back_to IS NULL THEN
        SELECT max(h.id) INTO previous_id FROM shopanalytics.model_alias_history h WHERE h.model = _move_alias.model AND h.alias = _move_alias.alias;
    ELSE
        SELECT h.previous_id INTO previous_id FROM shopanalytics.model_alias_history h WHERE h.id = back_to;
    END IF;

    IF version IS NULL THEN
        DELETE FROM shopanalytics.model_alias a WHERE a.model = _move_alias.model AND a.alias = _move_alias.alias;
    ELSIF before IS NULL THEN
        INSERT INTO shopanalytics.model_alias (model, alias, version) VALUES (model, alias, version);
    ELSE
        UPDATE shopanalytics.model_alias a SET version = _move_alias.version WHERE a.model = _move_alias.model AND a.alias = _move_alias.alias;
    END IF;
    INSERT INTO shopanalytics.model_alias_history (model, alias, version, previous_id, reason) VALUES (model, alias, version, previous_id, reason);
    RETURN true;
END
$$;

CREATE FUNCTION shopanalytics._check_alias(alias text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF alias IS NULL THEN
        RAISE EXCEPTION 'alias must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF alias = '' OR octet_length(alias) > 63 OR strpos(alias, '@') > 0 OR alias ~ '^[0-9]+$' THEN
        RAISE EXCEPTION 'invalid alias of a model: "%"', left(alias, 100)
            USING ERRCODE = 'invalid_name', HINT = 'An alias has 1 to 63 bytes, no @, and is not a number, as a version is.';
    END IF;
END
$$;

-- Not strict: without a version the alias is removed, and reason may be null.
CREATE FUNCTION shopanalytics.model_alias(model text, alias text, version integer, reason text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_status text;
BEGIN
    PERFORM shopanalytics._check_alias(alias);
    PERFORM shopanalytics._lock_model(model);
    IF version IS NOT NULL THEN
        SELECT v.status INTO found_status
          FROM shopanalytics.model_version v WHERE v.model = model_alias.model AND v.version = model_alias.version;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'model "%" has no version %', model, version
                USING ERRCODE = 'undefined_object', HINT = format('SELECT * FROM shopanalytics.model_versions(%L) lists its versions.', model);
        END IF;
        IF found_status NOT IN ('ok', 'collinear', 'not_converged') THEN
            RAISE EXCEPTION 'version % of model "%" cannot be used: status %', version, model, found_status
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Nothing was fitted that could predict.';
        END IF;
    END IF;
    RETURN shopanalytics._move_alias(model, alias, version, reason);
END
$$;

-- Goes back over versions that were dropped, and over removals.  Not strict: reason
-- may be null.
CREATE FUNCTION shopanalytics.model_rollback(model text, alias text DEFAULT 'current', reason text DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    now_at integer;
    entry record;
BEGIN
    PERFORM shopanalytics._check_alias(alias);
    PERFORM shopanalytics._lock_model(model);
    SELECT a.version INTO now_at FROM shopanalytics.model_alias a WHERE a.model = model_rollback.model AND a.alias = model_rollback.alias;
    SELECT h.id, h.version, h.previous_id INTO entry
      FROM shopanalytics.model_alias_history h
     WHERE h.model = model_rollback.model AND h.alias = model_rollback.alias
     ORDER BY h.id DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'model "%" has no alias "%"', model, alias
            USING ERRCODE = 'undefined_object', HINT = format('SELECT * FROM shopanalytics.model_versions(%L) lists its versions and their aliases.', model);
    END IF;
    LOOP
        SELECT h.id, h.version, h.previous_id INTO entry FROM shopanalytics.model_alias_history h WHERE h.id = entry.previous_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'alias "%" of model "%" has no version before to go back to', alias, model
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = format('SELECT * FROM shopanalytics.model_alias_history(%L) tells what it stood for.', model);
        END IF;
        EXIT WHEN entry.version IS DISTINCT FROM now_at
              AND EXISTS (SELECT FROM shopanalytics.model_version v WHERE v.model = model_rollback.model AND v.version = entry.version);
    END LOOP;
    PERFORM shopanalytics._move_alias(model, alias, entry.version, coalesce(reason, 'rollback'), entry.id);
    RETURN entry.version;
END
$$;

-- Not strict: a null is an error.
CREATE FUNCTION shopanalytics.model_alias_history(model text)
    RETURNS TABLE (alias text, version integer, reason text, changed_at timestamptz, changed_by text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM shopanalytics._check_model_name(model);
    PERFORM FROM shopanalytics._seen_models(model);
    RETURN QUERY
    SELECT h.alias, h.version, h.reason, h.changed_at, h.changed_by
      FROM shopanalytics.model_alias_history h
     WHERE h.model = model_alias_history.model
     ORDER BY h.id;
END
$$;

-- The newest version first.  Not strict: without a name all models.  OFFSET 0 has the
-- function in FROM run, which raises the error, whatever else there is to read.
CREATE FUNCTION shopanalytics.model_versions(model text DEFAULT NULL)
    RETURNS TABLE (
        model text,
        version integer,
        kind text,
        status text,
        aliases text[],
        label text,
        source text,
        n_train bigint,
        roc_auc float8,
        f1 float8,
        state_bytes bigint,
        owner text,
        is_shared boolean,
        trained_at timestamptz,
        trained_by text)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT m.name, v.version, v.kind, v.status,
           ARRAY(SELECT a.alias FROM shopanalytics.model_alias a
                  WHERE a.model OPERATOR(pg_catalog.=) m.name AND a.version OPERATOR(pg_catalog.=) v.version
                  ORDER BY a.alias),
           v.label, v.source, (v.metrics OPERATOR(pg_catalog.->>) 'n_train')::bigint,
           (v.metrics OPERATOR(pg_catalog.->>) 'roc_auc')::float8, (v.metrics OPERATOR(pg_catalog.->>) 'f1')::float8,
           pg_catalog.octet_length(v.state)::bigint, m.owner, m.is_shared, v.trained_at, v.trained_by
      FROM shopanalytics._seen_models($1) m
           CROSS JOIN LATERAL (SELECT * FROM shopanalytics.model_version v WHERE v.model OPERATOR(pg_catalog.=) m.name OFFSET 0) v
     ORDER BY m.name, v.version DESC;
END;

COMMENT ON FUNCTION shopanalytics.model_alias(text, text, integer, text) IS 'lets an alias stand for a version, or removes it when version is null; false when it was so already';
COMMENT ON FUNCTION shopanalytics.model_rollback(text, text, text) IS 'moves an alias back to the version that it stood for before; returns that version';
COMMENT ON FUNCTION shopanalytics.model_alias_history(text) IS 'what the aliases of a model stood for, when, who moved them and why';
COMMENT ON FUNCTION shopanalytics.model_versions(text) IS 'the versions of a model, or of all that the caller may use, with their aliases';
