// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

struct loader {
	yaml_parser_t parser;
	struct arena *arena;
	const char *source;
	struct err_msg *msg;
	unsigned max_depth;
	unsigned depth;      // lists and maps that are open
	unsigned flow_depth; // the one at which flow style ({...}, [...]) began; 0 in block style
	struct node *root;
	struct node *open;   // the innermost open list or map
	struct node *member; // its name was read, its value comes next
	bool member_plain;   // the name had no quotes
};

__attribute__((format(printf, 4, 5))) static int fail(struct loader *l, const yaml_mark_t *at,
						      int err, const char *fmt, ...)
{
	char where[128];
	struct strbuf b = strbuf_of(where, sizeof(where));
	strbuf_fmt(&b, "%s:%zu:%zu", l->source, at->line + 1, at->column + 1);
	va_list ap;
	va_start(ap, fmt);
	err_vset(l->msg, err, fmt, ap);
	va_end(ap);
	err_prefix(l->msg, where);
	return err;
}

static int out_of_memory(struct loader *l)
{
	return err_set(l->msg, ERR_MEMORY, "%s: out of memory", l->source);
}

// What libyaml found, in its words.
static int parser_error(struct loader *l)
{
	const yaml_parser_t *p = &l->parser;
	if (p->error == YAML_MEMORY_ERROR)
		return out_of_memory(l);
	if (p->error == YAML_READER_ERROR)
		return err_set(l->msg, ERR_INVALID, "%s: byte %zu: %s", l->source,
			       p->problem_offset, p->problem);
	return fail(l, &p->problem_mark, ERR_INVALID, "%s%s%s", p->context ? p->context : "",
		    p->context ? ": " : "", p->problem);
}

static void place(struct node *n, const yaml_mark_t *at)
{
	n->line = (uint32_t)at->line + 1;
	n->column = (uint32_t)at->column + 1;
	if (n->name == NULL) {
		n->name_line = n->line;
		n->name_column = n->column;
	}
}

// The node that the next value fills: the named member, the next element, or the root.
static struct node *take_node(struct loader *l, const yaml_mark_t *at)
{
	struct node *n = l->member;
	l->member = NULL;
	if (n == NULL)
		n = node_add(l->arena, l->open, NODE_NULL);
	if (n == NULL)
		return NULL;
	if (l->root == NULL) {
		l->root = n;
		n->source = l->source;
	}
	place(n, at);
	return n;
}

static bool one_of(const char *text, const char *a, const char *b, const char *c)
{
	return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

// What a scalar without quotes means (YAML 1.2, core schema, decimal numbers only).
static enum node_kind resolve(const char **text)
{
	if (**text == '\0' || strcmp(*text, "~") == 0 || one_of(*text, "null", "Null", "NULL"))
		return NODE_NULL;
	if (one_of(*text, "true", "True", "TRUE")) {
		*text = "true";
		return NODE_BOOL;
	}
	if (one_of(*text, "false", "False", "FALSE")) {
		*text = "false";
		return NODE_BOOL;
	}
	return node_is_number(*text) ? NODE_NUMBER : NODE_STRING;
}

static int read_name(struct loader *l, const yaml_event_t *e, const char *text)
{
	struct node *n = node_add(l->arena, l->open, NODE_NULL);
	if (n == NULL)
		return out_of_memory(l);
	n->name = text;
	n->name_line = (uint32_t)e->start_mark.line + 1;
	n->name_column = (uint32_t)e->start_mark.column + 1;
	l->member = n;
	l->member_plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

// `{value:"bytes"}`: the name is `value:"bytes"` and there is no value. Take it apart, as JSON
// would. Escapes stay a matter for those who write the space.
static int split_name(struct loader *l, struct node *n, const yaml_mark_t *at)
{
	const char *colon = strchr(n->name, ':');
	const char *value = colon + 1;
	const size_t len = strlen(value);
	const char quote = *value;
	n->column = n->name_column + (uint32_t)(value - n->name);
	n->line = n->name_line;
	n->name = arena_strndup(l->arena, n->name, (size_t)(colon - n->name));
	if (n->name == NULL)
		return out_of_memory(l);
	if (quote != '"' && quote != '\'') {
		n->text = value;
		n->kind = resolve(&n->text);
		return 0;
	}
	if (len < 2 || value[len - 1] != quote || strchr(value, '\\') != NULL ||
	    memchr(value + 1, quote, len - 2) != NULL)
		return fail(l, at, ERR_INVALID, "a space is needed behind \"%s:\"", n->name);
	n->kind = NODE_STRING;
	n->text = arena_strndup(l->arena, value + 1, len - 2);
	return n->text != NULL ? 0 : out_of_memory(l);
}

static bool names_its_value(const struct loader *l, const struct node *n, const yaml_event_t *e)
{
	return n->name != NULL && l->flow_depth != 0 && l->member_plain &&
	       e->start_mark.index == e->end_mark.index && strchr(n->name, ':') != NULL;
}

static int read_scalar(struct loader *l, const yaml_event_t *e)
{
	const char *raw = (const char *)e->data.scalar.value;
	const size_t len = e->data.scalar.length;
	if (e->data.scalar.tag != NULL)
		return fail(l, &e->start_mark, ERR_INVALID, "tags are not supported");
	if (node_check_text(raw, len) != 0)
		return fail(l, &e->start_mark, ERR_INVALID, "a text that holds the character NUL");
	const char *text = arena_strndup(l->arena, raw, len);
	if (text == NULL)
		return out_of_memory(l);
	if (l->open != NULL && l->open->kind == NODE_MAP && l->member == NULL)
		return read_name(l, e, text);
	struct node *n = take_node(l, &e->start_mark);
	if (n == NULL)
		return out_of_memory(l);
	if (names_its_value(l, n, e))
		return split_name(l, n, &e->start_mark);
	n->text = text;
	n->kind = NODE_STRING;
	if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		n->kind = resolve(&n->text);
	return 0;
}

static int open_container(struct loader *l, const yaml_event_t *e, enum node_kind kind, bool flow,
			  const yaml_char_t *tag)
{
	if (tag != NULL)
		return fail(l, &e->start_mark, ERR_INVALID, "tags are not supported");
	if (l->open != NULL && l->open->kind == NODE_MAP && l->member == NULL)
		return fail(l, &e->start_mark, ERR_INVALID, "a name must be a text, not %s",
			    node_kind_str(kind));
	if (++l->depth > l->max_depth)
		return fail(l, &e->start_mark, ERR_RANGE,
			    "more than %u lists and maps inside one another", l->max_depth);
	if (flow && l->flow_depth == 0)
		l->flow_depth = l->depth;
	struct node *n = take_node(l, &e->start_mark);
	if (n == NULL)
		return out_of_memory(l);
	n->kind = kind;
	l->open = n;
	return 0;
}

static int close_container(struct loader *l)
{
	struct node *n = l->open;
	if (l->flow_depth == l->depth)
		l->flow_depth = 0;
	l->depth--;
	l->open = n->parent;
	return n->kind == NODE_MAP ? node_check_names(n, l->msg) : 0;
}

static int read_event(struct loader *l, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (l->root == NULL)
			return 0;
		return fail(l, &e->start_mark, ERR_INVALID, "a second document in one file");
	case YAML_ALIAS_EVENT:
		return fail(l, &e->start_mark, ERR_INVALID, "aliases (*%s) are not supported",
			    (const char *)e->data.alias.anchor);
	case YAML_SCALAR_EVENT:
		if (e->data.scalar.anchor != NULL)
			break;
		return read_scalar(l, e);
	case YAML_SEQUENCE_START_EVENT:
		if (e->data.sequence_start.anchor != NULL)
			break;
		return open_container(l, e, NODE_LIST,
				      e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
				      e->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		if (e->data.mapping_start.anchor != NULL)
			break;
		return open_container(l, e, NODE_MAP,
				      e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE,
				      e->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: return close_container(l);
	default: return 0;
	}
	return fail(l, &e->start_mark, ERR_INVALID, "anchors (&) are not supported");
}

static int read_events(struct loader *l)
{
	for (bool end = false; !end;) {
		yaml_event_t e;
		if (!yaml_parser_parse(&l->parser, &e))
			return parser_error(l);
		const int err = read_event(l, &e);
		end = e.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
		if (err != 0)
			return err;
	}
	return 0;
}

// Nothing but comments: a map without members, so that the validator has one case less.
static int add_empty_root(struct loader *l)
{
	const yaml_mark_t start = {0};
	if (take_node(l, &start) == NULL)
		return out_of_memory(l);
	l->root->kind = NODE_MAP;
	return 0;
}

const struct node *json_read_yaml(struct arena *arena, const char *source, const char *text,
				  size_t size, const struct json_limits *limits,
				  struct err_msg *msg)
{
	if (json_check_size(source, size, limits, msg) != 0)
		return NULL;
	struct loader l = {
		.arena = arena,
		.source = arena_strndup(arena, source, strlen(source)),
		.msg = msg,
		.max_depth = limits->depth,
	};
	if (l.source == NULL || !yaml_parser_initialize(&l.parser)) {
		err_set(msg, ERR_MEMORY, "%s: out of memory", source);
		return NULL;
	}
	yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.parser, (const unsigned char *)text, size);
	int err = read_events(&l);
	if (err == 0 && (l.root == NULL || l.root->kind == NODE_NULL)) {
		l.root = NULL;
		err = add_empty_root(&l);
	}
	yaml_parser_delete(&l.parser);
	return err == 0 ? l.root : NULL;
}

static int read_stream(FILE *f, const char *path, size_t max_size, char **text, size_t *size,
		       struct err_msg *msg)
{
	size_t room = 0;
	for (;;) {
		if (*size == room) {
			room = room == 0 ? 16384 : room * 2;
			char *more = realloc(*text, room);
			if (more == NULL)
				return err_set(msg, ERR_MEMORY, "%s: out of memory", path);
			*text = more;
		}
		const size_t n = fread(*text + *size, 1, room - *size, f);
		*size += n;
		if (ferror(f))
			return err_set(msg, ERR_IO, "%s: %s", path, strerror(errno));
		if (n == 0 || *size > max_size)
			return 0; // the reader refuses what is too long
	}
}

const struct node *json_load_yaml(struct arena *arena, const char *path,
				  const struct json_limits *limits, struct err_msg *msg)
{
	FILE *f = fopen(path, "re");
	if (f == NULL) {
		err_set(msg, ERR_IO, "%s: %s", path, strerror(errno));
		return NULL;
	}
	char *text = NULL;
	size_t size = 0;
	const struct node *root = NULL;
	if (read_stream(f, path, limits->size, &text, &size, msg) == 0)
		root = json_read_yaml(arena, path, text, size, limits, msg);
	fclose(f);
	free(text);
	return root;
}
