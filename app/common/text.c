// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "common/text.h"

#include <string.h>

static bool is_tail(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

// Second bytes that would make a character overlong, a surrogate, or beyond U+10FFFF.
static bool is_second(uint8_t first, uint8_t c)
{
	switch (first) {
	case 0xe0: return c >= 0xa0 && c <= 0xbf;
	case 0xed: return c >= 0x80 && c <= 0x9f;
	case 0xf0: return c >= 0x90 && c <= 0xbf;
	case 0xf4: return c >= 0x80 && c <= 0x8f;
	default: return is_tail(c);
	}
}

size_t text_char(const char *s, size_t size)
{
	const uint8_t *u = (const uint8_t *)s;
	if (size == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	const size_t len = u[0] >= 0xc2 && u[0] <= 0xdf   ? 2
			   : (u[0] & 0xf0) == 0xe0        ? 3
			   : u[0] >= 0xf0 && u[0] <= 0xf4 ? 4
							  : 0;
	if (len == 0 || len > size || !is_second(u[0], u[1]))
		return 0;
	for (size_t i = 2; i < len; i++)
		if (!is_tail(u[i]))
			return 0;
	return len;
}

bool text_is_utf8(const char *s)
{
	size_t left = strlen(s), len;
	for (; left > 0; s += len, left -= len)
		if ((len = text_char(s, left)) == 0)
			return false;
	return true;
}

void text_make_utf8(char *s)
{
	for (size_t left = strlen(s); left > 0;) {
		size_t len = text_char(s, left);
		if (len == 0) {
			*s = '?';
			len = 1;
		}
		s += len;
		left -= len;
	}
}

void text_make_printable(char *s)
{
	uint8_t *u = (uint8_t *)s;
	for (; *u != '\0'; u++) {
		if (*u < 0x20 || *u == 0x7f)
			*u = '?';
		else if (u[0] == 0xc2 && u[1] >= 0x80 && u[1] < 0xa0) // U+0080 to U+009F
			u[0] = u[1] = '?';
	}
}

size_t text_columns(const char *s)
{
	size_t n = 0;
	for (; *s != '\0'; s++)
		n += !is_tail((uint8_t)*s);
	return n;
}

size_t text_cut(const char *s, size_t columns)
{
	size_t i = 0;
	for (; s[i] != '\0'; i++)
		if (!is_tail((uint8_t)s[i]) && columns-- == 0)
			break;
	return i;
}

void text_hexdump(struct strbuf *b, const char *indent, const uint8_t *bytes, size_t len)
{
	for (size_t at = 0; at < len; at += 16) {
		const size_t n = len - at < 16 ? len - at : 16;
		strbuf_fmt(b, "%s%04zx ", indent, at);
		for (size_t i = 0; i < 16; i++) {
			strbuf_str(b, i == 8 ? "  " : " ");
			if (i < n)
				strbuf_fmt(b, "%02x", bytes[at + i]);
			else
				strbuf_str(b, "  ");
		}
		strbuf_str(b, "  |");
		for (size_t i = 0; i < n; i++) {
			const uint8_t c = bytes[at + i];
			strbuf_char(b, c >= 0x20 && c < 0x7f ? (char)c : '.');
		}
		strbuf_str(b, "|\n");
	}
}
