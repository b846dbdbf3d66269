-- Running quality checks: what passes and what fails, every count by its name, the keys
-- of the rows that failed.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = ISO;
SET client_min_messages = warning;
TRUNCATE shopanalytics.dq_check, shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric, shopanalytics.dq_alert RESTART IDENTITY;
CREATE ROLE regress_dq_admin LOGIN;
CREATE SCHEMA dq_shop AUTHORIZATION regress_dq_admin;
SELECT shopanalytics.grant_duty('regress_dq_admin', 'dq_admin', 'dq_shop');
SET SESSION AUTHORIZATION regress_dq_admin;

-- A check over a list of values, as the cases below have them: N is null.  The values
-- that failed, in the order of the list.
CREATE FUNCTION dq_shop.case_of(id text, list text, kind text, args jsonb, type text DEFAULT 'integer', options jsonb DEFAULT '{}',
                                OUT test text, OUT status text, OUT severity text, OUT evaluated bigint, OUT missing bigint, OUT failed bigint, OUT value numeric, OUT failing text)
    LANGUAGE plpgsql AS $$
DECLARE
    ran bigint;
BEGIN
    test := id;
    DROP TABLE IF EXISTS dq_shop.list;
    EXECUTE format('CREATE TABLE dq_shop.list (place integer PRIMARY KEY, v %s)', type);
    EXECUTE format('INSERT INTO dq_shop.list SELECT place, nullif(v, ''N'')::%s FROM unnest(string_to_array(%L, '','')) WITH ORDINALITY AS l (v, place) WHERE %L <> ''''', type, list, list);
    PERFORM shopanalytics.dq_check_add('dq_shop', 'case', 'dq_shop.list', kind, args, nulls => coalesce(options ->> 'nulls', 'ignore'),
        fail_if => (options ->> 'fail_if')::numeric, warn_if => (options ->> 'warn_if')::numeric, unit => coalesce(options ->> 'unit', 'rows'),
        on_empty => coalesce(options ->> 'on_empty', 'warn'), where_sql => options ->> 'where');
    SELECT r.run INTO ran FROM shopanalytics.dq_run('dq_shop', '{case}') r;
    SELECT r.status, r.severity, r.rows_evaluated, r.rows_missing, r.rows_failed, r.value,
           (SELECT '{' || string_agg(coalesce(l.v::text, 'N'), ',' ORDER BY f.place) || '}'
              FROM shopanalytics.dq_failure f LEFT JOIN dq_shop.list l ON l.place = (f.key ->> 'place')::integer WHERE f.result = r.id)
      INTO status, severity, evaluated, missing, failed, value, failing
      FROM shopanalytics.dq_result r WHERE r.run = ran;
    PERFORM shopanalytics.dq_check_remove('dq_shop', 'case');
END $$;

-- 4.B: "mostly .9" is fail_if 10 percent.  Where everything is null there is something
-- to check and nothing fails; where there is nothing to check the status is no_data.
SELECT c.* FROM (VALUES
    ('B1', '1,2,3,4,5,6,7,8,9,10', 'range', '{"column": "v", "range": "[1,9]"}', 'integer', '{"unit": "percent", "fail_if": 10}'),
    ('B2', '1,2,3,4,5,6,7,8,9,10', 'range', '{"column": "v", "range": "[3,10]"}', 'integer', '{"unit": "percent", "fail_if": 10}'),
    ('B3', '1,2,3,4,5,N,N,N,N,N', 'range', '{"column": "v", "range": "[1,4]"}', 'integer', '{"unit": "percent", "fail_if": 10}'),
    ('B4', '1,2,3,4,5,N,N,N,N,N', 'range', '{"column": "v", "range": "[1,4]"}', 'integer', '{"unit": "percent", "fail_if": 20}'),
    ('B5', '1,2,3,4,5,6,7,8,9,10', 'range', '{"column": "v", "range": "(1,10]"}', 'integer', '{}'),
    ('B6', 'N,N,2,N', 'unique', '{"column": "v"}', 'integer', '{}'),
    ('B7', 'N,N,N,N', 'unique', '{"column": "v"}', 'integer', '{}'),
    ('B8', '1,1,2,N', 'unique', '{"column": "v"}', 'integer', '{"unit": "percent", "fail_if": 70}'),
    ('B9', '1,1,2,N', 'unique', '{"column": "v"}', 'integer', '{"unit": "percent", "fail_if": 60}'),
    ('B10', '4,5,N,7', 'not_null', '{"column": "v"}', 'integer', '{"unit": "percent", "fail_if": 30}'),
    ('B11', '4,5,N,7', 'not_null', '{"column": "v"}', 'integer', '{"unit": "percent", "fail_if": 20}'),
    ('B12', 'aaa,abb,acc,bdd,N', 'regex', '{"column": "v", "pattern": "^a"}', 'text', '{"unit": "percent", "fail_if": 25}'),
    ('B13', 'aaa,abb,acc,bdd,N', 'regex', '{"column": "v", "pattern": "^a"}', 'text', '{"unit": "percent", "fail_if": 20}'),
    ('B14', 'N,N,N,N,N', 'regex', '{"column": "v", "pattern": "^a"}', 'text', '{}'),
    ('B15', '', 'in_set', '{"column": "v", "values": ["cat", "dog"]}', 'text', '{}'),
    ('B16', '1,2,4', 'in_set', '{"column": "v", "values": []}', 'integer', '{}'),
    ('B18', '0,N', 'aggregate', '{"column": "v", "function": "avg", "range": "[0,0]"}', 'integer', '{}'),
    ('B19', '', 'aggregate', '{"column": "v", "function": "avg", "range": "[0,1]"}', 'integer', '{}'),
    ('B20', '1,2,3,4,5,N,N,N', 'aggregate', '{"column": "v", "function": "distinctness", "range": "[0,1]"}', 'integer', '{}'),
    ('B21', '2,2,2,2,5,6,7,8', 'aggregate', '{"column": "v", "function": "distinctness", "range": "[0,1]"}', 'integer', '{}'),
    ('B22', '1,1,1,1,N,N,N,N', 'aggregate', '{"column": "v", "function": "distinctness", "range": "[0,1]"}', 'integer', '{}')) v (id, list, kind, args, type, options),
    LATERAL dq_shop.case_of(v.id, v.list, v.kind, v.args::jsonb, v.type, v.options::jsonb) c;
-- B17: of two columns, left out where either is null; ties fail, and pass for >=
CREATE TABLE dq_shop.pairs (w integer PRIMARY KEY, z integer);
INSERT INTO dq_shop.pairs SELECT w, CASE WHEN w <= 5 THEN w END FROM generate_series(1, 10) w;
SELECT shopanalytics.dq_check_add('dq_shop', 'B17', 'dq_shop.pairs', 'expression', '{"expression": "w > z"}');
SELECT shopanalytics.dq_check_add('dq_shop', 'B17 or equal', 'dq_shop.pairs', 'expression', '{"expression": "w >= z"}');
SELECT check_name, status, rows_evaluated, rows_failed FROM shopanalytics.dq_run('dq_shop');
SELECT f.key FROM shopanalytics.dq_failure f JOIN shopanalytics.dq_result r ON r.id = f.result WHERE r.check_name = 'B17' ORDER BY f.place;
-- B23: in dq_check

-- 4.F: one column under all the definitions
SELECT c.* FROM (VALUES
    ('4.F5', '', 'not_null', '{"column": "v"}', '{"unit": "percent", "on_empty": "pass"}'),
    ('4.F6', '1,N,3,X', 'in_set', '{"column": "v", "values": ["1", "2", "3"]}', '{}'),
    ('4.F6 percent of all', '1,N,3,X', 'in_set', '{"column": "v", "values": ["1", "2", "3"]}', '{"nulls": "pass", "unit": "percent"}'),
    ('4.F7', '1,N,3,X', 'in_set', '{"column": "v", "values": ["1", "2", "3", null]}', '{}'),
    ('4.F8', 'NL,NL,XX,BE,XX,XX,N,N', 'in_set', '{"column": "v", "values": ["NL", "BE"]}', '{}')) v (id, list, kind, args, options),
    LATERAL dq_shop.case_of(v.id, v.list, v.kind, v.args::jsonb, 'text', v.options::jsonb) c;
-- 4.F9
CREATE TABLE dq_shop.ages (place integer PRIMARY KEY, age integer);
INSERT INTO dq_shop.ages SELECT place, age FROM unnest(ARRAY[1, 2, 2, 3, 3, 3, 3, 4, 4, NULL]) WITH ORDINALITY AS a (age, place);
SELECT shopanalytics.dq_check_add('dq_shop', '4.F9', 'dq_shop.ages', 'unique', '{"column": "age"}');
SELECT status FROM shopanalytics.dq_run('dq_shop', '{4.F9}');
SELECT rows_total, rows_evaluated, rows_missing, rows_failed, distinct_values, dup_surplus, dup_rows, dup_groups,
       rows_evaluated - dup_rows AS unique_values, keys_kept
  FROM shopanalytics.dq_result WHERE check_name = '4.F9';
-- 4.F1 to 4.F4: freshness
CREATE TABLE dq_shop.loads (id integer PRIMARY KEY, created_at timestamptz);
INSERT INTO dq_shop.loads VALUES (1, '2025-01-04 09:00Z'), (2, '2025-01-03 09:00Z'), (3, NULL);
SELECT shopanalytics.dq_check_add('dq_shop', '4.F1', 'dq_shop.loads', 'freshness', '{"column": "created_at", "max_age": "2 hours"}'),
       shopanalytics.dq_check_add('dq_shop', '4.F2', 'dq_shop.loads', 'freshness', '{"column": "created_at", "max_age": "1 day"}'),
       shopanalytics.dq_check_add('dq_shop', '4.F3', 'dq_shop.loads', 'freshness', '{"column": "created_at", "warn_age": "1 day"}'),
       shopanalytics.dq_check_add('dq_shop', '4.F4', 'dq_shop.loads', 'freshness', '{"column": "created_at", "max_age": "1 day"}', where_sql => 'id > 10');
SELECT check_name, status, severity, value, expected FROM shopanalytics.dq_run('dq_shop', '{4.F1}', as_of => '2025-01-04 10:00Z');
SELECT check_name, status, severity, value, expected FROM shopanalytics.dq_run('dq_shop', '{4.F2,4.F3,4.F4}', as_of => '2025-01-05 11:00Z');

-- Nulls in three ways, and the filter: what is not evaluated is told apart.
SELECT n.nulls, c.* FROM unnest(ARRAY['ignore', 'fail', 'pass']) n (nulls),
    LATERAL dq_shop.case_of('range', '1,2,3,N,N,9,9', 'range', '{"column": "v", "range": "[1,5]"}', 'integer', jsonb_build_object('nulls', n.nulls, 'unit', 'percent', 'where', 'place < 7')) c;
SELECT n.nulls, c.* FROM unnest(ARRAY['ignore', 'fail', 'pass']) n (nulls),
    LATERAL dq_shop.case_of('unique', '1,1,2,N,N', 'unique', '{"column": "v"}', 'integer', jsonb_build_object('nulls', n.nulls)) c;
SELECT n.nulls, c.* FROM unnest(ARRAY['ignore', 'fail', 'pass']) n (nulls),
    LATERAL dq_shop.case_of('expression', '1,2,N', 'expression', '{"expression": "v < 2"}', 'integer', jsonb_build_object('nulls', n.nulls)) c;
SELECT n.nulls, c.* FROM unnest(ARRAY['ignore', 'fail', 'pass']) n (nulls),
    LATERAL dq_shop.case_of('reference', '1,2,7,N', 'reference', '{"column": "v", "table": "dq_shop.pairs", "to": ["z"]}', 'integer', jsonb_build_object('nulls', n.nulls)) c;

-- C14: null in >= 0, in > 0 and in a < b is left out of all three alike
SELECT c.* FROM (VALUES ('C14 >= 0', 'v >= 0'), ('C14 > 0', 'v > 0'), ('C14 a < b', 'place > v')) v (id, expression),
    LATERAL dq_shop.case_of(v.id, '1,0,N', 'expression', jsonb_build_object('expression', v.expression)) c;

-- Percents are exact: a third is more than 33.333 and not more than 33.334; two in
-- ten are not more than 20.
SELECT c.* FROM (VALUES
    ('33.333', '1,2,3', '33.333'), ('33.334', '1,2,3', '33.334'), ('0.1 of 10', '1,2,3,4,5,6,7,8,9,3', '20'), ('just under', '1,2,3,4,5,6,7,8,9,3', '19.999999999999999999999')) v (id, list, fail_if),
    LATERAL dq_shop.case_of(v.id, v.list, 'expression', '{"expression": "v <> 3"}', 'integer', jsonb_build_object('unit', 'percent', 'fail_if', v.fail_if)) c;
-- Both thresholds; and a check that only warns.
SELECT c.* FROM (VALUES ('{"warn_if": 0, "fail_if": 2}', '1,2'), ('{"warn_if": 0, "fail_if": 2}', '1,9,9'), ('{"warn_if": 0, "fail_if": 2}', '9,9,9'), ('{"warn_if": 0}', '9,9,9')) v (options, list),
    LATERAL dq_shop.case_of(v.options, v.list, 'range', '{"column": "v", "range": "[1,5]"}', 'integer', v.options::jsonb) c;
-- What is empty counts as the check says.
SELECT c.* FROM unnest(ARRAY['pass', 'warn', 'fail']) o (on_empty), LATERAL dq_shop.case_of(o.on_empty, '', 'not_null', '{"column": "v"}', 'integer', jsonb_build_object('on_empty', o.on_empty)) c;
SELECT c.* FROM dq_shop.case_of('all filtered', '1,2', 'not_null', '{"column": "v"}', 'integer', '{"where": "v > 5"}') c;
-- C13: no value is no data, and not 0
SELECT c.* FROM unnest(ARRAY['completeness', 'distinct', 'count', 'null_count', 'avg', 'min', 'max', 'sum', 'stddev', 'median', 'uniqueness', 'entropy', 'distinctness']) f (function),
    LATERAL dq_shop.case_of('C13 ' || f.function, 'N,N,N,N,N,N,N,N', 'aggregate', jsonb_build_object('column', 'v', 'function', f.function, 'range', '[0,0]')) c;
SELECT c.* FROM (VALUES ('sum', 'v'), ('avg', 'v'), ('min', 'v'), ('max', 'v'), ('count', 'v'), ('stddev', 'v'), ('median', 'v'), ('distinct', 'v'), ('uniqueness', 'v'), ('sum', 'v * 2')) f (function, expression),
    LATERAL dq_shop.case_of(f.function || ' of ' || f.expression, '2,4,4,4,5,5,7,9,N', 'aggregate', jsonb_build_object('expression', f.expression, 'function', f.function, 'range', '[0,100]')) c;
SELECT c.* FROM dq_shop.case_of('quantile', '1,2,3,4,5,6,7,8,9,10,11', 'aggregate', '{"column": "v", "function": "quantile", "quantile": 0.9, "range": "[0,100]"}') c;

-- Ranges of other types; infinite and not-a-number values are as they sort.
SELECT c.* FROM (VALUES
    ('dates', '2024-01-01,2024-12-31,2025-01-01,infinity', 'date', '[2024-01-01,2025-01-01)'),
    ('texts', 'apple,fig,pear,"', 'text', '[b,"p""q")'),
    ('floats', '-1,0,0.5,NaN,Infinity', 'float8', '[0,Infinity)'),
    ('numerics from 0', '-1,0,0.5,NaN,Infinity', 'numeric', '[0,)'),
    ('no lower bound', '-5,0,5', 'smallint', '(,0]')) v (id, list, type, range),
    LATERAL dq_shop.case_of(v.id, v.list, 'range', jsonb_build_object('column', 'v', 'range', v.range), v.type) c;
-- Sets of other types; a value with quotes and braces is a value.
SELECT c.* FROM (VALUES
    ('booleans', 'true,false', 'boolean', '[true]'), ('numerics', '1.0,1,2.50', 'numeric', '[1, 2.5]'), ('texts', 'a b,{c},"d",NULL', 'text', '["a b", "{c}", "\"d\"", "NULL"]')) v (id, list, type, members),
    LATERAL dq_shop.case_of(v.id, v.list, 'in_set', jsonb_build_object('column', 'v', 'values', v.members::jsonb), v.type) c;

RESET SESSION AUTHORIZATION;
DROP SCHEMA dq_shop CASCADE;
TRUNCATE shopanalytics.dq_check, shopanalytics.dq_run, shopanalytics.dq_result, shopanalytics.dq_failure, shopanalytics.dq_metric, shopanalytics.dq_alert;
DELETE FROM shopanalytics.duty;
DROP ROLE regress_dq_admin;
