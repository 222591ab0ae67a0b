// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Draw ranks by Zipf's law: rank r (from 0) with probability proportional to 1/(r+1)^s.
///
/// Walker's alias method as Vose builds it ("A Linear Algorithm For Generating Random Numbers With
/// a Given Distribution", 1991): one table look-up and one compare for each draw, whatever n and s
/// are, exact but for the 32 bits of a cell's threshold. For s = 0 and s = 1 only IEEE additions,
/// multiplications and divisions take part, hence the draws are the same on every machine.
///
/// Thread-safety: read-only after creation. Memory: 8 bytes for each rank, none for s = 0.

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

struct zipf_cell {
	uint32_t threshold; ///< of 2^32: below it the cell's own rank, else the alias
	uint32_t alias;
};

struct zipf {
	uint64_t n;
	struct zipf_cell *cells; ///< NULL: uniform
};

/// 0 or ERR_MEMORY. @p n from 1 to 2^32.
int zipf_init(struct zipf *z, uint64_t n, double s);
void zipf_free(struct zipf *z);

static inline uint64_t zipf_draw(const struct zipf *z, struct rng *r)
{
	// The whole part of random * n is a uniform cell, and the fraction is uniform inside it.
	const unsigned __int128 product = (unsigned __int128)rng_u64(r) * z->n;
	const uint64_t cell = (uint64_t)(product >> 64);
	if (z->cells == NULL)
		return cell;
	const uint32_t fraction = (uint32_t)((uint64_t)product >> 32);
	return fraction < z->cells[cell].threshold ? cell : z->cells[cell].alias;
}
