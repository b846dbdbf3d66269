/*-------------------------------------------------------------------------
 *
 * batch.c
 *	  Rows on their way into the table.
 *
 * A batch is some megabytes of rows.  It is sent by one COPY inside a savepoint
 * while the file is still being read and parsed, and is kept until the server
 * has taken it.  When the server objects, the savepoint is rolled back and the
 * batch sent again in pieces: the line that the error names tells how many rows
 * before it are good; where it names none (a foreign key is checked after the
 * last row) the piece is halved.  A piece doubles with each success.  So the
 * work per rejected row is bounded by the distance from the one before.
 *
 * A row is rejected only when it was the first of its COPY, never on the word
 * of an error message alone: a line number that was misread, in a language of
 * messages we do not know, costs time and no data.
 *
 * IDENTIFICATION
 *	  src/client/batch.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "common/logging.h"
#include "fe_utils/cancel.h"

#include "batch.h"
#include "progress.h"
#include "row.h"
#include "session.h"

/*
 * Bytes of the file in a batch: grows while all goes well, so that a large file
 * needs few savepoints (past 64 subtransactions, snapshots of other sessions
 * get slow), and shrinks where rows are rejected.
 */
#define MIN_BATCH	((size_t) 256 * 1024)
#define MAX_BATCH	((size_t) 16 * 1024 * 1024)
#define MAX_ROWS	(200 * 1000)

/* Bytes handed to libpq at once. */
#define PIECE		((size_t) 64 * 1024)

typedef struct BatchRow
{
	size_t		copy_start;		/* offset of its COPY line */
	size_t		raw_start;		/* offset of its text in the reader */
	size_t		raw_length;
	int64		line;			/* in the file */
} BatchRow;

/* What becomes of the savepoint before the next COPY. */
typedef enum SavepointState
{
	SAVEPOINT_NONE,
	SAVEPOINT_RELEASE,
	SAVEPOINT_UNDO
} SavepointState;

/* How a COPY ended. */
typedef struct CopyOutcome
{
	bool		done;
	int			bad_row;		/* index in what was sent, -1: not known */
	int			bad_field;		/* index in the file's fields, -1: not known */
	char	   *reason;
} CopyOutcome;

struct Batch
{
	PGconn	   *conn;
	const Target *target;
	Rejects    *rejects;
	RowFormat	format;
	CsvReader  *csv;

	char	   *copy;			/* COPY lines of all rows */
	size_t		copy_used;
	size_t		copy_size;
	size_t		copy_sent;		/* while the batch is filled */
	bool		sending;		/* a COPY is under way */

	BatchRow   *rows;
	int			nrows;
	SavepointState savepoint;
	size_t		limit;			/* bytes of the file until the batch is full */
	int64		read;			/* rows of the file, rejected ones too */
	int64		loaded;			/* rows the server has taken */
};

Batch *
batch_create(PGconn *conn, const Target *target, Rejects *rejects, const LoadOptions *opt)
{
	Batch	   *batch = pg_malloc0(sizeof(Batch));

	batch->conn = conn;
	batch->target = target;
	batch->rejects = rejects;
	batch->format.opt = opt;
	batch->format.target = target;
	batch->limit = MIN_BATCH;
	batch->rows = pg_malloc(sizeof(BatchRow) * MAX_ROWS);
	return batch;
}

/* The rows that follow are of this file. */
void
batch_file(Batch *batch, CsvReader *csv, const Mapping *map)
{
	batch->csv = csv;
	batch->format.map = map;
	batch->read = 0;
	batch->loaded = 0;
}

static void
copy_begin(Batch *batch)
{
	static const char *const prefixes[] = {
		[SAVEPOINT_NONE] = "SAVEPOINT shopctl; ",
		[SAVEPOINT_RELEASE] = "RELEASE SAVEPOINT shopctl; SAVEPOINT shopctl; ",
		[SAVEPOINT_UNDO] = "ROLLBACK TO SAVEPOINT shopctl; "
	};
	char	   *sql = psprintf("%s%s", prefixes[batch->savepoint], batch->format.map->copy_sql);
	PGresult   *res;

	/* between two statements there is nothing that the server could cancel */
	if (CancelRequested)
		pg_fatal("canceled by user");
	res = PQexec(batch->conn, sql);
	if (PQresultStatus(res) != PGRES_COPY_IN)
		session_fail(batch->conn, res, psprintf("could not load table %s", batch->target->quoted));
	PQclear(res);
	pg_free(sql);
	batch->sending = true;
}

static void
copy_send(Batch *batch, size_t from, size_t to)
{
	while (from < to)
	{
		size_t		n = Min(PIECE, to - from);

		if (PQputCopyData(batch->conn, batch->copy + from, n) < 0)
			session_fail(batch->conn, NULL, "could not send data to the server");
		from += n;
	}
}

/*
 * Errors that a single row can cause: its data (22), a constraint (23), a view
 * option (44), a trigger's RAISE (P0, 21, or a code of its own), a limit such
 * as the size of an index entry (54).  All others end the load.
 */
static bool
is_row_error(const char *state)
{
	static const char *const classes[] = {"21", "22", "23", "44", "54", "P0"};

	if (state == NULL)
		return false;
	for (int i = 0; i < lengthof(classes); i++)
		if (strncmp(state, classes[i], 2) == 0)
			return true;

	/* codes that SQL leaves to implementations and PostgreSQL does not use */
	return strchr("6789IJKLMNOQRSTUVWYZ", state[0]) != NULL;
}

static char *
make_reason(const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);

	/* not-null and check constraints repeat the row, which is kept anyhow */
	if (detail == NULL || strcmp(state, "23502") == 0 || strcmp(state, "23514") == 0)
		return pstrdup(primary);
	return psprintf("%s: %s", primary, detail);
}

/*
 * Finds the row and the column that an error blames in its context, the line
 * "COPY name, line 17, column price: ..." whose words are in the language of
 * the server: the number is the first one, and the column is the first of ours
 * that stands before a colon.
 */
static void
read_context(const Batch *batch, const PGresult *res, CopyOutcome *outcome)
{
	const Mapping *map = batch->format.map;
	const char *context = PQresultErrorField(res, PG_DIAG_CONTEXT);
	const char *column = PQresultErrorField(res, PG_DIAG_COLUMN_NAME);
	char	   *prefix = psprintf("COPY %s,", batch->target->name);
	const char *found = NULL;
	size_t		found_length = 0;

	/* the last such line is of our COPY, those above it of what it called */
	for (const char *p = context; p != NULL && (p = strstr(p, prefix)) != NULL; p++)
		if (p == context || p[-1] == '\n')
			found = p;
	if (found != NULL)
	{
		const char *rest = found + strlen(prefix);

		rest += strcspn(rest, "0123456789\n");
		outcome->bad_row = (int) strtol(rest, NULL, 10) - 1;
		rest += strspn(rest, "0123456789");
		found = NULL;
		for (int i = 0; i < map->nfields && *rest != ':'; i++)
		{
			const char *name = map->column[i] < 0 ? NULL : batch->target->columns[map->column[i]].name;

			for (const char *p = name ? strstr(rest, name) : NULL; p != NULL; p = strstr(p + 1, name))
			{
				const char *end = p + strlen(name);

				if (p > rest && p[-1] == ' ' && (*end == ':' || strncmp(end, " :", 2) == 0))
				{
					if (found == NULL || p < found || (p == found && strlen(name) > found_length))
					{
						found = p;
						found_length = strlen(name);
						outcome->bad_field = i;
					}
					break;
				}
			}
		}
	}
	for (int i = 0; i < map->nfields && column != NULL; i++)
		if (map->column[i] >= 0 && strcmp(batch->target->columns[map->column[i]].name, column) == 0)
			outcome->bad_field = i;
	pg_free(prefix);

	/*
	 * Rows are gathered before they are written, so where writing itself fails
	 * the line is that of a later row.
	 */
	if (batch->target->is_foreign ||
		strncmp(PQresultErrorField(res, PG_DIAG_SQLSTATE), "54", 2) == 0)
		outcome->bad_row = -1;
}

static void
copy_end(Batch *batch, CopyOutcome *outcome)
{
	PGresult   *res;

	outcome->done = true;
	outcome->bad_row = -1;
	outcome->bad_field = -1;
	outcome->reason = NULL;

	if (PQputCopyEnd(batch->conn, NULL) < 0)
		session_fail(batch->conn, NULL, "could not send data to the server");
	while ((res = PQgetResult(batch->conn)) != NULL)
	{
		if (PQresultStatus(res) == PGRES_COMMAND_OK)
			batch->loaded += strtoi64(PQcmdTuples(res), NULL, 10);
		else
		{
			if (!is_row_error(PQresultErrorField(res, PG_DIAG_SQLSTATE)))
				session_fail(batch->conn, res, psprintf("could not load table %s", batch->target->quoted));
			outcome->done = false;
			outcome->reason = make_reason(res);
			read_context(batch, res, outcome);
		}
		PQclear(res);
	}
	batch->sending = false;
	batch->savepoint = outcome->done ? SAVEPOINT_RELEASE : SAVEPOINT_UNDO;
	progress_show(batch->loaded, reject_count(batch->rejects));
}

/* Ends the last savepoint, so that other commands may follow. */
static void
settle_savepoint(Batch *batch)
{
	if (batch->savepoint == SAVEPOINT_UNDO)
		session_command(batch->conn, "ROLLBACK TO SAVEPOINT shopctl");
	if (batch->savepoint != SAVEPOINT_NONE)
		session_command(batch->conn, "RELEASE SAVEPOINT shopctl");
	batch->savepoint = SAVEPOINT_NONE;
}

/* Rejects a row that the reader holds; field is -1 when no one is to blame. */
static void
reject_row(Batch *batch, size_t raw_start, size_t raw_length, int64 line, int field, const char *reason)
{
	CsvReader  *csv = batch->csv;
	const char *column = NULL;
	const char *value = NULL;
	char	   *copy = NULL;
	size_t		length = 0;

	if (field >= 0)
	{
		const CsvField *f = &csv->row.fields[field];

		csv_reread(csv, raw_start, raw_length);
		column = batch->target->columns[batch->format.map->column[field]].name;
		if (f->length > 0 || (f->flags & CSV_QUOTED))
		{
			value = copy = pg_malloc(f->length + 1);
			length = csv_field_copy(csv, f, copy);
		}
	}
	reject_add(batch->rejects, line, column, value, length,
			   csv->text + raw_start, raw_length, reason);
	pg_free(copy);
}

/* Takes the row that the reader has read last. */
void
batch_add(Batch *batch)
{
	CsvReader  *csv = batch->csv;
	size_t		room = row_room(csv, &batch->format);
	RowDefect	defect;
	size_t		length;

	if (row_is_blank(csv, &batch->format))
		return;
	batch->read++;
	if (batch->copy_used + room > batch->copy_size)
	{
		batch->copy_size = Max(batch->copy_used + room, batch->copy_size * 2);
		batch->copy = pg_realloc(batch->copy, batch->copy_size);
	}
	length = row_format(csv, &batch->format, batch->copy + batch->copy_used, &defect);
	if (length == 0)
	{
		reject_row(batch, csv->row.start, csv->row.length, csv->row.line, defect.field, defect.reason);
		return;
	}

	batch->rows[batch->nrows].copy_start = batch->copy_used;
	batch->rows[batch->nrows].raw_start = csv->row.start;
	batch->rows[batch->nrows].raw_length = csv->row.length;
	batch->rows[batch->nrows].line = csv->row.line;
	batch->nrows++;
	batch->copy_used += length;

	if (!batch->sending)
		copy_begin(batch);
	if (batch->copy_used - batch->copy_sent >= PIECE)
	{
		copy_send(batch, batch->copy_sent, batch->copy_used);
		batch->copy_sent = batch->copy_used;
		progress_show(batch->loaded + batch->nrows, reject_count(batch->rejects));
	}
}

bool
batch_full(const Batch *batch)
{
	return batch->nrows == MAX_ROWS || batch->csv->next >= batch->limit;
}

static size_t
row_end(const Batch *batch, int row)
{
	return row + 1 < batch->nrows ? batch->rows[row + 1].copy_start : batch->copy_used;
}

/* Finds and rejects the bad rows of a batch that the server did not take. */
static void
send_in_pieces(Batch *batch, CopyOutcome *outcome)
{
	int			first = 0;
	int			piece = batch->nrows;

	for (;;)
	{
		if (outcome->done)
		{
			first += piece;
			piece = Min(piece * 2, batch->nrows);
		}
		else if (outcome->bad_row == 0 || piece == 1)
		{
			const BatchRow *row = &batch->rows[first];

			reject_row(batch, row->raw_start, row->raw_length, row->line, outcome->bad_field, outcome->reason);
			first++;
			piece = Max(piece / 2, 1);
		}
		else if (outcome->bad_row > 0 && outcome->bad_row < piece)
			piece = outcome->bad_row;
		else
			piece = piece / 2;
		pg_free(outcome->reason);

		if (first >= batch->nrows)
			break;
		piece = Min(piece, batch->nrows - first);
		copy_begin(batch);
		copy_send(batch, batch->rows[first].copy_start, row_end(batch, first + piece - 1));
		copy_end(batch, outcome);
	}
}

/* Has the server take the rows added, and forgets them. */
void
batch_finish(Batch *batch)
{
	CopyOutcome outcome = {.done = true};

	if (batch->sending)
	{
		copy_send(batch, batch->copy_sent, batch->copy_used);
		copy_end(batch, &outcome);
		if (!outcome.done)
		{
			send_in_pieces(batch, &outcome);
			batch->limit = Max(batch->limit / 2, MIN_BATCH);
		}
		else
			batch->limit = Min(batch->limit * 2, MAX_BATCH);
	}
	settle_savepoint(batch);
	reject_flush(batch->rejects);

	csv_release(batch->csv);
	batch->nrows = 0;
	batch->copy_used = 0;
	batch->copy_sent = 0;
}

/* Rows of the present file, and those of them that the table has taken. */
void
batch_counts(const Batch *batch, int64 *read, int64 *loaded)
{
	*read = batch->read;
	*loaded = batch->loaded;
}

void
batch_free(Batch *batch)
{
	pg_free(batch->format.scratch);
	pg_free(batch->copy);
	pg_free(batch->rows);
	pg_free(batch);
}
