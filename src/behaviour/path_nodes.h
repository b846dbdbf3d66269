/*-------------------------------------------------------------------------
 *
 * path_nodes.h
 *	  The named events of a user, collected by an aggregate.
 *
 * IDENTIFICATION
 *	  src/behaviour/path_nodes.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_PATH_NODES_H
#define SHOPANALYTICS_PATH_NODES_H

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

typedef struct PathNode
{
	TimestampTz ts;				/* when it happened */
	uint32		conditions;		/* which it fulfils, for who asks */
	bool		is_base;		/* can be where to count from, likewise */
	int32		len;			/* bytes of the name, or -1 for no name */
	const char *name;			/* in the names of the list */
} PathNode;

typedef struct PathNames PathNames;

typedef struct PathNodes
{
	int64		nnodes;			/* used entries in node[] */
	int64		maxnodes;		/* allocated entries in node[] */
	PathNode   *node;			/* same context as the list */
	bool		sorted;
	PathNames  *names;			/* latest block of names, same context */
	Size		names_size;		/* bytes in all of them */
} PathNodes;

extern void path_nodes_init(PathNodes *list);
extern void path_nodes_add(PathNodes *list, const PathNode *node);
extern void path_nodes_append(PathNodes *list, const PathNodes *from);
extern void path_nodes_sort(PathNodes *list);
extern void path_nodes_send(StringInfo buf, const PathNodes *list);
extern bool path_nodes_recv(StringInfo buf, PathNodes *list);

#endif							/* SHOPANALYTICS_PATH_NODES_H */
