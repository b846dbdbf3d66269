-- Quality checks: what a table must be like.  A check is data, and where it holds SQL
-- that SQL runs with the rights of the role that wrote it; see query_as.sql.

CREATE TABLE shopanalytics.dq_check (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    name text NOT NULL,
    target_schema text NOT NULL,
    target_table text NOT NULL,
    kind text NOT NULL,
    args jsonb NOT NULL,
    where_sql text,
    nulls text NOT NULL,
    on_empty text NOT NULL,
    warn_if numeric,
    fail_if numeric,
    unit text NOT NULL,
    key_columns text[],
    dimension text NOT NULL,
    owner text,
    calendar text,
    suppress interval NOT NULL,
    enabled boolean NOT NULL,
    author_login text NOT NULL,
    author_role text NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    attrs jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT dq_check_name UNIQUE (tenant, name)
);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.dq_check', '');
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.dq_check_id_seq', '');

COMMENT ON TABLE shopanalytics.dq_check IS 'quality checks of tables; dq_check_add, dq_check_alter and dq_check_remove change it';
COMMENT ON COLUMN shopanalytics.dq_check.target_table IS 'table or view that is checked';
COMMENT ON COLUMN shopanalytics.dq_check.kind IS 'what is checked, such as not_null';
COMMENT ON COLUMN shopanalytics.dq_check.args IS 'what the kind needs to know, such as the column';
COMMENT ON COLUMN shopanalytics.dq_check.where_sql IS 'condition on the rows that are checked; null for all';
COMMENT ON COLUMN shopanalytics.dq_check.nulls IS 'what a null is: ignore leaves the row out, fail and pass count it';
COMMENT ON COLUMN shopanalytics.dq_check.on_empty IS 'what it is when there is nothing to check: pass, warn or fail';
COMMENT ON COLUMN shopanalytics.dq_check.warn_if IS 'warns when more rows than that fail; in the unit';
COMMENT ON COLUMN shopanalytics.dq_check.fail_if IS 'fails when more rows than that fail; in the unit';
COMMENT ON COLUMN shopanalytics.dq_check.unit IS 'rows, or percent of the rows that are evaluated';
COMMENT ON COLUMN shopanalytics.dq_check.key_columns IS 'columns that name a failing row; null for the primary key';
COMMENT ON COLUMN shopanalytics.dq_check.dimension IS 'accuracy, completeness, conformity, consistency, coverage, timeliness or uniqueness';
COMMENT ON COLUMN shopanalytics.dq_check.owner IS 'who is to look after it; free text';
COMMENT ON COLUMN shopanalytics.dq_check.calendar IS 'calendar of days that do not count';
COMMENT ON COLUMN shopanalytics.dq_check.suppress IS 'how long an alert is not repeated';
COMMENT ON COLUMN shopanalytics.dq_check.author_login IS 'login that wrote the SQL of the check; the check runs while it has the duty dq_admin';
COMMENT ON COLUMN shopanalytics.dq_check.author_role IS 'role with whose rights the check runs';
COMMENT ON COLUMN shopanalytics.dq_check.revision IS 'counts changes of what is checked; each has a history of its own';

-- What a kind is: whether it counts failing rows, whether it looks at single rows, so
-- that nulls counts, its dimension; and its arguments, those that it needs first.
CREATE FUNCTION shopanalytics._dq_kinds(
    OUT kind text,
    OUT counts_rows boolean,
    OUT has_nulls boolean,
    OUT dimension text,
    OUT needed text[],
    OUT possible text[])
    RETURNS SETOF record
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 15
BEGIN ATOMIC
    VALUES ('not_null', true, false, 'completeness', ARRAY['column'], '{}'::text[]),
           ('unique', true, true, 'uniqueness', '{}', ARRAY['column', 'columns']),
           ('in_set', true, true, 'conformity', ARRAY['column', 'values'], '{}'),
           ('range', true, true, 'accuracy', ARRAY['column', 'range'], '{}'),
           ('regex', true, true, 'conformity', ARRAY['column', 'pattern'], '{}'),
           ('reference', true, true, 'consistency', ARRAY['table'], ARRAY['column', 'columns', 'to']),
           ('expression', true, true, 'consistency', ARRAY['expression'], '{}'),
           ('custom', true, false, 'accuracy', ARRAY['query'], '{}'),
           ('schema', true, false, 'conformity', ARRAY['columns'], ARRAY['extra']),
           ('reconciliation', true, false, 'consistency', ARRAY['table', 'measures'], ARRAY['by', 'where', 'tolerance', 'tolerance_percent']),
           ('row_count', false, false, 'completeness', '{}', ARRAY['range', 'warn_range']),
           ('aggregate', false, false, 'accuracy', ARRAY['function'], ARRAY['column', 'expression', 'quantile', 'range', 'warn_range']),
           ('freshness', false, false, 'timeliness', ARRAY['column'], ARRAY['max_age', 'warn_age', 'timezone']),
           ('volume', false, false, 'coverage', '{}', ARRAY['sensitivity', 'warn_sensitivity', 'min_points', 'points', 'min_delta', 'direction', 'fail_on_zero']),
           ('distribution', false, false, 'accuracy', ARRAY['column'], ARRAY['method', 'bins', 'alpha', 'reference', 'baseline_where', 'range', 'warn_range']);
END;

-- Who has a duty for a tenant sees its checks.  The subqueries are run once and not
-- for each row.
ALTER TABLE shopanalytics.dq_check ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.dq_check TO PUBLIC;
CREATE POLICY seen ON shopanalytics.dq_check FOR SELECT
    USING ((SELECT '*' OPERATOR(pg_catalog.=) ANY (shopanalytics._duty_tenants()))
           OR tenant OPERATOR(pg_catalog.=) ANY ((SELECT shopanalytics._duty_tenants())::text[]));
