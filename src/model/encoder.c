/*-------------------------------------------------------------------------
 *
 * encoder.c
 *	  encode() and encoder_levels(): codes by an encoder that was fitted; the
 *	  fitting is in encoder_fit.c, what a code is in encoder_code.c.
 *
 * encode() reads an encoder once and keeps it as long as the same expression is
 * evaluated under a snapshot that shows the same: a statement has one snapshot, and
 * a loop in PL/pgSQL, which evaluates one expression again and again, gets others
 * once anything has been written or committed.  A role that was changed to may see
 * other encoders.
 *
 * IDENTIFICATION
 *	  src/model/encoder.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "model/encoder.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "compat.h"

#define ENCODER_LEVELS_ATTRS	6

/* What two snapshots that show the same have in common. */
typedef struct EncodeView
{
	TransactionId xmin;
	TransactionId xmax;
	uint32		xcnt;
	int32		subxcnt;
	CommandId	curcid;
	SubTransactionId subxact;
	Oid			role;
} EncodeView;

typedef struct KnownEncoder
{
	struct KnownEncoder *next;
	const Encoder *encoder;
	int			len;
	char		name[FLEXIBLE_ARRAY_MEMBER];	/* not terminated */
} KnownEncoder;

/* What an expression keeps from call to call. */
typedef struct EncodeCache
{
	EncodeView	view;
	KnownEncoder *known;		/* the one used last comes first */
	MemoryContext context;		/* of what is known */
} EncodeCache;

PG_FUNCTION_INFO_V1(_fit_encoder);
PG_FUNCTION_INFO_V1(encode);
PG_FUNCTION_INFO_V1(encoder_levels);

static inline EncodeView
current_view(void)
{
	Snapshot	snapshot = GetActiveSnapshot();
	EncodeView	view;

	/* compared byte by byte */
	memset(&view, 0, sizeof(view));
	view.xmin = snapshot->xmin;
	view.xmax = snapshot->xmax;
	view.xcnt = snapshot->xcnt;
	view.subxcnt = snapshot->subxcnt;
	view.curcid = snapshot->curcid;
	view.subxact = GetCurrentSubTransactionId();
	view.role = GetUserId();

	return view;
}

static bool
spi_is_null(int column)
{
	bool		isnull;

	(void) SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &isnull);

	return isnull;
}

static Datum
spi_value(int column)
{
	bool		isnull;

	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &isnull);
}

/* Of the row that was read, in the current memory context. */
static Encoder *
encoder_from_row(void)
{
	EncoderOptions options = {
		.method = encoder_method(TextDatumGetCString(spi_value(1))),
		.unknown = encoder_unknown(TextDatumGetCString(spi_value(2))),
		.min_count = DatumGetInt32(spi_value(3)),
		.smoothing = DatumGetFloat8(spi_value(4)),
	};

	return encoder_create(&options, spi_is_null(5) ? 0 : DatumGetFloat8(spi_value(5)),
						  DatumGetArrayTypePCopy(spi_value(6)),
						  DatumGetArrayTypePCopy(spi_value(7)),
						  spi_is_null(8) ? NULL : DatumGetArrayTypePCopy(spi_value(8)));
}

/* In the current memory context, as the snapshot and the rights of the caller have it. */
static Encoder *
encoder_load(text *name)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext old;
	Oid			type = TEXTOID;
	Datum		value = PointerGetDatum(name);
	Encoder    *encoder;

	SPI_connect();
	if (SPI_execute_with_args("SELECT method, unknown, min_count, smoothing, prior, levels, level_rows, level_sums"
							  " FROM shopanalytics.encoder WHERE name OPERATOR(pg_catalog.=) $1",
							  1, &type, &value, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the encoders");
	if (SPI_processed == 0)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("encoder \"%s\" does not exist", text_to_cstring(name)),
				errhint("SELECT name FROM shopanalytics.encoder lists the encoders that you may use; fit_encoder makes one."));
	old = MemoryContextSwitchTo(context);
	encoder = encoder_from_row();
	MemoryContextSwitchTo(old);
	SPI_finish();

	return encoder;
}

static EncodeCache *
encode_cache(FmgrInfo *flinfo)
{
	EncodeCache *cache = flinfo->fn_extra;
	EncodeView	view = current_view();

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(EncodeCache));
		cache->context = AllocSetContextCreate(flinfo->fn_mcxt, "shopanalytics encoders",
											   ALLOCSET_DEFAULT_SIZES);
		flinfo->fn_extra = cache;
	}
	if (memcmp(&cache->view, &view, sizeof(view)) != 0)
	{
		cache->known = NULL;
		MemoryContextReset(cache->context);
		cache->view = view;
	}

	return cache;
}

/* Looks behind the first, which is another one, and reads the encoder at last. */
static const Encoder *
encoder_behind_first(EncodeCache *cache, text *name)
{
	int			len = VARSIZE_ANY_EXHDR(name);
	MemoryContext old;
	KnownEncoder *known;

	for (KnownEncoder **link = &cache->known; (known = *link) != NULL; link = &known->next)
	{
		if (known->len != len || memcmp(known->name, VARDATA_ANY(name), len) != 0)
			continue;
		*link = known->next;
		known->next = cache->known;
		cache->known = known;

		return known->encoder;
	}

	old = MemoryContextSwitchTo(cache->context);
	known = palloc(offsetof(KnownEncoder, name) + len);
	known->encoder = encoder_load(name);
	known->len = len;
	memcpy(known->name, VARDATA_ANY(name), len);
	known->next = cache->known;
	cache->known = known;
	MemoryContextSwitchTo(old);

	return known->encoder;
}

static inline const Encoder *
encode_encoder(EncodeCache *cache, text *name)
{
	const KnownEncoder *first = cache->known;

	if (likely(first != NULL && first->len == VARSIZE_ANY_EXHDR(name) &&
			   memcmp(first->name, VARDATA_ANY(name), first->len) == 0))
		return first->encoder;

	return encoder_behind_first(cache, name);
}

static void
encoder_check_not_null(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("encoder must not be null"));
}

/*
 * (encoder text, source text, column_name text, method text, label text,
 * min_count int4, smoothing float8, unknown text) => record
 */
Datum
_fit_encoder(PG_FUNCTION_ARGS)
{
	return encoder_fit(fcinfo);
}

/* (encoder text, value text) => float8[] */
Datum
encode(PG_FUNCTION_ARGS)
{
	const Encoder *encoder;
	text	   *value = NULL;
	int			level;

	encoder_check_not_null(fcinfo);
	encoder = encode_encoder(encode_cache(fcinfo->flinfo), PG_GETARG_TEXT_PP(0));
	if (!PG_ARGISNULL(1))
		value = PG_GETARG_TEXT_PP(1);

	level = encoder_find(encoder, value ? VARDATA_ANY(value) : NULL, value ? VARSIZE_ANY_EXHDR(value) : 0);
	if (level == ENCODER_UNSEEN && encoder->options.unknown == ENCODER_UNKNOWN_ERROR)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				value ? errmsg("encoder \"%s\" has not seen the level \"%.100s\"", text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(value)) :
				errmsg("encoder \"%s\" has not seen a null", text_to_cstring(PG_GETARG_TEXT_PP(0))),
				errhint("Fit it with unknown => 'other' or 'ignore' to allow that, or fit it again."));

	PG_RETURN_DATUM(encoder_code(encoder, encoder_position(encoder, level)));
}

static void
put_level(ReturnSetInfo *rsinfo, const Encoder *encoder, const EncoderLevel *level,
		  const char *kind, int position)
{
	bool		has_label = encoder->options.method == ENCODER_TARGET;
	Datum		values[ENCODER_LEVELS_ATTRS];
	bool		nulls[ENCODER_LEVELS_ATTRS] = {false};

	values[0] = Int32GetDatum(position);
	nulls[0] = position == 0;
	nulls[1] = level->text == NULL;
	values[1] = nulls[1] ? (Datum) 0 : PointerGetDatum(cstring_to_text_with_len(level->text, level->len));
	values[2] = CStringGetTextDatum(kind);
	values[3] = Int64GetDatum(level->nrows);
	nulls[4] = !has_label || level->nrows == 0;
	values[4] = Float8GetDatum(nulls[4] ? 0 : level->sum / level->nrows);
	values[5] = encoder_code(encoder, position);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* (encoder text) => setof record: by position, then the rare ones */
Datum
encoder_levels(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext row_context;
	MemoryContext old;
	const Encoder *encoder;
	int			other;

	encoder_check_not_null(fcinfo);
	InitMaterializedSRF(fcinfo, 0);
	encoder = encoder_load(PG_GETARG_TEXT_PP(0));
	other = encoder_position(encoder, ENCODER_UNSEEN);
	row_context = AllocSetContextCreate(CurrentMemoryContext, "shopanalytics row", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(row_context);
	for (int rare = 0; rare < 2; rare++)
	{
		for (int i = 0; i < encoder->nlevels; i++)
		{
			const EncoderLevel *level = &encoder->levels[i];

			if ((level->position == 0) != (rare == 1))
				continue;
			CHECK_FOR_INTERRUPTS();
			put_level(rsinfo, encoder, level, rare ? "rare" : level->text ? "level" : "null",
					  rare ? other : level->position);
			MemoryContextReset(row_context);
		}
		if (!rare && encoder->has_other)
			put_level(rsinfo, encoder, &encoder->other, "other", other);
	}
	MemoryContextSwitchTo(old);

	return (Datum) 0;
}
