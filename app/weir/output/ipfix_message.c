// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/output/ipfix_message.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/cursor.h"
#include "program/element.h"

enum {
	VERSION = 10,
	HEADER = 16,  // bytes of a message's header
	SET = 4,      // of a set's
	TEMPLATE = 4, // of a template's
	FIELD = 4,    // of a field in it
	SET_TEMPLATES = 2,
	ALIGN = 4,  // of sets
	DOMAIN = 0, // flows of many agents: no observation domain of ours is meant
};

// Information elements in front of the key's.
enum {
	IE_FLOW_DIRECTION = 61,
	IE_EXPORTER_IP4 = 130,
	IE_EXPORTER_IP6 = 131,
	IE_OBSERVATION_POINT = 138,
	IE_FLOW_START_MS = 152,
	IE_FLOW_END_MS = 153,
};

// A part of a key has at least one byte, and no element of so short a one has more than four: the
// longest record is made of two-byte numbers as unsigned64.
static_assert(HEADER + SET + TEMPLATE + FIELD * IPFIX_FIELDS_MAX + ALIGN <= IPFIX_MESSAGE_MIN,
	      "any template fits an empty message");
static_assert(HEADER + SET + 49 + (PROGRAM_KEY_MAX - PROGRAM_KEY_SOURCE) / 2 * 8 + ALIGN <=
		      IPFIX_MESSAGE_MIN,
	      "any record fits an empty message");

static void put(struct ipfix_record *r, uint16_t id, const void *value, size_t size)
{
	r->layout.field[r->layout.n++] = (struct ipfix_field){.id = id, .size = (uint16_t)size};
	memcpy(r->data + r->len, value, size);
	r->len += size;
}

static void put_number(struct ipfix_record *r, uint16_t id, uint64_t v, size_t size)
{
	const uint64_t most = size < 8 ? ((uint64_t)1 << 8 * size) - 1 : UINT64_MAX;
	uint8_t bytes[8];
	store_be64(bytes, v < most ? v : most);
	put(r, id, bytes + 8 - size, size);
}

static void put_agent(struct ipfix_record *r, const struct addr *agent)
{
	if (agent->family == ADDR_IP4)
		put(r, IE_EXPORTER_IP4, agent->bytes, 4);
	else if (agent->family == ADDR_IP6)
		put(r, IE_EXPORTER_IP6, agent->bytes, 16);
}

// 0 is ingress there, and there is no number for what is not known.
static void put_direction(struct ipfix_record *r, uint32_t direction)
{
	if (direction == DIRECTION_INGRESS || direction == DIRECTION_EGRESS)
		put_number(r, IE_FLOW_DIRECTION, direction == DIRECTION_EGRESS, 1);
}

static void put_part(struct ipfix_record *r, const struct field *f, const uint8_t *value)
{
	const struct element *e = element_of(f);
	uint64_t v = 0;
	if (f->kind == KIND_IP4 || f->kind == KIND_IP6 || f->kind == KIND_MAC) {
		put(r, e->id, value, e->size);
		return;
	}
	for (unsigned i = 0; i < f->size; i++)
		v = v << 8 | value[i];
	put_number(r, e->id, v << e->shift, e->size);
}

static uint64_t milliseconds(uint64_t time, int64_t offset)
{
	return (time + (uint64_t)offset) / 1000000;
}

static uint64_t count_of(double total)
{
	return total >= 0x1p63 ? INT64_MAX : total > 0 ? (uint64_t)llround(total) : 0;
}

void ipfix_record(const struct flow_def *def, const struct completed_row *row, int64_t offset,
		  struct ipfix_record *out)
{
	const struct flow_row *flow = &row->flow;
	const struct element *value = element_of_value(def);
	out->layout.n = 0;
	out->len = 0;
	put_number(out, IE_FLOW_START_MS, milliseconds(row->start, offset), 8);
	put_number(out, IE_FLOW_END_MS, milliseconds(row->end, offset), 8);
	put_number(out, value->id, count_of(flow->value), value->size);
	put_agent(out, &flow->agent);
	put_number(out, IE_OBSERVATION_POINT, (uint64_t)flow->ds_class << 32 | flow->ds_index, 8);
	put_direction(out, flow->direction);
	for (unsigned i = 0; i < def->n_part; i++) {
		const uint8_t *bytes;
		const struct field *f = flow_def_key_part(def, flow->key, i, &bytes);
		if (f != NULL)
			put_part(out, f, bytes);
	}
}

bool ipfix_layout_equal(const struct ipfix_layout *a, const struct ipfix_layout *b)
{
	return a->n == b->n && memcmp(a->field, b->field, a->n * sizeof(a->field[0])) == 0;
}

void ipfix_begin(struct ipfix_message *m, size_t max)
{
	m->max = max;
	m->len = HEADER;
	m->set = 0;
	m->n_records = 0;
}

bool ipfix_is_empty(const struct ipfix_message *m)
{
	return m->len <= HEADER;
}

static size_t aligned(size_t len)
{
	return (len + ALIGN - 1) / ALIGN * ALIGN;
}

// Padding is shorter than any record, so nobody takes it for one.
static void close_set(struct ipfix_message *m)
{
	if (m->set == 0)
		return;
	const size_t end = aligned(m->len);
	memset(m->data + m->len, 0, end - m->len);
	m->len = end;
	store_be16(m->data + m->set, m->set_id);
	store_be16(m->data + m->set + 2, (uint16_t)(m->len - m->set));
	m->set = 0;
}

// Room for @p size bytes in a set of this id; NULL when there is none.
static uint8_t *take(struct ipfix_message *m, uint16_t id, size_t size)
{
	const bool goes_on = m->set != 0 && m->set_id == id;
	const size_t at = goes_on ? m->len : aligned(m->len) + SET;
	if (aligned(at + size) > m->max)
		return NULL;
	if (!goes_on) {
		close_set(m);
		m->set = m->len;
		m->set_id = id;
	}
	m->len = at + size;
	return m->data + at;
}

bool ipfix_add_template(struct ipfix_message *m, uint16_t id, const struct ipfix_layout *layout)
{
	uint8_t *p = take(m, SET_TEMPLATES, TEMPLATE + FIELD * layout->n);
	if (p == NULL)
		return false;
	store_be16(p, id);
	store_be16(p + 2, (uint16_t)layout->n);
	p += TEMPLATE;
	for (uint32_t i = 0; i < layout->n; i++, p += FIELD) {
		store_be16(p, layout->field[i].id);
		store_be16(p + 2, layout->field[i].size);
	}
	return true;
}

bool ipfix_add_record(struct ipfix_message *m, uint16_t id, const struct ipfix_record *record)
{
	uint8_t *p = take(m, id, record->len);
	if (p == NULL)
		return false;
	memcpy(p, record->data, record->len);
	m->n_records++;
	return true;
}

void ipfix_end(struct ipfix_message *m, uint32_t time, uint32_t sequence)
{
	close_set(m);
	store_be16(m->data, VERSION);
	store_be16(m->data + 2, (uint16_t)m->len);
	store_be32(m->data + 4, time);
	store_be32(m->data + 8, sequence);
	store_be32(m->data + 12, DOMAIN);
}
