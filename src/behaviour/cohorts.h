/*-------------------------------------------------------------------------
 *
 * cohorts.h
 *	  Users by the period in which they came; see cohorts.c.
 *
 * IDENTIFICATION
 *	  src/behaviour/cohorts.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_COHORTS_H
#define SHOPANALYTICS_COHORTS_H

#include "behaviour/calendar_period.h"
#include "fmgr.h"
#include "intake/codes.h"
#include "intake/intake_value.h"

/* What a report over cohorts was asked for. */
typedef struct CohortPlan
{
	Calendar	calendar;		/* whose periods are the cohorts */
	int64		period_length;	/* by the rolling clock; 0: by the calendar */
	int32		periods;		/* the index of the last one */
	TimestampTz from;			/* of those who come; DT_NOBEGIN: no bound */
	TimestampTz to;				/* of all data; DT_NOEND: no bound */
	TimestampTz data_end;		/* "to", else the latest event */
} CohortPlan;

/* The values of a column that a report is broken down by; code 0 is NULL. */
typedef struct CohortBreakdown
{
	IntakeColumn *column;		/* NULL: there is none */
	Codes	   *codes;
	char	  **texts;			/* by code */
	uint32		room;
	uint32	   *ranks;			/* by code, when all are known */
	uint32	   *by_rank;		/* codes */
} CohortBreakdown;

/*
 * Cohorts with members.  A report keeps what it counts by place: the number of
 * the cell, times the number of periods, plus the index of the period.
 */
typedef struct CohortCells
{
	Codes	   *keys;
	int64	   *sizes;			/* by cell */
	uint32		room;
} CohortCells;

/* A row of the result, of a cohort with members or without. */
typedef struct CohortRow
{
	TimestampTz cohort;
	uint32		breakdown;		/* code */
	bool		has_members;
	uint32		cell;			/* if it has */
	int64		size;
	int32		index;			/* of the period */
	bool		is_complete;
} CohortRow;

typedef void (*CohortPutRow) (void *arg, const CohortRow *row);

extern int	cohort_choice(FunctionCallInfo fcinfo, int argno, const char *name,
						  const char *const *words);
extern int32 cohort_number(FunctionCallInfo fcinfo, int argno, const char *name,
						   int32 least, int32 most);
extern void cohort_plan(CohortPlan *plan, FunctionCallInfo fcinfo, int period,
						int periods, int clock, int timezone, int week_start,
						int from, int to);
extern Intake *cohort_open_entries(const char *entries, IntakeColumn *columns,
								   int ncolumns, const IntakePeriod *period,
								   const IntakeColumn *user);
extern void cohort_breakdown_init(CohortBreakdown *breakdown, IntakeColumn *column);
extern uint32 cohort_breakdown_code(CohortBreakdown *breakdown, Datum value, bool isnull);
extern int	cohort_breakdown_compare(const CohortBreakdown *breakdown, uint32 a, uint32 b);
extern void cohort_breakdown_rank(CohortBreakdown *breakdown);
extern void cohort_cells_init(CohortCells *cells);
extern uint32 cohort_cell(CohortCells *cells, const CohortPlan *plan, int64 cohort,
						  uint32 rank);
extern void cohort_rows(CohortPlan *plan, const CohortBreakdown *breakdown,
						const CohortCells *cells, CohortPutRow put, void *arg);

/* The index of the period in which a time is, for who came before it. */
static inline int64
cohort_index(const CohortPlan *plan, TimestampTz entry, int64 entry_period,
			 TimestampTz ts, int64 period)
{
	if (plan->period_length == 0)
		return period - entry_period;

	/* unsigned: the range of times is wider than that of their differences */
	return ((uint64) ts - (uint64) entry) / plan->period_length;
}

#endif							/* SHOPANALYTICS_COHORTS_H */
