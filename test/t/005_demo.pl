# What  make demo  runs: the shop, the file with bad rows, and the report.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('demo');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE demo');
my @psql = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('demo'));

$node->command_ok([ @psql, '-f', 'doc/demo/generate.sql' ], 'the shop is generated');
is($node->safe_psql('demo', 'SELECT (SELECT count(*) FROM demo.orders), (SELECT count(*) FROM demo.sessions)'),
	'15000|45000', 'as large as it says');

# Of its ten rows a number, a date and two counts of fields are wrong.
command_exit_is(
	[ 'shopctl', 'load', '-d', $node->connstr('demo'), '--store', 'demo', '--table', 'orders', '--timezone', 'Europe/Berlin', 'doc/demo/marketplace.csv' ],
	3, 'the file is loaded, some rows rejected');
is($node->safe_psql('demo', q{SELECT string_agg(order_id, ' ' ORDER BY order_id) FROM demo.orders WHERE order_id LIKE 'M-%'}),
	'M-1001 M-1003 M-1004 M-1006 M-1008 M-1010', 'good rows are loaded');
is($node->safe_psql('demo', q{SELECT string_agg(line::text, ' ' ORDER BY line) FROM demo.load_reject}),
	'3 6 8 10', 'bad rows are kept aside');
is($node->safe_psql('demo', q{SELECT order_id, order_issue FROM demo.orders_clean WHERE order_id LIKE 'M-%' AND order_issue IS NOT NULL ORDER BY 1}),
	"M-1004|negative_total\nM-1006|unknown_customer", 'and the rules look at the good ones');

$node->safe_psql('demo', q{CALL shopanalytics.stage('demo')});
my ($report, $errors) = run_command([ @psql, '-f', 'doc/demo/report.sql' ]);
is($errors, '', 'the report runs');
like($report, qr/^ orders +\| 15006 \| +15006$/m, 'it says what was loaded');
like($report, qr/^ orders +\| negative_total +\| error +\| +\d+ \| +-[\d.]+ \| revenue/m, 'what was found');
like($report, qr/^ 2025-12-31 \| +[\d.]+ \| +\d+ \|/m, 'and the daily figures');

$node->stop;
done_testing();
