// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// The link layer steps: Ethernet and its tags (IEEE 802.3, 802.1Q), LLC and SNAP (802.2, RFC 1042),
// PPP (RFC 1661, 1662, 2516), MPLS (RFC 3032, 4385), and what else header_protocol can say.

#include "packet/walk.h"

enum step walk_eth(struct walk *w)
{
	if (!walk_note(w, LAYER_ETH))
		return STEP_END;
	w->off += 12;
	return STEP_ETHERTYPE;
}

// The first two are assigned, the others are what switches used before 802.1ad.
static bool is_tag(uint16_t ethertype)
{
	return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ || ethertype == 0x9100 ||
	       ethertype == 0x9200 || ethertype == 0x9300;
}

static enum step walk_tag(struct walk *w)
{
	w->off += 2;
	if (!walk_note(w, LAYER_VLAN))
		return STEP_END;
	w->off += 2;
	return STEP_ETHERTYPE;
}

enum step walk_ethertype(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 2);
	if (b == NULL)
		return STEP_END;
	const uint16_t ethertype = load_be16(b);
	if (is_tag(ethertype))
		return walk_tag(w);
	if (ethertype <= 1500) { // a length: IEEE 802.3 section 3.2.6
		w->off += 2;
		walk_limit(w, ethertype);
		return STEP_LLC;
	}
	if (ethertype < 0x600 || !walk_note(w, LAYER_ETHERTYPE))
		return STEP_END;
	w->off += 2;
	return walk_after_ethertype(ethertype);
}

enum step walk_after_ethertype(uint16_t ethertype)
{
	switch (ethertype) {
	case ETHERTYPE_IP4: return STEP_IP4;
	case ETHERTYPE_ARP: return STEP_ARP;
	case ETHERTYPE_TEB: return STEP_ETH;
	case ETHERTYPE_IP6: return STEP_IP6;
	case ETHERTYPE_PPP: return STEP_PPP;
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_MULTICAST: return STEP_MPLS;
	case ETHERTYPE_PPPOE_DISCOVERY:
	case ETHERTYPE_PPPOE_SESSION: return STEP_PPPOE;
	case ETHERTYPE_ROCE: return STEP_GRH;
	default: return STEP_END;
	}
}

// SNAP says an EtherType when its OUI is zero (RFC 1042) or that of bridged Ethernet (802.1H).
enum step walk_llc(struct walk *w)
{
	if (!walk_note(w, LAYER_LLC))
		return STEP_END;
	const uint8_t *b = walk_peek(w, 6);
	if (b == NULL || b[0] != 0xaa || b[1] != 0xaa || b[2] != 3)
		return STEP_END;
	if (b[3] != 0 || b[4] != 0 || (b[5] != 0 && b[5] != 0xf8))
		return STEP_END;
	w->off += 6;
	return STEP_ETHERTYPE;
}

// The protocol number, behind the address and control bytes of RFC 1662 where they were not left
// out, and in one byte where it was compressed (RFC 1661 section 6.5).
enum step walk_ppp(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 2);
	if (b != NULL && load_be16(b) == 0xff03)
		w->off += 2;
	b = walk_peek(w, 1);
	if (!walk_note(w, LAYER_PPP))
		return STEP_END;
	const uint32_t size = b[0] & 1 ? 1 : 2;
	b = walk_peek(w, size);
	if (b == NULL)
		return STEP_END;
	w->off += size;
	switch (size == 1 ? b[0] : load_be16(b)) {
	case 0x0021: return STEP_IP4;
	case 0x0057: return STEP_IP6;
	case 0x0281:
	case 0x0283: return STEP_MPLS;
	default: return STEP_END;
	}
}

// A code of 0 is a session's data; discovery has no packet inside.
enum step walk_pppoe(struct walk *w)
{
	if (!walk_note(w, LAYER_PPPOE))
		return STEP_END;
	const uint8_t *b = walk_peek(w, 6);
	if (b == NULL || b[1] != 0)
		return STEP_END;
	w->off += 6;
	walk_limit(w, load_be16(b + 4));
	return STEP_PPP;
}

// Does an Ethernet frame seem to begin @p at bytes from off? Only a type that is followed counts.
static bool seems_ethernet(const struct walk *w, uint32_t at)
{
	const uint16_t ethertype = load_be16(w->base + w->off + at + 12);
	return is_tag(ethertype) || walk_after_ethertype(ethertype) != STEP_END;
}

// A zero nibble begins the control word of a pseudowire (RFC 4385), or without one the destination
// address of a frame: most addresses begin so. Which it is shows in the EtherType.
static enum step walk_pseudowire(struct walk *w)
{
	if (walk_peek(w, 4 + 14) == NULL)
		return STEP_END;
	if (seems_ethernet(w, 4) || !seems_ethernet(w, 0))
		w->off += 4;
	return STEP_ETH;
}

// Nothing in the stack says what it carries. As routers do (RFC 4928), tell IP by its version; 1
// begins the associated channel of a pseudowire (RFC 4385), and any other nibble can only be that
// of an Ethernet address.
static enum step walk_behind_labels(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 1);
	if (b == NULL)
		return STEP_END;
	switch (b[0] >> 4) {
	case 0: return walk_pseudowire(w);
	case 1: return STEP_END;
	case 4: return STEP_IP4;
	case 6: return STEP_IP6;
	default: return STEP_ETH;
	}
}

enum step walk_mpls(struct walk *w)
{
	if (!walk_note(w, LAYER_MPLS))
		return STEP_END;
	const uint8_t *b = walk_peek(w, 3);
	if (b == NULL)
		return STEP_END;
	w->off += 4;
	const bool bottom = b[2] & 1;
	return bottom ? walk_behind_labels(w) : STEP_MPLS;
}

// The addresses of these two lie as those of Ethernet do, so they are noted as such.
enum step walk_token_ring(struct walk *w)
{
	w->off += 2;
	if (!walk_note(w, LAYER_ETH))
		return STEP_END;
	const uint8_t *b = walk_peek(w, 13);
	if (b == NULL)
		return STEP_END;
	const bool source_routed = b[6] & 0x80;
	w->off += 12 + (source_routed ? b[12] & 31u : 0);
	return STEP_LLC;
}

enum step walk_fddi(struct walk *w)
{
	w->off += 1;
	if (!walk_note(w, LAYER_ETH))
		return STEP_END;
	w->off += 12;
	return STEP_LLC;
}

// RFC 2427: two bytes of address, UI, a pad byte where alignment wants one, NLPID.
enum step walk_frame_relay(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 4);
	if (b == NULL || (b[1] & 1) == 0 || b[2] != 3)
		return STEP_END;
	const bool padded = b[3] == 0;
	w->off += padded ? 4 : 3;
	b = walk_peek(w, 1);
	if (b == NULL)
		return STEP_END;
	w->off += 1;
	switch (b[0]) {
	case 0xcc: return STEP_IP4;
	case 0x8e: return STEP_IP6;
	case 0x80: break; // SNAP
	default: return STEP_END;
	}
	b = walk_peek(w, 3);
	if (b == NULL || b[0] != 0 || b[1] != 0 || b[2] != 0)
		return STEP_END;
	w->off += 3;
	return STEP_ETHERTYPE;
}

// PPP, or the Cisco framing that names an EtherType.
enum step walk_hdlc(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 2);
	if (b == NULL)
		return STEP_END;
	const uint16_t address_control = load_be16(b);
	if (address_control != 0x0f00 && address_control != 0x8f00)
		return STEP_PPP;
	w->off += 2;
	return STEP_ETHERTYPE;
}

// IEEE 802.11 section 9.2.3: only data frames that are whole and in clear text carry a packet. The
// fourth address is there when the frame goes from and to the distribution system.
enum step walk_wlan(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 2);
	if (!walk_note(w, LAYER_WLAN) || b == NULL)
		return STEP_END;
	const bool data = (b[0] >> 2 & 3) == 2, empty = b[0] & 0x40, qos = b[0] & 0x80;
	const bool encrypted = b[1] & 0x40, four = (b[1] & 3) == 3, ht_control = b[1] & 0x80;
	const uint32_t qos_at = four ? 30 : 24;
	b = walk_peek(w, qos ? qos_at + 2 : qos_at);
	if (b == NULL || !data || empty || encrypted || (b[22] & 15) != 0)
		return STEP_END;
	const bool aggregated = qos && (b[qos_at] & 0x80);
	w->off += qos_at + (qos ? 2 : 0) + (qos && ht_control ? 4 : 0);
	return aggregated ? STEP_ETH : STEP_LLC;
}

enum step walk_ampdu(struct walk *w)
{
	w->off += 4; // the delimiter of the first subframe
	return STEP_WLAN;
}
