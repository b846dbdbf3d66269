# The sessions, page views and users that Snowplow's package for the web must make of
# its test events, late and doubled ones among them: made with ours.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use RealData;
use Test::More;

my $data = data_folder('sessions_expected', 'snowplow_web_events.csv.gz');
my $node = start_node();

my %rows = (events => 159, sessions_expected => 18, page_views_expected => 41, users_expected => 11);

$node->safe_psql('postgres', q{
	CREATE TABLE events (event_id text, event_name text, domain_userid text, domain_sessionid text, collector_tstamp timestamptz, dvce_created_tstamp timestamptz,
		dvce_sent_tstamp timestamptz, derived_tstamp timestamptz, contexts_com_snowplowanalytics_snowplow_web_page_1_0_0 jsonb);
	CREATE TABLE sessions_expected (domain_sessionid text, domain_userid text, start_tstamp timestamptz, end_tstamp timestamptz, page_views integer, absolute_time_in_s integer);
	CREATE TABLE page_views_expected (page_view_id text, domain_sessionid text, start_tstamp timestamptz, end_tstamp timestamptz, absolute_time_in_s integer, page_views_in_session integer);
	CREATE TABLE users_expected (domain_userid text, start_tstamp timestamptz, end_tstamp timestamptz, page_views integer, sessions integer);
});
foreach my $table (sort keys %rows)
{
	$node->command_ok([ 'shopctl', 'load', '--table', $table, '--ignore-extra', "$data/snowplow_web_$table.csv.gz" ], "load $table");
	is($node->safe_psql('postgres', "SELECT count(*) FROM $table"), $rows{$table}, "$table: $rows{$table} rows");
}

# What the package takes for an event: of a session, sent within three days after it was
# made; of several with one id the one that was collected first, none if two were.  A
# session lasts three days at most, what comes later is not looked at.  Views and pings of a
# page count, if they name it.
$node->safe_psql('postgres', q{
	CREATE TABLE tracked AS
	SELECT event_id, event_name, domain_userid, domain_sessionid, derived_tstamp AS event_time, contexts_com_snowplowanalytics_snowplow_web_page_1_0_0 -> 0 ->> 'id' AS page_view_id
	  FROM (SELECT *, rank() OVER w AS place, count(*) OVER (PARTITION BY event_id, collector_tstamp) AS as_early
	          FROM events WHERE domain_sessionid IS NOT NULL AND dvce_sent_tstamp - dvce_created_tstamp <= interval '3 days'
	        WINDOW w AS (PARTITION BY event_id ORDER BY collector_tstamp)) AS e
	 WHERE place = 1 AND as_early = 1;
	CREATE VIEW of_session AS
	SELECT t.*, t.event_name AS event_type
	  FROM tracked AS t
	  JOIN shopanalytics.sessionize_events('tracked', '3 days', 'domain_sessionid', key_column => 'event_id', max_duration => '3 days') AS s ON s.event_key = t.event_id
	 WHERE s.session_number = 1 AND event_name IN ('page_view', 'page_ping') AND page_view_id IS NOT NULL;
});

# The tracker pings after five seconds for the first time, so a page of which only a ping came was
# opened five seconds before.
my $sessions = q{
	SELECT session_id, session_start - CASE WHEN views = 0 THEN interval '5 seconds' ELSE '0' END AS session_start, session_end, products AS page_views
	  FROM shopanalytics.session_report('of_session', 'domain_sessionid', user_column => 'domain_sessionid', product_column => 'page_view_id')};
same($node, 'sessions', "SELECT session_id, session_start, session_end, round(extract(epoch FROM session_end - session_start)), page_views FROM ($sessions) AS s",
	'SELECT domain_sessionid, start_tstamp, end_tstamp, absolute_time_in_s, page_views FROM sessions_expected');
# A page view is a session whose name is that of the page view.  Here the package leaves
# out pages of which only pings came, and of several views with one id all but the first.
same($node, 'page views', q{
	SELECT session_id, session_start, session_end, duration
	  FROM shopanalytics.session_report('SELECT * FROM of_session AS o WHERE event_name = ''page_ping''
	                                                              OR NOT EXISTS (SELECT FROM of_session AS e WHERE e.page_view_id = o.page_view_id AND e.event_name = ''page_view'' AND e.event_time < o.event_time)',
	                                    'page_view_id', user_column => 'domain_sessionid')
	 WHERE views > 0}, 'SELECT page_view_id, start_tstamp, end_tstamp, end_tstamp - start_tstamp FROM page_views_expected');
same($node, 'users', qq{
	SELECT e.domain_userid, min(session_start), max(session_end), sum(s.page_views), count(*)
	  FROM ($sessions) AS s JOIN sessions_expected AS e ON e.domain_sessionid = s.session_id WHERE e.domain_userid IS NOT NULL GROUP BY e.domain_userid},
	'SELECT domain_userid, start_tstamp, end_tstamp, page_views, sessions FROM users_expected');

# One user has no id, and is kept with the session's name.
is($node->safe_psql('postgres', q{
	SELECT count(*), count(*) FILTER (WHERE is_anonymous), count(DISTINCT session_id) FROM shopanalytics.session_report('of_session', 'domain_sessionid', user_column => 'domain_userid')}),
	$node->safe_psql('postgres', q{
	SELECT count(DISTINCT (domain_userid, domain_sessionid)), count(DISTINCT domain_sessionid) FILTER (WHERE domain_userid IS NULL), 18 FROM of_session}), 'a session of nobody is a session');

$node->stop;
done_testing();
