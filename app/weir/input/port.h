// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A DPDK port as an input: set-up, one `struct input` per worker, statistics.
///
///     struct port *p = port_open(&config, &msg);       // probes, negotiates, makes buffers
///     struct input *in = port_input(p, worker);
///     port_start(p, &msg);                             // frames begin to arrive
///     port_begin(p, &msg);                             // its threads: it answers
///     ...
///     port_mend(p);                                    // now and then
///     port_close(p);                                   // the workers have left
///
/// What a device cannot do is negotiated down and said in a log line: queues, descriptors, RSS,
/// checksum verification, link interrupts. With more than one queue, RSS over addresses and UDP
/// ports spreads agents over them; which worker gets a datagram does not matter to any result.
/// Where that is not enough, or there are more workers than queues, workers deal (port_spread.h).
///
/// A port with addresses is a host (host.h): a thread of its own answers for them. With an
/// interface of the kernel (port_kernel.h) all but sFlow goes there, and the kernel is the host.
///
/// A device that is reset by its host, pulled, or whose interface is deleted, is lost
/// (port_device.h). Its workers are kept away, and when it can be had again it begins anew: queues,
/// rules, groups, the host's announcements. Frames that come meanwhile nobody can count; how often
/// that was, port_stats() says.
///
/// A frame lies in one buffer, whose size follows from the MTU; scattered receive is refused.
///
/// Threading: open, start, begin, mend, close by main; each input by its worker; port_stats() by
/// any thread.
/// Memory: `buffers` mbufs on the port's NUMA socket, port_memory() bytes. Limits: those of the
/// device.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "weir/input/frame.h"
#include "weir/input/input.h"
#include "weir/input/port_bond.h"
#include "weir/input/port_kernel.h"
#include "weir/input/port_spread.h"
#include "weir/input/port_steer.h"

struct port_config {
	const char *device; ///< PCI address, name of a vdev, or "NAME,ARGUMENTS" of a new vdev
	uint16_t queues;    ///< wanted
	uint16_t workers;   ///< at least as many as there are queues in the end; 0 = as many
	enum spread_mode spread;
	uint32_t fragments;   ///< datagrams per worker that are put together at a time; 0 = none
	uint16_t descriptors; ///< per queue, wanted
	uint16_t mtu;         ///< largest IP packet, bytes
	uint32_t buffers;     ///< mbufs; 0 = what queues and descriptors need
	enum steer_mode steer;
	bool interrupt;            ///< an idle worker waits for the card, where the driver can
	bool promiscuous;          ///< take frames to other MAC addresses too
	const char *const *member; ///< devices of the bond that it is; borrowed
	uint32_t n_members;        ///< 0 = it is no bond
	enum bond_mode bond;
	const char *kernel; ///< interface for what is not weir's, to be made; NULL = none
	bool xdp;           ///< net_af_xdp: only sFlow comes here, the kernel keeps the rest
	bool xdp_fragments; ///< and fragments of UDP, whatever their port
	struct frame_policy
		policy;       ///< its addresses are answered for; what it points to is borrowed
	bool unreachable;     ///< say so when another UDP port of theirs is asked for
	uint32_t answer_rate; ///< answers per second, of each kind
};

/// What the device counts; since the start of the port.
struct port_stats {
	uint64_t frames;    ///< received
	uint64_t missed;    ///< dropped by the card: no free descriptor
	uint64_t errors;    ///< erroneous frames
	uint64_t no_buffer; ///< dropped: no free mbuf
	uint64_t outages;   ///< times that the device was lost; the others go on over them
};

struct port;
struct port_out;
struct host;

/// Bytes that the mbufs of such a port take in pages of @p page bytes; needs no EAL.
size_t port_memory(const struct port_config *config, size_t page);

/// NULL and a message with the remedy when the device is missing, refuses, or memory is short.
struct port *port_open(const struct port_config *config, struct err_msg *msg);
/// 0 or negative with a message.
int port_start(struct port *p, struct err_msg *msg);
int port_begin(struct port *p, struct err_msg *msg);
/// See whether the device was lost, and bring it back, or a member of a bond; waits 20 ms for
/// workers at most. Call it about twice a second.
void port_mend(struct port *p);
void port_close(struct port *p);

/// Queues that the device really has for us; at most what was asked for.
uint16_t port_queues(const struct port *p);
/// Workers, of which the first port_queues() have a queue.
uint16_t port_workers(const struct port *p);
/// The input of worker @p worker, below port_workers().
struct input *port_input(struct port *p, uint16_t worker);
const char *port_name(const struct port *p);
/// NUMA socket of the device; SOCKET_ID_ANY (-1) when it has none.
int port_socket(const struct port *p);
void port_stats(const struct port *p, struct port_stats *s);
/// What went to the kernel and came from it; all 0 without an interface.
void port_kernel_counts(const struct port *p, struct port_kernel_stats *s);
/// The way out by it, for what is passed on; NULL when it has no addresses, or the kernel has them.
struct port_out *port_out(const struct port *p);
/// The host that answers on it, for its counters; NULL when it answers nothing.
const struct host *port_host(const struct port *p);
