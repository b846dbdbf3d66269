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
 * A row is rejected only when a COPY of it alone failed, never on the word of an
 * error message: a line number that was misread, in messages of a language we do
 * not know or full of a hostile value, costs time and no data.
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
#include "copy_error.h"
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
	CopyError	error;			/* if not done */
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

static void
copy_end(Batch *batch, CopyOutcome *outcome)
{
	PGresult   *res;

	outcome->done = true;
	if (PQputCopyEnd(batch->conn, NULL) < 0)
		session_fail(batch->conn, NULL, "could not send data to the server");
	while ((res = PQgetResult(batch->conn)) != NULL)
	{
		if (PQresultStatus(res) == PGRES_COMMAND_OK)
			batch->loaded += strtoi64(PQcmdTuples(res), NULL, 10);
		else if (copy_error_read(res, batch->target, batch->format.map, &outcome->error))
			outcome->done = false;
		else
			session_fail(batch->conn, res, psprintf("could not load table %s", batch->target->quoted));
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
			   csv->buf + raw_start, raw_length, reason);
	pg_free(copy);
}

/*
 * The field with a character that the database's encoding lacks, of which the
 * server tells the row alone.
 */
static int
find_untranslatable(Batch *batch, const BatchRow *row)
{
	CsvReader  *csv = batch->csv;
	const RowFormat *format = &batch->format;
	int			found = -1;

	csv_reread(csv, row->raw_start, row->raw_length);
	for (int i = 0; i < format->map->nfields && found < 0; i++)
	{
		const CsvField *field = &csv->row.fields[i];
		const char *params[] = {csv->buf + field->start, format->opt->encoding_name};
		int			lengths[] = {field->length, 0};
		int			formats[] = {1, 0};
		PGresult   *res;

		if (format->map->column[i] < 0 || (field->flags & CSV_HIGH) == 0)
			continue;
		session_command(batch->conn, "ROLLBACK TO SAVEPOINT shopctl");
		res = PQexecParams(batch->conn, "SELECT 1 WHERE pg_catalog.convert_from($1::pg_catalog.bytea, $2) IS NULL",
						   2, NULL, params, lengths, formats, 0);
		if (PQresultStatus(res) != PGRES_TUPLES_OK)
			found = i;
		PQclear(res);
	}
	return found;
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

/*
 * Finds and rejects the bad rows of a batch that the server did not take.
 * outcome is that of the first COPY of them all.
 */
static void
send_in_pieces(Batch *batch, CopyOutcome *outcome)
{
	CopyError  *error = &outcome->error;
	int			first = 0;		/* rows before are loaded or rejected */
	int			piece = batch->nrows;	/* rows sent from there */
	int			stride = piece; /* rows to send once the bad row is out */
	bool		suspicion = false;	/* the row after the piece is to blame */

	for (;;)
	{
		if (outcome->done)
		{
			first += piece;
			piece = suspicion ? 1 : piece * 2;
			suspicion = false;
		}
		else if (piece == 1)
		{
			const BatchRow *row = &batch->rows[first];

			if (error->untranslatable)
				error->bad_field = find_untranslatable(batch, row);
			reject_row(batch, row->raw_start, row->raw_length, row->line, error->bad_field, error->reason);
			first++;
			piece = stride;
		}
		else if (error->bad_row > 0 && error->bad_row < piece)
		{
			piece = error->bad_row;
			stride = piece * 2;
			suspicion = true;
		}
		else
		{
			/* the first row is to blame, or nobody knows which */
			piece = error->bad_row == 0 ? 1 : piece / 2;
			stride = Max(stride / 2, 1);
			suspicion = false;
		}
		if (!outcome->done)
			pg_free(error->reason);

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
