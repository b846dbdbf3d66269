# Stored sketches survive dump and restore, also into a database of another encoding.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
$node->start;
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';

my $sketches = q{
	SELECT n % 100 AS id, shopanalytics.approx_distinct_agg(chr(200 + n % 50) || n) AS s FROM generate_series(1, 20000) AS n GROUP BY 1
	UNION ALL
	SELECT 1000, shopanalytics.approx_distinct_agg(chr(200 + n % 50) || n) FROM generate_series(1, 20000) AS n};
# chr() is of the encoding; the characters from 200 on are the same in LATIN1.
$node->safe_psql('postgres', qq{
	CREATE DATABASE restored;
	CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1';
	CREATE EXTENSION shopanalytics;
	CREATE TABLE visitor AS $sketches;
	INSERT INTO visitor VALUES (1001, 'v1/0'), (1002, NULL)});
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'dump');

my $query = q{SELECT id, s, shopanalytics.hllsketch_send(s), shopanalytics.approx_distinct(s) FROM visitor ORDER BY id};
for my $database ('restored', 'latin')
{
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr($database), $dump ], "restore into $database");
	is($node->safe_psql($database, $query), $node->safe_psql('postgres', $query), 'all sketches are equal');
	is($node->safe_psql($database, 'SELECT count(*) FROM visitor'), '103', 'and there are some');
	is($node->safe_psql($database, "SELECT count(*) FROM visitor JOIN ($sketches) AS made USING (id) WHERE visitor.s::text <> made.s::text"),
		'0', 'and those that are made there are the same');
}

# What a client's encoding is, makes no difference, nor where in a plan a value is hashed.
is($node->safe_psql('latin', "SET client_encoding = 'UTF8'; SELECT count(*) FROM visitor JOIN ($sketches) AS made USING (id) WHERE visitor.s::text <> made.s::text"),
	'0', 'sketches do not depend on client_encoding');

$node->stop;
done_testing();
