# The funnels that ClickHouse publishes with its tests, against window_funnel and,
# where both mean the same, funnel_level.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use File::Spec;
use Test::More;

my $shared = File::Spec->rel2abs($ENV{SHOPANALYTICS_SHARED} // '../shared');
my $folder = "$shared/data/funnel";
plan skip_all => "no $folder" unless -r "$folder/funnel_events.tsv" && -r "$folder/funnel_expected.tsv";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;
$node->safe_psql('postgres', qq{
	CREATE EXTENSION shopanalytics;
	CREATE TABLE event ("case" text, user_id integer, ts text, event text);
	CREATE TABLE expected ("case" text, user_id integer, seconds bigint, mode text, steps text, level integer);
	\\copy event FROM '$folder/funnel_events.tsv' (FORMAT csv, DELIMITER E'\\t', HEADER)
	\\copy expected FROM '$folder/funnel_expected.tsv' (FORMAT csv, DELIMITER E'\\t', HEADER)
});

# Large numbers are taken for microseconds, so is their window.
my $query = q{
	SELECT x."case", user_id, seconds, mode, x.steps, level,
	       (SELECT %s
	          FROM (SELECT CASE WHEN ts LIKE '%%:%%' THEN ts::timestamptz ELSE '2000-01-01 00:00+00'::timestamptz + ts::bigint * unit END AS ts,
	                       ARRAY(SELECT event = step FROM string_to_table(x.steps, '>') AS step) AS steps
	                  FROM event AS e WHERE e."case" = x."case" AND e.user_id = x.user_id) AS e) AS found
	  FROM expected AS x, LATERAL (SELECT CASE "case" WHEN 'u64' THEN interval '1 us' ELSE '1 s' END AS unit) AS u
	 WHERE %s};

my $window_funnel = sprintf $query, q{shopanalytics.window_funnel(seconds * unit, replace(mode, '+', ','), ts, VARIADIC steps)}, 'true';
my $funnel_level = sprintf $query, q{shopanalytics.funnel_level(shopanalytics.funnel_agg(ts, VARIADIC steps), seconds * unit, CASE mode WHEN 'strict_increase' THEN mode WHEN 'strict_once' THEN 'ordered' ELSE 'reuse' END)},
  q{mode IN ('default', 'strict_once', 'strict_increase')};
foreach my $test ([ 'window_funnel', $window_funnel, 41 ], [ 'funnel_level', $funnel_level, 26 ])
{
	my ($name, $sql, $least) = @$test;

	cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM ($sql) AS x"), '>=', $least, "$name: cases");
	is($node->safe_psql('postgres', "SELECT * FROM ($sql) AS x WHERE found IS DISTINCT FROM level"), '', "$name: all as published");
}

$node->stop;
done_testing();
