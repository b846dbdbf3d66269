# Three days of a web server's log: semicomplete.com, published by Elastic.  Nobody
# gives a name to a session here: hosts are sessionized by 30 minutes, against plain
# SQL and the figures of the data's description.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use RealData;
use Test::More;

my $data = data_folder('weblog', 'apache_access_2015-05-17_19.log.gz');
my $file = "$data/apache_access_2015-05-17_19.log.gz";
my $node = start_node();

# The lines as they are, and taken apart in SQL.
$node->safe_psql('postgres', q{
	CREATE TABLE line (line text);
});
$node->command_ok([ 'shopctl', 'load', '--table', 'line', '--no-header', '--delimiter', "\x01", '--quote', '', '--null', "\x02", $file ], 'load the lines');
$node->safe_psql('postgres', q{
	CREATE TABLE hit AS
	WITH part AS MATERIALIZED (SELECT regexp_match(line, '^(\S+) \S+ \S+ \[([^]]+)\] "(\S+) (\S+) [^"]*" (\d+) (\S+) "([^"]*)" "(.*)"$') AS m FROM line)
	SELECT row_number() OVER () AS id, m[1] AS host, m[2]::timestamptz AS ts, m[3] AS method, m[4] AS path, m[5]::integer AS status, m[8] AS agent,
	       m[8] ~* 'bot|crawl|spider|slurp' AS is_robot
	  FROM part;
	CREATE INDEX ON hit (host);
	ANALYZE hit;
});
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT host), count(DISTINCT (host, agent)), count(*) FILTER (WHERE status = 200), count(*) FILTER (WHERE status = 404) FROM hit'),
	'7421|1350|1427|6675|157', 'what was loaded is what the data is described to be');

# The hosts are the users, and the lines are in no order.
my $cut = q{
	SELECT *, min(ts) OVER (PARTITION BY %1$s, number) AS start
	  FROM (SELECT *, sum(cut) OVER (PARTITION BY %1$s ORDER BY ts, id) AS number
	          FROM (SELECT *, CASE WHEN ts - lag(ts) OVER (PARTITION BY %1$s ORDER BY ts, id) <= interval '30 minutes' THEN 0 ELSE 1 END AS cut FROM hit) AS c) AS n};
my $by_host = sprintf $cut, 'host';
my $by_agent = sprintf $cut, 'host, agent';
same($node, 'window functions', q{
	SELECT id, shopanalytics.sessionize(ts) OVER w, shopanalytics.session_start(ts) OVER w FROM hit WINDOW w AS (PARTITION BY host ORDER BY ts)}, "SELECT id, number, start FROM ($by_host) AS p");
same($node, 'in bulk', q{SELECT event_key::bigint, user_id, event_time, session_number, session_start FROM shopanalytics.sessionize_events('hit', user_column => 'host', key_column => 'id')},
	"SELECT id, host, ts, number, start FROM ($by_host) AS p");
same($node, 'report', q{
	SELECT user_id, session_id, session_start, session_end, duration, events, views, carts, unknown, revenue, products, categories, has_purchased, conversion
	  FROM shopanalytics.session_report('hit', user_column => 'host', event_column => 'method', product_column => 'path', category_column => 'status', view_events => '{GET}', cart_events => '{POST}')}, qq{
	SELECT host, shopanalytics.session_key(host, start)::text, start, max(ts), max(ts) - start, count(*), count(*) FILTER (WHERE method = 'GET'), count(*) FILTER (WHERE method = 'POST'),
	       count(*) FILTER (WHERE method NOT IN ('GET', 'POST')), NULL::numeric, count(DISTINCT path), count(DISTINCT status), false,
	       CASE WHEN count(*) FILTER (WHERE method = 'GET') > 0 THEN 0.0 END
	  FROM ($by_host) AS p GROUP BY host, start});
same($node, 'report by host and agent', q{
	SELECT session_start, session_end, events FROM shopanalytics.session_report('SELECT host || '' '' || agent AS user_id, ts, method AS event_type FROM hit')},
	"SELECT start, max(ts), count(*) FROM ($by_agent) AS p GROUP BY host, agent, start");
is($node->safe_psql('postgres', q{
	SELECT (SELECT count(*) FROM shopanalytics.session_report('hit', user_column => 'host', event_column => 'method')),
	       (SELECT count(*) FROM shopanalytics.session_report('SELECT host || '' '' || agent AS user_id, ts, method AS event_type FROM hit'))}),
	'2298|2427', 'sessions by host, and by host and agent, as the data is described');

# When each host was there, from all lines, and hour by hour and then united.
my $plain_ranges = "SELECT host, start, max(ts) + interval '30 minutes' FROM ($by_host) AS p GROUP BY host, start";
same($node, 'ranges', q{SELECT host, lower(s), upper(s) FROM (SELECT host, unnest(shopanalytics.session_ranges(ts, '30 minutes')) AS s FROM hit GROUP BY host) AS r}, $plain_ranges);
# A gap of just the timeout is no end of a session, and the ranges touch: they are one.
same($node, 'ranges of hours, united', q{
	SELECT host, lower(s), upper(s)
	  FROM (SELECT host, unnest(range_agg(s)) AS s
	          FROM (SELECT host, unnest(shopanalytics.session_ranges(ts, '30 minutes')) AS s FROM hit GROUP BY host, date_trunc('hour', ts - interval '5 minutes 30 seconds')) AS h GROUP BY host) AS r}, $plain_ranges);

# Robots: part of the lines, and their sessions are part of the sessions where nobody
# shares an address with one.
my ($hits, $robot_hits) = split /\|/, $node->safe_psql('postgres', 'SELECT count(*), count(*) FILTER (WHERE is_robot) FROM hit');
my %sessions = map { split /\|/ } split /\n/, $node->safe_psql('postgres', q{
	SELECT 'all', count(*) FROM shopanalytics.session_report('SELECT host || agent AS user_id, ts, method AS event_type FROM hit')
	UNION ALL SELECT 'robot', count(*) FROM shopanalytics.session_report('SELECT host || agent AS user_id, ts, method AS event_type FROM hit WHERE is_robot')
	UNION ALL SELECT 'human', count(*) FROM shopanalytics.session_report('SELECT host || agent AS user_id, ts, method AS event_type FROM hit WHERE NOT is_robot')});
is($sessions{robot} + $sessions{human}, $sessions{all}, 'sessions of robots and others are all sessions');
note("robots: $robot_hits of $hits lines, $sessions{robot} of $sessions{all} sessions");
same($node, 'robots by the length of their sessions', q{
	SELECT duration_bucket, sessions FROM shopanalytics.session_duration_report('SELECT host || agent AS user_id, ts, method AS event_type, NULL::numeric AS price FROM hit WHERE is_robot')}, qq{
	SELECT name, count(start)
	  FROM (VALUES ('< 1 min', 0, 60), ('1-5 min', 60, 300), ('5-10 min', 300, 600), ('10-30 min', 600, 1801), ('> 30 min', 1801, 1e9)) AS b (name, least, below)
	  LEFT JOIN (SELECT start, extract(epoch FROM max(ts) - start) AS seconds FROM ($by_agent) AS p WHERE is_robot GROUP BY host, agent, start) AS s ON seconds >= least AND seconds < below
	 GROUP BY name});
# A new session where a host comes with another agent: split, by the change and by the count of changes.
same($node, 'split by agent', q{
	SELECT id, shopanalytics.sessionize(ts, split => other) OVER w, shopanalytics.conditional_change_event(agent) OVER w
	  FROM (SELECT *, agent <> lag(agent) OVER (PARTITION BY host ORDER BY ts, id) AS other FROM hit) AS h WINDOW w AS (PARTITION BY host ORDER BY ts, id)}, q{
	SELECT id, sum(CASE WHEN ts - before <= interval '30 minutes' AND agent = last_agent THEN 0 ELSE 1 END) OVER w, sum(CASE WHEN agent <> last_agent THEN 1 ELSE 0 END) OVER w
	  FROM (SELECT *, lag(ts) OVER w AS before, lag(agent) OVER w AS last_agent FROM hit WINDOW w AS (PARTITION BY host ORDER BY ts, id)) AS h WINDOW w AS (PARTITION BY host ORDER BY ts, id)});

# Days, weeks and those who come back, by the clocks of California.
same($node, 'active hosts', q{SELECT day, dau, wau, mau FROM shopanalytics.active_users_report('hit', 'host', timezone => 'America/Los_Angeles', from_day => '2015-05-16', to_day => '2015-05-20', week_days => 2, month_days => 3)}, q{
	SELECT day, count(DISTINCT host) FILTER (WHERE of = day), count(DISTINCT host) FILTER (WHERE of > day - 2), count(DISTINCT host) FILTER (WHERE of > day - 3)
	  FROM (SELECT date '2015-05-16' + n AS day FROM generate_series(0, 4) AS n) AS d
	  LEFT JOIN (SELECT DISTINCT host, (ts AT TIME ZONE 'America/Los_Angeles')::date AS of FROM hit) AS h ON of <= day
	 GROUP BY day});
same($node, 'hosts that come back', q{
	SELECT cohort, cohort_size, period_index, retained, returned_same_period
	  FROM shopanalytics.retention_report('hit', 'day', 2, user_column => 'host', event_column => 'method', timezone => 'America/Los_Angeles')}, q{
	SELECT day AT TIME ZONE 'America/Los_Angeles', count(*), k, CASE WHEN over THEN count(*) FILTER (WHERE k = 0 OR returns) END, CASE WHEN over AND k = 0 THEN count(*) FILTER (WHERE returns) END
	  FROM (SELECT u.*, k, EXISTS (SELECT FROM hit AS h WHERE h.host = u.host AND h.ts > first AND date_trunc('day', h.ts AT TIME ZONE 'America/Los_Angeles') = day + k * interval '1 day') AS returns,
	               (day + (k + 1) * interval '1 day') AT TIME ZONE 'America/Los_Angeles' <= (SELECT max(ts) FROM hit) AS over
	          FROM (SELECT host, min(ts) AS first, date_trunc('day', min(ts) AT TIME ZONE 'America/Los_Angeles') AS day FROM hit GROUP BY host) AS u, generate_series(0, 2) AS k) AS r
	 GROUP BY day, k, over});

# Pages of a visit in order, and the first page of all as a funnel of two steps.
same($node, 'paths', q{SELECT host, shopanalytics.path_agg(ts, path, 3) FROM hit GROUP BY host}, q{
	SELECT host, (array_agg(path ORDER BY ts, path COLLATE "C"))[1:3]
	  FROM (SELECT *, lag(path) OVER (PARTITION BY host ORDER BY ts, path COLLATE "C") AS before FROM hit) AS h WHERE path IS DISTINCT FROM before GROUP BY host});
same($node, 'from the first page to any other', q{
	SELECT step, users FROM shopanalytics.funnel_report('SELECT host, ts, CASE path WHEN ''/'' THEN ''home'' ELSE ''page'' END AS event_type FROM hit', '{home,page}', '30 minutes', user_column => 'host')}, q{
	SELECT step, count(*) FILTER (WHERE step = 1 OR goes_on)
	  FROM (SELECT host, bool_or(EXISTS (SELECT FROM hit AS p WHERE p.host = h.host AND p.path <> '/' AND p.ts BETWEEN h.ts AND h.ts + interval '30 minutes')) AS goes_on
	          FROM hit AS h WHERE path = '/' GROUP BY host) AS g, generate_series(1, 2) AS step GROUP BY step});

$node->stop;
done_testing();
