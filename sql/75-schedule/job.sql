-- Jobs: what is to be run when, for which tenant and with whose rights.  A job lends
-- nobody's rights: a session runs the jobs of its own role, and the SQL of its own
-- login alone.  A session that changed to another role for a job's sake could be
-- changed back by what it runs there: by the triggers, views and rules of a store.

-- What a job can run: routines of ours that may be left alone, by their names.
CREATE FUNCTION shopanalytics._job_commands() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY['stage', 'clean_run', 'qa_take', 'dq_run', 'dq_purge', 'cr_expire', 'audit_partitions', 'seal', 'retain'];

CREATE TABLE shopanalytics.job (
    tenant text NOT NULL,
    name text NOT NULL,
    schedule text NOT NULL,
    timezone text NOT NULL,
    command text NOT NULL,
    args jsonb NOT NULL,
    run_as text NOT NULL,
    overlap text NOT NULL CONSTRAINT overlap_is_known CHECK (overlap IN ('skip', 'queue')),
    catch_up text NOT NULL CONSTRAINT catch_up_is_known CHECK (catch_up IN ('none', 'one', 'all')),
    grace interval NOT NULL,
    keep interval NOT NULL,
    enabled boolean NOT NULL,
    author text NOT NULL,
    author_login text NOT NULL,
    handled_until timestamptz NOT NULL,
    queued_for timestamptz,
    attrs jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, name)
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.job', '');

CREATE TABLE shopanalytics.job_run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    job text NOT NULL,
    scheduled_for timestamptz NOT NULL,
    missed bigint NOT NULL,
    started timestamptz,
    finished timestamptz,
    state text NOT NULL CONSTRAINT state_is_known CHECK (state IN ('running', 'done', 'failed', 'lost', 'skipped', 'missed')),
    login text NOT NULL,
    pid integer NOT NULL,
    code text,
    message text,
    FOREIGN KEY (tenant, job) REFERENCES shopanalytics.job ON DELETE CASCADE
);
CREATE INDEX job_run_of_job ON shopanalytics.job_run (tenant, job, id);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.job_run', '');
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.job_run_id_seq', '');

COMMENT ON TABLE shopanalytics.job IS 'what tick runs; job_add, job_alter and job_remove change it';
COMMENT ON COLUMN shopanalytics.job.tenant IS 'tenant that the job is for, * for what concerns every tenant';
COMMENT ON COLUMN shopanalytics.job.schedule IS 'when: a cron expression, a name such as @daily or an interval';
COMMENT ON COLUMN shopanalytics.job.timezone IS 'time zone of the schedule';
COMMENT ON COLUMN shopanalytics.job.command IS 'what: a routine of shopanalytics, or sql';
COMMENT ON COLUMN shopanalytics.job.args IS 'arguments of the routine by name; of sql, the text as query';
COMMENT ON COLUMN shopanalytics.job.run_as IS 'role with whose rights it runs: tick must be called by this role';
COMMENT ON COLUMN shopanalytics.job.overlap IS 'when it is due and still running: skip that time, or queue it';
COMMENT ON COLUMN shopanalytics.job.catch_up IS 'of the times that were missed run none, one or all';
COMMENT ON COLUMN shopanalytics.job.grace IS 'how late it may start before that time is missed and the job overdue';
COMMENT ON COLUMN shopanalytics.job.keep IS 'how long its runs are kept';
COMMENT ON COLUMN shopanalytics.job.author IS 'person who wrote the command, acted for when it runs';
COMMENT ON COLUMN shopanalytics.job.author_login IS 'login who wrote the command; only he runs sql of his';
COMMENT ON COLUMN shopanalytics.job.handled_until IS 'time of the schedule up to which everything has been run or left out';
COMMENT ON COLUMN shopanalytics.job.queued_for IS 'time of the schedule that waits for the end of the run before';
COMMENT ON COLUMN shopanalytics.job.attrs IS 'for the user''s own notes';

COMMENT ON TABLE shopanalytics.job_run IS 'runs of jobs, and times at which they did not run';
COMMENT ON COLUMN shopanalytics.job_run.job IS 'name of the job';
COMMENT ON COLUMN shopanalytics.job_run.scheduled_for IS 'time of the schedule; when run_job ran it, that moment';
COMMENT ON COLUMN shopanalytics.job_run.missed IS 'how many times of the schedule before this one were left out with it';
COMMENT ON COLUMN shopanalytics.job_run.state IS 'running, done, failed, lost when its session ended, skipped by an overlap, or missed';
COMMENT ON COLUMN shopanalytics.job_run.pid IS 'process that runs or ran it';
COMMENT ON COLUMN shopanalytics.job_run.code IS 'sqlstate of the error';
COMMENT ON COLUMN shopanalytics.job_run.message IS 'error, or what the command returned';

-- Who has a duty for a tenant sees its jobs and what became of them.
ALTER TABLE shopanalytics.job ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.job TO PUBLIC;
CREATE POLICY seen ON shopanalytics.job FOR SELECT
    USING ((SELECT '*' OPERATOR(pg_catalog.=) ANY (shopanalytics._duty_tenants()))
           OR tenant OPERATOR(pg_catalog.=) ANY ((SELECT shopanalytics._duty_tenants())::text[]));

ALTER TABLE shopanalytics.job_run ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.job_run TO PUBLIC;
CREATE POLICY seen ON shopanalytics.job_run FOR SELECT
    USING ((SELECT '*' OPERATOR(pg_catalog.=) ANY (shopanalytics._duty_tenants()))
           OR tenant OPERATOR(pg_catalog.=) ANY ((SELECT shopanalytics._duty_tenants())::text[]));

-- The statement that a command is, all its values quoted.  A scalar result is returned
-- as text; the rows of a set are counted, by their status if they have one.  It reads the catalog for the routine's arguments:
-- the tenant goes to the one that is called store or tenant.
CREATE FUNCTION shopanalytics._job_statement(tenant text, command text, args jsonb, OUT statement text, OUT returns_text boolean)
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    routine record;
    parameter record;
    given text[];
    passed text[] := '{}';
    call text;
    value text;
    for_tenant boolean := false;
BEGIN
    IF jsonb_typeof(args) <> 'object' THEN
        RAISE EXCEPTION 'the arguments of a command are a JSON object, not %', left(args::text, 100) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    given := ARRAY(SELECT jsonb_object_keys(args));
    IF command = 'sql' THEN
        IF given <> ARRAY['query'] OR jsonb_typeof(args -> 'query') <> 'string' OR btrim(args ->> 'query', E' \t\r\n;') = '' THEN
            RAISE EXCEPTION 'a job of SQL needs its text as the argument query, and nothing else'
                USING ERRCODE = 'invalid_parameter_value', HINT = 'args => jsonb_build_object(''query'', ''REFRESH MATERIALIZED VIEW public.totals'')';
        END IF;
        statement := args ->> 'query';
        returns_text := false;
        RETURN;
    END IF;

    SELECT p.oid, p.proname, p.prokind, p.proretset, p.pronargdefaults, p.proargnames[p.pronargs + 1 :] AS columns INTO routine
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = 'shopanalytics' AND p.proname = command AND command = ANY (shopanalytics._job_commands());
    IF NOT FOUND THEN
        RAISE EXCEPTION 'command "%" is not known to jobs', left(command, 100)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT * FROM shopanalytics.job_command lists the commands.';
    END IF;

    FOR parameter IN
        SELECT a.name, a.position, a.position > count(*) OVER () - routine.pronargdefaults AS has_default, format_type(a.type, NULL) AS type, t.typelem <> 0 AND t.typlen = -1 AS is_array
          FROM pg_proc p,
               unnest(p.proargtypes::oid[], p.proargnames[: p.pronargs]) WITH ORDINALITY a (type, name, position) JOIN pg_type t ON t.oid = a.type
         WHERE p.oid = routine.oid
         ORDER BY a.position
    LOOP
        IF parameter.name IN ('store', 'tenant') THEN
            for_tenant := true;
            value := tenant;
        ELSIF NOT args ? parameter.name THEN
            IF NOT parameter.has_default THEN
                RAISE EXCEPTION 'command "%" needs the argument "%"', command, parameter.name
                    USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT * FROM shopanalytics.job_command lists the commands and their arguments.';
            END IF;
            CONTINUE;
        ELSIF parameter.is_array AND jsonb_typeof(args -> parameter.name) = 'array' THEN
            value := ARRAY(SELECT jsonb_array_elements_text(args -> parameter.name))::text;
        ELSE
            value := args ->> parameter.name;
        END IF;
        given := array_remove(given, parameter.name);
        passed := passed || format('%I => %L::%s', parameter.name, value, parameter.type);
    END LOOP;

    IF given <> '{}' THEN
        RAISE EXCEPTION 'command "%" has no argument "%"', command, given[1]
            USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT * FROM shopanalytics.job_command lists the commands and their arguments.';
    END IF;
    IF for_tenant AND args ?| ARRAY['store', 'tenant'] THEN
        RAISE EXCEPTION 'the store is not an argument: a job runs for its own tenant' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF for_tenant AND tenant = '*' THEN
        RAISE EXCEPTION 'command "%" is for one tenant', command
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Add the job for each store: its tenant has the name of the store.';
    END IF;
    IF NOT for_tenant AND tenant <> '*' THEN
        RAISE EXCEPTION 'command "%" concerns every tenant', command
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Add the job for the tenant *.';
    END IF;

    call := format('shopanalytics.%I(%s)', routine.proname, array_to_string(passed, ', '));
    returns_text := routine.prokind = 'f';
    statement := CASE WHEN NOT returns_text THEN 'CALL ' || call
                      WHEN NOT routine.proretset THEN format('SELECT r::text FROM %s r', call)
                      WHEN 'status' = ANY (routine.columns) THEN
                          format('SELECT string_agg(concat(status, '': '', rows), '', '' ORDER BY status) FROM (SELECT r.status, count(*) AS rows FROM %s r GROUP BY r.status) s', call)
                      ELSE format('SELECT concat(''rows: '', count(*)) FROM %s', call) END;
END
$$;

-- What a job can be given to do.
CREATE VIEW shopanalytics.job_command WITH (security_invoker = true) AS
SELECT p.proname::text AS command,
       pg_catalog.pg_get_function_arguments(p.oid) AS arguments,
       pg_catalog.obj_description(p.oid, 'pg_proc') AS description
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
 WHERE n.nspname OPERATOR(pg_catalog.=) 'shopanalytics' AND p.proname::text OPERATOR(pg_catalog.=) ANY (shopanalytics._job_commands())
UNION ALL
SELECT 'sql', 'query text', 'runs SQL of the login that added the job, and of nobody else';

GRANT SELECT ON shopanalytics.job_command TO PUBLIC;

COMMENT ON VIEW shopanalytics.job_command IS 'what a job can run: the commands and their arguments';
COMMENT ON COLUMN shopanalytics.job_command.arguments IS 'arguments of the command; the store or tenant is that of the job';

-- Raises an error unless it can be a job of this session's making.
CREATE FUNCTION shopanalytics._check_job(job shopanalytics.job) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF octet_length(job.name) NOT BETWEEN 1 AND 63 OR job.name ~ '[\x01-\x1f\x7f]' THEN
        RAISE EXCEPTION 'job name % is not valid', quote_literal(left(job.name, 100))
            USING ERRCODE = 'invalid_name', HINT = 'A job has a name of 1 to 63 bytes without control characters.';
    END IF;
    PERFORM shopanalytics.cron_next(job.schedule, clock_timestamp(), job.timezone);
    IF job.overlap <> ALL ('{skip,queue}') THEN
        RAISE EXCEPTION 'overlap % is not known', quote_literal(left(job.overlap, 100)) USING ERRCODE = 'invalid_parameter_value', HINT = 'Use skip or queue.';
    END IF;
    IF job.catch_up <> ALL ('{none,one,all}') THEN
        RAISE EXCEPTION 'catch_up % is not known', quote_literal(left(job.catch_up, 100)) USING ERRCODE = 'invalid_parameter_value', HINT = 'Use none, one or all.';
    END IF;
    IF job.grace < '0' OR job.grace > '1 year' THEN
        RAISE EXCEPTION 'grace must be from nothing to a year, not %', job.grace USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF job.keep <= '0' OR job.keep > '100 years' THEN
        RAISE EXCEPTION 'keep must be more than nothing and up to 100 years, not %', job.keep USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM shopanalytics._job_statement(job.tenant, job.command, job.args);
    IF job.tenant <> '*' AND job.command <> 'sql' THEN
        PERFORM shopanalytics._check_store(job.tenant);
    END IF;
END
$$;

-- Makes the session the author of what the job runs.  It must be able to take the
-- role that it gives the job, and somebody.
CREATE FUNCTION shopanalytics._job_written(INOUT job shopanalytics.job)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT w.person, w.login INTO job.author, job.author_login FROM shopanalytics.whoami() w;
    IF NOT shopanalytics._is_member(job.run_as) THEN
        RAISE EXCEPTION 'login "%" is no member of the role "%" that the job would run as', job.author_login, job.run_as
            USING ERRCODE = 'insufficient_privilege', HINT = 'What a job runs is written by who has the rights to run it.';
    END IF;
    IF job.author IS NULL THEN
        RAISE EXCEPTION 'trusted broker "%" does not say whom it acts for', job.author_login
            USING ERRCODE = 'SA051', HINT = 'SET LOCAL shopanalytics.actor to the name of the person.';
    END IF;
    IF job.command = 'sql' AND (SELECT w.is_trusted_broker FROM shopanalytics.whoami() w) THEN
        RAISE EXCEPTION 'trusted broker "%" cannot have jobs of SQL', job.author_login
            USING ERRCODE = 'SA051', HINT = 'Who runs SQL of his own in its session can claim to be anybody.';
    END IF;
END
$$;

CREATE FUNCTION shopanalytics._job_detail(job shopanalytics.job) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET intervalstyle = postgres
BEGIN ATOMIC
    SELECT pg_catalog.to_jsonb(job) OPERATOR(pg_catalog.-) ARRAY['tenant', 'author', 'author_login', 'handled_until', 'queued_for', 'attrs'];
END;

-- Not strict: a null is an error, but for run_as.  Security definer: writes what
-- nobody else may, after the caller's own duty was checked; so are the others below.
CREATE FUNCTION shopanalytics.job_add(
    tenant text,
    name text,
    schedule text,
    command text,
    args jsonb DEFAULT '{}',
    timezone text DEFAULT 'UTC',
    run_as regrole DEFAULT NULL,
    overlap text DEFAULT 'skip',
    catch_up text DEFAULT 'one',
    grace interval DEFAULT '5 minutes',
    keep interval DEFAULT '30 days',
    enabled boolean DEFAULT true) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    job shopanalytics.job;
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    IF num_nulls(name, schedule, command, args, timezone, overlap, catch_up, grace, keep, enabled) > 0 THEN
        RAISE EXCEPTION 'the arguments of a job must not be null, except run_as' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM shopanalytics._require_duty('admin', tenant, '*');
    job := ROW (tenant, name, schedule, timezone, command, args, coalesce(shopanalytics._role_of(run_as), (SELECT w.role FROM shopanalytics._who() w)),
                overlap, catch_up, grace, keep, enabled, NULL, NULL, clock_timestamp(), NULL, '{}');
    PERFORM shopanalytics._check_job(job);
    job := shopanalytics._job_written(job);

    INSERT INTO shopanalytics.job SELECT job.* ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'job "%" of tenant "%" exists already', name, tenant
            USING ERRCODE = 'duplicate_object', HINT = 'shopanalytics.job_alter() changes it, shopanalytics.job_remove() removes it.';
    END IF;
    PERFORM shopanalytics._write_event(tenant, 'job_added', shopanalytics._job_detail(job));
    RETURN shopanalytics.cron_next(schedule, job.handled_until, timezone);
END
$$;

-- A null leaves as it is.  What is due of the old schedule, or came due while the job
-- was not enabled, is not run by the new one.
CREATE FUNCTION shopanalytics.job_alter(
    tenant text,
    name text,
    schedule text DEFAULT NULL,
    command text DEFAULT NULL,
    args jsonb DEFAULT NULL,
    timezone text DEFAULT NULL,
    run_as regrole DEFAULT NULL,
    overlap text DEFAULT NULL,
    catch_up text DEFAULT NULL,
    grace interval DEFAULT NULL,
    keep interval DEFAULT NULL,
    enabled boolean DEFAULT NULL) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    old shopanalytics.job;
    job shopanalytics.job;
    detail jsonb;
BEGIN
    PERFORM shopanalytics._require_job_admin(tenant, name);
    SELECT * INTO old FROM shopanalytics.job j WHERE j.tenant = job_alter.tenant AND j.name = job_alter.name FOR NO KEY UPDATE;
    job := old;
    job.schedule := coalesce(schedule, old.schedule);
    job.timezone := coalesce(timezone, old.timezone);
    job.command := coalesce(command, old.command);
    job.args := coalesce(args, CASE WHEN job.command = old.command THEN old.args ELSE '{}' END);
    job.run_as := coalesce(shopanalytics._role_of(run_as), old.run_as);
    job.overlap := coalesce(overlap, old.overlap);
    job.catch_up := coalesce(catch_up, old.catch_up);
    job.grace := coalesce(grace, old.grace);
    job.keep := coalesce(keep, old.keep);
    job.enabled := coalesce(enabled, old.enabled);
    IF (job.schedule, job.timezone, job.enabled) <> (old.schedule, old.timezone, old.enabled) THEN
        job.handled_until := clock_timestamp();
        job.queued_for := NULL;
    END IF;
    PERFORM shopanalytics._check_job(job);
    IF (job.command, job.args, job.run_as) <> (old.command, old.args, old.run_as) THEN
        job := shopanalytics._job_written(job);
    END IF;

    -- what the event tells: the columns that changed
    SELECT jsonb_object_agg(n.key, n.value) INTO detail
      FROM jsonb_each(shopanalytics._job_detail(job)) n JOIN jsonb_each(shopanalytics._job_detail(old)) o ON o.key = n.key AND o.value <> n.value;
    IF detail IS NOT NULL THEN
        UPDATE shopanalytics.job j
           SET (schedule, timezone, command, args, run_as, overlap, catch_up, grace, keep, enabled, author, author_login, handled_until, queued_for)
             = ROW (job.schedule, job.timezone, job.command, job.args, job.run_as, job.overlap, job.catch_up, job.grace, job.keep, job.enabled,
                    job.author, job.author_login, job.handled_until, job.queued_for)
         WHERE j.tenant = job.tenant AND j.name = job.name;
        PERFORM shopanalytics._write_event(tenant, 'job_altered', detail || jsonb_build_object('name', name));
    END IF;
    RETURN CASE WHEN job.enabled THEN shopanalytics.cron_next(job.schedule, job.handled_until, job.timezone) END;
END
$$;

CREATE FUNCTION shopanalytics.job_remove(tenant text, name text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM shopanalytics._require_job_admin(tenant, name);
    DELETE FROM shopanalytics.job j WHERE j.tenant = job_remove.tenant AND j.name = job_remove.name;
    PERFORM shopanalytics._write_event(tenant, 'job_removed', jsonb_build_object('name', name));
END
$$;

-- The next times of a job as it is, enabled or not.  Reads the table under the
-- caller's row security.
CREATE FUNCTION shopanalytics.job_next(tenant text, name text, n integer DEFAULT 5) RETURNS SETOF timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    job shopanalytics.job;
BEGIN
    IF num_nulls(tenant, name, n) > 0 THEN
        RAISE EXCEPTION 'the tenant, the name of the job and n must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM shopanalytics._require_any_duty(tenant);
    SELECT * INTO job FROM shopanalytics.job j WHERE j.tenant = job_next.tenant AND j.name = job_next.name;
    IF NOT FOUND THEN
        PERFORM shopanalytics._no_such_job(tenant, name);
    END IF;
    RETURN QUERY SELECT t FROM shopanalytics.cron_times(job.schedule, n, job.timezone, greatest(job.handled_until, clock_timestamp())) t;
END
$$;

-- The name of a role that exists.
CREATE FUNCTION shopanalytics._role_of(role regrole) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_name text;
BEGIN
    SELECT r.rolname INTO found_name FROM pg_roles r WHERE r.oid = role;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'role % does not exist', role USING ERRCODE = 'undefined_object';
    END IF;
    RETURN found_name;
END
$$;

CREATE FUNCTION shopanalytics._no_such_job(tenant text, name text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'job "%" of tenant "%" does not exist', left(name, 100), tenant
        USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM shopanalytics.job_status lists the jobs.';
END
$$;

-- Who has no duty for the tenant learns nothing of it, not even whether there is such
-- a job.  Volatile and parallel unsafe because a duty is locked.
CREATE FUNCTION shopanalytics._require_job_admin(tenant text, name text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    IF name IS NULL THEN
        RAISE EXCEPTION 'the name of the job must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM shopanalytics._require_duty('admin', tenant, '*');
    IF NOT EXISTS (SELECT FROM shopanalytics.job j WHERE j.tenant = _require_job_admin.tenant AND j.name = _require_job_admin.name) THEN
        PERFORM shopanalytics._no_such_job(tenant, name);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION shopanalytics._require_job_admin(text, text) FROM PUBLIC;

-- Raises an error unless who logged in has some duty for the tenant, of whatever scope.
CREATE FUNCTION shopanalytics._require_any_duty(tenant text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT shopanalytics._duty_tenants() && ARRAY['*', tenant] THEN
        RAISE EXCEPTION 'login "%" does not have any duty for tenant "%"', session_user, tenant
            USING ERRCODE = 'SA006',
                  HINT = 'Somebody with the duty admin gives duties by shopanalytics.grant_duty().';
    END IF;
END
$$;

COMMENT ON FUNCTION shopanalytics.job_add(text, text, text, text, jsonb, text, regrole, text, text, interval, interval, boolean) IS 'adds a job; returns when it runs first';
COMMENT ON FUNCTION shopanalytics.job_alter(text, text, text, text, jsonb, text, regrole, text, text, interval, interval, boolean) IS 'changes a job, where an argument is given; returns when it runs next';
COMMENT ON FUNCTION shopanalytics.job_remove(text, text) IS 'removes a job and the log of its runs';
COMMENT ON FUNCTION shopanalytics.job_next(text, text, integer) IS 'the next n times of a job';
