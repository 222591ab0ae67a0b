// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// The steps into what IP and UDP carry: GRE (RFC 2784, 2890, 2637, 7637), ERSPAN (draft-foschiano-
// erspan), VXLAN (RFC 7348, draft-ietf-nvo3-vxlan-gpe), Geneve (RFC 8926), GTP-U (3GPP TS 29.281),
// InfiniBand (IBTA volume 1, annexes A16 and A17), DNS (RFC 1035).

#include "packet/walk.h"

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080, // version 1 only
	GRE_VERSION = 0x0007,
};

static enum step walk_erspan2(struct walk *w)
{
	if (!walk_note(w, LAYER_ERSPAN))
		return STEP_END;
	w->off += 8;
	return STEP_ETH;
}

static enum step walk_erspan3(struct walk *w)
{
	if (!walk_note(w, LAYER_ERSPAN))
		return STEP_END;
	const uint8_t *b = walk_peek(w, 12);
	if (b == NULL)
		return STEP_END;
	const unsigned frame_type = b[10] >> 2 & 31;
	const bool subheader = b[11] & 1;
	w->off += subheader ? 20 : 12;
	switch (frame_type) {
	case 0: return STEP_ETH;
	case 2: return STEP_IP_ANY;
	default: return STEP_END;
	}
}

// The optional words behind the first four bytes; moves off behind them all.
static void walk_gre_options(struct walk *w, uint16_t flags, uint16_t type)
{
	w->off += 4;
	if (flags & GRE_CHECKSUM)
		w->off += 4;
	if (flags & GRE_KEY) {
		if ((flags & GRE_VERSION) == 0)
			walk_note(w, LAYER_GREKEY);
		if (type == ETHERTYPE_TEB)
			walk_note(w, LAYER_NVGRE);
		w->off += 4;
	}
	if (flags & GRE_SEQUENCE)
		w->off += 4;
	if ((flags & GRE_VERSION) == 1 && (flags & GRE_ACK))
		w->off += 4;
}

// ERSPAN type I is type II without its header, and is told by the missing sequence number.
enum step walk_gre(struct walk *w)
{
	if (!walk_note(w, LAYER_GRE))
		return STEP_END;
	const uint8_t *b = walk_peek(w, 4);
	if (b == NULL)
		return STEP_END;
	const uint16_t flags = load_be16(b), type = load_be16(b + 2);
	if ((flags & GRE_ROUTING) || (flags & GRE_VERSION) > 1)
		return STEP_END;
	walk_gre_options(w, flags, type);
	switch (type) {
	case ETHERTYPE_ERSPAN: return flags & GRE_SEQUENCE ? walk_erspan2(w) : STEP_ETH;
	case ETHERTYPE_ERSPAN3: return walk_erspan3(w);
	default: return walk_after_ethertype(type);
	}
}

static enum step vxlan_gpe_step(uint8_t next_protocol)
{
	switch (next_protocol) {
	case 1: return STEP_IP4;
	case 2: return STEP_IP6;
	case 3: return STEP_ETH;
	case 5: return STEP_MPLS;
	default: return STEP_END;
	}
}

// Without the I flag there is no VNI, and the packet is not VXLAN (RFC 7348 section 5).
static enum step walk_vxlan(struct walk *w, bool gpe)
{
	const uint8_t *b = walk_peek(w, 1);
	if (b == NULL || (b[0] & 0x08) == 0 || !walk_note(w, LAYER_VXLAN))
		return STEP_END;
	b = walk_peek(w, 4);
	if (b == NULL)
		return STEP_END;
	w->off += 8;
	const bool says_next = gpe && (b[0] & 0x04);
	return says_next ? vxlan_gpe_step(b[3]) : STEP_ETH;
}

static enum step walk_geneve(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 1);
	const bool version0 = b != NULL && b[0] >> 6 == 0;
	if (!version0 || !walk_note(w, LAYER_GENEVE))
		return STEP_END;
	b = walk_peek(w, 4);
	if (b == NULL)
		return STEP_END;
	w->off += 8 + (b[0] & 63u) * 4;
	return walk_after_ethertype(load_be16(b + 2));
}

// TS 29.281 section 5.2.1: each extension header is a number of 4-byte words, which its first byte
// says, and its last byte is the type of the next one. False when they cannot be passed.
static bool walk_gtp_extensions(struct walk *w, uint8_t type)
{
	while (type != 0) {
		const uint8_t *b = walk_peek(w, 1);
		const uint32_t size = b == NULL ? 0 : b[0] * 4u;
		b = walk_peek(w, size);
		if (size == 0 || b == NULL || !walk_descend(w))
			return false;
		type = b[size - 1];
		w->off += size;
	}
	return true;
}

static enum step walk_gtpu(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 1);
	const bool version1 = b != NULL && (b[0] & 0xf0) == 0x30;
	if (!version1 || !walk_note(w, LAYER_GTPU))
		return STEP_END;
	b = walk_peek(w, 2);
	if (b == NULL || b[1] != 255) // G-PDU: the only message with a user's packet
		return STEP_END;
	const uint8_t flags = b[0];
	w->off += 8;
	if ((flags & 7) == 0) // neither extensions, sequence number nor N-PDU number
		return STEP_IP_ANY;
	b = walk_peek(w, 4);
	if (b == NULL)
		return STEP_END;
	w->off += 4;
	return walk_gtp_extensions(w, flags & 4 ? b[3] : 0) ? STEP_IP_ANY : STEP_END;
}

static enum step walk_last(struct walk *w, enum packet_layer layer)
{
	walk_note(w, layer);
	return STEP_END;
}

enum step walk_udp_payload(struct walk *w, uint16_t source, uint16_t destination)
{
	switch (destination) {
	case UDP_PORT_DNS: return walk_last(w, LAYER_DNS);
	case UDP_PORT_GTPU: return walk_gtpu(w);
	case UDP_PORT_VXLAN:
	case UDP_PORT_VXLAN_LINUX: return walk_vxlan(w, false);
	case UDP_PORT_VXLAN_GPE: return walk_vxlan(w, true);
	case UDP_PORT_ROCE: return walk_last(w, LAYER_IBBT);
	case UDP_PORT_GENEVE: return walk_geneve(w);
	case UDP_PORT_MPLS: return STEP_MPLS;
	default: return source == UDP_PORT_DNS ? walk_last(w, LAYER_DNS) : STEP_END;
	}
}

// The global routing header is IPv6's in shape; 0x1b announces a base transport header.
enum step walk_grh(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 7);
	if (b == NULL || b[0] >> 4 != 6 || b[6] != 0x1b)
		return STEP_END;
	w->off += 40;
	return walk_last(w, LAYER_IBBT);
}

enum step walk_infiniband(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 2);
	if (b == NULL)
		return STEP_END;
	w->off += 8;
	switch (b[1] & 3) { // link next header
	case 2: return walk_last(w, LAYER_IBBT);
	case 3: return STEP_GRH;
	default: return STEP_END;
	}
}
