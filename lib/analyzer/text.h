// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Texts of agents (names of hosts, ports, releases), each kept once and counted by its users.
///
///     uint32_t t = texts_enter(&x, bytes, len);   // 0: empty, or no room
///     puts(texts_str(&x, t));
///     texts_drop(&x, t);
///
/// Texts are the sender's: what is not printable ASCII becomes `?`, what lies behind a NUL or is
/// longer than TEXT_MAX is cut.
///
/// Thread-safety: one thread enters and drops; others may read between. Memory: the caller's, the
/// texts themselves in a slab. Limits: `max` texts; beyond, 0 and counted.

#include <stdint.h>

#include "analyzer/lookup.h"
#include "analyzer/slab.h"
#include "base/hash.h"

#define TEXT_MAX 255

struct text {
	uint32_t users;
	uint32_t tag;
	uint32_t len;
	char text[]; ///< ends in NUL
};

struct texts {
	struct slab *slab;
	struct lookup lookup;
	struct hash_secret secret;
	uint32_t n, max;
	uint64_t refused; ///< because `max` or the slab is used up
};

void texts_layout(struct texts *t, struct carve *c, struct slab *slab, uint32_t max,
		  const struct hash_secret *secret);
/// One more user of a text.
uint32_t texts_enter(struct texts *t, const void *bytes, size_t len);
/// One user less; 0 does nothing.
void texts_drop(struct texts *t, uint32_t text);
/// A text that is there already, without becoming its user; 0 = none.
uint32_t texts_find(const struct texts *t, const char *text, size_t len);

static inline const struct text *texts_at(const struct texts *t, uint32_t text)
{
	return slab_at(t->slab, text);
}

/// "" for 0.
static inline const char *texts_str(const struct texts *t, uint32_t text)
{
	return text == 0 ? "" : texts_at(t, text)->text;
}
