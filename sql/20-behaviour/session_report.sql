-- STABLE and not PARALLEL SAFE: it runs a query, which may be anything.
CREATE FUNCTION shopanalytics.session_report(
    events text,
    session_column name DEFAULT NULL,
    timeout interval DEFAULT NULL,
    user_column name DEFAULT NULL,
    time_column name DEFAULT NULL,
    event_column name DEFAULT NULL,
    price_column name DEFAULT NULL,
    product_column name DEFAULT NULL,
    category_column name DEFAULT NULL,
    view_events text[] DEFAULT '{view,view_item,page_view}',
    cart_events text[] DEFAULT '{cart,add_to_cart}',
    purchase_events text[] DEFAULT '{purchase}',
    anonymous_user text DEFAULT NULL
) RETURNS TABLE (
    user_id text,
    session_id text,
    session_start timestamptz,
    session_end timestamptz,
    duration interval,
    events bigint,
    views bigint,
    carts bigint,
    purchases bigint,
    unknown bigint,
    revenue numeric,
    products bigint,
    categories bigint,
    has_purchased boolean,
    conversion numeric,
    is_anonymous boolean
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100000;

COMMENT ON FUNCTION shopanalytics.session_report(text, name, interval, name, name, name, name, name, name, text[], text[], text[], text)
    IS 'one row per session of a table of events: times, counts, revenue, conversion';
