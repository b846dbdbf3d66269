-- Rows that workers read come in the table's order, as if one process had read them.
SET timezone = 'UTC';
CREATE SCHEMA workers_test;
SET search_path = workers_test, pg_catalog;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET client_min_messages = warning;

-- Numbers, texts short and long, uuids, nulls; pages without rows; a column that is gone.
CREATE TYPE size AS ENUM ('s', 'm', 'l');
CREATE DOMAIN money_amount AS numeric(12, 2) CHECK (VALUE < 1000000);
CREATE TABLE orders (gone text, id bigint, y boolean, total money_amount, items smallint, rate real, score float8, placed timestamptz,
                     method text, word name, size size, ref uuid, letter char(3), long text, story text);
INSERT INTO orders
SELECT 'x', i, i % 3 = 0 OR i % 7 = 2, CASE WHEN i % 9 > 0 THEN (i * 37 % 101)::numeric / 4 END, i % 7, i / 7.0, sqrt(i), timestamptz '2024-01-01' + i * interval '7 minutes',
       (ARRAY['card', 'cod', 'gift', NULL, 'card'])[1 + i * 13 % 5], 'w' || i % 4, (ARRAY['s', 'm', 'l'])[1 + i % 3]::size, md5((i % 5)::text)::uuid,
       'c' || i % 3, repeat('long ' || i % 2, 300 + i % 2), repeat('p', i % 50)
  FROM generate_series(1, 6000) i;
-- out of line, compressed and not
ALTER TABLE orders ALTER COLUMN long SET STORAGE external;
UPDATE orders SET long = repeat('long ' || id % 2, 900) WHERE id % 4 = 0;
DELETE FROM orders WHERE id BETWEEN 1500 AND 2700 OR id % 11 = 0;
VACUUM ANALYZE orders;
INSERT INTO orders SELECT 'x', i, true, 1, 1, 1, 1, '2024-01-01', 'card', 'w1', 's', md5('1')::uuid, 'c1', 'again', '' FROM generate_series(20001, 20500) i;
CREATE TABLE no_rows (LIKE orders);
CREATE TABLE one_row AS SELECT * FROM orders WHERE id = 1;
CREATE VIEW cheap AS SELECT id, y, total, score, method FROM orders WHERE total < 5 AND placed > '2024-01-02';
CREATE VIEW strange AS SELECT id, y, score * 2 AS twice, upper(method) AS method, repeat(method, 4000) AS wide FROM orders;
ANALYZE no_rows, one_row;

-- The rows as they come, to compare them.
CREATE FUNCTION rows_of(source text, features text[], key text, fraction float8) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT count(*) || ' ' || md5(string_agg(d::text, ',' ORDER BY n))
              FROM (SELECT d, row_number() OVER () AS n
                      FROM shopanalytics._dataset(source, 'y', features, key_column => key, test_fraction => fraction, null_policy => 'indicator') d) r);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TABLE sources (source text, features text[], key text, fraction float8);
INSERT INTO sources VALUES
    ('orders', '{total,items,rate,score,placed}', 'id', 0.25),
    ('orders', '{total,items,rate,score,placed}', NULL, 0.25),
    ('orders', '{total,method,word,size,ref,letter,long,story}', 'id', 0.25),
    ('orders', '{method,score,long}', 'ref', 0),
    ('SELECT id, y, score, score + 1 AS more, total AS t, NULL::float8 AS none FROM orders', NULL, 'id', 0.5),
    ('cheap', NULL, 'id', 0.25),
    ('strange', NULL, 'id', 0.25),
    ('SELECT * FROM orders WHERE id = 3500', '{score}', 'id', 0),
    ('SELECT * FROM orders WHERE id < 0', '{score}', 'id', 0),
    ('no_rows', '{score}', 'id', 0),
    ('one_row', '{score}', 'id', 0),
    ('SELECT id, y, 1 / (id - 3500) AS oops FROM orders', NULL, 'id', 0),
    ('SELECT id, id % 5 AS y, score FROM orders', NULL, 'id', 0),
    ('SELECT id, y, CASE WHEN id IN (3500, 4500) THEN ''NaN'' ELSE score END AS bad FROM orders', NULL, 'id', 0),
    ('SELECT o.id, o.y, p.score FROM orders o JOIN orders p USING (id)', NULL, 'id', 0.25),
    ('SELECT id, y, score FROM orders ORDER BY score DESC', NULL, 'id', 0.25);
CREATE TABLE answers (workers text, source text, features text[], key text, answer text);

SET max_parallel_workers_per_gather = 0;
INSERT INTO answers SELECT 'none', source, features, key, rows_of(source, features, key, fraction) FROM sources;
SET max_parallel_workers_per_gather = 3;
INSERT INTO answers SELECT 'three', source, features, key, rows_of(source, features, key, fraction) FROM sources;
INSERT INTO answers SELECT 'again', source, features, key, rows_of(source, features, key, fraction) FROM sources;
SET max_parallel_workers = 0;
INSERT INTO answers SELECT 'planned, but none to be had', source, features, key, rows_of(source, features, key, fraction) FROM sources;
RESET max_parallel_workers;
SET parallel_leader_participation = off;
INSERT INTO answers SELECT 'three, and a leader who would not', source, features, key, rows_of(source, features, key, fraction) FROM sources;
SHOW parallel_leader_participation;
RESET parallel_leader_participation;
SELECT source, features, key, count(*) AS ways, count(DISTINCT answer) AS answers,
       max(CASE WHEN answer ~ ' [0-9a-f]{32}$' THEN split_part(answer, ' ', 1) || ' rows' ELSE answer END) AS answer
  FROM answers GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- They are the table's rows, in its order.
SELECT count(*), count(*) FILTER (WHERE terms[1] = o.id AND o.y::int = label_value)
  FROM (SELECT id, y, row_number() OVER (ORDER BY ctid) FROM orders) o
  FULL JOIN (SELECT d.label_value, terms, row_number() OVER () FROM shopanalytics._dataset('orders', 'y', ARRAY['id'], key_column => 'id', test_fraction => 0) d) d USING (row_number);
-- So a training is the same to the last bit.
CREATE FUNCTION trained(workers integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
    PERFORM shopanalytics.train_logistic('workers_test', 'orders', 'y', ARRAY['score', 'rate', 'items', 'method'], 'id', null_policy => 'indicator');
    RETURN (SELECT md5(string_agg(float8send(coef)::text || coalesce(float8send(std_err)::text, ''), ' ' ORDER BY term)) FROM shopanalytics.coefficients('workers_test'));
END
$$;
SELECT count(DISTINCT trained(workers)) FROM unnest(ARRAY[0, 3, 1, 2, 3]) workers;
SELECT shopanalytics.model_drop('workers_test') IS NOT NULL AS dropped;

-- Workers do take part: who reads the first row, if it is the leader, waits until they have read what there is place for.
CREATE TABLE wide AS SELECT i AS id, i % 2 = 0 AS y, repeat('x', 1500) AS filler FROM generate_series(1, 3000) i;
ANALYZE wide;
CREATE FUNCTION process(id bigint, leader integer) RETURNS integer STABLE PARALLEL SAFE LANGUAGE plpgsql AS $$
DECLARE
    seen boolean := false;
BEGIN
    FOR i IN 1 .. 1000 LOOP
        EXIT WHEN id > 1 OR pg_backend_pid() <> leader;
        PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
        EXIT WHEN seen AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE leader_pid = leader AND wait_event IS DISTINCT FROM 'Extension');
        seen := seen OR EXISTS (SELECT FROM pg_stat_activity WHERE leader_pid = leader);
    END LOOP;
    RETURN pg_backend_pid();
END
$$;
SET max_parallel_workers_per_gather = 2;
SELECT count(DISTINCT terms[1]) > 1 AS by_several, count(*) AS rows
  FROM shopanalytics._dataset(format('SELECT id, y, process(id, %s) AS process FROM wide', pg_backend_pid()), 'y', ARRAY['process'], key_column => 'id', test_fraction => 0);

-- The plan can be shown, to the last word.
LOAD 'auto_explain';
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_verbose = on;
SET auto_explain.log_analyze = on;
SET auto_explain.log_level = 'debug5';
SET auto_explain.log_min_duration = 0;
SELECT count(*) FROM shopanalytics._dataset('wide', 'y', ARRAY['id'], key_column => 'id', test_fraction => 0);
SET auto_explain.log_min_duration = -1;

-- The rights are the caller's, in workers as well.
CREATE ROLE workers_test_clerk;
GRANT USAGE ON SCHEMA workers_test TO workers_test_clerk;
GRANT SELECT ON wide TO workers_test_clerk;
ALTER TABLE wide ENABLE ROW LEVEL SECURITY;
CREATE POLICY thirds ON wide USING (id % 3 = 0);
SET ROLE workers_test_clerk;
SELECT count(*), count(*) FILTER (WHERE terms[1]::int % 3 = 0) AS allowed
  FROM shopanalytics._dataset('SELECT id, y FROM wide', 'y', ARRAY['id'], test_fraction => 0);
SELECT count(*) FROM shopanalytics._dataset('orders', 'y', ARRAY['id'], test_fraction => 0);
RESET ROLE;

-- Seen by serializable transactions, and counted as one scan of the table by each process.
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM shopanalytics._dataset('wide', 'y', ARRAY['id'], test_fraction => 0);
SELECT mode, granted FROM pg_locks WHERE relation = 'wide'::regclass AND locktype = 'relation' AND mode = 'SIReadLock';
COMMIT;

-- Statement timeouts reach workers and who waits for them.
CREATE FUNCTION slow(id bigint) RETURNS float8 STABLE PARALLEL SAFE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN id; END $$;
\set VERBOSITY terse
SET statement_timeout = '300ms';
SELECT count(*) FROM shopanalytics._dataset('SELECT y, slow(id) AS x FROM wide', 'y', test_fraction => 0);
RESET statement_timeout;
\set VERBOSITY default
SELECT count(*) FROM shopanalytics._dataset('wide', 'y', ARRAY['id'], test_fraction => 0);

DROP SCHEMA workers_test CASCADE;
DROP ROLE workers_test_clerk;
