/*-------------------------------------------------------------------------
 *
 * intake.h
 *	  Reading a table, a view or a query into a report; see intake.c and
 *	  intake_read.c.
 *
 * IDENTIFICATION
 *	  src/intake/intake.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_INTAKE_H
#define SHOPANALYTICS_INTAKE_H

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "nodes/pg_list.h"

typedef enum IntakeKind
{
	INTAKE_ANY,					/* of any type, as it is */
	INTAKE_TIME,				/* a timestamptz, or what can be one */
	INTAKE_NUMBER				/* read it by intake_number() */
} IntakeKind;

/* A column that a report asks for. */
typedef struct IntakeColumn
{
	const char *argument;		/* of the SQL function, that names it */
	const char *name;			/* as named there; NULL: the usual one */
	const char *const *usual;	/* names that it may have, NULL at the end */
	IntakeKind	kind;
	bool		required;

	/* Set by intake_open(). */
	bool		present;		/* if not, every value is NULL */
	Oid			type;			/* of the values, domains looked through */
	Oid			collation;
	FmgrInfo	output;
} IntakeColumn;

/* Rows from here on and to before there, by the column of kind INTAKE_TIME. */
typedef struct IntakePeriod
{
	TimestampTz from;			/* DT_NOBEGIN: no bound */
	TimestampTz to;				/* DT_NOEND: no bound */
} IntakePeriod;

/* Values and nulls are in the order of the columns, and gone after the call. */
typedef void (*IntakeRow) (void *arg, const Datum *values, const bool *nulls);

/* What the argument is called that names the table, view or query. */
typedef struct IntakeNoun
{
	const char *name;
	const char *are;
	const char *have;
} IntakeNoun;

typedef struct IntakeSource
{
	const IntakeNoun *noun;
	char	   *from;			/* with the noun as its alias */
	List	   *targets;
} IntakeSource;

typedef struct IntakeSourceColumn
{
	const char *name;
	Oid			type;			/* domains looked through */
} IntakeSourceColumn;

typedef struct Intake
{
	const IntakeNoun *noun;
	char	   *sql;			/* that gives the columns in their order */
	const IntakeColumn *columns;
	int			ncolumns;
} Intake;

/* The usual names of columns. */
extern PGDLLIMPORT const char *const intake_user_names[];
extern PGDLLIMPORT const char *const intake_time_names[];
extern PGDLLIMPORT const char *const intake_event_names[];
extern PGDLLIMPORT const char *const intake_price_names[];
extern PGDLLIMPORT const char *const intake_product_names[];
extern PGDLLIMPORT const char *const intake_category_names[];

extern PGDLLIMPORT const IntakeNoun intake_events;
extern PGDLLIMPORT const IntakeNoun intake_source;

extern IntakeSource *intake_find(const char *text, const IntakeNoun *noun);
extern int	intake_source_columns(const IntakeSource *source, IntakeSourceColumn **columns);
extern Intake *intake_open_source(const IntakeSource *source, IntakeColumn *columns,
								  int ncolumns, const IntakePeriod *period);
extern Intake *intake_open(const char *events, IntakeColumn *columns,
						   int ncolumns, const IntakePeriod *period);
extern void intake_error(void *intake);
extern void intake_read(Intake *intake, IntakeRow row, void *arg);

#endif							/* SHOPANALYTICS_INTAKE_H */
