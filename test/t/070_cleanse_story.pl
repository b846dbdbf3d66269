# Cleansing under governance on real shops' data, from the profile to the proof: one
# person proposes, others approve and apply, and it is all taken back; with real
# logins, and every figure against plain SQL.  -- A14 A17 A19 A23 A24 A25 A26 A28
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $shared = ($ENV{SHOPANALYTICS_SHARED} // '../shared') . '/data';
my $olist = "$shared/olist";
my $retail = "$shared/online_retail/online_retail_2010-12_2011-08.csv.gz";
plan skip_all => "no data in $shared" unless -e "$olist/olist_orders_dataset.csv.gz" && -e $retail;

my $node = PostgreSQL::Test::Cluster->new('story');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'");
$node->start;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';

# Runs a query as who logs in by that name; the result, or the first line of the error.
sub as
{
	my ($login, $query) = @_;
	my ($status, $out, $error) = $node->psql('postgres', $query, extra_params => [ '-U', $login ]);

	return $status == 0 ? $out : $error =~ s/^psql:[^ ]* //r =~ s/\n.*//sr;
}
sub sql { return $node->safe_psql('postgres', @_); }

# Sue proposes with the rights of the shop, Ann and Ben approve, Olga applies and takes
# back, Mia is of the other shop.
$node->safe_psql('postgres', q{
	CREATE EXTENSION shopanalytics;
	CREATE ROLE shop; CREATE ROLE other_shop;
	CREATE ROLE sue LOGIN IN ROLE shop; CREATE ROLE ann LOGIN; CREATE ROLE ben LOGIN; CREATE ROLE olga LOGIN; CREATE ROLE mia LOGIN IN ROLE other_shop;
	GRANT CREATE ON DATABASE postgres TO shop, other_shop;
	SELECT shopanalytics.grant_duty('sue', 'propose', t), shopanalytics.grant_duty('ann', 'approve', t), shopanalytics.grant_duty('ben', 'approve', t),
	       shopanalytics.grant_duty('olga', 'apply', t), shopanalytics.grant_duty('olga', 'rollback', t)
	  FROM unnest('{olist,retail}'::text[]) t;
	SELECT shopanalytics.grant_duty('mia', 'propose', 'elsewhere');
	CREATE SCHEMA raw AUTHORIZATION shop});

# The open requests of a tenant are approved by as many as each needs, and applied.
sub approve_and_apply
{
	my ($tenant) = @_;

	foreach my $line (split /\n/, sql("SELECT id, content_hash, approvals_needed FROM shopanalytics.change_request WHERE tenant = '$tenant' AND state = 'submitted' ORDER BY id"))
	{
		my ($id, $hash, $needed) = split /\|/, $line;

		is(as('ann', "SELECT status FROM shopanalytics.cr_approve($id, '$hash')"), $needed == 1 ? 'approved' : 'submitted', "Ann approves request $id");
		is(as('ben', "SELECT status FROM shopanalytics.cr_approve($id, '$hash')"), 'approved', "and Ben, as it needs $needed") if $needed > 1;
		is(as('olga', "CALL shopanalytics.cr_apply($id)"), '', "Olga applies it");
	}
	is(sql("SELECT string_agg(DISTINCT state || ' ' || outcome, ', ') FROM shopanalytics.change_request WHERE tenant = '$tenant' AND kind <> 'rollback'"),
		'applied complete', "all requests of $tenant are applied");
}

# What was applied is taken back, the last first.
sub roll_back
{
	my ($tenant) = @_;

	foreach my $id (split /\n/, sql("SELECT id FROM shopanalytics.change_request WHERE tenant = '$tenant' AND state = 'applied' AND kind <> 'rollback' ORDER BY id DESC"))
	{
		my $back = as('olga', "SELECT shopanalytics.cr_rollback_open($id)");
		my ($hash, $needed) = split /\|/, sql("SELECT content_hash, approvals_needed FROM shopanalytics.change_request WHERE id = $back");

		as($_, "SELECT shopanalytics.cr_approve($back, '$hash')") foreach $needed > 1 ? ('ann', 'ben') : 'ann';
		is(as('olga', "CALL shopanalytics.cr_apply($back)"), '', "request $back takes back $id");
	}
	is(sql("SELECT string_agg(DISTINCT state || ' ' || outcome, ', ') FROM shopanalytics.change_request WHERE tenant = '$tenant' AND kind <> 'rollback'"),
		'rolled_back complete', "all requests of $tenant are taken back");
}

# The rows of tables as one value.
sub fingerprint { return sql(join(' UNION ALL ', map { "SELECT '$_', count(*), sum(hashtextextended(t::text, 0)) FROM $_ t" } @_)); }

# Olist: an order per customer row, so nobody can be deleted; categories are missing,
# ways to pay have names of their own.
sql(q{
	SET ROLE shop;
	CREATE TABLE raw.customers (customer_id text PRIMARY KEY, customer_unique_id text, customer_zip_code_prefix text, customer_city text, customer_state text);
	CREATE TABLE raw.orders (order_id text PRIMARY KEY, customer_id text REFERENCES raw.customers, order_status text, order_purchase_timestamp timestamp,
		order_approved_at timestamp, order_delivered_carrier_date timestamp, order_delivered_customer_date timestamp, order_estimated_delivery_date timestamp);
	CREATE TABLE raw.payments (order_id text, payment_sequential int, payment_type text, payment_installments int, payment_value numeric);
	CREATE TABLE raw.products (product_id text PRIMARY KEY, product_category_name text, product_name_lenght int, product_description_lenght int,
		product_photos_qty int, product_weight_g int, product_length_cm int, product_height_cm int, product_width_cm int)});
$node->command_ok([ 'shopctl', 'load', '--table', "raw.$_->[0]", "$olist/olist_$_->[1]_dataset.csv.gz" ], "load $_->[0]")
  foreach [ 'customers', 'customers' ], [ 'orders', 'orders' ], [ 'payments', 'order_payments' ], [ 'products', 'products' ];
sql(q{
	SET ROLE shop;
	CREATE TABLE raw.sale AS
	SELECT o.order_id, o.customer_id, o.order_purchase_timestamp AS sold_at, p.paid, p.payment, o.order_status AS status
	  FROM raw.orders o LEFT JOIN (SELECT order_id, sum(payment_value) AS paid, min(payment_type) AS payment FROM raw.payments GROUP BY order_id) p USING (order_id);
	ALTER TABLE raw.sale ADD PRIMARY KEY (order_id);
	ANALYZE raw.customers, raw.orders, raw.products, raw.sale;
	CALL shopanalytics.create_store('olist', timezone => 'America/Sao_Paulo');
	CALL shopanalytics.map_table('olist', 'customers', 'raw.customers', '{"customer_id": "customer_unique_id", "name": "customer_city", "segment": "customer_state"}');
	CALL shopanalytics.map_table('olist', 'products', 'raw.products', '{"category": "product_category_name"}');
	CALL shopanalytics.map_table('olist', 'orders', 'raw.sale', '{"order_date": "sold_at", "order_total": "paid", "payment_method": "payment"}');
	INSERT INTO olist.clean_rule (entity, name, column_name, issue, action, fix) VALUES
		('orders', 'card', 'payment_method', $$payment_method IN ('credit_card', 'debit_card')$$, 'fix', $$'card'$$),
		('orders', 'spelling', 'status', $$status = 'canceled'$$, 'fix', $$'cancelled'$$)});
sql(q{SELECT shopanalytics.audit_enable(t) FROM unnest('{raw.customers,raw.sale,raw.products}'::regclass[]) t});
my @tables = qw(raw.customers raw.products raw.sale);
my %plain = (
	'products missing_category' => sql('SELECT count(*) FROM raw.products WHERE product_category_name IS NULL'),
	'customers untidy_name' => sql('SELECT count(*) FROM raw.customers WHERE customer_city <> shopanalytics.clean_name(customer_city)'),
	'orders card' => sql(q{SELECT count(*) FROM raw.sale WHERE payment IN ('credit_card', 'debit_card')}),
	'orders spelling' => sql(q{SELECT count(*) FROM raw.sale WHERE status = 'canceled'}));
is($plain{'products missing_category'}, 111, 'categories that are missing, as the data is described');
is($plain{'orders spelling'}, 625, 'cancelled orders, as the data is described');

# Profile, and what clean_run makes of it.
is(as('sue', q{SET ROLE shop; SELECT nulls FROM shopanalytics.profile_table('raw.products', '{product_category_name}')}), 111, 'the profile shows them');
is(as('ann', q{SELECT count(*) FROM shopanalytics.clean_run('olist')}), 'ERROR:  store "olist" belongs to shop', 'nobody but the shop runs its rules');
is(as('mia', q{SET ROLE other_shop; SELECT count(*) FROM shopanalytics.clean_run('olist')}), 'ERROR:  store "olist" belongs to shop', 'least of all another shop');   # A28
my $before = fingerprint(@tables);
my $total = sql('SELECT count(*), sum(order_total) FROM olist.orders_clean');
is(as('sue', q{SET ROLE shop; SELECT shopanalytics.qa_take('olist', 'before') > 0}), 't', 'figures before');
my %proposed = map { my ($rule, @rest) = split /\|/, $_, -1; ($rule => join '|', @rest) } split /\n/,
  as('sue', q{SET ROLE shop; SELECT entity || ' ' || rule, kind, status, rows, items, reason FROM shopanalytics.clean_run('olist') WHERE status <> 'clean' AND kind <> 'flag'});
is($proposed{'products missing_category'}, "impute|proposed|$plain{'products missing_category'}|$plain{'products missing_category'}|", 'categories are imputed');
# of a person with several rows only the one that the clean view shows
my $cities = sql('SELECT count(*) FROM (SELECT DISTINCT ON (customer_unique_id) customer_city FROM raw.customers ORDER BY customer_unique_id, customer_city, customer_state) c WHERE customer_city <> shopanalytics.clean_name(customer_city)');
is($proposed{'customers untidy_name'}, "cleanse|proposed|$plain{'customers untidy_name'}|$cities|", 'cities are written in one way');   # A17
is($proposed{"orders $_"}, qq{cleanse|proposed|$plain{"orders $_"}|$plain{"orders $_"}|}, "orders $_") foreach 'card', 'spelling';
my $persons = sql('SELECT count(*) - count(DISTINCT customer_unique_id) FROM raw.customers');
is($proposed{'customers duplicate_customer'}, "dedupe|skipped|$persons|0|$persons rows stay, to which rows of raw.orders refer", 'customers with orders are not deleted');
is(fingerprint(@tables), $before, 'nothing is written by that');
is(sql(q{SELECT count(*) FROM shopanalytics.change_request WHERE tenant = 'olist' AND proposer_person = 'sue' AND state = 'submitted'}), 3, 'one request for each table');

# Four eyes.
my ($id, $hash) = split /\|/, sql(q{SELECT id, content_hash FROM shopanalytics.change_request WHERE target_table = 'products'});
is(as('sue', "SELECT code FROM shopanalytics.cr_approve($id, '$hash')"), 'SA006', 'Sue may not approve');
like(as('olga', "CALL shopanalytics.cr_apply($id)"), qr/^ERROR/, 'nor Olga apply what nobody approved');
approve_and_apply('olist');

# What came of it.
is(sql(q{SELECT count(*) FROM raw.products WHERE product_category_name = 'Unknown'}), $plain{'products missing_category'}, 'A19: those categories are Unknown, and only those');
is(sql('SELECT count(*), sum(order_total) FROM olist.orders_clean'), $total, 'count and sum of the orders stay');
is(sql(q{SELECT count(*) FROM raw.sale WHERE payment = 'card'}), $plain{'orders card'}, 'A26: cards');
is(sql(q{SELECT count(*) FROM raw.customers WHERE customer_city <> shopanalytics.clean_name(customer_city)}), $plain{'customers untidy_name'} - $cities, 'cities');
is(sql(q{SELECT count(*), min(before ->> 'product_category_name'), min(after ->> 'product_category_name'), min(login) FROM shopanalytics.audit_logs WHERE table_name = 'products'}),
	"$plain{'products missing_category'}||Unknown|olga", 'A19: each change is in audit_logs');
is(as('sue', q{SET ROLE shop; SELECT count(*) FROM shopanalytics.clean_run('olist') WHERE items > 0}), 0, 'another run proposes nothing');
# A24
as('sue', q{SET ROLE shop; SELECT shopanalytics.qa_take('olist', 'after')});
is(as('sue', q{SELECT value_before, value_after, verdict FROM shopanalytics.qa_report('olist') WHERE entity = 'products' AND item = 'missing_category'}),
	"$plain{'products missing_category'}|0|clean", 'the report: no category is missing');
is(as('sue', q{SELECT string_agg(DISTINCT verdict, ', ') FROM shopanalytics.qa_report('olist') WHERE metric IN ('rows', 'sum')}), 'ok', 'rows and sums are as they were');
roll_back('olist');
is(fingerprint(@tables), $before, 'every row is as it was');
as('sue', q{SET ROLE shop; SELECT shopanalytics.qa_take('olist', 'back')});
is(as('sue', q{SELECT count(*), count(*) FILTER (WHERE change <> 0) > 0 FROM shopanalytics.qa_report('olist', 'before', 'back')}) =~ s/^\d+\|//r, 'f', 'and so is every figure');

# Online Retail: lines that came twice, and codes in small letters.
sql(q{
	CREATE SCHEMA till AUTHORIZATION shop;
	SET ROLE shop;
	CREATE TABLE till.line (no bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, invoice text, stock_code text, description text, quantity int, at timestamp, price numeric, customer text, country text)});
$node->command_ok([ 'shopctl', 'load', '--table', 'till.line', '--map',
	'InvoiceNo=invoice,StockCode=stock_code,Description=description,Quantity=quantity,InvoiceDate=at,UnitPrice=price,CustomerID=customer,Country=country', $retail ],
	'load the invoice lines');
sql(q{
	SET ROLE shop;
	ANALYZE till.line;
	CALL shopanalytics.create_store('retail', timezone => 'Europe/London');
	CREATE VIEW till.item AS SELECT no AS row_id, invoice AS order_id, stock_code AS product_id, quantity, price AS unit_price, description, at, customer, country FROM till.line;
	CALL shopanalytics.map_table('retail', 'order_items', 'till.item');
	INSERT INTO retail.clean_rule (entity, name, column_name, issue, action) VALUES
		('order_items', 'double_line', NULL, 'row_number() OVER (PARTITION BY order_id, product_id, quantity, unit_price ORDER BY row_id) > 1', 'exclude');
	INSERT INTO retail.clean_rule (entity, name, column_name, issue, action, fix) VALUES
		('order_items', 'small_code', 'product_id', 'product_id <> upper(product_id)', 'fix', 'upper(product_id)')});
sql(q{SELECT shopanalytics.audit_enable('till.line')});
my $lines = fingerprint('till.line');
my $double = sql('SELECT count(*) - (SELECT count(*) FROM (SELECT FROM till.line GROUP BY invoice, stock_code, quantity, price) g) FROM till.line');
my $small = sql('SELECT count(*) FROM (SELECT DISTINCT ON (invoice, stock_code, quantity, price) stock_code FROM till.line) l WHERE stock_code <> upper(stock_code)');
my $amount = sql('SELECT sum(amount) FROM (SELECT DISTINCT ON (invoice, stock_code, quantity, price) quantity * price AS amount FROM till.line) l');

is(as('sue', q{BEGIN; SET ROLE shop; SELECT count(*), count(DISTINCT key), min(before ->> 'no') > '' FROM shopanalytics.clean_preview('retail', '{double_line}', 20); ROLLBACK}), '20|20|t', 'A14: a look at some of them');
is(as('sue', q{SET ROLE shop; SELECT rule, kind, status, items FROM shopanalytics.clean_run('retail', '{double_line,small_code}') ORDER BY rule}),
	"double_line|dedupe|proposed|$double\nsmall_code|cleanse|proposed|$small", "$double lines that came twice, $small codes");
is(sql(q{SELECT count(*) FROM shopanalytics.change_request WHERE tenant = 'retail' AND kind = 'dedupe' AND approvals_needed = 2}), 1, 'to delete needs two');
approve_and_apply('retail');
is(sql('SELECT count(*), sum(quantity * price) FROM till.line'), (320705 - $double) . "|$amount", 'lines and their sum');
is(sql('SELECT count(*) FROM till.line WHERE stock_code <> upper(stock_code)'), 0, 'no small letters');
is(sql(q{SELECT operation, count(*) FROM shopanalytics.audit_logs WHERE table_name = 'line' GROUP BY 1 ORDER BY 1}), "delete|$double\nupdate|$small", 'each is in audit_logs');

# A line that somebody corrected since is not taken back, and is told; all others are.
my $corrected = sql(q{SELECT key ->> 'no' FROM shopanalytics.change_item i JOIN shopanalytics.change_request r ON r.id = i.request WHERE r.tenant = 'retail' AND i.op = 'U' ORDER BY i.seq LIMIT 1});
sql("UPDATE till.line SET stock_code = 'CORRECTED' WHERE no = $corrected");
foreach my $kind ('cleanse', 'dedupe')
{
	my $back = as('olga', "SELECT shopanalytics.cr_rollback_open((SELECT id FROM shopanalytics.change_request WHERE tenant = 'retail' AND kind = '$kind'))");

	foreach my $who ('ann', 'ben')
	{
		as($who, "SELECT shopanalytics.cr_approve($back, (SELECT content_hash FROM shopanalytics.change_request WHERE id = $back))");
	}
	is(as('olga', "CALL shopanalytics.cr_apply($back, on_conflict => 'skip')"), '', "the $kind is taken back");
}
is(sql(q{SELECT status, count(*) FROM shopanalytics.change_item i JOIN shopanalytics.change_request r ON r.id = i.request WHERE r.tenant = 'retail' AND r.kind <> 'rollback' GROUP BY 1 ORDER BY 1}),
	"rollback_conflict|1\nrolled_back|" . ($double + $small - 1), 'one line was corrected since');
is(sql("SELECT stock_code FROM till.line WHERE no = $corrected"), 'CORRECTED', 'and stays so');
sql("UPDATE till.line SET stock_code = (SELECT before ->> 'stock_code' FROM shopanalytics.change_item WHERE key = '{\"no\": $corrected}' AND op = 'U' ORDER BY request LIMIT 1) WHERE no = $corrected");
is(fingerprint('till.line'), $lines, 'every other line is as it was');

# The proof.
ok(sql('SELECT shopanalytics.seal()') > 0, 'the log is sealed');
is(sql('SELECT count(*) FROM shopanalytics.verify()'), 0, 'and verified');
sql(q{SET session_replication_role = replica; UPDATE shopanalytics.audit_row SET after = '{"product_category_name": "forged"}' WHERE id = (SELECT min(id) FROM shopanalytics.audit_row)});
ok(sql('SELECT count(*) FROM shopanalytics.verify()') > 0, 'a forged entry is found');

$node->stop;
done_testing();
