# Views and purchases of a shop, most of them of nobody: DIGINETICA.  Sessions, segments
# and a funnel against plain SQL.
# -- D8 D9
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use RealData;
use Test::More;

my $data = data_folder('diginetica', 'sample_train-item-views.csv.gz');
my $file = "$data/sample_train-item-views.csv.gz";
my $node = start_node();

$node->safe_psql('postgres', q{
	CREATE TABLE item_view (session_id integer, user_id text, item_id integer, timeframe bigint, eventdate date);
	CREATE TABLE purchase (session_id integer, user_id text, item_id integer, timeframe bigint, eventdate date, ordernumber integer);
});
$node->command_ok([ 'shopctl', 'load', '--table', 'item_view', '--delimiter', ';', $file ], 'load the views');
$node->command_ok([ 'shopctl', 'load', '--table', 'purchase', '--delimiter', ';', '--map', 'sessionId=session_id,userId=user_id,itemId=item_id', "$data/train-purchases.csv.gz" ], 'load the purchases');
is($node->safe_psql('postgres', q{SELECT count(*) FILTER (WHERE user_id = 'NA'), count(DISTINCT session_id) FROM item_view}), '7681|2986', 'views as the data is described');
is($node->safe_psql('postgres', q{SELECT count(*), count(*) FILTER (WHERE user_id = 'NA'), count(DISTINCT ordernumber) FROM purchase}), '18025|11322|13506', 'purchases as the data is described');

# Times are milliseconds since the session began, on a day.
$node->safe_psql('postgres', q{
	CREATE TABLE event AS
	SELECT session_id, user_id, item_id, eventdate::timestamptz + timeframe * interval '1 millisecond' AS event_time, 'view' AS event_name FROM item_view
	UNION ALL
	SELECT session_id, user_id, item_id, eventdate::timestamptz + timeframe * interval '1 millisecond', 'purchase' FROM purchase;
	CREATE INDEX ON event (session_id);
	ANALYZE event;
});
my $session = q{
	SELECT user_id, session_id::text, min(event_time) AS start, max(event_time) AS last, count(*) AS events, count(*) FILTER (WHERE event_name = 'view') AS views,
	       count(*) FILTER (WHERE event_name = 'purchase') AS purchases, NULL::numeric AS revenue, count(DISTINCT item_id) AS items, bool_or(event_name = 'purchase') AS buys,
	       round(count(*) FILTER (WHERE event_name = 'purchase')::numeric / nullif(count(*) FILTER (WHERE event_name = 'view'), 0), 4) AS conversion,
	       coalesce(user_id = 'NA', true) AS nobody FROM %s GROUP BY user_id, session_id};
my $ours = q{SELECT user_id, session_id, session_start, session_end, events, views, purchases, revenue, products, has_purchased, conversion, is_anonymous FROM shopanalytics.session_report};

# Who is not known has the name NA, or none: the sessions are the same.
same($node, 'sessions, nobody has a name', "$ours('event', 'session_id', anonymous_user => 'NA')", sprintf $session, 'event');
same($node, 'sessions, nobody has none', "$ours('SELECT session_id, nullif(user_id, ''NA'') AS user_id, item_id, event_time, event_name FROM event', 'session_id')",
	sprintf $session, "(SELECT session_id, nullif(user_id, 'NA') AS user_id, item_id, event_time, event_name FROM event) AS e");
my %source = (
	'a name' => q{'SELECT *, NULL::numeric AS price FROM event', anonymous_user => 'NA'},
	'none' => q{'SELECT session_id, nullif(user_id, ''NA'') AS user_id, event_time, event_name, NULL::numeric AS price FROM event'});
foreach my $name (sort keys %source)
{
	same($node, "segments, nobody has $name",
		"SELECT segment, users, sessions, converting_sessions, conversion_rate FROM shopanalytics.session_segment_report($source{$name}, session_column => 'session_id')", q{
		SELECT name, count(user_id), coalesce(sum(sessions), 0), coalesce(sum(converting), 0), round(sum(converting) / sum(sessions), 4)
		  FROM (VALUES ('power', 10, 1000000), ('active', 5, 9), ('occasional', 2, 4), ('one-time', 1, 1)) AS b (name, least, most)
		  LEFT JOIN (SELECT user_id, count(*) AS sessions, count(*) FILTER (WHERE buys) AS converting
		               FROM (} . (sprintf $session, 'event') . q{) AS s WHERE NOT nobody GROUP BY user_id) AS u ON sessions BETWEEN least AND most
		 GROUP BY name});
}

# From a view to a purchase of the same item in a session, within an hour.
same($node, 'funnel', q{
	SELECT step, users, median_time, avg_time
	  FROM shopanalytics.funnel_report('event', '{view,purchase}', '1 hour', user_column => 'session_id', hold => 'item_id')}, q{
	WITH chain AS (
	    SELECT DISTINCT ON (session_id) session_id, p.event_time - v.event_time AS span
	      FROM event AS v JOIN event AS p USING (session_id, item_id)
	     WHERE v.event_name = 'view' AND p.event_name = 'purchase' AND p.event_time BETWEEN v.event_time AND v.event_time + interval '1 hour'
	     ORDER BY session_id, v.event_time, p.event_time)
	SELECT 1, (SELECT count(DISTINCT session_id) FROM item_view), NULL::interval, NULL::interval
	UNION ALL SELECT 2, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY span), make_interval(secs => round(avg(extract(epoch FROM span)), 6)::float8) FROM chain});
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM shopanalytics.session_report('SELECT session_id AS user_id, session_id, event_time, event_name FROM event', 'session_id') WHERE views > 0 AND purchases > 0}), 138, 'sessions that view and buy as the data is described');

$node->stop;
done_testing();
