/*-------------------------------------------------------------------------
 *
 * reject.h
 *	  Rows that the table could not take.
 *
 * IDENTIFICATION
 *	  src/client/reject.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef REJECT_H
#define REJECT_H

#include "target.h"

typedef struct Rejects Rejects;

extern Rejects *reject_open(PGconn *conn, const Target *target, const LoadOptions *opt);
extern void reject_forget_old(Rejects *rejects);
extern void reject_file(Rejects *rejects, const char *file);
extern void reject_add(Rejects *rejects, int64 line, const char *column,
					   const char *value, size_t value_length,
					   const char *text, size_t text_length,
					   const char *reason);
extern void reject_flush(Rejects *rejects);
extern int64 reject_count(const Rejects *rejects);
extern void reject_report(const Rejects *rejects);

#endif							/* REJECT_H */
