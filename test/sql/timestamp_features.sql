-- B7.  timestamp_features(): what the calendar and the clock of a time zone say.
\pset null '(null)'
SET TimeZone = 'UTC';
SET extra_float_digits = -3;

-- the ends of years, where weeks are of another one; midnight and noon on the circle
SELECT ts, f.year, f.quarter, f.month, f.week, f.day, f.weekday, f.hour, f.is_weekend,
       round(f.hour_sin::numeric, 9) + 0.0 AS hour_sin, round(f.hour_cos::numeric, 9) + 0.0 AS hour_cos,
       round(f.weekday_sin::numeric, 9) + 0.0 AS weekday_sin, round(f.weekday_cos::numeric, 9) + 0.0 AS weekday_cos
  FROM (VALUES ('2024-12-30 00:00+00'::timestamptz), ('2021-01-03 06:59:59.999999+00'), ('2024-02-29 12:00+00'), ('2025-10-04 18:00+00')) v (ts),
       shopanalytics.timestamp_features(ts, 'UTC') f;
-- clocks that change: an hour that comes twice, one that is left out
SELECT ts, f.day, f.hour FROM (VALUES ('2025-10-26 00:30+00'::timestamptz), ('2025-10-26 01:30+00'), ('2025-03-30 00:59+00'), ('2025-03-30 01:00+00')) v (ts),
       shopanalytics.timestamp_features(ts, 'Europe/Berlin') f;
-- no moment, no zone, no end of time; another zone in each row
SELECT ts, timezone, f.year, f.weekday, f.hour, f.is_weekend, f.weekday_cos
  FROM (VALUES ('infinity'::timestamptz, 'UTC'), ('-infinity', 'UTC'), (NULL, 'UTC'), ('2025-01-01', NULL), ('2025-01-01', 'Asia/Kathmandu'), ('2025-01-01', '-03:30'),
               ('4713-01-01 BC', 'UTC'), ('0001-12-31 BC', 'UTC'), ('294276-12-31', 'UTC')) v (ts, timezone),
       shopanalytics.timestamp_features(ts, timezone) f;
SELECT shopanalytics.timestamp_features('2025-01-01', 'Atlantis/Centre');
\echo :SQLSTATE

-- as extract() says, at 20000 moments in zones of all kinds
SELECT timezone, count(*) AS moments,
       count(*) FILTER (WHERE (f.year, f.quarter, f.month, f.week, f.day, f.weekday, f.hour) IS DISTINCT FROM
           (extract(year FROM l), extract(quarter FROM l), extract(month FROM l), extract(week FROM l), extract(day FROM l), extract(isodow FROM l), extract(hour FROM l))) AS calendar,
       count(*) FILTER (WHERE f.is_weekend <> (extract(isodow FROM l) IN (6, 7))) AS weekends,
       count(*) FILTER (WHERE abs(f.hour_sin - sind(15 * extract(hour FROM l)::float8)) + abs(f.hour_cos - cosd(15 * extract(hour FROM l)::float8)) > 1e-14) AS hours,
       count(*) FILTER (WHERE abs(f.weekday_sin - sind(360 * (extract(isodow FROM l)::float8 - 1) / 7)) + abs(f.weekday_cos - cosd(360 * (extract(isodow FROM l)::float8 - 1) / 7)) > 1e-14) AS weekdays
  FROM unnest('{UTC,Europe/Berlin,America/St_Johns,Pacific/Apia,+05:45,PST8PDT,EST}'::text[]) timezone,
       generate_series(1, 20000) i,
       LATERAL (SELECT timestamptz '1900-01-01' + i * interval '1 day 14 hours 23 minutes 7.123456 seconds' AS ts) t,
       LATERAL (SELECT ts AT TIME ZONE timezone AS l) l,
       shopanalytics.timestamp_features(ts, timezone) f
 GROUP BY timezone ORDER BY timezone COLLATE "C";
