/*-------------------------------------------------------------------------
 *
 * funnel_report.h
 *	  What the files of funnel_report() share.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel_report.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_FUNNEL_REPORT_H
#define SHOPANALYTICS_FUNNEL_REPORT_H

#include "behaviour/funnel.h"
#include "funcapi.h"
#include "intake/codes.h"
#include "intake/groups.h"
#include "intake/intake_value.h"

typedef enum FunnelReportColumn
{
	REPORT_USER,
	REPORT_TIME,
	REPORT_EVENT,
	REPORT_BREAKDOWN,
	REPORT_HOLD,
	REPORT_COLUMNS
} FunnelReportColumn;

/* Which of the values of a user's events is that of the user. */
typedef enum FunnelAttribution
{
	ATTRIBUTE_FIRST,
	ATTRIBUTE_LAST,
	ATTRIBUTE_ALL,				/* each with which there is a chain */
	ATTRIBUTE_STEP				/* that of a step of the winning chain */
} FunnelAttribution;

/* What is asked for. */
typedef struct FunnelQuestion
{
	int			nsteps;
	char	   *steps[FUNNEL_MAX_STEPS];
	FunnelRules rules;
	bool		limited;		/* the limits limit something */
	FunnelLimits limits;
	char	   *excluded[FUNNEL_MAX_EXCLUSIONS];	/* names, by exclusion */
	FunnelAttribution attribution;
	int			attribution_step;	/* from 1 on */
	bool		broken_down;
	bool		held;
} FunnelQuestion;

/*
 * An event that matters.  Without breakdown, hold and exclusions only what
 * comes before the value is kept.
 */
typedef struct FunnelRecord
{
	uint32		unit;			/* the user, or with ATTRIBUTE_ALL the user
								 * and the value */
	uint32		steps;			/* as in a FunnelEvent */
	TimestampTz time;
	uint32		value;			/* of the breakdown: its code plus one, or 0
								 * for NULL */
	uint32		held;			/* the code of what is held */
	uint32		excluded;		/* bits of the exclusions that it meets */
} FunnelRecord;

#define FUNNEL_RECORD_SHORT	offsetof(FunnelRecord, value)

typedef struct FunnelNames FunnelNames;

/* What is enough to know of a user who did not do the second step. */
typedef struct FunnelFirst
{
	TimestampTz last;			/* time of step 1, DT_NOBEGIN if there is none */
	uint32		steps;			/* of all events */
} FunnelFirst;

/* An event whose user has no number yet. */
typedef struct FunnelWaiting
{
	Datum		user;
	TimestampTz time;
	uint32		steps;
} FunnelWaiting;

#define FUNNEL_MAX_WAITING	64

/* All events that were read. */
typedef struct FunnelEvents
{
	const FunnelQuestion *question;
	IntakeColumn *columns;
	IntakeLeftOut left_out;
	FunnelNames *names;
	Codes	   *users;
	Codes	   *values;			/* of the breakdown */
	Codes	   *held;
	Codes	   *units;			/* with ATTRIBUTE_ALL: of user and value */
	Groups	   *groups;			/* of records, by unit */
	uint32		nunits;
	FunnelFirst *firsts;		/* by unit: short records, steps in order; or
								 * NULL */
	uint32		nfirsts;
	uint32		firsts_room;
	bool		is_short;		/* the records are */
	int			nwaiting;		/* of short records, if users are integers */
	FunnelWaiting waiting[FUNNEL_MAX_WAITING];
	TimestampTz end;			/* the latest time there is */
} FunnelEvents;

/* What became of the users of one value of the breakdown. */
typedef struct FunnelTallyStep
{
	int64		users;			/* who reached the step */
	int64		pending;		/* thereof those who stopped here for now */
	int64	   *spans;			/* from the step before, of each user */
	int64		room;			/* for spans */
} FunnelTallyStep;

typedef struct FunnelTally
{
	uint32		value;			/* as in a FunnelRecord */
	char	   *text;			/* of the value, or NULL */
	FunnelTallyStep steps[FLEXIBLE_ARRAY_MEMBER];
} FunnelTally;

typedef struct FunnelTallies
{
	int			nsteps;
	uint32		count;
	FunnelTally **tallies;		/* by value; NULL if nobody has it */
} FunnelTallies;

/* funnel_report_events.c */
extern void funnel_report_read(FunnelEvents *events, const char *source,
							   const IntakePeriod *period);

/* funnel_report_users.c */
extern void funnel_report_count(FunnelEvents *events, FunnelTallies *tallies);

/* funnel_report_rows.c */
extern void funnel_report_rows(const FunnelQuestion *question,
							   const IntakeColumn *breakdown,
							   const Codes *values,
							   FunnelTallies *tallies, ReturnSetInfo *rsinfo);

#endif							/* SHOPANALYTICS_FUNNEL_REPORT_H */
