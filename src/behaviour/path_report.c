/*-------------------------------------------------------------------------
 *
 * path_report.c
 *	  From where to where users go, step by step.
 *
 * A path is what path_agg() makes of a user's nodes: in order of time, at one
 * time in order of their names, with repeats left out.  It can be cut into
 * sessions.  A user counts once for a step, however many paths take it: since
 * the paths of a user are counted together, a step remembers the last user.
 *
 * IDENTIFICATION
 *	  src/behaviour/path_report.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "behaviour/interval_usecs.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "intake/codes.h"
#include "intake/groups.h"
#include "intake/intake_value.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"

#define PATH_NCOLUMNS		5
#define PATH_MAX_LENGTH		1000
#define PATH_NO_NODE		PG_UINT32_MAX

/* A transition is one number: its step, and the two nodes. */
#define PATH_NODE_BITS		26
#define PATH_MAX_NODES		(UINT32_C(1) << PATH_NODE_BITS)
#define PATH_KEY(step, source, target) \
	((((int64) (step) << PATH_NODE_BITS) | (source)) << PATH_NODE_BITS | (target))
#define PATH_STEP(key)		((int32) ((key) >> (2 * PATH_NODE_BITS)))
#define PATH_SOURCE(key)	((uint32) ((key) >> PATH_NODE_BITS) & (PATH_MAX_NODES - 1))
#define PATH_TARGET(key)	((uint32) (key) & (PATH_MAX_NODES - 1))

typedef enum PathColumn
{
	PATH_USER,
	PATH_TIME,
	PATH_NODE,
	PATH_SESSION,
	PATH_COLUMNS
} PathColumn;

/* An event as it is kept; user first, for groups.c. */
typedef struct PathEvent
{
	uint32		user;
	uint32		session;		/* code; 0 if there is no column of sessions */
	TimestampTz time;
	uint32		node;			/* code, and its rank once all are known */
} PathEvent;

typedef struct PathCount
{
	int64		users;
	int64		paths;
	uint32		last_user;
} PathCount;

typedef struct PathReport
{
	IntakeColumn columns[PATH_COLUMNS];
	IntakeLeftOut left_out;
	int32		max_length;
	int64		timeout;		/* -1: none */
	const char *start_node;		/* NULL: any */
	const char *end_node;
	uint32		start;			/* their ranks, or PATH_NO_NODE */
	uint32		end;
	Codes	   *sessions;
	Codes	   *nodes;
	char	  **names;			/* by code of the node */
	uint32		nnames;
	uint32	   *ranks;			/* by code of the node */
	uint32	   *by_rank;		/* codes */
	Groups	   *groups;
	uint32	   *path;			/* nodes of the path that is being counted */
	Codes	   *keys;			/* of transitions */
	PathCount  *counts;			/* by their codes */
	uint32		ncounts;
} PathReport;

/* A node that comes for the first time has the highest code. */
static uint32
node_code(PathReport *report, Datum value)
{
	uint32		known = report->nodes->count;
	uint32		code = codes_get(report->nodes, value);
	MemoryContext old;

	if (code < known)
		return code;
	if (code >= PATH_MAX_NODES)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("the events have more than %u nodes", PATH_MAX_NODES),
				errhint("Pass a query that groups them, for example pages by their kind."));
	report->names = codes_make_room(report->names, &report->nnames, code, sizeof(char *));
	old = MemoryContextSwitchTo(report->nodes->context);
	report->names[code] = intake_text(&report->columns[PATH_NODE], value);
	MemoryContextSwitchTo(old);

	return code;
}

static void
take_event(void *arg, const Datum *values, const bool *nulls)
{
	PathReport *report = arg;
	PathEvent  *event;
	uint32		node;

	if (nulls[PATH_USER] ||
		intake_is_empty(&report->columns[PATH_USER], values[PATH_USER]))
	{
		report->left_out.no_user++;
		return;
	}
	if (intake_time_left_out(&report->left_out, values[PATH_TIME], nulls[PATH_TIME]))
		return;
	if (report->sessions != NULL &&
		(nulls[PATH_SESSION] ||
		 intake_is_empty(&report->columns[PATH_SESSION], values[PATH_SESSION])))
	{
		report->left_out.no_session++;
		return;
	}
	if (nulls[PATH_NODE])
		return;

	node = node_code(report, values[PATH_NODE]);
	event = groups_add_named(report->groups, values[PATH_USER]);
	event->session = report->sessions == NULL ? 0 : codes_get(report->sessions, values[PATH_SESSION]);
	event->time = DatumGetTimestampTz(values[PATH_TIME]);
	event->node = node;
}

/* As path_agg() sorts them. */
static int
compare_names(const void *a, const void *b, void *arg)
{
	const PathReport *report = arg;
	uint32		left = *(const uint32 *) a;
	uint32		right = *(const uint32 *) b;
	int			order = strcmp(report->names[left], report->names[right]);

	return order != 0 ? order : (left > right) - (left < right);
}

/* All nodes are known: a node is from now on its place among their names. */
static void
rank_nodes(PathReport *report)
{
	uint32		n = report->nodes->count;
	uint32		i;

	report->ranks = palloc_extended(Max(n, 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	report->by_rank = palloc_extended(Max(n, 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	for (i = 0; i < n; i++)
		report->by_rank[i] = i;
	qsort_arg(report->by_rank, n, sizeof(uint32), compare_names, report);
	report->start = report->end = PATH_NO_NODE;
	for (i = 0; i < n; i++)
	{
		const char *name = report->names[report->by_rank[i]];

		report->ranks[report->by_rank[i]] = i;
		if (report->start_node != NULL && strcmp(report->start_node, name) == 0)
			report->start = i;
		if (report->end_node != NULL && strcmp(report->end_node, name) == 0)
			report->end = i;
	}
	if (report->start_node != NULL && report->start == PATH_NO_NODE)
		intake_tell_no_event(report->start_node);
	if (report->end_node != NULL && report->end == PATH_NO_NODE)
		intake_tell_no_event(report->end_node);
}

static int
compare_events(const void *a, const void *b)
{
	const PathEvent *left = a;
	const PathEvent *right = b;

	if (left->session != right->session)
		return left->session < right->session ? -1 : 1;
	if (left->time != right->time)
		return left->time < right->time ? -1 : 1;

	return (left->node > right->node) - (left->node < right->node);
}

static void
count_step(PathReport *report, uint32 user, int32 step, uint32 source, uint32 target)
{
	uint32		code = codes_get(report->keys, Int64GetDatum(PATH_KEY(step, source, target)));
	PathCount  *count;
	bool		is_new = code >= report->ncounts;

	report->counts = codes_make_room(report->counts, &report->ncounts, code, sizeof(PathCount));
	if (is_new)
		memset(report->counts + code, 0, (report->ncounts - code) * sizeof(PathCount));
	count = &report->counts[code];
	if (count->users == 0 || count->last_user != user)
		count->users++;
	count->last_user = user;
	count->paths++;
}

/* Counts the path that some events of a user make. */
static void
count_path(PathReport *report, const PathEvent *events, size_t nevents)
{
	int32		length = 0;
	bool		ended = report->end_node == NULL;
	size_t		i;
	int32		step;

	for (i = 0; i < nevents && length < report->max_length; i++)
	{
		if (length == 0 && report->start_node != NULL && events[i].node != report->start)
			continue;
		if (length > 0 && report->path[length - 1] == events[i].node)
			continue;
		report->path[length++] = events[i].node;
		if (length > 1 && report->end_node != NULL && events[i].node == report->end)
		{
			ended = true;
			break;
		}
	}
	for (step = 1; ended && step < length; step++)
		count_step(report, events[0].user, step, report->path[step - 1], report->path[step]);
}

/* Does a new session begin with this event? */
static bool
starts_session(const PathReport *report, const PathEvent *event)
{
	const PathEvent *before = event - 1;

	return event->session != before->session ||
		(report->timeout >= 0 &&
		 (uint64) event->time - (uint64) before->time > report->timeout);
}

static void
count_user(PathReport *report, const RecordGroup *group)
{
	PathEvent  *events = group->records;
	size_t		first = 0;
	size_t		i;

	for (i = 0; i < group->count; i++)
		events[i].node = report->ranks[events[i].node];
	qsort(events, group->count, sizeof(PathEvent), compare_events);
	for (i = 1; i <= group->count; i++)
	{
		if (i < group->count && !starts_session(report, &events[i]))
			continue;
		count_path(report, events + first, i - first);
		first = i;
		CHECK_FOR_INTERRUPTS();
	}
}

static int64
key_of(const PathReport *report, uint32 code)
{
	return DatumGetInt64(codes_value(report->keys, code));
}

/* By step; in a step those first that most take, then by name. */
static int
compare_transitions(const void *a, const void *b, void *arg)
{
	const PathReport *report = arg;
	uint32		left = *(const uint32 *) a;
	uint32		right = *(const uint32 *) b;
	int64		left_key = key_of(report, left);
	int64		right_key = key_of(report, right);
	int64		left_users = report->counts[left].users;
	int64		right_users = report->counts[right].users;

	if (PATH_STEP(left_key) != PATH_STEP(right_key))
		return PATH_STEP(left_key) < PATH_STEP(right_key) ? -1 : 1;
	if (left_users != right_users)
		return left_users > right_users ? -1 : 1;

	return (left_key > right_key) - (left_key < right_key);
}

static void
put_transitions(const PathReport *report, ReturnSetInfo *rsinfo)
{
	uint32		n = report->keys->count;
	uint32	   *order = palloc_extended(Max(n, 1) * sizeof(uint32), MCXT_ALLOC_HUGE);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "shopanalytics path row",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	uint32		i;

	for (i = 0; i < n; i++)
		order[i] = i;
	qsort_arg(order, n, sizeof(uint32), compare_transitions, unconstify(PathReport *, report));
	old = MemoryContextSwitchTo(context);
	for (i = 0; i < n; i++)
	{
		int64		key = key_of(report, order[i]);
		Datum		values[PATH_NCOLUMNS];
		bool		nulls[PATH_NCOLUMNS] = {false};

		values[0] = CStringGetTextDatum(report->names[report->by_rank[PATH_SOURCE(key)]]);
		values[1] = CStringGetTextDatum(report->names[report->by_rank[PATH_TARGET(key)]]);
		values[2] = Int32GetDatum(PATH_STEP(key));
		values[3] = Int64GetDatum(report->counts[order[i]].users);
		values[4] = Int64GetDatum(report->counts[order[i]].paths);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextReset(context);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

static int32
length_argument(FunctionCallInfo fcinfo, int argno)
{
	int32		length;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("max_length must not be null"));
	length = PG_GETARG_INT32(argno);
	if (length < 2 || length > PATH_MAX_LENGTH)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("max_length is %d, but must be from 2 to %d", length, PATH_MAX_LENGTH));

	return length;
}

PG_FUNCTION_INFO_V1(path_report);
Datum
path_report(PG_FUNCTION_ARGS)
{
	bool		by_session = !PG_ARGISNULL(2);
	PathReport	report = {
		.columns = {
			[PATH_USER] = {"user_column", intake_column_argument(fcinfo, 6),
			intake_user_names, INTAKE_ANY, true},
			[PATH_TIME] = {"time_column", intake_column_argument(fcinfo, 7),
			intake_time_names, INTAKE_TIME, true},
			[PATH_NODE] = {"node_column", intake_column_argument(fcinfo, 8),
			intake_event_names, INTAKE_ANY, true},
			[PATH_SESSION] = {"session_column", intake_column_argument(fcinfo, 2),
			NULL, INTAKE_ANY, false},
		},
		.max_length = length_argument(fcinfo, 1),
		.timeout = PG_ARGISNULL(3) ? -1 : interval_usecs(PG_GETARG_INTERVAL_P(3), "timeout"),
		.start_node = PG_ARGISNULL(4) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(4)),
		.end_node = PG_ARGISNULL(5) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(5)),
	};
	IntakePeriod period = intake_period_arguments(fcinfo, 9, 10);
	Intake	   *intake;
	RecordGroup group;

	InitMaterializedSRF(fcinfo, 0);
	intake = intake_open(intake_events_argument(fcinfo, 0), report.columns, PATH_COLUMNS, &period);
	report.nodes = codes_create(report.columns[PATH_NODE].type, report.columns[PATH_NODE].collation);
	if (by_session)
		report.sessions = codes_create(report.columns[PATH_SESSION].type,
									   report.columns[PATH_SESSION].collation);
	report.names = palloc(sizeof(char *));
	report.groups = groups_create(sizeof(PathEvent));
	report.groups->codes = codes_create(report.columns[PATH_USER].type,
										report.columns[PATH_USER].collation);
	intake_read(intake, take_event, &report);
	intake_tell_left_out(&report.left_out);

	rank_nodes(&report);
	report.path = palloc(report.max_length * sizeof(uint32));
	report.keys = codes_create(INT8OID, InvalidOid);
	report.counts = palloc(sizeof(PathCount));
	groups_finish_named(report.groups);
	while (groups_next(report.groups, &group))
		count_user(&report, &group);
	put_transitions(&report, (ReturnSetInfo *) fcinfo->resultinfo);
	groups_destroy(report.groups);

	return (Datum) 0;
}
