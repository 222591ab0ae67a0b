// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The data sources that a threshold looks at: those whose counters and texts match its `filter`
/// (threshold.h); private to this folder.
///
/// What is asked for is a metric of the data source itself, or a text of its agent's host, as in
/// metric_query.h; never a flow, whose store another thread may be merging. An answer stands for
/// one tick: many flows of one data source cost one look.
///
/// Thread-safety: one thread per filter, which reads the metrics while nobody writes them.
/// Memory: the caller's, source_filter_size() bytes, 2 kB and the texts.

#include "analyzer/metric_query.h"

#define SOURCE_FILTER_SLOTS 128

struct source_filter {
	const struct analyzer *analyzer;
	struct metric_filter *filter;
	uint32_t n; ///< 0: everything passes
	/// What is known, by port modulo its length.
	struct {
		uint32_t port;
		bool passes;
		uint64_t tick;
	} known[SOURCE_FILTER_SLOTS];
};

/// What a filter of this text takes; NULL is none.
size_t source_filter_size(const char *text);
/// @p mem: zeroed, aligned to CARVE_ALIGN. The text is copied.
struct source_filter *source_filter_init(void *mem, const struct analyzer *a, const char *text);
/// True for a data source (a port) that the threshold looks at.
bool source_filter_passes(struct source_filter *f, uint32_t port);
