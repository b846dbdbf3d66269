-- Approving, rejecting, withdrawing, expiry: who may not and why, each with its code.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
TRUNCATE shopanalytics.change_item, shopanalytics.approval, shopanalytics.change_request;
ALTER TABLE shopanalytics.change_request ALTER COLUMN id RESTART;
DELETE FROM shopanalytics.event;
CREATE ROLE regress_cr_stewards;
CREATE ROLE regress_cr_ann LOGIN IN ROLE regress_cr_stewards;
CREATE ROLE regress_cr_ben LOGIN IN ROLE regress_cr_stewards;
CREATE ROLE regress_cr_cid LOGIN;
CREATE ROLE regress_cr_dan LOGIN;
CREATE ROLE regress_cr_admin LOGIN;
CREATE ROLE regress_cr_nobody LOGIN;
CREATE ROLE regress_cr_broker LOGIN;
CREATE SCHEMA cr_shop;
GRANT USAGE ON SCHEMA cr_shop TO PUBLIC;
CREATE TABLE cr_shop.orders (id integer PRIMARY KEY, segment text);
INSERT INTO cr_shop.orders SELECT i, 's' || i FROM generate_series(1, 9) i;
GRANT SELECT ON cr_shop.orders TO PUBLIC;
SELECT count(shopanalytics.grant_duty(r, d, 'cr_shop'))
  FROM (VALUES ('regress_cr_stewards'::regrole, 'propose'), ('regress_cr_stewards', 'approve'), ('regress_cr_cid', 'approve'), ('regress_cr_dan', 'approve'),
               ('regress_cr_broker', 'propose'), ('regress_cr_broker', 'approve'), ('regress_cr_admin', 'admin')) v (r, d);
-- a request with one item, submitted
CREATE FUNCTION pg_temp.propose(title text DEFAULT 'x') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    request bigint := shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', title);
BEGIN
    PERFORM shopanalytics.cr_add(request, 'U', '{"id": 1}', '{"segment": "x"}');
    PERFORM shopanalytics.cr_submit(request);
    RETURN request;
END
$$;
CREATE FUNCTION pg_temp.hash(request bigint) RETURNS text LANGUAGE sql AS 'SELECT content_hash FROM shopanalytics.change_request WHERE id = request';
-- one that has expired, as of the clock
CREATE FUNCTION pg_temp.let_expire(request bigint) RETURNS void LANGUAGE sql AS $$ UPDATE shopanalytics.change_request SET expires_at = now() - interval '1 s' WHERE id = request $$;

-- One approval is enough by the defaults.
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT pg_temp.propose() AS request \gset
SET SESSION AUTHORIZATION regress_cr_cid;
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request), 'looks right');
SELECT state, next FROM shopanalytics.cr_status WHERE request = :request;
SELECT revision, person, decision, content_hash = pg_temp.hash(request) AS of_this, login, role, actor, comment FROM shopanalytics.approval;

-- 4.G approve by proposer, by the same login with SET ROLE, with a claim
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT pg_temp.propose() AS request \gset
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
SET ROLE regress_cr_stewards;
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
SET shopanalytics.actor = 'regress_cr_ben';
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
SELECT * FROM shopanalytics.cr_reject(:request);
RESET shopanalytics.actor;
-- as is who proposed by SET ROLE
SELECT pg_temp.propose() AS request \gset
RESET ROLE;
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
-- 4.G by non-duty role; before it is even asked what the hash is
SET SESSION AUTHORIZATION regress_cr_nobody;
SELECT * FROM shopanalytics.cr_approve(:request, '');
SELECT * FROM shopanalytics.cr_reject(:request, 'no');
SELECT * FROM shopanalytics.cr_withdraw(:request);
SET SESSION AUTHORIZATION regress_cr_admin;
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
-- a stale or wrong hash
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT * FROM shopanalytics.cr_approve(:request, repeat('0', 64));
SELECT * FROM shopanalytics.cr_approve(:request, upper(pg_temp.hash(:request)));
-- whose role is the same is somebody else all the same
SET ROLE regress_cr_stewards;
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
RESET ROLE;
-- done is done, and says so
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
SELECT * FROM shopanalytics.cr_reject(:request);

-- 4.G after edit: what was approved is void, and the old hash stale
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT pg_temp.hash(:request) AS hash \gset
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 2}', '{"segment": "x"}');
SELECT s.state, c.revision, s.approved_by FROM shopanalytics.change_request c JOIN shopanalytics.cr_status s ON s.request = c.id WHERE c.id = :request;
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT * FROM shopanalytics.cr_approve(:request, :'hash');
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT shopanalytics.cr_submit(:request) <> :'hash' AS other_hash;
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT * FROM shopanalytics.cr_approve(:request, :'hash');
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
-- the approval of the first revision is still on record
SELECT revision, person, decision FROM shopanalytics.approval WHERE request = :request ORDER BY revision;

-- Two approvals: a person counts once, and whoever approved may think better of it.
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.set_policy('cr_shop', min_approvals => 2);
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT pg_temp.propose() AS request \gset
SELECT pg_temp.propose() AS rejected \gset
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request), 'again');
SET ROLE regress_cr_stewards;
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request), 'and again');
RESET ROLE;
SELECT * FROM shopanalytics.cr_approve(:rejected, pg_temp.hash(:rejected));
SET SESSION AUTHORIZATION regress_cr_cid;
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
SELECT approved_by, approvals_needed FROM shopanalytics.cr_status WHERE request = :request;
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT * FROM shopanalytics.cr_reject(:rejected, 'on second thoughts');
SELECT person, decision, comment FROM shopanalytics.approval WHERE request = :rejected;
SELECT state, next, expires_at FROM shopanalytics.cr_status WHERE request = :rejected;
-- it stays rejected
SET SESSION AUTHORIZATION regress_cr_cid;
SELECT * FROM shopanalytics.cr_approve(:rejected, pg_temp.hash(:rejected));
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT * FROM shopanalytics.cr_withdraw(:rejected);
SELECT shopanalytics.cr_submit(:rejected);
SELECT shopanalytics.cr_add(:rejected, 'U', '{"id": 2}', '{"segment": "x"}');
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.reset_policy('cr_shop');

-- Withdrawn by who proposed it, or by an administrator; from any state before it is applied.
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT pg_temp.propose('submitted') AS submitted \gset
SELECT pg_temp.propose('approved') AS approved \gset
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'draft') AS draft \gset
SELECT shopanalytics.cr_open('cr_shop', 'cr_shop.orders', 'manual', 'of ann') AS of_ann \gset
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT * FROM shopanalytics.cr_approve(:approved, pg_temp.hash(:approved));
SELECT * FROM shopanalytics.cr_withdraw(:submitted);
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT r, w.* FROM unnest(ARRAY[:submitted, :approved, :draft]) WITH ORDINALITY u (r, n), shopanalytics.cr_withdraw(r, 'not needed') w ORDER BY n;
SELECT * FROM shopanalytics.cr_withdraw(:draft);
SET SESSION AUTHORIZATION regress_cr_admin;
SELECT * FROM shopanalytics.cr_withdraw(:of_ann, 'ann left');

-- 4.G after expiry: nothing goes on, and it is written down as expired
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT pg_temp.propose('1') AS first \gset
SELECT pg_temp.propose('2') AS second \gset
SELECT pg_temp.propose('3') AS third \gset
SELECT pg_temp.propose('4') AS fourth \gset
SELECT pg_temp.propose('5') AS fifth \gset
SELECT pg_temp.propose('6') AS alive \gset
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT * FROM shopanalytics.cr_approve(:fourth, pg_temp.hash(:fourth));
RESET SESSION AUTHORIZATION;
SELECT pg_temp.let_expire(r) FROM unnest(ARRAY[:first, :second, :third, :fourth, :fifth]) r;
SET SESSION AUTHORIZATION regress_cr_ben;
SELECT code FROM shopanalytics.cr_approve(:first, pg_temp.hash(:first));
SELECT code FROM shopanalytics.cr_approve(:first, pg_temp.hash(:first)) AS again;
SELECT code FROM shopanalytics.cr_reject(:second);
SET SESSION AUTHORIZATION regress_cr_ann;
SELECT code FROM shopanalytics.cr_withdraw(:third);
SELECT shopanalytics.cr_submit(:fourth);
SELECT shopanalytics.cr_add(:fourth, 'U', '{"id": 2}', '{"segment": "x"}');
SELECT shopanalytics.cr_remove(:fourth, '{"id": 1}');
SELECT title, state FROM shopanalytics.change_request WHERE id >= :first ORDER BY id;
SET SESSION AUTHORIZATION regress_cr_nobody;
SELECT shopanalytics.cr_expire();
SET SESSION AUTHORIZATION regress_cr_dan;
SELECT shopanalytics.cr_expire(), shopanalytics.cr_expire() AS again;
SELECT title, state FROM shopanalytics.change_request WHERE id >= :first ORDER BY id;
-- of tenants that one has no duty for nothing expires by one's call
RESET SESSION AUTHORIZATION;
SELECT pg_temp.let_expire(:alive), shopanalytics.grant_duty('regress_cr_nobody', 'propose', 'other');
SET SESSION AUTHORIZATION regress_cr_nobody;
SELECT shopanalytics.cr_expire();
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.cr_expire();

-- A trusted broker: persons count, and the login does not; nobody is nobody.
SELECT shopanalytics.trust_broker('regress_cr_broker');
SET SESSION AUTHORIZATION regress_cr_broker;
SET shopanalytics.actor = 'zoe';
SELECT pg_temp.propose('by zoe') AS request \gset
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
RESET shopanalytics.actor;
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
SELECT * FROM shopanalytics.cr_withdraw(:request);
SELECT shopanalytics.cr_add(:request, 'U', '{"id": 2}', '{"segment": "x"}');
-- trusted no longer, its word counts for nothing
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.distrust_broker('regress_cr_broker');
SET SESSION AUTHORIZATION regress_cr_broker;
SET shopanalytics.actor = 'yves';
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
-- proposed by a login that is nobody's in particular
SELECT pg_temp.propose('by whomever') AS shared \gset
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.trust_broker('regress_cr_broker');
SET SESSION AUTHORIZATION regress_cr_broker;
SELECT * FROM shopanalytics.cr_approve(:shared, pg_temp.hash(:shared));
SELECT * FROM shopanalytics.cr_approve(:request, pg_temp.hash(:request));
RESET shopanalytics.actor;
SELECT person, login, actor FROM shopanalytics.approval WHERE request = :request;

-- What was refused is written down like what was done.
RESET SESSION AUTHORIZATION;
SELECT type, count(*) FROM shopanalytics.event WHERE type LIKE 'request%' GROUP BY type ORDER BY type COLLATE "C";
SELECT login, role, actor, request, detail - 'message' AS detail FROM shopanalytics.event WHERE type = 'request_refused' ORDER BY id;

-- Who has no duty can change nothing, and keeps nobody waiting.
SET SESSION AUTHORIZATION regress_cr_nobody;
SELECT count(*) FROM shopanalytics.approval;
INSERT INTO shopanalytics.approval VALUES (1, 1, 'x', 'approve', 'x', 'x', 'x');
SELECT shopanalytics._cr_submit(1);
SELECT shopanalytics._content_hash(1);
SELECT shopanalytics._own_request(1);
SELECT shopanalytics._lock_request(1);
SELECT shopanalytics._cr_add_batch(1, '[]', NULL, NULL);

-- Nor does code that the server runs in somebody's session: an index expression.
RESET SESSION AUTHORIZATION;
CREATE FUNCTION cr_shop.sly(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE NOTICE '%', shopanalytics.cr_withdraw((SELECT max(c.id) FROM shopanalytics.change_request c));
    RETURN 1;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE '%', SQLERRM;
    RETURN 1;
END $$;
CREATE INDEX sly ON cr_shop.orders (cr_shop.sly(id)) WHERE id = 1;
DROP INDEX cr_shop.sly;

-- Bad input.
SELECT * FROM shopanalytics.cr_approve(NULL, 'x');
SELECT * FROM shopanalytics.cr_approve(:request, NULL);
SELECT * FROM shopanalytics.cr_approve(0, 'x');
SELECT * FROM shopanalytics.cr_reject(NULL);
SELECT * FROM shopanalytics.cr_reject(0);
SELECT * FROM shopanalytics.cr_withdraw(NULL);
SELECT * FROM shopanalytics.cr_withdraw(0);

RESET SESSION AUTHORIZATION;
DROP SCHEMA cr_shop CASCADE;
DELETE FROM shopanalytics.approval;
DELETE FROM shopanalytics.change_item;
DELETE FROM shopanalytics.change_request;
SELECT count(shopanalytics.revoke_duty(quote_ident(role_name), duty, tenant, scope)) FROM shopanalytics.duty;
SELECT shopanalytics.distrust_broker('regress_cr_broker');
DROP ROLE regress_cr_ann, regress_cr_ben, regress_cr_cid, regress_cr_dan, regress_cr_admin, regress_cr_nobody, regress_cr_broker, regress_cr_stewards;
