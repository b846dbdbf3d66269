/*-------------------------------------------------------------------------
 *
 * options.h
 *	  Options that every command of shopctl takes.
 *
 * IDENTIFICATION
 *	  src/client/options.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "fe_utils/connect_utils.h"
#include "getopt_long.h"

/* For the end of getopt_long()'s list of a command, and of its short ones. */
#define COMMON_LONG_OPTIONS \
	{"store", required_argument, NULL, 's'}, \
	{"quiet", no_argument, NULL, 'q'}, \
	{"version", no_argument, NULL, 'V'}, \
	{"help", no_argument, NULL, '?'}, \
	{"host", required_argument, NULL, 'h'}, \
	{"port", required_argument, NULL, 'p'}, \
	{"username", required_argument, NULL, 'U'}, \
	{"no-password", no_argument, NULL, 'w'}, \
	{"password", no_argument, NULL, 'W'}, \
	{"dbname", required_argument, NULL, 'd'}, \
	{NULL, 0, NULL, 0}
#define COMMON_SHORT_OPTIONS "s:qh:p:U:wWd:"

typedef struct CommonOptions
{
	const char *store;
	bool		quiet;
	ConnParams	cparams;
} CommonOptions;

extern bool options_show_help(int argc, char *argv[], void (*usage) (void));
extern bool options_take(CommonOptions *options, int c, char *value);
extern void options_usage_connection(void);
extern void options_bad(const char *command) pg_attribute_noreturn();

#endif							/* OPTIONS_H */
