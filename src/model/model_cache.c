/*-------------------------------------------------------------------------
 *
 * model_cache.c
 *	  The stored models: found by name with the caller's rights, decoded once
 *	  for a session, and looked up once for a statement.
 *
 * A name is looked up by a query of ours, so row security and privileges are the
 * server's own.  What is decoded is kept for the session under what no other row
 * has: the table, the version's id, and the transaction and place that wrote the
 * row.  The bytes kept are bounded; what was used longest ago goes first.
 *
 * A call site keeps what it found, and its rows are bound once.  PL/pgSQL keeps a
 * call site over many statements, so what was found holds only while all that the
 * query's answer depends on is the same: the snapshot, which tells of everything
 * that others committed and that we ourselves did before this command, the
 * subtransaction, whose end takes back what was seen in it, and the role.  The
 * transactions that a snapshot sees as running only become fewer as long as its
 * limits are the same, so their number tells whether they are the same ones.
 *
 * IDENTIFICATION
 *	  src/model/model_cache.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "executor/spi.h"
#include "lib/ilist.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "model/model.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#define CACHE_MODELS	64
#define CACHE_BYTES		((Size) 64 * 1024 * 1024)

/* Of models that have none of their own. */
#define DEFAULT_THRESHOLD	0.5

/* Names that one call site keeps what it found for. */
#define SITE_NAMES		8

/* The row of a version: no two have the same. */
typedef struct VersionKey
{
	Oid			table;
	TransactionId xmin;
	ItemPointerData ctid;
	int64		id;
} VersionKey;

typedef struct CacheEntry
{
	dlist_node	node;
	VersionKey	key;
	uint64		serial;			/* never given twice */
	Model	   *model;
	Size		size;
	MemoryContext context;		/* of all this */
} CacheEntry;

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
	CacheEntry *entry;
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

/* The entry used last comes first. */
static dlist_head entries = DLIST_STATIC_INIT(entries);
static int	nentries = 0;
static Size entries_size = 0;
static uint64 last_serial = 0;
static uint64 nfreed = 0;

static const char *const version_query =
"SELECT v.tableoid, v.xmin, v.ctid, v.id, v.version, v.status, v.state IS NULL, (v.metrics OPERATOR(pg_catalog.->>) 'threshold')::pg_catalog.float8"
"  FROM shopanalytics.model_version v"
" WHERE v.model OPERATOR(pg_catalog.=) $1 AND v.version OPERATOR(pg_catalog.=) $2::pg_catalog.int4";

static const char *const alias_query =
"SELECT v.tableoid, v.xmin, v.ctid, v.id, v.version, v.status, v.state IS NULL, (v.metrics OPERATOR(pg_catalog.->>) 'threshold')::pg_catalog.float8"
"  FROM shopanalytics.model_alias a"
"       JOIN shopanalytics.model_version v ON v.model OPERATOR(pg_catalog.=) a.model AND v.version OPERATOR(pg_catalog.=) a.version"
" WHERE a.model OPERATOR(pg_catalog.=) $1 AND a.alias OPERATOR(pg_catalog.=) $2";

static const char *const model_query =
"SELECT FROM shopanalytics.model m WHERE m.name OPERATOR(pg_catalog.=) $1 AND $2 IS NOT NULL";

static const char *const state_query =
"SELECT v.state FROM shopanalytics.model_version v WHERE v.id OPERATOR(pg_catalog.=) $1";

static SPIPlanPtr version_plan = NULL;
static SPIPlanPtr alias_plan = NULL;
static SPIPlanPtr model_plan = NULL;
static SPIPlanPtr state_plan = NULL;

/*
 * Runs a query of ours in the snapshot of the caller's query; how many rows.
 */
static uint64
run(SPIPlanPtr *plan, const char *query, int nargs, Oid *types, Datum *args)
{
	if (*plan == NULL)
	{
		SPIPlanPtr	made = SPI_prepare(query, nargs, types);

		if (made == NULL || SPI_keepplan(made) != 0)
			elog(ERROR, "could not prepare \"%s\": %s", query, SPI_result_code_string(SPI_result));
		*plan = made;
	}
	if (SPI_execute_plan(*plan, args, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not run \"%s\"", query);
	return SPI_processed;
}

static uint64
run_of_name(SPIPlanPtr *plan, const char *query, const char *model, const char *place)
{
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		args[] = {CStringGetTextDatum(model), CStringGetTextDatum(place)};

	return run(plan, query, 2, types, args);
}

/*
 * A name is model, model@alias or model@version; without either the alias is
 * current.  Splits it in place.
 */
static void
split_name(char *name, char **place, bool *is_version)
{
	char	   *at = strchr(name, '@');
	bool		is_valid;

	*is_version = false;
	if (at == NULL)
	{
		*place = "current";
		is_valid = *name != '\0';
	}
	else
	{
		*place = at + 1;
		is_valid = at != name && at[1] != '\0' && strchr(at + 1, '@') == NULL;
		*is_version = strspn(*place, "0123456789") == strlen(*place);
	}
	if (!is_valid)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_NAME),
				errmsg("invalid name of a model: \"%.*s\"", pg_mbcliplen(name, strlen(name), 100), name),
				errhint("Name a model, an alias of it or a version: churn, churn@champion, churn@3."));
	if (at != NULL)
		*at = '\0';
}

static void
pg_attribute_noreturn()
no_such_model(const char *model, const char *place, bool is_version)
{
	const char *quoted = quote_literal_cstr(model);

	if (run_of_name(&model_plan, model_query, model, place) == 0)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("model \"%s\" does not exist", model),
				errhint("SELECT * FROM shopanalytics.model_versions() lists the models that you may use."));
	if (is_version)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("model \"%s\" has no version %s", model, place),
				errhint("SELECT * FROM shopanalytics.model_versions(%s) lists its versions.", quoted));
	ereport(ERROR,
			errcode(ERRCODE_UNDEFINED_OBJECT),
			errmsg("model \"%s\" has no alias \"%s\"", model, place),
			strcmp(place, "current") == 0
			? errhint("No training of it ended well: SELECT * FROM shopanalytics.model_versions(%s) tells how, and shopanalytics.model_alias() takes a version in use all the same.", quoted)
			: errhint("SELECT * FROM shopanalytics.model_versions(%s) lists its versions and their aliases.", quoted));
}

static void
cache_make_room(const CacheEntry *keep)
{
	while (nentries > CACHE_MODELS || entries_size > CACHE_BYTES)
	{
		CacheEntry *oldest = dlist_tail_element(CacheEntry, node, &entries);

		if (oldest == keep)
			break;
		dlist_delete(&oldest->node);
		nentries--;
		entries_size -= oldest->size;
		nfreed++;
		MemoryContextDelete(oldest->context);
	}
}

/*
 * Decodes a version.  Its memory becomes the cache's only when all went well.
 */
static CacheEntry *
cache_read(const VersionKey *key)
{
	Oid			types[] = {INT8OID};
	Datum		args[] = {Int64GetDatum(key->id)};
	MemoryContext context;
	MemoryContext old;
	CacheEntry *entry;
	bool		is_null;
	Datum		state;

	if (run(&state_plan, state_query, 1, types, args) != 1)
		elog(ERROR, "version " INT64_FORMAT " of a model is gone", key->id);
	state = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
	Assert(!is_null);

	context = AllocSetContextCreate(CurrentMemoryContext, "shopanalytics model", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	entry = palloc0(sizeof(CacheEntry));
	entry->key = *key;
	entry->model = model_read(DatumGetByteaPP(state));
	entry->context = context;
	MemoryContextSwitchTo(old);

	MemoryContextSetParent(context, CacheMemoryContext);
	entry->serial = ++last_serial;
	entry->size = MemoryContextMemAllocated(context, true);
	dlist_push_head(&entries, &entry->node);
	nentries++;
	entries_size += entry->size;
	cache_make_room(entry);
	return entry;
}

static CacheEntry *
cache_find(const VersionKey *key)
{
	dlist_iter	iter;

	dlist_foreach(iter, &entries)
	{
		CacheEntry *entry = dlist_container(CacheEntry, node, iter.cur);

		if (entry->key.id == key->id && entry->key.table == key->table && entry->key.xmin == key->xmin &&
			ItemPointerEquals(&entry->key.ctid, unconstify(ItemPointerData *, &key->ctid)))
		{
			dlist_move_head(&entries, &entry->node);
			return entry;
		}
	}
	return cache_read(key);
}

/*
 * The model of that name, as the caller sees it now.
 */
static CacheEntry *
find_model(const text *name)
{
	char	   *model = text_to_cstring(name);
	char	   *place;
	bool		is_version;
	VersionKey	key;
	CacheEntry *entry;
	uint64		nrows;
	HeapTuple	row;
	TupleDesc	desc;
	Datum		values[8];
	bool		nulls[8];

	split_name(model, &place, &is_version);
	SPI_connect();
	if (!is_version)
		nrows = run_of_name(&alias_plan, alias_query, model, place);
	else if (strspn(place, "0") + 9 >= strlen(place))
		nrows = run_of_name(&version_plan, version_query, model, place);
	else
		nrows = 0;
	if (nrows == 0)
		no_such_model(model, place, is_version);

	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	for (int i = 0; i < lengthof(values); i++)
		values[i] = SPI_getbinval(row, desc, i + 1, &nulls[i]);
	if (DatumGetBool(values[6]))
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("version %d of model \"%s\" cannot be used: status %s", DatumGetInt32(values[4]), model, TextDatumGetCString(values[5])),
				errhint("Nothing was fitted that could predict."));
	key.table = DatumGetObjectId(values[0]);
	key.xmin = DatumGetTransactionId(values[1]);
	key.ctid = *(ItemPointer) DatumGetPointer(values[2]);
	key.id = DatumGetInt64(values[3]);
	entry = cache_find(&key);
	if (entry->model->name == NULL)
	{
		entry->model->name = MemoryContextStrdup(entry->context, model);
		entry->model->version = DatumGetInt32(values[4]);
		entry->model->threshold = nulls[7] ? DEFAULT_THRESHOLD : DatumGetFloat8(values[7]);
	}
	SPI_finish();
	pfree(model);
	return entry;
}

static void
seen_now(Seen *seen)
{
	Snapshot	snapshot = GetActiveSnapshot();

	memset(seen, 0, sizeof(*seen));
	seen->freed = nfreed;
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
	site->entry = find_model(site->name);
	if (site->serial != site->entry->serial)
	{
		site_unbind(site);
		site->serial = site->entry->serial;
	}
	now.freed = nfreed;
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
model_of_record(FunctionCallInfo fcinfo, double **terms, ModelRecord *record)
{
	Site	   *site = find_site(fcinfo);
	HeapTupleHeader header = PG_GETARG_HEAPTUPLEHEADER(1);
	Oid			type = HeapTupleHeaderGetTypeId(header);
	int32		typmod = HeapTupleHeaderGetTypMod(header);
	HeapTupleData tuple;

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
model_of_array(FunctionCallInfo fcinfo, double **terms)
{
	Site	   *site = find_site(fcinfo);
	const Preparation *preparation = site->entry->model->preparation;
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	int			nelements = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const bits8 *bitmap = ARR_NULLBITMAP(array);
	const char *element = ARR_DATA_PTR(array);

	if (ARR_NDIM(array) > 1 || nelements != preparation->nterms)
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
