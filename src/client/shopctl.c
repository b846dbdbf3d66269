/*-------------------------------------------------------------------------
 *
 * shopctl.c
 *	  The client of shopanalytics: command dispatch and help.
 *
 * IDENTIFICATION
 *	  src/client/shopctl.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "common/logging.h"

int
main(int argc, char *argv[])
{
	pg_logging_init(argv[0]);
	set_pglocale_pgservice(argv[0], PG_TEXTDOMAIN("shopctl"));

	if (argc > 1 && strcmp(argv[1], "--version") == 0)
	{
		printf("shopctl (shopanalytics) %s\n", SHOPANALYTICS_VERSION);
		return 0;
	}

	pg_log_error("no command given");
	return 1;
}
