// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Sums by flow id, without bound: what an exact collector would hold. Rows keep the order in which
/// ids first came, so that output is the same on every run.
///
/// Thread-safety: one thread. Memory: 40 bytes a row and 8 of index, doubled when full.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sum {
	uint64_t samples;
	uint64_t bytes; ///< of sampled frames, not scaled
};

struct tally_row {
	uint64_t id;
	struct sum sent, arrived;
};

struct tally {
	struct tally_row *rows;
	size_t n_rows;
	size_t size;     ///< rows allocated
	uint32_t *index; ///< row number + 1, open addressing; 2 * size cells
};

/// Count one sample of flow @p id. 0 or ERR_MEMORY.
int tally_add(struct tally *t, uint64_t id, uint32_t bytes, bool lost);
/// Forget the rows, keep the memory.
void tally_clear(struct tally *t);
void tally_free(struct tally *t);
/// Count one sample in @p row.
void tally_count(struct tally_row *row, uint32_t bytes, bool lost);
