-- Erasing what the log and the change requests say of a person.  A person is described
-- by values of columns, {"customer_id": "c1"}, for all tables that have them, or table
-- by table, {"shop.customers": {"id": 1}, "shop.orders": {"customer_id": 1}}.

-- The columns of a table, and their values as text, by which a row is the subject's; null
-- when the subject is not in this table.
CREATE FUNCTION shopanalytics._subject_columns(subject jsonb, audited shopanalytics.audited_table) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT jsonb_object_agg(v.key, v.value)
      FROM (SELECT CASE WHEN jsonb_path_exists(subject, '$.* ? (@.type() == "object")')
                        THEN (SELECT p.value FROM jsonb_each(subject) p WHERE shopanalytics._scope(p.key) = format('%I.%I', audited.schema_name, audited.table_name))
                        ELSE subject END AS columns) c, jsonb_each_text(c.columns) v
    HAVING bool_and(v.key = ANY (audited.key_columns || audited.plain_columns || audited.personal_columns));
END;

-- Raises an error unless it describes a subject.
CREATE FUNCTION shopanalytics._check_subject(tenant text, subject jsonb) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part record;
    of_tables boolean;
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    IF tenant = '*' THEN
        RAISE EXCEPTION 'a subject is one of a tenant' USING ERRCODE = 'invalid_parameter_value', HINT = 'Name the tenant: a shop does not know the customers of another.';
    END IF;
    IF subject IS NULL THEN
        RAISE EXCEPTION 'the subject must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF jsonb_typeof(subject) = 'object' AND subject <> '{}' THEN
        of_tables := jsonb_path_exists(subject, '$.* ? (@.type() == "object")');
        -- the values, each with its place
        IF NOT EXISTS (SELECT FROM jsonb_each(subject) p
                        WHERE of_tables AND (jsonb_typeof(p.value) <> 'object' OR p.value = '{}' OR jsonb_path_exists(p.value, '$.* ? (@.type() != "string" && @.type() != "number" && @.type() != "boolean")'))
                           OR NOT of_tables AND jsonb_typeof(p.value) NOT IN ('string', 'number', 'boolean')) THEN
            FOR part IN SELECT p.key FROM jsonb_each(subject) p WHERE of_tables LOOP
                IF NOT EXISTS (SELECT FROM shopanalytics.audited_table t
                                WHERE t.tenant = _check_subject.tenant AND format('%I.%I', t.schema_name, t.table_name) = shopanalytics._scope(part.key)) THEN
                    RAISE EXCEPTION 'table % of tenant "%" was never audited', part.key, tenant
                        USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT * FROM shopanalytics.audited_table lists the tables.';
                END IF;
            END LOOP;
            RETURN;
        END IF;
    END IF;
    RAISE EXCEPTION 'subject % is not valid', left(subject::text, 200)
        USING ERRCODE = 'invalid_parameter_value',
              HINT = 'A subject is columns and values, {"customer_id": "c1"}, or that for each table, {"shop.customers": {"customer_id": "c1"}}.';
END
$$;

-- The subject's rows, those of now and those of the log, by the table's number and the
-- row's key.  A row that ever was the subject's is; and under each key that it had.
CREATE FUNCTION shopanalytics._subject_rows(tenant text, subject jsonb, OUT audited integer, OUT key jsonb, OUT is_there boolean) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place shopanalytics.audited_table;
    relation oid;
    owner oid;
    columns jsonb;
    here jsonb[];
    keys jsonb[];
    more jsonb[];
BEGIN
    FOR place IN SELECT * FROM shopanalytics.audited_table t WHERE t.tenant = _subject_rows.tenant ORDER BY t.id LOOP
        columns := shopanalytics._subject_columns(subject, place);
        CONTINUE WHEN columns IS NULL;

        -- Compared as the column's type, with the rights of the table's owner: by an index, if there is one.
        here := '{}';
        SELECT c.oid, c.relowner INTO relation, owner FROM pg_class c
         WHERE c.oid = to_regclass(format('%I.%I', place.schema_name, place.table_name)) AND c.relkind IN ('r', 'p') AND place.ended IS NULL;
        IF FOUND THEN
            BEGIN
                SELECT coalesce(array_agg(r), '{}') INTO here
                  FROM shopanalytics._as_role(owner,
                      (SELECT format('SELECT shopanalytics._row_image((SELECT k FROM (SELECT %s) k)) FROM %I.%I t WHERE %s',
                                     (SELECT string_agg(format('t.%I', c), ', ') FROM unnest(place.key_columns) c), place.schema_name, place.table_name,
                                     string_agg(format('t.%I = ($1 ->> %L)::%s', a.attname, a.attname, format_type(a.atttypid, a.atttypmod)), ' AND '))
                         FROM pg_attribute a JOIN jsonb_object_keys(columns) k ON k = a.attname
                        WHERE a.attrelid = relation AND NOT a.attisdropped), columns) r;
            EXCEPTION WHEN data_exception OR undefined_function THEN
                -- the value is none of the column's type, or the type knows no equality: no row has it
                NULL;
            END;
        END IF;

        EXECUTE format(
            'SELECT coalesce(array_agg(DISTINCT r.key), ''{}'')
               FROM shopanalytics.audit_row a,
                    LATERAL (SELECT coalesce(a.key, ''{}'') || coalesce(a.before, ''{}'') || coalesce(a.pii -> ''before'', ''{}'') AS before,
                                    coalesce(a.new_key, a.key, ''{}'') || coalesce(a.after, ''{}'') || coalesce(a.pii -> ''after'', ''{}'') AS after OFFSET 0) i,
                    unnest(ARRAY[a.key, a.new_key]) r (key)
              WHERE a.audited = $1 AND (%s OR %s) AND r.key IS NOT NULL',
            (SELECT string_agg(format('i.before ->> %L = %L', v.key, v.value), ' AND ') FROM jsonb_each_text(columns) v),
            (SELECT string_agg(format('i.after ->> %L = %L', v.key, v.value), ' AND ') FROM jsonb_each_text(columns) v))
           INTO keys USING place.id;

        keys := ARRAY(SELECT DISTINCT k FROM unnest(keys || here) k);
        more := keys;
        WHILE cardinality(more) > 0 LOOP
            more := ARRAY(
                SELECT a.new_key FROM unnest(more) k JOIN shopanalytics.audit_row a
                    ON jsonb_hash_extended(a.key, 0) = jsonb_hash_extended(k, 0) AND a.key = k AND a.audited = place.id
                 WHERE a.new_key IS NOT NULL AND a.new_key <> ALL (keys)
                UNION
                SELECT a.key FROM unnest(more) k JOIN shopanalytics.audit_row a
                    ON jsonb_hash_extended(a.new_key, 0) = jsonb_hash_extended(k, 0) AND a.new_key = k AND a.audited = place.id
                 WHERE a.new_key IS NOT NULL AND a.key <> ALL (keys));
            keys := keys || more;
        END LOOP;
        RETURN QUERY SELECT place.id, k, h IS NOT NULL FROM unnest(keys) k LEFT JOIN unnest(here) h ON h = k;
    END LOOP;
END
$$;

-- Not strict: a null is an error.  Security definer: writes tables that nobody else may
-- write, after the caller's duty was checked.
CREATE FUNCTION shopanalytics.erase_subject(tenant text, subject jsonb, basis text, dry_run boolean DEFAULT true)
    RETURNS TABLE (table_name text, rows bigint, outcome text, detail text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    of_row integer[];
    keys jsonb[];
    are_there boolean[];
    hold record;
    kept record;
    personal jsonb;   -- of each place, the names of its personal columns
    entries bigint[];
    items jsonb;
    values jsonb[];   -- that are erased, as [table, column, value]
    failed jsonb;
    salt bytea;
    done text := CASE WHEN dry_run THEN 'would be erased' ELSE 'erased' END;
BEGIN
    IF num_nulls(basis, dry_run) > 0 THEN
        RAISE EXCEPTION 'basis and dry_run must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF basis !~ '\S' THEN
        RAISE EXCEPTION 'the basis must not be empty'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Say on what ground it is erased, such as ''GDPR Art. 17, request 4711''.';
    END IF;
    PERFORM shopanalytics._check_subject(tenant, subject);
    IF jsonb_path_exists(subject, '$.* ? (@.type() == "object")') THEN
        PERFORM shopanalytics._require_duty('erase', tenant, shopanalytics._scope(s)) FROM jsonb_object_keys(subject) s;
    ELSE
        PERFORM shopanalytics._require_duty('erase', tenant, '*');
    END IF;

    SELECT array_agg(s.audited), array_agg(s.key), array_agg(s.is_there) INTO of_row, keys, are_there
      FROM shopanalytics._subject_rows(tenant, subject) s;

    -- Nobody may place a hold meanwhile.
    LOCK TABLE shopanalytics.legal_hold IN SHARE MODE;
    FOR hold IN
        SELECT h.id, h.reason,
               CASE WHEN h.subject IS NOT NULL
                    THEN (SELECT count(*) FROM shopanalytics._subject_rows(erase_subject.tenant, h.subject) r
                            JOIN unnest(of_row, keys) s (audited, key) ON s.audited = r.audited AND s.key = r.key) END AS rows
          FROM shopanalytics.legal_hold h
         WHERE h.lifted_at IS NULL AND h.tenant IN ('*', erase_subject.tenant)
           AND (h.scope = '*' OR h.scope IN (SELECT format('%I.%I', t.schema_name, t.table_name) FROM shopanalytics.audited_table t WHERE t.id = ANY (of_row)))
         ORDER BY h.id
    LOOP
        IF hold.rows IS NULL OR hold.rows > 0 THEN
            RAISE EXCEPTION 'legal hold % forbids it: %', hold.id, hold.reason
                USING ERRCODE = 'SA007', HINT = 'SELECT * FROM shopanalytics.legal_hold tells of what; shopanalytics.legal_hold_lift() ends it.';
        END IF;
    END LOOP;
    SELECT format('%I.%I', t.schema_name, t.table_name) AS place, max(a.at) + p.statutory AS until INTO kept
      FROM unnest(of_row, keys) s (audited, key)
      JOIN shopanalytics.audit_row a ON jsonb_hash_extended(a.key, 0) = jsonb_hash_extended(s.key, 0) AND a.key = s.key AND a.audited = s.audited AND a.pii IS NOT NULL
      JOIN shopanalytics.audited_table t ON t.id = s.audited,
           LATERAL shopanalytics._retention_for(t.tenant, format('%I.%I', t.schema_name, t.table_name)) p
     WHERE a.at + p.statutory > now()
     GROUP BY 1, p.statutory ORDER BY 2 DESC LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'personal values in % must be kept until %', kept.place, to_char(kept.until, 'YYYY-MM-DD HH24:MI "UTC"')
            USING ERRCODE = 'SA029', HINT = 'Name the tables of which they may be erased: {"shop.customers": {"customer_id": "c1"}}.';
    END IF;

    -- the audit
    SELECT array_agg(a.id ORDER BY a.id) INTO entries
      FROM unnest(of_row, keys) s (audited, key)
      JOIN shopanalytics.audit_row a ON jsonb_hash_extended(a.key, 0) = jsonb_hash_extended(s.key, 0) AND a.key = s.key AND a.audited = s.audited
     WHERE a.pii IS NOT NULL OR a.salt IS NOT NULL;
    RETURN QUERY
    SELECT format('%I.%I', t.schema_name, t.table_name), count(*), done, 'personal values in the audit'
      FROM shopanalytics.audit_row a JOIN shopanalytics.audited_table t ON t.id = a.audited
     WHERE a.id = ANY (entries) GROUP BY 1 ORDER BY 1;

    -- the change requests that are over
    SELECT jsonb_object_agg(p.place, p.columns) INTO personal
      FROM (SELECT format('%I.%I', t.schema_name, t.table_name) AS place, array_agg(DISTINCT c) AS columns
              FROM shopanalytics.audited_table t, unnest(t.personal_columns) c WHERE t.id = ANY (of_row) GROUP BY 1) p;
    WITH item AS (
        SELECT DISTINCT i.request, i.seq, p.place, r.state IN ('applied', 'rejected', 'withdrawn', 'expired', 'rolled_back') AS is_over
          FROM jsonb_each(personal) p (place, columns)
          JOIN shopanalytics.change_request r ON format('%I.%I', r.target_schema, r.target_table) = p.place
          JOIN shopanalytics.change_item i ON i.request = r.id
          JOIN shopanalytics.audited_table t ON format('%I.%I', t.schema_name, t.table_name) = p.place
          JOIN unnest(of_row, keys) s (audited, key) ON s.audited = t.id AND s.key = i.key
         WHERE EXISTS (SELECT FROM jsonb_array_elements_text(p.columns) c WHERE i.before ? c OR i.after ? c OR i.current ? c))
    SELECT coalesce(jsonb_agg(to_jsonb(i) ORDER BY i.request, i.seq), '[]') INTO items FROM item i;
    RETURN QUERY
    SELECT i.place, count(*), CASE WHEN i.is_over THEN done ELSE 'not erased' END,
           CASE WHEN i.is_over THEN 'personal values in change requests'
                ELSE format('in change requests that are not over: %s', string_agg(DISTINCT i.request::text, ', ')) END
      FROM jsonb_to_recordset(items) i (request bigint, seq bigint, place text, is_over boolean)
     GROUP BY i.place, i.is_over ORDER BY i.place, i.is_over DESC;

    -- rows that failed quality checks, by their keys or by what was erased
    SELECT array_agg(DISTINCT jsonb_build_array(format('%I.%I', t.schema_name, t.table_name), v.key, v.value)) INTO values
      FROM shopanalytics.audit_row a JOIN shopanalytics.audited_table t ON t.id = a.audited,
           LATERAL (SELECT * FROM jsonb_each(a.pii -> 'before') UNION ALL SELECT * FROM jsonb_each(a.pii -> 'after')) v
     WHERE a.id = ANY (entries) AND v.value <> 'null';
    WITH failed AS MATERIALIZED (
        SELECT f.result, f.place, r.target, f.key
          FROM shopanalytics.dq_failure f JOIN shopanalytics.dq_result r ON r.id = f.result
         WHERE f.tenant = erase_subject.tenant
           AND (EXISTS (SELECT FROM unnest(of_row, keys) s (audited, key) JOIN shopanalytics.audited_table t ON t.id = s.audited
                         WHERE s.key = f.key AND format('%I.%I', t.schema_name, t.table_name) = r.target)
                OR EXISTS (SELECT FROM jsonb_each(f.key) v WHERE jsonb_build_array(r.target, v.key, v.value) = ANY (values)))),
    gone AS (
        DELETE FROM shopanalytics.dq_failure f USING failed d WHERE NOT dry_run AND f.result = d.result AND f.place = d.place)
    SELECT coalesce(jsonb_object_agg(f.target, f.n), '{}') INTO failed FROM (SELECT target, count(*) AS n FROM failed GROUP BY 1) f;
    RETURN QUERY
    SELECT f.key, f.value::bigint, done, 'keys among the failures of quality checks' FROM jsonb_each_text(failed) f ORDER BY 1;

    -- what stays
    RETURN QUERY
    SELECT format('%I.%I', t.schema_name, t.table_name), count(*), 'not erased', 'still in the table'
      FROM unnest(of_row, keys, are_there) s (audited, key, is_there) JOIN shopanalytics.audited_table t ON t.id = s.audited
     WHERE s.is_there GROUP BY 1 ORDER BY 1;
    RETURN QUERY
    SELECT p.place, count(DISTINCT p.id), 'not erased', 'written down as they are: ' || string_agg(DISTINCT quote_ident(c), ', ' ORDER BY quote_ident(c))
      FROM (SELECT format('%I.%I', t.schema_name, t.table_name) AS place, a.id, a.key, a.new_key, a.before, a.after
              FROM unnest(of_row, keys) s (audited, key)
              JOIN shopanalytics.audit_row a ON jsonb_hash_extended(a.key, 0) = jsonb_hash_extended(s.key, 0) AND a.key = s.key AND a.audited = s.audited
              JOIN shopanalytics.audited_table t ON t.id = a.audited) p,
           LATERAL jsonb_object_keys(coalesce(p.key, '{}') || coalesce(p.new_key, '{}') || coalesce(p.before, '{}') || coalesce(p.after, '{}')) c
     GROUP BY p.place ORDER BY p.place;
    RETURN QUERY
    SELECT NULL::text, NULL::bigint, 'out of reach',
           'backups, archived WAL, replicas, exported files; stage tables until the next CALL stage(), and what VACUUM has not yet removed';
    IF dry_run OR entries IS NULL AND NOT items @? '$[*] ? (@.is_over == true)' THEN
        RETURN;
    END IF;

    UPDATE shopanalytics.audit_row a SET pii = NULL, salt = NULL WHERE a.id = ANY (entries) AND (a.pii IS NOT NULL OR a.salt IS NOT NULL);
    UPDATE shopanalytics.change_item i
       SET before = i.before - p.columns, after = i.after - p.columns, current = i.current - p.columns,
           error = CASE WHEN i.error IS NOT NULL THEN 'erased' END
      FROM jsonb_to_recordset(items) e (request bigint, seq bigint, place text, is_over boolean),
           LATERAL (SELECT ARRAY(SELECT jsonb_array_elements_text(personal -> e.place)) AS columns) p
     WHERE i.request = e.request AND i.seq = e.seq AND e.is_over;

    -- Who it was can be asked, not read: whoever asks about somebody computes the digest.
    salt := uuid_send(gen_random_uuid());
    PERFORM shopanalytics._write_event(tenant, 'subject_erased', jsonb_build_object(
        'subject', encode(sha256(salt || shopanalytics._bytes(subject::text)), 'hex'), 'salt', encode(salt, 'hex'), 'basis', basis,
        'entries', to_jsonb(coalesce(entries, '{}')), 'items', (SELECT coalesce(jsonb_agg(jsonb_build_array(i.request, i.seq) ORDER BY i.request, i.seq), '[]')
                    FROM jsonb_to_recordset(items) i (request bigint, seq bigint, is_over boolean) WHERE i.is_over)));
END
$$;

REVOKE ALL ON FUNCTION shopanalytics._subject_rows(text, jsonb) FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.erase_subject(text, jsonb, text, boolean) IS 'erases the personal values of a subject from the audit and from change requests that are over; by default only says what it would';
