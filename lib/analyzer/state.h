// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The analyzer from the inside; private to this folder (analyzer.h, query.h are the contracts).

#include "analyzer/analyzer.h"
#include "analyzer/counter_trigger.h"
#include "analyzer/event_field.h"
#include "analyzer/flow.h"
#include "analyzer/metric.h"
#include "analyzer/names.h"
#include "analyzer/source.h"
#include "analyzer/topology.h"

/// Half width of a 95 % interval in standard deviations.
#define QUERY_Z95 1.96

/// A threshold; its texts lie behind it.
struct threshold {
	struct threshold_spec spec;
	const struct flow *flow;          ///< NULL: its metric is one of counters, if there is one
	struct source_filter *filter;     ///< its data sources
	struct triggers triggers;         ///< on a flow
	struct counter_triggers counters; ///< else
	uint64_t events;                  ///< of earlier lives, on another flow or on none
	void *memory;                     ///< of triggers and filter
};

/// What a threshold did so far, in this life.
struct threshold_tally {
	uint64_t events, full;
	uint32_t triggered;
};

static inline struct threshold_tally threshold_tally(const struct threshold *t)
{
	const struct triggers *f = &t->triggers;
	const struct counter_triggers *c = &t->counters;
	return t->flow != NULL ? (struct threshold_tally){f->events, f->full, f->n}
			       : (struct threshold_tally){c->events, c->full, c->n};
}

/// What is measured: replaced as a whole (change.c).
struct analyzer_set {
	const struct program *program;
	uint32_t n_flows; ///< of the program, which may be gone when the set is freed
	struct flow **flow;
	struct threshold **threshold;
	uint32_t n_thresholds;
	struct triggers **triggers; ///< of all flows, one flow after the other
	uint32_t *pick;             ///< scratch of query_top(): as many entries as it may give
};

struct analyzer {
	struct analyzer_config config;
	struct sources sources;
	struct metrics metrics;
	struct analyzer_set set;
	struct flow_row *row;           ///< of the tick's events
	uint64_t seen[SEEN_WORDS * 64]; ///< ns: when samples had which field (bank.h); 0 = never
	struct event_fields event_fields;
	struct unknown_tags unknown; ///< samples and records of all workers since the start
	struct names *names;         ///< that people gave; NULL = none
	uint32_t names_version;      ///< how often they were set
	struct topology *topology;   ///< NULL = not known
	uint32_t topology_version;   ///< how often it was set
	uint32_t marked_version;     ///< of which the ports know whether they are edges
	uint32_t marked_ports, mark_hand;
	uint64_t ticks, now;
	uint64_t events, events_lost;
	uint64_t triggered_full; ///< of thresholds that are gone
	void *memory;            ///< what sources and rows lie in
};

/// Of definition @p def (change.c).
struct store_config analyzer_store_config(const struct analyzer *a, uint32_t def);
/// Bytes of a set of @p program without thresholds; of @p a only the configuration is read.
size_t analyzer_set_size(const struct analyzer *a, const struct program *program);
/// Bytes of a threshold of such a set at most, whatever its metric; likewise.
size_t analyzer_threshold_size(const struct analyzer *a, const struct program *program,
			       const struct threshold_spec *spec);
/// Free all of it.
void analyzer_set_clear(struct analyzer_set *set);

/// The part of a row that its data source tells (query.c).
void query_fill_source(const struct analyzer *a, uint32_t source, struct flow_row *row);

/// Fill in a row (query.c).
void query_row(const struct analyzer *a, const struct flow *f, uint32_t entry,
	       struct flow_row *row);

/// What a port and its agent are called: by the telemetry, else by people, else "".
struct known {
	const char *agent, *port;
	const char *link; ///< by people; NULL = not said
	uint64_t speed;
};
struct known query_known(const struct analyzer *a, uint32_t port);
/// The agent alone.
const char *query_agent_name(const struct analyzer *a, const struct agent *agent);

/// Where a port is in the topology (query.c).
struct topology_place query_place_of(const struct analyzer *a, uint32_t port);

/// Fill in the row of a data source's counter (query.c).
void query_counter_row(const struct analyzer *a, const struct counter_event *e,
		       struct flow_row *row);

/// What stands beside the rows of a flow (query.c).
void query_summary(const struct flow *f, struct flow_summary *summary);
