// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// One row of the table of metrics, read where it lies; private to this folder (metric_query.h and
/// the thresholds on counters use it).
///
/// Thread-safety: under the analyzer's lock. Memory: values borrow it.

#include "analyzer/metric_query.h"
#include "analyzer/query.h"

struct row_reader {
	const struct analyzer *a;
	uint32_t port;
	const struct metric_pick
		*pick; ///< found beforehand; other flows are when they are asked for
	uint32_t n_picks;
	bool no_flows; ///< only counters are looked at
};

struct row_value {
	struct metric_value value;
	uint64_t time; ///< ns
	bool inherited;
	bool said; ///< by the file of names, not by the telemetry
	bool flow;
	uint32_t def; ///< of a flow metric
};

/// What the file of names (names.h) tells of ports and agents that say nothing themselves.
enum row_said {
	ROW_SAID_NOTHING,
	ROW_SAID_PORT,    ///< ifname
	ROW_SAID_AGENT,   ///< host_name
	ROW_SAID_SPEED,   ///< ifspeed
	ROW_SAID_IN_USE,  ///< ifinutilization, by its speed
	ROW_SAID_OUT_USE, ///< ifoututilization
	ROW_SAID_KINDS,
};
/// Their metrics; NULL for ROW_SAID_NOTHING.
extern const char *const row_said_metric[ROW_SAID_KINDS];

/// A metric of counters, looked up once for many rows of one tick.
struct row_counter {
	int number;    ///< of its name in the catalogue; -1 = it is not there
	uint32_t text; ///< of its name as a custom metric; 0 = nobody sent one
	enum row_said said;
};
struct row_counter row_counter_of(const struct analyzer *a, const char *name, size_t len);
/// The row's own value of it, or else what the file of names tells of a port; false when there is
/// none. A speed of 0 is none.
bool row_counter(const struct row_reader *r, const struct row_counter *c, struct row_value *v);
/// True when the file of names replaces @p value, the row's own of metric @p name.
bool row_overruled(const struct row_reader *r, const char *name, const struct metric_value *value);
/// What is known of a row whose telemetry says nothing; false without a file.
bool row_said(const struct row_reader *r, enum row_said what, struct row_value *v);

/// The row's own value of a metric; METRIC_NONE when it has none.
void row_metric(const struct row_reader *r, const char *name, size_t len, struct row_value *v);
/// The value of a column, from the agent's host if need be and allowed.
void row_column(const struct row_reader *r, const struct metric_column *c, bool inherit,
		struct row_value *v);
/// As row_column(), of a metric of counters.
void row_counter_column(const struct row_reader *r, const struct row_counter *c, bool inherit,
			struct row_value *v);
/// True if all filters hold.
bool row_passes(const struct row_reader *r, const struct metric_filter *filter, size_t n);

/// The value of a flow definition; false when the data source has no flow of it.
bool row_flow_value(const struct row_reader *r, uint32_t def, struct row_value *v);
/// How many candidates for the largest flows of it were picked; row_flow() tells each. A flow that
/// is sampled in both directions of a port is one, as in a view (view.h).
uint32_t row_flows(const struct row_reader *r, uint32_t def);
/// False: the other direction of this flow is larger and stands for both.
bool row_flow(const struct row_reader *r, uint32_t def, uint32_t i, struct row_flow *flow);

/// Begin to pick p->wanted flows of a definition at a port into @p best, which has p->room.
void row_pick_begin(const struct analyzer *a, uint32_t port, struct metric_pick *p, uint32_t *best);
/// Room for candidates of so many flows. Of a port that samples both directions more are looked at
/// than are wanted: the sum of two may be larger than either.
uint32_t row_room(uint32_t wanted);

/// A data source as users write it into @p text; its length.
size_t row_source(const struct analyzer *a, uint32_t port, char text[TEXT_MAX + 1]);
/// The agent with this address, or whose host has this name; 0 = none.
uint32_t row_agent(const struct analyzer *a, const char *name);
