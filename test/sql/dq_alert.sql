-- History and alerts: volume that learns, what is accepted, alerts that are counted, kept
-- quiet, acknowledged and resolved.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET client_min_messages = warning;
TRUNCATE shopanalytics.dq_check, shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric, shopanalytics.dq_alert RESTART IDENTITY;
DELETE FROM shopanalytics.event;
CREATE ROLE regress_dq_alert LOGIN;
CREATE SCHEMA dq_shop AUTHORIZATION regress_dq_alert;
SELECT shopanalytics.grant_duty('regress_dq_alert', 'dq_admin', 'dq_shop');
SET SESSION AUTHORIZATION regress_dq_alert;
CREATE TABLE dq_shop.t (id integer PRIMARY KEY);
-- Runs a check of the table with so many rows, so many hours later.
CREATE FUNCTION dq_shop.with_rows(name text, n integer, hour numeric, OUT rows integer, OUT status text, OUT severity text, OUT expected text, OUT message text) LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE dq_shop.t;
    INSERT INTO dq_shop.t SELECT generate_series(1, n);
    SELECT n, r.status, r.severity, r.expected, r.message INTO rows, status, severity, expected, message
      FROM shopanalytics.dq_run('dq_shop', ARRAY[name], as_of => '2024-05-01 00:00Z'::timestamptz + hour * interval '1 hour') r;
END $$;

-- D10: fewer than 7 values to compare with is learning, without an alert
SELECT shopanalytics.dq_check_add('dq_shop', 'volume', 'dq_shop.t', 'volume', '{"min_points": 4}'),
       shopanalytics.dq_check_add('dq_shop', 'default', 'dq_shop.t', 'volume');
SELECT r.* FROM unnest(ARRAY[100, 100, 100, 100]) WITH ORDINALITY AS n (rows, place), LATERAL dq_shop.with_rows('volume', n.rows, n.place) r;
SELECT r.* FROM generate_series(1, 7) n, LATERAL dq_shop.with_rows('default', 100, n) r;
SELECT r.* FROM dq_shop.with_rows('default', 100, 8) r;
-- D12: the value itself is no history: the mean is 100, not 105
SELECT r.* FROM dq_shop.with_rows('volume', 125, 5) r;
-- a value that failed is none either, until it is accepted
SELECT r.* FROM dq_shop.with_rows('volume', 125, 6) r;
SELECT value, is_baseline FROM shopanalytics.dq_metric m JOIN shopanalytics.dq_check c ON c.id = m.check_id WHERE c.name = 'volume' ORDER BY m.at;
SELECT id, status, severity, counter FROM shopanalytics.dq_alert;
SELECT shopanalytics.dq_accept(max(id), 'a campaign') FROM shopanalytics.dq_result;
SELECT shopanalytics.dq_accept(max(id)) FROM shopanalytics.dq_result;
SELECT shopanalytics.dq_accept(1);
SELECT shopanalytics.dq_accept(NULL);
SELECT shopanalytics.dq_accept(999999);
SELECT status, person, comment FROM shopanalytics.dq_alert;
SELECT r.* FROM dq_shop.with_rows('volume', 125, 7) r;
SELECT value, is_baseline FROM shopanalytics.dq_metric m JOIN shopanalytics.dq_check c ON c.id = m.check_id WHERE c.name = 'volume' ORDER BY m.at;
-- without any deviation 1 % is no anomaly, unless min_delta says so
SELECT shopanalytics.dq_check_remove('dq_shop', 'volume'), shopanalytics.dq_check_remove('dq_shop', 'default');
SELECT shopanalytics.dq_check_add('dq_shop', 'flat', 'dq_shop.t', 'volume', '{"min_points": 3}');
SELECT r.* FROM unnest(ARRAY[200, 200, 200, 202, 198, 197, 0]) WITH ORDINALITY AS n (rows, place), LATERAL dq_shop.with_rows('flat', n.rows, n.place) r;
-- changed, it learns anew
SELECT shopanalytics.dq_check_alter('dq_shop', 'flat', '{"args": {"min_points": 3, "min_delta": 0}}');
SELECT r.* FROM unnest(ARRAY[200, 200, 200, 201]) WITH ORDINALITY AS n (rows, place), LATERAL dq_shop.with_rows('flat', n.rows, 10 + n.place) r;
-- in one direction; warnings; D11: nothing at all fails while it learns
SELECT shopanalytics.dq_check_add('dq_shop', 'drop', 'dq_shop.t', 'volume', '{"min_points": 2, "direction": "drop"}'),
       shopanalytics.dq_check_add('dq_shop', 'warn', 'dq_shop.t', 'volume', '{"min_points": 2, "warn_sensitivity": 2, "direction": "spike"}'),
       shopanalytics.dq_check_add('dq_shop', 'zero', 'dq_shop.t', 'volume', '{"fail_on_zero": true}');
SELECT r.* FROM unnest(ARRAY[100, 100, 300, 50]) WITH ORDINALITY AS n (rows, place), LATERAL dq_shop.with_rows('drop', n.rows, n.place) r;
SELECT r.* FROM unnest(ARRAY[100, 100, 300, 50]) WITH ORDINALITY AS n (rows, place), LATERAL dq_shop.with_rows('warn', n.rows, n.place) r;
SELECT r.* FROM unnest(ARRAY[1, 0]) WITH ORDINALITY AS n (rows, place), LATERAL dq_shop.with_rows('zero', n.rows, n.place) r;
-- a calendar: on its days volume is not judged and no history is made
SELECT shopanalytics.dq_calendar_set('dq_shop', 'shop days', '{2024-05-01}', '{7,6,6}', 'Europe/Berlin'), shopanalytics.dq_calendar_set('dq_shop', 'shop days', '{2024-05-01}', '{6,7}', 'Europe/Berlin') AS again;
SELECT shopanalytics.dq_check_alter('dq_shop', 'zero', '{"calendar": "shop days"}');
SELECT h.hour, r.* FROM unnest(ARRAY[-3, -1, 21, 23, 72, 100]) h (hour), LATERAL dq_shop.with_rows('zero', 0, h.hour) r;
SELECT shopanalytics.dq_calendar_remove('dq_shop', 'shop days');
SELECT shopanalytics.dq_check_alter('dq_shop', 'zero', '{"calendar": null}'), shopanalytics.dq_calendar_remove('dq_shop', 'shop days'), shopanalytics.dq_calendar_remove('dq_shop', 'shop days') AS again;
SELECT shopanalytics.dq_calendar_set('dq_shop', 'c', weekdays => '{0}');
SELECT shopanalytics.dq_calendar_set('dq_shop', 'c', timezone => 'Mars/Olympus');
SELECT shopanalytics.dq_calendar_set('dq_shop', 'c', days => NULL);
SELECT shopanalytics.dq_calendar_set('dq_shop', E'c\n');

-- Alerts: one for a check, counted; acknowledged it stays so; a pass resolves it.
SELECT shopanalytics.dq_check_add('dq_shop', 'rows', 'dq_shop.t', 'row_count', '{"range": "[5,)", "warn_range": "[10,)"}', owner => 'ann', suppress => '6 hours');
PREPARE alerts AS SELECT row_number() OVER (ORDER BY id) AS alert, status, severity, counter, owner, to_char(first_at, 'HH24:MI') AS first, to_char(last_at, 'HH24:MI') AS last,
       to_char(notified_at, 'HH24:MI') AS notified, to_char(resolved_at, 'HH24:MI') AS resolved, person, comment FROM shopanalytics.dq_alert WHERE check_name = 'rows' ORDER BY id;
SELECT r.status, r.severity FROM dq_shop.with_rows('rows', 7, 0) r;
EXECUTE alerts;
SELECT r.status, r.severity FROM dq_shop.with_rows('rows', 6, 1) r;
EXECUTE alerts;
-- worse is told at once
SELECT r.status, r.severity FROM dq_shop.with_rows('rows', 1, 2) r;
EXECUTE alerts;
SELECT shopanalytics.dq_alert_ack(max(id), 'looking') FROM shopanalytics.dq_alert WHERE check_name = 'rows';
SELECT shopanalytics.dq_alert_ack(max(id)) FROM shopanalytics.dq_alert WHERE check_name = 'rows';
SELECT r.status, r.severity FROM dq_shop.with_rows('rows', 1, 3) r;
EXECUTE alerts;
SELECT r.status, r.severity FROM dq_shop.with_rows('rows', 20, 4) r;
EXECUTE alerts;
-- within the time of suppression it is the same alert, and nothing is told again
SELECT r.status, r.severity FROM dq_shop.with_rows('rows', 1, 5) r;
EXECUTE alerts;
-- told again after that time
SELECT r.status, r.severity FROM dq_shop.with_rows('rows', 1, 8) r;
EXECUTE alerts;
SELECT r.status, r.severity FROM dq_shop.with_rows('rows', 20, 9) r;
-- later it is another
SELECT r.status, r.severity FROM dq_shop.with_rows('rows', 1, 16) r;
EXECUTE alerts;
SELECT shopanalytics.dq_alert_resolve(max(id), 'known') FROM shopanalytics.dq_alert WHERE check_name = 'rows';
SELECT shopanalytics.dq_alert_resolve(max(id)) FROM shopanalytics.dq_alert WHERE check_name = 'rows';
SELECT shopanalytics.dq_alert_ack(NULL);
\set VERBOSITY sqlstate
SELECT shopanalytics.dq_alert_ack(max(id)) FROM shopanalytics.dq_alert WHERE check_name = 'rows';
SELECT shopanalytics.dq_alert_resolve(999999);
\set VERBOSITY default
SELECT status, person, comment, resolved_at IS NOT NULL AS resolved FROM shopanalytics.dq_alert WHERE check_name = 'rows' ORDER BY id DESC LIMIT 1;
-- no data alerts as the check says, an error always
SELECT shopanalytics.dq_check_add('dq_shop', 'nothing', 'dq_shop.t', 'not_null', '{"column": "id"}', on_empty => 'pass'),
       shopanalytics.dq_check_add('dq_shop', 'nothing at all', 'dq_shop.t', 'not_null', '{"column": "id"}'),
       shopanalytics.dq_check_add('dq_shop', 'broken', 'dq_shop.t', 'expression', '{"expression": "1 / (id - id) = 1"}');
TRUNCATE dq_shop.t;
SELECT check_name, status, severity FROM shopanalytics.dq_run('dq_shop', '{nothing,nothing at all}');
INSERT INTO dq_shop.t VALUES (1);
SELECT check_name, status, severity FROM shopanalytics.dq_run('dq_shop', '{nothing,broken}');
SELECT check_name, status, severity, counter FROM shopanalytics.dq_alert WHERE check_name IN ('nothing', 'nothing at all', 'broken') ORDER BY id;
-- fingerprints tell tenants and tables apart
SELECT count(DISTINCT fingerprint) = count(DISTINCT (tenant, check_name, target)) AS told_apart, bool_and(length(fingerprint) = 64) AS is_sha FROM shopanalytics.dq_alert;
-- a check that is removed has no open alert
SELECT shopanalytics.dq_check_remove('dq_shop', 'broken');
SELECT status FROM shopanalytics.dq_alert WHERE check_name = 'broken';

-- A run, its counts and who ran it; old ones are purged with all that hangs on them.
SELECT checks, severity, login, role, actor, finished_at >= started_at AS in_order FROM shopanalytics.dq_run ORDER BY id DESC LIMIT 1;
SELECT shopanalytics.dq_purge('dq_shop', '1 day') AS recent, shopanalytics.dq_purge('dq_shop', NULL);
SELECT shopanalytics.dq_purge('dq_shop', '-1 day');
SELECT shopanalytics.dq_purge('dq_shop', '0') > 0 AS purged;
SELECT (SELECT count(*) FROM shopanalytics.dq_run) AS runs, (SELECT count(*) FROM shopanalytics.dq_result) AS results, (SELECT count(*) FROM shopanalytics.dq_metric) AS metrics;
SELECT shopanalytics.dq_run('dq_shop', '{rows}', max_keys => -1);
SELECT shopanalytics.dq_run('dq_shop', '{rows,NULL}');
SELECT shopanalytics.dq_run('dq_shop', check_timeout => '0');
SELECT shopanalytics.dq_run('dq_shop', as_of => 'infinity');
SELECT shopanalytics.dq_run('dq_shop', target => 'dq_shop.nowhere');

RESET SESSION AUTHORIZATION;
SELECT type, detail - 'args' AS detail FROM shopanalytics.event WHERE type IN ('dq_accepted', 'dq_alert_ack', 'dq_alert_resolved', 'dq_calendar_set', 'dq_calendar_removed') ORDER BY id;
DROP SCHEMA dq_shop CASCADE;
TRUNCATE shopanalytics.dq_check, shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric, shopanalytics.dq_alert, shopanalytics.dq_calendar;
DELETE FROM shopanalytics.duty;
DROP ROLE regress_dq_alert;
