// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The analyzer from the inside; private to this folder (analyzer.h, query.h are the contracts).

#include "analyzer/analyzer.h"
#include "analyzer/flow.h"
#include "analyzer/source.h"
#include "analyzer/topology.h"

/// Half width of a 95 % interval in standard deviations.
#define QUERY_Z95 1.96

/// A threshold as configured.
struct threshold {
	char *name, *metric;
	struct threshold_spec spec; ///< its texts are the two above
	uint32_t def;               ///< index of the flow
	uint32_t rule;              ///< index in its triggers
};

/// What a tick found, before it has a number.
struct found {
	const struct flow *flow;
	uint32_t threshold;
	uint32_t entry;
	double own;
};

struct analyzer {
	struct analyzer_config config;
	const struct program *program;
	struct sources sources;
	struct flow *flow; ///< one per definition
	struct threshold *threshold;
	uint32_t n_thresholds;
	struct found *found;         ///< scratch of analyzer_tick_end()
	struct flow_row *row;        ///< of the tick's events
	uint32_t *pick;              ///< scratch of queries: entries of one store
	struct unknown_tags unknown; ///< samples and records of all workers since the start
	struct topology *topology;   ///< NULL = not known
	uint32_t topology_version;   ///< how often it was set
	uint64_t ticks, now;
	uint64_t events, events_lost;
	void *memory; ///< what all of it lies in
};

/// Fill in a row (query.c).
void query_row(const struct analyzer *a, const struct flow *f, uint32_t entry,
	       struct flow_row *row);

/// Where a port is in the topology (query.c).
struct topology_place query_place_of(const struct analyzer *a, uint32_t port);

/// What stands beside the rows of a flow (query.c).
void query_summary(const struct flow *f, struct flow_summary *summary);
