// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// weirctl flows: one line for each completed flow, as it comes.
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "format.h"
#include "jsonline.h"
#include "options.h"
#include "view.h"
#include "watch.h"

struct flows {
	const struct options *options;
	uint64_t lost; // messages that did not come, as last reported
};

static bool flows_message(void *ctx, const struct feed *feed, struct feed_message *m)
{
	struct flows *f = ctx;
	const uint64_t lost = feed_lost(feed);
	if (lost > f->lost) // nobody shall take a gap for silence
		fprintf(stderr, "weirctl: %" PRIu64 " messages were lost on the way\n",
			lost - f->lost);
	f->lost = lost;
	if (m->kind != FEED_COMPLETED)
		return true;
	if (f->options->json) {
		jsonline_print(m->topic, m->lost, m->any);
		return true;
	}
	format_make_printable(m->any);
	view_completed(stdout, m->completed);
	fflush(stdout);
	return true;
}

int flows_main(int argc, char **argv)
{
	struct options o;
	char topic[512];
	const int status =
		options_parse(&o, argc, argv, OPTION_FLOW,
			      "One line for each completed flow of definitions with log.");
	if (status >= 0)
		return status;
	struct flows f = {.options = &o};
	snprintf(topic, sizeof(topic), "completed.%s", o.flow != NULL ? o.flow : "");
	const char *const topics[] = {topic};
	const struct watch_ops ops = {.message = flows_message};
	return watch_run(&o, topics, 1, &ops, &f);
}
