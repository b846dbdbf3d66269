# Stores survive dump and restore: every table and view is equal row by row,
# rules, mappings and row numbers go on working, and nothing stays behind when
# the stores and the extension are dropped.
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

# What it is to be a clean database, before anything of ours was in it.
sub schema_of
{
	my ($database) = @_;
	my $file = "$dump/schema_$database.sql";

	$node->command_ok([ 'pg_dump', '--schema-only', '-f', $file, $node->connstr($database) ], "dump of the schema of $database");
	# Minor releases of 2025 give each plain dump a random key.
	return join '', grep { !/^\\(un)?restrict / } split /^/, slurp_file($file);
}
$node->safe_psql('postgres', 'CREATE DATABASE untouched');
$node->safe_psql('postgres', 'CREATE DATABASE shops');

# Keys of text; keys of bigint, another time zone and a rule of the user's own; a
# mapped table, in a store whose name needs quotes.
$node->safe_psql('shops', q{
	CREATE EXTENSION shopanalytics;

	CALL shopanalytics.create_store('first');
	INSERT INTO first.customers (customer_id, name, email, segment, signup_date) VALUES
		('c1', 'Ann  O''NEIL', 'ann@example.com', 'retail', '2025-01-01'),
		('c1', 'Ann O''Neil', 'ann@example.com', 'retail', '2025-01-05'),
		('c2', E'Tab\there', 'no mail', NULL, NULL),
		(NULL, NULL, NULL, NULL, '-infinity');
	INSERT INTO first.products (product_id, name, category, price) VALUES ('p1', 'Tea', 'food', 2.50), ('p2', 'Mug', NULL, 'NaN');
	INSERT INTO first.orders (order_id, customer_id, order_date, order_total, status) VALUES
		('o1', 'c1', '2025-01-02 10:00+00', 5.00, 'shipped'),
		('o2', 'c2', '2025-01-03 23:30+00', -7, 'paid'),
		('o3', 'c9', 'infinity', 1e20, 'Cancelled');
	INSERT INTO first.order_items (order_id, line_number, product_id, quantity, unit_price) VALUES ('o1', 1, 'p1', 2, 2.50);
	INSERT INTO first.sessions (session_id, customer_id, session_start, session_end, device) VALUES
		('s1', 'c1', '2025-01-02 09:00+00', '2025-01-02 08:00+00', 'toaster');
	INSERT INTO first.load_reject (table_name, file, line, column_name, value, reason, text) VALUES ('orders', 'orders.csv', 7, 'order_total', 'x', 'not a number', 'o5,x');
	CALL shopanalytics.stage('first');

	CALL shopanalytics.create_store('second', timezone => 'Europe/Berlin', key_type => 'bigint', cancelled_status => '{storniert}');
	INSERT INTO second.orders (order_id, customer_id, order_date, order_total, payment_method, status)
	SELECT n, n % 7, '2025-03-29 20:00+00'::timestamptz + n * interval '1 hour', n, 'PayPal', 'storniert' FROM generate_series(1, 50) n;
	INSERT INTO second.clean_rule (entity, name, column_name, issue, action, fix, severity) VALUES
		('orders', 'payment_spelling', 'payment_method', 'payment_method <> lower(payment_method)', 'fix', 'lower(payment_method)', 'info');
	UPDATE second.clean_rule SET enabled = false WHERE entity = 'orders' AND name = 'missing_total';

	CREATE SCHEMA erp;
	CREATE TABLE erp.sale (id integer, sold_at timestamp, total float8);
	INSERT INTO erp.sale VALUES (1, '2025-03-01 09:00', 25), (2, '2025-03-01 10:00', -1);
	CALL shopanalytics.create_store('Our "Shop"');
	CALL shopanalytics.map_table('Our "Shop"', 'orders', 'erp.sale', '{"order_id": "id", "order_date": "sold_at", "order_total": "total"}');
});

my @stores = ('first', 'second', 'Our "Shop"', 'erp');

# All rows of every table and view of the stores, as text, in an order of their
# own; and what the catalog says about them, without numbers of objects.
sub contents
{
	my ($database) = @_;
	my $schemas = join ', ', map { "'$_'" } @stores;

	my @relations = split /\n/, $node->safe_psql($database, qq{
		SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		 WHERE (nspname IN ($schemas) OR nspname = 'shopanalytics') AND relkind IN ('r', 'v', 'm') ORDER BY 1});
	my %rows = map { $_ => $node->safe_psql($database, "SELECT r::text FROM $_ r ORDER BY 1") } @relations;
	$rows{definitions} = $node->safe_psql($database, qq{
		SELECT format('%I.%I', nspname, relname), relkind, reloptions, obj_description(c.oid, 'pg_class'),
		       CASE relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END,
		       (SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attidentity, col_description(c.oid, attnum)), ', ' ORDER BY attnum)
		          FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
		       (SELECT string_agg(pg_get_triggerdef(t.oid), ', ' ORDER BY tgname) FROM pg_trigger t WHERE tgrelid = c.oid)
		  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		 WHERE nspname IN ($schemas) AND relkind IN ('r', 'v', 'm', 'i', 'S') ORDER BY 1});
	# A view that was printed and read again has a name for each column of a union.
	$rows{definitions} =~ s/(::(\w+)) AS "?\2"?/$1/g;
	return \%rows;
}

my $before = contents('shops');
cmp_ok(scalar(grep { /^first\./ } keys %$before), '>=', 25, 'there is something to compare');
cmp_ok(scalar(grep { $before->{$_} ne '' } keys %$before), '>=', 30, 'and most of it has rows');

$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump/custom", $node->connstr('shops') ], 'custom dump');
$node->command_ok([ 'pg_dump', '-Fp', '-f', "$dump/plain", $node->connstr('shops') ], 'plain dump');
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach 'from_custom', 'from_plain';
$node->command_ok([ 'pg_restore', '--exit-on-error', '-j', '2', '-d', $node->connstr('from_custom'), "$dump/custom" ], 'custom restore');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump/plain", $node->connstr('from_plain') ], 'plain restore');

foreach my $database ('from_custom', 'from_plain')
{
	my $after = contents($database);

	is_deeply([ sort keys %$after ], [ sort keys %$before ], "$database: the same tables and views");
	is_deeply([ grep { ($after->{$_} // '') ne $before->{$_} } sort keys %$before ], [], "$database: equal row by row");

	# Life goes on: row numbers, rules, stage tables, mappings.
	is($node->safe_psql($database, q{
		INSERT INTO first.orders (order_id, order_total) VALUES ('o4', 1) RETURNING row_id = 1 + (SELECT max(row_id) FROM first.orders)}),
		't', "$database: the next row has the next number");
	is($node->safe_psql($database, q{
		INSERT INTO first.clean_rule (entity, name, issue) VALUES ('orders', 'small_order', 'order_total < 2');
		SELECT order_issue FROM first.orders_clean WHERE order_id = 'o4'}),
		'missing_date, missing_customer, small_order', "$database: a new rule takes effect");
	is($node->safe_psql($database, q{
		CALL shopanalytics.stage('first');
		SELECT count(*) FROM first.orders_stage}), '4', "$database: stage");
	is($node->safe_psql($database, q{
		INSERT INTO erp.sale VALUES (3, '2025-03-02 09:00', 30);
		SELECT revenue FROM "Our ""Shop""".kpi_daily WHERE day = '2025-03-02'}), '30', "$database: the mapped table counts");
	is($node->safe_psql($database, q{
		CALL shopanalytics.create_store('third');
		SELECT count(*) FROM shopanalytics.store}), '4', "$database: create_store");

	# While there are stores the extension stays; afterwards nothing does.
	my ($status, undef, $error) = $node->psql($database, 'DROP EXTENSION shopanalytics');
	like($error, qr/cannot drop extension shopanalytics because other objects depend on it/, "$database: the extension is in use");
	$node->safe_psql($database, q{
		CALL shopanalytics.drop_store('first');
		CALL shopanalytics.drop_store('second');
		CALL shopanalytics.drop_store('third');
		CALL shopanalytics.drop_store('Our "Shop"');
		DROP EXTENSION shopanalytics;
		DROP SCHEMA erp CASCADE});
	is(schema_of($database), schema_of('untouched'), "$database: nothing is left behind");
}

# With CASCADE the tables of a store stay: they are the user's data.
$node->safe_psql('shops', 'DROP EXTENSION shopanalytics CASCADE');
is($node->safe_psql('shops', 'SELECT count(*) FROM second.orders'), '50', 'the data outlives the extension');

$node->stop;
done_testing();
