/*-------------------------------------------------------------------------
 *
 * shopanalytics.c
 *	  Module magic and settings; every object has a file of its own in a
 *	  subject folder.
 *
 * IDENTIFICATION
 *	  src/shopanalytics.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "audit/audit_request.h"
#include "behaviour/group_memory.h"
#include "compat.h"
#include "govern/actor.h"
#include "intake/groups.h"
#include "intake/packed_scan.h"
#include "intake/segment_scan.h"
#include "intake/stream_scan.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	group_memory_define();
	groups_define_settings();
	actor_define_setting();
	audit_request_define_setting();
	packed_scan_init();
	segment_scan_init();
	stream_scan_init();

	MarkGUCPrefixReserved("shopanalytics");
}
