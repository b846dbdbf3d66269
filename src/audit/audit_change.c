/*-------------------------------------------------------------------------
 *
 * audit_change.c
 *	  The trigger function of audited tables.
 *
 * It is called once for a statement, after it, with the rows before and after
 * as two transition tables.  They are filled row by row, so the two are walked
 * in step, which pairs rows also where their key has changed.  Of an update
 * only what has changed is written down: a column has changed when its image
 * has, so a numeric that went from 1 to 1.0 has, and setting a column to what
 * it is has not.
 *
 * The caller's rights are those of whoever ran the statement.  The log is
 * written below the level of rights, see log_table.c.
 *
 * IDENTIFICATION
 *	  src/audit/audit_change.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/namespace.h"
#include "commands/sequence.h"
#include "commands/trigger.h"
#include "common/cryptohash.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "audit/audit_columns.h"
#include "audit/audit_header.h"
#include "audit/log_table.h"
#include "audit/row_image.h"
#include "compat.h"

#define ERRCODE_AUDIT_TRUNCATE MAKE_SQLSTATE('S', 'A', '0', '2', '0')

#define AUDIT_SALT_LENGTH 16
/* Rows that wait are written when they take more than this. */
#define AUDIT_BATCH_BYTES (4 * 1024 * 1024)

typedef struct PairList
{
	int			count;
	JsonbPair  *pairs;
} PairList;

typedef struct AuditWriter
{
	Relation	relation;
	ImageColumn *columns;		/* those that are written, in the order of
								 * jsonb */
	int			ncolumns;
	bool		needs_pin;

	AuditHeader header;
	uint8		header_hash[PG_SHA256_DIGEST_LENGTH];
	LogTable	log;
	int64		nrows;			/* written; with the first the log is opened */
	Oid			entry_sequence;
	pg_cryptohash_ctx *hash;
	StringInfoData text;		/* what is hashed */
	MemoryContext context;		/* of all this */
	MemoryContext batch;		/* what waiting rows point to */

	PairList	key;
	PairList	new_key;
	PairList	before;
	PairList	after;
	PairList	personal_before;
	PairList	personal_after;
} AuditWriter;

PG_FUNCTION_INFO_V1(_audit_change);

static void
audit_digest(AuditWriter *writer, const void *first, size_t first_length, const void *second, size_t second_length,
			 const void *third, size_t third_length, uint8 *digest)
{
	if (pg_cryptohash_init(writer->hash) < 0 ||
		pg_cryptohash_update(writer->hash, first, first_length) < 0 ||
		pg_cryptohash_update(writer->hash, second, second_length) < 0 ||
		pg_cryptohash_update(writer->hash, third, third_length) < 0 ||
		pg_cryptohash_final(writer->hash, digest, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(writer->hash));
}

/* Of a prefix and the text that was gathered, in the bytes that _bytes() gives of it. */
static void
audit_digest_text(AuditWriter *writer, const void *prefix, size_t prefix_length, uint8 *digest)
{
	const char *bytes = writer->text.data;
	size_t		length = writer->text.len;
	int			encoding = GetDatabaseEncoding();

	if (encoding != PG_UTF8 && encoding != PG_SQL_ASCII && encoding != PG_MULE_INTERNAL)
	{
		bytes = pg_server_to_any(bytes, length, PG_UTF8);
		length = strlen(bytes);
	}
	audit_digest(writer, prefix, prefix_length, bytes, length, "", 0, digest);
}

static AuditWriter *
audit_begin(Relation relation, const Trigger *trigger, char op)
{
	AuditWriter *writer = palloc0(sizeof(AuditWriter));
	PairList   *lists[] = {&writer->key, &writer->new_key, &writer->before, &writer->after, &writer->personal_before, &writer->personal_after};

	if (trigger->tgnargs < 3)
		elog(ERROR, "trigger \"%s\" has too few arguments", trigger->tgname);
	writer->relation = relation;
	writer->columns = palloc(sizeof(ImageColumn) * Max(RelationGetDescr(relation)->natts, 1));
	writer->ncolumns = audit_columns(relation, trigger, writer->columns, &writer->needs_pin);
	for (int i = 0; i < lengthof(lists); i++)
		lists[i]->pairs = palloc(sizeof(JsonbPair) * Max(writer->ncolumns, 1));
	writer->header.op = op;
	writer->header.audited = pg_strtoint32(trigger->tgargs[0]);
	writer->context = CurrentMemoryContext;
	writer->batch = AllocSetContextCreate(CurrentMemoryContext, "audit rows", ALLOCSET_DEFAULT_SIZES);
	return writer;
}

/* With the first entry: a statement that changes nothing leaves nothing. */
static void
audit_open(AuditWriter *writer)
{
	static const char *const columns[] = {
		"id", "at", "stmt", "audited", "op", "key", "new_key", "before", "after", "pii", "salt", "pii_hash", "nonpii_hash", "leaf"
	};
	MemoryContext caller = MemoryContextSwitchTo(writer->context);

	audit_header_make(&writer->header, writer->relation, writer->header.op, writer->header.audited);
	writer->entry_sequence = get_relname_relid("entry_id_seq", get_namespace_oid("shopanalytics", false));
	writer->hash = pg_cryptohash_create(PG_SHA256);
	if (writer->hash == NULL)
		ereport(ERROR,
				errcode(ERRCODE_OUT_OF_MEMORY),
				errmsg("out of memory"));
	initStringInfo(&writer->text);
	audit_header_text(&writer->header, &writer->text);
	audit_digest_text(writer, "", 0, writer->header_hash);
	log_table_open(&writer->log, "audit_row", columns, lengthof(columns), "at", writer->header.at, LOG_TABLE_BATCH);
	MemoryContextSwitchTo(caller);
}

static void
audit_end(AuditWriter *writer)
{
	if (writer->nrows == 0)
		return;
	log_table_close(&writer->log);
	pg_cryptohash_free(writer->hash);
	audit_header_write(&writer->header, writer->nrows);
}

/* Appends a column's value to a list of pairs. */
static JsonbValue *
audit_append(PairList *list, ImageColumn *column, Datum value, bool isnull)
{
	JsonbPair  *pair = &list->pairs[list->count++];

	image_name(column, pair);
	image_value(column, value, isnull, &pair->value);
	return &pair->value;
}

static void
audit_append_key(AuditWriter *writer, PairList *list, TupleTableSlot *row)
{
	list->count = 0;
	for (int i = 0; i < writer->ncolumns; i++)
	{
		ImageColumn *column = &writer->columns[i];

		if (column->use == USE_KEY)
			audit_append(list, column, row->tts_values[column->place], row->tts_isnull[column->place]);
	}
}

/* The object of a list, or null of an empty one; also as text of what is hashed. */
static void
audit_image(AuditWriter *writer, const PairList *list, Datum *value, bool *isnull)
{
	appendStringInfoString(&writer->text, ", ");
	*isnull = list->count == 0;
	if (*isnull)
	{
		appendStringInfoString(&writer->text, "null");
		return;
	}
	image_append_text(&writer->text, list->pairs, list->count);
	*value = JsonbPGetDatum(image_object(list->pairs, list->count));
}

static void
audit_append_personal(PairList *list, const char *name, const PairList *personal)
{
	JsonbPair  *pair = &list->pairs[list->count++];

	pair->key.type = jbvString;
	pair->key.val.string.val = unconstify(char *, name);
	pair->key.val.string.len = strlen(name);
	pair->value.type = jbvObject;
	pair->value.val.object.nPairs = personal->count;
	pair->value.val.object.pairs = personal->pairs;
}

/* {"after": ..., "before": ...}, its salt and their hash. */
static void
audit_personal(AuditWriter *writer, Datum *pii, Datum *salt, Datum *pii_hash)
{
	JsonbPair	pairs[2];
	PairList	both = {0, pairs};
	bytea	   *random = palloc(VARHDRSZ + AUDIT_SALT_LENGTH);
	bytea	   *digest = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);

	if (writer->personal_after.count > 0)
		audit_append_personal(&both, "after", &writer->personal_after);
	if (writer->personal_before.count > 0)
		audit_append_personal(&both, "before", &writer->personal_before);

	SET_VARSIZE(random, VARHDRSZ + AUDIT_SALT_LENGTH);
	if (!pg_strong_random(VARDATA(random), AUDIT_SALT_LENGTH))
		ereport(ERROR,
				errcode(ERRCODE_INTERNAL_ERROR),
				errmsg("could not generate random bytes"));

	resetStringInfo(&writer->text);
	image_append_text(&writer->text, both.pairs, both.count);
	SET_VARSIZE(digest, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	audit_digest_text(writer, VARDATA(random), AUDIT_SALT_LENGTH, (uint8 *) VARDATA(digest));

	*pii = JsonbPGetDatum(image_object(both.pairs, both.count));
	*salt = PointerGetDatum(random);
	*pii_hash = PointerGetDatum(digest);
}

/* Writes the entry that the lists make up. */
static void
audit_entry(AuditWriter *writer)
{
	Datum		values[14];
	bool		nulls[14] = {false};
	bool		is_personal = writer->personal_before.count + writer->personal_after.count > 0;
	bytea	   *nonpii_hash = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	bytea	   *leaf = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);

	if (writer->nrows == 0)
		audit_open(writer);

	values[0] = Int64GetDatum(nextval_internal(writer->entry_sequence, false));
	values[1] = TimestampTzGetDatum(writer->header.at);
	values[2] = Int64GetDatum(writer->header.id);
	values[3] = Int32GetDatum(writer->header.audited);
	values[4] = CharGetDatum(writer->header.op);

	resetStringInfo(&writer->text);
	appendStringInfo(&writer->text, "[\"%c\"", writer->header.op);
	audit_image(writer, &writer->key, &values[5], &nulls[5]);
	audit_image(writer, &writer->new_key, &values[6], &nulls[6]);
	audit_image(writer, &writer->before, &values[7], &nulls[7]);
	audit_image(writer, &writer->after, &values[8], &nulls[8]);
	appendStringInfoChar(&writer->text, ']');
	SET_VARSIZE(nonpii_hash, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	audit_digest_text(writer, writer->header_hash, sizeof(writer->header_hash), (uint8 *) VARDATA(nonpii_hash));

	nulls[9] = nulls[10] = nulls[11] = !is_personal;
	if (is_personal)
		audit_personal(writer, &values[9], &values[10], &values[11]);

	values[12] = PointerGetDatum(nonpii_hash);
	SET_VARSIZE(leaf, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	audit_digest(writer, "\0", 1, VARDATA(nonpii_hash), PG_SHA256_DIGEST_LENGTH,
				 is_personal ? VARDATA(DatumGetPointer(values[11])) : "", is_personal ? PG_SHA256_DIGEST_LENGTH : 0, (uint8 *) VARDATA(leaf));
	values[13] = PointerGetDatum(leaf);

	log_table_add(&writer->log, values, nulls);
	writer->nrows++;
}

/* A row that came or went: all of its columns. */
static void
audit_whole_row(AuditWriter *writer, TupleTableSlot *row, PairList *plain, PairList *personal)
{
	slot_getallattrs(row);
	audit_append_key(writer, &writer->key, row);
	plain->count = personal->count = 0;
	for (int i = 0; i < writer->ncolumns; i++)
	{
		ImageColumn *column = &writer->columns[i];

		audit_append(column->use == USE_PERSONAL ? personal : plain, column, row->tts_values[column->place], row->tts_isnull[column->place]);
	}
	audit_entry(writer);
}

/* A row that was updated: the columns that have changed, if any. */
static void
audit_changed_row(AuditWriter *writer, TupleTableSlot *old, TupleTableSlot *new)
{
	bool		key_has_changed = false;

	slot_getallattrs(old);
	slot_getallattrs(new);
	writer->before.count = writer->after.count = writer->personal_before.count = writer->personal_after.count = 0;
	for (int i = 0; i < writer->ncolumns; i++)
	{
		ImageColumn *column = &writer->columns[i];
		int			place = column->place;
		PairList   *before = column->use == USE_PERSONAL ? &writer->personal_before : &writer->before;
		PairList   *after = column->use == USE_PERSONAL ? &writer->personal_after : &writer->after;

		if (image_is_same(column, old->tts_values[place], old->tts_isnull[place], new->tts_values[place], new->tts_isnull[place]))
			continue;
		if (image_texts_are_equal(audit_append(before, column, old->tts_values[place], old->tts_isnull[place]),
								  audit_append(after, column, new->tts_values[place], new->tts_isnull[place])))
		{
			before->count--;
			after->count--;
		}
		else if (column->use == USE_KEY)
			key_has_changed = true;
	}
	if (writer->before.count + writer->personal_before.count == 0)
		return;

	audit_append_key(writer, &writer->key, old);
	if (key_has_changed)
		audit_append_key(writer, &writer->new_key, new);
	else
		writer->new_key.count = 0;
	audit_entry(writer);
}

/* Called with what is on either side of a change; NULL where there is no row. */
static void
audit_row(AuditWriter *writer, TupleTableSlot *old, TupleTableSlot *new)
{
	MemoryContext caller;

	CHECK_FOR_INTERRUPTS();
	caller = MemoryContextSwitchTo(writer->batch);
	if (old == NULL)
		audit_whole_row(writer, new, &writer->after, &writer->personal_after);
	else if (new == NULL)
		audit_whole_row(writer, old, &writer->before, &writer->personal_before);
	else
		audit_changed_row(writer, old, new);
	MemoryContextSwitchTo(caller);

	if (writer->log.nslots == LOG_TABLE_BATCH || MemoryContextMemAllocated(writer->batch, false) > AUDIT_BATCH_BYTES)
	{
		if (writer->nrows > 0)
			log_table_flush(&writer->log);
		MemoryContextReset(writer->batch);
	}
}

/* Rows of a transition table, from its beginning: others may read it, too. */
static void
audit_rescan(Tuplestorestate *rows)
{
	tuplestore_select_read_pointer(rows, tuplestore_alloc_read_pointer(rows, 0));
	tuplestore_rescan(rows);
}

static void
audit_statement(AuditWriter *writer, Tuplestorestate *old_rows, Tuplestorestate *new_rows)
{
	TupleDesc	desc = RelationGetDescr(writer->relation);
	TupleTableSlot *old = old_rows ? MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple) : NULL;
	TupleTableSlot *new = new_rows ? MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple) : NULL;

	if (old_rows)
		audit_rescan(old_rows);
	if (new_rows)
		audit_rescan(new_rows);
	for (;;)
	{
		bool		has_old = old_rows && tuplestore_gettupleslot(old_rows, true, false, old);
		bool		has_new = new_rows && tuplestore_gettupleslot(new_rows, true, false, new);

		if (!has_old && !has_new)
			break;
		if (has_old != (old_rows != NULL) || has_new != (new_rows != NULL))
			elog(ERROR, "transition tables of \"%s\" have different numbers of rows", RelationGetRelationName(writer->relation));
		audit_row(writer, old, new);
	}
	if (old)
		ExecDropSingleTupleTableSlot(old);
	if (new)
		ExecDropSingleTupleTableSlot(new);
}

/*
 * Rows that are about to be truncated, also those that the transaction's
 * snapshot does not show: the lock keeps others out.
 */
static void
audit_truncated_rows(AuditWriter *writer)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(writer->relation, snapshot, 0, NULL);
	TupleTableSlot *row = table_slot_create(writer->relation, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, row))
		audit_row(writer, row, NULL);
	ExecDropSingleTupleTableSlot(row);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
}

static void
audit_truncate(AuditWriter *writer, const char *mode)
{
	if (strcmp(mode, "deny") == 0)
		ereport(ERROR,
				errcode(ERRCODE_AUDIT_TRUNCATE),
				errmsg("table \"%s\" is audited and may not be truncated", RelationGetRelationName(writer->relation)),
				errhint("DELETE its rows, or audit it with truncate => 'rows' or 'event'."));
	if (strcmp(mode, "rows") != 0)
		audit_entry(writer);
	/* The rows of a partitioned table are those of its partitions. */
	else if (RELKIND_HAS_TABLE_AM(writer->relation->rd_rel->relkind))
		audit_truncated_rows(writer);
}

/*
 * _audit_change() RETURNS trigger
 *
 * Arguments: the table's number, its mode of truncate, and for each column
 * k, s, p or i (key, plain, personal, ignored), a colon and its name.
 */
Datum
_audit_change(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	MemoryContext context;
	MemoryContext caller;
	AuditWriter *writer;
	int			nestlevel = 0;
	char		op;

	if (!CALLED_AS_TRIGGER(fcinfo) || TRIGGER_FIRED_FOR_ROW(data->tg_event))
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("_audit_change() must be called for a statement by a trigger of audit_enable()"));
	op = TRIGGER_FIRED_BY_INSERT(data->tg_event) ? 'I' : TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? 'U' : TRIGGER_FIRED_BY_DELETE(data->tg_event) ? 'D' : 'T';

	context = AllocSetContextCreate(CurrentMemoryContext, "audit", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	writer = audit_begin(data->tg_relation, data->tg_trigger, op);
	if (writer->needs_pin)
		nestlevel = image_pin_settings();

	if (op == 'T')
		audit_truncate(writer, data->tg_trigger->tgargs[1]);
	else
		audit_statement(writer, data->tg_oldtable, data->tg_newtable);

	audit_end(writer);
	if (writer->needs_pin)
		AtEOXact_GUC(true, nestlevel);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	PG_RETURN_POINTER(NULL);
}
