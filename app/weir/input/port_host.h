// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The thread that is the host on a port: it alone sends, and the workers never wait for it.
///
///     struct port_host *ph = port_host_new(&config, &msg);
///     port_host_start(ph, &msg);                       // the port has been started
///     if (port_host_take(ph, verdict, mbuf)) ...       // a worker: not its frame any more
///     port_host_wake(ph);                              // a worker: once per burst
///     port_host_stop(ph);                              // before the port is stopped
///     port_host_drain(ph);                             // may start again, on another device
///     port_host_use(ph, port, pool);
///     port_host_free(ph);                              // the workers have left
///
/// A worker that finds a frame for the host puts its buffer on a ring and goes on. The thread
/// sleeps until there is one, until a timer of the host is due, or for LINK_LOOK, after which it
/// looks whether the link came or went. It answers from buffers of the port's own pool, on send
/// queue 0, which is nobody else's, and passes on there what other collectors are to get
/// (port_out.h).
///
/// Threading: new, start, stop, free by main; take and wake by any worker; port_host_host() is for
/// those functions of host.h that any thread may call. Memory: a ring of RING_SIZE pointers; frames
/// for which there is no room on it stay with the worker, who counts them. The thread takes at most
/// as many buffers as the ring holds.

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/error.h"
#include "weir/input/host.h"

struct port_bond;
struct port_out;

struct port_host_config {
	uint16_t port;
	const char *name; ///< of the port, for logs; borrowed
	struct rte_mempool *pool;
	int socket;             ///< NUMA
	struct port_bond *bond; ///< whose beat the thread gives; NULL = none
	struct port_out *out;   ///< what the thread passes on; NULL = nothing
	struct host_config host;
};

struct port_host;

struct port_host *port_host_new(const struct port_host_config *config, struct err_msg *msg);
int port_host_start(struct port_host *ph, struct err_msg *msg);
void port_host_stop(struct port_host *ph);
/// Give back the buffers on its ring; it is stopped, and no worker gives it more.
void port_host_drain(struct port_host *ph);
/// From its next start on it sends by this port, from this pool.
void port_host_use(struct port_host *ph, uint16_t port, struct rte_mempool *pool);
void port_host_free(struct port_host *ph);

/// Is this frame, refused because of @p verdict, the host's? True: its buffer is, too.
bool port_host_take(struct port_host *ph, enum stat_id verdict, struct rte_mbuf *m);
/// There is something on the ring. A system call only when the thread sleeps.
void port_host_wake(struct port_host *ph);

const struct host *port_host_host(const struct port_host *ph);
