// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct strbuf strbuf_of(char *text, size_t size)
{
	text[0] = '\0';
	return (struct strbuf){.text = text, .size = size};
}

void strbuf_bytes(struct strbuf *b, const char *s, size_t len)
{
	const size_t room = b->size - 1 - b->len;
	if (len > room) {
		len = room;
		b->cut = true;
	}
	memcpy(b->text + b->len, s, len);
	b->len += len;
	b->text[b->len] = '\0';
}

void strbuf_char(struct strbuf *b, char c)
{
	strbuf_bytes(b, &c, 1);
}

void strbuf_str(struct strbuf *b, const char *s)
{
	strbuf_bytes(b, s, strlen(s));
}

void strbuf_u64(struct strbuf *b, uint64_t v)
{
	char digits[20];
	size_t n = sizeof(digits);
	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	strbuf_bytes(b, digits + n, sizeof(digits) - n);
}

void strbuf_fmt(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const size_t room = b->size - b->len;
	const int n = vsnprintf(b->text + b->len, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= room) {
		b->cut = true;
		b->len = b->size - 1;
	} else {
		b->len += (size_t)n;
	}
}
