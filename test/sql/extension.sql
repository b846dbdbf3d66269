-- The extension itself: where it lives, and that it goes with everything it made.
SELECT extname, extversion, nspname
  FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
 WHERE extname = 'shopanalytics';

-- Everybody may look; nobody but the owner may create.
SELECT has_schema_privilege('public', 'shopanalytics', 'USAGE') AS usage,
       has_schema_privilege('public', 'shopanalytics', 'CREATE') AS create;

-- Nothing is left behind, neither in its schema nor elsewhere.
DROP EXTENSION shopanalytics;
SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = 'shopanalytics') AS schemas,
       (SELECT count(*) FROM pg_proc WHERE probin LIKE '%shopanalytics%' OR prosrc LIKE '%shopanalytics.%') AS functions,
       (SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_extension'::regclass
           AND refobjid NOT IN (SELECT oid FROM pg_extension)) AS members;

-- A schema that somebody else made is not adopted.
CREATE SCHEMA shopanalytics;
CREATE EXTENSION shopanalytics;
DROP SCHEMA shopanalytics;
CREATE EXTENSION shopanalytics;
