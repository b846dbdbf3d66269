/*-------------------------------------------------------------------------
 *
 * name_words.h
 *	  Words of personal names that are not the name itself.
 *
 * IDENTIFICATION
 *	  src/text/name_words.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_NAME_WORDS_H
#define SHOPANALYTICS_NAME_WORDS_H

#include "mb/pg_wchar.h"

typedef enum NameParticle
{
	NAME_NO_PARTICLE,
	NAME_PARTICLE,				/* never a first name: de, von, 't */
	NAME_PARTICLE_OR_FIRST,		/* a first name when it leads: van, al, di */
	NAME_ARTICLE,				/* part of a family name; a particle after
								 * another one only: la, le */
	NAME_PREPOSITION,			/* a particle before another one only: op, in */
	NAME_AND					/* Spanish y, or an initial */
} NameParticle;

extern bool name_spells(const pg_wchar *chars, Size length, const char *word);
extern const char *name_find(const pg_wchar *chars, Size length,
							 const char *const *words, int count);
extern bool name_is_apostrophe(pg_wchar c);
extern NameParticle name_particle(const pg_wchar *chars, Size length);
extern const char *name_suffix(const pg_wchar *chars, Size length);
extern const char *name_degree(const pg_wchar *chars, Size length);

#define NAME_FIND(chars, length, words) \
	name_find(chars, length, words, lengthof(words))

#endif							/* SHOPANALYTICS_NAME_WORDS_H */
