// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "table/distinct.h"

static struct distinct_pool pool_new(uint32_t n)
{
	struct distinct_pool p;
	distinct_pool_init(&p, malloc(distinct_pool_size(n) + 1), n);
	return p;
}

static uint64_t hash_of(uint64_t id)
{
	return rng_splitmix(&id);
}

static void few_are_counted_exactly(void **state)
{
	struct distinct_pool p = pool_new(1);
	struct distinct d = {0};
	assert_true(distinct_count(&p, &d) == 0);
	for (unsigned round = 0; round < 100; round++)
		distinct_add(&p, &d, hash_of(1));
	assert_true(distinct_count(&p, &d) == 1);
	for (unsigned i = 0; i < DISTINCT_EXACT; i++)
		distinct_add(&p, &d, hash_of(i + 1));
	assert_true(distinct_count(&p, &d) == DISTINCT_EXACT);
	assert_int_equal(d.sketch, 0);
	free(p.registers);
}

// 0.57 % standard error: 3 % is beyond 5 of them.
static void many_are_counted_closely(void **state)
{
	struct distinct_pool p = pool_new(1);
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct distinct d = {0};
		uint64_t next = 10;
		for (uint64_t i = 1; i <= 1000000; i++) {
			distinct_add(&p, &d, hash_of(seed << 32 | i));
			if (i != next)
				continue;
			const double ratio = distinct_count(&p, &d) / (double)i;
			assert_true(ratio > 0.97 && ratio < 1.03);
			next *= 10;
		}
		distinct_drop(&p, &d);
	}
	assert_int_equal(p.refused, 0);
	assert_int_equal(p.used, 1); // given back and taken again
	free(p.registers);
}

static void merging_equals_adding_everything(void **state)
{
	struct distinct_pool p = pool_new(4), q = pool_new(4);
	static const unsigned sizes[] = {0, 3, 6, 7, 50, 5000};
	for (size_t i = 0; i < 6; i++) {
		for (size_t k = 0; k < 6; k++) {
			struct distinct a = {0}, b = {0}, all = {0};
			for (unsigned n = 0; n < sizes[i]; n++) {
				distinct_add(&p, &a, hash_of(n));
				distinct_add(&p, &all, hash_of(n));
			}
			for (unsigned n = 0; n < sizes[k]; n++) { // half of them shared
				distinct_add(&q, &b, hash_of(n * 2));
				distinct_add(&p, &all, hash_of(n * 2));
			}
			distinct_merge(&p, &a, &q, &b);
			assert_true(distinct_count(&p, &a) == distinct_count(&p, &all));
			distinct_drop(&p, &a);
			distinct_drop(&p, &all);
			distinct_drop(&q, &b);
		}
	}
	assert_int_equal(p.refused + q.refused, 0);
	free(p.registers);
	free(q.registers);
}

static void unions_are_counted_without_change(void **state)
{
	struct distinct_pool p = pool_new(4);
	static const unsigned sizes[] = {0, 3, 6, 7, 5000};
	for (size_t i = 0; i < 5; i++) {
		for (size_t k = 0; k < 5; k++) {
			struct distinct a = {0}, b = {0}, all = {0};
			for (unsigned n = 0; n < sizes[i]; n++) {
				distinct_add(&p, &a, hash_of(n));
				distinct_add(&p, &all, hash_of(n));
			}
			for (unsigned n = 0; n < sizes[k]; n++) {
				distinct_add(&p, &b, hash_of(n + 2));
				distinct_add(&p, &all, hash_of(n + 2));
			}
			const double u = distinct_count_union(&p, &a, &b);
			const double truth = distinct_count(&p, &all);
			assert_true(u > truth - 0.01 && u < truth + 0.01);
			distinct_drop(&p, &a);
			distinct_drop(&p, &b);
			distinct_drop(&p, &all);
		}
	}
	free(p.registers);
}

// Without a sketch the count is rough but of the right size, and the refusal is counted.
static void without_room_the_count_is_rough(void **state)
{
	struct distinct_pool none = pool_new(0), p = pool_new(1);
	double mean = 0;
	for (uint64_t seed = 0; seed < 400; seed++) {
		struct distinct d = {0};
		for (uint64_t i = 0; i < 1000; i++)
			distinct_add(&none, &d, hash_of(seed << 32 | i));
		mean += distinct_count(&none, &d) / 400;
	}
	assert_true(mean > 800 && mean < 1200);
	assert_true(none.refused >= 400);
	struct distinct large = {0}, small = {0};
	for (uint64_t i = 0; i < 1000; i++)
		distinct_add(&p, &large, hash_of(i));
	distinct_add(&none, &small, hash_of(1));
	distinct_merge(&none, &small, &p, &large); // no room to hold it: not less than it says
	assert_true(distinct_count(&none, &small) == distinct_count(&p, &large));
	free(none.registers);
	free(p.registers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_are_counted_exactly),
		cmocka_unit_test(many_are_counted_closely),
		cmocka_unit_test(merging_equals_adding_everything),
		cmocka_unit_test(unions_are_counted_without_change),
		cmocka_unit_test(without_room_the_count_is_rough),
	};
	return cmocka_run_group_tests_name("distinct", tests, NULL, NULL);
}
