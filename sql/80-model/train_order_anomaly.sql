-- A34, A36, A38, C9: which orders are bad, learned from those known to be.

-- Names in a rule are looked up as they are in the view.
CREATE FUNCTION shopanalytics._rule_columns(store text, issue text) RETURNS text[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET standard_conforming_strings = on
AS $$
BEGIN
    PERFORM set_config('search_path', format('%I, pg_temp', store), true);
    RETURN shopanalytics._expression_columns(issue, format('%I.orders_source', store)::regclass);
END
$$;

-- The columns by which orders come to be flagged: a model that is to find flagged
-- orders must not see them, or what is made of them.
CREATE FUNCTION shopanalytics._flag_columns(store text) RETURNS text[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rule record;
    columns text[] := '{}';
BEGIN
    FOR rule IN EXECUTE format('SELECT issue FROM %I.clean_rule
                                 WHERE entity = ''orders'' AND enabled AND severity = ''error'' AND action <> ''exclude''', store) LOOP
        columns := columns || shopanalytics._rule_columns(store, rule.issue);
    END LOOP;
    RETURN columns;
END
$$;

-- The features of all orders, with is_bad_order.  Names in bad_orders are looked up
-- as here, in no schema: what is kept with the model must mean the same tomorrow.
CREATE FUNCTION shopanalytics._order_training_query(store text, bad_orders text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known text := bad_orders;
BEGIN
    IF bad_orders IS NULL THEN
        RETURN format('SELECT f.*, f.is_flagged AS is_bad_order FROM %I.order_features f', store);
    END IF;
    IF known !~* '^\s*(\(|(select|values|with|table)\M)' THEN
        known := format('TABLE %s', known::regclass);
    END IF;
    RETURN format(E'SELECT f.*, b.order_id IS NOT NULL AS is_bad_order\n'
                  '  FROM %I.order_features f\n'
                  '  LEFT JOIN (SELECT DISTINCT order_id::text AS order_id FROM (%s\n) known) b ON b.order_id = f.order_id::text',
                  store, known);
END
$$;

-- The features that a model may use.
CREATE FUNCTION shopanalytics._order_model_features(store text, bad_orders text, exclude text[]) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    barred text[] := '{}';
    unknown text;
    features text[];
BEGIN
    SELECT e INTO unknown FROM unnest(exclude) e
     WHERE e IS NULL OR e NOT IN (SELECT f.feature FROM shopanalytics._order_feature_columns() f)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'exclude names %, which is no feature of an order', coalesce(quote_literal(unknown), 'null')
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'The features are ' || (SELECT string_agg(f.feature, ', ') FROM shopanalytics._order_feature_columns() f) || '.';
    END IF;
    IF bad_orders IS NULL THEN
        barred := shopanalytics._flag_columns(store);
    END IF;
    SELECT array_agg(f.feature) INTO features FROM shopanalytics._order_feature_columns() f
     WHERE NOT f.columns && barred AND f.feature <> ALL (coalesce(exclude, '{}'));
    IF features IS NULL THEN
        RAISE EXCEPTION 'no feature is left to learn from' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN features;
END
$$;

-- What the store's orders are scored by from now on.
CREATE PROCEDURE shopanalytics._choose_order_model(store text, model text, version integer, threshold double precision, bad_orders text, features text[])
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('INSERT INTO %I.order_model AS m (model, version, threshold, bad_orders, features) VALUES ($1, $2, $3, $4, $5)
                        ON CONFLICT (only_row) DO UPDATE SET (model, version, threshold, bad_orders, features, chosen_at)
                         = (excluded.model, excluded.version, excluded.threshold, excluded.bad_orders, excluded.features, excluded.chosen_at)', store)
      USING model, version, threshold, bad_orders, features;
    EXECUTE format('DELETE FROM %I.order_flags f WHERE f.model <> $1', store) USING model;
END
$$;

-- Labels: VOLATILE, it stores models and flags; not STRICT, a missing store is an error.
CREATE FUNCTION shopanalytics.train_order_anomaly(
    store text,
    bad_orders text DEFAULT NULL,
    exclude text[] DEFAULT '{}',
    class_weight text DEFAULT 'none',
    test_fraction double precision DEFAULT 0.25,
    seed bigint DEFAULT 42) RETURNS TABLE (
    kind text,
    model text,
    version integer,
    status text,
    is_chosen boolean,
    n_train bigint,
    n_test bigint,
    roc_auc double precision,
    average_precision double precision,
    threshold double precision,
    accuracy double precision,
    "precision" double precision,
    recall double precision,
    flagged bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    query text;
    features text[];
    trained shopanalytics.train_result[];
    result shopanalytics.train_result;
    chosen shopanalytics.train_result;
    best record;
BEGIN
    PERFORM shopanalytics._check_store_owner(store);
    query := shopanalytics._order_training_query(store, bad_orders);
    features := shopanalytics._order_model_features(store, bad_orders, exclude);
    trained := ARRAY[
        shopanalytics.train_logistic(store || '.order_anomaly_logistic', query, 'is_bad_order', features, 'order_id',
            class_weight => class_weight, null_policy => 'indicator', test_fraction => test_fraction, seed => seed),
        shopanalytics.train_forest(store || '.order_anomaly_forest', query, 'is_bad_order', features, 'order_id',
            class_weight => class_weight, test_fraction => test_fraction, seed => seed)];

    -- The model that explains itself in log-odds comes first: the other must rank better.
    FOREACH result IN ARRAY trained LOOP
        IF result.status = 'ok' AND (chosen.model IS NULL OR result.average_precision > chosen.average_precision) THEN
            chosen := result;
        END IF;
    END LOOP;
    IF chosen.model IS NULL THEN
        RAISE EXCEPTION 'neither model of the orders of store "%" can be used: the logistic regression is %, the forest %', store, trained[1].status, trained[2].status
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    FOREACH result IN ARRAY trained LOOP
        CONTINUE WHEN result.status <> 'ok';
        kind := result.kind;
        model := result.model;
        version := result.version;
        status := result.status;
        is_chosen := result.model = chosen.model;
        n_train := result.n_train;
        n_test := result.n_test;
        roc_auc := result.roc_auc;
        average_precision := result.average_precision;
        threshold := 0.5;
        accuracy := NULL;
        "precision" := NULL;
        recall := NULL;
        flagged := NULL;
        IF result.n_test > 0 THEN
            SELECT b.* INTO best FROM shopanalytics.best_threshold(format('%s@%s', model, version)) b;
            threshold := best.threshold;
            accuracy := 1 - best.expected_cost;   -- a cost of 1 for each error
            "precision" := best.precision;
            recall := best.recall;
        END IF;
        IF is_chosen THEN
            CALL shopanalytics._choose_order_model(store, model, version, threshold, bad_orders, features);
            PERFORM shopanalytics.score(format('%s@%s', model, version), query, format('%I.order_flags', store), 'order_id', threshold, only_new => false);
            EXECUTE format('SELECT count(*) FROM %I.order_flags f WHERE f.model = $1 AND f.is_flagged', store) INTO flagged USING model;
        END IF;
        RETURN NEXT;
    END LOOP;

    -- Where roc_auc is what chance gives in one of twenty cases (Mann and Whitney), say so.
    IF chosen.n_test > 0 AND chosen.roc_auc < 0.5 + 1.645 * sqrt((best.n + 1) / nullif(12.0 * best.n_positive * (best.n - best.n_positive), 0)) THEN
        RAISE NOTICE 'the orders of store "%" that are flagged are hardly better than chance: roc_auc % of % test rows, % of them bad',
            store, round(chosen.roc_auc::numeric, 3), best.n, best.n_positive
            USING HINT = 'Name bad orders that their features can tell, by bad_orders, or do not use the flags.';
    END IF;

    -- What is got without a model, by always saying what most orders are.
    IF chosen.n_test > 0 THEN
        kind := 'majority';
        model := NULL;
        version := NULL;
        status := NULL;
        is_chosen := false;
        roc_auc := 0.5;
        average_precision := best.n_positive / best.n::double precision;
        threshold := NULL;
        accuracy := greatest(best.n_positive, best.n - best.n_positive) / best.n::double precision;
        "precision" := CASE WHEN best.n_positive * 2 > best.n THEN accuracy END;
        recall := (best.n_positive * 2 > best.n)::integer;
        flagged := NULL;
        RETURN NEXT;
    END IF;
END
$$;

COMMENT ON FUNCTION shopanalytics.train_order_anomaly(text, text, text[], text, double precision, bigint) IS 'learns which orders of a store are bad by two models, keeps the better one and scores the orders with it';

-- C9.  One order as it arrives, by the model of the store; a row, unless the order cannot be scored.
CREATE FUNCTION shopanalytics.score_order(store text, order_id text) RETURNS TABLE (
    score double precision,
    is_flagged boolean,
    reasons jsonb)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    model text;
    threshold double precision;
    customer text;
BEGIN
    PERFORM shopanalytics._check_store(store);
    EXECUTE format('SELECT format(''%%s@%%s'', m.model, m.version), m.threshold FROM %I.order_model m', store) INTO model, threshold;
    IF model IS NULL THEN
        RAISE EXCEPTION 'store "%" has no model of its orders', store
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = format('SELECT * FROM shopanalytics.train_order_anomaly(%L) trains one.', store);
    END IF;
    EXECUTE format('SELECT o.customer_id::text FROM %I.orders_clean o WHERE o.order_id = %L', store, order_id) INTO customer;
    PERFORM shopanalytics.score(
        model, shopanalytics._order_features_query(format('%I.', store), coalesce(format('customer_id = %L', customer), 'false'), format('order_id = %L', order_id)),
        format('%I.order_flags', store), 'order_id', threshold, only_new => false);
    EXECUTE format('SELECT f.score, f.is_flagged, f.reasons FROM %1$I.order_flags f JOIN %1$I.order_model m USING (model) WHERE f.order_id = %2$L', store, order_id)
       INTO score, is_flagged, reasons;
    IF score IS NOT NULL THEN
        RETURN NEXT;
    END IF;
END
$$;

COMMENT ON FUNCTION shopanalytics.score_order(text, text) IS 'scores one order by the model of its store, writes it to order_flags and returns it';

-- For a constraint trigger on a store's orders, deferred to the end of the transaction,
-- when the items are there.  What goes wrong must not keep orders from arriving.
CREATE FUNCTION shopanalytics.score_new_order() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM shopanalytics.score_order(TG_TABLE_SCHEMA, NEW.order_id::text);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'order "%" of store "%" was not scored: %', NEW.order_id, TG_TABLE_SCHEMA, SQLERRM
        USING ERRCODE = SQLSTATE, HINT = 'shopanalytics.score_order() scores it.';
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION shopanalytics.score_new_order() IS 'trigger that scores an order of a store at the end of the transaction that brings it';
