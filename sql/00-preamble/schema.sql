-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION shopanalytics" to load this file. \quit

-- No IF NOT EXISTS: a schema that somebody else made must not be adopted.
CREATE SCHEMA shopanalytics;

GRANT USAGE ON SCHEMA shopanalytics TO PUBLIC;

COMMENT ON SCHEMA shopanalytics IS 'shop analytics: functions, stores and reports';
