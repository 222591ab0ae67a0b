// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// How long a worker does not look at its input while there is traffic: what a queue must hold.
///
///     gap_init(&g, cycles_hz);
///     gap_begin(&g);                               // in the worker's thread
///     gap_look(&g, clock_cycles(), n_frames > 0);  // after every burst and every poll
///     gap_rested(&g, clock_cycles());              // it slept, because there was nothing to do
///
/// A gap is the time from one look to the next that came with frames: what a burst takes with all
/// that the worker does beside it. Only of one longer than GAP_LONG the kernel is asked whether it
/// took the core away meanwhile (an involuntary context switch, getrusage(2)): those are counted
/// apart, since no change of weir makes them shorter. What a hypervisor takes the kernel does not
/// know; it is the worker's then.
///
/// Threading: one thread writes, anybody reads the two histograms.

#include <stdbool.h>
#include <stdint.h>

#include "weir/util/histogram.h"

/// ns beyond which the kernel is asked.
#define GAP_LONG 100000u

struct gap {
	struct histogram own;   ///< ns, of the worker
	struct histogram taken; ///< ns, of those in which the kernel took the core away
	double ns;              ///< of a cycle; 0 = not known, nothing is measured
	uint64_t ask;           ///< cycles of GAP_LONG
	uint64_t looked;        ///< cycles, at the latest look
	uint64_t switches; ///< involuntary ones so far, as the kernel said when it was last asked
};

/// @p g is zeroed; @p cycles_hz of clock_cycles(), 0 = not known.
void gap_init(struct gap *g, uint64_t cycles_hz);
/// In the thread that is measured.
void gap_begin(struct gap *g);
/// A long gap of @p cycles: ask whose it was. @p frames: the look that ended it brought some.
void gap_ask(struct gap *g, uint64_t cycles, bool frames);
/// Count it; @p switches so far.
void gap_count(struct gap *g, uint64_t cycles, uint64_t switches, bool frames);

static inline void gap_rested(struct gap *g, uint64_t now)
{
	g->looked = now;
}

static inline void gap_look(struct gap *g, uint64_t now, bool frames)
{
	const uint64_t cycles = now - g->looked;
	g->looked = now;
	if (__builtin_expect(cycles >= g->ask, 0))
		gap_ask(g, cycles, frames);
	else if (frames && g->ns > 0)
		histogram_add(&g->own, (uint64_t)((double)cycles * g->ns));
}
