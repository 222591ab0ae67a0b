// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/frame.h"

#include "base/cursor.h"
#include "weir/input/checksum.h"

enum {
	ETHERTYPE_IP4 = 0x0800,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IP6 = 0x86dd,
	ETHERTYPE_QINQ = 0x88a8,
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_UDP = 17,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_DESTINATION = 60,
};

// What the IP header said, for the rest of the way.
struct packet_view {
	const uint8_t *source; // 4 or 16 bytes, the destination follows
	uint32_t address_size;
	const uint8_t *header; // of IPv4, for its checksum
	uint32_t header_size;
	struct cursor body; // from the UDP header to the end that IP states
};

static bool link_header(struct cursor *c, uint16_t *type, uint16_t *vlan);
static enum stat_id ip4_header(struct cursor *c, struct packet_view *v);
static enum stat_id ip6_header(struct cursor *c, struct packet_view *v);
static bool is_our_vlan(const struct frame_policy *policy, uint16_t vlan);
static bool is_ours(const struct frame_policy *policy, const struct packet_view *v, uint16_t vlan);
static bool checksums_right(const struct packet_view *v, const uint8_t *udp, uint32_t len);

enum stat_id frame_take(const struct frame_policy *policy, const uint8_t *frame, uint32_t len,
			enum frame_checksum checksum, struct payload *p)
{
	struct cursor c = cursor_of(frame, len);
	struct packet_view v = {0};
	uint16_t type, vlan;
	if (!link_header(&c, &type, &vlan))
		return STAT_frame_not_ip;
	const enum stat_id verdict =
		type == ETHERTYPE_IP4 ? ip4_header(&c, &v) : ip6_header(&c, &v);
	if (verdict != STAT_frame_datagrams)
		return verdict;
	const uint8_t *udp = cursor_bytes(&v.body, 8);
	const uint32_t udp_len = udp == NULL ? 0 : load_be16(udp + 4);
	if (udp_len < 8 || udp_len - 8 > cursor_left(&v.body))
		return STAT_frame_bad_length;
	if (checksum == FRAME_CHECKSUM_BAD)
		return STAT_frame_bad_checksum;
	if (policy->udp_port != 0 && policy->udp_port != load_be16(udp + 2))
		return STAT_frame_other_port;
	if (!is_ours(policy, &v, vlan))
		return STAT_frame_other_host;
	// Last, because it reads every byte.
	if (policy->checksums && checksum == FRAME_CHECKSUM_UNKNOWN &&
	    !checksums_right(&v, udp, udp_len))
		return STAT_frame_bad_checksum;
	p->data = udp + 8;
	p->len = udp_len - 8;
	p->via = v.source;
	p->via_family = v.address_size == 4 ? ADDR_IP4 : ADDR_IP6;
	return STAT_frame_datagrams;
}

// Leave the cursor at the IP header. False when the frame carries none.
static bool link_header(struct cursor *c, uint16_t *type, uint16_t *vlan)
{
	cursor_skip(c, 12);
	*type = cursor_u16(c);
	*vlan = 0;
	for (bool outer = true; *type == ETHERTYPE_VLAN || *type == ETHERTYPE_QINQ; outer = false) {
		const uint16_t tag = cursor_u16(c) & 0xfff;
		*vlan = outer ? tag : *vlan;
		*type = cursor_u16(c);
	}
	return *type == ETHERTYPE_IP4 || *type == ETHERTYPE_IP6;
}

static enum stat_id ip4_header(struct cursor *c, struct packet_view *v)
{
	const uint8_t *h = cursor_bytes(c, 20);
	if (h == NULL)
		return STAT_frame_bad_length;
	const uint32_t header_len = (h[0] & 15u) * 4, total_len = load_be16(h + 2);
	if (h[0] >> 4 != 4)
		return STAT_frame_not_ip;
	if (header_len < 20 || total_len < header_len)
		return STAT_frame_bad_length;
	cursor_skip(c, header_len - 20);
	v->body = cursor_sub(c, total_len - header_len);
	if (c->bad)
		return STAT_frame_bad_length;
	if ((load_be16(h + 6) & 0x3fff) != 0) // more to come, or not the first
		return STAT_frame_fragment;
	if (h[9] != PROTOCOL_UDP)
		return STAT_frame_not_udp;
	v->source = h + 12;
	v->address_size = 4;
	v->header = h;
	v->header_size = header_len;
	return STAT_frame_datagrams;
}

static enum stat_id ip6_header(struct cursor *c, struct packet_view *v)
{
	const uint8_t *h = cursor_bytes(c, 40);
	if (h == NULL)
		return STAT_frame_bad_length;
	if (h[0] >> 4 != 6)
		return STAT_frame_not_ip;
	v->source = h + 8;
	v->address_size = 16;
	v->header_size = 0; // it has no checksum
	v->body = cursor_sub(c, load_be16(h + 4));
	uint8_t protocol = h[6];
	// A cursor that ran out reads 0, which is hop-by-hop: without the first test this never
	// ends.
	while (!v->body.bad && (protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
				protocol == PROTOCOL_DESTINATION)) {
		protocol = cursor_u8(&v->body);
		const uint32_t words = cursor_u8(&v->body); // of 8 bytes, beyond the first
		cursor_skip(&v->body, 6 + words * 8);
	}
	if (c->bad || v->body.bad)
		return STAT_frame_bad_length;
	if (protocol == PROTOCOL_FRAGMENT)
		return STAT_frame_fragment;
	return protocol == PROTOCOL_UDP ? STAT_frame_datagrams : STAT_frame_not_udp;
}

static bool is_our_vlan(const struct frame_policy *policy, uint16_t vlan)
{
	for (uint32_t i = 0; i < policy->n_vlan; i++)
		if (policy->vlan[i] == vlan)
			return true;
	return policy->n_vlan == 0;
}

uint16_t frame_vlan(const uint8_t *frame, uint32_t len)
{
	struct cursor c = cursor_of(frame, len);
	uint16_t type, vlan;
	link_header(&c, &type, &vlan);
	return vlan;
}

bool frame_is_ours(const struct frame_policy *policy, uint16_t vlan, const struct addr *to)
{
	if (!is_our_vlan(policy, vlan))
		return false;
	for (uint32_t i = 0; i < policy->n_address; i++) {
		const struct frame_address *a = &policy->address[i];
		if ((a->vlan == vlan || a->vlan == FRAME_ANY_VLAN) && addr_equal(&a->addr, to))
			return true;
	}
	return policy->n_address == 0;
}

static bool is_ours(const struct frame_policy *policy, const struct packet_view *v, uint16_t vlan)
{
	if (policy->n_address == 0)
		return is_our_vlan(policy, vlan);
	const uint8_t *bytes = v->source + v->address_size;
	const struct addr to = v->address_size == 4 ? addr_ip4(bytes) : addr_ip6(bytes);
	return frame_is_ours(policy, vlan, &to);
}

// RFC 768: zero means that the sender made none; RFC 8200 section 8.1 forbids that over IPv6.
static bool checksums_right(const struct packet_view *v, const uint8_t *udp, uint32_t len)
{
	if (v->header_size > 0 &&
	    checksum_fold(checksum_add(0, v->header, v->header_size)) != 0xffff)
		return false;
	if (load_be16(udp + 6) == 0)
		return v->address_size == 4;
	uint64_t sum = checksum_add(0, v->source, 2 * v->address_size); // the pseudo header
	sum = checksum_add_u16(checksum_add_u16(sum, (uint16_t)len), PROTOCOL_UDP);
	return checksum_fold(checksum_add(sum, udp, len)) == 0xffff;
}
