# Three hours of a large shop: REES46.  Totals, sessions, funnels, retention and the
# rest against plain SQL, and against the figures of the data's description.
# -- D3 D8 D9
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use RealData;
use Test::More;

my $data = data_folder('rees46', '2019-Oct-01_first_hours.csv.gz');
my $file = "$data/2019-Oct-01_first_hours.csv.gz";
my $node = start_node();

$node->safe_psql('postgres', q{
	CREATE TABLE event (event_time timestamptz, event_type text, product_id bigint, category_id bigint, category_code text, brand text,
		price numeric, user_id bigint, user_session uuid);
});
$node->command_ok([ 'shopctl', 'load', '--table', 'event', $file ], 'load the events');
$node->safe_psql('postgres', 'CREATE INDEX ON event (user_id, event_time)');
is($node->safe_psql('postgres', q{
	SELECT count(*), count(DISTINCT user_id), count(DISTINCT product_id), count(DISTINCT user_session), count(*) FILTER (WHERE category_code IS NULL),
	       count(*) FILTER (WHERE brand IS NULL), count(*) FILTER (WHERE price = 0), min(event_time), max(event_time) FROM event}),
	'12978|3419|5212|3858|4395|1835|18|2019-10-01 00:00:00+00|2019-10-01 02:50:00+00', 'what was loaded is what the data is described to be');

# D3: totals, as described and by plain SQL.
is($node->safe_psql('postgres', q{SELECT events_total, views, carts, purchases, unknown FROM shopanalytics.event_totals_report('event')}),
	'12978|12686|123|169|0', 'totals as the data is described');
same($node, 'totals', q{SELECT * FROM shopanalytics.event_totals_report('event')}, q{
	SELECT count(*), v, c, p, count(*) - v - c - p, round(c::numeric / v, 4), round(p::numeric / c, 4), round(p::numeric / v, 4)
	  FROM event, (SELECT count(*) FILTER (WHERE event_type = 'view') AS v, count(*) FILTER (WHERE event_type = 'cart') AS c,
	                      count(*) FILTER (WHERE event_type = 'purchase') AS p FROM event) AS k GROUP BY v, c, p});

# D8: one row per user and session.  One session id is of two users.
my $counts = q{min(event_time), max(event_time), max(event_time) - min(event_time), count(*), count(*) FILTER (WHERE event_type = 'view'),
	count(*) FILTER (WHERE event_type = 'cart'), count(*) FILTER (WHERE event_type = 'purchase'),
	count(*) FILTER (WHERE event_type NOT IN ('view', 'cart', 'purchase')), coalesce(sum(price) FILTER (WHERE event_type = 'purchase'), 0),
	count(DISTINCT product_id), count(DISTINCT category_id), bool_or(event_type = 'purchase'),
	round(count(*) FILTER (WHERE event_type = 'purchase')::numeric / nullif(count(*) FILTER (WHERE event_type = 'view'), 0), 4), false};
my $session = "SELECT user_id::text, user_session::text, $counts FROM event GROUP BY user_id, user_session";
same($node, 'sessions by name', q{SELECT * FROM shopanalytics.session_report('event', 'user_session')}, $session);
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT session_id), sum(events), sum(views), sum(carts), sum(purchases), sum(revenue) = (SELECT sum(price) FROM event WHERE event_type = 'purchase')
	FROM shopanalytics.session_report('event', 'user_session')}), '3859|3858|12978|12686|123|169|t', 'sessions add up to the totals');

# Three of five users made into one who is nobody.
same($node, 'sessions by name, one user anonymous', q{
	SELECT * FROM shopanalytics.session_report('SELECT event_time, event_type, price, user_session, product_id, category_id, CASE WHEN user_id % 5 < 3 THEN -999999 ELSE user_id END AS user_id FROM event',
	                                           'user_session', anonymous_user => '-999999')}, qq{
	SELECT user_id::text, user_session::text, ${\(substr $counts, 0, -5)}user_id = -999999
	  FROM (SELECT event_time, event_type, price, user_session, product_id, category_id, CASE WHEN user_id % 5 < 3 THEN -999999 ELSE user_id END AS user_id FROM event) AS e
	 GROUP BY user_id, user_session});

my $cut = q{
	SELECT *, min(event_time) OVER (PARTITION BY user_id, number) AS start
	  FROM (SELECT *, sum(cut) OVER (PARTITION BY user_id ORDER BY event_time) AS number
	          FROM (SELECT *, CASE WHEN event_time - lag(event_time) OVER (PARTITION BY user_id ORDER BY event_time) <= interval '30 minutes' THEN 0 ELSE 1 END AS cut
	                  FROM event) AS c) AS n};
same($node, 'sessions of 30 minutes', q{SELECT * FROM shopanalytics.session_report('event')},
	"SELECT user_id::text, shopanalytics.session_key(user_id::text, start)::text, $counts FROM ($cut) AS s GROUP BY user_id, start");
is($node->safe_psql('postgres', q{SELECT count(*) FROM shopanalytics.session_report('event')}), 3431, 'sessions of 30 minutes as the data is described');

# D9: what is sold in sessions of which length, and to whom.
my $plain_session = q{SELECT user_id, max(event_time) - min(event_time) AS duration, bool_or(event_type = 'purchase') AS converts,
	coalesce(sum(price) FILTER (WHERE event_type = 'purchase'), 0) AS revenue FROM event GROUP BY user_id, user_session};
same($node, 'durations', q{SELECT * FROM shopanalytics.session_duration_report('event', 'user_session')}, qq{
	SELECT name, count(duration), count(*) FILTER (WHERE converts), round(avg(converts::integer), 4), coalesce(sum(revenue), 0)
	  FROM (VALUES ('< 1 min', interval '0', interval '59.999999 s'), ('1-5 min', '1 min', '4 min 59.999999 s'), ('5-10 min', '5 min', '9 min 59.999999 s'),
	               ('10-30 min', '10 min', '30 min'), ('> 30 min', '30 min 0.000001 s', '1000 years')) AS b (name, least, most)
	  LEFT JOIN ($plain_session) AS s ON duration BETWEEN least AND most
	 GROUP BY name});
same($node, 'segments', q{SELECT * FROM shopanalytics.session_segment_report('event', 'user_session')}, qq{
	SELECT name, count(user_id), coalesce(sum(sessions), 0), coalesce(sum(converting), 0), round(sum(converting) / sum(sessions), 4), coalesce(sum(revenue), 0)
	  FROM (VALUES ('power', 10, 1000000), ('active', 5, 9), ('occasional', 2, 4), ('one-time', 1, 1)) AS b (name, least, most)
	  LEFT JOIN (SELECT user_id, count(*) AS sessions, count(*) FILTER (WHERE converts) AS converting, sum(revenue) AS revenue FROM ($plain_session) AS p GROUP BY user_id) AS s
	         ON sessions BETWEEN least AND most
	 GROUP BY name});
is($node->safe_psql('postgres', q{SELECT (SELECT sum(sessions) FROM shopanalytics.session_duration_report('event', 'user_session')),
	(SELECT sum(sessions) FROM shopanalytics.session_segment_report('event', 'user_session')), (SELECT sum(users) FROM shopanalytics.session_segment_report('event', 'user_session'))}),
	'3859|3859|3419', 'durations and segments hold each session and user once');

# Funnels: every start against every later step within an hour, the deepest chain of a
# user, of these the earliest start, the earliest end.  A user is pending who has such a
# chain whose hour is not over when the data ends.
sub funnel
{
	my ($name, $steps, $user, $hold) = @_;
	my $n = @$steps;
	my $and = $hold ? "AND %s.$hold = s1.$hold" : '';
	my $joins = join '', map { my $b = $_ - 1; qq{
		LEFT JOIN step AS s$_ ON s$_.u = s1.u AND s$_.e = '$steps->[$_ - 1]' AND s$_.t >= s$b.t AND s$_.t <= s1.t + interval '1 hour' } . sprintf $and, "s$_" } 2 .. $n;
	my $level = join ' + ', map { "(s$_.t IS NOT NULL)::integer" } 1 .. $n;
	my $rows = join ' UNION ALL ', map { my ($s, $b) = ($_, $_ - 1); my $span = $s > 1 ? "t$s - t$b" : 'NULL::interval'; my $before = $s > 1 ? "count(*) FILTER (WHERE level >= $b)" : 'count(*)'; qq{
		SELECT NULL::text, $s, '$steps->[$b]', count(*) FILTER (WHERE level >= $s), $before - count(*) FILTER (WHERE level >= $s),
		       count(*) FILTER (WHERE level = $s AND level < $n AND pending), round(count(*) FILTER (WHERE level >= $s)::numeric / $before, 4),
		       round(count(*) FILTER (WHERE level >= $s)::numeric / count(*), 4), percentile_cont(0.5) WITHIN GROUP (ORDER BY $span),
		       make_interval(secs => round(avg(extract(epoch FROM $span)), 6)::float8), percentile_cont(0.9) WITHIN GROUP (ORDER BY $span)
		  FROM best} } 1 .. $n;
	my $held = $hold ? "hold => '$hold'" : 'hold => NULL';

	same($node, $name, "SELECT * FROM shopanalytics.funnel_report('event', '{" . join(',', @$steps) . "}', '1 hour', user_column => '$user', $held)", qq{
		WITH step AS MATERIALIZED (SELECT $user AS u, event_time AS t, event_type AS e, * FROM event),
		chain AS (SELECT s1.u, $level AS level, }
		. join(', ', map { "s$_.t AS t$_" } 1 .. $n) . qq{ FROM step AS s1 $joins WHERE s1.e = '$steps->[0]'),
		best AS (SELECT DISTINCT ON (u) *, bool_or(t1 + interval '1 hour' >= (SELECT max(event_time) FROM event)) OVER (PARTITION BY u, level) AS pending
		           FROM chain ORDER BY u, level DESC, t1, CASE level }
		. join(' ', map { "WHEN $_ THEN t$_" } 1 .. $n) . ' END, ' . join(', ', map { "t$_" } 1 .. $n) . qq{)
		$rows});
	return;
}

funnel('view, cart, purchase', [ 'view', 'cart', 'purchase' ], 'user_id');
funnel('view, purchase', [ 'view', 'purchase' ], 'user_id');
funnel('view, purchase of one product', [ 'view', 'purchase' ], 'user_id', 'product_id');
funnel('view, cart, purchase in a session', [ 'view', 'cart', 'purchase' ], 'user_session');
note($node->safe_psql('postgres', q{SELECT step_name, users, pending, overall_conversion, median_time FROM shopanalytics.funnel_report('event', '{view,cart,purchase}', '1 hour')}));
same($node, 'the aggregate as the report', q{SELECT step::bigint, users FROM shopanalytics.funnel_report('event', '{view,cart,purchase}', '1 hour')}, q{
	SELECT step, count(*)
	  FROM (SELECT shopanalytics.funnel_level(shopanalytics.funnel_agg(event_time, event_type = 'view', event_type = 'cart', event_type = 'purchase'), '1 hour') AS level FROM event GROUP BY user_id) AS l,
	       generate_series(1::bigint, 3) AS step
	 WHERE level >= step GROUP BY step});
# A user's brand is that of the first view or purchase.
same($node, 'funnel by brand', q{SELECT breakdown_value, step, users FROM shopanalytics.funnel_report('event', '{view,purchase}', '1 hour', breakdown => 'brand')}, q{
	SELECT brand, step, count(*) FILTER (WHERE step = 1 OR buys)
	  FROM (SELECT user_id, bool_or(event_type = 'view') AS views,
	               bool_or(EXISTS (SELECT FROM event AS p WHERE p.user_id = e.user_id AND p.event_type = 'purchase' AND e.event_type = 'view'
	                                                        AND p.event_time BETWEEN e.event_time AND e.event_time + interval '1 hour')) AS buys,
	               (array_agg(brand ORDER BY event_time, brand COLLATE "C") FILTER (WHERE event_type IN ('view', 'purchase')))[1] AS brand
	          FROM event AS e GROUP BY user_id) AS u, generate_series(1, 2) AS step
	 WHERE views GROUP BY brand, step});

# Days of a place where midnight is at one o'clock UTC.
same($node, 'active users', q{SELECT * FROM shopanalytics.active_users_report('event', timezone => 'Atlantic/Cape_Verde')}, q{
	SELECT day, count(DISTINCT user_id) FILTER (WHERE of = day), count(DISTINCT user_id), count(DISTINCT user_id),
	       round(count(DISTINCT user_id) FILTER (WHERE of = day)::numeric / count(DISTINCT user_id), 4)
	  FROM (VALUES (date '2019-09-30'), ('2019-10-01')) AS d (day)
	  JOIN (SELECT user_id, (event_time AT TIME ZONE 'Atlantic/Cape_Verde')::date AS of FROM event) AS e ON of <= day
	 GROUP BY day});
same($node, 'active users of a minute', q{
	SELECT event_time, shopanalytics.rolling_count_distinct(user_id) OVER (ORDER BY event_time RANGE '1 minute' PRECEDING) FROM event}, q{
	SELECT e.event_time, users
	  FROM event AS e JOIN (SELECT t, count(DISTINCT user_id) AS users
	                          FROM (SELECT DISTINCT event_time AS t FROM event) AS d JOIN event ON event_time BETWEEN t - interval '1 minute' AND t
	                         GROUP BY t) AS w ON w.t = e.event_time});

# Who comes back in a later hour; an hour counts when it is over.
foreach my $event ([ undef, undef ], [ 'view', 'purchase' ])
{
	my ($start, $return) = map { defined $_ ? "'$_'" : 'NULL' } @$event;

	same($node, "retention by hour, $start to $return",
		"SELECT cohort, cohort_size, period_index, retained, retention_rate, is_complete, returned_same_period FROM shopanalytics.retention_report('event', 'hour', 2, $start, $return)", qq{
		SELECT hour, count(*), k, CASE WHEN over THEN count(*) FILTER (WHERE k = 0 OR returns) END,
		       CASE WHEN over THEN round(count(*) FILTER (WHERE k = 0 OR returns)::numeric / count(*), 4) END, over, CASE WHEN over AND k = 0 THEN count(*) FILTER (WHERE returns) END
		  FROM (SELECT u.*, k, EXISTS (SELECT FROM event AS e WHERE e.user_id = u.user_id AND event_time > first AND (event_type = $return OR $return IS NULL)
		                                                        AND date_trunc('hour', event_time) = hour + k * interval '1 hour') AS returns,
		               hour + (k + 1) * interval '1 hour' <= (SELECT max(event_time) FROM event) AS over
		          FROM (SELECT user_id, min(event_time) AS first, date_trunc('hour', min(event_time)) AS hour FROM event WHERE event_type = $start OR $start IS NULL GROUP BY user_id) AS u,
		               generate_series(0, 2) AS k) AS r
		 GROUP BY hour, k, over});
}

# The price at the last view of the product before each purchase, if any in half an hour.
same($node, 'as of a purchase', q{
	SELECT user_id, product_id, event_time, seen
	  FROM (SELECT *, shopanalytics.asof_last(price, event_time, event_type = 'view', '30 minutes') OVER (PARTITION BY user_id, product_id ORDER BY event_time) AS seen FROM event) AS e
	 WHERE event_type = 'purchase'}, q{
	SELECT p.user_id, p.product_id, p.event_time, v.price
	  FROM event AS p LEFT JOIN LATERAL (SELECT price FROM event AS v WHERE v.user_id = p.user_id AND v.product_id = p.product_id AND v.event_type = 'view'
	                                        AND v.event_time BETWEEN p.event_time - interval '30 minutes' AND p.event_time ORDER BY v.event_time DESC LIMIT 1) AS v ON true
	 WHERE p.event_type = 'purchase'});

# A cart and then a purchase, with views between or not.
same($node, 'sequences', q{
	SELECT user_id, shopanalytics.sequence_match('(?1).*(?2)', event_time, event_type = 'cart', event_type = 'purchase'),
	       shopanalytics.sequence_match_events('(?1)(?t<=120)(?2)', event_time, event_type = 'cart', event_type = 'purchase') FROM event GROUP BY user_id}, q{
	SELECT user_id, bool_or(c.event_time <= p.event_time),
	       CASE WHEN bool_or(near) THEN (array_agg(c.event_time ORDER BY c.event_time, p.event_time) FILTER (WHERE near))[1]
	                                 || (array_agg(p.event_time ORDER BY c.event_time, p.event_time) FILTER (WHERE near))[1:1] ELSE '{}' END
	  FROM event AS c JOIN event AS p USING (user_id), LATERAL (SELECT p.event_time BETWEEN c.event_time AND c.event_time + interval '2 minutes') AS n (near)
	 WHERE c.event_type = 'cart' AND p.event_type = 'purchase' GROUP BY user_id
	UNION ALL
	SELECT user_id, false, '{}' FROM event GROUP BY user_id HAVING NOT (bool_or(event_type = 'cart') AND bool_or(event_type = 'purchase'))});

# From where to where: categories in a session by its name, and events in a session by timeout,
# from the first view to the first purchase after it.
my $link = q{
	SELECT source, target, step, count(DISTINCT user_id), count(*)
	  FROM (SELECT user_id, node AS source, lead(node) OVER w AS target, row_number() OVER w AS step
	          FROM (%s) AS n WINDOW w AS (PARTITION BY path ORDER BY event_time, node COLLATE "C")) AS l
	 WHERE target IS NOT NULL AND step < %d GROUP BY source, target, step};
my $collapsed = q{
	SELECT * FROM (SELECT *, lag(node) OVER (PARTITION BY path ORDER BY event_time, node COLLATE "C") AS before FROM (%s) AS e WHERE node IS NOT NULL) AS c WHERE node IS DISTINCT FROM before};
same($node, 'paths of categories', q{SELECT * FROM shopanalytics.path_report('event', 4, 'user_session', node_column => 'category_code')},
	sprintf $link, (sprintf $collapsed, q{SELECT user_id, (user_id, user_session)::text AS path, event_time, category_code AS node FROM event}), 4);
same($node, 'paths from view to purchase', q{SELECT * FROM shopanalytics.path_report('event', timeout => '30 minutes', start_node => 'view', end_node => 'purchase')},
	sprintf $link, qq{
	SELECT user_id, path, event_time, node
	  FROM (SELECT *, min(event_time) FILTER (WHERE node = 'purchase' AND event_time > first) OVER (PARTITION BY path) AS last
	          FROM (SELECT *, min(event_time) FILTER (WHERE node = 'view') OVER (PARTITION BY path) AS first
	                  FROM (} . (sprintf $collapsed, "SELECT user_id, (user_id, number)::text AS path, event_time, event_type AS node FROM ($cut) AS s") . q{) AS a) AS b) AS c
	 WHERE event_time BETWEEN first AND last}, 10);

$node->stop;
done_testing();
