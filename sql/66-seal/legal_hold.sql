-- Legal holds: what must not be erased or dropped until somebody lifts the hold.

CREATE TABLE shopanalytics.legal_hold (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    scope text NOT NULL,
    subject jsonb,
    reason text NOT NULL,
    placed_at timestamptz NOT NULL,
    lifted_at timestamptz
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.legal_hold', '');
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.legal_hold_id_seq', '');

COMMENT ON TABLE shopanalytics.legal_hold IS 'what must be kept for the law; legal_hold_add and legal_hold_lift change it';
COMMENT ON COLUMN shopanalytics.legal_hold.tenant IS 'tenant whose data is held, * for every tenant';
COMMENT ON COLUMN shopanalytics.legal_hold.scope IS 'table that is held, as schema.table; * for everything of the tenant';
COMMENT ON COLUMN shopanalytics.legal_hold.subject IS 'who it is about, as for erase_subject; null for everybody, and when it was lifted';
COMMENT ON COLUMN shopanalytics.legal_hold.lifted_at IS 'when it ended; null while it is in force';

-- Not strict: a null is an error, but for the subject.  Security definer: writes a table
-- that nobody else may write, after the caller's duty was checked; so is the next one.
CREATE FUNCTION shopanalytics.legal_hold_add(tenant text, reason text, scope text DEFAULT '*', subject jsonb DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place text := shopanalytics._scope(scope);
    hold bigint;
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    IF reason IS NULL THEN
        RAISE EXCEPTION 'the reason must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    -- who erases may forbid it, and lets somebody else allow it again
    PERFORM shopanalytics._require_duty(CASE WHEN shopanalytics.has_duty('erase', tenant, place) THEN 'erase' ELSE 'admin' END, tenant, place);
    IF subject IS NOT NULL THEN
        PERFORM shopanalytics._check_subject(tenant, subject);
    END IF;

    INSERT INTO shopanalytics.legal_hold (tenant, scope, subject, reason, placed_at)
    VALUES (legal_hold_add.tenant, place, legal_hold_add.subject, legal_hold_add.reason, clock_timestamp()) RETURNING id INTO hold;
    -- without the subject, as events cannot be erased
    PERFORM shopanalytics._write_event(tenant, 'legal_hold_added', jsonb_build_object('hold', hold, 'scope', place, 'reason', reason));
    RETURN hold;
END
$$;

CREATE FUNCTION shopanalytics.legal_hold_lift(hold bigint, reason text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    lifted shopanalytics.legal_hold;
BEGIN
    IF num_nulls(hold, reason) > 0 THEN
        RAISE EXCEPTION 'the hold and the reason must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT * INTO lifted FROM shopanalytics.legal_hold h WHERE h.id = hold;
    -- of a hold that is not there nobody but an administrator learns
    PERFORM shopanalytics._require_duty('admin', coalesce(lifted.tenant, '*'), coalesce(lifted.scope, '*'));
    UPDATE shopanalytics.legal_hold h SET lifted_at = clock_timestamp(), subject = NULL WHERE h.id = hold AND h.lifted_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM shopanalytics._write_event(lifted.tenant, 'legal_hold_lifted', jsonb_build_object('hold', hold, 'scope', lifted.scope, 'reason', reason));
    RETURN true;
END
$$;

ALTER TABLE shopanalytics.legal_hold ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.legal_hold TO PUBLIC;
CREATE POLICY seen ON shopanalytics.legal_hold FOR SELECT
    USING (shopanalytics.has_duty('admin', tenant, scope) OR shopanalytics.has_duty('erase', tenant, scope));

COMMENT ON FUNCTION shopanalytics.legal_hold_add(text, text, text, jsonb) IS 'forbids that something is erased or dropped; the number of the hold';
COMMENT ON FUNCTION shopanalytics.legal_hold_lift(bigint, text) IS 'ends a legal hold; false when there was none in force';
