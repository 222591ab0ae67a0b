// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Plain headers: the shape that nearly every sampled header has, in a few numbers.
///
/// dissect_plain() (dissect.h) finds it, or says that a header is not plain. What is known of one
/// is known without a look at it: bytes that `has` vouches for are there, so a flow key is gathered
/// from a plain header by loads alone (flow_def_plain_key() in program/program.h).
///
/// Thread-safety: values only.

#include <stdint.h>

/// What is known of a plain header: Ethernet, at most two tags, IPv4 or IPv6 without options, TCP
/// or UDP that is no tunnel, and nothing cut: eight bytes of the transport header are there. What
/// it does not have is not there, unless PLAIN_DNS says so.
enum plain_has {
	PLAIN_ETH = 1 << 0,
	PLAIN_VLAN = 1 << 1, ///< one tag at least
	PLAIN_QINQ = 1 << 2, ///< two
	PLAIN_IP4 = 1 << 3,
	PLAIN_IP6 = 1 << 4,
	PLAIN_TCP = 1 << 5,
	PLAIN_UDP = 1 << 6,
	PLAIN_PORTS = 1 << 7, ///< TCP or UDP
	PLAIN_DNS = 1 << 8,   ///< the UDP has a port of DNS: one more layer, for the walk to note
	PLAIN_IFINDEX =
		1 << 9, ///< both ports of its sample are an ifIndex: packet_port() changes none
};

/// Places that fields are counted from: in a plain header, and the body of the compact flow sample
/// that it came in.
enum plain_from {
	PLAIN_FROM_SAMPLE,
	PLAIN_FROM_ETH,
	PLAIN_FROM_NETWORK,
	PLAIN_FROM_TRANSPORT,
	N_PLAIN_FROM,
};

/// From PLAIN_FROM_SAMPLE to the input port, which the output port follows.
#define PLAIN_PORTS_AT 20

struct plain {
	uint32_t has; ///< enum plain_has, without PLAIN_IFINDEX
	uint32_t network_at, transport_at;
	uint32_t end; ///< of the IP packet, or of the header if that ends sooner
};
