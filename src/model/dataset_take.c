/*-------------------------------------------------------------------------
 *
 * dataset_take.c
 *	  Rows as the executor gives them, into blocks of columns.
 *
 * Some rows are staged before they are stored: then a column's values go to a
 * block next to each other, and what a row's id takes from memory is there by the
 * time that it is needed.
 *
 * IDENTIFICATION
 *	  src/model/dataset_take.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "behaviour/hllsketch.h"
#include "intake/intake_order.h"
#include "model/dataset_reader.h"
#include "model/draw.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "compat.h"

#define STAGE_ROWS	32

struct DatasetStage
{
	int			nrows;
	bool	   *is_float8;		/* by column */
	double	   *x;				/* row by row */
	double		y[STAGE_ROWS];
	double		weight[STAGE_ROWS];
	uint64		id[STAGE_ROWS]; /* without a key: what it is made of */
	bool		has_key[STAGE_ROWS];
	int			part[STAGE_ROWS];	/* SPLIT_HASH: not known yet */
};

/* Codes of values not seen before, and how they hash. */
static void
add_code(DatasetReader *reader, DatasetColumn *column, uint32 code, Datum value)
{
	char	   *text = value_text(column->form, &column->output, value);

	if (code >= PREPARATION_MAX_LEVELS)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("column \"%s\" has more than %d different values", column->feature->name,
					   PREPARATION_MAX_LEVELS),
				errhint("Leave it out by features."));
	column->code_hash = codes_make_room(column->code_hash, &column->hash_room, code, sizeof(uint64));
	column->code_hash[code] = hllsketch_hash((const uint8 *) text, strlen(text));
	column->ncode_hash = code + 1;
}

static inline double
category_code(DatasetReader *reader, DatasetColumn *column, Datum value)
{
	uint32		code = codes_get(column->codes, value);

	if (unlikely(code >= column->ncode_hash))
		add_code(reader, column, code, value);

	return code;
}

static char *
key_text(const DatasetReader *reader, const Datum *values, const bool *nulls)
{
	char	   *text;

	if (reader->key_at < 0 || nulls[reader->key_at])
		return NULL;
	text = OutputFunctionCall(&reader->intake[reader->key_at].output,
							  values[reader->key_at]);

	return MemoryContextStrdup(reader->context, text);
}

/* A row has something that makes an error when all is read; find and count it. */
static void
count_bad(DatasetReader *reader, const double *row, const Datum *values, const bool *nulls)
{
	int			i;

	for (i = 0; i < reader->ncolumns; i++)
	{
		DatasetColumn *column = &reader->columns[i];
		const Feature *feature = column->feature;
		bool		is_category = feature->kind == FEATURE_CATEGORY;
		bool		is_null = nulls[i] && (is_category ? feature->null_error : feature->null_fill == NULL_ERROR);

		if (is_null)
			column->nnull++;
		else if (nulls[i] || is_category || isfinite(row[i]))
			continue;
		else
			column->nbad++;
		if (column->nnull + column->nbad == 1)
			column->bad_key = key_text(reader, values, nulls);
	}
}

/* NULL of a column; false if the row is left out. */
static inline bool
take_null(const DatasetColumn *column, double *value, bool *bad)
{
	const Feature *feature = column->feature;

	*value = get_float8_nan();
	if (feature->kind == FEATURE_CATEGORY)
	{
		*bad |= feature->null_error;

		return !feature->null_skip;
	}
	if (feature->null_fill == NULL_ERROR)
		*bad = true;
	else if (column->fill == FILL_ZERO)
		*value = 0;

	return feature->null_fill != NULL_SKIP;
}

/* A value that is no float8 by itself; false if the row is left out. */
static bool
take_value(DatasetReader *reader, int i, Datum value, bool isnull, double *to, bool *bad)
{
	DatasetColumn *column = &reader->columns[i];

	if (isnull && !take_null(column, to, bad))
	{
		column->nleft_out++;
		return false;
	}
	if (isnull)
		return true;
	if (column->codes != NULL)
		*to = category_code(reader, column, value);
	else
	{
		*to = value_number(column->form, value);
		*bad |= !isfinite(*to);
	}

	return true;
}

/* The features; false if the row is left out. */
static inline bool
take_features(DatasetReader *reader, double *row, const Datum *values, const bool *nulls)
{
	const bool *is_float8 = reader->stage->is_float8;
	bool		bad = false;
	int			i;

	for (i = 0; i < reader->ncolumns; i++)
	{
		if (likely(is_float8[i] && !nulls[i]))
		{
			row[i] = DatumGetFloat8(values[i]);
			bad |= !isfinite(row[i]);
		}
		else if (!take_value(reader, i, values[i], nulls[i], &row[i], &bad))
			return false;
	}
	if (unlikely(bad))
		count_bad(reader, row, values, nulls);

	return true;
}

static double
take_weight(DatasetReader *reader, const Datum *values, const bool *nulls)
{
	int			at = reader->weight_at;
	double		weight;

	if (at < 0)
		return 1;
	weight = nulls[at] ? get_float8_nan() : value_number(reader->weight_form, values[at]);
	if (!(weight >= 0) || isinf(weight))
	{
		char	   *key = key_text(reader, values, nulls);

		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("weight in column \"%s\" must be a number from 0 up, not %s", reader->options->weight,
					   nulls[at] ? "null" : OutputFunctionCall(&reader->intake[at].output, values[at])),
				key == NULL ? 0 : errdetail("In the row of key %s.", key));
	}

	return weight;
}

static int
part_of_id(const DatasetReader *reader, uint64 id)
{
	return draw_uniform(id, reader->options->seed, DRAW_SPLIT) < reader->options->test_fraction ? TEST : TRAIN;
}

/* Rows of the stage, so many and these, at the end of a part. */
static void
store_rows(DatasetReader *reader, int part, const int *rows, int nrows)
{
	const DatasetStage *stage = reader->stage;
	Columns    *columns = reader->part[part];

	while (nrows > 0)
	{
		Block	   *block = columns_row(columns);
		int			first = block->nrows;
		int			n = Min(nrows, BLOCK_ROWS - first);
		int			c;
		int			r;

		for (c = 0; c < reader->ncolumns; c++)
		{
			const double *from = stage->x + c;
			double	   *to = block->x + (Size) c * BLOCK_ROWS + first;

			for (r = 0; r < n; r++)
				to[r] = from[(Size) rows[r] * reader->ncolumns];
		}
		for (r = 0; r < n; r++)
		{
			block->id[first + r] = stage->id[rows[r]];
			if (block->y != NULL)
				block->y[first + r] = stage->y[rows[r]];
			if (block->weight != NULL)
				block->weight[first + r] = stage->weight[rows[r]];
			reader->npositive[part] += stage->y[rows[r]] == 1;
		}
		block->nrows += n;
		columns->nrows += n - 1;	/* one is counted */
		rows += n;
		nrows -= n;
	}
}

/* Empties the stage into the parts. */
static void
store_stage(DatasetReader *reader)
{
	DatasetStage *stage = reader->stage;
	int			rows[2][STAGE_ROWS];
	int			nrows[2] = {0, 0};
	int			r;

	for (r = 0; r < stage->nrows; r++)
	{
		int			part = stage->part[r];

		if (!stage->has_key[r])
			stage->id[r] = dataset_id_of_hash(reader, stage->id[r]);
		if (reader->split == SPLIT_HASH)
			part = part_of_id(reader, stage->id[r]);
		rows[part][nrows[part]++] = r;
	}
	store_rows(reader, TRAIN, rows[TRAIN], nrows[TRAIN]);
	store_rows(reader, TEST, rows[TEST], nrows[TEST]);
	stage->nrows = 0;
}

/* What can be read of a row into the next place of the stage; false: left out. */
static inline bool
stage_row(DatasetReader *reader, const Datum *values, const bool *nulls)
{
	DatasetStage *stage = reader->stage;
	int			r = stage->nrows;
	double	   *row = stage->x + (Size) r * reader->ncolumns;

	stage->y[r] = 0;
	if (reader->label_at >= 0)
	{
		if (nulls[reader->label_at])
		{
			reader->dataset->nlabel_null++;
			return false;
		}
		stage->y[r] = dataset_label_value(reader, values[reader->label_at]);
	}
	stage->weight[r] = take_weight(reader, values, nulls);
	if (stage->weight[r] == 0 || !take_features(reader, row, values, nulls))
		return false;
	stage->part[r] = TRAIN;
	if (reader->split == SPLIT_COLUMN)
	{
		if (nulls[reader->split_at])
			return false;
		stage->part[r] = DatumGetBool(values[reader->split_at]) ? TEST : TRAIN;
	}
	stage->has_key[r] = reader->key_at >= 0 && !nulls[reader->key_at];
	stage->id[r] = stage->has_key[r] ? stable_hash(reader->key_hash, values[reader->key_at]) :
		dataset_hash_of_row(reader, row, stage->y[r], stage->weight[r]);

	return true;
}

/* IntakeRow */
static void
take_row(void *arg, const Datum *values, const bool *nulls)
{
	DatasetReader *reader = arg;

	if (!stage_row(reader, values, nulls))
		reader->dataset->nskipped++;
	else if (++reader->stage->nrows == STAGE_ROWS)
		store_stage(reader);
}

/* All rows into reader->part. */
void
dataset_take_rows(DatasetReader *reader, Intake *intake)
{
	DatasetStage *stage = palloc0(sizeof(DatasetStage));
	int			i;

	stage->x = palloc((Size) STAGE_ROWS * Max(1, reader->ncolumns) * sizeof(double));
	stage->is_float8 = palloc(Max(1, reader->ncolumns) * sizeof(bool));
	for (i = 0; i < reader->ncolumns; i++)
		stage->is_float8[i] = reader->columns[i].form == VALUE_FLOAT8;
	reader->stage = stage;
	intake_read_in_order(intake, take_row, reader);
	store_stage(reader);
	pfree(reader->counts.slots);
	columns_finish(reader->part[TRAIN]);
	columns_finish(reader->part[TEST]);
}
