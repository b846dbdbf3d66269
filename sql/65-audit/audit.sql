-- The log of what statements did to audited tables: a header for each statement, a row
-- for each row that it changed.  Only the trigger function of audited tables writes
-- them.  Values that may have to be erased are apart, and everything else refers to
-- them by a salted hash: see _audit_leaf().

-- Tables that are or were audited.  What is written refers to them by number, so that a
-- table keeps its history when it is renamed, and in another database.
CREATE TABLE shopanalytics.audited_table (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    truncate text NOT NULL CONSTRAINT truncate_is_deny_rows_or_event CHECK (truncate IN ('deny', 'rows', 'event')),
    key_columns text[] NOT NULL,
    plain_columns text[] NOT NULL,
    personal_columns text[] NOT NULL,
    ignored_columns text[] NOT NULL,
    column_types text[] NOT NULL,
    since timestamptz NOT NULL,
    ended timestamptz
);
CREATE UNIQUE INDEX audited_table_name ON shopanalytics.audited_table (schema_name, table_name) WHERE ended IS NULL;
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.audited_table', '');
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.audited_table_id_seq', '');

CREATE SEQUENCE shopanalytics.audit_stmt_id_seq;
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.audit_stmt_id_seq', '');

CREATE TABLE shopanalytics.audit_stmt (
    id bigint NOT NULL,
    at timestamptz NOT NULL,
    tx_start timestamptz NOT NULL,
    request bigint,
    query_id bigint NOT NULL,
    row_count bigint NOT NULL,
    audited integer NOT NULL,
    op "char" NOT NULL,
    tenant text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    login text NOT NULL,
    role text NOT NULL,
    actor text,
    source text NOT NULL
) PARTITION BY RANGE (at);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.audit_stmt', '');

CREATE TABLE shopanalytics.audit_row (
    id bigint NOT NULL,
    at timestamptz NOT NULL,
    stmt bigint NOT NULL,
    audited integer NOT NULL,
    op "char" NOT NULL,
    key jsonb,
    new_key jsonb,
    before jsonb,
    after jsonb,
    pii jsonb,
    salt bytea,
    pii_hash bytea,
    nonpii_hash bytea NOT NULL,
    leaf bytea NOT NULL
) PARTITION BY RANGE (at);
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.audit_row', '');

-- A month without a partition of its own loses nothing.  The indexes are those of the
-- partitions and not of their parents: where a dump is restored a parent would give a
-- partition its indexes when it is attached, and the dump gives them once more.
CREATE TABLE shopanalytics.audit_stmt_default PARTITION OF shopanalytics.audit_stmt DEFAULT;
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.audit_stmt_default', '');
ALTER TABLE shopanalytics.audit_stmt_default ADD PRIMARY KEY (id);
CREATE INDEX audit_stmt_default_request ON shopanalytics.audit_stmt_default (request) WHERE request IS NOT NULL;

CREATE TABLE shopanalytics.audit_row_default PARTITION OF shopanalytics.audit_row DEFAULT;
SELECT pg_catalog.pg_extension_config_dump('shopanalytics.audit_row_default', '');
ALTER TABLE shopanalytics.audit_row_default ADD PRIMARY KEY (id);
-- A key may be too long for an index itself.
CREATE INDEX audit_row_default_key ON shopanalytics.audit_row_default (pg_catalog.jsonb_hash_extended(key, 0));
CREATE INDEX audit_row_default_new_key ON shopanalytics.audit_row_default (pg_catalog.jsonb_hash_extended(new_key, 0)) WHERE new_key IS NOT NULL;
-- Rows of a statement stand together, so this small one finds them.
CREATE INDEX audit_row_default_stmt ON shopanalytics.audit_row_default USING brin (stmt, at) WITH (pages_per_range = 16, autosummarize = true);

COMMENT ON TABLE shopanalytics.audited_table IS 'tables that are or were audited; audit_enable, audit_disable and audit_refresh change it';
COMMENT ON COLUMN shopanalytics.audited_table.truncate IS 'deny: truncate is refused; rows: each row is written down; event: only that it was done';
COMMENT ON COLUMN shopanalytics.audited_table.key_columns IS 'primary key, by which rows are told apart';
COMMENT ON COLUMN shopanalytics.audited_table.plain_columns IS 'columns that are written down as they are; those of the key are among them';
COMMENT ON COLUMN shopanalytics.audited_table.personal_columns IS 'columns that are written down apart, so that they can be erased';
COMMENT ON COLUMN shopanalytics.audited_table.ignored_columns IS 'columns that are not written down';
COMMENT ON COLUMN shopanalytics.audited_table.column_types IS 'columns and types as they were when the audit was set up';
COMMENT ON COLUMN shopanalytics.audited_table.since IS 'from when on nothing is missing';
COMMENT ON COLUMN shopanalytics.audited_table.ended IS 'when the audit was ended; null while the table is audited';
COMMENT ON SEQUENCE shopanalytics.audit_stmt_id_seq IS 'numbers of audited statements';
COMMENT ON TABLE shopanalytics.audit_stmt IS 'statements that changed audited tables, when and by whom';
COMMENT ON TABLE shopanalytics.audit_stmt_default IS 'statements of months without a partition';
COMMENT ON COLUMN shopanalytics.audit_stmt.at IS 'when it had changed the rows';
COMMENT ON COLUMN shopanalytics.audit_stmt.tx_start IS 'when its transaction began';
COMMENT ON COLUMN shopanalytics.audit_stmt.request IS 'change request that was applied';
COMMENT ON COLUMN shopanalytics.audit_stmt.query_id IS 'fingerprint of the query: that of compute_query_id, else a hash of its text';
COMMENT ON COLUMN shopanalytics.audit_stmt.audited IS 'table that was changed, in audited_table';
COMMENT ON COLUMN shopanalytics.audit_stmt.op IS 'I insert, U update, D delete, T truncate';
COMMENT ON TABLE shopanalytics.audit_row IS 'rows that statements changed: changed columns before and after';
COMMENT ON TABLE shopanalytics.audit_row_default IS 'rows of months without a partition';
COMMENT ON COLUMN shopanalytics.audit_row.id IS 'number of the entry in the log, later ones higher for the same row';
COMMENT ON COLUMN shopanalytics.audit_row.stmt IS 'statement that changed the row, in audit_stmt';
COMMENT ON COLUMN shopanalytics.audit_row.key IS 'primary key before; after for an insert; null for a truncate of which rows are not written down';
COMMENT ON COLUMN shopanalytics.audit_row.new_key IS 'primary key after, if it was changed';
COMMENT ON COLUMN shopanalytics.audit_row.before IS 'values before, of the columns that were changed; all for a delete';
COMMENT ON COLUMN shopanalytics.audit_row.after IS 'values after, of the columns that were changed; all for an insert';
COMMENT ON COLUMN shopanalytics.audit_row.pii IS 'personal columns, as {"before": ..., "after": ...}; null when there are none, or they were erased';
COMMENT ON COLUMN shopanalytics.audit_row.salt IS '16 random bytes, erased together with pii';
COMMENT ON COLUMN shopanalytics.audit_row.pii_hash IS 'SHA-256 of salt and pii; it stays when they are erased';
COMMENT ON COLUMN shopanalytics.audit_row.nonpii_hash IS 'SHA-256 of everything else';
COMMENT ON COLUMN shopanalytics.audit_row.leaf IS 'SHA-256 of both hashes, by which the entry is sealed';

-- What is hashed of the header of a statement.  Not strict: actor and request may be null.
CREATE FUNCTION shopanalytics._audit_header_hash(header shopanalytics.audit_stmt) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN pg_catalog.sha256(shopanalytics._bytes(pg_catalog.jsonb_build_array('audit 1', header.op, header.tenant, header.schema_name, header.table_name,
        shopanalytics._microseconds(header.tx_start), shopanalytics._microseconds(header.at),
        header.login, header.role, header.actor, header.source, header.request, header.query_id)::text));

-- What is hashed of a row but its personal values: no numbers of sequences.  Not strict:
-- most of it may be null.
CREATE FUNCTION shopanalytics._audit_nonpii_hash(header_hash bytea, entry shopanalytics.audit_row) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN pg_catalog.sha256(header_hash OPERATOR(pg_catalog.||) shopanalytics._bytes(
        pg_catalog.jsonb_build_array(entry.op, entry.key, entry.new_key, entry.before, entry.after)::text));

CREATE FUNCTION shopanalytics._audit_pii_hash(salt bytea, pii jsonb) RETURNS bytea
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN pg_catalog.sha256(salt OPERATOR(pg_catalog.||) shopanalytics._bytes(pii::text));

-- Not strict: a null is an error.  Security definer: makes tables of the extension,
-- after the caller's duty was checked.  Rows that a month without a partition has
-- already are moved, as they are, from the default one.
CREATE FUNCTION shopanalytics.audit_partitions(months_ahead integer DEFAULT 3) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    parent text;
    month timestamptz;
    partition text;
    made integer := 0;
BEGIN
    IF months_ahead IS NULL THEN
        RAISE EXCEPTION 'months_ahead must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF months_ahead NOT BETWEEN 0 AND 120 THEN
        RAISE EXCEPTION 'months_ahead must be from 0 to 120, not %', months_ahead USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM shopanalytics._require_duty('admin', '*', '*');
    -- two callers would make the same ones
    PERFORM pg_advisory_xact_lock(hashtextextended('shopanalytics.audit_partitions', 0));

    FOREACH parent IN ARRAY ARRAY['audit_stmt', 'audit_row'] LOOP
        FOR month IN SELECT generate_series(date_trunc('month', clock_timestamp()),
                                            date_trunc('month', clock_timestamp()) + make_interval(months => months_ahead), '1 month') LOOP
            partition := parent || to_char(month, '_YYYY_MM');
            CONTINUE WHEN to_regclass('shopanalytics.' || partition) IS NOT NULL;
            EXECUTE format('CREATE TABLE shopanalytics.%I (LIKE shopanalytics.%I INCLUDING ALL)', partition, parent || '_default');
            EXECUTE format('LOCK TABLE shopanalytics.%I IN ACCESS EXCLUSIVE MODE', parent || '_default');
            EXECUTE format('WITH moved AS (DELETE FROM shopanalytics.%1$I WHERE at >= $1 AND at < $2 RETURNING *) INSERT INTO shopanalytics.%2$I SELECT * FROM moved',
                           parent || '_default', partition) USING month, month + interval '1 month';
            EXECUTE format('ALTER TABLE shopanalytics.%I ATTACH PARTITION shopanalytics.%I FOR VALUES FROM (%L) TO (%L)',
                           parent, partition, month, month + interval '1 month');
            made := made + 1;
        END LOOP;
    END LOOP;
    IF made > 0 THEN
        PERFORM shopanalytics._write_event('*', 'audit_partitions_made', jsonb_build_object('months_ahead', months_ahead, 'made', made));
    END IF;
    RETURN made;
END
$$;

-- The subqueries are run once and not for each of many rows.
ALTER TABLE shopanalytics.audited_table ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.audited_table TO PUBLIC;
CREATE POLICY seen ON shopanalytics.audited_table FOR SELECT
    USING (shopanalytics.has_duty('audit_read', tenant, pg_catalog.format('%I.%I', schema_name, table_name))
           OR shopanalytics.has_duty('admin', tenant, pg_catalog.format('%I.%I', schema_name, table_name)));

ALTER TABLE shopanalytics.audit_stmt ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics.audit_stmt TO PUBLIC;
CREATE POLICY seen ON shopanalytics.audit_stmt FOR SELECT
    USING (audited OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT t.id FROM shopanalytics.audited_table t)));

-- Not the personal values: audit_logs shows them to whom they may be shown.
ALTER TABLE shopanalytics.audit_row ENABLE ROW LEVEL SECURITY;
GRANT SELECT (id, at, stmt, audited, op, key, new_key, before, after, pii_hash, nonpii_hash, leaf) ON shopanalytics.audit_row TO PUBLIC;
CREATE POLICY seen ON shopanalytics.audit_row FOR SELECT
    USING (audited OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT t.id FROM shopanalytics.audited_table t)));

COMMENT ON FUNCTION shopanalytics.audit_partitions(integer) IS 'makes partitions of the audit for this month and some to come; the number made';
