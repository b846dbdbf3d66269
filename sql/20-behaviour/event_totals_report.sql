-- STABLE and not PARALLEL SAFE: it runs a query, which may be anything.
CREATE FUNCTION shopanalytics.event_totals_report(
    events text,
    event_column name DEFAULT NULL,
    view_events text[] DEFAULT '{view,view_item,page_view}',
    cart_events text[] DEFAULT '{cart,add_to_cart}',
    purchase_events text[] DEFAULT '{purchase}',
    OUT events_total bigint,
    OUT views bigint,
    OUT carts bigint,
    OUT purchases bigint,
    OUT unknown bigint,
    OUT view_to_cart numeric,
    OUT cart_to_purchase numeric,
    OUT view_to_purchase numeric
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;

COMMENT ON FUNCTION shopanalytics.event_totals_report(text, name, text[], text[], text[])
    IS 'events by kind and the rates between them, whoever they are of';
