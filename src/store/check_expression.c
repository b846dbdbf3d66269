/*-------------------------------------------------------------------------
 *
 * check_expression.c
 *	  Is a text one harmless SQL expression over the rows of a relation?
 *
 * Clean rules are data, but their text becomes part of a view.  PL/pgSQL's
 * expression grammar decides whether the text is a single expression, so that
 * nothing in it can close the parenthesis it will stand in; then the query it
 * would become is analysed.  It is not run, but analysis folds literals through
 * their types' input functions, so only the owner of a store may have it done.
 *
 * IDENTIFICATION
 *	  src/store/check_expression.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/bitmapset.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
#include "optimizer/optimizer.h"
#include "parser/analyze.h"
#include "parser/parse_coerce.h"
#include "parser/parser.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat.h"

PG_FUNCTION_INFO_V1(_check_expression);
PG_FUNCTION_INFO_V1(_expression_columns);

typedef struct ColumnsContext
{
	int			sublevels_up;
	Bitmapset  *columns;		/* numbers of the source's columns */
} ColumnsContext;

/* The grammar accepts what may follow SELECT; only a lone expression will do. */
static void
check_single_expression(const char *expression)
{
	List	   *parsed = raw_parser(expression, RAW_PARSE_PLPGSQL_EXPR);
	SelectStmt *select = NULL;

	if (list_length(parsed) == 1 && IsA(linitial_node(RawStmt, parsed)->stmt, SelectStmt))
		select = (SelectStmt *) linitial_node(RawStmt, parsed)->stmt;

	if (select == NULL ||
		list_length(select->targetList) != 1 ||
		linitial_node(ResTarget, select->targetList)->name != NULL ||
		select->distinctClause != NIL ||
		select->intoClause != NULL ||
		select->fromClause != NIL ||
		select->whereClause != NULL ||
		select->groupClause != NIL ||
		select->havingClause != NULL ||
		select->windowClause != NIL ||
		select->valuesLists != NIL ||
		select->sortClause != NIL ||
		select->limitOffset != NULL ||
		select->limitCount != NULL ||
		select->lockingClause != NIL ||
		select->withClause != NULL ||
		select->op != SETOP_NONE)
		ereport(ERROR,
				errcode(ERRCODE_SYNTAX_ERROR),
				errmsg("\"%s\" is not a single SQL expression", expression),
				errhint("Write an expression over the columns of the row, such as: order_total < 0"));
}

/* Analyse SELECT (expression) FROM source; the newline ends a trailing comment. */
static Query *
analyze_over_source(const char *expression, Oid source)
{
	char	   *name = get_rel_name(source);
	char	   *schema = get_namespace_name(get_rel_namespace(source));
	StringInfoData sql;
	List	   *parsed;

	if (name == NULL || schema == NULL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("relation with OID %u does not exist", source));

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT (%s\n) FROM %s r", expression,
					 quote_qualified_identifier(schema, name));
	parsed = raw_parser(sql.data, RAW_PARSE_DEFAULT);

	return parse_analyze_fixedparams(linitial_node(RawStmt, parsed), sql.data, NULL, 0, NULL);
}

/* Locks rows, or names a row as a whole: r stands for more in a fix than in an issue. */
static bool
unfit_walker(Node *node, int *sublevels_up)
{
	bool		unfit;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return castNode(Var, node)->varattno == InvalidAttrNumber &&
			castNode(Var, node)->varlevelsup == *sublevels_up;
	if (!IsA(node, Query))
		return expression_tree_walker(node, unfit_walker, sublevels_up);
	if (castNode(Query, node)->rowMarks != NIL)
		return true;

	(*sublevels_up)++;
	unfit = query_tree_walker(castNode(Query, node), unfit_walker, sublevels_up, 0);
	(*sublevels_up)--;
	return unfit;
}

static void
check_row_expression(Query *query, const char *expression)
{
	int			sublevels_up = 0;

	if (query_tree_walker(query, unfit_walker, &sublevels_up, 0))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				errmsg("\"%s\" locks rows or refers to the whole row", expression),
				errhint("Name the columns one by one."));

	if (query->hasAggs || query->hasTargetSRFs)
		ereport(ERROR,
				errcode(ERRCODE_GROUPING_ERROR),
				errmsg("\"%s\" does not give one value per row", expression),
				errhint("Use a window function or a sub-select instead of an aggregate or a set-returning function."));

	if (contain_volatile_functions((Node *) query))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				errmsg("\"%s\" calls a volatile function", expression),
				errhint("The same row must give the same verdict each time it is read."));
}

static void
check_result_type(const Query *query, const char *expression, Oid wanted)
{
	Oid			type = exprType((Node *) linitial_node(TargetEntry, query->targetList)->expr);

	if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(wanted)))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("type with OID %u does not exist", wanted));

	if (!can_coerce_type(1, &type, &wanted, COERCION_ASSIGNMENT))
		ereport(ERROR,
				errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("\"%s\" is of type %s, not %s", expression,
					   format_type_be(type), format_type_be(wanted)));
}

/* (expression text, source regclass, wanted regtype) => void */
Datum
_check_expression(PG_FUNCTION_ARGS)
{
	char	   *expression;
	Oid			wanted;
	Query	   *query;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("expression, source and type must not be null"));

	expression = text_to_cstring(PG_GETARG_TEXT_PP(0));
	wanted = PG_GETARG_OID(2);

	check_single_expression(expression);
	query = analyze_over_source(expression, PG_GETARG_OID(1));
	check_row_expression(query, expression);
	check_result_type(query, expression, wanted);

	PG_RETURN_VOID();
}

static bool
columns_walker(Node *node, ColumnsContext *context)
{
	bool		stop;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = castNode(Var, node);

		/* Nothing but the row itself is in the outermost FROM. */
		if (var->varlevelsup == context->sublevels_up && var->varattno > 0)
			context->columns = bms_add_member(context->columns, var->varattno);
		return false;
	}
	if (!IsA(node, Query))
		return expression_tree_walker(node, columns_walker, context);

	context->sublevels_up++;
	stop = query_tree_walker(castNode(Query, node), columns_walker, context, 0);
	context->sublevels_up--;
	return stop;
}

/* (expression text, source regclass) => text[], the columns that it reads */
Datum
_expression_columns(PG_FUNCTION_ARGS)
{
	char	   *expression = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Oid			source = PG_GETARG_OID(1);
	ColumnsContext context = {0};
	ArrayBuildState *names = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	Query	   *query;
	int			column = -1;

	check_single_expression(expression);
	query = analyze_over_source(expression, source);
	(void) query_tree_walker(query, columns_walker, &context, 0);
	while ((column = bms_next_member(context.columns, column)) >= 0)
		names = accumArrayResult(names, CStringGetTextDatum(get_attname(source, column, false)),
								 false, TEXTOID, CurrentMemoryContext);

	PG_RETURN_DATUM(makeArrayResult(names, CurrentMemoryContext));
}
