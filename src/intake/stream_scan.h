/*-------------------------------------------------------------------------
 *
 * stream_scan.h
 *	  Rows of a report straight into the plan above; see stream_scan.c.
 *
 * IDENTIFICATION
 *	  src/intake/stream_scan.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_STREAM_SCAN_H
#define SHOPANALYTICS_STREAM_SCAN_H

#include "fmgr.h"

#define STREAM_MAX_COLUMNS	16

/*
 * A report that gives its rows one by one.  "begin" reads the events, in a memory
 * context that lasts until "end"; it gets the place of each column among the
 * values, -1 if nobody asks for the column.  What values point to lasts until the
 * next row.  Nulls are false at first, and no others set them.
 */
typedef struct ReportStream
{
	const char *name;
	PGFunction	function;		/* which gives the same rows all at once */
	void	   *(*begin) (FunctionCallInfo fcinfo, const int *places);
	bool		(*next) (void *state, Datum *values, bool *nulls);
	void		(*rewind) (void *state);
	void		(*end) (void *state);
	int			(*workers) (const void *state); /* that were asked for */
} ReportStream;

extern void stream_scan_init(void);
extern void stream_put_all(const ReportStream *stream, FunctionCallInfo fcinfo);

#endif							/* SHOPANALYTICS_STREAM_SCAN_H */
