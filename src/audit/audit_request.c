/*-------------------------------------------------------------------------
 *
 * audit_request.c
 *	  The setting shopanalytics.request: the change request that is being
 *	  applied, which the audit writes down with what is changed.
 *
 * It must not be anybody's claim.  The setting is of the context "internal",
 * so that SET, connection options and files cannot change it, and everybody
 * can read it; the server's own bookkeeping gives it back its value at the end
 * of the transaction or subtransaction.
 *
 * IDENTIFICATION
 *	  src/audit/audit_request.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "audit/audit_request.h"

#define REQUEST_SETTING "shopanalytics.request"

PG_FUNCTION_INFO_V1(_audit_set_request);

static char *request_setting;

void
audit_request_define_setting(void)
{
	DefineCustomStringVariable(REQUEST_SETTING,
							   "Shows the change request that is being applied.",
							   "Functions of change requests set it, and nobody else can.",
							   &request_setting,
							   "",
							   PGC_INTERNAL,
							   GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE | GUC_NO_RESET_ALL,
							   NULL, NULL, NULL);
}

/* Until the end of the transaction; 0 for none. */
void
audit_set_request(int64 request)
{
	char		number[MAXINT8LEN + 1] = "";

	if (request != 0)
		pg_lltoa(request, number);
	(void) set_config_option(REQUEST_SETTING, number, PGC_INTERNAL, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/* 0 when none is being applied. */
int64
audit_request(void)
{
	if (request_setting == NULL || request_setting[0] == '\0')
		return 0;
	return pg_strtoint64(request_setting);
}

/* _audit_set_request(bigint) RETURNS void */
Datum
_audit_set_request(PG_FUNCTION_ARGS)
{
	audit_set_request(PG_GETARG_INT64(0));
	PG_RETURN_VOID();
}
