/*-------------------------------------------------------------------------
 *
 * exact_sum.c
 *	  Sums without rounding, from which values can be taken away again.
 *
 * A sum is a fixed-point number in a positional system: limb i counts units
 * of radix ^ (low + i).  Adding a value adds each of its digits to a limb of
 * 64 bits and stops there; that leaves room for half a milliard additions
 * before a carry has to travel.  Nothing is rounded, so taking a value away
 * undoes adding it, and the order of values does not matter.  Only the places
 * that the values reach are kept: amounts of money need three or four limbs,
 * and the whole range of float8 sixty-six.
 *
 * With radix 2^32 and place 0 worth 2^-1074 every float8 is such a number
 * (after R. M. Neal, "Fast exact summation using small and large
 * superaccumulators", arXiv 1505.05571, with 32 bits a limb in three parts, so
 * that carries are rarer).  With radix 10000 every numeric is one, in the
 * digits in which PostgreSQL stores it.
 *
 * IDENTIFICATION
 *	  src/behaviour/exact_sum.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "port/pg_bitutils.h"

#include "behaviour/exact_sum.h"

#define EXACT_INIT_LIMBS	4
#define EXACT_FLOAT8_LIMBS	80	/* more than float8 reaches, with carries */
#define EXACT_MAX_PLACE		0x100000	/* more than numeric reaches, either
										 * way */

/* The limbs are allocated in the current context and stay there. */
void
exact_sum_init(ExactSum *sum, int64 radix)
{
	memset(sum, 0, sizeof(ExactSum));
	sum->radix = radix;
	sum->maxlimbs = EXACT_INIT_LIMBS;
	sum->limb = palloc(sizeof(int64) * EXACT_INIT_LIMBS);
}

/* Makes places low .. low + nlimbs - 1 exist. */
void
exact_sum_reserve(ExactSum *sum, int32 low, int32 nlimbs)
{
	int32		high = low + nlimbs;
	int32		shift = 0;

	if (sum->nlimbs == 0)
		sum->low = low;
	else
	{
		shift = Max(sum->low - low, 0);
		low = sum->low - shift;
		high = Max(high, sum->low + sum->nlimbs);
		nlimbs = high - low;
	}

	if (nlimbs > sum->maxlimbs)
	{
		sum->maxlimbs = Max(nlimbs, 2 * sum->maxlimbs);
		sum->limb = repalloc(sum->limb, sizeof(int64) * sum->maxlimbs);
	}
	if (shift > 0)
	{
		memmove(sum->limb + shift, sum->limb, sizeof(int64) * sum->nlimbs);
		memset(sum->limb, 0, sizeof(int64) * shift);
		sum->low = low;
		sum->nlimbs += shift;
	}
	if (nlimbs > sum->nlimbs)
	{
		memset(sum->limb + sum->nlimbs, 0,
			   sizeof(int64) * (nlimbs - sum->nlimbs));
		sum->nlimbs = nlimbs;
	}
}

/* Carries every limb into the next, so that none exceeds radix - 1. */
static pg_attribute_always_inline int64
carry_limbs(int64 *limb, int nlimbs, int64 radix)
{
	int64		carry = 0;

	for (int i = 0; i < nlimbs; i++)
	{
		int64		value = limb[i] + carry;

		carry = value / radix;
		limb[i] = value % radix;
	}

	return carry;
}

static int64
exact_carry_limbs(int64 *limb, int nlimbs, int64 radix)
{
	/* constants, so that the compiler need not divide */
	return radix == EXACT_BINARY ? carry_limbs(limb, nlimbs, EXACT_BINARY) :
		carry_limbs(limb, nlimbs, EXACT_DECIMAL);
}

/* Travels the carries, and lets go of the places that have become zero. */
void
exact_sum_carry(ExactSum *sum)
{
	int32		zeros = 0;

	/*
	 * A limb is less than 2^62, so the carry out of the top fits into five
	 * decimal limbs or one binary one.
	 */
	if (sum->nlimbs > 0)
		exact_sum_reserve(sum, sum->low, sum->nlimbs + 5);
	exact_carry_limbs(sum->limb, sum->nlimbs, sum->radix);

	while (sum->nlimbs > 0 && sum->limb[sum->nlimbs - 1] == 0)
		sum->nlimbs--;
	while (zeros < sum->nlimbs && sum->limb[zeros] == 0)
		zeros++;
	if (zeros > 0)
	{
		sum->nlimbs -= zeros;
		sum->low += zeros;
		memmove(sum->limb, sum->limb + zeros, sizeof(int64) * sum->nlimbs);
	}
	sum->depth = 1;
}

/* Adds (sign 1) or takes away (sign -1) another sum of the same radix. */
void
exact_sum_merge(ExactSum *sum, const ExactSum *other, int sign)
{
	int64	   *limb;

	if (other->nlimbs == 0)
		return;

	/* both depths are at most the maximum, so twice that is never passed */
	limb = exact_sum_limbs(sum, other->low, other->nlimbs);
	sum->depth += other->depth - 1;
	for (int i = 0; i < other->nlimbs; i++)
		limb[i] += sign * other->limb[i];
	if (sum->depth > EXACT_MAX_DEPTH)
		exact_sum_carry(sum);
}

/*
 * The absolute value in digits 0 .. radix - 1, lowest first, at places from
 * sum->low up; the top one is not zero.  The array must have room for five
 * more than the limbs in use.  Returns how many there are.
 */
int
exact_sum_digits(const ExactSum *sum, int64 *digit, bool *negative)
{
	int			ndigits = sum->nlimbs;
	int64		carry;

	memcpy(digit, sum->limb, sizeof(int64) * ndigits);
	carry = exact_carry_limbs(digit, ndigits, sum->radix);
	for (; carry != 0; carry /= sum->radix)
		digit[ndigits++] = carry % sum->radix;
	while (ndigits > 0 && digit[ndigits - 1] == 0)
		ndigits--;

	/* Each limb has a sign of its own as yet; that of the top one rules. */
	*negative = ndigits > 0 && digit[ndigits - 1] < 0;
	if (*negative)
		for (int i = 0; i < ndigits; i++)
			digit[i] = -digit[i];
	for (int i = 0; i < ndigits; i++)
	{
		if (digit[i] < 0)
		{
			digit[i] += sum->radix;
			digit[i + 1]--;
		}
	}
	while (ndigits > 0 && digit[ndigits - 1] == 0)
		ndigits--;

	return ndigits;
}

/* (remainder * 2^32 + digit) / divisor, where remainder < divisor < 2^63 */
static uint32
divide_step(uint64 *remainder, uint32 digit, uint64 divisor)
{
	uint32		quotient = 0;

	if (divisor <= PG_UINT32_MAX)
	{
		uint64		dividend = (*remainder << 32) | digit;

		*remainder = dividend % divisor;
		return (uint32) (dividend / divisor);
	}

	for (int bit = 31; bit >= 0; bit--)
	{
		*remainder = (*remainder << 1) | ((digit >> bit) & 1);
		quotient <<= 1;
		if (*remainder >= divisor)
		{
			*remainder -= divisor;
			quotient |= 1;
		}
	}

	return quotient;
}

/*
 * The float8 next to a positive number, ties to even: the number has digits
 * top[0] (not zero), top[1], top[2] at places place, place - 1, place - 2, and
 * "more" tells whether anything but zeros follows.  Too large gives infinity.
 */
static double
round_to_float8(const uint32 *top, int place, bool more)
{
	int			lead = 31 - pg_leftmost_one_pos32(top[0]);
	int			high = 32 * place + 31 - lead;	/* place of the first bit */
	int			keep = Min(high + 1, 53);	/* fewer bits if subnormal */
	uint64		word;
	uint64		rest;
	uint64		bits;
	double		result;

	/* the first 64 bits, starting with a one */
	word = ((uint64) top[0] << 32 | top[1]) << lead;
	word |= ((uint64) top[2] << lead) >> 32;
	more |= (uint32) (top[2] << lead) != 0;

	if (keep < 0)
		return 0.0;
	bits = keep > 0 ? word >> (64 - keep) : 0;
	rest = keep > 0 ? word << keep : word;
	if (rest > UINT64CONST(1) << 63 ||
		(rest == UINT64CONST(1) << 63 && (more || (bits & 1))))
		bits++;

	/* a leading one, and a carry out of the mantissa, count up the exponent */
	if (high > 52)
		bits += (uint64) (high - 52) << 52;
	bits = Min(bits, UINT64CONST(0x7FF) << 52);
	memcpy(&result, &bits, sizeof(result));

	return result;
}

/*
 * The sum over the divisor (1: the sum itself), correctly rounded once; an
 * infinity if that is out of range.  Zero is never negative.
 */
double
exact_sum_float8(const ExactSum *sum, uint64 divisor)
{
	int64		digit[EXACT_FLOAT8_LIMBS + 5];
	uint32		top[3] = {0};
	int			ntop = 0;
	int			topplace = 0;
	int			ndigits;
	int			i;
	uint64		remainder = 0;
	bool		more = false;
	bool		negative;
	double		result;

	Assert(sum->radix == EXACT_BINARY && sum->nlimbs <= EXACT_FLOAT8_LIMBS);
	ndigits = exact_sum_digits(sum, digit, &negative);
	if (ndigits == 0)
		return 0.0;

	/*
	 * Three digits from the first that is not zero hold at least 65 bits.
	 * Below place -1 nothing can matter but whether it is zero.
	 */
	for (i = ndigits - 1; ntop < 3 && sum->low + i >= -1; i--)
	{
		uint32		quotient = i >= 0 ? (uint32) digit[i] : 0;

		if (divisor > 1)
			quotient = divide_step(&remainder, quotient, divisor);
		if (ntop == 0 && quotient == 0)
			continue;
		if (ntop == 0)
			topplace = sum->low + i;
		top[ntop++] = quotient;
	}
	if (ntop == 0)
		return 0.0;
	for (more = remainder != 0; i >= 0 && !more; i--)
		more = digit[i] != 0;

	result = round_to_float8(top, topplace, more);

	return negative ? -result : result;
}

/* Field by field, for a state of an aggregate. */
void
exact_sum_send(StringInfo buf, const ExactSum *sum)
{
	pq_sendint32(buf, sum->depth);
	pq_sendint32(buf, sum->low);
	pq_sendint32(buf, sum->nlimbs);
	for (int i = 0; i < sum->nlimbs; i++)
		pq_sendint64(buf, sum->limb[i]);
}

/* Into a sum that is empty. */
void
exact_sum_recv(StringInfo buf, ExactSum *sum)
{
	uint32		depth = pq_getmsgint(buf, 4);
	int32		low = pq_getmsgint(buf, 4);
	int32		nlimbs = pq_getmsgint(buf, 4);

	if (depth > EXACT_MAX_DEPTH || low < -EXACT_MAX_PLACE || low > EXACT_MAX_PLACE ||
		nlimbs < 0 || nlimbs > (buf->len - buf->cursor) / sizeof(int64))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid sum in the state of an aggregate"));
	sum->depth = depth;
	if (nlimbs > 0)
		exact_sum_reserve(sum, low, nlimbs);
	for (int i = 0; i < nlimbs; i++)
		sum->limb[i] = pq_getmsgint64(buf);
}
