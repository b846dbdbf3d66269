# A week of clicks in a shop that knows sessions and no users: YOOCHOOSE.  Sessions,
# paths, sequences and distinct items against plain SQL.
# -- D8
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use RealData;
use Test::More;

my $data = data_folder('yoochoose', 'yoochoose-clicks-100k_train_full.tsv.gz');
my $file = "$data/yoochoose-clicks-100k_train_full.tsv.gz";
my $node = start_node();

$node->safe_psql('postgres', q{
	CREATE TABLE raw ("SessionId" integer, "ItemId" bigint, "Time" numeric);
});
$node->command_ok([ 'shopctl', 'load', '--table', 'raw', '--delimiter', 'tab', $file ], 'load the clicks');
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT "ItemId"), count(DISTINCT "SessionId"), min("Time"), max("Time") FROM raw}),
	'70278|2933|17794|1396314141.719|1396831392.56', 'what was loaded is what the data is described to be');
$node->safe_psql('postgres', q{
	CREATE TABLE click AS
	SELECT row_number() OVER (ORDER BY "SessionId", "Time", "ItemId") AS id, "SessionId" AS user_id, "ItemId" AS item_id, to_timestamp("Time") AS event_time, 'view' AS event_type, "ItemId" % 12 AS category FROM raw;
	CREATE INDEX ON click (user_id, item_id);
	ANALYZE click;
});

# Sessions by name.  Nobody is known: a session is all there is of a user, or there is
# no user at all.
my $counts = q{min(event_time), max(event_time), max(event_time) - min(event_time), count(*), count(*), 0, 0, 0, NULL::numeric, count(DISTINCT item_id), count(DISTINCT category), false, 0.0};
same($node, 'sessions by name', q{SELECT * FROM shopanalytics.session_report('click', 'user_id')}, "SELECT user_id::text, user_id::text, $counts, false FROM click GROUP BY user_id");
same($node, 'sessions of nobody', q{SELECT * FROM shopanalytics.session_report('SELECT NULL::integer AS user_id, user_id AS session, item_id, category, event_time, event_type FROM click', 'session')},
	"SELECT NULL::text, user_id::text, $counts, true FROM click GROUP BY user_id");
is($node->safe_psql('postgres', q{
	SELECT count(*), sum(events), percentile_cont(0.5) WITHIN GROUP (ORDER BY events), max(events), round(extract(epoch FROM max(duration)) / 60, 1)
	  FROM shopanalytics.session_report('click', 'user_id')}), '17794|70278|3|58|251.1', 'sessions as the data is described');

# What is called a session may hold gaps of more than half an hour; times have fractions.
$node->safe_psql('postgres', q{
	CREATE TABLE plain AS
	SELECT *, min(event_time) OVER (PARTITION BY user_id, number) AS start
	  FROM (SELECT *, sum(cut) OVER (PARTITION BY user_id ORDER BY id) AS number
	          FROM (SELECT *, CASE WHEN event_time - lag(event_time) OVER (PARTITION BY user_id ORDER BY id) <= interval '30 minutes' THEN 0 ELSE 1 END AS cut FROM click) AS c) AS n;
	ANALYZE plain});
same($node, 'sessions by name and timeout', q{SELECT * FROM shopanalytics.session_report('click', 'user_id', '30 minutes')}, "SELECT user_id::text, user_id::text, $counts, false FROM plain GROUP BY user_id, number");
same($node, 'window functions', q{
	SELECT id, shopanalytics.sessionize(event_time) OVER w, shopanalytics.session_start(event_time) OVER w, shopanalytics.session_split_reason(event_time) OVER w
	  FROM click WINDOW w AS (PARTITION BY user_id ORDER BY event_time, id)},
	q{SELECT id, number, start, CASE WHEN cut = 0 THEN NULL WHEN number = 1 THEN 'first' ELSE 'timeout' END FROM plain});
same($node, 'in bulk', q{SELECT event_key::bigint, session_number, session_start FROM shopanalytics.sessionize_events('click', key_column => 'id')}, 'SELECT id, number, start FROM plain');
is($node->safe_psql('postgres', q{
	SELECT count(DISTINCT user_id) FROM (SELECT user_id, shopanalytics.session_split_reason(event_time) OVER (PARTITION BY user_id ORDER BY event_time) AS reason FROM click) AS r WHERE reason = 'timeout'}),
	469, 'sessions with a gap inside as the data is described');

# Paths of items, repeats left out, the first five of them.
same($node, 'paths', q{SELECT user_id, shopanalytics.path_agg(event_time, item_id::text, 5) FROM click GROUP BY user_id}, q{
	SELECT user_id, (array_agg(item_id::text ORDER BY event_time, item_id::text COLLATE "C"))[1:5]
	  FROM (SELECT *, lag(item_id) OVER (PARTITION BY user_id ORDER BY event_time, item_id::text COLLATE "C") AS before FROM click) AS c
	 WHERE item_id IS DISTINCT FROM before GROUP BY user_id});

same($node, 'from item to item', q{SELECT * FROM shopanalytics.path_report('click', 3, node_column => 'item_id')}, q{
	SELECT item, next, step, count(*), count(*)
	  FROM (SELECT user_id, item, lead(item) OVER w AS next, row_number() OVER w AS step
	          FROM (SELECT user_id, event_time, item_id::text AS item, lag(item_id::text) OVER (PARTITION BY user_id ORDER BY event_time, item_id::text COLLATE "C") AS before FROM click) AS c
	         WHERE item IS DISTINCT FROM before WINDOW w AS (PARTITION BY user_id ORDER BY event_time, item COLLATE "C")) AS l
	 WHERE next IS NOT NULL AND step < 3 GROUP BY item, next, step});

# Of the two items seen most, a and b: a and later b, directly or within five minutes; how
# often; what came after a, and what before.  Two clicks of one time are not of a and b.
my ($a, $b) = split /\n/, $node->safe_psql('postgres', 'SELECT item_id FROM click GROUP BY item_id ORDER BY count(*) DESC, item_id LIMIT 2');
is($node->safe_psql('postgres', "SELECT count(*) FROM (SELECT FROM click WHERE item_id IN ($a, $b) GROUP BY user_id, event_time HAVING count(*) > 1) AS t"), 0, "items $a and $b are seen at different times");
same($node, 'a and later b', qq{
	SELECT user_id, shopanalytics.sequence_match('(?1).*(?2)', event_time, item_id = $a, item_id = $b),
	       shopanalytics.sequence_match('(?1)(?t<=300)(?2)', event_time, item_id = $a, item_id = $b),
	       shopanalytics.sequence_match('(?1)(?2)', event_time, item_id = $a, item_id = $b, true)
	  FROM click GROUP BY user_id HAVING bool_or(item_id IN ($a, $b))}, qq{
	SELECT user_id, bool_or(item_id = $a AND EXISTS (SELECT FROM click AS b WHERE b.user_id = a.user_id AND b.item_id = $b AND b.event_time > a.event_time)),
	       bool_or(item_id = $a AND EXISTS (SELECT FROM click AS b WHERE b.user_id = a.user_id AND b.item_id = $b AND b.event_time > a.event_time AND b.event_time <= a.event_time + interval '5 minutes')),
	       bool_or(item_id = $a AND next = $b)
	  FROM (SELECT *, lead(item_id) OVER (PARTITION BY user_id ORDER BY event_time) AS next FROM click) AS a
	 GROUP BY user_id HAVING bool_or(item_id IN ($a, $b))});
# Without overlap, a then b: in the row of a and b alone, each b directly after an a.
same($node, 'how often', qq{
	SELECT user_id, shopanalytics.sequence_count('(?1)(?2)', event_time, item_id = $a, item_id = $b) FROM click GROUP BY user_id HAVING bool_or(item_id IN ($a, $b))}, qq{
	SELECT user_id, count(*) FILTER (WHERE item_id = $b AND before = $a)
	  FROM (SELECT *, lag(item_id) OVER (PARTITION BY user_id ORDER BY event_time) AS before FROM click WHERE item_id IN ($a, $b)) AS c
	 GROUP BY user_id});
same($node, 'what comes after the first a, and before', qq{
	SELECT user_id, shopanalytics.sequence_next_node('forward', 'first_match', event_time, item_id::text, true, item_id = $a),
	       shopanalytics.sequence_next_node('backward', 'last_match', event_time, item_id::text, true, item_id = $a)
	  FROM click GROUP BY user_id HAVING bool_or(item_id = $a)}, qq{
	SELECT user_id, (array_agg(next ORDER BY event_time) FILTER (WHERE item_id = $a))[1], (array_agg(before ORDER BY event_time DESC) FILTER (WHERE item_id = $a))[1]
	  FROM (SELECT *, lead(item_id::text) OVER w AS next, lag(item_id::text) OVER w AS before FROM click WINDOW w AS (PARTITION BY user_id ORDER BY event_time)) AS c
	 GROUP BY user_id HAVING bool_or(item_id = $a)});

# Sessions by day of the shop: nobody is there on two days but who clicks through midnight.
same($node, 'active sessions', q{SELECT day, dau, wau, mau FROM shopanalytics.active_users_report('click', timezone => 'Europe/Paris')}, q{
	SELECT day, count(DISTINCT user_id) FILTER (WHERE of = day), count(DISTINCT user_id), count(DISTINCT user_id)
	  FROM generate_series(timestamp '2014-04-01', '2014-04-07', '1 day') AS day
	  JOIN (SELECT DISTINCT user_id, (event_time AT TIME ZONE 'Europe/Paris')::date AS of FROM click) AS c ON of <= day
	 GROUP BY day});
same($node, 'distinct items of each hour and all', q{
	SELECT day, shopanalytics.rolling_count_distinct(item_id) OVER (ORDER BY day RANGE '3 hours' PRECEDING) FROM (SELECT DISTINCT date_trunc('hour', event_time) AS day, item_id FROM click) AS d}, q{
	SELECT d.day, items
	  FROM (SELECT DISTINCT date_trunc('hour', event_time) AS day, item_id FROM click) AS d
	  JOIN (SELECT day, count(DISTINCT item_id) AS items
	          FROM (SELECT DISTINCT date_trunc('hour', event_time) AS day FROM click) AS h JOIN click ON event_time >= day - interval '3 hours' AND event_time < day + interval '1 hour'
	         GROUP BY day) AS w USING (day)});

# An estimate, also when the sketches of the hours are united: at most three of its own
# errors off.
foreach my $column ('item_id', 'user_id')
{
	is($node->safe_psql('postgres', qq{
		SELECT abs(shopanalytics.approx_distinct(s) - n) <= ceil(3 * n * shopanalytics.approx_distinct_error(s)), u::text = s::text
		  FROM (SELECT count(DISTINCT $column) AS n, shopanalytics.approx_distinct_agg($column) AS s FROM click) AS w,
		       (SELECT shopanalytics.rollup(h) AS u FROM (SELECT shopanalytics.approx_distinct_agg($column) AS h FROM click GROUP BY date_trunc('hour', event_time)) AS h) AS r}),
		't|t', "about so many: $column");
}

$node->stop;
done_testing();
