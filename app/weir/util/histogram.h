// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// How long something took, in eighths of powers of two.
///
/// Values below eight ns have a bucket each, and so has each eighth of what lies between a power of
/// two and the next, up to 2^39 ns (nine minutes), where the last bucket takes all the rest. A
/// quantile is therefore at most an eighth too high, the maximum and the mean are exact.
///
/// Threading: one thread writes (relaxed stores), anybody reads (relaxed loads) each number whole;
/// numbers read while the writer works may be one value apart. Memory: 2.4 kB, no pointer.

#include <stdint.h>

#define HISTOGRAM_STEPS   8
#define HISTOGRAM_POWERS  39
#define HISTOGRAM_BUCKETS ((HISTOGRAM_POWERS - 2) * HISTOGRAM_STEPS + 1)

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
	if (ns < HISTOGRAM_STEPS)
		return (unsigned)ns;
	const unsigned power = 63 - (unsigned)__builtin_clzll(ns);
	if (power >= HISTOGRAM_POWERS)
		return HISTOGRAM_BUCKETS - 1;
	return (power - 2) * HISTOGRAM_STEPS + (unsigned)(ns >> (power - 3)) % HISTOGRAM_STEPS;
}

/// The largest value of a bucket that is not the last.
static inline uint64_t histogram_end(unsigned bucket)
{
	if (bucket < HISTOGRAM_STEPS)
		return bucket;
	const unsigned step = HISTOGRAM_STEPS + bucket % HISTOGRAM_STEPS;
	return ((uint64_t)(step + 1) << (bucket / HISTOGRAM_STEPS - 1)) - 1;
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
		if ((double)below >= rank && below > 0)
			return histogram_end(i) < max ? histogram_end(i) : max;
	}
	return max;
}
