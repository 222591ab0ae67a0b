// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Thresholds on metrics, of flows and of counters: when does a tick make an event.
///
/// Evaluated for every entry that the tick touched, hence the tick that finds a crossing also
/// publishes it. A threshold fires when value - inherited >= `value` (borrowed weight never
/// fires), once per data source, or once per (data source, key) with `by_flow`; it is armed again
/// when the metric stayed below for `timeout` seconds. A threshold whose metric is not there is
/// dormant.
///
/// What `metric` names is a flow definition if there is one of that name, else a metric of
/// counters (metric_query.h): that one is evaluated for every data source that sent counters in
/// the tick, and fires once per data source.

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/// As users write it. Strings are never NULL; copied by who keeps them.
struct threshold_spec {
	const char *name;
	const char *metric; ///< name of a flow definition, or of a metric of counters
	double value;       ///< in the metric's unit (bytes/s, frames/s, percent, ...)
	bool by_flow;
	double timeout; ///< s
	/// Only data sources that match, by what counters say of them or of their agent's host: a
	/// line per metric, each with the metric and patterns (metric_query.h) after tabs, of which
	/// one must match: "ifspeed\t1000000000\nos_name\tlinux\twin*\n". NULL = all.
	const char *filter;
	/// Tells it from an equal one that was put before: who is put again begins anew.
	uint64_t serial;
};

/// True when two look at the same data sources.
static inline bool threshold_same_filter(const struct threshold_spec *a,
					 const struct threshold_spec *b)
{
	return strcmp(a->filter != NULL ? a->filter : "", b->filter != NULL ? b->filter : "") == 0;
}

/// A part of a filter's text: a metric, or a pattern of the metric before it.
struct threshold_part {
	const char *text;
	size_t len;
	bool metric, last; ///< the first, the last of its line
};

/// The next part; false at the end. @p at starts as the filter, @p part with `last` set.
static inline bool threshold_filter_next(const char **at, struct threshold_part *part)
{
	const char *text = *at;
	if (text == NULL || *text == '\0')
		return false;
	const size_t len = strcspn(text, "\t\n");
	*part = (struct threshold_part){
		.text = text, .len = len, .metric = part->last, .last = text[len] != '\t'};
	*at = text + len + (text[len] != '\0');
	return true;
}

/// What was found. Texts live until the analyzer's next tick.
struct threshold_event {
	uint64_t id;           ///< rising by 1, from analyzer_config.last_event + 1
	const char *threshold; ///< its name
	const char *metric;
	double limit;  ///< the threshold's value
	uint64_t time; ///< ns of the tick on the analyzer's clock (capture time in a replay)
	/// The flow that crossed, as at that tick (query.h); of a metric of counters: the data
	/// source and its value, without a key.
	const struct flow_row *row;
	bool counter; ///< the metric is one of counters
	const char
		*source; ///< custom data source (metric.h): its name; NULL = class and index tell
};
