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

#include "behaviour/event_kind.h"
#include "behaviour/session.h"
#include "intake/codes.h"
#include "intake/groups.h"
#include "intake/intake_value.h"

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

/* An event; a word is what codes_word() makes of a value. */
typedef struct ReportEvent
{
	uint32		group;
	uint32		flags;
	TimestampTz time;
	uint64		product;
	uint64		category;
} ReportEvent;

/* Its flags: the kind, what there is, and the place among the amounts. */
#define REPORT_KIND			3
#define REPORT_PRODUCT		4
#define REPORT_CATEGORY		8
#define REPORT_AMOUNT		16
#define REPORT_AMOUNT_SHIFT 5
#define REPORT_MAX_AMOUNTS	(UINT32_C(1) << (32 - REPORT_AMOUNT_SHIFT))

/* Whose events a group holds: of a user, or of a user under a session's name. */
typedef struct ReportGroup
{
	uint64		user;			/* a word */
	uint32		session;		/* a code */
	bool		has_user;
} ReportGroup;

typedef struct SessionReport
{
	IntakeColumn columns[READ_COLUMNS];
	IntakeLeftOut left_out;
	SessionRules rules;
	const char *anonymous_user; /* NULL: there is none */
	EventKinds	kinds;

	Codes	   *users;
	Codes	   *sessions;
	Codes	   *products;
	Codes	   *categories;

	/*
	 * Groups are numbered as users are or, if sessions have names, as these
	 * are; then other users than the first under a name are groups of their
	 * own, numbered as the pairs.
	 */
	Groups	   *groups;
	ReportGroup *whose;
	uint32		ngroups;
	uint32		room_groups;
	Codes	   *pairs;
	Groups	   *pair_groups;
	ReportGroup *whose_pair;
	uint32		npairs;
	uint32		room_pairs;

	Numeric    *amounts;		/* of purchases */
	uint32		namounts;
	uint32		room_amounts;
	MemoryContext context;		/* for what lasts as long as the report */
} SessionReport;

extern void session_report_read(SessionReport *report, const char *events);

#endif							/* SHOPANALYTICS_SESSION_REPORT_H */
