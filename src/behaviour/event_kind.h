/*-------------------------------------------------------------------------
 *
 * event_kind.h
 *	  Views, carts, purchases: what an event is by its name; see event_kind.c.
 *
 * IDENTIFICATION
 *	  src/behaviour/event_kind.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_EVENT_KIND_H
#define SHOPANALYTICS_EVENT_KIND_H

#include "intake/codes.h"
#include "intake/intake_value.h"

typedef enum EventKind
{
	EVENT_UNKNOWN,
	EVENT_VIEW,
	EVENT_CART,
	EVENT_PURCHASE,
	EVENT_KINDS
} EventKind;

typedef struct EventName
{
	const char *name;
	EventKind	kind;
} EventName;

typedef struct EventKinds
{
	EventName  *names;			/* that are listed, by name */
	int			nnames;
	const IntakeColumn *column; /* that names them */
	Codes	   *events;
	uint8	   *kinds;			/* by code of the event */
	uint32		nkinds;
	uint32		room;
} EventKinds;

extern void event_kinds_arguments(EventKinds *kinds, FunctionCallInfo fcinfo,
								  int first_argno);
extern void event_kinds_start(EventKinds *kinds, const IntakeColumn *column);
extern EventKind event_kind(EventKinds *kinds, Datum event);

#endif							/* SHOPANALYTICS_EVENT_KIND_H */
