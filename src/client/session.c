/*-------------------------------------------------------------------------
 *
 * session.c
 *	  The one connection of a command, and its transaction.
 *
 * Whatever ends the program ends the transaction first, and says so: a command
 * does all it does or nothing.
 *
 * IDENTIFICATION
 *	  src/client/session.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres_fe.h"

#include "common/logging.h"
#include "fe_utils/cancel.h"

#include "session.h"
#include "shopctl.h"

/* The connection whose transaction an exit has to end, if any. */
static PGconn *open_transaction = NULL;

/*
 * Runs at exit.  A pending COPY is ended with an error, and the roll-back is
 * waited for, so that no lock is left when the program is gone.
 */
static void
abandon_transaction(void)
{
	PGconn	   *conn = open_transaction;

	if (conn == NULL)
		return;
	session_rollback(conn);
	PQfinish(conn);
	pg_log_error_detail("The transaction was rolled back; nothing was loaded.");
}

static void
print_notice(void *unused, const PGresult *res)
{
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (text == NULL)
		return;
	if (severity != NULL && strcmp(severity, "WARNING") == 0)
		pg_log_warning("%s", text);
	else
		pg_log_info("%s", text);
}

/*
 * The search path is safe from here on (connectDatabase sees to it), messages
 * and names are UTF-8, and no time limit of the server's applies: like a
 * restore, a load takes as long as its input.
 */
PGconn *
session_open(const ConnParams *cparams)
{
	PGconn	   *conn = connectDatabase(cparams, progname, false, false, false);

	PQsetNoticeReceiver(conn, print_notice, NULL);
	if (PQsetClientEncoding(conn, "UTF8") != 0)
		session_fail(conn, NULL, "could not set the client encoding");
	session_command(conn, "SET statement_timeout = 0");
	session_command(conn, "SET idle_in_transaction_session_timeout = 0");
	if (PQserverVersion(conn) >= 170000)
		session_command(conn, "SET transaction_timeout = 0");

	setup_cancel_handler(NULL);
	SetCancelConn(conn);
	atexit(abandon_transaction);
	return conn;
}

void
session_begin(PGconn *conn)
{
	session_command(conn, "BEGIN");
	open_transaction = conn;
}

void
session_commit(PGconn *conn)
{
	PGresult   *res = PQexec(conn, "COMMIT");
	const char *tag = PQcmdStatus(res);

	open_transaction = NULL;
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
	{
		if (PQstatus(conn) == CONNECTION_BAD)
		{
			pg_log_error("lost the connection to the server while committing: %s", PQerrorMessage(conn));
			pg_log_error_detail("The load may be stored or not.");
			pg_log_error_hint("Look into the table before you repeat the load.");
			exit(SHOPCTL_ERROR);
		}
		session_fail(conn, res, "could not commit, so nothing was loaded");
	}
	if (strcmp(tag, "COMMIT") != 0)
		pg_fatal("the server rolled the transaction back, nothing was loaded");
	PQclear(res);
}

/* Ends the transaction without effect; the connection may be broken. */
void
session_rollback(PGconn *conn)
{
	PGresult   *res;

	open_transaction = NULL;
	ResetCancelConn();
	if (PQtransactionStatus(conn) == PQTRANS_ACTIVE)
	{
		PQputCopyEnd(conn, "load was stopped");
		while ((res = PQgetResult(conn)) != NULL && PQstatus(conn) == CONNECTION_OK)
			PQclear(res);
	}
	if (PQstatus(conn) == CONNECTION_OK)
		PQclear(PQexec(conn, "ROLLBACK"));
}

void
session_close(PGconn *conn)
{
	ResetCancelConn();
	PQfinish(conn);
}

/*
 * Ends the program with what the server said in res, or libpq in conn.  tried
 * names the failed action: "could not ...".
 */
void
session_fail(PGconn *conn, const PGresult *res, const char *tried)
{
	const char *primary = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	const char *detail = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL) : NULL;
	const char *hint = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_HINT) : NULL;
	const char *context = res ? PQresultErrorField(res, PG_DIAG_CONTEXT) : NULL;

	if (CancelRequested)
		pg_log_error("canceled by user");
	else if (primary != NULL)
	{
		pg_log_error("%s: %s", tried, primary);
		if (detail != NULL)
			pg_log_error_detail("%s", detail);
		if (context != NULL)
			pg_log_error_detail("%s", context);
		if (hint != NULL)
			pg_log_error_hint("%s", hint);
	}
	else
		pg_log_error("%s: %s", tried, PQerrorMessage(conn));
	exit(SHOPCTL_ERROR);
}

void
session_command(PGconn *conn, const char *sql)
{
	PGresult   *res = PQexec(conn, sql);

	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		session_fail(conn, res, psprintf("could not execute \"%s\"", sql));
	PQclear(res);
}

/* A query for the catalog, all parameters text; the caller clears the result. */
PGresult *
session_query(PGconn *conn, const char *sql, int nparams, const char *const *values)
{
	PGresult   *res = PQexecParams(conn, sql, nparams, NULL, values, NULL, NULL, 0);

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		session_fail(conn, res, "could not query the catalog");
	return res;
}
