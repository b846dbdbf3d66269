-- A query with the rights of another role: what it may, and that nothing of it stays.
\set SHOW_CONTEXT never
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'SQL, DMY';
SET extra_float_digits = 0;
CREATE ROLE regress_as_owner;
CREATE ROLE regress_as_other;
CREATE SCHEMA as_role_shop;
GRANT ALL ON SCHEMA as_role_shop TO regress_as_owner, regress_as_other;
CREATE FUNCTION as_role_shop.as_owner(query text, input jsonb DEFAULT NULL, read_only boolean DEFAULT true) RETURNS SETOF jsonb
    LANGUAGE sql AS $$SELECT * FROM shopanalytics._as_role('regress_as_owner'::regrole, query, input, read_only)$$;

-- It is the role, in the role's restricted operation, with settings of its own.
SELECT * FROM as_role_shop.as_owner($$SELECT pg_catalog.jsonb_build_object('user', current_user, 'session', session_user = current_user,
    'path', pg_catalog.current_setting('search_path'), 'when', '2024-03-31 01:30Z'::timestamptz, 'span', '1 mon -1 day'::interval, 'float', 0.1::float8 + 0.2::float8,
    'bytes', '\x00ff'::bytea, 'money', 1234.5::money, 'input', $1)$$, '{"a": [1, null]}');
SELECT current_user = session_user AS itself, current_setting('search_path') AS path, '2024-03-31 01:30Z'::timestamptz AS "when", current_setting('transaction_read_only') AS read_only;
-- rows, few, none or many, and what is not of the kind
SELECT * FROM as_role_shop.as_owner('SELECT pg_catalog.to_jsonb(i) FROM pg_catalog.generate_series(1, 3) i');
SELECT * FROM as_role_shop.as_owner('SELECT $1 WHERE false');
SELECT * FROM as_role_shop.as_owner('SELECT $1');
SELECT count(*), sum(length(r::text)) FROM as_role_shop.as_owner('SELECT pg_catalog.to_jsonb(pg_catalog.repeat($1 #>> ''{}'', 1000)) FROM pg_catalog.generate_series(1, 20000) i', '"x"') r;
SELECT shopanalytics._as_role('regress_as_owner'::regrole, 'SELECT $1', '1');
SELECT * FROM as_role_shop.as_owner('SELECT 1');
SELECT * FROM as_role_shop.as_owner('SELECT $1, $1');
SELECT * FROM as_role_shop.as_owner('SELECT $2');
SELECT * FROM as_role_shop.as_owner('CREATE TABLE as_role_shop.t ()');
SELECT * FROM as_role_shop.as_owner('SELEC');
SELECT * FROM shopanalytics._as_role(4294967295, 'SELECT $1', NULL);
SELECT * FROM shopanalytics._as_role(NULL, 'SELECT $1', NULL);
SELECT * FROM shopanalytics._as_role('regress_as_owner'::regrole, NULL, NULL);
SELECT * FROM shopanalytics._as_role('regress_as_owner'::regrole, 'SELECT $1', NULL, NULL);

-- Reading alone means that functions of the query do not write either.
SET ROLE regress_as_owner;
CREATE TABLE as_role_shop.seen (id integer PRIMARY KEY, by name DEFAULT current_user, at timestamptz);
CREATE FUNCTION as_role_shop.write(n integer) RETURNS jsonb LANGUAGE plpgsql AS
    $$BEGIN INSERT INTO as_role_shop.seen (id) VALUES (n); RETURN pg_catalog.to_jsonb(current_user); END$$;
RESET ROLE;
SELECT * FROM as_role_shop.as_owner('SELECT as_role_shop.write(1)');
SELECT * FROM as_role_shop.as_owner('INSERT INTO as_role_shop.seen (id) VALUES (1) RETURNING pg_catalog.to_jsonb(id)');
SELECT * FROM as_role_shop.as_owner('SELECT as_role_shop.write(1)', read_only => false);
SELECT * FROM as_role_shop.as_owner('INSERT INTO as_role_shop.seen (id, at) VALUES (2, ''2024-01-02 00:00'') RETURNING pg_catalog.to_jsonb(seen)', read_only => false);
SELECT * FROM as_role_shop.seen ORDER BY id;

-- An error leaves role and settings as they were, in a subtransaction too.
DO $$
BEGIN
    BEGIN
        PERFORM * FROM as_role_shop.as_owner('INSERT INTO as_role_shop.seen (id) VALUES (1) RETURNING pg_catalog.to_jsonb(id)', NULL, false);
    EXCEPTION WHEN unique_violation THEN
        RAISE NOTICE 'caught: %', SQLERRM;
    END;
    RAISE NOTICE '%, %, %', current_user = session_user, current_setting('search_path'), current_setting('DateStyle');
    INSERT INTO as_role_shop.seen (id, by) VALUES (3, 'nobody');
    PERFORM as_role_shop.as_owner('SELECT $1');
END
$$;
DELETE FROM as_role_shop.seen;

-- Code of the table's owner has the owner's rights, and cannot get at others.
SET ROLE regress_as_owner;
CREATE FUNCTION as_role_shop.try() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    attempt text;
BEGIN
    RAISE NOTICE 'trigger runs as %', current_user;
    FOREACH attempt IN ARRAY ARRAY['SELECT rolpassword FROM pg_catalog.pg_authid', 'DELETE FROM shopanalytics.event', 'UPDATE shopanalytics.change_item SET status = ''applied''',
        'INSERT INTO shopanalytics.duty VALUES (''regress_as_owner'', ''*'', ''*'', ''admin'')', 'SELECT shopanalytics._as_role(10::oid, ''SELECT $1'', NULL)',
        'RESET ROLE', 'SET ROLE regress_as_other', 'SET SESSION AUTHORIZATION regress_as_other', 'CREATE TEMP TABLE t ()', 'LISTEN x', 'ALTER ROLE regress_as_owner SUPERUSER']
    LOOP
        BEGIN
            EXECUTE attempt;
            RAISE NOTICE 'worked: %', attempt;
        EXCEPTION WHEN OTHERS THEN
            RAISE NOTICE '% (%)', SQLERRM, SQLSTATE;
        END;
    END LOOP;
    PERFORM pg_catalog.set_config('search_path', 'as_role_shop', false), pg_catalog.set_config('TimeZone', 'UTC', false);
    RETURN NEW;
END
$$;
CREATE TRIGGER try BEFORE INSERT ON as_role_shop.seen FOR EACH ROW EXECUTE FUNCTION as_role_shop.try();
RESET ROLE;
SELECT * FROM as_role_shop.as_owner('INSERT INTO as_role_shop.seen (id) VALUES (1) RETURNING pg_catalog.to_jsonb(by)', read_only => false);
SHOW search_path;
SHOW TimeZone;
DROP TRIGGER try ON as_role_shop.seen;

-- What is deferred fires at once: what was waiting as who would have fired it at
-- commit, the query's own as the role.
SET ROLE regress_as_owner;
CREATE FUNCTION as_role_shop.say() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '% of % fires as %', TG_OP, NEW.id, current_user; RETURN NULL; END$$;
CREATE CONSTRAINT TRIGGER say AFTER INSERT ON as_role_shop.seen DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION as_role_shop.say();
GRANT INSERT ON as_role_shop.seen TO regress_as_other;
RESET ROLE;
CREATE FUNCTION as_role_shop.lent() RETURNS SETOF jsonb LANGUAGE sql SECURITY DEFINER AS
    $$SELECT * FROM as_role_shop.as_owner('INSERT INTO as_role_shop.seen (id) VALUES (5) RETURNING pg_catalog.to_jsonb(id)', read_only => false)$$;
BEGIN;
SET LOCAL ROLE regress_as_other;
INSERT INTO as_role_shop.seen (id) VALUES (4);
SELECT as_role_shop.lent();
SELECT current_user;
COMMIT;
-- deferred again by code of the role: refused
SET ROLE regress_as_owner;
CREATE FUNCTION as_role_shop.defer() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN SET CONSTRAINTS ALL DEFERRED; RETURN NEW; END$$;
CREATE TRIGGER defer BEFORE INSERT ON as_role_shop.seen FOR EACH ROW EXECUTE FUNCTION as_role_shop.defer();
RESET ROLE;
SELECT * FROM as_role_shop.as_owner('INSERT INTO as_role_shop.seen (id) VALUES (6) RETURNING pg_catalog.to_jsonb(id)', read_only => false);

-- Nobody else may call it.
SET ROLE regress_as_other;
SELECT * FROM shopanalytics._as_role('regress_as_other'::regrole, 'SELECT $1', NULL);
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA as_role_shop CASCADE;
DROP ROLE regress_as_owner, regress_as_other;
