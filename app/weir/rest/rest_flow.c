// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What flows are like now: /activeflows, /flowvalue, /flowlocations; and how well each definition
// is measured: /weir/flows.
#include "weir/rest/rest.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/query.h"
#include "analyzer/selector.h"
#include "packet/field.h"
#include "weir/rest/rest_text.h"
#include "weir/rest/rest_view.h"
#include "weir/collector.h"

enum {
	ROWS_PER_SLICE = 100, // of a stream
};

static void put_names(struct http_out *out, const struct flow_row *f)
{
	if (f->agent_name[0] != '\0') {
		http_out_str(out, ",\"agentName\":");
		rest_put_text(out, f->agent_name);
	}
	if (f->port_name[0] != '\0') {
		http_out_str(out, ",\"portName\":");
		rest_put_text(out, f->port_name);
	}
	http_out_str(out, "}");
}

static void put_values(struct http_out *out, const struct flow_row *f)
{
	for (uint32_t i = 0; i < f->n_values; i++) {
		http_out_str(out, i == 0 ? ",\"values\":[" : ",");
		rest_put_real(out, f->values[i]);
	}
	http_out_str(out, f->n_values > 0 ? "]" : "");
}

// Where the flow is.
static void put_place(struct http_out *out, const struct flow_row *f)
{
	char agent[ADDR_TEXT_SIZE], source[REST_SOURCE_SIZE];
	http_out_str(out, "\"agent\":\"");
	http_out_str(out, addr_text(&f->agent, agent));
	http_out_str(out, "\",\"dataSource\":");
	rest_put_text(out, rest_source_text(f->source, f->ds_class, f->ds_index, source));
	http_out_str(out, ",\"value\":");
	rest_put_real(out, f->value);
}

// There may be a million of these: they are written as text at once.
static void put_active(struct http_out *out, const struct view_row *row, uint64_t now)
{
	const struct flow_row *f = &row->flow;
	http_out_str(out, "{\"flowN\":");
	rest_put_count(out, row->n_sources);
	http_out_str(out, ",");
	put_place(out, f);
	http_out_str(out, ",\"key\":");
	rest_put_text(out, f->key_text);
	http_out_str(out, ",\"error\":");
	rest_put_real(out, f->error);
	http_out_str(out, ",\"lastUpdate\":");
	rest_put_count(out, (uint64_t)rest_age(now, f->last));
	http_out_str(out, ",\"samples\":");
	rest_put_count(out, f->samples);
	// Without the correction for datagrams lost on the way (`correct_loss`).
	if (f->uncorrected != f->value) {
		http_out_str(out, ",\"uncorrected\":");
		rest_put_real(out, f->uncorrected);
	}
	put_values(out, f);
	put_names(out, f);
}

static void put_location(struct http_out *out, const struct view_row *row, uint64_t now)
{
	const struct flow_row *f = &row->flow;
	http_out_str(out, "{");
	put_place(out, f);
	http_out_str(out, ",\"lastUpdate\":");
	rest_put_count(out, (uint64_t)rest_age(now, f->last));
	http_out_str(out, ",\"direction\":");
	rest_put_text(out, rest_direction(f->direction));
	put_names(out, f);
}

// A view on its way to a client.
struct rows_out {
	struct view *view;
	size_t at;
	void (*put)(struct http_out *out, const struct view_row *row, uint64_t now);
};

static bool more_rows(void *ctx, struct http_out *out)
{
	struct rows_out *o = ctx;
	size_t n;
	const struct view_row *row = view_rows(o->view, &n);
	const size_t end = o->at + ROWS_PER_SLICE < n ? o->at + ROWS_PER_SLICE : n;
	http_out_str(out, o->at == 0 ? "[" : "");
	for (; o->at < end; o->at++) {
		http_out_str(out, o->at > 0 ? "," : "");
		o->put(out, &row[o->at], view_time(o->view));
	}
	http_out_str(out, o->at == n ? "]" : "");
	return o->at < n;
}

static void end_rows(void *ctx)
{
	struct rows_out *o = ctx;
	view_free(o->view);
	free(o);
}

static void answer_rows(struct http_answer *a, struct view *v,
			void (*put)(struct http_out *out, const struct view_row *row, uint64_t now))
{
	struct rows_out *o = calloc(1, sizeof(*o));
	if (o == NULL) {
		view_free(v);
		http_answer_error(a, 503, "out of memory");
		return;
	}
	*o = (struct rows_out){.view = v, .put = put};
	http_answer_stream(a, "application/json",
			   &(struct http_stream){.more = more_rows,
						 .end = end_rows,
						 .ctx = o,
						 .memory = sizeof(*o) + view_memory(v)});
}

static void get_active(const struct http_request *r, struct http_answer *a)
{
	int64_t max;
	struct view_query q = {
		.flow = r->value[1],
		.agents = r->value[0],
		.filter = uri_query(&r->uri, "filter", NULL),
	};
	if (!rest_view_mode(r, a, &q.mode) ||
	    !http_query_real(r, a, "minValue", 0, -1e300, 1e300, &q.min_value) ||
	    !http_query_count(r, a, "maxFlows", REST_MAX_FLOWS, 0, INT64_MAX, &max))
		return;
	q.max_flows = max < REST_MOST_FLOWS ? (uint32_t)max : REST_MOST_FLOWS;
	struct view *v = rest_view(r, a, &q, 400);
	if (v != NULL)
		answer_rows(a, v, put_active);
}

static void get_locations(const struct http_request *r, struct http_answer *a)
{
	const struct view_query q = {
		.flow = r->value[1],
		.agents = r->value[0],
		.mode = VIEW_ROWS,
		.key = uri_query(&r->uri, "key", NULL),
		.max_flows = REST_MOST_FLOWS,
	};
	if (q.key == NULL) {
		http_answer_error(a, 400, "expected the parameter key");
		return;
	}
	struct view *v = rest_view(r, a, &q, 404);
	if (v != NULL)
		answer_rows(a, v, put_location);
}

// "2.1.tcp" is the flow "tcp" on data source 2.1. Both may contain dots; what stands before the
// last dot that leaves a data source is it. "web1.sales" is that of a source with a name.
static const char *parse_metric(const char *text, struct view_query *q, char *name)
{
	for (const char *dot = strrchr(text, '.'); dot != NULL;) {
		if (data_source_parse(text, (size_t)(dot - text), &q->ds_class, &q->ds_index) == 0)
			return dot + 1;
		dot = memrchr(text, '.', (size_t)(dot - text));
	}
	const char *dot = strrchr(text, '.');
	const size_t len = dot != NULL ? (size_t)(dot - text) : 0;
	if (!custom_name_ok(text, (uint32_t)len, true))
		return NULL;
	memcpy(name, text, len);
	name[len] = '\0';
	q->source = name;
	return dot + 1;
}

static void get_value(const struct http_request *r, struct http_answer *a)
{
	const char *key = uri_query(&r->uri, "key", NULL);
	struct view_query q = {
		.agents = r->value[0],
		.one_source = true,
		.key = key != NULL ? key : "",
		.max_flows = 1,
	};
	char name[CUSTOM_NAME_MAX + 1];
	size_t n;
	q.flow = parse_metric(r->value[1], &q, name);
	if (q.flow == NULL) {
		http_answer_error(a, 404, "got \"%s\", expected DATASOURCE.FLOW", r->value[1]);
		return;
	}
	struct view *v = rest_view(r, a, &q, 404);
	if (v == NULL)
		return;
	const struct view_row *row = view_rows(v, &n);
	if (n > 0)
		http_answer_json(a, 200, json_real(row->flow.value));
	else
		http_answer_error(a, 404, "no such flow there");
	view_free(v);
}

static void get_keys(const struct http_request *r, struct http_answer *a)
{
	const struct collector *c = ((struct rest *)r->ctx)->collector;
	uint64_t seen[N_FIELDS][SEEN_OCCURRENCES];
	struct event_field event[EVENT_FIELDS_MAX];
	char name[64];
	aggregator_lock(c->aggregator);
	for (uint32_t i = 0; i < N_FIELDS; i++)
		for (uint32_t n = 0; n < SEEN_OCCURRENCES; n++)
			seen[i][n] = query_seen(c->analyzer, i, n);
	const size_t n_event = query_event_fields(c->analyzer, event, EVENT_FIELDS_MAX);
	const uint64_t now = analyzer_now(c->analyzer);
	aggregator_unlock(c->aggregator);
	json_t *json = json_object();
	for (size_t i = 0; i < n_event; i++)
		json_object_set_new(json, event[i].name,
				    json_integer(rest_age(now, event[i].time)));
	for (uint32_t i = 0; json != NULL && i < N_FIELDS; i++) {
		for (uint32_t n = 0; n < SEEN_OCCURRENCES && seen[i][n] != 0; n++) {
			snprintf(name, sizeof(name), n == 0 ? "%s" : "%s.%u", field_at(i)->name, n);
			json_object_set_new(json, name, json_integer(rest_age(now, seen[i][n])));
		}
	}
	http_answer_json(a, 200, json);
}

static json_t *summary_json(const struct flow_summary *s)
{
	return json_pack("{s:f,s:f,s:f,s:I,s:I,s:I,s:I,s:I,s:i}", "total", s->total, "tracked",
			 s->tracked, "floor", s->floor, "entries", (json_int_t)s->entries,
			 "capacity", (json_int_t)s->capacity, "samples", (json_int_t)s->samples,
			 "evicted", (json_int_t)s->evicted, "relabelled", (json_int_t)s->relabelled,
			 "dataSources", (int)s->sources);
}

// The lock is taken once for each: what comes or goes meanwhile is in the answer or not.
static void get_summaries(const struct http_request *r, struct http_answer *a)
{
	const struct collector *c = ((struct rest *)r->ctx)->collector;
	json_t *json = json_object();
	for (uint32_t i = 0; json != NULL; i++) {
		struct flow_summary summary;
		char name[256] = "";
		aggregator_lock(c->aggregator);
		const bool more = i < query_n_flows(c->analyzer);
		if (more) {
			query_top(c->analyzer, i, NULL, 0, &summary);
			snprintf(name, sizeof(name), "%s", query_flow(c->analyzer, i)->name);
		}
		aggregator_unlock(c->aggregator);
		if (!more)
			break;
		json_object_set_new(json, name, summary_json(&summary));
	}
	http_answer_json(a, 200, json);
}

static const struct http_row rows[] = {
	{HTTP_GET, "/weir/flows", get_summaries},
	{HTTP_GET, "/flowkeys/json", get_keys},
	{HTTP_GET, "/activeflows/{agent}/{name}/json", get_active},
	{HTTP_GET, "/flowvalue/{agent}/{metric}/json", get_value},
	{HTTP_GET, "/flowlocations/{agent}/{name}/json", get_locations},
};

const struct http_rows rest_flow_rows = {rows, sizeof(rows) / sizeof(rows[0])};
