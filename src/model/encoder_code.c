/*-------------------------------------------------------------------------
 *
 * encoder_code.c
 *	  Categories as numbers: what was seen when the encoder was fitted, and the
 *	  code of a level.
 *
 * An encoder knows every level that was seen, with how many rows had it.  Those
 * that had enough have a position, 1, 2, ... in the order of their bytes and NULL
 * at the end; all others share the position behind, if there is one.  What a
 * code is depends on the position alone.
 *
 * IDENTIFICATION
 *	  src/model/encoder_code.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "model/encoder.h"
#include "port/pg_bitutils.h"

static const char *const method_names[] = {
	[ENCODER_ONE_HOT] = "one_hot",
	[ENCODER_DUMMY] = "dummy",
	[ENCODER_ORDINAL] = "ordinal",
	[ENCODER_FREQUENCY] = "frequency",
	[ENCODER_TARGET] = "target",
};

static const char *const unknown_names[] = {
	[ENCODER_UNKNOWN_OTHER] = "other",
	[ENCODER_UNKNOWN_IGNORE] = "ignore",
	[ENCODER_UNKNOWN_ERROR] = "error",
};

EncoderMethod
encoder_method(const char *name)
{
	for (int i = 0; i < lengthof(method_names); i++)
		if (strcmp(name, method_names[i]) == 0)
			return i;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("method \"%s\" is not known", name),
			errhint("Methods are one_hot, dummy, ordinal, frequency and target."));
}

EncoderUnknown
encoder_unknown(const char *name)
{
	for (int i = 0; i < lengthof(unknown_names); i++)
		if (strcmp(name, unknown_names[i]) == 0)
			return i;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown is \"%s\"", name),
			errhint("It says what becomes of levels that were not seen: other, ignore or error."));
}

static void
add_slot(Encoder *encoder, int level)
{
	uint32		at = hash_bytes((const unsigned char *) encoder->levels[level].text,
								encoder->levels[level].len);

	while (encoder->slots[at & encoder->mask] != 0)
		at++;
	encoder->slots[at & encoder->mask] = level + 1;
}

/* Counts, and gives positions to levels that have rows enough. */
static void
place_levels(Encoder *encoder)
{
	for (int i = 0; i < encoder->nlevels; i++)
	{
		EncoderLevel *level = &encoder->levels[i];

		encoder->nrows += level->nrows;
		if (level->nrows >= encoder->options.min_count)
		{
			encoder->placed[encoder->npositions++] = level;
			level->position = encoder->npositions;
		}
		else
		{
			encoder->other.nrows += level->nrows;
			encoder->other.sum += level->sum;
		}
	}

	encoder->has_other = encoder->options.unknown == ENCODER_UNKNOWN_OTHER ||
		(encoder->options.unknown == ENCODER_UNKNOWN_ERROR && encoder->npositions < encoder->nlevels);
	switch (encoder->options.method)
	{
		case ENCODER_ONE_HOT:
			encoder->width = encoder->npositions + encoder->has_other;
			break;
		case ENCODER_DUMMY:
			encoder->width = Max(encoder->npositions + encoder->has_other - 1, 0);
			break;
		case ENCODER_ORDINAL:
		case ENCODER_FREQUENCY:
		case ENCODER_TARGET:
			encoder->width = 1;
			break;
	}
}

/*
 * In the current memory context.  The arrays have one element for each level, in
 * order, and must stay; "sums" may be NULL.
 */
Encoder *
encoder_create(const EncoderOptions *options, double prior,
			   ArrayType *levels, ArrayType *rows, ArrayType *sums)
{
	Encoder    *encoder = palloc0(sizeof(Encoder));
	Datum	   *texts;
	bool	   *nulls;
	int			nrows = ArrayGetNItems(ARR_NDIM(rows), ARR_DIMS(rows));
	uint32		nslots;

	deconstruct_array(levels, TEXTOID, -1, false, TYPALIGN_INT, &texts, &nulls, &encoder->nlevels);
	if (nrows != encoder->nlevels || ARR_HASNULL(rows) ||
		(sums != NULL && (ArrayGetNItems(ARR_NDIM(sums), ARR_DIMS(sums)) != nrows || ARR_HASNULL(sums))))
		elog(ERROR, "levels of an encoder do not fit together");

	encoder->options = *options;
	encoder->prior = prior;
	encoder->null_level = ENCODER_UNSEEN;
	encoder->levels = palloc0(sizeof(EncoderLevel) * Max(nrows, 1));
	encoder->placed = palloc(sizeof(EncoderLevel *) * Max(nrows, 1));
	nslots = pg_nextpower2_32(Max(2 * nrows, 16));
	encoder->slots = palloc0(sizeof(uint32) * nslots);
	encoder->mask = nslots - 1;
	for (int i = 0; i < nrows; i++)
	{
		EncoderLevel *level = &encoder->levels[i];

		level->nrows = ((int64 *) ARR_DATA_PTR(rows))[i];
		if (sums != NULL)
			level->sum = ((double *) ARR_DATA_PTR(sums))[i];
		if (nulls[i])
			encoder->null_level = i;
		else
		{
			level->text = VARDATA_ANY(DatumGetPointer(texts[i]));
			level->len = VARSIZE_ANY_EXHDR(DatumGetPointer(texts[i]));
			add_slot(encoder, i);
		}
	}
	pfree(texts);
	pfree(nulls);
	place_levels(encoder);

	return encoder;
}

/* The number of a level, NULL being one; ENCODER_UNSEEN if it was not seen. */
int
encoder_find(const Encoder *encoder, const char *text, int len)
{
	uint32		at;

	if (text == NULL)
		return encoder->null_level;
	for (at = hash_bytes((const unsigned char *) text, len);
		 encoder->slots[at & encoder->mask] != 0; at++)
	{
		int			level = encoder->slots[at & encoder->mask] - 1;

		if (encoder->levels[level].len == len &&
			memcmp(encoder->levels[level].text, text, len) == 0)
			return level;
	}

	return ENCODER_UNSEEN;
}

/* 0: none. */
int
encoder_position(const Encoder *encoder, int level)
{
	if (level != ENCODER_UNSEEN && encoder->levels[level].position > 0)
		return encoder->levels[level].position;

	return encoder->has_other ? encoder->npositions + 1 : 0;
}

/* The mean of a level's labels, drawn to that of all by "smoothing" rows of it. */
static double
target_mean(const Encoder *encoder, const EncoderLevel *level)
{
	double		weight = level->nrows + encoder->options.smoothing;

	if (weight == 0)
		return encoder->prior;

	return (level->sum + encoder->options.smoothing * encoder->prior) / weight;
}

/* Of the levels that have no position: nobody, if there is none for them. */
static const EncoderLevel *
level_at(const Encoder *encoder, int position)
{
	static const EncoderLevel nobody = {0};

	if (position == 0)
		return &nobody;
	if (position > encoder->npositions)
		return &encoder->other;

	return encoder->placed[position - 1];
}

/* The code of a position, as float8[] in the current memory context. */
Datum
encoder_code(const Encoder *encoder, int position)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + sizeof(double) * encoder->width;
	ArrayType  *array;
	double	   *code;

	if (encoder->width == 0)
		return PointerGetDatum(construct_empty_array(FLOAT8OID));
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = FLOAT8OID;
	ARR_DIMS(array)[0] = encoder->width;
	ARR_LBOUND(array)[0] = 1;

	code = (double *) ARR_DATA_PTR(array);
	switch (encoder->options.method)
	{
		case ENCODER_ONE_HOT:
			if (position > 0)
				code[position - 1] = 1;
			break;
		case ENCODER_DUMMY:
			if (position > 1)
				code[position - 2] = 1;
			break;
		case ENCODER_ORDINAL:
			code[0] = position;
			break;
		case ENCODER_FREQUENCY:
			if (encoder->nrows > 0)
				code[0] = (double) level_at(encoder, position)->nrows / encoder->nrows;
			break;
		case ENCODER_TARGET:
			code[0] = target_mean(encoder, level_at(encoder, position));
			break;
	}

	return PointerGetDatum(array);
}
