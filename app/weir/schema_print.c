// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "schema.h"

#include "schema_value.h"

enum {
	TEXT_SIZE = 64
};

void schema_print_text(FILE *f, const char *text)
{
	fputc('"', f);
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(f, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			fprintf(f, "\\x%02x", *p);
		else
			fputc(*p, f);
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

void schema_print(FILE *f, const struct schema *s, const void *object, unsigned indent)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct member *m = &s->at[i];
		if (m->hidden || (m->type == MEMBER_OTHER && m->print == NULL))
			continue;
		fprintf(f, "%*s%s:", (int)indent, "", m->name);
		if (m->type == MEMBER_OTHER) {
			m->print(f, object, indent);
			continue;
		}
		fputc(' ', f);
		print_value(f, m, (const char *)object + m->offset);
		fputc('\n', f);
	}
}
