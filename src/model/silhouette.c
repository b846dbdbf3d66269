/*-------------------------------------------------------------------------
 *
 * silhouette.c
 *	  How well the clusters of a k-means model are apart.
 *
 * The silhouette of a row is (b - a) / max(a, b): a is its mean distance from the
 * other rows of its cluster, b that from the rows of the next cluster.  Each row is
 * compared with each, so of many rows a sample is taken: those with the least hash
 * of their numbers and the seed, which does not depend on the order of rows.  Sums
 * are done with the rows sorted, and so do not either.
 *
 * IDENTIFICATION
 *	  src/model/silhouette.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "intake/intake_order.h"
#include "miscadmin.h"
#include "model/draw.h"
#include "model/kmeans_model.h"
#include "model/model.h"
#include "model/vector.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define MAX_SAMPLE	100000

/* A vector of square roots cannot set errno for each. */
#if defined(__GNUC__) && !defined(__clang__)
#define WITHOUT_ERRNO	__attribute__((optimize("no-math-errno")))
#else
#define WITHOUT_ERRNO
#endif

PG_FUNCTION_INFO_V1(silhouette);

/* One row of the sample. */
typedef struct SampledRow
{
	double		key;			/* the rows with the least are kept */
	int			cluster;
	double	   *place;
} SampledRow;

typedef struct Sample
{
	const Preparation *preparation;
	const KmeansModel *kmeans;
	PreparationRow *row;
	double	   *terms;
	double	   *place;
	int64		seed;
	int			limit;			/* rows to keep */
	int			nrows;
	double		greatest;		/* key that may still be among them */
	int			room;			/* twice as many, or fewer before it is full */
	SampledRow *rows;
	int			nterms;
	MemoryContext context;
} Sample;

static int
compare_places(const SampledRow *a, const SampledRow *b, int nterms)
{
	int			c;

	for (c = 0; c < nterms; c++)
	{
		if (a->place[c] != b->place[c])
			return a->place[c] < b->place[c] ? -1 : 1;
	}

	return 0;
}

static int
compare_keys(const void *a, const void *b, void *arg)
{
	const SampledRow *left = a;
	const SampledRow *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;

	return compare_places(left, right, *(int *) arg);
}

static int
compare_clusters(const void *a, const void *b, void *arg)
{
	const SampledRow *left = a;
	const SampledRow *right = b;

	if (left->cluster != right->cluster)
		return left->cluster - right->cluster;

	return compare_places(left, right, *(int *) arg);
}

/* Leaves the rows with the least keys. */
static void
cut_sample(Sample *sample)
{
	int			i;

	if (sample->nrows <= sample->limit)
		return;
	qsort_arg(sample->rows, sample->nrows, sizeof(SampledRow), compare_keys, &sample->nterms);
	for (i = sample->limit; i < sample->nrows; i++)
		pfree(sample->rows[i].place);
	sample->nrows = sample->limit;
	sample->greatest = sample->rows[sample->nrows - 1].key;
}

static void
sample_make_room(Sample *sample)
{
	if (sample->nrows < sample->room)
		return;
	if (sample->room >= 2 * sample->limit)
		cut_sample(sample);
	else
	{
		sample->room = Min(2 * sample->room, 2 * sample->limit);
		sample->rows = repalloc(sample->rows, sample->room * sizeof(SampledRow));
	}
}

static uint64
hash_of_place(const double *place, int nterms)
{
	uint64		hash = 0;
	int			c;

	for (c = 0; c < nterms; c++)
	{
		double		value = place[c] + 0;	/* -0 is 0 */
		uint64		bits;

		memcpy(&bits, &value, sizeof(bits));
		hash = draw_mix(hash ^ bits);
	}

	return hash;
}

/* IntakeRow */
static void
take_row(void *arg, const Datum *values, const bool *nulls)
{
	Sample	   *sample = arg;
	Size		size = sample->nterms * sizeof(double);
	SampledRow *row;
	double		key;

	if (!preparation_apply(sample->row, values, nulls, sample->terms))
		return;
	kmeans_coordinates(sample->kmeans, sample->terms, sample->place);
	key = draw_uniform(hash_of_place(sample->place, sample->nterms), sample->seed, DRAW_SAMPLE);
	if (key > sample->greatest)
		return;

	sample_make_room(sample);
	row = &sample->rows[sample->nrows++];
	row->key = key;
	row->cluster = kmeans_nearest(sample->kmeans, sample->place, NULL);
	row->place = MemoryContextAlloc(sample->context, size);
	memcpy(row->place, sample->place, size);
}

/* Reads the columns that the model's features are made of. */
static void
read_sample(Sample *sample, const char *source)
{
	const Preparation *preparation = sample->preparation;
	IntakeColumn *columns = palloc0(preparation->nfeatures * sizeof(IntakeColumn));
	TupleDesc	desc = CreateTemplateTupleDesc(preparation->nfeatures);
	Intake	   *intake;
	int			i;

	for (i = 0; i < preparation->nfeatures; i++)
	{
		columns[i].argument = "features";
		columns[i].name = preparation->features[i].name;
		columns[i].kind = INTAKE_ANY;
		columns[i].required = true;
	}
	intake = intake_open_source(intake_find(source, &intake_source), columns, preparation->nfeatures, NULL);
	for (i = 0; i < preparation->nfeatures; i++)
		TupleDescInitEntry(desc, i + 1, preparation->features[i].name, columns[i].type, -1, 0);
	sample->row = preparation_bind(preparation, desc);
	sample->terms = palloc(preparation->nterms * sizeof(double));
	sample->place = palloc(preparation->nterms * sizeof(double));
	sample->greatest = 1;
	sample->room = Min(1024, 2 * sample->limit);
	sample->rows = palloc(sample->room * sizeof(SampledRow));
	intake_read_in_order(intake, take_row, sample);
	cut_sample(sample);
}

/* The sum of the distances from a row to rows that are given by term, then by row. */
VECTORIZED	WITHOUT_ERRNO static double
sum_of_distances(const double *from, const double *places, int nterms, Size stride, int first, int last)
{
	double		lane[LANES] = {0};
	double		squares[LANES];
	double		rest = 0;
	int			i;
	int			l;
	int			c;

	for (i = first; i + LANES <= last; i += LANES)
	{
		for (l = 0; l < LANES; l++)
			squares[l] = 0;
		for (c = 0; c < nterms; c++)
		{
			const double *x = places + c * stride + i;

			for (l = 0; l < LANES; l++)
				squares[l] += (x[l] - from[c]) * (x[l] - from[c]);
		}
		for (l = 0; l < LANES; l++)
			lane[l] += sqrt(squares[l]);
	}
	for (; i < last; i++)
	{
		double		square = 0;

		for (c = 0; c < nterms; c++)
			square += (places[c * stride + i] - from[c]) * (places[c * stride + i] - from[c]);
		rest += sqrt(square);
	}

	return lanes_sum(lane) + rest;
}

/* That of one row; rows of cluster j are from start[j - 1] to before start[j]. */
static double
silhouette_of_row(const Sample *sample, const SampledRow *row, const double *places, const int *start)
{
	double		own = 0;
	double		next = -1;
	int			j;

	if (start[row->cluster] - start[row->cluster - 1] == 1)
		return 0;
	for (j = 1; j <= sample->kmeans->k; j++)
	{
		int			size = start[j] - start[j - 1];
		double		sum;

		if (size == 0)
			continue;
		sum = sum_of_distances(row->place, places, sample->nterms, sample->nrows, start[j - 1], start[j]);
		if (j == row->cluster)
			own = sum / (size - 1);
		else if (next < 0 || sum / size < next)
			next = sum / size;
	}

	return Max(own, next) > 0 ? (next - own) / Max(own, next) : 0;
}

/* NaN unless there are rows of at least two clusters. */
static double
mean_silhouette(Sample *sample)
{
	int			nterms = sample->nterms;
	int			nrows = sample->nrows;
	double	   *places;
	int		   *start = palloc0((sample->kmeans->k + 1) * sizeof(int));
	double		sum = 0;
	int			i;
	int			j;
	int			c;

	if (nrows == 0)
		return NAN;
	places = MemoryContextAllocHuge(CurrentMemoryContext, (Size) nrows * nterms * sizeof(double));
	qsort_arg(sample->rows, nrows, sizeof(SampledRow), compare_clusters, &sample->nterms);
	for (i = 0; i < nrows; i++)
	{
		for (c = 0; c < nterms; c++)
			places[(Size) c * nrows + i] = sample->rows[i].place[c];
		start[sample->rows[i].cluster]++;
	}
	for (j = 1; j <= sample->kmeans->k; j++)
	{
		if (start[j] == nrows)
			return NAN;
		start[j] += start[j - 1];
	}

	for (i = 0; i < nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		sum += silhouette_of_row(sample, &sample->rows[i], places, start);
	}

	return sum / nrows;
}

/*
 * silhouette(model text, source text, sample integer, seed bigint) returns float8
 */
Datum
silhouette(PG_FUNCTION_ARGS)
{
	Sample		sample = {0};
	const Model *model;
	double		mean;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("model, source and seed must not be null"));
	sample.limit = PG_ARGISNULL(2) ? MAX_SAMPLE : PG_GETARG_INT32(2);
	if (sample.limit < 2 || sample.limit > MAX_SAMPLE)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("sample must be from 2 to %d rows, not %d", MAX_SAMPLE, sample.limit));
	model = model_need_kind(model_named(fcinfo), MODEL_KMEANS);

	/* the query may use models, and have this one leave the cache */
	model = model_read(model_write(MODEL_KMEANS, model->preparation, model->body));
	sample.preparation = model->preparation;
	sample.kmeans = model->body;
	sample.nterms = model->preparation->nterms;
	sample.seed = PG_GETARG_INT64(3);
	sample.context = CurrentMemoryContext;
	read_sample(&sample, text_to_cstring(PG_GETARG_TEXT_PP(1)));

	mean = mean_silhouette(&sample);
	if (isnan(mean))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(mean);
}
