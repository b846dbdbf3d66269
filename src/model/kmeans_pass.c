/*-------------------------------------------------------------------------
 *
 * kmeans_pass.c
 *	  One pass over the rows for all starts of a k-means.
 *
 * A block of rows is made into coordinates once, and while it is in the
 * processor's cache each start assigns its rows to clusters and adds them up: ten
 * starts read the rows once per iteration.
 *
 * Coordinates are multiples of 2^-44 between 0 and 1.  So the sum of the 256 of a
 * block is exact in a double, and that of the blocks in integers: sums, centers
 * and with them labels are the same in any order of rows, on any machine.
 *
 * IDENTIFICATION
 *	  src/model/kmeans_pass.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "model/kmeans_pass.h"
#include "model/vector.h"

/* Up to here a cluster's rows are picked from all, above each row goes to its own. */
#define MAX_PICKED_CLUSTERS 6

/* Up to so many terms, two clusters are told apart by their border. */
#define BORDER_TERMS	4

typedef struct Border
{
	double		direction[BORDER_TERMS];	/* across it; 0 where there is no
											 * term */
	double		at;
	double		reach;			/* nearer than this, roundings count */
} Border;

/* Memory for passes with up to options->k clusters; fit->space.nterms is known. */
void
kmeans_pass_init(KmeansFit *fit)
{
	int			nterms = fit->space.nterms;
	Size		column = BLOCK_ROWS * sizeof(double);

	fit->place = palloc(nterms * column);
	fit->moment = palloc(nterms * column);
	fit->mass = palloc0(column);
	fit->nmass = 0;
	fit->label = palloc(column);
	fit->distance = palloc(column);
	fit->other = palloc(column);
	fit->block_sum = palloc((Size) fit->options->k * (nterms + 1) * sizeof(double));
}

VECTORIZED static void
make_shares(double *x, double low, double inverse)
{
	int			r;

	for (r = 0; r < BLOCK_ROWS; r++)
		x[r] = ((x[r] - low) * inverse + KMEANS_ROUND) - KMEANS_ROUND;
}

VECTORIZED static void
multiply(const double *x, double factor, double *product)
{
	int			r;

	for (r = 0; r < BLOCK_ROWS; r++)
		product[r] = x[r] * factor;
}

VECTORIZED static void
make_moments(const double *share, const double *mass, double *moment)
{
	int			r;

	for (r = 0; r < BLOCK_ROWS; r++)
		moment[r] = (share[r] * mass[r] + KMEANS_ROUND) - KMEANS_ROUND;
}

/* Numbers become shares where they are. */
static void
share_block(const KmeansSpace *space, Block *rows)
{
	int			c;
	int			r;

	for (c = 0; c < space->nterms; c++)
	{
		double	   *x = rows->x + (Size) c * BLOCK_ROWS;

		for (r = rows->nrows; r < BLOCK_ROWS; r++)
			x[r] = space->low[c];
		make_shares(x, space->low[c], space->inverse[c]);
	}
}

/* Without weights, what is there from the block before is nearly always right. */
static void
set_masses(KmeansFit *fit, const Block *rows)
{
	double	   *mass = fit->mass;
	int			nrows = rows->nrows;
	int			r;

	if (rows->weight != NULL)
	{
		for (r = 0; r < BLOCK_ROWS; r++)
			mass[r] = r >= nrows ? 0 : (rows->weight[r] / fit->max_weight + KMEANS_ROUND) - KMEANS_ROUND;
	}
	else if (nrows != fit->nmass)
	{
		for (r = 0; r < BLOCK_ROWS; r++)
			mass[r] = r < nrows ? 1 : 0;
		fit->nmass = nrows;
	}
}

static void
place_block(KmeansFit *fit, const Block *rows)
{
	const KmeansSpace *space = &fit->space;
	KmeansBlock *block = &fit->block;
	int			c;

	block->nrows = rows->nrows;
	block->id = rows->id;
	block->share = block->place = block->moment = rows->x;
	block->mass = fit->mass;
	set_masses(fit, rows);
	if (space->scale != KMEANS_MINMAX)
	{
		for (c = 0; c < space->nterms; c++)
			multiply(rows->x + (Size) c * BLOCK_ROWS, space->weight[c], fit->place + (Size) c * BLOCK_ROWS);
		block->place = fit->place;
	}
	if (rows->weight != NULL)
	{
		for (c = 0; c < space->nterms; c++)
			make_moments(rows->x + (Size) c * BLOCK_ROWS, fit->mass, fit->moment + (Size) c * BLOCK_ROWS);
		block->moment = fit->moment;
	}
}

void
kmeans_pass_begin(KmeansFit *fit)
{
	columns_rewind(&fit->scan, fit->rows);
}

/* Blocks in memory are made into shares in the first pass, those of a file in each. */
KmeansBlock *
kmeans_pass_next(KmeansFit *fit)
{
	Block	   *rows = columns_next(&fit->scan);

	if (rows == NULL)
	{
		fit->is_shares = true;
		return NULL;
	}
	if (!fit->is_shares || rows == fit->rows->last)
		share_block(&fit->space, rows);
	place_block(fit, rows);

	return &fit->block;
}

/*
 * From differences, not from |c|^2 - 2 c.x: exact to the last bits even where all
 * rows but one are close together.
 */
VECTORIZED static void
squared_distances(const double *place, const double *center, int nterms, double *distance)
{
	int			c = 0;
	int			r;

	if (nterms >= 3)
	{
		const double *x = place;
		const double *y = place + BLOCK_ROWS;
		const double *z = place + 2 * BLOCK_ROWS;

		for (r = 0; r < BLOCK_ROWS; r++)
		{
			double		dx = x[r] - center[0];
			double		dy = y[r] - center[1];
			double		dz = z[r] - center[2];

			distance[r] = dx * dx + dy * dy + dz * dz;
		}
		c = 3;
	}
	else
	{
		for (r = 0; r < BLOCK_ROWS; r++)
		{
			double		dx = place[r] - center[0];

			distance[r] = dx * dx;
		}
		c = 1;
	}
	for (; c < nterms; c++)
	{
		const double *x = place + (Size) c * BLOCK_ROWS;

		for (r = 0; r < BLOCK_ROWS; r++)
		{
			double		dx = x[r] - center[c];

			distance[r] += dx * dx;
		}
	}
}

VECTORIZED static void
take_nearer(const double *distance, double number, double *nearest, double *label)
{
	int			r;

	for (r = 0; r < BLOCK_ROWS; r++)
	{
		bool		nearer = distance[r] < nearest[r];

		nearest[r] = nearer ? distance[r] : nearest[r];
		label[r] = nearer ? number : label[r];
	}
}

/*
 * Sets fit->label and fit->distance of the rows of the block, by k centers given as
 * coordinates.  A tie goes to the lowest number.
 */
void
kmeans_assign(KmeansFit *fit, const double *place, int k)
{
	int			nterms = fit->space.nterms;
	int			j;

	squared_distances(fit->block.place, place, nterms, fit->distance);
	memset(fit->label, 0, BLOCK_ROWS * sizeof(double));
	for (j = 1; j < k; j++)
	{
		squared_distances(fit->block.place, place + (Size) j * nterms, nterms, fit->other);
		take_nearer(fit->other, j, fit->distance, fit->label);
	}
}

#if defined(__GNUC__) && !defined(__clang__)
#define ANY_ORDER __attribute__((optimize("associative-math", "no-signed-zeros", "no-trapping-math")))
#else
#define ANY_ORDER
#endif

/*
 * No sum here is rounded, so the compiler may do them in any order; four of them,
 * because each waits for the one before.
 */
VECTORIZED	ANY_ORDER static double
sum_of_cluster(const double *value, const double *label, double number)
{
	double		sum[4] = {0};
	int			r;

	for (r = 0; r < BLOCK_ROWS / 4; r++)
	{
		int			r1 = r + BLOCK_ROWS / 4;
		int			r2 = r + BLOCK_ROWS / 2;
		int			r3 = r + BLOCK_ROWS / 4 * 3;

		sum[0] += label[r] == number ? value[r] : 0;
		sum[1] += label[r1] == number ? value[r1] : 0;
		sum[2] += label[r2] == number ? value[r2] : 0;
		sum[3] += label[r3] == number ? value[r3] : 0;
	}

	return sum[0] + sum[1] + sum[2] + sum[3];
}

/*
 * With two clusters a row's is told by the side of the border that it is on: half
 * the difference of the squared distances, which is linear in the row.  The second
 * cluster's sums come from the same loop; its terms are written out, because no
 * compiler makes vectors of it otherwise.  What is returned is the number of rows
 * so near to the border that roundings may have put them on their side.
 */
VECTORIZED	ANY_ORDER static double
sum_of_side(const Border *border, const double *const *place, const double *const *moment,
			const double *mass, double *sums)
{
	const double *x0 = place[0];
	const double *x1 = place[1];
	const double *x2 = place[2];
	const double *x3 = place[3];
	const double *m0 = moment[0];
	const double *m1 = moment[1];
	const double *m2 = moment[2];
	const double *m3 = moment[3];
	double		d0 = border->direction[0];
	double		d1 = border->direction[1];
	double		d2 = border->direction[2];
	double		d3 = border->direction[3];
	double		at = border->at;
	double		reach = border->reach;
	double		sum0 = 0;
	double		sum1 = 0;
	double		sum2 = 0;
	double		sum3 = 0;
	double		total = 0;
	double		nnear = 0;
	int			r;

	for (r = 0; r < BLOCK_ROWS; r++)
	{
		double		side = x0[r] * d0 + x1[r] * d1 + x2[r] * d2 + x3[r] * d3 - at;
		double		second = side > 0 ? 1 : 0;

		sum0 += m0[r] * second;
		sum1 += m1[r] * second;
		sum2 += m2[r] * second;
		sum3 += m3[r] * second;
		total += mass[r] * second;
		nnear += fabs(side) <= reach ? 1 : 0;
	}
	sums[0] = sum0;
	sums[1] = sum1;
	sums[2] = sum2;
	sums[3] = sum3;
	sums[4] = total;

	return nnear;
}

/* Adds up the second of two clusters; false if the distances have to tell whose rows are whose. */
static bool
add_side(KmeansFit *fit, KmeansStart *start)
{
	const KmeansBlock *block = &fit->block;
	int			nterms = fit->space.nterms;
	const double *place[BORDER_TERMS];
	const double *moment[BORDER_TERMS];
	double		sums[BORDER_TERMS + 1];
	Border		border = {0};
	double		size = 0;		/* no squared distance is above it */
	int			c;

	if (start->k != 2 || nterms > BORDER_TERMS)
		return false;
	for (c = 0; c < BORDER_TERMS; c++)
	{
		Size		column = (Size) Min(c, nterms - 1) * BLOCK_ROWS;

		place[c] = block->place + column;
		moment[c] = block->moment + column;
	}
	for (c = 0; c < nterms; c++)
	{
		double		a = start->place[c];
		double		b = start->place[nterms + c];
		double		extent = fit->space.weight[c] + fabs(a) + fabs(b);

		border.direction[c] = b - a;
		border.at += (b - a) * ((a + b) / 2);
		size += extent * extent;
	}
	border.reach = 64 * DBL_EPSILON * size;
	if (sum_of_side(&border, place, moment, block->mass, sums) > 0)
		return false;

	for (c = 0; c < nterms; c++)
		kmeans_sum_add(&start->sum[nterms + 1 + c], sums[c]);
	kmeans_sum_add(&start->sum[2 * nterms + 1], sums[BORDER_TERMS]);

	return true;
}

/* All clusters but the first, whose sums are what is left of the total. */
static void
add_picked(KmeansFit *fit, KmeansStart *start)
{
	int			nterms = fit->space.nterms;
	int			j;
	int			c;

	for (j = 1; j < start->k; j++)
	{
		KmeansSum  *sum = start->sum + (Size) j * (nterms + 1);

		for (c = 0; c < nterms; c++)
			kmeans_sum_add(&sum[c], sum_of_cluster(fit->block.moment + (Size) c * BLOCK_ROWS,
												   fit->label, j));
		kmeans_sum_add(&sum[nterms], sum_of_cluster(fit->block.mass, fit->label, j));
	}
}

static void
add_each(KmeansFit *fit, KmeansStart *start)
{
	const KmeansBlock *block = &fit->block;
	int			nterms = fit->space.nterms;
	Size		nsums = (Size) start->k * (nterms + 1);
	double	   *block_sum = fit->block_sum;
	Size		i;
	int			c;
	int			r;

	memset(block_sum, 0, nsums * sizeof(double));
	for (r = 0; r < block->nrows; r++)
	{
		double	   *sum = block_sum + (Size) fit->label[r] * (nterms + 1);

		for (c = 0; c < nterms; c++)
			sum[c] += block->moment[(Size) c * BLOCK_ROWS + r];
		sum[nterms] += block->mass[r];
	}
	for (i = nterms + 1; i < nsums; i++)
	{
		if (block_sum[i] != 0)
			kmeans_sum_add(&start->sum[i], block_sum[i]);
	}
}

static void
begin_sums(KmeansFit *fit, KmeansStart *start)
{
	KmeansSum  *sum = start->last_sum;

	start->last_sum = start->sum;
	start->sum = sum;
	memset(sum, 0, (Size) start->k * (fit->space.nterms + 1) * sizeof(KmeansSum));
}

static void
end_sums(KmeansFit *fit, KmeansStart *start)
{
	int			width = fit->space.nterms + 1;
	int			j;
	int			c;

	memcpy(start->sum, fit->total, width * sizeof(KmeansSum));
	for (j = 1; j < start->k; j++)
		for (c = 0; c < width; c++)
			kmeans_sum_subtract(&start->sum[c], &start->sum[(Size) j * width + c]);
}

/* Assigns all rows in each start that has not settled, and sums up its clusters. */
void
kmeans_assign_all(KmeansFit *fit)
{
	int			s;

	for (s = 0; s < fit->nstarts; s++)
	{
		if (!fit->starts[s].settled)
			begin_sums(fit, &fit->starts[s]);
	}

	kmeans_pass_begin(fit);
	while (kmeans_pass_next(fit) != NULL)
	{
		for (s = 0; s < fit->nstarts; s++)
		{
			KmeansStart *start = &fit->starts[s];

			if (start->settled)
				continue;

			/*
			 * a block of many terms with many clusters and starts takes its
			 * time
			 */
			CHECK_FOR_INTERRUPTS();
			if (add_side(fit, start))
				continue;
			kmeans_assign(fit, start->place, start->k);
			if (start->k <= MAX_PICKED_CLUSTERS)
				add_picked(fit, start);
			else
				add_each(fit, start);
		}
	}

	for (s = 0; s < fit->nstarts; s++)
	{
		if (!fit->starts[s].settled)
			end_sums(fit, &fit->starts[s]);
	}
}
