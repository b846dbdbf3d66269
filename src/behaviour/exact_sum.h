/*-------------------------------------------------------------------------
 *
 * exact_sum.h
 *	  Sums without rounding; see exact_sum.c.
 *
 * IDENTIFICATION
 *	  src/behaviour/exact_sum.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_EXACT_SUM_H
#define SHOPANALYTICS_EXACT_SUM_H

#include "lib/stringinfo.h"

#define EXACT_BINARY	INT64CONST(4294967296)	/* radix for float8 */
#define EXACT_DECIMAL	INT64CONST(10000)	/* radix for numeric: its own */

/* Carries are put off until the limbs could be this many values deep. */
#define EXACT_MAX_DEPTH 0x20000000

typedef struct ExactSum
{
	int64	   *limb;			/* limb[i] counts radix ^ (low + i) */
	int64		radix;			/* EXACT_BINARY or EXACT_DECIMAL */
	int32		low;			/* place of limb[0] */
	int32		nlimbs;			/* limbs in use */
	int32		maxlimbs;		/* limbs allocated */
	uint32		depth;			/* no limb exceeds depth * (radix - 1) */
} ExactSum;

extern void exact_sum_init(ExactSum *sum, int64 radix);
extern void exact_sum_reserve(ExactSum *sum, int32 low, int32 nlimbs);
extern void exact_sum_carry(ExactSum *sum);
extern void exact_sum_merge(ExactSum *sum, const ExactSum *other, int sign);
extern int	exact_sum_digits(const ExactSum *sum, int64 *digit, bool *negative);
extern void exact_sum_send(StringInfo buf, const ExactSum *sum);
extern void exact_sum_recv(StringInfo buf, ExactSum *sum);
extern double exact_sum_float8(const ExactSum *sum, uint64 divisor);

static inline void
exact_sum_clear(ExactSum *sum)
{
	sum->nlimbs = 0;
	sum->depth = 0;
}

/* The limbs from place low up, for one more value of nlimbs limbs. */
static inline int64 *
exact_sum_limbs(ExactSum *sum, int32 low, int32 nlimbs)
{
	if (unlikely(sum->depth >= EXACT_MAX_DEPTH))
		exact_sum_carry(sum);
	if (unlikely(low < sum->low || low + nlimbs > sum->low + sum->nlimbs))
		exact_sum_reserve(sum, low, nlimbs);
	sum->depth++;

	return sum->limb + (low - sum->low);
}

/* Adds (sign 1) or takes away (sign -1) a finite value. */
static inline void
exact_sum_add_float8(ExactSum *sum, double value, int sign)
{
	uint64		bits;
	uint64		mantissa;
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
	if (bits >> 63)
		sign = -sign;

	/* the lowest bit of the mantissa is worth 2 ^ (exponent - 1074) */
	shift = exponent & 31;
	limb = exact_sum_limbs(sum, exponent >> 5, 3);
	limb[0] += sign * (int64) ((mantissa << shift) & 0xFFFFFFFF);
	mantissa = (mantissa >> 1) >> (31 - shift);
	limb[1] += sign * (int64) (mantissa & 0xFFFFFFFF);
	limb[2] += sign * (int64) (mantissa >> 32);
}

#endif							/* SHOPANALYTICS_EXACT_SUM_H */
