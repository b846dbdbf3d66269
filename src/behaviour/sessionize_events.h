/*-------------------------------------------------------------------------
 *
 * sessionize_events.h
 *	  The rows of sessionize_events(), one by one.
 *
 * IDENTIFICATION
 *	  src/behaviour/sessionize_events.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_SESSIONIZE_EVENTS_H
#define SHOPANALYTICS_SESSIONIZE_EVENTS_H

#include "intake/stream_scan.h"

extern const ReportStream sessionize_events_stream;

#endif							/* SHOPANALYTICS_SESSIONIZE_EVENTS_H */
