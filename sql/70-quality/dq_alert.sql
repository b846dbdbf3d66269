-- Alerts: a check that does not pass opens one, and the runs that follow count it up
-- rather than open another.

CREATE TABLE shopanalytics.dq_alert (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint text NOT NULL,
    tenant text NOT NULL,
    check_name text NOT NULL,
    target text NOT NULL,
    owner text,
    status text NOT NULL CONSTRAINT status_is_open_ack_or_resolved CHECK (status IN ('open', 'ack', 'resolved')),
    severity text NOT NULL,
    counter integer NOT NULL DEFAULT 1,
    result bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    notified_at timestamptz NOT NULL,
    resolved_at timestamptz,
    person text,
    comment text,
    attrs jsonb NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX dq_alert_unresolved ON shopanalytics.dq_alert (fingerprint) WHERE status <> 'resolved';
CREATE INDEX dq_alert_fingerprint ON shopanalytics.dq_alert (fingerprint, resolved_at);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.dq_alert', '');
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.dq_alert_id_seq', '');

COMMENT ON TABLE shopanalytics.dq_alert IS 'checks that did not pass; dq_alert_ack and dq_alert_resolve change it';
COMMENT ON COLUMN shopanalytics.dq_alert.fingerprint IS 'SHA-256 of tenant, check and target';
COMMENT ON COLUMN shopanalytics.dq_alert.owner IS 'owner of the check';
COMMENT ON COLUMN shopanalytics.dq_alert.status IS 'open, ack when somebody looks after it, resolved when it passed or somebody said so';
COMMENT ON COLUMN shopanalytics.dq_alert.counter IS 'runs in which the check did not pass';
COMMENT ON COLUMN shopanalytics.dq_alert.result IS 'the last of them, in dq_result';
COMMENT ON COLUMN shopanalytics.dq_alert.person IS 'who acknowledged or resolved it; null when it passed by itself';

ALTER TABLE shopanalytics.dq_alert ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.dq_alert TO PUBLIC;
CREATE POLICY seen ON shopanalytics.dq_alert FOR SELECT
    USING ((SELECT '*' OPERATOR(pg_catalog.=) ANY (shopanalytics._duty_tenants()))
           OR tenant OPERATOR(pg_catalog.=) ANY ((SELECT shopanalytics._duty_tenants())::text[]));

-- A result as the alerts see it.  One that is open, or was resolved less than the time
-- of suppression ago, goes on; NOTIFY is sent for a new one, a worse one, and again
-- after that time.  The caller has locked the check, so no other run comes between.
CREATE FUNCTION shopanalytics._dq_alert(check_id bigint, result bigint, status text, severity text, as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    c record;
    place text;
    mark text;
    alert shopanalytics.dq_alert;
    is_told boolean;
BEGIN
    SELECT d.* INTO c FROM shopanalytics.dq_check d WHERE d.id = check_id;
    place := format('%I.%I', c.target_schema, c.target_table);
    mark := encode(sha256(convert_to(jsonb_build_array(c.tenant, c.name, place)::text, 'UTF8')), 'hex');
    SELECT * INTO alert FROM shopanalytics.dq_alert a
     WHERE a.fingerprint = mark AND (a.status <> 'resolved' OR a.resolved_at > as_of - c.suppress)
     ORDER BY a.status = 'resolved', a.resolved_at DESC LIMIT 1
       FOR UPDATE;
    IF severity = 'ok' THEN
        IF status = 'pass' AND alert.status <> 'resolved' THEN
            UPDATE shopanalytics.dq_alert a SET status = 'resolved', resolved_at = as_of, person = NULL WHERE a.id = alert.id;
        END IF;
        RETURN;
    END IF;

    IF alert.id IS NULL THEN
        INSERT INTO shopanalytics.dq_alert AS a (fingerprint, tenant, check_name, target, owner, status, severity, result, first_at, last_at, notified_at)
        VALUES (mark, c.tenant, c.name, place, c.owner, 'open', severity, _dq_alert.result, as_of, as_of, as_of)
        RETURNING a.* INTO alert;
        is_told := true;
    ELSE
        is_told := alert.notified_at <= as_of - c.suppress OR alert.severity = 'warn' AND severity = 'fail';
        UPDATE shopanalytics.dq_alert a
           SET status = CASE a.status WHEN 'resolved' THEN 'open' ELSE a.status END, severity = _dq_alert.severity, counter = a.counter + 1, owner = c.owner,
               result = _dq_alert.result, last_at = as_of, resolved_at = NULL, notified_at = CASE WHEN is_told THEN as_of ELSE a.notified_at END
         WHERE a.id = alert.id;
    END IF;
    IF is_told THEN
        PERFORM pg_notify('shopanalytics_alert', alert.id::text);
    END IF;
END
$$;

REVOKE ALL ON FUNCTION shopanalytics._dq_alert(bigint, bigint, text, text, timestamptz) FROM PUBLIC;

-- Raises the same error for an alert of another tenant as for none at all.
CREATE FUNCTION shopanalytics._dq_move_alert(alert bigint, status text, comment text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    a shopanalytics.dq_alert;
BEGIN
    IF alert IS NULL THEN
        RAISE EXCEPTION 'the alert must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT * INTO a FROM shopanalytics.dq_alert d WHERE d.id = alert FOR UPDATE;
    PERFORM shopanalytics._require_duty('dq_admin', coalesce(a.tenant, '*'), coalesce(a.target, '*'));
    IF a.id IS NULL THEN
        RAISE EXCEPTION 'alert % does not exist', alert USING ERRCODE = 'undefined_object';
    END IF;
    IF a.status = 'resolved' OR a.status = _dq_move_alert.status THEN
        RAISE EXCEPTION 'alert % is % already', alert, CASE a.status WHEN 'ack' THEN 'acknowledged' ELSE a.status END USING ERRCODE = 'SA010';
    END IF;
    UPDATE shopanalytics.dq_alert d
       SET status = _dq_move_alert.status, person = (SELECT coalesce(w.person, w.login) FROM shopanalytics.whoami() w), comment = _dq_move_alert.comment,
           resolved_at = CASE _dq_move_alert.status WHEN 'resolved' THEN clock_timestamp() END
     WHERE d.id = alert;
    PERFORM shopanalytics._write_event(a.tenant, 'dq_alert_' || _dq_move_alert.status, jsonb_build_object('alert', alert, 'check', a.check_name, 'comment', comment));
END
$$;

REVOKE ALL ON FUNCTION shopanalytics._dq_move_alert(bigint, text, text) FROM PUBLIC;

-- Not strict: a null is an error.  Security definer, as dq_calendar_set() is.
CREATE FUNCTION shopanalytics.dq_alert_ack(alert bigint, comment text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM shopanalytics._dq_move_alert(alert, 'ack', comment);
END
$$;

CREATE FUNCTION shopanalytics.dq_alert_resolve(alert bigint, comment text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM shopanalytics._dq_move_alert(alert, 'resolved', comment);
END
$$;

COMMENT ON FUNCTION shopanalytics.dq_alert_ack(bigint, text) IS 'says that somebody looks after an alert';
COMMENT ON FUNCTION shopanalytics.dq_alert_resolve(bigint, text) IS 'says that an alert is done with';
