// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "bank/synth.h"

#include <string.h>

#include "base/cursor.h"

// sampled_ethernet, then the transport ports of sampled_ipv4/ipv6, written as the header they were
// read from, so that one dissector serves all. Returns the length.
static uint32_t put_ethernet(uint8_t *to, const struct headers *h)
{
	memset(to, 0, 14);
	if (h->ethernet.body != NULL) { // length, source, destination (each 6 + 2), type
		memcpy(to, h->ethernet.body + 12, 6);
		memcpy(to + 6, h->ethernet.body + 4, 6);
		memcpy(to + 12, h->ethernet.body + 22, 2);
	} else {
		store_be16(to + 12, h->ip4.body != NULL ? ETHERTYPE_IP4 : ETHERTYPE_IP6);
	}
	return 14;
}

static uint32_t put_transport(uint8_t *to, uint32_t protocol, const uint8_t *ports)
{
	if (protocol != 6 && protocol != 17 && protocol != 132)
		return 0;
	memset(to, 0, 20);
	memcpy(to, ports + 2, 2);
	memcpy(to + 2, ports + 6, 2);
	if (protocol != 6)
		return 8;
	to[12] = 5 << 4;
	to[13] = ports[11]; // flags
	return 20;
}

static uint32_t put_ip4(uint8_t *to, const uint8_t *r)
{
	memset(to, 0, 20);
	to[0] = 0x45;
	to[1] = r[31];             // tos
	memcpy(to + 2, r + 2, 2);  // total length
	to[9] = r[7];              // protocol
	memcpy(to + 12, r + 8, 8); // source, destination
	return 20 + put_transport(to + 20, load_be32(r + 4), r + 16);
}

static uint32_t put_ip6(uint8_t *to, const uint8_t *r)
{
	memset(to, 0, 40);
	const uint32_t length = load_be32(r);
	store_be32(to, 6u << 28 | (load_be32(r + 52) & 0xff) << 20);
	store_be16(to + 4, (uint16_t)(length > 40 ? length - 40 : 0));
	to[6] = r[7];
	memcpy(to + 8, r + 8, 32);
	return 40 + put_transport(to + 40, load_be32(r + 4), r + 40);
}

_Static_assert(1 + 14 + 40 + 20 <= sizeof(((struct packet *)0)->synth),
	       "Ethernet, IPv6 and TCP fit behind the byte at offset 0");

void synth_dissect(struct packet *p, const struct headers *h, enum dissect_depth depth)
{
	uint8_t *to = p->synth + 1; // offset 0 means absent
	uint32_t len = 0;
	if (h->ethernet.body != NULL)
		len = put_ethernet(to, h);
	const uint32_t protocol = len > 0               ? HEADER_ETHERNET
				  : h->ip4.body != NULL ? HEADER_IP4
							: HEADER_IP6;
	if (h->ip4.body != NULL)
		len += put_ip4(to + len, h->ip4.body);
	else if (h->ip6.body != NULL)
		len += put_ip6(to + len, h->ip6.body);
	p->base[SPACE_HEADER] = p->synth;
	packet_dissect(p, protocol, 1, len, depth);
}
