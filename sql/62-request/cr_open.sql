-- cr_open() opens a draft.

-- The person that counts for four eyes.
CREATE FUNCTION shopanalytics._person() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who record;
BEGIN
    SELECT * INTO who FROM shopanalytics.whoami();
    IF who.person IS NULL THEN
        RAISE EXCEPTION 'login "%" is a trusted broker and names nobody it acts for', who.login
            USING ERRCODE = 'SA013', HINT = 'SET LOCAL shopanalytics.actor = ''...'' names the person.';
    END IF;
    RETURN who.person;
END
$$;

-- Raises an error unless who logged in has some duty for a tenant and a table.
CREATE FUNCTION shopanalytics._require_any_duty(tenant text, scope text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF shopanalytics._held_duties(tenant, scope) = '{}' THEN
        RAISE EXCEPTION 'login "%" does not have any duty for tenant "%", scope "%"', session_user, tenant, scope
            USING ERRCODE = 'SA006',
                  HINT = 'Somebody with the duty admin gives duties by shopanalytics.grant_duty().';
    END IF;
END
$$;

-- The role that the caller is: as which tables are read.
CREATE FUNCTION shopanalytics._caller() RETURNS oid
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT r.oid FROM pg_catalog.pg_roles r, shopanalytics._who() w WHERE r.rolname OPERATOR(pg_catalog.=) w.role::name;
END;

-- Raises an error unless an argument fits: a line of text that can be shown.
CREATE FUNCTION shopanalytics._check_line(what text, line text, max_length integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF octet_length(line) > max_length THEN
        RAISE EXCEPTION '% has more than % bytes', what, max_length USING ERRCODE = 'program_limit_exceeded';
    END IF;
    IF btrim(line) = '' OR line ~ '[\x01-\x1f\x7f]' THEN
        RAISE EXCEPTION '% must be a line of text, not %', what, quote_literal(left(line, 100)) USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;

-- Not strict: a null is an error.  Security definer: writes the extension's tables
-- after the caller's duty was checked; so do the others of cr_.
CREATE FUNCTION shopanalytics.cr_open(
    tenant text,
    target regclass,
    kind text,
    title text,
    reason text DEFAULT NULL,
    idempotency_key text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place text := shopanalytics._relation_name(target);
    who record;
    person text;
    payload text;
    opened bigint;
    known record;
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    IF num_nulls(target, kind, title) > 0 THEN
        RAISE EXCEPTION 'target, kind and title must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF place IS NULL THEN
        RAISE EXCEPTION 'table % does not exist', target USING ERRCODE = 'undefined_table';
    END IF;
    IF tenant = '*' THEN
        RAISE EXCEPTION 'a request is for one tenant' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM shopanalytics._require_duty('propose', tenant, place);
    person := shopanalytics._person();
    IF kind <> ALL (shopanalytics._request_kinds()) OR kind = 'rollback' THEN
        RAISE EXCEPTION 'a request of kind % cannot be opened', quote_literal(left(kind, 100))
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('The kinds are %s; shopanalytics.cr_rollback_open() opens a rollback.',
                                array_to_string(array_remove(shopanalytics._request_kinds(), 'rollback'), ', '));
    END IF;
    PERFORM shopanalytics._check_line('title', title, 200);
    IF octet_length(reason) > 10000 THEN
        RAISE EXCEPTION 'reason has more than 10000 bytes' USING ERRCODE = 'program_limit_exceeded';
    END IF;
    PERFORM shopanalytics._check_line('idempotency_key', idempotency_key, 200);
    PERFORM shopanalytics._check_target(tenant, target);

    SELECT * INTO who FROM shopanalytics._who();
    payload := encode(sha256(shopanalytics._bytes(jsonb_build_array(place, kind, title, reason, person)::text)), 'hex');
    -- Twice, as another session may open it in between.
    FOR attempt IN 1..2 LOOP
        SELECT c.id, c.payload_hash INTO known FROM shopanalytics.change_request c
         WHERE c.tenant = cr_open.tenant AND c.idempotency_key = cr_open.idempotency_key;
        IF known.payload_hash <> payload THEN
            RAISE EXCEPTION 'idempotency key % was used for another request, %', quote_literal(idempotency_key), known.id
                USING ERRCODE = 'SA009', HINT = 'Repeat the call with the same arguments, or take another key.';
        ELSIF known.id IS NOT NULL THEN
            RETURN known.id;
        END IF;
        INSERT INTO shopanalytics.change_request (tenant, kind, target_schema, target_table, title, reason, idempotency_key, payload_hash,
                                                  proposer_login, proposer_role, proposer_actor, proposer_person, created_at)
        SELECT cr_open.tenant, cr_open.kind, n.nspname, c.relname, cr_open.title, cr_open.reason, cr_open.idempotency_key, payload,
               who.login, who.role, who.actor, person, clock_timestamp()
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = target
            ON CONFLICT ON CONSTRAINT change_request_tenant_idempotency_key_key DO NOTHING
        RETURNING id INTO opened;
        EXIT WHEN FOUND;
    END LOOP;
    PERFORM shopanalytics._write_event(tenant, 'request_opened',
        jsonb_build_object('target', place, 'kind', kind, 'title', title), opened);
    RETURN opened;
END
$$;

-- Locks a request that the caller wants to go on with, and raises an error unless it is
-- his own and still open.
CREATE FUNCTION shopanalytics._own_request(request bigint) RETURNS shopanalytics.change_request
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request;
    person text;
BEGIN
    IF request IS NULL THEN
        RAISE EXCEPTION 'the request must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT * INTO r FROM shopanalytics.change_request c WHERE c.id = request FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'request % does not exist', request USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM shopanalytics._require_duty('propose', r.tenant, format('%I.%I', r.target_schema, r.target_table));
    person := shopanalytics._person();
    IF person <> r.proposer_person THEN
        RAISE EXCEPTION 'request % was proposed by "%"', request, r.proposer_person
            USING ERRCODE = 'SA014', HINT = 'Nobody else goes on with it: open another request.';
    END IF;
    IF r.state NOT IN ('draft', 'submitted', 'approved') THEN
        RAISE EXCEPTION 'request % is %', request, r.state
            USING ERRCODE = 'SA010', HINT = 'It stays as it is: open another request.';
    END IF;
    IF r.state <> 'draft' AND r.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'request % has expired', request USING ERRCODE = 'SA003', HINT = 'Open another request.';
    END IF;
    RETURN r;
END
$$;

-- The table of a request, if it can still be its target.
CREATE FUNCTION shopanalytics._request_target(r shopanalytics.change_request) RETURNS oid
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place text := format('%I.%I', r.target_schema, r.target_table);
    target oid := to_regclass(place);
BEGIN
    IF target IS NULL THEN
        RAISE EXCEPTION 'table % of request % is gone', place, r.id USING ERRCODE = 'SA011', HINT = 'Withdraw the request.';
    END IF;
    PERFORM shopanalytics._check_target(r.tenant, target);
    RETURN target;
END
$$;

-- Counts an edit of a locked request: a draft stays one, what was submitted becomes one
-- of the next revision, for which no approval counts.
CREATE FUNCTION shopanalytics._edited(r shopanalytics.change_request, more_items bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE shopanalytics.change_request c SET items = c.items + more_items WHERE c.id = r.id;
    IF r.state = 'draft' THEN
        RETURN;
    END IF;
    UPDATE shopanalytics.change_request c
       SET revision = c.revision + 1, content_hash = NULL, high_risk = NULL, approvals_needed = NULL, submitted_at = NULL, expires_at = NULL
     WHERE c.id = r.id;
    PERFORM shopanalytics._set_state(r.id, 'draft');
END
$$;

REVOKE ALL ON FUNCTION
    shopanalytics._require_any_duty(text, text),
    shopanalytics._own_request(bigint),
    shopanalytics._edited(shopanalytics.change_request, bigint) FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.cr_open(text, regclass, text, text, text, text) IS 'opens a change request as a draft, and returns its number';
