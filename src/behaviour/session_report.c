/*-------------------------------------------------------------------------
 *
 * session_report.c
 *	  session_report(): one row per session, straight from the events.
 *
 * Events come in groups (session_report_read.c).  A group, in order of time, is
 * cut into sessions by the rules of sessionize(), and each session summed up.
 * Most sessions are short, so their distinct products are found by comparing
 * each with those before, and only in long ones by a sort.
 *
 * IDENTIFICATION
 *	  src/behaviour/session_report.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "behaviour/interval_usecs.h"
#include "behaviour/session_key.h"
#include "behaviour/session_report.h"
#include "compat.h"

/* The arguments. */
enum
{
	ARG_EVENTS,
	ARG_SESSION_COLUMN,
	ARG_TIMEOUT,
	ARG_USER_COLUMN,
	ARG_TIME_COLUMN,
	ARG_EVENT_COLUMN,
	ARG_PRICE_COLUMN,
	ARG_PRODUCT_COLUMN,
	ARG_CATEGORY_COLUMN,
	ARG_VIEW_EVENTS,
	ARG_CART_EVENTS,
	ARG_PURCHASE_EVENTS,
	ARG_ANONYMOUS_USER
};

/* The columns of the result. */
enum
{
	OUT_USER_ID,
	OUT_SESSION_ID,
	OUT_SESSION_START,
	OUT_SESSION_END,
	OUT_DURATION,
	OUT_EVENTS,
	OUT_VIEWS,
	OUT_CARTS,
	OUT_PURCHASES,
	OUT_UNKNOWN,
	OUT_REVENUE,
	OUT_PRODUCTS,
	OUT_CATEGORIES,
	OUT_HAS_PURCHASED,
	OUT_CONVERSION,
	OUT_IS_ANONYMOUS,
	OUT_COLUMNS
};

#define DEFAULT_TIMEOUT		(30 * USECS_PER_MINUTE)

/* From here on, the distinct words of a session are found by a sort. */
#define MANY_WORDS			64

/* Words, each once as long as they are few. */
typedef struct WordSet
{
	uint64	   *words;
	size_t		count;
	size_t		room;
} WordSet;

/* One session, being summed up. */
typedef struct SessionSum
{
	int64		kinds[EVENT_KINDS];
	Numeric		revenue;		/* NULL: no purchase with a price yet */
	WordSet		products;
	WordSet		categories;
	Datum		no_revenue;		/* what most sessions have */
	Datum		no_conversion;
} SessionSum;

#define ST_SORT sort_report_events
#define ST_ELEMENT_TYPE ReportEvent
#define ST_COMPARE(a, b) (((a)->time > (b)->time) - ((a)->time < (b)->time))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_words
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static void
read_arguments(FunctionCallInfo fcinfo, SessionReport *report)
{
	static const struct
	{
		const char *argument;
		int			argno;
		const char *const *usual;
		IntakeKind	kind;
	}			columns[READ_COLUMNS] = {
		[READ_USER] = {"user_column", ARG_USER_COLUMN, intake_user_names, INTAKE_ANY},
		[READ_TIME] = {"time_column", ARG_TIME_COLUMN, intake_time_names, INTAKE_TIME},
		[READ_SESSION] = {"session_column", ARG_SESSION_COLUMN, NULL, INTAKE_ANY},
		[READ_EVENT] = {"event_column", ARG_EVENT_COLUMN, intake_event_names, INTAKE_ANY},
		[READ_PRICE] = {"price_column", ARG_PRICE_COLUMN, intake_price_names, INTAKE_NUMBER},
		[READ_PRODUCT] = {"product_column", ARG_PRODUCT_COLUMN, intake_product_names, INTAKE_ANY},
		[READ_CATEGORY] = {"category_column", ARG_CATEGORY_COLUMN, intake_category_names, INTAKE_ANY},
	};
	int			i;

	for (i = 0; i < READ_COLUMNS; i++)
	{
		report->columns[i].argument = columns[i].argument;
		report->columns[i].name = intake_column_argument(fcinfo, columns[i].argno);
		report->columns[i].usual = columns[i].usual;
		report->columns[i].kind = columns[i].kind;
		report->columns[i].required = i == READ_USER || i == READ_TIME || i == READ_EVENT;
	}
	event_kinds_arguments(&report->kinds, fcinfo, ARG_VIEW_EVENTS);
	if (!PG_ARGISNULL(ARG_ANONYMOUS_USER))
		report->anonymous_user = text_to_cstring(PG_GETARG_TEXT_PP(ARG_ANONYMOUS_USER));

	report->rules.scale = SCALE_CLOCK;
	report->rules.max_duration = PG_UINT64_MAX;
	report->rules.max_events = PG_INT64_MAX;
	if (!PG_ARGISNULL(ARG_TIMEOUT))
		report->rules.timeout = interval_usecs(PG_GETARG_INTERVAL_P(ARG_TIMEOUT), "timeout");
	else
		report->rules.timeout = PG_ARGISNULL(ARG_SESSION_COLUMN) ? DEFAULT_TIMEOUT : PG_UINT64_MAX;
}

static void
add_word(WordSet *set, uint64 word)
{
	size_t		i;

	if (set->count < MANY_WORDS)
	{
		for (i = 0; i < set->count; i++)
		{
			if (set->words[i] == word)
				return;
		}
	}
	if (set->count == set->room)
	{
		set->room *= 2;
		set->words = repalloc_huge(set->words, set->room * sizeof(uint64));
	}
	set->words[set->count++] = word;
}

static int64
count_words(WordSet *set)
{
	int64		distinct = 0;
	size_t		i;

	if (set->count < MANY_WORDS)
		return set->count;
	sort_words(set->words, set->count);
	for (i = 0; i < set->count; i++)
		distinct += i == 0 || set->words[i] != set->words[i - 1];

	return distinct;
}

static void
sum_init(SessionSum *sum)
{
	sum->products.room = sum->categories.room = MANY_WORDS;
	sum->products.words = palloc(MANY_WORDS * sizeof(uint64));
	sum->categories.words = palloc(MANY_WORDS * sizeof(uint64));
	sum->no_revenue = NumericGetDatum(int64_to_numeric(0));
	sum->no_conversion = intake_share(0, 1);
}

/* On to the next session. */
static void
sum_start(SessionSum *sum)
{
	memset(sum->kinds, 0, sizeof(sum->kinds));
	sum->revenue = NULL;
	sum->products.count = sum->categories.count = 0;
}

static void
sum_add(SessionSum *sum, const SessionReport *report, const ReportEvent *event)
{
	sum->kinds[event->flags & REPORT_KIND]++;
	if (event->flags & REPORT_PRODUCT)
		add_word(&sum->products, event->product);
	if (event->flags & REPORT_CATEGORY)
		add_word(&sum->categories, event->category);
	if (event->flags & REPORT_AMOUNT)
		sum->revenue = intake_sum(sum->revenue,
								  report->amounts[event->flags >> REPORT_AMOUNT_SHIFT]);
}

static Interval
duration_of(TimestampTz start, TimestampTz end)
{
	Interval	duration;

	if (!intake_duration(start, end, &duration))
		ereport(ERROR,
				errcode(ERRCODE_INTERVAL_FIELD_OVERFLOW),
				errmsg("a session from %s is too long for an interval",
					   timestamptz_to_str(start)));

	return duration;
}

/* In the current memory context, which lasts for the row. */
static void
put_session(const SessionReport *report, ReturnSetInfo *rsinfo,
			const ReportGroup *whose, const Session *session, SessionSum *sum)
{
	Datum		values[OUT_COLUMNS];
	bool		nulls[OUT_COLUMNS] = {false};
	Interval	duration = duration_of(session->start, session->last);
	const char *user = NULL;
	text	   *user_id = NULL;

	if (whose->has_user)
	{
		user = intake_text(&report->columns[READ_USER], codes_word_value(report->users, whose->user));
		user_id = cstring_to_text(user);
	}
	nulls[OUT_USER_ID] = user == NULL;
	values[OUT_USER_ID] = PointerGetDatum(user_id);
	if (report->sessions == NULL)
	{
		pg_uuid_t	key;

		session_key_make(&key, VARDATA_ANY(user_id), VARSIZE_ANY_EXHDR(user_id), session->start);
		values[OUT_SESSION_ID] =
			CStringGetTextDatum(DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&key))));
	}
	else
		values[OUT_SESSION_ID] =
			CStringGetTextDatum(intake_text(&report->columns[READ_SESSION],
											codes_value(report->sessions, whose->session)));

	values[OUT_SESSION_START] = TimestampTzGetDatum(session->start);
	values[OUT_SESSION_END] = TimestampTzGetDatum(session->last);
	values[OUT_DURATION] = IntervalPGetDatum(&duration);
	values[OUT_EVENTS] = Int64GetDatum(session->nevents);
	values[OUT_VIEWS] = Int64GetDatum(sum->kinds[EVENT_VIEW]);
	values[OUT_CARTS] = Int64GetDatum(sum->kinds[EVENT_CART]);
	values[OUT_PURCHASES] = Int64GetDatum(sum->kinds[EVENT_PURCHASE]);
	values[OUT_UNKNOWN] = Int64GetDatum(sum->kinds[EVENT_UNKNOWN]);
	nulls[OUT_REVENUE] = !report->columns[READ_PRICE].present;
	if (!nulls[OUT_REVENUE])
		values[OUT_REVENUE] = sum->revenue == NULL ? sum->no_revenue : NumericGetDatum(sum->revenue);
	nulls[OUT_PRODUCTS] = !report->columns[READ_PRODUCT].present;
	values[OUT_PRODUCTS] = Int64GetDatum(count_words(&sum->products));
	nulls[OUT_CATEGORIES] = !report->columns[READ_CATEGORY].present;
	values[OUT_CATEGORIES] = Int64GetDatum(count_words(&sum->categories));
	values[OUT_HAS_PURCHASED] = BoolGetDatum(sum->kinds[EVENT_PURCHASE] > 0);
	nulls[OUT_CONVERSION] = sum->kinds[EVENT_VIEW] == 0;
	if (!nulls[OUT_CONVERSION])
		values[OUT_CONVERSION] = sum->kinds[EVENT_PURCHASE] == 0 ? sum->no_conversion :
			intake_share(sum->kinds[EVENT_PURCHASE], sum->kinds[EVENT_VIEW]);
	values[OUT_IS_ANONYMOUS] =
		BoolGetDatum(user == NULL ||
					 (report->anonymous_user != NULL && strcmp(user, report->anonymous_user) == 0));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static void
put_group(const SessionReport *report, ReturnSetInfo *rsinfo, SessionSum *sum,
		  const ReportGroup *whose, const RecordGroup *group)
{
	ReportEvent *events = group->records;
	Session		session = {0};
	size_t		i;

	sort_report_events(events, group->count);
	for (i = 0; i < group->count; i++)
	{
		if (session_split(&session, &report->rules, events[i].time, false) != SPLIT_NONE)
		{
			if (session.number > 0)
			{
				put_session(report, rsinfo, whose, &session, sum);
				MemoryContextReset(CurrentMemoryContext);
			}
			sum_start(sum);
		}
		session_advance(&session, &report->rules, events[i].time, false);
		sum_add(sum, report, &events[i]);
		CHECK_FOR_INTERRUPTS();
	}
	put_session(report, rsinfo, whose, &session, sum);
	MemoryContextReset(CurrentMemoryContext);
}

/*
 * (events text, session_column name, timeout interval, user_column name,
 * time_column name, event_column name, price_column name, product_column name,
 * category_column name, view_events text[], cart_events text[],
 * purchase_events text[], anonymous_user text) => setof record
 */
PG_FUNCTION_INFO_V1(session_report);
Datum
session_report(PG_FUNCTION_ARGS)
{
	SessionReport report = {0};
	SessionSum	sum = {0};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	RecordGroup group;
	MemoryContext old;

	read_arguments(fcinfo, &report);
	InitMaterializedSRF(fcinfo, 0);
	session_report_read(&report, intake_events_argument(fcinfo, ARG_EVENTS));

	sum_init(&sum);
	old = MemoryContextSwitchTo(AllocSetContextCreate(CurrentMemoryContext,
													  "shopanalytics session",
													  ALLOCSET_SMALL_SIZES));
	while (groups_next(report.groups, &group))
		put_group(&report, rsinfo, &sum, &report.whose[group.number], &group);
	while (groups_next(report.pair_groups, &group))
		put_group(&report, rsinfo, &sum, &report.whose_pair[group.number], &group);
	MemoryContextSwitchTo(old);
	groups_destroy(report.groups);
	groups_destroy(report.pair_groups);

	return (Datum) 0;
}
