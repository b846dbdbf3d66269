# The aggregates over events in plans that cut them up in every way: by partition,
# by worker and by both, with the rows spread evenly or not, against one state for
# all rows of a group.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', qq{
timezone = 'UTC'
max_parallel_workers = 8
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
parallel_leader_participation = off
# a state for each row would be dear
cpu_operator_cost = 1
});
$node->start;

# 6,000 histories of up to 12 rows, with ties, NULL and infinite times
$node->safe_psql('postgres', q{
	CREATE EXTENSION shopanalytics;
	CREATE TABLE plain AS
	SELECT h, n, CASE t WHEN 0 THEN NULL WHEN 1 THEN '-infinity' WHEN 2 THEN 'infinity' ELSE '2024-05-01 00:00+00'::timestamptz + t * interval '1 s' END AS ts,
	       (ARRAY['a', 'b', 'c', 'd', '', NULL])[1 + abs(hashint8extended(h * 16 + n, 2)) % 6] AS node,
	       c & 1 <> 0 AS a, CASE WHEN c < 12 THEN c & 2 <> 0 END AS b, c & 4 <> 0 AS c
	  FROM generate_series(1, 6000) AS h, generate_series(1, 1 + abs(hashint8extended(h, 1)) % 12) AS n,
	       LATERAL (SELECT abs(hashint8extended(h * 16 + n, 3)) % 30 AS t, abs(hashint8extended(h * 16 + n, 4)) % 16 AS c) AS r;
	ALTER TABLE plain ALTER h SET (n_distinct = 100);
	ALTER TABLE plain SET (parallel_workers = 4);
	ANALYZE plain;
});

my $answers = q{
	SELECT h, shopanalytics.funnel_agg(ts, a, b, c)::text AS funnel,
	       shopanalytics.window_funnel('9 s', ts, a, b, c) AS level, shopanalytics.window_funnel_events('9 s', 'strict_once', ts, c, b, a) AS events,
	       shopanalytics.sequence_match(pattern, ts, a, b, c) AS match, shopanalytics.sequence_count(pattern, ts, a, b, c) AS count,
	       shopanalytics.sequence_match_events(pattern, ts, a, b, c) AS times,
	       shopanalytics.sequence_next_node('forward', 'first_match', ts, node, a IS NOT NULL, b, c) AS next,
	       shopanalytics.sequence_next_node('backward', 'tail', ts, node, true, VARIADIC '{}') AS last,
	       shopanalytics.path_agg(ts, node, 1 + h % 5) AS path, shopanalytics.retention(a, b, c, a AND b) AS retention,
	       shopanalytics.session_ranges(ts, (1 + h % 4) * interval '1 s') AS sessions
	  FROM %s, LATERAL (SELECT (ARRAY['(?1)(?2)', '(?1).*(?3)', '(?2)(?t<=4)(?1).', '(?3)(?t>=2)(?t<9)(?3)', '.(?t==3)(?1)'])[1 + h % 5] AS pattern) AS p
	 GROUP BY h};

$node->safe_psql('postgres', 'SET max_parallel_workers_per_gather = 0; CREATE TABLE serial AS ' . sprintf $answers, 'plain');
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT funnel) > 4000, count(*) FILTER (WHERE level = 3) > 250, count(*) FILTER (WHERE match) > 1300, count(next) > 250,
	count(*) FILTER (WHERE cardinality(path) > 3) > 1300 FROM serial}), '6000|t|t|t|t|t', 'histories of every kind');

sub as_serial
{
	my ($name, $table, $plan, @settings) = @_;
	my $set = join ' ', map { "SET $_;" } @settings;
	my $query = sprintf $answers, $table;

	like($node->safe_psql('postgres', "$set EXPLAIN (COSTS OFF) CREATE TABLE parts AS $query"), $plan, "$name: plan");
	is($node->safe_psql('postgres', qq{
		$set
		CREATE TABLE parts AS $query;
		SELECT (SELECT count(*) FROM parts),
		       (SELECT count(*) FROM (TABLE serial EXCEPT TABLE parts) AS d);
		DROP TABLE parts}), '6000|0', "$name: as serial");
	return;
}

as_serial("$_ workers", 'plain', qr/Finalize.*Gather.*Workers Planned: $_.*Partial/s, "max_parallel_workers_per_gather = $_") foreach 2, 3, 4;

# rows in 2 to 7 partitions, at random; the more uneven, the higher the power
foreach my $spread ([ 2, 1 ], [ 5, 1 ], [ 7, 4 ])
{
	my ($parts, $power) = @$spread;
	my $name = "$parts partitions, " . ($power > 1 ? 'uneven' : 'even');

	$node->safe_psql('postgres', join ';',
		'CREATE TABLE cut (part integer, LIKE plain) PARTITION BY LIST (part)',
		(map { "CREATE TABLE cut_$_ PARTITION OF cut FOR VALUES IN ($_); ALTER TABLE cut_$_ SET (parallel_workers = 2); ALTER TABLE cut_$_ ALTER h SET (n_distinct = 100)" } 0 .. $parts - 1),
		'ALTER TABLE cut ALTER h SET (n_distinct_inherited = 100)',
		"INSERT INTO cut SELECT floor($parts * power(abs(hashint8extended(h * 16 + n, $parts)) % 1000 / 1000.0, $power)), * FROM plain ORDER BY hashint8extended(h * 16 + n, 5)",
		'ANALYZE cut');
	# several sorts of some rows are cheaper than one of all
	as_serial($name, 'cut', qr/Finalize.*Append.*(?:Partial.*){$parts}/s, 'enable_partitionwise_aggregate = on', 'enable_hashagg = off', 'max_parallel_workers_per_gather = 0');
	as_serial("$name, workers", 'cut', qr/Finalize.*Gather.*(?:Parallel Append.*Partial|Partial.*Parallel Append)/s, 'enable_partitionwise_aggregate = on') if $power > 1;
	$node->safe_psql('postgres', 'DROP TABLE cut');
}

$node->stop;
done_testing();
