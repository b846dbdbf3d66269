-- pg_cron as the driver of tick().  It is looked for when it is asked for: an extension
-- that needs it could not be installed without.  The caller's rights count, and
-- pg_cron's own: a job of pg_cron runs as who scheduled it.

-- The schema of pg_cron's functions; an error that says what to do when they are not
-- here.
CREATE FUNCTION shopanalytics._check_pg_cron() RETURNS name
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place name;
    -- null as well for who may not see it
    home text := current_setting('cron.database_name', true);
BEGIN
    SELECT n.nspname INTO place
      FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_proc'::regclass
           JOIN pg_proc p ON p.oid = d.objid JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE e.extname = 'pg_cron' AND p.proname = 'schedule'
     LIMIT 1;
    IF FOUND THEN
        RETURN place;
    END IF;
    RAISE EXCEPTION 'pg_cron is not there in database "%"', current_database()
        USING ERRCODE = 'SA050',
              HINT = CASE WHEN home <> current_database() THEN
                         format('pg_cron works from database %I.  Connect to that and: SELECT cron.schedule_in_database(''shopanalytics tick'', ''* * * * *'', ''CALL shopanalytics.tick()'', %L);',
                                home, current_database())
                     WHEN home IS NOT NULL OR EXISTS (SELECT FROM pg_available_extensions a WHERE a.name = 'pg_cron') THEN
                         format('Set shared_preload_libraries = ''pg_cron'' and cron.database_name = %L in postgresql.conf, restart the server, and CREATE EXTENSION pg_cron; or call tick from a crontab.',
                                current_database())
                     ELSE 'Install its package, such as postgresql-15-cron; or call tick from a crontab.' END;
END
$$;

-- Not strict: a null is an error.  Scheduling it again changes the schedule.
CREATE FUNCTION shopanalytics.schedule_with_pg_cron(schedule text DEFAULT '* * * * *') RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place name;
    number bigint;
BEGIN
    IF schedule IS NULL THEN
        RAISE EXCEPTION 'the schedule must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM shopanalytics._check_may_tick();
    place := shopanalytics._check_pg_cron();
    EXECUTE format('SELECT %I.schedule(''shopanalytics tick'', $1, ''CALL shopanalytics.tick()'')', place) INTO number USING schedule;
    RETURN number;
END
$$;

CREATE FUNCTION shopanalytics.unschedule_with_pg_cron() RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place name;
    is_there boolean;
BEGIN
    PERFORM shopanalytics._check_may_tick();
    place := shopanalytics._check_pg_cron();
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.job j WHERE j.jobname = ''shopanalytics tick'' AND j.username = current_user)', place) INTO is_there;
    IF is_there THEN
        EXECUTE format('SELECT %I.unschedule(''shopanalytics tick'')', place);
    END IF;
    RETURN is_there;
END
$$;

COMMENT ON FUNCTION shopanalytics.schedule_with_pg_cron(text) IS 'has pg_cron call tick as the caller; returns the number of the job of pg_cron';
COMMENT ON FUNCTION shopanalytics.unschedule_with_pg_cron() IS 'has pg_cron call tick no longer; false when it did not';
