/*-------------------------------------------------------------------------
 *
 * hll_state.c
 *	  A sketch of distinct values, as an aggregate collects it.
 *
 * Up to a limit it is a list of hashes, which is exact, and from there on
 * registers.  Whether it is the one or the other is decided by the number of
 * distinct hashes alone, never by their order or by merges; and registers of a
 * lower precision can be had from those of a higher one, as if they had
 * been collected so.  Hence one set of values makes one sketch of a precision,
 * byte by byte.
 *
 * IDENTIFICATION
 *	  src/behaviour/hll_state.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "port/pg_bitutils.h"

#include "behaviour/hll_state.h"
#include "compat.h"

#define FIRST_SLOTS		8

#define ST_SORT hashes_sort
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Precision 0 is that of the first sketch that is merged in. */
void
hll_state_init(HllState *state, MemoryContext context, int precision)
{
	memset(state, 0, sizeof(*state));
	state->context = context;
	state->precision = precision;
	state->fixed = precision != 0;

	/*
	 * Any choice gives the same sketch.  That nobody can know it keeps
	 * whoever makes up sketches from having all hashes fall into one place.
	 */
	state->multiplier = pg_prng_uint64(&pg_global_prng_state) | 1;
}

/* Where a hash is, or where it would be. */
static uint64 *
hll_state_slot(const HllState *state, uint64 hash)
{
	uint32		i = (hash * state->multiplier) >> (64 - pg_leftmost_one_pos32(state->nslots));

	while (state->slots[i] != 0 && state->slots[i] != hash)
		i = (i + 1) & (state->nslots - 1);

	return &state->slots[i];
}

static void
hll_state_resize(HllState *state, uint32 nslots)
{
	uint64	   *slots = state->slots;
	uint32		before = state->nslots;

	state->slots = MemoryContextAllocZero(state->context, nslots * sizeof(uint64));
	state->nslots = nslots;
	for (uint32 i = 0; i < before; i++)
		if (slots[i] != 0)
			*hll_state_slot(state, slots[i]) = slots[i];
	if (slots != NULL)
		pfree(slots);
}

static void
hll_state_use_registers(HllState *state)
{
	if (state->registers != NULL)
		return;

	state->registers = MemoryContextAllocZero(state->context,
											  HLLSKETCH_REGISTERS(state->precision));
	for (uint32 i = 0; i < state->nslots; i++)
		if (state->slots[i] != 0)
			hllsketch_register(state->registers, state->precision, state->slots[i]);

	if (state->slots != NULL)
		pfree(state->slots);
	state->slots = NULL;
	state->nslots = 0;
	state->nhashes = 0;
}

/* While there are no registers, which may change here. */
void
hll_state_add_slow(HllState *state, uint64 hash)
{
	Assert(state->precision != 0 && state->registers == NULL && hash != 0);

	if (state->nslots > 0 && *hll_state_slot(state, hash) == hash)
		return;

	if (state->nhashes == HLLSKETCH_LIST_LIMIT(state->precision))
	{
		hll_state_use_registers(state);
		hllsketch_register(state->registers, state->precision, hash);
		return;
	}

	/* at most three quarters are in use */
	if ((state->nhashes + 1) * 4 > state->nslots * 3)
		hll_state_resize(state, Max(state->nslots * 2, FIRST_SLOTS));
	*hll_state_slot(state, hash) = hash;
	state->nhashes++;
}

/* As if no other precision than the lower one had been used. */
static void
hll_state_lower(HllState *state, int precision)
{
	int			before = state->precision;

	if (before != 0 && before <= precision)
		return;

	state->precision = precision;
	if (state->registers != NULL)
		hllsketch_fold(state->registers, before, precision);
	else if (state->nhashes > HLLSKETCH_LIST_LIMIT(precision))
		hll_state_use_registers(state);
}

/* Takes over registers of its own precision or a higher one, and spoils them. */
static void
hll_state_unite(HllState *state, uint8 *registers, int precision)
{
	if (precision > state->precision)
		hllsketch_fold(registers, precision, state->precision);
	hll_state_use_registers(state);
	hllsketch_unite(state->registers, registers, state->precision);
}

/* Whoever collects values asks for one precision; only rollup takes any. */
void
hll_state_differ(void)
{
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("precision must not change within a group"));
}

/* Both collect values, or both sketches. */
void
hll_state_merge(HllState *state, const HllState *other)
{
	Assert(state->fixed == other->fixed);

	if (other->precision == 0)
		return;
	if (other->fixed)
		hll_state_check_precision(state, other->precision);
	hll_state_lower(state, other->precision);

	if (other->registers != NULL)
	{
		Size		size = HLLSKETCH_REGISTERS(other->precision);
		uint8	   *registers = palloc(size);

		memcpy(registers, other->registers, size);
		hll_state_unite(state, registers, other->precision);
		pfree(registers);
	}
	for (uint32 i = 0; i < other->nslots; i++)
		if (other->slots[i] != 0)
			hll_state_add(state, other->slots[i]);
}

/* A sketch that is stored or sent, or what somebody gives as one. */
void
hll_sketch_read(HllSketch *sketch, const char *bytes, Size len,
				int errcode_wrong)
{
	const char *fault;

	if (!hllsketch_decode(sketch, (const uint8 *) bytes, len, &fault))
		ereport(ERROR,
				errcode(errcode_wrong),
				errmsg("invalid binary value of type %s", "hllsketch"),
				errdetail("%s", fault));
}

/* Merges it in. */
void
hll_state_take(HllState *state, const char *bytes, Size len, int errcode_wrong)
{
	HllSketch	sketch;

	hll_sketch_read(&sketch, bytes, len, errcode_wrong);
	if (sketch.precision == 0)
		return;

	hll_state_lower(state, sketch.precision);
	if (sketch.registers)
	{
		uint8	   *registers = palloc(HLLSKETCH_REGISTERS(sketch.precision));

		hllsketch_unpack(&sketch, registers);
		hll_state_unite(state, registers, sketch.precision);
		pfree(registers);
	}
	else
		for (Size i = 0; i < sketch.nhashes; i++)
			hll_state_add(state, hllsketch_hash_at(&sketch, i));
}

static bytea *
hll_alloc(Size size, const char *head, Size len, uint8 **out)
{
	bytea	   *result = palloc(VARHDRSZ + len + size);

	SET_VARSIZE(result, VARHDRSZ + len + size);
	if (len > 0)
		memcpy(VARDATA(result), head, len);
	*out = (uint8 *) VARDATA(result) + len;

	return result;
}

/* The sketch, in the form that is stored, after some bytes of the caller's. */
bytea *
hll_state_encode(const HllState *state, const char *head, Size len)
{
	bytea	   *result;
	uint8	   *out;

	if (state->registers != NULL)
	{
		result = hll_alloc(hllsketch_size_registers(state->precision), head, len, &out);
		hllsketch_encode_registers(state->precision, state->registers, out);
	}
	else if (state->nhashes > 0)
	{
		uint64	   *hashes = palloc(state->nhashes * sizeof(uint64));
		uint32		nhashes = 0;

		for (uint32 i = 0; i < state->nslots; i++)
			if (state->slots[i] != 0)
				hashes[nhashes++] = state->slots[i];
		hashes_sort(hashes, nhashes);

		result = hll_alloc(hllsketch_size_list(nhashes), head, len, &out);
		hllsketch_encode_list(state->precision, hashes, nhashes, out);
		pfree(hashes);
	}
	else
	{
		result = hll_alloc(hllsketch_size_none(), head, len, &out);
		hllsketch_encode_none(out);
	}

	return result;
}
