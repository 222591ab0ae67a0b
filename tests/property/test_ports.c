// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// usage: property_ports [AGENTS]   n flows per data source: every port of AGENTS agents (200) has
// its own top, whatever elephants there are on others, and the keyless flow of each is exact
#include "analyzer_rig.h"

#include <stdio.h>

#include "analyzer/state.h"

enum {
	PORTS = 50,
	N = 5,          // flows per port, as many as are asked for
	ROUNDS = 3,     // that every agent takes part in
	SLICES = 16,    // ticks of a round: agents take turns
	ELEPHANTS = 20, // every so many agents, on port BUSY
	BUSY = 7,
	STRANGERS = 400, // flows there in each round, never seen again
};

struct network {
	struct rig *rig;
	uint32_t n_agents;
	uint32_t *sequence, *samples; // by agent
};

static void begin(struct network *w, uint32_t agent, struct shot *s)
{
	const uint32_t n = ++w->sequence[agent];
	shot_begin(s, (struct from){.agent = agent, .sequence = n, .uptime = n});
}

static bool is_busy(uint32_t agent, uint32_t port)
{
	return port == BUSY && agent % ELEPHANTS == 0;
}

// Those of one slice are spread over the workers.
static int worker_of(uint32_t agent)
{
	return (int)(agent / SLICES % WORKERS);
}

// Every tenth port is a small one.
static uint32_t bytes_of(uint32_t port, uint32_t flow)
{
	return port % 10 == 0 ? 60 + flow : 100 * flow;
}

static void port_traffic(struct network *w, uint32_t agent, uint32_t port)
{
	struct shot s;
	begin(w, agent, &s);
	for (uint16_t k = 1; k <= N; k++)
		shot_flow(&s, ++w->samples[agent], port, k, bytes_of(port, k));
	fire(w->rig, worker_of(agent), &s, 10 * MS);
}

static void elephants(struct network *w, uint32_t agent, uint32_t round)
{
	for (uint32_t i = 0; i < STRANGERS; i += 10) {
		struct shot s;
		begin(w, agent, &s);
		for (uint32_t k = i; k < i + 10; k++)
			shot_flow(&s, ++w->samples[agent], BUSY,
				  (uint16_t)(1000 + round * STRANGERS + k), 1500);
		fire(w->rig, worker_of(agent), &s, 10 * MS);
	}
}

static void traffic(struct network *w)
{
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t slice = 0; slice < SLICES; slice++) {
			for (uint32_t agent = 1; agent <= w->n_agents; agent++) {
				for (uint32_t p = 1; p <= PORTS && agent % SLICES == slice; p++)
					port_traffic(w, agent, p);
				if (agent % SLICES == slice && is_busy(agent, BUSY))
					elephants(w, agent, round);
			}
			tick(w->rig);
		}
	}
}

// What a byte of every round is worth at the end.
static double settled(uint32_t agent)
{
	double sum = 0;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		const uint32_t age = (ROUNDS - round) * SLICES - agent % SLICES - 1;
		sum += gain(0.1, 2) * exp(-0.05 * age);
	}
	return RATE * sum;
}

static uint32_t agent_of(const struct flow_row *row)
{
	return (uint32_t)row->agent.bytes[2] << 8 | row->agent.bytes[3];
}

static void check_top(const struct flow_row *row, uint32_t place)
{
	const uint32_t agent = agent_of(row), port = row->ds_index;
	const uint8_t *src = row->key + PROGRAM_KEY_SOURCE;
	const uint32_t flow = (uint32_t)src[2] << 8 | src[3];
	if (is_busy(agent, port)) // where elephants are, they are the top
		return;
	assert_int_equal(flow, N - place);
	const double want = bytes_of(port, flow) * settled(agent);
	assert_true(fabs(row->value - want) <= want * 1e-9);
}

static void check_total(const struct flow_row *row)
{
	const uint32_t agent = agent_of(row), port = row->ds_index;
	double want = is_busy(agent, port) ? STRANGERS * 1500 : 0;
	for (uint32_t k = 1; k <= N; k++)
		want += bytes_of(port, k);
	want *= settled(agent);
	assert_true(fabs(row->value - want) <= want * 1e-9);
}

static uint32_t pick(const struct analyzer *a, uint32_t def, uint32_t source, uint32_t *entry)
{
	const struct store *s = &a->set.flow[def]->store;
	struct store_pick p = {.source = {source}, .n_sources = 1, .max = N, .best = entry};
	uint32_t left = UINT32_MAX;
	assert_true(store_pick_step(s, &p, &left));
	store_pick_end(s, &p);
	return p.n;
}

// The flows of each data source, as a dump of metrics with their keys reads them.
static void check_sources(const struct network *w)
{
	const struct analyzer *a = w->rig->analyzer;
	struct flow_row row;
	uint32_t entry[N];
	assert_int_equal(a->sources.source.n, w->n_agents * PORTS);
	for (uint32_t source = 1; source <= a->sources.source.n; source++) {
		assert_int_equal(pick(a, 0, source, entry), N);
		for (uint32_t i = 0; i < N; i++) {
			query_row(a, a->set.flow[0], entry[i], &row);
			check_top(&row, i);
		}
		assert_int_equal(pick(a, 1, source, entry), 1);
		query_row(a, a->set.flow[1], entry[0], &row);
		check_total(&row);
	}
	struct flow_summary summary;
	query_top(a, 0, NULL, 0, &summary);
	assert_int_equal(summary.n_kept, N);
	assert_int_equal(summary.relabelled, 0); // of the workers: it is the store that is tested
	assert_true(summary.evicted > 0);        // and it was full
}

static uint32_t n_agents = 200;

static void every_port_has_its_top(void **state)
{
	struct settings set = settings_of(&pair);
	set.spec[set.n_specs++] = total;
	// A tick's flows of a worker fit with ease; the store has a tenth more than n per port.
	const uint32_t flows = n_agents * PORTS * N / SLICES / WORKERS + 2 * STRANGERS;
	for (set.bank_entries = 4096; set.bank_entries < 8 * flows; set.bank_entries *= 2)
		;
	set.store_entries = n_agents * PORTS * N * 11 / 10;
	set.max_agents = n_agents + 1;
	set.max_sources = n_agents * PORTS + 16;
	struct network w = {.rig = rig_new(&set), .n_agents = n_agents};
	w.sequence = calloc(n_agents + 1, sizeof(*w.sequence));
	w.samples = calloc(n_agents + 1, sizeof(*w.samples));
	traffic(&w);
	check_sources(&w);
	free(w.sequence);
	free(w.samples);
	rig_free(w.rig);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_port_has_its_top),
	};
	if (argc > 1)
		n_agents = (uint32_t)strtoul(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
