// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The flow sample that nearly every agent sends nearly always, read from the words of the wire:
/// compact, of one raw header that dissect_plain() knows, with at most extended_switch behind it.
///
///     while (sflow_next(&dg, &s) > 0)
///             if (s.tag == SFLOW_FLOW_SAMPLE && plain_sample_read(s.body, s.len, &has, at))
///                     ... flow_def_plain_key(..., s.body, at, ...) ...
///             else
///                     ... flow_sample_open(), the records one by one ...
///
/// Thread-safety: values only. Memory: borrows the datagram.

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "packet/dissect.h"
#include "sflow/datagram.h"

/// Words of the wire as they lie in memory, to compare without turning them round.
static inline uint32_t load_raw(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

#define WIRE(n) __builtin_bswap32(n)

/// The compact flow sample (sFlow v5 section 5), bytes from its body. Behind the fixed part: tag
/// and length of the first record, and its body: a raw header's four words.
enum {
	AT_SEQUENCE = 0,
	AT_SOURCE = 4,
	AT_RATE = 8,
	AT_POOL = 12,
	AT_DROPS = 16,
	AT_INPUT = 20,
	AT_OUTPUT = 24,
	AT_N_RECORDS = 28,
	AT_TAG = 32,
	AT_LEN = 36,
	AT_PROTOCOL = 40,
	AT_FRAME_LEN = 44,
	AT_STRIPPED = 48,
	AT_HEADER_LEN = 52,
	AT_HEADER = 56,
	SWITCH_SIZE = 24, // extended_switch with its tag and length
	PLAIN_MIN = 14 + 20 +
		    8, // the shortest header: Ethernet, IPv4, eight bytes of what IPv4 carries
};

/// Is extended_switch the second of two records? Its last SWITCH_SIZE bytes lie @p at.
static inline bool plain_sample_ends_with_switch(const uint8_t *b, const uint8_t *at)
{
	return load_raw(b + AT_N_RECORDS) == WIRE(2) &&
	       load_raw(at) == WIRE(SFLOW_EXTENDED_SWITCH) &&
	       load_raw(at + 4) == WIRE(SWITCH_SIZE - 8);
}

/// Bytes of header that are there.
static inline uint32_t plain_sample_header_len(const uint8_t *b)
{
	const uint32_t room = load_be32(b + AT_LEN) - (AT_HEADER - AT_PROTOCOL);
	const uint32_t said = load_be32(b + AT_HEADER_LEN);
	return said < room ? said : room;
}

/// The body of extended_switch in a plain sample, or NULL.
static inline const uint8_t *plain_sample_switch(const uint8_t *b)
{
	return load_raw(b + AT_N_RECORDS) == WIRE(1)
		       ? NULL
		       : b + AT_PROTOCOL + ((load_be32(b + AT_LEN) + 3) & ~3u) + 8;
}

/// What the header of the compact flow sample @p b of @p len bytes has (enum plain_has without
/// PLAIN_IFINDEX), and how far from @p b what it has lies. False unless it is plain.
static inline bool plain_sample_read(const uint8_t *b, uint32_t len, uint16_t *has,
				     uint8_t at[N_PLAIN_FROM])
{
	if (len < AT_HEADER + PLAIN_MIN || load_raw(b + AT_TAG) != WIRE(SFLOW_SAMPLED_HEADER) ||
	    load_raw(b + AT_PROTOCOL) != WIRE(HEADER_ETHERNET))
		return false;
	// As `len` is no less than PLAIN_MIN, none that is too long leaves so little behind it.
	const uint32_t behind = len - AT_PROTOCOL - ((load_be32(b + AT_LEN) + 3) & ~3u);
	if (behind == SWITCH_SIZE ? !plain_sample_ends_with_switch(b, b + len - SWITCH_SIZE)
				  : behind != 0 || load_raw(b + AT_N_RECORDS) != WIRE(1))
		return false;
	struct plain plain;
	if (!dissect_plain(b + AT_HEADER, plain_sample_header_len(b), &plain))
		return false;
	*has = (uint16_t)plain.has;
	at[PLAIN_FROM_SAMPLE] = 0;
	at[PLAIN_FROM_ETH] = AT_HEADER;
	at[PLAIN_FROM_NETWORK] = (uint8_t)(AT_HEADER + plain.network_at);
	at[PLAIN_FROM_TRANSPORT] = (uint8_t)(AT_HEADER + plain.transport_at);
	return true;
}
