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

/* A step number, from 1 on, that fills the string to its end; else 0. */
static int
parse_step(const char *str, const char *end)
{
	int			step = 0;

	if (str == end || *str == '0')
		return 0;
	for (; str < end; str++)
	{
		if (!isdigit((unsigned char) *str) || step > FUNNEL_MAX_STEPS)
			return 0;
		step = step * 10 + (*str - '0');
	}

	return step;
}

/*
 * The name of an event, to be nowhere between the steps; or name@from-to.  What
 * does not look like the latter is a name.
 */
static void
parse_exclusion(FunnelQuestion *question, int i, char *text)
{
	FunnelExclusion *exclusion = &question->limits.exclusions[i];
	char	   *at = strrchr(text, '@');
	char	   *dash = at == NULL ? NULL : strchr(at, '-');

	question->excluded[i] = text;

	exclusion->from = 1;
	exclusion->to = question->nsteps;
	if (dash == NULL || strspn(at + 1, "0123456789") != dash - at - 1 || dash == at + 1 ||
		dash[1] == '\0' || strspn(dash + 1, "0123456789") != strlen(dash + 1))
		return;

	exclusion->from = parse_step(at + 1, dash);
	exclusion->to = parse_step(dash + 1, dash + strlen(dash));
	if (exclusion->from < 1 || exclusion->to > question->nsteps ||
		exclusion->from >= exclusion->to)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("element \"%s\" of exclude is not between two steps", text),
				errhint("Write name@from-to, with numbers of steps from 1 to %d in order.",
						question->nsteps));
	*at = '\0';
}

static void
exclude_argument(FunctionCallInfo fcinfo, FunnelQuestion *question)
{
	Datum	   *values;
	int			count;

	if (PG_ARGISNULL(ARG_EXCLUDE))
		return;
	count = array_argument(fcinfo, ARG_EXCLUDE, "exclude", TEXTOID, &values, NULL);
	if (count > FUNNEL_MAX_EXCLUSIONS)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("there must be at most %d elements of exclude, got %d",
					   FUNNEL_MAX_EXCLUSIONS, count));
	question->limits.nexclusions = count;
	for (int i = 0; i < count; i++)
		parse_exclusion(question, i, TextDatumGetCString(values[i]));
	if (count > 0)
		question->limited = true;
}

static void
step_windows_argument(FunctionCallInfo fcinfo, FunnelQuestion *question)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;

	memset(question->limits.after, -1, sizeof(question->limits.after));
	if (PG_ARGISNULL(ARG_STEP_WINDOWS))
		return;
	count = array_argument(fcinfo, ARG_STEP_WINDOWS, "step_windows", INTERVALOID, &values, &nulls);
	if (count != question->nsteps - 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("step_windows must have one element less than steps, %d, got %d",
					   question->nsteps - 1, count),
				errhint("Each is the most time from a step to the next, NULL for no limit."));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			continue;
		question->limits.after[i + 1] = interval_usecs(DatumGetIntervalP(values[i]), "step_windows");
		question->limited = true;
	}
}

static void
attribution_argument(FunctionCallInfo fcinfo, FunnelQuestion *question)
{
	const char *word;

	check_null(fcinfo, ARG_ATTRIBUTION, "attribution");
	word = text_to_cstring(PG_GETARG_TEXT_PP(ARG_ATTRIBUTION));
	if (strcmp(word, "first_touch") == 0)
		question->attribution = ATTRIBUTE_FIRST;
	else if (strcmp(word, "last_touch") == 0)
		question->attribution = ATTRIBUTE_LAST;
	else if (strcmp(word, "all_events") == 0)
		question->attribution = ATTRIBUTE_ALL;
	else
	{
		const char *number = strncmp(word, "step_", 5) == 0 ? word + 5 : word + strlen(word);

		question->attribution = ATTRIBUTE_STEP;
		question->attribution_step = parse_step(number, word + strlen(word));
		if (question->attribution_step < 1 || question->attribution_step > question->nsteps)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("attribution \"%s\" is not known", word),
					errhint("Write one of first_touch, last_touch, all_events, step_1 to step_%d.",
							question->nsteps));
	}
	question->broken_down = !PG_ARGISNULL(ARG_BREAKDOWN);
	question->held = !PG_ARGISNULL(ARG_HOLD);
}

static void
check_limits(const FunnelQuestion *question)
{
	if (question->limited && question->rules.order != FUNNEL_ORDERED)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("exclude and step_windows are for steps in order"),
				errhint("Leave out strict or any in the mode."));
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
	IntakePeriod period = intake_period_arguments(fcinfo, ARG_FROM_TIME, ARG_TO_TIME);
	const char *source = intake_events_argument(fcinfo, ARG_EVENTS);
	FunnelQuestion question = {0};
	FunnelEvents events = {.question = &question,.columns = columns};
	FunnelTallies tallies;

	steps_argument(fcinfo, &question);
	check_null(fcinfo, ARG_WINDOW_SIZE, "window_size");
	question.rules.window = interval_usecs(PG_GETARG_INTERVAL_P(ARG_WINDOW_SIZE), "window_size");
	check_null(fcinfo, ARG_MODE, "mode");
	funnel_mode(PG_GETARG_TEXT_PP(ARG_MODE), &question.rules);
	attribution_argument(fcinfo, &question);
	exclude_argument(fcinfo, &question);
	step_windows_argument(fcinfo, &question);
	check_limits(&question);
	InitMaterializedSRF(fcinfo, 0);

	funnel_report_read(&events, source, &period);
	funnel_report_count(&events, &tallies);
	funnel_report_rows(&question, &columns[REPORT_BREAKDOWN], events.values, &tallies,
					   (ReturnSetInfo *) fcinfo->resultinfo);

	return (Datum) 0;
}
