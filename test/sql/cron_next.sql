-- When schedules run: fields, nicknames, intervals; month ends, leap days, days on
-- which the clocks change; what is refused; and a comparison with every minute.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO, DMY';

-- The fields: all, numbers, lists, ranges, steps, names.
SELECT schedule, shopanalytics.cron_next(schedule, '2025-06-11 10:17:30+00') AS next
  FROM (VALUES (1, '* * * * *'), (2, '30 * * * *'), (3, '30 2 * * *'), (4, '5,50,20 10,22 * * *'), (5, '0-10 11 * * *'), (6, '*/25 * * * *'),
               (7, '10-40/15 * * * *'), (8, '0 0 1 * *'), (9, '0 0 11 6 *'), (10, '0 0 * jan,MAR *'), (11, '0 12 * * mon'), (12, '0 12 * * Tue-Thu'),
               (13, '0 12 * * 0'), (14, '0 12 * * 7'), (15, '0 12 * * sat-sun'), (16, '0 12 * * 5-7'), (17, '0 12 * * */3'), (18, '0 12 * may-jul/2 *'),
               (19, E'\t0   12 *\n* *  '), (20, '00 012 * * *'), (21, '*,30 * * * *'), (22, '0 0 */10 * *'), (23, '59 23 31 12 *')) s (n, schedule)
 ORDER BY n;

-- A minute that has begun is over, also to the second.
SELECT shopanalytics.cron_next('17 10 * * *', '2025-06-11 10:16:59.999999+00') AS before,
       shopanalytics.cron_next('17 10 * * *', '2025-06-11 10:17+00') AS at, shopanalytics.cron_next('17 10 * * *', '2025-06-11 10:17:00.000001+00') AS past;

-- Nicknames.
SELECT schedule, shopanalytics.cron_next(schedule, '2025-06-11 10:17:30+00') AS next
  FROM unnest(ARRAY['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly', ' @Daily ']) WITH ORDINALITY s (schedule, n)
 ORDER BY n;

-- Day of month or day of week, when both are restricted; both, when one starts with *.
SELECT t::date, to_char(t, 'Dy') FROM shopanalytics.cron_times('0 0 13 * fri', 8, 'UTC', '2025-06-01') t;
SELECT t::date, to_char(t, 'Dy') FROM shopanalytics.cron_times('0 0 */6 * fri', 4, 'UTC', '2025-06-01') t;
SELECT t::date, to_char(t, 'Dy') FROM shopanalytics.cron_times('0 0 13 * */5', 4, 'UTC', '2025-06-01') t;

-- Month ends and leap days; 2100 has none.
SELECT t::date FROM shopanalytics.cron_times('0 0 31 * *', 5, 'UTC', '2025-01-01') t;
SELECT t::date FROM shopanalytics.cron_times('0 0 29-31 2 *', 3, 'UTC', '2091-01-01') t;
SELECT t::date FROM shopanalytics.cron_times('0 0 L * *', 5, 'UTC', '2024-01-30') t;
SELECT t::date FROM shopanalytics.cron_times('0 0 1,15,l 2 *', 5, 'UTC', '2024-02-01') t;
-- a Sunday that is a leap day, 40 years apart around 2100
SELECT t::date, to_char(t, 'Dy') FROM shopanalytics.cron_times('0 0 29 2 */7', 4, 'UTC', '2025-01-01') t;
SELECT t::date, to_char(t, 'Dy') FROM shopanalytics.cron_times('0 0 L feb */7', 4, 'UTC', '2025-01-01') t;

-- Intervals: from the first Monday of the century, in the zone's time of that day.
SELECT schedule, zone, shopanalytics.cron_next(schedule, '2025-06-11 10:17:30+00', zone) AS next
  FROM (VALUES (1, '5 minutes', 'UTC'), (2, '90 minutes', 'UTC'), (3, '1 hour', 'UTC'), (4, '1 hour', 'Asia/Kathmandu'), (5, '6 hours', 'Europe/Berlin'), (6, '1 week', 'UTC'),
               (7, '1 day 12:00', 'UTC'), (8, '00:00:20', 'UTC'), (9, '1s', 'UTC'), (10, '0.5 day', 'UTC'), (11, '2500ms', 'UTC')) s (n, schedule, zone)
 ORDER BY n;
SELECT t, extract(isodow FROM t) AS weekday FROM shopanalytics.cron_times('1 week', 2, 'UTC', '2025-06-11') t;
SELECT shopanalytics.cron_next('7 days', '1900-01-03') AS long_before;

-- Clocks put forward: fixed times run once, at the end of the gap, whatever of it they
-- name; with an asterisk by the wall clock as it is.
SELECT t AT TIME ZONE 'Europe/Berlin' AS local, t FROM shopanalytics.cron_times('30 2 * * *', 3, 'Europe/Berlin', '2025-03-29 00:00+00') t;
SELECT t AT TIME ZONE 'Europe/Berlin' AS local, t FROM shopanalytics.cron_times('0,30 1,2,3 * * *', 6, 'Europe/Berlin', '2025-03-29 23:10+00') t;
SELECT t AT TIME ZONE 'Europe/Berlin' AS local, t FROM shopanalytics.cron_times('30 * * * *', 4, 'Europe/Berlin', '2025-03-29 23:10+00') t;
SELECT t AT TIME ZONE 'Europe/Berlin' AS local, t FROM shopanalytics.cron_times('*/30 2 * * *', 3, 'Europe/Berlin', '2025-03-29 23:10+00') t;
-- Clocks put back: fixed times run once, the first time.
SELECT t AT TIME ZONE 'Europe/Berlin' AS local, t FROM shopanalytics.cron_times('30 2 * * *', 3, 'Europe/Berlin', '2025-10-25 00:00+00') t;
SELECT shopanalytics.cron_next('30 2 * * *', '2025-10-26 01:15+00', 'Europe/Berlin') AS between_the_two;
SELECT t AT TIME ZONE 'Europe/Berlin' AS local, t FROM shopanalytics.cron_times('*/30 * * * *', 7, 'Europe/Berlin', '2025-10-25 23:10+00') t;
-- A gap at midnight, one of half an hour, one of a whole day, and an interval.
SELECT t AT TIME ZONE 'America/Sao_Paulo' AS local FROM shopanalytics.cron_times('@daily', 3, 'America/Sao_Paulo', '2018-11-03 12:00+00') t;
SELECT t AT TIME ZONE 'Australia/Lord_Howe' AS local FROM shopanalytics.cron_times('15 2 * * *', 3, 'Australia/Lord_Howe', '2025-10-04 00:00+00') t;
SELECT t AT TIME ZONE 'Pacific/Apia' AS local FROM shopanalytics.cron_times('0 9 * * *', 3, 'Pacific/Apia', '2011-12-29 18:00+00') t;
SELECT t AT TIME ZONE 'Europe/Berlin' AS local FROM shopanalytics.cron_times('6 hours', 4, 'Europe/Berlin', '2025-03-29 17:00+00') t;

-- How many are due; none, one, many, and of an interval without counting them.
SELECT schedule, d.* FROM unnest(ARRAY['*/15 * * * *', '0 0 1 1 *', '10 minutes', '1 s']) WITH ORDINALITY s (schedule, n),
    shopanalytics._cron_due(schedule, '2025-06-11 10:00+00', '2025-06-11 11:00+00', 'UTC') d ORDER BY n;
SELECT d.* FROM shopanalytics._cron_due('* * * * *', '2024-01-01 00:00+00', '2025-01-01 00:00+00', 'UTC') d;
SELECT d.* FROM shopanalytics._cron_due('1 second', '-infinity'::timestamptz, '2025-01-01 00:00+00', 'UTC') d;
SELECT d.times FROM shopanalytics._cron_due('1 second', '1000-01-01 00:00+00', '9000-01-01 00:00+00', 'UTC') d;

-- NULL, no rows, the ends of time.
SELECT shopanalytics.cron_next(NULL, now()) IS NULL, shopanalytics.cron_next('@daily', NULL) IS NULL, shopanalytics.cron_next('@daily', now(), NULL) IS NULL,
       (SELECT count(*) FROM shopanalytics.cron_times('@daily', 0));
SELECT shopanalytics.cron_times('@daily', -1);
SELECT shopanalytics.cron_times('@daily', 1000001);
SELECT shopanalytics.cron_next('@daily', 'infinity');
SELECT shopanalytics.cron_next('@daily', '-infinity');
SELECT shopanalytics.cron_next('@daily', '294276-12-31 20:00+00');
SELECT shopanalytics.cron_next('0 0 29 2 *', '294276-12-30 00:00+00', 'Europe/Berlin');
SELECT shopanalytics.cron_next('36500 days', '294276-12-30 00:00+00', 'Europe/Berlin');
SELECT shopanalytics.cron_next('@yearly', '4713-01-02 00:00+00 BC', 'Europe/Berlin') IS NOT NULL AS first_year, shopanalytics.cron_next('@yearly', '294275-12-30 00:00+00') AS last_year;

-- What is refused, and how that is said.
DO $$
DECLARE
    schedule text;
    message text;
    hint text;
BEGIN
    FOREACH schedule IN ARRAY ARRAY[
        '', '   ', '* * * *', '* * * * * *', '5', '60 * * * *', '* 24 * * *', '* * 0 * *', '* * 32 * *', '* * * 13 *', '* * * 0 *', '* * * * 8', '-1 * * * *', '1- * * * *',
        '* * * * mun', '* * * * monday', '* mon * * *', '* * * mon *', '1,,2 * * * *', ',1 * * * *', '1, * * * *', '1/5 * * * *', '*/0 * * * *', '*/61 * * * *', '*/90 * * * *', '0 */25 * * *',
        '*/5/2 * * * *', '50-10 * * * *', '0 22-5 * * *', '* * * nov-feb *', '* * * * fri-mon', '0 0 L-3 * *', '0 0 * * L', '0 0 ? * 1', '0 0 * * 1#2', '0 0 1W * *', '99999999999999999999 * * * *', '1.5 * * * *',
        '0 0 31 2 *', '0 0 30,31 feb *', '0 0 31 4,6,9,11 *', '0 0 31 apr */2',
        '@reboot', '@', '@daily x', '@dailyy', 'fish', 'mon * * * *', '1 month', '1 year 2 days', '0 s', '-5 minutes', '5 minutes ago', '1 day -2 hours', '500ms', '200 years', '5 minuets', '5 minutes!', '1e9 days', 'infinity',
        E'0 0 * * * \u00e4', repeat('x', 10000), repeat('1,', 10000), repeat('* ', 10000), repeat('é', 1000)]
    LOOP
        BEGIN
            PERFORM shopanalytics.cron_next(schedule, '2025-06-11');
            RAISE NOTICE '%: taken', left(schedule, 30);
        EXCEPTION WHEN invalid_parameter_value THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
            RAISE NOTICE E'%\n        %', message, hint;
        END;
    END LOOP;
END $$;
\set VERBOSITY sqlstate
SELECT shopanalytics.cron_next('0 0 31 2 *', now());
SELECT shopanalytics.cron_next('@daily', 'infinity');
\set VERBOSITY default
SELECT shopanalytics.cron_next('@daily', now(), 'Europe/Berln');
SELECT shopanalytics.cron_next('@daily', now(), '');
SELECT shopanalytics.cron_next('@daily', now(), repeat('x', 1000000));

-- The session's settings are nothing to it.
SET timezone = 'Asia/Tokyo';
SET intervalstyle = sql_standard;
SELECT shopanalytics.cron_next('@daily', '2025-06-11 10:17:30+00') AT TIME ZONE 'UTC', shopanalytics.cron_next('1 day 01:00', '2025-06-11 10:17:30+00') AT TIME ZONE 'UTC';
RESET intervalstyle;
SET timezone = 'UTC';

-- Random schedules and every minute around changes of clocks.  A field is made as its
-- text and as the set of its values together, so nothing reads the text but what is tested.
SELECT setseed(0.5);
-- n only has it called again for each row
CREATE FUNCTION pg_temp.random_field(n integer, low integer, high integer, names text[], OUT field text, OUT bits bigint) LANGUAGE plpgsql AS $$
DECLARE
    element text;
    first integer;
    last integer;
    step integer;
    number_of integer := 1 + floor(random() * random() * 4);
BEGIN
    field := '';
    bits := 0;
    IF random() < 0.3 THEN
        field := '*';
        FOR v IN low .. high LOOP bits := bits | (1::bigint << v); END LOOP;
        RETURN;
    END IF;
    FOR i IN 1 .. number_of LOOP
        first := low + floor(random() * (high - low + 1));
        last := first + floor(random() * (high - first + 1));
        step := 1 + floor(random() * (high - low) * random());
        IF random() < 0.15 THEN
            first := low;
            last := high;
            element := '*/' || step;
        ELSIF random() < 0.5 THEN
            last := first;
            step := 1;
            element := CASE WHEN names IS NOT NULL AND random() < 0.5 THEN names[first - low + 1] WHEN random() < 0.5 THEN to_char(first, 'FM00') ELSE first::text END;
        ELSE
            element := concat(first, '-', CASE WHEN names IS NOT NULL AND random() < 0.5 THEN names[last - low + 1] ELSE last::text END);
            IF random() < 0.5 THEN element := element || '/' || step; ELSE step := 1; END IF;
        END IF;
        field := concat(field, CASE i WHEN 1 THEN '' ELSE ',' END, element);
        FOR v IN first .. last BY step LOOP bits := bits | (1::bigint << v); END LOOP;
    END LOOP;
END $$;

-- 14 places and times of which 12 change their clocks within; two days of minutes each, with
-- two days before them to know what the clock has shown already.
CREATE TEMP TABLE place AS
SELECT row_number() OVER () AS place, zone, start::timestamptz, start::timestamptz + interval '2 days' AS until
  FROM (VALUES ('UTC', '2024-02-28 12:00+00'), ('Asia/Kathmandu', '2024-12-31 00:00+00'),
               ('Europe/Berlin', '2025-03-29 10:00+00'), ('Europe/Berlin', '2025-10-25 10:00+00'), ('Europe/Berlin', '2025-10-26 00:30+00'),
               ('America/New_York', '2025-03-08 17:00+00'), ('America/New_York', '2025-11-01 17:00+00'),
               ('Australia/Lord_Howe', '2025-04-04 20:00+00'), ('Australia/Lord_Howe', '2025-10-04 01:00+00'),
               ('America/Sao_Paulo', '2018-11-03 10:00+00'), ('America/Sao_Paulo', '2019-02-16 10:00+00'),
               ('Antarctica/Troll', '2025-03-29 10:00+00'), ('Antarctica/Troll', '2025-10-25 10:00+00'), ('Pacific/Apia', '2011-12-29 10:00+00')) p (zone, start);
CREATE TEMP TABLE shown AS
SELECT place, start, at, at AT TIME ZONE zone AS local, max(at AT TIME ZONE zone) OVER (PARTITION BY place ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
  FROM place, generate_series(start - interval '2 days', until, '1 minute') at;
-- each minute of the wall clock: when it is shown, and when it or a later one is shown first
CREATE TEMP TABLE wall AS
SELECT place, by_clock, at, 1::bigint << extract(minute FROM local)::integer AS mi, 1::bigint << extract(hour FROM local)::integer AS h,
       1::bigint << extract(day FROM local)::integer AS d, 1::bigint << extract(month FROM local)::integer AS mo, 1::bigint << extract(dow FROM local)::integer AS w
  FROM (SELECT place, start, true AS by_clock, at, local FROM shown
        UNION ALL
        SELECT place, start, false, at, l FROM shown, generate_series(before + interval '1 minute', local, '1 minute') l WHERE local > before) m
 WHERE at > start;
CREATE INDEX ON wall (place, by_clock);
ANALYZE wall;
CREATE TEMP TABLE schedule AS
SELECT n, place, concat_ws(' ', mi.field, h.field, d.field, mo.field, w.field) AS text, mi.bits AS mi, h.bits AS h, d.bits AS d, mo.bits AS mo, w.bits | (w.bits >> 7) AS w,
       mi.field LIKE '*%' OR h.field LIKE '*%' AS by_clock, d.field NOT LIKE '*%' AND w.field NOT LIKE '*%' AS either
  FROM generate_series(1, 2100) n, place,
       LATERAL pg_temp.random_field(n, 0, 59, NULL) mi, LATERAL pg_temp.random_field(n, 0, 23, NULL) h, LATERAL pg_temp.random_field(n, 1, 31, NULL) d,
       LATERAL pg_temp.random_field(n, 1, 12, '{JAN,feb,Mar,apr,may,jun,jul,aug,sep,oct,nov,dec}') mo,
       LATERAL pg_temp.random_field(n, 0, 7, '{sun,MON,tue,Wed,thu,fri,sat,7}') w
 WHERE place = 1 + n % 14;
CREATE FUNCTION pg_temp.times(schedule text, start timestamptz, until timestamptz, zone text) RETURNS timestamptz[] LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := start;
    times timestamptz[] := '{}';
BEGIN
    LOOP
        at := shopanalytics.cron_next(schedule, at, zone);
        EXIT WHEN at > until;
        times := times || at;
    END LOOP;
    RETURN times;
EXCEPTION WHEN invalid_parameter_value THEN
    -- no month has such a day
    IF SQLERRM LIKE '%would never run%' THEN RETURN times; END IF;
    RAISE;
END $$;
CREATE TEMP TABLE compared AS
SELECT s.n, s.text, p.zone, p.start, p.until, pg_temp.times(s.text, p.start, p.until, p.zone) AS times,
       ARRAY(SELECT DISTINCT m.at FROM wall m
              WHERE m.place = s.place AND m.by_clock = s.by_clock AND s.mi & m.mi <> 0 AND s.h & m.h <> 0 AND s.mo & m.mo <> 0
                AND CASE WHEN s.either THEN s.d & m.d <> 0 OR s.w & m.w <> 0 ELSE s.d & m.d <> 0 AND s.w & m.w <> 0 END
              ORDER BY m.at) AS expected
  FROM schedule s JOIN place p USING (place);
SELECT count(*) AS schedules, count(DISTINCT text) > 2000 AS different, count(*) FILTER (WHERE expected <> '{}') > 600 AS run, sum(cardinality(expected)) > 50000 AS times FROM compared;
SELECT n, text, zone, start, until, cardinality(times) AS times, cardinality(expected) AS expected FROM compared WHERE times <> expected ORDER BY n LIMIT 5;
-- what is due in the same time is the first, the last and the number of them
SELECT count(*) FROM compared, shopanalytics._cron_due(text, start, until, zone) d
 WHERE expected <> '{}' AND (d.first, d.last, d.times) IS DISTINCT FROM (expected[1], expected[cardinality(expected)], cardinality(expected)::bigint);

-- Random days, against every day of 12 years at noon, which all zones have.
CREATE TEMP TABLE day AS
SELECT d::date AS day, 1::bigint << extract(day FROM d)::integer AS d, 1::bigint << extract(month FROM d)::integer AS mo, 1::bigint << extract(dow FROM d)::integer AS w
  FROM generate_series('2019-01-01'::timestamp, '2030-12-31', '1 day') d;
SELECT count(*) AS schedules, count(*) FILTER (WHERE times <> expected) AS wrong, sum(cardinality(expected)) > 10000 AS times
  FROM (SELECT pg_temp.times('0 12 ' || s.days, '2019-01-01 00:00 America/New_York', '2030-12-31 23:59 America/New_York', 'America/New_York') AS times,
               ARRAY(SELECT (day + time '12:00') AT TIME ZONE 'America/New_York' FROM day
                      WHERE s.mo & day.mo <> 0
                        AND CASE WHEN s.either THEN s.d & day.d <> 0 OR s.w & day.w <> 0 ELSE s.d & day.d <> 0 AND s.w & day.w <> 0 END
                      ORDER BY day) AS expected
          FROM (SELECT regexp_replace(text, '^\S+ \S+ ', '') AS days, d, mo, w, either FROM schedule WHERE n <= 150) s) c;
