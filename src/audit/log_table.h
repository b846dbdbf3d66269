/*-------------------------------------------------------------------------
 *
 * log_table.h
 *	  Appending many rows to a partitioned table of the extension.
 *
 * IDENTIFICATION
 *	  src/audit/log_table.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef LOG_TABLE_H
#define LOG_TABLE_H

#include "access/heapam.h"
#include "executor/execPartition.h"
#include "nodes/execnodes.h"

#define LOG_TABLE_MAX_COLUMNS 16
#define LOG_TABLE_BATCH 2048

/* A row that goes into an index of hashes. */
typedef struct LogIndexEntry
{
	int64		key;
	int			slot;
} LogIndexEntry;

typedef struct LogTable
{
	EState	   *estate;
	Relation	parent;
	ResultRelInfo *root;
	ModifyTableState *modify;
	PartitionTupleRouting *routing;
	ResultRelInfo *leaf;		/* partition that all rows go to */
	BulkInsertState bulk;
	int			ncolumns;
	AttrNumber	columns[LOG_TABLE_MAX_COLUMNS]; /* of the partition, from 0 */
	int			nslots;			/* rows that wait */
	TupleTableSlot **slots;
	LogIndexEntry *entries;
} LogTable;

extern void log_table_open(LogTable *log, const char *name, const char *const *columns, int ncolumns, const char *time_column, TimestampTz at, int max_batch);
extern void log_table_add(LogTable *log, const Datum *values, const bool *nulls);
extern void log_table_flush(LogTable *log);
extern void log_table_close(LogTable *log);

#endif							/* LOG_TABLE_H */
