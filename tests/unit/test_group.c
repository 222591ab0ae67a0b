// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "program/group.h"
#include "program/map.h"

static int add(struct group *g, const char *prefix, const char *label, struct err_msg *msg)
{
	struct addr a;
	unsigned bits;
	assert_int_equal(addr_parse_prefix(prefix, &a, &bits), 0);
	return group_add(g, &a, bits, label, msg);
}

static const char *find(const struct group *g, const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	const char *label = group_find(g, (enum addr_family)a.family, a.bytes);
	return label != NULL ? label : "-";
}

static void the_longest_prefix_decides(void **state)
{
	(void)state;
	struct group *g = group_create();
	add(g, "10.0.0.0/8", "ten", NULL);
	add(g, "10.1.0.0/16", "one", NULL);
	add(g, "10.1.2.3/32", "host", NULL);
	add(g, "10.1.255.0/24", "end", NULL);
	add(g, "255.255.255.255/32", "all", NULL);
	add(g, "2001:db8::/32", "doc", NULL);
	add(g, "2001:db8:0:1::/64", "net", NULL);
	assert_int_equal(group_build(g, NULL), 0);
	assert_string_equal(find(g, "10.0.0.0"), "ten");
	assert_string_equal(find(g, "10.255.255.255"), "ten");
	assert_string_equal(find(g, "11.0.0.0"), "-");
	assert_string_equal(find(g, "9.255.255.255"), "-");
	assert_string_equal(find(g, "10.1.2.2"), "one");
	assert_string_equal(find(g, "10.1.2.3"), "host");
	assert_string_equal(find(g, "10.1.2.4"), "one");
	assert_string_equal(find(g, "10.1.255.255"), "end");
	assert_string_equal(find(g, "10.2.0.0"), "ten");
	assert_string_equal(find(g, "255.255.255.255"), "all");
	assert_string_equal(find(g, "255.255.255.254"), "-");
	assert_string_equal(find(g, "2001:db8::1"), "doc");
	assert_string_equal(find(g, "2001:db8:0:1::1"), "net");
	assert_string_equal(find(g, "2001:db8:0:2::"), "doc");
	assert_string_equal(find(g, "::"), "-");
	assert_int_equal(group_len(g), 7);
	group_free(g);
}

static void empty_groups_and_all_addresses(void **state)
{
	(void)state;
	struct group *g = group_create();
	assert_int_equal(group_build(g, NULL), 0);
	assert_string_equal(find(g, "10.0.0.1"), "-");
	group_free(g);
	g = group_create();
	add(g, "0.0.0.0/0", "any", NULL);
	add(g, "::/0", "any6", NULL);
	assert_int_equal(group_build(g, NULL), 0);
	assert_string_equal(find(g, "0.0.0.0"), "any");
	assert_string_equal(find(g, "255.255.255.255"), "any");
	assert_string_equal(find(g, "FFFF::"), "any6");
	group_free(g);
}

static void contradictions_are_refused(void **state)
{
	(void)state;
	struct err_msg msg = {0};
	struct group *g = group_create();
	add(g, "10.0.0.0/8", "a", NULL);
	add(g, "10.9.9.9/8", "a", NULL);
	add(g, "10.0.0.0/8", "b", NULL);
	assert_int_equal(group_build(g, &msg), ERR_EXISTS);
	assert_non_null(strstr(msg.text, "10.0.0.0/8 is in \""));
	assert_int_equal(add(g, "10.0.0.0/8", "", &msg), ERR_RANGE);
	group_free(g);
	struct map *m = map_create();
	assert_int_equal(map_add(m, "1", "a", NULL), 0);
	assert_int_equal(map_add(m, "1", "a", NULL), 0);
	assert_int_equal(map_add(m, "1", "b", &msg), ERR_EXISTS);
	assert_string_equal(msg.text, "1 is in \"a\" and in \"b\"");
	map_free(m);
}

static void clear_rest(struct addr *a, unsigned bits)
{
	for (unsigned i = bits; i < 128; i++)
		a->bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

// Against trying every prefix, with prefixes that nest and touch.
static void every_prefix_is_tried(void **state)
{
	(void)state;
	enum {
		N = 400
	};
	static struct addr prefix[N];
	static unsigned bits[N];
	struct rng rng = rng_seeded(7);
	for (unsigned round = 0; round < 20; round++) {
		struct group *g = group_create();
		for (unsigned i = 0; i < N; i++) {
			const bool six = rng_u64(&rng) % 2;
			prefix[i] = (struct addr){.family = six ? ADDR_IP6 : ADDR_IP4};
			for (unsigned k = 0; k < (six ? 16u : 4u); k++)
				prefix[i].bytes[k] = (uint8_t)(rng_u64(&rng) % 2 * 0xff);
			bits[i] = (unsigned)(rng_u64(&rng) % (six ? 129 : 33));
			if (round % 2 == 1) { // all begin alike
				prefix[i].bytes[0] = 0x20;
				bits[i] = bits[i] < 8 ? 8 : bits[i];
			}
			char label[16];
			snprintf(label, sizeof(label), "%u/%u", six, bits[i]);
			group_add(g, &prefix[i], bits[i], label, NULL);
			clear_rest(&prefix[i], bits[i]);
		}
		assert_int_equal(group_build(g, NULL), 0);
		for (unsigned i = 0; i < N; i++) {
			struct addr a = prefix[rng_u64(&rng) % N];
			a.bytes[rng_u64(&rng) % (a.family == ADDR_IP6 ? 16 : 4)] ^=
				(uint8_t)(rng_u64(&rng) % 3);
			int best = -1;
			for (unsigned k = 0; k < N; k++)
				if (addr_in_prefix(&a, &prefix[k], bits[k]) && (int)bits[k] > best)
					best = (int)bits[k];
			char label[16];
			snprintf(label, sizeof(label), "%u/%d", a.family == ADDR_IP6, best);
			const char *found = group_find(g, (enum addr_family)a.family, a.bytes);
			assert_string_equal(found != NULL ? found : "-", best < 0 ? "-" : label);
		}
		group_free(g);
	}
}

static void values_are_found_in_any_form(void **state)
{
	(void)state;
	struct map *m = map_create();
	map_add(m, "d8:d3:85:b2:dd:2b", "switch", NULL);
	map_add(m, "2001:db8:0::1", "host", NULL);
	char value[16], label[16];
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(value, sizeof(value), "%u", i);
		snprintf(label, sizeof(label), "port%u", i % 100);
		assert_int_equal(map_add(m, value, label, NULL), 0);
	}
	assert_string_equal(map_find(m, "D8D385B2DD2B", 12), "switch");
	assert_string_equal(map_find(m, "2001:DB8::1", 11), "host");
	assert_string_equal(map_find(m, "4999", 4), "port99");
	assert_string_equal(map_find(m, "4999", 3), "port99");
	assert_null(map_find(m, "5000", 4));
	assert_null(map_find(m, "1\0002", 3));
	assert_null(map_find(m, "", 0));
	assert_int_equal(map_len(m), 5002);
	map_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_prefix_decides),
		cmocka_unit_test(empty_groups_and_all_addresses),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(every_prefix_is_tried),
		cmocka_unit_test(values_are_found_in_any_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
