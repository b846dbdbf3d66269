/*-------------------------------------------------------------------------
 *
 * codes.c
 *	  Small numbers for the distinct values of a column.
 *
 * Reports handle users, products and the like by numbers that are given out in
 * order of first appearance: they pack into records, index arrays, and are
 * turned back into values only for the result.  Equality is the type's own, and
 * the collation's where that has a say; integers, and what is equal only if its
 * bytes are, are compared without a call.  A look-up in a large table waits for
 * memory, so the keys lie beside their codes if they are short.
 *
 * IDENTIFICATION
 *	  src/intake/codes.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "intake/codes.h"
#include "intake/large_alloc.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "compat.h"

#define CODES_FIRST_SLOTS	1024
#define CODES_MAX			(PG_UINT32_MAX - 1)

/*
 * An oid is not an integer here: as a Datum, one above 2^31 from a table differs
 * from the same one from an expression.  So it is with values of enums.
 */
static CodesKind
kind_of_type(Oid type, Oid collation)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case BOOLOID:
		case CHAROID:
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return CODES_INTEGER;
		case UUIDOID:
			return CODES_UUID;
		case BYTEAOID:
			return CODES_BYTES;
		case TEXTOID:
		case VARCHAROID:
			if (!OidIsValid(collation) || get_collation_isdeterministic(collation))
				return CODES_BYTES;
			break;
		default:
			break;
	}

	return CODES_ANY;
}

/* Twice as much, for codes_make_room(). */
void *
codes_more_room(void *array, uint32 *room, size_t size)
{
	if (*room == CODES_MAX)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("a report has more than %u distinct values or events of a kind", *room));
	*room = *room > CODES_MAX / 2 ? CODES_MAX : Max(1024, 2 * *room);

	return repalloc_huge(array, *room * size);
}

/* In the current memory context, with all that it keeps. */
Codes *
codes_create(Oid type, Oid collation)
{
	Codes	   *codes = palloc0(sizeof(Codes));
	TypeCacheEntry *entry = lookup_type_cache(type,
											  TYPECACHE_HASH_EXTENDED_PROC |
											  TYPECACHE_EQ_OPR);

	codes->kind = kind_of_type(type, collation);
	codes->collation = collation;
	codes->typlen = entry->typlen;
	codes->typbyval = entry->typbyval;
	codes->context = CurrentMemoryContext;
	if (codes->kind == CODES_ANY)
	{
		if (!OidIsValid(entry->eq_opr) || !OidIsValid(entry->hash_extended_proc))
			ereport(ERROR,
					errcode(ERRCODE_UNDEFINED_FUNCTION),
					errmsg("values of type %s cannot be told apart", format_type_be(type)),
					errdetail("The type has no equality operator with a hash function."),
					errhint("Pass a query that casts the column, for example to text."));
		fmgr_info(get_opcode(entry->eq_opr), &codes->equal);
		fmgr_info(entry->hash_extended_proc, &codes->hash);
	}

	codes->values = palloc(sizeof(Datum));
	codes->mask = CODES_FIRST_SLOTS - 1;
	if (codes->kind == CODES_UUID)
		codes->uuid_slots = palloc0(CODES_FIRST_SLOTS * sizeof(CodesUuidSlot));
	else
		codes->slots = palloc0(CODES_FIRST_SLOTS * sizeof(CodesSlot));

	return codes;
}

/*
 * The same for values that are only written out again: 1.0 is not 1.00 here, so
 * each comes back as it was.
 */
Codes *
codes_create_exact(Oid type, Oid collation)
{
	return codes_create(get_typlen(type) == -1 ? BYTEAOID : type, collation);
}

static uint64
slot_of_key(const Codes *codes, uint64 key)
{
	return (codes->kind == CODES_INTEGER ? murmurhash64(key) : key) & codes->mask;
}

static uint64
slot_of_uuid(const Codes *codes, const uint64 *key)
{
	return murmurhash64(key[0] ^ murmurhash64(key[1])) & codes->mask;
}

static void *
new_slots(Codes *codes, size_t size)
{
	return large_alloc0(codes->context, (codes->mask + 1) * size);
}

static void
grow_uuid_slots(Codes *codes)
{
	CodesUuidSlot *old = codes->uuid_slots;
	uint64		nold = codes->mask + 1;
	uint64		i;

	codes->mask = 2 * nold - 1;
	codes->uuid_slots = new_slots(codes, sizeof(CodesUuidSlot));
	for (i = 0; i < nold; i++)
	{
		uint64		at;

		if (old[i].code == 0)
			continue;
		at = slot_of_uuid(codes, old[i].key);
		while (codes->uuid_slots[at].code != 0)
			at = (at + 1) & codes->mask;
		codes->uuid_slots[at] = old[i];
	}
	pfree(old);
}

static void
grow_slots(Codes *codes)
{
	CodesSlot  *old = codes->slots;
	uint64		nold = codes->mask + 1;
	uint64		i;

	codes->mask = 2 * nold - 1;
	codes->slots = new_slots(codes, sizeof(CodesSlot));
	for (i = 0; i < nold; i++)
	{
		uint64		at;

		if (old[i].code == 0)
			continue;
		at = slot_of_key(codes, old[i].key);
		while (codes->slots[at].code != 0)
			at = (at + 1) & codes->mask;
		codes->slots[at] = old[i];
	}
	pfree(old);
}

/*
 * Forgets all integers, for others that are about as many: then there is more
 * room for them if there was little.
 */
void
codes_clear(Codes *codes)
{
	Assert(codes->kind == CODES_INTEGER);
	if (codes->count > codes->mask / 3)
	{
		codes->mask = 2 * codes->mask + 1;
		pfree(codes->slots);
		codes->slots = new_slots(codes, sizeof(CodesSlot));
	}
	else
		memset(codes->slots, 0, (codes->mask + 1) * sizeof(CodesSlot));
	codes->count = 0;
}

/* A code for one more value; its slot is yet to be filled. */
static uint32
new_code(Codes *codes, Datum value)
{
	uint32		code = codes->count;

	codes->values = codes_make_room(codes->values, &codes->room, code, sizeof(Datum));
	codes->values[code] = value;
	codes->count++;

	return code;
}

static bool
slots_are_full(const Codes *codes)
{
	return codes->count > (codes->mask + 1) / 16 * 11;
}

/* "at" is the free slot in which the search for the key ended. */
static uint32
add_code(Codes *codes, uint64 key, uint64 at, Datum value)
{
	uint32		code = new_code(codes, value);

	codes->slots[at].key = key;
	codes->slots[at].code = code + 1;
	if (slots_are_full(codes))
		grow_slots(codes);

	return code;
}

uint32
codes_add_integer(Codes *codes, uint64 key, uint64 at)
{
	return add_code(codes, key, at, (Datum) key);
}

static const char *
bytes_of(Datum value, size_t *len)
{
	struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);

	*len = VARSIZE_ANY_EXHDR(bytes);

	return VARDATA_ANY(bytes);
}

static uint64
hash_of(Codes *codes, Datum value)
{
	if (codes->kind == CODES_BYTES)
	{
		size_t		len;
		const char *bytes = bytes_of(value, &len);

		return hash_bytes_extended((const unsigned char *) bytes, len, 0);
	}

	/* Mixed, for hash functions whose low bits say little. */
	return murmurhash64(DatumGetUInt64(FunctionCall2Coll(&codes->hash,
														 codes->collation, value,
														 Int64GetDatum(0))));
}

static bool
are_equal(Codes *codes, Datum a, Datum b)
{
	if (codes->kind == CODES_BYTES)
	{
		size_t		alen,
					blen;
		const char *abytes = bytes_of(a, &alen);
		const char *bbytes = bytes_of(b, &blen);

		return alen == blen && memcmp(abytes, bbytes, alen) == 0;
	}

	return DatumGetBool(FunctionCall2Coll(&codes->equal, codes->collation, a, b));
}

/* A copy that does not depend on a table's storage. */
static Datum
keep_value(Codes *codes, Datum value)
{
	MemoryContext old = MemoryContextSwitchTo(codes->context);

	if (codes->typlen == -1)
		value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	else
		value = datumCopy(value, codes->typbyval, codes->typlen);
	MemoryContextSwitchTo(old);

	return value;
}

static uint32
find_uuid(Codes *codes, Datum value)
{
	uint64		key[2];
	uint64		at;
	uint32		code;

	memcpy(key, DatumGetPointer(value), sizeof(key));
	for (at = slot_of_uuid(codes, key); codes->uuid_slots[at].code != 0;
		 at = (at + 1) & codes->mask)
	{
		const CodesUuidSlot *slot = &codes->uuid_slots[at];

		if (slot->key[0] == key[0] && slot->key[1] == key[1])
			return slot->code - 1;
	}

	code = new_code(codes, keep_value(codes, value));
	memcpy(codes->uuid_slots[at].key, key, sizeof(key));
	codes->uuid_slots[at].code = code + 1;
	if (slots_are_full(codes))
		grow_uuid_slots(codes);

	return code;
}

/* As codes_get(), for values that are not integers. */
uint32
codes_find(Codes *codes, Datum value)
{
	uint64		key;
	uint64		at;

	if (codes->kind == CODES_UUID)
		return find_uuid(codes, value);

	if (codes->typlen == -1)
		value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
	key = hash_of(codes, value);
	for (at = slot_of_key(codes, key); codes->slots[at].code != 0;
		 at = (at + 1) & codes->mask)
	{
		uint32		code = codes->slots[at].code - 1;

		if (codes->slots[at].key == key &&
			are_equal(codes, codes->values[code], value))
			return code;
	}

	return add_code(codes, key, at, keep_value(codes, value));
}
