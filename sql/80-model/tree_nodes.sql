-- What stored trees look like.
--
-- Stable, because they read the tables of models.

CREATE FUNCTION shopanalytics.tree_nodes(
    model text,
    tree integer DEFAULT 1
) RETURNS TABLE (
    node integer,
    parent integer,
    depth integer,
    condition text,
    is_leaf boolean,
    term text,
    threshold float8,
    null_goes_left boolean,
    right_node integer,
    n bigint,
    share float8
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.tree_nodes(text, integer) IS 'nodes of a tree of the model, each before its children';

CREATE FUNCTION shopanalytics.feature_importance(
    model text
) RETURNS TABLE (
    term text,
    gain float8,
    permutation float8
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.feature_importance(text) IS 'what each term is worth to the trees of the model';

CREATE FUNCTION shopanalytics.out_of_bag(
    model text,
    OUT n bigint,
    OUT roc_auc float8,
    OUT error float8
)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION shopanalytics.out_of_bag(text) IS 'how good the forest is at training rows, each by the trees that did not see it';
