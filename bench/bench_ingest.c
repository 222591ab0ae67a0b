// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// bank_ingest() from memory against the floor, pass by pass in one run: one worker, one 5-tuple
// `bytes` definition; the general path with data sources, error bars and the loss ledger.
#include <stdio.h>
#include <stdlib.h>

#include "bank/bank.h"
#include "bench.h"
#include "floor.h"

#define BURST 64

struct rig {
	struct program *program;
	struct bank *bank;
	struct intake *intake;
	struct stats stats;
	struct payload *payloads;
	size_t n_payloads;
};

static void *hugepages(size_t size, int small_pages)
{
	size_t mapped;
	enum load_pages kind;
	void *mem = pages_map(size, small_pages, &mapped, &kind);
	if (mem == NULL) {
		fprintf(stderr, "bench_ingest: out of memory\n");
		exit(1);
	}
	return mem;
}

static const struct flow_spec five_tuple = {
	.name = "tuple",
	.keys = "ipsource,ipdestination,ipprotocol,or:tcpsourceport:udpsourceport,"
		"or:tcpdestinationport:udpdestinationport",
	.value = "bytes",
	.values = "",
	.filter = "",
	.fs = ",",
	.n = 5,
	.t = 2,
};

static struct rig *rig_new(const struct load *l, uint32_t entries, int small_pages)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct err_msg msg = {0};
	struct bank_config config = {.entries = entries,
				     .max_agents = 4096,
				     .max_sources = 65536,
				     .log_size = 64 << 20,
				     .seed = 1};
	hash_secret_init(&config.secret, 1);
	r->program = program_compile(&five_tuple, 1, &msg);
	if (r->program == NULL) {
		fprintf(stderr, "bench_ingest: %s\n", msg.text);
		exit(1);
	}
	r->bank = bank_init(hugepages(bank_size(r->program, &config), small_pages), r->program,
			    &config);
	r->intake =
		intake_init(hugepages(intake_size(&config), small_pages), &config, NULL, &r->stats);
	r->n_payloads = l->n_datagrams;
	r->payloads = calloc(r->n_payloads, sizeof(*r->payloads));
	for (size_t i = 0; i < r->n_payloads; i++)
		r->payloads[i] =
			(struct payload){.data = l->datagrams[i].data, .len = l->datagrams[i].len};
	return r;
}

// ns per flow sample of one interval: a fresh bank, all datagrams once.
static double pass(struct rig *r)
{
	const uint64_t before = stats_read(&r->stats, STAT_used_flow_samples);
	bank_clear(r->bank, 0, UINT64_MAX);
	intake_restart(r->intake); // the same datagrams again are no duplicates
	const uint64_t start = bench_now();
	for (size_t i = 0; i < r->n_payloads; i += BURST) {
		const size_t left = r->n_payloads - i;
		bank_ingest(r->bank, r->intake, r->payloads + i,
			    left < BURST ? (unsigned)left : BURST);
	}
	const uint64_t ns = bench_now() - start;
	return (double)ns / (double)(stats_read(&r->stats, STAT_used_flow_samples) - before);
}

static void check(const struct rig *r, const struct load *l)
{
	for (int g = STAT_GROUP_DATAGRAM; g <= STAT_GROUP_RECORD; g++) {
		if (!stats_ledger_closes(&r->stats, (enum stat_group)g)) {
			fprintf(stderr, "bench_ingest: ledger of %s is open\n", stat_group_name[g]);
			exit(1);
		}
	}
	if (r->bank->table[0]->table.added != l->n_samples) {
		fprintf(stderr, "bench_ingest: %llu of %zu samples measured\n",
			(unsigned long long)r->bank->table[0]->table.added, l->n_samples);
		exit(1);
	}
}

static void run_case(struct bench_report *report, const struct bench_options *o, double zipf_s,
		     const char *large, const char *small)
{
	static double floor_ns[BENCH_MAX_RUNS], large_ns[BENCH_MAX_RUNS], small_ns[BENCH_MAX_RUNS];
	struct load l = bench_load(o, zipf_s);
	struct floor *f = floor_create((unsigned)o->table_bits, o->small_pages);
	struct rig *a = rig_new(&l, 1 << 20, o->small_pages);
	struct rig *b = rig_new(&l, 1 << 14, o->small_pages);
	floor_update(f, &l, 0, l.n_datagrams, 1);
	pass(a);
	pass(b);
	for (unsigned i = 0; i < o->runs; i++) {
		floor_ns[i] = floor_update(f, &l, 0, l.n_datagrams, 1);
		large_ns[i] = pass(a);
		small_ns[i] = pass(b);
	}
	check(a, &l);
	check(b, &l);
	bench_report_add(report, large, large_ns, floor_ns, o->runs);
	bench_report_add(report, small, small_ns, floor_ns, o->runs);
	floor_destroy(f);
	load_free(&l);
}

int main(int argc, char **argv)
{
	static struct bench_report report;
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	if (o.pcap != NULL) {
		run_case(&report, &o, 0, "ingest_5tuple_pcap", "ingest_5tuple_pcap_16k");
	} else {
		run_case(&report, &o, 1.0, "ingest_5tuple_zipf", "ingest_5tuple_zipf_16k");
		run_case(&report, &o, 0.0, "ingest_5tuple_uniform", "ingest_5tuple_uniform_16k");
	}
	return bench_report_write(&report, &o) == 0 ? 0 : 1;
}
