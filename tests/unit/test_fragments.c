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
#include "weir/input/fragments.h"
#include "weir/input/input.h"

#define SECOND UINT64_C(1000000000)

enum {
	SETS = 8,
	LONGEST = 9000,
	PART = 1480, // a multiple of eight
};

static const uint8_t from4[4] = {192, 0, 2, 1}, to4[4] = {192, 0, 2, 10};
static const uint8_t from6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
static const uint8_t to6[16] = {0x20, 1, 0xd, 0xb8, [15] = 10};

struct datagram8k {
	uint8_t udp[LONGEST];
	uint32_t len;
	uint32_t id;
	bool v6;
};

static const struct frame_policy any = {.udp_port = 6343, .checksums = true};

static uint32_t plain_sum(uint32_t sum, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static struct datagram8k make(bool v6, uint32_t id, uint32_t len)
{
	struct datagram8k d = {.len = len, .id = id, .v6 = v6};
	for (uint32_t i = 8; i < len; i++)
		d.udp[i] = (uint8_t)(i * 7 + id);
	store_be16(d.udp, 12345);
	store_be16(d.udp + 2, 6343);
	store_be16(d.udp + 4, (uint16_t)len);
	uint32_t sum = 17 + len;
	sum = plain_sum(sum, v6 ? from6 : from4, v6 ? 16 : 4);
	sum = plain_sum(sum, v6 ? to6 : to4, v6 ? 16 : 4);
	store_be16(d.udp + 6, (uint16_t)~plain_sum(sum, d.udp, len));
	return d;
}

// The frame that carries @p len bytes from @p offset on; on the heap, as long as it is.
static uint8_t *frame_of(const struct datagram8k *d, uint32_t offset, uint32_t len, bool more,
			 uint32_t *size)
{
	const uint32_t header = d->v6 ? 48 : 20;
	uint8_t *f = calloc(1, 14 + header + len), *ip = f + 14;
	store_be16(f + 12, d->v6 ? 0x86dd : 0x0800);
	if (d->v6) {
		ip[0] = 0x60;
		store_be16(ip + 4, (uint16_t)(8 + len));
		ip[6] = 44;
		ip[7] = 64;
		memcpy(ip + 8, from6, 16);
		memcpy(ip + 24, to6, 16);
		ip[40] = 17;
		store_be16(ip + 42, (uint16_t)(offset | more));
		store_be32(ip + 44, d->id);
	} else {
		ip[0] = 0x45;
		store_be16(ip + 2, (uint16_t)(20 + len));
		store_be16(ip + 4, (uint16_t)d->id);
		store_be16(ip + 6, (uint16_t)(offset / 8 | (more ? 0x2000 : 0)));
		ip[8] = 64;
		ip[9] = 17;
		memcpy(ip + 12, from4, 4);
		memcpy(ip + 16, to4, 4);
		store_be16(ip + 10, (uint16_t)~plain_sum(0, ip, 20));
	}
	memcpy(ip + header, d->udp + offset, len);
	*size = 14 + header + len;
	return f;
}

static enum stat_id give(struct fragments *f, uint64_t now, const struct datagram8k *d,
			 uint32_t offset, uint32_t len, bool more, struct payload *p)
{
	uint32_t size;
	uint8_t *frame = frame_of(d, offset, len, more, &size);
	struct payload unused;
	assert_int_equal(frame_take(&any, frame, size, FRAME_CHECKSUM_UNKNOWN, &unused),
			 STAT_frame_fragment);
	const enum stat_id verdict = fragments_take(f, now, frame, size, p);
	free(frame);
	return verdict;
}

static struct fragments *make_fragments(const struct frame_policy *policy)
{
	struct err_msg msg;
	struct fragments *f = fragments_new(policy, SETS, &msg);
	assert_non_null(f);
	return f;
}

static enum stat_id give_part(struct fragments *f, const struct datagram8k *d, uint32_t i,
			      struct payload *p)
{
	const uint32_t offset = i * PART, left = d->len - offset;
	return give(f, 0, d, offset, left < PART ? left : PART, left > PART, p);
}

static void check(const struct datagram8k *d, const struct payload *p)
{
	assert_int_equal(p->len, d->len - 8);
	assert_memory_equal(p->data, d->udp + 8, p->len);
	assert_int_equal(p->via_family, d->v6 ? ADDR_IP6 : ADDR_IP4);
	assert_memory_equal(p->via, d->v6 ? from6 : from4, d->v6 ? 16 : 4);
}

static void datagrams_are_put_together_in_any_order(void **state)
{
	struct fragments *f = make_fragments(&any);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		const struct datagram8k d = make(v6, 7 + v6, 8192);
		const uint32_t n = (d.len + PART - 1) / PART;
		struct payload p;
		for (uint32_t i = n; i-- > 1;)
			assert_int_equal(give_part(f, &d, i, &p), STAT_frame_fragment);
		assert_int_equal(give_part(f, &d, 0, &p), STAT_frame_datagrams);
		check(&d, &p);
		fragments_release(f);
	}
	assert_int_equal(fragments_given_up(f), 0);
	fragments_free(f);
}

// As many in one burst as there are places: each keeps its bytes until the burst is over.
static void datagrams_of_a_burst_do_not_disturb_one_another(void **state)
{
	static struct datagram8k d[SETS + 1];
	struct fragments *f = make_fragments(&any);
	struct payload p[SETS + 1];
	for (uint32_t i = 0; i <= SETS; i++) {
		d[i] = make(i % 2, i, 2000);
		assert_int_equal(give_part(f, &d[i], 0, &p[i]), STAT_frame_fragment);
		assert_int_equal(give_part(f, &d[i], 1, &p[i]),
				 i < SETS ? STAT_frame_datagrams : STAT_frame_fragment);
	}
	for (uint32_t i = 0; i < SETS; i++)
		check(&d[i], &p[i]);
	fragments_release(f);
	for (uint32_t i = 0; i < 2; i++)
		give_part(f, &d[SETS], i, &p[0]);
	check(&d[SETS], &p[0]);
	fragments_free(f);
}

static void parts_of_one_datagram_have_one_owner(void **state)
{
	unsigned used[4] = {0};
	for (uint32_t id = 0; id < 256; id++) {
		const struct datagram8k d = make(id % 2, id, 4000);
		uint32_t size, owner = 0;
		for (uint32_t i = 0; i < 3; i++) {
			uint8_t *frame = frame_of(&d, i * PART, 8, true, &size);
			const uint32_t got = fragments_owner(frame, size, 4);
			assert_true(i == 0 || got == owner);
			owner = got;
			free(frame);
		}
		used[owner]++;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(used[i], 32, 96);
}

static void only_ours_take_room(void **state)
{
	const struct frame_address elsewhere[] = {
		{.addr = addr_ip4((const uint8_t[4]){10, 0, 0, 1}), .vlan = FRAME_ANY_VLAN}};
	const struct frame_policy strict = {
		.address = elsewhere, .n_address = 1, .udp_port = 6343, .checksums = true};
	struct fragments *f = make_fragments(&strict);
	const struct datagram8k d = make(false, 1, 3000);
	struct payload p;
	assert_int_equal(give_part(f, &d, 0, &p), STAT_frame_other_host);
	fragments_free(f);
	f = make_fragments(&any);
	uint32_t size;
	uint8_t *frame = frame_of(&d, 0, PART, true, &size);
	frame[14 + 8]--; // TTL, against the checksum
	assert_int_equal(fragments_take(f, 0, frame, size, &p), STAT_frame_bad_checksum);
	free(frame);
	struct datagram8k other = make(false, 2, 2000);
	store_be16(other.udp + 2, 53);
	give_part(f, &other, 0, &p);
	assert_int_equal(give_part(f, &other, 1, &p), STAT_frame_other_port);
	struct datagram8k bad = make(true, 3, 2000);
	bad.udp[1999] ^= 1;
	give_part(f, &bad, 0, &p);
	assert_int_equal(give_part(f, &bad, 1, &p), STAT_frame_bad_checksum);
	fragments_free(f);
}

static void overlaps_spoil_their_datagram_only(void **state)
{
	struct fragments *f = make_fragments(&any);
	const struct datagram8k d = make(true, 1, 4000), good = make(true, 2, 4000);
	struct payload p;
	give_part(f, &good, 0, &p);
	assert_int_equal(give(f, 0, &d, 0, PART, true, &p), STAT_frame_fragment);
	assert_int_equal(give(f, 0, &d, PART - 8, PART, true, &p), STAT_frame_bad_fragment);
	assert_int_equal(fragments_given_up(f), 1);
	give_part(f, &good, 1, &p);
	assert_int_equal(give_part(f, &good, 2, &p), STAT_frame_datagrams);
	check(&good, &p);
	fragments_free(f);
}

// First parts without end, each of another datagram: the oldest is given up for the newest.
static void endless_fragments_take_no_more_room(void **state)
{
	struct fragments *f = make_fragments(&any);
	struct payload p;
	for (uint32_t id = 0; id < 10000; id++) {
		const struct datagram8k d = make(false, id, 3000);
		assert_int_equal(give(f, id, &d, 0, PART, true, &p), STAT_frame_fragment);
	}
	assert_int_equal(fragments_given_up(f), 10000 - SETS);
	const struct datagram8k last = make(false, 9999, 3000);
	give(f, 10000, &last, PART, PART, true, &p);
	assert_int_equal(give(f, 10000, &last, 2 * PART, 40, false, &p), STAT_frame_datagrams);
	// What is left has no more time than any other.
	const struct datagram8k d = make(false, 5, 3000);
	give(f, 100 * SECOND, &d, 0, PART, true, &p);
	assert_int_equal(fragments_given_up(f), 10000 - 1);
	fragments_free(f);
}

static void anything_gets_a_verdict(void **state)
{
	struct rng rng = rng_seeded(5);
	struct fragments *f = make_fragments(&any);
	for (unsigned i = 0; i < 20000; i++) {
		const struct datagram8k d = make(i % 2, (uint32_t)rng_below(&rng, 4), 4000);
		uint32_t size;
		const uint32_t offset = (uint32_t)rng_below(&rng, 500) * 8;
		uint8_t *frame = frame_of(&d, offset < 3900 ? offset : 3000, 64, i % 3, &size);
		for (uint64_t n = rng_below(&rng, 3); n-- > 0;)
			frame[rng_below(&rng, size)] = (uint8_t)rng_u64(&rng);
		struct payload p;
		const enum stat_id v =
			fragments_take(f, i, frame, (uint32_t)rng_below(&rng, size + 1), &p);
		assert_int_equal(stat_info[v].group, STAT_GROUP_FRAME);
		if (i % INPUT_BURST == 0)
			fragments_release(f);
		free(frame);
	}
	fragments_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_are_put_together_in_any_order),
		cmocka_unit_test(datagrams_of_a_burst_do_not_disturb_one_another),
		cmocka_unit_test(parts_of_one_datagram_have_one_owner),
		cmocka_unit_test(only_ours_take_room),
		cmocka_unit_test(overlaps_spoil_their_datagram_only),
		cmocka_unit_test(endless_fragments_take_no_more_room),
		cmocka_unit_test(anything_gets_a_verdict),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
