/*-------------------------------------------------------------------------
 *
 * hllsketch_fuzz.c
 *	  Hostile bytes against the two forms of a sketch, without a server.
 *
 * The bytes are copied into a block of just their size, so that the address
 * sanitizer sees a read of one byte too many.  What is read must come back as it
 * was from both forms, and what it says and what is made of it must make sense.
 *
 * IDENTIFICATION
 *	  test/fuzz/hllsketch_fuzz.c
 *
 *-------------------------------------------------------------------------
 */
#include "behaviour/hllsketch.h"

#include <stdlib.h>
#include <string.h>

#define MAX_HASHES	512

/* A whole set of registers of a higher precision does not fit into an input. */
#define FUZZED_PRECISION	8

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

static uint8_t registers[HLLSKETCH_REGISTERS(HLLSKETCH_MAX_PRECISION)];
static uint8_t others[HLLSKETCH_REGISTERS(HLLSKETCH_MAX_PRECISION)];

static int
fuzz_compare(const void *left, const void *right)
{
	uint64_t	a = *(const uint64_t *) left;
	uint64_t	b = *(const uint64_t *) right;

	return a < b ? -1 : a > b;
}

/* Of a valid form: it is the only one of its content, and so is the text. */
static void
fuzz_round_trip(const uint8_t *bytes, size_t len)
{
	HllSketch	sketch;
	HllSketch	again;
	HllReader	reader;
	const char *fault;
	char	   *text;
	uint8_t    *out = malloc(len);
	size_t		text_len;

	CHECK(hllsketch_decode(&sketch, bytes, len, &fault));
	text = malloc(hllsketch_text_size(&sketch));

	text_len = hllsketch_format(&sketch, text);
	CHECK(text_len < hllsketch_text_size(&sketch) && strlen(text) == text_len);

	CHECK(hllsketch_parse_head(&reader, text, text_len));
	CHECK(reader.precision == sketch.precision && reader.registers == sketch.registers);
	if (sketch.precision == 0)
	{
		CHECK(len == hllsketch_size_none());
		hllsketch_encode_none(out);
	}
	else if (sketch.registers)
	{
		CHECK(len == hllsketch_size_registers(sketch.precision));
		CHECK(hllsketch_parse_registers(&reader, registers));
		hllsketch_encode_registers(sketch.precision, registers, out);
	}
	else
	{
		uint64_t   *hashes = malloc(sketch.nhashes * sizeof(uint64_t));
		uint64_t	hash;

		CHECK(len == hllsketch_size_list(sketch.nhashes));
		for (size_t i = 0; i < sketch.nhashes; i++)
		{
			CHECK(hllsketch_parse_hash(&reader, &hashes[i]));
			CHECK(hashes[i] == hllsketch_hash_at(&sketch, i));
		}
		CHECK(!hllsketch_parse_hash(&reader, &hash));
		hllsketch_encode_list(sketch.precision, hashes, sketch.nhashes, out);
		free(hashes);
	}
	CHECK(reader.fault == NULL && reader.at == reader.end);
	CHECK(hllsketch_decode(&again, out, len, &fault));
	CHECK(memcmp(out, bytes, len) == 0);
	free(text);
	free(out);
}

/* Fewer registers tell of fewer or as many hashes, nearly; a union of no fewer. */
static void
fuzz_registers(int precision, uint64_t seed)
{
	size_t		nregisters = HLLSKETCH_REGISTERS(precision);
	double		estimate = hllsketch_estimate(registers, precision);

	CHECK(estimate >= 0);
	memcpy(others, registers, nregisters);
	for (int i = 0; i < 50; i++)
		hllsketch_register(others, precision, hllsketch_hash_int64(seed + i));
	CHECK(hllsketch_estimate(others, precision) >= estimate);
	hllsketch_unite(registers, others, precision);
	CHECK(memcmp(registers, others, nregisters) == 0);

	for (int lower = precision - 1; lower >= HLLSKETCH_MIN_PRECISION; lower--)
	{
		/* in one step or in several */
		memcpy(others, registers, nregisters);
		hllsketch_fold(others, precision, lower);
		hllsketch_fold(registers, lower + 1, lower);
		CHECK(memcmp(registers, others, HLLSKETCH_REGISTERS(lower)) == 0);
		for (size_t i = 0; i < HLLSKETCH_REGISTERS(lower); i++)
			CHECK(registers[i] <= HLLSKETCH_MAX_RANK(lower));
		CHECK(hllsketch_estimate(registers, lower) >= 0);
		memcpy(registers, others, HLLSKETCH_REGISTERS(lower));
		precision = lower;
		nregisters = HLLSKETCH_REGISTERS(lower);
	}
}

static void
fuzz_text(const char *str, size_t len)
{
	static uint64_t hashes[MAX_HASHES];
	HllReader	reader;
	uint8_t    *out;
	size_t		nhashes = 0;
	size_t		kept = 0;
	size_t		size;

	if (hllsketch_parse_head(&reader, str, len))
	{
		if (reader.registers)
			hllsketch_parse_registers(&reader, registers);
		else
			while (nhashes < MAX_HASHES && hllsketch_parse_hash(&reader, &hashes[nhashes]))
				nhashes++;
	}
	CHECK((const char *) reader.at >= str && (const char *) reader.at <= str + len);
	if (reader.fault != NULL || reader.precision == 0)
		return;

	if (reader.registers)
	{
		size = hllsketch_size_registers(reader.precision);
		out = malloc(size);
		hllsketch_encode_registers(reader.precision, registers, out);
	}
	else
	{
		qsort(hashes, nhashes, sizeof(uint64_t), fuzz_compare);
		for (size_t i = 0; i < nhashes; i++)
			if (kept == 0 || hashes[kept - 1] != hashes[i])
				hashes[kept++] = hashes[i];
		if (kept == 0 || kept > HLLSKETCH_LIST_LIMIT(reader.precision))
			return;
		size = hllsketch_size_list(kept);
		out = malloc(size);
		hllsketch_encode_list(reader.precision, hashes, kept, out);
	}
	fuzz_round_trip(out, size);
	free(out);
}

/* The first byte chooses the form. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HllSketch	sketch;
	const char *fault = NULL;
	uint8_t    *block;

	if (size == 0)
		return 0;
	block = malloc(size - 1);
	if (size > 1)
		memcpy(block, data + 1, size - 1);
	CHECK(hllsketch_hash(block, size - 1) != 0);

	if (data[0] == 't')
		fuzz_text((const char *) block, size - 1);
	else if (data[0] == 'r' && size > 1)
	{
		/* registers of whatever is there, as large as they may be */
		int			precision = HLLSKETCH_MIN_PRECISION + block[0] % (FUZZED_PRECISION - HLLSKETCH_MIN_PRECISION + 1);

		for (size_t i = 0; i < HLLSKETCH_REGISTERS(precision); i++)
			registers[i] = block[i % (size - 1)] % (HLLSKETCH_MAX_RANK(precision) + 1);
		fuzz_registers(precision, block[0]);
	}
	else if (hllsketch_decode(&sketch, block, size - 1, &fault))
	{
		fuzz_round_trip(block, size - 1);
		if (sketch.registers)
		{
			hllsketch_unpack(&sketch, registers);
			fuzz_registers(sketch.precision, data[0]);
		}
	}
	else
		CHECK(fault != NULL);
	free(block);

	return 0;
}
