-- Duties: who has which, who may give them, what is written down, what a user without
-- any duty can do.  pg_has_role() counts for who logged in, so the tests change the
-- session authorization, as a new connection would.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
DELETE FROM shopanalytics.event;
CREATE ROLE regress_duty_admin LOGIN;
CREATE ROLE regress_duty_shop_admin LOGIN;
CREATE ROLE regress_duty_stewards NOLOGIN;
CREATE ROLE regress_duty_ann LOGIN IN ROLE regress_duty_stewards;
CREATE ROLE regress_duty_ben LOGIN NOINHERIT IN ROLE regress_duty_stewards;
CREATE ROLE regress_duty_auditor LOGIN;
CREATE ROLE regress_duty_nobody LOGIN;
CREATE ROLE "regress_duty ""Odd"" role" LOGIN;
CREATE TABLE public.duty_orders (id integer);
CREATE SCHEMA "duty Shop";
CREATE TABLE "duty Shop"."Order ""lines""" (id integer);

-- Nobody has a duty but who owns the extension, and that is admin alone.
SELECT d AS duty, shopanalytics.has_duty(d) FROM unnest(shopanalytics._known_duties()) d;
SELECT shopanalytics.grant_duty('regress_duty_admin', 'admin');
SELECT shopanalytics.grant_duty('regress_duty_admin', 'admin') AS again;

-- An administrator of everything gives duties for a tenant, and for a table.
SET SESSION AUTHORIZATION regress_duty_admin;
SELECT d AS duty, shopanalytics.has_duty(d) FROM unnest(shopanalytics._known_duties()) d;
SELECT shopanalytics.grant_duty('regress_duty_shop_admin', 'admin', 'shop');
SELECT shopanalytics.grant_duty('regress_duty_stewards', 'propose', 'shop');
SELECT shopanalytics.grant_duty('regress_duty_ann', 'approve', 'shop', 'public.duty_orders');
SELECT shopanalytics.grant_duty('regress_duty_auditor', 'audit_read', 'shop');
SELECT shopanalytics.grant_duty('"regress_duty ""Odd"" role"', 'apply', 'Other "Shop"', '"duty Shop"."Order ""lines"""');
SELECT * FROM shopanalytics.duty ORDER BY role_name COLLATE "C", tenant COLLATE "C", scope;

-- What one has: by membership, inherited or not; for a tenant, for a table.
PREPARE held AS
SELECT shopanalytics.has_duty('propose') AS propose, shopanalytics.has_duty('propose', 'shop') AS propose_shop,
       shopanalytics.has_duty('propose', 'shop', 'public.duty_orders') AS propose_table, shopanalytics.has_duty('propose', 'other') AS propose_other,
       shopanalytics.has_duty('approve', 'shop') AS approve_shop, shopanalytics.has_duty('approve', 'shop', 'Public."duty_orders"') AS approve_table,
       shopanalytics.has_duty('approve', 'shop', 'public.other') AS approve_other_table;
SET SESSION AUTHORIZATION regress_duty_ann;
EXECUTE held;
SET SESSION AUTHORIZATION regress_duty_ben;
EXECUTE held;
SET SESSION AUTHORIZATION regress_duty_nobody;
EXECUTE held;
SET SESSION AUTHORIZATION "regress_duty ""Odd"" role";
SELECT shopanalytics.has_duty('apply', 'Other "Shop"', '"duty Shop"."Order ""lines"""');
-- a superuser is a member of every role
RESET SESSION AUTHORIZATION;
EXECUTE held;

-- 4.G same login with SET ROLE: neither more nor fewer duties
SET SESSION AUTHORIZATION regress_duty_ann;
SET ROLE regress_duty_stewards;
EXECUTE held;
RESET SESSION AUTHORIZATION;
GRANT regress_duty_nobody TO regress_duty_admin;
SET SESSION AUTHORIZATION regress_duty_admin;
SET ROLE regress_duty_nobody;
SELECT current_user, shopanalytics.has_duty('admin');

-- An administrator of one tenant gives duties for that tenant alone.
SET SESSION AUTHORIZATION regress_duty_shop_admin;
SELECT shopanalytics.grant_duty('regress_duty_ben', 'apply', 'shop');
SELECT shopanalytics.revoke_duty('regress_duty_ben', 'apply', 'shop');
SELECT shopanalytics.revoke_duty('regress_duty_ben', 'apply', 'shop') AS again;
SELECT shopanalytics.grant_duty('regress_duty_ben', 'apply');
SELECT shopanalytics.grant_duty('regress_duty_ben', 'apply', 'other');
SELECT shopanalytics.revoke_duty('regress_duty_ann', 'approve', '*');
SELECT shopanalytics.set_policy('other');
SELECT shopanalytics.set_policy();
SELECT shopanalytics.trust_broker('regress_duty_ben');
\set VERBOSITY sqlstate
SELECT shopanalytics.grant_duty('regress_duty_ben', 'apply');
\set VERBOSITY default

-- I12: who did it under a pooler: login, role, claimed actor, source
SET SESSION AUTHORIZATION regress_duty_admin;
BEGIN;
SET LOCAL ROLE regress_duty_nobody;
SET LOCAL shopanalytics.actor = 'clara@shop.example';
SELECT shopanalytics.grant_duty('regress_duty_ben', 'review', 'shop');
COMMIT;
SELECT shopanalytics.revoke_duty('regress_duty_ben', 'review', 'shop');

-- What is written down; what changed nothing is not.
RESET SESSION AUTHORIZATION;
SELECT tenant, type, nullif(login, session_user) AS login, nullif(role, session_user) AS role, actor, source, detail
  FROM shopanalytics.event ORDER BY id;
SELECT count(*) AS in_time, bool_and(at BETWEEN now() - interval '1 h' AND clock_timestamp()) AS right_time FROM shopanalytics.event;
-- what is undone was not done
BEGIN;
SELECT shopanalytics.grant_duty('regress_duty_ben', 'erase');
ROLLBACK;
SELECT count(*) FROM shopanalytics.event WHERE detail ->> 'duty' = 'erase';

-- Row security: one's own duties, or all of the tenant that one administers or audits.
PREPARE seen AS
SELECT (SELECT count(*) FROM shopanalytics.duty) AS duties, (SELECT count(*) FROM shopanalytics.event) AS events,
       (SELECT count(DISTINCT tenant) FROM shopanalytics.event) AS tenants, (SELECT count(*) FROM shopanalytics.policy) AS policies,
       (SELECT count(*) FROM shopanalytics.trusted_broker) AS brokers;
SELECT shopanalytics.set_policy(min_approvals => 2), shopanalytics.set_policy('shop'), shopanalytics.set_policy('other');
SELECT shopanalytics.trust_broker('regress_duty_ben'), shopanalytics.trust_broker('regress_duty_ben') AS again;
EXECUTE seen;
SET SESSION AUTHORIZATION regress_duty_admin;
EXECUTE seen;
SET SESSION AUTHORIZATION regress_duty_shop_admin;
EXECUTE seen;
SET SESSION AUTHORIZATION regress_duty_auditor;
EXECUTE seen;
SET SESSION AUTHORIZATION regress_duty_ann;
EXECUTE seen;
SELECT * FROM shopanalytics.duty ORDER BY role_name;
SET SESSION AUTHORIZATION regress_duty_ben;
EXECUTE seen;
SET SESSION AUTHORIZATION regress_duty_nobody;
EXECUTE seen;

-- A user without any duty tries each function and each table.
SELECT shopanalytics.has_duty('admin');
SELECT shopanalytics.grant_duty('regress_duty_nobody', 'admin');
SELECT shopanalytics.revoke_duty('regress_duty_admin', 'admin');
SELECT shopanalytics.set_policy('shop', auto_approve => true);
SELECT shopanalytics.reset_policy();
SELECT shopanalytics.policy_for('shop');
SELECT shopanalytics.trust_broker('regress_duty_nobody');
SELECT shopanalytics.distrust_broker('regress_duty_ben');
SELECT shopanalytics._write_event('shop', 'duty_granted', '{}');
SELECT shopanalytics._require_duty('admin', '*', '*');
SELECT shopanalytics._held_duties('*', '*');
INSERT INTO shopanalytics.duty VALUES ('regress_duty_nobody', '*', '*', 'admin');
UPDATE shopanalytics.policy SET min_approvals = 1;
DELETE FROM shopanalytics.event;
TRUNCATE shopanalytics.event;
INSERT INTO shopanalytics.trusted_broker VALUES ('regress_duty_nobody');
SELECT nextval('shopanalytics.entry_id_seq');
SELECT setval('shopanalytics.entry_id_seq', 1);

-- Code of his that the server runs in a session of a superuser is still his.
RESET SESSION AUTHORIZATION;
CREATE SCHEMA duty_trap AUTHORIZATION regress_duty_nobody;
SET SESSION AUTHORIZATION regress_duty_nobody;
CREATE FUNCTION duty_trap.grab(id integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN id; END';
CREATE TABLE duty_trap.bait AS SELECT 1 AS id;
CREATE INDEX ON duty_trap.bait (duty_trap.grab(id));
CREATE OR REPLACE FUNCTION duty_trap.grab(id integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM shopanalytics.grant_duty('regress_duty_nobody', 'admin');
    RETURN id;
END $$;
RESET SESSION AUTHORIZATION;
\set VERBOSITY sqlstate
ANALYZE duty_trap.bait;
\set VERBOSITY default
DROP TABLE duty_trap.bait;
DROP FUNCTION duty_trap.grab(integer);
DROP SCHEMA duty_trap;

-- Functions of his own do not come before those that are meant.
SET SESSION AUTHORIZATION regress_duty_nobody;
CREATE FUNCTION pg_temp.pg_has_role(name, oid, text) RETURNS boolean LANGUAGE sql RETURN true;
CREATE TEMP VIEW pg_roles AS SELECT 'regress_duty_admin'::name AS rolname, 10::oid AS oid;
CREATE TEMP TABLE duty (role_name text, tenant text, scope text, duty text);
SET search_path = pg_temp, shopanalytics, pg_catalog;
SELECT shopanalytics.has_duty('admin');
RESET search_path;
DROP VIEW pg_temp.pg_roles;
DROP TABLE pg_temp.duty;
DROP FUNCTION pg_temp.pg_has_role(name, oid, text);

-- Bad input, by one who might.
SET SESSION AUTHORIZATION regress_duty_admin;
SELECT shopanalytics.has_duty('aprove');
SELECT shopanalytics.has_duty(NULL);
SELECT shopanalytics.has_duty('approve', NULL);
SELECT shopanalytics.has_duty('approve', 'shop', NULL);
SELECT shopanalytics.has_duty('approve', '');
SELECT shopanalytics.has_duty('approve', repeat('x', 64));
SELECT shopanalytics.has_duty('approve', 'shop', 'duty_orders');
SELECT shopanalytics.has_duty('approve', 'shop', 'a.b.c');
SELECT shopanalytics.has_duty('approve', 'shop', 'public.duty_orders; DROP TABLE x');
SELECT shopanalytics.has_duty('approve', 'shop', '"');
SELECT shopanalytics.has_duty('approve', 'shop', '');
SELECT shopanalytics.has_duty('approve', 'shop', repeat('"', 1000000));
SELECT shopanalytics.grant_duty(NULL, 'approve');
SELECT shopanalytics.grant_duty('regress_duty_ann', NULL);
SELECT shopanalytics.grant_duty('regress_duty_ann', 'approve', NULL);
SELECT shopanalytics.grant_duty('regress_duty_ann', 'approve', 'shop', NULL);
SELECT shopanalytics.grant_duty('regress_duty_ann', 'ADMIN');
SELECT shopanalytics.grant_duty('regress_duty_ann', 'approve', 'shop', 'public.no_such_table');
SELECT shopanalytics.grant_duty('regress_duty_no_such_role', 'approve');
SELECT shopanalytics.grant_duty('public', 'approve');
SELECT shopanalytics.grant_duty('-', 'approve');
SELECT shopanalytics.grant_duty('4294967295', 'approve');
SELECT shopanalytics.revoke_duty(NULL, 'approve');
SELECT shopanalytics.revoke_duty('two words', 'approve');
SELECT shopanalytics.revoke_duty('a.b', 'approve');
SELECT shopanalytics.revoke_duty('', 'approve');
SELECT shopanalytics.revoke_duty(repeat('x', 1000000), 'approve');
SELECT shopanalytics.revoke_duty('regress_duty_ann', 'aprove');
SELECT shopanalytics.revoke_duty('regress_duty_ann', 'approve', NULL);
SELECT shopanalytics.revoke_duty('regress_duty_ann', 'approve', 'shop', NULL);

-- A role that is gone: of nobody, and its duties can still be taken away.
RESET SESSION AUTHORIZATION;
DROP ROLE "regress_duty ""Odd"" role";
SET SESSION AUTHORIZATION regress_duty_admin;
SELECT role_name, duty FROM shopanalytics.duty WHERE tenant = 'Other "Shop"';
RESET SESSION AUTHORIZATION;
DROP TABLE "duty Shop"."Order ""lines""";
DROP SCHEMA "duty Shop";
SET SESSION AUTHORIZATION regress_duty_admin;
SELECT shopanalytics.revoke_duty('"regress_duty ""Odd"" role"', 'apply', 'Other "Shop"', '"duty Shop"."Order ""lines"""');
-- and one that has another name is another
RESET SESSION AUTHORIZATION;
ALTER ROLE regress_duty_stewards RENAME TO regress_duty_cleaners;
SET SESSION AUTHORIZATION regress_duty_ann;
EXECUTE held;
RESET SESSION AUTHORIZATION;

-- What a revoked duty leaves.
SELECT shopanalytics.revoke_duty('regress_duty_ann', 'approve', 'shop', 'public.duty_orders');
SET SESSION AUTHORIZATION regress_duty_ann;
EXECUTE held;

-- The function reads a table, but runs in parallel workers as who logged in.
RESET SESSION AUTHORIZATION;
CREATE TABLE public.duty_many AS SELECT 'shop' AS tenant FROM generate_series(1, 2000);
GRANT SELECT ON public.duty_many TO regress_duty_auditor;
SET SESSION AUTHORIZATION regress_duty_auditor;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT count(*) FROM public.duty_many WHERE shopanalytics.has_duty('audit_read', tenant);
SELECT count(*) FROM public.duty_many WHERE shopanalytics.has_duty('audit_read', tenant);
SELECT count(*) FROM public.duty_many WHERE shopanalytics.has_duty('admin', tenant);
RESET SESSION AUTHORIZATION;
RESET ALL;
SET timezone = 'UTC';

DROP TABLE public.duty_many, public.duty_orders;
-- No duty outlives the test.
SELECT count(*) > 0 AS taken FROM (SELECT shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope) FROM shopanalytics.duty) d;
SELECT shopanalytics.reset_policy(tenant, scope) FROM shopanalytics.policy;
SELECT shopanalytics.distrust_broker(login) FROM shopanalytics.trusted_broker;
SELECT count(*) FROM shopanalytics.duty;
DROP ROLE regress_duty_admin, regress_duty_shop_admin, regress_duty_cleaners, regress_duty_ann, regress_duty_ben, regress_duty_auditor, regress_duty_nobody;
