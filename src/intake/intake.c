/*-------------------------------------------------------------------------
 *
 * intake.c
 *	  The table, view or query that a report or a training reads.
 *
 * Made into a query for the columns that the report asks for, which
 * intake_read.c runs.
 *
 * IDENTIFICATION
 *	  src/intake/intake.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "intake/intake.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "compat.h"

const char *const intake_user_names[] = {"user_id", "customer_id", NULL};
const char *const intake_time_names[] = {"event_time", "ts", NULL};
const char *const intake_event_names[] = {"event_name", "event_type", NULL};
const char *const intake_price_names[] = {"price", "value", NULL};
const char *const intake_product_names[] = {"product_id", "item_id", NULL};
const char *const intake_category_names[] = {"category_id", "category", NULL};

const IntakeNoun intake_events = {"events", "are", "have"};
const IntakeNoun intake_source = {"source", "is", "has"};

/* What is wrong with our query is wrong with the source: show both. */
void
intake_error(void *arg)
{
	const Intake *intake = arg;
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(intake->sql);
	}
	else
		errcontext("reading %s by \"%s\"", intake->noun->name, intake->sql);
}

/* Past the end of a comment, which may hold others; NULL if it has none. */
static const char *
comment_end(const char *str)
{
	int			depth = 0;

	for (; *str != '\0'; str++)
	{
		if (str[0] == '/' && str[1] == '*')
			depth++;
		else if (str[0] == '*' && str[1] == '/')
			depth--;
		else
			continue;
		str++;
		if (depth == 0)
			return str + 1;
	}

	return NULL;
}

/* Past white space and comments. */
static const char *
first_token(const char *str)
{
	for (;;)
	{
		if (isspace((unsigned char) *str))
			str++;
		else if (str[0] == '-' && str[1] == '-')
			str += strcspn(str, "\r\n");
		else if (str[0] == '/' && str[1] == '*')
		{
			const char *end = comment_end(str);

			if (end == NULL)
				return str;
			str = end;
		}
		else
			return str;
	}
}

static bool
is_query(const char *events)
{
	static const char *const starts[] = {"select", "values", "with", "table", NULL};
	const char *token = first_token(events);
	int			i;

	if (*token == '(')
		return true;
	for (i = 0; starts[i] != NULL; i++)
	{
		size_t		len = strlen(starts[i]);

		if (pg_strncasecmp(token, starts[i], len) == 0 &&
			!isalnum((unsigned char) token[len]) && token[len] != '_' &&
			token[len] != '.' && token[len] != '$' && !IS_HIGHBIT_SET(token[len]))
			return true;
	}

	return false;
}

/*
 * Parsed by itself, so that nothing in it can close the parenthesis that we put
 * around it.
 */
static char *
from_query(const char *events, const IntakeNoun *noun)
{
	Intake		intake = {.sql = unconstify(char *, events),.noun = noun};
	ErrorContextCallback callback;
	List	   *parsed;
	RawStmt    *raw;
	StringInfoData from;

	callback.callback = intake_error;
	callback.arg = &intake;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	parsed = pg_parse_query(events);
	error_context_stack = callback.previous;

	if (list_length(parsed) != 1 ||
		!IsA(linitial_node(RawStmt, parsed)->stmt, SelectStmt))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be a table, a view or one query", noun->name));
	raw = linitial_node(RawStmt, parsed);
	initStringInfo(&from);
	appendStringInfoChar(&from, '(');
	if (raw->stmt_len > 0)
		appendBinaryStringInfo(&from, events + raw->stmt_location, raw->stmt_len);
	else
		appendStringInfoString(&from, events + raw->stmt_location);
	appendStringInfo(&from, "\n) AS %s", noun->name);

	return from.data;
}

static char *
from_relation(const char *events, const IntakeNoun *noun)
{
	List	   *names;
	RangeVar   *relation;

	if (*first_token(events) == '\0')
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s is empty", noun->name),
				errhint("Name a table or a view, or pass a query."));
	if (!SplitIdentifierString(pstrdup(events), '.', &names))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s is not a table, a view or a query: %s", noun->name, events),
				errhint("A query begins with SELECT, VALUES, WITH, TABLE or a parenthesis; a name with capitals or blanks needs double quotes."));
	names = stringToQualifiedNameList(events, NULL);
	relation = makeRangeVarFromNameList(names);
	if (relation->catalogname != NULL &&
		strcmp(relation->catalogname, get_database_name(MyDatabaseId)) != 0)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("%s %s in another database: %s", noun->name, noun->are, events));

	return psprintf("%s AS %s", quote_qualified_identifier(relation->schemaname, relation->relname),
					noun->name);
}

/* What comes from there, as target entries. */
static List *
columns_of(const char *from, const IntakeNoun *noun)
{
	Intake		intake = {.sql = psprintf("SELECT * FROM %s", from),.noun = noun};
	ErrorContextCallback callback;
	RawStmt    *raw;
	Query	   *query;

	callback.callback = intake_error;
	callback.arg = &intake;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	raw = linitial_node(RawStmt, pg_parse_query(intake.sql));
	query = parse_analyze_fixedparams(raw, intake.sql, NULL, 0, NULL);
	error_context_stack = callback.previous;

	return query->targetList;
}

static TargetEntry *
find_column(List *targets, const char *name)
{
	ListCell   *cell;

	foreach(cell, targets)
	{
		TargetEntry *target = lfirst_node(TargetEntry, cell);

		if (!target->resjunk && strcmp(target->resname, name) == 0)
			return target;
	}

	return NULL;
}

static char *
list_columns(List *targets)
{
	StringInfoData list;
	ListCell   *cell;

	initStringInfo(&list);
	foreach(cell, targets)
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "",
						 lfirst_node(TargetEntry, cell)->resname);

	return list.data;
}

static char *
list_names(const char *const *names)
{
	StringInfoData list;
	int			i;

	initStringInfo(&list);
	for (i = 0; names[i] != NULL; i++)
		appendStringInfo(&list, "%s\"%s\"", i > 0 ? " or " : "", names[i]);

	return list.data;
}

/* The column itself, or NULL if there is none and none is needed. */
static TargetEntry *
choose_column(List *targets, const IntakeColumn *column, const IntakeNoun *noun)
{
	TargetEntry *target = NULL;
	int			i;

	if (column->name != NULL)
		target = find_column(targets, column->name);
	else
	{
		for (i = 0; target == NULL && column->usual != NULL && column->usual[i] != NULL; i++)
			target = find_column(targets, column->usual[i]);
	}
	if (target != NULL)
		return target;

	if (column->name != NULL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("the %s %s no column \"%s\"", noun->name, noun->have, column->name),
				errdetail("%s names it; there are: %s.", column->argument, list_columns(targets)));
	if (column->required)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("the %s %s no column %s", noun->name, noun->have, list_names(column->usual)),
				errdetail("There are: %s.", list_columns(targets)),
				errhint("Name another one by %s.", column->argument));

	return NULL;
}

/* Domains looked through. */
static Oid
type_of(const TargetEntry *target)
{
	Oid			type = getBaseType(exprType((Node *) target->expr));

	return type == UNKNOWNOID ? TEXTOID : type;
}

/* Appends the column to the query, cast if need be. */
static void
append_column(StringInfo sql, IntakeColumn *column, const TargetEntry *target,
			  const IntakeNoun *noun)
{
	const char *name = psprintf("%s.%s", noun->name, quote_identifier(target->resname));
	Oid			type = type_of(target);
	Oid			output;
	bool		is_varlena;

	column->present = true;
	column->collation = exprCollation((Node *) target->expr);
	switch (column->kind)
	{
		case INTAKE_ANY:
			appendStringInfoString(sql, name);
			break;
		case INTAKE_TIME:
			if (type == TIMESTAMPTZOID)
				appendStringInfoString(sql, name);
			else if (type == TIMESTAMPOID || type == DATEOID)
				appendStringInfo(sql, "%s::pg_catalog.timestamptz", name);
			else
				ereport(ERROR,
						errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("column \"%s\" is of type %s, not a time", target->resname, format_type_be(type)),
						errhint("Pass a query that makes it a timestamptz, for example by to_timestamp()."));
			type = TIMESTAMPTZOID;
			break;
		case INTAKE_NUMBER:
			if (type != NUMERICOID && type != INT2OID && type != INT4OID &&
				type != INT8OID && type != FLOAT4OID && type != FLOAT8OID)
				ereport(ERROR,
						errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("column \"%s\" is of type %s, not a number", target->resname, format_type_be(type)),
						errhint("Pass a query that casts it to numeric."));
			appendStringInfoString(sql, name);
			break;
	}
	column->type = type;
	getTypeOutputInfo(type, &output, &is_varlena);
	fmgr_info(output, &column->output);
}

static void
append_period(StringInfo sql, const IntakePeriod *period, const char *name)
{
	const char *word = "WHERE";

	/*
	 * timestamptz_to_str() writes what any setting of DateStyle reads, and
	 * reuses its buffer.  The search path is the caller's, and may lead to
	 * other operators of the same names.
	 */
	if (!TIMESTAMP_IS_NOBEGIN(period->from))
	{
		appendStringInfo(sql, " %s events.%s OPERATOR(pg_catalog.>=) %s::pg_catalog.timestamptz", word, name,
						 quote_literal_cstr(timestamptz_to_str(period->from)));
		word = "AND";
	}
	if (!TIMESTAMP_IS_NOEND(period->to))
		appendStringInfo(sql, " %s events.%s OPERATOR(pg_catalog.<) %s::pg_catalog.timestamptz", word, name,
						 quote_literal_cstr(timestamptz_to_str(period->to)));
}

/*
 * "text" is the name of a table or view, or a query; of these only a query can
 * begin with a keyword or a parenthesis.  All is allocated in the current memory
 * context.
 */
IntakeSource *
intake_find(const char *text, const IntakeNoun *noun)
{
	IntakeSource *source = palloc(sizeof(IntakeSource));

	source->noun = noun;
	source->from = is_query(text) ? from_query(text, noun) : from_relation(text, noun);
	source->targets = columns_of(source->from, noun);

	return source;
}

/* Its columns in their order: for a reader that does not know them before. */
int
intake_source_columns(const IntakeSource *source, IntakeSourceColumn **columns)
{
	IntakeSourceColumn *next = palloc(Max(1, list_length(source->targets)) * sizeof(IntakeSourceColumn));
	ListCell   *cell;

	*columns = next;
	foreach(cell, source->targets)
	{
		TargetEntry *target = lfirst_node(TargetEntry, cell);

		if (target->resjunk)
			continue;
		next->name = target->resname;
		next->type = type_of(target);
		next++;
	}

	return next - *columns;
}

/*
 * Finds the columns and says what is wrong with them; they must stay where they
 * are until all is read.
 */
Intake *
intake_open_source(const IntakeSource *source, IntakeColumn *columns, int ncolumns,
				   const IntakePeriod *period)
{
	Intake	   *intake = palloc(sizeof(Intake));
	const char *time_name = NULL;
	StringInfoData sql;
	int			i;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	for (i = 0; i < ncolumns; i++)
	{
		TargetEntry *target = choose_column(source->targets, &columns[i], source->noun);

		if (i > 0)
			appendStringInfoString(&sql, ", ");
		columns[i].present = false;
		if (target == NULL)
		{
			appendStringInfoString(&sql, "NULL");
			continue;
		}
		append_column(&sql, &columns[i], target, source->noun);
		if (columns[i].kind == INTAKE_TIME)
			time_name = quote_identifier(target->resname);
	}
	appendStringInfo(&sql, " FROM %s", source->from);
	if (period != NULL && time_name != NULL)
		append_period(&sql, period, time_name);
	intake->noun = source->noun;
	intake->sql = sql.data;
	intake->columns = columns;
	intake->ncolumns = ncolumns;

	return intake;
}

/* The same from events. */
Intake *
intake_open(const char *events, IntakeColumn *columns, int ncolumns,
			const IntakePeriod *period)
{
	return intake_open_source(intake_find(events, &intake_events), columns, ncolumns, period);
}
