/*-------------------------------------------------------------------------
 *
 * event_list.c
 *	  The events of one group, as an aggregate collects them.
 *
 * Adding only appends.  When the list is full it is sorted, and rows equal in
 * time and steps become one with a count, before it takes more memory; so one
 * visitor's duplicates take no room.  What is left after the last sort depends
 * on the set of rows alone, not on their order nor on who collected them.
 *
 * IDENTIFICATION
 *	  src/behaviour/event_list.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "behaviour/event_list.h"
#include "behaviour/group_memory.h"
#include "compat.h"

#define FIRST_CAPACITY	4

static inline int
event_compare(const FunnelEvent *a, const FunnelEvent *b)
{
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->steps != b->steps)
		return a->steps < b->steps ? -1 : 1;

	return 0;
}

#define ST_SORT events_sort
#define ST_ELEMENT_TYPE FunnelEvent
#define ST_COMPARE(a, b) event_compare(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

StaticAssertDecl(FUNNEL_TIME_NOBEGIN == DT_NOBEGIN && FUNNEL_TIME_NOEND == DT_NOEND &&
				 FUNNEL_TIME_MIN == MIN_TIMESTAMP && FUNNEL_TIME_END == END_TIMESTAMP,
				 "times of funnels are those of timestamptz");

void
funnel_interrupt(void)
{
	CHECK_FOR_INTERRUPTS();
}

void
event_list_init(EventList *list, MemoryContext context)
{
	list->context = context;
	list->events = NULL;
	list->nevents = 0;
	list->capacity = 0;
	list->nsteps = 0;
	list->sorted = true;
}

/* For the next group, of the same steps; the memory is kept. */
void
event_list_clear(EventList *list)
{
	list->nevents = 0;
	list->sorted = true;
}

/* All that goes into a list has the same steps, if it has any. */
void
event_list_set_steps(EventList *list, int nsteps)
{
	if (nsteps == 0 || list->nsteps == nsteps)
		return;

	if (list->nsteps != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("funnels of %d and %d steps do not go together",
					   Min(list->nsteps, nsteps), Max(list->nsteps, nsteps)),
				errhint("Group by what decides about the steps."));
	list->nsteps = nsteps;
}

/* Two events of one time and the same steps become one. */
static inline void
event_merge(FunnelEvent *event, const FunnelEvent *other)
{
	if (event->steps != 0)
		event->count = Min(event->count + other->count, FUNNEL_MAX_COUNT);
}

void
event_list_sort(EventList *list)
{
	Size		kept = 0;

	if (list->sorted)
		return;

	events_sort(list->events, list->nevents);
	for (Size i = 1; i < list->nevents; i++)
	{
		if (event_compare(&list->events[kept], &list->events[i]) == 0)
			event_merge(&list->events[kept], &list->events[i]);
		else
			list->events[++kept] = list->events[i];
	}
	list->nevents = kept + 1;
	list->sorted = true;
}

/*
 * Makes room for more events.  What is gained must be worth the sort, also at
 * the limit: else the next few events would bring the next one.
 */
static void
event_list_grow(EventList *list)
{
	Size		most = group_memory_limit() / sizeof(FunnelEvent);
	Size		capacity;

	event_list_sort(list);
	if (list->nevents < list->capacity / 4 * 3)
		return;

	capacity = Max(Min(list->nevents * 2, most), FIRST_CAPACITY);
	if (capacity < list->nevents / 8 * 9 + 1)
		group_memory_exceeded();
	if (list->events == NULL)
		list->events = MemoryContextAlloc(list->context,
										  capacity * sizeof(FunnelEvent));
	else
		list->events = repalloc(list->events, capacity * sizeof(FunnelEvent));
	list->capacity = capacity;
}

void
event_list_add(EventList *list, const FunnelEvent *event)
{
	/* first, because it may change which event is the last */
	if (list->nevents == list->capacity)
		event_list_grow(list);

	if (list->nevents > 0)
	{
		FunnelEvent *last = &list->events[list->nevents - 1];
		int			order = event_compare(last, event);

		if (order == 0)
		{
			event_merge(last, event);
			return;
		}
		if (order > 0)
			list->sorted = false;
	}

	list->events[list->nevents++] = *event;
}

void
event_list_add_all(EventList *list, const EventList *other)
{
	event_list_set_steps(list, other->nsteps);
	for (Size i = 0; i < other->nevents; i++)
	{
		CHECK_FOR_INTERRUPTS();
		event_list_add(list, &other->events[i]);
	}
}

FunnelHistory
event_list_history(EventList *list)
{
	FunnelHistory history;

	event_list_sort(list);
	history.events = list->events;
	history.nevents = list->nevents;
	history.nsteps = list->nsteps;

	return history;
}

/* The list, in the form that is stored, after some bytes of the caller's. */
bytea *
event_list_encode(EventList *list, const char *head, Size len)
{
	FunnelHistory history = event_list_history(list);
	Size		size = VARHDRSZ + len + funnel_encode(&history, NULL);
	bytea	   *result;

	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("a funnel of %zu events is larger than 1 GB",
					   history.nevents));

	result = palloc(size);
	SET_VARSIZE(result, size);
	if (len > 0)
		memcpy(VARDATA(result), head, len);
	funnel_encode(&history, (uint8 *) VARDATA(result) + len);

	return result;
}

/* Takes in what event_list_encode has written, or somebody else has. */
void
event_list_decode(EventList *list, const char *bytes, Size len,
				  int errcode_wrong)
{
	FunnelReader reader;
	FunnelEvent event;

	if (funnel_decode_head(&reader, (const uint8 *) bytes, len))
	{
		event_list_set_steps(list, reader.nsteps);
		while (funnel_decode_event(&reader, &event))
		{
			CHECK_FOR_INTERRUPTS();
			event_list_add(list, &event);
		}
	}

	if (reader.fault != NULL)
		ereport(ERROR,
				errcode(errcode_wrong),
				errmsg("invalid binary value of type %s", "funnel"),
				errdetail("%s", reader.fault));
}
