// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/report.h"

#include <stdlib.h>

#include "weir/output/publish.h"
#include "weir/util/clock.h"
#include "weir/collector.h"

// A message of them is well below 1 MiB, which subscribers take unless they are told otherwise.
#define COMPLETED_ROWS 256

struct report {
	struct collector *collector;
	uint32_t n_rows;
	struct flow_row *row;
	struct completed_row *completed; // COMPLETED_ROWS
	struct threshold_row *threshold; // room for max_thresholds
	uint32_t max_thresholds;
	struct message_worker *worker;
	struct message_input *input;
};

static void send_flows(struct report *r);
static void send_stats(struct report *r);

struct report *report_new(struct collector *c, struct err_msg *msg)
{
	struct report *r = calloc(1, sizeof(*r));
	if (r == NULL)
		goto no_memory;
	r->collector = c;
	r->n_rows = c->config->top;
	r->row = calloc(r->n_rows, sizeof(*r->row));
	r->completed = calloc(COMPLETED_ROWS, sizeof(*r->completed));
	r->worker = calloc(c->n_workers, sizeof(*r->worker));
	r->input = calloc(inputs_n_losses(c->inputs) + 1, sizeof(*r->input));
	if (r->row == NULL || r->completed == NULL || r->worker == NULL || r->input == NULL)
		goto no_memory;
	return r;

no_memory:
	report_free(r);
	err_set(msg, ERR_MEMORY, "report: out of memory");
	return NULL;
}

void report_free(struct report *r)
{
	if (r == NULL)
		return;
	free(r->row);
	free(r->completed);
	free(r->threshold);
	free(r->worker);
	free(r->input);
	free(r);
}

void report_tick(void *report, const struct tick *tick)
{
	struct report *r = report;
	struct publish *feed = r->collector->publish;
	const int64_t offset = (int64_t)(tick->wall - tick->end);
	const bool due = publish_tick(feed, tick->number, tick->end, offset);
	publish_events(feed, tick->events, tick->n_events);
	if (!due && !tick->final)
		return;
	send_flows(r);
	send_stats(r);
}

void report_completed(struct report *r, uint32_t def)
{
	const struct collector *c = r->collector;
	size_t from = 0, n;
	if (!query_flow(c->analyzer, def)->log)
		return;
	while ((n = query_completed(c->analyzer, def, from, r->completed, COMPLETED_ROWS)) > 0) {
		publish_completed(c->publish, def, r->completed, n);
		from += n;
	}
}

static void send_flows(struct report *r)
{
	struct collector *c = r->collector;
	for (uint32_t d = 0; d < query_n_flows(c->analyzer); d++) {
		struct flow_summary summary;
		const size_t n = query_top(c->analyzer, d, r->row, r->n_rows, &summary);
		publish_flows(c->publish, d, r->row, n, &summary);
	}
}

static struct message_timing timing(const struct histogram *h)
{
	return (struct message_timing){
		.n = histogram_load(&h->n),
		.sum = histogram_load(&h->sum),
		.max = histogram_load(&h->max),
		.p50 = histogram_quantile(h, 0.5),
		.p99 = histogram_quantile(h, 0.99),
		.p999 = histogram_quantile(h, 0.999),
		.p9999 = histogram_quantile(h, 0.9999),
	};
}

static uint32_t describe_workers(struct report *r)
{
	const struct collector *c = r->collector;
	for (uint32_t i = 0; i < c->n_workers; i++) {
		const struct worker_input *in = inputs_worker(c->inputs, i);
		r->worker[i] = (struct message_worker){
			.lcore = c->eal.worker[in->slot].id,
			.input = in->name,
			.stats = &c->worker[i]->stats,
			.gap = timing(&c->worker[i]->gap.own),
			.taken = timing(&c->worker[i]->gap.taken),
		};
	}
	return c->n_workers;
}

static uint32_t describe_inputs(struct report *r)
{
	const struct inputs *all = r->collector->inputs;
	const uint32_t n = inputs_n_losses(all);
	for (uint32_t i = 0; i < n; i++) {
		struct input_losses l;
		inputs_losses(all, i, &l);
		r->input[i] = (struct message_input){
			.name = l.name,
			.received = l.received,
			.missed = l.missed,
			.errors = l.errors,
			.no_buffer = l.no_buffer,
			.kernel_drops = l.kernel_drops,
			.outages = l.outages,
		};
	}
	return n;
}

// As many as there is room for: all, unless memory is short.
static size_t describe_thresholds(struct report *r)
{
	const struct analyzer *a = r->collector->analyzer;
	const uint32_t n = query_n_thresholds(a);
	if (n > r->max_thresholds) {
		struct threshold_row *grown = reallocarray(r->threshold, n, sizeof(*grown));
		if (grown != NULL) {
			r->threshold = grown;
			r->max_thresholds = n;
		}
	}
	return query_thresholds(a, 0, r->threshold, r->max_thresholds);
}

static void send_stats(struct report *r)
{
	const size_t n_thresholds = describe_thresholds(r);
	const struct collector *c = r->collector;
	const struct aggregator_stats *a = aggregator_stats(c->aggregator);
	struct message_memory memory[COLLECTOR_PARTS];
	struct unknown_tags unknown;
	for (unsigned i = 0; i < COLLECTOR_PARTS; i++)
		memory[i] = (struct message_memory){c->part[i].name, c->part[i].bytes};
	struct message_stats stats = {
		.start = c->start,
		.thresholds = r->threshold,
		.n_thresholds = n_thresholds,
		.workers = r->worker,
		.n_workers = describe_workers(r),
		.inputs = r->input,
		.n_inputs = describe_inputs(r),
		.memory = memory,
		.n_memory = COLLECTOR_PARTS,
		.aggregator = {.interval = (uint64_t)(c->config->tick * 1e9),
			       .missed = a->missed,
			       .grace = timing(&a->grace),
			       .merge = timing(&a->merge),
			       .late = timing(&a->late),
			       .lock = timing(&a->lock),
			       .publish = timing(&a->publish),
			       .tick = timing(&a->tick)},
		.unknown = &unknown,
	};
	query_stats(c->analyzer, &stats.analyzer);
	query_unknown(c->analyzer, &unknown);
	publish_stats(c->publish, &stats);
}
