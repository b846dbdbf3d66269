/*-------------------------------------------------------------------------
 *
 * hllsketch.h
 *	  Sketches of sets, to tell how many distinct values there are.
 *
 * Plain C, without the server, so that it can be fuzzed without one.
 *
 * IDENTIFICATION
 *	  src/behaviour/hllsketch.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_HLLSKETCH_H
#define SHOPANALYTICS_HLLSKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The binary logarithm of the number of registers. */
#define HLLSKETCH_MIN_PRECISION	4
#define HLLSKETCH_MAX_PRECISION	18
#define HLLSKETCH_PRECISION		14

#define HLLSKETCH_REGISTERS(precision)	((size_t) 1 << (precision))

/* So many hashes at most are kept as they are; they take what registers take. */
#define HLLSKETCH_LIST_LIMIT(precision)	(HLLSKETCH_REGISTERS(precision) * 3 / 32)

/* A register holds a rank, from 1 on, or zero as long as there is none. */
#define HLLSKETCH_MAX_RANK(precision)	(65 - (precision))

/* A sketch in the form that is stored. */
typedef struct HllSketch
{
	int			precision;		/* 0: no value was seen */
	bool		registers;		/* registers, or a list of hashes */
	size_t		nhashes;		/* of the list */
	const uint8_t *data;
} HllSketch;

/* The form in which a sketch is stored and sent, and its text; hllsketch_codec.c. */
typedef struct HllReader
{
	const uint8_t *at;
	const uint8_t *end;
	const char *fault;			/* what is wrong, if something is */
	int			precision;
	bool		registers;
} HllReader;

extern bool hllsketch_decode(HllSketch *sketch, const uint8_t *bytes,
							 size_t len, const char **fault);
extern uint64_t hllsketch_hash_at(const HllSketch *sketch, size_t i);
extern void hllsketch_unpack(const HllSketch *sketch, uint8_t *registers);
extern size_t hllsketch_size_none(void);
extern size_t hllsketch_size_list(size_t nhashes);
extern size_t hllsketch_size_registers(int precision);
extern void hllsketch_encode_none(uint8_t *out);
extern void hllsketch_encode_list(int precision, const uint64_t * hashes,
								  size_t nhashes, uint8_t *out);
extern void hllsketch_encode_registers(int precision,
									   const uint8_t *registers, uint8_t *out);
extern size_t hllsketch_text_size(const HllSketch *sketch);
extern size_t hllsketch_format(const HllSketch *sketch, char *out);
extern bool hllsketch_parse_head(HllReader *reader, const char *str, size_t len);
extern bool hllsketch_parse_hash(HllReader *reader, uint64_t * hash);
extern bool hllsketch_parse_registers(HllReader *reader, uint8_t *registers);

/* hllsketch_registers.c */
extern void hllsketch_fold(uint8_t *registers, int precision, int lower);
extern void hllsketch_unite(uint8_t *restrict registers,
							const uint8_t *restrict others, int precision);
extern double hllsketch_estimate(const uint8_t *registers, int precision);
extern double hllsketch_standard_error(int precision);

/* hllsketch_hash.c */
extern uint64_t hllsketch_hash(const uint8_t *bytes, size_t len);
extern uint64_t hllsketch_hash_int64(int64_t number);

/* The first bits of a hash choose the register, the others make the rank. */
static inline void
hllsketch_register(uint8_t *registers, int precision, uint64_t hash)
{
	size_t		i = hash >> (64 - precision);

	/* the bit makes an end if the others are all zero */
	uint64_t	rest = hash << precision | (uint64_t) 1 << (precision - 1);
	uint8_t		rank = (uint8_t) (__builtin_clzll(rest) + 1);

	if (registers[i] < rank)
		registers[i] = rank;
}

#endif							/* SHOPANALYTICS_HLLSKETCH_H */
