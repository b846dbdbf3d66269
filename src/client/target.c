/*-------------------------------------------------------------------------
 *
 * target.c
 *	  The table that is loaded: found by the name a user gave.
 *
 * IDENTIFICATION
 *	  src/client/target.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "catalog/pg_class_d.h"
#include "common/connect.h"
#include "common/logging.h"

#include "session.h"
#include "target.h"

/* Every store has this table, whatever else is in its schema. */
#define STORE_MARK "store_setting"

/* A list of names for a hint: the single value of a query, or a word for none. */
static char *
list_names(PGconn *conn, const char *sql, const char *param)
{
	PGresult   *res = session_query(conn, sql, param ? 1 : 0, &param);
	char	   *names = PQgetisnull(res, 0, 0) ? pstrdup("none") : pstrdup(PQgetvalue(res, 0, 0));

	PQclear(res);
	return names;
}

static void
check_store(PGconn *conn, const char *store)
{
	const char *params[] = {store};
	PGresult   *res;

	res = session_query(conn,
						"SELECT 1 FROM pg_catalog.pg_class c "
						"JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
						"WHERE n.nspname OPERATOR(pg_catalog.=) $1 "
						"AND c.relname OPERATOR(pg_catalog.=) '" STORE_MARK "'", 1, params);
	if (PQntuples(res) == 0)
	{
		pg_log_error("store \"%s\" does not exist in database \"%s\"", store, PQdb(conn));
		pg_log_error_hint("Stores here: %s.",
						  list_names(conn,
									 "SELECT pg_catalog.string_agg(n.nspname, ', ' ORDER BY n.nspname) "
									 "FROM pg_catalog.pg_class c "
									 "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
									 "WHERE c.relname OPERATOR(pg_catalog.=) '" STORE_MARK "'", NULL));
		exit(1);
	}
	PQclear(res);
}

/*
 * The oid of a table as a user names it: within a store, the very name; else as
 * psql takes it, folded to lower case and looked for along the user's search
 * path, which is in force for this one query.
 */
static char *
find_table(PGconn *conn, const LoadOptions *opt)
{
	PGresult   *res;
	char	   *oid;

	if (opt->common.store != NULL)
	{
		const char *params[] = {opt->common.store, opt->table};

		check_store(conn, opt->common.store);
		res = session_query(conn,
							"SELECT c.oid FROM pg_catalog.pg_class c "
							"JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
							"WHERE n.nspname OPERATOR(pg_catalog.=) $1 "
							"AND c.relname OPERATOR(pg_catalog.=) $2", 2, params);
		if (PQntuples(res) == 0)
		{
			pg_log_error("table \"%s\" does not exist in store \"%s\"", opt->table, opt->common.store);
			pg_log_error_hint("Tables of the store: %s.",
							  list_names(conn,
										 "SELECT pg_catalog.string_agg(c.relname, ', ' ORDER BY c.relname) "
										 "FROM pg_catalog.pg_class c "
										 "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
										 "WHERE n.nspname OPERATOR(pg_catalog.=) $1 "
										 "AND c.relkind OPERATOR(pg_catalog.=) 'r'", opt->common.store));
			exit(1);
		}
	}
	else
	{
		const char *params[] = {opt->table};

		session_command(conn, "RESET search_path");
		res = session_query(conn, "SELECT pg_catalog.to_regclass($1)::pg_catalog.oid", 1, params);
		PQclear(session_query(conn, ALWAYS_SECURE_SEARCH_PATH_SQL, 0, NULL));
		if (PQgetisnull(res, 0, 0))
		{
			pg_log_error("table \"%s\" does not exist in database \"%s\"", opt->table, PQdb(conn));
			pg_log_error_hint("Write the schema too, if it is not on your search path; "
							  "put a name with capitals into double quotes: --table='\"Orders\"'.");
			exit(1);
		}
	}
	oid = pstrdup(PQgetvalue(res, 0, 0));
	PQclear(res);
	return oid;
}

/* COPY takes tables, and views whose rows a trigger puts somewhere. */
static void
check_kind(const LoadOptions *opt, const Target *target, char kind, bool has_instead_trigger)
{
	if (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE ||
		kind == RELKIND_FOREIGN_TABLE || (kind == RELKIND_VIEW && has_instead_trigger))
		return;

	if (opt->common.store != NULL && kind == RELKIND_VIEW)
	{
		pg_log_error("\"%s\" of store \"%s\" is a view, so no rows can be loaded into it",
					 target->name, target->schema);
		pg_log_error_hint("If map_table put the view there, load into the table behind it: --table=SCHEMA.TABLE without --store.");
	}
	else
	{
		pg_log_error("\"%s\" is not a table", opt->table);
		pg_log_error_hint("Name a table, a partitioned table or a foreign table.");
	}
	exit(1);
}

static void
read_columns(PGconn *conn, Target *target)
{
	const char *params[] = {target->oid};
	PGresult   *res;

	/* a domain stands for the type at its bottom */
	res = session_query(conn,
						"WITH RECURSIVE base(attnum, typ) AS ("
						"SELECT a.attnum, a.atttypid FROM pg_catalog.pg_attribute a "
						"WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid "
						"AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped "
						"UNION ALL "
						"SELECT b.attnum, t.typbasetype FROM base b JOIN pg_catalog.pg_type t "
						"ON t.oid OPERATOR(pg_catalog.=) b.typ "
						"WHERE t.typtype OPERATOR(pg_catalog.=) 'd') "
						"SELECT a.attname, pg_catalog.quote_ident(a.attname), "
						"EXISTS (SELECT FROM base b WHERE b.attnum OPERATOR(pg_catalog.=) a.attnum AND "
						"b.typ OPERATOR(pg_catalog.=) ANY ('{date,timestamp,timestamptz}'::pg_catalog.regtype[])), "
						"a.attgenerated OPERATOR(pg_catalog.<>) '' OR a.attidentity OPERATOR(pg_catalog.=) 'a' "
						"FROM pg_catalog.pg_attribute a "
						"WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid "
						"AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped "
						"ORDER BY a.attnum", 1, params);
	target->ncolumns = PQntuples(res);
	target->columns = pg_malloc(sizeof(TargetColumn) * Max(target->ncolumns, 1));
	for (int i = 0; i < target->ncolumns; i++)
	{
		target->columns[i].name = pstrdup(PQgetvalue(res, i, 0));
		target->columns[i].quoted = pstrdup(PQgetvalue(res, i, 1));
		target->columns[i].is_date = *PQgetvalue(res, i, 2) == 't';
		target->columns[i].generated = *PQgetvalue(res, i, 3) == 't';
	}
	PQclear(res);
}

Target *
target_open(PGconn *conn, const LoadOptions *opt)
{
	Target	   *target = pg_malloc0(sizeof(Target));
	const char *params[1];
	PGresult   *res;

	target->oid = find_table(conn, opt);
	params[0] = target->oid;
	res = session_query(conn,
						"SELECT n.nspname, c.relname, c.relkind, pg_catalog.format('%I.%I', n.nspname, c.relname), "
						"(pg_catalog.pg_relation_is_updatable(c.oid, true) OPERATOR(pg_catalog.&) 8) OPERATOR(pg_catalog.<>) 0 "
						"AND EXISTS (SELECT FROM pg_catalog.pg_trigger t "
						"WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid AND (t.tgtype OPERATOR(pg_catalog.&) 64) OPERATOR(pg_catalog.<>) 0) "
						"FROM pg_catalog.pg_class c "
						"JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
						"WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.oid", 1, params);
	if (PQntuples(res) == 0)
		pg_fatal("table \"%s\" was dropped meanwhile", opt->table);
	target->schema = pstrdup(PQgetvalue(res, 0, 0));
	target->name = pstrdup(PQgetvalue(res, 0, 1));
	target->quoted = pstrdup(PQgetvalue(res, 0, 3));
	target->is_foreign = *PQgetvalue(res, 0, 2) == RELKIND_FOREIGN_TABLE;
	check_kind(opt, target, *PQgetvalue(res, 0, 2), *PQgetvalue(res, 0, 4) == 't');
	PQclear(res);

	read_columns(conn, target);
	return target;
}
