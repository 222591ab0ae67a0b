// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// How many distinct values: exact while few, a sketch above, mergeable always.
///
///     struct distinct d = {0};
///     distinct_add(&pool, &d, hash);            // one value seen
///     distinct_merge(&pool, &d, &other_pool, &e);
///     double n = distinct_count(&pool, &d);
///     distinct_drop(&pool, &d);
///
/// Up to DISTINCT_EXACT hashes are kept as they are: one source counts exactly 1. Beyond, a
/// HyperLogLog sketch (Flajolet et al. 2007) of 2^15 registers is taken from the pool, with the
/// estimator of Ertl ("New cardinality estimation algorithms for HyperLogLog sketches", 2017),
/// which needs no tables and has a standard error of 0.57 % from the first value to the last. When
/// the pool is used up the six smallest hashes stay, and the count is estimated from them (k
/// minimum values, Bar-Yossef et al. 2002; standard error about 50 %): bounded, never wrong by
/// design, and counted in `refused`.
///
/// All bits zero is an empty set, so that a relabelled table entry is reset by clearing it (a
/// sketch it held comes back when the pool is cleared).
///
/// Threading: one thread at a time per pool. Memory: the caller's, distinct_pool_size() bytes. The
/// caller hashes with its secret; equal values must have equal hashes, also over a merge.

#include <stddef.h>
#include <stdint.h>

#define DISTINCT_EXACT     6
#define DISTINCT_BITS      15
#define DISTINCT_REGISTERS (1u << DISTINCT_BITS)

struct distinct {
	uint64_t hash[DISTINCT_EXACT]; ///< the smallest seen, unordered; n of them
	uint32_t sketch;               ///< index in the pool from 1 on; 0 = none
	uint16_t n;                    ///< hashes kept
	uint16_t over;                 ///< more were seen than are kept
	double least;                  ///< at least so many, from a sketch that found no room
};

struct distinct_pool {
	uint8_t *registers; ///< DISTINCT_REGISTERS each
	uint32_t *free;     ///< indices given back
	uint32_t n;         ///< sketches in all
	uint32_t used;      ///< given out for the first time
	uint32_t n_free;
	uint64_t refused; ///< times that a sketch was wanted and none was left
};

size_t distinct_pool_size(uint32_t n);
/// @p mem: aligned to 64 bytes; need not be zeroed.
void distinct_pool_init(struct distinct_pool *p, void *mem, uint32_t n);
/// Take all sketches back; sets that hold one must be forgotten by then. O(1).
void distinct_pool_clear(struct distinct_pool *p);

void distinct_add(struct distinct_pool *p, struct distinct *d, uint64_t hash);
/// Add everything in @p from, whose sketch lies in @p from_pool, to @p d. @p from is unchanged.
void distinct_merge(struct distinct_pool *p, struct distinct *d,
		    const struct distinct_pool *from_pool, const struct distinct *from);
double distinct_count(const struct distinct_pool *p, const struct distinct *d);
/// Count of the union of two sets of one pool, neither of which changes.
double distinct_count_union(const struct distinct_pool *p, const struct distinct *a,
			    const struct distinct *b);
/// Empty the set and give its sketch back.
void distinct_drop(struct distinct_pool *p, struct distinct *d);
