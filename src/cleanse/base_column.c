/*-------------------------------------------------------------------------
 *
 * base_column.c
 *	  The columns of tables that the columns of a view stand for.
 *
 * A store's base table may be a view that map_table() made over a table of
 * the user's, or over a view of his.  What is to change is the row of the
 * table behind, so the columns are followed down through views that the
 * system itself would update: one relation, no grouping, no set operation.
 * The query tree tells what the text of a view would have to be parsed for
 * again.  A cast is followed too, which the caller can undo by another one;
 * any other expression stands for no column.
 *
 * IDENTIFICATION
 *	  src/cleanse/base_column.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"

PG_FUNCTION_INFO_V1(_base_column);

/* Where a column of a view comes from: column 0 is none. */
typedef struct ColumnSource
{
	Oid			table;
	AttrNumber	column;
} ColumnSource;

/* What casts leave as it is, but for its type. */
static Node *
strip_casts(Node *expr)
{
	for (;;)
	{
		if (IsA(expr, RelabelType))
			expr = (Node *) castNode(RelabelType, expr)->arg;
		else if (IsA(expr, CoerceViaIO))
			expr = (Node *) castNode(CoerceViaIO, expr)->arg;
		else if (IsA(expr, CoerceToDomain))
			expr = (Node *) castNode(CoerceToDomain, expr)->arg;
		else if (IsA(expr, FuncExpr) &&
				 (castNode(FuncExpr, expr)->funcformat == COERCE_EXPLICIT_CAST ||
				  castNode(FuncExpr, expr)->funcformat == COERCE_IMPLICIT_CAST))
			expr = (Node *) linitial(castNode(FuncExpr, expr)->args);
		else
			return expr;
	}
}

/* Follows a column of a relation down to that of a table. */
static ColumnSource
follow_column(Oid relation, AttrNumber column)
{
	ColumnSource source = {InvalidOid, InvalidAttrNumber};
	Relation	rel;

	/* CREATE OR REPLACE VIEW makes no circles, but deep piles are possible. */
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();

	if (column <= 0)
		return source;

	rel = relation_open(relation, AccessShareLock);
	if (rel->rd_rel->relkind != RELKIND_VIEW)
	{
		source.table = relation;
		source.column = column;
	}
	else
	{
		Query	   *query = get_view_query(rel);

		if (view_query_is_auto_updatable(query, false) == NULL)
		{
			TargetEntry *entry = get_tle_by_resno(query->targetList, column);
			Node	   *expr = strip_casts((Node *) entry->expr);

			if (IsA(expr, Var) && castNode(Var, expr)->varlevelsup == 0)
				source = follow_column(rt_fetch(castNode(Var, expr)->varno, query->rtable)->relid,
									   castNode(Var, expr)->varattno);
		}
	}
	relation_close(rel, AccessShareLock);

	return source;
}

/*
 * _base_column(relation regclass) returns setof (name, source_table, source_column)
 */
Datum
_base_column(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	rel = relation_open(PG_GETARG_OID(0), AccessShareLock);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);
		ColumnSource source;
		Datum		values[3];
		bool		nulls[3] = {false};
		NameData	name;

		if (att->attisdropped)
			continue;
		source = follow_column(RelationGetRelid(rel), att->attnum);
		values[0] = NameGetDatum(&att->attname);
		if (source.column > 0)
		{
			namestrcpy(&name, get_attname(source.table, source.column, false));
			values[1] = ObjectIdGetDatum(source.table);
			values[2] = NameGetDatum(&name);
		}
		else
			nulls[1] = nulls[2] = true;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	relation_close(rel, AccessShareLock);

	return (Datum) 0;
}
