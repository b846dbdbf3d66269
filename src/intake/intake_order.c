/*-------------------------------------------------------------------------
 *
 * intake_order.c
 *	  Reading the rows of a source in an order that does not change.
 *
 * Sums of numbers with fractions depend on the order in their last digits, and a
 * training is to give the same answer each time.  So a table is read from its
 * first page on, whoever else reads it, and no plan is taken in which workers
 * would send rows as it happens: but for a table there are workers that keep its
 * order (segment_scan.c).  What the source's own functions give is theirs to keep the
 * same: a segment too large for its place is read twice.
 *
 * IDENTIFICATION
 *	  src/intake/intake_order.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "intake/intake_order.h"
#include "intake/intake_read.h"
#include "intake/packed_plan.h"
#include "intake/segment_buffer.h"
#include "intake/segment_scan.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "compat.h"

typedef struct OrderReceiver
{
	DestReceiver pub;
	IntakeRow	row;
	void	   *arg;
	int			ncolumns;
	bool	   *by_reference;	/* by column */
	bool		all_by_value;
	Datum	   *values;			/* of a row, if not */
	MemoryContext context;		/* for what a row needs */
} OrderReceiver;

static void
give_row(OrderReceiver *order, SegmentRecord *record)
{
	bool	   *nulls = segment_record_nulls(record, order->ncolumns);
	Datum	   *values = record->values;
	MemoryContext old;
	int			i;

	if (!order->all_by_value)
	{
		for (i = 0; i < order->ncolumns; i++)
			order->values[i] = order->by_reference[i] && !nulls[i] ?
				PointerGetDatum((char *) record + values[i]) : values[i];
		values = order->values;
	}
	old = MemoryContextSwitchTo(order->context);
	order->row(order->arg, values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextReset(order->context);
}

/* The slot is the leader's own, whose values are there already. */
static bool
receive_rows(TupleTableSlot *slot, DestReceiver *self)
{
	OrderReceiver *order = (OrderReceiver *) self;
	int32		nrows = DatumGetInt32(slot->tts_values[PACKED_TAG]);
	char	   *next = VARDATA(DatumGetPointer(slot->tts_values[PACKED_BYTES]));

	while (nrows-- > 0)
	{
		SegmentRecord *record = (SegmentRecord *) next;

		next += record->size;
		give_row(order, record);
	}

	return true;
}

static void
read_segments(Intake *intake, PlannedStmt *plan, IntakeRow row, void *arg)
{
	OrderReceiver order = {.row = row,.arg = arg,.ncolumns = intake->ncolumns,.all_by_value = true};

	order.context = AllocSetContextCreate(CurrentMemoryContext, "shopanalytics intake row",
										  ALLOCSET_SMALL_SIZES);
	order.by_reference = palloc0(intake->ncolumns * sizeof(bool));
	order.values = palloc(intake->ncolumns * sizeof(Datum));
	for (int i = 0; i < intake->ncolumns; i++)
	{
		const IntakeColumn *column = &intake->columns[i];

		order.by_reference[i] = column->present && !get_typbyval(column->type);
		order.all_by_value &= !order.by_reference[i];
	}
	intake_run(intake, plan, &order.pub, receive_rows);
	MemoryContextDelete(order.context);
}

/* Calls "row" for every row, in a memory context that lasts for that row. */
void
intake_read_in_order(Intake *intake, IntakeRow row, void *arg)
{
	int			nest_level = NewGUCNestLevel();
	PlannedStmt *plan;

	set_config_option("synchronize_seqscans", "off", PGC_USERSET, PGC_S_SESSION,
					  GUC_ACTION_SAVE, true, 0, false);
	set_config_option("parallel_leader_participation", "on", PGC_USERSET, PGC_S_SESSION,
					  GUC_ACTION_SAVE, true, 0, false);
	plan = intake_plan_packed(intake);
	if (segment_scan_insert(plan))
		read_segments(intake, plan, row, arg);
	else
		intake_run_rows(intake, intake_plan(intake, 0), row, arg);
	AtEOXact_GUC(true, nest_level);
}
