// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What the one-line format and the capture format of `weirctl decode` know about a flow sample;
/// the functions that print records fill it in on their way.
///
/// The raw header wins over sampled_ethernet, sampled_ipv4 and sampled_ipv6, whatever their order,
/// and these over the addresses of a socket; tunnels do not count.

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/// Where addresses and ports come from, in ascending order of trust.
enum flow_source {
	FLOW_NOTHING,
	FLOW_SOCKET,
	FLOW_SAMPLED,
	FLOW_HEADER,
};

struct flow {
	enum flow_source source;
	bool have_vlans; ///< extended_switch said them
	uint8_t eth_source[6], eth_destination[6];
	uint32_t eth_type;
	uint32_t vlan_in, vlan_out;
	struct addr ip_source, ip_destination;
	uint32_t ip_protocol, ip_tos, ip_ttl;
	uint32_t port_source, port_destination; ///< ICMP: type, code
	uint32_t tcp_flags;
	uint32_t packet_size; ///< bytes on the wire
	uint32_t stripped;
	uint32_t ip_offset;      ///< of the IPv4 header
	uint32_t payload_offset; ///< behind TCP, UDP, ICMP; 0: not found

	const uint8_t *header; ///< NULL: no raw header
	uint32_t header_len;
	uint32_t header_protocol;
};
