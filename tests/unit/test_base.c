// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/strbuf.h"

static void cursor_stops_at_the_end(void **state)
{
	const uint8_t data[] = {1, 2, 3, 4, 5, 6};
	struct cursor c = cursor_of(data, sizeof(data));
	assert_int_equal(cursor_u32(&c), 0x01020304);
	assert_int_equal(cursor_u32(&c), 0);
	assert_true(c.bad);
	assert_int_equal(cursor_left(&c), 0);
	assert_int_equal(cursor_u8(&c), 0); // sticky, although two bytes were left
}

static void cursor_refuses_huge_lengths(void **state)
{
	const uint8_t data[8] = {0};
	struct cursor c = cursor_of(data, sizeof(data));
	assert_null(cursor_bytes(&c, SIZE_MAX));
	assert_true(c.bad);
	c = cursor_of(data, sizeof(data));
	struct cursor sub = cursor_sub(&c, 9);
	assert_true(sub.bad && c.bad);
	assert_int_equal(cursor_left(&sub), 0);
	assert_true(xdr_padded(UINT32_MAX) == 0x100000000u);
}

static void addresses_round_trip(void **state)
{
	static const char *const texts[] = {
		"192.0.2.1",  "0.0.0.0",         "255.255.255.255",           "::",
		"::1",        "2001:DB8::1",     "FE80::104C:51DF:4458:E00A", "1::",
		"1:0:0:2::3", "1:0:2:3:4:5:6:7",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr a;
		char text[ADDR_TEXT_SIZE];
		assert_int_equal(addr_parse(texts[i], &a), 0);
		assert_string_equal(addr_text(&a, text), texts[i]);
	}
	struct addr a = {0};
	assert_int_equal(addr_parse("1.2.3", &a), ERR_INVALID);
	assert_int_equal(addr_parse("", &a), ERR_INVALID);
}

static void prefixes_are_masked(void **state)
{
	struct addr a, b;
	unsigned bits;
	assert_int_equal(addr_parse_prefix("10.1.2.3/9", &a, &bits), 0);
	assert_int_equal(bits, 9);
	assert_int_equal(addr_parse("10.0.0.0", &b), 0);
	assert_true(addr_equal(&a, &b));
	assert_int_equal(addr_parse("10.127.0.1", &b), 0);
	assert_true(addr_in_prefix(&b, &a, 9));
	assert_int_equal(addr_parse("10.128.0.1", &b), 0);
	assert_false(addr_in_prefix(&b, &a, 9));
	assert_int_equal(addr_parse_prefix("fc00::/7", &a, &bits), 0);
	assert_int_equal(bits, 7);
	assert_int_equal(addr_parse_prefix("10.0.0.0/33", &a, &bits), ERR_INVALID);
	assert_int_equal(addr_parse_prefix("10.0.0.0/", &a, &bits), ERR_INVALID);
	assert_int_equal(addr_parse_prefix("10.0.0.0/-1", &a, &bits), ERR_INVALID);
}

static void macs_round_trip(void **state)
{
	uint8_t mac[6];
	char text[16];
	assert_int_equal(addr_mac_parse("d8:d3:85:b2:dd:2b", mac), 0);
	struct strbuf b = strbuf_of(text, sizeof(text));
	addr_mac_format(&b, mac);
	assert_string_equal(text, "D8D385B2DD2B");
	assert_int_equal(addr_mac_parse("D8D385B2DD2", mac), ERR_INVALID);
	assert_int_equal(addr_mac_parse("D8D385B2DD2B0", mac), ERR_INVALID);
}

static void text_that_does_not_fit_is_cut(void **state)
{
	char text[6];
	struct strbuf b = strbuf_of(text, sizeof(text));
	strbuf_u64(&b, 123);
	assert_false(b.cut);
	strbuf_str(&b, "abc");
	assert_true(b.cut);
	assert_string_equal(text, "123ab");
	strbuf_fmt(&b, "%d", 7);
	assert_string_equal(text, "123ab");
}

static void messages_say_where(void **state)
{
	struct err_msg msg = {0};
	assert_int_equal(err_set(&msg, ERR_RANGE, "got %d", 7), ERR_RANGE);
	err_prefix(&msg, "file:3");
	assert_string_equal(msg.text, "file:3: got 7");
	assert_string_equal(err_str(ERR_RANGE), "out of range");
	assert_string_equal(err_str(-1000), "unknown error");
}

// Which keys collide must depend on the secret, or an attacker could aim at one bucket.
static void hash_collisions_depend_on_the_secret(void **state)
{
	struct hash_secret a, b;
	hash_secret_init(&a, 1);
	hash_secret_init(&b, 2);
	unsigned same_a = 0, same_both = 0;
	for (uint64_t i = 0; i < 20000; i++) {
		const uint64_t x[2] = {i, 7}, y[2] = {i ^ 0x5555, 7};
		const bool hit_a = ((hash_words(&a, x, 2) ^ hash_words(&a, y, 2)) & 63) == 0;
		const bool hit_b = ((hash_words(&b, x, 2) ^ hash_words(&b, y, 2)) & 63) == 0;
		same_a += hit_a;
		same_both += hit_a && hit_b;
	}
	assert_in_range(same_a, 200, 440); // 20000 / 64 = 312
	assert_in_range(same_both, 0, 25); // 312 / 64 = 5 when independent
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cursor_stops_at_the_end),
		cmocka_unit_test(cursor_refuses_huge_lengths),
		cmocka_unit_test(addresses_round_trip),
		cmocka_unit_test(prefixes_are_masked),
		cmocka_unit_test(macs_round_trip),
		cmocka_unit_test(text_that_does_not_fit_is_cut),
		cmocka_unit_test(messages_say_where),
		cmocka_unit_test(hash_collisions_depend_on_the_secret),
	};
	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
