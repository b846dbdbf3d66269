/*-------------------------------------------------------------------------
 *
 * mode_list.h
 *	  Modes given by a user as a list with commas.
 *
 * IDENTIFICATION
 *	  src/behaviour/mode_list.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_MODE_LIST_H
#define SHOPANALYTICS_MODE_LIST_H

/* A word and its bit; the last of an array has no word. */
typedef struct ModeWord
{
	const char *word;
	uint32		bit;
} ModeWord;

extern uint32 mode_list(const text *mode, const ModeWord *words);

#endif							/* SHOPANALYTICS_MODE_LIST_H */
