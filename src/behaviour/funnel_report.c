/*-------------------------------------------------------------------------
 *
 * funnel_report.c
 *	  A funnel over a table, a view or a query: users at each step.
 *
 * The rules are those of the type funnel.  The events are read in one pass into
 * small records (funnel_report_events.c), put together by user, and each user's
 * winning chain is counted (funnel_report_users.c) and told (funnel_report_rows.c).
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel_report.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "behaviour/funnel_mode.h"
#include "behaviour/funnel_report.h"
#include "behaviour/interval_usecs.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"

/* Places of the arguments. */
enum
{
	ARG_EVENTS,
	ARG_STEPS,
	ARG_WINDOW_SIZE,
	ARG_MODE,
	ARG_USER_COLUMN,
	ARG_TIME_COLUMN,
	ARG_EVENT_COLUMN,
	ARG_BREAKDOWN,
	ARG_ATTRIBUTION,
	ARG_HOLD,
	ARG_EXCLUDE,
	ARG_STEP_WINDOWS,
	ARG_FROM_TIME,
	ARG_TO_TIME
};

static void
check_null(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));
}

/* The elements; *nulls is NULL if none of them may be null. */
static int
array_argument(FunctionCallInfo fcinfo, int argno, const char *name, Oid type,
			   Datum **values, bool **nulls)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(argno);
	bool	   *found;
	int			count;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("%s must be a one-dimensional array", name));
	deconstruct_array(array, type, type == TEXTOID ? -1 : sizeof(Interval), false,
					  type == TEXTOID ? TYPALIGN_INT : TYPALIGN_DOUBLE,
					  values, &found, &count);
	if (nulls != NULL)
		*nulls = found;
	else
	{
		for (int i = 0; i < count; i++)
		{
			if (found[i])
				ereport(ERROR,
						errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("element %d of %s must not be null", i + 1, name));
		}
	}

	return count;
}

static void
steps_argument(FunctionCallInfo fcinfo, FunnelQuestion *question)
{
	Datum	   *values;
	int			count;

	check_null(fcinfo, ARG_STEPS, "steps");
	count = array_argument(fcinfo, ARG_STEPS, "steps", TEXTOID, &values, NULL);
	if (count < 1 || count > FUNNEL_MAX_STEPS)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("there must be 1 to %d steps, got %d", FUNNEL_MAX_STEPS, count));
	question->nsteps = count;
	for (int i = 0; i < count; i++)
		question->steps[i] = TextDatumGetCString(values[i]);
}

static TimestampTz
time_argument(FunctionCallInfo fcinfo, int argno, TimestampTz otherwise)
{
	return PG_ARGISNULL(argno) ? otherwise : PG_GETARG_TIMESTAMPTZ(argno);
}

PG_FUNCTION_INFO_V1(funnel_report);

/* (events text, steps text[], ...) => table; see sql/20-behaviour/funnel_report.sql */
Datum
funnel_report(PG_FUNCTION_ARGS)
{
	IntakeColumn columns[REPORT_COLUMNS] = {
		[REPORT_USER] = {"user_column", intake_column_argument(fcinfo, ARG_USER_COLUMN),
		intake_user_names, INTAKE_ANY, true},
		[REPORT_TIME] = {"time_column", intake_column_argument(fcinfo, ARG_TIME_COLUMN),
		intake_time_names, INTAKE_TIME, true},
		[REPORT_EVENT] = {"event_column", intake_column_argument(fcinfo, ARG_EVENT_COLUMN),
		intake_event_names, INTAKE_ANY, true},
		[REPORT_BREAKDOWN] = {"breakdown", intake_column_argument(fcinfo, ARG_BREAKDOWN),
		NULL, INTAKE_ANY, false},
		[REPORT_HOLD] = {"hold", intake_column_argument(fcinfo, ARG_HOLD),
		NULL, INTAKE_ANY, false},
	};
	IntakePeriod period = {time_argument(fcinfo, ARG_FROM_TIME, DT_NOBEGIN),
	time_argument(fcinfo, ARG_TO_TIME, DT_NOEND)};
	const char *source = intake_events_argument(fcinfo, ARG_EVENTS);
	FunnelQuestion question = {0};
	FunnelEvents events = {.question = &question,.columns = columns};
	FunnelTallies tallies;

	steps_argument(fcinfo, &question);
	check_null(fcinfo, ARG_WINDOW_SIZE, "window_size");
	question.rules.window = interval_usecs(PG_GETARG_INTERVAL_P(ARG_WINDOW_SIZE), "window_size");
	check_null(fcinfo, ARG_MODE, "mode");
	funnel_mode(PG_GETARG_TEXT_PP(ARG_MODE), &question.rules);
	memset(question.limits.after, -1, sizeof(question.limits.after));
	InitMaterializedSRF(fcinfo, 0);

	funnel_report_read(&events, source, &period);
	funnel_report_count(&events, &tallies);
	funnel_report_rows(&question, &columns[REPORT_BREAKDOWN], events.values, &tallies,
					   (ReturnSetInfo *) fcinfo->resultinfo);

	return (Datum) 0;
}
