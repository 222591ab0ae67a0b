// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// The sampled packet as flow definitions see it: nothing is copied, a layer is an offset.
///
/// `packet_dissect()` (dissect.h) walks a sampled header once and notes where each protocol layer
/// begins. A field (fields.def) is then a place in a layer: {layer, offset, width, shift, bits}.
/// Both sFlow and packet headers are big-endian, so a flow key is gathered by copying bytes from
/// where they lie in the datagram. Whether a field is there at all is decided when it is read:
/// the layer must be present (offset not 0) and the field must end before the header does; hence a
/// header cut at any byte yields the fields that are whole, and only those.
///
/// Three spaces hold bytes that keys are made of:
///  - SPACE_HEADER: the sampled header (or one synthesised from sampled_ipv4/ipv6/ethernet);
///  - SPACE_RECORD: the other flow records of the sample, whose fixed part was checked whole before
///    its layer was noted (record.h);
///  - SPACE_META: what the sample itself says, `struct packet_meta`, kept big-endian like the rest.
///
/// Threading: one packet belongs to one worker. Memory: borrows the datagram.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum packet_space {
	SPACE_HEADER,
	SPACE_RECORD,
	SPACE_META,
	N_SPACES,
};

/// Protocol layers and flow records. One line each in layers.def, in a stable order.
enum packet_layer {
	LAYER_NONE,
#define LAYER(id, name, space) LAYER_##id,
#include "packet/layers.def"
#undef LAYER
	N_LAYERS,
};

/// Deepest stack of headers that is followed; deeper headers are not looked at (counted by the
/// caller through `packet.clipped`). No real encapsulation comes near.
#define PACKET_DEPTH 40

/// Which space a layer lies in: LAYER_SPACE_ETH and so on.
enum packet_layer_space {
#define LAYER(id, name, space) LAYER_SPACE_##id = space,
#include "packet/layers.def"
#undef LAYER
};

struct packet_place {
	uint8_t layer; ///< enum packet_layer
	uint16_t off;  ///< from base[SPACE_HEADER]
};

/// A port of a sample. The top two bits are the format of sFlow v5 section 5, the rest an ifIndex,
/// or one of these. What needs more than 30 bits in the expanded form is PACKET_PORT_INTERNAL.
enum {
	PACKET_PORT_UNKNOWN = 0,
	PACKET_PORT_INTERNAL = 0x3fffffff, ///< the device itself
	PACKET_PORT_DISCARD = 0x40000000,
	PACKET_PORT_MULTIPLE = 0x80000000u,
};

/// What struct packet_meta keeps of a port word of the wire: the reason of a discard and the number
/// of output ports are dropped, so that two ports are equal exactly when their texts are.
static inline uint32_t packet_port(uint32_t word)
{
	switch (word >> 30) {
	case 0: return word;
	case 1: return PACKET_PORT_DISCARD;
	case 2: return PACKET_PORT_MULTIPLE;
	default: return PACKET_PORT_UNKNOWN; // format 3 is not defined
	}
}

/// What the sample says about the packet, set by whoever reads the sample.
struct packet_meta {
	uint32_t input;         ///< big-endian, packet_port()
	uint32_t output;        ///< big-endian, packet_port()
	uint32_t sampling_rate; ///< big-endian; as sent
	uint32_t bytes;         ///< big-endian; frame length on the wire, stripped bytes included
	uint32_t stripped;      ///< big-endian; bytes removed from the frame before sampling
	uint32_t reason;        ///< big-endian; drop reason of a discarded-packet sample
	uint32_t frames;        ///< big-endian; always 1
	uint8_t direction;      ///< enum packet_direction
	uint8_t protocol;       ///< header_protocol of the sampled header
	uint8_t pad[2];
};

enum packet_direction {
	DIRECTION_UNKNOWN, ///< the source is neither the input nor the output port
	DIRECTION_INGRESS,
	DIRECTION_EGRESS,
};

/// Room for N_LAYERS offsets in whole cache lines.
#define PACKET_FIRST_LEN ((N_LAYERS + 31) / 32 * 32)

/// What every gather reads comes first, in two lines and, for records, a third.
struct packet {
	const uint8_t *base[N_SPACES];
	uint32_t end[N_SPACES];           ///< bytes that may be read from base
	uint32_t start;                   ///< where the sampled header begins in its base
	uint8_t n_stack;                  ///< headers in `stack`
	bool clipped;                     ///< deeper than PACKET_DEPTH
	uint16_t first[PACKET_FIRST_LEN]; ///< offset of the outermost occurrence; 0 = absent
	struct packet_meta meta;
	uint8_t synth[80]; ///< room for a header made from sampled_ipv4 and the like
	struct packet_place stack[PACKET_DEPTH]; ///< every layer, from the outside in (DISSECT_ALL)
};

/// The @p len bytes that lie @p at bytes into a space, or NULL when the space ends before they do.
static inline const uint8_t *packet_bytes(const struct packet *p, enum packet_space space,
					  uint32_t at, uint32_t len)
{
	return at + len <= p->end[space] ? p->base[space] + at : NULL;
}

/// The n-th occurrence (0 = outermost) of a header layer; 0 = absent.
static inline uint16_t packet_layer_at(const struct packet *p, unsigned layer, unsigned n)
{
	if (n == 0)
		return p->first[layer];
	for (unsigned i = 0; i < p->n_stack; i++)
		if (p->stack[i].layer == layer && n-- == 0)
			return p->stack[i].off;
	return 0;
}

/// Add a layer to the stack, which has room for it.
static inline void packet_push(struct packet *p, enum packet_layer layer, uint32_t off)
{
	p->stack[p->n_stack++] = (struct packet_place){(uint8_t)layer, (uint16_t)off};
}

/// Make @p p empty, over a datagram of @p len bytes at @p datagram (kept until the packet is done
/// with). Only what is read without a presence check is cleared.
static inline void packet_reset(struct packet *p, const uint8_t *datagram, uint32_t len)
{
	p->base[SPACE_HEADER] = datagram;
	p->end[SPACE_HEADER] = 0;
	p->base[SPACE_RECORD] = datagram;
	p->end[SPACE_RECORD] = len;
	p->base[SPACE_META] = (const uint8_t *)p;
	p->end[SPACE_META] = sizeof(*p);
	// Line by line: gcc makes one memset of this size a "rep stos", which costs 10 ns more.
	for (unsigned i = 0; i < PACKET_FIRST_LEN; i += 32)
		memset(&p->first[i], 0, 64);
	p->first[LAYER_META] = (uint16_t)offsetof(struct packet, meta);
	p->n_stack = 0;
	p->clipped = false;
}
