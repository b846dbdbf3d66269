/*-------------------------------------------------------------------------
 *
 * progress.c
 *	  A progress bar on a terminal.
 *
 * One line on standard error, drawn at most ten times a second and wiped away
 * before a message or the end.  Nothing is written unless it is a terminal.
 *
 * IDENTIFICATION
 *	  src/client/progress.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "common/logging.h"
#include "portability/instr_time.h"

#include "progress.h"

#define REDRAW_SECONDS	0.1
#define BAR_WIDTH		24
#define DEFAULT_WIDTH	80

static const Input *input = NULL;	/* what is read; NULL: no bar */
static instr_time started;
static instr_time drawn;
static bool visible = false;

/* Also runs before each message, through pg_logging_set_pre_callback(). */
static void
progress_hide(void)
{
	if (visible)
		fputs("\r\033[K", stderr);
	visible = false;
}

static double
seconds_since(instr_time since)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, since);
	return INSTR_TIME_GET_DOUBLE(now);
}

static int
terminal_width(void)
{
	struct winsize size;

	if (ioctl(fileno(stderr), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return DEFAULT_WIDTH;
}

void
progress_start(const Input *in, bool quiet)
{
	if (quiet || !isatty(fileno(stderr)))
		return;
	pg_logging_set_pre_callback(progress_hide);
	input = in;
	INSTR_TIME_SET_CURRENT(started);
	drawn = started;
}

/* rows and rejects of the present file, so far. */
void
progress_show(int64 rows, int64 rejects)
{
	char		line[512];
	int64		consumed;
	int64		total;
	double		seconds;
	int			n = 0;

	if (input == NULL || seconds_since(drawn) < REDRAW_SECONDS)
		return;
	INSTR_TIME_SET_CURRENT(drawn);
	seconds = seconds_since(started);
	input_position(input, &consumed, &total);

	if (total > 0)
	{
		int			filled = BAR_WIDTH * Min(consumed, total) / total;

		n = snprintf(line, sizeof(line), "[%.*s%.*s] %3d%%",
					 filled, "========================",
					 BAR_WIDTH - filled, "                        ",
					 (int) (100 * Min(consumed, total) / total));
	}
	else
		n = snprintf(line, sizeof(line), "%.1f MB", consumed / 1e6);
	n += snprintf(line + n, sizeof(line) - n, "  " INT64_FORMAT " rows  %.0f rows/s", rows, rows / seconds);
	if (rejects > 0)
		n += snprintf(line + n, sizeof(line) - n, "  " INT64_FORMAT " rejected", rejects);
	snprintf(line + n, sizeof(line) - n, "  %s", input_name(input));

	/* a longer line would wrap and could not be wiped away */
	fprintf(stderr, "\r%.*s\033[K", terminal_width() - 1, line);
	fflush(stderr);
	visible = true;
}

void
progress_end(void)
{
	progress_hide();
	input = NULL;
}
