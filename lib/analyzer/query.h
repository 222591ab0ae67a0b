// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The one way to read merged state: rows. Feed, tests and, later, REST use nothing else.
///
/// Thread-safety: callers hold the analyzer's lock (app/weir/aggregator.h). A query works in slices
/// so that nobody holds it long. Memory: rows and their texts are the caller's copies.

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "program/program.h"

/// Secondary values per row at most.
#define FLOW_ROW_VALUES 16

/// One flow on one data source. A plain value: copying the struct copies everything.
struct flow_row {
	struct addr agent;
	uint32_t ds_class, ds_index;
	uint32_t direction;  ///< enum packet_direction
	char agent_name[64]; ///< from the telemetry; "" = not known
	char port_name[64];  ///< from the telemetry; "" = not known
	uint16_t key_size;
	uint8_t key[PROGRAM_KEY_MAX]; ///< as gathered; flow_def_key_part() takes it apart
	char key_text[512];           ///< flow_def_key_format(); cut if longer
	double value;                 ///< smoothed rate: bytes/s, frames/s
	double error;                 ///< half width of the 95 % interval, in the unit of `value`
	double n_effective;           ///< V^2 / q: how many samples the value rests on
	double inherited;             ///< part of `value` that came from other keys
	uint64_t samples;             ///< of this key since it was entered
	uint64_t last;                ///< ns: time of the latest sample, on the analyzer's clock
	uint32_t n_values;
	double values[FLOW_ROW_VALUES]; ///< secondary values, in the order of the definition
};

/// What stands beside the rows of one definition.
struct flow_summary {
	double total;     ///< smoothed rate over all flows and data sources
	double tracked;   ///< part of it that belongs to keys with an entry (total - inherited)
	double floor;     ///< largest rate that a key without an entry may have
	uint64_t entries; ///< in use
	uint64_t capacity;
	uint64_t samples; ///< measured since the definition was set
	uint64_t evicted; ///< entries merged into others because the store was full
};

struct analyzer;

/// The @p n largest flows over all data sources, descending by value (ties by key and source), as
/// at the latest tick. Returns the number of rows written; @p summary may be NULL.
size_t query_top(const struct analyzer *a, uint32_t def, struct flow_row *rows, size_t n,
		 struct flow_summary *summary);

/// The @p n largest flows of one data source; @p agent and the rest select it.
size_t query_source(const struct analyzer *a, uint32_t def, const struct addr *agent,
		    uint32_t ds_class, uint32_t ds_index, struct flow_row *rows, size_t n);

/// One agent as merged over workers; what `agents` shows.
struct agent_row {
	struct addr agent;
	uint32_t sub_agent;
	char name[64];
	struct addr via; ///< UDP source of its latest datagram
	uint64_t datagrams, bytes, lost, duplicates, late, restarts;
	uint64_t flow_samples, lost_samples, counters_samples, discards;
	uint32_t sources;     ///< data sources with flow samples
	uint32_t uptime;      ///< ms
	uint64_t first, last; ///< ns on the analyzer's clock
};

/// Agents from index @p from (0 = first) on; returns rows written. Page by adding what came back.
size_t query_agents(const struct analyzer *a, size_t from, struct agent_row *rows, size_t n);

/// One data source: the exact cell, accumulated and as rates.
struct source_row {
	struct addr agent;
	uint32_t sub_agent;
	uint32_t ds_class, ds_index, direction;
	char port_name[64];
	uint64_t samples;
	double bytes, frames;             ///< scaled totals since the start
	double bytes_rate, frames_rate;   ///< per second, smoothed with t = 2 s
	double bytes_error, frames_error; ///< half widths at 95 %
	uint32_t sampling_rate;           ///< latest, as sent
	double effective_rate;            ///< growth of sample_pool / samples received; 0 = unknown
	uint64_t lost_samples, drops;
	uint64_t discards;
	uint64_t last;  ///< ns
	uint32_t flags; ///< SOURCE_* of bank.h, ever seen
};

size_t query_sources(const struct analyzer *a, size_t from, struct source_row *rows, size_t n);
