// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Groups: what it takes to find the label of an address, and to make a group of as many prefixes.
//
//   group_find_FAMILY_N    ns per look-up of addresses that are spread over the prefixes
//   group_build_FAMILY_N   ns per prefix: all are added, in no order, and the group is built
//
// Prefixes are as long as those of the Internet's routing table: most of /24 and /48, few short
// ones, which hold longer ones. The printed bytes are those of the group.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "bench.h"
#include "program/group.h"

enum {
	LABELS = 256,
	LOOKUPS = 1 << 20,
};

struct prefix {
	struct addr addr;
	unsigned bits;
};

// Lengths by lot: 6 of 10 the longest, the others up to eight bits shorter; one in a hundred much.
static unsigned length(struct rng *rng, unsigned longest)
{
	const uint64_t lot = rng_below(rng, 100);
	if (lot < 60)
		return longest;
	return longest - (unsigned)rng_below(rng, lot < 99 ? 8 : 16);
}

// IPv4 from 1.0.0.0 to 223.255.255.255, IPv6 in 2000::/4, as given out.
static struct addr address(struct rng *rng, enum addr_family family)
{
	uint8_t bytes[16];
	for (unsigned i = 0; i < 16; i += 8) {
		const uint64_t v = rng_u64(rng);
		memcpy(bytes + i, &v, 8);
	}
	if (family == ADDR_IP4) {
		bytes[0] = (uint8_t)(1 + bytes[0] % 223);
		return addr_ip4(bytes);
	}
	bytes[0] = 0x20 | (bytes[0] & 0x0f);
	bytes[1] &= 0x1f;
	return addr_ip6(bytes);
}

static struct prefix *make_prefixes(enum addr_family family, size_t n)
{
	struct rng rng = rng_seeded(1);
	struct prefix *p = calloc(n, sizeof(*p));
	for (size_t i = 0; p != NULL && i < n; i++)
		p[i] = (struct prefix){address(&rng, family),
				       length(&rng, family == ADDR_IP4 ? 24 : 48)};
	return p;
}

// A prefix that comes again has the same label.
static void label_of(const struct prefix *p, char text[16])
{
	uint32_t sum = p->bits;
	for (unsigned i = 0; i < p->bits / 8; i++)
		sum = sum * 31 + p->addr.bytes[i];
	if (p->bits % 8 != 0)
		sum = sum * 31 + (p->addr.bytes[p->bits / 8] >> (8 - p->bits % 8));
	snprintf(text, 16, "label%u", sum % LABELS);
}

static __attribute__((noinline)) double pass_build(const struct prefix *p, size_t n,
						   struct group **out)
{
	const uint64_t start = bench_now();
	struct group *g = group_create();
	struct err_msg msg = {0};
	char label[16];
	for (size_t i = 0; i < n; i++) {
		label_of(&p[i], label);
		group_add(g, &p[i].addr, p[i].bits, label, &msg);
	}
	if (group_build(g, &msg) != 0) {
		fprintf(stderr, "bench_group: %s\n", msg.text);
		exit(1);
	}
	*out = g;
	return (double)(bench_now() - start) / (double)n;
}

static size_t n_found;

static __attribute__((noinline)) double pass_find(const struct group *g, enum addr_family family,
						  const struct addr *addr, size_t n)
{
	const uint64_t start = bench_now();
	for (size_t i = 0; i < n; i++)
		n_found += group_find(g, family, addr[i].bytes) != NULL;
	return (double)(bench_now() - start) / (double)n;
}

// Half of the addresses lie in a prefix of the group, the others anywhere.
static struct addr *make_addresses(const struct prefix *p, size_t n_prefixes,
				   enum addr_family family, size_t n)
{
	struct rng rng = rng_seeded(2);
	struct addr *a = calloc(n, sizeof(*a));
	for (size_t i = 0; a != NULL && i < n; i++) {
		a[i] = address(&rng, family);
		const struct prefix *in = &p[rng_below(&rng, n_prefixes)];
		if (i % 2 == 0)
			memcpy(a[i].bytes, in->addr.bytes, in->bits / 8);
	}
	return a;
}

static void run(struct bench_report *report, const struct bench_options *o, enum addr_family family,
		size_t n)
{
	static char names[BENCH_MAX_ROWS][32];
	static double build[BENCH_MAX_RUNS], find[BENCH_MAX_RUNS];
	const bool quick = o->n_datagrams < 10000;
	const size_t n_lookups = quick ? LOOKUPS / 64 : LOOKUPS;
	n = quick && n > 10000 ? n / 64 : n;
	struct prefix *p = make_prefixes(family, n);
	struct addr *a = p != NULL ? make_addresses(p, n, family, n_lookups) : NULL;
	if (a == NULL) {
		fprintf(stderr, "bench_group: out of memory\n");
		exit(1);
	}
	const char *text = family == ADDR_IP4 ? "ip4" : "ip6";
	size_t bytes = 0;
	for (unsigned i = 0; i < o->runs; i++) {
		struct group *g;
		build[i] = pass_build(p, n, &g);
		bytes = group_size(g);
		pass_find(g, family, a, n_lookups);
		find[i] = pass_find(g, family, a, n_lookups);
		group_free(g);
	}
	printf("# %zu prefixes of %s: %.1f MB\n", n, text, (double)bytes / 1e6);
	char *name = names[report->n_rows];
	snprintf(name, sizeof(names[0]), "group_find_%s_%zu", text, n);
	bench_report_add(report, name, find, NULL, o->runs);
	name = names[report->n_rows];
	snprintf(name, sizeof(names[0]), "group_build_%s_%zu", text, n);
	bench_report_add(report, name, build, NULL, o->runs);
	free(a);
	free(p);
}

int main(int argc, char **argv)
{
	static struct bench_report report;
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	static const size_t sizes[] = {100, 10000, 1000000};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		run(&report, &o, ADDR_IP4, sizes[i]);
		run(&report, &o, ADDR_IP6, sizes[i]);
	}
	return n_found > 0 && bench_report_write(&report, &o) == 0 ? 0 : 1;
}
