# Change requests survive dump and restore: each request, item and approval, and what
# comes next.  What is half done before the dump is finished after it.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'\nclient_min_messages = warning");
$node->start;
my $dump = PostgreSQL::Test::Utils::tempdir();
my @tables = qw(change_request change_item approval event duty policy);

# Runs a query as who logs in by that name; the result, or the first line of the error.
sub as
{
	my ($login, $database, $query) = @_;
	my ($status, $out, $error) = $node->psql($database, $query, extra_params => [ '-U', $login ]);
	return $status == 0 ? $out : $error =~ s/^psql:[^ ]* //r =~ s/\n.*//sr;
}

$node->safe_psql('postgres', 'CREATE ROLE ann LOGIN; CREATE ROLE ben LOGIN; CREATE ROLE tom LOGIN; CREATE ROLE shop_owner; CREATE DATABASE shops');
$node->safe_psql('shops', q{
	CREATE EXTENSION shopanalytics;
	CREATE SCHEMA shop AUTHORIZATION shop_owner;
	GRANT USAGE ON SCHEMA shop TO PUBLIC;
	SELECT shopanalytics.grant_duty('ann', 'propose', 'shop'), shopanalytics.grant_duty('ben', 'approve', 'shop'),
	       shopanalytics.grant_duty('tom', 'apply', 'shop'), shopanalytics.grant_duty('tom', 'rollback', 'shop'), shopanalytics.set_policy('shop', max_rows => 1000);
	SET ROLE shop_owner;
	CREATE TABLE shop.c (id integer PRIMARY KEY, v numeric, doc jsonb, at timestamptz DEFAULT '2024-01-01 00:00Z');
	INSERT INTO shop.c SELECT i, i + 0.50, jsonb_build_object('i', i) FROM generate_series(1, 20) i;
	GRANT SELECT ON shop.c TO ann});

# A request as approved, one of which half is applied, one that is applied and whose
# rollback is approved, and one whose rollback is half applied.
my %request;
foreach my $name ('approved', 'applying', 'rolling', 'rolling_half')
{
	my $first = { approved => 1, applying => 6, rolling => 11, rolling_half => 16 }->{$name};
	$request{$name} = as('ann', 'shops', qq{
		SELECT shopanalytics.cr_open('shop', 'shop.c', 'manual', '$name') AS request \\gset
		SELECT shopanalytics.cr_add_query(:request, 'SELECT jsonb_build_object(''id'', id) AS key, ''{"v": 7.10, "doc": {"json": null}}''::jsonb AS after
		                                               FROM shop.c WHERE id BETWEEN $first AND $first + 4 ORDER BY id') \\g /dev/null
		SELECT shopanalytics.cr_submit(:request) \\g /dev/null
		SELECT :request});
}
sub approve
{
	my ($database, $request) = @_;
	return as('ben', $database, qq{SELECT a.status FROM shopanalytics.change_request r, shopanalytics.cr_approve(r.id, r.content_hash) a WHERE r.id = $request});
}
is(approve('shops', $request{$_}), 'approved', "request $_ is approved") foreach sort keys %request;
is(as('tom', 'shops', "CALL shopanalytics.cr_apply($request{$_})"), '', "request $_ is applied") foreach 'rolling', 'rolling_half';
my %back = map { $_ => as('tom', 'shops', "SELECT shopanalytics.cr_rollback_open($request{$_})") } 'rolling', 'rolling_half';
is(approve('shops', $back{$_}), 'approved', "rollback of $_ is approved") foreach sort keys %back;
# the third item of each stops it
$node->safe_psql('shops', 'UPDATE shop.c SET v = -1 WHERE id IN (8, 18)');
like(as('tom', 'shops', "CALL shopanalytics.cr_apply($request{applying}, 'batched', 1)"), qr/stopped: 2 applied, 1 conflict, 2 pending/, 'half is applied');
like(as('tom', 'shops', "CALL shopanalytics.cr_apply($back{rolling_half}, 'batched', 1)"), qr/stopped: 2 applied, 1 conflict, 2 pending/, 'half is taken back');

# All rows, and the hashes made again.
sub contents
{
	my ($database) = @_;
	my %rows = map { $_ => $node->safe_psql($database, "SELECT t::text FROM shopanalytics.$_ t ORDER BY 1") } @tables;
	$rows{target} = $node->safe_psql($database, 'SELECT * FROM shop.c ORDER BY id');
	$rows{hashes} = $node->safe_psql($database, 'SELECT id, shopanalytics._content_hash(id) = content_hash FROM shopanalytics.change_request ORDER BY id');
	return \%rows;
}
my $before = contents('shops');
unlike($before->{hashes}, qr/\|f/, 'the hashes are right');

# 4.M dump, restore: custom and plain
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump/custom", $node->connstr('shops') ], 'custom dump');
$node->command_ok([ 'pg_dump', '-Fp', '-f', "$dump/plain", $node->connstr('shops') ], 'plain dump');
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach 'from_custom', 'from_plain';
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('from_custom'), "$dump/custom" ], 'custom restore');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump/plain", $node->connstr('from_plain') ], 'plain restore');
is_deeply(contents($_), $before, "$_: equal row by row") foreach 'from_custom', 'from_plain';

# What was begun is finished, in the restored databases as in the first.
my %ends;
foreach my $database ('shops', 'from_custom', 'from_plain')
{
	is(as('tom', $database, "CALL shopanalytics.cr_apply($_)"), '', "$database: request $_") foreach $request{approved}, $back{rolling};
	is(as('tom', $database, "CALL shopanalytics.cr_apply($_, 'batched', 2, 'skip')"), '', "$database: request $_ in batches") foreach $request{applying}, $back{rolling_half};
	is($node->safe_psql($database, "SELECT state, outcome FROM shopanalytics.change_request WHERE id IN ($request{rolling}, $request{rolling_half}) ORDER BY id"),
		"rolled_back|complete\nrolled_back|partial", "$database: taken back");
	is($node->safe_psql($database, 'SELECT id, v FROM shop.c WHERE id > 10 AND id <> 18 AND v <> id + 0.50'), '', "$database: the rows are as before");
	is($node->safe_psql($database, 'SELECT count(*) FROM shop.c WHERE v = 7.10 AND id <= 10'), '9', "$database: or as after");

	# and the next request has the next number
	is(as('ann', $database, q{SELECT shopanalytics.cr_open('shop', 'shop.c', 'manual', 'Next')}), $back{rolling_half} + 1, "$database: the next request");
	$ends{$database} = $node->safe_psql($database, q{
		SELECT request, seq, status, current, error FROM shopanalytics.change_item ORDER BY 1, 2;
		SELECT id, state, outcome FROM shopanalytics.change_request ORDER BY id;
		SELECT * FROM shop.c ORDER BY id});
}
is($ends{$_}, $ends{shops}, "$_: the end is the same") foreach 'from_custom', 'from_plain';

$node->stop;
done_testing();
