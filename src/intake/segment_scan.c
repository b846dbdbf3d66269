/*-------------------------------------------------------------------------
 *
 * segment_scan.c
 *	  Rows of a table in their order, read by parallel workers.
 *
 * In which order a Gather gets the rows of its workers is by chance, and a sum of
 * numbers with fractions depends on it in the last digits.  So here processes
 * take the table by segments of some pages each.  Workers put what they read into
 * shared memory, where each segment has its place, and it is the leader who
 * returns all of it, one segment after the other: as if one process had read the
 * table.  While the next one is not there, the leader reads segments, too.  A
 * segment whose place is still taken has to wait, which bounds the memory.
 *
 * The scan of the table is the executor's, with its conditions; only how it is
 * begun, and which pages come next, is said here.  Between it and the Gather that
 * the planner chose, this is put in by packed_plan.c.
 *
 * IDENTIFICATION
 *	  src/intake/segment_scan.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/parallel.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "intake/packed_plan.h"
#include "intake/segment_buffer.h"
#include "intake/segment_scan.h"
#include "parser/parsetree.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/condition_variable.h"
#include "storage/predicate.h"
#include "storage/spin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"

#define SEGMENT_PAGES	32
#define PLACES			32
#define PLACE_SIZE		((Size) 512 * 1024)

typedef enum PlaceState
{
	PLACE_EMPTY,				/* or being filled */
	PLACE_FULL,
	PLACE_TOO_SMALL				/* the leader is to read the segment itself */
} PlaceState;

/* Where a segment's rows are put: of number s, place s % PLACES. */
typedef struct Place
{
	PlaceState	state;
	int32		nrows;
	Size		used;
} Place;

typedef struct Segments
{
	BlockNumber npages;
	int			segment_pages;
	uint32		nsegments;
	int			nplaces;
	ConditionVariable moved;	/* something of what follows has changed */
	slock_t		mutex;			/* for it */
	uint32		next;			/* the first one that nobody has taken */
	uint32		turn;			/* the first one that is not given out */
	Place		places[FLEXIBLE_ARRAY_MEMBER];	/* then their bytes */
} Segments;

typedef struct SegmentScanState
{
	CustomScanState css;
	PlanState  *child;
	TableScanDesc scan;			/* the child's; NULL: not begun */
	Segments   *segments;		/* NULL: not begun, and without workers */
	bool		given;			/* the turn's rows were returned */

	SegmentBuffer buffer;		/* of a place */
	SegmentBuffer own;			/* of the leader's, for what fits no place */
	bool		reading;		/* the turn's segment, into that */
} SegmentScanState;

static Node *create_segment_state(CustomScan *scan);
static void begin_segments(CustomScanState *css, EState *estate, int eflags);
static TupleTableSlot *exec_segments(CustomScanState *css);
static void end_segments(CustomScanState *css);
static void rescan_segments(CustomScanState *css);
static Size estimate_shared(CustomScanState *css, ParallelContext *pcxt);
static void start_shared(CustomScanState *css, ParallelContext *pcxt, void *coordinate);
static void restart_shared(CustomScanState *css, ParallelContext *pcxt, void *coordinate);
static void join_shared(CustomScanState *css, shm_toc *toc, void *coordinate);

static const CustomScanMethods scan_methods = {
	.CustomName = "shopanalytics segments",
	.CreateCustomScanState = create_segment_state
};
static const CustomExecMethods exec_methods = {
	.CustomName = "shopanalytics segments",
	.BeginCustomScan = begin_segments,
	.ExecCustomScan = exec_segments,
	.EndCustomScan = end_segments,
	.ReScanCustomScan = rescan_segments,
	.EstimateDSMCustomScan = estimate_shared,
	.InitializeDSMCustomScan = start_shared,
	.ReInitializeDSMCustomScan = restart_shared,
	.InitializeWorkerCustomScan = join_shared
};

void
segment_scan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
}

static bool
is_heap(const PlannedStmt *plan, Index rti)
{
	Relation	table = table_open(rt_fetch(rti, plan->rtable)->relid, NoLock);
	bool		heap = table->rd_tableam == GetHeapamTableAmRoutine();

	table_close(table, NoLock);

	return heap;
}

/*
 * Puts a scan by segments under the Gather that the plan begins with; false if
 * that gathers anything but the rows of one table.
 */
bool
segment_scan_insert(PlannedStmt *plan)
{
	List	   *columns;
	Plan	   *child = packed_plan_child(plan, &columns);

	if (child == NULL || !IsA(child, SeqScan) || !child->parallel_aware ||
		!is_heap(plan, ((SeqScan *) child)->scan.scanrelid))
		return false;

	child->parallel_aware = false;
	packed_plan_insert(plan, &scan_methods, columns);
	outerPlan(plan->planTree)->parallel_aware = true;

	return true;
}

static Node *
create_segment_state(CustomScan *scan)
{
	SegmentScanState *node = palloc0(sizeof(SegmentScanState));

	NodeSetTag(node, T_CustomScanState);
	node->css.methods = &exec_methods;

	return (Node *) node;
}

static void
begin_segments(CustomScanState *css, EState *estate, int eflags)
{
	SegmentScanState *node = (SegmentScanState *) css;
	CustomScan *scan = (CustomScan *) css->ss.ps.plan;

	node->child = ExecInitNode(linitial(scan->custom_plans), estate, eflags);
	css->custom_ps = list_make1(node->child);
	segment_buffer_init(&node->buffer, scan->custom_private, ExecGetResultType(node->child));
	node->own = node->buffer;
	node->own.can_grow = true;
}

/* All that there is for a table, but for the places' bytes. */
static Size
segments_size(int nplaces)
{
	return MAXALIGN(offsetof(Segments, places) + nplaces * sizeof(Place));
}

static Size
estimate_shared(CustomScanState *css, ParallelContext *pcxt)
{
	return segments_size(PLACES) + PLACES * PLACE_SIZE;
}

/* As many as are expected to fill most of a place, and not more than SEGMENT_PAGES. */
static int
pages_of_segment(const SegmentScanState *node)
{
	Form_pg_class class = ((ScanState *) node->child)->ss_currentRelation->rd_rel;
	double		rows = BLCKSZ / 64;
	double		size = segment_record_header(node->buffer.ncolumns) + node->child->plan->plan_width;

	if (class->relpages > 0 && class->reltuples > 0)
		rows = class->reltuples / class->relpages;
	for (int i = 0; i < node->buffer.ncolumns; i++)
		size += node->buffer.columns[i].byval ? 0 : MAXIMUM_ALIGNOF;

	return Max(1, Min(SEGMENT_PAGES, PLACE_SIZE * 0.75 / (rows * size)));
}

static void
start_segments(const SegmentScanState *node, Segments *segments, int nplaces)
{
	segments->npages = RelationGetNumberOfBlocks(((ScanState *) node->child)->ss_currentRelation);
	segments->segment_pages = pages_of_segment(node);
	segments->nsegments = segments->npages / segments->segment_pages +
		(segments->npages % segments->segment_pages > 0 ? 1 : 0);
	segments->nplaces = nplaces;
	ConditionVariableInit(&segments->moved);
	SpinLockInit(&segments->mutex);
	segments->next = segments->turn = 0;
	for (int i = 0; i < nplaces; i++)
		segments->places[i].state = PLACE_EMPTY;
}

static void
start_shared(CustomScanState *css, ParallelContext *pcxt, void *coordinate)
{
	SegmentScanState *node = (SegmentScanState *) css;

	node->segments = coordinate;
	start_segments(node, node->segments, PLACES);
}

static void
restart_shared(CustomScanState *css, ParallelContext *pcxt, void *coordinate)
{
	elog(ERROR, "segments are read once");
}

static void
join_shared(CustomScanState *css, shm_toc *toc, void *coordinate)
{
	((SegmentScanState *) css)->segments = coordinate;
}

static Place *
place_of(Segments *segments, uint32 segment)
{
	return &segments->places[segment % segments->nplaces];
}

/* A bytea, of which the header is where it lets the rest be aligned. */
static char *
place_bytes(Segments *segments, uint32 segment)
{
	return (char *) segments + segments_size(segments->nplaces) +
		segment % segments->nplaces * PLACE_SIZE;
}

/* What the executor would do at the first row, but for where it starts. */
static void
begin_scan(SegmentScanState *node)
{
	ScanState  *child = (ScanState *) node->child;
	Relation	table = child->ss_currentRelation;
	Snapshot	snapshot = child->ps.state->es_snapshot;

	/*
	 * A scan of a range, so that each segment is not counted as a scan of the
	 * table; but like one of all of it, it leaves the buffers of others alone
	 * and is seen by serializable transactions.
	 */
	PredicateLockRelation(table, snapshot);
	pgstat_count_heap_scan(table);
	node->scan = table->rd_tableam->scan_begin(table, snapshot, 0, NULL, NULL,
											   SO_TYPE_TIDRANGESCAN | SO_ALLOW_STRAT | SO_ALLOW_PAGEMODE);
	child->ss_currentScanDesc = node->scan;
}

/* The child will return the rows of this segment. */
static void
begin_segment(SegmentScanState *node, uint32 segment)
{
	const Segments *segments = node->segments;
	BlockNumber page = segment * segments->segment_pages;
	ItemPointerData first;
	ItemPointerData last;

	if (node->scan == NULL)
		begin_scan(node);
	ItemPointerSet(&first, page, FirstOffsetNumber);
	ItemPointerSet(&last, Min(segments->npages - page, segments->segment_pages) + page - 1, MaxOffsetNumber);
	table_rescan_tidrange(node->scan, &first, &last);
}

/* The child's next row; false if there is none. */
static bool
read_row(SegmentScanState *node, SegmentBuffer *buffer, bool *fits)
{
	ExprContext *econtext = node->css.ss.ps.ps_ExprContext;
	TupleTableSlot *slot = ExecProcNode(node->child);
	MemoryContext old;

	if (TupIsNull(slot))
		return false;
	old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	*fits = segment_buffer_add(buffer, slot);
	MemoryContextSwitchTo(old);
	ResetExprContext(econtext);

	return true;
}

/* Reads a segment that was taken into its place. */
static void
fill_place(SegmentScanState *node, uint32 segment)
{
	Segments   *segments = node->segments;
	Place	   *place = place_of(segments, segment);
	bool		fits = true;

	segment_buffer_begin(&node->buffer, place_bytes(segments, segment), PLACE_SIZE);
	begin_segment(node, segment);
	while (fits && read_row(node, &node->buffer, &fits))
		;

	SpinLockAcquire(&segments->mutex);
	place->state = fits ? PLACE_FULL : PLACE_TOO_SMALL;
	place->used = node->buffer.used;
	place->nrows = node->buffer.nrows;
	SpinLockRelease(&segments->mutex);
	ConditionVariableBroadcast(&segments->moved);
}

/*
 * Takes the next segment, if it has a place already; false if not.  There may be
 * none left.
 */
static bool
take_segment(Segments *segments, uint32 *segment)
{
	bool		taken;

	SpinLockAcquire(&segments->mutex);
	*segment = segments->next;
	taken = *segment < segments->nsegments && *segment - segments->turn < segments->nplaces;
	if (taken)
		segments->next++;
	SpinLockRelease(&segments->mutex);

	return taken;
}

/* What a worker does, as long as there is something. */
static void
fill_places(SegmentScanState *node)
{
	Segments   *segments = node->segments;
	uint32		segment = 0;

	while (segment < segments->nsegments)
	{
		ConditionVariablePrepareToSleep(&segments->moved);
		while (!take_segment(segments, &segment) && segment < segments->nsegments)
			ConditionVariableSleep(&segments->moved, PG_WAIT_EXTENSION);
		ConditionVariableCancelSleep();
		if (segment < segments->nsegments)
			fill_place(node, segment);
	}
}

/* The turn's segment has been returned. */
static void
finish_turn(SegmentScanState *node)
{
	Segments   *segments = node->segments;

	SpinLockAcquire(&segments->mutex);
	if (segments->nplaces > 0)
		place_of(segments, segments->turn)->state = PLACE_EMPTY;
	segments->turn++;
	SpinLockRelease(&segments->mutex);
	ConditionVariableBroadcast(&segments->moved);
	node->given = false;
}

static Place
turns_place(Segments *segments)
{
	Place		place;

	SpinLockAcquire(&segments->mutex);
	place = *place_of(segments, segments->turn);
	SpinLockRelease(&segments->mutex);

	return place;
}

/* The place of the turn's segment, when that is there. */
static Place
wait_for_turn(SegmentScanState *node)
{
	Segments   *segments = node->segments;
	Place		place;
	uint32		segment;

	while ((place = turns_place(segments)).state == PLACE_EMPTY && take_segment(segments, &segment))
		fill_place(node, segment);

	ConditionVariablePrepareToSleep(&segments->moved);
	while ((place = turns_place(segments)).state == PLACE_EMPTY)
		ConditionVariableSleep(&segments->moved, PG_WAIT_EXTENSION);
	ConditionVariableCancelSleep();

	return place;
}

/* Some rows of the turn's segment, which no place holds. */
static TupleTableSlot *
read_piece(SegmentScanState *node)
{
	SegmentBuffer *own = &node->own;
	bool		fits;

	segment_buffer_begin(own, own->bytes, own->room);
	while (own->used < PACKED_SIZE && (node->reading = read_row(node, own, &fits)))
		;
	node->given = !node->reading;

	return packed_row(node->css.ss.ss_ScanTupleSlot, own->nrows,
					  segment_buffer_bytea(own->bytes, own->used));
}

/* What the rows point to lasts until the next call. */
static TupleTableSlot *
exec_segments(CustomScanState *css)
{
	SegmentScanState *node = (SegmentScanState *) css;
	TupleTableSlot *slot = css->ss.ss_ScanTupleSlot;
	Place		place;

	if (IsParallelWorker())
	{
		fill_places(node);
		return ExecClearTuple(slot);
	}

	if (node->segments == NULL)
	{
		node->segments = palloc(segments_size(0));
		start_segments(node, node->segments, 0);
	}
	if (node->reading)
		return read_piece(node);
	if (node->given)
		finish_turn(node);
	if (node->segments->turn == node->segments->nsegments)
		return ExecClearTuple(slot);

	place.state = PLACE_TOO_SMALL;
	if (node->segments->nplaces > 0)
		place = wait_for_turn(node);
	if (place.state == PLACE_TOO_SMALL)
	{
		begin_segment(node, node->segments->turn);
		return read_piece(node);
	}
	node->given = true;

	return packed_row(slot, place.nrows,
					  segment_buffer_bytea(place_bytes(node->segments, node->segments->turn), place.used));
}

static void
end_segments(CustomScanState *css)
{
	ExecEndNode(((SegmentScanState *) css)->child);
}

static void
rescan_segments(CustomScanState *css)
{
	elog(ERROR, "segments are read once");
}
