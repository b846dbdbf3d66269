/*-------------------------------------------------------------------------
 *
 * scale.c
 *	  standard_scale() and minmax_scale(): features on a common scale, one at a
 *	  time or an array of them.
 *
 * IDENTIFICATION
 *	  src/model/scale.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/float.h"

/* One feature by the two numbers that are known of it. */
typedef double (*ScaleOne) (double x, double first, double second);

PG_FUNCTION_INFO_V1(standard_scale);
PG_FUNCTION_INFO_V1(standard_scale_array);
PG_FUNCTION_INFO_V1(minmax_scale);
PG_FUNCTION_INFO_V1(minmax_scale_array);

/* A feature that never varied says nothing: 0, whatever its value now. */
static double
standard_one(double x, double mean, double sd)
{
	if (sd < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("sd must not be negative"));

	return sd == 0 && !isnan(x) ? 0.0 : float8_div(float8_mi(x, mean), sd);
}

static double
minmax_one(double x, double min, double max)
{
	if (max < min)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("max must not be less than min"));

	return max == min && !isnan(x) ? 0.0 : float8_div(float8_mi(x, min), float8_mi(max, min));
}

static void
scale_check_shape(ArrayType *array, ArrayType *x, const char *name)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("%s must be an array of one dimension, not %d", name, ARR_NDIM(array)));
	if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) != ArrayGetNItems(ARR_NDIM(x), ARR_DIMS(x)))
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("%s has %d elements, x has %d", name,
					   ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)),
					   ArrayGetNItems(ARR_NDIM(x), ARR_DIMS(x))));
}

/* Walks an array of float8. */
typedef struct ScaleWalk
{
	const bits8 *present;		/* NULL: all are */
	const char *data;
} ScaleWalk;

static inline bool
scale_next(ScaleWalk *walk, int i, double *value)
{
	if (walk->present && !(walk->present[i / 8] & (1 << (i % 8))))
		return false;
	memcpy(value, walk->data, sizeof(double));
	walk->data += sizeof(double);

	return true;
}

/* Position by position; NULL where one of the three is. */
static Datum
scale_array(ArrayType *array[3], const char *const name[3], ScaleOne one)
{
	ScaleWalk	walk[3];
	Datum	   *values;
	bool	   *nulls;
	int			lower = 1;
	int			n;

	for (int i = 0; i < 3; i++)
	{
		scale_check_shape(array[i], array[0], name[i]);
		walk[i].present = ARR_NULLBITMAP(array[i]);
		walk[i].data = ARR_DATA_PTR(array[i]);
	}
	n = ArrayGetNItems(ARR_NDIM(array[0]), ARR_DIMS(array[0]));
	if (n == 0)
		return PointerGetDatum(construct_empty_array(FLOAT8OID));

	values = palloc(sizeof(Datum) * n);
	nulls = palloc(sizeof(bool) * n);
	for (int i = 0; i < n; i++)
	{
		double		x = 0.0,
					first = 0.0,
					second = 0.0;

		nulls[i] = !scale_next(&walk[0], i, &x);
		nulls[i] |= !scale_next(&walk[1], i, &first);
		nulls[i] |= !scale_next(&walk[2], i, &second);
		values[i] = nulls[i] ? (Datum) 0 : Float8GetDatum(one(x, first, second));
	}

	return PointerGetDatum(construct_md_array(values, nulls, 1, &n, &lower, FLOAT8OID, 8,
											  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* (x float8, mean float8, sd float8) => float8 */
Datum
standard_scale(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(standard_one(PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2)));
}

/* (x float8[], mean float8[], sd float8[]) => float8[] */
Datum
standard_scale_array(PG_FUNCTION_ARGS)
{
	static const char *const name[3] = {"x", "mean", "sd"};
	ArrayType  *array[3] = {PG_GETARG_ARRAYTYPE_P(0), PG_GETARG_ARRAYTYPE_P(1), PG_GETARG_ARRAYTYPE_P(2)};

	return scale_array(array, name, standard_one);
}

/* (x float8, min float8, max float8) => float8 */
Datum
minmax_scale(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(minmax_one(PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2)));
}

/* (x float8[], min float8[], max float8[]) => float8[] */
Datum
minmax_scale_array(PG_FUNCTION_ARGS)
{
	static const char *const name[3] = {"x", "min", "max"};
	ArrayType  *array[3] = {PG_GETARG_ARRAYTYPE_P(0), PG_GETARG_ARRAYTYPE_P(1), PG_GETARG_ARRAYTYPE_P(2)};

	return scale_array(array, name, minmax_one);
}
