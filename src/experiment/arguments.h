/*-------------------------------------------------------------------------
 *
 * arguments.h
 *	  Checks of what tests of experiments are given.
 *
 * IDENTIFICATION
 *	  src/experiment/arguments.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_ARGUMENTS_H
#define SHOPANALYTICS_ARGUMENTS_H

#include "utils/array.h"

extern void argument_check_alpha(double alpha);
extern void argument_check_finite(double value, const char *name);
extern void argument_check_not_negative(double value, const char *name);
extern void argument_check_count(int64 n, const char *name);
extern int	argument_array_length(ArrayType *array, const char *name);

#endif							/* SHOPANALYTICS_ARGUMENTS_H */
