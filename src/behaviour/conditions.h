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

#define CONDITIONS_MAX	32

extern uint32 conditions_mask(ArrayType *conditions, int fewest,
							  int *nconditions);

#endif							/* SHOPANALYTICS_CONDITIONS_H */
