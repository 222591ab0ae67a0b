// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The one's complement sum of IP, UDP and ICMP (RFC 1071).
///
///     bool right = checksum_fold(checksum_add(0, header, 20)) == 0xffff;
///     checksum_store(icmp + 2, checksum_add(0, icmp, len));   // the field was zero
///
/// Words are added in host order: the sum is the same but for the order of its bytes, which is why
/// right is still 0xffff, and why what is stored needs no swap. Thread-safety: pure functions.

#include <stdint.h>
#include <string.h>

/// Add @p len bytes to @p sum. Only the last piece of several may have an odd length.
static inline uint64_t checksum_add(uint64_t sum, const uint8_t *p, uint32_t len)
{
	for (; len >= 4; p += 4, len -= 4) {
		uint32_t word;
		memcpy(&word, p, 4);
		sum += word;
	}
	uint32_t tail = 0;
	memcpy(&tail, p, len);
	return sum + tail;
}

/// Add a number of 16 bits that stands in the packet in network order.
static inline uint64_t checksum_add_u16(uint64_t sum, uint16_t v)
{
	const uint8_t bytes[2] = {(uint8_t)(v >> 8), (uint8_t)v};
	return checksum_add(sum, bytes, 2);
}

static inline uint32_t checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

/// Write the checksum of what was summed up to its field.
static inline void checksum_store(uint8_t *field, uint64_t sum)
{
	const uint16_t v = (uint16_t)~checksum_fold(sum);
	memcpy(field, &v, 2);
}
