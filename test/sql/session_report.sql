-- session_report(): one row per session, straight from the events (D8).
SET TimeZone = 'UTC';
CREATE TEMP TABLE visit (event_time timestamptz, event_type text, product_id bigint, category_id bigint, price numeric, user_id bigint, user_session text);
INSERT INTO visit VALUES
    ('2024-01-01 10:00', 'view', 1, 7, 10, 1, 'a'), ('2024-01-01 10:10', 'view', 1, 7, 10, 1, 'a'), ('2024-01-01 10:20', 'cart', 2, 7, 5.50, 1, 'a'),
    ('2024-01-01 10:30', 'purchase', 2, 7, 5.50, 1, 'a'), ('2024-01-01 11:00', 'purchase', 1, 7, 10, 1, 'a'),
    ('2024-01-01 12:00', 'remove_from_cart', 3, NULL, 1, 1, 'b'), ('2024-01-01 12:00', NULL, NULL, 8, NULL, 1, 'b'),
    ('2024-01-02 09:00', 'view', 4, 9, NULL, 2, 'c'), ('2024-01-02 09:00', 'purchase', 4, 9, NULL, 2, 'c');

-- Sessions by name.
SELECT user_id, session_id, session_start, session_end, duration, events, views, carts, purchases, unknown
  FROM shopanalytics.session_report('visit', 'user_session') ORDER BY session_start;
SELECT session_id, revenue, products, categories, has_purchased, conversion, is_anonymous
  FROM shopanalytics.session_report('visit', 'user_session') ORDER BY session_start;

-- By timeout, 30 minutes unless said; a gap of exactly that goes on (11:00), and a key names the session.
SELECT user_id, session_id = shopanalytics.session_key(user_id, session_start)::text AS is_key, session_start, duration, events
  FROM shopanalytics.session_report('visit') ORDER BY session_start;
SELECT user_id, session_start, events FROM shopanalytics.session_report('visit', timeout => '29 minutes 59.999999 seconds') ORDER BY session_start;
SELECT user_id, session_start, events FROM shopanalytics.session_report('visit', timeout => '0') ORDER BY session_start;

-- S9: a name that comes again after months is two sessions, if there is a timeout too.
SELECT session_id, session_start, session_end FROM shopanalytics.session_report($$VALUES
    (1, 's', timestamptz '2021-01-01 13:00', 'view'), (1, 's', '2021-01-01 13:10', 'view'), (1, 's', '2021-06-01 15:00', 'view')$$,
    'column2', '30 minutes', 'column1', 'column3', 'column4') ORDER BY session_start;

-- One name for several users: a row for each pair (D8); no user is anonymous, and so is the one that stands for nobody.
SELECT user_id, session_id, events, is_anonymous FROM shopanalytics.session_report($$
    SELECT * FROM (VALUES (1, '(not set)', timestamptz '2024-01-01', 'view'), (2, '(not set)', '2024-01-01', 'view'), (NULL, '(not set)', '2024-01-01', 'view'),
        (2, '(not set)', '2024-01-02', 'cart'), (-999999, 'x', '2024-01-01', 'view'), (1, '', '2024-01-01', 'view'), (1, NULL, '2024-01-01', 'view'),
        (1, 'y', NULL, 'view'), (1, 'y', 'infinity', 'view')) AS v(user_id, sid, ts, event_type)$$, 'sid', anonymous_user => '-999999')
 ORDER BY session_id, user_id;
-- Without a name there is no session without a user.
SELECT * FROM shopanalytics.session_report('SELECT NULL::int AS user_id, now() AS ts, ''view'' AS event_name');

-- Columns that are not there give NULL; those of kinds of events can be named.
SELECT revenue, products, categories FROM shopanalytics.session_report('SELECT user_id, event_time, event_type FROM visit WHERE user_id = 2');
SELECT views, carts, purchases, unknown, revenue FROM shopanalytics.session_report('SELECT 1 AS who, now() AS at, unnest(ARRAY[''seen'', ''bought'', ''view'']) AS what, 2 AS paid',
    user_column => 'who', time_column => 'at', event_column => 'what', price_column => 'paid', view_events => '{seen}', purchase_events => '{bought,gift}', cart_events => NULL);
-- Revenue is exact, whatever the type.
SELECT pg_typeof(p) AS type, revenue FROM (VALUES (0.1::numeric)) AS v(p), LATERAL shopanalytics.session_report('SELECT 1 AS user_id, now() AS ts, ''purchase'' AS event_type, 0.1 AS price FROM generate_series(1, 10)');
SELECT revenue FROM shopanalytics.session_report('SELECT 1 AS user_id, now() AS ts, ''purchase'' AS event_type, 0.1::float8 AS price FROM generate_series(1, 10)');
SELECT revenue FROM shopanalytics.session_report('SELECT 1 AS user_id, now() AS ts, ''purchase'' AS event_type, 9223372036854775807 AS price FROM generate_series(1, 10)');
SELECT revenue FROM shopanalytics.session_report('SELECT 1 AS user_id, now() AS ts, ''purchase'' AS event_type, numeric ''NaN'' AS price');

-- Many products in one session, and the same ones in the next.
SELECT session_id, events, products, categories FROM shopanalytics.session_report(
    'SELECT 1 AS user_id, s AS sid, timestamptz ''2024-01-01'' + i * interval ''1 second'' AS ts, ''view'' AS event_type, i % 150 AS product_id, ''c'' || i % 70 AS category
       FROM generate_series(1, 1000) i, (VALUES (''s''), (''t'')) AS v(s)', 'sid') ORDER BY 1;

-- Against plain SQL, ids given: 22,000 small random histories in any order.
CREATE TEMP TABLE history AS
SELECT (hashint8(i) & 2147483647) % 22000 AS user_id, 's' || hashint8(i * 5) % 3 AS user_session, timestamptz '2024-01-01' + ((hashint8(i * 7) & 2147483647) % 20) * interval '10 minutes' AS event_time,
       (ARRAY['view', 'view', 'cart', 'purchase', 'wish', NULL])[1 + (hashint8(i * 11) & 2147483647) % 6] AS event_type,
       ((hashint8(i * 13) & 2147483647) % 500)::numeric / 100 AS price, nullif((hashint8(i * 17) & 2147483647) % 5, 0) AS product_id, nullif((hashint8(i * 19) & 2147483647) % 3, 0) AS category_id
  FROM generate_series(1::bigint, 110000) i;
CREATE TEMP VIEW summed AS
SELECT user_id::text, user_session, min(event_time) AS session_start, max(event_time) AS session_end, max(event_time) - min(event_time) AS duration, count(*) AS events,
       count(*) FILTER (WHERE event_type = 'view') AS views, count(*) FILTER (WHERE event_type = 'cart') AS carts, count(*) FILTER (WHERE event_type = 'purchase') AS purchases,
       count(*) FILTER (WHERE event_type = 'wish' OR event_type IS NULL) AS unknown, coalesce(sum(price) FILTER (WHERE event_type = 'purchase'), 0) AS revenue,
       count(DISTINCT product_id) AS products, count(DISTINCT category_id) AS categories, bool_or(event_type IS NOT DISTINCT FROM 'purchase') AS has_purchased,
       round(count(*) FILTER (WHERE event_type = 'purchase')::numeric / nullif(count(*) FILTER (WHERE event_type = 'view'), 0), 4) AS conversion, false AS is_anonymous
  FROM history GROUP BY user_id, user_session;
CREATE TEMP TABLE by_name AS SELECT * FROM shopanalytics.session_report('history', 'user_session');
SELECT count(*) AS sessions, (SELECT count(DISTINCT user_id) FROM by_name) AS users,
       (SELECT count(*) FROM (TABLE by_name EXCEPT ALL TABLE summed) AS d) AS wrong, (SELECT count(*) FROM (TABLE summed EXCEPT ALL TABLE by_name) AS d) AS missing
  FROM by_name;

-- By timeout, against lag and sum; a timeout that many gaps are equal to.
CREATE TEMP VIEW cut AS
WITH gap AS (SELECT *, coalesce(event_time - lag(event_time) OVER w > interval '30 minutes', true)::int AS starts FROM history WINDOW w AS (PARTITION BY user_id ORDER BY event_time)),
     numbered AS (SELECT *, sum(starts) OVER (PARTITION BY user_id ORDER BY event_time) AS session_number FROM gap)
SELECT user_id::text, session_number, min(event_time) AS session_start, max(event_time) AS session_end, count(*) AS events,
       coalesce(sum(price) FILTER (WHERE event_type = 'purchase'), 0) AS revenue, count(DISTINCT product_id) AS products
  FROM numbered GROUP BY user_id, session_number;
CREATE TEMP TABLE by_timeout AS SELECT user_id, row_number() OVER (PARTITION BY user_id ORDER BY session_start) AS session_number, session_start, session_end, events, revenue, products
  FROM shopanalytics.session_report('SELECT * FROM history ORDER BY hashint8(user_id * 3), event_type DESC', timeout => '30 minutes');
SELECT count(*) AS sessions, (SELECT count(*) FROM (TABLE by_timeout EXCEPT ALL TABLE cut) AS d) AS wrong, (SELECT count(*) FROM (TABLE cut EXCEPT ALL TABLE by_timeout) AS d) AS missing FROM by_timeout;

-- Names and a timeout together are the sessions by timeout of each user under each name.
SELECT count(*) AS differing FROM (
    SELECT user_id, session_id, session_start, session_end, events FROM shopanalytics.session_report('history', 'user_session', '30 minutes')
    EXCEPT ALL
    SELECT split_part(user_id, '/', 1), split_part(user_id, '/', 2), session_start, session_end, events
      FROM shopanalytics.session_report('SELECT user_id || ''/'' || user_session AS user_id, event_time, event_type FROM history')) AS d;

-- Groups in files, and few rows in order or in none, give the same.
SET shopanalytics.intake_memory = '1MB';
SELECT count(*) AS differing FROM (SELECT * FROM shopanalytics.session_report('SELECT * FROM history ORDER BY user_id, event_time DESC', 'user_session') EXCEPT ALL TABLE by_name) AS d;
RESET shopanalytics.intake_memory;

-- Arguments.
SELECT * FROM shopanalytics.session_report('visit', 'user_session', '-1 second');
SELECT * FROM shopanalytics.session_report('visit', timeout => '1 month');
SELECT * FROM shopanalytics.session_report('visit', 'no_column');
SELECT * FROM shopanalytics.session_report('visit', view_events => '{view,NULL}');
SELECT * FROM shopanalytics.session_report('visit', view_events => '{look,cart}');
SELECT * FROM shopanalytics.session_report('SELECT user_id, event_time FROM visit');
