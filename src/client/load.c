/*-------------------------------------------------------------------------
 *
 * load.c
 *	  "shopctl load": the command line.
 *
 * IDENTIFICATION
 *	  src/client/load.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "common/logging.h"
#include "mb/pg_wchar.h"

#include "load.h"
#include "shopctl.h"

#define COMMAND "load"

/* Options without a letter. */
enum
{
	OPT_ENCODING = 1, OPT_DELIMITER, OPT_QUOTE, OPT_NULL, OPT_MAP, OPT_COLUMNS,
	OPT_DATE_FORMAT, OPT_TIMEZONE, OPT_NO_HEADER, OPT_IGNORE_EXTRA, OPT_TRUNCATE,
	OPT_REJECT_TABLE, OPT_MAX_REJECTS
};

static void
usage(void)
{
	printf("%s load loads CSV files into a table, all of them or nothing.\n\n", progname);
	printf("Usage:\n");
	printf("  %s load [OPTION]... --table=TABLE FILE...\n", progname);
	printf("  %s load [OPTION]... --store=STORE --table=TABLE FILE...\n", progname);
	printf("\nA FILE may be compressed by gzip; \"-\" is the standard input.  Its first row names\n"
		   "the columns, in any order.  Rows that the table cannot take are put into a reject\n"
		   "table with file, line, column, value, reason and text, and the rest is loaded.\n");
	printf("\nOptions:\n");
	printf("  -s, --store=STORE         store whose table is loaded\n");
	printf("  -t, --table=TABLE         table to load\n");
	printf("      --truncate            empty the table first\n");
	printf("  -q, --quiet               no progress bar and no summary\n");
	printf("  -V, --version             output version information, then exit\n");
	printf("  -?, --help                show this help, then exit\n");
	printf("\nOptions that say how the files are written:\n");
	printf("      --encoding=NAME       character encoding (default: UTF8)\n");
	printf("      --delimiter=CHAR      character between fields (default: comma; \"tab\" for tab)\n");
	printf("      --quote=CHAR          character around fields (default: \"; empty for none)\n");
	printf("      --null=TEXT           unquoted text that means NULL (default: empty);\n"
		   "                            may be given several times\n");
	printf("      --no-header           the first row is data\n");
	printf("      --columns=NAME,...    columns of a file without header (default: the table's)\n");
	printf("      --date-format=FORMAT  DMY, MDY, YMD, or a template such as 'DD/MM/YYYY HH24:MI'\n");
	printf("      --timezone=ZONE       time zone of times that name none (default: the\n"
		   "                            store's, or that of the session)\n");
	printf("\nOptions that say what becomes of columns and rows:\n");
	printf("      --map=FILE_COLUMN=TABLE_COLUMN,...\n"
		   "                            load a column into one of another name;\n"
		   "                            FILE_COLUMN= leaves the column out\n");
	printf("      --ignore-extra        leave out columns that the table does not have\n");
	printf("      --max-rejects=N       load nothing if more rows are rejected (default: no limit)\n");
	printf("      --reject-table=TABLE  table for rejected rows (default: load_reject in the\n"
		   "                            schema of the table; created when there is none)\n");
	options_usage_connection();
	printf("\nExit status:\n");
	printf("  %d  all rows were loaded\n", SHOPCTL_OK);
	printf("  %d  an error ended the load; nothing was loaded\n", SHOPCTL_ERROR);
	printf("  %d  the command line is wrong; nothing was done\n", SHOPCTL_USAGE);
	printf("  %d  some rows were rejected, all others were loaded\n", SHOPCTL_REJECTS);
	printf("  %d  more rows were rejected than --max-rejects allows; nothing was loaded\n", SHOPCTL_TOO_MANY);
}

/*
 * Takes a name from a list: up to one of the stops, or in double quotes.  The
 * place after it is put into *p.
 */
static char *
take_name(const char **p, const char *stops)
{
	char	   *name = pg_malloc(strlen(*p) + 1);
	char	   *to = name;
	const char *from = *p;

	if (*from == '"')
	{
		for (from++; *from != '\0'; from++)
		{
			if (*from == '"' && *++from != '"')
				break;
			*to++ = *from;
		}
	}
	while (*from != '\0' && strchr(stops, *from) == NULL)
		*to++ = *from++;
	*to = '\0';
	*p = from;
	return name;
}

static void
add_maps(LoadOptions *opt, const char *list)
{
	const char *p = list;
	LoadMap   **last = &opt->maps;

	while (*last != NULL)
		last = &(*last)->next;
	for (;;)
	{
		LoadMap    *map = pg_malloc0(sizeof(LoadMap));

		map->from = take_name(&p, "=,");
		if (*p != '=' || map->from[0] == '\0')
			usage_error(COMMAND, "--map needs pairs FILE_COLUMN=TABLE_COLUMN, but has \"%s\"", list);
		p++;
		map->to = take_name(&p, ",");
		*last = map;
		last = &map->next;
		if (*p == '\0')
			break;
		p++;
	}
}

static void
add_columns(LoadOptions *opt, const char *list)
{
	const char *p = list;

	for (;;)
	{
		char	   *name = take_name(&p, ",");

		if (name[0] == '\0')
			usage_error(COMMAND, "--columns has an empty name in \"%s\"", list);
		simple_string_list_append(&opt->columns, name);
		if (*p == '\0')
			break;
		p++;
	}
}

/* A single character that cannot be part of a line break or of a number's text. */
static char
take_character(const char *option, const char *value)
{
	if (pg_strcasecmp(value, "tab") == 0 || strcmp(value, "\\t") == 0)
		return '\t';
	if (strlen(value) != 1 || IS_HIGHBIT_SET(value[0]))
		usage_error(COMMAND, "--%s must be a single one-byte character, not \"%s\"", option, value);
	if (value[0] == '\n' || value[0] == '\r')
		usage_error(COMMAND, "--%s cannot be a line break", option);
	return value[0];
}

static void
take_encoding(LoadOptions *opt, const char *name)
{
	opt->encoding = pg_char_to_encoding(name);
	if (opt->encoding < 0)
	{
		pg_log_error("encoding \"%s\" is not known", name);
		pg_log_error_hint("Names are those of PostgreSQL: UTF8, LATIN1, WIN1252, SJIS, GBK ...");
		exit(SHOPCTL_USAGE);
	}
	opt->encoding_name = pg_encoding_to_char(opt->encoding);
}

static void
take_date_format(LoadOptions *opt, const char *format)
{
	char	   *error;

	opt->date_format = format;
	if (pg_strcasecmp(format, "DMY") == 0 || pg_strcasecmp(format, "MDY") == 0 ||
		pg_strcasecmp(format, "YMD") == 0)
		return;

	opt->date_template = date_template_parse(format, &error);
	if (opt->date_template == NULL)
	{
		pg_log_error("date format \"%s\" cannot be used: %s", format, error);
		pg_log_error_hint("Write DMY, MDY, YMD, or a template of YYYY YY MM MON MONTH DD DY DAY HH24 HH12 "
						  "MI SS MS US AM TZH TZM, with other letters in double quotes.");
		exit(SHOPCTL_USAGE);
	}
}

static int64
take_count(const char *option, const char *value)
{
	char	   *end;
	int64		result;

	errno = 0;
	result = strtoi64(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || result < 0)
		usage_error(COMMAND, "--%s must be a number, 0 or more, not \"%s\"", option, value);
	return result;
}

static void
check_options(LoadOptions *opt)
{
	int			stdins = 0;

	if (opt->table == NULL)
		usage_error(COMMAND, "no table given (--table)");
	if (opt->nfiles == 0)
		usage_error(COMMAND, "no file given (\"-\" is the standard input)");
	if (opt->delimiter == opt->quote)
		usage_error(COMMAND, "--delimiter and --quote must differ");
	if (opt->columns.head != NULL && opt->header)
		usage_error(COMMAND, "--columns needs --no-header");
	for (int i = 0; i < opt->nfiles; i++)
		stdins += (strcmp(opt->files[i], "-") == 0);
	if (stdins > 1)
		usage_error(COMMAND, "the standard input can be read only once");
}

int
load_main(int argc, char *argv[])
{
	static struct option long_options[] = {
		{"table", required_argument, NULL, 't'},
		{"truncate", no_argument, NULL, OPT_TRUNCATE},
		{"encoding", required_argument, NULL, OPT_ENCODING},
		{"delimiter", required_argument, NULL, OPT_DELIMITER},
		{"quote", required_argument, NULL, OPT_QUOTE},
		{"null", required_argument, NULL, OPT_NULL},
		{"no-header", no_argument, NULL, OPT_NO_HEADER},
		{"columns", required_argument, NULL, OPT_COLUMNS},
		{"date-format", required_argument, NULL, OPT_DATE_FORMAT},
		{"timezone", required_argument, NULL, OPT_TIMEZONE},
		{"map", required_argument, NULL, OPT_MAP},
		{"ignore-extra", no_argument, NULL, OPT_IGNORE_EXTRA},
		{"max-rejects", required_argument, NULL, OPT_MAX_REJECTS},
		{"reject-table", required_argument, NULL, OPT_REJECT_TABLE},
		COMMON_LONG_OPTIONS
	};
	LoadOptions opt = {
		.encoding = PG_UTF8,
		.encoding_name = "UTF8",
		.delimiter = ',',
		.quote = '"',
		.header = true,
		.max_rejects = -1,
	};
	int			c;

	if (options_show_help(argc, argv, usage))
		return SHOPCTL_OK;

	while ((c = getopt_long(argc, argv, COMMON_SHORT_OPTIONS "t:", long_options, NULL)) != -1)
	{
		if (options_take(&opt.common, c, optarg))
			continue;
		switch (c)
		{
			case 't':
				opt.table = optarg;
				break;
			case OPT_TRUNCATE:
				opt.truncate = true;
				break;
			case OPT_ENCODING:
				take_encoding(&opt, optarg);
				break;
			case OPT_DELIMITER:
				opt.delimiter = take_character("delimiter", optarg);
				break;
			case OPT_QUOTE:
				opt.quote = optarg[0] ? take_character("quote", optarg) : '\0';
				break;
			case OPT_NULL:
				simple_string_list_append(&opt.nulls, optarg);
				break;
			case OPT_NO_HEADER:
				opt.header = false;
				break;
			case OPT_COLUMNS:
				add_columns(&opt, optarg);
				break;
			case OPT_DATE_FORMAT:
				take_date_format(&opt, optarg);
				break;
			case OPT_TIMEZONE:
				opt.timezone = optarg;
				break;
			case OPT_MAP:
				add_maps(&opt, optarg);
				break;
			case OPT_IGNORE_EXTRA:
				opt.ignore_extra = true;
				break;
			case OPT_MAX_REJECTS:
				opt.max_rejects = take_count("max-rejects", optarg);
				break;
			case OPT_REJECT_TABLE:
				opt.reject_table = optarg;
				break;
			default:
				options_bad(COMMAND);
		}
	}
	opt.nfiles = argc - optind;
	opt.files = argv + optind;
	check_options(&opt);

	return load_run(&opt);
}
