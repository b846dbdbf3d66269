/*-------------------------------------------------------------------------
 *
 * copy_error.h
 *	  What an error of COPY says about the rows sent.
 *
 * IDENTIFICATION
 *	  src/client/copy_error.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef COPY_ERROR_H
#define COPY_ERROR_H

#include "mapping.h"

typedef struct CopyError
{
	int			bad_row;		/* index in what was sent, -1: not known */
	int			bad_field;		/* index in the file's fields, -1: not known */
	bool		untranslatable; /* a character the database's encoding lacks */
	char	   *reason;
} CopyError;

extern bool copy_error_read(const PGresult *res, const Target *target, const Mapping *map, CopyError *error);

#endif							/* COPY_ERROR_H */
