/*-------------------------------------------------------------------------
 *
 * feature_stats.c
 *	  Aggregate feature_stats(): counts, mean, standard deviations, least and
 *	  greatest of each position of an array of numbers.
 *
 * The state of a position is a count, the sum of its values and the sum of their
 * squares, both without rounding (exact_sum.c): the square of a float8 has at
 * most 106 bits, and place 0 of the sum of squares is worth 2^-2148, that of the
 * sum squared.  So the order of rows does not matter, states merge by addition,
 * and
 *
 *		n * sum(x^2) - sum(x)^2 = n^2 * variance
 *
 * is computed in whole numbers, where nothing cancels but what is equal.  What
 * rounds is its conversion to a float8, a square root and a division.
 *
 * IDENTIFICATION
 *	  src/model/feature_stats.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "behaviour/exact_sum.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/float.h"

#define FEATURE_STATS_MAX	65536	/* positions */
#define FEATURE_BYTES		48	/* of a written one, at least */
#define FEATURE_STATS_ATTRS	7

/* Digits in base 2^32 that sums of float8 and of squares reach, carries included. */
#define SUM_DIGITS			85
#define SQUARE_DIGITS		160
#define SPREAD_DIGITS		400

typedef struct FeatureTotal
{
	int64		n;				/* values that are not NULL */
	double		min;
	double		max;
	ExactSum	sum;
	ExactSum	square;			/* of the squares */
} FeatureTotal;

typedef struct FeatureStats
{
	int64		nrows;
	int			nfeatures;
	FeatureTotal *features;
} FeatureStats;

PG_FUNCTION_INFO_V1(feature_stats_transfn);
PG_FUNCTION_INFO_V1(feature_stats_combinefn);
PG_FUNCTION_INFO_V1(feature_stats_serialfn);
PG_FUNCTION_INFO_V1(feature_stats_deserialfn);
PG_FUNCTION_INFO_V1(feature_stats_finalfn);

/* Caller must have switched to the context the state is to live in. */
static FeatureStats *
feature_stats_create(int nfeatures)
{
	FeatureStats *state = palloc(sizeof(FeatureStats));

	state->nrows = 0;
	state->nfeatures = nfeatures;
	state->features = palloc0(sizeof(FeatureTotal) * Max(nfeatures, 1));
	for (int i = 0; i < nfeatures; i++)
	{
		exact_sum_init(&state->features[i].sum, EXACT_BINARY);
		exact_sum_init(&state->features[i].square, EXACT_BINARY);
		state->features[i].min = get_float8_infinity();
		state->features[i].max = -get_float8_infinity();
	}

	return state;
}

static int
feature_array_length(ArrayType *array)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("features must be an array of one dimension, not %d", ARR_NDIM(array)));
	if (ARR_NDIM(array) == 0)
		return 0;
	if (ARR_DIMS(array)[0] > FEATURE_STATS_MAX)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("an array of %d features is longer than the limit of %d",
					   ARR_DIMS(array)[0], FEATURE_STATS_MAX));

	return ARR_DIMS(array)[0];
}

static void
feature_check_length(int length, int expected)
{
	if (length != expected)
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("an array has %d features, another one has %d", length, expected),
				errhint("Every row must have the same features in the same order."));
}

static void
feature_check_finite(double value, int position)
{
	if (unlikely(isnan(value) || isinf(value)))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("feature %d is %s", position,
					   isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"),
				errhint("Make it null, which is counted apart, or leave the row out."));
}

/* The square of a finite value, in five digits at most. */
static inline void
feature_add_square(ExactSum *square, double value)
{
	uint64		bits;
	uint64		mantissa;
	uint64		low;
	uint64		middle;
	uint64		digit[4];
	uint64		carry = 0;
	int			exponent;
	int			shift;
	int64	   *limb;

	memcpy(&bits, &value, sizeof(bits));
	mantissa = bits & UINT64CONST(0xFFFFFFFFFFFFF);
	exponent = (int) (bits >> 52) & 0x7FF;
	if (exponent > 0)
	{
		mantissa |= UINT64CONST(1) << 52;
		exponent--;
	}
	if (mantissa == 0)
		return;

	low = (mantissa & 0xFFFFFFFF) * (mantissa & 0xFFFFFFFF);
	middle = 2 * (mantissa & 0xFFFFFFFF) * (mantissa >> 32);
	digit[0] = low & 0xFFFFFFFF;
	digit[1] = (low >> 32) + (middle & 0xFFFFFFFF);
	digit[2] = (digit[1] >> 32) + (middle >> 32);
	digit[3] = (mantissa >> 32) * (mantissa >> 32);
	digit[2] += digit[3] & 0xFFFFFFFF;
	digit[3] = (digit[3] >> 32) + (digit[2] >> 32);
	digit[1] &= 0xFFFFFFFF;
	digit[2] &= 0xFFFFFFFF;

	/* the lowest bit of the square is worth 2 ^ (2 * exponent - 2148) */
	shift = (2 * exponent) & 31;
	limb = exact_sum_limbs(square, (2 * exponent) >> 5, 5);
	for (int i = 0; i < 4; i++)
	{
		carry |= digit[i] << shift;
		limb[i] += (int64) (carry & 0xFFFFFFFF);
		carry >>= 32;
	}
	limb[4] += (int64) carry;
}

static inline void
feature_add(FeatureTotal *total, double value)
{
	total->n++;
	if (value < total->min)
		total->min = value;
	if (value > total->max)
		total->max = value;
	exact_sum_add_float8(&total->sum, value, 1);
	feature_add_square(&total->square, value);
}

static void
feature_stats_add(FeatureStats *state, ArrayType *array)
{
	const bits8 *present = ARR_NULLBITMAP(array);
	const char *data = ARR_DATA_PTR(array);

	state->nrows++;
	for (int i = 0; i < state->nfeatures; i++)
	{
		double		value;

		if (present && !(present[i / 8] & (1 << (i % 8))))
			continue;
		memcpy(&value, data, sizeof(value));
		data += sizeof(value);
		feature_check_finite(value, i + 1);
		feature_add(&state->features[i], value);
	}
}

static void
feature_stats_merge(FeatureStats *state, const FeatureStats *other)
{
	state->nrows += other->nrows;
	for (int i = 0; i < state->nfeatures; i++)
	{
		FeatureTotal *total = &state->features[i];
		const FeatureTotal *more = &other->features[i];

		total->n += more->n;
		total->min = Min(total->min, more->min);
		total->max = Max(total->max, more->max);
		exact_sum_merge(&total->sum, &more->sum, 1);
		exact_sum_merge(&total->square, &more->square, 1);
	}
}

/* product = a * b in base 2^32, lowest digit first; it has na + nb digits. */
static void
digits_multiply(const uint32 *a, int na, const uint32 *b, int nb, uint32 *product)
{
	memset(product, 0, sizeof(uint32) * (na + nb));
	for (int i = 0; i < na; i++)
	{
		uint64		carry = 0;

		for (int j = 0; j < nb; j++)
		{
			carry += (uint64) a[i] * b[j] + product[i + j];
			product[i + j] = (uint32) carry;
			carry >>= 32;
		}
		product[i + nb] = (uint32) carry;
	}
}

/* a -= b * (2^32)^place, which must not become negative. */
static void
digits_subtract(uint32 *a, const uint32 *b, int nb, int place)
{
	int64		borrow = 0;

	for (int i = 0; i < nb || borrow != 0; i++)
	{
		borrow += (int64) a[place + i] - (i < nb ? b[i] : 0);
		a[place + i] = (uint32) borrow;
		borrow >>= 32;
	}
}

/* The digits of an exact sum without its sign; the place of the first is sum->low. */
static int
sum_digits(const ExactSum *sum, uint32 *digits)
{
	int64		wide[SQUARE_DIGITS];
	bool		negative;
	int			ndigits;

	Assert(sum->nlimbs + 5 <= SQUARE_DIGITS);
	ndigits = exact_sum_digits(sum, wide, &negative);
	for (int i = 0; i < ndigits; i++)
		digits[i] = (uint32) wide[i];

	return ndigits;
}

/*
 * n^2 times the variance, as the result times 2 ^ *exponent, an even number: rounded
 * once.
 */
static double
feature_spread(const FeatureTotal *total, int *exponent)
{
	uint32		count[2] = {(uint32) total->n, (uint32) (total->n >> 32)};
	uint32		sum[SUM_DIGITS];
	uint32		square[SQUARE_DIGITS];
	uint32		product[SQUARE_DIGITS + 2 * SUM_DIGITS];
	uint32		spread[SPREAD_DIGITS] = {0};
	int			nsum = sum_digits(&total->sum, sum);
	int			nsquare = sum_digits(&total->square, square);
	int			base = Min(nsquare > 0 ? total->square.low : 0,
						   nsum > 0 ? 2 * total->sum.low : PG_INT32_MAX);
	int			top = SPREAD_DIGITS - 1;
	int			lead;
	uint64		word;

	digits_multiply(square, nsquare, count, 2, product);
	if (nsquare > 0)
		memcpy(spread + total->square.low - base, product, sizeof(uint32) * (nsquare + 2));
	digits_multiply(sum, nsum, sum, nsum, product);
	if (nsum > 0)
		digits_subtract(spread, product, 2 * nsum, 2 * total->sum.low - base);

	while (top >= 0 && spread[top] == 0)
		top--;
	*exponent = 0;
	if (top < 0)
		return 0.0;

	lead = 31 - pg_leftmost_one_pos32(spread[top]);
	word = (uint64) spread[top] << 32 | (top >= 1 ? spread[top - 1] : 0);
	word = word << lead | ((uint64) (top >= 2 ? spread[top - 2] : 0) << lead) >> 32;
	*exponent = 32 * (base + top - 1) - lead - 2148;
	if (*exponent % 2 == 0)
		return (double) word;
	(*exponent)--;

	return 2.0 * (double) word;
}

/* Standard deviations of all there is, and of a sample; n is at least one. */
static void
feature_deviations(const FeatureTotal *total, double *population, double *sample)
{
	double		n = (double) total->n;
	int			exponent;
	double		spread = feature_spread(total, &exponent);

	*population = ldexp(sqrt(spread) / n, exponent / 2);
	*sample = total->n < 2 ? 0.0 : ldexp(sqrt(spread / (n * (n - 1.0))), exponent / 2);
	if (isinf(*population) || isinf(*sample))
		float_overflow_error();
}

/* (internal, x float8[]) => internal */
Datum
feature_stats_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	MemoryContext oldcontext;
	FeatureStats *state = PG_ARGISNULL(0) ? NULL : (FeatureStats *) PG_GETARG_POINTER(0);
	ArrayType  *array;
	int			length;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "feature_stats_transfn called in non-aggregate context");

	/* no array is no row */
	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}

	array = PG_GETARG_ARRAYTYPE_P(1);
	length = feature_array_length(array);
	oldcontext = MemoryContextSwitchTo(aggcontext);
	if (state == NULL)
		state = feature_stats_create(length);
	MemoryContextSwitchTo(oldcontext);
	feature_check_length(length, state->nfeatures);
	feature_stats_add(state, array);

	PG_RETURN_POINTER(state);
}

/* (internal, internal) => internal */
Datum
feature_stats_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	MemoryContext oldcontext;
	FeatureStats *dst = PG_ARGISNULL(0) ? NULL : (FeatureStats *) PG_GETARG_POINTER(0);
	FeatureStats *src = PG_ARGISNULL(1) ? NULL : (FeatureStats *) PG_GETARG_POINTER(1);

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "feature_stats_combinefn called in non-aggregate context");

	if (src == NULL)
	{
		if (dst == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(dst);
	}

	/* src lives in a short-lived context: never return it, always copy */
	if (dst == NULL)
	{
		oldcontext = MemoryContextSwitchTo(aggcontext);
		dst = feature_stats_create(src->nfeatures);
		MemoryContextSwitchTo(oldcontext);
	}
	feature_check_length(src->nfeatures, dst->nfeatures);
	feature_stats_merge(dst, src);

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea */
Datum
feature_stats_serialfn(PG_FUNCTION_ARGS)
{
	FeatureStats *state = (FeatureStats *) PG_GETARG_POINTER(0);
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "feature_stats_serialfn called in non-aggregate context");

	pq_begintypsend(&buf);
	pq_sendint64(&buf, state->nrows);
	pq_sendint32(&buf, state->nfeatures);
	for (int i = 0; i < state->nfeatures; i++)
	{
		const FeatureTotal *total = &state->features[i];

		pq_sendint64(&buf, total->n);
		pq_sendfloat8(&buf, total->min);
		pq_sendfloat8(&buf, total->max);
		exact_sum_send(&buf, &total->sum);
		exact_sum_send(&buf, &total->square);
	}

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
feature_stats_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;
	FeatureStats *state;
	int64		nrows;
	int			nfeatures;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "feature_stats_deserialfn called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(serialized),
						   VARSIZE_ANY_EXHDR(serialized));
	nrows = pq_getmsgint64(&buf);
	nfeatures = pq_getmsgint(&buf, 4);
	if (nfeatures < 0 || nfeatures > (buf.len - buf.cursor) / FEATURE_BYTES)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid state of feature_stats"));
	state = feature_stats_create(nfeatures);
	state->nrows = nrows;
	for (int i = 0; i < state->nfeatures; i++)
	{
		FeatureTotal *total = &state->features[i];

		total->n = pq_getmsgint64(&buf);
		total->min = pq_getmsgfloat8(&buf);
		total->max = pq_getmsgfloat8(&buf);
		exact_sum_recv(&buf, &total->sum);
		exact_sum_recv(&buf, &total->square);
	}
	pq_getmsgend(&buf);
	pfree(buf.data);

	PG_RETURN_POINTER(state);
}

static Datum
make_array(Datum *values, bool *nulls, int n, Oid type)
{
	int			lower = 1;

	if (n == 0)
		return PointerGetDatum(construct_empty_array(type));

	return PointerGetDatum(construct_md_array(values, nulls, 1, &n, &lower, type, 8,
											  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* (internal) => feature_summary */
Datum
feature_stats_finalfn(PG_FUNCTION_ARGS)
{
	FeatureStats *state = PG_ARGISNULL(0) ? NULL : (FeatureStats *) PG_GETARG_POINTER(0);
	TupleDesc	tupdesc;
	Datum	   *column[FEATURE_STATS_ATTRS];
	bool	   *unknown;
	bool	   *unknown_sample;
	Datum		values[FEATURE_STATS_ATTRS];
	bool		nulls[FEATURE_STATS_ATTRS] = {false};
	int			n;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (state == NULL)
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	n = state->nfeatures;
	for (int i = 1; i < FEATURE_STATS_ATTRS; i++)
		column[i] = palloc(sizeof(Datum) * Max(n, 1));
	unknown = palloc(sizeof(bool) * Max(n, 1));
	unknown_sample = palloc(sizeof(bool) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		const FeatureTotal *total = &state->features[i];
		double		population = 0.0;
		double		sample = 0.0;

		unknown[i] = total->n < 1;
		unknown_sample[i] = total->n < 2;
		if (!unknown[i])
			feature_deviations(total, &population, &sample);
		column[1][i] = Int64GetDatum(state->nrows - total->n);
		column[2][i] = Float8GetDatum(unknown[i] ? 0.0 : exact_sum_float8(&total->sum, total->n));
		column[3][i] = Float8GetDatum(population);
		column[4][i] = Float8GetDatum(sample);

		/* a zero without its sign, whichever came first */
		column[5][i] = Float8GetDatum(total->min + 0.0);
		column[6][i] = Float8GetDatum(total->max + 0.0);
	}

	values[0] = Int64GetDatum(state->nrows);
	values[1] = make_array(column[1], NULL, n, INT8OID);
	for (int i = 2; i < FEATURE_STATS_ATTRS; i++)
		values[i] = make_array(column[i], i == 4 ? unknown_sample : unknown, n, FLOAT8OID);

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}
