// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/addr.h"
#include "sflow/record.h"

double record_number(const struct record_value *v)
{
	switch (v->field->type) {
	case RECORD_F32: return v->f;
	case RECORD_PERCENT: return (double)v->i / 100;
	case RECORD_I32: return (double)v->i;
	default: return (double)v->u;
	}
}

static void put_hex(struct strbuf *b, const uint8_t *bytes, size_t len, const char *digits,
		    char separator)
{
	for (size_t i = 0; i < len; i++) {
		if (separator != 0 && i > 0)
			strbuf_char(b, separator);
		strbuf_char(b, digits[bytes[i] >> 4]);
		strbuf_char(b, digits[bytes[i] & 15]);
	}
}

static const char lower[] = "0123456789abcdef";
static const char upper[] = "0123456789ABCDEF";

// sflowtool writes IPv6 in full.
static void put_ip6(struct strbuf *b, const uint8_t *bytes)
{
	for (int i = 0; i < 16; i += 2) {
		if (i > 0)
			strbuf_char(b, ':');
		put_hex(b, bytes + i, 2, lower, 0);
	}
}

static void put_addr(struct strbuf *b, const struct record_value *v)
{
	if (v->len == 4)
		addr_ip4_format(b, v->bytes);
	else if (v->len == 16)
		put_ip6(b, v->bytes);
	else
		strbuf_char(b, '-');
}

static void put_uuid(struct strbuf *b, const uint8_t *bytes)
{
	static const uint8_t parts[] = {4, 2, 2, 2, 6};
	for (size_t i = 0; i < sizeof(parts); i++) {
		if (i > 0)
			strbuf_char(b, '-');
		put_hex(b, bytes, parts[i], lower, 0);
		bytes += parts[i];
	}
}

static void put_percent(struct strbuf *b, int64_t hundredths)
{
	if (hundredths == -1)
		strbuf_str(b, "unknown");
	else
		strbuf_fmt(b, "%.2f", (double)(uint32_t)hundredths / 100);
}

static void put_key(struct strbuf *b, const struct record_value *v)
{
	for (uint32_t i = 0; i < v->len; i++) {
		const uint8_t c = v->bytes[i];
		if (isalnum(c)) {
			strbuf_char(b, (char)c);
		} else if (isspace(c)) {
			strbuf_char(b, '+');
		} else {
			strbuf_char(b, '%');
			put_hex(b, &c, 1, upper, 0);
		}
	}
}

static void put_list_item(struct strbuf *b, enum record_type type, const uint8_t *item)
{
	const uint32_t word = load_be32(item);
	switch (type) {
	case RECORD_LABELS:
		strbuf_fmt(b, "%u.%u.%u.%u", word >> 12, word >> 9 & 7, word >> 8 & 1, word & 255);
		break;
	case RECORD_VLANS:
		strbuf_fmt(b, "0x%04x%u.%u.%u", word >> 16, word >> 13 & 7, word >> 12 & 1,
			   word & 4095);
		break;
	case RECORD_PERCENTS: put_percent(b, (int32_t)word); break;
	case RECORD_MACS: put_hex(b, item, 6, lower, 0); break;
	default: strbuf_u64(b, word); break;
	}
}

static void put_list(struct strbuf *b, enum record_type type, const uint8_t *items, uint32_t len)
{
	const uint32_t size = type == RECORD_MACS ? 8 : 4;
	for (uint32_t at = 0; at + size <= len; at += size) {
		if (at > 0)
			strbuf_char(b, '-');
		put_list_item(b, type, items + at);
	}
}

// Sets in parentheses, nothing between two segments.
static void put_as_path(struct strbuf *b, const struct record_value *v)
{
	struct cursor c = cursor_of(v->bytes, v->len);
	while (cursor_left(&c) >= 8) {
		const bool set = cursor_u32(&c) == 1;
		const uint32_t len = cursor_u32(&c) * 4;
		const uint8_t *items = cursor_bytes(&c, len);
		if (items == NULL)
			return;
		if (set)
			strbuf_char(b, '(');
		put_list(b, RECORD_U32_LIST, items, len);
		if (set)
			strbuf_char(b, ')');
	}
}

static void put_port(struct strbuf *b, const struct record_value *v)
{
	static const char *const formats[] = {"", "dropCode ", "multiple ", "format==3 "};
	if (v->u < 4)
		strbuf_str(b, formats[v->u]);
	else
		strbuf_fmt(b, "format==%" PRIu64 " ", v->u);
	strbuf_fmt(b, "%" PRId64, v->i);
}

static void put_v4_output(struct strbuf *b, const struct record_value *v)
{
	if (v->u == 2 && v->i == 0)
		strbuf_str(b, "multiple >1");
	else
		put_port(b, v);
}

static void put_number(struct strbuf *b, const struct record_value *v)
{
	const char *text =
		v->field->named ? sflow_enum_text(v->field->enumeration, (uint32_t)v->u) : NULL;
	if (text != NULL)
		strbuf_str(b, text);
	else if (v->field->named)
		strbuf_fmt(b, "<out-of-range=%" PRIu64 ">", v->u);
	else
		strbuf_u64(b, v->u);
}

void record_format(struct strbuf *b, const struct record_value *v)
{
	const enum record_type type = v->field->type;
	switch (type) {
	case RECORD_F32: strbuf_fmt(b, "%.3f", v->f); break;
	case RECORD_PERCENT: put_percent(b, v->i); break;
	case RECORD_HEX64: strbuf_fmt(b, "%016" PRIx64, v->u); break;
	case RECORD_IP4:
	case RECORD_IP6:
	case RECORD_ADDR: put_addr(b, v); break;
	case RECORD_MAC: put_hex(b, v->bytes, v->len, lower, 0); break;
	case RECORD_UUID: put_uuid(b, v->bytes); break;
	case RECORD_TEXT:
	case RECORD_CHARS16: strbuf_bytes(b, (const char *)v->bytes, v->len); break;
	case RECORD_KEY: put_key(b, v); break;
	case RECORD_OPAQUE:
	case RECORD_HEADER:
	case RECORD_REST:
	case RECORD_METRICS:
	case RECORD_FLOW_RECORDS:
	case RECORD_COUNTER_RECORDS: put_hex(b, v->bytes, v->len, upper, '-'); break;
	case RECORD_U32_LIST:
	case RECORD_PERCENTS:
	case RECORD_LABELS:
	case RECORD_VLANS:
	case RECORD_MACS: put_list(b, type, v->bytes, v->len); break;
	case RECORD_AS_PATH: put_as_path(b, v); break;
	case RECORD_SOURCE:
	case RECORD_SOURCE_EXPANDED: strbuf_fmt(b, "%" PRIu64 ":%" PRId64, v->u, v->i); break;
	case RECORD_PORT:
	case RECORD_PORT_EXPANDED: put_port(b, v); break;
	case RECORD_V4_OUTPUT: put_v4_output(b, v); break;
	default: put_number(b, v); break;
	}
}
