// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "bank_rig.h"

#include <stdio.h>
#include <stdlib.h>

#define BURST 64

static const struct {
	const char *name, *keys, *value, *values;
} definitions[BANK_RIG_DEFINITIONS] = {
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

static void *pages(struct bank_rig *r, unsigned i, size_t size, int small_pages)
{
	enum load_pages kind;
	r->mapping[i] = pages_map(size, small_pages, &r->mapped[i], &kind);
	if (r->mapping[i] == NULL) {
		fprintf(stderr, "bench: out of memory\n");
		exit(1);
	}
	return r->mapping[i];
}

struct program *bank_rig_program(unsigned n)
{
	struct flow_spec specs[BANK_RIG_DEFINITIONS];
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
		fprintf(stderr, "bench: %s\n", msg.text);
		exit(1);
	}
	return p;
}

struct bank_rig *bank_rig_new(const struct bank_rig_params *params, struct stats *stats)
{
	struct bank_rig *r = calloc(1, sizeof(*r));
	struct bank_config config = {.entries = params->entries,
				     .max_agents = 4096,
				     .max_sources = 65536,
				     .log_size = 64 << 20,
				     .sketches = 4096,
				     .seed = 1};
	hash_secret_init(&config.secret, 1);
	r->stats = stats;
	r->program = bank_rig_program(params->n_def);
	r->bank = bank_init(pages(r, 0, bank_size(r->program, &config), params->small_pages),
			    r->program, &config);
	r->intake = intake_init(pages(r, 1, intake_size(&config), params->small_pages), &config,
				NULL, stats);
	return r;
}

void bank_rig_free(struct bank_rig *r)
{
	for (unsigned i = 0; i < 2; i++)
		pages_unmap(r->mapping[i], r->mapped[i]);
	program_free(r->program);
	free(r);
}

void bank_rig_restart(struct bank_rig *r)
{
	bank_clear(r->bank, 0, UINT64_MAX);
	intake_restart(r->intake);
}

static uint64_t flow_samples(const struct stats *s)
{
	return stats_read(s, STAT_used_flow_samples) + stats_read(s, STAT_sample_shed);
}

double bank_rig_pass(struct bank_rig *r, const struct load *l, size_t first, size_t end)
{
	const uint64_t before = flow_samples(r->stats);
	bank_rig_restart(r);
	const uint64_t start = bench_now();
	for (size_t i = first; i < end;) {
		struct payload burst[BURST];
		unsigned n = 0;
		for (; n < BURST && i < end; n++, i++)
			burst[n] = (struct payload){.data = l->datagrams[i].data,
						    .len = l->datagrams[i].len};
		bank_ingest(r->bank, r->intake, burst, n);
	}
	const uint64_t ns = bench_now() - start;
	return (double)ns / (double)(flow_samples(r->stats) - before);
}

void bank_rig_check(const struct bank_rig *r, size_t n_samples)
{
	for (int g = STAT_GROUP_DATAGRAM; g <= STAT_GROUP_RECORD; g++) {
		if (!stats_ledger_closes(r->stats, (enum stat_group)g)) {
			fprintf(stderr, "bench: ledger of %s is open\n", stat_group_name[g]);
			exit(1);
		}
	}
	const unsigned long long measured = r->bank->table[0]->table.added;
	if (measured != n_samples) {
		fprintf(stderr, "bench: %llu of %zu samples measured\n", measured, n_samples);
		exit(1);
	}
}
