/*-------------------------------------------------------------------------
 *
 * merkle.c
 *	  merkle_root(bytea), the root of a Merkle tree over the rows of an
 *	  ordered aggregate, as RFC 6962 (section 2.1) defines it.
 *
 * A leaf is hashed after a byte 0x00 and an inner node after 0x01, so that no
 * leaf can pass for a node.  A tree over n leaves is split at the largest
 * power of two below n: so the leaves seen so far are a row of complete trees,
 * of the sizes of the bits of n, and their roots on a stack are all there is to
 * remember.  A leaf is a tree of size one; two of one size become one.  At the
 * end what is left is joined from the right.
 *
 * The order of the leaves is the meaning, so there is no combine function.  A
 * null is an error: a leaf that was passed over would not be missed.
 *
 * IDENTIFICATION
 *	  src/seal/merkle.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"

#define MERKLE_MAX_HEIGHT 63	/* of int64 leaves */

typedef struct MerkleHash
{
	uint8		bytes[PG_SHA256_DIGEST_LENGTH];
} MerkleHash;

typedef struct MerkleTree
{
	int64		nleaves;
	int			ntrees;			/* complete trees, the greatest first */
	MerkleHash	root[MERKLE_MAX_HEIGHT];
} MerkleTree;

PG_FUNCTION_INFO_V1(merkle_root_transfn);
PG_FUNCTION_INFO_V1(merkle_root_finalfn);
PG_FUNCTION_INFO_V1(_merkle_root_of_hashes_transfn);

/* The hash of a prefix byte, if not negative, and two pieces. */
static MerkleHash
merkle_hash(int prefix, const uint8 *left, Size left_size, const uint8 *right, Size right_size)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	uint8		first = prefix;
	MerkleHash	hash;

	if (pg_cryptohash_init(context) < 0 ||
		(prefix >= 0 && pg_cryptohash_update(context, &first, 1) < 0) ||
		pg_cryptohash_update(context, left, left_size) < 0 ||
		pg_cryptohash_update(context, right, right_size) < 0 ||
		pg_cryptohash_final(context, hash.bytes, sizeof(hash.bytes)) < 0)
		elog(ERROR, "could not compute a SHA256 hash: %s", pg_cryptohash_error(context));
	pg_cryptohash_free(context);

	return hash;
}

static MerkleHash
merkle_leaf(const uint8 *data, Size size)
{
	return merkle_hash(0x00, data, size, NULL, 0);
}

static MerkleHash
merkle_node(const MerkleHash *left, const MerkleHash *right)
{
	return merkle_hash(0x01, left->bytes, sizeof(left->bytes), right->bytes, sizeof(right->bytes));
}

static void
merkle_add(MerkleTree *tree, MerkleHash leaf)
{
	/* As a binary counter carries: each bit that is set is a tree to join. */
	for (int64 bits = tree->nleaves; bits & 1; bits >>= 1)
	{
		tree->ntrees--;
		leaf = merkle_node(&tree->root[tree->ntrees], &leaf);
	}
	tree->root[tree->ntrees++] = leaf;
	tree->nleaves++;
}

static MerkleHash
merkle_finish(const MerkleTree *tree)
{
	MerkleHash	root;

	if (tree->ntrees == 0)
		return merkle_hash(-1, NULL, 0, NULL, 0);

	root = tree->root[tree->ntrees - 1];
	for (int i = tree->ntrees - 2; i >= 0; i--)
		root = merkle_node(&tree->root[i], &root);

	return root;
}

/* The aggregate's state, made at the first leaf; and the leaf, not null. */
static MerkleTree *
merkle_state(FunctionCallInfo fcinfo, bytea **leaf)
{
	MemoryContext aggregate;
	MerkleTree *tree;

	if (!AggCheckCallContext(fcinfo, &aggregate))
		elog(ERROR, "merkle_root called in non-aggregate context");
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("a leaf must not be null"));

	*leaf = PG_GETARG_BYTEA_PP(1);
	if (!PG_ARGISNULL(0))
		return (MerkleTree *) PG_GETARG_POINTER(0);

	tree = MemoryContextAlloc(aggregate, sizeof(MerkleTree));
	tree->nleaves = 0;
	tree->ntrees = 0;

	return tree;
}

/* (internal, leaf bytea) => internal */
Datum
merkle_root_transfn(PG_FUNCTION_ARGS)
{
	bytea	   *leaf;
	MerkleTree *tree = merkle_state(fcinfo, &leaf);

	merkle_add(tree, merkle_leaf((uint8 *) VARDATA_ANY(leaf), VARSIZE_ANY_EXHDR(leaf)));

	PG_RETURN_POINTER(tree);
}

/* (internal, leaf hash bytea) => internal */
Datum
_merkle_root_of_hashes_transfn(PG_FUNCTION_ARGS)
{
	bytea	   *leaf;
	MerkleTree *tree = merkle_state(fcinfo, &leaf);
	MerkleHash	hash;

	if (VARSIZE_ANY_EXHDR(leaf) != sizeof(hash.bytes))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("the hash of a leaf has %d bytes, not %d",
					   (int) sizeof(hash.bytes), (int) VARSIZE_ANY_EXHDR(leaf)));
	memcpy(hash.bytes, VARDATA_ANY(leaf), sizeof(hash.bytes));
	merkle_add(tree, hash);

	PG_RETURN_POINTER(tree);
}

/* (internal) => bytea; there is a root of no leaves */
Datum
merkle_root_finalfn(PG_FUNCTION_ARGS)
{
	static const MerkleTree empty = {0};
	MerkleHash	root;
	bytea	   *result;

	root = merkle_finish(PG_ARGISNULL(0) ? &empty : (MerkleTree *) PG_GETARG_POINTER(0));

	result = palloc(VARHDRSZ + sizeof(root.bytes));
	SET_VARSIZE(result, VARHDRSZ + sizeof(root.bytes));
	memcpy(VARDATA(result), root.bytes, sizeof(root.bytes));

	PG_RETURN_BYTEA_P(result);
}
