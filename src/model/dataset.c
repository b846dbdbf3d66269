/*-------------------------------------------------------------------------
 *
 * dataset.c
 *	  What a training reads, as rows to be looked at.
 *
 * IDENTIFICATION
 *	  src/model/dataset.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "model/dataset.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"

#define ROW_COLUMNS		5

/* The arguments after those of every training. */
enum
{
	ARG_KEEP_NULLS = DATASET_ARGUMENTS,
	ARG_DUMMY
};

static Dataset *
read_dataset(FunctionCallInfo fcinfo)
{
	DatasetOptions options;

	dataset_arguments(fcinfo, &options);
	options.keep_nulls = !PG_ARGISNULL(ARG_KEEP_NULLS) && PG_GETARG_BOOL(ARG_KEEP_NULLS);
	options.default_dummy = !PG_ARGISNULL(ARG_DUMMY) && PG_GETARG_BOOL(ARG_DUMMY);

	return dataset_read(&options);
}

static void
put_part(ReturnSetInfo *rsinfo, const char *part, Columns *columns)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "shopanalytics row",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ColumnsScan scan;
	Block	   *block;
	int			r;

	columns_rewind(&scan, columns);
	while ((block = columns_next(&scan)) != NULL)
	{
		for (r = 0; r < block->nrows; r++)
		{
			bool		nulls[ROW_COLUMNS] = {[2] = block->y == NULL,[3] = block->weight == NULL};
			Datum		values[ROW_COLUMNS] = {
				CStringGetTextDatum(part),
				Int64GetDatum((int64) block->id[r]),
				block->y == NULL ? (Datum) 0 : Float8GetDatum(block->y[r]),
				block->weight == NULL ? (Datum) 0 : Float8GetDatum(block->weight[r]),
				preparation_array(block->x + r, BLOCK_ROWS, columns->ncolumns)
			};

			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
			MemoryContextReset(context);
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/*
 * _dataset(...) -> (part text, id bigint, label float8, weight float8, terms float8[])
 */
PG_FUNCTION_INFO_V1(_dataset);
Datum
_dataset(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Dataset    *dataset;

	InitMaterializedSRF(fcinfo, 0);
	dataset = read_dataset(fcinfo);
	put_part(rsinfo, "train", dataset->train);
	put_part(rsinfo, "test", dataset->test);
	dataset_free(dataset);

	return (Datum) 0;
}

/*
 * _dataset_counts(...) -> (n_train bigint, n_test bigint, n_skipped bigint,
 *		n_label_null bigint, n_positive bigint, positive text, negative text)
 */
PG_FUNCTION_INFO_V1(_dataset_counts);
Datum
_dataset_counts(PG_FUNCTION_ARGS)
{
	Dataset    *dataset = read_dataset(fcinfo);
	Datum		values[7] = {
		Int64GetDatum(dataset->train->nrows),
		Int64GetDatum(dataset->test->nrows),
		Int64GetDatum(dataset->nskipped),
		Int64GetDatum(dataset->nlabel_null),
		Int64GetDatum(dataset->ntrain_positive),
		dataset->positive == NULL ? (Datum) 0 : CStringGetTextDatum(dataset->positive),
		dataset->negative == NULL ? (Datum) 0 : CStringGetTextDatum(dataset->negative)
	};
	bool		nulls[7] = {[5] = dataset->positive == NULL,[6] = dataset->negative == NULL};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	dataset_free(dataset);

	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* _preparation(...) -> bytea */
PG_FUNCTION_INFO_V1(_preparation);
Datum
_preparation(PG_FUNCTION_ARGS)
{
	Dataset    *dataset = read_dataset(fcinfo);
	StringInfoData buf;

	pq_begintypsend(&buf);
	preparation_write(&buf, dataset->preparation);
	dataset_free(dataset);

	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
