// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// One worker without its thread: a program, an intake, a bank, and datagrams that are made here.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bank/bank.h"
#include "base/cursor.h"
#include "sflow/encode.h"

#define RATE 1000

/// One worker: a program, its intake, one bank.
struct rig {
	struct program *program;
	struct bank *bank;
	struct intake *intake;
	struct stats stats;
	struct bank_config config;
};

static inline void *zeroed(size_t size)
{
	size = (size + 63) & ~(size_t)63;
	void *mem = aligned_alloc(64, size);
	assert_non_null(mem);
	return memset(mem, 0, size);
}

static inline struct rig *rig_new(const struct flow_spec *specs, size_t n, uint32_t max,
				  const struct intake_policy *policy)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct err_msg msg = {0};
	r->program = program_compile(specs, n, &msg);
	if (r->program == NULL)
		fail_msg("%s", msg.text);
	r->config = (struct bank_config){.entries = 4096,
					 .max_agents = max,
					 .max_sources = max,
					 .log_size = 4096,
					 .sketches = 4,
					 .seed = 1};
	hash_secret_init(&r->config.secret, 1);
	r->bank = bank_init(zeroed(bank_size(r->program, &r->config)), r->program, &r->config);
	r->intake = intake_init(zeroed(intake_size(&r->config)), &r->config, policy, &r->stats);
	return r;
}

static inline void rig_free(struct rig *r)
{
	for (int g = STAT_GROUP_DATAGRAM; g <= STAT_GROUP_RECORD; g++)
		assert_true(stats_ledger_closes(&r->stats, (enum stat_group)g));
	free(r->bank);
	free(r->intake);
	program_free(r->program);
	free(r);
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

// Ethernet, IPv4 10.0.0.SRC -> 10.0.1.1, UDP 1000 -> 2000.
static inline size_t make_header(uint8_t *h, uint8_t src)
{
	static const uint8_t frame[42] = {
		2, 0,  0,  0, 0, 1,  2, 0, 0, 0,  0, 2, 8, 0,    0x45, 0,    0,    200, 0,   0, 0,
		0, 64, 17, 0, 0, 10, 0, 0, 0, 10, 0, 1, 1, 0x03, 0xe8, 0x07, 0xd0, 0,   180, 0, 0};
	memcpy(h, frame, sizeof(frame));
	h[29] = src;
	return sizeof(frame);
}

struct shot {
	uint8_t data[1500];
	struct encoder e;
};

static inline void shot_begin(struct shot *s, uint32_t agent, uint32_t sequence, uint32_t uptime)
{
	uint8_t a[4] = {192, 0, (uint8_t)(agent >> 8), (uint8_t)agent};
	const struct addr addr = addr_ip4(a);
	s->e = encode_begin(s->data, sizeof(s->data), &addr, 0, sequence, uptime);
}

static inline struct flow_sample sample_of(uint32_t sequence, uint32_t ds)
{
	return (struct flow_sample){.sequence = sequence,
				    .ds_index = ds,
				    .sampling_rate = RATE,
				    .sample_pool = sequence * RATE,
				    .input = ds,
				    .output = ds + 1};
}

static inline void shot_flow(struct shot *s, uint32_t sequence, uint32_t ds, uint8_t src,
			     uint32_t bytes)
{
	uint8_t h[64];
	const struct flow_sample fs = sample_of(sequence, ds);
	encode_flow_sample(&s->e, SFLOW_FLOW_SAMPLE, &fs);
	encode_sampled_header(&s->e, 1, bytes, 4, h, make_header(h, src));
	encode_extended_switch(&s->e, 1, 0, 2, 0);
	encode_sample_end(&s->e);
}

static inline void fire(struct rig *r, struct shot *s, uint64_t time)
{
	const struct payload p = {
		.data = s->data, .len = (uint32_t)encode_end(&s->e), .time = time};
	assert_true(p.len > 0);
	bank_ingest(r->bank, r->intake, &p, 1);
}

static inline double value_of(struct rig *r, unsigned def, const char *text)
{
	double sum = 0;
	struct table_iter i = {0};
	for (const struct table_entry *e;
	     (e = table_next(&r->bank->table[def]->table, &i)) != NULL;) {
		char buf[256];
		struct strbuf b = strbuf_of(buf, sizeof(buf));
		flow_def_key_format(&r->program->def[def], e->key, &b);
		if (strcmp(buf, text) == 0)
			sum += e->value;
	}
	return sum;
}
