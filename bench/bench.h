// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#pragma once

/// @file
/// What every benchmark shares: options, the clock, medians, the report.
///
/// A shared machine is noisy: one loop varies by a factor of two within a minute. Hence each case
/// is run several times, and what is compared is interleaved in one process, run by run, so that
/// both sides meet the same weather; the ratio is the median of the ratios of single runs:
///
///     for (unsigned i = 0; i < o.runs; i++) {
///             floor[i] = floor_update(f);
///             mine[i] = ingest_all(bank, mem);
///     }
///     bench_report_add(&report, "ingest_5tuple_zipf", mine, floor, o.runs);
///
/// Thread-safety: one thread.

#include <stddef.h>
#include <stdint.h>

#include "load.h"

#define BENCH_MAX_RUNS 101
#define BENCH_MAX_ROWS 64

/// Keys of the 5-tuple that the floor counts.
#define BENCH_TUPLE                                                         \
	"ipsource,ipdestination,ipprotocol,or:tcpsourceport:udpsourceport," \
	"or:tcpdestinationport:udpdestinationport"

/// Command line of a benchmark: bench_options_read() knows the switches.
struct bench_options {
	const char *pcap;    ///< capture to read, or NULL: generate the standard load
	const char *json;    ///< file for the rows, "-" for stdout, or NULL
	const char *only;    ///< the one case to run, or NULL: bench_ingest, bench_merge
	unsigned runs;       ///< repetitions of each case
	size_t n_datagrams;  ///< of the standard load
	uint64_t table_bits; ///< log2 of the slots of the floor's table
	int small_pages;     ///< do not ask for huge pages
};

/// One line of the report, all in ns per operation.
struct bench_row {
	const char *name;
	double ns; ///< median
	double min;
	double max;
	double floor_ns; ///< median of the floor, 0 = none
	double ratio;    ///< median of ns / floor over the runs, 0 = no floor
};

struct bench_report {
	struct bench_row rows[BENCH_MAX_ROWS];
	size_t n_rows;
};

/// Fill @p o from the command line. An unknown switch prints the usage and exits with 2.
void bench_options_read(struct bench_options *o, int argc, char **argv);

/// The capture that @p o names, or the standard load with exponent @p zipf_s (ignored with a
/// capture). Prints why and exits with 1 when it cannot.
struct load bench_load(const struct bench_options *o, double zipf_s);

/// Monotonic time in ns.
uint64_t bench_now(void);

/// Add a row from @p n runs (ns per operation); @p floor holds as many runs, or is NULL.
void bench_report_add(struct bench_report *r, const char *name, const double *ns,
		      const double *floor, unsigned n);

/// Print the table on stdout, write the JSON that @p o asks for. 0, or -1 when it cannot.
int bench_report_write(const struct bench_report *r, const struct bench_options *o);
