// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Blocks of many sizes in one bounded piece of memory.
///
///     uint32_t h = slab_take(&s, 200);      // 0: nothing left
///     struct thing *t = slab_at(&s, h);     // zeroed
///     slab_give(&s, h);
///
/// The memory is cut into pages of SLAB_PAGE bytes, each of which serves blocks of one size (a
/// multiple of SLAB_UNIT). A page whose blocks are all given back serves any size again, so that
/// memory does not stay with a kind of block that is no longer wanted. Taking and giving are O(1).
///
/// Thread-safety: one thread at a time. Memory: the caller's (carve.h), slab_layout(). Limits: a
/// block has at most SLAB_PAGE bytes; at most 128 GiB.

#include <stdint.h>

#include "base/carve.h"

#define SLAB_UNIT    32
#define SLAB_PAGE    8192
#define SLAB_CLASSES (SLAB_PAGE / SLAB_UNIT + 1) ///< by units of a block, from 1

struct slab_page {
	uint32_t next, prev; ///< page + 1 in a list; 0 = end
	uint16_t units;      ///< of its blocks; 0 = serves none
	uint16_t used;       ///< blocks taken
	uint16_t made;       ///< blocks ever taken since it serves this size
	uint16_t free;       ///< first unit of a given-back block + 1; 0 = none
};

struct slab {
	uint8_t *base;
	struct slab_page *page;
	uint32_t n_pages, n_fresh;      ///< in all; the first that was never used
	uint32_t empty;                 ///< list of pages that serve no size
	uint32_t partial[SLAB_CLASSES]; ///< lists of pages with room
	uint64_t used;                  ///< bytes in blocks that are taken
	uint64_t refused;               ///< blocks that found no room
};

void slab_layout(struct slab *s, struct carve *c, uint64_t bytes);
/// A zeroed block of at least @p size bytes; 0 when there is no room (counted in `refused`).
uint32_t slab_take(struct slab *s, uint32_t size);
/// Give a block back; 0 does nothing.
void slab_give(struct slab *s, uint32_t block);
/// Bytes that a block of this handle has.
uint32_t slab_block_size(const struct slab *s, uint32_t block);

static inline void *slab_at(const struct slab *s, uint32_t block)
{
	return s->base + (uint64_t)(block - 1) * SLAB_UNIT;
}
