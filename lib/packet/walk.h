// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Private to packet/: the state of one walk along a sampled header, and the steps it is made of.
///
/// A step looks at the header that begins at `off`, notes its layer, moves `off` to the next header
/// and says what that header is. packet_walk() (dissect.c) takes steps until one says STEP_END.
/// Every step moves forward or ends the walk, and each header uses up one of PACKET_DEPTH, so the
/// walk ends whatever the bytes say.
///
/// A decision may look only at bytes that are there, and where they are missing the walk ends: what
/// a cut header yields is then always the beginning of what the whole one yields.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "packet/dissect.h"
#include "packet/packet.h"

/// What lies at walk.off.
enum step {
	STEP_END, ///< nothing that is looked at

	STEP_ETH,       ///< destination MAC
	STEP_ETHERTYPE, ///< two bytes: EtherType, TPID or 802.3 length
	STEP_LLC,
	STEP_PPP, ///< protocol number
	STEP_PPPOE,
	STEP_MPLS, ///< label stack entry
	STEP_ARP,
	STEP_IP4,
	STEP_IP6,
	STEP_IP_ANY,   ///< IPv4 or IPv6: the version field decides
	STEP_PROTOCOL, ///< header of IP protocol walk.protocol
	STEP_GRH,      ///< InfiniBand global routing header

	// Only at the beginning: what a header_protocol other than Ethernet begins with.
	STEP_TOKEN_RING,
	STEP_FDDI,
	STEP_FRAME_RELAY,
	STEP_HDLC, ///< PPP or Cisco framing
	STEP_WLAN,
	STEP_AMPDU,
	STEP_INFINIBAND, ///< local routing header
};

struct walk {
	struct packet *packet;
	const uint8_t *base; ///< packet->base[SPACE_HEADER]
	uint32_t off;        ///< next header, from base; may lie behind `end`
	uint32_t end;        ///< bytes that may be read from base
	uint32_t left;       ///< headers that may still be passed
	uint8_t protocol;    ///< IP protocol number, for STEP_PROTOCOL
	bool all;            ///< keep the stack
};

/// The bytes at off, or NULL when fewer than @p n are there.
static inline const uint8_t *walk_peek(const struct walk *w, uint32_t n)
{
	return w->off + n <= w->end ? w->base + w->off : NULL;
}

/// Use up one header of the depth. False when there is none left.
static inline bool walk_descend(struct walk *w)
{
	if (w->left == 0) {
		w->packet->clipped = true;
		return false;
	}
	w->left--;
	return true;
}

/// Note @p layer at @p off. False when not one byte of it is there, or it lies too deep.
static inline bool walk_note_at(struct walk *w, enum packet_layer layer, uint32_t off)
{
	struct packet *p = w->packet;
	if (off >= w->end || !walk_descend(w))
		return false;
	if (p->first[layer] == 0)
		p->first[layer] = (uint16_t)off;
	if (w->all)
		packet_push(p, layer, off);
	return true;
}

static inline bool walk_note(struct walk *w, enum packet_layer layer)
{
	return walk_note_at(w, layer, w->off);
}

/// What is behind the next @p len bytes is padding, not part of the packet.
static inline void walk_limit(struct walk *w, uint32_t len)
{
	if (w->off + len < w->end)
		w->end = w->off + len;
}

/// Headers that may stand between IPv6 and its upper layer: all that IANA lists as such, bar ESP
/// (nothing can be read behind it).
static inline bool ip6_is_extension(uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_HOPOPT:
	case PROTOCOL_ROUTING:
	case PROTOCOL_FRAGMENT:
	case PROTOCOL_AH:
	case PROTOCOL_DSTOPT:
	case PROTOCOL_MOBILITY:
	case PROTOCOL_HIP:
	case PROTOCOL_SHIM6: return true;
	default: return false;
	}
}

/// Bytes of an extension header whose second byte is @p length; never 0.
static inline uint32_t ip6_extension_size(uint8_t protocol, uint8_t length)
{
	switch (protocol) {
	case PROTOCOL_FRAGMENT: return 8;
	case PROTOCOL_AH: return (length + 2u) * 4; // RFC 4302 section 2.2
	default: return (length + 1u) * 8;
	}
}

// Link layer: walk_link.c.
enum step walk_eth(struct walk *w);
enum step walk_ethertype(struct walk *w);
/// Where an EtherType leads, off being behind it.
enum step walk_after_ethertype(uint16_t ethertype);
enum step walk_llc(struct walk *w);
enum step walk_ppp(struct walk *w);
enum step walk_pppoe(struct walk *w);
enum step walk_mpls(struct walk *w);
enum step walk_token_ring(struct walk *w);
enum step walk_fddi(struct walk *w);
enum step walk_frame_relay(struct walk *w);
enum step walk_hdlc(struct walk *w);
enum step walk_wlan(struct walk *w);
enum step walk_ampdu(struct walk *w);

// Network and transport layer: walk_ip.c.
enum step walk_arp(struct walk *w);
enum step walk_ip4(struct walk *w);
enum step walk_ip6(struct walk *w);
enum step walk_ip_any(struct walk *w);
enum step walk_protocol(struct walk *w);

// What is carried inside: walk_tunnel.c.
enum step walk_gre(struct walk *w);
/// The payload of UDP, off being behind its header.
enum step walk_udp_payload(struct walk *w, uint16_t source, uint16_t destination);
enum step walk_grh(struct walk *w);
enum step walk_infiniband(struct walk *w);
