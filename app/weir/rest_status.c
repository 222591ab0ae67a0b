// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// What weir is and how it is.
#include "rest.h"

#include <string.h>

#include "weir/clock.h"
#include "weir/collector.h"

// MAJOR.MINOR-BUILD, as clients of sFlow-RT take it apart.
static void get_version(const struct http_request *r, struct http_answer *a)
{
	const char *build = strrchr(WEIR_VERSION, '.');
	http_answer_text(a, 200, "%.*s-%s", (int)(build - WEIR_VERSION), WEIR_VERSION, build + 1);
}

// Alive: the process answers and its aggregator moves.
static void get_healthz(const struct http_request *r, struct http_answer *a)
{
	const struct collector *c = ((struct rest *)r->ctx)->collector;
	uint64_t since;
	const char *phase = aggregator_phase(c->aggregator, &since);
	const uint64_t age = clock_monotonic() - since;
	if (c->replay || age < 5 * CLOCK_NS_PER_S + (uint64_t)(2e9 * c->config->tick))
		http_answer_text(a, 200, "OK\n");
	else
		http_answer_text(a, 503, "the aggregator is busy with \"%s\" for %.1f s\n", phase,
				 (double)age / 1e9);
}

// Ready: it measures, so its answers mean something.
static void get_readyz(const struct http_request *r, struct http_answer *a)
{
	const struct collector *c = ((struct rest *)r->ctx)->collector;
	const uint64_t *ticks = &aggregator_stats(c->aggregator)->ticks;
	if (__atomic_load_n(ticks, __ATOMIC_RELAXED) > 0)
		http_answer_text(a, 200, "OK\n");
	else
		http_answer_text(a, 503, "no interval is over yet\n");
}

static const struct http_row rows[] = {
	{HTTP_GET, "/version", get_version},
	{HTTP_GET, "/weir/healthz", get_healthz, HTTP_OPEN},
	{HTTP_GET, "/weir/readyz", get_readyz, HTTP_OPEN},
};

const struct http_rows rest_status_rows = {rows, sizeof(rows) / sizeof(rows[0])};
