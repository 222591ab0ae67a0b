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
///     if (port_bond_look(&b, pulled)) ...   // members went, or came back: with nobody on the bond
///             port_bond_change(&b);
///     port_bond_forget(&b);           // others may use the bond again
///     port_bond_close(&b);            // after the bond's device was closed
///
/// What the driver leaves to its user is done here. A member filters by its own MAC address, while
/// the peer spreads frames for the bond's over all members: each member is told to take both.
/// LACPDUs, ARP and neighbour discovery go to groups: members take all groups. A member that can do
/// neither goes promiscuous. LACPDUs are sent only when someone sends, be it nothing: hence the
/// beat, ten times a second at least; they are received by the workers' polls.
///
/// A member that is pulled leaves the bond, which keeps its MAC address; once its device can be had
/// again it is taken back. So it is with a member on an interface of the kernel that is deleted and
/// made anew.
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
	const char *const *member; ///< devices; borrowed, each of the names
	uint32_t n_members;        ///< 0 = no bond
	enum bond_mode mode;
	int socket; ///< NUMA
};

struct port_bond {
	char name[64];
	uint16_t id; ///< of the bond, as DPDK counts
	enum bond_mode mode;
	uint16_t n;
	const char *device[PORT_BOND_MOST];
	uint16_t member[PORT_BOND_MOST];    ///< RTE_MAX_ETHPORTS = pulled
	unsigned interface[PORT_BOND_MOST]; ///< of the kernel below; 0 = none
	uint64_t going, coming;             ///< bit per member: what is to be changed; main: rw
	uint16_t comes[PORT_BOND_MOST];     ///< of a member that is coming: its device
	uint64_t next_try;                  ///< ns: for those that are pulled; main: rw
	uint16_t left[PORT_BOND_MOST];      ///< devices to be forgotten
	uint16_t n_left;
	uint64_t active; ///< bit per member, as last told; the beat: rw
	uint64_t told;   ///< ns: when we looked; the beat: rw
};

/// Make the members' devices and the bond. 0, or negative with a message that names the device.
int port_bond_make(struct port_bond *b, const char *name, const struct port_bond_config *config,
		   struct err_msg *msg);
void port_bond_started(struct port_bond *b);
/// Let LACPDUs out; tell the log of members that come and go, and the caller by true.
bool port_bond_beat(struct port_bond *b, uint64_t now);
/// Members that are @p pulled (bits), and those that went or came back unheard: true when
/// port_bond_change() has something to do.
bool port_bond_look(struct port_bond *b, uint64_t pulled, uint64_t now);
/// Nobody receives or sends on the bond.
void port_bond_change(struct port_bond *b);
/// No member is left: the driver may still receive from the last one, so nobody may use it.
bool port_bond_is_empty(const struct port_bond *b);
/// Give up the devices of members that left.
void port_bond_forget(struct port_bond *b);
/// The kernel's interface that @p device uses and did not make; 0 = none.
unsigned port_bond_interface(const char *device);
void port_bond_close(struct port_bond *b);
