-- tick(): runs what is due.  Each job has two transactions, one that notes that it runs
-- and one that runs it and notes what became of it, so the note is there whatever
-- happens; and an advisory lock of the session from before the first until after the
-- second.  A run that is noted as running and whose lock is free has been lost.

-- Whether a job is to be run by who whoami() says.
CREATE FUNCTION shopanalytics._is_job_of(job shopanalytics.job, role text, login text, is_trusted_broker boolean) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN job.run_as OPERATOR(pg_catalog.=) role
           AND (job.command OPERATOR(pg_catalog.<>) 'sql' OR job.author_login OPERATOR(pg_catalog.=) login AND NOT is_trusted_broker);

-- The tenants whose jobs who logged in may run, * for all; an error when there are none.
CREATE FUNCTION shopanalytics._check_may_tick() RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tenants text[] := ARRAY(SELECT d.tenant FROM shopanalytics.duty d WHERE d.duty IN ('apply', 'admin') AND d.scope = '*' AND shopanalytics._is_member(d.role_name)
                            UNION SELECT '*' WHERE shopanalytics._owns_extension());
BEGIN
    IF tenants = '{}' THEN
        RAISE EXCEPTION 'login "%" does not have the duty "apply" or "admin" for any tenant', session_user
            USING ERRCODE = 'SA006',
                  HINT = 'Somebody with the duty admin gives duties by shopanalytics.grant_duty().';
    END IF;
    RETURN tenants;
END
$$;

-- Not for users: the jobs that are due and this session's to run, the longest due
-- first.  One whose schedule or zone is known no longer does not stop the others.
-- Security definer, as the two below: whoever may call it has only his own jobs run.
CREATE FUNCTION shopanalytics._due_jobs(at timestamptz, OUT tenants text[], OUT names text[])
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    job shopanalytics.job;
    due timestamptz;
    dues timestamptz[] := '{}';
    may_run text[] := shopanalytics._check_may_tick();
BEGIN
    IF at IS NULL THEN
        RAISE EXCEPTION 'the time of a tick must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF at > clock_timestamp() THEN
        RAISE EXCEPTION 'the time of a tick is %, which is in the future', at
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Jobs would be taken for run until then; shopanalytics.run_job() runs a job at any time.';
    END IF;

    tenants := '{}';
    names := '{}';
    FOR job IN SELECT j.* FROM shopanalytics.whoami() w, shopanalytics.job j
                WHERE j.enabled AND j.handled_until < at AND ('*' = ANY (may_run) OR j.tenant = ANY (may_run))
                  AND shopanalytics._is_job_of(j, w.role, w.login, w.is_trusted_broker)
                ORDER BY j.tenant, j.name
    LOOP
        due := shopanalytics._next_time(job.schedule, job.handled_until, job.timezone);
        IF due <= at THEN
            tenants := tenants || job.tenant;
            names := names || job.name;
            dues := dues || due;
        END IF;
    END LOOP;
    SELECT coalesce(array_agg(d.tenant ORDER BY d.due, d.n), '{}'), coalesce(array_agg(d.name ORDER BY d.due, d.n), '{}') INTO tenants, names
      FROM unnest(tenants, names, dues) WITH ORDINALITY d (tenant, name, due, n);
END
$$;

-- Not for users: notes that this session runs a job now, or that it does not, in which
-- case run is null.  By a tick for the time that is due; by run_job, without a time,
-- at once.
CREATE FUNCTION shopanalytics._job_begin(tenant text, name text, at timestamptz, OUT run bigint, OUT lock bigint, OUT command text, OUT args jsonb, OUT author text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    job shopanalytics.job;
    first_due timestamptz;
    last_due timestamptz := clock_timestamp();
    times bigint := 1;
BEGIN
    PERFORM shopanalytics._require_duty(CASE WHEN shopanalytics.has_duty('apply', tenant) THEN 'apply' ELSE 'admin' END, tenant, '*');
    -- Another tick is just taking it, or somebody changing it: there will be another.
    SELECT * INTO job FROM shopanalytics.job j WHERE j.tenant = _job_begin.tenant AND j.name = _job_begin.name FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND OR NOT (SELECT shopanalytics._is_job_of(job, w.role, w.login, w.is_trusted_broker) FROM shopanalytics.whoami() w) THEN
        RETURN;
    END IF;
    IF at IS NOT NULL THEN
        IF NOT job.enabled OR at <= job.handled_until OR at > clock_timestamp() THEN
            RETURN;
        END IF;
        SELECT d.first, d.last, d.times INTO first_due, last_due, times
          FROM shopanalytics._cron_due(job.schedule, job.handled_until, at, job.timezone) d;
        IF times = 0 THEN
            RETURN;
        END IF;
    END IF;

    lock := shopanalytics._job_lock(tenant, name);
    IF NOT pg_try_advisory_lock(lock) THEN
        IF at IS NULL THEN
            RAISE EXCEPTION 'job "%" of tenant "%" is running already', name, tenant
                USING ERRCODE = 'SA052', HINT = 'SELECT * FROM shopanalytics.job_status shows since when; try again when it has ended.';
        ELSIF job.overlap = 'queue' THEN
            UPDATE shopanalytics.job j SET queued_for = last_due WHERE j.tenant = job.tenant AND j.name = job.name;
        ELSE
            PERFORM shopanalytics._job_left_out(job, last_due, times - 1, 'skipped', 'the run before had not ended');
        END IF;
        RETURN;
    END IF;
    UPDATE shopanalytics.job_run r SET state = 'lost', finished = clock_timestamp(), message = 'the session that ran it ended'
     WHERE r.tenant = job.tenant AND r.job = job.name AND r.state = 'running';

    IF job.catch_up = 'all' AND at IS NOT NULL THEN
        last_due := first_due;
        times := 1;
    ELSIF job.catch_up = 'none' AND last_due < at - job.grace AND job.queued_for IS NULL THEN
        PERFORM shopanalytics._job_left_out(job, last_due, times - 1, 'missed', 'no tick came in time');
        PERFORM pg_advisory_unlock(lock);
        RETURN;
    END IF;
    INSERT INTO shopanalytics.job_run (tenant, job, scheduled_for, missed, started, state, login, pid)
    VALUES (job.tenant, job.name, last_due, times - 1, clock_timestamp(), 'running', session_user, pg_backend_pid())
    RETURNING id INTO run;
    IF at IS NOT NULL THEN
        UPDATE shopanalytics.job j SET handled_until = last_due, queued_for = NULL WHERE j.tenant = job.tenant AND j.name = job.name;
    END IF;
    command := job.command;
    args := job.args;
    author := job.author;
END
$$;

-- Notes a time of the schedule at which the job did not run, with those before it.
CREATE FUNCTION shopanalytics._job_left_out(job shopanalytics.job, scheduled_for timestamptz, missed bigint, state text, message text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    INSERT INTO shopanalytics.job_run (tenant, job, scheduled_for, missed, finished, state, login, pid, message)
    VALUES (job.tenant, job.name, _job_left_out.scheduled_for, _job_left_out.missed, pg_catalog.clock_timestamp(), _job_left_out.state, session_user, pg_catalog.pg_backend_pid(), _job_left_out.message);
    UPDATE shopanalytics.job j SET handled_until = _job_left_out.scheduled_for, queued_for = NULL
     WHERE j.tenant OPERATOR(pg_catalog.=) job.tenant AND j.name OPERATOR(pg_catalog.=) job.name;
END;
REVOKE ALL ON FUNCTION shopanalytics._job_left_out(shopanalytics.job, timestamptz, bigint, text, text) FROM PUBLIC;

-- Runs the command with the caller's rights, all or nothing.  What is deferred to the
-- commit is checked before, where an error can be noted.  A job is done for its author:
-- of a trusted broker he is the person that counts.
CREATE FUNCTION shopanalytics._job_execute(tenant text, command text, args jsonb, author text, OUT code text, OUT message text)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET client_min_messages = warning
AS $$
DECLARE
    run record;
    detail text;
    row_count bigint;
BEGIN
    PERFORM set_config('shopanalytics.actor', author, true);
    run := shopanalytics._job_statement(tenant, command, args);
    IF run.returns_text THEN
        EXECUTE run.statement INTO message;
    ELSE
        EXECUTE run.statement;
        GET DIAGNOSTICS row_count = ROW_COUNT;
        IF command = 'sql' THEN
            message := 'rows: ' || row_count;
        END IF;
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    message := left(message, 1000);
EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    message := left(concat_ws(E'\n', message, nullif(detail, '')), 1000);
END
$$;

-- Not for users: notes what became of a run of this session, and forgets the old ones.
CREATE FUNCTION shopanalytics._job_end(run bigint, code text, message text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ended shopanalytics.job_run;
BEGIN
    UPDATE shopanalytics.job_run r
       SET state = CASE WHEN _job_end.code IS NULL THEN 'done' ELSE 'failed' END, finished = clock_timestamp(),
           code = _job_end.code, message = _job_end.message
     WHERE r.id = run AND r.state = 'running' AND r.pid = pg_backend_pid() AND r.login = session_user
    RETURNING * INTO ended;
    DELETE FROM shopanalytics.job_run r USING shopanalytics.job j
     WHERE j.tenant = ended.tenant AND j.name = ended.job AND r.tenant = j.tenant AND r.job = j.name
       AND r.id < ended.id AND r.finished < clock_timestamp() - j.keep;
END
$$;

-- A driver that commits can have no settings of its own, so every name is qualified
-- and nothing is decided here.  It runs whatever the session may run, and a second one
-- at the same time what is left.
CREATE PROCEDURE shopanalytics.tick(now timestamptz DEFAULT pg_catalog.clock_timestamp())
    LANGUAGE plpgsql
AS $$
DECLARE
    due record;
    begun record;
    outcome record;
    has_run boolean;
BEGIN
    -- fails within a transaction block, before anything has begun
    COMMIT;
    -- a crontab may well be on both machines
    IF pg_catalog.pg_is_in_recovery() THEN
        RETURN;
    END IF;

    -- Again, until there is nothing: a job may have several times to catch up with.
    LOOP
        has_run := false;
        due := shopanalytics._due_jobs(now);
        FOR i IN 1 .. pg_catalog.cardinality(due.names) LOOP
            begun := shopanalytics._job_begin(due.tenants[i], due.names[i], now);
            COMMIT;
            IF begun.run IS NOT NULL THEN
                has_run := true;
                outcome := shopanalytics._job_execute(due.tenants[i], begun.command, begun.args, begun.author);
                PERFORM shopanalytics._job_end(begun.run, outcome.code, outcome.message);
                COMMIT;
                PERFORM pg_catalog.pg_advisory_unlock(begun.lock);
                IF outcome.code IS NOT NULL THEN
                    RAISE WARNING 'job "%" of tenant "%" failed: %', due.names[i], due.tenants[i], outcome.message;
                    PERFORM shopanalytics._stop_if_cancelled(outcome.code);
                END IF;
            END IF;
        END LOOP;
        EXIT WHEN NOT has_run;
    END LOOP;
END
$$;

-- Who cancels a job wants no others to run.
CREATE FUNCTION shopanalytics._stop_if_cancelled(code text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF code = '57014' THEN
        RAISE EXCEPTION 'the job was cancelled, and the tick with it' USING ERRCODE = 'query_canceled';
    END IF;
END
$$;

-- Runs one job now, due or not, enabled or not, and fails if it fails.  The times of
-- its schedule stay as they are.
CREATE PROCEDURE shopanalytics.run_job(tenant text, name text)
    LANGUAGE plpgsql
AS $$
DECLARE
    begun record;
    outcome record;
BEGIN
    COMMIT;
    PERFORM shopanalytics._check_run_job(tenant, name);
    begun := shopanalytics._job_begin(tenant, name, NULL);
    COMMIT;
    PERFORM shopanalytics._check_begun(tenant, name, begun.run);
    outcome := shopanalytics._job_execute(tenant, begun.command, begun.args, begun.author);
    PERFORM shopanalytics._job_end(begun.run, outcome.code, outcome.message);
    COMMIT;
    PERFORM pg_catalog.pg_advisory_unlock(begun.lock);
    IF outcome.code IS NOT NULL THEN
        RAISE EXCEPTION 'job "%" of tenant "%" failed: %', name, tenant, outcome.message USING ERRCODE = outcome.code;
    END IF;
END
$$;

-- Raises an error unless there is such a job and it is this session's to run.
-- Security definer: what the caller's duty allows is checked first.
CREATE FUNCTION shopanalytics._check_run_job(tenant text, name text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    job shopanalytics.job;
    who record;
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    IF name IS NULL THEN
        RAISE EXCEPTION 'the name of the job must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF NOT shopanalytics.has_duty('admin', tenant) AND NOT shopanalytics.has_duty('apply', tenant) THEN
        RAISE EXCEPTION 'login "%" does not have the duty "apply" or "admin" for tenant "%"', session_user, tenant
            USING ERRCODE = 'SA006',
                  HINT = 'Somebody with the duty admin gives duties by shopanalytics.grant_duty().';
    END IF;
    SELECT * INTO job FROM shopanalytics.job j WHERE j.tenant = _check_run_job.tenant AND j.name = _check_run_job.name;
    IF NOT FOUND THEN
        PERFORM shopanalytics._no_such_job(tenant, name);
    END IF;
    SELECT * INTO who FROM shopanalytics.whoami();
    IF NOT shopanalytics._is_job_of(job, who.role, who.login, who.is_trusted_broker) THEN
        RAISE EXCEPTION 'job "%" of tenant "%" is not for login "%" with role "%" to run', name, tenant, who.login, who.role
            USING ERRCODE = 'SA051',
                  HINT = CASE WHEN job.command = 'sql' THEN format('It is SQL of login %I, run as %I.', job.author_login, job.run_as)
                              ELSE format('It runs as %I: log in as that role, or SET ROLE to it.', job.run_as) END;
    END IF;
END
$$;

-- Somebody else has the job's row locked.
CREATE FUNCTION shopanalytics._check_begun(tenant text, name text, run bigint) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF run IS NULL THEN
        RAISE EXCEPTION 'job "%" of tenant "%" is just being changed or begun by somebody else', name, tenant
            USING ERRCODE = 'SA052', HINT = 'Try again.';
    END IF;
END
$$;

COMMENT ON PROCEDURE shopanalytics.tick(timestamptz) IS 'runs the jobs that are due and this session''s to run, each in a transaction of its own';
COMMENT ON PROCEDURE shopanalytics.run_job(text, text) IS 'runs one job now, due or not, and fails if it fails';
