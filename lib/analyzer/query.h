// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The one way to read merged state: rows. Feed, tests and REST use this and view.h, which reads
/// more flows than are kept ready, in slices.
///
/// Thread-safety: callers hold the analyzer's lock (app/weir/core/aggregator.h) for one call at a
/// time, and ask for pages that are short. Memory: rows and their texts are the caller's copies.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/event_field.h"
#include "base/addr.h"
#include "program/program.h"
#include "sflow/unknown.h"

/// Secondary values per row at most.
#define FLOW_ROW_VALUES PROGRAM_VALUES_MAX

/// One flow on one data source. A plain value: copying the struct copies everything.
struct flow_row {
	struct addr agent;
	uint32_t ds_class, ds_index;
	const char *source;  ///< name of a custom data source, kept; NULL: class and index tell
	uint32_t direction;  ///< enum packet_direction
	char agent_name[64]; ///< from the telemetry, or from people (names.h); "" = not known
	char port_name[64];  ///< likewise
	uint16_t key_size;
	uint8_t key[PROGRAM_KEY_MAX]; ///< as gathered; flow_def_key_part() takes it apart
	char key_text[512];           ///< flow_def_key_format(); cut if longer
	double value;       ///< smoothed rate: bytes/s, frames/s; or a figure: avg:, count:
	double error;       ///< half width of the 95 % interval, in the unit of `value`;
			    ///< 0 of figures, which have no known one
	double n_effective; ///< V^2 / q: how many samples the value rests on
	double inherited;   ///< part of `value` that came from other keys
	/// `value` without the correction for datagrams lost on the way; the same if there is none.
	/// Exact while the loss does not change.
	double uncorrected;
	uint64_t samples; ///< of this key since it was entered
	uint64_t last;    ///< ns: time of the latest sample, on the analyzer's clock
	uint32_t n_values;
	double values[FLOW_ROW_VALUES]; ///< secondary values, in the order of the definition
};

/// What stands beside the rows of one definition. The first three are 0 where the value is a figure
/// (avg:, min:, max:, count:), which does not add up.
struct flow_summary {
	double total;     ///< smoothed rate over all flows and data sources
	double tracked;   ///< part of it that belongs to keys with an entry (total - inherited)
	double floor;     ///< largest rate that a key without an entry may have
	uint64_t entries; ///< in use
	uint64_t capacity;
	uint64_t samples;    ///< measured since the definition was set
	uint64_t evicted;    ///< entries merged into others because the store was full
	uint64_t relabelled; ///< the same in the workers' tables: entries given to another key
	uint32_t sources;    ///< data sources with an entry
	uint32_t n;          ///< entries asked for per data source
	uint32_t n_kept; ///< entries that a source is sure to keep: n, or fewer if memory is short
};

struct analyzer;

/// Definitions are told by number, in the order of the program. Numbers change with the program:
/// they are valid while the analyzer's lock is held.
///
///     uint32_t def;
///     if (query_find(a, "pair", &def))
///             n = query_top(a, def, rows, max, &summary);
bool query_find(const struct analyzer *a, const char *name, uint32_t *def);
/// The program itself: likewise.
const struct program *query_program(const struct analyzer *a);
/// How many there are.
uint32_t query_n_flows(const struct analyzer *a);
/// The definition itself; lives as long as its number is valid.
const struct flow_def *query_flow(const struct analyzer *a, uint32_t def);

/// The @p n largest flows over all data sources, descending by value (ties by key and source), as
/// at the latest tick; at most the `top` of the configuration, which are kept ready. More of them,
/// those of one data source, or one row per key: view.h. Returns the number of rows written;
/// @p summary may be NULL.
size_t query_top(const struct analyzer *a, uint32_t def, struct flow_row *rows, size_t n,
		 struct flow_summary *summary);

/// A completed flow (span.h).
struct completed_row {
	struct flow_row flow; ///< its key and data source; `value` is its own total: bytes, frames
	uint64_t start, end;  ///< ns: time of the first and the last sample
};

/// The flows of definition @p def that the latest tick (or analyzer_end_flow()) completed, from the
/// @p from-th on; returns how many were written. They are forgotten with the next tick.
size_t query_completed(const struct analyzer *a, uint32_t def, size_t from,
		       struct completed_row *rows, size_t n);
/// True when there is one.
bool query_completes(const struct analyzer *a, uint32_t def);

/// One agent as merged over workers and sub-agents; what `agents` shows.
struct agent_row {
	struct addr agent;
	uint32_t sub_agents; ///< how many speak for this address
	char name[64];
	struct addr via; ///< UDP source of its latest datagram
	uint64_t datagrams, bytes, lost, duplicates, late, restarts;
	uint64_t flow_samples, lost_samples, counters_samples, discards;
	uint64_t drops;                      ///< that the agent counted, growth since it is known
	uint64_t flow_duplicates, flow_late; ///< flow samples
	/// The same of discarded-packet samples, of which `discards` came.
	uint64_t discard_drops, lost_discards, discard_duplicates, discard_late;
	uint32_t discard_sources;  ///< data sources with discarded-packet samples
	uint32_t sources;          ///< data sources with flow samples
	uint32_t counters_sources; ///< with counters at present
	uint64_t counters_lost, counters_duplicates, counters_late; ///< counters samples
	uint32_t uptime;                                            ///< ms
	uint64_t first, last;                                       ///< ns on the analyzer's clock
};

/// Agents from index @p from (0 = first) on; returns rows written. Page by adding what came back.
size_t query_agents(const struct analyzer *a, size_t from, struct agent_row *rows, size_t n);

/// Why the figures of a data source may be wrong.
enum doubt {
	DOUBT_RATE_ZERO = 1,    ///< a sample said rate 0
	DOUBT_RATE_ABSURD = 2,  ///< a rate beyond SANE_RATE (bank.h)
	DOUBT_RATE_DIFFERS = 4, ///< the sample pool grows at another rate, by DOUBT_RATIO or more
	DOUBT_CONFLICT = 8,     ///< more than one sub-agent reports it
};

#define DOUBT_RATIO   1.25
#define DOUBT_SAMPLES 100 ///< that the pool must have grown by

/// One data source in one direction: the exact cell, accumulated and as rates. Sub-agents that
/// report the same data source are one row.
struct source_row {
	struct addr agent;
	uint32_t sub_agents; ///< that report this data source; more than one is a conflict
	uint32_t ds_class, ds_index, direction;
	const char *source; ///< as in struct flow_row
	char agent_name[64], port_name[64];
	uint64_t speed; ///< bit/s (ifSpeed); 0 = not known
	uint64_t samples;
	double bytes, frames;             ///< scaled totals since the start
	double bytes_rate, frames_rate;   ///< per second, smoothed with t = 2 s
	double bytes_error, frames_error; ///< half widths at 95 %
	uint32_t sampling_rate;           ///< latest, as sent
	uint64_t discards;
	uint64_t last;   ///< ns
	uint32_t flags;  ///< SOURCE_* of bank.h, ever seen
	uint32_t doubts; ///< DOUBT_*
	/// By what rates must be multiplied for datagrams lost on the way of late; 1 = none.
	/// `corrected`: totals, rates and errors of this row are.
	double correction;
	bool corrected;
	// The rest is counted by the agent's sampler, which serves both directions: two rows of one
	// data source carry the same numbers.
	double effective_rate; ///< growth of sample_pool / samples received; 0 = unknown
	uint64_t lost_samples, drops;
};

/// What SOURCE_* of bank.h and DOUBT_* are called, by bit.
#define SOURCE_WORDS 5
extern const char *const source_flag_words[SOURCE_WORDS], *const source_doubt_words[SOURCE_WORDS];

/// Data sources from index @p from on, as query_agents(). Without samples and discards: a port
/// that is known from its counters alone; and data source 0, which stands for all of an agent while
/// a definition measures by agent.
size_t query_sources(const struct analyzer *a, size_t from, struct source_row *rows, size_t n);

/// What the samples of a port and its counters say of one direction (audit.h).
struct audit_row {
	struct addr agent;
	uint32_t ds_class, ds_index;
	uint32_t direction; ///< unknown: of samples whose direction is, against both counters
	char agent_name[64], port_name[64];
	double seconds;                 ///< of the intervals that are compared
	double counted, sampled, error; ///< bytes/s
	uint32_t sampling_rate;         ///< as sent
	double effective_rate;          ///< 0 = unknown
	double implied_rate;            ///< with which both would agree; 0 = unknown
	uint32_t verdict;               ///< enum audit_verdict
	const char *text;               ///< the same for people
};

/// Ports from index @p from on, as query_agents(): up to two rows each for ports that sent counters
/// twice. Moves @p from past what was looked at; looks at no more than 1024. Returns the rows; none
/// and @p from unmoved: that was all.
size_t query_audit(const struct analyzer *a, size_t *from, struct audit_row *rows, size_t n);

struct catalog;

/// Which metrics there are; constant, so that no lock is needed.
const struct catalog *query_catalog(const struct analyzer *a);

struct topology;

/// The topology (topology.h), NULL when none was set, and a number that changes whenever it is set.
/// It may go when the lock is released, unless it is held.
struct topology *query_topology(const struct analyzer *a, uint32_t *version);

/// A port and where it is. Texts live while the lock is held.
struct place_row {
	struct addr agent;
	uint32_t ds_class, ds_index;
	const char *agent_name, *port_name; ///< as in struct flow_row
	const char *node, *port;            ///< in the topology; NULL = not known
	const char *link;                   ///< that ends here; NULL = none
	bool second;                        ///< it is the link's second end
	bool edge;                          ///< of a node, and no link ends here
};

/// Ports from index @p from on, as query_agents(); for `link:` and whoever draws the network.
size_t query_places(const struct analyzer *a, size_t from, struct place_row *rows, size_t n);

/// A threshold and how it stands.
struct threshold_row {
	const char *name, *metric; ///< live while the lock is held
	double value, timeout;     ///< as set
	bool by_flow;
	bool dormant;       ///< there is no such metric at present, of flows or of counters
	bool below_floor;   ///< a flow of this size may lack an entry: the limit is too low
	uint32_t triggered; ///< data sources (flows) that fired and are not armed again yet
	uint64_t events;    ///< since the start
};

/// Thresholds from index @p from on, in the order of their definition.
size_t query_thresholds(const struct analyzer *a, size_t from, struct threshold_row *rows,
			size_t n);
uint32_t query_n_thresholds(const struct analyzer *a);

/// The analyzer's own bounds and what exceeded them; all since the start.
struct analyzer_stats {
	uint64_t ticks;
	uint64_t agents, sub_agents, sources; ///< known
	uint64_t agents_full, sources_full;   ///< refused; flows of a refused source have no agent
	/// Numbers of datagrams that had not come when a later one had; some may have come since.
	uint64_t datagrams_lost;
	uint64_t doubtful;       ///< data sources with a doubt (DOUBT_*)
	uint64_t ds_conflict;    ///< data sources reported by more than one sub-agent
	uint64_t events;         ///< numbered
	uint64_t completed_lost; ///< completed flows that one tick had no room for
	uint64_t events_lost;    ///< beyond `max_events` of a tick, or not taken
	uint64_t triggered_full; ///< crossings not reported: `max_triggered` reached
};

void query_stats(const struct analyzer *a, struct analyzer_stats *stats);

/// ns: the end of the tick whose samples had the field of this number (packet/field.h) last, its
/// outermost occurrence (0) or one within; 0 = never. Of many samples in a tick only some are
/// looked at.
uint64_t query_seen(const struct analyzer *a, uint32_t field, uint32_t occurrence);

/// The fields that custom events had (event_field.h), likewise.
size_t query_event_fields(const struct analyzer *a, struct event_field *out, size_t max);
bool query_has_event_field(const struct analyzer *a, const char *name);

/// Types of samples and records that nobody could read, over all workers since the start.
void query_unknown(const struct analyzer *a, struct unknown_tags *unknown);
