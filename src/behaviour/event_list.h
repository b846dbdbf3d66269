/*-------------------------------------------------------------------------
 *
 * event_list.h
 *	  The events of one group, as an aggregate collects them.
 *
 * IDENTIFICATION
 *	  src/behaviour/event_list.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_EVENT_LIST_H
#define SHOPANALYTICS_EVENT_LIST_H

#include "behaviour/funnel.h"

typedef struct EventList
{
	MemoryContext context;		/* where events is */
	FunnelEvent *events;
	Size		nevents;
	Size		capacity;
	int			nsteps;			/* 0: not known yet */
	bool		sorted;			/* strictly ascending, as in a FunnelHistory */
} EventList;

extern void event_list_init(EventList *list, MemoryContext context);
extern void event_list_clear(EventList *list);
extern void event_list_set_steps(EventList *list, int nsteps);
extern void event_list_add(EventList *list, const FunnelEvent *event);
extern void event_list_add_all(EventList *list, const EventList *other);
extern void event_list_sort(EventList *list);
extern FunnelHistory event_list_history(EventList *list);
extern bytea *event_list_encode(EventList *list, const char *head, Size len);
extern void event_list_decode(EventList *list, const char *bytes, Size len,
							  int errcode_wrong);

#endif							/* SHOPANALYTICS_EVENT_LIST_H */
