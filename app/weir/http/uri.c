// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/http/uri.h"

#include <string.h>

#include "weir/util/node.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	const char lower = (char)(c | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The byte that an escape at @p text stands for, of which @p len bytes are there; -1 if malformed.
static int escaped(const char *text, size_t len)
{
	if (len < 3)
		return -1;
	const int high = hex(text[1]), low = hex(text[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

// NULL with a message.
static const char *decode(struct arena *arena, const char *text, size_t len, bool form,
			  struct err_msg *msg)
{
	char *out = arena_alloc(arena, len + 1);
	size_t n = 0;
	if (out == NULL) {
		err_set(msg, ERR_MEMORY, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)text[i];
		if (c == '%') {
			c = escaped(text + i, len - i);
			i += 2;
		} else if (c == '+' && form) {
			c = ' ';
		}
		if (c == -1) {
			err_set(msg, ERR_INVALID,
				"malformed escape, expected %% and two hexadecimal digits");
			return NULL;
		}
		out[n++] = (char)c;
	}
	if (node_check_text(out, n) == 0)
		return out;
	err_set(msg, ERR_INVALID, "expected UTF-8 without NUL");
	return NULL;
}

static int parse_path(struct arena *arena, const char *text, size_t len, struct uri *out,
		      struct err_msg *msg)
{
	if (len == 0 || text[0] != '/')
		return err_set(msg, ERR_INVALID, "expected a path that begins with \"/\"");
	const char *end = text + len;
	if (len == 1)
		return 0;
	for (const char *p = text + 1;;) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		const char *stop = slash != NULL ? slash : end;
		if (out->n_segments == URI_SEGMENTS_MAX)
			return err_set(msg, ERR_RANGE, "path: expected at most %d parts",
				       URI_SEGMENTS_MAX);
		const char *segment = decode(arena, p, (size_t)(stop - p), false, msg);
		if (segment == NULL) {
			err_prefix(msg, "path");
			return ERR_INVALID;
		}
		out->segment[out->n_segments++] = segment;
		if (slash == NULL)
			return 0;
		p = slash + 1;
	}
}

static int parse_param(struct arena *arena, const char *text, size_t len, struct uri_param *out,
		       struct err_msg *msg)
{
	const char *equals = memchr(text, '=', len);
	const size_t name = equals != NULL ? (size_t)(equals - text) : len;
	const size_t value = equals != NULL ? name + 1 : len;
	out->name = decode(arena, text, name, true, msg);
	out->value = out->name != NULL ? decode(arena, text + value, len - value, true, msg) : NULL;
	if (out->value != NULL)
		return 0;
	err_prefix(msg, "query");
	return ERR_INVALID;
}

static int parse_query(struct arena *arena, const char *text, struct uri *out, struct err_msg *msg)
{
	uint32_t n = 1;
	for (const char *p = text; *p != '\0'; p++)
		n += *p == '&';
	if (n > URI_PARAMS_MAX)
		return err_set(msg, ERR_RANGE, "query: got %u parameters, expected at most %d", n,
			       URI_PARAMS_MAX);
	struct uri_param *params = arena_array(arena, n, sizeof(*params));
	if (params == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	out->param = params;
	for (const char *p = text; *p != '\0';) {
		const size_t len = strcspn(p, "&");
		if (len > 0 && parse_param(arena, p, len, &params[out->n_params++], msg) != 0)
			return ERR_INVALID;
		p += len + (p[len] == '&');
	}
	return 0;
}

int uri_parse(struct arena *arena, const char *target, struct uri *out, struct err_msg *msg)
{
	*out = (struct uri){0};
	const size_t path = strcspn(target, "?#");
	const int err = parse_path(arena, target, path, out, msg);
	return err == 0 && target[path] == '?' ? parse_query(arena, target + path + 1, out, msg)
					       : err;
}

bool uri_match(const struct uri *u, const char *pattern, const char **value)
{
	uint32_t i = 0, n = 0;
	for (const char *p = pattern; p[0] == '/' && p[1] != '\0'; i++) {
		const size_t len = strcspn(++p, "/");
		if (i == u->n_segments)
			return false;
		const char *segment = u->segment[i];
		if (p[0] == '{' && segment[0] != '\0')
			value[n++] = segment;
		else if (strncmp(segment, p, len) != 0 || segment[len] != '\0')
			return false;
		p += len;
	}
	return i == u->n_segments;
}

const char *uri_query(const struct uri *u, const char *name, const char *after)
{
	uint32_t i = 0;
	while (after != NULL && i < u->n_params && u->param[i++].value != after)
		continue;
	for (; i < u->n_params; i++)
		if (strcmp(u->param[i].name, name) == 0)
			return u->param[i].value;
	return NULL;
}

int uri_split(struct arena *arena, const char *text, const char *separators, const char ***out)
{
	size_t n = 1;
	for (const char *p = text; *p != '\0'; p++)
		n += strchr(separators, *p) != NULL;
	const char **part = arena_array(arena, n, sizeof(*part));
	if (part == NULL)
		return ERR_MEMORY;
	int used = 0;
	for (const char *p = text; *p != '\0';) {
		const size_t len = strcspn(p, separators);
		if (len > 0 && (part[used++] = arena_strndup(arena, p, len)) == NULL)
			return ERR_MEMORY;
		p += len + (p[len] != '\0');
	}
	*out = part;
	return used;
}
