/*-------------------------------------------------------------------------
 *
 * retention_report.h
 *	  What retention_report() reads of the events and counts.
 *
 * IDENTIFICATION
 *	  src/behaviour/retention_report.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_RETENTION_REPORT_H
#define SHOPANALYTICS_RETENTION_REPORT_H

#include "behaviour/cohorts.h"
#include "fmgr.h"
#include "intake/groups.h"
#include "nodes/execnodes.h"

#define RETENTION_FIRST_ROOM	1024

#define RETENTION_STARTS	1
#define RETENTION_RETURNS	2
#define RETENTION_KNOWN		4	/* of a name: looked at before */

/* An event as it is kept; group first, for groups.c. */
typedef struct RetentionEvent
{
	uint32		user;
	uint32		what;			/* code of the breakdown, times 4, and flags */
	TimestampTz time;
} RetentionEvent;

#define RETENTION_WHAT(breakdown, flags)	((breakdown) << 2 | (flags))
#define RETENTION_BREAKDOWN_OF(what)			((what) >> 2)

/* The events of a user that came last, as far as they are in one period. */
typedef struct RetentionRun
{
	int64		period;
	TimestampTz first_start;	/* DT_NOEND: none */
	TimestampTz last_return;	/* DT_NOBEGIN: none */
	uint32		breakdown;		/* of the first start */
} RetentionRun;

/* An event whose user has no number yet. */
typedef struct RetentionWaiting
{
	Datum		user;
	TimestampTz time;
	uint32		what;
	uint32		code;			/* of the user, when it is found */
} RetentionWaiting;

#define RETENTION_MAX_WAITING	64

/* A start or a return; by the rolling clock, returns are in no period. */
typedef struct RetentionPoint
{
	int64		period;
	TimestampTz time;
	uint32		rank;			/* in the breakdown */
} RetentionPoint;

typedef struct RetentionReport
{
	CohortPlan	plan;
	bool		unbounded;
	bool		recurring;
	bool		has_entries;	/* users come by a source of their own */
	int32		min_occurrences;
	const char *start_event;
	const char *return_event;
	uint32		seen;			/* what there are events for:
								 * RETENTION_STARTS, ... */

	IntakeColumn *columns;
	IntakeLeftOut left_out;
	Codes	   *users;
	CohortBreakdown breakdown;
	Codes	   *names;			/* of events; NULL: they do not matter */
	uint8	   *name_flags;		/* by code */
	uint32		nname_flags;
	bool		keep_all;		/* not only what matters of a period */
	RetentionRun *runs;			/* by user */
	uint32		nruns;
	int			nwaiting;
	RetentionWaiting waiting[RETENTION_MAX_WAITING];
	Groups	   *groups;

	/* Of one user. */
	RetentionPoint *starts;
	RetentionPoint *returns;
	size_t		room;
	size_t		nstarts;
	size_t		nreturns;

	CohortCells cells;
	int64	   *retained;		/* by place: see CohortCells */
	size_t		nretained;
	ReturnSetInfo *rsinfo;
} RetentionReport;

extern void retention_report_read(RetentionReport *report, FunctionCallInfo fcinfo);

#endif							/* SHOPANALYTICS_RETENTION_REPORT_H */
