// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// A tick of the analyzer (tick_rig.h): nanoseconds per entry in use, from analyzer_tick_begin() to
// analyzer_tick_end(), beside the 40 that a merge may take.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tick_rig.h"

struct merge_case {
	const char *name;
	uint32_t store_entries;
	uint64_t n_flows; ///< 0: a flood of flows that come once
};

static void run_case(struct bench_report *report, const struct bench_options *o,
		     const struct merge_case *c)
{
	static double ns[BENCH_MAX_RUNS], allowed[BENCH_MAX_RUNS];
	struct tick_rig *r = tick_rig_new(&(struct tick_params){.store_entries = c->store_entries,
								.n_sources = 1024,
								.small_pages = o->small_pages});
	for (int i = 0; i < 20; i++) { // the store fills up
		tick_fill(r, c->n_flows);
		tick_pass(r);
	}
	for (unsigned i = 0; i < o->runs; i++) {
		tick_fill(r, c->n_flows);
		ns[i] = tick_pass(r);
		allowed[i] = 40;
	}
	struct flow_summary summary;
	query_top(r->analyzer, 0, NULL, 0, &summary);
	if ((summary.evicted > 0) != (c->n_flows == 0))
		fprintf(stderr, "bench_merge: %s does not do what its name says\n", c->name);
	bench_report_add(report, c->name, ns, allowed, o->runs);
	tick_rig_free(r);
}

int main(int argc, char **argv)
{
	static const struct merge_case cases[] = {
		{"merge", 65536, TICK_FILL},    // all workers have the same flows
		{"merge_64k", 65536, 60000},    // flows spread over the workers
		{"merge_1m", 1 << 20, 1000000}, // a store far larger than the caches
		{"merge_flood_64k", 65536, 0},  // each entry makes two others one
		{"merge_flood_1m", 1 << 20, 0},
	};
	static struct bench_report report;
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (o.only == NULL || strcmp(o.only, cases[i].name) == 0)
			run_case(&report, &o, &cases[i]);
	return bench_report_write(&report, &o) == 0 ? 0 : 1;
}
