// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Flows over many data sources: one row per key (`max`, `sum`, `avg`, `edge`, `core`), or one row
/// per key and data source.
///
///     struct view *v = view_new(a, &query, &msg);
///     int err;
///     do {
///             ... take the analyzer's lock ...
///             err = view_read(v, a, &msg);
///             ... release it ...
///     } while (err == 0 && (err = view_digest(v, &msg)) > 0);
///     if (err == 0)
///             const struct view_row *row = view_rows(v, &n);
///     view_free(v);
///
/// A flow that crosses five switches is an entry on each of their ports. What it is in the network
/// is a question of reading:
///
/// | mode | value of a key | agent, data source | half width of the bar |
/// |---|---|---|---|
/// | VIEW_MAX | the largest on any data source | where that is | of that entry |
/// | VIEW_SUM | sum over data sources | where the largest is | root of the sum of variances |
/// | VIEW_AVG | the sum by the number of data sources | same | same, by the number |
/// | VIEW_EDGE | sum over ports by which packets enter | same | as VIEW_SUM |
/// | VIEW_CORE | sum over ports that end links | same | as VIEW_SUM |
/// | VIEW_ROWS | each data source by itself | its own | of that entry |
///
/// `n_sources` says how many data sources hold the key (those that the value is made of). VIEW_EDGE
/// and VIEW_CORE without a topology are VIEW_MAX. A data source counts both directions of its port
/// as one, but for VIEW_EDGE, which takes what enters where both are sampled.
///
/// Secondary values follow the mode: those of the largest entry (VIEW_MAX), or over data sources
/// the sum of sums (VIEW_AVG: their mean), the smallest minimum, the largest maximum, the mean of
/// all samples. Of counts of distinct values the largest is taken: how many the data sources have
/// in common is not known.
///
/// Where the value is such a figure itself (store.h), it follows the same rules: sums, means over
/// data sources and the like are those of its samples.
///
/// **Slices.** view_read() holds the lock for VIEW_SLICE units of work: it copies entries, or
/// writes keys as text for rows that view_digest() chose. Everything that grows with the number of
/// rows (summing by key, sorting, regular expressions) is view_digest()'s, without the lock. The
/// store keeps changing between slices, at most once a tick, and a view is never begun anew for
/// that: each (key, data source) that was there when the view began, and is there when the walk
/// comes by, is taken once, with its rate as at that moment. What was entered later is left out.
///
/// Thread-safety: a view belongs to one thread; view_read() under the analyzer's lock, the rest
/// without. Memory: the view's own: a row for each of at most `max_flows`, about 100 bytes and the
/// key for each distinct key, never more than the store has entries; and the selector's.
/// Limits: as the store; texts as struct flow_row. Units are those of the definition.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/query.h"
#include "base/error.h"

/// Units of work under the lock: an entry that is passed by is 10, one that is copied 24, a key
/// written as text 64, a sketch that is counted 2048; about 20 ns each where nothing is cached.
/// Half of what 100 us hold on an ordinary day: a slice keeps within them on a bad one
/// (bench_view).
#define VIEW_SLICE 2048

enum view_mode {
	VIEW_MAX,
	VIEW_SUM,
	VIEW_AVG,
	VIEW_EDGE,
	VIEW_CORE,
	VIEW_ROWS,
};

/// The mode of a text in any case ("max", "EDGE"); 0 or ERR_UNKNOWN.
int view_mode_parse(const char *text, enum view_mode *mode);

struct view_query {
	const char *flow;   ///< name of a definition
	const char *agents; ///< as selector.h reads it; NULL = "ALL"
	bool one_source;    ///< only the data source below of each agent
	uint32_t ds_class, ds_index;
	const char *source; ///< it has this name instead; NULL = none
	enum view_mode mode;
	const char *key;    ///< only the flow with this key text; NULL = every
	const char *filter; ///< regular expression on the key text (pattern.h); NULL, "" = every
	double min_value;
	uint32_t max_flows;
};

struct view_row {
	/// Agent, data source, direction, last and samples: of the largest entry. Direction is
	/// DIRECTION_UNKNOWN where both are in the value.
	struct flow_row flow;
	uint32_t n_sources; ///< data sources that hold the key
};

struct view;

/// NULL and a message when the text of the query is wrong or memory is short. Reads nothing of
/// @p a that changes; texts of @p query are copied.
struct view *view_new(const struct analyzer *a, const struct view_query *query,
		      struct err_msg *msg);
/// A slice under the lock. 0 or negative with a message: ERR_UNKNOWN, there is no such flow, or it
/// was taken away or changed while the view was read.
int view_read(struct view *v, const struct analyzer *a, struct err_msg *msg);
/// The same slice's work without the lock. 1: read on. 0: the rows are ready. ERR_MEMORY with a
/// message.
int view_digest(struct view *v, struct err_msg *msg);
/// The rows, descending by value (ties by key, then by agent and data source).
const struct view_row *view_rows(const struct view *v, size_t *n);
/// What stands beside them, as at the first slice.
const struct flow_summary *view_summary(const struct view *v);
/// End of the tick at which the view began, ns on the analyzer's clock.
uint64_t view_time(const struct view *v);
/// Bytes that the rows take until view_free().
size_t view_memory(const struct view *v);
void view_free(struct view *v);
