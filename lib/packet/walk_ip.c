// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// The network and transport steps: ARP (RFC 826), IPv4 (RFC 791), IPv6 and its extension headers
// (RFC 8200), and what an IP protocol number leads to.

#include "packet/walk.h"

enum step walk_arp(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 6);
	const bool ip4_over_mac =
		b != NULL && load_be16(b + 2) == ETHERTYPE_IP4 && b[4] == 6 && b[5] == 4;
	if (walk_note(w, LAYER_ARP) && ip4_over_mac)
		walk_note(w, LAYER_ARPADDR);
	return STEP_END;
}

enum step walk_ip_any(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 1);
	if (b == NULL)
		return STEP_END;
	switch (b[0] >> 4) {
	case 4: return STEP_IP4;
	case 6: return STEP_IP6;
	default: return STEP_END;
	}
}

// A total or payload length below what the headers take says nothing: 0 is what segmentation
// offload leaves there, anything else is a lie.
enum step walk_ip4(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 1);
	const uint32_t size = b == NULL ? 0 : (b[0] & 15) * 4u;
	if (b == NULL || b[0] >> 4 != 4 || size < 20 || !walk_note(w, LAYER_IP))
		return STEP_END;
	b = walk_peek(w, 10);
	if (b == NULL)
		return STEP_END;
	const uint16_t total = load_be16(b + 2);
	if (total >= size)
		walk_limit(w, total);
	w->off += size;
	w->protocol = b[9];
	const bool first_fragment = (load_be16(b + 6) & 0x1fff) == 0;
	return first_fragment ? STEP_PROTOCOL : STEP_END;
}

// Bytes of the extension header at off, or 0 when it is cut before it says so.
static uint32_t extension_size(const struct walk *w, uint8_t type)
{
	if (type == PROTOCOL_FRAGMENT)
		return walk_peek(w, 4) == NULL ? 0 : 8;
	const uint8_t *b = walk_peek(w, 2);
	return b == NULL ? 0 : ip6_extension_size(type, b[1]);
}

static bool is_later_fragment(const struct walk *w, uint8_t type)
{
	const uint8_t *b = type == PROTOCOL_FRAGMENT ? walk_peek(w, 4) : NULL;
	return b != NULL && (load_be16(b + 2) & 0xfff8) != 0;
}

// Pass the extension headers that begin at off, the first of type `next`, which the byte at `place`
// said. Notes the byte that names what follows them all, as soon as it is known.
static enum step walk_extensions(struct walk *w, uint8_t next, uint32_t place)
{
	while (ip6_is_extension(next)) {
		const uint8_t type = next;
		if (walk_peek(w, 1) == NULL)
			return STEP_END;
		if (type == PROTOCOL_AH ? !walk_note(w, LAYER_AH) : !walk_descend(w))
			return STEP_END;
		place = w->off;
		next = w->base[place];
		const bool later = is_later_fragment(w, type);
		const uint32_t size = extension_size(w, type);
		if (later || (size == 0 && !ip6_is_extension(next)))
			walk_note_at(w, LAYER_IP6NEXT, place);
		if (later || size == 0)
			return STEP_END;
		w->off += size;
	}
	walk_note_at(w, LAYER_IP6NEXT, place);
	w->protocol = next;
	return STEP_PROTOCOL;
}

enum step walk_ip6(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 1);
	if (b == NULL || b[0] >> 4 != 6 || !walk_note(w, LAYER_IP6))
		return STEP_END;
	b = walk_peek(w, 7);
	if (b == NULL)
		return STEP_END;
	const uint32_t place = w->off + 6;
	const uint16_t payload = load_be16(b + 4);
	w->off += 40;
	if (payload > 0)
		walk_limit(w, payload);
	return walk_extensions(w, b[6], place);
}

static enum step walk_ah(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 2);
	if (!walk_note(w, LAYER_AH) || b == NULL)
		return STEP_END;
	w->protocol = b[0];
	w->off += ip6_extension_size(PROTOCOL_AH, b[1]);
	return STEP_PROTOCOL;
}

// A length below that of the header is a lie, or what segmentation offload leaves.
static enum step walk_udp(struct walk *w)
{
	if (!walk_note(w, LAYER_UDP))
		return STEP_END;
	const uint8_t *b = walk_peek(w, 6);
	if (b == NULL)
		return STEP_END;
	const uint16_t length = load_be16(b + 4);
	if (length >= 8)
		walk_limit(w, length);
	w->off += 8;
	return walk_udp_payload(w, load_be16(b), load_be16(b + 2));
}

static enum step walk_last(struct walk *w, enum packet_layer layer)
{
	walk_note(w, layer);
	return STEP_END;
}

enum step walk_protocol(struct walk *w)
{
	switch (w->protocol) {
	case PROTOCOL_ICMP: return walk_last(w, LAYER_ICMP);
	case PROTOCOL_IP4: return STEP_IP4;
	case PROTOCOL_TCP: return walk_last(w, LAYER_TCP);
	case PROTOCOL_UDP: return walk_udp(w);
	case PROTOCOL_IP6: return STEP_IP6;
	case PROTOCOL_GRE: return walk_gre(w);
	case PROTOCOL_ESP: return walk_last(w, LAYER_ESP);
	case PROTOCOL_AH: return walk_ah(w);
	case PROTOCOL_ICMP6: return walk_last(w, LAYER_ICMP6);
	case PROTOCOL_ETHERIP: w->off += 2; return STEP_ETH; // RFC 3378
	case PROTOCOL_SCTP: return walk_last(w, LAYER_SCTP);
	case PROTOCOL_MPLS: return STEP_MPLS;    // RFC 4023
	case PROTOCOL_ETHERNET: return STEP_ETH; // RFC 8986
	default: return STEP_END;
	}
}
