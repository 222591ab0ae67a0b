// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "sflow/rt.h"

#include <string.h>

#include "sflow/sflow.h"

enum rt_form {
	FORM_TEXT,
	FORM_BYTES,
	FORM_INTEGER,
	FORM_REAL
};

struct rt_type {
	const char *text;
	uint8_t form; ///< enum rt_form
	uint8_t size; ///< bytes of the value
};

static const struct rt_type metric_types[RT_METRIC_TYPES] = {
	[RT_METRIC_TEXT] = {"string", FORM_TEXT, 0},
	[RT_METRIC_COUNTER32] = {"counter32", FORM_INTEGER, 4},
	[RT_METRIC_COUNTER64] = {"counter64", FORM_INTEGER, 8},
	[RT_METRIC_GAUGE32] = {"gauge32", FORM_INTEGER, 4},
	[RT_METRIC_GAUGE64] = {"gauge64", FORM_INTEGER, 8},
	[RT_METRIC_FLOAT] = {"gaugeFloat", FORM_REAL, 4},
	[RT_METRIC_DOUBLE] = {"gaugeDouble", FORM_REAL, 8},
};

static const struct rt_type flow_types[RT_FLOW_TYPES] = {
	[RT_FLOW_TEXT] = {"string", FORM_TEXT, 0},    [RT_FLOW_MAC] = {"mac", FORM_BYTES, 6},
	[RT_FLOW_IP4] = {"ip", FORM_BYTES, 4},        [RT_FLOW_IP6] = {"ip6", FORM_BYTES, 16},
	[RT_FLOW_INT32] = {"int32", FORM_INTEGER, 4}, [RT_FLOW_INT64] = {"int64", FORM_INTEGER, 8},
	[RT_FLOW_FLOAT] = {"float", FORM_REAL, 4},    [RT_FLOW_DOUBLE] = {"double", FORM_REAL, 8},
};

static const struct rt_type *find(bool flow, uint32_t type)
{
	if (type >= (flow ? RT_FLOW_TYPES : RT_METRIC_TYPES))
		return NULL;
	return flow ? &flow_types[type] : &metric_types[type];
}

struct rt_walk rt_open(const struct record_value *metrics, uint32_t tag)
{
	return (struct rt_walk){
		.c = cursor_of(metrics->bytes, metrics->len),
		.n_left = (uint32_t)metrics->u,
		.flow = tag == SFLOW_RTFLOW,
	};
}

static const uint8_t *padded_bytes(struct cursor *c, uint32_t len)
{
	const uint8_t *bytes = cursor_bytes(c, len);
	cursor_skip(c, -len & 3);
	return bytes;
}

static double real(const uint8_t *bytes, size_t size)
{
	if (size == 8) {
		const uint64_t word = load_be64(bytes);
		double d;
		memcpy(&d, &word, sizeof(d));
		return d;
	}
	const uint32_t word = load_be32(bytes);
	float f;
	memcpy(&f, &word, sizeof(f));
	return (double)f;
}

static void read_value(struct cursor *c, const struct rt_type *type, struct rt_value *v)
{
	v->len = type->form == FORM_TEXT ? cursor_u32(c) : type->size;
	v->bytes = padded_bytes(c, v->len);
	if (c->bad)
		return;
	if (type->form == FORM_INTEGER)
		v->u = type->size == 8 ? load_be64(v->bytes) : load_be32(v->bytes);
	else if (type->form == FORM_REAL)
		v->f = real(v->bytes, type->size);
}

int rt_next(struct rt_walk *w, struct rt_value *v)
{
	if (w->n_left == 0)
		return 0;
	*v = (struct rt_value){.name_len = cursor_u32(&w->c)};
	v->name = (const char *)padded_bytes(&w->c, v->name_len);
	v->type = cursor_u32(&w->c);
	const struct rt_type *type = find(w->flow, v->type);
	if (type != NULL)
		read_value(&w->c, type, v);
	if (type == NULL || w->c.bad) {
		w->n_left = 0;
		return -1;
	}
	w->n_left--;
	return 1;
}

size_t rt_value_size(bool flow, uint32_t type)
{
	const struct rt_type *t = find(flow, type);
	// On the wire everything is a multiple of four.
	return t != NULL ? (t->size + 3u) & ~3u : 0;
}

const char *rt_type_text(bool flow, uint32_t type)
{
	const struct rt_type *t = find(flow, type);
	return t != NULL ? t->text : NULL;
}
