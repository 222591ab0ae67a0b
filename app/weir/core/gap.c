// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "weir/core/gap.h"

#include <sys/resource.h>

#include "weir/util/clock.h"

static uint64_t switches_so_far(void)
{
	struct rusage u;
	return getrusage(RUSAGE_THREAD, &u) == 0 ? (uint64_t)u.ru_nivcsw : 0;
}

void gap_init(struct gap *g, uint64_t cycles_hz)
{
	g->ns = cycles_hz > 0 ? 1e9 / (double)cycles_hz : 0;
	g->ask = cycles_hz > 0 ? (uint64_t)(GAP_LONG / g->ns) : UINT64_MAX;
}

void gap_begin(struct gap *g)
{
	g->switches = switches_so_far();
	g->looked = clock_cycles();
}

void gap_ask(struct gap *g, uint64_t cycles, bool frames)
{
	gap_count(g, cycles, switches_so_far(), frames);
}

void gap_count(struct gap *g, uint64_t cycles, uint64_t switches, bool frames)
{
	const bool taken = switches != g->switches;
	g->switches = switches;
	if (frames)
		histogram_add(taken ? &g->taken : &g->own, (uint64_t)((double)cycles * g->ns));
}
