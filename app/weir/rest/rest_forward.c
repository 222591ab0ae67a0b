// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Other collectors that get what we get.
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
	if (l->only == NULL)
		json_object_set_new(l->json, t->name, json);
	else
		l->json = json;
}

static struct forward *forward_of(const struct http_request *r)
{
	return ((struct rest *)r->ctx)->collector->forward;
}

static void get_all(const struct http_request *r, struct http_answer *a)
{
	struct listing l = {.json = json_object()};
	forward_each(forward_of(r), false, list_target, &l);
	http_answer_json(a, 200, l.json);
}

static void get_one(const struct http_request *r, struct http_answer *a)
{
	struct listing l = {.only = r->value[0]};
	forward_each(forward_of(r), false, list_target, &l);
	if (l.json != NULL)
		http_answer_json(a, 200, l.json);
	else
		http_answer_error(a, 404, "no target \"%s\"", r->value[0]);
}

static void put_one(const struct http_request *r, struct http_answer *a)
{
	struct err_msg msg = {0};
	struct forward_target target;
	const struct schema_context ctx = {.arena = r->arena, .lenient = true, .msg = &msg};
	const struct node *body = rest_body(r, a);
	if (body == NULL)
		return;
	int err = config_forward(&ctx, body, r->value[0], &target);
	if (err == 0)
		err = forward_put(forward_of(r), &target, &msg);
	if (err == 0)
		http_answer_empty(a, 204);
	else
		http_answer_err(a, err, &msg);
}

static void delete_one(const struct http_request *r, struct http_answer *a)
{
	forward_delete(forward_of(r), false, r->value[0]); // what is not there is deleted
	http_answer_empty(a, 204);
}

static const struct http_row rows[] = {
	{HTTP_GET, "/forwarding/json", get_all},
	{HTTP_GET, "/forwarding/{name}/json", get_one},
	{HTTP_PUT | HTTP_POST, "/forwarding/{name}/json", put_one},
	{HTTP_DELETE, "/forwarding/{name}/json", delete_one},
};

const struct http_rows rest_forward_rows = {rows, sizeof(rows) / sizeof(rows[0])};
