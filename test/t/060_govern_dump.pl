# Governance survives dump and restore: every row, and the numbers and rights that
# come after; and with real logins, as many sessions as there are.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;
my $dump = PostgreSQL::Test::Utils::tempdir();
my @tables = qw(duty event policy trusted_broker);

# Runs a query as who logs in by that name; the result, or the first line of the error.
sub as
{
	my ($login, $database, $query, %options) = @_;
	local $ENV{PGOPTIONS} = $options{options} // '';

	my ($status, $out, $error) = $node->psql($database, $query, extra_params => [ '-U', $login ]);
	return $status == 0 ? $out : $error =~ s/^psql:[^ ]* //r =~ s/\n.*//sr;
}

$node->safe_psql('postgres', q{
	CREATE ROLE steward LOGIN;
	CREATE ROLE approvers;
	CREATE ROLE "Ann Approver" LOGIN IN ROLE approvers;
	CREATE ROLE pooler LOGIN;
	CREATE ROLE chief LOGIN;
	CREATE ROLE leaver LOGIN;
	CREATE DATABASE shops});
$node->safe_psql('shops', q{
	CREATE EXTENSION shopanalytics;
	CALL shopanalytics.create_store('demo');
	SELECT shopanalytics.grant_duty('chief', 'admin')});
is(as('chief', 'shops', q{
	SELECT shopanalytics.grant_duty('steward', 'propose', 'demo'), shopanalytics.grant_duty('approvers', 'approve', 'demo', 'demo.orders'),
	       shopanalytics.grant_duty('leaver', 'erase', 'demo'), shopanalytics.trust_broker('pooler'),
	       shopanalytics.set_policy('demo', 'demo.orders', 2, 1000, 0.125, '36 hours', true)}), 't|t|t|t|t', 'an administrator who is no superuser');

my $who = 'SELECT login, role, actor, person FROM shopanalytics.whoami()';
is(as('pooler', 'shops', "SET ROLE pooler; BEGIN; SET LOCAL shopanalytics.actor = 'eve'; $who"), 'pooler|pooler|eve|eve', 'a broker is whom it names');
is(as('pooler', 'shops', $who, options => '-c shopanalytics.actor=eve'), 'pooler|pooler|eve|eve', 'set with the connection');
is(as('steward', 'shops', $who, options => '-c shopanalytics.actor=eve'), 'steward|steward|eve|steward', 'another login is itself');
is(as('pooler', 'shops', $who, options => '-c shopanalytics.actor=' . "e\x01ve"), 'pooler|pooler||', 'a control character makes no name');
is(as('pooler', 'shops', $who, options => "-c shopanalytics.actor=\xff"), 'ERROR:  invalid byte sequence for encoding "UTF8": 0xff', 'nor do bytes that are no text');

# All rows, without numbers of objects.
sub contents
{
	my ($database) = @_;
	return { map { $_ => $node->safe_psql($database, "SELECT t::text FROM shopanalytics.$_ t ORDER BY 1") } @tables };
}

my $before = contents('shops');
is(scalar(grep { $_ eq '' } values %$before), 0, 'each table has rows');
is(scalar(split /\n/, $before->{event}), 6, 'and each change an event');

# 4.M dump, restore: custom and plain; a role is gone meanwhile
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump/custom", $node->connstr('shops') ], 'custom dump');
$node->command_ok([ 'pg_dump', '-Fp', '-f', "$dump/plain", $node->connstr('shops') ], 'plain dump');
$node->safe_psql('postgres', 'DROP ROLE leaver');
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach 'from_custom', 'from_plain';
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('from_custom'), "$dump/custom" ], 'custom restore');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump/plain", $node->connstr('from_plain') ], 'plain restore');

foreach my $database ('from_custom', 'from_plain')
{
	is_deeply(contents($database), $before, "$database: equal row by row");

	my $held = q{SELECT shopanalytics.has_duty('propose', 'demo'), shopanalytics.has_duty('approve', 'demo', 'demo.orders'), shopanalytics.has_duty('admin')};
	is(as('steward', $database, $held), 't|f|f', "$database: the duties of a role");
	is(as('Ann Approver', $database, $held), 'f|t|f', "$database: of a member");
	is(as('chief', $database, $held), 'f|f|t', "$database: of the administrator");
	is(as('pooler', $database, $held), 'f|f|f', "$database: of nobody");
	is(as('pooler', $database, $who), 'pooler|pooler||', "$database: the broker is trusted");
	is(as('Ann Approver', $database, q{SELECT * FROM shopanalytics.policy_for('demo', 'demo.orders')}),
		'demo|demo.orders|2|1000|0.125|36:00:00|t|f', "$database: the policy is in force");

	is(as('steward', $database, q{SELECT shopanalytics.grant_duty('steward', 'approve', 'demo')}),
		'ERROR:  login "steward" does not have the duty "admin" for tenant "demo", scope "*"', "$database: checked");
	is(as('steward', $database, 'SELECT count(*) FROM shopanalytics.event'), '0', "$database: row security");
	is(as('steward', $database, q{DELETE FROM shopanalytics.event}), 'ERROR:  permission denied for table event', "$database: rights");
	is(as('chief', $database, q{SELECT shopanalytics.revoke_duty('leaver', 'erase', 'demo')}), 't', "$database: of a role that is gone");
	is(as('chief', $database, 'SELECT max(id), count(*) FROM shopanalytics.event'), '7|7', "$database: the next event has the next number");
	$node->safe_psql($database, q{CALL shopanalytics.drop_store('demo'); DROP EXTENSION shopanalytics});
}

$node->stop;
done_testing();
