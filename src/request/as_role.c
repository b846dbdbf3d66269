/*-------------------------------------------------------------------------
 *
 * as_role.c
 *	  Runs a query with the rights of another role.
 *
 * A query on a user's table runs code that the table's owner chose: triggers,
 * defaults, casts, domains, functions of indexes and policies.  A function of
 * security definer would lend that code the rights of the extension's owner,
 * who as a rule is a superuser.  So the query is parsed, planned and run as
 * the role that is to bear it, in a security-restricted operation as for
 * ANALYZE or REFRESH MATERIALIZED VIEW, and with a GUC nest level of its own,
 * so that no setting that this code makes stays in force.  An error needs no
 * care here: the end of the subtransaction restores role and settings.
 *
 * The settings that decide how values are written and read are pinned, so
 * that images of rows are the same whoever makes them.
 *
 * Triggers that are deferred would fire when the role of the moment is
 * another, and PostgreSQL refuses to queue them here.  A query that writes
 * therefore makes all constraints immediate first, while the role is the one
 * that would be in force at commit: what the caller's transaction has queued
 * runs with the caller's rights and with nobody else's.
 *
 * IDENTIFICATION
 *	  src/request/as_role.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/params.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/syscache.h"

#include "compat.h"

PG_FUNCTION_INFO_V1(_as_role);

/* Settings that a query must not have from its caller. */
static const struct
{
	const char *name;
	const char *value;
}			pinned[] =

{
	{"search_path", "pg_catalog, pg_temp"},
	{"DateStyle", "ISO, YMD"},
	{"IntervalStyle", "postgres"},
	{"TimeZone", "UTC"},
	{"bytea_output", "hex"},
	{"extra_float_digits", "1"},
	{"lc_monetary", "C"},
	{"array_nulls", "on"},
	{"transform_null_equals", "off"},
	{"xmloption", "content"},
};

static void
as_role_set(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

static void
as_role_check(Oid role)
{
	if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("role with OID %u does not exist", role));
}

/* SET CONSTRAINTS ALL IMMEDIATE, as who would be in force at commit. */
static void
as_role_fire_deferred(void)
{
	Oid			save_user;
	int			save_context;

	GetUserIdAndSecContext(&save_user, &save_context);
	SetUserIdAndSecContext(GetOuterUserId(), save_context | SECURITY_LOCAL_USERID_CHANGE);
	AfterTriggerSetState(makeNode(ConstraintsSetStmt));
	SetUserIdAndSecContext(save_user, save_context);
}

/* The query as it stands, its rows to the receiver. */
static void
as_role_execute(const char *query, NullableDatum input, bool read_only, DestReceiver *receiver)
{
	SPIExecuteOptions options = {0};

	options.params = makeParamList(1);
	options.params->params[0].value = input.value;
	options.params->params[0].isnull = input.isnull;
	options.params->params[0].ptype = JSONBOID;
	options.read_only = read_only;
	options.must_return_tuples = true;
	options.dest = receiver;

	SPI_connect();
	if (SPI_execute_extended(query, &options) < 0)
		elog(ERROR, "could not run the query: %s", SPI_result_code_string(SPI_result));
	SPI_finish();
}

/*
 * _as_role(role oid, query text, input jsonb, read_only boolean) returns setof jsonb
 */
Datum
_as_role(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		read_only;
	Oid			role;
	Oid			save_user;
	int			save_context;
	int			save_nestlevel;
	DestReceiver *receiver;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("role, query and read_only must not be null"));
	role = PG_GETARG_OID(0);
	read_only = PG_GETARG_BOOL(3);
	as_role_check(role);

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	receiver = CreateDestReceiver(DestTuplestore);
	SetTuplestoreDestReceiverParams(receiver, rsinfo->setResult, rsinfo->econtext->ecxt_per_query_memory, true,
									rsinfo->setDesc, "query must return one column of type jsonb");

	if (!read_only)
		as_role_fire_deferred();

	save_nestlevel = NewGUCNestLevel();
	for (int i = 0; i < lengthof(pinned); i++)
		as_role_set(pinned[i].name, pinned[i].value);
	/* Code of the role must not write either where only reading is meant. */
	if (read_only)
		as_role_set("transaction_read_only", "on");
	GetUserIdAndSecContext(&save_user, &save_context);
	SetUserIdAndSecContext(role, save_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);

	as_role_execute(text_to_cstring(PG_GETARG_TEXT_PP(1)), fcinfo->args[2], read_only, receiver);

	SetUserIdAndSecContext(save_user, save_context);
	AtEOXact_GUC(false, save_nestlevel);
	return (Datum) 0;
}
