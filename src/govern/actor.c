/*-------------------------------------------------------------------------
 *
 * actor.c
 *	  The setting shopanalytics.actor: the person that a program which logs
 *	  in for many people says it acts for.
 *
 * It is a claim and no proof: SQL records it beside the login, and believes
 * it of trusted brokers alone.  SQL reads it through a function of this
 * library and not by current_setting(), so that the library is loaded and
 * has checked the value, also when it was set before.
 *
 * IDENTIFICATION
 *	  src/govern/actor.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "govern/actor.h"

#define ACTOR_MAX_LENGTH 255

PG_FUNCTION_INFO_V1(_actor);
PG_FUNCTION_INFO_V1(_is_lent);

static char *actor;

/* A name that can be put on a line of a log without misleading who reads it. */
static bool
check_actor(char **newval, void **extra, GucSource source)
{
	if (*newval == NULL)
		return true;
	if (strlen(*newval) > ACTOR_MAX_LENGTH)
	{
		GUC_check_errdetail("It has more than %d bytes.", ACTOR_MAX_LENGTH);
		return false;
	}
	for (const char *c = *newval; *c; c++)
	{
		if ((unsigned char) *c < ' ' || *c == 0x7f)
		{
			GUC_check_errdetail("It has a control character.");
			return false;
		}
	}
	return true;
}

void
actor_define_setting(void)
{
	DefineCustomStringVariable("shopanalytics.actor",
							   "Sets the person that the program acts for.",
							   "It is recorded, and counts as who did it where the login is a trusted broker.  Set it by SET LOCAL.",
							   &actor,
							   "",
							   PGC_USERSET,
							   0,
							   check_actor, NULL, NULL);
}

/* The claimed actor, or NULL. */
const char *
actor_claimed(void)
{
	if (actor == NULL || actor[0] == '\0')
		return NULL;
	/* What came with the connection's options has been checked by nobody. */
	pg_verifymbstr(actor, strlen(actor), false);
	return actor;
}

Datum
_actor(PG_FUNCTION_ARGS)
{
	const char *claimed = actor_claimed();

	if (claimed == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(claimed));
}

/*
 * Whether the session is lent to somebody else's code: the server runs an
 * index expression, or the query of a materialized view, with the rights of
 * its owner and in the session of whoever happens to be there.
 */
Datum
_is_lent(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(InSecurityRestrictedOperation());
}
