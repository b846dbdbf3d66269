/*-------------------------------------------------------------------------
 *
 * vector.h
 *	  Functions whose loops are compiled for the vectors of several processors.
 *
 * The answer is the same on each.  A loop whose iterations are independent gives
 * that for nothing; a sum is held in LANES parts, number l of which gets elements
 * l, l + LANES and so on, however long a vector is; and a product is rounded
 * before it is added to something (what the compilers call contraction is off).
 *
 * IDENTIFICATION
 *	  src/model/vector.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef SHOPANALYTICS_VECTOR_H
#define SHOPANALYTICS_VECTOR_H

#define LANES	8

/* Clones need a loader that picks one, which glibc has. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define VECTORIZED \
	__attribute__((target_clones("avx512f", "avx2", "default"), optimize("O3", "fp-contract=off")))
#elif defined(__GNUC__) && !defined(__clang__)
#define VECTORIZED __attribute__((optimize("O3", "fp-contract=off")))
#else
#define VECTORIZED
#pragma STDC FP_CONTRACT OFF
#endif

/* Always in the same order. */
static pg_attribute_always_inline double
lanes_sum(const double *lane)
{
	return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

#endif							/* SHOPANALYTICS_VECTOR_H */
