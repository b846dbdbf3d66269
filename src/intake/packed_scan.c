/*-------------------------------------------------------------------------
 *
 * packed_scan.c
 *	  Events from parallel workers, many at a time.
 *
 * Between the Gather of a plan and what its workers do (packed_plan.c), this scan
 * packs events into records, deals them out by user as parts.c does, and returns
 * one row for many of them, whose tag is the part.
 *
 * IDENTIFICATION
 *	  src/intake/packed_scan.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "intake/packed_plan.h"
#include "intake/packed_scan.h"
#include "intake/user_events.h"
#include "utils/memutils.h"

#include "compat.h"

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
 * Puts a packed scan under the Gather that a plan for the columns of
 * user_events.h begins with; false if it does not.
 */
bool
packed_scan_insert(PlannedStmt *plan, bool have_keys)
{
	List	   *columns;

	if (packed_plan_child(plan, &columns) == NULL)
		return false;
	packed_plan_insert(plan, &scan_methods, lappend_int(columns, have_keys));

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
part_row(PackedScanState *node, int part, PackedBuffer *buffer, size_t len)
{
	SET_VARSIZE(buffer->header, VARHDRSZ + len);

	return packed_row(node->css.ss.ss_ScanTupleSlot, part, buffer->header);
}

/* The buffer is taken to be empty: its bytes last until the next call. */
static TupleTableSlot *
buffer_row(PackedScanState *node, int part)
{
	size_t		len = node->used[part];

	node->used[part] = 0;

	return part_row(node, part, &node->buffers[part], len);
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
		return part_row(node, PACKED_SCAN_LEFT_OUT, &node->buffers[0],
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
