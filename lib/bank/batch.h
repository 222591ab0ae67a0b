// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Flow samples between decoding and measuring; private to this folder.

#include "packet/packet.h"
#include "program/program.h"
#include "table/table.h"

/// Flow samples that are staged before the definitions measure them: enough for cache lines to
/// arrive meanwhile, few enough to stay in L1.
#define SAMPLES TABLE_BATCH

/// What a secondary value reads from a sample.
union attribute {
	double number; ///< NaN = absent
	uint64_t hash; ///< CELL_COUNT: of the attribute; 0 = absent
};

/// A flow sample that was read. Of a plain one (dissect.h) the packet of the same index is made
/// only when a definition needs it: the rest is what sample_packet() makes it from.
struct sample {
	double rate;
	uint32_t source; ///< index in the registry
	uint32_t bytes;  ///< on the wire
	uint32_t ms;     ///< since the bank's start
	bool discarded;
	bool packet;       ///< its packet is made
	uint8_t direction; ///< enum packet_direction
	// What gathering a plain key reads.
	uint16_t has;              ///< enum plain_has
	uint16_t at[N_PLAIN_FROM]; ///< offsets in the datagram
	const uint8_t *datagram;
	const uint8_t *body;          ///< of the sample
	const uint8_t *switch_record; ///< body of extended_switch, or NULL
	uint32_t datagram_len;
	uint32_t end; ///< of the header, from its start
};

/// Make the packet of a plain sample.
void sample_packet(const struct program *program, const struct sample *s, struct packet *p);

/// Additions on their way to the table of one definition.
struct batch {
	struct table_batch add;
	double rate[SAMPLES];
	union attribute values[SAMPLES][PROGRAM_VALUES_MAX + 1];
	uint8_t key[SAMPLES * PROGRAM_KEY_MAX + PROGRAM_KEY_SLACK] __attribute__((aligned(64)));
};
