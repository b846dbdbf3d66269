/*-------------------------------------------------------------------------
 *
 * funnel_mode.c
 *	  The modes of funnels, as a user writes them.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel_mode.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "behaviour/funnel_mode.h"
#include "behaviour/mode_list.h"
#include "compat.h"

/* Bits of the modes. */
#define MODE_ORDERED			0x01
#define MODE_STRICT				0x02
#define MODE_ANY				0x04
#define MODE_STRICT_INCREASE	0x08
#define MODE_REUSE				0x10
#define MODE_ORDERS				(MODE_ORDERED | MODE_STRICT | MODE_ANY)

static const ModeWord funnel_modes[] = {
	{"ordered", MODE_ORDERED},
	{"strict", MODE_STRICT},
	{"any", MODE_ANY},
	{"strict_increase", MODE_STRICT_INCREASE},
	{"reuse", MODE_REUSE},
	{NULL, 0}
};

/* All of the rules but the window. */
void
funnel_mode(const text *mode, FunnelRules *rules)
{
	uint32		modes = mode_list(mode, funnel_modes);
	uint32		orders = modes & MODE_ORDERS;

	if ((orders & (orders - 1)) != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("only one of the modes ordered, strict and any can be asked for at once"));

	rules->order = orders == MODE_STRICT ? FUNNEL_STRICT :
		orders == MODE_ANY ? FUNNEL_ANY : FUNNEL_ORDERED;
	rules->strict_increase = (modes & MODE_STRICT_INCREASE) != 0;
	rules->reuse = (modes & MODE_REUSE) != 0;
}
