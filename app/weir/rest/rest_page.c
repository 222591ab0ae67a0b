// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The page for people, and the OpenAPI document. That is made of the tables of routes, so that it
// can neither forget a resource nor invent one; what a table does not say stands below.
#include "weir/rest/rest.h"

#include <string.h>

#include "weir/collector.h"
#include "weir/rest/page.h"
#include "weir/rest/rest_schema.h"

// What an answer is.
enum shape {
	SHAPE_OBJECT,
	SHAPE_ARRAY,
	SHAPE_NUMBER,
	SHAPE_TEXT,
	SHAPE_FILE, // what its name says
};

static const struct text {
	const char *pattern;
	enum shape shape;
	const char *summary;
	const char *query; // parameters, with commas; NULL = none
} texts[] = {
	{"/", SHAPE_FILE, "The page for people"},
	{"/version", SHAPE_TEXT, "MAJOR.MINOR-BUILD"},
	{"/analyzer/json", SHAPE_OBJECT, "Counts of the collector"},
	{"/license/json", SHAPE_OBJECT, "Nothing is limited"},
	{"/status", SHAPE_TEXT, "OK"},
	{"/app/{name}/status", SHAPE_TEXT, "State of an application; there are none inside"},
	{"/apps/json", SHAPE_OBJECT, "Applications inside"},
	{"/scripts/json", SHAPE_OBJECT, "Scripts inside"},
	{"/flow/json", SHAPE_OBJECT, "Flow definitions by name"},
	{"/flow/{name}/json", SHAPE_OBJECT, "A flow definition"},
	{"/threshold/json", SHAPE_OBJECT, "Thresholds by name"},
	{"/threshold/{name}/json", SHAPE_OBJECT, "A threshold"},
	{"/group/json", SHAPE_OBJECT, "Groups of prefixes by name"},
	{"/groups/json", SHAPE_OBJECT, "Groups, as it was called once"},
	{"/group/{name}/json", SHAPE_OBJECT, "Prefixes with labels"},
	{"/map/json", SHAPE_OBJECT, "Maps of values by name"},
	{"/map/{name}/json", SHAPE_OBJECT, "Values with labels"},
	{"/activeflows/{agent}/{name}/json", SHAPE_ARRAY, "Largest flows, one row per key",
	 "maxFlows,minValue,aggMode,filter"},
	{"/flowvalue/{agent}/{metric}/json", SHAPE_NUMBER, "One flow on one data source", "key"},
	{"/flowlocations/{agent}/{name}/json", SHAPE_ARRAY, "Data sources that have a flow", "key"},
	{"/flowkeys/json", SHAPE_OBJECT, "Attributes that samples have, and their ages"},
	{"/events/json", SHAPE_ARRAY, "Events, newest first",
	 "eventID,maxEvents,timeout,thresholdID"},
	{"/flows/json", SHAPE_ARRAY, "Completed flows, newest first",
	 "flowID,maxFlows,timeout,name"},
	{"/topology/json", SHAPE_OBJECT, "What is wired to what"},
	{"/forwarding/json", SHAPE_OBJECT, "Collectors that get datagrams as they came"},
	{"/forwarding/{name}/json", SHAPE_OBJECT, "One of them"},
	{"/tenant/json", SHAPE_OBJECT, "Tenants, and how many samples each has got"},
	{"/tenant/{name}/json", SHAPE_OBJECT, "A collector that gets the samples of a tenant"},
	{"/weir/healthz", SHAPE_TEXT, "Alive"},
	{"/weir/readyz", SHAPE_TEXT, "Measuring"},
	{"/weir/ledger", SHAPE_OBJECT, "Where everything that came went"},
	{"/weir/flows", SHAPE_OBJECT,
	 "Flow definitions: total, what is tracked of it, floor, entries"},
	{"/weir/inputs", SHAPE_ARRAY, "Losses before weir, by input"},
	{"/weir/sources", SHAPE_ARRAY, "Data sources: rates, sampling, what is odd", "agent"},
	{"/weir/audit", SHAPE_ARRAY, "Samples against counters, by data source", "agent"},
	{"/weir/events/{id}/pcap", SHAPE_FILE, "The sampled headers that made an event"},
	{"/weir/journal", SHAPE_OBJECT, "How the journal of events is"},
	{"/weir/reload", SHAPE_OBJECT, "Read the configuration again"},
	{"/agents/json", SHAPE_OBJECT, "Agents and what they sent", "agent"},
	{"/metrics/json", SHAPE_OBJECT, "Names of metrics and their ages"},
	{"/metric/{agent}/json", SHAPE_OBJECT, "All metrics of one agent"},
	{"/metric/{agent}/{metric}/json", SHAPE_ARRAY, "Metrics over data sources"},
	{"/table/{agent}/{metrics}/json", SHAPE_ARRAY, "Metrics of data sources, in rows"},
	{"/dump/{agent}/{metrics}/json", SHAPE_ARRAY, "Metrics of data sources, in a list"},
	{"/metrics", SHAPE_TEXT, "weir's own health, for Prometheus"},
	{"/prometheus/analyzer/txt", SHAPE_TEXT, "Counts of the collector, for Prometheus"},
	{"/prometheus/metrics/{agent}/{metric}/txt", SHAPE_TEXT, "Metrics, for Prometheus"},
	{"/app/prometheus/scripts/export.js/dump/{agent}/{metric}/txt", SHAPE_TEXT,
	 "Metrics without a prefix, where sFlow-RT's exporter has them"},
	{"/app/prometheus/scripts/export.js/flows/{agent}/txt", SHAPE_TEXT,
	 "Largest flows, for Prometheus: says what is to be measured",
	 "metric,key,label,value,n,t,filter,dropped,aggMode,maxFlows,minValue,scale"},
	{"/app/prometheus/scripts/export.js/statistics/{group}/{agent}/{metric}/txt", SHAPE_TEXT,
	 "Statistics of metrics, likewise"},
	{"/weir/page.js", SHAPE_FILE, "Part of the page"},
	{"/weir/page.css", SHAPE_FILE, "Part of the page"},
	{"/html/index.html", SHAPE_FILE, "The page, where sFlow-RT has its own"},
#define LINK(pattern) {pattern, SHAPE_FILE, "The page, showing what has `json` at its end"},
#include "weir/rest/page_links.def"
#undef LINK
	{"/api/index.html", SHAPE_FILE, "The page, where sFlow-RT has its explorer"},
	{"/weir/openapi.json", SHAPE_OBJECT, "This document"},
	{"/api-docs", SHAPE_OBJECT, "This document"},
};

static const struct text *text_of(const char *pattern)
{
	static const struct text none = {"", SHAPE_FILE, "Not described yet"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].pattern, pattern) == 0)
			return &texts[i];
	return &none;
}

static void add_parameter(json_t *list, const char *where, const char *name, size_t len)
{
	json_array_append_new(list, json_pack("{s:s%,s:s,s:b,s:{s:s}}", "name", name, len, "in",
					      where, "required", strcmp(where, "path") == 0,
					      "schema", "type", "string"));
}

static void add_parameters(json_t *list, const char *pattern, const char *query)
{
	for (const char *p = pattern; (p = strchr(p, '{')) != NULL;) {
		p++;
		add_parameter(list, "path", p, strcspn(p, "}"));
	}
	for (const char *p = query; *p != '\0'; p += *p == ',') {
		const size_t len = strcspn(p, ",");
		add_parameter(list, "query", p, len);
		p += len;
	}
}

// @p members: what it is like in the letters of rest_schema.h; NULL = not told.
static json_t *content(enum shape shape, const char *members)
{
	static const char *const types[] = {
		[SHAPE_OBJECT] = "object", [SHAPE_ARRAY] = "array", [SHAPE_NUMBER] = "number",
		[SHAPE_TEXT] = "string",   [SHAPE_FILE] = "string",
	};
	static const char *const media[] = {
		[SHAPE_OBJECT] = "application/json",
		[SHAPE_ARRAY] = "application/json",
		[SHAPE_NUMBER] = "application/json",
		[SHAPE_TEXT] = "text/plain",
		[SHAPE_FILE] = "*/*",
	};
	json_t *schema =
		members != NULL ? rest_schema(members) : json_pack("{s:s}", "type", types[shape]);
	if (members == NULL && shape == SHAPE_ARRAY)
		json_object_set_new(schema, "items", json_object());
	return json_pack("{s:{s:o}}", media[shape], "schema", schema);
}

static json_t *operation(const struct http_row *row, const char *method)
{
	const struct text *t = text_of(row->pattern);
	json_t *parameters = json_array();
	const bool reads = strcmp(method, "get") == 0;
	add_parameters(parameters, row->pattern, reads && t->query != NULL ? t->query : "");
	json_t *refused = json_pack("{s:s,s:o}", "description", "refused: where, what, expected",
				    "content", content(SHAPE_OBJECT, "{error:s}"));
	json_t *done = reads ? json_pack("{s:s,s:o}", "description", "done", "content",
					 content(t->shape, rest_schema_of(row->pattern)))
			     : json_pack("{s:s}", "description", "done");
	json_t *responses = json_pack("{s:o,s:o}", reads ? "200" : "204", done, "default", refused);
	if ((row->flags & HTTP_OPEN) != 0) // for supervisors, which show what they are told
		json_object_set_new(responses, "503",
				    json_pack("{s:s,s:o}", "description", "not well: why",
					      "content", content(SHAPE_TEXT, NULL)));
	return json_pack("{s:s,s:o,s:o}", "summary", t->summary, "parameters", parameters,
			 "responses", responses);
}

static void add_row(json_t *paths, const struct http_row *row)
{
	static const struct {
		unsigned method;
		const char *name;
	} names[] = {
		{HTTP_GET, "get"}, {HTTP_PUT, "put"}, {HTTP_POST, "post"}, {HTTP_DELETE, "delete"}};
	json_t *path = json_object_get(paths, row->pattern);
	if (path == NULL) {
		path = json_object();
		json_object_set_new(paths, row->pattern, path);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((row->methods & names[i].method) != 0)
			json_object_set_new(path, names[i].name, operation(row, names[i].name));
}

static void get_openapi(const struct http_request *r, struct http_answer *a)
{
	size_t n;
	const struct http_rows *const *family = rest_families(&n);
	json_t *paths = json_object();
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < family[i]->n; k++)
			add_row(paths, &family[i]->at[k]);
	http_answer_json(a, 200,
			 json_pack("{s:s,s:{s:s,s:s},s:o}", "openapi", "3.0.3", "info", "title",
				   "weir", "version", WEIR_VERSION, "paths", paths));
}

static void get_index(const struct http_request *r, struct http_answer *a)
{
	http_answer_static(a, "text/html; charset=utf-8", page_index_html, page_index_html_size);
}

static void get_script(const struct http_request *r, struct http_answer *a)
{
	http_answer_static(a, "text/javascript; charset=utf-8", page_page_js, page_page_js_size);
}

static void get_style(const struct http_request *r, struct http_answer *a)
{
	http_answer_static(a, "text/css; charset=utf-8", page_page_css, page_page_css_size);
}

static const struct http_row rows[] = {
	{HTTP_GET, "/", get_index},
	{HTTP_GET, "/html/index.html", get_index}, // where sFlow-RT has its own
	{HTTP_GET, "/api/index.html", get_index},
#define LINK(pattern) {HTTP_GET, pattern, get_index},
#include "weir/rest/page_links.def"
#undef LINK
	{HTTP_GET, "/weir/page.js", get_script},
	{HTTP_GET, "/weir/page.css", get_style},
	{HTTP_GET, "/weir/openapi.json", get_openapi},
	{HTTP_GET, "/api-docs", get_openapi},
};

const struct http_rows rest_page_rows = {rows, sizeof(rows) / sizeof(rows[0])};
