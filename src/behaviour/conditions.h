/*-------------------------------------------------------------------------
 *
 * conditions.h
 *	  The conditions that an event fulfils, as a set of bits.
 *
 * IDENTIFICATION
 *	  src/behaviour/conditions.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_CONDITIONS_H
#define SHOPANALYTICS_CONDITIONS_H

#include "utils/array.h"

/* the bits of a uint32, and FUNNEL_MAX_STEPS */
#define CONDITIONS_MAX	32

extern uint32 conditions_mask(ArrayType *conditions, const char *noun,
							  int fewest, int *nconditions);

#endif							/* SHOPANALYTICS_CONDITIONS_H */
