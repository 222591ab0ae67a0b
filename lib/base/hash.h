// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The keyed hash of flow keys, agents and data sources.
///
/// A folded 64x64->128-bit multiply of secret-masked words, the step that XXH3 uses for short
/// inputs ("mix16B"). The secret takes part before the multiply, hence which keys collide depends
/// on it: somebody who can send samples but not read our memory cannot aim at one bucket. (A seed
/// in CRC32 would not do: CRC is linear, the difference of two keys' hashes is independent of the
/// seed.) Keys are whole 8-byte words, zero padded by whoever builds them, so there is no tail.
///
/// Thread-safety: a secret is read-only after hash_secret_init().

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/rng.h"

/// Words of secret; a key of up to this many words uses each word once, longer keys wrap round.
#define HASH_SECRET_WORDS 16

struct hash_secret {
	uint64_t word[HASH_SECRET_WORDS];
};

/// Derive a secret. The daemon passes 64 bits of getrandom(2); tests pass a constant.
static inline void hash_secret_init(struct hash_secret *s, uint64_t seed)
{
	for (int i = 0; i < HASH_SECRET_WORDS; i++)
		s->word[i] = rng_splitmix(&seed) | 1;
}

static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	const unsigned __int128 p = (unsigned __int128)a * b;
	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/// Hash two words that are in registers.
static inline uint64_t hash_pair(const struct hash_secret *s, uint64_t a, uint64_t b)
{
	const uint64_t h = hash_fold(a ^ s->word[0], b ^ s->word[1]);
	return hash_fold(h ^ s->word[2], 0x9e3779b97f4a7c15u);
}

/// Hash @p n_words 8-byte words at @p key (no alignment needed).
static inline uint64_t hash_words(const struct hash_secret *s, const void *key, size_t n_words)
{
	const uint8_t *p = key;
	const uint64_t *secret = s->word;
	uint64_t h = s->word[HASH_SECRET_WORDS - 1];
	for (; n_words >= 2; n_words -= 2, p += 16) {
		uint64_t a, b;
		memcpy(&a, p, 8);
		memcpy(&b, p + 8, 8);
		h += hash_fold(a ^ secret[0], b ^ secret[1]);
		secret = secret + 4 <= s->word + HASH_SECRET_WORDS ? secret + 2 : s->word;
	}
	if (n_words != 0) {
		uint64_t a;
		memcpy(&a, p, 8);
		h += hash_fold(a ^ secret[0], s->word[HASH_SECRET_WORDS - 2]);
	}
	// Two sums that differ only high up must differ low down too: one more fold.
	return hash_fold(h ^ s->word[HASH_SECRET_WORDS - 3], 0x9e3779b97f4a7c15u);
}

/// Hash any bytes (names, texts): the tail is padded with zeros and the length takes part.
static inline uint64_t hash_bytes(const struct hash_secret *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t h = len;
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t a;
		memcpy(&a, p, 8);
		h = hash_fold(h ^ a ^ s->word[0], s->word[1]) + s->word[2];
	}
	uint64_t tail = 0;
	memcpy(&tail, p, len);
	h = hash_fold(h ^ tail ^ s->word[3], s->word[4] ^ h);
	// One multiply of neighbours gives an even sequence, not an irregular one: fold once more.
	return hash_fold(h ^ s->word[5], s->word[6]);
}
