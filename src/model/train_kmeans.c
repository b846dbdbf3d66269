/*-------------------------------------------------------------------------
 *
 * train_kmeans.c
 *	  Clusters of the rows of a source, for SQL.
 *
 * IDENTIFICATION
 *	  src/model/train_kmeans.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "model/dataset.h"
#include "model/kmeans.h"
#include "model/model.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/typcache.h"

#include "compat.h"

#define MAX_ITERATIONS	1000000

/* Arguments after those of every training. */
enum
{
	ARG_K = DATASET_ARGUMENTS,
	ARG_SCALE,
	ARG_INIT,
	ARG_INIT_CENTERS,
	ARG_N_INIT,
	ARG_MAX_ITERATIONS,
	ARG_TOLERANCE,
	ARG_VIP_FEATURES
};

/* Attributes of kmeans_result. */
enum
{
	RESULT_MODEL,				/* these two are filled in by what stores it */
	RESULT_VERSION,
	RESULT_STATUS,
	RESULT_K,
	RESULT_N,
	RESULT_N_SKIPPED,
	RESULT_INERTIA,
	RESULT_ITERATIONS,
	RESULT_CONVERGED,
	RESULT_SIZES,
	RESULT_VIP_CLUSTER,
	RESULT_TRAIN_MS,
	RESULT_COLUMNS
};

PG_FUNCTION_INFO_V1(train_kmeans);

static int
count_argument(FunctionCallInfo fcinfo, int argno, const char *name, int least, int greatest)
{
	int			value;

	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));
	value = PG_GETARG_INT32(argno);
	if (value < least || value > greatest)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be from %d to %d, not %d", name, least, greatest, value));

	return value;
}

static char *
word_argument(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));

	return text_to_cstring(PG_GETARG_TEXT_PP(argno));
}

static KmeansScale
scale_argument(FunctionCallInfo fcinfo)
{
	char	   *word = word_argument(fcinfo, ARG_SCALE, "scale");

	if (strcmp(word, "minmax") == 0)
		return KMEANS_MINMAX;
	if (strcmp(word, "standard") == 0)
		return KMEANS_STANDARD;
	if (strcmp(word, "none") == 0)
		return KMEANS_NONE;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("scale must be minmax, standard or none, not \"%s\"", word));
}

static KmeansInit
init_argument(FunctionCallInfo fcinfo)
{
	char	   *word = word_argument(fcinfo, ARG_INIT, "init");

	if (!PG_ARGISNULL(ARG_INIT_CENTERS))
		return KMEANS_CENTERS;
	if (strcmp(word, "k-means++") == 0)
		return KMEANS_PLUSPLUS;
	if (strcmp(word, "random") == 0)
		return KMEANS_RANDOM;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("init must be k-means++ or random, not \"%s\"", word),
			errhint("Centers to start from are given as init_centers."));
}

static double
tolerance_argument(FunctionCallInfo fcinfo)
{
	double		tolerance;

	if (PG_ARGISNULL(ARG_TOLERANCE))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("tolerance must not be null"));
	tolerance = PG_GETARG_FLOAT8(ARG_TOLERANCE);
	if (!(tolerance >= 0) || isinf(tolerance))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("tolerance must be a number from 0 up, not %g", tolerance));

	return tolerance;
}

/* What can be said before the rows are read. */
static void
kmeans_arguments(FunctionCallInfo fcinfo, KmeansOptions *options)
{
	memset(options, 0, sizeof(*options));
	options->k = count_argument(fcinfo, ARG_K, "k", 1, KMEANS_MAX_CLUSTERS);
	options->scale = scale_argument(fcinfo);
	options->init = init_argument(fcinfo);
	options->nstarts = count_argument(fcinfo, ARG_N_INIT, "n_init", 1, KMEANS_MAX_STARTS);
	options->max_iterations = count_argument(fcinfo, ARG_MAX_ITERATIONS, "max_iterations", 0, MAX_ITERATIONS);
	options->tolerance = tolerance_argument(fcinfo);
}

/* init_centers as it is: one row per center, one number per term. */
static const double *
centers_argument(FunctionCallInfo fcinfo, int k, int nterms)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(ARG_INIT_CENTERS);
	const double *centers = (const double *) ARR_DATA_PTR(array);
	int			i;

	if (ARR_NDIM(array) != 2 || ARR_DIMS(array)[0] != k || ARR_DIMS(array)[1] != nterms)
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("init_centers must be %d centers of %d numbers", k, nterms),
				errhint("An array of k arrays, each with a number for every term: '{{1, 20}, {5, 300}}'."));
	if (array_contains_nulls(array))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("init_centers must not contain null"));
	for (i = 0; i < k * nterms; i++)
	{
		if (!isfinite(centers[i]))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("init_centers must be finite numbers, not %g", centers[i]));
	}

	return centers;
}

/* Which terms are those of vip_features? */
static const bool *
vip_argument(FunctionCallInfo fcinfo, const Preparation *preparation)
{
	bool	   *vip = palloc0(preparation->nterms * sizeof(bool));
	Datum	   *values;
	bool	   *nulls;
	int			nvalues;
	int			i;
	int			t;

	if (PG_ARGISNULL(ARG_VIP_FEATURES))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ARG_VIP_FEATURES), TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &nvalues);
	if (nvalues == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("vip_features must name a feature"));
	for (i = 0; i < nvalues; i++)
	{
		char	   *name;

		if (nulls[i])
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("vip_features must not contain null"));
		name = TextDatumGetCString(values[i]);
		for (t = 0; t < preparation->nterms; t++)
		{
			if (strcmp(preparation->terms[t].name, name) == 0)
				break;
		}
		if (t == preparation->nterms)
			ereport(ERROR,
					errcode(ERRCODE_UNDEFINED_COLUMN),
					errmsg("vip_features names \"%s\", which is not a feature that is a number", name));
		vip[t] = true;
	}

	return vip;
}

static Datum
sizes_array(const KmeansModel *model)
{
	Datum	   *sizes = palloc(model->k * sizeof(Datum));
	int			j;

	for (j = 0; j < model->k; j++)
		sizes[j] = Int64GetDatum(model->size[j]);

	return PointerGetDatum(construct_array(sizes, model->k, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static const char *
kmeans_status(const KmeansModel *model, const KmeansOptions *options)
{
	if (model->k < options->k)
	{
		ereport(NOTICE,
				errmsg("found %d of %d clusters, because no more rows differ", model->k, options->k));
		return "fewer_clusters";
	}
	if (!model->converged)
	{
		ereport(NOTICE,
				errmsg("the clusters still changed when max_iterations, %d, was reached", options->max_iterations),
				errhint("Raise max_iterations."));
		return "not_converged";
	}

	return "ok";
}

/* A kmeans_result of the type that the function was declared to return. */
static Datum
result_record(Oid type, const Dataset *dataset, const KmeansModel *model,
			  const KmeansOptions *options, double train_ms)
{
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(type, -1);
	Datum		values[RESULT_COLUMNS] = {0};
	bool		nulls[RESULT_COLUMNS] = {false};

	if (desc->natts != RESULT_COLUMNS)
		elog(ERROR, "kmeans_result has %d attributes", desc->natts);
	nulls[RESULT_MODEL] = true;
	nulls[RESULT_VERSION] = true;
	values[RESULT_STATUS] = CStringGetTextDatum(kmeans_status(model, options));
	values[RESULT_K] = Int32GetDatum(model->k);
	values[RESULT_N] = Int64GetDatum(model->n);
	values[RESULT_N_SKIPPED] = Int64GetDatum(dataset->nskipped);
	values[RESULT_INERTIA] = Float8GetDatum(model->inertia);
	values[RESULT_ITERATIONS] = Int32GetDatum(model->iterations);
	values[RESULT_CONVERGED] = BoolGetDatum(model->converged);
	values[RESULT_SIZES] = sizes_array(model);
	values[RESULT_VIP_CLUSTER] = Int32GetDatum(model->vip);
	nulls[RESULT_VIP_CLUSTER] = model->vip == 0;
	values[RESULT_TRAIN_MS] = Float8GetDatum(train_ms);

	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

/*
 * _train_kmeans(source text, ..., k integer, scale text, init text, init_centers
 * float8[], n_init integer, max_iterations integer, tolerance float8, vip_features
 * text[]) returns (state bytea, result kmeans_result)
 */
Datum
train_kmeans(PG_FUNCTION_ARGS)
{
	DatasetOptions dataset_options;
	KmeansOptions options;
	Dataset    *dataset;
	KmeansModel *model;
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	instr_time	start;
	instr_time	end;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "train_kmeans must return a record");
	INSTR_TIME_SET_CURRENT(start);
	dataset_arguments(fcinfo, &dataset_options);
	kmeans_arguments(fcinfo, &options);
	options.seed = dataset_options.seed;
	dataset = dataset_read(&dataset_options);

	if (options.k > dataset->train->nrows)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("k is %d, and there are only " INT64_FORMAT " rows", options.k, dataset->train->nrows));
	if (options.init == KMEANS_CENTERS)
		options.centers = centers_argument(fcinfo, options.k, dataset->preparation->nterms);
	options.vip = vip_argument(fcinfo, dataset->preparation);
	model = kmeans_fit(dataset->train, &options);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);

	values[0] = PointerGetDatum(model_write(MODEL_KMEANS, dataset->preparation, model));
	values[1] = result_record(TupleDescAttr(desc, 1)->atttypid, dataset, model, &options,
							  INSTR_TIME_GET_MILLISEC(end));
	dataset_free(dataset);

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}
