// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The life of a command that reads the feed: connect, or wait for the collector; hand over each
/// message; end on `final`, on Ctrl-C, when the time is over, or when the command has enough.
///
/// A signal only sets a flag, which is looked at every 100 ms at the latest; a blocked write to
/// standard output is broken off by it.
///
/// Thread-safety: the main thread; one at a time.

#include <stdbool.h>
#include <stddef.h>

#include "feed.h"
#include "options.h"

/// What a command does. All but `message` may be NULL.
struct watch_ops {
	/// A message came; may keep it (see feed_message.any). False = enough, the command is done.
	bool (*message)(void *ctx, const struct feed *feed, struct feed_message *m);
	/// Nothing to do for now: everything that came has been handed over.
	void (*idle)(void *ctx, const struct feed *feed);
	/// A key was hit on standard input, which is a terminal; false = enough.
	bool (*key)(void *ctx, char c);
	/// Ctrl-Z: give the terminal back (true), take it again (false).
	void (*suspend)(void *ctx, bool away);
	/// No messages on standard error about waiting: the command shows that itself.
	bool quiet;
};

/// Returns the exit status: 0 when it ended as it should; 1 when the collector was not there, was
/// lost and --no-wait given, or the time was over before --once was done or anything came.
int watch_run(const struct options *o, const char *const *topics, size_t n_topics,
	      const struct watch_ops *ops, void *ctx);
