// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The member `thresholds` of a configuration; config_threshold() of config.h reads one entry:
///
///     thresholds:
///       elephant: {metric: pair, value: 125M, byFlow: true, timeout: 2s}
///       busy: {metric: ifinutilization, value: 80, filter: {ifspeed: [10000000000]}}
///
/// Thread-safety: constant once read. Memory: the arena of the configuration or request.

#include <stdio.h>

#include "analyzer/threshold.h"
#include "weir/config/schema.h"

struct config;

extern const struct schema threshold_members;

int config_read_thresholds(const struct schema_context *ctx, const struct member *m,
			   const struct node *n, void *object);
void config_print_thresholds(FILE *f, const void *object, unsigned indent);

/// Every metric is that of a flow or of counters. A name that nobody knows may be a custom metric
/// that agents have yet to send, unless it is nearly one that is known. 0 or ERR_UNKNOWN.
int config_check_thresholds(const struct config *c, struct err_msg *msg);
