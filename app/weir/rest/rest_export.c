// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/rest/rest_export.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir/config/json.h"
#include "weir/rest/rest.h"
#include "weir/rest/rest_exposition.h"
#include "weir/rest/rest_text.h"
#include "weir/rest/rest_view.h"
#include "weir/util/clock.h"
#include "weir/collector.h"
#include "weir/util/log.h"

// --- which flows there are ----------------------------------------------------------------------

struct export
{
	struct export *next;
	uint64_t asked; // ns, monotonic: the latest scrape
	char name[];
};

struct exports {
	pthread_mutex_t mutex;
	struct export *first;
};

struct exports *exports_new(void)
{
	struct exports *e = calloc(1, sizeof(*e));
	if (e != NULL)
		pthread_mutex_init(&e->mutex, NULL);
	return e;
}

static struct export *find_export(const struct exports *e, const char *name)
{
	struct export *x = e->first;
	while (x != NULL && strcmp(x->name, name) != 0)
		x = x->next;
	return x;
}

bool exports_touch(struct exports *e, const char *name, bool enter)
{
	pthread_mutex_lock(&e->mutex);
	struct export *x = find_export(e, name);
	const bool found = x != NULL;
	if (!found && enter && (x = calloc(1, sizeof(*x) + strlen(name) + 1)) != NULL) {
		strcpy(x->name, name);
		x->next = e->first;
		e->first = x;
	}
	if (x != NULL)
		x->asked = clock_monotonic();
	pthread_mutex_unlock(&e->mutex);
	return found;
}

// Take one out of the list that was silent for too long; NULL = none.
static struct export *take_silent(struct exports *e, uint64_t keep)
{
	struct export **at = &e->first;
	pthread_mutex_lock(&e->mutex);
	const uint64_t now = clock_monotonic();
	while (*at != NULL && now - (*at)->asked < keep)
		at = &(*at)->next;
	struct export *x = *at;
	if (x != NULL)
		*at = x->next;
	pthread_mutex_unlock(&e->mutex);
	return x;
}

// Back into the list, for another turn.
static void put_back(struct exports *e, struct export *x)
{
	pthread_mutex_lock(&e->mutex);
	struct export *again = find_export(e, x->name); // is scraped again, meanwhile
	if (again == NULL) {
		x->next = e->first;
		e->first = x;
	}
	pthread_mutex_unlock(&e->mutex);
	if (again != NULL)
		free(x);
}

void exports_expire(struct exports *e, struct control *control, double keep)
{
	struct err_msg msg = {0};
	struct export *x = take_silent(e, (uint64_t)(keep * 1e9));
	if (x == NULL)
		return;
	const int err = control_expire(control, x->name, &msg);
	if (err == 0 || err == ERR_UNKNOWN) {
		free(x);
		return;
	}
	if (err != ERR_IO) { // that one is to be tried again at once, or weir ends
		LOG(WARNING, HTTP, "flow %s is not scraped any more, but stays for %.0f s more: %s",
		    x->name, keep, msg.text);
		x->asked = clock_monotonic();
	}
	put_back(e, x);
}

void exports_free(struct exports *e)
{
	if (e == NULL)
		return;
	for (struct export *x = e->first, *next; x != NULL; x = next) {
		next = x->next;
		free(x);
	}
	pthread_mutex_destroy(&e->mutex);
	free(e);
}

// --- what a scrape asks for ---------------------------------------------------------------------

// Between the parts of a key: no attribute prints it.
#define SEPARATOR "\x1f"

struct scrape {
	const char *metric, *value, *filter;
	const char *n, *t, *dropped;
	const char **key, **label;
	int n_keys, n_labels;
	double scale;
	struct view_query view;
	char name[128]; // of the flow
};

// Append the elements of a list: commas part it, but not inside of brackets.
static int add_elements(struct arena *arena, const char *text, const char **list, int n)
{
	int depth = 0;
	const char *from = text;
	for (const char *p = text;; p++) {
		depth += (*p == '[') - (*p == ']');
		if (*p != '\0' && (*p != ',' || depth > 0))
			continue;
		const size_t len = (size_t)(p - from);
		char *copy = len > 0 ? arena_alloc(arena, len + 1) : NULL;
		if (len > 0 && copy == NULL)
			return ERR_MEMORY;
		if (len > 0) {
			memcpy(copy, from, len);
			copy[len] = '\0';
			list[n++] = copy;
		}
		if (*p == '\0')
			return n;
		from = p + 1;
	}
}

// All values of the parameters @p one and @p many as one list; ERR_MEMORY.
static int read_list(const struct http_request *r, const char *one, const char *many,
		     const char ***out)
{
	size_t most = 1;
	int n = 0;
	for (uint32_t i = 0; i < r->uri.n_params; i++)
		most += strlen(r->uri.param[i].value) / 2 + 1;
	const char **list = *out = arena_alloc(r->arena, most * sizeof(*list));
	for (uint32_t i = 0; i < r->uri.n_params && list != NULL && n >= 0; i++) {
		const struct uri_param *p = &r->uri.param[i];
		if (strcmp(p->name, one) == 0 || strcmp(p->name, many) == 0)
			n = add_elements(r->arena, p->value, list, n);
	}
	return list != NULL ? n : ERR_MEMORY;
}

// As a name for Prometheus, what is not allowed in one replaced.
static const char *plain_name(struct arena *arena, const char *text)
{
	struct http_out out = {0};
	exposition_name(&out, "", text, strlen(text));
	char *name = out.failed ? NULL : arena_alloc(arena, out.len + 1);
	if (name != NULL) {
		memcpy(name, out.text, out.len);
		name[out.len] = '\0';
	}
	free(out.text);
	return name;
}

static bool is_label(const char *s)
{
	if (*s >= '0' && *s <= '9')
		return false;
	const size_t len =
		strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	return len > 0 && s[len] == '\0';
}

// One label per key, each once.
static int read_labels(const struct http_request *r, struct scrape *s, struct err_msg *msg)
{
	const char **given, **label = arena_alloc(r->arena, (size_t)s->n_keys * sizeof(*label));
	const int n = read_list(r, "label", "labels", &given);
	if (label == NULL || n < 0)
		return err_set(msg, ERR_MEMORY, "out of memory");
	if (n > s->n_keys)
		return err_set(msg, ERR_INVALID, "label: got %d, expected one for each of %d keys",
			       n, s->n_keys);
	for (int i = 0; i < s->n_keys; i++) {
		label[i] = i < n ? given[i] : plain_name(r->arena, s->key[i]);
		if (label[i] == NULL)
			return err_set(msg, ERR_MEMORY, "out of memory");
		if (!is_label(label[i]))
			return err_set(msg, ERR_INVALID,
				       "label: got \"%s\", expected letters, digits and _",
				       label[i]);
		for (int k = 0; k < i; k++)
			if (strcmp(label[k], label[i]) == 0)
				return err_set(msg, ERR_INVALID, "label: \"%s\" is there twice",
					       label[i]);
	}
	s->label = label;
	return 0;
}

static bool is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static int missing(struct err_msg *msg, const char *name)
{
	return err_set(msg, ERR_INVALID, "expected the parameter %s", name);
}

static int read_scrape(const struct http_request *r, struct scrape *s, struct err_msg *msg)
{
	const struct uri *u = &r->uri;
	const char *metric = uri_query(u, "metric", NULL);
	s->value = uri_query(u, "value", NULL);
	s->filter = uri_query(u, "filter", NULL);
	s->n = uri_query(u, "n", NULL);
	s->t = uri_query(u, "t", NULL);
	s->dropped = uri_query(u, "dropped", NULL);
	s->n_keys = read_list(r, "key", "keys", &s->key);
	if (s->n_keys < 0)
		return err_set(msg, ERR_MEMORY, "out of memory");
	if (!is_given(metric))
		return missing(msg, "metric");
	if (s->n_keys == 0)
		return missing(msg, "key");
	if (!is_given(s->value))
		return missing(msg, "value");
	s->metric = plain_name(r->arena, metric);
	return s->metric != NULL ? read_labels(r, s, msg)
				 : err_set(msg, ERR_MEMORY, "out of memory");
}

// --- the flow -----------------------------------------------------------------------------------

// The definition in the words of PUT /flow/NAME/json.
static json_t *flow_json(const struct scrape *s)
{
	json_t *keys = json_array();
	for (int i = 0; i < s->n_keys; i++)
		json_array_append_new(keys, json_string(s->key[i]));
	json_t *json =
		json_pack("{s:o,s:s,s:s,s:s,s:s}", "keys", keys, "value", s->value, "fs", SEPARATOR,
			  "n", is_given(s->n) ? s->n : "10", "t", is_given(s->t) ? s->t : "15");
	if (json != NULL && is_given(s->filter))
		json_object_set_new(json, "filter", json_string(s->filter));
	if (json != NULL && is_given(s->dropped))
		json_object_set_new(json, "dropped", json_string(s->dropped));
	return json;
}

// Two scrapes that say the same of the same metric share a flow.
static void name_flow(struct scrape *s, const char *definition)
{
	snprintf(s->name, sizeof(s->name), "prometheus_%.64s_%016" PRIx64, s->metric,
		 rest_hash(definition, strlen(definition)));
}

// Sees to it that the flow is measured. 0, or negative with a message.
static int define(const struct http_request *r, struct scrape *s, struct err_msg *msg)
{
	const struct rest *rest = r->ctx;
	json_t *json = flow_json(s);
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	const struct node *body = NULL;
	int err = ERR_MEMORY;
	json_decref(json);
	if (text != NULL) {
		name_flow(s, text);
		body = json_read(r->arena, "flow", text, strlen(text), &json_body_limits, msg);
		err = body != NULL ? 0 : ERR_INVALID;
	}
	free(text);
	const bool known = err == 0 && exports_touch(rest->exports, s->name, false);
	if (err == 0 && !known && rest->collector->config->http.readonly)
		return err_set(msg, ERR_PERMISSION,
			       "read-only: http.readonly is set, and this would "
			       "define a flow");
	// What is defined already, as it is, stays.
	if (err == 0)
		err = control_put(rest->collector->control, CONTROL_FLOW, s->name, body, msg);
	if (err == 0 && !known)
		exports_touch(rest->exports, s->name, true);
	return err;
}

// --- the answer ---------------------------------------------------------------------------------

// label="part", ... of a key; what is left goes to the last one.
static void put_parts(struct http_out *out, const struct scrape *s, const char *key)
{
	char part[sizeof(((struct flow_row *)0)->key_text)];
	for (int i = 0; i < s->n_keys; i++) {
		const char *end = i + 1 < s->n_keys ? strstr(key, SEPARATOR) : NULL;
		const size_t len = end != NULL ? (size_t)(end - key) : strlen(key);
		snprintf(part, sizeof(part), "%.*s", (int)len, key);
		http_out_str(out, i > 0 ? "," : "");
		exposition_label(out, s->label[i], part);
		key = end != NULL ? end + strlen(SEPARATOR) : key + len;
	}
}

static void put_flows(struct http_out *out, const struct scrape *s, const struct view *v)
{
	size_t n;
	const struct view_row *row = view_rows(v, &n);
	char help[256];
	snprintf(help, sizeof(help), "largest flows: %.100s%s", s->value,
		 s->scale != 1 ? ", scaled" : "");
	for (char *p = help; *p != '\0'; p++)
		if (*p == '\n' || *p == '\\')
			*p = ' ';
	exposition_gauge(out, "", s->metric, strlen(s->metric), help);
	for (size_t i = 0; i < n; i++) {
		http_out_fmt(out, "%s{", s->metric);
		put_parts(out, s, row[i].flow.key_text);
		http_out_fmt(out, "} %.15g\n", row[i].flow.value * s->scale);
	}
}

static void get_flows(const struct http_request *r, struct http_answer *a)
{
	struct err_msg msg = {0};
	struct scrape s = {0};
	int64_t most;
	int err = read_scrape(r, &s, &msg);
	if (err == 0 &&
	    (!rest_view_mode(r, a, &s.view.mode) ||
	     !http_query_real(r, a, "minValue", 0.1, -1e300, 1e300, &s.view.min_value) ||
	     !http_query_real(r, a, "scale", 1, -1e300, 1e300, &s.scale) ||
	     !http_query_count(r, a, "maxFlows", 20, 0, REST_MOST_FLOWS, &most)))
		return;
	if (err == 0)
		err = define(r, &s, &msg);
	if (err != 0) {
		http_answer_err(a, err == ERR_UNKNOWN ? ERR_INVALID : err, &msg);
		return;
	}
	s.view.agents = r->value[0];
	s.view.flow = s.name;
	s.view.max_flows = (uint32_t)most;
	struct view *v = rest_view(r, a, &s.view, 503);
	if (v == NULL)
		return;
	struct http_out out = {0};
	put_flows(&out, &s, v);
	view_free(v);
	http_answer_out(a, EXPOSITION_TYPE, &out);
}

static const struct http_row rows[] = {
	{HTTP_GET, "/app/prometheus/scripts/export.js/flows/{agent}/txt", get_flows,
	 HTTP_SLOW | HTTP_CHANGES},
};

const struct http_rows rest_export_rows = {rows, sizeof(rows) / sizeof(rows[0])};
