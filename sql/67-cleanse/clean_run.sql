-- clean_run() makes the changes of the clean rules into change requests, and writes no
-- other table; clean_preview() shows some of them.  Both run the rules as the clean
-- views do, with the rights of the store's owner, who is the caller.

-- Which of the changes an open request proposes already.
CREATE PROCEDURE shopanalytics._clean_match_open(store text, entity text, target regclass)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE $sql$
        UPDATE pg_temp."clean item" i SET request = o.request
          FROM (SELECT c.request, c.op, c.key, c.before, c.after
                  FROM shopanalytics.change_request r
                  JOIN pg_class t ON t.relname = r.target_table
                  JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = r.target_schema
                  JOIN shopanalytics.change_item c ON c.request = r.id
                 WHERE r.tenant = $1 AND t.oid = $3 AND r.state IN ('draft', 'submitted', 'approved', 'applying')
                   AND (r.expires_at > now()) IS NOT FALSE AND c.status = 'pending') o
         WHERE i.entity = $2 AND i.op = o.op AND jsonb_hash_extended(i.key, 0) = jsonb_hash_extended(o.key, 0) AND i.key = o.key
           AND (i.op = 'D' AND o.before @> i.before
                OR o.before -> i.target_column = i.before AND o.after -> i.target_column = i.after)
        $sql$ USING store, entity, target;
END
$$;

-- Opens a request for the changes of a kind that none proposes yet.  The key is made of
-- the changes: who runs the same again meanwhile finds this request, and a request of
-- the same content that is closed does not stand in the way.
CREATE PROCEDURE shopanalytics._clean_propose(store text, entity text, target regclass, kind text, op text, submit boolean)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rules text;
    notes jsonb;
    content text;
    opened bigint;
    is_new boolean;
    changed jsonb;
BEGIN
    EXECUTE $sql$
        SELECT string_agg(r.name, ', ' ORDER BY r.place),
               jsonb_object_agg(r.name, jsonb_strip_nulls(jsonb_build_object('issue', r.issue, 'column', r.column_name, 'method', r.fix)))
          FROM pg_temp."clean rule" r
         WHERE r.entity = $1 AND r.kind = $2 AND EXISTS (SELECT FROM pg_temp."clean item" i WHERE i.entity = $1 AND i.rule = r.name AND i.op = $3 AND i.request IS NULL)
        $sql$ INTO rules, notes USING entity, kind, op;
    EXECUTE $sql$
        SELECT to_hex(bit_xor(hashtextextended(t.change, 0))) || to_hex(bit_xor(hashtextextended(t.change, 1))) || to_hex(count(*))
          FROM pg_temp."clean item" i JOIN pg_temp."clean rule" r ON r.entity = i.entity AND r.name = i.rule,
               LATERAL (SELECT concat_ws(E'\n', i.key, i.target_column, i.rule, i.before, i.after) AS change) t
         WHERE i.entity = $1 AND r.kind = $2 AND i.op = $3 AND i.request IS NULL
        $sql$ INTO content USING entity, kind, op;
    content := format('clean_run %s %s %s', entity, _clean_propose.kind, content);
    SELECT content || coalesce(':' || nullif(count(*), 0), '') INTO content
      FROM shopanalytics.change_request c
     WHERE c.tenant = store AND starts_with(c.idempotency_key, content) AND c.state NOT IN ('draft', 'submitted', 'approved', 'applying');

    opened := shopanalytics.cr_open(store, target, kind,
        left(format('%s of %s: %s', CASE WHEN op = 'D' THEN 'deletion' WHEN kind = 'impute' THEN 'imputation' ELSE 'cleansing' END, entity, rules), 200),
        'proposed by shopanalytics.clean_run()', content);
    SELECT c.state = 'draft' AND c.items = 0 INTO is_new FROM shopanalytics.change_request c WHERE c.id = opened;
    IF is_new THEN
        PERFORM shopanalytics.cr_add_query(opened, format($sql$
            SELECT %L::text AS op, i.key, jsonb_object_agg(i.target_column, i.after) FILTER (WHERE i.op = 'U') AS after, string_agg(i.rule, ', ' ORDER BY r.place) AS rule
              FROM pg_temp."clean item" i JOIN pg_temp."clean rule" r ON r.entity = i.entity AND r.name = i.rule
             WHERE i.entity = %L AND r.kind = %L AND i.op = %L AND i.request IS NULL
             GROUP BY i.number, i.key ORDER BY i.number
            $sql$, op, entity, kind, op));

        -- An item says what was there when it was added; the rules may have seen what was
        -- there before that.
        EXECUTE $sql$
            SELECT i.key
              FROM pg_temp."clean item" i
              JOIN pg_temp."clean rule" r ON r.entity = i.entity AND r.name = i.rule
              LEFT JOIN shopanalytics.change_item c ON c.request = $4 AND jsonb_hash_extended(c.key, 0) = jsonb_hash_extended(i.key, 0) AND c.key = i.key
             WHERE i.entity = $1 AND r.kind = $2 AND i.op = $3 AND i.request IS NULL
               AND (CASE i.op WHEN 'D' THEN c.before @> i.before ELSE c.before -> i.target_column = i.before END) IS NOT TRUE
             ORDER BY i.number LIMIT 1
            $sql$ INTO changed USING entity, kind, op, opened;
        IF changed IS NOT NULL THEN
            RAISE EXCEPTION 'row % of % was changed while the rules looked at it', changed, entity
                USING ERRCODE = 'serialization_failure', HINT = 'Nothing was proposed: run it again.';
        END IF;
        PERFORM shopanalytics._note_request(opened, jsonb_build_object('rules', notes));
        IF submit THEN
            PERFORM shopanalytics.cr_submit(opened);
        END IF;
    END IF;
    EXECUTE $sql$
        UPDATE pg_temp."clean item" i SET request = $4 FROM pg_temp."clean rule" r
         WHERE r.entity = i.entity AND r.name = i.rule AND i.entity = $1 AND r.kind = $2 AND i.op = $3 AND i.request IS NULL
        $sql$ USING entity, kind, op, opened;
END
$$;

-- Keeps a note with a draft of the caller's own: from which rules or table it was made.
-- Security definer: writes a table that nobody else may write, after that was checked.
CREATE FUNCTION shopanalytics._note_request(request bigint, note jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request := shopanalytics._own_request(request);
BEGIN
    IF r.state <> 'draft' THEN
        RAISE EXCEPTION 'request % is %', request, r.state USING ERRCODE = 'SA010', HINT = 'It stays as it is: open another request.';
    END IF;
    UPDATE shopanalytics.change_request c SET attrs = c.attrs || note WHERE c.id = r.id;
END
$$;

-- An imputation is a fix that only fills in what is missing; whether it does is asked of
-- its changes.
CREATE PROCEDURE shopanalytics._clean_set_kinds()
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE $sql$
        UPDATE pg_temp."clean rule" r
           SET kind = CASE r.action WHEN 'exclude' THEN 'dedupe' WHEN 'fix' THEN coalesce(m.kind, CASE WHEN r.name LIKE 'missing\_%' THEN 'impute' ELSE 'cleanse' END) ELSE 'flag' END
          FROM pg_temp."clean rule" s
          LEFT JOIN (SELECT i.entity, i.rule,
                            CASE WHEN bool_and(i.before = 'null' OR jsonb_typeof(i.before) = 'string' AND shopanalytics.clean_text(i.before #>> '{}') = '')
                                 THEN 'impute' ELSE 'cleanse' END AS kind
                       FROM pg_temp."clean item" i WHERE i.op = 'U' GROUP BY i.entity, i.rule) m ON m.entity = s.entity AND m.rule = s.name
         WHERE r.entity = s.entity AND r.name = s.name
        $sql$;
END
$$;

-- Raises an error for a number of samples that is none.
CREATE FUNCTION shopanalytics._check_sample(sample integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF sample IS NULL THEN
        RAISE EXCEPTION 'sample must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF sample NOT BETWEEN 0 AND 1000 THEN
        RAISE EXCEPTION 'sample must be from 0 to 1000, not %', sample USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;

-- Runs the rules of all entities: "clean rule" and "clean item" hold what they find, and
-- each rule its kind.
CREATE PROCEDURE shopanalytics._clean_collect_all(store text, rules text[], for_request boolean)
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    entity text;
    goal record;
    may_propose boolean;
    problem text;
BEGIN
    CALL shopanalytics._clean_prepare(store, rules);
    may_propose := NOT for_request OR shopanalytics.has_duty('propose', store);
    FOREACH entity IN ARRAY shopanalytics._entities() LOOP
        SELECT * INTO goal FROM shopanalytics._clean_target(store, entity);
        problem := goal.problem;
        IF problem IS NULL THEN
            BEGIN
                PERFORM shopanalytics._check_target(store, goal.target);
            EXCEPTION WHEN SQLSTATE 'SA011' THEN
                problem := SQLERRM;
            END;
        END IF;
        IF for_request AND goal.target IS NOT NULL THEN
            IF shopanalytics.has_duty('propose', store, shopanalytics._relation_name(goal.target)) THEN
                may_propose := true;
            ELSE
                problem := coalesce(problem, format('login "%s" does not have the duty "propose" for %s', session_user, shopanalytics._relation_name(goal.target)));
            END IF;
        END IF;
        EXECUTE 'UPDATE pg_temp."clean rule" SET reason = $2 WHERE entity = $1 AND action <> ''flag''' USING entity, problem;
    END LOOP;
    IF NOT may_propose THEN
        RAISE EXCEPTION 'login "%" does not have the duty "propose" for tenant "%" or a table of it', session_user, store
            USING ERRCODE = 'SA006', HINT = 'Somebody with the duty admin gives duties by shopanalytics.grant_duty().';
    END IF;

    FOR entity IN EXECUTE 'SELECT DISTINCT entity FROM pg_temp."clean rule" ORDER BY 1' LOOP
        PERFORM shopanalytics._clean_collect(store, entity);
    END LOOP;
    CALL shopanalytics._clean_set_kinds();
    EXECUTE 'ANALYZE pg_temp."clean item"';
END
$$;

-- Not strict: NULL rules stand for all.  Volatile and parallel unsafe because it writes;
-- with the caller's own rights, because it runs the rules.
CREATE FUNCTION shopanalytics.clean_run(
    store text,
    rules text[] DEFAULT NULL,
    sample integer DEFAULT 5,
    submit boolean DEFAULT true,
    OUT request bigint,
    OUT entity text,
    OUT rule text,
    OUT kind text,
    OUT status text,
    OUT rows bigint,
    OUT items bigint,
    OUT reason text,
    OUT examples jsonb)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 40
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part record;
    opened_before bigint;
BEGIN
    PERFORM shopanalytics._check_sample(sample);
    IF submit IS NULL THEN
        RAISE EXCEPTION 'submit must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    CALL shopanalytics._clean_collect_all(store, rules, true);
    SELECT coalesce(max(c.id), 0) INTO opened_before FROM shopanalytics.change_request c;

    FOR part IN EXECUTE 'SELECT DISTINCT i.entity FROM pg_temp."clean item" i' LOOP
        CALL shopanalytics._clean_match_open(store, part.entity, (shopanalytics._clean_target(store, part.entity)).target);
    END LOOP;
    FOR part IN EXECUTE $sql$
            SELECT i.entity, r.kind, i.op FROM pg_temp."clean item" i JOIN pg_temp."clean rule" r ON r.entity = i.entity AND r.name = i.rule
             WHERE i.request IS NULL
             GROUP BY i.entity, r.kind, i.op
             ORDER BY array_position(shopanalytics._entities(), i.entity), i.op, r.kind
            $sql$
    LOOP
        CALL shopanalytics._clean_propose(store, part.entity, (shopanalytics._clean_target(store, part.entity)).target, part.kind, part.op, submit);
    END LOOP;

    RETURN QUERY EXECUTE $sql$
        SELECT i.request, r.entity, r.name, r.kind,
               CASE WHEN i.request > $1 THEN 'proposed' WHEN i.request IS NOT NULL THEN 'open' WHEN r.reason IS NOT NULL THEN 'skipped'
                    WHEN r.found = 0 THEN 'clean' WHEN r.kind = 'flag' THEN 'flagged' ELSE 'unchanged' END,
               r.found, coalesce(i.items, 0), r.reason, i.examples
          FROM pg_temp."clean rule" r
          LEFT JOIN (SELECT n.entity, n.rule, n.request, count(*) AS items,
                            jsonb_agg(jsonb_build_object('key', n.key, 'column', n.target_column, 'before', n.before, 'after', n.after) ORDER BY n.number)
                                FILTER (WHERE n.place <= $2) AS examples
                       FROM (SELECT *, row_number() OVER (PARTITION BY m.entity, m.rule, m.request ORDER BY m.number) AS place
                               FROM pg_temp."clean item" m) n
                      GROUP BY n.entity, n.rule, n.request) i ON i.entity = r.entity AND i.rule = r.name
         ORDER BY array_position(shopanalytics._entities(), r.entity), r.place, i.request
        $sql$ USING opened_before, sample;
    CALL shopanalytics._clean_forget();
END
$$;

-- Locks a row of a table until the end of the transaction, and returns its columns; null
-- when it is gone or somebody else has locked it.  Volatile and parallel unsafe because of
-- the lock.
CREATE FUNCTION shopanalytics._lock_row(target regclass, key jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO, YMD'
    SET intervalstyle = postgres
    SET bytea_output = hex
    SET extra_float_digits = 1
    SET lc_monetary = 'C'
AS $$
DECLARE
    images text;
    key_types text;
    condition text;
    image jsonb;
BEGIN
    SELECT string_agg(format('%s AS %I', shopanalytics._image_of(c.kind, format('t.%I', c.name)), c.name), ', ' ORDER BY c.number),
           string_agg(format('%I %s', c.name, c.type), ', ' ORDER BY c.number) FILTER (WHERE c.key_place IS NOT NULL),
           string_agg(format('t.%I %s k.%I', c.name, c.equals, c.name), ' AND ' ORDER BY c.number) FILTER (WHERE c.key_place IS NOT NULL)
      INTO images, key_types, condition
      FROM shopanalytics._target_columns(target) c;
    EXECUTE format('SELECT (SELECT to_jsonb(i) FROM (SELECT %s) i) FROM %s t, jsonb_to_record($1) AS k (%s) WHERE %s FOR UPDATE OF t SKIP LOCKED',
                   images, shopanalytics._relation_name(target), key_types, condition) INTO image USING key;
    RETURN image;
END
$$;

-- What clean_run() would propose, for a few rows of each rule that nobody else is
-- changing; they stay locked as they are shown until the end of the transaction.  Not
-- strict, volatile and parallel unsafe, with the caller's own rights, as clean_run() is.
CREATE FUNCTION shopanalytics.clean_preview(
    store text,
    rules text[] DEFAULT NULL,
    sample integer DEFAULT 5,
    OUT entity text,
    OUT rule text,
    OUT kind text,
    OUT key jsonb,
    OUT column_name text,
    OUT before jsonb,
    OUT after jsonb)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    change record;
    shown bigint;
    current_rule text := '';
    row_now jsonb;
BEGIN
    PERFORM shopanalytics._check_sample(sample);
    CALL shopanalytics._clean_collect_all(store, rules, false);
    FOR change IN EXECUTE $sql$
            SELECT i.entity, i.rule, r.kind, i.key, i.op, i.target_column, i.before, i.after, (shopanalytics._clean_target($1, i.entity)).target
              FROM pg_temp."clean item" i JOIN pg_temp."clean rule" r ON r.entity = i.entity AND r.name = i.rule
             ORDER BY array_position(shopanalytics._entities(), i.entity), r.place, i.number
            $sql$ USING store
    LOOP
        IF change.entity || '.' || change.rule <> current_rule THEN
            current_rule := change.entity || '.' || change.rule;
            shown := 0;
        END IF;
        CONTINUE WHEN shown >= sample;
        row_now := shopanalytics._lock_row(change.target, change.key);
        CONTINUE WHEN (CASE change.op WHEN 'D' THEN row_now @> change.before ELSE row_now -> change.target_column = change.before END) IS NOT TRUE;
        shown := shown + 1;
        entity := change.entity;
        rule := change.rule;
        kind := change.kind;
        key := change.key;
        column_name := change.target_column;
        before := change.before;
        after := change.after;
        RETURN NEXT;
    END LOOP;
    CALL shopanalytics._clean_forget();
END
$$;

COMMENT ON FUNCTION shopanalytics.clean_run(text, text[], integer, boolean) IS 'proposes what the clean rules of a store would change, as change requests';
COMMENT ON FUNCTION shopanalytics.clean_preview(text, text[], integer) IS 'shows a few of the changes that clean_run would propose, and locks their rows';
