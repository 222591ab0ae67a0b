// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// How long a question keeps the analyzer's lock: a slice of a view, or of a scan of metrics, over a
// store of 65,536 entries with 60,000 flows. Per run, the 99th percentile of all slices until the
// answer is whole, and the longest. `spread` has them on 1,024 data sources, `one` on a single one.
#include <stdio.h>
#include <stdlib.h>

#include "analyzer/metric_query.h"
#include "analyzer/view.h"
#include "tick_rig.h"

#define FLOWS      60000
#define MAX_SLICES 100000

static double slice[MAX_SLICES];
static unsigned n_slices;

static void note(uint64_t start)
{
	if (n_slices < MAX_SLICES)
		slice[n_slices++] = (double)(bench_now() - start);
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void fail(const char *what)
{
	fprintf(stderr, "bench_view: %s\n", what);
	exit(1);
}

static void ask_view(struct tick_rig *r, const struct view_query *q)
{
	struct err_msg msg = {0};
	struct view *v = view_new(r->analyzer, q, &msg);
	int err = v != NULL ? 1 : -1;
	while (err > 0) {
		const uint64_t start = bench_now();
		err = view_read(v, r->analyzer, &msg);
		note(start);
		if (err == 0)
			err = view_digest(v, &msg);
	}
	if (err != 0)
		fail(msg.text);
	view_free(v);
}

static void ask_metric(struct tick_rig *r, bool keys)
{
	static struct metric_page page;
	static struct metric_scan scan;
	struct metric_column column;
	struct err_msg msg = {0};
	metric_column_parse("tuple", &column, &msg);
	const struct metric_request request = {
		.column = &column, .n_columns = 1, .whole = true, .keys = keys};
	scan = (struct metric_scan){.request = &request};
	for (bool more = true; more;) {
		const uint64_t start = bench_now();
		more = metric_scan_next(r->analyzer, &scan, &page);
		note(start);
	}
}

static void ask(struct tick_rig *r, const char *question)
{
	struct view_query q = {.flow = "tuple", .mode = VIEW_MAX, .max_flows = 1000};
	switch (question[0]) {
	case 's': q.mode = VIEW_SUM; break;
	case 'a': q.agents = "10.0.0.0"; break;
	case 'l': q.key = "10.0.0.1,10.0.0.2,6,1,2"; break;
	case 'm': ask_metric(r, true); return;
	default: fail(question);
	}
	ask_view(r, &q);
}

static void run_case(struct bench_report *report, const struct bench_options *o, struct tick_rig *r,
		     const char *question, const char *name[2])
{
	double p99[BENCH_MAX_RUNS], longest[BENCH_MAX_RUNS];
	for (unsigned i = 0; i < o->runs; i++) {
		// As in life, the caches hold what the latest tick left.
		tick_fill(r, FLOWS);
		tick_pass(r);
		n_slices = 0;
		ask(r, question);
		qsort(slice, n_slices, sizeof(*slice), by_value);
		p99[i] = slice[n_slices - 1 - n_slices / 100];
		longest[i] = slice[n_slices - 1];
	}
	bench_report_add(report, name[0], p99, NULL, o->runs);
	bench_report_add(report, name[1], longest, NULL, o->runs);
}

#define CASE(q, kind)                                                          \
	{                                                                      \
		q,                                                             \
		{                                                              \
			"slice_" q "_" kind "_p99", "slice_" q "_" kind "_max" \
		}                                                              \
	}

int main(int argc, char **argv)
{
	static const struct {
		uint32_t n_sources;
		struct {
			const char *question, *name[2];
		} ask[4];
	} stores[] = {
		{1024,
		 {CASE("sum", "spread"), CASE("agent", "spread"), CASE("location", "spread"),
		  CASE("metric", "spread")}},
		{1,
		 {CASE("sum", "one"), CASE("agent", "one"), CASE("location", "one"),
		  CASE("metric", "one")}},
	};
	static struct bench_report report;
	struct bench_options o;
	bench_options_read(&o, argc, argv);
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
		struct tick_rig *r =
			tick_rig_new(&(struct tick_params){.store_entries = 65536,
							   .n_sources = stores[i].n_sources,
							   .small_pages = o.small_pages});
		for (int k = 0; k < 5; k++) { // the store fills up
			tick_fill(r, FLOWS);
			tick_pass(r);
		}
		for (size_t k = 0; k < 4; k++)
			run_case(&report, &o, r, stores[i].ask[k].question,
				 (const char *[2]){stores[i].ask[k].name[0],
						   stores[i].ask[k].name[1]});
		tick_rig_free(r);
	}
	return bench_report_write(&report, &o) == 0 ? 0 : 1;
}
