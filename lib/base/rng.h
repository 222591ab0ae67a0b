// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A small fast random generator: xoshiro256** seeded by splitmix64 (Blackman and Vigna, "Scrambled
/// Linear Pseudorandom Number Generators", 2018). Deterministic by seed; not for secrets.
///
/// Thread-safety: one generator belongs to one thread.

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

static inline uint64_t rng_splitmix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline struct rng rng_seeded(uint64_t seed)
{
	struct rng r;
	for (int i = 0; i < 4; i++)
		r.s[i] = rng_splitmix(&seed);
	return r;
}

static inline uint64_t rng_rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

/// 64 uniform bits.
static inline uint64_t rng_u64(struct rng *r)
{
	const uint64_t out = rng_rotl(r->s[1] * 5, 7) * 9;
	const uint64_t t = r->s[1] << 17;
	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = rng_rotl(r->s[3], 45);
	return out;
}

/// Uniform in [0, 1) with 53 bits.
static inline double rng_double(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

/// Uniform in [0, n); @p n > 0. Multiply-shift (Lemire 2019); the bias below n/2^64 is ignored.
static inline uint64_t rng_below(struct rng *r, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)rng_u64(r) * n) >> 64);
}
