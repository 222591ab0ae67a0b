// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/util/node.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PATH_SIZE = 160
};

const struct node *node_get(const struct node *map, const char *name)
{
	if (map->kind != NODE_MAP)
		return NULL;
	for (const struct node *n = map->child; n != NULL; n = n->next)
		if (strcmp(n->name, name) == 0)
			return n;
	return NULL;
}

static size_t index_of(const struct node *n)
{
	size_t i = 0;
	for (const struct node *e = n->parent->child; e != n; e = e->next)
		i++;
	return i;
}

void node_path(const struct node *n, struct strbuf *b)
{
	// Upwards the chain is a list, written downwards: count, then take each level from the top.
	// Readers bound the depth, hence the square of it is small.
	size_t depth = 0;
	for (const struct node *e = n; e->parent != NULL; e = e->parent)
		depth++;
	for (size_t level = depth; level-- > 0;) {
		const struct node *e = n;
		for (size_t i = 0; i < level; i++)
			e = e->parent;
		if (e->parent->kind == NODE_LIST)
			strbuf_fmt(b, "[%zu]", index_of(e));
		else if (e->name != NULL)
			strbuf_fmt(b, "%s%s", b->len > 0 ? "." : "", e->name);
	}
}

const char *node_kind_str(enum node_kind kind)
{
	switch (kind) {
	case NODE_NULL: return "null";
	case NODE_BOOL: return "true or false";
	case NODE_NUMBER: return "a number";
	case NODE_STRING: return "a string";
	case NODE_LIST: return "a list";
	case NODE_MAP: return "a map";
	}
	return "nothing";
}

static int set_error(const struct node *n, uint32_t line, uint32_t column, struct err_msg *msg,
		     int err, const char *fmt, va_list ap)
{
	if (msg == NULL)
		return err;
	char path[PATH_SIZE];
	struct strbuf b = strbuf_of(path, sizeof(path));
	node_path(n, &b);
	b = strbuf_of(msg->text, sizeof(msg->text));
	strbuf_str(&b, n->source);
	if (line != 0)
		strbuf_fmt(&b, ":%u:%u", line, column);
	strbuf_fmt(&b, ": %s%s", path, path[0] ? ": " : "");
	vsnprintf(b.text + b.len, b.size - b.len, fmt, ap);
	return err;
}

int node_error(const struct node *n, struct err_msg *msg, int err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	set_error(n, n->line, n->column, msg, err, fmt, ap);
	va_end(ap);
	return err;
}

int node_name_error(const struct node *n, struct err_msg *msg, int err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	set_error(n, n->name_line, n->name_column, msg, err, fmt, ap);
	va_end(ap);
	return err;
}

struct node *node_add(struct arena *arena, struct node *parent, enum node_kind kind)
{
	struct node *n = arena_alloc(arena, sizeof(*n));
	if (n == NULL)
		return NULL;
	n->kind = kind;
	n->parent = parent;
	if (parent == NULL)
		return n;
	n->source = parent->source;
	if (parent->last == NULL)
		parent->child = n;
	else
		parent->last->next = n;
	parent->last = n;
	parent->n_children++;
	return n;
}

// By name; of equals the one that stands first comes first.
static int by_name(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
	const int order = strcmp(x->name, y->name);
	if (order != 0)
		return order;
	if (x->name_line != y->name_line)
		return x->name_line < y->name_line ? -1 : 1;
	return x->name_column < y->name_column ? -1 : 1;
}

int node_check_names(const struct node *map, struct err_msg *msg)
{
	if (map->n_children < 2)
		return 0;
	const struct node **sorted = calloc(map->n_children, sizeof(struct node *));
	if (sorted == NULL)
		return err_set(msg, ERR_MEMORY, "%s: out of memory", map->source);
	size_t n = 0;
	for (const struct node *e = map->child; e != NULL; e = e->next)
		sorted[n++] = e;
	qsort(sorted, n, sizeof(*sorted), by_name);
	int err = 0;
	for (size_t i = 1; i < n && err == 0; i++)
		if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
			err = node_name_error(sorted[i], msg, ERR_EXISTS,
					      "given twice, first at line %u, column %u",
					      sorted[i - 1]->name_line, sorted[i - 1]->name_column);
	free(sorted);
	return err;
}

// Bytes of the character at @p s, 0 when it is no valid one (RFC 3629 section 4).
static size_t utf8_char(const unsigned char *s, size_t len)
{
	if (s[0] < 0x80)
		return s[0] != 0;
	const size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	const bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
	const bool surrogate = s[0] == 0xed && s[1] > 0x9f;
	const bool beyond = s[0] == 0xf4 && s[1] > 0x8f;
	return overlong || surrogate || beyond ? 0 : n;
}

int node_check_text(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	while (len > 0) {
		const size_t n = utf8_char(s, len);
		if (n == 0)
			return ERR_INVALID;
		s += n;
		len -= n;
	}
	return 0;
}

static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

bool node_is_number(const char *s)
{
	s += *s == '+' || *s == '-';
	const size_t whole = digits(s);
	s += whole;
	size_t fraction = 0;
	if (*s == '.') {
		fraction = digits(s + 1);
		s += 1 + fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '+' || *s == '-';
		if (digits(s) == 0)
			return false;
		s += digits(s);
	}
	return *s == '\0';
}

static char *copy_text(struct arena *arena, const char *text)
{
	return text != NULL ? arena_strndup(arena, text, strlen(text)) : NULL;
}

static struct node *copy_one(struct arena *arena, const struct node *n, struct node *parent)
{
	struct node *to = node_add(arena, parent, n->kind);
	if (to == NULL)
		return NULL;
	to->name = copy_text(arena, n->name);
	to->text = copy_text(arena, n->text);
	to->source = parent != NULL ? parent->source : copy_text(arena, n->source);
	to->line = n->line;
	to->column = n->column;
	to->name_line = n->name_line;
	to->name_column = n->name_column;
	const bool whole =
		(to->name != NULL || n->name == NULL) && (to->text != NULL || n->text == NULL);
	return whole ? to : NULL;
}

// The node after @p n in the tree of @p root; *up is how many levels it lies above.
static const struct node *next_node(const struct node *n, const struct node *root, unsigned *up)
{
	*up = 0;
	if (n->child != NULL)
		return n->child;
	while (n != root && n->next == NULL) {
		n = n->parent;
		++*up;
	}
	return n == root ? NULL : n->next;
}

struct node *node_copy(struct arena *arena, const struct node *n)
{
	struct node *root = copy_one(arena, n, NULL), *to = root;
	unsigned up;
	const struct node *from = n, *next;
	while (to != NULL && (next = next_node(from, n, &up)) != NULL) {
		struct node *parent = from->child != NULL ? to : to->parent;
		for (; up > 0; up--)
			parent = parent->parent;
		to = copy_one(arena, next, parent);
		from = next;
	}
	return to != NULL ? root : NULL;
}

static bool equal_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool node_equal(const struct node *a, const struct node *b)
{
	const struct node *x = a, *y = b;
	unsigned up_x = 0, up_y = 0;
	while (x != NULL && y != NULL) {
		if (x->kind != y->kind || !equal_text(x->text, y->text) ||
		    ((x != a || y != b) && !equal_text(x->name, y->name)) || up_x != up_y)
			return false;
		x = next_node(x, a, &up_x);
		y = next_node(y, b, &up_y);
	}
	return x == y;
}
