/*-------------------------------------------------------------------------
 *
 * preparation.c
 *	  From the columns of a row to the numbers that a model works on.
 *
 * IDENTIFICATION
 *	  src/model/preparation.c
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
		terms[i].is_null = i > 0;
		terms[i].name = i > 0 ? psprintf("%s is null", feature->name) : feature->name;
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

/* The terms, from what the features say of theirs. */
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
