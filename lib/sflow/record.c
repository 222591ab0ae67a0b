// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "sflow/record.h"

#include <string.h>

#define NO_LABEL        RECORD_NO_LABEL, NULL
#define SAMPLE(text)    RECORD_SAMPLE_TYPE, text
#define EXTENDED(text)  RECORD_EXTENDED_TYPE, text
#define FLOW_TYPE(text) RECORD_FLOW_TYPE, text
#define OPTIONAL                        \
	{                               \
		.type = RECORD_OPTIONAL \
	}
#define REPEAT(nm, l, k)                                                                   \
	{                                                                                  \
		.name = nm, .list = l, .type = RECORD_REPEAT, .role = RECORD_LABEL, .n = k \
	}
#define FIELD(t, nm, mt, r)                                                      \
	{                                                                        \
		.name = nm, .metric = mt, .type = RECORD_##t, .role = RECORD_##r \
	}
#define ENUM(t, nm, mt, r, e)                                                     \
	{                                                                         \
		.name = nm, .metric = mt, .type = RECORD_##t, .role = RECORD_##r, \
		.enumeration = SFLOW_ENUM_##e                                     \
	}
#define SHOWN(t, nm, mt, r, e)                                                    \
	{                                                                         \
		.name = nm, .metric = mt, .type = RECORD_##t, .role = RECORD_##r, \
		.enumeration = SFLOW_ENUM_##e, .named = true                      \
	}

#define FIELDS(...) ((const struct record_field[]){__VA_ARGS__})

#define LABELLED(k, e, f, nm, as, text, ...)                                    \
	{.tag = SFLOW_TAG(e, f),                                                \
	 .kind = RECORD_##k,                                                    \
	 .label_as = as,                                                        \
	 .n_fields = sizeof(FIELDS(__VA_ARGS__)) / sizeof(struct record_field), \
	 .name = #nm,                                                           \
	 .label = text,                                                         \
	 .fields = FIELDS(__VA_ARGS__)},
#define RECORD(...) LABELLED(__VA_ARGS__)

static const struct record_layout layouts[] = {
#include "sflow/records.def"
};

#define N_LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

const struct record_layout *record_layouts(size_t *n)
{
	*n = N_LAYOUTS;
	return layouts;
}

static uint64_t layout_key(enum record_kind kind, uint32_t tag)
{
	return (uint64_t)kind << 32 | tag;
}

const struct record_layout *record_find(enum record_kind kind, uint32_t tag)
{
	const uint64_t key = layout_key(kind, tag);
	size_t low = 0, high = N_LAYOUTS;
	while (low < high) {
		const size_t mid = (low + high) / 2;
		if (layout_key(layouts[mid].kind, layouts[mid].tag) < key)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == N_LAYOUTS || layout_key(layouts[low].kind, layouts[low].tag) != key)
		return NULL;
	return &layouts[low];
}

static void read_bytes(struct cursor *c, struct record_value *v, uint32_t len)
{
	v->bytes = cursor_bytes(c, len);
	v->len = v->bytes != NULL ? len : 0;
}

// XDR opaque<>. The padding of the last one may be missing.
static void read_opaque(struct cursor *c, struct record_value *v, bool clamp)
{
	uint32_t len = cursor_u32(c);
	if (clamp && len > cursor_left(c))
		len = (uint32_t)cursor_left(c);
	read_bytes(c, v, len);
	const size_t padding = -len & 3;
	cursor_skip(c, padding < cursor_left(c) ? padding : cursor_left(c));
}

static void read_list(struct cursor *c, struct record_value *v, uint32_t item_size)
{
	v->u = cursor_u32(c);
	if (v->u > cursor_left(c) / item_size) {
		c->bad = true;
		return;
	}
	read_bytes(c, v, (uint32_t)v->u * item_size);
}

static void read_counted_rest(struct cursor *c, struct record_value *v)
{
	v->u = cursor_u32(c);
	read_bytes(c, v, (uint32_t)cursor_left(c));
}

static void read_as_path(struct cursor *c, struct record_value *v)
{
	v->u = cursor_u32(c);
	const uint8_t *start = c->p;
	for (uint32_t i = 0; i < v->u && !c->bad; i++) {
		cursor_skip(c, 4);
		const uint64_t n = cursor_u32(c);
		cursor_skip(c, n * 4);
	}
	v->bytes = start;
	v->len = (uint32_t)(c->p - start);
}

static void read_addr(struct cursor *c, struct record_value *v, bool filler)
{
	const uint32_t type = cursor_u32(c);
	if (type > ADDR_IP6)
		c->bad = true;
	if (type == ADDR_NONE && filler)
		cursor_skip(c, 4);
	read_bytes(c, v, type == ADDR_IP6 ? 16 : type == ADDR_IP4 ? 4 : 0);
}

static void read_pair(struct record_value *v, uint32_t u, uint32_t i)
{
	v->u = u;
	v->i = i;
}

static void read_f32(struct cursor *c, struct record_value *v)
{
	const uint32_t word = cursor_u32(c);
	float f;
	memcpy(&f, &word, sizeof(f));
	v->f = (double)f;
	v->unknown = f == -1.0f;
}

static void read_chars16(struct cursor *c, struct record_value *v)
{
	read_bytes(c, v, 16);
	while (v->len > 0 && v->bytes[v->len - 1] == 0)
		v->len--;
}

static void read_number(struct cursor *c, struct record_value *v)
{
	switch (v->field->type) {
	case RECORD_U8: v->u = cursor_u8(c); break;
	case RECORD_U64:
	case RECORD_HEX64:
		v->u = cursor_u64(c);
		v->unknown = v->u == UINT64_MAX;
		break;
	default:
		v->u = cursor_u32(c);
		v->unknown = v->u == UINT32_MAX;
		break;
	}
	v->i = v->field->type == RECORD_U64 ? (int64_t)v->u : (int32_t)v->u;
	if (v->field->role != RECORD_COUNTER && v->field->type != RECORD_PERCENT)
		v->unknown = false;
}

static void read_sample_part(struct cursor *c, struct record_value *v)
{
	const uint32_t word = cursor_u32(c);
	switch (v->field->type) {
	case RECORD_SOURCE: read_pair(v, word >> 24, word & 0xffffff); break;
	case RECORD_PORT: read_pair(v, word >> 30, word & 0x3fffffff); break;
	case RECORD_V4_OUTPUT: read_pair(v, word >> 31 ? 2 : 0, word & 0x7fffffff); break;
	default: read_pair(v, word, cursor_u32(c)); break;
	}
}

static void read_field(struct record_walk *w, struct record_value *v)
{
	struct cursor *c = &w->c;
	switch ((enum record_type)v->field->type) {
	case RECORD_F32: read_f32(c, v); break;
	case RECORD_IP4: read_bytes(c, v, 4); break;
	case RECORD_IP6:
	case RECORD_UUID: read_bytes(c, v, 16); break;
	case RECORD_MAC:
		read_bytes(c, v, 6);
		cursor_skip(c, 2);
		break;
	case RECORD_ADDR: read_addr(c, v, w->filler); break;
	case RECORD_TEXT:
	case RECORD_KEY:
	case RECORD_OPAQUE: read_opaque(c, v, false); break;
	case RECORD_HEADER: read_opaque(c, v, !w->unsized); break;
	case RECORD_CHARS16: read_chars16(c, v); break;
	case RECORD_REST: read_bytes(c, v, (uint32_t)cursor_left(c)); break;
	case RECORD_U32_LIST:
	case RECORD_PERCENTS:
	case RECORD_LABELS:
	case RECORD_VLANS: read_list(c, v, 4); break;
	case RECORD_MACS: read_list(c, v, 8); break;
	case RECORD_AS_PATH: read_as_path(c, v); break;
	case RECORD_METRICS:
	case RECORD_FLOW_RECORDS:
	case RECORD_COUNTER_RECORDS: read_counted_rest(c, v); break;
	case RECORD_SOURCE:
	case RECORD_SOURCE_EXPANDED:
	case RECORD_PORT:
	case RECORD_PORT_EXPANDED:
	case RECORD_V4_OUTPUT: read_sample_part(c, v); break;
	default: read_number(c, v); break;
	}
}

// The field to read now, or NULL at the end of the layout.
static const struct record_field *next_field(struct record_walk *w)
{
	if (w->n_again > 0 && w->at == w->again + w->n_again) {
		if (--w->n_repeat > 0) {
			w->at = w->again;
			w->index++;
		} else {
			w->n_again = 0;
			w->index = 0;
		}
	}
	if (w->at == w->layout->n_fields)
		return NULL;
	const struct record_field *f = &w->layout->fields[w->at++];
	if (f->type != RECORD_OPTIONAL)
		return f;
	w->optional = true;
	return next_field(w);
}

static void begin_repeat(struct record_walk *w, uint64_t times)
{
	w->again = w->at;
	w->n_again = w->layout->fields[w->at - 1].n;
	w->n_repeat = (uint32_t)times;
	if (times == 0) {
		w->at = (uint16_t)(w->at + w->n_again);
		w->n_again = 0;
	}
}

bool record_next(struct record_walk *w, struct record_value *v)
{
	if (w->c.bad || (w->optional && cursor_left(&w->c) == 0))
		return false;
	const struct record_field *f = next_field(w);
	if (f == NULL)
		return false;
	*v = (struct record_value){.field = f, .index = w->index};
	read_field(w, v);
	if (f->type == RECORD_REPEAT)
		begin_repeat(w, v->u);
	return !w->c.bad;
}

size_t record_appended(const struct record_walk *w)
{
	return cursor_left(&w->c);
}

// How much of the bytes a layout takes, or -1 when they do not hold it.
static ptrdiff_t measure(const struct record_walk *start)
{
	struct record_walk w = *start;
	struct record_value v;
	while (record_next(&w, &v))
		;
	if (w.c.bad && !w.optional)
		return -1;
	return w.c.p - start->c.p;
}

// Try all layouts of the tag; even = only one that uses up the record.
static bool choose(struct record_walk *w, const struct sflow_record *r, bool even)
{
	const struct record_layout *first = w->layout, *end = layouts + N_LAYOUTS;
	for (; w->layout < end && w->layout->tag == first->tag && w->layout->kind == first->kind;
	     w->layout++) {
		for (int filler = 0; filler <= even; filler++) {
			w->filler = filler;
			const ptrdiff_t used = measure(w);
			if (used >= 0 && (!even || (size_t)used == r->len))
				return true;
		}
	}
	w->layout = first;
	return false;
}

enum sflow_reason record_open(struct record_walk *w, enum record_kind kind,
			      const struct sflow_record *r)
{
	*w = (struct record_walk){.layout = record_find(kind, r->tag),
				  .c = cursor_of(r->body, r->len)};
	if (w->layout != NULL && (choose(w, r, true) || choose(w, r, false)))
		return SFLOW_OK;
	w->c = (struct cursor){.p = r->body, .end = r->body, .bad = true};
	return w->layout == NULL ? SFLOW_UNKNOWN : SFLOW_RECORD_SHORT;
}

enum sflow_reason record_open_unsized(struct record_walk *w, const struct record_layout *layout,
				      struct cursor *c)
{
	*w = (struct record_walk){.layout = layout, .c = *c, .unsized = true};
	const ptrdiff_t used = measure(w);
	if (used < 0) {
		c->bad = w->c.bad = true;
		return SFLOW_RECORD_SHORT;
	}
	w->c.end = w->c.p + used;
	cursor_skip(c, (size_t)used);
	return SFLOW_OK;
}
