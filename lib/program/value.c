// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "program/value.h"

#include <string.h>

#include "base/addr.h"
#include "program/key.h"

static const struct field text_form = {.kind = KIND_TEXT, .size = FUNCTION_TEXT_MAX};

bool value_of(const struct key_expr *e, const struct packet *p, struct key_value *out)
{
	const unsigned alt = key_expr_read(e, p, out->bytes);
	if (alt > 0) {
		out->form = e->alt[alt - 1].field;
		out->size = out->form->kind != KIND_TEXT
				    ? out->form->size
				    : strnlen((const char *)out->bytes, out->form->size);
		return true;
	}
	if (!e->optional || e->absent[0] == '\0')
		return false;
	out->form = &text_form;
	out->size = strnlen(e->absent, FUNCTION_TEXT_MAX);
	memcpy(out->bytes, e->absent, out->size);
	return true;
}

size_t value_text(const struct key_value *v, char *text)
{
	struct strbuf b = strbuf_of(text, VALUE_TEXT_SIZE);
	field_format(&b, (enum field_kind)v->form->kind, v->bytes, v->size, v->form->bits);
	return b.len;
}

bool value_to_number(const struct key_value *v, uint64_t *out)
{
	uint64_t n = 0;
	if (v->form->kind != KIND_TEXT) {
		for (size_t i = 0; i < v->size && v->size <= 8; i++)
			n = n << 8 | v->bytes[i];
		*out = n;
		return v->size <= 8;
	}
	for (size_t i = 0; i < v->size; i++)
		if (v->bytes[i] < '0' || v->bytes[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(v->bytes[i] - '0'), &n))
			return false;
	*out = n;
	return v->size > 0;
}

size_t value_width(const struct field *form)
{
	switch ((enum field_kind)form->kind) {
	case KIND_TEXT: return form->size;
	case KIND_IP4: return 15;
	case KIND_IP6: return ADDR_TEXT_SIZE - 1;
	case KIND_MAC: return 12;
	case KIND_BOOL: return 5;
	case KIND_FLAGS: return form->bits;
	case KIND_DIRECTION:
	case KIND_IFINDEX: return 10;
	case KIND_REASON: return 48;
	case KIND_UINT: break;
	}
	return form->size >= 8 ? 20 : (form->size * 5u + 1) / 2; // 3, 5, 8, 10 digits, and so on
}

struct field value_text_form(size_t size)
{
	struct field form = text_form;
	form.size = (uint16_t)(size < FUNCTION_TEXT_MAX ? size : FUNCTION_TEXT_MAX);
	return form;
}

struct field value_common_form(const struct key_expr *e, unsigned n)
{
	const struct field *first = e[0].alt[0].field;
	bool same = true;
	size_t width = 0;
	for (unsigned i = 0; i < n; i++) {
		same &= !e[i].optional;
		if (e[i].optional && strlen(e[i].absent) > width)
			width = strlen(e[i].absent);
		for (unsigned k = 0; k < e[i].n_alt; k++) {
			const struct field *f = e[i].alt[k].field;
			same &= key_form_equal(first, f);
			if (value_width(f) > width)
				width = value_width(f);
		}
	}
	struct field form = value_text_form(width);
	if (same) {
		form.kind = first->kind;
		form.size = first->size;
		form.bits = first->bits;
	}
	return form;
}

size_t value_put(const struct field *form, const struct key_value *v, uint8_t *out)
{
	if (form->kind == v->form->kind) {
		const size_t n = v->size < form->size ? v->size : form->size;
		memcpy(out, v->bytes, n);
		return n;
	}
	char text[VALUE_TEXT_SIZE];
	size_t n = value_text(v, text);
	n = n < form->size ? n : form->size;
	memcpy(out, text, n);
	return n;
}
