// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// From a tick of the aggregator to the feed: events and completed flows at once, flow sets and
/// statistics when due.
///
/// Thread-safety: report_tick() is called by the leading aggregator thread, which alone changes the
/// analyzer: it may read it without the lock that others need. Memory: two row buffers, taken
/// at start.

#include "base/error.h"
#include "weir/core/aggregator.h"

struct collector;
struct report;

/// @p c must outlive the report; its inputs, workers and feed exist.
struct report *report_new(struct collector *c, struct err_msg *msg);
void report_free(struct report *r);

/// aggregator_config.publish; @p report is a struct report.
void report_tick(void *report, const struct tick *tick);

/// Definition @p def completed flows; after report_tick(). Those with `log` are sent.
void report_completed(struct report *r, uint32_t def);
