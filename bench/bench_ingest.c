// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// bank_ingest() from memory against the floor, pass by pass in one run: one worker, one 5-tuple
// `bytes` definition, then four and sixteen; the general path with data sources, error bars and the
// loss ledger.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bank/bank.h"
#include "bench.h"
#include "floor.h"

#define BURST 64

struct rig {
	struct program *program;
	struct bank *bank;
	struct intake *intake;
	struct stats stats;
	const struct load *load;
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

// The first is the 5-tuple that the floor counts; the first four are what an operator begins with;
// sixteen is a busy collector.
static const struct {
	const char *name, *keys, *value, *values;
} definitions[] = {
	{"tuple", BENCH_TUPLE, "bytes", ""},
	{"pair", "ipsource,ipdestination", "bytes", ""},
	{"reflection", "ipdestination,udpsourceport", "frames", "count:ipsource"},
	{"ports", "vlan,inputifindex,outputifindex", "bytes", ""},
	{"source", "ipsource", "bytes", ""},
	{"destination", "ipdestination", "bytes", ""},
	{"protocol", "ipprotocol", "frames", ""},
	{"service", "or:tcpdestinationport:udpdestinationport", "bytes", ""},
	{"tcp", "ipsource,ipdestination,tcpsourceport,tcpdestinationport", "bytes", ""},
	{"udp", "ipsource,ipdestination,udpsourceport,udpdestinationport", "bytes", ""},
	{"mac", "macsource,macdestination", "bytes", ""},
	{"type", "ethernetprotocol", "bytes", ""},
	{"six", "ip6source,ip6destination", "bytes", ""},
	{"ttl", "ipsource,ipttl", "frames", ""},
	{"dscp", "ipdscp,ipsource", "bytes", ""},
	{"all", "macsource,macdestination,ipsource,ipdestination,ipprotocol", "bytes", ""},
};

enum {
	N_DEFINITIONS = sizeof(definitions) / sizeof(definitions[0])
};

static struct program *compile(unsigned n)
{
	struct flow_spec specs[N_DEFINITIONS];
	struct err_msg msg = {0};
	for (unsigned i = 0; i < n; i++)
		specs[i] = (struct flow_spec){.name = definitions[i].name,
					      .keys = definitions[i].keys,
					      .value = definitions[i].value,
					      .values = definitions[i].values,
					      .filter = "",
					      .fs = ",",
					      .n = 5,
					      .t = 2};
	struct program *p = program_compile(specs, n, &msg);
	if (p == NULL) {
		fprintf(stderr, "bench_ingest: %s\n", msg.text);
		exit(1);
	}
	return p;
}

static struct rig *rig_new(const struct load *l, unsigned n_def, uint32_t entries, int small_pages)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct bank_config config = {.entries = entries,
				     .max_agents = 4096,
				     .max_sources = 65536,
				     .log_size = 64 << 20,
				     .sketches = 4096,
				     .seed = 1};
	hash_secret_init(&config.secret, 1);
	r->program = compile(n_def);
	r->bank = bank_init(hugepages(bank_size(r->program, &config), small_pages), r->program,
			    &config);
	r->intake =
		intake_init(hugepages(intake_size(&config), small_pages), &config, NULL, &r->stats);
	r->load = l;
	return r;
}

// ns per flow sample of one interval: a fresh bank, all datagrams once.
static double pass(struct rig *r)
{
	const uint64_t before = stats_read(&r->stats, STAT_used_flow_samples);
	bank_clear(r->bank, 0, UINT64_MAX);
	intake_restart(r->intake); // the same datagrams again are no duplicates
	const uint64_t start = bench_now();
	for (size_t i = 0; i < r->load->n_datagrams;) {
		struct payload burst[BURST];
		unsigned n = 0;
		for (; n < BURST && i < r->load->n_datagrams; n++, i++)
			burst[n] = (struct payload){.data = r->load->datagrams[i].data,
						    .len = r->load->datagrams[i].len};
		bank_ingest(r->bank, r->intake, burst, n);
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

/// One rig of a case.
struct rig_case {
	const char *name;
	unsigned n_def;
	uint32_t entries;
};

#define MAX_RIGS 4

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
		rigs[k] = rig_new(&l, cases[k].n_def, cases[k].entries, o->small_pages);
		pass(rigs[k]);
	}
	for (unsigned i = 0; i < o->runs; i++) {
		floor_ns[i] = floor_update(f, &l, 0, l.n_datagrams, 1);
		for (unsigned k = 0; k < n; k++)
			ns[k][i] = pass(rigs[k]);
	}
	for (unsigned k = 0; k < n; k++) {
		check(rigs[k], &l);
		bench_report_add(report, cases[k].name, ns[k], floor_ns, o->runs);
	}
	floor_destroy(f);
	load_free(&l);
	return true;
}

int main(int argc, char **argv)
{
	static struct bench_report report;
	static const struct rig_case pcap[] = {{"ingest_5tuple_pcap", 1, 1 << 20},
					       {"ingest_5tuple_pcap_16k", 1, 1 << 14}};
	static const struct rig_case zipf[] = {{"ingest_5tuple_zipf", 1, 1 << 20},
					       {"ingest_5tuple_zipf_16k", 1, 1 << 14},
					       {"defs_4", 4, 1 << 14},
					       {"defs_16", N_DEFINITIONS, 1 << 14}};
	static const struct rig_case uniform[] = {{"ingest_5tuple_uniform", 1, 1 << 20},
						  {"ingest_5tuple_uniform_16k", 1, 1 << 14}};
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
