// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Tell of losses in the log: workers count, this looks now and then and says what grew.
///
///     struct watch w = {0};
///     watch_look(&w, &collector);       // twice a second, say
///
/// One line for each kind of loss, with the remedy, at most every WATCH_QUIET ns, however fast it
/// grows. Thread-safety: main; reads counters of others.

#include <stdint.h>

#include "weir/collector.h"

/// Between two lines of one kind, ns.
#define WATCH_QUIET UINT64_C(10000000000)

#define WATCH_KINDS 9

struct watch {
	uint64_t told[WATCH_KINDS]; ///< count when a line was last written
	uint64_t when[WATCH_KINDS]; ///< monotonic ns of that; 0 = never
};

void watch_look(struct watch *w, const struct collector *c);
