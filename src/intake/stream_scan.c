/*-------------------------------------------------------------------------
 *
 * stream_scan.c
 *	  Rows of a report straight into the plan above.
 *
 * PostgreSQL stores all rows of a function in FROM before it reads the first of
 * them.  For a report with as many rows as there are events that costs more than
 * the report: so it is offered to the planner as a custom scan, too, which asks
 * for one row after another.  Where that could not be the same (LATERAL, whole
 * rows, WITH ORDINALITY, row locks), nothing is offered, and the function scan
 * does it.
 *
 * The library is there in time: the planner asks the function's support function
 * for the number of rows before it asks for paths.
 *
 * IDENTIFICATION
 *	  src/intake/stream_scan.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "behaviour/sessionize_events.h"
#include "compat.h"
#include "intake/stream_scan.h"

static const ReportStream *const streams[] = {&sessionize_events_stream};

typedef struct StreamScanState
{
	CustomScanState css;
	const ReportStream *stream;
	FuncExpr   *call;
	List	   *args;			/* ExprStates */
	Bitmapset  *params;			/* in them */
	int			places[STREAM_MAX_COLUMNS];
	FmgrInfo	flinfo;
	MemoryContext context;		/* of the report */
	void	   *state;			/* NULL: not begun */
} StreamScanState;

static set_rel_pathlist_hook_type previous_hook;

static Plan *plan_stream(PlannerInfo *root, RelOptInfo *rel, CustomPath *path,
						 List *tlist, List *clauses, List *custom_plans);
static Node *create_stream_state(CustomScan *scan);
static void begin_stream(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *exec_stream(CustomScanState *node);
static void end_stream(CustomScanState *node);
static void rescan_stream(CustomScanState *node);
static void explain_stream(CustomScanState *node, List *ancestors, ExplainState *es);

static const CustomPathMethods path_methods = {
	.CustomName = "Report",
	.PlanCustomPath = plan_stream
};
static const CustomScanMethods scan_methods = {
	.CustomName = "Report",
	.CreateCustomScanState = create_stream_state
};
static const CustomExecMethods exec_methods = {
	.CustomName = "Report",
	.BeginCustomScan = begin_stream,
	.ExecCustomScan = exec_stream,
	.EndCustomScan = end_stream,
	.ReScanCustomScan = rescan_stream,
	.ExplainCustomScan = explain_stream
};

/*
 * Which report is it, if one of ours?  Functions of others are not loaded, and of
 * ours, those with rights or settings of their own are called by way of others.
 */
static const ReportStream *
find_stream(Oid function)
{
	FmgrInfo	flinfo;
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		candidate = false;
	int			i;

	if (HeapTupleIsValid(tuple))
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);

		for (i = 0; form->prolang == ClanguageId && i < lengthof(streams); i++)
			candidate |= strcmp(NameStr(form->proname), streams[i]->name) == 0;
		ReleaseSysCache(tuple);
	}
	if (!candidate)
		return NULL;

	fmgr_info(function, &flinfo);
	for (i = 0; i < lengthof(streams); i++)
	{
		if (flinfo.fn_addr == streams[i]->function)
			return streams[i];
	}

	return NULL;
}

/* Is a row as a whole asked for?  It is not among what the scan gives. */
static bool
needs_whole_row(const RelOptInfo *rel)
{
	Bitmapset  *columns = NULL;
	ListCell   *cell;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &columns);
	foreach(cell, rel->baserestrictinfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, cell)->clause, rel->relid,
					   &columns);

	return bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, columns);
}

/* The call, if the function scan of it can be replaced. */
static FuncExpr *
streamable_call(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	RangeTblFunction *function;
	PlannerInfo *level;

	if (rte->rtekind != RTE_FUNCTION || rte->funcordinality ||
		list_length(rte->functions) != 1 || !bms_is_empty(rel->lateral_relids))
		return NULL;
	function = linitial_node(RangeTblFunction, rte->functions);
	if (!IsA(function->funcexpr, FuncExpr) || function->funccolnames != NIL)
		return NULL;

	if (needs_whole_row(rel))
		return NULL;

	/* A locked row is read again by itself. */
	for (level = root; level != NULL; level = level->parent_root)
	{
		if (level->rowMarks != NIL ||
			(level->parse->commandType != CMD_SELECT &&
			 level->parse->commandType != CMD_INSERT))
			return NULL;
	}

	return (FuncExpr *) function->funcexpr;
}

static void
offer_stream(PlannerInfo *root, RelOptInfo *rel, Index rti, RangeTblEntry *rte)
{
	FuncExpr   *call;
	CustomPath *path;
	Path	   *function_path;

	if (previous_hook != NULL)
		previous_hook(root, rel, rti, rte);

	call = streamable_call(root, rel, rte);
	if (call == NULL || rel->pathlist == NIL || find_stream(call->funcid) == NULL)
		return;

	/* It saves storing and reading each row. */
	function_path = linitial(rel->pathlist);
	path = makeNode(CustomPath);
	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.param_info = NULL;
	path->path.rows = function_path->rows;
	path->path.startup_cost = function_path->startup_cost;
	path->path.total_cost = Max(function_path->startup_cost,
								function_path->total_cost - cpu_operator_cost * rel->tuples);
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = &path_methods;
	add_path(rel, &path->path);
}

/*
 * What the scan gives: the columns that are asked for, in the order of the
 * target list, so that this is often all of it and nothing need be projected.
 * Where the target list is still to come, it is made of the relation's.
 */
static List *
stream_tlist(const RelOptInfo *rel, List *tlist, List *clauses)
{
	List	   *all = list_make3(tlist, rel->reltarget->exprs, clauses);

	return add_to_flat_tlist(NIL, pull_var_clause((Node *) all, PVC_RECURSE_PLACEHOLDERS));
}

static Plan *
plan_stream(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist,
			List *clauses, List *custom_plans)
{
	RangeTblEntry *rte = planner_rt_fetch(rel->relid, root);
	RangeTblFunction *function = linitial_node(RangeTblFunction, rte->functions);
	CustomScan *scan = makeNode(CustomScan);
	ListCell   *cell;

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = extract_actual_clauses(clauses, false);
	scan->scan.scanrelid = 0;
	scan->flags = path->flags;
	scan->custom_exprs = list_make1(copyObject(function->funcexpr));
	scan->custom_scan_tlist = stream_tlist(rel, tlist, scan->scan.plan.qual);
	foreach(cell, scan->custom_scan_tlist)
		scan->custom_private = lappend_int(scan->custom_private,
										   castNode(Var, lfirst_node(TargetEntry, cell)->expr)->varattno);
	scan->methods = &scan_methods;

	return &scan->scan.plan;
}

static Node *
create_stream_state(CustomScan *scan)
{
	StreamScanState *node = palloc0(sizeof(StreamScanState));

	NodeSetTag(node, T_CustomScanState);
	node->css.methods = &exec_methods;
	node->call = linitial_node(FuncExpr, scan->custom_exprs);

	return (Node *) node;
}

static void
check_function_rights(Oid function)
{
	AclResult	result = object_aclcheck(ProcedureRelationId, function, GetUserId(),
										 ACL_EXECUTE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function));
	InvokeFunctionExecuteHook(function);
}

static void
begin_stream(CustomScanState *css, EState *estate, int eflags)
{
	StreamScanState *node = (StreamScanState *) css;
	CustomScan *scan = (CustomScan *) css->ss.ps.plan;
	ListCell   *cell;
	int			i;

	check_function_rights(node->call->funcid);
	node->stream = find_stream(node->call->funcid);
	if (node->stream == NULL)
		elog(ERROR, "function %u is no report", node->call->funcid);
	node->args = ExecInitExprList(node->call->args, &css->ss.ps);
	node->params = pull_paramids((Expr *) node->call);
	for (i = 0; i < STREAM_MAX_COLUMNS; i++)
		node->places[i] = -1;
	foreach(cell, scan->custom_private)
		node->places[lfirst_int(cell) - 1] = foreach_current_index(cell);
}

/* As for any call of a function: may it be called, and with what? */
static void
start_stream(StreamScanState *node)
{
	ExprContext *econtext = node->css.ss.ps.ps_ExprContext;
	TupleTableSlot *slot = node->css.ss.ss_ScanTupleSlot;

	LOCAL_FCINFO(fcinfo, FUNC_MAX_ARGS);
	MemoryContext old;
	ListCell   *cell;

	old = MemoryContextSwitchTo(node->css.ss.ps.state->es_query_cxt);
	node->context = AllocSetContextCreate(CurrentMemoryContext, "shopanalytics report",
										  ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(node->context);
	fmgr_info_cxt(node->call->funcid, &node->flinfo, node->context);
	fmgr_info_set_expr((Node *) node->call, &node->flinfo);
	InitFunctionCallInfoData(*fcinfo, &node->flinfo, list_length(node->args),
							 node->call->inputcollid, NULL, NULL);
	foreach(cell, node->args)
	{
		NullableDatum *arg = &fcinfo->args[foreach_current_index(cell)];

		arg->value = ExecEvalExpr((ExprState *) lfirst(cell), econtext, &arg->isnull);
	}
	node->state = node->stream->begin(fcinfo, node->places);
	memset(slot->tts_isnull, 0, slot->tts_tupleDescriptor->natts * sizeof(bool));
	MemoryContextSwitchTo(old);
}

static TupleTableSlot *
next_row(ScanState *ss)
{
	StreamScanState *node = (StreamScanState *) ss;
	TupleTableSlot *slot = ss->ss_ScanTupleSlot;

	if (node->state == NULL)
		start_stream(node);
	if (!node->stream->next(node->state, slot->tts_values, slot->tts_isnull))
		return ExecClearTuple(slot);

	/* Only the values of the row before are gone, unless it was kept. */
	if (TTS_EMPTY(slot) || TTS_SHOULDFREE(slot))
	{
		ExecClearTuple(slot);
		ExecStoreVirtualTuple(slot);
	}

	return slot;
}

static bool
recheck_row(ScanState *ss, TupleTableSlot *slot)
{
	return true;
}

static TupleTableSlot *
exec_stream(CustomScanState *css)
{
	if (css->ss.ps.qual != NULL || css->ss.ps.ps_ProjInfo != NULL)
		return ExecScan(&css->ss, next_row, recheck_row);

	return next_row(&css->ss);
}

static void
stop_stream(StreamScanState *node)
{
	if (node->state == NULL)
		return;
	node->stream->end(node->state);
	node->state = NULL;
	MemoryContextDelete(node->context);
}

static void
end_stream(CustomScanState *css)
{
	ExecClearTuple(css->ss.ss_ScanTupleSlot);
	stop_stream((StreamScanState *) css);
}

static void
rescan_stream(CustomScanState *css)
{
	StreamScanState *node = (StreamScanState *) css;

	ExecClearTuple(css->ss.ss_ScanTupleSlot);
	if (bms_overlap(css->ss.ps.chgParam, node->params))
		stop_stream(node);
	else if (node->state != NULL)
		node->stream->rewind(node->state);
	ExecScanReScan(&css->ss);
}

static void
explain_stream(CustomScanState *css, List *ancestors, ExplainState *es)
{
	StreamScanState *node = (StreamScanState *) css;

	ExplainPropertyText("Function", get_func_name(node->call->funcid), es);
	if (node->state != NULL && node->stream->workers(node->state) > 0)
		ExplainPropertyInteger("Workers Planned", NULL,
							   node->stream->workers(node->state), es);
}

/* The function itself: all rows at once. */
void
stream_put_all(const ReportStream *stream, FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[STREAM_MAX_COLUMNS];
	bool		nulls[STREAM_MAX_COLUMNS] = {false};
	int			places[STREAM_MAX_COLUMNS];
	void	   *state;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < STREAM_MAX_COLUMNS; i++)
		places[i] = i;
	state = stream->begin(fcinfo, places);
	while (stream->next(state, values, nulls))
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	stream->end(state);
}

void
stream_scan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
	previous_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = offer_stream;
}
