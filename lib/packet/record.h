// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Flow records of a sample -> layers of a struct packet.
///
///     packet_reset(&packet, datagram, len);
///     for each record of the sample
///             packet_record(&packet, record.tag, body_offset, record.len);
///
/// The first record of a kind wins. A record that is shorter than its fixed part is not noted, one
/// that is longer is (sFlow v5 section 5: fields may be appended). Where the parts of a record move
/// with the length of an address, each part has a layer of its own.
///
/// Thread-safety: one packet belongs to one worker.

#include <stdbool.h>
#include <stdint.h>

#include "packet/packet.h"

enum packet_record_result {
	PACKET_RECORD_NOTED,
	PACKET_RECORD_UNUSED, ///< no field lies in it, or one of its kind was noted before
	PACKET_RECORD_SHORT,  ///< it ends inside its fixed part
};

/// Note the flow record tagged @p tag (enterprise << 12 | format) whose body of @p len bytes lies
/// @p off bytes into the datagram, all of it inside, behind its own length word.
static inline enum packet_record_result packet_record(struct packet *p, uint32_t tag, uint32_t off,
						      uint32_t len);

/// Any record but the one that comes with nearly every sample; for packet_record().
enum packet_record_result packet_record_any(struct packet *p, uint32_t tag, uint32_t off,
					    uint32_t len);

/// The record that comes with nearly every sample, whole and for the first time: to note it is to
/// set first[LAYER_SWITCH].
static inline bool packet_is_switch(const struct packet *p, uint32_t tag, uint32_t len)
{
	enum {
		EXTENDED_SWITCH = 1001
	};
	return tag == EXTENDED_SWITCH && len >= 16 && p->first[LAYER_SWITCH] == 0;
}

static inline enum packet_record_result packet_record(struct packet *p, uint32_t tag, uint32_t off,
						      uint32_t len)
{
	if (!packet_is_switch(p, tag, len))
		return packet_record_any(p, tag, off, len);
	p->first[LAYER_SWITCH] = (uint16_t)off;
	return PACKET_RECORD_NOTED;
}

/// The sample tells of a dropped packet: give it a `reason`.
static inline void packet_reason(struct packet *p, uint32_t reason)
{
	p->meta.reason = __builtin_bswap32(reason);
	p->first[LAYER_REASON] = (uint16_t)offsetof(struct packet, meta.reason);
}
