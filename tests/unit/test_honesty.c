// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What weir says about its own figures: loss on the way, doubts, samples against counters.
#include "analyzer_rig.h"

#include "analyzer/audit.h"
#include "analyzer/source.h"

static struct source_row source_row(struct rig *r)
{
	struct source_row row;
	assert_int_equal(query_sources(r->analyzer, 0, &row, 1), 1);
	return row;
}

// Of every ten datagrams seven arrive, spread over two workers.
static void lossy(struct rig *r, unsigned ticks)
{
	static uint32_t sequence;
	for (unsigned t = 0; t < ticks; t++) {
		for (unsigned i = 0; i < 10; i++) {
			sequence++;
			if (i != 1 && i != 4 && i != 6)
				sample(r, (int)(i % 2), 1, sequence, 5, 1, 1000);
		}
		tick(r);
	}
}

static void loss_is_made_up_for(void **state)
{
	for (int on = 0; on < 2; on++) {
		struct settings set = settings_of(&pair);
		set.spec[set.n_specs++] = total;
		set.correct_loss = on == 1;
		struct rig *r = rig_new(&set);
		lossy(r, 600);
		const double received = 7 * 1e6 * 10, sent = 10 * 1e6 * 10; // bytes/s
		const double want = on ? sent : received;
		struct flow_row row;
		for (uint32_t def = 0; def < 2; def++) { // from tables, from source cells
			assert_int_equal(query_top(r->analyzer, def, &row, 1, NULL), 1);
			assert_float_equal(row.value, want, want * 0.01);
			assert_float_equal(row.uncorrected, received, received * 0.01);
			// As many samples, each worth more.
			assert_float_equal(row.n_effective, 2 * 70 * 2, 10);
		}
		const struct source_row source = source_row(r);
		assert_float_equal(source.bytes_rate, want, want * 0.01);
		assert_float_equal(source.correction, 10.0 / 7, 0.01);
		assert_int_equal(source.corrected, on);
		const struct view_query query = {.flow = "pair", .mode = VIEW_SUM, .max_flows = 1};
		struct view *v = view_of(r, &query, NULL);
		size_t n;
		assert_float_equal(view_rows(v, &n)->flow.uncorrected, received, received * 0.01);
		view_free(v);
		rig_free(r);
	}
}

// A sender chooses its numbers: what that may make of its traffic is bounded.
static void correction_is_bounded(void **state)
{
	struct settings set = settings_of(&pair);
	set.correct_loss = true;
	struct rig *r = rig_new(&set);
	uint32_t sequence = 0;
	for (int i = 0; i < 200; i++) {
		sample(r, 0, 1, sequence += 100000, 5, 1, 1000);
		tick(r);
	}
	assert_float_equal(source_row(r).correction, SOURCE_CORRECTION_MAX, 0);
	rig_free(r);
}

static void sampled(struct rig *r, uint32_t sequence, uint32_t rate, uint32_t pool)
{
	struct shot s;
	const uint8_t h[34] = {[12] = 8, [14] = 0x45, [23] = 17};
	shot_begin(&s, (struct from){.agent = 1, .sequence = sequence, .uptime = sequence});
	const struct flow_sample fs = {.sequence = sequence,
				       .ds_index = 5,
				       .sampling_rate = rate,
				       .sample_pool = pool,
				       .input = 5};
	encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_header(&s.e, 1, 1000, 4, h, sizeof(h));
	encode_sample_end(&s.e);
	fire(r, 0, &s, 20 * MS);
}

static uint32_t doubts(uint32_t rate, uint32_t real)
{
	struct rig *r = rig_of(&pair);
	for (uint32_t i = 1; i <= 150; i++) {
		sampled(r, i, rate, i * real);
		if (i % 10 == 0)
			tick(r);
	}
	struct analyzer_stats stats;
	query_stats(r->analyzer, &stats);
	const uint32_t doubts = source_row(r).doubts;
	assert_int_equal(stats.doubtful, doubts != 0);
	rig_free(r);
	return doubts;
}

static void doubts_are_raised(void **state)
{
	assert_int_equal(doubts(1000, 1000), 0);
	assert_int_equal(doubts(1000, 1200), 0);
	assert_int_equal(doubts(1000, 2000), DOUBT_RATE_DIFFERS);
	assert_int_equal(doubts(1000, 500), DOUBT_RATE_DIFFERS);
	assert_int_equal(doubts(20000000, 20000000), DOUBT_RATE_ABSURD);
	assert_true((doubts(0, 1000) & DOUBT_RATE_ZERO) != 0);
}

// --- audit --------------------------------------------------------------------------------------

// A port with traffic: 2000 frames of 1000 bytes/s enter, 1000 leave; counters every 2 s.
struct agent_model {
	uint32_t says, does; // sampling rate
	uint32_t keep;       // of ten datagrams
	bool egress;         // sampled too
	bool clips;          // the agent drops samples: its pool grows by what it saw
};

static uint32_t number;

static void send_sample(struct rig *r, const struct agent_model *m, uint32_t sequence, bool leaves)
{
	struct shot s;
	const uint8_t h[34] = {[12] = 8, [14] = 0x45, [23] = 17};
	number++;
	if (number % 10 >= m->keep)
		return;
	shot_begin(&s, (struct from){.agent = 1, .sequence = number, .uptime = number});
	const struct flow_sample fs = {.sequence = sequence,
				       .ds_index = 5,
				       .sampling_rate = m->says,
				       .sample_pool = sequence * (m->clips ? m->does : m->says),
				       .input = leaves ? 9 : 5,
				       .output = leaves ? 5 : 9};
	encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_header(&s.e, 1, 1000, 4, h, sizeof(h));
	encode_sample_end(&s.e);
	fire(r, 0, &s, 20 * MS);
}

static void send_counters(struct rig *r, uint64_t in, uint64_t out)
{
	struct shot s;
	number++;
	shot_begin(&s, (struct from){.agent = 1, .sequence = number, .uptime = number});
	encode_counters_sample(&s.e, SFLOW_COUNTERS_SAMPLE,
			       &(struct counters_sample){.sequence = number, .ds_index = 5});
	encode_if_counters(&s.e, &(struct if_counters){.if_index = 5,
						       .if_speed = 1000000000,
						       .in_octets = in,
						       .out_octets = out});
	encode_sample_end(&s.e);
	fire(r, 1, &s, 10 * MS);
}

static void audit(const struct agent_model *m, struct audit_row row[2])
{
	struct rig *r = rig_of(&pair);
	const uint32_t per_tick = 200 / m->does; // frames that enter in a tick: 200
	uint32_t sequence = 0;
	number = 0;
	assert_int_equal(200 % m->does, 0);
	for (uint32_t t = 0; t < 400; t++) {
		for (uint32_t i = 0; i < per_tick; i++) {
			send_sample(r, m, ++sequence, false);
			if (m->egress && i % 2 == 0)
				send_sample(r, m, ++sequence, true);
		}
		if (t % 20 == 0)
			send_counters(r, t * 200000ull, t * 100000ull);
		tick(r);
	}
	size_t from = 0;
	assert_int_equal(query_audit(r->analyzer, &from, row, 2), 2);
	assert_int_equal(from, 1);
	assert_int_equal(query_audit(r->analyzer, &from, row, 2), 0);
	from = 0;
	query_audit(r->analyzer, &from, row, 2);
	assert_int_equal(row[0].direction, DIRECTION_INGRESS);
	assert_int_equal(row[1].direction, DIRECTION_EGRESS);
	assert_float_equal(row[0].counted, 2e6, 1);
	assert_float_equal(row[1].counted, 1e6, 1);
	rig_free(r);
}

static void audit_finds_the_cause(void **state)
{
	static const struct {
		struct agent_model m;
		enum audit_verdict in, out;
		uint32_t implied;
	} c[] = {
		{{10, 10, 10, true}, AUDIT_AGREES, AUDIT_AGREES, 10},
		{{10, 10, 10, false}, AUDIT_AGREES, AUDIT_NOT_SAMPLED, 10},
		{{5, 10, 10, true}, AUDIT_RATE, AUDIT_RATE, 10},
		{{40, 10, 10, true}, AUDIT_RATE, AUDIT_RATE, 10},
		{{10, 10, 6, true}, AUDIT_LOSS, AUDIT_LOSS, 0},
		{{10, 20, 10, true, true}, AUDIT_CLIPPING, AUDIT_CLIPPING, 20},
		{{10, 20, 6, true, true}, AUDIT_CLIPPING, AUDIT_CLIPPING, 0},
	};
	for (unsigned i = 0; i < sizeof(c) / sizeof(*c); i++) {
		struct audit_row row[2];
		audit(&c[i].m, row);
		if (row[0].verdict != c[i].in || row[1].verdict != c[i].out)
			fail_msg("case %u: %s, %s", i, row[0].text, row[1].text);
		if (c[i].implied != 0)
			assert_float_equal(row[0].implied_rate, c[i].implied, 1);
		assert_true(row[0].seconds > 10);
	}
}

// Counters that go back, and those that are not known.
static void audit_begins_anew(void **state)
{
	struct rig *r = rig_of(&pair);
	struct audit_row row[2];
	size_t from = 0;
	const uint64_t in[] = {1000, 2000, UINT64_MAX, 3000, 50, 60};
	const double seconds[] = {0, 0.1, 0.1, 0.3, 0, 0.1};
	for (unsigned i = 0; i < 6; i++) {
		send_counters(r, in[i], in[i]);
		sample(r, 0, 1, ++number, 5, 1, 100);
		tick(r);
		from = 0;
		const size_t n = query_audit(r->analyzer, &from, row, 2);
		assert_int_equal(n, seconds[i] > 0 ? 2 : 0);
		if (n > 0)
			assert_float_equal(row[0].seconds, seconds[i], 1e-9);
	}
	rig_free(r);
}

static void numbered(struct rig *r, int worker, uint32_t tag, uint32_t sequence, uint32_t drops)
{
	static uint32_t datagrams;
	struct shot s;
	const struct flow_sample fs = {.sequence = sequence,
				       .ds_index = 5,
				       .sampling_rate = RATE,
				       .drops = drops,
				       .input = 5,
				       .reason = 258};
	const uint8_t h[34] = {[12] = 8, [14] = 0x45, [23] = 17};
	datagrams++;
	shot_begin(&s, (struct from){.agent = 1, .sequence = datagrams, .uptime = datagrams});
	encode_flow_sample(&s.e, tag, &fs);
	encode_sampled_header(&s.e, 1, 100, 4, h, sizeof(h));
	encode_sample_end(&s.e);
	fire(r, worker, &s, 20 * MS);
}

// Flow samples and discarded-packet samples of one port are numbered and judged apart.
static void samples_of_both_kinds_are_numbered(void **state)
{
	struct rig *r = rig_of(&pair);
	struct agent_row row;
	static const uint32_t flows[] = {1, 2, 4, 3, 4, 7}, discards[] = {101, 103, 103, 102, 110};
	for (uint32_t i = 0; i < 6; i++)
		numbered(r, 0, SFLOW_FLOW_SAMPLE, flows[i], 10);
	for (uint32_t i = 0; i < 5; i++)
		numbered(r, 0, SFLOW_DISCARDED_PACKET, discards[i], 1000);
	tick(r);
	numbered(r, 0, SFLOW_FLOW_SAMPLE, 10, 14);
	numbered(r, 1, SFLOW_DISCARDED_PACKET, 114, 1007); // loss is known over all workers
	numbered(r, 0, SFLOW_DISCARDED_PACKET, 112, 1003);
	tick(r);
	assert_int_equal(query_agents(r->analyzer, 0, &row, 1), 1);
	assert_int_equal(row.flow_samples, 6);
	assert_int_equal(row.flow_duplicates, 1);
	assert_int_equal(row.flow_late, 1);
	assert_int_equal(row.lost_samples, 2);
	assert_int_equal(row.drops, 4);
	assert_int_equal(row.sources, 1);
	assert_int_equal(row.discards, 6);
	assert_int_equal(row.discard_duplicates, 1);
	assert_int_equal(row.discard_late, 1);
	assert_int_equal(row.lost_discards, 2);
	assert_int_equal(row.discard_drops, 7);
	assert_int_equal(row.discard_sources, 1);
	struct source_row source;
	assert_int_equal(query_sources(r->analyzer, 0, &source, 1), 1);
	assert_int_equal(source.lost_samples, 2); // of flows alone
	assert_int_equal(source.drops, 4);
	rig_free(r);
}

// Ports that discard have two samplers: there is room for both, however many sources there are.
static void discards_find_room(void **state)
{
	struct settings set = settings_of(&pair);
	set.max_sources = 4;
	struct rig *r = rig_new(&set);
	struct agent_row row;
	static const uint32_t tags[] = {SFLOW_FLOW_SAMPLE, SFLOW_DISCARDED_PACKET};
	for (uint32_t n = 1; n <= 16; n++) {
		const uint32_t port = (n - 1) / 2 % 4 + 1, sequence = n > 8 ? 12 : 10;
		const struct flow_sample fs = {.sequence = sequence,
					       .ds_index = port,
					       .sampling_rate = RATE,
					       .input = port,
					       .reason = 258};
		const uint8_t h[34] = {[12] = 8, [14] = 0x45, [23] = 17};
		struct shot s;
		shot_begin(&s, (struct from){.agent = 1, .sequence = n, .uptime = n});
		encode_flow_sample(&s.e, tags[(n - 1) % 2], &fs);
		encode_sampled_header(&s.e, 1, 100, 4, h, sizeof(h));
		encode_sample_end(&s.e);
		fire(r, 0, &s, 20 * MS);
		if (n % 8 == 0)
			tick(r);
	}
	struct analyzer_stats stats;
	query_stats(r->analyzer, &stats);
	assert_int_equal(stats.sources_full, 0);
	assert_int_equal(query_agents(r->analyzer, 0, &row, 1), 1);
	assert_int_equal(row.discard_sources, 4);
	assert_int_equal(row.lost_samples, 4); // one number of each
	assert_int_equal(row.lost_discards, 4);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(discards_find_room),
		cmocka_unit_test(samples_of_both_kinds_are_numbered),
		cmocka_unit_test(loss_is_made_up_for),
		cmocka_unit_test(correction_is_bounded),
		cmocka_unit_test(doubts_are_raised),
		cmocka_unit_test(audit_finds_the_cause),
		cmocka_unit_test(audit_begins_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
