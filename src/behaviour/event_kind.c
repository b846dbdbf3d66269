/*-------------------------------------------------------------------------
 *
 * event_kind.c
 *	  Views, carts, purchases: what an event is by its name.
 *
 * IDENTIFICATION
 *	  src/behaviour/event_kind.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "behaviour/event_kind.h"
#include "compat.h"

/* The elements of an array of event names are of that kind. */
static void
add_names(EventKinds *kinds, ArrayType *array, EventKind kind, const char *argument)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	kinds->names = repalloc_huge(kinds->names, ((Size) kinds->nnames + n + 1) * sizeof(EventName));
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("%s must not contain nulls", argument));
		kinds->names[kinds->nnames].name = TextDatumGetCString(elements[i]);
		kinds->names[kinds->nnames++].kind = kind;
	}
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const EventName *) a)->name, ((const EventName *) b)->name);
}

static void
check_kinds_differ(const EventKinds *kinds)
{
	int			i;

	for (i = 1; i < kinds->nnames; i++)
	{
		const EventName *name = &kinds->names[i];

		if (name[0].kind != name[-1].kind && strcmp(name[0].name, name[-1].name) == 0)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("event \"%s\" is listed as two kinds", name->name),
					errhint("An event is a view, a cart or a purchase."));
	}
}

/*
 * From the arguments view_events, cart_events and purchase_events, which stand
 * in this order.
 */
void
event_kinds_arguments(EventKinds *kinds, FunctionCallInfo fcinfo, int first_argno)
{
	static const char *const arguments[EVENT_KINDS] = {
		NULL, "view_events", "cart_events", "purchase_events"
	};
	int			kind;

	kinds->names = palloc(sizeof(EventName));
	for (kind = EVENT_VIEW; kind < EVENT_KINDS; kind++)
	{
		int			argno = first_argno + kind - EVENT_VIEW;

		if (!PG_ARGISNULL(argno))
			add_names(kinds, PG_GETARG_ARRAYTYPE_P(argno), kind, arguments[kind]);
	}
	qsort(kinds->names, kinds->nnames, sizeof(EventName), compare_names);
	check_kinds_differ(kinds);
}

/* The column is known by now. */
void
event_kinds_start(EventKinds *kinds, const IntakeColumn *column)
{
	kinds->column = column;
	kinds->events = codes_create(column->type, column->collation);
	kinds->kinds = palloc(sizeof(uint8));
}

/* Which of the kinds lists the event's name? */
static EventKind
kind_of_name(const EventKinds *kinds, const char *name)
{
	EventName	key = {.name = name};
	const EventName *found = bsearch(&key, kinds->names, kinds->nnames, sizeof(EventName),
									 compare_names);

	return found == NULL ? EVENT_UNKNOWN : found->kind;
}

EventKind
event_kind(EventKinds *kinds, Datum event)
{
	uint32		code = codes_get(kinds->events, event);

	/* Codes are given out in order, so a new one is the next. */
	if (code == kinds->nkinds)
	{
		kinds->kinds = codes_make_room(kinds->kinds, &kinds->room, code, sizeof(uint8));
		kinds->kinds[kinds->nkinds++] = kind_of_name(kinds, intake_text(kinds->column, event));
	}

	return kinds->kinds[code];
}
