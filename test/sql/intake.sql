-- Where reports take their events from: tables, views, queries; whose rights
-- hold; columns and what is wrong with them; groups larger than memory.
SET TimeZone = 'UTC';
CREATE SCHEMA intake;
CREATE TABLE intake.events (event_time timestamptz, user_id text, note jsonb);
INSERT INTO intake.events VALUES
    ('2024-01-01 10:00', 'ann', '1'), ('2024-01-01 11:00', 'bob', '2'), ('2024-01-02 10:00', 'ann', '1');
CREATE VIEW intake.recent AS SELECT * FROM intake.events WHERE event_time >= '2024-01-02';
CREATE TABLE intake."Odd ""name" ("User" bigint, "At" timestamp);
INSERT INTO intake."Odd ""name" VALUES (1, '2024-01-01 00:00'), (2, '2024-01-01 23:59:59');

-- A table, a view, a materialized view, a partitioned table, a name by the search path.
CREATE MATERIALIZED VIEW intake.frozen AS SELECT * FROM intake.events;
CREATE TABLE intake.parted (LIKE intake.events) PARTITION BY RANGE (event_time);
CREATE TABLE intake.parted_1 PARTITION OF intake.parted FOR VALUES FROM ('2024-01-01') TO ('2024-01-02');
CREATE TABLE intake.parted_2 PARTITION OF intake.parted DEFAULT;
INSERT INTO intake.parted SELECT * FROM intake.events;
SELECT day, dau FROM shopanalytics.active_users_report('intake.events');
SELECT day, dau FROM shopanalytics.active_users_report('intake.recent');
SELECT day, dau FROM shopanalytics.active_users_report('intake.frozen');
SELECT day, dau FROM shopanalytics.active_users_report('intake.parted');
SELECT day, dau FROM shopanalytics.active_users_report('intake."Odd ""name"', user_column => 'User', time_column => 'At');
SET search_path = intake;
SELECT day, dau FROM shopanalytics.active_users_report('events');
RESET search_path;

-- Queries: whatever they begin with.
SELECT day, dau FROM shopanalytics.active_users_report('SELECT * FROM intake.events');
SELECT day, dau FROM shopanalytics.active_users_report(' /* a comment; */ -- another
    with e AS (SELECT * FROM intake.events) SELECT user_id, event_time AS ts FROM e ORDER BY ts LIMIT 2; ');
SELECT day, dau FROM shopanalytics.active_users_report('/* one /* in */ another */ (TABLE intake.events)');
SELECT day, dau FROM shopanalytics.active_users_report('TABLE intake.events -- all');
SELECT day, dau FROM shopanalytics.active_users_report('VALUES (1, date ''2024-01-01''), (2, ''2024-01-01'')', 'column1', 'column2');

-- They are one query, and nothing else.
SELECT * FROM shopanalytics.active_users_report('SELECT 1 AS user_id, now() AS ts) AS x; DROP TABLE intake.events; --');
SELECT * FROM shopanalytics.active_users_report('SELECT 1; SELECT 2');
SELECT * FROM shopanalytics.active_users_report('WITH d AS (DELETE FROM intake.events RETURNING *) SELECT * FROM d');
SELECT * FROM shopanalytics.active_users_report('WITH d AS (SELECT 1) DELETE FROM intake.events');
SELECT * FROM shopanalytics.active_users_report('SELECT user_id, event_time INTO intake.copy FROM intake.events');
SELECT * FROM shopanalytics.active_users_report('SELECT user_id, event_time FROM intake.events WHERE');
SELECT * FROM shopanalytics.active_users_report('SELECT user_id, 1 / 0 AS event_time FROM intake.events');
SELECT * FROM shopanalytics.active_users_report('SELECT user_id, event_time + make_interval(hours => 1 / (event_time - event_time > ''1'')::int) AS event_time FROM intake.events');
SELECT * FROM shopanalytics.active_users_report('DELETE FROM intake.events');
SELECT * FROM shopanalytics.active_users_report('intake.nothing');
SELECT * FROM shopanalytics.active_users_report('a.b.c.d');
SELECT * FROM shopanalytics.active_users_report('elsewhere.intake.events');
SELECT count(*) FROM shopanalytics.active_users_report(format('%I.intake.events', current_database()));
SELECT * FROM shopanalytics.active_users_report('  -- nothing');
SELECT * FROM shopanalytics.active_users_report(NULL);
SELECT count(*) FROM intake.events;

-- Columns that are missing or of another type.
SELECT * FROM shopanalytics.active_users_report('SELECT 1 AS id, now() AS ts');
SELECT * FROM shopanalytics.active_users_report('intake.events', user_column => 'visitor');
SELECT * FROM shopanalytics.active_users_report('intake.events', time_column => 'note');
SELECT * FROM shopanalytics.active_users_report('intake.events', user_column => 'note') LIMIT 0;
SELECT * FROM shopanalytics.active_users_report('SELECT json ''1'' AS user_id, now() AS ts');
SELECT * FROM shopanalytics.active_users_report('SELECT 1 AS user_id, 2 AS user_id, now() AS ts');
SELECT * FROM shopanalytics.session_report('SELECT 1 AS user_id, now() AS ts, ''view'' AS event_type, ''1'' AS price');

-- Users are equal as their type says.
SET client_min_messages = warning;
CREATE COLLATION intake.caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
RESET client_min_messages;
CREATE FUNCTION intake.users(expression text) RETURNS bigint LANGUAGE sql STABLE
    AS $$ SELECT dau FROM shopanalytics.active_users_report(format('SELECT %s AS user_id, date ''2024-01-01'' AS ts', expression)) $$;
SELECT e, intake.users('unnest(' || e || ')') FROM (VALUES
    ('ARRAY[1, 1, 2]'), ('ARRAY[1, -1, 2147483647, -2147483648]'), ('ARRAY[9223372036854775807, -9223372036854775808, 0]'),
    ('ARRAY[1.0, 1.00, 1.01]'), ('ARRAY[''-0'', ''0'', ''NaN'', ''NaN'']::float8[]'), ('ARRAY[''a'', ''A'', ''a '', repeat(''a'', 5000), repeat(''a'', 5000)]'),
    ('ARRAY[''a'', ''A'', ''b'']::text[] COLLATE intake.caseless'), ('ARRAY[''a'', ''a '', ''b'']::char(2)[]'),
    ('ARRAY[''00000000-0000-0000-0000-000000000000'', ''00000000-0000-0000-0000-000000000001'', ''00000000-0000-0000-0000-000000000000'']::uuid[]'),
    ('ARRAY[''\x00'', ''\x'', ''\x0000'', ''\x00'']::bytea[]'), ('ARRAY[true, false, true]'), ('ARRAY[date ''infinity'', ''-infinity'', ''2024-01-01'']'),
    ('ARRAY[''{1,2}'', ''{1,2}'', ''{1,3}'']::text[]')) AS t(e);

-- An oid above 2^31 too, be it from a table or an expression.
CREATE TABLE intake.oids AS SELECT 4000000000::oid AS user_id, timestamptz '2024-01-01' AS ts;
SELECT dau FROM shopanalytics.active_users_report('SELECT * FROM intake.oids UNION ALL SELECT 4000000000::oid, ''2024-01-01''');

-- Many distinct values of every kind; the numbers are counted by plain SQL.
CREATE TABLE intake.many AS
SELECT i, hashint8(i) % 7000 AS number, md5((hashint8(i) % 7000)::text) AS word, md5((hashint8(i) % 7000)::text)::uuid AS id, (hashint8(i) % 7000)::numeric / 8 AS amount, timestamptz '2024-01-01' AS ts
  FROM generate_series(1::bigint, 30000) i;
SELECT col, counted = (SELECT dau FROM shopanalytics.active_users_report('intake.many', user_column => col::name)) AS same
  FROM (SELECT count(DISTINCT number), count(DISTINCT word), count(DISTINCT id), count(DISTINCT amount) FROM intake.many) AS n(a, b, c, d),
       LATERAL (VALUES ('number', a), ('word', b), ('id', c), ('amount', d)) AS v(col, counted);

-- Rows that no report can place are counted.
SELECT day, dau FROM shopanalytics.active_users_report($$
    SELECT * FROM (VALUES ('ann', timestamptz '2024-01-01'), (NULL, '2024-01-01'), ('', '2024-01-01'), ('ann', NULL), ('ann', 'infinity'), ('ann', '-infinity')) AS v(user_id, ts)$$);
SELECT * FROM shopanalytics.active_users_report('SELECT NULL::text AS user_id, now() AS ts WHERE false');

-- The caller's rights hold, and row security.
CREATE ROLE regress_intake;
GRANT USAGE ON SCHEMA intake TO regress_intake;
SET ROLE regress_intake;
SELECT * FROM shopanalytics.active_users_report('intake.events');
RESET ROLE;
GRANT SELECT ON intake.events TO regress_intake;
ALTER TABLE intake.events ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON intake.events TO regress_intake USING (user_id = 'bob');
SET ROLE regress_intake;
SELECT day, dau FROM shopanalytics.active_users_report('intake.events');
RESET ROLE;
ALTER TABLE intake.events DISABLE ROW LEVEL SECURITY;

-- Operators before those of pg_catalog in the search path have no say.
CREATE FUNCTION intake.never(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR intake.>= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = intake.never);
CREATE OPERATOR intake.< (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = intake.never);
SET search_path = intake, pg_catalog;
SELECT day, dau FROM shopanalytics.active_users_report('intake.events', from_day => '2024-01-01', to_day => '2024-01-02');
RESET search_path;

-- A source that is another one by the time it is read.
CREATE VIEW intake.sessions AS SELECT 1 AS customer_id, 1 AS session_id, now() AS session_start, ''::text AS device, ''::text AS channel;
CREATE VIEW intake.orders AS SELECT 1 AS customer_id, now() AS order_date, 'o1'::text AS order_id, 1.0 AS order_total, 1.0 AS revenue;
SELECT order_id FROM shopanalytics._session_next_order('intake.sessions', 'intake.orders', NULL);
SELECT session_id FROM shopanalytics._session_next_order('SELECT 1 AS customer_id, unnest(ARRAY[1.0, 1.00]) AS session_id, now() AS session_start, NULL AS device, NULL AS channel', 'intake.orders', NULL) ORDER BY session_id;
CREATE FUNCTION intake.replace() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    DROP VIEW intake.orders;
    CREATE VIEW intake.orders AS SELECT 1 AS customer_id, now() AS order_date, 1 AS order_id, 1 AS order_total, 1 AS revenue;
    RETURN 1;
END $$;
SELECT order_id FROM shopanalytics._session_next_order('SELECT *, intake.replace() FROM intake.sessions', 'intake.orders', NULL);

-- The snapshot is the calling query's: it does not see what this very query writes.
WITH w AS (INSERT INTO intake.events VALUES ('2024-01-03', 'cid') RETURNING 1)
SELECT count(*), (SELECT sum(dau) FROM shopanalytics.active_users_report('intake.events')) FROM w;

-- Groups that do not fit into memory go to files, and the answer is the same.
CREATE TABLE intake.large AS
SELECT timestamptz '2024-01-01' + i * interval '7 seconds' AS event_time, 'view' AS event_type, hashint8(i) % 997 AS user_id, i
  FROM generate_series(1::bigint, 100000) i;
CREATE TEMP TABLE in_memory AS SELECT * FROM shopanalytics.sessionize_events('intake.large', key_column => 'i');
SET shopanalytics.intake_memory = '1MB';
CREATE TEMP TABLE in_files AS SELECT * FROM shopanalytics.sessionize_events('intake.large', key_column => 'i');
SELECT count(*) AS rows, (SELECT count(*) FROM (TABLE in_memory EXCEPT ALL TABLE in_files) AS d) AS differing FROM in_files;
SELECT * FROM shopanalytics.sessionize_events('SELECT 1 AS user_id, event_time FROM intake.large') LIMIT 1;
-- Of users who were active only before the report's days; the files are closed.
SELECT count(*) FROM shopanalytics.active_users_report('SELECT i AS user_id, timestamptz ''2024-01-01'' AS ts FROM intake.large', from_day => '2024-01-02');
RESET shopanalytics.intake_memory;
SET shopanalytics.intake_memory = '1kB';

-- A report inside a report's query, and two in one query.
SELECT count(*) FROM shopanalytics.active_users_report('SELECT user_id, session_start AS ts FROM shopanalytics.sessionize_events(''intake.large'')');
SELECT count(*) FROM shopanalytics.active_users_report('intake.events') a JOIN shopanalytics.active_users_report('intake.recent') b USING (day);

DROP OWNED BY regress_intake;
DROP ROLE regress_intake;
SET client_min_messages = warning;
DROP SCHEMA intake CASCADE;
