// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Additions on their way to a table; private to this folder.

#include "bank/bank.h"

// Additions gathered before a table is touched, so that its cache lines arrive meanwhile.
#define BATCH 32

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
	uint8_t *key;   ///< BATCH keys
	double *values; ///< BATCH x n_cell attributes; NaN = absent
	struct addition item[BATCH];
};
