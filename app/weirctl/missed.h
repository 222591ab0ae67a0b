// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Ask the collector for events that came while nobody listened (app/weir/output/feed_replay.h).
///
///     uint64_t last = 17;
///     err = missed_events(feed_url, threshold, &last, show, ctx, &msg);   // moves `last` on
///
/// Events are made from the records of /events/json: what those do not tell (unit, parts of the
/// key) is absent.
///
/// Thread-safety: the main thread; blocks for 5 s at most until it is connected, and for as long
/// until each answer. Memory: one answer at a time.

#include <stdint.h>

#include "base/error.h"
#include "common/weir.pb-c.h"

/// Call @p show for each event after @p last, oldest first. 0, ERR_IO or ERR_MEMORY.
int missed_events(const char *feed, const char *threshold, uint64_t *last,
		  void (*show)(void *ctx, const Weir__Event *event), void *ctx,
		  struct err_msg *msg);
