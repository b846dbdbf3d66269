/*-------------------------------------------------------------------------
 *
 * load_run.c
 *	  "shopctl load": the load itself.
 *
 * All files are loaded in one transaction, together with the rows rejected, so
 * a load that fails, is interrupted or loses its connection leaves the database
 * as it was.
 *
 * IDENTIFICATION
 *	  src/client/load_run.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "common/logging.h"
#include "fe_utils/cancel.h"
#include "mb/pg_wchar.h"
#include "portability/instr_time.h"

#include "batch.h"
#include "progress.h"
#include "session.h"
#include "shopctl.h"

/* A header has no more fields than this, a table at most 1600 columns. */
#define MAX_HEADER_FIELDS	10000

typedef struct LoadResult
{
	const char *file;
	int64		loaded;
	int64		rejected;
	int64		skipped;		/* neither: a trigger let them go */
	double		seconds;
} LoadResult;

/*
 * Times that name no zone are those of the shop, as for a table that is mapped
 * into the store.
 */
static const char *
store_timezone(PGconn *conn, const char *store)
{
	PGresult   *res = session_query(conn, psprintf("SELECT timezone FROM %s.store_setting",
												   PQescapeIdentifier(conn, store, strlen(store))), 0, NULL);
	char	   *timezone = PQntuples(res) == 1 ? pstrdup(PQgetvalue(res, 0, 0)) : NULL;

	PQclear(res);
	return timezone;
}

/*
 * COPY takes bytes declared SQL_ASCII into a database of any encoding, where
 * nobody could read them again.
 */
static void
check_encoding(PGconn *conn, const LoadOptions *opt)
{
	const char *server_encoding = PQparameterStatus(conn, "server_encoding");

	if (opt->encoding != PG_SQL_ASCII || server_encoding == NULL || strcmp(server_encoding, "SQL_ASCII") == 0)
		return;
	pg_log_error("encoding SQL_ASCII says nothing about the file, but the database is in %s", server_encoding);
	pg_log_error_hint("Name the encoding of the file: --encoding=LATIN1, for one.");
	exit(SHOPCTL_ERROR);
}

/* Settings that the options ask for. */
static void
set_options(PGconn *conn, const LoadOptions *opt)
{
	const char *timezone = opt->timezone;
	const char *params[2];

	if (opt->date_format != NULL && opt->date_template == NULL)
	{
		params[0] = "datestyle";
		params[1] = psprintf("ISO, %s", opt->date_format);
		PQclear(session_query(conn, "SELECT pg_catalog.set_config($1, $2, false)", 2, params));
	}
	if (timezone == NULL && opt->common.store != NULL)
		timezone = store_timezone(conn, opt->common.store);
	if (timezone != NULL)
	{
		PGresult   *res;

		params[0] = "timezone";
		params[1] = timezone;
		res = PQexecParams(conn, "SELECT pg_catalog.set_config($1, $2, false)", 2, NULL, params, NULL, NULL, 0);
		if (PQresultStatus(res) != PGRES_TUPLES_OK)
		{
			pg_log_error("time zone \"%s\" is not known", timezone);
			pg_log_error_hint("View pg_timezone_names lists them.");
			exit(SHOPCTL_ERROR);
		}
		PQclear(res);
	}
}

/* The text of a header field, in UTF-8 as the names of the catalog are. */
static char *
header_name(PGconn *conn, const LoadOptions *opt, const CsvReader *csv, const CsvField *field)
{
	char	   *name = pg_malloc(field->length + 1);
	size_t		length = csv_field_copy(csv, field, name);
	char	   *start = name;

	if (field->flags & CSV_NUL)
	{
		pg_log_error("file \"%s\": the header holds a zero byte", input_name(csv->in));
		pg_log_error_hint("If the file is encoded in UTF-16, convert it: iconv -f UTF-16 -t UTF-8 FILE | shopctl load ... -");
		exit(SHOPCTL_ERROR);
	}
	if (pg_encoding_verifymbstr(opt->encoding, name, length) != length)
	{
		pg_log_error("file \"%s\": the header is not valid in encoding %s", input_name(csv->in), opt->encoding_name);
		pg_log_error_hint("Name the encoding of the file: --encoding=LATIN1, for one.");
		exit(SHOPCTL_ERROR);
	}

	/* blanks around a name are an accident of layout */
	name[length] = '\0';
	while (length > 0 && strchr(" \t\r\n", name[length - 1]) != NULL)
		name[--length] = '\0';
	start += strspn(name, " \t\r\n");

	if ((field->flags & CSV_HIGH) && opt->encoding != PG_UTF8)
	{
		const char *params[] = {start, opt->encoding_name};
		int			lengths[] = {strlen(start), 0};
		int			formats[] = {1, 0};
		PGresult   *res;

		res = PQexecParams(conn, "SELECT pg_catalog.convert_from($1::pg_catalog.bytea, $2)",
						   2, NULL, params, lengths, formats, 0);
		if (PQresultStatus(res) != PGRES_TUPLES_OK)
			session_fail(conn, res, psprintf("could not read the header of file \"%s\"", input_name(csv->in)));
		return pstrdup(PQgetvalue(res, 0, 0));
	}
	return start;
}

/* Reads the header, or makes one up, and sees where its columns go. */
static Mapping *
read_header(PGconn *conn, const LoadOptions *opt, const Target *target, CsvReader *csv)
{
	const char *file = input_name(csv->in);
	char	  **names;
	int			n = 0;

	if (!opt->header)
	{
		names = pg_malloc(sizeof(char *) * MAX_HEADER_FIELDS);
		for (SimpleStringListCell *cell = opt->columns.head; cell != NULL && n < MAX_HEADER_FIELDS; cell = cell->next)
			names[n++] = cell->val;
		for (int i = 0; i < target->ncolumns && opt->columns.head == NULL; i++)
			if (!target->columns[i].generated)
				names[n++] = target->columns[i].name;
		return mapping_create(target, opt, file, n, names);
	}

	do
	{
		if (!csv_next(csv))
		{
			pg_log_error("file \"%s\" is empty", file);
			pg_log_error_hint("Its first row must name the columns; use --no-header for a file without such a row.");
			exit(SHOPCTL_ERROR);
		}
	} while (csv->row.length == 0);

	if (csv->row.defect != CSV_FINE || csv->row.nfields > MAX_HEADER_FIELDS)
	{
		pg_log_error("file \"%s\" has no proper header in line " INT64_FORMAT, file, csv->row.line);
		pg_log_error_detail("%s", csv->row.defect == CSV_UNTERMINATED ? "A quote opens and does not close." :
							csv->row.defect == CSV_AFTER_QUOTE ? "Text follows a closing quote." : "It has too many columns.");
		exit(SHOPCTL_ERROR);
	}
	names = pg_malloc(sizeof(char *) * csv->row.nfields);
	for (n = 0; n < csv->row.nfields; n++)
		names[n] = header_name(conn, opt, csv, &csv->row.fields[n]);
	return mapping_create(target, opt, file, n, names);
}

static void
load_file(PGconn *conn, const LoadOptions *opt, const Target *target,
		  Batch *batch, Rejects *rejects, const char *path, LoadResult *result)
{
	Input	   *in = input_open(path);
	CsvReader  *csv = csv_open(in, opt->encoding, opt->delimiter, opt->quote, MAX_HEADER_FIELDS);
	int64		rejected_before = reject_count(rejects);
	int64		read;
	Mapping    *map;
	instr_time	start;
	instr_time	end;

	INSTR_TIME_SET_CURRENT(start);
	progress_start(in, opt->common.quiet);
	map = read_header(conn, opt, target, csv);
	csv_set_maxfields(csv, map->nfields);
	reject_file(rejects, input_name(in));
	batch_file(batch, csv, map);

	while (csv_next(csv))
	{
		batch_add(batch);
		if (batch_full(batch))
			batch_finish(batch);
		if (CancelRequested)
			pg_fatal("canceled by user");
	}
	batch_finish(batch);
	progress_end();

	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	result->file = pstrdup(input_name(in));
	batch_counts(batch, &read, &result->loaded);
	result->rejected = reject_count(rejects) - rejected_before;
	result->skipped = read - result->loaded - result->rejected;
	result->seconds = INSTR_TIME_GET_DOUBLE(end);

	mapping_free(map);
	csv_close(csv);
	input_close(in);
}

static void
print_result(const char *name, const LoadResult *result)
{
	printf("%s: " INT64_FORMAT " %s loaded, " INT64_FORMAT " rejected, ",
		   name, result->loaded, result->loaded == 1 ? "row" : "rows", result->rejected);
	if (result->skipped > 0)
		printf(INT64_FORMAT " skipped by a trigger, ", result->skipped);
	printf("%.1f s\n", result->seconds);
}

/*
 * The planner should know of the rows at once, not when autovacuum comes round.
 * They are stored, so it is no error if that cannot be done.
 */
static void
analyze(PGconn *conn, const Target *target)
{
	PGresult   *res;

	/* the server warns of views and of what others own; nobody need read that */
	session_command(conn, "SET client_min_messages = error");
	res = PQexec(conn, psprintf("ANALYZE %s", target->quoted));
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		pg_log_warning("could not analyze table %s: %s", target->quoted, PQerrorMessage(conn));
	PQclear(res);
}

int
load_run(LoadOptions *opt)
{
	LoadResult *results = pg_malloc0(sizeof(LoadResult) * opt->nfiles);
	LoadResult	total = {0};
	PGconn	   *conn;
	Target	   *target;
	Rejects    *rejects;
	Batch	   *batch;

	for (int i = 0; i < opt->nfiles; i++)
		input_check(opt->files[i]);

	conn = session_open(&opt->common.cparams);
	check_encoding(conn, opt);
	target = target_open(conn, opt);
	rejects = reject_open(conn, target, opt);
	set_options(conn, opt);

	/*
	 * Triggers and defaults of the user's tables run in the user's own search
	 * path, as they do for every other INSERT; all names of ours are
	 * qualified.
	 */
	session_command(conn, "RESET search_path");
	session_begin(conn);

	/* a deferred check would fail at the commit, when no row can be rejected */
	session_command(conn, "SET CONSTRAINTS ALL IMMEDIATE");
	if (opt->truncate)
	{
		session_command(conn, psprintf("TRUNCATE %s RESTART IDENTITY", target->quoted));
		reject_forget_old(rejects);
	}

	batch = batch_create(conn, target, rejects, opt);
	for (int i = 0; i < opt->nfiles; i++)
	{
		load_file(conn, opt, target, batch, rejects, opt->files[i], &results[i]);
		total.loaded += results[i].loaded;
		total.rejected += results[i].rejected;
		total.skipped += results[i].skipped;
		total.seconds += results[i].seconds;
	}
	batch_free(batch);
	if (CancelRequested)
		pg_fatal("canceled by user");
	session_commit(conn);
	if (total.loaded > 0 && !target->is_foreign)
		analyze(conn, target);
	session_close(conn);

	if (!opt->common.quiet)
	{
		for (int i = 0; i < opt->nfiles; i++)
			print_result(results[i].file, &results[i]);
		if (opt->nfiles > 1)
			print_result("total", &total);
	}
	reject_report(rejects);
	return total.rejected > 0 ? SHOPCTL_REJECTS : SHOPCTL_OK;
}
