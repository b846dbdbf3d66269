/*-------------------------------------------------------------------------
 *
 * model_call.c
 *	  Calls of functions of a model: the model is looked up once for a
 *	  statement, and its rows are bound once.
 *
 * PL/pgSQL keeps a call site over many statements, so what was found holds only
 * while all that the answer of the look-up depends on is the same: the snapshot,
 * which tells of everything that others committed and that we ourselves did before
 * this command, the subtransaction, whose end takes back what was seen in it, and
 * the role.  The transactions that a snapshot sees as running only become fewer as
 * long as its limits are the same, so their number tells whether they are the same.
 *
 * IDENTIFICATION
 *	  src/model/model_call.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "model/model_cache.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "compat.h"

/* Names that one call site keeps what it found for. */
#define SITE_NAMES		8

/* What the answer of a look-up depends on. */
typedef struct Seen
{
	uint64		freed;
	Oid			user;
	LocalTransactionId transaction;
	SubTransactionId subtransaction;
	TransactionId xmin;
	TransactionId xmax;
	uint32		xcnt;
	int32		subxcnt;
	CommandId	curcid;
} Seen;

typedef struct Site
{
	text	   *name;
	Seen		seen;
	const CachedModel *entry;
	uint64		serial;			/* of the entry that the row is bound to */
	double	   *terms;

	/* The record's type, as it was last seen. */
	bool		is_bound;
	Oid			type;
	int32		typmod;
	TupleDesc	desc;
	PreparationRow *row;
	Datum	   *values;
	bool	   *nulls;
	MemoryContext context;		/* of what is bound */
} Site;

typedef struct Sites
{
	int			nused;
	int			last;
	Site		sites[SITE_NAMES];
} Sites;

static void
seen_now(Seen *seen)
{
	Snapshot	snapshot = GetActiveSnapshot();

	memset(seen, 0, sizeof(*seen));
	seen->freed = model_cache_freed;
	seen->user = GetUserId();
	seen->transaction = LOCAL_TRANSACTION_ID;
	seen->subtransaction = GetCurrentSubTransactionId();
	seen->xmin = snapshot->xmin;
	seen->xmax = snapshot->xmax;
	seen->xcnt = snapshot->xcnt;
	seen->subxcnt = snapshot->subxcnt;
	seen->curcid = snapshot->curcid;
}

static void
site_unbind(Site *site)
{
	site->is_bound = false;
	site->row = NULL;
	site->desc = NULL;
	if (site->context != NULL)
		MemoryContextReset(site->context);
}

static bool
same_text(const text *a, const text *b)
{
	Size		length = VARSIZE_ANY_EXHDR(a);

	return length == VARSIZE_ANY_EXHDR(b) && memcmp(VARDATA_ANY(a), VARDATA_ANY(b), length) == 0;
}

/*
 * The place for that name among those that the call site keeps.
 */
static Site *
site_of_name(FunctionCallInfo fcinfo, text *name)
{
	Sites	   *sites = fcinfo->flinfo->fn_extra;
	Site	   *site;
	text	   *copy;

	if (sites == NULL)
		sites = fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Sites));
	else if (sites->nused > 0 && same_text(sites->sites[sites->last].name, name))
		return &sites->sites[sites->last];
	for (int i = 0; i < sites->nused; i++)
	{
		if (same_text(sites->sites[i].name, name))
		{
			sites->last = i;
			return &sites->sites[i];
		}
	}

	copy = (text *) MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, VARSIZE_ANY(name));
	memcpy(copy, name, VARSIZE_ANY(name));
	if (sites->nused < SITE_NAMES)
		site = &sites->sites[sites->last = sites->nused++];
	else
	{
		sites->last = (sites->last + 1) % SITE_NAMES;
		site = &sites->sites[sites->last];
		pfree(site->name);
		site_unbind(site);
		site->entry = NULL;
	}
	site->name = copy;
	return site;
}

static Site *
find_site(FunctionCallInfo fcinfo)
{
	Site	   *site = site_of_name(fcinfo, PG_GETARG_TEXT_PP(0));
	Seen		now;

	seen_now(&now);
	if (site->entry != NULL && memcmp(&site->seen, &now, sizeof(Seen)) == 0)
		return site;

	/* If this fails, the next call looks again. */
	site->entry = NULL;
	site->is_bound = false;
	site->entry = model_cache_find(site->name);
	if (site->serial != site->entry->serial)
	{
		site_unbind(site);
		site->serial = site->entry->serial;
	}
	now.freed = model_cache_freed;
	site->seen = now;
	return site;
}

const Model *
model_named(FunctionCallInfo fcinfo)
{
	return find_site(fcinfo)->entry->model;
}

static MemoryContext
site_context(FunctionCallInfo fcinfo, Site *site)
{
	if (site->context == NULL)
		site->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "shopanalytics model call", ALLOCSET_SMALL_SIZES);
	return site->context;
}

static void
alloc_terms(Site *site)
{
	site->terms = palloc(Max(site->entry->model->preparation->nterms, 1) * sizeof(double));
}

/*
 * Has the site know the record's columns.  Those of a type may be others after a
 * command than before it.
 */
static void
site_bind(FunctionCallInfo fcinfo, Site *site, Oid type, int32 typmod)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(type, typmod);
	MemoryContext old;

	if (site->row == NULL || site->type != type || site->typmod != typmod || !equalTupleDescs(desc, site->desc))
	{
		site_unbind(site);
		old = MemoryContextSwitchTo(site_context(fcinfo, site));
		site->type = type;
		site->typmod = typmod;
		site->desc = CreateTupleDescCopy(desc);
		site->values = palloc(Max(desc->natts, 1) * sizeof(Datum));
		site->nulls = palloc(Max(desc->natts, 1) * sizeof(bool));
		alloc_terms(site);
		site->row = preparation_bind(site->entry->model->preparation, site->desc);
		MemoryContextSwitchTo(old);
	}
	ReleaseTupleDesc(desc);
	site->is_bound = true;
}

const Model *
model_of_record(FunctionCallInfo fcinfo, ModelAnswer answer, double **terms, ModelRecord *record)
{
	Site	   *site = find_site(fcinfo);
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(1);
	Oid			type = HeapTupleHeaderGetTypeId(header);
	int32		typmod = HeapTupleHeaderGetTypMod(header);
	HeapTupleData tuple;

	model_need_answer(site->entry->model, answer);
	if (!site->is_bound || site->type != type || site->typmod != typmod)
		site_bind(fcinfo, site, type, typmod);

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, site->desc, site->values, site->nulls);
	*terms = preparation_apply(site->row, site->values, site->nulls, site->terms) ? site->terms : NULL;
	if (record != NULL)
	{
		record->desc = site->desc;
		record->row = site->row;
		record->values = site->values;
		record->nulls = site->nulls;
	}
	else
		PG_FREE_IF_COPY(header, 1);
	return site->entry->model;
}

const Model *
model_of_array(FunctionCallInfo fcinfo, ModelAnswer answer, double **terms)
{
	Site	   *site = find_site(fcinfo);
	const Preparation *preparation = site->entry->model->preparation;
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	int			nelements = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const bits8 *bitmap = ARR_NULLBITMAP(array);
	const char *element = ARR_DATA_PTR(array);

	model_need_answer(site->entry->model, answer);
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("the numbers of a row must be an array of one dimension"));
	if (nelements != preparation->nterms)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("model \"%s\" takes an array of %d numbers, not of %d", text_to_cstring(site->name), preparation->nterms, nelements),
				errhint("SELECT * FROM shopanalytics.model_features(%s) lists them in their order.", quote_literal_cstr(text_to_cstring(site->name))));

	if (!site->is_bound)
	{
		MemoryContext old;

		site_unbind(site);
		old = MemoryContextSwitchTo(site_context(fcinfo, site));
		alloc_terms(site);
		MemoryContextSwitchTo(old);
		site->is_bound = true;
	}
	*terms = site->terms;
	for (int i = 0; i < nelements; i++)
	{
		if (bitmap != NULL && (bitmap[i / 8] & (1 << (i % 8))) == 0)
		{
			const Feature *feature = &preparation->features[preparation->terms[i].feature];

			if (feature->kind == FEATURE_CATEGORY || feature->null_fill != NULL_KEEP)
				*terms = NULL;
			site->terms[i] = NAN;
			continue;
		}
		memcpy(&site->terms[i], element, sizeof(double));
		element += sizeof(double);
		if (!isfinite(site->terms[i]))
			ereport(ERROR,
					errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("number %d of the array, for \"%s\", is not finite: %g", i + 1, preparation->terms[i].name, site->terms[i]));
	}
	PG_FREE_IF_COPY(array, 1);
	return site->entry->model;
}
