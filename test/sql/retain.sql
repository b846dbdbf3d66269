-- Retention: which months of the audit are dropped, what keeps one, and that the rest is
-- proven as before.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET client_min_messages = warning;
DELETE FROM shopanalytics.event;
DELETE FROM shopanalytics.audit_row;
DELETE FROM shopanalytics.audit_stmt;
DELETE FROM shopanalytics.seal_block;
ALTER SEQUENCE shopanalytics.entry_id_seq RESTART;
CREATE ROLE regress_retain_admin LOGIN;
CREATE ROLE regress_retain_nobody LOGIN;
SELECT shopanalytics.grant_duty('regress_retain_admin', 'admin');

-- Months of long ago, and what statements of two shops did then.
CREATE FUNCTION pg_temp.make_month(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    parent text;
BEGIN
    FOREACH parent IN ARRAY '{audit_stmt,audit_row}'::text[] LOOP
        EXECUTE format('CREATE TABLE shopanalytics.%I PARTITION OF shopanalytics.%I FOR VALUES FROM (%L) TO (%L)',
                       parent || to_char(month, '_YYYY_MM'), parent, month, month + interval '1 month');
    END LOOP;
END
$$;
CREATE FUNCTION pg_temp.write_statement(at timestamptz, shop text, rows integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    header shopanalytics.audit_stmt;
    entry shopanalytics.audit_row;
BEGIN
    header := (nextval('shopanalytics.audit_stmt_id_seq'), at, at, NULL, 0, rows, 7, 'U', shop, shop, 'orders', 'ann', 'ann', NULL, 'psql');
    INSERT INTO shopanalytics.audit_stmt VALUES (header.*);
    FOR n IN 1 .. rows LOOP
        entry := (nextval('shopanalytics.entry_id_seq'), at, header.id, 7, 'U', jsonb_build_object('id', n), NULL, '{}', '{}', NULL, NULL, NULL, NULL, NULL);
        entry.nonpii_hash := shopanalytics._audit_nonpii_hash(shopanalytics._audit_header_hash(header), entry);
        entry.leaf := shopanalytics._leaf(entry.nonpii_hash);
        INSERT INTO shopanalytics.audit_row VALUES (entry.*);
    END LOOP;
END
$$;
SELECT pg_temp.make_month(m) FROM unnest('{2020-01-01,2020-02-01,2020-03-01,2020-04-01}'::date[]) m;
SELECT pg_temp.write_statement('2020-01-01 00:00+00', 'retain_a', 3), pg_temp.write_statement('2020-01-31 23:59:59.999999+00', 'retain_a', 2),
       pg_temp.write_statement('2020-02-15 00:00+00', 'retain_a', 2), pg_temp.write_statement('2020-02-16 00:00+00', 'retain_b', 1),
       pg_temp.write_statement('2020-03-15 00:00+00', 'retain_a', 2), pg_temp.write_statement('2020-05-15 00:00+00', 'retain_a', 2);

-- Nothing says how long.
SET SESSION AUTHORIZATION regress_retain_admin;
SELECT * FROM shopanalytics.retain();
SELECT shopanalytics.set_retention('retain_a', keep => '1 year');
SELECT shopanalytics.set_retention('retain_a', keep => '1 year') AS again;
-- not sealed, no anchor
SELECT * FROM shopanalytics.retain();
SELECT shopanalytics.seal(2) > 0 AS sealed;
SELECT * FROM shopanalytics.retain();
SELECT shopanalytics.anchor() IS NOT NULL AS anchored;
SELECT * FROM shopanalytics.retain();
-- kept by the nearest policy, the statutory one, a hold, and what was changed
SELECT shopanalytics.set_retention('retain_b', keep => '0'), shopanalytics.set_retention('retain_b', 'retain_b.orders', keep => '900 years'),
       shopanalytics.set_retention('*', 'retain_b.orders', keep => '0');
SELECT * FROM shopanalytics.retain();
SELECT shopanalytics.set_retention('retain_b', 'retain_b.orders', keep => '0', statutory => '800 years');
SELECT * FROM shopanalytics.retain();
SELECT shopanalytics.set_retention('retain_b', 'retain_b.orders');
SELECT shopanalytics.legal_hold_add('retain_b', 'case 1', 'retain_b.orders') AS hold \gset
SELECT month, outcome, regexp_replace(detail, '\d+', '(number)') AS detail FROM shopanalytics.retain();
SELECT shopanalytics.legal_hold_lift(:hold, 'closed');
SELECT shopanalytics.legal_hold_add('retain_b', 'case 2', 'retain_b.customers') AS hold \gset
SELECT * FROM shopanalytics.retain();
RESET SESSION AUTHORIZATION;
UPDATE shopanalytics.audit_row SET key = '{"id": 8}' WHERE at = '2020-03-15 00:00+00' AND key = '{"id": 1}';
SELECT * FROM shopanalytics.retain();

-- Dropped: whole months, an event of each, and verify() is as before.
SET SESSION AUTHORIZATION regress_retain_admin;
SELECT * FROM shopanalytics.retain(false);
SELECT * FROM shopanalytics.retain(false);
RESET SESSION AUTHORIZATION;
SELECT type, login, detail FROM shopanalytics.event WHERE type = 'audit_month_dropped' ORDER BY id;
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relname ~ '_20(20|21)_' AND c.relkind = 'r' ORDER BY 1;
SELECT DISTINCT date_trunc('month', at)::date AS month, count(*) OVER (PARTITION BY date_trunc('month', at)) FROM shopanalytics.audit_row ORDER BY 1;
UPDATE shopanalytics.audit_row SET key = '{"id": 1}' WHERE at = '2020-03-15 00:00+00' AND key = '{"id": 8}';
SELECT * FROM shopanalytics.verify() WHERE problem <> 'unsealed';
SELECT shopanalytics.seal() > 0 AS sealed;
SELECT * FROM shopanalytics.verify();
-- what somebody drops himself is missing, and so is what he says he dropped by his own hand
BEGIN;
DROP TABLE shopanalytics.audit_row_2020_03, shopanalytics.audit_stmt_2020_03;
SELECT problem, detail, count(*) FROM shopanalytics.verify() GROUP BY 1, 2;
ROLLBACK;
BEGIN;
UPDATE shopanalytics.event SET detail = jsonb_set(detail, '{blocks}', '[1, 2, 3, 4, 5, 6, 7, 8]') WHERE type = 'audit_month_dropped';
SELECT problem, count(*) > 0 AS found FROM shopanalytics.verify() GROUP BY 1 ORDER BY 1;
ROLLBACK;
-- and a month that is dropped can be written again
SELECT pg_temp.write_statement('2020-01-15 00:00+00', 'retain_a', 1);
SELECT shopanalytics.seal();
SELECT * FROM shopanalytics.verify();

-- Who may, and bad input.
SET SESSION AUTHORIZATION regress_retain_nobody;
SELECT * FROM shopanalytics.retain();
SELECT * FROM shopanalytics.retain(false);
SELECT shopanalytics.set_retention('retain_a', keep => '0');
SELECT count(*) FROM shopanalytics.retention_policy;
DELETE FROM shopanalytics.retention_policy;
SELECT shopanalytics._month_is_kept('2020-03-01');
SET SESSION AUTHORIZATION regress_retain_admin;
SELECT count(*) FROM shopanalytics.retention_policy WHERE tenant = 'retain_a';
SELECT * FROM shopanalytics.retain(NULL);
SELECT shopanalytics.set_retention(NULL);
SELECT shopanalytics.set_retention('');
SELECT shopanalytics.set_retention('retain_a', 'nothing');
RESET SESSION AUTHORIZATION;

SELECT count(*) FROM (SELECT shopanalytics.set_retention(tenant, scope) FROM shopanalytics.retention_policy WHERE tenant LIKE 'retain_%' OR scope LIKE 'retain_%') s;
SELECT shopanalytics.revoke_duty('regress_retain_admin', 'admin');
DROP ROLE regress_retain_admin, regress_retain_nobody;
DROP TABLE shopanalytics.audit_row_2020_03, shopanalytics.audit_stmt_2020_03;
DELETE FROM shopanalytics.legal_hold;
DELETE FROM shopanalytics.event;
DELETE FROM shopanalytics.audit_row;
DELETE FROM shopanalytics.audit_stmt;
DELETE FROM shopanalytics.seal_block;
