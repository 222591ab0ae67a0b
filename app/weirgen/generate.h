// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A run, on virtual time: frames are sampled, counters reported, elephants come and go, and the
/// datagrams that result are sent and written down.
///
/// Thread-safety: one run at a time in a thread; a signal handler may set @p stop.

#include <signal.h>

#include "weirgen/fabric.h"

/// Run to the end, or until *stop is set (NULL: never), sending to @p out, which stays open. 0 or
/// an error in @p msg; @p stats holds what was done in either case.
int generate(const struct options *o, struct output *out, const volatile sig_atomic_t *stop,
	     struct fabric_stats *stats, struct err_msg *msg);
