# Who comes back, and what they bring: a year and a half of a music shop, CDNOW, and a
# year of groceries, Complete Journey.  Cohorts, active users and receipts against plain
# SQL and the figures of the data's description.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use RealData;
use Test::More;

my $data = data_folder('purchase_logs', 'cdnow_elog.csv.gz');
my $file = "$data/cdnow_elog.csv.gz";
my $node = start_node();

# The number of a basket is a text: one is 4.0128e+10.
$node->safe_psql('postgres', q{
	CREATE TABLE cdnow (masterid integer, date date, cds integer, sales numeric);
	CREATE TABLE line (household_id integer, store_id integer, basket_id text, product_id integer, sales_value numeric, transaction_timestamp timestamptz);
});
$node->command_ok([ 'shopctl', 'load', '--table', 'cdnow', '--ignore-extra', '--date-format', 'YYYYMMDD', $file ], 'load the orders of CDNOW');
$node->command_ok([ 'shopctl', 'load', '--table', 'line', '--ignore-extra', "$data/complete_journey_transactions.csv.gz" ], 'load the receipts of Complete Journey');
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT masterid), min(date), max(date), count(*) FILTER (WHERE sales = 0) FROM cdnow'), '6919|2357|1997-01-01|1998-06-30|8', 'orders as the data is described');
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT household_id), count(DISTINCT basket_id), count(DISTINCT product_id), round(sum(sales_value), 2), max(transaction_timestamp) FROM line'),
	'55583|1777|35117|17881|172363.00|2018-01-01 03:47:38+00', 'receipts as the data is described');
$node->safe_psql('postgres', 'CREATE INDEX ON cdnow (masterid); CREATE INDEX ON line (household_id)');

# CDNOW: customers by the month, or the week from Sunday on, of their first order, and all that
# they order later.  Every one of them came in the first quarter.
my $plain = q{
	WITH entry AS (SELECT masterid, min(date) AS first FROM cdnow GROUP BY masterid),
	cohort AS (SELECT %1$s AS p, count(*) AS size FROM entry GROUP BY p),
	later AS (SELECT e.masterid, first, date, sales, %1$s AS p, %2$s AS k FROM entry AS e JOIN cdnow AS o USING (masterid))
	SELECT c.p::timestamptz AS cohort, size, k, (c.p + (k + 1) * interval '%3$s')::timestamptz <= '1998-07-01' AS over,
	       count(DISTINCT masterid) AS customers, count(DISTINCT masterid) FILTER (WHERE date > first) AS returned, count(masterid) AS orders, coalesce(sum(sales), 0) AS revenue
	  FROM cohort AS c CROSS JOIN generate_series(0, %4$d) AS k LEFT JOIN later USING (p, k) GROUP BY c.p, size, k};
my %by = (
	month => [ sprintf($plain, q{date_trunc('month', first)}, q{((extract(year FROM date) - extract(year FROM first)) * 12 + extract(month FROM date) - extract(month FROM first))::integer}, '1 month', 17), 17, 1 ],
	week => [ sprintf($plain, q{(first - extract(dow FROM first)::integer)::timestamp}, q{((date - extract(dow FROM date)::integer) - (first - extract(dow FROM first)::integer)) / 7}, '7 days', 77), 77, 7 ]);
foreach my $period (sort keys %by)
{
	my ($cohorts, $periods, $week_start) = @{ $by{$period} };
	my $arguments = "'$period', $periods, week_start => $week_start, user_column => 'masterid', time_column => 'date', to_time => '1998-07-01'";

	same($node, "revenue by $period", qq{
		SELECT cohort, cohort_size, period_index, is_complete, customers, orders, revenue, cumulative_revenue, ltv
		  FROM shopanalytics.cohort_revenue_report('cdnow', $arguments, amount_column => 'sales') WHERE cohort_size > 0}, qq{
		SELECT cohort, size, k, over, CASE WHEN over THEN customers END, CASE WHEN over THEN orders END, CASE WHEN over THEN revenue END,
		       CASE WHEN over THEN sum(revenue) OVER w END, CASE WHEN over THEN round(sum(revenue) OVER w / size, 2) END
		  FROM ($cohorts) AS c WINDOW w AS (PARTITION BY cohort ORDER BY k)});
	same($node, "retention by $period", qq{
		SELECT cohort, cohort_size, period_index, is_complete, retained, retention_rate, returned_same_period
		  FROM shopanalytics.retention_report('cdnow', $arguments) WHERE cohort_size > 0}, qq{
		SELECT cohort, size, k, over, r, round(r::numeric / size, 4), CASE WHEN over AND k = 0 THEN returned END
		  FROM ($cohorts) AS c, LATERAL (SELECT CASE WHEN NOT over THEN NULL WHEN k = 0 THEN size ELSE returned END) AS l (r)});
	is($node->safe_psql('postgres', qq{
		SELECT sum(cohort_size) FILTER (WHERE period_index = 0), sum(orders), sum(revenue) = (SELECT sum(sales) FROM cdnow WHERE '$period' = 'month' OR date < '1998-06-28')
		  FROM shopanalytics.cohort_revenue_report('cdnow', $arguments, amount_column => 'sales')}),
		'2357|' . $node->safe_psql('postgres', "SELECT count(*) FROM cdnow WHERE '$period' = 'month' OR date < '1998-06-28'") . '|t', "by $period: all customers, orders and revenue of periods that are over");
}
same($node, 'returns within 30 days, by the clock of each customer', q{
	SELECT cohort, cohort_size, period_index, retained
	  FROM shopanalytics.retention_report('cdnow', 'day', 30, clock => 'rolling', user_column => 'masterid', time_column => 'date', to_time => '1998-07-01', mode => 'unbounded') WHERE cohort_size > 0 AND is_complete}, q{
	SELECT first::timestamptz, count(*), k, count(*) FILTER (WHERE k = 0 OR last >= first + k)
	  FROM (SELECT min(date) AS first, max(date) AS last FROM cdnow GROUP BY masterid) AS e, generate_series(0, 30) AS k GROUP BY first, k});

# Complete Journey: households active on each day of the year, by the clocks of the shops.
same($node, 'active households', q{
	SELECT * FROM shopanalytics.active_users_report('line', 'household_id', 'transaction_timestamp', 'America/New_York')}, q{
	WITH seen AS MATERIALIZED (SELECT DISTINCT household_id, (transaction_timestamp AT TIME ZONE 'America/New_York')::date AS of FROM line)
	SELECT d::date, count(*) FILTER (WHERE of = d), count(DISTINCT household_id) FILTER (WHERE of > d - interval '7 days'), count(DISTINCT household_id),
	       round(count(*) FILTER (WHERE of = d)::numeric / count(DISTINCT household_id), 4)
	  FROM (SELECT generate_series(min(of), max(of), interval '1 day') AS d FROM seen) AS c JOIN seen ON of <= d AND of > d - interval '30 days'
	 GROUP BY d});
# A receipt is a session, and all of it is bought.
same($node, 'receipts', q{
	SELECT user_id, session_id, session_start, events, purchases, revenue, products, categories, has_purchased
	  FROM shopanalytics.session_report('SELECT *, ''purchase'' AS event_type FROM line', 'basket_id', user_column => 'household_id', time_column => 'transaction_timestamp',
	                                    price_column => 'sales_value', category_column => 'store_id')},
	'SELECT household_id::text, basket_id, min(transaction_timestamp), count(*), count(*), sum(sales_value), count(DISTINCT product_id), count(DISTINCT store_id), true FROM line GROUP BY household_id, basket_id');
is($node->safe_psql('postgres', q{
	SELECT count(*), round(sum(revenue), 2) FROM shopanalytics.session_report('SELECT *, ''purchase'' AS event_type FROM line', 'basket_id', user_column => 'household_id', time_column => 'transaction_timestamp', price_column => 'sales_value')}),
	'35117|172363.00', 'receipts and sales as the data is described');
same($node, 'sales by week since each household came', q{
	SELECT cohort, cohort_size, period_index, customers, orders, revenue
	  FROM shopanalytics.cohort_revenue_report('line', 'week', 20, clock => 'rolling', timezone => 'America/New_York', user_column => 'household_id', time_column => 'transaction_timestamp', amount_column => 'sales_value')
	 WHERE cohort_size > 0 AND is_complete}, q{
	WITH entry AS (SELECT household_id, min(transaction_timestamp) AS first, date_trunc('week', min(transaction_timestamp) AT TIME ZONE 'America/New_York') AS p FROM line GROUP BY household_id)
	SELECT p AT TIME ZONE 'America/New_York', size, k, count(DISTINCT household_id), count(household_id), coalesce(sum(sales_value), 0)
	  FROM (SELECT p, count(*) AS size FROM entry GROUP BY p) AS c CROSS JOIN generate_series(0, 20) AS k
	  LEFT JOIN (SELECT p, household_id, sales_value, floor(extract(epoch FROM transaction_timestamp - first) / 604800)::integer AS k FROM entry JOIN line USING (household_id)) AS l USING (p, k)
	 WHERE (p + interval '7 days') AT TIME ZONE 'America/New_York' + (k + 1) * interval '168 hours' <= (SELECT max(transaction_timestamp) FROM line)
	 GROUP BY p, size, k});

$node->stop;
done_testing();
