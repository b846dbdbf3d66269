/*-------------------------------------------------------------------------
 *
 * batch.h
 *	  Rows on their way into the table.
 *
 * IDENTIFICATION
 *	  src/client/batch.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef BATCH_H
#define BATCH_H

#include "csv.h"
#include "mapping.h"
#include "reject.h"

typedef struct Batch Batch;

extern Batch *batch_create(PGconn *conn, const Target *target, Rejects *rejects, const LoadOptions *opt);
extern void batch_file(Batch *batch, CsvReader *csv, const Mapping *map);
extern void batch_add(Batch *batch);
extern bool batch_full(const Batch *batch);
extern void batch_finish(Batch *batch);
extern void batch_counts(const Batch *batch, int64 *read, int64 *loaded);
extern void batch_free(Batch *batch);

#endif							/* BATCH_H */
