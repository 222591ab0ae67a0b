// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "decode_out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

// The longest value is a header or opaque record that fills a datagram: three characters a byte.
#define VALUE_SIZE (3 * 65536)

static void indent(struct out *o)
{
	if (o->format == OUT_JSON_INDENTED)
		fprintf(o->file, "\n%*s", (int)o->depth, "");
}

static void separate(struct out *o)
{
	if (!o->first)
		putc(',', o->file);
	o->first = false;
}

// The first bracket inside another stays on its line.
static void begin_bracket(struct out *o)
{
	if (o->first)
		return;
	putc(',', o->file);
	indent(o);
}

static void open_bracket(struct out *o, char opening, char closing)
{
	putc(opening, o->file);
	o->close[o->depth++] = closing;
	o->first = true;
}

void out_begin(struct out *o)
{
	o->depth = 0;
	o->prefix = NULL;
	if (out_is_json(o))
		open_bracket(o, '{', '}');
	out_line(o, "startDatagram =================================");
}

void out_end(struct out *o)
{
	out_line(o, "endDatagram   =================================");
	if (!out_is_json(o))
		return;
	out_close(o);
	fputs(o->format == OUT_JSON_INDENTED ? "\n\n" : "\n", o->file);
}

void out_close(struct out *o)
{
	if (!out_is_json(o))
		return;
	o->depth--;
	indent(o);
	putc(o->close[o->depth], o->file);
	o->first = false;
}

// How many bytes of UTF-8 (RFC 3629) begin at s; 0 when they are not UTF-8.
static size_t utf8_len(const uint8_t *s, size_t left)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	for (size_t len = 1; len <= 4 && len <= left; len++) {
		if ((s[0] & forms[len - 1].mask) != forms[len - 1].lead)
			continue;
		uint32_t code = s[0] & (uint8_t)~forms[len - 1].mask;
		for (size_t i = 1; i < len; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (s[i] & 0x3f);
		}
		const bool surrogate = code >= 0xd800 && code < 0xe000;
		return code >= forms[len - 1].least && code <= 0x10ffff && !surrogate ? len : 0;
	}
	return 0;
}

static void put_json(FILE *f, const char *text, size_t len)
{
	const uint8_t *s = (const uint8_t *)text;
	for (size_t i = 0; i < len;) {
		const size_t n = utf8_len(s + i, len - i);
		if (n == 0 || s[i] < 0x20 || s[i] == 0x7f) {
			fprintf(f, "\\u%04x", s[i]);
		} else {
			if (s[i] == '"' || s[i] == '\\')
				putc('\\', f);
			fwrite(s + i, 1, n, f);
		}
		i += n > 0 ? n : 1;
	}
}

static void put_text(FILE *f, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const uint8_t c = (uint8_t)text[i];
		if (c < 0x20 || c == 0x7f)
			fprintf(f, "\\x%02x", c);
		else
			putc(c, f);
	}
}

static void put_name(struct out *o, const char *name)
{
	void (*put)(FILE *, const char *, size_t) = out_is_json(o) ? put_json : put_text;
	if (o->prefix != NULL)
		put(o->file, o->prefix, strlen(o->prefix));
	put(o->file, name, strlen(name));
}

void out_array(struct out *o, const char *name)
{
	if (!out_is_json(o))
		return;
	begin_bracket(o);
	fprintf(o->file, "\"%s\":", name);
	open_bracket(o, '[', ']');
}

void out_object(struct out *o)
{
	if (!out_is_json(o))
		return;
	begin_bracket(o);
	open_bracket(o, '{', '}');
}

void out_bytes(struct out *o, const char *name, const char *text, size_t len)
{
	if (o->format == OUT_NONE)
		return;
	if (o->format == OUT_TEXT) {
		put_name(o, name);
		putc(' ', o->file);
		put_text(o->file, text, len);
		putc('\n', o->file);
		return;
	}
	separate(o);
	indent(o);
	putc('"', o->file);
	put_name(o, name);
	fputs("\":\"", o->file);
	put_json(o->file, text, len);
	putc('"', o->file);
}

void out_item(struct out *o, const char *text)
{
	separate(o);
	indent(o);
	putc('"', o->file);
	put_json(o->file, text, strlen(text));
	putc('"', o->file);
}

void out_text(struct out *o, const char *name, const char *text)
{
	out_bytes(o, name, text, strlen(text));
}

void out_number(struct out *o, const char *name, uint64_t v)
{
	out_format(o, name, "%" PRIu64, v);
}

void out_format(struct out *o, const char *name, const char *fmt, ...)
{
	char text[128];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out_text(o, name, text);
}

void out_address(struct out *o, const char *name, const uint8_t *bytes, uint32_t len)
{
	static const struct record_field field = {.type = RECORD_ADDR};
	out_value(o, name, &(struct record_value){.field = &field, .bytes = bytes, .len = len});
}

void out_value(struct out *o, const char *name, const struct record_value *v)
{
	static char text[VALUE_SIZE + 1];
	if (o->format == OUT_NONE)
		return;
	struct strbuf b = strbuf_of(text, sizeof(text));
	record_format(&b, v);
	out_bytes(o, name, text, b.len);
}

void out_line(struct out *o, const char *fmt, ...)
{
	if (o->format != OUT_TEXT)
		return;
	va_list ap;
	va_start(ap, fmt);
	vfprintf(o->file, fmt, ap);
	va_end(ap);
	putc('\n', o->file);
}
