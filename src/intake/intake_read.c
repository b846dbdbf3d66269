/*-------------------------------------------------------------------------
 *
 * intake_read.c
 *	  Reading the rows of a source.
 *
 * The rows come through the executor to a receiver of our own, straight from
 * its slots: the caller's rights, row security, views and partitions hold, and
 * no row is formed or copied on the way.  The query is planned as any other, so
 * a report over a month reads by the index on time if there is one.
 *
 * IDENTIFICATION
 *	  src/intake/intake_read.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "intake/intake_read.h"
#include "intake/packed_scan.h"
#include "intake/user_events.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "compat.h"

typedef struct IntakeReceiver
{
	DestReceiver pub;
	IntakeRow	row;
	IntakePacked packed;
	void	   *arg;
	MemoryContext context;		/* for what a row needs */
} IntakeReceiver;

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	IntakeReceiver *receiver = (IntakeReceiver *) self;
	MemoryContext old;

	slot_getallattrs(slot);
	old = MemoryContextSwitchTo(receiver->context);
	receiver->row(receiver->arg, slot->tts_values, slot->tts_isnull);
	MemoryContextSwitchTo(old);
	MemoryContextReset(receiver->context);

	return true;
}

static bool
receive_packed(TupleTableSlot *slot, DestReceiver *self)
{
	IntakeReceiver *receiver = (IntakeReceiver *) self;
	struct varlena *bytes;

	slot_getallattrs(slot);
	bytes = (struct varlena *) DatumGetPointer(slot->tts_values[1]);
	receiver->packed(receiver->arg, DatumGetInt32(slot->tts_values[0]),
					 VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));

	return true;
}

static void
receive_nothing(DestReceiver *self)
{
}

static void
receive_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

/*
 * Since intake_open(), a function or view in the query may have been replaced:
 * nothing locks functions, and another intake may have been read.
 */
static void
check_types(const Intake *intake, List *targets)
{
	int			i;

	for (i = 0; i < intake->ncolumns; i++)
	{
		const IntakeColumn *column = &intake->columns[i];
		Oid			type = getBaseType(exprType((Node *) list_nth_node(TargetEntry, targets, i)->expr));

		if (column->present && type != column->type)
			ereport(ERROR,
					errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("a column of the %s has become of type %s, it was of type %s",
						   intake->noun->name, format_type_be(type), format_type_be(column->type)));
	}
}

static Query *
intake_query(const Intake *intake)
{
	RawStmt    *raw = linitial_node(RawStmt, pg_parse_query(intake->sql));
	List	   *queries = pg_analyze_and_rewrite_fixedparams(raw, intake->sql, NULL, 0, NULL);
	Query	   *query = linitial_node(Query, queries);

	check_types(intake, query->targetList);

	return query;
}

/* What is wrong with a query is found when it is planned, or later. */
static void
begin_errors(Intake *intake, ErrorContextCallback *callback)
{
	callback->callback = intake_error;
	callback->arg = intake;
	callback->previous = error_context_stack;
	error_context_stack = callback;
}

static void
end_errors(const ErrorContextCallback *callback)
{
	error_context_stack = callback->previous;
}

PlannedStmt *
intake_plan(Intake *intake, int cursor_options)
{
	ErrorContextCallback callback;
	PlannedStmt *plan;

	begin_errors(intake, &callback);
	plan = pg_plan_query(intake_query(intake), intake->sql, cursor_options, NULL);
	end_errors(&callback);

	return plan;
}

/*
 * A plan with workers if that is quicker when rows go through their queues many in
 * one.
 */
PlannedStmt *
intake_plan_packed(Intake *intake)
{
	double		cost = parallel_tuple_cost;
	PlannedStmt *plan;

	parallel_tuple_cost = cost / 100;
	PG_TRY();
	{
		plan = intake_plan(intake, CURSOR_OPT_PARALLEL_OK);
	}
	PG_FINALLY();
	{
		parallel_tuple_cost = cost;
	}
	PG_END_TRY();

	return plan;
}

/* The snapshot is that of the query which called the report. */
void
intake_run(Intake *intake, PlannedStmt *plan, DestReceiver *receiver, IntakeReceive receive)
{
	ErrorContextCallback callback;
	QueryDesc  *desc;

	receiver->receiveSlot = receive;
	receiver->rStartup = receive_startup;
	receiver->rShutdown = receive_nothing;
	receiver->rDestroy = receive_nothing;
	receiver->mydest = DestNone;

	begin_errors(intake, &callback);
	desc = CreateQueryDesc(plan, intake->sql, GetActiveSnapshot(), InvalidSnapshot, receiver,
						   NULL, NULL, 0);
	ExecutorStart(desc, 0);
	ExecutorRun(desc, ForwardScanDirection, 0, true);
	ExecutorFinish(desc);
	ExecutorEnd(desc);
	FreeQueryDesc(desc);
	end_errors(&callback);
}

/* Calls "row" for every row, in a memory context that lasts for that row. */
void
intake_run_rows(Intake *intake, PlannedStmt *plan, IntakeRow row, void *arg)
{
	IntakeReceiver receiver = {.row = row,.arg = arg};

	receiver.context = AllocSetContextCreate(CurrentMemoryContext,
											 "shopanalytics intake row",
											 ALLOCSET_SMALL_SIZES);
	intake_run(intake, plan, &receiver.pub, receive_row);
	MemoryContextDelete(receiver.context);
}

/* The same of all rows that the source has, in any order. */
void
intake_read(Intake *intake, IntakeRow row, void *arg)
{
	intake_run_rows(intake, intake_plan(intake, CURSOR_OPT_PARALLEL_OK), row, arg);
}

/*
 * Reads the columns of user_events.h, numbers all, by workers, and calls "packed"
 * for many rows at a time, in an order that is by chance; false if the planner
 * would not have workers.
 */
bool
intake_read_packed(Intake *intake, IntakePacked packed, void *arg, int *workers)
{
	IntakeReceiver receiver = {.packed = packed,.arg = arg};
	PlannedStmt *plan = intake_plan_packed(intake);

	if (!packed_scan_insert(plan, intake->columns[USER_EVENTS_KEY].present))
		return false;
	*workers = ((Gather *) plan->planTree)->num_workers;
	intake_run(intake, plan, &receiver.pub, receive_packed);

	return true;
}
