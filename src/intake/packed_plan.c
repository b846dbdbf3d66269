/*-------------------------------------------------------------------------
 *
 * packed_plan.c
 *	  A scan of our own between a Gather and what its workers do.
 *
 * A plan that reads rows by a Gather would send each of them through a queue,
 * which costs more than to read it.  So between the Gather and what the workers
 * do, there comes a scan of our own, which returns one row for many of theirs:
 * packed_scan.c, segment_scan.c.  All else is the executor's: whose rights hold,
 * what is visible.
 *
 * The plan is changed after the planner is done, since no path could say that
 * there will be fewer rows; but it was told what a row costs with them packed.
 *
 * IDENTIFICATION
 *	  src/intake/packed_plan.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "access/table.h"
#include "catalog/pg_type.h"
#include "intake/packed_plan.h"
#include "nodes/makefuncs.h"
#include "parser/parsetree.h"
#include "utils/rel.h"

#include "compat.h"

/*
 * Which columns of the child the columns of the Gather are; false if it does
 * more than to pass them on.
 */
static bool
find_columns(List *targets, List **columns)
{
	ListCell   *cell;

	*columns = NIL;
	foreach(cell, targets)
	{
		Expr	   *expr = lfirst_node(TargetEntry, cell)->expr;

		if (IsA(expr, Var) && ((Var *) expr)->varno == OUTER_VAR)
			*columns = lappend_int(*columns, ((Var *) expr)->varattno);
		else if (IsA(expr, Const) && ((Const *) expr)->constisnull)
			*columns = lappend_int(*columns, 0);
		else
			return false;
	}

	return true;
}

/*
 * A plain scan of a table is made to return its rows as they are, so that it need
 * not put our columns into another one.
 */
static void
skip_projection(const PlannedStmt *plan, Plan *child, List *columns)
{
	SeqScan    *scan = (SeqScan *) child;
	List	   *targets = NIL;
	Relation	table;
	TupleDesc	desc;
	ListCell   *cell;
	int			i;

	if (!IsA(child, SeqScan))
		return;
	foreach(cell, child->targetlist)
	{
		Expr	   *expr = lfirst_node(TargetEntry, cell)->expr;

		if (!IsA(expr, Var) || ((Var *) expr)->varattno <= 0)
			return;
	}

	table = table_open(rt_fetch(scan->scan.scanrelid, plan->rtable)->relid, NoLock);
	desc = RelationGetDescr(table);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);
		Var		   *var = makeVar(scan->scan.scanrelid, i + 1, attr->atttypid,
								  attr->atttypmod, attr->attcollation, 0);

		if (attr->attisdropped)
			break;
		targets = lappend(targets, makeTargetEntry((Expr *) var, i + 1, NULL, false));
	}
	table_close(table, NoLock);
	if (i < desc->natts)
		return;

	foreach(cell, columns)
	{
		if (lfirst_int(cell) > 0)
			lfirst_int(cell) = ((Var *) list_nth_node(TargetEntry, child->targetlist,
													  lfirst_int(cell) - 1)->expr)->varattno;
	}
	child->targetlist = targets;
}

/*
 * Columns of the scan below; with varno 0, what these are themselves.  That tells no
 * more than their types, and must not be the scan's own columns again: who shows
 * the plan would look them up without end.
 */
static List *
packed_targets(int varno)
{
	static const Oid types[PACKED_COLUMNS] = {INT4OID, BYTEAOID};
	List	   *targets = NIL;
	int			i;

	for (i = 0; i < PACKED_COLUMNS; i++)
	{
		Expr	   *expr = varno == 0 ?
		(Expr *) makeNullConst(types[i], -1, InvalidOid) :
		(Expr *) makeVar(varno, i + 1, types[i], -1, InvalidOid, 0);

		targets = lappend(targets, makeTargetEntry(expr, i + 1, NULL, false));
	}

	return targets;
}

/*
 * What the Gather that the plan begins with gathers, and which of its columns the
 * plan's are; NULL if there is no Gather or it does more than to gather.
 */
Plan *
packed_plan_child(const PlannedStmt *plan, List **columns)
{
	Plan	   *gather = plan->planTree;

	if (!IsA(gather, Gather) || gather->qual != NIL ||
		!find_columns(gather->targetlist, columns))
		return NULL;
	skip_projection(plan, outerPlan(gather), *columns);

	return outerPlan(gather);
}

/* Puts a scan of these methods under the Gather. */
void
packed_plan_insert(PlannedStmt *plan, const CustomScanMethods *methods, List *private)
{
	Plan	   *gather = plan->planTree;
	Plan	   *child = outerPlan(gather);
	CustomScan *scan = makeNode(CustomScan);

	scan->scan.plan.startup_cost = child->startup_cost;
	scan->scan.plan.total_cost = child->total_cost;
	scan->scan.plan.plan_rows = child->plan_rows;
	scan->scan.plan.plan_width = PACKED_SIZE;
	scan->scan.plan.parallel_safe = true;
	scan->scan.plan.plan_node_id = INT_MAX; /* they are counted from 0 */
	scan->scan.plan.targetlist = packed_targets(INDEX_VAR);
	scan->scan.plan.extParam = bms_copy(child->extParam);
	scan->scan.plan.allParam = bms_copy(child->allParam);
	scan->custom_plans = list_make1(child);
	scan->custom_private = private;
	scan->custom_scan_tlist = packed_targets(0);
	scan->methods = methods;
	outerPlan(gather) = &scan->scan.plan;
	gather->targetlist = packed_targets(OUTER_VAR);
}
