/*-------------------------------------------------------------------------
 *
 * query_as.c
 *	  Runs a query that somebody wrote, with his rights and no others.
 *
 * Conditions and queries of quality checks are code, and who runs the checks
 * is often more powerful than who wrote them.  SET ROLE would be no barrier:
 * the code could reset it.  So the query runs as its author the way the
 * server itself runs index expressions of other people: in a
 * security-restricted operation, which cannot change the role.  It runs in a
 * read-only subtransaction that is always rolled back, so whatever it calls
 * leaves nothing behind; under a time limit; and with the settings that decide
 * how SQL is read fixed, since who runs it must not change what it means.
 *
 * The active snapshot is used and no new one, so that all queries of one
 * statement see the same rows.
 *
 * An error of the query is a result: one bad check must not end a run.  A
 * cancel by the user, and what ends the whole transaction anyway, are not.
 *
 * IDENTIFICATION
 *	  src/quality/query_as.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "portability/instr_time.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/resowner.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "compat.h"

/* What _query_as() returns. */
typedef struct QueryResult
{
	Datum		value;			/* jsonb; unless isnull */
	bool		isnull;
	ErrorData  *error;			/* NULL: the query succeeded */
} QueryResult;

/* The caller's statement_timeout while ours takes its place. */
typedef struct TimeLimit
{
	TimestampTz ends;
	TimestampTz outer_ends;		/* 0: none */
	bool		is_ours;		/* it ends before the caller's */
} TimeLimit;

PG_FUNCTION_INFO_V1(_query_as);
PG_FUNCTION_INFO_V1(_check_query);

/* What SQL means, and what its results look like, depends on these. */
static const char *const fixed_settings[][2] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"transaction_read_only", "on"},
	{"row_security", "on"},
	{"standard_conforming_strings", "on"},
	{"transform_null_equals", "off"},
	{"array_nulls", "on"},
	{"timezone", "UTC"},
	{"datestyle", "ISO, YMD"},
	{"intervalstyle", "postgres"},
	{"bytea_output", "hex"},
	{"extra_float_digits", "1"},
};

static void
start_time_limit(TimeLimit *limit, int milliseconds)
{
	limit->ends = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);
	limit->outer_ends = get_timeout_active(STATEMENT_TIMEOUT) ? get_timeout_finish_time(STATEMENT_TIMEOUT) : 0;
	limit->is_ours = limit->outer_ends == 0 || limit->ends < limit->outer_ends;
	if (!limit->is_ours)
		return;
	disable_timeout(STATEMENT_TIMEOUT, false);
	enable_timeout_after(STATEMENT_TIMEOUT, milliseconds);
}

/* A time-out that came too late to cancel the query must not cancel what follows. */
static void
stop_time_limit(const TimeLimit *limit)
{
	if (!limit->is_ours)
		return;
	disable_timeout(STATEMENT_TIMEOUT, true);
	if (get_timeout_indicator(STATEMENT_TIMEOUT, true))
		QueryCancelPending = false;
	if (limit->outer_ends != 0)
		enable_timeout_at(STATEMENT_TIMEOUT, limit->outer_ends);
}

/* Runs a query that returns one jsonb; the value is made in the caller's context. */
static void
run_query(const char *query, MemoryContext context, QueryResult *result)
{
	SPIPlanPtr	plan;
	MemoryContext spi_context;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare_cursor(query, 0, NULL, CURSOR_OPT_PARALLEL_OK);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare_cursor failed: %s", SPI_result_code_string(SPI_result));
	/* One statement that returns rows: all that is ever meant to be run. */
	if (!SPI_is_cursor_plan(plan))
		elog(ERROR, "not a single query");
	if (SPI_execute_plan(plan, NULL, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(SPI_result));
	if (SPI_processed != 1 || SPI_tuptable->tupdesc->natts != 1 || SPI_gettypeid(SPI_tuptable->tupdesc, 1) != JSONBOID)
		elog(ERROR, "the query does not return one jsonb");

	result->value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &result->isnull);
	spi_context = MemoryContextSwitchTo(context);
	if (!result->isnull)
		result->value = PointerGetDatum(PG_DETOAST_DATUM_COPY(result->value));
	MemoryContextSwitchTo(spi_context);
	SPI_finish();
}

/* The error has to end what the caller is doing, too. */
static bool
is_fatal_to_caller(const ErrorData *error, const TimeLimit *limit)
{
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		return !limit->is_ours || GetCurrentTimestamp() < limit->ends;
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TO_CATEGORY(ERRCODE_TRANSACTION_ROLLBACK);
}

static void
run_query_as(Oid role, const char *query, int milliseconds, QueryResult *result)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	TimeLimit	limit;
	Oid			save_user;
	int			save_sec_context;

	GetUserIdAndSecContext(&save_user, &save_sec_context);
	result->error = NULL;
	result->isnull = true;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	start_time_limit(&limit, milliseconds);

	PG_TRY();
	{
		for (int i = 0; i < lengthof(fixed_settings); i++)
			(void) set_config_option(fixed_settings[i][0], fixed_settings[i][1],
									 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
		SetUserIdAndSecContext(role, save_sec_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
		run_query(query, context, result);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		result->error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();

	/* The roll-back restores user and settings. */
	stop_time_limit(&limit);
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;

	if (result->error != NULL && is_fatal_to_caller(result->error, &limit))
		ReThrowError(result->error);
	if (result->error != NULL && result->error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		result->error->message = psprintf("there was no result within %d ms", milliseconds);
}

/*
 * (role_name text, query text, milliseconds integer,
 *	OUT result jsonb, OUT code text, OUT message text, OUT hint text, OUT duration_us numeric) => record
 */
Datum
_query_as(PG_FUNCTION_ARGS)
{
	Oid			role = get_role_oid(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int			milliseconds = PG_GETARG_INT32(2);
	TupleDesc	tupdesc;
	QueryResult result;
	instr_time	start,
				duration;
	Datum		values[5] = {0};
	bool		nulls[5] = {true, true, true, true, false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	INSTR_TIME_SET_CURRENT(start);
	run_query_as(role, query, Max(milliseconds, 1), &result);
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, start);

	if (result.error != NULL)
	{
		values[1] = CStringGetTextDatum(unpack_sql_state(result.error->sqlerrcode));
		values[2] = CStringGetTextDatum(result.error->message ? result.error->message : "missing error text");
		nulls[1] = nulls[2] = false;
		if (result.error->hint != NULL)
		{
			values[3] = CStringGetTextDatum(result.error->hint);
			nulls[3] = false;
		}
	}
	else
	{
		values[0] = result.value;
		nulls[0] = result.isnull;
	}
	values[4] = DirectFunctionCall1(int8_numeric, Int64GetDatum(INSTR_TIME_GET_MICROSEC(duration)));

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls)));
}

/*
 * Raises an error unless the text is one query that can stand in parentheses.
 * What cannot be in a FROM clause is found when it is there.
 *
 * (query text) => void
 */
Datum
_check_query(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	List	   *parsed = raw_parser(query, RAW_PARSE_DEFAULT);

	/* A statement has a length when a semicolon ends it. */
	if (list_length(parsed) != 1 ||
		!IsA(linitial_node(RawStmt, parsed)->stmt, SelectStmt) ||
		linitial_node(RawStmt, parsed)->stmt_len != 0)
		ereport(ERROR,
				errcode(ERRCODE_SYNTAX_ERROR),
				errmsg("\"%s\" is not a single query", query),
				errhint("Write one SELECT without a semicolon, such as: SELECT order_id FROM demo.orders WHERE order_total < 0"));

	PG_RETURN_VOID();
}
