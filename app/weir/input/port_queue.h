// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A worker's share of a port as an input: a receive queue, an inbox of what other workers deal, or
/// both. Take a burst, check every frame, lend the payloads.
///
/// Hot: no system call, no allocation, one clock read per burst; the buffers go back to their pool
/// in one call after the burst was ingested. All that is not a plain datagram for us leads away
/// from there: fragments are put together (fragments.h), what a host answers goes to its thread
/// (port_host.h), or everything to the kernel (port_kernel.h), and an overloaded queue is shared
/// out (port_spread.h).
///
/// Ledger: a frame is counted by the worker that judges it. Who deals a frame counts it as `dealt`
/// only.
///
/// While the device below is lost, main keeps the workers away: they find nothing, and say that
/// they know. Before a worker has said so it may still use the device.
///
/// Threading: its worker alone, but shut and is_away, which are main's. Memory: the caller's
/// (port.c), 64-byte aligned.

#include <rte_mbuf.h>

#include "weir/input/frame.h"
#include "weir/input/input.h"
#include "weir/input/port_intr.h"

struct port_host;
struct port_kernel;
struct port_out;
struct fragments;
struct spread;

struct port_queue_config {
	uint16_t port;
	uint16_t worker;      ///< among the port's workers
	bool receives;        ///< it has the receive queue of that number
	uint16_t descriptors; ///< of that queue
	const struct frame_policy *policy;
	struct port_host *host;      ///< NULL = the port answers nothing
	struct port_out *out;        ///< what others are to get, too; NULL = there is no way
	struct port_kernel *kernel;  ///< NULL = nothing goes to the kernel
	struct fragments *fragments; ///< its own; NULL = fragments are refused
	struct spread *spread;       ///< of the port; NULL = there is one worker
};

struct port_queue {
	struct input input; ///< first, so that the worker's pointer is ours
	struct port_queue_config config;
	struct port_intr intr; ///< closed: the driver has none, or nobody asked for it
	uint32_t shut;         ///< 0 = open; number of the outage. main: w; worker: r
	uint32_t away;         ///< the latest outage that it keeps away for. worker: w; main: r
	uint64_t given_up;     ///< of `fragments`, as last counted
	uint16_t n;            ///< buffers lent by the latest burst
	struct rte_mbuf *mbuf[INPUT_BURST];
} __attribute__((aligned(64)));

void port_queue_init(struct port_queue *q, const struct port_queue_config *config);
/// Keep the worker away from the device for outage @p number, or with 0 let it go on.
void port_queue_shut(struct port_queue *q, uint32_t number);
/// True when the worker does not use the device any more.
bool port_queue_is_away(const struct port_queue *q);
