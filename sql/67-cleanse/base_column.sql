-- The column of a table that each column of a table or view stands for; null for one
-- that is computed, by more than a cast.  STABLE: reads the catalog.
CREATE FUNCTION shopanalytics._base_column(relation regclass, OUT name name, OUT source_table regclass, OUT source_column name)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
