// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What `host:` and `link:` look up: rows of (value, label) from telemetry, topology and names.
///
///     struct join *j = calloc(1, sizeof(*j));
///     j->metric = "vir_host_name";                       // NULL: links
///     do {
///             lock();
///             more = join_next(analyzer, j);             // a slice of at most some 100 us
///             unlock();
///             ... j->row[0] to j->row[j->n - 1] ...
///     } while (more);
///
/// **Hosts.** A host (data source 2.1), a virtual machine or container (3.n) is found by the
/// addresses of its adapters (record 0:2001), by its UUID (0:2000), and as a data source; a host
/// also by the address of its agent. The label is its metric, and where it lacks a text that of the
/// host that it runs on. An interface is found as a data source, and has its own metrics alone.
///
/// **Links.** A port is found as a data source. What the topology says comes first: of the ports
/// that are known from the telemetry, then of those that it lists; then what people said (names.h).
///
/// The walk may be overtaken by news: join_version() tells, and it is to be done again then. Of two
/// rows of one value the later `time` counts, and of equal ones the first.
///
/// Thread-safety: under the analyzer's lock, a slice at a time; a walk belongs to one thread.
/// Memory: the caller's, 0.2 MB; rows are copies.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/metric.h"
#include "base/addr.h"
#include "base/error.h"
#include "program/group.h"

struct analyzer;

/// Rows of a slice: those of the largest host, twice.
#define JOIN_ROWS METRIC_WORDS

struct join_row {
	struct addr agent; ///< whose data source `value` is; family ADDR_NONE: it stands for itself
	char value[40];
	char label[PROGRAM_LABEL_MAX + 1];
	uint64_t time; ///< ns: when it was said
};

/// A walk; start with zeros and the metric.
struct join {
	const char *metric;
	uint32_t port;          ///< where it stands: the last port,
	size_t node, node_port; ///< what comes next of the topology,
	size_t name;            ///< and of the names
	size_t n;
	struct join_row row[JOIN_ROWS];
};

/// The next rows; false when these are the last.
bool join_next(const struct analyzer *a, struct join *j);

/// A number that changes when the rows of a walk may have changed.
uint64_t join_version(const struct analyzer *a, const char *metric);

/// 0 when there may be such a metric, else ERR_UNKNOWN and a message with a near name; ERR_MEMORY.
int join_check_metric(const char *name, struct err_msg *msg);
