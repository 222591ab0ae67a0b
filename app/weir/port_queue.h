// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// One receive queue of a port as an input: rx_burst, check every frame, lend the payloads.
///
/// Hot: no system call, no allocation, one clock read per burst; the buffers go back to their pool
/// in one call after the burst was ingested.
///
/// Threading: its worker alone. Memory: the caller's (port.c), 64-byte aligned.

#include <rte_mbuf.h>

#include "weir/frame.h"
#include "weir/input.h"

struct port_host;

struct port_queue {
	struct input input; ///< first, so that the worker's pointer is ours
	const struct frame_policy *policy;
	struct port_host *host; ///< NULL = the port answers nothing
	uint16_t port;
	uint16_t queue;
	uint16_t n; ///< buffers lent by the latest burst
	struct rte_mbuf *mbuf[INPUT_BURST];
} __attribute__((aligned(64)));

void port_queue_init(struct port_queue *q, uint16_t port, uint16_t queue,
		     const struct frame_policy *policy, struct port_host *host);
