/*-------------------------------------------------------------------------
 *
 * progress.h
 *	  A progress bar on a terminal.
 *
 * IDENTIFICATION
 *	  src/client/progress.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "input.h"

extern void progress_start(const Input *in, bool quiet);
extern void progress_show(int64 rows, int64 rejects);
extern void progress_end(void);

#endif							/* PROGRESS_H */
