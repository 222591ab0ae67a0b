// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The table of metrics: /agents, /metrics, /metric, /table, /dump.
#include "weir/rest/rest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/selector.h"
#include "analyzer/metric.h"
#include "analyzer/statistic.h"
#include "weir/rest/rest_ask.h"
#include "weir/rest/rest_text.h"
#include "weir/collector.h"

enum {
	AGENTS_PER_SLICE = 64,
};

#define JSON_TYPE "application/json"

// --- agents -------------------------------------------------------------------------------------

struct agents_out {
	const struct rest *rest;
	const char **wanted;
	int n_wanted;
	size_t at;
	bool begun;
	struct agent_row row[AGENTS_PER_SLICE];
};

static bool is_wanted(const struct agents_out *o, const char *agent)
{
	for (int i = 0; i < o->n_wanted; i++)
		if (strcmp(o->wanted[i], agent) == 0)
			return true;
	return o->n_wanted == 0;
}

static void put_agent(struct http_out *out, const struct agent_row *row, uint64_t now)
{
	const struct {
		const char *name;
		uint64_t n;
	} counts[] = {
		{"sFlowDatagramsReceived", row->datagrams},
		{"sFlowDatagramsLost", row->lost},
		{"sFlowDatagramsOutOfOrder", row->late},
		{"sFlowDatagramsDuplicates", row->duplicates},
		{"sFlowFlowSamples", row->flow_samples},
		{"sFlowFlowDatasources", row->sources},
		{"sFlowFlowDrops", row->drops},
		{"sFlowFlowLostSamples", row->lost_samples},
		{"sFlowFlowDuplicateSamples", row->flow_duplicates},
		{"sFlowFlowOutOfOrderSamples", row->flow_late},
		{"sFlowCounterSamples", row->counters_samples},
		{"sFlowCounterDatasources", row->counters_sources},
		{"sFlowCounterLostSamples", row->counters_lost},
		{"sFlowCounterDuplicateSamples", row->counters_duplicates},
		{"sFlowCounterOutOfOrderSamples", row->counters_late},
		{"sFlowNotificationSamples", row->discards},
		{"sFlowNotificationDatasources", row->discard_sources},
		{"sFlowNotificationDrops", row->discard_drops},
		{"sFlowNotificationLostSamples", row->lost_discards},
		{"sFlowNotificationDuplicateSamples", row->discard_duplicates},
		{"sFlowNotificationOutOfOrderSamples", row->discard_late},
		{"firstSeen", (uint64_t)rest_age(now, row->first)},
		{"lastSeen", (uint64_t)rest_age(now, row->last)},
		{"uptime", row->uptime},
	};
	char via[ADDR_TEXT_SIZE];
	http_out_str(out, "{\"sFlowDatagramSource\":[\"");
	http_out_str(out, addr_text(&row->via, via));
	http_out_str(out, "\"]");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		http_out_str(out, ",\"");
		http_out_str(out, counts[i].name);
		http_out_str(out, "\":");
		rest_put_count(out, counts[i].n);
	}
	if (row->name[0] != '\0') {
		http_out_str(out, ",\"agentName\":");
		rest_put_text(out, row->name);
	}
	http_out_str(out, "}");
}

static bool more_agents(void *ctx, struct http_out *out)
{
	struct agents_out *o = ctx;
	const struct collector *c = o->rest->collector;
	aggregator_lock(c->aggregator);
	const size_t n = query_agents(c->analyzer, o->at, o->row, AGENTS_PER_SLICE);
	const uint64_t now = analyzer_now(c->analyzer);
	aggregator_unlock(c->aggregator);
	http_out_str(out, o->at == 0 ? "{" : "");
	for (size_t i = 0; i < n; i++) {
		char agent[ADDR_TEXT_SIZE];
		addr_text(&o->row[i].agent, agent);
		if (now - o->row[i].last > METRIC_AGENT_SILENCE || !is_wanted(o, agent))
			continue;
		http_out_fmt(out, "%s\"%s\":", o->begun ? "," : "", agent);
		put_agent(out, &o->row[i], now);
		o->begun = true;
	}
	o->at += n;
	http_out_str(out, n < AGENTS_PER_SLICE ? "}" : "");
	return n == AGENTS_PER_SLICE;
}

static void get_agents(const struct http_request *r, struct http_answer *a)
{
	struct agents_out *o = calloc(1, sizeof(*o));
	const char **wanted = arena_alloc(r->arena, (r->uri.n_params + 1) * sizeof(*wanted));
	if (o == NULL || wanted == NULL) {
		free(o);
		http_answer_error(a, 503, "out of memory");
		return;
	}
	*o = (struct agents_out){.rest = r->ctx, .wanted = wanted};
	for (uint32_t i = 0; i < r->uri.n_params; i++)
		if (strcmp(r->uri.param[i].name, "agent") == 0)
			wanted[o->n_wanted++] = r->uri.param[i].value;
	http_answer_stream(
		a, JSON_TYPE,
		&(struct http_stream){
			.more = more_agents, .end = free, .ctx = o, .memory = sizeof(*o)});
}

// --- names --------------------------------------------------------------------------------------

static void get_metrics(const struct http_request *r, struct http_answer *a)
{
	const struct rest *rest = r->ctx;
	const struct collector *c = rest->collector;
	struct metric_names n = {.seen = calloc(METRIC_NAMES, sizeof(*n.seen))};
	bool more = n.seen != NULL;
	while (more) {
		aggregator_lock(c->aggregator);
		more = metric_names_next(c->analyzer, &n);
		aggregator_unlock(c->aggregator);
	}
	json_t *json = n.seen != NULL ? json_object() : NULL;
	for (uint32_t i = 0; json != NULL && i < n.n; i++)
		if (n.seen[i].time != 0)
			json_object_set_new(json, n.seen[i].name,
					    json_integer(rest_age(n.now, n.seen[i].time)));
	free(n.seen);
	http_answer_json(a, 200, json);
}

// --- cells --------------------------------------------------------------------------------------

static json_t *keys_json(const struct metric_cell *cell, uint64_t now)
{
	json_t *keys = json_array();
	for (uint32_t i = 0; keys != NULL && i < cell->n_keys; i++)
		json_array_append_new(keys, json_pack("{s:I,s:f,s:o}", "lastUpdate",
						      rest_age(now, cell->key[i].time), "value",
						      cell->key[i].value, "key",
						      rest_json_text(cell->key[i].key)));
	return keys;
}

static void put_value(struct http_out *out, const struct metric_cell *cell)
{
	if (cell->kind == METRIC_TEXT)
		rest_put_text(out, cell->text);
	else
		rest_put_real(out, cell->number);
}

// There may be tens of millions of these: they are written as text at once.
static void put_cell(struct http_out *out, const struct metric_cell *cell, const char *name,
		     uint64_t now)
{
	rest_put_text(out, name);
	if (cell->kind != METRIC_NONE) {
		http_out_str(out, ",\"lastUpdate\":");
		rest_put_count(out, (uint64_t)rest_age(now, cell->time));
		http_out_str(out, ",\"metricValue\":");
		put_value(out, cell);
	}
	if (cell->kind != METRIC_NONE && cell->flow) {
		http_out_str(out, ",\"topKeys\":");
		http_out_json(out, keys_json(cell, now));
	}
	http_out_str(out, "}");
}

// What the members of a row begin with.
static void put_head(struct http_out *out, const struct metric_row *row)
{
	char agent[ADDR_TEXT_SIZE];
	out->len = 0;
	http_out_str(out, "{\"agent\":\"");
	http_out_str(out, addr_text(&row->agent, agent));
	http_out_str(out, "\",\"dataSource\":");
	rest_put_text(out, row->source);
	http_out_str(out, ",\"metricName\":");
}

static void dump_row(struct ask *k, struct http_out *out, const struct metric_row *row)
{
	put_head(&k->head, row);
	out->failed |= k->head.failed;
	for (uint32_t c = 0; c < row->n_cells && !out->failed; c++) {
		http_out_str(out, k->begun ? "," : "");
		http_out_bytes(out, k->head.text, k->head.len);
		put_cell(out, &row->cell[c], row->cell[c].name, k->page->now);
		k->begun = true;
	}
}

static bool more_dump(void *ctx, struct http_out *out)
{
	struct ask *k = ctx;
	http_out_str(out, !k->scan.begun ? "[" : "");
	ask_next(k);
	for (uint32_t i = 0; i < k->page->n_rows; i++)
		dump_row(k, out, &k->page->row[i]);
	http_out_str(out, k->more ? "" : "]");
	return k->more;
}

static void get_dump(const struct http_request *r, struct http_answer *a)
{
	struct ask *k = ask_new(r, a, r->value[0], r->value[1]);
	if (k == NULL)
		return;
	k->request.keys = true;
	ask_stream(a, k, JSON_TYPE, more_dump);
}

static bool more_agent(void *ctx, struct http_out *out)
{
	struct ask *k = ctx;
	http_out_str(out, !k->scan.begun ? "{" : "");
	ask_next(k);
	for (uint32_t i = 0; i < k->page->n_rows; i++) {
		const struct metric_row *row = &k->page->row[i];
		for (uint32_t c = 0; c < row->n_cells; c++) {
			http_out_str(out, k->begun ? ",\"" : "\"");
			http_out_str(out, row->source);
			http_out_str(out, ".");
			http_out_str(out, row->cell[c].name);
			http_out_str(out, "\":");
			if (row->cell[c].kind == METRIC_NUMBER)
				ask_number(out, row->cell[c].number);
			else
				rest_put_text(out, row->cell[c].text);
			k->begun = true;
		}
	}
	http_out_str(out, k->more ? "" : "}");
	return k->more;
}

static void get_agent(const struct http_request *r, struct http_answer *a)
{
	const struct rest *rest = r->ctx;
	const struct collector *c = rest->collector;
	aggregator_lock(c->aggregator);
	const bool known = metric_agent_known(c->analyzer, r->value[0]);
	aggregator_unlock(c->aggregator);
	if (!known) {
		http_answer_error(a, 404, "no agent \"%s\"", r->value[0]);
		return;
	}
	struct ask *k = ask_new(r, a, r->value[0], NULL);
	if (k != NULL)
		ask_stream(a, k, JSON_TYPE, more_agent);
}

// --- statistics ---------------------------------------------------------------------------------

// The only column of the only row that @p one finds.
static json_t *read_keys(struct ask *one)
{
	while (ask_next(one) && one->page->n_rows == 0)
		;
	return one->page->n_rows > 0 ? keys_json(one->page->row[0].cell, one->page->now)
				     : json_array();
}

// The flows of the row that a statistic selected. A scan is too large for a server's stack.
static json_t *selected_keys(const struct http_request *r, const struct ask *k,
			     const struct statistic *s, const struct metric_column *c)
{
	char agent[ADDR_TEXT_SIZE], token[512];
	struct err_msg msg = {0};
	struct metric_column column;
	struct ask *one = calloc(1, sizeof(*one));
	if (one == NULL)
		return NULL;
	snprintf(token, sizeof(token), "%s.%.*s", s->source, (int)c->name_len, c->name);
	one->rest = k->rest;
	one->page = k->page;
	one->scan.request = &one->request;
	one->request = (struct metric_request){.column = &column, .n_columns = 1, .keys = true};
	one->request.selector =
		selector_new(k->rest->collector->analyzer, addr_text(&s->agent, agent), &msg);
	json_t *keys =
		one->request.selector != NULL && metric_column_parse(token, &column, &msg) == 0
			? read_keys(one)
			: json_array();
	selector_free(one->request.selector);
	free(one);
	return keys;
}

static void add_selected(const struct http_request *r, const struct ask *k,
			 const struct statistic *s, const struct metric_column *c, uint64_t now,
			 json_t *json)
{
	char agent[ADDR_TEXT_SIZE];
	json_object_set_new(json, "agent", json_string(addr_text(&s->agent, agent)));
	json_object_set_new(json, "dataSource", rest_json_text(s->source));
	json_object_set_new(json, "lastUpdate", json_integer(rest_age(now, s->time)));
	if (s->flow)
		json_object_set_new(json, "topKeys", selected_keys(r, k, s, c));
}

static json_t *statistic_json(const struct http_request *r, const struct ask *k,
			      struct statistic *s, const struct metric_column *c, uint64_t now)
{
	const bool there = statistic_end(s);
	json_t *json = json_pack("{s:o,s:I}", "metricName", rest_json_text(c->token), "metricN",
				 (json_int_t)s->n);
	if (json == NULL || !there)
		return json;
	json_object_set_new(json, "metricValue",
			    s->kind == METRIC_TEXT ? rest_json_text(s->text) : json_real(s->value));
	json_object_set_new(json, "lastUpdateMin", json_integer(rest_age(now, s->youngest)));
	json_object_set_new(json, "lastUpdateMax", json_integer(rest_age(now, s->oldest)));
	if (s->selected)
		add_selected(r, k, s, c, now, json);
	else if (s->n_all > 0)
		json_object_set_new(json, "quartiles",
				    json_pack("{s:f,s:f,s:f,s:f,s:f}", "min", s->min, "q1", s->q1,
					      "med", s->med, "q3", s->q3, "max", s->max));
	return json;
}

static void get_statistics(const struct http_request *r, struct http_answer *a)
{
	struct ask *k = ask_new(r, a, r->value[0], r->value[1]);
	if (k == NULL)
		return;
	const size_t n = k->request.n_columns;
	struct statistic *s = calloc(n + 1, sizeof(*s));
	json_t *list = s != NULL && n > 0 ? json_array() : NULL;
	for (size_t i = 0; i < n && s != NULL; i++)
		s[i].aggregate = k->request.column[i].aggregate;
	if (n == 0)
		http_answer_error(a, 400, "ALL is no metric here: use /dump or /metric/AGENT/json");
	else if (list == NULL || ask_gather(k, s) != 0)
		http_answer_error(a, 503, "out of memory");
	const uint64_t now = k->page->now;
	for (size_t i = 0; i < n && list != NULL; i++) {
		json_array_append_new(list,
				      statistic_json(r, k, &s[i], &k->request.column[i], now));
		statistic_free(&s[i]);
	}
	if (list != NULL)
		http_answer_json(a, 200, list);
	free(s);
	ask_free(k);
}

// --- tables -------------------------------------------------------------------------------------

static void put_table_row(struct ask *k, struct http_out *out, const struct metric_row *row)
{
	put_head(&k->head, row);
	out->failed |= k->head.failed;
	http_out_str(out, "[");
	for (uint32_t c = 0; c < row->n_cells && !out->failed; c++) {
		const struct metric_column *col = &k->request.column[row->cell[c].column];
		char name[256];
		snprintf(name, sizeof(name), "%.*s", (int)col->name_len, col->name);
		http_out_str(out, c > 0 ? "," : "");
		http_out_bytes(out, k->head.text, k->head.len);
		put_cell(out, &row->cell[c], name, k->page->now);
	}
	http_out_str(out, "]");
}

static bool more_table(void *ctx, struct http_out *out)
{
	struct ask *k = ctx;
	http_out_str(out, !k->scan.begun ? "[" : "");
	ask_next(k);
	for (uint32_t i = 0; i < k->page->n_rows; i++) {
		http_out_str(out, k->begun ? "," : "");
		put_table_row(k, out, &k->page->row[i]);
		k->begun = true;
	}
	http_out_str(out, k->more ? "" : "]");
	return k->more;
}

struct sorted_row {
	double number;
	char *text;     // owned; NULL: a number
	size_t at, len; // of the row in `all`
	size_t place;
};

struct sorted {
	struct sorted_row *row;
	size_t n, room;
	struct http_out all;
};

static int compare_keys(const struct sorted_row *a, const struct sorted_row *b)
{
	const int c = (a->text != NULL) - (b->text != NULL);
	if (c != 0)
		return c;
	return a->text != NULL ? strcmp(a->text, b->text)
			       : (a->number > b->number) - (a->number < b->number);
}

// Rows with equal keys stay as they came, either way.
static int compare_sorted(const void *x, const void *y)
{
	const struct sorted_row *a = x, *b = y;
	const int c = compare_keys(a, b);
	return c != 0 ? c : a->place < b->place ? -1 : 1;
}

static int compare_descending(const void *x, const void *y)
{
	const struct sorted_row *a = x, *b = y;
	const int c = compare_keys(b, a);
	return c != 0 ? c : a->place < b->place ? -1 : 1;
}

static bool add_sorted(struct ask *k, struct sorted *s, const struct metric_row *row, size_t column)
{
	const struct metric_cell *cell = &row->cell[column];
	struct sorted_row *to = &s->row[s->n];
	*to = (struct sorted_row){
		.number = cell->kind == METRIC_NUMBER ? cell->number : -HUGE_VAL,
		.text = cell->kind == METRIC_TEXT ? strdup(cell->text) : NULL,
		.at = s->all.len,
		.place = s->n,
	};
	if (cell->kind == METRIC_TEXT && to->text == NULL)
		return false;
	s->n++;
	put_table_row(k, &s->all, row);
	to->len = s->all.len - to->at;
	return !s->all.failed;
}

static bool make_room(struct sorted *s, size_t n)
{
	if (s->n + n <= s->room)
		return true;
	const size_t room = 2 * s->room + METRIC_PAGE_ROWS;
	struct sorted_row *larger = realloc(s->row, room * sizeof(*larger));
	if (larger == NULL)
		return false;
	s->row = larger;
	s->room = room;
	return true;
}

static bool read_sorted(struct ask *k, struct sorted *s, size_t column)
{
	bool more = true, ok = true;
	while (more && ok) {
		more = ask_next(k);
		ok = make_room(s, k->page->n_rows);
		for (uint32_t i = 0; ok && i < k->page->n_rows; i++)
			ok = add_sorted(k, s, &k->page->row[i], column);
	}
	return ok;
}

// All rows, in order.
static void answer_sorted(struct http_answer *a, struct ask *k, size_t column)
{
	struct sorted s = {0};
	struct http_out out = {0};
	const int64_t keep = k->request.column[column].keep;
	out.failed = !read_sorted(k, &s, column);
	if (s.n > 0)
		qsort(s.row, s.n, sizeof(*s.row), keep < 0 ? compare_descending : compare_sorted);
	const size_t most = keep == 0 ? s.n : (size_t)(keep < 0 ? -keep : keep);
	http_out_str(&out, "[");
	for (size_t i = 0; i < s.n && i < most; i++) {
		http_out_str(&out, i > 0 ? "," : "");
		http_out_bytes(&out, s.all.text + s.row[i].at, s.row[i].len);
	}
	http_out_str(&out, "]");
	http_answer_out(a, JSON_TYPE, &out);
	for (size_t i = 0; i < s.n; i++)
		free(s.row[i].text);
	free(s.row);
	free(s.all.text);
}

static void get_table(const struct http_request *r, struct http_answer *a)
{
	struct ask *k = ask_new(r, a, r->value[0], r->value[1]);
	if (k == NULL)
		return;
	k->request.whole = k->request.inherit = k->request.keys = true;
	if (k->request.n_columns == 0) {
		http_answer_error(a, 400, "ALL is no column: expected names of metrics");
		ask_free(k);
		return;
	}
	size_t i = 0;
	while (i < k->request.n_columns && !k->request.column[i].sort)
		i++;
	if (i == k->request.n_columns) {
		ask_stream(a, k, JSON_TYPE, more_table);
		return;
	}
	answer_sorted(a, k, i);
	ask_free(k);
}

static const struct http_row rows[] = {
	{HTTP_GET, "/agents/json", get_agents},
	{HTTP_GET, "/metrics/json", get_metrics},
	{HTTP_GET, "/metric/{agent}/json", get_agent},
	{HTTP_GET, "/metric/{agent}/{metric}/json", get_statistics},
	{HTTP_GET, "/table/{agent}/{metrics}/json", get_table},
	{HTTP_GET, "/dump/{agent}/{metrics}/json", get_dump},
};

const struct http_rows rest_metric_rows = {rows, sizeof(rows) / sizeof(rows[0])};
