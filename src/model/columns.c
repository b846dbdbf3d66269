/*-------------------------------------------------------------------------
 *
 * columns.c
 *	  Rows of numbers in blocks of columns, read in several passes.
 *
 * A training goes through its rows ten times and more, column by column within
 * a block that fits the processor's cache.  Blocks are never moved, so that nothing
 * is copied as the table grows; after the first ones many are allocated together,
 * on huge pages.  Their columns begin with a cache line, so that no vector is in
 * two.  What does not fit the memory given goes to a temporary file, and is read
 * back from there in each pass.
 *
 * IDENTIFICATION
 *	  src/model/columns.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "intake/large_alloc.h"
#include "miscadmin.h"
#include "model/columns.h"
#include "utils/memutils.h"

#include "compat.h"

#define SLAB_SIZE	((Size) 16 * 1024 * 1024)
#define SLAB_AFTER	64			/* blocks */

static int
doubles_per_row(const Columns *columns)
{
	return columns->ncolumns + (columns->has_label ? 1 : 0) + (columns->has_weight ? 1 : 0);
}

static Size
block_size(const Columns *columns)
{
	return CACHELINEALIGN(sizeof(Block)) +
		(Size) BLOCK_ROWS * (doubles_per_row(columns) * sizeof(double) + sizeof(uint64));
}

static Block *
block_at(const Columns *columns, char *space)
{
	Block	   *block = (Block *) space;
	double	   *next = (double *) (space + CACHELINEALIGN(sizeof(Block)));

	block->nrows = 0;
	block->slab = NULL;
	block->x = next;
	next += (Size) columns->ncolumns * BLOCK_ROWS;
	block->y = NULL;
	if (columns->has_label)
	{
		block->y = next;
		next += BLOCK_ROWS;
	}
	block->weight = NULL;
	if (columns->has_weight)
	{
		block->weight = next;
		next += BLOCK_ROWS;
	}
	block->id = (uint64 *) next;

	return block;
}

static Block *
block_create(const Columns *columns)
{
	char	   *space = MemoryContextAlloc(columns->context, block_size(columns) + PG_CACHE_LINE_SIZE);
	Block	   *block = block_at(columns, (char *) CACHELINEALIGN(space));

	block->slab = space;

	return block;
}

/* The next one in memory, of which there is enough left. */
static Block *
block_in_memory(Columns *columns)
{
	Size		size = block_size(columns);
	Block	   *block;

	columns->memory -= size;
	if (columns->nblocks < SLAB_AFTER)
		return block_create(columns);

	if (columns->slab_left == 0)
	{
		columns->slab_left = (int) Max(1, Min(SLAB_SIZE, columns->memory + size) / size);
		columns->slab = large_alloc(columns->context, columns->slab_left * size + PG_CACHE_LINE_SIZE);
		columns->slab_next = (char *) CACHELINEALIGN(columns->slab);
	}
	block = block_at(columns, columns->slab_next);
	columns->slab_next += size;
	if (--columns->slab_left == 0)
		block->slab = columns->slab;

	return block;
}

/* In the current memory context; "memory" is the bytes that blocks may take. */
Columns *
columns_create(int ncolumns, bool has_label, bool has_weight, size_t memory)
{
	Columns    *columns = palloc0(sizeof(Columns));

	columns->ncolumns = ncolumns;
	columns->has_label = has_label;
	columns->has_weight = has_weight;
	columns->memory = memory;
	columns->context = AllocSetContextCreate(CurrentMemoryContext,
											 "shopanalytics columns",
											 ALLOCSET_DEFAULT_SIZES);
	columns->max_blocks = 64;
	columns->blocks = MemoryContextAlloc(columns->context, columns->max_blocks * sizeof(Block *));

	return columns;
}

static char *
block_data(const Block *block)
{
	return (char *) block + CACHELINEALIGN(sizeof(Block));
}

static Size
block_data_size(const Columns *columns)
{
	return block_size(columns) - CACHELINEALIGN(sizeof(Block));
}

static void
write_last(Columns *columns)
{
	if (columns->last == NULL || columns->last->nrows == 0)
		return;
	if (columns->file == NULL)
	{
		/* Rows may come in a memory context of their own. */
		MemoryContext old = MemoryContextSwitchTo(columns->context);

		columns->file = BufFileCreateTemp(false);
		MemoryContextSwitchTo(old);
	}
	BufFileWrite(columns->file, &columns->last->nrows, sizeof(int));
	BufFileWrite(columns->file, block_data(columns->last), block_data_size(columns));
	columns->nfile++;
	columns->last->nrows = 0;
}

/* A block with room for the next row, which the caller puts there and counts. */
static Block *
next_block(Columns *columns)
{
	CHECK_FOR_INTERRUPTS();

	if (columns->last == NULL && columns->memory >= block_size(columns))
	{
		if (columns->nblocks == columns->max_blocks)
		{
			columns->max_blocks *= 2;
			columns->blocks = repalloc_huge(columns->blocks, columns->max_blocks * sizeof(Block *));
		}
		columns->blocks[columns->nblocks] = block_in_memory(columns);

		return columns->blocks[columns->nblocks++];
	}

	if (columns->last == NULL)
		columns->last = block_create(columns);
	write_last(columns);

	return columns->last;
}

/*
 * The block whose row nrows is to be filled: by the caller, who then adds one to
 * the block's nrows, and to nobody else's: columns->nrows is counted here.
 */
Block *
columns_row(Columns *columns)
{
	Block	   *block = columns->last;

	if (block == NULL && columns->nblocks > 0)
		block = columns->blocks[columns->nblocks - 1];
	if (block == NULL || block->nrows == BLOCK_ROWS)
		block = next_block(columns);
	columns->nrows++;

	return block;
}

/* To be called when all rows are there. */
void
columns_finish(Columns *columns)
{
	write_last(columns);
}

/* One scan at a time: rows from the file share a place. */
void
columns_rewind(ColumnsScan *scan, Columns *columns)
{
	scan->columns = columns;
	scan->next = 0;
	scan->block = columns->last;
	if (columns->file != NULL && BufFileSeek(columns->file, 0, 0, SEEK_SET) != 0)
		ereport(ERROR,
				errcode_for_file_access(),
				errmsg("could not rewind temporary file of a training"));
}

/* The next block, NULL after the last; it may be changed, but not for later scans. */
Block *
columns_next(ColumnsScan *scan)
{
	Columns    *columns = scan->columns;
	int			next = scan->next++;

	CHECK_FOR_INTERRUPTS();
	if (next < columns->nblocks)
		return columns->blocks[next];
	if (next >= columns->nblocks + columns->nfile)
		return NULL;

	BufFileReadExact(columns->file, &scan->block->nrows, sizeof(int));
	BufFileReadExact(columns->file, block_data(scan->block), block_data_size(columns));

	return scan->block;
}

/* Frees the block that was given last; no scan may follow this one. */
void
columns_drop(ColumnsScan *scan)
{
	Columns    *columns = scan->columns;
	int			at = scan->next - 1;

	if (at >= columns->nblocks)
		return;
	if (columns->blocks[at]->slab != NULL)
		pfree(columns->blocks[at]->slab);
	columns->blocks[at] = NULL;
}

void
columns_free(Columns *columns)
{
	if (columns->file != NULL)
		BufFileClose(columns->file);
	MemoryContextDelete(columns->context);
	pfree(columns);
}
