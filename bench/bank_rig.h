// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The bank and the intake of one worker, with an operator's flow definitions, for benchmarks.
///
///     struct bank_rig *r = bank_rig_new(&(struct bank_rig_params){1, 1 << 20}, &stats);
///     double ns = bank_rig_pass(r, &load, 0, load.n_datagrams); // an interval, ns per flow sample
///     bank_rig_check(r, n_samples);                             // nothing got lost
///     bank_rig_free(r);
///
/// Thread-safety: one thread per rig. Errors end the program.

#include "bank/bank.h"
#include "bench.h"

/// What there is to choose from: the first is the 5-tuple that the floor counts; the first four are
/// what an operator begins with; all are a busy collector.
#define BANK_RIG_DEFINITIONS 16

struct bank_rig_params {
	unsigned n_def;   ///< the first so many definitions
	uint32_t entries; ///< of each table
	int small_pages;
};

struct bank_rig {
	struct program *program;
	struct bank *bank;
	struct intake *intake;
	struct stats *stats;
	void *mapping[2];
	size_t mapped[2];
};

/// The first @p n definitions. The caller frees them.
struct program *bank_rig_program(unsigned n);
/// @p stats: the worker's, borrowed.
struct bank_rig *bank_rig_new(const struct bank_rig_params *params, struct stats *stats);
void bank_rig_free(struct bank_rig *r);
/// An empty bank, and the same datagrams once more are no duplicates.
void bank_rig_restart(struct bank_rig *r);
/// ns per flow sample of one interval: a fresh bank, and the datagrams from @p first to @p end.
double bank_rig_pass(struct bank_rig *r, const struct load *l, size_t first, size_t end);
/// Ends the program unless all ledgers close and the first table measured @p n_samples.
void bank_rig_check(const struct bank_rig *r, size_t n_samples);
