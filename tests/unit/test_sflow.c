// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sflow/datagram.h"
#include "sflow/encode.h"
#include "sflow/flow_sample.h"
#include "sflow/sflow.h"

static struct addr address(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct encoder begin(uint8_t *data, size_t size)
{
	const struct addr agent = address("192.0.2.1");
	return encode_begin(data, size, &agent, 7, 42, 1000);
}

static const struct flow_sample some_flow = {
	.sequence = 9,
	.ds_class = SFLOW_DS_PHYSICAL,
	.ds_index = 0x123456,
	.sampling_rate = 1024,
	.sample_pool = 9216,
	.drops = 3,
	.input = 5,
	.output = (uint32_t)SFLOW_IF_MULTIPLE << 30 | 4,
};

static const uint8_t header[] = "a header of 21 bytes.";

// One flow sample with a raw header and VLANs.
static void add_flow_sample(struct encoder *e, uint32_t tag)
{
	encode_flow_sample(e, tag, &some_flow);
	encode_extended_switch(e, 10, 0, 20, 0xffffffff);
	encode_sampled_header(e, 1, 1518, 4, header, 21);
	encode_sample_end(e);
}

static void datagram_header_round_trips(void **state)
{
	static const char *const agents[] = {"192.0.2.1", "2001:DB8::1"};
	static const size_t sizes[] = {28, 40};
	for (int i = 0; i < 2; i++) {
		uint8_t data[64];
		const struct addr agent = address(agents[i]);
		struct encoder e = encode_begin(data, sizeof(data), &agent, 7, 42, 1000);
		assert_int_equal(encode_end(&e), sizes[i]);
		struct sflow_datagram dg;
		assert_int_equal(sflow_open(&dg, data, sizes[i]), SFLOW_OK);
		assert_int_equal(dg.agent_type, agent.family);
		assert_memory_equal(dg.agent, agent.bytes, agent.family == ADDR_IP4 ? 4 : 16);
		assert_int_equal(dg.sub_agent, 7);
		assert_int_equal(dg.sequence, 42);
		assert_int_equal(dg.uptime, 1000);
		struct sflow_sample s = {0};
		assert_int_equal(sflow_next(&dg, &s), 0);
		assert_int_equal(sflow_items_end(&dg.samples), SFLOW_OK);
	}
}

static void an_agent_without_address_is_legal(void **state)
{
	uint8_t data[64];
	const struct addr none = {0};
	struct encoder e = encode_begin(data, sizeof(data), &none, 7, 42, 1000);
	const size_t len = encode_end(&e);
	assert_int_equal(len, 24);
	struct sflow_datagram dg;
	assert_int_equal(sflow_open(&dg, data, len), SFLOW_OK);
	assert_int_equal(dg.sub_agent, 7);
}

static void short_and_foreign_datagrams_are_refused(void **state)
{
	uint8_t data[64];
	struct encoder e = begin(data, sizeof(data));
	const size_t len = encode_end(&e);
	struct sflow_datagram dg;
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *exact = malloc(cut + 1); // so that a sanitizer sees one byte too many
		memcpy(exact, data, cut);
		assert_int_equal(sflow_open(&dg, exact, cut), SFLOW_SHORT_HEADER);
		free(exact);
	}
	store_be32(data + 4, 3);
	assert_int_equal(sflow_open(&dg, data, len), SFLOW_BAD_ADDRESS);
	store_be32(data, 9);
	assert_int_equal(sflow_open(&dg, data, len), SFLOW_BAD_VERSION);
}

static void flow_samples_round_trip(void **state)
{
	static const uint32_t tags[] = {SFLOW_FLOW_SAMPLE, SFLOW_FLOW_SAMPLE_EXPANDED};
	for (int i = 0; i < 2; i++) {
		uint8_t data[512];
		struct encoder e = begin(data, sizeof(data));
		add_flow_sample(&e, tags[i]);
		struct sflow_datagram dg;
		assert_int_equal(sflow_open(&dg, data, encode_end(&e)), SFLOW_OK);
		struct sflow_sample s = {0};
		assert_int_equal(sflow_next(&dg, &s), 1);
		assert_int_equal(s.tag, tags[i]);
		struct flow_sample fs = {0};
		assert_int_equal(flow_sample_open(&s, &fs), SFLOW_OK);
		assert_int_equal(fs.sequence, some_flow.sequence);
		assert_int_equal(fs.ds_class, some_flow.ds_class);
		assert_int_equal(fs.ds_index, some_flow.ds_index);
		assert_int_equal(fs.sampling_rate, some_flow.sampling_rate);
		assert_int_equal(fs.sample_pool, some_flow.sample_pool);
		assert_int_equal(fs.drops, some_flow.drops);
		assert_int_equal(fs.input, some_flow.input);
		assert_int_equal(fs.output, some_flow.output);
		assert_int_equal(fs.reason, 0);
		struct sflow_record r = {0};
		assert_int_equal(sflow_record_next(&fs.records, &r), 1);
		assert_int_equal(r.tag, SFLOW_EXTENDED_SWITCH);
		assert_int_equal(r.len, 16);
		assert_int_equal(sflow_record_next(&fs.records, &r), 1);
		assert_int_equal(r.tag, SFLOW_SAMPLED_HEADER);
		assert_int_equal(r.len, 16 + 24); // the header is padded inside the record
		assert_int_equal(load_be32(r.body + 4), 1518);
		assert_int_equal(load_be32(r.body + 12), 21);
		assert_memory_equal(r.body + 16, header, 21);
		assert_int_equal(sflow_record_next(&fs.records, &r), 0);
		assert_int_equal(sflow_items_end(&fs.records), SFLOW_OK);
		assert_int_equal(sflow_next(&dg, &s), 0);
	}
}

static void discarded_packets_round_trip(void **state)
{
	uint8_t data[256];
	struct encoder e = begin(data, sizeof(data));
	struct flow_sample in = some_flow;
	in.output = 0;
	in.reason = 258;
	encode_flow_sample(&e, SFLOW_DISCARDED_PACKET, &in);
	encode_sample_end(&e);
	struct sflow_datagram dg;
	assert_int_equal(sflow_open(&dg, data, encode_end(&e)), SFLOW_OK);
	struct sflow_sample s = {0};
	assert_int_equal(sflow_next(&dg, &s), 1);
	struct flow_sample fs = {0};
	assert_int_equal(flow_sample_open(&s, &fs), SFLOW_OK);
	assert_int_equal(fs.reason, 258);
	assert_int_equal(fs.drops, 3);
	assert_int_equal(fs.input, 5);
	assert_int_equal(fs.sampling_rate, 1);
}

static void counters_samples_round_trip(void **state)
{
	static const uint32_t tags[] = {SFLOW_COUNTERS_SAMPLE, SFLOW_COUNTERS_SAMPLE_EXPANDED};
	const struct if_counters ifc = {.if_index = 3,
					.if_speed = 1000000000,
					.in_octets = 1ull << 40,
					.promiscuous_mode = 2};
	const struct counters_sample in = {.sequence = 8, .ds_class = 0, .ds_index = 3};
	for (int i = 0; i < 2; i++) {
		uint8_t data[512];
		struct encoder e = begin(data, sizeof(data));
		encode_counters_sample(&e, tags[i], &in);
		encode_if_counters(&e, &ifc);
		encode_port_name(&e, "swp1s1");
		encode_sample_end(&e);
		struct sflow_datagram dg;
		assert_int_equal(sflow_open(&dg, data, encode_end(&e)), SFLOW_OK);
		struct sflow_sample s = {0};
		assert_int_equal(sflow_next(&dg, &s), 1);
		struct counters_sample cs = {0};
		assert_int_equal(counters_sample_open(&s, &cs), SFLOW_OK);
		assert_int_equal(cs.sequence, 8);
		assert_int_equal(cs.ds_index, 3);
		struct sflow_record r = {0};
		assert_int_equal(sflow_record_next(&cs.records, &r), 1);
		assert_int_equal(r.len, 88);
		assert_true(load_be64(r.body + 24) == ifc.in_octets);
		assert_int_equal(load_be32(r.body + 84), 2);
		assert_int_equal(sflow_record_next(&cs.records, &r), 1);
		assert_int_equal(r.tag, SFLOW_PORT_NAME);
		assert_int_equal(r.len, 4 + 8);
		assert_int_equal(sflow_record_next(&cs.records, &r), 0);
	}
}

static void unknown_items_cost_nobody_else(void **state)
{
	uint8_t data[512];
	struct encoder e = begin(data, sizeof(data));
	encode_sample(&e, SFLOW_TAG(0, 77));
	encode_bytes(&e, "12345", 5);
	encode_bytes(&e, "\0\0", 3);
	encode_sample_end(&e);
	store_be32(data + 28 + 4, 5); // an opaque of five bytes: three are padding
	encode_flow_sample(&e, SFLOW_FLOW_SAMPLE, &some_flow);
	encode_record_bytes(&e, SFLOW_TAG(9999, 1), "12345", 5);
	encode_extended_switch(&e, 1, 2, 3, 4);
	encode_sample_end(&e);
	struct sflow_datagram dg;
	assert_int_equal(sflow_open(&dg, data, encode_end(&e)), SFLOW_OK);
	struct sflow_sample s = {0};
	assert_int_equal(sflow_next(&dg, &s), 1);
	assert_int_equal(s.tag, 77);
	assert_int_equal(s.len, 5);
	assert_int_equal(sflow_next(&dg, &s), 1);
	struct flow_sample fs = {0};
	assert_int_equal(flow_sample_open(&s, &fs), SFLOW_OK);
	struct sflow_record r = {0};
	assert_int_equal(sflow_record_next(&fs.records, &r), 1);
	assert_int_equal(r.len, 5);
	assert_int_equal(sflow_record_next(&fs.records, &r), 1);
	assert_int_equal(r.tag, SFLOW_EXTENDED_SWITCH);
	assert_int_equal(load_be32(r.body), 1);
}

static void counts_from_the_wire_are_not_trusted(void **state)
{
	uint8_t data[512];
	struct encoder e = begin(data, sizeof(data));
	add_flow_sample(&e, SFLOW_FLOW_SAMPLE);
	const size_t len = encode_end(&e);
	struct sflow_datagram dg;
	struct sflow_sample s = {0};

	store_be32(data + 24, UINT32_MAX);
	assert_int_equal(sflow_open(&dg, data, len), SFLOW_OK);
	assert_int_equal(sflow_next(&dg, &s), 1);
	assert_int_equal(sflow_next(&dg, &s), 0);
	assert_int_equal(sflow_items_end(&dg.samples), SFLOW_ITEMS_MISSING);

	store_be32(data + 24, 0);
	assert_int_equal(sflow_open(&dg, data, len), SFLOW_OK);
	assert_int_equal(sflow_next(&dg, &s), 0);
	assert_int_equal(sflow_items_end(&dg.samples), SFLOW_SLACK);
}

static void lengths_past_the_end_are_refused(void **state)
{
	static const uint32_t lies[] = {0x7fffffff, 0x80000000, UINT32_MAX - 3, UINT32_MAX};
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		uint8_t data[512];
		struct encoder e = begin(data, sizeof(data));
		add_flow_sample(&e, SFLOW_FLOW_SAMPLE);
		const size_t len = encode_end(&e);
		struct sflow_datagram dg;
		struct sflow_sample s = {0};
		struct flow_sample fs = {0};
		struct sflow_record r = {0};

		store_be32(data + 28 + 8 + 32 + 4, lies[i]); // the first record
		assert_int_equal(sflow_open(&dg, data, len), SFLOW_OK);
		assert_int_equal(sflow_next(&dg, &s), 1);
		assert_int_equal(flow_sample_open(&s, &fs), SFLOW_OK);
		assert_int_equal(sflow_record_next(&fs.records, &r), -1);
		assert_int_equal(sflow_record_next(&fs.records, &r), 0);

		store_be32(data + 28 + 4, lies[i]); // the sample
		assert_int_equal(sflow_open(&dg, data, len), SFLOW_OK);
		assert_int_equal(sflow_next(&dg, &s), -1);
		assert_int_equal(sflow_next(&dg, &s), 0);
	}
}

static void a_sample_shorter_than_its_fixed_part_is_refused(void **state)
{
	static const struct {
		uint32_t tag, fixed;
	} kinds[] = {
		{SFLOW_FLOW_SAMPLE, 32},
		{SFLOW_FLOW_SAMPLE_EXPANDED, 44},
		{SFLOW_DISCARDED_PACKET, 32},
		{SFLOW_COUNTERS_SAMPLE, 12},
		{SFLOW_COUNTERS_SAMPLE_EXPANDED, 16},
	};
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (uint32_t len = 0; len <= kinds[k].fixed; len++) {
			uint8_t *exact = calloc(1, len + 1);
			const struct sflow_sample s = {
				.tag = kinds[k].tag, .len = len, .body = exact};
			const int want = len < kinds[k].fixed ? SFLOW_SAMPLE_SHORT : SFLOW_OK;
			struct flow_sample fs = {0};
			struct counters_sample cs = {0};
			const int got =
				k < 3 ? flow_sample_open(&s, &fs) : counters_sample_open(&s, &cs);
			assert_int_equal(got, want);
			free(exact);
		}
	}
}

static void a_wrapped_sample_is_taken_out(void **state)
{
	uint8_t data[512];
	struct encoder e = begin(data, sizeof(data));
	encode_sample(&e, SFLOW_ACL_PREFIX);
	encode_u64(&e, 0x100000002);
	struct encoder inner = e; // the inner sample is written by hand: samples do not nest
	inner.sample_at = 0;
	add_flow_sample(&inner, SFLOW_FLOW_SAMPLE);
	e.len = inner.len;
	encode_sample_end(&e);
	encode_sample(&e, SFLOW_ACL_PREFIX); // nothing inside
	encode_u64(&e, 0);
	encode_sample_end(&e);
	const size_t len = encode_end(&e);
	struct sflow_datagram dg;
	struct sflow_sample s = {0};
	struct flow_sample fs;
	assert_int_equal(sflow_open(&dg, data, len), SFLOW_OK);
	assert_int_equal(sflow_next(&dg, &s), 1);
	assert_int_equal(s.tag, SFLOW_FLOW_SAMPLE);
	assert_int_equal(flow_sample_open(&s, &fs), SFLOW_OK);
	assert_int_equal(fs.sampling_rate, some_flow.sampling_rate);
	assert_int_equal(sflow_next(&dg, &s), 1);
	assert_int_equal(s.tag, SFLOW_ACL_PREFIX);
	assert_int_equal(sflow_next(&dg, &s), 0);
}

static void sampled_headers_are_cut_to_their_record(void **state)
{
	uint8_t data[512];
	struct encoder e = begin(data, sizeof(data));
	encode_flow_sample(&e, SFLOW_FLOW_SAMPLE, &some_flow);
	encode_sampled_header(&e, 1, 1518, 4, header, 21);
	encode_sample_end(&e);
	const struct sflow_record r = {
		.tag = SFLOW_SAMPLED_HEADER, .len = 16 + 24, .body = data + 28 + 8 + 32 + 8};
	struct sampled_header h;
	assert_int_equal(sampled_header_open(&r, &h), SFLOW_OK);
	assert_int_equal(h.len, 21);
	assert_int_equal(h.frame_length, 1518);
	assert_int_equal(h.stripped, 4);
	assert_memory_equal(h.header, header, 21);
	store_be32((uint8_t *)r.body + 12, UINT32_MAX);
	assert_int_equal(sampled_header_open(&r, &h), SFLOW_OK);
	assert_int_equal(h.len, 24);
	const struct sflow_record cut = {.tag = r.tag, .len = 15, .body = r.body};
	assert_int_equal(sampled_header_open(&cut, &h), SFLOW_RECORD_SHORT);
}

static void port_words_fold(void **state)
{
	assert_int_equal(sflow_port_word(0, 7), 7);
	assert_int_equal(sflow_port_word(1, 258), 0x40000102);
	assert_int_equal(sflow_port_word(0, UINT32_MAX), SFLOW_IF_INTERNAL);
}

static void the_encoder_stays_in_its_memory(void **state)
{
	uint8_t whole[512];
	struct encoder e = begin(whole, sizeof(whole));
	add_flow_sample(&e, SFLOW_FLOW_SAMPLE);
	const size_t len = encode_end(&e);
	for (size_t size = 0; size < len; size++) {
		uint8_t *exact = malloc(size + 1);
		exact[size] = 0x5a;
		e = begin(exact, size);
		add_flow_sample(&e, SFLOW_FLOW_SAMPLE);
		assert_int_equal(encode_end(&e), 0);
		assert_int_equal(exact[size], 0x5a);
		free(exact);
	}
}

static void an_encoder_is_a_mark_to_go_back_to(void **state)
{
	uint8_t data[200];
	struct encoder e = begin(data, sizeof(data)), mark;
	do {
		mark = e;
		add_flow_sample(&e, SFLOW_FLOW_SAMPLE);
	} while (!e.bad);
	const size_t len = encode_end(&mark);
	struct sflow_datagram dg;
	assert_int_equal(sflow_open(&dg, data, len), SFLOW_OK);
	assert_int_equal(dg.n_samples, 1);
}

static void begins_and_ends_must_pair(void **state)
{
	uint8_t data[512];
	struct encoder e = begin(data, sizeof(data));
	encode_sample(&e, 1);
	assert_int_equal(encode_end(&e), 0);
	e = begin(data, sizeof(data));
	encode_record(&e, 1);
	assert_true(e.bad);
	e = begin(data, sizeof(data));
	encode_sample_end(&e);
	assert_true(e.bad);
	e = begin(data, sizeof(data));
	encode_flow_sample(&e, SFLOW_FLOW_SAMPLE, &some_flow);
	encode_record(&e, 1);
	encode_sample_end(&e);
	assert_true(e.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagram_header_round_trips),
		cmocka_unit_test(an_agent_without_address_is_legal),
		cmocka_unit_test(short_and_foreign_datagrams_are_refused),
		cmocka_unit_test(flow_samples_round_trip),
		cmocka_unit_test(discarded_packets_round_trip),
		cmocka_unit_test(counters_samples_round_trip),
		cmocka_unit_test(unknown_items_cost_nobody_else),
		cmocka_unit_test(counts_from_the_wire_are_not_trusted),
		cmocka_unit_test(lengths_past_the_end_are_refused),
		cmocka_unit_test(a_sample_shorter_than_its_fixed_part_is_refused),
		cmocka_unit_test(a_wrapped_sample_is_taken_out),
		cmocka_unit_test(sampled_headers_are_cut_to_their_record),
		cmocka_unit_test(port_words_fold),
		cmocka_unit_test(the_encoder_stays_in_its_memory),
		cmocka_unit_test(an_encoder_is_a_mark_to_go_back_to),
		cmocka_unit_test(begins_and_ends_must_pair),
	};
	return cmocka_run_group_tests_name("sflow", tests, NULL, NULL);
}
