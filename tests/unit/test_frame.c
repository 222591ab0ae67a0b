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
#include "weir/input/frame.h"

enum {
	PAYLOAD = 33
}; // odd: the checksum has a tail

struct sketch {
	uint8_t bytes[256];
	uint32_t len;
	uint32_t ip;  // offset of the IP header
	uint32_t udp; // offset of the UDP header
	bool v6;
};

static const struct frame_policy any = {.checksums = true};

static void append(struct sketch *s, const void *bytes, uint32_t len)
{
	assert_true(s->len + len <= sizeof(s->bytes));
	memcpy(s->bytes + s->len, bytes, len);
	s->len += len;
}

// The obvious sum (RFC 1071), byte by byte, as a second opinion.
static uint32_t plain_sum(uint32_t sum, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void set_checksums(struct sketch *s)
{
	uint8_t *ip = s->bytes + s->ip, *udp = s->bytes + s->udp;
	const uint32_t udp_len = load_be16(udp + 4);
	const uint32_t addresses = s->v6 ? 32 : 8;
	if (!s->v6) {
		store_be16(ip + 10, 0);
		store_be16(ip + 10, (uint16_t)~plain_sum(0, ip, (ip[0] & 15u) * 4));
	}
	store_be16(udp + 6, 0);
	uint32_t sum = plain_sum(17 + udp_len, ip + (s->v6 ? 8 : 12), addresses);
	sum = plain_sum(sum, udp, udp_len);
	store_be16(udp + 6, (uint16_t)~sum != 0 ? (uint16_t)~sum : 0xffff);
}

static void begin(struct sketch *s, uint16_t vlan, uint16_t type)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	uint8_t tag[4] = {0x81, 0, 0x20 | (uint8_t)(vlan >> 8), (uint8_t)vlan};
	uint8_t t[2] = {(uint8_t)(type >> 8), (uint8_t)type};
	*s = (struct sketch){0};
	append(s, macs, sizeof(macs));
	if (vlan != 0)
		append(s, tag, sizeof(tag));
	append(s, t, sizeof(t));
	s->ip = s->len;
}

static void add_udp(struct sketch *s)
{
	uint8_t udp[8 + PAYLOAD] = {0x30, 0x39, 0x18, 0xc7, 0, 8 + PAYLOAD}; // 12345 -> 6343
	for (unsigned i = 0; i < PAYLOAD; i++)
		udp[8 + i] = (uint8_t)(i * 7 + 1);
	s->udp = s->len;
	append(s, udp, sizeof(udp));
	set_checksums(s);
}

// 192.0.2.1 -> 198.51.100.2, with some bytes of options.
static struct sketch ip4(uint16_t vlan, uint8_t options)
{
	struct sketch s;
	uint8_t h[60] = {(uint8_t)(0x45 + options / 4),
			 0,
			 0,
			 20 + 8 + PAYLOAD + options,
			 0,
			 1,
			 0x40,
			 0,
			 64,
			 17,
			 0,
			 0,
			 192,
			 0,
			 2,
			 1,
			 198,
			 51,
			 100,
			 2};
	begin(&s, vlan, 0x0800);
	append(&s, h, 20u + options);
	add_udp(&s);
	return s;
}

// 2001:db8::1 -> 2001:db8::2; with a destination options header where asked for.
static struct sketch ip6(bool extension)
{
	struct sketch s;
	uint8_t h[48] = {0x60, 0, 0, 0, 0, 8 + PAYLOAD, 17, 64, 0x20, 1, 0xd, 0xb8};
	h[23] = 1;
	memcpy(h + 24, h + 8, 16);
	h[39] = 2;
	if (extension) {
		h[5] += 8;
		h[6] = 60;
		h[40] = 17;
	}
	begin(&s, 0, 0x86dd);
	append(&s, h, extension ? 48 : 40);
	s.v6 = true;
	add_udp(&s);
	return s;
}

static enum stat_id take(const struct frame_policy *policy, const struct sketch *s)
{
	// On the heap, exactly as long as it is: a sanitizer sees every step beyond.
	uint8_t *frame = malloc(s->len + !s->len);
	struct payload p;
	memcpy(frame, s->bytes, s->len);
	const enum stat_id verdict = frame_take(policy, frame, s->len, FRAME_CHECKSUM_UNKNOWN, &p);
	if (verdict == STAT_frame_datagrams) {
		assert_int_equal(p.len, PAYLOAD);
		assert_ptr_equal(p.data, frame + s->udp + 8);
		assert_int_equal(p.via_family, s->v6 ? ADDR_IP6 : ADDR_IP4);
		assert_ptr_equal(p.via, frame + s->ip + (s->v6 ? 8 : 12));
	}
	free(frame);
	return verdict;
}

static void good_frames_are_taken(void **state)
{
	const struct sketch s[] = {ip4(0, 0), ip4(7, 0), ip4(0, 8), ip6(false), ip6(true)};
	for (size_t i = 0; i < sizeof(s) / sizeof(s[0]); i++)
		assert_int_equal(take(&any, &s[i]), STAT_frame_datagrams);
	// Ethernet pads short frames.
	struct sketch padded = ip4(0, 0);
	append(&padded, (const uint8_t[18]){0}, 18);
	assert_int_equal(take(&any, &padded), STAT_frame_datagrams);
}

static void others_are_refused_by_name(void **state)
{
	struct sketch s = ip4(0, 0);
	s.bytes[12] = 0x08, s.bytes[13] = 0x06; // ARP
	assert_int_equal(take(&any, &s), STAT_frame_not_ip);
	s = ip4(0, 0);
	s.bytes[s.ip + 9] = 6; // TCP
	assert_int_equal(take(&any, &s), STAT_frame_not_udp);
	s = ip6(false);
	s.bytes[s.ip + 6] = 58; // ICMPv6
	assert_int_equal(take(&any, &s), STAT_frame_not_udp);
	s = ip4(0, 0);
	s.bytes[s.ip + 6] = 0x20; // more fragments
	assert_int_equal(take(&any, &s), STAT_frame_fragment);
	s = ip4(0, 0);
	s.bytes[s.ip + 7] = 1; // not the first
	assert_int_equal(take(&any, &s), STAT_frame_fragment);
	s = ip6(true);
	s.bytes[s.ip + 6] = 44;
	assert_int_equal(take(&any, &s), STAT_frame_fragment);
}

static void lengths_must_agree(void **state)
{
	struct sketch s = ip4(0, 0);
	store_be16(s.bytes + s.udp + 4, 8 + PAYLOAD + 1); // UDP beyond IP
	assert_int_equal(take(&any, &s), STAT_frame_bad_length);
	store_be16(s.bytes + s.udp + 4, 7);
	assert_int_equal(take(&any, &s), STAT_frame_bad_length);
	s = ip4(0, 0);
	store_be16(s.bytes + s.ip + 2, 20 + 8 + PAYLOAD + 1); // IP beyond the frame
	assert_int_equal(take(&any, &s), STAT_frame_bad_length);
	s = ip4(0, 0);
	s.bytes[s.ip] = 0x44; // a header of 16 bytes
	assert_int_equal(take(&any, &s), STAT_frame_bad_length);
	s = ip6(true);
	s.bytes[s.ip + 41] = 200; // an extension header beyond the end
	assert_int_equal(take(&any, &s), STAT_frame_bad_length);
}

static void bad_checksums_are_refused(void **state)
{
	const struct frame_policy trusting = {0};
	for (unsigned v6 = 0; v6 < 2; v6++) {
		const struct sketch good = v6 ? ip6(false) : ip4(0, 0);
		for (uint32_t at = good.udp + 6; at < good.len; at++) {
			struct sketch s = good;
			s.bytes[at] ^= 0x10;
			assert_int_equal(take(&any, &s), STAT_frame_bad_checksum);
			assert_int_equal(take(&trusting, &s), STAT_frame_datagrams);
		}
	}
	struct sketch s = ip4(0, 0);
	s.bytes[s.ip + 8]--; // TTL
	assert_int_equal(take(&any, &s), STAT_frame_bad_checksum);
}

static void no_checksum_is_fine_in_ip4_only(void **state)
{
	struct sketch s = ip4(0, 0);
	store_be16(s.bytes + s.udp + 6, 0);
	assert_int_equal(take(&any, &s), STAT_frame_datagrams);
	s = ip6(false);
	store_be16(s.bytes + s.udp + 6, 0);
	assert_int_equal(take(&any, &s), STAT_frame_bad_checksum);
}

static void the_card_is_believed(void **state)
{
	struct sketch s = ip4(0, 0);
	struct payload p;
	assert_int_equal(frame_take(&any, s.bytes, s.len, FRAME_CHECKSUM_BAD, &p),
			 STAT_frame_bad_checksum);
	s.bytes[s.len - 1] ^= 1;
	assert_int_equal(frame_take(&any, s.bytes, s.len, FRAME_CHECKSUM_GOOD, &p),
			 STAT_frame_datagrams);
}

static void only_ours_is_taken(void **state)
{
	const struct sketch v4 = ip4(7, 0), v6 = ip6(false);
	const uint32_t vlans[] = {3, 7};
	struct frame_address ours[2] = {{.vlan = 7}, {.vlan = FRAME_ANY_VLAN}};
	assert_int_equal(addr_parse("198.51.100.2", &ours[0].addr), 0);
	assert_int_equal(addr_parse("2001:db8::2", &ours[1].addr), 0);
	struct frame_policy p = {.udp_port = 6343, .vlan = vlans, .n_vlan = 2};
	assert_int_equal(take(&p, &v4), STAT_frame_datagrams);
	assert_int_equal(take(&p, &v6), STAT_frame_other_host);
	p.n_vlan = 1;
	assert_int_equal(take(&p, &v4), STAT_frame_other_host);
	p.n_vlan = 0;
	p.udp_port = 6344;
	assert_int_equal(take(&p, &v4), STAT_frame_other_port);
	p = (struct frame_policy){.address = ours, .n_address = 2};
	assert_int_equal(take(&p, &v4), STAT_frame_datagrams);
	assert_int_equal(take(&p, &v6), STAT_frame_datagrams);
	ours[0].vlan = 0; // the strong host model
	assert_int_equal(take(&p, &v4), STAT_frame_other_host);
	ours[0].vlan = FRAME_ANY_VLAN;
	assert_int_equal(take(&p, &v4), STAT_frame_datagrams);
	p.address = &ours[1];
	p.n_address = 1;
	assert_int_equal(take(&p, &v4), STAT_frame_other_host);
}

// Whatever comes, it gets a verdict of its group and nothing beyond the frame is read.
static void anything_gets_a_verdict(void **state)
{
	struct rng rng = rng_seeded(1);
	for (unsigned i = 0; i < 20000; i++) {
		struct sketch s = i % 2 ? ip4(i % 3 ? 0 : 5, (uint8_t)(i % 11 * 4)) : ip6(i % 4);
		for (uint64_t n = rng_below(&rng, 4); n-- > 0;)
			s.bytes[rng_below(&rng, s.len)] = (uint8_t)rng_u64(&rng);
		s.len = (uint32_t)rng_below(&rng, s.len + 1);
		uint8_t *frame = malloc(s.len + !s.len);
		struct payload p;
		memcpy(frame, s.bytes, s.len);
		const enum stat_id v = frame_take(&any, frame, s.len, FRAME_CHECKSUM_UNKNOWN, &p);
		assert_int_equal(stat_info[v].group, STAT_GROUP_FRAME);
		if (v == STAT_frame_datagrams)
			assert_true(p.data >= frame && p.data + p.len <= frame + s.len);
		else
			assert_int_equal(stat_info[v].role, STAT_ROLE_REASON);
		free(frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_frames_are_taken),
		cmocka_unit_test(others_are_refused_by_name),
		cmocka_unit_test(lengths_must_agree),
		cmocka_unit_test(bad_checksums_are_refused),
		cmocka_unit_test(no_checksum_is_fine_in_ip4_only),
		cmocka_unit_test(the_card_is_believed),
		cmocka_unit_test(only_ours_is_taken),
		cmocka_unit_test(anything_gets_a_verdict),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
