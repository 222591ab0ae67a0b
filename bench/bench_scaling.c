// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Two workers on two cores, each with its own bank and its own half of the load in memory, beside
// one alone. What they share is what the machine makes them share: ns of the two together per flow
// sample, which is half of what either takes while the other runs too. The floor's column is one
// worker alone; half of it would be perfect. CPU time, so that it does not matter who else runs.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "bank_rig.h"

#define WORKERS 2

struct half {
	struct stats stats __attribute__((aligned(64)));
	struct bank_rig *rig;
	const struct load *load;
	size_t first, end;           // datagrams
	pthread_barrier_t *together; // NULL: alone
	double ns;
};

static void *work(void *arg)
{
	struct half *h = arg;
	if (h->together != NULL)
		pthread_barrier_wait(h->together);
	h->ns = bank_rig_pass(h->rig, h->load, h->first, h->end);
	return NULL;
}

static double run_alone(struct half *h)
{
	h->together = NULL;
	work(h);
	return h->ns;
}

static double run_both(struct half *half)
{
	pthread_barrier_t together;
	pthread_t other;
	pthread_barrier_init(&together, NULL, WORKERS);
	half[0].together = half[1].together = &together;
	if (pthread_create(&other, NULL, work, &half[1]) != 0) {
		fprintf(stderr, "bench_scaling: no thread\n");
		exit(1);
	}
	work(&half[0]);
	pthread_join(other, NULL);
	pthread_barrier_destroy(&together);
	return (half[0].ns + half[1].ns) / WORKERS / WORKERS;
}

int main(int argc, char **argv)
{
	static struct bench_report report;
	static double one[BENCH_MAX_RUNS], two[BENCH_MAX_RUNS];
	static struct half half[WORKERS];
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	struct load l = bench_load(&o, 1.0);
	for (size_t i = 0; i < WORKERS; i++) {
		const struct bank_rig_params params = {1, 1 << 20, o.small_pages};
		half[i].load = &l;
		half[i].first = i * l.n_datagrams / WORKERS;
		half[i].end = (i + 1) * l.n_datagrams / WORKERS;
		half[i].rig = bank_rig_new(&params, &half[i].stats);
		run_alone(&half[i]);
	}
	for (unsigned i = 0; i < o.runs; i++) {
		one[i] = (run_alone(&half[0]) + run_alone(&half[1])) / WORKERS;
		two[i] = run_both(half);
	}
	bench_report_add(&report, "scaling_2", two, one, o.runs);
	for (size_t i = 0; i < WORKERS; i++)
		bank_rig_free(half[i].rig);
	load_free(&l);
	return bench_report_write(&report, &o) == 0 ? 0 : 1;
}
