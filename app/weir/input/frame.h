// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// From an Ethernet frame, as a port hands it over, to the payload of a UDP datagram that is ours.
///
///     const enum stat_id verdict = frame_take(&policy, frame, len, checksum, &payload);
///     stats_add(stats, verdict, 1);
///     if (verdict == STAT_frame_datagrams) ... payload.data, .len, .via are set ...
///
/// What a socket gets for free from the kernel is checked here: VLAN tags, every length of IPv4,
/// IPv6 and UDP against the others, checksums, destination address and port. Each frame gets
/// exactly one verdict, hence the ledger closes. Fragments are not looked into, since no part of a
/// datagram may be taken for the whole: fragments.h puts them together.
///
/// Formats: IEEE 802.3 with 802.1Q and 802.1ad tags, RFC 791, RFC 8200 (extension headers are
/// stepped over), RFC 768. Input is hostile: everything goes through a cursor.
///
/// Thread-safety: a policy is constant; the rest are values. Memory: the payload borrows the frame.

#include <stdbool.h>
#include <stdint.h>

#include "bank/bank.h"
#include "base/addr.h"

/// An address that is ours whatever the VLAN.
#define FRAME_ANY_VLAN 0xffff

/// A destination that is ours.
struct frame_address {
	struct addr addr;
	uint16_t vlan; ///< id of the outermost tag, 0 = untagged; or FRAME_ANY_VLAN
};

/// What of all that arrives is for us; constant while workers run.
struct frame_policy {
	const struct frame_address *address; ///< none = any destination
	uint32_t n_address;
	uint16_t udp_port;    ///< destination port; 0 = any
	const uint32_t *vlan; ///< ids of the outermost tag, 0 = untagged; none = any
	uint32_t n_vlan;
	bool checksums; ///< verify those that the card did not
};

/// What the card says about the checksums of IP and UDP.
enum frame_checksum {
	FRAME_CHECKSUM_UNKNOWN,
	FRAME_CHECKSUM_GOOD,
	FRAME_CHECKSUM_BAD,
};

/// Judge a frame: STAT_frame_datagrams, and data, len, via and via_family of @p p are set, or the
/// reason (group FRAME) why it is not used.
enum stat_id frame_take(const struct frame_policy *policy, const uint8_t *frame, uint32_t len,
			enum frame_checksum checksum, struct payload *p);

/// Id of the outermost tag of a frame, 0 = untagged.
uint16_t frame_vlan(const uint8_t *frame, uint32_t len);
/// Is this destination ours, on this VLAN?
bool frame_is_ours(const struct frame_policy *policy, uint16_t vlan, const struct addr *to);
