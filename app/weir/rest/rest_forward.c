// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Other collectors that get what we get: whole datagrams (forwarding), or the samples that concern
// them (tenants).
#include "weir/rest/rest.h"

#include <string.h>

#include "weir/output/forward.h"
#include "weir/config/json.h"
#include "weir/rest/rest_text.h"
#include "weir/collector.h"

// One target, or all of them.
struct listing {
	json_t *json;
	const char *only; // NULL = all
};

static void add_way(json_t *json, const struct forward_target *t, const struct forward_stats *s)
{
	json_object_set_new(json, "through", json_string(t->through));
	if (t->via[0] != '\0')
		json_object_set_new(json, "via", json_string(t->via));
	json_object_set_new(json, "copied", json_integer((json_int_t)s->copied));
	json_object_set_new(json, "unresolved", json_integer((json_int_t)s->unresolved));
	json_object_set_new(json, "tooLong", json_integer((json_int_t)s->too_long));
}

static void list_target(void *ctx, const struct forward_target *t, const struct forward_stats *s)
{
	struct listing *l = ctx;
	if (l->only != NULL && strcmp(l->only, t->name) != 0)
		return;
	const bool udp = t->address[0] != '\0';
	json_t *json = json_pack("{s:s,s:I,s:I,s:I}", udp ? "address" : "url",
				 udp ? t->address : t->url, "sent", (json_int_t)s->sent, "bytes",
				 (json_int_t)s->bytes, "failed", (json_int_t)s->failed);
	if (udp)
		json_object_set_new(json, "port", json_integer(t->port));
	if (t->agents.n > 0)
		json_object_set_new(json, "agents", rest_prefixes(&t->agents));
	if (t->through != NULL && t->through[0] != '\0')
		add_way(json, t, s);
	if (l->only == NULL)
		json_object_set_new(l->json, t->name, json);
	else
		l->json = json;
}

static struct forward *forward_of(const struct http_request *r)
{
	return ((struct rest *)r->ctx)->collector->forward;
}

static void get_targets(const struct http_request *r, struct http_answer *a)
{
	struct listing l = {.json = json_object()};
	forward_each(forward_of(r), false, list_target, &l);
	http_answer_json(a, 200, l.json);
}

static void get_target(const struct http_request *r, struct http_answer *a)
{
	struct listing l = {.only = r->value[0]};
	forward_each(forward_of(r), false, list_target, &l);
	if (l.json != NULL)
		http_answer_json(a, 200, l.json);
	else
		http_answer_error(a, 404, "no target \"%s\"", r->value[0]);
}

// How many samples each has got.
static void count_samples(void *json, const struct forward_target *t, const struct forward_stats *s)
{
	json_object_set_new(json, t->name, json_integer((json_int_t)s->samples));
}

static void get_tenants(const struct http_request *r, struct http_answer *a)
{
	json_t *json = json_object();
	forward_each(forward_of(r), true, count_samples, json);
	http_answer_json(a, 200, json);
}

static void set_texts(json_t *filters, const char *name, const struct text_list *list)
{
	if (list->n == 0)
		return;
	json_t *json = json_array();
	for (uint32_t i = 0; i < list->n; i++)
		json_array_append_new(json, json_string(list->at[i]));
	json_object_set_new(filters, name, json);
}

static json_t *filters_json(const struct tenant_filters *f)
{
	json_t *json = json_object();
	set_texts(json, "ifindex", &f->ifindex);
	set_texts(json, "ifname", &f->ifname);
	set_texts(json, "mac", &f->mac);
	if (f->cidr.n > 0)
		json_object_set_new(json, "cidr", rest_prefixes(&f->cidr));
	return json;
}

struct wanted {
	const char *name;
	json_t *json;
};

static void tell_tenant(void *ctx, const struct forward_target *t, const struct forward_stats *s)
{
	struct wanted *w = ctx;
	if (strcmp(w->name, t->name) != 0)
		return;
	w->json = json_pack("{s:s,s:i,s:o,s:I,s:I,s:I,s:I}", "collectorAddress", t->address,
			    "collectorPort", (int)t->port, "filters", filters_json(&t->filters),
			    "samples", (json_int_t)s->samples, "sent", (json_int_t)s->sent, "bytes",
			    (json_int_t)s->bytes, "failed", (json_int_t)s->failed);
}

static void get_tenant(const struct http_request *r, struct http_answer *a)
{
	struct wanted w = {.name = r->value[0]};
	forward_each(forward_of(r), true, tell_tenant, &w);
	if (w.json != NULL)
		http_answer_json(a, 200, w.json);
	else
		http_answer_error(a, 404, "no tenant \"%s\"", r->value[0]);
}

typedef int (*config_fn)(const struct schema_context *ctx, const struct node *body,
			 const char *name, struct forward_target *target);

static void put(const struct http_request *r, struct http_answer *a, config_fn config)
{
	struct err_msg msg = {0};
	struct forward_target target;
	const struct schema_context ctx = {.arena = r->arena, .lenient = true, .msg = &msg};
	const struct node *body = rest_body(r, a);
	if (body == NULL)
		return;
	int err = config(&ctx, body, r->value[0], &target);
	if (err == 0)
		err = forward_put(forward_of(r), &target, &msg);
	if (err == 0)
		http_answer_empty(a, 204);
	else
		http_answer_err(a, err, &msg);
}

static void put_target(const struct http_request *r, struct http_answer *a)
{
	put(r, a, config_forward);
}

static void put_tenant(const struct http_request *r, struct http_answer *a)
{
	put(r, a, config_tenant);
}

// What is not there is deleted.
static void delete_target(const struct http_request *r, struct http_answer *a)
{
	forward_delete(forward_of(r), false, r->value[0]);
	http_answer_empty(a, 204);
}

static void delete_tenant(const struct http_request *r, struct http_answer *a)
{
	forward_delete(forward_of(r), true, r->value[0]);
	http_answer_empty(a, 204);
}

static const struct http_row rows[] = {
	{HTTP_GET, "/forwarding/json", get_targets},
	{HTTP_GET, "/forwarding/{name}/json", get_target},
	{HTTP_PUT | HTTP_POST, "/forwarding/{name}/json", put_target},
	{HTTP_DELETE, "/forwarding/{name}/json", delete_target},
	{HTTP_GET, "/tenant/json", get_tenants},
	{HTTP_GET, "/tenant/{name}/json", get_tenant},
	{HTTP_PUT | HTTP_POST, "/tenant/{name}/json", put_tenant},
	{HTTP_DELETE, "/tenant/{name}/json", delete_tenant},
};

const struct http_rows rest_forward_rows = {rows, sizeof(rows) / sizeof(rows[0])};
