/*-------------------------------------------------------------------------
 *
 * session_report.h
 *	  What session_report() reads of the events and makes of them.
 *
 * IDENTIFICATION
 *	  src/behaviour/session_report.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_SESSION_REPORT_H
#define SHOPANALYTICS_SESSION_REPORT_H

#include "behaviour/session.h"
#include "intake/codes.h"
#include "intake/groups.h"
#include "intake/intake.h"

/* The columns that are read. */
typedef enum ReportRead
{
	READ_USER,
	READ_TIME,
	READ_SESSION,
	READ_EVENT,
	READ_PRICE,
	READ_PRODUCT,
	READ_CATEGORY,
	READ_COLUMNS
} ReportRead;

typedef enum EventKind
{
	EVENT_UNKNOWN,
	EVENT_VIEW,
	EVENT_CART,
	EVENT_PURCHASE,
	EVENT_KINDS
} EventKind;

/* No user, and nothing in a column. */
#define REPORT_NO_CODE	PG_UINT32_MAX

/* An event, with codes for what it names. */
typedef struct ReportEvent
{
	uint32		group;
	uint32		amount;			/* its place among the amounts, times four,
								 * and its kind */
	TimestampTz time;
	uint32		product;
	uint32		category;
} ReportEvent;

#define REPORT_NO_AMOUNT	(PG_UINT32_MAX >> 2)

static inline EventKind
report_event_kind(const ReportEvent *event)
{
	return (EventKind) (event->amount & 3);
}

/* Whose events a group holds: of a user, or of a user under a session's name. */
typedef struct ReportGroup
{
	uint32		user;
	uint32		session;
} ReportGroup;

typedef struct SessionReport
{
	IntakeColumn columns[READ_COLUMNS];
	IntakeLeftOut left_out;
	SessionRules rules;
	const char *anonymous_user; /* NULL: there is none */
	char	  **names[EVENT_KINDS]; /* of events, by kind; NULL at the end */

	Codes	   *users;
	Codes	   *sessions;
	Codes	   *pairs;			/* of a session and a user who was not the
								 * first in it */
	Codes	   *events;
	Codes	   *products;
	Codes	   *categories;
	uint8	   *kinds;			/* by code of the event */
	uint32		nkinds;
	uint32		room_kinds;
	uint32	   *first_group;	/* by code of the session */
	uint32		nfirst_group;
	uint32		room_first_group;
	uint32	   *pair_group;		/* by code of the pair */
	uint32		npair_group;
	uint32		room_pair_group;
	ReportGroup *whose;			/* by group */
	uint32		ngroups;
	uint32		room_groups;
	Numeric    *amounts;		/* of purchases */
	uint32		namounts;
	uint32		room_amounts;
	MemoryContext context;		/* for what lasts as long as the report */
	Groups	   *groups;
} SessionReport;

extern void session_report_read(SessionReport *report, const char *events);

#endif							/* SHOPANALYTICS_SESSION_REPORT_H */
