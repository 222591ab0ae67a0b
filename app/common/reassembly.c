// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "common/reassembly.h"

#include <stdlib.h>
#include <string.h>

#define PACKET_SIZE 65536             // offset (13 bits of 8 bytes) + length cannot pass it
#define N_UNITS     (PACKET_SIZE / 8) // fragments begin at multiples of eight bytes
#define LIFETIME_NS (30 * 1000000000ull)

struct set {
	bool used;
	struct addr source;
	struct addr destination;
	uint32_t id;
	uint8_t protocol; // by the first fragment (RFC 8200 section 4.5)
	uint64_t begun;   // time of the fragment that came first, ns
	uint32_t size;    // of the whole payload; 0 = the last fragment has not come
	uint32_t reach;   // highest end seen
	uint32_t n_units; // units present
	uint64_t present[N_UNITS / 64];
	uint8_t *bytes; // PACKET_SIZE, kept for the next user of this set
};

struct reassembly {
	unsigned n_sets;
	struct set sets[];
};

struct reassembly *reassembly_create(unsigned n_sets)
{
	struct reassembly *r = calloc(1, sizeof(*r) + n_sets * sizeof(r->sets[0]));
	if (r != NULL)
		r->n_sets = n_sets;
	return r;
}

void reassembly_destroy(struct reassembly *r)
{
	if (r == NULL)
		return;
	for (unsigned i = 0; i < r->n_sets; i++)
		free(r->sets[i].bytes);
	free(r);
}

void reassembly_clear(struct reassembly *r)
{
	for (unsigned i = 0; i < r->n_sets; i++)
		r->sets[i].used = false;
}

static bool same_packet(const struct set *s, const struct ip_packet *ip)
{
	return s->used && s->id == ip->id && addr_equal(&s->source, &ip->source) &&
	       addr_equal(&s->destination, &ip->destination);
}

static bool expired(const struct set *s, uint64_t now)
{
	return now > s->begun && now - s->begun > LIFETIME_NS;
}

// The set of this packet, else a free one, else the oldest.
static struct set *find_set(struct reassembly *r, uint64_t now, const struct ip_packet *ip)
{
	struct set *place = &r->sets[0];
	for (unsigned i = 0; i < r->n_sets; i++) {
		struct set *s = &r->sets[i];
		if (s->used && expired(s, now))
			s->used = false;
		if (same_packet(s, ip))
			return s;
		if (place->used && (!s->used || s->begun < place->begun))
			place = s;
	}
	place->used = false;
	return place;
}

static bool start_set(struct set *s, uint64_t now, const struct ip_packet *ip)
{
	uint8_t *bytes = s->bytes != NULL ? s->bytes : malloc(PACKET_SIZE);
	if (bytes == NULL)
		return false;
	*s = (struct set){
		.used = true,
		.source = ip->source,
		.destination = ip->destination,
		.id = ip->id,
		.protocol = ip->protocol,
		.begun = now,
		.bytes = bytes,
	};
	return true;
}

static uint32_t count_present(const struct set *s, uint32_t first, uint32_t last)
{
	uint32_t n = 0;
	for (uint32_t u = first; u < last; u++)
		n += s->present[u / 64] >> (u % 64) & 1;
	return n;
}

static void copy_in(struct set *s, const struct ip_packet *ip, uint32_t first, uint32_t last)
{
	memcpy(s->bytes + ip->offset, ip->payload, ip->len);
	for (uint32_t u = first; u < last; u++)
		s->present[u / 64] |= 1ull << (u % 64);
	s->n_units += last - first;
	if (ip->offset == 0)
		s->protocol = ip->protocol;
}

// Does the fragment agree with what is known of the packet's end?
static bool fits_end(const struct set *s, const struct ip_packet *ip)
{
	const uint32_t end = ip->offset + ip->len;
	if (ip->more)
		return s->size == 0 || end <= s->size;
	return (s->size == 0 || end == s->size) && end >= s->reach;
}

static enum capture_reason merge(struct set *s, const struct ip_packet *ip)
{
	const uint32_t end = ip->offset + ip->len;
	const uint32_t first = ip->offset / 8, last = (end + 7) / 8;
	if (!fits_end(s, ip))
		return CAPTURE_BAD_FRAGMENT;
	const uint32_t n_present = count_present(s, first, last);
	if (n_present == last - first)
		return CAPTURE_FRAGMENT; // a duplicate: captures on mirrored ports are full of them
	if (n_present != 0)
		return CAPTURE_BAD_FRAGMENT;
	copy_in(s, ip, first, last);
	if (!ip->more)
		s->size = end;
	if (end > s->reach)
		s->reach = end;
	return s->size != 0 && s->n_units == (s->size + 7) / 8 ? CAPTURE_OK : CAPTURE_FRAGMENT;
}

static bool possible(const struct ip_packet *ip)
{
	return ip->len != 0 && ip->offset + ip->len <= PACKET_SIZE - 1 &&
	       (!ip->more || ip->len % 8 == 0);
}

enum capture_reason reassembly_add(struct reassembly *r, uint64_t time, struct ip_packet *ip)
{
	if (!possible(ip))
		return CAPTURE_BAD_FRAGMENT;
	if (ip->captured < ip->len)
		return CAPTURE_TRUNCATED;
	struct set *s = find_set(r, time, ip);
	if (!s->used && !start_set(s, time, ip))
		return CAPTURE_FRAGMENT; // out of memory: lost as if its rest never came
	const enum capture_reason reason = merge(s, ip);
	if (reason == CAPTURE_FRAGMENT)
		return reason;
	s->used = false; // whole, or beyond repair; the bytes stay until the next call
	if (reason == CAPTURE_OK) {
		ip->fragment = ip->more = false;
		ip->offset = 0;
		ip->protocol = s->protocol;
		ip->payload = s->bytes;
		ip->len = ip->captured = s->size;
	}
	return reason;
}
