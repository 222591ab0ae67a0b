// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// weirctl events: one line for each event, as it comes.
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "format.h"
#include "jsonline.h"
#include "missed.h"
#include "options.h"
#include "view.h"
#include "watch.h"

struct events {
	const struct options *options;
	uint64_t lost;  // events that did not come, as last reported
	bool connected; // and asked for what was missed
	uint64_t last;  // with --since: id of the latest that was shown
};

// Nobody shall take a gap for silence.
static void report_losses(struct events *e, uint64_t lost)
{
	if (lost > e->lost)
		fprintf(stderr, "weirctl: %" PRIu64 " messages were lost on the way\n",
			lost - e->lost);
	e->lost = lost;
}

static void show(void *ctx, const Weir__Event *event)
{
	const struct events *e = ctx;
	char topic[512];
	ProtobufCMessage *any = (ProtobufCMessage *)(uintptr_t)&event->base;
	snprintf(topic, sizeof(topic), "event.%s", event->threshold);
	if (e->options->json) {
		jsonline_print(topic, 0, any);
	} else {
		format_make_printable(any);
		view_event(stdout, event);
	}
	fflush(stdout);
}

// With --since: whenever the collector is there (again), what came meanwhile.
static void ask_for_missed(struct events *e, const struct feed *feed)
{
	struct err_msg msg = {0};
	const bool connected = feed_connected(feed);
	if (e->options->since && connected && !e->connected &&
	    missed_events(e->options->feed, e->options->threshold, &e->last, show, e, &msg) != 0)
		fprintf(stderr, "weirctl: %s\n", msg.text);
	e->connected = connected;
}

static void events_idle(void *ctx, const struct feed *feed)
{
	ask_for_missed(ctx, feed);
}

static bool events_message(void *ctx, const struct feed *feed, struct feed_message *m)
{
	struct events *e = ctx;
	report_losses(e, feed_lost(feed));
	ask_for_missed(e, feed);
	if (m->kind != FEED_EVENT)
		return true;
	if (e->options->since && m->event->id <= e->last)
		return true; // was missed, and shown
	e->last = m->event->id;
	if (e->options->json) {
		jsonline_print(m->topic, m->lost, m->any);
	} else {
		format_make_printable(m->any);
		view_event(stdout, m->event);
		fflush(stdout);
	}
	return true;
}

int events_main(int argc, char **argv)
{
	struct options o;
	char topic[512];
	const int status = options_parse(&o, argc, argv, OPTION_THRESHOLD | OPTION_SINCE,
					 "One line for each event, as it comes.");
	if (status >= 0)
		return status;
	struct events e = {.options = &o, .last = o.last};
	snprintf(topic, sizeof(topic), "event.%s", o.threshold != NULL ? o.threshold : "");
	const char *const topics[] = {topic};
	const struct watch_ops ops = {.message = events_message, .idle = events_idle};
	return watch_run(&o, topics, 1, &ops, &e);
}
