-- How the jobs are doing: what one looks at when nothing seems to happen.  A job that
-- should have started and has not is overdue, whoever forgot to call tick.

-- The next time of a schedule, null when it is not valid: as it can be where the
-- database was restored and the time zone is not known.
CREATE FUNCTION shopanalytics._next_time(schedule text, after timestamptz, timezone text) RETURNS timestamptz
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN shopanalytics.cron_next(schedule, after, timezone);
EXCEPTION WHEN invalid_parameter_value OR datetime_field_overflow THEN
    RETURN NULL;
END
$$;

-- The advisory lock that a session holds while it runs a job.
CREATE FUNCTION shopanalytics._job_lock(tenant text, name text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN pg_catalog.hashtextextended(pg_catalog.format('shopanalytics.job %I.%I', tenant, name), 0);

-- Whether somebody holds the lock of a job.
CREATE FUNCTION shopanalytics._job_is_locked(tenant text, name text) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM pg_catalog.pg_locks l
                    WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory' AND l.objsubid OPERATOR(pg_catalog.=) 1
                      AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
                      AND ((l.classid::bigint OPERATOR(pg_catalog.<<) 32) OPERATOR(pg_catalog.|) l.objid::bigint) OPERATOR(pg_catalog.=) shopanalytics._job_lock(tenant, name));
END;

CREATE VIEW shopanalytics.job_status WITH (security_invoker = true) AS
SELECT j.tenant, j.name, j.enabled, j.schedule, j.timezone, j.command, j.run_as,
       l.state AS last_state,
       l.started AS last_started,
       l.finished AS last_finished,
       l.message AS last_message,
       s.finished AS last_done,
       (SELECT pg_catalog.count(*) FROM shopanalytics.job_run r
         WHERE r.tenant OPERATOR(pg_catalog.=) j.tenant AND r.job OPERATOR(pg_catalog.=) j.name AND r.state IN ('failed', 'lost')
           AND r.id OPERATOR(pg_catalog.>) COALESCE(s.id, 0)) AS failures,
       t.next_run,
       t.is_overdue,
       CASE WHEN NOT j.enabled THEN NULL
            WHEN t.next_run IS NULL THEN 'the schedule or its time zone is not known'
            WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname::text OPERATOR(pg_catalog.=) j.run_as) THEN 'the role that it runs as does not exist'
            WHEN t.is_overdue THEN 'overdue: nobody calls tick as ' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(j.run_as)
            WHEN l.state OPERATOR(pg_catalog.=) 'failed' THEN 'the last run failed'
            WHEN l.state OPERATOR(pg_catalog.=) 'lost' THEN 'the session of the last run ended'
       END AS problem
  FROM shopanalytics.job j
       LEFT JOIN LATERAL (SELECT r.started, r.finished, r.message,
                                 CASE WHEN r.state OPERATOR(pg_catalog.=) 'running' AND NOT shopanalytics._job_is_locked(r.tenant, r.job) THEN 'lost' ELSE r.state END AS state
                            FROM shopanalytics.job_run r
                           WHERE r.tenant OPERATOR(pg_catalog.=) j.tenant AND r.job OPERATOR(pg_catalog.=) j.name AND r.started IS NOT NULL
                           ORDER BY r.id DESC LIMIT 1) l ON true
       LEFT JOIN LATERAL (SELECT r.id, r.finished FROM shopanalytics.job_run r
                           WHERE r.tenant OPERATOR(pg_catalog.=) j.tenant AND r.job OPERATOR(pg_catalog.=) j.name AND r.state OPERATOR(pg_catalog.=) 'done'
                           ORDER BY r.id DESC LIMIT 1) s ON true
       CROSS JOIN LATERAL (SELECT CASE WHEN j.enabled THEN
                                      shopanalytics._next_time(j.schedule, GREATEST(j.handled_until, pg_catalog.statement_timestamp()), j.timezone) END AS next_run,
                                  j.enabled AND l.state IS DISTINCT FROM 'running'
                                  AND COALESCE(shopanalytics._next_time(j.schedule, j.handled_until, j.timezone)
                                               OPERATOR(pg_catalog.<) (pg_catalog.statement_timestamp() OPERATOR(pg_catalog.-) j.grace), false) AS is_overdue) t;

GRANT SELECT ON shopanalytics.job_status TO PUBLIC;

COMMENT ON VIEW shopanalytics.job_status IS 'how the jobs are doing: last run, next run, what is wrong';
COMMENT ON COLUMN shopanalytics.job_status.last_state IS 'running, done, failed, or lost when the session of the run ended';
COMMENT ON COLUMN shopanalytics.job_status.last_done IS 'when it last ended well';
COMMENT ON COLUMN shopanalytics.job_status.failures IS 'runs that failed or were lost since it last ended well';
COMMENT ON COLUMN shopanalytics.job_status.next_run IS 'next time of its schedule, null when it is not enabled';
COMMENT ON COLUMN shopanalytics.job_status.is_overdue IS 'true: it should have started, and its grace is over';
COMMENT ON COLUMN shopanalytics.job_status.problem IS 'what is wrong, in words; null when nothing is';
