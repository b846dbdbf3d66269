/*-------------------------------------------------------------------------
 *
 * score.c
 *	  Scores of the rows of a source, written to a table.
 *
 * One INSERT ... SELECT with the caller's rights: the rows go from the source
 * through the model into the table, and a row there that would stay the same is
 * not written again, nor locked.  ON CONFLICT looks into the index once more for
 * each row and takes half of the time, so where the model has no row yet it is tried
 * without; if there is one after all, all is done over.
 *
 * IDENTIFICATION
 *	  src/model/score.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "intake/intake.h"
#include "model/model.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/resowner.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
#include "utils/varlena.h"

#include "compat.h"

/*
 * Whether a row of the target says what is said there, of version, score, is_flagged
 * and, twice, reasons.  IS DISTINCT FROM would take an operator of the search_path.
 */
#define SAME_ROW \
	"target.version OPERATOR(pg_catalog.=) %s" \
	" AND target.score OPERATOR(pg_catalog.=) %s" \
	" AND target.is_flagged OPERATOR(pg_catalog.=) %s" \
	" AND COALESCE(target.reasons OPERATOR(pg_catalog.=) %s, target.reasons IS NULL AND %s IS NULL)"

PG_FUNCTION_INFO_V1(score);
PG_FUNCTION_INFO_V1(_has_answer);
PG_FUNCTION_INFO_V1(_find_model);

typedef struct ScoreTarget
{
	char	   *table;			/* with its schema, quoted */
	char	   *key;			/* column of it, quoted */
	char	   *key_type;
	char	   *key_equals;		/* operator, with its schema */
} ScoreTarget;

/* Where the score() that is running counts rows without an answer. */
static int64 *unanswered = NULL;

static void
check_not_null(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be null", name));
}

/*
 * By which a type's values are the same in a primary key.  That of an extension's
 * type is where the extension is.
 */
static char *
equality_of(Oid type)
{
	Oid			op = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(op));
	Form_pg_operator operator;
	char	   *result;

	if (!HeapTupleIsValid(tuple))
		return "OPERATOR(pg_catalog.=)";
	operator = (Form_pg_operator) GETSTRUCT(tuple);
	result = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(operator->oprnamespace)),
					  NameStr(operator->oprname));
	ReleaseSysCache(tuple);

	return result;
}

/*
 * The table that the scores go to, and its column for the key: of the same name as
 * in the source, or "key".
 */
static ScoreTarget
find_target(const char *name, const char *key)
{
	static const char *const columns[] = {"model", "version", "score", "is_flagged", "reasons", "scored_at"};
	ScoreTarget target;
	List	   *names;
	Oid			table;
	AttrNumber	key_at;

	if (!SplitIdentifierString(pstrdup(name), '.', &names))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("target is not the name of a table: %s", name));
	table = RangeVarGetRelid(makeRangeVarFromNameList(stringToQualifiedNameList(name, NULL)), NoLock, true);
	if (!OidIsValid(table))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("target table %s does not exist", name),
				errhint("CREATE TABLE %s (%s text, model text, version integer, score float8, is_flagged boolean, reasons jsonb, scored_at timestamptz, PRIMARY KEY (%s, model))",
						name, quote_identifier(key), quote_identifier(key)));

	key_at = get_attnum(table, key);
	if (key_at <= 0)
	{
		key_at = get_attnum(table, "key");
		key = "key";
	}
	if (key_at <= 0)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("target table %s has no column for the key", name),
				errhint("It is called as in the source, or \"key\"."));
	for (int i = 0; i < lengthof(columns); i++)
	{
		if (get_attnum(table, columns[i]) <= 0)
			ereport(ERROR,
					errcode(ERRCODE_UNDEFINED_COLUMN),
					errmsg("target table %s has no column \"%s\"", name, columns[i]),
					errhint("It needs the key, model, version, score, is_flagged, reasons and scored_at, and the primary key (key, model)."));
	}
	target.table = quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)), get_rel_name(table));
	target.key = pstrdup(quote_identifier(key));
	target.key_type = format_type_with_typemod(get_atttype(table, key_at), -1);
	target.key_equals = equality_of(get_atttype(table, key_at));
	return target;
}

static void
check_has_key(const IntakeSource *source, const char *key)
{
	IntakeSourceColumn *columns;
	int			ncolumns = intake_source_columns(source, &columns);

	for (int i = 0; i < ncolumns; i++)
	{
		if (strcmp(columns[i].name, key) == 0)
			return;
	}
	ereport(ERROR,
			errcode(ERRCODE_UNDEFINED_COLUMN),
			errmsg("the source has no column \"%s\"", key),
			errhint("Name the column that tells its rows apart by key_column."));
}

/*
 * The statement without what is done where there is a row already; its parameters
 * are model, version, threshold and when it was trained: a model of the same name may
 * have been dropped, and have had the same version.  OFFSET 0 has a row scored once,
 * however often its score is used.
 */
static char *
insert_statement(const Model *model, const IntakeSource *source, const char *key, const ScoreTarget *target,
				 int top_k, bool only_new)
{
	const char *name = quote_literal_cstr(psprintf("%s@%d", model->name, model->version));
	const char *row_key = psprintf("source.%s::%s", quote_identifier(key), target->key_type);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "INSERT INTO %s AS target (%s, model, version, score, is_flagged, reasons, scored_at)"
					 " SELECT s.key, $1, $2, s.score, s.score OPERATOR(pg_catalog.>=) $3, s.reasons, pg_catalog.clock_timestamp()"
					 " FROM (SELECT %s AS key, shopanalytics.predict(%s, source) AS score, ",
					 target->table, target->key, row_key, name);
	if (top_k > 0)
		appendStringInfo(&sql, "shopanalytics.explain_json(%s, source, %d) OPERATOR(pg_catalog.->) 'reasons'", name, top_k);
	else
		appendStringInfoString(&sql, "NULL::pg_catalog.jsonb");
	appendStringInfo(&sql, " AS reasons FROM %s", source->from);
	if (only_new)
		appendStringInfo(&sql,
						 " WHERE NOT EXISTS (SELECT FROM %s AS target WHERE target.%s %s %s"
						 " AND target.model OPERATOR(pg_catalog.=) $1 AND target.version OPERATOR(pg_catalog.=) $2"
						 " AND target.scored_at OPERATOR(pg_catalog.>=) $4)",
						 target->table, target->key, target->key_equals, row_key);
	appendStringInfoString(&sql, " OFFSET 0) AS s WHERE shopanalytics._has_answer(s.score)");
	if (!only_new)
		appendStringInfo(&sql,
						 " AND NOT EXISTS (SELECT FROM %s AS target WHERE target.%s %s s.key"
						 " AND target.model OPERATOR(pg_catalog.=) $1 AND " SAME_ROW ")",
						 target->table, target->key, target->key_equals, "$2", "s.score", "(s.score OPERATOR(pg_catalog.>=) $3)", "s.reasons", "s.reasons");
	return sql.data;
}

/*
 * The whole of it.  A row that somebody else wrote meanwhile may be the same, too.
 */
static char *
score_statement(const char *insert, const ScoreTarget *target)
{
	return psprintf("%s ON CONFLICT (%s, model) DO UPDATE SET version = excluded.version, score = excluded.score,"
					" is_flagged = excluded.is_flagged, reasons = excluded.reasons, scored_at = excluded.scored_at"
					" WHERE (" SAME_ROW ") IS NOT TRUE",
					insert, target->key,
					"excluded.version", "excluded.score", "excluded.is_flagged", "excluded.reasons", "excluded.reasons");
}

/*
 * Runs a statement with those parameters; how many rows it wrote or returned.
 */
static int64
run(const char *sql, Datum *values, int expected)
{
	Oid			types[] = {TEXTOID, INT4OID, FLOAT8OID, TIMESTAMPTZOID};
	int64		nrows;

	SPI_connect();
	if (SPI_execute_with_args(sql, lengthof(types), types, values, NULL, false, 0) != expected)
		elog(ERROR, "could not run \"%s\"", sql);
	nrows = SPI_processed;
	SPI_finish();
	return nrows;
}

/*
 * How many rows were written, and where there was no answer.
 */
static int64
run_counting(const char *sql, Datum *values, int64 *nunanswered)
{
	int64	   *outer = unanswered;
	int64		nrows;

	*nunanswered = 0;
	unanswered = nunanswered;
	PG_TRY();
	{
		nrows = run(sql, values, SPI_OK_INSERT);
	}
	PG_FINALLY();
	{
		unanswered = outer;
	}
	PG_END_TRY();
	return nrows;
}

/*
 * The same where no row should be there already; -1 if one was, and then nothing
 * was done.
 */
static int64
run_for_new_rows(const char *insert, Datum *values, int64 *nunanswered)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	volatile int64 nrows = -1;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		nrows = run_counting(insert, values, nunanswered);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;

	if (error != NULL && error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION)
		ReThrowError(error);
	return error == NULL ? nrows : -1;
}

/*
 * The whole statement is planned even where a part of it will do: the table must
 * have the key, and the caller the rights, whatever rows there are.  A constraint
 * that can be deferred would not tell of a second row in time.
 */
static int64
write_scores(const char *insert, const ScoreTarget *target, Datum *values, int64 *nunanswered)
{
	char	   *whole = score_statement(insert, target);
	char	   *slow = psprintf("(SELECT FROM %s AS target WHERE target.model OPERATOR(pg_catalog.=) $1 LIMIT 1) UNION ALL"
								" SELECT FROM pg_catalog.pg_index WHERE indrelid OPERATOR(pg_catalog.=) %s::pg_catalog.regclass AND NOT indimmediate",
								target->table, quote_literal_cstr(target->table));
	int64		nrows;

	run(psprintf("EXPLAIN %s", whole), values, SPI_OK_UTILITY);
	if (run(slow, values, SPI_OK_SELECT) == 0 &&
		(nrows = run_for_new_rows(insert, values, nunanswered)) >= 0)
		return nrows;
	return run_counting(whole, values, nunanswered);
}

/*
 * score(model text, source text, target text, key_column text, threshold float8,
 * explain_top_k integer, only_new boolean) returns bigint
 */
Datum
score(PG_FUNCTION_ARGS)
{
	static const char *const arguments[] = {"model", "source", "target", "key_column"};
	const Model *model;
	IntakeSource *source;
	ScoreTarget target;
	char	   *key;
	char	   *insert;
	Datum		values[4];
	double		threshold;
	int64		nunanswered = 0;
	int64		nrows;

	for (int i = 0; i < lengthof(arguments); i++)
		check_not_null(fcinfo, i, arguments[i]);
	check_not_null(fcinfo, 6, "only_new");
	if (!PG_ARGISNULL(4) && isnan(PG_GETARG_FLOAT8(4)))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("threshold must be a number"));
	if (!PG_ARGISNULL(5) && PG_GETARG_INT32(5) < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("explain_top_k must not be negative, as %d is", PG_GETARG_INT32(5)));

	source = intake_find(text_to_cstring(PG_GETARG_TEXT_PP(1)), &intake_source);
	key = text_to_cstring(PG_GETARG_TEXT_PP(3));
	check_has_key(source, key);
	target = find_target(text_to_cstring(PG_GETARG_TEXT_PP(2)), key);
	model = model_named(fcinfo);
	threshold = PG_ARGISNULL(4) ? model->threshold : PG_GETARG_FLOAT8(4);
	insert = insert_statement(model, source, key, &target, PG_ARGISNULL(5) ? 0 : PG_GETARG_INT32(5), PG_GETARG_BOOL(6));
	values[0] = CStringGetTextDatum(model->name);
	values[1] = Int32GetDatum(model->version);
	values[2] = Float8GetDatum(threshold);
	values[3] = TimestampTzGetDatum(model->trained_at);

	nrows = write_scores(insert, &target, values, &nunanswered);
	if (nunanswered > 0)
		ereport(NOTICE,
				errmsg_plural("no score for " INT64_FORMAT " row with a null that the model needs",
							  "no score for " INT64_FORMAT " rows with a null that the model needs",
							  (unsigned long) nunanswered, nunanswered));
	PG_RETURN_INT64(nrows);
}

/*
 * _has_answer(score float8) returns boolean
 */
Datum
_has_answer(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) && unanswered != NULL)
		(*unanswered)++;
	PG_RETURN_BOOL(!PG_ARGISNULL(0));
}

/*
 * _find_model(model text) returns (name, version, threshold)
 */
Datum
_find_model(PG_FUNCTION_ARGS)
{
	const Model *model = model_named(fcinfo);
	TupleDesc	desc;
	Datum		values[3] = {
		CStringGetTextDatum(model->name),
		Int32GetDatum(model->version),
		Float8GetDatum(model->threshold)
	};
	bool		nulls[3] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
