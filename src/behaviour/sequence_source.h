/*-------------------------------------------------------------------------
 *
 * sequence_source.h
 *	  The pattern that a call of a sequence aggregate was given.
 *
 * IDENTIFICATION
 *	  src/behaviour/sequence_source.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_SEQUENCE_SOURCE_H
#define SHOPANALYTICS_SEQUENCE_SOURCE_H

#include "fmgr.h"

#include "behaviour/sequence.h"

/* A compiled pattern with its source. */
typedef struct SequenceSource
{
	SequencePattern pattern;
	int			len;
	char text[	FLEXIBLE_ARRAY_MEMBER];
} SequenceSource;

extern const SequenceSource *sequence_source_get(FmgrInfo *flinfo,
												 const char *text, int len,
												 int nconditions);
extern void sequence_check_same_pattern(const SequenceSource *a,
										const SequenceSource *b);

#endif							/* SHOPANALYTICS_SEQUENCE_SOURCE_H */
