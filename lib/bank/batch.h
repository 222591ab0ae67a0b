// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Flow samples between decoding and measuring; private to this folder.

#include "bank/registry.h"
#include "packet/dissect.h"
#include "packet/packet.h"
#include "program/program.h"
#include "sflow/datagram.h"
#include "table/table.h"

/// Flow samples that are staged before the definitions measure them: enough for cache lines to
/// arrive meanwhile, few enough to stay in L1.
#define SAMPLES TABLE_BATCH

/// What a secondary value reads from a sample.
union attribute {
	double number; ///< NaN = absent
	uint64_t hash; ///< CELL_COUNT: of the attribute; 0 = absent
};

struct agent_cell;

/// Where samples come from: a datagram and its agent.
struct origin {
	const uint8_t *data;
	uint32_t len;
	uint32_t ms; ///< since the bank's start
	uint64_t time;
	struct registry_agent *known;
	struct agent_cell *cell;
	uint32_t agent;    ///< index in the registry
	uint32_t restarts; ///< of the agent when the datagram came; later ones may add to it
};

enum sample_kind {
	SAMPLE_FLOW,
	SAMPLE_DISCARDED,
	SAMPLE_RTFLOW,
	SAMPLE_REFUSED, ///< not to be measured
};

/// A flow sample that is staged, in a cache line. Staging fills in whose it is and, if it is plain
/// (dissect.h), what its header has; what it is worth and whether it is used follows when it is
/// settled. The packet of the same index is there at once for any sample that is not plain, and for
/// a plain one when a definition needs it: sample_packet() makes it.
struct sample {
	const struct origin *from;
	const uint8_t *body; ///< of the sample in the datagram; its tag and length lie before it
	struct source_id id;
	uint32_t source; ///< index in the registry; until it is settled, where it should be
	uint32_t bytes;  ///< on the wire
	double volume;   ///< rate x bytes
	double rate;
	uint16_t has;             ///< enum plain_has; 0 = not plain
	uint8_t kind;             ///< enum sample_kind
	bool packet;              ///< its packet is made
	uint8_t at[N_PLAIN_FROM]; ///< plain: what gathering reads, from `body`
};

/// What a flow sample says of its source, as sent.
struct numbers {
	uint32_t sequence, rate, pool, drops;
};

/// A flow sample that is stepped over.
struct stepped {
	struct source_id id;
	uint32_t source; ///< as in `struct sample`
	uint32_t at;     ///< samples that were staged before it
	struct numbers numbers;
};

/// Make the packet of a plain sample.
void sample_packet(enum dissect_depth depth, const struct sample *s, struct packet *p);

/// Additions on their way to the table of one definition.
struct batch {
	struct table_batch add;
	uint32_t def;         ///< which
	double rate[SAMPLES]; ///< where there are secondary values, as `values`
	union attribute values[SAMPLES][PROGRAM_VALUES_MAX + 1];
	uint8_t key[SAMPLES * (PROGRAM_KEY_MAX + PROGRAM_KEY_SLACK)] __attribute__((aligned(64)));
};
