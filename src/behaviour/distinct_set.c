/*-------------------------------------------------------------------------
 *
 * distinct_set.c
 *	  The distinct values of one frame or group, and how often each occurs.
 *
 * A hash table of values with counts: a value that leaves the frame is gone
 * when its last row leaves.  What is equal is for the type to say, by its
 * operator class for hashing and the collation, as in count(DISTINCT x) and
 * GROUP BY.  Types that are integers by another name need not ask it.
 *
 * IDENTIFICATION
 *	  src/behaviour/distinct_set.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

#include "behaviour/distinct_set.h"
#include "behaviour/group_memory.h"
#include "compat.h"

#define FIRST_VALUES	4

typedef struct DistinctEntry
{
	Datum		value;
	int64		count;			/* of rows; not zero */
	uint32		hash;
	char		status;			/* for the hash table alone */
} DistinctEntry;

/* All types that are by value, and whose equality is that of integers. */
static bool
type_is_integral(const TypeCacheEntry *type)
{
	if (!type->typbyval)
		return false;

	switch (type->eq_opr_finfo.fn_oid)
	{
		case F_BOOLEQ:
		case F_CHAREQ:
		case F_INT2EQ:
		case F_INT4EQ:
		case F_INT8EQ:
		case F_OIDEQ:
		case F_ENUM_EQ:
		case F_DATE_EQ:
		case F_TIME_EQ:
		case F_TIMESTAMP_EQ:
		case F_TIMESTAMPTZ_EQ:
			return true;
		default:
			return false;
	}
}

/* Without what may be in the bytes that the type does not use. */
static inline Datum
integral_datum(const TypeCacheEntry *type, Datum value)
{
	switch (type->typlen)
	{
		case 1:
			return CharGetDatum(DatumGetChar(value));
		case 2:
			return Int16GetDatum(DatumGetInt16(value));
		case 4:
			return Int32GetDatum(DatumGetInt32(value));
		default:
			return value;
	}
}

static inline uint32
value_hash(DistinctSet *set, Datum value)
{
	if (set->integral)
		return (uint32) murmurhash64((uint64) value);

	/* the type's hash need not be a good one */
	return murmurhash32(DatumGetUInt32(FunctionCall1Coll(&set->type->hash_proc_finfo,
														 set->collation, value)));
}

static inline bool
value_equal(DistinctSet *set, Datum a, Datum b)
{
	if (set->integral)
		return a == b;

	return DatumGetBool(FunctionCall2Coll(&set->type->eq_opr_finfo,
										  set->collation, a, b));
}

#define SH_PREFIX values
#define SH_ELEMENT_TYPE DistinctEntry
#define SH_KEY_TYPE Datum
#define SH_KEY value
#define SH_HASH_KEY(tb, key) value_hash((tb)->private_data, key)
#define SH_EQUAL(tb, a, b) value_equal((tb)->private_data, a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static void
distinct_set_check_memory(const DistinctSet *set, uint64 nslots)
{
	if (nslots * sizeof(DistinctEntry) + set->copied > group_memory_limit())
		group_memory_exceeded();
}

/* The set lives in the context, and so will all that it keeps. */
DistinctSet *
distinct_set_create(MemoryContext context, Oid type, Oid collation,
					uint32 nvalues)
{
	DistinctSet *set = MemoryContextAllocZero(context, sizeof(DistinctSet));

	set->type = lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO |
								  TYPECACHE_HASH_PROC_FINFO);
	set->collation = collation;
	set->integral = type_is_integral(set->type);

	if (!OidIsValid(set->type->eq_opr_finfo.fn_oid) ||
		!OidIsValid(set->type->hash_proc_finfo.fn_oid))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_FUNCTION),
				errmsg("distinct values of type %s cannot be counted",
					   format_type_be(type)),
				errdetail("The type has no operator class for hashing."),
				errhint("Count a value of another type, such as its text."));

	set->values = values_create(context, Max(nvalues, FIRST_VALUES), set);
	distinct_set_check_memory(set, set->values->size);

	return set;
}

/* The entry of a value, made if there is none. */
static inline DistinctEntry *
distinct_set_enter(DistinctSet *set, Datum value, bool *found)
{
	/* then it would double its size */
	if (unlikely(set->values->members >= set->values->grow_threshold))
		distinct_set_check_memory(set, set->values->size * 2);

	return values_insert(set->values, value, found);
}

/* A new entry takes over its value, which is in the context of the set. */
static void
distinct_entry_take(DistinctSet *set, DistinctEntry *entry, Datum value)
{
	entry->value = value;
	entry->count = 0;
	if (!set->type->typbyval)
		set->copied += GetMemoryChunkSpace(DatumGetPointer(value));
	distinct_set_check_memory(set, set->values->size);
}

static Datum
distinct_set_copy(DistinctSet *set, Datum value)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(set->values->ctx);

	value = datumCopy(value, set->type->typbyval, set->type->typlen);
	MemoryContextSwitchTo(oldcontext);

	return value;
}

/* The form in which a value is compared and kept. */
static inline Datum
distinct_set_form(DistinctSet *set, Datum value)
{
	if (set->integral)
		return integral_datum(set->type, value);
	if (set->type->typlen == -1)
		return PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));

	return value;
}

void
distinct_set_add(DistinctSet *set, Datum value)
{
	Datum		form = distinct_set_form(set, value);
	DistinctEntry *entry;
	bool		found;

	entry = distinct_set_enter(set, form, &found);
	if (!found)
		distinct_entry_take(set, entry, distinct_set_copy(set, form));
	entry->count++;
}

/* Undoes distinct_set_add. */
void
distinct_set_remove(DistinctSet *set, Datum value)
{
	DistinctEntry *entry = values_lookup(set->values, distinct_set_form(set, value));

	if (entry == NULL)
		elog(ERROR, "a value leaves a set in which it is not");

	if (--entry->count > 0)
		return;
	if (!set->type->typbyval)
	{
		set->copied -= GetMemoryChunkSpace(DatumGetPointer(entry->value));
		pfree(DatumGetPointer(entry->value));
	}
	values_delete_item(set->values, entry);
}

/* Both are of one type and collation. */
void
distinct_set_merge(DistinctSet *set, const DistinctSet *other)
{
	values_iterator iterator;
	DistinctEntry *from;

	/*
	 * The other's values come in the order of their hashes, and would pile up
	 * at one end of a table that is smaller.
	 */
	if (set->values->size < other->values->size)
	{
		distinct_set_check_memory(set, other->values->size);
		values_grow(set->values, other->values->size);
	}

	values_start_iterate(other->values, &iterator);
	while ((from = values_iterate(other->values, &iterator)) != NULL)
	{
		DistinctEntry *entry;
		bool		found;

		CHECK_FOR_INTERRUPTS();
		entry = distinct_set_enter(set, from->value, &found);
		if (!found)
			distinct_entry_take(set, entry, distinct_set_copy(set, from->value));
		entry->count += from->count;
	}
}

int64
distinct_set_count(const DistinctSet *set)
{
	return set->values->members;
}

/* For another process of this server, whence values are as they are in memory. */
void
distinct_set_send(StringInfo buf, const DistinctSet *set)
{
	values_iterator iterator;
	DistinctEntry *entry;

	pq_sendint32(buf, set->type->type_id);
	pq_sendint32(buf, set->collation);
	pq_sendint32(buf, set->values->members);

	values_start_iterate(set->values, &iterator);
	while ((entry = values_iterate(set->values, &iterator)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		pq_sendint64(buf, entry->count);
		if (set->type->typbyval)
			pq_sendint64(buf, entry->value);
		else
		{
			Size		size = datumGetSize(entry->value, false, set->type->typlen);

			pq_sendint32(buf, size);
			pq_sendbytes(buf, DatumGetPointer(entry->value), size);
		}
	}
}

DistinctSet *
distinct_set_recv(StringInfo buf, MemoryContext context)
{
	Oid			type = pq_getmsgint(buf, 4);
	Oid			collation = pq_getmsgint(buf, 4);
	uint32		nvalues = pq_getmsgint(buf, 4);
	DistinctSet *set = distinct_set_create(context, type, collation, nvalues);

	for (uint32 i = 0; i < nvalues; i++)
	{
		int64		count = pq_getmsgint64(buf);
		DistinctEntry *entry;
		Datum		value;
		bool		found;

		CHECK_FOR_INTERRUPTS();
		if (set->type->typbyval)
			value = (Datum) pq_getmsgint64(buf);
		else
		{
			Size		size = pq_getmsgint(buf, 4);
			char	   *copy = MemoryContextAlloc(context, size);

			/* into a block of its own, because values want to be aligned */
			memcpy(copy, pq_getmsgbytes(buf, size), size);
			value = PointerGetDatum(copy);
		}

		entry = distinct_set_enter(set, value, &found);
		if (found)
			elog(ERROR, "a value is twice in a set");
		distinct_entry_take(set, entry, value);
		entry->count = count;
	}

	return set;
}
