// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The way from a port to the kernel and back (DPDK calls it the exception path): what arrives and
/// is no sFlow goes to an interface of the kernel, and what the kernel sends there leaves by the
/// port. So ssh, BGP and LLDP share the port with weir, and the kernel is the host on it.
///
///     struct port_kernel *k = port_kernel_new(&config, &msg);
///     port_kernel_up(k, &msg);                          // the port has been started
///     port_kernel_start(k, &msg);                       // its thread
///     if (port_kernel_wants(verdict, mbuf) && port_kernel_take(k, mbuf)) ...   // a worker
///     port_kernel_wake(k);                              // a worker: once per burst
///     port_kernel_stop(k);                              // before the port is stopped
///     port_kernel_down(k);                              // the port is lost
///     port_kernel_drain(k);                             // may start again, on another device
///     port_kernel_use(k, port);
///     port_kernel_free(k);                              // the workers have left
///
/// The interface is virtio-user with vhost-net where the kernel has /dev/vhost-net, else a TAP
/// device (net_tap). It bears the port's MAC address and MTU, and its carrier is the port's link:
/// daemons of routing see a cable that is pulled. Frames pass as they are, with their VLAN tags.
///
/// Fragments of UDP stay with the workers, which put them together, unless those refuse fragments.
///
/// A worker puts the frame's buffer on a ring and goes on. One thread carries both ways; it sends
/// on the port's queue 0, which is nobody else's, and sleeps until the ring, the interface or
/// LINK_LOOK wakes it.
///
/// Threading: new, up, start, stop, free by main; take and wake by any worker; stats by any thread.
/// While it is stopped the interface stays.
///
/// Memory: port_kernel_held() buffers of the port's pool at most, as many as port_kernel_own() in a
/// pool of its own, and a ring of pointers.
/// Limits: frames for which there is no room are counted and gone, as with any interface.

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "bank/bank.h"
#include "base/error.h"

struct port_bond;

struct port_kernel_config {
	uint16_t port;
	const char *name;      ///< of the port, for logs; borrowed
	const char *interface; ///< of the kernel, to be made; borrowed
	uint16_t mtu;
	struct rte_mempool *pool;
	int socket;             ///< NUMA
	struct port_bond *bond; ///< whose beat the thread gives; NULL = none
};

struct port_kernel_stats {
	uint64_t to_kernel;
	uint64_t to_kernel_lost; ///< the interface did not take them: down, or its queue full
	uint64_t from_kernel;
	uint64_t from_kernel_lost; ///< the card did not take them
};

struct port_kernel;

/// Buffers of the port that the way may hold at a time.
uint32_t port_kernel_held(void);
/// Buffers of its own, as large as the port's.
uint32_t port_kernel_own(void);

/// NULL and a message with the remedy.
struct port_kernel *port_kernel_new(const struct port_kernel_config *config, struct err_msg *msg);
/// Set the interface up; nothing to do when it is.
int port_kernel_up(struct port_kernel *k, struct err_msg *msg);
int port_kernel_start(struct port_kernel *k, struct err_msg *msg);
void port_kernel_stop(struct port_kernel *k);
/// It is stopped: take the carrier from the interface until it starts again.
void port_kernel_down(struct port_kernel *k);
/// Give back the port's buffers; it is stopped, and no worker gives it more.
void port_kernel_drain(struct port_kernel *k);
/// From its next start on it sends by this port.
void port_kernel_use(struct port_kernel *k, uint16_t port);
void port_kernel_free(struct port_kernel *k);

/// Is a frame that was refused because of @p verdict the kernel's? @p reassembles: fragments of UDP
/// are put together here.
bool port_kernel_wants(enum stat_id verdict, const struct rte_mbuf *m, bool reassembles);
/// Give it; false = there is no room.
bool port_kernel_take(struct port_kernel *k, struct rte_mbuf *m);
/// There is something on the ring. A system call only when the thread sleeps.
void port_kernel_wake(struct port_kernel *k);

void port_kernel_stats(const struct port_kernel *k, struct port_kernel_stats *s);
