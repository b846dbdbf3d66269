# Change requests with real logins: who proposed approves by no route, and what was
# proposed and approved is so in a restored dump.
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

# Runs a query as who logs in by that name, in one session; the result, or the first
# line of the error.
sub as
{
	my ($login, $query, %options) = @_;
	local $ENV{PGOPTIONS} = ($options{options} // '') . ' -c client_min_messages=warning';

	my ($status, $out, $error) = $node->psql($options{database} // 'shops', $query, extra_params => [ '-U', $login ]);
	return $status == 0 ? $out : $error =~ s/^psql:[^ ]* //r =~ s/\n.*//sr;
}

$node->safe_psql('postgres', q{
	CREATE ROLE stewards;
	CREATE ROLE ann LOGIN IN ROLE stewards;
	CREATE ROLE ben LOGIN IN ROLE stewards;
	CREATE ROLE "Cid ""the"" Approver" LOGIN;
	CREATE ROLE shared LOGIN;
	CREATE ROLE pooler LOGIN;
	CREATE ROLE boss LOGIN SUPERUSER;
	CREATE ROLE outsider LOGIN;
	CREATE DATABASE shops});
$node->safe_psql('shops', q{
	CREATE EXTENSION shopanalytics;
	CREATE SCHEMA demo;
	CREATE TABLE demo.orders (id integer PRIMARY KEY, segment text, note jsonb);
	INSERT INTO demo.orders SELECT i, 's' || i, jsonb_build_object('n', i) FROM generate_series(1, 100) i;
	GRANT USAGE ON SCHEMA demo TO PUBLIC;
	GRANT SELECT ON demo.orders TO PUBLIC;
	SELECT shopanalytics.trust_broker('pooler');
	SELECT shopanalytics.grant_duty(r, d, 'demo')
	  FROM unnest(ARRAY['stewards', 'shared', 'pooler', '"Cid ""the"" Approver"']::regrole[]) r, unnest(ARRAY['propose', 'approve']) d});

# A request with one item, submitted; its number.
my $number = 0;
sub propose
{
	my ($login, $row, %options) = @_;
	$number++;
	my $open = "SELECT shopanalytics.cr_open('demo', 'demo.orders', 'manual', 'Request $number')";
	my $request = as($login, $open, %options);
	as($login, qq{SELECT shopanalytics.cr_add($request, 'U', '{"id": $row}', '{"segment": "x"}'); SELECT shopanalytics.cr_submit($request)}, %options);
	return $request;
}

# The statement that approves a request as it is.
sub approval
{
	my ($request) = @_;
	return "SELECT a.status, a.code FROM shopanalytics.change_request c, shopanalytics.cr_approve(c.id, c.content_hash) a WHERE c.id = $request";
}

# 4.G approve by proposer, by the same login with SET ROLE
my $request = propose('ann', 1);
is(as('ann', approval($request)), 'refused|SA001', 'the proposer');
is(as('ann', 'SET ROLE stewards; ' . approval($request)), 'refused|SA001', 'by SET ROLE');
is(as('ann', approval($request), options => '-c role=stewards'), 'refused|SA001', 'by a role of the connection');
is(as('ann', approval($request), options => '-c shopanalytics.actor=ben'), 'refused|SA001', 'by a claim of the connection');
is(as('ann', "SET shopanalytics.actor = 'ben'; " . approval($request)), 'refused|SA001', 'by a claim');
like(as('ann', 'SET SESSION AUTHORIZATION ben; ' . approval($request)), qr/permission denied to set session authorization/, 'by another login');
like(as('ann', "CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; SET ROLE ben; " . approval($request)),
	qr/permission denied to set role "ben"/, 'by a role of somebody else');
is(as('outsider', approval($request)), '', 'who has no duty does not see it');
is(as('outsider', "SELECT * FROM shopanalytics.cr_approve($request, '')"), 'refused|SA006', 'nor approves it');
is(as('boss', "SET SESSION AUTHORIZATION ann; " . approval($request)), 'refused|SA001', 'who is somebody else by the rights of a superuser is that one');
is(as('ben', approval($request)), 'approved|', 'somebody else of the same group');

# a function of somebody else's, of security definer, is run by who runs it
$node->safe_psql('shops', 'CREATE SCHEMA tools AUTHORIZATION ben; GRANT USAGE ON SCHEMA tools TO PUBLIC');
as('ben', q{CREATE FUNCTION tools.approve(request bigint, hash text) RETURNS text LANGUAGE sql SECURITY DEFINER AS
	$$ SELECT a.code FROM shopanalytics.cr_approve(request, hash) a $$});
$request = propose('ann', 2);
is(as('ann', "SELECT tools.approve(id, content_hash) FROM shopanalytics.change_request WHERE id = $request"), 'SA001', "by a function of another's rights");

# after an edit: the approval is of what it was
is(as('ben', approval($request)), 'approved|', 'approved');
my $hash = as('ann', "SELECT content_hash FROM shopanalytics.change_request WHERE id = $request");
is(as('ann', qq{SELECT shopanalytics.cr_add($request, 'U', '{"id": 3}', '{"segment": "more"}')}), 't', 'edited after it');
is(as('ann', "SELECT state, revision, content_hash FROM shopanalytics.change_request WHERE id = $request"), 'draft|2|', 'a draft again');
is(as('ben', "SELECT * FROM shopanalytics.cr_approve($request, '$hash')"), 'refused|SA002', 'while it is edited');
as('ann', "SELECT shopanalytics.cr_submit($request)");
is(as('ben', "SELECT * FROM shopanalytics.cr_approve($request, '$hash')"), 'refused|SA002', 'with the hash of before');
is(as('ann', approval($request)), 'refused|SA001', 'by who edited it');
is(as('ben', approval($request)), 'approved|', 'what it is now');

# after expiry
$request = propose('ann', 4);
$node->safe_psql('shops', "UPDATE shopanalytics.change_request SET expires_at = now() - interval '1 s' WHERE id = $request");
is(as('ben', approval($request)), 'refused|SA003', 'after expiry');
is(as('ben', approval($request)), 'refused|SA003', 'for good');
is(as('ann', "SELECT state FROM shopanalytics.change_request WHERE id = $request"), 'expired', 'and so it says');
is(as('ann', "SELECT * FROM shopanalytics.cr_withdraw($request)"), 'refused|SA003', 'there is nothing to withdraw');

# a login of several people is one person, unless it is a trusted broker's
$request = propose('shared', 5, options => '-c shopanalytics.actor=zoe');
is(as('shared', approval($request), options => '-c shopanalytics.actor=yves'), 'refused|SA001', 'a shared login');
is(as('pooler', approval($request), options => '-c shopanalytics.actor=shared'), 'refused|SA001', 'whom a broker takes for the login');
is(as('pooler', approval($request)), 'refused|SA013', 'a broker without a name');
is(as('pooler', approval($request), options => '-c shopanalytics.actor=yves'), 'approved|', 'a broker for another');
$request = propose('pooler', 6, options => '-c shopanalytics.actor=ann');
is(as('pooler', approval($request), options => '-c shopanalytics.actor=ann'), 'refused|SA001', 'the same person by the broker');
is(as('ann', approval($request)), 'refused|SA001', 'and without it');
is(as('ann', qq{SELECT shopanalytics.cr_add($request, 'U', '{"id": 7}', '{"segment": "x"}')}), 't', 'who may edit it without it');
as('ann', "SELECT shopanalytics.cr_submit($request)");
is(as('pooler', approval($request), options => '-c shopanalytics.actor=ben'), 'approved|', 'another person by the broker');
like(propose('pooler', 8), qr/names nobody it acts for/, 'a broker that names nobody proposes nothing');

# one person approves once, by whatever login
$node->safe_psql('shops', q{SELECT shopanalytics.set_policy('demo', min_approvals => 2)});
$request = propose('ann', 9);
is(as('ben', approval($request)), 'submitted|', 'one of two');
is(as('pooler', approval($request), options => '-c shopanalytics.actor=ben'), 'submitted|', 'the same one by a broker');
is(as('Cid "the" Approver', approval($request)), 'approved|', 'two of two');
my $waiting = propose('ann', 10);
is(as('ben', approval($waiting)), 'submitted|', 'one that waits');

is($node->safe_psql('shops', q{SELECT count(*) FROM shopanalytics.event WHERE type = 'request_refused' AND detail ->> 'code' = 'SA001'}), '12', 'what was refused is written down');

# 4.M dump, restore: custom and plain
sub contents
{
	my ($database) = @_;
	return { map { $_ => $node->safe_psql($database, "SELECT t::text FROM shopanalytics.$_ t ORDER BY 1") } qw(change_request change_item approval event) };
}

my $draft = as('ann', q{SELECT shopanalytics.cr_open('demo', 'demo.orders', 'manual', 'Draft', idempotency_key => 'k')});
as('ann', qq{SELECT shopanalytics.cr_add($draft, 'U', '{"id": 11}', '{"note": {"\$json": null}}')});
my $before = contents('shops');
is(scalar(grep { $_ eq '' } values %$before), 0, 'each table has rows');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump/custom", $node->connstr('shops') ], 'custom dump');
$node->command_ok([ 'pg_dump', '-Fp', '-f', "$dump/plain", $node->connstr('shops') ], 'plain dump');
$node->safe_psql('postgres', "CREATE DATABASE from_custom; ");
$node->safe_psql('postgres', "CREATE DATABASE from_plain ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('from_custom'), "$dump/custom" ], 'custom restore');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump/plain", $node->connstr('from_plain') ], 'plain restore, in another encoding');

foreach my $database ('from_custom', 'from_plain')
{
	is_deeply(contents($database), $before, "$database: equal row by row");
	is($node->safe_psql($database, 'SELECT count(*) FROM shopanalytics.change_request WHERE content_hash <> shopanalytics._content_hash(id)'), '0', "$database: contents have their hashes");
	is(as('ann', approval($waiting), database => $database), 'refused|SA001', "$database: not by the proposer");
	is(as('Cid "the" Approver', approval($waiting), database => $database), 'approved|', "$database: an approval from before counts");
	is(as('ann', qq{SELECT shopanalytics.cr_open('demo', 'demo.orders', 'manual', 'Draft', idempotency_key => 'k')}, database => $database), $draft, "$database: the same by its key");
	is(as('ann', qq{SELECT verdict FROM shopanalytics.cr_preview($draft)}, database => $database), 'apply', "$database: the draft goes on");
	is(as('ann', qq{SELECT shopanalytics.cr_add($draft, 'U', '{"id": 12}', '{"segment": "x"}'); SELECT length(shopanalytics.cr_submit($draft))}, database => $database), "t\n64", "$database: and is submitted");
	my $next = as('ann', q{SELECT shopanalytics.cr_open('demo', 'demo.orders', 'manual', 'Next')}, database => $database);
	is($next, $draft + 1, "$database: the next request has the next number");
}

$node->stop;
done_testing();
