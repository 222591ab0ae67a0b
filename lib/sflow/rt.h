// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The values of InMon's custom samples: rtmetric (4300:1002) and rtflow (4300:1003). Each has a
/// name and carries its type.
///
///     // v is the RECORD_METRICS value of a walk over the sample (record.h)
///     struct rt_walk w = rt_open(&v, sample.tag);
///     struct rt_value m;
///     while (rt_next(&w, &m) > 0)
///             ... m.name, m.name_len, m.type, m.u, m.f, m.bytes ...
///
/// Thread-safety: values only. Memory: borrows the sample. Limits: none; the number of values is
/// bounded by the bytes.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "sflow/record.h"

enum rt_metric_type {
	RT_METRIC_TEXT,
	RT_METRIC_COUNTER32,
	RT_METRIC_COUNTER64,
	RT_METRIC_GAUGE32,
	RT_METRIC_GAUGE64,
	RT_METRIC_FLOAT,
	RT_METRIC_DOUBLE,
	RT_METRIC_TYPES, ///< how many there are
};

enum rt_flow_type {
	RT_FLOW_TEXT,
	RT_FLOW_MAC,
	RT_FLOW_IP4,
	RT_FLOW_IP6,
	RT_FLOW_INT32,
	RT_FLOW_INT64,
	RT_FLOW_FLOAT,
	RT_FLOW_DOUBLE,
	RT_FLOW_TYPES, ///< how many there are
};

struct rt_walk {
	struct cursor c;
	uint32_t n_left; ///< values that the count promises: not to be trusted
	bool flow;       ///< an rtflow
};

struct rt_value {
	const char *name; ///< not checked: may hold any byte
	uint32_t name_len;
	uint32_t type; ///< enum rt_metric_type or enum rt_flow_type
	uint32_t len;
	const uint8_t *bytes; ///< texts and addresses
	uint64_t u;           ///< counters, gauges, integers
	double f;             ///< float and double
};

struct rt_walk rt_open(const struct record_value *metrics, uint32_t tag);

/// 1 = read, 0 = no more, -1 = the value is cut off or of an unknown type, hence nothing behind it
/// can be read either.
int rt_next(struct rt_walk *w, struct rt_value *v);

/// Bytes of a value of fixed size on the wire; 0 for texts and unknown types.
size_t rt_value_size(bool flow, uint32_t type);

/// The word that sflowtool puts before the name: "counter32", "gaugeFloat", "mac"; NULL for an
/// unknown type.
const char *rt_type_text(bool flow, uint32_t type);
