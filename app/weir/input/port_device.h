// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The device below a port: found or made, agreed with, started; lost, and found again.
///
///     if (port_device_open(&d, &config, &msg) != 0) ...   // probes, negotiates, makes buffers
///     port_device_start(&d, &msg);                         // frames begin to arrive
///     ...
///     enum port_trouble t = port_device_trouble(&d);       // now and then
///     if (t != PORT_FINE) {
///             ... nobody receives or sends any more ...
///             port_device_leave(&d, t);
///             while (port_device_return(&d, &msg) != 0) ...  // it is not there yet
///             port_device_start(&d, &msg);
///     }
///     port_device_close(&d);
///
/// Lost is a device whose driver says so: a virtual function that its host resets, a card that is
/// pulled. The interface below net_af_packet, net_af_xdp or net_pcap may be deleted and come again
/// as another one, of which those drivers hear nothing: we look at its number. What the port was
/// told at first (queues, address) it keeps: a device that comes back with less is refused, and
/// tried again.
///
/// What it counts goes on over all of that.
///
/// Threading: main, but port_device_stats(), which is for any thread; DPDK's interrupt thread says
/// what happens to the device. Nobody may use `id` or `pool` between leave and return. Memory: the
/// buffers; their pool is another one after a driver kept buffers to itself.

#include <rte_ethdev.h>
#include <rte_ether.h>

#include "weir/input/port.h"
#include "weir/input/port_xdp.h"

enum port_trouble {
	PORT_FINE,
	PORT_RESET, ///< its queues are dead
	PORT_GONE,
	PORT_MEMBERS, ///< of a bond: some went, or came back
};

struct port_device {
	char name[RTE_ETH_NAME_MAX_LEN];
	struct port_config config; ///< what was asked for
	uint16_t id;               ///< as DPDK counts; RTE_MAX_ETHPORTS = there is none
	uint16_t queues, tx_queues;
	uint16_t descriptors, tx_descriptors;
	bool chains; ///< it can send a frame that lies in more than one buffer
	bool started;
	bool link_events;
	bool isolated;      ///< nothing comes but what rules let in: the kernel has the rest
	unsigned interface; ///< number of the kernel's interface below; 0 = none
	struct rte_ether_addr mac;
	struct rte_mempool *pool;
	struct port_bond bond; ///< without members when it is no bond
	struct port_xdp xdp;   ///< until the device has started
	uint64_t reset, gone;  ///< bits: 0 = the device, i + 1 = member i. Interrupt thread: w
	bool counts;           ///< under the lock of port_device_stats(), as is `past`
	struct port_stats past;
};

size_t port_device_memory(const struct port_config *config, size_t page);

/// Also on failure to be closed.
int port_device_open(struct port_device *d, const struct port_config *config, struct err_msg *msg);
int port_device_start(struct port_device *d, struct err_msg *msg);
void port_device_close(struct port_device *d);

/// What asks for its addresses gets through to it.
bool port_device_answers(const struct port_device *d);
void port_device_stats(const struct port_device *d, struct port_stats *s);

/// What befell it since it started; told once.
enum port_trouble port_device_trouble(struct port_device *d);
void port_device_leave(struct port_device *d, enum port_trouble trouble);
/// After PORT_MEMBERS, with nobody on the device; port_bond_forget() is to follow, with everybody.
void port_device_change_members(struct port_device *d);
/// 0 when it is as it was before it was started; negative with a message: try again.
int port_device_return(struct port_device *d, struct err_msg *msg);
