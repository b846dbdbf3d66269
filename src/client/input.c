/*-------------------------------------------------------------------------
 *
 * input.c
 *	  Bytes of a file or of standard input, plain or gzip.
 *
 * gzip is recognised by its first bytes, never by the file's name.  zlib's
 * gzFile is not used: it takes a file cut off between two members for a whole
 * one, passes garbage after the last member over, and does not tell how much
 * of the compressed file it has read, which the progress bar needs.
 *
 * Every failure here ends the program: a file that cannot be read to its end
 * must not be loaded in part.
 *
 * IDENTIFICATION
 *	  src/client/input.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "common/logging.h"
#include "fe_utils/cancel.h"

#include "input.h"

#define INPUT_BUFFER	(256 * 1024)

/* How often a wait for standard input looks whether it was interrupted. */
#define INPUT_POLL_MS	200

struct Input
{
	const char *name;			/* as messages and reject rows call it */
	int			fd;
	bool		regular;		/* a file proper, of known size */
	int64		size;			/* bytes of the file, when regular */
	int64		consumed;		/* bytes read from fd */
	bool		eof;			/* fd is at its end */

	unsigned char *raw;			/* bytes read and not yet given on */
	size_t		raw_pos;
	size_t		raw_len;

	bool		gzip;
	bool		in_member;		/* a gzip member has begun and not ended */
	z_stream	zs;
};

/* Formats we do not read but can name. */
static const struct
{
	const char *magic;
	size_t		length;
	const char *format;
	const char *hint;
}			known_formats[] = {
	{"PK\003\004", 4, "a ZIP archive or an XLSX workbook", "Unpack the archive, or save the workbook as CSV."},
	{"\xFD" "7zXZ", 5, "compressed by xz", "Pipe it in: xz -dc FILE | shopctl load ... -"},
	{"\x28\xB5\x2F\xFD", 4, "compressed by zstd", "Pipe it in: zstd -dc FILE | shopctl load ... -"},
	{"BZh", 3, "compressed by bzip2", "Pipe it in: bzip2 -dc FILE | shopctl load ... -"},
	{"PAR1", 4, "a Parquet file", "Convert it to CSV."},
	{"SQLite format 3", 15, "an SQLite database", "Export the table as CSV."},
};

static bool
is_stdin(const char *path)
{
	return strcmp(path, "-") == 0;
}

/*
 * Ends the program when a file surely cannot be read, so that a wrong name
 * among many is found before anything is sent to the server.
 */
void
input_check(const char *path)
{
	struct stat st;

	if (is_stdin(path))
		return;
	if (stat(path, &st) != 0 || access(path, R_OK) != 0)
		pg_fatal("could not open file \"%s\": %m", path);
	if (S_ISDIR(st.st_mode))
	{
		pg_log_error("\"%s\" is a directory", path);
		pg_log_error_hint("Name the files in it.");
		exit(1);
	}
}

/* Refills raw; false at the end of the file. */
static bool
input_fill(Input *in)
{
	ssize_t		got;

	if (in->eof)
		return false;

	/* Wait for a slow writer in short steps: an interrupt must get through. */
	if (!in->regular)
	{
		struct pollfd pfd = {.fd = in->fd,.events = POLLIN};

		while (!CancelRequested && poll(&pfd, 1, INPUT_POLL_MS) == 0)
			 /* nothing yet */ ;
		if (CancelRequested)
			pg_fatal("canceled by user");
	}

	do
		got = read(in->fd, in->raw, INPUT_BUFFER);
	while (got < 0 && errno == EINTR);

	if (got < 0)
		pg_fatal("could not read file \"%s\": %m", in->name);

	in->raw_pos = 0;
	in->raw_len = got;
	in->consumed += got;
	in->eof = (got == 0);
	return got > 0;
}

/* Sees by the first bytes what kind of file it is. */
static void
input_recognise(Input *in)
{
	for (int i = 0; i < lengthof(known_formats); i++)
	{
		if (in->raw_len >= known_formats[i].length &&
			memcmp(in->raw, known_formats[i].magic, known_formats[i].length) == 0)
		{
			pg_log_error("file \"%s\" is %s, not CSV", in->name, known_formats[i].format);
			pg_log_error_hint("%s", known_formats[i].hint);
			exit(1);
		}
	}

	in->gzip = in->raw_len >= 2 && in->raw[0] == 0x1f && in->raw[1] == 0x8b;
	if (in->gzip)
	{
		/* 16: a gzip header is expected */
		if (inflateInit2(&in->zs, MAX_WBITS + 16) != Z_OK)
			pg_fatal("could not initialize zlib: %s", in->zs.msg ? in->zs.msg : "out of memory");
		in->in_member = true;
	}
}

Input *
input_open(const char *path)
{
	Input	   *in = pg_malloc0(sizeof(Input));
	struct stat st;

	input_check(path);
	in->name = is_stdin(path) ? "stdin" : path;
	in->fd = is_stdin(path) ? STDIN_FILENO : open(path, O_RDONLY | PG_BINARY, 0);
	if (in->fd < 0 || fstat(in->fd, &st) != 0)
		pg_fatal("could not open file \"%s\": %m", in->name);
	in->regular = S_ISREG(st.st_mode);
	in->size = in->regular ? st.st_size : 0;
	in->raw = pg_malloc(INPUT_BUFFER);

	input_fill(in);
	input_recognise(in);
	return in;
}

const char *
input_name(const Input *in)
{
	return in->name;
}

/* One step of decompression; the number of bytes it gave, maybe none. */
static size_t
input_inflate(Input *in, char *to, size_t want)
{
	int			rc;
	uInt		room = Min(want, INPUT_BUFFER);

	/* Between members; zeros there are padding, as gzip has it. */
	if (!in->in_member)
	{
		while (in->raw_pos < in->raw_len && in->raw[in->raw_pos] == 0)
			in->raw_pos++;
		if (in->raw_pos == in->raw_len)
			return 0;
		inflateReset(&in->zs);
		in->in_member = true;
	}

	in->zs.next_in = in->raw + in->raw_pos;
	in->zs.avail_in = in->raw_len - in->raw_pos;
	in->zs.next_out = (unsigned char *) to;
	in->zs.avail_out = room;
	rc = inflate(&in->zs, Z_NO_FLUSH);
	in->raw_pos = in->raw_len - in->zs.avail_in;

	if (rc == Z_STREAM_END)
		in->in_member = false;
	else if (rc != Z_OK && rc != Z_BUF_ERROR)
	{
		pg_log_error("file \"%s\" is damaged: %s", in->name,
					 in->zs.msg ? in->zs.msg : "gzip data cannot be decompressed");
		pg_log_error_hint("\"gzip -t\" tests a file; get a new copy of it.");
		exit(1);
	}
	return room - in->zs.avail_out;
}

/* Reads want bytes; fewer only at the end of the file. */
size_t
input_read(Input *in, char *to, size_t want)
{
	size_t		got = 0;

	while (got < want)
	{
		/*
		 * zlib may hold back output after it took all input, so a member is
		 * asked for more before new input is read.
		 */
		if (in->gzip)
		{
			size_t		n = 0;

			if (in->raw_pos < in->raw_len || in->in_member)
				n = input_inflate(in, to + got, want - got);
			got += n;
			if (n > 0 || in->raw_pos < in->raw_len)
				continue;
		}
		else if (in->raw_pos < in->raw_len)
		{
			size_t		n = Min(want - got, in->raw_len - in->raw_pos);

			memcpy(to + got, in->raw + in->raw_pos, n);
			in->raw_pos += n;
			got += n;
			continue;
		}

		if (!input_fill(in))
		{
			if (in->in_member)
			{
				pg_log_error("file \"%s\" is truncated: its gzip data end too early", in->name);
				pg_log_error_hint("Get the file again, whole; \"gzip -t\" tests it.");
				exit(1);
			}
			break;
		}
	}
	return got;
}

/* How far the reading is, in bytes of the file as it lies there. */
void
input_position(const Input *in, int64 *consumed, int64 *total)
{
	*consumed = in->consumed - (int64) (in->raw_len - in->raw_pos);
	*total = in->size;
}

void
input_close(Input *in)
{
	if (in->gzip)
		inflateEnd(&in->zs);
	if (in->fd != STDIN_FILENO)
		close(in->fd);
	pg_free(in->raw);
	pg_free(in);
}
