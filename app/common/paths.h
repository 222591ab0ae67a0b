// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Where the programs of weir meet on a host: one place decides, so that a client finds a collector
/// without being told.
///
///     char url[PATHS_SIZE];
///     if (paths_feed_url(url, sizeof(url), &msg) < 0) ...   // "ipc:///run/weir/feed.ipc"
///
/// The run directory is /run/weir for root. For others it is $XDG_RUNTIME_DIR/weir, or
/// /tmp/weir-UID where that variable is not set. The last one lies in a directory that anybody may
/// write to, hence paths_make_dir() refuses a directory that somebody else could have put there.
///
/// Thread-safety: reads the environment, keeps no state.

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/// The run directory of root.
#define PATHS_SYSTEM_DIR "/run/weir"

/// Enough for every path that can be a Unix socket's (sun_path has 108 bytes) and its "ipc://".
#define PATHS_SIZE 128

/// The run directory, without a slash at the end. 0 or ERR_RANGE when it is longer than @p size.
int paths_run_dir(char *out, size_t size, struct err_msg *msg);

/// The URL of the feed when nobody gives one. 0 or ERR_RANGE.
int paths_feed_url(char *out, size_t size, struct err_msg *msg);

/// For a client: as paths_feed_url(), but that of root where only root's collector is there.
int paths_find_feed_url(char *out, size_t size, struct err_msg *msg);

/// Where a collector that publishes at @p feed answers for events that a subscriber missed:
/// ipc:///PATH.replay, the next port of tcp:// and tls+tcp://, ws://HOST:PORT/PATH/replay.
/// 0 or ERR_RANGE.
int paths_replay_url(char *out, size_t size, const char *feed, struct err_msg *msg);

/// Make @p dir (not its parents) with @p mode unless it is there. 0, ERR_IO, or ERR_PERMISSION when
/// it is no directory of ours: a link, somebody else's (unless we are root), or writable by
/// others.
int paths_make_dir(const char *dir, mode_t mode, struct err_msg *msg);
