// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "weir/core/gap.h"
#include "weir/util/clock.h"

// Each value lies above the end of the bucket before its own, and not above that of its own, which
// is an eighth away at most.
static void check(uint64_t ns)
{
	const unsigned i = histogram_bucket(ns);
	assert_in_range(i, 0, HISTOGRAM_BUCKETS - 2);
	assert_in_range(ns, i > 0 ? histogram_end(i - 1) + 1 : 0, histogram_end(i));
	assert_true(histogram_end(i) - ns <= ns / HISTOGRAM_STEPS);
}

static void buckets_are_an_eighth_wide(void **state)
{
	(void)state;
	for (uint64_t ns = 0; ns < 5000; ns++)
		check(ns);
	for (unsigned power = 12; power < HISTOGRAM_POWERS; power++) {
		for (uint64_t step = 0; step < 2 * HISTOGRAM_STEPS; step++) {
			const uint64_t ns = (UINT64_C(1) << power) + (step << (power - 4));
			check(ns - 1);
			check(ns);
		}
	}
	const uint64_t first_beyond = UINT64_C(1) << HISTOGRAM_POWERS;
	assert_int_equal(histogram_end(HISTOGRAM_BUCKETS - 2), first_beyond - 1);
	assert_int_equal(histogram_bucket(first_beyond), HISTOGRAM_BUCKETS - 1);
	assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void quantiles_are_an_eighth_too_high_at_most(void **state)
{
	(void)state;
	struct histogram h = {0};
	assert_int_equal(histogram_quantile(&h, 0.5), 0);
	for (uint64_t i = 1; i <= 1000; i++)
		histogram_add(&h, i * 1000);
	assert_in_range(histogram_quantile(&h, 0.5), 500000, 500000 * 9 / 8);
	assert_in_range(histogram_quantile(&h, 0.99), 990000, 1000000);
	assert_int_equal(histogram_quantile(&h, 1), 1000000); // never more than the longest
	assert_int_equal(h.n, 1000);
	assert_int_equal(h.sum, 500500 * 1000);
	histogram_add(&h, UINT64_MAX / 2);
	assert_int_equal(histogram_quantile(&h, 1), UINT64_MAX / 2);
}

// A cycle of 2 ns.
static struct gap measured(void)
{
	struct gap g = {0};
	gap_init(&g, 500000000);
	gap_begin(&g);
	g.switches = 7;
	g.looked = 1000;
	return g;
}

static void gaps_end_with_frames(void **state)
{
	(void)state;
	struct gap g = measured();
	gap_look(&g, 2000, true);
	gap_look(&g, 2500, false); // nothing there: nobody waited
	gap_look(&g, 2600, true);
	gap_rested(&g, 90000); // nor here
	gap_look(&g, 90050, true);
	assert_int_equal(g.own.n, 3);
	assert_int_equal(g.own.sum, 2000 + 200 + 100);
	assert_int_equal(g.own.max, 2000);
	assert_int_equal(g.taken.n, 0);
}

static void what_the_kernel_took_is_apart(void **state)
{
	(void)state;
	struct gap g = measured();
	gap_count(&g, 500000, 7, true); // 1 ms of our own
	gap_count(&g, 1000000, 8, true);
	gap_count(&g, 2000000, 9, false); // with an empty queue
	gap_count(&g, 100000, 9, true);
	assert_int_equal(g.own.n, 2);
	assert_int_equal(g.own.max, 1000000);
	assert_int_equal(g.taken.n, 1);
	assert_int_equal(g.taken.max, 2000000);
}

static void a_long_one_is_asked_about(void **state)
{
	(void)state;
	struct gap g = {0};
	gap_init(&g, 500000000);
	gap_begin(&g);
	const uint64_t before = g.switches;
	g.looked = 0;
	gap_look(&g, GAP_LONG / 2 - 1, true);
	assert_int_equal(g.switches, before);
	g.switches = UINT64_MAX; // so that whatever the kernel says is news
	gap_look(&g, GAP_LONG, true);
	assert_int_equal(g.taken.n, 1);
	assert_int_not_equal(g.switches, UINT64_MAX);
}

static void without_a_clock_nothing_is_measured(void **state)
{
	(void)state;
	struct gap g = {0};
	gap_init(&g, 0);
	gap_begin(&g);
	gap_look(&g, clock_cycles() + (UINT64_C(1) << 40), true);
	assert_int_equal(g.own.n, 0);
	assert_int_equal(g.taken.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_are_an_eighth_wide),
		cmocka_unit_test(quantiles_are_an_eighth_too_high_at_most),
		cmocka_unit_test(gaps_end_with_frames),
		cmocka_unit_test(what_the_kernel_took_is_apart),
		cmocka_unit_test(a_long_one_is_asked_about),
		cmocka_unit_test(without_a_clock_nothing_is_measured),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
