// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Thresholds on metrics of counters, and data sources that a threshold looks at.
#include "analyzer_rig.h"

#include <stdio.h>

static struct settings with(const char *metric, double value, double timeout, const char *filter)
{
	struct settings set = settings_of(&pair);
	set.threshold[0] = (struct threshold_spec){.name = "big",
						   .metric = metric,
						   .value = value,
						   .timeout = timeout,
						   .filter = filter};
	set.n_thresholds = 1;
	return set;
}

/// A port of an agent; its counters rise by what is said.
struct port_sim {
	uint32_t agent, ds;
	uint64_t speed;
	uint32_t sequence, uptime; // ms
	uint64_t octets;
};

// A limit of 50 % for a port of 1 Gbit/s, which has said nothing yet.
static struct rig *with_port(double timeout, struct port_sim *p)
{
	const struct settings set = with("ifinutilization", 50, timeout, NULL);
	*p = (struct port_sim){.agent = 1, .ds = 5, .speed = 1000000000};
	return rig_new(&set);
}

static struct threshold_row threshold_row(struct rig *r)
{
	struct threshold_row row;
	assert_int_equal(query_thresholds(r->analyzer, 0, &row, 1), 1);
	return row;
}

// One counters sample, @p ms after the one before, in which the port received @p percent.
static void counters(struct rig *r, struct port_sim *p, uint32_t ms, double percent)
{
	struct shot s;
	p->uptime += ms;
	p->octets += (uint64_t)((double)p->speed / 8 * percent / 100 * ms / 1000);
	p->sequence++;
	shot_counters(
		&s, (struct from){.agent = p->agent, .sequence = p->sequence, .uptime = p->uptime},
		0, p->ds);
	const struct if_counters c = {.if_index = p->ds,
				      .if_type = 6,
				      .if_speed = p->speed,
				      .if_status = 3,
				      .in_octets = p->octets};
	encode_if_counters(&s.e, &c);
	char name[16];
	snprintf(name, sizeof(name), "swp%u", p->ds);
	encode_port_name(&s.e, name);
	fire_counters(r, (int)(p->ds % WORKERS), &s);
}

static void host(struct rig *r, uint32_t agent, const char *name)
{
	struct shot s;
	shot_counters(&s, (struct from){.agent = agent, .sequence = 1, .uptime = 1000}, 2, 1);
	encode_host_descr(&s.e, &(struct host_descr){.hostname = name,
						     .machine_type = 3,
						     .os_name = 2,
						     .os_release = "6.1"});
	fire_counters(r, 0, &s);
}

static void fires_when_the_counters_say_so(void **state)
{
	struct port_sim p;
	struct rig *r = with_port(1, &p);
	assert_false(threshold_row(r).dormant); // though nobody has sent it
	counters(r, &p, 0, 0);
	tick(r);
	assert_int_equal(r->n_events, 0); // one sample is no rate
	counters(r, &p, 10000, 49);
	tick(r);
	assert_int_equal(r->n_events, 0);
	counters(r, &p, 10000, 75);
	tick(r);
	assert_int_equal(r->n_events, 1);
	const struct threshold_event *e = &r->event[0];
	assert_string_equal(e->threshold, "big");
	assert_string_equal(e->metric, "ifinutilization");
	assert_true(e->counter && e->source == NULL);
	assert_int_equal(e->id, 1);
	assert_true(e->limit == 50 && e->time == r->now);
	assert_float_equal(e->row->value, 75, 1e-6);
	assert_string_equal(e->row->key_text, "");
	assert_string_equal(e->row->port_name, "swp5");
	assert_int_equal(e->row->ds_index, 5);
	const struct addr agent = agent_addr(1);
	assert_memory_equal(&e->row->agent, &agent, sizeof(agent));
	assert_int_equal(e->row->last, r->now - TICK + 10 * MS);
	rig_free(r);
}

// A value stands until the next sample: while it is above there is no second event, however long.
static void is_armed_again_after_the_timeout(void **state)
{
	struct port_sim p;
	struct rig *r = with_port(2, &p);
	counters(r, &p, 0, 0);
	tick(r);
	counters(r, &p, 10000, 60);
	tick(r);
	assert_int_equal(r->n_events, 1);
	for (int i = 0; i < 100; i++) { // between two samples
		tick(r);
		assert_int_equal(r->n_events, 0);
	}
	counters(r, &p, 10000, 70);
	tick(r);
	assert_int_equal(r->n_events, 0);
	counters(r, &p, 10000, 40);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(threshold_row(r).triggered, 1);
		tick(r);
	}
	assert_int_equal(threshold_row(r).triggered, 0);
	counters(r, &p, 10000, 60);
	tick(r);
	assert_int_equal(r->n_events, 1);
	assert_int_equal(threshold_row(r).events, 2);
	rig_free(r);
}

// A device that falls silent is below, when its metrics are forgotten.
static void silence_arms_again(void **state)
{
	struct port_sim p;
	struct rig *r = with_port(1, &p);
	counters(r, &p, 0, 0);
	tick(r);
	counters(r, &p, 10000, 60);
	tick(r);
	tick_of(r, 110000 * MS);
	assert_int_equal(threshold_row(r).triggered, 1);
	tick_of(r, 11000 * MS);
	assert_int_equal(threshold_row(r).triggered, 0);
	rig_free(r);
}

static void largest_first_and_no_more_than_there_is_room(void **state)
{
	struct settings set = with("ifinutilization", 10, 1, NULL);
	set.max_triggered = 8;
	struct rig *r = rig_new(&set);
	struct port_sim p[10];
	for (uint32_t i = 0; i < 10; i++) {
		p[i] = (struct port_sim){.agent = 1 + i % 2, .ds = i + 1, .speed = 1000000000};
		counters(r, &p[i], 0, 0);
	}
	tick(r);
	for (uint32_t i = 0; i < 10; i++)
		counters(r, &p[i], 10000, i == 9 ? 5 : 20 + i / 2);
	tick(r);
	assert_int_equal(r->n_events, 8);
	for (uint32_t i = 1; i < 8; i++)
		assert_true(r->event[i].row->value <= r->event[i - 1].row->value + 1e-9);
	struct analyzer_stats stats;
	query_stats(r->analyzer, &stats);
	assert_int_equal(stats.triggered_full, 1);
	// The refused one fires when there is room: the others have gone below.
	for (uint32_t i = 0; i < 10; i++)
		counters(r, &p[i], 10000, i < 9 ? 1 : 5);
	for (int i = 0; i < 11; i++)
		tick(r);
	assert_int_equal(threshold_row(r).triggered, 0);
	counters(r, &p[9], 10000, 30);
	tick(r);
	assert_int_equal(r->n_events, 1);
	rig_free(r);
}

static void filters_by_what_counters_say(void **state)
{
	struct settings set =
		with("ifinutilization", 50, 1, "ifspeed\t1e9\t25000000000\nhost_name\tleaf*\n");
	struct rig *r = rig_new(&set);
	const uint64_t speeds[] = {1000000000, 10000000000, 25000000000};
	struct port_sim p[3][3];
	host(r, 1, "leaf1");
	host(r, 2, "spine1");
	for (int a = 0; a < 3; a++)
		for (int i = 0; i < 3; i++) {
			p[a][i] = (struct port_sim){.agent = (uint32_t)a + 1,
						    .ds = (uint32_t)i + 1,
						    .speed = speeds[i]};
			counters(r, &p[a][i], 0, 0);
		}
	tick(r);
	for (int a = 0; a < 3; a++)
		for (int i = 0; i < 3; i++)
			counters(r, &p[a][i], 10000, 60 + i);
	tick(r);
	assert_int_equal(r->n_events, 2); // agent 1 alone is a leaf; agent 3 never said who it is
	assert_int_equal(r->event[0].row->ds_index, 3);
	assert_int_equal(r->event[1].row->ds_index, 1);
	assert_string_equal(r->event[0].row->agent_name, "leaf1");
	rig_free(r);
}

// The same filter on a flow: what does not match never fires, also not later.
static void filters_flows_too(void **state)
{
	struct settings set = with("pair", 1e6, 1, "ifspeed\t10000000000\n");
	set.threshold[0].by_flow = true;
	struct rig *r = rig_new(&set);
	struct port_sim slow = {.agent = 5, .ds = 5, .speed = 1000000000};
	struct port_sim fast = {.agent = 6, .ds = 6, .speed = 10000000000};
	counters(r, &slow, 0, 0);
	counters(r, &fast, 0, 0);
	size_t n = 0;
	for (uint32_t i = 1; i <= 50; i++) {
		sample(r, 1, 5, i, 5, 1, 3000);
		sample(r, 2, 6, i, 6, 1, 3000);
		sample(r, 2, 6, 1000 + i, 6, 2, 3000);
		tick(r);
		for (size_t k = 0; k < r->n_events; k++) {
			assert_int_equal(r->event[k].row->ds_index, 6);
			assert_false(r->event[k].counter);
		}
		n += r->n_events;
	}
	assert_int_equal(n, 2);
	// The port says that it is faster now: its flows are looked at with the next tick.
	slow.speed = fast.speed;
	counters(r, &slow, 1000, 1);
	sample(r, 1, 5, 51, 5, 1, 3000);
	tick(r);
	assert_int_equal(r->n_events, 1);
	assert_int_equal(r->event[0].row->ds_index, 5);
	rig_free(r);
}

static void custom_metrics_fire(void **state)
{
	const struct settings set = with("heat", 40, 1, NULL);
	struct rig *r = rig_new(&set);
	assert_true(threshold_row(r).dormant);
	for (int i = 0; i < 3; i++) {
		struct shot s;
		shot_begin(&s, next_datagram((struct from){.agent = 1, .uptime = 1000}));
		encode_sample(&s.e, SFLOW_RTMETRIC);
		encode_string(&s.e, "rack1");
		encode_u32(&s.e, 1);
		encode_string(&s.e, "heat");
		encode_u32(&s.e, 5); // float
		encode_f32(&s.e, 39.0f + (float)i);
		encode_sample_end(&s.e);
		fire(r, 0, &s, 10 * MS);
		tick(r);
		assert_int_equal(r->n_events, i == 1);
		if (i == 1) {
			assert_string_equal(r->event[0].source, "rack1");
			assert_true(r->event[0].row->value == 40);
		}
	}
	assert_false(threshold_row(r).dormant);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_when_the_counters_say_so),
		cmocka_unit_test(is_armed_again_after_the_timeout),
		cmocka_unit_test(silence_arms_again),
		cmocka_unit_test(largest_first_and_no_more_than_there_is_room),
		cmocka_unit_test(filters_by_what_counters_say),
		cmocka_unit_test(filters_flows_too),
		cmocka_unit_test(custom_metrics_fire),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
