// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Print a sampled header with the names and in the order of sflowtool: Ethernet or 802.11, VLANs,
/// IPv4 or IPv6, ICMP, TCP, UDP, of the outermost headers.
///
/// Unlike there, IPID is in network order, fragments other than the first have no ports in IPv6
/// either, and an authentication header has its own unit of length. Flow keys of inner headers are
/// the business of lib/packet.
///
/// Input is hostile: all reads go through a cursor.

#include "decode_flow.h"
#include "decode_out.h"

/// header_protocol of sFlow version 5 that are looked into.
enum {
	HEADER_ETHERNET = 1,
	HEADER_IP4 = 11,
	HEADER_IP6 = 12,
	HEADER_80211 = 15
};

/// flow->header, header_len, header_protocol, packet_size and stripped are set; fills in the rest.
void header_print(struct out *o, struct flow *flow);
