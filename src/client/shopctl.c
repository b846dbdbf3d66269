/*-------------------------------------------------------------------------
 *
 * shopctl.c
 *	  The client of shopanalytics: command dispatch and help.
 *
 * A command is one line in commands[] and one <command>_main() in a file of
 * its own, which reads its options by getopt_long as if it were a program.
 *
 * IDENTIFICATION
 *	  src/client/shopctl.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "common/logging.h"

#include "shopctl.h"

static const ShopctlCommand commands[] = {
	{"check", "run the quality checks of a store", check_main},
	{"load", "load CSV files into a table", load_main},
};

const char *progname;

static void
usage(void)
{
	printf("%s works on shops' data in a PostgreSQL database with shopanalytics.\n\n", progname);
	printf("Usage:\n");
	printf("  %s COMMAND [OPTION]...\n", progname);
	printf("\nCommands:\n");
	for (int i = 0; i < lengthof(commands); i++)
		printf("  %-22s %s\n", commands[i].name, commands[i].summary);
	printf("\nOptions:\n");
	printf("  -V, --version          output version information, then exit\n");
	printf("  -?, --help             show this help, then exit\n");
	printf("\nUse \"%s COMMAND --help\" for the options of a command.\n", progname);
}

/* Says what is wrong with the command line (of a command, unless NULL). */
void
usage_error(const char *command, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	pg_log_generic_v(PG_LOG_ERROR, PG_LOG_PRIMARY, fmt, args);
	va_end(args);
	pg_log_error_hint("Try \"%s%s%s --help\" for more information.",
					  progname, command ? " " : "", command ? command : "");
	exit(SHOPCTL_USAGE);
}

int
main(int argc, char *argv[])
{
	pg_logging_init(argv[0]);
	set_pglocale_pgservice(argv[0], PG_TEXTDOMAIN("shopctl"));
	progname = get_progname(argv[0]);

	if (argc < 2)
		usage_error(NULL, "no command given");

	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)
	{
		usage();
		return SHOPCTL_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
	{
		printf("shopctl (shopanalytics) %s\n", SHOPANALYTICS_VERSION);
		return SHOPCTL_OK;
	}

	for (int i = 0; i < lengthof(commands); i++)
	{
		if (strcmp(argv[1], commands[i].name) == 0)
		{
			/* getopt_long() calls the program what argv[0] says */
			argv[1] = argv[0];
			return commands[i].main(argc - 1, argv + 1);
		}
	}

	if (argv[1][0] == '-')
		usage_error(NULL, "unrecognized option \"%s\"", argv[1]);
	usage_error(NULL, "unrecognized command \"%s\"", argv[1]);
}
