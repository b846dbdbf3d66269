/*-------------------------------------------------------------------------
 *
 * hllsketch_hash.c
 *	  The hash of what is counted.
 *
 * Sketches are stored, dumped and merged with those of other machines, so this
 * hash may never change.  It is XXH64 with seed 0, as its public specification
 * says (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).  For 8 bytes
 * it is a bijection: no two integers have one hash.
 *
 * No value has the hash zero, which stands for none; it is one instead.
 *
 * IDENTIFICATION
 *	  src/behaviour/hllsketch_hash.c
 *
 *-------------------------------------------------------------------------
 */
#include "behaviour/hllsketch.h"

#define PRIME1	UINT64_C(0x9e3779b185ebca87)
#define PRIME2	UINT64_C(0xc2b2ae3d27d4eb4f)
#define PRIME3	UINT64_C(0x165667b19e3779f9)
#define PRIME4	UINT64_C(0x85ebca77c2b2ae63)
#define PRIME5	UINT64_C(0x27d4eb2f165667c5)

static inline uint64_t
rotate(uint64_t number, int bits)
{
	return number << bits | number >> (64 - bits);
}

/* Little-endian on every machine. */
static inline uint64_t
lane(const uint8_t *bytes, int nbytes)
{
	uint64_t	result = 0;

	for (int i = 0; i < nbytes; i++)
		result |= (uint64_t) bytes[i] << (8 * i);

	return result;
}

static inline uint64_t
round_of(uint64_t sum, uint64_t input)
{
	return rotate(sum + input * PRIME2, 31) * PRIME1;
}

static inline uint64_t
add_eight(uint64_t sum, uint64_t input)
{
	return rotate(sum ^ round_of(0, input), 27) * PRIME1 + PRIME4;
}

static inline uint64_t
finish(uint64_t sum)
{
	sum ^= sum >> 33;
	sum *= PRIME2;
	sum ^= sum >> 29;
	sum *= PRIME3;
	sum ^= sum >> 32;

	return sum != 0 ? sum : 1;
}

uint64_t
hllsketch_hash(const uint8_t *bytes, size_t len)
{
	const uint8_t *end = bytes + len;
	uint64_t	sum = PRIME5;

	if (len >= 32)
	{
		uint64_t	sums[4] = {PRIME1 + PRIME2, PRIME2, 0, -PRIME1};

		for (; end - bytes >= 32; bytes += 32)
			for (int i = 0; i < 4; i++)
				sums[i] = round_of(sums[i], lane(bytes + 8 * i, 8));
		sum = rotate(sums[0], 1) + rotate(sums[1], 7) +
			rotate(sums[2], 12) + rotate(sums[3], 18);
		for (int i = 0; i < 4; i++)
			sum = (sum ^ round_of(0, sums[i])) * PRIME1 + PRIME4;
	}

	sum += len;
	for (; end - bytes >= 8; bytes += 8)
		sum = add_eight(sum, lane(bytes, 8));
	if (end - bytes >= 4)
	{
		sum = rotate(sum ^ lane(bytes, 4) * PRIME1, 23) * PRIME2 + PRIME3;
		bytes += 4;
	}
	for (; bytes < end; bytes++)
		sum = rotate(sum ^ *bytes * PRIME5, 11) * PRIME1;

	return finish(sum);
}

/* That of the number's 8 bytes, the lowest first. */
uint64_t
hllsketch_hash_int64(int64_t number)
{
	return finish(add_eight(PRIME5 + 8, (uint64_t) number));
}
