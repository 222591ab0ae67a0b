// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/schema.h"

#include "weir/config/schema_value.h"

enum {
	TEXT_SIZE = 64
};

// The character at @p s, valid UTF-8 as every text of a tree, and how many bytes it has.
static uint32_t decode(const unsigned char *s, unsigned *len)
{
	*len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = *len == 1 ? s[0] : s[0] & (0x7fu >> *len);
	for (unsigned i = 1; i < *len; i++)
		c = c << 6 | (s[i] & 0x3f);
	return c;
}

// What YAML would not read back as it is: controls, other line breaks, the byte order mark.
static bool needs_escape(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       c == 0xfffe || c == 0xffff;
}

void schema_print_text(FILE *f, const char *text)
{
	unsigned len;
	fputc('"', f);
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p += len) {
		const uint32_t c = decode(p, &len);
		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (needs_escape(c))
			fprintf(f, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
		else
			fwrite(p, 1, len, f);
	}
	fputc('"', f);
}

static void print_number(FILE *f, double v, enum value_units units)
{
	char text[TEXT_SIZE];
	struct strbuf b = strbuf_of(text, sizeof(text));
	value_format(&b, v, units);
	fputs(text, f);
}

static void print_texts(FILE *f, const struct text_list *list)
{
	fputc('[', f);
	for (uint32_t i = 0; i < list->n; i++) {
		fputs(i > 0 ? ", " : "", f);
		schema_print_text(f, list->at[i]);
	}
	fputc(']', f);
}

static void print_counts(FILE *f, const struct count_list *list)
{
	fputc('[', f);
	for (uint32_t i = 0; i < list->n; i++)
		fprintf(f, "%s%u", i > 0 ? ", " : "", list->at[i]);
	fputc(']', f);
}

static void print_prefixes(FILE *f, const struct prefix_list *list)
{
	fputc('[', f);
	for (uint32_t i = 0; i < list->n; i++) {
		char text[ADDR_TEXT_SIZE];
		fprintf(f, "%s\"%s/%u\"", i > 0 ? ", " : "", addr_text(&list->at[i].addr, text),
			list->at[i].bits);
	}
	fputc(']', f);
}

static void print_value(FILE *f, const struct member *m, const void *field)
{
	switch (m->type) {
	case MEMBER_BOOL: fputs(*(const bool *)field ? "true" : "false", f); return;
	case MEMBER_COUNT: fprintf(f, "%u", *(const uint32_t *)field); return;
	case MEMBER_BYTES: print_number(f, (double)*(const uint64_t *)field, UNITS_BYTES); return;
	case MEMBER_REAL: print_number(f, *(const double *)field, UNITS_DECIMAL); return;
	case MEMBER_SECONDS: print_number(f, *(const double *)field, UNITS_SECONDS); return;
	case MEMBER_TEXT:
	case MEMBER_JOINED: schema_print_text(f, *(const char *const *)field); return;
	case MEMBER_WORD: fputs(m->words[*(const uint32_t *)field], f); return;
	case MEMBER_TEXTS: print_texts(f, field); return;
	case MEMBER_COUNTS: print_counts(f, field); return;
	case MEMBER_PREFIXES: print_prefixes(f, field); return;
	case MEMBER_OTHER: return;
	}
}

// @p lead stands in front of the first member instead of the indentation.
static void print_members(FILE *f, const struct schema *s, const void *object, unsigned indent,
			  const char *lead)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct member *m = &s->at[i];
		if (m->hidden || (m->type == MEMBER_OTHER && m->print == NULL))
			continue;
		fprintf(f, "%*s%s:", (int)indent, lead, m->name);
		lead = "";
		if (m->type == MEMBER_OTHER) {
			m->print(f, object, indent);
			continue;
		}
		fputc(' ', f);
		print_value(f, m, (const char *)object + m->offset);
		fputc('\n', f);
	}
}

void schema_print(FILE *f, const struct schema *s, const void *object, unsigned indent)
{
	print_members(f, s, object, indent, "");
}

void schema_print_item(FILE *f, const struct schema *s, const void *object, unsigned indent)
{
	print_members(f, s, object, indent + 2, "- ");
}
