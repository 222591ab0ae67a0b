// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// From the bytes of a captured frame to IP and from IP to UDP, without libpcap: the part of
/// capture.c that hostile bytes reach, kept pure so that it can be fuzzed.
///
/// Thread-safety: values only. Memory: borrows the frame.

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/cursor.h"
#include "common/capture.h"

/// How a frame begins. The mapping from link types of a file is capture.c's.
enum unwrap_link {
	UNWRAP_ETHERNET,
	UNWRAP_IP,        ///< nothing before the IP header
	UNWRAP_COOKED_V1, ///< Linux SLL
	UNWRAP_COOKED_V2, ///< Linux SLL2
	UNWRAP_FAMILY,    ///< BSD null or loop: a 32-bit address family, in either byte order
	UNWRAP_N_LINKS,
};

/// An IP packet, or the part of one that a fragment carries.
struct ip_packet {
	struct addr source;
	struct addr destination;
	uint8_t protocol; ///< of `payload`; an IPv6 extension header only in a fragment
	bool fragment;    ///< the three members below hold
	bool more;        ///< not the last fragment
	uint32_t id;
	uint32_t offset;       ///< bytes
	const uint8_t *header; ///< of IPv4, for its checksum; NULL with IPv6
	uint32_t header_size;  ///< 0 with IPv6
	const uint8_t *payload;
	uint32_t len;      ///< bytes of payload by the IP header
	uint32_t captured; ///< bytes of payload present; <= len
};

/// Find the IP packet in a frame. CAPTURE_OK, NOT_IP, BAD_LENGTH or TRUNCATED.
enum capture_reason unwrap_ip(enum unwrap_link link, const uint8_t *frame, uint32_t len,
			      struct ip_packet *ip);

/// Find the datagram in a whole packet; fills all of @p d but the time. @p ip's extension headers,
/// should reassembly have uncovered more, are stepped over. CAPTURE_OK, NOT_UDP, BAD_LENGTH,
/// BAD_FRAGMENT or TRUNCATED.
enum capture_reason unwrap_udp(struct ip_packet *ip, struct datagram *d);
