-- cr_rollback_open() proposes the opposite of what a request did, as another request.
--
-- An item that takes back item n of a request has the number that n has from behind, so
-- that the last change is taken back first, and each can be found from the other.

-- Also for the foreign key.
CREATE INDEX change_request_reverts ON shopanalytics.change_request (reverts) WHERE reverts IS NOT NULL;

-- Puts the opposites of items of a request into another: of those that were applied,
-- and where it is forced of those that could not be taken back before.
CREATE FUNCTION shopanalytics._add_opposites(request bigint, reverts bigint, is_forced boolean) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    added bigint;
    last_seq bigint := (SELECT max(i.seq) FROM shopanalytics.change_item i WHERE i.request = _add_opposites.reverts);
BEGIN
    INSERT INTO shopanalytics.change_item (request, seq, op, key, before, after, rule)
    SELECT _add_opposites.request, last_seq + 1 - i.seq, translate(i.op, 'ID', 'DI'), i.key,
           -- what was inserted may have more columns than were asked for; of what was changed some may have been right already
           CASE i.op WHEN 'I' THEN coalesce(i.current, i.key || i.after) WHEN 'U' THEN i.after END,
           CASE i.op WHEN 'U' THEN (SELECT jsonb_object_agg(c.key, CASE WHEN i.status = 'applied' THEN coalesce(i.current, i.before) ELSE i.before END -> c.key)
                                FROM jsonb_object_keys(i.after) AS c (key)) ELSE i.before END,
           i.rule
      FROM shopanalytics.change_item i
     WHERE i.request = _add_opposites.reverts AND (i.status = 'applied' OR is_forced AND i.status = 'rollback_conflict');
    GET DIAGNOSTICS added = ROW_COUNT;
    RETURN added;
END
$$;

-- Makes items that overwrite something say what: the rows as they are now.  A row that
-- was deleted and is there again is then a row to change.
CREATE FUNCTION shopanalytics._force_items(request bigint, target oid) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    batch record;
    last_seq bigint := '-9223372036854775808';
    key_columns text[] := ARRAY(SELECT c.name FROM shopanalytics._target_columns(target) c WHERE c.key_place IS NOT NULL);
BEGIN
    LOOP
        SELECT * INTO batch FROM shopanalytics._take_items(request, last_seq, 5000);
        EXIT WHEN batch.last_seq IS NULL;
        last_seq := batch.last_seq;
        UPDATE shopanalytics.change_item i
           SET op = CASE WHEN i.op = 'I' THEN 'U' ELSE i.op END,
               before = CASE WHEN i.op = 'I' THEN c.before ELSE v.current END,
               after = CASE WHEN i.op = 'I' THEN c.after ELSE i.after END
          FROM (SELECT (r -> 0)::bigint AS seq, r -> 2 AS current
                  FROM shopanalytics._as_role((SELECT t.relowner FROM pg_class t WHERE t.oid = target),
                                              shopanalytics._apply_query(target, batch.groups, false), batch.items) r
                 WHERE r ->> 1 = 'conflict') v
          JOIN shopanalytics.change_item known ON known.request = _force_items.request AND known.seq = v.seq,
               LATERAL (SELECT jsonb_object_agg(e.key, v.current -> e.key) AS before, jsonb_object_agg(e.key, e.value) AS after
                          FROM jsonb_each(known.after) e
                         WHERE known.op = 'I' AND e.key <> ALL (key_columns) AND e.value IS DISTINCT FROM v.current -> e.key) c
         WHERE i.request = _force_items.request AND i.seq = v.seq;
    END LOOP;
END
$$;

-- Not strict: a null is an error.  Security definer: writes the extension's tables after
-- the caller's duty was checked.  Submits what it opens, as nobody could edit it.
CREATE FUNCTION shopanalytics.cr_rollback_open(request bigint, mode text DEFAULT 'safe') RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request;
    known shopanalytics.change_request;
    who record;
    person text;
    target oid;
    opened bigint;
    added bigint;
BEGIN
    IF num_nulls(request, mode) > 0 THEN
        RAISE EXCEPTION 'request and mode must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF mode NOT IN ('safe', 'force') THEN
        RAISE EXCEPTION 'mode % is not known', quote_literal(left(mode, 100))
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'The modes are safe: only where nobody changed the value since, and force: everywhere.';
    END IF;
    SELECT * INTO r FROM shopanalytics.change_request c WHERE c.id = request;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'request % does not exist', request USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM shopanalytics._require_duty('rollback', r.tenant, format('%I.%I', r.target_schema, r.target_table));
    person := shopanalytics._person();
    SELECT * INTO who FROM shopanalytics._who();
    -- two who open a rollback at once get the same one
    SELECT * INTO r FROM shopanalytics.change_request c WHERE c.id = request FOR NO KEY UPDATE;
    IF r.state NOT IN ('applied', 'rolled_back') THEN
        RAISE EXCEPTION 'request % is %', request, r.state
            USING ERRCODE = 'SA010', HINT = 'Only what was applied can be taken back.';
    END IF;

    SELECT * INTO known FROM shopanalytics.change_request c
     WHERE c.reverts = request AND c.state NOT IN ('rejected', 'withdrawn', 'expired')
       AND NOT (c.state IN ('submitted', 'approved') AND c.expires_at <= clock_timestamp())
     ORDER BY c.id DESC LIMIT 1;
    IF known.state NOT IN ('applied', 'rolled_back') THEN
        IF known.revert_mode <> mode THEN
            RAISE EXCEPTION 'request % takes it back already, in mode %', known.id, known.revert_mode
                USING ERRCODE = 'SA010', HINT = 'Withdraw that one first, or apply it.';
        END IF;
        RETURN known.id;
    END IF;

    IF NOT EXISTS (SELECT FROM shopanalytics.change_item i
                    WHERE i.request = r.id AND (i.status = 'applied' OR mode = 'force' AND i.status = 'rollback_conflict')) THEN
        IF known.id IS NULL THEN
            RAISE EXCEPTION 'request % changed nothing that could be taken back', request USING ERRCODE = 'SA010', HINT = 'None of its items is applied.';
        END IF;
        -- taken back as far as it can be
        RETURN known.id;
    END IF;
    target := shopanalytics._apply_target(r);
    INSERT INTO shopanalytics.change_request (tenant, kind, target_schema, target_table, title, reason,
                                              proposer_login, proposer_role, proposer_actor, proposer_person, reverts, revert_mode, created_at)
    VALUES (r.tenant, 'rollback', r.target_schema, r.target_table, left(format('Rollback of request %s: %s', r.id, r.title), 200), r.reason,
            who.login, who.role, who.actor, person, r.id, mode, clock_timestamp())
    RETURNING id INTO opened;
    added := shopanalytics._add_opposites(opened, request, mode = 'force');
    IF mode = 'force' THEN
        PERFORM shopanalytics._force_items(opened, target);
    END IF;
    UPDATE shopanalytics.change_request c SET items = added WHERE c.id = opened;
    PERFORM shopanalytics._write_event(r.tenant, 'request_opened',
        jsonb_build_object('target', shopanalytics._relation_name(target), 'kind', 'rollback', 'reverts', request, 'mode', mode), opened);
    PERFORM shopanalytics._cr_submit(opened);
    RETURN opened;
END
$$;

-- Ends a request that another has taken back: as far as none of its items is applied.
CREATE FUNCTION shopanalytics._finish_reverted(r shopanalytics.change_request) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    reverted shopanalytics.change_request;
    is_complete boolean := NOT EXISTS (SELECT FROM shopanalytics.change_item i WHERE i.request = r.reverts AND i.status IN ('applied', 'rollback_conflict'));
BEGIN
    UPDATE shopanalytics.change_request c SET outcome = CASE WHEN is_complete THEN 'complete' ELSE 'partial' END
     WHERE c.id = r.reverts
    RETURNING * INTO reverted;
    IF reverted.state = 'applied' THEN
        PERFORM shopanalytics._set_state(reverted.id, 'rolled_back', jsonb_build_object('by', r.id, 'outcome', reverted.outcome));
    END IF;
END
$$;

REVOKE ALL ON FUNCTION
    shopanalytics._add_opposites(bigint, bigint, boolean),
    shopanalytics._force_items(bigint, oid),
    shopanalytics._finish_reverted(shopanalytics.change_request) FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.cr_rollback_open(bigint, text) IS 'proposes to take back what a change request did, and returns the number of that request';
