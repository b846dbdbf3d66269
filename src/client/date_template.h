/*-------------------------------------------------------------------------
 *
 * date_template.h
 *	  Dates and times written after a template such as DD/MM/YYYY HH24:MI.
 *
 * IDENTIFICATION
 *	  src/client/date_template.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATE_TEMPLATE_H
#define DATE_TEMPLATE_H

/* Room that date_template_apply() needs for its result. */
#define DATE_TEMPLATE_RESULT	64

typedef struct DateTemplate DateTemplate;

extern DateTemplate *date_template_parse(const char *template, char **error);
extern bool date_template_apply(const DateTemplate *template, const char *value, size_t length,
								char *result, char *error, size_t error_size);

#endif							/* DATE_TEMPLATE_H */
