/*-------------------------------------------------------------------------
 *
 * clean_text.h
 *	  The cleaning that clean_text does and the other functions start from.
 *
 * IDENTIFICATION
 *	  src/text/clean_text.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_CLEAN_TEXT_H
#define SHOPANALYTICS_CLEAN_TEXT_H

#include "text/unicode_text.h"

extern void clean_text_apply(UnicodeText *ut);

#endif							/* SHOPANALYTICS_CLEAN_TEXT_H */
