# A real shop's files, from CSV to daily KPIs: Olist.  Loaded by shopctl, mapped,
# cleaned, and compared with plain SQL over the raw tables and with the figures
# that the data's description gives.  -- A15 A16 A20 A22 A30 A40
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $data = ($ENV{SHOPANALYTICS_SHARED} // '../shared') . '/data/olist';
plan skip_all => "no data in $data" unless -e "$data/olist_orders_dataset.csv.gz";

my $node = PostgreSQL::Test::Cluster->new('olist');
$node->init;
$node->start;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';

# The raw tables have the files' own columns, times as the files have them: local, without zone.
$node->safe_psql('postgres', q{
    CREATE EXTENSION shopanalytics;
    CREATE SCHEMA raw;
    CREATE TABLE raw.orders (order_id text, customer_id text, order_status text, order_purchase_timestamp timestamp,
        order_approved_at timestamp, order_delivered_carrier_date timestamp, order_delivered_customer_date timestamp,
        order_estimated_delivery_date timestamp);
    CREATE TABLE raw.order_items (order_id text, order_item_id int, product_id text, seller_id text,
        shipping_limit_date timestamp, price numeric, freight_value numeric);
    CREATE TABLE raw.order_payments (order_id text, payment_sequential int, payment_type text, payment_installments int, payment_value numeric);
    CREATE TABLE raw.order_reviews (review_id text, order_id text, review_score int, review_comment_title text,
        review_comment_message text, review_creation_date timestamp, review_answer_timestamp timestamp);
    CREATE TABLE raw.customers (customer_id text, customer_unique_id text, customer_zip_code_prefix text, customer_city text, customer_state text);
    CREATE TABLE raw.products (product_id text, product_category_name text, product_name_lenght int, product_description_lenght int,
        product_photos_qty int, product_weight_g int, product_length_cm int, product_height_cm int, product_width_cm int);
    CREATE TABLE raw.sellers (seller_id text, seller_zip_code_prefix text, seller_city text, seller_state text);
    CREATE TABLE raw.geolocation (geolocation_zip_code_prefix text, geolocation_lat float8, geolocation_lng float8,
        geolocation_city text, geolocation_state text);
    CREATE TABLE raw.category_translation (product_category_name text, product_category_name_english text);
});

# Row counts as the data's description gives them.
my @file = (
    [ 'orders', 'olist_orders_dataset', 8135 ],
    [ 'order_items', 'olist_order_items_dataset', 8365 ],
    [ 'order_payments', 'olist_order_payments_dataset', 8924 ],
    [ 'order_reviews', 'olist_order_reviews_dataset', 8225 ],
    [ 'customers', 'olist_customers_dataset', 8135 ],
    [ 'products', 'olist_products_dataset', 5460 ],
    [ 'sellers', 'olist_sellers_dataset', 1610 ],
    [ 'geolocation', 'olist_geolocation_dataset', 45928 ],
    [ 'category_translation', 'product_category_name_translation', 71 ]);
foreach my $file (@file)
{
    my ($table, $name, $rows) = @$file;

    $node->command_ok([ 'shopctl', 'load', '--table', "raw.$table", "$data/$name.csv.gz" ], "load $name");
    is($node->safe_psql('postgres', "SELECT count(*) FROM raw.$table"), $rows, "$table: $rows rows");
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM raw.order_reviews WHERE review_comment_message ~ E'\n'}) > 0, 1, 'line breaks inside quotes are kept');
is($node->safe_psql('postgres', q{SELECT count(*) FILTER (WHERE order_approved_at IS NULL), count(*) FILTER (WHERE order_delivered_carrier_date IS NULL),
    count(*) FILTER (WHERE order_delivered_customer_date IS NULL) FROM raw.orders}), '146|1782|2965', 'empty fields are null');

# The person is customer_unique_id; an order's total is what was paid.
$node->safe_psql('postgres', q{
    CREATE VIEW raw.shop_customer AS
    SELECT c.customer_unique_id AS customer_id, c.customer_state AS segment, 'BR' AS country, o.order_purchase_timestamp AS signup_date
      FROM raw.customers c LEFT JOIN raw.orders o USING (customer_id);
    CREATE VIEW raw.shop_order AS
    SELECT o.order_id, c.customer_unique_id AS customer_id, o.order_purchase_timestamp AS order_date, p.paid AS order_total,
           p.payment_method, o.order_status AS status, o.order_delivered_carrier_date AS shipment_date
      FROM raw.orders o JOIN raw.customers c USING (customer_id)
      LEFT JOIN (SELECT order_id, sum(payment_value) AS paid, min(payment_type) AS payment_method FROM raw.order_payments GROUP BY order_id) p USING (order_id);
    CREATE VIEW raw.shop_item AS
    SELECT order_id, order_item_id AS line_number, product_id, 1 AS quantity, price + freight_value AS unit_price FROM raw.order_items;
    CALL shopanalytics.create_store('olist', timezone => 'America/Sao_Paulo');
    CALL shopanalytics.map_table('olist', 'customers', 'raw.shop_customer');
    CALL shopanalytics.map_table('olist', 'products', 'raw.products', '{"category": "product_category_name"}');
    CALL shopanalytics.map_table('olist', 'orders', 'raw.shop_order');
    CALL shopanalytics.map_table('olist', 'order_items', 'raw.shop_item');
    CALL shopanalytics.stage('olist');
});

# 8,135 rows, 8,016 persons
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT customer_id) FROM olist.customers_clean'), '8016|8016', 'one row per person');
is($node->safe_psql('postgres', 'SELECT count(*) FROM olist.customers_stage'), 8016, 'staged persons');
is($node->safe_psql('postgres', q{
    SELECT count(*) FROM olist.customers_clean k JOIN (SELECT customer_id, max(signup_date)::date AS latest FROM raw.shop_customer GROUP BY customer_id) p USING (customer_id)
     WHERE k.signup_date IS DISTINCT FROM p.latest}), 0, 'the row with the latest sign-up stays');

# Each rule against plain SQL over the raw tables.
my %expected = (
    # 26; the description's 30 counts four differences of one cent that floating point makes larger
    'orders total_mismatch' => q{SELECT count(*) FROM (SELECT order_id, sum(price + freight_value) AS due FROM raw.order_items GROUP BY order_id) i
        JOIN (SELECT order_id, sum(payment_value) AS paid FROM raw.order_payments GROUP BY order_id) p USING (order_id) WHERE abs(paid - due) > 0.01},
    'orders missing_shipment_date' => q{SELECT count(*) FROM raw.orders WHERE order_status IN ('shipped', 'delivered') AND order_delivered_carrier_date IS NULL},
    'orders shipped_before_ordered' => q{SELECT count(*) FROM raw.orders WHERE order_delivered_carrier_date < order_purchase_timestamp},
    'customers duplicate_customer' => 'SELECT count(*) - count(DISTINCT customer_unique_id) FROM raw.customers',
    'customers missing_email' => 'SELECT count(*) FROM raw.customers',
    'products missing_category' => 'SELECT count(*) FROM raw.products WHERE product_category_name IS NULL');
my $found = $node->safe_psql('postgres', q{
    SELECT e || ' ' || name, n FROM (
        SELECT 'orders' AS e, unnest(issues) AS name, count(*) AS n FROM olist.orders_checked GROUP BY 2
        UNION ALL SELECT 'customers', unnest(issues), count(*) FROM olist.customers_checked GROUP BY 2
        UNION ALL SELECT 'products', unnest(issues), count(*) FROM olist.products_checked GROUP BY 2
        UNION ALL SELECT 'order_items', unnest(issues), count(*) FROM olist.order_items_checked GROUP BY 2) f ORDER BY 1});
my %found = map { split /\|/ } split /\n/, $found;
foreach my $issue (sort keys %expected)
{
    my $plain = $node->safe_psql('postgres', $expected{$issue});

    is($found{$issue} // 0, $plain, "$issue: $plain");
}
is(join(', ', grep { !exists $expected{$_} } sort keys %found), '', 'no other issue is found');
is($found{'products missing_category'}, 111, 'missing_category as the data is described');

# Daily figures against plain SQL over the raw tables; local time is the store's time.
my $daily = q{
    SELECT order_purchase_timestamp::date AS day, sum(payment_value) AS revenue, count(DISTINCT order_id) AS orders, count(DISTINCT customer_unique_id) AS customers
      FROM raw.orders JOIN raw.customers USING (customer_id) JOIN raw.order_payments USING (order_id)
     WHERE order_status NOT IN ('canceled', 'unavailable')
     GROUP BY 1};
is($node->safe_psql('postgres', qq{SELECT count(*) FROM (
    (SELECT * FROM ($daily) p EXCEPT SELECT day, revenue, orders, new_customers + returning_customers FROM olist.kpi_daily)
    UNION ALL (SELECT day, revenue, orders, new_customers + returning_customers FROM olist.kpi_daily WHERE orders > 0 EXCEPT SELECT * FROM ($daily) p)) d}),
    0, 'every day: revenue, orders and customers agree with plain SQL');
is($node->safe_psql('postgres', 'SELECT sum(new_customers) FROM olist.kpi_daily'),
    $node->safe_psql('postgres', q{SELECT count(DISTINCT customer_unique_id) FROM raw.orders JOIN raw.customers USING (customer_id) WHERE order_status NOT IN ('canceled', 'unavailable')}),
    'every customer is new once');
is($node->safe_psql('postgres', 'SELECT sum(cancelled_orders) FROM olist.kpi_daily'), 625 + 609, 'cancelled and unavailable orders as the data is described');
is($node->safe_psql('postgres', 'SELECT count(*) FROM olist.orders_clean WHERE items = 0'), 775, 'orders without items as the data is described');

# Nothing was written to the raw tables, and a second stage changes nothing.
$node->safe_psql('postgres', q{CREATE TABLE before AS SELECT * FROM olist.orders_stage; CALL shopanalytics.stage('olist')});
is($node->safe_psql('postgres', 'SELECT count(*) FROM ((TABLE before EXCEPT ALL TABLE olist.orders_stage) UNION ALL (TABLE olist.orders_stage EXCEPT ALL TABLE before)) d'), 0, 'a second stage changes nothing');
is($node->safe_psql('postgres', 'SELECT count(*) FROM raw.customers'), 8135, 'raw rows are untouched');

$node->stop;
done_testing();
