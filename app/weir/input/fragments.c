// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/input/fragments.h"

#include <stdlib.h>

#include "common/reassembly.h"
#include "weir/input/checksum.h"
#include "weir/input/input.h"

enum {
	PROTOCOL_UDP = 17,
};

struct fragments {
	const struct frame_policy *policy;
	struct reassembly *sets;
	unsigned n_via;
	struct addr via[INPUT_BURST]; // senders of the datagrams of this burst
};

static bool checksum_right(const struct ip_packet *ip, const struct datagram *d);
static bool header_right(const struct ip_packet *ip);

size_t fragments_memory(uint32_t n)
{
	return sizeof(struct fragments) + reassembly_size(n);
}

struct fragments *fragments_new(const struct frame_policy *policy, uint32_t n, struct err_msg *msg)
{
	struct fragments *f = calloc(1, sizeof(*f));
	if (f != NULL)
		f->sets = reassembly_create(n);
	if (f == NULL || f->sets == NULL) {
		err_set(msg, ERR_MEMORY, "fragments: no memory for %u datagrams", n);
		fragments_free(f);
		return NULL;
	}
	f->policy = policy;
	return f;
}

void fragments_free(struct fragments *f)
{
	if (f == NULL)
		return;
	reassembly_destroy(f->sets);
	free(f);
}

uint32_t fragments_owner(const uint8_t *frame, uint32_t len, uint32_t n)
{
	struct ip_packet ip;
	if (unwrap_ip(UNWRAP_ETHERNET, frame, len, &ip) != CAPTURE_OK)
		return 0;
	uint64_t sum = ip.id;
	for (unsigned i = 0; i < 16; i += 4)
		sum = sum * 0x9e3779b1u +
		      (load_be32(ip.source.bytes + i) ^ load_be32(ip.destination.bytes + i));
	return (uint32_t)((sum * UINT64_C(0x9e3779b97f4a7c15) >> 32) % n);
}

bool fragments_are_udp(const uint8_t *frame, uint32_t len)
{
	struct ip_packet ip;
	return unwrap_ip(UNWRAP_ETHERNET, frame, len, &ip) == CAPTURE_OK &&
	       ip.protocol == PROTOCOL_UDP;
}

static enum stat_id verdict_of(enum capture_reason reason)
{
	switch (reason) {
	case CAPTURE_OK: return STAT_frame_datagrams;
	case CAPTURE_FRAGMENT: return STAT_frame_fragment;
	case CAPTURE_NOT_IP: return STAT_frame_not_ip;
	case CAPTURE_NOT_UDP: return STAT_frame_not_udp;
	case CAPTURE_BAD_FRAGMENT: return STAT_frame_bad_fragment;
	default: return STAT_frame_bad_length;
	}
}

// The whole packet: what frame_take() does with one that came in a single frame.
static enum stat_id take_whole(struct fragments *f, uint64_t now, struct ip_packet *ip,
			       struct payload *p)
{
	struct datagram d;
	const enum capture_reason reason = unwrap_udp(ip, &d);
	if (reason != CAPTURE_OK)
		return verdict_of(reason);
	if (d.cut)
		return STAT_frame_bad_length;
	if (f->policy->udp_port != 0 && f->policy->udp_port != d.destination_port)
		return STAT_frame_other_port;
	if (f->policy->checksums && !checksum_right(ip, &d))
		return STAT_frame_bad_checksum;
	struct addr *via = &f->via[f->n_via++];
	*via = d.source;
	*p = (struct payload){.data = d.payload,
			      .len = (uint32_t)d.len,
			      .via = via->bytes,
			      .via_family = (uint8_t)via->family,
			      .time = now};
	return STAT_frame_datagrams;
}

enum stat_id fragments_take(struct fragments *f, uint64_t now, const uint8_t *frame, uint32_t len,
			    struct payload *p)
{
	struct ip_packet ip;
	enum capture_reason reason = unwrap_ip(UNWRAP_ETHERNET, frame, len, &ip);
	if (reason != CAPTURE_OK)
		return verdict_of(reason);
	if (!frame_is_ours(f->policy, frame_vlan(frame, len), &ip.destination))
		return STAT_frame_other_host;
	if (f->policy->checksums && !header_right(&ip))
		return STAT_frame_bad_checksum;
	if (f->n_via == INPUT_BURST)
		return STAT_frame_fragment; // cannot be: a burst has no more frames
	if (ip.fragment)
		reason = reassembly_add(f->sets, now, &ip);
	return reason == CAPTURE_OK ? take_whole(f, now, &ip, p) : verdict_of(reason);
}

void fragments_release(struct fragments *f)
{
	if (f->n_via == 0)
		return;
	f->n_via = 0;
	reassembly_release(f->sets);
}

uint64_t fragments_given_up(const struct fragments *f)
{
	return reassembly_given_up(f->sets);
}

// Each fragment has an IPv4 header of its own; IPv6 has no checksum there.
static bool header_right(const struct ip_packet *ip)
{
	return ip->header_size == 0 ||
	       checksum_fold(checksum_add(0, ip->header, ip->header_size)) == 0xffff;
}

// As in frame.c, over bytes that lie elsewhere than the addresses.
static bool checksum_right(const struct ip_packet *ip, const struct datagram *d)
{
	const uint8_t *udp = d->payload - 8;
	const uint32_t size = ip->source.family == ADDR_IP4 ? 4 : 16;
	const uint32_t len = (uint32_t)d->len + 8;
	if (load_be16(udp + 6) == 0)
		return size == 4;
	uint64_t sum = checksum_add(0, ip->source.bytes, size);
	sum = checksum_add(sum, ip->destination.bytes, size);
	sum = checksum_add_u16(checksum_add_u16(sum, (uint16_t)len), PROTOCOL_UDP);
	return checksum_fold(checksum_add(sum, udp, len)) == 0xffff;
}
