// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Receive interrupts of a queue: a thread sleeps until a frame comes, instead of for a time.
///
///     struct port_intr i;
///     if (port_intr_open(&i, port, queue) != 0) ...   // the driver has none; the port runs
///     port_intr_wait(&i, 100);                         // the thread that reads the queue
///     port_intr_close(&i);                             // before the port is stopped
///
/// Threading: open and close by main, wait by the thread that reads the queue.
/// Memory: a descriptor.

#include <stdbool.h>
#include <stdint.h>

struct port_intr {
	int epoll; ///< -1 = not open
	uint16_t port, queue;
	bool settled; ///< its thread has waited before
};

/// 0, or -errno: the driver raises none, or they were not asked for when it was configured.
int port_intr_open(struct port_intr *i, uint16_t port, uint16_t queue);
/// Sleep until a frame comes, or something else that was added to `epoll`, @p ms at most.
void port_intr_wait(struct port_intr *i, int ms);
void port_intr_close(struct port_intr *i);
