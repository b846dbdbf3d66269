/*-------------------------------------------------------------------------
 *
 * logistic_agg_result.c
 *	  A value of type logistic_fit.
 *
 * IDENTIFICATION
 *	  src/model/logistic_agg_result.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "model/logistic_agg.h"

/* The attributes of a logistic_fit, put in one after another. */
typedef struct FitTuple
{
	TupleDesc	desc;
	Datum	   *value;
	bool	   *null;
	int			next;
} FitTuple;

static void
put(FitTuple *tuple, Datum value, bool null)
{
	tuple->value[tuple->next] = value;
	tuple->null[tuple->next++] = null;
}

static void
put_number(FitTuple *tuple, double number)
{
	put(tuple, Float8GetDatum(number), isnan(number));
}

/* n numbers in rows of "width"; NULL when none is known. */
static void
put_numbers(FitTuple *tuple, const double *number, int n, int width)
{
	Datum	   *element = palloc(Max(n, 1) * sizeof(Datum));
	bool	   *null = palloc(Max(n, 1) * sizeof(bool));
	int			dims[2] = {n / Max(width, 1), width};
	int			lower[2] = {1, 1};
	bool		any = false;

	for (int i = 0; i < n; i++)
	{
		element[i] = Float8GetDatum(number[i]);
		null[i] = isnan(number[i]);
		any |= !null[i];
	}
	if (!any)
		put(tuple, (Datum) 0, true);
	else
		put(tuple,
			PointerGetDatum(construct_md_array(element, null, dims[0] > 1 ? 2 : 1,
											   dims[0] > 1 ? dims : dims + 1, lower, FLOAT8OID,
											   sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)),
			false);
}

static double
number_at(const LogisticTerm *term, size_t offset)
{
	double		number;

	memcpy(&number, (const char *) term + offset, sizeof(number));

	return number;
}

/* A number of each term, the intercept's first if it has one. */
static void
put_terms(FitTuple *tuple, const LogisticModel *model, bool intercept, size_t offset)
{
	double	   *number = palloc((model->nterms + 1) * sizeof(double));
	int			n = 0;

	if (intercept)
		number[n++] = number_at(&model->intercept, offset);
	for (int i = 0; i < model->nterms; i++)
		number[n++] = number_at(&model->terms[i], offset);
	put_numbers(tuple, number, n, n);
}

/* Positions of the terms that have a flag. */
static void
put_flagged(FitTuple *tuple, const LogisticModel *model, size_t offset)
{
	Datum	   *element = palloc(Max(model->nterms, 1) * sizeof(Datum));
	int			n = 0;

	for (int i = 0; i < model->nterms; i++)
		if (*(const bool *) ((const char *) &model->terms[i] + offset))
			element[n++] = Int32GetDatum(i + 1);
	put(tuple, PointerGetDatum(construct_array(element, n, INT4OID, sizeof(int32), true, TYPALIGN_INT)), false);
}

static void
put_odds_ratios(FitTuple *tuple, const LogisticModel *model)
{
	double	   *number = palloc((model->nterms + 1) * sizeof(double));

	number[0] = exp(model->intercept.coef);
	for (int i = 0; i < model->nterms; i++)
		number[i + 1] = exp(model->terms[i].coef);
	put_numbers(tuple, number, model->nterms + 1, model->nterms + 1);
}

static void
put_vcov(FitTuple *tuple, const LogisticModel *model)
{
	int			n = model->nterms + 1;

	if (model->vcov == NULL)
		put(tuple, (Datum) 0, true);
	else
		put_numbers(tuple, model->vcov, n * n, n);
}

/* In the order of the type's attributes. */
Datum
logistic_agg_result(const LogisticModel *model, int64 nskipped, TupleDesc desc)
{
	FitTuple	tuple = {.desc = desc};

	tuple.value = palloc(desc->natts * sizeof(Datum));
	tuple.null = palloc(desc->natts * sizeof(bool));
	put(&tuple, CStringGetTextDatum(logistic_status_name(model->status)), false);
	put_terms(&tuple, model, true, offsetof(LogisticTerm, coef));
	put_terms(&tuple, model, true, offsetof(LogisticTerm, std_err));
	put_terms(&tuple, model, true, offsetof(LogisticTerm, z));
	put_terms(&tuple, model, true, offsetof(LogisticTerm, p_value));
	put_odds_ratios(&tuple, model);
	put_vcov(&tuple, model);
	put_terms(&tuple, model, true, offsetof(LogisticTerm, coef_std));
	put_terms(&tuple, model, false, offsetof(LogisticTerm, mean));
	put_terms(&tuple, model, false, offsetof(LogisticTerm, sd));
	put_terms(&tuple, model, false, offsetof(LogisticTerm, vif));
	put_number(&tuple, model->log_likelihood);
	put_number(&tuple, model->null_log_likelihood);
	put_number(&tuple, model->objective);
	put_number(&tuple, model->aic);
	put_number(&tuple, model->bic);
	put_number(&tuple, logistic_mcfadden(model));
	put_number(&tuple, model->condition_number);
	put(&tuple, Int64GetDatum(model->n), false);
	put(&tuple, Int64GetDatum(model->npositive), false);
	put(&tuple, Int64GetDatum(nskipped), false);
	put(&tuple, Int32GetDatum(model->iterations), false);
	put_flagged(&tuple, model, offsetof(LogisticTerm, aliased));
	put_flagged(&tuple, model, offsetof(LogisticTerm, constant));
	put_flagged(&tuple, model, offsetof(LogisticTerm, separating));
	Assert(tuple.next == desc->natts);

	return HeapTupleGetDatum(heap_form_tuple(desc, tuple.value, tuple.null));
}
