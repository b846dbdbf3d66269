/*-------------------------------------------------------------------------
 *
 * copy_error.c
 *	  What an error of COPY says about the rows sent.
 *
 * IDENTIFICATION
 *	  src/client/copy_error.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "copy_error.h"

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

/* The field whose column is named first, and before a colon. */
static int
find_column_name(const char *context, const Target *target, const Mapping *map)
{
	const char *found = NULL;
	size_t		found_length = 0;
	int			field = -1;

	for (int i = 0; i < map->nfields; i++)
	{
		const char *name = map->column[i] < 0 ? NULL : target->columns[map->column[i]].name;
		size_t		length = name ? strlen(name) : 0;

		for (const char *p = name ? strstr(context, name) : NULL; p != NULL; p = strstr(p + 1, name))
		{
			if (p == context || p[-1] != ' ' || (p[length] != ':' && strncmp(p + length, " :", 2) != 0))
				continue;
			if (found == NULL || p < found || (p == found && length > found_length))
			{
				found = p;
				found_length = length;
				field = i;
			}
			break;
		}
	}
	return field;
}

/*
 * Finds the row and the column that an error blames in its context, the line
 * "COPY name, line 17, column price: ..." whose words are in the language of
 * the server: the number is the first one, and the column is the first of ours
 * that stands before a colon.
 */
static void
read_context(const PGresult *res, const Target *target, const Mapping *map, CopyError *error)
{
	const char *context = PQresultErrorField(res, PG_DIAG_CONTEXT);
	const char *column = PQresultErrorField(res, PG_DIAG_COLUMN_NAME);
	char	   *prefix = psprintf("COPY %s,", target->name);
	const char *found = NULL;

	/* lines above are of what COPY called, lines below belong to the value */
	for (const char *p = context; p != NULL && found == NULL && (p = strstr(p, prefix)) != NULL; p++)
		if (p == context || p[-1] == '\n')
			found = p;
	if (found != NULL)
	{
		found += strlen(prefix);
		found += strcspn(found, "0123456789\n");
		error->bad_row = (int) strtol(found, NULL, 10) - 1;
		found += strspn(found, "0123456789");
		if (*found != ':')
			error->bad_field = find_column_name(found, target, map);
	}
	for (int i = 0; i < map->nfields && column != NULL; i++)
		if (map->column[i] >= 0 && strcmp(target->columns[map->column[i]].name, column) == 0)
			error->bad_field = i;
	pg_free(prefix);

	/*
	 * Rows are gathered before they are written, so where writing itself
	 * fails the line is that of a later row.
	 */
	if (target->is_foreign ||
		strncmp(PQresultErrorField(res, PG_DIAG_SQLSTATE), "54", 2) == 0)
		error->bad_row = -1;
}

/*
 * Reads an error that a row has caused; false when it is of another kind.  The
 * reason is the caller's to free.
 */
bool
copy_error_read(const PGresult *res, const Target *target, const Mapping *map, CopyError *error)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	if (!is_row_error(state))
		return false;

	error->bad_row = -1;
	error->bad_field = -1;
	error->untranslatable = strcmp(state, "22P05") == 0;
	error->reason = make_reason(res);
	read_context(res, target, map, error);
	return true;
}
