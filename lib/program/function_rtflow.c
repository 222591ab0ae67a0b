// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "program/function_rtflow.h"

#include <inttypes.h>
#include <string.h>

#include "base/cursor.h"
#include "base/custom_name.h"
#include "program/value.h"
#include "sflow/rt.h"
#include "sflow/sflow.h"

static const struct type {
	const char *name;
	struct field form;
	uint32_t type; ///< enum rt_flow_type
} types[] = {
	{"mac", {.kind = KIND_MAC, .size = 6, .bits = 48}, RT_FLOW_MAC},
	{"ip", {.kind = KIND_IP4, .size = 4, .bits = 32}, RT_FLOW_IP4},
	{"ip6", {.kind = KIND_IP6, .size = 16, .bits = 128}, RT_FLOW_IP6},
};

static bool read_size(const char *text, uint64_t *size)
{
	const struct field form = {.kind = KIND_TEXT};
	struct key_value v = {.form = &form, .size = strlen(text)};
	if (v.size > 3)
		return false;
	memcpy(v.bytes, text, v.size);
	return value_to_number(&v, size) && *size >= 1 && *size <= FUNCTION_TEXT_MAX;
}

// The form is that of a text of any type, or that of one type.
int rtflow_compile(struct function *f, const struct program_tables *tables, struct err_msg *msg)
{
	(void)tables;
	uint64_t size = PROGRAM_RTFLOW_SIZE;
	const char *name = f->text[0];
	f->form = value_text_form(size);
	f->low = RT_FLOW_TYPES; // any
	if (!custom_name_ok(name, (uint32_t)strlen(name), false))
		return err_set(
			msg, ERR_INVALID,
			"rtflow: got \"%s\", expected a name of at most %d letters, digits, - "
			"and _",
			name, CUSTOM_NAME_MAX);
	if (f->n_text == 1)
		return 0;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(f->text[1], types[i].name) != 0)
			continue;
		f->form = types[i].form;
		f->low = types[i].type;
		return 0;
	}
	if (!read_size(f->text[1], &size))
		return err_set(
			msg, ERR_INVALID,
			"rtflow: got \"%s\", expected mac, ip, ip6 or the bytes of a text, 1 "
			"to %d",
			f->text[1], FUNCTION_TEXT_MAX);
	f->form = value_text_form(size);
	return 0;
}

static bool find(const struct function *f, const struct packet *p, struct rt_value *v)
{
	const uint32_t at = p->first[LAYER_RTFLOW];
	const uint8_t *b = at != 0 ? packet_bytes(p, SPACE_RECORD, at, 4) : NULL;
	if (b == NULL)
		return false;
	const struct record_value list = {
		.u = load_be32(b), .bytes = b + 4, .len = p->end[SPACE_RECORD] - at - 4};
	const size_t len = strlen(f->text[0]);
	struct rt_walk w = rt_open(&list, SFLOW_RTFLOW);
	while (rt_next(&w, v) > 0)
		if (v->name_len == len && memcmp(v->name, f->text[0], len) == 0)
			return true;
	return false;
}

static void put_text(struct strbuf *b, const struct rt_value *v)
{
	switch (v->type) {
	case RT_FLOW_TEXT: strbuf_bytes(b, (const char *)v->bytes, v->len); break;
	case RT_FLOW_MAC: field_format(b, KIND_MAC, v->bytes, 6, 48); break;
	case RT_FLOW_IP4: field_format(b, KIND_IP4, v->bytes, 4, 32); break;
	case RT_FLOW_IP6: field_format(b, KIND_IP6, v->bytes, 16, 128); break;
	case RT_FLOW_INT32: strbuf_fmt(b, "%" PRId32, (int32_t)v->u); break;
	case RT_FLOW_INT64: strbuf_fmt(b, "%" PRId64, (int64_t)v->u); break;
	case RT_FLOW_FLOAT: strbuf_fmt(b, "%.7g", v->f); break;
	default: strbuf_fmt(b, "%.15g", v->f);
	}
}

size_t rtflow_evaluate(const struct function *f, const struct packet *p, uint8_t *out)
{
	struct rt_value v;
	char text[VALUE_TEXT_SIZE];
	if (!find(f, p, &v))
		return 0;
	if (f->low != RT_FLOW_TYPES) {
		if (v.type != f->low)
			return 0;
		memcpy(out, v.bytes, f->form.size);
		return f->form.size;
	}
	struct strbuf b = strbuf_of(text, f->form.size + 1u);
	put_text(&b, &v);
	const size_t n = strnlen(text, b.len); // texts of the wire may hold a NUL
	memcpy(out, text, n);
	return n;
}

// Sums only grow: what is negative, or larger than any counter, is no value.
bool rtflow_number(const struct function *f, const struct packet *p, double *value)
{
	struct rt_value v;
	if (!find(f, p, &v))
		return false;
	switch (v.type) {
	case RT_FLOW_INT32: *value = (int32_t)v.u; break;
	case RT_FLOW_INT64: *value = (double)(int64_t)v.u; break;
	case RT_FLOW_FLOAT:
	case RT_FLOW_DOUBLE: *value = v.f; break;
	default: return false;
	}
	return *value >= 0 && *value <= 0x1p64;
}
