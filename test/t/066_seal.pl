# Sealing while eight sessions write and two seal: no fork, no bad root, and everything
# sealed in the end.  Dump and restore: it verifies, in another encoding too, and the chain
# goes on.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'\nmax_connections = 30");
$node->start;
my $dump = PostgreSQL::Test::Utils::tempdir();
my $seconds = 4;

$node->safe_psql('postgres', q{CREATE DATABASE shops});
$node->safe_psql('shops', q{
	CREATE EXTENSION shopanalytics;
	SELECT shopanalytics.audit_partitions();
	CREATE SCHEMA shop;
	CREATE TABLE shop.customers (id integer PRIMARY KEY, name text, segment text, at timestamptz);
	SELECT shopanalytics.audit_enable('shop.customers', pii => '{name}');
	CREATE PROCEDURE shop.write(seed integer, seconds integer) LANGUAGE plpgsql AS $$
	DECLARE
		until timestamptz := clock_timestamp() + make_interval(secs => seconds);
		n integer := 0;
	BEGIN
		PERFORM setseed(seed / 10.0);
		WHILE clock_timestamp() < until LOOP
			n := n + 1;
			INSERT INTO shop.customers SELECT seed * 1000000 + n * 10 + i, 'Ann ' || n, NULL, now() FROM generate_series(1, (random() * 5)::integer) i;
			UPDATE shop.customers SET segment = 's' || n WHERE id BETWEEN seed * 1000000 + (n - 2) * 10 AND seed * 1000000 + n * 10;
			IF random() < 0.1 THEN
				PERFORM shopanalytics._write_event('shop', 'tried', jsonb_build_object('n', n));
			END IF;
			IF random() < 0.1 THEN
				PERFORM pg_sleep(random() * 0.2);
			END IF;
			IF random() < 0.1 THEN
				ROLLBACK;
			ELSE
				COMMIT;
			END IF;
		END LOOP;
	END
	$$;
	CREATE PROCEDURE shop.seal(seconds integer) LANGUAGE plpgsql AS $$
	DECLARE
		until timestamptz := clock_timestamp() + make_interval(secs => seconds);
	BEGIN
		WHILE clock_timestamp() < until LOOP
			PERFORM shopanalytics.seal(1 + (random() * 500)::integer);
			COMMIT;
			IF random() < 0.2 THEN
				PERFORM shopanalytics.anchor();
				COMMIT;
			END IF;
			PERFORM pg_sleep(random() * 0.1);
		END LOOP;
	END
	$$});

# 4.L: 8 sessions of inserts with the sealer running twice
my @handles;
foreach my $session (1 .. 10)
{
	my $call = $session <= 8 ? "CALL shop.write($session, $seconds)" : "CALL shop.seal($seconds)";
	my %h = (out => '', err => '');
	$h{handle} = IPC::Run::start([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('shops'), '-c', $call ], '<', \undef, '>', \$h{out}, '2>', \$h{err});
	push @handles, \%h;
}
$_->{handle}->finish foreach @handles;
is(join('', map { $_->{err} } @handles), '', 'nobody was hindered');

my $entries = '(SELECT count(*) FROM shopanalytics.event) + (SELECT count(*) FROM shopanalytics.audit_row)';
my $wrong = q{SELECT string_agg(v::text, '; ') FROM shopanalytics.verify() v};
$node->safe_psql('shops', 'SELECT shopanalytics.seal()');
is($node->safe_psql('shops', "SELECT sum(entries) = $entries FROM shopanalytics.seal_block"), 't', 'members = entries after a last seal');
is($node->safe_psql('shops', $wrong), '', 'verified: no bad root, no broken chain, nothing unsealed');
is( $node->safe_psql('shops', q{
	SELECT count(*) FROM shopanalytics.seal_block a JOIN shopanalytics.seal_block b ON b.prev = a.prev AND b.no <> a.no}),
	'0', 'forks: 0');
is( $node->safe_psql('shops', q{
	SELECT count(*) FROM shopanalytics.seal_block a JOIN shopanalytics.seal_block b ON b.no > a.no AND b.members && a.members}),
	'0', 'no entry is in two blocks');
note($node->safe_psql('shops', "SELECT count(*) || ' blocks, ' || $entries || ' entries, late ones in ' || count(*) FILTER (WHERE late) || ' blocks'
  FROM (SELECT lower(members) < lag(highest) OVER (ORDER BY no) AS late FROM shopanalytics.seal_block) b"));
cmp_ok($node->safe_psql('shops', 'SELECT count(*) FROM shopanalytics.seal_block'), '>', 10, 'there were blocks');

# Entries that came late are in the log: nothing is lost that was committed.
is( $node->safe_psql('shops', q{
	SELECT count(*) FROM shop.customers c WHERE NOT EXISTS (SELECT FROM shopanalytics.audit_row a WHERE a.op = 'I' AND a.key = jsonb_build_object('id', c.id))}),
	'0', 'each row that is there was written down');

# Something erased, a line to keep.
$node->safe_psql('shops', q{
	SELECT shopanalytics.grant_duty(current_user::regrole, 'erase', 'shop');
	SELECT count(*) FROM shopanalytics.erase_subject('shop', jsonb_build_object('id', (SELECT min(id) FROM shop.customers)), 'test', false);
	INSERT INTO shop.customers VALUES (1, 'Käthe Ünal', 'ß', '2025-03-30 02:30+01');
	SELECT shopanalytics.seal()});
my $line = $node->safe_psql('shops', 'SELECT shopanalytics.anchor()');
$node->safe_psql('shops', 'SELECT shopanalytics.seal()');
is($node->safe_psql('shops', $wrong), '', 'verified with an erasure');
my $blocks = $node->safe_psql('shops', 'SELECT b::text FROM shopanalytics.seal_block b ORDER BY no');

# Sessions of any kind agree.
foreach my $options ('-c TimeZone=Asia/Kathmandu -c DateStyle=German', '-c IntervalStyle=iso_8601 -c bytea_output=escape',
	'-c extra_float_digits=-15 -c lc_numeric=C', '-c standard_conforming_strings=off -c client_encoding=LATIN1', '-c work_mem=64kB -c jit=on')
{
	local $ENV{PGOPTIONS} = $options;
	is($node->safe_psql('shops', $wrong), '', "verified with $options");
}

# 4.M dump and restore: in the same encoding and another one
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump/custom", $node->connstr('shops') ], 'custom dump');
$node->command_ok([ 'pg_dump', '-Fp', '-f', "$dump/plain", $node->connstr('shops') ], 'plain dump');
$node->safe_psql('postgres', 'CREATE DATABASE from_custom');
$node->safe_psql('postgres', q{CREATE DATABASE from_plain ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('from_custom'), "$dump/custom" ], 'custom restore');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump/plain", $node->connstr('from_plain') ], 'plain restore, into another encoding');

foreach my $database ('from_custom', 'from_plain')
{
	is($node->safe_psql($database, 'SELECT b::text FROM shopanalytics.seal_block b ORDER BY no'), $blocks, "$database: equal block by block");
	is($node->safe_psql($database, $wrong), '', "$database: verified");
	is($node->safe_psql($database, qq{SELECT count(*) FROM shopanalytics.verify(anchor => '$line')}), '0', "$database: the line is kept");
	is($node->safe_psql($database, 'SELECT shopanalytics.seal()'), '0', "$database: nothing to seal");
	$node->safe_psql($database, q{UPDATE shop.customers SET segment = 'after' WHERE id = 1});
	is($node->safe_psql($database, 'SELECT shopanalytics.seal()'), '1', "$database: the next entry");
	is($node->safe_psql($database, $wrong), '', "$database: the chain goes on");
	$node->safe_psql($database, q{UPDATE shopanalytics.audit_row SET after = after || '{"segment": "x"}' WHERE after ->> 'segment' = 'after'});
	like($node->safe_psql($database, $wrong), qr/^\(\d+,\d+,tampered,[^)]*\)$/, "$database: a change is found");
}

# Cancelled, it stops at once.
my $started = time();
my ($status, undef, $error) = $node->psql('shops', q{SET statement_timeout = '10ms'; SELECT count(*) FROM shopanalytics.verify()});
like($error, qr/canceling statement due to statement timeout/, 'verify can be cancelled');
cmp_ok(time() - $started, '<', 5, 'soon');

$node->stop;
done_testing();
