// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define N_FLOWS 1000000 // population of the standard load

static void usage(const char *program, FILE *to)
{
	fprintf(to,
		"usage: %s [options]\n"
		"  --pcap FILE       measure on a capture instead of the standard load\n"
		"  --runs N          repetitions of each case, 1 to %d (default 7)\n"
		"  --datagrams N     size of the standard load (default 200000)\n"
		"  --small-pages     do not ask for huge pages\n"
		"  --quick           a load of 2000 datagrams, 1 run: does it work at all?\n"
		"  --only CASE       run this case alone (bench_ingest, bench_merge)\n"
		"  --json FILE       write the rows as JSON, one per line (- for stdout)\n",
		program, BENCH_MAX_RUNS);
}

static size_t number(const char *program, const char *text, size_t min, size_t max)
{
	char *end;
	const unsigned long long v = strtoull(text, &end, 10);
	if (end == text || *end != '\0' || v < min || v > max) {
		fprintf(stderr, "%s: got \"%s\", expected a number from %zu to %zu\n", program,
			text, min, max);
		exit(2);
	}
	return v;
}

void bench_options_read(struct bench_options *o, int argc, char **argv)
{
	static const struct option long_options[] = {
		{"pcap", required_argument, NULL, 'p'},
		{"runs", required_argument, NULL, 'r'},
		{"datagrams", required_argument, NULL, 'd'},
		{"small-pages", no_argument, NULL, 's'},
		{"quick", no_argument, NULL, 'q'},
		{"json", required_argument, NULL, 'j'},
		{"only", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	*o = (struct bench_options){.runs = 7, .n_datagrams = 200000, .table_bits = 21};
	for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
		switch (c) {
		case 'p': o->pcap = optarg; break;
		case 'r': o->runs = (unsigned)number(argv[0], optarg, 1, BENCH_MAX_RUNS); break;
		case 'd': o->n_datagrams = number(argv[0], optarg, 1, 100 * 1000 * 1000); break;
		case 's': o->small_pages = 1; break;
		case 'q':
			o->runs = 1;
			o->n_datagrams = 2000;
			o->table_bits = 15;
			break;
		case 'j': o->json = optarg; break;
		case 'o': o->only = optarg; break;
		case 'h': usage(argv[0], stdout); exit(0);
		default: usage(argv[0], stderr); exit(2);
		}
	}
}

struct load bench_load(const struct bench_options *o, double zipf_s)
{
	struct load l;
	struct err_msg msg = {.text = "not enough memory for the load"};
	const struct load_params params = {.seed = 1,
					   .n_datagrams = o->n_datagrams,
					   .n_flows = N_FLOWS,
					   .zipf_s = zipf_s,
					   .small_pages = o->small_pages};
	const int err = o->pcap != NULL ? load_read(&l, o->pcap, o->small_pages, &msg)
					: load_generate(&l, &params);
	if (err != 0) {
		fprintf(stderr, "bench: %s\n", msg.text);
		exit(1);
	}
	return l;
}

uint64_t bench_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(const double *runs, unsigned n, double *min, double *max)
{
	double sorted[BENCH_MAX_RUNS];
	memcpy(sorted, runs, n * sizeof(*runs));
	qsort(sorted, n, sizeof(*sorted), by_value);
	*min = sorted[0];
	*max = sorted[n - 1];
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

void bench_report_add(struct bench_report *r, const char *name, const double *ns,
		      const double *floor, unsigned n)
{
	if (r->n_rows == BENCH_MAX_ROWS || n == 0 || n > BENCH_MAX_RUNS) {
		fprintf(stderr, "bench: %s: too many rows or runs\n", name);
		exit(1);
	}
	struct bench_row *row = &r->rows[r->n_rows++];
	*row = (struct bench_row){.name = name};
	row->ns = median(ns, n, &row->min, &row->max);
	if (floor == NULL)
		return;
	double ratios[BENCH_MAX_RUNS], min, max;
	for (unsigned i = 0; i < n; i++)
		ratios[i] = ns[i] / floor[i];
	row->floor_ns = median(floor, n, &min, &max);
	row->ratio = median(ratios, n, &min, &max);
}

static void print_table(const struct bench_report *r)
{
	printf("%-34s %9s %9s %9s %9s %7s\n", "case", "ns", "min", "max", "floor", "ratio");
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct bench_row *row = &r->rows[i];
		printf("%-34s %9.2f %9.2f %9.2f", row->name, row->ns, row->min, row->max);
		if (row->ratio > 0)
			printf(" %9.2f %7.2f", row->floor_ns, row->ratio);
		putchar('\n');
	}
}

static void print_json(const struct bench_report *r, FILE *to)
{
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct bench_row *row = &r->rows[i];
		fprintf(to,
			"{\"name\": \"%s\", \"ns\": %.3f, \"floor_ns\": %.3f, \"ratio\": %.3f, "
			"\"min\": %.3f, \"max\": %.3f}\n",
			row->name, row->ns, row->floor_ns, row->ratio, row->min, row->max);
	}
}

int bench_report_write(const struct bench_report *r, const struct bench_options *o)
{
	if (o->json == NULL || strcmp(o->json, "-") != 0)
		print_table(r);
	if (o->json == NULL)
		return 0;
	if (strcmp(o->json, "-") == 0) {
		print_json(r, stdout);
		return 0;
	}
	FILE *to = fopen(o->json, "w");
	if (to == NULL) {
		perror(o->json);
		return -1;
	}
	print_json(r, to);
	if (fclose(to) != 0) {
		perror(o->json);
		return -1;
	}
	return 0;
}
