# The audit survives dump and restore: each entry, its hashes and what comes after;
# its tables are guarded against DROP EXTENSION; and what needs sessions of its own.
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
my @tables = qw(audited_table audit_stmt audit_row event duty);

# Entries of which a hash is not that of what is stored.
my $wrong_hashes = q{
	SELECT (SELECT count(*) FROM shopanalytics.audit_row r LEFT JOIN shopanalytics.audit_stmt s ON s.id = r.stmt
	         WHERE r.nonpii_hash IS DISTINCT FROM shopanalytics._audit_nonpii_hash(shopanalytics._audit_header_hash(s), r)
	            OR r.pii_hash IS DISTINCT FROM shopanalytics._audit_pii_hash(r.salt, r.pii)
	            OR r.leaf IS DISTINCT FROM shopanalytics._leaf(r.nonpii_hash, r.pii_hash))
	     + (SELECT count(*) FROM shopanalytics.event e
	         WHERE e.leaf IS DISTINCT FROM shopanalytics._event_leaf(e.tenant, e.at, e.type, e.login, e.role, e.actor, e.source, e.request, e.detail))};

# The error of a query, or nothing.
sub error_of
{
	my ($database, $query) = @_;

	my ($status, $out, $error) = $node->psql($database, $query);
	return $error =~ s/^psql:[^ ]* //r =~ s/\n\z//r;
}

sub contents
{
	my ($server, $database) = @_;
	return { map { $_ => $server->safe_psql($database, "SELECT t::text FROM shopanalytics.$_ t ORDER BY 1") } @tables };
}

$node->safe_psql('postgres', 'CREATE ROLE clerk LOGIN');
$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql('shop', q{
	CREATE EXTENSION shopanalytics;
	CREATE SCHEMA demo;
	CREATE TABLE demo.customer (id integer PRIMARY KEY, segment text, email text);
	CREATE TABLE demo.visit (id integer, day date, note text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
	CREATE TABLE demo.visit_1 PARTITION OF demo.visit FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
	CREATE TABLE demo.visit_2 PARTITION OF demo.visit DEFAULT;
	CREATE TABLE demo.former (id integer PRIMARY KEY);
	GRANT USAGE ON SCHEMA demo TO clerk;
	GRANT ALL ON ALL TABLES IN SCHEMA demo TO clerk;
	SELECT shopanalytics.grant_duty('postgres', 'audit_read'),
	       shopanalytics.audit_enable('demo.customer', pii => '{email}'), shopanalytics.audit_enable('demo.visit', 'rows'), shopanalytics.audit_enable('demo.former');
	INSERT INTO demo.former VALUES (1);
	SELECT shopanalytics.audit_disable('demo.former');
	INSERT INTO demo.customer SELECT i, CASE WHEN i % 3 > 0 THEN 'vip' END, 'c' || i || '@shop.example' FROM generate_series(1, 500) i;
	SELECT shopanalytics.audit_partitions(2);
	INSERT INTO demo.visit VALUES (1, '2025-01-15', 'é "quoted" \ '), (2, '2025-02-15', NULL);
	BEGIN;
	SELECT shopanalytics._audit_set_request(4711);
	UPDATE demo.customer SET segment = 'Unknown' WHERE segment IS NULL;
	COMMIT;
	UPDATE demo.customer SET id = 1000, email = NULL WHERE id = 7;
	DELETE FROM demo.customer WHERE id = 8;
	INSERT INTO shopanalytics.audit_row SELECT (r).* FROM (SELECT jsonb_populate_record(r, '{"id": 0, "at": "2020-02-02"}') AS r FROM shopanalytics.audit_row r ORDER BY id LIMIT 1) s;
	UPDATE shopanalytics.audit_row SET pii = NULL, salt = NULL WHERE key = '{"id": 9}'});
is($node->safe_psql('shop', 'SELECT tableoid::regclass::text ~ $$default$$, count(*) FROM shopanalytics.audit_row GROUP BY 1'), "f|671\nt|1", 'rows of this month are in its partition, others in the default one');
$node->safe_psql('shop', 'DELETE FROM shopanalytics.audit_row WHERE id = 0');
is($node->safe_psql('shop', $wrong_hashes), '1', 'only what was erased cannot be hashed again');

my $before = contents($node, 'shop');
is(scalar(grep { $_ eq '' } values %$before), 0, 'each table has rows');
my $last = $node->safe_psql('shop', 'SELECT max(id) FROM shopanalytics.audit_row');
my $history = $node->safe_psql('shop', q{SELECT * FROM shopanalytics.row_history('demo.customer', '{"id": 1000}')});

# I10 4.M restored on another cluster, custom and plain
my $other = PostgreSQL::Test::Cluster->new('other');
$other->init;
$other->append_conf('postgresql.conf', "timezone = 'Asia/Tokyo'\ndatestyle = 'SQL, DMY'");
$other->start;
$other->safe_psql('postgres', 'CREATE ROLE clerk LOGIN');
# numbers of objects are others
$other->safe_psql('postgres', 'CREATE TABLE shift (a serial PRIMARY KEY, b text)');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump/custom", $node->connstr('shop') ], 'custom dump');
$node->command_ok([ 'pg_dump', '-Fp', '-f', "$dump/plain", $node->connstr('shop') ], 'plain dump');
$other->safe_psql('postgres', "CREATE DATABASE $_") foreach 'from_custom', 'from_plain';
$other->command_ok([ 'pg_restore', '--exit-on-error', '-d', $other->connstr('from_custom'), "$dump/custom" ], 'custom restore');
$other->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump/plain", $other->connstr('from_plain') ], 'plain restore');
foreach my $database ('from_custom', 'from_plain')
{
	$other->safe_psql('postgres', "ALTER DATABASE $database SET timezone = 'UTC'; ALTER DATABASE $database SET datestyle = 'ISO, MDY'");
	is_deeply(contents($other, $database), $before, "$database: equal row by row");
	$other->safe_psql('postgres', "ALTER DATABASE $database SET timezone = 'Asia/Tokyo'; ALTER DATABASE $database SET datestyle = 'SQL, DMY'");
	is($other->safe_psql($database, $wrong_hashes), '1', "$database: the hashes are right in other settings");
	is($other->safe_psql($database, 'SELECT count(*), count(problem) FROM shopanalytics.audit_coverage()'), '2|0', "$database: the same tables are audited");
	is($other->safe_psql($database, q{SELECT count(DISTINCT inhrelid) FROM pg_inherits WHERE inhparent IN ('shopanalytics.audit_row'::regclass, 'shopanalytics.audit_stmt'::regclass)}),
		'8', "$database: the partitions are there");

	$other->safe_psql($database, q{UPDATE demo.customer SET segment = 'new' WHERE id = 1000; TRUNCATE demo.visit_1});
	is($other->safe_psql($database, q{SELECT string_agg(operation || ' ' || (row_key ->> 'id'), ', ') FROM shopanalytics.row_history('demo.customer', '{"id": 1000}')}),
		'insert 7, update 7, update 1000', "$database: a row is the same before and after");
	is($other->safe_psql($database, "SELECT min(id) > $last, count(*) FROM shopanalytics.audit_row WHERE id > $last"), 't|2', "$database: later numbers");
	is($other->safe_psql($database, $wrong_hashes), '1', "$database: hashes of new entries");
	is($other->safe_psql($database, 'SELECT shopanalytics.audit_partitions(2), shopanalytics.audit_partitions(3)'), '0|2', "$database: partitions go on");
}
is($other->safe_psql('from_plain', q{SET timezone = 'UTC'; SET datestyle = 'ISO, MDY'; SELECT * FROM shopanalytics.row_history('demo.customer', '{"id": 1000}') LIMIT 2}), $history, 'the history is the same');
$other->stop;

# 4.M DROP EXTENSION is refused while tables are audited, and says which
my $error = error_of('shop', 'DROP EXTENSION shopanalytics');
like($error, qr/cannot drop extension shopanalytics because other objects depend on it/, 'DROP EXTENSION is refused');
like($error, qr/trigger shopanalytics_audit_insert on table demo\.customer depends on function shopanalytics\._audit_change\(\)/, 'and names the table');
like($error, qr/on table demo\.visit_1 depends/, 'and a partition');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE shop');
$node->safe_psql('copy', 'DROP EXTENSION shopanalytics CASCADE; UPDATE demo.customer SET segment = NULL');
is($node->safe_psql('copy', q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'shopanalytics%'}), '0', 'CASCADE drops the triggers');
is($node->safe_psql('copy', q{SELECT count(*) FROM pg_namespace WHERE nspname = 'shopanalytics'}), '0', 'and leaves no schema');

# An UPDATE that is cancelled, or ends with its backend, leaves nothing.
my $count = $node->safe_psql('shop', 'SELECT count(*) FROM shopanalytics.audit_row');
$node->safe_psql('shop', q{CREATE TABLE demo.large (id integer PRIMARY KEY, n integer); INSERT INTO demo.large SELECT i, 0 FROM generate_series(1, 200000) i; SELECT shopanalytics.audit_enable('demo.large')});
foreach my $timeout (50, 150, 300)
{
	like(error_of('shop', "SET statement_timeout = $timeout; UPDATE demo.large SET n = (n + 1) * (SELECT count(*) FROM generate_series(1, 300000))"), qr/canceling statement|^$/, "cancelled after $timeout ms");
}
error_of('shop', 'BEGIN; UPDATE demo.large SET n = n + 1; SELECT pg_terminate_backend(pg_backend_pid())');
is($node->safe_psql('shop', q{SELECT (SELECT count(*) FROM shopanalytics.audit_row r JOIN shopanalytics.audit_stmt s ON s.id = r.stmt WHERE s.table_name = 'large')
	= (SELECT coalesce(sum(row_count), 0) FROM shopanalytics.audit_stmt WHERE table_name = 'large') AND (SELECT bool_and((after ->> 'n')::integer > 0) IS NOT FALSE FROM shopanalytics.audit_row r JOIN shopanalytics.audit_stmt s ON s.id = r.stmt WHERE s.table_name = 'large')}),
	't', 'what is left is whole');

# The query's fingerprint is that of compute_query_id.
$node->safe_psql('shop', q{SET compute_query_id = on; UPDATE demo.customer SET segment = 'a' WHERE id = 1; UPDATE demo.customer SET segment = 'b' WHERE id = 2});
is($node->safe_psql('shop', 'SELECT count(DISTINCT query_id) FROM (SELECT query_id FROM shopanalytics.audit_stmt ORDER BY id DESC LIMIT 2) s'), '1', 'one fingerprint of one query');

# Databases of other encodings, also with bytes that are no text.
foreach my $encoding ('LATIN1', 'SQL_ASCII')
{
	$node->safe_psql('postgres', "CREATE DATABASE \"$encoding\" ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($encoding, q{
		SET client_encoding = 'SQL_ASCII';
		CREATE EXTENSION shopanalytics;
		CREATE TABLE word (id integer PRIMARY KEY, word text, spoken text);
		SELECT shopanalytics.audit_enable('word', pii => '{spoken}');
		INSERT INTO word VALUES (1, E'caf\xe9', E'\xe9\x81')});
	is($node->safe_psql($encoding, $wrong_hashes), '0', "$encoding: hashes");
	is($node->safe_psql($encoding, q{SELECT encode(convert_to(after ->> 'word', getdatabaseencoding()), 'hex') FROM shopanalytics.audit_row}), '636166e9', "$encoding: bytes");
}

$node->safe_psql('shop', q{SELECT shopanalytics.audit_disable('demo.customer'), shopanalytics.audit_disable('demo.visit'), shopanalytics.audit_disable('demo.large'); DROP EXTENSION shopanalytics});
is($node->safe_psql('shop', q{SELECT count(*) FROM pg_class WHERE relname LIKE 'audit\_%'}), '0', 'dropped with all of its partitions');

$node->stop;
done_testing();
