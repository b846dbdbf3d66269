-- Values of every type go into items and come out as they were, to the last bit: rows are
-- changed, deleted and brought back, and compared with what was wanted by their bytes.
\set SHOW_CONTEXT never
SET timezone = 'America/New_York';
SET datestyle = 'German';
SET intervalstyle = 'sql_standard';
SET bytea_output = 'escape';
SET extra_float_digits = -15;
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
DELETE FROM shopanalytics.event;
CREATE ROLE regress_cr_ann LOGIN;
CREATE ROLE regress_cr_ben LOGIN;
CREATE SCHEMA "cr ""Shop"" é";
GRANT USAGE ON SCHEMA "cr ""Shop"" é" TO PUBLIC;
SET search_path = "cr ""Shop"" é";
CREATE TYPE mood AS ENUM ('so so', 'he said "hi"');
CREATE TYPE pair AS (a integer, "b c" text);
CREATE DOMAIN tags AS text[] CHECK (cardinality(VALUE) < 5);
CREATE DOMAIN wanted AS text NOT NULL;
CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN document AS jsonb;
CREATE TABLE "select" (
    "from" integer, "key ""2""" text,
    big bigint, small smallint, exact numeric, scaled numeric(10,3), float_4 real, float_8 double precision, price money,
    yes boolean, fixed char(5), short varchar(10), body text, bytes bytea, bits bit(3), word bit varying, single "char", title name,
    day date, clock time, zoned_clock timetz, stamp timestamp, zoned timestamptz, span interval,
    list text[], numbers integer[], boxes box[], mood mood, moods mood[], pair pair, pairs pair[], tags tags, percent percent,
    doc jsonb, document document, docs jsonb[], raw json, id uuid, address inet, net cidr, mac macaddr, place point, shape polygon,
    span_4 int4range, spans nummultirange, zoned_span tstzrange, words tsvector, search tsquery, tree xml, way jsonpath, relation regclass,
    "DROP TABLE ""x""; -- é" text, wanted wanted DEFAULT 'w',
    PRIMARY KEY ("from", "key ""2"""));
CREATE TABLE goal (LIKE "select" INCLUDING DEFAULTS);
INSERT INTO goal VALUES
    (1, 'plain', 9223372036854775807, -32768, 123456789012345678901234567890.1234567890, 1.500, 3.4028235e38, 1.7976931348623157e308, 1234.56,
     true, 'ab', 'abc', 'text', '\x00ff', B'101', B'1', 'x', 'name',
     '2026-02-28', '23:59:59.999999', '12:00:00+05:30', '2026-03-29 02:30:00', '2026-03-29 02:30:00+01', '1 year 2 mons -3 days 04:05:06.789',
     '{a,"b,c",NULL,"","\"q\"","NULL"}', '{1,2,3}', '{(1,1),(0,0);(3,3),(2,2)}', 'he said "hi"', '{so so,"he said \"hi\""}', '(1,"x ""y"", (z)")', ARRAY[(1,NULL), (NULL,'')]::pair[], '{x,y}', 99.50,
     '{"b": [1, 2.50, "x", null, {"y": true}], "a": 1e400}', '{"a": 1}', ARRAY['null', '{"a": null}']::jsonb[], '{"b":1,  "b" : 2, "a":null}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.1.2.3/8', '10.0.0.0/8', '08:00:2b:01:02:03', '(1.1,2.2)', '((0,0),(1,1),(1,0))',
     '[1,5)', '{[1.5,2.50),(3,)}', '[2026-01-01 00:00+00,2026-03-29 02:30+02)', 'a:1A cat:2', 'fat & (rat | !cat)', '<a b="c">d &amp; e</a>', '$.a[*] ? (@ > 1)', 'goal', 'x', 'w1'),
    (2, '', -9223372036854775808, 32767, 0.000, -0.001, 1.17549435e-38, 5e-324, -0.01,
     false, '', '', '', '', B'000', B'', '', '',
     '4713-01-01 BC', '00:00', '24:00:00-15:59', '4713-01-01 00:00:00 BC', '4713-01-01 00:00:00+00 BC', '-178000000 years',
     '{}', '[0:2]={7,8,9}', NULL, 'so so', '[2:3][-1:0]={{so so,so so},{so so,so so}}', '(,)', '{}', '[5:6]={a,b}', 0,
     'null', 'null', '[0:1]={null,1}', 'null', NULL, '::1', '::/0', NULL, '(Infinity,NaN)', NULL,
     'empty', '{}', '(,)', '', NULL, '', 'strict $', NULL, '', ''),
    (3, E'quote '' " \\ {"a": 1} \n \t é 漢 💡', 0, 0, 'NaN', 'NaN', 'NaN', '-Infinity', '-92233720368547758.08',
     NULL, 'é', '💡💡', E'\\x00 \u0001 \t\n\r', decode(repeat('00ff10', 1000), 'hex'), B'111', repeat('10', 500)::bit varying, '\201', 'é',
     'infinity', NULL, NULL, '-infinity', 'infinity', '-178000000 years -11 mons -2147483648 days -2562047788:00:54.775807',
     ARRAY[[['a', NULL], ['{', '}']]], ARRAY[]::integer[], NULL, NULL, NULL, ROW(NULL, NULL), ARRAY[NULL]::pair[], '{NULL}', 100,
     '{"$json": null}', '{"$json": {"$json": 1}}', NULL, '"text"', NULL, NULL, NULL, NULL, NULL, NULL,
     '(,5)', NULL, NULL, NULL, NULL, '<!-- x -->', NULL, NULL, repeat('0123456789', 1000), repeat('wide ', 200000)),
    (4, 'null', NULL, NULL, 'Infinity', NULL, '-0', '-0', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '"null"', '"{}"', NULL, '  {"spaces" : [ 1,2 ] }  ', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'x'),
    (5, 'as it is', NULL, NULL, '-Infinity', NULL, 0.1, 0.1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '[{"$json": null}]', '{"$json": 1, "x": 2}', NULL, '[1]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'x');
INSERT INTO "select" ("from", "key ""2""") SELECT "from", "key ""2""" FROM goal;
CREATE TABLE start AS TABLE "select";
GRANT SELECT ON ALL TABLES IN SCHEMA "cr ""Shop"" é" TO PUBLIC;
SELECT count(shopanalytics.grant_duty(r, d, 'cr "Shop" é')) FROM (VALUES ('regress_cr_ann'::regrole, 'propose'), ('regress_cr_ann', 'rollback'), ('regress_cr_ben', 'approve'), ('regress_cr_ben', 'apply')) v (r, d);
-- rows that are the same bytes in both tables
CREATE FUNCTION pg_temp.same(other text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM "cr ""Shop"" é"."select" a JOIN "cr ""Shop"" é".%I b USING ("from", "key ""2""") WHERE a OPERATOR(pg_catalog.*=) b', other) INTO n;
    RETURN n;
END
$$;
-- approves and returns
CREATE FUNCTION pg_temp.agree(request bigint) RETURNS text LANGUAGE sql AS
    'SELECT a.status FROM shopanalytics.change_request c, shopanalytics.cr_approve(c.id, c.content_hash) a WHERE c.id = request';
SELECT pg_temp.same('start') AS as_they_started, pg_temp.same('goal') AS as_wanted;

-- Proposed by their images.
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr "Shop" é', '"cr ""Shop"" é"."select"', 'cleanse', 'All types') AS request \gset
SELECT shopanalytics.cr_add_query(:request, $$
    SELECT jsonb_build_object('from', g."from", 'key "2"', g."key ""2""") AS key, shopanalytics._row_image(g) - 'from' - 'key "2"' AS after
      FROM "cr ""Shop"" é".goal g$$);
SELECT shopanalytics.cr_submit(:request) IS NOT NULL AS submitted;
SELECT verdict, count(*) FROM shopanalytics.cr_preview(:request) GROUP BY verdict;
-- all that is not null already
SELECT i.key ->> 'from' AS row, (SELECT count(*) FROM jsonb_object_keys(i.after)) AS columns FROM shopanalytics.change_item i WHERE i.request = :request ORDER BY 1;
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT pg_temp.agree(:request);
CALL shopanalytics.cr_apply(:request);
SELECT pg_temp.same('start') AS as_they_started, pg_temp.same('goal') AS as_wanted;

-- Nothing to do a second time.
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr "Shop" é', '"cr ""Shop"" é"."select"', 'cleanse', 'Again') AS again \gset
SELECT shopanalytics.cr_add_query(:again, $$
    SELECT jsonb_build_object('from', g."from", 'key "2"', g."key ""2""") AS key, shopanalytics._row_image(g) - 'from' - 'key "2"' AS after
      FROM "cr ""Shop"" é".goal g$$);

-- Undone, all is as it was; undone again, as wanted.
SELECT shopanalytics.cr_rollback_open(:request) AS undo \gset
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT pg_temp.agree(:undo);
CALL shopanalytics.cr_apply(:undo);
SELECT pg_temp.same('start') AS as_they_started, pg_temp.same('goal') AS as_wanted;
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_rollback_open(:undo) AS redo \gset
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT pg_temp.agree(:redo);
CALL shopanalytics.cr_apply(:redo);
SELECT pg_temp.same('start') AS as_they_started, pg_temp.same('goal') AS as_wanted;

-- Deleted and brought back.
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr "Shop" é', '"cr ""Shop"" é"."select"', 'dedupe', 'Away') AS away \gset
SELECT shopanalytics.cr_add_query(:away, $$SELECT 'D' AS op, jsonb_build_object('from', g."from", 'key "2"', g."key ""2""") AS key FROM "cr ""Shop"" é".goal g$$);
SELECT shopanalytics.cr_submit(:away) IS NOT NULL AS submitted;
RESET SESSION AUTHORIZATION;
UPDATE shopanalytics.change_request SET approvals_needed = 1 WHERE id = :away;
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT pg_temp.agree(:away);
CALL shopanalytics.cr_apply(:away);
SELECT count(*) FROM "select";
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_rollback_open(:away) AS back \gset
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT pg_temp.agree(:back);
CALL shopanalytics.cr_apply(:back);
SELECT pg_temp.same('start') AS as_they_started, pg_temp.same('goal') AS as_wanted;

-- As a person writes it: JSON as JSON, arrays, ranges and composite values as PostgreSQL does.
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_open('cr "Shop" é', '"cr ""Shop"" é"."select"', 'manual', 'By hand') AS hand \gset
SELECT shopanalytics.cr_add(:hand, 'U', '{"from": 5, "key \"2\"": "as it is"}', '{
    "doc": {"a": [1, null]}, "raw": {"b": 1, "a": [null]}, "document": null, "list": ["a", null, "b"], "numbers": [[1, 2], [3, 4]], "pair": {"a": 1, "b c": "x"},
    "tags": "{x,y}", "span_4": "[1,9]", "day": "2026-01-31", "zoned": "2026-01-31 12:00", "span": "1 day", "yes": "on", "big": "12", "short": 12, "fixed": true, "exact": "1e3"}');
SELECT c.key, c.value FROM shopanalytics.change_item i, jsonb_each(i.after) c WHERE i.request = :hand ORDER BY c.key COLLATE "C";

RESET SESSION AUTHORIZATION;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA "cr ""Shop"" é" CASCADE;
DELETE FROM shopanalytics.approval;
DELETE FROM shopanalytics.change_item;
DELETE FROM shopanalytics.change_request;
SELECT count(shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope)) FROM shopanalytics.duty;
DROP ROLE regress_cr_ann, regress_cr_ben;
