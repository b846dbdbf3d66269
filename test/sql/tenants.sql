-- Tenants: the same shop, cleaning and checks twice, by parameter; and whoever has every
-- duty for the one sees and changes nothing of the other, by any table or function.
-- A28
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- Every table of the extension has row security, and a policy for reading alone; what
-- is the same for all tenants has none.  Views ask as their reader.
CREATE VIEW pg_temp.relation AS
SELECT c.oid, c.relname::text AS name, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, c.relacl, c.reloptions
  FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
       JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
 WHERE e.extname = 'shopanalytics'
   -- these belong to roles, and have tests of their own
   AND c.relname NOT LIKE 'model%' AND c.relname NOT LIKE 'encoder%';
SELECT format('TRUNCATE %s', string_agg(format('shopanalytics.%I', name), ', ')) AS forget FROM pg_temp.relation WHERE relkind IN ('r', 'p') AND NOT relispartition AND relrowsecurity \gset
:forget;
SELECT name FROM pg_temp.relation WHERE relkind IN ('r', 'p') AND NOT relispartition AND (NOT relrowsecurity OR relforcerowsecurity);
SELECT r.name, p.polname, p.polcmd, p.polroles FROM pg_temp.relation r JOIN pg_policy p ON p.polrelid = r.oid WHERE p.polcmd <> 'r' OR NOT p.polpermissive OR p.polroles <> '{0}';
SELECT name FROM pg_temp.relation WHERE relrowsecurity AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = relation.oid);
-- a partition is read by its table's name, under the table's policy
SELECT name FROM pg_temp.relation WHERE relispartition AND EXISTS (SELECT FROM aclexplode(relacl) a WHERE a.grantee = 0);
SELECT name, relkind FROM pg_temp.relation WHERE relkind NOT IN ('r', 'p', 'S', 'i', 'I', 'v', 'c') OR relkind = 'v' AND 'security_invoker=true' <> ALL (coalesce(reloptions, '{}'));

-- Two stores, each with an owner and a second person who have every duty for it.
DO $$
DECLARE
    shop text;
BEGIN
    FOREACH shop IN ARRAY '{ten_a,ten_b}'::text[] LOOP
        EXECUTE format('CREATE ROLE %I', 'regress_' || shop || '_people');
        EXECUTE format('CREATE ROLE %I LOGIN IN ROLE %I', 'regress_' || shop, 'regress_' || shop || '_people');
        EXECUTE format('CREATE ROLE %I LOGIN IN ROLE %I', 'regress_' || shop || '_second', 'regress_' || shop || '_people');
        EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), 'regress_' || shop);
        PERFORM shopanalytics.grant_duty(format('regress_%s_people', shop)::regrole, duty, shop) FROM unnest(shopanalytics._known_duties()) duty;
    END LOOP;
END $$;

-- The same cleanup for both, by the name of the store.
CREATE PROCEDURE public.ten_fill(shop text) LANGUAGE plpgsql AS $$
DECLARE
    secret text := 'secret ' || shop;
BEGIN
    CALL shopanalytics.create_store(shop, timezone => 'Europe/Berlin');
    CALL shopanalytics.generate_shop(shop, 30, 90, 7, '{"duplicate_customer": 0.1, "missing_segment": 0.2, "bad_email": 0.1, "negative_total": 0.05}');
    EXECUTE format($sql$INSERT INTO %I.clean_rule (entity, name, column_name, issue, action, fix, severity)
                        VALUES ('orders', 'payment_spelling', 'payment_method', 'payment_method <> upper(payment_method)', 'fix', 'upper(payment_method)', 'info')$sql$, shop);
    CALL shopanalytics.stage(shop);
    EXECUTE format('UPDATE %I.customers SET name = %L WHERE row_id <= 3', shop, secret);
    EXECUTE format('GRANT USAGE ON SCHEMA %1$I TO %2$I', shop, 'regress_' || shop || '_second');
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %1$I TO %2$I', shop, 'regress_' || shop || '_second');
END $$;
SET client_min_messages = warning;
SET SESSION AUTHORIZATION regress_ten_a;
CALL public.ten_fill('ten_a');
SET SESSION AUTHORIZATION regress_ten_b;
CALL public.ten_fill('ten_b');
RESET SESSION AUTHORIZATION;
RESET client_min_messages;
CREATE FUNCTION public.ten_difference(relation text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT to_jsonb(a) - ''name'' FROM ten_a.%1$I a EXCEPT ALL SELECT to_jsonb(b) - ''name'' FROM ten_b.%1$I b) d', relation) INTO n;
    RETURN n;
END $$;
SELECT relation, public.ten_difference(relation) AS difference
  FROM unnest('{customers_stage,orders_stage,sessions_stage,order_items_stage,products_stage,orders_clean,customers_clean,quality_counts,anomaly_profile,kpi_daily,clean_rule}'::text[]) relation;
SELECT (SELECT count(*) FROM ten_a.orders) > 50 AS orders, (SELECT count(*) FROM ten_b.orders WHERE payment_method <> upper(payment_method)) > 0 AS to_clean,
       (SELECT count(*) FROM ten_b.orders_stage WHERE payment_method <> upper(payment_method)) AS not_cleaned;

-- The same proposals for both; applied in one they change nothing in the other.
CREATE TABLE public.ten_id (shop text, what text, id bigint, hash text);
GRANT ALL ON public.ten_id TO PUBLIC;
CREATE TABLE public.ten_clean (shop text, entity text, rule text, kind text, status text, rows bigint, items bigint, request bigint);
GRANT ALL ON public.ten_clean TO PUBLIC;
SET client_min_messages = warning;
SET SESSION AUTHORIZATION regress_ten_a;
SELECT shopanalytics.qa_take('ten_a') IS NOT NULL AS taken;
INSERT INTO public.ten_clean SELECT 'ten_a', entity, rule, kind, status, rows, items, request FROM shopanalytics.clean_run('ten_a');
SET SESSION AUTHORIZATION regress_ten_b;
SELECT shopanalytics.qa_take('ten_b') IS NOT NULL AS taken;
INSERT INTO public.ten_clean SELECT 'ten_b', entity, rule, kind, status, rows, items, request FROM shopanalytics.clean_run('ten_b');
RESET SESSION AUTHORIZATION;
SELECT entity, rule, kind, status, rows, items FROM public.ten_clean WHERE shop = 'ten_a' AND rows > 0 ORDER BY entity, rule;
SELECT count(*) AS difference FROM (SELECT entity, rule, kind, status, rows, items FROM public.ten_clean WHERE shop = 'ten_a'
                                    EXCEPT ALL SELECT entity, rule, kind, status, rows, items FROM public.ten_clean WHERE shop = 'ten_b') d;
CREATE FUNCTION public.ten_rows(shop text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(r, '','' ORDER BY r)) FROM (SELECT o::text FROM %1$I.orders o UNION ALL SELECT c::text FROM %1$I.customers c) t (r)', shop) INTO state;
    RETURN state;
END $$;
SELECT public.ten_rows('ten_a') AS rows_a, public.ten_rows('ten_b') AS rows_b \gset
SELECT min(request) AS orders_a FROM public.ten_clean WHERE shop = 'ten_a' AND entity = 'orders' AND rule = 'payment_spelling' \gset
SET SESSION AUTHORIZATION regress_ten_a_second;
SELECT a.status FROM shopanalytics.change_request r, shopanalytics.cr_approve(r.id, r.content_hash) a WHERE r.id = :orders_a;
CALL shopanalytics.cr_apply(:orders_a);
SET SESSION AUTHORIZATION regress_ten_a;
SELECT shopanalytics.qa_take('ten_a', 'after') IS NOT NULL AS taken;
SELECT entity, metric, item, value_before, value_after, verdict FROM shopanalytics.qa_report('ten_a') WHERE value_before <> value_after ORDER BY 1, 2, 3;
SET SESSION AUTHORIZATION regress_ten_b;
SELECT shopanalytics.qa_take('ten_b', 'after') AS snapshot_b \gset
SELECT count(*) > 0 AS reported, count(*) FILTER (WHERE value_before <> value_after) AS changed FROM shopanalytics.qa_report('ten_b');
RESET SESSION AUTHORIZATION;
INSERT INTO public.ten_id VALUES ('ten_b', 'snapshot', :snapshot_b);
RESET client_min_messages;
SELECT public.ten_rows('ten_a') <> :'rows_a' AS a_is_cleaned, public.ten_rows('ten_b') = :'rows_b' AS b_is_as_before,
       (SELECT count(*) FROM ten_a.orders WHERE payment_method <> upper(payment_method)) AS left_in_a, (SELECT count(*) > 0 FROM ten_b.orders WHERE payment_method <> upper(payment_method)) AS left_in_b;

-- Everything under governance, in both: audited tables, requests in several states,
-- checks that fail, alerts, calendars, policies, jobs and their runs.
CREATE PROCEDURE public.ten_govern(shop text) LANGUAGE plpgsql AS $$
DECLARE
    secret text := 'secret ' || shop;
    customers regclass := format('%I.customers', shop);
    what text;
    request bigint;
    hash text;
BEGIN
    PERFORM set_config('session_authorization', 'regress_' || shop, true);
    PERFORM shopanalytics.set_policy(shop, format('%I.customers', shop), min_approvals => 1, expiry => '1 day');
    PERFORM shopanalytics.audit_enable(customers, pii => '{email}');
    FOREACH what IN ARRAY '{draft,submitted,applied}'::text[] LOOP
        request := shopanalytics.cr_open(shop, customers, 'manual', secret || ' ' || what);
        PERFORM shopanalytics.cr_add(request, 'U', '{"row_id": 1}', jsonb_build_object('segment', secret));
        IF what <> 'draft' THEN
            hash := shopanalytics.cr_submit(request);
        END IF;
        INSERT INTO public.ten_id VALUES (shop, what, request, hash);
    END LOOP;
    PERFORM set_config('session_authorization', 'regress_' || shop || '_second', true);
    PERFORM shopanalytics.cr_approve(request, hash, secret);
    PERFORM set_config('session_authorization', 'regress_' || shop, true);
    INSERT INTO public.ten_id VALUES (shop, 'hold', shopanalytics.legal_hold_add(shop, secret, format('%I.orders', shop)), NULL);
    PERFORM shopanalytics.set_retention(shop, keep => '2 years');
    PERFORM shopanalytics.dq_calendar_set(shop, secret, weekdays => '{7}');
    PERFORM shopanalytics.dq_check_add(shop, secret, customers, 'not_null', '{"column": "segment"}', key_columns => '{row_id}');
    PERFORM shopanalytics.dq_check_add(shop, secret || ' volume', customers, 'volume', '{}');
    PERFORM shopanalytics.dq_run(shop);
    PERFORM shopanalytics.job_add(shop, secret, '@yearly', 'stage');
    PERFORM shopanalytics.job_add(shop, secret || ' sql', '@yearly', 'sql', jsonb_build_object('query', format('SELECT %L', secret)));
END $$;
CALL public.ten_govern('ten_a');
CALL public.ten_govern('ten_b');
RESET SESSION AUTHORIZATION;
SET client_min_messages = warning;
SELECT a.id AS applied_a, b.id AS applied_b FROM public.ten_id a, public.ten_id b WHERE a.shop = 'ten_a' AND b.shop = 'ten_b' AND a.what = 'applied' AND b.what = 'applied' \gset
SET SESSION AUTHORIZATION regress_ten_b;
CALL shopanalytics.cr_apply(:applied_b);
CALL shopanalytics.run_job('ten_b', 'secret ten_b');
SET SESSION AUTHORIZATION regress_ten_a;
CALL shopanalytics.cr_apply(:applied_a);
CALL shopanalytics.run_job('ten_a', 'secret ten_a');
RESET SESSION AUTHORIZATION;
RESET client_min_messages;
SELECT a.segment AS a, b.segment AS b FROM ten_a.customers a, ten_b.customers b WHERE a.row_id = 1 AND b.row_id = 1;

-- What one sees of each table and view, own and others'; of a partitioned table the
-- columns that may be read.  A row is of a tenant when it says the tenant's name.
CREATE FUNCTION public.ten_seen(shop text, OUT name text, OUT own bigint, OUT others bigint) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    relation regclass;
    columns text;
BEGIN
    FOR relation, name IN SELECT c.oid, CASE n.nspname WHEN 'shopanalytics' THEN c.relname ELSE format('%s.%s', n.nspname, c.relname) END
                            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                           WHERE n.nspname IN ('shopanalytics', CASE shop WHEN 'ten_a' THEN 'ten_b' ELSE 'ten_a' END) AND c.relkind IN ('r', 'p', 'v', 'm') ORDER BY n.nspname <> 'shopanalytics', n.nspname, c.relname COLLATE "C" LOOP
        SELECT string_agg(quote_ident(a.attname), ', ') INTO columns FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(relation, a.attnum, 'SELECT');
        CONTINUE WHEN columns IS NULL;
        BEGIN
            EXECUTE format('SELECT count(*) FILTER (WHERE t::text ~ %L), count(*) FILTER (WHERE t::text ~ %L) FROM (SELECT %s FROM %s) t',
                shop, 'ten_' || CASE shop WHEN 'ten_a' THEN 'b' ELSE 'a' END, columns,
                (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation)) INTO own, others;
        EXCEPTION WHEN insufficient_privilege THEN
            CONTINUE;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
SET SESSION AUTHORIZATION regress_ten_a;
CREATE TEMP TABLE seen_by_a AS SELECT * FROM public.ten_seen('ten_a');
SELECT name, own > 0 AS own, others FROM seen_by_a WHERE name !~ '^ten_';
SELECT name FROM seen_by_a WHERE name ~ '^ten_b' OR others > 0;
SET SESSION AUTHORIZATION regress_ten_b_second;
SELECT name FROM public.ten_seen('ten_b') WHERE name ~ '^ten_a' OR others > 0;
RESET SESSION AUTHORIZATION;
-- who has a duty for every tenant sees both
SELECT count(*) > 12 AS both FROM public.ten_seen('ten_a') WHERE own > 0 AND others > 0 AND name !~ '^ten_';

-- Every function with what is the other's.  Names of schemas, tables and roles and the
-- sizes of tables anybody reads in PostgreSQL's own catalogs.  In what is called, {x} stands for the
-- number of x of the other tenant.
CREATE TABLE public.ten_call (n integer GENERATED ALWAYS AS IDENTITY, call text, name text, filled text);
INSERT INTO public.ten_call (call) VALUES
    ($$has_duty('admin', 'ten_b')$$), ($$grant_duty('regress_ten_a', 'admin', 'ten_b')$$), ($$grant_duty('regress_ten_a', 'apply')$$), ($$revoke_duty('regress_ten_b', 'admin', 'ten_b')$$),
    ($$set_policy('ten_b', auto_approve => true)$$), ($$set_policy(min_approvals => 1)$$), ($$reset_policy('ten_b', 'ten_b.customers')$$), ($$policy_for('ten_b')$$),
    ($$trust_broker('regress_ten_a')$$), ($$distrust_broker('regress_ten_b')$$),
    ($$cr_open('ten_b', {customers}, 'manual', 'x')$$), ($$cr_open('ten_a', {customers}, 'manual', 'x')$$),
    ($$cr_add({draft}, 'D', '{"row_id": 2}')$$), ($$cr_add_query({draft}, 'SELECT ''D'' AS op, ''{"row_id": 2}''::jsonb AS key')$$), ($$cr_remove({draft}, '{"row_id": 1}')$$),
    ($$cr_preview({submitted})$$), ($$cr_submit({draft})$$), ($$cr_approve({submitted}, '{hash}')$$), ($$cr_reject({submitted}, 'x')$$), ($$cr_withdraw({submitted}, 'x')$$),
    ($$cr_progress({applied})$$), ($$cr_rollback_open({applied})$$), ($$cr_rollback_open({applied}, 'force')$$), ($$cr_expire()$$),
    ($$audit_enable({orders})$$), ($$audit_disable({customers})$$), ($$audit_refresh({customers})$$), ($$audit_coverage()$$), ($$audit_partitions()$$),
    ($$row_history({customers}, '{"row_id": 1}')$$), ($$table_as_of({customers}, now())$$), ($$audit_logs({customers})$$),
    ($$seal()$$), ($$anchor()$$), ($$verify()$$),
    ($$erase_subject('ten_b', '{"customer_id": "1"}', 'x', false)$$), ($$legal_hold_add('ten_b', 'x')$$), ($$legal_hold_lift({hold}, 'x')$$), ($$set_retention('ten_b', keep => '1 year')$$), ($$retain(false)$$),
    ($$dq_check_add('ten_b', 'x', {customers}, 'not_null', '{"column": "name"}')$$), ($$dq_check_add('ten_a', 'x', {customers}, 'not_null', '{"column": "name"}')$$),
    ($$dq_check_add('ten_a', 'x', 'ten_a.orders', 'reference', '{"column": "customer_id", "table": "ten_b.customers"}')$$),
    ($$dq_check_alter('ten_b', 'secret ten_b', '{"enabled": false}')$$), ($$dq_check_remove('ten_b', 'secret ten_b')$$),
    ($$dq_run('ten_b')$$), ($$dq_run('ten_a', target => {customers})$$), ($$dq_purge('ten_b', '0')$$), ($$dq_purge('ten_b', '1 day')$$),
    ($$dq_accept({result})$$), ($$dq_alert_ack({alert})$$), ($$dq_alert_resolve({alert})$$), ($$dq_calendar_set('ten_b', 'secret ten_b')$$), ($$dq_calendar_remove('ten_b', 'secret ten_b')$$),
    ($$dq_metrics({customers}, '{segment}')$$), ($$dq_histogram({customers}, 'segment')$$), ($$dq_store_checks('ten_b')$$),
    ($$dq_suggest({customers})$$), ($$dq_adopt('ten_b', {customers})$$), ($$dq_adopt('ten_a', {customers})$$),
    ($$qa_take('ten_b', 'x')$$), ($$qa_report('ten_b')$$), ($$qa_report({snapshot}, {snapshot})$$),
    ($$clean_preview('ten_b')$$), ($$clean_run('ten_b')$$), ($$merge_back({customers}, 'ten_a.customers', '{row_id}')$$), ($$merge_back('ten_a.customers', {customers}, '{row_id}')$$),
    ($$job_add('ten_b', 'x', '@daily', 'stage')$$), ($$job_alter('ten_b', 'secret ten_b', enabled => false)$$), ($$job_remove('ten_b', 'secret ten_b')$$), ($$job_next('ten_b', 'secret ten_b')$$),
    ($$create_store('ten_b')$$), ($$upgrade_store('ten_b', true)$$), ($$drop_store('ten_b', true)$$), ($$map_table('ten_b', 'orders', 'ten_a.customers')$$), ($$map_table('ten_a', 'orders', {customers})$$),
    ($$stage('ten_b')$$), ($$generate_shop('ten_b', 5)$$),
    ($$weekly_cohorts('ten_b')$$), ($$monthly_cohorts('ten_b')$$), ($$profile_table({customers})$$), ($$row_counts('ten_b')$$), ($$session_next_order('ten_b')$$), ($$conversion_by_device('ten_b')$$),
    ($$session_duration_report('SELECT * FROM ten_b.sessions')$$), ($$session_segment_report('SELECT * FROM ten_b.sessions')$$), ($$session_report('ten_b.sessions')$$),
    ($$sessionize_events('ten_b.sessions')$$), ($$active_users_report('ten_b.sessions')$$), ($$event_totals_report('ten_b.sessions')$$), ($$funnel_report('ten_b.sessions', '{a}')$$),
    ($$retention_report('ten_b.sessions')$$), ($$cohort_revenue_report('ten_b.sessions')$$), ($$path_report('ten_b.sessions')$$),
    ($$customer_features('ten_b')$$), ($$fill_vip_customers('ten_b')$$), ($$train_order_anomaly('ten_b')$$), ($$score_order('ten_b', '1')$$), ($$score('x', 'ten_b.orders', 'ten_a.order_flags')$$),
    ($$train_logistic('x', 'ten_b.orders', 'is_flagged')$$), ($$train_tree('x', 'ten_b.orders', 'is_flagged')$$), ($$train_forest('x', 'ten_b.orders', 'is_flagged')$$), ($$train_kmeans('x', 'ten_b.orders')$$),
    ($$fit_encoder('x', 'ten_b.orders', 'channel', 'one_hot')$$), ($$compare_models('{x}', 'ten_b.orders')$$), ($$best_threshold('x', source => 'ten_b.orders')$$), ($$silhouette('x', 'ten_b.orders')$$);
UPDATE public.ten_call SET name = split_part(call, '(', 1), filled = call;
UPDATE public.ten_call c SET filled = replace(replace(replace(filled, '{customers}', 'ten_b.customers'::regclass::oid || '::regclass'), '{orders}', 'ten_b.orders'::regclass::oid || '::regclass'),
                                              '{hash}', (SELECT hash FROM public.ten_id WHERE shop = 'ten_b' AND what = 'submitted'));
UPDATE public.ten_call c SET filled = replace(filled, format('{%s}', i.what), i.id::text) FROM public.ten_id i WHERE i.shop = 'ten_b' AND c.filled LIKE format('%%{%s}%%', i.what);
UPDATE public.ten_call c SET filled = replace(replace(filled, '{result}', r.id::text), '{alert}', a.id::text)
  FROM shopanalytics.dq_result r, shopanalytics.dq_alert a WHERE r.tenant = 'ten_b' AND r.status = 'fail' AND a.tenant = 'ten_b';
GRANT SELECT ON public.ten_call TO PUBLIC;
SELECT count(*) FROM public.ten_call WHERE filled ~ '\{(customers|orders|draft|submitted|applied|hash|hold|snapshot|result|alert)\}' OR filled IS NULL;

-- No function of ours is left out but what reads and writes no table, has been tried
-- in job.sql, or commits and is called below; and what reads models and encoders alone.
SELECT DISTINCT p.proname
  FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
 WHERE e.extname = 'shopanalytics' AND p.proname !~ '^_' AND p.provolatile <> 'i' AND p.prokind IN ('f', 'p')
   AND p.proname <> ALL ('{whoami,cr_apply,tick,run_job,schedule_with_pg_cron,unschedule_with_pg_cron}') AND p.prorettype <> 'trigger'::regtype
   AND NOT (p.proargnames[1] IN ('model', 'encoder') AND 'source' <> ALL (p.proargnames[1:p.pronargs]))
   AND NOT EXISTS (SELECT FROM public.ten_call c WHERE c.name = p.proname)
 ORDER BY 1;

-- All rows of all tables of ours and of the other store, as they are; events apart.
CREATE FUNCTION public.ten_state() RETURNS TABLE (name text, state text) LANGUAGE plpgsql AS $$
BEGIN
    FOR name IN SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname IN ('shopanalytics', 'ten_b') AND c.relkind = 'r' AND c.relname <> 'event' ORDER BY 1 LOOP
        EXECUTE format('SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM %s t', name) INTO state;
        RETURN NEXT;
    END LOOP;
END $$;
-- what is due of the other's is not this one's to run
UPDATE shopanalytics.job SET handled_until = clock_timestamp() - interval '2 years' WHERE tenant = 'ten_b';
CREATE TABLE public.ten_before AS SELECT * FROM public.ten_state();
SELECT max(id) AS last_event FROM shopanalytics.event \gset

CREATE FUNCTION public.ten_try(call text, OUT code text, OUT outcome text) LANGUAGE plpgsql AS $$
DECLARE
    kind "char";
BEGIN
    SELECT p.prokind INTO kind FROM pg_proc p WHERE p.pronamespace = 'shopanalytics'::regnamespace AND p.proname = split_part(call, '(', 1) LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    ELSIF kind = 'p' THEN
        EXECUTE 'CALL shopanalytics.' || call;
        outcome := 'done';
    ELSE
        EXECUTE format('SELECT count(*) || '' rows: '' || coalesce(left(string_agg(r::text, '' ''), 60), '''') FROM shopanalytics.%s r', call) INTO outcome;
        outcome := regexp_replace(outcome, '"\d{4}-[^"]*"|"\d+ kB"', 'N', 'g');
    END IF;
EXCEPTION WHEN OTHERS THEN
    code := SQLSTATE;
    outcome := regexp_replace(SQLERRM, '\d{4,}|request \d+|snapshot \d+|result \d+|alert \d+', 'N', 'g');
END $$;
SET client_min_messages = warning;
SET SESSION AUTHORIZATION regress_ten_a;
CREATE TEMP TABLE outcome AS SELECT c.n, c.call, t.* FROM public.ten_call c, LATERAL public.ten_try(c.filled) t;
SELECT call, code, outcome FROM outcome WHERE outcome IS NOT NULL ORDER BY n;
CALL shopanalytics.cr_apply(:applied_b);
CALL shopanalytics.run_job('ten_b', 'secret ten_b');
CALL shopanalytics.run_job('ten_b', 'no such job');
CALL shopanalytics.tick();
RESET SESSION AUTHORIZATION;
RESET client_min_messages;
-- nothing is changed, and the refusals are noted
SELECT name FROM public.ten_state() s FULL JOIN public.ten_before b USING (name) WHERE s.state IS DISTINCT FROM b.state;
SELECT type, tenant, login, detail - 'request' AS detail FROM shopanalytics.event WHERE id > :last_event ORDER BY id;

-- The other goes on as before.
SET SESSION AUTHORIZATION regress_ten_b;
SELECT count(*) > 0 AS checks FROM shopanalytics.dq_run('ten_b');
CALL shopanalytics.run_job('ten_b', 'secret ten_b');
RESET SESSION AUTHORIZATION;

SELECT count(shopanalytics.job_remove(tenant, name)) FROM shopanalytics.job;
SELECT count(shopanalytics.reset_policy(tenant, scope)) FROM shopanalytics.policy;
SET client_min_messages = warning;
SELECT shopanalytics.audit_disable('ten_a.customers'), shopanalytics.audit_disable('ten_b.customers');
SET SESSION AUTHORIZATION regress_ten_a;
CALL shopanalytics.drop_store('ten_a', true);
SET SESSION AUTHORIZATION regress_ten_b;
CALL shopanalytics.drop_store('ten_b', true);
RESET SESSION AUTHORIZATION;
RESET client_min_messages;
SELECT count(shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope)) FROM shopanalytics.duty;
:forget;
DROP PROCEDURE public.ten_fill, public.ten_govern;
DROP FUNCTION public.ten_rows, public.ten_difference, public.ten_seen, public.ten_state, public.ten_try;
DROP TABLE public.ten_clean, public.ten_id, public.ten_call, public.ten_before;
DROP TABLE seen_by_a, outcome;
DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM regress_ten_a, regress_ten_b', current_database()); END $$;
DROP ROLE regress_ten_a, regress_ten_a_second, regress_ten_b, regress_ten_b_second, regress_ten_a_people, regress_ten_b_people;
