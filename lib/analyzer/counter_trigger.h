// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// One threshold on a metric of counters: which data sources crossed, which have fired, which are
/// armed again; private to this folder (trigger.h is the same for flows).
///
///     counter_triggers_tick(t, a, "ifinutilization", filter);   // once per tick, after the merge
///     ... t->event[0 .. t->n_events), largest first ...
///
/// A metric changes only when its data source sends counters: looked at are the data sources that
/// sent some in this tick (metrics.touched), and those that have fired. Between two samples a
/// metric is what it was; one that is gone is below. Texts never cross.
///
/// Thread-safety: the leading aggregator. Memory: the caller's, counter_triggers_size(). Limits:
/// `max` data sources; a crossing beyond fires nothing and is counted.

#include "analyzer/lookup.h"
#include "analyzer/source_filter.h"
#include "analyzer/threshold.h"

/// A data source (port) that fired.
struct counter_trigger {
	uint32_t port;
	uint64_t above; ///< ns: when it was last seen at or above the limit
};

struct counter_event {
	uint32_t port;
	double value;
	uint64_t time; ///< ns: when it was said
};

struct counter_triggers {
	double limit;
	uint64_t timeout; ///< ns
	uint64_t events;  ///< so far
	uint64_t full;    ///< crossings that found no room
	uint32_t n, max;
	struct counter_trigger *item; ///< from 1 on
	struct lookup lookup;
	struct counter_event *event; ///< of this tick, at most `max`
	uint32_t n_events;
};

size_t counter_triggers_size(uint32_t max);
/// @p mem: zeroed, aligned to CARVE_ALIGN.
void counter_triggers_init(struct counter_triggers *t, void *mem, const struct threshold_spec *spec,
			   uint32_t max);
void counter_triggers_tick(struct counter_triggers *t, const struct analyzer *a, const char *metric,
			   struct source_filter *filter);
