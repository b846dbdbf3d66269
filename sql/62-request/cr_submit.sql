-- cr_submit() makes a draft a proposal: its content is hashed, and the policy of the
-- table says how many must approve it, and until when.

-- The root of a Merkle tree whose first leaf is the request and whose others are its
-- items, ordered by their keys as bytes.  A leaf is the text of a jsonb object in UTF-8:
-- the same in every session, and where a dump is restored.  Stable, as it reads; strict,
-- as of no request there is no hash.
CREATE FUNCTION shopanalytics._content_hash(request bigint) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT encode(shopanalytics.merkle_root(leaf.bytes ORDER BY leaf.place NULLS FIRST), 'hex')
          FROM (SELECT NULL::bytea AS place,
                       shopanalytics._bytes(jsonb_build_object('format', 1, 'request', c.id, 'revision', c.revision, 'tenant', c.tenant, 'kind', c.kind,
                           'schema', c.target_schema, 'table', c.target_table, 'title', c.title, 'reason', c.reason, 'proposer', c.proposer_person,
                           'reverts', c.reverts, 'revert_mode', c.revert_mode)::text) AS bytes
                  FROM shopanalytics.change_request c WHERE c.id = _content_hash.request
                UNION ALL
                SELECT shopanalytics._bytes(i.key::text),
                       shopanalytics._bytes(jsonb_build_object('op', i.op, 'key', i.key, 'before', i.before, 'after', i.after,
                           'rule', i.rule, 'confidence', i.confidence)::text)
                  FROM shopanalytics.change_item i WHERE i.request = _content_hash.request) leaf);
END
$$;

-- Whether a number of items is more than a share, if there is a limit, of the rows of a
-- table that the caller can see.  No more rows are counted than it takes to say no.
CREATE FUNCTION shopanalytics._exceeds_share(target oid, items bigint, share numeric) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- as many rows are enough
    enough numeric := CASE WHEN share > 0 THEN ceil(items / share) END;
BEGIN
    IF share IS NULL OR enough IS NULL OR enough > 1e15 THEN
        RETURN share IS NOT NULL;
    END IF;
    RETURN (SELECT q::numeric < enough
              FROM shopanalytics._as_role(shopanalytics._caller(), format('SELECT to_jsonb(count(*)) FROM (SELECT FROM %s LIMIT ($1 #>> ''{}'')::numeric::bigint) t',
                                          shopanalytics._relation_name(target)), to_jsonb(enough)) q);
END
$$;

-- Submits a locked draft, and returns the hash of its content.  A safe rollback is
-- approved by this alone where the policy says so.  A duration is added as in UTC,
-- whatever the session's time zone.
CREATE FUNCTION shopanalytics._cr_submit(request bigint) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    r shopanalytics.change_request;
    target oid;
    policy record;
    has_delete boolean;
    risky boolean;
    needed integer;
    hash text := shopanalytics._content_hash(request);
    moment timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO STRICT r FROM shopanalytics.change_request c WHERE c.id = request;
    target := shopanalytics._request_target(r);
    IF r.items = 0 THEN
        RAISE EXCEPTION 'request % has no items', request
            USING ERRCODE = 'SA010', HINT = format('SELECT shopanalytics.cr_add(%s, ...) or shopanalytics.cr_add_query(%s, ...) adds some.', request, request);
    END IF;
    SELECT * INTO policy FROM shopanalytics.policy_for(r.tenant, shopanalytics._relation_name(target));
    has_delete := EXISTS (SELECT FROM shopanalytics.change_item i WHERE i.request = r.id AND i.op = 'D');
    risky := has_delete OR r.items > coalesce(policy.max_rows, r.items) OR shopanalytics._exceeds_share(target, r.items, policy.max_share);
    needed := CASE WHEN r.revert_mode = 'safe' AND policy.auto_approve THEN 0 ELSE policy.min_approvals + risky::integer END;

    UPDATE shopanalytics.change_request c
       SET content_hash = hash, high_risk = risky, approvals_needed = needed, submitted_at = moment, expires_at = moment + policy.expiry
     WHERE c.id = r.id;
    PERFORM shopanalytics._set_state(r.id, 'submitted', jsonb_build_object('content_hash', hash, 'items', r.items, 'high_risk', risky, 'approvals_needed', needed));
    IF needed = 0 THEN
        PERFORM shopanalytics._set_state(r.id, 'approved', jsonb_build_object('content_hash', hash, 'by', 'policy'));
    END IF;
    RETURN hash;
END
$$;

-- What was submitted already stays so, and its hash is returned again.
CREATE FUNCTION shopanalytics.cr_submit(request bigint) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request := shopanalytics._own_request(request);
BEGIN
    IF r.state <> 'draft' THEN
        RETURN r.content_hash;
    END IF;
    RETURN shopanalytics._cr_submit(r.id);
END
$$;

REVOKE ALL ON FUNCTION
    shopanalytics._content_hash(bigint),
    shopanalytics._exceeds_share(oid, bigint, numeric),
    shopanalytics._cr_submit(bigint) FROM PUBLIC;

COMMENT ON FUNCTION shopanalytics.cr_submit(bigint) IS 'submits a change request for approval, and returns the hash of its content';
