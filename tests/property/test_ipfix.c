// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Any definition that may be exported, any flow of it: what a collector reads is what was measured.
#include "ipfix_decode.h"

#include <math.h>

#include "base/rng.h"
#include "base/strbuf.h"
#include "weir/output/ipfix_message.h"
#include "program/element.h"

enum {
	ROUNDS = 4000,
	ROWS = 40,
	KEYS_SIZE = 4096,
};

static uint32_t below(struct rng *rng, uint32_t n)
{
	return (uint32_t)rng_below(rng, n);
}

// An attribute that has an element.
static const struct field *some_field(struct rng *rng)
{
	const struct field *f;
	do
		f = field_at(below(rng, (uint32_t)field_count()));
	while (element_of(f) == NULL);
	return f;
}

static void some_keys(struct rng *rng, char *text)
{
	struct strbuf b = strbuf_of(text, KEYS_SIZE);
	const uint32_t n = below(rng, 9);
	for (uint32_t i = 0; i < n; i++) {
		const char *name = some_field(rng)->name, *other = some_field(rng)->name;
		strbuf_str(&b, i > 0 ? "," : "");
		switch (below(rng, 4)) {
		case 0: strbuf_fmt(&b, "null:%s", name); break;
		case 1: strbuf_fmt(&b, "null:[or:%s:%s]", name, other); break;
		case 2: strbuf_fmt(&b, "%s.%u", name, below(rng, 3)); break;
		default: strbuf_str(&b, name); break;
		}
	}
}

static struct flow_spec exported(const char *keys)
{
	return (struct flow_spec){.name = "f",
				  .keys = keys,
				  .value = "bytes",
				  .values = "",
				  .filter = "",
				  .fs = ",",
				  .n = 5,
				  .t = 2,
				  .ipfix = "192.0.2.9"};
}

static struct addr some_addr(struct rng *rng)
{
	uint8_t bytes[16];
	for (int i = 0; i < 16; i++)
		bytes[i] = (uint8_t)below(rng, 256);
	switch (below(rng, 5)) {
	case 0: return (struct addr){0};
	case 1:
	case 2: return addr_ip6(bytes);
	default: return addr_ip4(bytes);
	}
}

static void some_row(struct rng *rng, const struct flow_def *def, struct completed_row *row)
{
	memset(row, 0, sizeof(*row));
	row->start = below(rng, 1u << 31) * 1000000ull;
	row->end = row->start + below(rng, 100000) * 1000000ull;
	row->flow.agent = some_addr(rng);
	row->flow.ds_class = below(rng, 4);
	row->flow.ds_index = below(rng, 1 << 30);
	row->flow.direction = below(rng, 3);
	row->flow.value = rng_double(rng) * (below(rng, 2) ? 1e12 : 1e3);
	for (unsigned i = PROGRAM_KEY_SOURCE; i < def->key_size; i++)
		row->flow.key[i] = (uint8_t)below(rng, 256);
	for (unsigned i = 0; i < def->n_part; i++) {
		const struct key_part *part = &def->part[i];
		if (part->tagged)
			row->flow.key[part->offset] = (uint8_t)(below(rng, part->expr.n_alt + 1u));
	}
}

// The bits of a value that its field has; others never get into a key.
static void clean_row(const struct flow_def *def, struct completed_row *row)
{
	for (unsigned i = 0; i < def->n_part; i++) {
		const uint8_t *value;
		const struct field *f = flow_def_key_part(def, row->flow.key, i, &value);
		if (f != NULL && f->bits % 8 != 0)
			*(uint8_t *)(uintptr_t)value &= (uint8_t)((1u << f->bits % 8) - 1);
	}
}

static void check_part(const struct field *f, const uint8_t *value, const struct collected_field *c)
{
	const struct element *e = element_of(f);
	assert_int_equal(c->id, e->id);
	assert_int_equal(c->size, e->size);
	if (c->size >= f->size && e->shift == 0) { // right aligned
		for (unsigned i = 0; i + f->size < c->size; i++)
			assert_int_equal(c->value[i], 0);
		assert_memory_equal(c->value + c->size - f->size, value, f->size);
	} else {
		assert_int_equal(f->size, 1);
		assert_int_equal(c->value[0], value[0] << e->shift);
	}
}

static void check_record(const struct flow_def *def, const struct completed_row *row,
			 const struct collected *c)
{
	static const unsigned elements[2][2] = {{1, 132}, {2, 133}};
	const struct flow_row *f = &row->flow;
	assert_int_equal(number_of(c, 152), row->start / 1000000 + 77);
	assert_int_equal(number_of(c, 153), row->end / 1000000 + 77);
	assert_true(
		fabs((double)number_of(c, elements[def->value_kind == VALUE_FRAMES][def->dropped]) -
		     f->value) <= 0.5);
	assert_int_equal(number_of(c, 138), (uint64_t)f->ds_class << 32 | f->ds_index);
	const struct collected_field *agent = found(c, f->agent.family == ADDR_IP4 ? 130 : 131);
	if (f->agent.family == ADDR_NONE)
		assert_true(agent == NULL);
	else
		assert_memory_equal(agent->value, f->agent.bytes, agent->size);
	if (f->direction == DIRECTION_UNKNOWN)
		assert_null(found(c, 61));
	else
		assert_int_equal(number_of(c, 61), f->direction == DIRECTION_EGRESS);
	unsigned at = 4u + (f->agent.family != ADDR_NONE) + (f->direction != DIRECTION_UNKNOWN);
	for (unsigned i = 0; i < def->n_part; i++) {
		const uint8_t *value;
		const struct field *field = flow_def_key_part(def, f->key, i, &value);
		if (field != NULL)
			check_part(field, value, &c->field[at++]);
	}
	assert_int_equal(at, c->n);
}

// An id for each layout, as the exporter would have.
static uint16_t id_of(struct ipfix_layout *known, unsigned *n, const struct ipfix_layout *l,
		      bool *is_new)
{
	unsigned i = 0;
	while (i < *n && !ipfix_layout_equal(&known[i], l))
		i++;
	*is_new = i == *n;
	if (*is_new)
		known[(*n)++] = *l;
	return (uint16_t)(IPFIX_TEMPLATE_FIRST + i);
}

static void hand_over(struct ipfix_collector *c, struct ipfix_message *m)
{
	const uint32_t sequence = c->expected;
	ipfix_end(m, 1234, sequence);
	assert_true(m->len <= m->max);
	collect(c, m->data, m->len);
	assert_int_equal(c->time, 1234);
	ipfix_begin(m, m->max);
}

static void round_trip(struct rng *rng, const struct flow_def *def)
{
	static struct completed_row row[ROWS];
	static struct ipfix_layout known[COLLECT_TEMPLATES];
	static struct ipfix_record record;
	static struct ipfix_collector c;
	struct ipfix_message m;
	unsigned n_known = 0;
	memset(&c, 0, sizeof(c));
	c.expected = below(rng, UINT32_MAX);
	const size_t room = IPFIX_MESSAGE_MAX - IPFIX_MESSAGE_MIN + 1;
	ipfix_begin(&m, IPFIX_MESSAGE_MIN + below(rng, (uint32_t)room));
	for (unsigned i = 0; i < ROWS; i++) {
		bool is_new;
		some_row(rng, def, &row[i]);
		clean_row(def, &row[i]);
		ipfix_record(def, &row[i], 77000000, &record);
		const uint16_t id = id_of(known, &n_known, &record.layout, &is_new);
		if (is_new && !ipfix_add_template(&m, id, &record.layout)) {
			hand_over(&c, &m);
			assert_true(ipfix_add_template(&m, id, &record.layout));
		}
		if (!ipfix_add_record(&m, id, &record)) {
			hand_over(&c, &m);
			assert_true(ipfix_add_record(&m, id, &record));
		}
	}
	hand_over(&c, &m);
	assert_int_equal(c.n_records, ROWS);
	for (unsigned i = 0; i < ROWS; i++)
		check_record(def, &row[i], &c.record[i]);
}

static void a_collector_reads_what_was_measured(void **state)
{
	struct rng rng = rng_seeded(11);
	char keys[KEYS_SIZE];
	unsigned accepted = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct err_msg msg = {0};
		some_keys(&rng, keys);
		struct flow_spec spec = exported(keys);
		spec.value = below(&rng, 2) ? "bytes" : "frames";
		spec.dropped = below(&rng, 2);
		struct program *p = program_compile(&spec, 1, &msg);
		if (p == NULL) // alternatives that a key does not tell apart, and IPFIX does
			assert_non_null(strstr(msg.text, "IPFIX has a name for"));
		else
			round_trip(&rng, &p->def[0]);
		accepted += p != NULL;
		program_free(p);
	}
	assert_true(accepted > ROUNDS / 2);
}

// The longest key of each kind fills a message, and no more.
static void the_longest_records_fit(void **state)
{
	static const char *const names[] = {"ipbytes", "ip6source", "ipttl", "null:ipttl"};
	struct rng rng = rng_seeded(5);
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		char keys[KEYS_SIZE];
		struct err_msg msg = {0};
		struct program *last = NULL, *p;
		struct strbuf b = strbuf_of(keys, sizeof(keys));
		const struct flow_spec spec = exported(keys);
		for (;;) {
			strbuf_fmt(&b, "%s%s", b.len > 0 ? "," : "", names[k]);
			p = program_compile(&spec, 1, &msg);
			if (p == NULL)
				break;
			program_free(last);
			last = p;
		}
		assert_non_null(last);
		if (last->def[0].n_part <= COLLECT_FIELDS - 6u)
			round_trip(&rng, &last->def[0]);
		program_free(last);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_collector_reads_what_was_measured),
		cmocka_unit_test(the_longest_records_fit),
	};
	return cmocka_run_group_tests_name("ipfix", tests, NULL, NULL);
}
