/*-------------------------------------------------------------------------
 *
 * dataset_label.c
 *	  The column that says what is to be predicted.
 *
 * A boolean is 0 or 1, a number must be.  Of a text, or of anything when one of
 * its values is said to be the positive one, there must be two values.  Which is
 * 1 may be known at the end only: until then a row has the value's number.
 *
 * IDENTIFICATION
 *	  src/model/dataset_label.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "behaviour/hllsketch.h"
#include "lib/stringinfo.h"
#include "model/dataset_reader.h"
#include "utils/builtins.h"

#include "compat.h"

#define MAX_LISTED	10

void
dataset_label_open(DatasetReader *reader)
{
	DatasetLabel *label = &reader->label;
	const IntakeColumn *column;

	label->positive = -1;
	if (reader->label_at < 0)
		return;
	column = &reader->intake[reader->label_at];
	label->value = value_form(column->type);
	label->output = column->output;
	switch (label->value)
	{
		case VALUE_BOOL:
		case VALUE_INT2:
		case VALUE_INT4:
		case VALUE_INT8:
		case VALUE_FLOAT4:
		case VALUE_FLOAT8:
		case VALUE_NUMERIC:
			label->form = reader->options->positive == NULL ? LABEL_NUMBER : LABEL_TEXT;
			break;
		case VALUE_TEXT:
		case VALUE_WORD:
			label->form = LABEL_TEXT;
			break;
		default:
			ereport(ERROR,
					errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("label \"%s\" is of type %s, neither boolean nor number nor text", column->name,
						   format_type_be(column->type)));
	}
	if (label->form == LABEL_TEXT)
	{
		label->codes = codes_create_exact(column->type, column->collation);
		reader->two_looks = true;
	}
}

/* A code of the type's, which may have several for one text: char(2), char(3). */
static void
add_code(DatasetReader *reader, uint32 code, Datum value)
{
	DatasetLabel *label = &reader->label;
	MemoryContext old;
	char	   *text;
	int			i;

	if (code >= DATASET_MAX_LABELS)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("label \"%s\" has more than %d values, where there must be two", reader->options->label,
					   DATASET_MAX_LABELS),
				errhint("Pass a query that makes it boolean."));
	old = MemoryContextSwitchTo(reader->context);
	text = value_text(label->value, &label->output, value);

	MemoryContextSwitchTo(old);
	for (i = 0; i < label->nvalues && strcmp(label->text[i], text) != 0; i++)
		;
	if (i == label->nvalues)
		label->text[label->nvalues++] = text;

	label->value_of_code[code] = i;
	label->ncodes = code + 1;
}

/* 0 or 1, or the number of the value. */
double
dataset_label_value(DatasetReader *reader, Datum value)
{
	DatasetLabel *label = &reader->label;
	double		number;
	uint32		code;

	if (label->form == LABEL_NUMBER)
	{
		number = value_number(label->value, value);
		if (number == 0 || number == 1)
			return number;
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("label \"%s\" is neither boolean nor 0 or 1: %s", reader->options->label,
					   value_text(label->value, &label->output, value)),
				errhint("Pass a query that makes it boolean, or name one of two values by positive."));
	}

	code = codes_get(label->codes, value);
	if (code >= label->ncodes)
		add_code(reader, code, value);

	return label->value_of_code[code];
}

/* The same for a value wherever it came first. */
uint64
dataset_label_hash(const DatasetReader *reader, double y)
{
	const DatasetLabel *label = &reader->label;
	const char *text;

	if (label->form != LABEL_TEXT)
		return (uint64) y;
	text = label->text[(int) y];

	return hllsketch_hash((const uint8 *) text, strlen(text));
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static char *
list_values(const DatasetLabel *label)
{
	char	  **sorted = palloc(label->nvalues * sizeof(char *));
	StringInfoData list;
	int			i;

	memcpy(sorted, label->text, label->nvalues * sizeof(char *));
	qsort(sorted, label->nvalues, sizeof(char *), compare_texts);
	initStringInfo(&list);
	for (i = 0; i < Min(label->nvalues, MAX_LISTED); i++)
		appendStringInfo(&list, "%s\"%s\"", i > 0 ? ", " : "", sorted[i]);
	if (label->nvalues > MAX_LISTED)
		appendStringInfo(&list, " and %d more", label->nvalues - MAX_LISTED);

	return list.data;
}

/* Which of two texts is 1; all rows are read. */
static void
choose_positive(DatasetReader *reader)
{
	DatasetLabel *label = &reader->label;
	const char *positive = reader->options->positive;
	int			i;

	if (label->nvalues > 2)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("label \"%s\" has %d values, where there must be two", reader->options->label, label->nvalues),
				errdetail("There are: %s.", list_values(label)),
				errhint("Pass a query that leaves the other rows out, or that makes it boolean."));
	if (positive != NULL)
	{
		for (i = 0; i < label->nvalues && strcmp(label->text[i], positive) != 0; i++)
			;
		if (i == label->nvalues)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("label \"%s\" is never \"%s\", which positive names", reader->options->label, positive),
					errdetail("There are: %s.", list_values(label)));
		label->positive = i;
	}
	else if (label->nvalues == 2)
	{
		label->positive = strcmp(label->text[0], label->text[1]) > 0 ? 0 : 1;
		ereport(NOTICE,
				errmsg("label \"%s\": what is predicted is \"%s\", and \"%s\" is not that", reader->options->label,
					   label->text[label->positive], label->text[1 - label->positive]),
				errhint("Name the other one by positive if that is meant."));
	}
	if (label->nvalues == 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("label \"%s\" is always \"%s\", where there must be two values", reader->options->label, label->text[0]));
}

/* All rows are read, and there are some. */
void
dataset_label_finish(DatasetReader *reader)
{
	DatasetLabel *label = &reader->label;
	Dataset    *dataset = reader->dataset;

	switch (label->form)
	{
		case LABEL_NONE:
			break;
		case LABEL_NUMBER:
			dataset->positive = pstrdup(label->value == VALUE_BOOL ? "true" : "1");
			dataset->negative = pstrdup(label->value == VALUE_BOOL ? "false" : "0");
			break;
		case LABEL_TEXT:
			choose_positive(reader);
			dataset->positive = pstrdup(label->text[label->positive]);
			dataset->negative = pstrdup(label->text[1 - label->positive]);
			break;
	}
}
