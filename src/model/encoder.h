/*-------------------------------------------------------------------------
 *
 * encoder.h
 *	  Categories as numbers; see encoder_code.c.
 *
 * IDENTIFICATION
 *	  src/model/encoder.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_ENCODER_H
#define SHOPANALYTICS_ENCODER_H

#include "fmgr.h"
#include "utils/array.h"

#define ENCODER_MAX_LEVELS	1000000
#define ENCODER_MAX_WIDTH	10000

typedef enum EncoderMethod
{
	ENCODER_ONE_HOT,
	ENCODER_DUMMY,
	ENCODER_ORDINAL,
	ENCODER_FREQUENCY,
	ENCODER_TARGET
} EncoderMethod;

/* What becomes of a level that was not seen. */
typedef enum EncoderUnknown
{
	ENCODER_UNKNOWN_OTHER,
	ENCODER_UNKNOWN_IGNORE,
	ENCODER_UNKNOWN_ERROR
} EncoderUnknown;

typedef struct EncoderLevel
{
	const char *text;			/* not terminated; NULL is the level of NULLs */
	int			len;
	int64		nrows;
	double		sum;			/* of the labels */
	int			position;		/* 1, 2, ...; 0: too rare to have one */
} EncoderLevel;

/* What an encoder is told when it is made. */
typedef struct EncoderOptions
{
	EncoderMethod method;
	EncoderUnknown unknown;
	int64		min_count;
	double		smoothing;
} EncoderOptions;

typedef struct Encoder
{
	EncoderOptions options;
	double		prior;			/* mean of the labels */
	int64		nrows;
	EncoderLevel *levels;		/* that were seen, in order; of NULLs the last */
	int			nlevels;
	EncoderLevel **placed;		/* those that have a position, by position */
	int			npositions;
	bool		has_other;		/* position npositions + 1 is for all others */
	EncoderLevel other;			/* what was too rare, together */
	int			width;			/* of a code */
	uint32	   *slots;			/* by hash of the text: number of the level
								 * plus one */
	uint32		mask;
	int			null_level;		/* number of that level, or -1 */
} Encoder;

#define ENCODER_UNSEEN		(-1)

extern EncoderMethod encoder_method(const char *name);
extern EncoderUnknown encoder_unknown(const char *name);
extern Encoder *encoder_create(const EncoderOptions *options, double prior,
							   ArrayType *levels, ArrayType *rows, ArrayType *sums);
extern int	encoder_find(const Encoder *encoder, const char *text, int len);
extern int	encoder_position(const Encoder *encoder, int level);
extern Datum encoder_fit(FunctionCallInfo fcinfo);
extern Datum encoder_code(const Encoder *encoder, int position);

#endif							/* SHOPANALYTICS_ENCODER_H */
