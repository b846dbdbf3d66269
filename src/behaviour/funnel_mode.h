/*-------------------------------------------------------------------------
 *
 * funnel_mode.h
 *	  The modes of funnels, as a user writes them.
 *
 * IDENTIFICATION
 *	  src/behaviour/funnel_mode.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_FUNNEL_MODE_H
#define SHOPANALYTICS_FUNNEL_MODE_H

#include "behaviour/funnel.h"

extern void funnel_mode(const text *mode, FunnelRules *rules);

#endif							/* SHOPANALYTICS_FUNNEL_MODE_H */
