-- Runs of quality checks: their results, with every count by its name, the keys of the
-- rows that failed, and the history of each check's figure.

CREATE TABLE shopanalytics.dq_run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    as_of timestamptz NOT NULL,
    checks integer NOT NULL,
    severity text NOT NULL,
    login text NOT NULL,
    role text NOT NULL,
    actor text,
    source text NOT NULL,
    attrs jsonb NOT NULL DEFAULT '{}'
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.dq_run', '');
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.dq_run_id_seq', '');

COMMENT ON TABLE shopanalytics.dq_run IS 'runs of the quality checks of a tenant, by whom';
COMMENT ON COLUMN shopanalytics.dq_run.as_of IS 'moment that ages are counted to';
COMMENT ON COLUMN shopanalytics.dq_run.severity IS 'the worst of its results: ok, warn or fail';

CREATE TABLE shopanalytics.dq_result (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run bigint NOT NULL REFERENCES shopanalytics.dq_run ON DELETE CASCADE,
    tenant text NOT NULL,
    check_id bigint NOT NULL,
    check_name text NOT NULL,
    target text NOT NULL,
    kind text NOT NULL,
    dimension text NOT NULL,
    status text NOT NULL,
    severity text NOT NULL,
    rows_total bigint,
    rows_filtered bigint,
    rows_evaluated bigint,
    rows_missing bigint,
    rows_failed bigint,
    distinct_values bigint,
    dup_surplus bigint,
    dup_rows bigint,
    dup_groups bigint,
    value numeric,
    expected text,
    nulls text NOT NULL,
    keys_kept integer NOT NULL,
    accepted boolean NOT NULL DEFAULT false,
    code text,
    message text,
    duration_ms numeric NOT NULL,
    attrs jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX dq_result_run ON shopanalytics.dq_result (run);
CREATE INDEX dq_result_check ON shopanalytics.dq_result (check_id, run);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.dq_result', '');
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.dq_result_id_seq', '');

COMMENT ON TABLE shopanalytics.dq_result IS 'what each check of a run found';
COMMENT ON COLUMN shopanalytics.dq_result.status IS 'pass, warn, fail, no_data, learning or error';
COMMENT ON COLUMN shopanalytics.dq_result.severity IS 'what it counts as: ok, warn or fail';
COMMENT ON COLUMN shopanalytics.dq_result.rows_total IS 'rows of the target';
COMMENT ON COLUMN shopanalytics.dq_result.rows_filtered IS 'rows that where_sql left out';
COMMENT ON COLUMN shopanalytics.dq_result.rows_evaluated IS 'rows that could pass or fail';
COMMENT ON COLUMN shopanalytics.dq_result.rows_missing IS 'rows with a null in what is checked; evaluated only when nulls fail or pass';
COMMENT ON COLUMN shopanalytics.dq_result.rows_failed IS 'rows that failed, all of them';
COMMENT ON COLUMN shopanalytics.dq_result.distinct_values IS 'unique: different keys';
COMMENT ON COLUMN shopanalytics.dq_result.dup_surplus IS 'unique: rows beyond the first of each key';
COMMENT ON COLUMN shopanalytics.dq_result.dup_rows IS 'unique: rows whose key occurs more than once';
COMMENT ON COLUMN shopanalytics.dq_result.dup_groups IS 'unique: keys that occur more than once';
COMMENT ON COLUMN shopanalytics.dq_result.value IS 'the figure that is judged: failed rows or percent, number of rows, aggregate, age in seconds, distance';
COMMENT ON COLUMN shopanalytics.dq_result.expected IS 'what the value should be';
COMMENT ON COLUMN shopanalytics.dq_result.keys_kept IS 'rows of dq_failure; at most as many as the run kept for each check';
COMMENT ON COLUMN shopanalytics.dq_result.accepted IS 'a value that did not pass was accepted by dq_accept';
COMMENT ON COLUMN shopanalytics.dq_result.code IS 'SQLSTATE of an error';
COMMENT ON COLUMN shopanalytics.dq_result.duration_ms IS 'time of the queries; of queries for several checks, an equal part';

CREATE TABLE shopanalytics.dq_failure (
    result bigint NOT NULL REFERENCES shopanalytics.dq_result ON DELETE CASCADE,
    place integer NOT NULL,
    tenant text NOT NULL,
    key jsonb NOT NULL,
    PRIMARY KEY (result, place)
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.dq_failure', '');

COMMENT ON TABLE shopanalytics.dq_failure IS 'keys of the rows that failed, the first of each result; no other values';

CREATE TABLE shopanalytics.dq_metric (
    check_id bigint NOT NULL,
    revision integer NOT NULL,
    result bigint PRIMARY KEY REFERENCES shopanalytics.dq_result ON DELETE CASCADE,
    tenant text NOT NULL,
    at timestamptz NOT NULL,
    value numeric NOT NULL,
    is_baseline boolean NOT NULL
);
CREATE INDEX dq_metric_check ON shopanalytics.dq_metric (check_id, at);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.dq_metric', '');

COMMENT ON TABLE shopanalytics.dq_metric IS 'values of each check over time';
COMMENT ON COLUMN shopanalytics.dq_metric.revision IS 'revision of the check; values of others are not compared';
COMMENT ON COLUMN shopanalytics.dq_metric.is_baseline IS 'whether later values are compared with it: not when it failed, unless dq_accept accepted it';

ALTER TABLE shopanalytics.dq_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE shopanalytics.dq_result ENABLE ROW LEVEL SECURITY;
ALTER TABLE shopanalytics.dq_failure ENABLE ROW LEVEL SECURITY;
ALTER TABLE shopanalytics.dq_metric ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric TO PUBLIC;
CREATE POLICY seen ON shopanalytics.dq_run FOR SELECT
    USING ((SELECT '*' OPERATOR(pg_catalog.=) ANY (shopanalytics._duty_tenants()))
           OR tenant OPERATOR(pg_catalog.=) ANY ((SELECT shopanalytics._duty_tenants())::text[]));
CREATE POLICY seen ON shopanalytics.dq_result FOR SELECT
    USING ((SELECT '*' OPERATOR(pg_catalog.=) ANY (shopanalytics._duty_tenants()))
           OR tenant OPERATOR(pg_catalog.=) ANY ((SELECT shopanalytics._duty_tenants())::text[]));
CREATE POLICY seen ON shopanalytics.dq_failure FOR SELECT
    USING ((SELECT '*' OPERATOR(pg_catalog.=) ANY (shopanalytics._duty_tenants()))
           OR tenant OPERATOR(pg_catalog.=) ANY ((SELECT shopanalytics._duty_tenants())::text[]));
CREATE POLICY seen ON shopanalytics.dq_metric FOR SELECT
    USING ((SELECT '*' OPERATOR(pg_catalog.=) ANY (shopanalytics._duty_tenants()))
           OR tenant OPERATOR(pg_catalog.=) ANY ((SELECT shopanalytics._duty_tenants())::text[]));

-- Volatile and parallel unsafe because it writes.
CREATE FUNCTION shopanalytics.dq_purge(tenant text, older_than interval) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET intervalstyle = postgres
AS $$
DECLARE
    purged bigint;
BEGIN
    PERFORM shopanalytics._check_tenant(tenant);
    IF older_than IS NULL OR older_than < '0' THEN
        PERFORM shopanalytics._dq_wrong('older_than must be given and not negative', 'For example: 90 days.');
    END IF;
    PERFORM shopanalytics._require_duty('dq_admin', tenant, '*');
    DELETE FROM shopanalytics.dq_run r WHERE r.tenant = dq_purge.tenant AND r.finished_at < now() - older_than;
    GET DIAGNOSTICS purged = ROW_COUNT;
    IF purged > 0 THEN
        PERFORM shopanalytics._write_event(tenant, 'dq_purged', jsonb_build_object('older_than', older_than::text, 'runs', purged));
    END IF;
    RETURN purged;
END
$$;

COMMENT ON FUNCTION shopanalytics.dq_purge(text, interval) IS 'deletes the runs of a tenant that ended longer ago, with all they found; the number of runs';
