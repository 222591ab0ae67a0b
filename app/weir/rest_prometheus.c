// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Text for Prometheus: weir's own health at /metrics, the network's metrics at /prometheus and
// where the exporter application of sFlow-RT has them.
#include "rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/statistic.h"
#include "bank/stats.h"
#include "rest_ask.h"
#include "weir/clock.h"
#include "weir/collector.h"

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

// --- the network's metrics ----------------------------------------------------------------------

static void put_name(struct http_out *out, const char *prefix, const char *name, size_t len)
{
	http_out_str(out, prefix);
	if (prefix[0] == '\0' && len > 0 && name[0] >= '0' && name[0] <= '9')
		http_out_str(out, "_");
	for (size_t i = 0; i < len; i++) {
		const char c = name[i];
		const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				   (c >= '0' && c <= '9') || c == '_';
		http_out_bytes(out, plain ? &c : "_", 1);
	}
}

static void put_label(struct http_out *out, const char *name, const char *value)
{
	http_out_fmt(out, "%s=\"", name);
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '\\' || *p == '"')
			http_out_str(out, "\\");
		if (*p == '\n')
			http_out_str(out, "\\n");
		else
			http_out_bytes(out, p, 1);
	}
	http_out_str(out, "\"");
}

static void put_labels(struct http_out *out, const struct metric_row *row)
{
	char agent[ADDR_TEXT_SIZE];
	http_out_str(out, "{");
	put_label(out, "agent", addr_text(&row->agent, agent));
	http_out_str(out, ",");
	put_label(out, "datasource", row->source);
	for (int i = 0; i < METRIC_LABELS; i++) {
		if (row->label[i] == NULL)
			continue;
		http_out_str(out, ",");
		put_label(out, metric_labels[i], row->label[i]);
	}
	http_out_str(out, "} ");
}

static void put_rows(struct http_out *out, const struct ask *k, const char *prefix)
{
	for (uint32_t i = 0; i < k->page->n_rows; i++) {
		const struct metric_row *row = &k->page->row[i];
		for (uint32_t c = 0; c < row->n_cells; c++) {
			const struct metric_cell *cell = &row->cell[c];
			if (cell->kind != METRIC_NUMBER || cell->flow)
				continue;
			const struct metric_column *col =
				k->request.n_columns > 0 ? &k->request.column[cell->column] : NULL;
			put_name(out, prefix, col != NULL ? col->name : cell->name,
				 col != NULL ? col->name_len : strlen(cell->name));
			put_labels(out, row);
			ask_number(out, cell->number);
			http_out_str(out, "\n");
		}
	}
}

static bool more_prefixed(void *ctx, struct http_out *out)
{
	struct ask *k = ctx;
	ask_next(k);
	put_rows(out, k, "sflow_");
	return k->more;
}

static bool more_plain(void *ctx, struct http_out *out)
{
	struct ask *k = ctx;
	ask_next(k);
	put_rows(out, k, "");
	return k->more;
}

static void export(const struct http_request *r, struct http_answer *a,
		   bool (*more)(void *ctx, struct http_out *out))
{
	struct ask *k = ask_new(r, a, r->value[0], r->value[1]);
	if (k == NULL)
		return;
	k->request.labels = k->request.no_flows = k->request.no_texts = true;
	ask_stream(a, k, TEXT_TYPE, more);
}

static void get_prefixed(const struct http_request *r, struct http_answer *a)
{
	export(r, a, more_prefixed);
}

static void get_plain(const struct http_request *r, struct http_answer *a)
{
	export(r, a, more_plain);
}

// --- statistics of a group of agents ------------------------------------------------------------

static void put_statistic(struct http_out *out, const char *group, const struct metric_column *c,
			  const struct statistic *s)
{
	put_name(out, "sflow_", metric_aggregates[c->aggregate],
		 strlen(metric_aggregates[c->aggregate]));
	put_name(out, "_", c->name, c->name_len);
	http_out_str(out, "{");
	put_label(out, "group", group);
	http_out_str(out, "} ");
	ask_number(out, s->value);
	http_out_str(out, "\n");
}

static void answer_out(struct http_answer *a, struct http_out *out)
{
	if (out->failed)
		http_answer_error(a, 503, "out of memory");
	else
		http_answer_bytes(a, 200, TEXT_TYPE, out->text != NULL ? out->text : "", out->len);
	free(out->text);
}

static void get_statistics(const struct http_request *r, struct http_answer *a)
{
	struct ask *k = ask_new(r, a, r->value[1], r->value[2]);
	if (k == NULL)
		return;
	const size_t n = k->request.n_columns;
	struct statistic *s = calloc(n + 1, sizeof(*s));
	struct http_out out = {.failed = s == NULL};
	for (size_t i = 0; i < n && s != NULL; i++)
		s[i].aggregate = k->request.column[i].aggregate;
	if (s != NULL && ask_gather(k, s) != 0)
		out.failed = true;
	for (size_t i = 0; i < n && s != NULL; i++) {
		if (statistic_end(&s[i]) && s[i].kind == METRIC_NUMBER)
			put_statistic(&out, r->value[0], &k->request.column[i], &s[i]);
		statistic_free(&s[i]);
	}
	answer_out(a, &out);
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
#define X(name, help) put_counter(out, "counter_records_", #name, help, h->stats.name);
	METRIC_STATS(X)
#undef X
	put_family(out, "weir_metrics_bytes", "gauge", "memory for counter records in use",
		   (double)h->used);
	put_family(out, "weir_metrics_limit_bytes", "gauge", "memory for counter records set aside",
		   (double)h->size);
	put_family(out, "weir_metrics_texts", "gauge", "distinct texts of agents that are kept",
		   (double)h->texts);
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
		put_label(out, "flow", name);
		http_out_fmt(out, "} %llu\n", (unsigned long long)summary.entries);
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
	put_metric_stats(&out, &health);
	put_stores(&out, c);
	answer_out(a, &out);
}

// What dashboards made for sFlow-RT look for.
static void get_analyzer(const struct http_request *r, struct http_answer *a)
{
	const struct rest *rest = r->ctx;
	const struct collector *c = rest->collector;
	struct analyzer_stats known;
	aggregator_lock(c->aggregator);
	query_stats(c->analyzer, &known);
	aggregator_unlock(c->aggregator);
	const uint64_t refused = sum_of(c, STAT_rx_datagrams) - sum_of(c, STAT_used_datagrams);
	http_answer_text(a, 200,
			 "sflow_analyzer_agents %llu\n"
			 "sflow_analyzer_agent_count %llu\n"
			 "sflow_analyzer_received_bytes %llu\n"
			 "sflow_analyzer_received_datagrams %llu\n"
			 "sflow_analyzer_discarded_datagrams %llu\n"
			 "sflow_analyzer_events_generated %llu\n"
			 "sflow_analyzer_events_lost %llu",
			 (unsigned long long)known.agents, (unsigned long long)known.agents,
			 (unsigned long long)sum_of(c, STAT_rx_bytes),
			 (unsigned long long)sum_of(c, STAT_rx_datagrams),
			 (unsigned long long)refused, (unsigned long long)known.events,
			 (unsigned long long)known.events_lost);
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
