// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Sampled header -> layers of a struct packet.
///
/// first[] is the same at either depth, so that what a flow definition measures never depends on
/// what its neighbours ask for; DISSECT_OUTER only saves keeping the stack. The common case,
/// Ethernet with at most two tags, IPv4 or IPv6 without options, TCP or UDP that is no tunnel, is
/// decided inline by a handful of loads; everything else takes the walk. Both agree on every header
/// (test_dissect.c).
///
/// Formats: IEEE 802.3 and 802.1Q, RFC 894, 1042, 2516 (PPPoE), 3032 (MPLS), 791, 8200, 2784 and
/// 2890 (GRE), 7348 (VXLAN), 8926 (Geneve), 3GPP TS 29.281 (GTP-U), IBTA 1.4 annex A17 (RoCEv2).
///
/// Input is hostile: every offset is checked against the header's end, each step moves forward,
/// and at most PACKET_DEPTH headers are walked.

#include <stdint.h>

#include "base/cursor.h"
#include "packet/packet.h"
#include "packet/plain.h"

/// What to keep.
enum dissect_depth {
	DISSECT_OUTER, ///< first[]: the outermost occurrence of each layer; no stack[]
	DISSECT_ALL,   ///< stack[] too: every occurrence, for suffixes (.1, .2) and `stack`
};

/// header_protocol of sFlow v5 section 5.3 (sampled_header).
enum header_protocol {
	HEADER_ETHERNET = 1,
	HEADER_TOKEN_BUS = 2,
	HEADER_TOKEN_RING = 3,
	HEADER_FDDI = 4,
	HEADER_FRAME_RELAY = 5,
	HEADER_X25 = 6,
	HEADER_PPP = 7,
	HEADER_SMDS = 8,
	HEADER_AAL5 = 9,
	HEADER_AAL5_IP = 10,
	HEADER_IP4 = 11,
	HEADER_IP6 = 12,
	HEADER_MPLS = 13,
	HEADER_POS = 14,
	HEADER_80211_MAC = 15,
	HEADER_80211_AMPDU = 16,
	HEADER_80211_AMSDU = 17,
	HEADER_INFINIBAND = 18,
};

/// EtherTypes (IEEE), IP protocols and UDP ports (IANA) that lead to another header.
enum {
	ETHERTYPE_IP4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_ERSPAN3 = 0x22eb,
	ETHERTYPE_TEB = 0x6558, ///< an Ethernet frame
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IP6 = 0x86dd,
	ETHERTYPE_PPP = 0x880b,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_MPLS_MULTICAST = 0x8848,
	ETHERTYPE_PPPOE_DISCOVERY = 0x8863,
	ETHERTYPE_PPPOE_SESSION = 0x8864,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_ERSPAN = 0x88be, ///< types I and II
	ETHERTYPE_ROCE = 0x8915,   ///< version 1

	PROTOCOL_HOPOPT = 0,
	PROTOCOL_ICMP = 1,
	PROTOCOL_IP4 = 4,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_IP6 = 41,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_GRE = 47,
	PROTOCOL_ESP = 50,
	PROTOCOL_AH = 51,
	PROTOCOL_ICMP6 = 58,
	PROTOCOL_DSTOPT = 60,
	PROTOCOL_ETHERIP = 97,
	PROTOCOL_SCTP = 132,
	PROTOCOL_MOBILITY = 135,
	PROTOCOL_MPLS = 137,
	PROTOCOL_HIP = 139,
	PROTOCOL_SHIM6 = 140,
	PROTOCOL_ETHERNET = 143,

	UDP_PORT_DNS = 53,
	UDP_PORT_GTPU = 2152,
	UDP_PORT_VXLAN = 4789,
	UDP_PORT_VXLAN_GPE = 4790,
	UDP_PORT_ROCE = 4791,
	UDP_PORT_GENEVE = 6081,
	UDP_PORT_MPLS = 6635,
	UDP_PORT_VXLAN_LINUX = 8472, ///< Linux' default before 4789 was assigned; still common
};

/// Is there a header behind UDP that may hold any other? Tunnels go by their destination port.
static inline bool dissect_udp_tunnels(uint16_t destination)
{
	switch (destination) {
	case UDP_PORT_GTPU:
	case UDP_PORT_VXLAN:
	case UDP_PORT_VXLAN_GPE:
	case UDP_PORT_ROCE:
	case UDP_PORT_GENEVE:
	case UDP_PORT_MPLS:
	case UDP_PORT_VXLAN_LINUX: return true;
	default: return false;
	}
}

/// Walk header by header: the general case of packet_dissect().
void packet_walk(struct packet *p, uint32_t protocol, uint32_t off, uint32_t len,
		 enum dissect_depth depth);

/// The rest of dissect_plain(): @p ethertype lies in the two bytes before @p network_at, behind
/// the tags that @p tags tells of. Inlined with constants where there are none.
static inline __attribute__((always_inline)) bool dissect_network(const uint8_t *b, uint32_t len,
								  uint16_t ethertype,
								  uint32_t network_at,
								  uint32_t tags, struct plain *f)
{
	const uint8_t *ip = b + network_at;
	uint32_t transport_at, end, has;
	uint8_t protocol;

	if (len < network_at + 20 + 8)
		return false;
	if (ethertype == ETHERTYPE_IP4) {
		const uint16_t fragment_offset = load_be16(ip + 6) & 0x1fff;
		if (ip[0] != 0x45 || fragment_offset != 0)
			return false;
		has = PLAIN_ETH | PLAIN_IP4 | PLAIN_PORTS | tags;
		protocol = ip[9];
		transport_at = network_at + 20;
		end = network_at + load_be16(ip + 2);
	} else if (ethertype == ETHERTYPE_IP6 && len >= network_at + 40 + 8 && ip[0] >> 4 == 6) {
		has = PLAIN_ETH | PLAIN_IP6 | PLAIN_PORTS | tags;
		protocol = ip[6];
		transport_at = network_at + 40;
		end = transport_at + load_be16(ip + 4);
	} else {
		return false;
	}
	if (end < transport_at + 8) // a lying length, or none (segmentation offload)
		return false;
	if (protocol == PROTOCOL_TCP) {
		has |= PLAIN_TCP;
	} else {
		const uint16_t source = load_be16(b + transport_at);
		const uint16_t destination = load_be16(b + transport_at + 2);
		if (protocol != PROTOCOL_UDP || dissect_udp_tunnels(destination))
			return false;
		has |= PLAIN_UDP;
		if (source == UDP_PORT_DNS || destination == UDP_PORT_DNS)
			has |= PLAIN_DNS;
	}
	*f = (struct plain){has, network_at, transport_at, end < len ? end : len};
	return true;
}

/// As dissect_plain(), for a frame with one or two tags.
bool dissect_tagged(const uint8_t *b, uint32_t len, struct plain *f);

/// The common case of packet_dissect(). False when the Ethernet header of @p len bytes at @p b is
/// not plain.
static inline __attribute__((always_inline)) bool dissect_plain(const uint8_t *b, uint32_t len,
								struct plain *f)
{
	if (len < 14)
		return false;
	const uint16_t ethertype = load_be16(b + 12);
	if (__builtin_expect(ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ, 0))
		return dissect_tagged(b, len, f);
	return dissect_network(b, len, ethertype, 14, 0, f);
}

/// Note the layers of a plain header, not of DNS, that lies @p off bytes into base[SPACE_HEADER].
static inline void packet_note_plain(struct packet *p, uint32_t off, const struct plain *f,
				     enum dissect_depth depth)
{
	const enum packet_layer network = f->has & PLAIN_IP4 ? LAYER_IP : LAYER_IP6;
	const enum packet_layer transport = f->has & PLAIN_TCP ? LAYER_TCP : LAYER_UDP;
	const uint32_t network_at = off + f->network_at, transport_at = off + f->transport_at;
	p->start = off;
	p->end[SPACE_HEADER] = off + f->end;
	p->first[LAYER_ETH] = (uint16_t)off;
	p->first[LAYER_ETHERTYPE] = (uint16_t)(network_at - 2);
	p->first[network] = (uint16_t)network_at;
	p->first[transport] = (uint16_t)transport_at;
	if (f->has & PLAIN_VLAN)
		p->first[LAYER_VLAN] = (uint16_t)(off + 14);
	if (network == LAYER_IP6)
		p->first[LAYER_IP6NEXT] = (uint16_t)(network_at + 6);
	if (depth == DISSECT_OUTER)
		return;
	packet_push(p, LAYER_ETH, off);
	if (f->has & PLAIN_VLAN)
		packet_push(p, LAYER_VLAN, off + 14);
	if (f->has & PLAIN_QINQ)
		packet_push(p, LAYER_VLAN, off + 18);
	packet_push(p, LAYER_ETHERTYPE, network_at - 2);
	packet_push(p, network, network_at);
	if (network == LAYER_IP6)
		packet_push(p, LAYER_IP6NEXT, network_at + 6);
	packet_push(p, transport, transport_at);
}

/// Note the layers of the header that lies at base[SPACE_HEADER] + @p off, @p len bytes, in a
/// packet that is fresh from packet_reset(). Sets `start` and end[SPACE_HEADER]: the end of the
/// header, or of the IP packet in it when that ends sooner, so that padding is never taken for a
/// field. @p off > 0 and off + len at most 65535. Unknown protocols leave no header layers.
static inline void packet_dissect(struct packet *p, uint32_t protocol, uint32_t off, uint32_t len,
				  enum dissect_depth depth)
{
	struct plain f;
	if (protocol == HEADER_ETHERNET && dissect_plain(p->base[SPACE_HEADER] + off, len, &f) &&
	    !(f.has & PLAIN_DNS))
		packet_note_plain(p, off, &f, depth);
	else
		packet_walk(p, protocol, off, len, depth);
}
