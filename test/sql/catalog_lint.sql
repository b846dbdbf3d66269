-- The rules that every object of the extension and of a store keeps, asked of the
-- catalog.  The view violation has no row; further down each rule is
-- shown to find an object that breaks it.
CALL shopanalytics.create_store('lint_store');

-- What is looked at: the members of the extension, and what it makes in a store.
CREATE TEMP VIEW member AS
SELECT d.classid, d.objid
  FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
 WHERE e.extname = 'shopanalytics' AND d.deptype = 'e';

CREATE TEMP VIEW function AS
SELECT p.*, l.lanname, p.proname NOT LIKE E'\\_%' AND NOT EXISTS (
           SELECT FROM pg_depend d WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid AND d.deptype <> 'e'
              AND (d.classid = 'pg_type'::regclass OR d.classid = 'pg_proc'::regclass AND d.objid IN (SELECT aggfnoid FROM pg_aggregate)))
       AND p.prorettype <> 'trigger'::regtype AS is_public
  FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid JOIN pg_language l ON l.oid = p.prolang;

CREATE TEMP VIEW relation AS
SELECT c.*, m.objid IS NOT NULL AS is_member
  FROM pg_class c LEFT JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
 WHERE m.objid IS NOT NULL OR c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'lint_store');

-- Filled by the install script alone, so there is nothing to dump.
CREATE TEMP TABLE not_dumped (name text PRIMARY KEY);
INSERT INTO not_dumped VALUES ('store_part');

-- Functions that lend their owner's rights, and may be run by all: each checks the
-- caller's own duty first, or tells of the caller alone.
CREATE TEMP TABLE definer (name text PRIMARY KEY);
INSERT INTO definer VALUES
    ('anchor'),
    ('audit_disable'),
    ('audit_enable'),
    ('audit_partitions'),
    ('audit_refresh'),
    ('cr_approve'),
    ('cr_expire'),
    ('cr_open'),
    ('cr_preview'),
    ('cr_reject'),
    ('cr_remove'),
    ('cr_rollback_open'),
    ('cr_submit'),
    ('cr_withdraw'),
    ('distrust_broker'),
    ('dq_accept'),
    ('dq_alert_ack'),
    ('dq_alert_resolve'),
    ('dq_calendar_remove'),
    ('dq_calendar_set'),
    ('dq_check_add'),
    ('dq_check_alter'),
    ('dq_check_remove'),
    ('dq_purge'),
    ('dq_run'),
    ('erase_subject'),
    ('grant_duty'),
    ('has_duty'),
    ('job_add'),
    ('job_alter'),
    ('job_remove'),
    ('legal_hold_add'),
    ('legal_hold_lift'),
    ('policy_for'),
    ('qa_take'),
    ('reset_policy'),
    ('retain'),
    ('revoke_duty'),
    ('row_history'),
    ('seal'),
    ('set_policy'),
    ('set_retention'),
    ('trust_broker'),
    ('verify'),
    ('whoami'),
    ('_apply_atomic'),
    ('_apply_batch'),
    ('_apply_finish'),
    ('_apply_start'),
    ('_check_run_job'),
    ('_cr_add_batch'),
    ('_due_jobs'),
    ('_duty_tenants'),
    ('_entries_since'),
    ('_job_begin'),
    ('_job_end'),
    ('_note_request'),
    ('_personal'),
    ('_readable_audit');

-- Aggregates of rows in an order, which is part of what they compute.
CREATE TEMP TABLE ordered (name text PRIMARY KEY);
INSERT INTO ordered VALUES
    ('merkle_root'),
    ('_merkle_root_of_hashes');

-- Functions that run a query of the caller's as the caller himself does, or end his
-- transaction.
CREATE TEMP TABLE unpinned (name text PRIMARY KEY);
INSERT INTO unpinned VALUES
    ('cr_add_query'),
    ('cr_apply'),
    ('run_job'),
    ('tick');

-- Tables that every role writes its own rows of: row security says which those are.
CREATE TEMP TABLE own_rows (name text PRIMARY KEY);
INSERT INTO own_rows VALUES
    ('encoder'),
    ('model'),
    ('model_alias'),
    ('model_alias_history'),
    ('model_version');

CREATE TEMP VIEW violation (rule, object) AS
-- Somebody else's search_path must not choose what a function calls.
SELECT 'search_path is not pinned', pg_describe_object('pg_proc'::regclass, oid, 0)
  FROM function
 WHERE (lanname NOT IN ('c', 'internal') AND prosqlbody IS NULL OR prosecdef)
   AND 'search_path=pg_catalog, pg_temp' <> ALL (coalesce(proconfig, '{}'))
   AND (prosecdef OR proname NOT IN (SELECT name FROM unpinned))
UNION ALL
SELECT 'security definer', pg_describe_object('pg_proc'::regclass, oid, 0) FROM function
 WHERE prosecdef AND proname NOT IN (SELECT name FROM definer)
UNION ALL
SELECT 'security definer listed and gone', d.name FROM definer d WHERE NOT EXISTS (SELECT FROM function f WHERE f.proname = d.name AND f.prosecdef)
UNION ALL
SELECT 'leakproof', pg_describe_object('pg_proc'::regclass, oid, 0) FROM function WHERE proleakproof
UNION ALL
SELECT 'aggregate is not parallel', pg_describe_object('pg_proc'::regclass, f.oid, 0)
  FROM function f JOIN pg_aggregate a ON a.aggfnoid = f.oid
 WHERE f.proparallel <> 's' OR a.aggcombinefn = 0 AND f.proname NOT IN (SELECT name FROM ordered)
    OR a.aggcombinefn <> 0 AND a.aggtranstype = 'internal'::regtype AND (a.aggserialfn = 0 OR a.aggdeserialfn = 0)
UNION ALL
SELECT 'not registered for dump', pg_describe_object('pg_class'::regclass, r.oid, 0)
  FROM relation r
 WHERE is_member AND relkind IN ('r', 'p', 'S')
   AND relname NOT IN (SELECT name FROM not_dumped)
   AND r.oid NOT IN (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'shopanalytics' AND extconfig IS NOT NULL)
UNION ALL
-- Restoring rows fires it.
SELECT 'trigger on a table of the extension', pg_describe_object('pg_trigger'::regclass, t.oid, 0)
  FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid
 WHERE r.is_member AND NOT t.tgisinternal
UNION ALL
SELECT 'view runs with its owner''s rights', pg_describe_object('pg_class'::regclass, oid, 0)
  FROM relation
 WHERE relkind = 'v' AND 'security_invoker=true' <> ALL (coalesce(reloptions, '{}'))
UNION ALL
SELECT 'column type does not survive an upgrade', pg_describe_object('pg_class'::regclass, a.attrelid, a.attnum)
  FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid
 WHERE r.relkind IN ('r', 'p') AND a.attnum > 0
   AND a.atttypid IN ('regproc'::regtype, 'regprocedure'::regtype, 'regoper'::regtype, 'regoperator'::regtype, 'regclass'::regtype,
                      'regnamespace'::regtype, 'regcollation'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype)
UNION ALL
SELECT 'public may change it', pg_describe_object('pg_class'::regclass, r.oid, 0)
  FROM relation r
 WHERE EXISTS (SELECT FROM aclexplode(r.relacl) a WHERE a.grantee = 0 AND a.privilege_type NOT IN ('SELECT', 'USAGE'))
   AND (r.relname NOT IN (SELECT name FROM own_rows) OR NOT r.relrowsecurity)
UNION ALL
-- What is the same for all may be read by all.
SELECT 'public reads it without row security', pg_describe_object('pg_class'::regclass, r.oid, 0)
  FROM relation r
 WHERE is_member AND relkind IN ('r', 'p') AND NOT relrowsecurity AND relname NOT IN (SELECT name FROM not_dumped)
   AND EXISTS (SELECT FROM aclexplode(r.relacl) a WHERE a.grantee = 0)
UNION ALL
-- Its owner could not dump it, or would dump nothing without being told.
SELECT 'row security is forced on its owner', pg_describe_object('pg_class'::regclass, oid, 0)
  FROM relation
 WHERE relforcerowsecurity
UNION ALL
SELECT 'public may create in it', 'schema ' || nspname
  FROM pg_namespace
 WHERE nspname IN ('shopanalytics', 'lint_store') AND has_schema_privilege('public', oid, 'CREATE')
UNION ALL
SELECT 'outside the schema', pg_describe_object(m.classid, m.objid, 0)
  FROM member m, pg_identify_object(m.classid, m.objid, 0) i
 WHERE i.schema IS DISTINCT FROM 'shopanalytics' AND i.identity <> 'shopanalytics' AND i.type NOT IN ('cast')
UNION ALL
SELECT 'comment is ' || CASE WHEN description IS NULL THEN 'missing' ELSE 'not one lower-case line without a full stop' END,
       pg_describe_object(classid, objid, 0)
  FROM (SELECT 'pg_proc'::regclass AS classid, oid AS objid FROM function WHERE is_public
        UNION ALL
        SELECT 'pg_class', oid FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relname NOT LIKE E'\\_%'
        UNION ALL
        SELECT 'pg_type', t.oid
          FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
         WHERE t.typelem = 0 AND t.typrelid = 0 AND t.typtype <> 'm' AND t.typname NOT LIKE E'\\_%'
        UNION ALL
        SELECT 'pg_operator', objid FROM member WHERE classid = 'pg_operator'::regclass
        UNION ALL
        SELECT 'pg_namespace', oid FROM pg_namespace WHERE nspname IN ('shopanalytics', 'lint_store')) o,
       LATERAL (SELECT obj_description(objid, classid::regclass::name) AS description) c
 WHERE description IS NULL OR description ~ E'\n|\\.$|^[A-Z][a-z]' OR description = '';

-- Nothing breaks a rule.
SELECT * FROM violation ORDER BY rule, object;

-- Each rule finds what breaks it, and only that.
BEGIN;
CREATE FUNCTION shopanalytics._unpinned() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT 1';
CREATE FUNCTION shopanalytics._pinned_otherwise() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = public AS 'SELECT 1';
CREATE FUNCTION shopanalytics._pinned() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS 'SELECT 1';
CREATE FUNCTION shopanalytics._standard() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN 1;
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._unpinned();
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._pinned_otherwise();
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._pinned();
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._standard();
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE FUNCTION shopanalytics._definer() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SECURITY DEFINER LEAKPROOF RETURN 1;
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics._definer();
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE PROCEDURE shopanalytics._procedure() LANGUAGE sql BEGIN ATOMIC END;
ALTER EXTENSION shopanalytics ADD PROCEDURE shopanalytics._procedure();
INSERT INTO definer VALUES ('_gone');
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE AGGREGATE shopanalytics._serial(integer) (SFUNC = int4larger, STYPE = integer, COMBINEFUNC = int4larger);
CREATE AGGREGATE shopanalytics._uncombined(integer) (SFUNC = int4larger, STYPE = integer, PARALLEL = SAFE);
CREATE AGGREGATE shopanalytics._unserialized(numeric)
    (SFUNC = numeric_accum, STYPE = internal, FINALFUNC = numeric_sum, COMBINEFUNC = numeric_combine, PARALLEL = SAFE);
CREATE AGGREGATE shopanalytics._parallel(numeric)
    (SFUNC = numeric_accum, STYPE = internal, FINALFUNC = numeric_sum, COMBINEFUNC = numeric_combine,
     SERIALFUNC = numeric_serialize, DESERIALFUNC = numeric_deserialize, PARALLEL = SAFE);
ALTER EXTENSION shopanalytics ADD AGGREGATE shopanalytics._serial(integer);
ALTER EXTENSION shopanalytics ADD AGGREGATE shopanalytics._uncombined(integer);
ALTER EXTENSION shopanalytics ADD AGGREGATE shopanalytics._unserialized(numeric);
ALTER EXTENSION shopanalytics ADD AGGREGATE shopanalytics._parallel(numeric);
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE TABLE shopanalytics._note (id bigint GENERATED ALWAYS AS IDENTITY, made_by regproc, relation regclass);
CREATE TRIGGER compute BEFORE UPDATE ON shopanalytics._note FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE VIEW shopanalytics._owners AS SELECT 1 AS one;
CREATE VIEW shopanalytics._invokers WITH (security_invoker = true) AS SELECT 1 AS one;
GRANT SELECT, INSERT ON shopanalytics._note TO PUBLIC;
ALTER TABLE shopanalytics._note FORCE ROW LEVEL SECURITY;
GRANT SELECT ON shopanalytics._owners TO PUBLIC;
ALTER EXTENSION shopanalytics ADD TABLE shopanalytics._note;
ALTER EXTENSION shopanalytics ADD SEQUENCE shopanalytics._note_id_seq;
ALTER EXTENSION shopanalytics ADD VIEW shopanalytics._owners;
ALTER EXTENSION shopanalytics ADD VIEW shopanalytics._invokers;
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE TABLE lint_store._note (made_by regprocedure);
CREATE VIEW lint_store._owners AS SELECT 1 AS one;
GRANT UPDATE ON lint_store._note TO PUBLIC;
GRANT CREATE ON SCHEMA lint_store, shopanalytics TO PUBLIC;
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE FUNCTION public.elsewhere() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN 1;
COMMENT ON FUNCTION public.elsewhere() IS 'somewhere else';
ALTER EXTENSION shopanalytics ADD FUNCTION public.elsewhere();
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

BEGIN;
CREATE FUNCTION shopanalytics.uncommented() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN 1;
CREATE FUNCTION shopanalytics.sentence() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN 1;
CREATE FUNCTION shopanalytics.in_order() RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN 1;
CREATE TYPE shopanalytics.mood AS ENUM ('good');
CREATE DOMAIN shopanalytics.percentage AS numeric;
CREATE VIEW lint_store.uncommented WITH (security_invoker = true) AS SELECT 1 AS one;
COMMENT ON FUNCTION shopanalytics.sentence() IS 'Returns one.';
COMMENT ON FUNCTION shopanalytics.in_order() IS 'RFC 5322 says one';
COMMENT ON SCHEMA lint_store IS E'two\nlines';
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics.uncommented();
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics.sentence();
ALTER EXTENSION shopanalytics ADD FUNCTION shopanalytics.in_order();
ALTER EXTENSION shopanalytics ADD TYPE shopanalytics.mood;
ALTER EXTENSION shopanalytics ADD DOMAIN shopanalytics.percentage;
SELECT * FROM violation ORDER BY rule, object;
ROLLBACK;

CALL shopanalytics.drop_store('lint_store');
