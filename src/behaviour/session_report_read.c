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

/* Without names of sessions, a group is a user. */
static ReportEvent *
add_to_user(SessionReport *report, Datum user)
{
	uint32		code = codes_get(report->users, user);
	ReportEvent *event = groups_add(report->groups);

	if (code == report->ngroups)
	{
		report->whose = codes_make_room(report->whose, &report->room_groups, code,
										sizeof(ReportGroup));
		report->whose[report->ngroups].has_user = true;
		report->whose[report->ngroups].session = 0;
		report->whose[report->ngroups++].user =
			report->users->kind == CODES_INTEGER ? (uint64) user : code;
	}
	event->group = code;

	return event;
}

/* A user who is not the first under a session's name. */
static ReportEvent *
add_to_pair(SessionReport *report, uint32 session, Datum user, bool has_user,
			uint64 word)
{
	uint32		code = has_user ? codes_get(report->users, user) : PG_UINT32_MAX;
	uint32		pair = codes_get(report->pairs, Int64GetDatum((int64) ((uint64) session << 32 | code)));
	ReportEvent *event = groups_add(report->pair_groups);

	if (pair == report->npairs)
	{
		report->whose_pair = codes_make_room(report->whose_pair, &report->room_pairs, pair,
											 sizeof(ReportGroup));
		report->whose_pair[report->npairs].session = session;
		report->whose_pair[report->npairs].has_user = has_user;
		report->whose_pair[report->npairs++].user = word;
	}
	event->group = pair;

	return event;
}

static ReportEvent *
add_to_session(SessionReport *report, Datum name, Datum user, bool has_user)
{
	uint32		session = codes_get(report->sessions, name);
	uint64		word = has_user ? codes_word(report->users, user) : 0;
	ReportGroup *whose;
	ReportEvent *event;

	if (session == report->ngroups)
	{
		report->whose = codes_make_room(report->whose, &report->room_groups, session,
										sizeof(ReportGroup));
		report->whose[report->ngroups].session = session;
		report->whose[report->ngroups].has_user = has_user;
		report->whose[report->ngroups++].user = word;
	}
	whose = &report->whose[session];
	if (whose->user != word || whose->has_user != has_user)
		return add_to_pair(report, session, user, has_user, word);

	event = groups_add(report->groups);
	event->group = session;

	return event;
}

/* As a flag; it must be released with the report, so it is copied. */
static uint32
keep_amount(SessionReport *report, Datum price)
{
	Numeric		amount = intake_number(&report->columns[READ_PRICE], price);
	MemoryContext old;

	if (report->namounts == REPORT_MAX_AMOUNTS)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("there are more than %u purchases with a price", report->namounts));
	report->amounts = codes_make_room(report->amounts, &report->room_amounts,
									  report->namounts, sizeof(Numeric));
	old = MemoryContextSwitchTo(report->context);
	report->amounts[report->namounts] = DatumGetNumericCopy(NumericGetDatum(amount));
	MemoryContextSwitchTo(old);

	return report->namounts++ << REPORT_AMOUNT_SHIFT | REPORT_AMOUNT;
}

static bool
has_value(const SessionReport *report, ReportRead column, const Datum *values,
		  const bool *nulls)
{
	return !nulls[column] && !intake_is_empty(&report->columns[column], values[column]);
}

static void
take_event(void *arg, const Datum *values, const bool *nulls)
{
	SessionReport *report = arg;
	bool		has_user = has_value(report, READ_USER, values, nulls);
	ReportEvent *event;

	if (intake_time_left_out(&report->left_out, values[READ_TIME], nulls[READ_TIME]))
		return;
	if (report->sessions != NULL)
	{
		if (!has_value(report, READ_SESSION, values, nulls))
		{
			report->left_out.no_session++;
			return;
		}
		event = add_to_session(report, values[READ_SESSION], values[READ_USER], has_user);
	}
	else
	{
		if (!has_user)
		{
			report->left_out.no_user++;
			return;
		}
		event = add_to_user(report, values[READ_USER]);
	}

	event->time = DatumGetTimestampTz(values[READ_TIME]);
	event->flags = nulls[READ_EVENT] ? EVENT_UNKNOWN : event_kind(&report->kinds, values[READ_EVENT]);
	if (event->flags == EVENT_PURCHASE && !nulls[READ_PRICE])
		event->flags |= keep_amount(report, values[READ_PRICE]);
	if (has_value(report, READ_PRODUCT, values, nulls))
	{
		event->flags |= REPORT_PRODUCT;
		event->product = codes_word(report->products, values[READ_PRODUCT]);
	}
	if (has_value(report, READ_CATEGORY, values, nulls))
	{
		event->flags |= REPORT_CATEGORY;
		event->category = codes_word(report->categories, values[READ_CATEGORY]);
	}
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
	event_kinds_start(&report->kinds, &report->columns[READ_EVENT]);
	report->products = codes_of(report, READ_PRODUCT);
	report->categories = codes_of(report, READ_CATEGORY);
	report->pairs = codes_create(INT8OID, InvalidOid);
	report->whose = palloc(sizeof(ReportGroup));
	report->whose_pair = palloc(sizeof(ReportGroup));
	report->amounts = palloc(sizeof(Numeric));
	report->groups = groups_create(sizeof(ReportEvent));
	report->pair_groups = groups_create(sizeof(ReportEvent));
	intake_read(intake, take_event, report);
	intake_tell_left_out(&report->left_out);
	groups_finish(report->groups, report->ngroups);
	groups_finish(report->pair_groups, report->npairs);
}
