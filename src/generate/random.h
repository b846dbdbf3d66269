/*-------------------------------------------------------------------------
 *
 * random.h
 *	  Random numbers that are the same everywhere.
 *
 * The generator is SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast
 * splittable pseudorandom number generators", OOPSLA 2014): its n-th number is
 * a mix of seed + n * gamma, so any number is had without those before it.  We
 * use that at each level: the seed gives a key per stream, the key gives a seed
 * per row, and the row draws in sequence.  A row is a function of (seed,
 * stream, row number) alone: rows can be made in any order and in parts, and
 * a change to one stream does not shift another.
 *
 * Everything that reaches the data is integer arithmetic.  Even where C's
 * floating point is IEEE 754, the last bit of exp() or log() is up to the
 * machine's library, and a compiler may fuse a multiplication with an addition;
 * either would give other rows on another machine.
 *
 * IDENTIFICATION
 *	  src/generate/random.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_RANDOM_H
#define SHOPANALYTICS_RANDOM_H

#define RANDOM_GAMMA	UINT64CONST(0x9E3779B97F4A7C15)

/* Fixed point with 16 bits after the point */
#define FIXED_ONE		65536

typedef struct Random
{
	uint64		state;
} Random;

/* The n-th number, from 1, of the sequence that a seed begins. */
static inline uint64
random_at(uint64 seed, uint64 n)
{
	uint64		z = seed + n * RANDOM_GAMMA;

	z = (z ^ (z >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static inline uint64
random_next(Random *random)
{
	uint64		result = random_at(random->state, 1);

	random->state += RANDOM_GAMMA;
	return result;
}

/* 0 to n - 1: the top half of number times n, so n may be as large as 2^64. */
static inline uint64
random_below(Random *random, uint64 n)
{
	uint64		r = random_next(random);
	uint64		low = (r & 0xFFFFFFFF) * (n & 0xFFFFFFFF);
	uint64		cross = (r >> 32) * (n & 0xFFFFFFFF) + (low >> 32);
	uint64		cross2 = (r & 0xFFFFFFFF) * (n >> 32) + (cross & 0xFFFFFFFF);

	return (r >> 32) * (n >> 32) + (cross >> 32) + (cross2 >> 32);
}

/* Both ends are possible. */
static inline int32
random_between(Random *random, int32 low, int32 high)
{
	return low + (int32) random_below(random, high - low + 1);
}

static inline bool
random_percent(Random *random, int32 percent)
{
	return random_below(random, 100) < percent;
}

/* One of n things with the weights given, which add up to 100. */
static inline int32
random_choice(Random *random, const uint8 *percent, int32 n)
{
	int32		left = (int32) random_below(random, 100);
	int32		i = 0;

	while (i < n - 1 && left >= percent[i])
		left -= percent[i++];
	return i;
}

/*
 * A normal deviate in fixed point: the sum of twelve uniform ones less its mean
 * has variance 1 (Irwin and Hall).  Its tails end at 6, which suits us.
 */
static inline int32
random_normal(Random *random)
{
	int32		sum = 0;

	for (int draw = 0; draw < 3; draw++)
	{
		uint64		r = random_next(random);

		sum += (r & 0xFFFF) + ((r >> 16) & 0xFFFF) + ((r >> 32) & 0xFFFF) + (r >> 48);
	}
	return sum - 6 * 0xFFFF;
}

/* 2 to the power of x, both fixed point, x from -16 to 30; linear between sixteenths. */
static inline int64
fixed_exp2(int32 x)
{
	static const int32 sixteenth[] = {
		65536, 68438, 71468, 74632, 77936, 81386, 84990, 88752, 92682,
		96785, 101070, 105545, 110218, 115098, 120194, 125515, 131072
	};
	int32		whole = (x + 16 * FIXED_ONE) / FIXED_ONE - 16;
	int32		fraction = x - whole * FIXED_ONE;
	const int32 *at = &sixteenth[fraction >> 12];
	int64		result = at[0] + (((at[1] - at[0]) * (fraction & 0xFFF)) >> 12);

	return whole >= 0 ? result << whole : result >> -whole;
}

/*
 * A log-normal deviate, cut at most: spread is the standard deviation of its
 * base 2 logarithm, fixed point.
 */
static inline int32
random_lognormal(Random *random, int32 median, int32 spread, int32 most)
{
	int64		exponent = (int64) spread * random_normal(random) / FIXED_ONE;
	int64		result = median * fixed_exp2((int32) exponent) / FIXED_ONE;

	return (int32) Min(result, most);
}

/*
 * A Pareto deviate with index 1, which is Zipf's law, between 1 and most, in
 * thousandths: the inverse of F(x) = (1 - 1/x) / (1 - 1/most).
 */
static inline uint32
random_pareto(Random *random, uint32 most)
{
	uint64		one = UINT64CONST(1) << 32;
	uint64		u = random_next(random) >> 32;

	return (uint32) (one * 1000 / (one - (u * (one - one / most) >> 32)));
}

#endif							/* SHOPANALYTICS_RANDOM_H */
