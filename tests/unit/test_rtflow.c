// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Custom events (rtflow samples): fields as keys, values and in filters; sources with names.

#include <stdio.h>

#include "bank_rig.h"
#include "sflow/rt.h"

static void field(struct shot *s, const char *name, uint32_t type, const void *value, size_t size)
{
	encode_string(&s->e, name);
	encode_u32(&s->e, type);
	if (type == RT_FLOW_TEXT) {
		encode_string(&s->e, value);
		return;
	}
	encode_padded(&s->e, value, size);
}

static void field32(struct shot *s, const char *name, uint32_t value)
{
	uint8_t b[4];
	store_be32(b, value);
	field(s, name, RT_FLOW_INT32, b, 4);
}

static void field64(struct shot *s, const char *name, uint32_t type, uint64_t value)
{
	uint8_t b[8];
	store_be64(b, value);
	field(s, name, type, b, 8);
}

static uint64_t bits_of(double d)
{
	uint64_t u;
	memcpy(&u, &d, sizeof(u));
	return u;
}

static void head(struct shot *s, const char *source, uint32_t rate, uint32_t n)
{
	encode_sample(&s->e, SFLOW_RTFLOW);
	encode_string(&s->e, source);
	encode_u32(&s->e, rate);
	encode_u32(&s->e, 0);
	encode_u32(&s->e, n);
}

// A sale: an item, what it cost, who bought it and from where.
static void sale(struct shot *s, const char *source, uint32_t rate, const char *item,
		 uint32_t price)
{
	static const uint8_t mac[6] = {2, 3, 4, 5, 6, 7}, ip[4] = {10, 1, 2, 3};
	static const uint8_t ip6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1}, half[4] = {0x3f};
	head(s, source, rate, 8);
	field(s, "item", RT_FLOW_TEXT, item, 0);
	field32(s, "price", price);
	field(s, "card", RT_FLOW_MAC, mac, 6);
	field(s, "from", RT_FLOW_IP4, ip, 4);
	field(s, "from6", RT_FLOW_IP6, ip6, 16);
	field64(s, "change", RT_FLOW_INT64, (uint64_t)-5);
	field(s, "share", RT_FLOW_FLOAT, half, 4);
	field64(s, "weight", RT_FLOW_DOUBLE, bits_of(2.25));
	encode_sample_end(&s->e);
}

#define SPEC(name_, keys_, value_, values_, filter_)                              \
	{                                                                         \
		.name = name_, .keys = keys_, .value = value_, .values = values_, \
		.filter = filter_, .fs = ",", .n = 5, .t = 2,                     \
	}

static void fields_are_keys_and_values(void **state)
{
	(void)state;
	static const struct {
		struct flow_spec spec;
		const char *key;
		double value;
	} cases[] = {
		{SPEC("a", "rtflow:item", "frames", "", ""), "shoe", 20},
		{SPEC("b", "rtflow:item", "rtflow:price", "", ""), "shoe", 10 * 30 + 10 * 40},
		{SPEC("c", "rtflow:card", "requests", "", ""), "020304050607", 30},
		{SPEC("d", "rtflow:from:ip", "frames", "", "rtflow:item=shoe"), "10.1.2.3", 20},
		{SPEC("e", "mask:[rtflow:from:ip]:8", "frames", "", ""), "10.0.0.0", 30},
		{SPEC("f", "rtflow:from6", "rtflow:weight", "", ""), "2001:DB8::1", 30 * 2.25},
		{SPEC("g", "rtflow:change,rtflow:share,rtflow:weight", "frames", "", ""),
		 "-5,0.5,2.25", 30},
		{SPEC("h", "rtflow:item:2,samplingrate", "frames", "", ""), "sh,10", 20},
		{SPEC("i", "null:[rtflow:colour]:none", "frames", "", ""), "none", 30},
		{SPEC("j", "rtflow:colour", "frames", "", ""), "", 0},          // absent
		{SPEC("k", "rtflow:from:ip6", "frames", "", ""), "", 0},        // of another type
		{SPEC("l", "rtflow:item", "rtflow:change", "", ""), "shoe", 0}, // negative
		{SPEC("m", "rtflow:item", "rtflow:card", "", ""), "shoe", 0},   // no number
		{SPEC("n", "", "rtflow:price", "", "rtflow:price=30|rtflow:item~hat.*"), "",
		 10 * 30 + 10 * 7},
		{SPEC("o", "rtflow:card:mac", "avg:rtflow:price", "count:rtflow:item", ""),
		 "020304050607", 30},
	};
	enum {
		N = sizeof(cases) / sizeof(cases[0])
	};
	struct flow_spec specs[N + 1];
	for (unsigned i = 0; i < N; i++)
		specs[i] = cases[i].spec;
	specs[N] = (struct flow_spec)SPEC("packets", "", "frames", "", "");
	struct rig *r = rig_new(specs, N + 1, 100, NULL);
	struct shot s;
	shot_begin(&s, 1, 1, 5000);
	sale(&s, "till1", 10, "shoe", 30);
	shot_flow(&s, 1, 4, 7, 1518);
	sale(&s, "till1", 10, "shoe", 40);
	sale(&s, "till1", 10, "hat", 7);
	fire(r, &s, 0);
	for (unsigned i = 0; i < N; i++)
		if (value_of(r, i, cases[i].key) != cases[i].value)
			fail_msg("%s: got %g", cases[i].spec.keys, value_of(r, i, cases[i].key));
	assert_true(value_of(r, N, "") == RATE); // an event is no packet
	assert_int_equal(stats_read(&r->stats, STAT_used_rtflow_samples), 3);
	assert_int_equal(stats_read(&r->stats, STAT_used_flow_samples), 1);
	rig_free(r);
}

static void sources_have_names(void **state)
{
	(void)state;
	const struct flow_spec spec = SPEC("a", "rtflow:item", "frames", "", "");
	struct rig *r = rig_new(&spec, 1, 100, NULL);
	struct shot s;
	shot_begin(&s, 1, 1, 5000);
	sale(&s, "till1", 1, "shoe", 1);
	sale(&s, "till2", 5, "shoe", 1);
	sale(&s, "", 1, "shoe", 1);
	sale(&s, "till1", 0, "shoe", 1); // no rate: as good as 1
	fire(r, &s, 0);
	const struct registry *reg = intake_registry(r->intake);
	assert_int_equal(reg->n_sources, 4);
	for (uint32_t i = 1; i < 4; i++) {
		static const char *const names[] = {"", "till1", "till2", "custom"};
		static const double frames[] = {0, 2, 5, 1};
		const struct source_id *id = &reg->source[i].id;
		const struct registry_name *name = &reg->name[id->ds_index];
		assert_int_equal(id->ds_class, REGISTRY_NAMED);
		assert_int_equal(name->len, strlen(names[i]));
		assert_memory_equal(name->text, names[i], name->len);
		assert_true(bank_source(r->bank, i)->frames == frames[i]);
	}
	assert_int_equal(r->bank->n_names, reg->n_names);
	assert_int_equal(stats_read(&r->stats, STAT_rate_zero), 1);
	rig_free(r);
}

static void bad_ones_cost_a_counter(void **state)
{
	(void)state;
	const struct flow_spec spec = SPEC("a", "rtflow:item", "frames", "", "");
	struct rig *r = rig_new(&spec, 1, 100, NULL);
	struct shot s;
	shot_begin(&s, 1, 1, 5000);
	sale(&s, "1till", 1, "shoe", 1); // begins with a digit
	sale(&s, "till 1", 1, "shoe", 1);
	head(&s, "till", 1, 1); // the field is missing
	encode_sample_end(&s.e);
	head(&s, "till", 1, 1);
	field32(&s, "no=name", 1);
	encode_sample_end(&s.e);
	head(&s, "till", 1, 1);
	field(&s, "item", RT_FLOW_TYPES, "", 0);
	encode_sample_end(&s.e);
	encode_sample(&s.e, SFLOW_RTFLOW);
	encode_sample_end(&s.e);
	head(&s, "till", 1, 0); // nothing in it, but right
	encode_sample_end(&s.e);
	fire(r, &s, 0);
	assert_int_equal(stats_read(&r->stats, STAT_sample_rtflow_bad), 6);
	assert_int_equal(stats_read(&r->stats, STAT_used_rtflow_samples), 1);
	rig_free(r);
}

static void names_are_bounded(void **state)
{
	(void)state;
	const struct flow_spec spec = SPEC("a", "rtflow:item", "frames", "", "");
	struct rig *r = rig_new(&spec, 1, 3 * REGISTRY_NAMES, NULL);
	struct shot s;
	char name[16];
	for (uint32_t i = 0; i < REGISTRY_NAMES + 5; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		shot_begin(&s, 1, i + 1, 5000);
		sale(&s, name, 1, "shoe", 1);
		fire(r, &s, 0);
	}
	assert_int_equal(stats_read(&r->stats, STAT_used_rtflow_samples), REGISTRY_NAMES);
	assert_int_equal(stats_read(&r->stats, STAT_sample_sources_full), 5);
	rig_free(r);
}

// What fields there are is logged for whoever wants to know, for some samples of an interval.
static void some_are_logged(void **state)
{
	(void)state;
	const struct flow_spec spec = SPEC("a", "rtflow:item", "frames", "", "");
	struct rig *r = rig_new(&spec, 1, 100, NULL);
	struct shot s;
	shot_begin(&s, 1, 1, 5000);
	for (uint32_t i = 0; i < SEEN_RTFLOWS + 4; i++) {
		head(&s, "till", 1, 1);
		field32(&s, "price", i);
		encode_sample_end(&s.e);
	}
	fire(r, &s, 0);
	unsigned n = 0;
	const struct log_entry *e = NULL;
	while ((e = bank_log_next(r->bank, e)) != NULL) {
		assert_int_equal(e->tag, SFLOW_RTFLOW);
		assert_int_equal(e->len, 4 + 4 + 8 + 4 + 4);
		assert_memory_equal((const uint8_t *)(e + 1) + 8, "price", 5);
		n++;
	}
	assert_int_equal(n, SEEN_RTFLOWS);
	rig_free(r);
}

static int known(void *ctx, const char *function, const char *name, struct program_table *out,
		 struct err_msg *msg)
{
	(void)ctx, (void)out, (void)msg;
	return strcmp(function, "rtflow") == 0 && strcmp(name, "item") == 0 ? 0 : ERR_UNKNOWN;
}

static void definitions_are_judged(void **state)
{
	(void)state;
	static const struct {
		struct flow_spec spec;
		const char *says;
	} cases[] = {
		{SPEC("f", "item", "frames", "", ""), NULL}, // samples had it
		{SPEC("f", "item", "frames", "count:item", "item=shoe"), NULL},
		{SPEC("f", "rtflow:a b", "frames", "", ""),
		 "flow \"f\": keys: at character 1: rtflow: got \"a b\", expected a name of at "
		 "most 64 letters, digits, - and _"},
		{SPEC("f", "rtflow:a:int", "frames", "", ""),
		 "flow \"f\": keys: at character 1: rtflow: got \"int\", expected mac, ip, ip6 or "
		 "the bytes of a text, 1 to 240"},
		{SPEC("f", "rtflow:a:241", "frames", "", ""),
		 "flow \"f\": keys: at character 1: rtflow: got \"241\", expected mac, ip, ip6 or "
		 "the bytes of a text, 1 to 240"},
		{SPEC("f", "colour", "frames", "", ""),
		 "flow \"f\": keys: at character 1: unknown attribute \"colour\"; a field of "
		 "rtflow samples is rtflow:NAME"},
		{SPEC("f", "item", "bytes", "", ""),
		 "flow \"f\": value: got \"bytes\", expected frames, requests or rtflow:NAME where "
		 "fields of rtflow samples are read"},
		{SPEC("f", "ipsource,item", "frames", "", ""),
		 "flow \"f\": it reads fields of rtflow samples and attributes of packets, which "
		 "no sample has both of"},
		{SPEC("f", "ipsource", "rtflow:price", "", ""),
		 "flow \"f\": it reads fields of rtflow samples and attributes of packets, which "
		 "no sample has both of"},
	};
	const struct program_tables tables = {.load = known};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err_msg msg = {0};
		struct program *p = program_compile_with(&cases[i].spec, 1, &tables, &msg);
		if (cases[i].says == NULL)
			assert_non_null(p);
		else
			assert_string_equal(msg.text, cases[i].says);
		program_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_keys_and_values),
		cmocka_unit_test(sources_have_names),
		cmocka_unit_test(bad_ones_cost_a_counter),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(some_are_logged),
		cmocka_unit_test(definitions_are_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
