/*-------------------------------------------------------------------------
 *
 * hllsketch_registers.c
 *	  Registers: fewer of them, the union of two sets, the estimate.
 *
 * The rank of a hash is the position of the first bit that is set, after those
 * that choose its register; a register keeps the greatest rank.  The estimate
 * is the improved raw estimator of O. Ertl, "New cardinality estimation
 * algorithms for HyperLogLog sketches", arXiv 1702.01284 (2017), section 2:
 * without bias from nothing up to the range of the hash, and without tables.
 *
 * IDENTIFICATION
 *	  src/behaviour/hllsketch_registers.c
 *
 *-------------------------------------------------------------------------
 */
#include "behaviour/hllsketch.h"

#include <math.h>

#define LN_2	0.693147180559945309417

/*
 * What the same values would have left in fewer registers: of those that
 * become one the number's bits, in front, become part of the rank.
 */
void
hllsketch_fold(uint8_t *registers, int precision, int lower)
{
	int			bits = precision - lower;

	for (size_t to = 0; to < HLLSKETCH_REGISTERS(lower); to++)
	{
		uint8_t		greatest = 0;

		for (size_t i = 0; i < (size_t) 1 << bits; i++)
		{
			uint8_t		rank = registers[(to << bits) + i];

			if (rank == 0)
				continue;
			if (i == 0)
				rank += bits;
			else
				rank = bits - (63 - __builtin_clzll(i));
			if (greatest < rank)
				greatest = rank;
		}
		registers[to] = greatest;
	}
}

/* In steps of 16, which compilers make one instruction. */
void
hllsketch_unite(uint8_t *restrict registers, const uint8_t *restrict others,
				int precision)
{
	for (size_t i = 0; i < HLLSKETCH_REGISTERS(precision); i += 16)
		for (size_t k = i; k < i + 16; k++)
			registers[k] = registers[k] < others[k] ? others[k] : registers[k];
}

/* x + x^2 + 2 x^4 + 4 x^8 + ... */
static double
sigma(double x)
{
	double		power = 1;
	double		sum = x;
	double		before;

	if (x == 1)
		return INFINITY;
	do
	{
		x *= x;
		before = sum;
		sum += x * power;
		power += power;
	} while (sum != before);

	return sum;
}

/* (1 - x - (1 - x^(1/2))^2 / 2 - (1 - x^(1/4))^2 / 4 - ...) / 3 */
static double
tau(double x)
{
	double		power = 1;
	double		sum = 1 - x;
	double		before;

	if (x == 0 || x == 1)
		return 0;
	do
	{
		x = sqrt(x);
		before = sum;
		power *= 0.5;
		sum -= (1 - x) * (1 - x) * power;
	} while (sum != before);

	return sum / 3;
}

/* Infinite if every register is full. */
double
hllsketch_estimate(const uint8_t *registers, int precision)
{
	double		m = (double) HLLSKETCH_REGISTERS(precision);
	int			most = HLLSKETCH_MAX_RANK(precision);
	uint32_t	counts[HLLSKETCH_MAX_RANK(HLLSKETCH_MIN_PRECISION) + 1] = {0};
	double		sum;

	for (size_t i = 0; i < HLLSKETCH_REGISTERS(precision); i++)
		counts[registers[i]]++;

	sum = m * tau(1 - counts[most] / m);
	for (int rank = most - 1; rank >= 1; rank--)
		sum = (sum + counts[rank]) / 2;
	sum += m * sigma(counts[0] / m);

	return m * m / (2 * LN_2 * sum);
}

/* Relative to the true number; that of any but small sets. */
double
hllsketch_standard_error(int precision)
{
	return sqrt((3 * LN_2 - 1) / (double) HLLSKETCH_REGISTERS(precision));
}
