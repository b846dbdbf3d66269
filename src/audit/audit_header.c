/*-------------------------------------------------------------------------
 *
 * audit_header.c
 *	  The header of an audited statement: what, when and by whom.
 *
 * IDENTIFICATION
 *	  src/audit/audit_header.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/sequence.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/inet.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "audit/audit_header.h"
#include "audit/audit_request.h"
#include "audit/log_table.h"
#include "govern/actor.h"

/* As _who() has it: the program's name, and the client's address unless it is local. */
static const char *
audit_source(void)
{
	LOCAL_FCINFO(fcinfo, 0);
	const char *name = application_name ? application_name : "";
	const char *address;
	Datum		client;

	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	client = inet_client_addr(fcinfo);
	if (fcinfo->isnull)
		return name;
	address = TextDatumGetCString(DirectFunctionCall1(network_host, client));
	return name[0] == '\0' ? address : psprintf("%s %s", name, address);
}

/* The role may have been dropped by somebody else. */
static const char *
audit_role_name(Oid role)
{
	const char *name = GetUserNameFromId(role, true);

	return name ? name : psprintf("%u", role);
}

/* Never the text of the query, which may hold what is to be erased. */
static int64
audit_query_id(void)
{
	int64		id = (int64) pgstat_get_my_query_id();

	if (id == 0 && debug_query_string != NULL)
		id = (int64) hash_bytes_extended((const unsigned char *) debug_query_string, strlen(debug_query_string), 0);
	return id;
}

void
audit_header_make(AuditHeader *header, Relation relation, char op, int32 audited)
{
	Oid			schema = get_namespace_oid("shopanalytics", false);

	header->id = nextval_internal(get_relname_relid("audit_stmt_id_seq", schema), false);
	header->at = GetCurrentTimestamp();
	header->tx_start = GetCurrentTransactionStartTimestamp();
	header->request = audit_request();
	header->query_id = audit_query_id();
	header->audited = audited;
	header->op = op;
	header->schema_name = get_namespace_name(RelationGetNamespace(relation));
	header->table_name = pstrdup(RelationGetRelationName(relation));
	header->login = audit_role_name(GetSessionUserId());
	/* In a function of security definer the role of the moment is another. */
	header->role = OidIsValid(GetCurrentRoleId()) ? audit_role_name(GetCurrentRoleId()) : header->login;
	header->actor = actor_claimed();
	header->source = audit_source();
}

static void
audit_text_string(StringInfo text, const char *string)
{
	appendStringInfoString(text, ", ");
	if (string)
		escape_json(text, string);
	else
		appendStringInfoString(text, "null");
}

static int64
audit_unix_microseconds(TimestampTz at)
{
	return at + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
}

/* What is hashed, as _audit_header_hash() has it: the text of an array of jsonb. */
void
audit_header_text(const AuditHeader *header, StringInfo text)
{
	appendStringInfo(text, "[\"audit 1\", \"%c\"", header->op);
	audit_text_string(text, header->schema_name);
	audit_text_string(text, header->schema_name);
	audit_text_string(text, header->table_name);
	appendStringInfo(text, ", " INT64_FORMAT ", " INT64_FORMAT, audit_unix_microseconds(header->tx_start), audit_unix_microseconds(header->at));
	audit_text_string(text, header->login);
	audit_text_string(text, header->role);
	audit_text_string(text, header->actor);
	audit_text_string(text, header->source);
	if (header->request != 0)
		appendStringInfo(text, ", " INT64_FORMAT, header->request);
	else
		appendStringInfoString(text, ", null");
	appendStringInfo(text, ", " INT64_FORMAT "]", header->query_id);
}

void
audit_header_write(const AuditHeader *header, int64 row_count)
{
	static const char *const columns[] = {
		"id", "at", "tx_start", "request", "query_id", "row_count", "audited", "op",
		"tenant", "schema_name", "table_name", "login", "role", "actor", "source"
	};
	Datum		values[lengthof(columns)];
	bool		nulls[lengthof(columns)] = {false};
	LogTable	log;

	values[0] = Int64GetDatum(header->id);
	values[1] = TimestampTzGetDatum(header->at);
	values[2] = TimestampTzGetDatum(header->tx_start);
	values[3] = Int64GetDatum(header->request);
	nulls[3] = header->request == 0;
	values[4] = Int64GetDatum(header->query_id);
	values[5] = Int64GetDatum(row_count);
	values[6] = Int32GetDatum(header->audited);
	values[7] = CharGetDatum(header->op);
	values[8] = CStringGetTextDatum(header->schema_name);
	values[9] = CStringGetTextDatum(header->schema_name);
	values[10] = CStringGetTextDatum(header->table_name);
	values[11] = CStringGetTextDatum(header->login);
	values[12] = CStringGetTextDatum(header->role);
	values[13] = header->actor ? CStringGetTextDatum(header->actor) : (Datum) 0;
	nulls[13] = header->actor == NULL;
	values[14] = CStringGetTextDatum(header->source);

	log_table_open(&log, "audit_stmt", columns, lengthof(columns), "at", header->at, 1);
	log_table_add(&log, values, nulls);
	log_table_close(&log);
}
