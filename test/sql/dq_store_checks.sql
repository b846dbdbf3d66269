-- The standard checks of a store find what was put into generated data, and only that.  -- A29
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET client_min_messages = warning;
TRUNCATE shopanalytics.dq_check, shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric, shopanalytics.dq_alert RESTART IDENTITY;
CREATE ROLE regress_dq_store LOGIN;
CALL shopanalytics.create_store('dq Store');
CALL shopanalytics.generate_shop('dq Store', seed => 7, customers => 400, orders => 2000, sessions => 1500);
SELECT shopanalytics.grant_duty('regress_dq_store', 'dq_admin', 'dq Store');
GRANT USAGE ON SCHEMA "dq Store" TO regress_dq_store;
GRANT SELECT ON ALL TABLES IN SCHEMA "dq Store" TO regress_dq_store;
SET SESSION AUTHORIZATION regress_dq_store;
SELECT shopanalytics.dq_store_checks('dq Store') > 30 AS added, shopanalytics.dq_store_checks('dq Store') AS again;
SELECT check_name, status, severity FROM shopanalytics.dq_run('dq Store');
-- each anomaly that is known is found, by its key
SELECT t.kind, count(*) AS anomalies, count(f.key) AS found
  FROM "dq Store".anomaly_truth t
  LEFT JOIN (SELECT DISTINCT r.check_name, coalesce(f.key ->> 'order_id', f.key ->> 'session_id', f.key ->> 'customer_id') AS key
               FROM shopanalytics.dq_failure f JOIN shopanalytics.dq_result r ON r.id = f.result) f ON f.check_name = t.table_name || '.' || t.kind AND f.key = t.key
 WHERE t.kind NOT LIKE 'untidy%'
 GROUP BY t.kind ORDER BY t.kind;
-- and nothing else
SELECT r.check_name, f.key FROM shopanalytics.dq_failure f JOIN shopanalytics.dq_result r ON r.id = f.result
 WHERE NOT EXISTS (SELECT FROM "dq Store".anomaly_truth t WHERE t.table_name || '.' || t.kind = r.check_name AND t.key = coalesce(f.key ->> 'order_id', f.key ->> 'session_id', f.key ->> 'customer_id'))
 ORDER BY r.check_name, f.key::text;
-- an empty store: the tables that must not be empty, and nothing else
RESET SESSION AUTHORIZATION;
CALL shopanalytics.create_store('dq_empty');
SELECT shopanalytics.grant_duty('regress_dq_store', 'dq_admin', 'dq_empty');
GRANT USAGE ON SCHEMA dq_empty TO regress_dq_store;
GRANT SELECT ON ALL TABLES IN SCHEMA dq_empty TO regress_dq_store;
SET SESSION AUTHORIZATION regress_dq_store;
SELECT shopanalytics.dq_store_checks('dq_empty') > 30 AS added;
SELECT status, severity, count(*), min(check_name) AS first FROM shopanalytics.dq_run('dq_empty') GROUP BY status, severity ORDER BY status, severity;
SELECT shopanalytics.dq_store_checks('nowhere');
SELECT shopanalytics.dq_store_checks(NULL);
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.revoke_duty('regress_dq_store', 'dq_admin', 'dq_empty');
SET SESSION AUTHORIZATION regress_dq_store;
\set VERBOSITY sqlstate
SELECT shopanalytics.dq_store_checks('dq_empty');
\set VERBOSITY default
RESET SESSION AUTHORIZATION;
CALL shopanalytics.drop_store('dq_empty');
CALL shopanalytics.drop_store('dq Store');
TRUNCATE shopanalytics.dq_check, shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric, shopanalytics.dq_alert;
DELETE FROM shopanalytics.duty;
DROP ROLE regress_dq_store;
