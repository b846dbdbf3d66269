/*-------------------------------------------------------------------------
 *
 * preparation_terms.c
 *	  What terms a model has, and how they are called.
 *
 * IDENTIFICATION
 *	  src/model/preparation_terms.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "model/preparation.h"

#include "compat.h"

static char *
term_name(const Feature *feature, const Level *level)
{
	switch (level->kind)
	{
		case LEVEL_OTHER:
			return psprintf("%s is other", feature->name);
		case LEVEL_NULL:
			return psprintf("%s is null", feature->name);
		case LEVEL_VALUE:
			break;
	}

	return psprintf("%s=%s", feature->name, level->name);
}

static void
name_feature_terms(Preparation *p, int f)
{
	const Feature *feature = &p->features[f];
	Term	   *terms = p->terms + feature->first_term;
	int			i;

	for (i = 0; i < feature->nterms; i++)
	{
		terms[i].feature = f;
		terms[i].level = -1;
		terms[i].name = feature->name;
	}
	if (feature->kind != FEATURE_CATEGORY && feature->null_fill == NULL_INDICATOR)
	{
		terms[1].is_null = true;
		terms[1].name = psprintf("%s is null", feature->name);
	}
	for (i = 0; i < feature->nlevels; i++)
	{
		int			t = feature->levels[i].term;

		if (t < 0)
			continue;
		p->terms[t].level = i;
		p->terms[t].is_null = feature->levels[i].kind == LEVEL_NULL;
		p->terms[t].name = term_name(feature, &feature->levels[i]);
	}
}

bool
preparation_has_level_terms(const Feature *feature)
{
	return feature->kind == FEATURE_CATEGORY &&
		(feature->encoding == ENCODING_ONE_HOT || feature->encoding == ENCODING_DUMMY);
}

static int
place_feature_terms(Feature *feature)
{
	int			dropped = feature->encoding == ENCODING_DUMMY ? 1 : 0;
	int			i;

	if (feature->kind != FEATURE_CATEGORY)
		return feature->null_fill == NULL_INDICATOR ? 2 : 1;
	for (i = 0; i < feature->nlevels; i++)
		feature->levels[i].term = -1;
	if (!preparation_has_level_terms(feature))
		return 1;
	for (i = dropped; i < feature->nlevels; i++)
		feature->levels[i].term = feature->first_term + i - dropped;

	return Max(0, feature->nlevels - dropped);
}

/* Says which terms a feature has, and how many there are in all. */
int64
preparation_place_terms(Preparation *p)
{
	int64		nterms = 0;
	int			i;

	for (i = 0; i < p->nfeatures; i++)
	{
		Feature    *feature = &p->features[i];

		feature->first_term = (int) Min(nterms, PREPARATION_MAX_TERMS);
		feature->nterms = place_feature_terms(feature);
		nterms += feature->nterms;
	}

	return nterms;
}

/* The terms of a feature that is a category; level -1: no level. */
void
preparation_level_terms(const Feature *feature, int level, double *terms)
{
	if (!preparation_has_level_terms(feature))
	{
		terms[0] = level < 0 ? feature->unknown_value : feature->levels[level].value;
		return;
	}
	memset(terms, 0, feature->nterms * sizeof(double));
	if (level >= 0 && feature->levels[level].term >= 0)
		terms[feature->levels[level].term - feature->first_term] = 1;
}

/* "text" is NULL for NULL. */
void
preparation_unknown_error(const Feature *feature, const char *text)
{
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			text == NULL ?
			errmsg("column \"%s\" is null, which no training row had", feature->name) :
			errmsg("column \"%s\" has a value that no training row had: \"%s\"", feature->name, text),
			errhint("Trained with unknown_policy \"other\" or \"ignore\", a model takes such values."));
}

/* The terms, after preparation_place_terms(). */
void
preparation_name_terms(Preparation *p)
{
	int			i;

	p->nterms = 0;
	for (i = 0; i < p->nfeatures; i++)
		p->nterms += p->features[i].nterms;
	p->terms = palloc0(Max(1, p->nterms) * sizeof(Term));
	for (i = 0; i < p->nfeatures; i++)
		name_feature_terms(p, i);
}
