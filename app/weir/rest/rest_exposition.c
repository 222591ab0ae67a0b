// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/rest/rest_exposition.h"

#include <string.h>

#include "weir/rest/rest_text.h"

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

void exposition_name(struct http_out *out, const char *prefix, const char *name, size_t len)
{
	http_out_str(out, prefix);
	if (prefix[0] == '\0' && len > 0 && name[0] >= '0' && name[0] <= '9')
		http_out_str(out, "_");
	for (size_t i = 0; i < len; i++) {
		const size_t from = i;
		while (i < len && is_plain(name[i]))
			i++;
		http_out_bytes(out, name + from, i - from);
		http_out_str(out, i < len ? "_" : "");
	}
}

void exposition_label(struct http_out *out, const char *name, const char *value)
{
	http_out_str(out, name);
	http_out_str(out, "=\"");
	for (size_t left = strlen(value); left > 0;) {
		const size_t size = rest_char_size(value, left);
		if (size == 0)
			http_out_str(out, REST_UNKNOWN_CHAR);
		else if (*value == '\\' || *value == '"')
			http_out_fmt(out, "\\%c", *value);
		else if (*value == '\n')
			http_out_str(out, "\\n");
		else
			http_out_bytes(out, value, size);
		value += size > 0 ? size : 1;
		left -= size > 0 ? size : 1;
	}
	http_out_str(out, "\"");
}

static void put_comment(struct http_out *out, const char *kind, const char *prefix,
			const char *name, size_t len, const char *text)
{
	http_out_fmt(out, "# %s ", kind);
	exposition_name(out, prefix, name, len);
	http_out_fmt(out, " %s\n", text);
}

// Ends that Prometheus keeps for other types; such a gauge goes untyped.
static bool is_reserved(const char *name, size_t len)
{
	static const char *const ends[] = {"_total", "_count", "_sum", "_bucket"};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const size_t n = strlen(ends[i]);
		if (len >= n && memcmp(name + len - n, ends[i], n) == 0)
			return true;
	}
	return false;
}

void exposition_gauge(struct http_out *out, const char *prefix, const char *name, size_t len,
		      const char *help)
{
	put_comment(out, "HELP", prefix, name, len, help);
	put_comment(out, "TYPE", prefix, name, len, is_reserved(name, len) ? "untyped" : "gauge");
}

bool exposition_first(struct exposition_seen *seen, const char *name, size_t len)
{
	const size_t size = sizeof(seen->slot) / sizeof(seen->slot[0]);
	const uint64_t h = rest_hash(name, len) | 1; // a collision costs a line of help
	size_t at = (h >> 32) % size;
	for (; seen->slot[at] != 0; at = (at + 1) % size)
		if (seen->slot[at] == h)
			return false;
	if (seen->n >= size / 2)
		return false;
	seen->n++;
	seen->slot[at] = h;
	return true;
}
