// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Datagrams that leave by a port as they came: to other collectors, without the kernel.
///
///     struct port_out *out = port_out_new(name, policy, mtu, socket, &msg);
///     way = port_out_open(out, &address, port, agents, &msg);   // a target; any thread
///     ...
///     if (port_out_wanted(out))
///             port_out_give(out, mbufs, n);                     // a worker: once per burst
///     port_out_pass(out, data, len);                            // what came by another input
///     port_out_send(out, host, now);                            // the host's thread
///     port_out_close(out, way);
///
/// A worker takes a second reference to the buffer that a datagram lies in and puts it on a ring.
/// The port's host thread, which alone sends, puts the headers that each target needs into a buffer
/// in front of it: nothing is copied. A device that cannot send what lies in two buffers gets a
/// copy, and so do datagrams that came by another input or in fragments; how many, is counted.
///
/// What is sent comes from the port's own address (the first one of the target's family, on its
/// VLAN) and from the port's UDP port. The host asks where the next hop is (host_seek()); until
/// that is known, or when it does not answer any more, datagrams are lost and counted, as are those
/// that are longer than the MTU allows and those that the card does not take. Nobody waits.
///
/// Threading: see above; a mutex guards the targets, which the host's thread holds for a batch.
/// Memory: a ring of PORT_OUT_HELD pointers; as many buffers of the port's pool at most, and as
/// many again for headers, are under way. Limits: PORT_OUT_WAYS.

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/error.h"
#include "weir/config/schema.h"
#include "weir/input/frame.h"
#include "weir/input/host.h"

/// Datagrams that wait to be sent, at most.
#define PORT_OUT_HELD 1024
/// Targets of a port, at most.
#define PORT_OUT_WAYS HOST_SEEKS

struct port_out;
struct port_way;

struct port_out_target {
	struct addr addr;
	uint16_t port;
	struct addr via;                  ///< next hop; the target itself when it is on the link
	const struct prefix_list *agents; ///< whose datagrams; none = all. Outlives the way
};

struct port_way_stats {
	uint64_t sent, bytes; ///< of payload
	uint64_t copied;      ///< of those, sent from a copy
	uint64_t unresolved;  ///< lost: the next hop is not known (yet), or we have no address
	uint64_t too_long;    ///< lost: longer than the MTU
	uint64_t refused;     ///< lost: no buffer for the headers, or the card did not take them
};

struct port_out *port_out_new(const char *name, const struct frame_policy *policy, uint16_t mtu,
			      int socket, struct err_msg *msg);
/// No worker lends any more.
void port_out_free(struct port_out *out);
/// Send by this device, whose buffers are from @p pool, from now on; @p chains: it can send what
/// lies in two buffers. Without a pool: nobody takes or sends anything; all buffers go home.
void port_out_use(struct port_out *out, uint16_t port, struct rte_mempool *pool, bool chains);

/// NULL and a message: ERR_FULL, or there is no address of that family.
struct port_way *port_out_open(struct port_out *out, const struct port_out_target *target,
			       struct err_msg *msg);
void port_out_close(struct port_out *out, struct port_way *way);
void port_out_stats(struct port_out *out, const struct port_way *way, struct port_way_stats *s);
/// Datagrams that the ring had no room for, or no buffer was free for.
uint64_t port_out_dropped(const struct port_out *out);

/// Is there a target? Any thread; one load.
bool port_out_wanted(const struct port_out *out);
/// In hash.usr of a buffer: no 0, but that it is a copy.
#define PORT_OUT_COPIED 1
/// Give @p n buffers, each cut down to its payload: they are on the ring, or freed and counted.
void port_out_give(struct port_out *out, struct rte_mbuf **m, uint16_t n);
/// Count @p n that found no buffer.
void port_out_lose(struct port_out *out, unsigned n);
/// A copy of a payload, in a buffer of @p pool. NULL: none is free, or it does not fit.
struct rte_mbuf *port_out_copy(struct rte_mempool *pool, const uint8_t *data, uint32_t len);
/// The same from any thread, given at once. False: there was no room.
bool port_out_pass(struct port_out *out, const uint8_t *data, uint32_t len);

/// Is something on the ring?
bool port_out_waits(const struct port_out *out);
/// Send what is on the ring, or some of it; true when there is more.
bool port_out_send(struct port_out *out, struct host *host, uint64_t now);
