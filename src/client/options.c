/*-------------------------------------------------------------------------
 *
 * options.c
 *	  Options that every command of shopctl takes.
 *
 * IDENTIFICATION
 *	  src/client/options.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "common/logging.h"

#include "options.h"
#include "shopctl.h"

/*
 * Shows help or version where they are asked for.  getopt_long() gives '?' for
 * errors too, so they are looked for before it is called.
 */
bool
options_show_help(int argc, char *argv[], void (*usage) (void))
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
	{
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-?") == 0)
		{
			usage();
			return true;
		}
		if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0)
		{
			printf("shopctl (shopanalytics) %s\n", SHOPANALYTICS_VERSION);
			return true;
		}
	}
	return false;
}

/* Takes an option that all commands have; false if it is none. */
bool
options_take(CommonOptions *options, int c, char *value)
{
	switch (c)
	{
		case 's':
			options->store = value;
			return true;
		case 'q':
			options->quiet = true;
			return true;
		case 'h':
			options->cparams.pghost = value;
			return true;
		case 'p':
			options->cparams.pgport = value;
			return true;
		case 'U':
			options->cparams.pguser = value;
			return true;
		case 'w':
			options->cparams.prompt_password = TRI_NO;
			return true;
		case 'W':
			options->cparams.prompt_password = TRI_YES;
			return true;
		case 'd':
			options->cparams.dbname = value;
			return true;
	}
	return false;
}

/* The last part of what --help prints. */
void
options_usage_connection(void)
{
	printf("\nConnection options:\n");
	printf("  -h, --host=HOSTNAME       database server host or socket directory\n");
	printf("  -p, --port=PORT           database server port\n");
	printf("  -U, --username=USERNAME   user name to connect as\n");
	printf("  -w, --no-password         never prompt for password\n");
	printf("  -W, --password            force password prompt\n");
	printf("  -d, --dbname=DBNAME       database name or connection string\n");
}

/* getopt_long() has said what is wrong. */
void
options_bad(const char *command)
{
	pg_log_error_hint("Try \"%s %s --help\" for more information.", progname, command);
	exit(SHOPCTL_USAGE);
}
