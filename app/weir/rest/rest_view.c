// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/rest/rest_view.h"

#include "weir/rest/rest.h"
#include "weir/collector.h"

// Read a view to its end, in slices. 0 or negative with a message.
static int read_view(const struct rest *r, struct view *v, struct err_msg *msg)
{
	const struct collector *c = r->collector;
	int err;
	do {
		aggregator_lock(c->aggregator);
		err = view_read(v, c->analyzer, msg);
		aggregator_unlock(c->aggregator);
	} while (err == 0 && (err = view_digest(v, msg)) > 0);
	return err;
}

struct view *rest_view(const struct http_request *r, struct http_answer *a,
		       const struct view_query *q, unsigned unknown)
{
	struct err_msg msg = {0};
	const struct rest *rest = r->ctx;
	struct view *v = view_new(rest->collector->analyzer, q, &msg);
	const int err = v != NULL ? read_view(rest, v, &msg) : ERR_INVALID;
	if (err == 0)
		return v;
	view_free(v);
	if (err == ERR_UNKNOWN)
		http_answer_error(a, unknown, "%s", msg.text);
	else
		http_answer_err(a, err, &msg);
	return NULL;
}

bool rest_view_mode(const struct http_request *r, struct http_answer *a, enum view_mode *mode)
{
	const char *text = uri_query(&r->uri, "aggMode", NULL);
	*mode = VIEW_MAX;
	if (text == NULL || text[0] == '\0' || view_mode_parse(text, mode) == 0)
		return true;
	http_answer_error(a, 400, "aggMode: got \"%s\", expected max, sum, avg, edge, or core",
			  text);
	return false;
}
