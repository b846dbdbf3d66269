# A real shop's invoice lines, with returns and missing customers: UCI Online
# Retail.  Compared with plain SQL and with the figures of the data's description.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $data = ($ENV{SHOPANALYTICS_SHARED} // '../shared') . '/data/online_retail';
my $file = "$data/online_retail_2010-12_2011-08.csv.gz";
plan skip_all => "no data in $data" unless -e $file;

my $node = PostgreSQL::Test::Cluster->new('retail');
$node->init;
$node->start;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';

$node->safe_psql('postgres', q{
    CREATE EXTENSION shopanalytics;
    CREATE TABLE line (invoice text, stock_code text, description text, quantity int, at timestamp, price numeric, customer text, country text);
});
$node->command_ok([ 'shopctl', 'load', '--table', 'line', '--map',
    'InvoiceNo=invoice,StockCode=stock_code,Description=description,Quantity=quantity,InvoiceDate=at,UnitPrice=price,CustomerID=customer,Country=country', $file ],
    'load the invoice lines');
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT invoice), count(DISTINCT customer), sum(quantity * price), count(*) FILTER (WHERE customer IS NULL), count(*) FILTER (WHERE description IS NULL) FROM line'),
    '320705|16459|3360|5761931.382|88652|1161', 'what was loaded is what the data is described to be');

# An invoice is an order; CustomerID went through a float once; C marks a cancellation.
$node->safe_psql('postgres', q{
    CREATE VIEW shop_order AS
    SELECT invoice AS order_id, min(split_part(customer, '.', 1)) AS customer_id, min(at) AS order_date, sum(quantity * price) AS order_total,
           CASE WHEN invoice LIKE 'C%' THEN 'cancelled' ELSE 'completed' END AS status
      FROM line GROUP BY invoice;
    CREATE VIEW shop_item AS SELECT invoice AS order_id, stock_code AS product_id, quantity, price AS unit_price FROM line;
    CREATE VIEW shop_product AS SELECT stock_code AS product_id, description AS name FROM line GROUP BY 1, 2;
    CREATE VIEW shop_customer AS SELECT split_part(customer, '.', 1) AS customer_id, min(country) AS country, min(at) AS signup_date FROM line WHERE customer IS NOT NULL GROUP BY 1;
    CALL shopanalytics.create_store('retail', timezone => 'Europe/London');
    CALL shopanalytics.map_table('retail', 'customers', 'shop_customer');
    CALL shopanalytics.map_table('retail', 'products', 'shop_product');
    CALL shopanalytics.map_table('retail', 'orders', 'shop_order');
    CALL shopanalytics.map_table('retail', 'order_items', 'shop_item');
    CALL shopanalytics.stage('retail');
});

my %plain = (
    'orders_checked: negative_total' => 'SELECT count(*) FROM (SELECT FROM line GROUP BY invoice HAVING sum(quantity * price) < 0) o',
    'orders_checked: missing_customer' => 'SELECT count(DISTINCT invoice) FROM line l WHERE NOT EXISTS (SELECT FROM line o WHERE o.invoice = l.invoice AND o.customer IS NOT NULL)',
    'orders_checked: total_mismatch' => 'SELECT 0',
    'order_items_checked: non_positive_quantity' => 'SELECT 6772',
    'order_items_checked: negative_price' => 'SELECT 2',
    'order_items_checked: unknown_product' => 'SELECT 0',
    'order_items_checked: unknown_order' => 'SELECT 0',
    'products_checked: duplicate_product' => 'SELECT count(*) - count(DISTINCT stock_code) FROM (SELECT DISTINCT stock_code, description FROM line) p');
foreach my $case (sort keys %plain)
{
    my ($view, $issue) = split /: /, $case;

    is($node->safe_psql('postgres', "SELECT count(*) FROM retail.$view WHERE '$issue' = ANY (issues)"), $node->safe_psql('postgres', $plain{$case}), $case);
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM retail.products_clean'), 3774, 'one row per stock code');
is($node->safe_psql('postgres', 'SELECT count(*), sum(order_total) FROM retail.orders_stage'), '16459|5761931.382', 'orders keep count and sum');

# Revenue of a day: invoices that are neither cancelled nor negative.
my $daily = q{
    SELECT at::date AS day, sum(total) FILTER (WHERE total >= 0 AND NOT cancelled), count(*) FILTER (WHERE total >= 0 AND NOT cancelled),
           count(*) FILTER (WHERE total < 0), count(*) FILTER (WHERE total >= 0 AND cancelled)
      FROM (SELECT min(at) AS at, sum(quantity * price) AS total, invoice LIKE 'C%' AS cancelled FROM line GROUP BY invoice) o GROUP BY 1};
is($node->safe_psql('postgres', qq{SELECT count(*) FROM (
    (SELECT * FROM ($daily) p EXCEPT SELECT day, revenue, orders, flagged_orders, cancelled_orders FROM retail.kpi_daily)
    UNION ALL (SELECT day, revenue, orders, flagged_orders, cancelled_orders FROM retail.kpi_daily WHERE orders + flagged_orders + cancelled_orders > 0 EXCEPT SELECT * FROM ($daily) p)) d}),
    0, 'every day: revenue, orders, flagged and cancelled agree with plain SQL');
is($node->safe_psql('postgres', 'SELECT count(*), count(*) FILTER (WHERE orders > 0) FROM retail.kpi_daily'), '274|219', '219 days with sales in a calendar of 274');
is($node->safe_psql('postgres', 'SELECT sum(revenue) + sum(flagged_revenue) + (SELECT coalesce(sum(order_total), 0) FROM retail.orders_clean WHERE is_cancelled AND NOT is_flagged) FROM retail.kpi_daily'),
    '5761931.382', 'what counts, what is flagged and what is cancelled add up to the whole');

$node->stop;
done_testing();
