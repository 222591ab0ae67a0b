// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "common/reassembly.h"

#include <stdlib.h>
#include <string.h>

#define PACKET_SIZE 65536             // offset (13 bits of 8 bytes) + length cannot pass it
#define N_UNITS     (PACKET_SIZE / 8) // fragments begin at multiples of eight bytes
#define LIFETIME_NS (30 * 1000000000ull)

enum place {
	PLACE_FREE,
	PLACE_USED,
	PLACE_LENT, // whole, and its bytes are being read
};

// What a search reads: four to a cache line, so that a flood of fragments costs little.
struct head {
	uint64_t begun; // time of the fragment that came first, ns
	uint32_t hash;
	uint32_t place; // enum place
};

struct set {
	struct addr source;
	struct addr destination;
	uint32_t id;
	uint8_t protocol; // by the first fragment (RFC 8200 section 4.5)
	uint32_t size;    // of the whole payload; 0 = the last fragment has not come
	uint32_t reach;   // highest end seen
	uint32_t n_units; // units present
	uint64_t present[N_UNITS / 64];
};

struct reassembly {
	unsigned n_sets;
	bool has_lent;
	uint64_t given_up;
	struct head *head;
	struct set *set;
	uint8_t *bytes; // PACKET_SIZE for each set
};

size_t reassembly_size(unsigned n_sets)
{
	return sizeof(struct reassembly) +
	       n_sets * (sizeof(struct head) + sizeof(struct set) + (size_t)PACKET_SIZE);
}

struct reassembly *reassembly_create(unsigned n_sets)
{
	struct reassembly *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	r->n_sets = n_sets;
	r->head = calloc(n_sets, sizeof(*r->head));
	r->set = calloc(n_sets, sizeof(*r->set));
	r->bytes = calloc(n_sets, PACKET_SIZE);
	if (r->head != NULL && r->set != NULL && r->bytes != NULL)
		return r;
	reassembly_destroy(r);
	return NULL;
}

void reassembly_destroy(struct reassembly *r)
{
	if (r == NULL)
		return;
	free(r->head);
	free(r->set);
	free(r->bytes);
	free(r);
}

void reassembly_clear(struct reassembly *r)
{
	for (unsigned i = 0; i < r->n_sets; i++)
		r->head[i].place = PLACE_FREE;
	r->has_lent = false;
}

void reassembly_release(struct reassembly *r)
{
	for (unsigned i = 0; r->has_lent && i < r->n_sets; i++)
		if (r->head[i].place == PLACE_LENT)
			r->head[i].place = PLACE_FREE;
	r->has_lent = false;
}

uint64_t reassembly_given_up(const struct reassembly *r)
{
	return r->given_up;
}

// Only to tell most packets apart without a look at their sets: not a key, so it needs no secret.
static uint32_t hash_of(const struct ip_packet *ip)
{
	uint32_t h = ip->id;
	for (unsigned i = 0; i < 16; i += 4)
		h = h * 0x9e3779b1u +
		    (load_be32(ip->source.bytes + i) ^ load_be32(ip->destination.bytes + i));
	return h;
}

static bool same_packet(const struct set *s, const struct ip_packet *ip)
{
	return s->id == ip->id && addr_equal(&s->source, &ip->source) &&
	       addr_equal(&s->destination, &ip->destination);
}

static bool expired(const struct head *h, uint64_t now)
{
	return now > h->begun && now - h->begun > LIFETIME_NS;
}

static void give_up(struct reassembly *r, struct head *h)
{
	h->place = PLACE_FREE;
	r->given_up++;
}

// The set of this packet, else a free one, else the oldest. n_sets when all are lent.
static unsigned find_set(struct reassembly *r, uint64_t now, const struct ip_packet *ip,
			 uint32_t hash)
{
	unsigned best = r->n_sets;
	for (unsigned i = 0; i < r->n_sets; i++) {
		struct head *h = &r->head[i];
		if (h->place == PLACE_LENT)
			continue;
		if (h->place == PLACE_USED && expired(h, now))
			give_up(r, h);
		if (h->place == PLACE_USED && h->hash == hash && same_packet(&r->set[i], ip))
			return i;
		if (best == r->n_sets ||
		    (r->head[best].place == PLACE_USED &&
		     (h->place == PLACE_FREE || h->begun < r->head[best].begun)))
			best = i;
	}
	if (best < r->n_sets && r->head[best].place == PLACE_USED)
		give_up(r, &r->head[best]);
	return best;
}

static void start_set(struct reassembly *r, unsigned i, uint64_t now, const struct ip_packet *ip,
		      uint32_t hash)
{
	r->head[i] = (struct head){.begun = now, .hash = hash, .place = PLACE_USED};
	r->set[i] = (struct set){
		.source = ip->source,
		.destination = ip->destination,
		.id = ip->id,
		.protocol = ip->protocol,
	};
}

static uint32_t count_present(const struct set *s, uint32_t first, uint32_t last)
{
	uint32_t n = 0;
	for (uint32_t u = first; u < last; u++)
		n += s->present[u / 64] >> (u % 64) & 1;
	return n;
}

static void copy_in(struct set *s, uint8_t *bytes, const struct ip_packet *ip, uint32_t first,
		    uint32_t last)
{
	memcpy(bytes + ip->offset, ip->payload, ip->len);
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

static enum capture_reason merge(struct set *s, uint8_t *bytes, const struct ip_packet *ip)
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
	copy_in(s, bytes, ip, first, last);
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
	const uint32_t hash = hash_of(ip);
	const unsigned i = find_set(r, time, ip, hash);
	if (i == r->n_sets)
		return CAPTURE_FRAGMENT; // lost, as if its rest never came
	struct set *s = &r->set[i];
	uint8_t *bytes = r->bytes + (size_t)i * PACKET_SIZE;
	if (r->head[i].place == PLACE_FREE)
		start_set(r, i, time, ip, hash);
	const enum capture_reason reason = merge(s, bytes, ip);
	if (reason == CAPTURE_FRAGMENT)
		return reason;
	if (reason == CAPTURE_OK) {
		r->head[i].place = PLACE_LENT;
		r->has_lent = true;
		ip->fragment = ip->more = false;
		ip->offset = 0;
		ip->protocol = s->protocol;
		ip->payload = bytes;
		ip->len = ip->captured = s->size;
	} else {
		give_up(r, &r->head[i]); // beyond repair
	}
	return reason;
}
