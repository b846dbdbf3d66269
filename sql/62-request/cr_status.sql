-- What there is to do: each request in a line, and the next call.
CREATE VIEW shopanalytics.cr_status WITH (security_invoker = true) AS
SELECT c.id AS request,
       c.tenant,
       pg_catalog.format('%I.%I', c.target_schema, c.target_table) AS target,
       c.kind,
       c.title,
       c.state,
       c.outcome,
       c.items,
       c.high_risk,
       c.proposer_person AS proposer,
       a.approved_by,
       c.approvals_needed,
       CASE WHEN c.state IN ('submitted', 'approved') THEN c.expires_at END AS expires_at,
       c.content_hash,
       CASE c.state
            WHEN 'draft' THEN pg_catalog.format(CASE c.items WHEN 0 THEN 'SELECT shopanalytics.cr_add(%s, ...)' ELSE 'SELECT shopanalytics.cr_submit(%s)' END, c.id)
            WHEN 'submitted' THEN pg_catalog.format('SELECT * FROM shopanalytics.cr_approve(%s, %L)', c.id, c.content_hash)
            WHEN 'approved' THEN pg_catalog.format('CALL shopanalytics.cr_apply(%s)', c.id)
            WHEN 'applying' THEN pg_catalog.format('CALL shopanalytics.cr_apply(%s)', c.id)
       END AS next
  FROM shopanalytics.change_request c
 CROSS JOIN LATERAL (SELECT COALESCE(pg_catalog.array_agg(p.person ORDER BY p.at), '{}') AS approved_by
                       FROM shopanalytics.approval p
                      WHERE p.request = c.id AND p.revision = c.revision AND p.decision = 'approve') a;

GRANT SELECT ON shopanalytics.cr_status TO PUBLIC;

COMMENT ON VIEW shopanalytics.cr_status IS 'change requests: how far each is, who approved it, and the call that comes next';
COMMENT ON COLUMN shopanalytics.cr_status.approved_by IS 'persons who approved the present revision';
COMMENT ON COLUMN shopanalytics.cr_status.next IS 'call that takes it a step further';
