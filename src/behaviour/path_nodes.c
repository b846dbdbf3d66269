/*-------------------------------------------------------------------------
 *
 * path_nodes.c
 *	  The named events of a user, collected by an aggregate.
 *
 * Nodes are in a growing array.  Their names, most of them short, are put into
 * blocks one behind the other, because a chunk of memory for each would be
 * larger than the name.  Blocks double in size and are never moved, so a node
 * can point into them.
 *
 * The order is that of time; at one time by conditions, base and name, so that
 * only nodes that are equal in all can change places.
 *
 * IDENTIFICATION
 *	  src/behaviour/path_nodes.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "behaviour/group_memory.h"
#include "behaviour/path_nodes.h"
#include "compat.h"

#define NODES_INIT		4
#define NAMES_INIT		64		/* bytes in the first block */
#define NAMES_MAX		65536	/* in the largest, unless a name is longer */
#define NODE_BYTES		17		/* serialized, without its name */

struct PathNames
{
	int64		used;
	int64		size;
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
};

static inline int
path_node_cmp(const PathNode *a, const PathNode *b)
{
	int			result;

	if (a->ts != b->ts)
		return a->ts < b->ts ? -1 : 1;
	if (a->conditions != b->conditions)
		return a->conditions < b->conditions ? -1 : 1;
	if (a->is_base != b->is_base)
		return a->is_base ? 1 : -1;
	result = a->len > 0 && b->len > 0 ?
		memcmp(a->name, b->name, Min(a->len, b->len)) : 0;
	if (result != 0)
		return result;

	return (a->len > b->len) - (a->len < b->len);
}

#define ST_SORT nodes_sort
#define ST_ELEMENT_TYPE PathNode
#define ST_COMPARE(a, b) path_node_cmp(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Caller must have switched to the context the list is to live in. */
void
path_nodes_init(PathNodes *list)
{
	memset(list, 0, sizeof(*list));
	list->node = palloc(sizeof(PathNode) * NODES_INIT);
	list->maxnodes = NODES_INIT;
	list->sorted = true;
}

static void
path_nodes_reserve(PathNodes *list, int64 nnodes)
{
	int64		needed = list->nnodes + nnodes;
	int64		most = (group_memory_limit() - Min(list->names_size, group_memory_limit())) / sizeof(PathNode);

	if (needed <= list->maxnodes)
		return;
	if (needed > most)
		group_memory_exceeded();

	list->maxnodes = Min(Max(needed, list->maxnodes * 2), most);
	list->node = repalloc(list->node, sizeof(PathNode) * list->maxnodes);
}

/* A copy of a name that lives as long as the list. */
static const char *
path_nodes_keep(PathNodes *list, const char *name, int len)
{
	PathNames  *names = list->names;
	char	   *kept;

	if (names == NULL || names->size - names->used < len)
	{
		int64		size = names == NULL ? NAMES_INIT : Min(names->size * 2, NAMES_MAX);

		size = Max(size, len);
		list->names_size += size;
		if (list->names_size + list->maxnodes * sizeof(PathNode) > group_memory_limit())
			group_memory_exceeded();
		names = MemoryContextAllocHuge(GetMemoryChunkContext(list->node),
									   offsetof(PathNames, bytes) + size);
		names->used = 0;
		names->size = size;
		list->names = names;
	}

	kept = names->bytes + names->used;
	memcpy(kept, name, len);
	names->used += len;

	return kept;
}

/* Adds a copy of a node. */
void
path_nodes_add(PathNodes *list, const PathNode *node)
{
	PathNode   *added;

	path_nodes_reserve(list, 1);
	added = &list->node[list->nnodes];
	*added = *node;
	if (node->len > 0)
		added->name = path_nodes_keep(list, node->name, node->len);
	if (list->nnodes > 0 && path_node_cmp(added - 1, added) > 0)
		list->sorted = false;
	list->nnodes++;
}

/* Adds copies of all nodes of another list. */
void
path_nodes_append(PathNodes *list, const PathNodes *from)
{
	path_nodes_reserve(list, from->nnodes);
	for (int64 i = 0; i < from->nnodes; i++)
	{
		CHECK_FOR_INTERRUPTS();
		path_nodes_add(list, &from->node[i]);
	}
}

void
path_nodes_sort(PathNodes *list)
{
	if (!list->sorted)
		nodes_sort(list->node, list->nnodes);
	list->sorted = true;
}

void
path_nodes_send(StringInfo buf, const PathNodes *list)
{
	pq_sendint64(buf, list->nnodes);
	for (int64 i = 0; i < list->nnodes; i++)
	{
		const PathNode *node = &list->node[i];

		pq_sendint64(buf, node->ts);
		pq_sendint32(buf, node->conditions);
		pq_sendbyte(buf, node->is_base);
		pq_sendint32(buf, node->len);
		if (node->len > 0)
			pq_sendbytes(buf, node->name, node->len);
	}
}

/*
 * The list must be a new one.  False if the bytes are not those of a list; they
 * may be anybody's, so nothing is allocated on their word.
 */
bool
path_nodes_recv(StringInfo buf, PathNodes *list)
{
	int64		nnodes = pq_getmsgint64(buf);

	if (nnodes < 0 || nnodes > (buf->len - buf->cursor) / NODE_BYTES)
		return false;

	path_nodes_reserve(list, nnodes);
	for (int64 i = 0; i < nnodes; i++)
	{
		PathNode	node;

		node.ts = pq_getmsgint64(buf);
		node.conditions = pq_getmsgint(buf, 4);
		node.is_base = pq_getmsgbyte(buf) != 0;
		node.len = pq_getmsgint(buf, 4);
		if (node.len < -1)
			return false;
		node.name = node.len > 0 ? pq_getmsgbytes(buf, node.len) : NULL;
		path_nodes_add(list, &node);
	}

	return true;
}
