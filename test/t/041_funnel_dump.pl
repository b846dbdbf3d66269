# Stored funnels survive dump and restore.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';

$node->safe_psql('postgres', q{
	CREATE DATABASE restored;
	CREATE EXTENSION shopanalytics;
	CREATE TABLE visitor (id integer, f shopanalytics.funnel);
	INSERT INTO visitor
	SELECT n % 1000, shopanalytics.funnel_agg('2024-05-01 00:00+00'::timestamptz + n * interval '0.7 s', n % 3 = 0, n % 7 = 0, n % 11 = 0)
	  FROM generate_series(1, 50000) AS n GROUP BY 1;
	INSERT INTO visitor
	SELECT 10000 + n % 20000, shopanalytics.funnel_agg(CASE abs(hashint4extended(n, 1)) % 40 WHEN 0 THEN '-infinity' WHEN 1 THEN 'infinity' ELSE to_timestamp(hashint4extended(n, 2) / 1e10) END,
	                                             hashint4extended(n, 3) % 3 = 0, hashint4extended(n, 4) % 5 = 0)
	  FROM generate_series(1, 90000) AS n GROUP BY 1;
	INSERT INTO visitor VALUES (1000, 'v1/2 -infinity:1 infinity:1,2x33'), (1001, 'v1/0'), (1002, NULL)});
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'dump');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), $dump ], 'restore');

my $query = q{SELECT id, f, shopanalytics.funnel_send(f), shopanalytics.funnel_level(f, '1 h') FROM visitor ORDER BY id};
is($node->safe_psql('restored', $query), $node->safe_psql('postgres', $query), 'all funnels are equal');
is($node->safe_psql('restored', 'SELECT count(*) FROM visitor'), '21003', 'and there are some');

$node->stop;
done_testing();
