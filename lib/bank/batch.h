// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Additions on their way to a table; private to this folder.

#include "bank/bank.h"

// Additions gathered before a table is touched, so that its cache lines arrive meanwhile.
#define BATCH 32

/// What a secondary value reads from a sample.
union attribute {
	double number; ///< NaN = absent
	uint64_t hash; ///< CELL_COUNT: of the attribute; 0 = absent
};

struct addition {
	uint64_t hash; ///< known when the batch is flushed
	double value;  ///< rate x value
	double rate;
	uint32_t last;
};

/// Additions on their way to one table.
struct batch {
	uint32_t n;
	uint32_t key_size;
	uint8_t *key;            ///< BATCH keys
	union attribute *values; ///< BATCH x n_cell
	struct addition item[BATCH];
};
