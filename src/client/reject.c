/*-------------------------------------------------------------------------
 *
 * reject.c
 *	  Rows that the table could not take.
 *
 * They are written in the transaction of the load, so that they are there when
 * its rows are.  Text is sent as bytes and converted by the server, because it
 * is in the encoding of the file while messages are in UTF-8; bytes that are no
 * character are spelt \xHH, for no table could hold them.
 *
 * IDENTIFICATION
 *	  src/client/reject.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "common/logging.h"
#include "mb/pg_wchar.h"
#include "pqexpbuffer.h"

#include "reject.h"
#include "session.h"
#include "shopctl.h"

/* Rejects told on the terminal; the table has them all. */
#define REJECTS_SHOWN	10

/* More of a row is cut off: a whole file, when a quote does not close. */
#define MAX_TEXT		((size_t) 16 * 1024 * 1024)

typedef struct Reject
{
	int64		line;
	char	   *column;			/* or NULL, as value */
	char	   *value;
	size_t		value_length;
	char	   *text;
	size_t		text_length;
	char	   *reason;
} Reject;

struct Rejects
{
	PGconn	   *conn;
	const LoadOptions *opt;
	char	   *schema;
	char	   *name;
	char	   *quoted;			/* the reject table, for SQL */
	char	   *table_name;		/* what its rows call the target */
	bool		exists;
	char	   *file;			/* present file, as the table can hold it */
	int64		count;
	int			nshown;			/* told on the terminal */
	int			npending;		/* not yet written */
	int			maxpending;
	Reject	   *pending;
};

/* Splits NAME or SCHEMA.NAME; without a schema it is that of the target. */
static void
name_reject_table(Rejects *r, const Target *target)
{
	const char *params[] = {r->opt->reject_table};
	PGresult   *res;
	int			nparts;

	r->schema = target->schema;
	r->name = "load_reject";
	if (params[0] == NULL)
		return;

	res = session_query(r->conn, "SELECT pg_catalog.unnest(pg_catalog.parse_ident($1))", 1, params);
	nparts = PQntuples(res);
	if (nparts > 2)
		pg_fatal("\"%s\" is not the name of a table", params[0]);
	if (nparts == 2)
		r->schema = pstrdup(PQgetvalue(res, 0, 0));
	r->name = pstrdup(PQgetvalue(res, nparts - 1, 0));
	PQclear(res);
}

static char *
quote_name(PGconn *conn, const char *schema, const char *name)
{
	const char *params[] = {schema, name};
	PGresult   *res = session_query(conn, "SELECT pg_catalog.format('%I.%I', $1::pg_catalog.text, $2::pg_catalog.text)", 2, params);
	char	   *quoted = pstrdup(PQgetvalue(res, 0, 0));

	PQclear(res);
	return quoted;
}

/* A table of that name which is something else is better found before the load. */
static void
check_reject_table(Rejects *r)
{
	const char *params[] = {r->schema, r->name};
	PGresult   *res;

	res = session_query(r->conn,
						"SELECT pg_catalog.string_agg(w.name, ', ') FROM pg_catalog.pg_class c "
						"JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
						"CROSS JOIN pg_catalog.unnest('{file,line,column_name,value,reason,text,table_name,loaded_at}'::pg_catalog.name[]) w(name) "
						"LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid "
						"AND a.attname OPERATOR(pg_catalog.=) w.name AND NOT a.attisdropped "
						"WHERE n.nspname OPERATOR(pg_catalog.=) $1 AND c.relname OPERATOR(pg_catalog.=) $2 "
						"AND a.attname IS NULL "
						"UNION ALL "
						"SELECT '' FROM pg_catalog.pg_class c "
						"JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
						"WHERE n.nspname OPERATOR(pg_catalog.=) $1 AND c.relname OPERATOR(pg_catalog.=) $2", 2, params);
	r->exists = PQntuples(res) > 1;
	if (!PQgetisnull(res, 0, 0) && PQgetvalue(res, 0, 0)[0] != '\0')
	{
		pg_log_error("table %s cannot take rejected rows: it lacks %s", r->quoted, PQgetvalue(res, 0, 0));
		pg_log_error_hint("Name another table by --reject-table.");
		exit(1);
	}
	PQclear(res);
}

Rejects *
reject_open(PGconn *conn, const Target *target, const LoadOptions *opt)
{
	Rejects    *r = pg_malloc0(sizeof(Rejects));

	r->conn = conn;
	r->opt = opt;
	name_reject_table(r, target);
	r->quoted = quote_name(conn, r->schema, r->name);
	r->table_name = strcmp(r->schema, target->schema) == 0 ? target->name :
		psprintf("%s.%s", target->schema, target->name);
	check_reject_table(r);
	return r;
}

/* For --truncate: what earlier loads rejected is no more of interest. */
void
reject_forget_old(Rejects *r)
{
	const char *params[] = {r->table_name};
	PGresult   *res;

	if (!r->exists)
		return;
	res = PQexecParams(r->conn,
					   psprintf("DELETE FROM %s WHERE table_name OPERATOR(pg_catalog.=) $1", r->quoted),
					   1, NULL, params, NULL, NULL, 0);
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		session_fail(r->conn, res, psprintf("could not delete old rejects from table %s", r->quoted));
	PQclear(res);
}

/*
 * A name or message as text of the table: of a file whose name, or of a server
 * whose encoding, is none, not every byte can be kept.
 */
static char *
copy_utf8(const char *s)
{
	char	   *copy = pstrdup(s);

	if (pg_encoding_verifymbstr(PG_UTF8, s, strlen(s)) != strlen(s))
		for (char *p = copy; *p != '\0'; p++)
			if (IS_HIGHBIT_SET(*p))
				*p = '?';
	return copy;
}

/* The rejects that follow are of this file. */
void
reject_file(Rejects *r, const char *file)
{
	pg_free(r->file);
	r->file = copy_utf8(file);
}

static char *
copy_bytes(const char *bytes, size_t length)
{
	char	   *copy = pg_malloc(length + 1);

	memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

static int
compare_lines(const void *a, const void *b)
{
	int64		la = ((const Reject *) a)->line;
	int64		lb = ((const Reject *) b)->line;

	return (la > lb) - (la < lb);
}

/*
 * Brings what was noted into the order of the file, which found its defects
 * before the server found others, and tells the first ones.
 */
static void
show_pending(Rejects *r)
{
	qsort(r->pending, r->npending, sizeof(Reject), compare_lines);
	for (int i = 0; i < r->npending && r->nshown < REJECTS_SHOWN; i++, r->nshown++)
	{
		const Reject *reject = &r->pending[i];

		if (reject->column != NULL)
			pg_log_warning("%s:" INT64_FORMAT ": column \"%s\": %s",
						   r->file, reject->line, reject->column, reject->reason);
		else
			pg_log_warning("%s:" INT64_FORMAT ": %s", r->file, reject->line, reject->reason);
	}
}

/*
 * Notes a rejected row.  Ends the program, with the transaction, when there are
 * more than the user allows.
 */
void
reject_add(Rejects *r, int64 line, const char *column,
		   const char *value, size_t value_length,
		   const char *text, size_t text_length, const char *reason)
{
	Reject	   *reject;

	if (r->npending == r->maxpending)
	{
		r->maxpending = Max(64, r->maxpending * 2);
		r->pending = pg_realloc(r->pending, sizeof(Reject) * r->maxpending);
	}
	reject = &r->pending[r->npending++];
	reject->line = line;
	reject->column = column ? pstrdup(column) : NULL;
	reject->value_length = Min(value_length, MAX_TEXT);
	reject->value = value ? copy_bytes(value, reject->value_length) : NULL;
	reject->text_length = Min(text_length, MAX_TEXT);
	reject->text = copy_bytes(text, reject->text_length);
	reject->reason = copy_utf8(reason);

	r->count++;
	if (r->opt->max_rejects >= 0 && r->count > r->opt->max_rejects)
	{
		show_pending(r);
		pg_log_error("more than " INT64_FORMAT " rows were rejected", r->opt->max_rejects);
		pg_log_error_hint("Mend the rows told above, or allow more by --max-rejects.");
		exit(SHOPCTL_TOO_MANY);
	}
}

static void
create_reject_table(Rejects *r)
{
	session_command(r->conn,
					psprintf("CREATE TABLE %s ("
							 "file text NOT NULL, "
							 "line bigint NOT NULL, "
							 "column_name text, "
							 "value text, "
							 "reason text NOT NULL, "
							 "text text, "
							 "table_name text NOT NULL, "
							 "loaded_at timestamptz NOT NULL DEFAULT pg_catalog.now())", r->quoted));
	session_command(r->conn,
					psprintf("COMMENT ON TABLE %s IS 'rows that shopctl load could not put into their table'", r->quoted));
	r->exists = true;
}

/* A text element of an array literal, NULL as NULL. */
static void
append_element(PQExpBuffer array, const char *s)
{
	appendPQExpBufferChar(array, array->len > 1 ? ',' : ' ');
	if (s == NULL)
	{
		appendPQExpBufferStr(array, "NULL");
		return;
	}
	appendPQExpBufferChar(array, '"');
	for (; *s != '\0'; s++)
	{
		if (*s == '"' || *s == '\\')
			appendPQExpBufferChar(array, '\\');
		appendPQExpBufferChar(array, *s);
	}
	appendPQExpBufferChar(array, '"');
}

/*
 * A bytea element with the characters of s; bytes that are no character in the
 * encoding, or all above ASCII when so wished, are spelt \xHH.
 */
static void
append_bytes_element(PQExpBuffer array, const char *s, size_t length, int encoding, bool ascii)
{
	static const char digits[] = "0123456789abcdef";
	size_t		valid_to = 0;	/* s is valid up to here */

	appendPQExpBufferChar(array, array->len > 1 ? ',' : ' ');
	if (s == NULL)
	{
		appendPQExpBufferStr(array, "NULL");
		return;
	}
	appendPQExpBufferStr(array, "\"\\\\x");
	for (size_t i = 0; i < length; i++)
	{
		unsigned char c = s[i];
		char		hex[2] = {digits[c >> 4], digits[c & 15]};

		if (i == valid_to)
		{
			valid_to += pg_encoding_verifymbstr(encoding, s + i, length - i);
			if (valid_to == i)
			{
				/* this byte is not the start of a character */
				appendPQExpBuffer(array, "5c78%02x%02x", hex[0], hex[1]);
				valid_to++;
				continue;
			}
		}
		if (ascii && IS_HIGHBIT_SET(c))
			appendPQExpBuffer(array, "5c78%02x%02x", hex[0], hex[1]);
		else
			appendBinaryPQExpBuffer(array, hex, 2);
	}
	appendPQExpBufferChar(array, '"');
}

static bool
insert_pending(Rejects *r, bool ascii)
{
	enum
	{
		LINES, COLUMNS, VALUES, REASONS, TEXTS, NARRAYS
	};
	PQExpBuffer arrays[NARRAYS];
	const char *params[NARRAYS + 3];
	PGresult   *res;
	bool		done;

	for (int i = 0; i < NARRAYS; i++)
	{
		arrays[i] = createPQExpBuffer();
		appendPQExpBufferChar(arrays[i], '{');
	}
	for (int i = 0; i < r->npending; i++)
	{
		Reject	   *reject = &r->pending[i];
		char		line[32];

		snprintf(line, sizeof(line), INT64_FORMAT, reject->line);
		append_element(arrays[LINES], line);
		append_element(arrays[COLUMNS], reject->column);
		append_element(arrays[REASONS], reject->reason);
		append_bytes_element(arrays[VALUES], reject->value, reject->value_length, r->opt->encoding, ascii);
		append_bytes_element(arrays[TEXTS], reject->text, reject->text_length, r->opt->encoding, ascii);
	}
	for (int i = 0; i < NARRAYS; i++)
	{
		appendPQExpBufferChar(arrays[i], '}');
		if (PQExpBufferBroken(arrays[i]))
			pg_fatal("out of memory");
		params[i] = arrays[i]->data;
	}
	params[NARRAYS] = r->opt->encoding_name;
	params[NARRAYS + 1] = r->file;
	params[NARRAYS + 2] = r->table_name;

	session_command(r->conn, "SAVEPOINT shopctl_reject");
	res = PQexecParams(r->conn,
					   psprintf("INSERT INTO %s (line, column_name, value, reason, text, file, table_name, loaded_at) "
								"SELECT r.line, r.column_name, pg_catalog.convert_from(r.value, $6), r.reason, "
								"pg_catalog.convert_from(r.text, $6), $7, $8, pg_catalog.now() "
								"FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.int8[]), "
								"pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.bytea[]), "
								"pg_catalog.unnest($4::pg_catalog.text[]), pg_catalog.unnest($5::pg_catalog.bytea[])) "
								"AS r(line, column_name, value, reason, text)", r->quoted),
					   lengthof(params), NULL, params, NULL, NULL, 0);
	done = PQresultStatus(res) == PGRES_COMMAND_OK;
	if (done)
		session_command(r->conn, "RELEASE SAVEPOINT shopctl_reject");
	else
	{
		const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

		/* a character that the database's encoding lacks can be helped */
		if (ascii || state == NULL || strncmp(state, "22", 2) != 0)
			session_fail(r->conn, res, psprintf("could not write rejected rows to table %s", r->quoted));
		session_command(r->conn, "ROLLBACK TO SAVEPOINT shopctl_reject");
	}
	PQclear(res);
	for (int i = 0; i < NARRAYS; i++)
		destroyPQExpBuffer(arrays[i]);
	return done;
}

/* Writes what was noted; must not be called while a COPY runs. */
void
reject_flush(Rejects *r)
{
	if (r->npending == 0)
		return;
	show_pending(r);
	if (!r->exists)
		create_reject_table(r);
	if (!insert_pending(r, false))
		(void) insert_pending(r, true);

	for (int i = 0; i < r->npending; i++)
	{
		pg_free(r->pending[i].column);
		pg_free(r->pending[i].value);
		pg_free(r->pending[i].text);
		pg_free(r->pending[i].reason);
	}
	r->npending = 0;
}

int64
reject_count(const Rejects *r)
{
	return r->count;
}

/* Says, after the commit, where the rejected rows are. */
void
reject_report(const Rejects *r)
{
	if (r->count == 0)
		return;
	pg_log_warning(INT64_FORMAT " %s rejected", r->count, r->count == 1 ? "row was" : "rows were");
	pg_log_warning_hint("See SELECT * FROM %s WHERE table_name = '%s'.", r->quoted, r->table_name);
}
