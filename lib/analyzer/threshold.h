// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Thresholds on flow metrics: when does a tick make an event.
///
/// Evaluated for every entry that the tick touched, hence the tick that finds a crossing also
/// publishes it. A threshold fires when value - inherited >= `value` (borrowed weight never
/// fires), once per data source, or once per (data source, key) with `by_flow`; it is armed again
/// when the metric stayed below for `timeout` seconds. A threshold whose metric is not there is
/// dormant.

#include <stdbool.h>
#include <stdint.h>

/// As users write it. Strings are never NULL; copied by who keeps them.
struct threshold_spec {
	const char *name;
	const char *metric; ///< name of a flow definition
	double value;       ///< in the metric's unit per second (bytes/s, frames/s)
	bool by_flow;
	double timeout; ///< s
	/// Tells it from an equal one that was put before: who is put again begins anew.
	uint64_t serial;
};

/// What was found. Texts live until the analyzer's next tick.
struct threshold_event {
	uint64_t id;           ///< rising by 1, from analyzer_config.last_event + 1
	const char *threshold; ///< its name
	const char *metric;
	double limit;  ///< the threshold's value
	uint64_t time; ///< ns of the tick on the analyzer's clock (capture time in a replay)
	const struct flow_row *row; ///< the flow that crossed, as at that tick (query.h)
};
