-- The log as people read it.

-- Personal values of an entry: {} of one that was erased, null for who may not read them.
-- Security definer: reads what nobody else may, after the caller's duty was checked.
CREATE FUNCTION shopanalytics._personal(id bigint, at timestamptz) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    entry record;
BEGIN
    SELECT r.pii, r.pii_hash, t.tenant, t.schema_name, t.table_name INTO entry
      FROM shopanalytics.audit_row r JOIN shopanalytics.audited_table t ON t.id = r.audited
     WHERE r.id = _personal.id AND r.at = _personal.at;
    IF entry.pii_hash IS NULL OR NOT shopanalytics.has_duty('audit_read', entry.tenant, format('%I.%I', entry.schema_name, entry.table_name)) THEN
        RETURN NULL;
    END IF;
    RETURN coalesce(entry.pii, '{}');
END
$$;

-- Two parts of an image as one; null of none.  Not strict: either may be null.
CREATE FUNCTION shopanalytics._join_images(plain jsonb, personal jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN plain IS NULL THEN personal WHEN personal IS NULL THEN plain ELSE plain OPERATOR(pg_catalog.||) personal END;

CREATE VIEW shopanalytics.audit_logs WITH (security_invoker = true) AS
SELECT r.id, r.at, s.tenant, s.schema_name, s.table_name,
       CASE WHEN r.op = 'I' THEN 'insert' WHEN r.op = 'U' THEN 'update' WHEN r.op = 'D' THEN 'delete' ELSE 'truncate' END AS operation,
       r.key, r.new_key,
       shopanalytics._join_images(r.before, p.pii -> 'before') AS before,
       shopanalytics._join_images(r.after, p.pii -> 'after') AS after,
       CASE WHEN r.pii_hash IS NULL THEN NULL WHEN p.pii IS NULL THEN 'hidden' WHEN p.pii = '{}' THEN 'erased' ELSE 'shown' END AS personal,
       s.login, s.role, s.actor, s.source, s.request, r.stmt AS statement, s.tx_start
  FROM shopanalytics.audit_row r
  JOIN shopanalytics.audit_stmt s ON s.id = r.stmt AND s.at = r.at
 CROSS JOIN LATERAL (SELECT CASE WHEN r.pii_hash IS NOT NULL THEN shopanalytics._personal(r.id, r.at) END AS pii OFFSET 0) p;
GRANT SELECT ON shopanalytics.audit_logs TO PUBLIC;

COMMENT ON VIEW shopanalytics.audit_logs IS 'rows of audited tables that were changed: before, after, when and by whom';
COMMENT ON COLUMN shopanalytics.audit_logs.operation IS 'insert, update, delete or truncate';
COMMENT ON COLUMN shopanalytics.audit_logs.before IS 'values before, of the columns that were changed; all for a delete';
COMMENT ON COLUMN shopanalytics.audit_logs.after IS 'values after, of the columns that were changed; all for an insert';
COMMENT ON COLUMN shopanalytics.audit_logs.personal IS 'shown, hidden from who has not the duty audit_read, or erased; null when nothing personal was changed';
