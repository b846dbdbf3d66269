/*-------------------------------------------------------------------------
 *
 * bins.h
 *	  Numbers put into at most 255 bins by column; see bins.c.
 *
 * IDENTIFICATION
 *	  src/model/bins.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_BINS_H
#define SHOPANALYTICS_BINS_H

#include "model/columns.h"

#define BINS_MAX	255			/* of values in a column */
#define BINS_NULL	255			/* the bin of NULL, of every column */
#define BINS_COUNT	256

typedef struct Bins
{
	int			ncolumns;
	int		   *nbins;			/* by column: bins of values, at least 1 */
	double	  **threshold;		/* by column: bin b ends with threshold[b],
								 * and the last is open */
	MemoryContext context;
} Bins;

extern Bins *bins_create(Columns *columns, int max_bins, uint64 seed);
extern uint8 **bins_cells(const Bins *bins, Columns *columns);
extern void bins_free(Bins *bins);

#endif							/* SHOPANALYTICS_BINS_H */
