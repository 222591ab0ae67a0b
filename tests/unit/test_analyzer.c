// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The analyzer from datagrams to rows.
#include "analyzer_rig.h"

#include "packet/field.h"

static void rows_tell_the_flow(void **state)
{
	struct rig *r = rig_of(&pair);
	struct flow_row row[4];
	struct flow_summary summary;
	sample(r, 0, 1, 1, 5, 1, 1000);
	sample(r, 0, 1, 2, 5, 1, 500);
	sample(r, 0, 1, 3, 6, 2, 100);
	tick(r);
	assert_int_equal(query_top(r->analyzer, 0, row, 4, &summary), 2);
	assert_string_equal(row[0].key_text, "10.0.0.1,10.1.0.1");
	const struct addr agent = agent_addr(1);
	assert_true(addr_equal(&row[0].agent, &agent));
	assert_int_equal(row[0].ds_index, 5);
	assert_int_equal(row[0].direction, DIRECTION_INGRESS);
	assert_int_equal(row[0].samples, 2);
	assert_int_equal(row[0].last, START + 10 * MS);
	const double g = gain(0.1, 2), sq = 1e6 * 1e6 + 500e3 * 500e3;
	assert_float_equal(row[0].value, 1500e3 * g, 1e-6);
	assert_float_equal(row[0].error, 1.96 * sqrt(sq) * g, 1e-6);
	assert_float_equal(row[0].n_effective, 1500e3 * 1500e3 / sq, 1e-9);
	assert_true(row[0].inherited == 0);
	assert_float_equal(summary.total, 1600e3 * g, 1e-6);
	assert_float_equal(summary.tracked, summary.total, 0);
	assert_true(summary.floor == 0);
	assert_int_equal(summary.entries, 2);
	assert_int_equal(summary.sources, 2);
	assert_int_equal(summary.samples, 3);
	rig_free(r);
}

static void definitions_have_names(void **state)
{
	struct settings set = settings_of(&pair);
	set.spec[set.n_specs++] = total;
	struct rig *r = rig_new(&set);
	uint32_t def = 77;
	assert_int_equal(query_n_flows(r->analyzer), 2);
	assert_true(query_find(r->analyzer, "total", &def));
	assert_int_equal(def, 1);
	assert_string_equal(query_flow(r->analyzer, def)->name, "total");
	assert_false(query_find(r->analyzer, "tota", &def));
	rig_free(r);
}

// Far more sources than the worker's table has entries: the answer is exact all the same.
static void keyless_is_exact(void **state)
{
	struct settings set = settings_of(&total);
	set.bank_entries = 8;
	set.store_entries = 16;
	struct rig *r = rig_new(&set);
	for (uint32_t ds = 1; ds <= 200; ds++)
		sample(r, (int)(ds % WORKERS), 1, ds, ds, 1, 100 + ds);
	tick(r);
	const struct view_query query = {.flow = "total", .mode = VIEW_ROWS, .max_flows = 1000};
	struct view *v = view_of(r, &query, NULL);
	size_t n;
	const struct view_row *row = view_rows(v, &n);
	assert_int_equal(n, 200);
	for (uint32_t i = 0; i < 200; i++) {
		assert_int_equal(row[i].flow.ds_index, 200 - i);
		assert_float_equal(row[i].flow.value, (300 - i) * 1e3 * gain(0.1, 2), 1e-6);
		assert_string_equal(row[i].flow.key_text, "");
	}
	assert_true(view_summary(v)->floor == 0 && view_summary(v)->evicted == 0);
	view_free(v);
	rig_free(r);
}

static struct agent_row agent_row(struct rig *r, size_t i)
{
	struct agent_row row;
	assert_int_equal(query_agents(r->analyzer, i, &row, 1), 1);
	return row;
}

// An agent's datagrams, spread over two workers: gaps are losses, wherever they are.
static void loss_is_counted_over_workers(void **state)
{
	struct rig *r = rig_of(&pair);
	uint32_t lost = 0;
	for (uint32_t i = 0; i < 1000; i++) {
		const uint32_t sequence = UINT32_MAX - 506 + i; // wraps
		// The second worker meets the agent late; later an eighth is lost.
		if (i > 100 && i % 8 == 3)
			lost++;
		else
			sample(r, i > 300 && i % 3 == 0, 1, sequence, 5, 1, 100);
		if (i % 10 != 9)
			continue;
		tick(r);
		if (i % 8 != 3) // or else the latest loss cannot be known yet
			assert_int_equal(agent_row(r, 0).lost, lost);
	}
	const struct agent_row row = agent_row(r, 0);
	assert_int_equal(row.datagrams, 1000 - lost);
	assert_int_equal(row.lost, lost);
	assert_int_equal(row.lost_samples, lost);
	assert_int_equal(row.duplicates, 0);
	assert_int_equal(row.restarts, 0);
	struct source_row source;
	assert_int_equal(query_sources(r->analyzer, 0, &source, 1), 1);
	assert_int_equal(source.lost_samples, lost);
	assert_int_equal(source.samples, 1000 - lost);
	rig_free(r);
}

// What comes a tick late was not lost after all.
static void late_datagrams_heal(void **state)
{
	struct rig *r = rig_of(&pair);
	for (uint32_t i = 1; i <= 20; i++)
		if (i != 15)
			sample(r, 0, 1, i, 5, 1, 100);
	tick(r);
	assert_int_equal(agent_row(r, 0).lost, 0); // the first interval says where counting begins
	for (uint32_t i = 21; i <= 40; i++)
		if (i != 25 && i != 26)
			sample(r, 0, 1, i, 5, 1, 100);
	tick(r);
	assert_int_equal(agent_row(r, 0).lost, 2);
	sample(r, 0, 1, 26, 5, 1, 100);
	tick(r);
	assert_int_equal(agent_row(r, 0).lost, 1);
	assert_int_equal(agent_row(r, 0).late, 1);
	assert_int_equal(agent_row(r, 0).duplicates, 0);
	struct analyzer_stats stats;
	query_stats(r->analyzer, &stats);
	assert_int_equal(stats.datagrams_lost, 2); // a count that never falls
	rig_free(r);
}

static void send(struct rig *r, int worker, uint32_t sequence, uint32_t uptime)
{
	struct shot s;
	shot_begin(&s, (struct from){.agent = 1, .sequence = sequence, .uptime = uptime});
	shot_flow(&s, sequence, 5, 1, 100);
	fire(r, worker, &s, 10 * MS);
}

// Workers learn of a restart in different ticks, the last by never having known the agent before.
static void restart_is_one(void **state)
{
	struct rig *r = rig_of(&pair);
	for (uint32_t i = 1; i <= 300; i++) {
		send(r, i % 2, 5000 + i, 600000 + i * 100);
		if (i % 20 == 0)
			tick(r);
	}
	assert_int_equal(agent_row(r, 0).restarts, 0);
	send(r, 1, 5301, 630100);
	send(r, 0, 1, 1000); // both in one tick
	tick(r);
	assert_int_equal(agent_row(r, 0).restarts, 1);
	for (uint32_t i = 2; i <= 60; i++) {
		send(r, (int)(i % 3), i, 1000 + i * 100);
		if (i % 10 == 0)
			tick(r);
	}
	assert_int_equal(agent_row(r, 0).restarts, 1);
	assert_int_equal(agent_row(r, 0).lost, 0);
	assert_int_equal(agent_row(r, 0).lost_samples, 0);
	send(r, 3, 1, 1000); // again, and this worker meets the agent for the first time
	tick(r);
	assert_int_equal(agent_row(r, 0).restarts, 1); // 6 s back and 59 numbers: late
	send(r, 3, 70, 8000);
	for (uint32_t i = 71; i < 500; i++)
		send(r, 3, i, 8000 + i * 100);
	tick(r);
	const uint64_t lost = agent_row(r, 0).lost;
	send(r, 2, 1, 1000);
	tick(r);
	assert_int_equal(agent_row(r, 0).restarts, 2);
	assert_int_equal(agent_row(r, 0).lost, lost);
	rig_free(r);
}

// After the restart of its agent a sampler's numbers begin anew, even if its first sample comes
// much later and through a worker that knows neither.
static void samplers_restart_with_their_agent(void **state)
{
	struct rig *r = rig_of(&pair);
	struct shot s;
	for (uint32_t i = 1; i <= 300; i++)
		send(r, 0, 5000 + i, 600000 + i * 100);
	tick(r);
	for (uint32_t i = 1; i <= 10; i++) { // without samples
		shot_begin(&s, (struct from){.agent = 1, .sequence = i, .uptime = 100 * i});
		fire(r, 0, &s, 10 * MS);
		tick(r);
	}
	assert_int_equal(agent_row(r, 0).restarts, 1);
	for (uint32_t i = 11; i <= 60; i++) {
		shot_begin(&s, (struct from){.agent = 1, .sequence = i, .uptime = 100 * i});
		shot_flow(&s, i * 2, 5, 1, 100); // every other sample is lost
		fire(r, 1, &s, 10 * MS);
		if (i % 10 == 0)
			tick(r);
	}
	assert_int_equal(agent_row(r, 0).restarts, 1);
	assert_int_equal(agent_row(r, 0).lost, 0);
	assert_int_equal(agent_row(r, 0).lost_samples, 40); // but for those of the first tick
	rig_free(r);
}

// The same datagrams over two paths to two workers: no worker can know, the sum can.
static void duplicates_over_workers_are_noticed(void **state)
{
	struct rig *r = rig_of(&pair);
	for (uint32_t i = 1; i <= 200; i++) {
		sample(r, 0, 1, i, 5, 1, 100);
		if (i > 150)
			sample(r, 1, 1, i, 5, 1, 100);
		if (i % 10 == 0)
			tick(r);
	}
	assert_int_equal(agent_row(r, 0).lost, 0);
	assert_int_equal(agent_row(r, 0).duplicates, 50);
	rig_free(r);
}

// Two sub-agents report one data source: apart in sequence, one row outside.
static void sub_agents_are_joined(void **state)
{
	struct rig *r = rig_of(&pair);
	struct flow_row row[4];
	for (uint32_t i = 1; i <= 40; i++) {
		for (uint32_t sub = 0; sub < 2; sub++) {
			struct shot s;
			if (sub == 1 && i == 30)
				continue;
			shot_begin(&s, (struct from){.agent = 1,
						     .sub_agent = sub,
						     .sequence = 1000 * sub + i,
						     .uptime = 100 * i});
			shot_flow(&s, 7000 * sub + i, 5, 1, 1000);
			fire(r, (int)sub, &s, 10 * MS);
		}
		if (i % 10 == 0)
			tick(r);
	}
	struct analyzer_stats stats;
	query_stats(r->analyzer, &stats);
	assert_int_equal(stats.ds_conflict, 1);
	assert_int_equal(stats.agents, 1);
	assert_int_equal(stats.sub_agents, 2);
	assert_int_equal(agent_row(r, 0).sub_agents, 2);
	assert_int_equal(agent_row(r, 0).datagrams, 79);
	assert_int_equal(agent_row(r, 0).lost, 1);
	assert_int_equal(agent_row(r, 0).sources, 1);
	assert_int_equal(query_top(r->analyzer, 0, row, 4, NULL), 1);
	assert_int_equal(row[0].samples, 79);
	struct source_row source[2];
	assert_int_equal(query_sources(r->analyzer, 0, source, 2), 1);
	assert_int_equal(source[0].sub_agents, 2);
	assert_int_equal(source[0].lost_samples, 1);
	assert_float_equal(source[0].bytes, 79e6, 0);
	rig_free(r);
}

static void sampled(struct rig *r, const struct flow_sample *fs, uint32_t bytes)
{
	struct shot s;
	const uint8_t h[34] = {[12] = 8, [14] = 0x45, [23] = 17};
	shot_begin(&s, (struct from){.agent = 1, .sequence = fs->sequence, .uptime = fs->sequence});
	encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, fs);
	encode_sampled_header(&s.e, 1, bytes, 4, h, sizeof(h));
	encode_sample_end(&s.e);
	fire(r, 0, &s, 20 * MS);
}

static void sources_are_exact(void **state)
{
	struct rig *r = rig_of(&pair);
	struct source_row row[3];
	double bytes = 0, rate = 0, q = 0;
	for (uint32_t i = 1; i <= 50; i++) {
		// Every other sample leaves by the port: one sampler, two directions. Half the
		// samples of the pool never arrived, and the agent dropped one in ten.
		const struct flow_sample fs = {.sequence = i,
					       .ds_index = 5,
					       .sampling_rate = RATE,
					       .sample_pool = i * 2 * RATE,
					       .drops = 7 + i / 10,
					       .input = i % 2 == 0 ? 9 : 5,
					       .output = i % 2 == 0 ? 5 : 9};
		sampled(r, &fs, 100 + i);
		tick(r);
		const double x = i % 2 == 0 ? 0 : (100 + i) * 1e3;
		bytes += x;
		rate = rate * exp(-0.05) + x * gain(0.1, 2);
		q = q * exp(-0.1) + x * x * gain(0.1, 2) * gain(0.1, 2);
	}
	assert_int_equal(query_sources(r->analyzer, 0, row, 3), 2);
	assert_int_equal(row[0].direction, DIRECTION_INGRESS);
	assert_int_equal(row[1].direction, DIRECTION_EGRESS);
	assert_int_equal(row[0].samples, 25);
	assert_float_equal(row[0].bytes, bytes, 0);
	assert_float_equal(row[0].frames, 25e3, 0);
	assert_float_equal(row[0].bytes_rate, rate, rate * 1e-9);
	assert_float_equal(row[0].bytes_error, 1.96 * sqrt(q), rate * 1e-9);
	assert_int_equal(row[0].sampling_rate, RATE);
	assert_float_equal(row[0].effective_rate, 2.0 * RATE, 0);
	assert_float_equal(row[1].effective_rate, 2.0 * RATE, 0);
	assert_int_equal(row[0].lost_samples, 0);
	assert_int_equal(row[0].drops, 5);
	assert_int_equal(row[0].last, r->now - 2 * TICK + 20 * MS); // the 49th
	assert_int_equal(agent_row(r, 0).sources, 1);
	rig_free(r);
}

// A source that falls silent for longer than a generation of decay lasts.
static void source_rates_fade(void **state)
{
	struct rig *r = rig_of(&pair);
	struct flow_sample fs = {
		.sequence = 1, .ds_index = 5, .sampling_rate = UINT32_MAX, .input = 5};
	struct source_row row;
	sampled(r, &fs, UINT32_MAX);
	tick(r);
	tick_of(r, 90000 * MS);
	fs.sequence = 2;
	fs.sampling_rate = 1;
	sampled(r, &fs, 1);
	tick(r);
	assert_int_equal(query_sources(r->analyzer, 0, &row, 1), 1);
	const double want = gain(0.1, 2) * ((double)UINT32_MAX * UINT32_MAX * exp(-45.05) + 1);
	assert_float_equal(row.bytes_rate, want, want * 1e-9);
	rig_free(r);
}

// A bucket of eight and nine flows: what the worker's table may have dropped shows in the floor.
static void floor_tells_of_full_tables(void **state)
{
	struct settings set = settings_of(&pair);
	set.bank_entries = 8;
	struct rig *r = rig_new(&set);
	struct flow_summary summary;
	for (uint32_t i = 1; i <= 8; i++)
		sample(r, 0, 1, i, 5, (uint16_t)i, 1000 + i);
	tick(r);
	query_top(r->analyzer, 0, NULL, 0, &summary);
	assert_true(summary.floor == 0 && summary.relabelled == 0);
	for (uint32_t i = 1; i <= 9; i++)
		sample(r, 0, 1, 8 + i, 5, (uint16_t)i, i < 9 ? 1000 + i : 500);
	tick(r);
	query_top(r->analyzer, 0, NULL, 0, &summary);
	assert_float_equal(summary.floor, 1501e3 * gain(0.1, 2), 1e-6);
	assert_true(summary.tracked < summary.total);
	tick(r);
	query_top(r->analyzer, 0, NULL, 0, &summary);
	assert_float_equal(summary.floor, 1501e3 * gain(0.1, 2) * exp(-0.05), 1e-6);
	rig_free(r);
}

static void counters(struct rig *r, uint32_t ds_class, uint32_t ds_index, const char *port,
		     const char *host)
{
	struct shot s;
	static uint32_t sequence;
	sequence++;
	shot_begin(&s, (struct from){.agent = 1, .sequence = sequence, .uptime = sequence});
	const struct counters_sample cs = {
		.sequence = sequence, .ds_class = ds_class, .ds_index = ds_index};
	encode_counters_sample(&s.e, SFLOW_COUNTERS_SAMPLE, &cs);
	encode_if_counters(&s.e, &(struct if_counters){.if_index = 3, .if_speed = 10000000000});
	if (port != NULL)
		encode_port_name(&s.e, port);
	if (host != NULL)
		encode_host_descr(&s.e, &(struct host_descr){.hostname = host, .os_release = ""});
	encode_sample_end(&s.e);
	fire(r, 2, &s, 10 * MS);
}

static void counters_name_things(void **state)
{
	struct rig *r = rig_of(&pair);
	struct flow_row row;
	struct source_row source;
	sample(r, 0, 1, 1, 5, 1, 1000);
	counters(r, SFLOW_DS_IFINDEX, 5, "swp1", NULL);
	counters(r, SFLOW_DS_PHYSICAL, 1, NULL, "leaf1");
	counters(r, SFLOW_DS_LOGICAL, 7, NULL, "vm"); // names the machine, not the agent
	tick(r);
	assert_int_equal(query_top(r->analyzer, 0, &row, 1, NULL), 1);
	assert_string_equal(row.agent_name, "leaf1");
	assert_string_equal(row.port_name, "swp1");
	assert_int_equal(query_sources(r->analyzer, 0, &source, 1), 1);
	assert_true(source.speed == 10000000000);
	assert_string_equal(source.agent_name, "leaf1");
	counters(r, SFLOW_DS_IFINDEX, 5, "", NULL); // says nothing
	counters(r, SFLOW_DS_PHYSICAL, 1, NULL,
		 "\x1b[2J\xff-a-name-that-is-longer-than-there-is-room-for-it-in-a-row-of-ours");
	tick(r);
	assert_int_equal(query_top(r->analyzer, 0, &row, 1, NULL), 1);
	assert_string_equal(row.port_name, "swp1");
	assert_string_equal(row.agent_name,
			    "?[2J?-a-name-that-is-longer-than-there-is-room-for-it-in-a-row-");
	rig_free(r);
}

static void unknown(struct rig *r, uint32_t worker, uint32_t sequence, const char *bytes)
{
	struct shot s;
	const struct counters_sample cs = {.sequence = sequence, .ds_index = 5};
	shot_begin(&s, (struct from){.agent = 1, .sequence = sequence, .uptime = sequence});
	encode_counters_sample(&s.e, SFLOW_COUNTERS_SAMPLE, &cs);
	encode_record_bytes(&s.e, SFLOW_TAG(99, 1), bytes, strlen(bytes));
	encode_if_counters(&s.e, &(struct if_counters){.if_index = 5});
	encode_sample_end(&s.e);
	encode_sample(&s.e, SFLOW_TAG(99, 1));
	encode_u32(&s.e, 7);
	encode_sample_end(&s.e);
	fire(r, worker, &s, 10 * MS);
}

// Over workers and ticks, the first example stays; number spaces are apart.
static void unknown_types_add_up(void **state)
{
	struct rig *r = rig_of(&pair);
	static struct unknown_tags u;
	unknown(r, 1, 1, "first");
	tick(r);
	unknown(r, 0, 2, "second");
	unknown(r, 1, 3, "third");
	tick(r);
	query_unknown(r->analyzer, &u);
	assert_int_equal(u.n_tags, 2);
	assert_int_equal(unknown_total(&u), 6);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(u.tag[i].tag, SFLOW_TAG(99, 1));
		assert_int_equal(u.tag[i].n, 3);
		if (u.tag[i].kind == RECORD_COUNTERS)
			assert_memory_equal(u.tag[i].example, "first", 5);
		else
			assert_int_equal(u.tag[i].kind, RECORD_SAMPLE);
	}
	assert_int_not_equal(u.tag[0].kind, u.tag[1].kind);
	assert_int_equal(u.tag[0].agent.family, ADDR_IP4);
	assert_true(addr_equal(&u.tag[0].agent, &u.tag[1].agent));
	rig_free(r);
}

static void secondary_values(void **state)
{
	struct flow_spec spec = pair;
	spec.values = "avg:bytes,min:bytes,max:bytes,bytes";
	struct rig *r = rig_of(&spec);
	struct flow_row row;
	for (uint32_t i = 0; i < 4; i++)
		sample(r, (int)i, 1, 1 + i, 5, 1, 100 * (1 + i)); // a worker each
	tick(r);
	for (int i = 0; i < 2000; i++) // over some generations
		tick(r);
	sample(r, 0, 1, 5, 5, 1, 1000);
	sample(r, 1, 1, 6, 5, 1, 2000);
	tick(r);
	assert_int_equal(query_top(r->analyzer, 0, &row, 1, NULL), 1);
	assert_int_equal(row.n_values, 4);
	assert_float_equal(row.values[0], 1500, 1e-6); // the old samples have faded
	assert_float_equal(row.values[1], 1000, 0);    // of the latest two periods
	assert_float_equal(row.values[2], 2000, 0);
	assert_float_equal(row.values[3], row.value, 1e-3);
	rig_free(r);
}

// The same datagrams through one worker, through four, and under another secret.
static void play(struct rig *r, uint32_t workers, struct view_row *row, size_t n)
{
	const struct view_query query = {
		.flow = "pair", .mode = VIEW_ROWS, .max_flows = (uint32_t)n};
	struct rng rng = rng_seeded(1);
	uint32_t sequence[9] = {0};
	for (int i = 0; i < 600; i++) {
		const uint32_t agent = 1 + (uint32_t)rng_below(&rng, 8);
		const uint16_t src = (uint16_t)rng_below(&rng, 30);
		sample(r, (int)(agent % workers), agent, ++sequence[agent], 5, src,
		       64 + 100 * (src % 4u));
		if (i % 20 == 19)
			tick(r);
	}
	struct view *v = view_of(r, &query, NULL);
	size_t n_rows;
	memcpy(row, view_rows(v, &n_rows), n * sizeof(*row));
	assert_int_equal(n_rows, n);
	view_free(v);
}

static void workers_and_secret_do_not_matter(void **state)
{
	enum {
		ROWS = 100
	};
	struct view_row *row = calloc(3 * ROWS, sizeof(*row));
	struct settings set = settings_of(&pair);
	for (uint32_t i = 0; i < 3; i++) {
		set.secret = i == 2 ? 77 : 1;
		struct rig *r = rig_new(&set);
		play(r, i == 1 ? 1 : WORKERS, row + i * ROWS, ROWS);
		rig_free(r);
	}
	assert_memory_equal(row, row + ROWS, ROWS * sizeof(*row));
	assert_memory_equal(row, row + 2 * ROWS, ROWS * sizeof(*row));
	free(row);
}

static void refused_sources_keep_their_weight(void **state)
{
	struct settings set = settings_of(&pair);
	set.max_sources = 8;
	struct rig *r = rig_new(&set);
	struct flow_row row[64];
	struct flow_summary summary;
	// Each worker has room for its eight; the sum of all has not.
	for (uint32_t ds = 1; ds <= 16; ds++)
		sample(r, ds > 8, 1, ds, ds, 1, 100);
	tick(r);
	struct analyzer_stats stats;
	query_stats(r->analyzer, &stats);
	assert_int_equal(stats.sources_full, 8);
	assert_int_equal(query_top(r->analyzer, 0, row, 10, &summary), 9);
	assert_float_equal(summary.total, 16 * 1e5 * gain(0.1, 2), 1e-6);
	assert_int_equal(row[0].agent.family, ADDR_NONE);
	assert_int_equal(row[0].samples, 8);
	rig_free(r);
}

static void rows_come_in_pages(void **state)
{
	struct rig *r = rig_of(&pair);
	struct agent_row row[7];
	for (uint32_t agent = 1; agent <= 20; agent++)
		sample(r, 0, agent, 1, 5, 1, 100);
	tick(r);
	size_t from = 0, n;
	while ((n = query_agents(r->analyzer, from, row, 7)) > 0) {
		for (size_t i = 0; i < n; i++) {
			const struct addr want = agent_addr((uint32_t)(from + i + 1));
			assert_true(addr_equal(&row[i].agent, &want));
		}
		from += n;
	}
	assert_int_equal(from, 20);
	assert_int_equal(query_agents(r->analyzer, 1000, row, 7), 0);
	rig_free(r);
}

static uint64_t seen(const struct rig *r, uint32_t field, uint32_t occurrence)
{
	const uint64_t time = query_seen(r->analyzer, field, occurrence);
	return time != 0 ? r->now - time : UINT64_MAX;
}

static void header(struct rig *r, uint32_t sequence, const uint8_t *h, size_t len)
{
	struct shot s;
	const struct flow_sample fs = {
		.sequence = sequence, .ds_index = 5, .sampling_rate = RATE, .input = 5};
	shot_begin(&s, (struct from){.agent = 1, .sequence = sequence, .uptime = sequence});
	encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_header(&s.e, 1, 200, 4, h, len);
	encode_sample_end(&s.e);
	fire(r, 0, &s, 20 * MS);
}

// What could be measured, and how long ago it could.
static void fields_have_ages(void **state)
{
	static const uint8_t vxlan[84] = {
		[12] = 8, [14] = 0x45, [17] = 70, [23] = 17,   [36] = 0x12, 0xb5,
		0,        50, // UDP 4789
		[42] = 8, [48] = 7,    [62] = 8,  [64] = 0x45, [67] = 20,   [73] = 1};
	struct rig *r = rig_of(&pair); // which looks at nothing inside of a tunnel
	assert_true(seen(r, FIELD_ipsource, 0) == UINT64_MAX);
	sample(r, 1, 1, 1, 5, 3, 1000);
	tick(r);
	assert_int_equal(seen(r, FIELD_ipsource, 0), 0);
	assert_int_equal(seen(r, FIELD_udpsourceport, 0), 0);
	assert_int_equal(seen(r, FIELD_stack, 0), 0);
	assert_true(seen(r, FIELD_ipsource, 1) == UINT64_MAX);
	assert_true(seen(r, FIELD_tcpflags, 0) == UINT64_MAX);
	assert_true(seen(r, FIELD_reason, 0) == UINT64_MAX);
	header(r, 2, vxlan, sizeof(vxlan));
	tick(r);
	assert_int_equal(seen(r, FIELD_ipsource, 1), 0);
	assert_int_equal(seen(r, FIELD_vni, 0), 0);
	assert_true(seen(r, FIELD_ipsource, 2) == UINT64_MAX);
	tick(r);
	assert_int_equal(seen(r, FIELD_ipsource, 1), TICK);
	// Where there are many samples, those at the end of an interval are not looked at.
	for (uint32_t i = 0; i < SEEN_SAMPLES + 100; i++)
		sample(r, 0, 1, 3 + i, 5, 3, 1000);
	header(r, 3 + SEEN_SAMPLES + 100, vxlan, sizeof(vxlan));
	tick(r);
	assert_int_equal(seen(r, FIELD_ipsource, 0), 0);
	assert_int_equal(seen(r, FIELD_ipsource, 1), 2 * TICK);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_have_ages),
		cmocka_unit_test(rows_tell_the_flow),
		cmocka_unit_test(definitions_have_names),
		cmocka_unit_test(keyless_is_exact),
		cmocka_unit_test(loss_is_counted_over_workers),
		cmocka_unit_test(late_datagrams_heal),
		cmocka_unit_test(restart_is_one),
		cmocka_unit_test(samplers_restart_with_their_agent),
		cmocka_unit_test(duplicates_over_workers_are_noticed),
		cmocka_unit_test(sub_agents_are_joined),
		cmocka_unit_test(sources_are_exact),
		cmocka_unit_test(source_rates_fade),
		cmocka_unit_test(floor_tells_of_full_tables),
		cmocka_unit_test(counters_name_things),
		cmocka_unit_test(unknown_types_add_up),
		cmocka_unit_test(secondary_values),
		cmocka_unit_test(workers_and_secret_do_not_matter),
		cmocka_unit_test(refused_sources_keep_their_weight),
		cmocka_unit_test(rows_come_in_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
