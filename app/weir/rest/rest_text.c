// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/rest/rest_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/selector.h"
#include "base/hash.h"
#include "weir/util/node.h"

const char *rest_source_text(const char *name, uint32_t ds_class, uint32_t ds_index,
			     char text[REST_SOURCE_SIZE])
{
	if (name != NULL)
		return name;
	struct strbuf b = strbuf_of(text, REST_SOURCE_SIZE);
	data_source_format(&b, ds_class, ds_index);
	return text;
}

const char *rest_direction(uint32_t direction)
{
	switch (direction) {
	case DIRECTION_INGRESS: return "ingress";
	case DIRECTION_EGRESS: return "egress";
	default: return "unknown";
	}
}

size_t rest_char_size(const char *text, size_t len)
{
	for (size_t size = 1; size <= 4 && size <= len; size++)
		if (node_check_text(text, size) == 0)
			return size;
	return 0;
}

json_t *rest_json_text(const char *text)
{
	json_t *json = json_string(text);
	const size_t len = strlen(text);
	char *mended = json == NULL ? malloc(3 * len + 1) : NULL;
	if (mended == NULL)
		return json;
	size_t n = 0;
	for (size_t i = 0; i < len;) {
		const size_t size = rest_char_size(text + i, len - i);
		const size_t taken = size > 0 ? size : strlen(REST_UNKNOWN_CHAR);
		memcpy(mended + n, size > 0 ? text + i : REST_UNKNOWN_CHAR, taken);
		n += taken;
		i += size > 0 ? size : 1;
	}
	json = json_stringn(mended, n);
	free(mended);
	return json;
}

// Bytes at the start that need neither escapes nor a look at UTF-8.
static size_t plain_len(const char *text)
{
	size_t n = 0;
	while (text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' && text[n] != '\\')
		n++;
	return n;
}

void rest_put_text(struct http_out *out, const char *text)
{
	const size_t n = plain_len(text);
	if (text[n] != '\0') {
		http_out_json(out, rest_json_text(text));
		return;
	}
	http_out_bytes(out, "\"", 1);
	http_out_bytes(out, text, n);
	http_out_bytes(out, "\"", 1);
}

void rest_put_count(struct http_out *out, uint64_t n)
{
	char text[24];
	struct strbuf b = strbuf_of(text, sizeof(text));
	strbuf_u64(&b, n);
	http_out_bytes(out, text, b.len);
}

void rest_put_real(struct http_out *out, double number)
{
	char text[32];
	struct strbuf b = strbuf_of(text, sizeof(text));
	if (!isfinite(number)) {
		strbuf_str(&b, "null");
	} else if (number >= 0 && number < 1e15 && number == floor(number)) {
		strbuf_u64(&b, (uint64_t)number);
		strbuf_str(&b, ".0");
	} else {
		b.len = (size_t)snprintf(text, sizeof(text), "%.15g", number);
		if (strspn(text, "-0123456789") == b.len) // a number with a fraction stays one
			strbuf_str(&b, ".0");
	}
	http_out_bytes(out, text, b.len);
}

static json_t *prefix_json(const struct prefix *p)
{
	char addr[ADDR_TEXT_SIZE], text[ADDR_TEXT_SIZE + 4];
	const bool whole = p->bits == (p->addr.family == ADDR_IP4 ? 32 : 128);
	snprintf(text, sizeof(text), "%s/%u", addr_text(&p->addr, addr), p->bits);
	return json_string(whole ? addr : text);
}

json_t *rest_prefixes(const struct prefix_list *list)
{
	json_t *json = json_array();
	for (uint32_t i = 0; i < list->n; i++)
		json_array_append_new(json, prefix_json(&list->at[i]));
	return json;
}

void rest_add_names(json_t *json, const struct flow_row *row)
{
	if (row->agent_name[0] != '\0')
		json_object_set_new(json, "agentName", rest_json_text(row->agent_name));
	if (row->port_name[0] != '\0')
		json_object_set_new(json, "portName", rest_json_text(row->port_name));
}

void rest_add_values(json_t *json, const struct flow_row *row)
{
	if (row->n_values == 0)
		return;
	json_t *values = json_array();
	for (uint32_t i = 0; i < row->n_values; i++)
		json_array_append_new(values, isfinite(row->values[i]) ? json_real(row->values[i])
								       : json_null());
	json_object_set_new(json, "values", values);
}

json_int_t rest_age(uint64_t now, uint64_t time)
{
	return now > time ? (json_int_t)((now - time) / 1000000) : 0;
}

uint64_t rest_hash(const char *text, size_t len)
{
	struct hash_secret secret;
	hash_secret_init(&secret, 0);
	return hash_bytes(&secret, text, len);
}
