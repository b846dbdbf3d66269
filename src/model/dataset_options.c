/*-------------------------------------------------------------------------
 *
 * dataset_options.c
 *	  What a training is told of its rows and columns.
 *
 * IDENTIFICATION
 *	  src/model/dataset_options.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "model/dataset_reader.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/numeric.h"

#include "compat.h"

#define DEFAULT_TEST_FRACTION	0.25
#define DEFAULT_MIN_COUNT		10
#define DEFAULT_SEED			42
#define DEFAULT_SMOOTHING		5.0
#define SPLIT_COLUMN_PREFIX		"column:"

enum
{
	ARG_SOURCE,
	ARG_LABEL,
	ARG_FEATURES,
	ARG_KEY,
	ARG_WEIGHT,
	ARG_POSITIVE,
	ARG_NULL_POLICY,
	ARG_ENCODING,
	ARG_UNKNOWN_POLICY,
	ARG_MIN_COUNT,
	ARG_PREPARE,
	ARG_TEST_FRACTION,
	ARG_SPLIT,
	ARG_SEED
};

/* A word and what it says. */
typedef struct Word
{
	const char *word;
	int			value;
	int			more;
} Word;

static const Word null_words[] = {
	{"skip", NULL_SKIP, FILL_NONE},
	{"error", NULL_ERROR, FILL_NONE},
	{"mean", NULL_VALUE, FILL_MEAN},
	{"median", NULL_VALUE, FILL_MEDIAN},
	{"zero", NULL_VALUE, FILL_ZERO},
	{"indicator", NULL_INDICATOR, FILL_MEAN},
	{NULL, 0, 0}
};

static const Word category_null_words[] = {
	{"skip", NULL_SKIP, 0},
	{"error", NULL_ERROR, 0},
	{NULL, 0, 0}
};

static const Word encoding_words[] = {
	{"one_hot", ENCODING_ONE_HOT, 0},
	{"dummy", ENCODING_DUMMY, 0},
	{"ordinal", ENCODING_ORDINAL, 0},
	{"frequency", ENCODING_FREQUENCY, 0},
	{"target", ENCODING_TARGET, 0},
	{NULL, 0, 0}
};

static const Word unknown_words[] = {
	{"other", UNKNOWN_OTHER, 0},
	{"ignore", UNKNOWN_IGNORE, 0},
	{"error", UNKNOWN_ERROR, 0},
	{NULL, 0, 0}
};

static char *
list_words(const Word *words)
{
	StringInfoData list;
	int			i;

	initStringInfo(&list);
	for (i = 0; words[i].word != NULL; i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" : words[i + 1].word == NULL ? " or " : ", ",
						 words[i].word);

	return list.data;
}

static const Word *
find_word(const Word *words, const char *argument, const char *given)
{
	for (int i = 0; words[i].word != NULL; i++)
	{
		if (strcmp(words[i].word, given) == 0)
			return &words[i];
	}

	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("%s must be %s, not \"%s\"", argument, list_words(words), given));
}

static const char *
text_argument(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argno));
}

static void
features_argument(FunctionCallInfo fcinfo, DatasetOptions *options)
{
	Datum	   *values;
	bool	   *nulls;
	int			i;

	if (PG_ARGISNULL(ARG_FEATURES))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ARG_FEATURES), TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &options->nfeatures);
	if (options->nfeatures == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("features must name a column"),
				errhint("NULL stands for all columns that can be used."));
	options->features = palloc(options->nfeatures * sizeof(char *));
	for (i = 0; i < options->nfeatures; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("features must not contain null"));
		options->features[i] = TextDatumGetCString(values[i]);
	}
}

/* Those of every function that trains, which come first. */
void
dataset_arguments(FunctionCallInfo fcinfo, DatasetOptions *options)
{
	memset(options, 0, sizeof(*options));
	if (PG_ARGISNULL(ARG_SOURCE))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("source must not be null"),
				errhint("Name a table or a view, or pass a query."));
	options->source = text_argument(fcinfo, ARG_SOURCE);
	options->label = text_argument(fcinfo, ARG_LABEL);
	features_argument(fcinfo, options);
	options->key = text_argument(fcinfo, ARG_KEY);
	options->weight = text_argument(fcinfo, ARG_WEIGHT);
	options->positive = text_argument(fcinfo, ARG_POSITIVE);
	options->null_policy = text_argument(fcinfo, ARG_NULL_POLICY);
	options->encoding = text_argument(fcinfo, ARG_ENCODING);
	options->unknown_policy = text_argument(fcinfo, ARG_UNKNOWN_POLICY);
	options->min_category_count = PG_ARGISNULL(ARG_MIN_COUNT) ? DEFAULT_MIN_COUNT : PG_GETARG_INT32(ARG_MIN_COUNT);
	options->prepare = PG_ARGISNULL(ARG_PREPARE) ? NULL : PG_GETARG_JSONB_P(ARG_PREPARE);
	options->test_fraction = PG_ARGISNULL(ARG_TEST_FRACTION) ? DEFAULT_TEST_FRACTION : PG_GETARG_FLOAT8(ARG_TEST_FRACTION);
	options->split = text_argument(fcinfo, ARG_SPLIT);
	options->seed = PG_ARGISNULL(ARG_SEED) ? DEFAULT_SEED : PG_GETARG_INT64(ARG_SEED);
}

void
dataset_need_label(const DatasetOptions *options)
{
	if (options->label == NULL)
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("label must not be null"),
				errhint("Name the column that says what is to be predicted."));
}

/* "column" is set to the name of the column that says it, or NULL. */
SplitRule
dataset_split(const DatasetOptions *options, const char **column)
{
	const char *split = options->split;

	*column = NULL;
	if (split == NULL || strcmp(split, "hash") == 0)
		return SPLIT_HASH;
	if (strncmp(split, SPLIT_COLUMN_PREFIX, strlen(SPLIT_COLUMN_PREFIX)) == 0)
	{
		*column = split + strlen(SPLIT_COLUMN_PREFIX);
		return SPLIT_COLUMN;
	}
	if (strcmp(split, "sequence") != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("split must be hash, sequence or column:<name>, not \"%s\"", split));
	if (options->key == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("split \"sequence\" needs key_column"),
				errhint("Name the column in whose order the last rows are the test's."));

	return SPLIT_SEQUENCE;
}

static void
check_min_count(const char *name, int64 count)
{
	if (count < 1 || count > PG_INT32_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be from 1 to %d, not " INT64_FORMAT, name, PG_INT32_MAX, count));
}

/* What can be said before the source is looked at. */
void
dataset_check_options(const DatasetOptions *options)
{
	const char *column;

	if (options->null_policy != NULL)
		find_word(null_words, "null_policy", options->null_policy);
	if (options->encoding != NULL)
		find_word(encoding_words, "encoding", options->encoding);
	if (options->unknown_policy != NULL)
		find_word(unknown_words, "unknown_policy", options->unknown_policy);
	check_min_count("min_category_count", options->min_category_count);
	if (!(options->test_fraction >= 0 && options->test_fraction < 1))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("test_fraction must be at least 0 and below 1, not %g", options->test_fraction));
	dataset_split(options, &column);
	if (options->positive != NULL && options->label == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("positive needs a label"));
}

static char *
json_string(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

/* What prepare has for a column, an object; NULL: nothing. */
static JsonbContainer *
prepare_of(const DatasetOptions *options, const char *name)
{
	JsonbValue *found;
	JsonbValue	found_value;

	if (options->prepare == NULL)
		return NULL;
	found = getKeyJsonValueFromContainer(&options->prepare->root, name, strlen(name), &found_value);

	return found == NULL ? NULL : found->val.binary.data;
}

/* Every column that prepare names must be one, and be given an object. */
void
dataset_check_prepare(const DatasetOptions *options, const Preparation *preparation)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (options->prepare == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(options->prepare))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("prepare must be a json object of columns"),
				errhint("For example: {\"age\": {\"impute\": \"median\"}}"));
	iterator = JsonbIteratorInit(&options->prepare->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char	   *name;
		int			i;

		if (token != WJB_KEY)
			continue;
		name = json_string(&value);
		for (i = 0; i < preparation->nfeatures; i++)
		{
			if (strcmp(preparation->features[i].name, name) == 0)
				break;
		}
		if (i == preparation->nfeatures)
			ereport(ERROR,
					errcode(ERRCODE_UNDEFINED_COLUMN),
					errmsg("prepare names \"%s\", which is not a feature", name));
		JsonbIteratorNext(&iterator, &value, true);
		if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("prepare must give a json object for column \"%s\"", name),
					errhint("For example: {\"age\": {\"impute\": \"median\"}}"));
	}
}

/* An option's place in error messages. */
static char *
option_name(const DatasetColumn *column, const char *option)
{
	return psprintf("prepare: \"%s\" of column \"%s\"", option, column->feature->name);
}

static char *
option_word(const DatasetColumn *column, const char *option, const JsonbValue *value)
{
	if (value->type != jbvString)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be a string", option_name(column, option)));

	return json_string(value);
}

static double
option_number(const DatasetColumn *column, const char *option, const JsonbValue *value)
{
	if (value->type != jbvNumeric)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be a number", option_name(column, option)));

	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											  NumericGetDatum(value->val.numeric)));
}

/* Which of the options given are for columns of the other kind? */
static void
check_option_kind(const DatasetColumn *column, const char *option, bool is_category)
{
	if (strcmp(option, "impute") == 0 || strcmp(option, "encode") == 0 || is_category)
		return;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("%s is for categories, and the column is a number", option_name(column, option)),
			errhint("With \"encode\" a number is taken as a category."));
}

static void
set_option(DatasetColumn *column, const char *option, const JsonbValue *value)
{
	Feature    *feature = column->feature;
	bool		is_category = feature->kind == FEATURE_CATEGORY;

	check_option_kind(column, option, is_category);
	if (strcmp(option, "impute") == 0 && !is_category)
	{
		const Word *word = find_word(null_words, option_name(column, option),
									 option_word(column, option, value));

		feature->null_fill = word->value;
		column->fill = word->more;
	}
	else if (strcmp(option, "impute") == 0)
	{
		const Word *word = find_word(category_null_words, option_name(column, option),
									 option_word(column, option, value));

		feature->null_skip = word->value == NULL_SKIP;
		feature->null_error = word->value == NULL_ERROR;
	}
	else if (strcmp(option, "encode") == 0)
		feature->encoding = find_word(encoding_words, option_name(column, option),
									  option_word(column, option, value))->value;
	else if (strcmp(option, "unknown") == 0)
		feature->unknown = find_word(unknown_words, option_name(column, option),
									 option_word(column, option, value))->value;
	else if (strcmp(option, "min_count") == 0)
	{
		double		count = option_number(column, option, value);

		if (count != rint(count))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("%s must be a whole number", option_name(column, option)));
		check_min_count(option_name(column, option), (int64) Max(0, Min(count, 1e15)));
		column->min_count = (int) count;
	}
	else if (strcmp(option, "smoothing") == 0)
	{
		column->smoothing = option_number(column, option, value);
		if (!(column->smoothing >= 0) || isinf(column->smoothing))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("%s must be a number from 0 up", option_name(column, option)));
	}
	else
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("prepare has an unknown option \"%s\" for column \"%s\"", option, feature->name),
				errhint("There are: impute, encode, unknown, min_count, smoothing."));
}

/* A number whose encoding is given is a category. */
static bool
is_made_category(const DatasetColumn *column, JsonbContainer *prepare)
{
	JsonbValue	value;

	if (prepare == NULL || column->feature->kind == FEATURE_CATEGORY ||
		getKeyJsonValueFromContainer(prepare, "encode", strlen("encode"), &value) == NULL)
		return false;

	switch (column->form)
	{
		case VALUE_BOOL:
		case VALUE_INT2:
		case VALUE_INT4:
		case VALUE_INT8:
		case VALUE_NUMERIC:
			return true;
		default:
			ereport(ERROR,
					errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("column \"%s\" cannot be encoded as a category", column->feature->name),
					errhint("Pass a query that casts it to text."));
	}
}

/* What is said of all columns, and what prepare says of this one. */
void
dataset_column_options(const DatasetOptions *options, DatasetColumn *column)
{
	Feature    *feature = column->feature;
	JsonbContainer *prepare = prepare_of(options, feature->name);
	const Word *null_word = &null_words[0];
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (is_made_category(column, prepare))
		feature->kind = FEATURE_CATEGORY;
	if (options->null_policy != NULL)
		null_word = find_word(null_words, "null_policy", options->null_policy);
	feature->null_fill = null_word->value;
	if (options->keep_nulls && feature->null_fill == NULL_SKIP)
		feature->null_fill = NULL_KEEP;
	column->fill = null_word->more;
	feature->encoding = options->default_dummy ? ENCODING_DUMMY : ENCODING_ONE_HOT;
	if (options->encoding != NULL)
		feature->encoding = find_word(encoding_words, "encoding", options->encoding)->value;
	feature->unknown = UNKNOWN_OTHER;
	if (options->unknown_policy != NULL)
		feature->unknown = find_word(unknown_words, "unknown_policy", options->unknown_policy)->value;
	column->min_count = options->min_category_count;
	column->smoothing = DEFAULT_SMOOTHING;

	if (prepare != NULL)
	{
		iterator = JsonbIteratorInit(prepare);
		while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
		{
			char	   *option;

			if (token != WJB_KEY)
				continue;
			option = json_string(&value);
			JsonbIteratorNext(&iterator, &value, true);
			set_option(column, option, &value);
		}
		if (getKeyJsonValueFromContainer(prepare, "smoothing", strlen("smoothing"), &value) != NULL &&
			feature->encoding != ENCODING_TARGET)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("%s is for encoding \"target\"", option_name(column, "smoothing")));
	}
	if (feature->kind == FEATURE_CATEGORY && feature->encoding == ENCODING_TARGET && options->label == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("encoding \"target\" needs a label"));
}
