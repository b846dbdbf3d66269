# Encoders survive dump and restore, with who owns them, also into a database of another
# encoding.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1, extra => [ '--no-locale', '--encoding=UTF8' ]);
$node->start;
$ENV{PGCLIENTENCODING} = 'UTF8';
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';

$node->safe_psql('postgres', q{
	CREATE ROLE analyst LOGIN;
	CREATE ROLE stranger LOGIN;
	CREATE DATABASE restored;
	CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1';
	CREATE EXTENSION shopanalytics;
	CREATE TABLE seen AS SELECT chr(200 + n % 9) || '''"{,}\\\\' AS v, n % 7 = 0 AS y FROM generate_series(1, 500) n UNION ALL SELECT NULL, true;
	GRANT SELECT ON seen TO analyst;
	SET ROLE analyst;
	SELECT shopanalytics.fit_encoder('own', 'seen', 'v', 'one_hot', min_count => 56),
	       shopanalytics.fit_encoder(E'sha\'"red', 'seen', 'v', 'target', 'y', unknown => 'error');
	SELECT shopanalytics.share_encoder(E'sha\'"red')});
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'dump');

my $table = 'SELECT * FROM shopanalytics.encoder ORDER BY name';
my $codes = 'SELECT e.name, s.v, shopanalytics.encode(e.name, s.v) FROM seen s, shopanalytics.encoder e ORDER BY 1, 2';
for my $database ('restored', 'latin')
{
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr($database), $dump ], "restore into $database");
	is($node->safe_psql($database, $table), $node->safe_psql('postgres', $table), 'the encoders are the same');
	is($node->safe_psql($database, $codes), $node->safe_psql('postgres', $codes), 'so are the codes');
	is($node->safe_psql($database, 'SELECT count(*) FROM shopanalytics.encoder', extra_params => [ '-U', 'analyst' ]), '2', 'their owner has them');
	is($node->safe_psql($database, 'SELECT name FROM shopanalytics.encoder', extra_params => [ '-U', 'stranger' ]), q(sha'"red), 'others what is shared');
}

# A standby encodes: nothing is written.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $codes), $node->safe_psql('postgres', $codes), 'codes on a standby');

$standby->stop;
$node->stop;
done_testing();
