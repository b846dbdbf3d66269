/*-------------------------------------------------------------------------
 *
 * parts.h
 *	  Records gathered by a word that they begin with; see parts.c.
 *
 * IDENTIFICATION
 *	  src/intake/parts.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_PARTS_H
#define SHOPANALYTICS_PARTS_H

#include "common/hashfn.h"

#include "compat.h"

#define PARTS_BITS		7
#define PARTS_COUNT		(1 << PARTS_BITS)

/* Where the next record of a part goes. */
typedef struct PartsPlace
{
	char	   *next;
	char	   *end;
} PartsPlace;

typedef struct Parts
{
	size_t		size;			/* of a record; it begins with an uint64 */
	PartsPlace	places[PARTS_COUNT];
	struct PartsStore *store;
} Parts;

/* What follows the word in each of the records that begin with it. */
typedef struct PartsGroup
{
	uint64		word;
	void	   *payloads;		/* in the order in which they were added */
	size_t		count;
} PartsGroup;

extern Parts *parts_create(size_t record_size);
extern void parts_make_room(Parts *parts, int part);
extern void parts_append(Parts *parts, int part, const char *records, size_t len);
extern void parts_finish(Parts *parts);
extern bool parts_next(Parts *parts, PartsGroup *group);
extern void parts_rewind(Parts *parts);
extern void parts_destroy(Parts *parts);

/* By the upper bits, since tables of words go by the lower ones. */
static inline int
parts_of_word(uint64 word)
{
	return murmurhash64(word) >> (64 - PARTS_BITS);
}

/* The place of a new record, to be filled at once; its word is there. */
static inline void *
parts_add(Parts *parts, uint64 word)
{
	int			part = parts_of_word(word);
	PartsPlace *place = &parts->places[part];
	uint64	   *record;

	if (unlikely(place->next == place->end))
		parts_make_room(parts, part);
	record = (uint64 *) place->next;
	place->next += parts->size;
	*record = word;

	return record;
}

#endif							/* SHOPANALYTICS_PARTS_H */
