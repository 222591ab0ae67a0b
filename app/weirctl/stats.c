// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// weirctl stats: what the collector says about itself.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "format.h"
#include "jsonline.h"
#include "options.h"
#include "watch.h"

enum {
	TEXT_SIZE = 1024,
};

static void print_ledgers(const Weir__Stats *s)
{
	for (size_t i = 0; i < s->n_ledgers; i++) {
		char text[TEXT_SIZE];
		struct strbuf b = strbuf_of(text, sizeof(text));
		format_ledger(&b, s, s->ledgers[i]);
		printf("  %s\n", text);
	}
}

static void print_inputs(const Weir__Stats *s)
{
	for (size_t i = 0; i < s->n_inputs; i++) {
		const Weir__Input *in = s->inputs[i];
		printf("  %s: received %" PRIu64 ", missed %" PRIu64 ", errors %" PRIu64
		       ", no buffer %" PRIu64 ", kernel drops %" PRIu64 ", outages %" PRIu64 "\n",
		       in->name, in->received, in->missed, in->errors, in->no_buffer,
		       in->kernel_drops, in->outages);
	}
	for (size_t i = 0; i < s->n_workers; i++)
		printf("  worker %u on lcore %u: %s\n", s->workers[i]->index, s->workers[i]->lcore,
		       s->workers[i]->input);
}

// A counter, its sum and, where there are several workers, their parts.
static void print_counters(const Weir__Stats *s)
{
	for (size_t i = 0; i < s->n_counters && i < s->n_total; i++) {
		printf("  %-22s %14" PRIu64, s->counters[i]->name, s->total[i]);
		for (size_t w = 0; s->n_workers > 1 && w < s->n_workers; w++)
			if (i < s->workers[w]->n_values)
				printf(" %14" PRIu64, s->workers[w]->values[i]);
		putchar('\n');
	}
}

static void print_time(const char *name, const Weir__Timing *t)
{
	char text[TEXT_SIZE];
	struct strbuf b = strbuf_of(text, sizeof(text));
	if (t == NULL)
		return;
	strbuf_str(&b, "mean ");
	format_duration(&b, t->n > 0 ? t->sum / t->n : 0);
	strbuf_str(&b, ", 99 % below ");
	format_duration(&b, t->p99);
	strbuf_str(&b, ", 99.9 % below ");
	format_duration(&b, t->p999);
	strbuf_str(&b, ", 99.99 % below ");
	format_duration(&b, t->p9999);
	strbuf_str(&b, ", longest ");
	format_duration(&b, t->max);
	printf("  %s: %s\n", name, text);
}

static void print_timing(const Weir__Aggregator *a)
{
	if (a == NULL)
		return;
	print_time("late", a->late);
	print_time("grace period", a->grace);
	print_time("lock", a->lock);
	print_time("merge", a->merge);
	print_time("publish", a->publish);
	print_time("tick, all of it", a->tick);
	printf("  ticks missed: %" PRIu64 "\n", a->missed);
}

static void print_gaps(const Weir__Stats *s)
{
	char name[64];
	for (size_t i = 0; i < s->n_workers; i++) {
		const Weir__Worker *w = s->workers[i];
		if (w->gap == NULL || w->gap->n == 0)
			continue;
		snprintf(name, sizeof(name), "worker %u between bursts", w->index);
		print_time(name, w->gap);
		snprintf(name, sizeof(name), "worker %u without its core", w->index);
		if (w->taken != NULL && w->taken->n > 0)
			print_time(name, w->taken);
	}
}

static void print_analyzer(const Weir__Analyzer *a)
{
	if (a == NULL)
		return;
	printf("  agents %" PRIu64 " (refused %" PRIu64 "), sub-agents %" PRIu64
	       ", data sources %" PRIu64 " (refused %" PRIu64 ", in conflict %" PRIu64 ")\n",
	       a->agents, a->agents_full, a->sub_agents, a->sources, a->sources_full,
	       a->ds_conflict);
	printf("  events %" PRIu64 ", lost %" PRIu64 ", crossings not reported %" PRIu64 "\n",
	       a->events, a->events_lost, a->triggered_full);
}

static void print_thresholds(const Weir__Stats *s)
{
	for (size_t i = 0; i < s->n_thresholds; i++) {
		const Weir__Threshold *t = s->thresholds[i];
		printf("  threshold %s: %s >= %g, events %" PRIu64 ", not armed again %u%s\n",
		       t->name, t->metric, t->value, t->events, t->triggered,
		       t->below_floor ? " (below the noise floor)" : "");
	}
}

static void print_publisher(const Weir__Publisher *p)
{
	if (p == NULL)
		return;
	printf("  feed: subscribers %u, messages %" PRIu64 ", bytes %" PRIu64 ", failed %" PRIu64
	       "\n",
	       p->subscribers, p->messages, p->bytes, p->failed);
}

static void print_memory(const Weir__Stats *s)
{
	for (size_t i = 0; i < s->n_memory; i++)
		printf("  %s: %" PRIu64 " bytes\n", s->memory[i]->name, s->memory[i]->bytes);
}

static void print_stats(const Weir__Stats *s)
{
	char text[TEXT_SIZE];
	struct strbuf b = strbuf_of(text, sizeof(text));
	format_time(&b, s->time);
	strbuf_fmt(&b, "  up %.1f s  tick %" PRIu64, (double)(s->time - s->start) / 1e9, s->tick);
	printf("weir %s  %s\n", s->version, text);
	printf("ledgers\n");
	print_ledgers(s);
	printf("inputs\n");
	print_inputs(s);
	printf("results\n");
	print_analyzer(s->analyzer);
	print_thresholds(s);
	print_publisher(s->publisher);
	printf("timing\n");
	print_timing(s->aggregator);
	print_gaps(s);
	printf("memory\n");
	print_memory(s);
	printf("counters\n");
	print_counters(s);
	fflush(stdout);
}

static bool stats_message(void *ctx, const struct feed *feed, struct feed_message *m)
{
	const struct options *o = ctx;
	(void)feed;
	if (m->kind != FEED_STATS)
		return true;
	if (o->json) {
		jsonline_print(m->topic, m->lost, m->any);
	} else {
		format_make_printable(m->any);
		print_stats(m->stats);
	}
	return o->follow;
}

int stats_main(int argc, char **argv)
{
	struct options o;
	const int status = options_parse(&o, argc, argv, OPTION_FOLLOW,
					 "Counters, loss ledgers and timing of the collector.");
	if (status >= 0)
		return status;
	o.once = !o.follow; // the time being over before anything came is a failure
	const struct watch_ops ops = {.message = stats_message};
	return watch_run(&o, NULL, 0, &ops, &o);
}
