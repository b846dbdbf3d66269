/*-------------------------------------------------------------------------
 *
 * cluster.c
 *	  What a stored k-means model says of a row, and of its clusters.
 *
 * IDENTIFICATION
 *	  src/model/cluster.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "model/kmeans_model.h"
#include "model/model.h"
#include "utils/builtins.h"

#define CENTERS_NCOLUMNS	6

PG_FUNCTION_INFO_V1(cluster);
PG_FUNCTION_INFO_V1(cluster_array);
PG_FUNCTION_INFO_V1(cluster_distance);
PG_FUNCTION_INFO_V1(cluster_distance_array);
PG_FUNCTION_INFO_V1(centers);

static int
nearest(const Model *model, const double *terms, double *distance)
{
	const KmeansModel *kmeans = model->body;
	double		place[PREPARATION_MAX_TERMS];

	kmeans_coordinates(kmeans, terms, place);

	return kmeans_nearest(kmeans, place, distance);
}

/*
 * cluster(model text, r record) returns integer
 */
Datum
cluster(PG_FUNCTION_ARGS)
{
	double	   *terms;
	const Model *model = model_of_record(fcinfo, MODEL_CLUSTER, &terms, NULL);

	if (terms == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT32(nearest(model, terms, NULL));
}

/*
 * cluster(model text, features float8[]) returns integer
 */
Datum
cluster_array(PG_FUNCTION_ARGS)
{
	double	   *terms;
	const Model *model = model_of_array(fcinfo, MODEL_CLUSTER, &terms);

	if (terms == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT32(nearest(model, terms, NULL));
}

/*
 * cluster_distance(model text, r record) returns float8
 */
Datum
cluster_distance(PG_FUNCTION_ARGS)
{
	double	   *terms;
	const Model *model = model_of_record(fcinfo, MODEL_CLUSTER, &terms, NULL);
	double		distance;

	if (terms == NULL)
		PG_RETURN_NULL();
	nearest(model, terms, &distance);
	PG_RETURN_FLOAT8(distance);
}

/*
 * cluster_distance(model text, features float8[]) returns float8
 */
Datum
cluster_distance_array(PG_FUNCTION_ARGS)
{
	double	   *terms;
	const Model *model = model_of_array(fcinfo, MODEL_CLUSTER, &terms);
	double		distance;

	if (terms == NULL)
		PG_RETURN_NULL();
	nearest(model, terms, &distance);
	PG_RETURN_FLOAT8(distance);
}

/*
 * centers(model text) returns table (cluster integer, size bigint, term text,
 * center float8, center_scaled float8, is_vip boolean)
 */
Datum
centers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const Model *model = model_need_kind(model_named(fcinfo), MODEL_KMEANS);
	const KmeansModel *kmeans = model->body;
	int			j;
	int			t;

	InitMaterializedSRF(fcinfo, 0);
	for (j = 0; j < kmeans->k; j++)
	{
		for (t = 0; t < model->preparation->nterms; t++)
		{
			Datum		values[CENTERS_NCOLUMNS];
			bool		nulls[CENTERS_NCOLUMNS] = {false};

			values[0] = Int32GetDatum(j + 1);
			values[1] = Int64GetDatum(kmeans->size[j]);
			values[2] = CStringGetTextDatum(model->preparation->terms[t].name);
			values[3] = Float8GetDatum(kmeans_center(kmeans, j, t));
			values[4] = Float8GetDatum(kmeans_center_scaled(kmeans, j, t));
			values[5] = BoolGetDatum(kmeans->vip == j + 1);
			nulls[5] = kmeans->vip == 0;
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
	}

	return (Datum) 0;
}
