// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// From the hash of something to its number: open addressing with linear probing, at most half
/// full. Numbers start at 1. Whoever looks compares the thing itself, since a tag is 32 bits of
/// the hash:
///
///     for (uint32_t at = tag, i; (i = lookup_next(l, tag, &at)) != 0;)
///             if (item[i] equals what is sought)
///                     return i;
///
/// Removal shifts later slots back (Knuth, TAOCP 6.4, algorithm R), so there are no tombstones and
/// probes stay short for ever.
///
/// Thread-safety: one thread at a time. Memory: the caller's (carve.h).

#include <stdint.h>

#include "base/carve.h"

struct lookup_slot {
	uint32_t tag;
	uint32_t item; ///< 0 = free
};

struct lookup {
	struct lookup_slot *slot;
	uint32_t mask; ///< slots - 1
};

static inline uint32_t lookup_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

/// Room for @p items; the memory must be zeroed.
static inline void lookup_layout(struct lookup *l, struct carve *c, uint32_t items)
{
	uint64_t slots = 16;
	while (slots < 2 * (uint64_t)items)
		slots *= 2;
	l->mask = (uint32_t)(slots - 1);
	l->slot = carve(c, slots, sizeof(*l->slot));
}

static inline void lookup_prefetch(const struct lookup *l, uint32_t tag)
{
	__builtin_prefetch(&l->slot[tag & l->mask]);
}

/// The next item that carries @p tag; 0 = no more. @p at starts as the tag.
static inline uint32_t lookup_next(const struct lookup *l, uint32_t tag, uint32_t *at)
{
	for (;;) {
		const struct lookup_slot *s = &l->slot[(*at)++ & l->mask];
		if (s->item == 0 || s->tag == tag)
			return s->item;
	}
}

/// Enter an item that is not there. At most half the slots may be in use.
static inline void lookup_insert(struct lookup *l, uint32_t tag, uint32_t item)
{
	uint32_t at = tag & l->mask;
	while (l->slot[at].item != 0)
		at = (at + 1) & l->mask;
	l->slot[at] = (struct lookup_slot){.tag = tag, .item = item};
}

/// Take out an item that is there.
static inline void lookup_remove(struct lookup *l, uint32_t tag, uint32_t item)
{
	uint32_t hole = tag & l->mask;
	while (l->slot[hole].item != item)
		hole = (hole + 1) & l->mask;
	for (uint32_t at = hole;;) {
		at = (at + 1) & l->mask;
		if (l->slot[at].item == 0)
			break;
		// It may fill the hole unless its home lies behind the hole (cyclically).
		if (((at - l->slot[at].tag) & l->mask) < ((at - hole) & l->mask))
			continue;
		l->slot[hole] = l->slot[at];
		hole = at;
	}
	l->slot[hole].item = 0;
}
