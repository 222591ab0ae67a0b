// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Values of fields as text, and back.

#include <string.h>

#include "base/addr.h"
#include "base/drop_reason.h"
#include "base/error.h"
#include "packet/field.h"

static uint64_t load(const uint8_t *b, size_t size)
{
	uint64_t v = 0;
	for (size_t i = 0; i < size; i++)
		v = v << 8 | b[i];
	return v;
}

static int store(uint8_t *b, size_t size, uint64_t v)
{
	for (size_t i = size; i-- > 0; v >>= 8)
		b[i] = (uint8_t)v;
	return v == 0 ? ERR_NONE : ERR_RANGE;
}

// Words that stand for a value. The first word of a value is the one that is written.
struct word {
	const char *text;
	uint32_t value;
};

static const struct word bool_words[] = {
	{"true", 1}, {"false", 0}, {"yes", 1}, {"no", 0}, {NULL, 0},
};

static const struct word ifindex_words[] = {
	{"unknown", PACKET_PORT_UNKNOWN},
	{"internal", PACKET_PORT_INTERNAL},
	{"discard", PACKET_PORT_DISCARD},
	{"multiple", PACKET_PORT_MULTIPLE},
	{NULL, 0},
};

static const struct word direction_words[] = {
	{"unknown", DIRECTION_UNKNOWN},
	{"ingress", DIRECTION_INGRESS},
	{"egress", DIRECTION_EGRESS},
	{NULL, 0},
};

static const struct word no_words[] = {{NULL, 0}};

static const struct word *words_of(enum field_kind kind)
{
	switch (kind) {
	case KIND_BOOL: return bool_words;
	case KIND_IFINDEX: return ifindex_words;
	case KIND_DIRECTION: return direction_words;
	default: return no_words;
	}
}

static void format_number(struct strbuf *b, enum field_kind kind, uint64_t v)
{
	for (const struct word *w = words_of(kind); w->text != NULL; w++)
		if (w->value == v) {
			strbuf_str(b, w->text);
			return;
		}
	strbuf_u64(b, v);
}

static void format_reason(struct strbuf *b, uint32_t code)
{
	const char *name = drop_reason_name(code);
	if (name != NULL)
		strbuf_str(b, name);
	else
		strbuf_u64(b, code);
}

static void format_flags(struct strbuf *b, uint64_t v, unsigned bits)
{
	while (bits-- > 0)
		strbuf_char(b, v >> bits & 1 ? '1' : '0');
}

void field_format(struct strbuf *b, enum field_kind kind, const uint8_t *value, size_t size,
		  unsigned bits)
{
	switch (kind) {
	case KIND_IP4: addr_ip4_format(b, value); break;
	case KIND_IP6: addr_ip6_format(b, value); break;
	case KIND_MAC: addr_mac_format(b, value); break;
	case KIND_FLAGS: format_flags(b, load(value, size), bits); break;
	case KIND_REASON: format_reason(b, (uint32_t)load(value, size)); break;
	case KIND_TEXT:
		strbuf_bytes(b, (const char *)value, strnlen((const char *)value, size));
		break;
	case KIND_UINT:
	case KIND_BOOL:
	case KIND_IFINDEX:
	case KIND_DIRECTION: format_number(b, kind, load(value, size)); break;
	}
}

static int parse_decimal(const char *text, size_t len, uint64_t *out)
{
	uint64_t v = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return ERR_INVALID;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(text[i] - '0'), &v))
			return ERR_RANGE;
	}
	*out = v;
	return len > 0 ? ERR_NONE : ERR_INVALID;
}

static int parse_number(enum field_kind kind, const char *text, size_t len, uint8_t *value,
			size_t size, unsigned bits)
{
	for (const struct word *w = words_of(kind); w->text != NULL; w++)
		if (strlen(w->text) == len && memcmp(w->text, text, len) == 0)
			return store(value, size, w->value);
	if (kind == KIND_BOOL || kind == KIND_DIRECTION)
		return ERR_INVALID;
	uint64_t v;
	const int err = parse_decimal(text, len, &v);
	if (err != 0)
		return err;
	const uint64_t max = kind == KIND_IFINDEX ? PACKET_PORT_INTERNAL
			     : bits < 64          ? ((uint64_t)1 << bits) - 1
						  : UINT64_MAX;
	return v > max ? ERR_RANGE : store(value, size, v);
}

static int parse_reason(const char *text, size_t len, uint8_t *value, size_t size)
{
	uint32_t code;
	if (drop_reason_parse(text, len, &code) == 0)
		return store(value, size, code);
	return parse_number(KIND_UINT, text, len, value, size, 32);
}

static int parse_flags(const char *text, size_t len, uint8_t *value, size_t size, unsigned bits)
{
	uint64_t v = 0;
	if (len != bits)
		return ERR_INVALID;
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '0' && text[i] != '1')
			return ERR_INVALID;
		v = v << 1 | (text[i] == '1');
	}
	return store(value, size, v);
}

static int parse_ip(uint32_t family, const char *text, uint8_t *value)
{
	struct addr a;
	if (addr_parse(text, &a) != 0 || a.family != family)
		return ERR_INVALID;
	memcpy(value, a.bytes, family == ADDR_IP4 ? 4 : 16);
	return ERR_NONE;
}

static int parse_address(enum field_kind kind, const char *text, size_t len, uint8_t *value)
{
	char copy[ADDR_TEXT_SIZE];
	if (len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
		return ERR_INVALID;
	memcpy(copy, text, len);
	copy[len] = '\0';
	switch (kind) {
	case KIND_IP4: return parse_ip(ADDR_IP4, copy, value);
	case KIND_IP6: return parse_ip(ADDR_IP6, copy, value);
	default: return addr_mac_parse(copy, value);
	}
}

static int parse_text(const char *text, size_t len, uint8_t *value, size_t size)
{
	if (len > size)
		return ERR_RANGE;
	memcpy(value, text, len);
	memset(value + len, 0, size - len);
	return ERR_NONE;
}

int field_parse(enum field_kind kind, const char *text, size_t len, uint8_t *value, size_t size,
		unsigned bits)
{
	switch (kind) {
	case KIND_IP4:
	case KIND_IP6:
	case KIND_MAC: return parse_address(kind, text, len, value);
	case KIND_FLAGS: return parse_flags(text, len, value, size, bits);
	case KIND_REASON: return parse_reason(text, len, value, size);
	case KIND_TEXT: return parse_text(text, len, value, size);
	case KIND_UINT:
	case KIND_BOOL:
	case KIND_IFINDEX:
	case KIND_DIRECTION: return parse_number(kind, text, len, value, size, bits);
	}
	return ERR_INVALID;
}
