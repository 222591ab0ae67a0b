// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// An analyzer with real banks of several workers: datagrams in, rows out, time as an argument.

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyzer/analyzer.h"
#include "analyzer/view.h"
#include "sflow/encode.h"

#define WORKERS 4
#define RATE    1000
#define MS      1000000ull
#define TICK    (100 * MS)
#define START   (1000000 * MS)

struct worker {
	struct bank *bank;
	struct intake *intake;
	struct stats stats;
};

/// Workers, an analyzer, and the time.
struct rig {
	struct program *program;
	struct bank_config bank_config;
	struct analyzer_config config;
	struct worker worker[WORKERS];
	struct analyzer *analyzer;
	uint64_t now; ///< start of the open interval, ns
	struct threshold_event event[64];
	size_t n_events;
};

static inline void *zeroed(size_t size)
{
	size = (size + 63) & ~(size_t)63;
	void *mem = aligned_alloc(64, size);
	assert_non_null(mem);
	return memset(mem, 0, size);
}

static const struct flow_spec pair = {
	.name = "pair",
	.keys = "ipsource,ipdestination",
	.value = "bytes",
	.values = "",
	.filter = "",
	.fs = ",",
	.n = 5,
	.t = 2,
};

static const struct flow_spec total = {
	.name = "total",
	.keys = "",
	.value = "bytes",
	.values = "",
	.filter = "",
	.fs = ",",
	.n = 5,
	.t = 2,
};

/// Settings that a test changes before rig_new().
struct settings {
	struct flow_spec spec[8];
	size_t n_specs;
	struct threshold_spec threshold[4];
	size_t n_thresholds;
	uint32_t top, bank_entries, store_entries, max_agents, max_sources, max_triggered,
		max_events;
	uint64_t secret;
	bool correct_loss;
	double retention; ///< s; 0 = 300
};

static inline struct settings settings_of(const struct flow_spec *spec)
{
	return (struct settings){
		.spec = {*spec},
		.n_specs = 1,
		.top = 10,
		.bank_entries = 4096,
		.store_entries = 4096,
		.max_agents = 64,
		.max_sources = 256,
		.max_triggered = 64,
		.max_events = 32,
		.secret = 1,
	};
}

static inline struct rig *rig_new(const struct settings *set)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct err_msg msg = {0};
	r->program = program_compile(set->spec, set->n_specs, &msg);
	if (r->program == NULL)
		fail_msg("%s", msg.text);
	r->bank_config = (struct bank_config){.entries = set->bank_entries,
					      .max_agents = set->max_agents,
					      .max_sources = set->max_sources,
					      .log_size = 65536,
					      .seed = 7};
	hash_secret_init(&r->bank_config.secret, set->secret);
	r->now = START;
	for (int w = 0; w < WORKERS; w++) {
		struct worker *k = &r->worker[w];
		k->bank = bank_init(zeroed(bank_size(r->program, &r->bank_config)), r->program,
				    &r->bank_config);
		k->intake = intake_init(zeroed(intake_size(&r->bank_config)), &r->bank_config, NULL,
					&k->stats);
		bank_clear(k->bank, r->now, UINT64_MAX);
	}
	r->config = (struct analyzer_config){
		.n_workers = WORKERS,
		.store_entries = set->store_entries,
		.max_agents = set->max_agents,
		.max_sources = set->max_sources,
		.top = set->top,
		.metrics = 1 << 20,
		.max_triggered = set->max_triggered,
		.max_events = set->max_events,
		.retention = set->retention > 0 ? set->retention : 300,
		.correct_loss = set->correct_loss,
		.secret = r->bank_config.secret,
		.seed = 3,
	};
	r->analyzer = analyzer_new(&r->config, r->program, set->threshold, set->n_thresholds, &msg);
	if (r->analyzer == NULL)
		fail_msg("%s", msg.text);
	return r;
}

static inline struct rig *rig_of(const struct flow_spec *spec)
{
	const struct settings set = settings_of(spec);
	return rig_new(&set);
}

static inline void rig_free(struct rig *r)
{
	analyzer_free(r->analyzer);
	for (int w = 0; w < WORKERS; w++) {
		free(r->worker[w].bank);
		free(r->worker[w].intake);
	}
	program_free(r->program);
	free(r);
}

static inline void tick_of(struct rig *r, uint64_t ns)
{
	const uint64_t end = r->now + ns;
	struct analyzer *a = r->analyzer;
	analyzer_tick_begin(a, r->now, end);
	for (uint32_t w = 0; w < WORKERS; w++)
		analyzer_merge_sources(a, w, intake_registry(r->worker[w].intake),
				       r->worker[w].bank);
	for (uint32_t d = 0; d < r->program->n_def; d++) {
		for (uint32_t w = 0; w < WORKERS; w++)
			analyzer_merge_flow(a, d, w, r->worker[w].bank);
		analyzer_tick_flow(a, d);
	}
	r->n_events = analyzer_tick_end(a, r->event, 64);
	for (int w = 0; w < WORKERS; w++)
		bank_clear(r->worker[w].bank, end, UINT64_MAX);
	r->now = end;
}

static inline void tick(struct rig *r)
{
	tick_of(r, TICK);
}

/// A datagram under construction.
struct shot {
	uint8_t data[1500];
	struct encoder e;
};

struct from {
	uint32_t agent, sub_agent, sequence, uptime;
};

static inline struct addr agent_addr(uint32_t agent)
{
	const uint8_t a[4] = {192, 0, (uint8_t)(agent >> 8), (uint8_t)agent};
	return addr_ip4(a);
}

static inline void shot_begin(struct shot *s, struct from f)
{
	const struct addr addr = agent_addr(f.agent);
	s->e = encode_begin(s->data, sizeof(s->data), &addr, f.sub_agent, f.sequence, f.uptime);
}

// Ethernet, IPv4 10.0.SRC -> 10.1.0.1.
static inline void shot_flow(struct shot *s, uint32_t sequence, uint32_t ds, uint16_t src,
			     uint32_t bytes)
{
	uint8_t h[42] = {2,
			 0,
			 0,
			 0,
			 0,
			 1,
			 2,
			 0,
			 0,
			 0,
			 0,
			 2,
			 8,
			 0,
			 0x45,
			 0,
			 0,
			 200,
			 0,
			 0,
			 0,
			 0,
			 64,
			 17,
			 0,
			 0,
			 10,
			 0,
			 (uint8_t)(src >> 8),
			 (uint8_t)src,
			 10,
			 1,
			 0,
			 1,
			 0x03,
			 0xe8,
			 0x07,
			 0xd0,
			 0,
			 180};
	const struct flow_sample fs = {.sequence = sequence,
				       .ds_index = ds,
				       .sampling_rate = RATE,
				       .sample_pool = sequence * RATE,
				       .input = ds,
				       .output = ds + 1};
	encode_flow_sample(&s->e, SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_header(&s->e, 1, bytes, 4, h, sizeof(h));
	encode_sample_end(&s->e);
}

static inline void fire(struct rig *r, int worker, struct shot *s, uint64_t after)
{
	const size_t len = encode_end(&s->e);
	const uint8_t via[4] = {127, 0, 0, 1};
	const struct payload p = {.data = s->data,
				  .len = (uint32_t)len,
				  .via_family = ADDR_IP4,
				  .via = via,
				  .time = r->now + after};
	assert_int_not_equal(len, 0);
	bank_ingest(r->worker[worker].bank, r->worker[worker].intake, &p, 1);
}

/// The numbers of datagrams rise, whoever sends them; samples have their own.
static inline struct from next_datagram(struct from from)
{
	static uint32_t sequence;
	from.sequence = ++sequence;
	return from;
}

/// A datagram with one counters sample, which is numbered @p from.sequence; its records come next.
static inline void shot_counters(struct shot *s, struct from from, uint32_t ds_class,
				 uint32_t ds_index)
{
	const struct counters_sample cs = {
		.sequence = from.sequence, .ds_class = ds_class, .ds_index = ds_index};
	shot_begin(s, next_datagram(from));
	encode_counters_sample(&s->e, SFLOW_COUNTERS_SAMPLE_EXPANDED, &cs);
}

static inline void fire_counters(struct rig *r, int worker, struct shot *s)
{
	encode_sample_end(&s->e);
	fire(r, worker, s, 10 * MS);
}

/// One flow sample in a datagram of its own; both are numbered @p sequence.
static inline void sample(struct rig *r, int worker, uint32_t agent, uint32_t sequence, uint32_t ds,
			  uint16_t src, uint32_t bytes)
{
	struct shot s;
	shot_begin(&s,
		   (struct from){.agent = agent, .sequence = sequence, .uptime = sequence * 10});
	shot_flow(&s, sequence, ds, src, bytes);
	fire(r, worker, &s, 10 * MS);
}

static inline double gain(double dt, double t)
{
	return (1 - exp(-dt / t)) / dt;
}

/// Read a view to its end, slice by slice; @p between, if any, is called after each.
static inline struct view *view_of(struct rig *r, const struct view_query *query,
				   void (*between)(struct rig *r))
{
	struct err_msg msg = {0};
	struct view *v = view_new(r->analyzer, query, &msg);
	int err = v != NULL ? 0 : ERR_INVALID;
	while (err == 0 && (err = view_read(v, r->analyzer, &msg)) == 0 &&
	       (err = view_digest(v, &msg)) > 0) {
		err = 0;
		if (between != NULL)
			between(r);
	}
	if (err != 0)
		fail_msg("%s", msg.text);
	return v;
}
