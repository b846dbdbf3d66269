/*-------------------------------------------------------------------------
 *
 * mapping.h
 *	  Which column of a file goes into which column of the table.
 *
 * IDENTIFICATION
 *	  src/client/mapping.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef MAPPING_H
#define MAPPING_H

#include "target.h"

typedef struct Mapping
{
	int			nfields;		/* of every row of the file */
	int		   *column;			/* index in the target's columns, -1: left out */
	char	   *copy_sql;		/* COPY of the fields that are not left out */
} Mapping;

extern Mapping *mapping_create(const Target *target, const LoadOptions *opt,
							   const char *file, int nfields, char **names);
extern void mapping_free(Mapping *map);

#endif							/* MAPPING_H */
