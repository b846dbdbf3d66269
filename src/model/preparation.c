/*-------------------------------------------------------------------------
 *
 * preparation.c
 *	  From the columns of a row to the numbers that a model works on.
 *
 * A model works on terms, which are numbers: a feature that is a number is one,
 * with perhaps another one that says whether it was NULL; a category is one number
 * of its level, or a term for each level.  What the levels are, and what NULL
 * becomes, is learned from the training rows and stored with the model, so that a
 * row gives the same terms wherever it is scored.
 *
 * IDENTIFICATION
 *	  src/model/preparation.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "model/preparation.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/typcache.h"

#include "compat.h"

#define TERM_COLUMNS	6

/* Every "stride"th of the numbers; NaN is NULL. */
Datum
preparation_array(const double *numbers, int stride, int n)
{
	Datum	   *values = palloc(Max(1, n) * sizeof(Datum));
	bool	   *nulls = palloc(Max(1, n) * sizeof(bool));
	int			lower = 1;
	int			i;

	for (i = 0; i < n; i++)
	{
		double		number = numbers[(Size) i * stride];

		nulls[i] = isnan(number);
		values[i] = Float8GetDatum(number);
	}

	return PointerGetDatum(construct_md_array(values, nulls, 1, &n, &lower, FLOAT8OID,
											  sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static Preparation *
read_preparation(bytea *bytes)
{
	StringInfoData buf;
	Preparation *p;

	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	p = preparation_read(&buf);
	pq_getmsgend(&buf);

	return p;
}

static void
put_term(ReturnSetInfo *rsinfo, const Preparation *p, int term, const Feature *feature, const Level *level)
{
	const char *name = level == NULL ? NULL : level->name;
	Datum		values[TERM_COLUMNS] = {
		CStringGetTextDatum(feature->name),
		term < 0 ? (Datum) 0 : CStringGetTextDatum(p->terms[term].name),
		name == NULL ? (Datum) 0 : CStringGetTextDatum(name),
		level == NULL ? (Datum) 0 : Int64GetDatum(level->count),
		level == NULL ? (Datum) 0 : Float8GetDatum(level->value),
		Float8GetDatum(feature->fill)
	};
	bool		nulls[TERM_COLUMNS] = {false, term < 0, name == NULL, level == NULL,
		level == NULL || preparation_has_level_terms(feature),
	level != NULL || feature->null_fill < NULL_VALUE || feature->null_fill > NULL_INDICATOR};

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * _preparation_terms(bytea) -> (feature text, term text, level text, level_count bigint,
 *		value float8, fill float8)
 */
PG_FUNCTION_INFO_V1(_preparation_terms);
Datum
_preparation_terms(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const Preparation *p = read_preparation(PG_GETARG_BYTEA_PP(0));
	int			i;
	int			j;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < p->nfeatures; i++)
	{
		const Feature *feature = &p->features[i];

		if (feature->kind != FEATURE_CATEGORY)
		{
			for (j = 0; j < feature->nterms; j++)
				put_term(rsinfo, p, feature->first_term + j, feature, NULL);
			continue;
		}
		for (j = 0; j < feature->nlevels; j++)
			put_term(rsinfo, p, preparation_has_level_terms(feature) ? feature->levels[j].term : feature->first_term,
					 feature, &feature->levels[j]);
	}

	return (Datum) 0;
}

/* What is kept from one call of _preparation_apply() to the next. */
typedef struct ApplyState
{
	Preparation *preparation;
	PreparationRow *row;
	TupleDesc	desc;
	Datum	   *values;
	bool	   *nulls;
	double	   *terms;
} ApplyState;

static ApplyState *
apply_state(FunctionCallInfo fcinfo, HeapTupleHeader tuple)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	ApplyState *state = palloc(sizeof(ApplyState));

	state->preparation = read_preparation(PG_GETARG_BYTEA_PP(0));
	state->desc = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(tuple), HeapTupleHeaderGetTypMod(tuple));
	state->row = preparation_bind(state->preparation, state->desc);
	state->values = palloc(state->desc->natts * sizeof(Datum));
	state->nulls = palloc(state->desc->natts * sizeof(bool));
	state->terms = palloc(Max(1, state->preparation->nterms) * sizeof(double));
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = state;

	return state;
}

/* _preparation_apply(bytea, record) -> float8[], all calls with the same bytes and type */
PG_FUNCTION_INFO_V1(_preparation_apply);
Datum
_preparation_apply(PG_FUNCTION_ARGS)
{
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(1);
	ApplyState *state = fcinfo->flinfo->fn_extra;
	HeapTupleData tuple = {.t_data = header};

	if (state == NULL)
		state = apply_state(fcinfo, header);
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	heap_deform_tuple(&tuple, state->desc, state->values, state->nulls);
	if (!preparation_apply(state->row, state->values, state->nulls, state->terms))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(preparation_array(state->terms, 1, state->preparation->nterms));
}
