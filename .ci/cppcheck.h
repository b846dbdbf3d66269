/*
 * What cppcheck must know of PostgreSQL's headers, which it does not read: macros
 * that are not C without them, and that ereport(ERROR) does not return.
 */
#define PG_VERSION_NUM 150000
#define SHOPANALYTICS_VERSION ""
#define PG_MODULE_MAGIC
#define PG_FUNCTION_INFO_V1(function)
#define INT64CONST(x) (x##L)
#define UINT64CONST(x) (x##UL)
#define pg_attribute_printf(format, first)
#define pg_attribute_noreturn()
#define pg_attribute_unused()
#define ereport(level, ...) abort()
#define elog(level, ...) abort()
#define pg_fatal(...) exit(1)
#define foreach(cell, list) for (ListCell *cell##_at = list_head(list); (cell = cell##_at) != 0; cell##_at = lnext(list, cell))
