/*-------------------------------------------------------------------------
 *
 * preparation_codec.c
 *	  A preparation as bytes, which are stored with the model.
 *
 * Names go in UTF-8, so that a model survives a dump into a database of another
 * encoding.  Bytes that are read may be anything: every count is held against what
 * is left of them, every number against its range.
 *
 * IDENTIFICATION
 *	  src/model/preparation_codec.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "model/preparation.h"
#include "utils/memutils.h"

#include "compat.h"

#define CATEGORY_NULL_SKIP	1
#define CATEGORY_NULL_ERROR 2

/* The fewest bytes that a feature or a level takes. */
#define LEAST_FEATURE_SIZE	6
#define LEAST_LEVEL_SIZE	17

/* The most bytes of a column's name, which each of its terms repeats. */
#define MAX_NAME_SIZE		(4 * NAMEDATALEN)

static void
write_string(StringInfo buf, const char *str)
{
	int			encoding = GetDatabaseEncoding();
	const char *converted = str;

	if (encoding != PG_UTF8 && encoding != PG_SQL_ASCII)
		converted = pg_server_to_any(str, strlen(str), PG_UTF8);
	pq_sendint32(buf, strlen(converted));
	appendBinaryStringInfo(buf, converted, strlen(converted));
}

static void
write_level(StringInfo buf, const Level *level)
{
	pq_sendbyte(buf, level->kind);
	if (level->kind == LEVEL_VALUE)
		write_string(buf, level->name);
	pq_sendint64(buf, level->count);
	pq_sendfloat8(buf, level->value);
}

static void
write_feature(StringInfo buf, const Feature *feature)
{
	int			i;

	write_string(buf, feature->name);
	pq_sendbyte(buf, feature->kind);
	if (feature->kind != FEATURE_CATEGORY)
	{
		pq_sendbyte(buf, feature->null_fill);
		pq_sendfloat8(buf, feature->fill);
		return;
	}
	pq_sendbyte(buf, (feature->null_skip ? CATEGORY_NULL_SKIP : 0) |
				(feature->null_error ? CATEGORY_NULL_ERROR : 0));
	pq_sendbyte(buf, feature->encoding);
	pq_sendbyte(buf, feature->unknown);
	pq_sendfloat8(buf, feature->unknown_value);
	pq_sendint32(buf, feature->nlevels);
	for (i = 0; i < feature->nlevels; i++)
		write_level(buf, &feature->levels[i]);
}

/* Appends it. */
void
preparation_write(StringInfo buf, const Preparation *p)
{
	int			i;

	pq_sendint32(buf, p->nfeatures);
	for (i = 0; i < p->nfeatures; i++)
		write_feature(buf, &p->features[i]);
}

static void
bad_bytes(const char *what)
{
	ereport(ERROR,
			errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			errmsg("a stored model is damaged: %s", what));
}

static int
read_byte(StringInfo buf, int least, int most, const char *what)
{
	int			byte = pq_getmsgbyte(buf);

	if (byte < least || byte > most)
		bad_bytes(what);

	return byte;
}

/* Of things of which each takes at least "size" bytes. */
static int
read_count(StringInfo buf, int size, int most, const char *what)
{
	uint32		count = pq_getmsgint(buf, 4);

	if (count > most || count > (buf->len - buf->cursor) / size)
		bad_bytes(what);

	return count;
}

static double
read_number(StringInfo buf, const char *what)
{
	double		number = pq_getmsgfloat8(buf);

	if (!isfinite(number))
		bad_bytes(what);

	return number;
}

static char *
read_string(StringInfo buf, int most)
{
	int			len = read_count(buf, 1, most, "the length of a name");
	const char *bytes = pq_getmsgbytes(buf, len);
	char	   *str = pnstrdup(bytes, len);

	if (strlen(str) != len)
		bad_bytes("a name");
	if (GetDatabaseEncoding() == PG_SQL_ASCII)
		return str;

	return pg_any_to_server(str, len, PG_UTF8);
}

/* Values come in the order of their bytes, then other, then NULL. */
static void
check_level_order(const Level *level, const Level *before)
{
	if (level->kind < before->kind ||
		(level->kind == before->kind && level->kind != LEVEL_VALUE))
		bad_bytes("the order of levels");
}

static void
read_level(StringInfo buf, Feature *feature, int i)
{
	Level	   *level = &feature->levels[i];

	level->kind = read_byte(buf, LEVEL_VALUE, LEVEL_NULL, "a kind of level");
	if (level->kind == LEVEL_VALUE)
		level->name = read_string(buf, MaxAllocSize - 1);
	else if (level->kind == LEVEL_OTHER)
		feature->other_level = i;
	else
		feature->null_level = i;
	level->count = pq_getmsgint64(buf);
	if (level->count < 0)
		bad_bytes("a count");
	level->value = read_number(buf, "a level's value");
	if (i > 0)
		check_level_order(level, level - 1);
}

static void
read_category(StringInfo buf, Feature *feature)
{
	int			nulls = read_byte(buf, 0, CATEGORY_NULL_SKIP | CATEGORY_NULL_ERROR, "a category's nulls");
	int			i;

	feature->null_skip = (nulls & CATEGORY_NULL_SKIP) != 0;
	feature->null_error = (nulls & CATEGORY_NULL_ERROR) != 0;
	feature->encoding = read_byte(buf, ENCODING_ONE_HOT, ENCODING_TARGET, "an encoding");
	feature->unknown = read_byte(buf, UNKNOWN_OTHER, UNKNOWN_ERROR, "what is unknown");
	feature->unknown_value = read_number(buf, "the value of what is unknown");
	feature->nlevels = read_count(buf, LEAST_LEVEL_SIZE, PREPARATION_MAX_LEVELS, "the number of levels");
	feature->levels = palloc0(Max(1, feature->nlevels) * sizeof(Level));
	for (i = 0; i < feature->nlevels; i++)
	{
		CHECK_FOR_INTERRUPTS();
		read_level(buf, feature, i);
	}
}

static void
read_feature(StringInfo buf, Feature *feature)
{
	feature->name = read_string(buf, MAX_NAME_SIZE);
	feature->other_level = feature->null_level = -1;
	feature->kind = read_byte(buf, FEATURE_NUMBER, FEATURE_CATEGORY, "a kind of feature");
	if (feature->kind == FEATURE_CATEGORY)
	{
		read_category(buf, feature);
		return;
	}
	feature->null_fill = read_byte(buf, NULL_SKIP, NULL_KEEP, "what null becomes");
	feature->fill = read_number(buf, "what null becomes");
}

/* Takes it from there on; what comes after it is the caller's. */
Preparation *
preparation_read(StringInfo buf)
{
	Preparation *p = palloc0(sizeof(Preparation));
	int			i;

	p->nfeatures = read_count(buf, LEAST_FEATURE_SIZE, PREPARATION_MAX_TERMS, "the number of features");
	p->features = palloc0(Max(1, p->nfeatures) * sizeof(Feature));
	for (i = 0; i < p->nfeatures; i++)
		read_feature(buf, &p->features[i]);
	if (preparation_place_terms(p) > PREPARATION_MAX_TERMS)
		bad_bytes("the number of terms");
	preparation_name_terms(p);

	return p;
}
