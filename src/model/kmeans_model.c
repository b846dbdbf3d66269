/*-------------------------------------------------------------------------
 *
 * kmeans_model.c
 *	  A k-means model: the nearest center of a row, and the model's bytes.
 *
 * IDENTIFICATION
 *	  src/model/kmeans_model.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "libpq/pqformat.h"
#include "model/kmeans_model.h"
#include "model/vector.h"

/* Memory for the space, with nothing in it. */
void
kmeans_space_create(KmeansSpace *space, int nterms, KmeansScale scale)
{
	Size		size = nterms * sizeof(double);

	space->nterms = nterms;
	space->scale = scale;
	space->low = palloc0(size);
	space->range = palloc0(size);
	space->offset = palloc0(size);
	space->factor = palloc0(size);
	space->inverse = palloc0(size);
	space->weight = palloc0(size);
	space->unit = 1;
}

/* Shares as coordinates. */
void
kmeans_place(const KmeansSpace *space, const double *share, double *place)
{
	int			c;

	for (c = 0; c < space->nterms; c++)
		place[c] = share[c] * space->weight[c];
}

/* The number at a share of a term's range, in the units of the rows. */
static double
value_of_share(const KmeansSpace *space, int term, double share)
{
	/*
	 * of a range that is constant, as MIN-MAX and STANDARD have it, there is
	 * only one
	 */
	return space->low[term] + share * space->range[term];
}

double
kmeans_scaled(const KmeansSpace *space, int term, double share)
{
	return (value_of_share(space, term, share) - space->offset[term]) / space->factor[term];
}

/*
 * In the units of the rows, without the digits that a share, a multiple of 2^-44,
 * does not tell.
 */
double
kmeans_center(const KmeansModel *model, int cluster, int term)
{
	const KmeansSpace *space = &model->space;
	double		value = value_of_share(space, term, model->center[cluster * space->nterms + term]);
	double		step = space->range[term] / KMEANS_STEPS;
	double		digits;

	if (step == 0 || step >= 1 || step < 1e-300)
		return value;
	digits = pow(10, floor(-log10(step)));

	return fabs(value) < DBL_MAX / digits ? rint(value * digits) / digits : value;
}

double
kmeans_center_scaled(const KmeansModel *model, int cluster, int term)
{
	return kmeans_scaled(&model->space, term, model->center[cluster * model->space.nterms + term]);
}

/* These two are done as in kmeans_pass.c, to the last bit. */
VECTORIZED static double
share_of(double value, double low, double inverse)
{
	double		share = (value - low) * inverse;

	return fabs(share) < KMEANS_MAX_ROUNDED ? (share + KMEANS_ROUND) - KMEANS_ROUND : share;
}

VECTORIZED static double
squared_distance(const double *place, const double *center, int nterms)
{
	double		sum = 0;
	int			c;

	for (c = 0; c < nterms; c++)
		sum += (place[c] - center[c]) * (place[c] - center[c]);

	return sum;
}

/* The coordinates of a row. */
void
kmeans_coordinates(const KmeansModel *model, const double *terms, double *place)
{
	const KmeansSpace *space = &model->space;
	int			c;

	for (c = 0; c < space->nterms; c++)
	{
		double		share = 0;

		if (space->inverse[c] > 0)
			share = share_of(terms[c], space->low[c], space->inverse[c]);
		if (!(fabs(share) < KMEANS_MAX_SHARE))
			ereport(ERROR,
					errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("%g is too far from the values that the model was trained on", terms[c]));
		place[c] = share * space->weight[c];
	}
}

/* The cluster, from 1, of a row; its distance from the center is a scaled one. */
int
kmeans_nearest(const KmeansModel *model, const double *place, double *distance)
{
	int			nterms = model->space.nterms;
	double		least = squared_distance(place, model->place, nterms);
	int			nearest = 1;
	int			j;

	for (j = 1; j < model->k; j++)
	{
		double		other = squared_distance(place, model->place + (Size) j * nterms, nterms);

		if (other < least)
		{
			nearest = j + 1;
			least = other;
		}
	}
	if (distance != NULL)
		*distance = sqrt(least) * model->space.unit;

	return nearest;
}

void
kmeans_write(StringInfo buf, const KmeansModel *model)
{
	const KmeansSpace *space = &model->space;
	int			nterms = space->nterms;
	int			j;
	int			c;

	pq_sendbyte(buf, space->scale);
	pq_sendint32(buf, nterms);
	pq_sendint32(buf, model->k);
	pq_sendint32(buf, model->vip);
	pq_sendbyte(buf, model->converged);
	pq_sendint32(buf, model->iterations);
	pq_sendint64(buf, model->n);
	pq_sendfloat8(buf, model->inertia);
	pq_sendfloat8(buf, space->unit);
	for (c = 0; c < nterms; c++)
	{
		pq_sendfloat8(buf, space->low[c]);
		pq_sendfloat8(buf, space->range[c]);
		pq_sendfloat8(buf, space->offset[c]);
		pq_sendfloat8(buf, space->factor[c]);
		pq_sendfloat8(buf, space->inverse[c]);
		pq_sendfloat8(buf, space->weight[c]);
	}
	for (j = 0; j < model->k; j++)
	{
		pq_sendint64(buf, model->size[j]);
		for (c = 0; c < nterms; c++)
			pq_sendfloat8(buf, model->center[(Size) j * nterms + c]);
	}
}

static void
check_read(bool sound)
{
	if (!sound)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				errmsg("invalid k-means model"));
}

static double
read_double(StringInfo buf)
{
	double		value = pq_getmsgfloat8(buf);

	check_read(isfinite(value));

	return value;
}

static void
read_space(StringInfo buf, KmeansSpace *space)
{
	int			c;

	space->unit = read_double(buf);
	check_read(space->unit > 0);
	for (c = 0; c < space->nterms; c++)
	{
		space->low[c] = read_double(buf);
		space->range[c] = read_double(buf);
		space->offset[c] = read_double(buf);
		space->factor[c] = read_double(buf);
		space->inverse[c] = read_double(buf);
		space->weight[c] = read_double(buf);
		check_read(space->range[c] >= 0 && space->inverse[c] >= 0 && space->factor[c] > 0 &&
				   space->weight[c] >= 0 && space->weight[c] <= 1);
	}
}

/* What is read may be anything; in the current memory context. */
KmeansModel *
kmeans_read(StringInfo buf, int nterms)
{
	KmeansModel *model = palloc0(sizeof(KmeansModel));
	int			scale = pq_getmsgbyte(buf);
	int			j;
	int			c;

	check_read(scale >= KMEANS_MINMAX && scale <= KMEANS_NONE);
	check_read(nterms > 0 && (int) pq_getmsgint(buf, 4) == nterms);
	model->k = (int) pq_getmsgint(buf, 4);
	check_read(model->k >= 1 && model->k <= KMEANS_MAX_CLUSTERS);
	model->vip = (int) pq_getmsgint(buf, 4);
	check_read(model->vip >= 0 && model->vip <= model->k);
	model->converged = pq_getmsgbyte(buf) != 0;
	model->iterations = (int) pq_getmsgint(buf, 4);
	model->n = pq_getmsgint64(buf);
	model->inertia = pq_getmsgfloat8(buf);
	kmeans_space_create(&model->space, nterms, scale);
	read_space(buf, &model->space);

	model->size = palloc(model->k * sizeof(int64));
	model->center = palloc((Size) model->k * nterms * sizeof(double));
	model->place = palloc((Size) model->k * nterms * sizeof(double));
	for (j = 0; j < model->k; j++)
	{
		double	   *center = model->center + (Size) j * nterms;

		model->size[j] = pq_getmsgint64(buf);
		check_read(model->size[j] >= 0);
		for (c = 0; c < nterms; c++)
		{
			center[c] = read_double(buf);
			check_read(fabs(center[c]) < KMEANS_MAX_SHARE);
		}
		kmeans_place(&model->space, center, model->place + (Size) j * nterms);
	}

	return model;
}
