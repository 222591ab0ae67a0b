// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A list that only grows, of things found by their identity: agents, ports, sources. An item's
/// identity is its first `id_words` 8-byte words; its number, from 1 on, is for life.
///
/// Thread-safety: one thread enters, any may read what was entered before. Memory: the caller's
/// (carve.h). Limits: `max` items; beyond, roster_enter() returns 0.

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "analyzer/lookup.h"
#include "base/carve.h"
#include "base/hash.h"

struct roster {
	uint8_t *item;
	size_t item_size;
	uint32_t id_words;
	uint32_t n, max; ///< items entered; at most
	struct lookup lookup;
};

static inline void roster_layout(struct roster *r, struct carve *c, size_t item_size,
				 uint32_t id_words, uint32_t max)
{
	*r = (struct roster){.item_size = item_size, .id_words = id_words, .max = max};
	r->item = carve(c, (size_t)max + 1, item_size);
	lookup_layout(&r->lookup, c, max);
}

static inline void *roster_at(const struct roster *r, uint32_t i)
{
	return r->item + i * r->item_size;
}

/// The number of an identity; 0 = not entered.
static inline uint32_t roster_find(const struct roster *r, const struct hash_secret *secret,
				   const void *id)
{
	const uint32_t tag = lookup_tag(hash_words(secret, id, r->id_words));
	for (uint32_t at = tag, i; (i = lookup_next(&r->lookup, tag, &at)) != 0;)
		if (memcmp(roster_at(r, i), id, r->id_words * 8) == 0)
			return i;
	return 0;
}

/// The same, and enter it if it is new: @p *is_new, the rest of the item is zero. 0 = full.
static inline uint32_t roster_enter(struct roster *r, const struct hash_secret *secret,
				    const void *id, bool *is_new)
{
	const uint32_t found = roster_find(r, secret, id);
	*is_new = false;
	if (found != 0)
		return found;
	if (r->n == r->max)
		return 0;
	*is_new = true;
	r->n++;
	memcpy(roster_at(r, r->n), id, r->id_words * 8);
	lookup_insert(&r->lookup, lookup_tag(hash_words(secret, id, r->id_words)), r->n);
	return r->n;
}
