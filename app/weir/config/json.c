// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/config/json.h"

#include <stdbool.h>
#include <string.h>

const struct json_limits json_body_limits = {.size = 1 << 20, .depth = 16};
const struct json_limits json_file_limits = {.size = 64 << 20, .depth = 32};

struct reader {
	const char *p;
	const char *end;
	const char *source;
	uint32_t line;
	uint32_t column;
	unsigned depth;
	unsigned max_depth;
	struct arena *arena;
	struct err_msg *msg;
};

__attribute__((format(printf, 3, 4))) static int fail(struct reader *r, int err, const char *fmt,
						      ...)
{
	char where[128];
	struct strbuf b = strbuf_of(where, sizeof(where));
	strbuf_fmt(&b, "%s:%u:%u", r->source, r->line, r->column);
	va_list ap;
	va_start(ap, fmt);
	err_vset(r->msg, err, fmt, ap);
	va_end(ap);
	err_prefix(r->msg, where);
	return err;
}

static int out_of_memory(struct reader *r)
{
	return fail(r, ERR_MEMORY, "out of memory");
}

static void advance(struct reader *r)
{
	const unsigned char c = (unsigned char)*r->p++;
	if (c == '\n') {
		r->line++;
		r->column = 1;
	} else if ((c & 0xc0) != 0x80) {
		r->column++; // continuation bytes of UTF-8 take no column
	}
}

static void skip_space(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\r' || *r->p == '\n'))
		advance(r);
}

static bool at(const struct reader *r, char c)
{
	return r->p < r->end && *r->p == c;
}

// What stands at the reader, for a message: a character in quotes or "the end".
static const char *seen(const struct reader *r, char text[8])
{
	if (r->p == r->end)
		return "the end";
	struct strbuf b = strbuf_of(text, 8);
	const unsigned char c = (unsigned char)*r->p;
	if (c >= 0x20 && c < 0x7f)
		strbuf_fmt(&b, "'%c'", c);
	else
		strbuf_fmt(&b, "0x%02x", c);
	return text;
}

static int expected(struct reader *r, const char *what)
{
	char text[8];
	return fail(r, ERR_INVALID, "expected %s, got %s", what, seen(r, text));
}

static int hex4(struct reader *r, uint32_t *out)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++) {
		if (r->p == r->end)
			return expected(r, "four hex digits");
		const char c = *r->p;
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v << 4 | (uint32_t)((c | 32) - 'a' + 10);
		else
			return expected(r, "four hex digits");
		advance(r);
	}
	*out = v;
	return 0;
}

static size_t utf8_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

// Behind "\u". Characters beyond the first plane come as two escapes (RFC 8259 section 7).
static int read_unicode(struct reader *r, char *out, size_t *len)
{
	uint32_t c;
	int err = hex4(r, &c);
	if (err != 0)
		return err;
	if (c >= 0xd800 && c < 0xdc00) {
		uint32_t low = 0;
		if (r->end - r->p >= 2 && r->p[0] == '\\' && r->p[1] == 'u') {
			advance(r);
			advance(r);
			err = hex4(r, &low);
			if (err != 0)
				return err;
		}
		if (low < 0xdc00 || low > 0xdfff)
			return fail(r, ERR_INVALID, "half of a surrogate pair");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c >= 0xdc00 && c < 0xe000) {
		return fail(r, ERR_INVALID, "half of a surrogate pair");
	}
	if (c == 0)
		return fail(r, ERR_INVALID, "a string must not hold the character NUL");
	*len += utf8_put(out + *len, c);
	return 0;
}

// At the backslash.
static int read_escape(struct reader *r, char *out, size_t *len)
{
	static const char names[] = "\"'\\/bfnrt", values[] = "\"'\\/\b\f\n\r\t";
	advance(r);
	if (at(r, 'u')) {
		advance(r);
		return read_unicode(r, out, len);
	}
	const char *name = r->p < r->end ? memchr(names, *r->p, sizeof(names) - 1) : NULL;
	if (name == NULL)
		return expected(r, "one of \" ' \\ / b f n r t u behind the backslash");
	out[(*len)++] = values[name - names];
	advance(r);
	return 0;
}

// Bytes between the quote at the reader and its partner; -1 when there is none on this line.
static ptrdiff_t raw_length(const struct reader *r)
{
	for (const char *p = r->p + 1; p < r->end && *p != '\n'; p++) {
		if (*p == *r->p)
			return p - r->p - 1;
		if (*p == '\\' && ++p == r->end)
			break;
	}
	return -1;
}

static int decode_string(struct reader *r, const char *end, char *out, size_t *len)
{
	while (r->p < end) {
		if ((unsigned char)*r->p < 0x20 && *r->p != '\t')
			return expected(r, "no control character in a string");
		if (*r->p == '\\') {
			const int err = read_escape(r, out, len);
			if (err != 0)
				return err;
			continue;
		}
		out[(*len)++] = *r->p;
		advance(r);
	}
	return 0;
}

// At the opening quote. What is decoded is never longer than what was written.
static int read_string(struct reader *r, const char **out)
{
	const struct reader start = *r;
	const ptrdiff_t raw = raw_length(r);
	if (raw < 0)
		return fail(r, ERR_TRUNCATED, "a string without its closing %c", *r->p);
	char *text = arena_alloc(r->arena, (size_t)raw + 1);
	if (text == NULL)
		return out_of_memory(r);
	size_t len = 0;
	advance(r);
	const int err = decode_string(r, r->p + raw, text, &len);
	if (err != 0)
		return err;
	advance(r);
	if (node_check_text(text, len) != 0) {
		*r = start;
		return fail(r, ERR_INVALID, "a string that is not valid UTF-8");
	}
	*out = text;
	return 0;
}

static bool in_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '+' || c == '.' || c == '$';
}

// A run of letters, digits and the like; empty when something else stands there.
static int read_word(struct reader *r, const char **out)
{
	const char *start = r->p;
	while (r->p < r->end && in_word(*r->p))
		advance(r);
	*out = arena_strndup(r->arena, start, (size_t)(r->p - start));
	return *out != NULL ? 0 : out_of_memory(r);
}

static int read_bare(struct reader *r, struct node *n)
{
	const struct reader start = *r;
	const int err = read_word(r, &n->text);
	if (err != 0)
		return err;
	if (n->text[0] == '\0')
		return expected(r, "a value");
	if (strcmp(n->text, "null") == 0)
		n->kind = NODE_NULL;
	else if (strcmp(n->text, "true") == 0 || strcmp(n->text, "false") == 0)
		n->kind = NODE_BOOL;
	else if (node_is_number(n->text))
		n->kind = NODE_NUMBER;
	else {
		*r = start;
		return fail(r, ERR_INVALID, "got %s, expected a value (a string needs quotes)",
			    n->text);
	}
	return 0;
}

// The name of the next member and its colon, into @p n.
static int read_name(struct reader *r, struct node *n)
{
	n->name_line = r->line;
	n->name_column = r->column;
	const bool quoted = at(r, '"') || at(r, '\'');
	const int err = quoted ? read_string(r, &n->name) : read_word(r, &n->name);
	if (err != 0)
		return err;
	if (!quoted && n->name[0] == '\0')
		return expected(r, "a name or '}'");
	skip_space(r);
	if (!at(r, ':'))
		return expected(r, "':' behind the name");
	advance(r);
	skip_space(r);
	return 0;
}

static int open_container(struct reader *r, struct node *n)
{
	if (++r->depth > r->max_depth)
		return fail(r, ERR_RANGE, "more than %u lists and maps inside one another",
			    r->max_depth);
	n->kind = *r->p == '{' ? NODE_MAP : NODE_LIST;
	advance(r);
	return 0;
}

// One value into @p n, which is in the tree already; of a list or map only the opening bracket.
static int read_value(struct reader *r, struct node *n)
{
	n->line = r->line;
	n->column = r->column;
	if (n->name == NULL) {
		n->name_line = n->line;
		n->name_column = n->column;
	}
	if (at(r, '{') || at(r, '['))
		return open_container(r, n);
	if (at(r, '"') || at(r, '\'')) {
		n->kind = NODE_STRING;
		return read_string(r, &n->text);
	}
	return read_bare(r, n);
}

// The next element of the open container @p parent, or the root.
static int read_element(struct reader *r, struct node *parent, struct node **out)
{
	struct node *n = node_add(r->arena, parent, NODE_NULL);
	if (n == NULL)
		return out_of_memory(r);
	*out = n;
	if (parent != NULL && parent->kind == NODE_MAP) {
		const int err = read_name(r, n);
		if (err != 0)
			return err;
	}
	return read_value(r, n);
}

static bool is_container(const struct node *n)
{
	return n->kind == NODE_MAP || n->kind == NODE_LIST;
}

// Behind a complete value: close what ends here. *@p open becomes the container that goes on, NULL
// at the end of the document.
static int read_closers(struct reader *r, struct node **open)
{
	for (;;) {
		skip_space(r);
		struct node *n = *open;
		if (n == NULL)
			return r->p == r->end ? 0 : expected(r, "the end of the document");
		// The comma is optional before a closing bracket and nowhere else.
		bool comma = n->n_children == 0;
		if (!comma && at(r, ',')) {
			comma = true;
			advance(r);
			skip_space(r);
		}
		const char closer = n->kind == NODE_MAP ? '}' : ']';
		if (!at(r, closer)) {
			if (comma)
				return 0;
			return expected(r, closer == '}' ? "',' or '}'" : "',' or ']'");
		}
		advance(r);
		r->depth--;
		if (n->kind == NODE_MAP) {
			const int err = node_check_names(n, r->msg);
			if (err != 0)
				return err;
		}
		*open = n->parent;
	}
}

static int read_document(struct reader *r, struct node **root)
{
	struct node *open = NULL, *n = NULL;
	skip_space(r);
	do {
		int err = read_element(r, open, &n);
		if (err != 0)
			return err;
		if (*root == NULL) {
			*root = n;
			n->source = r->source;
		}
		if (is_container(n))
			open = n;
		err = read_closers(r, &open);
		if (err != 0)
			return err;
	} while (open != NULL);
	return 0;
}

int json_check_size(const char *source, size_t size, const struct json_limits *limits,
		    struct err_msg *msg)
{
	if (size <= limits->size)
		return 0;
	return err_set(msg, ERR_RANGE, "%s: %zu bytes, more than the %zu that are allowed", source,
		       size, limits->size);
}

const struct node *json_read(struct arena *arena, const char *source, const char *text, size_t size,
			     const struct json_limits *limits, struct err_msg *msg)
{
	if (json_check_size(source, size, limits, msg) != 0)
		return NULL;
	struct reader r = {
		.p = text,
		.end = text + size,
		.source = arena_strndup(arena, source, strlen(source)),
		.line = 1,
		.column = 1,
		.max_depth = limits->depth,
		.arena = arena,
		.msg = msg,
	};
	if (r.source == NULL) {
		err_set(msg, ERR_MEMORY, "out of memory");
		return NULL;
	}
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.p += 3; // the byte order mark that some editors write
	struct node *root = NULL;
	return read_document(&r, &root) == 0 ? root : NULL;
}
