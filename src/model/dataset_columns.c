/*-------------------------------------------------------------------------
 *
 * dataset_columns.c
 *	  Which columns of a source a training reads, and as what.
 *
 * IDENTIFICATION
 *	  src/model/dataset_columns.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "model/dataset_reader.h"
#include "utils/builtins.h"

#include "compat.h"

#define DATASET_EXTRA	4		/* label, key, weight, split */

typedef struct SourceColumns
{
	IntakeSourceColumn *columns;
	int			ncolumns;
} SourceColumns;

static const IntakeSourceColumn *
find_column(const SourceColumns *source, const char *name)
{
	int			i;

	for (i = 0; i < source->ncolumns; i++)
	{
		if (strcmp(source->columns[i].name, name) == 0)
			return &source->columns[i];
	}

	return NULL;
}

static char *
list_columns(const SourceColumns *source)
{
	StringInfoData list;
	int			i;

	initStringInfo(&list);
	for (i = 0; i < source->ncolumns; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", source->columns[i].name);

	return list.data;
}

static const IntakeSourceColumn *
need_column(const SourceColumns *source, const char *argument, const char *name)
{
	const IntakeSourceColumn *column = find_column(source, name);

	if (column == NULL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("the source has no column \"%s\"", name),
				errdetail("%s names it; there are: %s.", argument, list_columns(source)));

	return column;
}

static void
add_feature(DatasetReader *reader, const IntakeSourceColumn *found)
{
	Preparation *preparation = reader->preparation;
	Feature    *feature = &preparation->features[preparation->nfeatures];
	DatasetColumn *column = &reader->columns[preparation->nfeatures];
	int			i;

	for (i = 0; i < preparation->nfeatures; i++)
	{
		if (strcmp(preparation->features[i].name, found->name) == 0)
			ereport(ERROR,
					errcode(ERRCODE_DUPLICATE_COLUMN),
					errmsg("column \"%s\" is a feature twice", found->name));
	}
	feature->name = pstrdup(found->name);
	feature->other_level = feature->null_level = -1;
	column->feature = feature;
	column->form = value_form(found->type);
	feature->kind = value_kind(column->form);
	preparation->nfeatures++;
}

static void
choose_named(DatasetReader *reader, const SourceColumns *source)
{
	const DatasetOptions *options = reader->options;
	int			i;

	for (i = 0; i < options->nfeatures; i++)
	{
		const char *name = options->features[i];
		const IntakeSourceColumn *column = need_column(source, "features", name);

		if (value_form(column->type) == VALUE_NONE)
			ereport(ERROR,
					errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("column \"%s\" is of type %s, which cannot be a feature", name, format_type_be(column->type)),
					errdetail("There are: %s.", list_columns(source)),
					errhint("Pass a query that casts it to a number or to text."));
		if (options->label != NULL && strcmp(options->label, name) == 0)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("the label \"%s\" cannot be a feature", name));
		add_feature(reader, column);
	}
}

static bool
is_named(const char *name, const char *other)
{
	return other != NULL && strcmp(name, other) == 0;
}

static void
choose_usable(DatasetReader *reader, const SourceColumns *source, const char *split)
{
	const DatasetOptions *options = reader->options;
	StringInfoData left_out;
	int			i;

	initStringInfo(&left_out);
	for (i = 0; i < source->ncolumns; i++)
	{
		const IntakeSourceColumn *column = &source->columns[i];

		if (is_named(column->name, options->label) || is_named(column->name, options->key) ||
			is_named(column->name, options->weight) || is_named(column->name, split))
			continue;
		if (value_form(column->type) == VALUE_NONE)
			appendStringInfo(&left_out, "%s\"%s\" of type %s", left_out.len > 0 ? ", " : "",
							 column->name, format_type_be(column->type));
		else
			add_feature(reader, column);
	}
	if (left_out.len > 0)
		ereport(NOTICE,
				errmsg("columns that cannot be features are left out: %s", left_out.data));
	if (reader->preparation->nfeatures == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("the source has no column that can be a feature"),
				errdetail("There are: %s.", list_columns(source)));
}

static void
choose_features(DatasetReader *reader, const SourceColumns *source, const char *split)
{
	const DatasetOptions *options = reader->options;
	Preparation *preparation = reader->preparation;
	int			most = options->features != NULL ? options->nfeatures : source->ncolumns;
	int			i;

	preparation->features = palloc0(Max(1, most) * sizeof(Feature));
	reader->columns = palloc0(Max(1, most) * sizeof(DatasetColumn));
	if (options->features != NULL)
		choose_named(reader, source);
	else
		choose_usable(reader, source, split);
	reader->ncolumns = preparation->nfeatures;
	dataset_check_prepare(options, preparation);
	for (i = 0; i < reader->ncolumns; i++)
		dataset_column_options(options, &reader->columns[i]);
}

/* Its place in the query, after what is there; -1 without a name. */
static int
add_extra(DatasetReader *reader, const SourceColumns *source, const char *argument, const char *name)
{
	if (name == NULL)
		return -1;
	need_column(source, argument, name);
	reader->intake[reader->nintake].argument = argument;
	reader->intake[reader->nintake].name = name;

	return reader->nintake++;
}

static void
check_weight(DatasetReader *reader)
{
	const IntakeColumn *column;

	if (reader->weight_at < 0)
		return;
	column = &reader->intake[reader->weight_at];
	reader->weight_form = value_form(column->type);
	if (value_kind(reader->weight_form) != FEATURE_NUMBER || !value_is_number(reader->weight_form))
		ereport(ERROR,
				errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("weight_column \"%s\" is of type %s, not a number", column->name,
					   format_type_be(column->type)));
}

static void
check_split(DatasetReader *reader)
{
	if (reader->split_at >= 0 && reader->intake[reader->split_at].type != BOOLOID)
		ereport(ERROR,
				errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("split column \"%s\" is of type %s, not boolean",
					   reader->intake[reader->split_at].name,
					   format_type_be(reader->intake[reader->split_at].type)),
				errhint("Rows of which it is true are the test's."));
}

/* Rows in the order of the key, those without one first. */
static void
order_by_key(DatasetReader *reader, Intake *intake)
{
	if (reader->split == SPLIT_SEQUENCE)
		intake->sql = psprintf("%s ORDER BY %s.%s NULLS FIRST", intake->sql, intake->noun->name,
							   quote_identifier(reader->options->key));
}

static void
open_columns(DatasetReader *reader)
{
	int			i;

	for (i = 0; i < reader->ncolumns; i++)
	{
		DatasetColumn *column = &reader->columns[i];
		const IntakeColumn *intake = &reader->intake[i];

		column->output = intake->output;
		if (column->feature->kind != FEATURE_CATEGORY)
		{
			if (column->feature->null_fill == NULL_INDICATOR || column->fill == FILL_MEAN ||
				column->fill == FILL_MEDIAN)
				reader->two_looks = true;
			continue;
		}
		reader->two_looks = true;
		column->codes = codes_create_exact(intake->type, intake->collation);
		column->code_hash = palloc(sizeof(uint64));
	}
}

/* What is needed of columns while they are read only. */
static void
open_reader(DatasetReader *reader)
{
	MemoryContext old = MemoryContextSwitchTo(reader->context);

	open_columns(reader);
	dataset_label_open(reader);
	dataset_id_open(reader);
	MemoryContextSwitchTo(old);
	if (reader->split == SPLIT_SEQUENCE)
		reader->two_looks = true;
}

/* Finds the columns, and says what is wrong with them. */
Intake *
dataset_open(DatasetReader *reader)
{
	const DatasetOptions *options = reader->options;
	IntakeSource *found = intake_find(options->source, &intake_source);
	SourceColumns source;
	const char *split;
	Intake	   *intake;
	int			i;

	source.ncolumns = intake_source_columns(found, &source.columns);
	reader->split = dataset_split(options, &split);
	choose_features(reader, &source, split);
	reader->intake = palloc0((reader->ncolumns + DATASET_EXTRA) * sizeof(IntakeColumn));
	for (i = 0; i < reader->ncolumns; i++)
	{
		reader->intake[i].argument = "features";
		reader->intake[i].name = reader->preparation->features[i].name;
	}
	reader->nintake = reader->ncolumns;
	reader->label_at = add_extra(reader, &source, "label", options->label);
	reader->key_at = add_extra(reader, &source, "key_column", options->key);
	reader->weight_at = add_extra(reader, &source, "weight_column", options->weight);
	reader->split_at = add_extra(reader, &source, "split", split);

	intake = intake_open_source(found, reader->intake, reader->nintake, NULL);
	order_by_key(reader, intake);
	check_weight(reader);
	check_split(reader);
	open_reader(reader);

	return intake;
}
