/*-------------------------------------------------------------------------
 *
 * row_image_text.c
 *	  Images of rows as text: what jsonb_out() says of them.
 *
 * It is made of the pairs that an image is made of, at half the cost of a walk
 * over the image.  What is hashed is this text, and whoever verifies a hash
 * takes that of the jsonb which was stored, so the two are the same.
 *
 * IDENTIFICATION
 *	  src/audit/row_image_text.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "audit/row_image.h"

static void
image_append_string(StringInfo text, const char *string, int length)
{
	int			start = 0;

	appendStringInfoCharMacro(text, '"');
	for (int i = 0; i < length; i++)
	{
		unsigned char c = string[i];
		const char *escape;

		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		appendBinaryStringInfo(text, string + start, i - start);
		start = i + 1;
		escape = c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\b' ? "\\b" : c == '\f' ? "\\f" :
			c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : NULL;
		if (escape)
			appendStringInfoString(text, escape);
		else
			appendStringInfo(text, "\\u%04x", c);
	}
	appendBinaryStringInfo(text, string + start, length - start);
	appendStringInfoCharMacro(text, '"');
}

static void
image_append_value(StringInfo text, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			appendStringInfoString(text, "null");
			break;
		case jbvBool:
			appendStringInfoString(text, value->val.boolean ? "true" : "false");
			break;
		case jbvNumeric:
			appendStringInfoString(text, DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric))));
			break;
		case jbvString:
			image_append_string(text, value->val.string.val, value->val.string.len);
			break;
		case jbvArray:
			check_stack_depth();
			appendStringInfoCharMacro(text, '[');
			for (int i = 0; i < value->val.array.nElems; i++)
			{
				if (i > 0)
					appendStringInfoString(text, ", ");
				image_append_value(text, &value->val.array.elems[i]);
			}
			appendStringInfoCharMacro(text, ']');
			break;
		case jbvObject:
			check_stack_depth();
			image_append_text(text, value->val.object.pairs, value->val.object.nPairs);
			break;
		default:
			elog(ERROR, "unexpected type of jsonb value: %d", (int) value->type);
	}
}

/* The text of an object of pairs, which are in the order of image_sort_columns(). */
void
image_append_text(StringInfo text, const JsonbPair *pairs, int npairs)
{
	appendStringInfoCharMacro(text, '{');
	for (int i = 0; i < npairs; i++)
	{
		if (i > 0)
			appendStringInfoString(text, ", ");
		image_append_string(text, pairs[i].key.val.string.val, pairs[i].key.val.string.len);
		appendStringInfoString(text, ": ");
		image_append_value(text, &pairs[i].value);
	}
	appendStringInfoCharMacro(text, '}');
}
