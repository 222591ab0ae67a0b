// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// A tick of the analyzer: the banks of eight workers, one 5-tuple definition, tables of 16,384
// entries in use to three quarters. Nanoseconds per entry in use, from analyzer_tick_begin() to
// analyzer_tick_end(). The banks together are larger than the L2 cache, as in life, where other
// cores wrote them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyzer/analyzer.h"
#include "bench.h"

#define WORKERS 8
#define SOURCES 1024
#define ENTRIES 16384
#define FILL    (ENTRIES * 3 / 4)
#define TICK    100000000u

struct rig {
	struct program *program;
	struct bank *bank[WORKERS];
	struct intake *intake[WORKERS];
	struct bank_config config;
	struct analyzer *analyzer;
	struct rng rng;
	uint64_t now;
	uint64_t unique; ///< keys made that never come again
};

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

static void die(const char *what)
{
	fprintf(stderr, "bench_merge: %s\n", what);
	exit(1);
}

static void *pages(size_t size, int small_pages)
{
	size_t mapped;
	enum load_pages kind;
	void *mem = pages_map(size, small_pages, &mapped, &kind);
	if (mem == NULL)
		die("out of memory");
	return mem;
}

// What a datagram of each source would leave behind.
static void register_sources(struct rig *r, uint32_t worker)
{
	struct registry *registry =
		(struct registry *)(uintptr_t)intake_registry(r->intake[worker]);
	for (uint32_t i = 0; i < SOURCES; i++) {
		const uint8_t address[4] = {10, 0, 0, (uint8_t)(i / 32)};
		const struct agent_id agent = {.addr = addr_ip4(address)};
		enum registry_verdict verdict;
		const struct source_id source = {.agent =
							 registry_agent(registry, &agent, &verdict),
						 .ds_index = i % 32,
						 .direction = DIRECTION_INGRESS};
		if (registry_source(registry, &source) != i + 1)
			die("the registry is not as expected");
	}
}

static struct rig *rig_new(uint32_t store_entries, int small_pages)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct err_msg msg = {0};
	static struct stats stats;
	r->config = (struct bank_config){.entries = ENTRIES,
					 .max_agents = 128,
					 .max_sources = SOURCES,
					 .log_size = 4096,
					 .seed = 1};
	hash_secret_init(&r->config.secret, 1);
	r->rng = rng_seeded(1);
	r->program = program_compile(&five_tuple, 1, &msg);
	if (r->program == NULL)
		die(msg.text);
	for (uint32_t w = 0; w < WORKERS; w++) {
		r->bank[w] = bank_init(pages(bank_size(r->program, &r->config), small_pages),
				       r->program, &r->config);
		r->intake[w] = intake_init(pages(intake_size(&r->config), small_pages), &r->config,
					   NULL, &stats);
		register_sources(r, w);
	}
	const struct analyzer_config config = {.n_workers = WORKERS,
					       .store_entries = store_entries,
					       .max_agents = 128,
					       .max_sources = SOURCES,
					       .top = 100,
					       .max_triggered = 1024,
					       .max_events = 64,
					       .retention = 300,
					       .secret = r->config.secret,
					       .seed = 1};
	const struct threshold_spec limit = {"big", "tuple", 1e15, true, 1};
	r->analyzer = analyzer_new(&config, r->program, &limit, 1, &msg);
	if (r->analyzer == NULL)
		die(msg.text);
	return r;
}

static void put(struct rig *r, struct table *t, uint64_t flow)
{
	uint64_t key[PROGRAM_KEY_MAX / 8] = {0};
	const uint32_t source = 1 + (uint32_t)(flow % SOURCES);
	memcpy(key, &source, sizeof(source));
	memcpy((uint8_t *)key + PROGRAM_KEY_SOURCE, &flow, sizeof(flow));
	const double value = 64000 + (double)(flow % 1454) * 1000;
	const struct table_add add = {
		.key = key,
		.hash = table_hash(&r->config.secret, key, r->program->def[0].key_size),
		.value = value,
		.q = value * value,
		.n = 1,
	};
	table_add(t, &add);
}

// New banks: flows out of @p n_flows known ones, or, if that is 0, each for the first time.
static void fill(struct rig *r, uint64_t n_flows)
{
	for (uint32_t w = 0; w < WORKERS; w++) {
		struct table *t = &r->bank[w]->table[0]->table;
		bank_clear(r->bank[w], r->now, UINT64_MAX);
		r->bank[w]->n_agents = SOURCES / 32 + 1;
		r->bank[w]->n_sources = SOURCES + 1;
		for (uint64_t i = 0; t->used < FILL && i < 4 * FILL; i++)
			put(r, t,
			    n_flows > 0 ? rng_below(&r->rng, n_flows) : 1000000000 + r->unique++);
	}
}

// ns per entry of one tick.
static double pass(struct rig *r)
{
	uint64_t used = 0;
	const uint64_t start = bench_now();
	analyzer_tick_begin(r->analyzer, r->now, r->now + TICK);
	for (uint32_t w = 0; w < WORKERS; w++)
		analyzer_merge_sources(r->analyzer, w, intake_registry(r->intake[w]), r->bank[w]);
	for (uint32_t w = 0; w < WORKERS; w++) {
		analyzer_merge_flow(r->analyzer, 0, w, r->bank[w]);
		used += r->bank[w]->table[0]->table.used;
	}
	analyzer_tick_flow(r->analyzer, 0);
	struct threshold_event event;
	analyzer_tick_end(r->analyzer, &event, 1);
	const uint64_t ns = bench_now() - start;
	r->now += TICK;
	return (double)ns / (double)used;
}

struct merge_case {
	const char *name;
	uint32_t store_entries;
	uint64_t n_flows; ///< 0: a flood of flows that come once
};

static void run_case(struct bench_report *report, const struct bench_options *o,
		     const struct merge_case *c)
{
	static double ns[BENCH_MAX_RUNS];
	struct rig *r = rig_new(c->store_entries, o->small_pages);
	for (int i = 0; i < 20; i++) { // the store fills up
		fill(r, c->n_flows);
		pass(r);
	}
	for (unsigned i = 0; i < o->runs; i++) {
		fill(r, c->n_flows);
		ns[i] = pass(r);
	}
	struct flow_summary summary;
	query_top(r->analyzer, 0, NULL, 0, &summary);
	if ((summary.evicted > 0) != (c->n_flows == 0))
		die("a case does not do what its name says");
	bench_report_add(report, c->name, ns, NULL, o->runs);
	analyzer_free(r->analyzer);
}

int main(int argc, char **argv)
{
	static const struct merge_case cases[] = {
		{"merge_same", 65536, FILL},    // all workers have the same flows
		{"merge_64k", 65536, 60000},    // flows spread over the workers
		{"merge_1m", 1 << 20, 1000000}, // a store far larger than the caches
		{"merge_flood_64k", 65536, 0},  // each entry makes two others one
		{"merge_flood_1m", 1 << 20, 0},
	};
	static struct bench_report report;
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(&report, &o, &cases[i]);
	return bench_report_write(&report, &o) == 0 ? 0 : 1;
}
