/*-------------------------------------------------------------------------
 *
 * bins.c
 *	  Numbers put into at most 255 bins by column.
 *
 * A tree only asks whether a value is above a threshold, so a byte for each
 * value is enough: the number of its bin.  A column with few distinct values has
 * one bin for each, with thresholds half way between neighbours, and then nothing
 * is lost.  Another has bins with about the same number of rows; a value that
 * would fill a bin alone has one to itself.
 *
 * Bins depend on the values and on the rows' ids, not on the order of rows nor on
 * the memory there is: of many rows, a sample tells the bins' limits, drawn by the
 * rows' ids.
 *
 * IDENTIFICATION
 *	  src/model/bins.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "intake/groups.h"
#include "miscadmin.h"
#include "model/bins.h"
#include "model/draw.h"
#include "utils/memutils.h"

#include "compat.h"

#define BINS_SAMPLE		200000	/* rows that bins are made of, about */
#define BINS_PURPOSE	UINT64CONST(0x62696e73)
#define DISTINCT_SLOTS	1024	/* well above BINS_MAX, and a power of 2 */

/* The distinct values of a column, as long as they are few. */
typedef struct DistinctValues
{
	int			nvalues;
	bool		many;			/* more than wanted: the others are not kept */
	double		value[BINS_MAX + 1];
	uint16		slot[DISTINCT_SLOTS];	/* 1 + index of a value, 0 when free */
} DistinctValues;

/* Minus zero is zero. */
static inline double
plain_zero(double value)
{
	return value + 0.0;
}

static uint64
double_bits(double value)
{
	uint64		bits;

	memcpy(&bits, &value, sizeof(bits));

	return bits;
}

static void
distinct_add(DistinctValues *distinct, double value, int max_values)
{
	uint64		at = murmurhash64(double_bits(value));

	for (;; at++)
	{
		uint16		index = distinct->slot[at % DISTINCT_SLOTS];

		if (index == 0)
			break;
		if (distinct->value[index - 1] == value)
			return;
	}

	if (distinct->nvalues == max_values)
		distinct->many = true;
	else
	{
		distinct->value[distinct->nvalues++] = value;
		distinct->slot[at % DISTINCT_SLOTS] = distinct->nvalues;
	}
}

static void
distinct_add_block(DistinctValues *distinct, const double *x, int nrows, int max_values)
{
	int			r;

	for (r = 0; r < nrows && !distinct->many; r++)
	{
		if (!isnan(x[r]))
			distinct_add(distinct, plain_zero(x[r]), max_values);
	}
}

/* Bits of a number, such that greater numbers have greater ones. */
static inline uint64
ordered_bits(double value)
{
	uint64		bits = double_bits(value);

	return (bits >> 63) ? ~bits : bits | UINT64CONST(0x8000000000000000);
}

static inline double
ordered_value(uint64 ordered)
{
	uint64		bits = (ordered >> 63) ? ordered & ~UINT64CONST(0x8000000000000000) : ~ordered;
	double		value;

	memcpy(&value, &bits, sizeof(value));

	return value;
}

/* Sorts by one byte after the other; a byte that all have in common is left out. */
static uint64 *
sort_ordered(uint64 *keys, uint64 *other, size_t nkeys)
{
	size_t		counts[8][256];
	size_t		i;
	int			byte;

	memset(counts, 0, sizeof(counts));
	for (i = 0; i < nkeys; i++)
	{
		for (byte = 0; byte < 8; byte++)
			counts[byte][(keys[i] >> (byte * 8)) & 0xff]++;
	}

	for (byte = 0; byte < 8; byte++)
	{
		size_t	   *place = counts[byte];
		size_t		sum = 0;
		uint64	   *sorted = other;
		int			b;

		if (nkeys == 0 || place[(keys[0] >> (byte * 8)) & 0xff] == nkeys)
			continue;
		CHECK_FOR_INTERRUPTS();
		for (b = 0; b < 256; b++)
		{
			size_t		count = place[b];

			place[b] = sum;
			sum += count;
		}
		for (i = 0; i < nkeys; i++)
			sorted[place[(keys[i] >> (byte * 8)) & 0xff]++] = keys[i];
		other = keys;
		keys = sorted;
	}

	return keys;
}

/* Between two neighbours; the lower may be it. */
static double
half_way(double low, double high)
{
	double		middle = (low + high) / 2;

	if (isinf(middle))
		middle = low / 2 + high / 2;

	return middle >= low && middle < high ? middle : low;
}

static void
add_threshold(Bins *bins, int column, double low, double high)
{
	bins->threshold[column][bins->nbins[column] - 1] = half_way(low, high);
	bins->nbins[column]++;
}

/* Bins with about the same number of keys, which are sorted. */
static void
make_bins(Bins *bins, int column, const uint64 *keys, size_t nkeys, int max_bins)
{
	uint64		keys_left = nkeys;	/* from the start of the bin on */
	uint64		bins_left = max_bins;
	size_t		start = 0;		/* of the bin */
	size_t		next = 0;

	while (next < nkeys)
	{
		size_t		value = next;
		size_t		before = value - start;

		do
			next++;
		while (next < nkeys && keys[next] == keys[value]);

		/* The bin is full, or the value is one for itself. */
		if (before > 0 &&
			(before * bins_left >= keys_left || (next - value) * bins_left >= keys_left))
		{
			add_threshold(bins, column, ordered_value(keys[value - 1]), ordered_value(keys[value]));
			keys_left -= before;
			bins_left--;
			start = value;
		}
	}
}

static void
distinct_make_bins(Bins *bins, int column, const DistinctValues *distinct)
{
	uint64		keys[BINS_MAX];
	uint64		other[BINS_MAX];
	uint64	   *sorted;
	int			i;

	for (i = 0; i < distinct->nvalues; i++)
		keys[i] = ordered_bits(distinct->value[i]);
	sorted = sort_ordered(keys, other, distinct->nvalues);
	for (i = 1; i < distinct->nvalues; i++)
		add_threshold(bins, column, ordered_value(sorted[i - 1]), ordered_value(sorted[i]));
}

/* Columns of few values are done with; the others are left in "many". */
static int
bins_of_few(Bins *bins, Columns *columns, int max_bins, int *many)
{
	DistinctValues *distinct = MemoryContextAllocExtended(bins->context,
														  (Size) bins->ncolumns * sizeof(DistinctValues),
														  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	ColumnsScan scan;
	Block	   *block;
	int			nmany = 0;
	int			c;

	columns_rewind(&scan, columns);
	while ((block = columns_next(&scan)) != NULL)
	{
		for (c = 0; c < bins->ncolumns; c++)
			distinct_add_block(&distinct[c], block->x + (Size) c * BLOCK_ROWS, block->nrows, max_bins);
	}
	for (c = 0; c < bins->ncolumns; c++)
	{
		if (distinct[c].many)
			many[nmany++] = c;
		else
			distinct_make_bins(bins, c, &distinct[c]);
	}
	pfree(distinct);

	return nmany;
}

static bool
row_is_in_sample(uint64 id, uint64 seed, double share)
{
	return share >= 1 || draw_uniform(id, seed, BINS_PURPOSE) < share;
}

static size_t
count_sample(Columns *columns, uint64 seed, double share)
{
	ColumnsScan scan;
	Block	   *block;
	size_t		count = 0;

	columns_rewind(&scan, columns);
	while ((block = columns_next(&scan)) != NULL)
	{
		int			r;

		for (r = 0; r < block->nrows; r++)
			count += row_is_in_sample(block->id[r], seed, share);
	}

	return count;
}

/* Some of the columns, as many as there is memory for, in one pass. */
static void
bins_of_many(Bins *bins, Columns *columns, int max_bins, uint64 seed, const int *many, int nmany)
{
	double		share = (double) BINS_SAMPLE / (double) columns->nrows;
	size_t		size = count_sample(columns, seed, share) * sizeof(uint64);
	size_t		room = groups_memory() / Max(size, 1);
	int			at_once = room > 2 ? Min(room - 1, (size_t) nmany) : 1;
	uint64	   *other = MemoryContextAllocHuge(bins->context, size);
	uint64	  **keys = MemoryContextAlloc(bins->context, at_once * sizeof(uint64 *));
	size_t	   *nkeys = MemoryContextAlloc(bins->context, at_once * sizeof(size_t));
	int			first;
	int			i;

	for (i = 0; i < at_once; i++)
		keys[i] = MemoryContextAllocHuge(bins->context, size);

	for (first = 0; first < nmany; first += at_once)
	{
		int			n = Min(at_once, nmany - first);
		ColumnsScan scan;
		Block	   *block;

		memset(nkeys, 0, n * sizeof(size_t));
		columns_rewind(&scan, columns);
		while ((block = columns_next(&scan)) != NULL)
		{
			uint8		in_sample[BLOCK_ROWS];
			int			r;

			for (r = 0; r < block->nrows; r++)
				in_sample[r] = row_is_in_sample(block->id[r], seed, share);
			for (i = 0; i < n; i++)
			{
				const double *x = block->x + (Size) many[first + i] * BLOCK_ROWS;

				for (r = 0; r < block->nrows; r++)
				{
					if (in_sample[r] && !isnan(x[r]))
						keys[i][nkeys[i]++] = ordered_bits(plain_zero(x[r]));
				}
			}
		}
		for (i = 0; i < n; i++)
		{
			uint64	   *sorted = sort_ordered(keys[i], other, nkeys[i]);

			make_bins(bins, many[first + i], sorted, nkeys[i], max_bins);
			if (sorted == other)
			{
				other = keys[i];
				keys[i] = sorted;
			}
		}
	}

	for (i = 0; i < at_once; i++)
		pfree(keys[i]);
	pfree(keys);
	pfree(nkeys);
	pfree(other);
}

/* In a context of their own below the current one. */
Bins *
bins_create(Columns *columns, int max_bins, uint64 seed)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "shopanalytics bins",
												  ALLOCSET_DEFAULT_SIZES);
	Bins	   *bins = MemoryContextAlloc(context, sizeof(Bins));
	int		   *many;
	int			nmany;
	int			c;

	Assert(max_bins >= 2 && max_bins <= BINS_MAX);
	bins->context = context;
	bins->ncolumns = columns->ncolumns;
	bins->nbins = MemoryContextAlloc(context, bins->ncolumns * sizeof(int));
	bins->threshold = MemoryContextAlloc(context, bins->ncolumns * sizeof(double *));
	for (c = 0; c < bins->ncolumns; c++)
	{
		bins->nbins[c] = 1;
		bins->threshold[c] = MemoryContextAlloc(context, BINS_MAX * sizeof(double));
	}

	many = MemoryContextAlloc(context, bins->ncolumns * sizeof(int));
	nmany = bins_of_few(bins, columns, max_bins, many);
	if (nmany > 0)
		bins_of_many(bins, columns, max_bins, seed, many, nmany);
	pfree(many);

	return bins;
}

/* The number of thresholds below the value. */
static inline uint8
bin_of(const double *threshold, int nthresholds, double value)
{
	const double *base = threshold;

	while (nthresholds > 0)
	{
		int			half = (nthresholds + 1) / 2;

		/* no branch, which could not be foreseen */
		base += half & -(base[half - 1] < value);
		nthresholds -= half;
	}

	return base - threshold;
}

/* The bins of rows, by column, in the order of the rows, in the bins' context. */
uint8	  **
bins_cells(const Bins *bins, Columns *columns)
{
	uint8	  **cells = MemoryContextAlloc(bins->context, bins->ncolumns * sizeof(uint8 *));
	size_t		row = 0;
	ColumnsScan scan;
	Block	   *block;
	int			c;

	for (c = 0; c < bins->ncolumns; c++)
		cells[c] = MemoryContextAllocHuge(bins->context, columns->nrows);

	columns_rewind(&scan, columns);
	while ((block = columns_next(&scan)) != NULL)
	{
		for (c = 0; c < bins->ncolumns; c++)
		{
			const double *x = block->x + (Size) c * BLOCK_ROWS;
			uint8	   *cell = cells[c] + row;
			int			r;

			for (r = 0; r < block->nrows; r++)
				cell[r] = isnan(x[r]) ? BINS_NULL : bin_of(bins->threshold[c], bins->nbins[c] - 1, x[r]);
		}
		row += block->nrows;
	}

	return cells;
}

void
bins_free(Bins *bins)
{
	MemoryContextDelete(bins->context);
}
