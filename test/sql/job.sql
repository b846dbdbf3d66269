-- Jobs: who may add, change and remove them, what they can run, what is refused.
-- A27
\set SHOW_CONTEXT never
SET timezone = 'UTC';
DELETE FROM shopanalytics.event;
CREATE ROLE regress_job_admin LOGIN;
CREATE ROLE regress_job_shop LOGIN;
CREATE ROLE regress_job_group NOLOGIN;
CREATE ROLE regress_job_applier LOGIN IN ROLE regress_job_group;
CREATE ROLE regress_job_other LOGIN;
CREATE ROLE regress_job_app LOGIN;
CREATE ROLE regress_job_nobody LOGIN;
CALL shopanalytics.create_store('job_shop');
CALL shopanalytics.create_store('Job "2"');
SELECT shopanalytics.grant_duty('regress_job_admin', 'admin'), shopanalytics.grant_duty('regress_job_shop', 'admin', 'job_shop'),
       shopanalytics.grant_duty('regress_job_applier', 'apply', 'job_shop'), shopanalytics.grant_duty('regress_job_other', 'admin', 'Job "2"'),
       shopanalytics.grant_duty('regress_job_app', 'admin', 'job_shop');
CREATE FUNCTION pg_temp.in_future(at timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT at > clock_timestamp()';

-- What there is to run.
SELECT command, arguments FROM shopanalytics.job_command WHERE command IN ('stage', 'sql') ORDER BY command;
-- each is there, and one routine, so its name says which
SELECT c FROM unnest(shopanalytics._job_commands()) c WHERE c NOT IN (SELECT command FROM shopanalytics.job_command);
SELECT command, count(*) FROM shopanalytics.job_command GROUP BY command HAVING count(*) > 1;

-- Added, and when it runs; all that can be said of a job.
SET SESSION AUTHORIZATION regress_job_shop;
SELECT pg_temp.in_future(shopanalytics.job_add('job_shop', 'nightly', '30 2 * * *', 'stage'));
SELECT pg_temp.in_future(shopanalytics.job_add('job_shop', 'Odd "job"', '*/5 8-20 * * mon-sat', 'sql', '{"query": "SELECT 1; SELECT 2"}', timezone => 'Europe/Berlin',
    overlap => 'queue', catch_up => 'all', grace => '1 hour', keep => '1 year', enabled => false));
SELECT tenant, name, schedule, timezone, command, args, run_as, overlap, catch_up, grace, keep, enabled, author, author_login, attrs FROM shopanalytics.job ORDER BY name COLLATE "C";
SELECT handled_until BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() AS counts_from_now, queued_for FROM shopanalytics.job;
SELECT shopanalytics.job_add('job_shop', 'nightly', '30 2 * * *', 'stage');
SELECT count(*), bool_and(t > clock_timestamp()), bool_and(extract(minute FROM t) = 30 AND extract(hour FROM t) = 2) FROM shopanalytics.job_next('job_shop', 'nightly') t;
SELECT count(*) FROM shopanalytics.job_next('job_shop', 'Odd "job"', 7);

-- Changed: what is given, and nothing else.
SELECT pg_temp.in_future(shopanalytics.job_alter('job_shop', 'nightly', schedule => '45 3 * * *', timezone => 'Asia/Tokyo'));
SELECT shopanalytics.job_alter('job_shop', 'nightly', grace => '10 minutes') IS NOT NULL AS again, shopanalytics.job_alter('job_shop', 'nightly', grace => '10 minutes') IS NOT NULL AS nothing;
SELECT shopanalytics.job_alter('job_shop', 'nightly', enabled => false) AS not_enabled;
SELECT pg_temp.in_future(shopanalytics.job_alter('job_shop', 'nightly', enabled => true));
SELECT pg_temp.in_future(shopanalytics.job_alter('job_shop', 'nightly', command => 'sql', args => '{"query": "SELECT 3"}'));
SELECT pg_temp.in_future(shopanalytics.job_alter('job_shop', 'nightly', command => 'stage', keep => '2 days', overlap => 'queue', catch_up => 'none'));
SELECT schedule, timezone, command, args, run_as, overlap, catch_up, grace, keep, enabled, author FROM shopanalytics.job WHERE name = 'nightly';

-- Whose rights it runs with: one's own, or those of a role that one is a member of.
SELECT shopanalytics.job_add('job_shop', 'lent', '@daily', 'stage', run_as => 'regress_job_group');
SELECT shopanalytics.job_add('job_shop', 'lent', '@daily', 'sql', '{"query": "DROP TABLE x"}', run_as => session_user::text::regrole) IS NOT NULL AS own;
RESET SESSION AUTHORIZATION;
GRANT regress_job_group TO regress_job_shop;
SET SESSION AUTHORIZATION regress_job_shop;
SELECT shopanalytics.job_alter('job_shop', 'lent', run_as => 'regress_job_group') IS NOT NULL AS member;
SET ROLE regress_job_group;
SELECT shopanalytics.job_add('job_shop', 'as group', '@daily', 'stage') IS NOT NULL AS set_role;
SELECT name, run_as, author, author_login FROM shopanalytics.job ORDER BY name COLLATE "C";
RESET ROLE;
-- another administrator changes when, and neither what nor as whom
SET SESSION AUTHORIZATION regress_job_admin;
SELECT shopanalytics.job_alter('job_shop', 'lent', schedule => '@weekly', overlap => 'queue', enabled => false) IS NULL AS changed;
SELECT shopanalytics.job_alter('job_shop', 'lent', args => '{"query": "ALTER ROLE regress_job_admin SUPERUSER"}');
SELECT shopanalytics.job_alter('job_shop', 'lent', run_as => 'regress_job_admin', args => '{"query": "SELECT 1"}', enabled => true) IS NOT NULL AS his_own_now;
SELECT run_as, author, author_login, args FROM shopanalytics.job WHERE name = 'lent';

-- What is for one tenant, and what for all.
SELECT shopanalytics.job_add('*', 'stage all', '@daily', 'stage');
SELECT shopanalytics.job_add('*', 'sql of all', '@daily', 'sql', '{"query": "SELECT 1"}') IS NOT NULL AS added;
SELECT shopanalytics.job_add('no_such_shop', 'x', '@daily', 'stage');
SELECT shopanalytics.job_add('Job "2"', 'x', '@daily', 'stage') IS NOT NULL AS added;

-- Arguments of each kind, as the statement has them.
SELECT command, s.statement, s.returns_text
  FROM (VALUES (1, 'job_shop', 'stage', '{}'), (2, '*', 'seal', '{"max_entries": 7}'), (3, '*', 'seal', '{"max_entries": null}'), (4, '*', 'cr_expire', '{}'),
               (5, 'job_shop', 'dq_run', '{"names": ["a", "b,\"c", null], "check_timeout": "1 minute", "target": "public.\"odd '' name\""}')) c (n, tenant, command, args),
       shopanalytics._job_statement(tenant, command, args::jsonb) s
 ORDER BY n;
SELECT shopanalytics._job_statement('job_shop', 'dq_purge', '{}');

-- A trusted broker: whom it names is the author; it has no SQL of its own.
SELECT shopanalytics.trust_broker('regress_job_app');
SET SESSION AUTHORIZATION regress_job_app;
SELECT shopanalytics.job_add('job_shop', 'for clara', '@daily', 'stage');
BEGIN;
SET LOCAL shopanalytics.actor = 'clara@shop.example';
SELECT shopanalytics.job_add('job_shop', 'for clara', '@daily', 'stage') IS NOT NULL AS added;
COMMIT;
SET shopanalytics.actor = 'clara@shop.example';
SELECT shopanalytics.job_add('job_shop', 'sql for clara', '@daily', 'sql', '{"query": "SELECT 1"}');
SELECT shopanalytics.job_alter('job_shop', 'for clara', command => 'sql', args => '{"query": "SELECT 1"}');
RESET shopanalytics.actor;
SELECT author, author_login FROM shopanalytics.job WHERE name = 'for clara';

-- Bad input, by one who might.
SET SESSION AUTHORIZATION regress_job_shop;
SELECT shopanalytics.job_add(NULL, 'x', '@daily', 'stage');
SELECT shopanalytics.job_add('job_shop', NULL, '@daily', 'stage');
SELECT shopanalytics.job_add('job_shop', 'x', NULL, 'stage');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', NULL);
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', NULL);
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', enabled => NULL);
SELECT shopanalytics.job_add('job_shop', '', '@daily', 'stage');
SELECT shopanalytics.job_add('job_shop', repeat('x', 64), '@daily', 'stage');
SELECT shopanalytics.job_add('job_shop', E'two\nlines', '@daily', 'stage');
SELECT shopanalytics.job_add('job_shop', 'x', '0 0 31 2 *', 'stage');
SELECT shopanalytics.job_add('job_shop', 'x', 'sometimes', 'stage');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', timezone => 'Mars/Olympus');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', overlap => 'both');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', catch_up => 'some');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', grace => '-1 s');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', keep => '0');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', keep => '1000 years');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', run_as => 'regress_job_no_such_role');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', run_as => '-');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'drop_store');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage(''other''); --');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', repeat('x', 1000000));
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', '{"store": "Job \"2\""}');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', '{"fast": true}');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', '{"x\"; DROP TABLE y": 1}');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', '[1]');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage', '7');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'sql');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'sql', '{"query": " ; "}');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'sql', '{"query": 7}');
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'sql', '{"query": "SELECT 1", "more": 1}');
SELECT shopanalytics.job_alter('job_shop', 'no such job', enabled => true);
SELECT shopanalytics.job_alter('job_shop', NULL, enabled => true);
SELECT shopanalytics.job_alter('job_shop', 'nightly', schedule => '61 * * * *');
SELECT shopanalytics.job_alter('job_shop', 'nightly', command => 'sql');
SELECT shopanalytics.job_remove('job_shop', 'no such job');
SELECT shopanalytics.job_remove('job_shop', NULL);
SELECT shopanalytics.job_next('job_shop', 'no such job');
SELECT shopanalytics.job_next('job_shop', 'nightly', NULL);
SELECT shopanalytics.job_next('job_shop', 'nightly', -1);
CALL shopanalytics.run_job('job_shop', 'no such job');
CALL shopanalytics.run_job('job_shop', NULL);
CALL shopanalytics.run_job(NULL, 'x');
CALL shopanalytics.tick(NULL);
CALL shopanalytics.tick('infinity');
CALL shopanalytics.tick('2999-01-01 00:00+00');

-- Another tenant's administrator, one who may apply and not administer, and a user
-- without any duty try each function and each table.
SET SESSION AUTHORIZATION regress_job_other;
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage');
SELECT shopanalytics.job_add('*', 'x', '@daily', 'stage');
SELECT shopanalytics.job_alter('job_shop', 'nightly', enabled => false);
SELECT shopanalytics.job_remove('job_shop', 'nightly');
SELECT shopanalytics.job_next('job_shop', 'nightly');
CALL shopanalytics.run_job('job_shop', 'nightly');
SELECT tenant, name FROM shopanalytics.job;
SELECT tenant, name FROM shopanalytics.job_status;
SET SESSION AUTHORIZATION regress_job_applier;
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage');
SELECT shopanalytics.job_alter('job_shop', 'nightly', enabled => false);
SELECT shopanalytics.job_remove('job_shop', 'nightly');
SELECT count(*) FROM shopanalytics.job;
CALL shopanalytics.tick();
SET SESSION AUTHORIZATION regress_job_nobody;
SELECT shopanalytics.job_add('job_shop', 'x', '@daily', 'stage');
SELECT shopanalytics.job_alter('job_shop', 'nightly', enabled => false);
SELECT shopanalytics.job_remove('job_shop', 'nightly');
SELECT shopanalytics.job_next('job_shop', 'nightly');
SELECT shopanalytics.job_next('job_shop', 'no such job');
CALL shopanalytics.run_job('job_shop', 'nightly');
CALL shopanalytics.run_job('job_shop', 'no such job');
CALL shopanalytics.tick();
SELECT shopanalytics._due_jobs(now());
SELECT shopanalytics._job_begin('job_shop', 'nightly', NULL);
SELECT shopanalytics._job_begin('job_shop', 'no such job', now());
SELECT shopanalytics._job_end(1, NULL, NULL);
SELECT shopanalytics._check_run_job('job_shop', 'nightly');
SELECT shopanalytics.schedule_with_pg_cron();
SELECT shopanalytics.unschedule_with_pg_cron();
SELECT count(*) FROM shopanalytics.job;
SELECT count(*) FROM shopanalytics.job_run;
SELECT count(*) FROM shopanalytics.job_status;
INSERT INTO shopanalytics.job_run (tenant, job, scheduled_for, missed, state, login, pid) VALUES ('job_shop', 'nightly', now(), 0, 'done', 'x', 1);
UPDATE shopanalytics.job SET run_as = 'regress_job_nobody';
DELETE FROM shopanalytics.job_run;
TRUNCATE shopanalytics.job CASCADE;
SELECT nextval('shopanalytics.job_run_id_seq');

-- Removed with its runs.
SET SESSION AUTHORIZATION regress_job_shop;
CALL shopanalytics.run_job('job_shop', 'Odd "job"');
SELECT job, state, message, scheduled_for = started OR scheduled_for < started AS at_once FROM shopanalytics.job_run;
SELECT shopanalytics.job_remove('job_shop', 'Odd "job"');
SELECT count(*) FROM shopanalytics.job_run;

-- pg_cron is looked for when it is asked for.
SELECT shopanalytics.schedule_with_pg_cron(NULL);
\set VERBOSITY sqlstate
SELECT shopanalytics.schedule_with_pg_cron();
SELECT shopanalytics.unschedule_with_pg_cron();
\set VERBOSITY default

-- What is written down.
RESET SESSION AUTHORIZATION;
SELECT tenant, type, login, detail - ARRAY['grace', 'keep', 'overlap', 'catch_up'] AS detail FROM shopanalytics.event WHERE type LIKE 'job%' ORDER BY id;
-- in one form, however the session writes intervals
BEGIN;
SET LOCAL intervalstyle = iso_8601;
SELECT shopanalytics.job_alter('job_shop', 'nightly', grace => '90 minutes') IS NOT NULL;
SELECT detail FROM shopanalytics.event ORDER BY id DESC LIMIT 1;
ROLLBACK;

SELECT count(shopanalytics.job_remove(tenant, name)) FROM shopanalytics.job;
SELECT count(shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope)) FROM shopanalytics.duty;
SELECT shopanalytics.distrust_broker('regress_job_app');
CALL shopanalytics.drop_store('job_shop');
CALL shopanalytics.drop_store('Job "2"');
DROP ROLE regress_job_admin, regress_job_shop, regress_job_group, regress_job_applier, regress_job_other, regress_job_app, regress_job_nobody;
