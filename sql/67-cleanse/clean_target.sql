-- What stands behind a base table of a store: the table whose rows a proposal changes,
-- its primary key, and a query for the rows of the base table with the key beside each,
-- as "key 1" and so on.  A base table that was mapped is a view as map_table() writes
-- it, over a table or over a view of the user's that shows the key.  Without a way to
-- the rows, problem says why.  STABLE: reads the catalog.
CREATE FUNCTION shopanalytics._clean_target(
    store text,
    entity text,
    OUT target regclass,
    OUT target_name text,
    OUT key name[],
    OUT base text,
    OUT problem text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    relation regclass := format('%I.%I', store, entity);
    mapped regclass := relation;   -- what the base table reads, itself unless it is a view
    mapped_name text := format('%I.%I', store, entity);
    text_of_view text;
    key_list text;
    hidden text;
BEGIN
    IF shopanalytics._kind(store, entity) = 'VIEW' THEN
        text_of_view := pg_get_viewdef(relation);
        SELECT d.refobjid, format('%I.%I', n.nspname, c.relname) INTO mapped, mapped_name
          FROM pg_rewrite w
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
          JOIN pg_class c ON c.oid = d.refobjid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE w.ev_class = relation AND d.refobjid <> relation
           AND text_of_view LIKE '%FROM ' || replace(replace(format('%I.%I', n.nspname, c.relname), '\', '\\'), '_', '\_') || ' t;'
         LIMIT 1;
        IF NOT FOUND THEN
            problem := format('the view %I.%I is not as map_table made it', store, entity);
            RETURN;
        END IF;
    END IF;

    SELECT v.source_table INTO target FROM shopanalytics._base_column(mapped) v WHERE v.source_table IS NOT NULL LIMIT 1;
    IF NOT FOUND THEN
        problem := format('%s is not a view of the rows of one table', mapped_name);
        RETURN;
    END IF;
    SELECT format('%I.%I', n.nspname, c.relname) INTO target_name
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = target;

    SELECT array_agg(a.attname ORDER BY k.place), string_agg(format('t.%I AS %I', v.name, 'key ' || k.place), ', ' ORDER BY k.place),
           string_agg(quote_ident(a.attname), ', ' ORDER BY k.place) FILTER (WHERE v.name IS NULL)
      INTO key, key_list, hidden
      FROM pg_index i
     CROSS JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY k (attnum, place)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
      LEFT JOIN LATERAL (SELECT v.name FROM shopanalytics._base_column(mapped) v
                           JOIN pg_attribute m ON m.attrelid = mapped AND m.attname = v.name AND m.atttypid = a.atttypid
                          WHERE v.source_table = target AND v.source_column = a.attname
                          ORDER BY m.attnum LIMIT 1) v ON true
     WHERE i.indrelid = target AND i.indisprimary;
    IF key IS NULL THEN
        problem := format('%s has no primary key', target_name);
    ELSIF hidden IS NOT NULL THEN
        problem := format('%s does not show the primary key of %s: %s', mapped_name, target_name, hidden);
    ELSIF mapped = relation THEN
        base := format('SELECT %s, t.* FROM %s t', key_list, mapped_name);
    ELSE
        base := regexp_replace(rtrim(text_of_view, ';'), '^\s*SELECT ', 'SELECT ' || replace(key_list, '\', '\\') || ', ');
    END IF;
END
$$;
