// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weirgen/wrap.h"

#include <string.h>

#include "base/cursor.h"
#include "sflow/sflow.h"

// One's complement sum of 16-bit words (RFC 1071), four bytes at a time; @p n may be odd.
static uint64_t sum_words(const uint8_t *p, size_t n, uint64_t sum)
{
	for (; n >= 4; p += 4, n -= 4)
		sum += load_be32(p);
	uint8_t tail[4] = {0};
	memcpy(tail, p, n);
	return sum + load_be32(tail);
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void ethernet(uint8_t *p, const struct addr *agent)
{
	static const uint8_t collector[6] = {0x02, 0, 0, 0, 0, 0x01};
	memcpy(p, collector, 6);
	p[6] = 0x02;
	p[7] = 0x01;
	memcpy(p + 8, agent->family == ADDR_IP6 ? agent->bytes + 12 : agent->bytes, 4);
	store_be16(p + 12, agent->family == ADDR_IP6 ? 0x86dd : 0x0800);
}

// The collector: 172.31.255.254 or 2001:db8:ffff::1.
static size_t ip4(uint8_t *p, const struct addr *agent, size_t udp_len)
{
	static const uint8_t fixed[12] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0};
	static const uint8_t collector[4] = {172, 31, 255, 254};
	memcpy(p, fixed, sizeof(fixed));
	store_be16(p + 2, (uint16_t)(20 + udp_len));
	memcpy(p + 12, agent->bytes, 4);
	memcpy(p + 16, collector, 4);
	store_be16(p + 10, fold(sum_words(p, 20, 0)));
	return 20;
}

static size_t ip6(uint8_t *p, const struct addr *agent, size_t udp_len)
{
	static const uint8_t fixed[8] = {0x60, 0, 0, 0, 0, 0, 17, 64};
	static const uint8_t collector[16] = {0x20, 1, 0x0d, 0xb8, 0xff, 0xff, [15] = 1};
	memcpy(p, fixed, sizeof(fixed));
	store_be16(p + 4, (uint16_t)udp_len);
	memcpy(p + 8, agent->bytes, 16);
	memcpy(p + 24, collector, 16);
	return 40;
}

size_t wrap_headers(const struct datagram_out *d, uint8_t out[WRAP_MAX])
{
	const bool v6 = d->agent->family == ADDR_IP6;
	const size_t udp_len = 8 + d->len;
	ethernet(out, d->agent);
	uint8_t *ip = out + 14;
	uint8_t *udp = ip + (v6 ? ip6(ip, d->agent, udp_len) : ip4(ip, d->agent, udp_len));
	store_be16(udp, d->source_port);
	store_be16(udp + 2, SFLOW_PORT);
	store_be16(udp + 4, (uint16_t)udp_len);
	store_be16(udp + 6, 0);
	// The pseudo header: both addresses, which end at the UDP header, protocol and length.
	const size_t addresses = v6 ? 32 : 8;
	uint64_t sum = sum_words(udp - addresses, addresses + 8, 17 + udp_len);
	sum = sum_words(d->payload, d->len, sum);
	const uint16_t checksum = fold(sum);
	store_be16(udp + 6, checksum != 0 ? checksum : 0xffff);
	return (size_t)(udp + 8 - out);
}
