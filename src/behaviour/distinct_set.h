/*-------------------------------------------------------------------------
 *
 * distinct_set.h
 *	  The distinct values of one frame or group, and how often each occurs.
 *
 * IDENTIFICATION
 *	  src/behaviour/distinct_set.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_DISTINCT_SET_H
#define SHOPANALYTICS_DISTINCT_SET_H

#include "lib/stringinfo.h"
#include "utils/typcache.h"

typedef struct DistinctSet
{
	struct values_hash *values; /* in the context of the set, as its values */
	TypeCacheEntry *type;
	Oid			collation;
	bool		integral;		/* values are equal if they are as integers */
	Size		copied;			/* bytes that copies of values take */
} DistinctSet;

extern DistinctSet *distinct_set_create(MemoryContext context, Oid type,
										Oid collation, uint32 nvalues);
extern void distinct_set_add(DistinctSet *set, Datum value);
extern void distinct_set_remove(DistinctSet *set, Datum value);
extern void distinct_set_merge(DistinctSet *set, const DistinctSet *other);
extern int64 distinct_set_count(const DistinctSet *set);
extern void distinct_set_send(StringInfo buf, const DistinctSet *set);
extern DistinctSet *distinct_set_recv(StringInfo buf, MemoryContext context);

#endif							/* SHOPANALYTICS_DISTINCT_SET_H */
