// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Read the table of metrics: a row per data source, a column per metric; counters, what is derived
/// from them, custom metrics, and flow definitions alike.
///
///     struct metric_column cols[2];
///     metric_column_parse("sort:ifinoctets:-5", &cols[0], &msg);
///     metric_column_parse("null:ifname", &cols[1], &msg);
///     const struct metric_request request = {.column = cols, .n_columns = 2, .whole = true,
///                                           .selector = s, ...};
///     struct metric_scan scan = {.request = &request};
///     do {
///             lock();
///             more = metric_scan_next(analyzer, &scan, page); // a slice of less than 100 us
///             unlock();
///             ... format the page's rows ...
///     } while (more);
///
/// A **column** is written `[null:][sort:][AGGREGATOR:][DS.]METRIC[:-N]`: `2.1.load_one`,
/// `sum:bytes`. What stands after the last dot is the metric, before it the data source. A **flow
/// metric** of a data source is its largest flow, and of a definition without keys the total.
///
/// **Inheritance**: with `inherit`, a row that lacks a text metric takes that of the agent's host
/// (data source 2.1), so that `host_name` can be asked of a port. A row needs at least one value of
/// its own. Filters always inherit.
///
/// A filter is a metric and patterns: one of them must match the value's text (`*` stands for any
/// characters; a pattern that is a number matches an equal number). All filters must hold.
///
/// A row is what it was when it was copied: slices of one answer may belong to neighbouring ticks.
/// Thread-safety: as query.h: under the lock, a slice at a time; a page belongs to one thread.
/// Memory: the page is the caller's and self-contained: texts are copied into it. Limits: a row
/// that exceeds a whole page is cut; METRIC_PAGE_* are far above what one data source can have.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/metric.h"
#include "analyzer/selector.h"
#include "analyzer/store.h"
#include "base/addr.h"
#include "base/error.h"

struct analyzer;

enum metric_aggregate {
	METRIC_MAX,
	METRIC_MIN,
	METRIC_SUM,
	METRIC_AVG,
	METRIC_VAR,
	METRIC_SDEV,
	METRIC_MED,
	METRIC_Q1,
	METRIC_Q2,
	METRIC_Q3,
	METRIC_IQR,
	METRIC_ANY,
	METRIC_AGGREGATES,
};

/// Names in their order: "max", "min", ...
extern const char *const metric_aggregates[METRIC_AGGREGATES];

struct metric_column {
	const char *token; ///< as written; borrowed
	const char *name;  ///< the metric; points into `token`
	size_t name_len;
	enum metric_aggregate aggregate;
	bool optional;      ///< null:
	bool sort;          ///< sort:
	int64_t keep;       ///< sort: rows to keep, < 0: descending; 0 = all, ascending
	const char *source; ///< data source in front of the metric, or NULL; points into `token`
	size_t source_len;
};

struct metric_filter {
	struct metric_column column;
	const char *const *pattern;
	size_t n;
};

struct metric_request {
	struct selector *selector; ///< NULL = all
	const struct metric_column *column;
	size_t n_columns; ///< 0 = every metric of a row
	const struct metric_filter *filter;
	size_t n_filters;
	bool whole;              ///< a row needs all columns but the optional ones
	bool inherit;            ///< see above
	bool keys;               ///< list the flows of flow metrics
	bool labels;             ///< fill in metric_row.label
	bool no_flows, no_texts; ///< leave out flow metrics, text metrics
};

/// One flow of a flow metric.
struct metric_key {
	double value;
	uint64_t time; ///< ns: its latest sample
	const char *key;
};

struct metric_cell {
	enum metric_kind kind;
	uint32_t column;  ///< of the request; 0 when every metric was asked for
	const char *name; ///< of the metric
	double number;
	const char *text; ///< ends in NUL
	uint64_t time;    ///< ns: when it was said
	const struct metric_key *key;
	uint32_t n_keys;
	bool flow; ///< a flow metric
};

enum metric_label {
	METRIC_LABEL_HOST,
	METRIC_LABEL_IFNAME,
	METRIC_LABEL_VIR_HOST,
	METRIC_LABEL_K8S_NAME,
	METRIC_LABEL_K8S_NAMESPACE,
	METRIC_LABEL_SWARM_NAME,
	METRIC_LABELS,
};

/// Names of the labels, as Prometheus shows them.
extern const char *const metric_labels[METRIC_LABELS];

struct metric_row {
	struct addr agent;
	uint32_t ds_class, ds_index;
	const char *source; ///< data source as users write it: "4", "2.1", "web1"
	const struct metric_cell *cell;
	uint32_t n_cells;
	const char *label[METRIC_LABELS]; ///< NULL = not known
};

#define METRIC_PAGE_ROWS  256
#define METRIC_PAGE_CELLS 4096
#define METRIC_PAGE_KEYS  4096
#define METRIC_PAGE_TEXT  262144

/// One flow of a data source, both directions together.
struct row_flow {
	double value;
	uint64_t time;  ///< ns
	uint32_t entry; ///< of the definition's store: the larger one
};

/// What a slice found; about 0.8 MB. Start with n_rows = 0 is not needed.
struct metric_page {
	uint32_t n_rows, n_cells, n_keys, n_text;
	uint64_t now; ///< ns, on the analyzer's clock: ages are `now` - time
	struct metric_row row[METRIC_PAGE_ROWS];
	struct metric_cell cell[METRIC_PAGE_CELLS];
	struct metric_key key[METRIC_PAGE_KEYS];
	struct row_flow flow[METRIC_PAGE_KEYS]; ///< scratch: candidates for the keys of a cell
	char text[METRIC_PAGE_TEXT];
};

/// The largest flows of a definition at the port that a scan looks at.
struct metric_pick {
	uint32_t def;
	uint64_t id;     ///< of the definition: numbers change with the program
	uint32_t wanted; ///< flows
	uint32_t room;   ///< for candidates
	struct store_pick pick;
};

/// Where a scan stands; start with zeros and the request. About 0.4 MB: too much for the stack of a
/// thread.
///
/// The flows that a row is about are picked before it is read: a port may have as many as the store
/// holds, so that picking them takes slices of its own.
struct metric_scan {
	const struct metric_request *request;
	struct selector_walk walk; ///< at the port that is looked at, or the last one that was
	bool begun, ended;
	bool picking; ///< flows of the port are looked for
	uint32_t n_picks, at_pick;
	struct metric_pick pick[METRIC_PAGE_CELLS]; ///< per definition that the request reads
	uint32_t best[METRIC_PAGE_CELLS * 3 + METRIC_PAGE_KEYS];
};

/// 0 or ERR_INVALID and a message. The column borrows @p token.
int metric_column_parse(const char *token, struct metric_column *out, struct err_msg *msg);

/// The next rows; false when these are the last.
bool metric_scan_next(const struct analyzer *a, struct metric_scan *s, struct metric_page *page);

/// What the store is like.
struct metric_health {
	struct metric_stats stats;
	uint64_t used, size; ///< bytes for blocks and texts
	uint32_t texts;
};
void query_metric_health(const struct analyzer *a, struct metric_health *health);

/// True if the agent is known and was heard of lately; @p name: its address or its host's name.
bool metric_agent_known(const struct analyzer *a, const char *name);

/// A metric and when it was last said by anybody.
struct metric_seen {
	char name[64];
	uint64_t time; ///< ns; 0 = not at present
};

/// Where a list of metrics stands; start with zeros. It walks all data sources and keeps the
/// latest time of every name.
struct metric_names {
	uint32_t port, source;
	uint32_t n;               ///< names in `seen`
	uint32_t refused;         ///< custom names that found no place
	struct metric_seen *seen; ///< METRIC_NAMES of them, the caller's, zeroed
	uint64_t now;
};
#define METRIC_NAMES 8192
/// The next slice; false when all was seen. Entries with time 0 are not active.
bool metric_names_next(const struct analyzer *a, struct metric_names *n);

/// True if @p text matches @p pattern, where `*` stands for any characters.
bool metric_glob(const char *pattern, const char *text, size_t len);
