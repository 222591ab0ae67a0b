// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// One flow definition, measured: its store, its thresholds, its place in the tick.
///
/// Merging a worker's table is translating the source in front of each key, then store_add(). A
/// definition without keys, filter and secondary values has one flow per data source, and its sums
/// are what the source cells of the bank hold: those are taken instead of the table, so that the
/// answer is exact however many sources there are.
///
/// With `aggMode: agent` the source in front is the agent's own (sources_by_agent()): one flow over
/// all of its data sources. With `aggMode: edge` sources whose port is `inner` are passed over.
///
/// Thread-safety: one thread per definition; it reads the sources' translation, which nobody
/// writes meanwhile. Memory: flow_new() only, flow_size() bytes.

#include "analyzer/source.h"
#include "analyzer/store.h"
#include "analyzer/trigger.h"

struct flow {
	const struct flow_def *def;
	const struct sources *sources;
	struct store store;
	struct triggers *const *triggers; ///< of the thresholds on it; the analyzer's list
	uint32_t n_triggers;
	void *memory;        ///< that it lies in
	bool exact;          ///< from the source cells
	uint64_t samples;    ///< measured since the start
	uint64_t relabelled; ///< entries of workers' tables given to another key
};

/// @p config: entries and max_sources as configured; exact definitions take what they need.
size_t flow_size(const struct flow_def *def, const struct store_config *config);
/// NULL when memory is short.
/// @p advise as in struct analyzer_config.
struct flow *flow_new(const struct flow_def *def, const struct sources *sources,
		      const struct store_config *config, void (*advise)(void *mem, size_t size));
void flow_free(struct flow *f);
/// The program was compiled anew; @p def is the same definition there (program_match()).
void flow_rebind(struct flow *f, const struct flow_def *def);

void flow_begin(struct flow *f, uint64_t start, uint64_t end);
/// Add what the bank of @p worker holds for this definition, its number @p def.
void flow_merge(struct flow *f, uint32_t worker, const struct bank *bank, uint32_t def);
void flow_end(struct flow *f);
