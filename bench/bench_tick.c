// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Ticks of the daemon's aggregator: swap, grace period, merge, decay, thresholds, top. Eight
// workers without threads measure the load between ticks, with sixteen definitions, so much of it
// that half a million entries of their tables are in use: the same flows in every tick, or (`new`)
// ever others, nearly each of which makes two of a full store one. Per run the 99th percentile of
// its ticks (of so few the longest), beside a quarter of 100 ms; then what the busier of two
// threads takes beside what one does.
//
// What a tick takes is the CPU time of the thread that took most: that is how long it would last
// with a core for each.
#include <dirent.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bank_rig.h"
#include "weir/core/aggregator.h"
#include "weir/util/pages.h"

enum {
	WORKERS = 8,
	ENTRIES = 8192,
	STORE_ENTRIES = 65536, // as the daemon has it
	USED = 500000,
	TICKS = 10,  // of a run
	WARM_UP = 3, // and before it
	BURST = 64,
	MAX_EVENTS = 64,
};

static const double allowed_ns = 25e6;

struct rig {
	struct program *program;
	struct analyzer *analyzer;
	struct worker *worker[WORKERS];
	struct bank *bank[WORKERS][2];
	const struct load *load;
	size_t next;     // datagram
	unsigned ticks;  // of a run
	unsigned n;      // had
	uint64_t share;  // entries in use that each worker gets to
	uint64_t before; // CPU time of the lead when the tick began, ns
	uint64_t helper_before;
	bool known; // the same flows in every tick, else ever new ones
	bool helped;
	int helper; // schedstat of the helper; -1: not known yet
	double ns[TICKS];
	uint64_t entries; // merged in all
	uint64_t used;    // in the banks that the tick at hand merges
	double cpu_ns;    // of all threads and ticks
	sem_t done;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_tick: %s\n", what);
	exit(1);
}

static void *take(size_t size)
{
	size_t mapped;
	enum load_pages kind;
	void *mem = pages_map(size, 0, &mapped, &kind);
	if (mem == NULL)
		die("out of memory");
	return mem;
}

static enum input_state no_burst(struct input *in, uint64_t until, struct burst *b)
{
	return INPUT_IDLE;
}

static struct bank_config bank_config(bool quick)
{
	struct bank_config c = {.entries = quick ? ENTRIES / 16 : ENTRIES,
				.max_agents = 128,
				.max_sources = 4096,
				.log_size = 1 << 20,
				.sketches = 4096,
				.seed = 1};
	hash_secret_init(&c.secret, 1);
	return c;
}

static void make_workers(struct rig *r, bool quick)
{
	static struct input input = {.burst = no_burst};
	const struct bank_config c = bank_config(quick);
	for (uint32_t i = 0; i < WORKERS; i++) {
		struct worker *w = take(sizeof(*w));
		struct bank **b = r->bank[i];
		for (unsigned k = 0; k < 2; k++)
			b[k] = bank_init(take(bank_size(r->program, &c)), r->program, &c);
		worker_init(w,
			    &(struct worker_config){.id = i,
						    .input = &input,
						    .intake = intake_init(take(intake_size(&c)), &c,
									  NULL, worker_stats(w)),
						    .bank = b[0]});
		r->worker[i] = w;
	}
}

static void make_analyzer(struct rig *r)
{
	struct err_msg msg = {0};
	struct analyzer_config c = {.n_workers = WORKERS,
				    .store_entries = STORE_ENTRIES,
				    .max_agents = 128,
				    .max_sources = 4096,
				    .top = 100,
				    .sketches = 4096,
				    .max_triggered = 1024,
				    .max_events = MAX_EVENTS,
				    .retention = 300 * UINT64_C(1000000000),
				    .seed = 1,
				    .advise = pages_advise};
	const struct threshold_spec limits[] = {{"a", "tuple", 1e15, true, 1},
						{"b", "pair", 1e15, true, 1},
						{"c", "reflection", 1e15, true, 1},
						{"d", "destination", 1e15, true, 1}};
	hash_secret_init(&c.secret, 1);
	r->analyzer = analyzer_new(&c, r->program, limits, 4, &msg);
	if (r->analyzer == NULL)
		die(msg.text);
}

// A thread of the aggregator other than the lead; -1.
static int open_helper(void)
{
	char path[sizeof(((struct dirent *)0)->d_name) + 32], name[32];
	int found = -1;
	DIR *tasks = opendir("/proc/self/task");
	for (struct dirent *d; tasks != NULL && found < 0 && (d = readdir(tasks)) != NULL;) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", d->d_name);
		FILE *comm = fopen(path, "r");
		if (comm == NULL)
			continue;
		if (fgets(name, sizeof(name), comm) != NULL && strcmp(name, "weir-agg1\n") == 0) {
			snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", d->d_name);
			found = open(path, O_RDONLY);
		}
		fclose(comm);
	}
	closedir(tasks);
	return found;
}

static uint64_t helper_now(const struct rig *r)
{
	char text[64] = "";
	if (r->helper < 0 || pread(r->helper, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return strtoull(text, NULL, 10);
}

// From the first datagram again; they are no duplicates.
static void restart(struct rig *r)
{
	r->next = 0;
	for (uint32_t i = 0; i < WORKERS; i++)
		intake_restart(r->worker[i]->intake);
}

// What the worker would have measured by the next tick.
static void work(struct rig *r, struct worker *w)
{
	struct bank *bank = w->bank;
	struct payload burst[BURST];
	uint64_t used = 0;
	while (used < r->share) {
		for (unsigned n = 0; n < BURST; n++) {
			if (r->next == r->load->n_datagrams)
				restart(r);
			const struct load_datagram *d = &r->load->datagrams[r->next++];
			burst[n] = (struct payload){
				.data = d->data, .len = d->len, .time = bank->start};
		}
		bank_ingest(bank, w->intake, burst, BURST);
		used = 0;
		for (uint32_t d = 0; d < r->program->n_def; d++)
			used += bank->table[d]->table.used;
	}
	r->used += used;
}

// The lead calls it after every tick: note what it took, then fill the banks of the next one.
static void on_tick(void *ctx, const struct tick *tick)
{
	struct rig *r = ctx;
	const uint64_t lead = bench_now() - r->before, helper = helper_now(r) - r->helper_before;
	if (r->n == r->ticks) // enough
		return;
	if (tick->number > WARM_UP) {
		r->cpu_ns += (double)(lead + helper);
		r->entries += r->used;
		r->ns[r->n++] = (double)(lead > helper ? lead : helper);
	} else if (r->helped && r->helper < 0) {
		r->helper = open_helper();
	}
	if (r->n == r->ticks) {
		sem_post(&r->done);
		return;
	}
	r->used = 0;
	if (r->known)
		restart(r);
	for (uint32_t i = 0; i < WORKERS; i++)
		work(r, r->worker[i]);
	r->helper_before = helper_now(r);
	r->before = bench_now();
}

static struct rig *rig_new(const struct load *l, bool quick)
{
	struct rig *r = calloc(1, sizeof(*r));
	r->load = l;
	r->ticks = quick ? 2 : TICKS;
	r->share = USED / WORKERS / (quick ? 50 : 1);
	sem_init(&r->done, 0, 0);
	r->program = bank_rig_program(BANK_RIG_DEFINITIONS);
	make_workers(r, quick);
	make_analyzer(r);
	return r;
}

static struct aggregator *start(struct rig *r, uint32_t n_threads)
{
	struct bank *spare[WORKERS];
	struct err_msg msg = {0};
	for (uint32_t i = 0; i < WORKERS; i++)
		spare[i] = r->bank[i][r->worker[i]->bank == r->bank[i][0]];
	const struct aggregator_config c = {.n_workers = WORKERS,
					    .worker = r->worker,
					    .spare = spare,
					    .analyzer = r->analyzer,
					    .n_threads = n_threads,
					    .tick = 1000000, // as fast as it goes
					    .max_events = MAX_EVENTS,
					    .publish = on_tick,
					    .ctx = r};
	struct aggregator *a = aggregator_new(&c, &msg);
	if (a == NULL || aggregator_start(a, &msg) != 0)
		die(msg.text);
	return a;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

// What the ticks of one run took.
struct run {
	double p99, mean; // ns
	double entry;     // ns of CPU time of all threads per merged entry
};

static struct run run(struct rig *r, uint32_t n_threads, bool known)
{
	r->known = known;
	r->n = 0;
	r->cpu_ns = 0;
	r->entries = 0;
	r->helper = -1;
	r->helped = n_threads > 1;
	struct aggregator *a = start(r, n_threads);
	sem_wait(&r->done);
	aggregator_stop(a);
	aggregator_free(a);
	if (r->helper >= 0)
		close(r->helper);
	struct run out = {.entry = r->cpu_ns / (double)r->entries};
	qsort(r->ns, r->n, sizeof(*r->ns), by_value);
	for (unsigned i = 0; i < r->n; i++)
		out.mean += r->ns[i] / r->n;
	out.p99 = r->ns[r->n * 99 / 100];
	return out;
}

int main(int argc, char **argv)
{
	static struct bench_report report;
	static double p99[BENCH_MAX_RUNS], allowed[BENCH_MAX_RUNS], one[BENCH_MAX_RUNS],
		two[BENCH_MAX_RUNS], entry[BENCH_MAX_RUNS], p99_new[BENCH_MAX_RUNS],
		entry_new[BENCH_MAX_RUNS];
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	struct load l = bench_load(&o, 1.0);
	const bool quick = o.n_datagrams <= 2000;
	struct rig *r = rig_new(&l, quick);
	for (unsigned i = 0; i < o.runs; i++) {
		const struct run a = run(r, 1, true), b = run(r, 2, true), c = run(r, 1, false);
		allowed[i] = allowed_ns;
		p99[i] = a.p99;
		entry[i] = a.entry;
		one[i] = a.mean;
		two[i] = b.mean;
		p99_new[i] = c.p99;
		entry_new[i] = c.entry;
	}
	bench_report_add(&report, "tick_p99", p99, allowed, o.runs);
	bench_report_add(&report, "tick_entry", entry, NULL, o.runs);
	bench_report_add(&report, "tick_two_threads", two, one, o.runs);
	bench_report_add(&report, "tick_new_p99", p99_new, allowed, o.runs);
	bench_report_add(&report, "tick_new_entry", entry_new, NULL, o.runs);
	analyzer_free(r->analyzer);
	program_free(r->program);
	load_free(&l);
	return bench_report_write(&report, &o) == 0 ? 0 : 1;
}
