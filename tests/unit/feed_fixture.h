// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// Results as an analyzer would give them, made up: for tests of the feed and its client.
///
/// Memory: constant, or the caller's. The program has two definitions, "pair" (addresses, bytes)
/// and "port" (keys of three kinds, one of which may be absent; frames; two secondary values).

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "weir/output/message.h"

enum {
	FIXTURE_PAIR,
	FIXTURE_PORT,
};

/// 2015-03-13 10:00:24.7 UTC in ns.
#define FIXTURE_TIME UINT64_C(1426240824700000000)

static inline struct program *fixture_program(void)
{
	static const struct flow_spec specs[] = {
		{
			.name = "pair",
			.keys = "ipsource,ipdestination",
			.value = "bytes",
			.values = "",
			.filter = "ipprotocol=6",
			.fs = ",",
			.n = 5,
			.t = 2,
		},
		{
			.name = "port",
			.keys = "macsource,null:vlan:none,tcpflags",
			.value = "frames",
			.values = "",
			.filter = "",
			.fs = "_SEP_",
			.n = 10,
			.t = 0.5,
		},
	};
	struct err_msg msg = {0};
	struct program *p = program_compile(specs, 2, &msg);
	if (p == NULL)
		fprintf(stderr, "%s\n", msg.text);
	return p;
}

static inline void fixture_finish_row(struct flow_row *row, const struct flow_def *def)
{
	struct strbuf b = strbuf_of(row->key_text, sizeof(row->key_text));
	row->key_size = def->key_size;
	flow_def_key_format(def, row->key, &b);
}

/// The i-th largest flow of "pair": 10.0.0.i -> 10.0.1.i.
static inline struct flow_row fixture_pair(const struct program *p, unsigned i)
{
	struct flow_row row = {
		.agent = addr_ip4((const uint8_t[]){192, 0, 2, 1}),
		.ds_index = 4 + i,
		.direction = i % 2 == 0 ? DIRECTION_INGRESS : DIRECTION_EGRESS,
		.agent_name = "leaf1",
		.value = 1e8 / (i + 1),
		.error = 1e6,
		.n_effective = 203.5,
		.inherited = i == 1 ? 2e6 : 0,
		.samples = 1000 + i,
		.last = FIXTURE_TIME - 5000000,
	};
	const struct flow_def *def = &p->def[FIXTURE_PAIR];
	memcpy(row.key + def->part[0].offset, (const uint8_t[]){10, 0, 0, (uint8_t)i}, 4);
	memcpy(row.key + def->part[1].offset, (const uint8_t[]){10, 0, 1, (uint8_t)i}, 4);
	snprintf(row.port_name, sizeof(row.port_name), "swp%u", i);
	fixture_finish_row(&row, def);
	return row;
}

/// A flow of "port" on an IPv6 agent without names; with and without a VLAN.
static inline struct flow_row fixture_port(const struct program *p, bool vlan)
{
	struct flow_row row = {
		.agent = addr_ip6((const uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 1}),
		.ds_class = 2,
		.ds_index = 1,
		.value = 1234.5,
		.error = 70.25,
		.n_effective = 1186,
		.samples = 7,
		.last = FIXTURE_TIME,
		.n_values = 2,
		.values = {17, 0.5},
	};
	const struct flow_def *def = &p->def[FIXTURE_PORT];
	memcpy(row.key + def->part[0].offset, (const uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
	row.key[def->part[1].offset] = vlan;
	if (vlan)
		row.key[def->part[1].offset + 2] = 42;
	row.key[def->part[2].offset + 1] = 0x12;
	fixture_finish_row(&row, def);
	return row;
}

/// The i-th flow of "pair" when it was over: 8 MB in 10 s.
static inline struct completed_row fixture_completed(const struct program *p, unsigned i)
{
	struct completed_row row = {
		.flow = fixture_pair(p, i),
		.start = FIXTURE_TIME - 10000000000,
		.end = FIXTURE_TIME - 5000000,
	};
	row.flow.value = 8e6 / (i + 1);
	row.flow.error = row.flow.n_effective = row.flow.inherited = 0;
	row.flow.samples = 0;
	return row;
}

static inline struct flow_summary fixture_summary(void)
{
	return (struct flow_summary){
		.total = 3e8,
		.tracked = 2.7e8,
		.floor = 1e4,
		.entries = 900,
		.capacity = 65536,
		.samples = 123456,
		.evicted = 3,
	};
}

static inline struct threshold_event fixture_event(uint64_t id, const char *threshold,
						   const struct flow_row *row)
{
	return (struct threshold_event){
		.id = id,
		.threshold = threshold,
		.metric = "pair",
		.limit = 5e7,
		.time = FIXTURE_TIME,
		.row = row,
	};
}
