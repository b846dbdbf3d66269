/*-------------------------------------------------------------------------
 *
 * point_array.c
 *	  Composite values as the result of a function: one, or an array of them.
 *
 * IDENTIFICATION
 *	  src/model/point_array.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "model/point_array.h"

/* The type is that of the function's result, or of its elements. */
void
point_array_begin(PointArray *points, FunctionCallInfo fcinfo)
{
	Oid			result = get_func_rettype(fcinfo->flinfo->fn_oid);
	Oid			element = get_element_type(result);

	memset(points, 0, sizeof(PointArray));
	points->type = OidIsValid(element) ? element : result;
	points->tupdesc = lookup_rowtype_tupdesc_copy(points->type, -1);
	Assert(points->tupdesc->natts <= POINT_MAX_FIELDS);
	points->array = initArrayResult(points->type, CurrentMemoryContext, false);
}

static void
add_field(PointArray *points, Oid type, Datum value, bool isnull)
{
	if (points->nfields >= points->tupdesc->natts ||
		TupleDescAttr(points->tupdesc, points->nfields)->atttypid != type)
		elog(ERROR, "field %d of type %u does not match", points->nfields + 1, points->type);
	points->isnull[points->nfields] = isnull;
	points->value[points->nfields++] = value;
}

void
point_add_count(PointArray *points, int64 value)
{
	add_field(points, INT8OID, Int64GetDatum(value), false);
}

void
point_add_integer(PointArray *points, int32 value)
{
	add_field(points, INT4OID, Int32GetDatum(value), false);
}

/* NaN is NULL. */
void
point_add_number(PointArray *points, double value)
{
	add_field(points, FLOAT8OID, Float8GetDatum(value), isnan(value));
}

/* An array of numbers, none of which is NULL. */
void
point_add_numbers(PointArray *points, const double *value, int n)
{
	Datum	   *element = palloc(sizeof(Datum) * n);

	for (int i = 0; i < n; i++)
		element[i] = Float8GetDatum(value[i]);
	add_field(points, FLOAT8ARRAYOID,
			  PointerGetDatum(construct_array(element, n, FLOAT8OID, sizeof(float8),
											  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)), false);
}

/* A null pointer is NULL. */
void
point_add_text(PointArray *points, const char *value)
{
	add_field(points, TEXTOID, value ? CStringGetTextDatum(value) : (Datum) 0, value == NULL);
}

/* The fields added last, as one value. */
Datum
point_datum(PointArray *points)
{
	HeapTuple	tuple;

	if (points->nfields != points->tupdesc->natts)
		elog(ERROR, "%d fields do not match type %u", points->nfields, points->type);
	points->nfields = 0;
	tuple = heap_form_tuple(points->tupdesc, points->value, points->isnull);

	return HeapTupleGetDatum(tuple);
}

void
point_array_add(PointArray *points)
{
	accumArrayResult(points->array, point_datum(points), false, points->type,
					 CurrentMemoryContext);
}

Datum
point_array_datum(PointArray *points)
{
	return makeArrayResult(points->array, CurrentMemoryContext);
}
