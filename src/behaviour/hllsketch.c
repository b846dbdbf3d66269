/*-------------------------------------------------------------------------
 *
 * hllsketch.c
 *	  Type hllsketch: how many distinct values there are, nearly; the
 *	  aggregates that make and merge sketches, and what can be asked.
 *
 * A sketch is small, whatever it has seen, and sketches of days make that of a
 * month, which numbers of distinct values do not.  As long as there are few
 * values it is exact.  The same values make the same sketch in whatever order
 * and by whatever merges, on every machine.
 *
 * IDENTIFICATION
 *	  src/behaviour/hllsketch.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "behaviour/hll_state.h"
#include "behaviour/stable_hash.h"
#include "compat.h"

#define SHOWN_BYTES		32		/* of an input that is wrong */

PG_FUNCTION_INFO_V1(hllsketch_in);
PG_FUNCTION_INFO_V1(hllsketch_out);
PG_FUNCTION_INFO_V1(hllsketch_recv);
PG_FUNCTION_INFO_V1(hllsketch_send);
PG_FUNCTION_INFO_V1(approx_distinct_agg_transfn);
PG_FUNCTION_INFO_V1(hllsketch_rollup_transfn);
PG_FUNCTION_INFO_V1(approx_distinct_agg_combinefn);
PG_FUNCTION_INFO_V1(approx_distinct_agg_serialfn);
PG_FUNCTION_INFO_V1(approx_distinct_agg_deserialfn);
PG_FUNCTION_INFO_V1(approx_distinct_agg_finalfn);
PG_FUNCTION_INFO_V1(approx_distinct);
PG_FUNCTION_INFO_V1(approx_distinct_error);

static void
hllsketch_fail(const HllReader *reader, const char *str)
{
	const char *at = (const char *) reader->at;

	ereport(ERROR,
			errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			errmsg("invalid input syntax for type %s at position %d: %s",
				   "hllsketch", pg_mbstrlen_with_len(str, at - str) + 1,
				   reader->fault),
			reader->at == reader->end ? errdetail("The input ends there.") :
			errdetail("There is \"%.*s\".",
					  pg_mbcliplen(at, strlen(at), SHOWN_BYTES), at));
}

/* (cstring) => hllsketch */
Datum
hllsketch_in(PG_FUNCTION_ARGS)
{
	const char *str = PG_GETARG_CSTRING(0);
	HllReader	reader;
	HllState	state;
	uint64		hash;

	if (hllsketch_parse_head(&reader, str, strlen(str)))
	{
		hll_state_init(&state, CurrentMemoryContext, reader.precision);
		if (reader.registers)
		{
			state.registers = palloc(HLLSKETCH_REGISTERS(reader.precision));
			hllsketch_parse_registers(&reader, state.registers);
		}
		else
			while (hllsketch_parse_hash(&reader, &hash))
			{
				CHECK_FOR_INTERRUPTS();
				hll_state_add(&state, hash);
			}
	}
	if (reader.fault != NULL)
		hllsketch_fail(&reader, str);

	PG_RETURN_BYTEA_P(hll_state_encode(&state, NULL, 0));
}

/* A sketch that was stored; it refers to the bytes. */
static void
hllsketch_read(bytea *bytes, HllSketch *sketch)
{
	hll_sketch_read(sketch, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
					ERRCODE_DATA_CORRUPTED);
}

/* (hllsketch) => cstring */
Datum
hllsketch_out(PG_FUNCTION_ARGS)
{
	HllSketch	sketch;
	char	   *result;

	hllsketch_read(PG_GETARG_BYTEA_PP(0), &sketch);
	result = palloc(hllsketch_text_size(&sketch));
	hllsketch_format(&sketch, result);

	PG_RETURN_CSTRING(result);
}

/* (internal) => hllsketch; only what could have been written here is taken */
Datum
hllsketch_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			len = buf->len - buf->cursor;
	const char *bytes = pq_getmsgbytes(buf, len);
	HllSketch	sketch;

	hll_sketch_read(&sketch, bytes, len, ERRCODE_INVALID_BINARY_REPRESENTATION);

	PG_RETURN_BYTEA_P(cstring_to_text_with_len(bytes, len));
}

/* (hllsketch) => bytea; what is stored is what is sent */
Datum
hllsketch_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(PG_GETARG_BYTEA_P_COPY(0));
}

static int
hllsketch_precision(FunctionCallInfo fcinfo, int argno)
{
	int32		precision;

	if (PG_NARGS() <= argno)
		return HLLSKETCH_PRECISION;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("precision must not be null"));

	precision = PG_GETARG_INT32(argno);
	if (precision < HLLSKETCH_MIN_PRECISION || precision > HLLSKETCH_MAX_PRECISION)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("precision must be between %d and %d, got %d",
					   HLLSKETCH_MIN_PRECISION, HLLSKETCH_MAX_PRECISION,
					   precision));

	return precision;
}

/* Caller must have made sure that this is an aggregate. */
static HllState *
hllsketch_state(FunctionCallInfo fcinfo, MemoryContext aggcontext, int precision)
{
	HllState   *state;

	if (!PG_ARGISNULL(0))
		return (HllState *) PG_GETARG_POINTER(0);

	state = MemoryContextAlloc(aggcontext, sizeof(HllState));
	hll_state_init(state, aggcontext, precision);

	return state;
}

/* How the values of this call are hashed; found out once. */
static StableHash *
hllsketch_stable_hash(FunctionCallInfo fcinfo, int argno)
{
	if (unlikely(fcinfo->flinfo->fn_extra == NULL))
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, argno);

		if (!OidIsValid(type))
			elog(ERROR, "could not determine the type of the values to count");
		fcinfo->flinfo->fn_extra = stable_hash_of_type(type, PG_GET_COLLATION(),
													   fcinfo->flinfo->fn_mcxt);
	}

	return fcinfo->flinfo->fn_extra;
}

/* (internal, v anyelement [, precision int4]) => internal */
Datum
approx_distinct_agg_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	StableHash *hash;
	HllState   *state;
	int			precision;

	/* cannot be called directly because of internal-type argument */
	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "approx_distinct_agg_transfn called in non-aggregate context");

	/* also for NULL: a type or a precision that is wrong is so at every row */
	hash = hllsketch_stable_hash(fcinfo, 1);
	precision = hllsketch_precision(fcinfo, 2);
	state = hllsketch_state(fcinfo, aggcontext, precision);
	hll_state_check_precision(state, precision);

	/* like count(v): a NULL is no value */
	if (!PG_ARGISNULL(1))
		hll_state_add(state, stable_hash(hash, PG_GETARG_DATUM(1)));

	PG_RETURN_POINTER(state);
}

/* (internal, s hllsketch) => internal */
Datum
hllsketch_rollup_transfn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	HllState   *state;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "hllsketch_rollup_transfn called in non-aggregate context");

	state = hllsketch_state(fcinfo, aggcontext, 0);
	if (!PG_ARGISNULL(1))
	{
		bytea	   *bytes = PG_GETARG_BYTEA_PP(1);

		hll_state_take(state, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes),
					   ERRCODE_DATA_CORRUPTED);
	}

	PG_RETURN_POINTER(state);
}

/* (internal, internal) => internal */
Datum
approx_distinct_agg_combinefn(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	HllState   *state;
	HllState   *other;

	if (!AggCheckCallContext(fcinfo, &aggcontext))
		elog(ERROR, "approx_distinct_agg_combinefn called in non-aggregate context");

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}

	/* the other state is short-lived: never returned, always copied */
	other = (HllState *) PG_GETARG_POINTER(1);
	state = hllsketch_state(fcinfo, aggcontext, other->fixed ? other->precision : 0);
	hll_state_merge(state, other);

	PG_RETURN_POINTER(state);
}

/* (internal) => bytea; the precision asked for, if it was, then the sketch */
Datum
approx_distinct_agg_serialfn(PG_FUNCTION_ARGS)
{
	HllState   *state;
	char		head;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "approx_distinct_agg_serialfn called in non-aggregate context");

	state = (HllState *) PG_GETARG_POINTER(0);
	head = state->fixed ? state->precision : 0;

	PG_RETURN_BYTEA_P(hll_state_encode(state, &head, 1));
}

/* (bytea, internal) => internal; result is short-lived, current context is right */
Datum
approx_distinct_agg_deserialfn(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	HllState   *state;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "approx_distinct_agg_deserialfn called in non-aggregate context");

	bytes = PG_GETARG_BYTEA_PP(0);
	state = palloc(sizeof(HllState));
	hll_state_init(state, CurrentMemoryContext, *VARDATA_ANY(bytes));
	hll_state_take(state, VARDATA_ANY(bytes) + 1, VARSIZE_ANY_EXHDR(bytes) - 1,
				   ERRCODE_INVALID_BINARY_REPRESENTATION);

	PG_RETURN_POINTER(state);
}

/* (internal) => hllsketch; of no row it is the sketch of no value */
Datum
approx_distinct_agg_finalfn(PG_FUNCTION_ARGS)
{
	HllState	none;

	/* cannot be called directly because of internal-type argument */
	Assert(AggCheckCallContext(fcinfo, NULL));

	if (!PG_ARGISNULL(0))
		PG_RETURN_BYTEA_P(hll_state_encode((HllState *) PG_GETARG_POINTER(0), NULL, 0));

	hll_state_init(&none, CurrentMemoryContext, 0);
	PG_RETURN_BYTEA_P(hll_state_encode(&none, NULL, 0));
}

/* (s hllsketch) => int8 */
Datum
approx_distinct(PG_FUNCTION_ARGS)
{
	HllSketch	sketch;
	uint8	   *registers;
	double		estimate;

	hllsketch_read(PG_GETARG_BYTEA_PP(0), &sketch);
	if (!sketch.registers)
		PG_RETURN_INT64(sketch.nhashes);

	registers = palloc(HLLSKETCH_REGISTERS(sketch.precision));
	hllsketch_unpack(&sketch, registers);
	estimate = rint(hllsketch_estimate(registers, sketch.precision));
	pfree(registers);

	/* there are registers only if the list was too long */
	estimate = Max(estimate, HLLSKETCH_LIST_LIMIT(sketch.precision) + 1);
	PG_RETURN_INT64(FLOAT8_FITS_IN_INT64(estimate) ? (int64) estimate : PG_INT64_MAX);
}

/* (s hllsketch) => float8 */
Datum
approx_distinct_error(PG_FUNCTION_ARGS)
{
	HllSketch	sketch;

	hllsketch_read(PG_GETARG_BYTEA_PP(0), &sketch);

	PG_RETURN_FLOAT8(sketch.registers ? hllsketch_standard_error(sketch.precision) : 0);
}
