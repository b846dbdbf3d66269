/*-------------------------------------------------------------------------
 *
 * parts.c
 *	  Records gathered by a word that they begin with.
 *
 * The word says whose record it is: the user's number, or a code for it.  To
 * put the records of each user together, one look-up in a table of all users
 * for each record would wait for memory, and so would a visit to the user's
 * place among all the records.  So records are first dealt out to parts by the
 * word's hash, which writes to few places in turn, and then each part is put
 * together by itself, in the processor's cache.
 *
 * The records take at most shopanalytics.intake_memory, together with the part
 * that is put together.  If they would take more, all go to a temporary file,
 * each time the memory is full, part by part, and one part after another is
 * read back.  They stay there to be gone through again.
 *
 * IDENTIFICATION
 *	  src/intake/parts.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "intake/codes.h"
#include "intake/groups.h"
#include "intake/large_alloc.h"
#include "intake/parts.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

#include "compat.h"

#define PARTS_CHUNK_SIZE	4096
#define PARTS_BLOCK_SIZE	(1024 * 1024)	/* that chunks are taken from */

/* Records of one part; all but the last one of the part are full. */
typedef struct PartsChunk
{
	struct PartsChunk *next;
	uint64		records[FLEXIBLE_ARRAY_MEMBER];
} PartsChunk;

/* What was in memory when it was full, in the file part by part. */
typedef struct PartsRun
{
	uint64		start;			/* in the file */
	size_t		counts[PARTS_COUNT];	/* of records */
} PartsRun;

struct PartsStore
{
	MemoryContext context;
	MemoryContext chunk_context;
	size_t		nchunks;
	PartsChunk *first[PARTS_COUNT];
	PartsChunk *last[PARTS_COUNT];
	size_t		part_chunks[PARTS_COUNT];
	size_t		most_chunks;	/* of a part */
	BufFile    *file;			/* NULL as long as all are in memory */
	uint64		written;		/* bytes in it */
	PartsRun   *runs;
	int			nruns;
	int			runs_room;

	/* While groups are handed out. */
	int			part;			/* the next one to be put together */
	Codes	   *words;			/* of this part */
	uint32	   *codes;			/* of its records' words */
	char	   *payloads;		/* by word */
	size_t		room;			/* for codes and payloads */
	uint64	   *ends;			/* of each word's payloads */
	uint32		ends_room;
	uint32		group;			/* the next one */
};

/* Goes through the records of a part, some at a time. */
typedef struct PartsReader
{
	Parts	   *parts;
	int			part;
	PartsChunk *chunk;			/* the next one, if in memory */
	int			run;			/* the next one, if in the file */
	size_t		left;			/* records of the run before it */
	union
	{
		uint64		alignment;
		char		bytes[PARTS_CHUNK_SIZE];
	}			buffer;
} PartsReader;

/* In the current memory context. */
Parts *
parts_create(size_t record_size)
{
	Parts	   *parts = palloc0(sizeof(Parts));
	struct PartsStore *store = palloc0(sizeof(struct PartsStore));
	MemoryContext old;

	Assert(record_size % sizeof(uint64) == 0);
	parts->size = record_size;
	parts->store = store;
	store->context = AllocSetContextCreate(CurrentMemoryContext,
										   "shopanalytics parts",
										   ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(store->context);
	store->words = codes_create(INT8OID, InvalidOid);
	MemoryContextSwitchTo(old);
	store->chunk_context = AllocSetContextCreate(store->context,
												 "shopanalytics part chunks",
												 0, PARTS_BLOCK_SIZE, PARTS_BLOCK_SIZE);

	return parts;
}

static size_t
records_per_chunk(const Parts *parts)
{
	return (PARTS_CHUNK_SIZE - offsetof(PartsChunk, records)) / parts->size;
}

static size_t
count_in_chunk(const Parts *parts, int part, const PartsChunk *chunk)
{
	if (chunk->next != NULL)
		return records_per_chunk(parts);

	return (parts->places[part].next - (const char *) chunk->records) / parts->size;
}

static size_t
count_in_memory(const Parts *parts, int part)
{
	const struct PartsStore *store = parts->store;

	if (store->last[part] == NULL)
		return 0;

	return (store->part_chunks[part] - 1) * records_per_chunk(parts) +
		count_in_chunk(parts, part, store->last[part]);
}

static size_t
count_in_part(const Parts *parts, int part)
{
	const struct PartsStore *store = parts->store;
	size_t		count = count_in_memory(parts, part);
	int			i;

	for (i = 0; i < store->nruns; i++)
		count += store->runs[i].counts[part];

	return count;
}

static size_t
payload_size(const Parts *parts)
{
	return parts->size - sizeof(uint64);
}

/* What putting so many records together takes: their payloads and codes. */
static size_t
gathered_size(const Parts *parts, size_t count)
{
	return count * (payload_size(parts) + sizeof(uint32));
}

static void
create_file(struct PartsStore *store)
{
	MemoryContext old = MemoryContextSwitchTo(store->context);

	groups_tell_files();
	store->file = BufFileCreateTemp(false);
	store->runs_room = 16;
	store->runs = palloc(store->runs_room * sizeof(PartsRun));
	MemoryContextSwitchTo(old);
}

/* To the file with all in memory, part by part. */
static void
write_run(Parts *parts)
{
	struct PartsStore *store = parts->store;
	PartsRun   *run;
	int			part;

	if (store->nruns == store->runs_room)
	{
		store->runs_room *= 2;
		store->runs = repalloc_huge(store->runs, store->runs_room * sizeof(PartsRun));
	}
	run = &store->runs[store->nruns++];
	run->start = store->written;
	for (part = 0; part < PARTS_COUNT; part++)
	{
		PartsChunk *chunk;

		run->counts[part] = 0;
		for (chunk = store->first[part]; chunk != NULL; chunk = chunk->next)
		{
			size_t		count = count_in_chunk(parts, part, chunk);

			BufFileWrite(store->file, chunk->records, count * parts->size);
			run->counts[part] += count;
		}
		store->written += run->counts[part] * parts->size;
		CHECK_FOR_INTERRUPTS();
	}

	MemoryContextReset(store->chunk_context);
	memset(store->first, 0, sizeof(store->first));
	memset(store->last, 0, sizeof(store->last));
	memset(store->part_chunks, 0, sizeof(store->part_chunks));
	memset(parts->places, 0, sizeof(parts->places));
	store->most_chunks = 0;
	store->nchunks = 0;
}

/* Is there no room for one more chunk, and for putting the largest part together? */
static bool
memory_is_full(const Parts *parts)
{
	const struct PartsStore *store = parts->store;
	size_t		most = store->most_chunks * records_per_chunk(parts);

	return (store->nchunks + 1) * PARTS_CHUNK_SIZE + gathered_size(parts, most) >
		groups_memory();
}

/* The last chunk of the part is full, or there is none. */
void
parts_make_room(Parts *parts, int part)
{
	struct PartsStore *store = parts->store;
	PartsChunk *chunk;

	if (memory_is_full(parts))
	{
		if (store->file == NULL)
			create_file(store);
		write_run(parts);
	}

	/* Records may have gaps, and nothing unknown is to get into files. */
	chunk = MemoryContextAllocZero(store->chunk_context, PARTS_CHUNK_SIZE);
	store->nchunks++;
	if (store->last[part] == NULL)
		store->first[part] = chunk;
	else
		store->last[part]->next = chunk;
	store->last[part] = chunk;
	store->part_chunks[part]++;
	store->most_chunks = Max(store->most_chunks, store->part_chunks[part]);
	parts->places[part].next = (char *) chunk->records;
	parts->places[part].end = parts->places[part].next +
		records_per_chunk(parts) * parts->size;
}

/* Records that were dealt out elsewhere, as many as fill "len" bytes. */
void
parts_append(Parts *parts, int part, const char *records, size_t len)
{
	PartsPlace *place = &parts->places[part];

	Assert(len % parts->size == 0);
	while (len > 0)
	{
		size_t		now;

		if (place->next == place->end)
			parts_make_room(parts, part);
		now = Min(len, place->end - place->next);
		memcpy(place->next, records, now);
		place->next += now;
		records += now;
		len -= now;
	}
}

/* All records are in. */
void
parts_finish(Parts *parts)
{
	/* If they do not all stay in memory, that is for the part put together. */
	if (parts->store->file != NULL)
		write_run(parts);
}

static void
start_reading(PartsReader *reader, Parts *parts, int part)
{
	reader->parts = parts;
	reader->part = part;
	reader->chunk = parts->store->first[part];
	reader->run = 0;
	reader->left = 0;
}

/* To where the records of the part begin in the run. */
static void
seek_run(PartsReader *reader, const PartsRun *run)
{
	struct PartsStore *store = reader->parts->store;
	uint64		at = run->start;
	int			part;

	for (part = 0; part < reader->part; part++)
		at += run->counts[part] * reader->parts->size;
	if (BufFileSeek(store->file, 0, at, SEEK_SET) != 0)
		ereport(ERROR,
				errcode_for_file_access(),
				errmsg("could not seek in a temporary file of a report"));
}

/* Some more of them; NULL if there are none. */
static const char *
read_some(PartsReader *reader, size_t *count)
{
	struct PartsStore *store = reader->parts->store;
	PartsChunk *chunk = reader->chunk;

	CHECK_FOR_INTERRUPTS();
	if (chunk != NULL)
	{
		reader->chunk = chunk->next;
		*count = count_in_chunk(reader->parts, reader->part, chunk);
		return (const char *) chunk->records;
	}

	while (reader->left == 0)
	{
		PartsRun   *run = &store->runs[reader->run];

		if (reader->run == store->nruns)
			return NULL;
		reader->run++;
		reader->left = run->counts[reader->part];
		if (reader->left > 0)
			seek_run(reader, run);
	}
	*count = Min(reader->left, sizeof(reader->buffer) / reader->parts->size);
	BufFileReadExact(store->file, reader->buffer.bytes, *count * reader->parts->size);
	reader->left -= *count;

	return reader->buffer.bytes;
}

static void
check_part(const Parts *parts, size_t count)
{
	if (parts->store->file != NULL && gathered_size(parts, count) > groups_memory())
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("a part of the events takes more memory than shopanalytics.intake_memory, %d MB",
					   (int) (groups_memory() / (1024 * 1024))),
				errhint("Raise the setting, or leave out the users with the most events."));
}

/* Each record's code of its word, in their order. */
static void
look_up_words(PartsReader *reader, Codes *words, uint32 *codes)
{
	const char *record;
	size_t		count;

	while ((record = read_some(reader, &count)) != NULL)
	{
		for (; count > 0; count--, record += reader->parts->size)
			*codes++ = codes_get(words, *(const uint64 *) record);
	}
}

/* From the number of records of each word to where its first goes. */
static void
counts_to_starts(uint64 *counts, uint32 n)
{
	uint64		total = 0;
	uint32		i;

	for (i = 0; i < n; i++)
	{
		uint64		count = counts[i];

		counts[i] = total;
		total += count;
	}
}

/* Each start moves on to the end of its group, while that fills. */
static void
place_payloads(PartsReader *reader, const uint32 *codes)
{
	struct PartsStore *store = reader->parts->store;
	size_t		size = payload_size(reader->parts);
	const char *record;
	size_t		count;

	while ((record = read_some(reader, &count)) != NULL)
	{
		/* A copy of known size is no call. */
		if (size == sizeof(uint64))
		{
			uint64	   *payloads = (uint64 *) store->payloads;

			for (; count > 0; count--, record += sizeof(uint64) + size)
				payloads[store->ends[*codes++]++] = ((const uint64 *) record)[1];
			continue;
		}
		for (; count > 0; count--, record += reader->parts->size)
			memcpy(store->payloads + store->ends[*codes++]++ * size,
				   record + sizeof(uint64), size);
	}
}

/* Kept from part to part: they are of about the same size. */
static void
make_part_room(Parts *parts, size_t count)
{
	struct PartsStore *store = parts->store;

	if (count <= store->room)
		return;
	if (store->room > 0)
	{
		pfree(store->codes);
		pfree(store->payloads);
	}
	store->room = count + count / 8;
	store->codes = large_alloc(store->context, store->room * sizeof(uint32));
	store->payloads = large_alloc(store->context, store->room * payload_size(parts));
}

static void
make_ends_room(struct PartsStore *store)
{
	if (store->words->count <= store->ends_room)
		return;
	if (store->ends_room > 0)
		pfree(store->ends);
	store->ends_room = store->words->room;
	store->ends = large_alloc(store->context, store->ends_room * sizeof(uint64));
}

/* Puts together the next part. */
static void
gather_part(Parts *parts)
{
	struct PartsStore *store = parts->store;
	int			part = store->part++;
	size_t		count = count_in_part(parts, part);
	PartsReader reader;
	size_t		i;

	check_part(parts, count);
	make_part_room(parts, count);
	store->group = 0;
	codes_clear(store->words);

	start_reading(&reader, parts, part);
	look_up_words(&reader, store->words, store->codes);
	make_ends_room(store);
	memset(store->ends, 0, store->words->count * sizeof(uint64));
	for (i = 0; i < count; i++)
		store->ends[store->codes[i]]++;
	counts_to_starts(store->ends, store->words->count);
	start_reading(&reader, parts, part);
	place_payloads(&reader, store->codes);
}

/* The next word's; false if there is none. */
bool
parts_next(Parts *parts, PartsGroup *group)
{
	struct PartsStore *store = parts->store;
	uint64		start;

	while (store->group == store->words->count)
	{
		if (store->part == PARTS_COUNT)
			return false;
		gather_part(parts);
	}
	start = store->group == 0 ? 0 : store->ends[store->group - 1];
	group->word = codes_value(store->words, store->group);
	group->payloads = store->payloads + start * payload_size(parts);
	group->count = store->ends[store->group] - start;
	store->group++;

	return true;
}

/* From the first one again. */
void
parts_rewind(Parts *parts)
{
	parts->store->part = 0;
	parts->store->group = parts->store->words->count;
}

/* At any time; an error cleans up by itself. */
void
parts_destroy(Parts *parts)
{
	struct PartsStore *store = parts->store;

	if (store->file != NULL)
		BufFileClose(store->file);
	MemoryContextDelete(store->context);
	pfree(store);
	pfree(parts);
}
