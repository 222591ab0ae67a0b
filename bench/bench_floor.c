// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// The floor program alone: what the cases of floor.h cost on this machine.

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"
#include "floor.h"

#define HOT_SAMPLES 2000000 // per run of a case that stays in L2

struct hot {
	size_t n;     ///< datagrams that fill half of L2
	size_t times; ///< passes over them
};

static struct hot hot_part(const struct load *l)
{
	const long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
	const size_t room = l2 > 0 ? (size_t)l2 / 2 : 256 * 1024;
	size_t n = 0, used = 0;
	while (n < l->n_datagrams && used + l->datagrams[n].len <= room)
		used += l->datagrams[n++].len;
	if (n == 0)
		n = 1;
	const size_t samples = l->n_samples * n / l->n_datagrams + 1;
	return (struct hot){.n = n, .times = HOT_SAMPLES / samples + 1};
}

static void say_load(const char *name, const struct load *l, const struct floor *f)
{
	printf("# %s: %zu datagrams, %zu flow samples, %zu keys, %.0f MB (%s), table %s\n", name,
	       l->n_datagrams, l->n_samples, floor_keys(f), (double)l->size / 1e6,
	       pages_str(l->pages), pages_str(floor_pages(f)));
}

enum {
	READ,
	PARSE_HOT,
	PARSE,
	PARSE_AHEAD,
	UPDATE_HOT,
	UPDATE_PLAIN,
	UPDATE,
	N_CASES
};

static void measure(struct bench_report *r, const struct bench_options *o, const struct load *l,
		    struct floor *f, const char *const names[N_CASES])
{
	static double ns[N_CASES][BENCH_MAX_RUNS];
	const struct hot hot = hot_part(l);
	const size_t n = l->n_datagrams;
	for (unsigned i = 0; i < o->runs; i++) {
		ns[READ][i] = floor_read(l);
		ns[PARSE_HOT][i] = floor_parse(l, 0, hot.n, hot.times, FETCH_PLAIN);
		ns[PARSE][i] = floor_parse(l, 0, n, 1, FETCH_PLAIN);
		ns[PARSE_AHEAD][i] = floor_parse(l, 0, n, 1, FETCH_AHEAD);
		ns[UPDATE_HOT][i] = floor_update(f, l, 0, hot.n, hot.times);
		ns[UPDATE_PLAIN][i] = floor_update_plain(f, l, 0, n, 1);
		ns[UPDATE][i] = floor_update(f, l, 0, n, 1);
	}
	for (int c = 0; c < N_CASES; c++)
		bench_report_add(r, names[c], ns[c], NULL, o->runs);
}

static void run_cases(struct bench_report *r, const struct bench_options *o, const char *name,
		      double zipf_s, const char *const names[N_CASES])
{
	struct load l = bench_load(o, zipf_s);
	struct floor *f = floor_create((unsigned)o->table_bits, o->small_pages);
	if (f == NULL) {
		fprintf(stderr, "bench_floor: not enough memory for the table\n");
		exit(1);
	}
	floor_update(f, &l, 0, l.n_datagrams, 1); // inserts the keys
	if (o->pcap == NULL && floor_frames(f) != l.n_samples) {
		fprintf(stderr, "bench_floor: %zu of %zu samples counted\n", floor_frames(f),
			l.n_samples);
		exit(1);
	}
	say_load(name, &l, f);
	measure(r, o, &l, f, names);
	floor_destroy(f);
	load_free(&l);
}

int main(int argc, char **argv)
{
	static const char *const zipf[N_CASES] = {
		"floor_read_zipf",        "floor_parse_l2_zipf",  "floor_parse_dram_zipf",
		"floor_parse_ahead_zipf", "floor_update_l2_zipf", "floor_update_plain_zipf",
		"floor_update_zipf",
	};
	static const char *const uniform[N_CASES] = {
		"floor_read_uniform",       "floor_parse_l2_uniform",
		"floor_parse_dram_uniform", "floor_parse_ahead_uniform",
		"floor_update_l2_uniform",  "floor_update_plain_uniform",
		"floor_update_uniform",
	};
	static const char *const capture[N_CASES] = {
		"floor_read_pcap",        "floor_parse_l2_pcap",  "floor_parse_dram_pcap",
		"floor_parse_ahead_pcap", "floor_update_l2_pcap", "floor_update_plain_pcap",
		"floor_update_pcap",
	};
	static struct bench_report report;
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	if (o.pcap != NULL) {
		run_cases(&report, &o, o.pcap, 0, capture);
	} else {
		run_cases(&report, &o, "zipf", 1.0, zipf);
		run_cases(&report, &o, "uniform", 0.0, uniform);
	}
	return bench_report_write(&report, &o) == 0 ? 0 : 1;
}
