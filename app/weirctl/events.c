// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// weirctl events: one line for each event, as it comes.
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "format.h"
#include "jsonline.h"
#include "options.h"
#include "view.h"
#include "watch.h"

struct events {
	const struct options *options;
	uint64_t lost; // events that did not come, as last reported
};

// Nobody shall take a gap for silence.
static void report_losses(struct events *e, uint64_t lost)
{
	if (lost > e->lost)
		fprintf(stderr, "weirctl: %" PRIu64 " messages were lost on the way\n",
			lost - e->lost);
	e->lost = lost;
}

static bool events_message(void *ctx, const struct feed *feed, struct feed_message *m)
{
	struct events *e = ctx;
	report_losses(e, feed_lost(feed));
	if (m->kind != FEED_EVENT)
		return true;
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
	const int status = options_parse(&o, argc, argv, OPTION_THRESHOLD,
					 "One line for each event, as it comes.");
	if (status >= 0)
		return status;
	struct events e = {.options = &o};
	snprintf(topic, sizeof(topic), "event.%s", o.threshold != NULL ? o.threshold : "");
	const char *const topics[] = {topic};
	const struct watch_ops ops = {.message = events_message};
	return watch_run(&o, topics, 1, &ops, &e);
}
