# Models survive dump and restore: each version, alias and its history, the same
# predictions to the last bit, and what comes next.  A read replica scores.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "timezone = 'UTC'\nclient_min_messages = warning");
$node->start;
my $dump = PostgreSQL::Test::Utils::tempdir();
my @tables = qw(model model_version model_alias model_alias_history);

sub contents
{
	my ($server, $database) = @_;
	return { map { $_ => $server->safe_psql($database, "SELECT t::text FROM shopanalytics.$_ t ORDER BY 1") } @tables };
}

# What every version of every model says of every row, by float8's own bytes.
my $answers = q{
	SELECT v.model, v.version, o.order_id, encode(float8send(shopanalytics.predict(v.model || '@' || v.version, o)), 'hex'),
	       shopanalytics.explain_json(v.model || '@' || v.version, o)
	  FROM shopanalytics.model_version v, public.orders o WHERE v.status = 'ok' ORDER BY 1, 2, 3};

$node->safe_psql('postgres', 'CREATE ROLE ann LOGIN; CREATE ROLE ben LOGIN; CREATE DATABASE shop');
$node->safe_psql('shop', q{
	CREATE EXTENSION shopanalytics;
	CREATE TABLE public.orders AS
	SELECT i AS order_id, (i * 7919) % 101 + 0.25 AS amount, (ARRAY['card', 'paypal', 'é "x"'])[1 + i % 3] AS payment_method, CASE WHEN i % 7 > 0 THEN i % 13 END AS n_items,
	       timestamptz '2025-01-01' + i * interval '1 hour' AS ordered_at, (i * 7919) % 101 + (i * 31) % 60 > 95 AS is_bad
	  FROM generate_series(1, 500) i;
	GRANT SELECT ON public.orders TO ann, ben;
	SET ROLE ann;
	SELECT shopanalytics.train_logistic('order bad', 'public.orders', 'is_bad', key_column => 'order_id', null_policy => 'indicator');
	SELECT shopanalytics.train_logistic('order bad', 'public.orders', 'is_bad', '{amount,payment_method}', key_column => 'order_id', encoding => 'dummy');
	SELECT shopanalytics.train_forest('order bad', 'public.orders', 'is_bad', key_column => 'order_id', n_trees => 10, max_depth => 4);
	SELECT shopanalytics.model_alias('order bad', 'champion', 2, 'simple');
	SELECT shopanalytics.model_rollback('order bad');
	SELECT shopanalytics.model_share('order bad');
	RESET ROLE;
	SELECT shopanalytics.train_tree('tree', 'public.orders', 'is_bad', '{amount,n_items}', key_column => 'order_id');
	SELECT shopanalytics.model_drop('tree', 1, force => true);
	SELECT shopanalytics.train_tree('tree', 'public.orders', 'is_bad', '{amount,n_items}', key_column => 'order_id')});
my $contents = contents($node, 'shop');
my $said = $node->safe_psql('shop', $answers);
is(scalar(split /\n/, $said), 4 * 500, 'each version has an answer for each row');
unlike($said, qr/\|\|/, 'and no answer is null');

# Dump and restore.
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump/shop.dump", 'shop' ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'restored', "$dump/shop.dump" ], 'restore');
is_deeply(contents($node, 'restored'), $contents, 'all is there');
is($node->safe_psql('restored', $answers), $said, 'each version says what it said');
is($node->safe_psql('restored', q{SELECT shopanalytics.model_rollback('order bad'), (shopanalytics.train_tree('tree', 'public.orders', 'is_bad', '{amount}')).version}),
	'1|3', 'aliases go back and numbers go on after the restore');
is($node->safe_psql('restored', q{SET ROLE ben; SELECT DISTINCT model FROM shopanalytics.model_versions()}), 'order bad', 'who could see it sees it, and nothing else');
is($node->safe_psql('restored', q{SELECT b.n = (v.metrics ->> 'n_test')::bigint
	  FROM shopanalytics.model_version v, shopanalytics.best_threshold('tree@2') b WHERE v.model = 'tree' AND v.version = 2}), 't', 'the same rows are the test rows');

# A read replica.
$node->backup('base');
my $replica = PostgreSQL::Test::Cluster->new('replica');
$replica->init_from_backup($node, 'base', has_streaming => 1);
$replica->start;
$node->wait_for_catchup($replica, 'replay', $node->lsn('insert'));
is($replica->safe_psql('shop', 'SELECT pg_is_in_recovery()'), 't', 'the replica is one');
is($replica->safe_psql('shop', $answers), $said, 'and says the same');

# In one session of the replica: what is changed on the primary is seen.
my $primary = $node->connstr('shop');
my $ask = q{SELECT round(shopanalytics.predict('order bad', o)::numeric, 12) FROM public.orders o WHERE order_id = 1;};
my $wait = q{DO $$ BEGIN FOR i IN 1 .. 1200 LOOP EXIT WHEN %s; PERFORM pg_sleep(0.05); END LOOP; END $$;};
my ($status, $out, $error) = $replica->psql('shop', join("\n", $ask,
		qq{\\! psql -XAtq -d "$primary" -c "SELECT shopanalytics.model_alias('order bad', 'current', 3)"},
		sprintf($wait, q{EXISTS (SELECT FROM shopanalytics.model_alias WHERE alias = 'current' AND version = 3)}),
		$ask,
		q{SELECT round(shopanalytics.predict('order bad@3', o)::numeric, 12) FROM public.orders o WHERE order_id = 1;},
		qq{\\! psql -XAtq -d "$primary" -c "SELECT shopanalytics.model_drop('order bad', force => true)"},
		sprintf($wait, q{NOT EXISTS (SELECT FROM shopanalytics.model WHERE name = 'order bad')}),
		$ask));
my ($before, $moved, $after, $third, $dropped) = split /\n/, $out;
is("$moved|$dropped", 't|3', 'the primary moves an alias, and drops the model');
isnt($after, $before, 'an alias that moved is seen');
is($after, $third, 'where it was moved');
like($error, qr/model "order bad" does not exist/, 'and a model that was dropped is gone');

$replica->stop;
$node->stop;
done_testing();
