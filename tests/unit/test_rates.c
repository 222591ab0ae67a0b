// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The sampling rate that scales a sample.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bank_rig.h"

// One sample of 1000 bytes.
static void fire_rate(struct rig *r, uint32_t rate)
{
	struct shot s;
	uint8_t h[64];
	struct flow_sample fs = sample_of(1, 4);
	fs.sampling_rate = rate;
	shot_begin(&s, 1, 1, 5000);
	encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_header(&s.e, 1, 1000, 4, h, make_header(h, 7));
	encode_sample_end(&s.e);
	fire(r, &s, 0);
}

static void rate_zero_counts_as_one(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	fire_rate(r, 0);
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 1000);
	assert_int_equal(stats_read(&r->stats, STAT_rate_zero), 1);
	assert_true(bank_source(r->bank, 1)->flags & SOURCE_RATE_ZERO);
	rig_free(r);
}

static void absurd_rates_are_believed(void **state)
{
	static const struct {
		uint32_t rate;
		bool absurd;
	} cases[] = {{1, false}, {SANE_RATE, false}, {SANE_RATE + 1, true}, {UINT32_MAX, true}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *r = rig_new(&pair, 1, 100, NULL);
		fire_rate(r, cases[i].rate);
		assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 1000.0 * cases[i].rate);
		assert_int_equal(stats_read(&r->stats, STAT_rate_absurd), cases[i].absurd);
		assert_int_equal(stats_read(&r->stats, STAT_rate_zero), 0);
		assert_int_equal((bank_source(r->bank, 1)->flags & SOURCE_RATE_ABSURD) != 0,
				 cases[i].absurd);
		rig_free(r);
	}
}

static uint32_t seven(void *ctx, const struct addr *agent)
{
	return 7;
}

static void rate_zero_counts_as_the_default(void **state)
{
	const struct intake_policy policy = {.default_rate = seven};
	struct rig *r = rig_new(&pair, 1, 100, &policy);
	struct shot s;
	fire_rate(r, 0);
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 7000);
	assert_int_equal(stats_read(&r->stats, STAT_rate_zero), 1);
	shot_begin(&s, 1, 2, 5000);
	shot_flow(&s, 2, 4, 8, 100); // says a rate, which counts
	fire(r, &s, 0);
	assert_true(value_of(r, 0, "10.0.0.8,10.0.1.1") == 100.0 * RATE);
	rig_free(r);
}

// The same data source of another sub-agent is another source: rates, cells and sequences apart.
// And so is that of another agent, though both arrive from one address.
static void rates_belong_to_agent_sub_agent_and_source(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	const uint8_t via[4] = {203, 0, 113, 9};
	for (uint32_t i = 0; i < 3; i++) {
		static const struct {
			uint8_t agent;
			uint32_t sub_agent, rate;
		} who[] = {{1, 0, 10}, {1, 1, 20}, {2, 0, 40}};
		struct shot s;
		uint8_t h[64];
		struct flow_sample fs = sample_of(1, 4);
		const struct addr agent = addr_ip4((const uint8_t[]){192, 0, 2, who[i].agent});
		fs.sampling_rate = who[i].rate;
		s.e = encode_begin(s.data, sizeof(s.data), &agent, who[i].sub_agent, 1, 5000);
		encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
		encode_sampled_header(&s.e, 1, 100, 4, h, make_header(h, 7));
		encode_sample_end(&s.e);
		const struct payload p = {.data = s.data,
					  .len = (uint32_t)encode_end(&s.e),
					  .via_family = ADDR_IP4,
					  .via = via};
		bank_ingest(r->bank, r->intake, &p, 1);
		const struct source_cell *c = bank_source(r->bank, i + 1);
		assert_non_null(c);
		assert_int_equal(c->rate, who[i].rate);
		assert_true(c->frames == who[i].rate && c->bytes == 100.0 * who[i].rate);
		assert_int_equal(c->flags & SOURCE_RATE_CHANGED, 0);
		const struct registry_agent *a = &intake_registry(r->intake)->agent[i + 1];
		assert_true(addr_equal(&a->id.addr, &agent));
		assert_int_equal(a->id.sub_agent, who[i].sub_agent);
	}
	assert_int_equal(stats_read(&r->stats, STAT_used_flow_samples), 3);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rate_zero_counts_as_one),
		cmocka_unit_test(absurd_rates_are_believed),
		cmocka_unit_test(rate_zero_counts_as_the_default),
		cmocka_unit_test(rates_belong_to_agent_sub_agent_and_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
