-- Runs quality checks and keeps what they found.
--
-- Security definer: results are evidence, and only this function writes them.  What the
-- checks' authors wrote is run with the authors' rights, by _query_as(), and by no
-- means with those of the caller or of this function's owner.

-- Volatile and parallel unsafe because it writes.  Not strict: a null is an error where
-- it does not mean all.
CREATE FUNCTION shopanalytics.dq_run(
    tenant text,
    names text[] DEFAULT NULL,
    target regclass DEFAULT NULL,
    as_of timestamptz DEFAULT NULL,
    max_keys integer DEFAULT 1000,
    check_timeout interval DEFAULT '5 minutes',
    OUT run bigint,
    OUT check_name text,
    OUT target_name text,
    OUT status text,
    OUT severity text,
    OUT rows_evaluated bigint,
    OUT rows_failed bigint,
    OUT value numeric,
    OUT expected text,
    OUT message text)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    started_at constant timestamptz := clock_timestamp();
    moment constant timestamptz := coalesce(as_of, now());
    milliseconds constant numeric := extract(epoch FROM check_timeout) * 1000;
    missing text;
    ids bigint[];
    c shopanalytics.dq_check;
    measured record;
    result shopanalytics.dq_result;
    place text;
    worst text := 'ok';
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    IF array_position(names, NULL) IS NOT NULL OR num_nulls(max_keys, check_timeout) > 0 THEN
        RAISE EXCEPTION 'max_keys and check_timeout must not be null, and names must not hold nulls' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF max_keys NOT BETWEEN 0 AND 100000 THEN
        PERFORM shopanalytics._dq_wrong(format('max_keys must be from 0 to 100000, not %s', max_keys));
    END IF;
    IF milliseconds < 1 OR milliseconds > 86400000 THEN
        PERFORM shopanalytics._dq_wrong(format('check_timeout must be from a millisecond to a day, not %s', check_timeout));
    END IF;
    IF NOT isfinite(moment) THEN
        PERFORM shopanalytics._dq_wrong('as_of must not be infinite');
    END IF;

    -- the duty first, so that nobody learns what checks there are
    IF target IS NULL THEN
        FOR place IN SELECT DISTINCT format('%I.%I', d.target_schema, d.target_table) FROM shopanalytics.dq_check d
                      WHERE d.tenant = dq_run.tenant AND (d.name = ANY (names) OR names IS NULL AND d.enabled) ORDER BY 1 LOOP
            PERFORM shopanalytics._require_duty('dq_admin', tenant, place);
        END LOOP;
        IF place IS NULL THEN
            PERFORM shopanalytics._require_duty('dq_admin', tenant, '*');
        END IF;
    ELSE
        SELECT format('%I.%I', r.schema_name, r.table_name) INTO place FROM shopanalytics._dq_relation(tenant, target) r;
        PERFORM shopanalytics._require_duty('dq_admin', tenant, place);
    END IF;
    SELECT string_agg(quote_literal(n), ', ' ORDER BY n) INTO missing FROM unnest(names) n
     WHERE NOT EXISTS (SELECT FROM shopanalytics.dq_check d WHERE d.tenant = dq_run.tenant AND d.name = n
                          AND (target IS NULL OR format('%I.%I', d.target_schema, d.target_table) = place));
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'tenant "%" has no check %', tenant, missing
            USING ERRCODE = 'undefined_object', HINT = 'SELECT name FROM shopanalytics.dq_check lists the checks.';
    END IF;
    -- a check that is not enabled is run when it is named
    SELECT array_agg(d.id ORDER BY d.id) INTO ids FROM shopanalytics.dq_check d
     WHERE d.tenant = dq_run.tenant AND (d.name = ANY (names) OR names IS NULL AND d.enabled)
       AND (target IS NULL OR format('%I.%I', d.target_schema, d.target_table) = place);
    IF ids IS NULL THEN
        RAISE EXCEPTION 'tenant "%" has no checks to run', tenant
            USING ERRCODE = 'undefined_object',
                  HINT = 'Define some by shopanalytics.dq_check_add(), shopanalytics.dq_adopt() or, for a store, shopanalytics.dq_store_checks().';
    END IF;

    INSERT INTO shopanalytics.dq_run AS r (tenant, started_at, finished_at, as_of, checks, severity, login, role, actor, source)
    SELECT dq_run.tenant, started_at, started_at, moment, cardinality(ids), 'ok', w.login, w.role, w.actor, w.source FROM shopanalytics._who() w
    RETURNING r.id INTO run;

    FOR measured IN SELECT * FROM shopanalytics._dq_measure(ids, moment, max_keys, milliseconds::integer) LOOP
        -- one run of a check after the other: the alerts are counted
        SELECT d.* INTO c FROM shopanalytics.dq_check d WHERE d.id = measured.check_id FOR NO KEY UPDATE;
        CONTINUE WHEN NOT FOUND;
        result := shopanalytics._dq_store(c, run, moment, measured.figures, measured.keys, measured.code, measured.message, measured.duration_us);
        PERFORM shopanalytics._dq_alert(c.id, result.id, result.status, result.severity, moment);
        check_name := result.check_name;
        target_name := result.target;
        status := result.status;
        severity := result.severity;
        rows_evaluated := result.rows_evaluated;
        rows_failed := result.rows_failed;
        value := result.value;
        expected := result.expected;
        message := result.message;
        worst := CASE WHEN 'fail' IN (worst, severity) THEN 'fail' WHEN 'warn' IN (worst, severity) THEN 'warn' ELSE 'ok' END;
        RETURN NEXT;
    END LOOP;
    UPDATE shopanalytics.dq_run r SET finished_at = clock_timestamp(), severity = worst WHERE r.id = run;
END
$$;

-- Keeps what a check found: the result, the keys, its place in the history.
CREATE FUNCTION shopanalytics._dq_store(
    c shopanalytics.dq_check,
    run bigint,
    as_of timestamptz,
    figures jsonb,
    keys jsonb,
    code text,
    message text,
    duration_us numeric) RETURNS shopanalytics.dq_result
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
    stored shopanalytics.dq_result;
BEGIN
    IF code IS NULL THEN
        found := shopanalytics._dq_judge(c, figures, as_of);
    ELSE
        SELECT 'error' AS status, 'fail' AS severity, left(_dq_store.message, 500) AS message, NULL::text AS expected, NULL::numeric AS value,
               NULL::bigint AS rows_total, NULL::bigint AS rows_filtered, NULL::bigint AS rows_evaluated, NULL::bigint AS rows_missing, NULL::bigint AS rows_failed
          INTO found;
        figures := NULL;
        keys := '[]';
    END IF;
    INSERT INTO shopanalytics.dq_result AS r
        (run, tenant, check_id, check_name, target, kind, dimension, status, severity,
         rows_total, rows_filtered, rows_evaluated, rows_missing, rows_failed, distinct_values, dup_surplus, dup_rows, dup_groups,
         value, expected, nulls, keys_kept, code, message, duration_ms)
    VALUES (_dq_store.run, c.tenant, c.id, c.name, format('%I.%I', c.target_schema, c.target_table), c.kind, c.dimension, found.status, found.severity,
            found.rows_total, found.rows_filtered, found.rows_evaluated, found.rows_missing, found.rows_failed,
            (figures ->> 'distinct')::bigint, (figures ->> 'dup_surplus')::bigint, CASE c.kind WHEN 'unique' THEN (figures ->> 'bad')::bigint END, (figures ->> 'dup_groups')::bigint,
            found.value, found.expected, c.nulls, jsonb_array_length(keys), _dq_store.code, found.message, round(duration_us / 1000, 3))
    RETURNING r.* INTO stored;
    INSERT INTO shopanalytics.dq_failure (result, place, tenant, key)
    SELECT stored.id, k.place, c.tenant, k.key FROM jsonb_array_elements(keys) WITH ORDINALITY AS k (key, place);
    IF stored.value IS NOT NULL AND stored.status <> 'no_data' THEN
        INSERT INTO shopanalytics.dq_metric (check_id, revision, result, tenant, at, value, is_baseline)
        VALUES (c.id, c.revision, stored.id, c.tenant, as_of, stored.value, stored.status IN ('pass', 'learning'));
    END IF;
    RETURN stored;
END
$$;

REVOKE ALL ON FUNCTION shopanalytics._dq_store(shopanalytics.dq_check, bigint, timestamptz, jsonb, jsonb, text, text, numeric) FROM PUBLIC;
REVOKE ALL ON FUNCTION shopanalytics._dq_measure(bigint[], timestamptz, integer, integer), shopanalytics._dq_measure_common(bigint[], timestamptz, integer, integer) FROM PUBLIC;

-- Security definer, as dq_run() is.  Not strict: a null is an error.
CREATE FUNCTION shopanalytics.dq_accept(result bigint, comment text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r shopanalytics.dq_result;
BEGIN
    IF result IS NULL THEN
        RAISE EXCEPTION 'the result must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT * INTO r FROM shopanalytics.dq_result d WHERE d.id = result FOR UPDATE;
    PERFORM shopanalytics._require_duty('dq_admin', coalesce(r.tenant, '*'), coalesce(r.target, '*'));
    IF r.id IS NULL THEN
        RAISE EXCEPTION 'result % does not exist', result USING ERRCODE = 'undefined_object';
    END IF;
    IF r.status NOT IN ('fail', 'warn') OR r.accepted THEN
        RAISE EXCEPTION 'result % is not to be accepted: it is %', result, CASE WHEN r.accepted THEN 'accepted already' ELSE r.status END
            USING ERRCODE = 'SA010', HINT = 'What can be accepted is a result with the status warn or fail.';
    END IF;
    UPDATE shopanalytics.dq_result d SET accepted = true WHERE d.id = r.id;
    UPDATE shopanalytics.dq_metric m SET is_baseline = true WHERE m.result = r.id;
    UPDATE shopanalytics.dq_alert a
       SET status = 'resolved', resolved_at = clock_timestamp(), comment = dq_accept.comment, person = (SELECT coalesce(w.person, w.login) FROM shopanalytics.whoami() w)
     WHERE a.result = r.id AND a.status <> 'resolved';
    PERFORM shopanalytics._write_event(r.tenant, 'dq_accepted', jsonb_build_object('result', r.id, 'check', r.check_name, 'value', r.value, 'comment', comment));
END
$$;

COMMENT ON FUNCTION shopanalytics.dq_run(text, text[], regclass, timestamptz, integer, interval) IS 'runs the quality checks of a tenant, or some of them, and keeps the results; one row per check';
COMMENT ON FUNCTION shopanalytics.dq_accept(bigint, text) IS 'takes the value of a result that did not pass into the history, and resolves its alert';
