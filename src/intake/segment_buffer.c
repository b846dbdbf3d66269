/*-------------------------------------------------------------------------
 *
 * segment_buffer.c
 *	  Rows packed into bytes, for another process of the same query.
 *
 * A buffer is a bytea.  Its bytes are either given and of one size, or allocated
 * here and made larger as need be.
 *
 * IDENTIFICATION
 *	  src/intake/segment_buffer.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "intake/segment_buffer.h"

#include "compat.h"

#define FIRST_ROOM		8192

/* Of the bytes, so that what follows the header of a bytea is aligned. */
#define START			MAXIMUM_ALIGNOF

/* Records have these columns of the slots; 0: always NULL. */
void
segment_buffer_init(SegmentBuffer *buffer, List *columns, TupleDesc desc)
{
	SegmentColumn *column = palloc0(Max(1, list_length(columns)) * sizeof(SegmentColumn));
	ListCell   *cell;

	memset(buffer, 0, sizeof(SegmentBuffer));
	buffer->columns = column;
	buffer->ncolumns = list_length(columns);
	foreach(cell, columns)
	{
		column->number = lfirst_int(cell);
		if (column->number > 0)
		{
			column->byval = TupleDescAttr(desc, column->number - 1)->attbyval;
			column->len = TupleDescAttr(desc, column->number - 1)->attlen;
		}
		buffer->last_column = Max(buffer->last_column, column->number);
		column++;
	}
}

/* From here on it is empty; one that can grow has no bytes at first. */
void
segment_buffer_begin(SegmentBuffer *buffer, char *bytes, Size room)
{
	buffer->bytes = bytes;
	buffer->room = room;
	if (bytes == NULL)
	{
		buffer->room = FIRST_ROOM;
		buffer->bytes = palloc(FIRST_ROOM);
	}
	buffer->used = START;
	buffer->nrows = 0;
}

/* What has been put into bytes. */
struct varlena *
segment_buffer_bytea(char *bytes, Size used)
{
	struct varlena *result = (struct varlena *) (bytes + START - VARHDRSZ);

	SET_VARSIZE(result, used - START + VARHDRSZ);

	return result;
}

/* So much more; false if there is no room. */
static bool
make_room(SegmentBuffer *buffer, Size size)
{
	if (size <= buffer->room - buffer->used)
		return true;
	if (!buffer->can_grow)
		return false;
	buffer->room = Max(2 * buffer->room, buffer->used + size);
	buffer->bytes = repalloc(buffer->bytes, buffer->room);

	return true;
}

/* As it is to be in a record: nothing that only this process could look at. */
static struct varlena *
flat_value(struct varlena *value)
{
	if (VARATT_IS_EXTERNAL(value) && !VARATT_IS_EXTERNAL_ONDISK(value))
		return detoast_external_attr(value);

	return value;
}

/* A value that is not by value, behind the record so far; false: it does not fit. */
static bool
pack_bytes(SegmentBuffer *buffer, const SegmentColumn *column, Datum value)
{
	char	   *bytes = DatumGetPointer(value);
	Size		len = column->len;

	if (column->len == -1)
	{
		bytes = (char *) flat_value((struct varlena *) bytes);
		len = VARSIZE_ANY(bytes);
	}
	else if (column->len == -2)
		len = strlen(bytes) + 1;
	if (!make_room(buffer, MAXALIGN(len)))
		return false;
	memcpy(buffer->bytes + buffer->used, bytes, len);
	buffer->used += MAXALIGN(len);

	return true;
}

/* One more row; false if it does not fit, and the buffer is of no use. */
bool
segment_buffer_add(SegmentBuffer *buffer, TupleTableSlot *slot)
{
	Size		offset = buffer->used;

	slot_getsomeattrs(slot, buffer->last_column);
	if (!make_room(buffer, segment_record_header(buffer->ncolumns)))
		return false;
	buffer->used += segment_record_header(buffer->ncolumns);
	for (int i = 0; i < buffer->ncolumns; i++)
	{
		const SegmentColumn *column = &buffer->columns[i];
		int			from = column->number - 1;
		bool		isnull = from < 0 || slot->tts_isnull[from];
		Datum		value = isnull ? (Datum) 0 : slot->tts_values[from];
		SegmentRecord *record;

		if (!isnull && !column->byval)
		{
			Size		at = buffer->used - offset;

			if (!pack_bytes(buffer, column, value))
				return false;
			value = (Datum) at;
		}
		record = (SegmentRecord *) (buffer->bytes + offset);
		record->values[i] = value;
		segment_record_nulls(record, buffer->ncolumns)[i] = isnull;
	}
	((SegmentRecord *) (buffer->bytes + offset))->size = buffer->used - offset;
	buffer->nrows++;

	return true;
}
