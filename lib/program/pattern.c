// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "program/pattern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	WORDS = PATTERN_POSITIONS / 64,
	DEPTH = 32,         // of parentheses
	WORK_MAX = 1 << 16, // atoms read, those of repetitions as often as they repeat
	UNBOUNDED = -1,
};

// A set of positions.
struct set {
	uint64_t word[WORDS];
};

struct pattern {
	unsigned n; // positions
	unsigned n_words;
	bool empty; // matches the empty text
	struct set first, last;
	struct set *accepts; // by byte: the positions that take it
	struct set *follow;  // by position: those that may come next
};

// A part of the pattern as positions.
struct part {
	bool empty;
	struct set first, last;
};

struct parser {
	const char *text, *p, *end;
	unsigned depth, work;
	bool any_case;
	struct pattern *out;
	struct err_msg *msg;
};

// The bytes that a position takes.
struct bytes {
	uint64_t word[4];
};

static int fail(struct parser *ps, const char *what)
{
	return err_set(ps->msg, ERR_INVALID, "pattern, character %zu: %s",
		       (size_t)(ps->p - ps->text) + 1, what);
}

static void unite(struct set *a, const struct set *b)
{
	for (unsigned i = 0; i < WORDS; i++)
		a->word[i] |= b->word[i];
}

// Each position of @p from may be followed by each of @p to.
static void connect(struct parser *ps, const struct set *from, const struct set *to)
{
	for (unsigned i = 0; i < WORDS; i++)
		for (uint64_t w = from->word[i]; w != 0; w &= w - 1)
			unite(&ps->out->follow[64 * i + (unsigned)__builtin_ctzll(w)], to);
}

static void add_byte(struct bytes *b, unsigned c)
{
	b->word[c >> 6] |= (uint64_t)1 << (c & 63);
}

static void add_range(struct bytes *b, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to; c++)
		add_byte(b, c);
}

static void negate(struct bytes *b)
{
	for (unsigned i = 0; i < 4; i++)
		b->word[i] = ~b->word[i];
}

// Letters in both their forms.
static void add_other_case(struct bytes *b)
{
	const uint64_t letters = 0x07fffffe, had = b->word[1];
	b->word[1] |= (had & letters) << 32 | (had >> 32 & letters);
}

static void add_class(struct bytes *b, char name)
{
	struct bytes class = {0};
	switch (name | 0x20) {
	case 'd': add_range(&class, '0', '9'); break;
	case 's':
		add_range(&class, '\t', '\r');
		add_byte(&class, ' ');
		break;
	default:
		add_range(&class, '0', '9');
		add_range(&class, 'a', 'z');
		add_range(&class, 'A', 'Z');
		add_byte(&class, '_');
	}
	if ((name & 0x20) == 0)
		negate(&class);
	for (unsigned i = 0; i < 4; i++)
		b->word[i] |= class.word[i];
}

static bool is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Behind a backslash. The byte, or -1 for a class, or a negative error below that.
static int parse_escape(struct parser *ps, struct bytes *b)
{
	if (ps->p == ps->end)
		return fail(ps, "nothing behind the backslash") - 1;
	const char c = *ps->p++;
	if (strchr("dDsSwW", c) != NULL && c != '\0') {
		add_class(b, c);
		return -1;
	}
	if (c == 't' || c == 'n') {
		add_byte(b, c == 't' ? '\t' : '\n');
		return c == 't' ? '\t' : '\n';
	}
	if (is_letter_or_digit(c)) {
		ps->p--;
		return fail(ps, "expected \\d, \\w, \\s, \\t, \\n or punctuation") - 1;
	}
	add_byte(b, (uint8_t)c);
	return (uint8_t)c;
}

// One member of [ ], not yet a range. As parse_escape().
static int parse_member(struct parser *ps, struct bytes *b)
{
	if (ps->p == ps->end)
		return fail(ps, "expected ]") - 1;
	const char c = *ps->p++;
	if (c == '\\')
		return parse_escape(ps, b);
	add_byte(b, (uint8_t)c);
	return (uint8_t)c;
}

static int parse_brackets(struct parser *ps, struct bytes *b)
{
	const bool negated = ps->p < ps->end && *ps->p == '^';
	ps->p += negated;
	const char *start = ps->p;
	while (ps->p == start || ps->p == ps->end || *ps->p != ']') {
		const int from = parse_member(ps, b);
		if (from < -1)
			return from;
		if (from < 0 || ps->end - ps->p < 2 || *ps->p != '-' || ps->p[1] == ']')
			continue;
		ps->p++;
		const int to = parse_member(ps, b);
		if (to < -1)
			return to;
		if (to < from)
			return fail(ps, "the range ends before it begins");
		add_range(b, (unsigned)from, (unsigned)to);
	}
	ps->p++;
	if (ps->any_case)
		add_other_case(b);
	if (negated)
		negate(b);
	return 0;
}

static int add_position(struct parser *ps, const struct bytes *b, struct part *out)
{
	struct pattern *const p = ps->out;
	if (p->n == PATTERN_POSITIONS)
		return err_set(ps->msg, ERR_RANGE,
			       "pattern longer than %d characters, repetitions counted out",
			       PATTERN_POSITIONS);
	const unsigned i = p->n++;
	struct set one = {0};
	one.word[i / 64] = (uint64_t)1 << (i % 64);
	*out = (struct part){.first = one, .last = one};
	for (unsigned c = 0; c < 256; c++)
		if (b->word[c >> 6] >> (c & 63) & 1)
			unite(&p->accepts[c], &one);
	return 0;
}

static int parse_alternatives(struct parser *ps, struct part *out);

static int parse_group(struct parser *ps, struct part *out)
{
	if (ps->end - ps->p >= 2 && ps->p[0] == '?') {
		if (ps->p[1] != ':')
			return fail(ps, "expected (?: or a plain group; (?i) stands in front");
		ps->p += 2;
	}
	if (++ps->depth > DEPTH)
		return fail(ps, "parentheses nested too deep");
	const int err = parse_alternatives(ps, out);
	if (err != 0)
		return err;
	ps->depth--;
	if (ps->p == ps->end)
		return fail(ps, "expected )");
	ps->p++;
	return 0;
}

static int parse_atom(struct parser *ps, struct part *out)
{
	if (++ps->work > WORK_MAX)
		return fail(ps, "too many repetitions");
	struct bytes b = {0};
	const char c = *ps->p++;
	int err = 0;
	switch (c) {
	case '(': return parse_group(ps, out);
	case '[': err = parse_brackets(ps, &b); break;
	case '\\': err = parse_escape(ps, &b) < -1 ? ERR_INVALID : 0; break;
	case '.': negate(&b); break;
	case '*':
	case '+':
	case '?':
	case '{':
	case '^':
	case '$': ps->p--; return fail(ps, "nothing to repeat, or a \\ is missing");
	default: add_byte(&b, (uint8_t)c);
	}
	if (ps->any_case)
		add_other_case(&b);
	return err != 0 ? err : add_position(ps, &b, out);
}

static int parse_number(struct parser *ps)
{
	int n = 0;
	const char *start = ps->p;
	while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9' && n <= PATTERN_POSITIONS)
		n = 10 * n + (*ps->p++ - '0');
	if (ps->p == start || n > PATTERN_POSITIONS)
		return fail(ps, "expected a number of at most 512");
	return n;
}

// How often an atom may come.
static int parse_repeat(struct parser *ps, int *min, int *max)
{
	switch (*ps->p++) {
	case '*': *min = 0, *max = UNBOUNDED; return 0;
	case '+': *min = 1, *max = UNBOUNDED; return 0;
	case '?': *min = 0, *max = 1; return 0;
	}
	*min = *max = parse_number(ps);
	if (*min < 0)
		return *min;
	if (ps->p < ps->end && *ps->p == ',') {
		ps->p++;
		*max = ps->p < ps->end && *ps->p == '}' ? UNBOUNDED : parse_number(ps);
		if (*max < UNBOUNDED)
			return *max;
	}
	if (ps->p == ps->end || *ps->p != '}')
		return fail(ps, "expected }");
	ps->p++;
	return *max != UNBOUNDED && *max < *min ? fail(ps, "the range ends before it begins") : 0;
}

static void append(struct parser *ps, struct part *a, const struct part *b)
{
	connect(ps, &a->last, &b->first);
	if (a->empty)
		unite(&a->first, &b->first);
	if (!b->empty)
		a->last = (struct set){0};
	unite(&a->last, &b->last);
	a->empty &= b->empty;
}

// The atom from @p start on, @p min to @p max times: copies, of which those beyond min may be left
// out. @p out has the first one already.
static int repeat(struct parser *ps, const char *start, int min, int max, struct part *out)
{
	const char *after = ps->p;
	const int copies = max == UNBOUNDED ? (min > 1 ? min : 1) : max;
	struct part all = {.empty = true};
	for (int i = 0; i < copies; i++) {
		struct part one = *out;
		if (i > 0) {
			ps->p = start;
			const int err = parse_atom(ps, &one);
			if (err != 0)
				return err;
		}
		one.empty |= i >= min;
		if (max == UNBOUNDED && i == copies - 1)
			connect(ps, &one.last, &one.first);
		append(ps, &all, &one);
	}
	ps->p = after;
	*out = all;
	return 0;
}

static int parse_item(struct parser *ps, struct part *out)
{
	const char *start = ps->p;
	int err = parse_atom(ps, out);
	bool repeated = false;
	while (err == 0 && ps->p < ps->end && *ps->p != '\0' && strchr("*+?{", *ps->p) != NULL) {
		if (repeated) { // `*?` and `++` choose among matches: the whole text has one
			if (*ps->p == '{' || *ps->p == '*')
				return fail(ps, "repeated twice");
			ps->p++;
			break;
		}
		int min, max;
		err = parse_repeat(ps, &min, &max);
		if (err == 0)
			err = repeat(ps, start, min, max, out);
		repeated = true;
	}
	return err;
}

static int parse_sequence(struct parser *ps, struct part *out)
{
	*out = (struct part){.empty = true};
	while (ps->p < ps->end && *ps->p != '|' && *ps->p != ')') {
		struct part item;
		const int err = parse_item(ps, &item);
		if (err != 0)
			return err;
		append(ps, out, &item);
	}
	return 0;
}

static int parse_alternatives(struct parser *ps, struct part *out)
{
	int err = parse_sequence(ps, out);
	while (err == 0 && ps->p < ps->end && *ps->p == '|') {
		ps->p++;
		struct part other;
		err = parse_sequence(ps, &other);
		if (err != 0)
			break;
		unite(&out->first, &other.first);
		unite(&out->last, &other.last);
		out->empty |= other.empty;
	}
	return err;
}

static bool ends_in_dollar(const char *text, size_t len)
{
	size_t escapes = 0;
	while (escapes + 1 < len && text[len - 2 - escapes] == '\\')
		escapes++;
	return len > 0 && text[len - 1] == '$' && escapes % 2 == 0;
}

static int parse(struct parser *ps)
{
	struct part all;
	const int err = parse_alternatives(ps, &all);
	if (err != 0)
		return err;
	if (ps->p != ps->end)
		return fail(ps, "expected the end: there is no ( for this )");
	ps->out->empty = all.empty;
	ps->out->first = all.first;
	ps->out->last = all.last;
	ps->out->n_words = (ps->out->n + 63) / 64;
	return 0;
}

// What stands in front: ^ says what is so anyway, (?i) that case does not matter.
static void parse_front(struct parser *ps)
{
	static const char fold[] = "(?i)";
	const size_t n = sizeof(fold) - 1;
	ps->p += ps->p < ps->end && *ps->p == '^';
	ps->any_case = (size_t)(ps->end - ps->p) >= n && memcmp(ps->p, fold, n) == 0;
	if (!ps->any_case)
		return;
	ps->p += n;
	ps->p += ps->p < ps->end && *ps->p == '^';
}

struct pattern *pattern_compile(const char *text, size_t len, struct err_msg *msg)
{
	struct pattern *p = calloc(1, sizeof(*p));
	if (p != NULL) {
		p->accepts = calloc(256, sizeof(*p->accepts));
		p->follow = calloc(PATTERN_POSITIONS, sizeof(*p->follow));
	}
	if (p == NULL || p->accepts == NULL || p->follow == NULL) {
		pattern_free(p);
		err_set(msg, ERR_MEMORY, "out of memory");
		return NULL;
	}
	struct parser ps = {.text = text, .p = text, .end = text + len, .out = p, .msg = msg};
	parse_front(&ps);
	ps.end -= ends_in_dollar(ps.p, (size_t)(ps.end - ps.p));
	if (parse(&ps) == 0)
		return p;
	pattern_free(p);
	return NULL;
}

void pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	free(p->accepts);
	free(p->follow);
	free(p);
}

bool pattern_match(const struct pattern *p, const char *text, size_t len)
{
	if (len == 0)
		return p->empty;
	struct set now, next = p->first;
	for (size_t at = 0; at < len; at++) {
		const struct set *takes = &p->accepts[(uint8_t)text[at]];
		uint64_t any = 0;
		for (unsigned i = 0; i < p->n_words; i++)
			any |= now.word[i] = next.word[i] & takes->word[i];
		if (any == 0)
			return false;
		memset(&next, 0, p->n_words * sizeof(next.word[0]));
		for (unsigned i = 0; i < p->n_words; i++)
			for (uint64_t w = now.word[i]; w != 0; w &= w - 1) {
				const struct set *f =
					&p->follow[64 * i + (unsigned)__builtin_ctzll(w)];
				for (unsigned k = 0; k < p->n_words; k++)
					next.word[k] |= f->word[k];
			}
	}
	uint64_t any = 0;
	for (unsigned i = 0; i < p->n_words; i++)
		any |= now.word[i] & p->last.word[i];
	return any != 0;
}
