// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "weir/config/schema_value.h"

enum {
	SHOWN = 60,        // bytes of a value that a message shows
	NAME_LONGEST = 64, // longest name that suggestions are made for
	EXPECTED = 320,    // bytes for "expected ..."
};

static const char *member_name(const void *schema, size_t i)
{
	return ((const struct schema *)schema)->at[i].name;
}

const struct member *schema_find(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->at[i].name, name) == 0)
			return &s->at[i];
	return NULL;
}

static void *field_of(const struct member *m, void *object)
{
	return (char *)object + m->offset;
}

static int out_of_memory(const struct schema_context *ctx)
{
	return err_set(ctx->msg, ERR_MEMORY, "out of memory");
}

// The value as written, cut between characters; lists and maps by kind.
static void show(const struct node *n, struct strbuf *b)
{
	if (n->kind == NODE_LIST || n->kind == NODE_MAP || n->kind == NODE_NULL) {
		strbuf_str(b, node_kind_str(n->kind));
		return;
	}
	size_t len = strlen(n->text);
	const bool cut = len > SHOWN;
	if (cut)
		for (len = SHOWN; len > 0 && (n->text[len] & 0xc0) == 0x80; len--)
			;
	strbuf_char(b, '"');
	strbuf_bytes(b, n->text, len);
	strbuf_str(b, cut ? "...\"" : "\"");
}

int schema_refuse_as(const struct schema_context *ctx, const struct node *n, const char *expected)
{
	char text[SHOWN + 8];
	struct strbuf b = strbuf_of(text, sizeof(text));
	show(n, &b);
	return node_error(n, ctx->msg, ERR_INVALID, "got %s, expected %s", text, expected);
}

int schema_refuse(const struct schema_context *ctx, const struct member *m, const struct node *n)
{
	char text[EXPECTED];
	struct strbuf b = strbuf_of(text, sizeof(text));
	schema_expected(m, &b);
	return schema_refuse_as(ctx, n, text);
}

// Counts are written out: nobody should have to wonder whether k is 1000.
static void expect_number(struct strbuf *b, double v, enum value_units units)
{
	if (units == UNITS_DECIMAL)
		strbuf_fmt(b, "%.15g", v);
	else
		value_format(b, v, units);
}

static void expect_range(const struct member *m, struct strbuf *b, const char *what,
			 enum value_units units)
{
	strbuf_str(b, what);
	strbuf_str(b, isinf(m->max) ? " of at least " : " from ");
	expect_number(b, m->min, units);
	if (isinf(m->max))
		return;
	strbuf_str(b, " to ");
	expect_number(b, m->max, units);
}

static void expect_words(const struct member *m, struct strbuf *b)
{
	strbuf_str(b, "one of ");
	for (size_t i = 0; m->words[i] != NULL; i++)
		strbuf_fmt(b, "%s%s", i > 0 ? ", " : "", m->words[i]);
}

void schema_expected(const struct member *m, struct strbuf *b)
{
	if (m->expect != NULL) {
		strbuf_str(b, m->expect);
		return;
	}
	switch (m->type) {
	case MEMBER_BOOL: strbuf_str(b, "true or false"); return;
	case MEMBER_COUNT: expect_range(m, b, "a whole number", UNITS_DECIMAL); return;
	case MEMBER_BYTES: expect_range(m, b, "a size", UNITS_BYTES); return;
	case MEMBER_REAL: expect_range(m, b, "a number", UNITS_DECIMAL); return;
	case MEMBER_SECONDS: expect_range(m, b, "a duration", UNITS_SECONDS); return;
	case MEMBER_TEXT: strbuf_fmt(b, "a text of %.0f to %.0f bytes", m->min, m->max); return;
	case MEMBER_WORD: expect_words(m, b); return;
	case MEMBER_JOINED:
	case MEMBER_TEXTS: strbuf_str(b, "a text or a list of texts"); return;
	case MEMBER_COUNTS:
		expect_range(m, b, "a list of whole numbers", UNITS_DECIMAL);
		strbuf_str(b, ", such as 2-5,8");
		return;
	case MEMBER_PREFIXES: strbuf_str(b, "a list of addresses or prefixes"); return;
	case MEMBER_OTHER: strbuf_str(b, "something else"); return;
	}
}

static bool is_scalar(const struct node *n)
{
	return n->kind == NODE_STRING || n->kind == NODE_NUMBER || n->kind == NODE_BOOL;
}

static int read_number(const struct schema_context *ctx, const struct member *m,
		       const struct node *n, enum value_units units, bool whole, double *out)
{
	double v;
	if (!is_scalar(n) || value_number(n->text, units, &v) != 0 || v < m->min || v > m->max ||
	    (whole && v != floor(v)))
		return schema_refuse(ctx, m, n);
	*out = v;
	return 0;
}

static int read_count(const struct schema_context *ctx, const struct member *m,
		      const struct node *n, void *field)
{
	double v = 0;
	const int err = read_number(ctx, m, n, UNITS_DECIMAL, true, &v);
	if (err == 0)
		*(uint32_t *)field = (uint32_t)v;
	return err;
}

static int read_bytes(const struct schema_context *ctx, const struct member *m,
		      const struct node *n, void *field)
{
	double v = 0;
	const int err = read_number(ctx, m, n, UNITS_BYTES, true, &v);
	if (err == 0)
		*(uint64_t *)field = (uint64_t)v;
	return err;
}

static int read_text(const struct schema_context *ctx, const struct member *m, const struct node *n,
		     void *field)
{
	if (!is_scalar(n))
		return schema_refuse(ctx, m, n);
	const size_t len = strlen(n->text);
	if ((double)len < m->min || (double)len > m->max || (m->check && !m->check(n->text)))
		return schema_refuse(ctx, m, n);
	const char *copy = arena_strndup(ctx->arena, n->text, len);
	if (copy == NULL)
		return out_of_memory(ctx);
	*(const char **)field = copy;
	return 0;
}

static int read_word(const struct schema_context *ctx, const struct member *m, const struct node *n,
		     void *field)
{
	for (uint32_t i = 0; is_scalar(n) && m->words[i] != NULL; i++) {
		if (strcmp(m->words[i], n->text) == 0) {
			*(uint32_t *)field = i;
			return 0;
		}
	}
	return schema_refuse(ctx, m, n);
}

// The parts between separators of one text, blanks around them removed, empty ones left out.
static int split_text(const struct schema_context *ctx, const struct member *m, const char *text,
		      struct text_list *out)
{
	const char *separators = m->separators != NULL ? m->separators : ",";
	for (const char *p = text; *p != '\0';) {
		p += strspn(p, " ");
		const size_t part = strcspn(p, separators);
		size_t len = part;
		while (len > 0 && p[len - 1] == ' ')
			len--;
		if (len > 0) {
			const char *copy = arena_strndup(ctx->arena, p, len);
			if (copy == NULL)
				return out_of_memory(ctx);
			out->at[out->n++] = copy;
		}
		p += part;
		p += strspn(p, separators);
	}
	return 0;
}

static int copy_elements(const struct schema_context *ctx, const struct member *m,
			 const struct node *list, struct text_list *out)
{
	for (const struct node *e = list->child; e != NULL; e = e->next) {
		if (!is_scalar(e))
			return schema_refuse(ctx, m, e);
		const char *copy = arena_strndup(ctx->arena, e->text, strlen(e->text));
		if (copy == NULL)
			return out_of_memory(ctx);
		out->at[out->n++] = copy;
	}
	return 0;
}

// The node to blame for the i-th part: the element of a list, or the one text.
static const struct node *part_node(const struct node *n, uint32_t i)
{
	if (n->kind != NODE_LIST)
		return n;
	const struct node *e = n->child;
	while (i-- > 0)
		e = e->next;
	return e;
}

static int read_texts(const struct schema_context *ctx, const struct member *m,
		      const struct node *n, struct text_list *out)
{
	if (n->kind != NODE_LIST && !is_scalar(n))
		return schema_refuse(ctx, m, n);
	// Every part of a text but the last takes two bytes at least.
	const size_t most = n->kind == NODE_LIST ? n->n_children : strlen(n->text) / 2 + 1;
	struct text_list list = {.at = arena_array(ctx->arena, most, sizeof(*list.at))};
	if (list.at == NULL)
		return out_of_memory(ctx);
	const int err = n->kind == NODE_LIST ? copy_elements(ctx, m, n, &list)
					     : split_text(ctx, m, n->text, &list);
	if (err != 0)
		return err;
	for (uint32_t i = 0; i < list.n; i++)
		if (m->check != NULL && !m->check(list.at[i]))
			return schema_refuse(ctx, m, part_node(n, i));
	*out = list;
	return 0;
}

static int read_joined(const struct schema_context *ctx, const struct member *m,
		       const struct node *n, const char **out)
{
	if (n->kind != NODE_LIST)
		return read_text(ctx, m, n, out);
	size_t size = 1;
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		if (!is_scalar(e) || (m->check != NULL && !m->check(e->text)))
			return schema_refuse(ctx, m, e);
		size += strlen(e->text) + 1;
	}
	char *text = arena_alloc(ctx->arena, size);
	if (text == NULL)
		return out_of_memory(ctx);
	struct strbuf b = strbuf_of(text, size);
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		strbuf_str(&b, e->text);
		if (e->next != NULL)
			strbuf_char(&b, ',');
	}
	if ((double)b.len > m->max)
		return schema_refuse(ctx, m, n);
	*out = text;
	return 0;
}

// "5" or "2-5", within the member's range.
static int parse_span(const struct member *m, const char *text, uint32_t *first, uint32_t *last)
{
	char *end;
	if (*text < '0' || *text > '9')
		return ERR_INVALID;
	const unsigned long low = strtoul(text, &end, 10);
	unsigned long high = low;
	if (*end == '-' && end[1] >= '0' && end[1] <= '9')
		high = strtoul(end + 1, &end, 10);
	if (*end != '\0' || low > high || (double)low < m->min || (double)high > m->max)
		return ERR_INVALID;
	*first = (uint32_t)low;
	*last = (uint32_t)high;
	return 0;
}

static int read_counts(const struct schema_context *ctx, const struct member *m,
		       const struct node *n, struct count_list *out)
{
	struct text_list parts;
	const int err = read_texts(ctx, m, n, &parts);
	if (err != 0)
		return err;
	uint32_t first, last;
	size_t total = 0;
	for (uint32_t i = 0; i < parts.n; i++) {
		if (parse_span(m, parts.at[i], &first, &last) != 0)
			return schema_refuse(ctx, m, part_node(n, i));
		total += last - first + 1;
	}
	struct count_list list = {.at = arena_array(ctx->arena, total, sizeof(*list.at))};
	if (list.at == NULL)
		return out_of_memory(ctx);
	for (uint32_t i = 0; i < parts.n; i++) {
		parse_span(m, parts.at[i], &first, &last);
		for (uint32_t v = first; v <= last; v++)
			list.at[list.n++] = v;
	}
	*out = list;
	return 0;
}

static int read_prefixes(const struct schema_context *ctx, const struct member *m,
			 const struct node *n, struct prefix_list *out)
{
	struct text_list parts;
	const int err = read_texts(ctx, m, n, &parts);
	if (err != 0)
		return err;
	struct prefix_list list = {.at = arena_array(ctx->arena, parts.n, sizeof(*list.at))};
	if (list.at == NULL)
		return out_of_memory(ctx);
	for (; list.n < parts.n; list.n++) {
		struct prefix *p = &list.at[list.n];
		if (addr_parse_prefix(parts.at[list.n], &p->addr, &p->bits) != 0)
			return schema_refuse(ctx, m, part_node(n, list.n));
	}
	*out = list;
	return 0;
}

static int read_member(const struct schema_context *ctx, const struct member *m,
		       const struct node *n, void *object)
{
	void *field = field_of(m, object);
	switch (m->type) {
	case MEMBER_BOOL:
		if (!is_scalar(n) || value_bool(n->text, field) != 0)
			return schema_refuse(ctx, m, n);
		return 0;
	case MEMBER_COUNT: return read_count(ctx, m, n, field);
	case MEMBER_BYTES: return read_bytes(ctx, m, n, field);
	case MEMBER_REAL: return read_number(ctx, m, n, UNITS_DECIMAL, false, field);
	case MEMBER_SECONDS: return read_number(ctx, m, n, UNITS_SECONDS, false, field);
	case MEMBER_TEXT: return read_text(ctx, m, n, field);
	case MEMBER_WORD: return read_word(ctx, m, n, field);
	case MEMBER_JOINED: return read_joined(ctx, m, n, field);
	case MEMBER_TEXTS: return read_texts(ctx, m, n, field);
	case MEMBER_COUNTS: return read_counts(ctx, m, n, field);
	case MEMBER_PREFIXES: return read_prefixes(ctx, m, n, field);
	case MEMBER_OTHER: return m->read(ctx, m, n, object);
	}
	return ERR_UNKNOWN;
}

static int refuse_unknown(const struct schema_context *ctx, const struct schema *s,
			  const struct node *n)
{
	const char *near = schema_suggest(n->name, s->n, member_name, s);
	if (near != NULL)
		return node_name_error(n, ctx->msg, ERR_UNKNOWN,
				       "unknown member, did you mean \"%s\"?", near);
	char names[EXPECTED];
	struct strbuf b = strbuf_of(names, sizeof(names));
	for (size_t i = 0; i < s->n; i++)
		strbuf_fmt(&b, "%s%s", i > 0 ? ", " : "", s->at[i].name);
	return node_name_error(n, ctx->msg, ERR_UNKNOWN, "unknown member, expected one of %s",
			       names);
}

static int check_required(const struct schema_context *ctx, const struct schema *s,
			  const struct node *map)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct member *m = &s->at[i];
		if (!m->required)
			continue;
		const struct node *n = node_get(map, m->name);
		if (n != NULL && n->kind != NODE_NULL)
			continue;
		char text[EXPECTED];
		struct strbuf b = strbuf_of(text, sizeof(text));
		schema_expected(m, &b);
		return node_name_error(map, ctx->msg, ERR_INVALID, "\"%s\" is missing, expected %s",
				       m->name, text);
	}
	return 0;
}

int schema_read(const struct schema_context *ctx, const struct schema *s, const struct node *n,
		void *object)
{
	if (n->kind != NODE_MAP)
		return schema_refuse_as(ctx, n, "a map of members");
	for (const struct node *e = n->child; e != NULL; e = e->next) {
		const struct member *m = schema_find(s, e->name);
		if (m == NULL && ctx->lenient)
			continue;
		if (m == NULL)
			return refuse_unknown(ctx, s, e);
		if (e->kind == NODE_NULL)
			continue;
		const int err = read_member(ctx, m, e, object);
		if (err != 0)
			return err;
	}
	return check_required(ctx, s, n);
}

int schema_defaults(const struct schema_context *ctx, const struct schema *s, void *object)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct member *m = &s->at[i];
		const struct node n = {.kind = NODE_STRING, .source = m->name, .text = m->def};
		const int err = m->def != NULL ? read_member(ctx, m, &n, object) : 0;
		if (err != 0)
			return err;
	}
	return 0;
}

int schema_set(const struct schema_context *ctx, const struct schema *s, void *object,
	       const char *member, const char *origin, const char *text)
{
	const struct node n = {.kind = NODE_STRING, .source = origin, .name = member, .text = text};
	const struct member *m = schema_find(s, member);
	if (m == NULL)
		return refuse_unknown(ctx, s, &n);
	return read_member(ctx, m, &n, object);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	const unsigned ab = a < b ? a : b;
	return ab < c ? ab : c;
}

// Damerau and Levenshtein with neighbours swapped once (optimal string alignment); three rows.
unsigned schema_distance(const char *a, const char *b)
{
	const size_t n = strlen(a), m = strlen(b);
	unsigned rows[3][NAME_LONGEST + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];
	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			const unsigned differ = a[i - 1] != b[j - 1];
			row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + differ);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		unsigned *const spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[m];
}

const char *schema_suggest(const char *wrong, size_t n, const char *(*name)(const void *, size_t),
			   const void *ctx)
{
	const size_t len = strlen(wrong);
	if (len > NAME_LONGEST)
		return NULL;
	// A third of the letters may be wrong; of fewer than three one may.
	unsigned limit = len < 3 ? 1 : (unsigned)len / 3;
	const char *best = NULL;
	for (size_t i = 0; i < n; i++) {
		const char *candidate = name(ctx, i);
		if (strlen(candidate) > NAME_LONGEST)
			continue;
		const unsigned d = schema_distance(wrong, candidate);
		if (d < limit || (d == limit && best == NULL)) {
			best = candidate;
			limit = d;
		}
	}
	return best;
}

bool prefix_list_has(const struct prefix_list *list, const struct addr *addr)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (addr_in_prefix(addr, &list->at[i].addr, list->at[i].bits))
			return true;
	return false;
}
