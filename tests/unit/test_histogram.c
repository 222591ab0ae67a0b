// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "weir/util/histogram.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_are_an_eighth_wide),
		cmocka_unit_test(quantiles_are_an_eighth_too_high_at_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
