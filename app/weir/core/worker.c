// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/core/worker.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>

#include <urcu/urcu-qsbr.h>

#include "bank/trace.h"
#include "weir/util/clock.h"
#include "weir/util/tsan.h"

// What others write, what is the worker's own, and what others read live on lines of their own: a
// store on one side never takes a line away from the other.
static_assert(offsetof(struct worker, bank) == 0 && offsetof(struct worker, stop) < 64, "line 0");
static_assert(offsetof(struct worker, input) == 64 && offsetof(struct worker, id) < 128, "line 1");
static_assert(offsetof(struct worker, turn) == 128 && offsetof(struct worker, meeting) < 192,
	      "line 2");
static_assert(offsetof(struct worker, stats) == 192, "line 3");
static_assert(sizeof(struct worker) % WORKER_ALIGN == 0, "workers may lie in an array");

// A poll of an empty queue takes some 20 ns: spin for about a microsecond before the first nap.
#define SPIN_POLLS 64
#define FIRST_NAP  (20 * CLOCK_NS_PER_US)

static void handle_burst(struct worker *w, struct bank *bank);
static void account(struct worker *w);
static void watch_load(struct worker *w);
static void rest(struct worker *w);
static void meet(struct worker *w);
static void leave(struct worker *w);
static enum input_state take_burst(struct worker *w);

void worker_init(struct worker *w, const struct worker_config *config)
{
	w->bank = config->bank;
	w->input = config->input;
	w->intake = config->intake;
	w->wake = config->wake;
	w->max_nap = config->max_nap;
	gap_init(&w->gap, config->cycles_hz);
	w->id = config->id;
	w->sheds = config->sheds && !input_is_replay(config->input);
	shed_init(&w->shed);
	w->input->stats = &w->stats;
	sem_init(&w->turn, 0, 0);
}

int worker_run(void *worker)
{
	struct worker *w = worker;
	// Else the kernel rounds every nap up by 50 us.
	prctl(PR_SET_TIMERSLACK, 1UL);
	urcu_qsbr_register_thread();
	gap_begin(&w->gap);
	w->cycles = clock_cycles();
	enum input_state state = INPUT_READY;
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED) && state != INPUT_ENDED) {
		state = take_burst(w);
		if (state == INPUT_IDLE)
			rest(w);
		else if (state == INPUT_ARRIVED)
			meet(w);
	}
	leave(w);
	return 0;
}

void worker_stop(struct worker *w)
{
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
	sem_post(&w->turn);
}

void worker_fini(struct worker *w)
{
	sem_destroy(&w->turn);
}

enum worker_meeting worker_meeting(const struct worker *w)
{
	// Pairs with the release in set_meeting(): whoever sees ARRIVED sees input->next() too.
	return __atomic_load_n(&w->meeting, __ATOMIC_ACQUIRE);
}

void worker_turn(struct worker *w)
{
	__atomic_store_n(&w->meeting, WORKER_RUNNING, __ATOMIC_RELAXED);
	sem_post(&w->turn); // orders the stores before it, the new bank among them
}

// One burst is one read-side section: nothing of the bank is kept beyond it.
static enum input_state take_burst(struct worker *w)
{
	struct bank *bank = rcu_dereference(w->bank);
	tsan_acquire(&w->bank);
	const enum input_state state = w->input->burst(w->input, bank->until, &w->burst);
	if (w->burst.n_frames > 0)
		handle_burst(w, bank);
	account(w);
	if (w->sheds)
		watch_load(w);
	tsan_release(&w->intake);
	urcu_qsbr_quiescent_state();
	return state;
}

static void handle_burst(struct worker *w, struct bank *bank)
{
	struct tap *tap = __atomic_load_n(&w->tap, __ATOMIC_ACQUIRE); // pairs with forward.c
	if (tap != NULL)
		tap_push(tap, w->burst.payload, w->burst.n);
	if (bank->trace != NULL)
		trace_push(bank->trace, w->burst.payload, w->burst.n);
	if (w->burst.n > 0)
		bank_ingest(bank, w->intake, w->burst.payload, w->burst.n);
	w->input->release(w->input);
}

// A poll that found nothing counts as idle, whatever it cost; all else was work.
static void account(struct worker *w)
{
	const uint64_t now = clock_cycles();
	const uint64_t spent = now - w->cycles;
	w->cycles = now;
	gap_look(&w->gap, now, w->burst.n_frames > 0);
	if (w->burst.n_frames > 0) {
		w->idle = 0;
		w->nap = 0;
		stats_add(&w->stats, STAT_bursts, 1);
		stats_add(&w->stats, STAT_busy_cycles, spent);
	} else {
		stats_add(&w->stats, STAT_idle_polls, 1);
		stats_add(&w->stats, STAT_idle_cycles, spent);
	}
}

// An input that has given less than it could has nothing left: only after a full burst is asked.
static void watch_load(struct worker *w)
{
	struct input *in = w->input;
	struct shed *s = &w->shed;
	if (!shed_poll(s, w->burst.n_frames, INPUT_BURST))
		return;
	double fill = 0;
	if (s->full > 0)
		fill = in->fill != NULL ? in->fill(in) : -1;
	if (shed_look(s, fill, __atomic_load_n(&w->losing, __ATOMIC_RELAXED)))
		intake_keep(w->intake, s->keep);
}

static void rest(struct worker *w)
{
	const bool wakes = w->input->wakes;
	if ((++w->idle < SPIN_POLLS && !wakes) || w->max_nap == 0) {
		clock_pause();
		return;
	}
	w->nap = w->nap == 0 ? FIRST_NAP : 2 * w->nap;
	if (w->nap > w->max_nap || wakes)
		w->nap = w->max_nap;
	stats_add(&w->stats, STAT_sleeps, 1);
	if (w->shed.keep < 1 && shed_rest(&w->shed))
		intake_keep(w->intake, w->shed.keep);
	// A sleeping reader would hold up every grace period: it is no reader meanwhile.
	urcu_qsbr_thread_offline();
	w->input->wait(w->input, w->nap);
	urcu_qsbr_thread_online();
	gap_rested(&w->gap, clock_cycles());
}

static void set_meeting(struct worker *w, enum worker_meeting meeting)
{
	// Pairs with the acquire in worker_meeting().
	__atomic_store_n(&w->meeting, meeting, __ATOMIC_RELEASE);
	if (w->wake != NULL)
		sem_post(w->wake);
}

static void meet(struct worker *w)
{
	urcu_qsbr_thread_offline();
	set_meeting(w, WORKER_ARRIVED);
	while (sem_wait(&w->turn) != 0 && errno == EINTR)
		continue;
	urcu_qsbr_thread_online();
	const uint64_t now = clock_cycles();
	stats_add(&w->stats, STAT_idle_cycles, now - w->cycles);
	w->cycles = now;
	gap_rested(&w->gap, now);
}

static void leave(struct worker *w)
{
	urcu_qsbr_unregister_thread();
	set_meeting(w, WORKER_ENDED);
}
