/*-------------------------------------------------------------------------
 *
 * target.h
 *	  The table that is loaded, and which column of a file goes where.
 *
 * IDENTIFICATION
 *	  src/client/target.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef TARGET_H
#define TARGET_H

#include "libpq-fe.h"

#include "load.h"

typedef struct TargetColumn
{
	char	   *name;
	char	   *quoted;			/* for SQL */
	bool		is_date;		/* date or timestamp: --date-format applies */
	bool		generated;		/* the table itself gives its value */
} TargetColumn;

typedef struct Target
{
	char	   *oid;			/* as text, for catalog queries */
	char	   *schema;
	char	   *name;
	char	   *quoted;			/* schema and name, for SQL */
	bool		is_foreign;
	int			ncolumns;
	TargetColumn *columns;
} Target;

extern Target *target_open(PGconn *conn, const LoadOptions *opt);

#endif							/* TARGET_H */
