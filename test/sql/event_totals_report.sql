-- event_totals_report(): the funnel of totals (D3).
CREATE TEMP TABLE event (event_type text, user_id bigint);
INSERT INTO event SELECT kind, nullif(i % 7, 0) FROM (VALUES ('view', 961), ('cart', 21), ('purchase', 18), ('wish', 3), (NULL, 2)) AS v(kind, n), generate_series(1, n) i;
SELECT * FROM shopanalytics.event_totals_report('event');
-- The same by plain SQL.
SELECT count(*), count(*) FILTER (WHERE event_type = 'view') AS views, count(*) FILTER (WHERE event_type = 'cart') AS carts, count(*) FILTER (WHERE event_type = 'purchase') AS purchases,
       count(*) FILTER (WHERE event_type IS NULL OR event_type NOT IN ('view', 'cart', 'purchase')) AS unknown, round(21 / 961.0, 4) AS view_to_cart, round(18 / 21.0, 4) AS cart_to_purchase,
       round(18 / 961.0, 4) AS view_to_purchase
  FROM event;

-- Rates of nothing are NULL; names of Google Analytics 4 are known, others can be given, and types other than text.
SELECT * FROM shopanalytics.event_totals_report('SELECT ''purchase'' AS event_name WHERE false');
SELECT * FROM shopanalytics.event_totals_report('SELECT unnest(ARRAY[''page_view'', ''view_item'', ''add_to_cart'', ''begin_checkout'']) AS event_name');
SELECT * FROM shopanalytics.event_totals_report('SELECT unnest(ARRAY[1, 1, 2, 3, 4]) AS action', 'action', '{1}', '{2}', '{3,4}');

-- Many names, which are looked up and compared in no time; one may be listed twice as the same kind.
CREATE FUNCTION pg_temp.names(prefix text) RETURNS text[] LANGUAGE sql AS $$ SELECT array_agg(prefix || i % 30000) FROM generate_series(1, 40000) i $$;
SELECT * FROM shopanalytics.event_totals_report('SELECT e || i AS event_type FROM unnest(ARRAY[''v'', ''c'', ''p'', ''x'']) e, generate_series(0, 29999) i',
                                                view_events => pg_temp.names('v'), cart_events => pg_temp.names('c'), purchase_events => pg_temp.names('p'));
SELECT * FROM shopanalytics.event_totals_report('event', NULL, '{}', '{b,a,purchase}', '{c,purchase}');

SELECT * FROM shopanalytics.event_totals_report('SELECT 1 AS action');
SELECT * FROM shopanalytics.event_totals_report('event', view_events => '{view,purchase}');
SELECT * FROM shopanalytics.event_totals_report('event', cart_events => ARRAY[NULL]);
SELECT * FROM shopanalytics.event_totals_report(NULL);
