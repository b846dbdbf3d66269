/*-------------------------------------------------------------------------
 *
 * intake_value.c
 *	  Arguments and values of reports over events.
 *
 * IDENTIFICATION
 *	  src/intake/intake_value.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "intake/intake_value.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"

/* The text that names the events. */
const char *
intake_events_argument(FunctionCallInfo fcinfo, int argno)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("events must not be null"),
				errhint("Name a table or a view, or pass a query."));

	return text_to_cstring(PG_GETARG_TEXT_PP(argno));
}

/* The name of a column, or NULL for the usual one. */
const char *
intake_column_argument(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : NameStr(*PG_GETARG_NAME(argno));
}

/* from_time and to_time; NULL: no bound. */
IntakePeriod
intake_period_arguments(FunctionCallInfo fcinfo, int from, int to)
{
	IntakePeriod period = {DT_NOBEGIN, DT_NOEND};

	if (!PG_ARGISNULL(from))
		period.from = PG_GETARG_TIMESTAMPTZ(from);
	if (!PG_ARGISNULL(to))
		period.to = PG_GETARG_TIMESTAMPTZ(to);
	if (period.from >= period.to)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("from_time must be before to_time"));

	return period;
}

Numeric
intake_number(const IntakeColumn *column, Datum value)
{
	switch (column->type)
	{
		case NUMERICOID:
			return DatumGetNumeric(value);
		case INT2OID:
			return int64_to_numeric(DatumGetInt16(value));
		case INT4OID:
			return int64_to_numeric(DatumGetInt32(value));
		case INT8OID:
			return int64_to_numeric(DatumGetInt64(value));
		case FLOAT4OID:
			return DatumGetNumeric(DirectFunctionCall1(float4_numeric, value));
		case FLOAT8OID:
			return DatumGetNumeric(DirectFunctionCall1(float8_numeric, value));
		default:
			elog(ERROR, "unexpected type %u of a number", column->type);
	}
}

/* Of amounts that stay; "sum" is one that intake_sum() made, or NULL. */
Numeric
intake_sum(Numeric sum, Numeric amount)
{
	Numeric		more;

	if (sum == NULL)
		return DatumGetNumericCopy(NumericGetDatum(amount));
	more = DatumGetNumeric(DirectFunctionCall2(numeric_add, NumericGetDatum(sum),
											   NumericGetDatum(amount)));
	pfree(sum);

	return more;
}

/* What the type's output function writes. */
char *
intake_text(const IntakeColumn *column, Datum value)
{
	return OutputFunctionCall(unconstify(FmgrInfo *, &column->output), value);
}

/* Does the value say nothing, as NULL does? */
bool
intake_is_empty(const IntakeColumn *column, Datum value)
{
	if (column->type != TEXTOID && column->type != VARCHAROID)
		return false;

	return VARSIZE_ANY_EXHDR(PG_DETOAST_DATUM_PACKED(value)) == 0;
}

static void
append_count(StringInfo list, uint64 count, const char *what)
{
	if (count > 0)
		appendStringInfo(list, "%s" UINT64_FORMAT " %s", list->len > 0 ? ", " : "",
						 count, what);
}

void
intake_tell_left_out(const IntakeLeftOut *out)
{
	StringInfoData list;

	initStringInfo(&list);
	append_count(&list, out->no_user, "without a user");
	append_count(&list, out->no_session, "without a session");
	append_count(&list, out->no_time, "without a time");
	append_count(&list, out->infinite_time, "at an infinite time");
	if (list.len > 0)
		ereport(NOTICE,
				errmsg("events are left out: %s", list.data));
}

/* A name that a question is about, and none of the events has: misspelt, perhaps. */
void
intake_tell_no_event(const char *name)
{
	ereport(NOTICE,
			errmsg("no event is named \"%s\"", name));
}

/*
 * As timestamp_mi() makes it, days of 24 hours and the rest; false if no interval
 * can hold it.
 */
bool
intake_duration(TimestampTz from, TimestampTz to, Interval *duration)
{
	int64		usecs;

	if (pg_sub_s64_overflow(to, from, &usecs))
		return false;
	duration->month = 0;
	duration->day = usecs / USECS_PER_DAY;
	duration->time = usecs % USECS_PER_DAY;

	return true;
}

/* To four places, as all shares in reports; the whole is not zero. */
Datum
intake_share(int64 part, int64 whole)
{
	Datum		quotient = DirectFunctionCall2(numeric_div,
											   NumericGetDatum(int64_to_numeric(part)),
											   NumericGetDatum(int64_to_numeric(whole)));

	return DirectFunctionCall2(numeric_round, quotient, Int32GetDatum(4));
}
