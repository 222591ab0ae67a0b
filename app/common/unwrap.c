// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "common/unwrap.h"

enum {
	ETHERTYPE_IP4 = 0x0800,
	ETHERTYPE_IP6 = 0x86dd,
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_UDP = 17,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_AUTHENTICATION = 51,
	PROTOCOL_DESTINATION = 60,
};

static enum capture_reason link_header(enum unwrap_link link, struct cursor *c, uint16_t *type);
static enum capture_reason ip4_header(struct cursor *c, struct ip_packet *ip);
static enum capture_reason ip6_header(struct cursor *c, struct ip_packet *ip);
static enum capture_reason ip6_extensions(struct ip_packet *ip);

enum capture_reason unwrap_ip(enum unwrap_link link, const uint8_t *frame, uint32_t len,
			      struct ip_packet *ip)
{
	struct cursor c = cursor_of(frame, len);
	uint16_t type;
	const enum capture_reason reason = link_header(link, &c, &type);
	if (reason != CAPTURE_OK)
		return reason;
	*ip = (struct ip_packet){0};
	return type == ETHERTYPE_IP4 ? ip4_header(&c, ip) : ip6_header(&c, ip);
}

enum capture_reason unwrap_udp(struct ip_packet *ip, struct datagram *d)
{
	if (ip->source.family == ADDR_IP6) {
		const enum capture_reason reason = ip6_extensions(ip);
		if (reason != CAPTURE_OK)
			return reason;
		if (ip->fragment)
			return CAPTURE_BAD_FRAGMENT; // a fragment inside what fragments carried
	}
	if (ip->protocol != PROTOCOL_UDP)
		return CAPTURE_NOT_UDP;
	if (ip->len < 8)
		return CAPTURE_BAD_LENGTH;
	if (ip->captured < 8)
		return CAPTURE_TRUNCATED;
	const uint32_t udp_len = load_be16(ip->payload + 4);
	if (udp_len < 8)
		return CAPTURE_BAD_LENGTH;
	const uint32_t present = udp_len < ip->captured ? udp_len : ip->captured;
	d->source = ip->source;
	d->destination = ip->destination;
	d->source_port = load_be16(ip->payload);
	d->destination_port = load_be16(ip->payload + 2);
	d->payload = ip->payload + 8;
	d->len = present - 8;
	d->cut = present < udp_len;
	return CAPTURE_OK;
}

static bool is_vlan(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200;
}

// The version nibble names the protocol where the link does not.
static uint16_t type_by_version(const struct cursor *c)
{
	if (cursor_left(c) == 0)
		return 0;
	return *c->p >> 4 == 4 ? ETHERTYPE_IP4 : *c->p >> 4 == 6 ? ETHERTYPE_IP6 : 0;
}

// AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24, 28 or 30 on the BSDs. The file was written
// in the byte order of its host, which need not be ours.
static uint16_t type_by_family(uint32_t family)
{
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2: return ETHERTYPE_IP4;
	case 10:
	case 24:
	case 28:
	case 30: return ETHERTYPE_IP6;
	default: return 0;
	}
}

// Leave the cursor at the IP header and its ethertype in @p type.
static enum capture_reason link_header(enum unwrap_link link, struct cursor *c, uint16_t *type)
{
	switch (link) {
	case UNWRAP_ETHERNET:
		cursor_skip(c, 12);
		*type = cursor_u16(c);
		break;
	case UNWRAP_COOKED_V1:
		cursor_skip(c, 14);
		*type = cursor_u16(c);
		break;
	case UNWRAP_COOKED_V2:
		*type = cursor_u16(c);
		cursor_skip(c, 18);
		break;
	case UNWRAP_FAMILY: *type = type_by_family(cursor_u32(c)); break;
	default: *type = type_by_version(c); break;
	}
	while (is_vlan(*type) && !c->bad) {
		cursor_skip(c, 2);
		*type = cursor_u16(c);
	}
	if (c->bad || (link == UNWRAP_IP && cursor_left(c) == 0))
		return CAPTURE_TRUNCATED;
	return *type == ETHERTYPE_IP4 || *type == ETHERTYPE_IP6 ? CAPTURE_OK : CAPTURE_NOT_IP;
}

static void set_payload(struct ip_packet *ip, const struct cursor *c, uint32_t len)
{
	const size_t left = cursor_left(c);
	ip->payload = c->p;
	ip->len = len;
	ip->captured = left < len ? (uint32_t)left : len;
}

static enum capture_reason ip4_header(struct cursor *c, struct ip_packet *ip)
{
	const uint8_t *h = cursor_bytes(c, 20);
	if (h == NULL)
		return CAPTURE_TRUNCATED;
	const uint32_t header_len = (h[0] & 15u) * 4, total_len = load_be16(h + 2);
	if (h[0] >> 4 != 4)
		return CAPTURE_NOT_IP;
	if (header_len < 20 || total_len < header_len)
		return CAPTURE_BAD_LENGTH;
	cursor_skip(c, header_len - 20);
	if (c->bad)
		return CAPTURE_TRUNCATED;
	const uint16_t word = load_be16(h + 6);
	ip->source = addr_ip4(h + 12);
	ip->destination = addr_ip4(h + 16);
	ip->protocol = h[9];
	ip->header = h;
	ip->header_size = header_len;
	ip->id = load_be16(h + 4);
	ip->more = word & 0x2000;
	ip->offset = (word & 0x1fffu) * 8;
	ip->fragment = ip->more || ip->offset != 0;
	set_payload(ip, c, total_len - header_len);
	return CAPTURE_OK;
}

static enum capture_reason ip6_header(struct cursor *c, struct ip_packet *ip)
{
	const uint8_t *h = cursor_bytes(c, 40);
	if (h == NULL)
		return CAPTURE_TRUNCATED;
	if (h[0] >> 4 != 6)
		return CAPTURE_NOT_IP;
	ip->source = addr_ip6(h + 8);
	ip->destination = addr_ip6(h + 24);
	ip->protocol = h[6];
	set_payload(ip, c, load_be16(h + 4));
	return ip6_extensions(ip);
}

static bool is_extension(uint8_t protocol)
{
	return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
	       protocol == PROTOCOL_DESTINATION || protocol == PROTOCOL_AUTHENTICATION;
}

static void fragment_header(struct ip_packet *ip, const uint8_t *h)
{
	const uint16_t word = load_be16(h + 2);
	ip->id = load_be32(h + 4);
	ip->more = word & 1;
	ip->offset = word & 0xfff8u;
	// An atomic fragment (RFC 6946) is a whole packet that carries the header for nothing.
	ip->fragment = ip->more || ip->offset != 0;
}

// Step over extension headers (RFC 8200 section 4) up to the payload or up to what a fragment
// carries, which is not ours to read before it is whole.
static enum capture_reason ip6_extensions(struct ip_packet *ip)
{
	while (is_extension(ip->protocol) || ip->protocol == PROTOCOL_FRAGMENT) {
		const uint8_t *h = ip->payload;
		if (ip->len < 8)
			return CAPTURE_BAD_LENGTH;
		if (ip->captured < 8)
			return CAPTURE_TRUNCATED;
		uint32_t size = 8 + h[1] * 8u;
		if (ip->protocol == PROTOCOL_FRAGMENT) {
			fragment_header(ip, h);
			size = 8;
		} else if (ip->protocol == PROTOCOL_AUTHENTICATION) {
			size = 8 + h[1] * 4u; // counts in words, RFC 4302 section 2.2
		}
		if (ip->len < size)
			return CAPTURE_BAD_LENGTH;
		if (ip->captured < size)
			return CAPTURE_TRUNCATED;
		ip->protocol = h[0];
		ip->payload += size;
		ip->len -= size;
		ip->captured -= size;
		if (ip->fragment)
			break;
	}
	return CAPTURE_OK;
}
