/*-------------------------------------------------------------------------
 *
 * funnel_report_events.c
 *	  Reading the events of funnel_report() into records.
 *
 * Most events are of one of the steps, and many follow another of the same
 * name, so a name is compared with the last one first, then with those that the
 * report is about.  Text is compared by its bytes.  Other types, and text in a
 * collation that has a say in equality, go by codes: the names of the steps are
 * made values of the type, and get the first codes.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel_report_events.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "behaviour/funnel_report.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "compat.h"

#define MAX_NAMES	(FUNNEL_MAX_STEPS + FUNNEL_MAX_EXCLUSIONS)

typedef struct FunnelName
{
	const char *text;
	size_t		len;
	uint32		steps;
	uint32		excluded;
	bool		seen;			/* an event has it */
} FunnelName;

struct FunnelNames
{
	Codes	   *codes;			/* NULL: bytes are compared */
	int			count;
	int			last;			/* found last */
	FunnelName	names[MAX_NAMES];
};

/* Of a name that the report is not about. */
static const FunnelName no_name;

/* The entry of a name, a new one if there is none. */
static FunnelName *
add_name(FunnelNames *names, const IntakeColumn *column, char *text)
{
	FunnelName *name;
	int			i;

	if (names->codes != NULL)
	{
		Oid			input;
		Oid			param;

		getTypeInputInfo(column->type, &input, &param);
		i = codes_get(names->codes, OidInputFunctionCall(input, text, param, -1));
	}
	else
	{
		for (i = 0; i < names->count; i++)
		{
			if (strcmp(names->names[i].text, text) == 0)
				break;
		}
	}

	name = &names->names[i];
	if (i == names->count)
	{
		name->text = text;

		name->len = strlen(text);
		names->count++;
	}

	return name;
}

static FunnelNames *
make_names(const FunnelQuestion *question, const IntakeColumn *column)
{
	FunnelNames *names = palloc0(sizeof(FunnelNames));
	bool		is_text = column->type == TEXTOID || column->type == VARCHAROID;
	int			i;

	if (!is_text ||
		(OidIsValid(column->collation) && !get_collation_isdeterministic(column->collation)))
		names->codes = codes_create(column->type, column->collation);
	for (i = 0; i < question->nsteps; i++)
		add_name(names, column, question->steps[i])->steps |= UINT32_C(1) << i;
	for (i = 0; i < question->limits.nexclusions; i++)
		add_name(names, column, question->excluded[i])->excluded |= UINT32_C(1) << i;

	return names;
}

static inline bool
is_name(const FunnelName *name, const char *text, size_t len)
{
	return name->len == len && memcmp(name->text, text, len) == 0;
}

static inline const FunnelName *
find_name(FunnelNames *names, Datum value)
{
	struct varlena *bytes;
	const char *text;
	size_t		len;

	if (names->codes != NULL)
	{
		uint32		code = codes_get(names->codes, value);

		if (code >= names->count)
			return &no_name;
		names->names[code].seen = true;

		return &names->names[code];
	}

	bytes = PG_DETOAST_DATUM_PACKED(value);
	text = VARDATA_ANY(bytes);

	len = VARSIZE_ANY_EXHDR(bytes);
	if (is_name(&names->names[names->last], text, len))
	{
		names->names[names->last].seen = true;
		return &names->names[names->last];
	}
	for (int i = 0; i < names->count; i++)
	{
		if (is_name(&names->names[i], text, len))
		{
			names->last = i;
			names->names[i].seen = true;
			return &names->names[i];
		}
	}

	return &no_name;
}

static void
tell_unseen(const FunnelNames *names)
{
	int			i;

	for (i = 0; i < names->count; i++)
	{
		if (!names->names[i].seen)
			intake_tell_no_event(names->names[i].text);
	}
}

/* Adds what a short record has not; false if the event is to be left out. */
static bool
take_values(FunnelEvents *events, FunnelRecord *record, const Datum *values,
			const bool *nulls)
{
	if (events->held != NULL)
	{
		/* what has no value is in no chain */
		if (nulls[REPORT_HOLD])
			return false;
		record->held = codes_get(events->held, values[REPORT_HOLD]);
	}
	if (events->values != NULL && !nulls[REPORT_BREAKDOWN])
		record->value = codes_get(events->values, values[REPORT_BREAKDOWN]) + 1;
	if (events->units != NULL)
	{
		uint64		pair = ((uint64) record->unit << 32) | record->value;

		record->unit = codes_get(events->units, Int64GetDatum((int64) pair));
	}

	return true;
}

static void
add_short(FunnelEvents *events, uint32 unit, uint32 steps, TimestampTz time)
{
	FunnelRecord *record = groups_add(events->groups);

	record->unit = unit;
	record->steps = steps;
	record->time = time;
	if (events->firsts != NULL)
	{
		FunnelFirst *first;

		if (unit == events->nfirsts)
		{
			events->firsts = codes_make_room(events->firsts, &events->firsts_room,
											 unit, sizeof(FunnelFirst));
			events->firsts[unit].last = DT_NOBEGIN;
			events->firsts[unit].steps = 0;
			events->nfirsts++;
		}
		first = &events->firsts[unit];
		first->steps |= steps;
		if ((steps & 1) != 0 && time > first->last)
			first->last = time;
	}
}

static void
take_waiting(FunnelEvents *events)
{
	uint32		units[FUNNEL_MAX_WAITING];

	for (int i = 0; i < events->nwaiting; i++)
	{
		units[i] = codes_get(events->users, events->waiting[i].user);
#ifdef __GNUC__
		if (events->firsts != NULL)
			__builtin_prefetch(&events->firsts[units[i]], 1);
#endif
	}
	for (int i = 0; i < events->nwaiting; i++)
		add_short(events, units[i], events->waiting[i].steps, events->waiting[i].time);
	events->nwaiting = 0;
}

/*
 * There are more users than a processor's cache holds, and each event is of
 * another one: what is known of the user is asked for now and used a little
 * later.
 */
static void
wait_for_user(FunnelEvents *events, Datum user, const FunnelRecord *record)
{
	FunnelWaiting *waiting = &events->waiting[events->nwaiting++];

	codes_prefetch(events->users, user);
	waiting->user = user;
	waiting->time = record->time;
	waiting->steps = record->steps;
	if (events->nwaiting == FUNNEL_MAX_WAITING)
		take_waiting(events);
}

static void
take_event(void *arg, const Datum *values, const bool *nulls)
{
	FunnelEvents *events = arg;
	const FunnelName *name;
	FunnelRecord record = {0};

	if (nulls[REPORT_USER] ||
		intake_is_empty(&events->columns[REPORT_USER], values[REPORT_USER]))
	{
		events->left_out.no_user++;
		return;
	}
	if (intake_time_left_out(&events->left_out, values[REPORT_TIME], nulls[REPORT_TIME]))
		return;

	record.time = DatumGetTimestampTz(values[REPORT_TIME]);
	events->end = Max(events->end, record.time);

	name = nulls[REPORT_EVENT] ? &no_name : find_name(events->names, values[REPORT_EVENT]);
	record.steps = name->steps;
	record.excluded = name->excluded;
	if (record.steps == 0 && record.excluded == 0 &&
		events->question->rules.order != FUNNEL_STRICT)
		return;

	if (events->is_short && events->users->kind == CODES_INTEGER)
	{
		wait_for_user(events, values[REPORT_USER], &record);
		return;
	}
	record.unit = codes_get(events->users, values[REPORT_USER]);
	if (events->is_short)
		add_short(events, record.unit, record.steps, record.time);
	else if (take_values(events, &record, values, nulls))
		memcpy(groups_add(events->groups), &record, sizeof(FunnelRecord));
}

static Codes *
codes_of(const IntakeColumn *column)
{
	return codes_create(column->type, column->collation);
}

/* Question and columns are set; all else is made here. */
void
funnel_report_read(FunnelEvents *events, const char *source,
				   const IntakePeriod *period)
{
	const FunnelQuestion *question = events->question;
	IntakeColumn *columns = events->columns;
	Intake	   *intake = intake_open(source, columns, REPORT_COLUMNS, period);

	events->names = make_names(question, &columns[REPORT_EVENT]);
	events->users = codes_of(&columns[REPORT_USER]);
	if (question->broken_down)
		events->values = codes_of(&columns[REPORT_BREAKDOWN]);
	if (question->held)
		events->held = codes_of(&columns[REPORT_HOLD]);
	if (question->broken_down && question->attribution == ATTRIBUTE_ALL)
		events->units = codes_create(INT8OID, InvalidOid);
	events->is_short = !question->broken_down && !question->held &&
		question->limits.nexclusions == 0;
	events->groups = groups_create(events->is_short ? FUNNEL_RECORD_SHORT : sizeof(FunnelRecord));
	if (events->is_short && question->rules.order == FUNNEL_ORDERED)
		events->firsts = palloc(sizeof(FunnelFirst));
	events->end = DT_NOBEGIN;
	intake_read(intake, take_event, events);
	take_waiting(events);
	intake_tell_left_out(&events->left_out);
	tell_unseen(events->names);

	if (!TIMESTAMP_IS_NOEND(period->to))
		events->end = period->to;
	events->nunits = events->units != NULL ? events->units->count : events->users->count;
}
