// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The options of the commands that read the feed. A command names those that it takes:
///
///     struct options o;
///     int status = options_parse(&o, argc, argv, OPTION_FLOW | OPTION_N, "the largest flows");
///     if (status >= 0)
///             return status;
///
/// --feed, --json, --seconds, --no-wait and --help are taken by all. Thread-safety: no state beyond
/// getopt(3)'s.

#include <stdbool.h>
#include <stdint.h>

#include "common/feed_tls.h"
#include "common/paths.h"

enum {
	OPTION_FLOW = 1 << 0,
	OPTION_N = 1 << 1,
	OPTION_ONCE = 1 << 2,
	OPTION_FOLLOW = 1 << 3,
	OPTION_THRESHOLD = 1 << 4,
	OPTION_SINCE = 1 << 5,
};

struct options {
	char default_url[PATHS_SIZE];
	const char *feed;      ///< URL
	const char *flow;      ///< definition; NULL = all
	const char *threshold; ///< NULL = all
	uint32_t n;            ///< rows; 0 = as many as there are
	double seconds;        ///< 0 = until the collector ends
	struct feed_tls tls;   ///< of a feed over TLS
	bool since;            ///< from event `last` on, those that were missed too
	uint64_t last;         ///< id; 0 = all that there are
	bool json;
	bool once;
	bool follow;
	bool no_wait;
};

/// Read the command line. -1 when the command shall go on, else its exit status.
int options_parse(struct options *o, int argc, char **argv, unsigned taken, const char *help);
