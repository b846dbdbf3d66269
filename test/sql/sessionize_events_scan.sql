-- sessionize_events() in FROM: rows straight into the plan, and read by workers.
SET TimeZone = 'UTC';

-- 20,000 events of 700 users, with ties, about in order of time; some without a user or a time.
CREATE TABLE event AS
SELECT i AS id, NULLIF((hashint8(i) & 2147483647) % 700, 13) AS user_id,
       CASE WHEN i % 5000 = 0 THEN 'infinity' WHEN i % 4999 = 0 THEN NULL
            ELSE timestamptz '2024-01-01' + (i / 20 + hashint8(i * 7) % 30) * interval '1 minute' END AS event_time
  FROM generate_series(1::bigint, 20000) i;
ANALYZE event;
-- What is to come, by the window function.
CREATE TABLE expected AS
SELECT id, user_id, event_time, shopanalytics.sessionize(event_time) OVER w AS session_number, shopanalytics.session_start(event_time) OVER w AS session_start
  FROM event WHERE user_id IS NOT NULL AND isfinite(event_time) WINDOW w AS (PARTITION BY user_id ORDER BY event_time, id);
-- Takes the rows of a query and counts those that are not to come, or do not come.
CREATE FUNCTION differing(query text, expected text DEFAULT 'TABLE expected') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE differing bigint;
BEGIN
    EXECUTE format('WITH ours AS (%s), theirs AS (%s)
                    SELECT count(*) FROM ((TABLE ours EXCEPT ALL TABLE theirs) UNION ALL (TABLE theirs EXCEPT ALL TABLE ours)) d', query, expected) INTO differing;
    RETURN differing;
END $$;

-- The plan has no function scan, and a row has the columns that are asked for.
EXPLAIN (COSTS OFF) SELECT * FROM shopanalytics.sessionize_events('event');
EXPLAIN (COSTS OFF, VERBOSE) SELECT max(session_start), user_id FROM shopanalytics.sessionize_events('event') WHERE session_number > 1 GROUP BY user_id;
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''event'', key_column => ''id'')');
SELECT count(*), count(*) FILTER (WHERE session_number = 1) AS first, max(session_number) AS max FROM shopanalytics.sessionize_events('event');
SELECT count(*), count(*) FILTER (WHERE session_number = 1) AS first, max(session_number) AS max FROM expected;
SELECT count(*) FROM shopanalytics.sessionize_events('event');
SELECT differing('SELECT session_number, user_id::integer, session_number + 1, event_key FROM shopanalytics.sessionize_events(''event'') WHERE event_time > ''2024-01-05'' AND session_start IS NOT NULL',
                 'SELECT session_number, user_id, session_number + 1, NULL FROM expected WHERE event_time > ''2024-01-05''');
SELECT user_id, user_id AS again, event_key IS NULL AS no_key, 1 AS one FROM shopanalytics.sessionize_events('event') ORDER BY event_time, user_id LIMIT 2;

-- Where rows could not come like that, the function gives them: in the list of SELECT,
-- as a whole, numbered, of several functions, for each row of another table, locked.
EXPLAIN (COSTS OFF) SELECT shopanalytics.sessionize_events('event');
EXPLAIN (COSTS OFF) SELECT s FROM shopanalytics.sessionize_events('event') s;
EXPLAIN (COSTS OFF) SELECT user_id FROM shopanalytics.sessionize_events('event') s WHERE s IS NOT NULL;
EXPLAIN (COSTS OFF) SELECT * FROM shopanalytics.sessionize_events('event') WITH ORDINALITY;
EXPLAIN (COSTS OFF) SELECT * FROM ROWS FROM (shopanalytics.sessionize_events('event'), generate_series(1, 3));
EXPLAIN (COSTS OFF) SELECT * FROM (VALUES ('event'), ('expected')) v(name), LATERAL shopanalytics.sessionize_events(v.name) s;
EXPLAIN (COSTS OFF) SELECT e.id FROM event e JOIN shopanalytics.sessionize_events('event', key_column => 'id') s ON s.event_key = e.id::text FOR UPDATE OF e;
EXPLAIN (COSTS OFF) UPDATE event e SET id = id FROM shopanalytics.sessionize_events('event', key_column => 'id') s WHERE s.event_key = e.id::text;
SELECT * FROM shopanalytics.sessionize_events('event') s FOR UPDATE OF s;
SELECT differing('SELECT (s.e).event_key::bigint, (s.e).user_id::integer, (s.e).event_time, (s.e).session_number, (s.e).session_start FROM (SELECT shopanalytics.sessionize_events(''event'', key_column => ''id'') AS e) s');
SELECT differing('SELECT (s).event_key::bigint, (s).user_id::integer, (s).event_time, (s).session_number, (s).session_start FROM shopanalytics.sessionize_events(''event'', key_column => ''id'') s WHERE s.user_id IS NOT NULL');
SELECT count(*), max(ordinality) FROM shopanalytics.sessionize_events('event') WITH ORDINALITY;
SELECT v.n, count(*), max(session_number) FROM (VALUES (100), (1000)) v(n), LATERAL shopanalytics.sessionize_events(format('SELECT * FROM event WHERE id < %s', v.n)) s GROUP BY v.n ORDER BY v.n;

-- Again from the start: for each row of another table, without reading the events again
-- (their notice comes once), and with them if they depend on it.
SET client_min_messages = warning;
BEGIN;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_material = off;
SET LOCAL client_min_messages = notice;
EXPLAIN (COSTS OFF) SELECT n, count(*) FROM generate_series(1, 3) n LEFT JOIN shopanalytics.sessionize_events('event') s ON s.session_number >= n GROUP BY n;
SELECT n, count(*), count(DISTINCT user_id) FROM generate_series(1, 3) n LEFT JOIN shopanalytics.sessionize_events('event') s ON s.session_number >= n GROUP BY n ORDER BY n;
COMMIT;
SELECT n, count(*) FROM generate_series(1, 3) n JOIN expected ON session_number >= n GROUP BY n ORDER BY n;
EXPLAIN (COSTS OFF) SELECT n, (SELECT count(*) FROM shopanalytics.sessionize_events('event', n * interval '1 minute') WHERE session_number > 1) FROM generate_series(1, 3) n;
SELECT n, (SELECT count(*) FROM shopanalytics.sessionize_events('event', n * interval '10 minutes') WHERE session_number > 1) AS ours,
       (SELECT count(*) FROM (SELECT shopanalytics.sessionize(event_time, n * interval '10 minutes') OVER (PARTITION BY user_id ORDER BY event_time) AS session_number
                                FROM expected) w WHERE session_number > 1) AS windows FROM generate_series(1, 3) n;
SELECT n, (SELECT count(*) FROM shopanalytics.sessionize_events('event') WHERE session_number > n) AS ours FROM generate_series(1, 3) n;
SELECT a.user_id, a.session_number, b.session_number FROM shopanalytics.sessionize_events('event') a JOIN shopanalytics.sessionize_events('event', '1 day') b USING (user_id, event_time)
 WHERE a.session_number <> b.session_number ORDER BY a.event_time, 1, 2, 3 LIMIT 2;

-- Into a table, a view, a prepared statement, PL/pgSQL, UNION ALL; arguments known at last.
CREATE TABLE made AS SELECT user_id::integer, event_time, session_number FROM shopanalytics.sessionize_events('event');
INSERT INTO made SELECT user_id::integer, event_time, session_number FROM shopanalytics.sessionize_events('event') WHERE session_number > 3;
SELECT differing('TABLE made', 'SELECT user_id, event_time, session_number FROM expected UNION ALL SELECT user_id, event_time, session_number FROM expected WHERE session_number > 3');
CREATE VIEW sessionized AS SELECT user_id, max(session_number) AS sessions FROM shopanalytics.sessionize_events('event') GROUP BY user_id;
SELECT differing('SELECT user_id::integer, sessions FROM sessionized', 'SELECT user_id, max(session_number) FROM expected GROUP BY user_id');
PREPARE p (text, interval) AS SELECT count(*), max(session_number) FROM shopanalytics.sessionize_events($1, $2);
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE p ('event', '30 minutes');
EXECUTE p ('event', '30 minutes');
EXECUTE p ('SELECT * FROM event WHERE id <= 10', '0');
EXECUTE p ('nowhere', '0');
EXECUTE p ('event', NULL);
RESET plan_cache_mode;
DEALLOCATE p;
SELECT count(*) FROM shopanalytics.sessionize_events((SELECT 'event'), (SELECT interval '1 hour'));
SELECT count(*) FROM (SELECT user_id FROM shopanalytics.sessionize_events('event') UNION ALL SELECT user_id FROM shopanalytics.sessionize_events('event')) u;
DO $$
DECLARE n bigint := 0; s record;
BEGIN
    FOR s IN SELECT * FROM shopanalytics.sessionize_events('event') LOOP
        n := n + s.session_number;
        EXIT WHEN n > 1000;
    END LOOP;
    RAISE WARNING 'more than 1000: %', n > 1000;
END $$;

-- Cursors stop early, go back, outlive their transaction and a savepoint.
BEGIN;
DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT row_number() OVER () AS n, session_number > 0 AS positive FROM shopanalytics.sessionize_events('event');
DECLARE d SCROLL CURSOR FOR SELECT user_id IS NOT NULL AS given FROM shopanalytics.sessionize_events('event');
DECLARE e NO SCROLL CURSOR FOR SELECT user_id IS NOT NULL AS given FROM shopanalytics.sessionize_events('event');
SAVEPOINT a;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
FETCH 1 FROM d;
FETCH 1 FROM e;
ROLLBACK TO a;
FETCH 1 FROM d;
MOVE BACKWARD ALL FROM d;
FETCH 1 FROM d;
FETCH 1 FROM e;
MOVE ALL FROM e;
COMMIT;
FETCH 1 FROM c;
CLOSE c;

-- Rights: those of the caller, on the function and on the events.
CREATE ROLE regress_sessionize_caller;
SET ROLE regress_sessionize_caller;
SELECT count(*) FROM shopanalytics.sessionize_events('event');
RESET ROLE;
GRANT SELECT ON event TO regress_sessionize_caller;
REVOKE EXECUTE ON FUNCTION shopanalytics.sessionize_events FROM PUBLIC;
SET ROLE regress_sessionize_caller;
SELECT count(*) FROM shopanalytics.sessionize_events('event');
RESET ROLE;
GRANT EXECUTE ON FUNCTION shopanalytics.sessionize_events TO PUBLIC;

-- By workers, if the planner would have them.  Each of the settings may say no.
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET max_parallel_workers_per_gather = 2;
CREATE FUNCTION workers(events text, key_column name DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE format('EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT user_id FROM shopanalytics.sessionize_events(%L, key_column => %L)', events, key_column) LOOP
        IF line ~ 'Workers' THEN RETURN trim(line); END IF;
    END LOOP;
    RETURN 'none';
END $$;
SELECT workers('event');
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''event'', key_column => ''id'')');
SELECT differing('SELECT user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''event'')', 'SELECT user_id, event_time, session_number, session_start FROM expected');
SELECT differing('SELECT (s.e).event_key::bigint, (s.e).user_id::integer, (s.e).event_time, (s.e).session_number, (s.e).session_start FROM (SELECT shopanalytics.sessionize_events(''event'', key_column => ''id'') AS e) s');
SET parallel_leader_participation = off;
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''event'', key_column => ''id'')');
SET client_min_messages = notice;
SELECT count(*) FROM shopanalytics.sessionize_events('event');
SET client_min_messages = warning;
RESET parallel_leader_participation;
SET max_parallel_workers = 0;
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''event'', key_column => ''id'')');
RESET max_parallel_workers;
SET max_parallel_workers_per_gather = 0;
SELECT workers('event');
SET max_parallel_workers_per_gather = 2;

-- Of sources of every kind: filtered, partitioned, with a dropped column, of other types,
-- a view with a join, without keys that a worker could hand over, empty, temporary.
SELECT workers('SELECT * FROM event WHERE id % 2 = 0');
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time FROM shopanalytics.sessionize_events(''SELECT * FROM event WHERE id % 2 = 0'', key_column => ''id'')',
                 'SELECT id, user_id, event_time FROM expected WHERE id % 2 = 0');
CREATE TABLE parted (LIKE event) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (7000);
CREATE TABLE parted_2 (event_time timestamptz, gone text, id bigint, user_id integer);
ALTER TABLE parted_2 DROP COLUMN gone;
ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM (7000) TO (100000);
INSERT INTO parted SELECT * FROM event;
ANALYZE parted;
SELECT workers('parted');
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''parted'', key_column => ''id'')');
SELECT workers('parted_2');
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time FROM shopanalytics.sessionize_events(''parted_2'', key_column => ''id'')',
                 'SELECT id, user_id, event_time FROM expected WHERE id >= 7000');
ALTER TABLE event ADD COLUMN price integer DEFAULT 3;
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''event'', key_column => ''id'')');
SELECT differing('SELECT event_key, count(*) FROM shopanalytics.sessionize_events(''event'', key_column => ''price'') GROUP BY 1', 'SELECT ''3'', count(*) FROM expected');
CREATE VIEW joined AS SELECT e.id::smallint AS id, e.user_id::bigint, e.event_time AT TIME ZONE 'UTC' AS ts FROM event e JOIN expected x USING (id) WHERE x.session_number < 3;
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time FROM shopanalytics.sessionize_events(''joined'', key_column => ''id'')',
                 'SELECT id, user_id, event_time FROM expected WHERE session_number < 3');
SELECT differing('SELECT user_id::integer, event_time, event_key FROM shopanalytics.sessionize_events(''SELECT user_id, event_time, NULL::integer AS k FROM event'', key_column => ''k'')',
                 'SELECT user_id, event_time, NULL FROM expected');
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''SELECT id::text, user_id::text, event_time FROM event'', key_column => ''id'')');
SELECT workers('SELECT id, user_id::text, event_time FROM event');
SELECT workers('SELECT user_id, event_time, id::text FROM event', 'id');
SELECT workers('SELECT 1 AS user_id, event_time FROM event');
SELECT count(*) FROM shopanalytics.sessionize_events('SELECT user_id, event_time FROM event ORDER BY event_time LIMIT 10');
SELECT count(*) FROM shopanalytics.sessionize_events('SELECT * FROM event WHERE id < 0');
SELECT count(*) FROM shopanalytics.sessionize_events('SELECT user_id, event_time FROM event FOR UPDATE');
SELECT count(*) FROM shopanalytics.sessionize_events('SELECT NULL::integer AS user_id, event_time FROM event');
CREATE TEMP TABLE temporary AS SELECT id, user_id, event_time FROM event;
ANALYZE temporary;
SELECT workers('temporary');
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''temporary'', key_column => ''id'')');

-- What this transaction has changed is seen, and what has changed since the cursor is not.
BEGIN;
DECLARE c CURSOR FOR SELECT count(*) FROM shopanalytics.sessionize_events('event');
DELETE FROM event WHERE id % 2 = 0;
INSERT INTO event SELECT id, user_id, event_time + interval '1 year' FROM expected WHERE id % 4 = 0;
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time FROM shopanalytics.sessionize_events(''event'', key_column => ''id'')',
                 'SELECT id, user_id, event_time FROM expected WHERE id % 2 <> 0 UNION ALL SELECT id, user_id, event_time + interval ''1 year'' FROM expected WHERE id % 4 = 0');
FETCH c;
ROLLBACK;
SELECT count(*) FROM expected;

-- Row security holds in workers.
ALTER TABLE event ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON event FOR SELECT TO regress_sessionize_caller USING (user_id % 7 = 3);
SET ROLE regress_sessionize_caller;
SELECT workers('event');
SET parallel_leader_participation = off;
SELECT count(*), count(*) FILTER (WHERE user_id::integer % 7 <> 3) AS wrong FROM shopanalytics.sessionize_events('event');
RESET ROLE;
SELECT count(*) FROM expected WHERE user_id % 7 = 3;
ALTER TABLE event DISABLE ROW LEVEL SECURITY;

-- Errors, of workers too, cancelling and what comes after them.
\set VERBOSITY terse
SELECT count(*) FROM shopanalytics.sessionize_events('SELECT user_id, event_time FROM event WHERE 1 / (id - 12345) >= 0');
RESET parallel_leader_participation;
SELECT count(*) FROM shopanalytics.sessionize_events('SELECT user_id, event_time FROM event WHERE 1 / (id - 12345) >= 0');
SELECT count(*) FROM shopanalytics.sessionize_events('event', user_column => 'nobody');
SELECT count(*) / 0 FROM shopanalytics.sessionize_events('event');
SET statement_timeout = '200ms';
SELECT count(*) FROM shopanalytics.sessionize_events('SELECT a.user_id, a.event_time FROM event a, event b, event c');
SELECT count(*) FROM shopanalytics.sessionize_events('event') a, generate_series(1, 1000000) b;
RESET statement_timeout;
\set VERBOSITY default
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''event'', key_column => ''id'')');

-- More events than memory go to a file, from which they come again and again.
SET shopanalytics.intake_memory = '1MB';
SET client_min_messages = notice;
INSERT INTO event SELECT id + 100000 * n, user_id + 1000 * n, event_time FROM event, generate_series(1, 4) n;
INSERT INTO expected SELECT id + 100000 * n, user_id + 1000 * n, event_time, session_number, session_start FROM expected, generate_series(1, 4) n;
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''event'', key_column => ''id'')');
SET max_parallel_workers_per_gather = 0;
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''event'', key_column => ''id'')');
SELECT differing('SELECT event_key::bigint, user_id::integer, event_time, session_number, session_start FROM shopanalytics.sessionize_events(''SELECT id::text, user_id::text, event_time FROM event'', key_column => ''id'')');
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SELECT n, count(*) FROM generate_series(1, 2) n LEFT JOIN shopanalytics.sessionize_events('event') s ON s.session_number >= n GROUP BY n ORDER BY n;
SELECT n, count(*) FROM generate_series(1, 2) n JOIN expected ON session_number >= n GROUP BY n ORDER BY n;
BEGIN;
DECLARE c CURSOR FOR SELECT session_number > 0 AS positive FROM shopanalytics.sessionize_events('event');
SAVEPOINT a;
FETCH 1 FROM c;
ROLLBACK TO a;
MOVE ALL FROM c;
COMMIT;
SELECT count(*) FROM shopanalytics.sessionize_events('SELECT 1 AS user_id, event_time FROM event, generate_series(1, 2)');

DROP TABLE event, expected, made, parted CASCADE;
DROP FUNCTION differing, workers;
DROP ROLE regress_sessionize_caller;
