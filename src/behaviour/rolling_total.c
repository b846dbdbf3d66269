/*-------------------------------------------------------------------------
 *
 * rolling_total.c
 *	  What a frame of rows adds up to, when rows come and go.
 *
 * The finite values are in an exact sum (exact_sum.c); NaN and infinities are
 * only counted, so that they leave a frame without a trace.  The display scale
 * of sum(numeric) is the largest among its values; to know it after the value
 * that had it is gone, values are counted by scale.  Every field is a count or
 * a sum: two totals merge by addition, and addition can be undone.
 *
 * A numeric is read and written in the form in which it is stored on disk,
 * because numeric.c offers no access to the digits and a call of it per row
 * would cost more than all the rest.  That form is as fixed as the files of a
 * database: pg_upgrade depends on it.
 *
 * IDENTIFICATION
 *	  src/behaviour/rolling_total.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "behaviour/rolling_total.h"

/*
 * A stored numeric: a header of 16 bits, in the long form a weight of 16 bits,
 * then digits in radix 10000, the first of which counts 10000 ^ weight.
 */
#define NUMERIC_KIND		0xC000	/* mask */
#define NUMERIC_NEGATIVE	0x4000	/* long form, else zero */
#define NUMERIC_SHORT		0x8000
#define NUMERIC_SPECIAL		0xC000
#define NUMERIC_NAN			0xC000
#define NUMERIC_PLUS		0xD000	/* Infinity */
#define NUMERIC_MINUS		0xF000	/* -Infinity */
#define SHORT_NEGATIVE		0x2000
#define SHORT_SCALE_SHIFT	7
#define SHORT_SCALE_MAX		0x3F
#define SHORT_WEIGHT_SIGN	0x40
#define SHORT_WEIGHT_MAX	0x3F
#define LONG_SCALE_MAX		0x3FFF
#define LONG_WEIGHT_MAX		0x7FFF

#define ROLLING_INIT_SCALES		4
#define ROLLING_STACK_DIGITS	64

/* The arrays are allocated in the current context and stay there. */
void
rolling_total_init(RollingTotal *total, Oid type)
{
	memset(total, 0, sizeof(RollingTotal));
	total->type = type;
	if (type == FLOAT8OID)
		exact_sum_init(&total->sum, EXACT_BINARY);
	else
	{
		exact_sum_init(&total->sum, EXACT_DECIMAL);
		total->maxscales = ROLLING_INIT_SCALES;
		total->scale = palloc(sizeof(int64) * ROLLING_INIT_SCALES);
	}
}

void
rolling_total_clear(RollingTotal *total)
{
	exact_sum_clear(&total->sum);
	total->nvalues = total->nnan = total->nplus = total->nminus = 0;
	total->nscales = 0;
}

static inline void
rolling_total_scale(RollingTotal *total, int32 scale, int64 count)
{
	if (scale >= total->nscales)
	{
		if (scale >= total->maxscales)
		{
			total->maxscales = Max(scale + 1, 2 * total->maxscales);
			total->scale = repalloc(total->scale,
									sizeof(int64) * total->maxscales);
		}
		memset(total->scale + total->nscales, 0,
			   sizeof(int64) * (scale + 1 - total->nscales));
		total->nscales = scale + 1;
	}
	total->scale[scale] += count;
	while (total->nscales > 0 && total->scale[total->nscales - 1] == 0)
		total->nscales--;
}

/* An integer, as a numeric. */
static inline void
rolling_total_int64(RollingTotal *total, int64 value, int sign)
{
	total->nvalues += sign;
	rolling_total_scale(total, 0, sign);

	/* the remainder has the sign of the value */
	for (int place = 0; value != 0; place++, value /= EXACT_DECIMAL)
		*exact_sum_limbs(&total->sum, place, 1) += sign * (value % EXACT_DECIMAL);
}

static inline void
rolling_total_float8(RollingTotal *total, double value, int sign)
{
	total->nvalues += sign;
	if (unlikely(isnan(value)))
		total->nnan += sign;
	else if (unlikely(isinf(value)))
		*(value > 0 ? &total->nplus : &total->nminus) += sign;
	else
		exact_sum_add_float8(&total->sum, value, sign);
}

static inline void
rolling_total_numeric(RollingTotal *total, Datum value, int sign)
{
	struct varlena *stored = PG_DETOAST_DATUM_PACKED(value);
	const char *pos = VARDATA_ANY(stored);
	const char *end = pos + VARSIZE_ANY_EXHDR(stored);
	uint16		header;
	int16		weight;
	int32		scale;
	int			ndigits;
	int			direction;
	int64	   *limb;

	/* a short varlena is not aligned, so copy every number */
	memcpy(&header, pos, sizeof(header));
	pos += sizeof(header);
	total->nvalues += sign;

	switch (header & NUMERIC_KIND)
	{
		case NUMERIC_SPECIAL:
			if (header == NUMERIC_PLUS)
				total->nplus += sign;
			else if (header == NUMERIC_MINUS)
				total->nminus += sign;
			else
				total->nnan += sign;
			return;
		case NUMERIC_SHORT:
			direction = (header & SHORT_NEGATIVE) ? -sign : sign;
			scale = (header >> SHORT_SCALE_SHIFT) & SHORT_SCALE_MAX;
			weight = header & SHORT_WEIGHT_MAX;
			if (header & SHORT_WEIGHT_SIGN)
				weight -= SHORT_WEIGHT_MAX + 1;
			break;
		default:
			direction = (header & NUMERIC_NEGATIVE) ? -sign : sign;
			scale = header & LONG_SCALE_MAX;
			memcpy(&weight, pos, sizeof(weight));
			pos += sizeof(weight);
			break;
	}

	rolling_total_scale(total, scale, sign);
	ndigits = (end - pos) / sizeof(int16);
	if (ndigits == 0)
		return;

	limb = exact_sum_limbs(&total->sum, weight - ndigits + 1, ndigits);
	for (int i = ndigits - 1; i >= 0; i--, pos += sizeof(int16))
	{
		int16		digit;

		memcpy(&digit, pos, sizeof(digit));
		limb[i] += direction * digit;
	}

	/* When a huge value goes, so does the room that it took. */
	if (sign < 0 && ndigits > ROLLING_STACK_DIGITS)
		exact_sum_carry(&total->sum);
}

/* Adds (sign 1) or takes away (sign -1) a value of the total's type. */
void
rolling_total_add(RollingTotal *total, Datum value, int sign)
{
	switch (total->type)
	{
		case FLOAT8OID:
			rolling_total_float8(total, DatumGetFloat8(value), sign);
			break;
		case NUMERICOID:
			rolling_total_numeric(total, value, sign);
			break;
		case INT8OID:
			rolling_total_int64(total, DatumGetInt64(value), sign);
			break;
		case INT4OID:
			rolling_total_int64(total, DatumGetInt32(value), sign);
			break;
		case INT2OID:
			rolling_total_int64(total, DatumGetInt16(value), sign);
			break;
		default:
			elog(ERROR, "unexpected type %u", total->type);
	}
}

/* Adds (sign 1) or takes away (sign -1) another total of the same type. */
void
rolling_total_merge(RollingTotal *total, const RollingTotal *other, int sign)
{
	exact_sum_merge(&total->sum, &other->sum, sign);
	total->nvalues += sign * other->nvalues;
	total->nnan += sign * other->nnan;
	total->nplus += sign * other->nplus;
	total->nminus += sign * other->nminus;
	for (int scale = other->nscales - 1; scale >= 0; scale--)
		if (other->scale[scale] != 0)
			rolling_total_scale(total, scale, sign * other->scale[scale]);
	if (sign < 0 && other->sum.nlimbs > ROLLING_STACK_DIGITS)
		exact_sum_carry(&total->sum);
}

static Datum
make_numeric(uint16 header, const int16 *weight, const int64 *digit, int ndigits)
{
	Size		size = VARHDRSZ + sizeof(header) +
	(weight ? sizeof(*weight) : 0) + ndigits * sizeof(int16);
	char	   *result = palloc(size);
	char	   *pos = VARDATA(result);

	SET_VARSIZE(result, size);
	memcpy(pos, &header, sizeof(header));
	pos += sizeof(header);
	if (weight)
	{
		memcpy(pos, weight, sizeof(*weight));
		pos += sizeof(*weight);
	}
	for (int i = ndigits - 1; i >= 0; i--, pos += sizeof(int16))
	{
		int16		value = (int16) digit[i];

		memcpy(pos, &value, sizeof(value));
	}

	return PointerGetDatum(result);
}

/* The finite part as a numeric of the largest scale among the values. */
static Datum
rolling_total_finite_numeric(const RollingTotal *total)
{
	int64		stack[ROLLING_STACK_DIGITS + 5];
	int64	   *digit = stack;
	int			ndigits;
	int			zeros = 0;
	int32		weight = 0;
	int16		stored_weight;
	int32		scale = Max(total->nscales - 1, 0);
	bool		negative;
	Datum		result;

	if (total->sum.nlimbs > ROLLING_STACK_DIGITS)
		digit = palloc(sizeof(int64) * (total->sum.nlimbs + 5));
	ndigits = exact_sum_digits(&total->sum, digit, &negative);
	if (ndigits > 0)
		weight = total->sum.low + ndigits - 1;
	while (zeros < ndigits && digit[zeros] == 0)
		zeros++;

	/* numeric.c's own words for the same */
	if (weight > LONG_WEIGHT_MAX)
		ereport(ERROR,
				errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("value overflows numeric format"));

	if (scale <= SHORT_SCALE_MAX &&
		weight <= SHORT_WEIGHT_MAX && weight >= -SHORT_WEIGHT_MAX - 1)
		result = make_numeric(NUMERIC_SHORT |
							  (negative ? SHORT_NEGATIVE : 0) |
							  (scale << SHORT_SCALE_SHIFT) |
							  (weight & (SHORT_WEIGHT_SIGN | SHORT_WEIGHT_MAX)),
							  NULL, digit + zeros, ndigits - zeros);
	else
	{
		stored_weight = (int16) weight;
		result = make_numeric((negative ? NUMERIC_NEGATIVE : 0) | scale,
							  &stored_weight, digit + zeros, ndigits - zeros);
	}
	if (digit != stack)
		pfree(digit);

	return result;
}

/* The sum, as a numeric or float8; there must be at least one value. */
static Datum
rolling_total_value(const RollingTotal *total, uint64 divisor)
{
	bool		is_float8 = total->type == FLOAT8OID;
	double		result;

	if (total->nnan > 0 || (total->nplus > 0 && total->nminus > 0))
		return is_float8 ? Float8GetDatum(get_float8_nan()) :
			make_numeric(NUMERIC_NAN, NULL, NULL, 0);
	if (total->nplus > 0)
		return is_float8 ? Float8GetDatum(get_float8_infinity()) :
			make_numeric(NUMERIC_PLUS, NULL, NULL, 0);
	if (total->nminus > 0)
		return is_float8 ? Float8GetDatum(-get_float8_infinity()) :
			make_numeric(NUMERIC_MINUS, NULL, NULL, 0);
	if (!is_float8)
		return rolling_total_finite_numeric(total);

	result = exact_sum_float8(&total->sum, divisor);
	if (unlikely(isinf(result)))
		float_overflow_error();

	return Float8GetDatum(result);
}

Datum
rolling_total_sum(const RollingTotal *total)
{
	return rolling_total_value(total, 1);
}

/* As avg(numeric) of the same values; for float8 correctly rounded. */
Datum
rolling_total_avg(const RollingTotal *total)
{
	if (total->type == FLOAT8OID)
		return rolling_total_value(total, total->nvalues);

	return DirectFunctionCall2(numeric_div,
							   rolling_total_value(total, 1),
							   NumericGetDatum(int64_to_numeric(total->nvalues)));
}

/* Field by field: no padding, no pointers, no byte order. */
void
rolling_total_send(StringInfo buf, const RollingTotal *total)
{
	pq_sendint32(buf, total->type);
	pq_sendint64(buf, total->nvalues);
	pq_sendint64(buf, total->nnan);
	pq_sendint64(buf, total->nplus);
	pq_sendint64(buf, total->nminus);
	pq_sendint32(buf, total->nscales);
	for (int i = 0; i < total->nscales; i++)
		pq_sendint64(buf, total->scale[i]);
	exact_sum_send(buf, &total->sum);
}

/* The arrays are allocated in the current context and stay there. */
void
rolling_total_recv(StringInfo buf, RollingTotal *total)
{
	rolling_total_init(total, pq_getmsgint(buf, 4));
	total->nvalues = pq_getmsgint64(buf);
	total->nnan = pq_getmsgint64(buf);
	total->nplus = pq_getmsgint64(buf);
	total->nminus = pq_getmsgint64(buf);
	for (int i = 0, nscales = pq_getmsgint(buf, 4); i < nscales; i++)
	{
		int64		count = pq_getmsgint64(buf);

		if (count != 0)
			rolling_total_scale(total, i, count);
	}
	exact_sum_recv(buf, &total->sum);
}
