// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What is wired to what.
#include "weir/rest/rest.h"

#include "weir/collector.h"
#include "weir/rest/topology_json.h"

static void get_topology(const struct http_request *r, struct http_answer *a)
{
	const struct collector *c = ((struct rest *)r->ctx)->collector;
	uint32_t version;
	aggregator_lock(c->aggregator);
	struct topology *t = query_topology(c->analyzer, &version);
	if (t != NULL)
		topology_hold(t);
	aggregator_unlock(c->aggregator);
	json_t *json = topology_json(t, version);
	aggregator_lock(c->aggregator);
	struct topology *last = topology_release(t);
	aggregator_unlock(c->aggregator);
	topology_free(last);
	http_answer_json(a, 200, json);
}

static void put_topology(const struct http_request *r, struct http_answer *a)
{
	const struct collector *c = ((struct rest *)r->ctx)->collector;
	struct err_msg msg = {0};
	const struct node *body = rest_body(r, a);
	if (body == NULL)
		return;
	struct topology *t = topology_read(body, &msg);
	if (t == NULL) {
		http_answer_err(a, ERR_INVALID, &msg);
		return;
	}
	aggregator_lock(c->aggregator);
	struct topology *last = topology_release(analyzer_set_topology(c->analyzer, t));
	aggregator_unlock(c->aggregator);
	topology_free(last);
	http_answer_empty(a, 204);
}

static const struct http_row rows[] = {
	{HTTP_GET, "/topology/json", get_topology},
	{HTTP_PUT | HTTP_POST, "/topology/json", put_topology, HTTP_SLOW | HTTP_BIG},
};

const struct http_rows rest_topology_rows = {rows, sizeof(rows) / sizeof(rows[0])};
