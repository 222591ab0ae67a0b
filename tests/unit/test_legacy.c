// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sflow/datagram.h"
#include "sflow/encode.h"
#include "sflow/flow_sample.h"
#include "sflow/legacy.h"
#include "sflow/record.h"

static void put_words(struct encoder *e, const uint32_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		encode_u32(e, words[i]);
}

#define PUT(e, ...) \
	put_words(e, (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4)

static struct encoder begin(uint8_t *data, size_t size, uint32_t version, uint32_t n_samples)
{
	struct encoder e = {.data = data, .size = size};
	PUT(&e, version, ADDR_IP4, 0xc0000201, 42, 1000, n_samples);
	return e;
}

// Sequence, source 1:3, rate, pool, drops, input, output.
static void put_flow_head(struct encoder *e, uint32_t output)
{
	PUT(e, 1, 9, 0x01000003, 512, 5120, 1, 7, output);
}

static void put_header_packet(struct encoder *e)
{
	PUT(e, 1, 1, 1518);
	encode_opaque(e, "thirteen byte", 13);
}

static void put_gateway(struct encoder *e, uint32_t version)
{
	PUT(e, 3, 100, 200, 300);
	if (version == 2)
		PUT(e, 2, 65001, 65002);
	else
		PUT(e, 1, 2, 2, 65001, 65002, 1, 77, 150);
}

static size_t flow_datagram(uint8_t *data, size_t size, uint32_t version)
{
	struct encoder e = begin(data, size, version, 1);
	put_flow_head(&e, 0x80000004);
	put_header_packet(&e);
	PUT(&e, 5);
	PUT(&e, 1, 10, 1, 20, 2);
	PUT(&e, 2, ADDR_IP4, 0x0a000001, 24, 16);
	put_gateway(&e, version);
	PUT(&e, 4);
	encode_string(&e, "alice");
	encode_string(&e, "bob");
	PUT(&e, 5, 1);
	encode_string(&e, "http://sflow.org");
	assert_false(e.bad);
	return e.len;
}

// The text of the first field of this name in the version 5 datagram.
static const char *field_of(const uint8_t *data, size_t len, const char *name)
{
	static char text[256];
	struct sflow_datagram dg;
	struct sflow_sample s = {0};
	struct flow_sample fs;
	struct sflow_record r;
	struct record_walk w;
	struct record_value v;
	strcpy(text, "?");
	assert_int_equal(sflow_open(&dg, data, len), SFLOW_OK);
	assert_int_equal(sflow_next(&dg, &s), 1);
	assert_int_equal(flow_sample_open(&s, &fs), SFLOW_OK);
	while (sflow_record_next(&fs.records, &r) > 0) {
		assert_int_equal(record_open(&w, RECORD_FLOW, &r), SFLOW_OK);
		while (record_next(&w, &v))
			if (strcmp(v.field->name, name) == 0) {
				struct strbuf b = strbuf_of(text, sizeof(text));
				record_format(&b, &v);
			}
		assert_int_equal(record_appended(&w), 0);
	}
	assert_int_equal(sflow_items_end(&fs.records), SFLOW_OK);
	return text;
}

static void flow_samples_become_version_5(void **state)
{
	for (uint32_t version = 2; version <= 4; version += 2) {
		uint8_t in[512], out[2048];
		const size_t len = flow_datagram(in, sizeof(in), version);
		assert_int_equal(legacy_version(in, len), version);
		enum sflow_reason reason;
		const size_t n = legacy_upgrade(in, len, out, sizeof(out), &reason);
		assert_int_equal(reason, SFLOW_OK);
		struct sflow_datagram dg;
		assert_int_equal(sflow_open(&dg, out, n), SFLOW_OK);
		assert_int_equal(dg.sequence, 42);
		assert_int_equal(dg.uptime, 1000);
		assert_int_equal(load_be32(dg.agent), 0xc0000201);
		struct sflow_sample s = {0};
		struct flow_sample fs;
		assert_int_equal(sflow_next(&dg, &s), 1);
		assert_int_equal(flow_sample_open(&s, &fs), SFLOW_OK);
		assert_int_equal(fs.ds_class, 1);
		assert_int_equal(fs.ds_index, 3);
		assert_int_equal(fs.sampling_rate, 512);
		assert_int_equal(fs.input, 7);
		assert_int_equal(fs.output, (uint32_t)SFLOW_IF_MULTIPLE << 30 | 4);
		static const char *const want[][2] = {
			{"sampledPacketSize", "1518"},
			{"strippedBytes", "0"},
			{"in_vlan", "10"},
			{"nextHop", "10.0.0.1"},
			{"dstSubnetMask", "16"},
			{"src_peer_as", "300"},
			{"dst_as_path", "65001-65002"},
			{"src_user", "alice"},
			{"dst_user", "bob"},
			{"url", "http://sflow.org"},
		};
		for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
			assert_string_equal(field_of(out, n, want[i][0]), want[i][1]);
		assert_string_equal(field_of(out, n, "BGP_localpref"), version == 2 ? "0" : "150");
		assert_string_equal(field_of(out, n, "BGP_communities"), version == 2 ? "" : "77");
	}
}

static void counters_become_version_5(void **state)
{
	// Counters version -> format of the second record, values of the block, words of it.
	static const struct {
		uint32_t version, format, words;
	} blocks[] = {{1, 0, 0},  {2, 2, 13}, {3, 3, 18}, {4, 0, 0},
		      {5, 4, 20}, {6, 0, 0},  {7, 5, 7}};
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		uint8_t in[512], out[1024];
		struct encoder e = begin(in, sizeof(in), 4, 1);
		PUT(&e, 2, 8, 3, 30, blocks[i].version);
		const uint32_t words = (blocks[i].version == 7 ? 0 : 22) + blocks[i].words;
		for (uint32_t k = 0; k < words; k++)
			encode_u32(&e, k);
		enum sflow_reason reason;
		const size_t n = legacy_upgrade(in, e.len, out, sizeof(out), &reason);
		assert_int_equal(reason, SFLOW_OK);
		struct sflow_datagram dg;
		struct sflow_sample s = {0};
		struct counters_sample cs;
		struct sflow_record r = {0};
		assert_int_equal(sflow_open(&dg, out, n), SFLOW_OK);
		assert_int_equal(sflow_next(&dg, &s), 1);
		assert_int_equal(counters_sample_open(&s, &cs), SFLOW_OK);
		assert_int_equal(cs.ds_index, 3);
		if (blocks[i].version != 7) {
			assert_int_equal(sflow_record_next(&cs.records, &r), 1);
			assert_int_equal(r.tag, 1);
			assert_int_equal(r.len, 88);
		}
		assert_int_equal(sflow_record_next(&cs.records, &r), blocks[i].format != 0);
		if (blocks[i].format != 0) {
			assert_int_equal(r.tag, blocks[i].format);
			assert_int_equal(r.len, blocks[i].words * 4);
		}
	}
}

static void sampled_ip_becomes_version_5(void **state)
{
	static const uint32_t words[] = {0, 0, 8, 14};
	static const uint32_t tags[] = {0, 0, SFLOW_SAMPLED_IPV4, SFLOW_SAMPLED_IPV6};
	for (uint32_t type = 2; type <= 3; type++) {
		uint8_t in[256], out[512];
		struct encoder e = begin(in, sizeof(in), 2, 1);
		put_flow_head(&e, 5);
		PUT(&e, type);
		for (uint32_t k = 0; k < words[type]; k++)
			encode_u32(&e, k);
		PUT(&e, 0);
		enum sflow_reason reason;
		const size_t n = legacy_upgrade(in, e.len, out, sizeof(out), &reason);
		assert_int_equal(reason, SFLOW_OK);
		struct sflow_datagram dg;
		struct sflow_sample s = {0};
		struct flow_sample fs;
		struct sflow_record r = {0};
		assert_int_equal(sflow_open(&dg, out, n), SFLOW_OK);
		assert_int_equal(sflow_next(&dg, &s), 1);
		assert_int_equal(flow_sample_open(&s, &fs), SFLOW_OK);
		assert_int_equal(fs.output, 5);
		assert_int_equal(sflow_record_next(&fs.records, &r), 1);
		assert_int_equal(r.tag, tags[type]);
		assert_int_equal(r.len, words[type] * 4);
	}
}

// Everything that can be cut off or is not known ends the datagram; what came before is kept.
static void unknown_items_end_the_datagram(void **state)
{
	static const uint32_t bad[][4] = {
		{3, 0, 0, 0},  // no such sample
		{2, 1, 0, 30}, // counters, cut off
		{0, 0, 0, 0},  // no such sample
		{UINT32_MAX, UINT32_MAX, 0, 0},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t in[512], out[2048];
		const size_t whole = flow_datagram(in, sizeof(in), 4);
		struct encoder e = {.data = in, .size = sizeof(in), .len = whole};
		put_words(&e, bad[i], 4);
		store_be32(in + 20, 2);
		enum sflow_reason reason;
		const size_t n = legacy_upgrade(in, e.len, out, sizeof(out), &reason);
		assert_int_equal(reason, SFLOW_RECORD_SHORT);
		assert_string_equal(field_of(out, n, "dst_user"), "bob");
	}
	uint8_t in[512];
	struct encoder e = begin(in, sizeof(in), 4, 1);
	put_flow_head(&e, 1);
	put_header_packet(&e);
	PUT(&e, 1, 6); // no such extended data
	struct legacy_datagram dg;
	struct legacy_sample s;
	assert_int_equal(legacy_open(&dg, in, e.len), SFLOW_OK);
	assert_int_equal(legacy_next(&dg, &s), -1);
	assert_int_equal(legacy_next(&dg, &s), 0);
}

static void every_cut_is_refused(void **state)
{
	uint8_t in[512], out[2048];
	const size_t len = flow_datagram(in, sizeof(in), 4);
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *exact = malloc(cut + 1);
		memcpy(exact, in, cut);
		enum sflow_reason reason;
		const size_t n = legacy_upgrade(exact, cut, out, sizeof(out), &reason);
		if (cut < 24) {
			assert_int_equal(n, 0);
			assert_int_equal(reason, SFLOW_SHORT_HEADER);
		} else {
			assert_int_equal(n, 28);
			assert_int_equal(reason, SFLOW_RECORD_SHORT);
		}
		free(exact);
	}
}

// The padding of the very last text may be missing; what is added behind it must not move.
static void the_last_padding_may_be_missing(void **state)
{
	uint8_t in[256], out[512];
	struct encoder e = begin(in, sizeof(in), 4, 1);
	put_flow_head(&e, 1);
	put_header_packet(&e);
	PUT(&e, 1, 5, 1);
	encode_string(&e, "x");
	for (size_t missing = 0; missing <= 3; missing++) {
		enum sflow_reason reason;
		const size_t n = legacy_upgrade(in, e.len - missing, out, sizeof(out), &reason);
		assert_int_equal(reason, SFLOW_OK);
		assert_string_equal(field_of(out, n, "url"), "x");
		assert_string_equal(field_of(out, n, "host"), "");
	}
}

static void huge_counts_are_bounded_by_the_bytes(void **state)
{
	static const uint32_t huge[] = {0x40000000, 0x80000000, UINT32_MAX};
	for (size_t i = 0; i < 3; i++) {
		uint8_t in[512], out[2048];
		enum sflow_reason reason;
		size_t len = flow_datagram(in, sizeof(in), 4);
		store_be32(in + 20, huge[i]); // samples: what is there is read
		const size_t n = legacy_upgrade(in, len, out, sizeof(out), &reason);
		assert_int_equal(reason, SFLOW_RECORD_SHORT);
		assert_string_equal(field_of(out, n, "dst_user"), "bob");
		static const size_t at[] = {
			24 + 32 + 12,                // length of the header
			24 + 32 + 16 + 16,           // number of extended data
			24 + 32 + 36 + 20 + 20 + 16, // segments of the path
			24 + 32 + 36 + 20 + 20 + 24, // length of the segment
		};
		for (size_t k = 0; k < sizeof(at) / sizeof(at[0]); k++) {
			len = flow_datagram(in, sizeof(in), 4);
			store_be32(in + at[k], huge[i]);
			assert_int_equal(legacy_upgrade(in, len, out, sizeof(out), &reason), 28);
			assert_int_equal(reason, SFLOW_RECORD_SHORT);
		}
	}
}

static void what_does_not_fit_is_left_out(void **state)
{
	uint8_t in[512], out[2048];
	const size_t len = flow_datagram(in, sizeof(in), 4);
	enum sflow_reason reason;
	const size_t whole = legacy_upgrade(in, len, out, sizeof(out), &reason);
	assert_true(whole <= 3 * len);
	for (size_t size = 0; size < whole; size++) {
		uint8_t *exact = malloc(size + 1);
		const size_t n = legacy_upgrade(in, len, exact, size, &reason);
		assert_int_equal(n, size < 28 ? 0 : 28);
		assert_int_equal(reason, SFLOW_ITEMS_MISSING);
		free(exact);
	}
}

static void other_versions_are_left_alone(void **state)
{
	uint8_t data[32] = {0};
	for (uint32_t version = 0; version < 10; version++) {
		store_be32(data, version);
		const bool legacy = version == 2 || version == 4;
		assert_int_equal(legacy_version(data, sizeof(data)), legacy ? version : 0);
		struct legacy_datagram dg;
		assert_int_equal(legacy_open(&dg, data, sizeof(data)),
				 legacy ? SFLOW_OK : SFLOW_BAD_VERSION);
	}
	assert_int_equal(legacy_version(data, 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flow_samples_become_version_5),
		cmocka_unit_test(counters_become_version_5),
		cmocka_unit_test(sampled_ip_becomes_version_5),
		cmocka_unit_test(unknown_items_end_the_datagram),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(the_last_padding_may_be_missing),
		cmocka_unit_test(huge_counts_are_bounded_by_the_bytes),
		cmocka_unit_test(what_does_not_fit_is_left_out),
		cmocka_unit_test(other_versions_are_left_alone),
	};
	return cmocka_run_group_tests_name("legacy", tests, NULL, NULL);
}
