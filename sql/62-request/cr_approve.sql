-- cr_approve(), cr_reject(), cr_withdraw() and cr_expire(): what others decide, and the
-- ways out.  A refusal is returned with its code and not raised, so that the event that
-- tells of it is committed.

-- Locks a request for a decision.  Who has nothing to do with it gets it as it is: he
-- must not keep others waiting.
CREATE FUNCTION shopanalytics._lock_request(request bigint) RETURNS shopanalytics.change_request
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request;
BEGIN
    IF request IS NULL THEN
        RAISE EXCEPTION 'the request must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF shopanalytics._is_lent() THEN
        RAISE EXCEPTION 'nobody decides on a request in code that the server runs for somebody else' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT * INTO r FROM shopanalytics.change_request c WHERE c.id = request;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'request % does not exist', request USING ERRCODE = 'undefined_object';
    END IF;
    IF shopanalytics._held_duties(r.tenant, format('%I.%I', r.target_schema, r.target_table)) <> '{}'
       OR r.proposer_person IN (SELECT w.person FROM shopanalytics.whoami() w) THEN
        SELECT * INTO r FROM shopanalytics.change_request c WHERE c.id = request FOR NO KEY UPDATE;
    END IF;
    RETURN r;
END
$$;

-- Why the caller may not decide on a request: a code, null when he may.
CREATE FUNCTION shopanalytics._decision_problem(r shopanalytics.change_request, hash text, OUT code text, OUT message text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM shopanalytics.whoami();
    BEGIN
        PERFORM shopanalytics._require_duty('approve', r.tenant, format('%I.%I', r.target_schema, r.target_table));
    EXCEPTION WHEN SQLSTATE 'SA006' THEN
        code := 'SA006';
        message := SQLERRM;
        RETURN;
    END;
    IF who.person IS NULL THEN
        code := 'SA013';
        message := format('login "%s" is a trusted broker and names nobody it acts for', who.login);
    ELSIF who.person = r.proposer_person THEN
        code := 'SA001';
        message := format('"%s" proposed it: somebody else decides', who.person);
    ELSIF who.login = r.proposer_login AND NOT (who.is_trusted_broker AND r.proposer_person <> r.proposer_login) THEN
        -- one login is one person, whatever SET ROLE and claims say, but of a trusted broker
        code := 'SA001';
        message := format('it was proposed by the login "%s": somebody else decides', who.login);
    ELSIF r.state IN ('submitted', 'approved') AND r.expires_at <= clock_timestamp() OR r.state = 'expired' THEN
        code := 'SA003';
        message := 'it has expired';
    ELSIF hash IS NOT NULL AND r.content_hash IS DISTINCT FROM hash AND r.state IN ('draft', 'submitted', 'approved') THEN
        code := 'SA002';
        message := CASE WHEN r.state = 'draft' THEN 'it is being edited' ELSE format('that is not the hash of its content, which is at revision %s', r.revision) END;
    ELSIF r.state <> 'submitted' THEN
        code := 'SA010';
        message := format('it is %s', r.state);
    END IF;
END
$$;

-- Writes a refusal down, and says it to who is at the prompt.
CREATE FUNCTION shopanalytics._refuse_step(r shopanalytics.change_request, step text, code text, message text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF code = 'SA003' AND r.state IN ('submitted', 'approved') THEN
        PERFORM shopanalytics._set_state(r.id, 'expired');
    END IF;
    PERFORM shopanalytics._write_event(r.tenant, 'request_refused',
        jsonb_build_object('revision', r.revision, 'step', step, 'code', code, 'message', message), r.id);
    RAISE NOTICE 'request % was not %: %', r.id, step, message;
END
$$;

CREATE FUNCTION shopanalytics.cr_approve(request bigint, content_hash text, comment text DEFAULT NULL, OUT status text, OUT code text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request := shopanalytics._lock_request(request);
    problem record;
    is_new boolean;
    given integer;
BEGIN
    IF content_hash IS NULL THEN
        RAISE EXCEPTION 'the content hash must not be null'
            USING ERRCODE = 'null_value_not_allowed', HINT = 'It is that of what you looked at: shopanalytics.cr_status shows it.';
    END IF;
    SELECT * INTO problem FROM shopanalytics._decision_problem(r, content_hash);
    IF problem.code IS NOT NULL THEN
        PERFORM shopanalytics._refuse_step(r, 'approved', problem.code, problem.message);
        status := 'refused';
        code := problem.code;
        RETURN;
    END IF;

    INSERT INTO shopanalytics.approval (request, revision, person, decision, content_hash, login, role, actor, comment, at)
    SELECT r.id, r.revision, w.person, 'approve', r.content_hash, w.login, w.role, w.actor, cr_approve.comment, clock_timestamp()
      FROM shopanalytics.whoami() w
        -- a person counts once
        ON CONFLICT ON CONSTRAINT approval_pkey DO NOTHING;
    is_new := FOUND;
    SELECT count(*) INTO given FROM shopanalytics.approval a WHERE a.request = r.id AND a.revision = r.revision AND a.decision = 'approve';
    IF is_new THEN
        PERFORM shopanalytics._write_event(r.tenant, 'request_approval',
            jsonb_build_object('revision', r.revision, 'content_hash', r.content_hash, 'approvals', given, 'approvals_needed', r.approvals_needed), r.id);
    END IF;
    IF given >= r.approvals_needed THEN
        PERFORM shopanalytics._set_state(r.id, 'approved', jsonb_build_object('content_hash', r.content_hash));
        status := 'approved';
    ELSE
        status := 'submitted';
        RAISE NOTICE 'request % has % of % approvals', r.id, given, r.approvals_needed;
    END IF;
END
$$;

CREATE FUNCTION shopanalytics.cr_reject(request bigint, comment text DEFAULT NULL, OUT status text, OUT code text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request := shopanalytics._lock_request(request);
    problem record;
BEGIN
    SELECT * INTO problem FROM shopanalytics._decision_problem(r, NULL);
    IF problem.code IS NOT NULL THEN
        PERFORM shopanalytics._refuse_step(r, 'rejected', problem.code, problem.message);
        status := 'refused';
        code := problem.code;
        RETURN;
    END IF;

    INSERT INTO shopanalytics.approval AS a (request, revision, person, decision, content_hash, login, role, actor, comment, at)
    SELECT r.id, r.revision, w.person, 'reject', r.content_hash, w.login, w.role, w.actor, cr_reject.comment, clock_timestamp()
      FROM shopanalytics.whoami() w
        -- who approved it has changed his mind
        ON CONFLICT ON CONSTRAINT approval_pkey DO UPDATE
       SET decision = excluded.decision, login = excluded.login, role = excluded.role, actor = excluded.actor, comment = excluded.comment, at = excluded.at;
    PERFORM shopanalytics._set_state(r.id, 'rejected', jsonb_build_object('content_hash', r.content_hash, 'comment', comment));
    status := 'rejected';
END
$$;

CREATE FUNCTION shopanalytics.cr_withdraw(request bigint, comment text DEFAULT NULL, OUT status text, OUT code text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request := shopanalytics._lock_request(request);
    person text;
    message text;
BEGIN
    SELECT w.person INTO person FROM shopanalytics.whoami() w;
    IF person IS NULL THEN
        code := 'SA013';
        message := format('login "%s" is a trusted broker and names nobody it acts for', session_user);
    ELSIF person <> r.proposer_person AND NOT shopanalytics.has_duty('admin', r.tenant, format('%I.%I', r.target_schema, r.target_table)) THEN
        code := 'SA014';
        message := format('"%s" proposed it, and nobody else withdraws it but an administrator', r.proposer_person);
    ELSIF r.state IN ('submitted', 'approved') AND r.expires_at <= clock_timestamp() OR r.state = 'expired' THEN
        code := 'SA003';
        message := 'it has expired';
    ELSIF r.state NOT IN ('draft', 'submitted', 'approved') THEN
        code := 'SA010';
        message := format('it is %s', r.state);
    END IF;
    IF code IS NOT NULL THEN
        PERFORM shopanalytics._refuse_step(r, 'withdrawn', code, message);
        status := 'refused';
        RETURN;
    END IF;
    PERFORM shopanalytics._set_state(r.id, 'withdrawn', jsonb_build_object('comment', comment));
    status := 'withdrawn';
END
$$;

-- For everybody with a duty for the table, as what it does is so by the clock.
CREATE FUNCTION shopanalytics.cr_expire() RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    late bigint;
    expired bigint := 0;
BEGIN
    IF NOT shopanalytics._owns_extension() AND NOT EXISTS (SELECT FROM shopanalytics.duty d WHERE shopanalytics._is_member(d.role_name)) THEN
        RAISE EXCEPTION 'login "%" does not have any duty', session_user
            USING ERRCODE = 'SA006', HINT = 'Somebody with the duty admin gives duties by shopanalytics.grant_duty().';
    END IF;
    FOR late IN
        SELECT c.id FROM shopanalytics.change_request c
         WHERE c.state IN ('submitted', 'approved') AND c.expires_at <= clock_timestamp()
           AND shopanalytics._held_duties(c.tenant, format('%I.%I', c.target_schema, c.target_table)) <> '{}'
         ORDER BY c.id
           -- what is locked is being decided on, which sees to it
           FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        PERFORM shopanalytics._set_state(late, 'expired');
        expired := expired + 1;
    END LOOP;
    RETURN expired;
END
$$;

REVOKE ALL ON FUNCTION
    shopanalytics._lock_request(bigint),
    shopanalytics._decision_problem(shopanalytics.change_request, text),
    shopanalytics._refuse_step(shopanalytics.change_request, text, text, text) FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.cr_approve(bigint, text, text) IS 'approves the content of a change request that has this hash';
COMMENT ON FUNCTION shopanalytics.cr_reject(bigint, text) IS 'rejects a change request';
COMMENT ON FUNCTION shopanalytics.cr_withdraw(bigint, text) IS 'withdraws a change request, by who proposed it or an administrator';
COMMENT ON FUNCTION shopanalytics.cr_expire() IS 'lets requests expire that are past their time, and returns how many';
