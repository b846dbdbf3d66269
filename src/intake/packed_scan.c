/*-------------------------------------------------------------------------
 *
 * packed_scan.c
 *	  Events from parallel workers, many at a time.
 *
 * A plan that reads events by a Gather would send each of them through a queue,
 * which costs more than to read it.  So between the Gather and what the workers
 * do, there comes a scan of our own.  It packs events into records, deals them
 * out by user as parts.c does, and returns one row for many of them.  All else is
 * the executor's: whose rights hold, what is visible, how the table is divided.
 *
 * The plan is changed after the planner is done, since no path could say that
 * there will be fewer rows; but it was told what a row costs with them packed.
 *
 * IDENTIFICATION
 *	  src/intake/packed_scan.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "intake/packed_scan.h"
#include "intake/user_events.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "parser/parsetree.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"

#define PACKED_SIZE		4096

/* The columns of a row. */
enum
{
	PACKED_PART,
	PACKED_RECORDS,
	PACKED_COLUMNS
};

/* A bytea whose bytes begin where records may. */
typedef struct PackedBuffer
{
	char		unused[MAXIMUM_ALIGNOF - VARHDRSZ];
	char		header[VARHDRSZ];
	char		bytes[PACKED_SIZE];
} PackedBuffer;

typedef struct PackedScanState
{
	CustomScanState css;
	PlanState  *child;
	AttrNumber	columns[USER_EVENTS_COLUMNS];	/* of the child; 0: NULL */
	AttrNumber	last_column;
	bool		have_keys;
	size_t		record_size;
	size_t		room;			/* of a buffer, in bytes */
	IntakeLeftOut left_out;
	PackedBuffer *buffers;
	size_t		used[PARTS_COUNT];	/* of them */
	bool		child_done;
	int			part;			/* after that, the next one to be emptied */
} PackedScanState;

static Node *create_packed_state(CustomScan *scan);
static void begin_packed(CustomScanState *css, EState *estate, int eflags);
static TupleTableSlot *exec_packed(CustomScanState *css);
static void end_packed(CustomScanState *css);
static void rescan_packed(CustomScanState *css);

static const CustomScanMethods scan_methods = {
	.CustomName = "shopanalytics packed events",
	.CreateCustomScanState = create_packed_state
};
static const CustomExecMethods exec_methods = {
	.CustomName = "shopanalytics packed events",
	.BeginCustomScan = begin_packed,
	.ExecCustomScan = exec_packed,
	.EndCustomScan = end_packed,
	.ReScanCustomScan = rescan_packed
};

void
packed_scan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
}

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

static List *
packed_targets(int varno)
{
	static const Oid types[PACKED_COLUMNS] = {INT4OID, BYTEAOID};
	List	   *targets = NIL;
	int			i;

	for (i = 0; i < PACKED_COLUMNS; i++)
	{
		Var		   *var = makeVar(varno, i + 1, types[i], -1, InvalidOid, 0);

		targets = lappend(targets, makeTargetEntry((Expr *) var, i + 1, NULL, false));
	}

	return targets;
}

/*
 * Puts a packed scan under the Gather that a plan for the columns of
 * user_events.h begins with; false if it does not.
 */
bool
packed_scan_insert(PlannedStmt *plan, bool have_keys)
{
	Plan	   *gather = plan->planTree;
	Plan	   *child;
	CustomScan *scan;
	List	   *columns;

	if (!IsA(gather, Gather) || gather->qual != NIL ||
		!find_columns(gather->targetlist, &columns))
		return false;

	child = outerPlan(gather);
	skip_projection(plan, child, columns);
	scan = makeNode(CustomScan);
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
	scan->custom_private = lappend_int(columns, have_keys);
	scan->custom_scan_tlist = packed_targets(INDEX_VAR);
	scan->methods = &scan_methods;
	outerPlan(gather) = &scan->scan.plan;
	gather->targetlist = packed_targets(OUTER_VAR);

	return true;
}

static Node *
create_packed_state(CustomScan *scan)
{
	PackedScanState *node = palloc0(sizeof(PackedScanState));

	NodeSetTag(node, T_CustomScanState);
	node->css.methods = &exec_methods;

	return (Node *) node;
}

static void
begin_packed(CustomScanState *css, EState *estate, int eflags)
{
	PackedScanState *node = (PackedScanState *) css;
	CustomScan *scan = (CustomScan *) css->ss.ps.plan;
	int			i;

	node->child = ExecInitNode(linitial(scan->custom_plans), estate, eflags);
	css->custom_ps = list_make1(node->child);
	for (i = 0; i < USER_EVENTS_COLUMNS; i++)
	{
		node->columns[i] = list_nth_int(scan->custom_private, i);
		node->last_column = Max(node->last_column, node->columns[i]);
	}
	node->have_keys = list_nth_int(scan->custom_private, USER_EVENTS_COLUMNS);
	node->record_size = user_events_record_size(node->have_keys);
	node->room = PACKED_SIZE / node->record_size * node->record_size;

	/* Records may have gaps, and nothing unknown is to get into files. */
	node->buffers = palloc0(PARTS_COUNT * sizeof(PackedBuffer));
}

/* Into its buffer, of which the number is returned; -1 if it is left out. */
static inline int
pack_row(PackedScanState *node, TupleTableSlot *slot)
{
	int			user = node->columns[USER_EVENTS_USER] - 1;
	int			time = node->columns[USER_EVENTS_TIME] - 1;
	int			key = node->columns[USER_EVENTS_KEY] - 1;
	UserEventRecord *record;
	int			part;

	slot_getsomeattrs(slot, node->last_column);
	if (user < 0 || slot->tts_isnull[user])
	{
		node->left_out.no_user++;
		return -1;
	}
	if (intake_time_left_out(&node->left_out, time < 0 ? (Datum) 0 : slot->tts_values[time],
							 time < 0 || slot->tts_isnull[time]))
		return -1;

	part = parts_of_word(slot->tts_values[user]);
	record = (UserEventRecord *) (node->buffers[part].bytes + node->used[part]);
	node->used[part] += node->record_size;
	record->user = slot->tts_values[user];
	record->event.time = DatumGetTimestampTz(slot->tts_values[time]);
	if (node->have_keys)
	{
		record->event.has_key = key >= 0 && !slot->tts_isnull[key];
		record->event.key = record->event.has_key ? slot->tts_values[key] : 0;
	}

	return part;
}

/* A row of the buffer's first bytes. */
static TupleTableSlot *
packed_row(PackedScanState *node, int part, PackedBuffer *buffer, size_t len)
{
	TupleTableSlot *slot = node->css.ss.ss_ScanTupleSlot;

	SET_VARSIZE(buffer->header, VARHDRSZ + len);
	ExecClearTuple(slot);
	slot->tts_values[PACKED_PART] = Int32GetDatum(part);
	slot->tts_isnull[PACKED_PART] = false;
	slot->tts_values[PACKED_RECORDS] = PointerGetDatum(buffer->header);
	slot->tts_isnull[PACKED_RECORDS] = false;

	return ExecStoreVirtualTuple(slot);
}

/* The buffer is taken to be empty: its bytes last until the next call. */
static TupleTableSlot *
buffer_row(PackedScanState *node, int part)
{
	size_t		len = node->used[part];

	node->used[part] = 0;

	return packed_row(node, part, &node->buffers[part], len);
}

/* After the last row of the child. */
static TupleTableSlot *
next_rest(PackedScanState *node)
{
	while (node->part < PARTS_COUNT)
	{
		int			part = node->part++;

		if (node->used[part] > 0)
			return buffer_row(node, part);
	}
	if (node->part++ == PARTS_COUNT)
	{
		memcpy(node->buffers[0].bytes, &node->left_out, sizeof(IntakeLeftOut));
		return packed_row(node, PACKED_SCAN_LEFT_OUT, &node->buffers[0],
						  sizeof(IntakeLeftOut));
	}

	return ExecClearTuple(node->css.ss.ss_ScanTupleSlot);
}

static TupleTableSlot *
exec_packed(CustomScanState *css)
{
	PackedScanState *node = (PackedScanState *) css;

	while (!node->child_done)
	{
		TupleTableSlot *slot = ExecProcNode(node->child);
		int			part;

		if (TupIsNull(slot))
		{
			node->child_done = true;
			break;
		}
		part = pack_row(node, slot);
		if (part >= 0 && node->used[part] == node->room)
			return buffer_row(node, part);
	}

	return next_rest(node);
}

static void
end_packed(CustomScanState *css)
{
	ExecEndNode(((PackedScanState *) css)->child);
}

static void
rescan_packed(CustomScanState *css)
{
	elog(ERROR, "packed events are read once");
}
