// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sflow/encode.h"
#include "sflow/enums.h"
#include "sflow/record.h"
#include "sflow/rt.h"
#include "sflow/unknown.h"
#include "synth.h"

// A body under construction. Its memory is exactly as long as what is read, for the sanitizer.
struct body {
	uint8_t data[4096];
	struct encoder e;
};

static void body_begin(struct body *b)
{
	const struct addr none = {0};
	b->e = encode_begin(b->data, sizeof(b->data), &none, 0, 0, 0);
	encode_sample(&b->e, 1);
	encode_record(&b->e, 1);
}

// The record written so far, under @p tag and cut to @p len, in memory that the caller frees.
static struct sflow_record body_record(const struct body *b, uint32_t tag, size_t len)
{
	assert_false(b->e.bad);
	uint8_t *exact = malloc(len + 1);
	memcpy(exact, b->data + b->e.record_at + 4, len);
	return (struct sflow_record){.tag = tag, .len = (uint32_t)len, .body = exact};
}

static size_t body_len(const struct body *b)
{
	return b->e.len - b->e.record_at - 4;
}

static int open_and_free(enum record_kind kind, struct sflow_record r)
{
	struct record_walk w;
	const int got = record_open(&w, kind, &r);
	struct record_value v;
	char text[65536];
	while (record_next(&w, &v)) {
		struct strbuf b = strbuf_of(text, sizeof(text));
		record_format(&b, &v);
	}
	free((void *)r.body);
	return got;
}

static bool is_v5(const struct record_layout *l)
{
	return l->kind <= RECORD_COUNTERS;
}

static bool repeats(const struct record_layout *l)
{
	for (uint16_t i = 0; i < l->n_fields; i++)
		if (l->fields[i].type == RECORD_REPEAT)
			return true;
	return false;
}

static void layouts_are_in_order(void **state)
{
	size_t n;
	const struct record_layout *l = record_layouts(&n);
	assert_true(n > 130);
	for (size_t i = 1; i < n; i++) {
		assert_true(l[i - 1].kind <= l[i].kind);
		if (l[i - 1].kind == l[i].kind && l[i - 1].tag > l[i].tag)
			fail_msg("%s must stand before %s", l[i].name, l[i - 1].name);
	}
}

static void layouts_are_sound(void **state)
{
	size_t n;
	const struct record_layout *l = record_layouts(&n);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = i + 1; k < n; k++)
			assert_string_not_equal(l[i].name, l[k].name);
		for (uint16_t f = 0; f < l[i].n_fields; f++) {
			const struct record_field *field = &l[i].fields[f];
			if (field->type == RECORD_REPEAT)
				assert_true(f + field->n < l[i].n_fields && field->list != NULL);
			else if (field->type != RECORD_OPTIONAL)
				assert_non_null(field->name);
			if (field->metric != NULL)
				assert_int_equal(strspn(field->metric,
							"abcdefghijklmnopqrstuvwxyz0123456789_"),
						 strlen(field->metric));
		}
	}
}

// Two counters of one record must not share a metric.
static void metrics_of_a_record_differ(void **state)
{
	size_t n;
	const struct record_layout *l = record_layouts(&n);
	for (size_t i = 0; i < n; i++)
		for (uint16_t a = 0; a < l[i].n_fields; a++)
			for (uint16_t b = (uint16_t)(a + 1); b < l[i].n_fields; b++)
				if (l[i].fields[a].metric != NULL && l[i].fields[b].metric != NULL)
					assert_string_not_equal(l[i].fields[a].metric,
								l[i].fields[b].metric);
}

static void every_layout_is_found(void **state)
{
	size_t n;
	const struct record_layout *l = record_layouts(&n);
	for (size_t i = 0; i < n; i++) {
		const struct record_layout *found = record_find(l[i].kind, l[i].tag);
		assert_non_null(found);
		assert_int_equal(found->tag, l[i].tag);
		assert_true(found <= &l[i]);
	}
	assert_null(record_find(RECORD_COUNTERS, 0));
	assert_null(record_find(RECORD_COUNTERS, UINT32_MAX));
	assert_null(record_find(RECORD_FLOW, SFLOW_TAG(4413, 3)));
}

// Expected number of values, and that each layout is the one that its own body selects.
static void every_layout_reads_its_own_body(void **state)
{
	size_t n;
	const struct record_layout *l = record_layouts(&n);
	for (size_t i = 0; i < n; i++) {
		if (!is_v5(&l[i]))
			continue;
		for (uint32_t items = 0; items < 4; items++) {
			struct body b;
			body_begin(&b);
			synth_body(&b.e, &l[i], 1000, items, true);
			if (l[i].kind == RECORD_SAMPLE && l[i].tag < SFLOW_TAG(1, 0))
				encode_u32(&b.e, 0); // no records
			struct sflow_record r = body_record(&b, l[i].tag, body_len(&b));
			struct record_walk w;
			assert_int_equal(record_open(&w, l[i].kind, &r), SFLOW_OK);
			assert_ptr_equal(w.layout, &l[i]);
			struct record_value v;
			uint32_t n_values = 0, last = 0;
			while (record_next(&w, &v)) {
				n_values++;
				last = v.index > last ? v.index : last;
			}
			assert_int_equal(record_appended(&w), 0);
			assert_int_equal(last, repeats(&l[i]) && items > 0 ? items - 1 : 0);
			assert_true(n_values > 0);
			free((void *)r.body);
		}
	}
}

static void every_cut_is_refused_or_harmless(void **state)
{
	size_t n;
	const struct record_layout *l = record_layouts(&n);
	for (size_t i = 0; i < n; i++) {
		if (!is_v5(&l[i]))
			continue;
		struct body b;
		body_begin(&b);
		synth_body(&b.e, &l[i], 1000, 3, false);
		if (l[i].kind == RECORD_SAMPLE && l[i].tag < SFLOW_TAG(1, 0))
			encode_u32(&b.e, 0);
		const size_t whole = body_len(&b);
		const uint8_t last = l[i].fields[l[i].n_fields - 1].type;
		// These take what is there, and the last bytes of a text may be padding.
		const bool open_end = last == RECORD_REST || last == RECORD_HEADER ||
				      last == RECORD_METRICS || last == RECORD_TEXT ||
				      last == RECORD_OPAQUE || last == RECORD_KEY;
		for (size_t len = 0; len < whole; len++) {
			const int got = open_and_free(l[i].kind, body_record(&b, l[i].tag, len));
			if (!open_end)
				assert_int_equal(got, SFLOW_RECORD_SHORT);
		}
	}
}

static void appended_fields_are_accepted(void **state)
{
	struct body b;
	body_begin(&b);
	const struct record_layout *l = record_find(RECORD_COUNTERS, SFLOW_IF_COUNTERS);
	synth_body(&b.e, l, 1, 0, true);
	encode_u32(&b.e, 77);
	struct sflow_record r = body_record(&b, SFLOW_IF_COUNTERS, body_len(&b));
	struct record_walk w;
	assert_int_equal(r.len, 92);
	assert_int_equal(record_open(&w, RECORD_COUNTERS, &r), SFLOW_OK);
	struct record_value v;
	int n = 0;
	while (record_next(&w, &v))
		n++;
	assert_int_equal(n, 19);
	assert_int_equal(record_appended(&w), 4);
	free((void *)r.body);
}

static void host_cpu_may_be_old_or_half_new(void **state)
{
	static const int lens[] = {68, 72, 80}, values[] = {17, 18, 20};
	for (int i = 0; i < 3; i++) {
		struct body b;
		body_begin(&b);
		synth_body(&b.e, record_find(RECORD_COUNTERS, SFLOW_TAG(0, 2003)), 1, 0, true);
		struct sflow_record r = body_record(&b, SFLOW_TAG(0, 2003), (size_t)lens[i]);
		struct record_walk w;
		assert_int_equal(record_open(&w, RECORD_COUNTERS, &r), SFLOW_OK);
		struct record_value v;
		int n = 0;
		while (record_next(&w, &v))
			n++;
		assert_int_equal(n, values[i]);
		free((void *)r.body);
	}
}

static void unknown_values_are_flagged(void **state)
{
	struct body b;
	body_begin(&b);
	const struct if_counters ifc = {
		.if_index = UINT32_MAX, // not a counter: a value like any other
		.in_octets = UINT64_MAX,
		.in_ucast = UINT32_MAX,
		.in_errors = UINT32_MAX - 1,
	};
	encode_record_end(&b.e);
	encode_if_counters(&b.e, &ifc);
	const struct sflow_record r = {
		.tag = SFLOW_IF_COUNTERS, .len = 88, .body = b.data + b.e.len - 88};
	struct record_walk w;
	assert_int_equal(record_open(&w, RECORD_COUNTERS, &r), SFLOW_OK);
	struct record_value v;
	while (record_next(&w, &v)) {
		const bool unknown = strcmp(v.field->name, "ifInOctets") == 0 ||
				     strcmp(v.field->name, "ifInUcastPkts") == 0;
		assert_int_equal(v.unknown, unknown);
	}
	const uint8_t cpu[28] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0x5, 0xaa};
	const struct sflow_record p = {.tag = SFLOW_TAG(0, 1001), .len = 28, .body = cpu};
	assert_int_equal(record_open(&w, RECORD_COUNTERS, &p), SFLOW_OK);
	assert_true(record_next(&w, &v) && v.unknown);
	assert_true(record_next(&w, &v) && !v.unknown);
	assert_true(record_number(&v) == 14.5);
}

// The text of field @p name of the record that was built, or "?".
static const char *text_of(const struct body *b, enum record_kind kind, uint32_t tag,
			   const char *name)
{
	static char text[512];
	struct sflow_record r = body_record(b, tag, body_len(b));
	struct record_walk w;
	struct record_value v;
	strcpy(text, "?");
	if (record_open(&w, kind, &r) == SFLOW_OK)
		while (record_next(&w, &v))
			if (strcmp(v.field->name, name) == 0) {
				struct strbuf out = strbuf_of(text, sizeof(text));
				record_format(&out, &v);
			}
	free((void *)r.body);
	return text;
}

static void texts_are_those_of_sflowtool(void **state)
{
	struct body b;
	body_begin(&b);
	synth_body(&b.e, record_find(RECORD_FLOW, SFLOW_TAG(0, 1003)), 0, 3, true);
	const struct {
		enum record_kind kind;
		uint32_t tag;
		const char *name, *text;
	} gateway[] = {
		{RECORD_FLOW, SFLOW_TAG(0, 1003), "dst_as_path", "64500-64501-64502(65004-65005)"},
		{RECORD_FLOW, SFLOW_TAG(0, 1003), "BGP_communities", "5-6-7"},
		{RECORD_FLOW, SFLOW_TAG(0, 1003), "bgp_nexthop", "0.1.2.3"},
	};
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(text_of(&b, gateway[i].kind, gateway[i].tag, gateway[i].name),
				    gateway[i].text);
	body_begin(&b);
	encode_u32(&b.e, 2);
	encode_u32(&b.e, 0x88a80064);
	encode_u32(&b.e, 0x8100f0c8);
	assert_string_equal(text_of(&b, RECORD_FLOW, SFLOW_TAG(0, 1012), "vlan_tunnel"),
			    "0x88a80.0.100-0x81007.1.200");
	body_begin(&b);
	synth_body(&b.e, record_find(RECORD_FLOW, SFLOW_TAG(0, 2200)), 0, 3, true);
	assert_string_equal(text_of(&b, RECORD_FLOW, SFLOW_TAG(0, 2200), "memcache_op_key"),
			    "memcache%5Fop%5Fkey%2D2");
}

// All wraps of a count times four that fit 32 bits.
static const uint32_t wraps[] = {0x40000000, 0x40000001, 0x80000000,
				 0xc0000000, UINT32_MAX, UINT32_MAX - 2};

static void list_counts_cannot_wrap(void **state)
{
	static const uint32_t tags[] = {SFLOW_TAG(0, 1012), SFLOW_TAG(0, 1034), SFLOW_TAG(0, 1035)};
	for (size_t i = 0; i < sizeof(wraps) / sizeof(wraps[0]); i++) {
		struct body b;
		for (size_t t = 0; t < 3; t++) {
			body_begin(&b);
			encode_u32(&b.e, wraps[i]);
			encode_u32(&b.e, 1);
			assert_int_equal(
				open_and_free(RECORD_FLOW, body_record(&b, tags[t], body_len(&b))),
				SFLOW_RECORD_SHORT);
		}
		body_begin(&b); // extended_mpls: both stacks
		encode_u32(&b.e, ADDR_IP4);
		encode_u32(&b.e, 0);
		encode_u32(&b.e, wraps[i]);
		encode_u32(&b.e, 0);
		assert_int_equal(open_and_free(RECORD_FLOW,
					       body_record(&b, SFLOW_TAG(0, 1006), body_len(&b))),
				 SFLOW_RECORD_SHORT);
		body_begin(&b); // host_adapters: adapters, then MACs of one
		encode_u32(&b.e, wraps[i]);
		encode_u32(&b.e, 1);
		encode_u32(&b.e, 0);
		assert_int_equal(open_and_free(RECORD_COUNTERS,
					       body_record(&b, SFLOW_TAG(0, 2001), body_len(&b))),
				 SFLOW_RECORD_SHORT);
		body_begin(&b);
		encode_u32(&b.e, 1);
		encode_u32(&b.e, 1);
		encode_u32(&b.e, wraps[i]);
		assert_int_equal(open_and_free(RECORD_COUNTERS,
					       body_record(&b, SFLOW_TAG(0, 2001), body_len(&b))),
				 SFLOW_RECORD_SHORT);
	}
}

static void gateway_begin(struct body *b)
{
	body_begin(b);
	for (int i = 0; i < 5; i++) // next hop, three AS numbers
		encode_u32(&b->e, 1);
}

static void as_paths_cannot_wrap(void **state)
{
	for (size_t i = 0; i < sizeof(wraps) / sizeof(wraps[0]); i++) {
		struct body b;
		gateway_begin(&b); // number of segments
		encode_u32(&b.e, wraps[i]);
		encode_u32(&b.e, 2);
		encode_u32(&b.e, 0);
		assert_int_equal(open_and_free(RECORD_FLOW,
					       body_record(&b, SFLOW_TAG(0, 1003), body_len(&b))),
				 SFLOW_RECORD_SHORT);
		gateway_begin(&b); // length of a segment
		encode_u32(&b.e, 1);
		encode_u32(&b.e, 2);
		encode_u32(&b.e, wraps[i]);
		encode_u32(&b.e, 64496);
		assert_int_equal(open_and_free(RECORD_FLOW,
					       body_record(&b, SFLOW_TAG(0, 1003), body_len(&b))),
				 SFLOW_RECORD_SHORT);
		gateway_begin(&b); // communities
		encode_u32(&b.e, 0);
		encode_u32(&b.e, wraps[i]);
		encode_u32(&b.e, 100);
		assert_int_equal(open_and_free(RECORD_FLOW,
					       body_record(&b, SFLOW_TAG(0, 1003), body_len(&b))),
				 SFLOW_RECORD_SHORT);
	}
}

static void empty_segments_are_read(void **state)
{
	struct body b;
	gateway_begin(&b);
	encode_u32(&b.e, 200);
	for (int i = 0; i < 200; i++)
		encode_u64(&b.e, 2ull << 32);
	encode_u32(&b.e, 0);
	encode_u32(&b.e, 150);
	assert_string_equal(text_of(&b, RECORD_FLOW, SFLOW_TAG(0, 1003), "BGP_localpref"), "150");
}

static void string_lengths_cannot_wrap(void **state)
{
	for (uint32_t less = 0; less < 8; less++) {
		struct body b;
		body_begin(&b);
		encode_u32(&b.e, UINT32_MAX - less);
		encode_u32(&b.e, 0);
		assert_int_equal(open_and_free(RECORD_COUNTERS,
					       body_record(&b, SFLOW_PORT_NAME, body_len(&b))),
				 SFLOW_RECORD_SHORT);
	}
}

static void a_long_header_is_cut_to_its_record(void **state)
{
	static const uint32_t lens[] = {0, 11, 13, 256, UINT32_MAX, 0x80000000};
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct body b;
		body_begin(&b);
		encode_u32(&b.e, 1);
		encode_u32(&b.e, 64);
		encode_u32(&b.e, 4);
		encode_u32(&b.e, lens[i]);
		encode_bytes(&b.e, "twelve bytes", 12);
		struct sflow_record r = body_record(&b, SFLOW_SAMPLED_HEADER, body_len(&b));
		struct record_walk w;
		assert_int_equal(record_open(&w, RECORD_FLOW, &r), SFLOW_OK);
		struct record_value v = {0};
		while (record_next(&w, &v))
			;
		assert_int_equal(v.len, lens[i] < 12 ? lens[i] : 12);
		free((void *)r.body);
	}
}

static void filler_of_unknown_addresses_is_taken(void **state)
{
	struct body b;
	for (int filler = 0; filler < 2; filler++) {
		body_begin(&b);
		encode_u32(&b.e, ADDR_NONE);
		if (filler)
			encode_u32(&b.e, 0);
		encode_u32(&b.e, 24);
		encode_u32(&b.e, 16);
		assert_string_equal(text_of(&b, RECORD_FLOW, SFLOW_TAG(0, 1002), "srcSubnetMask"),
				    "24");
		assert_string_equal(text_of(&b, RECORD_FLOW, SFLOW_TAG(0, 1002), "nextHop"), "-");
	}
	body_begin(&b);
	encode_u32(&b.e, 3);
	encode_u64(&b.e, 0);
	encode_u32(&b.e, 0);
	assert_int_equal(
		open_and_free(RECORD_FLOW, body_record(&b, SFLOW_TAG(0, 1002), body_len(&b))),
		SFLOW_RECORD_SHORT);
}

static void unknown_tags_say_so(void **state)
{
	const struct sflow_record r = {.tag = SFLOW_TAG(9, 1), .len = 0, .body = (uint8_t *)""};
	struct record_walk w;
	assert_int_equal(record_open(&w, RECORD_FLOW, &r), SFLOW_UNKNOWN);
	struct record_value v;
	assert_false(record_next(&w, &v));
}

static void custom_values_are_typed(void **state)
{
	for (int flow = 0; flow < 2; flow++) {
		const uint32_t tag = flow ? SFLOW_RTFLOW : SFLOW_RTMETRIC;
		struct body b;
		body_begin(&b);
		synth_body(&b.e, record_find(RECORD_SAMPLE, tag), 0x40, 0, true);
		const size_t whole = body_len(&b);
		for (size_t len = 0; len <= whole; len++) {
			struct sflow_record r = body_record(&b, tag, len);
			struct record_walk w;
			struct record_value v = {0};
			uint32_t n = 0;
			if (record_open(&w, RECORD_SAMPLE, &r) == SFLOW_OK) {
				while (record_next(&w, &v))
					;
				struct rt_walk rt = rt_open(&v, tag);
				struct rt_value value;
				while (rt_next(&rt, &value) > 0)
					assert_int_equal(value.type, n++);
			}
			if (len == whole)
				assert_int_equal(n, flow ? RT_FLOW_TYPES : RT_METRIC_TYPES);
			else
				assert_true(n < RT_FLOW_TYPES);
			free((void *)r.body);
		}
	}
}

static void an_unknown_type_ends_custom_values(void **state)
{
	struct body b;
	body_begin(&b);
	encode_string(&b.e, "x");
	encode_u32(&b.e, RT_METRIC_TYPES);
	encode_u32(&b.e, 1);
	const struct record_value v = {.u = UINT32_MAX,
				       .bytes = b.data + b.e.record_at + 4,
				       .len = (uint32_t)body_len(&b)};
	struct rt_walk w = rt_open(&v, SFLOW_RTMETRIC);
	struct rt_value value;
	assert_int_equal(rt_next(&w, &value), -1);
	assert_int_equal(rt_next(&w, &value), 0);
}

static void unknown_tags_are_remembered(void **state)
{
	static struct unknown_tags u, other;
	uint8_t body[100];
	for (uint8_t i = 0; i < sizeof(body); i++)
		body[i] = i;
	memset(&u, 0, sizeof(u));
	memset(&other, 0, sizeof(other));
	const struct sflow_record r = {.tag = SFLOW_TAG(9, 1), .len = 100, .body = body};
	const struct sflow_record shorter = {.tag = r.tag, .len = 3, .body = body + 50};
	const struct addr agent = addr_ip4((const uint8_t[]){192, 0, 2, 1});
	const struct addr later = addr_ip4((const uint8_t[]){192, 0, 2, 2});
	unknown_add(&u, RECORD_FLOW, &r, &agent);
	unknown_add(&u, RECORD_FLOW, &shorter, &later);
	unknown_add(&u, RECORD_COUNTERS, &shorter, &later);
	assert_int_equal(u.n_tags, 2);
	assert_int_equal(u.tag[0].n, 2);
	assert_int_equal(u.tag[0].len, 100); // the first is the example
	assert_memory_equal(u.tag[0].example, body, UNKNOWN_EXAMPLE);
	assert_true(addr_equal(&u.tag[0].agent, &agent));
	assert_true(addr_equal(&u.tag[1].agent, &later));
	assert_int_equal(u.tag[1].kind, RECORD_COUNTERS);
	assert_int_equal(unknown_shown(&u.tag[0]), UNKNOWN_EXAMPLE);
	assert_int_equal(unknown_shown(&u.tag[1]), 3);
	assert_int_equal(u.tag[1].example[0], 50);

	for (uint32_t tag = 0; tag < 2 * UNKNOWN_TAGS; tag++) // more than there is room for
		unknown_add(&other, RECORD_SAMPLE, &(struct sflow_record){.tag = tag, .body = body},
			    &agent);
	unknown_add(&other, RECORD_FLOW, &shorter, &agent);
	assert_int_equal(other.n_tags, UNKNOWN_TAGS);
	assert_int_equal(other.n_other, UNKNOWN_TAGS + 1);
	unknown_merge(&u, &other);
	assert_int_equal(u.n_tags, UNKNOWN_TAGS);
	assert_int_equal(u.n_other, UNKNOWN_TAGS + 1 + 2);
	assert_int_equal(unknown_total(&u), 3 + 2 * UNKNOWN_TAGS + 1);
	unknown_merge(&u, &u);
	assert_int_equal(u.tag[0].n, 4);
	assert_int_equal(u.tag[0].len, 100);
	unknown_clear(&u);
	assert_int_equal(unknown_total(&u), 0);
	unknown_add(&u, RECORD_COUNTERS, &shorter, &agent);
	assert_int_equal(u.tag[0].n, 1);
}

static void names_of_values(void **state)
{
	assert_string_equal(sflow_enum_text(SFLOW_ENUM_drop_reason, 258), "acl");
	assert_string_equal(sflow_enum_text(SFLOW_ENUM_drop_reason, 332), "dev_hdr");
	assert_string_equal(sflow_enum_text(SFLOW_ENUM_drop_reason, 366), "tc_egress");
	assert_null(sflow_enum_text(SFLOW_ENUM_drop_reason, 33));
	assert_null(sflow_enum_text(SFLOW_ENUM_drop_reason, UINT32_MAX));
	assert_null(sflow_enum_text(SFLOW_ENUM_none, 0));
	assert_string_equal(sflow_enum_text(SFLOW_ENUM_app_status, 10), "UNAUTHORIZED");
	assert_string_equal(sflow_enum_text(SFLOW_ENUM_machine_type, 3), "x86_64");
	uint32_t value;
	assert_int_equal(sflow_enum_value(SFLOW_ENUM_drop_reason, "unknown_l4", 10, &value), 0);
	assert_int_equal(value, 289);
	assert_true(sflow_enum_value(SFLOW_ENUM_os_name, "beos", 4, &value) < 0);
}

// A binary search needs ascending numbers.
static void enumerations_ascend(void **state)
{
	for (int e = SFLOW_ENUM_none + 1; e <= SFLOW_ENUM_virt_state; e++) {
		int found = 0;
		for (uint32_t v = 0; v < 400; v++) {
			const char *text = sflow_enum_text(e, v);
			uint32_t back;
			if (text == NULL)
				continue;
			found++;
			assert_int_equal(sflow_enum_value(e, text, strlen(text), &back), 0);
			assert_int_equal(back, v);
		}
		assert_true(found > 2);
		if (e == SFLOW_ENUM_drop_reason)
			assert_int_equal(found, 16 + 372 - 256 + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_are_in_order),
		cmocka_unit_test(layouts_are_sound),
		cmocka_unit_test(metrics_of_a_record_differ),
		cmocka_unit_test(every_layout_is_found),
		cmocka_unit_test(every_layout_reads_its_own_body),
		cmocka_unit_test(every_cut_is_refused_or_harmless),
		cmocka_unit_test(appended_fields_are_accepted),
		cmocka_unit_test(host_cpu_may_be_old_or_half_new),
		cmocka_unit_test(unknown_values_are_flagged),
		cmocka_unit_test(texts_are_those_of_sflowtool),
		cmocka_unit_test(list_counts_cannot_wrap),
		cmocka_unit_test(as_paths_cannot_wrap),
		cmocka_unit_test(empty_segments_are_read),
		cmocka_unit_test(string_lengths_cannot_wrap),
		cmocka_unit_test(a_long_header_is_cut_to_its_record),
		cmocka_unit_test(filler_of_unknown_addresses_is_taken),
		cmocka_unit_test(unknown_tags_say_so),
		cmocka_unit_test(custom_values_are_typed),
		cmocka_unit_test(an_unknown_type_ends_custom_values),
		cmocka_unit_test(unknown_tags_are_remembered),
		cmocka_unit_test(names_of_values),
		cmocka_unit_test(enumerations_ascend),
	};
	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
