// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What a subscriber of the feed missed: an nng REP socket beside each URL of the feed
/// (paths_replay_url()) that answers `Missing` with `Missed` (weir.proto) from the log of events,
/// which the journal fills after a restart.
///
/// A URL that cannot be had is logged and left out: the feed does not end for it. A request that
/// makes no sense gets an empty answer. An id ahead of all events is of an earlier life that kept
/// no journal: everything is new to who sends it. Who asks again without reading the answer before
/// gets none: nobody else waits for him.
///
/// Thread-safety: a thread of its own, which takes records from the log as HTTP does. Memory: one
/// answer at a time, FEED_REPLAY_EVENTS events at most.

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "common/feed_tls.h"
#include "weir/output/record_log.h"

#define FEED_REPLAY_EVENTS 1000

struct feed_replay_config {
	const char *const *urls; ///< of the feed
	size_t n_urls;
	struct feed_tls tls; ///< of tls+tcp://
	uint64_t run;
	struct record_log *events; ///< outlives it
	size_t capacity;           ///< of the log
};

struct feed_replay;

/// NULL and a message when memory or threads are short.
struct feed_replay *feed_replay_open(const struct feed_replay_config *config, struct err_msg *msg);
void feed_replay_close(struct feed_replay *f);
