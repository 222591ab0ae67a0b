// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// A collector of IPFIX for tests, written from RFC 7011 alone: what is not as it says there fails
/// the test.
///
///     struct ipfix_collector c = {0};
///     collect(&c, data, len);
///     ... c.record[0 .. c.n_records), found(&c.record[i], 8) ...

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	COLLECT_FIELDS = 300,
	COLLECT_RECORDS = 512,
	COLLECT_TEMPLATES = 64,
};

struct collected_field {
	uint16_t id, size;
	uint8_t value[16];
};

struct collected {
	uint16_t template;
	unsigned n;
	struct collected_field field[COLLECT_FIELDS];
};

struct ipfix_collector {
	struct collected template[COLLECT_TEMPLATES]; // without values
	unsigned n_templates, n_template_sets;
	struct collected record[COLLECT_RECORDS];
	unsigned n_records;
	uint32_t sequence, time; // of the latest message
	uint32_t expected;       // sequence of the next one
};

static inline unsigned be(const uint8_t *p, unsigned size)
{
	unsigned v = 0;
	for (unsigned i = 0; i < size; i++)
		v = v << 8 | p[i];
	return v;
}

static inline struct collected *template_of(struct ipfix_collector *c, unsigned id)
{
	for (unsigned i = 0; i < c->n_templates; i++)
		if (c->template[i].template == id)
			return &c->template[i];
	return NULL;
}

static inline void collect_templates(struct ipfix_collector *c, const uint8_t *p, size_t len)
{
	while (len >= 4) {
		struct collected t = {.template = (uint16_t)be(p, 2), .n = be(p + 2, 2)};
		p += 4, len -= 4;
		assert_in_range(t.template, 256, 65535);
		assert_in_range(t.n, 1, COLLECT_FIELDS);
		assert_true(len >= 4 * t.n);
		for (unsigned i = 0; i < t.n; i++, p += 4, len -= 4) {
			assert_true(p[0] < 0x80); // no enterprise's element
			t.field[i].id = (uint16_t)be(p, 2);
			t.field[i].size = (uint16_t)be(p + 2, 2);
			assert_in_range(t.field[i].size, 1, 16);
		}
		struct collected *known = template_of(c, t.template);
		if (known != NULL) // over UDP the same may come again, another must not
			assert_memory_equal(known, &t, sizeof(t));
		else
			assert_true(c->n_templates < COLLECT_TEMPLATES);
		if (known == NULL)
			c->template[c->n_templates++] = t;
	}
}

static inline size_t size_of_record(const struct collected *t)
{
	size_t size = 0;
	for (unsigned i = 0; i < t->n; i++)
		size += t->field[i].size;
	return size;
}

static inline void collect_records(struct ipfix_collector *c, unsigned id, const uint8_t *p,
				   size_t len)
{
	const struct collected *t = template_of(c, id);
	assert_non_null(t); // it comes before its first record
	for (const size_t size = size_of_record(t); len >= size; len -= size) {
		assert_true(c->n_records < COLLECT_RECORDS);
		struct collected *r = &c->record[c->n_records++];
		*r = *t;
		for (unsigned i = 0; i < r->n; p += r->field[i].size, i++)
			memcpy(r->field[i].value, p, r->field[i].size);
	}
	for (size_t i = 0; i < len; i++)
		assert_int_equal(p[i], 0); // padding
}

static inline void collect(struct ipfix_collector *c, const uint8_t *data, size_t len)
{
	const unsigned before = c->n_records;
	assert_true(len >= 16 && len <= 65535);
	assert_int_equal(be(data, 2), 10);
	assert_int_equal(be(data + 2, 2), len);
	c->time = be(data + 4, 4);
	c->sequence = be(data + 8, 4);
	assert_int_equal(be(data + 12, 4), 0); // no domain
	for (size_t at = 16; at < len;) {
		assert_true(len - at >= 4);
		const unsigned id = be(data + at, 2), size = be(data + at + 2, 2);
		assert_in_range(size, 5, len - at);
		assert_int_equal(size % 4, 0);
		if (id == 2) {
			c->n_template_sets++;
			collect_templates(c, data + at + 4, size - 4);
		} else {
			assert_in_range(id, 256, 65535);
			collect_records(c, id, data + at + 4, size - 4);
		}
		at += size;
	}
	assert_int_equal(c->sequence, c->expected);
	c->expected = c->sequence + c->n_records - before;
}

// The first field of an element, or NULL.
static inline const struct collected_field *found(const struct collected *r, unsigned id)
{
	for (unsigned i = 0; i < r->n; i++)
		if (r->field[i].id == id)
			return &r->field[i];
	return NULL;
}

static inline uint64_t number_of(const struct collected *r, unsigned id)
{
	const struct collected_field *f = found(r, id);
	assert_non_null(f);
	uint64_t v = 0;
	for (unsigned i = 0; i < f->size; i++)
		v = v << 8 | f->value[i];
	return v;
}
