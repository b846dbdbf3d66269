/*-------------------------------------------------------------------------
 *
 * check.c
 *	  "shopctl check": runs the quality checks of a store, and writes the keys
 *	  of the rows that failed to CSV.
 *
 * One call of dq_run() does the work, in a transaction of its own: what is
 * found is kept in the database, whatever becomes of the CSV file.
 *
 * IDENTIFICATION
 *	  src/client/check.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include <sys/stat.h>

#include "common/logging.h"
#include "common/string.h"
#include "fe_utils/simple_list.h"
#include "pqexpbuffer.h"

#include "options.h"
#include "session.h"
#include "shopctl.h"

#define COMMAND "check"

enum
{
	OPT_CSV = 1, OPT_MAX_KEYS, OPT_STRICT
};

typedef struct CheckOptions
{
	CommonOptions common;
	SimpleStringList names;		/* none: all that are enabled */
	int			nnames;
	const char *csv;			/* file, directory, "-" or NULL */
	const char *max_keys;
	bool		strict;			/* warnings count as failures */
} CheckOptions;

/* Columns of run_checks(). */
enum
{
	RUN, CHECK_NAME, STATUS, SEVERITY, DETAIL
};

/* Columns of failing_keys(). */
enum
{
	KEY_RESULT, KEY_CHECK, KEY_TARGET, KEY_STATUS, KEY
};

static void
usage(void)
{
	printf("%s check runs the quality checks of a store.\n\n", progname);
	printf("Usage:\n");
	printf("  %s check [OPTION]... --store=STORE\n", progname);
	printf("\nThe results are kept in the database, in shopanalytics.dq_result.  The checks that\n"
		   "every store should pass are defined by SELECT shopanalytics.dq_store_checks(STORE).\n");
	printf("\nOptions:\n");
	printf("  -s, --store=STORE         store, or other tenant, whose checks are run\n");
	printf("  -c, --check=NAME          check to run (default: all that are enabled);\n"
		   "                            may be given several times\n");
	printf("      --csv=PATH            write the keys of rows that failed to this file, with check\n"
		   "                            and status; in a directory one file for each check;\n"
		   "                            \"-\" is the standard output\n");
	printf("      --max-keys=N          keys that are kept for each check (default: 1000)\n");
	printf("      --strict              a warning is a failure\n");
	printf("  -q, --quiet               print nothing but errors\n");
	printf("  -V, --version             output version information, then exit\n");
	printf("  -?, --help                show this help, then exit\n");
	options_usage_connection();
	printf("\nExit status:\n");
	printf("  %d  no check failed\n", SHOPCTL_OK);
	printf("  %d  an error; if the checks were run, their results are kept\n", SHOPCTL_ERROR);
	printf("  %d  the command line is wrong; nothing was done\n", SHOPCTL_USAGE);
	printf("  %d  a check failed or could not be run\n", SHOPCTL_CHECK_FAILED);
}

/* Runs the checks; one row for each. */
static PGresult *
run_checks(PGconn *conn, const CheckOptions *opt)
{
	PQExpBufferData sql;
	const char **values = pg_malloc((2 + opt->nnames) * sizeof(char *));
	int			nparams = 2;
	PGresult   *res;

	values[0] = opt->common.store;
	values[1] = opt->max_keys;
	initPQExpBuffer(&sql);
	appendPQExpBufferStr(&sql,
						 "SELECT run, check_name, status, severity,"
						 " coalesce(message, CASE WHEN rows_failed IS NOT NULL THEN rows_failed || ' of ' || rows_evaluated || ' failed, '"
						 " WHEN value IS NOT NULL THEN value || ', ' END || 'expected ' || expected, value::text, '')"
						 " FROM shopanalytics.dq_run($1, max_keys => $2::integer");
	if (opt->nnames > 0)
	{
		appendPQExpBufferStr(&sql, ", names => ARRAY[");
		for (SimpleStringListCell *cell = opt->names.head; cell; cell = cell->next)
		{
			values[nparams++] = cell->val;
			appendPQExpBuffer(&sql, "%s$%d", nparams > 3 ? ", " : "", nparams);
		}
		appendPQExpBufferStr(&sql, "]::text[]");
	}
	appendPQExpBufferStr(&sql, ")");

	res = PQexecParams(conn, sql.data, nparams, NULL, values, NULL, NULL, 0);
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		session_fail(conn, res, "could not run the checks");
	termPQExpBuffer(&sql);
	pg_free(values);
	return res;
}

/* The keys of rows that failed in a run; also a row without key for each check. */
static PGresult *
failing_keys(PGconn *conn, const char *run)
{
	PGresult   *res = PQexecParams(conn,
								   "SELECT r.id, r.check_name, r.target, r.status, f.key"
								   " FROM shopanalytics.dq_result r LEFT JOIN shopanalytics.dq_failure f ON f.result = r.id"
								   " WHERE r.run = $1::bigint ORDER BY r.id, f.place",
								   1, NULL, &run, NULL, NULL, 0);

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		session_fail(conn, res, "could not read the keys of the rows that failed");
	return res;
}

static void
write_field(FILE *file, const char *value, char end)
{
	if (value[strcspn(value, ",\"\r\n")] == '\0')
		fputs(value, file);
	else
	{
		putc('"', file);
		for (; *value; value++)
		{
			if (*value == '"')
				putc('"', file);
			putc(*value, file);
		}
		putc('"', file);
	}
	putc(end, file);
}

static FILE *
open_csv(const char *path)
{
	FILE	   *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");

	if (file == NULL)
		pg_fatal("could not write \"%s\": %m", path);
	fputs("store,check,target,status,key\n", file);
	return file;
}

static void
close_csv(FILE *file, const char *path)
{
	if (file == stdout ? fflush(file) != 0 || ferror(file) : ferror(file) | fclose(file))
		pg_fatal("could not write \"%s\": %m", path);
}

/* A file name that holds the name of a check, and is that of no other. */
static char *
csv_of_check(const char *directory, const char *name, const char *result)
{
	char	   *plain = pg_strdup(name);
	bool		changed = false;

	for (char *c = plain; *c; c++)
	{
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", *c) == NULL || (c == plain && *c == '.'))
		{
			*c = '_';
			changed = true;
		}
	}
	return changed ? psprintf("%s/%s.%s.csv", directory, plain, result) : psprintf("%s/%s.csv", directory, plain);
}

static bool
is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void
write_keys(const CheckOptions *opt, const PGresult *keys)
{
	bool		is_split = is_directory(opt->csv);
	const char *path = opt->csv;
	const char *result = "";
	FILE	   *file = is_split ? NULL : open_csv(path);

	for (int i = 0; i < PQntuples(keys); i++)
	{
		if (is_split && strcmp(PQgetvalue(keys, i, KEY_RESULT), result) != 0)
		{
			if (file != NULL)
				close_csv(file, path);
			result = PQgetvalue(keys, i, KEY_RESULT);
			path = csv_of_check(opt->csv, PQgetvalue(keys, i, KEY_CHECK), result);
			file = open_csv(path);
		}
		if (PQgetisnull(keys, i, KEY))
			continue;
		write_field(file, opt->common.store, ',');
		write_field(file, PQgetvalue(keys, i, KEY_CHECK), ',');
		write_field(file, PQgetvalue(keys, i, KEY_TARGET), ',');
		write_field(file, PQgetvalue(keys, i, KEY_STATUS), ',');
		write_field(file, PQgetvalue(keys, i, KEY), '\n');
	}
	if (file != NULL)
		close_csv(file, path);
}

/* Prints the results, to the standard error when the CSV is on the standard output. */
static void
print_results(const CheckOptions *opt, const PGresult *results)
{
	FILE	   *out = opt->csv && strcmp(opt->csv, "-") == 0 ? stderr : stdout;
	int			width = 0;
	int			counts[3] = {0};
	static const char *const severities[] = {"ok", "warn", "fail"};

	for (int i = 0; i < PQntuples(results); i++)
		width = Max(width, (int) strlen(PQgetvalue(results, i, CHECK_NAME)));
	for (int i = 0; i < PQntuples(results); i++)
	{
		fprintf(out, "%-8s  %-*s  %s\n", PQgetvalue(results, i, STATUS), Min(width, 60), PQgetvalue(results, i, CHECK_NAME), PQgetvalue(results, i, DETAIL));
		for (int s = 0; s < lengthof(severities); s++)
			counts[s] += strcmp(PQgetvalue(results, i, SEVERITY), severities[s]) == 0;
	}
	fprintf(out, "%d checks: %d ok, %d warnings, %d failures; run %s\n",
			PQntuples(results), counts[0], counts[1], counts[2], PQgetvalue(results, 0, RUN));
}

static int
check_run(const CheckOptions *opt)
{
	PGconn	   *conn = session_open(&opt->common.cparams);
	PGresult   *results = run_checks(conn, opt);
	bool		failed = false;

	for (int i = 0; i < PQntuples(results); i++)
	{
		const char *severity = PQgetvalue(results, i, SEVERITY);

		if (strcmp(severity, "fail") == 0 || (opt->strict && strcmp(severity, "warn") == 0))
			failed = true;
	}
	if (!opt->common.quiet)
		print_results(opt, results);
	if (opt->csv != NULL)
	{
		PGresult   *keys = failing_keys(conn, PQgetvalue(results, 0, RUN));

		write_keys(opt, keys);
		PQclear(keys);
	}
	PQclear(results);
	session_close(conn);
	return failed ? SHOPCTL_CHECK_FAILED : SHOPCTL_OK;
}

int
check_main(int argc, char *argv[])
{
	static struct option long_options[] = {
		{"check", required_argument, NULL, 'c'},
		{"csv", required_argument, NULL, OPT_CSV},
		{"max-keys", required_argument, NULL, OPT_MAX_KEYS},
		{"strict", no_argument, NULL, OPT_STRICT},
		COMMON_LONG_OPTIONS
	};
	CheckOptions opt = {.max_keys = "1000"};
	int			c;

	if (options_show_help(argc, argv, usage))
		return SHOPCTL_OK;

	while ((c = getopt_long(argc, argv, COMMON_SHORT_OPTIONS "c:", long_options, NULL)) != -1)
	{
		if (options_take(&opt.common, c, optarg))
			continue;
		switch (c)
		{
			case 'c':
				simple_string_list_append(&opt.names, optarg);
				opt.nnames++;
				break;
			case OPT_CSV:
				opt.csv = optarg;
				break;
			case OPT_MAX_KEYS:
				if (optarg[0] == '\0' || strspn(optarg, "0123456789") != strlen(optarg) || strlen(optarg) > 6 || atoi(optarg) > 100000)
					usage_error(COMMAND, "--max-keys must be a number from 0 to 100000, not \"%s\"", optarg);
				opt.max_keys = optarg;
				break;
			case OPT_STRICT:
				opt.strict = true;
				break;
			default:
				options_bad(COMMAND);
		}
	}
	if (optind < argc)
		usage_error(COMMAND, "too many arguments (first is \"%s\")", argv[optind]);
	if (opt.common.store == NULL)
		usage_error(COMMAND, "no store given (--store)");

	return check_run(&opt);
}
