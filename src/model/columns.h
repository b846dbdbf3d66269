/*-------------------------------------------------------------------------
 *
 * columns.h
 *	  Rows of numbers in blocks of columns, read in several passes.
 *
 * IDENTIFICATION
 *	  src/model/columns.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_COLUMNS_H
#define SHOPANALYTICS_COLUMNS_H

#include "storage/buffile.h"

#define BLOCK_ROWS 256

/*
 * Column c of row r is x[c * BLOCK_ROWS + r].  Rows from nrows on hold nothing.
 */
typedef struct Block
{
	int			nrows;
	void	   *slab;			/* to be freed with it; NULL: with a later one */
	double	   *x;				/* NaN stands for NULL, where the reader lets
								 * it */
	double	   *y;				/* 0 or 1; NULL without a label */
	double	   *weight;			/* NULL: every row counts once */
	uint64	   *id;				/* hash of the row's key: the same in any
								 * order */
} Block;

typedef struct Columns
{
	int			ncolumns;
	int64		nrows;
	bool		has_label;
	bool		has_weight;

	/* Blocks in memory come first, those in the file after them. */
	Block	  **blocks;
	int			nblocks;
	int			max_blocks;
	char	   *slab;			/* in which blocks are next to each other */
	char	   *slab_next;
	int			slab_left;		/* blocks */
	BufFile    *file;			/* NULL: all is in memory */
	int			nfile;			/* blocks in it */
	Block	   *last;			/* being filled, not yet in the file */
	size_t		memory;			/* bytes left for blocks */
	MemoryContext context;
} Columns;

typedef struct ColumnsScan
{
	Columns    *columns;
	int			next;
	Block	   *block;			/* for blocks from the file */
} ColumnsScan;

extern Columns *columns_create(int ncolumns, bool has_label, bool has_weight, size_t memory);
extern Block *columns_row(Columns *columns);
extern void columns_finish(Columns *columns);
extern void columns_rewind(ColumnsScan *scan, Columns *columns);
extern Block *columns_next(ColumnsScan *scan);
extern void columns_drop(ColumnsScan *scan);
extern void columns_free(Columns *columns);

#endif							/* SHOPANALYTICS_COLUMNS_H */
