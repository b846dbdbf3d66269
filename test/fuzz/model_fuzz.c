/*-------------------------------------------------------------------------
 *
 * model_fuzz.c
 *	  Hostile bytes against what reads models and states of their aggregates.
 *
 * These read by the server's means, so what little they call of the server is
 * here: memory that goes with the input, errors that end it, messages that are
 * read within their bounds.  elog() is for what cannot happen, and fails.
 *
 * A model that is read is asked for answers, and must come back as it was from
 * the bytes that are written of it.  So must a state, which is united with itself.
 *
 * files: src/model/model.c src/model/preparation.c src/model/preparation_codec.c
 * files: src/model/preparation_terms.c src/model/logistic.c src/model/forest.c
 * files: src/model/forest_codec.c src/model/kmeans_model.c
 * files: src/model/binary_scores.c src/model/confusion.c src/model/delong_test.c
 * files: src/model/feature_stats.c src/model/log_loss.c src/model/logistic_agg.c
 * files: src/model/ranks.c src/behaviour/exact_sum.c src/behaviour/group_memory.c
 *
 * IDENTIFICATION
 *	  test/fuzz/model_fuzz.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>

#include "behaviour/group_memory.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "model/forest.h"
#include "model/kmeans_model.h"
#include "model/logistic.h"
#include "model/model.h"
#include "utils/guc.h"
#include "utils/memutils.h"

/* Much more than what 400 bytes may ask for: a thousand centers of a thousand terms. */
#define MAX_MEMORY		((Size) 64 << 20)

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes of any type since 16. */
#if PG_VERSION_NUM < 160000
typedef char SentBytes;
#else
typedef void SentBytes;
#endif

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

/* Before each piece of memory. */
typedef struct Piece
{
	struct Piece *prev;
	struct Piece *next;
	Size		size;
	Size		padding;
} Piece;

typedef struct Aggregate
{
	PGFunction	deserialfn;
	PGFunction	combinefn;
	PGFunction	serialfn;
} Aggregate;

static Piece pieces = {&pieces, &pieces, 0, 0};
static Size memory = 0;
static jmp_buf failed;

/* What the server has. */
MemoryContext CurrentMemoryContext = NULL;
MemoryContext TopMemoryContext = NULL;
volatile	sig_atomic_t InterruptPending = false;

void
ProcessInterrupts(void)
{
}

bool
errstart(int elevel, const char *domain)
{
	(void) domain;
	return elevel >= ERROR;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return errstart(elevel, domain);
}

int
errcode(int sqlerrcode)
{
	return sqlerrcode;
}

int
errmsg(const char *fmt,...)
{
	return fmt != NULL;
}

int
errhint(const char *fmt,...)
{
	return fmt != NULL;
}

int
errdetail(const char *fmt,...)
{
	return fmt != NULL;
}

/* Of elog() alone. */
int
errmsg_internal(const char *fmt,...)
{
	fprintf(stderr, "%s\n", fmt);
	abort();
}

void
errfinish(const char *filename, int lineno, const char *funcname)
{
	(void) filename;
	(void) lineno;
	(void) funcname;
	longjmp(failed, 1);
}

static void
fail(void)
{
	longjmp(failed, 1);
}

static void *
take(Size size, Size most, bool zero)
{
	Piece	   *piece;

	if (size > most)
		fail();
	CHECK(size <= MAX_MEMORY - memory);
	piece = zero ? calloc(1, sizeof(Piece) + size) : malloc(sizeof(Piece) + size);
	CHECK(piece != NULL);
	*piece = (Piece)
	{
		.prev = &pieces,.next = pieces.next,.size = size
	};
	piece->next->prev = piece->prev->next = piece;
	memory += size;

	return piece + 1;
}

void
pfree(void *pointer)
{
	Piece	   *piece = (Piece *) pointer - 1;

	piece->next->prev = piece->prev;
	piece->prev->next = piece->next;
	memory -= piece->size;
	free(piece);
}

static void *
retake(void *pointer, Size size, Size most)
{
	void	   *larger = take(size, most, false);
	Piece	   *piece = (Piece *) pointer - 1;

	memcpy(larger, pointer, Min(size, piece->size));
	pfree(pointer);

	return larger;
}

void *
palloc(Size size)
{
	return take(size, MaxAllocSize, false);
}

void *
palloc0(Size size)
{
	return take(size, MaxAllocSize, true);
}

void *
repalloc(void *pointer, Size size)
{
	return retake(pointer, size, MaxAllocSize);
}

void *
repalloc_huge(void *pointer, Size size)
{
	return retake(pointer, size, MaxAllocHugeSize);
}

void *
MemoryContextAlloc(MemoryContext context, Size size)
{
	(void) context;
	return palloc(size);
}

void *
MemoryContextAllocZero(MemoryContext context, Size size)
{
	(void) context;
	return palloc0(size);
}

void *
MemoryContextAllocHuge(MemoryContext context, Size size)
{
	(void) context;
	return take(size, MaxAllocHugeSize, false);
}

void *
MemoryContextAllocExtended(MemoryContext context, Size size, int flags)
{
	(void) context;
	return take(size, flags & MCXT_ALLOC_HUGE ? MaxAllocHugeSize : MaxAllocSize, (flags & MCXT_ALLOC_ZERO) != 0);
}

void *
palloc_extended(Size size, int flags)
{
	return MemoryContextAllocExtended(NULL, size, flags);
}

char *
pnstrdup(const char *str, Size len)
{
	char	   *copy = palloc(len + 1);

	len = strnlen(str, len);
	memcpy(copy, str, len);
	copy[len] = '\0';

	return copy;
}

char *
pstrdup(const char *str)
{
	return pnstrdup(str, strlen(str));
}

/* A database in UTF-8. */
int
GetDatabaseEncoding(void)
{
	return PG_UTF8;
}

char *
pg_any_to_server(const char *str, int len, int encoding)
{
	if (pg_encoding_verifymbstr(encoding, str, len) != len)
		fail();

	return unconstify(char *, str);
}

char *
pg_server_to_any(const char *str, int len, int encoding)
{
	return pg_any_to_server(str, len, encoding);
}

struct varlena *
pg_detoast_datum_packed(struct varlena *datum)
{
	return datum;
}

int
AggCheckCallContext(FunctionCallInfo fcinfo, MemoryContext *context)
{
	(void) fcinfo;
	if (context != NULL)
		*context = NULL;

	return AGG_CONTEXT_AGGREGATE;
}

/* The default stays. */
void
DefineCustomIntVariable(const char *name, const char *short_desc, const char *long_desc, int *value,
						int boot, int min, int max, GucContext context, int flags,
						GucIntCheckHook check, GucIntAssignHook assign, GucShowHook show)
{
	(void) name, (void) short_desc, (void) long_desc, (void) min, (void) max, (void) context;
	(void) flags, (void) check, (void) assign, (void) show;
	*value = boot;
}

const char *
pq_getmsgbytes(StringInfo msg, int datalen)
{
	const char *bytes = &msg->data[msg->cursor];

	if (datalen < 0 || datalen > msg->len - msg->cursor)
		fail();
	msg->cursor += datalen;

	return bytes;
}

void
pq_copymsgbytes(StringInfo msg, char *buf, int datalen)
{
	memcpy(buf, pq_getmsgbytes(msg, datalen), datalen);
}

int
pq_getmsgbyte(StringInfo msg)
{
	return (unsigned char) *pq_getmsgbytes(msg, 1);
}

int64
pq_getmsgint64(StringInfo msg)
{
	uint64		number;

	pq_copymsgbytes(msg, (char *) &number, sizeof(number));

	return pg_ntoh64(number);
}

/* Of the sizes that are asked for. */
unsigned int
pq_getmsgint(StringInfo msg, int b)
{
	uint32		number;

	CHECK(b == sizeof(number));
	pq_copymsgbytes(msg, (char *) &number, sizeof(number));

	return pg_ntoh32(number);
}

float8
pq_getmsgfloat8(StringInfo msg)
{
	int64		bits = pq_getmsgint64(msg);
	float8		number;

	memcpy(&number, &bits, sizeof(number));

	return number;
}

void
pq_getmsgend(StringInfo msg)
{
	if (msg->cursor != msg->len)
		fail();
}

void
pq_sendbytes(StringInfo buf, const SentBytes *data, int datalen)
{
	appendBinaryStringInfo(buf, data, datalen);
}

void
pq_sendfloat8(StringInfo buf, float8 f)
{
	uint64		bits;

	memcpy(&bits, &f, sizeof(bits));
	pq_sendint64(buf, bits);
}

void
pq_begintypsend(StringInfo buf)
{
	initStringInfo(buf);
	appendStringInfoSpaces(buf, VARHDRSZ);
}

bytea *
pq_endtypsend(StringInfo buf)
{
	SET_VARSIZE(buf->data, buf->len);

	return (bytea *) buf->data;
}

static const Aggregate *
aggregate(int choice)
{
#define AGGREGATE(name) \
	extern Datum name##_deserialfn(PG_FUNCTION_ARGS); \
	extern Datum name##_combinefn(PG_FUNCTION_ARGS); \
	extern Datum name##_serialfn(PG_FUNCTION_ARGS); \
	static const Aggregate name = {name##_deserialfn, name##_combinefn, name##_serialfn}

	AGGREGATE(binary_scores);
	AGGREGATE(confusion);
	AGGREGATE(delong_test);
	AGGREGATE(feature_stats);
	AGGREGATE(log_loss);
	AGGREGATE(logistic_agg);
	static const Aggregate *const aggregates[] = {
		&binary_scores, &confusion, &delong_test, &feature_stats, &log_loss, &logistic_agg
	};

	return aggregates[choice % lengthof(aggregates)];
}

/* In a piece of just that size. */
static bytea *
fuzz_bytea(const uint8_t *data, size_t size)
{
	bytea	   *bytes = palloc(VARHDRSZ + size);

	SET_VARSIZE(bytes, VARHDRSZ + size);
	if (size > 0)
		memcpy(VARDATA(bytes), data, size);

	return bytes;
}

static void
fuzz_same(const bytea *a, const bytea *b)
{
	CHECK(VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0);
}

static void
fuzz_answers(const Model *model)
{
	static const double numbers[] = {0, 1, -1, 0.5, 1e9, -DBL_MAX, DBL_MAX};
	static double terms[PREPARATION_MAX_TERMS];
	static double others[PREPARATION_MAX_TERMS];
	int			nterms = model->preparation->nterms;
	double		answer;

	CHECK(nterms <= PREPARATION_MAX_TERMS);
	for (size_t i = 0; i <= lengthof(numbers); i++)
	{
		for (int c = 0; c < nterms; c++)
			terms[c] = numbers[(i + c) % lengthof(numbers)];
		if (model->kind == MODEL_KMEANS)
		{
			const KmeansModel *kmeans = model->body;
			int			nearest;

			kmeans_coordinates(kmeans, terms, others);
			nearest = kmeans_nearest(kmeans, others, &answer);
			CHECK(nearest >= 1 && nearest <= kmeans->k && answer >= 0);
			continue;
		}
		if (model->kind == MODEL_FOREST)
		{
			if (i == lengthof(numbers))
				for (int c = 0; c < nterms; c++)
					terms[c] = NAN;
			CHECK(forest_contributions(model->body, terms, others, &answer) == forest_predict(model->body, terms));
			CHECK(answer >= 0 && answer <= 1);
		}
		answer = model_probability(model, terms);
		CHECK(answer >= 0 && answer <= 1);
	}
}

static void
fuzz_model(const uint8_t *data, size_t size)
{
	Model	   *model = model_read(fuzz_bytea(data, size));
	Model	   *again;
	bytea	   *bytes = model_write(model->kind, model->preparation, model->body);

	again = model_read(bytes);
	fuzz_same(bytes, model_write(again->kind, again->preparation, again->body));
	fuzz_answers(model);
}

static Datum
fuzz_call(PGFunction function, Datum first, Datum second)
{
	LOCAL_FCINFO(fcinfo, 2);

	InitFunctionCallInfoData(*fcinfo, NULL, 2, InvalidOid, NULL, NULL);
	fcinfo->args[0] = (NullableDatum)
	{
		.value = first
	};
	fcinfo->args[1] = (NullableDatum)
	{
		.value = second
	};

	return function(fcinfo);
}

/* What is written of a state that was read, once or again. */
static Datum
fuzz_rewrite(const Aggregate *aggregate, Datum bytes)
{
	return fuzz_call(aggregate->serialfn, fuzz_call(aggregate->deserialfn, bytes, 0), 0);
}

/* The first writing may leave out zeros that the bytes had. */
static void
fuzz_aggregate(const Aggregate *aggregate, const uint8_t *data, size_t size)
{
	Datum		bytes = PointerGetDatum(fuzz_bytea(data, size));
	Datum		written = fuzz_rewrite(aggregate, fuzz_rewrite(aggregate, bytes));
	Datum		state = fuzz_call(aggregate->deserialfn, bytes, 0);

	fuzz_same((bytea *) DatumGetPointer(written), (bytea *) DatumGetPointer(fuzz_rewrite(aggregate, written)));
	fuzz_call(aggregate->serialfn, fuzz_call(aggregate->combinefn, state, fuzz_call(aggregate->deserialfn, bytes, 0)), 0);
}

/* The first byte chooses what reads: half of them a model. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (setjmp(failed) == 0)
	{
		group_memory_define();
		if (data[0] < 128)
			fuzz_model(data + 1, size - 1);
		else
			fuzz_aggregate(aggregate(data[0]), data + 1, size - 1);
	}
	while (pieces.next != &pieces)
		pfree(pieces.next + 1);

	return 0;
}
