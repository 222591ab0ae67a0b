// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Virtual time against the clock: when is a datagram due?
///
/// Thread-safety: one thread.

#include <stdbool.h>
#include <stdint.h>

struct pace {
	double speed; ///< virtual seconds per second; 0: everything is due at once
	bool begun;
	uint64_t first_virtual, first_clock; ///< ns
};

/// Nanoseconds until what happens at virtual @p time is due; 0: now. The first call sets the start.
uint64_t pace_wait(struct pace *p, uint64_t time);

/// The monotonic clock, ns.
uint64_t pace_clock(void);

/// Sleep so long, or until a signal comes.
void pace_sleep(uint64_t ns);
