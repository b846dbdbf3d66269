/*-------------------------------------------------------------------------
 *
 * logistic_rows.c
 *	  The rows of a logistic regression, block after block, as they are fitted.
 *
 * Every pass standardizes the rows anew, into a place that stays in the processor's
 * cache: that costs less than to write them back to memory once.  There the columns
 * begin at cache lines, the first of them is the intercept's 1, and rows after the
 * last are 0, so that what goes over a block needs no case for any of that.
 *
 * IDENTIFICATION
 *	  src/model/logistic_rows.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/logistic_rows.h"
#include "model/vector.h"

#define CACHE_LINE	64

/* Sums go over four columns at a time: there are as many behind the last. */
#define SPARE_COLUMNS	3

static double *
vectors_create(int n)
{
	Size		size = (Size) n * BLOCK_ROWS * sizeof(double);
	char	   *space = MemoryContextAllocHuge(CurrentMemoryContext, size + CACHE_LINE);
	double	   *vectors = (double *) TYPEALIGN(CACHE_LINE, space);

	memset(vectors, 0, size);

	return vectors;
}

/* In the current memory context; not standardized, without class weights. */
LogisticRows *
logistic_rows_create(Columns *columns)
{
	LogisticRows *rows = palloc0(sizeof(LogisticRows));

	rows->columns = columns;
	rows->n = columns->ncolumns + 1;
	rows->mean = palloc(rows->n * sizeof(double));
	rows->factor = palloc(rows->n * sizeof(double));
	for (int i = 0; i < rows->n; i++)
	{
		rows->mean[i] = 0;
		rows->factor[i] = 1;
	}
	rows->class_weight[0] = rows->class_weight[1] = 1;
	rows->x = vectors_create(rows->n + SPARE_COLUMNS);
	rows->positive = vectors_create(1);
	rows->weight = vectors_create(1);
	for (int r = 0; r < BLOCK_ROWS; r++)
		rows->x[r] = 1;

	return rows;
}

static VECTORIZED void
standardize_column(const double *from, double mean, double factor, double *restrict x)
{
	for (int r = 0; r < BLOCK_ROWS; r++)
		x[r] = (from[r] - mean) * factor;
}

static VECTORIZED void
weigh_rows(const double *positive, double w0, double w1, double *restrict weight)
{
	for (int r = 0; r < BLOCK_ROWS; r++)
		weight[r] = positive[r] > 0.5 ? w1 : w0;
}

static VECTORIZED void
weigh_again(const double *by, double *restrict weight)
{
	for (int r = 0; r < BLOCK_ROWS; r++)
		weight[r] = by[r] * weight[r];
}

void
logistic_rows_rewind(LogisticRows *rows)
{
	columns_rewind(&rows->scan, rows->columns);
}

/*
 * Puts the next block in its place, or the first; false: there is none.  With a step
 * above 1, only each step-th block in memory is looked at.
 */
bool
logistic_rows_next(LogisticRows *rows, int step)
{
	const Block *block;
	int			left;

	do
	{
		if (step > 1 && rows->scan.next >= rows->columns->nblocks)
			return false;
		if ((block = columns_next(&rows->scan)) == NULL)
			return false;
	} while ((rows->scan.next - 1) % step != 0);
	rows->ahead = rows->scan.next + step - 1 < rows->columns->nblocks ?
		rows->columns->blocks[rows->scan.next + step - 1] : NULL;

	for (int i = 1; i < rows->n; i++)
		standardize_column(block->x + (Size) (i - 1) * BLOCK_ROWS, rows->mean[i], rows->factor[i],
						   rows->x + (Size) i * BLOCK_ROWS);
	memcpy(rows->positive, block->y, BLOCK_ROWS * sizeof(double));
	weigh_rows(rows->positive, rows->class_weight[0], rows->class_weight[1], rows->weight);
	if (block->weight != NULL)
		weigh_again(block->weight, rows->weight);

	/* what is there after the last row is anything */
	left = BLOCK_ROWS - block->nrows;
	for (int i = 1; i < rows->n && left > 0; i++)
		memset(rows->x + (Size) i * BLOCK_ROWS + block->nrows, 0, left * sizeof(double));
	memset(rows->positive + block->nrows, 0, left * sizeof(double));
	memset(rows->weight + block->nrows, 0, left * sizeof(double));

	return true;
}
