// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// packet_reset() and packet_dissect() over headers that stay in the cache, kind by kind: with the
// outermost layers only, with the stack, and with every field of every kind read besides.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "bench.h"
#include "packet/dissect.h"
#include "packet/field.h"

enum {
	N_HEADERS = 512,
	ROOM = 192,
	OFF = 4,
	PASSES = 2000
};

#define MACS          "0200000000b10200000000a1"
#define IP4(protocol) "450003e81234400040" protocol "00000a000001c0000202"
#define IP6(next) \
	"6000000003e8" next "4020010db800000000000000000000000120010db8000000000000000000000002"
#define TCP "d43101bb11111111222222225010ffff00000000"

static const struct kind {
	const char *name;
	const char *hex;
} kinds[] = {
	{"tcp4", MACS "0800" IP4("06") TCP},
	{"udp4", MACS "0800" IP4("11") "3039020203d40000"},
	{"tcp6", MACS "86dd" IP6("06") TCP},
	{"vlan_tcp4", MACS "810000640800" IP4("06") TCP},
	{"qinq_tcp6", MACS "88a800058100006486dd" IP6("06") TCP},
	{"mpls_tcp4", MACS "884700010a4000020b3f" IP4("06") TCP},
	{"ext_tcp6", MACS "86dd" IP6("00") "3c00000000000000"
					   "0600000000000000" TCP},
	{"gre_tcp4", MACS "0800" IP4("2f") "00000800" IP4("06") TCP},
	{"vxlan_tcp4",
	 MACS "0800" IP4("11") "303912b503d400000800000000123400" MACS "0800" IP4("06") TCP},
	{"dns4", MACS "0800" IP4("11") "3039003503d40000abcd01000001000000000000"
				       "03777777076578616d706c6503636f6d00001c0001"},
};

struct headers {
	uint8_t data[N_HEADERS * ROOM];
	uint32_t len;
};

static unsigned hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

// The same header many times over, with other hosts and ports in each copy.
static void make(struct headers *h, const struct kind *kind)
{
	struct rng rng = rng_seeded(1);
	uint8_t one[ROOM] = {0};
	h->len = (uint32_t)strlen(kind->hex) / 2;
	for (uint32_t i = 0; i < h->len; i++)
		one[i] = (uint8_t)(hex_value(kind->hex[2 * i]) << 4 |
				   hex_value(kind->hex[2 * i + 1]));
	for (unsigned i = 0; i < N_HEADERS; i++) {
		uint8_t *header = h->data + i * ROOM + OFF;
		memcpy(header, one, h->len);
		header[5] = (uint8_t)rng_u64(&rng);
		header[11] = (uint8_t)rng_u64(&rng);
	}
}

static double pass(const struct headers *h, struct packet *p, enum dissect_depth depth)
{
	const uint64_t start = bench_now();
	for (unsigned k = 0; k < PASSES; k++) {
		for (unsigned i = 0; i < N_HEADERS; i++) {
			packet_reset(&p[i % 16], h->data, sizeof(h->data));
			packet_dissect(&p[i % 16], HEADER_ETHERNET, i * ROOM + OFF, h->len, depth);
			__asm__ volatile("" : : "r"(&p[i % 16]) : "memory");
		}
	}
	return (double)(bench_now() - start) / ((double)PASSES * N_HEADERS);
}

static double pass_fields(const struct headers *h, struct packet *p)
{
	uint8_t value[FIELD_VALUE_MAX];
	const uint64_t start = bench_now();
	for (unsigned i = 0; i < N_HEADERS; i++) {
		packet_reset(p, h->data, sizeof(h->data));
		packet_dissect(p, HEADER_ETHERNET, i * ROOM + OFF, h->len, DISSECT_ALL);
		for (size_t f = 0; f < field_count(); f++) {
			field_read(field_at(f), 0, p, value);
			__asm__ volatile("" : : "r"(value) : "memory");
		}
	}
	return (double)(bench_now() - start) / N_HEADERS;
}

static void run_kind(struct bench_report *report, const struct bench_options *o,
		     const struct kind *kind)
{
	static double outer[BENCH_MAX_RUNS], all[BENCH_MAX_RUNS], fields[BENCH_MAX_RUNS];
	static char names[BENCH_MAX_ROWS][40];
	static struct headers h;
	static struct packet packets[16];
	make(&h, kind);
	for (unsigned i = 0; i < o->runs; i++) {
		outer[i] = pass(&h, packets, DISSECT_OUTER);
		all[i] = pass(&h, packets, DISSECT_ALL);
		fields[i] = pass_fields(&h, packets);
	}
	char(*name)[40] = &names[report->n_rows];
	snprintf(name[0], sizeof(name[0]), "dissect_%s", kind->name);
	snprintf(name[1], sizeof(name[1]), "dissect_%s_stack", kind->name);
	snprintf(name[2], sizeof(name[2]), "dissect_%s_fields", kind->name);
	bench_report_add(report, name[0], outer, NULL, o->runs);
	bench_report_add(report, name[1], all, NULL, o->runs);
	bench_report_add(report, name[2], fields, NULL, o->runs);
}

int main(int argc, char **argv)
{
	static struct bench_report report;
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		run_kind(&report, &o, &kinds[i]);
	return bench_report_write(&report, &o) == 0 ? 0 : 1;
}
