// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Data sources one by one: what is known of each, and whether its samples agree with its counters.
#include "weir/rest/rest.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer/query.h"
#include "weir/rest/rest_text.h"
#include "weir/collector.h"

enum {
	ROWS_PER_SLICE = 64,
};

/// A list on its way to a client; a slice of rows each time.
struct list_out {
	const struct collector *collector;
	char *agent; ///< only of this one; NULL = all
	size_t from; ///< index of the next row
	bool begun;
	union {
		struct source_row source[ROWS_PER_SLICE];
		struct audit_row audit[ROWS_PER_SLICE];
	};
};

static void end_list(void *ctx)
{
	struct list_out *o = ctx;
	free(o->agent);
	free(o);
}

static void answer_list(const struct http_request *r, struct http_answer *a,
			bool (*more)(void *ctx, struct http_out *out))
{
	struct list_out *o = calloc(1, sizeof(*o));
	const char *agent = uri_query(&r->uri, "agent", NULL);
	if (o != NULL && agent != NULL)
		o->agent = strdup(agent);
	if (o == NULL || (agent != NULL && o->agent == NULL)) {
		free(o);
		http_answer_error(a, 503, "out of memory");
		return;
	}
	o->collector = ((struct rest *)r->ctx)->collector;
	http_answer_stream(a, "application/json",
			   &(struct http_stream){
				   .more = more, .end = end_list, .ctx = o, .memory = sizeof(*o)});
}

static void put_row(struct list_out *o, struct http_out *out, const struct addr *addr,
		    const char *name, json_t *json)
{
	char text[ADDR_TEXT_SIZE];
	if (o->agent != NULL && strcmp(o->agent, addr_text(addr, text)) != 0 &&
	    strcmp(o->agent, name) != 0) {
		json_decref(json);
		return;
	}
	http_out_str(out, o->begun ? "," : "");
	http_out_json(out, json);
	o->begun = true;
}

// Who: what rows of either list begin with.
static json_t *row_json(const struct addr *addr, const char *name, uint32_t ds_class,
			uint32_t ds_index, uint32_t direction, const char *agent_name,
			const char *port_name)
{
	char agent[ADDR_TEXT_SIZE], source[REST_SOURCE_SIZE];
	json_t *json = json_pack("{s:s,s:s,s:s}", "agent", addr_text(addr, agent), "dataSource",
				 rest_source_text(name, ds_class, ds_index, source), "direction",
				 rest_direction(direction));
	if (json != NULL && agent_name[0] != '\0')
		json_object_set_new(json, "agentName", rest_json_text(agent_name));
	if (json != NULL && port_name[0] != '\0')
		json_object_set_new(json, "portName", rest_json_text(port_name));
	return json;
}

static void set_real(json_t *json, const char *name, double v)
{
	json_object_set_new(json, name, json_real(v));
}

static void set_count(json_t *json, const char *name, uint64_t v)
{
	json_object_set_new(json, name, json_integer((json_int_t)v));
}

// What is not known is absent.
static void set_known(json_t *json, const char *name, double v)
{
	if (v > 0)
		set_real(json, name, v);
}

static void set_words(json_t *json, const char *name, uint32_t bits, const char *const *word)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < SOURCE_WORDS; i++)
		if ((bits & 1u << i) != 0)
			json_array_append_new(list, json_string(word[i]));
	json_object_set_new(json, name, list);
}

static json_t *source_json(const struct source_row *s, uint64_t now)
{
	json_t *json = row_json(&s->agent, s->source, s->ds_class, s->ds_index, s->direction,
				s->agent_name, s->port_name);
	if (json == NULL)
		return NULL;
	set_known(json, "speed", (double)s->speed);
	set_count(json, "flowSamples", s->samples);
	set_count(json, "lostSamples", s->lost_samples);
	set_count(json, "drops", s->drops);
	set_count(json, "discards", s->discards);
	set_real(json, "bytes", s->bytes_rate);
	set_real(json, "bytesError", s->bytes_error);
	set_real(json, "frames", s->frames_rate);
	set_real(json, "framesError", s->frames_error);
	set_count(json, "samplingRate", s->sampling_rate);
	set_known(json, "effectiveSamplingRate", s->effective_rate);
	set_real(json, "correction", s->correction);
	json_object_set_new(json, "corrected", json_boolean(s->corrected));
	set_words(json, "flags", s->flags, source_flag_words);
	set_words(json, "doubts", s->doubts, source_doubt_words);
	if (s->last != 0) // of a direction that was sampled
		json_object_set_new(json, "lastUpdate", json_integer(rest_age(now, s->last)));
	return json;
}

static bool more_sources(void *ctx, struct http_out *out)
{
	struct list_out *o = ctx;
	const struct collector *c = o->collector;
	aggregator_lock(c->aggregator);
	const size_t n = query_sources(c->analyzer, o->from, o->source, ROWS_PER_SLICE);
	const uint64_t now = analyzer_now(c->analyzer);
	aggregator_unlock(c->aggregator);
	http_out_str(out, o->from == 0 ? "[" : "");
	for (size_t i = 0; i < n; i++)
		put_row(o, out, &o->source[i].agent, o->source[i].agent_name,
			source_json(&o->source[i], now));
	o->from += n;
	http_out_str(out, n < ROWS_PER_SLICE ? "]" : "");
	return n == ROWS_PER_SLICE;
}

static void get_sources(const struct http_request *r, struct http_answer *a)
{
	answer_list(r, a, more_sources);
}

static json_t *audit_json(const struct audit_row *row)
{
	json_t *json = row_json(&row->agent, NULL, row->ds_class, row->ds_index, row->direction,
				row->agent_name, row->port_name);
	if (json == NULL)
		return NULL;
	set_real(json, "seconds", row->seconds);
	set_real(json, "counted", row->counted);
	set_real(json, "sampled", row->sampled);
	set_real(json, "error", row->error);
	set_count(json, "samplingRate", row->sampling_rate);
	set_known(json, "effectiveSamplingRate", row->effective_rate);
	set_known(json, "impliedSamplingRate", row->implied_rate);
	json_object_set_new(json, "verdict", json_string(row->text));
	return json;
}

static bool more_audit(void *ctx, struct http_out *out)
{
	struct list_out *o = ctx;
	const struct collector *c = o->collector;
	const size_t from = o->from;
	aggregator_lock(c->aggregator);
	const size_t n = query_audit(c->analyzer, &o->from, o->audit, ROWS_PER_SLICE);
	aggregator_unlock(c->aggregator);
	http_out_str(out, from == 0 ? "[" : "");
	for (size_t i = 0; i < n; i++)
		put_row(o, out, &o->audit[i].agent, o->audit[i].agent_name,
			audit_json(&o->audit[i]));
	http_out_str(out, o->from == from ? "]" : "");
	return o->from != from;
}

static void get_audit(const struct http_request *r, struct http_answer *a)
{
	answer_list(r, a, more_audit);
}

static const struct http_row rows[] = {
	{HTTP_GET, "/weir/sources", get_sources},
	{HTTP_GET, "/weir/audit", get_audit},
};

const struct http_rows rest_source_rows = {rows, sizeof(rows) / sizeof(rows[0])};
