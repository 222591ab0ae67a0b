// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/core/aggregator.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <urcu/urcu-qsbr.h>

#include "weir/util/clock.h"
#include "weir/util/tsan.h"

// What a query may hold the lock for; how long another one stands back when a tick wants it.
#define QUERY_SLICE (100 * CLOCK_NS_PER_US)

struct thread {
	struct aggregator *owner;
	uint32_t index; // 0 leads
	pthread_t id;
	bool running;
	sem_t go; // lead posts: merge your share, or leave
};

struct aggregator {
	struct aggregator_config config;
	struct bank **spare; // lead: rw
	struct threshold_event *events;
	struct thread *thread;

	sem_t merged; // helpers post: share done
	bool done;    // lead: w before `go`, helpers: r after it

	pthread_mutex_t lock;   // the analyzer, and the next two
	struct change *pending; // under the lock; atomic. aggregator_change(): w; lead: takes it
	bool running, ended;    // the lead will tick, will tick no more
	bool wanted;            // lead: w; queries: r

	sem_t wake;        // posted by stop, and by workers of a replay
	bool stop;         // aggregator_stop(): w; lead: r
	uint64_t deadline; // ns, monotonic; lead: rw
	uint64_t due;      // when the tick at work had its turn, likewise; not in a replay
	uint64_t start;    // of the open interval, ns on the analyzer's clock; lead: rw
	uint64_t until;    // its end, if it is known beforehand (replay); lead: rw
	uint64_t wall;     // replay: monotonic time that belongs to config.start
	bool losing;       // as told to the workers; lead: rw
	const char *phase; // lead: w; aggregator_phase(): r
	uint64_t phase_since;
	struct aggregator_stats stats;
};

static void *lead_main(void *arg);
static void *helper_main(void *arg);
static bool wait_live(struct aggregator *a);
static bool wait_replay(struct aggregator *a);
static void collect(struct aggregator *a, bool final);
static void swap_banks(struct aggregator *a, uint64_t end, uint64_t until);
static void wait_readers(struct aggregator *a);
static void open_turns(struct aggregator *a);
static size_t merge(struct aggregator *a, uint64_t start, uint64_t end);
static void publish(struct aggregator *a, const struct tick *tick);
static struct change *take_change(struct aggregator *a);
static void begin_change(struct aggregator *a, struct change *c);
static void finish_change(struct aggregator *a, struct change *c, const struct tick *tick);
static void end_flows(struct aggregator *a, const struct change *c, const struct tick *tick);
static void refuse_changes(struct aggregator *a);

struct aggregator *aggregator_new(const struct aggregator_config *config, struct err_msg *msg)
{
	struct aggregator *a = calloc(1, sizeof(*a));
	if (a == NULL)
		goto no_memory;
	a->config = *config;
	a->spare = calloc(config->n_workers, sizeof(*a->spare));
	a->events = calloc(config->max_events + 1, sizeof(*a->events));
	a->thread = calloc(config->n_threads, sizeof(*a->thread));
	if (a->spare == NULL || a->events == NULL || a->thread == NULL)
		goto no_memory;
	memcpy(a->spare, config->spare, config->n_workers * sizeof(*a->spare));
	pthread_mutex_init(&a->lock, NULL);
	sem_init(&a->wake, 0, 0);
	sem_init(&a->merged, 0, 0);
	for (uint32_t i = 0; i < config->n_threads; i++)
		sem_init(&a->thread[i].go, 0, 0);
	a->phase = "start";
	return a;

no_memory:
	err_set(msg, ERR_MEMORY, "aggregator: out of memory");
	if (a != NULL) {
		free(a->spare);
		free(a->events);
		free(a->thread);
		free(a);
	}
	return NULL;
}

static void open_first_interval(struct aggregator *a)
{
	const struct aggregator_config *c = &a->config;
	a->deadline = a->wall = clock_monotonic();
	a->start = c->replay ? c->start : a->wall;
	a->until = c->replay ? c->start + c->tick : UINT64_MAX;
	for (uint32_t w = 0; w < c->n_workers; w++)
		bank_clear(c->worker[w]->bank, a->start, a->until);
}

static int start_thread(struct aggregator *a, uint32_t index, struct err_msg *msg)
{
	struct thread *t = &a->thread[index];
	pthread_attr_t attr;
	char name[16];
	t->owner = a;
	t->index = index;
	pthread_attr_init(&attr);
	if (a->config.cpus != NULL)
		pthread_attr_setaffinity_np(&attr, sizeof(cpu_set_t), a->config.cpus);
	const int err = pthread_create(&t->id, &attr, index == 0 ? lead_main : helper_main, t);
	pthread_attr_destroy(&attr);
	if (err != 0)
		return err_set(msg, ERR_IO, "aggregator: thread %u: %s", index, strerror(err));
	t->running = true;
	snprintf(name, sizeof(name), "weir-agg%u", index % 1000);
	pthread_setname_np(t->id, name);
	return 0;
}

int aggregator_start(struct aggregator *a, struct err_msg *msg)
{
	open_first_interval(a);
	a->running = true; // before there is a thread that could read it
	// The lead comes last: it counts on the helpers.
	for (uint32_t i = a->config.n_threads; i-- > 0;) {
		const int err = start_thread(a, i, msg);
		if (err != 0) {
			aggregator_stop(a); // those that run wait for a lead that will not come
			return err;
		}
	}
	return 0;
}

sem_t *aggregator_wake(struct aggregator *a)
{
	return &a->wake;
}

static void join(struct thread *t)
{
	if (t->running)
		pthread_join(t->id, NULL);
	t->running = false;
}

void aggregator_stop(struct aggregator *a)
{
	if (a == NULL)
		return;
	__atomic_store_n(&a->stop, true, __ATOMIC_RELEASE);
	sem_post(&a->wake);
	join(&a->thread[0]);
	a->done = true;
	for (uint32_t i = 1; i < a->config.n_threads; i++) {
		sem_post(&a->thread[i].go);
		join(&a->thread[i]);
	}
	pthread_mutex_lock(&a->lock);
	a->running = false;
	pthread_mutex_unlock(&a->lock);
}

void aggregator_free(struct aggregator *a)
{
	if (a == NULL)
		return;
	for (uint32_t i = 0; i < a->config.n_threads; i++)
		sem_destroy(&a->thread[i].go);
	sem_destroy(&a->merged);
	sem_destroy(&a->wake);
	pthread_mutex_destroy(&a->lock);
	free(a->spare);
	free(a->events);
	free(a->thread);
	free(a);
}

void aggregator_lock(struct aggregator *a)
{
	// A mutex alone would let a busy reader take it again and again before the tick gets it.
	const struct timespec back = clock_timespec(QUERY_SLICE);
	while (aggregator_wanted(a))
		nanosleep(&back, NULL);
	pthread_mutex_lock(&a->lock);
}

void aggregator_unlock(struct aggregator *a)
{
	pthread_mutex_unlock(&a->lock);
}

bool aggregator_wanted(const struct aggregator *a)
{
	return __atomic_load_n(&a->wanted, __ATOMIC_RELAXED);
}

const struct aggregator_stats *aggregator_stats(const struct aggregator *a)
{
	return &a->stats;
}

const char *aggregator_phase(const struct aggregator *a, uint64_t *since)
{
	*since = __atomic_load_n(&a->phase_since, __ATOMIC_RELAXED);
	return __atomic_load_n(&a->phase, __ATOMIC_RELAXED);
}

static uint64_t enter_phase(struct aggregator *a, const char *name)
{
	const uint64_t now = clock_monotonic();
	__atomic_store_n(&a->phase, name, __ATOMIC_RELAXED);
	__atomic_store_n(&a->phase_since, now, __ATOMIC_RELAXED);
	return now;
}

static bool stopping(const struct aggregator *a)
{
	return __atomic_load_n(&a->stop, __ATOMIC_ACQUIRE);
}

static void *lead_main(void *arg)
{
	struct aggregator *a = ((struct thread *)arg)->owner;
	while (a->config.replay ? wait_replay(a) : wait_live(a))
		collect(a, false);
	refuse_changes(a);
	collect(a, true);
	enter_phase(a, "end");
	if (!stopping(a) && a->config.ended != NULL)
		a->config.ended(a->config.ctx);
	return NULL;
}

static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

// Until @p deadline (monotonic ns); false when it is time to stop.
static bool sleep_until(struct aggregator *a, uint64_t deadline)
{
	const struct timespec ts = clock_timespec(deadline);
	while (!stopping(a)) {
		if (sem_clockwait(&a->wake, CLOCK_MONOTONIC, &ts) != 0 && errno == ETIMEDOUT)
			return true;
		tsan_acquire(&a->wake);
	}
	return false;
}

static bool wait_live(struct aggregator *a)
{
	enter_phase(a, "idle");
	a->deadline += a->config.tick;
	if (!sleep_until(a, a->deadline))
		return false;
	const uint64_t late = clock_monotonic() - a->deadline;
	const uint64_t missed = late / a->config.tick;
	histogram_add(&a->stats.late, late);
	count(&a->stats.missed, missed);
	a->due = a->deadline;
	a->deadline += missed * a->config.tick;
	return true;
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem) != 0 && errno == EINTR)
		continue;
}

// How many workers still read their part, and the earliest datagram that the others wait with.
static uint32_t count_running(const struct aggregator *a, uint32_t *arrived, uint64_t *next)
{
	uint32_t running = 0;
	*arrived = 0;
	*next = UINT64_MAX;
	for (uint32_t i = 0; i < a->config.n_workers; i++) {
		struct worker *w = a->config.worker[i];
		const enum worker_meeting meeting = worker_meeting(w);
		running += meeting == WORKER_RUNNING;
		if (meeting != WORKER_ARRIVED)
			continue;
		const uint64_t time = w->input->next(w->input);
		*next = time < *next ? time : *next;
		(*arrived)++;
	}
	return running;
}

// End of the interval after the open one: one tick, or all of a long silence.
static uint64_t interval_end(const struct aggregator *a, uint64_t start, uint64_t next)
{
	const uint64_t tick = a->config.tick;
	if (next < start + AGGREGATOR_GAP)
		return start + tick;
	return start + (next - start) / tick * tick;
}

// Time on the wall at which capture time @p time is due.
static uint64_t wall_of(const struct aggregator *a, uint64_t time)
{
	return a->wall + (uint64_t)((double)(time - a->config.start) / a->config.speed);
}

static bool wait_replay(struct aggregator *a)
{
	uint32_t arrived;
	uint64_t next;
	enter_phase(a, "replay");
	while (count_running(a, &arrived, &next) > 0) {
		if (stopping(a))
			return false;
		wait_for(&a->wake);
	}
	if (arrived == 0)
		return false;
	a->deadline = interval_end(a, a->until, next);
	return a->config.speed == 0 || sleep_until(a, wall_of(a, a->until));
}

static void collect(struct aggregator *a, bool final)
{
	const bool replay = a->config.replay;
	const uint64_t due = replay || final ? clock_monotonic() : a->due;
	const uint64_t start = a->start, end = replay ? a->until : clock_monotonic();
	const uint64_t wall = replay ? end : clock_realtime(); // of `end`, not of what follows
	struct change *change = take_change(a);
	a->start = end;
	if (replay)
		a->until = a->deadline;
	if (change != NULL)
		begin_change(a, change);
	swap_banks(a, end, a->until);
	wait_readers(a);
	if (replay && !final)
		open_turns(a);
	const size_t n_events = merge(a, start, end);
	count(&a->stats.ticks, 1);
	count(&a->stats.events, n_events);
	const struct tick tick = {.number = a->stats.ticks,
				  .start = start,
				  .end = end,
				  .wall = wall,
				  .events = a->events,
				  .n_events = n_events,
				  .final = final};
	publish(a, &tick);
	if (change != NULL)
		finish_change(a, change, &tick);
	else if (final)
		end_flows(a, NULL, &tick);
	histogram_add(&a->stats.tick, clock_monotonic() - due);
}

static void swap_banks(struct aggregator *a, uint64_t end, uint64_t until)
{
	const bool traced = a->config.trace != NULL && query_n_thresholds(a->config.analyzer) > 0;
	for (uint32_t i = 0; i < a->config.n_workers; i++) {
		bank_clear(a->spare[i], end, until);
		a->spare[i]->trace = traced ? trace_ring_turn(a->config.trace[i], end) : NULL;
		// A full barrier: the cleared spare is visible before its address is. Pairs with
		// rcu_dereference() in worker.c.
		tsan_release(&a->config.worker[i]->bank);
		a->spare[i] = rcu_xchg_pointer(&a->config.worker[i]->bank, a->spare[i]);
	}
}

static void wait_readers(struct aggregator *a)
{
	const uint64_t before = enter_phase(a, "grace period");
	urcu_qsbr_synchronize_rcu();
	for (uint32_t i = 0; i < a->config.n_workers; i++)
		tsan_acquire(&a->config.worker[i]->intake);
	histogram_add(&a->stats.grace, clock_monotonic() - before);
}

static void open_turns(struct aggregator *a)
{
	for (uint32_t i = 0; i < a->config.n_workers; i++)
		if (worker_meeting(a->config.worker[i]) == WORKER_ARRIVED)
			worker_turn(a->config.worker[i]);
}

static void lock_for_tick(struct aggregator *a)
{
	enter_phase(a, "lock");
	__atomic_store_n(&a->wanted, true, __ATOMIC_RELAXED);
	pthread_mutex_lock(&a->lock);
	__atomic_store_n(&a->wanted, false, __ATOMIC_RELAXED);
}

// The definitions of one thread, over all workers.
static void merge_share(struct aggregator *a, uint32_t index)
{
	const struct aggregator_config *c = &a->config;
	const uint32_t n_def = query_n_flows(c->analyzer);
	for (uint32_t d = index; d < n_def; d += c->n_threads) {
		for (uint32_t w = 0; w < c->n_workers; w++)
			analyzer_merge_flow(c->analyzer, d, w, a->spare[w]);
		analyzer_tick_flow(c->analyzer, d);
	}
}

static void merge_flows(struct aggregator *a)
{
	for (uint32_t i = 1; i < a->config.n_threads; i++)
		sem_post(&a->thread[i].go);
	merge_share(a, 0);
	for (uint32_t i = 1; i < a->config.n_threads; i++)
		wait_for(&a->merged);
}

static void *helper_main(void *arg)
{
	struct thread *t = arg;
	struct aggregator *a = t->owner;
	for (;;) {
		wait_for(&t->go);
		if (a->done)
			return NULL;
		merge_share(a, t->index);
		sem_post(&a->merged);
	}
}

// A hint: only a change is worth a cache line of every worker.
static void tell_workers(struct aggregator *a, bool losing)
{
	for (uint32_t i = 0; i < a->config.n_workers && losing != a->losing; i++)
		__atomic_store_n(&a->config.worker[i]->losing, losing, __ATOMIC_RELAXED);
	a->losing = losing;
}

static size_t merge(struct aggregator *a, uint64_t start, uint64_t end)
{
	const struct aggregator_config *c = &a->config;
	const uint64_t wanted = clock_monotonic();
	lock_for_tick(a);
	const uint64_t before = enter_phase(a, "merge");
	histogram_add(&a->stats.lock, before - wanted);
	analyzer_tick_begin(c->analyzer, start, end);
	for (uint32_t i = 0; i < c->n_workers; i++)
		analyzer_merge_sources(c->analyzer, i, intake_registry(c->worker[i]->intake),
				       a->spare[i]);
	merge_flows(a);
	const size_t n = analyzer_tick_end(c->analyzer, a->events, c->max_events);
	const bool losing = analyzer_losing(c->analyzer);
	pthread_mutex_unlock(&a->lock);
	tell_workers(a, losing);
	histogram_add(&a->stats.merge, clock_monotonic() - before);
	return n;
}

static void publish(struct aggregator *a, const struct tick *tick)
{
	const struct aggregator_config *c = &a->config;
	const uint64_t before = enter_phase(a, "publish");
	if (c->publish != NULL)
		c->publish(c->ctx, tick);
	for (uint32_t d = 0; c->completed != NULL && d < query_n_flows(c->analyzer); d++)
		if (query_completes(c->analyzer, d))
			c->completed(c->ctx, d, tick);
	histogram_add(&a->stats.publish, clock_monotonic() - before);
}

// True when definition @p def of the present program is none of the next one.
static bool goes(const struct change *c, uint32_t def)
{
	for (uint32_t i = 0; c != NULL && i < c->program->n_def; i++)
		if (c->from[i] == (int32_t)def)
			return false;
	return true;
}

static bool end_some(struct aggregator *a, uint32_t def)
{
	lock_for_tick(a);
	const bool some = analyzer_end_flow(a->config.analyzer, def);
	pthread_mutex_unlock(&a->lock);
	return some;
}

// Those that are open, of definitions that go with @p change; of all without one.
static void end_flows(struct aggregator *a, const struct change *change, const struct tick *tick)
{
	const struct aggregator_config *c = &a->config;
	for (uint32_t d = 0; c->completed != NULL && d < query_n_flows(c->analyzer); d++) {
		if (!query_flow(c->analyzer, d)->completes || !goes(change, d))
			continue;
		while (end_some(a, d))
			c->completed(c->ctx, d, tick);
	}
}

// Under the lock; whether there is any is looked at without.
static void set_pending(struct aggregator *a, struct change *c)
{
	__atomic_store_n(&a->pending, c, __ATOMIC_RELAXED);
}

// As a rule there is none: then nobody is waited for. One that is just coming is for the next tick.
static struct change *take_change(struct aggregator *a)
{
	if (__atomic_load_n(&a->pending, __ATOMIC_RELAXED) == NULL)
		return NULL;
	lock_for_tick(a);
	struct change *c = a->pending;
	set_pending(a, NULL);
	pthread_mutex_unlock(&a->lock);
	return c;
}

// No worker has a spare: its tables may be exchanged.
static void bind_spares(struct aggregator *a, struct change *c, unsigned side)
{
	for (uint32_t w = 0; w < a->config.n_workers; w++)
		bank_bind(a->spare[w], c->program, c->from, &c->kit[2 * w + side]);
}

static void begin_change(struct aggregator *a, struct change *c)
{
	bind_spares(a, c, 0);
}

static void apply(struct aggregator *a, struct change *c)
{
	analyzer_apply(a->config.analyzer, c->analyzer);
	if (c->rename)
		c->names = analyzer_set_names(a->config.analyzer, c->names);
}

// The banks of the former program are merged; nobody reads them any more.
static void finish_change(struct aggregator *a, struct change *c, const struct tick *tick)
{
	bind_spares(a, c, 1);
	end_flows(a, c, tick);
	lock_for_tick(a);
	apply(a, c);
	pthread_mutex_unlock(&a->lock);
	if (a->config.changed != NULL)
		a->config.changed(a->config.ctx, c->program);
	sem_post(&c->done);
}

static void refuse_changes(struct aggregator *a)
{
	pthread_mutex_lock(&a->lock);
	struct change *c = a->pending;
	set_pending(a, NULL);
	a->ended = true;
	pthread_mutex_unlock(&a->lock);
	if (c == NULL)
		return;
	c->refused = true;
	sem_post(&c->done);
}

// Before there are threads, or after them, when requests may still come.
static void change_now(struct aggregator *a, struct change *c)
{
	begin_change(a, c);
	for (uint32_t w = 0; w < a->config.n_workers; w++)
		bank_bind(a->config.worker[w]->bank, c->program, c->from, &c->kit[2 * w + 1]);
	pthread_mutex_lock(&a->lock);
	apply(a, c);
	pthread_mutex_unlock(&a->lock);
	if (a->config.changed != NULL)
		a->config.changed(a->config.ctx, c->program);
}

// True when the lead has taken the change, else it is withdrawn.
static bool wait_taken(struct aggregator *a, struct change *c, unsigned seconds)
{
	const struct timespec until = clock_timespec(clock_monotonic() + seconds * CLOCK_NS_PER_S);
	int err;
	while ((err = sem_clockwait(&c->done, CLOCK_MONOTONIC, &until)) != 0 && errno == EINTR)
		continue;
	tsan_acquire(&c->done);
	if (err == 0)
		return true;
	pthread_mutex_lock(&a->lock);
	const bool taken = a->pending != c;
	if (!taken)
		set_pending(a, NULL);
	pthread_mutex_unlock(&a->lock);
	if (taken) // the rest of a tick
		wait_for(&c->done);
	return taken;
}

int aggregator_change(struct aggregator *a, struct change *c, unsigned seconds, struct err_msg *msg)
{
	pthread_mutex_lock(&a->lock);
	const bool ended = a->ended, running = a->running;
	if (!ended && running)
		set_pending(a, c);
	pthread_mutex_unlock(&a->lock);
	if (!running) {
		change_now(a, c);
		return 0;
	}
	if (ended)
		return err_set(msg, ERR_IO, "no change any more: weir is ending");
	if (!wait_taken(a, c, seconds))
		return err_set(msg, ERR_IO, "no tick began within %u s; nothing was changed",
			       seconds);
	return c->refused ? err_set(msg, ERR_IO, "no change any more: weir is ending") : 0;
}
