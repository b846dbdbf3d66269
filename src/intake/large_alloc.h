/*-------------------------------------------------------------------------
 *
 * large_alloc.h
 *	  Memory that is gone through in no order; see large_alloc.c.
 *
 * IDENTIFICATION
 *	  src/intake/large_alloc.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_LARGE_ALLOC_H
#define SHOPANALYTICS_LARGE_ALLOC_H

#include "utils/palloc.h"

extern void *large_alloc(MemoryContext context, Size size);
extern void *large_alloc0(MemoryContext context, Size size);

#endif							/* SHOPANALYTICS_LARGE_ALLOC_H */
