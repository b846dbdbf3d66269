# shopctl check: exit status, what it prints, the anomalies in CSV; and NOTIFY.  -- A29
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('check');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
delete $ENV{PGAPPNAME};

my $folder = PostgreSQL::Test::Utils::tempdir;
chdir $folder or die $!;

# Exit code, standard output and standard error.
sub check
{
	my @arguments = @_;
	my ($stdout, $stderr) = ('', '');
	IPC::Run::run [ 'shopctl', 'check', @arguments ], '<', \undef, '>', \$stdout, '2>', \$stderr;
	return ($? >> 8, $stdout, $stderr);
}

sub usage_error_ok
{
	my ($arguments, $message, $name) = @_;
	my ($exit, $stdout, $stderr) = check(@$arguments);
	is($exit, 2, "$name: exit code");
	like($stderr, $message, "$name: message");
	return;
}

my ($exit, $stdout, $stderr) = check('--help');
is($exit, 0, 'help');
is_deeply([ grep { length($_) > 95 } split /\n/, $stdout ], [], 'lines fit a terminal');
like($stdout, qr/^  $_  \w/m, "help explains exit status $_") foreach (0, 1, 2, 5);
($exit, $stdout) = check('--version');
like($stdout, qr/^shopctl \(shopanalytics\) \d/, 'version');
usage_error_ok([], qr/no store given/, 'no store');
usage_error_ok([ '-s', 'demo', 'more' ], qr/too many arguments.*"more"/, 'argument too many');
usage_error_ok([ '-s', 'demo', '--max-keys=many' ], qr/0 to 100000, not "many"/, 'keys that are no number');
usage_error_ok([ '-s', 'demo', '--max-keys=100001' ], qr/0 to 100000/, 'too many keys');
usage_error_ok([ '-s', 'demo', '--nonsense' ], qr/hint: Try "shopctl check --help"/, 'unknown option');

($exit, $stdout, $stderr) = check('-s', 'demo');
is($exit, 1, 'no extension: exit code');
like($stderr, qr/could not run the checks: schema "shopanalytics" does not exist/, 'no extension');

# The demo store fails as it should, and names its anomalies.
$node->safe_psql('postgres', q{
	CREATE EXTENSION shopanalytics;
	CREATE ROLE steward LOGIN;
	CALL shopanalytics.create_store('demo');
	CALL shopanalytics.generate_shop('demo', seed => 42, customers => 300, orders => 1500, sessions => 1000);
	GRANT USAGE ON SCHEMA demo TO steward;
	GRANT SELECT ON ALL TABLES IN SCHEMA demo TO steward;
	SELECT shopanalytics.grant_duty('steward', 'dq_admin', 'demo')});
($exit, $stdout, $stderr) = check('-s', 'demo', '-U', 'steward');
is($exit, 1, 'no checks: exit code');
like($stderr, qr/tenant "demo" has no checks to run\n.*hint: .*dq_store_checks/s, 'no checks');
cmp_ok($node->safe_psql('postgres', q{SELECT shopanalytics.dq_store_checks('demo')}, extra_params => [ '-U', 'steward' ]), '>', 30, 'one call defines the standard checks');

($exit, $stdout, $stderr) = check('-s', 'demo', '-U', 'steward', '--csv', 'anomalies.csv');
is($exit, 5, 'a store with anomalies: exit code');
is($stderr, '', 'nothing on standard error');
like($stdout, qr/^fail      orders\.negative_total +\d+ of 1500 failed, expected at most 0 rows fail$/m, 'the check that failed');
like($stdout, qr/^pass      orders\.rows +1500, expected \[1,\)$/m, 'one that passed');
like($stdout, qr/^33 checks: 23 ok, 6 warnings, 4 failures; run 1$/m, 'summary');
my $csv = slurp_file('anomalies.csv');
my @lines = split /\n/, $csv;
is($lines[0], 'store,check,target,status,key', 'header of the anomalies');
is(scalar(grep { /^demo,orders\.negative_total,demo\.orders,fail,"\{""row_id"": \d+, ""order_id"": ""[^"]+""\}"$/ } @lines),
	$node->safe_psql('postgres', 'SELECT count(*) FROM demo.orders WHERE order_total < 0'), 'a line for each negative total');
is(scalar(@lines) - 1, $node->safe_psql('postgres', 'SELECT count(*) FROM shopanalytics.dq_failure'), 'as many lines as keys');

# One by one, quietly, strictly, capped, into a directory, to the standard output.
($exit, $stdout) = check('-s', 'demo', '-U', 'steward', '-c', 'orders.rows', '--check=sessions.rows');
is($exit, 0, 'checks that pass: exit code');
like($stdout, qr/^2 checks: 2 ok, 0 warnings, 0 failures; run 2$/m, 'two checks');
($exit, $stdout) = check('-s', 'demo', '-U', 'steward', '-q', '-c', 'sessions.zero_duration');
is("$exit$stdout", '0', 'a warning is no failure');
($exit, $stdout) = check('-s', 'demo', '-U', 'steward', '-q', '--strict', '-c', 'sessions.zero_duration');
is("$exit$stdout", '5', 'strictly it is');
mkdir 'by_check';
$node->safe_psql('postgres', q{SELECT shopanalytics.dq_check_add('demo', '../a "check", odd', 'demo.orders', 'custom', '{"query": "SELECT E''a,\"b\"\nc'' AS k"}')}, extra_params => [ '-U', 'steward' ]);
($exit, $stdout) = check('-s', 'demo', '-U', 'steward', '-q', '--csv', 'by_check', '--max-keys=2', '-c', 'orders.rows', '-c', 'orders.negative_total', '-c', '../a "check", odd');
is($exit, 5, 'directory: exit code');
is_deeply([ sort map { s/\.\d+\.csv/.N.csv/r } glob 'by_check/*' ],
	[ 'by_check/_._a__check___odd.N.csv', 'by_check/orders.negative_total.csv', 'by_check/orders.rows.csv' ], 'a file for each check');
is(scalar(split /\n/, slurp_file('by_check/orders.negative_total.csv')), 3, 'two keys');
is(slurp_file('by_check/orders.rows.csv'), "store,check,target,status,key\n", 'none');
like(slurp_file((glob 'by_check/_*')[0]), qr/^demo,"\.\.\/a ""check"", odd",demo\.orders,fail,"\{""k"": ""a,\\""b\\""\\nc""\}"$/m, 'a name and a key that have to be quoted');
($exit, $stdout, $stderr) = check('-s', 'demo', '-U', 'steward', '--csv', '-', '-c', 'orders.future_date');
like($stdout, qr/\Astore,check,target,status,key\ndemo,orders\.future_date,/, 'CSV on the standard output');
like($stderr, qr/^1 checks: 0 ok/m, 'and the results beside it');

# Faults: what was found is kept.
($exit, $stdout, $stderr) = check('-s', 'demo', '-U', 'steward', '-q', '--csv', 'no/such/file', '-c', 'orders.rows');
is($exit, 1, 'a file that cannot be written: exit code');
like($stderr, qr/could not write "no\/such\/file"/, 'a file that cannot be written');
is($node->safe_psql('postgres', 'SELECT count(*) FROM shopanalytics.dq_run'), 7, 'the results are kept');
($exit, $stdout, $stderr) = check('-s', 'demo', '-U', 'steward', '-c', 'nothing');
is($exit, 1, 'no such check: exit code');
like($stderr, qr/tenant "demo" has no check 'nothing'/, 'no such check');
$node->safe_psql('postgres', 'CREATE ROLE stranger LOGIN');
($exit, $stdout, $stderr) = check('-s', 'demo', '-U', 'stranger');
is($exit, 1, 'without the duty: exit code');
like($stderr, qr/does not have the duty "dq_admin"/, 'without the duty');

# NOTIFY tells the number of the alert, once.
my $notified = $node->safe_psql('postgres', q{
	LISTEN shopanalytics_alert;
	SELECT count(*) FROM shopanalytics.dq_run('demo', '{orders.negative_total}', as_of => now() + interval '2 days');
	SELECT count(*) FROM shopanalytics.dq_run('demo', '{orders.negative_total}', as_of => now() + interval '2 days 1 hour');
}, extra_params => [ '-U', 'steward' ]);
my @told = $notified =~ /notification "shopanalytics_alert" with payload "(\d+)"/g;
is_deeply(\@told, [ $node->safe_psql('postgres', q{SELECT id FROM shopanalytics.dq_alert WHERE check_name = 'orders.negative_total'}) ], 'one notification, of the number alone');

# 4.M: everything about quality is in a dump, and numbers go on.
my $dump = PostgreSQL::Test::Utils::tempdir();
my @tables = qw(dq_check dq_calendar dq_run dq_result dq_failure dq_metric dq_alert qa_snapshot qa_metric);
$node->safe_psql('postgres', q{SELECT shopanalytics.dq_calendar_set('demo', 'sundays', weekdays => '{7}'), shopanalytics.qa_take('demo')}, extra_params => [ '-U', 'steward' ]);
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump/custom", $node->connstr('postgres') ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), "$dump/custom" ], 'restore');
foreach my $table (@tables)
{
	my $rows = "SELECT t::text FROM shopanalytics.$table t ORDER BY 1";
	isnt($node->safe_psql('postgres', $rows), '', "$table has rows");
	is($node->safe_psql('restored', $rows), $node->safe_psql('postgres', $rows), "$table: equal row by row");
}
$ENV{PGDATABASE} = 'restored';
($exit, $stdout, $stderr) = check('-s', 'demo', '-U', 'steward');
is($exit, 5, 'the checks run where they were restored');
like($stdout, qr/run 10$/m, 'under the next number');
is($node->safe_psql('restored', q{SELECT shopanalytics.qa_take('demo', 'after')}, extra_params => [ '-U', 'steward' ]), 2, 'so does the next snapshot');
is($node->safe_psql('restored', q{SELECT string_agg(DISTINCT verdict, ' ' ORDER BY verdict) FROM shopanalytics.qa_report('demo')}, extra_params => [ '-U', 'steward' ]),
	'clean ok same', 'which finds nothing changed');

$node->stop;
done_testing();
