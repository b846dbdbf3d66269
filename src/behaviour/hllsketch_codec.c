/*-------------------------------------------------------------------------
 *
 * hllsketch_codec.c
 *	  The bytes and the text of a sketch.
 *
 * Both are the same on every machine, whatever its settings, and have one form
 * for one content.
 *
 * Bytes: the version; the precision, zero if no value was seen, and then there
 * is no more; 0 before a list of hashes, 1 before registers.  Hashes take 8
 * bytes each, the highest first, ascending.  Registers take 6 bits each, four
 * of them three bytes.
 *
 * Text: v1/14 44bc2cf5ad770999 d24ec4f1a98c6e5b or v1/4:03130042A1205131
 * The version, the precision; then hashes in hexadecimal, or a character for
 * each register: 0 to 9, A to Z for 10 to 35, a to z for 36 to 61, which is as
 * much as a register may hold.
 *
 * What is read may be anybody's: every byte is checked before it is used, and
 * that the order is right.  Texts may come from a human and in any order.
 *
 * IDENTIFICATION
 *	  src/behaviour/hllsketch_codec.c
 *
 *-------------------------------------------------------------------------
 */
#include "behaviour/hllsketch.h"

#include <stdio.h>
#include <string.h>

#define HLLSKETCH_VERSION	1

#define FORM_LIST			0
#define FORM_REGISTERS		1

#define HEAD_SIZE			3
#define HASH_SIZE			8
#define HASH_DIGITS			16
#define TEXT_HEAD_SIZE		16

static bool
fail(const char **fault, const char *reason)
{
	*fault = reason;

	return false;
}

static bool
precision_is_valid(int precision)
{
	return precision >= HLLSKETCH_MIN_PRECISION &&
		precision <= HLLSKETCH_MAX_PRECISION;
}

size_t
hllsketch_size_none(void)
{
	return HEAD_SIZE - 1;
}

size_t
hllsketch_size_list(size_t nhashes)
{
	return HEAD_SIZE + nhashes * HASH_SIZE;
}

size_t
hllsketch_size_registers(int precision)
{
	return HEAD_SIZE + HLLSKETCH_REGISTERS(precision) / 4 * 3;
}

void
hllsketch_encode_none(uint8_t *out)
{
	out[0] = HLLSKETCH_VERSION;
	out[1] = 0;
}

static uint8_t *
encode_head(int precision, int form, uint8_t *out)
{
	out[0] = HLLSKETCH_VERSION;
	out[1] = (uint8_t) precision;
	out[2] = (uint8_t) form;

	return out + HEAD_SIZE;
}

/* Hashes ascend, and are not more than the limit. */
void
hllsketch_encode_list(int precision, const uint64_t * hashes, size_t nhashes,
					  uint8_t *out)
{
	out = encode_head(precision, FORM_LIST, out);
	for (size_t i = 0; i < nhashes; i++)
		for (int shift = 56; shift >= 0; shift -= 8)
			*out++ = (uint8_t) (hashes[i] >> shift);
}

void
hllsketch_encode_registers(int precision, const uint8_t *registers,
						   uint8_t *out)
{
	out = encode_head(precision, FORM_REGISTERS, out);
	for (size_t i = 0; i < HLLSKETCH_REGISTERS(precision); i += 4)
	{
		uint32_t	four = (uint32_t) registers[i] << 18 |
		(uint32_t) registers[i + 1] << 12 |
		(uint32_t) registers[i + 2] << 6 | registers[i + 3];

		*out++ = (uint8_t) (four >> 16);
		*out++ = (uint8_t) (four >> 8);
		*out++ = (uint8_t) four;
	}
}

uint64_t
hllsketch_hash_at(const HllSketch *sketch, size_t i)
{
	const uint8_t *bytes = sketch->data + i * HASH_SIZE;
	uint64_t	hash = 0;

	for (int k = 0; k < HASH_SIZE; k++)
		hash = hash << 8 | bytes[k];

	return hash;
}

void
hllsketch_unpack(const HllSketch *sketch, uint8_t *registers)
{
	const uint8_t *bytes = sketch->data;

	for (size_t i = 0; i < HLLSKETCH_REGISTERS(sketch->precision); i += 4)
	{
		uint32_t	four = (uint32_t) bytes[0] << 16 |
		(uint32_t) bytes[1] << 8 | bytes[2];

		registers[i] = four >> 18;
		registers[i + 1] = four >> 12 & 0x3f;
		registers[i + 2] = four >> 6 & 0x3f;
		registers[i + 3] = four & 0x3f;
		bytes += 3;
	}
}

static bool
decode_list(HllSketch *sketch, size_t len, const char **fault)
{
	uint64_t	before = 0;

	if (len % HASH_SIZE != 0)
		return fail(fault, "A hash is cut short.");
	sketch->nhashes = len / HASH_SIZE;
	if (sketch->nhashes == 0)
		return fail(fault, "It has a precision and no hash.");
	if (sketch->nhashes > HLLSKETCH_LIST_LIMIT(sketch->precision))
		return fail(fault, "It has more hashes than a list of its precision may have.");

	for (size_t i = 0; i < sketch->nhashes; i++)
	{
		uint64_t	hash = hllsketch_hash_at(sketch, i);

		/* nor is there a hash of zero */
		if (hash <= before)
			return fail(fault, "Its hashes are not in order.");
		before = hash;
	}

	return true;
}

static bool
decode_registers(HllSketch *sketch, size_t len, const char **fault)
{
	uint8_t		most = HLLSKETCH_MAX_RANK(sketch->precision);
	uint8_t		greatest = 0;

	if (len != HLLSKETCH_REGISTERS(sketch->precision) / 4 * 3)
		return fail(fault, "It has more or fewer registers than its precision tells.");

	for (const uint8_t *at = sketch->data; at < sketch->data + len; at += 3)
	{
		uint32_t	four = (uint32_t) at[0] << 16 | (uint32_t) at[1] << 8 | at[2];

		for (int shift = 0; shift < 24; shift += 6)
		{
			uint8_t		rank = four >> shift & 0x3f;

			if (greatest < rank)
				greatest = rank;
		}
	}
	if (greatest > most)
		return fail(fault, "A register is out of range.");
	if (greatest == 0)
		return fail(fault, "All registers are empty.");

	return true;
}

/* What is decoded refers to the bytes. */
bool
hllsketch_decode(HllSketch *sketch, const uint8_t *bytes, size_t len,
				 const char **fault)
{
	memset(sketch, 0, sizeof(*sketch));
	if (len < hllsketch_size_none())
		return fail(fault, "It is cut short.");
	if (bytes[0] != HLLSKETCH_VERSION)
		return fail(fault, "It is of another version than 1.");
	sketch->precision = bytes[1];
	if (sketch->precision == 0)
		return len == hllsketch_size_none() || fail(fault, "It has bytes left over.");
	if (!precision_is_valid(sketch->precision))
		return fail(fault, "Its precision is not between 4 and 18.");
	if (len < HEAD_SIZE)
		return fail(fault, "It is cut short.");

	sketch->data = bytes + HEAD_SIZE;
	switch (bytes[2])
	{
		case FORM_LIST:
			return decode_list(sketch, len - HEAD_SIZE, fault);
		case FORM_REGISTERS:
			sketch->registers = true;
			return decode_registers(sketch, len - HEAD_SIZE, fault);
		default:
			return fail(fault, "It is neither a list nor registers.");
	}
}

/* With the zero behind it. */
size_t
hllsketch_text_size(const HllSketch *sketch)
{
	if (sketch->registers)
		return TEXT_HEAD_SIZE + HLLSKETCH_REGISTERS(sketch->precision);

	return TEXT_HEAD_SIZE + sketch->nhashes * (1 + HASH_DIGITS);
}

static char
format_rank(int rank)
{
	return (char) (rank < 10 ? '0' + rank : rank < 36 ? 'A' + rank - 10 : 'a' + rank - 36);
}

/* Returns the length. */
size_t
hllsketch_format(const HllSketch *sketch, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t		len = snprintf(out, TEXT_HEAD_SIZE, "v%d/%d", HLLSKETCH_VERSION,
							   sketch->precision);

	if (sketch->registers)
	{
		size_t		nregisters = HLLSKETCH_REGISTERS(sketch->precision);

		out[len++] = ':';
		hllsketch_unpack(sketch, (uint8_t *) out + len);
		for (size_t end = len + nregisters; len < end; len++)
			out[len] = format_rank(out[len]);
	}
	else
		for (size_t i = 0; i < sketch->nhashes; i++)
		{
			uint64_t	hash = hllsketch_hash_at(sketch, i);

			out[len++] = ' ';
			for (int shift = 60; shift >= 0; shift -= 4)
				out[len++] = digits[hash >> shift & 0xf];
		}
	out[len] = '\0';

	return len;
}

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void
skip_blanks(HllReader *reader)
{
	while (reader->at < reader->end && is_blank(*reader->at))
		reader->at++;
}

static bool
skip_char(HllReader *reader, char wanted)
{
	if (reader->at == reader->end || *reader->at != (uint8_t) wanted)
		return false;
	reader->at++;

	return true;
}

/* A number of digits, up to a greatest. */
static bool
parse_digits(HllReader *reader, int greatest, int *number)
{
	if (reader->at == reader->end || *reader->at < '0' || *reader->at > '9')
		return fail(&reader->fault, "a number is expected");

	*number = 0;
	for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++)
	{
		*number = *number * 10 + (*reader->at - '0');
		if (*number > greatest)
			return fail(&reader->fault, "the number is out of range");
	}

	return true;
}

/* False: see fault, which is where at is; otherwise hashes or registers follow. */
bool
hllsketch_parse_head(HllReader *reader, const char *str, size_t len)
{
	const uint8_t *number;
	int			version;

	memset(reader, 0, sizeof(*reader));
	reader->at = (const uint8_t *) str;
	reader->end = reader->at + len;

	skip_blanks(reader);
	if (!skip_char(reader, 'v'))
		return fail(&reader->fault, "a version is expected, as in \"v1/14\"");
	if (!parse_digits(reader, INT16_MAX, &version))
		return false;
	if (version != HLLSKETCH_VERSION)
		return fail(&reader->fault, "only version 1 is known");
	if (!skip_char(reader, '/'))
		return fail(&reader->fault, "a slash and the precision are expected");
	number = reader->at;
	if (!parse_digits(reader, INT16_MAX, &reader->precision))
		return false;
	if (reader->precision != 0 && !precision_is_valid(reader->precision))
	{
		reader->at = number;
		return fail(&reader->fault, "a precision is between 4 and 18, or 0 if there is no value");
	}
	if (reader->precision != 0 && skip_char(reader, ':'))
		reader->registers = true;
	else if (reader->at < reader->end && !is_blank(*reader->at))
		return fail(&reader->fault, reader->precision == 0 ? "a blank is expected" : "a blank or a colon is expected");

	return true;
}

static int
parse_hex(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;

	return -1;
}

/* False: there is none left, unless there is a fault. */
bool
hllsketch_parse_hash(HllReader *reader, uint64_t * hash)
{
	const uint8_t *start;

	skip_blanks(reader);
	if (reader->at == reader->end)
		return false;
	if (reader->precision == 0)
		return fail(&reader->fault, "a sketch of no value has no hashes");

	start = reader->at;
	*hash = 0;
	for (int i = 0; i < HASH_DIGITS; i++, reader->at++)
	{
		int			digit = reader->at < reader->end ? parse_hex(*reader->at) : -1;

		if (digit < 0)
			return fail(&reader->fault, "a hash has 16 hexadecimal digits");
		*hash = *hash << 4 | (uint64_t) digit;
	}
	if (reader->at < reader->end && !is_blank(*reader->at))
		return fail(&reader->fault, "a blank is expected");
	if (*hash == 0)
	{
		reader->at = start;
		return fail(&reader->fault, "no value has the hash zero");
	}

	return true;
}

static int
parse_rank(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'A' && byte <= 'Z')
		return byte - 'A' + 10;
	if (byte >= 'a' && byte <= 'z')
		return byte - 'a' + 36;

	return -1;
}

/* As many as the precision tells; and then nothing. */
bool
hllsketch_parse_registers(HllReader *reader, uint8_t *registers)
{
	uint8_t		greatest = 0;

	for (size_t i = 0; i < HLLSKETCH_REGISTERS(reader->precision); i++, reader->at++)
	{
		int			rank = reader->at < reader->end ? parse_rank(*reader->at) : -1;

		if (rank < 0)
			return fail(&reader->fault, "a register is expected, one character of 0 to 9, A to Z, a to z");
		if (rank > HLLSKETCH_MAX_RANK(reader->precision))
			return fail(&reader->fault, "a register is out of range");
		registers[i] = (uint8_t) rank;
		if (greatest < rank)
			greatest = rank;
	}
	skip_blanks(reader);
	if (reader->at < reader->end)
		return fail(&reader->fault, "there are more registers than the precision tells");
	if (greatest == 0)
		return fail(&reader->fault, "all registers are empty");

	return true;
}
