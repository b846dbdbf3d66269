-- What a store consists of, as the DDL that builds it.  Each row is ordinary SQL
-- that create_store() runs with the store's schema as search_path; the files in
-- 45-shop and 50-report fill it.  It is seed data, made anew with the extension,
-- and therefore not registered for pg_dump.
CREATE TABLE shopanalytics.store_part (
    name text PRIMARY KEY,
    layer text NOT NULL CHECK (layer IN ('base', 'rule', 'source', 'derived')),
    position integer NOT NULL,
    ddl text NOT NULL,
    UNIQUE (layer, position)
);

GRANT SELECT ON shopanalytics.store_part TO PUBLIC;

COMMENT ON TABLE shopanalytics.store_part IS 'DDL that create_store runs in the schema of a new store';
COMMENT ON COLUMN shopanalytics.store_part.layer IS 'base: kept for good; rule: shipped clean rules; source and derived: rebuilt when the base changes, before and after the checked views';
COMMENT ON COLUMN shopanalytics.store_part.position IS 'order within the layer';
