// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "packet/dissect.h"

#include "packet/walk.h"

static enum step first_step(uint32_t protocol)
{
	switch (protocol) {
	case HEADER_ETHERNET: return STEP_ETH;
	case HEADER_IP4:
	case HEADER_IP6: return STEP_IP_ANY;
	default: return STEP_END;
	}
}

static enum step walk_eth(struct walk *w)
{
	if (!walk_note(w, LAYER_ETH))
		return STEP_END;
	w->off += 12;
	return STEP_ETHERTYPE;
}

static bool is_tag(uint16_t ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100 ||
	       ethertype == 0x9200 || ethertype == 0x9300;
}

static enum step walk_ethertype(struct walk *w)
{
	const uint8_t *b = walk_peek(w, 2);
	if (b == NULL)
		return STEP_END;
	const uint16_t ethertype = load_be16(b);
	if (is_tag(ethertype)) {
		w->off += 2;
		if (!walk_note(w, LAYER_VLAN))
			return STEP_END;
		w->off += 2;
		return STEP_ETHERTYPE;
	}
	if (ethertype < 0x600) // an 802.3 length
		return STEP_END;
	if (!walk_note(w, LAYER_ETHERTYPE))
		return STEP_END;
	w->off += 2;
	return walk_after_ethertype(ethertype);
}

enum step walk_after_ethertype(uint16_t ethertype)
{
	switch (ethertype) {
	case ETHERTYPE_IP4: return STEP_IP4;
	case ETHERTYPE_IP6: return STEP_IP6;
	case ETHERTYPE_ARP: return STEP_ARP;
	default: return STEP_END;
	}
}

static enum step walk_step(struct walk *w, enum step step)
{
	switch (step) {
	case STEP_ETH: return walk_eth(w);
	case STEP_ETHERTYPE: return walk_ethertype(w);
	case STEP_ARP: return walk_arp(w);
	case STEP_IP4: return walk_ip4(w);
	case STEP_IP6: return walk_ip6(w);
	case STEP_IP_ANY: return walk_ip_any(w);
	case STEP_PROTOCOL: return walk_protocol(w);
	case STEP_END: break;
	}
	return STEP_END;
}

void packet_walk(struct packet *p, uint32_t protocol, uint32_t off, uint32_t len,
		 enum dissect_depth depth)
{
	struct walk w = {
		.packet = p,
		.base = p->base[SPACE_HEADER],
		.off = off,
		.end = off + len,
		.left = PACKET_DEPTH,
		.all = depth == DISSECT_ALL,
	};
	for (enum step step = first_step(protocol); step != STEP_END;)
		step = walk_step(&w, step);
	p->end[SPACE_HEADER] = w.end;
}
