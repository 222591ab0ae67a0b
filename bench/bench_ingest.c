// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// bank_ingest() from memory against the floor, pass by pass in one run: one worker, one 5-tuple
// `bytes` definition, then four and sixteen; the general path with data sources, error bars and the
// loss ledger. `shed_N`: with one definition, and one flow sample in N is measured.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bank_rig.h"
#include "floor.h"

struct rig {
	struct bank_rig *bank;
	struct stats stats;
	const struct load *load;
};

static struct rig *rig_new(const struct load *l, const struct bank_rig_params *params)
{
	struct rig *r = calloc(1, sizeof(*r));
	r->bank = bank_rig_new(params, &r->stats);
	r->load = l;
	return r;
}

static double pass(struct rig *r)
{
	return bank_rig_pass(r->bank, r->load, 0, r->load->n_datagrams);
}

/// One rig of a case.
struct rig_case {
	const char *name;
	unsigned n_def;
	uint32_t entries;
	unsigned one_in; ///< flow samples are measured
};

#define MAX_RIGS 6

// The cases of @p all that @p o wants, into @p out; returns how many.
static unsigned choose(const struct bench_options *o, const struct rig_case *all, unsigned n,
		       struct rig_case *out)
{
	unsigned chosen = 0;
	for (unsigned i = 0; i < n; i++)
		if (o->only == NULL || strcmp(o->only, all[i].name) == 0)
			out[chosen++] = all[i];
	return chosen;
}

// The floor and then each rig, run by run. False: no case was wanted.
static bool run_cases(struct bench_report *report, const struct bench_options *o, double zipf_s,
		      const struct rig_case *all, unsigned n_all)
{
	static double floor_ns[BENCH_MAX_RUNS], ns[MAX_RIGS][BENCH_MAX_RUNS];
	struct rig *rigs[MAX_RIGS];
	struct rig_case cases[MAX_RIGS];
	const unsigned n = choose(o, all, n_all, cases);
	if (n == 0)
		return false;
	struct load l = bench_load(o, zipf_s);
	struct floor *f = floor_create((unsigned)o->table_bits, o->small_pages);
	floor_update(f, &l, 0, l.n_datagrams, 1);
	for (unsigned k = 0; k < n; k++) {
		rigs[k] = rig_new(&l, &(struct bank_rig_params){cases[k].n_def, cases[k].entries,
								o->small_pages});
		intake_keep(rigs[k]->bank->intake, 1.0 / cases[k].one_in);
		pass(rigs[k]);
	}
	for (unsigned i = 0; i < o->runs; i++) {
		floor_ns[i] = floor_update(f, &l, 0, l.n_datagrams, 1);
		for (unsigned k = 0; k < n; k++)
			ns[k][i] = pass(rigs[k]);
	}
	for (unsigned k = 0; k < n; k++) {
		if (cases[k].one_in == 1)
			bank_rig_check(rigs[k]->bank, l.n_samples);
		bench_report_add(report, cases[k].name, ns[k], floor_ns, o->runs);
	}
	floor_destroy(f);
	load_free(&l);
	return true;
}

int main(int argc, char **argv)
{
	static struct bench_report report;
	static const struct rig_case pcap[] = {{"ingest_5tuple_pcap", 1, 1 << 20, 1},
					       {"ingest_5tuple_pcap_16k", 1, 1 << 14, 1}};
	static const struct rig_case zipf[] = {{"ingest_5tuple_zipf", 1, 1 << 20, 1},
					       {"ingest_5tuple_zipf_16k", 1, 1 << 14, 1},
					       {"defs_4", 4, 1 << 14, 1},
					       {"defs_16", BANK_RIG_DEFINITIONS, 1 << 14, 1},
					       {"shed_4", 1, 1 << 20, 4},
					       {"shed_64", 1, 1 << 20, 64}};
	static const struct rig_case uniform[] = {{"ingest_5tuple_uniform", 1, 1 << 20, 1},
						  {"ingest_5tuple_uniform_16k", 1, 1 << 14, 1}};
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	bool found;
	if (o.pcap != NULL) {
		found = run_cases(&report, &o, 0, pcap, 2);
	} else {
		found = run_cases(&report, &o, 1.0, zipf, MAX_RIGS);
		found |= run_cases(&report, &o, 0.0, uniform, 2);
	}
	if (!found)
		fprintf(stderr, "bench_ingest: there is no case \"%s\"\n", o.only);
	return found && bench_report_write(&report, &o) == 0 ? 0 : 1;
}
