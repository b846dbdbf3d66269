/*-------------------------------------------------------------------------
 *
 * session_next_order.c
 *	  Sessions and the orders that came of them.
 *
 * An order counts for one session, the latest of its customer that started at or
 * before it.  Both are put together by customer and gone through in order of
 * time, so each session is met once, followed by its orders.  Where sessions
 * start at once the one with the greater session_id is the later, by bytes, so
 * that the answer is the same in every locale.
 *
 * IDENTIFICATION
 *	  src/report/session_next_order.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "behaviour/interval_usecs.h"
#include "compat.h"
#include "intake/codes.h"
#include "intake/groups.h"
#include "intake/intake_value.h"

/* The arguments. */
enum
{
	ARG_SESSIONS,
	ARG_ORDERS,
	ARG_MAX_GAP
};

/* The columns that are read of sessions ... */
enum
{
	VISIT_CUSTOMER,
	VISIT_START,
	VISIT_ID,
	VISIT_DEVICE,
	VISIT_CHANNEL,
	VISIT_COLUMNS
};

/* ... and of orders. */
enum
{
	BUY_CUSTOMER,
	BUY_DATE,
	BUY_ID,
	BUY_TOTAL,
	BUY_REVENUE,
	BUY_COLUMNS
};

/* The columns of the result. */
enum
{
	OUT_SESSION_ID,
	OUT_CUSTOMER_ID,
	OUT_SESSION_START,
	OUT_DEVICE,
	OUT_CHANNEL,
	OUT_ORDER_ID,
	OUT_ORDER_DATE,
	OUT_ORDER_TOTAL,
	OUT_TIME_TO_ORDER,
	OUT_ORDERS,
	OUT_REVENUE,
	OUT_COLUMNS
};

#define NOTHING		PG_UINT32_MAX

/* A session or an order. */
typedef struct Deed
{
	uint32		customer;
	uint32		order;			/* its place among the orders, or NOTHING */
	TimestampTz time;
	uint64		id;				/* word of a session's name */
	uint32		device;			/* codes, or NOTHING */
	uint32		channel;
	bool		has_id;
} Deed;

typedef struct Order
{
	text	   *id;				/* NULL if there is none, and so below */
	Numeric		total;
	Numeric		revenue;
} Order;

typedef struct NextOrder
{
	IntakeColumn visits[VISIT_COLUMNS];
	IntakeColumn buys[BUY_COLUMNS];
	IntakeLeftOut left_out;
	IntakeLeftOut orders_left_out;
	uint64		max_gap;
	Codes	   *customers;
	Codes	   *ids;
	Codes	   *devices;
	Codes	   *channels;
	Groups	   *groups;
	Order	   *orders;
	uint32		norders;
	uint32		room_orders;
	MemoryContext context;		/* for what lasts as long as the report */
	MemoryContext compare_context;
	Datum		zero;
} NextOrder;

/* A session with what came of it so far. */
typedef struct Attribution
{
	const Deed *visit;			/* NULL: none yet */
	const Deed *first;			/* its next order, or NULL */
	int64		orders;
	Numeric		revenue;
} Attribution;

static int
compare_texts(const char *a, size_t alen, const char *b, size_t blen)
{
	int			cmp = memcmp(a, b, Min(alen, blen));

	return cmp != 0 ? cmp : (alen > blen) - (alen < blen);
}

static int
compare_codes(const Codes *codes, const IntakeColumn *column, uint32 a, uint32 b)
{
	if (a == b)
		return 0;
	if (a == NOTHING || b == NOTHING)
		return a == NOTHING ? 1 : -1;

	return strcmp(intake_text(column, codes_value(codes, a)),
				  intake_text(column, codes_value(codes, b)));
}

/* What is not there comes last, as in an ORDER BY. */
static int
compare_visits(const Deed *a, const Deed *b, const NextOrder *next)
{
	int			cmp = 0;

	if (a->has_id != b->has_id)
		return a->has_id ? -1 : 1;
	if (a->has_id && a->id != b->id)
		cmp = strcmp(intake_text(&next->visits[VISIT_ID], codes_word_value(next->ids, a->id)),
					 intake_text(&next->visits[VISIT_ID], codes_word_value(next->ids, b->id)));
	if (cmp == 0)
		cmp = compare_codes(next->devices, &next->visits[VISIT_DEVICE], a->device, b->device);
	if (cmp == 0)
		cmp = compare_codes(next->channels, &next->visits[VISIT_CHANNEL], a->channel, b->channel);

	return cmp;
}

static int
compare_numerics(Numeric a, Numeric b)
{
	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);

	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a), NumericGetDatum(b)));
}

static int
compare_orders(const Deed *a, const Deed *b, const NextOrder *next)
{
	const Order *left = &next->orders[a->order];
	const Order *right = &next->orders[b->order];
	int			cmp = 0;

	if (left->id == NULL || right->id == NULL)
		cmp = (left->id == NULL) - (right->id == NULL);
	else
		cmp = compare_texts(VARDATA_ANY(left->id), VARSIZE_ANY_EXHDR(left->id),
							VARDATA_ANY(right->id), VARSIZE_ANY_EXHDR(right->id));

	return cmp != 0 ? cmp : compare_numerics(left->total, right->total);
}

/* By time; a session before an order at the same time, which is one of its. */
static int
compare_deeds(const Deed *a, const Deed *b, NextOrder *next)
{
	bool		a_is_order = a->order != NOTHING;
	bool		b_is_order = b->order != NOTHING;
	MemoryContext old;
	int			cmp;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a_is_order != b_is_order)
		return a_is_order ? 1 : -1;

	/* This is seldom, but a customer may start a million sessions at once. */
	old = MemoryContextSwitchTo(next->compare_context);
	cmp = a_is_order ? compare_orders(a, b, next) : compare_visits(a, b, next);
	MemoryContextSwitchTo(old);
	MemoryContextReset(next->compare_context);

	return cmp;
}

#define ST_SORT sort_deeds
#define ST_ELEMENT_TYPE Deed
#define ST_COMPARE_ARG_TYPE NextOrder
#define ST_COMPARE(a, b, arg) compare_deeds(a, b, arg)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static bool
has_customer(IntakeLeftOut *out, const IntakeColumn *column, Datum value, bool isnull)
{
	if (!isnull && !intake_is_empty(column, value))
		return true;
	out->no_user++;

	return false;
}

static void
take_visit(void *arg, const Datum *values, const bool *nulls)
{
	NextOrder  *next = arg;
	Deed	   *deed;

	if (!has_customer(&next->left_out, &next->visits[VISIT_CUSTOMER], values[VISIT_CUSTOMER],
					  nulls[VISIT_CUSTOMER]) ||
		intake_time_left_out(&next->left_out, values[VISIT_START], nulls[VISIT_START]))
		return;

	deed = groups_add_named(next->groups, values[VISIT_CUSTOMER]);
	deed->order = NOTHING;
	deed->time = DatumGetTimestampTz(values[VISIT_START]);
	deed->has_id = !nulls[VISIT_ID];
	deed->id = nulls[VISIT_ID] ? 0 : codes_word(next->ids, values[VISIT_ID]);
	deed->device = nulls[VISIT_DEVICE] ? NOTHING : codes_get(next->devices, values[VISIT_DEVICE]);
	deed->channel = nulls[VISIT_CHANNEL] ? NOTHING : codes_get(next->channels, values[VISIT_CHANNEL]);
}

/* These two make their copy in what lasts as long as the report. */
static Numeric
keep_number(const NextOrder *next, const IntakeColumn *column, Datum value, bool isnull)
{
	MemoryContext old;
	Numeric		number;

	if (isnull)
		return NULL;
	number = intake_number(column, value);
	old = MemoryContextSwitchTo(next->context);
	number = DatumGetNumericCopy(NumericGetDatum(number));
	MemoryContextSwitchTo(old);

	return number;
}

static text *
keep_text(const NextOrder *next, const IntakeColumn *column, Datum value, bool isnull)
{
	MemoryContext old;
	const char *written;
	text	   *kept;

	if (isnull)
		return NULL;
	written = intake_text(column, value);
	old = MemoryContextSwitchTo(next->context);
	kept = cstring_to_text(written);
	MemoryContextSwitchTo(old);

	return kept;
}

static void
take_order(void *arg, const Datum *values, const bool *nulls)
{
	NextOrder  *next = arg;
	Order	   *order;
	Deed	   *deed;

	if (!has_customer(&next->orders_left_out, &next->buys[BUY_CUSTOMER], values[BUY_CUSTOMER],
					  nulls[BUY_CUSTOMER]) ||
		intake_time_left_out(&next->orders_left_out, values[BUY_DATE], nulls[BUY_DATE]))
		return;

	deed = groups_add_named(next->groups, values[BUY_CUSTOMER]);
	deed->time = DatumGetTimestampTz(values[BUY_DATE]);
	deed->order = next->norders;

	next->orders = codes_make_room(next->orders, &next->room_orders, next->norders, sizeof(Order));
	order = &next->orders[next->norders++];
	order->id = keep_text(next, &next->buys[BUY_ID], values[BUY_ID], nulls[BUY_ID]);
	order->total = keep_number(next, &next->buys[BUY_TOTAL], values[BUY_TOTAL], nulls[BUY_TOTAL]);
	order->revenue = keep_number(next, &next->buys[BUY_REVENUE], values[BUY_REVENUE], nulls[BUY_REVENUE]);
}

static void
attribute(NextOrder *next, Attribution *found, const Deed *deed)
{
	Numeric		revenue = next->orders[deed->order].revenue;

	if (found->visit == NULL || (uint64) deed->time - (uint64) found->visit->time > next->max_gap)
		return;
	if (found->orders++ == 0)
		found->first = deed;
	if (revenue != NULL)
		found->revenue = intake_sum(found->revenue, revenue);
}

static Datum
text_of(const IntakeColumn *column, Datum value)
{
	return CStringGetTextDatum(intake_text(column, value));
}

static Datum
cents(Numeric value)
{
	return DirectFunctionCall2(numeric_round, NumericGetDatum(value), Int32GetDatum(2));
}

/* In the current memory context, which lasts for the row. */
static void
put_visit(const NextOrder *next, ReturnSetInfo *rsinfo, const Attribution *found,
		  Datum customer_id)
{
	const Deed *visit = found->visit;
	const Order *order = found->first == NULL ? NULL : &next->orders[found->first->order];
	Datum		values[OUT_COLUMNS] = {0};
	bool		nulls[OUT_COLUMNS] = {false};
	Interval	gap;

	values[OUT_CUSTOMER_ID] = customer_id;
	values[OUT_SESSION_START] = TimestampTzGetDatum(visit->time);
	nulls[OUT_SESSION_ID] = !visit->has_id;
	if (visit->has_id)
		values[OUT_SESSION_ID] = text_of(&next->visits[VISIT_ID], codes_word_value(next->ids, visit->id));
	nulls[OUT_DEVICE] = visit->device == NOTHING;
	if (visit->device != NOTHING)
		values[OUT_DEVICE] = text_of(&next->visits[VISIT_DEVICE], codes_value(next->devices, visit->device));
	nulls[OUT_CHANNEL] = visit->channel == NOTHING;
	if (visit->channel != NOTHING)
		values[OUT_CHANNEL] = text_of(&next->visits[VISIT_CHANNEL], codes_value(next->channels, visit->channel));

	values[OUT_ORDERS] = Int64GetDatum(found->orders);
	values[OUT_REVENUE] = found->revenue == NULL ? next->zero : cents(found->revenue);
	nulls[OUT_ORDER_DATE] = order == NULL;
	nulls[OUT_ORDER_ID] = order == NULL || order->id == NULL;
	nulls[OUT_ORDER_TOTAL] = order == NULL || order->total == NULL;
	nulls[OUT_TIME_TO_ORDER] = order == NULL;
	if (order != NULL)
	{
		values[OUT_ORDER_DATE] = TimestampTzGetDatum(found->first->time);
		nulls[OUT_TIME_TO_ORDER] = !intake_duration(visit->time, found->first->time, &gap);
		values[OUT_TIME_TO_ORDER] = IntervalPGetDatum(&gap);
		values[OUT_ORDER_ID] = PointerGetDatum(order->id);
		if (order->total != NULL)
			values[OUT_ORDER_TOTAL] = cents(order->total);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* What one customer did. */
static void
put_customer(NextOrder *next, ReturnSetInfo *rsinfo, const RecordGroup *group,
			 Datum customer_id, MemoryContext row_context)
{
	Deed	   *deeds = group->records;
	Attribution found = {0};
	size_t		i;

	sort_deeds(deeds, group->count, next);
	for (i = 0; i <= group->count; i++)
	{
		if (i < group->count && deeds[i].order != NOTHING)
		{
			attribute(next, &found, &deeds[i]);
			continue;
		}
		if (found.visit != NULL)
		{
			MemoryContext old = MemoryContextSwitchTo(row_context);

			put_visit(next, rsinfo, &found, customer_id);
			MemoryContextSwitchTo(old);
			MemoryContextReset(row_context);
		}
		memset(&found, 0, sizeof(found));
		found.visit = &deeds[i];
		CHECK_FOR_INTERRUPTS();
	}
}

static void
put_customers(NextOrder *next, ReturnSetInfo *rsinfo)
{
	MemoryContext customer_context = AllocSetContextCreate(CurrentMemoryContext,
														   "shopanalytics customer",
														   ALLOCSET_SMALL_SIZES);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "shopanalytics row",
													  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(customer_context);
	RecordGroup group;

	while (groups_next(next->groups, &group))
	{
		Datum		customer_id = text_of(&next->visits[VISIT_CUSTOMER],
										  codes_value(next->customers, group.number));

		put_customer(next, rsinfo, &group, customer_id, row_context);
		MemoryContextReset(customer_context);
	}
	MemoryContextSwitchTo(old);
}

static void
tell_left_out(const IntakeLeftOut *out)
{
	uint64		count = out->no_user + out->no_time + out->infinite_time;

	if (count > 0)
		ereport(NOTICE,
				errmsg_plural(UINT64_FORMAT " session without a customer or a start is left out",
							  UINT64_FORMAT " sessions without a customer or a start are left out",
							  count, count));
}

static Codes *
exact_codes_of(const IntakeColumn *column)
{
	return codes_create_exact(column->type, column->collation);
}

/*
 * (sessions text, orders text, max_gap interval) => setof record; two queries
 * whose columns have the names below.  A store has customers of one type.
 */
PG_FUNCTION_INFO_V1(_session_next_order);
Datum
_session_next_order(PG_FUNCTION_ARGS)
{
	NextOrder	next = {
		.visits = {
			[VISIT_CUSTOMER] = {.name = "customer_id"},
			[VISIT_START] = {.name = "session_start",.kind = INTAKE_TIME},
			[VISIT_ID] = {.name = "session_id"},
			[VISIT_DEVICE] = {.name = "device"},
			[VISIT_CHANNEL] = {.name = "channel"},
		},
		.buys = {
			[BUY_CUSTOMER] = {.name = "customer_id"},
			[BUY_DATE] = {.name = "order_date",.kind = INTAKE_TIME},
			[BUY_ID] = {.name = "order_id"},
			[BUY_TOTAL] = {.name = "order_total",.kind = INTAKE_NUMBER},
			[BUY_REVENUE] = {.name = "revenue",.kind = INTAKE_NUMBER},
		},
		.max_gap = PG_ARGISNULL(ARG_MAX_GAP) ? PG_UINT64_MAX :
		interval_usecs(PG_GETARG_INTERVAL_P(ARG_MAX_GAP), "max_gap"),
		.context = CurrentMemoryContext
	};
	Intake	   *visits;
	Intake	   *buys;

	InitMaterializedSRF(fcinfo, 0);
	visits = intake_open(intake_events_argument(fcinfo, ARG_SESSIONS), next.visits, VISIT_COLUMNS, NULL);
	buys = intake_open(intake_events_argument(fcinfo, ARG_ORDERS), next.buys, BUY_COLUMNS, NULL);
	if (next.visits[VISIT_CUSTOMER].type != next.buys[BUY_CUSTOMER].type)
		ereport(ERROR,
				errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("sessions and orders have customers of different types, %s and %s",
					   format_type_be(next.visits[VISIT_CUSTOMER].type),
					   format_type_be(next.buys[BUY_CUSTOMER].type)));

	next.customers = codes_create(next.visits[VISIT_CUSTOMER].type,
								  next.visits[VISIT_CUSTOMER].collation);
	next.ids = exact_codes_of(&next.visits[VISIT_ID]);
	next.devices = exact_codes_of(&next.visits[VISIT_DEVICE]);
	next.channels = exact_codes_of(&next.visits[VISIT_CHANNEL]);
	next.compare_context = AllocSetContextCreate(CurrentMemoryContext,
												 "shopanalytics comparison",
												 ALLOCSET_SMALL_SIZES);
	next.orders = palloc(sizeof(Order));
	next.zero = cents(int64_to_numeric(0));
	next.groups = groups_create(sizeof(Deed));
	next.groups->codes = next.customers;
	intake_read(visits, take_visit, &next);
	intake_read(buys, take_order, &next);
	tell_left_out(&next.left_out);
	groups_finish_named(next.groups);
	put_customers(&next, (ReturnSetInfo *) fcinfo->resultinfo);
	groups_destroy(next.groups);

	return (Datum) 0;
}
