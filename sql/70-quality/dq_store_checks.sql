-- The checks that every store should pass: keys, references, signs, times.  Where a
-- clean rule finds the same, the check has its name.

-- With the rights of the caller, who becomes their author; dq_check_add() asks for the
-- duty.  Volatile and parallel unsafe because it writes.
CREATE FUNCTION shopanalytics.dq_store_checks(store text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    draft record;
    added bigint := 0;
BEGIN
    PERFORM shopanalytics._check_store(store);
    FOR draft IN
        SELECT d.entity || '.' || d.name AS name, format('%I.%I', store, d.entity)::regclass AS target, d.kind, d.args, d.level, d.condition, d.nulls,
               CASE d.entity WHEN 'customers' THEN ARRAY['customer_id', 'row_id'] WHEN 'products' THEN ARRAY['product_id', 'row_id'] WHEN 'orders' THEN ARRAY['order_id', 'row_id']
                             WHEN 'order_items' THEN ARRAY['order_id', 'line_number', 'row_id'] ELSE ARRAY['session_id', 'row_id'] END AS keys
          FROM (VALUES
            ('customers', 'rows', 'row_count', '{"range": "[1,)"}'::jsonb, 'fail', NULL, 'ignore'),
            ('products', 'rows', 'row_count', '{"warn_range": "[1,)"}', 'warn', NULL, 'ignore'),
            ('orders', 'rows', 'row_count', '{"range": "[1,)"}', 'fail', NULL, 'ignore'),
            ('order_items', 'rows', 'row_count', '{"warn_range": "[1,)"}', 'warn', NULL, 'ignore'),
            ('sessions', 'rows', 'row_count', '{"warn_range": "[1,)"}', 'warn', NULL, 'ignore'),

            ('customers', 'missing_customer_id', 'not_null', '{"column": "customer_id"}', 'fail', NULL, 'ignore'),
            ('customers', 'duplicate_customer', 'unique', '{"column": "customer_id"}', 'fail', NULL, 'ignore'),
            ('customers', 'missing_email', 'not_null', '{"column": "email"}', 'warn', NULL, 'ignore'),
            ('customers', 'bad_email', 'expression', '{"expression": "shopanalytics.email_valid(shopanalytics.clean_text(email))"}', 'warn', 'shopanalytics.email_status(shopanalytics.clean_text(email)) <> ''empty''', 'ignore'),
            ('customers', 'missing_segment', 'not_null', '{"column": "segment"}', 'warn', NULL, 'ignore'),

            ('products', 'missing_product_id', 'not_null', '{"column": "product_id"}', 'fail', NULL, 'ignore'),
            ('products', 'duplicate_product', 'unique', '{"column": "product_id"}', 'fail', NULL, 'ignore'),
            ('products', 'negative_price', 'range', '{"column": "price", "range": "[0,Infinity)"}', 'fail', NULL, 'ignore'),

            ('orders', 'missing_order_id', 'not_null', '{"column": "order_id"}', 'fail', NULL, 'ignore'),
            ('orders', 'duplicate_order', 'unique', '{"column": "order_id"}', 'fail', NULL, 'ignore'),
            ('orders', 'missing_total', 'not_null', '{"column": "order_total"}', 'fail', NULL, 'ignore'),
            ('orders', 'negative_total', 'range', '{"column": "order_total", "range": "[0,Infinity)"}', 'fail', NULL, 'ignore'),
            ('orders', 'missing_date', 'not_null', '{"column": "order_date"}', 'fail', NULL, 'ignore'),
            ('orders', 'future_date', 'expression', '{"expression": "order_date <= now()"}', 'fail', NULL, 'ignore'),
            ('orders', 'missing_shipment_date', 'not_null', '{"column": "shipment_date"}', 'warn', 'lower(shopanalytics.clean_text(status)) IN (''shipped'', ''delivered'')', 'ignore'),
            ('orders', 'unknown_customer', 'reference', '{"column": "customer_id", "table": "customers"}', 'warn', NULL, 'ignore'),

            ('order_items', 'missing_order_id', 'not_null', '{"column": "order_id"}', 'fail', NULL, 'ignore'),
            ('order_items', 'duplicate_line', 'unique', '{"columns": ["order_id", "line_number"]}', 'warn', 'line_number IS NOT NULL', 'ignore'),
            ('order_items', 'unknown_order', 'reference', '{"column": "order_id", "table": "orders"}', 'fail', NULL, 'ignore'),
            ('order_items', 'unknown_product', 'reference', '{"column": "product_id", "table": "products"}', 'warn', NULL, 'ignore'),
            ('order_items', 'negative_price', 'range', '{"column": "unit_price", "range": "[0,Infinity)"}', 'fail', NULL, 'ignore'),

            ('sessions', 'missing_session_id', 'not_null', '{"column": "session_id"}', 'fail', NULL, 'ignore'),
            ('sessions', 'duplicate_session', 'unique', '{"column": "session_id"}', 'fail', NULL, 'ignore'),
            ('sessions', 'missing_start', 'not_null', '{"column": "session_start"}', 'fail', NULL, 'ignore'),
            ('sessions', 'negative_duration', 'expression', '{"expression": "session_end >= session_start"}', 'fail', NULL, 'ignore'),
            ('sessions', 'zero_duration', 'expression', '{"expression": "session_end <> session_start"}', 'warn', NULL, 'ignore'),
            ('sessions', 'unknown_device', 'expression', jsonb_build_object('expression', format('lower(shopanalytics.clean_text(device)) = ANY ((SELECT known_device FROM %I.store_setting)::text[])', store)), 'warn', NULL, 'fail'),
            ('sessions', 'unknown_customer', 'reference', '{"column": "customer_id", "table": "customers"}', 'warn', NULL, 'ignore')
          ) AS d (entity, name, kind, args, level, condition, nulls)
    LOOP
        CONTINUE WHEN EXISTS (SELECT FROM shopanalytics.dq_check c WHERE c.tenant = store AND c.name = draft.name);
        IF draft.args ? 'table' THEN
            draft.args := draft.args || jsonb_build_object('table', format('%I.%I', store, draft.args ->> 'table'));
        END IF;
        IF draft.kind = 'row_count' THEN
            PERFORM shopanalytics.dq_check_add(store, draft.name, draft.target, draft.kind, draft.args);
        ELSE
            PERFORM shopanalytics.dq_check_add(store, draft.name, draft.target, draft.kind, draft.args, draft.condition, draft.nulls, 'pass',
                CASE draft.level WHEN 'warn' THEN 0 END, CASE draft.level WHEN 'fail' THEN 0 END, key_columns => draft.keys);
        END IF;
        added := added + 1;
    END LOOP;
    RETURN added;
END
$$;

COMMENT ON FUNCTION shopanalytics.dq_store_checks(text) IS 'defines the checks that every store should pass, those that it does not have yet; their number';
