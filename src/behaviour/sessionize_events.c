/*-------------------------------------------------------------------------
 *
 * sessionize_events.c
 *	  sessionize_events(): all events of a table with their sessions, in bulk.
 *
 * What sessionize() answers for the rows of a window, without the sort of a
 * whole table that a window needs: events are put together by user, which
 * keeps their order, and most often that is the order of time already.
 *
 * IDENTIFICATION
 *	  src/behaviour/sessionize_events.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "behaviour/interval_usecs.h"
#include "behaviour/session.h"
#include "behaviour/sessionize_events.h"
#include "compat.h"
#include "intake/user_events.h"

/* The arguments. */
enum
{
	ARG_EVENTS,
	ARG_TIMEOUT,
	ARG_USER_COLUMN,
	ARG_TIME_COLUMN,
	ARG_KEY_COLUMN,
	ARG_MAX_DURATION,
	ARG_MAX_EVENTS
};

/* The columns of the result. */
enum
{
	OUT_EVENT_KEY,
	OUT_USER_ID,
	OUT_EVENT_TIME,
	OUT_SESSION_NUMBER,
	OUT_SESSION_START,
	OUT_COLUMNS
};

typedef struct BulkSessions
{
	SessionRules rules;
	UserEvents *events;
	bool		have_keys;
	int			places[OUT_COLUMNS];	/* of columns among the values */

	/* The user whose rows are given out. */
	PartsGroup	group;
	size_t		next;			/* event in it */
	Session		session;
	Datum		user_id;
	uint64		nusers;			/* given out so far */
	MemoryContext user_context;
	MemoryContext row_context;
} BulkSessions;

/* Simultaneous events are in the order of their keys, if these have a say. */
static inline int
compare_user_events(const UserEvent *a, const UserEvent *b)
{
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->key != b->key)
		return (int64) a->key < (int64) b->key ? -1 : 1;

	return (int) a->has_key - (int) b->has_key;
}

#define ST_SORT sort_user_events
#define ST_ELEMENT_TYPE UserEvent
#define ST_COMPARE(a, b) compare_user_events(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_user_times
#define ST_ELEMENT_TYPE TimestampTz
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static void
read_rules(FunctionCallInfo fcinfo, SessionRules *rules)
{
	rules->scale = SCALE_CLOCK;
	if (PG_ARGISNULL(ARG_TIMEOUT))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("timeout must not be null"),
				errhint("Leave it out for 30 minutes."));
	rules->timeout = interval_usecs(PG_GETARG_INTERVAL_P(ARG_TIMEOUT), "timeout");
	rules->max_duration = PG_ARGISNULL(ARG_MAX_DURATION) ? PG_UINT64_MAX :
		interval_usecs(PG_GETARG_INTERVAL_P(ARG_MAX_DURATION), "max_duration");
	if (!PG_ARGISNULL(ARG_MAX_EVENTS) && PG_GETARG_INT32(ARG_MAX_EVENTS) < 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("max_events must be at least 1, got %d",
					   PG_GETARG_INT32(ARG_MAX_EVENTS)),
				errhint("Leave it out for sessions of any number of events."));
	rules->max_events = PG_ARGISNULL(ARG_MAX_EVENTS) ? PG_INT64_MAX :
		PG_GETARG_INT32(ARG_MAX_EVENTS);
}

/*
 * Most often the events of a user are in order but for a few that are near their
 * places.  If they are not, this gives up.
 */
static void
sort_nearly_sorted(TimestampTz *times, size_t count)
{
	size_t		moves = 0;
	size_t		i;

	for (i = 1; i < count; i++)
	{
		TimestampTz time = times[i];
		size_t		at = i;

		for (; at > 0 && times[at - 1] > time; at--)
			times[at] = times[at - 1];
		times[at] = time;
		CHECK_FOR_INTERRUPTS();
		moves += i - at;
		if (moves > 16 * i)
			break;
	}
	if (i < count)
		sort_user_times(times, count);
}

/* On to the next user; false if there is none. */
static bool
next_user(BulkSessions *bulk)
{
	PartsGroup *group = &bulk->group;
	MemoryContext old;

	if (!parts_next(bulk->events->parts, group))
		return false;
	if (bulk->have_keys)
		sort_user_events(group->payloads, group->count);
	else
		sort_nearly_sorted(group->payloads, group->count);
	bulk->next = 0;
	memset(&bulk->session, 0, sizeof(Session));

	if (bulk->places[OUT_USER_ID] >= 0)
	{
		/* Users are many, most with few events. */
		if (bulk->nusers++ % 64 == 0)
			MemoryContextReset(bulk->user_context);
		old = MemoryContextSwitchTo(bulk->user_context);
		bulk->user_id = CStringGetTextDatum(user_events_user(bulk->events, group));
		MemoryContextSwitchTo(old);
	}

	return true;
}

static void
put_key(BulkSessions *bulk, const UserEvent *event, Datum *value, bool *isnull)
{
	MemoryContext old;

	*isnull = event == NULL || !event->has_key;
	if (*isnull)
		return;
	MemoryContextReset(bulk->row_context);
	old = MemoryContextSwitchTo(bulk->row_context);
	*value = CStringGetTextDatum(user_events_key(bulk->events, event));
	MemoryContextSwitchTo(old);
}

static bool
next_event(void *state, Datum *values, bool *nulls)
{
	BulkSessions *bulk = state;
	const int  *places = bulk->places;
	const UserEvent *event = NULL;
	TimestampTz time;

	if (bulk->next == bulk->group.count && !next_user(bulk))
		return false;
	if (bulk->have_keys)
	{
		event = (const UserEvent *) bulk->group.payloads + bulk->next;
		time = event->time;
	}
	else
		time = ((const TimestampTz *) bulk->group.payloads)[bulk->next];
	bulk->next++;
	session_advance(&bulk->session, &bulk->rules, time, false);

	if (places[OUT_EVENT_KEY] >= 0)
		put_key(bulk, event, &values[places[OUT_EVENT_KEY]], &nulls[places[OUT_EVENT_KEY]]);
	if (places[OUT_USER_ID] >= 0)
		values[places[OUT_USER_ID]] = bulk->user_id;
	if (places[OUT_EVENT_TIME] >= 0)
		values[places[OUT_EVENT_TIME]] = TimestampTzGetDatum(time);
	if (places[OUT_SESSION_NUMBER] >= 0)
		values[places[OUT_SESSION_NUMBER]] = Int64GetDatum(bulk->session.number);
	if (places[OUT_SESSION_START] >= 0)
		values[places[OUT_SESSION_START]] = TimestampTzGetDatum(bulk->session.start);

	return true;
}

static void
rewind_events(void *state)
{
	BulkSessions *bulk = state;

	parts_rewind(bulk->events->parts);
	bulk->next = bulk->group.count = 0;
}

static void
end_events(void *state)
{
	parts_destroy(((BulkSessions *) state)->events->parts);
}

static int
events_workers(const void *state)
{
	return ((const BulkSessions *) state)->events->workers;
}

/* Reads all events. */
static void *
begin_events(FunctionCallInfo fcinfo, const int *places)
{
	BulkSessions *bulk = palloc0(sizeof(BulkSessions));

	read_rules(fcinfo, &bulk->rules);
	memcpy(bulk->places, places, sizeof(bulk->places));
	bulk->events = user_events_read(intake_events_argument(fcinfo, ARG_EVENTS),
									intake_column_argument(fcinfo, ARG_USER_COLUMN),
									intake_column_argument(fcinfo, ARG_TIME_COLUMN),
									intake_column_argument(fcinfo, ARG_KEY_COLUMN));
	bulk->have_keys = bulk->events->columns[USER_EVENTS_KEY].present;
	bulk->user_context = AllocSetContextCreate(CurrentMemoryContext, "shopanalytics user",
											   ALLOCSET_SMALL_SIZES);
	bulk->row_context = AllocSetContextCreate(CurrentMemoryContext, "shopanalytics row",
											  ALLOCSET_SMALL_SIZES);

	return bulk;
}

/*
 * (events text, timeout interval, user_column name, time_column name,
 * key_column name, max_duration interval, max_events int4) => setof record
 */
PG_FUNCTION_INFO_V1(sessionize_events);
Datum
sessionize_events(PG_FUNCTION_ARGS)
{
	stream_put_all(&sessionize_events_stream, fcinfo);

	return (Datum) 0;
}

const ReportStream sessionize_events_stream = {
	.name = "sessionize_events",
	.function = sessionize_events,
	.begin = begin_events,
	.next = next_event,
	.rewind = rewind_events,
	.end = end_events,
	.workers = events_workers
};

/* (internal) => internal; that it is called is what it is for, see stream_scan.c */
PG_FUNCTION_INFO_V1(sessionize_events_support);
Datum
sessionize_events_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}
