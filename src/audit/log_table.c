/*-------------------------------------------------------------------------
 *
 * log_table.c
 *	  Appending many rows to a partitioned table of the extension.
 *
 * As COPY does, rows are kept until there are enough and go into the table
 * together.  All rows of one call have the same time, by which the table is
 * partitioned, so the partition is looked for once.  No rights are asked for
 * and no triggers fired: who may write the log is decided by who may call.
 *
 * IDENTIFICATION
 *	  src/audit/log_table.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/execPartition.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "audit/log_table.h"
#include "compat.h"

/* Finds the partition by a row that has nothing but its time. */
static void
log_table_route(LogTable *log, const char *time_column, TimestampTz at)
{
	TupleTableSlot *slot = table_slot_create(log->parent, &log->estate->es_tupleTable);
	AttrNumber	attribute = get_attnum(RelationGetRelid(log->parent), time_column);

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	slot->tts_values[attribute - 1] = TimestampTzGetDatum(at);
	slot->tts_isnull[attribute - 1] = false;
	ExecStoreVirtualTuple(slot);
	log->leaf = ExecFindPartition(log->modify, log->root, log->routing, slot, log->estate);
}

void
log_table_open(LogTable *log, const char *name, const char *const *columns, int ncolumns, const char *time_column, TimestampTz at, int max_batch)
{
	Oid			relid = get_relname_relid(name, get_namespace_oid("shopanalytics", false));
	MemoryContext caller;

	Assert(ncolumns <= LOG_TABLE_MAX_COLUMNS);
	log->estate = CreateExecutorState();
	caller = MemoryContextSwitchTo(log->estate->es_query_cxt);

	log->parent = table_open(relid, RowExclusiveLock);
	log->root = makeNode(ResultRelInfo);
	InitResultRelInfo(log->root, log->parent, 0, NULL, 0);
	log->modify = makeNode(ModifyTableState);
	log->modify->ps.plan = NULL;
	log->modify->ps.state = log->estate;
	log->modify->operation = CMD_INSERT;
	log->modify->resultRelInfo = log->root;
	log->routing = ExecSetupPartitionTupleRouting(log->estate, log->parent);
	log_table_route(log, time_column, at);

	log->ncolumns = ncolumns;
	for (int i = 0; i < ncolumns; i++)
	{
		AttrNumber	attribute = get_attnum(RelationGetRelid(log->leaf->ri_RelationDesc), columns[i]);

		if (attribute == InvalidAttrNumber)
			elog(ERROR, "column \"%s\" of \"%s\" is missing", columns[i], name);
		log->columns[i] = attribute - 1;
	}
	log->bulk = GetBulkInsertState();
	log->nslots = 0;
	log->slots = palloc0(sizeof(TupleTableSlot *) * max_batch);
	log->entries = palloc(sizeof(LogIndexEntry) * max_batch);
	MemoryContextSwitchTo(caller);
}

/* What the values point to must be there until the next flush. */
void
log_table_add(LogTable *log, const Datum *values, const bool *nulls)
{
	TupleTableSlot *slot;

	if (log->slots[log->nslots] == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(log->estate->es_query_cxt);

		log->slots[log->nslots] = table_slot_create(log->leaf->ri_RelationDesc, &log->estate->es_tupleTable);
		MemoryContextSwitchTo(caller);
	}
	slot = log->slots[log->nslots++];

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	for (int i = 0; i < log->ncolumns; i++)
	{
		slot->tts_values[log->columns[i]] = values[i];
		slot->tts_isnull[log->columns[i]] = nulls[i];
	}
	ExecStoreVirtualTuple(slot);
}

static int
log_index_entry_cmp(const void *a, const void *b)
{
	int64		x = ((const LogIndexEntry *) a)->key;
	int64		y = ((const LogIndexEntry *) b)->key;

	return x < y ? -1 : x > y;
}

/*
 * Enters the rows into one index.  Hashes go in by their order, so that those
 * which come to one page come together.
 */
static void
log_table_index(LogTable *log, Relation index, IndexInfo *info)
{
	ExprContext *context = GetPerTupleExprContext(log->estate);
	Relation	relation = log->leaf->ri_RelationDesc;
	IndexUniqueCheck unique = index->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO;
	bool		is_sorted = info->ii_NumIndexAttrs == 1 && TupleDescAttr(RelationGetDescr(index), 0)->atttypid == INT8OID && info->ii_Expressions != NIL;
	LogIndexEntry *entries = log->entries;
	int			nentries = 0;
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];

	if (info->ii_Predicate != NIL && info->ii_PredicateState == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(log->estate->es_query_cxt);

		info->ii_PredicateState = ExecPrepareQual(info->ii_Predicate, log->estate);
		MemoryContextSwitchTo(caller);
	}
	for (int i = 0; i < log->nslots; i++)
	{
		ResetExprContext(context);
		context->ecxt_scantuple = log->slots[i];
		if (info->ii_Predicate != NIL && !ExecQual(info->ii_PredicateState, context))
			continue;
		FormIndexDatum(info, log->slots[i], log->estate, values, nulls);
		if (is_sorted && !nulls[0])
		{
			entries[nentries].key = DatumGetInt64(values[0]);
			entries[nentries++].slot = i;
		}
		else
			(void) index_insert(index, values, nulls, &log->slots[i]->tts_tid, relation, unique, false, info);
	}

	qsort(entries, nentries, sizeof(LogIndexEntry), log_index_entry_cmp);
	for (int i = 0; i < nentries; i++)
	{
		ResetExprContext(context);
		values[0] = Int64GetDatum(entries[i].key);
		nulls[0] = false;
		(void) index_insert(index, values, nulls, &log->slots[entries[i].slot]->tts_tid, relation, unique, false, info);
	}
}

void
log_table_flush(LogTable *log)
{
	ExprContext *context = GetPerTupleExprContext(log->estate);
	MemoryContext caller;

	if (log->nslots == 0)
		return;
	/* What is allocated to insert a row goes with the expressions' memory. */
	caller = MemoryContextSwitchTo(context->ecxt_per_tuple_memory);
	table_multi_insert(log->leaf->ri_RelationDesc, log->slots, log->nslots, GetCurrentCommandId(true), 0, log->bulk);
	for (int i = 0; i < log->leaf->ri_NumIndices; i++)
		log_table_index(log, log->leaf->ri_IndexRelationDescs[i], log->leaf->ri_IndexRelationInfo[i]);
	MemoryContextSwitchTo(caller);

	ResetExprContext(context);
	for (int i = 0; i < log->nslots; i++)
		ExecClearTuple(log->slots[i]);
	log->nslots = 0;
}

/* The locks stay until the end of the transaction. */
void
log_table_close(LogTable *log)
{
	log_table_flush(log);
	FreeBulkInsertState(log->bulk);
	ExecResetTupleTable(log->estate->es_tupleTable, false);
	ExecCleanupTupleRouting(log->modify, log->routing);
	table_close(log->parent, NoLock);
	FreeExecutorState(log->estate);
}
