// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Owns all merged state. A tick is: merge the retired banks of all workers, decay, find events.
///
///     analyzer_tick_begin(a, start, end);            // lead aggregator
///     for each worker w: analyzer_merge_sources(a, w, registry, bank);
///     -- barrier --
///     for each definition d of mine, for each worker w: analyzer_merge_flow(a, d, w, bank);
///                         then: analyzer_tick_flow(a, d);   // any aggregator thread
///     -- barrier --
///     n = analyzer_tick_end(a, events, max);         // lead
///
/// Definitions are independent of each other: different threads may merge different ones between
/// the barriers. A rate follows V = V e^(-dt/t) + X (1 - e^(-dt/t)) / dt, where X is what the
/// interval of measured length dt added; q follows with the squares. The store of a definition
/// keeps one scale for all its entries (forward decay, Cormode et al. 2009), so a tick costs what
/// was touched and never a walk of the whole store.
///
/// Each definition has one store: a bounded pool of entries with a chain per data source. When the
/// pool is full two small entries of one source are merged into one (the label by lot, in
/// proportion, as in table.h), first within sources that have more than their guaranteed n. So
/// elephants do not push out a small port's flows, totals stay exact, and estimates stay unbiased.
///
/// What is measured changes between two ticks:
///
///     c = analyzer_prepare(a, program, from, thresholds, n, &msg);   // any thread, a ticks on
///     analyzer_apply(a, c);                                          // lead, locked
///     analyzer_change_free(c);                                       // any thread: what is gone
///
/// Threading: as above; queries (query.h) under the lock of the aggregator; one change at a time.
/// Memory: taken by analyzer_new() and analyzer_prepare(), bounded by @p config; ticks take none.
/// Time is an argument, ns.

#include <stddef.h>
#include <stdint.h>

#include "analyzer/query.h"
#include "analyzer/threshold.h"
#include "bank/bank.h"

struct analyzer_config {
	uint32_t n_workers;
	uint32_t store_entries; ///< merged entries per definition
	/// Over all workers; no less than what the registry of one worker has.
	uint32_t max_agents, max_sources;
	uint64_t metrics; ///< bytes for counter records as metrics (metric.h)
	uint32_t top;     ///< rows kept ready per definition (query_top beyond walks the store)
	uint32_t max_triggered; ///< flows that have fired and are not armed again, per threshold
	uint32_t max_events;    ///< per tick
	uint64_t last_event;    ///< number of the last event of an earlier life; 0 = none
	uint32_t sketches;      ///< per definition that counts distinct values (table/distinct.h)
	/// s: a flow without samples for so long, and for 30 t, is forgotten.
	double retention;
	bool correct_loss; ///< for datagrams lost on the way (source.h)
	struct hash_secret secret;
	uint64_t seed;
	/// Called with each large block before it is used, by who takes it: what pages it should
	/// have, and whether at once, is not for lib/ to say. NULL = as they come.
	void (*advise)(void *mem, size_t size);
};

/// Bytes that an analyzer of this configuration takes.
size_t analyzer_size(const struct analyzer_config *config, const struct program *program,
		     const struct threshold_spec *thresholds, size_t n_thresholds);
/// The same of one with what it measures now. Between ticks, under the lock.
size_t analyzer_memory(const struct analyzer *a);
/// NULL and a message when memory is short. @p program lives until another one is applied.
struct analyzer *analyzer_new(const struct analyzer_config *config, const struct program *program,
			      const struct threshold_spec *thresholds, size_t n_thresholds,
			      struct err_msg *msg);
void analyzer_free(struct analyzer *a);

/// Another program and other thresholds, in the making.
struct analyzer_change;

/// Make what is new. Definition i of @p program takes over the store of definition from[i] of the
/// present one, unless that is negative (program_match()). A threshold keeps its state when it is
/// equal to a present one and its flow keeps its own. NULL and a message when memory is short.
/// Reads of @p a only what a change changes: ticks and queries go on meanwhile.
struct analyzer_change *analyzer_prepare(const struct analyzer *a, const struct program *program,
					 const int32_t *from,
					 const struct threshold_spec *thresholds,
					 size_t n_thresholds, struct err_msg *msg);
/// From now on the banks carry @p c's program. Between ticks, under the lock; cannot fail.
void analyzer_apply(struct analyzer *a, struct analyzer_change *c);
/// Free what is measured no longer, or all that is new if it was not applied.
void analyzer_change_free(struct analyzer_change *c);

/// The interval [start, end) ns is over; lead aggregator.
void analyzer_tick_begin(struct analyzer *a, uint64_t start, uint64_t end);
/// Translate indices, merge agents, source cells and the counter log of one worker's bank; lead.
void analyzer_merge_sources(struct analyzer *a, uint32_t worker, const struct registry *registry,
			    const struct bank *bank);
/// Merge table @p def of one worker's bank. After analyzer_merge_sources() of all workers.
void analyzer_merge_flow(struct analyzer *a, uint32_t def, uint32_t worker,
			 const struct bank *bank);
/// All workers' tables of @p def are in: test thresholds, update the top list.
void analyzer_tick_flow(struct analyzer *a, uint32_t def);
/// Number and hand over the tick's events (in order of threshold, then value). Returns how many
/// were written to @p events; the rest, if any, is counted as lost and logged by the caller.
/// Rows that events point to live until the next analyzer_tick_begin().
size_t analyzer_tick_end(struct analyzer *a, struct threshold_event *events, size_t max);
/// Definition @p def is measured no longer: complete flows that are open, as many as there is room
/// for, in the place of those that the tick completed (query_completed()). Between ticks; false
/// when there was none.
bool analyzer_end_flow(struct analyzer *a, uint32_t def);

struct names;

/// Names from people (names.h; NULL = none). Between ticks, as analyzer_apply(): what is published
/// without the lock reads them. Returns those before, to be freed without the lock; the analyzer
/// frees the last.
struct names *analyzer_set_names(struct analyzer *a, struct names *n);

struct topology;

/// Wire the network anew (topology.h; NULL = nobody knows); the analyzer takes the caller's hold.
/// Returns what was there before, whose hold is the caller's.
struct topology *analyzer_set_topology(struct analyzer *a, struct topology *t);

/// Ticks so far.
uint64_t analyzer_ticks(const struct analyzer *a);
/// End of the latest interval, ns.
uint64_t analyzer_now(const struct analyzer *a);
/// Events that did not fit or were not handed over since the start.
uint64_t analyzer_events_lost(const struct analyzer *a);
/// True when one datagram in a thousand or more was found lost on the way in the latest tick.
bool analyzer_losing(const struct analyzer *a);
