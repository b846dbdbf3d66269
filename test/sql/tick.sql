-- tick() and run_job(): what is run, as whom, and what is noted of it.  The times up to
-- which the schedules have been handled are set back, as after a night without a tick.
-- A27
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE ROLE regress_tick_shop LOGIN;
CREATE ROLE regress_tick_group NOLOGIN;
CREATE ROLE regress_tick_member LOGIN IN ROLE regress_tick_group;
CREATE ROLE regress_tick_all LOGIN;
CREATE SCHEMA tick_log;
CREATE TABLE tick_log.line (n integer GENERATED ALWAYS AS IDENTITY, text text);
GRANT USAGE ON SCHEMA tick_log TO PUBLIC;
GRANT ALL ON tick_log.line TO PUBLIC;
SELECT shopanalytics.grant_duty('regress_tick_shop', 'admin', 'tick_shop'), shopanalytics.grant_duty('regress_tick_member', 'apply', 'tick_shop'),
       shopanalytics.grant_duty('regress_tick_group', 'admin', 'tick_shop'), shopanalytics.grant_duty('regress_tick_all', 'admin');
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_tick_shop', current_database()); END $$;
SET SESSION AUTHORIZATION regress_tick_shop;
CALL shopanalytics.create_store('tick_shop');
INSERT INTO tick_shop.customers (customer_id, email) VALUES ('c1', ' A@Shop.Example ');
RESET SESSION AUTHORIZATION;

-- A line of the log as a job.
CREATE FUNCTION pg_temp.line(text text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('query', format('INSERT INTO tick_log.line (text) VALUES (%L)', text)) $$;
CREATE PROCEDURE pg_temp.handled(until timestamptz, names text DEFAULT '%') LANGUAGE sql AS 'UPDATE shopanalytics.job SET handled_until = until WHERE name LIKE names';
CREATE VIEW pg_temp.run AS
SELECT job, scheduled_for, missed, state, login, code, message, started IS NOT NULL AS started, finished IS NOT NULL AS finished FROM shopanalytics.job_run ORDER BY id;
GRANT SELECT ON pg_temp.run TO PUBLIC;

-- Due first, the others later; one fails and the others go on; each is a transaction of
-- its own, and nothing is due twice.
SET SESSION AUTHORIZATION regress_tick_shop;
SELECT count(shopanalytics.job_add('tick_shop', name, schedule, command, args))
  FROM (VALUES ('stage', '0 3 * * *', 'stage', '{}'), ('early', '0 1 * * *', 'sql', pg_temp.line('early')), ('late', '0 4 * * *', 'sql', pg_temp.line('late')),
               ('fails', '0 2 * * *', 'sql', '{"query": "INSERT INTO tick_log.line (text) VALUES (''undone''); SELECT 1 / 0"}'), ('not yet', '0 20 * * *', 'sql', pg_temp.line('not yet'))) j (name, schedule, command, args);
SELECT shopanalytics.job_add('tick_shop', 'disabled', '0 1 * * *', 'sql', pg_temp.line('disabled'), enabled => false) IS NOT NULL;
RESET SESSION AUTHORIZATION;
CALL pg_temp.handled('2025-06-10 23:00+00');
SET SESSION AUTHORIZATION regress_tick_shop;
CALL shopanalytics.tick('2025-06-11 06:00+00');
SELECT * FROM pg_temp.run;
SELECT text FROM tick_log.line ORDER BY n;
SELECT email FROM tick_shop.customers_stage;
CALL shopanalytics.tick('2025-06-11 06:01+00');
CALL shopanalytics.tick('2025-06-11 00:00+00');
SELECT count(*) FROM pg_temp.run;
SELECT name, handled_until FROM shopanalytics.job ORDER BY name;
SELECT count(*) AS locks_left FROM pg_locks WHERE locktype = 'advisory';
-- two statements of SQL, and the name that a job is done for
SELECT shopanalytics.job_alter('tick_shop', 'fails', args => '{"query": "INSERT INTO tick_log.line (text) SELECT concat_ws('' '', login, role, actor, person) FROM shopanalytics.whoami(); INSERT INTO tick_log.line (text) VALUES (current_setting(''search_path'')), (''two'')"}') IS NOT NULL;
CALL shopanalytics.run_job('tick_shop', 'fails');
SELECT text FROM tick_log.line WHERE n > 3 ORDER BY n;
SELECT message FROM shopanalytics.job_run ORDER BY id DESC LIMIT 1;
SELECT actor FROM shopanalytics.whoami();

-- What was missed: none of it, one or all.  Late by less than its grace is not missed.
RESET SESSION AUTHORIZATION;
SELECT count(shopanalytics.job_remove(tenant, name)) FROM shopanalytics.job;
SET SESSION AUTHORIZATION regress_tick_shop;
SELECT count(shopanalytics.job_add('tick_shop', catch_up, '0 * * * *', 'sql', pg_temp.line(catch_up), catch_up => catch_up)) FROM unnest('{none,one,all}'::text[]) catch_up;
RESET SESSION AUTHORIZATION;
CALL pg_temp.handled('2025-06-11 00:00+00');
SET SESSION AUTHORIZATION regress_tick_shop;
CALL shopanalytics.tick('2025-06-11 03:30+00');
SELECT job, scheduled_for, missed, state, message FROM pg_temp.run ORDER BY job, scheduled_for;
CALL shopanalytics.tick('2025-06-11 04:04+00');
CALL shopanalytics.tick('2025-06-11 05:06+00');
SELECT job, scheduled_for, missed, state, message FROM pg_temp.run WHERE scheduled_for > '2025-06-11 03:00+00' ORDER BY job, scheduled_for;
-- twice the same time is nothing new
CALL shopanalytics.tick('2025-06-11 05:06+00');
SELECT count(*) FROM pg_temp.run;

-- On the days on which the clocks change, and at the month's end.
RESET SESSION AUTHORIZATION;
SELECT count(shopanalytics.job_remove(tenant, name)) FROM shopanalytics.job;
SET SESSION AUTHORIZATION regress_tick_shop;
SELECT shopanalytics.job_add('tick_shop', 'nightly', '30 2 * * *', 'sql', '{"query": "SELECT 1"}', timezone => 'Europe/Berlin', catch_up => 'all') IS NOT NULL,
       shopanalytics.job_add('tick_shop', 'monthly', '0 0 L * *', 'sql', '{"query": "SELECT 1"}', timezone => 'Europe/Berlin', catch_up => 'all') IS NOT NULL;
RESET SESSION AUTHORIZATION;
CALL pg_temp.handled('2025-03-29 02:00+00');
SET SESSION AUTHORIZATION regress_tick_shop;
CALL shopanalytics.tick('2025-03-31 12:00+00');
RESET SESSION AUTHORIZATION;
CALL pg_temp.handled('2025-10-25 02:00+00', 'nightly');
SET SESSION AUTHORIZATION regress_tick_shop;
CALL shopanalytics.tick('2025-10-26 00:45+00');
CALL shopanalytics.tick('2025-10-26 01:45+00');
CALL shopanalytics.tick('2025-10-27 12:00+00');
SELECT job, scheduled_for, scheduled_for AT TIME ZONE 'Europe/Berlin' AS local FROM shopanalytics.job_run ORDER BY job, id;

-- Whose jobs: those that run as one's role, the SQL of one's login, of one's tenants.
RESET SESSION AUTHORIZATION;
SELECT count(shopanalytics.job_remove(tenant, name)) FROM shopanalytics.job;
SET SESSION AUTHORIZATION regress_tick_member;
SET ROLE regress_tick_group;
SELECT shopanalytics.job_add('tick_shop', 'sql of member as group', '@hourly', 'sql', '{"query": "SELECT 1"}') IS NOT NULL,
       shopanalytics.job_add('tick_shop', 'stage as group', '@hourly', 'stage') IS NOT NULL;
SET SESSION AUTHORIZATION regress_tick_shop;
SELECT shopanalytics.job_add('tick_shop', 'stage as shop', '@hourly', 'stage') IS NOT NULL;
SET SESSION AUTHORIZATION regress_tick_all;
SELECT shopanalytics.job_add('*', 'sql of all', '@hourly', 'sql', '{"query": "SELECT 1"}') IS NOT NULL,
       shopanalytics.job_add('tick_shop', 'stage as all', '@hourly', 'stage') IS NOT NULL;
RESET SESSION AUTHORIZATION;
CALL pg_temp.handled('2025-06-11 00:00+00');
-- a superuser runs none of them
CALL shopanalytics.tick('2025-06-11 01:01+00');
SELECT count(*) FROM pg_temp.run;
SET SESSION AUTHORIZATION regress_tick_all;
CALL shopanalytics.tick('2025-06-11 01:02+00');
SET SESSION AUTHORIZATION regress_tick_member;
CALL shopanalytics.tick('2025-06-11 01:03+00');
SET ROLE regress_tick_group;
CALL shopanalytics.tick('2025-06-11 01:04+00');
SET SESSION AUTHORIZATION regress_tick_shop;
CALL shopanalytics.tick('2025-06-11 01:05+00');
RESET SESSION AUTHORIZATION;
SELECT job, state, login, code, message FROM pg_temp.run;
-- not of a tenant for which one has the duty no longer
SELECT shopanalytics.revoke_duty('regress_tick_all', 'admin'), shopanalytics.grant_duty('regress_tick_all', 'apply', 'another_shop');
SET SESSION AUTHORIZATION regress_tick_all;
CALL shopanalytics.tick('2025-06-11 02:02+00');
CALL shopanalytics.run_job('*', 'sql of all');
SELECT shopanalytics._job_begin('*', 'sql of all', '2025-06-11 02:02+00');
-- nor by one who has it and is not meant
SET SESSION AUTHORIZATION regress_tick_member;
CALL shopanalytics.run_job('tick_shop', 'stage as shop');
SET ROLE regress_tick_group;
CALL shopanalytics.run_job('tick_shop', 'sql of member as group');
RESET SESSION AUTHORIZATION;
CALL shopanalytics.run_job('tick_shop', 'sql of member as group');
\set VERBOSITY sqlstate
CALL shopanalytics.run_job('tick_shop', 'sql of member as group');
\set VERBOSITY default

-- A login that has become a trusted broker runs no SQL of anybody's.
SELECT shopanalytics.trust_broker('regress_tick_member');
SET SESSION AUTHORIZATION regress_tick_member;
SET ROLE regress_tick_group;
CALL shopanalytics.run_job('tick_shop', 'sql of member as group');
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.distrust_broker('regress_tick_member');

-- Everything that can go wrong is noted: errors of each kind, what a commit would find,
-- what is longer than a message, a procedure that commits, a job that is gone.
SELECT count(shopanalytics.job_remove(tenant, name)) FROM shopanalytics.job;
SET SESSION AUTHORIZATION regress_tick_shop;
CREATE TABLE tick_shop.parent (id integer PRIMARY KEY);
CREATE TABLE tick_shop.child (id integer REFERENCES tick_shop.parent DEFERRABLE INITIALLY DEFERRED);
CREATE PROCEDURE tick_shop.commits() LANGUAGE plpgsql AS 'BEGIN COMMIT; END';
SELECT count(shopanalytics.job_add('tick_shop', format('%s', n), '@hourly', 'sql', jsonb_build_object('query', query)))
  FROM unnest(ARRAY['SELEC 1', 'SELECT * FROM tick_shop.no_such_table', 'INSERT INTO tick_shop.child VALUES (7)', 'CALL tick_shop.commits()', 'COMMIT', 'DO $$BEGIN ASSERT false; END$$',
    'DO $$BEGIN RAISE EXCEPTION USING MESSAGE = repeat(''x'', 100000), ERRCODE = ''22000''; END$$', 'CALL shopanalytics.tick()', 'SELECT 1; SELECT 2',
    'SET LOCAL search_path = tick_shop; INSERT INTO parent VALUES (8)', 'VACUUM tick_shop.parent']) WITH ORDINALITY q (query, n);
RESET SESSION AUTHORIZATION;
CALL pg_temp.handled('2025-06-11 00:00+00');
SET SESSION AUTHORIZATION regress_tick_shop;
\set VERBOSITY terse
SET client_min_messages = error;
CALL shopanalytics.tick('2025-06-11 01:05+00');
RESET client_min_messages;
\set VERBOSITY default
SELECT job, state, code, left(message, 70) AS message, length(message) FROM shopanalytics.job_run ORDER BY id;
SELECT * FROM tick_shop.parent, tick_shop.child;
SELECT count(*) AS locks_left FROM pg_locks WHERE locktype = 'advisory';
-- a job that removes itself
SELECT shopanalytics.job_add('tick_shop', 'removes itself', '@hourly', 'sql', '{"query": "SELECT shopanalytics.job_remove(''tick_shop'', ''removes itself'')"}') IS NOT NULL;
CALL shopanalytics.run_job('tick_shop', 'removes itself');
SELECT count(*) FROM shopanalytics.job_run WHERE job = 'removes itself';

-- Cancelled: noted, and no other is begun.
SELECT count(shopanalytics.job_remove(tenant, name)) FROM shopanalytics.job;
SELECT shopanalytics.job_add('tick_shop', 'a cancelled', '@hourly', 'sql', '{"query": "DO $$BEGIN RAISE query_canceled USING MESSAGE = ''canceling statement due to user request''; END$$"}') IS NOT NULL,
       shopanalytics.job_add('tick_shop', 'b next', '@hourly', 'sql', '{"query": "SELECT 1"}') IS NOT NULL;
RESET SESSION AUTHORIZATION;
CALL pg_temp.handled('2025-06-11 00:00+00');
SET SESSION AUTHORIZATION regress_tick_shop;
CALL shopanalytics.tick('2025-06-11 01:05+00');
SELECT job, state, code, message FROM pg_temp.run;
CALL shopanalytics.tick('2025-06-11 01:05+00');
SELECT job, state, code, message FROM pg_temp.run;
SELECT count(*) AS locks_left FROM pg_locks WHERE locktype = 'advisory';

-- Not within a transaction, where nothing could be committed.
BEGIN;
CALL shopanalytics.tick();
ROLLBACK;
BEGIN;
CALL shopanalytics.run_job('tick_shop', 'b next');
ROLLBACK;
SELECT count(*) AS locks_left FROM pg_locks WHERE locktype = 'advisory';

-- A session that ended within a run has lost it; the log is kept as long as it was
-- said; a schedule that is known no longer stops no other; how all that shows.
SELECT count(shopanalytics.job_remove(tenant, name)) FROM shopanalytics.job;
SELECT count(shopanalytics.job_add('tick_shop', name, CASE name WHEN 'fresh' THEN '@yearly' ELSE '@hourly' END, 'sql', '{"query": "SELECT 1"}', keep => '2 days')) FROM unnest('{crashed,well,failing,zone,overdue,disabled,fresh,role}'::text[]) name;
SELECT shopanalytics.job_alter('tick_shop', 'disabled', enabled => false), shopanalytics.job_alter('tick_shop', 'failing', args => '{"query": "SELECT 1 / 0"}') IS NOT NULL;
RESET SESSION AUTHORIZATION;
INSERT INTO shopanalytics.job_run (tenant, job, scheduled_for, missed, started, finished, state, login, pid)
SELECT 'tick_shop', 'crashed', t, 0, t, CASE state WHEN 'running' THEN NULL ELSE t END, state, 'regress_tick_shop', 1
  FROM (VALUES (clock_timestamp() - interval '3 days', 'done'), (clock_timestamp() - interval '1 day', 'failed'), (clock_timestamp(), 'running')) r (t, state);
UPDATE shopanalytics.job SET handled_until = clock_timestamp() - interval '2 hours' WHERE name <> 'fresh';
UPDATE shopanalytics.job SET timezone = 'Gone/Zone' WHERE name = 'zone';
UPDATE shopanalytics.job SET run_as = 'regress_tick_gone' WHERE name IN ('role', 'overdue');
UPDATE shopanalytics.job SET run_as = 'regress_tick_group' WHERE name = 'overdue';
SET SESSION AUTHORIZATION regress_tick_shop;
PREPARE status AS
SELECT name, enabled, last_state, last_done > clock_timestamp() - interval '1 minute' AS done_now, failures, next_run > clock_timestamp() AS next, is_overdue, problem
  FROM shopanalytics.job_status ORDER BY name;
EXECUTE status;
CALL shopanalytics.tick();
EXECUTE status;
SELECT job, state, message FROM shopanalytics.job_run WHERE job = 'crashed' ORDER BY id;

-- Functions as jobs: what they return is the message, of rows how many of each status.
SELECT count(shopanalytics.job_remove(tenant, name)) FROM shopanalytics.job;
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.grant_duty('regress_tick_shop', 'dq_admin', 'tick_shop'), shopanalytics.grant_duty('regress_tick_shop', 'propose', 'tick_shop'), shopanalytics.grant_duty('regress_tick_all', 'admin');
SET SESSION AUTHORIZATION regress_tick_shop;
SELECT shopanalytics.dq_check_add('tick_shop', name, 'tick_shop.customers', 'not_null', jsonb_build_object('column', column_name)) IS NOT NULL AS added
  FROM (VALUES ('has an id', 'customer_id'), ('has an email', 'email'), ('has a segment', 'segment')) c (name, column_name);
SELECT shopanalytics.job_add('tick_shop', 'checks', '@daily', 'dq_run') IS NOT NULL, shopanalytics.job_add('tick_shop', 'purge', '@daily', 'dq_purge', '{"older_than": "1 year"}') IS NOT NULL;
CALL shopanalytics.run_job('tick_shop', 'checks');
CALL shopanalytics.run_job('tick_shop', 'purge');
SELECT shopanalytics.job_add('tick_shop', command, '@daily', command, args) IS NOT NULL AS added FROM (VALUES ('qa_take', '{"label": "nightly"}'::jsonb), ('clean_run', '{"rules": ["untidy_email", "missing_segment"]}')) c (command, args);
CALL shopanalytics.run_job('tick_shop', 'qa_take');
CALL shopanalytics.run_job('tick_shop', 'clean_run');
CALL shopanalytics.run_job('tick_shop', 'clean_run');
SET SESSION AUTHORIZATION regress_tick_all;
SELECT count(shopanalytics.job_add('*', command, '@daily', command)) FROM unnest('{cr_expire,audit_partitions,seal,retain}'::text[]) command;
CALL shopanalytics.run_job('*', 'cr_expire');
CALL shopanalytics.run_job('*', 'audit_partitions');
CALL shopanalytics.run_job('*', 'seal');
CALL shopanalytics.run_job('*', 'retain');
RESET SESSION AUTHORIZATION;
SELECT job, state, CASE WHEN job IN ('seal', 'audit_partitions', 'qa_take') THEN (message::bigint >= 0)::text ELSE message END AS message FROM shopanalytics.job_run WHERE job = tenant OR tenant = '*' OR job IN ('checks', 'purge', 'qa_take', 'clean_run') ORDER BY id;
SELECT shopanalytics.job_remove(tenant, name) FROM shopanalytics.job WHERE tenant = '*';
SET SESSION AUTHORIZATION regress_tick_shop;
SELECT shopanalytics.dq_check_remove(tenant, name) FROM shopanalytics.dq_check WHERE tenant = 'tick_shop';

-- Without apply or admin for the whole tenant, of a table alone.
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.revoke_duty('regress_tick_shop', 'admin', 'tick_shop'), shopanalytics.grant_duty('regress_tick_shop', 'apply', 'tick_shop', 'tick_shop.orders');
SET SESSION AUTHORIZATION regress_tick_shop;
CALL shopanalytics.tick();
SELECT count(*) FROM shopanalytics.job_status;

RESET SESSION AUTHORIZATION;
SELECT count(shopanalytics.job_remove(tenant, name)) FROM shopanalytics.job;
SELECT count(shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope)) FROM shopanalytics.duty;
SET SESSION AUTHORIZATION regress_tick_shop;
DROP TABLE tick_shop.child, tick_shop.parent;
DROP PROCEDURE tick_shop.commits;
CALL shopanalytics.drop_store('tick_shop');
RESET SESSION AUTHORIZATION;
DROP TABLE tick_log.line;
DROP SCHEMA tick_log;
DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM regress_tick_shop', current_database()); END $$;
DROP ROLE regress_tick_shop, regress_tick_group, regress_tick_member, regress_tick_all;
