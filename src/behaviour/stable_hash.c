/*-------------------------------------------------------------------------
 *
 * stable_hash.c
 *	  Hashes of values of any type, to be stored.
 *
 * A type's own hash function will not do: it may change with the version of
 * PostgreSQL and the machine.  So each value is written in one form that is the
 * same for equal values, everywhere and forever, and that is hashed: integers,
 * and what is one by another name, as 8 bytes; texts in UTF-8; numbers without
 * the zeros that are only for display.  Other types are hashed as they are
 * sent in binary, if their B-tree operator class promises that equal values
 * have equal bytes; the rest is refused, for it would be counted wrongly.
 *
 * IDENTIFICATION
 *	  src/behaviour/stable_hash.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/nbtree.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/uuid.h"

#include "behaviour/hllsketch.h"
#include "behaviour/stable_hash.h"
#include "compat.h"

/* Of a numeric as it is sent: 2 bytes each for the number of digits, ... */
#define NUMERIC_SENT_SIGN	4
#define NUMERIC_SENT_SCALE	6
#define NUMERIC_SENT_DIGITS	8
/* ... and this bit of the sign is set for NaN and infinities. */
#define NUMERIC_SENT_SPECIAL	0x80

typedef enum StableForm
{
	FORM_BOOL,
	FORM_CHAR,
	FORM_INT2,
	FORM_INT4,
	FORM_INT8,
	FORM_OID,
	FORM_FLOAT4,
	FORM_FLOAT8,
	FORM_NUMERIC,
	FORM_TEXT,
	FORM_BPCHAR,
	FORM_NAME,
	FORM_ENUM,
	FORM_BYTEA,
	FORM_UUID,
	FORM_SENT
} StableForm;

struct StableHash
{
	StableForm	form;
	FmgrInfo	output;			/* of FORM_ENUM, FORM_SENT */
};

static StableForm
stable_form(Oid type)
{
	switch (type)
	{
		case BOOLOID:
			return FORM_BOOL;
		case CHAROID:
			return FORM_CHAR;
		case INT2OID:
			return FORM_INT2;
		case INT4OID:
		case DATEOID:
			return FORM_INT4;
		case INT8OID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return FORM_INT8;
		case OIDOID:
			return FORM_OID;
		case FLOAT4OID:
			return FORM_FLOAT4;
		case FLOAT8OID:
			return FORM_FLOAT8;
		case NUMERICOID:
			return FORM_NUMERIC;
		case TEXTOID:
		case VARCHAROID:
			return FORM_TEXT;
		case BPCHAROID:
			return FORM_BPCHAR;
		case NAMEOID:
			return FORM_NAME;
		case BYTEAOID:
			return FORM_BYTEA;
		case UUIDOID:
			return FORM_UUID;
		default:
			return type_is_enum(type) ? FORM_ENUM : FORM_SENT;
	}
}

/* Have values that are equal the same bytes? */
static bool
type_is_equal_image(Oid type, Oid collation)
{
	Oid			opclass = GetDefaultOpClass(type, BTREE_AM_OID);
	Oid			input;
	Oid			equalimage;

	if (!OidIsValid(opclass))
		return false;
	input = get_opclass_input_type(opclass);
	equalimage = get_opfamily_proc(get_opclass_family(opclass), input, input,
								   BTEQUALIMAGE_PROC);

	return OidIsValid(equalimage) &&
		DatumGetBool(OidFunctionCall1Coll(equalimage, collation,
										  ObjectIdGetDatum(input)));
}

/* Texts are equal if their bytes are, unless the collation has it otherwise. */
static void
stable_hash_check_collation(Oid collation)
{
	if (!OidIsValid(collation))
		ereport(ERROR,
				errcode(ERRCODE_INDETERMINATE_COLLATION),
				errmsg("could not determine which collation to use for string hashing"),
				errhint("Use the COLLATE clause to set the collation explicitly."));

	if (!get_collation_isdeterministic(collation))
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("nondeterministic collations are not supported for sketches of distinct values"),
				errhint("Use COLLATE \"C\", and a form of the value that is the same for equal values, such as lower(v)."));
}

/* How values of a type are hashed; it lives in the context. */
StableHash *
stable_hash_of_type(Oid type, Oid collation, MemoryContext context)
{
	StableHash *hash = MemoryContextAllocZero(context, sizeof(StableHash));
	Oid			base = getBaseType(type);
	Oid			function;
	bool		isvarlena;

	hash->form = stable_form(base);
	if (hash->form == FORM_TEXT || hash->form == FORM_BPCHAR || hash->form == FORM_NAME)
		stable_hash_check_collation(collation);
	else if (hash->form == FORM_ENUM)
	{
		getTypeOutputInfo(base, &function, &isvarlena);
		fmgr_info_cxt(function, &hash->output, context);
	}
	else if (hash->form == FORM_SENT)
	{
		if (!type_is_equal_image(base, collation))
			ereport(ERROR,
					errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("sketches of distinct values of type %s are not supported",
						   format_type_be(type)),
					errdetail("The type does not promise that equal values have equal bytes."),
					errhint("Count a value of another type, such as its text."));
		getTypeBinaryOutputInfo(base, &function, &isvarlena);
		fmgr_info_cxt(function, &hash->output, context);
	}

	return hash;
}

static uint64
bytes_hash(const char *bytes, Size len)
{
	return hllsketch_hash((const uint8 *) bytes, len);
}

/* In UTF-8, so that a sketch can go to a database of another encoding. */
static uint64
text_hash(const char *bytes, Size len)
{
	int			encoding = GetDatabaseEncoding();
	char	   *converted;

	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
		return bytes_hash(bytes, len);

	converted = pg_server_to_any(bytes, len, PG_UTF8);

	return converted == bytes ? bytes_hash(bytes, len) :
		bytes_hash(converted, strlen(converted));
}

/* Both zeros are equal, and so are all NaN. */
static uint64
float_hash(float8 number)
{
	int64		bits;

	if (number == 0)
		number = 0;
	if (isnan(number))
		number = get_float8_nan();
	memcpy(&bits, &number, sizeof(bits));

	return hllsketch_hash_int64(bits);
}

static uint64
numeric_hash(Datum value)
{
	bytea	   *sent = DatumGetByteaPP(DirectFunctionCall1(numeric_send, value));
	char	   *bytes = VARDATA_ANY(sent);

	if (bytes[NUMERIC_SENT_SIGN] & NUMERIC_SENT_SPECIAL)
		return bytes_hash(bytes + NUMERIC_SENT_SIGN, 2);

	/* digits, weight and sign are the same for equal numbers */
	memset(bytes + NUMERIC_SENT_SCALE, 0, NUMERIC_SENT_DIGITS - NUMERIC_SENT_SCALE);

	return bytes_hash(bytes, VARSIZE_ANY_EXHDR(sent));
}

static uint64
varlena_hash(StableForm form, Datum value)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);
	char	   *bytes = VARDATA_ANY(packed);
	int			len = VARSIZE_ANY_EXHDR(packed);

	switch (form)
	{
		case FORM_BPCHAR:
			return text_hash(bytes, bpchartruelen(bytes, len));
		case FORM_BYTEA:
			return bytes_hash(bytes, len);
		default:
			return text_hash(bytes, len);
	}
}

uint64
stable_hash(StableHash *hash, Datum value)
{
	char	   *str;
	bytea	   *sent;

	switch (hash->form)
	{
		case FORM_BOOL:
			return hllsketch_hash_int64(DatumGetBool(value));
		case FORM_CHAR:
			return hllsketch_hash_int64((unsigned char) DatumGetChar(value));
		case FORM_INT2:
			return hllsketch_hash_int64(DatumGetInt16(value));
		case FORM_INT4:
			return hllsketch_hash_int64(DatumGetInt32(value));
		case FORM_INT8:
			return hllsketch_hash_int64(DatumGetInt64(value));
		case FORM_OID:
			return hllsketch_hash_int64(DatumGetObjectId(value));
		case FORM_FLOAT4:
			return float_hash(DatumGetFloat4(value));
		case FORM_FLOAT8:
			return float_hash(DatumGetFloat8(value));
		case FORM_NUMERIC:
			return numeric_hash(value);
		case FORM_TEXT:
		case FORM_BPCHAR:
		case FORM_BYTEA:
			return varlena_hash(hash->form, value);
		case FORM_NAME:
			str = NameStr(*DatumGetName(value));
			return text_hash(str, strlen(str));
		case FORM_UUID:
			return bytes_hash((char *) DatumGetUUIDP(value)->data, UUID_LEN);
		case FORM_ENUM:
			str = OutputFunctionCall(&hash->output, value);
			return text_hash(str, strlen(str));
		case FORM_SENT:
			sent = SendFunctionCall(&hash->output, value);
			return bytes_hash(VARDATA(sent), VARSIZE(sent) - VARHDRSZ);
	}

	elog(ERROR, "unknown form of a value: %d", (int) hash->form);
}
