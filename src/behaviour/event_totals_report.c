/*-------------------------------------------------------------------------
 *
 * event_totals_report.c
 *	  event_totals_report(): the funnel of totals, all events by kind.
 *
 * It counts events, not users, whoever and whenever they are of: what was
 * viewed, put into carts and bought, and the rates between.
 *
 * IDENTIFICATION
 *	  src/behaviour/event_totals_report.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"

#include "behaviour/event_kind.h"
#include "compat.h"

/* The arguments. */
enum
{
	ARG_EVENTS,
	ARG_EVENT_COLUMN,
	ARG_VIEW_EVENTS				/* and the other kinds */
};

/* The columns of the result. */
enum
{
	OUT_EVENTS,
	OUT_VIEWS,
	OUT_CARTS,
	OUT_PURCHASES,
	OUT_UNKNOWN,
	OUT_VIEW_TO_CART,
	OUT_CART_TO_PURCHASE,
	OUT_VIEW_TO_PURCHASE,
	OUT_COLUMNS
};

typedef struct EventTotals
{
	EventKinds	kinds;
	int64		counts[EVENT_KINDS];
} EventTotals;

static void
take_event(void *arg, const Datum *values, const bool *nulls)
{
	EventTotals *totals = arg;

	totals->counts[nulls[0] ? EVENT_UNKNOWN : event_kind(&totals->kinds, values[0])]++;
}

/* (events text, event_column name, view_events text[], ...) => record */
PG_FUNCTION_INFO_V1(event_totals_report);
Datum
event_totals_report(PG_FUNCTION_ARGS)
{
	IntakeColumn column = {
		.argument = "event_column",
		.name = intake_column_argument(fcinfo, ARG_EVENT_COLUMN),
		.usual = intake_event_names,
		.kind = INTAKE_ANY,
		.required = true
	};
	EventTotals totals = {0};
	const int64 *counts = totals.counts;
	Intake	   *intake;
	TupleDesc	desc;
	Datum		values[OUT_COLUMNS] = {0};
	bool		nulls[OUT_COLUMNS] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	event_kinds_arguments(&totals.kinds, fcinfo, ARG_VIEW_EVENTS);
	intake = intake_open(intake_events_argument(fcinfo, ARG_EVENTS), &column, 1, NULL);
	event_kinds_start(&totals.kinds, &column);
	intake_read(intake, take_event, &totals);

	values[OUT_EVENTS] = Int64GetDatum(counts[EVENT_VIEW] + counts[EVENT_CART] +
									   counts[EVENT_PURCHASE] + counts[EVENT_UNKNOWN]);
	values[OUT_VIEWS] = Int64GetDatum(counts[EVENT_VIEW]);
	values[OUT_CARTS] = Int64GetDatum(counts[EVENT_CART]);
	values[OUT_PURCHASES] = Int64GetDatum(counts[EVENT_PURCHASE]);
	values[OUT_UNKNOWN] = Int64GetDatum(counts[EVENT_UNKNOWN]);
	nulls[OUT_VIEW_TO_CART] = nulls[OUT_VIEW_TO_PURCHASE] = counts[EVENT_VIEW] == 0;
	nulls[OUT_CART_TO_PURCHASE] = counts[EVENT_CART] == 0;
	if (counts[EVENT_VIEW] > 0)
	{
		values[OUT_VIEW_TO_CART] = intake_share(counts[EVENT_CART], counts[EVENT_VIEW]);
		values[OUT_VIEW_TO_PURCHASE] = intake_share(counts[EVENT_PURCHASE], counts[EVENT_VIEW]);
	}
	if (counts[EVENT_CART] > 0)
		values[OUT_CART_TO_PURCHASE] = intake_share(counts[EVENT_PURCHASE], counts[EVENT_CART]);

	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
