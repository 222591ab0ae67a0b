// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "program/pattern.h"

#include <assert.h>
#include <ctype.h>
#include <hs/hs.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH = 32, // of parentheses
	FLAGS = HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY,
};

// Around a pattern, so that it matches the whole text and keeps its `|` and quotes to itself.
static const char before[] = "\\A(?:", after[] = "\\E)\\z";

struct pattern {
	hs_database_t *db;
	uint32_t refs;
	size_t len;  // of the text
	size_t size; // of the database, bytes
	char text[]; // with a NUL
};

// --- what a pattern may cost --------------------------------------------------------------------

// What stands in parentheses, or outside of all.
struct level {
	const char *open;
	unsigned all;  // positions, repetitions counted out
	unsigned last; // of them: of what a repetition would repeat
};

struct reader {
	const char *text, *p, *end;
	struct err_msg *msg;
	struct level level[DEPTH + 1];
	unsigned depth, repeats;
};

static int fail(const struct reader *r, const char *at, const char *what)
{
	return err_set(r->msg, ERR_INVALID, "pattern, character %zu: %s",
		       (size_t)(at - r->text) + 1, what);
}

static int count(struct reader *r, unsigned n)
{
	struct level *l = &r->level[r->depth];
	l->all += n;
	l->last = n;
	if (l->all <= PATTERN_POSITIONS)
		return 0;
	return err_set(r->msg, ERR_RANGE,
		       "pattern longer than %d characters, repetitions counted out",
		       PATTERN_POSITIONS);
}

// Behind @p what, or the end.
static const char *skip_to(const struct reader *r, const char *from, const char *what)
{
	const char *found = from < r->end ? strstr(from, what) : NULL;
	return found != NULL ? found + strlen(what) : r->end;
}

static int read_escape(struct reader *r)
{
	const char *start = r->p;
	if (start[1] == 'Q') {
		r->p = skip_to(r, start + 2, "\\E");
		const size_t n = (size_t)(r->p - start);
		return count(r, n < PATTERN_POSITIONS ? (unsigned)n : PATTERN_POSITIONS + 1);
	}
	r->p += start[1] != '\0' ? 2 : 1;
	if (start[1] != '\0' && strchr("pPx", start[1]) != NULL && *r->p == '{')
		r->p = skip_to(r, r->p, "}");
	return count(r, 1);
}

// The library says what is wrong with brackets that do not end.
static int read_brackets(struct reader *r)
{
	const char *p = r->p + 1 + (r->p[1] == '^');
	for (bool first = true; p < r->end && (*p != ']' || first); first = false) {
		if (p[0] == '\\' && p[1] == 'Q')
			return fail(r, p, "\\Q in brackets is not known: put \\ before each");
		if (p[0] == '&' && p[1] == '&')
			return fail(r, p, "&& in brackets is not known");
		if (p[0] == '[' && p[1] == ':')
			p = skip_to(r, p, ":]");
		else
			p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;
	}
	r->p = p < r->end ? p + 1 : r->end;
	return count(r, 1);
}

static int read_open(struct reader *r)
{
	const char *at = r->p++;
	if (r->depth == DEPTH)
		return fail(r, at, "parentheses nested too deep");
	r->level[++r->depth] = (struct level){.open = at};
	if (*r->p != '?')
		return 0;
	for (r->p++; isalpha((unsigned char)*r->p) || *r->p == '-'; r->p++)
		if (*r->p == 'x')
			return fail(r, at, "(?x) is not known: write the pattern without blanks");
	return *r->p == '#' ? fail(r, at, "comments are not known") : 0;
}

static int read_close(struct reader *r)
{
	if (r->depth == 0)
		return fail(r, r->p, "there is no ( for this )");
	const unsigned n = r->level[r->depth--].all;
	r->p++;
	return count(r, n > 0 ? n : 1);
}

// A number of repetitions, cut where it exceeds what is allowed.
static unsigned read_number(struct reader *r)
{
	unsigned n = 0;
	for (; isdigit((unsigned char)*r->p); r->p++)
		if (n <= PATTERN_POSITIONS)
			n = 10 * n + (unsigned)(*r->p - '0');
	return n;
}

// True when `{` begins a repetition: {3} {3,} {3,5}; else it stands for itself.
static bool read_range(struct reader *r, unsigned *copies, bool *fixed)
{
	const char *start = r->p++;
	const unsigned min = read_number(r);
	unsigned max = min;
	*fixed = *r->p != ',';
	if (!*fixed) {
		r->p++;
		max = read_number(r);
	}
	*copies = max > min ? max : min;
	if (*r->p == '}' && r->p > start + 1) {
		r->p++;
		return true;
	}
	r->p = start + 1;
	return false;
}

static int read_repeat(struct reader *r)
{
	unsigned copies = 1;
	bool fixed = false;
	if (*r->p != '{')
		r->p++;
	else if (!read_range(r, &copies, &fixed))
		return count(r, 1);
	if (*r->p == '?')
		r->p++; // the shortest first: all the same to a whole text
	if (!fixed && ++r->repeats > PATTERN_REPEATS)
		return err_set(r->msg, ERR_RANGE, "pattern of more than %d repetitions",
			       PATTERN_REPEATS);
	struct level *l = &r->level[r->depth];
	const unsigned once = l->last;
	l->all -= once;
	return count(r, copies > 1 ? copies * once : once);
}

static int read_next(struct reader *r)
{
	switch (*r->p) {
	case '\\': return read_escape(r);
	case '[': return read_brackets(r);
	case '(': return read_open(r);
	case ')': return read_close(r);
	case '*':
	case '+':
	case '?':
	case '{': return read_repeat(r);
	case '|': r->level[r->depth].last = 0; break;
	default: r->p++; return count(r, 1);
	}
	r->p++;
	return 0;
}

// Is it within the limits? Never counts less than the library will build; whether it is a pattern
// at all is left to that, parentheses apart.
static int check_cost(const char *text, size_t len, struct err_msg *msg)
{
	struct reader r = {.text = text, .p = text, .end = text + len, .msg = msg};
	while (r.p < r.end) {
		const int err = read_next(&r);
		if (err != 0)
			return err;
	}
	return r.depth == 0 ? 0 : fail(&r, r.level[r.depth].open, "there is no ) for this (");
}

// --- the library --------------------------------------------------------------------------------

// What the library says, its "at index 3" as a character of a pattern that stood @p shift bytes in.
static void explain(hs_compile_error_t *e, size_t shift, struct err_msg *msg)
{
	const char *index = strstr(e->message, "index ");
	if (index == NULL) {
		err_set(msg, ERR_INVALID, "pattern: %s", e->message);
	} else {
		char *rest;
		const size_t at = strtoul(index + 6, &rest, 10);
		size_t head = (size_t)(index - e->message);
		if (head >= 3 && memcmp(index - 3, "at ", 3) == 0)
			head -= 3;
		while (head > 0 && strchr(" ,", e->message[head - 1]) != NULL)
			head--;
		err_set(msg, ERR_INVALID, "pattern, character %zu: %.*s%s",
			at >= shift ? at - shift + 1 : 1, (int)head, e->message, rest);
	}
	hs_free_compile_error(e);
}

// By itself it must be a pattern: what follows it could repair it.
static bool is_pattern(const char *text, struct err_msg *msg)
{
	hs_expr_info_t *info = NULL;
	hs_compile_error_t *e = NULL;
	const bool is = hs_expression_info(text, FLAGS, &info, &e) == HS_SUCCESS;
	if (!is)
		explain(e, 0, msg);
	free(info);
	return is;
}

static int compile(struct pattern *p, struct err_msg *msg)
{
	hs_compile_error_t *e = NULL;
	char *whole = malloc(p->len + sizeof(before) + sizeof(after));
	if (whole == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	memcpy(whole, before, sizeof(before) - 1);
	memcpy(whole + sizeof(before) - 1, p->text, p->len);
	memcpy(whole + sizeof(before) - 1 + p->len, after, sizeof(after));
	const hs_error_t err = hs_compile(whole, FLAGS, HS_MODE_BLOCK, NULL, &p->db, &e);
	free(whole);
	if (err != HS_SUCCESS) {
		explain(e, sizeof(before) - 1, msg);
		return ERR_INVALID;
	}
	hs_database_size(p->db, &p->size);
	if (p->size <= PATTERN_SIZE_MAX)
		return 0;
	return err_set(msg, ERR_RANGE, "pattern takes %zu bytes compiled, at most %zu", p->size,
		       PATTERN_SIZE_MAX);
}

struct pattern *pattern_compile(const char *text, size_t len, struct err_msg *msg)
{
	struct pattern *p = calloc(1, sizeof(*p) + len + 1);
	if (p == NULL) {
		err_set(msg, ERR_MEMORY, "out of memory");
		return NULL;
	}
	p->refs = 1;
	p->len = len;
	memcpy(p->text, text, len);
	if (check_cost(p->text, len, msg) == 0 && is_pattern(p->text, msg) && compile(p, msg) == 0)
		return p;
	pattern_free(p);
	return NULL;
}

struct pattern *pattern_ref(struct pattern *p)
{
	__atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
	return p;
}

void pattern_free(struct pattern *p)
{
	if (p == NULL || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	hs_free_database(p->db);
	free(p);
}

bool pattern_is(const struct pattern *p, const char *text, size_t len)
{
	return p->len == len && memcmp(p->text, text, len) == 0;
}

size_t pattern_size(const struct pattern *p)
{
	return sizeof(*p) + p->len + p->size;
}

int pattern_reserve(const struct pattern *p, struct hs_scratch **s, struct err_msg *msg)
{
	return hs_alloc_scratch(p->db, s) == HS_SUCCESS ? 0
							: err_set(msg, ERR_MEMORY, "out of memory");
}

struct hs_scratch *pattern_scratch_copy(const struct hs_scratch *s)
{
	struct hs_scratch *copy = NULL;
	return hs_clone_scratch(s, &copy) == HS_SUCCESS ? copy : NULL;
}

void pattern_scratch_free(struct hs_scratch *s)
{
	hs_free_scratch(s);
}

// The first match is the only one: of the whole text.
static int note_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		      void *ctx)
{
	(void)id, (void)from, (void)to, (void)flags;
	*(bool *)ctx = true;
	return 0;
}

bool pattern_match(const struct pattern *p, struct hs_scratch *s, const char *text, size_t len)
{
	bool is = false;
	const hs_error_t err = hs_scan(p->db, text, (unsigned)len, 0, s, note_match, &is);
	assert(err == HS_SUCCESS); // else the scratch is not made for it, or is another thread's
	(void)err;
	return is;
}
