-- Trusted brokers and the claimed actor: whose claim counts, and that all is recorded.
\set SHOW_CONTEXT never
DELETE FROM shopanalytics.event;
CREATE ROLE regress_broker_app LOGIN;
CREATE ROLE regress_broker_ann LOGIN;
CREATE ROLE regress_broker_group NOLOGIN;
CREATE ROLE regress_broker_admin LOGIN;
SELECT shopanalytics.grant_duty('regress_broker_admin', 'admin');

-- A claim is recorded, and is nobody's but the login's until the login is trusted.
SET SESSION AUTHORIZATION regress_broker_app;
SELECT * FROM shopanalytics.whoami();
BEGIN;
SET LOCAL shopanalytics.actor = 'clara@shop.example';
SELECT * FROM shopanalytics.whoami();
COMMIT;
SELECT actor FROM shopanalytics.whoami();
SET SESSION AUTHORIZATION regress_broker_admin;
SELECT shopanalytics.trust_broker('regress_broker_app');
SELECT shopanalytics.trust_broker('regress_broker_app') AS again;

-- A broker is whom it names, and nobody without a name.
SET SESSION AUTHORIZATION regress_broker_app;
SELECT * FROM shopanalytics.trusted_broker;
SELECT * FROM shopanalytics.whoami();
BEGIN;
SET LOCAL shopanalytics.actor = 'clara@shop.example';
SELECT * FROM shopanalytics.whoami();
SET LOCAL shopanalytics.actor = '';
SELECT person FROM shopanalytics.whoami();
ROLLBACK;

-- SET ROLE makes nobody a broker, nor another person.
RESET SESSION AUTHORIZATION;
GRANT regress_broker_app TO regress_broker_ann;
SET SESSION AUTHORIZATION regress_broker_ann;
SET ROLE regress_broker_app;
SET shopanalytics.actor = 'ben';
SELECT * FROM shopanalytics.whoami();
RESET ROLE;
SELECT login FROM shopanalytics.trusted_broker;

-- What is no name is refused, and the one before stays.
SET shopanalytics.actor = E'two\nlines';
SELECT set_config('shopanalytics.actor', repeat('x', 256), false);
SELECT actor FROM shopanalytics.whoami();
SELECT length(set_config('shopanalytics.actor', repeat('x', 255), false));
RESET shopanalytics.actor;

-- Who may, and what is refused.
SELECT shopanalytics.trust_broker('regress_broker_ann');
SELECT shopanalytics.distrust_broker('regress_broker_app');
SET SESSION AUTHORIZATION regress_broker_admin;
SELECT shopanalytics.trust_broker('regress_broker_group');
SELECT shopanalytics.trust_broker('regress_broker_no_such_role');
SELECT shopanalytics.trust_broker('0');
SELECT shopanalytics.trust_broker(NULL);
SELECT shopanalytics.distrust_broker(NULL);
SELECT shopanalytics.distrust_broker('two words');
SELECT shopanalytics.distrust_broker('regress_broker_ann');
-- an administrator of one tenant may not: a broker is believed by all
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.grant_duty('regress_broker_ann', 'admin', 'shop');
SET SESSION AUTHORIZATION regress_broker_ann;
SELECT shopanalytics.trust_broker('regress_broker_ann');

SET SESSION AUTHORIZATION regress_broker_admin;
SELECT shopanalytics.distrust_broker('regress_broker_app');
SET SESSION AUTHORIZATION regress_broker_app;
SET shopanalytics.actor = 'clara@shop.example';
SELECT person FROM shopanalytics.whoami();
RESET shopanalytics.actor;
RESET SESSION AUTHORIZATION;
SELECT tenant, type, login, detail FROM shopanalytics.event WHERE type LIKE 'broker%' AND login LIKE 'regress_broker%' ORDER BY id;
SELECT shopanalytics.revoke_duty('regress_broker_ann', 'admin', 'shop'), shopanalytics.revoke_duty('regress_broker_admin', 'admin');
DROP ROLE regress_broker_app, regress_broker_ann, regress_broker_group, regress_broker_admin;
