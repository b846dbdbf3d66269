# Jobs where it matters: run by pg_cron and by the lines that the documentation gives to
# copy, cancelled, killed with their session and with the server, dumped and restored.
# A27
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use IPC::Run;
use Test::More;

my $doc = slurp_file('doc/reference/schedule.md');

sub node
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(allows_streaming => 1);
	$node->append_conf('postgresql.conf', join "\n", "timezone = 'UTC'", @settings);
	$node->start;
	return $node;
}

# A job of SQL that counts its runs.
my $counting = q{
	CREATE EXTENSION shopanalytics;
	CREATE TABLE ran (n integer GENERATED ALWAYS AS IDENTITY, at timestamptz DEFAULT clock_timestamp());
	SELECT shopanalytics.job_add('*', 'counting', '1 second', 'sql', '{"query": "INSERT INTO public.ran DEFAULT VALUES"}')};

my $main = node('main', 'restart_after_crash = on');
$main->safe_psql('postgres', $counting);

# pg_cron first, which takes up to a minute: by its background workers, and by connections.
my %cron;
if ($main->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron'}) eq '1')
{
	my @common = ("shared_preload_libraries = 'pg_cron'", "cron.database_name = 'postgres'");
	%cron = (
		'background workers' => node('workers', @common, 'cron.use_background_workers = on'),
		'connections' => node('connections', @common, "cron.host = '" . $main->host . "'"));
	foreach my $how (sort keys %cron)
	{
		my $node = $cron{$how};
		my ($status, undef, $error) = $node->psql('postgres', "$counting; SELECT shopanalytics.schedule_with_pg_cron()");
		like($error, qr/pg_cron is not there in database "postgres"\nHINT:  .* CREATE EXTENSION pg_cron/, "$how: the extension is missing, and said to be");
		$node->safe_psql('postgres', 'CREATE EXTENSION pg_cron');
		my $number = $node->safe_psql('postgres', q{SELECT shopanalytics.schedule_with_pg_cron('0 0 1 1 *')});
		is($node->safe_psql('postgres', 'SELECT shopanalytics.schedule_with_pg_cron()'), $number, "$how: scheduled again is scheduled once");
		is($node->safe_psql('postgres', 'SELECT schedule, command, username = current_user FROM cron.job'), '* * * * *|CALL shopanalytics.tick()|t', "$how: what pg_cron has to do");
	}
}

# From another database the hint names the one to go to.
sub hint
{
	my ($node, $database) = @_;
	my (undef, undef, $error) = $node->psql($database, 'SELECT shopanalytics.schedule_with_pg_cron()');
	return $error;
}
$main->safe_psql('postgres', 'CREATE DATABASE other');
$main->safe_psql('other', 'CREATE EXTENSION shopanalytics');
like(hint($main, 'other'), qr/SELECT|crontab/, 'without pg_cron a hint');

# The lines to copy.
my ($line) = $doc =~ /^```crontab\n\* \* \* \* \* (.*)\n```$/m;
my ($service) = $doc =~ /^ExecStart=(.*)$/m;
my ($dag) = $doc =~ /^```python\n(.*?)^```$/ms;
ok($line && $service && $dag, 'a crontab line, a service and a DAG');
$line =~ s/PGDATABASE=shop/PGDATABASE=postgres/ or die "no database in $line";
$service =~ s{^/usr/bin/}{} or die "no path in $service";

# Runs a line of shell as cron would, with no more than where the server is.
sub run_line
{
	my ($command) = @_;
	my ($out, $error) = ('', '');
	local $ENV{PGHOST} = $main->host;
	local $ENV{PGPORT} = $main->port;
	my $ok = IPC::Run::run([ '/bin/sh', '-c', $command ], '<', \undef, '>', \$out, '2>', \$error);
	return ($ok ? 0 : 1, $out, $error);
}

my $runs = 'SELECT count(*) FROM ran';
foreach my $what ([ 'crontab', $line ], [ 'systemd', "PGDATABASE=postgres $service" ])
{
	my $before = $main->safe_psql('postgres', $runs);
	$main->poll_query_until('postgres', 'SELECT handled_until < clock_timestamp() - interval $$1 s$$ FROM shopanalytics.job');
	is_deeply([ run_line($what->[1]) ], [ 0, '', '' ], "$what->[0]: nothing is said");
	is($main->safe_psql('postgres', $runs), $before + 1, "$what->[0]: the job has run");
}
$main->safe_psql('postgres', q{SELECT shopanalytics.job_alter('*', 'counting', enabled => false);
	SELECT shopanalytics.job_add('*', 'fails', '1 second', 'sql', '{"query": "SELECT 1 / 0"}'); SELECT pg_sleep(1.1)});
my ($status, $out, $error) = run_line($line);
is("$status$out$error", "0WARNING:  job \"fails\" of tenant \"*\" failed: division by zero\n", 'crontab: a job that fails is reported');
$main->safe_psql('postgres', q{SELECT shopanalytics.job_remove('*', 'fails')});

my ($call) = $dag =~ /sql="(CALL [^"]*)"/;
$call =~ s/%\(store\)s/'*'/;
$call =~ s/%\(job\)s/'counting'/;
my $before = $main->safe_psql('postgres', $runs);
is(($main->psql('postgres', $call))[0], 0, 'Airflow: what the task calls');
is($main->safe_psql('postgres', $runs), $before + 1, 'Airflow: the job has run, although it is not enabled');
SKIP:
{
	skip 'no python3', 1 if !IPC::Run::run([ '/bin/sh', '-c', 'command -v python3' ], '>', \my $python);
	ok(IPC::Run::run([ 'python3', '-c', 'import ast, sys; ast.parse(sys.stdin.read())' ], '<', \$dag), 'Airflow: the DAG is Python');
}

# A job that has changed something and is in the middle of its work; returns its process.
sub begin_slow
{
	my ($session) = @_;
	$main->safe_psql('postgres', q{UPDATE shopanalytics.job SET handled_until = clock_timestamp() - interval '10 s' WHERE name <> 'counting'});
	$session->{run} = IPC::Run::start([ 'psql', '-X', '-q', '-d', $main->connstr('postgres'), '-c', 'CALL shopanalytics.tick()' ], '<', \undef, '>', \$session->{out}, '2>', \$session->{error});
	$main->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')}) or die 'the job does not start';
	return $main->safe_psql('postgres', q{SELECT pid FROM shopanalytics.job_run WHERE state = 'running'});
}
$main->safe_psql('postgres', q{
	CREATE TABLE half (n integer);
	SELECT shopanalytics.job_add('*', 'a slow', '1 second', 'sql', '{"query": "INSERT INTO public.half VALUES (1); SELECT pg_sleep(600)"}'),
	       shopanalytics.job_add('*', 'b next', '1 second', 'sql', '{"query": "SELECT 1"}')});
my $last = q{SELECT job, state, code, finished IS NOT NULL FROM shopanalytics.job_run WHERE job <> 'counting' ORDER BY id DESC LIMIT 1};
my %session;

my $pid = begin_slow(\%session);
$main->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
$session{run}->finish;
like($session{error}, qr/the job was cancelled, and the tick with it/, 'cancelled: said');
is($main->safe_psql('postgres', $last), 'a slow|failed|57014|t', 'cancelled: noted, and no other is begun');

begin_slow(\%session);
is($main->safe_psql('postgres', q{SELECT last_state, is_overdue FROM shopanalytics.job_status WHERE name = 'a slow'}), 'running|f', 'running: shown');
$main->safe_psql('postgres', q{SELECT pg_terminate_backend(pid, 10000) FROM shopanalytics.job_run WHERE state = 'running'});
$session{run}->finish;
is($main->safe_psql('postgres', q{SELECT last_state, problem LIKE '%session%' OR problem LIKE 'overdue%' FROM shopanalytics.job_status WHERE name = 'a slow'}), 'lost|t', 'terminated: shown as lost');

$pid = begin_slow(\%session);
kill 'KILL', $pid;
$session{run}->finish;
foreach my $try (1 .. 1800)
{
	last if IPC::Run::run([ 'pg_isready', '-q', '-d', $main->connstr('postgres') ]);
	select undef, undef, undef, 0.1;
}
is($main->safe_psql('postgres', $last), 'a slow|running||f', 'killed: noted as running');
is($main->safe_psql('postgres', q{SELECT last_state FROM shopanalytics.job_status WHERE name = 'a slow'}), 'lost', 'killed: shown as lost');

begin_slow(\%session);
is($main->safe_psql('postgres', q{SELECT string_agg(state, ' ' ORDER BY id) FROM shopanalytics.job_run WHERE job = 'a slow'}), 'failed lost lost running', 'killed: the next run notes it');
$main->stop('immediate');
$session{run}->finish;
$main->start;
is($main->safe_psql('postgres', 'SELECT count(*) FROM half'), '0', 'nothing is half done');
$main->safe_psql('postgres', q{SELECT shopanalytics.job_alter('*', 'a slow', args => '{"query": "INSERT INTO public.half VALUES (1)"}'); SELECT pg_sleep(1.1); CALL shopanalytics.tick()});
is($main->safe_psql('postgres', q{SELECT string_agg(state, ' ' ORDER BY id) FROM shopanalytics.job_run WHERE job = 'a slow'}), 'failed lost lost lost done', 'after a stop of the server it goes on');
is($main->safe_psql('postgres', q{SELECT last_state FROM shopanalytics.job_status WHERE name = 'b next'}), 'done', 'and so do the others');
is($main->safe_psql('postgres', 'SELECT count(*) FROM half'), '1', 'once');

# 4.M dump, restore: every job and run, and the next number
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
my %rows = map { $_ => $main->safe_psql('postgres', "SELECT t::text FROM shopanalytics.$_ t ORDER BY 1") } 'job', 'job_run';
$main->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $main->connstr('postgres') ], 'dump');
$main->safe_psql('postgres', 'CREATE DATABASE restored');
$main->command_ok([ 'pg_restore', '--exit-on-error', '-d', $main->connstr('restored'), $dump ], 'restore');
is($main->safe_psql('restored', "SELECT t::text FROM shopanalytics.$_ t ORDER BY 1"), $rows{$_}, "restored: $_ is equal row by row") foreach sort keys %rows;
is($main->safe_psql('restored', q{CALL shopanalytics.run_job('*', 'b next');
	SELECT count(*), max(id) = (SELECT last_value FROM shopanalytics.job_run_id_seq) FROM shopanalytics.job_run}), (1 + split /\n/, $rows{job_run}) . '|t', 'restored: the next run has the next number');

# On a standby there is nothing to run.
$main->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($main, 'copy', has_streaming => 1);
$standby->start;
is(($standby->psql('postgres', 'CALL shopanalytics.tick()'))[0], 0, 'a standby says nothing');
$standby->stop;
$main->stop;

# By now pg_cron may have called.
SKIP:
{
	skip 'pg_cron is not installed', 1 if !%cron;
	foreach my $how (sort keys %cron)
	{
		my $node = $cron{$how};
		ok($node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM shopanalytics.job_run WHERE state = 'done'}), "pg_cron, $how: the job has run");
		cmp_ok($node->safe_psql('postgres', $runs), '>', 0, "pg_cron, $how: and done its work");
		is($node->safe_psql('postgres', q{SELECT last_state, problem FROM shopanalytics.job_status}), 'done|', "pg_cron, $how: status");
		$node->poll_query_until('postgres', q{SELECT status = 'succeeded' FROM cron.job_run_details ORDER BY runid DESC LIMIT 1});
		is($node->safe_psql('postgres', 'SELECT DISTINCT status FROM cron.job_run_details'), 'succeeded', "pg_cron, $how: what pg_cron says of it");

		$node->safe_psql('postgres', q{CREATE DATABASE other});
		$node->safe_psql('other', 'CREATE EXTENSION shopanalytics');
		like(hint($node, 'other'), qr/pg_cron works from database postgres.  Connect to that and: SELECT cron.schedule_in_database\(.*'other'\);/, "pg_cron, $how: from another database");
		my ($statement) = hint($node, 'other') =~ /(SELECT cron.schedule_in_database.*;)/;
		is(($node->psql('postgres', $statement))[0], 0, "pg_cron, $how: and that works");

		is($node->safe_psql('postgres', 'SELECT shopanalytics.unschedule_with_pg_cron(), shopanalytics.unschedule_with_pg_cron()'), 't|f', "pg_cron, $how: no longer, and not twice");
		is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job WHERE database = $$postgres$$'), '0', "pg_cron, $how: nothing is left");
		$node->stop;
	}
}

done_testing();
