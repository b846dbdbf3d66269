-- Not for users: raises an error unless the text is one SQL expression of the
-- wanted type over the columns of a relation.  Strict would let NULL pass.
CREATE FUNCTION shopanalytics._check_expression(expression text, source regclass, wanted regtype) RETURNS void
    AS 'MODULE_PATHNAME', '_check_expression' LANGUAGE C STABLE PARALLEL UNSAFE;

-- Not for users: the columns of a relation that an expression reads, also in sub-selects.
CREATE FUNCTION shopanalytics._expression_columns(expression text, source regclass) RETURNS text[]
    AS 'MODULE_PATHNAME', '_expression_columns' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;
