// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// How long something took, in powers of two.
///
/// Bucket i counts values below 2^i that bucket i-1 did not: 0, 1, 2..3, 4..7, ... ns, up to 2^39
/// ns (nine minutes), where the last one takes all the rest. A quantile is therefore right to a
/// factor of two, the maximum and the mean are exact.
///
/// Threading: one thread writes (relaxed stores), anybody reads (relaxed loads) each number whole;
/// numbers read while the writer works may be one value apart. Memory: 344 bytes, no pointer.

#include <stdint.h>

#define HISTOGRAM_BUCKETS 40

struct histogram {
	uint64_t n;   ///< values
	uint64_t sum; ///< ns
	uint64_t max; ///< ns
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

static inline void histogram_store(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static inline uint64_t histogram_load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline unsigned histogram_bucket(uint64_t ns)
{
	const unsigned width = ns == 0 ? 0 : 64 - (unsigned)__builtin_clzll(ns);
	return width < HISTOGRAM_BUCKETS ? width : HISTOGRAM_BUCKETS - 1;
}

static inline void histogram_add(struct histogram *h, uint64_t ns)
{
	uint64_t *bucket = &h->bucket[histogram_bucket(ns)];
	histogram_store(bucket, *bucket + 1);
	histogram_store(&h->n, h->n + 1);
	histogram_store(&h->sum, h->sum + ns);
	if (ns > h->max)
		histogram_store(&h->max, ns);
}

/// The upper end of the bucket that holds the @p share quantile (0 to 1), at most the maximum; 0
/// when empty.
static inline uint64_t histogram_quantile(const struct histogram *h, double share)
{
	const uint64_t max = histogram_load(&h->max);
	const double rank = share * (double)histogram_load(&h->n);
	uint64_t below = 0;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		below += histogram_load(&h->bucket[i]);
		const uint64_t end = (UINT64_C(1) << i) - 1;
		if ((double)below >= rank && below > 0)
			return end < max ? end : max;
	}
	return max;
}
