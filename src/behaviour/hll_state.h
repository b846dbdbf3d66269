/*-------------------------------------------------------------------------
 *
 * hll_state.h
 *	  A sketch of distinct values, as an aggregate collects it.
 *
 * IDENTIFICATION
 *	  src/behaviour/hll_state.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_HLL_STATE_H
#define SHOPANALYTICS_HLL_STATE_H

#include "behaviour/hllsketch.h"

typedef struct HllState
{
	MemoryContext context;		/* where slots and registers are */
	uint64	   *slots;			/* a hash table of hashes; zero is free */
	uint64		multiplier;		/* of this table; odd */
	uint32		nslots;			/* a power of 2 */
	uint32		nhashes;		/* of the list; at most its limit */
	uint8	   *registers;		/* instead of the list, or NULL */
	int			precision;		/* 0: not known yet */
	bool		fixed;			/* somebody asked for this precision */
} HllState;

extern void hll_state_init(HllState *state, MemoryContext context,
						   int precision);
extern void hll_state_add_slow(HllState *state, uint64 hash);
extern void hll_state_differ(void);
extern void hll_state_merge(HllState *state, const HllState *other);
extern void hll_state_take(HllState *state, const char *bytes, Size len,
						   int errcode_wrong);
extern bytea *hll_state_encode(const HllState *state, const char *head,
							   Size len);
extern void hll_sketch_read(HllSketch *sketch, const char *bytes, Size len,
							int errcode_wrong);

static inline void
hll_state_add(HllState *state, uint64 hash)
{
	if (likely(state->registers != NULL))
		hllsketch_register(state->registers, state->precision, hash);
	else
		hll_state_add_slow(state, hash);
}

/* The precision is an ordinary argument, so nothing else stops it varying. */
static inline void
hll_state_check_precision(const HllState *state, int precision)
{
	if (unlikely(state->precision != precision))
		hll_state_differ();
}

#endif							/* SHOPANALYTICS_HLL_STATE_H */
