/*-------------------------------------------------------------------------
 *
 * preparation_value.c
 *	  Values of a column as numbers.
 *
 * The numbers are those of a cast to float8, bit by bit, and of extract(epoch)
 * for times.  A numeric is cast by writing it out and reading that; so the common
 * ones, whose digits make an integer that float8 holds, are read from where they
 * are stored: one division of two exact numbers is rounded as the cast is.
 *
 * IDENTIFICATION
 *	  src/model/preparation_value.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "model/preparation_value.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

#include "compat.h"

/* The parts of a numeric as it is stored, in files that pg_upgrade keeps. */
#define NUMERIC_STORED_BASE		10000
#define NUMERIC_STORED_SHORT	0x8000	/* the two highest bits say what it is */
#define NUMERIC_STORED_SPECIAL	0xC000
#define NUMERIC_STORED_NEGATIVE 0x4000	/* of the long form */
#define NUMERIC_SHORT_NEGATIVE	0x2000
#define NUMERIC_SHORT_WEIGHT_NEGATIVE	0x0040
#define NUMERIC_SHORT_WEIGHT	0x003F

#define EXACT_INTEGER	(UINT64CONST(1) << 53)	/* float8 holds all up to it */
#define EXACT_DIGITS	4		/* of base 10000 */
#define EXACT_POWER		5		/* 10000 ^ 5 is exact in a float8 */

/* From 1970 to 2000. */
#define EPOCH_USECS		((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

/* A domain's base type is what is to be asked for. */
ValueForm
value_form(Oid type)
{
	switch (type)
	{
		case BOOLOID:
			return VALUE_BOOL;
		case INT2OID:
			return VALUE_INT2;
		case INT4OID:
			return VALUE_INT4;
		case INT8OID:
			return VALUE_INT8;
		case FLOAT4OID:
			return VALUE_FLOAT4;
		case FLOAT8OID:
			return VALUE_FLOAT8;
		case NUMERICOID:
			return VALUE_NUMERIC;
		case DATEOID:
			return VALUE_DATE;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return VALUE_TIMESTAMP;
		case TIMEOID:
			return VALUE_TIME;
		case INTERVALOID:
			return VALUE_INTERVAL;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return VALUE_TEXT;
		case CHAROID:
		case NAMEOID:
		case UUIDOID:
			return VALUE_WORD;
		default:
			return type_is_enum(type) ? VALUE_WORD : VALUE_NONE;
	}
}

FeatureKind
value_kind(ValueForm form)
{
	switch (form)
	{
		case VALUE_DATE:
		case VALUE_TIMESTAMP:
			return FEATURE_TIME;
		case VALUE_TIME:
		case VALUE_INTERVAL:
			return FEATURE_DURATION;
		case VALUE_TEXT:
		case VALUE_WORD:
			return FEATURE_CATEGORY;
		default:
			return FEATURE_NUMBER;
	}
}

/* What a category is called; palloc'd.  The scale of a numeric does not count. */
char *
value_text(ValueForm form, FmgrInfo *output, Datum value)
{
	char	   *text;

	if (form == VALUE_BOOL)
		return pstrdup(DatumGetBool(value) ? "true" : "false");
	if (form == VALUE_NUMERIC)
	{
		Datum		trimmed = DirectFunctionCall1(numeric_trim_scale, value);

		text = OutputFunctionCall(output, trimmed);

		pfree(DatumGetPointer(trimmed));

		return text;
	}
	text = OutputFunctionCall(output, value);

	if (form == VALUE_TEXT && output->fn_oid == F_BPCHAROUT)
		text[		bpchartruelen(text, strlen(text))] = '\0';

	return text;
}

/* What the digits say, NaN if float8 does not hold them exactly. */
static double
numeric_by_digits(const char *data, Size size)
{
	static const double powers[EXACT_POWER + 1] = {1, 1e4, 1e8, 1e12, 1e16, 1e20};
	uint64		digits = 0;
	uint16		header;
	int16		weight;
	bool		negative;
	int			ndigits;
	int			shift;
	int			i;
	double		result;

	memcpy(&header, data, sizeof(header));
	if ((header & NUMERIC_STORED_SPECIAL) == NUMERIC_STORED_SPECIAL)
		return get_float8_nan();
	data += sizeof(header);
	size -= sizeof(header);
	if (header & NUMERIC_STORED_SHORT)
	{
		negative = (header & NUMERIC_SHORT_NEGATIVE) != 0;
		weight = header & NUMERIC_SHORT_WEIGHT;
		if (header & NUMERIC_SHORT_WEIGHT_NEGATIVE)
			weight -= NUMERIC_SHORT_WEIGHT + 1;
	}
	else
	{
		negative = (header & NUMERIC_STORED_NEGATIVE) != 0;
		memcpy(&weight, data, sizeof(weight));
		data += sizeof(weight);
		size -= sizeof(weight);
	}

	ndigits = size / sizeof(int16);
	if (ndigits > EXACT_DIGITS)
		return get_float8_nan();
	for (i = 0; i < ndigits; i++)
	{
		int16		digit;

		memcpy(&digit, data + i * sizeof(digit), sizeof(digit));
		digits = digits * NUMERIC_STORED_BASE + digit;
	}
	shift = ndigits == 0 ? 0 : weight - ndigits + 1;
	if (digits > EXACT_INTEGER || shift > EXACT_POWER || shift < -EXACT_POWER)
		return get_float8_nan();
	result = shift < 0 ? (double) digits / powers[-shift] : (double) digits * powers[shift];

	return negative ? -result : result;
}

static double
numeric_number(Datum value)
{
	struct varlena *stored = PG_DETOAST_DATUM_PACKED(value);
	double		result = numeric_by_digits(VARDATA_ANY(stored), VARSIZE_ANY_EXHDR(stored));

	/* Out of range is an infinity here, and said to be one by the caller. */
	if (isnan(result))
		result = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
													PointerGetDatum(stored)));
	if (PointerGetDatum(stored) != value)
		pfree(stored);

	return result;
}

static double
timestamp_number(Timestamp value)
{
	if (TIMESTAMP_IS_NOBEGIN(value))
		return -get_float8_infinity();
	if (TIMESTAMP_IS_NOEND(value))
		return get_float8_infinity();

	if (value > PG_INT64_MAX - EPOCH_USECS)
		return ((double) value + EPOCH_USECS) / USECS_PER_SEC;

	return (double) (value + EPOCH_USECS) / USECS_PER_SEC;
}

static double
date_number(DateADT value)
{
	if (DATE_IS_NOBEGIN(value))
		return -get_float8_infinity();
	if (DATE_IS_NOEND(value))
		return get_float8_infinity();

	return ((double) value + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)) * SECS_PER_DAY;
}

/* Years of 365.25 days and months of 30, as extract(epoch) has it. */
static double
interval_number(const Interval *value)
{
	double		days = (value->month / MONTHS_PER_YEAR) * DAYS_PER_YEAR +
	(double) (value->month % MONTHS_PER_YEAR) * DAYS_PER_MONTH + value->day;

	if (INTERVAL_NOT_FINITE(value))
		return get_float8_nan();

	return (double) value->time / USECS_PER_SEC + days * SECS_PER_DAY;
}

double
value_slow_number(ValueForm form, Datum value)
{
	switch (form)
	{
		case VALUE_NUMERIC:
			return numeric_number(value);
		case VALUE_DATE:
			return date_number(DatumGetDateADT(value));
		case VALUE_TIMESTAMP:
			return timestamp_number(DatumGetTimestamp(value));
		case VALUE_TIME:
			return (double) DatumGetTimeADT(value) / USECS_PER_SEC;
		case VALUE_INTERVAL:
			return interval_number(DatumGetIntervalP(value));
		default:
			elog(ERROR, "unexpected form %d of a number", (int) form);
	}
}
