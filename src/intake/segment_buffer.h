/*-------------------------------------------------------------------------
 *
 * segment_buffer.h
 *	  Rows packed into bytes; see segment_buffer.c.
 *
 * IDENTIFICATION
 *	  src/intake/segment_buffer.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_SEGMENT_BUFFER_H
#define SHOPANALYTICS_SEGMENT_BUFFER_H

#include "executor/tuptable.h"
#include "nodes/pg_list.h"

/*
 * A row: its size in bytes, the values, the nulls, and behind them the values that
 * are not by value, which have their offsets for Datums.  All begin at multiples
 * of MAXIMUM_ALIGNOF.
 */
typedef struct SegmentRecord
{
	Size		size;
	Datum		values[FLEXIBLE_ARRAY_MEMBER];
} SegmentRecord;

static inline bool *
segment_record_nulls(SegmentRecord *record, int ncolumns)
{
	return (bool *) (record->values + ncolumns);
}

static inline Size
segment_record_header(int ncolumns)
{
	return MAXALIGN(offsetof(SegmentRecord, values) + ncolumns * (sizeof(Datum) + sizeof(bool)));
}

/* A value as a record has it. */
typedef struct SegmentColumn
{
	AttrNumber	number;			/* of the slot; 0: always NULL */
	bool		byval;
	int16		len;
} SegmentColumn;

typedef struct SegmentBuffer
{
	const SegmentColumn *columns;
	int			ncolumns;
	AttrNumber	last_column;	/* of the slot that is needed */
	bool		can_grow;
	char	   *bytes;			/* of a bytea, so that records begin as they
								 * must */
	Size		room;
	Size		used;
	int32		nrows;
} SegmentBuffer;

extern void segment_buffer_init(SegmentBuffer *buffer, List *columns, TupleDesc desc);
extern void segment_buffer_begin(SegmentBuffer *buffer, char *bytes, Size room);
extern bool segment_buffer_add(SegmentBuffer *buffer, TupleTableSlot *slot);
extern struct varlena *segment_buffer_bytea(char *bytes, Size used);

#endif							/* SHOPANALYTICS_SEGMENT_BUFFER_H */
