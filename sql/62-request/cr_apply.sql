-- cr_apply() does what a request says, or nothing of it.
--
-- A procedure that commits can neither be of security definer nor pin its settings, so
-- cr_apply() is the caller's own and decides nothing: what it calls are functions of
-- security definer, each of which checks by itself that the caller may do this, that
-- the request is where it must be, and that this session is the one that applies it.

-- Stable: asks where it is called from.
CREATE FUNCTION shopanalytics._may_commit() RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;

-- Volatile and parallel unsafe: locks.  These are for functions that have checked that
-- the caller may apply the request.
CREATE FUNCTION shopanalytics._lock_apply(requests oid, request bigint, target oid, for_session boolean) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION shopanalytics._holds_apply_lock(requests oid, request bigint, target oid) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION shopanalytics._unlock_apply(requests oid, request bigint, target oid) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- The table that a request is applied to.
CREATE FUNCTION shopanalytics._apply_target(r shopanalytics.change_request) RETURNS oid
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target oid := shopanalytics._request_target(r);
BEGIN
    IF EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = target AND w.ev_type <> '1') THEN
        RAISE EXCEPTION '% has rules for rows that are written', shopanalytics._relation_name(target)
            USING ERRCODE = 'SA011', HINT = 'What a rule makes of a change cannot be compared with what was approved: use a trigger instead.';
    END IF;
    RETURN target;
END
$$;

-- Raises an error unless the caller may apply the request now: the duty is his, and so
-- is the lock.  Returns the table, locked against being altered.
CREATE FUNCTION shopanalytics._applying_target(r shopanalytics.change_request) RETURNS oid
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target oid;
BEGIN
    IF r.id IS NULL THEN
        RAISE EXCEPTION 'there is no such request' USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM shopanalytics._require_duty('apply', r.tenant, format('%I.%I', r.target_schema, r.target_table));
    IF r.state IS DISTINCT FROM 'applying' THEN
        RAISE EXCEPTION 'request % is %', r.id, r.state USING ERRCODE = 'SA010', HINT = 'CALL shopanalytics.cr_apply(...) applies a request.';
    END IF;
    -- nobody alters it, or makes it his, while it is being written
    PERFORM shopanalytics._request_target(r);
    EXECUTE format('LOCK TABLE ONLY %I.%I IN ROW EXCLUSIVE MODE', r.target_schema, r.target_table);
    target := shopanalytics._apply_target(r);
    IF NOT shopanalytics._holds_apply_lock('shopanalytics.change_request'::regclass, r.id, target) THEN
        RAISE EXCEPTION 'request % is being applied by another session', r.id USING ERRCODE = 'SA005', HINT = 'CALL shopanalytics.cr_apply(...) applies a request.';
    END IF;
    RETURN target;
END
$$;

-- Raises an error unless the request may be applied by the caller, who has the duty.
CREATE FUNCTION shopanalytics._check_approved(r shopanalytics.change_request) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    person text := shopanalytics._person();
    approvals bigint;
    last_approver text;
BEGIN
    IF r.state = 'approved' AND r.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'request % has expired', r.id USING ERRCODE = 'SA003', HINT = 'Open another request.';
    END IF;
    IF r.state NOT IN ('approved', 'applying') THEN
        RAISE EXCEPTION 'request % is %', r.id, r.state
            USING ERRCODE = 'SA010', HINT = CASE WHEN r.state IN ('draft', 'submitted') THEN 'A request is applied once it is approved.' ELSE 'It stays as it is: open another request.' END;
    END IF;

    -- counted again, whatever the state says
    SELECT count(*), (array_agg(a.person ORDER BY a.at DESC))[1] INTO approvals, last_approver
      FROM shopanalytics.approval a
     WHERE a.request = r.id AND a.revision = r.revision AND a.decision = 'approve' AND a.content_hash = r.content_hash AND a.person <> r.proposer_person;
    IF r.approvals_needed IS NULL OR approvals < r.approvals_needed THEN
        RAISE EXCEPTION 'request % has % of % approvals of its revision %', r.id, approvals, r.approvals_needed, r.revision
            USING ERRCODE = 'SA002', HINT = 'An approval is of what was reviewed: after an edit the request must be approved again.';
    END IF;
    IF last_approver = person AND (shopanalytics.policy_for(r.tenant, format('%I.%I', r.target_schema, r.target_table))).require_distinct_applier THEN
        RAISE EXCEPTION 'request % was last approved by "%"', r.id, person
            USING ERRCODE = 'SA016', HINT = 'The policy wants somebody else to apply it.';
    END IF;
    IF r.content_hash IS DISTINCT FROM shopanalytics._content_hash(r.id) THEN
        RAISE EXCEPTION 'request % is not what was approved', r.id
            USING ERRCODE = 'SA002', HINT = 'Its items were changed by no function of shopanalytics: find out by whom, and open another request.';
    END IF;
END
$$;

-- Makes a request ready to be applied by this session.  Returns the number of its
-- items and of those that are done.
CREATE FUNCTION shopanalytics._apply_start(
    request bigint,
    mode text,
    batch_size integer,
    on_conflict text,
    may_commit boolean,
    OUT is_batched boolean,
    OUT items bigint,
    OUT done bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request;
    target oid;
BEGIN
    IF num_nulls(request, mode, batch_size, on_conflict, may_commit) > 0 THEN
        RAISE EXCEPTION 'request, mode, batch_size and on_conflict must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF mode NOT IN ('atomic', 'batched') THEN
        RAISE EXCEPTION 'mode % is not known', quote_literal(left(mode, 100))
            USING ERRCODE = 'invalid_parameter_value', HINT = 'The modes are atomic: all in one transaction, and batched: each batch in its own.';
    END IF;
    IF on_conflict NOT IN ('abort', 'skip') THEN
        RAISE EXCEPTION 'on_conflict must be abort or skip, not %', quote_literal(left(on_conflict, 100)) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF batch_size NOT BETWEEN 1 AND 100000 THEN
        RAISE EXCEPTION 'batch_size must be from 1 to 100000, not %', batch_size USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF mode = 'batched' AND NOT may_commit THEN
        RAISE EXCEPTION 'mode batched commits each batch, and cannot in a transaction block or a function'
            USING ERRCODE = 'invalid_transaction_termination', HINT = 'Call it by itself, or in mode atomic.';
    END IF;

    SELECT * INTO r FROM shopanalytics.change_request c WHERE c.id = request;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'request % does not exist', request USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM shopanalytics._require_duty('apply', r.tenant, format('%I.%I', r.target_schema, r.target_table));
    target := shopanalytics._apply_target(r);
    IF NOT shopanalytics._lock_apply('shopanalytics.change_request'::regclass, request, target, mode = 'batched') THEN
        RAISE EXCEPTION 'request %, or another one for %.%, is being applied by another session', request, quote_ident(r.target_schema), quote_ident(r.target_table)
            USING ERRCODE = 'SA005', HINT = 'Wait until it is done: SELECT * FROM shopanalytics.cr_progress(...) shows how far it is.';
    END IF;
    SELECT * INTO r FROM shopanalytics.change_request c WHERE c.id = request FOR NO KEY UPDATE;
    PERFORM shopanalytics._check_approved(r);
    is_batched := mode = 'batched';

    -- what could not be done the last time is tried again
    UPDATE shopanalytics.change_item i SET status = 'pending', current = NULL, error = NULL
     WHERE i.request = r.id AND i.status IN ('missing', 'conflict', 'error');
    IF r.state = 'approved' THEN
        PERFORM shopanalytics._set_state(request, 'applying', jsonb_build_object('mode', mode, 'on_conflict', on_conflict, 'person', shopanalytics._person()));
        items := r.items;
        done := 0;
    ELSE
        PERFORM shopanalytics._write_event(r.tenant, 'request_resumed', jsonb_build_object('revision', r.revision, 'mode', mode,
            'on_conflict', on_conflict, 'person', shopanalytics._person()), request);
        SELECT count(*), count(*) FILTER (WHERE i.status <> 'pending') INTO items, done FROM shopanalytics.change_item i WHERE i.request = r.id;
    END IF;
END
$$;

-- A batch in a transaction of its own, for cr_apply().  It returns the last item, null
-- when there was none, and the message and detail of an error when the request cannot
-- go on: as an error it would take the report with it.
CREATE FUNCTION shopanalytics._apply_batch(
    request bigint,
    after_seq bigint,
    batch_size integer,
    on_conflict text,
    attempt integer,
    OUT last_seq bigint,
    OUT items bigint,
    OUT again boolean,
    OUT message text,
    OUT detail text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request;
    target oid;
    failed text;
BEGIN
    SELECT * INTO r FROM shopanalytics.change_request c WHERE c.id = request;
    target := shopanalytics._applying_target(r);
    again := false;
    BEGIN
        SELECT n.last_seq, n.items INTO last_seq, items FROM shopanalytics._apply_next(r, target, after_seq, batch_size, on_conflict) n;
        RETURN;
    EXCEPTION
        WHEN SQLSTATE 'SA004' THEN
            GET STACKED DIAGNOSTICS failed = PG_EXCEPTION_DETAIL;
        WHEN transaction_rollback THEN
            IF attempt >= 3 THEN
                RAISE;
            END IF;
            again := true;
            RETURN;
    END;
    PERFORM shopanalytics._record_results(r, failed::jsonb -> 'failed');
    message := format('request %s stopped: %s', request, shopanalytics._count_items(request));
    detail := shopanalytics._describe_failed(request);
END
$$;

-- All that is pending in one transaction, for cr_apply(); message and detail as above.
-- Where one item cannot be applied none is, and the rest is only compared, so that the
-- report is of all of them.
CREATE FUNCTION shopanalytics._apply_atomic(request bigint, batch_size integer, on_conflict text, OUT message text, OUT detail text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request;
    target oid;
    step record;
    batch record;
    done bigint := 0;
    last_seq bigint := '-9223372036854775808';
    failed jsonb;
    failure text;
BEGIN
    SELECT * INTO r FROM shopanalytics.change_request c WHERE c.id = request;
    target := shopanalytics._applying_target(r);
    BEGIN
        LOOP
            SELECT * INTO step FROM shopanalytics._apply_next(r, target, last_seq, batch_size, on_conflict);
            IF step.last_seq IS NULL THEN
                RETURN;
            END IF;
            last_seq := step.last_seq;
            PERFORM shopanalytics._tell_progress(request, done, done + step.items, r.items);
            done := done + step.items;
        END LOOP;
    EXCEPTION
        WHEN SQLSTATE 'SA004' THEN
            GET STACKED DIAGNOSTICS failure = PG_EXCEPTION_DETAIL;
    END;

    failed := failure::jsonb -> 'failed';
    last_seq := failure::jsonb -> 'last_seq';
    LOOP
        PERFORM shopanalytics._record_results(r, failed);
        SELECT * INTO batch FROM shopanalytics._take_items(request, last_seq, batch_size);
        EXIT WHEN batch.last_seq IS NULL;
        last_seq := batch.last_seq;
        SELECT coalesce(shopanalytics._failed(jsonb_agg(v)), '[]') INTO failed
          FROM shopanalytics._as_role((SELECT c.relowner FROM pg_class c WHERE c.oid = target),
                                      shopanalytics._apply_query(target, batch.groups, false), batch.items) v;
    END LOOP;
    IF NOT EXISTS (SELECT FROM shopanalytics.change_item i WHERE i.request = r.id AND i.status IN ('applied', 'already')) THEN
        PERFORM shopanalytics._set_state(request, 'approved', jsonb_build_object('failed', shopanalytics._count_items(request, '{missing,conflict,error}')));
    END IF;
    message := format('request %s was not applied: %s', request, shopanalytics._count_items(request, '{missing,conflict,error}'));
    detail := shopanalytics._describe_failed(request);
END
$$;

-- Says how far it is, whenever another tenth of all items is done and not yet all.
CREATE FUNCTION shopanalytics._tell_progress(request bigint, before bigint, done bigint, items bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF done < items AND done * 10 / items > before * 10 / items THEN
        RAISE NOTICE 'request %: % of % items', request, done, items;
    END IF;
END
$$;

-- Ends a request of which no item is pending, and returns what is to be said of it.
CREATE FUNCTION shopanalytics._apply_finish(request bigint, is_batched boolean) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request;
    target oid;
    is_complete boolean;
    counts text;
BEGIN
    SELECT * INTO r FROM shopanalytics.change_request c WHERE c.id = request FOR NO KEY UPDATE;
    target := shopanalytics._applying_target(r);
    SELECT bool_and(i.status IN ('applied', 'already')) INTO is_complete
      FROM shopanalytics.change_item i WHERE i.request = r.id HAVING count(*) FILTER (WHERE i.status = 'pending') = 0;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'request % has items that are pending', request USING ERRCODE = 'SA010', HINT = 'CALL shopanalytics.cr_apply(...) applies them.';
    END IF;
    counts := shopanalytics._count_items(request);
    UPDATE shopanalytics.change_request c
       SET outcome = CASE WHEN coalesce(is_complete, true) THEN 'complete' ELSE 'partial' END, applied_at = clock_timestamp()
     WHERE c.id = request
    RETURNING c.outcome INTO r.outcome;
    PERFORM shopanalytics._set_state(request, 'applied', jsonb_build_object('outcome', r.outcome, 'items', counts));
    IF r.reverts IS NOT NULL THEN
        PERFORM shopanalytics._finish_reverted(r);
    END IF;
    IF is_batched THEN
        PERFORM shopanalytics._unlock_apply('shopanalytics.change_request'::regclass, request, target);
    END IF;
    RETURN format('request %s is applied, %s: %s', request, r.outcome, counts);
END
$$;

-- Here nothing is pinned: names and operators are qualified, and the rest is decided by
-- what it calls.
CREATE PROCEDURE shopanalytics.cr_apply(request bigint, mode text DEFAULT 'atomic', batch_size integer DEFAULT 5000, on_conflict text DEFAULT 'abort')
    LANGUAGE plpgsql
AS $$
DECLARE
    may_commit boolean := shopanalytics._may_commit();
    start record;
    step record;
    done bigint;
    last_seq bigint := '-9223372036854775808';
    attempt integer := 1;
BEGIN
    SELECT * INTO start FROM shopanalytics._apply_start(request, mode, batch_size, on_conflict, may_commit);
    IF start.is_batched THEN
        done := start.done;
        COMMIT;
        LOOP
            SELECT * INTO step FROM shopanalytics._apply_batch(request, last_seq, batch_size, on_conflict, attempt);
            COMMIT;
            IF step.message IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'SA004', MESSAGE = step.message, DETAIL = step.detail,
                    HINT = 'What was applied stays applied. Call it again once the items are dealt with, or with on_conflict => ''skip'' to leave them.';
            END IF;
            IF step.again THEN
                attempt := attempt OPERATOR(pg_catalog.+) 1;
            ELSE
                EXIT WHEN step.last_seq IS NULL;
                attempt := 1;
                last_seq := step.last_seq;
                PERFORM shopanalytics._tell_progress(request, done, done OPERATOR(pg_catalog.+) step.items, start.items);
                done := done OPERATOR(pg_catalog.+) step.items;
            END IF;
        END LOOP;
    ELSE
        SELECT * INTO step FROM shopanalytics._apply_atomic(request, batch_size, on_conflict);
        IF step.message IS NOT NULL THEN
            IF may_commit THEN
                COMMIT;
            END IF;
            RAISE EXCEPTION USING ERRCODE = 'SA004', MESSAGE = step.message, DETAIL = step.detail,
                HINT = 'Nothing was changed. Open another request without these items, or apply the others with on_conflict => ''skip''.';
        END IF;
    END IF;
    RAISE NOTICE '%', shopanalytics._apply_finish(request, start.is_batched);
END
$$;

-- How far a request is; seen from other sessions too while it is applied in batches.
CREATE FUNCTION shopanalytics.cr_progress(
    request bigint,
    OUT state text,
    OUT outcome text,
    OUT items bigint,
    OUT pending bigint,
    OUT applied bigint,
    OUT already bigint,
    OUT missing bigint,
    OUT conflict bigint,
    OUT error bigint,
    OUT rolled_back bigint,
    OUT rollback_conflict bigint) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.state, c.outcome, c.items, n.pending, n.applied, n.already, n.missing, n.conflict, n.error, n.rolled_back, n.rollback_conflict
      FROM shopanalytics.change_request c,
           LATERAL (SELECT count(*) FILTER (WHERE i.status = 'pending') AS pending, count(*) FILTER (WHERE i.status = 'applied') AS applied,
                           count(*) FILTER (WHERE i.status = 'already') AS already, count(*) FILTER (WHERE i.status = 'missing') AS missing,
                           count(*) FILTER (WHERE i.status = 'conflict') AS conflict, count(*) FILTER (WHERE i.status = 'error') AS error,
                           count(*) FILTER (WHERE i.status = 'rolled_back') AS rolled_back,
                           count(*) FILTER (WHERE i.status = 'rollback_conflict') AS rollback_conflict
                      FROM shopanalytics.change_item i WHERE i.request = c.id) n
     WHERE c.id = cr_progress.request;
END;

COMMENT ON PROCEDURE shopanalytics.cr_apply(bigint, text, integer, text) IS 'does what an approved change request says';
COMMENT ON FUNCTION shopanalytics.cr_progress(bigint) IS 'how many items of a change request are done, and how';

REVOKE ALL ON FUNCTION
    shopanalytics._lock_apply(oid, bigint, oid, boolean),
    shopanalytics._holds_apply_lock(oid, bigint, oid),
    shopanalytics._unlock_apply(oid, bigint, oid),
    shopanalytics._apply_target(shopanalytics.change_request),
    shopanalytics._applying_target(shopanalytics.change_request),
    shopanalytics._check_approved(shopanalytics.change_request) FROM PUBLIC;
