/*-------------------------------------------------------------------------
 *
 * dataset_terms.c
 *	  The rows as they were read, made into terms.
 *
 * Block by block, and within one column by column; what has become terms is freed.
 *
 * IDENTIFICATION
 *	  src/model/dataset_terms.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "model/dataset_reader.h"

#include "compat.h"

/* Rows of a block that become terms: from here, to there, so many. */
typedef struct Stretch
{
	const Block *from;
	int			from_row;
	Block	   *to;
	int			to_row;
	int			nrows;
} Stretch;

static double *
terms_of(const Stretch *stretch, int term)
{
	return stretch->to->x + (Size) term * BLOCK_ROWS + stretch->to_row;
}

static void
make_number(const Feature *feature, const double *x, const Stretch *stretch)
{
	double	   *term = terms_of(stretch, feature->first_term);
	double	   *is_null;
	int			r;

	if (feature->null_fill == NULL_VALUE || feature->null_fill == NULL_INDICATOR)
	{
		for (r = 0; r < stretch->nrows; r++)
			term[r] = isnan(x[r]) ? feature->fill : x[r];
	}
	else
		memcpy(term, x, stretch->nrows * sizeof(double));
	if (feature->null_fill == NULL_INDICATOR)
	{
		is_null = terms_of(stretch, feature->first_term + 1);
		for (r = 0; r < stretch->nrows; r++)
			is_null[r] = isnan(x[r]) ? 1 : 0;
	}
}

/* A value that only rows of the test have may have no level. */
static int
level_of(const DatasetColumn *column, double code)
{
	const Feature *feature = column->feature;
	int			level = isnan(code) ? feature->null_level : column->level[(uint32) code];

	if (level >= 0)
		return level;
	if (feature->unknown == UNKNOWN_ERROR)
		preparation_unknown_error(feature, isnan(code) ? NULL :
								  value_text(column->form, unconstify(FmgrInfo *, &column->output),
											 codes_value(column->codes, (uint32) code)));

	return feature->other_level;
}

static void
make_category(const DatasetColumn *column, const double *x, const Stretch *stretch)
{
	const Feature *feature = column->feature;
	bool		has_level_terms = preparation_has_level_terms(feature);
	int			r;
	int			t;

	if (has_level_terms)
	{
		for (t = 0; t < feature->nterms; t++)
			memset(terms_of(stretch, feature->first_term + t), 0, stretch->nrows * sizeof(double));
	}
	for (r = 0; r < stretch->nrows; r++)
	{
		int			level = level_of(column, x[r]);

		if (!has_level_terms)
			terms_of(stretch, feature->first_term)[r] = level < 0 ? feature->unknown_value : feature->levels[level].value;
		else if (level >= 0 && feature->levels[level].term >= 0)
			terms_of(stretch, feature->levels[level].term)[r] = 1;
	}
}

static void
make_terms(DatasetReader *reader, const Stretch *stretch)
{
	int			i;

	for (i = 0; i < reader->ncolumns; i++)
	{
		const DatasetColumn *column = &reader->columns[i];
		const double *x = stretch->from->x + (Size) i * BLOCK_ROWS + stretch->from_row;

		if (column->codes != NULL)
			make_category(column, x, stretch);
		else
			make_number(column->feature, x, stretch);
	}
}

/* All else of the rows; the number of positive ones. */
static int
copy_rest(const DatasetReader *reader, const Stretch *stretch)
{
	const Block *from = stretch->from;
	Block	   *to = stretch->to;
	int			npositive = 0;
	int			r;

	memcpy(to->id + stretch->to_row, from->id + stretch->from_row, stretch->nrows * sizeof(uint64));
	if (to->weight != NULL)
		memcpy(to->weight + stretch->to_row, from->weight + stretch->from_row, stretch->nrows * sizeof(double));
	if (to->y == NULL)
		return 0;
	for (r = 0; r < stretch->nrows; r++)
	{
		double		y = from->y[stretch->from_row + r];

		if (reader->label.form == LABEL_TEXT)
			y = y == reader->label.positive ? 1 : 0;
		to->y[stretch->to_row + r] = y;
		npositive += y == 1;
	}

	return npositive;
}

/* Rows from "first" to before "end" of the block; the number of positive ones. */
static int
move_rows(DatasetReader *reader, const Block *block, int first, int end, Columns *columns)
{
	Stretch		stretch = {.from = block};
	int			npositive = 0;

	for (; first < end; first += stretch.nrows)
	{
		stretch.from_row = first;
		stretch.to = columns_row(columns);
		stretch.to_row = stretch.to->nrows;
		stretch.nrows = Min(end - first, BLOCK_ROWS - stretch.to_row);
		make_terms(reader, &stretch);
		npositive += copy_rest(reader, &stretch);
		stretch.to->nrows += stretch.nrows;
		columns->nrows += stretch.nrows - 1;	/* one is counted */
	}

	return npositive;
}

/* Rows from "ntrain" on are the test's, whatever part they are in. */
static void
move_part(DatasetReader *reader, Columns *part, int64 ntrain)
{
	Dataset    *dataset = reader->dataset;
	ColumnsScan scan;
	Block	   *block;
	int64		done = 0;

	columns_rewind(&scan, part);
	while ((block = columns_next(&scan)) != NULL)
	{
		int			cut = (int) Max(0, Min(ntrain - done, block->nrows));

		dataset->ntrain_positive += move_rows(reader, block, 0, cut, dataset->train);
		move_rows(reader, block, cut, block->nrows, dataset->test);
		done += block->nrows;
		columns_drop(&scan);
	}
	columns_free(part);
}

/* After dataset_fit(). */
void
dataset_terms(DatasetReader *reader)
{
	Dataset    *dataset = reader->dataset;
	int			nterms = reader->preparation->nterms;

	dataset->train = dataset_part(reader, TRAIN, nterms);
	dataset->test = dataset_part(reader, TEST, nterms);
	move_part(reader, reader->part[0], reader->ntrain);
	move_part(reader, reader->part[1], 0);
	columns_finish(dataset->train);
	columns_finish(dataset->test);
}
