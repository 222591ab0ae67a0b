// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The truth about a run: what was sent, what of it arrives, by flow and interval, by port, in
/// total. JSON lines; doc/weirgen.md lists the members.
///
/// A sample belongs to the interval in which its datagram is sent, for that is what a collector
/// can know. Bytes and frames are scaled by the sampling rate.
///
/// Thread-safety: one thread. Memory: about 60 bytes for each flow of an interval and of the run.

#include <stdbool.h>
#include <stdint.h>

#include "weirgen/flow.h"

/// One flow sample on its way.
struct truth_sample {
	uint64_t flow; ///< id
	uint32_t frame_len;
};

struct truth;

/// NULL and @p msg when the file cannot be written.
struct truth *truth_open(const struct options *o, struct err_msg *msg);

/// A datagram with these samples leaves at @p time (ns); times never go back. NULL @p t: nothing.
int truth_datagram(struct truth *t, uint64_t time, const struct truth_sample *samples,
		   uint32_t n_samples, bool lost, struct err_msg *msg);

/// Write the totals, close, free. NULL is fine.
int truth_close(struct truth *t, struct err_msg *msg);
