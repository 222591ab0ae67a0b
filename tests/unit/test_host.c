// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "base/rng.h"
#include "weir/input/host.h"

#define SECOND UINT64_C(1000000000)

enum {
	SIZE = 2048,
	RATE = 10,
};

static const uint8_t ours[6] = {2, 0, 0, 0, 0, 1}, theirs[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
static const uint8_t ip4_ours[4] = {192, 0, 2, 10}, ip4_theirs[4] = {192, 0, 2, 1};
static const uint8_t ip6_ours[16] = {0x20, 1, 0xd, 0xb8, [13] = 0xa, [14] = 0xb, [15] = 0xc};
static const uint8_t ip6_theirs[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
static const uint8_t group[16] = {0xff, 2, [11] = 1, [12] = 0xff, [13] = 0xa, [14] = 0xb, 0xc};
static const uint8_t group_mac[6] = {0x33, 0x33, 0xff, 0xa, 0xb, 0xc};

struct sketch {
	uint8_t bytes[SIZE];
	uint32_t len;
	uint32_t net; // offset of the network layer
};

// The obvious sum (RFC 1071), byte by byte, as a second opinion.
static uint32_t plain_sum(uint32_t sum, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void append(struct sketch *p, const void *bytes, uint32_t len)
{
	assert_true(p->len + len <= SIZE);
	memcpy(p->bytes + p->len, bytes, len);
	p->len += len;
}

static struct sketch begin(const uint8_t to[6], uint16_t vlan, uint16_t type)
{
	struct sketch p = {.len = 0};
	const uint8_t tag[4] = {0x81, 0, (uint8_t)(vlan >> 8), (uint8_t)vlan};
	append(&p, to, 6);
	append(&p, theirs, 6);
	if (vlan != 0)
		append(&p, tag, 4);
	append(&p, (const uint8_t[2]){(uint8_t)(type >> 8), (uint8_t)type}, 2);
	p.net = p.len;
	return p;
}

static struct sketch arp(const uint8_t to[6], uint16_t vlan, uint8_t operation,
			 const uint8_t from[4], const uint8_t target[4])
{
	struct sketch p = begin(to, vlan, 0x0806);
	append(&p, (const uint8_t[8]){0, 1, 8, 0, 6, 4, 0, operation}, 8);
	append(&p, theirs, 6);
	append(&p, from, 4);
	append(&p, (const uint8_t[6]){0}, 6);
	append(&p, target, 4);
	return p;
}

static struct sketch ip4(const uint8_t to[6], uint16_t vlan, uint8_t protocol, const void *body,
			 uint32_t len)
{
	struct sketch p = begin(to, vlan, 0x0800);
	uint8_t h[20] = {0x45, 0, 0, 0, 0, 7, 0, 0, 64, protocol};
	store_be16(h + 2, (uint16_t)(20 + len));
	memcpy(h + 12, ip4_theirs, 4);
	memcpy(h + 16, ip4_ours, 4);
	store_be16(h + 10, (uint16_t)~plain_sum(0, h, 20));
	append(&p, h, 20);
	append(&p, body, len);
	return p;
}

static struct sketch echo4(const uint8_t to[6], uint16_t vlan, uint32_t len)
{
	uint8_t body[1500] = {8, 0, 0, 0, 1, 2, 3, 4};
	for (uint32_t i = 8; i < len; i++)
		body[i] = (uint8_t)(i * 3);
	store_be16(body + 2, (uint16_t)~plain_sum(0, body, len));
	return ip4(to, vlan, 1, body, len);
}

static struct sketch ip6(const uint8_t mac[6], uint16_t vlan, uint8_t protocol, uint8_t hops,
			 const uint8_t from[16], const uint8_t to[16], uint8_t *body, uint32_t len)
{
	struct sketch p = begin(mac, vlan, 0x86dd);
	uint8_t h[40] = {0x60, [6] = protocol, [7] = hops};
	store_be16(h + 4, (uint16_t)len);
	memcpy(h + 8, from, 16);
	memcpy(h + 24, to, 16);
	if (protocol == 58) {
		store_be16(body + 2, 0);
		store_be16(body + 2,
			   (uint16_t)~plain_sum(plain_sum(58 + len, h + 8, 32), body, len));
	}
	append(&p, h, 40);
	append(&p, body, len);
	return p;
}

static struct sketch solicit(uint16_t vlan, const uint8_t from[16])
{
	uint8_t body[32] = {135};
	memcpy(body + 8, ip6_ours, 16);
	memcpy(body + 24, (const uint8_t[2]){1, 1}, 2);
	memcpy(body + 26, theirs, 6);
	const bool nobody = from[0] == 0;
	return ip6(group_mac, vlan, 58, 255, from, group, body, nobody ? 24 : 32);
}

static struct sketch echo6(const uint8_t mac[6], const uint8_t to[16])
{
	uint8_t body[61] = {128, 0, 0, 0, 1, 2, 3, 4, 5};
	return ip6(mac, 0, 58, 64, ip6_theirs, to, body, sizeof(body));
}

static struct host *make(bool unreachable)
{
	const struct frame_address a[] = {
		{.addr = addr_ip4(ip4_ours), .vlan = 0},
		{.addr = addr_ip6(ip6_ours), .vlan = 0},
		{.addr = addr_ip4((const uint8_t[4]){198, 51, 100, 10}), .vlan = 7},
	};
	struct host_config c = {.address = a,
				.n_address = 3,
				.udp_port = 6343,
				.unreachable = unreachable,
				.rate = RATE};
	struct err_msg msg;
	memcpy(c.mac, ours, 6);
	struct host *h = host_new(&c, &msg);
	assert_non_null(h);
	return h;
}

// Everything that is due up to a time; how many frames that were.
static unsigned run_until(struct host *h, uint64_t now)
{
	uint8_t out[SIZE];
	unsigned n = 0;
	while (host_next(h) <= now) {
		assert_true(host_timer(h, now, out, sizeof(out)) >= 42);
		assert_memory_equal(out + 6, ours, 6);
		n++;
	}
	return n;
}

static struct host *settled(bool unreachable)
{
	struct host *h = make(unreachable);
	host_link(h, 0, true);
	for (uint64_t t = 0; t <= 5 * SECOND; t += SECOND / 8)
		run_until(h, t);
	assert_true(host_next(h) == UINT64_MAX);
	return h;
}

// The answer lies on the heap, exactly as long as the question needs at most.
static uint32_t ask(struct host *h, uint64_t now, const struct sketch *q, struct sketch *a,
		    enum host_stat want)
{
	const uint64_t before = host_count(h, want), received = host_count(h, HOST_received);
	uint8_t *frame = malloc(q->len);
	memcpy(frame, q->bytes, q->len);
	a->len = host_answer(h, now, frame, q->len, a->bytes, SIZE);
	a->net = q->net;
	free(frame);
	assert_int_equal(host_count(h, want), before + 1);
	assert_int_equal(host_count(h, HOST_received), received + 1);
	return a->len;
}

static void check_back(const struct sketch *q, const struct sketch *a)
{
	assert_memory_equal(a->bytes, theirs, 6);
	assert_memory_equal(a->bytes + 6, ours, 6);
	assert_memory_equal(a->bytes + 12, q->bytes + 12, q->net - 12);
}

static void check_icmp4(const struct sketch *a)
{
	const uint8_t *ip = a->bytes + a->net;
	assert_int_equal(plain_sum(0, ip, 20), 0xffff);
	assert_int_equal(load_be16(ip + 2), a->len - a->net);
	assert_int_equal(plain_sum(0, ip + 20, a->len - a->net - 20), 0xffff);
	assert_memory_equal(ip + 12, ip4_ours, 4);
	assert_memory_equal(ip + 16, ip4_theirs, 4);
}

static void check_icmp6(const struct sketch *a, const uint8_t to[16])
{
	const uint8_t *ip = a->bytes + a->net;
	const uint32_t len = a->len - a->net - 40;
	assert_int_equal(load_be16(ip + 4), len);
	assert_int_equal(plain_sum(plain_sum(58 + len, ip + 8, 32), ip + 40, len), 0xffff);
	assert_memory_equal(ip + 24, to, 16);
}

static void addresses_are_checked_then_announced(void **state)
{
	struct host *h = make(false);
	struct sketch a, q = arp(broadcast, 0, 1, ip4_theirs, ip4_ours);
	struct host_view v;
	uint8_t out[SIZE];
	assert_true(host_next(h) == UINT64_MAX);
	host_link(h, SECOND, true);
	assert_true(host_next(h) == SECOND);
	assert_int_equal(host_timer(h, SECOND, out, sizeof(out)), 42);
	assert_memory_equal(out + 28, ((const uint8_t[4]){0}), 4); // a probe has no sender
	assert_memory_equal(out + 38, ip4_ours, 4);
	run_until(h, SECOND);
	assert_int_equal(ask(h, SECOND, &q, &a, HOST_not_ready), 0);
	run_until(h, SECOND + SECOND / 4);
	run_until(h, SECOND + SECOND / 2);
	assert_true(host_view(h, 0, &v) && v.state == HOST_CHECKING);
	run_until(h, SECOND + SECOND * 3 / 4);
	assert_true(host_view(h, 0, &v) && v.state == HOST_USED);
	assert_int_equal(ask(h, 2 * SECOND, &q, &a, HOST_arp_replies), 42);
	host_link(h, 9 * SECOND, false);
	assert_int_equal(ask(h, 9 * SECOND, &q, &a, HOST_not_ready), 0);
	host_free(h);
}

static void addresses_are_announced_anew_when_the_cable_changes(void **state)
{
	struct host *h = settled(false);
	struct sketch a, q = arp(broadcast, 0, 1, ip4_theirs, ip4_ours);
	const uint64_t before = host_count(h, HOST_announcements);
	host_moved(h, 10 * SECOND);
	assert_true(host_next(h) == 10 * SECOND);
	assert_true(run_until(h, 10 * SECOND) > 0);
	assert_int_equal(ask(h, 10 * SECOND, &q, &a, HOST_arp_replies), 42); // in use all the time
	for (uint64_t t = 10 * SECOND; t <= 15 * SECOND; t += SECOND / 8)
		run_until(h, t);
	assert_true(host_next(h) == UINT64_MAX);
	assert_true(host_count(h, HOST_announcements) > before);
	host_link(h, 16 * SECOND, false);
	host_moved(h, 17 * SECOND); // nothing that is not in use
	assert_true(host_next(h) == UINT64_MAX);
	host_free(h);
}

static void each_v6_vlan_has_a_link_local(void **state)
{
	struct host *h = make(false);
	struct host_view v;
	char text[ADDR_TEXT_SIZE];
	uint8_t mac[6];
	assert_true(host_view(h, 3, &v));
	assert_string_equal(addr_text(&v.addr, text), "FE80::FF:FE00:1");
	assert_false(host_view(h, 4, &v));
	assert_true(host_group(h, 0, mac) && mac[5] == 1);
	assert_true(host_group(h, 1, mac));
	assert_memory_equal(mac, group_mac, 6);
	assert_true(host_group(h, 2, mac));
	assert_false(host_group(h, 3, mac));
	host_free(h);
}

static void resolution_is_answered(void **state)
{
	struct host *h = settled(false);
	struct sketch a, q = arp(broadcast, 0, 1, ip4_theirs, ip4_ours);
	ask(h, 9 * SECOND, &q, &a, HOST_arp_replies);
	check_back(&q, &a);
	assert_int_equal(a.bytes[a.net + 7], 2);
	assert_memory_equal(a.bytes + a.net + 8, ours, 6);
	assert_memory_equal(a.bytes + a.net + 14, ip4_ours, 4);
	assert_memory_equal(a.bytes + a.net + 18, theirs, 6);
	q = solicit(0, ip6_theirs);
	ask(h, 9 * SECOND, &q, &a, HOST_neighbour_replies);
	check_back(&q, &a);
	check_icmp6(&a, ip6_theirs);
	assert_int_equal(a.bytes[a.net + 40], 136);
	assert_int_equal(a.bytes[a.net + 44], 0x60); // solicited, override
	assert_memory_equal(a.bytes + a.net + 66, ours, 6);
	q = solicit(0, (const uint8_t[16]){0}); // who checks whether it is free
	ask(h, 9 * SECOND, &q, &a, HOST_neighbour_replies);
	assert_memory_equal(a.bytes, ((const uint8_t[6]){0x33, 0x33, 0, 0, 0, 1}), 6);
	assert_int_equal(a.bytes[a.net + 44], 0x20);
	host_free(h);
}

static void an_address_lives_on_its_vlan(void **state)
{
	static const uint8_t tagged[4] = {198, 51, 100, 10};
	struct host *h = settled(false);
	struct sketch a, q = arp(broadcast, 7, 1, ip4_theirs, tagged);
	assert_int_equal(ask(h, 9 * SECOND, &q, &a, HOST_arp_replies), 46);
	check_back(&q, &a);
	q = arp(broadcast, 0, 1, ip4_theirs, tagged);
	ask(h, 9 * SECOND, &q, &a, HOST_other_host);
	q = arp(broadcast, 7, 1, ip4_theirs, ip4_ours);
	ask(h, 9 * SECOND, &q, &a, HOST_other_host);
	host_free(h);
}

static void echo_is_answered(void **state)
{
	struct host *h = settled(false);
	struct sketch a, q = echo4(ours, 0, 65);
	assert_int_equal(ask(h, 9 * SECOND, &q, &a, HOST_echo_replies), q.len);
	check_back(&q, &a);
	check_icmp4(&a);
	assert_int_equal(a.bytes[a.net + 20], 0);
	assert_memory_equal(a.bytes + a.net + 24, q.bytes + q.net + 24, q.len - q.net - 24);
	q = echo6(ours, ip6_ours);
	assert_int_equal(ask(h, 9 * SECOND, &q, &a, HOST_echo6_replies), q.len);
	check_back(&q, &a);
	check_icmp6(&a, ip6_theirs);
	assert_int_equal(a.bytes[a.net + 40], 129);
	host_free(h);
}

static void nobody_is_flooded_through_us(void **state)
{
	struct host *h = settled(true);
	struct sketch a, q = echo4(broadcast, 0, 64);
	ask(h, 9 * SECOND, &q, &a, HOST_no_answer);
	q = echo6(group_mac, ip6_ours);
	ask(h, 9 * SECOND, &q, &a, HOST_no_answer);
	q = echo4(theirs, 0, 64); // a promiscuous port sees others' frames
	ask(h, 9 * SECOND, &q, &a, HOST_other_host);
	q = echo4(ours, 0, 64);
	memcpy(q.bytes + 6, group_mac, 6);
	ask(h, 9 * SECOND, &q, &a, HOST_malformed);
	q = echo4(ours, 0, 64);
	q.bytes[q.net + 12] = 224; // from a group, checksum adjusted
	store_be16(q.bytes + q.net + 10, 0);
	store_be16(q.bytes + q.net + 10, (uint16_t)~plain_sum(0, q.bytes + q.net, 20));
	ask(h, 9 * SECOND, &q, &a, HOST_malformed);
	host_free(h);
}

static void answers_are_limited_by_kind(void **state)
{
	struct host *h = settled(false);
	struct sketch a, q = echo4(ours, 0, 64);
	for (unsigned i = 0; i < RATE; i++)
		ask(h, 9 * SECOND, &q, &a, HOST_echo_replies);
	ask(h, 9 * SECOND, &q, &a, HOST_rate_limited);
	struct sketch r = arp(broadcast, 0, 1, ip4_theirs, ip4_ours);
	ask(h, 9 * SECOND, &r, &a, HOST_arp_replies);
	ask(h, 9 * SECOND + SECOND / RATE, &q, &a, HOST_echo_replies);
	ask(h, 9 * SECOND + SECOND / RATE, &q, &a, HOST_rate_limited);
	host_free(h);
}

static void closed_ports_are_told_by_choice(void **state)
{
	uint8_t udp[1400] = {0, 9, 0, 53, 5, 120};
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct host *h = settled(true), *silent = settled(false);
		struct sketch a, q = v6 ? ip6(ours, 0, 17, 64, ip6_theirs, ip6_ours, udp, 1400)
					: ip4(ours, 0, 17, udp, 1400);
		ask(silent, 9 * SECOND, &q, &a, HOST_no_answer);
		ask(h, 9 * SECOND, &q, &a, HOST_unreachables);
		check_back(&q, &a);
		assert_int_equal(a.len - a.net, v6 ? 1280 : 576);
		if (v6)
			check_icmp6(&a, ip6_theirs);
		else
			check_icmp4(&a);
		const uint32_t quoted = a.net + (v6 ? 48 : 28);
		assert_memory_equal(a.bytes + quoted, q.bytes + q.net, a.len - quoted);
		assert_int_equal(a.bytes[a.net + (v6 ? 41 : 21)], v6 ? 4 : 3);
		store_be16(q.bytes + q.net + (v6 ? 42 : 22), 6343);
		ask(h, 9 * SECOND, &q, &a, HOST_no_answer);
		host_free(h);
		host_free(silent);
	}
}

static void duplicates_are_found_and_checked_again(void **state)
{
	struct host *h = make(false);
	struct sketch a, claim = arp(broadcast, 0, 1, ip4_ours, ip4_ours);
	struct sketch check = solicit(0, (const uint8_t[16]){0});
	struct host_view v;
	host_link(h, 0, true);
	run_until(h, 0);
	ask(h, 1, &claim, &a, HOST_not_ready);
	ask(h, 1, &check, &a, HOST_not_ready);
	assert_true(host_view(h, 0, &v) && v.state == HOST_DUPLICATE);
	assert_memory_equal(v.other, theirs, 6);
	assert_true(host_view(h, 1, &v) && v.state == HOST_DUPLICATE);
	assert_int_equal(host_count(h, HOST_duplicates), 2);
	for (uint64_t t = 0; t <= 59 * SECOND; t += SECOND / 8)
		run_until(h, t);
	assert_true(host_view(h, 0, &v) && v.state == HOST_DUPLICATE);
	for (uint64_t t = 60 * SECOND; t <= 66 * SECOND; t += SECOND / 8)
		run_until(h, t);
	assert_true(host_view(h, 0, &v) && v.state == HOST_USED);
	host_free(h);
}

static void an_address_in_use_is_defended_now_and_then(void **state)
{
	struct host *h = settled(false);
	struct sketch a, claim = arp(broadcast, 0, 2, ip4_ours, ip4_theirs);
	assert_int_equal(ask(h, 9 * SECOND, &claim, &a, HOST_defences), 42);
	assert_memory_equal(a.bytes + 28, ip4_ours, 4);
	assert_int_equal(ask(h, 12 * SECOND, &claim, &a, HOST_not_ready), 0);
	assert_int_equal(ask(h, 20 * SECOND, &claim, &a, HOST_defences), 42);
	uint8_t body[32] = {136, [4] = 0x20, [24] = 2, [25] = 1};
	memcpy(body + 8, ip6_ours, 16);
	claim = ip6((const uint8_t[6]){0x33, 0x33, 0, 0, 0, 1}, 0, 58, 255, ip6_ours,
		    (const uint8_t[16]){0xff, 2, [15] = 1}, body, 32);
	assert_int_equal(ask(h, 9 * SECOND, &claim, &a, HOST_defences), 86);
	check_icmp6(&a, (const uint8_t[16]){0xff, 2, [15] = 1});
	assert_int_equal(host_count(h, HOST_conflicts), 4);
	host_free(h);
}

static void groups_are_reported_when_asked(void **state)
{
	struct host *h = settled(false);
	const uint8_t router[16] = {0xfe, 0x80, [15] = 9};
	uint8_t body[28] = {130}, out[SIZE], hop[36] = {58, 0, 5, 2};
	struct sketch a;
	struct sketch inner = ip6(group_mac, 0, 58, 1, router, group, body, 28);
	memcpy(hop + 8, inner.bytes + inner.net + 40, 28);
	struct sketch q = ip6(group_mac, 0, 0, 1, router, group, hop, 36);
	ask(h, 9 * SECOND, &q, &a, HOST_mld_replies);
	assert_true(host_next(h) == 9 * SECOND);
	a.len = host_timer(h, 9 * SECOND, out, sizeof(out));
	assert_int_equal(a.len, 90);
	assert_int_equal(out[14 + 40], 58);
	assert_int_equal(plain_sum(plain_sum(58 + 28, out + 22, 32), out + 62, 28), 0xffff);
	assert_int_equal(out[62], 143);
	assert_memory_equal(out + 62 + 12, group, 16);
	assert_int_equal(out[22], 0xfe); // by now there is a link-local address
	run_until(h, 9 * SECOND);
	host_free(h);
}

static void what_is_wrong_gets_no_answer(void **state)
{
	struct host *h = settled(true);
	const struct sketch good[] = {arp(broadcast, 0, 1, ip4_theirs, ip4_ours),
				      echo4(ours, 0, 64), echo6(ours, ip6_ours),
				      solicit(0, ip6_theirs)};
	struct sketch a;
	for (unsigned i = 0; i < 4; i++)
		for (uint32_t len = 0; len < good[i].len; len++) {
			struct sketch q = good[i];
			q.len = len;
			assert_int_equal(ask(h, 9 * SECOND, &q, &a, HOST_malformed), 0);
		}
	struct sketch q = solicit(0, ip6_theirs);
	q.bytes[q.net + 7] = 254; // it came through a router
	ask(h, 9 * SECOND, &q, &a, HOST_malformed);
	q = echo4(ours, 0, 64);
	q.bytes[q.len - 1] ^= 1;
	ask(h, 9 * SECOND, &q, &a, HOST_malformed);
	q = echo4(ours, 0, 64);
	q.bytes[q.net + 6] = 0x20; // more fragments
	store_be16(q.bytes + q.net + 10, 0);
	store_be16(q.bytes + q.net + 10, (uint16_t)~plain_sum(0, q.bytes + q.net, 20));
	ask(h, 9 * SECOND, &q, &a, HOST_fragments);
	host_free(h);
}

// Whatever comes, it gets one verdict, and no answer is longer than the room for it.
static void anything_gets_a_verdict(void **state)
{
	struct rng rng = rng_seeded(3);
	struct host *h = settled(true);
	struct sketch a;
	for (unsigned i = 0; i < 20000; i++) {
		struct sketch q = i % 4 == 0   ? arp(broadcast, 0, 1, ip4_theirs, ip4_ours)
				  : i % 4 == 1 ? echo4(ours, 0, 64)
				  : i % 4 == 2 ? echo6(ours, ip6_ours)
					       : solicit(0, ip6_theirs);
		for (uint64_t n = rng_below(&rng, 4); n-- > 0;)
			q.bytes[rng_below(&rng, q.len)] = (uint8_t)rng_u64(&rng);
		const uint32_t size = (uint32_t)rng_below(&rng, 120);
		uint8_t *out = malloc(size + 1);
		a.len = host_answer(h, i * SECOND, q.bytes, q.len, out, size);
		assert_true(a.len <= size);
		free(out);
	}
	uint64_t sum = 0;
	for (unsigned k = 0; k < N_HOST_STATS; k++)
		if (host_stat_info[k].role == STAT_ROLE_USED ||
		    host_stat_info[k].role == STAT_ROLE_REASON)
			sum += host_count(h, k);
	assert_int_equal(sum, host_count(h, HOST_received));
	host_free(h);
}

static void workers_hand_over_what_may_be_for_it(void **state)
{
	struct host *h = make(false);
	const struct sketch yes[] = {arp(broadcast, 7, 1, ip4_theirs, ip4_ours), echo4(ours, 0, 64),
				     echo6(ours, ip6_ours)};
	const enum stat_id why[] = {STAT_frame_not_ip, STAT_frame_not_udp, STAT_frame_not_udp};
	for (unsigned i = 0; i < 3; i++)
		assert_true(host_wants(h, why[i], yes[i].bytes, yes[i].len));
	struct sketch tcp = ip4(ours, 0, 6, ip6_ours, 16);
	assert_false(host_wants(h, STAT_frame_not_udp, tcp.bytes, tcp.len));
	assert_false(host_wants(h, STAT_frame_not_ip, yes[0].bytes, 13));
	assert_false(host_wants(h, STAT_frame_other_port, yes[1].bytes, yes[1].len));
	assert_false(host_wants(h, STAT_frame_fragment, yes[1].bytes, yes[1].len));
	host_free(h);
}

// The next question of the host, and what it is like.
static uint32_t question(struct host *h, uint64_t now, uint8_t *out)
{
	const uint64_t before = host_count(h, HOST_questions);
	const uint32_t len = host_timer(h, now, out, SIZE);
	assert_int_equal(host_count(h, HOST_questions), before + 1);
	return len;
}

static void neighbours_are_asked_for(void **state)
{
	(void)state;
	struct host *h = settled(false);
	const struct addr theirs4 = addr_ip4(ip4_theirs);
	struct sketch a, yes = arp(ours, 0, 2, ip4_theirs, ip4_ours);
	uint8_t out[SIZE];
	ask(h, 9 * SECOND, &yes, &a, HOST_no_answer); // nobody has asked
	const int s = host_seek(h, 10 * SECOND, &theirs4, 0);
	assert_int_equal(host_seek(h, 10 * SECOND, &theirs4, 0), s); // a second user
	assert_null(host_found(h, s));
	ask(h, 10 * SECOND, &yes, &a, HOST_no_answer); // not asked yet
	assert_true(host_next(h) == 10 * SECOND);
	assert_int_equal(question(h, 10 * SECOND, out), 42);
	assert_memory_equal(out, broadcast, 6);
	assert_memory_equal(out + 12, "\x08\x06\0\1\x08\0\6\4\0\1", 10);
	assert_memory_equal(out + 22, ours, 6);
	assert_memory_equal(out + 28, ip4_ours, 4);
	assert_memory_equal(out + 38, ip4_theirs, 4);
	yes.bytes[yes.net + 8] |= 1; // a group is nowhere
	ask(h, 10 * SECOND, &yes, &a, HOST_malformed);
	yes.bytes[yes.net + 8] &= 0xfe;
	assert_int_equal(ask(h, 10 * SECOND, &yes, &a, HOST_neighbours), 0);
	assert_memory_equal(host_found(h, s), theirs, 6);
	yes.bytes[yes.net + 13] = 9; // believed only when asked again
	ask(h, 11 * SECOND, &yes, &a, HOST_no_answer);
	assert_memory_equal(host_found(h, s), theirs, 6);
	// Asked anew after a while; known until three questions went unanswered.
	assert_true(host_next(h) == 40 * SECOND);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(question(h, (40 + i) * SECOND, out), 42);
		assert_non_null(host_found(h, s));
	}
	question(h, 43 * SECOND, out);
	assert_null(host_found(h, s));
	assert_true(host_next(h) == 53 * SECOND);
	ask(h, 44 * SECOND, &yes, &a, HOST_neighbours);
	assert_memory_equal(host_found(h, s), yes.bytes + yes.net + 8, 6);
	host_link(h, 45 * SECOND, false);
	assert_null(host_found(h, s));
	assert_true(host_next(h) == UINT64_MAX);
	host_forget(h, s);
	host_forget(h, s);
	host_free(h);
}

static void v6_neighbours_are_asked_for(void **state)
{
	(void)state;
	struct host *h = settled(false);
	const struct addr to = addr_ip6(ip6_theirs),
			  tagged = addr_ip4((const uint8_t[4]){198, 51, 100, 1});
	uint8_t out[SIZE], body[32] = {136, 0, 0, 0, 0x60};
	struct sketch a;
	memcpy(body + 8, ip6_theirs, 16);
	memcpy(body + 24, (const uint8_t[8]){2, 1, 2, 0, 0, 0, 0, 7}, 8);
	const int s = host_seek(h, 10 * SECOND, &to, 0);
	assert_int_equal(question(h, 10 * SECOND, out), 14 + 40 + 32);
	assert_memory_equal(out, "\x33\x33\xff\0\0\1", 6);
	assert_memory_equal(out + 14 + 8, ip6_ours, 16);
	assert_int_equal(out[14 + 40], 135);
	assert_memory_equal(out + 14 + 40 + 8, ip6_theirs, 16);
	assert_memory_equal(out + 14 + 40 + 26, ours, 6);
	assert_int_equal(plain_sum(plain_sum(58 + 32, out + 14 + 8, 32), out + 54, 32), 0xffff);
	const struct sketch yes = ip6(ours, 0, 58, 255, ip6_theirs, ip6_ours, body, 32);
	ask(h, 10 * SECOND, &yes, &a, HOST_neighbours);
	assert_memory_equal(host_found(h, s), body + 26, 6);
	// On a VLAN; where we have no address nobody is asked.
	const int on7 = host_seek(h, 11 * SECOND, &tagged, 7);
	assert_int_equal(question(h, 11 * SECOND, out), 46);
	const int nowhere = host_seek(h, 11 * SECOND, &to, 9);
	assert_int_equal(host_timer(h, 11 * SECOND, out, SIZE), 0);
	assert_true(host_next(h) > 11 * SECOND);
	host_forget(h, nowhere);
	for (unsigned i = 0; i < HOST_SEEKS - 2; i++) {
		struct addr many = to;
		many.bytes[14] = 1;
		many.bytes[15] = (uint8_t)i;
		assert_true(host_seek(h, 12 * SECOND, &many, 0) >= 0);
	}
	assert_int_equal(host_seek(h, 12 * SECOND, &to, 11), ERR_FULL);
	host_forget(h, on7);
	assert_true(host_seek(h, 12 * SECOND, &to, 11) >= 0);
	host_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_are_asked_for),
		cmocka_unit_test(v6_neighbours_are_asked_for),
		cmocka_unit_test(addresses_are_checked_then_announced),
		cmocka_unit_test(addresses_are_announced_anew_when_the_cable_changes),
		cmocka_unit_test(each_v6_vlan_has_a_link_local),
		cmocka_unit_test(resolution_is_answered),
		cmocka_unit_test(an_address_lives_on_its_vlan),
		cmocka_unit_test(echo_is_answered),
		cmocka_unit_test(nobody_is_flooded_through_us),
		cmocka_unit_test(answers_are_limited_by_kind),
		cmocka_unit_test(closed_ports_are_told_by_choice),
		cmocka_unit_test(duplicates_are_found_and_checked_again),
		cmocka_unit_test(an_address_in_use_is_defended_now_and_then),
		cmocka_unit_test(groups_are_reported_when_asked),
		cmocka_unit_test(what_is_wrong_gets_no_answer),
		cmocka_unit_test(anything_gets_a_verdict),
		cmocka_unit_test(workers_hand_over_what_may_be_for_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
