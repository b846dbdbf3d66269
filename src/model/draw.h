/*-------------------------------------------------------------------------
 *
 * draw.h
 *	  Random numbers that belong to a row, whatever the order of rows.
 *
 * What is drawn for a row is a mix of the row's id, the seed and what it is drawn
 * for: so a training gives the same answer in any order, on any machine, and
 * after a restore.  The mixing is that of SplitMix64, as in generate/random.h.
 *
 * IDENTIFICATION
 *	  src/model/draw.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_DRAW_H
#define SHOPANALYTICS_DRAW_H

/* What numbers are drawn for; an algorithm adds what it counts (tree, start). */
#define DRAW_SPLIT		UINT64CONST(1)
#define DRAW_TREE		(UINT64CONST(1) << 32)
#define DRAW_CENTER		(UINT64CONST(2) << 32)
#define DRAW_SAMPLE		(UINT64CONST(3) << 32)

static inline uint64
draw_mix(uint64 z)
{
	z += UINT64CONST(0x9E3779B97F4A7C15);
	z = (z ^ (z >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94D049BB133111EB);

	return z ^ (z >> 31);
}

static inline uint64
draw_bits(uint64 id, uint64 seed, uint64 purpose)
{
	return draw_mix(id ^ draw_mix(seed ^ draw_mix(purpose)));
}

/* Above 0 and below 1, of 52 bits. */
static inline double
draw_uniform(uint64 id, uint64 seed, uint64 purpose)
{
	return ((double) (draw_bits(id, seed, purpose) >> 12) + 0.5) / (double) (UINT64CONST(1) << 52);
}

#endif							/* SHOPANALYTICS_DRAW_H */
