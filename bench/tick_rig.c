// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "tick_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir/util/pages.h"

static const struct flow_spec five_tuple = {
	.name = "tuple",
	.keys = BENCH_TUPLE,
	.value = "bytes",
	.values = "",
	.filter = "",
	.fs = ",",
	.n = 5,
	.t = 2,
};

static void die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static void *pages(struct tick_rig *r, size_t size, int small_pages)
{
	enum load_pages kind;
	void *mem = pages_map(size, small_pages, &r->mapped[r->n_mapped], &kind);
	if (mem == NULL)
		die("out of memory");
	r->mapping[r->n_mapped++] = mem;
	return mem;
}

// What a datagram of each source would leave behind.
static void register_sources(struct tick_rig *r, uint32_t worker)
{
	struct registry *registry =
		(struct registry *)(uintptr_t)intake_registry(r->intake[worker]);
	for (uint32_t i = 0; i < r->n_sources; i++) {
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

struct tick_rig *tick_rig_new(const struct tick_params *params)
{
	struct tick_rig *r = calloc(1, sizeof(*r));
	struct err_msg msg = {0};
	static struct stats stats;
	r->config = (struct bank_config){.entries = TICK_ENTRIES,
					 .max_agents = 128,
					 .max_sources = params->n_sources,
					 .log_size = 4096,
					 .seed = 1};
	hash_secret_init(&r->config.secret, 1);
	r->rng = rng_seeded(1);
	r->n_sources = params->n_sources;
	r->program = program_compile(&five_tuple, 1, &msg);
	if (r->program == NULL)
		die(msg.text);
	for (uint32_t w = 0; w < TICK_WORKERS; w++) {
		r->bank[w] =
			bank_init(pages(r, bank_size(r->program, &r->config), params->small_pages),
				  r->program, &r->config);
		r->intake[w] = intake_init(pages(r, intake_size(&r->config), params->small_pages),
					   &r->config, NULL, &stats);
		register_sources(r, w);
	}
	const struct analyzer_config config = {.n_workers = TICK_WORKERS,
					       .store_entries = params->store_entries,
					       .max_agents = 128,
					       .max_sources = params->n_sources,
					       .top = 100,
					       .max_triggered = 1024,
					       .max_events = 64,
					       .advise = params->small_pages ? NULL : pages_advise,
					       .retention = 300,
					       .secret = r->config.secret,
					       .seed = 1};
	const struct threshold_spec limit = {"big", "tuple", 1e15, true, 1};
	r->analyzer = analyzer_new(&config, r->program, &limit, 1, &msg);
	if (r->analyzer == NULL)
		die(msg.text);
	return r;
}

void tick_rig_free(struct tick_rig *r)
{
	analyzer_free(r->analyzer);
	program_free(r->program);
	for (unsigned i = 0; i < r->n_mapped; i++)
		pages_unmap(r->mapping[i], r->mapped[i]);
	free(r);
}

static void put(struct tick_rig *r, struct table *t, uint64_t flow)
{
	uint64_t key[PROGRAM_KEY_MAX / 8] = {0};
	const uint32_t source = 1 + (uint32_t)(flow % r->n_sources);
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

void tick_fill(struct tick_rig *r, uint64_t n_flows)
{
	for (uint32_t w = 0; w < TICK_WORKERS; w++) {
		struct table *t = &r->bank[w]->table[0]->table;
		bank_clear(r->bank[w], r->now, UINT64_MAX);
		r->bank[w]->n_agents = (r->n_sources + 31) / 32 + 1;
		r->bank[w]->n_sources = r->n_sources + 1;
		for (uint64_t i = 0; t->used < TICK_FILL && i < 4 * TICK_FILL; i++)
			put(r, t,
			    n_flows > 0 ? rng_below(&r->rng, n_flows) : 1000000000 + r->unique++);
	}
}

double tick_pass(struct tick_rig *r)
{
	uint64_t used = 0;
	const uint64_t start = bench_now();
	analyzer_tick_begin(r->analyzer, r->now, r->now + TICK_NS);
	for (uint32_t w = 0; w < TICK_WORKERS; w++)
		analyzer_merge_sources(r->analyzer, w, intake_registry(r->intake[w]), r->bank[w]);
	for (uint32_t w = 0; w < TICK_WORKERS; w++) {
		analyzer_merge_flow(r->analyzer, 0, w, r->bank[w]);
		used += r->bank[w]->table[0]->table.used;
	}
	analyzer_tick_flow(r->analyzer, 0);
	struct threshold_event event;
	analyzer_tick_end(r->analyzer, &event, 1);
	const uint64_t ns = bench_now() - start;
	r->now += TICK_NS;
	return (double)ns / (double)used;
}
