// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/rest/rest_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/selector.h"
#include "weir/rest/rest.h"
#include "weir/collector.h"

static int add_columns(const struct http_request *r, struct ask *k, const char *metrics,
		       struct err_msg *msg)
{
	const char **token;
	const int n = uri_split(r->arena, metrics, ",;", &token);
	if (n < 0)
		return err_set(msg, n, "out of memory");
	if (n == 0)
		return err_set(msg, ERR_INVALID, "expected names of metrics, or ALL");
	if (n == 1 && strcmp(token[0], "ALL") == 0)
		return 0;
	struct metric_column *column = arena_alloc(r->arena, (size_t)n * sizeof(*column));
	if (column == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	for (int i = 0; i < n; i++) {
		const int err = metric_column_parse(token[i], &column[i], msg);
		if (err != 0)
			return err;
	}
	k->request.column = column;
	k->request.n_columns = (size_t)n;
	return 0;
}

static int add_filter(const struct http_request *r, struct metric_filter *f, const char *name,
		      struct err_msg *msg)
{
	const char **pattern = arena_alloc(r->arena, r->uri.n_params * sizeof(*pattern));
	if (pattern == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	f->n = 0;
	for (uint32_t i = 0; i < r->uri.n_params; i++)
		if (strcmp(r->uri.param[i].name, name) == 0)
			pattern[f->n++] = r->uri.param[i].value;
	f->pattern = pattern;
	return metric_column_parse(name, &f->column, msg);
}

static bool is_first(const struct uri *u, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (strcmp(u->param[k].name, u->param[i].name) == 0)
			return false;
	return true;
}

static int add_filters(const struct http_request *r, struct ask *k, struct err_msg *msg)
{
	const struct uri *u = &r->uri;
	struct metric_filter *filter = arena_alloc(r->arena, (u->n_params + 1) * sizeof(*filter));
	if (filter == NULL)
		return err_set(msg, ERR_MEMORY, "out of memory");
	for (uint32_t i = 0; i < u->n_params; i++) {
		if (!is_first(u, i))
			continue;
		const int err =
			add_filter(r, &filter[k->request.n_filters++], u->param[i].name, msg);
		if (err != 0)
			return err;
	}
	k->request.filter = filter;
	return 0;
}

struct ask *ask_new(const struct http_request *r, struct http_answer *a, const char *agents,
		    const char *metrics)
{
	struct err_msg msg = {.text = "out of memory"};
	const struct rest *rest = r->ctx;
	struct ask *k = calloc(1, sizeof(*k));
	int err = ERR_MEMORY;
	if (k != NULL && (k->page = malloc(sizeof(*k->page))) != NULL) {
		k->rest = rest;
		k->scan.request = &k->request;
		k->request.selector = selector_new(rest->collector->analyzer, agents, &msg);
		err = k->request.selector != NULL ? 0 : ERR_INVALID;
	}
	if (err == 0 && metrics != NULL)
		err = add_columns(r, k, metrics, &msg);
	if (err == 0)
		err = add_filters(r, k, &msg);
	if (err == 0)
		return k;
	ask_free(k);
	http_answer_err(a, err, &msg);
	return NULL;
}

bool ask_next(struct ask *k)
{
	const struct collector *c = k->rest->collector;
	aggregator_lock(c->aggregator);
	k->more = metric_scan_next(c->analyzer, &k->scan, k->page);
	aggregator_unlock(c->aggregator);
	return k->more;
}

void ask_free(struct ask *k)
{
	if (k == NULL)
		return;
	selector_free(k->request.selector);
	free(k->head.text);
	free(k->page);
	free(k);
}

int ask_gather(struct ask *k, struct statistic *s)
{
	bool more;
	do {
		more = ask_next(k);
		for (uint32_t i = 0; i < k->page->n_rows; i++) {
			const struct metric_row *row = &k->page->row[i];
			for (uint32_t c = 0; c < row->n_cells; c++)
				if (statistic_add(&s[row->cell[c].column], &row->cell[c], row) != 0)
					return ERR_MEMORY;
		}
	} while (more);
	return 0;
}

static void end_stream(void *ctx)
{
	ask_free(ctx);
}

void ask_stream(struct http_answer *a, struct ask *k, const char *type,
		bool (*more)(void *ctx, struct http_out *out))
{
	http_answer_stream(
		a, type,
		&(struct http_stream){
			.more = more, .end = end_stream, .ctx = k, .memory = ASK_MEMORY});
}

void ask_number(struct http_out *out, double number)
{
	char text[32];
	http_out_bytes(out, text, (size_t)snprintf(text, sizeof(text), "%.15g", number));
}
