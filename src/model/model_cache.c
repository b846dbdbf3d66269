/*-------------------------------------------------------------------------
 *
 * model_cache.c
 *	  The stored models: found by name with the caller's rights, and decoded
 *	  once for a session.
 *
 * A name is looked up by a query of ours, so row security and privileges are the
 * server's own.  What is decoded is kept for the session under what no other row
 * has: the table, the version's id, and the transaction and place that wrote the
 * row.  The bytes kept are bounded; what was used longest ago goes first.
 *
 * IDENTIFICATION
 *	  src/model/model_cache.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "compat.h"
#include "executor/spi.h"
#include "lib/ilist.h"
#include "mb/pg_wchar.h"
#include "model/model_cache.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define CACHE_MODELS	64
#define CACHE_BYTES		((Size) 64 * 1024 * 1024)

/* Bytes of a name: it may be that of a store and more.  Bytes of an alias. */
#define MAX_NAME		127
#define MAX_ALIAS		63

/* Of models that have none of their own. */
#define DEFAULT_THRESHOLD	0.5

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
	CachedModel cached;
	Size		size;
	MemoryContext context;		/* of all this */
} CacheEntry;

/* The entry used last comes first. */
static dlist_head entries = DLIST_STATIC_INIT(entries);
static int	nentries = 0;
static Size entries_size = 0;
static uint64 last_serial = 0;
uint64		model_cache_freed = 0;

static const char *const version_query =
"SELECT v.tableoid, v.xmin, v.ctid, v.id, v.version, v.status, v.state IS NULL, (v.metrics OPERATOR(pg_catalog.->>) 'threshold')::pg_catalog.float8, v.trained_at"
"  FROM shopanalytics.model_version v"
" WHERE v.model OPERATOR(pg_catalog.=) $1 AND v.version OPERATOR(pg_catalog.=) $2::pg_catalog.int4";

static const char *const alias_query =
"SELECT v.tableoid, v.xmin, v.ctid, v.id, v.version, v.status, v.state IS NULL, (v.metrics OPERATOR(pg_catalog.->>) 'threshold')::pg_catalog.float8, v.trained_at"
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
		is_valid = *name != '\0' && strlen(name) <= MAX_NAME;
	}
	else
	{
		*place = at + 1;
		is_valid = at != name && at - name <= MAX_NAME && at[1] != '\0' && strlen(at + 1) <= MAX_ALIAS && strchr(at + 1, '@') == NULL;
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
			? errhint("No training of it ended well; SELECT * FROM shopanalytics.model_versions(%s) tells how.", quoted)
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
		model_cache_freed++;
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
	entry->cached.model = model_read(DatumGetByteaPP(state));
	entry->context = context;
	MemoryContextSwitchTo(old);

	MemoryContextSetParent(context, CacheMemoryContext);
	entry->cached.serial = ++last_serial;
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
const CachedModel *
model_cache_find(const text *name)
{
	char	   *model = text_to_cstring(name);
	char	   *place;
	bool		is_version;
	VersionKey	key;
	CacheEntry *entry;
	uint64		nrows;
	HeapTuple	row;
	TupleDesc	desc;
	Datum		values[9];
	bool		nulls[9];

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
	if (entry->cached.model->name == NULL)
	{
		entry->cached.model->name = MemoryContextStrdup(entry->context, model);
		entry->cached.model->version = DatumGetInt32(values[4]);
		entry->cached.model->threshold = nulls[7] ? DEFAULT_THRESHOLD : DatumGetFloat8(values[7]);
		entry->cached.model->trained_at = DatumGetTimestampTz(values[8]);
	}
	SPI_finish();
	pfree(model);
	return &entry->cached;
}
