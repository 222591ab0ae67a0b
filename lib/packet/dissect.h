// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Sampled header -> layers of a struct packet.
///
/// The walk stops as soon as everything that the caller asked for was passed: the common program
/// (addresses, ports) never looks behind the first transport header.
///
/// Formats: IEEE 802.3 and 802.1Q, RFC 894, 1042, 2516 (PPPoE), 3032 (MPLS), 791, 8200, 2784 and
/// 2890 (GRE), 7348 (VXLAN), 8926 (Geneve), 3GPP TS 29.281 (GTP-U), IBTA 1.4 annex A17 (RoCEv2).
///
/// Input is hostile: every offset is checked against the header's end, each step moves forward,
/// and at most PACKET_DEPTH headers are walked.

#include <stdint.h>

#include "packet/packet.h"

/// How far to go.
enum dissect_depth {
	DISSECT_OUTER, ///< stop after the first transport header; no tunnels, no `stack`
	DISSECT_ALL,   ///< follow tunnels to the end
};

/// header_protocol of sFlow v5 section 5.3 (sampled_header).
enum header_protocol {
	HEADER_ETHERNET = 1,
	HEADER_TOKEN_BUS = 2,
	HEADER_TOKEN_RING = 3,
	HEADER_FDDI = 4,
	HEADER_FRAME_RELAY = 5,
	HEADER_X25 = 6,
	HEADER_PPP = 7,
	HEADER_SMDS = 8,
	HEADER_AAL5 = 9,
	HEADER_AAL5_IP = 10,
	HEADER_IP4 = 11,
	HEADER_IP6 = 12,
	HEADER_MPLS = 13,
	HEADER_POS = 14,
	HEADER_80211_MAC = 15,
	HEADER_80211_AMPDU = 16,
	HEADER_80211_AMSDU = 17,
	HEADER_INFINIBAND = 18,
};

/// Note the layers of the header that lies at base[SPACE_HEADER] + @p off, @p len bytes.
/// Sets end[SPACE_HEADER]. @p off > 0 and off + len at most 65535.
/// Unknown protocols leave the packet without header layers.
void packet_dissect(struct packet *p, uint32_t protocol, uint32_t off, uint32_t len,
		    enum dissect_depth depth);
