// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// An analyzer with the banks of eight workers, for benchmarks: one 5-tuple definition, tables of
/// 16,384 entries in use to three quarters. The banks together are larger than the L2 cache, as in
/// life, where other cores wrote them.
///
///     struct tick_rig *r = tick_rig_new(
///             &(struct tick_params){.store_entries = 65536, .n_sources = 1024});
///     tick_fill(r, n_flows);        // the banks of an interval
///     double ns = tick_pass(r);     // per entry in use, of its tick
///     tick_rig_free(r);
///
/// Thread-safety: one thread. Errors end the program.

#include "analyzer/analyzer.h"
#include "bench.h"

#define TICK_WORKERS 8
#define TICK_ENTRIES 16384
#define TICK_FILL    (TICK_ENTRIES * 3 / 4)
#define TICK_NS      100000000u

struct tick_params {
	uint32_t store_entries;
	uint32_t n_sources; ///< > 0; 32 to an agent; data sources of ports
	int small_pages;
};

struct tick_rig {
	struct program *program;
	struct bank *bank[TICK_WORKERS];
	struct intake *intake[TICK_WORKERS];
	struct bank_config config;
	struct analyzer *analyzer;
	struct rng rng;
	uint32_t n_sources;
	uint64_t now;
	uint64_t unique; ///< keys made that never come again
	void *mapping[2 * TICK_WORKERS];
	size_t mapped[2 * TICK_WORKERS];
	unsigned n_mapped;
};

struct tick_rig *tick_rig_new(const struct tick_params *params);
void tick_rig_free(struct tick_rig *r);
/// New banks: flows out of @p n_flows known ones, or, if that is 0, each for the first time.
void tick_fill(struct tick_rig *r, uint64_t n_flows);
/// From analyzer_tick_begin() to analyzer_tick_end(): ns of CPU time per entry in use.
double tick_pass(struct tick_rig *r);
