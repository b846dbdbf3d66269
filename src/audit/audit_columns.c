/*-------------------------------------------------------------------------
 *
 * audit_columns.c
 *	  What the columns of an audited table are for.
 *
 * What the columns are comes with the arguments of the trigger: no table is
 * read, and who may not change the trigger cannot change it.  A column that
 * they do not name was added or renamed since, and might be anybody's e-mail
 * address: it is written down as personal.
 *
 * IDENTIFICATION
 *	  src/audit/audit_columns.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_index.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "audit/audit_columns.h"

#define ERRCODE_AUDIT_NO_KEY MAKE_SQLSTATE('S', 'A', '0', '2', '1')

/* The use of a column by its name, or 0; from is where the last one was found. */
static char
audit_use(const Trigger *trigger, const char *name, int *from)
{
	for (int i = 0; i < trigger->tgnargs - 2; i++)
	{
		int			place = 2 + (*from + i) % (trigger->tgnargs - 2);

		if (strcmp(trigger->tgargs[place] + 2, name) == 0)
		{
			*from = place - 1;
			return trigger->tgargs[place][0];
		}
	}
	return '\0';
}

/*
 * Columns of the key are not what they were: those of the primary key that the
 * table has now, if it has one, are as good.
 */
static void
audit_use_primary_key(Relation relation, ImageColumn *columns, int ncolumns)
{
	List	   *indexes = RelationGetIndexList(relation);
	bool		found = false;
	ListCell   *cell;

	for (int i = 0; i < ncolumns; i++)
		if (columns[i].use == USE_KEY)
			columns[i].use = USE_PLAIN;
	foreach(cell, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
		Form_pg_index index;

		if (!HeapTupleIsValid(tuple))
			continue;
		index = (Form_pg_index) GETSTRUCT(tuple);
		for (int i = 0; index->indisprimary && i < index->indnkeyatts; i++)
			for (int j = 0; j < ncolumns; j++)
				if (columns[j].place == index->indkey.values[i] - 1)
				{
					columns[j].use = USE_KEY;
					found = true;
				}
		ReleaseSysCache(tuple);
	}
	if (!found)
		ereport(ERROR,
				errcode(ERRCODE_AUDIT_NO_KEY),
				errmsg("table \"%s\" is audited and has no longer the primary key that it had", RelationGetRelationName(relation)),
				errhint("Give it a primary key and call shopanalytics.audit_refresh(), or end the audit by shopanalytics.audit_disable()."));
}

/*
 * What the trigger's arguments say of the columns that the table has now: those
 * that are written down, in the order of jsonb; the number of them.
 */
int
audit_columns(Relation relation, const Trigger *trigger, ImageColumn *columns, bool *needs_pin)
{
	TupleDesc	desc = RelationGetDescr(relation);
	int			ncolumns = 0;
	int			from = 0;
	int			keys = 0;

	for (int i = 2; i < trigger->tgnargs; i++)
		if (trigger->tgargs[i][0] == '\0' || trigger->tgargs[i][1] != ':')
			elog(ERROR, "trigger \"%s\" has a wrong argument: %s", trigger->tgname, trigger->tgargs[i]);

	*needs_pin = false;
	for (int i = 0; i < desc->natts; i++)
	{
		ImageColumn *column = &columns[ncolumns];

		if (!image_column_init(column, desc, i))
			continue;
		column->use = audit_use(trigger, column->name, &from);
		if (column->use == USE_IGNORED)
			continue;
		if (column->use == '\0')
			column->use = USE_PERSONAL;
		if (column->use == USE_KEY)
			keys++;
		*needs_pin |= column->needs_pin;
		ncolumns++;
	}
	for (int i = 2; i < trigger->tgnargs; i++)
		if (trigger->tgargs[i][0] == USE_KEY)
			keys--;
	if (keys != 0)
		audit_use_primary_key(relation, columns, ncolumns);
	image_sort_columns(columns, ncolumns);
	return ncolumns;
}
