/*-------------------------------------------------------------------------
 *
 * shopctl.h
 *	  What every command of shopctl shares.
 *
 * IDENTIFICATION
 *	  src/client/shopctl.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPCTL_H
#define SHOPCTL_H

/*
 * Exit codes, the same for every command; doc/reference/shopctl.md documents
 * them.  1 is what pg_fatal() exits with.
 */
#define SHOPCTL_OK				0	/* done */
#define SHOPCTL_ERROR			1	/* an error; the database is unchanged */
#define SHOPCTL_USAGE			2	/* the command line is wrong */
#define SHOPCTL_REJECTS			3	/* done, but some rows were rejected */
#define SHOPCTL_TOO_MANY		4	/* too many rejects; nothing is changed */
#define SHOPCTL_CHECK_FAILED	5	/* done, but a quality check failed */

typedef struct ShopctlCommand
{
	const char *name;
	const char *summary;		/* for shopctl --help */
	int			(*main) (int argc, char *argv[]);	/* argv[0] is the program */
} ShopctlCommand;

extern const char *progname;

extern int	check_main(int argc, char *argv[]);
extern int	load_main(int argc, char *argv[]);

extern void usage_error(const char *command, const char *fmt,...) pg_attribute_printf(2, 3) pg_attribute_noreturn();

#endif							/* SHOPCTL_H */
