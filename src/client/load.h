/*-------------------------------------------------------------------------
 *
 * load.h
 *	  What the files of "shopctl load" share.
 *
 * IDENTIFICATION
 *	  src/client/load.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef LOAD_H
#define LOAD_H

#include "fe_utils/simple_list.h"

#include "csv.h"
#include "date_template.h"
#include "options.h"

/* A pair of --map: the file's column, and the table's or "" to skip it. */
typedef struct LoadMap
{
	char	   *from;
	char	   *to;
	bool		used;			/* the file has the column */
	struct LoadMap *next;
} LoadMap;

typedef struct LoadOptions
{
	CommonOptions common;		/* the store may be NULL */
	const char *table;
	const char *reject_table;	/* NULL: load_reject beside the table */
	LoadMap    *maps;
	SimpleStringList columns;	/* names of the columns of a file without
								 * header */
	SimpleStringList nulls;		/* texts that mean NULL; none: the empty one */
	const char *encoding_name;
	int			encoding;
	char		delimiter;
	char		quote;			/* 0: none */
	const char *date_format;	/* as given */
	DateTemplate *date_template;	/* when date_format is a template */
	const char *timezone;
	bool		header;
	bool		ignore_extra;
	bool		truncate;
	int64		max_rejects;	/* -1: no limit */
	int			nfiles;
	char	  **files;
} LoadOptions;

extern int	load_run(LoadOptions *opt);

#endif							/* LOAD_H */
