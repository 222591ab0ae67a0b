// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// weirctl top: the largest flows, live. On a terminal a table that is drawn again with every round
// of the feed; otherwise one table after another; or JSON.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "format.h"
#include "jsonline.h"
#include "options.h"
#include "screen.h"
#include "view.h"
#include "watch.h"

enum {
	KEEP_EVENTS = 64,
	PLAIN_ROWS = 20, // of each definition, where no terminal sets a limit
};

struct top {
	const struct options *options;
	Weir__FlowSet **sets; // the latest of each definition
	size_t n_sets;
	Weir__Event *events[KEEP_EVENTS]; // oldest first
	size_t n_events;
	Weir__Stats *stats;
	bool on_screen;
	bool connected;          // as last drawn
	bool changed;            // something came since
	struct screen_size size; // as last drawn
	char *last;              // what was drawn last
	char *reason;            // why the collector ended
	int status;
};

static bool top_message(void *ctx, const struct feed *feed, struct feed_message *m);
static void top_idle(void *ctx, const struct feed *feed);
// Give the terminal back, with the last table on it.
static void leave(struct top *t)
{
	screen_leave();
	if (t->last != NULL)
		fputs(t->last, stdout);
	if (t->reason != NULL)
		printf("the collector has ended: %s\n", t->reason);
}

static bool top_key(void *ctx, char c);
static void top_suspend(void *ctx, bool away);
static void leave(struct top *t);
static void free_all(struct top *t);

int top_main(int argc, char **argv)
{
	struct options o;
	char flow_topic[512];
	int status = options_parse(&o, argc, argv, OPTION_FLOW | OPTION_N | OPTION_ONCE,
				   "The largest flows with their error bars, and events.");
	if (status >= 0)
		return status;
	struct top top = {.options = &o};
	snprintf(flow_topic, sizeof(flow_topic), "flow.%s", o.flow != NULL ? o.flow : "");
	const char *const topics[] = {flow_topic, "event."};
	if (!o.json && !o.once)
		top.on_screen = screen_enter();
	const struct watch_ops ops = {
		.message = top_message,
		.idle = top.on_screen ? top_idle : NULL,
		.key = top.on_screen ? top_key : NULL,
		.suspend = top_suspend,
		.quiet = top.on_screen,
	};
	status = watch_run(&o, topics, o.json ? 1 : 2, &ops, &top);
	if (top.on_screen)
		leave(&top);
	free_all(&top);
	return status != 0 ? status : top.status;
}

static void keep_flows(struct top *t, struct feed_message *m)
{
	size_t i = 0;
	while (i < t->n_sets && strcmp(t->sets[i]->name, m->flows->name) != 0)
		i++;
	if (i == t->n_sets) {
		Weir__FlowSet **grown = reallocarray(t->sets, i + 1, sizeof(*grown));
		if (grown == NULL)
			return;
		t->sets = grown;
		t->n_sets++;
	} else {
		weir__flow_set__free_unpacked(t->sets[i], NULL);
	}
	t->sets[i] = m->flows;
	m->any = NULL;
}

static void keep_event(struct top *t, struct feed_message *m)
{
	if (t->n_events == KEEP_EVENTS) {
		weir__event__free_unpacked(t->events[0], NULL);
		t->n_events--;
		memmove(t->events, t->events + 1, t->n_events * sizeof(t->events[0]));
	}
	t->events[t->n_events++] = m->event;
	m->any = NULL;
}

static bool is_listed(const Weir__Stats *stats, const char *name)
{
	for (size_t i = 0; i < stats->n_flows; i++)
		if (strcmp(stats->flows[i], name) == 0)
			return true;
	return false;
}

static void keep_stats(struct top *t, struct feed_message *m)
{
	if (t->stats != NULL)
		weir__stats__free_unpacked(t->stats, NULL);
	t->stats = m->stats;
	m->any = NULL;
	// A definition that was removed leaves the table.
	for (size_t i = 0; i < t->n_sets;) {
		if (is_listed(t->stats, t->sets[i]->name)) {
			i++;
			continue;
		}
		weir__flow_set__free_unpacked(t->sets[i], NULL);
		t->n_sets--;
		memmove(&t->sets[i], &t->sets[i + 1], (t->n_sets - i) * sizeof(t->sets[0]));
	}
}

// All flow sets of the round that the latest Stats closes are there.
static bool is_complete(const struct top *t)
{
	const char *flow = t->options->flow;
	size_t n = 0;
	for (size_t i = 0; i < t->n_sets; i++)
		n += t->sets[i]->tick == t->stats->tick;
	return n == (flow != NULL ? 1 : t->stats->n_flows);
}

static struct view view_of(const struct top *t, const struct feed *feed)
{
	return (struct view){
		.url = t->options->feed,
		.flow = t->options->flow,
		.connected = feed_connected(feed),
		.sets = t->sets,
		.n_sets = t->n_sets,
		.events = t->events,
		.n_events = t->n_events,
		.stats = t->stats,
		.lost = feed_lost(feed),
		.n = t->options->n != 0 || t->on_screen ? t->options->n : PLAIN_ROWS,
	};
}

static void print_set(Weir__FlowSet *set, const struct options *o, const char *topic, uint64_t lost)
{
	const size_t all = set->n_flows;
	if (o->n != 0 && o->n < all)
		set->n_flows = o->n;
	jsonline_print(topic, lost, &set->base);
	set->n_flows = all;
}

// --once: the round is complete.
static void print_round(const struct top *t, const struct feed *feed)
{
	if (!t->options->json) {
		const struct view v = view_of(t, feed);
		view_write(stdout, &v, (struct screen_size){0});
		return;
	}
	for (size_t i = 0; i < t->n_sets; i++) {
		char topic[512];
		snprintf(topic, sizeof(topic), "flow.%s", t->sets[i]->name);
		print_set(t->sets[i], t->options, topic, feed_lost(feed));
	}
}

static bool finish_once(struct top *t, const struct feed *feed)
{
	const char *flow = t->options->flow;
	if (flow != NULL && !is_listed(t->stats, flow)) {
		fprintf(stderr, "weirctl: no flow definition \"%s\", expected one of:", flow);
		for (size_t i = 0; i < t->stats->n_flows; i++)
			fprintf(stderr, " %s", t->stats->flows[i]);
		fputc('\n', stderr);
		t->status = 1;
		return true;
	}
	if (!is_complete(t))
		return false;
	print_round(t, feed);
	return true;
}

// Returns whether to go on.
static bool take_stats(struct top *t, const struct feed *feed, struct feed_message *m)
{
	keep_stats(t, m);
	if (t->options->once)
		return !finish_once(t, feed);
	if (!t->options->json && !t->on_screen) {
		const struct view v = view_of(t, feed);
		view_write(stdout, &v, (struct screen_size){0});
		fputc('\n', stdout);
		fflush(stdout);
	}
	return true;
}

static bool top_message(void *ctx, const struct feed *feed, struct feed_message *m)
{
	struct top *t = ctx;
	if (!t->options->json)
		format_make_printable(m->any);
	t->changed |= m->kind == FEED_STATS || m->kind == FEED_EVENT;
	switch (m->kind) {
	case FEED_FLOWS:
		if (t->options->json && !t->options->once)
			print_set(m->flows, t->options, m->topic, m->lost);
		else
			keep_flows(t, m);
		return true;
	case FEED_EVENT: keep_event(t, m); return true;
	case FEED_COMPLETED: return true; // not subscribed to
	case FEED_STATS: return take_stats(t, feed, m);
	case FEED_FINAL: t->reason = strdup(m->final->reason); return true;
	}
	return true;
}

static void draw(struct top *t, const struct feed *feed, struct screen_size size)
{
	const struct view v = view_of(t, feed);
	size_t len = 0;
	free(t->last);
	t->last = NULL;
	FILE *out = open_memstream(&t->last, &len);
	if (out == NULL)
		return;
	view_write(out, &v, size);
	fclose(out);
	if (t->last != NULL)
		screen_show(t->last, size);
}

static void top_idle(void *ctx, const struct feed *feed)
{
	struct top *t = ctx;
	const struct screen_size size = screen_size();
	const bool connected = feed_connected(feed);
	if (!t->changed && connected == t->connected && size.columns == t->size.columns &&
	    size.rows == t->size.rows)
		return;
	t->changed = false;
	t->connected = connected;
	t->size = size;
	draw(t, feed, size);
}

static bool top_key(void *ctx, char c)
{
	(void)ctx;
	return c != 'q';
}

static void top_suspend(void *ctx, bool away)
{
	struct top *t = ctx;
	if (!t->on_screen)
		return;
	if (away)
		screen_leave();
	else
		screen_enter();
	t->changed = true;
}

static void free_all(struct top *t)
{
	for (size_t i = 0; i < t->n_sets; i++)
		weir__flow_set__free_unpacked(t->sets[i], NULL);
	for (size_t i = 0; i < t->n_events; i++)
		weir__event__free_unpacked(t->events[i], NULL);
	if (t->stats != NULL)
		weir__stats__free_unpacked(t->stats, NULL);
	free(t->sets);
	free(t->reason);
	free(t->last);
}
