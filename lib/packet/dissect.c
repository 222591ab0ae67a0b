// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "packet/dissect.h"

#include "packet/walk.h"

bool dissect_tagged(const uint8_t *b, uint32_t len, struct plain *f)
{
	if (len < 14 + 2 * 4)
		return false;
	const uint16_t inner = load_be16(b + 16);
	if (inner != ETHERTYPE_VLAN && inner != ETHERTYPE_QINQ)
		return dissect_network(b, len, inner, 14 + 4, PLAIN_VLAN, f);
	return dissect_network(b, len, load_be16(b + 20), 14 + 8, PLAIN_VLAN | PLAIN_QINQ, f);
}

static enum step first_step(uint32_t protocol)
{
	switch (protocol) {
	case HEADER_ETHERNET:
	case HEADER_80211_AMSDU:
		return STEP_ETH; // an A-MSDU subframe begins as an 802.3 frame does
	case HEADER_TOKEN_RING: return STEP_TOKEN_RING;
	case HEADER_FDDI: return STEP_FDDI;
	case HEADER_FRAME_RELAY: return STEP_FRAME_RELAY;
	case HEADER_PPP:
	case HEADER_POS: return STEP_HDLC;
	case HEADER_AAL5: return STEP_LLC;
	case HEADER_AAL5_IP:
	case HEADER_IP4:
	case HEADER_IP6: return STEP_IP_ANY;
	case HEADER_MPLS: return STEP_MPLS;
	case HEADER_80211_MAC: return STEP_WLAN;
	case HEADER_80211_AMPDU: return STEP_AMPDU;
	case HEADER_INFINIBAND: return STEP_INFINIBAND;
	default: return STEP_END; // token bus, X.25, SMDS, and what is not defined
	}
}

static enum step walk_step(struct walk *w, enum step step)
{
	switch (step) {
	case STEP_ETH: return walk_eth(w);
	case STEP_ETHERTYPE: return walk_ethertype(w);
	case STEP_LLC: return walk_llc(w);
	case STEP_PPP: return walk_ppp(w);
	case STEP_PPPOE: return walk_pppoe(w);
	case STEP_MPLS: return walk_mpls(w);
	case STEP_ARP: return walk_arp(w);
	case STEP_IP4: return walk_ip4(w);
	case STEP_IP6: return walk_ip6(w);
	case STEP_IP_ANY: return walk_ip_any(w);
	case STEP_PROTOCOL: return walk_protocol(w);
	case STEP_GRH: return walk_grh(w);
	case STEP_TOKEN_RING: return walk_token_ring(w);
	case STEP_FDDI: return walk_fddi(w);
	case STEP_FRAME_RELAY: return walk_frame_relay(w);
	case STEP_HDLC: return walk_hdlc(w);
	case STEP_WLAN: return walk_wlan(w);
	case STEP_AMPDU: return walk_ampdu(w);
	case STEP_INFINIBAND: return walk_infiniband(w);
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
	p->start = off;
	p->end[SPACE_HEADER] = w.end;
}
