// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// usage: bench_program [OPTIONS] [CASE]   CASE: "shared_16" alone, for bench/instructions
//
// What definitions cost: ns per sample for 1, 4, 16 and 64 of them, over the same load.
//
//   shared    all have the 5-tuple as keys
//   disjoint  their keys take turns: pairs, 5-tuples, MAC addresses, ports, one address
//   filtered  as shared, and each has a filter that few packets pass
//   function  keys of functions: mask, group, suffix of the stack
//   pattern   as shared, and each has a filter with a pattern that few packets match
//
// The last column is the cost of N definitions by that of the single one of the same kind: below N,
// since a sample is decoded and dissected once.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bank/bank.h"
#include "bench.h"
#include "program/group.h"

enum {
	MAX_DEFS = 64,
	BURST = 32,
};

static const char *const disjoint[] = {"ipsource,ipdestination", BENCH_TUPLE,
				       "macsource,macdestination", "inputifindex,outputifindex",
				       "ipdestination"};
static const char *const functions[] = {"mask:ipsource:24,mask:ipdestination:24",
					"group:ipsource:campus", "suffix:stack:.:1"};

enum kind {
	KIND_SHARED,
	KIND_DISJOINT,
	KIND_FILTERED,
	KIND_FUNCTION,
	KIND_PATTERN,
	KINDS,
};

static const char *const kind_names[KINDS] = {"shared", "disjoint", "filtered", "function",
					      "pattern"};

static const char *keys_of(enum kind kind, unsigned i)
{
	if (kind == KIND_DISJOINT)
		return disjoint[i % (sizeof(disjoint) / sizeof(*disjoint))];
	if (kind == KIND_FUNCTION)
		return functions[i % (sizeof(functions) / sizeof(*functions))];
	return BENCH_TUPLE;
}

static const char *filter_of(enum kind kind, unsigned i, char *text, size_t size)
{
	if (kind == KIND_FILTERED)
		snprintf(text, size, "ipprotocol=6&tcpdestinationport=%u,%u", 80 + i, 8000 + i);
	else if (kind == KIND_PATTERN)
		snprintf(text, size, "ipdestination~10\\.(%u|1%u)\\..*", i, i);
	else
		text[0] = '\0';
	return text;
}

static struct program *compile(enum kind kind, unsigned n, const struct program_tables *tables)
{
	static char names[MAX_DEFS][16], filters[MAX_DEFS][64];
	struct flow_spec spec[MAX_DEFS];
	struct err_msg msg = {0};
	for (unsigned i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		spec[i] = (struct flow_spec){
			.name = names[i],
			.keys = keys_of(kind, i),
			.value = "bytes",
			.values = "",
			.filter = filter_of(kind, i, filters[i], sizeof(filters[i])),
			.fs = ",",
			.n = 5,
			.t = 2};
	}
	struct program *p = program_compile_with(spec, n, tables, &msg);
	if (p == NULL) {
		fprintf(stderr, "bench_program: %s\n", msg.text);
		exit(1);
	}
	return p;
}

static uint64_t n_seen; // samples of all passes

struct rig {
	struct bank *bank;
	struct intake *intake;
	void *memory[2];
	struct stats stats;
	const struct load *load;
};

static void *zeroed(size_t size)
{
	void *mem = aligned_alloc(64, (size + 63) & ~(size_t)63);
	if (mem == NULL) {
		fprintf(stderr, "bench_program: out of memory\n");
		exit(1);
	}
	return memset(mem, 0, size);
}

static void rig_init(struct rig *r, const struct program *program, const struct load *l)
{
	struct bank_config config = {.entries = 4096,
				     .max_agents = 4096,
				     .max_sources = 65536,
				     .log_size = 64 << 20,
				     .seed = 1};
	hash_secret_init(&config.secret, 1);
	*r = (struct rig){.load = l};
	r->memory[0] = zeroed(bank_size(program, &config));
	r->memory[1] = zeroed(intake_size(&config));
	r->bank = bank_init(r->memory[0], program, &config);
	r->intake = intake_init(r->memory[1], &config, NULL, &r->stats);
}

static void rig_fini(struct rig *r)
{
	free(r->memory[0]);
	free(r->memory[1]);
}

// ns per flow sample: a fresh bank, all datagrams once. bench/instructions knows it by its name.
static __attribute__((noinline)) double pass_program(struct rig *r)
{
	const uint64_t before = stats_read(&r->stats, STAT_used_flow_samples);
	struct payload burst[BURST];
	bank_clear(r->bank, 0, UINT64_MAX);
	intake_restart(r->intake); // the same datagrams again are no duplicates
	const uint64_t start = bench_now();
	for (size_t i = 0; i < r->load->n_datagrams;) {
		unsigned n = 0;
		for (; n < BURST && i < r->load->n_datagrams; n++, i++)
			burst[n] = (struct payload){.data = r->load->datagrams[i].data,
						    .len = r->load->datagrams[i].len};
		bank_ingest(r->bank, r->intake, burst, n);
	}
	const uint64_t ns = bench_now() - start;
	const uint64_t n = stats_read(&r->stats, STAT_used_flow_samples) - before;
	n_seen += n;
	return (double)ns / (double)n;
}

static const unsigned numbers[] = {1, 4, 16, 64};

// One case alone. False: it is not of this kind.
static bool run_only(const char *only, enum kind kind, const struct load *l,
		     const struct program_tables *tables)
{
	char name[32];
	for (size_t k = 0; k < sizeof(numbers) / sizeof(*numbers); k++) {
		snprintf(name, sizeof(name), "%s_%u", kind_names[kind], numbers[k]);
		if (strcmp(name, only) != 0)
			continue;
		struct program *p = compile(kind, numbers[k], tables);
		struct rig r;
		rig_init(&r, p, l);
		printf("%s: %.1f ns\n", name, pass_program(&r));
		rig_fini(&r);
		program_free(p);
		return true;
	}
	return false;
}

// One kind: each number of definitions beside a single one, run by run.
static void run_kind(struct bench_report *report, const struct bench_options *o, enum kind kind,
		     const struct load *l, const struct program_tables *tables)
{
	static char names[BENCH_MAX_ROWS][32];
	static double one_ns[BENCH_MAX_RUNS], many_ns[BENCH_MAX_RUNS];
	struct program *single = compile(kind, 1, tables);
	struct rig one, many;
	rig_init(&one, single, l);
	for (size_t k = 0; k < sizeof(numbers) / sizeof(*numbers); k++) {
		struct program *p = compile(kind, numbers[k], tables);
		rig_init(&many, p, l);
		pass_program(&one);
		pass_program(&many);
		for (unsigned i = 0; i < o->runs; i++) {
			one_ns[i] = pass_program(&one);
			many_ns[i] = pass_program(&many);
		}
		char *name = names[report->n_rows];
		snprintf(name, sizeof(names[0]), "program_%s_%u", kind_names[kind], numbers[k]);
		bench_report_add(report, name, many_ns, one_ns, o->runs);
		rig_fini(&many);
		program_free(p);
	}
	rig_fini(&one);
	program_free(single);
}

// Half of all addresses are in it, in 256 prefixes.
static struct group *make_campus(void)
{
	struct group *g = group_create();
	for (unsigned i = 0; i < 256; i++) {
		char label[16];
		const struct addr a = addr_ip4((const uint8_t[]){(uint8_t)i, 0, 0, 0});
		snprintf(label, sizeof(label), "site%u", i % 16);
		group_add(g, &a, 9, label, NULL);
	}
	group_build(g, NULL);
	return g;
}

int main(int argc, char **argv)
{
	static struct bench_report report;
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	struct load l = bench_load(&o, 1.0);
	struct group *campus = make_campus();
	const struct program_table row = {.function = "group", .name = "campus", .group = campus};
	const struct program_tables tables = {.at = &row, .n = 1};
	const char *only = optind < argc ? argv[optind] : NULL;
	bool found = only == NULL;
	for (enum kind kind = 0; kind < KINDS; kind++) {
		if (only == NULL)
			run_kind(&report, &o, kind, &l, &tables);
		else
			found |= run_only(only, kind, &l, &tables);
	}
	group_free(campus);
	load_free(&l);
	printf("# samples pass_program %llu\n", (unsigned long long)n_seen);
	if (!found)
		fprintf(stderr, "bench_program: there is no case \"%s\"\n", only);
	return found && bench_report_write(&report, &o) == 0 ? 0 : 1;
}
