/*-------------------------------------------------------------------------
 *
 * arm_moments.c
 *	  Means, variances and covariance of the values of two arms, as a state of
 *	  aggregates.
 *
 * Values and their products are added without rounding (exact_sum.c; a product
 * is a float8 and what that rounds off), so neither the order of rows nor a
 * parallel plan changes a digit.  With the rounded mean m and the remainder
 * r = sum - n m, which is exact as well,
 *
 *		sum((x - mean)^2) = sum(x^2) - n m^2 - 2 m r - r^2 / n
 *
 * cancels in exact sums only, and the like for two values x and y.
 *
 * IDENTIFICATION
 *	  src/experiment/arm_moments.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/float.h"

#include "compat.h"
#include "experiment/arm_moments.h"
#include "experiment/arguments.h"

/* Products of larger ones, a milliard times, are no float8. */
#define LARGEST_VALUE	1e140

PG_FUNCTION_INFO_V1(arm_moments_combinefn);
PG_FUNCTION_INFO_V1(arm_moments_serialfn);
PG_FUNCTION_INFO_V1(arm_moments_deserialfn);

void
arm_init(Arm *arm)
{
	arm->n = 0;
	for (int i = 0; i < lengthof(arm->sum); i++)
		exact_sum_init(&arm->sum[i], EXACT_BINARY);
	for (int i = 0; i < lengthof(arm->product); i++)
		exact_sum_init(&arm->product[i], EXACT_BINARY);
}

/* Argument 0, made if there is none yet. */
ArmMoments *
arm_moments_state(FunctionCallInfo fcinfo, int nvalues)
{
	MemoryContext aggcontext;
	MemoryContext oldcontext;
	ArmMoments *state;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "aggregate function called in non-aggregate context");

	if (!PG_ARGISNULL(0))
		return (ArmMoments *) PG_GETARG_POINTER(0);
	oldcontext = MemoryContextSwitchTo(aggcontext);
	state = palloc(sizeof(ArmMoments));
	state->nvalues = nvalues;
	arm_init(&state->arm[0]);
	arm_init(&state->arm[1]);
	MemoryContextSwitchTo(oldcontext);

	return state;
}

/* sum += sign * x * y */
static inline void
add_product(ExactSum *sum, double x, double y, int sign)
{
	double		product = x * y;

	exact_sum_add_float8(sum, product, sign);
	exact_sum_add_float8(sum, fma(x, y, -product), sign);
}

void
arm_add(Arm *arm, const double *value, int nvalues)
{
	for (int i = 0; i < nvalues; i++)
	{
		const char *name = i == 0 ? "value" : "pre";

		argument_check_finite(value[i], name);
		if (fabs(value[i]) > LARGEST_VALUE)
			ereport(ERROR,
					errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("%s %g is out of range", name, value[i]),
					errhint("The largest is %g.", LARGEST_VALUE));
	}

	arm->n++;
	for (int i = 0; i < nvalues; i++)
	{
		exact_sum_add_float8(&arm->sum[i], value[i], 1);
		add_product(&arm->product[i], value[i], value[i], 1);
	}
	if (nvalues > 1)
		add_product(&arm->product[2], value[0], value[1], 1);
}

void
arm_merge(Arm *arm, const Arm *other, int nvalues)
{
	arm->n += other->n;
	for (int i = 0; i < nvalues; i++)
	{
		exact_sum_merge(&arm->sum[i], &other->sum[i], 1);
		exact_sum_merge(&arm->product[i], &other->product[i], 1);
	}
	if (nvalues > 1)
		exact_sum_merge(&arm->product[2], &other->product[2], 1);
}

/*
 * The sum of the products of values i and j, each less its mean; sums and
 * remainders as above.
 */
static double
arm_spread(const Arm *arm, const ExactSum *product, const double *mean, const double *rest,
		   int i, int j)
{
	double		square = mean[i] * mean[j];
	ExactSum	spread;
	double		result;

	exact_sum_init(&spread, EXACT_BINARY);
	exact_sum_merge(&spread, product, 1);
	add_product(&spread, square, arm->n, -1);
	add_product(&spread, fma(mean[i], mean[j], -square), arm->n, -1);
	add_product(&spread, mean[i], rest[j], -1);
	add_product(&spread, mean[j], rest[i], -1);
	result = exact_sum_float8(&spread, 1) - rest[i] * (rest[j] / arm->n);
	pfree(spread.limb);

	return result;
}

/* What adding n times the mean leaves of the sum. */
static double
arm_rest(const Arm *arm, const ExactSum *sum, double mean)
{
	ExactSum	remainder;
	double		result;

	exact_sum_init(&remainder, EXACT_BINARY);
	exact_sum_merge(&remainder, sum, 1);
	add_product(&remainder, mean, arm->n, -1);
	result = exact_sum_float8(&remainder, 1);
	pfree(remainder.limb);

	return result;
}

void
arm_moments(const Arm *arm, int nvalues, Moments *result)
{
	double		rest[2];

	result->n = arm->n;
	for (int i = 0; i < 2; i++)
		result->mean[i] = result->var[i] = get_float8_nan();
	result->cov = get_float8_nan();

	for (int i = 0; i < nvalues && arm->n > 0; i++)
	{
		result->mean[i] = exact_sum_float8(&arm->sum[i], arm->n);
		rest[i] = arm_rest(arm, &arm->sum[i], result->mean[i]);
	}
	if (arm->n < 2)
		return;
	for (int i = 0; i < nvalues; i++)
		result->var[i] = Max(arm_spread(arm, &arm->product[i], result->mean, rest, i, i), 0) / (arm->n - 1);
	if (nvalues > 1)
		result->cov = arm_spread(arm, &arm->product[2], result->mean, rest, 0, 1) / (arm->n - 1);
}

/* (internal, internal) => internal */
Datum
arm_moments_combinefn(PG_FUNCTION_ARGS)
{
	ArmMoments *dst;
	ArmMoments *src;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}

	/* src lives in a short-lived context: never return it, always copy */
	src = (ArmMoments *) PG_GETARG_POINTER(1);
	dst = arm_moments_state(fcinfo, src->nvalues);
	for (int i = 0; i < 2; i++)
		arm_merge(&dst->arm[i], &src->arm[i], src->nvalues);

	PG_RETURN_POINTER(dst);
}

/* (internal) => bytea */
Datum
arm_moments_serialfn(PG_FUNCTION_ARGS)
{
	ArmMoments *state;
	StringInfoData buf;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");

	state = (ArmMoments *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	pq_sendint32(&buf, state->nvalues);
	for (int i = 0; i < 2; i++)
	{
		Arm		   *arm = &state->arm[i];

		pq_sendint64(&buf, arm->n);
		for (int j = 0; j < lengthof(arm->sum); j++)
			exact_sum_send(&buf, &arm->sum[j]);
		for (int j = 0; j < lengthof(arm->product); j++)
			exact_sum_send(&buf, &arm->product[j]);
	}

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
arm_moments_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buf;
	ArmMoments *state;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "aggregate function called in non-aggregate context");

	serialized = PG_GETARG_BYTEA_PP(0);
	buf.data = VARDATA_ANY(serialized);
	buf.len = VARSIZE_ANY_EXHDR(serialized);
	buf.maxlen = 0;
	buf.cursor = 0;

	state = palloc(sizeof(ArmMoments));
	state->nvalues = pq_getmsgint(&buf, 4);
	for (int i = 0; i < 2; i++)
	{
		Arm		   *arm = &state->arm[i];

		arm_init(arm);
		arm->n = pq_getmsgint64(&buf);
		for (int j = 0; j < lengthof(arm->sum); j++)
			exact_sum_recv(&buf, &arm->sum[j]);
		for (int j = 0; j < lengthof(arm->product); j++)
			exact_sum_recv(&buf, &arm->product[j]);
	}
	pq_getmsgend(&buf);

	PG_RETURN_POINTER(state);
}
