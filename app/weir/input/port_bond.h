// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Several cables as one port (net_bonding): LACP (IEEE 802.1AX, once 802.3ad), or one active cable
/// and others in reserve.
///
///     struct port_bond b;
///     if (port_bond_make(&b, "net_bonding0", &config, &msg) != 0) ...    // before configure
///     port_bond_started(&b);          // the port runs: members take what is for the bond
///     port_bond_beat(&b);             // the thread that sends on the port, at least each BEAT
///     port_bond_close(&b);            // after the bond's device was closed
///
/// What the driver leaves to its user is done here. A member filters by its own MAC address, while
/// the peer spreads frames for the bond's over all members: each member is told to take both.
/// LACPDUs, ARP and neighbour discovery go to groups: members take all groups. A member that can do
/// neither goes promiscuous. LACPDUs are sent only when someone sends, be it nothing: hence the
/// beat, ten times a second at least; they are received by the workers' polls.
///
/// Threading: main, but port_bond_beat(). Memory: none but names. Limits: PORT_BOND_MOST members.

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define PORT_BOND_MOST 8
/// Longest time between two beats, ns.
#define PORT_BOND_BEAT UINT64_C(50000000)

enum bond_mode {
	BOND_LACP,
	BOND_ACTIVE_BACKUP,
};

struct port_bond_config {
	const char *const *member; ///< devices; borrowed until port_bond_make() returns
	uint32_t n_members;        ///< 0 = no bond
	enum bond_mode mode;
	int socket; ///< NUMA
};

struct port_bond {
	char name[64];
	uint16_t id; ///< of the bond, as DPDK counts
	enum bond_mode mode;
	uint16_t n;
	uint16_t member[PORT_BOND_MOST];
	uint64_t active; ///< bit per member, as last told; the beat: rw
	uint64_t told;   ///< ns: when we looked; the beat: rw
};

/// Make the members' devices and the bond. 0, or negative with a message that names the device.
int port_bond_make(struct port_bond *b, const char *name, const struct port_bond_config *config,
		   struct err_msg *msg);
void port_bond_started(struct port_bond *b);
/// Let LACPDUs out; tell the log of members that come and go, and the caller by true.
bool port_bond_beat(struct port_bond *b, uint64_t now);
void port_bond_close(struct port_bond *b);
