/*-------------------------------------------------------------------------
 *
 * session.h
 *	  The one connection of a command, and its transaction.
 *
 * IDENTIFICATION
 *	  src/client/session.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SESSION_H
#define SESSION_H

#include "libpq-fe.h"

#include "fe_utils/connect_utils.h"

extern PGconn *session_open(const ConnParams *cparams);
extern void session_begin(PGconn *conn);
extern void session_commit(PGconn *conn);
extern void session_rollback(PGconn *conn);
extern void session_close(PGconn *conn);

extern void session_command(PGconn *conn, const char *sql);
extern PGresult *session_query(PGconn *conn, const char *sql, int nparams, const char *const *values);
extern void session_fail(PGconn *conn, const PGresult *res, const char *tried) pg_attribute_noreturn();

#endif							/* SESSION_H */
