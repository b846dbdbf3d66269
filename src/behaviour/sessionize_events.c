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

#include "access/htup_details.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "behaviour/interval_usecs.h"
#include "behaviour/session.h"
#include "compat.h"
#include "intake/codes.h"
#include "intake/groups.h"
#include "intake/intake_value.h"

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

/* The columns that are read. */
enum
{
	READ_USER,
	READ_TIME,
	READ_KEY,
	READ_COLUMNS
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

/*
 * The key is there only if it is asked for; one that is no plain number is kept
 * elsewhere, and its code here.
 */
typedef struct UserEvent
{
	uint32		user;
	bool		has_key;
	TimestampTz time;
	Datum		key;
} UserEvent;

typedef struct BulkSessions
{
	IntakeColumn columns[READ_COLUMNS];
	IntakeLeftOut left_out;
	SessionRules rules;
	Codes	   *users;
	Codes	   *keys;			/* NULL: none, or each is a Datum by value */
	Groups	   *groups;
} BulkSessions;

/* Simultaneous events are in the order of their keys, if these have a say. */
#define ST_SORT sort_user_events
#define ST_ELEMENT_TYPE UserEvent
#define ST_COMPARE(a, b) \
	((a)->time != (b)->time ? ((a)->time < (b)->time ? -1 : 1) : \
	 ((int64) (a)->key > (int64) (b)->key) - ((int64) (a)->key < (int64) (b)->key))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_user_times
#define ST_ELEMENT_TYPE_VOID
#define ST_COMPARE(a, b) \
	((((const UserEvent *) (a))->time > ((const UserEvent *) (b))->time) - \
	 (((const UserEvent *) (a))->time < ((const UserEvent *) (b))->time))
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

static void
take_event(void *arg, const Datum *values, const bool *nulls)
{
	BulkSessions *bulk = arg;
	UserEvent  *event;

	if (nulls[READ_USER] ||
		intake_is_empty(&bulk->columns[READ_USER], values[READ_USER]))
	{
		bulk->left_out.no_user++;
		return;
	}
	if (intake_time_left_out(&bulk->left_out, values[READ_TIME], nulls[READ_TIME]))
		return;

	event = groups_add_named(bulk->groups, values[READ_USER]);
	event->time = DatumGetTimestampTz(values[READ_TIME]);
	if (bulk->columns[READ_KEY].present)
	{
		event->has_key = !nulls[READ_KEY];
		event->key = nulls[READ_KEY] ? 0 :
			bulk->keys == NULL ? values[READ_KEY] :
			UInt32GetDatum(codes_get(bulk->keys, values[READ_KEY]));
	}
}

static Datum
key_text(BulkSessions *bulk, const UserEvent *event)
{
	Datum		key = bulk->keys == NULL ? event->key :
	codes_value(bulk->keys, DatumGetUInt32(event->key));

	return CStringGetTextDatum(intake_text(&bulk->columns[READ_KEY], key));
}

/*
 * The rows of one user, if events have no keys.  They differ in nothing but the
 * three numbers at their end, so one row is made and written over.
 */
static void
put_events(BulkSessions *bulk, ReturnSetInfo *rsinfo, const RecordGroup *group,
		   Datum *values, TupleTableSlot *slot)
{
	bool		nulls[OUT_COLUMNS] = {[OUT_EVENT_KEY] = true};
	MinimalTuple tuple = heap_form_minimal_tuple(rsinfo->setDesc, values, nulls);
	int64	   *numbers = (int64 *) ((char *) tuple + tuple->t_len) - 3;
	const char *record = group->records;
	Session		session = {0};
	size_t		i;

	ExecStoreMinimalTuple(tuple, slot, false);
	for (i = 0; i < group->count; i++, record += bulk->groups->size)
	{
		session_advance(&session, &bulk->rules, ((const UserEvent *) record)->time, false);
		numbers[0] = session.last;
		numbers[1] = session.number;
		numbers[2] = session.start;
		tuplestore_puttupleslot(rsinfo->setResult, slot);
		CHECK_FOR_INTERRUPTS();
	}
	ExecClearTuple(slot);
}

/* The rows of one user, with the keys of events. */
static void
put_keyed_events(BulkSessions *bulk, ReturnSetInfo *rsinfo, const RecordGroup *group,
				 Datum *values, MemoryContext row_context)
{
	const UserEvent *events = group->records;
	bool		nulls[OUT_COLUMNS] = {false};
	Session		session = {0};
	MemoryContext user_context = MemoryContextSwitchTo(row_context);
	size_t		i;

	for (i = 0; i < group->count; i++)
	{
		session_advance(&session, &bulk->rules, events[i].time, false);
		values[OUT_EVENT_TIME] = TimestampTzGetDatum(session.last);
		values[OUT_SESSION_NUMBER] = Int64GetDatum(session.number);
		values[OUT_SESSION_START] = TimestampTzGetDatum(session.start);
		nulls[OUT_EVENT_KEY] = !events[i].has_key;
		if (events[i].has_key)
			values[OUT_EVENT_KEY] = key_text(bulk, &events[i]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextReset(row_context);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(user_context);
}

static void
put_users(BulkSessions *bulk, ReturnSetInfo *rsinfo)
{
	bool		has_keys = bulk->columns[READ_KEY].present;
	MemoryContext user_context = AllocSetContextCreate(CurrentMemoryContext,
													   "shopanalytics user",
													   ALLOCSET_SMALL_SIZES);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "shopanalytics row",
													  ALLOCSET_SMALL_SIZES);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(rsinfo->setDesc, &TTSOpsMinimalTuple);
	MemoryContext old = MemoryContextSwitchTo(user_context);
	RecordGroup group;

	while (groups_next(bulk->groups, &group))
	{
		Datum		values[OUT_COLUMNS] = {0};

		values[OUT_USER_ID] =
			CStringGetTextDatum(intake_text(&bulk->columns[READ_USER],
											codes_value(bulk->users, group.number)));
		if (has_keys)
		{
			sort_user_events(group.records, group.count);
			put_keyed_events(bulk, rsinfo, &group, values, row_context);
		}
		else
		{
			sort_user_times(group.records, group.count, bulk->groups->size);
			put_events(bulk, rsinfo, &group, values, slot);
		}
		MemoryContextReset(user_context);
	}
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextSwitchTo(old);
}

/*
 * (events text, timeout interval, user_column name, time_column name,
 * key_column name, max_duration interval, max_events int4) => setof record
 */
PG_FUNCTION_INFO_V1(sessionize_events);
Datum
sessionize_events(PG_FUNCTION_ARGS)
{
	BulkSessions bulk = {
		.columns = {
			[READ_USER] = {
				.argument = "user_column",
				.name = intake_column_argument(fcinfo, ARG_USER_COLUMN),
				.usual = intake_user_names,
				.kind = INTAKE_ANY,
				.required = true
			},
			[READ_TIME] = {
				.argument = "time_column",
				.name = intake_column_argument(fcinfo, ARG_TIME_COLUMN),
				.usual = intake_time_names,
				.kind = INTAKE_TIME,
				.required = true
			},
			[READ_KEY] = {
				.argument = "key_column",
				.name = intake_column_argument(fcinfo, ARG_KEY_COLUMN),
				.kind = INTAKE_ANY
			}
		}
	};
	IntakeColumn *user = &bulk.columns[READ_USER];
	IntakeColumn *key = &bulk.columns[READ_KEY];
	Intake	   *intake;

	read_rules(fcinfo, &bulk.rules);
	InitMaterializedSRF(fcinfo, 0);

	intake = intake_open(intake_events_argument(fcinfo, ARG_EVENTS), bulk.columns,
						 READ_COLUMNS, NULL);
	bulk.users = codes_create(user->type, user->collation);
	if (key->present && !get_typbyval(key->type))
		bulk.keys = codes_create_exact(key->type, key->collation);
	bulk.groups = groups_create(key->present ? sizeof(UserEvent) : offsetof(UserEvent, key));
	bulk.groups->codes = bulk.users;
	intake_read(intake, take_event, &bulk);
	intake_tell_left_out(&bulk.left_out);

	groups_finish_named(bulk.groups);
	put_users(&bulk, (ReturnSetInfo *) fcinfo->resultinfo);
	groups_destroy(bulk.groups);

	return (Datum) 0;
}
