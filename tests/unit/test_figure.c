// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Values that do not add up: averages, extremes and counts as what a flow is measured by.
#include "analyzer_rig.h"

// Keys are destinations, of which there is one; t is 2 s, a period is 20 ticks.
static struct rig *measuring(const char *value)
{
	struct flow_spec spec = pair;
	spec.keys = "ipdestination";
	spec.value = value;
	return rig_of(&spec);
}

static uint32_t sequence;

// A sample at every worker in turn.
static void see(struct rig *r, uint16_t src, uint32_t bytes)
{
	sequence++;
	sample(r, (int)(sequence % WORKERS), 1, sequence, 5, src, bytes);
}

static double value(struct rig *r)
{
	struct flow_row row;
	struct flow_summary summary;
	assert_int_equal(query_top(r->analyzer, 0, &row, 1, &summary), 1);
	assert_true(row.inherited == 0 && row.error == 0);
	assert_true(summary.total == 0 && summary.floor == 0);
	assert_int_equal(row.n_values, 0);
	return row.value;
}

static void ticks(struct rig *r, unsigned n)
{
	while (n-- > 0)
		tick(r);
}

static void an_average_is_that_of_its_samples(void **state)
{
	struct rig *r = measuring("avg:bytes");
	see(r, 1, 100);
	see(r, 1, 300);
	see(r, 2, 800);
	tick(r);
	assert_float_equal(value(r), 400, 1e-9);
	ticks(r, 10);
	see(r, 1, 1000);
	tick(r);
	// 1.1 s later the old ones count less, by the decay of the rates.
	const double w = exp(-1.1 / 2);
	assert_float_equal(value(r), (1200 * w + 1000) / (3 * w + 1), 1e-6);
	ticks(r, 60); // nothing in this period and the one before
	assert_true(value(r) == 0);
	rig_free(r);
}

static void extremes_are_those_of_two_periods(void **state)
{
	struct rig *low = measuring("min:bytes"), *high = measuring("max:bytes");
	for (int i = 0; i < 2; i++) {
		struct rig *r = i == 0 ? low : high;
		see(r, 1, 200);
		see(r, 2, 900);
		tick(r);
		assert_true(value(r) == (r == low ? 200 : 900));
		ticks(r, 20); // the next period
		see(r, 1, 500);
		tick(r);
		assert_true(value(r) == (r == low ? 200 : 900));
		ticks(r, 20); // the first two samples are forgotten
		assert_true(value(r) == 500);
		see(r, 1, 600);
		tick(r);
		assert_true(value(r) == (r == low ? 500 : 600));
		rig_free(r);
	}
}

static void a_count_is_exact_while_small(void **state)
{
	struct rig *r = measuring("count:ipsource");
	for (int i = 0; i < 50; i++) {
		see(r, 7, 64);
		tick(r);
		assert_true(value(r) == 1);
	}
	for (uint16_t src = 1; src <= 5; src++)
		see(r, src, 64);
	tick(r);
	assert_true(value(r) == 6);
	rig_free(r);
}

// A sample without the attribute is not measured.
static void what_is_absent_is_not_measured(void **state)
{
	struct rig *r = measuring("avg:tcprtt");
	struct flow_row row;
	see(r, 1, 100);
	tick(r);
	assert_int_equal(query_top(r->analyzer, 0, &row, 1, NULL), 0);
	rig_free(r);
}

// The largest figure comes first, however many frames the others have.
static void the_top_is_sorted_by_the_figure(void **state)
{
	struct flow_spec spec = pair;
	spec.keys = "ipsource";
	spec.value = "avg:bytes";
	spec.values = "frames, max:bytes";
	struct rig *r = rig_of(&spec);
	struct flow_row row[3];
	for (int i = 0; i < 5; i++) {
		see(r, 1, 100);
		see(r, 3, 300);
	}
	see(r, 2, 200);
	tick(r);
	assert_int_equal(query_top(r->analyzer, 0, row, 3, NULL), 3);
	for (int i = 0; i < 3; i++)
		assert_true(row[i].value == 300 - 100 * i);
	assert_int_equal(row[0].n_values, 2);
	assert_float_equal(row[0].values[0], 5 * RATE * gain(0.1, 2), 1e-6);
	assert_true(row[0].values[1] == 300);
	assert_float_equal(row[0].n_effective, 5, 1e-9);
	rig_free(r);
}

static void a_threshold_compares_the_figure(void **state)
{
	struct settings set = settings_of(&pair);
	set.spec[0].keys = "ipsource";
	set.spec[0].value = "max:bytes";
	set.threshold[0] = (struct threshold_spec){
		.name = "big", .metric = "pair", .value = 1000, .timeout = 0.1};
	set.n_thresholds = 1;
	struct rig *r = rig_new(&set);
	see(r, 1, 999);
	tick(r);
	assert_int_equal(r->n_events, 0);
	see(r, 2, 1000);
	see(r, 3, 1200);
	tick(r);
	assert_int_equal(r->n_events, 1);
	assert_true(r->event[0].row->value == 1200);
	// The flow that fired falls silent, another one stays above: no second event.
	for (int i = 0; i < 100; i++) {
		see(r, 2, 1000);
		tick(r);
		assert_int_equal(r->n_events, 0);
	}
	ticks(r, 60); // all is quiet: armed again
	see(r, 2, 1000);
	tick(r);
	assert_int_equal(r->n_events, 1);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_average_is_that_of_its_samples),
		cmocka_unit_test(extremes_are_those_of_two_periods),
		cmocka_unit_test(a_count_is_exact_while_small),
		cmocka_unit_test(what_is_absent_is_not_measured),
		cmocka_unit_test(the_top_is_sorted_by_the_figure),
		cmocka_unit_test(a_threshold_compares_the_figure),
	};
	return cmocka_run_group_tests_name("figure", tests, NULL, NULL);
}
