// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors

// Fuzz what a worker does with datagrams that anybody can send: decode, dissect, measure. The input
// is taken twice, the second time as from an agent that began anew, so that its sources are known
// already: plain samples of such go a shorter way.
//
// Whatever the bytes: all ledgers close, every datagram is one of the received, and no table holds
// more than was added. The input is copied to memory of just its size, so that the sanitizer sees a
// read beyond it.

#include <stdio.h>
#include <string.h>

#include "bank/bank.h"
#include "fuzz.h"

enum {
	MAX_SIZE = 9000,
	MAX_AGENTS = 8,
	MAX_SOURCES = 64,
	RESTART_EVERY = 4096, // inputs, after which the registry is made anew
};

static struct worker {
	struct program *program;
	struct bank_config config;
	struct bank *bank;
	struct intake *intake;
	struct stats stats;
	unsigned n_inputs;
} w;

static void *zeroed(size_t size)
{
	size = (size + 63) & ~(size_t)63;
	void *mem = aligned_alloc(64, size);
	FUZZ_CHECK(mem != NULL);
	return memset(mem, 0, size);
}

// Definitions that take the plain way, ask for records, for inner headers, for fields of events,
// and for dropped packets.
static void compile(void)
{
	static const char *const keys[][3] = {
		{"ipsource,ipdestination,ipprotocol,or:tcpsourceport:udpsourceport", "bytes", ""},
		{"ip6source,ip6destination,tcpflags,null:vlan:-", "frames", ""},
		{"macsource,inputifindex,null:bgpsourceas:-,null:ipnexthoprouter:-", "ipbytes",
		 "count:ipsource"},
		{"null:ipsource.1:-,null:vni:-,null:dnsqname:-", "bytes", ""},
		{"null:[rtflow:item]:-,null:[rtflow:from:ip]:-,null:[rtflow:card:mac]:-,"
		 "null:[rtflow:change:8]:-",
		 "rtflow:price", "count:rtflow:item,avg:rtflow:price"},
		{"reason,null:ipsource:-", "frames", ""},
	};
	enum {
		N = sizeof(keys) / sizeof(keys[0])
	};
	struct flow_spec specs[N];
	struct err_msg msg = {0};
	char name[N][8];
	for (int i = 0; i < N; i++) {
		memcpy(name[i], "d0", 3);
		name[i][1] = (char)('0' + i);
		specs[i] = (struct flow_spec){.name = name[i],
					      .keys = keys[i][0],
					      .value = keys[i][1],
					      .values = keys[i][2],
					      .filter = "",
					      .fs = ",",
					      .n = 5,
					      .t = 2,
					      .dropped = i == N - 1};
	}
	w.program = program_compile(specs, N, &msg);
	if (w.program == NULL)
		fputs(msg.text, stderr);
	FUZZ_CHECK(w.program != NULL);
}

static void start(void)
{
	if (w.program == NULL)
		compile();
	w.config = (struct bank_config){.entries = 64,
					.max_agents = MAX_AGENTS,
					.max_sources = MAX_SOURCES,
					.log_size = 16384,
					.sketches = 2,
					.seed = 1};
	hash_secret_init(&w.config.secret, 1);
	free(w.bank);
	free(w.intake);
	w.stats = (struct stats){0};
	w.bank = bank_init(zeroed(bank_size(w.program, &w.config)), w.program, &w.config);
	w.intake = intake_init(zeroed(intake_size(&w.config)), &w.config, NULL, &w.stats);
}

static void check(uint64_t n_datagrams)
{
	for (int g = STAT_GROUP_DATAGRAM; g <= STAT_GROUP_RECORD; g++)
		FUZZ_CHECK(stats_ledger_closes(&w.stats, (enum stat_group)g));
	FUZZ_CHECK(stats_read(&w.stats, STAT_rx_datagrams) == n_datagrams);
	FUZZ_CHECK(w.bank->n_agents <= MAX_AGENTS + 1 && w.bank->n_sources <= MAX_SOURCES + 1);
	for (uint32_t i = 0; i < w.program->n_def; i++) {
		struct table_iter it = {0};
		const struct table_entry *e;
		uint32_t n = 0;
		while ((e = table_next(&w.bank->table[i]->table, &it)) != NULL)
			n++;
		FUZZ_CHECK(n <= stats_read(&w.stats, STAT_added));
	}
	for (const struct log_entry *e = NULL; (e = bank_log_next(w.bank, e)) != NULL;)
		FUZZ_CHECK(e->source < w.bank->n_sources && e->len <= w.config.log_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > MAX_SIZE)
		return 0;
	if (w.n_inputs++ % RESTART_EVERY == 0)
		start();
	uint8_t *copy = malloc(size > 0 ? size : 1);
	FUZZ_CHECK(copy != NULL);
	memcpy(copy, data, size);
	const struct payload p = {.data = copy, .len = (uint32_t)size, .time = 1000000};
	bank_clear(w.bank, 0, UINT64_MAX);
	w.stats = (struct stats){0};
	for (int i = 0; i < 2; i++) {
		intake_restart(w.intake);
		bank_ingest(w.bank, w.intake, &p, 1);
	}
	check(2);
	free(copy);
	return 0;
}
