/*-------------------------------------------------------------------------
 *
 * adjust_p_values.c
 *	  adjust_p_values(): p-values of several tests at once.
 *
 * IDENTIFICATION
 *	  src/experiment/adjust_p_values.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "experiment/arguments.h"

typedef struct PValue
{
	double		p;
	int			place;
} PValue;

typedef enum AdjustMethod
{
	ADJUST_BONFERRONI,
	ADJUST_HOLM,
	ADJUST_BH
} AdjustMethod;

PG_FUNCTION_INFO_V1(adjust_p_values);

static AdjustMethod
adjust_method(const char *name)
{
	if (pg_strcasecmp(name, "bonferroni") == 0)
		return ADJUST_BONFERRONI;
	if (pg_strcasecmp(name, "holm") == 0)
		return ADJUST_HOLM;
	if (pg_strcasecmp(name, "bh") == 0)
		return ADJUST_BH;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("there is no method \"%s\"", name),
			errhint("Methods are bonferroni, holm and BH."));
}

static void
check_p_value(double p, int place)
{
	if (!(p >= 0 && p <= 1))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("element %d is %g, which is no p-value", place, p),
				errhint("P-values are between 0 and 1; null elements are left out of account."));
}

static int
compare_p_values(const void *a, const void *b)
{
	double		p = ((const PValue *) a)->p;
	double		q = ((const PValue *) b)->p;

	return p < q ? -1 : p > q;
}

/* Adjusts n sorted values. */
static void
adjust(PValue *value, int n, AdjustMethod method)
{
	double		bound;

	switch (method)
	{
		case ADJUST_BONFERRONI:
			for (int i = 0; i < n; i++)
				value[i].p = Min(1, value[i].p * n);
			break;
		case ADJUST_HOLM:
			bound = 0;
			for (int i = 0; i < n; i++)
				value[i].p = bound = Max(bound, Min(1, value[i].p * (n - i)));
			break;
		case ADJUST_BH:
			bound = 1;
			for (int i = n - 1; i >= 0; i--)
				value[i].p = bound = Min(bound, value[i].p * n / (i + 1));
			break;
	}
}

/* (p float8[], method text) => float8[], in the places of p */
Datum
adjust_p_values(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	AdjustMethod method = adjust_method(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	int			length = argument_array_length(array, "p");
	int			n = 0;
	Datum	   *element;
	bool	   *isnull;
	PValue	   *value;

	if (length == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(FLOAT8OID));

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &element, &isnull, &length);
	value = palloc(sizeof(PValue) * length);
	for (int i = 0; i < length; i++)
	{
		if (isnull[i])
			continue;
		value[n].p = DatumGetFloat8(element[i]);
		check_p_value(value[n].p, i + 1);
		value[n++].place = i;
	}
	qsort(value, n, sizeof(PValue), compare_p_values);
	adjust(value, n, method);
	for (int i = 0; i < n; i++)
		element[value[i].place] = Float8GetDatum(value[i].p);

	PG_RETURN_ARRAYTYPE_P(construct_md_array(element, isnull, 1, &length, ARR_LBOUND(array),
											 FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
											 TYPALIGN_DOUBLE));
}
