/*-------------------------------------------------------------------------
 *
 * dataset_id.c
 *	  What a row is known by, whatever the order of rows.
 *
 * A row's id is the hash of its key, as stable_hash.c makes it.  Without a key,
 * it is the hash of all that is read of the row; rows that are equal in all of
 * that are told apart by a running number, for which one takes which does not
 * matter.  So the numbers drawn for the rows are the same in any order.  The
 * counts that this takes have a quarter of shopanalytics.intake_memory; past it,
 * rows of values not seen before are no longer counted, and equal ones among them
 * share an id.
 *
 * IDENTIFICATION
 *	  src/model/dataset_id.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "intake/groups.h"
#include "intake/large_alloc.h"
#include "model/dataset_reader.h"
#include "model/draw.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compat.h"

#define FIRST_SLOTS		1024
#define BITS_OF_NULL	UINT64CONST(0x6E756C6C)

/* Types whose hash stable_hash.c promises to be the same everywhere. */
static bool
can_be_key(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case CHAROID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case OIDOID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
		case BYTEAOID:
		case UUIDOID:
			return true;
		default:
			return type_is_enum(type);
	}
}

void
dataset_id_open(DatasetReader *reader)
{
	RowCounts  *counts = &reader->counts;
	int			i;

	if (reader->key_at >= 0)
	{
		Oid			type = reader->intake[reader->key_at].type;

		if (!can_be_key(type))
			ereport(ERROR,
					errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("column \"%s\" is of type %s, which cannot be a key", reader->options->key,
						   format_type_be(type)),
					errhint("Pass a query that casts it to text."));
		/* Texts are one key if their bytes are. */
		reader->key_hash = stable_hash_of_type(type, C_COLLATION_OID, CurrentMemoryContext);
	}

	for (i = 0; i < reader->ncolumns; i++)
		reader->columns[i].factor = draw_mix(i) | 1;

	counts->context = CurrentMemoryContext;
	counts->mask = FIRST_SLOTS - 1;
	counts->max_slots = FIRST_SLOTS;
	while (counts->max_slots * 2 * sizeof(RowCount) <= groups_memory() / 4)
		counts->max_slots *= 2;
	counts->slots = palloc0(FIRST_SLOTS * sizeof(RowCount));
}

static void
grow(RowCounts *counts)
{
	RowCount   *old = counts->slots;
	uint64		nold = counts->mask + 1;
	uint64		i;

	counts->mask = 2 * nold - 1;
	counts->slots = large_alloc0(counts->context, 2 * nold * sizeof(RowCount));
	for (i = 0; i < nold; i++)
	{
		uint64		at = old[i].hash & counts->mask;

		if (old[i].count == 0)
			continue;
		while (counts->slots[at].count != 0)
			at = (at + 1) & counts->mask;
		counts->slots[at] = old[i];
	}
	pfree(old);
}

/* How many rows of this hash there were before. */
static uint64
count_before(RowCounts *counts, uint64 hash)
{
	uint64		at;

	for (at = hash & counts->mask; counts->slots[at].count != 0; at = (at + 1) & counts->mask)
	{
		if (counts->slots[at].hash == hash)
			return counts->slots[at].count++;
	}

	/* One half full is full. */
	if (counts->used >= (counts->mask + 1) / 2)
	{
		if (counts->mask + 1 >= counts->max_slots)
			return 0;
		grow(counts);
		for (at = hash & counts->mask; counts->slots[at].count != 0;)
			at = (at + 1) & counts->mask;
	}
	counts->slots[at].hash = hash;
	counts->slots[at].count = 1;
	counts->used++;

	return 0;
}

static inline uint64
number_bits(double number)
{
	uint64		bits;

	if (number == 0)
		number = 0;				/* both zeros are equal */
	if (number != number)
		return BITS_OF_NULL;
	memcpy(&bits, &number, sizeof(bits));

	return bits;
}

/* Of a category's value, by its code. */
static uint64
code_bits(const DatasetColumn *column, double code)
{
	return code != code ? BITS_OF_NULL : column->code_hash[(uint32) code];
}

/*
 * Of what is read of a row.  Each value is multiplied by a factor of its column's
 * own, which needs no result of the one before; its upper half is where numbers
 * differ, and goes to the lower one first, from which the product spreads.
 */
uint64
dataset_hash_of_row(const DatasetReader *reader, const double *row, double y, double weight)
{
	uint64		hash = draw_mix(dataset_label_hash(reader, y)) + number_bits(weight);
	int			i;

	for (i = 0; i < reader->ncolumns; i++)
	{
		const DatasetColumn *column = &reader->columns[i];
		uint64		bits = column->codes != NULL ? code_bits(column, row[i]) : number_bits(row[i]);

		hash += (bits ^ bits >> 32) * column->factor;
	}
	hash = draw_mix(hash);
	codes_prefetch_place(&reader->counts.slots[hash & reader->counts.mask]);

	return hash;
}

uint64
dataset_id_of_hash(DatasetReader *reader, uint64 hash)
{
	return draw_mix(hash ^ count_before(&reader->counts, hash));
}
