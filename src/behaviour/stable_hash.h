/*-------------------------------------------------------------------------
 *
 * stable_hash.h
 *	  Hashes of values of any type, to be stored.
 *
 * IDENTIFICATION
 *	  src/behaviour/stable_hash.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_STABLE_HASH_H
#define SHOPANALYTICS_STABLE_HASH_H

#include "fmgr.h"

typedef struct StableHash StableHash;

extern StableHash *stable_hash_of_type(Oid type, Oid collation,
									   MemoryContext context);
extern uint64 stable_hash(StableHash *hash, Datum value);

#endif							/* SHOPANALYTICS_STABLE_HASH_H */
