# A request that is applied in batches, and the server or the backend is killed at any
# moment of it, 50 times: after each the same call goes on, and in the end the rows and
# each item are as in a run that nobody interrupted.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $kills = 50;
my $kills_in_round = 10;
my $batch = 200;
srand(20240229);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nfsync = off\nclient_min_messages = warning\nmax_wal_size = 1GB");
$node->start;

# Two tenants with the same rows and the same request; one of them is left in peace.
$node->safe_psql('postgres', q{
	CREATE EXTENSION shopanalytics;
	CREATE ROLE approver LOGIN;
	CREATE ROLE second LOGIN;
});
my %request;
foreach my $tenant ('peace', 'strife')
{
	$request{$tenant} = $node->safe_psql('postgres', qq{
		SET client_min_messages = error;
		CREATE SCHEMA $tenant;
		SELECT count(shopanalytics.grant_duty(current_user::regrole, d, '$tenant')) FROM unnest('{propose,apply,rollback}'::text[]) d \\g /dev/null
		SELECT shopanalytics.grant_duty('approver', 'approve', '$tenant'), shopanalytics.grant_duty('second', 'approve', '$tenant'),
		       shopanalytics.set_policy('$tenant', auto_approve => true) \\g /dev/null
		CREATE TABLE $tenant.item (id integer PRIMARY KEY, n integer, note text DEFAULT 'none', CONSTRAINT small CHECK (n < 100000));
		INSERT INTO $tenant.item SELECT i, i, 'row ' || i FROM generate_series(1, 8000) i;
		SELECT shopanalytics.cr_open('$tenant', '$tenant.item', 'manual', 'Much') AS request \\gset
		SELECT shopanalytics.cr_add_query(:request, \$\$
		    SELECT CASE WHEN id % 10 = 7 THEN 'D' ELSE 'U' END AS op, jsonb_build_object('id', id) AS key,
		           CASE WHEN id % 10 <> 7 THEN jsonb_build_object('n', CASE WHEN id % 1009 = 0 THEN 99999 ELSE n + 1 END) END AS after
		      FROM $tenant.item WHERE id % 10 <> 9
		    UNION ALL SELECT 'I', jsonb_build_object('id', i), jsonb_build_object('n', i) FROM generate_series(20001, 20800) i\$\$) \\g /dev/null
		SELECT shopanalytics.cr_submit(:request) AS hash \\gset
		SET SESSION AUTHORIZATION approver;
		SELECT * FROM shopanalytics.cr_approve(:request, :'hash') \\g /dev/null
		SET SESSION AUTHORIZATION second;
		SELECT * FROM shopanalytics.cr_approve(:request, :'hash') \\g /dev/null
		RESET SESSION AUTHORIZATION;
		-- then there are edits; and what was 99999 breaks a rule by now
		UPDATE $tenant.item SET n = -1 WHERE id % 100 = 4;
		UPDATE $tenant.item SET n = n + 1 WHERE id % 100 = 5;
		UPDATE $tenant.item SET note = 'edited' WHERE id % 100 = 17;
		DELETE FROM $tenant.item WHERE id % 100 = 6;
		INSERT INTO $tenant.item SELECT i, i % 2 + i FROM generate_series(20001, 20800, 101) i;
		ALTER TABLE $tenant.item DROP CONSTRAINT small, ADD CONSTRAINT small CHECK (n < 99999);
		VACUUM ANALYZE $tenant.item;
		SELECT shopanalytics.audit_enable('$tenant.item') \\g /dev/null
		SELECT :request;
	});
}

# All of a tenant that a run decides.
sub contents
{
	my ($tenant) = @_;
	return $node->safe_psql('postgres', qq{
		SELECT t::text FROM $tenant.item t ORDER BY id;
		SELECT dense_rank() OVER (ORDER BY r.id), r.kind, r.state, r.outcome, i.seq, i.op, i.key, i.status, i.current, i.error, i.applied_at IS NOT NULL
		  FROM shopanalytics.change_request r JOIN shopanalytics.change_item i ON i.request = r.id WHERE r.tenant = '$tenant' ORDER BY r.id, i.seq});
}

# The result of a query, asked again until the server is back: when it notices that a
# backend was killed it ends all others.
sub query
{
	my ($query) = @_;
	foreach (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		my ($out, $error) = ('', '');
		if (IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $query ], '<', \undef, '>', \$out, '2>', \$error))
		{
			chomp $out;
			return $out;
		}
		sleep 0.1;
	}
	die 'the server does not come back';
}

sub statement { return "CALL shopanalytics.cr_apply($_[0], 'batched', $batch, 'skip')" }

my ($killed_backends, $stopped_servers, $began_anew) = (0, 0, 0);
my $round = 0;
while ($killed_backends + $stopped_servers < $kills)
{
	my $start = time;
	$node->safe_psql('postgres', statement($request{peace}));
	my $duration = time - $start;
	my ($done_before, $calls) = (0, 0);
	my $until = $killed_backends + $stopped_servers + $kills_in_round;

	while (query("SELECT state FROM shopanalytics.change_request WHERE id = $request{strife}") ne 'applied')
	{
		$calls++;
		my $output = '';
		my $applier = IPC::Run::start([ 'psql', '-X', '-d', $node->connstr('postgres') . ' application_name=applier', '-c', statement($request{strife}) ],
			'<', \undef, '>&', \$output);

		if ($killed_backends + $stopped_servers < $until)
		{
			my $pid = '';
			while ($pid eq '' && $applier->pumpable)
			{
				$pid = query(q{SELECT pid FROM pg_stat_activity WHERE application_name = 'applier'});
				$applier->pump_nb;
			}
			# Each call does some of it, now more and now less.
			sleep(rand($duration / 4));
			if (rand() < 0.5)
			{
				$killed_backends++ if $pid ne '' && kill 'KILL', $pid;
			}
			else
			{
				$node->stop('immediate');
				$node->start;
				$stopped_servers++;
			}
		}
		$applier->finish;

		# what was done stays done
		my $done = query("SELECT count(*) FROM shopanalytics.change_item WHERE request = $request{strife} AND status IN ('applied', 'already')");
		$began_anew++ if $done < $done_before;
		$done_before = $done;
		die "it does not end: $output" if $calls > 5 * $kills_in_round;
	}

	my ($peace, $strife) = map { contents($_) } 'peace', 'strife';
	ok($peace eq $strife, "round $round: the same rows and items after $calls calls");
	# Its opposite comes next, and the opposite of that; and in between somebody edits.
	$node->safe_psql('postgres', "UPDATE $_.item SET n = n + 7 WHERE id % 97 = $round") foreach 'peace', 'strife';
	$request{$_} = $node->safe_psql('postgres', "SELECT shopanalytics.cr_rollback_open($request{$_})") foreach 'peace', 'strife';
	$round++;
}
# audit and data agree: each item that was applied is one row of the audit, with its request
is($node->safe_psql('postgres', q{
	SELECT count(*) > 10000, count(*) FILTER (WHERE i.seq IS NULL), count(*) FILTER (WHERE a.id IS NULL)
	  FROM (SELECT r.id, s.request, r.op, r.key FROM shopanalytics.audit_row r JOIN shopanalytics.audit_stmt s ON s.id = r.stmt WHERE s.request IS NOT NULL) a
	  FULL JOIN (SELECT * FROM shopanalytics.change_item WHERE status IN ('applied', 'rolled_back', 'rollback_conflict')) i
	    ON i.request = a.request AND i.op = a.op::text AND i.key = a.key}), 't|0|0', 'the audit has each applied item once');
cmp_ok($killed_backends + $stopped_servers, '>=', $kills, "$killed_backends backends killed, the server stopped $stopped_servers times");
cmp_ok($killed_backends, '>', 10, 'of backends enough');
cmp_ok($stopped_servers, '>', 10, 'and of servers');
is($began_anew, 0, 'nothing was done twice');
like(contents('strife'), qr/\|$_\|/, "there were items: $_") foreach qw(conflict missing error rolled_back rollback_conflict);
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND classid = 'shopanalytics.change_request'::regclass}), '0', 'no lock is left');

$node->stop;
done_testing();
