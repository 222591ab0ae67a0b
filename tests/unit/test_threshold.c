// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Thresholds: who fires, when, how often.
#include "analyzer_rig.h"

static struct settings with_threshold(double value, bool by_flow, double timeout)
{
	struct settings set = settings_of(&pair);
	set.threshold[0] = (struct threshold_spec){.name = "big",
						   .metric = "pair",
						   .value = value,
						   .by_flow = by_flow,
						   .timeout = timeout};
	set.n_thresholds = 1;
	return set;
}

// Traffic of @p bytes per tick in one sample; a rate of bytes x RATE x 10 when it lasts.
static void traffic(struct rig *r, uint32_t ds, uint16_t src, uint32_t bytes)
{
	static uint32_t sequence;
	sample(r, (int)(ds % WORKERS), ds, ++sequence, ds, src, bytes);
}

static struct threshold_row threshold_row(struct rig *r, size_t i)
{
	struct threshold_row row;
	assert_int_equal(query_thresholds(r->analyzer, i, &row, 1), 1);
	return row;
}

static void fires_at_the_tick_that_crosses(void **state)
{
	const struct settings set = with_threshold(1e6, true, 1);
	struct rig *r = rig_new(&set);
	double v = 0;
	size_t fired = 0;
	for (int i = 0; i < 100; i++) {
		const double before = v;
		traffic(r, 5, 1, 200); // settles at 2e6
		tick(r);
		v = v * exp(-0.05) + 2e5 * gain(0.1, 2);
		fired += r->n_events;
		assert_int_equal(r->n_events, before < 1e6 && v >= 1e6);
		if (r->n_events == 0)
			continue;
		const struct threshold_event *e = &r->event[0];
		assert_string_equal(e->threshold, "big");
		assert_string_equal(e->metric, "pair");
		assert_int_equal(e->id, 1);
		assert_true(e->time == r->now && e->limit == 1e6);
		assert_float_equal(e->row->value, v, 1e-3);
		assert_string_equal(e->row->key_text, "10.0.0.1,10.1.0.1");
		assert_int_equal(e->row->ds_index, 5);
	}
	assert_int_equal(fired, 1); // and not again while it stays above
	assert_int_equal(threshold_row(r, 0).triggered, 1);
	assert_int_equal(threshold_row(r, 0).events, 1);
	rig_free(r);
}

// Ticks from the end of the traffic until the threshold is armed again.
static unsigned ticks_to_rearm(struct rig *r)
{
	unsigned n = 0;
	for (; threshold_row(r, 0).triggered > 0; n++)
		tick(r);
	return n;
}

static void is_armed_again_after_the_timeout(void **state)
{
	const struct settings set = with_threshold(1e6, true, 3);
	struct rig *r = rig_new(&set);
	for (int i = 0; i < 100; i++) {
		traffic(r, 5, 1, 200);
		tick(r);
	}
	// From 2e6 to 1e6 takes 2 ln 2 = 1.386 s: at or above the limit for 13 ticks.
	assert_int_equal(ticks_to_rearm(r), 13 + 30);
	traffic(r, 5, 1, 50000);
	tick(r);
	assert_int_equal(r->n_events, 1);
	assert_int_equal(r->event[0].id, 2);
	// Up again within the timeout: no event, and the time starts anew.
	while (threshold_row(r, 0).triggered == 0)
		tick(r);
	for (int i = 0; i < 120; i++)
		tick(r);
	assert_int_equal(threshold_row(r, 0).triggered, 0);
	traffic(r, 5, 1, 2100); // just above
	tick(r);
	assert_int_equal(r->n_events, 1);
	for (int i = 0; i < 20; i++)
		tick(r);
	traffic(r, 5, 1, 2100);
	tick(r);
	assert_int_equal(r->n_events, 0);
	assert_true(ticks_to_rearm(r) > 30);
	rig_free(r);
}

// by_flow = false: one event per data source, for its largest flow, whatever else follows.
static void once_per_source(void **state)
{
	const struct settings set = with_threshold(1e6, false, 2);
	struct rig *r = rig_new(&set);
	traffic(r, 5, 1, 3000);
	traffic(r, 5, 2, 9000);
	traffic(r, 5, 3, 5000);
	traffic(r, 6, 4, 4000);
	tick(r);
	assert_int_equal(r->n_events, 2); // the larger first
	assert_string_equal(r->event[0].row->key_text, "10.0.0.2,10.1.0.1");
	assert_string_equal(r->event[1].row->key_text, "10.0.0.4,10.1.0.1");
	assert_int_equal(r->event[1].row->ds_index, 6);
	for (int i = 0; i < 30; i++) {
		// The first flow falls silent, another carries on: still the same exceedance.
		traffic(r, 5, (uint16_t)(10 + i / 10), 3000);
		tick(r);
		assert_int_equal(r->n_events, 0);
	}
	assert_int_equal(threshold_row(r, 0).triggered, 2);
	// The largest of its flows counts: 3e7 (1 - e^-0.5), above the limit for 49 ticks more.
	assert_int_equal(ticks_to_rearm(r), 49 + 20);
	rig_free(r);
}

static void once_per_flow(void **state)
{
	const struct settings set = with_threshold(1e6, true, 2);
	struct rig *r = rig_new(&set);
	for (uint16_t src = 1; src <= 5; src++)
		traffic(r, 5, src, 3000u + src);
	traffic(r, 6, 1, 3006);
	tick(r);
	assert_int_equal(r->n_events, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(r->event[i].id, i + 1);
		assert_int_equal(r->event[i].row->ds_index, i == 0 ? 6 : 5);
		assert_true(i == 0 || r->event[i].row->value < r->event[i - 1].row->value);
	}
	traffic(r, 5, 6, 3000);
	tick(r);
	assert_int_equal(r->n_events, 1);
	assert_int_equal(threshold_row(r, 0).triggered, 7);
	rig_free(r);
}

// Several thresholds on several flows: in the order of the configuration.
static void events_come_in_order(void **state)
{
	struct settings set = settings_of(&pair);
	set.spec[set.n_specs++] = total;
	set.threshold[0] = (struct threshold_spec){"t0", "total", 1e6, false, 1};
	set.threshold[1] = (struct threshold_spec){"t1", "pair", 2e6, true, 1};
	set.threshold[2] = (struct threshold_spec){"t2", "total", 3e6, false, 1};
	set.threshold[3] = (struct threshold_spec){"t3", "pair", 1e6, true, 1};
	set.n_thresholds = 4;
	struct rig *r = rig_new(&set);
	traffic(r, 5, 1, 3000); // 1.46e6
	traffic(r, 5, 2, 5000); // 2.44e6
	tick(r);
	static const char *const want[] = {"t0", "t1", "t2", "t3", "t3"};
	assert_int_equal(r->n_events, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(r->event[i].threshold, want[i]);
	assert_string_equal(r->event[0].row->key_text, "");
	assert_true(r->event[3].row->value > r->event[4].row->value);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(threshold_row(r, i).name, set.threshold[i].name);
	assert_int_equal(threshold_row(r, 3).triggered, 2);
	rig_free(r);
}

static void more_events_than_room(void **state)
{
	struct settings set = with_threshold(1e6, true, 2);
	set.max_events = 3;
	set.max_triggered = 8;
	struct rig *r = rig_new(&set);
	struct analyzer_stats stats;
	for (uint16_t src = 1; src <= 20; src++)
		traffic(r, 5, src, 3000);
	tick(r);
	query_stats(r->analyzer, &stats);
	assert_int_equal(r->n_events, 3);
	assert_int_equal(stats.events, 8);
	assert_int_equal(stats.events_lost, 5);
	assert_int_equal(stats.triggered_full, 12);
	assert_int_equal(analyzer_events_lost(r->analyzer), 5);
	// Those that were armed still fire when there is room.
	while (threshold_row(r, 0).triggered > 0)
		tick(r);
	traffic(r, 5, 30, 3000);
	tick(r);
	assert_int_equal(r->n_events, 1);
	assert_int_equal(r->event[0].id, 9);
	rig_free(r);
}

// What fired is remembered although its entry is evicted: no second event when it comes back.
static void eviction_does_not_forget(void **state)
{
	struct settings set = with_threshold(1e5, true, 60);
	set.store_entries = set.top = 16;
	set.spec[0].n = 1;
	struct rig *r = rig_new(&set);
	traffic(r, 5, 1, 3000);
	tick(r);
	assert_int_equal(r->n_events, 1);
	for (uint16_t i = 0; i < 200; i++) { // mice, until the flow has faded and lost its entry
		for (uint16_t k = 0; k < 20; k++)
			traffic(r, 5, (uint16_t)(1000 + i * 20 + k), 100);
		tick(r);
		assert_int_equal(r->n_events, 0);
	}
	struct flow_row row[16];
	struct flow_summary summary;
	const size_t n = query_top(r->analyzer, 0, row, 16, &summary);
	for (size_t i = 0; i < n; i++)
		assert_string_not_equal(row[i].key_text, "10.0.0.1,10.1.0.1");
	traffic(r, 5, 1, 3000);
	tick(r);
	assert_int_equal(r->n_events, 0);
	assert_true(summary.floor > 1e5);
	assert_true(threshold_row(r, 0).below_floor);
	rig_free(r);
}

// Nine of ten keys are unique, in tables and a store far too small: entries carry the weight of
// thousands of strangers, well above the limit. Only what really sent that much fires.
static void borrowed_weight_never_fires(void **state)
{
	struct settings set = with_threshold(3e6, true, 1);
	set.bank_entries = 32;
	set.store_entries = set.top = 64;
	set.max_triggered = 1000;
	struct rig *r = rig_new(&set);
	struct rng rng = rng_seeded(1);
	struct flow_row row[64];
	unsigned events = 0, heavy = 0;
	for (int i = 0; i < 100; i++) {
		for (int k = 0; k < 300; k++)
			traffic(r, 5, (uint16_t)(100 + rng_below(&rng, 65000)), 1000);
		for (int k = 0; k < 30; k++)
			traffic(r, 5, 7, 1000); // 3e8
		tick(r);
		for (size_t e = 0; e < r->n_events; e++, events++)
			assert_string_equal(r->event[e].row->key_text, "10.0.0.7,10.1.0.1");
		const size_t n = query_top(r->analyzer, 0, row, 64, NULL);
		for (size_t k = 0; k < n; k++)
			heavy += row[k].value > 3e6;
	}
	assert_int_equal(events, 1);
	assert_true(heavy > 1000);
	rig_free(r);
}

// Forty flows that come and go, two thresholds, against the definition done by hand.
static void as_by_hand(void **state)
{
	enum {
		FLOWS = 40
	};
	struct settings set = with_threshold(1e6, true, 1);
	set.threshold[1] = (struct threshold_spec){"huge", "pair", 3e6, true, 0.5};
	set.n_thresholds = 2;
	set.max_triggered = 2 * FLOWS;
	set.max_events = 64;
	struct rig *r = rig_new(&set);
	struct rng rng = rng_seeded(2);
	double v[FLOWS] = {0};
	uint64_t above[2][FLOWS] = {0}; // 0 = armed
	unsigned fired = 0;
	for (int i = 0; i < 2000; i++) {
		bool want[2][FLOWS] = {0};
		unsigned n_want = 0;
		for (uint32_t f = 0; f < FLOWS; f++) {
			const uint32_t bytes = 64 + (uint32_t)rng_below(&rng, 1000);
			const bool on = (i / 50 + f) % 4 == 0 && rng_below(&rng, 2) == 0;
			if (on)
				traffic(r, 5, (uint16_t)f, bytes);
			v[f] = v[f] * exp(-0.05) + (on ? bytes * 1e3 : 0) * gain(0.1, 2);
		}
		tick(r);
		for (uint32_t t = 0; t < 2; t++) {
			for (uint32_t f = 0; f < FLOWS; f++) {
				const bool is = v[f] >= set.threshold[t].value;
				want[t][f] = is && above[t][f] == 0;
				n_want += want[t][f];
				if (is)
					above[t][f] = r->now;
				else if (r->now - above[t][f] >= set.threshold[t].timeout * 1e9)
					above[t][f] = 0;
			}
		}
		assert_int_equal(r->n_events, n_want);
		for (size_t e = 0; e < r->n_events; e++) {
			const uint32_t t = strcmp(r->event[e].threshold, "huge") == 0;
			const uint8_t *key = r->event[e].row->key + PROGRAM_KEY_SOURCE;
			assert_true(want[t][key[3]]);
			want[t][key[3]] = false;
		}
		fired += n_want;
	}
	assert_true(fired > 200);
	rig_free(r);
}

static void unknown_metric_is_dormant(void **state)
{
	struct settings set = with_threshold(1, false, 1);
	set.threshold[0].metric = "piar";
	struct rig *r = rig_new(&set);
	traffic(r, 5, 1, 200);
	tick(r);
	assert_int_equal(r->n_events, 0);
	assert_true(threshold_row(r, 0).dormant);
	assert_int_equal(threshold_row(r, 0).events, 0);
	rig_free(r);
	analyzer_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_at_the_tick_that_crosses),
		cmocka_unit_test(is_armed_again_after_the_timeout),
		cmocka_unit_test(once_per_source),
		cmocka_unit_test(once_per_flow),
		cmocka_unit_test(events_come_in_order),
		cmocka_unit_test(more_events_than_room),
		cmocka_unit_test(eviction_does_not_forget),
		cmocka_unit_test(borrowed_weight_never_fires),
		cmocka_unit_test(as_by_hand),
		cmocka_unit_test(unknown_metric_is_dormant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
