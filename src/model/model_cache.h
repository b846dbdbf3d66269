/*-------------------------------------------------------------------------
 *
 * model_cache.h
 *	  Models that the session has decoded; see model_cache.c.
 *
 * IDENTIFICATION
 *	  src/model/model_cache.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_MODEL_CACHE_H
#define SHOPANALYTICS_MODEL_CACHE_H

#include "model/model.h"

typedef struct CachedModel
{
	uint64		serial;			/* never given twice */
	Model	   *model;
} CachedModel;

/* How many were freed: as long as it is the same, none of those found was. */
extern uint64 model_cache_freed;

extern const CachedModel *model_cache_find(const text *name);

#endif							/* SHOPANALYTICS_MODEL_CACHE_H */
