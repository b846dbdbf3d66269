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

/* The elements of an array of event names, with NULL at the end. */
static char **
read_names(FunctionCallInfo fcinfo, int argno, const char *argument)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	char	  **names;
	int			i;

	if (PG_ARGISNULL(argno))
		return palloc0(sizeof(char *));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &n);
	names = palloc0((n + 1) * sizeof(char *));
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("%s must not contain nulls", argument));
		names[i] = TextDatumGetCString(elements[i]);
	}

	return names;
}

static void
check_names_differ(char **const names[])
{
	int			kind,
				other;
	char	  **a,
			  **b;

	for (kind = EVENT_VIEW; kind < EVENT_KINDS; kind++)
		for (other = kind + 1; other < EVENT_KINDS; other++)
			for (a = names[kind]; *a != NULL; a++)
				for (b = names[other]; *b != NULL; b++)
				{
					if (strcmp(*a, *b) == 0)
						ereport(ERROR,
								errcode(ERRCODE_INVALID_PARAMETER_VALUE),
								errmsg("event \"%s\" is listed as two kinds", *a),
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

	for (kind = EVENT_VIEW; kind < EVENT_KINDS; kind++)
		kinds->names[kind] = read_names(fcinfo, first_argno + kind - EVENT_VIEW, arguments[kind]);
	check_names_differ(kinds->names);
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
	int			kind;
	int			i;

	for (kind = EVENT_VIEW; kind < EVENT_KINDS; kind++)
	{
		for (i = 0; kinds->names[kind][i] != NULL; i++)
		{
			if (strcmp(kinds->names[kind][i], name) == 0)
				return kind;
		}
	}

	return EVENT_UNKNOWN;
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
