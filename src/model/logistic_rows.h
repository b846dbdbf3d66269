/*-------------------------------------------------------------------------
 *
 * logistic_rows.h
 *	  The rows of a logistic regression, block after block, as they are fitted.
 *
 * IDENTIFICATION
 *	  src/model/logistic_rows.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_LOGISTIC_ROWS_H
#define SHOPANALYTICS_LOGISTIC_ROWS_H

#include "model/columns.h"

typedef struct LogisticRows
{
	Columns    *columns;
	int			n;				/* coefficients: the intercept's, and one for
								 * each column */
	double	   *mean;			/* of each column, the intercept's included */
	double	   *factor;			/* 1 / standard deviation */
	double		class_weight[2];

	/* The block that is looked at, where each vector begins a cache line. */
	ColumnsScan scan;
	double	   *x;				/* column i of row r is x[i * BLOCK_ROWS + r];
								 * column 0 is 1 */
	double	   *positive;		/* label */
	double	   *weight;			/* 0 after the last row */
	const Block *ahead;			/* the next one, if it is in memory */
} LogisticRows;

extern LogisticRows *logistic_rows_create(Columns *columns);
extern void logistic_rows_rewind(LogisticRows *rows);
extern bool logistic_rows_next(LogisticRows *rows, int step);

/*
 * Sends for column i of the next block while this one is computed with; the label
 * goes with the intercept.  Always inline: GCC takes a function that does nothing but
 * this for one that does nothing.
 */
static pg_attribute_always_inline void
logistic_rows_ahead(const LogisticRows *rows, int i)
{
#ifdef __GNUC__
	if (rows->ahead != NULL)
	{
		const double *from = i == 0 ? rows->ahead->y : rows->ahead->x + (Size) (i - 1) * BLOCK_ROWS;

		for (int r = 0; r < BLOCK_ROWS; r += 8)
			__builtin_prefetch(from + r, 0, 1);
	}
#endif
}

#endif							/* SHOPANALYTICS_LOGISTIC_ROWS_H */
