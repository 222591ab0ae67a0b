// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Cut one block of memory into arrays, and learn beforehand how large it must be.
///
/// One function lays out a structure; run over a NULL base it only measures, so that the size and
/// the layout cannot disagree:
///
///     static void layout(struct thing *t, struct carve *c, uint32_t n)
///     {
///             t->slot = carve(c, n, sizeof(*t->slot)); // sets pointers, writes through none
///     }
///     size_t thing_size(uint32_t n) { struct thing t; struct carve c = {0};
///                                     layout(&t, &c, n); return c.used; }
///
/// Thread-safety: values only. Memory: the caller's; every array begins on a cache line.

#include <stddef.h>
#include <stdint.h>

#define CARVE_ALIGN 64

struct carve {
	uint8_t *base; ///< aligned to CARVE_ALIGN; NULL = only measure
	size_t used;   ///< bytes, a multiple of CARVE_ALIGN
};

/// The next @p n items of @p size bytes; NULL while measuring.
static inline void *carve(struct carve *c, size_t n, size_t size)
{
	void *p = c->base == NULL ? NULL : c->base + c->used;
	c->used += (n * size + CARVE_ALIGN - 1) / CARVE_ALIGN * CARVE_ALIGN;
	return p;
}

/// The first aligned byte of a block that has CARVE_ALIGN bytes more than is needed.
static inline uint8_t *carve_start(void *block)
{
	uint8_t *p = block;
	return p + (CARVE_ALIGN - (uintptr_t)p % CARVE_ALIGN) % CARVE_ALIGN;
}
