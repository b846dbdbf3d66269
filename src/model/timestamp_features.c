/*-------------------------------------------------------------------------
 *
 * timestamp_features.c
 *	  timestamp_features(): what the calendar and the clock of a time zone say
 *	  at a moment, as features.
 *
 * IDENTIFICATION
 *	  src/model/timestamp_features.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "behaviour/rolling_day.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "compat.h"

#define TIMESTAMP_FEATURES_ATTRS	12
#define DAYS_PER_WEEK				7

/* What is kept from call to call. */
typedef struct FeaturesCall
{
	RollingZone zone;
	TupleDesc	tupdesc;
} FeaturesCall;

PG_FUNCTION_INFO_V1(timestamp_features);

static FeaturesCall *
features_call(FunctionCallInfo fcinfo)
{
	FeaturesCall *call = fcinfo->flinfo->fn_extra;
	MemoryContext old;

	if (call != NULL)
		return call;

	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	call = palloc0(sizeof(FeaturesCall));
	if (get_call_result_type(fcinfo, NULL, &call->tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	call->tupdesc = BlessTupleDesc(CreateTupleDescCopy(call->tupdesc));
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = call;

	return call;
}

/* A place on a circle of so many, the first at the top. */
static void
put_circle(Datum *values, int place, int places)
{
	double		angle = 2.0 * M_PI * place / places;

	values[0] = Float8GetDatum(sin(angle));
	values[1] = Float8GetDatum(cos(angle));
}

/* Of a local time: days since 2000-01-01, and the hour. */
static void
local_features(int64 local_day, int hour, Datum *values)
{
	int			year;
	int			month;
	int			day;
	int			weekday;

	j2date((int) (local_day + POSTGRES_EPOCH_JDATE), &year, &month, &day);
	weekday = j2day((int) (local_day + POSTGRES_EPOCH_JDATE));
	if (weekday == 0)
		weekday = DAYS_PER_WEEK;

	/* as extract() has it, there is no year 0 */
	values[0] = Int32GetDatum(year > 0 ? year : year - 1);
	values[1] = Int32GetDatum((month - 1) / 3 + 1);
	values[2] = Int32GetDatum(month);
	values[3] = Int32GetDatum(date2isoweek(year, month, day));
	values[4] = Int32GetDatum(day);
	values[5] = Int32GetDatum(weekday);
	values[6] = Int32GetDatum(hour);
	values[7] = BoolGetDatum(weekday >= 6);
	put_circle(&values[8], hour, HOURS_PER_DAY);
	put_circle(&values[10], weekday - 1, DAYS_PER_WEEK);
}

/* (ts timestamptz, timezone text) => record */
Datum
timestamp_features(PG_FUNCTION_ARGS)
{
	TimestampTz ts = PG_GETARG_TIMESTAMPTZ(0);
	FeaturesCall *call = features_call(fcinfo);
	Datum		values[TIMESTAMP_FEATURES_ATTRS] = {0};
	bool		nulls[TIMESTAMP_FEATURES_ATTRS];

	/* an infinite time is on no day */
	memset(nulls, TIMESTAMP_NOT_FINITE(ts), sizeof(nulls));
	rolling_zone_set(&call->zone, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (!TIMESTAMP_NOT_FINITE(ts))
	{
		int64		earliest;
		int64		day = rolling_day(&call->zone, ts, &earliest);

		local_features(day, (ts + call->zone.offset - day * USECS_PER_DAY) / USECS_PER_HOUR, values);
	}

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(call->tupdesc, values, nulls)));
}
