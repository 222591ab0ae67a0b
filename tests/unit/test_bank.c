// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bank_rig.h"
#include "table/cell.h"

static void samples_become_flows_and_cells(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	struct shot s;
	shot_begin(&s, 1, 1, 5000);
	shot_flow(&s, 1, 4, 7, 1518);
	shot_flow(&s, 2, 4, 7, 518);
	shot_flow(&s, 1, 5, 8, 64);
	fire(r, &s, 3000000);
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 2036.0 * RATE);
	assert_true(value_of(r, 0, "10.0.0.8,10.0.1.1") == 64.0 * RATE);
	const struct registry *reg = intake_registry(r->intake);
	assert_int_equal(reg->n_agents, 2);
	assert_int_equal(reg->n_sources, 3);
	const struct source_cell *c = bank_source(r->bank, 1);
	assert_int_equal(reg->source[1].id.ds_index, 4);
	assert_int_equal(reg->source[1].id.direction, DIRECTION_INGRESS);
	assert_true(c->bytes == 2036.0 * RATE && c->frames == 2.0 * RATE);
	assert_true(c->q_frames == 2.0 * RATE * RATE);
	assert_int_equal(c->samples, 2);
	assert_int_equal(c->pool, 2 * RATE);
	assert_int_equal(c->last, 3);
	assert_int_equal(bank_agent(r->bank, 1)->flow_samples, 3);
	assert_int_equal(stats_read(&r->stats, STAT_used_records), 6);
	bank_clear(r->bank, 0, UINT64_MAX);
	assert_null(bank_source(r->bank, 1));
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 0);
	rig_free(r);
}

static void direction_follows_the_source(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	struct shot s;
	uint8_t h[64];
	shot_begin(&s, 1, 1, 5000);
	static const struct flow_sample cases[] = {
		{.ds_index = 4, .input = 4, .output = 5, .sampling_rate = 1, .sequence = 1},
		{.ds_index = 5, .input = 4, .output = 5, .sampling_rate = 1, .sequence = 1},
		{.ds_index = 6, .input = 4, .output = 5, .sampling_rate = 1, .sequence = 1},
		{.ds_class = 2, .ds_index = 1, .input = 4, .sampling_rate = 1, .sequence = 1},
		{.ds_class = 2, .ds_index = 2, .output = 4, .sampling_rate = 1, .sequence = 1},
	};
	static const uint32_t expected[] = {DIRECTION_INGRESS, DIRECTION_EGRESS, DIRECTION_UNKNOWN,
					    DIRECTION_INGRESS, DIRECTION_UNKNOWN};
	for (unsigned i = 0; i < 5; i++) {
		encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE_EXPANDED, &cases[i]);
		encode_sampled_header(&s.e, 1, 100, 4, h, make_header(h, 1));
		encode_sample_end(&s.e);
	}
	fire(r, &s, 0);
	const struct registry *reg = intake_registry(r->intake);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(reg->source[i + 1].id.direction, expected[i]);
	rig_free(r);
}

static void duplicates_count_once_even_over_a_swap(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	struct shot s;
	shot_begin(&s, 1, 10, 5000);
	shot_flow(&s, 1, 4, 7, 100);
	fire(r, &s, 0);
	bank_clear(r->bank, 0, UINT64_MAX);
	fire(r, &s, 0); // the same datagram again
	assert_int_equal(stats_read(&r->stats, STAT_datagram_duplicate), 1);
	assert_int_equal(bank_agent(r->bank, 1)->duplicates, 1);
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 0);
	shot_begin(&s, 1, 9, 4999); // late, but new
	shot_flow(&s, 2, 4, 7, 100);
	fire(r, &s, 0);
	assert_int_equal(stats_read(&r->stats, STAT_out_of_order), 1);
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 100.0 * RATE);
	shot_begin(&s, 1, 11, 5001); // a sample seen before inside a new datagram
	shot_flow(&s, 2, 4, 7, 100);
	fire(r, &s, 0);
	assert_int_equal(stats_read(&r->stats, STAT_sample_duplicate), 1);
	rig_free(r);
}

static void restarts_are_noticed(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	struct shot s;
	for (uint32_t i = 1; i <= 3; i++) {
		shot_begin(&s, 1, i, 100000 + i);
		shot_flow(&s, i, 4, 7, 100);
		fire(r, &s, 0);
	}
	shot_begin(&s, 1, 1, 50); // began anew: same numbers, uptime back
	shot_flow(&s, 1, 4, 7, 100);
	fire(r, &s, 0);
	assert_int_equal(stats_read(&r->stats, STAT_restarts), 1);
	assert_int_equal(stats_read(&r->stats, STAT_datagram_duplicate), 0);
	assert_true(bank_agent(r->bank, 1)->flags & AGENT_RESTARTED);
	assert_true(bank_source(r->bank, 1)->flags & SOURCE_RESTARTED);
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 400.0 * RATE);
	intake_restart(r->intake); // a capture played once more
	fire(r, &s, 0);
	assert_int_equal(stats_read(&r->stats, STAT_restarts), 2);
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 500.0 * RATE);
	rig_free(r);
}

static void the_raw_header_wins_in_any_order(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	const uint8_t a[4] = {10, 9, 9, 9}, b[4] = {10, 8, 8, 8};
	const struct sampled_ip ip = {.length = 150,
				      .protocol = 6,
				      .src = addr_ip4(a),
				      .dst = addr_ip4(b),
				      .src_port = 5,
				      .dst_port = 6};
	struct shot s;
	uint8_t h[64];
	shot_begin(&s, 1, 1, 5000);
	for (uint32_t i = 0; i < 3; i++) {
		const struct flow_sample fs = sample_of(i + 1, 4);
		encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
		if (i == 0 || i == 2)
			encode_sampled_ip(&s.e, &ip);
		if (i < 2)
			encode_sampled_header(&s.e, 1, 1000, 4, h, make_header(h, 7));
		if (i == 1)
			encode_sampled_ip(&s.e, &ip);
		encode_sample_end(&s.e);
	}
	fire(r, &s, 0);
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 2000.0 * RATE);
	assert_true(value_of(r, 0, "10.9.9.9,10.8.8.8") == 150.0 * RATE);
	rig_free(r);
}

static void discards_are_kept_apart(void **state)
{
	struct flow_spec specs[2] = {pair, pair};
	specs[1].name = "dropped";
	specs[1].value = "frames";
	specs[1].dropped = true;
	struct rig *r = rig_new(specs, 2, 100, NULL);
	struct shot s;
	uint8_t h[64];
	const struct flow_sample fs = sample_of(1, 4);
	shot_begin(&s, 1, 1, 5000);
	encode_flow_sample(&s.e, SFLOW_DISCARDED_PACKET, &fs);
	encode_sampled_header(&s.e, 1, 1000, 4, h, make_header(h, 7));
	encode_sample_end(&s.e);
	shot_flow(&s, 1, 4, 7, 100);
	fire(r, &s, 0);
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 100.0 * RATE);
	assert_true(value_of(r, 1, "10.0.0.7,10.0.1.1") == 1);
	assert_int_equal(bank_source(r->bank, 1)->discards, 1);
	assert_int_equal(bank_source(r->bank, 1)->samples, 1);
	rig_free(r);
}

// Ports that are no single port have one text each, hence one flow; only drops have a reason.
static void ports_and_reasons_are_named(void **state)
{
	struct flow_spec specs[2] = {pair, pair};
	specs[1].name = "dropped";
	specs[0].keys = "null:reason,inputifindex,outputifindex";
	specs[1].keys = "reason,inputifindex,outputifindex";
	specs[0].value = specs[1].value = "frames";
	specs[1].dropped = true;
	struct rig *r = rig_new(specs, 2, 100, NULL);
	static const uint32_t outputs[] = {0x40000102, 0x40000001, 0x80000000, 0x80000003, 0, 9};
	struct shot s;
	uint8_t h[64];
	shot_begin(&s, 1, 1, 5000);
	for (uint32_t i = 0; i < 6; i++) {
		struct flow_sample fs = sample_of(i + 1, 4);
		fs.output = outputs[i];
		encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
		encode_sampled_header(&s.e, 1, 100, 4, h, make_header(h, 1));
		encode_sample_end(&s.e);
	}
	struct flow_sample fs = sample_of(1, 4);
	fs.reason = 257;
	encode_flow_sample(&s.e, SFLOW_DISCARDED_PACKET, &fs);
	encode_sampled_header(&s.e, 1, 100, 4, h, make_header(h, 1));
	encode_sample_end(&s.e);
	fire(r, &s, 0);
	assert_true(value_of(r, 0, "null,4,discard") == 2.0 * RATE);
	assert_true(value_of(r, 0, "null,4,multiple") == 2.0 * RATE);
	assert_true(value_of(r, 0, "null,4,unknown") == 1.0 * RATE);
	assert_true(value_of(r, 0, "null,4,9") == 1.0 * RATE);
	assert_true(value_of(r, 1, "ttl_exceeded,4,5") == 1.0);
	rig_free(r);
}

static void counters_go_to_the_log(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	struct shot s;
	for (uint32_t i = 1; i <= 80; i++) { // more than the log holds
		const struct counters_sample cs = {.sequence = i, .ds_index = 4};
		shot_begin(&s, 1, i, 5000 + i);
		encode_counters_sample(
			&s.e, i & 1 ? SFLOW_COUNTERS_SAMPLE : SFLOW_COUNTERS_SAMPLE_EXPANDED, &cs);
		encode_port_name(&s.e, "swp1s1");
		encode_sample_end(&s.e);
		fire(r, &s, i);
	}
	uint64_t n = 0;
	for (const struct log_entry *e = NULL; (e = bank_log_next(r->bank, e)) != NULL;) {
		n++;
		assert_int_equal(e->sequence, n);
		assert_int_equal(e->uptime, 5000 + n);
		assert_int_equal(load_be32((const uint8_t *)(e + 1)), SFLOW_TAG(0, 1005));
	}
	assert_true(n > 10);
	assert_int_equal(n, stats_read(&r->stats, STAT_used_counters_samples));
	assert_int_equal(80 - n, stats_read(&r->stats, STAT_sample_log_full));
	rig_free(r);
}

// Of a hundred flow samples about half are measured, for two each; nothing else is touched, and
// sequence numbers are judged as ever.
static void samples_are_stepped_over(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	struct shot s;
	intake_keep(r->intake, 0.5);
	const struct flow_sample dropped = {.sequence = 1, .ds_index = 4, .input = 4, .reason = 1};
	for (uint32_t i = 1; i <= 100; i++) {
		const struct counters_sample cs = {.sequence = i, .ds_index = 4};
		shot_begin(&s, 1, i, 5000);
		shot_flow(&s, i, 4, 7, 100);
		shot_flow(&s, i, 4, 7, 100); // twice
		encode_counters_sample(&s.e, SFLOW_COUNTERS_SAMPLE, &cs);
		encode_sample_end(&s.e);
		if (i == 1) {
			encode_flow_sample(&s.e, SFLOW_DISCARDED_PACKET, &dropped);
			encode_sample_end(&s.e);
		}
		fire(r, &s, 0);
	}
	const uint64_t used = stats_read(&r->stats, STAT_used_flow_samples);
	const struct source_cell *c = bank_source(r->bank, 1); // that of counters is the other
	if (c == NULL)
		c = bank_source(r->bank, 2);
	assert_in_range(used, 35, 65);
	assert_int_equal(stats_read(&r->stats, STAT_sample_shed), 100 - used);
	assert_int_equal(stats_read(&r->stats, STAT_sample_duplicate), 100);
	assert_int_equal(stats_read(&r->stats, STAT_used_counters_samples) +
				 stats_read(&r->stats, STAT_sample_log_full),
			 100);
	assert_int_equal(stats_read(&r->stats, STAT_used_discards), 1);
	assert_int_equal(c->samples, 100);
	assert_int_equal(c->sequence, 100);
	assert_int_equal(c->pool, 100 * RATE);
	assert_true(c->frames == (double)used * 2 * RATE);
	assert_true(c->q_bytes == (double)used * 200 * RATE * 200 * RATE);
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == (double)used * 200 * RATE);
	intake_keep(r->intake, 1);
	shot_begin(&s, 1, 101, 5000);
	shot_flow(&s, 101, 4, 7, 100);
	fire(r, &s, 0);
	assert_true(c->frames == (double)(2 * used + 1) * RATE);
	rig_free(r);
}

static bool deny_two(void *ctx, const struct addr *agent)
{
	return agent->bytes[3] != 2;
}

static uint32_t double_three(void *ctx, const struct addr *agent)
{
	return agent->bytes[3] == 3 ? 2 * RATE : 0;
}

static void policy_is_kept(void **state)
{
	const struct intake_policy policy = {
		.allow = deny_two, .sampling_rate = double_three, .max_datagram_rate = 5};
	struct rig *r = rig_new(&pair, 1, 100, &policy);
	struct shot s;
	for (uint32_t agent = 1; agent <= 3; agent++) {
		for (uint32_t i = 1; i <= 8; i++) {
			shot_begin(&s, agent, i, 5000);
			shot_flow(&s, i, 4, (uint8_t)agent, 100);
			fire(r, &s, 1000000000);
		}
	}
	assert_true(value_of(r, 0, "10.0.0.1,10.0.1.1") == 500.0 * RATE);
	assert_true(value_of(r, 0, "10.0.0.2,10.0.1.1") == 0);
	assert_true(value_of(r, 0, "10.0.0.3,10.0.1.1") == 1000.0 * RATE);
	assert_int_equal(stats_read(&r->stats, STAT_datagram_denied), 8);
	assert_int_equal(stats_read(&r->stats, STAT_datagram_rate), 6);
	rig_free(r);
}

static void spoofed_agents_cannot_fill_the_table(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	struct shot s;
	for (uint32_t agent = 1; agent <= 5000; agent++) { // each seen once
		shot_begin(&s, agent, 1, 5000);
		shot_flow(&s, 1, 4, 7, 100);
		fire(r, &s, 0);
	}
	const struct registry *reg = intake_registry(r->intake);
	assert_int_equal(reg->n_agents - 1, 50);
	assert_int_equal(stats_read(&r->stats, STAT_datagram_probation), 4950);
	for (uint32_t i = 1; i <= 4; i++) { // an honest newcomer
		shot_begin(&s, 60000, i, 5000);
		shot_flow(&s, i, 4, 9, 100);
		fire(r, &s, 0);
	}
	assert_true(value_of(r, 0, "10.0.0.9,10.0.1.1") == 200.0 * RATE);
	rig_free(r);
}

// All agents of a large network at once, each in its turn: nobody is kept out by the others.
static void many_agents_all_get_in(void **state)
{
	enum {
		AGENTS = 50000,
		ROUNDS = 8
	};
	struct registry r;
	struct hash_secret secret;
	struct agent_id id = {.addr.family = ADDR_IP4};
	enum registry_verdict verdict;
	const size_t size = (registry_size(AGENTS, 1) + 63) & ~(size_t)63;
	void *mem = aligned_alloc(64, size);
	assert_non_null(mem);
	memset(mem, 0, size);
	hash_secret_init(&secret, 7);
	registry_init(&r, mem, AGENTS, 1, &secret);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < AGENTS; i++) {
			memcpy(id.addr.bytes, &i, sizeof(i));
			const uint32_t agent = registry_agent(&r, &id, &verdict);
			assert_int_equal(agent != 0, verdict != REGISTRY_HELD);
		}
	}
	assert_int_equal(r.n_agents - 1, AGENTS);
	memset(id.addr.bytes, 0xff, 4);
	assert_int_equal(registry_agent(&r, &id, &verdict), 0);
	assert_int_equal(verdict, REGISTRY_FULL);
	free(mem);
}

static void full_tables_are_counted(void **state)
{
	struct rig *r = rig_new(&pair, 1, 4, NULL);
	struct shot s;
	shot_begin(&s, 1, 1, 5000);
	for (uint32_t ds = 1; ds <= 6; ds++)
		shot_flow(&s, 1, ds, 7, 100);
	fire(r, &s, 0);
	assert_int_equal(stats_read(&r->stats, STAT_sample_sources_full), 2);
	for (uint32_t agent = 2; agent <= 9; agent++)
		for (uint32_t i = 0; i < 4; i++) {
			shot_begin(&s, agent, i + 1, 5000);
			fire(r, &s, 0);
		}
	assert_true(stats_read(&r->stats, STAT_datagram_agents_full) >= 4);
	rig_free(r);
}

static void ingest_raw(struct rig *r, const uint8_t *data, size_t len)
{
	// An exact copy, so that a read past the end is seen by the sanitizer.
	uint8_t *copy = malloc(len > 0 ? len : 1);
	memcpy(copy, data, len);
	const struct payload p = {.data = copy, .len = (uint32_t)len};
	intake_restart(r->intake); // or all but the first would be duplicates
	bank_ingest(r->bank, r->intake, &p, 1);
	free(copy);
}

// A good datagram with all kinds of samples.
static size_t full_datagram(struct shot *s)
{
	uint8_t h[64];
	const uint8_t a[4] = {10, 9, 9, 9};
	const struct sampled_ip ip = {.length = 150,
				      .protocol = 6,
				      .src = addr_ip4(a),
				      .dst = addr_ip4(a),
				      .src_port = 5,
				      .dst_port = 6};
	const struct flow_sample fs = sample_of(1, 4);
	const struct counters_sample cs = {.sequence = 1, .ds_index = 4};
	shot_begin(s, 1, 1, 5000);
	shot_flow(s, 2, 4, 7, 100);
	encode_flow_sample(&s->e, SFLOW_FLOW_SAMPLE_EXPANDED, &fs);
	encode_sampled_ip(&s->e, &ip);
	encode_sampled_ethernet(&s->e, 200, h, h, 0x0800);
	encode_sample_end(&s->e);
	encode_flow_sample(&s->e, SFLOW_DISCARDED_PACKET, &fs);
	encode_sampled_header(&s->e, 1, 1000, 4, h, make_header(h, 7));
	encode_sample_end(&s->e);
	encode_counters_sample(&s->e, SFLOW_COUNTERS_SAMPLE, &cs);
	encode_port_name(&s->e, "eth0");
	encode_sample_end(&s->e);
	encode_sample(&s->e, SFLOW_TAG(99, 1));
	encode_u32(&s->e, 7);
	encode_sample_end(&s->e);
	return encode_end(&s->e);
}

// What nobody knows is remembered with its bytes and its sender until the bank is cleared; what the
// decoder knows but nothing measures is not.
static void unknown_types_are_remembered(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	struct shot s;
	const struct flow_sample fs = sample_of(1, 4);
	shot_begin(&s, 1, 1, 5000);
	encode_flow_sample(&s.e, SFLOW_FLOW_SAMPLE, &fs);
	encode_record_bytes(&s.e, SFLOW_TAG(99, 2), "what", 4);
	encode_record_bytes(&s.e, SFLOW_TAG(99, 2), "ever", 4);
	encode_record_bytes(&s.e, SFLOW_TAG(0, 1031), "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
	encode_sample_end(&s.e);
	encode_sample(&s.e, SFLOW_TAG(99, 1));
	encode_u32(&s.e, 7);
	encode_sample_end(&s.e);
	encode_sample(&s.e, SFLOW_TAG(1991, 1)); // known, but not measured
	encode_u32(&s.e, 0);
	encode_sample_end(&s.e);
	fire(r, &s, 0);
	assert_int_equal(stats_read(&r->stats, STAT_record_unknown), 2);
	assert_int_equal(stats_read(&r->stats, STAT_record_unused), 1);
	assert_int_equal(stats_read(&r->stats, STAT_sample_unknown), 1);
	assert_int_equal(stats_read(&r->stats, STAT_sample_unused), 1);
	const struct unknown_tags *u = r->bank->unknown;
	const struct addr agent = intake_registry(r->intake)->agent[1].id.addr;
	assert_int_equal(u->n_tags, 2);
	for (uint32_t i = 0; i < u->n_tags; i++) {
		const bool flow = u->tag[i].kind == RECORD_FLOW;
		assert_int_equal(u->tag[i].tag, flow ? SFLOW_TAG(99, 2) : SFLOW_TAG(99, 1));
		assert_int_equal(u->tag[i].n, flow ? 2 : 1);
		assert_memory_equal(u->tag[i].example, flow ? "what" : "\0\0\0\7", 4);
		assert_true(addr_equal(&u->tag[i].agent, &agent));
	}
	bank_clear(r->bank, 0, UINT64_MAX);
	assert_int_equal(unknown_total(r->bank->unknown), 0);
	rig_free(r);
}

// Cut at every byte and with every byte changed: the ledgers close (rig_free asserts it) and
// nothing outside the datagram is read (the sanitizer build asserts it).
static void broken_datagrams_cost_a_counter(void **state)
{
	struct rig *r = rig_new(&pair, 1, 4000, NULL);
	struct shot s;
	memset(&s, 0, sizeof(s));
	const size_t len = full_datagram(&s);
	for (size_t n = 0; n <= len; n++)
		ingest_raw(r, s.data, n);
	for (size_t i = 0; i < len; i++) {
		static const uint8_t masks[] = {0xff, 0x01, 0x80};
		for (size_t k = 0; k < sizeof(masks); k++) {
			s.data[i] ^= masks[k];
			ingest_raw(r, s.data, len);
			s.data[i] ^= masks[k];
		}
		for (int g = STAT_GROUP_DATAGRAM; g <= STAT_GROUP_RECORD; g++)
			assert_true(stats_ledger_closes(&r->stats, (enum stat_group)g));
	}
	assert_int_equal(stats_read(&r->stats, STAT_datagram_short), 28);
	assert_true(stats_read(&r->stats, STAT_sample_unknown) > 0);
	assert_true(stats_read(&r->stats, STAT_record_overrun) > 0);
	assert_true(stats_read(&r->stats, STAT_sample_overrun) > 0);
	rig_free(r);
}

// RFC 3176: version 4, one flow sample with a sampled IPv4 packet and no extended data.
static void older_versions_are_read(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	// clang-format off
	static const uint32_t words[] = {
		4, 1, 0xc0000209, 1, 5000, 2,  // version, agent, sequence, uptime, samples
		1, 1, 4,                       // flow sample, sequence, source
		RATE, RATE, 0, 4, 5,           // rate, pool, drops, input, output
		2, 150, 6, 0x0a090909, 0x0a080808, 5, 6, 0, 0, // sampled IPv4
		0,                             // no extended data
		99,                            // an unknown sample ends it
	};
	// clang-format on
	uint8_t data[sizeof(words)];
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		store_be32(data + 4 * i, words[i]);
	ingest_raw(r, data, sizeof(data));
	assert_true(value_of(r, 0, "10.9.9.9,10.8.8.8") == 150.0 * RATE);
	assert_int_equal(stats_read(&r->stats, STAT_datagrams_upgraded), 1);
	assert_int_equal(stats_read(&r->stats, STAT_used_flow_samples), 1);
	assert_int_equal(stats_read(&r->stats, STAT_sample_overrun), 1);
	for (size_t n = 0; n < sizeof(data); n++)
		ingest_raw(r, data, n);
	store_be32(data, 3);
	ingest_raw(r, data, sizeof(data));
	assert_int_equal(stats_read(&r->stats, STAT_datagram_version), 1);
	rig_free(r);
}

static void secondary_values_are_kept(void **state)
{
	struct flow_spec s = pair;
	s.values = "avg:bytes,max:bytes,frames";
	struct rig *r = rig_new(&s, 1, 100, NULL);
	struct shot shot;
	shot_begin(&shot, 1, 1, 5000);
	shot_flow(&shot, 1, 4, 7, 100);
	shot_flow(&shot, 2, 4, 7, 300);
	fire(r, &shot, 0);
	struct table_iter i = {0};
	const struct table_entry *e = table_next(&r->bank->table[0]->table, &i);
	const struct cell *c = table_cells(&r->bank->table[0]->table, e);
	assert_true(cell_value(&c[0], CELL_AVG) == 200);
	assert_true(cell_value(&c[1], CELL_MAX) == 300);
	assert_true(cell_value(&c[2], CELL_SUM) == 2.0 * RATE);
	rig_free(r);
}

static void distinct_values_are_counted(void **state)
{
	struct flow_spec s = pair;
	s.keys = "ipdestination";
	s.values = "count:ipsource,count:vlan,frames";
	struct rig *r = rig_new(&s, 1, 100, NULL);
	struct shot shot;
	for (uint32_t i = 0; i < 3; i++) {
		shot_begin(&shot, 1, i + 1, 5000);
		shot_flow(&shot, 2 * i + 1, 4, (uint8_t)i, 100);
		shot_flow(&shot, 2 * i + 2, 4, (uint8_t)i, 100);
		fire(r, &shot, 0);
	}
	struct table_iter i = {0};
	const struct table_entry *e = table_next(&r->bank->table[0]->table, &i);
	const struct distinct *sets = bank_sets(r->bank, 0, e);
	assert_true(distinct_count(&r->bank->table[0]->pool, &sets[0]) == 3);
	assert_true(distinct_count(&r->bank->table[0]->pool, &sets[1]) == 0); // untagged
	const struct cell *c = table_cells(&r->bank->table[0]->table, e);
	assert_true(cell_value(&c[2], CELL_SUM) == 6.0 * RATE);
	for (uint32_t k = 0; k < 200; k++) { // more than is kept exactly
		shot_begin(&shot, 1, k + 4, 5000);
		shot_flow(&shot, k + 7, 4, (uint8_t)k, 100);
		fire(r, &shot, 0);
	}
	const double n = distinct_count(&r->bank->table[0]->pool, &sets[0]);
	assert_true(n > 197 && n < 203);
	bank_clear(r->bank, 0, UINT64_MAX);
	fire(r, &shot, 0);
	rig_free(r);
}

// A table of its own, as the daemon makes it for a definition that is new.
static struct bank_table *new_table(struct rig *r, const struct flow_def *def)
{
	return bank_table_init(zeroed(bank_table_size(def, &r->config)), def, &r->config, 9);
}

static void another_program_keeps_tables(void **state)
{
	struct rig *r = rig_new(&pair, 1, 100, NULL);
	struct err_msg msg = {0};
	const struct flow_spec source = {.name = "source",
					 .keys = "ipsource",
					 .value = "frames",
					 .values = "count:inputifindex",
					 .filter = "",
					 .fs = ",",
					 .n = 5,
					 .t = 2};
	const struct flow_spec specs[] = {source, pair};
	struct program *first = r->program, *second = program_compile(specs, 2, &msg);
	struct shot s;
	shot_begin(&s, 1, 1, 5000);
	shot_flow(&s, 1, 4, 7, 1518);
	fire(r, &s, 3000000);

	int32_t from[2];
	program_match(first, second, from);
	assert_int_equal(from[0], -1);
	assert_int_equal(from[1], 0);
	struct bank_table *fresh = new_table(r, &second->def[0]);
	struct bank_table *list[2] = {fresh};
	struct bank_kit kit = {.table = list};
	bank_bind(r->bank, second, from, &kit);
	r->program = second;
	assert_true(value_of(r, 1, "10.0.0.7,10.0.1.1") == 1518.0 * RATE); // moved, not emptied
	shot_begin(&s, 1, 2, 5000);
	shot_flow(&s, 2, 4, 7, 518);
	fire(r, &s, 3000000);
	assert_true(value_of(r, 0, "10.0.0.7") == 1.0 * RATE);
	assert_true(value_of(r, 1, "10.0.0.7,10.0.1.1") == 2036.0 * RATE);

	const int32_t back[] = {1};
	struct bank_table *one[1];
	kit.table = one;
	bank_bind(r->bank, first, back, &kit);
	assert_ptr_equal(kit.table, list);
	assert_ptr_equal(one[0], list[1]);
	r->program = first;
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 2036.0 * RATE);
	bank_clear(r->bank, 0, UINT64_MAX);
	assert_true(value_of(r, 0, "10.0.0.7,10.0.1.1") == 0);
	free(fresh);
	program_free(second);
	rig_free(r);
}

static void sequence_windows_judge(void **state)
{
	struct seq_window w = {0};
	assert_int_equal(seq_window_check(&w, 0xfffffffe), SEQ_NEW);
	assert_int_equal(seq_window_check(&w, 1), SEQ_NEW); // wraps
	assert_int_equal(seq_window_check(&w, 0xffffffff), SEQ_LATE);
	assert_int_equal(seq_window_check(&w, 0xffffffff), SEQ_DUPLICATE);
	assert_int_equal(seq_window_check(&w, 1), SEQ_DUPLICATE);
	assert_int_equal(seq_window_check(&w, 65), SEQ_NEW);
	assert_int_equal(seq_window_check(&w, 2), SEQ_LATE);
	assert_int_equal(seq_window_check(&w, 1), SEQ_RESTART);
	assert_int_equal(seq_window_check(&w, 1 + (1 << 24)), SEQ_RESTART);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_become_flows_and_cells),
		cmocka_unit_test(direction_follows_the_source),
		cmocka_unit_test(duplicates_count_once_even_over_a_swap),
		cmocka_unit_test(restarts_are_noticed),
		cmocka_unit_test(the_raw_header_wins_in_any_order),
		cmocka_unit_test(discards_are_kept_apart),
		cmocka_unit_test(ports_and_reasons_are_named),
		cmocka_unit_test(counters_go_to_the_log),
		cmocka_unit_test(samples_are_stepped_over),
		cmocka_unit_test(policy_is_kept),
		cmocka_unit_test(spoofed_agents_cannot_fill_the_table),
		cmocka_unit_test(many_agents_all_get_in),
		cmocka_unit_test(full_tables_are_counted),
		cmocka_unit_test(unknown_types_are_remembered),
		cmocka_unit_test(broken_datagrams_cost_a_counter),
		cmocka_unit_test(older_versions_are_read),
		cmocka_unit_test(secondary_values_are_kept),
		cmocka_unit_test(distinct_values_are_counted),
		cmocka_unit_test(another_program_keeps_tables),
		cmocka_unit_test(sequence_windows_judge),
	};
	return cmocka_run_group_tests_name("bank", tests, NULL, NULL);
}
