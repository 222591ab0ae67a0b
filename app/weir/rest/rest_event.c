// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Events and completed flows: the logs, and the long polls on them.
#include "weir/rest/rest.h"

#include <stdlib.h>
#include <string.h>

#include "weir/output/event_pcap.h"
#include "weir/rest/rest_text.h"
#include "weir/collector.h"

enum {
	WAIT_MAX = 3600, // s: a longer wait is cut to this
};

// What a kind of log is asked for by.
struct log_names {
	const char *id, *name, *max;
	enum http_channel channel;
};

static const struct log_names event_names = {"eventID", "thresholdID", "maxEvents", HTTP_EVENTS};
static const struct log_names flow_names = {"flowID", "name", "maxFlows", HTTP_FLOWS};

// What only a flow has.
static void add_flow(json_t *json, const struct flow_row *row)
{
	json_object_set_new(json, "flowKey", rest_json_text(row->key_text));
	json_object_set_new(json, "error", json_real(row->error));
	json_object_set_new(json, "inherited", json_real(row->inherited));
	json_object_set_new(json, "samples", json_integer((json_int_t)row->samples));
	json_object_set_new(json, "direction", json_string(rest_direction(row->direction)));
	rest_add_values(json, row);
}

static json_t *event_json(const struct threshold_event *e, uint64_t wall, uint32_t headers)
{
	const struct flow_row *row = e->row;
	char agent[ADDR_TEXT_SIZE], source[REST_SOURCE_SIZE];
	json_t *json = json_pack("{s:I,s:I,s:s,s:s,s:f,s:f,s:s,s:s}", "eventID", (json_int_t)e->id,
				 "timestamp", (json_int_t)(wall / 1000000), "thresholdID",
				 e->threshold, "metric", e->metric, "threshold", e->limit, "value",
				 row->value, "agent", addr_text(&row->agent, agent), "dataSource",
				 rest_source_text(e->source, row->ds_class, row->ds_index, source));
	if (json == NULL)
		return NULL;
	rest_add_names(json, row);
	if (headers > 0)
		json_object_set_new(json, "headers", json_integer(headers));
	if (!e->counter)
		add_flow(json, row);
	return json;
}

void rest_log_events(struct rest *r, const struct tick *tick)
{
	for (size_t i = 0; i < tick->n_events; i++) {
		const struct threshold_event *e = &tick->events[i];
		json_t *json = event_json(e, tick->wall, event_pcap_count(r->collector->pcap, i));
		char *text = json != NULL ? json_dumps(json, REST_DUMP) : NULL;
		if (text != NULL)
			journal_add(r->journal,
				    record_log_restore(r->events, e->id, e->threshold, text));
		free(text);
		json_decref(json);
	}
}

static json_t *completed_json(uint64_t id, const char *name, const struct completed_row *c,
			      int64_t offset)
{
	const struct flow_row *row = &c->flow;
	char agent[ADDR_TEXT_SIZE], source[REST_SOURCE_SIZE];
	json_t *json = json_pack(
		"{s:I,s:s,s:o,s:f,s:I,s:I,s:s,s:s,s:s}", "flowID", (json_int_t)id, "name", name,
		"flowKeys", rest_json_text(row->key_text), "value", row->value, "start",
		((json_int_t)c->start + offset) / 1000000, "end",
		((json_int_t)c->end + offset) / 1000000, "agent", addr_text(&row->agent, agent),
		"dataSource", rest_source_text(row->source, row->ds_class, row->ds_index, source),
		"direction", rest_direction(row->direction));
	if (json != NULL)
		rest_add_names(json, row);
	return json;
}

void rest_completed(struct rest *r, uint32_t def, const struct tick *tick)
{
	const struct analyzer *a = r->collector->analyzer;
	const struct flow_def *d = query_flow(a, def);
	const int64_t offset = (int64_t)(tick->wall - tick->end);
	struct completed_row row;
	if (!d->log)
		return;
	for (size_t i = 0; query_completed(a, def, i, &row, 1) == 1; i++) {
		json_t *json = completed_json(record_log_next(r->flows), d->name, &row, offset);
		char *text = json != NULL ? json_dumps(json, REST_DUMP) : NULL;
		if (text != NULL)
			record_log_add(r->flows, d->name, text);
		free(text);
		json_decref(json);
	}
	rest_wake(r, HTTP_FLOWS);
}

// A cursor ahead of us is of an earlier life of this process, which kept no journal: its owner has
// seen nothing of what we have.
static int64_t known_cursor(const struct record_log *log, int64_t id)
{
	return id >= (int64_t)record_log_next(log) ? -1 : id;
}

static void answer_records(const struct http_request *r, struct http_answer *a,
			   const struct record **record, size_t n)
{
	struct http_out out = {0};
	http_out_str(&out, "[");
	for (size_t i = 0; i < n; i++) {
		http_out_str(&out, i > 0 ? "," : "");
		http_out_bytes(&out, record[i]->text, record[i]->size);
		record_drop(record[i]);
	}
	http_out_str(&out, "]");
	http_answer_out(a, "application/json", &out);
}

// All values of the parameter that names what a record belongs to.
static size_t names_of(const struct http_request *r, const char *name, const char **out)
{
	size_t n = 0;
	for (const char *v = NULL; (v = uri_query(&r->uri, name, v)) != NULL;)
		out[n++] = v;
	return n;
}

static void get_records(const struct http_request *r, struct http_answer *a, struct record_log *log,
			size_t capacity, const struct log_names *names)
{
	const char *name[URI_PARAMS_MAX];
	int64_t id, max;
	double timeout;
	if (!http_query_count(r, a, names->id, -1, -1, INT64_MAX, &id) ||
	    !http_query_count(r, a, names->max, (int64_t)capacity, 0, INT64_MAX, &max) ||
	    !http_query_real(r, a, "timeout", 0, 0, 1e9, &timeout))
		return;
	const struct record_query q = {
		.after = known_cursor(log, id),
		.max = max < (int64_t)capacity ? (size_t)max : capacity,
		.names = name,
		.n_names = names_of(r, names->name, name),
	};
	const struct record **record = arena_array(r->arena, q.max + 1, sizeof(*record));
	if (record == NULL) {
		http_answer_error(a, 503, "out of memory");
		return;
	}
	const size_t n = record_log_read(log, &q, record);
	const bool asks = uri_query(&r->uri, names->id, NULL) != NULL && timeout > 0 && q.max > 0;
	if (n == 0 && asks && !r->last)
		http_answer_wait(a, names->channel, timeout < WAIT_MAX ? timeout : WAIT_MAX);
	else
		answer_records(r, a, record, n);
}

static void get_events(const struct http_request *r, struct http_answer *a)
{
	const struct rest *rest = r->ctx;
	get_records(r, a, rest->events, rest->collector->config->event_log, &event_names);
}

static void get_flows(const struct http_request *r, struct http_answer *a)
{
	const struct rest *rest = r->ctx;
	get_records(r, a, rest->flows, rest->collector->config->flow_log, &flow_names);
}

static void get_journal(const struct http_request *r, struct http_answer *a)
{
	const struct rest *rest = r->ctx;
	struct journal_stats s;
	if (rest->journal == NULL) {
		http_answer_error(a, 404, "there is no journal");
		return;
	}
	journal_stats(rest->journal, &s);
	http_answer_json(a, 200,
			 json_pack("{s:s,s:I,s:I,s:I,s:I,s:s*}", "path",
				   rest->collector->config->journal, "written",
				   (json_int_t)s.written, "last", (json_int_t)s.last, "dropped",
				   (json_int_t)s.dropped, "skipped", (json_int_t)s.skipped, "error",
				   s.error != 0 ? strerror(s.error) : NULL));
}

// /weir/events/{id}/pcap
static void get_pcap(const struct http_request *r, struct http_answer *a)
{
	const struct collector *c = ((struct rest *)r->ctx)->collector;
	char *end;
	size_t size;
	const uint64_t id = strtoull(r->value[0], &end, 10);
	if (r->value[0][0] < '0' || r->value[0][0] > '9' || *end != '\0') {
		http_answer_error(a, 400, "got \"%s\", expected the number of an event",
				  r->value[0]);
		return;
	}
	uint8_t *capture = c->pcap != NULL ? event_pcap_get(c->pcap, id, &size) : NULL;
	if (capture == NULL) {
		http_answer_error(a, 404, "event %s has no headers, or none any more", r->value[0]);
		return;
	}
	struct http_out out = {0};
	http_out_bytes(&out, capture, size);
	free(capture);
	http_answer_out(a, "application/vnd.tcpdump.pcap", &out);
}

static const struct http_row rows[] = {
	{HTTP_GET, "/events/json", get_events},
	{HTTP_GET, "/flows/json", get_flows},
	{HTTP_GET, "/weir/journal", get_journal},
	{HTTP_GET, "/weir/events/{id}/pcap", get_pcap},
};

const struct http_rows rest_event_rows = {rows, sizeof(rows) / sizeof(rows[0])};
