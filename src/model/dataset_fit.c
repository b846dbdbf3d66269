/*-------------------------------------------------------------------------
 *
 * dataset_fit.c
 *	  What is learned from the training rows before there are terms: the levels
 *	  of categories, and what fills NULL.
 *
 * The rows of the test are not looked at, so nothing of them leaks into the model.
 * A mean is the exact sum divided once, and a median the exact one, so that
 * neither depends on the order of rows.
 *
 * IDENTIFICATION
 *	  src/model/dataset_fit.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "behaviour/exact_sum.h"
#include "intake/large_alloc.h"
#include "miscadmin.h"
#include "model/dataset_reader.h"

#include "compat.h"

/* A median is found digit by digit. */
#define DIGIT_BITS	11
#define DIGITS		6			/* of 64 bits */
#define RADIX		(1 << DIGIT_BITS)

/* What is counted of a column; NULL comes after the codes. */
typedef struct ColumnFit
{
	int64	   *count;
	int64	   *npositive;
	int64		n;				/* of a number: that are not NULL */
	ExactSum	sum;

	/* Of a median: what is known of the value of this rank. */
	int64		rank;
	int64	   *digits;			/* how many have each digit */
	uint64		prefix;
	int64		nbelow;			/* values below the prefix */
	uint64		above;			/* the least one above it */
} ColumnFit;

typedef struct Value
{
	char	   *text;
	uint32		code;
	int64		count;
	int64		npositive;
} Value;

typedef void (*FitBlock) (DatasetReader *reader, ColumnFit *fits, const Block *block, int nrows, int pass);

/* Calls it for all blocks of training rows. */
static void
scan_training(DatasetReader *reader, ColumnFit *fits, FitBlock fit, int pass)
{
	ColumnsScan scan;
	Block	   *block;
	int64		left = reader->ntrain;

	columns_rewind(&scan, reader->part[0]);
	while (left > 0 && (block = columns_next(&scan)) != NULL)
	{
		int			nrows = (int) Min(left, block->nrows);

		fit(reader, fits, block, nrows, pass);
		left -= nrows;
	}
}

/* Is there one to find? */
static bool
has_median(const DatasetColumn *column, const ColumnFit *fit)
{
	return column->codes == NULL && column->fill == FILL_MEDIAN && fit->n > 0;
}

static void
count_category(DatasetReader *reader, ColumnFit *fit, const DatasetColumn *column,
			   const double *x, const Block *block, int nrows)
{
	double		positive = reader->label.form == LABEL_TEXT ? reader->label.positive : 1;
	int			r;

	for (r = 0; r < nrows; r++)
	{
		uint32		code = isnan(x[r]) ? column->codes->count : (uint32) x[r];

		fit->count[code]++;
		if (block->y != NULL && block->y[r] == positive)
			fit->npositive[code]++;
	}
}

/* FitBlock: all but medians. */
static void
count_block(DatasetReader *reader, ColumnFit *fits, const Block *block, int nrows, int pass)
{
	int			i;
	int			r;

	for (i = 0; i < reader->ncolumns; i++)
	{
		const DatasetColumn *column = &reader->columns[i];
		const double *x = block->x + (Size) i * BLOCK_ROWS;

		if (column->codes != NULL)
			count_category(reader, &fits[i], column, x, block, nrows);
		else if (column->fill == FILL_MEAN || column->fill == FILL_MEDIAN)
		{
			for (r = 0; r < nrows; r++)
			{
				if (isnan(x[r]))
					continue;
				fits[i].n++;
				if (column->fill == FILL_MEAN)
					exact_sum_add_float8(&fits[i].sum, x[r], 1);
			}
		}
	}
}

/* Integers in the order of the numbers. */
static uint64
ordered_bits(double x)
{
	uint64		bits;

	if (x == 0)
		x = 0;					/* both zeros are equal */
	memcpy(&bits, &x, sizeof(bits));

	return bits >> 63 ? ~bits : bits | UINT64CONST(1) << 63;
}

static double
ordered_number(uint64 bits)
{
	double		x;

	bits = bits >> 63 ? bits & ~(UINT64CONST(1) << 63) : ~bits;
	memcpy(&x, &bits, sizeof(x));

	return x;
}

static int
shift_of(int pass)
{
	return (DIGITS - 1 - pass) * DIGIT_BITS;
}

/* FitBlock: counts the digits of the numbers that have the prefix. */
static void
count_digits(DatasetReader *reader, ColumnFit *fits, const Block *block, int nrows, int pass)
{
	int			shift = shift_of(pass);
	int			i;
	int			r;

	for (i = 0; i < reader->ncolumns; i++)
	{
		const double *x = block->x + (Size) i * BLOCK_ROWS;

		if (!has_median(&reader->columns[i], &fits[i]))
			continue;
		for (r = 0; r < nrows; r++)
		{
			uint64		bits = ordered_bits(x[r]);

			if (!isnan(x[r]) && (pass == 0 || bits >> (shift + DIGIT_BITS) == fits[i].prefix))
				fits[i].digits[(bits >> shift) & (RADIX - 1)]++;
		}
	}
}

/* FitBlock: the least number above the one found. */
static void
find_above(DatasetReader *reader, ColumnFit *fits, const Block *block, int nrows, int pass)
{
	int			i;
	int			r;

	for (i = 0; i < reader->ncolumns; i++)
	{
		const double *x = block->x + (Size) i * BLOCK_ROWS;

		if (!has_median(&reader->columns[i], &fits[i]))
			continue;
		for (r = 0; r < nrows; r++)
		{
			uint64		bits = ordered_bits(x[r]);

			if (!isnan(x[r]) && bits > fits[i].prefix && bits < fits[i].above)
				fits[i].above = bits;
		}
	}
}

/* The digit in which the rank lies, from the count of each. */
static void
choose_digit(ColumnFit *fit)
{
	int			digit = 0;

	while (fit->nbelow + fit->digits[digit] <= fit->rank)
		fit->nbelow += fit->digits[digit++];
	fit->prefix = fit->prefix << DIGIT_BITS | digit;
}

static void
fit_medians(DatasetReader *reader, ColumnFit *fits)
{
	bool		any = false;
	int			pass;
	int			i;

	for (i = 0; i < reader->ncolumns; i++)
	{
		if (!has_median(&reader->columns[i], &fits[i]))
			continue;
		any = true;
		fits[i].rank = (fits[i].n - 1) / 2;
		fits[i].digits = palloc(RADIX * sizeof(int64));
		fits[i].above = PG_UINT64_MAX;
	}
	if (!any)
		return;

	for (pass = 0; pass < DIGITS; pass++)
	{
		for (i = 0; i < reader->ncolumns; i++)
		{
			if (has_median(&reader->columns[i], &fits[i]))
				memset(fits[i].digits, 0, RADIX * sizeof(int64));
		}
		scan_training(reader, fits, count_digits, pass);
		for (i = 0; i < reader->ncolumns; i++)
		{
			if (has_median(&reader->columns[i], &fits[i]))
				choose_digit(&fits[i]);
		}
	}
	scan_training(reader, fits, find_above, 0);
}

/* Of an even number of values, as percentile_cont() has it. */
static double
median_of(const ColumnFit *fit)
{
	double		low = ordered_number(fit->prefix);
	int64		nsame = fit->digits[fit->prefix & (RADIX - 1)];
	double		high;

	if (fit->n % 2 == 1 || fit->nbelow + nsame > fit->rank + 1)
		return low;
	high = ordered_number(fit->above);

	return low + 0.5 * (high - low);
}

static void
finish_number(DatasetReader *reader, DatasetColumn *column, const ColumnFit *fit)
{
	Feature    *feature = column->feature;

	if (column->fill != FILL_MEAN && column->fill != FILL_MEDIAN)
		return;
	if (fit->n == 0 && feature->null_fill != NULL_INDICATOR)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("column \"%s\" is null in all training rows, so it has no %s", feature->name,
					   column->fill == FILL_MEAN ? "mean" : "median"),
				errhint("Leave it out by features."));
	if (fit->n == 0)
		feature->fill = 0;
	else if (column->fill == FILL_MEAN)
		feature->fill = exact_sum_float8(&fit->sum, fit->n);
	else
		feature->fill = median_of(fit);

	/* A term that says so would be 0 in all training rows. */
	if (feature->null_fill == NULL_INDICATOR && fit->n == reader->ntrain)
		feature->null_fill = NULL_VALUE;
}

static int
compare_values(const void *a, const void *b, void *arg)
{
	return strcmp(((const Value *) a)->text, ((const Value *) b)->text);
}

/* What a category is in training rows, in the order of bytes. */
static Value *
sorted_values(DatasetColumn *column, const ColumnFit *fit)
{
	uint32		n = column->codes->count;
	Value	   *values = large_alloc(CurrentMemoryContext, Max(1, n) * sizeof(Value));
	uint32		i;

	for (i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		values[i].text = value_text(column->form, &column->output, codes_value(column->codes, i));
		values[i].code = i;
		values[i].count = fit->count[i];
		values[i].npositive = fit->npositive[i];
	}
	qsort_interruptible(values, n, sizeof(Value), compare_values, NULL);

	return values;
}

/* A level's value, if the feature is one number. */
static double
value_of_level(const DatasetReader *reader, const DatasetColumn *column, int level, int64 npositive)
{
	double		n = column->feature->levels[level].count;
	double		m = column->smoothing;

	switch (column->feature->encoding)
	{
		case ENCODING_ORDINAL:
			return level + 1;
		case ENCODING_FREQUENCY:
			return n / reader->ntrain;
		case ENCODING_TARGET:
			return (npositive + m * reader->prior) / (n + m);
		default:
			return 0;
	}
}

static int
add_level(const DatasetReader *reader, DatasetColumn *column, LevelKind kind, char *name,
		  int64 count, int64 npositive)
{
	Feature    *feature = column->feature;
	Level	   *level = &feature->levels[feature->nlevels];

	level->kind = kind;
	level->name = name;
	level->count = count;
	level->value = value_of_level(reader, column, feature->nlevels, npositive);

	return feature->nlevels++;
}

/*
 * The levels from values in their order.  Those of one text are one: a char(2) and
 * a char(3), say.
 */
static void
finish_category(DatasetReader *reader, DatasetColumn *column, const ColumnFit *fit)
{
	Feature    *feature = column->feature;
	uint32		n = column->codes->count;
	Value	   *values = sorted_values(column, fit);
	int64		nother = 0;
	int64		nother_positive = 0;
	uint32		i;
	uint32		next;

	feature->unknown_value = feature->encoding == ENCODING_TARGET ? reader->prior : 0;
	feature->levels = large_alloc0(CurrentMemoryContext, (n + 2) * sizeof(Level));
	column->level = large_alloc(reader->context, (n + 1) * sizeof(int));
	for (i = 0; i < n; i = next)
	{
		int64		count = 0;
		int64		npositive = 0;
		int			level = -1;

		CHECK_FOR_INTERRUPTS();
		for (next = i; next < n && strcmp(values[next].text, values[i].text) == 0; next++)
		{
			count += values[next].count;
			npositive += values[next].npositive;
		}
		if (count > 0 && (count >= column->min_count || feature->unknown == UNKNOWN_ERROR))
			level = add_level(reader, column, LEVEL_VALUE, values[i].text, count, npositive);
		else
		{
			nother += count;
			nother_positive += npositive;
		}
		for (; i < next; i++)
		{
			column->level[values[i].code] = level;
			if (level < 0 || values[i].text !=feature->levels[level].name)
				pfree(values[i].text);
		}
	}
	if (feature->nlevels == 0 && nother > 0)
		ereport(NOTICE,
				errmsg("every value of column \"%s\" is in fewer than %d training rows, and no level of its own",
					   feature->name, column->min_count),
				errhint("Lower min_category_count, or leave the column out by features."));
	if (nother > 0 && feature->unknown == UNKNOWN_OTHER)
		feature->other_level = add_level(reader, column, LEVEL_OTHER, NULL, nother, nother_positive);
	if (fit->count[n] > 0)
		feature->null_level = add_level(reader, column, LEVEL_NULL, NULL, fit->count[n], fit->npositive[n]);
	feature->levels = repalloc_huge(feature->levels, Max(1, feature->nlevels) * sizeof(Level));
	for (i = 0; i < n; i++)
	{
		if (column->level[i] < 0)
			column->level[i] = feature->other_level;
	}
	pfree(values);
}

static ColumnFit *
start_fits(DatasetReader *reader)
{
	ColumnFit  *fits = palloc0(Max(1, reader->ncolumns) * sizeof(ColumnFit));
	int			i;

	for (i = 0; i < reader->ncolumns; i++)
	{
		DatasetColumn *column = &reader->columns[i];

		exact_sum_init(&fits[i].sum, EXACT_BINARY);
		if (column->codes == NULL)
			continue;
		fits[i].count = large_alloc0(reader->context, (column->codes->count + 1) * sizeof(int64));
		fits[i].npositive = large_alloc0(reader->context, (column->codes->count + 1) * sizeof(int64));
	}

	return fits;
}

/* The share of training rows that are positive. */
static void
fit_prior(DatasetReader *reader)
{
	double		positive = reader->label.form == LABEL_TEXT ? reader->label.positive : 1;
	ColumnsScan scan;
	Block	   *block;
	int64		left = reader->ntrain;
	int64		npositive = 0;
	int			r;

	if (reader->label.form == LABEL_NONE)
		return;
	columns_rewind(&scan, reader->part[0]);
	while (left > 0 && (block = columns_next(&scan)) != NULL)
	{
		int			nrows = (int) Min(left, block->nrows);

		for (r = 0; r < nrows; r++)
			npositive += block->y[r] == positive;
		left -= nrows;
	}
	reader->prior = (double) npositive / reader->ntrain;
}

/* All rows are read, and some are for training. */
void
dataset_fit(DatasetReader *reader)
{
	Preparation *preparation = reader->preparation;
	ColumnFit  *fits = start_fits(reader);
	int			i;

	fit_prior(reader);
	scan_training(reader, fits, count_block, 0);
	fit_medians(reader, fits);
	for (i = 0; i < reader->ncolumns; i++)
	{
		if (reader->columns[i].codes != NULL)
			finish_category(reader, &reader->columns[i], &fits[i]);
		else
			finish_number(reader, &reader->columns[i], &fits[i]);
	}
	pfree(fits);
	dataset_check_terms(preparation, preparation_place_terms(preparation));
	preparation_name_terms(preparation);
}
