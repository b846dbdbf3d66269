/*-------------------------------------------------------------------------
 *
 * point_array.h
 *	  Composite values as the result of a function: one, or an array of them.
 *
 * IDENTIFICATION
 *	  src/model/point_array.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_POINT_ARRAY_H
#define SHOPANALYTICS_POINT_ARRAY_H

#include "access/tupdesc.h"
#include "fmgr.h"
#include "utils/array.h"

#define POINT_MAX_FIELDS 24

typedef struct PointArray
{
	TupleDesc	tupdesc;
	Oid			type;
	ArrayBuildState *array;

	/* the fields of the next value, in order */
	int			nfields;
	Datum		value[POINT_MAX_FIELDS];
	bool		isnull[POINT_MAX_FIELDS];
} PointArray;

extern void point_array_begin(PointArray *points, FunctionCallInfo fcinfo);
extern void point_add_count(PointArray *points, int64 value);
extern void point_add_integer(PointArray *points, int32 value);
extern void point_add_number(PointArray *points, double value);
extern void point_add_numbers(PointArray *points, const double *value, int n);
extern void point_add_text(PointArray *points, const char *value);
extern Datum point_datum(PointArray *points);
extern void point_array_add(PointArray *points);
extern Datum point_array_datum(PointArray *points);

#endif							/* SHOPANALYTICS_POINT_ARRAY_H */
