// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What `weirctl top` shows, as text: the largest flows of each definition, the latest events, the
/// ledgers. Adapts to a size; what does not fit is left out in a sensible order.
///
/// Thread-safety: none needed. Memory: borrows the messages. Limits: those of the terminal.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/weir.pb-c.h"
#include "screen.h"

struct view {
	const char *url;
	const char *flow; ///< the only definition asked for; NULL = all
	bool connected;
	Weir__FlowSet *const *sets;
	size_t n_sets;
	Weir__Event *const *events; ///< oldest first
	size_t n_events;
	const Weir__Stats *stats; ///< NULL = none came yet
	uint64_t lost;            ///< messages that this subscriber lost
	uint32_t n;               ///< rows for each definition at most; 0 = what fits
};

/// Write lines to @p out. Rows 0: no limit of height; columns 0: no limit of width.
void view_write(FILE *out, const struct view *v, struct screen_size size);

/// One event on one line.
void view_event(FILE *out, const Weir__Event *event);

/// The same for each flow of a set.
void view_completed(FILE *out, const Weir__CompletedSet *set);
