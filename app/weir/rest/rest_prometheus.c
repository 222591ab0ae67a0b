// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Text for Prometheus: weir's own health at /metrics, the network's metrics at /prometheus and
// where the exporter application of sFlow-RT has them.
#include "weir/rest/rest.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/statistic.h"
#include "bank/stats.h"
#include "weir/output/exporter.h"
#include "weir/rest/rest_ask.h"
#include "weir/output/forward.h"
#include "weir/rest/rest_exposition.h"
#include "weir/util/clock.h"
#include "weir/collector.h"

// --- the network's metrics ----------------------------------------------------------------------

/// An answer on its way: the rows, and which metrics were described.
struct metrics_out {
	struct ask *ask;
	const char *prefix;
	const struct catalog *catalog;
	struct exposition_seen seen;
	struct http_out labels; ///< of the row at work
};

// All cells of a row have the same.
static void set_labels(struct http_out *out, const struct metric_row *row)
{
	char agent[ADDR_TEXT_SIZE];
	out->len = 0;
	http_out_str(out, "{");
	exposition_label(out, "agent", addr_text(&row->agent, agent));
	http_out_str(out, ",");
	exposition_label(out, "datasource", row->source);
	for (int i = 0; i < METRIC_LABELS; i++) {
		if (row->label[i] == NULL)
			continue;
		http_out_str(out, ",");
		exposition_label(out, metric_labels[i], row->label[i]);
	}
	http_out_str(out, "} ");
}

// The first time that a metric is shown: what it is.
static void describe(struct metrics_out *m, struct http_out *out, const char *name, size_t len)
{
	char text[256];
	const struct catalog *c = m->catalog;
	if (!exposition_first(&m->seen, name, len))
		return;
	struct strbuf b = strbuf_of(text, sizeof(text));
	const int i = catalog_name(c, name, len);
	if (i >= 0)
		catalog_describe(c, &c->def[c->name_def[i] - 1], &b);
	else
		strbuf_str(&b, "custom metric (rtmetric)");
	exposition_gauge(out, m->prefix, name, len, text);
}

static void put_cell(struct metrics_out *m, struct http_out *out, const struct metric_cell *cell)
{
	const struct metric_request *q = &m->ask->request;
	const struct metric_column *col = q->n_columns > 0 ? &q->column[cell->column] : NULL;
	const char *name = col != NULL ? col->name : cell->name;
	const size_t len = col != NULL ? col->name_len : strlen(cell->name);
	describe(m, out, name, len);
	exposition_name(out, m->prefix, name, len);
	http_out_bytes(out, m->labels.text, m->labels.len);
	ask_number(out, cell->number);
	http_out_str(out, "\n");
}

static bool more_metrics(void *ctx, struct http_out *out)
{
	struct metrics_out *m = ctx;
	const struct metric_page *page = m->ask->page;
	ask_next(m->ask);
	for (uint32_t i = 0; i < page->n_rows; i++) {
		const struct metric_row *row = &page->row[i];
		set_labels(&m->labels, row);
		out->failed |= m->labels.failed;
		for (uint32_t c = 0; c < row->n_cells && !out->failed; c++)
			if (row->cell[c].kind == METRIC_NUMBER && !row->cell[c].flow)
				put_cell(m, out, &row->cell[c]);
	}
	return m->ask->more;
}

static void end_metrics(void *ctx)
{
	struct metrics_out *m = ctx;
	ask_free(m->ask);
	free(m->labels.text);
	free(m);
}

static void export(const struct http_request *r, struct http_answer *a, const char *prefix)
{
	const struct rest *rest = r->ctx;
	struct ask *k = ask_new(r, a, r->value[0], r->value[1]);
	if (k == NULL)
		return;
	struct metrics_out *m = calloc(1, sizeof(*m));
	if (m == NULL) {
		ask_free(k);
		http_answer_error(a, 503, "out of memory");
		return;
	}
	k->request.labels = k->request.no_flows = k->request.no_texts = true;
	m->ask = k;
	m->prefix = prefix;
	m->catalog = query_catalog(rest->collector->analyzer);
	http_answer_stream(a, EXPOSITION_TYPE,
			   &(struct http_stream){.more = more_metrics,
						 .end = end_metrics,
						 .ctx = m,
						 .memory = sizeof(*m) + ASK_MEMORY});
}

static void get_prefixed(const struct http_request *r, struct http_answer *a)
{
	export(r, a, ((const struct rest *)r->ctx)->collector->config->http.prometheus_prefix);
}

static void get_plain(const struct http_request *r, struct http_answer *a)
{
	export(r, a, "");
}

// --- statistics of a group of agents ------------------------------------------------------------

static void put_statistic(struct http_out *out, const char *prefix, const char *group,
			  const struct metric_column *c, const struct statistic *s)
{
	char name[256];
	const int len = snprintf(name, sizeof(name), "%s_%.*s", metric_aggregates[c->aggregate],
				 (int)c->name_len, c->name);
	const size_t size = (size_t)len < sizeof(name) ? (size_t)len : sizeof(name) - 1;
	exposition_gauge(out, prefix, name, size, "statistic over the data sources of a group");
	exposition_name(out, prefix, name, size);
	http_out_str(out, "{");
	exposition_label(out, "group", group);
	http_out_str(out, "} ");
	ask_number(out, s->value);
	http_out_str(out, "\n");
}

static void get_statistics(const struct http_request *r, struct http_answer *a)
{
	struct ask *k = ask_new(r, a, r->value[1], r->value[2]);
	if (k == NULL)
		return;
	const char *prefix = k->rest->collector->config->http.prometheus_prefix;
	const size_t n = k->request.n_columns;
	struct statistic *s = calloc(n + 1, sizeof(*s));
	struct http_out out = {.failed = s == NULL};
	for (size_t i = 0; i < n && s != NULL; i++)
		s[i].aggregate = k->request.column[i].aggregate;
	if (s != NULL && ask_gather(k, s) != 0)
		out.failed = true;
	for (size_t i = 0; i < n && s != NULL; i++) {
		if (statistic_end(&s[i]) && s[i].kind == METRIC_NUMBER)
			put_statistic(&out, prefix, r->value[0], &k->request.column[i], &s[i]);
		statistic_free(&s[i]);
	}
	http_answer_out(a, EXPOSITION_TYPE, &out);
	free(s);
	ask_free(k);
}

// --- health -------------------------------------------------------------------------------------

static uint64_t sum_of(const struct collector *c, enum stat_id stat)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < c->n_workers; i++)
		sum += stats_read(worker_stats(c->worker[i]), stat);
	return sum;
}

static void put_family(struct http_out *out, const char *name, const char *type, const char *help,
		       double value)
{
	http_out_fmt(out, "# HELP %s %s\n# TYPE %s %s\n%s ", name, help, name, type, name);
	ask_number(out, value);
	http_out_str(out, "\n");
}

static void put_counter(struct http_out *out, const char *group, const char *name, const char *help,
			uint64_t value)
{
	char full[128];
	snprintf(full, sizeof(full), "weir_%s%s_total", group, name);
	put_family(out, full, "counter", help, (double)value);
}

static void put_metric_stats(struct http_out *out, const struct metric_health *h)
{
#define X(name, help) put_counter(out, "metric_records_", #name, help, h->stats.name);
	METRIC_STATS(X)
#undef X
	put_family(out, "weir_metrics_bytes", "gauge", "memory for counter records in use",
		   (double)h->used);
	put_family(out, "weir_metrics_limit_bytes", "gauge", "memory for counter records set aside",
		   (double)h->size);
	put_family(out, "weir_metrics_texts", "gauge", "distinct texts of agents that are kept",
		   (double)h->texts);
}

static void put_exporter(struct http_out *out, struct exporter *x)
{
	struct exporter_stats s;
	exporter_sum(x, &s);
	put_counter(out, "ipfix_", "messages", "messages sent to collectors of IPFIX", s.messages);
	put_counter(out, "ipfix_", "templates", "templates in them", s.templates);
	put_counter(out, "ipfix_", "records", "completed flows in them", s.records);
#define X(name, help) put_counter(out, "ipfix_not_sent_", #name, help, s.name);
	EXPORTER_REASONS(X)
#undef X
}

static void put_stores(struct http_out *out, const struct collector *c)
{
	aggregator_lock(c->aggregator);
	const uint32_t n = query_n_flows(c->analyzer);
	aggregator_unlock(c->aggregator);
	http_out_str(out, "# HELP weir_flow_entries flows kept of a definition\n"
			  "# TYPE weir_flow_entries gauge\n");
	for (uint32_t i = 0; i < n; i++) {
		struct flow_summary summary = {0};
		char name[256] = "";
		aggregator_lock(c->aggregator);
		if (i < query_n_flows(c->analyzer)) {
			query_top(c->analyzer, i, NULL, 0, &summary);
			snprintf(name, sizeof(name), "%s", query_flow(c->analyzer, i)->name);
		}
		aggregator_unlock(c->aggregator);
		if (name[0] == '\0')
			continue;
		http_out_str(out, "weir_flow_entries{");
		exposition_label(out, "flow", name);
		http_out_fmt(out, "} %llu\n", (unsigned long long)summary.entries);
	}
}

// What was lost before a worker had it, by kind and input. Each input is asked once: its device
// answers.
static void put_inputs(struct http_out *out, const struct collector *c)
{
	const uint32_t n = inputs_n_losses(c->inputs);
	struct input_losses *l = calloc(n > 0 ? n : 1, sizeof(*l));
	if (l == NULL)
		return;
	for (uint32_t i = 0; i < n; i++)
		inputs_losses(c->inputs, i, &l[i]);
#define X(loss, help)                                                                            \
	http_out_str(out, "# HELP weir_input_" #loss "_total " help "\n# TYPE weir_input_" #loss \
			  "_total counter\n");                                                   \
	for (uint32_t i = 0; i < n; i++) {                                                       \
		http_out_str(out, "weir_input_" #loss "_total{");                                \
		exposition_label(out, "input", l[i].name);                                       \
		http_out_fmt(out, "} %" PRIu64 "\n", l[i].loss);                                 \
	}
	INPUT_LOSSES(X)
#undef X
	free(l);
}

// With powers of two as bounds, from 1 us to 9 s; @p label tells it from others of the @p name.
static void put_time(struct http_out *out, const char *name, const char *label,
		     const struct histogram *h)
{
	uint64_t below = 0;
	unsigned i = 0;
	for (unsigned power = 10; power <= 33; power++) {
		for (; i < HISTOGRAM_BUCKETS - 1 && histogram_end(i) < UINT64_C(1) << power; i++)
			below += histogram_load(&h->bucket[i]);
		http_out_fmt(out, "weir_%s_seconds_bucket{%s,le=\"%.12g\"} %" PRIu64 "\n", name,
			     label, ldexp(1e-9, (int)power), below);
	}
	for (; i < HISTOGRAM_BUCKETS; i++)
		below += histogram_load(&h->bucket[i]);
	http_out_fmt(out,
		     "weir_%s_seconds_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n"
		     "weir_%s_seconds_sum{%s} %.9f\n"
		     "weir_%s_seconds_count{%s} %" PRIu64 "\n",
		     name, label, below, name, label, (double)histogram_load(&h->sum) * 1e-9, name,
		     label, below);
}

static void put_ticks(struct http_out *out, const struct aggregator_stats *s)
{
	put_counter(out, "", "ticks_missed", "intervals that passed in one with the next",
		    histogram_load(&s->missed));
	http_out_str(out, "# HELP weir_tick_seconds how long parts of a tick take, and all of it "
			  "(part=\"tick\")\n# TYPE weir_tick_seconds histogram\n");
#define X(name, help) put_time(out, "tick", "part=\"" #name "\"", &s->name);
	AGGREGATOR_TIMES(X)
#undef X
}

static void put_gaps(struct http_out *out, const struct collector *c)
{
	char label[64];
	http_out_str(out, "# HELP weir_gap_seconds from one look of a worker at its input to the "
			  "next that came with frames; taken=\"true\": the kernel took its core "
			  "away meanwhile\n# TYPE weir_gap_seconds histogram\n");
	for (uint32_t i = 0; i < c->n_workers; i++) {
		snprintf(label, sizeof(label), "worker=\"%u\",taken=\"false\"", i);
		put_time(out, "gap", label, &c->worker[i]->gap.own);
		snprintf(label, sizeof(label), "worker=\"%u\",taken=\"true\"", i);
		put_time(out, "gap", label, &c->worker[i]->gap.taken);
	}
}

static void get_health(const struct http_request *r, struct http_answer *a)
{
	const struct rest *rest = r->ctx;
	const struct collector *c = rest->collector;
	struct http_out out = {0};
	struct analyzer_stats known;
	struct metric_health health;
	aggregator_lock(c->aggregator);
	query_stats(c->analyzer, &known);
	query_metric_health(c->analyzer, &health);
	aggregator_unlock(c->aggregator);
#define STAT(name, group, role, help) put_counter(&out, "", #name, help, sum_of(c, STAT_##name));
#include "bank/stats.def"
#undef STAT
	put_family(&out, "weir_uptime_seconds", "gauge", "time since the start",
		   (double)(clock_monotonic() - rest->born) * 1e-9);
	put_family(&out, "weir_workers", "gauge", "threads that measure", c->n_workers);
	put_family(&out, "weir_agents", "gauge", "agents known", (double)known.agents);
	put_family(&out, "weir_sources", "gauge", "data sources known", (double)known.sources);
	put_counter(&out, "", "ticks", "intervals merged", known.ticks);
	put_counter(&out, "", "events", "events of thresholds", known.events);
	put_counter(&out, "", "events_lost", "events beyond the most of a tick", known.events_lost);
	put_counter(&out, "", "agents_full", "agents refused: table full", known.agents_full);
	put_counter(&out, "", "sources_full", "data sources refused: table full",
		    known.sources_full);
	put_counter(
		&out, "", "datagrams_lost",
		"datagrams missing when a later one of their agent came: lost on the way, or late",
		known.datagrams_lost);
	put_inputs(&out, c);
	put_counter(&out, "", "completed_lost", "completed flows that a tick had no room for",
		    known.completed_lost);
	put_ticks(&out, aggregator_stats(c->aggregator));
	put_gaps(&out, c);
	put_metric_stats(&out, &health);
	put_exporter(&out, c->exporter);
	put_counter(&out, "forwarding_", "dropped",
		    "datagrams that forwarding had no room for, before any target",
		    forward_dropped(c->forward));
	put_stores(&out, c);
	http_answer_out(a, EXPOSITION_TYPE, &out);
}

// A number of /analyzer/json, under @p name or its own with underscores.
static void put_analyzer(struct http_out *out, const char *member, const char *name, double value)
{
	char snake[64], help[96];
	size_t n = 0;
	const char *p = strncmp(member, "sFlow", 5) == 0 ? member + 5 : member;
	for (const char *from = p; *p != '\0' && n + 2 < sizeof(snake); p++) {
		if (isupper((unsigned char)*p) && p > from)
			snake[n++] = '_';
		snake[n++] = (char)tolower((unsigned char)*p);
	}
	snake[n] = '\0';
	if (name == NULL)
		name = snake;
	snprintf(help, sizeof(help), "%s of /analyzer/json", member);
	exposition_gauge(out, "sflow_analyzer_", name, strlen(name), help);
	http_out_fmt(out, "sflow_analyzer_%s ", name);
	ask_number(out, value);
	http_out_str(out, "\n");
}

static void get_analyzer(const struct http_request *r, struct http_answer *a)
{
	// What dashboards made for sFlow-RT look for.
	static const char *const aliases[][2] = {
		{"sFlowAgents", "agent_count"},
		{"sFlowBytesReceived", "received_bytes"},
		{"sFlowDatagramsReceived", "received_datagrams"},
		{"sFlowDatagramsDiscarded", "discarded_datagrams"},
		{"heapUsed", "heap_used_bytes"},
	};
	struct http_out out = {0};
	json_t *json = rest_analyzer(r->ctx), *value;
	const char *member;
	out.failed = json == NULL;
	json_object_foreach(json, member, value)
	{
		if (json_is_number(value))
			put_analyzer(&out, member, NULL, json_number_value(value));
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		put_analyzer(&out, aliases[i][0], aliases[i][1],
			     json_number_value(json_object_get(json, aliases[i][0])));
	json_decref(json);
	http_answer_out(a, EXPOSITION_TYPE, &out);
}

#define APP "/app/prometheus/scripts/export.js"

static const struct http_row rows[] = {
	{HTTP_GET, "/metrics", get_health},
	{HTTP_GET, "/prometheus/analyzer/txt", get_analyzer},
	{HTTP_GET, "/prometheus/metrics/{agent}/{metric}/txt", get_prefixed},
	{HTTP_GET, APP "/dump/{agent}/{metric}/txt", get_plain},
	{HTTP_GET, APP "/statistics/{group}/{agent}/{metric}/txt", get_statistics},
};

const struct http_rows rest_prometheus_rows = {rows, sizeof(rows) / sizeof(rows[0])};
