/*-------------------------------------------------------------------------
 *
 * codes.h
 *	  Small numbers for the distinct values of a column; see codes.c.
 *
 * IDENTIFICATION
 *	  src/intake/codes.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_CODES_H
#define SHOPANALYTICS_CODES_H

#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/palloc.h"

#include "compat.h"

typedef enum CodesKind
{
	CODES_INTEGER,				/* equal values are equal Datums */
	CODES_UUID,					/* 16 bytes, kept beside their codes */
	CODES_BYTES,				/* equal values are equal bytes */
	CODES_ANY					/* the type's own operator says */
} CodesKind;

typedef struct CodesSlot
{
	uint64		key;			/* the Datum, or the hash of the value */
	uint32		code;			/* plus one; 0: the slot is free */
} CodesSlot;

typedef struct CodesUuidSlot
{
	uint64		key[2];			/* the value */
	uint32		code;			/* as above */
} CodesUuidSlot;

typedef struct Codes
{
	CodesKind	kind;
	Oid			collation;
	int16		typlen;
	bool		typbyval;
	FmgrInfo	hash;			/* for CODES_ANY */
	FmgrInfo	equal;
	MemoryContext context;
	uint32		count;			/* of codes, which are 0 to count - 1 */
	uint32		room;			/* for values */
	Datum	   *values;			/* by code */
	CodesSlot  *slots;			/* NULL for CODES_UUID */
	CodesUuidSlot *uuid_slots;	/* NULL for others */
	uint64		mask;			/* number of slots, less one */
} Codes;

extern Codes *codes_create(Oid type, Oid collation);
extern Codes *codes_create_exact(Oid type, Oid collation);
extern void codes_clear(Codes *codes);
extern uint32 codes_find(Codes *codes, Datum value);
extern void *codes_more_room(void *array, uint32 *room, size_t size);
extern uint32 codes_add_integer(Codes *codes, uint64 key, uint64 at);

/* The code of a value, a new one if it was not seen before. */
static inline uint32
codes_get(Codes *codes, Datum value)
{
	uint64		key = (uint64) value;
	uint64		at;

	if (codes->kind != CODES_INTEGER)
		return codes_find(codes, value);

	for (at = murmurhash64(key) & codes->mask; codes->slots[at].code != 0;
		 at = (at + 1) & codes->mask)
	{
		if (codes->slots[at].key == key)
			return codes->slots[at].code - 1;
	}

	return codes_add_integer(codes, key, at);
}

/*
 * What tells a value from the others of its column, and codes_word_value() back:
 * the value itself if it is an integer, so that nothing need be looked up.
 */
static inline uint64
codes_word(Codes *codes, Datum value)
{
	return codes->kind == CODES_INTEGER ? (uint64) value : codes_get(codes, value);
}

static inline Datum
codes_word_value(const Codes *codes, uint64 word)
{
	return codes->kind == CODES_INTEGER ? (Datum) word : codes->values[word];
}

/* Asks the processor for what lies there, to be looked at a little later. */
static inline void
codes_prefetch_place(const void *place)
{
#ifdef __GNUC__
	__builtin_prefetch(place);
#endif
}

/*
 * The same for what codes_get() will look at, if that is known: worth it where
 * the values of many rows can be looked at before the codes are needed.
 */
static inline void
codes_prefetch(const Codes *codes, Datum value)
{
	if (codes->kind == CODES_INTEGER)
		codes_prefetch_place(&codes->slots[murmurhash64((uint64) value) & codes->mask]);
}

static inline Datum
codes_value(const Codes *codes, uint32 code)
{
	return codes->values[code];
}

/*
 * Room for one more entry in an array that is indexed by code.  Starts with
 * room 0 and a pointer to any palloc'd chunk.
 */
static inline void *
codes_make_room(void *array, uint32 *room, uint32 count, size_t size)
{
	if (likely(count < *room))
		return array;

	return codes_more_room(array, room, size);
}

#endif							/* SHOPANALYTICS_CODES_H */
