/*-------------------------------------------------------------------------
 *
 * intake_value.h
 *	  Arguments and values of reports over events; see intake_value.c.
 *
 * IDENTIFICATION
 *	  src/intake/intake_value.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_INTAKE_VALUE_H
#define SHOPANALYTICS_INTAKE_VALUE_H

#include "intake/intake.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

/* Rows that no report can place, left out. */
typedef struct IntakeLeftOut
{
	uint64		no_user;
	uint64		no_session;
	uint64		no_time;
	uint64		infinite_time;
} IntakeLeftOut;

extern const char *intake_column_argument(FunctionCallInfo fcinfo, int argno);
extern IntakePeriod intake_period_arguments(FunctionCallInfo fcinfo, int from, int to);
extern const char *intake_events_argument(FunctionCallInfo fcinfo, int argno);
extern Numeric intake_number(const IntakeColumn *column, Datum value);
extern Numeric intake_sum(Numeric sum, Numeric amount);
extern char *intake_text(const IntakeColumn *column, Datum value);
extern bool intake_is_empty(const IntakeColumn *column, Datum value);
extern void intake_tell_left_out(const IntakeLeftOut *out);
extern void intake_tell_no_event(const char *name);
extern bool intake_duration(TimestampTz from, TimestampTz to, Interval *duration);
extern Datum intake_share(int64 part, int64 whole);

/* Must a row be left out for its time?  If so, it is counted. */
static inline bool
intake_time_left_out(IntakeLeftOut *out, Datum value, bool isnull)
{
	if (isnull)
		out->no_time++;
	else if (TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(value)))
		out->infinite_time++;
	else
		return false;

	return true;
}

#endif							/* SHOPANALYTICS_INTAKE_VALUE_H */
