// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What is measured: flows, thresholds, groups and maps, read and changed by name.
#include "weir/rest/rest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "weir/rest/rest_text.h"
#include "weir/collector.h"
#include "weir/control/control.h"

static struct control *control_of(const struct http_request *r)
{
	return ((struct rest *)r->ctx)->collector->control;
}

static void set_text(json_t *json, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_object_set_new(json, name, rest_json_text(text));
}

// With defaults, as clients want it that split keys at `fs`.
static json_t *flow_json(const struct http_request *r, const char *name, int *err)
{
	static const char *const modes[] = {
		[FLOW_AGG_SOURCE] = NULL,
		[FLOW_AGG_AGENT] = "AGENT",
		[FLOW_AGG_EDGE] = "edge",
	};
	struct flow_spec s;
	*err = control_get_flow(control_of(r), name, r->arena, &s);
	if (*err != 0)
		return NULL;
	json_t *json = json_pack("{s:o,s:o,s:o,s:I,s:f,s:b,s:b,s:b,s:f}", "keys",
				 rest_json_text(s.keys), "value", rest_json_text(s.value), "fs",
				 rest_json_text(s.fs), "n", (json_int_t)s.n, "t", s.t, "dropped",
				 s.dropped, "log", s.log, "flowStart", s.flow_start,
				 "activeTimeout", s.active_timeout > 0 ? s.active_timeout : 60.0);
	if (json == NULL)
		return NULL;
	set_text(json, "values", s.values);
	set_text(json, "filter", s.filter);
	set_text(json, "ipfixCollectors", s.ipfix);
	set_text(json, "aggMode", modes[s.agg_mode]);
	return json;
}

// A number where it is one: clients compare it with what a metric says.
static json_t *pattern_json(const char *text)
{
	char *end;
	const double number = strtod(text, &end);
	if (!node_is_number(text) || *end != '\0')
		return rest_json_text(text);
	return number == floor(number) && fabs(number) < 1e15 ? json_integer((json_int_t)number)
							      : json_real(number);
}

static json_t *filter_json(const char *filter)
{
	json_t *json = json_object(), *list = NULL;
	struct threshold_part part = {.last = true};
	while (threshold_filter_next(&filter, &part)) {
		char *text = strndup(part.text, part.len);
		if (text != NULL && part.metric)
			json_object_set_new(json, text, list = json_array());
		else if (text != NULL)
			json_array_append_new(list, pattern_json(text));
		free(text);
	}
	return json;
}

static json_t *threshold_json(const struct http_request *r, const char *name, int *err)
{
	struct threshold_spec s;
	*err = control_get_threshold(control_of(r), name, r->arena, &s);
	if (*err != 0)
		return NULL;
	json_t *json = json_pack("{s:o,s:f,s:b,s:f}", "metric", rest_json_text(s.metric), "value",
				 s.value, "byFlow", s.by_flow, "timeout", s.timeout);
	if (json != NULL && s.filter[0] != '\0')
		json_object_set_new(json, "filter", filter_json(s.filter));
	return json;
}

// A text with commas is a list here: clients walk over it.
static void add_values(json_t *list, const char *text)
{
	for (;;) {
		text += strspn(text, " ");
		const size_t len = strcspn(text, ",");
		size_t used = len;
		while (used > 0 && text[used - 1] == ' ')
			used--;
		if (used > 0)
			json_array_append_new(list, json_stringn(text, used));
		if (text[len] == '\0')
			return;
		text += len + 1;
	}
}

static json_t *label_json(const struct node *n)
{
	json_t *list = json_array();
	if (n->text != NULL)
		add_values(list, n->text);
	for (const struct node *e = n->child; e != NULL; e = e->next)
		if (e->text != NULL)
			add_values(list, e->text);
	return list;
}

static json_t *table_json(const struct http_request *r, enum control_kind kind, const char *name,
			  int *err)
{
	const struct node *table;
	*err = control_get_table(control_of(r), kind, name, r->arena, &table);
	if (*err != 0)
		return NULL;
	json_t *json = json_object();
	for (const struct node *e = table->child; e != NULL; e = e->next)
		json_object_set_new(json, e->name, label_json(e));
	return json;
}

static json_t *definition_json(const struct http_request *r, enum control_kind kind,
			       const char *name, int *err)
{
	switch (kind) {
	case CONTROL_FLOW: return flow_json(r, name, err);
	case CONTROL_THRESHOLD: return threshold_json(r, name, err);
	default: return table_json(r, kind, name, err);
	}
}

static void answer_all(const struct http_request *r, struct http_answer *a, enum control_kind kind)
{
	const char *const *names;
	size_t n;
	const int failed = control_names(control_of(r), kind, r->arena, &names, &n);
	if (failed != 0) {
		http_answer_err(a, failed, NULL);
		return;
	}
	json_t *all = json_object();
	for (size_t i = 0; i < n; i++) {
		int err;
		json_t *json = definition_json(r, kind, names[i], &err);
		if (json != NULL) // else it has gone meanwhile
			json_object_set_new(all, names[i], json);
	}
	http_answer_json(a, 200, all);
}

static void answer_one(const struct http_request *r, struct http_answer *a, enum control_kind kind)
{
	int err;
	json_t *json = definition_json(r, kind, r->value[0], &err);
	if (err == ERR_UNKNOWN)
		http_answer_error(a, 404, "there is no \"%s\"", r->value[0]);
	else if (err != 0)
		http_answer_err(a, err, NULL);
	else
		http_answer_json(a, 200, json);
}

// `299 weir "..."` (RFC 7234): an answer of 204 has no body to say it in.
static const char *warning_of(const struct http_request *r, const struct err_msg *msg)
{
	char text[2 * sizeof(msg->text) + 16];
	struct strbuf b = strbuf_of(text, sizeof(text));
	strbuf_str(&b, "299 weir \"");
	for (const char *p = msg->text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			strbuf_str(&b, "\\");
		strbuf_bytes(&b, *p >= ' ' && *p != 0x7f ? p : "?", 1);
	}
	strbuf_str(&b, "\"");
	return arena_strndup(r->arena, text, b.len);
}

static void put(const struct http_request *r, struct http_answer *a, enum control_kind kind)
{
	struct err_msg msg = {0};
	const struct node *body = rest_body(r, a);
	if (body == NULL)
		return;
	const int err = control_put(control_of(r), kind, r->value[0], body, &msg);
	if (err == 0 && msg.text[0] != '\0')
		http_answer_header(a, "Warning", warning_of(r, &msg));
	if (err == 0)
		http_answer_empty(a, 204);
	else if (err == ERR_UNKNOWN) // a name in the body, not the resource
		http_answer_error(a, 400, "%s", msg.text);
	else
		http_answer_err(a, err, &msg);
}

// What is not there is deleted.
static void delete (const struct http_request *r, struct http_answer *a, enum control_kind kind)
{
	struct err_msg msg = {0};
	const int err = control_delete(control_of(r), kind, r->value[0], &msg);
	if (err == 0 || err == ERR_UNKNOWN)
		http_answer_empty(a, 204);
	else
		http_answer_err(a, err, &msg);
}

// The four handlers of a kind.
#define HANDLERS(name, kind)                                                           \
	static void get_##name##s(const struct http_request *r, struct http_answer *a) \
	{                                                                              \
		answer_all(r, a, kind);                                                \
	}                                                                              \
	static void get_##name(const struct http_request *r, struct http_answer *a)    \
	{                                                                              \
		answer_one(r, a, kind);                                                \
	}                                                                              \
	static void put_##name(const struct http_request *r, struct http_answer *a)    \
	{                                                                              \
		put(r, a, kind);                                                       \
	}                                                                              \
	static void delete_##name(const struct http_request *r, struct http_answer *a) \
	{                                                                              \
		delete (r, a, kind);                                                   \
	}

HANDLERS(flow, CONTROL_FLOW)
HANDLERS(threshold, CONTROL_THRESHOLD)
HANDLERS(group, CONTROL_GROUP)
HANDLERS(map, CONTROL_MAP)

static void post_reload(const struct http_request *r, struct http_answer *a)
{
	struct err_msg msg = {0};
	const int err = control_reload(control_of(r), &msg);
	if (err == 0)
		http_answer_empty(a, 204);
	else if (err == ERR_UNKNOWN)
		http_answer_error(a, 400, "%s", msg.text);
	else
		http_answer_err(a, err, &msg);
}

#define ROUTES(name, flags)                                                                      \
	{HTTP_GET, "/" #name "/json", get_##name##s},                                            \
		{HTTP_GET, "/" #name "/{name}/json", get_##name},                                \
		{HTTP_PUT | HTTP_POST, "/" #name "/{name}/json", put_##name, HTTP_SLOW | flags}, \
	{                                                                                        \
		HTTP_DELETE, "/" #name "/{name}/json", delete_##name, HTTP_SLOW                  \
	}

static const struct http_row rows[] = {
	ROUTES(flow, 0),
	ROUTES(threshold, 0),
	ROUTES(group, HTTP_BIG),
	ROUTES(map, HTTP_BIG),
	{HTTP_GET, "/groups/json", get_groups}, // as it was called once
	{HTTP_POST, "/weir/reload", post_reload, HTTP_SLOW},
};

const struct http_rows rest_define_rows = {rows, sizeof(rows) / sizeof(rows[0])};
