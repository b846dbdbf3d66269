/*-------------------------------------------------------------------------
 *
 * audit_header.h
 *	  The header of an audited statement: what, when and by whom.
 *
 * IDENTIFICATION
 *	  src/audit/audit_header.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef AUDIT_HEADER_H
#define AUDIT_HEADER_H

#include "common/sha2.h"
#include "lib/stringinfo.h"
#include "utils/relcache.h"
#include "utils/timestamp.h"

typedef struct AuditHeader
{
	int64		id;
	TimestampTz at;				/* when the rows had been changed */
	TimestampTz tx_start;
	int64		request;		/* 0 for none */
	int64		query_id;
	int32		audited;		/* number of the table */
	char		op;
	const char *schema_name;	/* the tenant, too */
	const char *table_name;
	const char *login;
	const char *role;
	const char *actor;			/* NULL for none */
	const char *source;
} AuditHeader;

extern void audit_header_make(AuditHeader *header, Relation relation, char op, int32 audited);
extern void audit_header_text(const AuditHeader *header, StringInfo text);
extern void audit_header_write(const AuditHeader *header, int64 row_count);

#endif							/* AUDIT_HEADER_H */
