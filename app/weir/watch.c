// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/watch.h"

#include "weir/util/clock.h"
#include "weir/util/log.h"

// All that is counted, at one moment.
struct counts {
	struct stats workers;
	struct input_losses inputs;
	uint64_t ticks_missed, events_lost;
};

static const struct {
	const char *what, *remedy;
} kinds[WATCH_KINDS] = {
	{"datagrams dropped by the kernel: the socket's buffer was full",
	 "raise `rcvbuf` or `workers`"},
	{"frames missed by the card: no free descriptor", "raise `queues` or `descriptors`"},
	{"frames dropped: no free packet buffer", "raise `buffers`"},
	{"datagrams refused: the agent table is full", "raise `agents`"},
	{"samples refused: the source table is full", "raise `sources`"},
	{"counters samples dropped: their log was full", "raise `counter_log`"},
	{"flow samples stepped over: workers fall behind and measure some by lot, scaled up",
	 "raise `queues` or `workers`, or measure fewer `flows`"},
	{"ticks missed: merging took too long", "raise `tick` or `aggregators`"},
	{"events lost: too many in one tick", "raise `events`, or the thresholds' values"},
};

static void read_counts(const struct collector *c, struct counts *now)
{
	*now = (struct counts){0};
	for (uint32_t i = 0; i < c->n_workers; i++)
		stats_sum(&now->workers, &c->worker[i]->stats);
	inputs_losses_sum(c->inputs, &now->inputs);
	now->ticks_missed = histogram_load(&aggregator_stats(c->aggregator)->missed);
	aggregator_lock(c->aggregator);
	now->events_lost = analyzer_events_lost(c->analyzer);
	aggregator_unlock(c->aggregator);
}

void watch_look(struct watch *w, const struct collector *c)
{
	struct counts now;
	read_counts(c, &now);
	const uint64_t time = clock_monotonic();
	const uint64_t count[WATCH_KINDS] = {
		now.inputs.kernel_drops,
		now.inputs.missed,
		now.inputs.no_buffer,
		stats_read(&now.workers, STAT_datagram_agents_full),
		stats_read(&now.workers, STAT_sample_sources_full),
		stats_read(&now.workers, STAT_sample_log_full),
		stats_read(&now.workers, STAT_sample_shed),
		now.ticks_missed,
		now.events_lost,
	};
	for (unsigned k = 0; k < WATCH_KINDS; k++) {
		if (count[k] <= w->told[k] || (w->when[k] != 0 && time < w->when[k] + WATCH_QUIET))
			continue;
		LOG(WARNING, MAIN, "%lu %s; %s", (unsigned long)(count[k] - w->told[k]),
		    kinds[k].what, kinds[k].remedy);
		w->told[k] = count[k];
		w->when[k] = time;
	}
}
