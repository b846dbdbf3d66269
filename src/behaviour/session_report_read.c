/*-------------------------------------------------------------------------
 *
 * session_report_read.c
 *	  The reading half of session_report(): events into groups.
 *
 * A group holds the events among which sessions are looked for: those of one
 * user or, if sessions have names, those of one user under one name.  Names of
 * sessions are most often of one user, so the pair is looked up only when a
 * second user turns up under a name.
 *
 * IDENTIFICATION
 *	  src/behaviour/session_report_read.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/memutils.h"

#include "behaviour/session_report.h"
#include "compat.h"

/* Which of the kinds lists the event's name? */
static EventKind
kind_of_name(const SessionReport *report, const char *name)
{
	int			kind;
	int			i;

	for (kind = EVENT_VIEW; kind < EVENT_KINDS; kind++)
	{
		for (i = 0; report->names[kind][i] != NULL; i++)
		{
			if (strcmp(report->names[kind][i], name) == 0)
				return kind;
		}
	}

	return EVENT_UNKNOWN;
}

static EventKind
kind_of_event(SessionReport *report, Datum event)
{
	uint32		code = codes_get(report->events, event);

	/* Codes are given out in order, so a new one is the next. */
	if (code == report->nkinds)
	{
		report->kinds = codes_make_room(report->kinds, &report->room_kinds, code, sizeof(uint8));
		report->kinds[report->nkinds++] =
			kind_of_name(report, intake_text(&report->columns[READ_EVENT], event));
	}

	return report->kinds[code];
}

static uint32
new_group(SessionReport *report, uint32 user, uint32 session)
{
	report->whose = codes_make_room(report->whose, &report->room_groups,
									report->ngroups, sizeof(ReportGroup));
	report->whose[report->ngroups].user = user;
	report->whose[report->ngroups].session = session;

	return report->ngroups++;
}

/* Without names of sessions, groups are users. */
static uint32
group_of_user(SessionReport *report, uint32 user)
{
	return user == report->ngroups ? new_group(report, user, REPORT_NO_CODE) : user;
}

static uint32
group_of_session(SessionReport *report, uint32 user, uint32 session)
{
	uint32		group;
	uint32		pair;

	if (session == report->nfirst_group)
	{
		report->first_group = codes_make_room(report->first_group, &report->room_first_group,
											  session, sizeof(uint32));
		report->first_group[report->nfirst_group++] = new_group(report, user, session);
	}
	group = report->first_group[session];
	if (report->whose[group].user == user)
		return group;

	pair = codes_get(report->pairs, Int64GetDatum((int64) ((uint64) session << 32 | user)));
	if (pair == report->npair_group)
	{
		report->pair_group = codes_make_room(report->pair_group, &report->room_pair_group,
											 pair, sizeof(uint32));
		report->pair_group[report->npair_group++] = new_group(report, user, session);
	}

	return report->pair_group[pair];
}

static uint32
keep_amount(SessionReport *report, Datum price)
{
	MemoryContext old = MemoryContextSwitchTo(report->context);
	Numeric		amount = intake_number(&report->columns[READ_PRICE], price);

	if (report->namounts == REPORT_NO_AMOUNT)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("there are more than %u purchases with a price", report->namounts));
	report->amounts = codes_make_room(report->amounts, &report->room_amounts,
									  report->namounts, sizeof(Numeric));
	/* The value may lie in the row that was read. */
	report->amounts[report->namounts] = DatumGetNumericCopy(NumericGetDatum(amount));
	MemoryContextSwitchTo(old);

	return report->namounts++;
}

static uint32
code_or_none(const SessionReport *report, Codes *codes, ReportRead column,
			 const Datum *values, const bool *nulls)
{
	if (nulls[column] || intake_is_empty(&report->columns[column], values[column]))
		return REPORT_NO_CODE;

	return codes_get(codes, values[column]);
}

static void
take_event(void *arg, const Datum *values, const bool *nulls)
{
	SessionReport *report = arg;
	EventKind	kind = EVENT_UNKNOWN;
	uint32		amount = REPORT_NO_AMOUNT;
	uint32		session = REPORT_NO_CODE;
	uint32		user;
	ReportEvent *event;

	if (intake_time_left_out(&report->left_out, values[READ_TIME], nulls[READ_TIME]))
		return;
	if (report->sessions != NULL)
	{
		session = code_or_none(report, report->sessions, READ_SESSION, values, nulls);
		if (session == REPORT_NO_CODE)
		{
			report->left_out.no_session++;
			return;
		}
	}
	user = code_or_none(report, report->users, READ_USER, values, nulls);
	if (user == REPORT_NO_CODE && report->sessions == NULL)
	{
		report->left_out.no_user++;
		return;
	}

	if (!nulls[READ_EVENT])
		kind = kind_of_event(report, values[READ_EVENT]);
	if (kind == EVENT_PURCHASE && !nulls[READ_PRICE])
		amount = keep_amount(report, values[READ_PRICE]);

	event = groups_add(report->groups);
	event->group = report->sessions == NULL ? group_of_user(report, user) :
		group_of_session(report, user, session);
	event->time = DatumGetTimestampTz(values[READ_TIME]);
	event->amount = amount << 2 | kind;
	event->product = code_or_none(report, report->products, READ_PRODUCT, values, nulls);
	event->category = code_or_none(report, report->categories, READ_CATEGORY, values, nulls);
}

static Codes *
codes_of(const SessionReport *report, ReportRead column)
{
	if (!report->columns[column].present)
		return NULL;

	return codes_create(report->columns[column].type, report->columns[column].collation);
}

/* Reads all events; columns, rules and names are set. */
void
session_report_read(SessionReport *report, const char *events)
{
	Intake	   *intake = intake_open(events, report->columns, READ_COLUMNS, NULL);

	report->context = CurrentMemoryContext;
	report->users = codes_of(report, READ_USER);
	report->sessions = codes_of(report, READ_SESSION);
	report->events = codes_of(report, READ_EVENT);
	report->products = codes_of(report, READ_PRODUCT);
	report->categories = codes_of(report, READ_CATEGORY);
	report->pairs = codes_create(INT8OID, InvalidOid);
	report->kinds = palloc(sizeof(uint8));
	report->first_group = palloc(sizeof(uint32));
	report->pair_group = palloc(sizeof(uint32));
	report->whose = palloc(sizeof(ReportGroup));
	report->amounts = palloc(sizeof(Numeric));
	report->groups = groups_create(sizeof(ReportEvent));
	intake_read(intake, take_event, report);
	intake_tell_left_out(&report->left_out);
	groups_finish(report->groups, report->ngroups);
}
