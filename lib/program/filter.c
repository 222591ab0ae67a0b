// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "program/filter.h"

#include <stdlib.h>
#include <string.h>

#include "program/function.h"
#include "program/key.h"
#include "program/pattern.h"
#include "program/value.h"

#define FILTER_DEPTH 64

enum {
	ACCEPT = -1,
	REJECT = -2
};

// A literal, in the form of each alternative of the test's expression.
struct literal {
	uint8_t *bytes; // n_alt values of key_expr_size() bytes
	bool *valid;    // it can be a value of that alternative
};

struct test {
	struct key_expr expr;
	struct literal *literal;
	unsigned n_literal;
	struct pattern **pattern;
	unsigned n_pattern;
	bool matching; // `~`, `!~`
	bool negated;  // `!=`, `!~`
	bool presence; // absence passes: compared with null, or with the text for it
	int next[2];   // outcome -> index of the next test, ACCEPT or REJECT
};

struct filter {
	struct test *test;
	int n_test;
};

struct parser {
	const char *text;
	const char *p;
	unsigned depth;
	struct filter *f;
	const struct program_tables *tables;
	struct err_msg *msg;
};

static void skip_blanks(struct parser *ps)
{
	while (key_is_blank(*ps->p))
		ps->p++;
}

static int fail(struct parser *ps, const char *at, const char *what)
{
	return err_set(ps->msg, ERR_INVALID, "at character %zu: %s", (size_t)(at - ps->text) + 1,
		       what);
}

// Length of the expression on the left of an operator.
static size_t expr_len(const char *p)
{
	size_t i = 0;
	int depth = 0;
	for (; p[i] != '\0'; i++) {
		if (p[i] == '\\' && p[i + 1] != '\0')
			i++;
		else if (p[i] == '[')
			depth++;
		else if (p[i] == ']')
			depth--;
		else if (depth <= 0 && strchr("=!~&|()", p[i]) != NULL)
			break;
	}
	while (i > 0 && key_is_blank(p[i - 1]))
		i--;
	return i;
}

// A pattern of the list, without quotes: parentheses of its own, and what stands in them, are its.
static const char *pattern_end(const char *p, char quote)
{
	int open = 0;
	bool brackets = false;
	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (quote != '\0' && *p == quote)
			break;
		else if (brackets || *p == '[')
			brackets = *p != ']';
		else if (quote == '\0' && open == 0 && strchr(",&|)", *p) != NULL)
			break;
		else
			open += (*p == '(' || *p == '{') - (*p == ')' || *p == '}');
	}
	return p;
}

// One value of the list: up to `,` `&` `|` `)` or the closing quote. Quotes may hold a whole list.
static const char *value_end(const char *p, char quote)
{
	while (*p != '\0' && *p != ',' && (quote != '\0' ? *p != quote : strchr("&|)", *p) == NULL))
		p++;
	return p;
}

// The bytes of a literal in the form of one alternative; false when it cannot have them.
static bool read_literal(const struct key_field *alt, const char *text, size_t len, uint8_t *out)
{
	const struct field *f = alt->field;
	char spelt[FUNCTION_TEXT_MAX];
	const size_t n = alt->function != NULL && f->kind == KIND_TEXT
				 ? function_spell(alt->function, text, len, spelt)
				 : 0;
	if (n > 0) {
		text = spelt;
		len = n;
	}
	return field_parse((enum field_kind)f->kind, text, len, out, f->size, f->bits) == 0;
}

static int add_literal(struct parser *ps, struct test *t, const char *text, size_t len)
{
	const size_t size = key_expr_size(&t->expr);
	struct literal *list = realloc(t->literal, (t->n_literal + 1) * sizeof(*list));
	if (list == NULL)
		return err_set(ps->msg, ERR_MEMORY, "out of memory");
	t->literal = list;
	struct literal *l = &list[t->n_literal];
	*l = (struct literal){.bytes = calloc(t->expr.n_alt, size),
			      .valid = calloc(t->expr.n_alt, sizeof(bool))};
	t->n_literal++;
	if (l->bytes == NULL || l->valid == NULL)
		return err_set(ps->msg, ERR_MEMORY, "out of memory");
	bool any = t->expr.optional && strlen(t->expr.absent) == len &&
		   memcmp(t->expr.absent, text, len) == 0;
	t->presence |= any;
	for (unsigned i = 0; i < t->expr.n_alt; i++) {
		l->valid[i] = read_literal(&t->expr.alt[i], text, len, l->bytes + i * size);
		any |= l->valid[i];
	}
	if (any)
		return 0;
	return err_set(ps->msg, ERR_INVALID, "at character %zu: \"%.*s\" is no value of \"%s\"",
		       (size_t)(text - ps->text) + 1, (int)len, text, t->expr.alt[0].field->name);
}

// One of the former program: compiling takes a thousand times longer than looking for it.
static struct pattern *find_pattern(const struct parser *ps, const char *text, size_t len)
{
	const struct program *former = ps->tables != NULL ? ps->tables->former : NULL;
	for (uint32_t i = 0; former != NULL && i < former->n_def; i++) {
		const struct filter *f = former->def[i].filter;
		struct pattern *p = f != NULL ? filter_pattern(f, text, len) : NULL;
		if (p != NULL)
			return pattern_ref(p);
	}
	return NULL;
}

static int add_pattern(struct parser *ps, struct test *t, const char *text, size_t len)
{
	struct pattern **list = realloc(t->pattern, (t->n_pattern + 1) * sizeof(*list));
	if (list == NULL)
		return err_set(ps->msg, ERR_MEMORY, "out of memory");
	t->pattern = list;
	list[t->n_pattern] = find_pattern(ps, text, len);
	if (list[t->n_pattern] == NULL)
		list[t->n_pattern] = pattern_compile(text, len, ps->msg);
	if (list[t->n_pattern++] != NULL)
		return 0;
	char where[40];
	struct strbuf b = strbuf_of(where, sizeof(where));
	strbuf_fmt(&b, "at character %zu", (size_t)(text - ps->text) + 1);
	err_prefix(ps->msg, where);
	return ERR_INVALID;
}

static int parse_value(struct parser *ps, struct test *t, const char *end)
{
	const char *p = ps->p;
	size_t len = (size_t)(end - p);
	key_trim(&p, &len);
	ps->p = end;
	if (len == 0)
		return fail(ps, p, "expected a value");
	if (t->matching)
		return add_pattern(ps, t, p, len);
	if (len == 4 && memcmp(p, "null", 4) == 0) {
		t->presence = true;
		return 0;
	}
	return add_literal(ps, t, p, len);
}

// A value, or some of them in quotes.
static int parse_item(struct parser *ps, struct test *t)
{
	skip_blanks(ps);
	const bool quoted = *ps->p == '\'' || *ps->p == '"';
	const char quote = quoted ? *ps->p++ : '\0';
	for (;;) {
		const char *end = t->matching ? pattern_end(ps->p, quote) : value_end(ps->p, quote);
		const int err = parse_value(ps, t, end);
		if (err != 0 || !quoted)
			return err;
		if (*ps->p != ',')
			break;
		ps->p++;
	}
	if (*ps->p != quote)
		return fail(ps, ps->p, "expected the closing quote");
	ps->p++;
	skip_blanks(ps);
	return 0;
}

static int parse_values(struct parser *ps, struct test *t)
{
	for (;;) {
		const int err = parse_item(ps, t);
		if (err != 0 || *ps->p != ',')
			return err;
		ps->p++;
	}
}

static int parse_operator(struct parser *ps, struct test *t)
{
	skip_blanks(ps);
	const char *at = ps->p;
	t->negated = *at == '!';
	ps->p += t->negated;
	t->matching = *ps->p == '~';
	if (*ps->p != '=' && *ps->p != '~')
		return fail(ps, at, "expected =, !=, ~ or !~");
	ps->p++;
	return 0;
}

// Index of the new test, or a negative error below REJECT.
static int new_test(struct parser *ps)
{
	struct test *tests = realloc(ps->f->test, (size_t)(ps->f->n_test + 1) * sizeof(*tests));
	if (tests == NULL)
		return err_set(ps->msg, ERR_MEMORY, "out of memory");
	ps->f->test = tests;
	tests[ps->f->n_test] = (struct test){.next = {REJECT, ACCEPT}};
	return ps->f->n_test++;
}

static int parse_test(struct parser *ps)
{
	const int i = new_test(ps);
	if (i < 0)
		return i;
	const char *at = ps->p;
	const bool quoted = *ps->p == '\'' || *ps->p == '"';
	const char *end = quoted ? strchr(ps->p + 1, *ps->p) : ps->p + expr_len(ps->p);
	if (end == NULL)
		return fail(ps, at, "expected the closing quote");
	const char *begin = ps->p + quoted;
	struct test *t = &ps->f->test[i];
	if (end == begin)
		return fail(ps, at, "expected an attribute");
	struct key_scope sc = {.tables = ps->tables, .msg = ps->msg, .origin = ps->text};
	int err = key_expr_compile(&sc, begin, (size_t)(end - begin), &t->expr);
	if (err != 0)
		return err;
	if (key_expr_late(&t->expr))
		return fail(ps, begin, "a name of dns: comes too late for a filter");
	ps->p = end + quoted;
	err = parse_operator(ps, t);
	return err != 0 ? err : parse_values(ps, t);
}

static int parse_or(struct parser *ps);
static int parse_term(struct parser *ps);

static int parse_parentheses(struct parser *ps)
{
	ps->p++;
	const int err = parse_or(ps);
	if (err < 0)
		return err;
	skip_blanks(ps);
	if (*ps->p != ')')
		return fail(ps, ps->p, "expected )");
	ps->p++;
	return 0;
}

// What follows `!`: its tests accept what they would reject.
static int parse_not(struct parser *ps)
{
	const int from = ps->f->n_test;
	ps->p++;
	const int err = parse_term(ps);
	for (int i = from; i < ps->f->n_test; i++)
		for (int k = 0; k < 2; k++)
			if (ps->f->test[i].next[k] < 0)
				ps->f->test[i].next[k] = ACCEPT + REJECT - ps->f->test[i].next[k];
	return err;
}

static int parse_term(struct parser *ps)
{
	skip_blanks(ps);
	if (*ps->p != '(' && *ps->p != '!')
		return parse_test(ps);
	if (++ps->depth > FILTER_DEPTH)
		return fail(ps, ps->p, "parentheses nested too deep");
	const int err = *ps->p == '(' ? parse_parentheses(ps) : parse_not(ps);
	ps->depth--;
	return err;
}

// The tests [from, to) accept or reject; whatever says @p outcome there goes on at @p target.
static void redirect(struct filter *f, int from, int to, int outcome, int target)
{
	for (int i = from; i < to; i++)
		for (int k = 0; k < 2; k++)
			if (f->test[i].next[k] == outcome)
				f->test[i].next[k] = target;
}

static int parse_chain(struct parser *ps, char op, int outcome, int (*operand)(struct parser *))
{
	int from = ps->f->n_test;
	for (;;) {
		const int err = operand(ps);
		if (err < 0)
			return err;
		skip_blanks(ps);
		if (*ps->p != op)
			return 0;
		do
			ps->p++;
		while (*ps->p == op); // && and || are read as & and |
		redirect(ps->f, from, ps->f->n_test, outcome, ps->f->n_test);
		from = ps->f->n_test;
	}
}

static int parse_and(struct parser *ps)
{
	return parse_chain(ps, '&', ACCEPT, parse_term);
}

static int parse_or(struct parser *ps)
{
	return parse_chain(ps, '|', REJECT, parse_and);
}

struct filter *filter_compile(const char *text, const struct program_tables *tables,
			      struct err_msg *msg)
{
	struct parser ps = {.text = text, .p = text, .tables = tables, .msg = msg};
	ps.f = calloc(1, sizeof(*ps.f));
	if (ps.f == NULL) {
		err_set(msg, ERR_MEMORY, "out of memory");
		return NULL;
	}
	int err = parse_or(&ps);
	if (err >= 0 && *ps.p != '\0')
		err = fail(&ps, ps.p, "expected & or |");
	if (err >= 0)
		return ps.f;
	filter_free(ps.f);
	return NULL;
}

void filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	for (int i = 0; i < f->n_test; i++) {
		struct test *t = &f->test[i];
		for (unsigned k = 0; k < t->n_literal; k++) {
			free(t->literal[k].bytes);
			free(t->literal[k].valid);
		}
		free(t->literal);
		for (unsigned k = 0; k < t->n_pattern; k++)
			pattern_free(t->pattern[k]);
		free(t->pattern);
		key_expr_clear(&t->expr);
	}
	free(f->test);
	free(f);
}

int filter_reserve(const struct filter *f, struct hs_scratch **scratch, struct err_msg *msg)
{
	int err = 0;
	for (int i = 0; i < f->n_test; i++)
		for (unsigned k = 0; k < f->test[i].n_pattern && err == 0; k++)
			err = pattern_reserve(f->test[i].pattern[k], scratch, msg);
	return err;
}

struct pattern *filter_pattern(const struct filter *f, const char *text, size_t len)
{
	for (int i = 0; i < f->n_test; i++)
		for (unsigned k = 0; k < f->test[i].n_pattern; k++)
			if (pattern_is(f->test[i].pattern[k], text, len))
				return f->test[i].pattern[k];
	return NULL;
}

size_t filter_size(const struct filter *f)
{
	size_t size = 0;
	for (int i = 0; i < f->n_test; i++)
		for (unsigned k = 0; k < f->test[i].n_pattern; k++)
			size += pattern_size(f->test[i].pattern[k]);
	return size;
}

// Is the attribute equal to one of the values? Absence is equal to null only.
static bool equals(const struct test *t, const struct packet *p)
{
	uint8_t value[FIELD_VALUE_MAX];
	const unsigned alt = key_expr_read(&t->expr, p, value);
	if (alt == 0)
		return t->presence;
	const size_t size = key_expr_size(&t->expr), n = t->expr.alt[alt - 1].field->size;
	for (unsigned i = 0; i < t->n_literal; i++)
		if (t->literal[i].valid[alt - 1] &&
		    memcmp(t->literal[i].bytes + (alt - 1) * size, value, n) == 0)
			return true;
	return false;
}

// Does a pattern match the attribute's text?
static bool matches(const struct test *t, const struct packet *p, struct hs_scratch *scratch)
{
	struct key_value v;
	char text[VALUE_TEXT_SIZE];
	if (!value_of(&t->expr, p, &v))
		return false;
	const size_t len = value_text(&v, text);
	for (unsigned i = 0; i < t->n_pattern; i++)
		if (pattern_match(t->pattern[i], scratch, text, len))
			return true;
	return false;
}

bool filter_match(const struct filter *f, const struct packet *p, struct hs_scratch *scratch)
{
	int i = 0;
	while (i >= 0) {
		const struct test *t = &f->test[i];
		i = t->next[(t->matching ? matches(t, p, scratch) : equals(t, p)) != t->negated];
	}
	return i == ACCEPT;
}

bool filter_any_field(const struct filter *f, field_test is, void *ctx)
{
	for (int i = 0; i < f->n_test; i++)
		if (key_expr_any(&f->test[i].expr, is, ctx))
			return true;
	return false;
}
