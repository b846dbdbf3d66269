/*-------------------------------------------------------------------------
 *
 * preparation_row.c
 *	  The terms of a row that is to be scored.
 *
 * Columns are found by name once, for all rows of one type.  Then a row costs no
 * memory: a category is looked up by the bytes of its text where they are, and
 * what else has to be written out is freed at once.
 *
 * IDENTIFICATION
 *	  src/model/preparation_row.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "model/preparation.h"
#include "model/preparation_value.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"

#include "compat.h"

#define NO_LEVEL	(-1)

typedef struct LevelSlot
{
	uint32		hash;
	int			level;			/* NO_LEVEL: free */
} LevelSlot;

typedef struct BoundFeature
{
	const Feature *feature;
	int			attribute;		/* from 0 */
	ValueForm	form;
	bool		is_bpchar;
	FmgrInfo	output;
	LevelSlot  *slots;			/* of a category */
	uint32		mask;
} BoundFeature;

struct PreparationRow
{
	const Preparation *preparation;
	BoundFeature *features;
};

static uint32
text_hash(const char *bytes, int len)
{
	return hash_bytes((const unsigned char *) bytes, len);
}

static void
fill_slots(BoundFeature *bound)
{
	const Feature *feature = bound->feature;
	uint32		nslots = 8;
	int			i;

	while (nslots < 2 * (uint32) feature->nlevels)
		nslots *= 2;
	bound->mask = nslots - 1;
	bound->slots = palloc(nslots * sizeof(LevelSlot));
	for (i = 0; i < nslots; i++)
		bound->slots[i].level = NO_LEVEL;
	for (i = 0; i < feature->nlevels; i++)
	{
		uint32		hash;
		uint32		at;

		if (feature->levels[i].kind != LEVEL_VALUE)
			continue;
		hash = text_hash(feature->levels[i].name, strlen(feature->levels[i].name));
		for (at = hash & bound->mask; bound->slots[at].level != NO_LEVEL;)
			at = (at + 1) & bound->mask;
		bound->slots[at].hash = hash;
		bound->slots[at].level = i;
	}
}

static int
find_level(const BoundFeature *bound, const char *bytes, int len)
{
	uint32		hash = text_hash(bytes, len);
	uint32		at;

	for (at = hash & bound->mask; bound->slots[at].level != NO_LEVEL; at = (at + 1) & bound->mask)
	{
		const LevelSlot *slot = &bound->slots[at];
		const char *name;

		if (slot->hash != hash)
			continue;
		name = bound->feature->levels[slot->level].name;
		if (strncmp(name, bytes, len) == 0 && name[len] == '\0')
			return slot->level;
	}

	return NO_LEVEL;
}

/* Can values of this form be what the feature was trained on? */
static bool
can_be(FeatureKind kind, ValueForm form)
{
	switch (kind)
	{
		case FEATURE_NUMBER:
			return form == VALUE_TEXT || (value_is_number(form) && value_kind(form) == FEATURE_NUMBER);
		case FEATURE_TIME:
		case FEATURE_DURATION:
			return value_kind(form) == kind;
		case FEATURE_CATEGORY:
			return form == VALUE_TEXT || form == VALUE_WORD || form == VALUE_BOOL || form == VALUE_INT2 ||
				form == VALUE_INT4 || form == VALUE_INT8 || form == VALUE_NUMERIC;
	}

	return false;
}

static const char *
kind_word(FeatureKind kind)
{
	switch (kind)
	{
		case FEATURE_NUMBER:
			return "a number";
		case FEATURE_TIME:
			return "a date or a timestamp";
		case FEATURE_DURATION:
			return "a time or an interval";
		case FEATURE_CATEGORY:
			return "a text";
	}

	return "";
}

static void
bind_feature(BoundFeature *bound, Form_pg_attribute attribute)
{
	const Feature *feature = bound->feature;
	Oid			type = getBaseType(attribute->atttypid);
	Oid			output;
	bool		is_varlena;

	if (type == UNKNOWNOID)
		type = TEXTOID;
	bound->form = value_form(type);
	if (!can_be(feature->kind, bound->form))
		ereport(ERROR,
				errcode(ERRCODE_DATATYPE_MISMATCH),
				errmsg("column \"%s\" is of type %s, and the model needs %s", feature->name,
					   format_type_be(type), kind_word(feature->kind)));
	bound->is_bpchar = type == BPCHAROID;
	getTypeOutputInfo(type, &output, &is_varlena);
	fmgr_info(output, &bound->output);
	if (feature->kind == FEATURE_CATEGORY)
		fill_slots(bound);
}

/* The column's number, or -1. */
static int
find_attribute(TupleDesc desc, const char *name)
{
	int			found = -1;
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped || strcmp(NameStr(attribute->attname), name) != 0)
			continue;
		if (found >= 0)
			ereport(ERROR,
					errcode(ERRCODE_AMBIGUOUS_COLUMN),
					errmsg("the row has column \"%s\" twice", name));
		found = i;
	}

	return found;
}

static char *
list_attributes(TupleDesc desc)
{
	StringInfoData list;
	int			i;

	initStringInfo(&list);
	for (i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", NameStr(TupleDescAttr(desc, i)->attname));
	}

	return list.data;
}

static void
check_missing(const PreparationRow *row, TupleDesc desc)
{
	const Preparation *p = row->preparation;
	StringInfoData missing;
	int			nmissing = 0;
	int			i;

	initStringInfo(&missing);
	for (i = 0; i < p->nfeatures; i++)
	{
		if (row->features[i].attribute < 0)
			appendStringInfo(&missing, "%s\"%s\"", nmissing++ > 0 ? ", " : "", p->features[i].name);
	}
	if (nmissing > 0)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg_plural("the row has no column %s, which the model needs",
							  "the row has no columns %s, which the model needs", nmissing, missing.data),
				errdetail("It has: %s.", list_attributes(desc)));
}

/*
 * For rows of this type, by the names of their columns; in the current memory
 * context, and as long as the preparation is there.
 */
PreparationRow *
preparation_bind(const Preparation *p, TupleDesc desc)
{
	PreparationRow *row = palloc(sizeof(PreparationRow));
	int			i;

	row->preparation = p;
	row->features = palloc0(Max(1, p->nfeatures) * sizeof(BoundFeature));
	for (i = 0; i < p->nfeatures; i++)
	{
		row->features[i].feature = &p->features[i];
		row->features[i].attribute = find_attribute(desc, p->features[i].name);
	}
	check_missing(row, desc);
	for (i = 0; i < p->nfeatures; i++)
		bind_feature(&row->features[i], TupleDescAttr(desc, row->features[i].attribute));

	return row;
}

/* Where the feature's value is in the row, from 0. */
int
preparation_attribute(const PreparationRow *row, int feature)
{
	return row->features[feature].attribute;
}

/* A number that comes as text. */
static double
text_number(BoundFeature *bound, Datum value)
{
	char	   *text = value_text(bound->form, &bound->output, value);
	char	   *end;
	double		number;

	errno = 0;
	number = strtod(text, &end);
	while (isspace((unsigned char) *end))
		end++;
	if (end == text ||*end != '\0' || errno == ERANGE || strpbrk(text, "xX") != NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				errmsg("column \"%s\" is not a number, which the model needs: \"%s\"", bound->feature->name, text));
	pfree(text);

	return number;
}

static double
number_of(BoundFeature *bound, Datum value)
{
	double		number = bound->form == VALUE_TEXT ? text_number(bound, value) : value_number(bound->form, value);

	if (unlikely(!isfinite(number)))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("column \"%s\" is NaN or infinity, which the model has no number for", bound->feature->name));

	return number;
}

static bool
apply_number(BoundFeature *bound, Datum value, bool is_null, double *terms)
{
	const Feature *feature = bound->feature;

	if (!is_null)
	{
		terms[0] = number_of(bound, value);
		if (feature->null_fill == NULL_INDICATOR)
			terms[1] = 0;
		return true;
	}

	switch (feature->null_fill)
	{
		case NULL_SKIP:
			return false;
		case NULL_ERROR:
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("column \"%s\" is null, and the model was trained with null_policy \"error\"", feature->name));
			break;
		case NULL_VALUE:
			terms[0] = feature->fill;
			break;
		case NULL_INDICATOR:
			terms[0] = feature->fill;
			terms[1] = 1;
			break;
		case NULL_KEEP:
			terms[0] = get_float8_nan();
			break;
	}

	return true;
}

static int
level_of(BoundFeature *bound, Datum value)
{
	char	   *text;
	int			level;

	if (bound->form == VALUE_TEXT)
	{
		struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);
		char	   *bytes = VARDATA_ANY(packed);
		int			len = VARSIZE_ANY_EXHDR(packed);

		if (bound->is_bpchar)
			len = bpchartruelen(bytes, len);
		level = find_level(bound, bytes, len);
		if (PointerGetDatum(packed) != value)
			pfree(packed);

		return level;
	}

	text = value_text(bound->form, &bound->output, value);

	level = find_level(bound, text, strlen(text));
	pfree(text);

	return level;
}

static bool
apply_category(BoundFeature *bound, Datum value, bool is_null, double *terms)
{
	const Feature *feature = bound->feature;
	int			level;

	if (is_null && feature->null_skip)
		return false;
	if (is_null && feature->null_error)
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("column \"%s\" is null, and the model was trained not to have it so", feature->name));
	level = is_null ? feature->null_level : level_of(bound, value);
	if (level == NO_LEVEL && feature->unknown == UNKNOWN_ERROR)
		preparation_unknown_error(feature, is_null ? NULL : value_text(bound->form, &bound->output, value));
	if (level == NO_LEVEL)
		level = feature->other_level;
	preparation_level_terms(feature, level, terms);

	return true;
}

/* The terms; false: the row has NULL where the answer then is NULL. */
bool
preparation_apply(PreparationRow *row, const Datum *values, const bool *nulls, double *terms)
{
	const Preparation *p = row->preparation;
	int			i;

	for (i = 0; i < p->nfeatures; i++)
	{
		BoundFeature *bound = &row->features[i];
		double	   *own = terms + bound->feature->first_term;
		Datum		value = values[bound->attribute];
		bool		is_null = nulls[bound->attribute];

		if (bound->feature->kind == FEATURE_CATEGORY)
		{
			if (!apply_category(bound, value, is_null, own))
				return false;
		}
		else if (!apply_number(bound, value, is_null, own))
			return false;
	}

	return true;
}
