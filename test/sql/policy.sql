-- Policies: which one is in force, who may set it, what is refused.
\set SHOW_CONTEXT never
DELETE FROM shopanalytics.event;
CREATE ROLE regress_policy_admin LOGIN;
CREATE ROLE regress_policy_steward LOGIN;
CREATE SCHEMA policy_shop;
CREATE TABLE policy_shop.orders (id integer);
CREATE TABLE policy_shop.customers (id integer);
SELECT shopanalytics.grant_duty('regress_policy_admin', 'admin', 'shop');
SELECT shopanalytics.grant_duty('regress_policy_steward', 'propose', 'shop', 'policy_shop.orders');

-- Without any policy the defaults are in force; then the nearest one.
SELECT * FROM shopanalytics.policy_for('shop');
SELECT shopanalytics.set_policy(min_approvals => 2, max_rows => 1000);
SET SESSION AUTHORIZATION regress_policy_admin;
SELECT shopanalytics.set_policy('shop', 'policy_shop.orders', min_approvals => 3, max_share => 0.1, expiry => '12 hours', require_distinct_applier => true);
SELECT place, p.*
  FROM (VALUES ('shop', '*'), ('shop', 'policy_shop.orders'), ('shop', 'policy_shop.customers')) AS place (tenant, scope),
       shopanalytics.policy_for(tenant, scope) p;
SELECT shopanalytics.set_policy('shop', auto_approve => true);
SELECT shopanalytics.set_policy('shop', auto_approve => true) AS again;
SELECT set_for_tenant, set_for_scope, min_approvals, auto_approve FROM shopanalytics.policy_for('shop', 'policy_shop.customers');
-- a policy for one table of every tenant comes after one for the tenant
RESET SESSION AUTHORIZATION;
SELECT shopanalytics.set_policy('*', 'policy_shop.customers', min_approvals => 4);
SELECT set_for_tenant, set_for_scope, min_approvals FROM shopanalytics.policy_for('shop', 'policy_shop.customers');
SELECT set_for_tenant, set_for_scope, min_approvals FROM shopanalytics.policy_for('other', 'policy_shop.customers');
SELECT set_for_tenant, set_for_scope, min_approvals FROM shopanalytics.policy_for('*', 'policy_shop.orders');

-- Who has a duty for the table sees what binds him, of the tables and of the tenant.
SET SESSION AUTHORIZATION regress_policy_steward;
SELECT * FROM shopanalytics.policy ORDER BY tenant COLLATE "C", scope COLLATE "C";
SELECT min_approvals FROM shopanalytics.policy_for('shop', 'policy_shop.orders');
SELECT shopanalytics.policy_for('shop', 'policy_shop.customers');
SELECT shopanalytics.set_policy('shop', 'policy_shop.orders');
SELECT shopanalytics.reset_policy('shop', 'policy_shop.orders');

-- An administrator of a tenant neither sets nor resets what all tenants share.
SET SESSION AUTHORIZATION regress_policy_admin;
SELECT shopanalytics.set_policy(min_approvals => 1);
SELECT shopanalytics.reset_policy();
SELECT shopanalytics.reset_policy('shop', 'policy_shop.orders');
SELECT shopanalytics.reset_policy('shop', 'policy_shop.orders') AS again;
SELECT set_for_tenant, set_for_scope FROM shopanalytics.policy_for('shop', 'policy_shop.orders');

-- What is refused.
SELECT shopanalytics.set_policy(NULL);
SELECT shopanalytics.set_policy('shop', NULL);
SELECT shopanalytics.set_policy('shop', 'orders');
SELECT shopanalytics.set_policy('shop', 'policy_shop.no_such_table');
SELECT shopanalytics.set_policy('shop', min_approvals => NULL);
SELECT shopanalytics.set_policy('shop', min_approvals => 0);
SELECT shopanalytics.set_policy('shop', min_approvals => 101);
SELECT shopanalytics.set_policy('shop', max_rows => -1);
SELECT shopanalytics.set_policy('shop', max_share => 1.01);
SELECT shopanalytics.set_policy('shop', max_share => 'NaN');
SELECT shopanalytics.set_policy('shop', max_share => -0.1);
SELECT shopanalytics.set_policy('shop', expiry => '0');
SELECT shopanalytics.set_policy('shop', expiry => '-1 day');
SELECT shopanalytics.set_policy('shop', expiry => '13 months');
SELECT shopanalytics.set_policy('shop', expiry => NULL);
SELECT shopanalytics.set_policy('shop', require_distinct_applier => NULL);
SELECT shopanalytics.set_policy('shop', auto_approve => NULL);
SELECT shopanalytics.reset_policy(NULL);
SELECT shopanalytics.policy_for(NULL);
SELECT shopanalytics.policy_for('shop', NULL);
SELECT shopanalytics.set_policy('shop', max_rows => 0, max_share => 0, expiry => '1 year', min_approvals => 100);

RESET SESSION AUTHORIZATION;
SELECT tenant, type, nullif(login, session_user) AS login, detail FROM shopanalytics.event WHERE type LIKE 'policy%' ORDER BY id;
SELECT shopanalytics.reset_policy(tenant, scope) FROM shopanalytics.policy;
SELECT shopanalytics.revoke_duty('regress_policy_admin', 'admin', 'shop'), shopanalytics.revoke_duty('regress_policy_steward', 'propose', 'shop', 'policy_shop.orders');
DROP TABLE policy_shop.orders, policy_shop.customers;
DROP SCHEMA policy_shop;
DROP ROLE regress_policy_admin, regress_policy_steward;
