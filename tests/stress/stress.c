// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// usage: stress [TICKS]   real threads: nothing is lost or counted twice over thousands of swaps
//
// Workers, aggregator and analyzer are the daemon's own; only the inputs are made up. Built with
// sanitizers too (scripts/test).

#include <string.h>

#include "rig.h"
#include "weir/util/clock.h"

struct reader {
	struct rig *rig;
	bool stop;
	uint64_t queries;
};

// Somebody who asks without end, as a browser would with many tabs: what was merged never shrinks.
static void *read_on(void *arg)
{
	struct reader *reader = arg;
	struct rig *r = reader->rig;
	const struct timespec breath = {.tv_nsec = 100000};
	uint64_t before = 0;
	while (!__atomic_load_n(&reader->stop, __ATOMIC_RELAXED)) {
		struct source_row row[64];
		uint64_t samples = 0;
		aggregator_lock(r->aggregator);
		const size_t n = query_sources(r->analyzer, 0, row, 64);
		aggregator_unlock(r->aggregator);
		for (size_t i = 0; i < n; i++)
			samples += row[i].samples;
		CHECKF(samples >= before, "%lu samples, were %lu", samples, before);
		before = samples;
		reader->queries++;
		nanosleep(&breath, NULL);
	}
	return NULL;
}

static void report(const char *what, const struct rig *r)
{
	const struct aggregator_stats *s = aggregator_stats(r->aggregator);
	uint64_t datagrams = 0;
	for (int i = 0; i < RIG_WORKERS; i++)
		datagrams += r->maker[i]->sequence;
	printf("%-28s %6lu ticks (%lu missed), %8lu datagrams, grace period median < %lu us, "
	       "longest %lu us\n",
	       what, s->ticks, s->missed, datagrams,
	       histogram_quantile(&s->grace, 0.5) / CLOCK_NS_PER_US + 1,
	       s->grace.max / CLOCK_NS_PER_US + 1);
}

// Two workers under load, one that sleeps most of the time, one that never gets anything: they are
// stopped in the middle of what they do.
static void live(uint64_t ticks, uint32_t n_threads)
{
	const struct rig_config config = {
		.mood = {MAKER_BUSY, MAKER_IDLE, MAKER_SLEEPY, MAKER_BUSY},
		.n_threads = n_threads,
		.tick = 200 * CLOCK_NS_PER_US,
	};
	struct rig *r = rig_new(&config);
	struct reader reader = {.rig = r};
	pthread_t thread;
	rig_start(r);
	CHECK(pthread_create(&thread, NULL, read_on, &reader) == 0);
	rig_wait_ticks(r, ticks);
	__atomic_store_n(&reader.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	rig_stop(r);
	rig_check_totals(r);
	CHECK(r->maker[0]->sequence > 0 && r->maker[2]->sequence > 0);
	CHECK(r->maker[1]->sequence == 0);
	CHECK(stats_read(&r->worker[1]->stats, STAT_sleeps) > 0);
	CHECK(stats_read(&r->worker[2]->stats, STAT_sleeps) > 0);
	CHECK(reader.queries > 0 && r->traced > 0);
	report(n_threads == 1 ? "live, one aggregator" : "live, two aggregators", r);
	rig_free(r);
}

// A replay to its end: as many ticks as the capture is long, and every tick the same each time.
static uint64_t replay(uint32_t n_threads, double speed)
{
	const struct rig_config config = {
		.n_threads = n_threads,
		.tick = 10 * CLOCK_NS_PER_MS,
		.replay = true,
		.speed = speed,
		.quota = 20000,
		.step = 100 * CLOCK_NS_PER_US,
	};
	struct rig *r = rig_new(&config);
	rig_start(r);
	rig_finish(r);
	rig_check_totals(r);
	// The last maker begins at 210 ms and takes 20,000 steps of 103 us.
	CHECKF(r->ticks == (210 + 20000 * 103 / 1000 + 9) / 10, "%lu ticks", r->ticks);
	report(speed == 0 ? "replay, as fast as it goes" : "replay, paced", r);
	CHECK(r->traced > 0);
	const uint64_t fingerprint = r->fingerprint;
	rig_free(r);
	return fingerprint;
}

// Stopped while all workers wait for a turn that is seconds away.
static void stop_while_waiting(void)
{
	const struct rig_config config = {
		.n_threads = 2,
		.tick = 1000 * CLOCK_NS_PER_MS,
		.replay = true,
		.speed = 0.01,
		.quota = 20000,
		.step = 100 * CLOCK_NS_PER_US,
	};
	struct rig *r = rig_new(&config);
	rig_start(r);
	for (int i = 0; i < RIG_WORKERS; i++)
		while (worker_meeting(r->worker[i]) != WORKER_ARRIVED)
			sched_yield();
	const uint64_t before = clock_monotonic();
	rig_stop(r);
	CHECK(clock_monotonic() - before < CLOCK_NS_PER_S);
	rig_check_totals(r);
	report("replay, stopped while waiting", r);
	rig_free(r);
}

// Stopped before the first tick, over and over.
static void start_and_stop(int times)
{
	const struct rig_config config = {
		.mood = {MAKER_BUSY, MAKER_BUSY, MAKER_SLEEPY, MAKER_IDLE},
		.n_threads = 2,
		.tick = 5 * CLOCK_NS_PER_MS,
	};
	for (int i = 0; i < times; i++) {
		struct rig *r = rig_new(&config);
		rig_start(r);
		rig_stop(r);
		rig_check_totals(r);
		rig_free(r);
	}
}

int main(int argc, char **argv)
{
	const uint64_t ticks = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000;
	live(ticks, 1);
	live(ticks, 2);
	const uint64_t once = replay(1, 0);
	CHECKF(replay(1, 0) == once, "a second run differs");
	CHECKF(replay(2, 0) == once, "two aggregators differ from one");
	CHECKF(replay(1, 5) == once, "a paced run differs");
	stop_while_waiting();
	start_and_stop(20);
	return 0;
}
