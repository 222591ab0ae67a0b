// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Log lines: DPDK's log with one type per room of the daemon, "weir.port", "weir.eal", ...
///
///     LOG(WARNING, PORT, "%s: link down", name);       // "weir.port: 0000:01:00.0: link down"
///
/// Levels can be set per type as for any DPDK program: `-- --log-level=weir.port:debug`. The data
/// path never logs: a worker counts, others tell of it.
///
/// Thread-safety: any thread, at any time, before EAL starts too.

#include <stddef.h>
#include <stdio.h>

#include <rte_log.h>

enum log_type {
	LOG_MAIN,
	LOG_EAL,
	LOG_PORT,
	LOG_SOCKET,
	LOG_REPLAY,
	LOG_MEMORY,
	LOG_AGGREGATOR,
	LOG_PUBLISH,
	LOG_TELEMETRY,
	LOG_HTTP,
	N_LOG_TYPES,
};

/// One line; the newline is added. @p level is ERR, WARNING, NOTICE, INFO or DEBUG.
#define LOG(level, type, ...) log_line(RTE_LOG_##level, LOG_##type, __VA_ARGS__)

void log_line(uint32_t level, enum log_type type, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/// Show lines of all weir types up to @p level (RTE_LOG_*).
void log_set_level(uint32_t level);

/// Keep back what DPDK itself says, from here to log_release(): of success nobody wants to know,
/// and of a failure one line with the remedy is worth more than twenty without. At level DEBUG
/// nothing is kept back. Main alone; not nested.
struct log_hold {
	FILE *stream;
	char *text; ///< after log_release(): what was said; the caller frees it
	size_t size;
};

void log_hold(struct log_hold *h);
void log_release(struct log_hold *h);
