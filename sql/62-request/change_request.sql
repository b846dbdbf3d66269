-- Change requests: what is to change in one table, who proposed it, who agreed, and
-- what became of it.  A request moves only along the transitions below; one function
-- moves it and writes the event with it.

CREATE FUNCTION shopanalytics._request_kinds() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY['cleanse', 'manual', 'dedupe', 'impute', 'rollback', 'refund_fix'];

CREATE FUNCTION shopanalytics._request_states() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY['draft', 'submitted', 'approved', 'applying', 'applied', 'rejected', 'withdrawn', 'expired', 'rolled_back'];

CREATE TABLE shopanalytics.change_request (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    kind text NOT NULL CONSTRAINT kind_is_known CHECK (kind OPERATOR(pg_catalog.=) ANY (shopanalytics._request_kinds())),
    target_schema text NOT NULL,
    target_table text NOT NULL,
    title text NOT NULL,
    reason text,
    state text NOT NULL DEFAULT 'draft' CONSTRAINT state_is_known CHECK (state OPERATOR(pg_catalog.=) ANY (shopanalytics._request_states())),
    outcome text CONSTRAINT outcome_is_complete_or_partial CHECK (outcome IN ('complete', 'partial')),
    revision integer NOT NULL DEFAULT 1,
    content_hash text,
    items bigint NOT NULL DEFAULT 0,
    high_risk boolean,
    approvals_needed integer,
    idempotency_key text,
    payload_hash text,
    proposer_login text NOT NULL,
    proposer_role text NOT NULL,
    proposer_actor text,
    proposer_person text NOT NULL,
    reverts bigint REFERENCES shopanalytics.change_request,
    revert_mode text CONSTRAINT revert_mode_is_safe_or_force CHECK (revert_mode IN ('safe', 'force')),
    created_at timestamptz NOT NULL,
    submitted_at timestamptz,
    expires_at timestamptz,
    applied_at timestamptz,
    attrs jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT rollback_names_what_it_reverts CHECK ((kind OPERATOR(pg_catalog.=) 'rollback') OPERATOR(pg_catalog.=) (reverts IS NOT NULL AND revert_mode IS NOT NULL)),
    UNIQUE (tenant, idempotency_key)
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.change_request', '');
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.change_request_id_seq', '');

COMMENT ON TABLE shopanalytics.change_request IS 'requests to change rows of a table, and what became of them';
COMMENT ON COLUMN shopanalytics.change_request.tenant IS 'tenant that the table belongs to';
COMMENT ON COLUMN shopanalytics.change_request.kind IS 'cleanse, manual, dedupe, impute, rollback or refund_fix';
COMMENT ON COLUMN shopanalytics.change_request.state IS 'draft, submitted, approved, applying, applied, rejected, withdrawn, expired or rolled_back';
COMMENT ON COLUMN shopanalytics.change_request.outcome IS 'complete: every item did what it should; partial: the items tell which did not';
COMMENT ON COLUMN shopanalytics.change_request.revision IS 'counts the edits after the first submission; an approval is of one revision';
COMMENT ON COLUMN shopanalytics.change_request.content_hash IS 'hash of the request and all its items as submitted, in hexadecimal; an approval is of this content';
COMMENT ON COLUMN shopanalytics.change_request.items IS 'number of items';
COMMENT ON COLUMN shopanalytics.change_request.high_risk IS 'whether the policy of the table calls for one approval more';
COMMENT ON COLUMN shopanalytics.change_request.approvals_needed IS 'number of approvals needed, fixed when it was submitted';
COMMENT ON COLUMN shopanalytics.change_request.idempotency_key IS 'key under which a repeated call finds this request again';
COMMENT ON COLUMN shopanalytics.change_request.payload_hash IS 'hash of what was opened under the key';
COMMENT ON COLUMN shopanalytics.change_request.proposer_person IS 'person that may not approve it';
COMMENT ON COLUMN shopanalytics.change_request.reverts IS 'request whose changes this one takes back';
COMMENT ON COLUMN shopanalytics.change_request.revert_mode IS 'safe: only where nobody changed the value since; force: everywhere';
COMMENT ON COLUMN shopanalytics.change_request.expires_at IS 'after this it may be neither approved nor applied';
COMMENT ON COLUMN shopanalytics.change_request.attrs IS 'whatever else the proposer keeps with it';

-- One row of the target to insert, update or delete.  Images are objects of column
-- and value: before and after hold the changed columns, or the whole row where it is
-- inserted or deleted.
CREATE TABLE shopanalytics.change_item (
    request bigint NOT NULL REFERENCES shopanalytics.change_request,
    seq bigint NOT NULL,
    op text NOT NULL CONSTRAINT op_is_i_u_or_d CHECK (op IN ('I', 'U', 'D')),
    key jsonb NOT NULL,
    before jsonb,
    after jsonb,
    rule text,
    confidence numeric CONSTRAINT confidence_is_0_to_1 CHECK (confidence BETWEEN 0 AND 1),
    status text NOT NULL DEFAULT 'pending'
        CONSTRAINT status_is_known CHECK (status IN ('pending', 'applied', 'already', 'conflict', 'missing', 'error', 'skipped', 'rolled_back', 'rollback_conflict')),
    current jsonb,
    error text,
    applied_at timestamptz,
    PRIMARY KEY (request, seq),
    CONSTRAINT images_fit_op CHECK ((op OPERATOR(pg_catalog.=) 'I') OPERATOR(pg_catalog.=) (before IS NULL) AND (op OPERATOR(pg_catalog.=) 'D') OPERATOR(pg_catalog.=) (after IS NULL))
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.change_item', '');

COMMENT ON TABLE shopanalytics.change_item IS 'the rows that a change request inserts, updates or deletes, and what became of each';
COMMENT ON COLUMN shopanalytics.change_item.op IS 'I insert, U update, D delete';
COMMENT ON COLUMN shopanalytics.change_item.key IS 'primary key of the row';
COMMENT ON COLUMN shopanalytics.change_item.before IS 'values that the columns had when the change was proposed; the whole row of a delete';
COMMENT ON COLUMN shopanalytics.change_item.after IS 'values that the columns are to have; the whole row of an insert';
COMMENT ON COLUMN shopanalytics.change_item.rule IS 'rule that proposed it';
COMMENT ON COLUMN shopanalytics.change_item.confidence IS 'how sure the rule is, 0 to 1';
COMMENT ON COLUMN shopanalytics.change_item.status IS 'pending, applied, already, conflict, missing, error, skipped, rolled_back or rollback_conflict';
COMMENT ON COLUMN shopanalytics.change_item.current IS 'values that the columns had where there was a conflict';
COMMENT ON COLUMN shopanalytics.change_item.error IS 'why it could not be done';

CREATE TABLE shopanalytics.approval (
    request bigint NOT NULL REFERENCES shopanalytics.change_request,
    revision integer NOT NULL,
    person text NOT NULL,
    decision text NOT NULL CONSTRAINT decision_is_approve_or_reject CHECK (decision IN ('approve', 'reject')),
    content_hash text NOT NULL,
    login text NOT NULL,
    role text NOT NULL,
    actor text,
    comment text,
    at timestamptz NOT NULL,
    PRIMARY KEY (request, revision, person)
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.approval', '');

COMMENT ON TABLE shopanalytics.approval IS 'who approved or rejected which revision of a change request';
COMMENT ON COLUMN shopanalytics.approval.person IS 'person that decided: the login, or whom a trusted broker acted for';
COMMENT ON COLUMN shopanalytics.approval.content_hash IS 'content that was decided on';

-- The allowed transitions.
CREATE FUNCTION shopanalytics._request_transitions(OUT from_state text, OUT to_state text) RETURNS SETOF record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    VALUES ('draft', 'submitted'), ('draft', 'withdrawn'),
           ('submitted', 'approved'), ('submitted', 'rejected'), ('submitted', 'withdrawn'), ('submitted', 'expired'), ('submitted', 'draft'),
           ('approved', 'applying'), ('approved', 'withdrawn'), ('approved', 'expired'), ('approved', 'draft'),
           ('applying', 'approved'), ('applying', 'applied'),
           ('applied', 'rolled_back');
END;

-- Moves a request to another state, from one of those it may be in, and says so in an
-- event of the same transaction.  The caller holds the row's lock.
CREATE FUNCTION shopanalytics._set_state(request bigint, new_state text, detail jsonb DEFAULT '{}') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.change_request;
BEGIN
    SELECT * INTO STRICT r FROM shopanalytics.change_request c WHERE c.id = request FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM shopanalytics._request_transitions() t WHERE t.from_state = r.state AND t.to_state = new_state) THEN
        RAISE EXCEPTION 'request % is %, and cannot become %', request, r.state, new_state
            USING ERRCODE = 'SA010', HINT = 'SELECT * FROM shopanalytics.change_request shows the state of each request.';
    END IF;
    UPDATE shopanalytics.change_request c SET state = new_state WHERE c.id = request;
    PERFORM shopanalytics._write_event(r.tenant, 'request_' || new_state, detail || jsonb_build_object('revision', r.revision), request);
END
$$;
REVOKE ALL ON FUNCTION shopanalytics._set_state(bigint, text, jsonb) FROM PUBLIC;

-- Who has a duty for the tenant sees its requests; the subqueries are run once and not
-- for each of many items.
ALTER TABLE shopanalytics.change_request ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.change_request TO PUBLIC;
CREATE POLICY seen ON shopanalytics.change_request FOR SELECT
    USING ((SELECT shopanalytics.has_duty('admin') OR shopanalytics.has_duty('audit_read'))
           OR tenant OPERATOR(pg_catalog.=) ANY (SELECT d.tenant FROM shopanalytics.duty d WHERE shopanalytics._is_member(d.role_name))
           OR EXISTS (SELECT FROM shopanalytics.duty d WHERE d.tenant OPERATOR(pg_catalog.=) '*' AND shopanalytics._is_member(d.role_name)));

ALTER TABLE shopanalytics.change_item ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.change_item TO PUBLIC;
CREATE POLICY seen ON shopanalytics.change_item FOR SELECT
    USING (request OPERATOR(pg_catalog.=) ANY (SELECT c.id FROM shopanalytics.change_request c));

ALTER TABLE shopanalytics.approval ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.approval TO PUBLIC;
CREATE POLICY seen ON shopanalytics.approval FOR SELECT
    USING (request OPERATOR(pg_catalog.=) ANY (SELECT c.id FROM shopanalytics.change_request c));
