-- session_key.  The keys are those of Python's uuid.uuid5().
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';

-- Ordinary, a colon in the user, a microsecond later, empty, before 1970, letters outside ASCII, first and last time, infinite
SELECT user_key, ts, shopanalytics.session_key(user_key, ts) AS key, shopanalytics.session_key(user_key, ts) = python AS agrees
  FROM (VALUES ('ann', timestamptz '2024-05-01 09:00+00', uuid '5a48471e-7d2b-57bd-8cc6-eb47e8fbc227'),
               ('a:b', '2024-05-01 09:00+00', 'fd3e6037-6dcb-567d-9d0e-65aada30e9bc'),
               ('ann', '2024-05-01 09:00:00.000001+00', 'c5874dd7-95d9-52b6-be74-a22a72889f98'),
               ('', '1970-01-01 00:00+00', '63985c02-4fb1-5255-b156-49c2d753b89f'),
               ('ann', '1969-12-31 23:59:59.999999+00', '18ce93d6-815e-5007-9ca4-cc8182992543'),
               ('x', '2000-01-01 00:00+00', '8ea55d30-b1f6-52ae-a4f0-14a1106ab2ee'),
               ('änn →', '2024-05-01 09:00+00', '6f2f708d-9d53-5d1e-b162-2290b7cd20db'),
               ('x', '294276-12-31 23:59:59.999999+00', 'c70f6691-6f4c-5b46-ab8c-02f551d815bb'),
               ('x', '4714-11-24 00:00+00 BC', '36064f64-c5bb-542a-a192-575960e15fdd'),
               ('ann', 'infinity', '7686f547-4c84-5f42-9537-b37387b7ebe9'),
               ('ann', '-infinity', '2fceaa41-a7fa-5256-bfbb-7fbb407694a8')) AS v(user_key, ts, python);

-- NULL; a large key
SELECT shopanalytics.session_key(NULL, now()) AS no_user, shopanalytics.session_key('ann', NULL) AS no_start;
SELECT shopanalytics.session_key(repeat('x', 1000000), 'epoch') <> shopanalytics.session_key(repeat('x', 1000001), 'epoch') AS differ;

-- The time zone of the reader does not matter, and no two sessions have one key
SELECT shopanalytics.session_key('ann', '2024-05-01 09:00+00') AS utc;
SET TimeZone = 'Asia/Tokyo';
SELECT shopanalytics.session_key('ann', '2024-05-01 18:00') AS tokyo;
SELECT count(*) AS sessions, count(DISTINCT shopanalytics.session_key(u::text, timestamptz '2024-05-01 09:00+00' + n * interval '1 microsecond')) AS keys
  FROM generate_series(1, 100) AS u, generate_series(1, 1000) AS n;
