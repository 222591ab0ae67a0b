// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Completed flows: when they end, what they had; flows by agent.
#include "analyzer/span.h"
#include "analyzer_rig.h"

static uint32_t sequence;

static void see(struct rig *r, uint32_t agent, uint32_t ds, uint16_t src, uint32_t bytes)
{
	sequence++;
	sample(r, (int)(sequence % WORKERS), agent, sequence, ds, src, bytes);
}

static void ticks(struct rig *r, unsigned n)
{
	while (n-- > 0)
		tick(r);
}

static struct flow_spec logged(double active, bool at_start)
{
	struct flow_spec spec = pair;
	spec.keys = "ipsource";
	spec.log = true;
	spec.active_timeout = active;
	spec.flow_start = at_start;
	return spec;
}

static size_t completed(struct rig *r, struct completed_row *out, size_t max)
{
	return query_completed(r->analyzer, 0, 0, out, max);
}

// Whatever ends within @p n ticks; returns how many flows.
static size_t ending(struct rig *r, unsigned n, struct completed_row *out, size_t max)
{
	size_t len = 0;
	while (n-- > 0) {
		tick(r);
		len += completed(r, out + len, max - len);
	}
	return len;
}

static void a_flow_ends_when_it_falls_silent(void **state)
{
	const struct flow_spec spec = logged(60, false);
	struct rig *r = rig_of(&spec);
	struct completed_row f;
	const uint64_t start = r->now + 10 * MS; // as sample() stamps them
	see(r, 1, 5, 1, 100);
	tick(r);
	see(r, 1, 5, 1, 200);
	see(r, 1, 5, 1, 300);
	tick(r);
	const uint64_t end = start + TICK;
	while (r->now < end + SPAN_IDLE) {
		assert_int_equal(completed(r, &f, 1), 0);
		tick(r);
	}
	assert_int_equal(completed(r, &f, 1), 1);
	assert_string_equal(f.flow.key_text, "10.0.0.1");
	assert_true(f.flow.value == 600 * RATE);
	assert_true(f.start == start && f.end == end);
	assert_int_equal(f.flow.ds_index, 5);
	tick(r);
	assert_int_equal(completed(r, &f, 1), 0); // of the latest tick only
	see(r, 1, 5, 1, 50);                      // another flow of the same key
	assert_int_equal(ending(r, 160, &f, 1), 1);
	assert_true(f.flow.value == 50 * RATE);
	rig_free(r);
}

static void a_long_flow_is_reported_in_parts(void **state)
{
	const struct flow_spec spec = logged(10, false);
	struct rig *r = rig_of(&spec);
	struct completed_row f[16];
	size_t n = 0;
	for (int i = 0; i < 350; i++) {
		see(r, 1, 5, 1, 100);
		n += ending(r, 1, f + n, 16 - n);
	}
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		assert_true(f[i].end - f[i].start <= 10000 * MS);
		// A tick is over before its flows are old enough: 10 s and its last part.
		assert_in_range(f[i].flow.value / RATE, 100 * 100, 101 * 100);
	}
	n += ending(r, 160, f + n, 16 - n);
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += f[i].flow.value;
	assert_true(sum == 350.0 * 100 * RATE); // nothing is lost between the parts
	rig_free(r);
}

static void a_flow_may_be_reported_when_it_begins(void **state)
{
	const struct flow_spec spec = logged(10, true);
	struct rig *r = rig_of(&spec);
	struct completed_row f[16];
	see(r, 1, 5, 1, 100);
	tick(r);
	assert_int_equal(completed(r, f, 2), 1);
	assert_true(f[0].start == f[0].end && f[0].flow.value == 100 * RATE);
	for (int i = 0; i < 97; i++) {
		see(r, 1, 5, 1, 100);
		tick(r);
		assert_int_equal(completed(r, f, 2), 0);
	}
	ticks(r, 10);
	see(r, 1, 5, 1, 300);
	tick(r);
	assert_int_equal(completed(r, f, 2), 1); // once more after the active timeout
	assert_true(f[0].flow.value == 300 * RATE);
	rig_free(r);
}

// More flows than the store holds: what is reported is what was sent by those flows, and no more.
static void evicted_flows_are_reported_with_their_own_part(void **state)
{
	struct settings set = settings_of(&pair);
	set.spec[0] = logged(60, false);
	set.store_entries = 16;
	struct rig *r = rig_new(&set);
	struct completed_row f[512];
	double sum = 0;
	size_t n = 0;
	for (uint16_t i = 0; i < 400; i++) {
		see(r, 1, 5, i % 40, 100);
		tick(r);
		const size_t got = completed(r, f, 512);
		for (size_t k = 0; k < got; k++)
			sum += f[k].flow.value;
		n += got;
	}
	for (int i = 0; i < 160; i++) {
		tick(r);
		const size_t got = completed(r, f, 512);
		for (size_t k = 0; k < got; k++)
			sum += f[k].flow.value;
		n += got;
	}
	assert_true(n > 40);
	assert_true(sum == 400.0 * 100 * RATE);
	struct analyzer_stats stats;
	query_stats(r->analyzer, &stats);
	assert_true(stats.completed_lost == 0);
	rig_free(r);
}

// More flows than one tick has room for are open when the measuring ends: all are reported.
static void open_flows_end_with_what_measures_them(void **state)
{
	struct settings set = settings_of(&pair);
	set.spec[0] = logged(60, false);
	set.bank_entries = set.store_entries = 16384;
	struct rig *r = rig_new(&set);
	static struct completed_row f[SPAN_DONE];
	double sum = 0;
	size_t n = 0, rounds = 0;
	for (uint16_t i = 0; i < 5000; i++)
		see(r, 1, 5, i, 100);
	tick(r);
	assert_int_equal(completed(r, f, SPAN_DONE), 0);
	for (; analyzer_end_flow(r->analyzer, 0); rounds++) {
		const size_t got = completed(r, f, SPAN_DONE);
		for (size_t k = 0; k < got; k++)
			sum += f[k].flow.value;
		n += got;
	}
	assert_int_equal(n, 5000);
	assert_int_equal(rounds, 2);
	assert_true(sum == 5000.0 * 100 * RATE);
	assert_false(query_completes(r->analyzer, 0));
	rig_free(r);
	// What was reported when it began is not reported again.
	const struct flow_spec begun = logged(60, true);
	r = rig_of(&begun);
	see(r, 1, 5, 1, 100);
	tick(r);
	assert_true(query_completes(r->analyzer, 0));
	assert_false(analyzer_end_flow(r->analyzer, 0));
	rig_free(r);
	// Nobody wants to know.
	r = rig_of(&pair);
	see(r, 1, 5, 1, 100);
	tick(r);
	assert_false(analyzer_end_flow(r->analyzer, 0));
	rig_free(r);
}

static void agents_are_one_where_that_is_asked_for(void **state)
{
	struct flow_spec spec = pair;
	spec.keys = "ipsource";
	spec.agg_mode = FLOW_AGG_AGENT;
	struct rig *r = rig_of(&spec);
	struct flow_row row[4];
	for (int i = 0; i < 10; i++) {
		see(r, 1, 5, 1, 100);
		see(r, 1, 6, 1, 300);
		see(r, 2, 5, 1, 1000);
		tick(r);
	}
	assert_int_equal(query_top(r->analyzer, 0, row, 4, NULL), 2);
	assert_true(row[0].agent.bytes[3] == 2 && row[1].agent.bytes[3] == 1);
	assert_float_equal(row[1].value / row[0].value, 0.4, 1e-9);
	assert_int_equal(row[1].samples, 20);
	assert_true(row[1].ds_class == 0 && row[1].ds_index == 0);
	// It can be asked for by the name that it is shown by.
	const struct view_query query = {.flow = "pair",
					 .agents = "192.0.0.1",
					 .mode = VIEW_ROWS,
					 .one_source = true,
					 .max_flows = 9};
	struct view *v = view_of(r, &query, NULL);
	size_t n;
	assert_float_equal(view_rows(v, &n)->flow.value, row[1].value, 1e-6);
	assert_int_equal(n, 1);
	view_free(v);
	rig_free(r);
	// The sums of a definition without keys are exact, by agent too.
	spec.keys = "";
	r = rig_of(&spec);
	see(r, 1, 5, 1, 100);
	see(r, 1, 6, 1, 300);
	tick(r);
	assert_int_equal(query_top(r->analyzer, 0, row, 4, NULL), 1);
	assert_float_equal(row[0].value, 400 * RATE * gain(0.1, 2), 1e-6);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_ends_when_it_falls_silent),
		cmocka_unit_test(a_long_flow_is_reported_in_parts),
		cmocka_unit_test(a_flow_may_be_reported_when_it_begins),
		cmocka_unit_test(evicted_flows_are_reported_with_their_own_part),
		cmocka_unit_test(open_flows_end_with_what_measures_them),
		cmocka_unit_test(agents_are_one_where_that_is_asked_for),
	};
	return cmocka_run_group_tests_name("completed", tests, NULL, NULL);
}
