# Two days of real visits to a hotel search site, which say themselves which session
# an event is of: trivago.  Sessions by those names, and sessions found by timeout,
# against plain SQL; and how well the timeout finds what the site calls a session.
# -- D8
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use RealData;
use Test::More;

my $data = data_folder('trivago', 'trivago_events.csv.gz');
my $file = "$data/trivago_events.csv.gz";
my $node = start_node();

$node->safe_psql('postgres', q{
	CREATE TABLE raw (user_id text, session_id text, "timestamp" bigint, step integer, action_type text, reference text, platform text, city text,
		device text, current_filters text, impressions text, prices text);
});
$node->command_ok([ 'shopctl', 'load', '--table', 'raw', $file ], 'load the events');
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT user_id), count(DISTINCT session_id), count(DISTINCT (user_id, session_id)) FROM raw'),
	'75114|4894|5624|5624', 'what was loaded is what the data is described to be');

# Who leaves for a booking site buys, at the price at which the hotel was shown.
$node->safe_psql('postgres', q{
	CREATE TABLE event AS
	SELECT row_number() OVER (ORDER BY user_id, "timestamp", session_id, step) AS id, user_id, session_id, to_timestamp("timestamp") AS event_time,
	       action_type AS event_type, reference AS product_id, device AS category,
	       (string_to_array(prices, '|'))[array_position(string_to_array(impressions, '|'), reference)]::numeric AS price
	  FROM raw;
	ANALYZE event;
});

# Sessions by name.
my $kinds = q{view_events => '{interaction item image,interaction item info,interaction item rating}', cart_events => '{interaction item deals}',
	purchase_events => '{clickout item}'};
my $counts = q{min(event_time), max(event_time), max(event_time) - min(event_time), count(*),
	count(*) FILTER (WHERE event_type IN ('interaction item image', 'interaction item info', 'interaction item rating')),
	count(*) FILTER (WHERE event_type = 'interaction item deals'), count(*) FILTER (WHERE event_type = 'clickout item'),
	count(*) FILTER (WHERE event_type NOT IN ('interaction item image', 'interaction item info', 'interaction item rating', 'interaction item deals', 'clickout item')),
	coalesce(sum(price) FILTER (WHERE event_type = 'clickout item'), 0), count(DISTINCT product_id), count(DISTINCT category),
	bool_or(event_type = 'clickout item'),
	round(count(*) FILTER (WHERE event_type = 'clickout item')::numeric
		/ nullif(count(*) FILTER (WHERE event_type IN ('interaction item image', 'interaction item info', 'interaction item rating')), 0), 4), false};
my $by_name = "SELECT user_id, session_id, $counts FROM event GROUP BY user_id, session_id";

same($node, 'sessions by name', "SELECT * FROM shopanalytics.session_report('event', 'session_id', $kinds)", $by_name);
same($node, 'sessions by name, events in no order', qq{SELECT * FROM shopanalytics.session_report('SELECT * FROM event ORDER BY md5(id::text)', 'session_id', $kinds)}, $by_name);
same($node, 'sessions by name, in temporary files', "SELECT * FROM shopanalytics.session_report('event', 'session_id', $kinds)", $by_name,
	q{SET shopanalytics.intake_memory = '1MB'; SET client_min_messages = warning});
is($node->safe_psql('postgres', "SELECT count(*), sum(events), sum(purchases), count(*) FILTER (WHERE has_purchased) FROM shopanalytics.session_report('event', 'session_id', $kinds)"),
	'5624|75114|10078|5338', 'sessions, events, clickouts and sessions with one as the data is described');

# A name that comes back after 30 minutes is another session: plain SQL cuts within the name.
same($node, 'sessions by name and timeout', "SELECT * FROM shopanalytics.session_report('event', 'session_id', '30 minutes', $kinds)", qq{
	SELECT user_id, session_id, $counts
	  FROM (SELECT *, sum(cut) OVER (PARTITION BY user_id, session_id ORDER BY event_time, id) AS part
	          FROM (SELECT *, CASE WHEN event_time - lag(event_time) OVER (PARTITION BY user_id, session_id ORDER BY event_time, id) > interval '30 minutes' THEN 1 ELSE 0 END AS cut
	                  FROM event) AS c) AS p
	 GROUP BY user_id, session_id, part});

# Sessions by timeout: by the window functions, in bulk, by report, as ranges, and
# by plain SQL, which looks at the gap before each event and adds up.
my @minutes = (5, 15, 30, 60);
foreach my $minutes (@minutes)
{
	$node->safe_psql('postgres', qq{
		CREATE TABLE plain_$minutes AS
		SELECT *, min(event_time) OVER (PARTITION BY user_id, number) AS start
		  FROM (SELECT *, sum(cut) OVER (PARTITION BY user_id ORDER BY event_time, id) AS number
		          FROM (SELECT *, CASE WHEN event_time - lag(event_time) OVER w <= interval '$minutes minutes' THEN 0 ELSE 1 END AS cut
		                  FROM event WINDOW w AS (PARTITION BY user_id ORDER BY event_time, id)) AS c) AS n;
		ANALYZE plain_$minutes});

	my $plain = "SELECT id, user_id, event_time, number, start FROM plain_$minutes";
	same($node, "window functions, $minutes minutes", qq{
		SELECT id, user_id, event_time, shopanalytics.sessionize(event_time, '$minutes minutes') OVER w, shopanalytics.session_start(event_time, '$minutes minutes') OVER w
		  FROM event WINDOW w AS (PARTITION BY user_id ORDER BY event_time)}, $plain);
	same($node, "in bulk, $minutes minutes",
		"SELECT event_key::bigint, user_id, event_time, session_number, session_start FROM shopanalytics.sessionize_events('event', '$minutes minutes', key_column => 'id')", $plain);
	same($node, "report, $minutes minutes", "SELECT * FROM shopanalytics.session_report('event', timeout => '$minutes minutes', $kinds)",
		"SELECT user_id, shopanalytics.session_key(user_id, start)::text, $counts FROM plain_$minutes GROUP BY user_id, start");
	same($node, "ranges, $minutes minutes", qq{
		SELECT user_id, lower(s), upper(s)
		  FROM (SELECT user_id, unnest(shopanalytics.session_ranges(event_time, '$minutes minutes')) AS s FROM event GROUP BY user_id) AS r},
		"SELECT user_id, start, max(event_time) + interval '$minutes minutes' FROM plain_$minutes GROUP BY user_id, start");
}
is($node->safe_psql('postgres', "SELECT count(*) FROM shopanalytics.session_report('event')"), 5701, 'sessions of 30 minutes as the data is described');

# With limits there is no short plain SQL; the window functions and the bulk form agree.
same($node, 'sessions of at most an hour and 50 events',
	q{SELECT event_key::bigint, session_number, session_start FROM shopanalytics.sessionize_events('event', '30 minutes', key_column => 'id', max_duration => '1 hour', max_events => 50)},
	q{SELECT id, shopanalytics.sessionize(event_time, '30 minutes', max_duration => '1 hour', max_events => 50) OVER w,
	         shopanalytics.session_start(event_time, '30 minutes', max_duration => '1 hour', max_events => 50) OVER w
	    FROM event WINDOW w AS (PARTITION BY user_id ORDER BY event_time, id)});
is($node->safe_psql('postgres', q{
	SELECT max(count) <= 50, max(length) <= interval '1 hour'
	  FROM (SELECT count(*) AS count, max(event_time) - min(event_time) AS length
	          FROM shopanalytics.sessionize_events('event', '30 minutes', max_duration => '1 hour', max_events => 50) GROUP BY user_id, session_number) AS s}),
	't|t', 'no session is over the limits');

# Found sessions and named ones: of two consecutive events of a user, are they of one
# session?  There are 75,114 events of 4,894 users, hence 70,220 pairs; 5,624 sessions
# that do not interleave, hence 730 pairs of different names.
my $pair = q{
	SELECT session_id = lag(session_id) OVER w AS named, session_number = lag(session_number) OVER w AS found
	  FROM event JOIN shopanalytics.sessionize_events('event', '%d minutes', key_column => 'id') AS f ON f.event_key = event.id::text
	WINDOW w AS (PARTITION BY event.user_id ORDER BY event.id)};
my %found;
foreach my $minutes (@minutes)
{
	my ($pairs, $named, $missed, $wrong) = split /\|/, $node->safe_psql('postgres', sprintf(
		"SELECT count(*), count(*) FILTER (WHERE NOT named), count(*) FILTER (WHERE NOT named AND found), count(*) FILTER (WHERE named AND NOT found)
		   FROM ($pair) AS p WHERE named IS NOT NULL", $minutes));
	my $whole = $node->safe_psql('postgres', qq{
		SELECT count(*)
		  FROM (SELECT user_id, session_start, session_end, events FROM shopanalytics.session_report('event', timeout => '$minutes minutes')
		        INTERSECT SELECT user_id, session_start, session_end, events FROM shopanalytics.session_report('event', 'session_id')) AS s});

	is("$pairs|$named", '70220|730', "$minutes minutes: pairs");
	$found{$minutes} = { agree => 100 * ($pairs - $missed - $wrong) / $pairs, missed => $missed, wrong => $wrong, whole => $whole };
	note(sprintf "timeout %d minutes: %.3f %% of pairs agree; of 730 ends of sessions %d are found, %d others are wrong; %d of 5624 sessions are the same",
		$minutes, $found{$minutes}{agree}, 730 - $missed, $wrong, $whole);
}

# At 30 minutes the description of the data leaves nothing open: 84 new names come sooner.
# So of the 730 ends 646 are found, and 5,701 sessions of 4,894 users have 807 ends: the
# other 161 are wrong, in 154 sessions with a longer gap inside.  245 pairs of 70,220
# disagree.
is("$found{30}{missed}|$found{30}{wrong}", '84|161', '30 minutes: what the data is described to give');
cmp_ok($found{30}{agree}, '>=', 100 - 100 * 245 / 70220, '30 minutes: the share that follows');
# To cut nowhere would agree in all pairs but 730.  A timeout is worth having if it is
# better than that, and a longer one cuts nothing that a shorter does not.
foreach my $minutes (15, 30, 60)
{
	cmp_ok($found{$minutes}{agree}, '>', 100 - 100 * 730 / 70220, "$minutes minutes: better than not to cut");
}
foreach my $i (1 .. $#minutes)
{
	my ($short, $long) = @found{ @minutes[ $i - 1, $i ] };

	ok($long->{missed} >= $short->{missed} && $long->{wrong} <= $short->{wrong}, "$minutes[$i] minutes: cuts a part of what $minutes[$i - 1] cut");
}

# From a look at a hotel to the click on it, in one session: each start against every end.
same($node, 'funnel within a session', q{
	SELECT step, users, dropped, median_time, avg_time, p90_time
	  FROM shopanalytics.funnel_report('event', '{interaction item image,clickout item}', '10 minutes', user_column => 'session_id', hold => 'product_id')}, q{
	WITH chain AS (
	    SELECT DISTINCT ON (v.session_id) v.session_id, c.event_time - v.event_time AS span
	      FROM event AS v
	      LEFT JOIN event AS c ON c.session_id = v.session_id AND c.product_id = v.product_id AND c.event_type = 'clickout item'
	                          AND c.event_time BETWEEN v.event_time AND v.event_time + interval '10 minutes'
	     WHERE v.event_type = 'interaction item image'
	     ORDER BY v.session_id, c.event_time IS NULL, v.event_time, c.event_time)
	SELECT 1, count(*), 0, NULL::interval, NULL::interval, NULL::interval FROM chain
	UNION ALL
	SELECT 2, count(span), count(*) - count(span), percentile_cont(0.5) WITHIN GROUP (ORDER BY span), avg(span), percentile_cont(0.9) WITHIN GROUP (ORDER BY span) FROM chain});

# What a session's events were, repeats left out; a second may have several, which are
# then in the order of their bytes.
same($node, 'paths', q{SELECT session_id, shopanalytics.path_agg(event_time, event_type, NULL) FROM event GROUP BY session_id}, q{
	SELECT session_id, array_agg(event_type ORDER BY event_time, event_type COLLATE "C")
	  FROM (SELECT *, lag(event_type) OVER (PARTITION BY session_id ORDER BY event_time, event_type COLLATE "C") AS before FROM event) AS e
	 WHERE event_type IS DISTINCT FROM before
	 GROUP BY session_id});

$node->stop;
done_testing();
